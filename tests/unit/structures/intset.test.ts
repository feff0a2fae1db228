import { test } from "node:test";
import assert from "node:assert/strict";
import { BIG } from "../../../core/base/numbers.ts";
import { type Arena, ARENA_FULL, refOffset } from "../../../core/memory/arena.ts";
import {
  intsetAdd,
  intsetAt,
  intsetBytes,
  intsetCount,
  intsetCreate,
  intsetDup,
  intsetEncoding,
  intsetFind,
  intsetGet,
  intsetIndex,
  intsetRemove,
  intsetRemoveAt,
  intsetValidate,
  intsetValidateIntegrity,
} from "../../../core/structures/intset.ts";
import { highWord, ListpackValue } from "../../../core/structures/listpack_entry.ts";
import { FailingArena } from "./entries.ts";

const INT64_MIN_HIGH = -(2 ** 31);

function setOf(arena: Arena, ...values: number[]): number {
  let ref = intsetCreate(arena);
  for (const value of values) ref = add(arena, ref, value) || ref;
  return ref;
}

// The same with a safe integer.

function add(arena: Arena, ref: number, value: number): number {
  return intsetAdd(arena, ref, highWord(value), value | 0);
}

function find(arena: Arena, ref: number, value: number): boolean {
  return intsetFind(arena, ref, highWord(value), value | 0);
}

function remove(arena: Arena, ref: number, value: number): number {
  return intsetRemove(arena, ref, highWord(value), value | 0);
}

function valuesOf(arena: Arena, ref: number): number[] {
  return Array.from({ length: intsetCount(arena, ref) }, (_, i) => intsetAt(arena, ref, i));
}

function bytesOf(arena: Arena, ref: number): number[] {
  const at = refOffset(ref);
  return [...(arena.u8[ref >>> 27] as Uint8Array).subarray(at, at + intsetBytes(arena, ref))];
}

function validate(bytes: ArrayLike<number>, deep = true): boolean {
  const framed = new Uint8Array(bytes.length + 2).fill(1);
  framed.set(bytes, 1);
  return intsetValidate(framed, 1, bytes.length, deep);
}

test("an empty set", () => {
  const arena = new FailingArena();
  const ref = intsetCreate(arena);
  assert.deepEqual(bytesOf(arena, ref), [2, 0, 0, 0, 0, 0, 0, 0]);
  assert.ok(!find(arena, ref, 0));
  assert.equal(remove(arena, ref, 0), 0);
  intsetValidateIntegrity(arena, ref);
  arena.free(ref);
  assert.equal(arena.usedBytes, 0);
});

test("integers lie in ascending order, each once", () => {
  const arena = new FailingArena();
  let ref = setOf(arena, 5, -3, 100, 5, 0);
  assert.deepEqual(valuesOf(arena, ref), [-3, 0, 5, 100]);
  assert.deepEqual(bytesOf(arena, ref), [2, 0, 0, 0, 4, 0, 0, 0, 253, 255, 0, 0, 5, 0, 100, 0]);
  assert.equal(add(arena, ref, 100), 0);
  assert.ok(find(arena, ref, -3) && !find(arena, ref, -4));
  ref = remove(arena, ref, 0);
  assert.deepEqual(valuesOf(arena, ref), [-3, 5, 100]);
  assert.equal(remove(arena, ref, 0), 0);
  ref = intsetRemoveAt(arena, ref, 2);
  assert.deepEqual(valuesOf(arena, ref), [-3, 5]);
  assert.equal(arena.usable(ref), 16);
  intsetValidateIntegrity(arena, ref);
});

test("the limits of the encodings", () => {
  for (
    const [value, encoding] of [
      [32767, 2],
      [-32768, 2],
      [32768, 4],
      [-32769, 4],
      [2147483647, 4],
      [-2147483648, 4],
      [2147483648, 8],
      [-2147483649, 8],
      [Number.MAX_SAFE_INTEGER, 8],
      [-Number.MAX_SAFE_INTEGER, 8],
    ]
  ) {
    const arena = new FailingArena();
    const ref = setOf(arena, 1, -1, 300, value);
    assert.equal(intsetEncoding(arena, ref), encoding, `${value}`);
    const want = [-1, 1, 300, value].sort((a, b) => a - b);
    assert.deepEqual(valuesOf(arena, ref), want);
    assert.ok(find(arena, ref, value));
    assert.ok(!find(arena, ref, value < 0 ? value + 1 : value - 1));
    intsetValidateIntegrity(arena, ref);
    // Widening is for good.
    const narrow = remove(arena, ref, value);
    assert.equal(intsetEncoding(arena, narrow), encoding);
    assert.deepEqual(valuesOf(arena, narrow), [-1, 1, 300]);
  }
});

