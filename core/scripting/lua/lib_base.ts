/**
 * The basic functions: those of Lua 5.1 that Redis leaves to scripts (no print, dofile, loadfile).
 */

import {
  checkAny,
  checkFunction,
  checkInteger,
  checkString,
  checkTable,
  optInteger,
} from "./arguments.ts";
import { formatNumber, isSpace, parseNumber } from "./numbers.ts";
import { call, finish, first, metatableOf, running, truthy, typeName } from "./runtime.ts";
import type { LuaState } from "./state.ts";
import { LuaTable } from "./table.ts";
import { currentThread } from "./thread.ts";
import { ipairsNext, next } from "./traversal.ts";
import {
  argumentError,
  type Environment,
  fromEngineError,
  LuaError,
  luaError,
  type LuaFunction,
  type LuaResult,
  LuaUserdata,
  type LuaValue,
  natives,
  settleUnplaced,
} from "./value.ts";

/** How many values `unpack` gives back at most: the room on Lua's stack. */
const UNPACK_MAX = 8000;

/** Addresses that `tostring` shows: distinct and stable, and no real ones. */
const addresses: WeakMap<WeakKey, string> = new WeakMap();
let nextAddress = 0x55d0c0de1000;

/** Sets the basic functions in the state's globals. */
export function openBase(state: LuaState): void {
  const { globals } = state;
  const all: Record<string, LuaFunction> = {
    ...VALUES,
    ...CONTROL,
    ...loaders(state),
    ...environments(state),
  };
  for (const name of Object.keys(all)) {
    natives.add(all[name]);
    globals.setString(name, all[name]);
  }
  globals.setString("_G", globals);
  globals.setString("_VERSION", "Lua 5.1");
}

/** A value as `tostring` gives it. */
export function toText(v: LuaValue): LuaValue {
  const meta = metatableOf(v);
  const handler = meta === null ? undefined : meta.getString("__tostring");
  if (handler !== undefined) return first(call(handler, v));
  switch (typeof v) {
    case "string":
      return v;
    case "number":
      return formatNumber(v);
    case "boolean":
      return v ? "true" : "false";
    case "undefined":
      return "nil";
    default:
      return `${typeName(v)}: ${addressOf(v)}`;
  }
}

/** A made-up address of a value with identity. */
function addressOf(v: LuaValue): string {
  if (v instanceof LuaUserdata && v.light) return "(nil)";
  const key = v as WeakKey;
  let text = addresses.get(key);
  if (text === undefined) {
    nextAddress += 32;
    text = `0x${nextAddress.toString(16)}`;
    addresses.set(key, text);
  }
  return text;
}

/** What pcall gives back for something thrown; throws it on if it isn't the script's affair. */
export function caughtValue(e: unknown): LuaValue {
  const error = e instanceof LuaError ? e : fromEngineError(e);
  if (error === null) throw e;
  settleUnplaced(error);
  return error.value;
}

const VALUES: Record<string, LuaFunction> = {
  type(v) {
    checkAny(1, arguments.length);
    return typeName(v);
  },
  tostring(v) {
    checkAny(1, arguments.length);
    return toText(v);
  },
  tonumber(v, base) {
    const count = arguments.length;
    const radix = optInteger(base, 2, 10);
    if (radix === 10) {
      checkAny(1, count);
      return typeof v === "string" ? parseNumber(v) : typeof v === "number" ? v : undefined;
    }
    const text = checkString(v, 1, count);
    if (radix < 2 || radix > 36) throw argumentError(2, "base out of range");
    return parseUnsigned(text, radix);
  },
  rawequal(a, b) {
    checkAny(1, arguments.length);
    checkAny(2, arguments.length);
    return a === b;
  },
  rawget(t, k) {
    checkTable(t, 1, arguments.length);
    checkAny(2, arguments.length);
    return (t as LuaTable).get(k);
  },
  rawset(t, k, v) {
    const table = checkTable(t, 1, arguments.length);
    checkAny(2, arguments.length);
    checkAny(3, arguments.length);
    if (table.readonly) throw new LuaError("Attempt to modify a readonly table");
    table.set(k, v);
    return t;
  },
  getmetatable(v) {
    checkAny(1, arguments.length);
    const meta = metatableOf(v);
    return meta === null ? undefined : meta.getString("__metatable") ?? meta;
  },
  setmetatable(t, meta) {
    const table = checkTable(t, 1, arguments.length);
    if (meta !== undefined && !(meta instanceof LuaTable) || arguments.length < 2) {
      throw argumentError(2, "nil or table expected");
    }
    if (table.meta !== null && table.meta.getString("__metatable") !== undefined) {
      throw luaError("cannot change a protected metatable");
    }
    if (table.readonly) throw new LuaError("Attempt to modify a readonly table");
    table.meta = meta instanceof LuaTable ? meta : null;
    return t;
  },
  newproxy(v) {
    const proxy = new LuaUserdata(false);
    if (v === undefined || v === false) return proxy;
    if (v === true) proxy.meta = new LuaTable();
    else if (v instanceof LuaUserdata && v.meta !== null) proxy.meta = v.meta;
    else throw argumentError(1, "boolean or proxy expected");
    return proxy;
  },
};

