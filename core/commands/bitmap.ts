/**
 * Bitmap commands: those on single bits and on ranges of them. The others of the group have files of their own
 * and are gathered here.
 *
 *     bitmap.ts           BITCOUNT BITPOS GETBIT SETBIT
 *     bitmap_fields.ts    BITFIELD BITFIELD_RO
 *     bitmap_combine.ts   BITOP
 *
 * As in Redis 7.4, arguments are looked at before the key.
 */
import { ascii } from "../base/bytes.ts";
import { Bitmap } from "../types/bitmap.ts";
import { argIs, firstIndex, getIntegerOrReply, SYNTAX_ERROR } from "../server/args.ts";
import { keyModified, notify, NOTIFY_STRING } from "../server/changes.ts";
import type { Client } from "../server/client.ts";
import {
  type ArgSpec,
  type CommandSpec,
  DENYOOM,
  FAST,
  KEY_ACCESS,
  KEY_RO,
  KEY_RW,
  KEY_UPDATE,
  READONLY,
  WRITE,
} from "../server/command.ts";
import { combineCommands } from "./bitmap_combine.ts";
import { fieldCommands } from "./bitmap_fields.ts";
import { getBitOffsetOrReply, growForBits } from "./bitmap_offset.ts";
import { isAfter } from "./string_range.ts";
import { isStringOrReply, KEY_ARG, oneKey } from "./string_reply.ts";

const NOT_A_BIT = "ERR bit is not an integer or out of range";
const NOT_0_OR_1 = "ERR The bit argument must be 1 or 0.";
const BIT = ascii("bit");
const BYTE = ascii("byte");

const bitmap = new Bitmap();
const byte = new Uint8Array(1);
/** The bits that a range of arguments means, first and last; none when the first is after the last. */
const bits = new Float64Array(2);

function getbitCommand(c: Client): void {
  const offset = getBitOffsetOrReply(c, 2, 0);
  if (Number.isNaN(offset)) return;
  const { keyspace, arena } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  if (!isStringOrReply(c, ref)) return;
  bitmap.read(arena, ref);
  c.reply.addInteger(bitmap.bit(offset));
}

function setbitCommand(c: Client): void {
  const offset = getBitOffsetOrReply(c, 2, 0);
  if (Number.isNaN(offset)) return;
  const value = getIntegerOrReply(c, 3, NOT_A_BIT);
  if (Number.isNaN(value)) return;
  if (value !== 0 && value !== 1) {
    c.reply.addError(NOT_A_BIT);
    return;
  }
  const { keyspace, arena } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (!isStringOrReply(c, ref)) return;
  bitmap.read(arena, ref);
  const old = bitmap.bit(offset);
  const at = Math.floor(offset / 8);
  const isLonger = ref === 0 || at >= bitmap.len;
  const target = growForBits(c, ref, at + 1);
  if (isLonger || old !== value) {
    bitmap.read(arena, target);
    const mask = 0x80 >> offset % 8;
    const rest = bitmap.bytes[bitmap.off + at] & ~mask;
    byte[0] = value === 1 ? rest | mask : rest;
    keyspace.strings.write(target, at, byte, 0, 1);
    keyModified(c, 1);
    notify(c, NOTIFY_STRING, "setbit", 1);
    c.server.dirty++;
  }
  c.reply.addInteger(old);
}

function bitcountCommand(c: Client): void {
  const { argc } = c;
  if (argc === 3 || argc > 5) {
    c.reply.addError(SYNTAX_ERROR);
    return;
  }
  const hasRange = argc > 2;
  const start = hasRange ? getIntegerOrReply(c, 2) : 0;
  if (Number.isNaN(start)) return;
  const end = hasRange ? getIntegerOrReply(c, 3) : -1;
  if (Number.isNaN(end)) return;
  const inBits = argc === 5 && isBitUnit(c, 4);
  if (argc === 5 && !inBits && !isByteUnitOrReply(c, 4)) return;
  const { keyspace, arena } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  if (!isStringOrReply(c, ref)) return;
  bitmap.read(arena, ref);
  const isBackwards = hasRange && start < 0 && end < 0 && isAfter(c, start, end);
  if (isBackwards || !setRange(start, end, bitmap.len, inBits)) c.reply.addInteger(0);
  else c.reply.addInteger(bitmap.count(bits[0], bits[1]));
}