test("a narrow set knows at once that it has no wide integer", () => {
  const arena = new FailingArena();
  const ref = setOf(arena, 1, 2, 3);
  assert.ok(!find(arena, ref, 4294967297));
  assert.ok(!intsetFind(arena, ref, INT64_MIN_HIGH, 2));
  assert.equal(intsetIndex(arena, ref, INT64_MIN_HIGH, 2), 0);
  assert.equal(intsetIndex(arena, ref, 7, 2), 3);
  assert.equal(intsetIndex(arena, ref, 0, 3), 2);
  assert.equal(remove(arena, ref, 65537), 0);
});

test("integers beyond 2^53 are pairs of words", () => {
  const arena = new FailingArena();
  let ref = setOf(arena, 0, 9007199254740991);
  ref = intsetAdd(arena, ref, 0x7fffffff, -1);
  ref = intsetAdd(arena, ref, 0x7fffffff, -2);
  ref = intsetAdd(arena, ref, INT64_MIN_HIGH, 0);
  ref = intsetAdd(arena, ref, 0x00200000, 1);
  assert.equal(intsetAdd(arena, ref, 0x7fffffff, -2), 0);
  assert.deepEqual(valuesOf(arena, ref), [BIG, 0, 9007199254740991, BIG, BIG, BIG]);
  const value = new ListpackValue();
  const texts: string[] = [];
  for (let i = 0; i < 6; i++) {
    intsetGet(arena, ref, i, value);
    texts.push(String(value.bigInt()));
  }
  assert.deepEqual(texts, [
    "-9223372036854775808",
    "0",
    "9007199254740991",
    "9007199254740993",
    "9223372036854775806",
    "9223372036854775807",
  ]);
  assert.ok(!intsetFind(arena, ref, 0x00200000, 2));
  ref = intsetRemove(arena, ref, 0x7fffffff, -1);
  assert.equal(intsetCount(arena, ref), 5);
  intsetValidateIntegrity(arena, ref);
});

test("when memory runs out nothing has changed", () => {
  const arena = new FailingArena();
  const ref = setOf(arena, 1, 2, 3, 4);
  const before = bytesOf(arena, ref);
  for (const value of [5, -1, 100_000, -(2 ** 40)]) {
    arena.failIn = 0;
    assert.throws(() => add(arena, ref, value), (error) => error === ARENA_FULL);
    assert.deepEqual(bytesOf(arena, ref), before);
  }
  arena.failIn = 0;
  assert.equal(remove(arena, ref, 3), ref);
});

test("a copy has the same bytes", () => {
  const arena = new FailingArena();
  const ref = setOf(arena, 10, 20, 30);
  assert.deepEqual(bytesOf(arena, intsetDup(arena, ref)), bytesOf(arena, ref));
});

test("validate refuses what is no intset", () => {
  assert.ok(validate([2, 0, 0, 0, 1, 0, 0, 0, 5, 0]));
  assert.ok(validate([4, 0, 0, 0, 2, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0]));
  const wide = [8, 0, 0, 0, 2, 0, 0, 0, 255, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 128, 1, 0, 0, 0];
  assert.ok(validate(wide));
  const bad: [string, number[]][] = [
    ["nothing", []],
    ["half a header", [2, 0, 0, 0]],
    ["an empty set", [2, 0, 0, 0, 0, 0, 0, 0]],
    ["an unknown encoding", [3, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0]],
    ["a length that is too large", [2, 0, 0, 0, 2, 0, 0, 0, 5, 0]],
    ["a length that is too small", [2, 0, 0, 0, 1, 0, 0, 0, 5, 0, 6, 0]],
    ["a length beyond all", [2, 0, 0, 0, 1, 0, 0, 128, 5, 0]],
    ["an integer twice", [2, 0, 0, 0, 2, 0, 0, 0, 5, 0, 5, 0]],
    ["a descent", [2, 0, 0, 0, 2, 0, 0, 0, 5, 0, 255, 255]],
    ["a descent in the high words", [...wide.slice(0, 8), ...wide.slice(16), ...wide.slice(8, 16)]],
  ];
  for (const [what, bytes] of bad) assert.ok(!validate(bytes), what);
  assert.ok(validate([2, 0, 0, 0, 2, 0, 0, 0, 5, 0, 5, 0], false));
});
