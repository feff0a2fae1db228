/** node-redis against Larder: it connects in RESP2 and RESP3 and runs string and key commands. */

import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { createClient } from "redis";
import { target } from "../support/server.ts";
import { runClientCases, type SimpleClient } from "./client_cases.ts";

const server = target();

for (const RESP of [2, 3] as const) {
  const make = () =>
    createClient({
      RESP,
      name: "node",
      socket: { ...server.address, reconnectStrategy: false },
    });

  describe(`node-redis, RESP${RESP}`, () => {
    let redis: ReturnType<typeof make>;

    before(async () => {
      redis = make();
      await redis.connect();
      await redis.flushAll();
    });
    after(() => redis.close());

    test("the handshake leaves its traces", async () => {
      const info = String(await redis.sendCommand(["CLIENT", "INFO"]));
      assert.match(info, / name=node /);
      assert.match(info, new RegExp(` resp=${RESP}\\b`));
      if (server.isOracle) return; // It may be too old for SETINFO.
      assert.match(info, /lib-name=node-redis/);
    });

    test("string and key commands", async () => {
      const client: SimpleClient = {
        call: (...args) => redis.sendCommand(args.map(String)),
        isError: (error) => error instanceof Error,
      };
      await runClientCases(client);
    });

    test("typed methods", async () => {
      assert.equal(await redis.set("k", "v", { EX: 100, NX: true }), "OK");
      assert.equal(await redis.set("k", "w", { NX: true }), null);
      assert.equal(await redis.get("k"), "v");
      assert.deepEqual(await redis.mGet(["k", "none"]), ["v", null]);
      assert.equal(await redis.incrBy("n", 41), 41);
      assert.equal(await redis.incrByFloat("f", 0.5), "0.5");
      assert.equal(await redis.exists(["k", "n", "none"]), 2);
      assert.equal(await redis.ttl("n"), -1);
      assert.equal(await redis.expire("n", 100), 1);
      assert.equal(await redis.type("k"), "string");
      assert.equal(await redis.del(["k", "n"]), 2);
    });

    test("many commands at once, and scanning", async () => {
      await Promise.all(
        Array.from({ length: 1000 }, (_, i) => redis.set(`p${i}`, String(i))),
      );
      const values = await Promise.all(
        Array.from({ length: 1000 }, (_, i) => redis.get(`p${i}`)),
      );
      values.forEach((value, i) => assert.equal(value, String(i)));
      const keys = new Set<string>();
      for await (const some of redis.scanIterator({ MATCH: "p*", COUNT: 100 })) {
        for (const key of some) keys.add(key);
      }
      assert.equal(keys.size, 1000);
    });

    test("a second connection in another database", async () => {
      const other = redis.duplicate({ database: 3 });
      await other.connect();
      assert.equal(await other.get("p1"), null);
      assert.equal(await other.set("p1", "three"), "OK");
      assert.equal(await redis.get("p1"), "1");
      await other.close();
    });

    test("transactions", async () => {
      const results = await redis.multi().set("t", "1").incr("t").get("t").exec();
      assert.deepEqual(results, ["OK", 2, "2"]);
      const other = redis.duplicate();
      await other.connect();
      await redis.watch("t");
      await other.set("t", "9");
      await assert.rejects(() => redis.multi().set("t", "mine").exec(), /watched/i);
      assert.equal(await redis.get("t"), "9");
      await assert.rejects(
        () => redis.multi().set("t", "1").addCommand(["NOSUCH"]).exec(),
        /EXECABORT|unknown command/,
      );
      await other.close();
    });

    test("subscriptions", async () => {
      const listener = redis.duplicate();
      await listener.connect();
      const heard: string[] = [];
      let wake = () => {};
      const next = () => new Promise<void>((resolve) => wake = resolve);
      const told = (text: string, channel: string) => {
        heard.push(`${channel}: ${text}`);
        wake();
      };
      await listener.subscribe(["a", "b"], told);
      await listener.pSubscribe("c*", told);
      await listener.sSubscribe("shard", told);
      for (const channel of ["a", "b", "cc"]) {
        const came = next();
        assert.equal(await redis.publish(channel, "text"), 1);
        await came;
      }
      const came = next();
      assert.equal(await redis.sPublish("shard", "text"), 1);
      await came;
      assert.deepEqual(heard, ["a: text", "b: text", "cc: text", "shard: text"]);
      assert.deepEqual(await redis.pubSubNumSub(["a", "x"]), { a: 1, x: 0 });
      await listener.unsubscribe("a");
      assert.equal(await redis.publish("a", "text"), 0);
      await listener.close();
    });
  });
}
