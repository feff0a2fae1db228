/** The cjson library (2.1.0): encode, decode and their settings, which belong to a module. */

import { checkInteger, checkString, library } from "./arguments.ts";
import { decodeJson } from "./cjson_decode.ts";
import { encodeJson, type JsonConfig } from "./cjson_encode.ts";
import type { LuaState } from "./state.ts";
import type { LuaTable } from "./table.ts";
import { argumentError, type LuaFunction, type LuaValue, NULL_POINTER } from "./value.ts";

const INT_MAX = 2 ** 31 - 1;

/** Sets `cjson`. */
export function openCjson(state: LuaState): void {
  state.globals.setString("cjson", createModule());
}

function createModule(): LuaTable {
  const config: JsonConfig = {
    sparseConvert: false,
    sparseRatio: 2,
    sparseSafe: 10,
    encodeDepthMax: 1000,
    decodeDepthMax: 1000,
    encodeInvalid: 0,
    decodeInvalid: true,
    precision: 14,
    keepBuffer: true,
  };
  const table = library({ ...converters(config), ...settings(config), new: createModule });
  table.setString("null", NULL_POINTER);
  table.setString("_NAME", "cjson");
  table.setString("_VERSION", "2.1.0");
  return table;
}

function converters(config: JsonConfig): Record<string, LuaFunction> {
  return {
    encode(v) {
      if (arguments.length !== 1) throw argumentError(1, "expected 1 argument");
      return encodeJson(config, v);
    },
    decode(text) {
      if (arguments.length !== 1) throw argumentError(1, "expected 1 argument");
      return decodeJson(config, checkString(text, 1, 1));
    },
  };
}

function checkCount(count: number, max: number): void {
  if (count > max) throw argumentError(max + 1, "found too many arguments");
}

function integer(v: LuaValue, n: number, now: number, min: number, max: number): number {
  if (v === undefined) return now;
  const given = checkInteger(v, n, n) | 0;
  if (given >= min && given <= max) return given;
  throw argumentError(1, `expected integer between ${min} and ${max}`);
}

function option(v: LuaValue, n: number, now: number, names: string[]): number {
  if (v === undefined) return now;
  if (typeof v === "boolean") return v ? 1 : 0;
  const name = checkString(v, n, n);
  const at = names.indexOf(name);
  if (at < 0) throw argumentError(n, `invalid option '${name}'`);
  return at;
}

const BOOLEAN = ["off", "on"];

function settings(config: JsonConfig): Record<string, LuaFunction> {
  return {
    encode_sparse_array(convert, ratio, safe) {
      checkCount(arguments.length, 3);
      config.sparseConvert = option(convert, 1, Number(config.sparseConvert), BOOLEAN) === 1;
      config.sparseRatio = integer(ratio, 2, config.sparseRatio, 0, INT_MAX);
      config.sparseSafe = integer(safe, 3, config.sparseSafe, 0, INT_MAX);
      return [config.sparseConvert, config.sparseRatio, config.sparseSafe];
    },
    encode_max_depth(depth) {
      checkCount(arguments.length, 1);
      return config.encodeDepthMax = integer(depth, 1, config.encodeDepthMax, 1, INT_MAX);
    },
    decode_max_depth(depth) {
      checkCount(arguments.length, 1);
      return config.decodeDepthMax = integer(depth, 1, config.decodeDepthMax, 1, INT_MAX);
    },
    encode_number_precision(digits) {
      checkCount(arguments.length, 1);
      return config.precision = integer(digits, 1, config.precision, 1, 14);
    },
    encode_keep_buffer(keep) {
      checkCount(arguments.length, 1);
      return config.keepBuffer = option(keep, 1, Number(config.keepBuffer), BOOLEAN) === 1;
    },
    encode_invalid_numbers(mode) {
      checkCount(arguments.length, 1);
      config.encodeInvalid = option(mode, 1, config.encodeInvalid, ["off", "on", "null"]);
      return config.encodeInvalid === 2 ? "null" : config.encodeInvalid === 1;
    },
    decode_invalid_numbers(mode) {
      checkCount(arguments.length, 1);
      return config.decodeInvalid = option(mode, 1, Number(config.decodeInvalid), BOOLEAN) === 1;
    },
  };
}
