/**
 * Commands about the time to live of keys.
 *
 * An expiry is a unix time in ms, kept as a double. Clients may give any 64-bit number, and what can't be
 * held exactly (times after the year 287,396) is rounded to the nearest double. Limits are checked in
 * BigInt where doubles would blur them, so that errors come at the same numbers as from Redis.
 */
import { BIG, INT64_MAX, INT64_MIN } from "../base/numbers.ts";
import { NO_EXPIRY, objectExpiry } from "../types/object.ts";
import { argBigInt, argInteger, argString, NOT_AN_INTEGER } from "../server/args.ts";
import { keyModified, notify, NOTIFY_GENERIC } from "../server/changes.ts";
import type { Client } from "../server/client.ts";
import {
  type ArgType,
  type CommandSpec,
  FAST,
  type Handler,
  KEY_ACCESS,
  KEY_RO,
  KEY_RW,
  KEY_UPDATE,
  READONLY,
  WRITE,
} from "../server/command.ts";
import {
  COND_GT,
  COND_LT,
  COND_NONE,
  COND_NX,
  CONDITION_ARG,
  conditionAt,
  conditionsHold,
  refuseTime,
} from "./expire_args.ts";
import { KEY_ARG, oneKey } from "./string_reply.ts";

// Setting.

function expireCommand(c: Client): void {
  expireGeneric(c, c.server.keyspace.nowMs, true);
}

function pexpireCommand(c: Client): void {
  expireGeneric(c, c.server.keyspace.nowMs, false);
}

function expireatCommand(c: Client): void {
  expireGeneric(c, 0, true);
}

function pexpireatCommand(c: Client): void {
  expireGeneric(c, 0, false);
}

/** All four: the time is relative to `baseMs`, in seconds or in ms. */
function expireGeneric(c: Client, baseMs: number, inSeconds: boolean): void {
  const conditions = c.argc === 3 ? 0 : getConditionsOrReply(c);
  if (conditions < 0) return;
  const at = getTimeOrReply(c, baseMs, inSeconds);
  if (Number.isNaN(at)) return;
  const { keyspace, arena } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (ref === 0 || conditions !== 0 && !conditionsHold(conditions, objectExpiry(arena, ref), at)) {
    c.reply.addInteger(0);
    return;
  }
  const isOver = at <= keyspace.expiryMs;
  if (isOver) keyspace.remove(c.db, ref);
  else keyspace.setExpiry(c.db, ref, at);
  keyModified(c, 1);
  notify(c, NOTIFY_GENERIC, isOver ? "del" : "expire", 1);
  c.server.dirty++;
  const { propagation } = c.server;
  if (propagation.isOn) {
    if (isOver) propagation.insteadDel(c, 1, propagation.lazyExpire);
    else if (baseMs !== 0 || inSeconds) propagation.insteadExpiry(c, at, c.argc);
  }
  c.reply.addInteger(1);
}

/** The conditions behind the time, or -1 after an error reply. */
function getConditionsOrReply(c: Client): number {
  let conditions = 0;
  for (let i = 3; i < c.argc; i++) {
    const condition = conditionAt(c, i);
    conditions |= condition;
    if (condition === COND_NONE) {
      // As Redis prints a C string: up to a zero byte, without line breaks at its end.
      const option = argString(c, i).split("\0", 1)[0].replace(/[\r\n]+$/, "");
      c.reply.addError(`ERR Unsupported option ${option}`);
      return -1;
    }
  }
  if ((conditions & COND_NX) !== 0 && conditions !== COND_NX) {
    c.reply.addError("ERR NX and XX, GT or LT options at the same time are not compatible");
    return -1;
  }
  if ((conditions & COND_GT) !== 0 && (conditions & COND_LT) !== 0) {
    c.reply.addError("ERR GT and LT options at the same time are not compatible");
    return -1;
  }
  return conditions;
}

/** Argument 2 as a unix time in ms, negative ones included. NaN after an error reply. */
function getTimeOrReply(c: Client, baseMs: number, inSeconds: boolean): number {
  const value = argInteger(c, 2);
  if (Number.isNaN(value)) {
    c.reply.addError(NOT_AN_INTEGER);
    return NaN;
  }
  // Seconds below 2^53 are ms below 2^63 with room to spare.
  if (value !== BIG) return (inSeconds ? value * 1000 : value) + baseMs;
  let ms = argBigInt(c, 2);
  let fits = true;
  if (inSeconds) {
    fits = ms <= INT64_MAX / 1000n && ms >= INT64_MIN / 1000n;
    ms *= 1000n;
  }
  ms += BigInt(baseMs);
  return fits && ms <= INT64_MAX ? Number(ms) : refuseTime(c);
}

