/**
 * The HyperLogLog commands against plain registers: what is stored has the registers that the elements make, in
 * the fewest runs that Redis's way of joining them leaves; estimates are near; unions are maxima. On a whole
 * server in this process, under limits so small that values become dense all the time.
 */

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { Prng } from "../../core/base/prng.ts";
import { hyperloglogCommands } from "../../core/commands/hyperloglog.ts";
import { stringCommands } from "../../core/commands/string.ts";
import { Arena } from "../../core/memory/arena.ts";
import { hllPlace } from "../../core/types/hyperloglog.ts";
import { oneIn, pick, randomInt, seed } from "../support/gen.ts";
import { InProcess } from "../support/in_process.ts";
import { toBytes } from "../support/resp_reply.ts";

const REGISTERS = 16384;
const HEADER = 16;
const DENSE_LEN = HEADER + REGISTERS * 6 / 8;
const KEYS = ["a", "b", "c", "d"];

/** Registers of a value. Throws unless all runs are right. */
function decode(value: string): Uint8Array {
  const bytes = toBytes(value);
  assert.equal(value.slice(0, 4), "HYLL");
  const registers = new Uint8Array(REGISTERS);
  if (bytes[4] === 0) {
    assert.equal(bytes.length, DENSE_LEN);
    for (let i = 0; i < REGISTERS; i++) {
      const at = HEADER + Math.floor(i * 6 / 8);
      const pair = bytes[at] | (bytes[at + 1] ?? 0) << 8;
      registers[i] = pair >> (i * 6 % 8) & 63;
    }
    return registers;
  }
  let index = 0;
  for (let at = HEADER; at < bytes.length; at++) {
    const run = bytes[at];
    let len = run + 1;
    if (run >= 0x80) {
      len = (run & 3) + 1;
      registers.fill((run >> 2 & 31) + 1, index, index + len);
    } else if (run >= 0x40) len = ((run & 0x3f) << 8 | bytes[++at]) + 1;
    index += len;
  }
  assert.equal(index, REGISTERS, "the runs add up");
  return registers;
}

function isSparse(value: string): boolean {
  return value.charCodeAt(4) === 1;
}

/** The integer in a reply. */
function integerOf(reply: string): number {
  assert.match(reply, /^:\d+\r\n$/);
  return Number(reply.slice(1));
}

class Model {
  readonly server: InProcess;
  readonly prng: Prng;
  readonly hint: string;
  readonly registers = new Map<string, Uint8Array>();
  readonly elements = new Map<string, Set<string>>();
  readonly sparseMax: number;

  constructor(n: number, arena: Arena, sparseMax: number) {
    const commands = [...hyperloglogCommands, ...stringCommands];
    const config = { "hll-sparse-max-bytes": String(sparseMax) };
    this.server = new InProcess({ commands, arena, seed: n, config });
    this.prng = new Prng(n);
    this.hint = `seed ${n}`;
    this.sparseMax = sparseMax;
  }

  add(key: string, elements: string[]): void {
    const before = this.registers.get(key);
    const registers = before ?? new Uint8Array(REGISTERS);
    let rose = before === undefined;
    for (const element of elements) {
      const place = hllPlace(toBytes(element), 0, element.length);
      if (registers[place >> 6] >= (place & 63)) continue;
      registers[place >> 6] = place & 63;
      rose = true;
    }
    const reply = this.server.run("PFADD", key, ...elements);
    assert.equal(reply, rose ? ":1\r\n" : ":0\r\n", this.hint);
    this.registers.set(key, registers);
    const seen = this.elements.get(key) ?? new Set();
    for (const element of elements) seen.add(element);
    this.elements.set(key, seen);
  }

  merge(target: string, sources: string[]): void {
    assert.equal(this.server.run("PFMERGE", target, ...sources), "+OK\r\n", this.hint);
    const keys = [target, ...sources];
    this.registers.set(target, this.union(keys));
    this.elements.set(target, this.seen(keys));
  }

