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
  });
}
