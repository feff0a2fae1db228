/**
 * What generated code calls: indexing, arithmetic, comparison, concatenation and calls, each with a
 * short way for the common case (small enough for the engines to inline) and a slow one with
 * metamethods and errors.
 *
 * `site` is the number under which the chunk knows the operation's line and the names of its
 * operands; -1 means that the host asks, which gives errors without a position.
 *
 * Tail calls. `return f(x)` is an ordinary call as long as fewer than TAILS_MAX were made since the
 * count was reset; after that it gives back `[TAIL, f, ...arguments]`, the functions on the stack fall
 * away, and whoever needs the value makes the call (`finish`). So a million tail calls take a bounded
 * stack, and 199 of 200 of them cost a decrement.
 */

import { formatNumber, parseNumber } from "./numbers.ts";
import { LuaTable } from "./table.ts";
import { LuaThread } from "./thread.ts";
import {
  type Environment,
  LuaError,
  type LuaFunction,
  type LuaResult,
  LuaUserdata,
  type LuaValue,
  STRING_LEN_MAX,
  TAIL,
} from "./value.ts";

/** How many tail calls are made as ordinary calls before the stack is let go. */
export const TAILS_MAX = 200;

/** How far `__index` and `__newindex` may lead. */
const META_CHAIN_MAX = 100;

/** A shorter concatenation is not counted. */
const COUNTED_MIN = 4096;

/** Steps of a library function between two ticks. */
const STEPS_MAX = 20_000;

interface Running {
  stringMeta: LuaTable | null;
  /** Tail calls left before the stack is let go. */
  tails: number;
  /** The function that made the call under way, if its chunk has environments per function. */
  frame: Frame | null;
  /** Steps of library functions left before the next tick. */
  steps: number;
  tick: (() => void) | null;
}

/** Counts a step of a library function that may take many of them. */
export function countStep(): void {
  if (--running.steps >= 0) return;
  running.steps = STEPS_MAX;
  if (running.tick !== null) running.tick();
}

/** Counts a string that was made: a step per KiB. Whoever makes long strings fills memory in few steps. */
export function countBytes(length: number): void {
  running.steps -= length >>> 10;
  if (running.steps < 0) countStep();
}

/** A function under way whose environment can be asked for by level. */
export interface Frame {
  env: Environment;
  up: Frame | null;
}

/** What belongs to the state that is running; a state puts itself here when it is entered. */
export const running: Running = {
  stringMeta: null,
  tails: TAILS_MAX,
  frame: null,
  steps: STEPS_MAX,
  tick: null,
};

// Types

/** The name of a value's type, as `type` gives it. */
export function typeName(v: LuaValue): string {
  switch (typeof v) {
    case "undefined":
      return "nil";
    case "boolean":
    case "number":
    case "string":
    case "function":
      return typeof v as string;
    default:
      if (v instanceof LuaTable) return "table";
      return v instanceof LuaThread ? "thread" : "userdata";
  }
}

/** The metatable of any value, or null. */
export function metatableOf(v: LuaValue): LuaTable | null {
  if (v instanceof LuaTable || v instanceof LuaUserdata) return v.meta;
  return typeof v === "string" ? running.stringMeta : null;
}

function metamethod(v: LuaValue, event: string): LuaValue {
  const meta = metatableOf(v);
  return meta === null ? undefined : meta.getString(event);
}

/** A number, or a string that reads as one, as a number; otherwise undefined. */
export function toNumber(v: LuaValue): number | undefined {
  if (typeof v === "number") return v;
  return typeof v === "string" ? parseNumber(v) : undefined;
}

/** An operation on a value that doesn't have it. */
function typeError(verb: string, v: LuaValue, site: number, operand: number): LuaError {
  return operationError(`attempt to ${verb} a ${typeName(v)} value`, site, operand);
}

function operationError(message: string, site: number, operand: number): LuaError {
  const error = new LuaError(message, site < 0 ? 0 : 1);
  error.site = site;
  error.operand = operand;
  return error;
}

// Results

/** The first of a call's results. */
export function first(r: LuaResult): LuaValue {
  if (!Array.isArray(r)) return r;
  return r.length > 1 && r[0] === TAIL ? firstOfTail(r) : r[0];
}

function firstOfTail(r: LuaValue[]): LuaValue {
  const result = finish(r);
  return Array.isArray(result) ? result[0] : result;
}

/** All of a call's results; nobody may change the array. */
export function list(r: LuaResult): LuaValue[] {
  if (!Array.isArray(r)) return [r];
  if (r.length < 2 || r[0] !== TAIL) return r;
  const result = finish(r);
  return Array.isArray(result) ? result : [result];
}

