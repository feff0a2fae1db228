/**
 * Stream commands: those that change entries. The others of the group have files of their own and are
 * gathered here.
 *
 *     stream.ts            XADD XDEL XSETID
 *     stream_trim.ts       XTRIM
 *     stream_range.ts      XLEN XRANGE XREVRANGE
 *     stream_read.ts       XREAD XREADGROUP
 *     stream_group.ts      XACK XGROUP
 *     stream_pending.ts    XAUTOCLAIM XCLAIM XPENDING
 *     stream_info.ts       XINFO
 */
import { ascii } from "../base/bytes.ts";
import { BIG } from "../base/numbers.ts";
import { compareIds, StreamId } from "../base/stream_id.ts";
import {
  argBigInt,
  argInteger,
  argIs,
  isTypeOrReply,
  NO_SUCH_KEY,
  NOT_AN_INTEGER,
  SYNTAX_ERROR,
} from "../server/args.ts";
import { signalKeyReady } from "../server/blocking.ts";
import { keyModified, notify, NOTIFY_STREAM } from "../server/changes.ts";
import type { Client } from "../server/client.ts";
import {
  type CommandSpec,
  DENYOOM,
  FAST,
  KEY_DELETE,
  KEY_RW,
  KEY_UPDATE,
  WRITE,
} from "../server/command.ts";
import { TYPE_STREAM } from "../types/object.ts";
import { NODE_BYTES_MAX } from "../types/t_stream.ts";
import {
  addStreamId,
  getIdOrReply,
  getIdsOrReply,
  ids,
  IDS_ARG,
  streamOrReply,
  streamsOf,
} from "./stream_args.ts";
import { groupCommands } from "./stream_group.ts";
import { streamInfoCommands } from "./stream_info.ts";
import { pendingCommands } from "./stream_pending.ts";
import { propagateId } from "./stream_propagate.ts";
import { streamRangeCommands } from "./stream_range.ts";
import { readCommands } from "./stream_read.ts";
import {
  parseTrimOrReply,
  propagateTrim,
  trim,
  TRIM_NONE,
  trimArg,
  trimCommands,
  trimStream,
} from "./stream_trim.ts";
import { KEY_ARG, oneKey } from "./string_reply.ts";

const WORD_ENTRIESADDED = ascii("entriesadded");
const WORD_MAXDELETEDID = ascii("maxdeletedid");

const id = new StreamId();
const last = new StreamId();
const given = new StreamId();
const maxDeleted = new StreamId();

function xaddCommand(c: Client): void {
  const idIndex = parseTrimOrReply(c, true);
  if (idIndex < 0) return;
  const first = idIndex + 1;
  const parts = c.argc - first;
  if (parts < 2 || parts % 2 === 1) {
    c.reply.addError("ERR wrong number of arguments for 'xadd' command");
    return;
  }
  if (trim.isIdGiven && trim.isSeqGiven && trim.id.isMin()) {
    c.reply.addError("ERR The ID specified in XADD must be greater than 0-0");
    return;
  }
  const { keyspace } = c.server;
  const streams = streamsOf(c);
  const { buf, off, len } = c.argv;
  let ref = keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (!isTypeOrReply(c, ref, TYPE_STREAM)) return;
  const isNew = ref === 0;
  if (isNew) {
    if (trim.noMkstream) {
      c.reply.addNull();
      return;
    }
    last.setMin();
  } else streams.lastId(streams.root(ref), last);
  if (!chooseIdOrReply(c)) return;
  let bytes = 0;
  for (let i = first; i < c.argc; i++) bytes += len[i];
  if (bytes > NODE_BYTES_MAX) {
    c.reply.addError("ERR Elements are too large to be stored");
    return;
  }
  if (isNew) ref = keyspace.create(c.db, buf, off[1], len[1], TYPE_STREAM);
  const stream = streams.root(ref);
  streams.append(stream, id, buf, off, len, first, parts >> 1, bytes);
  addStreamId(c.reply, id);
  notify(c, NOTIFY_STREAM, "xadd", 1);
  c.server.dirty++;
  if (trim.strategy !== TRIM_NONE && trimStream(c, stream) > 0) {
    notify(c, NOTIFY_STREAM, "xtrim", 1);
  }
  if (c.server.propagation.isOn) propagateXadd(c, stream, idIndex);
  keyModified(c, 1);
  if (!isNew) signalKeyReady(c, 1);
}

