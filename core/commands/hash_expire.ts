/**
 * Commands about the time to live of a hash's fields.
 *
 * The request names its fields behind FIELDS and their number; the reply has a number for each field. A field whose
 * time is over but which nobody has removed yet is none to those who ask for its time; setting a time looks at
 * it as if it were still there, as Redis does.
 */
import { ascii } from "../base/bytes.ts";
import { BIG } from "../base/numbers.ts";
import { NO_EXPIRY, TYPE_HASH } from "../types/object.ts";
import {
  argBigInt,
  argInteger,
  argIs,
  getRangeOrReply,
  isTypeOrReply,
  NOT_AN_INTEGER,
} from "../server/args.ts";
import { keyModified, notify, NOTIFY_GENERIC, NOTIFY_HASH } from "../server/changes.ts";
import type { Client } from "../server/client.ts";
import {
  type ArgSpec,
  type ArgType,
  type CommandSpec,
  DENYOOM,
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
  COND_NONE,
  CONDITION_ARG,
  conditionAt,
  conditionsHold,
  refuseTime,
} from "./expire_args.ts";
import { FIELD_LIVE, FIELD_NONE, FIELDS_ARG, lookupHashOrReply } from "./hash_reply.ts";
import { KEY_ARG, oneKey } from "./string_reply.ts";

const FIELDS = ascii("fields");

/** Latest time that can be set, in unix ms. */
const TIME_MAX_MS: number = 2 ** 46 - 1;

// What is replied for a field.
const NO_FIELD = -2;
const NO_TTL = -1;
const CONDITION_FAILED = 0;
const DONE = 1;
/** Its new time is over already, so it was removed. */
const REMOVED = 2;

/** The fields that got a new time, as indexes of arguments. */
const set: number[] = [];

// Setting.

function hexpireCommand(c: Client): void {
  expireFields(c, c.server.keyspace.nowMs, true);
}

function hpexpireCommand(c: Client): void {
  expireFields(c, c.server.keyspace.nowMs, false);
}

function hexpireatCommand(c: Client): void {
  expireFields(c, 0, true);
}

function hpexpireatCommand(c: Client): void {
  expireFields(c, 0, false);
}

/** All four: the time is relative to `baseMs`, in seconds or in ms. */
function expireFields(c: Client, baseMs: number, inSeconds: boolean): void {
  const { keyspace } = c.server;
  const { hashes } = keyspace.values;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (!isTypeOrReply(c, ref, TYPE_HASH)) return;
  const at = getTimeOrReply(c, baseMs, inSeconds);
  if (Number.isNaN(at)) return;
  const condition = conditionAt(c, 3);
  const fieldsAt = condition === COND_NONE ? 3 : 4;
  const count = getCountOrReply(
    c,
    fieldsAt,
    "ERR Parameter `numFields` should be greater than 0",
  );
  if (Number.isNaN(count)) return;
  if (ref === 0) return addNoFields(c, count);
  hashes.makeExpiring(ref);
  c.reply.addArray(count);
  let updated = 0;
  let removed = 0;
  for (let i = fieldsAt + 2; i < c.argc; i++) {
    const result = expireField(c, ref, i, condition, at);
    if (result === DONE) set[updated++] = i;
    if (result === REMOVED) removed++;
    c.reply.addInteger(result);
  }
  if (c.server.propagation.isOn) propagate(c, fieldsAt, baseMs !== 0 || inSeconds, at, updated);
  if (updated + removed > 0) settle(c, ref, updated, removed);
}

/**
 * The first `count` fields of `set` have a new time; those that were removed have been told of. The request stays as it
 * is where it can.
 */
function propagate(
  c: Client,
  fieldsAt: number,
  isRelative: boolean,
  at: number,
  count: number,
): void {
  const { propagation } = c.server;
  if (count === 0) return propagation.skip();
  if (!isRelative && count === c.argc - fieldsAt - 2) return;
  propagation.instead(c, fieldsAt + 2 + count);
  if (c.lastCommand!.spec.name === "hpexpireat") propagation.arg(c, 0);
  else propagation.text("HPEXPIREAT");
  propagation.arg(c, 1);
  if (isRelative) propagation.integer(at);
  else propagation.arg(c, 2);
  propagation.args(c, 3, fieldsAt + 1);
  if (count === c.argc - fieldsAt - 2) propagation.arg(c, fieldsAt + 1);
  else propagation.integer(count);
  for (let i = 0; i < count; i++) propagation.arg(c, set[i]);
}

