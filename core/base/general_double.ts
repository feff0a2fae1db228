/**
 * Doubles as C's "%.<digits>g" prints them: so many significant digits, correctly rounded, without the zeros
 * at the end.
 *
 * Redis prints scores this way in one place, ZSCAN of a large sorted set; everywhere else it prints the
 * shortest digits (doubles.ts).
 *
 * The language's toExponential rounds the exact value too, but between two equally near results it takes the
 * larger, and C the even one. A tie has exactly one digit more than wanted, a five; that is looked for.
 */
import { writeLatin1 } from "./bytes.ts";
import { writeDouble } from "./doubles.ts";

/** Room that `writeGeneral` may need. */
export const GENERAL_TEXT_LEN_MAX = 48;

/** Most digits that toExponential gives: more than follow one another as zeros in any double. */
const EXACT_DIGITS = 100;
/** Numbers below this are written with the point moved, not with an exponent. */
const FIXED_EXPONENT_MIN = -4;

/**
 * Writes a double with up to `digits` significant digits (2 to 21) at `off` and returns the offset after it.
 * `dst` must have room for GENERAL_TEXT_LEN_MAX bytes.
 */
export function writeGeneral(dst: Uint8Array, off: number, v: number, digits: number): number {
  // Integers that are short enough look the same in both ways, and so do those that are no numbers.
  if (!Number.isFinite(v) || Number.isSafeInteger(v) && Math.abs(v) < 10 ** digits) {
    return writeDouble(dst, off, v);
  }
  if (v < 0) {
    dst[off++] = 0x2d; // '-'
    v = -v;
  }
  const text = toRounded(v, digits);
  const at = text.indexOf("e");
  const exponent = Number(text.slice(at + 1));
  const significant = text.slice(0, at).replace(".", "").replace(/0+$/, "");
  return writeLatin1(dst, off, layOut(significant, exponent, digits));
}

/** "d.dddde+x" with exactly so many digits, ties to even. */
function toRounded(v: number, digits: number): string {
  const text = v.toExponential(digits - 1);
  if (!/5e/.test(v.toExponential(digits))) return text;
  const exact = v.toExponential(EXACT_DIGITS);
  const rest = exact.slice(digits + 1, exact.indexOf("e"));
  const last = text.indexOf("e") - 1;
  if (!/^50*$/.test(rest) || Number(text[last]) % 2 === 0) return text;
  // Rounded up to an odd digit, which is not 0, so nothing is borrowed.
  return text.slice(0, last) + String(Number(text[last]) - 1) + text.slice(last + 1);
}

function layOut(significant: string, exponent: number, digits: number): string {
  if (exponent < FIXED_EXPONENT_MIN || exponent >= digits) {
    const fraction = significant.length > 1 ? `.${significant.slice(1)}` : "";
    const size = String(Math.abs(exponent)).padStart(2, "0");
    return `${significant[0]}${fraction}e${exponent < 0 ? "-" : "+"}${size}`;
  }
  if (exponent < 0) return `0.${"0".repeat(-exponent - 1)}${significant}`;
  const whole = significant.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  const fraction = significant.slice(exponent + 1);
  return fraction === "" ? whole : `${whole}.${fraction}`;
}
