/**
 * COMMAND: what the server tells about its commands. It knows them from their declarations alone.
 */
import { ascii } from "../base/bytes.ts";
import { globMatch } from "../base/glob.ts";
import type { Argv } from "../protocol/resp_parser.ts";
import { argIs, argString, SYNTAX_ERROR } from "../server/args.ts";
import type { Client } from "../server/client.ts";
import {
  CATEGORIES,
  type Command,
  type CommandSpec,
  type Handler,
  LOADING,
  NO_MANDATORY_KEYS,
  STALE,
} from "../server/command.ts";
import { addHelp } from "../server/help.ts";
import { hasKeys, KeyList, keysOf } from "../server/keys_of.ts";
import { addCommandDocs } from "./command_docs.ts";
import { addCommandInfo, addKeyFlags } from "./command_info.ts";

const FILTERBY = ascii("filterby");
const MODULE = ascii("module");
const ACLCAT = ascii("aclcat");
const PATTERN = ascii("pattern");

const HELP: readonly string[] = [
  "(no subcommand)",
  "    Describes all commands.",
  "COUNT",
  "    Tells how many commands there are.",
  "LIST [FILTERBY (MODULE <module-name>|ACLCAT <category>|PATTERN <pattern>)]",
  "    Names all commands, or those that fit.",
  "INFO [<command-name> ...]",
  "    Describes these commands, or all of them.",
  "DOCS [<command-name> ...]",
  "    Documents these commands, or all of them.",
  "GETKEYS <full-command>",
  "    Tells which arguments of the command are keys.",
  "GETKEYSANDFLAGS <full-command>",
  "    Tells the same, and what the command does with each key.",
];

const keys = new KeyList();

function commandCommand(c: Client): void {
  const { commands } = c.server.commands;
  c.reply.addArray(commands.length);
  for (const command of commands) addCommandInfo(c, command);
}

function commandCountCommand(c: Client): void {
  c.reply.addInteger(c.server.commands.commands.length);
}

function commandHelpCommand(c: Client): void {
  addHelp(c, HELP);
}

function commandInfoCommand(c: Client): void {
  if (c.argc === 2) return commandCommand(c);
  c.reply.addArray(c.argc - 2);
  for (let i = 2; i < c.argc; i++) {
    addCommandInfo(c, c.server.commands.byName(argString(c, i)));
  }
}

function commandDocsCommand(c: Client): void {
  const table = c.server.commands;
  const documented: Command[] = [];
  if (c.argc === 2) documented.push(...table.commands);
  for (let i = 2; i < c.argc; i++) {
    const command = table.byName(argString(c, i));
    if (command !== null) documented.push(command);
  }
  c.reply.addMap(documented.length);
  for (const command of documented) {
    c.reply.addBulkString(command.fullName);
    addCommandDocs(c.reply, command);
  }
}

function commandListCommand(c: Client): void {
  let isListed: ((command: Command) => boolean) | null = () => true;
  if (c.argc > 2) isListed = c.argc === 5 && argIs(c, 2, FILTERBY) ? listFilter(c) : null;
  if (isListed === null) {
    c.reply.addError(SYNTAX_ERROR);
    return;
  }
  const names: string[] = [];
  for (const command of c.server.commands.all()) {
    if (isListed(command)) names.push(command.fullName);
  }
  c.reply.addArray(names.length);
  for (const name of names) c.reply.addBulkString(name);
}

/** The filter that arguments 3 and 4 describe, or null. */
function listFilter(c: Client): ((command: Command) => boolean) | null {
  // No command comes from a module.
  if (argIs(c, 3, MODULE)) return () => false;
  if (argIs(c, 3, ACLCAT)) {
    const bit = CATEGORIES.indexOf(argString(c, 4).toLowerCase());
    return (command) => bit >= 0 && (command.categories & 1 << bit) !== 0;
  }
  if (!argIs(c, 3, PATTERN)) return null;
  const { buf, off, len } = c.argv;
  return ({ fullName }) => {
    return globMatch(buf, off[4], len[4], ascii(fullName), 0, fullName.length, true);
  };
}

function commandGetKeysCommand(c: Client): void {
  addKeys(c, false);
}

