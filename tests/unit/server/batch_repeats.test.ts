/**
 * Batch: requests that begin like the one before them are parsed from there on and look their key up where it was
 * found. They answer as they do one by one, however the bytes are split and whatever happens to the key on the way.
 */

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import process from "node:process";
import { Prng, randomSeed32 } from "../../../core/base/prng.ts";
import { ask, MemoryNet } from "../net/memory_net.ts";

const ROUNDS = 150;
const KEYS = ["k", "key", "kez", "", "list"];

function request(args: string[]): string {
  return `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join("")}`;
}

/** What comes in runs: about one key, with arguments that differ. */
const REPEATED: ((prng: Prng, key: string) => string[])[] = [
  (prng, key) => ["RPUSH", key, text(prng)],
  (prng, key) => ["LPUSH", key, text(prng), text(prng)],
  (_, key) => ["LPOP", key],
  (_, key) => ["RPOP", key],
  (prng, key) => ["SET", key, text(prng)],
  (_, key) => ["GET", key],
  (prng, key) => ["APPEND", key, text(prng)],
  (prng, key) => ["HSET", key, text(prng), text(prng)],
  (prng, key) => ["SADD", key, text(prng)],
  (_, key) => ["DEL", key],
  (_, key) => ["UNLINK", key],
  (_, key) => ["INCR", key],
  (_, key) => ["TYPE", key],
  (prng, key) => ["EXPIRE", key, String(prng.nextBelow(3) - 1)],
  (_, key) => ["PERSIST", key],
  (prng, key) => ["RENAME", key, pick(prng, KEYS)],
  (prng, key) => ["COPY", key, pick(prng, KEYS), "REPLACE"],
  (_, key) => ["LLEN", key],
  (_, key) => ["GETDEL", key],
  (_, key) => ["SORT", key, "BY", "nosort", "STORE", "list"],
  (prng, key) => ["LMOVE", key, pick(prng, KEYS), "LEFT", "RIGHT"],
  (
    prng,
    key,
  ) => ["EVAL", "return {redis.call('APPEND', KEYS[1], ARGV[1]), #ARGV}", "1", key, text(prng)],
  (
    prng,
    key,
  ) => ["EVAL", "return redis.pcall('INCR', KEYS[1] or 'k')", pick(prng, ["0", "1"]), key],
  (prng) => ["EVAL", "return redis.pcall('LPUSH', KEYS[1], 'x')", "1", pick(prng, KEYS)],
  () => ["EVAL", "return redis.pcall('GET', 'k')", "0"],
  (prng) => ["EVALSHA", pick(prng, ["0".repeat(40), ""])],
  (prng, key) => ["OBJECT", "ENCODING", prng.nextBelow(2) === 0 ? key : "list"],
];

/** What comes in between. */
const BETWEEN: ((prng: Prng) => string)[] = [
  (prng) => request(["SELECT", String(prng.nextBelow(2))]),
  () => request(["SWAPDB", "0", "1"]),
  (prng) => request(prng.nextBelow(4) === 0 ? ["FLUSHALL"] : ["FLUSHDB"]),
  () => request(["MULTI"]),
  () => request(["EXEC"]),
  (prng) => request(["MSET", "k", text(prng), "key", text(prng)]),
  (prng) => request(["DEL", pick(prng, KEYS), pick(prng, KEYS)]),
  () => request(["PING"]),
  (prng) => `GET ${pick(prng, ["k", "key"])}\r\n`,
  () => "\r\n",
  () => "*0\r\n",
  () => request(["GET"]),
  () => request(["NONE", "k"]),
];

function pick<T>(prng: Prng, from: readonly T[]): T {
  return from[prng.nextBelow(from.length)];
}

function text(prng: Prng): string {
  const roll = prng.nextBelow(30);
  if (roll === 0) return "x".repeat(prng.nextBelow(300));
  return roll < 10 ? String(prng.nextBelow(1000)) : `v${"y".repeat(roll)}`;
}

function pipeline(prng: Prng): string[] {
  const requests: string[] = [];
  for (let runs = 1 + prng.nextBelow(12); runs > 0; runs--) {
    const make = pick(prng, REPEATED);
    const key = pick(prng, KEYS);
    for (let n = prng.nextBelow(20); n >= 0; n--) requests.push(request(make(prng, key)));
    if (prng.nextBelow(2) === 0) requests.push(pick(prng, BETWEEN)(prng));
  }
  return requests;
}

describe("a pipeline of requests that begin alike", () => {
  const first = Number(process.env.SEED ?? randomSeed32());
  for (const options of [{}, { readMax: 7 }, { readMax: 101 }, { bringsBuffers: true }]) {
    const name = JSON.stringify(options);
    test(`answers as one by one, ${name}`, async () => {
      const prng = new Prng(first);
      const [pipelined, single] = [new MemoryNet().start(), new MemoryNet().start()];
      const [a, b] = [pipelined.connect(options), single.connect()];
      for (let round = 0; round < ROUNDS; round++) {
        const requests = pipeline(prng);
        const replies = await ask(a, requests.join(""));
        let want = "";
        for (const one of requests) want += await ask(b, one);
        assert.equal(replies, want, `SEED=${first}, ${name}, round ${round}`);
      }
      for (const { server } of [pipelined, single]) {
        for (const db of server.keyspace.dbs) db.keys.validateIntegrity();
        server.arena.validateIntegrity();
      }
    });
  }

  test("serves who waits for the key, and loses it on the way", async () => {
    const net = new MemoryNet().start();
    const [pushing, first, second] = [net.connect(), net.connect(), net.connect()];
    const push = request(["RPUSH", "k", "one"]);
    for (const waiting of [first, second]) await ask(waiting, request(["BLPOP", "k", "0"]));
    assert.equal(await ask(pushing, push.repeat(4)), ":1\r\n:1\r\n:1\r\n:2\r\n");
    for (const waiting of [first, second]) {
      const replies = await ask(waiting, request(["LLEN", "k"]));
      assert.equal(replies, "*2\r\n$1\r\nk\r\n$3\r\none\r\n:2\r\n");
    }
  });
});
