/**
 * Doubles between bytes and text, as Redis reads scores and prints scores and RESP3 doubles.
 *
 * Reading follows strtod over the whole range: decimal, hexadecimal (0x1.8p3) and infinity are
 * numbers; spaces, nan, an overflow and a value that vanishes to zero are not. Short plain decimals
 * are computed from an exact integer and an exact power of ten, which one division rounds correctly
 * (the classic fast path of William Clinger); the rest goes to the language's own conversion, which
 * rounds correctly too, after float_text.ts has checked the syntax.
 *
 * Printing must be Redis's to the byte, for a score read back is compared as text. Integers up to
 * 2^62 print as integers. Everything else is printed by Grisu2, which Redis uses through fpconv,
 * and in fpconv's layout. Why not `String(v)`: for about one random double in 140 Grisu2 misses the
 * shortest digits, and then Redis prints the longer ones; Larder must print them as well. About 0.3
 * us per number, against 0.1 us for `String(v)`.
 *
 * A number with few decimals, as prices and most scores are, needs none of that (`writeShortDecimal`, 40 ns).
 *
 * Grisu2 works on 64-bit fractions. They are pairs (hi, lo) of doubles here, each half below 2^32
 * and every sum and product below 2^53, so nothing is rounded. BigInt would be shorter code and
 * several times slower in a ZRANGE WITHSCORES.
 *
 * Credit: Grisu2 is Florian Loitsch's ("Printing Floating-Point Numbers Quickly and Accurately with
 * Integers", 2010); fpconv is Andreas Samoljuk's.
 */

import { ascii, latin1, type ReadonlyBytes } from "./bytes.ts";
import { type FloatText, scanFloat, shiftRightRounded } from "./float_text.ts";
import { formatInteger } from "./integers.ts";

/** Room that `writeDouble` may need. */
export const DOUBLE_TEXT_LEN_MAX = 32;

const TWO_32 = 4294967296;
const TWO_62 = 4611686018427387904;

/**
 * Integers below 2^53, which may have 16 digits, and powers up to 10^16 are exact, so their quotient is
 * rounded once. Times in microseconds have 16 digits.
 */
const EXACT_DIGITS_MAX = 16;
const EXACT_MAX = 2 ** 53;

/** Texts beyond this go to the language's parser as condensed digits, not as they are. */
const PLAIN_TEXT_LEN_MAX = 1000;

/** Cached powers of ten: 10^-348, 10^-340 ... 10^340. */
const POWER_FIRST = -348;
const POWER_STEP = 8;
const POWER_COUNT = 87;

/** The product of a fraction and its cached power has an exponent in this window. */
const WINDOW_EXPONENT_MIN = -60;
const WINDOW_EXPONENT_MAX = -32;

/** fpconv's log10(2); the choice between two usable powers depends on its exact value. */
const LOG10_2 = 0.30102999566398114;

const TENS = Float64Array.from({ length: EXACT_DIGITS_MAX + 1 }, (_, i) => 10 ** i);

/** The numbers that `writeShortDecimal` looks at: scaled they stay below 10^15. */
const SHORT_MIN = 1e-6;
const SHORT_MAX = 1e12;
/** Cuts a double in two halves of 26 bits (Veltkamp). */
const SPLIT = 2 ** 27 + 1;
const FRACTION_BITS = 52;
/** How far from v, in units of its last place, digits may be that Grisu2 is sure to find. */
const EDGE = 0.49;

const INF = ascii("inf");
const NAN = ascii("nan");

// One number is converted at a time, so the scratch space is shared.
const bits = new Uint32Array(2);
const bitsAsDouble = new Float64Array(bits.buffer);
const BITS_LO = bitsLowIndex();
const digits = new Uint8Array(20);
const textScratch = new Uint8Array(DOUBLE_TEXT_LEN_MAX);
/** Results of `multiply`: hi and lo. */
const product = new Float64Array(2);
/** Result of `grisu2` beside the digit count: the decimal exponent of the last digit. */
const decimalExponent = new Int32Array(1);

const powerHi = new Uint32Array(POWER_COUNT);
const powerLo = new Uint32Array(POWER_COUNT);
const powerExponent = new Int16Array(POWER_COUNT);
fillPowers();

/**
 * The range as a double, or NaN if it is not one in Redis's eyes. Infinity comes only from the
 * words inf and infinity: a number too large is invalid, as is one so small that it reads as zero.
 */
