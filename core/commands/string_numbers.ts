/**
 * Commands that read a string as a number and change it: DECR, DECRBY, INCR, INCRBY, INCRBYFLOAT.
 *
 * Integers have 64 bits. As long as old value, change and sum are within 2^53 doubles are exact and
 * nothing is allocated; the rest goes through BigInt.
 */
import { type LongDouble, parseLongDouble } from "../base/long_double.ts";
import { BIG, INT64_MIN } from "../base/numbers.ts";
import { ByteRange, readString, stringBigInt, stringInteger } from "../types/t_string.ts";
import { argBigInt, argInteger, NOT_A_FLOAT, NOT_AN_INTEGER } from "../server/args.ts";
import { keyModified, notify, NOTIFY_STRING } from "../server/changes.ts";
import type { Client } from "../server/client.ts";
import {
  type CommandSpec,
  DENYOOM,
  FAST,
  KEY_ACCESS,
  KEY_RW,
  KEY_UPDATE,
  WRITE,
} from "../server/command.ts";
import { isInt64OrReply, sumTextOrReply, ZERO } from "./increments.ts";
import { isStringOrReply, KEY_ARG, oneKey } from "./string_reply.ts";

const DECREMENT_OVERFLOW = "ERR decrement would overflow";

const value = new ByteRange();

function incrCommand(c: Client): void {
  incrementBy(c, 1, 0n);
}

function decrCommand(c: Client): void {
  incrementBy(c, -1, 0n);
}

function incrbyCommand(c: Client): void {
  const delta = argInteger(c, 2);
  if (Number.isNaN(delta)) c.reply.addError(NOT_AN_INTEGER);
  else incrementBy(c, delta, delta === BIG ? argBigInt(c, 2) : 0n);
}

function decrbyCommand(c: Client): void {
  const delta = argInteger(c, 2);
  if (Number.isNaN(delta)) c.reply.addError(NOT_AN_INTEGER);
  else if (delta !== BIG) incrementBy(c, -delta, 0n);
  else if (argBigInt(c, 2) === INT64_MIN) c.reply.addError(DECREMENT_OVERFLOW);
  else incrementBy(c, BIG, -argBigInt(c, 2));
}

/** Adds `delta`, a safe integer, to the key's value; with BIG it is `bigDelta`. */
function incrementBy(c: Client, delta: number, bigDelta: bigint): void {
  const { keyspace, arena } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (!isStringOrReply(c, ref)) return;
  const old = ref === 0 ? 0 : stringInteger(arena, ref);
  if (Number.isNaN(old)) {
    c.reply.addError(NOT_AN_INTEGER);
    return;
  }
  const sum = old + delta; // Infinite when either is BIG.
  if (!Number.isSafeInteger(sum)) {
    incrementByBig(c, ref, delta === BIG ? bigDelta : BigInt(delta));
    return;
  }
  keyspace.strings.setInteger(c.db, ref, buf, off[1], len[1], sum);
  keyModified(c, 1);
  notify(c, NOTIFY_STRING, "incrby", 1);
  c.server.dirty++;
  c.reply.addInteger(sum);
}

/** The rare case: beyond 2^53. */
function incrementByBig(c: Client, ref: number, delta: bigint): void {
  const { keyspace, arena } = c.server;
  const { buf, off, len } = c.argv;
  const sum = (ref === 0 ? 0n : stringBigInt(arena, ref)) + delta;
  if (!isInt64OrReply(c, sum)) return;
  keyspace.strings.setInteger(c.db, ref, buf, off[1], len[1], sum);
  keyModified(c, 1);
  notify(c, NOTIFY_STRING, "incrby", 1);
  c.server.dirty++;
  c.reply.addBigInteger(sum);
}

function incrbyfloatCommand(c: Client): void {
  const { keyspace, arena } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (!isStringOrReply(c, ref)) return;
  let old: LongDouble | null = ZERO;
  if (ref !== 0) {
    readString(arena, ref, value);
    old = parseLongDouble(value.buf, value.off, value.len);
  }
  const delta = parseLongDouble(buf, off[2], len[2]);
  if (old === null || delta === null) {
    c.reply.addError(NOT_A_FLOAT);
    return;
  }
  const text = sumTextOrReply(c, old, delta);
  if (text === null) return;
  keyspace.strings.setText(c.db, ref, buf, off[1], len[1], text, 0, text.length);
  keyModified(c, 1);
  notify(c, NOTIFY_STRING, "incrbyfloat", 1);
  c.server.dirty++;
  const { propagation } = c.server;
  if (propagation.isOn) {
    propagation.instead(c, 4);
    propagation.text("SET");
    propagation.arg(c, 1);
    propagation.bytes(text, 0, text.length);
    propagation.text("KEEPTTL");
  }
  c.reply.addBulk(text, 0, text.length);
}

const KEYS = oneKey(KEY_RW | KEY_ACCESS | KEY_UPDATE);

export const numberCommands: CommandSpec[] = [
  {
    name: "incr",
    arity: 2,
    flags: WRITE | DENYOOM | FAST,
    categories: ["string"],
    since: "1.0.0",
    group: "string",
    complexity: "O(1)",
    summary: "Adds one to the integer at a key, which counts as 0 when there is none.",
    keys: KEYS,
    args: [KEY_ARG],
    handler: incrCommand,
  },
  {
    name: "decr",
    arity: 2,
    flags: WRITE | DENYOOM | FAST,
    categories: ["string"],
    since: "1.0.0",
    group: "string",
    complexity: "O(1)",
    summary: "Takes one from the integer at a key, which counts as 0 when there is none.",
    keys: KEYS,
    args: [KEY_ARG],
    handler: decrCommand,
  },
  {
    name: "incrby",
    arity: 3,
    flags: WRITE | DENYOOM | FAST,
    categories: ["string"],
    since: "1.0.0",
    group: "string",
    complexity: "O(1)",
    summary: "Adds to the integer at a key, which counts as 0 when there is none.",
    keys: KEYS,
    args: [KEY_ARG, { name: "increment", type: "integer" }],
    handler: incrbyCommand,
  },
  {
    name: "decrby",
    arity: 3,
    flags: WRITE | DENYOOM | FAST,
    categories: ["string"],
    since: "1.0.0",
    group: "string",
    complexity: "O(1)",
    summary: "Takes from the integer at a key, which counts as 0 when there is none.",
    keys: KEYS,
    args: [KEY_ARG, { name: "decrement", type: "integer" }],
    handler: decrbyCommand,
  },
  {
    name: "incrbyfloat",
    arity: 3,
    flags: WRITE | DENYOOM | FAST,
    categories: ["string"],
    since: "2.6.0",
    group: "string",
    complexity: "O(1)",
    summary: "Adds to the decimal number at a key, which counts as 0 when there is none.",
    keys: KEYS,
    args: [KEY_ARG, { name: "increment", type: "double" }],
    handler: incrbyfloatCommand,
  },
];
