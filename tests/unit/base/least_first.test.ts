/** core/base/least_first.ts against a sort with a comparison. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { leastFirst } from "../../../core/base/least_first.ts";
import { Prng } from "../../../core/base/prng.ts";
import { oneIn, randomInt, seed } from "../../support/gen.ts";

function ordered(numbers: Float64Array, isDescending: boolean): number[] {
  const key = (i: number) => (isDescending ? -1 : 1) * numbers[i];
  return Array.from(numbers, (_, i) => i).sort((a, b) => key(a) - key(b) || a - b);
}

function least(numbers: Float64Array, wanted: number, isDescending: boolean): Int32Array {
  const out = new Int32Array(numbers.length);
  leastFirst(numbers, numbers.length, wanted, isDescending, out);
  return out;
}

function randomNumbers(prng: Prng, count: number): Float64Array {
  const few = randomInt(prng, 1, 8);
  return Float64Array.from({ length: count }, () => {
    if (oneIn(prng, 2)) return prng.nextBelow(few);
    return prng.nextFloat() * 10 ** randomInt(prng, -10, 10);
  });
}

test("all of them: in order, equal ones as they were", () => {
  const run = seed();
  const prng = new Prng(run);
  for (let round = 0; round < 600; round++) {
    const numbers = randomNumbers(prng, randomInt(prng, 0, round % 50 === 0 ? 5000 : 60));
    const isDescending = oneIn(prng, 2);
    const got = least(numbers, numbers.length, isDescending);
    assert.deepEqual([...got], ordered(numbers, isDescending), `seed ${run}, round ${round}`);
  }
});

test("some of them: the least, in order, and no index twice", () => {
  const run = seed();
  const prng = new Prng(run);
  for (let round = 0; round < 600; round++) {
    const numbers = randomNumbers(prng, randomInt(prng, 1, round % 50 === 0 ? 5000 : 100));
    const wanted = randomInt(prng, 0, numbers.length - 1);
    const isDescending = oneIn(prng, 2);
    const got = least(numbers, wanted, isDescending);
    const want = ordered(numbers, isDescending).map((i) => numbers[i]).slice(0, wanted);
    const where = `seed ${run}, round ${round}`;
    assert.deepEqual(Array.from(got.subarray(0, wanted), (i) => numbers[i]), want, where);
    assert.equal(new Set(got).size, numbers.length, where);
  }
});

test("equal ones among some: where Redis leaves them", () => {
  // Members 0 to 11 at one place, the first five of them asked for: as GEOSEARCH COUNT 5 answers.
  const got = least(new Float64Array(12).fill(7), 5, false);
  assert.deepEqual([...got.subarray(0, 5)], [11, 1, 2, 3, 4]);
});

test("NaN counts as infinite", () => {
  assert.deepEqual([...least(Float64Array.of(NaN, 2, 1), 3, false)], [2, 1, 0]);
  assert.deepEqual([...least(Float64Array.of(1, 2, NaN), 3, true)], [2, 1, 0]);
});
