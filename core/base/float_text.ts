/**
 * The grammar of floating point text as C's strtod and strtold read it, for the rare branches of
 * doubles.ts and for long_double.ts:
 *
 *     [+-] ( inf | infinity | digits [. digits] [e [+-] digits] | 0x hex [. hex] [p [+-] digits] )
 *
 * in any case, with digits on at least one side of the point, and nothing before or after. `nan` is
 * refused here because every caller refuses it. The result is exact: digits and an exponent, without
 * rounding, so that each caller can round to its own precision.
 *
 * Limits: an argument may be half a gigabyte of digits. At most `DIGITS_MAX` significant ones are
 * kept; if a dropped one was not zero, a digit 1 is appended, which rounds the same way because no
 * boundary between two representable values of the types in use has that many digits.
 */

import { latin1, type ReadonlyBytes } from "./bytes.ts";

/** What was read: (negative ? -1 : 1) * digits * base^exponent, or an infinity. */
export interface FloatText {
  negative: boolean;
  infinite: boolean;
  /** Significant digits without leading zeros, decimal or hexadecimal; "" is zero. */
  digits: string;
  /** 10 for decimal digits. 2 for hexadecimal ones: the exponent then counts bits. */
  base: 2 | 10;
  exponent: number;
}

/** More than the longest text long_double.ts accepts, and far more than the 767 a double needs. */
const DIGITS_MAX = 5200;

/** Written exponents stop counting here; anything near it is infinite or zero whatever follows. */
const EXPONENT_MAX = 1e12;

const INFINITY_LEN = 8;

/** The range as exact digits, or null if it is not a number from its first byte to its last. */
export function scanFloat(buf: ReadonlyBytes, off: number, len: number): FloatText | null {
  const end = off + len;
  let i = off;
  const sign = i < end ? buf[i] : 0;
  if (sign === 0x2b || sign === 0x2d) i++; // '+' '-'
  const out: FloatText = {
    negative: sign === 0x2d,
    infinite: false,
    digits: "",
    base: 10,
    exponent: 0,
  };
  if (i < end && (buf[i] | 0x20) === 0x69) { // 'i'
    if (end - i > INFINITY_LEN) return null;
    const word = latin1(buf, i, end - i).toLowerCase();
    out.infinite = true;
    return word === "inf" || word === "infinity" ? out : null;
  }
  if (end - i > 1 && buf[i] === 0x30 && (buf[i + 1] | 0x20) === 0x78) { // "0x"
    out.base = 2;
    i += 2;
  }
  return scanDigits(buf, i, end, out) ? out : null;
}

/**
 * `mantissa` / 2^`shift` rounded to the nearest integer, ties to even. A `shift` below one only
 * multiplies.
 */
export function shiftRightRounded(mantissa: bigint, shift: number): bigint {
  if (shift <= 0) return mantissa << BigInt(-shift);
  const bits = BigInt(shift);
  const floor = mantissa >> bits;
  const half = 1n << (bits - 1n);
  const rest = mantissa - (floor << bits);
  return rest > half || (rest === half && (floor & 1n) === 1n) ? floor + 1n : floor;
}

/** The number of bits of a non-negative integer; 0 for zero. */
export function bitLength(v: bigint): number {
  const hex = v.toString(16);
  return hex.length * 4 + 28 - Math.clz32(Number.parseInt(hex[0], 16));
}

/** Reads digits, point and exponent from `i` to `end` into `out`; false if anything is amiss. */
function scanDigits(buf: ReadonlyBytes, i: number, end: number, out: FloatText): boolean {
  const hex = out.base === 2;
  const intFrom = i;
  while (i < end && isDigit(buf[i], hex)) i++;
  const intTo = i;
  let fracFrom = i;
  let fracTo = i;
  if (i < end && buf[i] === 0x2e) { // '.'
    fracFrom = ++i;
    while (i < end && isDigit(buf[i], hex)) i++;
    fracTo = i;
  }
  if (intTo - intFrom + (fracTo - fracFrom) === 0) return false;
  takeDigits(buf, intFrom, intTo, false, out);
  takeDigits(buf, fracFrom, fracTo, true, out);
  if (i === end) return true;
  if ((buf[i] | 0x20) !== (hex ? 0x70 : 0x65)) return false; // 'p' or 'e'
  return scanExponent(buf, i + 1, end, out);
}

/** Reads a signed decimal exponent that must reach `end`. */
function scanExponent(buf: ReadonlyBytes, i: number, end: number, out: FloatText): boolean {
  const sign = i < end ? buf[i] : 0;
  if (sign === 0x2b || sign === 0x2d) i++;
  if (i >= end) return false;
  let v = 0;
  for (; i < end; i++) {
    if (!isDigit(buf[i], false)) return false;
    if (v < EXPONENT_MAX) v = v * 10 + (buf[i] - 0x30);
  }
  out.exponent += sign === 0x2d ? -v : v;
  return true;
}

/** Appends the digits of [from, to) to `out`, which lie behind the point if `fraction`. */
function takeDigits(
  buf: ReadonlyBytes,
  from: number,
  to: number,
  fraction: boolean,
  out: FloatText,
): void {
  const step = out.base === 2 ? 4 : 1;
  let i = from;
  if (out.digits === "") {
    while (i < to && buf[i] === 0x30) i++;
  }
  const taken = Math.min(to - i, Math.max(0, DIGITS_MAX - out.digits.length));
  out.digits += latin1(buf, i, taken);
  i += taken;
  // Behind the point every digit read moves the point; before it every digit left out does.
  out.exponent += fraction ? -step * (i - from) : step * (to - i);
  while (i < to && buf[i] === 0x30) i++;
  if (i < to && out.digits.length === DIGITS_MAX) {
    out.digits += "1";
    out.exponent -= step;
  }
}

function isDigit(c: number, hex: boolean): boolean {
  if (c >= 0x30 && c <= 0x39) return true;
  const lower = c | 0x20;
  return hex && lower >= 0x61 && lower <= 0x66;
}