/** XADD is propagated with the id that was chosen, and the trimming that was done. */
function propagateXadd(c: Client, stream: number, idIndex: number): void {
  const isWhole = trim.isIdGiven && trim.isSeqGiven;
  if (isWhole && !trim.isApprox) return;
  const { propagation } = c.server;
  propagation.instead(c, c.argc);
  propagateTrim(c, stream, 0, idIndex);
  if (isWhole) propagation.arg(c, idIndex);
  else propagateId(c, id);
  propagation.args(c, idIndex + 1, c.argc);
}

/** Puts the id of the next entry into `id`. False after an error reply. */
function chooseIdOrReply(c: Client): boolean {
  if (last.isMax()) {
    c.reply.addError(
      "ERR The stream has exhausted the last possible ID, unable to add more items",
    );
    return false;
  }
  if (trim.isIdGiven) {
    id.copy(trim.id);
    if (!trim.isSeqGiven && id.msLo === last.msLo && id.msHi === last.msHi) {
      // The sequence must not run over into the next millisecond.
      id.copy(last);
      if ((last.seqHi & last.seqLo) !== -1) id.increment();
    }
  } else {
    id.setTime(c.server.keyspace.nowMs);
    if (id.msHi === last.msHi && id.msLo === last.msLo || compareIds(id, last) < 0) {
      id.copy(last);
      id.increment();
    }
  }
  if (compareIds(id, last) <= 0) {
    c.reply.addError(
      "ERR The ID specified in XADD is equal or smaller than the target stream top item",
    );
    return false;
  }
  return true;
}

function xdelCommand(c: Client): void {
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (ref === 0) {
    c.reply.addInteger(0);
    return;
  }
  const stream = streamOrReply(c, ref);
  if (stream === 0 || !getIdsOrReply(c, 2)) return;
  const streams = streamsOf(c);
  const count = c.argc - 2;
  let deleted = 0;
  let isFirst = false;
  streams.firstId(stream, id);
  for (let i = 0; i < count; i++) {
    if (!streams.remove(stream, ids[i])) continue;
    deleted++;
    if (ids[i].equals(id)) isFirst = true;
  }
  if (deleted > 0) {
    if (isFirst || streams.lengthOf(stream) === 0) streams.findFirstId(stream);
    keyModified(c, 1);
    notify(c, NOTIFY_STREAM, "xdel", 1);
    c.server.dirty += deleted;
  }
  c.reply.addInteger(deleted);
}

/** XSETID key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id] */
function xsetidCommand(c: Client): void {
  if (!getIdOrReply(c, 2, given)) return;
  maxDeleted.setMin();
  const added = parseSetidOptionsOrReply(c);
  if (added === null) return;
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (ref === 0) {
    c.reply.addError(NO_SUCH_KEY);
    return;
  }
  const stream = streamOrReply(c, ref);
  if (stream === 0) return;
  const streams = streamsOf(c);
  streams.maxDeletedId(stream, id);
  const length = streams.lengthOf(stream);
  const problem = compareIds(given, id) < 0
    ? "ID specified in XSETID is smaller than current max_deleted_entry_id"
    : streams.lastEntryId(stream, id) && compareIds(given, id) < 0
    ? "ID specified in XSETID is smaller than the target stream top item"
    : length > 0 && added !== -1 && length > added
    ? "entries_added specified in XSETID is smaller than the target stream length"
    : "";
  if (problem !== "") {
    c.reply.addError(`ERR The ${problem}`);
    return;
  }
  streams.setLastId(stream, given);
  if (added !== -1) streams.setEntriesAdded(stream, added);
  if (!maxDeleted.isMin()) streams.setMaxDeletedId(stream, maxDeleted);
  c.reply.addOk();
  c.server.dirty++;
  notify(c, NOTIFY_STREAM, "xsetid", 1);
}

