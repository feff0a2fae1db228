/**
 * HyperLogLog commands: PFADD PFCOUNT PFMERGE, and PFDEBUG and PFSELFTEST for those who test them.
 *
 * A dense value is changed where it lies. A sparse one, and any that is merged, is changed in a copy and stored
 * once, so a command that finds a value broken has changed nothing.
 */
import { ascii, copyBytes, type ReadonlyBytes } from "../base/bytes.ts";
import { ByteRange, readString } from "../types/t_string.ts";
import {
  countDense,
  countRegisters,
  denseByte,
  denseRegister,
  estimate,
  HLL_CARDINALITY_OFF,
  HLL_DENSE,
  HLL_DENSE_BYTES,
  HLL_ENCODING_OFF,
  HLL_HEADER_BYTES,
  HLL_REGISTERS,
  HLL_STALE_BIT,
  HLL_STALE_OFF,
  hllPlace,
  isHll,
  mergeDense,
  packDense,
  packRegister,
  raiseDense,
} from "../types/hyperloglog.ts";
import {
  countSparse,
  describeSparse,
  mergeSparse,
  SPARSE_BROKEN,
  SPARSE_FULL,
  SPARSE_SAME,
  SparseHll,
} from "../types/hll_sparse.ts";
import { argIs, argString } from "../server/args.ts";
import { keyModified, notify, NOTIFY_STRING } from "../server/changes.ts";
import type { Client } from "../server/client.ts";
import {
  ADMIN,
  type CommandSpec,
  DENYOOM,
  FAST,
  KEY_ACCESS,
  KEY_INSERT,
  KEY_RO,
  KEY_RW,
  MAY_REPLICATE,
  READONLY,
  WRITE,
} from "../server/command.ts";
import { pfselftestCommand } from "./hyperloglog_selftest.ts";
import { isStringOrReply, KEY_ARG, oneKey } from "./string_reply.ts";

const BROKEN_HLL = "INVALIDOBJ Corrupted HLL object detected";
const NOT_AN_HLL = "WRONGTYPE Key is not a valid HyperLogLog string value.";

const KEY_MISSING = "ERR The specified key does not exist";
const NOT_SPARSE = "ERR HLL encoding is not sparse";
const GETREG = ascii("getreg");
const DECODE = ascii("decode");
const ENCODING = ascii("encoding");
const TODENSE = ascii("todense");

/** Kinds of a union: all of it sparse, some of it dense; or an error was replied. */
const UNION_SPARSE = 0;
const UNION_DENSE = 1;
const UNION_REFUSED = 2;

const value = new ByteRange();
const sparse = new SparseHll();
const dense = new Uint8Array(HLL_DENSE_BYTES);
/** Registers of a union, a byte each. */
const registers = new Uint8Array(HLL_REGISTERS);
/** A dense register, or a cardinality. */
const piece = new Uint8Array(8);
/** A sparse value that must move gets room for its half again, but not for more than so many bytes. */
const SPARSE_ROOM_BYTES_MAX = 300;

function pfaddCommand(c: Client): void {
  const { buf, off, len } = c.argv;
  const ref = c.server.keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (ref !== 0 && !readHllOrReply(c, ref)) return;
  const raised = ref !== 0 && isDense() ? addToDense(c, ref) : addToSparse(c, ref);
  if (raised < 0) {
    c.reply.addError(BROKEN_HLL);
    return;
  }
  if (raised > 0) {
    keyModified(c, 1);
    notify(c, NOTIFY_STRING, "pfadd", 1);
    c.server.dirty += raised;
  }
  c.reply.addInteger(raised > 0 ? 1 : 0);
}

/** Adds the arguments to the dense value at hand. Returns how many registers rose. */
function addToDense(c: Client, ref: number): number {
  const { strings } = c.server.keyspace;
  const { buf, off, len } = c.argv;
  let raised = 0;
  for (let i = 2; i < c.argc; i++) {
    const place = hllPlace(buf, off[i], len[i]);
    const index = place >> 6;
    const count = place & 63;
    if (denseRegister(value.buf, value.off, index) >= count) continue;
    const n = packRegister(value.buf, value.off, index, count, piece);
    strings.write(ref, denseByte(index), piece, 0, n);
    raised++;
  }
  if (raised > 0) {
    piece[0] = value.buf[value.off + HLL_STALE_OFF] | HLL_STALE_BIT;
    strings.write(ref, HLL_STALE_OFF, piece, 0, 1);
  }
  return raised;
}

