/**
 * The string commands against a naive oracle: random operations on a whole server in this process, with
 * keys that expire by a manual clock, in an arena that notices stores to freed memory. In the end
 * everything is freed and not a block may be left.
 */

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { ManualClock } from "../../core/base/clock.ts";
import { Prng } from "../../core/base/prng.ts";
import { stringCommands } from "../../core/commands/string.ts";
import { Arena } from "../../core/memory/arena.ts";
import {
  ENCODING_NAMES,
  NO_EXPIRY,
  objectEncoding,
  objectExpiry,
} from "../../core/types/object.ts";
import { oneIn, pick, randomInt, randomIntText, randomValue, seed } from "../support/gen.ts";
import { InProcess } from "../support/in_process.ts";
import { escapeBytes, latin1, toBytes } from "../support/resp_reply.ts";
import { StringOracle } from "./string_oracle.ts";

const OOM = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
const ROOMY_BYTES = 128 * 1024 * 1024;
/** The gate before a command wants a megabyte free, so this is little. */
const TIGHT_BYTES = 3 * 1024 * 1024;
const MAX_LEN = 1024 * 1024;
const EDGE_LENGTHS = [0, 20, 21, 44, 45, 890, 896, 897, 1024, 1025, 4096, 16384, 16385, 40_000];

/** Makes commands. A small pool of keys, so that they meet. */
class Commands {
  readonly prng: Prng;
  readonly keys: number;
  nowMs = 0;

  constructor(prng: Prng, keys: number) {
    this.prng = prng;
    this.keys = keys;
  }

  key(): string {
    const n = this.prng.nextBelow(this.keys);
    return n % 7 === 0 ? "k".repeat(n) : n % 5 === 0 ? `\0\xff${n}\r\n` : `key:${n}`;
  }

  value(): string {
    if (oneIn(this.prng, 12)) return "v".repeat(pick(this.prng, EDGE_LENGTHS));
    return latin1(randomValue(this.prng, oneIn(this.prng, 20) ? 3000 : 100));
  }

  number(): string {
    return randomIntText(this.prng);
  }

  offset(): string {
    const { prng } = this;
    if (oneIn(prng, 8)) return this.number();
    if (oneIn(prng, 30)) return String(MAX_LEN - randomInt(prng, 0, 10));
    return String(randomInt(prng, -5, oneIn(prng, 10) ? 20_000 : 60));
  }

  float(): string {
    const { prng } = this;
    if (oneIn(prng, 6)) return pick(prng, ["inf", "nan", "x", "", "1e4000", "-1e-9", "0x1p3"]);
    return String(randomInt(prng, -1000, 1000) / pick(prng, [1, 4, 10, 1000]));
  }

  options(words: string[]): string[] {
    const { prng } = this;
    const out: string[] = [];
    for (let n = pick(prng, [0, 1, 1, 2, 3]); n > 0; n--) {
      const word = pick(prng, words);
      out.push(oneIn(prng, 3) ? word.toLowerCase() : word);
      if (/^(EX|PX)/.test(word) && !oneIn(prng, 20)) out.push(this.time(word));
    }
    return out;
  }

  /** Mostly soon, so that keys do expire. */
  time(word: string): string {
    const { prng } = this;
    if (oneIn(prng, 8)) return this.number();
    const ms = randomInt(prng, -20, oneIn(prng, 2) ? 200 : 5000);
    const base = word.endsWith("AT") ? this.nowMs : 0;
    return String(word.startsWith("EX") ? Math.floor((base + ms) / 1000) : base + ms);
  }

  pairs(): string[] {
    const out: string[] = [];
    for (let n = randomInt(this.prng, 1, 12); n > 0; n--) out.push(this.key(), this.value());
    return out;
  }

  next(): string[] {
    const { prng } = this;
    const key = this.key();
    switch (prng.nextBelow(22)) {
      case 0:
      case 1: {
        const words = ["NX", "XX", "GET", "KEEPTTL", "EX", "PX", "EXAT", "PXAT"];
        return ["SET", key, this.value(), ...this.options(words)];
      }
      case 2:
        return [pick(prng, ["SETNX", "GETSET"]), key, this.value()];
      case 3:
        return ["SETEX", key, this.time("EX"), this.value()];
      case 4:
        return ["PSETEX", key, this.time("PX"), this.value()];
      case 5:
        return ["GETDEL", key];
      case 6:
        return ["GETEX", key, ...this.options(["PERSIST", "EX", "PX", "EXAT", "PXAT"])];
      case 7:
        return ["MGET", ...this.pairs()];
      case 8:
        return [oneIn(prng, 2) ? "MSET" : "MSETNX", ...this.pairs()];
      case 9:
      case 10:
      case 11:
        return ["APPEND", key, this.value()];
      case 12:
      case 13:
        return ["SETRANGE", key, this.offset(), this.value()];
      case 14:
        return [pick(prng, ["GETRANGE", "SUBSTR"]), key, this.offset(), this.offset()];
      case 15:
        return ["STRLEN", key];
      case 16:
        return [pick(prng, ["INCR", "DECR"]), key];
      case 17:
        return [pick(prng, ["INCRBY", "DECRBY"]), key, this.number()];
      case 18:
        return ["INCRBYFLOAT", key, this.float()];
      default:
        return ["GET", key];
    }
  }
}

