/**
 * cjson.encode: a Lua value as JSON text.
 *
 * A table whose keys are all whole numbers from 1 is an array up to the largest of them, with null in
 * the gaps, unless it is too sparse; every other table, the empty one too, is an object. Slashes are
 * escaped, bytes from 128 are passed on as they are.
 *
 * The text is written as bytes and made a string once, at the end. A list of 100 small objects, 8 KB, takes
 * 22 us on both engines; put together of strings it took 34 and 29, and then 10 more when it was read.
 */

import { latin1, writeLatin1 } from "../../base/bytes.ts";
import { formatGeneral, formatNumber, ROUNDED_MAX, ROUNDED_MIN, roundedEnd } from "./numbers.ts";
import { countBytes, countStep, typeName } from "./runtime.ts";
import { LuaTable } from "./table.ts";
import { LuaError, luaError, LuaUserdata, type LuaValue, STRING_LEN_MAX } from "./value.ts";

/** Settings of one cjson module. */
export interface JsonConfig {
  sparseConvert: boolean;
  sparseRatio: number;
  sparseSafe: number;
  encodeDepthMax: number;
  decodeDepthMax: number;
  /** 0: refused, 1: written as they are, 2: written as null. */
  encodeInvalid: number;
  decodeInvalid: boolean;
  precision: number;
  keepBuffer: boolean;
}

/** What the buffer begins with, and what is kept of a larger one. */
const START_LEN = 4096;
const KEPT_LEN_MAX = 1024 * 1024;

/** What is made sure of before anything is written: room for a number, and for signs around it. */
const ROOM = 64;

/** Longest escape: `\u001f`. */
const ESCAPE_LEN = 6;

const SHORT: ReadonlyMap<number, string> = new Map([
  [34, '\\"'],
  [92, "\\\\"],
  [47, "\\/"],
  [8, "\\b"],
  [9, "\\t"],
  [10, "\\n"],
  [12, "\\f"],
  [13, "\\r"],
]);

/** 1 for the chars that are escaped. */
const IS_ESCAPED = new Uint8Array(256);
for (let c = 0; c < 32; c++) IS_ESCAPED[c] = 1;
for (const c of [34, 47, 92, 127]) IS_ESCAPED[c] = 1;

// One text is written at a time: nothing here calls a script.
let buf = new Uint8Array(START_LEN);
let at = 0;

/** The value as JSON. Throws a LuaError for what JSON can't hold. */
export function encodeJson(config: JsonConfig, v: LuaValue): string {
  at = 0;
  writeValue(config, v, 0);
  if (at > STRING_LEN_MAX) throw new LuaError("not enough memory");
  countBytes(at);
  const text = latin1(buf, 0, at);
  if (buf.length > KEPT_LEN_MAX) buf = new Uint8Array(START_LEN);
  return text;
}

/** Makes room for so many bytes after `at`. */
function ensure(count: number): void {
  const need = at + count;
  if (need <= buf.length) return;
  if (need > STRING_LEN_MAX + ROOM) throw new LuaError("not enough memory");
  const larger = new Uint8Array(Math.min(Math.max(2 * buf.length, need), STRING_LEN_MAX + ROOM));
  larger.set(buf.subarray(0, at));
  buf = larger;
}

function refuse(v: LuaValue, reason: string): LuaError {
  return luaError(`Cannot serialise ${typeName(v)}: ${reason}`);
}

function writeValue(config: JsonConfig, v: LuaValue, depth: number): void {
  switch (typeof v) {
    case "string":
      return writeString(v);
    case "number":
      return writeNumber(config, v);
    case "boolean":
      return writePlain(v ? "true" : "false");
    case "undefined":
      return writePlain("null");
    case "object":
      if (v instanceof LuaTable) return writeTable(config, v, depth + 1);
      if (v instanceof LuaUserdata && v.light) return writePlain("null");
      throw refuse(v, "type not supported");
    default:
      throw refuse(v, "type not supported");
  }
}

/** A text without escapes, of at most ROOM bytes. */
function writePlain(text: string): void {
  ensure(ROOM);
  at = writeLatin1(buf, at, text);
}

function writeString(text: string): void {
  const n = text.length;
  ensure(n + ROOM);
  let out = buf;
  let p = at;
  out[p++] = 34;
  for (let i = 0; i < n; i++) {
    const c = text.charCodeAt(i);
    if (IS_ESCAPED[c] === 0) {
      out[p++] = c;
      continue;
    }
    at = p;
    writeEscape(c, n - i);
    out = buf;
    p = at;
  }
  out[p++] = 34;
  at = p;
}

