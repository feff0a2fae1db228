/**
 * core/base: hashing keys, reading and printing integers, copying bytes.
 *
 * Inputs vary from call to call, within a table small enough for the first cache level: one constant
 * input would be predicted by the branch predictor and, worse, folded by the compiler. The source is
 * shared memory, since that is what the arena gives these functions.
 */

import { bench, do_not_optimize, group } from "mitata";
import { copyBytes } from "../../core/base/bytes.ts";
import { hashBytes } from "../../core/base/hash.ts";
import { formatInteger, INTEGER_TEXT_LEN_MAX, parseInteger } from "../../core/base/numbers.ts";

const SLOTS = 64;
const SLOT_LEN = 512;
const KEY0 = 0x12345678;
const KEY1 = 0x7edcba98;

const source = new Uint8Array(new SharedArrayBuffer(SLOTS * SLOT_LEN));
const view = new DataView(source.buffer);
for (let i = 0; i < source.length; i++) source[i] = (i * 131 + (i >>> 7)) & 0xff;

group(() => {
  for (const len of [8, 16, 64, 256]) {
    let slot = 0;
    bench(`hashBytes, ${len} bytes`, () => {
      slot = (slot + 1) & (SLOTS - 1);
      return do_not_optimize(hashBytes(view, slot * SLOT_LEN, len, KEY0, KEY1));
    });
  }
});

group(() => {
  for (const digits of [1, 5, 10, 16]) {
    const texts = integerTexts(digits);
    let slot = 0;
    bench(`parseInteger, ${digits} digits`, () => {
      slot = (slot + 1) & (SLOTS - 1);
      return do_not_optimize(parseInteger(texts, slot * INTEGER_TEXT_LEN_MAX, digits));
    });
  }
});

group(() => {
  const out = new Uint8Array(INTEGER_TEXT_LEN_MAX);
  for (const digits of [1, 5, 10, 16]) {
    const values = integers(digits);
    let slot = 0;
    bench(`formatInteger, ${digits} digits`, () => {
      slot = (slot + 1) & (SLOTS - 1);
      return do_not_optimize(formatInteger(out, 0, values[slot]));
    });
  }
});

group(() => {
  const target = new Uint8Array(SLOT_LEN);
  for (const len of [4, 16, 32, 64, 256]) {
    let slot = 0;
    bench(`copyBytes, ${len} bytes`, () => {
      slot = (slot + 1) & (SLOTS - 1);
      copyBytes(target, 0, source, slot * SLOT_LEN, len);
      return do_not_optimize(target);
    });
  }
});

/** Integers of exactly so many digits, spread over their range. */
function integers(digits: number): Float64Array {
  const low = digits === 1 ? 0 : 10 ** (digits - 1);
  const high = Math.min(10 ** digits - 1, Number.MAX_SAFE_INTEGER);
  return Float64Array.from({ length: SLOTS }, (_, i) => {
    return Math.floor(low + ((high - low) * i) / (SLOTS - 1));
  });
}

/** Their texts, each at a multiple of the longest text's length. */
function integerTexts(digits: number): Uint8Array {
  const texts = new Uint8Array(new SharedArrayBuffer(SLOTS * INTEGER_TEXT_LEN_MAX));
  integers(digits).forEach((value, slot) => {
    const text = new TextEncoder().encode(String(value));
    texts.set(text, slot * INTEGER_TEXT_LEN_MAX);
  });
  return texts;
}
