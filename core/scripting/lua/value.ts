/**
 * How Lua's values are held in JavaScript.
 *
 *     Lua          JavaScript
 *     nil          undefined
 *     boolean      boolean
 *     number       number (a double in both)
 *     string       string with one char per byte (0..255): `#` is length, `<` compares bytes, and
 *                  concatenation, hashing and equality are the engine's own
 *     table        LuaTable (table.ts)
 *     function     function; see below
 *     userdata     LuaUserdata (cjson.null, newproxy)
 *     thread       LuaThread (thread.ts)
 *
 * Calling convention. Arguments are JavaScript's own arguments: a missing one is undefined, which is
 * nil, and one too many is ignored, as Lua wants it. A call gives back one value as it is, and no
 * value or several in an array (of any length); no Lua value is an array, so `Array.isArray` tells
 * the two apart without an allocation in the common case. An array whose first element is TAIL is a
 * call still to be made: `[TAIL, function, ...arguments]`. It stands for a tail call (runtime.ts).
 * Nobody may change an array that came out of a call, as it may be a function's `...`.
 *
 * Measured for fib(27), in ms on Deno and Bun: with plain JavaScript calls 1.3 and 1.0, with the test
 * for arrays 1.9 and 1.5, with test, count-down and try/catch 2.1 and 1.65.
 *
 * Nothing leads from a Lua value to a JavaScript object: only a LuaTable is ever indexed, functions
 * and userdata are opaque, and tables keep their contents in arrays and a Map, never in properties.
 *
 * Errors are LuaErrors. They aren't Errors, for a stack trace costs microseconds and Lua programs
 * use errors for control. Where an error happened is found while it unwinds: every generated function
 * catches, knows which of its calls is under way, and resolves what is open (`resolveError`).
 */

import type { LuaTable } from "./table.ts";
import type { LuaThread } from "./thread.ts";

/** Any value of a Lua program. */
export type LuaValue =
  | undefined
  | boolean
  | number
  | string
  | LuaTable
  | LuaFunction
  | LuaUserdata
  | LuaThread;

/** What a call gives back: one value, or an array of any number of them. */
export type LuaResult = LuaValue | LuaValue[];

/** What travels through a generator: the values of a yield in, those of a resume out. */
export type LuaGenerator = Generator<LuaValue[] | typeof PAUSE, LuaResult, LuaValue[]>;

/** A function, from a script or from the host. */
export interface LuaFunction {
  (...args: LuaValue[]): LuaResult;
  /** The form that can yield, where there is one. */
  resumable?: (...args: LuaValue[]) => LuaGenerator;
  /** The function's environment, where it is known. */
  env?: Environment;
}

/** A box with the table in which a function finds its globals. */
export interface Environment {
  table: LuaTable;
}

/** Yielded by generated code that was asked to give the thread back. */
export const PAUSE = Symbol("pause");

/** Functions of the host: coroutines can't be made of them. */
export const natives: WeakSet<LuaFunction> = new WeakSet();

/** No values. */
export const NOTHING: LuaValue[] = [];

/** The longest string, in bytes: what both engines can hold. */
export const STRING_LEN_MAX = 2 ** 29 - 64;

/** An opaque value with identity. */
export class LuaUserdata {
  meta: LuaTable | null = null;
  /** Light userdata prints as a null pointer does. */
  readonly light: boolean;

  constructor(light: boolean) {
    this.light = light;
  }
}

/** Marks an array as a call to be made. No script ever sees it. */
export const TAIL = new LuaUserdata(true);

/** The null pointer as a value, which stands for JSON's null. */
export const NULL_POINTER = new LuaUserdata(true);

/** Who calls, for the text of an error: filled by the generator, one entry per call or operation. */
export interface ChunkInfo {
  /** The chunk's name as it was given, such as `@user_script`. */
  source: string;
  /** The chunk's name as errors show it, such as `user_script`. */
  name: string;
  /** Line of a site. */
  lines: number[];
  /** What the site's function is called, as `global 'x'`, or "". */
  names: string[];
  /** For operations on two operands: what the second one is called. */
  names2: string[];
  /** Whether the site is a tail call, whose own function has left the stack. */
  tails: boolean[];
}

