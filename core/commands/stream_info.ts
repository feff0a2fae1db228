/**
 * XINFO: what a stream, its groups and their consumers are like.
 */
import { ascii } from "../base/bytes.ts";
import { StreamId } from "../base/stream_id.ts";
import type { Reply } from "../protocol/reply.ts";
import { argIs, getIntegerOrReply, NO_SUCH_KEY } from "../server/args.ts";
import type { Client } from "../server/client.ts";
import {
  type CommandSpec,
  KEY_ACCESS,
  KEY_RO,
  LOADING,
  READONLY,
  STALE,
} from "../server/command.ts";
import { addHelp, addUsageError } from "../server/help.ts";
import { NEVER_ACTIVE } from "../types/stream_groups.ts";
import { entriesAdded, entriesRead, lagOf } from "../types/stream_progress.ts";
import { radixNodes } from "../types/stream_radix.ts";
import { ByteRange } from "../types/t_string.ts";
import {
  addCounter,
  addEntries,
  addEntry,
  addName,
  addNoGroupOfKey,
  addStreamId,
  GROUP_ARG,
  MAX_ID,
  MIN_ID,
  streamOrReply,
  streamsOf,
} from "./stream_args.ts";
import { KEY_ARG } from "./string_reply.ts";

const WORD_FULL = ascii("full");
const WORD_COUNT = ascii("count");
/** Entries and pending entries that FULL shows unless told otherwise. */
const FULL_COUNT = 10;
const HELP = [
  "CONSUMERS <key> <groupname>",
  "    Show the consumers of the group.",
  "GROUPS <key>",
  "    Show the consumer groups of the stream.",
  "STREAM <key> [FULL [COUNT <count>]",
  "    Show the stream itself, with FULL also what is in it.",
];

const id = new StreamId();
const name = new ByteRange();

function streamCommand(c: Client): void {
  const stream = findStreamOrReply(c);
  if (stream === 0) return;
  if (c.argc === 3) {
    addStream(c, stream, false);
    return;
  }
  const isCount = c.argc === 6;
  if (c.argc > 4 && !isCount || !argIs(c, 3, WORD_FULL) || isCount && !argIs(c, 4, WORD_COUNT)) {
    addUsageError(c);
    return;
  }
  let count = FULL_COUNT;
  if (isCount) {
    count = getIntegerOrReply(c, 5);
    if (Number.isNaN(count)) return;
    if (count < 0) count = FULL_COUNT;
  }
  addStream(c, stream, true);
  c.reply.addBulkString("entries");
  addEntries(c.reply, streamsOf(c), stream, MIN_ID, MAX_ID, count, false);
  c.reply.addBulkString("groups");
  const { groups } = streamsOf(c);
  const groupCount = groups.count(stream);
  c.reply.addArray(groupCount);
  for (let i = 0; i < groupCount; i++) addFullGroup(c, stream, groups.entry(stream, i), count);
}

/** The head of the map, and without FULL all of it. */
function addStream(c: Client, stream: number, isFull: boolean): void {
  const { reply, server: { arena } } = c;
  const streams = streamsOf(c);
  reply.addMap(isFull ? 9 : 10);
  addField(reply, "length", streams.lengthOf(stream));
  addField(reply, "radix-tree-keys", streams.nodeCount(stream));
  addField(reply, "radix-tree-nodes", radixNodes(arena, stream));
  streams.lastId(stream, id);
  addIdField(reply, "last-generated-id");
  streams.maxDeletedId(stream, id);
  addIdField(reply, "max-deleted-entry-id");
  reply.addBulkString("entries-added");
  addCounter(reply, entriesAdded(arena, stream));
  streams.firstId(stream, id);
  addIdField(reply, "recorded-first-entry-id");
  if (isFull) return;
  addField(reply, "groups", streams.groups.count(stream));
  reply.addBulkString("first-entry");
  addEdge(c, stream, false);
  reply.addBulkString("last-entry");
  addEdge(c, stream, true);
}

