/**
 * Consumer groups: XGROUP, and XACK, which ends what XREADGROUP began.
 */
import { ascii } from "../base/bytes.ts";
import { BIG } from "../base/numbers.ts";
import { ID_INVALID, parseStreamId, StreamId } from "../base/stream_id.ts";
import { argBigInt, argInteger, argIs, isTypeOrReply, NOT_AN_INTEGER } from "../server/args.ts";
import { signalKeyReady } from "../server/blocking.ts";
import { keyModified, notify, NOTIFY_STREAM } from "../server/changes.ts";
import type { Client } from "../server/client.ts";
import {
  type ArgSpec,
  type CommandSpec,
  DENYOOM,
  FAST,
  KEY_DELETE,
  KEY_INSERT,
  KEY_RW,
  KEY_UPDATE,
  LOADING,
  STALE,
  WRITE,
} from "../server/command.ts";
import { addHelp, addUsageError } from "../server/help.ts";
import { TYPE_STREAM } from "../types/object.ts";
import { GROUP_READ_OFF, READ_UNKNOWN, storeCounter } from "../types/stream_root.ts";
import {
  addInvalidId,
  addNoGroupOfKey,
  argIsChar,
  CONSUMER_ARG,
  getIdsOrReply,
  GROUP_ARG,
  ids,
  IDS_ARG,
  streamOrReply,
  streamsOf,
} from "./stream_args.ts";
import { KEY_ARG, oneKey } from "./string_reply.ts";

const WORD_MKSTREAM = ascii("mkstream");
const WORD_ENTRIESREAD = ascii("entriesread");
const DOLLAR = 0x24;
const NO_KEY =
  "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may " +
  "want to use the MKSTREAM option to create an empty stream automatically.";
const HELP = [
  "CREATE <key> <groupname> <id|$> [option]",
  "    Make a consumer group that starts behind the ID. Options are:",
  "    * MKSTREAM",
  "      Make the stream too, if there is none.",
  "    * ENTRIESREAD entries_read",
  "      Say how many entries the group has read (for replication).",
  "CREATECONSUMER <key> <groupname> <consumer>",
  "    Make a consumer in the group.",
  "DELCONSUMER <key> <groupname> <consumer>",
  "    Delete the consumer and forget what it has pending.",
  "DESTROY <key> <groupname>",
  "    Delete the group with its consumers.",
  "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
  "    Have the group go on behind the ID, and say how many entries it has read.",
];

const id = new StreamId();
/** What `parseOptionsOrReply` found. */
const options: { mkstream: boolean; entriesRead: number | bigint } = {
  mkstream: false,
  entriesRead: READ_UNKNOWN,
};
/** What `findGroupOrReply` found: the entry, the stream and the group, 0 for what isn't there. */
const found = { ref: 0, stream: 0, group: 0 };

function xackCommand(c: Client): void {
  const { buf, off, len } = c.argv;
  const ref = c.server.keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  if (!isTypeOrReply(c, ref, TYPE_STREAM)) return;
  const streams = streamsOf(c);
  const group = ref === 0 ? 0 : streams.groups.find(streams.root(ref), buf, off[2], len[2]);
  if (group === 0) {
    c.reply.addInteger(0);
    return;
  }
  if (!getIdsOrReply(c, 3)) return;
  const count = c.argc - 3;
  let acknowledged = 0;
  for (let i = 0; i < count; i++) {
    if (streams.groups.acknowledge(group, ids[i])) acknowledged++;
  }
  c.server.dirty += acknowledged;
  c.reply.addInteger(acknowledged);
}

// XGROUP.

function createCommand(c: Client): void {
  if (!parseOptionsOrReply(c, true) || !findStreamOrReply(c, options.mkstream)) return;
  if (c.argc > 8) return addUsageError(c);
  if (!getIdOrReply(c, true)) return;
  const { keyspace } = c.server;
  const streams = streamsOf(c);
  const { buf, off, len } = c.argv;
  let { stream } = found;
  if (stream === 0) {
    stream = streams.root(keyspace.create(c.db, buf, off[2], len[2], TYPE_STREAM));
    keyModified(c, 2);
  }
  const { entriesRead } = options;
  if (streams.groups.create(stream, buf, off[3], len[3], id, entriesRead) === 0) {
    c.reply.addError("BUSYGROUP Consumer Group name already exists");
    return;
  }
  c.reply.addOk();
  c.server.dirty++;
  notify(c, NOTIFY_STREAM, "xgroup-create", 2);
}

