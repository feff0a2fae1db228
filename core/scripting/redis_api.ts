/**
 * The `redis` table: what scripts can ask of the server.
 *
 * `redis.call` and `redis.pcall` are in script_runner.ts; these here are the rest and the constants. Arguments are
 * checked as in Redis, whose functions mostly look at how many there are; errors are tables (script_error.ts).
 */
import { sha1Hex } from "../base/sha1.ts";
import { formatNumber, parseNumber } from "./lua/numbers.ts";
import { LuaTable } from "./lua/table.ts";
import { type LuaFunction, type LuaValue, natives, NOTHING } from "./lua/value.ts";
import { REPL_ALL, REPL_AOF, REPL_REPLICA } from "./port.ts";
import { errorTable, redisError } from "./script_error.ts";
import type { ScriptRunner } from "./script_runner.ts";

const LOG_LEVELS = ["LOG_DEBUG", "LOG_VERBOSE", "LOG_NOTICE", "LOG_WARNING"];

/** The table of a script that runs. */
export function redisTable(runner: ScriptRunner): LuaTable {
  const table = loadingTable(runner);
  setFunctions(table, {
    call: (...args) => runner.call(args, true),
    pcall: (...args) => runner.call(args, false),
    sha1hex(...args) {
      if (args.length !== 1) throw redisError("wrong number of arguments");
      return sha1Hex(textOf(args[0]) ?? "");
    },
    error_reply(...args) {
      const text = args[0];
      if (args.length !== 1 || typeof text !== "string") return wrongArguments();
      return errorTable(text.startsWith("-") ? text : `-${text}`);
    },
    status_reply(...args) {
      const text = args[0];
      if (args.length !== 1 || typeof text !== "string") return wrongArguments();
      const reply = new LuaTable();
      reply.setString("ok", text);
      return reply;
    },
    setresp(...args) {
      if (args.length !== 1) throw redisError("redis.setresp() requires one argument.");
      const resp = Math.trunc(numberOf(args[0]) ?? 0);
      if (resp !== 2 && resp !== 3) throw redisError("RESP version must be 2 or 3.");
      runner.setResp(resp);
      return NOTHING;
    },
    set_repl(...args) {
      if (args.length !== 1) throw redisError("redis.set_repl() requires one argument.");
      const targets = Math.trunc(numberOf(args[0]) ?? 0);
      if ((targets & ~REPL_ALL) !== 0) {
        throw redisError(
          "Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.",
        );
      }
      runner.host.setRepl(targets);
      return NOTHING;
    },
    acl_check_cmd(...args) {
      const allowed = runner.mayExecute(args);
      if (allowed === null) throw redisError("Invalid command passed to redis.acl_check_cmd()");
      return allowed;
    },
    // Effects are what is propagated, always. There is no debugger.
    replicate_commands: () => true,
    breakpoint: () => false,
    debug: () => NOTHING,
  });
  table.setString("REPL_NONE", 0);
  table.setString("REPL_AOF", REPL_AOF);
  table.setString("REPL_SLAVE", REPL_REPLICA);
  table.setString("REPL_REPLICA", REPL_REPLICA);
  table.setString("REPL_ALL", REPL_ALL);
  return table;
}

/** What a library sees of it while it is loaded, which is no commands; register_function is added. */
export function loadingTable(runner: ScriptRunner): LuaTable {
  const table = new LuaTable();
  setFunctions(table, { log: (...args) => logLine(runner, args) });
  LOG_LEVELS.forEach((name, level) => table.setString(name, level));
  const { version } = runner.host;
  table.setString("REDIS_VERSION", version);
  table.setString("REDIS_VERSION_NUM", versionNumber(version));
  return table;
}

/** Sets functions of the host in a table. */
export function setFunctions(table: LuaTable, functions: Record<string, LuaFunction>): void {
  for (const name of Object.keys(functions)) {
    natives.add(functions[name]);
    table.setString(name, functions[name]);
  }
}

function logLine(runner: ScriptRunner, args: LuaValue[]): LuaValue[] {
  if (args.length < 2) throw redisError("redis.log() requires two arguments or more.");
  const level = numberOf(args[0]);
  if (level === undefined) throw redisError("First argument must be a number (log level).");
  const whole = Math.trunc(level);
  if (!(whole >= 0 && whole < LOG_LEVELS.length)) throw redisError("Invalid log level.");
  let line = "";
  for (let i = 1; i < args.length; i++) {
    const text = textOf(args[i]);
    if (text !== null) line += i === 1 ? text : ` ${text}`;
  }
  runner.log(whole, line);
  return NOTHING;
}

function wrongArguments(): LuaTable {
  return errorTable("wrong number or type of arguments");
}

/** A string, a number as one, or null. */
export function textOf(v: LuaValue): string | null {
  return typeof v === "string" ? v : typeof v === "number" ? formatNumber(v) : null;
}

function numberOf(v: LuaValue): number | undefined {
  return typeof v === "number" ? v : typeof v === "string" ? parseNumber(v) : undefined;
}

/** "7.4.0" as 0x00070400. */
function versionNumber(version: string): number {
  const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number);
  return major << 16 | minor << 8 | patch;
}
