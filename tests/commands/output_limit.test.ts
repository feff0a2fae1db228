/**
 * Commands whose reply becomes longer than client-output-buffer-limit while it is written: nothing more of it is kept,
 * what the command does is done to the end, and then the client is closed.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RespClient } from "../support/resp_client.ts";
import { target } from "../support/server.ts";
import { until } from "../support/until.ts";

const server = target();

/** Far more than there is memory. Redis would be busy for minutes, if it ended at all. */
const COUNTS = server.isOracle ? ["-3000000"] : ["-2000000000", "-9007199254740992"];

async function withLimit(limit: string, run: (admin: RespClient) => Promise<void>): Promise<void> {
  const admin = await server.connect();
  await admin.command("FLUSHALL");
  await admin.command("SADD", "set", "a", "b", "a member that makes a hashtable of it".repeat(3));
  await admin.command("SADD", "small", "a", "b", "c");
  await admin.command("HSET", "hash", "f", "v", "g", "w");
  await admin.command("ZADD", "zset", "1", "a", "2", "b");
  assert.equal(await admin.command("CONFIG", "SET", "client-output-buffer-limit", limit), "OK");
  try {
    await run(admin);
  } finally {
    await admin.command("CONFIG", "SET", "client-output-buffer-limit", "normal 0 0 0 pubsub 0 0 0");
    admin.close();
  }
}

/** How many clients were cut off. */
async function cutOff(admin: RespClient): Promise<number> {
  const info = String(await admin.command("INFO", "stats"));
  return Number(/\r\nclient_output_buffer_limit_disconnections:(\d+)/.exec(info)![1]);
}

/** Runs something that must cut one client off, and nobody else. */
async function cutsOff(admin: RespClient, what: string, run: () => Promise<void>): Promise<void> {
  const before = await cutOff(admin);
  await run();
  await until(`${what} is cut off`, async () => await cutOff(admin) > before);
  assert.equal(await cutOff(admin), before + 1, what);
}

const REQUESTS: readonly (readonly string[])[] = COUNTS.flatMap((count) => [
  ["SRANDMEMBER", "set", count],
  ["SRANDMEMBER", "small", count],
  ["HRANDFIELD", "hash", count],
  ["HRANDFIELD", "hash", count, "WITHVALUES"],
  ["ZRANDMEMBER", "zset", count],
  ["ZRANDMEMBER", "zset", count, "WITHSCORES"],
]);

test("one that asks for more random elements than fit is closed, and nobody waits for it", async () => {
  await withLimit("normal 2mb 0 0", async (admin) => {
    for (const request of REQUESTS) {
      const what = request.join(" ");
      await cutsOff(admin, what, async () => {
        const client = await server.connect();
        client.send(request);
        client.send(["SET", "after", what]);
        await client.closed;
      });
      assert.equal(await admin.command("EXISTS", "after"), 0, what);
    }
  });
});

test("a transaction goes on to its end", async () => {
  await withLimit("normal 2mb 0 0", async (admin) => {
    await admin.command("SET", "large", "x".repeat(500_000));
    await cutsOff(admin, "EXEC", async () => {
      const client = await server.connect();
      await client.command("MULTI");
      for (let i = 0; i < 20; i++) await client.command("GET", "large");
      await client.command("CONFIG", "GET", "*");
      await client.command("SET", "done", "yes");
      client.send(["EXEC"]);
      await client.closed;
    });
    assert.equal(await admin.command("GET", "done"), "yes");
  });
});

test("a subscriber has the limit of its class for what it asks for, too", async () => {
  await withLimit("normal 0 0 0 pubsub 1mb 0 0", async (admin) => {
    await cutsOff(admin, "the subscriber", async () => {
      const client = await server.connect();
      await client.command("HELLO", "3");
      await client.command("SUBSCRIBE", "channel");
      client.send(["SRANDMEMBER", "set", COUNTS[0]]);
      await client.closed;
    });
  });
});

test("what a script gets has no limit", async () => {
  await withLimit("normal 100kb 0 0", async (admin) => {
    const before = await cutOff(admin);
    const script = "return #redis.call('SRANDMEMBER', KEYS[1], -300000)";
    assert.equal(await admin.command("EVAL", script, "1", "small"), 300_000);
    assert.equal(await cutOff(admin), before);
  });
});

test("who wants no replies has no limit, and doesn't keep the server busy", {
  skip: server.isOracle ? "Redis chooses every element all the same" : false,
}, async () => {
  await withLimit("normal 1mb 0 0", async (admin) => {
    const before = await cutOff(admin);
    await admin.command("SET", "large", "x".repeat(500_000));
    const client = await server.connect();
    client.send(["CLIENT", "REPLY", "OFF"]);
    for (const request of REQUESTS) client.send(request);
    client.send(["MULTI"]);
    client.send(REQUESTS[0]);
    client.send(["SET", "done", "yes"]);
    client.send(["EXEC"]);
    client.send(["MGET", ...Array.from({ length: 20 }, () => "large")]);
    client.send(["CLIENT", "REPLY", "ON"]);
    assert.equal(await client.readRaw(), "+OK\r\n");
    assert.equal(await admin.command("GET", "done"), "yes");
    assert.equal(await cutOff(admin), before);
    client.close();
  });
});
