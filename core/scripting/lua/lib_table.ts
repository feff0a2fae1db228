/**
 * The table library.
 *
 * All functions work without metamethods, as Lua 5.1's do. `sort` is Lua's own quicksort, step by
 * step: a script whose comparison isn't an order sees the same result, or the same "invalid order
 * function", as with Lua.
 */

import {
  checkFunction,
  checkInteger,
  checkString,
  checkTable,
  library,
  optInteger,
} from "./arguments.ts";
import { formatNumber } from "./numbers.ts";
import { call, countBytes, countStep, first, lt, truthy, typeName } from "./runtime.ts";
import type { LuaState } from "./state.ts";
import type { LuaTable } from "./table.ts";
import { LuaError, luaError, type LuaFunction, type LuaValue, STRING_LEN_MAX } from "./value.ts";

/** Sets `table`. */
export function openTable(state: LuaState): void {
  state.globals.setString("table", library(TABLE));
}

function checkWritable(table: LuaTable): void {
  if (table.readonly) throw new LuaError("Attempt to modify a readonly table");
}

const TABLE: Record<string, LuaFunction> = {
  concat(t, sep, i, j) {
    const table = checkTable(t, 1, arguments.length);
    const between = sep === undefined ? "" : checkString(sep, 2, 2);
    const from = optInteger(i, 3, 1);
    const to = j === undefined ? table.length() : checkInteger(j, 4, 4);
    return concat(table, between, from, to);
  },
  insert(t, pos, v) {
    const table = checkTable(t, 1, arguments.length);
    checkWritable(table);
    const end = table.length() + 1;
    if (arguments.length === 2) {
      table.setNumber(end, pos);
      return [];
    }
    if (arguments.length !== 3) throw luaError("wrong number of arguments to 'insert'");
    const at = checkInteger(pos, 2, 3);
    for (let i = at > end ? at : end; i > at; i--) table.setNumber(i, table.getNumber(i - 1));
    table.setNumber(at, v);
    return [];
  },
  remove(t, pos) {
    const table = checkTable(t, 1, arguments.length);
    const end = table.length();
    const at = pos === undefined ? end : checkInteger(pos, 2, arguments.length);
    if (at < 1 || at > end) return [];
    checkWritable(table);
    const v = table.getNumber(at);
    for (let i = at; i < end; i++) table.setNumber(i, table.getNumber(i + 1));
    table.setNumber(end, undefined);
    return v;
  },
  maxn(t) {
    const table = checkTable(t, 1, arguments.length);
    let max = 0;
    for (let pos = table.nextPosition(0); pos > 0; pos = table.nextPosition(pos)) {
      const k = table.keyAt(pos);
      if (typeof k === "number" && k > max) max = k;
    }
    return max;
  },
  getn(t) {
    return checkTable(t, 1, arguments.length).length();
  },
  setn(t) {
    checkTable(t, 1, arguments.length);
    throw luaError("'setn' is obsolete");
  },
  foreach(t, f) {
    const table = checkTable(t, 1, arguments.length);
    const visit = checkFunction(f, 2, arguments.length);
    for (let pos = table.nextPosition(0); pos > 0; pos = table.nextPosition(pos)) {
      const v = first(visit(table.keyAt(pos), table.valueAt(pos)));
      if (v !== undefined) return v;
    }
    return [];
  },
  foreachi(t, f) {
    const table = checkTable(t, 1, arguments.length);
    const visit = checkFunction(f, 2, arguments.length);
    const n = table.length();
    for (let i = 1; i <= n; i++) {
      const v = first(visit(i, table.getNumber(i)));
      if (v !== undefined) return v;
    }
    return [];
  },
  sort(t, f) {
    const table = checkTable(t, 1, arguments.length);
    const n = table.length();
    if (f !== undefined) checkFunction(f, 2, arguments.length);
    if (n > 1) checkWritable(table);
    if (f !== undefined || !sortPlain(table, n)) {
      sort(table, 1, n, f as LuaFunction | undefined);
    }
    return [];
  },
};

