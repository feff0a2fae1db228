/**
 * What a library says when it registers a function: a name and a function, or one table with named arguments.
 *
 *     redis.register_function('name', function(keys, args) ... end)
 *     redis.register_function{function_name = 'name', callback = f, flags = {'no-writes'}, description = '...'}
 */
import { LuaTable } from "./lua/table.ts";
import type { LuaFunction, LuaValue } from "./lua/value.ts";
import { textOf } from "./redis_api.ts";
import { redisError } from "./script_error.ts";
import { FLAG_NAMES } from "./shebang.ts";

interface Registration {
  name: string;
  description: string | null;
  /** Bits of shebang.ts. */
  flags: number;
  callback: LuaFunction;
}

/** Reads the arguments of redis.register_function. Throws an error of Redis. */
export function readRegistration(args: readonly LuaValue[]): Registration {
  if (args.length < 1 || args.length > 2) {
    throw redisError("wrong number of arguments to redis.register_function");
  }
  return args.length === 1 ? readNamed(args[0]) : readPositional(args[0], args[1]);
}

function readPositional(first: LuaValue, callback: LuaValue): Registration {
  const name = textOf(first);
  if (name === null) {
    throw redisError("first argument to redis.register_function must be a string");
  }
  if (typeof callback !== "function") {
    throw redisError("second argument to redis.register_function must be a function");
  }
  return { name, description: null, flags: 0, callback };
}

function readNamed(table: LuaValue): Registration {
  if (!(table instanceof LuaTable)) {
    throw redisError(
      "calling redis.register_function with a single argument is only applicable to Lua table " +
        "(representing named arguments).",
    );
  }
  const found: Partial<Registration> = {};
  for (let pos = table.nextPosition(0); pos > 0; pos = table.nextPosition(pos)) {
    readArgument(found, table.keyAt(pos), table.valueAt(pos));
  }
  const { name, callback, description = null, flags = 0 } = found;
  if (name === undefined) {
    throw redisError("redis.register_function must get a function name argument");
  }
  if (callback === undefined) {
    throw redisError("redis.register_function must get a callback argument");
  }
  return { name, description, flags, callback };
}

function readArgument(found: Partial<Registration>, key: LuaValue, value: LuaValue): void {
  const argument = textOf(key);
  if (argument === null) {
    throw redisError("named argument key given to redis.register_function is not a string");
  }
  switch (argument.toLowerCase()) {
    case "function_name":
      found.name = checkText(value, "function_name");
      break;
    case "description":
      found.description = checkText(value, "description");
      break;
    case "callback":
      if (typeof value !== "function") {
        throw redisError(
          "callback argument given to redis.register_function must be a function",
        );
      }
      found.callback = value;
      break;
    case "flags":
      found.flags = readFlags(value);
      break;
    default:
      throw redisError("unknown argument given to redis.register_function");
  }
}

function checkText(value: LuaValue, name: string): string {
  const text = textOf(value);
  if (text !== null) return text;
  throw redisError(`${name} argument given to redis.register_function must be a string`);
}

function readFlags(value: LuaValue): number {
  if (!(value instanceof LuaTable)) {
    throw redisError(
      "flags argument to redis.register_function must be a table representing function flags",
    );
  }
  let flags = 0;
  for (let i = 1;; i++) {
    const item = value.getNumber(i);
    if (item === undefined) return flags;
    const bit = FLAG_NAMES.indexOf(textOf(item)?.toLowerCase() ?? "");
    if (bit < 0) throw redisError("unknown flag given");
    flags |= 1 << bit;
  }
}
