import { describe, test } from "node:test";
import assert from "node:assert/strict";
import process from "node:process";
import { existsSync } from "node:fs";
import { freePort, redisMissing, startRedis } from "../../support/server.ts";
import { currentRuntime, findRuntime, isInstalled } from "../../support/runtimes.ts";

test("a free port is one that can be had", async () => {
  const port = await freePort();
  assert.ok(port > 1024 && port < 65536, String(port));
});

test("this runtime is found, and what does not exist is not", () => {
  assert.equal(findRuntime(currentRuntime()), process.execPath);
  assert.equal(isInstalled("no-such-program-here"), false);
});

describe("redis-server", { skip: redisMissing() }, () => {
  test("starts, serves, and leaves nothing behind", async () => {
    const server = await startRedis({ args: ["--databases", "3"] });
    assert.ok(server !== null);
    assert.ok(server.pid > 0 && existsSync(server.dir));
    await server.said(/Ready to accept connections/i);
    const client = await server.connect();
    assert.deepEqual(await client.command("CONFIG", "GET", "databases"), ["databases", "3"]);
    assert.deepEqual(await client.command("CONFIG", "GET", "dir"), ["dir", server.dir]);
    const exit = await server.stop();
    assert.equal(exit.code, 0);
    assert.ok(!existsSync(server.dir));
    await client.closed;
  });

  test("may log into a file", async () => {
    const server = await startRedis({ args: ["--logfile", "redis.log"] });
    assert.ok(server !== null && existsSync(`${server.dir}/redis.log`));
    await server.stop();
  });

  test("that does not start says why", async () => {
    await assert.rejects(startRedis({ args: ["--no-such-option", "1"] }), /no-such-option/);
  });
});
