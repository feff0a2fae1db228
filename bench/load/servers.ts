/**
 * The servers that are compared: how each is started, found ready, asked about itself and stopped.
 *
 * Larder on both runtimes and redis-server are built in; others come from the command line. All run
 * on 127.0.0.1 with persistence off, unless an append-only file is asked for, and a temporary
 * directory as their own. Those started here are stopped here; an address that already listens is
 * only used, and refused when it holds keys, since the measurements flush.
 */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { RespClient } from "../../tests/support/resp_client.ts";
import { ReplyError } from "../../tests/support/resp_reply.ts";
import { findRuntime, isInstalled, type Runtime } from "../../tests/support/runtimes.ts";
import { freePort, sleep } from "../../tests/support/server.ts";
import { type LoadOptions, UsageError } from "./options.ts";
import { findListener, readRssBytes } from "./proc.ts";
import type { ServerFacts } from "./results.ts";

/** How to get at a server. */
export interface ServerSpec {
  name: string;
  label: string;
  /** Words with `{port}` and `{dir}` in them; null when it already listens at host:port. */
  command: string[] | null;
  host: string;
  port: number;
  /** Name and version of the JavaScript runtime, or null. */
  runtime: string | null;
}

/** Memory of a server in bytes; null where it can't be known. */
export interface MemoryReading {
  rssBytes: number | null;
  usedBytes: number | null;
}

/** The repository's root. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const HOST = "127.0.0.1";
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 20_000;
const REPLY_TIMEOUT_MS = 600_000;
const OUTPUT_KEPT = 4000;

/** Arguments that Larder and redis-server both take. */
const SERVER_ARGS = [
  ...["--port", "{port}", "--bind", HOST, "--dir", "{dir}"],
  ...["--save", "", "--enable-debug-command", "yes"],
];

/** What stands before Larder's own arguments on each runtime: on Deno what `deno task start` says. */
function larderCommand(runtime: Runtime): string[] {
  if (runtime === "bun") return ["main.ts"];
  const { tasks } = JSON.parse(readFileSync(join(ROOT, "deno.json"), "utf8"));
  return tasks.start.command.split(" ").slice(1);
}

/** Raises the limit on open files as far as allowed, then becomes the server: the pid stays. */
const LAUNCHER = ["sh", "-c", 'ulimit -S -n "$(ulimit -H -n)" 2>/dev/null; exec "$@"', "sh"];

const children = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

/** The servers a run is about, in order. Tells through `note` which built-in ones are not there. */
export function selectServers(options: LoadOptions, note: (text: string) => void): ServerSpec[] {
  const wanted = (name: string) => options.only.length === 0 || options.only.includes(name);
  const named = options.servers.map((server) => ({ ...server, label: server.name, runtime: null }));
  const known = ["deno", "bun", "redis", ...named.map((server) => server.name)];
  for (const name of options.only) {
    if (!known.includes(name)) throw new UsageError(`--only: no server is called ${name}`);
  }
  if (new Set(known).size !== known.length) throw new UsageError("two servers have the same name");
  const specs: ServerSpec[] = [];
  for (const runtime of ["deno", "bun"] as const) {
    const spec = wanted(runtime) ? larderSpec(runtime) : null;
    if (spec !== null) specs.push(spec);
    else if (wanted(runtime)) note(`${runtime} is not to be had here: left out`);
  }
  if (wanted("redis")) {
    if (isInstalled("redis-server")) specs.push(redisSpec());
    else note("redis-server is not installed: left out");
  }
  specs.push(...named.filter((server) => wanted(server.name)));
  if (specs.length === 0) throw new UsageError("there is no server to measure");
  return options.append.flatMap((policy) => specs.map((spec) => appending(spec, policy)));
}

/**
 * The server with an append-only file, which isn't rewritten while that is measured; itself with the policy "off" and where
 * it is not started here.
 */
function appending(spec: ServerSpec, policy: string): ServerSpec {
  if (policy === "off" || spec.command === null) return spec;
  const args = [
    "--appendonly",
    "yes",
    "--appendfsync",
    policy,
    "--auto-aof-rewrite-percentage",
    "0",
  ];
  return {
    ...withArgs(spec, args),
    name: `${spec.name}+${policy}`,
    label: `${spec.label}, appendfsync ${policy}`,
  };
}

/** The server as one that saves: with a save point, which is not reached. */
export function expectingSaves(spec: ServerSpec): ServerSpec {
  return withArgs(spec, ["--save", "86400 1000000000"]);
}

function withArgs(spec: ServerSpec, args: string[]): ServerSpec {
  return spec.command === null ? spec : { ...spec, command: [...spec.command, ...args] };
}

/** The server whose figures are 1.0. */
export function referenceName(specs: ServerSpec[], wanted: string | null): string {
  const has = (name: string) => specs.some((spec) => spec.name === name);
  if (wanted !== null && !has(wanted)) throw new UsageError(`--reference: no server ${wanted}`);
  return wanted ?? (has("redis") ? "redis" : specs[specs.length - 1].name);
}

/** A server that answers, with a connection for asking it things. */
export class RunningServer {
  readonly spec: ServerSpec;
  readonly port: number;
  /** The listening process, or null when it isn't on this machine. */
  readonly pid: number | null;
  readonly control: RespClient;
  readonly #stop: () => Promise<void>;

  constructor(spec: ServerSpec, port: number, control: RespClient, stop: () => Promise<void>) {
    this.spec = spec;
    this.port = port;
    this.control = control;
    this.pid = isLocal(spec.host) ? findListener(port) : null;
    this.#stop = stop;
  }

