/**
 * What consumers have pending: XPENDING shows it, XCLAIM and XAUTOCLAIM hand it to another consumer.
 */
import { ascii } from "../base/bytes.ts";
import { compareIds, formatStreamId, STREAM_ID_LEN_MAX, StreamId } from "../base/stream_id.ts";
import {
  argIs,
  getIntegerOrReply,
  getRangeOrReply,
  isTypeOrReply,
  SYNTAX_ERROR,
} from "../server/args.ts";
import { notify, NOTIFY_STREAM } from "../server/changes.ts";
import type { Client } from "../server/client.ts";
import { argPrefix } from "../server/command_table.ts";
import {
  type CommandSpec,
  FAST,
  KEY_DELETE,
  KEY_RW,
  KEY_UPDATE,
  READONLY,
  WRITE,
} from "../server/command.ts";
import { TYPE_STREAM } from "../types/object.ts";
import { ByteRange } from "../types/t_string.ts";
import {
  addEntryWithId,
  addName,
  addNoGroup,
  addStreamId,
  CONSUMER_ARG,
  COUNT_ARG,
  getIdOrReply,
  getRangeEndsOrReply,
  getRangeStartOrReply,
  GROUP_ARG,
  ids,
  IDS_ARG,
  idSlot,
  parseId,
  range,
  readingOneKey,
  streamsOf,
} from "./stream_args.ts";
import { propagateClaim, propagateGroupId } from "./stream_propagate.ts";
import { KEY_ARG, oneKey } from "./string_reply.ts";

const WORD_IDLE = ascii("idle");
const WORD_TIME = ascii("time");
const WORD_RETRYCOUNT = ascii("retrycount");
const WORD_FORCE = ascii("force");
const WORD_JUSTID = ascii("justid");
const WORD_LASTID = ascii("lastid");
const WORD_COUNT = ascii("count");
const AUTOCLAIM_COUNT = 100;
/** Pending entries that XAUTOCLAIM looks at for each it may return. */
const ATTEMPTS_PER_COUNT = 10;
/** Largest COUNT of XAUTOCLAIM that is no error, and the largest for which Redis finds memory. */
const COUNT_MAX = 576460752303423487;
const COUNT_MEMORY_MAX = 2 ** 36;

/** What `findGroupOrReply` found. */
const found = { stream: 0, group: 0 };

/** What `parseClaimOrReply` found. Times in unix ms, NaN when not given. */
const claim = {
  minIdleMs: 0,
  idCount: 0,
  deliveryMs: NaN,
  retryCount: -1,
  force: false,
  justId: false,
  lastId: new StreamId(),
};

const id = new StreamId();
const name = new ByteRange();
const text = new Uint8Array(STREAM_ID_LEN_MAX);
/** Words of the ids that XAUTOCLAIM found to be deleted. */
const deletedIds: number[] = [];

// XPENDING.

/** XPENDING key group [[IDLE min-idle-time] start end count [consumer]] */
function xpendingCommand(c: Client): void {
  const { argc } = c;
  if (argc !== 3 && (argc < 6 || argc > 9)) {
    c.reply.addError(SYNTAX_ERROR);
    return;
  }
  let minIdleMs = 0;
  let at = 3;
  let count = 0;
  if (argc > 3) {
    if (argIs(c, 3, WORD_IDLE)) {
      minIdleMs = getIntegerOrReply(c, 4);
      if (Number.isNaN(minIdleMs)) return;
      if (argc < 8) {
        c.reply.addError(SYNTAX_ERROR);
        return;
      }
      at = 5;
    }
    count = getIntegerOrReply(c, at + 2);
    if (Number.isNaN(count) || !getRangeEndsOrReply(c, at, at + 1)) return;
  }
  if (!findGroupOrReply(c)) return;
  if (argc === 3) addSummary(c);
  else addPending(c, minIdleMs, count, at + 3 < argc ? at + 3 : 0);
}

