/**
 * Hostile input for the LZF decompressor: random bytes, damaged compressed data and lying lengths.
 * It must answer or refuse, agree with a careful oracle, and leave every byte outside its output
 * alone.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { lzfCompress, lzfDecompress } from "../../core/base/lzf.ts";
import { Prng } from "../../core/base/prng.ts";
import { seed } from "../support/gen.ts";

const ROUNDS = 20_000;
const GUARD = 300;

/** Decompresses into a list; null if the input is cut off or a copy starts before the output. */
function oracle(packed: number[]): number[] | null {
  const out: number[] = [];
  while (packed.length > 0) {
    const control = packed.shift() as number;
    if (control < 32) {
      if (packed.length < control + 1) return null;
      out.push(...packed.splice(0, control + 1));
      continue;
    }
    let len = control >> 5;
    if (len === 7) len += packed.shift() ?? NaN;
    const from = out.length - 1 - ((control & 31) * 256 + (packed.shift() ?? NaN));
    if (!(from >= 0) || Number.isNaN(len)) return null;
    for (let i = 0; i < len + 2; i++) out.push(out[from + i]);
  }
  return out;
}

function check(packed: Uint8Array, outLen: number, note: string): boolean {
  const src = new Uint8Array(packed.length + 2 * GUARD).fill(1);
  src.set(packed, GUARD);
  const dst = new Uint8Array(outLen + 2 * GUARD).fill(0xee);
  const ok = lzfDecompress(src, GUARD, packed.length, dst, GUARD, outLen);
  const want = oracle([...packed]);
  assert.equal(ok, want !== null && want.length === outLen, note);
  if (ok) assert.deepEqual([...dst.subarray(GUARD, GUARD + outLen)], want, note);
  for (let i = 0; i < GUARD; i++) {
    if (dst[i] !== 0xee || dst[GUARD + outLen + i] !== 0xee) assert.fail(`stray write; ${note}`);
  }
  return ok;
}

test("random bytes are decompressed as the oracle does or refused", () => {
  const n = seed();
  const prng = new Prng(n);
  for (let round = 0; round < ROUNDS; round++) {
    const packed = new Uint8Array(prng.nextBelow(40));
    prng.fill(packed);
    // Small values make control bytes, near references and short runs likelier.
    for (let i = 0; i < packed.length; i++) if (prng.nextBelow(2) === 0) packed[i] &= 0x23;
    const real = oracle([...packed]);
    const len = real !== null && prng.nextBelow(4) !== 0 ? real.length : prng.nextBelow(600);
    check(packed, len, `seed ${n}, round ${round}`);
  }
});

test("damaged compressed data is decompressed as the oracle does or refused", () => {
  const n = seed();
  const prng = new Prng(n);
  let accepted = 0;
  for (let round = 0; round < ROUNDS / 4; round++) {
    const src = new Uint8Array(1 + prng.nextBelow(400));
    for (let i = 0; i < src.length; i++) {
      src[i] = i > 8 && prng.nextBelow(3) !== 0 ? src[i - 1 - prng.nextBelow(8)] : prng.nextU32();
    }
    const whole = new Uint8Array(src.length + 64);
    let packed = whole.subarray(0, lzfCompress(src, 0, src.length, whole));
    let len = src.length;
    for (let hits = prng.nextBelow(3); hits > 0; hits--) {
      packed[prng.nextBelow(packed.length)] ^= 1 << prng.nextBelow(8);
    }
    if (prng.nextBelow(4) === 0) packed = packed.subarray(0, prng.nextBelow(packed.length + 1));
    if (prng.nextBelow(4) === 0) len = prng.nextBelow(500);
    if (check(packed, len, `seed ${n}, round ${round}`)) accepted++;
  }
  assert.ok(accepted > ROUNDS / 40, `seed ${n}: only ${accepted} accepted, the test is too weak`);
});