/** Sets the time of the field in argument `index`, in unix ms. Returns what is to be replied. */
function expireField(
  c: Client,
  ref: number,
  index: number,
  condition: number,
  at: number,
): number {
  const { keyspace } = c.server;
  const { hashes } = keyspace.values;
  const { buf, off, len } = c.argv;
  if (hashes.find(ref, buf, off[index], len[index]) === FIELD_NONE) return NO_FIELD;
  if (!conditionsHold(condition, hashes.foundExpiry(ref), at)) return CONDITION_FAILED;
  if (at <= keyspace.expiryMs) {
    if (keyspace.removals !== null) {
      keyspace.removals.fieldExpired(c.db, ref, buf, off[index], len[index]);
    }
    hashes.deleteFound(ref);
    keyspace.fields.expired++;
    return REMOVED;
  }
  hashes.setFoundExpiry(ref, at);
  return DONE;
}

/** What follows when times were set or fields removed. */
function settle(c: Client, ref: number, updated: number, removed: number): void {
  const { keyspace } = c.server;
  c.server.dirty += updated + removed;
  const isEmpty = keyspace.values.hashes.length(ref) === 0;
  if (isEmpty) keyspace.remove(c.db, ref);
  else keyspace.fields.follow(c.db, ref);
  keyModified(c, 1);
  notify(c, NOTIFY_HASH, removed > 0 ? "hdel" : "hexpire", 1);
  if (isEmpty) notify(c, NOTIFY_GENERIC, "del", 1);
}

/** Argument 2 as a unix time in ms. NaN after an error reply. */
function getTimeOrReply(c: Client, baseMs: number, inSeconds: boolean): number {
  const value = argInteger(c, 2);
  if (Number.isNaN(value)) {
    c.reply.addError(NOT_AN_INTEGER);
    return NaN;
  }
  if (value < 0 || value === BIG && argBigInt(c, 2) < 0n) {
    c.reply.addError("ERR invalid expire time, must be >= 0");
    return NaN;
  }
  const ms = inSeconds ? value * 1000 : value;
  return ms <= TIME_MAX_MS - baseMs ? ms + baseMs : refuseTime(c);
}

function hpersistCommand(c: Client): void {
  const { keyspace } = c.server;
  const { hashes } = keyspace.values;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (!isTypeOrReply(c, ref, TYPE_HASH)) return;
  const count = getCountOrReply(c, 2, "ERR Number of fields must be a positive integer");
  if (Number.isNaN(count)) return;
  if (ref === 0) return addNoFields(c, count);
  c.reply.addArray(count);
  let changed = false;
  for (let i = 4; i < c.argc; i++) {
    if (hashes.find(ref, buf, off[i], len[i]) !== FIELD_LIVE) c.reply.addInteger(NO_FIELD);
    else if (hashes.foundExpiry(ref) === NO_EXPIRY) c.reply.addInteger(NO_TTL);
    else {
      hashes.setFoundExpiry(ref, NO_EXPIRY);
      c.reply.addInteger(DONE);
      changed = true;
    }
  }
  if (!changed) return;
  notify(c, NOTIFY_HASH, "hpersist", 1);
  keyModified(c, 1);
  c.server.dirty++;
}

// Asking.

function httlCommand(c: Client): void {
  addTimes(c, c.server.keyspace.nowMs, true);
}

function hpttlCommand(c: Client): void {
  addTimes(c, c.server.keyspace.nowMs, false);
}

function hexpiretimeCommand(c: Client): void {
  addTimes(c, 0, true);
}

function hpexpiretimeCommand(c: Client): void {
  addTimes(c, 0, false);
}

/** All four: the fields' expiries relative to `baseMs`, in ms or in seconds that were begun. */
function addTimes(c: Client, baseMs: number, inSeconds: boolean): void {
  const ref = lookupHashOrReply(c);
  if (ref < 0) return;
  const count = getCountOrReply(c, 2, "ERR Number of fields must be a positive integer");
  if (Number.isNaN(count)) return;
  if (ref === 0) return addNoFields(c, count);
  const { hashes } = c.server.keyspace.values;
  const { buf, off, len } = c.argv;
  c.reply.addArray(count);
  for (let i = 4; i < c.argc; i++) {
    if (hashes.find(ref, buf, off[i], len[i]) !== FIELD_LIVE) {
      c.reply.addInteger(NO_FIELD);
      continue;
    }
    const at = hashes.foundExpiry(ref);
    if (at === NO_EXPIRY) c.reply.addInteger(NO_TTL);
    else c.reply.addInteger(inSeconds ? Math.ceil((at - baseMs) / 1000) : at - baseMs);
  }
}

