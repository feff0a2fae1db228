/**
 * LuaTable beside a Map: random sets and reads of whole numbers around the borders of the array part,
 * of sparse and large ones, fractions and strings; `#`, and traversals that delete.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Prng } from "../../../../core/base/prng.ts";
import { openState } from "../../../../core/scripting/lua/open.ts";
import { LuaTable } from "../../../../core/scripting/lua/table.ts";
import { LuaError, type LuaValue } from "../../../../core/scripting/lua/value.ts";

const SEED = Number(process.env.SEED ?? "1");

/** How keys are chosen. */
const KEYS: Record<string, (prng: Prng, i: number) => LuaValue> = {
  "small": (prng) => prng.nextBelow(20) - 2,
  "in order": (_, i) => i + 1,
  "backwards": (_, i) => 600 - i,
  "every second": (prng, i) => prng.nextBelow(4) > 0 ? 2 * i + 4 : 1 + prng.nextBelow(2 * i + 4),
  "every fifth": (_, i) => 5 * i + 5,
  "around powers of two": (prng) => 2 ** prng.nextBelow(12) + prng.nextBelow(5) - 2,
  "sparse": (prng) => prng.nextBelow(2 ** 31),
  "sparse and small": (prng) => prng.nextBelow(2) === 0 ? prng.nextBelow(30) : prng.nextBelow(2000),
  "odd": (prng) => {
    const odd = [
      0,
      -0,
      -1,
      0.5,
      1.5,
      2 ** 31,
      2 ** 31 - 1,
      2 ** 32 + 1,
      2 ** 53,
      -(2 ** 31),
      1e300,
    ];
    return [
      ...odd,
      Infinity,
      "1",
      "a",
      "",
      true,
      false,
      1,
      2,
      3,
      8,
      16,
    ][prng.nextBelow(odd.length + 11)];
  },
  "all": (prng, i) => {
    const names = Object.keys(KEYS);
    return KEYS[names[prng.nextBelow(names.length - 1)]](prng, i);
  },
};

class Oracle {
  readonly table = new LuaTable();
  readonly map = new Map<LuaValue, LuaValue>();
  readonly note: string;

  constructor(note: string) {
    this.note = note;
  }

  set(key: LuaValue, value: LuaValue): void {
    this.table.set(key, value);
    if (value === undefined) this.map.delete(key);
    else this.map.set(key, value);
  }

  checkKey(key: LuaValue): void {
    assert.equal(this.table.get(key), this.map.get(key), `${this.note}: ${String(key)}`);
  }

  checkLength(): void {
    const n = this.table.length();
    const isBorder = (n === 0 || this.map.has(n)) && !this.map.has(n + 1);
    assert.ok(isBorder, `${this.note}: # says ${n}`);
  }

  /** Goes over all, and deletes or changes some of what it meets; with `next` or by position. */
  traverse(prng: Prng, byKey: boolean): void {
    const { table } = this;
    const left = new Map(this.map);
    let pos = 0;
    for (;;) {
      pos = table.nextPosition(pos);
      if (pos < 0) break;
      const key = table.keyAt(pos);
      assert.equal(table.valueAt(pos), left.get(key), `${this.note}: value of ${String(key)}`);
      assert.ok(left.delete(key), `${this.note}: ${String(key)} comes again`);
      const what = prng.nextBelow(4);
      if (what < 2) this.set(key, what === 0 ? undefined : prng.nextBelow(1000));
      if (byKey) pos = table.positionOf(key);
      assert.ok(pos > 0, `${this.note}: ${String(key)} has no position`);
    }
    assert.equal(left.size, 0, `${this.note}: ${left.size} weren't met`);
  }
}

describe("tables hold what was put there", () => {
  for (const name of Object.keys(KEYS)) {
    test(name, () => {
      for (let round = 0; round < 20; round++) {
        const prng = new Prng(SEED * 1009 + round);
        const oracle = new Oracle(`seed ${SEED}, round ${round}`);
        const deletions = prng.nextBelow(6);
        for (let i = 0; i < 500; i++) {
          const key = KEYS[name](prng, i);
          oracle.set(key, prng.nextBelow(10) < deletions ? undefined : i);
          oracle.checkKey(key);
          oracle.checkKey(KEYS[name](prng, i));
          if (prng.nextBelow(4) === 0) oracle.checkLength();
          if (prng.nextBelow(100) === 0) oracle.traverse(prng, prng.nextBelow(2) === 0);
        }
        for (const key of oracle.map.keys()) oracle.checkKey(key);
        oracle.traverse(prng, true);
        oracle.checkLength();
      }
    });
  }
});

test("a queue moves on without the table growing", () => {
  const oracle = new Oracle("queue");
  for (let i = 1; i <= 5_000; i++) {
    oracle.set(i, i);
    if (i > 10) oracle.set(i - 10, undefined);
    if (i % 100 === 0) oracle.checkLength();
  }
  assert.ok(oracle.table.arr.length < 200, `${oracle.table.arr.length} places`);
  oracle.traverse(new Prng(1), true);
});

test("sparse keys take no places", () => {
  const oracle = new Oracle("sparse");
  for (let i = 1; i <= 1_000; i++) oracle.set(i * 1_000_003, i);
  for (let i = 1; i <= 1_000; i++) oracle.checkKey(i * 1_000_003);
  assert.ok(oracle.table.arr.length < 100, `${oracle.table.arr.length} places`);
});

test("sizes of both parts are Lua's", () => {
  // What # says depends on them; the numbers are a redis-server's.
  const cases: [string, number][] = [
    ["local t = {} t[1] = 1 t[2] = 1 t[4] = 1 return #t", 4],
    ["local t = {1, 2, 3} t[5] = 1 return #t", 3],
    ["local t = {} for i = 1, 10 do t[i] = i end t[5] = nil return #t", 10],
    ["local t = {} for i = 1, 16 do t[i] = i end t[16] = nil t[8] = nil return #t", 7],
    ["local t = {1, nil, 3} return #t", 3],
    ["local t = {} t[4] = 1 t[6] = 1 t[8] = 1 return #t", 0],
    ["local t = {} for i = 2, 40, 2 do t[i] = i end t[1] = 1 return #t", 40],
    ["local t = {} for i = 20, 1, -1 do t[i] = i end t[20] = nil t[10] = nil return #t", 19],
    ["local t = {n = 1, m = 2} for i = 1, 7 do t[i] = i end t[4] = nil return #t", 3],
    ["local t = {[3] = 9, (function() return 1, nil, nil end)()} return #t", 1],
  ];
  for (const [program, expected] of cases) {
    const state = openState();
    assert.deepEqual(state.run(state.compile(program, "@test")), [expected], program);
  }
});

test("next knows the keys that are gone from those that never were", () => {
  const table = new LuaTable();
  for (const key of [4, 6, 8, 10]) table.set(key, true);
  table.set(6, undefined);
  assert.equal(table.keyAt(table.nextPosition(table.positionOf(6))), 8);
  assert.equal(table.positionOf(5), -1);
  assert.equal(table.positionOf("x"), -1);
});

test("nil and NaN are no keys", () => {
  const table = new LuaTable();
  assert.throws(() => table.set(undefined, 1), LuaError);
  assert.throws(() => table.set(NaN, 1), LuaError);
  assert.equal(table.get(NaN), undefined);
});