function persistCommand(c: Client): void {
  const { keyspace, arena } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (ref === 0 || objectExpiry(arena, ref) === NO_EXPIRY) {
    c.reply.addInteger(0);
    return;
  }
  keyspace.setExpiry(c.db, ref, NO_EXPIRY);
  keyModified(c, 1);
  notify(c, NOTIFY_GENERIC, "persist", 1);
  c.server.dirty++;
  c.reply.addInteger(1);
}

// Asking.

function ttlCommand(c: Client): void {
  ttlGeneric(c, c.server.keyspace.nowMs, true);
}

function pttlCommand(c: Client): void {
  ttlGeneric(c, c.server.keyspace.nowMs, false);
}

function expiretimeCommand(c: Client): void {
  ttlGeneric(c, 0, true);
}

function pexpiretimeCommand(c: Client): void {
  ttlGeneric(c, 0, false);
}

/** All four: the key's expiry relative to `baseMs`, in ms or rounded to seconds. */
function ttlGeneric(c: Client, baseMs: number, inSeconds: boolean): void {
  const { keyspace, arena } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyPeek(c.db, buf, off[1], len[1]);
  if (ref === 0) {
    c.reply.addInteger(-2);
    return;
  }
  const at = objectExpiry(arena, ref);
  if (at === NO_EXPIRY) {
    c.reply.addInteger(-1);
    return;
  }
  const ms = Math.max(0, at - baseMs);
  const value = inSeconds ? Math.floor((ms + 500) / 1000) : ms;
  if (Number.isSafeInteger(value)) c.reply.addInteger(value);
  else addBigTime(c, value);
}

/** A time beyond 2^53; the double nearest to the largest integer of 64 bits is one too large. */
function addBigTime(c: Client, value: number): void {
  const big = BigInt(value);
  c.reply.addBigInteger(big > INT64_MAX ? INT64_MAX : big);
}

// Declarations.

/** One of the commands that set an expiry. */
function setter(
  name: string,
  since: string,
  argName: string,
  argType: ArgType,
  summary: string,
  handler: Handler,
): CommandSpec {
  return {
    name,
    arity: -3,
    flags: WRITE | FAST,
    categories: ["keyspace"],
    since,
    group: "generic",
    complexity: "O(1)",
    summary,
    history: [["7.0.0", "The options NX, XX, GT and LT."]],
    keys: oneKey(KEY_RW | KEY_UPDATE),
    args: [KEY_ARG, { name: argName, type: argType }, { ...CONDITION_ARG, since: "7.0.0" }],
    handler,
  };
}

/** One of the commands that tell an expiry. */
function getter(name: string, since: string, summary: string, handler: Handler): CommandSpec {
  const isRelative = name.endsWith("ttl");
  return {
    name,
    arity: 2,
    flags: READONLY | FAST,
    categories: ["keyspace"],
    since,
    group: "generic",
    complexity: "O(1)",
    summary,
    history: isRelative ? [["2.8.0", "The reply -2."]] : undefined,
    keys: oneKey(KEY_RO | KEY_ACCESS),
    args: [KEY_ARG],
    tips: isRelative ? ["nondeterministic_output"] : [],
    handler,
  };
}

export const expireCommands: CommandSpec[] = [
  setter("expire", "1.0.0", "seconds", "integer", "Lets a key live that long.", expireCommand),
  setter(
    "pexpire",
    "2.6.0",
    "milliseconds",
    "integer",
    "Lets a key live that many milliseconds.",
    pexpireCommand,
  ),
  setter(
    "expireat",
    "1.2.0",
    "unix-time-seconds",
    "unix-time",
    "Lets a key live until a unix time.",
    expireatCommand,
  ),
  setter(
    "pexpireat",
    "2.6.0",
    "unix-time-milliseconds",
    "unix-time",
    "Lets a key live until a unix time in milliseconds.",
    pexpireatCommand,
  ),
  getter("ttl", "1.0.0", "Tells how many seconds a key has left to live.", ttlCommand),
  getter("pttl", "2.6.0", "Tells how many milliseconds a key has left to live.", pttlCommand),
  getter("expiretime", "7.0.0", "Tells the unix time at which a key ends.", expiretimeCommand),
  getter(
    "pexpiretime",
    "7.0.0",
    "Tells the unix time in milliseconds at which a key ends.",
    pexpiretimeCommand,
  ),
  {
    name: "persist",
    arity: 2,
    flags: WRITE | FAST,
    categories: ["keyspace"],
    since: "2.2.0",
    group: "generic",
    complexity: "O(1)",
    summary: "Lets a key live for ever.",
    keys: oneKey(KEY_RW | KEY_UPDATE),
    args: [KEY_ARG],
    handler: persistCommand,
  },
];