/** The options of XSETID: returns ENTRIESADDED, -1 when not given, null after an error reply. */
function parseSetidOptionsOrReply(c: Client): number | bigint | null {
  let added: number | bigint = -1;
  for (let i = 3; i < c.argc; i += 2) {
    const hasNext = i + 1 < c.argc;
    if (hasNext && argIs(c, i, WORD_ENTRIESADDED)) {
      const value = argInteger(c, i + 1);
      added = value === BIG ? argBigInt(c, i + 1) : value;
      if (Number.isNaN(value) || added < 0) {
        c.reply.addError(
          Number.isNaN(value) ? NOT_AN_INTEGER : "ERR entries_added must be positive",
        );
        return null;
      }
    } else if (hasNext && argIs(c, i, WORD_MAXDELETEDID)) {
      if (!getIdOrReply(c, i + 1, maxDeleted)) return null;
      if (compareIds(given, maxDeleted) < 0) {
        c.reply.addError(
          "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id",
        );
        return null;
      }
    } else {
      c.reply.addError(SYNTAX_ERROR);
      return null;
    }
  }
  return added;
}

const entryCommands: CommandSpec[] = [
  {
    name: "xadd",
    arity: -5,
    flags: WRITE | DENYOOM | FAST,
    categories: ["stream"],
    since: "5.0.0",
    group: "stream",
    complexity: "O(1) to add an entry, O(N) to trim, where N is the number of entries removed",
    summary: "Adds an entry to the end of a stream, which is created if need be.",
    history: [
      ["6.2.0", "Takes `NOMKSTREAM`, `MINID` and `LIMIT`."],
      ["7.0.0", "Takes IDs of the form `<ms>-*`."],
    ],
    keys: oneKey(KEY_RW | KEY_UPDATE, "UPDATE, not INSERT, because entries may be trimmed"),
    args: [
      KEY_ARG,
      {
        name: "nomkstream",
        type: "pure-token",
        token: "NOMKSTREAM",
        since: "6.2.0",
        optional: true,
      },
      trimArg(true),
      {
        name: "id-selector",
        type: "oneof",
        args: [
          { name: "auto-id", type: "pure-token", token: "*" },
          { name: "id", type: "string" },
        ],
      },
      {
        name: "data",
        type: "block",
        multiple: true,
        args: [{ name: "field", type: "string" }, { name: "value", type: "string" }],
      },
    ],
    tips: ["nondeterministic_output"],
    handler: xaddCommand,
  },
  {
    name: "xdel",
    arity: -3,
    flags: WRITE | FAST,
    categories: ["stream"],
    since: "5.0.0",
    group: "stream",
    complexity: "O(1) for each entry, however long the stream is",
    summary: "Deletes entries of a stream and tells how many there were.",
    keys: oneKey(KEY_RW | KEY_DELETE),
    args: [KEY_ARG, IDS_ARG],
    handler: xdelCommand,
  },
  {
    name: "xsetid",
    arity: -3,
    flags: WRITE | DENYOOM | FAST,
    categories: ["stream"],
    since: "5.0.0",
    group: "stream",
    complexity: "O(1)",
    summary: "Sets what a stream knows of itself; for replication.",
    history: [["7.0.0", "Takes `ENTRIESADDED` and `MAXDELETEDID`."]],
    keys: oneKey(KEY_RW | KEY_UPDATE),
    args: [
      KEY_ARG,
      { name: "last-id", type: "string" },
      {
        name: "entries-added",
        type: "integer",
        token: "ENTRIESADDED",
        since: "7.0.0",
        optional: true,
      },
      {
        name: "max-deleted-id",
        type: "string",
        token: "MAXDELETEDID",
        since: "7.0.0",
        optional: true,
      },
    ],
    handler: xsetidCommand,
  },
];

/** The whole group. */
export const streamCommands: CommandSpec[] = [
  ...entryCommands,
  ...trimCommands,
  ...streamRangeCommands,
  ...readCommands,
  ...groupCommands,
  ...pendingCommands,
  ...streamInfoCommands,
];