/** How many are pending, the first and the last, and how many each consumer has. */
function addSummary(c: Client): void {
  const { reply } = c;
  const { groups } = streamsOf(c);
  const { group } = found;
  const count = groups.pendingCount(group);
  reply.addArray(4);
  reply.addInteger(count);
  if (count === 0) {
    reply.addNull();
    reply.addNull();
    reply.addNullArray();
    return;
  }
  groups.pending.seekFirst();
  groups.pending.idTo(id);
  addStreamId(reply, id);
  groups.pending.seekLast();
  groups.pending.idTo(id);
  addStreamId(reply, id);
  const consumers = groups.consumerCount(group);
  const mark = reply.beginDeferred();
  let sent = 0;
  for (let i = 0; i < consumers; i++) {
    const consumer = groups.consumer(group, i);
    const own = groups.ownCount(consumer);
    if (own === 0) continue;
    reply.addArray(2);
    groups.consumerName(consumer, name);
    addName(reply, name);
    reply.addBulkInteger(own);
    sent++;
  }
  reply.endDeferredArray(mark, sent);
}

/** The pending entries of the range, of one consumer if `consumerIndex` isn't 0. */
function addPending(c: Client, minIdleMs: number, count: number, consumerIndex: number): void {
  const { reply, server: { keyspace } } = c;
  const { groups } = streamsOf(c);
  const { group } = found;
  let consumer = 0;
  if (consumerIndex !== 0) {
    const { buf, off, len } = c.argv;
    consumer = groups.findConsumer(group, buf, off[consumerIndex], len[consumerIndex]);
    if (consumer === 0) {
      reply.addArray(0);
      return;
    }
  }
  const { start, end } = range;
  const walked = consumer === 0 ? groups.pending : groups.own;
  let more = consumer === 0 ? groups.seekPending(group, start) : groups.seekOwn(consumer, start);
  const mark = reply.beginDeferred();
  let sent = 0;
  for (; more && sent < count; more = walked.next()) {
    walked.idTo(id);
    if (compareIds(id, end) > 0) break;
    if (consumer !== 0) groups.findPending(group, id);
    const idleMs = keyspace.nowMs - groups.deliveryMs;
    if (minIdleMs !== 0 && idleMs < minIdleMs) continue;
    reply.addArray(4);
    addStreamId(reply, id);
    groups.consumerName(groups.pendingConsumer, name);
    addName(reply, name);
    reply.addInteger(idleMs < 0 ? 0 : idleMs);
    reply.addInteger(groups.deliveryCount);
    sent++;
  }
  reply.endDeferredArray(mark, sent);
}

// XCLAIM.

/**
 * XCLAIM key group consumer min-idle-time ID [ID ...] [IDLE ms] [TIME unix-time-ms] [RETRYCOUNT count] [FORCE]
 * [JUSTID] [LASTID id]
 */
function xclaimCommand(c: Client): void {
  if (!findGroupOrReply(c) || !parseClaimOrReply(c)) return;
  const { reply, server: { keyspace } } = c;
  const { groups } = streamsOf(c);
  const { group } = found;
  groups.lastId(group, id);
  let changes = 0;
  let isLastIdNew = false;
  const { propagation } = c.server;
  if (compareIds(claim.lastId, id) > 0) {
    groups.setLastId(group, claim.lastId);
    isLastIdNew = true;
  }
  if (!(claim.deliveryMs >= 0 && claim.deliveryMs <= keyspace.nowMs)) {
    claim.deliveryMs = keyspace.nowMs;
  }
  const consumer = consumerOf(c);
  const mark = reply.beginDeferred();
  let sent = 0;
  for (let i = 0; i < claim.idCount; i++) {
    const bytes = reply.bytes;
    if (claimEntry(c, consumer, ids[i], 5 + i)) changes++;
    if (reply.bytes !== bytes) sent++;
  }
  // A claim tells the group's last id by itself.
  if (changes === 0 && isLastIdNew) {
    changes = 1;
    if (propagation.isOn) propagateGroupId(c, 1, 2, group);
  }
  propagation.skip();
  c.server.dirty += changes;
  reply.endDeferredArray(mark, sent);
}

