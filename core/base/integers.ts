/**
 * Integers between bytes and doubles, on the hot path of every INCR, EXPIRE, LRANGE and reply.
 *
 * 64-bit integers live in doubles while |v| <= 2^53-1, where a double is exact. Beyond that the
 * parser answers `BIG` (a valid signed 64-bit integer that a double can't hold exactly), and the
 * caller takes the rare branch with BigInt. NaN says "not an integer": both results are numbers,
 * so the function keeps one return type and allocates nothing.
 *
 * The accepted form is the one Redis accepts (`string2ll`): the text must be exactly what printing
 * the value would give. No spaces, no `+`, no leading zeros, no `-0`.
 *
 * Printing writes two digits per division from a 200-byte table. Values past 2^31 are cut in two
 * halves of eight digits first, as int32 division is a multiplication in the JIT's output and
 * double division is not.
 *
 * Credit: two digits per division is Andrei Alexandrescu's advice on printing integers.
 */

import { latin1, type ReadonlyBytes, writeLatin1 } from "./bytes.ts";

/** What `parseInteger` answers for a signed 64-bit integer beyond +-(2^53-1). */
export const BIG = Infinity;

/** The longest text of a signed 64-bit integer: nineteen digits and a sign. */
export const INTEGER_TEXT_LEN_MAX = 20;

/** The bounds of a signed 64-bit integer. */
export const INT64_MIN = -(2n ** 63n);
export const INT64_MAX = 2n ** 63n - 1n;

/** "00", "01" ... "99". */
const DIGIT_PAIRS = digitPairs();

/**
 * The range as an integer: exact if |v| <= 2^53-1, `BIG` if it is a signed 64-bit integer beyond,
 * NaN if it is anything else (including integers of more than 64 bits).
 */
export function parseInteger(buf: ReadonlyBytes, off: number, len: number): number {
  if (len <= 0 || len > INTEGER_TEXT_LEN_MAX) return NaN;
  const end = off + len;
  let i = off;
  const negative = buf[off] === 0x2d; // '-'
  if (negative) {
    if (len === 1) return NaN;
    i++;
  }
  const first = buf[i++] - 0x30;
  if (first < 1 || first > 9) return first === 0 && len === 1 ? 0 : NaN;
  // Nine digits always fit an int32; the commonest numbers never leave integer arithmetic.
  const intEnd = end - i > 8 ? i + 8 : end;
  let v = first;
  while (i < intEnd) {
    const d = buf[i++] - 0x30;
    if (d < 0 || d > 9) return NaN;
    v = (v * 10 + d) | 0;
  }
  if (i < end) return parseLongInteger(buf, i, end, v, negative);
  return negative ? -v : v;
}

/**
 * The value of a range for which `parseInteger` answered a number or `BIG`.
 * Throws RangeError for any other range, as calling it then is a bug.
 */
export function parseBigInt64(buf: ReadonlyBytes, off: number, len: number): bigint {
  if (Number.isNaN(parseInteger(buf, off, len))) {
    throw new RangeError("parseBigInt64 called for bytes that are no 64-bit integer");
  }
  return BigInt(latin1(buf, off, len));
}

/**
 * Writes the decimal text of a safe integer at `off` and returns the offset after it.
 * `dst` must have room for `INTEGER_TEXT_LEN_MAX` bytes or `integerDigits(v)`.
 */
export function formatInteger(dst: Uint8Array, off: number, v: number): number {
  if (v < 0) {
    dst[off++] = 0x2d; // '-'
    v = -v;
  }
  if (v < 10) {
    dst[off] = v + 0x30;
    return off + 1;
  }
  if (v < 2147483648) return writeInt32(dst, off, v | 0);
  // Exact: v/1e8 < 2^27 has an ulp of 2^-26 at most, and it misses the next integer by 1e-8 at
  // least, which is more than half of that. So rounding can't lift it to the next integer.
  const hi = Math.floor(v / 100000000);
  const lo = v - hi * 100000000;
  return writeEight(dst, writeInt32(dst, off, hi | 0), lo | 0);
}

