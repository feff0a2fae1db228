/** ioredis against Larder: it connects in RESP2 and RESP3 and runs string and key commands. */

import { Buffer } from "node:buffer";
import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { Redis } from "ioredis";
import { target } from "../support/server.ts";
import { runClientCases, type SimpleClient } from "./client_cases.ts";

const server = target();

for (const protocol of [2, 3] as const) {
  describe(`ioredis, RESP${protocol}`, () => {
    let redis: Redis;

    before(async () => {
      redis = new Redis({
        ...server.address,
        protocol,
        lazyConnect: true,
        connectionName: "io",
      });
      await redis.connect();
      await redis.flushall();
    });
    after(() => redis.quit());

    test("the handshake leaves its traces", async () => {
      const info = String(await redis.call("CLIENT", "INFO"));
      assert.match(info, / name=io /);
      if (server.isOracle) return; // It may be too old for SETINFO.
      assert.match(info, new RegExp(` resp=${protocol} lib-name=ioredis `));
    });

    test("string and key commands", async () => {
      const client: SimpleClient = {
        call: (...args) => redis.call(args[0], ...args.slice(1)),
        isError: (error) => error instanceof Error,
      };
      await runClientCases(client);
    });

    test("typed methods", async () => {
      assert.equal(await redis.set("k", "v", "EX", 100, "NX"), "OK");
      assert.equal(await redis.set("k", "w", "NX"), null);
      assert.equal(await redis.get("k"), "v");
      assert.deepEqual(await redis.mget("k", "none"), ["v", null]);
      assert.equal(await redis.incrby("n", 41), 41);
      assert.equal(await redis.incrbyfloat("f", 0.5), "0.5");
      assert.equal(await redis.exists("k", "n", "none"), 2);
      assert.equal(await redis.ttl("n"), -1);
      assert.ok(await redis.ttl("k") > 90);
      assert.equal(await redis.type("k"), "string");
      assert.equal(await redis.del("k", "n"), 2);
    });

    test("a pipeline", async () => {
      const pipeline = redis.pipeline();
      for (let i = 0; i < 1000; i++) pipeline.set(`p${i}`, String(i)).get(`p${i}`);
      const results = await pipeline.exec();
      assert.equal(results?.length, 2000);
      results?.forEach(([error, value], i) => {
        assert.equal(error, null);
        assert.equal(value, i % 2 === 0 ? "OK" : String((i - 1) / 2));
      });
    });

    test("scanning, buffers and errors", async () => {
      const keys = new Set<string>();
      for await (const some of redis.scanStream({ match: "p*", count: 100 })) {
        for (const key of some as string[]) keys.add(key);
      }
      assert.equal(keys.size, 1000);
      const bytes = Buffer.from([0, 255, 13, 10, 128]);
      await redis.set("bin", bytes);
      assert.deepEqual(await redis.getBuffer("bin"), bytes);
      await assert.rejects(() => redis.call("INCR", "bin"), /not an integer or out of range/);
      await assert.rejects(() => redis.call("NOSUCH"), /unknown command 'NOSUCH'/);
    });

    test("transactions", async () => {
      const results = await redis.multi().set("t", 1).incr("t").lpush("t", "x").get("t").exec();
      assert.deepEqual(results?.map(([, value]) => value), ["OK", 2, undefined, "2"]);
      assert.match(String(results?.[2][0]), /WRONGTYPE/);
      // A change by another connection between WATCH and EXEC.
      const other = redis.duplicate();
      await redis.watch("t");
      await other.set("t", "9");
      assert.equal(await redis.multi().set("t", "mine").exec(), null);
      assert.equal(await redis.get("t"), "9");
      await redis.multi({ pipeline: false });
      assert.equal(await redis.set("t", "1"), "QUEUED");
      await assert.rejects(() => redis.call("NOSUCH"), /unknown command/);
      await assert.rejects(() => redis.exec(), /EXECABORT/);
      await other.quit();
    });

    test("a chat with presence", async () => {
      const listener = redis.duplicate();
      const heard: string[] = [];
      const waiting: (() => void)[] = [];
      const told = (text: string) => {
        heard.push(text);
        waiting.shift()?.();
      };
      const next = () => new Promise<void>((resolve) => waiting.push(resolve));
      listener.on("message", (channel, text) => told(`${channel}: ${text}`));
      listener.on("pmessage", (pattern, channel, text) => told(`${pattern} ${channel}: ${text}`));
      assert.equal(await listener.subscribe("room:1", "room:2"), 2);
      assert.equal(await listener.psubscribe("presence:*"), 3);
      for (const [channel, text] of [["room:1", "hi"], ["presence:ann", "on"], ["room:2", "yo"]]) {
        const came = next();
        assert.equal(await redis.publish(channel, text), 1);
        await came;
      }
      assert.deepEqual(heard, ["room:1: hi", "presence:* presence:ann: on", "room:2: yo"]);
      assert.deepEqual(await redis.pubsub("NUMSUB", "room:1"), ["room:1", 1]);
      assert.equal(await listener.unsubscribe("room:1"), 2);
      assert.equal(await redis.publish("room:1", "anybody?"), 0);
      await listener.quit();
    });
  });
}