/** For a call whose results nobody wants. */
export function done(r: LuaResult): void {
  if (Array.isArray(r) && r.length > 1 && r[0] === TAIL) finish(r);
}

/** Makes the tail calls that a result stands for. */
export function finish(r: LuaResult): LuaResult {
  while (Array.isArray(r) && r.length > 1 && r[0] === TAIL) {
    running.tails = TAILS_MAX;
    r = (r[1] as LuaFunction)(...r.slice(2));
  }
  return r;
}

/** In place of `f` where the stack is to be let go first. */
export function tailOf(f: LuaFunction): LuaFunction {
  return (...args) => [TAIL, f, ...args];
}

// Calls

/** What to call for a value that is no function: its `__call`, or a function that fails. */
export function callable(v: LuaValue, site: number): LuaFunction {
  const handler = metamethod(v, "__call");
  if (typeof handler === "function") return (...args) => handler(v, ...args);
  return () => {
    throw typeError("call", v, site, 1);
  };
}

/** Calls any value from the host; errors of the call itself have no position. */
export function call(v: LuaValue, ...args: LuaValue[]): LuaResult {
  return finish((typeof v === "function" ? v : callable(v, -1))(...args));
}

/** Calls a metamethod. An error that wants our caller's position gets that of the operation. */
function callMeta(
  handler: LuaValue,
  site: number,
  a: LuaValue,
  b: LuaValue,
  c?: LuaValue,
): LuaValue {
  try {
    return first((typeof handler === "function" ? handler : callable(handler, site))(a, b, c));
  } catch (e) {
    if (e instanceof LuaError && e.level === 1 && e.site < 0) e.site = site;
    throw e;
  }
}

// Indexing

/** `o[k]` */
export function index(o: LuaValue, k: LuaValue, site: number): LuaValue {
  if (o instanceof LuaTable) {
    let v: LuaValue;
    if (typeof k === "number" && (k | 0) === k && k > 0 && k < o.arr.length) v = o.arr[k];
    else v = o.get(k);
    if (v !== undefined || o.meta === null) return v;
  }
  return indexSlow(o, k, site);
}

/** `o.k` for a constant: `hints[at]` remembers where in the table the key was. */
export function field(
  o: LuaValue,
  k: string,
  hints: Int32Array,
  at: number,
  site: number,
): LuaValue {
  let t = o;
  if (typeof o === "string" && running.stringMeta !== null) {
    t = running.stringMeta.getString("__index");
  }
  if (t instanceof LuaTable) {
    const hint = hints[at];
    const { keys } = t;
    if (hint < keys.length && keys[hint] === k) {
      const v = t.vals[hint];
      if (v !== undefined) return v;
    } else {
      const found = t.find(k);
      if (found >= 0) {
        hints[at] = found;
        const v = t.vals[found];
        if (v !== undefined) return v;
      }
    }
    if (t.meta === null) return undefined;
  }
  return indexSlow(o, k, site);
}

function indexSlow(o: LuaValue, k: LuaValue, site: number): LuaValue {
  for (let i = 0; i < META_CHAIN_MAX; i++) {
    let handler: LuaValue;
    if (o instanceof LuaTable) {
      const v = o.get(k);
      if (v !== undefined || o.meta === null) return v;
      handler = o.meta.getString("__index");
      if (handler === undefined) return undefined;
    } else {
      handler = metamethod(o, "__index");
      // Only the first operand has a name in the source.
      if (handler === undefined) throw typeError("index", o, site, i === 0 ? 1 : 0);
    }
    if (typeof handler === "function") return callMeta(handler, site, o, k);
    o = handler;
  }
  throw operationError("loop in gettable", site, 0);
}

/** `o[k] = v` */
export function setIndex(o: LuaValue, k: LuaValue, v: LuaValue, site: number): void {
  if (o instanceof LuaTable && o.meta === null && !o.readonly) {
    if (typeof k === "number") {
      if ((k | 0) === k && k > 0 && k <= o.cap && k < o.arr.length && v !== undefined) o.arr[k] = v;
      else if (k === k) o.setNumber(k, v);
      else throw operationError("table index is NaN", site, 0);
      return;
    }
    if (k !== undefined) {
      o.set(k, v);
      return;
    }
  }
  setIndexSlow(o, k, v, site);
}

/** `o.k = v` for a constant. */
export function setField(
  o: LuaValue,
  k: string,
  v: LuaValue,
  hints: Int32Array,
  at: number,
  site: number,
): void {
  if (o instanceof LuaTable && o.meta === null && !o.readonly) {
    const hint = hints[at];
    if (hint < o.keys.length && o.keys[hint] === k) {
      o.vals[hint] = v;
      return;
    }
    const found = o.find(k);
    if (found >= 0) {
      hints[at] = found;
      o.vals[found] = v;
    } else o.setString(k, v);
    return;
  }
  setIndexSlow(o, k, v, site);
}