function setidCommand(c: Client): void {
  if (!parseOptionsOrReply(c, false) || !findGroupOrReply(c)) return;
  if (c.argc > 7) return addUsageError(c);
  if (!getIdOrReply(c, false)) return;
  streamsOf(c).groups.setLastId(found.group, id);
  storeCounter(c.server.arena, found.group, GROUP_READ_OFF, options.entriesRead);
  c.reply.addOk();
  c.server.dirty++;
  notify(c, NOTIFY_STREAM, "xgroup-setid", 2);
}

function destroyCommand(c: Client): void {
  if (!findStreamOrReply(c, false)) return;
  const { buf, off, len } = c.argv;
  const { groups } = streamsOf(c);
  const group = groups.find(found.stream, buf, off[3], len[3]);
  if (group === 0) {
    c.reply.addInteger(0);
    return;
  }
  groups.destroy(found.stream, group);
  c.reply.addInteger(1);
  c.server.dirty++;
  notify(c, NOTIFY_STREAM, "xgroup-destroy", 2);
  // Those who wait for entries of this group learn that it is gone.
  signalKeyReady(c, 2);
}

function createconsumerCommand(c: Client): void {
  if (!findGroupOrReply(c)) return;
  const { buf, off, len } = c.argv;
  const { nowMs } = c.server.keyspace;
  const { groups } = streamsOf(c);
  const made = groups.createConsumer(found.group, buf, off[4], len[4], nowMs);
  if (made !== 0) {
    c.server.dirty++;
    notify(c, NOTIFY_STREAM, "xgroup-createconsumer", 2);
  }
  c.reply.addInteger(made === 0 ? 0 : 1);
}

function delconsumerCommand(c: Client): void {
  if (!findGroupOrReply(c)) return;
  const { buf, off, len } = c.argv;
  const { groups } = streamsOf(c);
  const consumer = groups.findConsumer(found.group, buf, off[4], len[4]);
  let pending = 0;
  if (consumer !== 0) {
    pending = groups.deleteConsumer(found.group, consumer);
    c.server.dirty++;
    notify(c, NOTIFY_STREAM, "xgroup-delconsumer", 2);
  }
  c.reply.addInteger(pending);
}

function helpCommand(c: Client): void {
  addHelp(c, HELP);
}

/** The id in argument 4; `$` is the last one of the stream that was found. False after an error reply. */
function getIdOrReply(c: Client, strict: boolean): boolean {
  if (argIsChar(c, 4, DOLLAR)) {
    id.setMin();
    if (found.stream !== 0) streamsOf(c).lastId(found.stream, id);
    return true;
  }
  const { buf, off, len } = c.argv;
  if (parseStreamId(buf, off[4], len[4], false, strict, false, id) !== ID_INVALID) return true;
  addInvalidId(c);
  return false;
}

/** The options from argument 5 on. False after an error reply. */
function parseOptionsOrReply(c: Client, isCreate: boolean): boolean {
  options.mkstream = false;
  options.entriesRead = READ_UNKNOWN;
  for (let i = 5; i < c.argc; i++) {
    if (isCreate && argIs(c, i, WORD_MKSTREAM)) options.mkstream = true;
    else if (i + 1 < c.argc && argIs(c, i, WORD_ENTRIESREAD)) {
      const value = argInteger(c, ++i);
      options.entriesRead = value === BIG ? argBigInt(c, i) : value;
      if (Number.isNaN(value)) {
        c.reply.addError(NOT_AN_INTEGER);
        return false;
      }
      if (options.entriesRead < READ_UNKNOWN) {
        c.reply.addError("ERR value for ENTRIESREAD must be positive or -1");
        return false;
      }
    } else {
      addUsageError(c);
      return false;
    }
  }
  return true;
}

/** Finds the stream; it may be missing only if `isOptional`. False after an error reply. */
function findStreamOrReply(c: Client, isOptional: boolean): boolean {
  const { buf, off, len } = c.argv;
  found.ref = c.server.keyspace.lookupKeyWrite(c.db, buf, off[2], len[2]);
  found.stream = 0;
  if (found.ref !== 0) {
    found.stream = streamOrReply(c, found.ref);
    return found.stream !== 0;
  }
  if (isOptional) return true;
  c.reply.addError(NO_KEY);
  return false;
}

