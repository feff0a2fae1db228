/**
 * Protected calls: pcall and xpcall.
 *
 * Both have a form for resumable callers, through which a host's pauses pass, for a loop may well sit in a pcall.
 *
 * A host may say what pcall gives back for an error. Each call counts like a function's entry, so that the host
 * knows how deep the stack can be (state.ts).
 */
import { checkAny } from "./arguments.ts";
import { caughtValue } from "./lib_base.ts";
import { call, finish, list, running } from "./runtime.ts";
import type { LuaState } from "./state.ts";
import { callResumable, passPauses, withResumable } from "./thread.ts";
import { type LuaFunction, type LuaResult, type LuaValue, natives } from "./value.ts";

/** What pcall gives back besides false. Throws on what is not the script's affair. */
export type Caught = (e: unknown) => LuaValue[];

/** Sets pcall and xpcall. */
export function openPcall(state: LuaState, caught: Caught = (e) => [caughtValue(e)]): void {
  const pcall = makePcall(state, caught);
  natives.add(pcall);
  natives.add(xpcall);
  state.globals.setString("pcall", pcall);
  state.globals.setString("xpcall", xpcall);
}

function makePcall(state: LuaState, caught: Caught): LuaFunction {
  // Lua finds its own status on the stack there, and says so.
  const withNothing = () => [false, "attempt to call a boolean value"];
  return withResumable(
    (...all): LuaResult => {
      if (all.length === 0) return withNothing();
      const { frame } = running;
      state.calls--;
      const [f, ...args] = all;
      try {
        return succeeded(typeof f === "function" ? finish(f(...args)) : call(f, ...args));
      } catch (e) {
        running.frame = frame;
        return [false, ...caught(e)];
      }
    },
    function* (...all) {
      if (all.length === 0) return withNothing();
      const { frame } = running;
      const [f, ...args] = all;
      try {
        if (typeof f !== "function") return succeeded(call(f, ...args));
        return succeeded(yield* passPauses(callResumable(f, args)));
      } catch (e) {
        running.frame = frame;
        return [false, ...caught(e)];
      }
    },
  );
}

const xpcall: LuaFunction = withResumable(
  (...args): LuaResult => {
    checkAny(2, args.length);
    const { frame } = running;
    try {
      return succeeded(call(args[0]));
    } catch (e) {
      running.frame = frame;
      return handled(e, args[1]);
    }
  },
  function* (...args) {
    checkAny(2, args.length);
    const { frame } = running;
    const f = args[0];
    try {
      if (typeof f !== "function") return succeeded(call(f));
      return succeeded(yield* passPauses(callResumable(f, [])));
    } catch (e) {
      running.frame = frame;
      return handled(e, args[1]);
    }
  },
);

function succeeded(r: LuaResult): LuaValue[] {
  return Array.isArray(r) ? [true, ...r] : [true, r];
}

/** xpcall's results for an error, which its handler may turn into anything. */
function handled(e: unknown, handler: LuaValue): LuaValue[] {
  const v = caughtValue(e);
  try {
    return [false, ...list(call(handler, v))];
  } catch (again) {
    caughtValue(again);
    return [false, "error in error handling"];
  }
}
