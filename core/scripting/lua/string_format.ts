/**
 * string.format: C's conversions of numbers and strings, and `%q`.
 *
 * A string that goes through C's formatting ends at its first zero byte, as in Lua 5.1; one of 100
 * bytes or more without a precision doesn't go through it.
 *
 * The formats used lately are kept as they were read, and the bare %d and %s go past everything else:
 * `%d:%s` takes 45 and 70 ns (Deno, Bun), and took 130 and 195 when it was read each time.
 */

import { checkNumber, checkString, toInteger } from "./arguments.ts";
import { formatExponential, formatFixed, formatGeneral } from "./numbers.ts";
import { argumentError, luaError, type LuaValue } from "./value.ts";

const FLAGS = "-+ #0";

/** Formats that are kept, and how long they may be. */
const KEPT_MAX = 200;
const KEPT_LEN_MAX = 100;

interface Spec {
  flags: string;
  width: number;
  /** -1 where none is given. */
  precision: number;
  conversion: string;
}

/** A format that was read: texts with the conversions between them. */
interface Format {
  /** One more than specs. */
  texts: string[];
  specs: Spec[];
  /** What is wrong with it after all these. */
  error: string | null;
}

const kept = new Map<string, Format>();

/** The format with its conversions filled in. `args` are the values for them. */
export function formatString(format: string, args: LuaValue[]): string {
  const { texts, specs, error } = kept.get(format) ?? readFormat(format);
  // In one expression, for which the engines make fewer strings.
  if (specs.length === 2 && error === null) {
    return texts[0] + converted(specs, args, 0) + texts[1] + converted(specs, args, 1) + texts[2];
  }
  let out = texts[0];
  for (let i = 0; i < specs.length; i++) out += converted(specs, args, i) + texts[i + 1];
  if (error === null) return out;
  throw specs.length >= args.length ? argumentError(specs.length + 2, "no value") : luaError(error);
}

function converted(specs: Spec[], args: LuaValue[], i: number): string {
  if (i >= args.length) throw argumentError(i + 2, "no value");
  const spec = specs[i];
  const v = args[i];
  if (spec === DECIMAL && typeof v === "number" && (v | 0) === v) return `${v | 0}`;
  if (spec === STRING && typeof v === "string") return plainString(v);
  return convert(spec, v, i + 2, args.length + 1);
}

// The most common conversions, known by identity.
const DECIMAL: Spec = { flags: "", width: 0, precision: -1, conversion: "d" };
const STRING: Spec = { flags: "", width: 0, precision: -1, conversion: "s" };

function readFormat(format: string): Format {
  const read: Format = { texts: [""], specs: [], error: null };
  const { texts, specs } = read;
  let at = 0;
  for (;;) {
    const escape = format.indexOf("%", at);
    texts[specs.length] += escape < 0 ? format.slice(at) : format.slice(at, escape);
    if (escape < 0) break;
    at = escape + 1;
    if (format[at] === "%") {
      texts[specs.length] += "%";
      at++;
      continue;
    }
    const spec: Spec = { flags: "", width: 0, precision: -1, conversion: "" };
    const end = readSpec(format, at, spec);
    if (typeof end === "string") {
      read.error = end;
      break;
    }
    const isBare = end === at + 1;
    at = end;
    specs.push(
      isBare && spec.conversion === "d"
        ? DECIMAL
        : isBare && spec.conversion === "s"
        ? STRING
        : spec,
    );
    texts.push("");
  }
  if (format.length > KEPT_LEN_MAX) return read;
  if (kept.size >= KEPT_MAX) kept.clear();
  kept.set(format, read);
  return read;
}

/** Where the conversion ends, or what is wrong with it. */
function readSpec(format: string, at: number, spec: Spec): number | string {
  const start = at;
  while (at < format.length && FLAGS.includes(format[at])) at++;
  if (at - start > FLAGS.length) return "invalid format (repeated flags)";
  spec.flags = format.slice(start, at);
  const width = readDigits(format, at);
  spec.width = Number(width);
  at += width.length;
  if (format[at] === ".") {
    const precision = readDigits(format, at + 1);
    spec.precision = Number(precision);
    at += 1 + precision.length;
  }
  if (isDigit(format[at])) return "invalid format (width or precision too long)";
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
    case "c":
      return cString(pad(spec, String.fromCharCode(lowByte(checkNumber(v, n, count))), false));
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
      return pad(
        spec,
        spec.precision < 0 ? plainString(s) : cString(s).slice(0, spec.precision),
        false,
      );
    }
    default: {
      const c = spec.conversion === "\0" ? "" : spec.conversion;
      throw luaError(`invalid option '%${c}' to 'format'`);
    }
  }
}

/** A number cut to an int, whose low byte it is; what doesn't fit is the least int. */
function lowByte(v: number): number {
  return v > -(2 ** 31) - 1 && v < 2 ** 31 ? v & 255 : 0;
}

function signed(spec: Spec, v: number): string {
  let digits = BigInt(v < 0 ? -v : v).toString();
  if (spec.precision >= 0) {
    digits = spec.precision === 0 && v === 0 ? "" : digits.padStart(spec.precision, "0");
  }
  return pad(spec, signOf(spec, v < 0) + digits, spec.precision < 0);
}

function unsigned(spec: Spec, v: number): string {
  // As the processor converts: what is too large comes out as zero, other nonsense as 2^63.
  const integer = v >= 2 ** 64 ? 0n : v >= 2 ** 63 ? BigInt(v) : BigInt(toInteger(v));
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

function plainString(s: string): string {
  return s.length >= 100 ? s : cString(s);
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
