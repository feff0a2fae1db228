/**
 * CONFIG: the directives of redis.conf while the server runs. What they mean and how they are checked is
 * core/server/config.ts.
 */
import { usersForRewrite } from "../server/acl_file.ts";
import { argString, SYNTAX_ERROR } from "../server/args.ts";
import { type Client, isOnThisMachine } from "../server/client.ts";
import { ADMIN, type CommandSpec, LOADING, NOSCRIPT, STALE } from "../server/command.ts";
import { addHelp } from "../server/help.ts";
import { resetStats } from "../server/info_stats.ts";

const FLAGS = ADMIN | NOSCRIPT | LOADING | STALE;
const EVERYWHERE = ["request_policy:all_nodes", "response_policy:all_succeeded"];

function configGetCommand(c: Client): void {
  const patterns: string[] = [];
  for (let i = 2; i < c.argc; i++) patterns.push(argString(c, i));
  const found = c.server.config.match(patterns);
  c.reply.addMap(found.length);
  for (const [name, text] of found) {
    c.reply.addBulkString(name);
    c.reply.addBulkString(text);
  }
}

function configSetCommand(c: Client): void {
  if (c.argc % 2 !== 0) {
    c.reply.addError(SYNTAX_ERROR);
    return;
  }
  const pairs: [string, string][] = [];
  for (let i = 2; i < c.argc; i += 2) pairs.push([argString(c, i), argString(c, i + 1)]);
  const context = { loading: c.server.saving.loading !== null, isLocal: isOnThisMachine(c) };
  const error = c.server.config.set(pairs, context);
  if (error === null) c.reply.addOk();
  else c.reply.addError(error);
}

function configResetstatCommand(c: Client): void {
  resetStats(c.server);
  c.reply.addOk();
}

function configRewriteCommand(c: Client): void {
  const error = c.server.config.rewriteFile(usersForRewrite(c.server));
  if (error !== null) {
    c.reply.addError(error);
    return;
  }
  c.server.log.notice("CONFIG REWRITE executed with success.");
  c.reply.addOk();
}

function configHelpCommand(c: Client): void {
  addHelp(c, [
    "GET <pattern>",
    "    Shows the directives whose names match the pattern, and their values.",
    "SET <directive> <value>",
    "    Gives the directive another value.",
    "RESETSTAT",
    "    Sets the counters that INFO shows back to zero.",
    "REWRITE",
    "    Brings the configuration file up to date.",
  ]);
}

export const configCommands: CommandSpec[] = [
  {
    name: "config",
    arity: -2,
    flags: 0,
    since: "2.0.0",
    group: "server",
    complexity: "Depends on subcommand.",
    summary: "Reads and changes the configuration.",
    subcommands: [
      {
        name: "get",
        arity: -3,
        flags: FLAGS,
        since: "2.0.0",
        group: "server",
        complexity: "O(N) when N is the number of configuration parameters provided",
        summary: "Shows the values of directives.",
        args: [{ name: "parameter", type: "string", multiple: true }],
        history: [["7.0.0", "Takes several patterns at once."]],
        handler: configGetCommand,
      },
      {
        name: "help",
        arity: 2,
        flags: LOADING | STALE,
        since: "5.0.0",
        group: "server",
        complexity: "O(1)",
        summary: "Tells about the subcommands.",
        handler: configHelpCommand,
      },
      {
        name: "resetstat",
        arity: 2,
        flags: FLAGS,
        since: "2.0.0",
        group: "server",
        complexity: "O(1)",
        summary: "Sets the statistics back to zero.",
        tips: EVERYWHERE,
        handler: configResetstatCommand,
      },
      {
        name: "rewrite",
        arity: 2,
        flags: FLAGS,
        since: "2.8.0",
        group: "server",
        complexity: "O(1)",
        summary: "Writes the configuration in effect to its file.",
        tips: EVERYWHERE,
        handler: configRewriteCommand,
      },
      {
        name: "set",
        arity: -4,
        flags: FLAGS,
        since: "2.0.0",
        group: "server",
        complexity: "O(N) when N is the number of configuration parameters provided",
        summary: "Changes directives while the server runs.",
        args: [{
          name: "data",
          type: "block",
          multiple: true,
          args: [{ name: "parameter", type: "string" }, { name: "value", type: "string" }],
        }],
        tips: EVERYWHERE,
        history: [["7.0.0", "Takes several directives at once."]],
        handler: configSetCommand,
      },
    ],
  },
];
