/**
 * BITFIELD and BITFIELD_RO: integers of any width in a string.
 *
 * A request is read whole before anything is done, so one that is wrong somewhere changes nothing. What was
 * read is kept in columns, an element per operation; operands are read again from the arguments when it is
 * their turn, as they may have 64 bits.
 */
import { ascii, tokenEquals } from "../base/bytes.ts";
import { parseInteger } from "../base/numbers.ts";
import type { Argv } from "../protocol/resp_parser.ts";
import {
  DOUBLE_BITS_MAX,
  DOUBLE_OPERAND_MAX,
  fit,
  fitBig,
  OVERFLOW_FAIL,
  OVERFLOW_SAT,
  OVERFLOW_WRAP,
  packBits,
  piece,
  readBits,
  signed,
} from "../types/bitfield.ts";
import { Bitmap } from "../types/bitmap.ts";
import { argBigInt, argInteger, argIs, NOT_AN_INTEGER, SYNTAX_ERROR } from "../server/args.ts";
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
  KEY_VARIABLE_FLAGS,
  READONLY,
  WRITE,
} from "../server/command.ts";
import type { KeyList } from "../server/keys_of.ts";
import { getBitOffsetOrReply, growForBits } from "./bitmap_offset.ts";
import { isStringOrReply, KEY_ARG, oneKey } from "./string_reply.ts";

const BAD_TYPE =
  "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.";
const BAD_OVERFLOW = "ERR Invalid OVERFLOW type specified";
const ONLY_GET = "ERR BITFIELD_RO only supports the GET subcommand";
const GET = ascii("get");
const SET = ascii("set");
const INCRBY = ascii("incrby");
const OVERFLOW = ascii("overflow");
const WRAP = ascii("wrap");
const SAT = ascii("sat");
const FAIL = ascii("fail");

const OP_GET = 0;
const OP_SET = 1;
const OP_INCRBY = 2;

/** The operations of one request. */
class Operations {
  count = 0;
  /** The highest bit that is written, -1 if none is. */
  lastWritten = -1;
  offsets = new Float64Array(16);
  /** Fields of one operation: what it does, width, 1 with sign, what to do on overflow, its operand's index. */
  ops = new Uint8Array(16);
  bits = new Uint8Array(16);
  signs = new Uint8Array(16);
  overflows = new Uint8Array(16);
  operands = new Int32Array(16);

  clear(): void {
    this.count = 0;
    this.lastWritten = -1;
  }

  add(op: number, isSigned: boolean, bits: number, at: number, mode: number, arg: number): void {
    const i = this.count++;
    if (i === this.ops.length) this.enlarge();
    this.ops[i] = op;
    this.signs[i] = isSigned ? 1 : 0;
    this.bits[i] = bits;
    this.offsets[i] = at;
    this.overflows[i] = mode;
    this.operands[i] = arg;
    if (op !== OP_GET) this.lastWritten = Math.max(this.lastWritten, at + bits - 1);
  }

  private enlarge(): void {
    const size = this.ops.length * 2;
    const grown = new Operations();
    grown.offsets = new Float64Array(size);
    grown.offsets.set(this.offsets);
    grown.ops = enlarged(this.ops, size);
    grown.bits = enlarged(this.bits, size);
    grown.signs = enlarged(this.signs, size);
    grown.overflows = enlarged(this.overflows, size);
    grown.operands = new Int32Array(size);
    grown.operands.set(this.operands);
    const { offsets, ops, bits, signs, overflows, operands } = grown;
    Object.assign(this, { offsets, ops, bits, signs, overflows, operands });
  }
}

const operations = new Operations();
const bitmap = new Bitmap();

function bitfieldCommand(c: Client): void {
  bitfield(c, false);
}

function bitfieldRoCommand(c: Client): void {
  bitfield(c, true);
}

function bitfield(c: Client, isReadonly: boolean): void {
  if (!parseOrReply(c)) return;
  const { count, lastWritten } = operations;
  if (isReadonly && lastWritten >= 0) {
    c.reply.addError(ONLY_GET);
    return;
  }
  const { keyspace, arena } = c.server;
  const { buf, off, len } = c.argv;
  let ref = lastWritten < 0
    ? keyspace.lookupKeyRead(c.db, buf, off[1], len[1])
    : keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (!isStringOrReply(c, ref)) return;
  bitmap.read(arena, ref);
  let isLonger = false;
  if (lastWritten >= 0) {
    const old = ref === 0 ? -1 : bitmap.len;
    ref = growForBits(c, ref, Math.floor(lastWritten / 8) + 1);
    bitmap.read(arena, ref);
    isLonger = bitmap.len !== old;
  }
  c.reply.addArray(count);
  let changes = 0;
  for (let i = 0; i < count; i++) {
    if (operations.ops[i] === OP_GET) replyField(c, i);
    else if (change(c, ref, i, isLonger)) changes++;
  }
  if (changes === 0) {
    // It counts as no change that the string is longer, but it would not be so for whoever repeats the rest.
    if (isLonger) c.server.propagation.force();
    return;
  }
  keyModified(c, 1);
  notify(c, NOTIFY_STRING, "setbit", 1);
  c.server.dirty += changes;
}

