/**
 * `next` and the iterator of `ipairs`: apart from the rest of the library because loops recognise
 * them (state.ts, statement_writer.ts) and then don't call them.
 */

import { typeName } from "./runtime.ts";
import { LuaTable } from "./table.ts";
import { argumentError, LuaError, type LuaFunction, type LuaValue } from "./value.ts";

/** `next(t, k)`: the key and value after k. */
export const next: LuaFunction = function (t: LuaValue, k: LuaValue) {
  if (!(t instanceof LuaTable)) {
    const got = arguments.length === 0 ? "no value" : typeName(t);
    throw argumentError(1, `table expected, got ${got}`);
  }
  const at = t.positionOf(k);
  if (at < 0) throw new LuaError("invalid key to 'next'");
  const pos = t.nextPosition(at);
  return pos < 0 ? undefined : [t.keyAt(pos), t.valueAt(pos)];
};

/** What `ipairs` gives back to be called. */
export const ipairsNext: LuaFunction = function (t: LuaValue, i: LuaValue) {
  if (!(t instanceof LuaTable)) throw argumentError(1, `table expected, got ${typeName(t)}`);
  const at = (i as number) + 1;
  const v = t.getNumber(at);
  return v === undefined ? [] : [at, v];
};
