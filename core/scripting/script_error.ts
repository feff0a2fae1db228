/**
 * Errors between scripts and clients.
 *
 * In a script an error of Redis is a table:
 *
 *     err                          "WRONGTYPE Operation against ...": always with a code in front
 *     source, line                 where it was raised, once it has ended a script
 *     ignore_error_stats_update    it has been counted already, as that of a command
 *
 * A client that called the script gets `err`, and behind it where that was:
 *
 *     -ERR unknown thing script: <name>, on @user_script:3.
 *
 * Any other value that ends a script becomes such a table first.
 */
import { toText } from "./lua/lib_base.ts";
import { formatNumber } from "./lua/numbers.ts";
import { LuaTable } from "./lua/table.ts";
import { LuaAbort, LuaError, type LuaValue } from "./lua/value.ts";

/** An error as the client is to get it. */
export interface ScriptFailure {
  /** With its code, without the dash. */
  readonly text: string;
  /** Whether statistics are still to count it. */
  readonly isCounted: boolean;
}

/** The table of an error. `text` begins with a dash and a code, or has neither and gets "ERR". */
export function errorTable(text: string): LuaTable {
  const table = new LuaTable();
  table.setString("err", withCode(text));
  return table;
}

/** The same of a command's error reply, which has been counted. `text` comes without its dash. */
export function replyErrorTable(text: string): LuaTable {
  const table = errorTable(`-${text}`);
  table.setString("ignore_error_stats_update", true);
  return table;
}

/** An error of Redis's own functions, to be thrown. */
export function redisError(text: string): LuaError {
  return new LuaError(errorTable(text));
}

/** What the client gets for an error that ended the script `name`. */
export function failureOf(e: LuaError | LuaAbort, name: string): ScriptFailure {
  const value = e instanceof LuaAbort ? errorTable(e.reason) : e.value;
  if (!(value instanceof LuaTable)) {
    return { text: `ERR ${asText(value)}${placeOf(e, name)}`, isCounted: true };
  }
  const err = value.getString("err");
  const text = typeof err === "number"
    ? formatNumber(err)
    : typeof err === "string"
    ? err
    : "ERR unknown error";
  return { text: `${text}${placeOf(e, name)}`, isCounted: isCounted(value) };
}

/** Whether an error table's error is still to be counted. */
export function isCounted(table: LuaTable): boolean {
  return table.getString("ignore_error_stats_update") !== true;
}

function placeOf(e: LuaError | LuaAbort, name: string): string {
  return e.line < 0 ? "" : ` script: ${name}, on ${e.source}:${e.line}.`;
}

function asText(value: LuaValue): string {
  try {
    return String(toText(value));
  } catch {
    return "unknown error";
  }
}

function withCode(text: string): string {
  if (!text.startsWith("-")) return `ERR ${trimLines(text)}`;
  const space = text.indexOf(" ");
  if (space < 0) return `ERR ${trimLines(text.slice(1))}`;
  return `${text.slice(1, space)} ${trimLines(text.slice(space + 1))}`;
}

/** Without the line ends behind it. */
export function trimLineEnds(text: string): string {
  let end = text.length;
  while (end > 0 && isLineEnd(text.charCodeAt(end - 1))) end--;
  return end === text.length ? text : text.slice(0, end);
}

/** Without line ends at both ends. */
function trimLines(text: string): string {
  let start = 0;
  while (start < text.length && isLineEnd(text.charCodeAt(start))) start++;
  return trimLineEnds(start === 0 ? text : text.slice(start));
}

function isLineEnd(c: number): boolean {
  return c === 0x0d || c === 0x0a;
}
