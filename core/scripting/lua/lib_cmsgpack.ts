/**
 * The cmsgpack library (0.4.0): MessagePack.
 *
 * Tables with the keys 1 to n and no others are arrays, the rest are maps. Whole numbers that fit 64
 * bits are integers; other numbers are floats if these hold them, doubles otherwise. What has no form
 * (functions, and tables more than 16 deep, which ends circles) is nil.
 */

import { checkInteger, checkString, library, optInteger } from "./arguments.ts";
import { formatNumber } from "./numbers.ts";
import { countBytes, countStep } from "./runtime.ts";
import type { LuaState } from "./state.ts";
import { LuaTable } from "./table.ts";
import {
  argumentError,
  LuaError,
  luaError,
  type LuaFunction,
  type LuaValue,
  STRING_LEN_MAX,
} from "./value.ts";

const NESTING_MAX = 16;
const INT_MAX = 2 ** 31 - 1;
/** Results that fit on Lua's stack. */
const RESULTS_MAX = 7990;

const scratch = new DataView(new ArrayBuffer(8));

/** Sets `cmsgpack`. */
export function openCmsgpack(state: LuaState): void {
  const table = library({ pack, unpack, unpack_one, unpack_limit });
  table.setString("_NAME", "cmsgpack");
  table.setString("_VERSION", "lua-cmsgpack 0.4.0");
  table.setString("_COPYRIGHT", "Copyright (C) 2012, Salvatore Sanfilippo");
  table.setString("_DESCRIPTION", "MessagePack C implementation for Lua");
  state.globals.setString("cmsgpack", table);
}

// Packing

const pack: LuaFunction = (...args) => {
  if (args.length === 0) throw argumentError(0, "MessagePack pack needs input.");
  let out = "";
  for (const v of args) out += packed(v, 0);
  if (out.length > STRING_LEN_MAX) throw new LuaError("not enough memory");
  countBytes(out.length);
  return out;
};

function packed(v: LuaValue, level: number): string {
  countStep();
  switch (typeof v) {
    case "string":
      return head(v.length, 32, 0xa0, 0xd9, 0xda) + v;
    case "number":
      return packedNumber(v);
    case "boolean":
      return v ? "\xc3" : "\xc2";
    default:
      return v instanceof LuaTable && level < NESTING_MAX ? packedTable(v, level) : "\xc0";
  }
}

/** The type and length of a string (`byte`: the form with one byte for it), an array or a map. */
function head(n: number, fixed: number, fixedType: number, byte: number, word: number): string {
  if (n < fixed) return String.fromCharCode(fixedType | n);
  if (n <= 0xff && byte !== 0) return String.fromCharCode(byte, n);
  if (n <= 0xffff) return String.fromCharCode(word, n >> 8, n & 0xff);
  scratch.setUint8(0, word + 1);
  scratch.setUint32(1, n);
  return scratchText(5);
}

function scratchText(n: number): string {
  let out = "";
  for (let i = 0; i < n; i++) out += String.fromCharCode(scratch.getUint8(i));
  return out;
}

function packedNumber(v: number): string {
  const isInteger = Math.floor(v) === v && v >= -(2 ** 63) && v < 2 ** 63;
  if (isInteger) return packedInteger(v);
  if (v !== v) return "\xcb\xff\xf8\0\0\0\0\0\0";
  if (Math.fround(v) === v) {
    scratch.setFloat32(0, v);
    return `\xca${scratchText(4)}`;
  }
  scratch.setFloat64(0, v);
  return `\xcb${scratchText(8)}`;
}

function packedInteger(v: number): string {
  if (v >= 0) {
    if (v <= 0x7f) return String.fromCharCode(v);
    if (v <= 0xff) return String.fromCharCode(0xcc, v);
    if (v <= 0xffff) return String.fromCharCode(0xcd, v >> 8, v & 0xff);
    if (v <= 0xffffffff) {
      scratch.setUint32(0, v);
      return `\xce${scratchText(4)}`;
    }
    scratch.setBigInt64(0, BigInt(v));
    return `\xcf${scratchText(8)}`;
  }
  if (v >= -32) return String.fromCharCode(v & 0xff);
  if (v >= -128) return String.fromCharCode(0xd0, v & 0xff);
  if (v >= -32768) return String.fromCharCode(0xd1, (v >> 8) & 0xff, v & 0xff);
  if (v >= -2147483648) {
    scratch.setInt32(0, v);
    return `\xd2${scratchText(4)}`;
  }
  scratch.setBigInt64(0, BigInt(v));
  return `\xd3${scratchText(8)}`;
}

