/**
 * The intset against a sorted array of BigInts: random additions and removals in every encoding, memory that
 * runs out at any allocation, and hostile bytes.
 */
import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { BIG } from "../../core/base/numbers.ts";
import { Prng } from "../../core/base/prng.ts";
import { ARENA_FULL, refOffset } from "../../core/memory/arena.ts";
import {
  intsetAdd,
  intsetAt,
  intsetBytes,
  intsetCount,
  intsetCreate,
  intsetEncoding,
  intsetFind,
  intsetGet,
  intsetIndex,
  intsetRemove,
  intsetRemoveAt,
  intsetValidate,
  intsetValidateIntegrity,
} from "../../core/structures/intset.ts";
import { ListpackValue } from "../../core/structures/listpack_entry.ts";
import { EDGE_INTEGERS, oneIn, pick, randomBytes, randomInt, seeded } from "../support/gen.ts";
import { FailingArena } from "../unit/structures/entries.ts";

const EDGES = EDGE_INTEGERS.map(BigInt).filter((v) => BigInt.asIntN(64, v) === v);
const SAFE_MAX = BigInt(Number.MAX_SAFE_INTEGER);
const value = new ListpackValue();

/** An intset and its oracle. */
class Model {
  readonly arena: FailingArena;
  readonly prng: Prng;
  ref: number;
  /** In ascending order. */
  values: bigint[] = [];
  encoding = 2;

  constructor(n: number, arena: FailingArena) {
    this.arena = arena;
    this.prng = new Prng(n);
    this.ref = intsetCreate(arena);
  }

  /** Compares all bytes. */
  check(): void {
    const { arena, ref, values, encoding } = this;
    assert.equal(intsetEncoding(arena, ref), encoding);
    assert.equal(intsetCount(arena, ref), values.length);
    assert.equal(intsetBytes(arena, ref), 8 + values.length * encoding);
    const want = new DataView(new ArrayBuffer(8 + values.length * encoding));
    want.setUint32(0, encoding, true);
    want.setUint32(4, values.length, true);
    values.forEach((v, i) => {
      if (encoding === 2) want.setInt16(8 + i * 2, Number(v), true);
      else if (encoding === 4) want.setInt32(8 + i * 4, Number(v), true);
      else want.setBigInt64(8 + i * 8, v, true);
    });
    const at = refOffset(ref);
    const bytes = arena.u8[ref >>> 27] as Uint8Array;
    assert.deepEqual(bytes.slice(at, at + want.byteLength), new Uint8Array(want.buffer));
    intsetValidateIntegrity(arena, ref);
  }

  read(): void {
    const { arena, ref, values } = this;
    values.forEach((v, i) => {
      assert.equal(intsetAt(arena, ref, i), isSafe(v) ? Number(v) : BIG);
      intsetGet(arena, ref, i, value);
      assert.equal(value.bigInt(), v);
      assert.ok(intsetFind(arena, ref, hi(v), lo(v)));
      assert.equal(intsetIndex(arena, ref, hi(v), lo(v)), i);
    });
  }

  /** Throws ArenaFull. */
  add(v: bigint): void {
    const { arena, ref, values } = this;
    const got = intsetAdd(arena, ref, hi(v), lo(v));
    assert.equal(got === 0, values.includes(v), `add ${v}`);
    if (got === 0) return;
    this.ref = got;
    values.splice(this.place(v), 0, v);
    const needs = BigInt.asIntN(16, v) === v ? 2 : BigInt.asIntN(32, v) === v ? 4 : 8;
    this.encoding = Math.max(this.encoding, needs);
  }

  remove(v: bigint): void {
    const { arena, ref, values } = this;
    const at = values.indexOf(v);
    let got: number;
    if (at >= 0 && oneIn(this.prng, 3)) got = intsetRemoveAt(arena, ref, at);
    else got = intsetRemove(arena, ref, hi(v), lo(v));
    assert.equal(got === 0, at < 0, `remove ${v}`);
    if (at < 0) return;
    this.ref = got;
    values.splice(at, 1);
  }

  find(v: bigint): void {
    const { arena, ref, values } = this;
    assert.equal(intsetFind(arena, ref, hi(v), lo(v)), values.includes(v), `find ${v}`);
    assert.equal(intsetIndex(arena, ref, hi(v), lo(v)), this.place(v));
  }

  private place(v: bigint): number {
    const at = this.values.findIndex((other) => other >= v);
    return at < 0 ? this.values.length : at;
  }
}

function isSafe(v: bigint): boolean {
  return v <= SAFE_MAX && v >= -SAFE_MAX;
}

function hi(v: bigint): number {
  return Number(BigInt.asIntN(32, v >> 32n));
}

function lo(v: bigint): number {
  return Number(BigInt.asIntN(32, v));
}

