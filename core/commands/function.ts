/**
 * FUNCTION: libraries of functions, which are kept and saved with the data.
 *
 * What changes them counts as a change of the data set and is propagated as it came.
 */
import { ascii } from "../base/bytes.ts";
import { globMatch } from "../base/glob.ts";
import { type Library, LOAD_LIMIT_US } from "../scripting/libraries.ts";
import { trimLineEnds } from "../scripting/script_error.ts";
import { FLAG_NAMES } from "../scripting/shebang.ts";
import { argIs, argString } from "../server/args.ts";
import type { Client } from "../server/client.ts";
import { isLocal } from "../server/local_client.ts";
import { addHelp, addUsageError } from "../server/help.ts";
import { scriptsOf } from "./scripts.ts";

const REPLACE = ascii("replace");
const SYNC = ascii("sync");
const ASYNC = ascii("async");
const WITHCODE = ascii("withcode");
const LIBRARYNAME = ascii("libraryname");
const HELP: readonly string[] = [
  "LOAD [REPLACE] <FUNCTION CODE>",
  "    Loads a library, whose first line names it.",
  "DELETE <LIBRARY NAME>",
  "    Deletes a library.",
  "LIST [LIBRARYNAME PATTERN] [WITHCODE]",
  "    Tells of all libraries, or of those whose names match, their functions,",
  "    and with WITHCODE their texts.",
  "STATS",
  "    Tells of the function that is running, if it takes long: its name, its command and",
  "    for how many milliseconds it has been running; and of the engines.",
  "KILL",
  "    Ends the function that is running.",
  "FLUSH [ASYNC|SYNC]",
  "    Deletes all libraries.",
  "    Without a mode lazyfree-lazy-user-flush decides which it is. The modes are:",
  "    * ASYNC: The libraries are freed in the background.",
  "    * SYNC: The libraries are freed at once.",
  "DUMP",
  "    Gives all libraries as one payload, for FUNCTION RESTORE.",
  "RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]",
  "    Loads the libraries of a payload. What becomes of those that are there says the policy (APPEND",
  "    unless given):",
  "    * FLUSH: all of them are deleted.",
  "    * APPEND: they stay, and a library of the same name is an error.",
  "    * REPLACE: they stay, but libraries of the same name are replaced; a function of the same name in",
  "      another library is an error still.",
];

export function loadFunctionsCommand(c: Client): void {
  const last = c.argc - 1;
  let replaces = false;
  for (let i = 2; i < last; i++) {
    if (!argIs(c, i, REPLACE)) {
      return c.reply.addError(`ERR Unknown option given: ${trimLineEnds(argString(c, i))}`);
    }
    replaces = true;
  }
  const { libraries } = scriptsOf(c.server);
  // What the append-only file has was loaded in time once.
  const limitUs = isLocal(c) ? Infinity : LOAD_LIMIT_US;
  const library = libraries.load(argString(c, last), replaces, limitUs);
  if (typeof library === "string") return c.reply.addError(`ERR ${library}`);
  c.server.dirty++;
  c.reply.addBulkString(library.name);
}

export function deleteFunctionsCommand(c: Client): void {
  if (!scriptsOf(c.server).libraries.delete(argString(c, 2))) {
    return c.reply.addError("ERR Library not found");
  }
  c.server.dirty++;
  c.reply.addOk();
}

export function flushFunctionsCommand(c: Client): void {
  if (c.argc > 3) return addUsageError(c);
  if (c.argc === 3 && !argIs(c, 2, SYNC) && !argIs(c, 2, ASYNC)) {
    return c.reply.addError("ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
  }
  const { config } = c.server;
  const isAsync = c.argc === 3 ? argIs(c, 2, ASYNC) : config.bool("lazyfree-lazy-user-flush");
  scriptsOf(c.server).flushFunctions(isAsync);
  c.server.dirty++;
  c.reply.addOk();
}

export function killFunctionCommand(c: Client): void {
  scriptsOf(c.server).kill(c, false);
}

export function statsFunctionCommand(c: Client): void {
  const { reply, server } = c;
  const scripts = scriptsOf(server);
  const { libraries, slowFunction } = scripts;
  if (server.scripting.isBusy && slowFunction === null) {
    return reply.addError(server.scripting.busyError);
  }
  reply.addMap(2);
  reply.addBulkString("running_script");
  if (slowFunction === null) reply.addNull();
  else {
    const { name, argv, us } = slowFunction;
    reply.addMap(3);
    reply.addBulkString("name");
    reply.addBulkString(name);
    reply.addBulkString("command");
    reply.addArray(argv.argc);
    for (let i = 0; i < argv.argc; i++) reply.addBulk(argv.buf, argv.off[i], argv.len[i]);
    reply.addBulkString("duration_ms");
    reply.addInteger(Math.floor(us / 1000));
  }
  reply.addBulkString("engines");
  reply.addMap(1);
  reply.addBulkString("LUA");
  reply.addMap(2);
  reply.addBulkString("libraries_count");
  reply.addInteger(libraries.libraries.size);
  reply.addBulkString("functions_count");
  reply.addInteger(libraries.functionCount);
}

/** FUNCTION LIST [LIBRARYNAME pattern] [WITHCODE] */
export function listFunctionsCommand(c: Client): void {
  let withCode = false;
  let pattern: Uint8Array | null = null;
  for (let i = 2; i < c.argc; i++) {
    if (!withCode && argIs(c, i, WITHCODE)) withCode = true;
    else if (pattern === null && argIs(c, i, LIBRARYNAME)) {
      if (++i >= c.argc) return c.reply.addError("ERR library name argument was not given");
      pattern = ascii(argString(c, i));
    } else return c.reply.addError(`ERR Unknown argument ${argString(c, i)}`);
  }
  const all = [...scriptsOf(c.server).libraries.libraries.values()];
  const listed = pattern === null ? all : all.filter(({ name }) => matches(name, pattern!));
  c.reply.addArray(listed.length);
  for (const library of listed) addLibrary(c, library, withCode);
}

function matches(name: string, pattern: Uint8Array): boolean {
  const bytes = ascii(name);
  return globMatch(pattern, 0, pattern.length, bytes, 0, bytes.length, true);
}

function addLibrary({ reply }: Client, library: Library, withCode: boolean): void {
  reply.addMap(withCode ? 4 : 3);
  reply.addBulkString("library_name");
  reply.addBulkString(library.name);
  reply.addBulkString("engine");
  reply.addBulkString("LUA");
  reply.addBulkString("functions");
  reply.addArray(library.functions.size);
  for (const { name, description, flags } of library.functions.values()) {
    reply.addMap(3);
    reply.addBulkString("name");
    reply.addBulkString(name);
    reply.addBulkString("description");
    if (description === null) reply.addNull();
    else reply.addBulkString(description);
    reply.addBulkString("flags");
    const set = FLAG_NAMES.filter((_, bit) => (flags & 1 << bit) !== 0);
    reply.addSet(set.length);
    for (const flag of set) reply.addStatus(flag);
  }
  if (!withCode) return;
  reply.addBulkString("library_code");
  reply.addBulkString(library.text);
}

export function helpFunctionCommand(c: Client): void {
  addHelp(c, HELP);
}
