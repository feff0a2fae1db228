/**
 * The struct library: values to and from bytes by a format, after Roberto Ierusalimschy's struct.
 *
 *     b B  1 byte      h H  2 bytes     l L T  8 bytes     i<n> I<n>  n bytes, at most 32 (4)
 *     f    float       d    double      s      zero ended  c<n>       n chars (1; 0: as long as it is)
 *     x    padding     < >  endianness  !<n>   alignment   space      nothing
 *
 * Lower case is signed. Integers have 64 bits inside, whatever their size in bytes.
 */

import { checkInteger, checkNumber, checkString, library, toInteger } from "./arguments.ts";
import type { LuaState } from "./state.ts";
import { argumentError, LuaError, luaError, type LuaFunction, type LuaValue } from "./value.ts";
import { STRING_LEN_MAX } from "./value.ts";

const INTEGER_SIZE_MAX = 32;
const INT_MAX = 2 ** 31 - 1;
const ALIGN_DEFAULT = 8;
const RESULTS_MAX = 7990;

const scratch = new DataView(new ArrayBuffer(8));

/** Sets `struct`. */
export function openStruct(state: LuaState): void {
  state.globals.setString("struct", library({ pack, unpack, size }));
}

/** Walks a format. */
class Format {
  readonly text: string;
  pos = 0;
  isLittle = true;
  align = 1;

  constructor(text: string) {
    const end = text.indexOf("\0");
    this.text = end < 0 ? text : text.slice(0, end);
  }

  /** A number in the format, or `otherwise`. */
  number(otherwise: number): number {
    const start = this.pos;
    let n = 0;
    for (; this.pos < this.text.length; this.pos++) {
      const digit = this.text.charCodeAt(this.pos) - 48;
      if (!(digit >= 0 && digit <= 9)) break;
      n = n * 10 + digit;
      if (n > INT_MAX) throw luaError("integral size overflow");
    }
    return this.pos === start ? otherwise : n;
  }

  /** Bytes that an option takes; also reads its number. */
  sizeOf(option: string): number {
    switch (option) {
      case "B":
      case "b":
      case "x":
        return 1;
      case "H":
      case "h":
        return 2;
      case "L":
      case "l":
      case "T":
      case "d":
        return 8;
      case "f":
        return 4;
      case "c":
        return this.number(1);
      case "i":
      case "I": {
        const n = this.number(4);
        if (n <= INTEGER_SIZE_MAX) return n;
        throw luaError(`integral size ${n} is larger than limit of ${INTEGER_SIZE_MAX}`);
      }
      default:
        return 0;
    }
  }

  /** Bytes to skip so that `n` bytes at `pos` are aligned. */
  padding(pos: number, option: string, n: number): number {
    if (n === 0 || option === "c") return 0;
    const unit = n > this.align ? this.align : n;
    return (unit - (pos & (unit - 1))) & (unit - 1);
  }

  /** Options that take no bytes. */
  control(option: string): void {
    if (option === " ") return;
    if (option === ">") this.isLittle = false;
    else if (option === "<") this.isLittle = true;
    else if (option === "!") {
      const n = this.number(ALIGN_DEFAULT);
      if (n <= 0 || (n & (n - 1)) !== 0) throw luaError(`alignment ${n} is not a power of 2`);
      this.align = n;
    } else throw argumentError(1, `invalid format option '${option}'`);
  }
}

const pack: LuaFunction = function (format, ...args) {
  const f = new Format(checkString(format, 1, arguments.length));
  const count = args.length + 1;
  let out = "";
  let at = 0;
  while (f.pos < f.text.length) {
    const option = f.text[f.pos++];
    const n = f.sizeOf(option);
    if (out.length + n > STRING_LEN_MAX) throw new LuaError("not enough memory");
    out += "\0".repeat(f.padding(out.length, option, n));
    switch (option) {
      case "x":
        out += "\0";
        break;
      case "f":
      case "d": {
        const v = checkNumber(args[at++], at + 1, count);
        out += floatBytes(v, option === "f", f.isLittle);
        break;
      }
      case "c":
      case "s": {
        const s = checkString(args[at++], at + 1, count);
        const length = n === 0 ? s.length : n;
        if (s.length < length) throw argumentError(at + 2, "string too short");
        out += option === "s" ? `${s}\0` : s.slice(0, length);
        break;
      }
      default:
        if (isInteger(option)) {
          out += integerBytes(checkNumber(args[at++], at + 1, count), n, f.isLittle);
        } else f.control(option);
    }
  }
  return out;
};