  /** The estimate is within six standard errors, and the union of one key is the key's own. */
  count(keys: string[]): void {
    const estimate = integerOf(this.server.run("PFCOUNT", ...keys));
    const exact = this.seen(keys).size;
    const error = Math.abs(estimate - exact);
    assert.ok(error <= Math.max(2, exact * 6 * 0.0081), `${estimate}, not ${exact}, ${this.hint}`);
    if (keys.length > 1) return;
    assert.equal(integerOf(this.server.run("PFCOUNT", keys[0], keys[0])), estimate, this.hint);
    assert.equal(integerOf(this.server.run("PFCOUNT", keys[0])), estimate, this.hint);
  }

  /** Compares the value with the registers. */
  check(key: string): void {
    const reply = this.server.run("GET", key);
    const registers = this.registers.get(key);
    if (registers === undefined) {
      assert.equal(reply, "$-1\r\n", this.hint);
      return;
    }
    const value = reply.slice(reply.indexOf("\n") + 1, -2);
    assert.deepEqual(decode(value), registers, this.hint);
    if (isSparse(value)) assert.ok(value.length <= Math.max(this.sparseMax, 18), this.hint);
  }

  drop(key: string): void {
    this.server.run("GETDEL", key);
    this.registers.delete(key);
    this.elements.delete(key);
  }

  private union(keys: string[]): Uint8Array {
    const union = new Uint8Array(REGISTERS);
    for (const key of keys) {
      this.registers.get(key)?.forEach((value, i) => union[i] = Math.max(union[i], value));
    }
    return union;
  }

  private seen(keys: string[]): Set<string> {
    return new Set(keys.flatMap((key) => [...this.elements.get(key) ?? []]));
  }
}

function runRandom(n: number, sparseMax: number, operations: number, most: number): void {
  const arena = new Arena({ poison: true, segmentBytes: 16 * 1024 * 1024, segmentsMax: 1 });
  const model = new Model(n, arena, sparseMax);
  model.server.empty();
  const { usedBytes, liveBlocks } = arena;
  const { prng } = model;
  for (let i = 0; i < operations; i++) {
    const key = pick(prng, KEYS);
    const kind = prng.nextBelow(12);
    if (kind < 7) {
      const count = randomInt(prng, 0, oneIn(prng, 4) ? most : 3);
      model.add(key, Array.from({ length: count }, () => `e${prng.nextBelow(most * 50)}`));
    } else if (kind < 9) model.count(oneIn(prng, 2) ? [key] : [key, pick(prng, KEYS), "nosuch"]);
    else if (kind < 11) {
      model.merge(key, Array.from({ length: prng.nextBelow(3) }, () => pick(prng, KEYS)));
    } else if (oneIn(prng, 4)) model.drop(key);
    if (i % 5 === 0) model.check(key);
  }
  for (const key of KEYS) model.check(key);
  model.server.validateIntegrity();
  model.server.empty();
  assert.equal(arena.usedBytes, usedBytes, `bytes left, seed ${n}`);
  assert.equal(arena.liveBlocks, liveBlocks, `blocks left, seed ${n}`);
}

describe("HyperLogLog commands against plain registers", () => {
  const n = seed();
  test("few elements, sparse", () => runRandom(n, 3000, 1500, 20));
  test("many elements", () => runRandom(n + 1, 3000, 250, 600));
  test("dense at once", () => runRandom(n + 2, 0, 250, 20));
  test("dense after a few", () => runRandom(n + 3, 60, 500, 12));
  test("sparse as long as it can be", () => runRandom(n + 4, 20_000, 250, 600));
});

test("the runs are joined", () => {
  // Elements one after the other must leave no two neighbours that fit into one run, as far as five runs reach.
  const n = seed();
  const server = new InProcess({ commands: [...hyperloglogCommands, ...stringCommands], seed: n });
  const prng = new Prng(n);
  for (let i = 0; i < 800; i++) server.run("PFADD", "k", `${prng.nextU32()}`);
  const runs = server.run("PFDEBUG", "DECODE", "k").split("\r\n")[1].split(" ");
  for (let i = 1; i < runs.length; i++) {
    const [a, b] = [runs[i - 1], runs[i]];
    if (a[0] !== "v" || b[0] !== "v") continue;
    const [valueA, lenA] = a.slice(2).split(",").map(Number);
    const [valueB, lenB] = b.slice(2).split(",").map(Number);
    assert.ok(valueA !== valueB || lenA + lenB > 4, `${a} ${b}, seed ${n}`);
  }
});
