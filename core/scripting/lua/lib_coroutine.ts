/** The coroutine library, over thread.ts. */

import { checkFunction, library } from "./arguments.ts";
import { caughtValue } from "./lib_base.ts";
import { formatNumber } from "./numbers.ts";
import { list } from "./runtime.ts";
import type { LuaState } from "./state.ts";
import {
  currentThread,
  isSuspended,
  LuaThread,
  resume,
  resumePlainly,
  statusOf,
  withResumable,
  yieldValues,
} from "./thread.ts";
import {
  argumentError,
  LuaError,
  type LuaFunction,
  type LuaResult,
  type LuaValue,
  natives,
} from "./value.ts";

/** Sets `coroutine`. */
export function openCoroutine(state: LuaState): void {
  state.globals.setString("coroutine", library(COROUTINE));
}

function checkThread(v: LuaValue): LuaThread {
  if (v instanceof LuaThread) return v;
  throw argumentError(1, "coroutine expected");
}

function create(f: LuaValue, count: number): LuaThread {
  if (typeof f !== "function" || natives.has(f)) {
    if (typeof f !== "function") checkFunction(f, 1, count);
    throw argumentError(1, "Lua function expected");
  }
  return new LuaThread(f);
}

function refusal(thread: LuaThread): string | null {
  return isSuspended(thread) ? null : `cannot resume ${statusOf(thread)} coroutine`;
}

/** An error that comes out of a wrapped coroutine gets the position of the call in front. */
function wrappedError(e: unknown): unknown {
  const v = caughtValue(e);
  if (typeof v === "number") return new LuaError(formatNumber(v), 1);
  return new LuaError(v, typeof v === "string" ? 1 : 0);
}

const COROUTINE: Record<string, LuaFunction> = {
  create(f) {
    return create(f, arguments.length);
  },
  resume: withResumable(
    (co, ...args) => {
      const thread = checkThread(co);
      const refused = refusal(thread);
      if (refused !== null) return [false, refused];
      try {
        return [true, ...list(resumePlainly(thread, args))];
      } catch (e) {
        return [false, caughtValue(e)];
      }
    },
    function* (co, ...args) {
      const thread = checkThread(co);
      const refused = refusal(thread);
      if (refused !== null) return [false, refused];
      try {
        return [true, ...list(yield* resume(thread, args))];
      } catch (e) {
        return [false, caughtValue(e)];
      }
    },
  ),
  running() {
    return currentThread() ?? undefined;
  },
  status(co) {
    return statusOf(checkThread(co));
  },
  wrap(f) {
    return wrap(create(f, arguments.length));
  },
  yield: yieldValues,
};

function wrap(thread: LuaThread): LuaFunction {
  const refuse = () => {
    const refused = refusal(thread);
    if (refused !== null) throw wrappedError(new LuaError(refused));
  };
  const wrapped: LuaFunction = withResumable(
    (...args): LuaResult => {
      refuse();
      try {
        return resumePlainly(thread, args);
      } catch (e) {
        throw wrappedError(e);
      }
    },
    function* (...args) {
      refuse();
      try {
        return yield* resume(thread, args);
      } catch (e) {
        throw wrappedError(e);
      }
    },
  );
  natives.add(wrapped);
  return wrapped;
}
