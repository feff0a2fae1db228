/**
 * SLOWLOG: the commands that took long. What is kept of them is core/server/slow_log.ts's business.
 */
import { getRangeOrReply } from "../server/args.ts";
import type { Client } from "../server/client.ts";
import { ADMIN, type CommandSpec, LOADING, STALE } from "../server/command.ts";
import { addHelp, addUsageError } from "../server/help.ts";
import type { SlowCommand } from "../server/slow_log.ts";

const COUNT_DEFAULT = 10;
const COUNT_ERROR = "ERR count should be greater than or equal to -1";
const HELP: readonly string[] = [
  "GET [<count>]",
  "    Shows the latest entries, 10 of them unless <count> is given; -1 stands for all.",
  "    Of each: id, time, microseconds it took, arguments, address and name of the client.",
  "LEN",
  "    Tells how many entries there are.",
  "RESET",
  "    Forgets all entries.",
];

function getCommand(c: Client): void {
  const { entries } = c.server.slowLog;
  if (c.argc > 3) return addUsageError(c);
  let count = COUNT_DEFAULT;
  if (c.argc === 3) {
    count = getRangeOrReply(c, 2, -1, Infinity, COUNT_ERROR);
    if (Number.isNaN(count)) return;
  }
  if (count === -1 || count > entries.length) count = entries.length;
  c.reply.addArray(count);
  for (let i = 0; i < count; i++) addEntry(c, entries[i]);
}

function addEntry(c: Client, { id, seconds, us, args, addr, clientName }: SlowCommand): void {
  const { reply } = c;
  reply.addArray(6);
  reply.addInteger(id);
  reply.addInteger(seconds);
  reply.addInteger(us);
  reply.addArray(args.length);
  for (const arg of args) reply.addBulkString(arg);
  reply.addBulkString(addr);
  reply.addBulkString(clientName);
}

function lenCommand(c: Client): void {
  c.reply.addInteger(c.server.slowLog.entries.length);
}

function resetCommand(c: Client): void {
  c.server.slowLog.reset();
  c.reply.addOk();
}

function helpCommand(c: Client): void {
  addHelp(c, HELP);
}

export const slowlogCommands: CommandSpec[] = [{
  name: "slowlog",
  arity: -2,
  flags: 0,
  since: "2.2.12",
  group: "server",
  complexity: "Depends on subcommand.",
  summary: "Everything about the log of slow commands.",
  subcommands: [
    {
      name: "get",
      arity: -2,
      flags: ADMIN | LOADING | STALE,
      since: "2.2.12",
      group: "server",
      complexity: "O(N) where N is the number of entries returned",
      summary: "Shows the latest slow commands.",
      args: [{ name: "count", type: "integer", optional: true }],
      tips: ["request_policy:all_nodes", "nondeterministic_output"],
      history: [["4.0.0", "Shows the client's address and name."]],
      handler: getCommand,
    },
    {
      name: "len",
      arity: 2,
      flags: ADMIN | LOADING | STALE,
      since: "2.2.12",
      group: "server",
      complexity: "O(1)",
      summary: "Counts the slow commands in the log.",
      tips: ["request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"],
      handler: lenCommand,
    },
    {
      name: "reset",
      arity: 2,
      flags: ADMIN | LOADING | STALE,
      since: "2.2.12",
      group: "server",
      complexity: "O(N) where N is the number of entries in the slowlog",
      summary: "Empties the log of slow commands.",
      tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
      handler: resetCommand,
    },
    {
      name: "help",
      arity: 2,
      flags: LOADING | STALE,
      since: "6.2.0",
      group: "server",
      complexity: "O(1)",
      summary: "Explains the subcommands.",
      handler: helpCommand,
    },
  ],
}];
