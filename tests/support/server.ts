/**
 * Servers for tests: Larder on either runtime, redis-server, or the one that ORACLE names.
 *
 *     const server = target();                       // once, at the top of a test file
 *     test("...", async () => { const client = await server.connect(); ... });
 *
 * A started server listens on a free port of 127.0.0.1, works in a temporary folder of its own and
 * is gone after the file's last test. It must have printed that it is ready to accept connections
 * within a minute, or the start fails with everything it printed. With `--logfile` it prints nothing,
 * and the first connection that succeeds counts instead.
 */

import assert from "node:assert/strict";
import process from "node:process";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, before } from "node:test";
import { currentRuntime, findRuntime, isInstalled, type Runtime } from "./runtimes.ts";
import { RespClient } from "./resp_client.ts";

const HOST = "127.0.0.1";
const READY = /ready to accept connections/i;
const START_TIMEOUT_MS = 60_000;
const SAY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 30_000;
const START_TRIES = 3;

const REDIS_MISSING = "redis-server is missing: what compares with it is skipped";
let missingReason: string | false | null = null;

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Servers that run now; ended with this process if a test forgets to. */
const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export interface LarderOptions {
  /** Which runtime executes it; the one that runs the test if not given. */
  readonly runtime?: Runtime;
  /** Further arguments, as on redis-server's command line. They win over the defaults. */
  readonly args?: readonly string[];
}

export interface RedisOptions {
  readonly args?: readonly string[];
}

/** How a server's process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A server that was started here. */
export class TestServer {
  readonly host: string = HOST;
  readonly port: number;
  /** The server's working directory, removed when it is stopped. */
  readonly dir: string;
  /** Fulfilled when the process has ended and all that it printed is in `output`. */
  readonly exited: Promise<Exit>;

  #child: ChildProcess;
  #output = "";
  #isSilent: boolean;

