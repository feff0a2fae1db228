/**
 * What the kernel knows about a process: CPU time, resident memory, the socket it listens on.
 *
 * Linux only, read from /proc. On other systems every reading is null and the tables show a dash;
 * throughput and latency still work. CPU time comes from /proc/<pid>/stat, which sums all threads of
 * the process, the finished ones included, with the kernel's tick (10 ms) as its resolution.
 */

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** CPU seconds a process has used so far. */
export interface CpuTime {
  userSeconds: number;
  systemSeconds: number;
}

let ticksPerSecond = 0;

/** CPU time of all threads of `pid`, or null when it can't be read. */
export function readCpuTime(pid: number): CpuTime | null {
  const text = readProc(`/proc/${pid}/stat`);
  return text === null ? null : parseStat(text, clockTicks());
}

/** Resident memory of `pid` in bytes, or null when it can't be read. */
export function readRssBytes(pid: number): number | null {
  const text = readProc(`/proc/${pid}/status`);
  return text === null ? null : parseVmRss(text);
}

/** Soft limit on open files of this process; Infinity when it can't be read. */
export function openFilesLimit(): number {
  const line = /^Max open files\s+(\S+)/m.exec(readProc("/proc/self/limits") ?? "");
  return line === null || line[1] === "unlimited" ? Infinity : Number(line[1]);
}

/**
 * The process that listens on TCP `port` of this machine, or null. Found through the socket's inode,
 * so that a server started by a wrapper script is measured, not the wrapper.
 */
export function findListener(port: number): number | null {
  const inodes = new Set<string>();
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    for (const inode of parseListeningInodes(readProc(table) ?? "", port)) inodes.add(inode);
  }
  if (inodes.size === 0) return null;
  for (const name of listDir("/proc")) {
    if (!/^[0-9]+$/.test(name)) continue;
    for (const fd of listDir(`/proc/${name}/fd`)) {
      const inode = /^socket:\[([0-9]+)\]$/.exec(readLink(`/proc/${name}/fd/${fd}`));
      if (inode !== null && inodes.has(inode[1])) return Number(name);
    }
  }
  return null;
}

/** Fields 14 and 15 of a /proc/<pid>/stat line; the name in field 2 may hold anything but `)`-last. */
export function parseStat(text: string, ticks: number): CpuTime | null {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const user = Number(fields[11]);
  const system = Number(fields[12]);
  if (!Number.isFinite(user) || !Number.isFinite(system)) return null;
  return { userSeconds: user / ticks, systemSeconds: system / ticks };
}

/** VmRSS of a /proc/<pid>/status text, in bytes. */
export function parseVmRss(text: string): number | null {
  const line = /^VmRSS:\s+(\d+) kB/m.exec(text);
  return line === null ? null : Number(line[1]) * 1024;
}

/** Inodes of the sockets in state LISTEN on `port` in a /proc/net/tcp table. */
export function parseListeningInodes(table: string, port: number): string[] {
  const inodes: string[] = [];
  for (const line of table.split("\n")) {
    const columns = line.trim().split(/\s+/);
    if (columns[3] !== "0A") continue;
    const local = columns[1];
    if (parseInt(local.slice(local.lastIndexOf(":") + 1), 16) === port) inodes.push(columns[9]);
  }
  return inodes;
}

function clockTicks(): number {
  if (ticksPerSecond === 0) {
    try {
      ticksPerSecond = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" })) || 100;
    } catch {
      ticksPerSecond = 100; // Linux's value on every common architecture.
    }
  }
  return ticksPerSecond;
}

function readProc(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

function listDir(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
