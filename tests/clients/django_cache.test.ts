/** Django's Redis cache, from Debian's packages: sets, gets, counts and touches. */

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { target } from "../support/server.ts";

const server = target();
const SCRIPT = fileURLToPath(new URL("./django_cache.py", import.meta.url));
/** Debian's own Python, which has Debian's packages, and then whichever comes first. */
const PYTHONS = ["/usr/bin/python3", "python3"];
const IMPORTS = "import django, redis, django.core.cache\n" +
  "try:\n import django.core.cache.backends.redis\nexcept ImportError:\n import django_redis";

const python = PYTHONS.find((name) => spawnSync(name, ["-c", IMPORTS]).status === 0);
const skip = python === undefined ? "Django with a Redis cache is not installed" : false;
if (skip !== false) console.log(`skipped: ${skip}`);

test("Django's cache", { skip }, async () => {
  const { host, port } = server.address;
  const child = spawn(python!, [SCRIPT, `redis://${host}:${port}/1`]);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Uint8Array) => output += new TextDecoder().decode(chunk));
  }
  const status = await new Promise((resolve) => child.on("close", resolve));
  assert.equal(status, 0, output);
  console.log(output.trim());
});
