/**
 * The server's log in Redis's format, which log collectors and test harnesses already parse:
 *
 *     <pid>:<role> <DD Mon YYYY HH:MM:SS.mmm> <level> <message>
 *     4711:M 23 Nov 2026 01:19:07.042 * Ready to accept connections tcp
 *
 * The role is M (master), S (replica), C (saving child) or X (sentinel); the level is one of
 * `.` debug, `-` verbose, `*` notice, `#` warning. Times are local.
 *
 * A log file is opened for every line and closed again: log lines are rare, and a log rotator can
 * then move the file away without telling the server. Writing is synchronous, so that the last
 * line before a crash is there.
 *
 * Logging never throws: a full disk or a closed terminal must not end a server. A line that can't
 * be written is lost.
 */

import { Buffer } from "node:buffer";
import { closeSync, openSync, writeSync } from "node:fs";
import process from "node:process";
import type { Clock } from "./clock.ts";

/** From the most talkative to silence, by the names `loglevel` has in redis.conf. */
export type LogLevel = "debug" | "verbose" | "notice" | "warning" | "nothing";

/** The `LogLevel`s in rising order. */
export const LOG_LEVELS: readonly LogLevel[] = ["debug", "verbose", "notice", "warning", "nothing"];

/** Who is writing: master, replica, saving child or sentinel. */
export type LogRole = "M" | "S" | "C" | "X";

/** Settings of a new `Log`; each may be changed later. */
export interface LogOptions {
  /** Lines below this level are dropped. Default "notice". */
  level?: LogLevel;
  /** Default "M". */
  role?: LogRole;
  /** A path to append to, or "" for standard output, the default. */
  file?: string;
  /** Default: this process's id. */
  pid?: number;
}

/** A message is cut to this many bytes, one less than Redis's buffer because C ends it with NUL. */
const MESSAGE_LEN_MAX = 1023;

const STDOUT_FD = 1;

/** A full pipe is tried this often at once; then the line is lost, as the server must not wait. */
const RETRIES_MAX = 10;

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** Writes log lines to standard output or to a file. */
export class Log {
  /** Lines below this level are dropped. */
  level: LogLevel;
  /** The role char of the next line. */
  role: LogRole;
  #clock: Clock;
  #pid: number;
  #file: string;

  constructor(clock: Clock, options: LogOptions = {}) {
    this.level = options.level ?? "notice";
    this.role = options.role ?? "M";
    this.#clock = clock;
    this.#pid = options.pid ?? process.pid;
    this.#file = options.file ?? "";
  }

  /** The path lines are appended to, or "" for standard output. */
  get file(): string {
    return this.#file;
  }

  /** Sends later lines to the file at `path`, or to standard output if it is "". */
  setFile(path: string): void {
    this.#file = path;
  }

  debug(message: string): void {
    if (this.enabled("debug")) this.#line(".", message);
  }

  verbose(message: string): void {
    if (this.enabled("verbose")) this.#line("-", message);
  }

  notice(message: string): void {
    if (this.enabled("notice")) this.#line("*", message);
  }

  warning(message: string): void {
    if (this.enabled("warning")) this.#line("#", message);
  }

  /** Writes `text` as it is, without prefix or newline, if `level` is enabled. For the banner. */
  raw(level: LogLevel, text: string): void {
    if (this.enabled(level)) this.#write(Buffer.from(text, "utf8"));
  }

  /** Whether a line of `level` would be written; ask before building a costly message. */
  enabled(level: LogLevel): boolean {
    return level !== "nothing" && LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(this.level);
  }

  #line(levelChar: string, message: string): void {
    const time = formatLogTime(this.#clock.nowMs());
    const prefix = `${this.#pid}:${this.role} ${time} ${levelChar} `;
    const body = Buffer.from(message, "utf8").subarray(0, MESSAGE_LEN_MAX);
    this.#write(Buffer.concat([Buffer.from(prefix), body, Buffer.from("\n")]));
  }

  #write(bytes: Uint8Array): void {
    if (this.#file === "") {
      writeFully(STDOUT_FD, bytes);
      return;
    }
    let fd = -1;
    try {
      fd = openSync(this.#file, "a", 0o644);
    } catch {
      return; // Redis, too, drops a line whose file can't be opened.
    }
    writeFully(fd, bytes);
    try {
      closeSync(fd);
    } catch {
      // The descriptor is gone either way.
    }
  }
}

/** `unixMs` in local time as "23 Nov 2026 01:19:07.042". */
export function formatLogTime(unixMs: number): string {
  const d = new Date(unixMs);
  const day = pad(d.getDate(), 2);
  const clock = `${pad(d.getHours(), 2)}:${pad(d.getMinutes(), 2)}:${pad(d.getSeconds(), 2)}`;
  const ms = pad(d.getMilliseconds(), 3);
  return `${day} ${MONTHS[d.getMonth()]} ${d.getFullYear()} ${clock}.${ms}`;
}

function pad(n: number, width: number): string {
  return String(n).padStart(width, "0");
}

/** Writes all of `bytes`, or as much as the descriptor takes without waiting. */
function writeFully(fd: number, bytes: Uint8Array): void {
  let off = 0;
  let retries = 0;
  while (off < bytes.length) {
    try {
      off += writeSync(fd, bytes, off, bytes.length - off);
    } catch (error) {
      const full = (error as { code?: string }).code === "EAGAIN";
      if (!full || ++retries > RETRIES_MAX) return;
    }
  }
}