const CONTROL: Record<string, LuaFunction> = {
  assert(...args) {
    checkAny(1, args.length);
    if (truthy(args[0])) return args;
    const message = args[1] === undefined ? "assertion failed!" : checkString(args[1], 2, 2);
    throw luaError(message);
  },
  error(v, level) {
    const depth = optInteger(level, 2, 1);
    if (depth <= 0 || (typeof v !== "string" && typeof v !== "number")) throw new LuaError(v);
    throw new LuaError(typeof v === "number" ? formatNumber(v) : v, depth);
  },
  select(n, ...args) {
    if (n === "#") return args.length;
    let at = checkInteger(n, 1, arguments.length);
    if (at < 0) at = args.length + 1 + at;
    if (at <= 0) throw argumentError(1, "index out of range");
    return args.slice(at - 1);
  },
  next,
  pairs(t) {
    return [next, checkTable(t, 1, arguments.length), undefined];
  },
  ipairs(t) {
    return [ipairsNext, checkTable(t, 1, arguments.length), 0];
  },
  unpack(t, i, j) {
    const table = checkTable(t, 1, arguments.length);
    const from = optInteger(i, 2, 1);
    const to = j === undefined ? table.length() : checkInteger(j, 3, 3);
    if (from > to) return [];
    if (to - from + 1 + arguments.length > UNPACK_MAX) throw luaError("too many results to unpack");
    const values: LuaValue[] = [];
    for (let k = from; k <= to; k++) values.push(table.getNumber(k));
    return values;
  },
  collectgarbage(option, n) {
    const name = option === undefined ? "collect" : checkString(option, 1, 1);
    optInteger(n, 2, 0);
    if (!GARBAGE_OPTIONS.has(name)) throw argumentError(1, `invalid option '${name}'`);
    return name === "step" ? false : name === "count" ? GARBAGE_KIB : 0;
  },
  gcinfo() {
    return GARBAGE_KIB;
  },
};

const GARBAGE_OPTIONS: ReadonlySet<string> = new Set(
  ["stop", "restart", "collect", "count", "step", "setpause", "setstepmul"],
);

/** What a script is told of the memory in use: the engine's heap is none of its business. */
const GARBAGE_KIB = 64;

function loaders(state: LuaState): Record<string, LuaFunction> {
  const compile = (source: string, name: string): LuaResult => {
    try {
      const isResumable = currentThread() !== null || undefined;
      const hasEnvironments = running.frame !== null || undefined;
      return state.compile(source, name, { isResumable, hasEnvironments });
    } catch (e) {
      return [undefined, caughtValue(e)];
    }
  };
  return {
    loadstring(source, name) {
      const text = checkString(source, 1, arguments.length);
      return compile(text, name === undefined ? text : checkString(name, 2, 2));
    },
    load(reader, name) {
      const read = checkFunction(reader, 1, arguments.length);
      const shown = name === undefined ? "=(load)" : checkString(name, 2, 2);
      const parts: string[] = [];
      try {
        for (;;) {
          const part = first(finish(read()));
          if (part === undefined || part === "") break;
          if (typeof part !== "string" && typeof part !== "number") {
            throw luaError("reader function must return a string");
          }
          parts.push(checkString(part, 1, 1));
        }
      } catch (e) {
        return [undefined, caughtValue(e)];
      }
      return compile(parts.join(""), shown);
    },
  };
}

function environments(state: LuaState): Record<string, LuaFunction> {
  const find = (v: LuaValue, count: number, fallback: number): Environment | null => {
    if (typeof v === "function") return v.env ?? null;
    const level = v === undefined && fallback >= 0 ? fallback : checkInteger(v, 1, count);
    if (level < 0) throw argumentError(1, "level must be non-negative");
    if (level === 0) return null;
    let { frame } = running;
    for (let i = 1; i < level && frame !== null; i++) frame = frame.up;
    if (frame === null) {
      if (level > 1) throw argumentError(1, "invalid level");
      return null;
    }
    return frame.env;
  };
  return {
    getfenv(f) {
      return find(f, arguments.length, 1)?.table ?? state.globals;
    },
    setfenv(f, t) {
      const table = checkTable(t, 2, arguments.length);
      const env = find(f, arguments.length, -1);
      if (env !== null) env.table = table;
      else if (typeof f === "function") {
        throw luaError("'setfenv' cannot change environment of given object");
      }
      return typeof f === "function" ? f : undefined;
    },
  };
}

/** C's strtoul over the whole text: a sign, and for base 16 the prefix, are allowed. */
function parseUnsigned(text: string, radix: number): number | undefined {
  let at = 0;
  while (isSpace(text.charCodeAt(at))) at++;
  const isNegative = text[at] === "-";
  if (text[at] === "-" || text[at] === "+") at++;
  if (radix === 16 && /^0[xX][0-9a-fA-F]/.test(text.slice(at, at + 3))) at += 2;
  const start = at;
  let v = 0n;
  for (; at < text.length; at++) {
    const digit = parseInt(text[at], 36);
    if (!(digit < radix)) break;
    v = v * BigInt(radix) + BigInt(digit);
  }
  if (at === start) return undefined;
  while (isSpace(text.charCodeAt(at))) at++;
  if (at < text.length && text[at] !== "\0") return undefined;
  if (v >= 1n << 64n) return Number((1n << 64n) - 1n);
  return Number(isNegative ? BigInt.asUintN(64, -v) : v);
}
