/**
 * What the stream commands' files share: ids as arguments and in replies, entries in replies, errors.
 */
import {
  formatStreamId,
  ID_INVALID,
  parseStreamId,
  STREAM_ID_LEN_MAX,
  StreamId,
} from "../base/stream_id.ts";
import type { Reply } from "../protocol/reply.ts";
import { isTypeOrReply } from "../server/args.ts";
import type { Client } from "../server/client.ts";
import { argPrefix } from "../server/command_table.ts";
import { type ArgSpec, type CommandSpec, KEY_ACCESS, KEY_RO } from "../server/command.ts";
import { TYPE_STREAM } from "../types/object.ts";
import type { StreamCursor } from "../types/stream_cursor.ts";
import type { Streams } from "../types/t_stream.ts";
import type { ByteRange } from "../types/t_string.ts";
import { oneKey } from "./string_reply.ts";

const INVALID_ID = "ERR Invalid stream ID specified as stream command argument";
const PAREN = 0x28;
const CR = 0x0d;
const LF = 0x0a;

/** The smallest and the largest id: not to be changed. */
export const MIN_ID: StreamId = new StreamId();
export const MAX_ID: StreamId = new StreamId();
MAX_ID.setMax();

/** What `getRangeEndsOrReply` found. */
export const range: { readonly start: StreamId; readonly end: StreamId } = {
  start: new StreamId(),
  end: new StreamId(),
};

/** What `getIdsOrReply` found, and as many more as earlier calls. */
export const ids: StreamId[] = [];

const text = new Uint8Array(STREAM_ID_LEN_MAX);

// Arguments.

/** The streams of a server. */
export function streamsOf(c: Client): Streams {
  return c.server.keyspace.values.streams;
}

/** Whether argument `index` is this one character. */
export function argIsChar(c: Client, index: number, char: number): boolean {
  return c.argv.len[index] === 1 && c.argv.buf[c.argv.off[index]] === char;
}

/** An id that must be one, not `-` or `+`; without a sequence number that is 0. False after an error reply. */
export function getIdOrReply(c: Client, index: number, out: StreamId): boolean {
  if (parseId(c, index, out)) return true;
  addInvalidId(c);
  return false;
}

/** `getIdOrReply` without the reply. */
export function parseId(c: Client, index: number, out: StreamId): boolean {
  const { buf, off, len } = c.argv;
  return parseStreamId(buf, off[index], len[index], false, true, false, out) !== ID_INVALID;
}

/** All arguments from `first` on as ids, into `ids`. False after an error reply. */
export function getIdsOrReply(c: Client, first: number): boolean {
  for (let i = first; i < c.argc; i++) {
    if (!getIdOrReply(c, i, idSlot(i - first))) return false;
  }
  return true;
}

/** Number `index` of `ids`, made if need be. */
export function idSlot(index: number): StreamId {
  if (index === ids.length) ids.push(new StreamId());
  return ids[index];
}

/** The ends of a range, in `range`. False after an error reply. */
export function getRangeEndsOrReply(c: Client, startIndex: number, endIndex: number): boolean {
  return getRangeStartOrReply(c, startIndex) && getRangeEndOrReply(c, endIndex);
}

/** The start of a range, `(id` without the id itself, in `range.start`. False after an error reply. */
export function getRangeStartOrReply(c: Client, index: number): boolean {
  const isExclusive = parseEnd(c, index, false, range.start);
  if (isExclusive === null) return false;
  if (!isExclusive || range.start.increment()) return true;
  c.reply.addError("ERR invalid start ID for the interval");
  return false;
}

function getRangeEndOrReply(c: Client, index: number): boolean {
  const isExclusive = parseEnd(c, index, true, range.end);
  if (isExclusive === null) return false;
  if (!isExclusive || range.end.decrement()) return true;
  c.reply.addError("ERR invalid end ID for the interval");
  return false;
}

/** Whether an end of a range begins with a parenthesis, and its id. Null after an error reply. */
function parseEnd(c: Client, index: number, isEnd: boolean, out: StreamId): boolean | null {
  const { buf, off, len } = c.argv;
  const skip = len[index] > 1 && buf[off[index]] === PAREN ? 1 : 0;
  const at = off[index] + skip;
  const result = parseStreamId(buf, at, len[index] - skip, isEnd, skip === 1, false, out);
  if (result !== ID_INVALID) return skip === 1;
  addInvalidId(c);
  return null;
}

