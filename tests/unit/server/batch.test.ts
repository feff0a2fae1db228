/** Batch: pipelined requests about one large value answer as they do one by one. */

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { Prng, randomSeed32 } from "../../../core/base/prng.ts";
import process from "node:process";
import { ask, MemoryNet } from "../net/memory_net.ts";

/** Enough for a batch to look its members up in advance. */
const MEMBERS = 40_000;
const ROUNDS = 60;

function request(args: string[]): string {
  return `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join("")}`;
}

/** A random request about one key, now and then about another one, or a wrong one. */
function randomArgs(prng: Prng, key: string, verbs: readonly string[]): string[] {
  const roll = prng.nextBelow(400);
  if (roll === 0) return ["DEL", key];
  if (roll === 1) return [prng.nextBelow(2) === 0 ? "SADD" : "HSET", key];
  if (roll === 2) return ["PING"];
  if (roll === 3) return ["SET", "other", "1"];
  const verb = verbs[prng.nextBelow(verbs.length)];
  const member = () => `member:${prng.nextBelow(MEMBERS * 2)}`;
  const args = [verb, key, member()];
  if (verb === "HSET") args.push(String(roll));
  else if (verb !== "SISMEMBER" && verb !== "HGET" && roll < 50) args.push(member(), member());
  return args;
}

async function compare(key: string, fill: (i: number) => string[], verbs: string[], seed: number) {
  const prng = new Prng(seed);
  const [pipelined, single] = [new MemoryNet().start(), new MemoryNet().start()];
  const [a, b] = [pipelined.connect(), single.connect()];
  let filled = "";
  for (let i = 0; i < MEMBERS; i++) filled += request(fill(i));
  assert.equal(await ask(a, filled), await ask(b, filled));
  for (let round = 0; round < ROUNDS; round++) {
    if (round % 20 === 10) assert.equal(await ask(a, filled), await ask(b, filled));
    const requests: string[] = [];
    for (let n = prng.nextBelow(200); n >= 0; n--) {
      requests.push(request(randomArgs(prng, key, verbs)));
    }
    const replies = await ask(a, requests.join(""));
    let want = "";
    for (const one of requests) want += await ask(b, one);
    assert.equal(replies, want, `seed ${seed}, round ${round}`);
  }
  pipelined.server.arena.validateIntegrity();
}

describe("a pipeline about one large value", () => {
  const seed = Number(process.env.SEED ?? randomSeed32());
  test("a set", () =>
    compare(
      "s",
      (i) => ["SADD", "s", `member:${i}`],
      ["SADD", "SREM", "SISMEMBER", "SMISMEMBER"],
      seed,
    ));
  test("a hash", () =>
    compare(
      "h",
      (i) => ["HSET", "h", `member:${i}`, "x"],
      ["HSET", "HGET", "HDEL", "HMGET"],
      seed,
    ));
  test("a key of another type", () =>
    compare("s", (i) => ["SADD", "s", `member:${i}`], ["SADD", "HSET", "HGET", "SREM"], seed));
});
