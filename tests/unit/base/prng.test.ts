/** core/base/prng.ts: the sequence is xoshiro128**'s, results stay in range and are even. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Prng, randomHex, randomSeed32 } from "../../../core/base/prng.ts";
import { seed } from "../../support/gen.ts";

const MASK = 0xffffffffn;

/** The seeding and the generator once more, with BigInt and masks. */
function* reference(from: number): Generator<number> {
  const s: bigint[] = [];
  for (let i = 1n; i <= 4n; i++) {
    let z = (BigInt(from >>> 0) + i * 0x9e3779b9n) & MASK;
    z = ((z ^ (z >> 16n)) * 0x85ebca6bn) & MASK;
    z = ((z ^ (z >> 13n)) * 0xc2b2ae35n) & MASK;
    s.push(z ^ (z >> 16n));
  }
  const rotate = (v: bigint, by: bigint) => ((v << by) | (v >> (32n - by))) & MASK;
  for (;;) {
    yield Number((rotate((s[1] * 5n) & MASK, 7n) * 9n) & MASK);
    const t = (s[1] << 9n) & MASK;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 11n);
  }
}

describe("Prng", () => {
  test("gives the reference's sequence for every seed", () => {
    for (const from of [0, 1, -1, 42, 0x80000000, 0xffffffff, seed()]) {
      const prng = new Prng(from);
      const want = reference(from);
      for (let i = 0; i < 500; i++) assert.equal(prng.nextU32(), want.next().value, `seed ${from}`);
    }
  });

  test("nextBelow stays below and reaches every value evenly", () => {
    const n = seed();
    const prng = new Prng(n);
    for (const below of [1, 2, 3, 10, 2 ** 31 + 1, 2 ** 32, 2 ** 32 + 1, 3 * 2 ** 51, 2 ** 53]) {
      for (let i = 0; i < 300; i++) {
        const v = prng.nextBelow(below);
        assert.ok(Number.isSafeInteger(v) && v >= 0 && v < below, `seed ${n}: ${v} of ${below}`);
      }
    }
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < 70_000; i++) counts[prng.nextBelow(7)]++;
    // 10,000 each on average with a deviation of 93: seven deviations to either side.
    for (const count of counts) assert.ok(Math.abs(count - 10_000) < 650, `seed ${n}: ${counts}`);
    for (const bad of [0, -1, NaN, 2 ** 54]) assert.throws(() => prng.nextBelow(bad), RangeError);
  });

  test("nextFloat fills the unit interval and fill every byte", () => {
    const n = seed();
    const prng = new Prng(n);
    let sum = 0;
    for (let i = 0; i < 10_000; i++) {
      const v = prng.nextFloat();
      assert.ok(v >= 0 && v < 1, `seed ${n}`);
      sum += v;
    }
    assert.ok(Math.abs(sum - 5000) < 250, `seed ${n}: ${sum}`);
    const a = new Prng(n);
    const b = new Prng(n);
    const bytes = new Uint8Array(10);
    a.fill(bytes);
    const words = [b.nextU32(), b.nextU32(), b.nextU32()];
    const want = Array.from({ length: 10 }, (_, i) => (words[i >> 2] >>> (8 * (i & 3))) & 0xff);
    assert.deepEqual([...bytes], want, `seed ${n}`);
  });
});

test("the system's randomness has the shape that was asked for", () => {
  for (const len of [0, 1, 20, 70_000]) {
    const hex = randomHex(len);
    assert.equal(hex.length, 2 * len);
    assert.match(hex, /^[0-9a-f]*$/);
  }
  assert.notEqual(randomHex(20), randomHex(20));
  const v = randomSeed32();
  assert.equal(v, v >>> 0);
});