export function parseDouble(buf: ReadonlyBytes, off: number, len: number): number {
  const end = off + len;
  let i = off;
  const sign = len > 0 ? buf[off] : 0;
  if (sign === 0x2b || sign === 0x2d) i++; // '+' '-'
  let mantissa = 0;
  let digitCount = 0;
  let pointAt = -1;
  for (; i < end; i++) {
    const c = buf[i];
    if (c >= 0x30 && c <= 0x39) {
      mantissa = mantissa * 10 + (c - 0x30);
      digitCount++;
    } else if (c === 0x2e && pointAt < 0) { // '.'
      pointAt = digitCount;
    } else {
      return parseDoubleSlow(buf, off, len);
    }
  }
  if (digitCount === 0) return NaN;
  if (digitCount > EXACT_DIGITS_MAX || mantissa >= EXACT_MAX) return parseDoubleSlow(buf, off, len);
  const v = pointAt < 0 ? mantissa : mantissa / TENS[digitCount - pointAt];
  return sign === 0x2d ? -v : v;
}

/** The text of a double in a score or a RESP3 double: "1", "0.1", "1e+30", "inf", "nan". */
export function formatDouble(v: number): string {
  return latin1(textScratch, 0, writeDouble(textScratch, 0, v));
}

/**
 * Writes what `formatDouble` returns at `off` and returns the offset after it.
 * `dst` must have room for `DOUBLE_TEXT_LEN_MAX` bytes.
 */
export function writeDouble(dst: Uint8Array, off: number, v: number): number {
  if (Number.isNaN(v)) return writeToken(dst, off, NAN);
  if (v < 0 || (v === 0 && 1 / v < 0)) {
    dst[off++] = 0x2d; // '-'
    v = -v;
  }
  if (v === Infinity) return writeToken(dst, off, INF);
  if (v <= TWO_62 && Math.floor(v) === v) {
    return Number.isSafeInteger(v) ? formatInteger(dst, off, v) : writeWideInteger(dst, off, v);
  }
  const end = writeShortDecimal(dst, off, v);
  return end > 0 ? end : writeShortest(dst, off, v);
}

/**
 * The text of a double as DEBUG DIGEST takes it. Integers too are the digits that Grisu2 finds: "1e+15", and
 * "4611686018427388000" for 2^62.
 */
export function formatShortestDouble(v: number): string {
  if (v === 0 || !Number.isFinite(v)) return formatDouble(v);
  const text = latin1(textScratch, 0, writeShortest(textScratch, 0, Math.abs(v)));
  return v < 0 ? `-${text}` : text;
}

/** Writes a positive finite double as fpconv does and returns the offset after it. */
function writeShortest(dst: Uint8Array, off: number, v: number): number {
  const count = grisu2(v);
  return writeDigits(dst, off, count, decimalExponent[0]);
}

function parseDoubleSlow(buf: ReadonlyBytes, off: number, len: number): number {
  const text = scanFloat(buf, off, len);
  if (text === null) return NaN;
  const zero = text.digits === "";
  let v = 0;
  if (text.infinite) v = Infinity;
  else if (text.base === 2) v = zero ? 0 : hexToDouble(text);
  else if (len <= PLAIN_TEXT_LEN_MAX) v = Math.abs(Number(latin1(buf, off, len)));
  else v = zero ? 0 : Number(`${text.digits}e${text.exponent}`);
  if ((v === Infinity && !text.infinite) || (v === 0 && !zero)) return NaN;
  return text.negative ? -v : v;
}

/** Rounds hexadecimal digits to 53 bits, or fewer where the result is subnormal. */
function hexToDouble(text: FloatText): number {
  const mantissa = BigInt("0x" + text.digits);
  const first = Number.parseInt(text.digits[0], 16);
  const bitCount = text.digits.length * 4 - (Math.clz32(first) - 28);
  const magnitude = bitCount + text.exponent;
  // Beyond these the shifts below would only be larger, not different.
  if (magnitude > 1025) return Infinity;
  if (magnitude < -1080) return 0;
  const shift = Math.max(bitCount - 53, -1074 - text.exponent, 0);
  const rounded = Number(shiftRightRounded(mantissa, shift));
  const exponent = text.exponent + shift;
  // Exact: -1074 <= exponent, and the product has at most 53 bits. Where 2^exponent is infinite
  // the product is too, since rounded is at least one.
  return rounded * 2 ** exponent;
}

