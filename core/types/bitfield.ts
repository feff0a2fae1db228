/**
 * Bit fields: integers of 1 to 64 bits at any bit of a string, highest bit first.
 *
 *     byte     0                 1                 2
 *              +-----------------+-----------------+--
 *              | . . . . . . 1 1 | 0 1 0 . . . . . |        a u5 at bit 6: 11010, which is 26
 *              +-----------------+-----------------+--
 *
 * Fields are read and written in pieces of at most 32 bits. Arithmetic is on doubles while field and operand
 * are small enough for the sum to be exact, otherwise on BigInt.
 */
import type { ReadonlyBytes } from "../base/bytes.ts";

/** What happens to a value that doesn't fit its field: the bits that fit, the nearest that fits, or nothing. */
export const OVERFLOW_WRAP = 0;
export const OVERFLOW_SAT = 1;
export const OVERFLOW_FAIL = 2;

/** Widest field, and largest operand, for which doubles do: a sum of both stays within 2^53. */
export const DOUBLE_BITS_MAX = 52;
export const DOUBLE_OPERAND_MAX: number = 2 ** 52;

/** Most bytes that 32 bits touch. */
const PIECE_BYTES_MAX = 5;

/** The bytes of a piece that `packBits` made. */
export const piece = new Uint8Array(PIECE_BYTES_MAX);

/** The `count` bits, 1 to 32, from `at` on as a number without sign. Bits beyond the end are 0. */
export function readBits(
  bytes: ReadonlyBytes,
  off: number,
  len: number,
  at: number,
  count: number,
): number {
  const skipped = at % 8;
  const first = (at - skipped) / 8;
  const n = (skipped + count + 7) >> 3;
  let value = 0;
  for (let i = 0; i < n; i++) {
    const byte = first + i < len ? bytes[off + first + i] : 0;
    value = value * 256 + (i === 0 ? byte & (0xff >> skipped) : byte);
  }
  return Math.floor(value / 2 ** (n * 8 - skipped - count));
}

/**
 * Puts the bytes of the string that hold the `count` bits from `at` on into `piece`, with those bits being
 * `value`. Returns how many bytes; the first is byte `at >> 3` of the string.
 */
export function packBits(
  bytes: ReadonlyBytes,
  off: number,
  at: number,
  count: number,
  value: number,
): number {
  const skipped = at % 8;
  const first = off + (at - skipped) / 8;
  const n = (skipped + count + 7) >> 3;
  const left = n * 8 - skipped - count;
  const head = bytes[first] & ~(0xff >> skipped);
  const tail = bytes[first + n - 1] & ((1 << left) - 1);
  let rest = value * 2 ** left;
  for (let i = n - 1; i >= 0; i--) {
    const high = Math.floor(rest / 256);
    piece[i] = rest - high * 256;
    rest = high;
  }
  piece[0] |= head;
  piece[n - 1] |= tail;
  return n;
}

/** The number of `bits` bits, read without sign, as one with sign. */
export function signed(value: number, bits: number): number {
  return value >= 2 ** (bits - 1) ? value - 2 ** bits : value;
}

/**
 * The value that a field of at most DOUBLE_BITS_MAX bits takes for one that may not fit, or NaN when
 * that is OVERFLOW_FAIL's business.
 */
export function fit(value: number, bits: number, isSigned: boolean, overflow: number): number {
  const size = 2 ** bits;
  const max = isSigned ? size / 2 - 1 : size - 1;
  const min = isSigned ? -size / 2 : 0;
  if (value >= min && value <= max) return value;
  if (overflow === OVERFLOW_FAIL) return NaN;
  if (overflow === OVERFLOW_SAT) return value > max ? max : min;
  const wrapped = value - Math.floor(value / size) * size;
  return isSigned ? signed(wrapped, bits) : wrapped;
}

/** `fit` for fields and values of any size; null instead of NaN. */
export function fitBig(
  value: bigint,
  bits: number,
  isSigned: boolean,
  overflow: number,
): bigint | null {
  const wrapped = isSigned ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
  if (wrapped === value || overflow === OVERFLOW_WRAP) return wrapped;
  if (overflow === OVERFLOW_FAIL) return null;
  const size = 1n << BigInt(bits);
  if (value > 0n) return (isSigned ? size >> 1n : size) - 1n;
  return isSigned ? -(size >> 1n) : 0n;
}