/** The first or the last entry. */
function addEdge(c: Client, stream: number, isReverse: boolean): void {
  const { cursor } = streamsOf(c);
  cursor.begin(stream, MIN_ID, MAX_ID, isReverse);
  if (cursor.next()) addEntry(c.reply, cursor);
  else c.reply.addNull();
}

/** A group with all that it knows, or as many pending entries as `count` says; 0: all. */
function addFullGroup(c: Client, stream: number, group: number, count: number): void {
  const { reply } = c;
  const { groups } = streamsOf(c);
  reply.addMap(7);
  groups.groupName(group, name);
  addNameField(reply);
  groups.lastId(group, id);
  addIdField(reply, "last-delivered-id");
  addProgress(c, stream, group);
  addField(reply, "pel-count", groups.pendingCount(group));
  reply.addBulkString("pending");
  addPending(c, group, count);
  reply.addBulkString("consumers");
  const consumers = groups.consumerCount(group);
  reply.addArray(consumers);
  for (let i = 0; i < consumers; i++) addFullConsumer(c, group, groups.consumer(group, i), count);
}

function addPending(c: Client, group: number, count: number): void {
  const { reply } = c;
  const { groups } = streamsOf(c);
  const mark = reply.beginDeferred();
  let sent = 0;
  let more = groups.seekPending(group, MIN_ID);
  for (; more && (count === 0 || sent < count); more = groups.pending.next(), sent++) {
    reply.addArray(4);
    groups.pending.idTo(id);
    addStreamId(reply, id);
    groups.consumerName(groups.pendingConsumer, name);
    addName(reply, name);
    reply.addInteger(groups.deliveryMs);
    reply.addInteger(groups.deliveryCount);
  }
  reply.endDeferredArray(mark, sent);
}

function addFullConsumer(c: Client, group: number, consumer: number, count: number): void {
  const { reply } = c;
  const { groups } = streamsOf(c);
  reply.addMap(5);
  groups.consumerName(consumer, name);
  addNameField(reply);
  addField(reply, "seen-time", groups.seenMs(consumer));
  addField(reply, "active-time", groups.activeMs(consumer));
  addField(reply, "pel-count", groups.ownCount(consumer));
  reply.addBulkString("pending");
  const mark = reply.beginDeferred();
  let sent = 0;
  let more = groups.seekOwn(consumer, MIN_ID);
  for (; more && (count === 0 || sent < count); more = groups.own.next(), sent++) {
    groups.own.idTo(id);
    groups.findPending(group, id);
    reply.addArray(3);
    addStreamId(reply, id);
    reply.addInteger(groups.deliveryMs);
    reply.addInteger(groups.deliveryCount);
  }
  reply.endDeferredArray(mark, sent);
}

function groupsCommand(c: Client): void {
  const stream = findStreamOrReply(c);
  if (stream === 0) return;
  const { reply } = c;
  const { groups } = streamsOf(c);
  const count = groups.count(stream);
  reply.addArray(count);
  for (let i = 0; i < count; i++) {
    const group = groups.entry(stream, i);
    reply.addMap(6);
    groups.groupName(group, name);
    addNameField(reply);
    addField(reply, "consumers", groups.consumerCount(group));
    addField(reply, "pending", groups.pendingCount(group));
    groups.lastId(group, id);
    addIdField(reply, "last-delivered-id");
    addProgress(c, stream, group);
  }
}

function consumersCommand(c: Client): void {
  const stream = findStreamOrReply(c);
  if (stream === 0) return;
  const { reply, server: { keyspace: { nowMs } } } = c;
  const { groups } = streamsOf(c);
  const { buf, off, len } = c.argv;
  const group = groups.find(stream, buf, off[3], len[3]);
  if (group === 0) {
    addNoGroupOfKey(c);
    return;
  }
  const count = groups.consumerCount(group);
  reply.addArray(count);
  for (let i = 0; i < count; i++) {
    const consumer = groups.consumer(group, i);
    const activeMs = groups.activeMs(consumer);
    reply.addMap(4);
    groups.consumerName(consumer, name);
    addNameField(reply);
    addField(reply, "pending", groups.ownCount(consumer));
    addField(reply, "idle", Math.max(0, nowMs - groups.seenMs(consumer)));
    addField(reply, "inactive", activeMs === NEVER_ACTIVE ? NEVER_ACTIVE : nowMs - activeMs);
  }
}

