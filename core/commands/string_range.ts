/**
 * Commands on a part of a string, or on its length: APPEND, GETRANGE, SETRANGE, STRLEN, SUBSTR.
 */
import { NO_EXPIRY } from "../types/object.ts";
import { ByteRange, readString, stringLen } from "../types/t_string.ts";
import { argBigInt, firstIndex, getIntegerOrReply } from "../server/args.ts";
import { keyModified, notify, NOTIFY_STRING } from "../server/changes.ts";
import type { Client } from "../server/client.ts";
import {
  type ArgSpec,
  type CommandSpec,
  DENYOOM,
  FAST,
  KEY_ACCESS,
  KEY_INSERT,
  KEY_RO,
  KEY_RW,
  KEY_UPDATE,
  READONLY,
  WRITE,
} from "../server/command.ts";
import {
  checkStringLenOrReply,
  isStringOrReply,
  KEY_ARG,
  oneKey,
  VALUE_ARG,
} from "./string_reply.ts";

const OFFSET_OUT_OF_RANGE = "ERR offset is out of range";

const value = new ByteRange();

function strlenCommand(c: Client): void {
  const { keyspace, arena } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  if (isStringOrReply(c, ref)) c.reply.addInteger(ref === 0 ? 0 : stringLen(arena, ref));
}

function appendCommand(c: Client): void {
  const { keyspace, arena } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (!isStringOrReply(c, ref)) return;
  let total = len[2];
  if (ref === 0) {
    keyspace.strings.set(c.db, 0, buf, off[1], len[1], buf, off[2], len[2], NO_EXPIRY);
  } else {
    const old = stringLen(arena, ref);
    total += old;
    if (!checkStringLenOrReply(c, total)) return;
    keyspace.strings.write(keyspace.strings.grow(c.db, ref, total), old, buf, off[2], len[2]);
  }
  keyModified(c, 1);
  notify(c, NOTIFY_STRING, "append", 1);
  c.server.dirty++;
  c.reply.addInteger(total);
}

function setrangeCommand(c: Client): void {
  const offset = getIntegerOrReply(c, 2);
  if (Number.isNaN(offset)) return;
  if (offset < 0) {
    c.reply.addError(OFFSET_OUT_OF_RANGE);
    return;
  }
  const { keyspace, arena } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (!isStringOrReply(c, ref)) return;
  const old = ref === 0 ? 0 : stringLen(arena, ref);
  if (len[3] === 0) {
    c.reply.addInteger(old);
    return;
  }
  const end = offset + len[3];
  if (!checkStringLenOrReply(c, end)) return;
  const total = Math.max(old, end);
  const target = ref === 0
    ? keyspace.strings.addZeros(c.db, buf, off[1], len[1], total)
    : keyspace.strings.grow(c.db, ref, total);
  keyspace.strings.write(target, offset, buf, off[3], len[3]);
  keyModified(c, 1);
  notify(c, NOTIFY_STRING, "setrange", 1);
  c.server.dirty++;
  c.reply.addInteger(total);
}

function getrangeCommand(c: Client): void {
  let start = getIntegerOrReply(c, 2);
  if (Number.isNaN(start)) return;
  let end = getIntegerOrReply(c, 3);
  if (Number.isNaN(end)) return;
  const { keyspace, arena } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  if (!isStringOrReply(c, ref)) return;
  if (ref === 0 || start < 0 && end < 0 && isAfter(c, start, end)) {
    c.reply.addBulk(buf, 0, 0);
    return;
  }
  readString(arena, ref, value);
  const total = value.len;
  start = firstIndex(start, total);
  end = Math.min(firstIndex(end, total), total - 1);
  if (start > end) c.reply.addBulk(buf, 0, 0);
  else c.reply.addBulk(value.buf, value.off + start, end - start + 1);
}

/** Whether the first offset (argument 2) is above the second (argument 3), though as doubles they may be the same. */
export function isAfter(c: Client, start: number, end: number): boolean {
  if (start !== end || Number.isSafeInteger(start)) return start > end;
  return argBigInt(c, 2) > argBigInt(c, 3);
}

const RANGE_ARGS: ArgSpec[] = [
  KEY_ARG,
  { name: "start", type: "integer" },
  { name: "end", type: "integer" },
];
const RANGE_COMPLEXITY = "O(N) where N is the length of the reply";

export const rangeCommands: CommandSpec[] = [
  {
    name: "strlen",
    arity: 2,
    flags: READONLY | FAST,
    categories: ["string"],
    since: "2.2.0",
    group: "string",
    complexity: "O(1)",
    summary: "Tells how long the string at a key is.",
    keys: oneKey(KEY_RO),
    args: [KEY_ARG],
    handler: strlenCommand,
  },
  {
    name: "append",
    arity: 3,
    flags: WRITE | DENYOOM | FAST,
    categories: ["string"],
    since: "2.0.0",
    group: "string",
    complexity: "O(1) on average, as the room of a string that grows is doubled",
    summary: "Adds to the end of the string at a key, creating the key if need be.",
    keys: oneKey(KEY_RW | KEY_INSERT),
    args: [KEY_ARG, VALUE_ARG],
    handler: appendCommand,
  },
  {
    name: "setrange",
    arity: 4,
    flags: WRITE | DENYOOM,
    categories: ["string"],
    since: "2.2.0",
    group: "string",
    complexity: "O(M) where M is the length of the value; zeros in front of it count too",
    summary:
      "Writes over a part of the string at a key, with zeros in front where it is too short.",
    keys: oneKey(KEY_RW | KEY_UPDATE),
    args: [KEY_ARG, { name: "offset", type: "integer" }, VALUE_ARG],
    handler: setrangeCommand,
  },
  {
    name: "getrange",
    arity: 4,
    flags: READONLY,
    categories: ["string"],
    since: "2.4.0",
    group: "string",
    complexity: RANGE_COMPLEXITY,
    summary: "Returns a part of the string at a key.",
    keys: oneKey(KEY_RO | KEY_ACCESS),
    args: RANGE_ARGS,
    handler: getrangeCommand,
  },
  {
    name: "substr",
    arity: 4,
    flags: READONLY,
    categories: ["string"],
    since: "1.0.0",
    group: "string",
    complexity: RANGE_COMPLEXITY,
    summary: "Returns a part of the string at a key.",
    deprecatedSince: "2.0.0",
    replacedBy: "`GETRANGE`",
    keys: oneKey(KEY_RO | KEY_ACCESS),
    args: RANGE_ARGS,
    handler: getrangeCommand,
  },
];