/** Finds the stream and the group. False after an error reply. */
function findGroupOrReply(c: Client): boolean {
  if (!findStreamOrReply(c, false)) return false;
  const { buf, off, len } = c.argv;
  found.group = streamsOf(c).groups.find(found.stream, buf, off[3], len[3]);
  if (found.group !== 0) return true;
  addNoGroupOfKey(c);
  return false;
}

// Declarations.

const ID_ARG: ArgSpec = {
  name: "id-selector",
  type: "oneof",
  args: [
    { name: "id", type: "string" },
    { name: "new-id", type: "pure-token", token: "$" },
  ],
};

const ENTRIESREAD_ARG: ArgSpec = {
  name: "entriesread",
  type: "integer",
  display: "entries-read",
  token: "ENTRIESREAD",
  optional: true,
};

/** A subcommand about the group in argument 3 of the key in argument 2. */
function aboutGroup(spec: Omit<CommandSpec, "categories" | "group" | "keys">, keyFlags: number) {
  return {
    categories: ["stream"],
    group: "stream",
    keys: [{ flags: KEY_RW | keyFlags, begin: 2, last: 0, step: 1 }],
    ...spec,
  };
}

const xgroupSubcommands: CommandSpec[] = [
  aboutGroup({
    name: "create",
    arity: -5,
    flags: WRITE | DENYOOM,
    since: "5.0.0",
    complexity: "O(1)",
    summary: "Makes a consumer group.",
    history: [["7.0.0", "Takes `ENTRIESREAD`."]],
    args: [
      KEY_ARG,
      GROUP_ARG,
      ID_ARG,
      { name: "mkstream", type: "pure-token", token: "MKSTREAM", optional: true },
      ENTRIESREAD_ARG,
    ],
    handler: createCommand,
  }, KEY_INSERT),
  aboutGroup({
    name: "createconsumer",
    arity: 5,
    flags: WRITE | DENYOOM,
    since: "6.2.0",
    complexity: "O(1)",
    summary: "Makes a consumer in a consumer group.",
    args: [KEY_ARG, GROUP_ARG, CONSUMER_ARG],
    handler: createconsumerCommand,
  }, KEY_INSERT),
  aboutGroup({
    name: "delconsumer",
    arity: 5,
    flags: WRITE,
    since: "5.0.0",
    complexity: "O(1)",
    summary: "Deletes a consumer of a consumer group.",
    args: [KEY_ARG, GROUP_ARG, CONSUMER_ARG],
    handler: delconsumerCommand,
  }, KEY_DELETE),
  aboutGroup({
    name: "destroy",
    arity: 4,
    flags: WRITE,
    since: "5.0.0",
    complexity: "O(N), where N is the number of entries that the group has pending",
    summary: "Deletes a consumer group.",
    args: [KEY_ARG, GROUP_ARG],
    handler: destroyCommand,
  }, KEY_DELETE),
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
  aboutGroup({
    name: "setid",
    arity: -5,
    flags: WRITE,
    since: "5.0.0",
    complexity: "O(1)",
    summary: "Sets the ID behind which a consumer group goes on.",
    history: [["7.0.0", "Takes `ENTRIESREAD`."]],
    args: [KEY_ARG, GROUP_ARG, ID_ARG, ENTRIESREAD_ARG],
    handler: setidCommand,
  }, KEY_UPDATE),
];

export const groupCommands: CommandSpec[] = [
  {
    name: "xack",
    arity: -4,
    flags: WRITE | FAST,
    categories: ["stream"],
    since: "5.0.0",
    group: "stream",
    complexity: "O(1) for each ID",
    summary:
      "Takes entries from the pending ones of a consumer group and tells how many there were.",
    keys: oneKey(KEY_RW | KEY_UPDATE),
    args: [KEY_ARG, GROUP_ARG, IDS_ARG],
    handler: xackCommand,
  },
  {
    name: "xgroup",
    arity: -2,
    flags: 0,
    since: "5.0.0",
    group: "stream",
    complexity: "That of the subcommand",
    summary: "Manages consumer groups.",
    subcommands: xgroupSubcommands,
  },
];
