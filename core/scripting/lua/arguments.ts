/**
 * Arguments of library functions: the checks of Lua's auxiliary library, with its error texts.
 *
 * `n` is the argument's number from 1. `count` is how many arguments there were, as an argument that
 * is missing reads differently from nil in an error; functions pass `arguments.length`.
 */

import { formatNumber, parseNumber } from "./numbers.ts";
import { typeName } from "./runtime.ts";
import { LuaTable } from "./table.ts";
import { argumentError, type LuaError, type LuaFunction, type LuaValue, natives } from "./value.ts";

/** `<wanted> expected, got <type>` */
export function typeExpected(wanted: string, v: LuaValue, n: number, count: number): LuaError {
  const got = n > count ? "no value" : typeName(v);
  return argumentError(n, `${wanted} expected, got ${got}`);
}

/** A number, or a string that reads as one. */
export function checkNumber(v: LuaValue, n: number, count: number): number {
  if (typeof v === "number") return v;
  const parsed = typeof v === "string" ? parseNumber(v) : undefined;
  if (parsed === undefined) throw typeExpected("number", v, n, count);
  return parsed;
}

/** A number cut to a whole one, as C's conversion to a 64-bit integer does. */
export function checkInteger(v: LuaValue, n: number, count: number): number {
  if (typeof v === "number" && (v | 0) === v) return v;
  return toInteger(checkNumber(v, n, count));
}

/** A double as a 64-bit integer: what doesn't fit becomes the smallest one. */
export function toInteger(v: number): number {
  if (!(v < 2 ** 63 && v >= -(2 ** 63))) return -(2 ** 63);
  return Math.trunc(v) + 0;
}

/** A double as a 32-bit integer, by way of a 64-bit one's low half. */
export function toInt32(v: number): number {
  if (Math.abs(v) <= Number.MAX_SAFE_INTEGER) return Math.trunc(v) | 0;
  return Number(BigInt.asIntN(32, BigInt(toInteger(v))));
}

/** An integer, or `otherwise` for nil. */
export function optInteger(v: LuaValue, n: number, otherwise: number): number {
  return v === undefined ? otherwise : checkInteger(v, n, n);
}

/** A string, or a number as a string. */
export function checkString(v: LuaValue, n: number, count: number): string {
  if (typeof v === "string") return v;
  if (typeof v === "number") return formatNumber(v);
  throw typeExpected("string", v, n, count);
}

/** A table. */
export function checkTable(v: LuaValue, n: number, count: number): LuaTable {
  if (v instanceof LuaTable) return v;
  throw typeExpected("table", v, n, count);
}

/** A function. */
export function checkFunction(v: LuaValue, n: number, count: number): LuaFunction {
  if (typeof v === "function") return v;
  throw typeExpected("function", v, n, count);
}

/** Any value, even nil. */
export function checkAny(n: number, count: number): void {
  if (n > count) throw argumentError(n, "value expected");
}

/** A table of functions; further values may be set on it. */
export function library(functions: Record<string, LuaFunction>): LuaTable {
  const table = new LuaTable();
  for (const name of Object.keys(functions)) {
    natives.add(functions[name]);
    table.setString(name, functions[name]);
  }
  return table;
}
