/**
 * Numbers from text and to text, as Lua 5.1 on a Unix machine has them: strtod and `%.14g`.
 *
 * Reading takes decimals, hexadecimals (of any length, with fraction and binary exponent), `inf` and
 * `nan` in any case, with white space around. A text ends at its first zero byte.
 *
 * Printing: `toPrecision`, `toFixed` and `toExponential` are exact in both engines except that they
 * round ties up where C rounds them to even; `tieIsOdd` finds the ties. A NaN prints as `-nan`,
 * which is what x86 computes for 0/0; the sign of a NaN can't be seen from here.
 */

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const HEXADECIMAL = /^([+-]?)0[xX]([0-9a-fA-F]*)(?:\.([0-9a-fA-F]*))?(?:[pP]([+-]?\d+))?$/;
const NAMED = /^([+-]?)(inf|infinity|nan|nan\(\w*\))$/i;

/** The number that a text stands for, or undefined. */
export function parseNumber(text: string): number | undefined {
  const digits = wholeDigits(text);
  if (digits >= 0) return digits;
  const zero = text.indexOf("\0");
  if (zero >= 0) text = text.slice(0, zero);
  text = trimSpaces(text);
  if (DECIMAL.test(text)) return Number(text);
  const hex = HEXADECIMAL.exec(text);
  if (hex !== null) return parseHexadecimal(hex);
  const named = NAMED.exec(text);
  if (named === null) return undefined;
  if (named[2][0] === "n" || named[2][0] === "N") return NaN;
  return named[1] === "-" ? -Infinity : Infinity;
}

/** The number of a text of one to fifteen digits, otherwise -1. */
function wholeDigits(text: string): number {
  const n = text.length;
  if (n === 0 || n > 15) return -1;
  let v = 0;
  for (let i = 0; i < n; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return -1;
    v = v * 10 + digit;
  }
  return v;
}

