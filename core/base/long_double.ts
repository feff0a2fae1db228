/**
 * The arithmetic of INCRBYFLOAT and HINCRBYFLOAT: x87 extended precision in software.
 *
 * Redis adds with C's long double, which on x86 has a mantissa of 64 bits, and prints 17 digits
 * after the point. Doubles give other digits (0.1 + 0.2 would print as 0.30000000000000004), and
 * the results are stored, so the same values are computed here: decimal text to 64 bits, one
 * addition, exact decimal text, each rounded to nearest with ties to even.
 *
 * A finite number is mantissa * 2^exponent with mantissa < 2^64 and -16445 <= exponent <= 16320:
 *
 *     largest     (2^64 - 1) * 2^16320, about 1.2e4932
 *     smallest    1 * 2^-16445, about 3.6e-4951; below 2^-16382 precision is lost bit by bit
 *
 * BigInt makes this a few lines whose correctness can be seen. It costs microseconds per command
 * and allocates, which is accepted for these two commands: elsewhere integers are doubles, and no
 * double holds these.
 */

import type { ReadonlyBytes } from "./bytes.ts";
import { bitLength, scanFloat, shiftRightRounded } from "./float_text.ts";

/** An x87 long double. `mantissa` and `exponent` mean nothing unless `kind` is "finite". */
export interface LongDouble {
  readonly kind: "finite" | "infinite" | "nan";
  readonly negative: boolean;
  readonly mantissa: bigint;
  readonly exponent: number;
}

const MANTISSA_BITS = 64;
const EXPONENT_MIN = -16445;
const EXPONENT_MAX = 16320;

/** Redis reads numbers into a buffer of 5 KiB with a closing NUL; a longer text is no number. */
const TEXT_LEN_MAX = 5119;

/** Decimal magnitudes beyond these are infinite or zero whatever their digits. */
const DECIMAL_MAGNITUDE_MAX = 4940;
const DECIMAL_MAGNITUDE_MIN = -4960;

/** Digits printed after the point, before trailing zeros are dropped. */
const FRACTION_DIGITS = 17;

/**
 * The range as a long double, or null if Redis would not accept it: spaces, nan, an empty or
 * overlong text, an overflow, or a value that is not zero but would vanish to it.
 * The words inf and infinity are accepted; test the sum with `isFiniteLongDouble`.
 */
export function parseLongDouble(
  buf: ReadonlyBytes,
  off: number,
  len: number,
): LongDouble | null {
  if (len <= 0 || len > TEXT_LEN_MAX) return null;
  const text = scanFloat(buf, off, len);
  if (text === null) return null;
  if (text.infinite) return infinite(text.negative);
  if (text.digits === "") return zero(text.negative);
  const v = text.base === 2
    ? fromBits(text.negative, text.digits, text.exponent)
    : fromDecimal(text.negative, text.digits, text.exponent);
  return v.kind === "infinite" || v.mantissa === 0n ? null : v;
}

/** The sum, rounded to nearest. Opposite infinities give nan; a sum too large is infinite. */
export function addLongDouble(a: LongDouble, b: LongDouble): LongDouble {
  if (a.kind !== "finite" || b.kind !== "finite") return addSpecial(a, b);
  const exponent = Math.min(a.exponent, b.exponent);
  const sum = alignedValue(a, exponent) + alignedValue(b, exponent);
  // A zero sum is positive, unless both were negative zeros.
  if (sum === 0n) return zero(a.negative && b.negative);
  return sum < 0n ? rounded(true, -sum, exponent) : rounded(false, sum, exponent);
}

/** Whether the value is neither an infinity nor nan. */
export function isFiniteLongDouble(v: LongDouble): boolean {
  return v.kind === "finite";
}

/**
 * The decimal text that Redis stores: 17 digits after the point, rounded, without trailing zeros
 * and without a bare point; never an exponent; "-0" is "0". At most about 4,950 bytes.
 */