/** Reads the request into `operations`. False after an error reply. */
function parseOrReply(c: Client): boolean {
  operations.clear();
  let overflow = OVERFLOW_WRAP;
  for (let i = 2; i < c.argc;) {
    const left = c.argc - i - 1;
    let op = OP_GET;
    if (argIs(c, i, GET) && left >= 2) op = OP_GET;
    else if (argIs(c, i, SET) && left >= 3) op = OP_SET;
    else if (argIs(c, i, INCRBY) && left >= 3) op = OP_INCRBY;
    else if (argIs(c, i, OVERFLOW) && left >= 1) {
      overflow = overflowMode(c, i + 1);
      if (overflow < 0) {
        c.reply.addError(BAD_OVERFLOW);
        return false;
      }
      i += 2;
      continue;
    } else {
      c.reply.addError(SYNTAX_ERROR);
      return false;
    }
    const width = fieldType(c, i + 1);
    if (width === 0) {
      c.reply.addError(BAD_TYPE);
      return false;
    }
    const bits = Math.abs(width);
    const offset = getBitOffsetOrReply(c, i + 2, bits);
    if (Number.isNaN(offset)) return false;
    if (op !== OP_GET && Number.isNaN(argInteger(c, i + 3))) {
      c.reply.addError(NOT_AN_INTEGER);
      return false;
    }
    operations.add(op, width < 0, bits, offset, overflow, i + 3);
    i += op === OP_GET ? 3 : 4;
  }
  return true;
}

function overflowMode(c: Client, index: number): number {
  if (argIs(c, index, WRAP)) return OVERFLOW_WRAP;
  if (argIs(c, index, SAT)) return OVERFLOW_SAT;
  return argIs(c, index, FAIL) ? OVERFLOW_FAIL : -1;
}

/** The width that a type such as i16 or u8 names, below 0 with sign; 0 for what is no type. */
function fieldType(c: Client, index: number): number {
  const { buf } = c.argv;
  const off = c.argv.off[index];
  const len = c.argv.len[index];
  if (len < 2) return 0;
  const bits = parseInteger(buf, off + 1, len - 1);
  if (!(bits >= 1)) return 0;
  if (buf[off] === 0x69) return bits <= 64 ? -bits : 0; // 'i'
  return buf[off] === 0x75 && bits <= 63 ? bits : 0; // 'u'
}

/** Replies field `i` as it is. */
function replyField(c: Client, i: number): void {
  if (operations.bits[i] <= DOUBLE_BITS_MAX) c.reply.addInteger(field(i));
  else c.reply.addBigInteger(bigField(i));
}

/** Does operation `i`, a SET or INCRBY, and replies. Returns whether it counts as a change. */
function change(c: Client, ref: number, i: number, isLonger: boolean): boolean {
  const bits = operations.bits[i];
  const operand = argInteger(c, operations.operands[i]);
  if (bits > DOUBLE_BITS_MAX || Math.abs(operand) > DOUBLE_OPERAND_MAX) {
    return changeBig(c, ref, i, isLonger);
  }
  const isSigned = operations.signs[i] !== 0;
  const isSet = operations.ops[i] === OP_SET;
  const mode = operations.overflows[i];
  const old = field(i);
  let value: number;
  if (isSet && !isSigned && operand < 0 && mode === OVERFLOW_SAT) value = 2 ** bits - 1;
  else value = fit(isSet ? operand : old + operand, bits, isSigned, mode);
  if (Number.isNaN(value)) {
    c.reply.addNull();
    return false;
  }
  c.reply.addInteger(isSet ? old : value);
  if (value !== old) {
    const low = value < 0 ? value + 2 ** bits : value;
    const high = Math.floor(low / 2 ** 32);
    store(c, ref, i, high, low - high * 2 ** 32);
  }
  return isLonger || value !== old;
}

/** `change` for fields and operands beyond doubles. */
function changeBig(c: Client, ref: number, i: number, isLonger: boolean): boolean {
  const bits = operations.bits[i];
  const operand = argBigInt(c, operations.operands[i]);
  const isSigned = operations.signs[i] !== 0;
  const isSet = operations.ops[i] === OP_SET;
  const old = bigField(i);
  let wanted = isSet ? operand : old + operand;
  // To a field without sign a negative number is a large one. To one with sign the most negative ones
  // are too: the distance to the field's maximum has 64 bits in Redis, and wraps.
  const wraps = bits < 64 && wanted < (1n << BigInt(bits - 1)) - (1n << 63n);
  if (isSet && (!isSigned || wraps)) wanted = BigInt.asUintN(64, wanted);
  const value = fitBig(wanted, bits, isSigned, operations.overflows[i]);
  if (value === null) {
    c.reply.addNull();
    return false;
  }
  c.reply.addBigInteger(isSet ? old : value);
  if (value !== old) {
    const low = BigInt.asUintN(bits, value);
    store(c, ref, i, Number(low >> 32n), Number(low & 0xffffffffn));
  }
  return isLonger || value !== old;
}