function helpCommand(c: Client): void {
  addHelp(c, HELP);
}

// Fields of maps.

function addField(reply: Reply, key: string, value: number): void {
  reply.addBulkString(key);
  reply.addInteger(value);
}

/** With what is in `id`. */
function addIdField(reply: Reply, key: string): void {
  reply.addBulkString(key);
  addStreamId(reply, id);
}

/** With what is in `name`. */
function addNameField(reply: Reply): void {
  reply.addBulkString("name");
  addName(reply, name);
}

/** How far a group has read. */
function addProgress(c: Client, stream: number, group: number): void {
  const { reply, server: { arena } } = c;
  reply.addBulkString("entries-read");
  addCounter(reply, entriesRead(arena, group));
  reply.addBulkString("lag");
  addCounter(reply, lagOf(arena, stream, group));
}

/** The stream at the key in argument 2, 0 after an error reply. */
function findStreamOrReply(c: Client): number {
  const { buf, off, len } = c.argv;
  const ref = c.server.keyspace.lookupKeyRead(c.db, buf, off[2], len[2]);
  if (ref === 0) c.reply.addError(NO_SUCH_KEY);
  return streamOrReply(c, ref);
}

/** A subcommand about the key in argument 2. */
function aboutKey(spec: Omit<CommandSpec, "categories" | "group" | "keys" | "flags" | "since">) {
  return {
    flags: READONLY,
    categories: ["stream"],
    since: "5.0.0",
    group: "stream",
    keys: [{ flags: KEY_RO | KEY_ACCESS, begin: 2, last: 0, step: 1 }],
    ...spec,
  };
}

export const streamInfoCommands: CommandSpec[] = [
  {
    name: "xinfo",
    arity: -2,
    flags: 0,
    since: "5.0.0",
    group: "stream",
    complexity: "That of the subcommand",
    summary: "Holds the commands that show how streams are.",
    subcommands: [
      aboutKey({
        name: "consumers",
        arity: 4,
        complexity: "O(1)",
        summary: "Shows the consumers of a consumer group.",
        history: [["7.2.0", "Has `inactive`; `idle` now counts from the last attempt."]],
        args: [KEY_ARG, GROUP_ARG],
        tips: ["nondeterministic_output"],
        handler: consumersCommand,
      }),
      aboutKey({
        name: "groups",
        arity: 3,
        complexity: "O(1)",
        summary: "Shows the consumer groups of a stream.",
        history: [["7.0.0", "Has `entries-read` and `lag`."]],
        args: [KEY_ARG],
        handler: groupsCommand,
      }),
      {
        name: "help",
        arity: 2,
        flags: LOADING | STALE,
        categories: ["stream"],
        since: "5.0.0",
        group: "stream",
        complexity: "O(1)",
        summary: "Lists the subcommands.",
        handler: helpCommand,
      },
      aboutKey({
        name: "stream",
        arity: -3,
        complexity: "O(1)",
        summary: "Shows how a stream is.",
        history: [
          ["6.0.0", "Takes `FULL`."],
          [
            "7.0.0",
            "Has `max-deleted-entry-id`, `entries-added`, `recorded-first-entry-id`, `entries-read` and `lag`.",
          ],
          ["7.2.0", "Has `active-time`; `seen-time` now is that of the last attempt."],
        ],
        args: [
          KEY_ARG,
          {
            name: "full-block",
            type: "block",
            optional: true,
            args: [
              { name: "full", type: "pure-token", token: "FULL" },
              { name: "count", type: "integer", token: "COUNT", optional: true },
            ],
          },
        ],
        handler: streamCommand,
      }),
    ],
  },
];