/**
 * The number of fields that the request names: FIELDS must be argument `index`, the number the next one. NaN after an
 * error reply, which is `error` when the number is none or less than one.
 */
function getCountOrReply(c: Client, index: number, error: string): number {
  if (!argIs(c, index, FIELDS)) {
    c.reply.addError("ERR Mandatory argument FIELDS is missing or not at the right position");
    return NaN;
  }
  const count = getRangeOrReply(c, index + 1, 1, Infinity, error);
  if (Number.isNaN(count) || count === c.argc - index - 2) return count;
  c.reply.addError("ERR The `numfields` parameter must match the number of arguments");
  return NaN;
}

/** The reply when there is no hash: no field is there. */
function addNoFields(c: Client, count: number): void {
  c.reply.addArray(count);
  for (let i = 0; i < count; i++) c.reply.addInteger(NO_FIELD);
}

// Declarations.

const COUNTED_FIELDS_ARG: ArgSpec = {
  name: "fields",
  type: "block",
  token: "FIELDS",
  args: [{ name: "numfields", type: "integer" }, FIELDS_ARG],
};

const PER_FIELD = "O(N), N being the number of fields named";

function setter(
  name: string,
  time: string,
  type: ArgType,
  summary: string,
  handler: Handler,
): CommandSpec {
  return {
    name,
    arity: -6,
    flags: WRITE | DENYOOM | FAST,
    categories: ["hash"],
    since: "7.4.0",
    group: "hash",
    complexity: PER_FIELD,
    summary,
    keys: oneKey(KEY_RW | KEY_UPDATE),
    args: [KEY_ARG, { name: time, type }, CONDITION_ARG, COUNTED_FIELDS_ARG],
    handler,
  };
}

function getter(name: string, summary: string, handler: Handler): CommandSpec {
  return {
    name,
    arity: -5,
    flags: READONLY | FAST,
    categories: ["hash"],
    since: "7.4.0",
    group: "hash",
    complexity: PER_FIELD,
    summary,
    keys: oneKey(KEY_RO | KEY_ACCESS),
    args: [KEY_ARG, COUNTED_FIELDS_ARG],
    handler,
  };
}

export const hashExpireCommands: CommandSpec[] = [
  setter(
    "hexpire",
    "seconds",
    "integer",
    "Makes fields of a hash expire in some seconds.",
    hexpireCommand,
  ),
  setter(
    "hpexpire",
    "milliseconds",
    "integer",
    "Makes fields of a hash expire in some milliseconds.",
    hpexpireCommand,
  ),
  setter(
    "hexpireat",
    "unix-time-seconds",
    "unix-time",
    "Makes fields of a hash expire at a unix time in seconds.",
    hexpireatCommand,
  ),
  setter(
    "hpexpireat",
    "unix-time-milliseconds",
    "unix-time",
    "Makes fields of a hash expire at a unix time in milliseconds.",
    hpexpireatCommand,
  ),
  getter("httl", "Tells in how many seconds fields of a hash expire.", httlCommand),
  getter("hpttl", "Tells in how many milliseconds fields of a hash expire.", hpttlCommand),
  getter(
    "hexpiretime",
    "Tells at which unix time in seconds fields of a hash expire.",
    hexpiretimeCommand,
  ),
  getter(
    "hpexpiretime",
    "Tells at which unix time in milliseconds fields of a hash expire.",
    hpexpiretimeCommand,
  ),
  {
    name: "hpersist",
    arity: -5,
    flags: WRITE | FAST,
    categories: ["hash"],
    since: "7.4.0",
    group: "hash",
    complexity: PER_FIELD,
    summary: "Makes fields of a hash expire no more.",
    keys: oneKey(KEY_RW | KEY_UPDATE),
    args: [KEY_ARG, COUNTED_FIELDS_ARG],
    handler: hpersistCommand,
  },
];