/** Field `i` of at most DOUBLE_BITS_MAX bits. */
function field(i: number): number {
  const bits = operations.bits[i];
  const value = highPart(i) * 2 ** 32 + lowPart(i);
  return operations.signs[i] !== 0 ? signed(value, bits) : value;
}

function bigField(i: number): bigint {
  const value = BigInt(highPart(i)) << 32n | BigInt(lowPart(i));
  return operations.signs[i] !== 0 ? BigInt.asIntN(operations.bits[i], value) : value;
}

/** What field `i` has beyond its lower 32 bits. */
function highPart(i: number): number {
  const bits = operations.bits[i];
  if (bits <= 32) return 0;
  return readBits(bitmap.bytes, bitmap.off, bitmap.len, operations.offsets[i], bits - 32);
}

function lowPart(i: number): number {
  const bits = operations.bits[i];
  const count = Math.min(bits, 32);
  const at = operations.offsets[i] + bits - count;
  return readBits(bitmap.bytes, bitmap.off, bitmap.len, at, count);
}

/** Stores field `i`, given in two parts. The string is long enough. */
function store(c: Client, ref: number, i: number, high: number, low: number): void {
  const bits = operations.bits[i];
  const count = Math.min(bits, 32);
  const at = operations.offsets[i];
  if (bits > 32) storePart(c, ref, at, bits - 32, high);
  storePart(c, ref, at + bits - count, count, low);
}

function storePart(c: Client, ref: number, at: number, count: number, value: number): void {
  const n = packBits(bitmap.bytes, bitmap.off, at, count, value);
  c.server.keyspace.strings.write(ref, Math.floor(at / 8), piece, 0, n);
}

function enlarged(from: Uint8Array<ArrayBuffer>, size: number): Uint8Array<ArrayBuffer> {
  const to = new Uint8Array(size);
  to.set(from);
  return to;
}

/** What BITFIELD does with its key: it only reads it if all its operations do. */
function bitfieldKeys(argv: Argv, keys: KeyList): void {
  const { buf, off, len, argc } = argv;
  let isReadonly = true;
  for (let i = 2; i < argc && isReadonly;) {
    const left = argc - i - 1;
    if (tokenEquals(buf, off[i], len[i], GET) && left >= 2) i += 3;
    else if (tokenEquals(buf, off[i], len[i], OVERFLOW) && left >= 1) i += 2;
    else isReadonly = false;
  }
  keys.add(1, isReadonly ? KEY_RO | KEY_ACCESS : KEY_RW | KEY_ACCESS | KEY_UPDATE);
}

const FIELD_ARGS: ArgSpec[] = [
  { name: "encoding", type: "string" },
  { name: "offset", type: "integer" },
];

const OVERFLOW_ARG: ArgSpec = {
  name: "overflow-block",
  type: "oneof",
  token: "OVERFLOW",
  optional: true,
  args: [
    { name: "wrap", type: "pure-token", token: "WRAP" },
    { name: "sat", type: "pure-token", token: "SAT" },
    { name: "fail", type: "pure-token", token: "FAIL" },
  ],
};

const WRITE_ARG: ArgSpec = {
  name: "write-operation",
  type: "oneof",
  args: [
    {
      name: "set-block",
      type: "block",
      token: "SET",
      args: [...FIELD_ARGS, { name: "value", type: "integer" }],
    },
    {
      name: "incrby-block",
      type: "block",
      token: "INCRBY",
      args: [...FIELD_ARGS, { name: "increment", type: "integer" }],
    },
  ],
};

export const fieldCommands: CommandSpec[] = [
  {
    name: "bitfield",
    arity: -2,
    flags: WRITE | DENYOOM,
    categories: ["bitmap"],
    since: "3.2.0",
    group: "bitmap",
    complexity: "O(1) for each operation",
    summary: "Reads and changes integers of any width within a string.",
    keys: oneKey(
      KEY_RW | KEY_UPDATE | KEY_ACCESS | KEY_VARIABLE_FLAGS,
      "The key may be read and changed",
    ),
    findKeys: bitfieldKeys,
    args: [
      KEY_ARG,
      {
        name: "operation",
        type: "oneof",
        optional: true,
        multiple: true,
        args: [
          { name: "get-block", type: "block", token: "GET", args: FIELD_ARGS },
          { name: "write", type: "block", args: [OVERFLOW_ARG, WRITE_ARG] },
        ],
      },
    ],
    handler: bitfieldCommand,
  },
  {
    name: "bitfield_ro",
    arity: -2,
    flags: READONLY | FAST,
    categories: ["bitmap"],
    since: "6.0.0",
    group: "bitmap",
    complexity: "O(1) for each operation",
    summary: "Reads integers of any width within a string.",
    keys: oneKey(KEY_RO | KEY_ACCESS),
    args: [
      KEY_ARG,
      {
        name: "get-block",
        type: "block",
        token: "GET",
        optional: true,
        multiple: true,
        multipleToken: true,
        args: FIELD_ARGS,
      },
    ],
    handler: bitfieldRoCommand,
  },
];