/** Adds the arguments to the sparse value at hand, or with 0 to a new one. -1: it is broken. */
function addToSparse(c: Client, ref: number): number {
  const { buf, off, len } = c.argv;
  const bytesMax = sparseBytesMax(c);
  let raised = 0;
  if (ref === 0) {
    sparse.reset();
    raised = 1;
  } else if (!sparse.load(value.buf, value.off, value.len)) return -1;
  let becameDense = false;
  for (let i = 2; i < c.argc; i++) {
    const place = hllPlace(buf, off[i], len[i]);
    const index = place >> 6;
    const count = place & 63;
    if (!becameDense) {
      const outcome = sparse.raise(index, count, bytesMax);
      if (outcome === SPARSE_SAME) continue;
      if (outcome !== SPARSE_FULL && outcome !== SPARSE_BROKEN) {
        raised++;
        continue;
      }
      if (outcome === SPARSE_BROKEN || !sparse.toDense(dense)) return -1;
      becameDense = true;
    }
    if (raiseDense(dense, index, count)) raised++;
  }
  if (raised === 0) return 0;
  if (becameDense) storeDense(c, 1, ref, true);
  else storeSparse(c, ref);
  return raised;
}

function pfcountCommand(c: Client): void {
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  if (c.argc > 2) {
    if (unite(c) === UNION_REFUSED) return;
    countRegisters(registers);
    replyCardinality(c, estimate());
    return;
  }
  const ref = keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  if (ref === 0) {
    c.reply.addInteger(0);
    return;
  }
  if (!readHllOrReply(c, ref)) return;
  if ((value.buf[value.off + HLL_STALE_OFF] & HLL_STALE_BIT) === 0) {
    const at = value.off + HLL_CARDINALITY_OFF;
    replyHalves(c, word(value.buf, at + 4), word(value.buf, at));
    return;
  }
  if (isDense()) countDense(value.buf, value.off);
  else if (!countSparse(value.buf, value.off, value.len)) {
    c.reply.addError(BROKEN_HLL);
    return;
  }
  replyCardinality(c, estimate());
  // The reply left the cardinality in `piece`.
  const target = keyspace.strings.grow(c.db, ref, value.len);
  keyspace.strings.write(target, HLL_CARDINALITY_OFF, piece, 0, 8);
  keyModified(c, 1);
  c.server.dirty++;
}

function pfmergeCommand(c: Client): void {
  const { buf, off, len } = c.argv;
  const union = unite(c);
  if (union === UNION_REFUSED) return;
  const ref = c.server.keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  // The destination is part of the union, so it is right.
  if (ref === 0) sparse.reset();
  else {
    readString(c.server.arena, ref, value);
    sparse.load(value.buf, value.off, isDense() ? HLL_HEADER_BYTES : value.len);
  }
  if (union === UNION_DENSE || !raiseSparse(sparseBytesMax(c))) {
    copyBytes(dense, 0, sparse.buf, 0, HLL_HEADER_BYTES);
    dense[HLL_ENCODING_OFF] = HLL_DENSE;
    packDense(registers, dense);
    storeDense(c, 1, ref, true);
  } else storeSparse(c, ref);
  keyModified(c, 1);
  notify(c, NOTIFY_STRING, "pfadd", 1);
  c.server.dirty++;
  c.reply.addOk();
}

/** Raises the registers of the sparse copy to the union's. False when it must become dense. */
function raiseSparse(bytesMax: number): boolean {
  for (let i = 0; i < HLL_REGISTERS; i++) {
    if (registers[i] === 0) continue;
    if (sparse.raise(i, registers[i], bytesMax) === SPARSE_FULL) return false;
  }
  return true;
}

