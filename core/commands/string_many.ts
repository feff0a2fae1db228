/**
 * Commands on many strings at once: MGET, MSET, MSETNX.
 *
 * MSET and MSETNX change all their keys or none. Nothing can come between two keys, and the room for all of them
 * is assured before the first is changed (core/keyspace/room.ts). A key given twice gets its last value.
 */
import { assureRoomForStrings } from "../keyspace/room.ts";
import { NO_EXPIRY, objectType, TYPE_STRING } from "../types/object.ts";
import { addArgcError } from "../server/args.ts";
import { keyModified, notify, NOTIFY_STRING } from "../server/changes.ts";
import type { Client } from "../server/client.ts";
import {
  type ArgSpec,
  type CommandSpec,
  DENYOOM,
  FAST,
  KEY_ACCESS,
  KEY_INSERT,
  KEY_OW,
  KEY_RO,
  KEY_UPDATE,
  READONLY,
  WRITE,
} from "../server/command.ts";
import { addStringReply, KEY_ARG, VALUE_ARG } from "./string_reply.ts";

function mgetCommand(c: Client): void {
  const { keyspace, arena } = c.server;
  const { buf, off, len, argc } = c.argv;
  c.reply.addArray(argc - 1);
  for (let i = 1; i < argc; i++) {
    const ref = keyspace.lookupKeyRead(c.db, buf, off[i], len[i]);
    addStringReply(c, ref !== 0 && objectType(arena, ref) === TYPE_STRING ? ref : 0);
  }
}

function msetCommand(c: Client): void {
  if (!hasWholePairsOrReply(c)) return;
  setPairs(c);
  c.reply.addOk();
}

function msetnxCommand(c: Client): void {
  if (!hasWholePairsOrReply(c)) return;
  const { keyspace } = c.server;
  const { buf, off, len, argc } = c.argv;
  for (let i = 1; i < argc; i += 2) {
    if (keyspace.lookupKeyWrite(c.db, buf, off[i], len[i]) === 0) continue;
    c.reply.addInteger(0);
    return;
  }
  setPairs(c);
  c.reply.addInteger(1);
}

function hasWholePairsOrReply(c: Client): boolean {
  if (c.argc % 2 !== 0) return true;
  addArgcError(c);
  return false;
}

/** Sets every pair of the request, or throws ArenaFull before the first. */
function setPairs(c: Client): void {
  const { keyspace } = c.server;
  const { buf, off, len, argc } = c.argv;
  const pairs = argc >> 1;
  if (pairs > 1) assureRoomForStrings(keyspace, c.db, len, 1, argc);
  for (let i = 1; i < argc; i += 2) {
    const ref = keyspace.lookupKeyWrite(c.db, buf, off[i], len[i]);
    keyspace.strings.set(c.db, ref, buf, off[i], len[i], buf, off[i + 1], len[i + 1], NO_EXPIRY);
    keyModified(c, i);
    notify(c, NOTIFY_STRING, "set", i);
  }
  c.server.dirty += pairs;
}

const PAIRS_ARG: ArgSpec = {
  name: "data",
  type: "block",
  multiple: true,
  args: [KEY_ARG, VALUE_ARG],
};

export const manyStringCommands: CommandSpec[] = [
  {
    name: "mget",
    arity: -2,
    flags: READONLY | FAST,
    categories: ["string"],
    since: "1.0.0",
    group: "string",
    complexity: "O(N) where N is the number of keys",
    summary: "Returns the strings at several keys as they are at one moment.",
    keys: [{ flags: KEY_RO | KEY_ACCESS, begin: 1, last: -1, step: 1 }],
    args: [{ ...KEY_ARG, multiple: true }],
    tips: ["request_policy:multi_shard"],
    handler: mgetCommand,
  },
  {
    name: "mset",
    arity: -3,
    flags: WRITE | DENYOOM,
    categories: ["string"],
    since: "1.0.1",
    group: "string",
    complexity: "O(N) where N is the number of keys",
    summary: "Stores several strings at once.",
    keys: [{ flags: KEY_OW | KEY_UPDATE, begin: 1, last: -1, step: 2 }],
    args: [PAIRS_ARG],
    tips: ["request_policy:multi_shard", "response_policy:all_succeeded"],
    handler: msetCommand,
  },
  {
    name: "msetnx",
    arity: -3,
    flags: WRITE | DENYOOM,
    categories: ["string"],
    since: "1.0.1",
    group: "string",
    complexity: "O(N) where N is the number of keys",
    summary: "Stores several strings at once, provided that none of the keys exists.",
    keys: [{ flags: KEY_OW | KEY_INSERT, begin: 1, last: -1, step: 2 }],
    args: [PAIRS_ARG],
    handler: msetnxCommand,
  },
];
