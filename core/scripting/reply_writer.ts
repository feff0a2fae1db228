/**
 * What a script gives back, as a reply; reply_reader.ts has the table of types, which is read backwards here.
 *
 * A table is first asked for the fields that mark a special reply, without metamethods, and else it is an array up to
 * its first nil. Numbers lose their fraction. What has no form of its own (functions, nil) is null.
 */
import { LuaTable } from "./lua/table.ts";
import type { LuaValue } from "./lua/value.ts";
import type { Reply } from "../protocol/reply.ts";
import { isCounted, trimLines } from "./script_error.ts";

/** How deep tables may be nested: where Redis's Lua runs out of stack. */
const DEPTH_MAX = 7995;
const INT64_MIN = -(2n ** 63n);

/** Adds `value` to the reply; `resp` is the protocol that the script chose. */
export function addLuaReply(reply: Reply, value: LuaValue, resp: number): void {
  addValue(reply, value, resp, 0);
}

/** Adds an error, which statistics count only if they are to. */
export function addScriptError(reply: Reply, text: string, counts: boolean): void {
  const { errors } = reply;
  reply.addError(trimLines(upToNul(text)));
  if (!counts) reply.errors = errors;
}

function addValue(reply: Reply, value: LuaValue, resp: number, depth: number): void {
  switch (typeof value) {
    case "string":
      return reply.addBulkString(value);
    case "number":
      return addNumber(reply, value);
    case "boolean":
      if (resp !== 2) return reply.addBool(value);
      return value ? reply.addInteger(1) : reply.addNull();
    default:
      if (!(value instanceof LuaTable)) return reply.addNull();
      if (depth >= DEPTH_MAX) return reply.addError("ERR reached lua stack limit");
      if (addSpecial(reply, value, resp, depth)) return;
      return addArray(reply, value, resp, depth);
  }
}

function addNumber(reply: Reply, value: number): void {
  const whole = Math.trunc(value);
  if (Number.isSafeInteger(whole)) return reply.addInteger(whole);
  const fits = whole >= -(2 ** 63) && whole < 2 ** 63;
  reply.addBigInteger(fits ? BigInt(whole) : INT64_MIN);
}

function addArray(reply: Reply, table: LuaTable, resp: number, depth: number): void {
  const mark = reply.beginDeferred();
  let count = 0;
  for (;; count++) {
    const value = table.getNumber(count + 1);
    if (value === undefined) break;
    addValue(reply, value, resp, depth + 1);
  }
  reply.endDeferredArray(mark, count);
}

/** Adds the reply of a table that marks what it is. Returns false for one that doesn't. */
function addSpecial(reply: Reply, table: LuaTable, resp: number, depth: number): boolean {
  if (table.keys.length === 0) return false;
  const err = table.getString("err");
  if (typeof err === "string") {
    addScriptError(reply, err, isCounted(table));
    return true;
  }
  const ok = table.getString("ok");
  if (typeof ok === "string") {
    reply.addStatus(upToNul(ok).replace(/[\r\n]/g, " "));
    return true;
  }
  const double = table.getString("double");
  if (typeof double === "number") {
    reply.addDouble(double);
    return true;
  }
  const digits = table.getString("big_number");
  if (typeof digits === "string") {
    reply.addBigNumber(digits.replace(/[\r\n]/g, " "));
    return true;
  }
  return addVerbatim(reply, table.getString("verbatim_string")) ||
    addMap(reply, table.getString("map"), resp, depth) ||
    addSet(reply, table.getString("set"), resp, depth);
}

function addVerbatim(reply: Reply, value: LuaValue): boolean {
  if (!(value instanceof LuaTable)) return false;
  const text = textOf(value.getString("string"));
  const format = textOf(value.getString("format"));
  if (text === null || format === null) return false;
  reply.addVerbatim(text, format.padEnd(3, "\0").slice(0, 3));
  return true;
}

function textOf(value: LuaValue): string | null {
  return typeof value === "string" ? value : null;
}

function addMap(reply: Reply, value: LuaValue, resp: number, depth: number): boolean {
  if (!(value instanceof LuaTable)) return false;
  const mark = reply.beginDeferred();
  let count = 0;
  for (let pos = value.nextPosition(0); pos > 0; pos = value.nextPosition(pos)) {
    addValue(reply, value.keyAt(pos), resp, depth + 1);
    addValue(reply, value.valueAt(pos), resp, depth + 1);
    count++;
  }
  reply.endDeferredMap(mark, count);
  return true;
}

function addSet(reply: Reply, value: LuaValue, resp: number, depth: number): boolean {
  if (!(value instanceof LuaTable)) return false;
  let count = 0;
  for (let pos = value.nextPosition(0); pos > 0; pos = value.nextPosition(pos)) count++;
  reply.addSet(count);
  for (let pos = value.nextPosition(0); pos > 0; pos = value.nextPosition(pos)) {
    addValue(reply, value.keyAt(pos), resp, depth + 1);
  }
  return true;
}

/** Up to the first zero byte, where texts that go through C's functions end. */
function upToNul(text: string): string {
  const nul = text.indexOf("\0");
  return nul < 0 ? text : text.slice(0, nul);
}