/** Sets `registers` to the union of all arguments. Returns what kind it is. */
function unite(c: Client): number {
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  let union = UNION_SPARSE;
  registers.fill(0);
  for (let i = 1; i < c.argc; i++) {
    const ref = keyspace.lookupKeyRead(c.db, buf, off[i], len[i]);
    if (ref === 0) continue;
    if (!readHllOrReply(c, ref)) return UNION_REFUSED;
    if (isDense()) {
      union = UNION_DENSE;
      mergeDense(registers, value.buf, value.off);
    } else if (!mergeSparse(registers, value.buf, value.off, value.len)) {
      c.reply.addError(BROKEN_HLL);
      return UNION_REFUSED;
    }
  }
  return union;
}

function pfdebugCommand(c: Client): void {
  const { buf, off, len } = c.argv;
  const ref = c.server.keyspace.lookupKeyWrite(c.db, buf, off[2], len[2]);
  if (ref === 0) {
    c.reply.addError(KEY_MISSING);
    return;
  }
  if (!readHllOrReply(c, ref)) return;
  if (argIs(c, 1, GETREG)) {
    if (!makeDenseOrReply(c, ref)) return;
    c.reply.addArray(HLL_REGISTERS);
    for (let i = 0; i < HLL_REGISTERS; i++) c.reply.addInteger(denseRegister(dense, 0, i));
  } else if (argIs(c, 1, DECODE)) {
    if (isDense()) c.reply.addError(NOT_SPARSE);
    else c.reply.addBulkString(describeSparse(value.buf, value.off, value.len));
  } else if (argIs(c, 1, ENCODING)) c.reply.addStatus(isDense() ? "dense" : "sparse");
  else if (argIs(c, 1, TODENSE)) {
    const wasDense = isDense();
    if (makeDenseOrReply(c, ref)) c.reply.addInteger(wasDense ? 0 : 1);
  } else c.reply.addError(`ERR Unknown PFDEBUG subcommand '${argString(c, 1)}'`);
}

/** Makes the value at hand dense, and leaves a copy of it in `dense`. False after an error reply. */
function makeDenseOrReply(c: Client, ref: number): boolean {
  if (isDense()) {
    copyBytes(dense, 0, value.buf, value.off, HLL_DENSE_BYTES);
    return true;
  }
  if (!sparse.load(value.buf, value.off, value.len) || !sparse.toDense(dense)) {
    c.reply.addError(BROKEN_HLL);
    return false;
  }
  storeDense(c, 2, ref, false);
  c.server.dirty++;
  return true;
}

/** Sets `value` to the HyperLogLog of an entry. False after an error reply, if it isn't one. */
function readHllOrReply(c: Client, ref: number): boolean {
  if (!isStringOrReply(c, ref)) return false;
  readString(c.server.arena, ref, value);
  if (isHll(value.buf, value.off, value.len)) return true;
  c.reply.addError(NOT_AN_HLL);
  return false;
}

/** Whether the value at hand is dense. */
function isDense(): boolean {
  return value.buf[value.off + HLL_ENCODING_OFF] === HLL_DENSE;
}

function sparseBytesMax(c: Client): number {
  return c.server.keyspace.values.context.limits.hllSparseMaxBytes;
}

/** Stores `dense` at the current key, whose name is argument `index`. Its expiry stays. */
function storeDense(c: Client, index: number, ref: number, isStale: boolean): void {
  const { buf, off, len } = c.argv;
  if (isStale) dense[HLL_STALE_OFF] |= HLL_STALE_BIT;
  const { strings } = c.server.keyspace;
  strings.setText(c.db, ref, buf, off[index], len[index], dense, 0, HLL_DENSE_BYTES);
}

/** Stores `sparse` at the current key, whose name is argument 1, with its cardinality out of date. */
function storeSparse(c: Client, ref: number): void {
  const { strings } = c.server.keyspace;
  const { buf, off, len } = c.argv;
  const n = sparse.len;
  sparse.setStale();
  let target: number;
  if (ref === 0) target = strings.addZeros(c.db, buf, off[1], len[1], n);
  else {
    const longer = Math.max(n, value.len);
    target = strings.grow(c.db, ref, longer, longer + Math.min(longer >> 1, SPARSE_ROOM_BYTES_MAX));
    if (n < longer) strings.truncate(target, n);
  }
  strings.write(target, 0, sparse.buf, 0, n);
}