function packedTable(t: LuaTable, level: number): string {
  if (isArray(t)) {
    const n = t.length();
    let out = head(n, 16, 0x90, 0, 0xdc);
    for (let i = 1; i <= n; i++) out += packed(t.getNumber(i), level + 1);
    return out;
  }
  let out = "";
  let count = 0;
  for (let pos = t.nextPosition(0); pos > 0; pos = t.nextPosition(pos)) {
    out += packed(t.keyAt(pos), level + 1) + packed(t.valueAt(pos), level + 1);
    count++;
  }
  return head(count, 16, 0x80, 0, 0xde) + out;
}

function isArray(t: LuaTable): boolean {
  let max = 0;
  let count = 0;
  for (let pos = t.nextPosition(0); pos > 0; pos = t.nextPosition(pos)) {
    const k = t.keyAt(pos);
    if (typeof k !== "number" || !(k > 0 && k <= INT_MAX) || Math.floor(k) !== k) return false;
    if (k > max) max = k;
    count++;
  }
  return max === count;
}

// Unpacking

const unpack: LuaFunction = function (s) {
  return unpackFrom(checkString(s, 1, arguments.length), 0, 0);
};

const unpack_one: LuaFunction = function (s, offset) {
  const from = optInteger(offset, 2, 0);
  return unpackFrom(checkString(s, 1, arguments.length), 1, from);
};

const unpack_limit: LuaFunction = function (s, limit, offset) {
  const most = checkInteger(limit, 2, arguments.length);
  const from = optInteger(offset, 3, 0);
  return unpackFrom(checkString(s, 1, arguments.length), most, from);
};

function unpackFrom(s: string, limit: number, offset: number): LuaValue[] {
  if (offset < 0 || limit < 0) {
    const from = formatNumber(offset | 0);
    throw luaError(
      `Invalid request to unpack with offset of ${from} and limit of ${s.length}.`,
    );
  }
  if (offset > s.length) {
    throw luaError(`Start offset ${offset} greater than input length ${s.length}.`);
  }
  const isAll = limit === 0 && offset === 0;
  const reader = new Reader(s, offset);
  const values: LuaValue[] = [];
  while (reader.pos < s.length && (isAll || values.length < limit)) {
    values.push(reader.any());
    if (values.length > RESULTS_MAX) {
      throw luaError(
        "stack overflow (too many return values at once; use unpack_one or unpack_limit instead.)",
      );
    }
  }
  if (!isAll) values.unshift(reader.pos === s.length ? -1 : reader.pos);
  return values;
}

class Reader {
  private readonly s: string;
  pos: number;

  constructor(s: string, pos: number) {
    this.s = s;
    this.pos = pos;
  }

  /** The next value. */
  any(): LuaValue {
    countStep();
    const type = this.unsigned(1);
    if (type <= 0x7f) return type;
    if (type >= 0xe0) return type - 256;
    if (type <= 0x8f) return this.map(type & 15);
    if (type <= 0x9f) return this.array(type & 15);
    if (type <= 0xbf) return this.text(type & 31);
    return this.typed(type);
  }

  private typed(type: number): LuaValue {
    switch (type) {
      case 0xc0:
        return undefined;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xca:
        this.load(4);
        return scratch.getFloat32(0);
      case 0xcb:
        this.load(8);
        return scratch.getFloat64(0);
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.unsigned(1 << (type - 0xcc));
      case 0xcf:
      case 0xd3:
        this.load(8);
        return Number(scratch.getBigInt64(0));
      case 0xd0:
        return this.unsigned(1) << 24 >> 24;
      case 0xd1:
        return this.unsigned(2) << 16 >> 16;
      case 0xd2:
        return this.unsigned(4) | 0;
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.text(this.unsigned(1 << (type - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.array(this.unsigned(2 << (type - 0xdc)));
      case 0xde:
      case 0xdf:
        return this.map(this.unsigned(2 << (type - 0xde)));
      default:
        throw luaError("Bad data format in input.");
    }
  }

  private need(n: number): void {
    if (this.s.length - this.pos < n) throw luaError("Missing bytes in input.");
  }

  private unsigned(n: number): number {
    this.need(n);
    let v = 0;
    for (let i = 0; i < n; i++) v = v * 256 + this.s.charCodeAt(this.pos++);
    return v;
  }

  private load(n: number): void {
    this.need(n);
    for (let i = 0; i < n; i++) scratch.setUint8(i, this.s.charCodeAt(this.pos++));
  }

  private text(n: number): string {
    this.need(n);
    this.pos += n;
    return this.s.slice(this.pos - n, this.pos);
  }

  private array(n: number): LuaTable {
    const table = new LuaTable();
    for (let i = 1; i <= n; i++) {
      const v = this.any();
      if (v !== undefined) table.setNumber(i, v);
    }
    return table;
  }

  private map(n: number): LuaTable {
    const table = new LuaTable();
    for (let i = 0; i < n; i++) {
      const key = this.any();
      const v = this.any();
      if (key === undefined) throw luaError("table index is nil");
      if (key !== key) throw luaError("table index is NaN");
      table.set(key, v);
    }
    return table;
  }
}
