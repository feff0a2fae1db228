/** Celery, from Debian's package: a worker, tasks with results, retries, a chord; and the locks of redis-py. */

import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import process from "node:process";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { target } from "../support/server.ts";

const server = target();
const SCRIPT = fileURLToPath(new URL("./celery_tasks.py", import.meta.url));
/** Debian's own Python, which has Debian's packages, and then whichever comes first. */
const PYTHONS = ["/usr/bin/python3", "python3"];
const TASKS = process.env.LONG_RUN === undefined ? 200 : 1000;

const python = PYTHONS.find((name) => spawnSync(name, ["-c", "import celery, redis"]).status === 0);
const skip = python === undefined ? "Celery is not installed" : false;
if (skip !== false) console.log(`skipped: ${skip}`);

let worker: ChildProcess | null = null;
after(() => {
  worker?.kill("SIGKILL");
});

function start(...args: string[]): ChildProcess {
  return spawn(python!, [SCRIPT, ...args], { stdio: ["ignore", "pipe", "pipe"] });
}

test("Celery", { skip }, async () => {
  const { host, port } = server.address;
  const url = `redis://${host}:${port}/2`;
  worker = start("worker", url);
  const child = start("run", url, String(TASKS));
  let output = "";
  for (const stream of [child.stdout, child.stderr, worker.stdout, worker.stderr]) {
    stream?.on("data", (chunk: Uint8Array) => output += new TextDecoder().decode(chunk));
  }
  const status = await new Promise((resolve) => child.on("close", resolve));
  assert.equal(status, 0, output);
  for (const line of ["tasks with results", "a chord", "retries", "locks"]) {
    assert.ok(output.includes(line), output);
  }
});