export function formatLongDouble(v: LongDouble): string {
  if (v.kind === "nan") return "nan";
  if (v.kind === "infinite") return v.negative ? "-inf" : "inf";
  const scaled = v.mantissa * 10n ** BigInt(FRACTION_DIGITS);
  const digits = shiftRightRounded(scaled, -v.exponent).toString()
    .padStart(FRACTION_DIGITS + 1, "0");
  const point = digits.length - FRACTION_DIGITS;
  let end = digits.length;
  while (end > point && digits.charCodeAt(end - 1) === 0x30) end--;
  let text = digits.slice(0, point);
  if (end > point) text += "." + digits.slice(point, end);
  return v.negative && text !== "0" ? "-" + text : text;
}

function infinite(negative: boolean): LongDouble {
  return { kind: "infinite", negative, mantissa: 0n, exponent: 0 };
}

function zero(negative: boolean): LongDouble {
  return { kind: "finite", negative, mantissa: 0n, exponent: 0 };
}

function addSpecial(a: LongDouble, b: LongDouble): LongDouble {
  const opposite = a.kind === "infinite" && b.kind === "infinite" && a.negative !== b.negative;
  if (a.kind === "nan" || b.kind === "nan" || opposite) {
    return { kind: "nan", negative: false, mantissa: 0n, exponent: 0 };
  }
  return a.kind === "infinite" ? a : b;
}

/** The signed integer i with i * 2^exponent = v, for an exponent not above v's. */
function alignedValue(v: LongDouble, exponent: number): bigint {
  if (v.mantissa === 0n) return 0n;
  const i = v.mantissa << BigInt(v.exponent - exponent);
  return v.negative ? -i : i;
}

/** Rounds mantissa * 2^exponent, for a positive mantissa of any size, into the format. */
function rounded(negative: boolean, mantissa: bigint, exponent: number): LongDouble {
  const shift = Math.max(bitLength(mantissa) - MANTISSA_BITS, EXPONENT_MIN - exponent, 0);
  let m = shiftRightRounded(mantissa, shift);
  let e = exponent + shift;
  if (m === 1n << 64n) { // Rounding up carried into a 65th bit.
    m >>= 1n;
    e++;
  }
  // A short mantissa may carry an exponent above the limit and still be in range.
  if (e > EXPONENT_MAX) {
    const room = MANTISSA_BITS - bitLength(m);
    if (e - EXPONENT_MAX > room) return infinite(negative);
    m <<= BigInt(e - EXPONENT_MAX);
    e = EXPONENT_MAX;
  }
  return { kind: "finite", negative, mantissa: m, exponent: e };
}

/** Rounds hexadecimal digits times 2^exponent. */
function fromBits(negative: boolean, digits: string, exponent: number): LongDouble {
  // Exponents this far out decide alone, and the shifts they would ask for can't be done.
  if (exponent + digits.length * 4 < EXPONENT_MIN - 1) return zero(negative);
  if (exponent > EXPONENT_MAX + MANTISSA_BITS) return infinite(negative);
  return rounded(negative, BigInt("0x" + digits), exponent);
}

/** Rounds decimal digits times 10^exponent. */
function fromDecimal(negative: boolean, digits: string, exponent: number): LongDouble {
  const magnitude = digits.length + exponent;
  if (magnitude > DECIMAL_MAGNITUDE_MAX) return infinite(negative);
  if (magnitude < DECIMAL_MAGNITUDE_MIN) return zero(negative);
  const integer = BigInt(digits);
  if (exponent >= 0) return rounded(negative, integer * 10n ** BigInt(exponent), 0);
  const divisor = 10n ** BigInt(-exponent);
  // Two more bits than the mantissa has, and a last bit that says whether anything was cut off,
  // make the rounding of the quotient that of the exact value. Small quotients need no more: the
  // fewer bits of a subnormal are cut from these.
  const shift = Math.max(0, MANTISSA_BITS + 2 - (bitLength(integer) - bitLength(divisor)));
  const numerator = integer << BigInt(shift);
  const quotient = numerator / divisor;
  const sticky = quotient * divisor === numerator ? 0n : 1n;
  return rounded(negative, (quotient << 1n) | sticky, -shift - 1);
}
