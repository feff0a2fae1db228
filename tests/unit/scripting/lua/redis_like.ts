/**
 * A Lua state as Redis sets it up, for tests of the language: one that runs a program given as text and
 * writes down all its results, and the same for a real server through EVAL, so that the two can be
 * compared.
 */

import { openState } from "../../../../core/scripting/lua/open.ts";
import type { LuaState } from "../../../../core/scripting/lua/state.ts";
import { LuaTable } from "../../../../core/scripting/lua/table.ts";
import { LuaError, luaError } from "../../../../core/scripting/lua/value.ts";
import type { RespClient } from "../../../support/resp_client.ts";

/** Lua that runs the program ARGV[1] and gives back one string: its results, or its error. */
const HARNESS = `
local show
local seen
show = function(v, depth)
  local t = type(v)
  if t == 'string' then return string.format('%q', v) end
  if t == 'number' then
    if v ~= v then return 'nan' end
    return string.format('%.17g', v)
  end
  if t ~= 'table' then
    if v == cjson.null then return 'null' end
    if t == 'nil' or t == 'boolean' then return tostring(v) end
    return '<' .. t .. '>'
  end
  if depth > 6 then return '<deep>' end
  local parts = {}
  for k, x in next, v do parts[#parts + 1] = '[' .. show(k, depth + 1) .. ']=' .. show(x, depth + 1) end
  table.sort(parts)
  return '{' .. table.concat(parts, ',') .. '}'
end
local f, e = loadstring(ARGV[1], '@user_script')
if not f then return 'compile: ' .. e end
local function collect(...)
  local out = {}
  for i = 1, select('#', ...) do out[i] = show((select(i, ...)), 0) end
  return table.concat(out, ' ')
end
return collect(pcall(f))
`;

/** A state with Redis's protection of globals. */
function redisLikeState(): LuaState {
  const state = openState();
  const { globals } = state;
  globals.setString("ARGV", new LuaTable());
  const meta = new LuaTable();
  meta.setString("__index", (_t, k) => {
    throw luaError(`Script attempted to access nonexistent global variable '${String(k)}'`);
  });
  globals.meta = meta;
  protect(globals, new Set());
  return state;
}

function protect(table: LuaTable, seen: Set<LuaTable>): void {
  if (seen.has(table)) return;
  seen.add(table);
  for (let pos = table.nextPosition(0); pos > 0; pos = table.nextPosition(pos)) {
    const v = table.valueAt(pos);
    if (v instanceof LuaTable) protect(v, seen);
  }
  table.readonly = true;
}

/** Runs programs in one state. */
export class LuaRunner {
  readonly state: LuaState;
  private readonly main;

  constructor() {
    this.state = redisLikeState();
    this.main = this.state.compile(HARNESS, "@harness");
  }

  /** The program's results or error, as HARNESS writes them. */
  run(program: string): string {
    const argv = LuaTable.fromList([program]);
    this.state.globals.setString("ARGV", argv);
    this.state.random.seed(0);
    try {
      return String(this.state.run(this.main)[0]);
    } catch (e) {
      if (e instanceof LuaError) return `uncaught: ${String(e.value)}`;
      throw e;
    }
  }
}

/** The same by a real server. */
export async function runOnServer(client: RespClient, program: string): Promise<string> {
  const reply = await client.command("EVAL", HARNESS, "0", program);
  return typeof reply === "string" ? reply : JSON.stringify(reply);
}
