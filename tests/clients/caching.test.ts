/**
 * Client-side caching with real clients: what is in their caches is right as soon as the server has told them.
 *
 * node-redis has a cache of its own. With ioredis a program keeps one itself, and has the messages of
 * __redis__:invalidate sent to a second connection (REDIRECT).
 */
import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { Redis } from "ioredis";
import { BasicClientSideCache, createClient } from "redis";
import { target } from "../support/server.ts";
import { until } from "../support/until.ts";

const server = target();

describe("node-redis with clientSideCache", () => {
  const open = async (cache: BasicClientSideCache) => {
    const client = createClient({
      RESP: 3,
      socket: { ...server.address, reconnectStrategy: false },
      clientSideCache: cache,
    });
    await client.connect();
    return client;
  };

  test("reads are answered by the cache until the key changes", async () => {
    const cache = new BasicClientSideCache({ ttl: 0, maxEntries: 0, evictPolicy: "LRU" });
    const client = await open(cache);
    const writer = createClient({ socket: { ...server.address } });
    await writer.connect();
    await writer.flushAll();
    await writer.set("city", "Dhaka");
    await writer.hSet("user:1", { name: "Anisul", age: "55" });

    for (let i = 0; i < 20; i++) assert.equal(await client.get("city"), "Dhaka");
    assert.equal(cache.stats().missCount, 1);
    assert.equal(cache.stats().hitCount, 19);
    await writer.set("city", "Khulna");
    await until("the new city", async () => await client.get("city") === "Khulna");

    assert.deepEqual({ ...await client.hGetAll("user:1") }, { name: "Anisul", age: "55" });
    const misses = cache.stats().missCount;
    await client.hGetAll("user:1");
    assert.equal(cache.stats().missCount, misses);
    await writer.hIncrBy("user:1", "age", 1);
    await until("the new age", async () => (await client.hGetAll("user:1")).age === "56");

    // Several keys in one reply: any of them makes it wrong.
    await writer.mSet({ "a": "1", "b": "2" });
    assert.deepEqual(await client.mGet(["a", "b"]), ["1", "2"]);
    await writer.del("b");
    await until("b is gone", async () => (await client.mGet(["a", "b"]))[1] === null);
    await writer.set("a", "soon", { PX: 30 });
    await until("a comes", async () => await client.get("a") !== "1");
    await until("a has expired", async () => await client.get("a") === null);
    assert.equal(await client.get("city"), "Khulna");
    await writer.flushAll();
    await until("nothing is left", async () => await client.get("city") === null);
    await Promise.all([client.close(), writer.close()]);
  });

  test("a hundred keys that two clients change and read", async () => {
    const caches = [1, 2].map(() =>
      new BasicClientSideCache({ ttl: 0, maxEntries: 50, evictPolicy: "LRU" })
    );
    const clients = await Promise.all(caches.map(open));
    for (let i = 0; i < 2000; i++) {
      const key = `k${i * 7 % 100}`;
      const [one, two] = i % 2 === 0 ? clients : [clients[1], clients[0]];
      if (i % 5 === 0) await one.incr(key);
      else await two.get(key);
    }
    await until("both agree with the server", async () => {
      const keys = Array.from({ length: 100 }, (_, i) => `k${i}`);
      const [a, b] = await Promise.all(
        clients.map((client) => Promise.all(keys.map((key) => client.get(key)))),
      );
      const sum = (list: (string | null)[]) => list.reduce((s, v) => s + Number(v ?? 0), 0);
      return sum(a) === 400 && sum(b) === 400;
    });
    assert.ok(caches[0].stats().hitCount > 0);
    await Promise.all(clients.map((client) => client.close()));
  });
});

describe("ioredis with a cache of one's own", () => {
  test("REDIRECT to a connection that is subscribed", async () => {
    const listener = new Redis({ ...server.address, protocol: 2 });
    const reader = new Redis({ ...server.address, protocol: 2 });
    const writer = new Redis({ ...server.address });
    await writer.flushall();
    const cache = new Map<string, string | null>();
    const id = await listener.client("ID");
    listener.on("messageBuffer", (channel: unknown, keys: unknown) => {
      assert.equal(String(channel), "__redis__:invalidate");
      if (keys === null) cache.clear();
      else for (const key of keys as unknown[]) cache.delete(String(key));
    });
    await listener.subscribe("__redis__:invalidate");
    await reader.call("CLIENT", "TRACKING", "ON", "REDIRECT", String(id));
    const get = async (key: string) => {
      if (!cache.has(key)) cache.set(key, await reader.get(key));
      return cache.get(key);
    };
    await writer.mset("a", "1", "b", "2");
    assert.deepEqual([await get("a"), await get("b")], ["1", "2"]);
    await writer.set("a", "3");
    await until("a is forgotten", () => !cache.has("a"));
    assert.deepEqual([await get("a"), cache.has("b")], ["3", true]);
    await writer.flushall();
    await until("all is forgotten", () => cache.size === 0);
    assert.equal(await get("b"), null);
    for (const client of [listener, reader, writer]) client.disconnect();
  });

  test("broadcasts for a prefix", async () => {
    const listener = new Redis({ ...server.address, protocol: 2 });
    const reader = new Redis({ ...server.address, protocol: 2 });
    const writer = new Redis({ ...server.address });
    const told: string[] = [];
    const id = await listener.client("ID");
    listener.on("messageBuffer", (_channel: unknown, keys: unknown) => {
      for (const key of keys as unknown[]) told.push(String(key));
    });
    await listener.subscribe("__redis__:invalidate");
    await reader.call(
      ...["CLIENT", "TRACKING", "ON", "REDIRECT", String(id), "BCAST", "PREFIX", "user:"] as const,
    );
    await writer.mset("user:1", "a", "user:2", "b", "order:1", "c");
    await writer.multi().set("user:3", "x").del("user:1").exec();
    await until("three users", () => told.length >= 4);
    assert.deepEqual(told.sort(), ["user:1", "user:1", "user:2", "user:3"]);
    for (const client of [listener, reader, writer]) client.disconnect();
  });
});
