/**
 * The string library. Strings have one char per byte, so positions are bytes and letters are ASCII's.
 *
 * Results are at most STRING_LEN_MAX long; what would be longer is an error before it is built.
 */

import { checkInteger, checkString, library, optInteger } from "./arguments.ts";
import { formatString } from "./string_format.ts";
import { Match, Pattern } from "./pattern.ts";
import { formatNumber } from "./numbers.ts";
import { countBytes, finish, first, index, truthy, typeName } from "./runtime.ts";
import type { LuaState } from "./state.ts";
import { LuaTable } from "./table.ts";
import {
  argumentError,
  LuaError,
  luaError,
  type LuaFunction,
  type LuaResult,
  type LuaValue,
  natives,
  NOTHING,
  STRING_LEN_MAX,
} from "./value.ts";

/** Long texts are worked on in pieces of that length. */
const PIECE_LEN = 65_536;
// deno-lint-ignore no-control-regex -- all of ASCII is meant
const ASCII = /^[\x00-\x7f]*$/;

/** More results than this don't fit on Lua's stack. */
const BYTES_MAX = 8000;

/** What string.dump gives: a text that is no source. */
const COMPILED = "\x1bLuaQ\0";

/** Sets `string` and the metatable of strings. */
export function openString(state: LuaState): void {
  const table = library(STRING);
  // Two names for one function, as in Lua 5.1.
  table.setString("gfind", table.getString("gmatch"));
  state.globals.setString("string", table);
  const meta = new LuaTable();
  meta.setString("__index", table);
  state.stringMeta = meta;
}

/** A position from the start, given one that may be from the end. */
function fromStart(pos: number, length: number): number {
  return pos >= 0 ? pos : Math.max(0, length + pos + 1);
}

const STRING: Record<string, LuaFunction> = {
  len(s) {
    return checkString(s, 1, arguments.length).length;
  },
  sub(s, i, j) {
    const text = checkString(s, 1, arguments.length);
    let from = fromStart(checkInteger(i, 2, arguments.length), text.length);
    let to = fromStart(optInteger(j, 3, -1), text.length);
    if (from < 1) from = 1;
    if (to > text.length) to = text.length;
    return from > to ? "" : text.slice(from - 1, to);
  },
  byte(s, i, j) {
    const text = checkString(s, 1, arguments.length);
    let from = fromStart(optInteger(i, 2, 1), text.length);
    let to = fromStart(optInteger(j, 3, from), text.length);
    if (from < 1) from = 1;
    if (to > text.length) to = text.length;
    if (from > to) return [];
    if (from === to) return text.charCodeAt(from - 1);
    if (to - from + 1 > BYTES_MAX) throw luaError("string slice too long");
    const values: LuaValue[] = [];
    for (let k = from; k <= to; k++) values.push(text.charCodeAt(k - 1));
    return values;
  },
  char(...args) {
    let out = "";
    for (let i = 0; i < args.length; i++) {
      const c = checkInteger(args[i], i + 1, args.length);
      if (c < 0 || c > 255) throw argumentError(i + 1, "invalid value");
      out += String.fromCharCode(c);
    }
    return out;
  },
  rep(s, n) {
    const text = checkString(s, 1, arguments.length);
    const count = checkInteger(n, 2, arguments.length);
    if (count <= 0 || text === "") return "";
    if (text.length * count > STRING_LEN_MAX) throw new LuaError("not enough memory");
    countBytes(text.length * count);
    return text.repeat(count);
  },
  reverse(s) {
    const text = checkString(s, 1, arguments.length);
    return reversed(text);
  },
  lower(s) {
    const text = checkString(s, 1, arguments.length);
    return inPieces(text, lowered);
  },
  upper(s) {
    const text = checkString(s, 1, arguments.length);
    return inPieces(text, raised);
  },
  format(f, ...args) {
    const text = formatString(checkString(f, 1, arguments.length), args);
    countBytes(text.length);
    return text;
  },
  find(s, p, init, plain) {
    return find(s, p, init, plain, true, arguments.length);
  },
  match(s, p, init) {
    return find(s, p, init, false, false, arguments.length);
  },
  gmatch(s, p) {
    return gmatch(checkString(s, 1, arguments.length), checkString(p, 2, arguments.length));
  },
  gsub(s, p, replacement, max) {
    const count = arguments.length;
    const text = checkString(s, 1, count);
    const pattern = Pattern.of(checkString(p, 2, count));
    const kind = typeName(replacement);
    if (kind !== "string" && kind !== "number" && kind !== "table" && kind !== "function") {
      throw argumentError(3, "string/function/table expected");
    }
    const most = optInteger(max, 4, text.length + 1);
    return gsub(
      text,
      pattern,
      typeof replacement === "number" ? formatNumber(replacement) : replacement,
      most,
    );
  },
  dump(f) {
    if (typeof f !== "function") throw argumentError(1, `function expected, got ${typeName(f)}`);
    if (natives.has(f)) throw luaError("unable to dump given function");
    // Redis loads no compiled code, so there is nothing to be done with it.
    return COMPILED;
  },
};