function writeToken(dst: Uint8Array, off: number, token: Uint8Array): number {
  for (let i = 0; i < token.length; i++) dst[off + i] = token[i];
  return off + token.length;
}

/** Writes an integer in (2^53, 2^62] exactly: the digits after the leading ones, then nine more. */
function writeWideInteger(dst: Uint8Array, off: number, v: number): number {
  const lo = v % 1000000000;
  off = formatInteger(dst, off, (v - lo) / 1000000000);
  let rest = lo;
  for (let i = off + 8; i >= off; i--) {
    dst[i] = 0x30 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
  return off + 9;
}

/**
 * Writes a positive fraction that is a decimal of up to six places, three from 10^9 on, and returns the offset
 * after it; 0 when it is none.
 *
 * If the nearest such decimal, n / scale, reads back as v, then with its zeros at the end dropped it is the
 * shortest text that does: a shorter one, with zeros appended, would be as near to v, and decimals of at
 * most 15 digits are further apart than the numbers that read as v. Grisu2 finds just these digits unless they
 * lie near the edge of what reads as v, where it is not exact. So v * scale is computed exactly (Dekker's
 * product), and what differs by nearly half a unit of v's last place is left to Grisu2.
 */
function writeShortDecimal(dst: Uint8Array, off: number, v: number): number {
  if (v < SHORT_MIN || v >= SHORT_MAX) return 0;
  let places = v < 1e9 ? 6 : 3;
  const scale = TENS[places];
  const scaled = v * scale;
  let n = Math.round(scaled);
  if (n / scale !== v) return 0;
  const c = v * SPLIT;
  const high = c - (c - v);
  // The scale has so few bits that both products are exact.
  const error = (high * scale - scaled) + (v - high) * scale;
  bitsAsDouble[0] = v;
  bits[1 - BITS_LO] -= FRACTION_BITS << 20;
  bits[1 - BITS_LO] &= 0xfff00000;
  bits[BITS_LO] = 0;
  if (Math.abs(n - scaled - error) > EDGE * bitsAsDouble[0] * scale) return 0;
  const whole = Math.floor(v);
  n -= whole * scale;
  while (n % 10 === 0) {
    n /= 10;
    places--;
  }
  off = formatInteger(dst, off, whole);
  dst[off] = 0x2e; // '.'
  for (let i = places; i > 0; i--) {
    const rest = (n / 10) | 0;
    dst[off + i] = 0x30 + (n - rest * 10);
    n = rest;
  }
  return off + 1 + places;
}

/** Lays `count` digits times 10^`k` out as fpconv does. */
function writeDigits(dst: Uint8Array, off: number, count: number, k: number): number {
  const exponent = count - 1 + k;
  const size = exponent < 0 ? -exponent : exponent;
  if (k >= 0 && size < count + 7) {
    off = copyDigits(dst, off, 0, count);
    for (let i = 0; i < k; i++) dst[off++] = 0x30;
    return off;
  }
  if (k < 0 && (k > -7 || size < 4)) {
    const before = count + k;
    if (before > 0) {
      off = copyDigits(dst, off, 0, before);
      dst[off++] = 0x2e; // '.'
      return copyDigits(dst, off, before, count);
    }
    dst[off++] = 0x30;
    dst[off++] = 0x2e;
    for (let i = before; i < 0; i++) dst[off++] = 0x30;
    return copyDigits(dst, off, 0, count);
  }
  dst[off++] = digits[0];
  if (count > 1) {
    dst[off++] = 0x2e;
    off = copyDigits(dst, off, 1, count);
  }
  dst[off++] = 0x65; // 'e'
  dst[off++] = exponent < 0 ? 0x2d : 0x2b;
  return formatInteger(dst, off, size);
}

function copyDigits(dst: Uint8Array, off: number, from: number, to: number): number {
  for (let i = from; i < to; i++) dst[off++] = digits[i];
  return off;
}

/**
 * Puts the digits of a positive finite double into `digits` and the exponent of the last of them
 * into `decimalExponent`; returns how many there are.
 *
 * The value w and the two boundaries halfway to its neighbours are multiplied by a power of ten
 * that brings them into a fixed window. Any digits between the boundaries read back as w, so
 * generation stops as soon as what remains is less than the distance between them.
 */
function grisu2(v: number): number {
  bitsAsDouble[0] = v;
  const rawHi = bits[1 - BITS_LO];
  const exponentBits = rawHi >>> 20;
  let hi = rawHi & 0xfffff;
  const lo = bits[BITS_LO];
  const narrowBelow = hi === 0 && lo === 0;
  if (exponentBits !== 0) hi |= 0x100000;
  // Normalize: the top bit of the fraction moves to bit 63. The shift is 11 for normal doubles.
  const shift = hi !== 0 ? Math.clz32(hi) : 32 + Math.clz32(lo);
  const exponent = (exponentBits !== 0 ? exponentBits : 1) - 1075 - shift;
  const scale = 2 ** shift;
  const wHi = hi * scale + Math.floor((lo * scale) / TWO_32);
  const wLo = shift < 32 ? (lo << shift) >>> 0 : 0;
  // The upper boundary is half a unit of the last bit above; the lower one half a unit below, or a
  // quarter where the neighbour below has a smaller exponent.
  const half = scale / 2;
  const below = narrowBelow ? scale / 4 : half;
  const power = cachedPower(exponent);

  multiply(wHi, wLo, power);
  const valueHi = product[0];
  const valueLo = product[1];
  // Each half is split off as a multiple of 2^32 and a remainder; the carry goes to the high word.
  const upLo = wLo + (half % TWO_32);
  const upCarry = upLo >= TWO_32 ? 1 : 0;
  multiply(wHi + Math.floor(half / TWO_32) + upCarry, upLo - upCarry * TWO_32, power);
  // The boundaries move inwards by one unit, which the products' own error can't exceed.
  const upperHi = product[1] === 0 ? product[0] - 1 : product[0];
  const upperLo = product[1] === 0 ? TWO_32 - 1 : product[1] - 1;
  const downLo = wLo - (below % TWO_32);
  const downBorrow = downLo < 0 ? 1 : 0;
  multiply(wHi - Math.floor(below / TWO_32) - downBorrow, downLo + downBorrow * TWO_32, power);
  const lowerHi = product[1] === TWO_32 - 1 ? product[0] + 1 : product[0];
  const lowerLo = product[1] === TWO_32 - 1 ? 0 : product[1] + 1;

  decimalExponent[0] = -(POWER_FIRST + power * POWER_STEP);
  const fractionBits = -(exponent + powerExponent[power] + 64);
  const wide = upperLo < lowerLo ? 1 : 0;
  const away = upperLo < valueLo ? 1 : 0;
  return generateDigits(
    fractionBits,
    upperHi,
    upperLo,
    upperHi - lowerHi - wide,
    upperLo - lowerLo + wide * TWO_32,
    upperHi - valueHi - away,
    upperLo - valueLo + away * TWO_32,
  );
}

/**
 * Generates digits of upper / 2^fractionBits until the rest is within delta, the distance between
 * the boundaries; then steps the last digit towards the value, which is `away` below upper.
 */
function generateDigits(
  fractionBits: number,
  upperHi: number,
  upperLo: number,
  deltaHi: number,
  deltaLo: number,
  awayHi: number,
  awayLo: number,
): number {
  // 32 <= fractionBits <= 60, so a unit is a power of two in the high word alone.
  const unit = 2 ** (fractionBits - 32);
  let whole = Math.floor(upperHi / unit);
  let restHi = upperHi - whole * unit;
  let restLo = upperLo;
  let count = 0;
  for (let place = 9; place >= 0; place--) {
    const digit = Math.floor(whole / TENS[place]);
    whole -= digit * TENS[place];
    if (digit !== 0 || count !== 0) digits[count++] = digit + 0x30;
    const leftHi = whole * unit + restHi;
    if (!less(deltaHi, deltaLo, leftHi, restLo)) {
      decimalExponent[0] += place;
      roundLastDigit(count, deltaHi, deltaLo, leftHi, restLo, TENS[place] * unit, awayHi, awayLo);
      return count;
    }
  }
  for (let place = -1;; place--) {
    restLo *= 10;
    deltaLo *= 10;
    awayLo *= 10;
    const carry = Math.floor(restLo / TWO_32);
    const deltaCarry = Math.floor(deltaLo / TWO_32);
    const awayCarry = Math.floor(awayLo / TWO_32);
    restLo -= carry * TWO_32;
    deltaLo -= deltaCarry * TWO_32;
    awayLo -= awayCarry * TWO_32;
    restHi = restHi * 10 + carry;
    deltaHi = deltaHi * 10 + deltaCarry;
    awayHi = awayHi * 10 + awayCarry;
    const digit = Math.floor(restHi / unit);
    restHi -= digit * unit;
    if (digit !== 0 || count !== 0) digits[count++] = digit + 0x30;
    if (less(restHi, restLo, deltaHi, deltaLo)) {
      decimalExponent[0] += place;
      roundLastDigit(count, deltaHi, deltaLo, restHi, restLo, unit, awayHi, awayLo);
      return count;
    }
  }
}

/**
 * Lowers the last digit while that brings the digits closer to the value and keeps them between
 * the boundaries. `rest` is how far below upper the digits are; one step of the digit is `stepHi`
 * in the high word.
 */
function roundLastDigit(
  count: number,
  deltaHi: number,
  deltaLo: number,
  restHi: number,
  restLo: number,
  stepHi: number,
  awayHi: number,
  awayLo: number,
): void {
  // The low word never changes, as a step has none. High words may exceed 32 bits, which is
  // harmless in doubles.
  while (less(restHi, restLo, awayHi, awayLo)) {
    const nextHi = restHi + stepHi;
    if (less(deltaHi, deltaLo, nextHi, restLo)) return;
    if (!less(nextHi, restLo, awayHi, awayLo)) {
      // Past the value: go there only if it is nearer, i.e. away - rest > next - away.
      if (!less(nextHi + restHi, restLo + restLo, awayHi + awayHi, awayLo + awayLo)) return;
    }
    digits[count - 1]--;
    restHi = nextHi;
  }
}

/** Whether (aHi, aLo) < (bHi, bLo). Low words may be sums of two; the high ones settle those. */
function less(aHi: number, aLo: number, bHi: number, bLo: number): boolean {
  const d = aHi - bHi;
  return d * TWO_32 < bLo - aLo;
}

/** (hi, lo) times a cached power, the upper 64 bits rounded to nearest, into `product`. */
function multiply(hi: number, lo: number, power: number): void {
  const pHi = powerHi[power];
  const pLo = powerLo[power];
  const hlHi = productHigh(hi, pLo);
  const lhHi = productHigh(lo, pHi);
  const middle = (Math.imul(hi, pLo) >>> 0) + (Math.imul(lo, pHi) >>> 0) + productHigh(lo, pLo) +
    2147483648;
  const low = (Math.imul(hi, pHi) >>> 0) + hlHi + lhHi + Math.floor(middle / TWO_32);
  const carry = Math.floor(low / TWO_32);
  product[0] = productHigh(hi, pHi) + carry;
  product[1] = low - carry * TWO_32;
}

/** The upper 32 bits of the product of two unsigned 32-bit integers. */
function productHigh(a: number, b: number): number {
  const high = (a >>> 16) * b;
  const low = (a & 0xffff) * b;
  return Math.floor((high + Math.floor(low / 65536)) / 65536);
}

/**
 * The index of the cached power that brings a fraction with this exponent into the window.
 * Two may do; starting from fpconv's estimate makes the same one be taken as in Redis.
 */
function cachedPower(exponent: number): number {
  const estimate = Math.trunc(-(exponent + POWER_COUNT) * LOG10_2);
  let i = Math.trunc((estimate - POWER_FIRST) / POWER_STEP);
  for (;;) {
    const at = exponent + powerExponent[i] + 64;
    if (at < WINDOW_EXPONENT_MIN) i++;
    else if (at > WINDOW_EXPONENT_MAX) i--;
    else return i;
  }
}

/** Computes the cached powers, rounded to 64 bits: cheaper to check than a table typed in. */
function fillPowers(): void {
  for (let i = 0; i < POWER_COUNT; i++) {
    const ten = POWER_FIRST + i * POWER_STEP;
    // 1300 extra bits keep 10^-348 far more precise than the 64 bits wanted.
    const extra = ten < 0 ? 1300 : 0;
    const scaled = ten < 0 ? (1n << 1300n) / 10n ** BigInt(-ten) : 10n ** BigInt(ten);
    const shift = scaled.toString(2).length - 64;
    const fraction = shiftRightRounded(scaled, shift);
    powerHi[i] = Number(fraction >> 32n);
    powerLo[i] = Number(fraction & 0xffffffffn);
    powerExponent[i] = shift - extra;
  }
}

/** Which half of `bits` is the low one: 0 on little-endian machines. */
function bitsLowIndex(): number {
  bitsAsDouble[0] = 1;
  return bits[0] === 0 ? 0 : 1;
}
