/**
 * The states in which scripts run: Lua's libraries, `redis`, and nothing that a script could leave behind.
 *
 *     EVAL         the globals are read only, and so is every table that can be reached from them; KEYS and ARGV
 *                  are put there for each script. To read a global that doesn't exist is an error.
 *     functions    the same globals without KEYS and ARGV. While a library is loaded it sees only a `redis` without
 *                  commands but with register_function; its functions then see the others.
 *
 * `server` is another name of `redis`, the one that Valkey gives it.
 *
 * `pcall` gives a script the text of an error of Redis where Lua's would give the table.
 */
import { caughtValue } from "./lua/lib_base.ts";
import { openPcall } from "./lua/lib_pcall.ts";
import { openState } from "./lua/open.ts";
import type { LuaState } from "./lua/state.ts";
import { LuaTable } from "./lua/table.ts";
import { luaError, type LuaFunction, type LuaValue, natives } from "./lua/value.ts";
import { loadingTable, redisTable, setFunctions, textOf } from "./redis_api.ts";
import type { ScriptRunner } from "./script_runner.ts";

/** A state for EVAL, or for the functions of libraries. */
export function openSandbox(runner: ScriptRunner): LuaState {
  const state = openState();
  const { globals } = state;
  openPcall(state, caughtError);
  const redis = redisTable(runner);
  globals.setString("redis", redis);
  globals.setString("server", redis);
  protectGlobals(globals);
  runner.watch(state);
  return state;
}

/** The globals that a library sees while it is loaded. */
export function loadingGlobals(runner: ScriptRunner, register: LuaFunction): LuaTable {
  const globals = new LuaTable();
  const redis = loadingTable(runner);
  setFunctions(redis, { register_function: register });
  redis.meta = strictMeta();
  globals.setString("redis", redis);
  globals.setString("server", redis);
  protectGlobals(globals);
  return globals;
}

function protectGlobals(globals: LuaTable): void {
  globals.meta = strictMeta();
  protect(globals);
}

/** A metatable under which reading what isn't there fails. */
function strictMeta(): LuaTable {
  const meta = new LuaTable();
  const missing: LuaFunction = (_table, key) => {
    const name = textOf(key);
    if (name === null) {
      throw luaError("Second argument to luaProtectedTableError must be a string or number");
    }
    throw luaError(`Script attempted to access nonexistent global variable '${name}'`);
  };
  natives.add(missing);
  meta.setString("__index", missing);
  return meta;
}

/** Makes a table and all it leads to read only. */
function protect(table: LuaTable): void {
  if (table.readonly) return;
  table.readonly = true;
  for (let pos = table.nextPosition(0); pos > 0; pos = table.nextPosition(pos)) {
    const value = table.valueAt(pos);
    if (value instanceof LuaTable) protect(value);
  }
  if (table.meta !== null) protect(table.meta);
}

/** What pcall gives back for something thrown, besides false. */
function caughtError(e: unknown): LuaValue[] {
  const value = caughtValue(e);
  if (!(value instanceof LuaTable)) return [value];
  const err = value.getString("err");
  return typeof err === "string" || typeof err === "number" ? [err] : [value, undefined];
}