// Lookups.

/** The block of the stream in a looked-up entry, 0 after an error reply or for no entry. */
export function streamOrReply(c: Client, ref: number): number {
  if (ref === 0 || !isTypeOrReply(c, ref, TYPE_STREAM)) return 0;
  return streamsOf(c).root(ref);
}

// Replies.

export function addInvalidId(c: Client): void {
  c.reply.addError(INVALID_ID);
}

/** A stream id as a bulk string. */
export function addStreamId(reply: Reply, id: StreamId): void {
  // Written where it goes, behind a header of five bytes: nearly every id has 10 to 41.
  reply.reserve(STREAM_ID_LEN_MAX + 7);
  const { buf, pos } = reply;
  const end = formatStreamId(buf, pos + 5, id);
  const len = end - pos - 5;
  if (len < 10) {
    reply.addBulk(text, 0, formatStreamId(text, 0, id));
    return;
  }
  const tens = (len / 10) | 0;
  buf[pos] = 0x24;
  buf[pos + 1] = 0x30 + tens;
  buf[pos + 2] = 0x30 + len - tens * 10;
  buf[pos + 3] = buf[end] = CR;
  buf[pos + 4] = buf[end + 1] = LF;
  reply.pos = end + 2;
}

/** An integer that may need 64 bits, or null. */
export function addCounter(reply: Reply, value: number | bigint | null): void {
  if (value === null) reply.addNull();
  else if (typeof value === "number") reply.addInteger(value);
  else reply.addBigInteger(value);
}

/** A name. */
export function addName(reply: Reply, name: ByteRange): void {
  reply.addBulk(name.buf, name.off, name.len);
}

/** The entry at a cursor: its id, and its fields and values. */
export function addEntry(reply: Reply, cursor: StreamCursor): void {
  reply.addArray(2);
  addStreamId(reply, cursor.id);
  const { numFields, field, value } = cursor;
  reply.addArray(numFields * 2);
  for (let i = 0; i < numFields; i++) {
    cursor.nextField();
    field.toText();
    reply.addBulk(field.buf, field.off, field.len);
    value.toText();
    reply.addBulk(value.buf, value.off, value.len);
  }
}

/** The entry with this id, if there is one. Returns whether there is. */
export function addEntryWithId(
  reply: Reply,
  streams: Streams,
  stream: number,
  id: StreamId,
): boolean {
  const { cursor } = streams;
  cursor.begin(stream, id, id, false);
  if (!cursor.next()) return false;
  addEntry(reply, cursor);
  return true;
}

/** An array of the entries of a range, at most `count` of them; 0: all. */
export function addEntries(
  reply: Reply,
  streams: Streams,
  stream: number,
  start: StreamId,
  end: StreamId,
  count: number,
  isReverse: boolean,
): void {
  const { cursor } = streams;
  const mark = reply.beginDeferred();
  let sent = 0;
  cursor.begin(stream, start, end, isReverse);
  while (cursor.next()) {
    addEntry(reply, cursor);
    if (++sent === count) break;
  }
  reply.endDeferredArray(mark, sent);
}

/** The error for a key or a group that isn't there. */
export function addNoGroup(c: Client, tail = ""): void {
  const [key, group] = [argPrefix(c.argv, 1), argPrefix(c.argv, 2)];
  c.reply.addError(`NOGROUP No such key '${key}' or consumer group '${group}'${tail}`);
}

/** The error of subcommands, where key and group are arguments 2 and 3 and the key is there. */
export function addNoGroupOfKey(c: Client): void {
  const [key, group] = [argPrefix(c.argv, 2), argPrefix(c.argv, 3)];
  c.reply.addError(`NOGROUP No such consumer group '${group}' for key name '${key}'`);
}

// Declarations.

/** A command that reads one stream. */
export function readingOneKey(
  spec: Omit<CommandSpec, "categories" | "group" | "keys">,
): CommandSpec {
  return { categories: ["stream"], group: "stream", keys: oneKey(KEY_RO | KEY_ACCESS), ...spec };
}

export const GROUP_ARG: ArgSpec = { name: "group", type: "string" };
export const CONSUMER_ARG: ArgSpec = { name: "consumer", type: "string" };
export const IDS_ARG: ArgSpec = { name: "ID", type: "string", multiple: true };
export const COUNT_ARG: ArgSpec = {
  name: "count",
  type: "integer",
  token: "COUNT",
  optional: true,
};
