/**
 * LuaState: a set of globals, the compiler's front, and the control of time.
 *
 * Compiling. `compile` turns a chunk into a JavaScript function through `new Function`, once; the host
 * keeps it and calls it as often as it likes. Chunks leave nothing behind here, so a chunk that the
 * host forgets is garbage. The generated code gets the run time's functions as arguments and sees no
 * other name of the outside.
 *
 * Two things are compiled differently only where they may be needed, for they cost:
 *  - coroutines, if the text mentions `coroutine` (thread.ts says why);
 *  - an environment per function, if it mentions `fenv`. All other chunks have one environment, which
 *    their main function's setfenv changes.
 * A chunk that is loaded from such a one while it runs is compiled alike (lib_base.ts).
 *
 * Time. JavaScript can't give the thread back in the middle of a function. So generated code counts,
 * at every back-edge a variable of its own, at every function's entry a field of the state, and when
 * a count is used up it asks the host (`onTick`), which may
 *  - let it go on (after looking at a clock, or after it has served its sockets itself, if it can do
 *    that synchronously);
 *  - throw a LuaAbort, which no pcall stops: SCRIPT KILL;
 *  - ask for a pause (`pause`), if the chunk was compiled resumable: then every function is a generator
 *    that yields to `Run.step`, the host gives the event loop its turn, and goes on later.
 *
 * Always compiling to generators was measured: calls cost eight times as much (fib(27): 18 ms against
 * 2 ms), so ordinary scripts run as plain functions. A host that needs to give the thread back runs
 * a script plainly for its first milliseconds, keeping the replies that the script got from it; if
 * these aren't enough it throws a LuaAbort from the hook and starts the resumable form of the same
 * script, answering from the kept replies up to where the first run was. A script sees nothing but its
 * arguments, those replies, and a seeded random generator, so it comes to the same point.
 *
 * The count at back-edges costs nothing that could be measured: 30 million additions took 117 ms
 * without it and 103 ms with it on Deno, 17.4 and 15.3 ms on Bun (medians of noisy runs; the variable
 * lives in a register). A count in the state's field at back-edges took 150 and 20 ms.
 *
 * Memory. One string ends at 512 MiB, one table at 2^26 elements and 2^24 other keys, both with an error.
 * Many together are bounded by nothing here: a host that fears them looks at the engine's heap in its
 * hook, which comes at least every 20,000 steps and every 20 MiB of long strings, and throws.
 *
 * Limits. Recursion ends where the engine's stack does, with Lua's "stack overflow": 7,000 to 12,000
 * levels with the engines' default stacks, where Lua has 20,000. A host's function that must not be
 * interrupted by the end of the stack calls `assertStack` first.
 */

import { ChunkWriter } from "./function_writer.ts";
import { Lrand48 } from "./lrand48.ts";
import { numberLocals } from "./number_locals.ts";
import { parse } from "./parser.ts";
import * as runtime from "./runtime.ts";
import { writeFunction } from "./statement_writer.ts";
import { LuaTable } from "./table.ts";
import { callResumable, resetThreads, resumable } from "./thread.ts";
import { ipairsNext, next } from "./traversal.ts";
import {
  type Environment,
  fromEngineError,
  LuaError,
  type LuaFunction,
  type LuaGenerator,
  type LuaValue,
  NOTHING,
  PAUSE,
  resolveError,
  settleUnplaced,
  TAIL,
} from "./value.ts";

/** Back-edges, or calls, between two ticks. */
const TICK_STEPS = 20_000;

/** Arguments that take 32 KiB of stack. */
const STACK_PROBE = new Array<number>(4096).fill(0);

/** How a chunk is to be compiled; by default as its text needs it. */
export interface CompileOptions {
  isResumable?: boolean;
  hasEnvironments?: boolean;
}

export class LuaState {
  readonly globals: LuaTable;
  /** The metatable of strings. */
  stringMeta: LuaTable | null;
  /** Called every so many steps. May throw a LuaAbort, or call `pause`. */
  onTick: (() => void) | null;
  /** Whether the running program is asked to yield; read by generated code. */
  isPausing: boolean;
  /** Calls left before the next tick; counted by generated code. */
  calls: number;
  /** Back-edges between two ticks; read by generated code. */
  loops: number;
  /** Behind math.random. */
  readonly random: Lrand48;
  /** What os.clock gives, in seconds. */
  clock: () => number;
  private readonly ticker: () => void;

  constructor() {
    this.globals = new LuaTable();
    this.stringMeta = null;
    this.onTick = null;
    this.isPausing = false;
    this.calls = TICK_STEPS;
    this.loops = TICK_STEPS;
    this.random = new Lrand48();
    this.clock = () => 0;
    this.ticker = () => void this.tick();
  }

  /** Called by generated code after `loops` back-edges; gives back how many may follow. */
  tick(): number {
    this.isPausing = false;
    if (this.onTick !== null) this.onTick();
    return this.loops;
  }

  /** Called by generated code after `calls` function entries. */
  enter(): void {
    this.calls = this.loops;
    this.tick();
  }

  /** From the hook: asks a resumable program to yield at once. */
  pause(): void {
    this.isPausing = true;
  }

