/** ioredis through TLS, with a certificate of its own. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Redis } from "ioredis";
import { freePort, startLarder } from "../support/server.ts";

const file = (name: string) => fileURLToPath(new URL(`../support/tls/${name}`, import.meta.url));
const content = (name: string) => readFileSync(file(name), "utf8");

describe("ioredis through TLS", () => {
  test("commands, a pipeline and a subscription", async () => {
    const port = await freePort();
    const args = ["--tls-port", `${port}`, "--tls-cert-file", file("server.crt")];
    args.push("--tls-key-file", file("server.key"), "--tls-ca-cert-file", file("ca.crt"));
    const server = await startLarder({ args });
    const tls = {
      ca: content("ca.crt"),
      cert: content("client.crt"),
      key: content("client.key"),
    };
    const redis = new Redis({ host: server.host, port, tls, lazyConnect: true });
    try {
      await redis.connect();
      assert.equal(await redis.set("k", "v"), "OK");
      assert.equal(await redis.get("k"), "v");
      const pipeline = redis.pipeline();
      for (let i = 0; i < 1000; i++) pipeline.incr("n");
      const results = await pipeline.exec();
      assert.deepEqual(results?.at(-1), [null, 1000]);
      const listener = redis.duplicate();
      const heard = new Promise((resolve) => listener.on("message", (_, text) => resolve(text)));
      assert.equal(await listener.subscribe("news"), 1);
      assert.equal(await redis.publish("news", "hello"), 1);
      assert.equal(await heard, "hello");
      await listener.quit();
    } finally {
      await redis.quit();
      await server.stop();
    }
  });
});