  /** Runs a program with its own arguments, then the defaults for tests, then `args`. */
  constructor(program: string, first: readonly string[], port: number, args: readonly string[]) {
    this.port = port;
    this.#isSilent = args.includes("--logfile");
    this.dir = mkdtempSync(join(tmpdir(), "larder-test-"));
    const defaults = ["--port", String(port), "--bind", HOST, "--dir", this.dir];
    defaults.push("--save", "", "--enable-debug-command", "yes");
    const child = spawn(program, [...first, ...defaults, ...args], {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    running.add(child);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8");
      stream?.on("data", (text: string) => this.#output += text);
    }
    this.exited = new Promise((resolve) => {
      child.on("error", (error) => {
        this.#output += `${error.message}\n`;
        running.delete(child);
        resolve({ code: null, signal: null });
      });
      child.on("exit", () => running.delete(child));
      child.on("close", (code, signal) => resolve({ code, signal }));
    });
  }

  /** The process's id. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** What it has printed so far, on both streams. */
  get output(): string {
    return this.#output;
  }

  /**
   * Waits until the log says something. A line may be read from the pipe later than a reply that was
   * sent after it, so nothing is expected to be in `output` at once.
   */
  async said(pattern: RegExp): Promise<void> {
    const deadline = Date.now() + SAY_TIMEOUT_MS;
    while (!pattern.test(this.#output) && Date.now() < deadline) await sleep(10);
    assert.match(this.#output, pattern);
  }

  /** Opens a connection. */
  connect(): Promise<RespClient> {
    return RespClient.connect({ host: this.host, port: this.port });
  }

  /** Sends a signal; `exited` tells when it has worked. */
  kill(signal: NodeJS.Signals): void {
    // Not `child.kill`: after it Deno reports every end as that signal's, an orderly one too.
    if (running.has(this.#child)) process.kill(this.pid, signal);
  }

  /** Fulfilled when it says that it is ready; false if it ends or stays silent instead. */
  async ready(): Promise<boolean> {
    const deadline = Date.now() + START_TIMEOUT_MS;
    let ended = false;
    this.exited.then(() => ended = true);
    while (!ended && Date.now() < deadline) {
      if (this.#isSilent ? await this.#answers() : READY.test(this.#output)) return true;
      await sleep(10);
    }
    return false;
  }

  async #answers(): Promise<boolean> {
    try {
      (await this.connect()).close();
      return true;
    } catch {
      return false;
    }
  }

  /** Ends the server in order, by force if it takes too long, and removes its folder. */
  async stop(): Promise<Exit> {
    this.kill("SIGTERM");
    const timer = setTimeout(() => this.kill("SIGKILL"), STOP_TIMEOUT_MS);
    const exit = await this.exited;
    clearTimeout(timer);
    rmSync(this.dir, { recursive: true, force: true });
    return exit;
  }
}

/** Starts Larder. Rejects with its output when it does not come up. */
export function startLarder(options: LarderOptions = {}): Promise<TestServer> {
  const runtime = options.runtime ?? currentRuntime();
  const program = findRuntime(runtime);
  if (program === null) return Promise.reject(new Error(`${runtime} is missing`));
  const first = runtime === "deno" ? ["run", "--quiet", "-A", "main.ts"] : ["main.ts"];
  return startProgram(program, first, options.args ?? []);
}

/** Starts redis-server, or says on the terminal that it is missing and gives null. */
export async function startRedis(options: RedisOptions = {}): Promise<TestServer | null> {
  if (redisMissing() !== false) return null;
  return await startProgram("redis-server", [], options.args ?? []);
}

/**
 * Starts any program that takes redis-server's arguments. Rejects with its output when it does not
 * come up.
 *
 * @param first its own arguments, which come before the server's
 */
export async function startProgram(
  program: string,
  first: readonly string[],
  args: readonly string[],
): Promise<TestServer> {
  let output = "";
  for (let i = 0; i < START_TRIES; i++) {
    const server = new TestServer(program, first, await freePort(), args);
    if (await server.ready()) return server;
    output = server.output;
    await server.stop();
    // Another process may have taken the port since it was found free; nothing else is tried again.
    if (!/in use|EADDRINUSE/i.test(output)) break;
  }
  throw new Error(`${program} ${first.join(" ")} did not start; it printed:\n${output}`);
}

/**
 * The reason to skip a test that needs redis-server, or false: the value of a `skip` option. A reason
 * is printed too, once per test file, because Deno's report only counts what was skipped.
 */
export function redisMissing(): string | false {
  if (missingReason === null) {
    missingReason = isInstalled("redis-server") ? false : REDIS_MISSING;
    if (missingReason !== false) console.log(missingReason);
  }
  return missingReason;
}

/** The server under test of one test file. */
export interface Target {
  /** True when somebody else started it (ORACLE) and it is not Larder. */
  readonly isOracle: boolean;
  /** The process, once the tests run; null for an oracle. */
  readonly server: TestServer | null;
  /** Where it listens, once the tests run. */
  readonly address: { readonly host: string; readonly port: number };
  /** Opens a connection. */
  connect(): Promise<RespClient>;
}

/**
 * The server that command tests talk to: the one at ORACLE=host:port, or else a Larder on the
 * runtime that runs the test. To be called at the top of a test file; it lives as long as the file.
 */
export function target(options: LarderOptions = {}): Target {
  const oracle = process.env.ORACLE;
  if (oracle !== undefined && oracle !== "") return oracleTarget(parseAddress(oracle));
  return startedTarget(() => startLarder(options));
}

/** A redis-server as the target. Tests on it need `{ skip: redisMissing() }`. */
export function redisTarget(options: RedisOptions = {}): Target {
  return startedTarget(() => startRedis(options));
}

/** A TCP port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on("error", reject);
    probe.listen(0, HOST, () => {
      const address = probe.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}

/** Waits. For what has to pass, like a TTL; never to hope that something has happened. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function startedTarget(starter: () => Promise<TestServer | null>): Target {
  let server: TestServer | null = null;
  const need = (): TestServer => {
    if (server === null) throw new Error("there is no server; it runs while tests do");
    return server;
  };
  before(async () => {
    server = await starter();
  });
  after(async () => {
    await server?.stop();
    server = null;
  });
  return {
    isOracle: false,
    get server() {
      return server;
    },
    get address() {
      return { host: need().host, port: need().port };
    },
    connect: () => need().connect(),
  };
}

function oracleTarget(address: Target["address"]): Target {
  return { isOracle: true, server: null, address, connect: () => RespClient.connect(address) };
}

function parseAddress(text: string): Target["address"] {
  const match = /^(.+):(\d+)$/.exec(text);
  if (match === null) throw new Error(`ORACLE=${text} is not host:port`);
  return { host: match[1], port: Number(match[2]) };
}