function setIndexSlow(o: LuaValue, k: LuaValue, v: LuaValue, site: number): void {
  for (let i = 0; i < META_CHAIN_MAX; i++) {
    let handler: LuaValue;
    if (o instanceof LuaTable) {
      handler = o.meta === null ? undefined : o.meta.getString("__newindex");
      if (handler === undefined || o.get(k) !== undefined) {
        rawSet(o, k, v, site);
        return;
      }
    } else {
      handler = metamethod(o, "__newindex");
      if (handler === undefined) throw typeError("index", o, site, i === 0 ? 1 : 0);
    }
    if (typeof handler === "function") {
      callMeta(handler, site, o, k, v);
      return;
    }
    o = handler;
  }
  throw operationError("loop in settable", site, 0);
}

function rawSet(o: LuaTable, k: LuaValue, v: LuaValue, site: number): void {
  if (o.readonly) throw operationError("Attempt to modify a readonly table", site, 0);
  if (k === undefined) throw operationError("table index is nil", site, 0);
  if (k !== k) throw operationError("table index is NaN", site, 0);
  o.set(k, v);
}

// Arithmetic

function arith(
  event: string,
  a: LuaValue,
  b: LuaValue,
  site: number,
  compute: (a: number, b: number) => number,
): LuaValue {
  const x = toNumber(a);
  if (x !== undefined) {
    const y = toNumber(b);
    if (y !== undefined) return compute(x, y);
  }
  let handler = metamethod(a, event);
  if (handler === undefined) handler = metamethod(b, event);
  if (handler !== undefined) return callMeta(handler, site, a, b);
  if (x === undefined) throw typeError("perform arithmetic on", a, site, 1);
  throw typeError("perform arithmetic on", b, site, 2);
}

const addNumbers = (a: number, b: number) => a + b;
const subNumbers = (a: number, b: number) => a - b;
const mulNumbers = (a: number, b: number) => a * b;
const divNumbers = (a: number, b: number) => a / b;
const negNumber = (a: number) => -a;

/** `a + b` where one isn't a number. */
export function add(a: LuaValue, b: LuaValue, site: number): LuaValue {
  return arith("__add", a, b, site, addNumbers);
}

/** `a - b` where one isn't a number. */
export function sub(a: LuaValue, b: LuaValue, site: number): LuaValue {
  return arith("__sub", a, b, site, subNumbers);
}

/** `a * b` where one isn't a number. */
export function mul(a: LuaValue, b: LuaValue, site: number): LuaValue {
  return arith("__mul", a, b, site, mulNumbers);
}

/** `a / b` where one isn't a number. */
export function div(a: LuaValue, b: LuaValue, site: number): LuaValue {
  return arith("__div", a, b, site, divNumbers);
}

/** `a % b` of numbers: `a - floor(a / b) * b`, which for small whole numbers is the remainder. */
export function modNumbers(a: number, b: number): number {
  if ((a | 0) === a && (b | 0) === b && a >= 0 && b > 0) return (a % b) + 0;
  return a - Math.floor(a / b) * b;
}

/** `a % b` */
export function mod(a: LuaValue, b: LuaValue, site: number): LuaValue {
  if (typeof a === "number" && typeof b === "number") return modNumbers(a, b);
  return arith("__mod", a, b, site, modNumbers);
}

/** C's pow, which differs for 1 and NaN, and for -1 and infinity. */
export function powNumbers(a: number, b: number): number {
  if (a === 1 || (a === -1 && (b === Infinity || b === -Infinity))) return 1;
  return a ** b;
}

/** `a ^ b` */
export function pow(a: LuaValue, b: LuaValue, site: number): LuaValue {
  if (typeof a === "number" && typeof b === "number") return powNumbers(a, b);
  return arith("__pow", a, b, site, powNumbers);
}

/** `-a` where it isn't a number. */
export function neg(a: LuaValue, site: number): LuaValue {
  return arith("__unm", a, a, site, negNumber);
}

/** `#a` */
export function len(a: LuaValue, site: number): LuaValue {
  if (a instanceof LuaTable) return a.length();
  if (typeof a === "string") return a.length;
  const handler = metamethod(a, "__len");
  if (handler === undefined) throw typeError("get length of", a, site, 1);
  return callMeta(handler, site, a, undefined);
}

