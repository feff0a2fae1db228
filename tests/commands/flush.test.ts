/**
 * FLUSHALL and FLUSHDB with SYNC: the reply comes when the memory is free, and nobody else waits for it.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RespClient } from "../support/resp_client.ts";
import { OK } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";
import { untilBlocked } from "../support/until.ts";

const server = target();
const KEYS = 200_000;
const EVENT = "command-unblocking";

/** Names of the events that have been slow since the last call. */
async function events(client: RespClient): Promise<string[]> {
  const latest = await client.command("LATENCY", "LATEST") as [string, number, number, number][];
  await client.command("LATENCY", "RESET");
  return latest.map(([name]) => name);
}

/** Begins with many keys, with everything that takes a millisecond being noted. */
async function withKeys(run: (client: RespClient) => Promise<void>): Promise<void> {
  const client = await server.connect();
  await client.command("FLUSHALL");
  await client.command("DEBUG", "POPULATE", String(KEYS), "key", "100");
  await client.command("CONFIG", "SET", "latency-monitor-threshold", "1");
  await client.command("CONFIG", "RESETSTAT");
  await client.command("LATENCY", "RESET");
  try {
    await run(client);
  } finally {
    await client.command("CONFIG", "SET", "latency-monitor-threshold", "0");
    client.close();
  }
}

for (const request of [["FLUSHALL"], ["FLUSHALL", "SYNC"], ["FLUSHDB"], ["FLUSHDB", "sync"]]) {
  test(`${request.join(" ")} is answered when the memory is free`, () =>
    withKeys(async (client) => {
      client.send(request);
      client.send(["DBSIZE"]);
      client.send(["PING"]);
      assert.equal(await client.readRaw(), OK);
      assert.equal(await client.readRaw(), ":0\r\n");
      assert.equal(await client.readRaw(), "+PONG\r\n");
      const memory = String(await client.command("INFO", "memory"));
      assert.match(memory, /\r\nlazyfree_pending_objects:0\r\n/);
      assert.ok((await events(client)).includes(EVENT));
      const stats = String(await client.command("INFO", "commandstats"));
      assert.match(stats, new RegExp(`cmdstat_${request[0].toLowerCase()}:calls=1,usec=\\d{4}`));
    }));
}

test("ASYNC is answered at once, and so is what can't wait", () =>
  withKeys(async (client) => {
    assert.equal(await client.command("FLUSHALL", "ASYNC"), "OK");
    await client.command("DEBUG", "POPULATE", String(KEYS), "key", "100");
    await client.command("MULTI");
    await client.command("FLUSHALL", "SYNC");
    assert.deepEqual(await client.command("EXEC"), ["OK"]);
    await client.command("DEBUG", "POPULATE", String(KEYS), "key", "100");
    const script = "return redis.call('FLUSHALL')";
    assert.equal(await client.command("EVAL", script, "0"), "OK");
    await client.command("DEBUG", "POPULATE", String(KEYS), "key", "100");
    await client.command("CONFIG", "SET", "lazyfree-lazy-user-flush", "yes");
    assert.equal(await client.command("FLUSHALL"), "OK");
    await client.command("CONFIG", "SET", "lazyfree-lazy-user-flush", "no");
    assert.ok(!(await events(client)).includes(EVENT));
  }));

test("who waits for memory is blocked, and may be unblocked", {
  // It answers such a client twice.
  skip: server.isOracle ? "Redis 7.4 forgets that the client doesn't wait any more" : false,
}, () =>
  withKeys(async (client) => {
    const other = await server.connect();
    const id = String(await other.command("CLIENT", "ID"));
    other.send(["FLUSHALL"]);
    other.send(["PING"]);
    await untilBlocked(client, 1);
    assert.match(String(await client.command("CLIENT", "LIST")), / flags=b .* cmd=flushall /);
    assert.equal(await client.command("CLIENT", "UNBLOCK", id), 1);
    assert.equal(await other.readRaw(), OK);
    assert.equal(await other.readRaw(), "+PONG\r\n");
    // Its next flush waits for itself, not for what the first one waited for; and who goes is forgotten.
    await client.command("DEBUG", "POPULATE", String(KEYS), "key", "100");
    const gone = await server.connect();
    gone.send(["FLUSHALL"]);
    await untilBlocked(client, 1);
    gone.close();
    assert.equal(await other.command("FLUSHALL"), "OK");
    await untilBlocked(client, 0);
    assert.equal(await other.command("PING"), "PONG");
    other.close();
  }));
