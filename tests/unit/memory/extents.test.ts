import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Prng } from "../../../core/base/prng.ts";
import { Extents } from "../../../core/memory/extents.ts";
import { pick, randomInt, seed } from "../../support/gen.ts";

describe("Extents", () => {
  test("hands out all pages, and none twice", () => {
    const extents = new Extents(64);
    const taken = new Set<number>();
    for (let i = 0; i < 16; i++) {
      const page = extents.alloc(4);
      for (let j = page; j < page + 4; j++) {
        assert.ok(!taken.has(j));
        taken.add(j);
      }
    }
    assert.equal(taken.size, 64);
    assert.equal(extents.usedPages, 64);
    assert.equal(extents.alloc(1), -1);
    assert.equal(extents.longestFree(), 0);
    extents.validateIntegrity();
  });

  test("joins a freed extent with free neighbours on both sides", () => {
    const extents = new Extents(12);
    const pages = [extents.alloc(4), extents.alloc(4), extents.alloc(4)];
    extents.free(pages[0]);
    extents.free(pages[2]);
    assert.equal(extents.longestFree(), 4);
    extents.validateIntegrity();
    extents.free(pages[1]);
    assert.equal(extents.longestFree(), 12);
    extents.validateIntegrity();
  });

  test("finds the one extent that fits behind many that don't", () => {
    const extents = new Extents(200);
    const holes: number[] = [];
    // Holes of 4 pages with a used page between them, then one of 7: all in the list of 4 to 7.
    const long = extents.alloc(7);
    extents.alloc(1);
    for (let i = 0; i < 30; i++) {
      holes.push(extents.alloc(4));
      extents.alloc(1);
    }
    while (extents.alloc(1) >= 0);
    extents.free(long);
    for (const page of holes) extents.free(page);
    assert.equal(extents.alloc(6), long);
    assert.equal(extents.alloc(5), -1);
    extents.validateIntegrity();
  });

  test("grows and shrinks an extent where it lies, or refuses", () => {
    const extents = new Extents(20);
    const a = extents.alloc(4);
    const b = extents.alloc(4);
    assert.equal(extents.resize(a, 5), false, "the next page is used");
    assert.equal(extents.pagesAt(a), 4);
    assert.equal(extents.resize(a, 2), true);
    assert.equal(extents.resize(a, 4), true, "into the room it gave up");
    assert.equal(extents.resize(b, 17), false, "past the end of the segment");
    assert.equal(extents.resize(b, 16), true, "to the end of the segment");
    assert.equal(extents.usedPages, 20);
    extents.validateIntegrity();
  });

  test("refuses to free what is not the beginning of a used extent", () => {
    const extents = new Extents(20);
    const a = extents.alloc(4);
    const b = extents.alloc(4);
    for (const page of [a + 1, a + 3, b + 4]) {
      assert.throws(() => extents.free(page), /begins a used extent/);
    }
    extents.free(b);
    assert.throws(() => extents.free(b), /begins a used extent/);
    extents.free(a);
    assert.throws(() => extents.free(b), /begins a used extent/, "its old tag is gone");
    assert.throws(() => extents.free(a), /begins a used extent/);
    extents.validateIntegrity();
  });

  test("agrees with a map of pages over random operations", () => {
    const n = seed();
    const prng = new Prng(n);
    const extents = new Extents(500);
    const owner = new Int32Array(500).fill(-1);
    const live = new Map<number, number>();
    for (let step = 0; step < 20_000; step++) {
      const note = `seed ${n}, step ${step}`;
      const kind = prng.nextBelow(5);
      const page = live.size > 0 ? pick(prng, [...live.keys()]) : -1;
      const count = prng.nextBelow(4) === 0 ? randomInt(prng, 1, 90) : randomInt(prng, 1, 9);
      if (kind < 2) {
        const got = extents.alloc(count);
        if (got < 0) {
          assert.ok(longestGap(owner) < count, note);
          continue;
        }
        claim(owner, got, 0, count, got, note);
        live.set(got, count);
      } else if (kind < 4 && page >= 0) {
        extents.free(page);
        owner.fill(-1, page, page + live.get(page)!);
        live.delete(page);
      } else if (page >= 0) {
        const old = live.get(page)!;
        const fits = gapAt(owner, page + old) >= count - old;
        assert.equal(extents.resize(page, count), fits, note);
        if (!fits) continue;
        owner.fill(-1, page, page + old);
        claim(owner, page, 0, count, page, note);
        live.set(page, count);
      }
      if (step % 100 === 0) extents.validateIntegrity();
    }
    for (const page of live.keys()) extents.free(page);
    assert.equal(extents.usedPages, 0);
    assert.equal(extents.longestFree(), 500, `seed ${n}: everything is joined again`);
    extents.validateIntegrity();
  });
});

function claim(
  owner: Int32Array,
  page: number,
  from: number,
  to: number,
  who: number,
  note: string,
): void {
  for (let i = page + from; i < page + to; i++) {
    assert.equal(owner[i], -1, note);
    owner[i] = who;
  }
}

function gapAt(owner: Int32Array, page: number): number {
  let count = 0;
  while (page + count < owner.length && owner[page + count] === -1) count++;
  return count;
}

function longestGap(owner: Int32Array): number {
  let longest = 0;
  for (let page = 0; page < owner.length; page++) longest = Math.max(longest, gapAt(owner, page));
  return longest;
}
