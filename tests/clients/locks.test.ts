/** Locks and limits that programs share: Redlock and rate-limiter-flexible, both made of Lua scripts. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Redis } from "ioredis";
import { RateLimiterRedis } from "rate-limiter-flexible";
import Redlock from "redlock";
import { target } from "../support/server.ts";

const server = target();

describe("locks and limits", () => {
  let redis: Redis;

  before(async () => {
    redis = new Redis({ ...server.address });
    await redis.flushall();
  });
  after(() => redis.quit());

  test("a Redlock is held by one, extended, released, and runs out", async () => {
    const patient = new Redlock([redis], { retryCount: 1000, retryDelay: 20 });
    const hasty = new Redlock([redis], { retryCount: 0 });
    const lock = await patient.lock("lock:a", 20_000);
    await assert.rejects(hasty.lock("lock:a", 20_000));
    const extended = await lock.extend(60_000);
    assert.ok(await redis.pttl("lock:a") > 20_000);
    const waiting = patient.lock("lock:a", 100);
    await extended.unlock();
    const next = await waiting;
    await assert.rejects(extended.unlock());
    await new Promise((resolve) => setTimeout(resolve, 130));
    assert.equal(await redis.exists("lock:a"), 0);
    await assert.rejects(next.unlock());
  });

  test("of many that add under a lock none gets lost", async () => {
    const redlock = new Redlock([redis], { retryCount: 10_000, retryDelay: 5, retryJitter: 5 });
    await Promise.all(Array.from({ length: 20 }, async () => {
      const lock = await redlock.lock("lock:sum", 60_000);
      const sum = Number(await redis.get("sum") ?? 0);
      await new Promise((resolve) => setTimeout(resolve, 1));
      await redis.set("sum", sum + 1);
      await lock.unlock();
    }));
    assert.equal(await redis.get("sum"), "20");
  });

  test("a limiter counts points in a time, blocks, rewards and forgets", async () => {
    const limiter = new RateLimiterRedis({
      storeClient: redis,
      keyPrefix: "limit",
      points: 3,
      duration: 30,
      blockDuration: 60,
    });
    for (let left = 2; left >= 0; left--) {
      assert.equal((await limiter.consume("ann")).remainingPoints, left);
    }
    const refused = await limiter.consume("ann").catch((reason) => reason);
    assert.equal(refused.remainingPoints, 0);
    assert.ok(refused.msBeforeNext > 30_000 && refused.msBeforeNext <= 60_000);
    assert.equal((await limiter.consume("bob", 2)).consumedPoints, 2);
    assert.equal((await limiter.reward("bob", 1)).consumedPoints, 1);
    assert.equal((await limiter.get("bob"))!.consumedPoints, 1);
    assert.equal(await limiter.delete("ann"), true);
    assert.equal((await limiter.consume("ann")).remainingPoints, 2);
  });

  test("a sliding window in a script of one's own", async () => {
    redis.defineCommand("allow", {
      numberOfKeys: 1,
      lua: `
        local now = tonumber(ARGV[1])
        redis.call('ZREMRANGEBYSCORE', KEYS[1], 0, now - tonumber(ARGV[2]))
        if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
        redis.call('ZADD', KEYS[1], now, now .. ':' .. ARGV[4])
        redis.call('PEXPIRE', KEYS[1], ARGV[2])
        return 1`,
    });
    const client = redis as Redis & { allow(...args: unknown[]): Promise<number> };
    // The program tells the time, but the key expires by the server's: a window of a minute.
    const at = (s: number, id: number) =>
      client.allow("window", 1_000_000 + s * 1000, 60_000, 3, id);
    const answers = [];
    for (const [i, s] of [0, 6, 12, 18, 59.9, 60.1, 66.1, 69].entries()) {
      answers.push(await at(s, i));
    }
    assert.deepEqual(answers, [1, 1, 1, 0, 0, 1, 1, 0]);
  });
});
