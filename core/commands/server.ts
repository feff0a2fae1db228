/**
 * Commands about the server as a whole. Those with much to say have files of their own and are gathered
 * here.
 *
 *     server.ts    DBSIZE SHUTDOWN TIME
 *     config.ts    CONFIG
 *     debug.ts     DEBUG
 *     flush.ts     FLUSHALL FLUSHDB SWAPDB
 *     info.ts      INFO
 *     latency.ts   LATENCY
 *     lolwut.ts    LOLWUT
 *     memory.ts    MEMORY
 *     module.ts    MODULE
 *     replication.ts FAILOVER REPLICAOF ROLE SLAVEOF
 *     saving.ts    BGSAVE LASTSAVE SAVE
 *     slowlog.ts   SLOWLOG
 */
import { argString, SYNTAX_ERROR } from "../server/args.ts";
import type { Client } from "../server/client.ts";
import {
  ADMIN,
  ALLOW_BUSY,
  type CommandSpec,
  FAST,
  LOADING,
  NO_MULTI,
  NOSCRIPT,
  READONLY,
  STALE,
} from "../server/command.ts";
import {
  SHUTDOWN_FORCE,
  SHUTDOWN_NOSAVE,
  SHUTDOWN_NOW,
  SHUTDOWN_SAVE,
} from "../server/shutdown.ts";
import { configCommands } from "./config.ts";
import { debugCommands } from "./debug.ts";
import { flushCommands } from "./flush.ts";
import { infoCommands } from "./info.ts";
import { latencyCommands } from "./latency.ts";
import { lolwutCommands } from "./lolwut.ts";
import { memoryCommands } from "./memory.ts";
import { moduleCommands } from "./module.ts";
import { replicationCommands } from "./replication.ts";
import { savingCommands } from "./saving.ts";
import { slowlogCommands } from "./slowlog.ts";

const SHUTDOWN_FLAGS = new Map([
  ["nosave", SHUTDOWN_NOSAVE],
  ["save", SHUTDOWN_SAVE],
  ["now", SHUTDOWN_NOW],
  ["force", SHUTDOWN_FORCE],
]);

function dbsizeCommand(c: Client): void {
  c.reply.addInteger(c.db.keys.count);
}

function timeCommand(c: Client): void {
  const { clock, turn } = c.server;
  // Within a transaction or a script time stands still.
  const us = turn.isFrozen ? Math.floor(turn.unixUs) : clock.nowUs();
  c.reply.addArray(2);
  c.reply.addBulkInteger(Math.floor(us / 1e6));
  c.reply.addBulkInteger(us % 1e6);
}

/** On success there is no reply: the connection ends. */
function shutdownCommand(c: Client): void {
  let flags = 0;
  let isAbort = false;
  for (let i = 1; i < c.argc; i++) {
    const word = argString(c, i).toLowerCase();
    const flag = SHUTDOWN_FLAGS.get(word);
    if (flag !== undefined) flags |= flag;
    else if (word === "abort") isAbort = true;
    else {
      c.reply.addError(SYNTAX_ERROR);
      return;
    }
  }
  const contradicts = (flags & SHUTDOWN_NOSAVE) !== 0 && (flags & SHUTDOWN_SAVE) !== 0;
  if (contradicts || isAbort && flags !== 0) {
    c.reply.addError(SYNTAX_ERROR);
    return;
  }
  const { shutdown } = c.server;
  if (isAbort) {
    if (shutdown.abort()) c.reply.addOk();
    else c.reply.addError("ERR No shutdown in progress.");
    return;
  }
  // Saving would save half a script.
  const { isBusy, busyError } = c.server.scripting;
  const refusal = isBusy && (flags & SHUTDOWN_NOSAVE) === 0 ? busyError : null;
  const error = refusal ?? shutdown.run(flags);
  if (error !== null) c.reply.addError(error);
}

export const serverCommands: CommandSpec[] = [
  ...configCommands,
  {
    name: "dbsize",
    arity: 1,
    flags: READONLY | FAST,
    categories: ["keyspace"],
    since: "1.0.0",
    group: "server",
    complexity: "O(1)",
    summary: "Counts the keys of the selected database.",
    tips: ["request_policy:all_shards", "response_policy:agg_sum"],
    handler: dbsizeCommand,
  },
  ...debugCommands,
  ...flushCommands,
  ...infoCommands,
  ...latencyCommands,
  ...lolwutCommands,
  ...memoryCommands,
  ...moduleCommands,
  ...replicationCommands,
  ...savingCommands,
  {
    name: "shutdown",
    arity: -1,
    flags: ADMIN | NOSCRIPT | LOADING | STALE | NO_MULTI | ALLOW_BUSY,
    since: "1.0.0",
    group: "server",
    complexity:
      "O(N) when saving, where N is the total number of keys in all databases when saving " +
      "data, otherwise O(1)",
    summary: "Ends the server.",
    args: [
      {
        name: "save-selector",
        type: "oneof",
        optional: true,
        args: [
          { name: "nosave", type: "pure-token", token: "NOSAVE" },
          { name: "save", type: "pure-token", token: "SAVE" },
        ],
      },
      { name: "now", type: "pure-token", token: "NOW", optional: true, since: "7.0.0" },
      { name: "force", type: "pure-token", token: "FORCE", optional: true, since: "7.0.0" },
      { name: "abort", type: "pure-token", token: "ABORT", optional: true, since: "7.0.0" },
    ],
    history: [["7.0.0", "Has the modifiers `NOW`, `FORCE` and `ABORT`."]],
    handler: shutdownCommand,
  },
  ...slowlogCommands,
  {
    name: "time",
    arity: 1,
    flags: LOADING | STALE | FAST,
    since: "2.6.0",
    group: "server",
    complexity: "O(1)",
    summary: "Tells the server's time in seconds and microseconds.",
    tips: ["nondeterministic_output"],
    handler: timeCommand,
  },
];