function bitposCommand(c: Client): void {
  const { argc } = c;
  const bit = getIntegerOrReply(c, 2);
  if (Number.isNaN(bit)) return;
  if (bit !== 0 && bit !== 1) {
    c.reply.addError(NOT_0_OR_1);
    return;
  }
  if (argc > 6) {
    c.reply.addError(SYNTAX_ERROR);
    return;
  }
  const start = argc > 3 ? getIntegerOrReply(c, 3) : 0;
  if (Number.isNaN(start)) return;
  const inBits = argc === 6 && isBitUnit(c, 5);
  if (argc === 6 && !inBits && !isByteUnitOrReply(c, 5)) return;
  const hasEnd = argc > 4;
  const end = hasEnd ? getIntegerOrReply(c, 4) : -1;
  if (Number.isNaN(end)) return;
  const { keyspace, arena } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  if (!isStringOrReply(c, ref)) return;
  if (ref === 0) {
    // A key that isn't there is zeros without end.
    c.reply.addInteger(bit === 1 ? -1 : 0);
    return;
  }
  bitmap.read(arena, ref);
  let pos = -1;
  if (setRange(start, end, bitmap.len, inBits)) {
    pos = bitmap.find(bit, bits[0], bits[1]);
    // Without an end, zeros follow the string.
    if (pos < 0 && bit === 0 && !hasEnd) pos = bitmap.len * 8;
  }
  c.reply.addInteger(pos);
}

function isBitUnit(c: Client, index: number): boolean {
  return argIs(c, index, BIT);
}

function isByteUnitOrReply(c: Client, index: number): boolean {
  if (argIs(c, index, BYTE)) return true;
  c.reply.addError(SYNTAX_ERROR);
  return false;
}

/** Sets `bits` to a range of a string of `len` bytes, ends below 0 counting from its end. False when it is empty. */
function setRange(start: number, end: number, len: number, inBits: boolean): boolean {
  const total = inBits ? len * 8 : len;
  start = firstIndex(start, total);
  end = Math.min(firstIndex(end, total), total - 1);
  bits[0] = inBits ? start : start * 8;
  bits[1] = inBits ? end : end * 8 + 7;
  return start <= end;
}

const OFFSET_ARG: ArgSpec = { name: "offset", type: "integer" };
const UNIT_ARG: ArgSpec = {
  name: "unit",
  type: "oneof",
  since: "7.0.0",
  optional: true,
  args: [
    { name: "byte", type: "pure-token", token: "BYTE" },
    { name: "bit", type: "pure-token", token: "BIT" },
  ],
};

const bitCommands: CommandSpec[] = [
  {
    name: "getbit",
    arity: 3,
    flags: READONLY | FAST,
    categories: ["bitmap"],
    since: "2.2.0",
    group: "bitmap",
    complexity: "O(1)",
    summary: "Returns one bit of the string at a key.",
    keys: oneKey(KEY_RO | KEY_ACCESS),
    args: [KEY_ARG, OFFSET_ARG],
    handler: getbitCommand,
  },
  {
    name: "setbit",
    arity: 4,
    flags: WRITE | DENYOOM,
    categories: ["bitmap"],
    since: "2.2.0",
    group: "bitmap",
    complexity: "O(1)",
    summary:
      "Changes one bit of the string at a key, which grows as needed, and returns what it was.",
    keys: oneKey(KEY_RW | KEY_ACCESS | KEY_UPDATE),
    args: [KEY_ARG, OFFSET_ARG, { name: "value", type: "integer" }],
    handler: setbitCommand,
  },
];

const rangeCommands: CommandSpec[] = [
  {
    name: "bitcount",
    arity: -2,
    flags: READONLY,
    categories: ["bitmap"],
    since: "2.6.0",
    group: "bitmap",
    complexity: "O(N)",
    summary: "Counts the bits that are set in a string or a part of it.",
    history: [["7.0.0", "Takes `BYTE` and `BIT`."]],
    keys: oneKey(KEY_RO | KEY_ACCESS),
    args: [
      KEY_ARG,
      {
        name: "range",
        type: "block",
        optional: true,
        args: [{ name: "start", type: "integer" }, { name: "end", type: "integer" }, UNIT_ARG],
      },
    ],
    handler: bitcountCommand,
  },
  {
    name: "bitpos",
    arity: -3,
    flags: READONLY,
    categories: ["bitmap"],
    since: "2.8.7",
    group: "bitmap",
    complexity: "O(N)",
    summary: "Finds the first bit with a given value in a string or a part of it.",
    history: [["7.0.0", "Takes `BYTE` and `BIT`."]],
    keys: oneKey(KEY_RO | KEY_ACCESS),
    args: [
      KEY_ARG,
      { name: "bit", type: "integer" },
      {
        name: "range",
        type: "block",
        optional: true,
        args: [
          { name: "start", type: "integer" },
          {
            name: "end-unit-block",
            type: "block",
            optional: true,
            args: [{ name: "end", type: "integer" }, UNIT_ARG],
          },
        ],
      },
    ],
    handler: bitposCommand,
  },
];

/** The whole group. */
export const bitmapCommands: CommandSpec[] = [
  ...bitCommands,
  ...rangeCommands,
  ...fieldCommands,
  ...combineCommands,
];