/** The text piece by piece, so that what is made on the way stays small. */
function inPieces(text: string, change: (piece: string) => string): string {
  countBytes(text.length);
  if (text.length <= PIECE_LEN) return change(text);
  let out = "";
  for (let at = 0; at < text.length; at += PIECE_LEN) out += change(text.slice(at, at + PIECE_LEN));
  return out;
}

// Beyond ASCII the engine has letters of its own opinion.

function lowered(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase();
  return text.replace(/[A-Z]+/g, (part) => part.toLowerCase());
}

function raised(text: string): string {
  if (ASCII.test(text)) return text.toUpperCase();
  return text.replace(/[a-z]+/g, (part) => part.toUpperCase());
}

function reversed(text: string): string {
  countBytes(text.length);
  let out = "";
  for (let end = text.length; end > 0; end -= PIECE_LEN) {
    out += text.slice(Math.max(0, end - PIECE_LEN), end).split("").reverse().join("");
  }
  return out;
}

function find(
  s: LuaValue,
  p: LuaValue,
  init: LuaValue,
  plain: LuaValue,
  isFind: boolean,
  count: number,
): LuaResult {
  const text = checkString(s, 1, count);
  const given = checkString(p, 2, count);
  let at = fromStart(optInteger(init, 3, 1), text.length) - 1;
  if (at < 0) at = 0;
  else if (at > text.length) at = text.length;
  if (isFind && truthy(plain)) return findPlain(text, given, at);
  const pattern = Pattern.of(given);
  if (isFind && pattern.isPlain) return findPlain(text, given, at);
  const { isAnchored } = pattern;
  const match = new Match(text, pattern);
  do {
    const end = match.at(at, isAnchored ? 1 : 0);
    if (end >= 0) {
      if (isFind) return [at + 1, end, ...match.captures(at, end, false)];
      return match.result(at, end);
    }
  } while (at++ < text.length && !isAnchored);
  return undefined;
}

function findPlain(text: string, given: string, at: number): LuaResult {
  const found = text.indexOf(given, at);
  return found < 0 ? undefined : [found + 1, found + given.length];
}

function gmatch(text: string, given: string): LuaFunction {
  const match = new Match(text, Pattern.of(given));
  let at = 0;
  return () => {
    for (; at <= text.length; at++) {
      const end = match.at(at, 0);
      if (end < 0) continue;
      const start = at;
      at = end > start ? end : end + 1;
      return match.result(start, end);
    }
    return NOTHING;
  };
}

function gsub(text: string, pattern: Pattern, replacement: LuaValue, max: number): LuaResult {
  const { isAnchored } = pattern;
  const match = new Match(text, pattern);
  let out = "";
  let at = 0;
  let count = 0;
  while (count < max) {
    const end = match.at(at, isAnchored ? 1 : 0);
    if (end >= 0) {
      count++;
      out += replaced(match, at, end, replacement);
      if (out.length > STRING_LEN_MAX) throw new LuaError("not enough memory");
    }
    if (end > at) at = end;
    else if (at < text.length) out += text[at++];
    else break;
    if (isAnchored) break;
  }
  out += text.slice(at);
  countBytes(out.length);
  return [out, count];
}

function replaced(match: Match, at: number, end: number, replacement: LuaValue): string {
  let v: LuaValue;
  if (typeof replacement === "string") return substituted(match, at, end, replacement);
  if (typeof replacement === "function") {
    v = first(finish(replacement(...match.captures(at, end, true))));
  } else v = index(replacement, match.capture(0, at, end), -1);
  if (!truthy(v)) return match.subject.slice(at, end);
  if (typeof v === "string") return v;
  if (typeof v === "number") return formatNumber(v);
  throw luaError(`invalid replacement value (a ${typeName(v)})`);
}

/** The replacement with its captures in place of `%0` to `%9`. */
function substituted(match: Match, at: number, end: number, replacement: string): string {
  let escape = replacement.indexOf("%");
  if (escape < 0) return replacement;
  let out = "";
  let start = 0;
  for (; escape >= 0; escape = replacement.indexOf("%", start)) {
    out += replacement.slice(start, escape);
    const c = escape + 1 < replacement.length ? replacement.charCodeAt(escape + 1) : 0;
    start = escape + 2;
    if (c < 48 || c > 57) out += String.fromCharCode(c);
    else if (c === 48) out += match.subject.slice(at, end);
    else {
      const v = match.capture(c - 49, at, end);
      out += typeof v === "number" ? formatNumber(v) : v as string;
    }
  }
  return out + replacement.slice(start);
}
