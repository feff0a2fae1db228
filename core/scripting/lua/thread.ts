/**
 * Coroutines.
 *
 * A JavaScript function can't be left and entered again, a generator can. Generators cost: fib(27)
 * took 18 ms as generators and 2 ms as functions. So a chunk is compiled to generators only if its
 * text mentions `coroutine` (or its host asks for it, to be able to pause it; see state.ts), and all
 * others to plain functions. Each function of a resumable chunk exists in two forms around the same
 * generator: called from a resumable function its yields go on outwards (`callResumable`), called by
 * anything else, such as a metamethod, a sort or pcall, a yield that isn't a coroutine's own fails
 * with "attempt to yield across metamethod/C-call boundary", which is Lua 5.1's behaviour in exactly
 * these places.
 *
 * A pause travels the same way as a yield, through every coroutine and every pcall that is under way.
 * Where it meets a plain function it can't go on, so the program simply continues there.
 */

import { finish } from "./runtime.ts";
import {
  LuaError,
  luaError,
  type LuaFunction,
  type LuaGenerator,
  type LuaResult,
  type LuaValue,
  NOTHING,
  PAUSE,
  TAIL,
} from "./value.ts";

const SUSPENDED = 0;
const RUNNING = 1;
const NORMAL = 2;
const DEAD = 3;

const STATUS = ["suspended", "running", "normal", "dead"];

/** How deep coroutines may resume each other: Lua's limit on C calls. */
const DEPTH_MAX = 199;

/** A coroutine. */
export class LuaThread {
  /** Undefined until it runs. */
  generator: LuaGenerator | undefined = undefined;
  readonly body: LuaFunction;
  status = SUSPENDED;
  resumer: LuaThread | null = null;
  depth = 0;

  constructor(body: LuaFunction) {
    this.body = body;
  }
}

/** The coroutine that is running, or null in the main program. */
let current: LuaThread | null = null;

export function currentThread(): LuaThread | null {
  return current;
}

/** Forgets what an abandoned run left. */
export function resetThreads(): void {
  current = null;
}

export function statusOf(thread: LuaThread): string {
  return STATUS[thread.status];
}

/** Makes the two forms of a function out of its generator. */
export function resumable(generator: (...args: LuaValue[]) => LuaGenerator): LuaFunction {
  const f: LuaFunction = (...args) => drive(generator(...args));
  f.resumable = generator;
  return f;
}

/** Runs a generator to its end where nobody can take its yields. */
function drive(generator: LuaGenerator): LuaResult {
  let step = generator.next(NOTHING);
  while (!step.done) {
    step = step.value === PAUSE ? generator.next(NOTHING) : generator.throw(boundaryError());
  }
  return finish(step.value);
}

function boundaryError(): LuaError {
  return new LuaError("attempt to yield across metamethod/C-call boundary");
}

/** A call between resumable functions; makes tail calls too. */
export function* callResumable(f: LuaFunction, args: LuaValue[]): LuaGenerator {
  for (;;) {
    const form = f.resumable;
    const r = form === undefined ? f(...args) : yield* form(...args);
    if (!Array.isArray(r) || r.length < 2 || r[0] !== TAIL) return r;
    f = r[1] as LuaFunction;
    args = r.slice(2);
  }
}

/** A native that is called plainly where it can't yield. */
function native(
  plain: LuaFunction,
  form: (...args: LuaValue[]) => LuaGenerator,
): LuaFunction {
  plain.resumable = form;
  return plain;
}

/** coroutine.yield */
export const yieldValues: LuaFunction = native(
  () => {
    throw boundaryError();
  },
  function* (...args) {
    if (current === null) throw boundaryError();
    return yield args;
  },
);

/**
 * Resumes a thread to its next yield or its end. A step is yielded for each pause the thread wants.
 * Throws what the thread throws.
 */
export function* resume(thread: LuaThread, args: LuaValue[]): LuaGenerator {
  const resumer = current;
  const depth = resumer === null ? 1 : resumer.depth + 1;
  if (depth > DEPTH_MAX) throw luaError("C stack overflow");
  if (resumer !== null) resumer.status = NORMAL;
  thread.resumer = resumer;
  thread.depth = depth;
  thread.status = RUNNING;
  current = thread;
  let isDone = true;
  try {
    let step = thread.generator === undefined ? start(thread, args) : thread.generator.next(args);
    while (!step.done && step.value === PAUSE) {
      current = resumer;
      yield PAUSE;
      current = thread;
      step = thread.generator!.next(NOTHING);
    }
    isDone = step.done === true;
    return step.value as LuaResult;
  } finally {
    thread.status = isDone ? DEAD : SUSPENDED;
    current = resumer;
    if (resumer !== null) resumer.status = RUNNING;
  }
}

function start(
  thread: LuaThread,
  args: LuaValue[],
): IteratorResult<LuaValue[] | typeof PAUSE, LuaResult> {
  thread.generator = callResumable(thread.body, args);
  return thread.generator.next(NOTHING);
}

/** `resume` for a caller that can't pass pauses on. */
export function resumePlainly(thread: LuaThread, args: LuaValue[]): LuaResult {
  const generator = resume(thread, args);
  let step = generator.next(NOTHING);
  while (!step.done) step = generator.next(NOTHING);
  return step.value;
}

/** Runs a generator for a protected call, which lets its pauses through but no yields. */
export function* passPauses(generator: LuaGenerator): LuaGenerator {
  let step = generator.next(NOTHING);
  while (!step.done) {
    if (step.value === PAUSE) {
      yield PAUSE;
      step = generator.next(NOTHING);
    } else step = generator.throw(boundaryError());
  }
  return finish(step.value);
}

/** Whether the thread can be resumed. */
export function isSuspended(thread: LuaThread): boolean {
  return thread.status === SUSPENDED;
}

/** Marks a native that has a form for resumable callers. */
export const withResumable = native;