/** The length in bytes of what `formatInteger` writes for `v`, the sign included. */
export function integerDigits(v: number): number {
  if (v < 0) return 1 + unsignedDigits(-v);
  return unsignedDigits(v);
}

/** Writes the decimal text of a signed 64-bit integer and returns the offset after it. Cold. */
export function formatBigInt64(dst: Uint8Array, off: number, v: bigint): number {
  if (v < INT64_MIN || v > INT64_MAX) throw new RangeError(`${v} is no signed 64-bit integer`);
  return writeLatin1(dst, off, v.toString());
}

/** Continues `parseInteger` after its ninth digit; `head` is those nine digits. */
function parseLongInteger(
  buf: ReadonlyBytes,
  i: number,
  end: number,
  head: number,
  negative: boolean,
): number {
  const tailLen = end - i;
  // Nineteen digits at most: nine in the head, ten here.
  if (tailLen > 10) return NaN;
  let tail = 0;
  let scale = 1;
  while (i < end) {
    const d = buf[i++] - 0x30;
    if (d < 0 || d > 9) return NaN;
    tail = tail * 10 + d;
    scale *= 10;
  }
  // 2^53-1 is 9007199254740991: nine digits, then seven.
  if (tailLen < 7 || (tailLen === 7 && fits(head, tail, 900719925, 4740991))) {
    const v = head * scale + tail;
    return negative ? -v : v;
  }
  // 2^63-1 is 9223372036854775807: nine digits, then ten. The negative limit is one further.
  if (tailLen === 10 && !fits(head, tail, 922337203, negative ? 6854775808 : 6854775807)) {
    return NaN;
  }
  return BIG;
}

/** Whether (head, tail), read as one number, is at most (headMax, tailMax). */
function fits(head: number, tail: number, headMax: number, tailMax: number): boolean {
  return head < headMax || (head === headMax && tail <= tailMax);
}

/** Digits of a non-negative integer; ordered so that small numbers are settled first. */
function unsignedDigits(v: number): number {
  if (v < 10) return 1;
  if (v < 100) return 2;
  if (v < 1000) return 3;
  if (v < 10000) return 4;
  if (v < 100000) return 5;
  if (v < 1000000) return 6;
  if (v < 10000000) return 7;
  if (v < 100000000) return 8;
  if (v < 1000000000) return 9;
  if (v < 10000000000) return 10;
  return 10 + unsignedDigits(Math.floor(v / 10000000000));
}

/** Writes an int32 in [0, 2^31). */
function writeInt32(dst: Uint8Array, off: number, v: number): number {
  const end = off + unsignedDigits(v);
  let i = end;
  while (v >= 100) {
    const q = (v / 100) | 0;
    const pair = (v - q * 100) << 1;
    dst[--i] = DIGIT_PAIRS[pair + 1];
    dst[--i] = DIGIT_PAIRS[pair];
    v = q;
  }
  if (v >= 10) {
    dst[--i] = DIGIT_PAIRS[(v << 1) + 1];
    dst[--i] = DIGIT_PAIRS[v << 1];
  } else {
    dst[--i] = v + 0x30;
  }
  return end;
}

/** Writes an int32 in [0, 1e8) as exactly eight digits. */
function writeEight(dst: Uint8Array, off: number, v: number): number {
  for (let i = off + 6; i >= off; i -= 2) {
    const q = (v / 100) | 0;
    const pair = (v - q * 100) << 1;
    dst[i] = DIGIT_PAIRS[pair];
    dst[i + 1] = DIGIT_PAIRS[pair + 1];
    v = q;
  }
  return off + 8;
}

function digitPairs(): Uint8Array {
  const pairs = new Uint8Array(200);
  for (let i = 0; i < 100; i++) {
    pairs[i * 2] = 0x30 + ((i / 10) | 0);
    pairs[i * 2 + 1] = 0x30 + (i % 10);
  }
  return pairs;
}