/**
 * Claims the entry whose id is the argument at `index` and replies it, unless it is none that may be claimed. One that
 * doesn't exist any more is forgotten instead. Returns whether anything changed.
 */
function claimEntry(c: Client, consumer: number, wanted: StreamId, index: number): boolean {
  const { reply, server: { keyspace } } = c;
  const streams = streamsOf(c);
  const { groups } = streams;
  const { stream, group } = found;
  if (!streams.hasEntry(stream, wanted)) {
    if (!groups.findPending(group, wanted)) return false;
    propagatePending(c, wanted, index);
    return groups.acknowledge(group, wanted);
  }
  if (groups.findPending(group, wanted)) {
    const idleMs = keyspace.nowMs - groups.deliveryMs;
    if (claim.minIdleMs > 0 && idleMs < claim.minIdleMs) return false;
    groups.assign(consumer, wanted);
  } else if (claim.force) groups.deliver(group, consumer, wanted, keyspace.nowMs);
  else return false;
  const { retryCount, justId } = claim;
  const count = groups.deliveryCount;
  groups.setDelivery(claim.deliveryMs, retryCount >= 0 ? retryCount : justId ? count : count + 1);
  groups.setActiveMs(consumer, keyspace.nowMs);
  propagatePending(c, wanted, index);
  if (justId) addStreamId(reply, wanted);
  else addEntryWithId(reply, streams, stream, wanted);
  return true;
}

/** Propagates the pending entry at the cursor, whose id is given. See `propagateClaim`. */
function propagatePending(c: Client, wanted: StreamId, idIndex: number): void {
  if (!c.server.propagation.isOn) return;
  const { pendingConsumer, deliveryMs, deliveryCount } = streamsOf(c).groups;
  propagateClaim(
    c,
    1,
    2,
    found.group,
    pendingConsumer,
    wanted,
    idIndex,
    deliveryMs,
    deliveryCount,
  );
}

/** Reads ids and options into `ids` and `claim`. False after an error reply. */
function parseClaimOrReply(c: Client): boolean {
  claim.minIdleMs = getIntegerOrReply(c, 4, "ERR Invalid min-idle-time argument for XCLAIM");
  if (Number.isNaN(claim.minIdleMs)) return false;
  let i = 5;
  while (i < c.argc && parseId(c, i, idSlot(i - 5))) i++;
  claim.idCount = i - 5;
  claim.deliveryMs = NaN;
  claim.retryCount = -1;
  claim.force = false;
  claim.justId = false;
  claim.lastId.setMin();
  for (; i < c.argc; i++) {
    const hasNext = i + 1 < c.argc;
    if (argIs(c, i, WORD_FORCE)) claim.force = true;
    else if (argIs(c, i, WORD_JUSTID)) claim.justId = true;
    else if (hasNext && argIs(c, i, WORD_IDLE)) {
      claim.deliveryMs = c.server.keyspace.nowMs - getOptionOrReply(c, ++i, "IDLE");
      if (Number.isNaN(claim.deliveryMs)) return false;
    } else if (hasNext && argIs(c, i, WORD_TIME)) {
      claim.deliveryMs = getOptionOrReply(c, ++i, "TIME");
      if (Number.isNaN(claim.deliveryMs)) return false;
    } else if (hasNext && argIs(c, i, WORD_RETRYCOUNT)) {
      claim.retryCount = getOptionOrReply(c, ++i, "RETRYCOUNT");
      if (Number.isNaN(claim.retryCount)) return false;
    } else if (hasNext && argIs(c, i, WORD_LASTID)) {
      if (!getIdOrReply(c, ++i, claim.lastId)) return false;
    } else {
      c.reply.addError(`ERR Unrecognized XCLAIM option '${argPrefix(c.argv, i)}'`);
      return false;
    }
  }
  return true;
}

function getOptionOrReply(c: Client, index: number, option: string): number {
  return getIntegerOrReply(c, index, `ERR Invalid ${option} option argument for XCLAIM`);
}

