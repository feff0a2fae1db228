/**
 * What a script gives back, as a reply; reply_reader.ts has the table of types, which is read backwards here.
 *
 * A table is first asked for the fields that mark a special reply, without metamethods, and else it is an array up to
 * its first nil. Numbers lose their fraction. What has no form of its own (functions, nil) is null.
 */
import { LuaTable } from "./lua/table.ts";
import type { LuaValue } from "./lua/value.ts";
import type { Reply } from "../protocol/reply.ts";
import { isCounted, trimLineEnds } from "./script_error.ts";

/** How deep tables may be nested: where Redis's Lua runs out of stack. */
const DEPTH_MAX = 7995;
/** The same where a map or a set is in another one. */
const SPECIAL_DEPTH_MAX = 1000;
const INT64_MIN = -(2n ** 63n);
const TOO_DEEP = "ERR reached lua stack limit";

/** Maps and sets under way. */
let specialDepth = 0;
/** Whether all errors so far are still to be counted. */
let allCounted = true;

/**
 * Adds `value` to the reply; `resp` is the protocol that the script chose. Returns false if there
 * is an error in it that statistics have counted already.
 */
export function addLuaReply(reply: Reply, value: LuaValue, resp: number): boolean {
  allCounted = true;
  specialDepth = 0;
  addValue(reply, value, resp, 0);
  return allCounted;
}

/** Adds an error, which statistics count only if they are to. Returns whether they are. */
export function addScriptError(reply: Reply, text: string, counts: boolean): boolean {
  const { errors } = reply;
  reply.addError(trimLineEnds(upToNul(text)));
  if (!counts) reply.errors = errors;
  return counts;
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
      if (depth >= DEPTH_MAX) return reply.addError(TOO_DEEP);
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

/** An array, and the arrays in it, without recursion: they may be nested deeper than the engine's stack. */
function addArray(reply: Reply, root: LuaTable, resp: number, rootDepth: number): void {
  const parents: LuaTable[] = [];
  const places: number[] = [];
  let table = root;
  let place = 0;
  reply.addArray(countOf(root));
  for (;;) {
    const value = table.getNumber(++place);
    if (value === undefined) {
      if (parents.length === 0) return;
      table = parents.pop()!;
      place = places.pop()!;
      continue;
    }
    const depth = rootDepth + parents.length + 1;
    if (!(value instanceof LuaTable) || depth >= DEPTH_MAX) addValue(reply, value, resp, depth);
    else if (!addSpecial(reply, value, resp, depth)) {
      parents.push(table);
      places.push(place);
      table = value;
      place = 0;
      reply.addArray(countOf(value));
    }
  }
}

/** How many values there are before the first nil. */
function countOf(table: LuaTable): number {
  let count = 0;
  while (table.getNumber(count + 1) !== undefined) count++;
  return count;
}

/** Adds the reply of a table that marks what it is. Returns false for one that doesn't. */
function addSpecial(reply: Reply, table: LuaTable, resp: number, depth: number): boolean {
  if (table.keys.length === 0) return false;
  if (specialDepth >= SPECIAL_DEPTH_MAX) {
    reply.addError(TOO_DEEP);
    return true;
  }
  const err = table.getString("err");
  if (typeof err === "string") {
    if (!addScriptError(reply, err, isCounted(table))) allCounted = false;
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
  if (addVerbatim(reply, table.getString("verbatim_string"))) return true;
  specialDepth++;
  const isSpecial = addMap(reply, table.getString("map"), resp, depth) ||
    addSet(reply, table.getString("set"), resp, depth);
  specialDepth--;
  return isSpecial;
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
