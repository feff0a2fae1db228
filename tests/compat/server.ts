// Starts the server under test on 127.0.0.1 and a free port, and stops it again.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Suite } from "./suite.ts";

const START_MS_MAX = 30_000;
const STOP_MS_MAX = 10_000;
const LOG_LINES = 20;

/** The suite talks to a server that saves nothing and allows DEBUG. */
const SETTINGS = ["--save", "", "--bind", "127.0.0.1", "--enable-debug-command", "yes"];
SETTINGS.push("--enable-protected-configs", "yes");

/** Valkey 8's defaults, not Redis 7.4's: its tests expect the server's own deletions as UNLINK. */
const VALKEY_SETTINGS = ["--lazyfree-lazy-expire", "yes", "--lazyfree-lazy-eviction", "yes"];

/** A server under test. */
export interface Server {
  host: string;
  port: number;
  isAlive(): boolean;
  /** The last lines it logged. */
  logTail(): string;
  stop(): Promise<void>;
}

/**
 * Starts Larder on `runtime` ("deno", "bun"), redis-server ("redis") or the program at a path, and waits
 * until it is ready.
 * With `address` ("host:port") nothing is started. Throws, with the log, if that does not happen.
 */
export async function startServer(
  runtime: string,
  address: string,
  suite: Suite,
): Promise<Server> {
  if (address !== "") {
    const colon = address.lastIndexOf(":");
    const [host, port] = [address.slice(0, colon), Number(address.slice(colon + 1))];
    const logTail = () => "(a server started elsewhere)";
    return { host, port, logTail, isAlive: () => true, stop: () => Promise.resolve() };
  }
  const port = await freePort();
  const dir = mkdtempSync(join(suite.workDir, "server-"));
  const [program, ...args] = commandOf(runtime);
  args.push("--port", `${port}`, "--dir", dir, ...SETTINGS);
  if (suite.kind === "valkey") args.push(...VALKEY_SETTINGS);
  const logFile = join(dir, "log");
  const log = openSync(logFile, "w");
  const child = spawn(program, args, { stdio: ["ignore", log, log] });
  closeSync(log);
  let failed = false;
  child.on("error", () => failed = true);
  const isAlive = () => !failed && child.exitCode === null && child.signalCode === null;
  const logTail = () =>
    readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-LOG_LINES).join("\n");
  const server = { host: "127.0.0.1", port, isAlive, logTail, stop: () => stop(child, isAlive) };
  const deadline = Date.now() + START_MS_MAX;
  while (!readFileSync(logFile, "utf8").includes("Ready to accept connections")) {
    if (!isAlive() || Date.now() > deadline) {
      await server.stop();
      throw new Error(`${program} did not start:\n${logTail()}`);
    }
    await new Promise((done) => setTimeout(done, 50));
  }
  return server;
}

/** The command line that starts the server on `runtime`, or the program at that path, without options. */
export function commandOf(runtime: string): string[] {
  const main = fileURLToPath(new URL("../../main.ts", import.meta.url));
  if (runtime.includes("/")) return [resolve(runtime)];
  if (runtime === "redis") return ["redis-server"];
  return runtime === "bun" ? ["bun", main] : ["deno", "run", "-A", main];
}

async function stop(child: ChildProcess, isAlive: () => boolean): Promise<void> {
  if (!isAlive()) return;
  const ended = once(child, "exit");
  // Not child.kill(): Deno's sends no second signal.
  const pid = child.pid as number;
  process.kill(pid, "SIGTERM");
  const timer = setTimeout(() => process.kill(pid, "SIGKILL"), STOP_MS_MAX);
  await ended;
  clearTimeout(timer);
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}