// XAUTOCLAIM.

/** XAUTOCLAIM key group consumer min-idle-time start [COUNT count] [JUSTID] */
function xautoclaimCommand(c: Client): void {
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  // The key counts as looked up whatever the other arguments are.
  const ref = keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  const minIdleMs = getIntegerOrReply(c, 4, "ERR Invalid min-idle-time argument for XAUTOCLAIM");
  if (Number.isNaN(minIdleMs) || !getRangeStartOrReply(c, 5)) return;
  claim.justId = false;
  let count = AUTOCLAIM_COUNT;
  for (let i = 6; i < c.argc; i++) {
    if (i + 1 < c.argc && argIs(c, i, WORD_COUNT)) {
      count = getRangeOrReply(c, ++i, 1, COUNT_MAX, "ERR COUNT must be > 0");
      if (Number.isNaN(count)) return;
    } else if (argIs(c, i, WORD_JUSTID)) claim.justId = true;
    else {
      c.reply.addError(SYNTAX_ERROR);
      return;
    }
  }
  if (!isGroupOrReply(c, ref)) return;
  if (count > COUNT_MEMORY_MAX) {
    c.reply.addError(
      "ERR Insufficient memory, failed allocating transient memory, COUNT too high.",
    );
    return;
  }
  autoclaim(c, minIdleMs, count);
}

function autoclaim(c: Client, minIdleMs: number, count: number): void {
  const { reply, server: { keyspace } } = c;
  const streams = streamsOf(c);
  const { groups } = streams;
  const { stream, group } = found;
  const consumer = consumerOf(c);
  deletedIds.length = 0;
  reply.addArray(3);
  const cursorMark = reply.beginDeferredBulk();
  const mark = reply.beginDeferred();
  let sent = 0;
  let more = groups.seekPending(group, range.start);
  for (let left = count * ATTEMPTS_PER_COUNT; left > 0 && count > 0 && more; left--) {
    groups.pending.idTo(id);
    if (!streams.hasEntry(stream, id)) {
      propagatePending(c, id, 0);
      groups.acknowledge(group, id);
      deletedIds.push(id.msHi, id.msLo, id.seqHi, id.seqLo);
      more = groups.seekPending(group, id);
      c.server.dirty++;
      count--;
      continue;
    }
    if (minIdleMs <= 0 || keyspace.nowMs - groups.deliveryMs >= minIdleMs) {
      groups.assign(consumer, id);
      groups.setDelivery(keyspace.nowMs, groups.deliveryCount + (claim.justId ? 0 : 1));
      groups.setActiveMs(consumer, keyspace.nowMs);
      propagatePending(c, id, 0);
      if (claim.justId) addStreamId(reply, id);
      else addEntryWithId(reply, streams, stream, id);
      sent++;
      count--;
      c.server.dirty++;
    }
    more = groups.pending.next();
  }
  reply.endDeferredArray(mark, sent);
  if (more) groups.pending.idTo(id);
  else id.setMin();
  reply.endDeferredBulk(cursorMark, text, 0, formatStreamId(text, 0, id));
  addDeletedIds(c);
  c.server.propagation.skip();
}

function addDeletedIds(c: Client): void {
  c.reply.addArray(deletedIds.length >> 2);
  for (let i = 0; i < deletedIds.length; i += 4) {
    id.set(deletedIds[i], deletedIds[i + 1], deletedIds[i + 2], deletedIds[i + 3]);
    addStreamId(c.reply, id);
  }
  deletedIds.length = 0;
}

// For all of them.

/** Looks up key and group in arguments 1 and 2. False after an error reply. */
function findGroupOrReply(c: Client): boolean {
  const { buf, off, len } = c.argv;
  return isGroupOrReply(c, c.server.keyspace.lookupKeyRead(c.db, buf, off[1], len[1]));
}

