/**
 * XREAD and XREADGROUP: entries after given ids from any number of streams, waiting for them if need be.
 *
 * The two parse alike. A client that blocks executes its request again when one of its keys has something new
 * (core/server/blocking.ts); an id `$` is put into numbers before that, so that it keeps its meaning.
 */
import { ascii, latin1 } from "../base/bytes.ts";
import { formatStreamId, STREAM_ID_LEN_MAX, StreamId } from "../base/stream_id.ts";
import { argIs, getIntegerOrReply, isTypeOrReply, SYNTAX_ERROR } from "../server/args.ts";
import { blockOnKeys, canBlock, getTimeoutOrReply, rewriteBlockedArg } from "../server/blocking.ts";
import { notify, NOTIFY_STREAM } from "../server/changes.ts";
import type { Client } from "../server/client.ts";
import { argPrefix } from "../server/command_table.ts";
import {
  type ArgSpec,
  BLOCKING,
  type CommandSpec,
  KEY_ACCESS,
  KEY_RO,
  READONLY,
  WRITE,
} from "../server/command.ts";
import { TYPE_STREAM } from "../types/object.ts";
import { advanceGroup } from "../types/stream_progress.ts";
import {
  addEntries,
  addEntry,
  addEntryWithId,
  addStreamId,
  argIsChar,
  CONSUMER_ARG,
  COUNT_ARG,
  getIdOrReply,
  GROUP_ARG,
  MAX_ID,
  streamsOf,
} from "./stream_args.ts";
import { propagateClaim, propagateConsumer, propagateGroupId } from "./stream_propagate.ts";

const WORD_BLOCK = ascii("block");
const WORD_COUNT = ascii("count");
const WORD_STREAMS = ascii("streams");
const WORD_GROUP = ascii("group");
const WORD_NOACK = ascii("noack");
const DOLLAR = 0x24;
const PLUS = 0x2b;
const GREATER = 0x3e;
const NO_BLOCK = -1;

/** What `parseOptionsOrReply` found: options, and the indexes of arguments, 0 when not given. */
const options = { timeoutMs: NO_BLOCK, count: 0, group: 0, consumer: 0, noAck: false, streams: 0 };

/** By number of the stream in the request: its entry or 0, its group, and the id to start behind. */
let refs = new Int32Array(8);
let groups = new Int32Array(8);
const after: StreamId[] = [];

const lastId = new StreamId();
const text = new Uint8Array(STREAM_ID_LEN_MAX);

function xreadCommand(c: Client): void {
  read(c, false);
}

function xreadgroupCommand(c: Client): void {
  read(c, true);
}

function read(c: Client, isGroup: boolean): void {
  if (!parseOptionsOrReply(c, isGroup)) return;
  const count = (c.argc - options.streams) >> 1;
  if (!findStreamsOrReply(c, count, isGroup)) return;
  const { reply } = c;
  let mark = 0;
  let served = 0;
  for (let i = 0; i < count; i++) {
    if (refs[i] === 0) continue;
    const consumer = isGroup ? consumerOf(c, i) : 0;
    if (!hasEntriesFor(c, i, isGroup)) continue;
    if (served++ === 0) mark = reply.beginDeferred();
    if (reply.resp === 2) reply.addArray(2);
    const { buf, off, len } = c.argv;
    reply.addBulk(buf, off[options.streams + i], len[options.streams + i]);
    serve(c, i, consumer);
  }
  // What it did has been propagated by then.
  if (isGroup) c.server.propagation.skip();
  if (served > 0) {
    if (reply.resp === 2) reply.endDeferredArray(mark, served);
    else reply.endDeferredMap(mark, served);
  } else if (options.timeoutMs === NO_BLOCK || !canBlock(c)) reply.addNullArray();
  else block(c, count, isGroup);
}

