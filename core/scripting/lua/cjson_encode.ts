/**
 * cjson.encode: a Lua value as JSON text.
 *
 * A table whose keys are all whole numbers from 1 is an array up to the largest of them, with null in
 * the gaps, unless it is too sparse; every other table, the empty one too, is an object. Slashes are
 * escaped, bytes from 128 are passed on as they are.
 */

import { formatGeneral, formatNumber } from "./numbers.ts";
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

// deno-lint-ignore no-control-regex
const ESCAPED = /["\\/\x00-\x1f\x7f]/;
// deno-lint-ignore no-control-regex
const ALL_ESCAPED = /["\\/\x00-\x1f\x7f]/g;

/** Up to this length a loop beats the start of a regular expression. */
const SHORT_LEN_MAX = 24;

const SHORT: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ["\\", "\\\\"],
  ["/", "\\/"],
  ["\b", "\\b"],
  ["\t", "\\t"],
  ["\n", "\\n"],
  ["\f", "\\f"],
  ["\r", "\\r"],
]);

/** The value as JSON. Throws a LuaError for what JSON can't hold. */
export function encodeJson(config: JsonConfig, v: LuaValue): string {
  const out = encodeValue(config, v, 0);
  if (out.length > STRING_LEN_MAX) throw new LuaError("not enough memory");
  countBytes(out.length);
  return out;
}

function refuse(v: LuaValue, reason: string): LuaError {
  return luaError(`Cannot serialise ${typeName(v)}: ${reason}`);
}

function encodeValue(config: JsonConfig, v: LuaValue, depth: number): string {
  switch (typeof v) {
    case "string":
      return encodeText(v);
    case "number":
      return encodeNumber(config, v);
    case "boolean":
      return v ? "true" : "false";
    case "undefined":
      return "null";
    case "object":
      if (v instanceof LuaTable) return encodeTable(config, v, depth + 1);
      if (v instanceof LuaUserdata && v.light) return "null";
      throw refuse(v, "type not supported");
    default:
      throw refuse(v, "type not supported");
  }
}

function encodeText(s: string): string {
  if (s.length <= SHORT_LEN_MAX ? isPlain(s) : !ESCAPED.test(s)) return `"${s}"`;
  return `"${s.replace(ALL_ESCAPED, escapeOf)}"`;
}

function isPlain(s: string): boolean {
  for (let i = 0; i < s.length; i++) {
    const c = s.charCodeAt(i);
    if (c < 32 || c === 34 || c === 47 || c === 92 || c === 127) return false;
  }
  return true;
}

function escapeOf(c: string): string {
  const short = SHORT.get(c);
  return short ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function encodeNumber(config: JsonConfig, v: number): string {
  if (!Number.isFinite(v)) {
    if (config.encodeInvalid === 0) throw refuse(v, "must not be NaN or Inf");
    if (config.encodeInvalid === 2) return "null";
    return v !== v ? "nan" : v > 0 ? "inf" : "-inf";
  }
  return config.precision === 14 ? formatNumber(v) : formatGeneral(v, config.precision, false);
}

function encodeTable(config: JsonConfig, t: LuaTable, depth: number): string {
  if (depth > config.encodeDepthMax) {
    throw luaError(`Cannot serialise, excessive nesting (${depth})`);
  }
  const n = arrayLength(config, t);
  let out = "";
  if (n > 0) {
    for (let i = 1; i <= n; i++) {
      countStep();
      out += (i === 1 ? "[" : ",") + encodeValue(config, t.getNumber(i), depth);
    }
    return `${out}]`;
  }
  for (let pos = t.nextPosition(0); pos > 0; pos = t.nextPosition(pos)) {
    countStep();
    const k = t.keyAt(pos);
    out += out === "" ? "{" : ",";
    if (typeof k === "number") out += `"${encodeNumber(config, k)}":`;
    else if (typeof k === "string") out += `${encodeText(k)}:`;
    else throw refuse(k, "table key must be a number or string");
    out += encodeValue(config, t.valueAt(pos), depth);
  }
  return out === "" ? "{}" : `${out}}`;
}

/** The largest key of a table that is an array, or -1. */
function arrayLength(config: JsonConfig, t: LuaTable): number {
  if (!t.holes && t.keys.length === 0) return t.arr.length - 1;
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