/** Looks up the group in argument 2 in the key's entry, which may be 0. False after an error reply. */
function isGroupOrReply(c: Client, ref: number): boolean {
  if (!isTypeOrReply(c, ref, TYPE_STREAM)) return false;
  const streams = streamsOf(c);
  const { buf, off, len } = c.argv;
  found.stream = ref === 0 ? 0 : streams.root(ref);
  found.group = ref === 0 ? 0 : streams.groups.find(found.stream, buf, off[2], len[2]);
  if (found.group !== 0) return true;
  addNoGroup(c);
  return false;
}

/** The consumer in argument 3, made if need be. It has just been seen. */
function consumerOf(c: Client): number {
  const { groups } = streamsOf(c);
  const { nowMs } = c.server.keyspace;
  const { buf, off, len } = c.argv;
  const known = groups.findConsumer(found.group, buf, off[3], len[3]);
  if (known !== 0) {
    groups.setSeenMs(known, nowMs);
    return known;
  }
  const made = groups.createConsumer(found.group, buf, off[3], len[3], nowMs);
  c.server.dirty++;
  notify(c, NOTIFY_STREAM, "xgroup-createconsumer", 1);
  return made;
}

// Declarations.

const JUSTID_ARG = { name: "justid", type: "pure-token", token: "JUSTID", optional: true } as const;

export const pendingCommands: CommandSpec[] = [
  {
    name: "xautoclaim",
    arity: -6,
    flags: WRITE | FAST,
    categories: ["stream"],
    since: "6.2.0",
    group: "stream",
    complexity: "O(1) with a small COUNT",
    summary: "Hands entries that are pending for long to a consumer, without being told which.",
    history: [["7.0.0", "Returns the IDs of deleted entries that were pending."]],
    keys: oneKey(KEY_RW | KEY_DELETE),
    args: [
      KEY_ARG,
      GROUP_ARG,
      CONSUMER_ARG,
      { name: "min-idle-time", type: "string" },
      { name: "start", type: "string" },
      COUNT_ARG,
      JUSTID_ARG,
    ],
    tips: ["nondeterministic_output"],
    handler: xautoclaimCommand,
  },
  {
    name: "xclaim",
    arity: -6,
    flags: WRITE | FAST,
    categories: ["stream"],
    since: "5.0.0",
    group: "stream",
    complexity: "O(log N), where N is the number of entries that the group has pending",
    summary: "Hands pending entries to a consumer, as if they were delivered to it.",
    keys: oneKey(KEY_RW | KEY_UPDATE),
    args: [
      KEY_ARG,
      GROUP_ARG,
      CONSUMER_ARG,
      { name: "min-idle-time", type: "string" },
      IDS_ARG,
      { name: "ms", type: "integer", token: "IDLE", optional: true },
      { name: "unix-time-milliseconds", type: "unix-time", token: "TIME", optional: true },
      { name: "count", type: "integer", token: "RETRYCOUNT", optional: true },
      { name: "force", type: "pure-token", token: "FORCE", optional: true },
      JUSTID_ARG,
      { name: "lastid", type: "string", token: "LASTID", optional: true },
    ],
    tips: ["nondeterministic_output"],
    handler: xclaimCommand,
  },
  readingOneKey({
    name: "xpending",
    arity: -3,
    flags: READONLY,
    since: "5.0.0",
    complexity:
      "O(N), where N is the number of entries returned, or with IDLE looked at; O(1) for the summary, and O(N) there with many consumers",
    summary: "Shows what a consumer group has pending.",
    history: [["6.2.0", "Takes `IDLE`, and ranges may leave their ends out."]],
    args: [
      KEY_ARG,
      GROUP_ARG,
      {
        name: "filters",
        type: "block",
        optional: true,
        args: [
          {
            name: "min-idle-time",
            type: "integer",
            token: "IDLE",
            since: "6.2.0",
            optional: true,
          },
          { name: "start", type: "string" },
          { name: "end", type: "string" },
          { name: "count", type: "integer" },
          { name: "consumer", type: "string", optional: true },
        ],
      },
    ],
    tips: ["nondeterministic_output"],
    handler: xpendingCommand,
  }),
];