  /** Sends a command on the control connection; an error reply is thrown. */
  async command(...args: (string | number)[]) {
    const reply = await this.control.command(...args);
    if (reply instanceof ReplyError) {
      throw new Error(`${this.spec.name} answered ${args.join(" ")} with: ${reply.message}`);
    }
    return reply;
  }

  /** Fields of one INFO section. */
  async info(section: string): Promise<Map<string, string>> {
    return parseInfo(String(await this.command("INFO", section)));
  }

  async memory(): Promise<MemoryReading> {
    const used = (await this.info("memory")).get("used_memory");
    return {
      rssBytes: this.pid === null ? null : readRssBytes(this.pid),
      usedBytes: used === undefined ? null : Number(used),
    };
  }

  /** Removes every key and waits until `used_memory` no longer falls. */
  async flush(): Promise<void> {
    await this.command("FLUSHALL");
    await this.settle(500);
  }

  /** Waits until `used_memory` has stayed within 0.1 % for `forMs`, at most half a minute. */
  async settle(forMs: number): Promise<void> {
    const deadline = performance.now() + 30_000;
    let last = (await this.memory()).usedBytes ?? 0;
    while (performance.now() < deadline) {
      await sleep(forMs);
      const now = (await this.memory()).usedBytes ?? 0;
      if (Math.abs(now - last) <= last / 1000) return;
      last = now;
    }
  }

  async facts(): Promise<ServerFacts> {
    const info = await this.info("server");
    const own = info.get("larder_version") ?? info.get("valkey_version");
    return {
      name: this.spec.name,
      label: this.spec.label,
      command: commandText(this.spec) ?? `${this.spec.host}:${this.port}`,
      version: own ?? info.get("redis_version") ?? "unknown",
      runtime: this.spec.runtime,
    };
  }

  /** Ends the server if it was started here, and its connection in any case. */
  async stop(): Promise<void> {
    await this.#stop();
    this.control.close();
  }
}

/** Starts a server, or connects to the one that listens; it is then empty and answers PING. */
export async function startServer(spec: ServerSpec, options: LoadOptions): Promise<RunningServer> {
  if (spec.command === null) return await useListening(spec, options.allowFlush);
  const port = await freePort();
  const dir = mkdtempSync(join(tmpdir(), "larder-bench-"));
  const words = spec.command.map((word) =>
    word.replaceAll("{port}", String(port)).replaceAll("{dir}", dir)
  );
  const [program, ...args] = [...LAUNCHER, ...words];
  const child = spawn(program, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  children.add(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-OUTPUT_KEPT);
    });
  }
  let ended = false;
  const exited = new Promise<void>((resolve) => {
    const end = () => {
      ended = true;
      children.delete(child);
      resolve();
    };
    child.on("error", end);
    child.on("exit", end);
  });
  const stop = async () => {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(timer);
    rmSync(dir, { recursive: true, force: true });
  };
  const control = await waitReady(spec.host, port, () => ended);
  if (control === null) {
    if (!ended) await stop();
    throw new Error(`${spec.name} did not start: ${words.join(" ")}\n${output}`);
  }
  return new RunningServer(spec, port, control, stop);
}

/** `name:value` lines of an INFO reply. */
export function parseInfo(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(":");
    if (colon > 0 && !line.startsWith("#")) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return fields;
}

function larderSpec(runtime: Runtime): ServerSpec | null {
  const program = findRuntime(runtime);
  if (program === null || !existsSync(program)) return null;
  const version = execFileSync(program, ["--version"], { encoding: "utf8" });
  return {
    name: runtime,
    label: `Larder on ${runtime === "deno" ? "Deno" : "Bun"}`,
    command: [program, ...larderCommand(runtime), ...SERVER_ARGS],
    host: HOST,
    port: 0,
    runtime: `${runtime} ${/\d+\.\d+\.\d+/.exec(version)?.[0] ?? "unknown"}`,
  };
}

function redisSpec(): ServerSpec {
  const command = ["redis-server", ...SERVER_ARGS];
  return { name: "redis", label: "redis-server", command, host: HOST, port: 0, runtime: null };
}

async function useListening(spec: ServerSpec, allowFlush: boolean): Promise<RunningServer> {
  const control = await waitReady(spec.host, spec.port, () => false);
  const address = `${spec.host}:${spec.port}`;
  if (control === null) throw new Error(`${spec.name}: nobody answers PING at ${address}`);
  let ours = false;
  const stop = async () => {
    // The keys put there by one part must not be taken for somebody's by the next.
    if (ours) await control.command("FLUSHALL");
  };
  const server = new RunningServer(spec, spec.port, control, stop);
  const keys = Number(await server.command("DBSIZE"));
  if (keys > 0 && !allowFlush) {
    await server.stop();
    throw new Error(`${spec.name} at ${address} holds ${keys} keys; --allow-flush removes them`);
  }
  ours = true;
  await server.flush();
  return server;
}

/** A connection on which PING was answered with PONG; null when that can't be had. */
async function waitReady(host: string, port: number, ended: () => boolean) {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline && !ended()) {
    try {
      const client = await RespClient.connect({ host, port });
      client.readTimeoutMs = REPLY_TIMEOUT_MS;
      if (await client.command("PING") === "PONG") return client;
      client.close();
    } catch {
      // Not listening yet.
    }
    await sleep(20);
  }
  return null;
}

function isLocal(host: string): boolean {
  return host === "localhost" || host.startsWith("127.");
}

/** The command for the results: without the folder its program happens to be in. */
function commandText(spec: ServerSpec): string | null {
  if (spec.command === null) return null;
  const [program, ...args] = spec.command;
  return [basename(program), ...args].join(" ");
}
