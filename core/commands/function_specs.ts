/**
 * The declaration of FUNCTION; function.ts and function_dump.ts do it.
 */
import {
  ALLOW_BUSY,
  type CommandSpec,
  DENYOOM,
  LOADING,
  NOSCRIPT,
  STALE,
  WRITE,
} from "../server/command.ts";
import {
  deleteFunctionsCommand,
  flushFunctionsCommand,
  helpFunctionCommand,
  killFunctionCommand,
  listFunctionsCommand,
  loadFunctionsCommand,
  statsFunctionCommand,
} from "./function.ts";
import { dumpFunctionsCommand, restoreFunctionsCommand } from "./function_dump.ts";

const SCRIPTING = { categories: ["scripting"], group: "scripting", since: "7.0.0" };
const ON_ALL_SHARDS = ["request_policy:all_shards", "response_policy:all_succeeded"];

export const functionCommands: CommandSpec[] = [{
  name: "function",
  arity: -2,
  flags: 0,
  since: "7.0.0",
  group: "scripting",
  complexity: "That of the subcommand",
  summary: "Everything about libraries of functions.",
  subcommands: [
    {
      ...SCRIPTING,
      name: "delete",
      arity: 3,
      flags: NOSCRIPT | WRITE,
      complexity: "O(1)",
      summary: "Deletes a library with its functions.",
      tips: ON_ALL_SHARDS,
      args: [{ name: "library-name", type: "string" }],
      handler: deleteFunctionsCommand,
    },
    {
      ...SCRIPTING,
      name: "dump",
      arity: 2,
      flags: NOSCRIPT,
      complexity: "O(N), N being the number of functions",
      summary: "Gives all libraries as a payload of bytes.",
      handler: dumpFunctionsCommand,
    },
    {
      ...SCRIPTING,
      name: "flush",
      arity: -2,
      flags: NOSCRIPT | WRITE,
      complexity: "O(N), N being the number of functions",
      summary: "Deletes all libraries.",
      tips: ON_ALL_SHARDS,
      args: [{
        name: "flush-type",
        type: "oneof",
        optional: true,
        args: [
          { name: "async", type: "pure-token", token: "ASYNC" },
          { name: "sync", type: "pure-token", token: "SYNC" },
        ],
      }],
      handler: flushFunctionsCommand,
    },
    {
      ...SCRIPTING,
      name: "help",
      arity: 2,
      flags: LOADING | STALE,
      complexity: "O(1)",
      summary: "Tells what the subcommands do.",
      handler: helpFunctionCommand,
    },
    {
      ...SCRIPTING,
      name: "kill",
      arity: 2,
      flags: NOSCRIPT | ALLOW_BUSY,
      complexity: "O(1)",
      summary: "Ends the function that is running, unless it has written.",
      tips: ["request_policy:all_shards", "response_policy:one_succeeded"],
      handler: killFunctionCommand,
    },
    {
      ...SCRIPTING,
      name: "list",
      arity: -2,
      flags: NOSCRIPT,
      complexity: "O(N), N being the number of functions",
      summary: "Tells of the libraries and their functions.",
      tips: ["nondeterministic_output_order"],
      args: [
        {
          name: "library-name-pattern",
          type: "string",
          token: "LIBRARYNAME",
          optional: true,
        },
        { name: "withcode", type: "pure-token", token: "WITHCODE", optional: true },
      ],
      handler: listFunctionsCommand,
    },
    {
      ...SCRIPTING,
      name: "load",
      arity: -3,
      flags: NOSCRIPT | WRITE | DENYOOM,
      complexity: "O(1), apart from the time to compile and run the library",
      summary: "Loads a library.",
      tips: ON_ALL_SHARDS,
      args: [
        { name: "replace", type: "pure-token", token: "REPLACE", optional: true },
        { name: "function-code", type: "string" },
      ],
      handler: loadFunctionsCommand,
    },
    {
      ...SCRIPTING,
      name: "restore",
      arity: -3,
      flags: NOSCRIPT | WRITE | DENYOOM,
      complexity: "O(N), N being the number of functions of the payload",
      summary: "Loads the libraries of a payload.",
      tips: ON_ALL_SHARDS,
      args: [
        { name: "serialized-value", type: "string" },
        {
          name: "policy",
          type: "oneof",
          optional: true,
          args: [
            { name: "flush", type: "pure-token", token: "FLUSH" },
            { name: "append", type: "pure-token", token: "APPEND" },
            { name: "replace", type: "pure-token", token: "REPLACE" },
          ],
        },
      ],
      handler: restoreFunctionsCommand,
    },
    {
      ...SCRIPTING,
      name: "stats",
      arity: 2,
      flags: NOSCRIPT | ALLOW_BUSY,
      complexity: "O(1)",
      summary: "Tells of the function that is running, and of the engines.",
      tips: [
        "nondeterministic_output",
        "request_policy:all_shards",
        "response_policy:special",
      ],
      handler: statsFunctionCommand,
    },
  ],
}];