function commandGetKeysAndFlagsCommand(c: Client): void {
  addKeys(c, true);
}

/** Replies the keys of the command that begins at argument 2. */
function addKeys(c: Client, withFlags: boolean): void {
  const { reply } = c;
  const { buf, off, len, argc } = c.argv;
  const argv: Argv = { buf, argc: argc - 2, off: off.subarray(2), len: len.subarray(2) };
  const command = c.server.commands.lookup(argv);
  if (command === null) {
    reply.addError("ERR Invalid command specified");
  } else if (!hasKeys(command)) {
    reply.addError("ERR The command has no key arguments");
  } else if (!command.acceptsCount(argv.argc)) {
    reply.addError("ERR Invalid number of arguments specified for command");
  } else {
    keysOf(command, argv, keys);
    if (keys.count === 0 && (command.flags & NO_MANDATORY_KEYS) === 0) {
      reply.addError("ERR Invalid arguments specified for command");
      return;
    }
    reply.addArray(keys.count);
    for (let i = 0; i < keys.count; i++) {
      const at = keys.index[i];
      if (withFlags) reply.addArray(2);
      reply.addBulk(buf, argv.off[at], argv.len[at]);
      if (withFlags) addKeyFlags(c, keys.flags[i]);
    }
  }
}

/** What all subcommands have in common; a field given wins. */
function subcommand(
  name: string,
  arity: number,
  since: string,
  summary: string,
  handler: Handler,
  more: Partial<CommandSpec> = {},
): CommandSpec {
  return {
    name,
    arity,
    flags: LOADING | STALE,
    categories: ["connection"],
    since,
    group: "server",
    complexity: "O(1)",
    summary,
    handler,
    ...more,
  };
}

const ANY_ORDER = ["nondeterministic_output_order"];
const commandNames = [{
  name: "command-name",
  type: "string" as const,
  optional: true,
  multiple: true,
}];
const fullCommand: Partial<CommandSpec> = {
  complexity: "O(N) where N is the number of arguments of the command",
  args: [
    { name: "command", type: "string" },
    { name: "arg", type: "string", optional: true, multiple: true },
  ],
};

const subcommands: CommandSpec[] = [
  subcommand("count", 2, "2.8.13", "Tells how many commands there are.", commandCountCommand),
  subcommand("info", -2, "2.8.13", "Describes commands.", commandInfoCommand, {
    complexity: "O(N) where N is the number of commands asked for",
    tips: ANY_ORDER,
    history: [["7.0.0", "Without arguments it describes all commands."]],
    args: commandNames,
  }),
  subcommand("docs", -2, "7.0.0", "Documents commands.", commandDocsCommand, {
    complexity: "O(N) where N is the number of commands asked for",
    tips: ANY_ORDER,
    args: commandNames,
  }),
  subcommand("list", -2, "7.0.0", "Names the commands.", commandListCommand, {
    complexity: "O(N) where N is the number of commands",
    tips: ANY_ORDER,
    args: [{
      name: "filterby",
      type: "oneof",
      token: "FILTERBY",
      optional: true,
      args: [
        { name: "module-name", type: "string", token: "MODULE" },
        { name: "category", type: "string", token: "ACLCAT" },
        { name: "pattern", type: "pattern", token: "PATTERN" },
      ],
    }],
  }),
  subcommand(
    "getkeys",
    -3,
    "2.8.13",
    "Tells which arguments of a command are keys.",
    commandGetKeysCommand,
    fullCommand,
  ),
  subcommand(
    "getkeysandflags",
    -3,
    "7.0.0",
    "Tells which arguments of a command are keys and what it does with them.",
    commandGetKeysAndFlagsCommand,
    fullCommand,
  ),
  subcommand("help", 2, "5.0.0", "Explains the subcommands.", commandHelpCommand),
];

export const commandCommands: CommandSpec[] = [{
  name: "command",
  arity: -1,
  flags: LOADING | STALE,
  categories: ["connection"],
  since: "2.8.13",
  group: "server",
  complexity: "O(N) where N is the number of commands",
  summary: "Describes all commands.",
  tips: ANY_ORDER,
  handler: commandCommand,
  subcommands,
}];
