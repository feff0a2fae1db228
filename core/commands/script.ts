/**
 * SCRIPT: the scripts that the server keeps for EVALSHA.
 */
import { ascii } from "../base/bytes.ts";
import { argIs, argString } from "../server/args.ts";
import type { Client } from "../server/client.ts";
import { ALLOW_BUSY, type CommandSpec, LOADING, NOSCRIPT, STALE } from "../server/command.ts";
import { addHelp } from "../server/help.ts";
import { scriptsOf } from "./scripts.ts";

const SYNC = ascii("sync");
const ASYNC = ascii("async");
const NO = ascii("no");
const YES = ascii("yes");
const HELP: readonly string[] = [
  "DEBUG (YES|SYNC|NO)",
  "    Sets the debug mode; there is no debugger, so only NO is accepted.",
  "EXISTS <sha1> [<sha1> ...]",
  "    Tells of each SHA-1 whether the server has a script of it.",
  "FLUSH [ASYNC|SYNC]",
  "    Forgets all scripts. Replicas that need them would not find them any more.",
  "    Without a mode lazyfree-lazy-user-flush decides which it is. The modes are:",
  "    * ASYNC: The scripts are freed in the background.",
  "    * SYNC: The scripts are freed at once.",
  "KILL",
  "    Ends the script that is running.",
  "LOAD <script>",
  "    Keeps a script without running it.",
];

function loadCommand(c: Client): void {
  const script = scriptsOf(c.server).evals.add(argString(c, 2), false);
  if (typeof script === "string") c.reply.addError(script);
  else c.reply.addBulkString(script.sha);
}

function existsCommand(c: Client): void {
  const { evals } = scriptsOf(c.server);
  c.reply.addArray(c.argc - 2);
  const { buf, off, len } = c.argv;
  for (let i = 2; i < c.argc; i++) {
    c.reply.addInteger(evals.find(buf, off[i], len[i]) === null ? 0 : 1);
  }
}

function flushCommand(c: Client): void {
  if (c.argc > 3 || c.argc === 3 && !argIs(c, 2, SYNC) && !argIs(c, 2, ASYNC)) {
    c.reply.addError("ERR SCRIPT FLUSH only support SYNC|ASYNC option");
    return;
  }
  const { config } = c.server;
  const isAsync = c.argc === 3 ? argIs(c, 2, ASYNC) : config.bool("lazyfree-lazy-user-flush");
  scriptsOf(c.server).flushScripts(isAsync);
  c.reply.addOk();
}

function killCommand(c: Client): void {
  scriptsOf(c.server).kill(c, true);
}

function debugCommand(c: Client): void {
  if (argIs(c, 2, NO)) c.reply.addOk();
  else if (argIs(c, 2, YES) || argIs(c, 2, SYNC)) {
    c.reply.addError("ERR this server has no script debugger");
  } else c.reply.addError("ERR Use SCRIPT DEBUG YES/SYNC/NO");
}

function helpCommand(c: Client): void {
  addHelp(c, HELP);
}

const SCRIPTING = { categories: ["scripting"], group: "scripting" };

export const scriptCommands: CommandSpec[] = [{
  name: "script",
  arity: -2,
  flags: 0,
  since: "2.6.0",
  group: "scripting",
  complexity: "That of the subcommand",
  summary: "Everything about scripts that are kept.",
  subcommands: [
    {
      ...SCRIPTING,
      name: "debug",
      arity: 3,
      flags: NOSCRIPT,
      since: "3.2.0",
      complexity: "O(1)",
      summary: "Switches the debugger of scripts, which this server doesn't have.",
      args: [{
        name: "mode",
        type: "oneof",
        args: [
          { name: "yes", type: "pure-token", token: "YES" },
          { name: "sync", type: "pure-token", token: "SYNC" },
          { name: "no", type: "pure-token", token: "NO" },
        ],
      }],
      handler: debugCommand,
    },
    {
      ...SCRIPTING,
      name: "exists",
      arity: -3,
      flags: NOSCRIPT,
      since: "2.6.0",
      complexity: "O(N), N being the number of scripts asked for",
      summary: "Tells which scripts the server has.",
      tips: ["request_policy:all_shards", "response_policy:agg_logical_and"],
      args: [{ name: "sha1", type: "string", multiple: true }],
      handler: existsCommand,
    },
    {
      ...SCRIPTING,
      name: "flush",
      arity: -2,
      flags: NOSCRIPT,
      since: "2.6.0",
      complexity: "O(N), N being the number of scripts",
      summary: "Forgets all scripts.",
      history: [["6.2.0", "The modes `ASYNC` and `SYNC`."]],
      tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
      args: [{
        name: "flush-type",
        type: "oneof",
        optional: true,
        since: "6.2.0",
        args: [
          { name: "async", type: "pure-token", token: "ASYNC" },
          { name: "sync", type: "pure-token", token: "SYNC" },
        ],
      }],
      handler: flushCommand,
    },
    {
      ...SCRIPTING,
      name: "help",
      arity: 2,
      flags: LOADING | STALE,
      since: "5.0.0",
      complexity: "O(1)",
      summary: "Tells what the subcommands do.",
      handler: helpCommand,
    },
    {
      ...SCRIPTING,
      name: "kill",
      arity: 2,
      flags: NOSCRIPT | ALLOW_BUSY,
      since: "2.6.0",
      complexity: "O(1)",
      summary: "Ends the script that is running, unless it has written.",
      tips: ["request_policy:all_shards", "response_policy:one_succeeded"],
      handler: killCommand,
    },
    {
      ...SCRIPTING,
      name: "load",
      arity: 3,
      flags: NOSCRIPT | STALE,
      since: "2.6.0",
      complexity: "O(N), N being the length of the script",
      summary: "Keeps a script without running it.",
      tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
      args: [{ name: "script", type: "string" }],
      handler: loadCommand,
    },
  ],
}];
