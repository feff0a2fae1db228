/**
 * Doubles with a fixed number of digits behind the point, as geo commands print them.
 *
 *     writeTenThousandths   distances: four digits, rounded after multiplying by 10^4; "166274.1516"
 *     writeExact17          coordinates: C's "%.17f" without the zeros at the end; "13.36138933897018433"
 *     fixedText             C's "%.<digits>f", for error messages
 *
 * Coordinates come by the thousand, so their digits are not left to BigInt: the fraction is kept in three limbs of
 * 26 bits, which hold it exactly down to 2^-78, and a flag for what is below. Multiplying by 10^6 moves six digits
 * out at the top.
 */
import { writeLatin1 } from "./bytes.ts";
import { shiftRightRounded } from "./float_text.ts";
import { formatInteger } from "./integers.ts";

/** Room that the writers may need. */
export const FIXED_TEXT_LEN_MAX = 48;

const LIMB = 2 ** 26;
/** Digits behind the point, in three steps. */
const STEPS = [1e6, 1e6, 1e5];
const STEP_DIGITS = [6, 6, 5];
/** What becomes of numbers too large for 64 bits, and of NaN: the least integer, as a processor has it. */
const OUT_OF_RANGE = "-922337203685477.5808";
const INT64_END = 2 ** 63;

/** The three groups of digits of one number. */
const groups = new Int32Array(3);

/** Writes a double with four digits behind the point at `off` and returns the offset after it. */
export function writeTenThousandths(dst: Uint8Array, off: number, v: number): number {
  const scaled = roundHalfEven(v * 1e4);
  if (!(Math.abs(scaled) < INT64_END)) return writeLatin1(dst, off, OUT_OF_RANGE);
  if (scaled < 0) dst[off++] = 0x2d; // '-'
  const size = Math.abs(scaled);
  if (!Number.isSafeInteger(size)) {
    const digits = BigInt(size).toString();
    return writeLatin1(dst, off, `${digits.slice(0, -4)}.${digits.slice(-4)}`);
  }
  const whole = Math.floor(size / 1e4);
  off = formatInteger(dst, off, whole);
  dst[off++] = 0x2e; // '.'
  return writePadded(dst, off, size - whole * 1e4, 4);
}

/** Writes a double below 2^53 with up to 17 exact digits behind the point. Returns the offset after it. */
export function writeExact17(dst: Uint8Array, off: number, v: number): number {
  const size = Math.abs(v);
  let whole = Math.floor(size);
  if (splitFraction(size - whole)) whole++;
  const isZero = whole === 0 && groups[0] === 0 && groups[1] === 0 && groups[2] === 0;
  if (v < 0 && !isZero) dst[off++] = 0x2d; // '-'
  off = formatInteger(dst, off, whole);
  dst[off++] = 0x2e; // '.'
  for (let i = 0; i < 3; i++) off = writePadded(dst, off, groups[i], STEP_DIGITS[i]);
  while (dst[off - 1] === 0x30) off--;
  return dst[off - 1] === 0x2e ? off - 1 : off;
}

/** A double with `digits` digits behind the point, ties to even. Cold. */
export function fixedText(v: number, digits: number): string {
  if (!Number.isFinite(v)) return v > 0 ? "inf" : v < 0 ? "-inf" : "nan";
  let exponent = 0;
  let mantissa = Math.abs(v);
  while (!Number.isInteger(mantissa)) {
    mantissa *= 2;
    exponent++;
  }
  const scaled = shiftRightRounded(BigInt(mantissa) * 10n ** BigInt(digits), exponent);
  const text = scaled.toString().padStart(digits + 1, "0");
  const sign = v < 0 || Object.is(v, -0) ? "-" : "";
  return `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

/** Sets `groups` to the 17 digits of a fraction. Returns true when it rounds up to one; they are zeros then. */
function splitFraction(fraction: number): boolean {
  let high = Math.floor(fraction * LIMB);
  let rest = fraction * LIMB - high;
  let middle = Math.floor(rest * LIMB);
  rest = rest * LIMB - middle;
  let low = Math.floor(rest * LIMB);
  const isMore = rest * LIMB > low;
  for (let i = 0; i < 3; i++) {
    const step = STEPS[i];
    let product = low * step;
    let carry = Math.floor(product / LIMB);
    low = product - carry * LIMB;
    product = middle * step + carry;
    carry = Math.floor(product / LIMB);
    middle = product - carry * LIMB;
    product = high * step + carry;
    carry = Math.floor(product / LIMB);
    high = product - carry * LIMB;
    groups[i] = carry;
  }
  const half = LIMB / 2;
  const isTie = high === half && middle === 0 && low === 0 && !isMore;
  const roundsUp = isTie ? groups[2] % 2 === 1 : high >= half;
  return roundsUp && carryUp();
}

/** Adds one to the last digit of `groups`. Returns whether all digits became zeros. */
function carryUp(): boolean {
  for (let i = 2; i >= 0; i--) {
    if (++groups[i] < STEPS[i]) return false;
    groups[i] = 0;
  }
  return true;
}

function roundHalfEven(v: number): number {
  const below = Math.floor(v);
  const part = v - below;
  if (part < 0.5) return below;
  return part > 0.5 || below % 2 !== 0 ? below + 1 : below;
}

/** Writes a number with `digits` digits, zeros in front included. */
function writePadded(dst: Uint8Array, off: number, v: number, digits: number): number {
  for (let i = off + digits - 1; i >= off; i--) {
    const ten = Math.floor(v / 10);
    dst[i] = 0x30 + v - ten * 10;
    v = ten;
  }
  return off + digits;
}
