import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { Prng } from "../../../core/base/prng.ts";
import { AccessPolicy, LFU_INIT } from "../../../core/keyspace/access.ts";
import { seed } from "../../support/gen.ts";

const START_MS = 1_700_000_000_000;
const MINUTE_MS = 60_000;

describe("access times (LRU)", () => {
  test("count seconds, and a long while goes round", () => {
    const policy = new AccessPolicy(new Prng(1));
    policy.setTime(START_MS);
    const access = policy.initial();
    assert.equal(access, Math.floor(START_MS / 1000) % 2 ** 24);
    assert.equal(policy.idleSeconds(access), 0);
    policy.setTime(START_MS + 999);
    assert.equal(policy.idleSeconds(access), 0);
    policy.setTime(START_MS + 5_000);
    assert.equal(policy.idleSeconds(access), 5);
    assert.equal(policy.touched(access), access + 5);
    for (const seconds of [2 ** 24 - 1, 2 ** 24, 2 ** 24 + 7]) {
      policy.setTime(START_MS + seconds * 1000);
      assert.equal(policy.idleSeconds(access), seconds % 2 ** 24);
    }
  });

  test("can be made from an idle time", () => {
    const policy = new AccessPolicy(new Prng(1));
    policy.setTime(START_MS);
    for (const seconds of [0, 1, 100_000, 2 ** 24 - 1]) {
      assert.equal(policy.idleSeconds(policy.lruFromIdle(seconds)), seconds);
    }
  });
});

describe("access counters (LFU)", () => {
  function lfu(n: number): AccessPolicy {
    const policy = new AccessPolicy(new Prng(n));
    policy.lfu = true;
    policy.setTime(START_MS);
    return policy;
  }

  test("begin at five and grow ever more slowly", () => {
    const n = seed();
    const policy = lfu(n);
    const keys = new Array<number>(30).fill(policy.initial());
    assert.equal(policy.decayed(keys[0]), LFU_INIT);
    // What Redis's documentation gives for a factor of 10: about 10 after 100 hits, 18 after 1,000,
    // 49 after 10,000, 142 after 100,000. One counter strays (5 of 142 is usual), their mean hardly.
    const expected: [hits: number, mean: number, within: number][] = [
      [100, 9.4, 2],
      [1000, 19, 3],
      [10_000, 50, 5],
      [100_000, 146, 6],
    ];
    let hits = 0;
    for (const [until, expectedMean, within] of expected) {
      for (let k = 0; k < keys.length; k++) {
        for (let hit = hits; hit < until; hit++) keys[k] = policy.touched(keys[k]);
      }
      hits = until;
      const mean = keys.reduce((sum, access) => sum + policy.decayed(access), 0) / keys.length;
      assert.ok(Math.abs(mean - expectedMean) < within, `seed ${n}: ${mean} after ${hits}`);
    }
    let access = keys[0];
    for (; policy.decayed(access) < 255; hits++) access = policy.touched(access);
    assert.ok(hits < 2_000_000, `seed ${n}: 255 after ${hits}`);
    policy.logFactor = 0;
    assert.equal(policy.decayed(policy.touched(access)), 255);
  });

  test("fall by one per lfu-decay-time minutes", () => {
    const policy = lfu(1);
    const access = policy.lfuFromCounter(100);
    assert.equal(policy.decayed(access), 100);
    policy.setTime(START_MS + 10 * MINUTE_MS);
    assert.equal(policy.decayed(access), 90);
    policy.decayMinutes = 3;
    assert.equal(policy.decayed(access), 97);
    policy.decayMinutes = 0;
    assert.equal(policy.decayed(access), 100);
    policy.decayMinutes = 1;
    policy.setTime(START_MS + 500 * MINUTE_MS);
    assert.equal(policy.decayed(access), 0);
    // A touch writes the decay down. From below five the counter rises for sure.
    assert.equal(policy.decayed(policy.touched(access)), 1);
  });

  test("survive the end of the 16 bits of minutes", () => {
    const policy = lfu(1);
    const minutes = 2 ** 16 * 500 - 2;
    policy.setTime(minutes * MINUTE_MS);
    const access = policy.lfuFromCounter(50);
    policy.setTime((minutes + 10) * MINUTE_MS);
    assert.equal(policy.decayed(access), 40);
  });
});