/** Compares every key's value, encoding and expiry with the oracle's. */
function compareAll(server: InProcess, oracle: StringOracle, hint: string): void {
  const { keyspace } = server.server;
  const db = keyspace.dbs[0];
  oracle.run("GET", [""]); // Drops what has expired.
  for (const [key, value] of oracle.data) {
    const bytes = toBytes(key);
    const ref = keyspace.lookupKey(db, bytes, 0, bytes.length);
    assert.notEqual(ref, 0, `${escapeBytes(key)} is there, ${hint}`);
    const encoding = ENCODING_NAMES[objectEncoding(server.arena, ref)];
    assert.equal(encoding, value.encoding, `encoding of ${escapeBytes(key)}, ${hint}`);
    const expireAt = value.expireAt === null ? NO_EXPIRY : Number(value.expireAt);
    const got = objectExpiry(server.arena, ref);
    // Times beyond 2^53 ms are kept as doubles, which lie 1024 apart at the end.
    const isSame = expireAt === got || got > 2 ** 53 && Math.abs(got - expireAt) <= 2048;
    assert.ok(isSame, `expiry of ${escapeBytes(key)}: ${got}, not ${expireAt}, ${hint}`);
    assert.equal(server.run("GET", key), oracle.run("GET", [key]), `GET, ${hint}`);
  }
  server.validateIntegrity();
}

/** Runs random commands; with a small arena some are refused. Returns how many. */
function runRandom(n: number, keys: number, operations: number, arenaBytes: number): number {
  const prng = new Prng(n);
  const clock = new ManualClock();
  const arena = new Arena({ poison: true, segmentBytes: arenaBytes, segmentsMax: 1 });
  const config = { "proto-max-bulk-len": String(MAX_LEN) };
  const server = new InProcess({ commands: stringCommands, clock, arena, seed: n, config });
  server.empty();
  const { usedBytes, liveBlocks } = arena;
  const oracle = new StringOracle(clock.nowMs(), MAX_LEN);
  const commands = new Commands(prng, keys);
  let refused = 0;
  for (let i = 0; i < operations; i++) {
    if (oneIn(prng, 10)) clock.advance(prng.nextBelow(50));
    oracle.nowMs = BigInt(clock.nowMs());
    commands.nowMs = clock.nowMs();
    const [name, ...args] = commands.next();
    const hint = `operation ${i}, seed ${n}`;
    const shown = `${name} ${args.map((arg) => escapeBytes(arg.slice(0, 100))).join(" ")}`;
    const got = server.run(name, ...args);
    if (got === OOM && arenaBytes < ROOMY_BYTES) {
      refused++;
      continue; // Whether it changed anything will show in what follows.
    }
    const want = oracle.run(name, args);
    assert.ok(got === want, `${shown}\n  ${describe(got)}\nnot ${describe(want)}, ${hint}`);
    if (i % 500 === 499) compareAll(server, oracle, hint);
  }
  compareAll(server, oracle, `at the end, seed ${n}`);
  server.empty();
  assert.equal(arena.usedBytes, usedBytes, `bytes left, seed ${n}`);
  assert.equal(arena.liveBlocks, liveBlocks, `blocks left, seed ${n}`);
  server.validateIntegrity();
  return refused;

  function describe(reply: string): string {
    return `${escapeBytes(reply.slice(0, 300))} (${reply.length} bytes)`;
  }
}

describe("string commands against a naive oracle", () => {
  const n = seed();
  test("few keys, often changed", () => {
    runRandom(n, 8, 6000, ROOMY_BYTES);
  });
  test("some keys", () => {
    runRandom(n + 1, 60, 8000, ROOMY_BYTES);
  });
  test("many keys", () => {
    runRandom(n + 2, 2000, 8000, ROOMY_BYTES);
  });
  test("many keys in little memory", () => {
    const refused = runRandom(n + 3, 1000, 8000, TIGHT_BYTES);
    assert.ok(refused > 0, `some commands are refused, seed ${n}`);
  });
});

describe("LCS against a naive oracle", () => {
  const n = seed();
  test("short strings of few letters", () => {
    const prng = new Prng(n);
    const server = new InProcess({ commands: stringCommands, seed: n });
    const oracle = new StringOracle(0, MAX_LEN);
    for (let i = 0; i < 400; i++) {
      const letters = pick(prng, ["ab", "abc", "abcdefghij"]);
      const word = () =>
        Array.from({ length: prng.nextBelow(25) }, () => pick(prng, [...letters])).join("");
      const pairs = ["a", word(), "b", word()];
      assert.equal(server.run("MSET", ...pairs), oracle.run("MSET", pairs));
      const hint = `${pairs.join(" ")}, seed ${n}`;
      const found = server.run("LCS", "a", "b");
      assert.equal(found, oracle.run("LCS", ["a", "b"]), hint);
      assert.equal(server.run("LCS", "a", "b", "LEN"), oracle.run("LCS", ["a", "b", "LEN"]), hint);
      assert.equal(indexed(server, pairs[1], pairs[3]), found, hint);
    }
  });
});

/** The subsequence put together from the matches of IDX, which must be matches. */
function indexed(server: InProcess, a: string, b: string): string {
  const reply = server.run("LCS", "a", "b", "IDX", "WITHMATCHLEN");
  const numbers = [...reply.matchAll(/:(\d+)\r\n/g)].map((match) => Number(match[1]));
  let text = "";
  for (let i = 0; i + 5 <= numbers.length; i += 5) {
    const [a0, a1, b0, b1, len] = numbers.slice(i, i + 5);
    const part = a.slice(a0, a1 + 1);
    assert.equal(part, b.slice(b0, b1 + 1));
    assert.equal(part.length, len);
    text = part + text;
  }
  assert.equal(numbers[numbers.length - 1], text.length);
  return `$${text.length}\r\n${text}\r\n`;
}