  /**
   * Compiles a chunk. `name` is as `loadstring` takes it: after `@` a file's name, after `=` literal
   * text, and otherwise the source itself. Throws a LuaError.
   */
  compile(source: string, name: string, options: CompileOptions = {}): LuaFunction {
    const shown = shownName(name);
    const isResumable = options.isResumable ?? source.includes("coroutine");
    const hasEnvironments = options.hasEnvironments ?? source.includes("fenv");
    let chunk: ChunkWriter;
    let factory: (...args: unknown[]) => LuaFunction;
    try {
      const { node, locals } = parse(source, shown);
      chunk = new ChunkWriter(name, shown, isResumable, hasEnvironments, numberLocals(locals));
      const code = writeFunction(chunk, node);
      factory = new Function(...PARAMETERS, `"use strict";return ${code};`) as typeof factory;
    } catch (e) {
      if (e instanceof LuaError) throw e;
      if (fromEngineError(e) === null) throw e;
      throw new LuaError(`${shown}:1: chunk has too many syntax levels`);
    }
    const env: Environment = { table: this.globals };
    const hints = new Int32Array(chunk.hintCount);
    const main = factory(this, chunk.info, env, chunk.keyLists, hints, ...RUNTIME);
    main.env ??= env;
    return main;
  }

  /**
   * Runs a function of the host's choice to its end. Gives back all its values; throws a LuaError,
   * whose position is settled, or what the hook or a native threw.
   */
  run(f: LuaValue, ...args: LuaValue[]): LuaValue[] {
    const meta = runtime.running.stringMeta;
    this.activate();
    try {
      return runtime.list(runtime.call(f, ...args));
    } catch (e) {
      throw settled(e);
    } finally {
      runtime.running.stringMeta = meta;
    }
  }

  /** Starts a function of a resumable chunk; nothing runs before the first `step`. */
  start(f: LuaFunction, ...args: LuaValue[]): Run {
    return new Run(this, callResumable(f, args));
  }

  /** Makes this state the one whose code runs. */
  activate(): void {
    runtime.running.stringMeta = this.stringMeta;
    runtime.running.tails = runtime.TAILS_MAX;
    this.calls = this.loops;
    this.isPausing = false;
    runtime.running.frame = null;
    runtime.running.tick = this.ticker;
  }
}

/** A program that is run in steps. */
export class Run {
  /** All values, once it is done. */
  results: LuaValue[] | null = null;
  private readonly state: LuaState;
  private readonly generator: LuaGenerator;

  constructor(state: LuaState, generator: LuaGenerator) {
    this.state = state;
    this.generator = generator;
  }

  /** Runs on to the next pause; true when the program is done. Throws as `LuaState.run` does. */
  step(): boolean {
    const meta = runtime.running.stringMeta;
    this.state.activate();
    resetThreads();
    try {
      const step = this.generator.next(NOTHING);
      if (!step.done) return false;
      this.results = runtime.list(step.value);
      return true;
    } catch (e) {
      throw settled(e);
    } finally {
      runtime.running.stringMeta = meta;
      resetThreads();
    }
  }
}

/**
 * Throws the RangeError of a full stack unless there is room for the host's own work (32 KiB). For
 * host functions that change anything outside the script.
 */
export function assertStack(): void {
  probe(...STACK_PROBE);
}

function probe(..._args: number[]): void {
  // Being called with so many arguments is all.
}

/** The error as a host sees it. */
function settled(e: unknown): unknown {
  const error = e instanceof LuaError ? e : fromEngineError(e);
  if (error === null) return e;
  settleUnplaced(error);
  return error;
}

/** A chunk's name as errors show it, at most 59 chars. */
export function shownName(name: string): string {
  const nul = name.indexOf("\0");
  if (nul >= 0) name = name.slice(0, nul);
  if (name.startsWith("=")) return name.slice(1, 60);
  if (name.startsWith("@")) return name.length <= 53 ? name.slice(1) : `...${name.slice(-52)}`;
  const line = name.split(/[\r\n]/, 1)[0];
  const room = 60 - '[string "..."] '.length - 1;
  const isCut = line.length !== name.length || line.length > room;
  return `[string "${isCut ? `${line.slice(0, room)}...` : line}"]`;
}

/** Gives a function made by `make` an environment of its own. */
function withEnvironment(table: LuaTable, make: (env: Environment) => LuaFunction): LuaFunction {
  const env: Environment = { table };
  const f = make(env);
  f.env = env;
  return f;
}

/** Whether a generic loop goes over a table in a way that needs no calls: 0, else -1. */
function traversal(f: LuaValue, s: LuaValue, control: LuaValue): number {
  if (!(s instanceof LuaTable)) return -1;
  if (f === next) return control === undefined ? 0 : -1;
  return f === ipairsNext && control === 0 ? 0 : -1;
}

/** What generated code may name besides its own. */
const NAMES: Record<string, unknown> = {
  LuaTable,
  NOTHING,
  PAUSE,
  TAIL,
  add: runtime.add,
  argTable: runtime.argTable,
  callResumable,
  callable: runtime.callable,
  concat: runtime.concat,
  div: runtime.div,
  done: runtime.done,
  equals: runtime.equals,
  field: runtime.field,
  first: runtime.first,
  forNumber: runtime.forNumber,
  index: runtime.index,
  le: runtime.le,
  len: runtime.len,
  list: runtime.list,
  lt: runtime.lt,
  mixed: runtime.mixed,
  mod: runtime.mod,
  modNumbers: runtime.modNumbers,
  mul: runtime.mul,
  neg: runtime.neg,
  next,
  pow: runtime.pow,
  powNumbers: runtime.powNumbers,
  record: runtime.record,
  resolveError,
  resumable,
  running: runtime.running,
  setField: runtime.setField,
  setIndex: runtime.setIndex,
  sub: runtime.sub,
  tailOf: runtime.tailOf,
  traversal,
  withEnvironment,
};

const PARAMETERS = ["$S", "$C", "$E", "$K", "$H", ...Object.keys(NAMES)];
const RUNTIME = Object.values(NAMES);