function block(c: Client, count: number, isGroup: boolean): void {
  const { streams, timeoutMs } = options;
  blockOnKeys(c, streams, count, timeoutMs, TYPE_STREAM, isGroup);
  for (let i = 0; i < count; i++) {
    const index = streams + count + i;
    if (!argIsChar(c, index, DOLLAR)) continue;
    rewriteBlockedArg(c, index, latin1(text, 0, formatStreamId(text, 0, after[i])));
  }
}

/** The consumer in the group of stream `i`, made if need be. It has just been seen. */
function consumerOf(c: Client, i: number): number {
  const all = streamsOf(c).groups;
  const { nowMs } = c.server.keyspace;
  const { buf, off, len } = c.argv;
  const at = options.consumer;
  const known = all.findConsumer(groups[i], buf, off[at], len[at]);
  if (known !== 0) {
    all.setSeenMs(known, nowMs);
    return known;
  }
  const made = all.createConsumer(groups[i], buf, off[at], len[at], nowMs);
  c.server.dirty++;
  notify(c, NOTIFY_STREAM, "xgroup-createconsumer", options.streams + i);
  if (options.noAck && c.server.propagation.isOn) {
    propagateConsumer(c, options.streams + i, options.group, at);
  }
  return made;
}

/** Whether stream `i` has something to reply; history of a consumer always is. */
function hasEntriesFor(c: Client, i: number, isGroup: boolean): boolean {
  const streams = streamsOf(c);
  const stream = streams.root(refs[i]);
  if (isGroup) {
    if (!after[i].isMax()) return true;
    streams.groups.lastId(groups[i], lastId);
    return streams.hasAfter(stream, lastId);
  }
  return streams.hasAfter(stream, after[i]);
}

/** Replies the entries of stream `i`. */
function serve(c: Client, i: number, consumer: number): void {
  const { count } = options;
  const streams = streamsOf(c);
  const stream = streams.root(refs[i]);
  const start = after[i];
  if (consumer === 0) {
    start.increment();
    addEntries(c.reply, streams, stream, start, MAX_ID, count, false);
  } else if (start.isMax()) deliver(c, i, stream, consumer);
  else {
    start.increment();
    addHistory(c, stream, groups[i], consumer, start);
  }
}

/** Replies entries that the group didn't have yet and, unless NOACK, keeps them as pending. */
function deliver(c: Client, i: number, stream: number, consumer: number): void {
  const { reply, server: { arena, keyspace, propagation } } = c;
  const { count, noAck } = options;
  const keyIndex = options.streams + i;
  const streams = streamsOf(c);
  const group = groups[i];
  const { cursor } = streams;
  streams.groups.lastId(group, lastId);
  lastId.increment();
  const mark = reply.beginDeferred();
  let sent = 0;
  cursor.begin(stream, lastId, MAX_ID, false);
  while (cursor.next()) {
    if (!noAck) streams.groups.deliver(group, consumer, cursor.id, keyspace.nowMs);
    advanceGroup(arena, stream, group, cursor.id);
    if (!noAck && propagation.isOn) {
      const { nowMs } = keyspace;
      propagateClaim(c, keyIndex, options.group, group, consumer, cursor.id, 0, nowMs, 1);
    }
    addEntry(reply, cursor);
    if (++sent === count) break;
  }
  reply.endDeferredArray(mark, sent);
  if (sent === 0) return;
  c.server.dirty++;
  if (propagation.isOn) propagateGroupId(c, keyIndex, options.group, group);
}

/** Replies what the consumer has pending from an id on. An entry that was deleted is its id and a null. */
function addHistory(
  c: Client,
  stream: number,
  group: number,
  consumer: number,
  start: StreamId,
): void {
  const { reply, server: { keyspace } } = c;
  const { count } = options;
  const streams = streamsOf(c);
  const all = streams.groups;
  const mark = reply.beginDeferred();
  let sent = 0;
  let more = all.seekOwn(consumer, start);
  for (; more && (count === 0 || sent < count); more = all.own.next()) {
    all.own.idTo(lastId);
    if (addEntryWithId(reply, streams, stream, lastId)) {
      all.findPending(group, lastId);
      all.setDelivery(keyspace.nowMs, all.deliveryCount + 1);
    } else {
      reply.addArray(2);
      addStreamId(reply, lastId);
      reply.addNullArray();
    }
    sent++;
  }
  reply.endDeferredArray(mark, sent);
}