function concat(table: LuaTable, sep: string, from: number, to: number): string {
  if (from === 1 && to === table.arr.length - 1) {
    const text = concatStrings(table.arr, sep);
    if (text !== null) return text;
  }
  const parts: string[] = [];
  let length = 0;
  for (let i = from; i <= to; i++) {
    countStep();
    const v = table.getNumber(i);
    if (typeof v !== "string" && typeof v !== "number") {
      const where = `invalid value (${typeName(v)}) at index ${
        formatNumber(i)
      } in table for 'concat'`;
      throw luaError(where);
    }
    const text = typeof v === "string" ? v : formatNumber(v);
    length += text.length + sep.length;
    if (length > STRING_LEN_MAX + sep.length) throw new LuaError("not enough memory");
    parts.push(text);
  }
  countBytes(length);
  return parts.join(sep);
}

/** The strings from the list's second on, or null if it holds something else or too much. */
function concatStrings(list: LuaValue[], sep: string): string | null {
  let length = 0;
  for (let i = 1; i < list.length; i++) {
    const v = list[i];
    if (typeof v !== "string") return null;
    length += v.length + sep.length;
  }
  if (length > STRING_LEN_MAX) return null;
  countBytes(length);
  return list.slice(1).join(sep);
}

function isLess(a: LuaValue, b: LuaValue, f: LuaFunction | undefined): boolean {
  countStep();
  if (f !== undefined) return truthy(first(call(f, a, b)));
  return typeof a === "number" && typeof b === "number" ? a < b : lt(a, b, -1);
}

/** Sorts a table of numbers only or strings only, for which the way doesn't show; false for others. */
function sortPlain(table: LuaTable, n: number): boolean {
  const { arr } = table;
  if (n < 2 || n !== arr.length - 1) return false;
  const type = typeof arr[1];
  if (type !== "number" && type !== "string") return false;
  for (let i = 1; i <= n; i++) {
    const v = arr[i];
    if (typeof v !== type || v !== v) return false;
  }
  if (type === "number") {
    const sorted = Float64Array.from(arr.slice(1) as number[]).sort();
    for (let i = 0; i < n; i++) arr[i + 1] = sorted[i];
  } else {
    const sorted = (arr.slice(1) as string[]).sort();
    for (let i = 0; i < n; i++) arr[i + 1] = sorted[i];
  }
  return true;
}

function swap(t: LuaTable, i: number, a: LuaValue, j: number, b: LuaValue): void {
  t.setNumber(i, a);
  t.setNumber(j, b);
}

/** Sorts [lo, up]: median of three, the smaller half by recursion. */
function sort(t: LuaTable, lo: number, up: number, f: LuaFunction | undefined): void {
  while (lo < up) {
    let a = t.getNumber(lo);
    let b = t.getNumber(up);
    if (isLess(b, a, f)) swap(t, lo, b, up, a);
    if (up - lo === 1) break;
    const mid = Math.floor((lo + up) / 2);
    a = t.getNumber(mid);
    b = t.getNumber(lo);
    if (isLess(a, b, f)) swap(t, mid, b, lo, a);
    else {
      b = t.getNumber(up);
      if (isLess(b, a, f)) swap(t, mid, b, up, a);
    }
    if (up - lo === 2) break;
    const i = partition(t, lo, up, mid, f);
    if (i - lo < up - i) {
      sort(t, lo, i - 1, f);
      lo = i + 1;
    } else {
      sort(t, i + 1, up, f);
      up = i - 1;
    }
  }
}

/** Parts (lo, up) around the value at `mid`; gives back where that value comes to be. */
function partition(
  t: LuaTable,
  lo: number,
  up: number,
  mid: number,
  f: LuaFunction | undefined,
): number {
  const pivot = t.getNumber(mid);
  swap(t, mid, t.getNumber(up - 1), up - 1, pivot);
  let i = lo;
  let j = up - 1;
  for (;;) {
    let a = t.getNumber(++i);
    while (isLess(a, pivot, f)) {
      if (i > up) throw luaError("invalid order function for sorting");
      a = t.getNumber(++i);
    }
    let b = t.getNumber(--j);
    while (isLess(pivot, b, f)) {
      if (j < lo) throw luaError("invalid order function for sorting");
      b = t.getNumber(--j);
    }
    if (j < i) break;
    swap(t, i, b, j, a);
  }
  const a = t.getNumber(up - 1);
  swap(t, up - 1, t.getNumber(i), i, a);
  return i;
}