const unpack: LuaFunction = function (format, data, offset) {
  const f = new Format(checkString(format, 1, arguments.length));
  const s = checkString(data, 2, arguments.length);
  let pos = offset === undefined ? 1 : checkInteger(offset, 3, 3);
  // The offset is unsigned in the original, so a negative one is far behind the end.
  if (pos === 0) throw argumentError(3, "offset must be 1 or greater");
  pos = pos < 0 ? Number.MAX_SAFE_INTEGER : pos - 1;
  const values: LuaValue[] = [];
  while (f.pos < f.text.length) {
    const option = f.text[f.pos++];
    let n = f.sizeOf(option);
    if (pos <= s.length) pos += f.padding(pos, option, n);
    if (n > s.length || pos > s.length - n) throw argumentError(2, "data string too short");
    if (values.length > RESULTS_MAX) throw luaError("stack overflow (too many results)");
    if (isInteger(option)) {
      values.push(readInteger(s, pos, n, f.isLittle, option === option.toLowerCase()));
    } else if (option === "f" || option === "d") values.push(readFloat(s, pos, n, f.isLittle));
    else if (option === "c") {
      if (n === 0) {
        const last = values.pop();
        if (typeof last !== "number") throw luaError("format 'c0' needs a previous size");
        n = toInteger(last);
        if (n < 0 || n > s.length || pos > s.length - n) {
          throw argumentError(2, "data string too short");
        }
      }
      values.push(s.slice(pos, pos + n));
    } else if (option === "s") {
      const end = s.indexOf("\0", pos);
      if (end < 0) throw luaError("unfinished string in data");
      values.push(s.slice(pos, end));
      n = end - pos + 1;
    } else if (option !== "x") f.control(option);
    pos += n;
  }
  values.push(pos + 1);
  return values;
};

const size: LuaFunction = function (format) {
  const f = new Format(checkString(format, 1, arguments.length));
  let pos = 0;
  while (f.pos < f.text.length) {
    const option = f.text[f.pos++];
    const n = f.sizeOf(option);
    pos += f.padding(pos, option, n);
    if (option === "s") throw argumentError(1, "option 's' has no fixed size");
    if (option === "c" && n === 0) throw argumentError(1, "option 'c0' has no fixed size");
    if (!/[0-9A-Za-z]/.test(option)) f.control(option);
    pos += n;
  }
  return pos;
};

function isInteger(option: string): boolean {
  return "bBhHlLTiI".includes(option);
}

function integerBytes(v: number, n: number, isLittle: boolean): string {
  const integer = v >= 2 ** 63 && v < 2 ** 64 ? BigInt(v) : BigInt(toInteger(v));
  let rest = BigInt.asUintN(64, integer);
  let out = "";
  for (let i = 0; i < n; i++) {
    const byte = String.fromCharCode(Number(rest & 255n));
    out = isLittle ? out + byte : byte + out;
    rest >>= 8n;
  }
  return out;
}

function readInteger(
  s: string,
  pos: number,
  n: number,
  isLittle: boolean,
  isSigned: boolean,
): number {
  let v = 0n;
  for (let i = 0; i < n; i++) {
    const at = isLittle ? pos + n - 1 - i : pos + i;
    v = BigInt.asUintN(64, v << 8n) | BigInt(s.charCodeAt(at));
  }
  if (!isSigned) return Number(v);
  const bits = ((n * 8 - 1) & 63) + 1;
  return Number(
    (v >> BigInt(bits - 1) & 1n) === 1n ? BigInt.asIntN(bits, v) : BigInt.asIntN(64, v),
  );
}

function floatBytes(v: number, isSingle: boolean, isLittle: boolean): string {
  if (isSingle) scratch.setFloat32(0, v, isLittle);
  else scratch.setFloat64(0, v, isLittle);
  let out = "";
  for (let i = 0; i < (isSingle ? 4 : 8); i++) out += String.fromCharCode(scratch.getUint8(i));
  return out;
}

function readFloat(s: string, pos: number, n: number, isLittle: boolean): number {
  for (let i = 0; i < n; i++) scratch.setUint8(i, s.charCodeAt(pos + i));
  return n === 4 ? scratch.getFloat32(0, isLittle) : scratch.getFloat64(0, isLittle);
}