/** An integer of at most `bits` bits, small ones among them. */
function randomValue(prng: Prng, bits: number): bigint {
  if (oneIn(prng, 4)) {
    const edge = pick(prng, EDGES);
    if (BigInt.asIntN(bits, edge) === edge) return edge;
  }
  const v = BigInt(prng.nextU32()) << 32n | BigInt(prng.nextU32());
  return BigInt.asIntN(oneIn(prng, 2) ? bits : randomInt(prng, 2, Math.min(bits, 9)), v);
}

/** Sets that grow and shrink, of narrow integers first and of wider ones later. */
function run(model: Model, steps: number, failures: boolean): number {
  const { arena, prng } = model;
  let refused = 0;
  for (let i = 0; i < steps; i++) {
    const bits = [9, 16, 32, 54, 64][Math.floor(i * 5 / steps)];
    const v = randomValue(prng, bits);
    const grow = Math.floor(i / 400) % 2 === 0 ? 70 : 25;
    if (failures) arena.failIn = oneIn(prng, 2) ? 0 : -1;
    try {
      if (prng.nextBelow(100) < grow) model.add(v);
      else model.remove(oneIn(prng, 2) || model.values.length === 0 ? v : pick(prng, model.values));
    } catch (error) {
      if (error !== ARENA_FULL) throw error;
      refused++;
    }
    arena.failIn = -1;
    model.check();
    model.find(randomValue(prng, 64));
    if (oneIn(prng, 50)) model.read();
  }
  assert.equal(model.encoding, 8);
  arena.validateIntegrity();
  assert.equal(arena.liveBlocks, 1);
  arena.free(model.ref);
  assert.equal(arena.usedBytes, 0, "everything is given back");
  return refused;
}

describe("intset against a sorted array", () => {
  test("random additions and removals in every encoding", () => {
    seeded((n) => {
      for (let round = 0; round < 4; round++) {
        run(new Model(n + round, new FailingArena()), 2000, false);
      }
    });
  });

  test("memory runs out at any allocation: nothing has changed", () => {
    seeded((n) => {
      assert.ok(run(new Model(n, new FailingArena()), 4000, true) > 50);
    });
  });

  test("in an arena of one small segment", () => {
    seeded((n) => {
      const model = new Model(n, new FailingArena({ segmentBytes: 1 << 18, segmentsMax: 1 }));
      const { arena, values } = model;
      let refused = 0;
      model.encoding = 4;
      // Ascending, so that the oracle need not search among so many.
      for (let i = 50_000; refused < 10; i++) {
        try {
          model.ref = intsetAdd(arena, model.ref, 0, i * 3);
          values.push(BigInt(i * 3));
        } catch (error) {
          if (error !== ARENA_FULL) throw error;
          refused++;
          model.check();
          for (let k = 0; k < 20; k++) model.remove(pick(model.prng, values));
        }
      }
      model.read();
      assert.ok(model.values.length > 10_000, `${model.values.length}`);
      model.arena.free(model.ref);
      assert.equal(model.arena.usedBytes, 0);
    });
  });
});

describe("hostile bytes", () => {
  test("random and damaged intsets are refused, or hold what they should", () => {
    seeded((n) => {
      const prng = new Prng(n);
      const arena = new FailingArena();
      let passed = 0;
      for (let round = 0; round < 20_000; round++) {
        const bytes = hostile(prng);
        const off = prng.nextBelow(3);
        const framed = new Uint8Array(bytes.length + 3).fill(0xff);
        framed.set(bytes, off);
        if (!intsetValidate(framed, off, bytes.length, true)) continue;
        passed++;
        const ref = arena.alloc(bytes.length);
        arena.copyIn(ref, 0, framed, off, bytes.length);
        const count = intsetCount(arena, ref);
        for (let i = 0; i < count; i++) {
          intsetGet(arena, ref, i, value);
          assert.equal(intsetIndex(arena, ref, value.hi, value.lo), i);
        }
        arena.free(ref);
      }
      assert.ok(passed > 500, `${passed}`);
      assert.equal(arena.usedBytes, 0);
    });
  });
});

/** Random integers behind a header that nearly always fits. */
function hostile(prng: Prng): Uint8Array {
  const encoding = pick(prng, [2, 4, 8]);
  const count = prng.nextBelow(4);
  const bytes = new Uint8Array(8 + encoding * count);
  bytes.set(randomBytes(prng, encoding * count), 8);
  bytes[0] = encoding;
  bytes[4] = count;
  if (oneIn(prng, 8)) bytes[prng.nextBelow(bytes.length)] ^= 1 << prng.nextBelow(8);
  return oneIn(prng, 10) ? bytes.slice(0, prng.nextBelow(bytes.length + 1)) : bytes;
}
