/**
 * WAIT and WAITAOF: waiting until others have what this connection has written.
 *
 * This server has no replicas, so of those none ever has it. Its own append-only file has it when all that was appended
 * up to now is safe on disk.
 */
import { NO_FILE_ERROR } from "../server/appending.ts";
import { getIntegerOrReply, getRangeOrReply, NOT_POSITIVE } from "../server/args.ts";
import { blockUntil, canBlock, getTimeoutOrReply } from "../server/blocking.ts";
import type { Client } from "../server/client.ts";
import { BLOCKING, type CommandSpec } from "../server/command.ts";

const ON_ALL_SHARDS = ["request_policy:all_shards", "response_policy:agg_min"];

function waitCommand(c: Client): void {
  const replicas = getIntegerOrReply(c, 1);
  if (Number.isNaN(replicas)) return;
  const timeoutMs = getTimeoutOrReply(c, 2, true);
  if (Number.isNaN(timeoutMs)) return;
  if (replicas <= 0 || !canBlock(c)) addReplicaCount(c);
  else blockUntil(c, timeoutMs, addReplicaCount);
}

function addReplicaCount(c: Client): void {
  c.reply.addInteger(0);
}

function waitaofCommand(c: Client): void {
  const local = getIntegerOrReply(c, 1);
  if (Number.isNaN(local)) return;
  if (local < 0 || local > 1) {
    c.reply.addError("ERR value is out of range, value must between 0 and 1");
    return;
  }
  const replicas = getRangeOrReply(c, 2, 0, Infinity, NOT_POSITIVE);
  if (Number.isNaN(replicas)) return;
  const timeoutMs = getTimeoutOrReply(c, 3, true);
  if (Number.isNaN(timeoutMs)) return;
  if (local === 1 && !c.server.config.bool("appendonly")) {
    c.reply.addError(NO_FILE_ERROR);
    return;
  }
  const { appending } = c.server;
  const { offset } = appending;
  const addCounts = () => addFileCounts(c, appending.isSafe(offset) ? 1 : 0);
  const isThere = replicas === 0 && (local === 0 || appending.isSafe(offset));
  if (isThere || !canBlock(c)) return addCounts();
  blockUntil(c, timeoutMs, addCounts);
  if (local === 1) appending.waitFor(c, replicas === 0 ? offset : Infinity);
}

/** The files that have it all: this server's, and those of replicas. */
function addFileCounts(c: Client, local: number): void {
  c.reply.addArray(2);
  c.reply.addInteger(local);
  c.reply.addInteger(0);
}

export const waitCommands: CommandSpec[] = [
  {
    name: "wait",
    arity: 3,
    flags: BLOCKING,
    categories: ["connection"],
    since: "3.0.0",
    group: "generic",
    complexity: "O(1)",
    summary: "Waits until replicas have everything that this connection has written.",
    args: [{ name: "numreplicas", type: "integer" }, { name: "timeout", type: "integer" }],
    tips: ON_ALL_SHARDS,
    handler: waitCommand,
  },
  {
    name: "waitaof",
    arity: 4,
    flags: BLOCKING,
    categories: ["connection"],
    since: "7.2.0",
    group: "generic",
    complexity: "O(1)",
    summary: "Waits until everything that this connection has written is in append-only files.",
    args: [
      { name: "numlocal", type: "integer" },
      { name: "numreplicas", type: "integer" },
      { name: "timeout", type: "integer" },
    ],
    tips: ON_ALL_SHARDS,
    handler: waitaofCommand,
  },
];