// Arguments.

/** Reads everything before the keys into `options`. False after an error reply. */
function parseOptionsOrReply(c: Client, isGroup: boolean): boolean {
  options.timeoutMs = NO_BLOCK;
  options.count = 0;
  options.group = 0;
  options.noAck = false;
  options.streams = 0;
  for (let i = 1; i < c.argc && options.streams === 0; i++) {
    const left = c.argc - 1 - i;
    if (left > 0 && argIs(c, i, WORD_BLOCK)) {
      options.timeoutMs = getTimeoutOrReply(c, ++i, true);
      if (Number.isNaN(options.timeoutMs)) return false;
    } else if (left > 0 && argIs(c, i, WORD_COUNT)) {
      const count = getIntegerOrReply(c, ++i);
      if (Number.isNaN(count)) return false;
      options.count = count < 0 ? 0 : count;
    } else if (left > 0 && argIs(c, i, WORD_STREAMS)) {
      options.streams = i + 1;
    } else if (left > 1 && argIs(c, i, WORD_GROUP)) {
      if (!isGroup) return refuseForXread(c, "GROUP");
      options.group = i + 1;
      options.consumer = i + 2;
      i += 2;
    } else if (argIs(c, i, WORD_NOACK)) {
      if (!isGroup) return refuseForXread(c, "NOACK");
      options.noAck = true;
    } else {
      c.reply.addError(SYNTAX_ERROR);
      return false;
    }
  }
  return checkOptionsOrReply(c, isGroup);
}

function refuseForXread(c: Client, option: string): boolean {
  c.reply.addError(
    `ERR The ${option} option is only supported by XREADGROUP. You called XREAD instead.`,
  );
  return false;
}

function checkOptionsOrReply(c: Client, isGroup: boolean): boolean {
  const { streams, group } = options;
  if (streams > 0 && (c.argc - streams) % 2 !== 0) {
    const name = c.lastCommand!.fullName;
    c.reply.addError(
      `ERR Unbalanced '${name}' list of streams: for each stream key an ID or ` +
        `'${isGroup ? ">" : "$"}' must be specified.`,
    );
    return false;
  }
  if (streams === 0) c.reply.addError(SYNTAX_ERROR);
  else if (isGroup && group === 0) c.reply.addError("ERR Missing GROUP option for XREADGROUP");
  else return true;
  return false;
}

/** Looks all keys up and reads the ids, into `refs`, `groups` and `after`. False after an error reply. */
function findStreamsOrReply(c: Client, count: number, isGroup: boolean): boolean {
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  while (after.length < count) after.push(new StreamId());
  if (refs.length < count) {
    refs = new Int32Array(count * 2);
    groups = new Int32Array(count * 2);
  }
  for (let i = 0; i < count; i++) {
    const index = options.streams + i;
    const ref = keyspace.lookupKeyRead(c.db, buf, off[index], len[index]);
    if (!isTypeOrReply(c, ref, TYPE_STREAM)) return false;
    refs[i] = ref;
    if (isGroup) {
      groups[i] = ref === 0 ? 0 : findGroup(c, ref);
      if (groups[i] === 0) return refuseNoGroup(c, index);
    }
    if (!getStartOrReply(c, index + count, i, isGroup)) return false;
  }
  // Redis looks the keys up once more to serve them, and counts it.
  for (let i = 0; i < count; i++) {
    if (refs[i] === 0) keyspace.misses++;
    else keyspace.hits++;
  }
  return true;
}

