/**
 * maxmemory, its policies, and maxmemory-clients, as clients see them.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { OK, rawCases } from "../support/raw_cases.ts";
import type { RespClient } from "../support/resp_client.ts";
import { toBytes } from "../support/resp_reply.ts";
import { target } from "../support/server.ts";
import { until } from "../support/until.ts";

const server = target();

const OOM = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";

rawCases(server, "what is refused when memory is short", [
  ["CONFIG SET maxmemory 0 maxmemory-policy noeviction", OK],
  ["SET a 1", OK],
  ["RPUSH l 1", ":1\r\n"],
  ["CONFIG SET maxmemory 1", OK],
  ["SET b 1", OOM],
  ["APPEND a 1", OOM],
  ["RPUSH l 2", OOM],
  ["SETNX a 1", OOM],
  ["SET", "-ERR wrong number of arguments for 'set' command\r\n"],
  ["GET a", "$1\r\n1\r\n"],
  ["EXPIRE a 100", ":1\r\n"],
  ["RPOP l", "$1\r\n1\r\n"],
  ["DEL a", ":1\r\n"],
  ["PING", "+PONG\r\n"],
  ["MULTI", OK],
  ["GET a", "+QUEUED\r\n", { since7: "7.2" }],
  ["SET b 1", OOM],
  ["EXEC", /^-EXECABORT/],
  ["MULTI", OK, { since7: "7.2" }],
  ["GET a", "+QUEUED\r\n", { since7: "7.2" }],
  ["EXEC", "*1\r\n$-1\r\n", { since7: "7.2" }],
  ["CONFIG SET maxmemory-policy volatile-lru", OK],
  ["SET b 1", OOM],
  ["CONFIG SET maxmemory-policy nosuch", /^-ERR/],
  ["CONFIG SET maxmemory-samples 0", /^-ERR/],
  ["CONFIG SET maxmemory-eviction-tenacity 101", /^-ERR/],
  ["CONFIG SET maxmemory 0 maxmemory-policy noeviction", OK],
  ["SET b 1", OK],
]);

rawCases(server, "a limit that a transaction lowers is kept after it", [
  ["CONFIG SET maxmemory 0 maxmemory-policy allkeys-lru", OK],
  ["DEL x", /^:/],
  ["MULTI", OK],
  ["INCR x", "+QUEUED\r\n"],
  ["CONFIG SET maxmemory 1", "+QUEUED\r\n"],
  ["INCR x", "+QUEUED\r\n"],
  ["EXEC", "*3\r\n:1\r\n+OK\r\n:2\r\n"],
  ["SET y 1", OOM],
  ["DBSIZE", ":0\r\n"],
  ["CONFIG SET maxmemory 0 maxmemory-policy noeviction", OK],
]);

async function stat(client: RespClient, section: string, name: string): Promise<number> {
  const info = String(await client.command("INFO", section));
  return Number(new RegExp(`^${name}:(.*)\r$`, "m").exec(info)?.[1]);
}

/** Empties the server, and waits until the memory is free. */
async function empty(client: RespClient): Promise<void> {
  await client.command("FLUSHALL");
  await until("all is freed", async () => {
    return await stat(client, "memory", "lazyfree_pending_objects") === 0;
  });
}

async function config(client: RespClient, ...pairs: string[]): Promise<void> {
  assert.equal(await client.command("CONFIG", "SET", ...pairs), "OK");
}

for (const policy of ["allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-ttl"]) {
  test(`keys make room for others (${policy})`, async () => {
    const client = await server.connect();
    const listener = await server.connect();
    await config(client, "maxmemory", "0", "maxmemory-policy", policy);
    await config(client, "notify-keyspace-events", "Ee");
    await empty(client);
    await client.command("CONFIG", "RESETSTAT");
    await listener.command("SUBSCRIBE", "__keyevent@0__:evicted");
    const limit = await stat(client, "memory", "used_memory") + 2_000_000;
    await config(client, "maxmemory", String(limit));
    const value = "x".repeat(1000);
    for (let i = 0; i < 4000; i++) client.send(["SET", `key:${i}`, value, "EX", "10000"]);
    for (let i = 0; i < 4000; i++) assert.equal(await client.readRaw(), OK);
    assert.ok(await stat(client, "memory", "used_memory") < limit + 100_000);
    // From here on nothing more is evicted.
    await config(client, "maxmemory", "0", "maxmemory-policy", "noeviction");
    const evicted = await stat(client, "stats", "evicted_keys");
    const kept = Number(await client.command("DBSIZE"));
    assert.ok(kept > 1000 && kept < 2500, `${kept}`);
    assert.equal(evicted, 4000 - kept);
    for (let i = 0; i < evicted; i++) {
      assert.match(await listener.readRaw(), /evicted\r\n\$\d+\r\nkey:\d+\r\n$/);
    }
    await config(client, "notify-keyspace-events", "");
    client.close();
    listener.close();
  });
}

test("a limit that is lowered is reached without a command", async () => {
  const client = await server.connect();
  await empty(client);
  await config(client, "maxmemory", "0", "maxmemory-policy", "allkeys-lru");
  for (let i = 0; i < 3000; i++) await client.command("SET", `key:${i}`, "x".repeat(1000));
  const limit = await stat(client, "memory", "used_memory") - 2_000_000;
  await config(client, "maxmemory", String(limit));
  await until("the limit is kept", async () => {
    return await stat(client, "memory", "used_memory") <= limit &&
      await stat(client, "stats", "current_eviction_exceeded_time") === 0;
  });
  assert.ok(Number(await client.command("DBSIZE")) > 500);
  await config(client, "maxmemory", "0", "maxmemory-policy", "noeviction");
  client.close();
});

test("the client that takes the most goes first", async () => {
  const admin = await server.connect();
  await admin.command("CLIENT", "NO-EVICT", "on");
  await admin.command("CONFIG", "RESETSTAT");
  const clients: RespClient[] = [];
  const sizes = [100_000, 900_000, 500_000];
  for (const [i, size] of sizes.entries()) {
    const client = await server.connect();
    clients.push(client);
    await client.command("CLIENT", "SETNAME", `client:${i}`);
    client.send(toBytes(`*2\r\n$${size + 100}\r\n${"x".repeat(size)}`));
  }
  const names = async () =>
    [...String(await admin.command("CLIENT", "LIST")).matchAll(/name=(client:\d)/g)]
      .map(([, name]) => name);
  const settled = async (want: string[]) => {
    await until(`only ${want}`, async () => (await names()).length <= want.length);
    assert.deepEqual(await names(), want);
  };
  await until("their requests have arrived", async () => {
    const list = String(await admin.command("CLIENT", "LIST"));
    return sizes.every((size, i) =>
      Number(new RegExp(`name=client:${i} .* tot-mem=(\\d+)`).exec(list)?.[1]) >= size
    );
  });
  await config(admin, "maxmemory-clients", "1000000");
  await settled(["client:0", "client:2"]);
  await config(admin, "maxmemory-clients", "300000");
  await settled(["client:0"]);
  assert.equal(await stat(admin, "stats", "evicted_clients"), 2);
  await config(admin, "maxmemory-clients", "0");
  for (const client of clients) client.close();
  admin.close();
});
