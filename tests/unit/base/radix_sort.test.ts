/**
 * The radix sort against the language's own, which is stable too.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import { bytesCompare } from "../../../core/base/bytes.ts";
import { Prng } from "../../../core/base/prng.ts";
import { runEnd, sortByBytes, sortByKeys } from "../../../core/base/radix_sort.ts";
import { oneIn, pick, randomBytes, randomInt, randomLen, seed } from "../../support/gen.ts";

const COUNTS = [0, 1, 2, 3, 24, 25, 26, 100, 1000, 5000];

function orderOf(count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => i);
}

test("keys of 64 bits", () => {
  const n = seed();
  const prng = new Prng(n);
  for (const count of COUNTS) {
    for (const kind of ["any", "few", "low", "high"]) {
      const hi = new Int32Array(count);
      const lo = new Int32Array(count);
      for (let i = 0; i < count; i++) {
        hi[i] = kind === "low" ? 7 : kind === "few" ? prng.nextBelow(3) - 1 : prng.nextU32();
        lo[i] = kind === "high" ? -7 : kind === "few" ? prng.nextBelow(3) - 1 : prng.nextU32();
      }
      const want = [...orderOf(count)].sort((a, b) =>
        (hi[a] >>> 0) - (hi[b] >>> 0) || (lo[a] >>> 0) - (lo[b] >>> 0)
      );
      const order = orderOf(count);
      sortByKeys(order, new Int32Array(count), 0, count, hi, lo);
      assert.deepEqual([...order], want, `${count} ${kind}, seed ${n}`);
    }
  }
});

test("only a part of them", () => {
  const n = seed();
  const prng = new Prng(n);
  const lo = Int32Array.from({ length: 300 }, () => prng.nextBelow(1000));
  const order = orderOf(300);
  sortByKeys(order, new Int32Array(300), 50, 250, new Int32Array(300), lo);
  assert.deepEqual([...order.slice(0, 50)], [...orderOf(50)], `seed ${n}`);
  assert.deepEqual([...order.slice(250)], [...orderOf(300).slice(250)]);
  const middle = [...orderOf(300).slice(50, 250)].sort((a, b) => lo[a] - lo[b]);
  assert.deepEqual([...order.slice(50, 250)], middle, `seed ${n}`);
});

test("where runs of equal keys end", () => {
  const hi = Int32Array.of(1, 1, 1, 2, 2);
  const lo = Int32Array.of(5, 5, 6, 6, 6);
  const order = orderOf(5);
  assert.equal(runEnd(order, 0, 5, hi, lo), 2);
  assert.equal(runEnd(order, 2, 5, hi, lo), 3);
  assert.equal(runEnd(order, 3, 5, hi, lo), 5);
  assert.equal(runEnd(order, 3, 4, hi, lo), 4);
});

/** Strings one behind the other, as the sort wants them. */
function laidOut(texts: Uint8Array[]) {
  const bytes = new Uint8Array(texts.reduce((sum, text) => sum + text.length, 0));
  const offs = new Int32Array(texts.length);
  const lens = new Int32Array(texts.length);
  let at = 0;
  texts.forEach((text, i) => {
    bytes.set(text, at);
    offs[i] = at;
    lens[i] = text.length;
    at += text.length;
  });
  const hi = new Int32Array(texts.length);
  return { bytes, offs, lens, hi, lo: new Int32Array(texts.length) };
}

function checkStrings(texts: Uint8Array[], why: string): void {
  const strings = laidOut(texts);
  for (const flip of [0, -1]) {
    const want = [...orderOf(texts.length)].sort((a, b) => {
      const order = bytesCompare(texts[a], 0, texts[a].length, texts[b], 0, texts[b].length);
      return flip === 0 ? order : -order;
    });
    const order = orderOf(texts.length);
    sortByBytes(order, new Int32Array(texts.length), 0, texts.length, strings, 0, flip);
    assert.deepEqual([...order], want, `${why}, flip ${flip}`);
  }
}

test("strings of all kinds", () => {
  const n = seed();
  const prng = new Prng(n);
  for (const count of COUNTS) {
    const alphabet = pick(prng, [2, 3, 256]);
    const prefix = randomBytes(prng, pick(prng, [0, 0, 7, 8, 9, 40]));
    const texts = Array.from({ length: count }, () => {
      const rest = randomBytes(prng, randomLen(prng, oneIn(prng, 10) ? 100 : 12));
      const text = new Uint8Array(prefix.length + rest.length);
      text.set(prefix);
      text.set(rest.map((byte) => byte % alphabet), prefix.length);
      return text;
    });
    checkStrings(texts, `${count} strings, seed ${n}`);
  }
});

test("the same strings, prefixes of each other, zeros at the end", () => {
  checkStrings(Array.from({ length: 100 }, () => new Uint8Array(50)), "the same");
  checkStrings(Array.from({ length: 100 }, () => new Uint8Array(0)), "empty");
  checkStrings(Array.from({ length: 200 }, (_, i) => new Uint8Array(200 - i)), "zeros");
  checkStrings(Array.from({ length: 200 }, (_, i) => new Uint8Array(i).fill(65)), "prefixes");
});

test("strings that leave the group one by one don't nest recursions", () => {
  const n = seed();
  const prng = new Prng(n);
  const texts = Array.from(
    { length: 2000 },
    (_, i) => new Uint8Array(8 * i + randomInt(prng, 0, 7)),
  );
  checkStrings(texts, `seed ${n}`);
});