/** Writes an escape, with room for `left` more chars and the end. */
function writeEscape(c: number, left: number): void {
  ensure(left + ESCAPE_LEN + ROOM);
  const text = SHORT.get(c) ?? `\\u${c.toString(16).padStart(4, "0")}`;
  at = writeLatin1(buf, at, text);
}

function writeNumber(config: JsonConfig, v: number): void {
  if (config.precision !== 14) return writePlain(numberText(config, v));
  if ((v | 0) === v && v > 0) return writeWhole(v);
  const size = Math.abs(v);
  if (!(size >= ROUNDED_MIN && size < ROUNDED_MAX)) return writePlain(numberText(config, v));
  const text = `${v}`;
  const end = roundedEnd(text, v);
  if (end === 0) return writePlain(numberText(config, v));
  ensure(ROOM);
  const n = end < 0 ? -end : end;
  for (let i = 0; i < n; i++) buf[at + i] = text.charCodeAt(i);
  at += n;
  if (end < 0) buf[at - 1]++;
}

/** A whole number above zero, below 2^31. */
function writeWhole(v: number): void {
  ensure(ROOM);
  let end = at + 1;
  for (let power = 10; v >= power; power *= 10) end++;
  at = end;
  while (v > 0) {
    const rest = (v / 10) | 0;
    buf[--end] = 48 + v - rest * 10;
    v = rest;
  }
}

function numberText(config: JsonConfig, v: number): string {
  if (!Number.isFinite(v)) {
    if (config.encodeInvalid === 0) throw refuse(v, "must not be NaN or Inf");
    if (config.encodeInvalid === 2) return "null";
    return v !== v ? "nan" : v > 0 ? "inf" : "-inf";
  }
  return config.precision === 14 ? formatNumber(v) : formatGeneral(v, config.precision, false);
}

function writeTable(config: JsonConfig, t: LuaTable, depth: number): void {
  if (depth > config.encodeDepthMax) {
    throw luaError(`Cannot serialise, excessive nesting (${depth})`);
  }
  const n = arrayLength(config, t);
  if (n > 0) writeArray(config, t, n, depth);
  else writeObject(config, t, depth);
}

function writeArray(config: JsonConfig, t: LuaTable, n: number, depth: number): void {
  const { arr } = t;
  ensure(ROOM);
  buf[at++] = 91;
  for (let i = 1; i <= n; i++) {
    countStep();
    if (i > 1) buf[at++] = 44;
    writeValue(config, i < arr.length ? arr[i] : t.getNumber(i), depth);
  }
  buf[at++] = 93;
}

/** In the order of `next`. */
function writeObject(config: JsonConfig, t: LuaTable, depth: number): void {
  const { arr, keys, vals } = t;
  ensure(ROOM);
  buf[at++] = 123;
  const start = at;
  for (let i = 1; i < arr.length; i++) {
    if (arr[i] !== undefined) writeEntry(config, i, arr[i], at === start, depth);
  }
  for (let i = 0; i < keys.length; i++) {
    if (vals[i] !== undefined) writeEntry(config, keys[i], vals[i], at === start, depth);
  }
  buf[at++] = 125;
}

function writeEntry(
  config: JsonConfig,
  k: LuaValue,
  v: LuaValue,
  isFirst: boolean,
  depth: number,
): void {
  countStep();
  if (!isFirst) buf[at++] = 44;
  if (typeof k === "string") writeString(k);
  else if (typeof k === "number") writePlain(`"${numberText(config, k)}"`);
  else throw refuse(k, "table key must be a number or string");
  buf[at++] = 58;
  writeValue(config, v, depth);
}

/** The largest key of a table that is an array, or -1. */
function arrayLength(config: JsonConfig, t: LuaTable): number {
  if (!t.holes && t.keys.length === 0) return t.arr.length - 1;
  if (typeof t.keys[0] === "string" && t.vals[0] !== undefined) return -1;
  let max = 0;
  let items = 0;
  for (let pos = t.nextPosition(0); pos > 0; pos = t.nextPosition(pos)) {
    const k = t.keyAt(pos);
    if (typeof k !== "number" || !(k >= 1) || Math.floor(k) !== k) return -1;
    // The original keeps it in an int.
    if (k > max) max = k > 2147483647 ? -2147483648 : k;
    items++;
  }
  if (config.sparseRatio > 0 && max > items * config.sparseRatio && max > config.sparseSafe) {
    if (!config.sparseConvert) throw refuse(t, "excessively sparse array");
    return -1;
  }
  return max;
}
