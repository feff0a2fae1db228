/**
 * String commands.
 */
import { BIG } from "../base/numbers.ts";
import { NO_EXPIRY, objectExpiry, objectType, TYPE_STRING } from "../types/object.ts";
import { ByteRange, readString, stringBigInt, stringInteger } from "../types/t_string.ts";
import { NOT_AN_INTEGER, WRONG_TYPE } from "../server/args.ts";
import type { Client } from "../server/client.ts";
import {
  type CommandSpec,
  DENYOOM,
  FAST,
  KEY_ACCESS,
  KEY_OW,
  KEY_RO,
  KEY_RW,
  KEY_UPDATE,
  KEY_VARIABLE_FLAGS,
  READONLY,
  WRITE,
} from "../server/command.ts";
import {
  OPT_EX,
  OPT_EXAT,
  OPT_GET,
  OPT_KEEPTTL,
  OPT_NX,
  OPT_PX,
  OPT_PXAT,
  OPT_XX,
  options,
  parseStringOptions,
} from "./string_options.ts";

const SET_OPTIONS = OPT_NX | OPT_XX | OPT_GET | OPT_KEEPTTL | OPT_EX | OPT_PX | OPT_EXAT | OPT_PXAT;
const OVERFLOW = "ERR increment or decrement would overflow";
const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

const value = new ByteRange();

/** Replies the string of an entry, or an error when it is of another type. */
function addStringReply(c: Client, ref: number): void {
  const { arena } = c.server;
  if (objectType(arena, ref) !== TYPE_STRING) {
    c.reply.addError(WRONG_TYPE);
    return;
  }
  readString(arena, ref, value);
  c.reply.addBulk(value.buf, value.off, value.len);
}

function getCommand(c: Client): void {
  const { buf, off, len } = c.argv;
  const ref = c.server.keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  if (ref === 0) c.reply.addNull();
  else addStringReply(c, ref);
}

function setCommand(c: Client): void {
  if (c.argc === 3) {
    options.flags = 0;
    options.expireAt = NO_EXPIRY;
  } else if (!parseStringOptions(c, 3, SET_OPTIONS)) return;
  const { keyspace, arena } = c.server;
  const { buf, off, len } = c.argv;
  const { flags } = options;
  const ref = keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if ((flags & OPT_GET) !== 0) {
    if (ref === 0) c.reply.addNull();
    else if (objectType(arena, ref) !== TYPE_STRING) {
      c.reply.addError(WRONG_TYPE);
      return;
    } else addStringReply(c, ref);
  }
  if ((flags & OPT_NX) !== 0 && ref !== 0 || (flags & OPT_XX) !== 0 && ref === 0) {
    if ((flags & OPT_GET) === 0) c.reply.addNull();
    return;
  }
  let expireAt = options.expireAt;
  if ((flags & OPT_KEEPTTL) !== 0 && ref !== 0) expireAt = objectExpiry(arena, ref);
  keyspace.setString(c.db, ref, buf, off[1], len[1], buf, off[2], len[2], expireAt);
  c.server.dirty++;
  if ((flags & OPT_GET) === 0) c.reply.addOk();
}

function msetCommand(c: Client): void {
  if (c.argc % 2 === 0) {
    c.reply.addError("ERR wrong number of arguments for 'mset' command");
    return;
  }
  const { keyspace } = c.server;
  const { buf, off, len, argc } = c.argv;
  for (let i = 1; i < argc; i += 2) {
    const ref = keyspace.lookupKeyWrite(c.db, buf, off[i], len[i]);
    keyspace.setString(c.db, ref, buf, off[i], len[i], buf, off[i + 1], len[i + 1], NO_EXPIRY);
  }
  c.server.dirty += argc >> 1;
  c.reply.addOk();
}

function incrCommand(c: Client): void {
  incrementBy(c, 1);
}

/** Adds a safe integer to the key's value. */
function incrementBy(c: Client, delta: number): void {
  const { keyspace, arena } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (ref !== 0 && objectType(arena, ref) !== TYPE_STRING) {
    c.reply.addError(WRONG_TYPE);
    return;
  }
  const old = ref === 0 ? 0 : stringInteger(arena, ref);
  if (Number.isNaN(old)) {
    c.reply.addError(NOT_AN_INTEGER);
    return;
  }
  const sum = old + delta;
  if (old === BIG || !Number.isSafeInteger(sum)) {
    incrementByBig(c, ref, BigInt(delta));
    return;
  }
  keyspace.setInteger(c.db, ref, buf, off[1], len[1], sum);
  c.server.dirty++;
  c.reply.addInteger(sum);
}

/** The rare case: beyond 2^53. */
function incrementByBig(c: Client, ref: number, delta: bigint): void {
  const { keyspace, arena } = c.server;
  const { buf, off, len } = c.argv;
  const sum = (ref === 0 ? 0n : stringBigInt(arena, ref)) + delta;
  if (sum > INT64_MAX || sum < INT64_MIN) {
    c.reply.addError(OVERFLOW);
    return;
  }
  keyspace.setInteger(c.db, ref, buf, off[1], len[1], sum);
  c.server.dirty++;
  c.reply.addBigInteger(sum);
}

export const stringCommands: CommandSpec[] = [
  {
    name: "get",
    arity: 2,
    flags: READONLY | FAST,
    categories: ["string"],
    since: "1.0.0",
    group: "string",
    complexity: "O(1)",
    summary: "Returns the string at a key.",
    keys: [{ flags: KEY_RO | KEY_ACCESS, begin: 1, last: 0, step: 1 }],
    args: [{ name: "key", type: "key", keySpec: 0 }],
    handler: getCommand,
  },
  {
    name: "set",
    arity: -3,
    flags: WRITE | DENYOOM,
    categories: ["string"],
    since: "1.0.0",
    group: "string",
    complexity: "O(1)",
    summary: "Stores a string at a key, whatever was there before.",
    keys: [{
      flags: KEY_RW | KEY_ACCESS | KEY_UPDATE | KEY_VARIABLE_FLAGS,
      begin: 1,
      last: 0,
      step: 1,
      notes: "RW and ACCESS because of the optional GET",
    }],
    args: [{ name: "key", type: "key", keySpec: 0 }, { name: "value", type: "string" }],
    handler: setCommand,
  },
  {
    name: "mset",
    arity: -3,
    flags: WRITE | DENYOOM,
    categories: ["string"],
    since: "1.0.1",
    group: "string",
    complexity: "O(N) where N is the number of keys",
    summary: "Stores several strings at once.",
    keys: [{ flags: KEY_OW | KEY_UPDATE, begin: 1, last: -1, step: 2 }],
    args: [{
      name: "data",
      type: "block",
      multiple: true,
      args: [{ name: "key", type: "key", keySpec: 0 }, { name: "value", type: "string" }],
    }],
    handler: msetCommand,
  },
  {
    name: "incr",
    arity: 2,
    flags: WRITE | DENYOOM | FAST,
    categories: ["string"],
    since: "1.0.0",
    group: "string",
    complexity: "O(1)",
    summary: "Adds one to the integer at a key, which counts as 0 when there is none.",
    keys: [{ flags: KEY_RW | KEY_ACCESS | KEY_UPDATE, begin: 1, last: 0, step: 1 }],
    args: [{ name: "key", type: "key", keySpec: 0 }],
    handler: incrCommand,
  },
];
