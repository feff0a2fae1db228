/**
 * string.format: C's conversions of numbers and strings, and `%q`.
 *
 * A string that goes through C's formatting ends at its first zero byte, as in Lua 5.1; one of 100
 * bytes or more without a precision doesn't go through it.
 */

import { checkNumber, checkString, toInteger } from "./arguments.ts";
import { formatExponential, formatFixed, formatGeneral } from "./numbers.ts";
import { argumentError, luaError, type LuaValue } from "./value.ts";

const FLAGS = "-+ #0";

interface Spec {
  flags: string;
  width: number;
  /** -1 where none is given. */
  precision: number;
  conversion: string;
}

/** The format with its conversions filled in. `args` are the values for them. */
export function formatString(format: string, args: LuaValue[]): string {
  let out = "";
  let at = 0;
  let n = 0;
  for (;;) {
    const escape = format.indexOf("%", at);
    if (escape < 0) return out + format.slice(at);
    out += format.slice(at, escape);
    at = escape + 1;
    if (format[at] === "%") {
      out += "%";
      at++;
      continue;
    }
    n++;
    if (n > args.length) throw argumentError(n + 1, "no value");
    const spec: Spec = { flags: "", width: 0, precision: -1, conversion: "" };
    at = readSpec(format, at, spec);
    out += convert(spec, args[n - 1], n + 1, args.length + 1);
  }
}

function readSpec(format: string, at: number, spec: Spec): number {
  const start = at;
  while (at < format.length && FLAGS.includes(format[at])) at++;
  if (at - start > FLAGS.length) throw luaError("invalid format (repeated flags)");
  spec.flags = format.slice(start, at);
  const width = readDigits(format, at);
  spec.width = Number(width);
  at += width.length;
  if (format[at] === ".") {
    const precision = readDigits(format, at + 1);
    spec.precision = Number(precision);
    at += 1 + precision.length;
  }
  if (isDigit(format[at])) throw luaError("invalid format (width or precision too long)");
  spec.conversion = at < format.length ? format[at] : "\0";
  return at + 1;
}

/** At most two digits. */
function readDigits(format: string, at: number): string {
  let count = 0;
  while (count < 2 && isDigit(format[at + count])) count++;
  return format.slice(at, at + count);
}

function isDigit(c: string | undefined): boolean {
  return c !== undefined && c >= "0" && c <= "9";
}

function convert(spec: Spec, v: LuaValue, n: number, count: number): string {
  switch (spec.conversion) {
    case "c": {
      const c = Number(BigInt.asUintN(8, BigInt(toInteger(checkNumber(v, n, count)))));
      return cString(pad(spec, String.fromCharCode(c), false));
    }
    case "d":
    case "i":
      return signed(spec, toInteger(checkNumber(v, n, count)));
    case "o":
    case "u":
    case "x":
    case "X":
      return unsigned(spec, checkNumber(v, n, count));
    case "e":
    case "E":
    case "f":
    case "g":
    case "G":
      return float(spec, checkNumber(v, n, count));
    case "q":
      return quoted(checkString(v, n, count));
    case "s": {
      const s = checkString(v, n, count);
      if (spec.precision < 0 && s.length >= 100) return s;
      const text = cString(s);
      return pad(spec, spec.precision < 0 ? text : text.slice(0, spec.precision), false);
    }
    default: {
      const c = spec.conversion === "\0" ? "" : spec.conversion;
      throw luaError(`invalid option '%${c}' to 'format'`);
    }
  }
}

function signed(spec: Spec, v: number): string {
  let digits = BigInt(v < 0 ? -v : v).toString();
  if (spec.precision >= 0) {
    digits = spec.precision === 0 && v === 0 ? "" : digits.padStart(spec.precision, "0");
  }
  return pad(spec, signOf(spec, v < 0) + digits, spec.precision < 0);
}

function unsigned(spec: Spec, v: number): string {
  const integer = v >= 2 ** 63 && v < 2 ** 64 ? BigInt(v) : BigInt(toInteger(v));
  const value = BigInt.asUintN(64, integer);
  const radix = spec.conversion === "o" ? 8 : spec.conversion === "u" ? 10 : 16;
  let digits = value.toString(radix);
  if (spec.precision >= 0) {
    digits = spec.precision === 0 && value === 0n ? "" : digits.padStart(spec.precision, "0");
  }
  let prefix = "";
  if (spec.flags.includes("#")) {
    if (radix === 16 && value !== 0n) prefix = "0x";
    if (radix === 8 && digits[0] !== "0") digits = `0${digits}`;
  }
  if (spec.conversion === "X") {
    digits = digits.toUpperCase();
    prefix = prefix.toUpperCase();
  }
  return pad(spec, prefix + digits, spec.precision < 0);
}

function float(spec: Spec, v: number): string {
  const precision = spec.precision < 0 ? 6 : spec.precision;
  const isAlternate = spec.flags.includes("#");
  const lower = spec.conversion.toLowerCase();
  let text: string;
  if (lower === "f") text = formatFixed(v, precision);
  else if (lower === "e") text = formatExponential(v, precision);
  else text = formatGeneral(v, precision, isAlternate);
  if (isAlternate && precision === 0 && lower !== "g" && Number.isFinite(v)) {
    text = text.includes("e") ? text.replace("e", ".e") : `${text}.`;
  }
  const isNegative = text[0] === "-";
  if (isNegative) text = text.slice(1);
  if (lower !== spec.conversion) text = text.toUpperCase();
  return pad(spec, signOf(spec, isNegative) + text, Number.isFinite(v));
}

function signOf(spec: Spec, isNegative: boolean): string {
  if (isNegative) return "-";
  if (spec.flags.includes("+")) return "+";
  return spec.flags.includes(" ") ? " " : "";
}

/** The text at its width; zeros go between sign or prefix and digits where they are allowed. */
function pad(spec: Spec, text: string, mayZero: boolean): string {
  if (text.length >= spec.width) return text;
  if (spec.flags.includes("-")) return text.padEnd(spec.width);
  if (!mayZero || !spec.flags.includes("0")) return text.padStart(spec.width);
  const head = /^[-+ ]?(?:0[xX])?/.exec(text)![0];
  return head + text.slice(head.length).padStart(spec.width - head.length, "0");
}

function cString(s: string): string {
  const at = s.indexOf("\0");
  return at < 0 ? s : s.slice(0, at);
}

/** The string as a literal that Lua reads back. */
function quoted(s: string): string {
  let out = '"';
  for (const c of s) {
    if (c === '"' || c === "\\" || c === "\n") out += `\\${c}`;
    else if (c === "\r") out += "\\r";
    else if (c === "\0") out += "\\000";
    else out += c;
  }
  return `${out}"`;
}