/** Replies a cardinality and puts its bytes into `piece`. Like Redis's, an infinite one is the least integer. */
function replyCardinality(c: Client, cardinality: number): void {
  const isHuge = !(cardinality < 2 ** 63);
  const high = isHuge ? 2 ** 31 : Math.floor(cardinality / 2 ** 32);
  const low = isHuge ? 0 : cardinality - high * 2 ** 32;
  for (let i = 0; i < 4; i++) {
    piece[i] = low >>> (i * 8);
    piece[i + 4] = high >>> (i * 8);
  }
  replyHalves(c, high, low);
}

/** Replies a 64-bit integer given in unsigned halves. */
function replyHalves(c: Client, high: number, low: number): void {
  if (high < 2 ** 21) c.reply.addInteger(high * 2 ** 32 + low);
  else c.reply.addBigInteger(BigInt.asIntN(64, BigInt(high) << 32n | BigInt(low)));
}

/** An unsigned word, low byte first. */
function word(buf: ReadonlyBytes, at: number): number {
  return (buf[at] | buf[at + 1] << 8 | buf[at + 2] << 16 | buf[at + 3] << 24) >>> 0;
}

const userCommands: CommandSpec[] = [
  {
    name: "pfadd",
    arity: -2,
    flags: WRITE | DENYOOM | FAST,
    categories: ["hyperloglog"],
    since: "2.8.9",
    group: "hyperloglog",
    complexity: "O(1) for each element",
    summary: "Adds elements to a HyperLogLog, creating the key if need be.",
    keys: oneKey(KEY_RW | KEY_INSERT),
    args: [KEY_ARG, { name: "element", type: "string", optional: true, multiple: true }],
    handler: pfaddCommand,
  },
  {
    name: "pfcount",
    arity: -2,
    flags: READONLY | MAY_REPLICATE,
    categories: ["hyperloglog"],
    since: "2.8.9",
    group: "hyperloglog",
    complexity: "O(1) for one key, mostly; O(N) for N keys, and each takes much longer",
    summary: "Estimates how many different elements were added to HyperLogLogs.",
    keys: [
      {
        flags: KEY_RW | KEY_ACCESS,
        begin: 1,
        last: -1,
        step: 1,
        notes: "RW because the estimate is kept in the value, and then replicated",
      },
    ],
    args: [{ name: "key", type: "key", keySpec: 0, multiple: true }],
    handler: pfcountCommand,
  },
  {
    name: "pfmerge",
    arity: -2,
    flags: WRITE | DENYOOM,
    categories: ["hyperloglog"],
    since: "2.8.9",
    group: "hyperloglog",
    complexity: "O(N) for N HyperLogLogs, and each takes long",
    summary: "Adds to a HyperLogLog what was added to others.",
    keys: [
      { flags: KEY_RW | KEY_ACCESS | KEY_INSERT, begin: 1, last: 0, step: 1 },
      { flags: KEY_RO | KEY_ACCESS, begin: 2, last: -1, step: 1 },
    ],
    args: [
      { name: "destkey", type: "key", keySpec: 0 },
      { name: "sourcekey", type: "key", keySpec: 1, optional: true, multiple: true },
    ],
    handler: pfmergeCommand,
  },
];

const debugCommands: CommandSpec[] = [
  {
    name: "pfdebug",
    arity: 3,
    flags: WRITE | DENYOOM | ADMIN,
    categories: ["hyperloglog"],
    since: "2.8.9",
    group: "hyperloglog",
    complexity: "N/A",
    summary: "Shows how a HyperLogLog is kept, or makes it dense.",
    syscmd: true,
    keys: [{ flags: KEY_RW | KEY_ACCESS, begin: 2, last: 0, step: 1 }],
    args: [{ name: "subcommand", type: "string" }, { name: "key", type: "key", keySpec: 0 }],
    handler: pfdebugCommand,
  },
  {
    name: "pfselftest",
    arity: 1,
    flags: ADMIN,
    categories: ["hyperloglog"],
    since: "2.8.9",
    group: "hyperloglog",
    complexity: "N/A",
    summary: "Tests registers and estimates of HyperLogLogs.",
    syscmd: true,
    handler: pfselftestCommand,
  },
];

/** The whole group. */
export const hyperloglogCommands: CommandSpec[] = [...userCommands, ...debugCommands];