function findGroup(c: Client, ref: number): number {
  const { buf, off, len } = c.argv;
  const streams = streamsOf(c);
  const at = options.group;
  return streams.groups.find(streams.root(ref), buf, off[at], len[at]);
}

function refuseNoGroup(c: Client, keyIndex: number): boolean {
  const [key, group] = [argPrefix(c.argv, keyIndex), argPrefix(c.argv, options.group)];
  c.reply.addError(
    `NOGROUP No such key '${key}' or consumer group '${group}' in XREADGROUP with GROUP option`,
  );
  return false;
}

/**
 * The id that stream `i` is read behind; for `>` the largest, which the group's own progress replaces. False after
 * an error reply.
 */
function getStartOrReply(c: Client, index: number, i: number, isGroup: boolean): boolean {
  const id = after[i];
  const isDollar = argIsChar(c, index, DOLLAR);
  if (isDollar || argIsChar(c, index, PLUS)) {
    if (isGroup) return refuseInGroup(c, isDollar ? "$" : "+");
    id.setMin();
    if (refs[i] === 0) return true;
    const streams = streamsOf(c);
    streams.lastId(streams.root(refs[i]), id);
    // With a plus the last entry is wanted, so the id behind which it comes.
    if (isDollar || id.decrement()) return true;
    c.reply.addError("ERR the stream last element ID is 0-0");
    return false;
  }
  if (argIsChar(c, index, GREATER)) {
    if (isGroup) {
      id.setMax();
      return true;
    }
    c.reply.addError(
      "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.",
    );
    return false;
  }
  return getIdOrReply(c, index, id);
}

function refuseInGroup(c: Client, id: string): boolean {
  c.reply.addError(
    `ERR The ${id} ID is meaningless in the context of XREADGROUP: you want to read the history of this ` +
      "consumer by specifying a proper ID, or use the > ID to get new messages. " +
      `The ${id} ID would just return an empty result set.`,
  );
  return false;
}

// Declarations.

const BLOCK_ARG: ArgSpec = {
  name: "milliseconds",
  type: "integer",
  token: "BLOCK",
  optional: true,
};

const STREAMS_ARG: ArgSpec = {
  name: "streams",
  type: "block",
  token: "STREAMS",
  args: [
    { name: "key", type: "key", keySpec: 0, multiple: true },
    { name: "ID", type: "string", multiple: true },
  ],
};

/** The keys behind STREAMS: the first half of what follows. */
function streamKeys(startFrom: number): CommandSpec["keys"] {
  return [{
    flags: KEY_RO | KEY_ACCESS,
    begin: { keyword: "STREAMS", startFrom },
    last: -1,
    step: 1,
    limit: 2,
  }];
}

export const readCommands: CommandSpec[] = [
  {
    name: "xread",
    arity: -4,
    flags: BLOCKING | READONLY,
    categories: ["stream"],
    since: "5.0.0",
    group: "stream",
    summary: "Returns the entries behind given IDs of streams, and may wait for one to come.",
    keys: streamKeys(1),
    args: [COUNT_ARG, BLOCK_ARG, STREAMS_ARG],
    handler: xreadCommand,
  },
  {
    name: "xreadgroup",
    arity: -7,
    flags: BLOCKING | WRITE,
    categories: ["stream"],
    since: "5.0.0",
    group: "stream",
    complexity:
      "O(M) for each stream, where M is the number of entries returned; with a constant COUNT that is O(1). An XADD for which N clients wait takes O(N) to serve them",
    summary:
      "Returns entries that a consumer group has not seen or one of its consumers has pending, and may wait for one to come.",
    keys: streamKeys(4),
    args: [
      {
        name: "group-block",
        type: "block",
        token: "GROUP",
        args: [GROUP_ARG, CONSUMER_ARG],
      },
      COUNT_ARG,
      BLOCK_ARG,
      { name: "noack", type: "pure-token", token: "NOACK", optional: true },
      STREAMS_ARG,
    ],
    handler: xreadgroupCommand,
  },
];