/** An error of a Lua program, on its way to a pcall or to the host. */
export class LuaError {
  /** The error value; a string gets its position in front when `level` comes down to zero. */
  value: LuaValue;
  /** How many functions up the position is; 0 when it is settled. */
  level: number;
  /** The failed operation's site, or -1. */
  site: number;
  /** Which argument of the function called was bad, or -1. */
  argument: number;
  /** For a failed operation: its first operand's name goes with 1, the second's with 2. */
  operand: number;
  /** Functions it has passed. */
  hops: number;
  /** The chunk and the line where it was raised, or where what raised it was called; -1: nowhere in a script. */
  source: string;
  line: number;

  constructor(value: LuaValue, level = 0) {
    this.value = value;
    this.level = level;
    this.site = -1;
    this.argument = -1;
    this.operand = 0;
    this.hops = 0;
    this.source = "";
    this.line = -1;
  }
}

/**
 * Thrown by a host to end a script. pcall doesn't catch it, and nothing of the script runs after it.
 */
export class LuaAbort {
  readonly reason: string;
  /** The chunk and about the line that was running; -1: no script was. */
  source = "";
  line = -1;

  constructor(reason: string) {
    this.reason = reason;
  }
}

/** An error with the position of the function that called the host's one, as luaL_error makes it. */
export function luaError(message: string): LuaError {
  return new LuaError(message, 1);
}

/** An error about argument `n` (from 1) of the host's function that is running. */
export function argumentError(n: number, message: string): LuaError {
  const error = new LuaError(message, 1);
  error.argument = n;
  return error;
}

/** `bad argument` as it reads once the name of the function is known. `name` is as in ChunkInfo. */
function argumentText(name: string, n: number, message: string): string {
  const quoted = name === "" ? "'?'" : name.slice(name.indexOf(" ") + 1);
  if (name.startsWith("method ")) {
    n--;
    if (n === 0) return `calling ${quoted} on bad self (${message})`;
  }
  return `bad argument #${n} to ${quoted} (${message})`;
}

/**
 * Called by every generated function with what it caught and the site of its call under way; gives
 * back what to throw on.
 */
export function resolveError(chunk: ChunkInfo, error: unknown, site: number): unknown {
  const e = error instanceof LuaError ? error : fromEngineError(error);
  if (e === null) {
    if (error instanceof LuaAbort && error.line < 0) place(chunk, error, site);
    return error;
  }
  if (e.line < 0) place(chunk, e, e.site >= 0 ? e.site : site);
  if (e.level > 0) {
    e.level--;
    if (e.level === 0) settle(chunk, e, site);
    e.hops++;
  }
  return e;
}

/**
 * An engine at the end of its stack or its memory throws a RangeError, or a SyntaxError where it was
 * about to compile a regular expression: the script's own fault. Gives back null for other errors.
 */
export function fromEngineError(error: unknown): LuaError | null {
  if (!(error instanceof Error)) return null;
  // No regular expression here: there may be no stack to compile it.
  const isStack = error.message.includes("call stack");
  if (!isStack && !(error instanceof RangeError)) return null;
  return new LuaError(isStack ? "stack overflow" : "not enough memory", isStack ? 1 : 0);
}

/** Notes where an error was raised; the first function that catches it knows. */
function place(chunk: ChunkInfo, e: LuaError | LuaAbort, site: number): void {
  e.source = chunk.source;
  e.line = chunk.lines[site] ?? 1;
}

/** Settles an error for which there is no position: the caller was the host. */
export function settleUnplaced(e: LuaError): void {
  if (e.level > 0 && e.argument >= 0) e.value = argumentText("", e.argument, `${String(e.value)}`);
  e.level = 0;
}

function settle(chunk: ChunkInfo, e: LuaError, site: number): void {
  if (typeof e.value !== "string") return;
  if (e.site >= 0) {
    const name = e.operand === 2 ? chunk.names2[e.site] : chunk.names[e.site];
    let text = e.operand === 0 ? e.value : withName(e.value, name);
    if (e.argument >= 0) text = argumentText("", e.argument, text);
    e.value = `${chunk.name}:${chunk.lines[e.site]}: ${text}`;
    return;
  }
  let text = e.value;
  if (e.argument >= 0) text = argumentText(chunk.names[site] ?? "", e.argument, text);
  const isGone = chunk.tails[site] && e.hops > 0;
  e.value = isGone ? text : `${chunk.name}:${chunk.lines[site]}: ${text}`;
}

/** `attempt to index a nil value` with a name is `attempt to index local 'x' (a nil value)`. */
function withName(text: string, name: string): string {
  if (name === "") return text;
  const at = text.search(/an? [a-z]+ value$/);
  return `${text.slice(0, at)}${name} (${text.slice(at)})`;
}
