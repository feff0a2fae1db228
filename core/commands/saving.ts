/**
 * SAVE, BGSAVE, BGREWRITEAOF and LASTSAVE: the data set to disk.
 */
import { ascii } from "../base/bytes.ts";
import { argIs, SYNTAX_ERROR } from "../server/args.ts";
import type { Client } from "../server/client.ts";
import {
  ADMIN,
  type CommandSpec,
  FAST,
  LOADING,
  NO_ASYNC_LOADING,
  NO_MULTI,
  NOSCRIPT,
  STALE,
} from "../server/command.ts";

const WORD_SCHEDULE = ascii("schedule");
const IN_PROGRESS = "ERR Background save already in progress";
const REWRITING =
  "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order " +
  "to schedule a BGSAVE whenever possible.";

function saveCommand(c: Client): void {
  const { saving } = c.server;
  if (saving.inBackground) {
    c.reply.addError(IN_PROGRESS);
    return;
  }
  saving.saves++;
  if (saving.save()) c.reply.addOk();
  else c.reply.addError("ERR");
}

/** Within a transaction it waits for the end, as half of what is one must not be saved. */
function bgsaveCommand(c: Client): void {
  const { saving, appending } = c.server;
  if (c.argc > 1 && (c.argc > 2 || !argIs(c, 1, WORD_SCHEDULE))) {
    c.reply.addError(SYNTAX_ERROR);
    return;
  }
  if (saving.inBackground) c.reply.addError(IN_PROGRESS);
  else if (appending.isRewriting || c.server.isInUnit) {
    if (c.argc > 1 || c.server.isInUnit) {
      saving.isScheduled = true;
      c.reply.addStatus("Background saving scheduled");
    } else c.reply.addError(REWRITING);
  } else if (saving.background()) c.reply.addStatus("Background saving started");
  else c.reply.addError("ERR");
}

function bgrewriteaofCommand(c: Client): void {
  const answer = c.server.appending.askForRewrite();
  if (answer.startsWith("ERR ")) c.reply.addError(answer);
  else c.reply.addStatus(answer);
}

function lastsaveCommand(c: Client): void {
  c.reply.addInteger(c.server.saving.lastSave);
}

export const savingCommands: CommandSpec[] = [
  {
    name: "bgrewriteaof",
    arity: 1,
    flags: NO_ASYNC_LOADING | ADMIN | NOSCRIPT,
    since: "1.0.0",
    group: "server",
    complexity: "O(1)",
    summary: "Writes the append-only file anew, as short as it can be, while the server goes on.",
    handler: bgrewriteaofCommand,
  },
  {
    name: "bgsave",
    arity: -1,
    flags: NO_ASYNC_LOADING | ADMIN | NOSCRIPT,
    since: "1.0.0",
    group: "server",
    complexity: "O(1)",
    summary: "Saves the data set to disk while the server goes on.",
    args: [
      { name: "schedule", type: "pure-token", token: "SCHEDULE", optional: true, since: "3.2.2" },
    ],
    history: [["3.2.2", "The `SCHEDULE` option was added."]],
    handler: bgsaveCommand,
  },
  {
    name: "lastsave",
    arity: 1,
    flags: LOADING | STALE | FAST,
    categories: ["admin", "dangerous"],
    since: "1.0.0",
    group: "server",
    complexity: "O(1)",
    summary: "Tells the unix time of the last save to disk that succeeded.",
    tips: ["nondeterministic_output"],
    handler: lastsaveCommand,
  },
  {
    name: "save",
    arity: 1,
    flags: NO_ASYNC_LOADING | ADMIN | NOSCRIPT | NO_MULTI,
    since: "1.0.0",
    group: "server",
    complexity: "O(N) where N is the number of keys in all databases",
    summary: "Saves the data set to disk while everybody waits.",
    handler: saveCommand,
  },
];
