/** core/base/lzf.ts: round trips, liblzf's own output, and the edges of both buffers. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ascii } from "../../../core/base/bytes.ts";
import { lzfCompress, lzfDecompress } from "../../../core/base/lzf.ts";
import { Prng } from "../../../core/base/prng.ts";
import { seed } from "../../support/gen.ts";

/** Input and what liblzf makes of it, as bytes. */
const KNOWN: readonly (readonly [string, readonly number[]])[] = [
  ["a", [0, 97]],
  ["ab", [1, 97, 98]],
  ["abc", [2, 97, 98, 99]],
  ["aaaa", [3, 97, 97, 97, 97]],
  ["a".repeat(20), [1, 97, 97, 224, 7, 0, 1, 97, 97]],
  ["a".repeat(300), [1, 97, 97, 224, 255, 0, 224, 23, 0, 1, 97, 97]],
  ["abc".repeat(6), [3, 97, 98, 99, 97, 224, 3, 2, 1, 98, 99]],
  ["the quick brown fox the quick brown dog the quick", [
    20,
    116,
    104,
    101,
    32,
    113,
    117,
    105,
    99,
    107,
    32,
    98,
    114,
    111,
    119,
    110,
    32,
    102,
    111,
    120,
    32,
    116,
    224,
    6,
    19,
    2,
    100,
    111,
    103,
    192,
    19,
    1,
    99,
    107,
  ]],
  ["0123456789".repeat(3) + "x".repeat(40), [
    10,
    48,
    49,
    50,
    51,
    52,
    53,
    54,
    55,
    56,
    57,
    48,
    224,
    10,
    9,
    0,
    120,
    224,
    28,
    0,
    1,
    120,
    120,
  ]],
  ["z" + "ab".repeat(11), [2, 122, 97, 98, 224, 10, 1, 0, 98]],
];

/** Bytes with repetitions near and far, as text and structures have them. */
function compressible(prng: Prng, len: number): Uint8Array {
  const out = new Uint8Array(new SharedArrayBuffer(len));
  const letters = 1 + prng.nextBelow(prng.nextBelow(2) === 0 ? 4 : 256);
  for (let i = 0; i < len;) {
    if (i > 4 && prng.nextBelow(4) === 0) {
      const back = 1 + prng.nextBelow(Math.min(i, 9000));
      for (let n = 1 + prng.nextBelow(400); n > 0 && i < len; n--, i++) out[i] = out[i - back];
    } else {
      out[i++] = prng.nextBelow(letters);
    }
  }
  return out;
}

describe("lzfCompress", () => {
  test("gives liblzf's bytes", () => {
    for (const [text, want] of KNOWN) {
      const src = ascii(text);
      const dst = new Uint8Array(src.length + 64);
      const len = lzfCompress(src, 0, src.length, dst);
      assert.deepEqual([...dst.subarray(0, len)], [...want], text.slice(0, 40));
    }
  });

  test("is undone by lzfDecompress, at any offsets", () => {
    const n = seed();
    const prng = new Prng(n);
    for (let round = 0; round < 600; round++) {
      const len = 1 + prng.nextBelow(round % 20 === 0 ? 40_000 : 700);
      const off = prng.nextBelow(5);
      const src = compressible(prng, off + len + 3);
      const packed = new Uint8Array(2 * len + 20);
      const packedLen = lzfCompress(src, off, len, packed, 7);
      assert.ok(packedLen > 0 && packedLen <= len + Math.ceil(len / 32) + 1, `seed ${n}`);
      const back = new Uint8Array(len + 8).fill(0xee);
      assert.ok(lzfDecompress(packed, 7, packedLen, back, 4, len), `seed ${n}, ${len} bytes`);
      const want = [0xee, 0xee, 0xee, 0xee, ...src.subarray(off, off + len)];
      assert.deepEqual([...back], [...want, 0xee, 0xee, 0xee, 0xee], `seed ${n}, ${len} bytes`);
      // One byte of output too little or too much is not a success.
      assert.equal(lzfDecompress(packed, 7, packedLen, back, 4, len - 1), false, `seed ${n}`);
      assert.equal(lzfDecompress(packed, 7, packedLen, back, 4, len + 1), false, `seed ${n}`);
    }
  });

  test("writes nothing past its end and says 0 where the output does not fit", () => {
    const n = seed();
    const prng = new Prng(n);
    for (let round = 0; round < 300; round++) {
      const len = 1 + prng.nextBelow(300);
      const src = compressible(prng, len);
      const whole = new Uint8Array(len + 50);
      const need = lzfCompress(src, 0, len, whole);
      for (let cap = 0; cap <= need + 6; cap++) {
        const dst = new Uint8Array(len + 80).fill(0xee);
        const got = lzfCompress(src, 0, len, dst, 2, 2 + cap);
        assert.ok(got === 0 || got === need, `seed ${n}`);
        assert.ok(got <= cap && (got !== 0 || cap < need + 6), `seed ${n}: ${cap} for ${need}`);
        assert.deepEqual([...dst.subarray(0, 2)], [0xee, 0xee], `seed ${n}`);
        assert.ok(dst.subarray(2 + cap).every((b) => b === 0xee), `seed ${n}: past ${cap}`);
        if (got !== 0) assert.deepEqual([...dst.subarray(2, 2 + got)], [...whole.subarray(0, got)]);
      }
    }
  });

  test("finds no gain in random bytes, and none in nothing", () => {
    const bytes = new Uint8Array(1000);
    new Prng(5).fill(bytes);
    assert.equal(lzfCompress(bytes, 0, 1000, new Uint8Array(996)), 0);
    assert.equal(lzfCompress(bytes, 0, 0, new Uint8Array(100)), 0);
    assert.equal(lzfCompress(bytes, 0, 10, new Uint8Array(0)), 0);
  });
});

describe("lzfDecompress", () => {
  function unpack(bytes: number[], len: number): number[] | null {
    const dst = new Uint8Array(len);
    return lzfDecompress(Uint8Array.from(bytes), 0, bytes.length, dst, 0, len) ? [...dst] : null;
  }

  test("reads runs, short and long copies, and copies that overlap themselves", () => {
    assert.deepEqual(unpack([], 0), []);
    assert.deepEqual(unpack([1, 5, 6], 2), [5, 6]);
    assert.deepEqual(unpack([1, 5, 6, 0x20, 1], 5), [5, 6, 5, 6, 5]);
    assert.deepEqual(unpack([0, 9, 0xe0, 3, 0], 13), new Array(13).fill(9));
  });

  test("refuses what is cut off or points outside", () => {
    assert.equal(unpack([1, 5], 2), null);
    assert.equal(unpack([0, 5, 0x20], 4), null);
    assert.equal(unpack([0, 5, 0xe0], 10), null);
    assert.equal(unpack([0, 5, 0xe0, 1], 11), null);
    assert.equal(unpack([0, 5, 0x20, 1], 4), null, "one byte before the output");
    assert.equal(unpack([0x20, 0], 3), null, "nothing to copy from");
    assert.equal(unpack([0, 5, 0x20, 0], 3), null, "more than the output holds");
    const dst = new Uint8Array(4);
    assert.equal(lzfDecompress(dst, 2, 3, dst, 0, 4), false, "input outside its array");
    assert.equal(lzfDecompress(dst, 0, 2, dst, 2, 3), false, "output outside its array");
  });
});
