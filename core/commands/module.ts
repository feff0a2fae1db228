/**
 * MODULE: there are none, and none can be loaded.
 */
import { argString } from "../server/args.ts";
import type { Client } from "../server/client.ts";
import {
  ADMIN,
  type CommandSpec,
  LOADING,
  NO_ASYNC_LOADING,
  NOSCRIPT,
  PROTECTED,
  STALE,
} from "../server/command.ts";
import { addHelp } from "../server/help.ts";

const CHANGING: number = NO_ASYNC_LOADING | ADMIN | NOSCRIPT | PROTECTED;
const HELP: readonly string[] = [
  "LIST",
  "    Lists the modules.",
  "LOAD <path> [<arg> ...]",
  "    Loads a module, which this server refuses.",
  "LOADEX <path> [[CONFIG NAME VALUE] [CONFIG NAME VALUE]] [ARGS ...]",
  "    The same with settings of the module.",
  "UNLOAD <name>",
  "    Unloads a module.",
];

function listCommand(c: Client): void {
  c.reply.addArray(0);
}

function loadCommand(c: Client): void {
  c.server.log.warning(`Module ${argString(c, 2)} failed to load: modules are not offered.`);
  c.reply.addError("ERR Error loading the extension. Please check the server logs.");
}

function unloadCommand(c: Client): void {
  c.reply.addError("ERR Error unloading module: no such module with that name");
}

function helpCommand(c: Client): void {
  addHelp(c, HELP);
}

export const moduleCommands: CommandSpec[] = [{
  name: "module",
  arity: -2,
  flags: 0,
  since: "4.0.0",
  group: "server",
  complexity: "Depends on subcommand.",
  summary: "Everything about modules.",
  subcommands: [
    {
      name: "list",
      arity: 2,
      flags: ADMIN | NOSCRIPT,
      since: "4.0.0",
      group: "server",
      complexity: "O(N) where N is the number of loaded modules.",
      summary: "Lists the modules.",
      tips: ["nondeterministic_output_order"],
      handler: listCommand,
    },
    {
      name: "load",
      arity: -3,
      flags: CHANGING,
      since: "4.0.0",
      group: "server",
      complexity: "O(1)",
      summary: "Loads a module.",
      args: [
        { name: "path", type: "string" },
        { name: "arg", type: "string", optional: true, multiple: true },
      ],
      handler: loadCommand,
    },
    {
      name: "loadex",
      arity: -3,
      flags: CHANGING,
      since: "7.0.0",
      group: "server",
      complexity: "O(1)",
      summary: "Loads a module with settings.",
      args: [
        { name: "path", type: "string" },
        {
          name: "configs",
          token: "CONFIG",
          type: "block",
          multiple: true,
          multipleToken: true,
          optional: true,
          args: [{ name: "name", type: "string" }, { name: "value", type: "string" }],
        },
        { name: "args", token: "ARGS", type: "string", multiple: true, optional: true },
      ],
      handler: loadCommand,
    },
    {
      name: "unload",
      arity: 3,
      flags: CHANGING,
      since: "4.0.0",
      group: "server",
      complexity: "O(1)",
      summary: "Unloads a module.",
      args: [{ name: "name", type: "string" }],
      handler: unloadCommand,
    },
    {
      name: "help",
      arity: 2,
      flags: LOADING | STALE,
      since: "5.0.0",
      group: "server",
      complexity: "O(1)",
      summary: "Explains the subcommands.",
      handler: helpCommand,
    },
  ],
}];