/** The text without C's white space at both ends. */
function trimSpaces(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

/** Space, tab, newline, vertical tab, form feed and carriage return. */
export function isSpace(c: number): boolean {
  return c === 32 || (c >= 9 && c <= 13);
}

/** Sizes from one to below the other are printed by way of `roundedEnd`. */
export const ROUNDED_MIN = 1e-3;
export const ROUNDED_MAX = 1e13;

/** A number as `tostring` shows it: C's `%.14g`. */
export function formatNumber(v: number): string {
  if ((v | 0) === v) return v === 0 && 1 / v < 0 ? "-0" : `${v}`;
  const size = Math.abs(v);
  if (size >= ROUNDED_MIN && size < ROUNDED_MAX) {
    const shortest = `${v}`;
    const end = roundedEnd(shortest, v);
    if (end > 0) return end === shortest.length ? shortest : shortest.slice(0, end);
    if (end < 0) {
      const last = shortest.charCodeAt(-end - 1);
      return shortest.slice(0, -end - 1) + String.fromCharCode(last + 1);
    }
  } else if (size < 1e14 && Number.isInteger(v)) return `${v}`;
  return formatGeneral(v, 14, false);
}

/**
 * Where the shortest text of a number, with a size from ROUNDED_MIN to ROUNDED_MAX, ends when it is
 * rounded to 14 digits; negative if the digit before the end goes up by one, and 0 where it takes more
 * than a look at the digit after it. Rounding that text gives what rounding the number gives: a tie
 * between the two would be shorter than the text, and so be the text itself.
 */
export function roundedEnd(text: string, v: number): number {
  const size = v < 0 ? -v : v;
  const zeros = size >= 1 ? 0 : size >= 0.1 ? 1 : size >= 0.01 ? 2 : 3;
  let end = (v < 0 ? 16 : 15) + zeros;
  if (text.length <= end) return text.length;
  const after = text.charCodeAt(end);
  if (after >= 53) {
    const last = text.charCodeAt(end - 1);
    if (last === 57 || last === 46 || (after === 53 && text.length === end + 1)) return 0;
    return -end;
  }
  while (text.charCodeAt(end - 1) === 48) end--;
  return text.charCodeAt(end - 1) === 46 ? end - 1 : end;
}

/** C's `%.<precision>g`; with `keepZeros` as its `#` flag has it. */
export function formatGeneral(v: number, precision: number, keepZeros: boolean): string {
  if (!Number.isFinite(v)) return formatNotFinite(v);
  const sign = v < 0 || (v === 0 && 1 / v < 0) ? "-" : "";
  const p = precision === 0 ? 1 : precision;
  if (v === 0) {
    return sign + (keepZeros && p > 1 ? `0.${"0".repeat(p - 1)}` : keepZeros ? "0." : "0");
  }
  const scientific = exponential(Math.abs(v), p - 1);
  const at = scientific.indexOf("e");
  const exponent = Number(scientific.slice(at + 1));
  let digits = scientific.slice(0, at).replace(".", "");
  if (exponent < -4 || exponent >= p) {
    const fraction = keepZeros ? digits.slice(1) : trimZeros(digits.slice(1));
    const point = fraction === "" && !keepZeros ? "" : ".";
    return `${sign}${digits[0]}${point}${fraction}e${exponentText(exponent)}`;
  }
  if (exponent < 0) digits = "0".repeat(-exponent) + digits;
  const whole = exponent < 0 ? 1 : exponent + 1;
  const fraction = keepZeros ? digits.slice(whole) : trimZeros(digits.slice(whole));
  const point = fraction === "" && !keepZeros ? "" : ".";
  return `${sign}${digits.slice(0, whole)}${point}${fraction}`;
}

/** C's `%.<precision>f`. */
export function formatFixed(v: number, precision: number): string {
  if (!Number.isFinite(v)) return formatNotFinite(v);
  const sign = v < 0 || (v === 0 && 1 / v < 0) ? "-" : "";
  const size = Math.abs(v);
  if (size >= 1e21) {
    return `${sign}${BigInt(size)}${precision > 0 ? `.${"0".repeat(precision)}` : ""}`;
  }
  let text = size.toFixed(precision);
  if (precision < 60 && tieIsOdd(size, text, precision)) text = decrementLast(text);
  return sign + text;
}

/** C's `%.<precision>e`. */
export function formatExponential(v: number, precision: number): string {
  if (!Number.isFinite(v)) return formatNotFinite(v);
  const sign = v < 0 || (v === 0 && 1 / v < 0) ? "-" : "";
  const text = exponential(Math.abs(v), precision);
  const at = text.indexOf("e");
  return `${sign}${text.slice(0, at)}e${exponentText(Number(text.slice(at + 1)))}`;
}

function formatNotFinite(v: number): string {
  return v === Infinity ? "inf" : v === -Infinity ? "-inf" : "-nan";
}

/** `toExponential` with ties to even. */
function exponential(size: number, precision: number): string {
  const text = size.toExponential(precision);
  if (precision > 60 || size === 0) return text;
  const at = text.indexOf("e");
  const more = size.toExponential(Math.min(100, precision + 30));
  const end = more.indexOf("e");
  const tail = more.slice(precision === 0 ? 2 : precision + 2, end);
  // A tie that went up to the next power of ten ends in zero, which is even.
  if (!/^50*$/.test(tail) || Number(more) !== size) return text;
  const digits = text.slice(0, at);
  if (Number(digits.at(-1)) % 2 === 0) return text;
  return decrementLast(digits) + text.slice(at);
}

/** Whether the fixed text came out of a tie and is odd: it was rounded up to an odd digit. */
function tieIsOdd(size: number, text: string, precision: number): boolean {
  if (Number(text.at(-1)) % 2 === 0) return false;
  const more = size.toFixed(precision + 30);
  const point = more.indexOf(".");
  return /^50*$/.test(more.slice(point + 1 + precision)) && Number(more) === size;
}

/** The digits less one in the last place; the last digit is odd, so nothing is borrowed. */
function decrementLast(digits: string): string {
  return digits.slice(0, -1) + (Number(digits.at(-1)) - 1);
}

function exponentText(exponent: number): string {
  const size = Math.abs(exponent);
  return `${exponent < 0 ? "-" : "+"}${size < 10 ? "0" : ""}${size}`;
}

function trimZeros(digits: string): string {
  let end = digits.length;
  while (end > 0 && digits[end - 1] === "0") end--;
  return digits.slice(0, end);
}

function parseHexadecimal(match: RegExpExecArray): number | undefined {
  const whole = match[2];
  const fraction = match[3] ?? "";
  if (whole === "" && fraction === "") return undefined;
  const digits = whole + fraction;
  const size = digits.length <= 13 ? parseInt(digits, 16) : Number(BigInt(`0x${digits}`));
  let exponent = Number(match[4] ?? "0") - 4 * fraction.length;
  let v = size;
  // In two steps, as a power of two may overflow on its own.
  exponent = Math.max(-5000, Math.min(5000, exponent));
  while (exponent > 1000) {
    v *= 2 ** 1000;
    exponent -= 1000;
  }
  while (exponent < -1000) {
    v *= 2 ** -1000;
    exponent += 1000;
  }
  v *= 2 ** exponent;
  return match[1] === "-" ? -v : v;
}