/** `a .. b` */
export function concat(a: LuaValue, b: LuaValue, site: number): LuaValue {
  if (typeof a === "string") {
    if (typeof b === "string") {
      const length = a.length + b.length;
      if (length > COUNTED_MIN) countBytes(length);
      if (length <= STRING_LEN_MAX) return a + b;
      throw new LuaError("not enough memory");
    }
    if (typeof b === "number") return a + formatNumber(b);
  } else if (typeof a === "number") {
    if (typeof b === "string") return formatNumber(a) + b;
    if (typeof b === "number") return formatNumber(a) + formatNumber(b);
  }
  let handler = metamethod(a, "__concat");
  if (handler === undefined) handler = metamethod(b, "__concat");
  if (handler !== undefined) return callMeta(handler, site, a, b);
  const isFirst = typeof a !== "string" && typeof a !== "number";
  throw typeError("concatenate", isFirst ? a : b, site, isFirst ? 1 : 2);
}

// Comparison

/** `a == b` where the two aren't the same. */
export function equals(a: LuaValue, b: LuaValue): boolean {
  if (typeof a !== "object" || typeof b !== "object") return false;
  if (a instanceof LuaTable !== b instanceof LuaTable) return false;
  const handler = sharedHandler(a, b, "__eq");
  return handler !== undefined && truthy(callMeta(handler, -1, a, b));
}

/** The metamethod of two values if both have the same one. */
function sharedHandler(a: LuaValue, b: LuaValue, event: string): LuaValue {
  const handler = metamethod(a, event);
  if (handler === undefined) return undefined;
  const other = metamethod(b, event);
  return handler === other || (other !== undefined && equals(handler, other)) ? handler : undefined;
}

/** Everything but nil and false. */
export function truthy(v: LuaValue): boolean {
  return v !== undefined && v !== false;
}

/** `a < b` where one isn't a number. */
export function lt(a: LuaValue, b: LuaValue, site: number): boolean {
  if (typeof a === "string" && typeof b === "string") return a < b;
  if (typeof a === "number" && typeof b === "number") return a < b;
  const handler = typeName(a) === typeName(b) ? sharedHandler(a, b, "__lt") : undefined;
  if (handler === undefined) throw compareError(a, b, site);
  return truthy(callMeta(handler, site, a, b));
}

/** `a <= b` where one isn't a number. */
export function le(a: LuaValue, b: LuaValue, site: number): boolean {
  if (typeof a === "string" && typeof b === "string") return a <= b;
  if (typeof a === "number" && typeof b === "number") return a <= b;
  const isSame = typeName(a) === typeName(b);
  const handler = isSame ? sharedHandler(a, b, "__le") : undefined;
  if (handler !== undefined) return truthy(callMeta(handler, site, a, b));
  const reverse = isSame ? sharedHandler(b, a, "__lt") : undefined;
  if (reverse === undefined) throw compareError(a, b, site);
  return !truthy(callMeta(reverse, site, b, a));
}

function compareError(a: LuaValue, b: LuaValue, site: number): LuaError {
  const x = typeName(a);
  const y = typeName(b);
  const what = x === y ? `two ${x} values` : `${x} with ${y}`;
  return operationError(`attempt to compare ${what}`, site, 0);
}

// Loops and constructors

const FOR_PARTS = ["initial value", "limit", "step"];

/** One of a numeric loop's three numbers. */
export function forNumber(v: LuaValue, part: number, site: number): number {
  const n = toNumber(v);
  if (n === undefined) throw operationError(`'for' ${FOR_PARTS[part]} must be a number`, site, 0);
  return n;
}

/** A table of distinct constant keys and their values, which become the table's own. */
export function record(keys: string[], vals: LuaValue[]): LuaTable {
  const table = new LuaTable();
  table.adopt(keys.slice(), vals);
  return table;
}

/** A table of keys and values in turn; TAIL as a key marks the list's values. `rest` ends the list. */
export function mixed(
  items: LuaValue[],
  rest: LuaValue[],
  counts: number[],
  site: number,
): LuaTable {
  const table = new LuaTable();
  const values: LuaValue[] = [];
  table.reserve(counts[0], counts[1]);
  for (let i = 0; i < items.length; i += 2) {
    if (items[i] === TAIL) values.push(items[i + 1]);
    else rawSet(table, items[i], items[i + 1], site);
  }
  for (let i = 0; i < rest.length; i++) values.push(rest[i]);
  table.reserve(values.length, 0);
  for (let i = 0; i < values.length; i++) {
    if (values[i] !== undefined || i < table.arr.length - 1) table.setNumber(i + 1, values[i]);
  }
  return table;
}

/** The `arg` table of a function with dots that doesn't use them. */
export function argTable(args: LuaValue[]): LuaTable {
  const table = LuaTable.fromList(args.slice());
  table.setString("n", args.length);
  return table;
}
