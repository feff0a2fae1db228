/**
 * String commands: those that read or replace one string whole. The others of the group have files of
 * their own and are gathered here.
 *
 *     string.ts           GET GETDEL GETEX GETSET PSETEX SET SETEX SETNX
 *     string_many.ts      MGET MSET MSETNX
 *     string_range.ts     APPEND GETRANGE SETRANGE STRLEN SUBSTR
 *     string_numbers.ts   DECR DECRBY INCR INCRBY INCRBYFLOAT
 *     string_lcs.ts       LCS
 */
import { ascii, tokenEquals } from "../base/bytes.ts";
import type { Argv } from "../protocol/resp_parser.ts";
import { NO_EXPIRY, objectExpiry } from "../types/object.ts";
import { argIs } from "../server/args.ts";
import { keyModified, notify, NOTIFY_GENERIC, NOTIFY_STRING } from "../server/changes.ts";
import type { Client } from "../server/client.ts";
import {
  type ArgSpec,
  type CommandSpec,
  DENYOOM,
  FAST,
  KEY_ACCESS,
  KEY_DELETE,
  KEY_INSERT,
  KEY_OW,
  KEY_RO,
  KEY_RW,
  KEY_UPDATE,
  KEY_VARIABLE_FLAGS,
  READONLY,
  WRITE,
} from "../server/command.ts";
import type { KeyList } from "../server/keys_of.ts";
import { lcsCommands } from "./string_lcs.ts";
import { manyStringCommands } from "./string_many.ts";
import { numberCommands } from "./string_numbers.ts";
import {
  clearStringOptions,
  getExpireAtOrReply,
  getExpiryOrReply,
  OPT_EX,
  OPT_EXAT,
  OPT_GET,
  OPT_KEEPTTL,
  OPT_NX,
  OPT_PERSIST,
  OPT_PX,
  OPT_PXAT,
  OPT_XX,
  options,
  parseStringOptions,
} from "./string_options.ts";
import { rangeCommands } from "./string_range.ts";
import { addStringReply, isStringOrReply, KEY_ARG, oneKey, VALUE_ARG } from "./string_reply.ts";

const GET = ascii("get");
const TIMES = OPT_EX | OPT_PX | OPT_EXAT | OPT_PXAT;
const SET_OPTIONS = TIMES | OPT_NX | OPT_XX | OPT_GET | OPT_KEEPTTL;
const GETEX_OPTIONS = TIMES | OPT_PERSIST;

function getCommand(c: Client): void {
  const { buf, off, len } = c.argv;
  addStringReply(c, c.server.keyspace.lookupKeyRead(c.db, buf, off[1], len[1]));
}

function setCommand(c: Client): void {
  if (c.argc === 3) clearStringOptions();
  else if (!parseStringOptions(c, 3, SET_OPTIONS) || !getExpiryOrReply(c)) return;
  const { keyspace, arena } = c.server;
  const { buf, off, len } = c.argv;
  const { flags } = options;
  let ref: number;
  if ((flags & OPT_GET) === 0) ref = keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  else {
    ref = keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
    if (!addStringReply(c, ref)) return;
  }
  if ((flags & OPT_NX) !== 0 && ref !== 0 || (flags & OPT_XX) !== 0 && ref === 0) {
    if ((flags & OPT_GET) === 0) c.reply.addNull();
    return;
  }
  let { expireAt } = options;
  if ((flags & OPT_KEEPTTL) !== 0 && ref !== 0) expireAt = objectExpiry(arena, ref);
  keyspace.strings.set(c.db, ref, buf, off[1], len[1], buf, off[2], len[2], expireAt);
  keyModified(c, 1);
  notify(c, NOTIFY_STRING, "set", 1);
  if ((flags & TIMES) !== 0) notify(c, NOTIFY_GENERIC, "expire", 1);
  c.server.dirty++;
  if (flags !== 0 && c.server.propagation.isOn) propagateSet(c, flags, expireAt);
  if ((flags & OPT_GET) === 0) c.reply.addOk();
}

/** SET with options: a time is made absolute, and GET doesn't matter. */
function propagateSet(c: Client, flags: number, expireAt: number): void {
  if ((flags & OPT_PXAT) !== 0) return;
  if ((flags & TIMES) !== 0) return propagateValue(c, 2, expireAt);
  if ((flags & OPT_GET) === 0) return;
  const { propagation } = c.server;
  let gets = 0;
  for (let i = 3; i < c.argc; i++) if (argIs(c, i, GET)) gets++;
  propagation.instead(c, c.argc - gets);
  propagation.args(c, 0, 3);
  for (let i = 3; i < c.argc; i++) if (!argIs(c, i, GET)) propagation.arg(c, i);
}

/** The key has the value in argument `index` until `expireAt`. */
function propagateValue(c: Client, index: number, expireAt: number): void {
  const { propagation } = c.server;
  propagation.instead(c, 5);
  propagation.text("SET");
  propagation.arg(c, 1);
  propagation.arg(c, index);
  propagation.text("PXAT");
  propagation.integer(expireAt);
}

function setnxCommand(c: Client): void {
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  if (keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]) !== 0) {
    c.reply.addInteger(0);
    return;
  }
  keyspace.strings.set(c.db, 0, buf, off[1], len[1], buf, off[2], len[2], NO_EXPIRY);
  keyModified(c, 1);
  notify(c, NOTIFY_STRING, "set", 1);
  c.server.dirty++;
  c.reply.addInteger(1);
}

function setexCommand(c: Client): void {
  setFor(c, getExpireAtOrReply(c, 2, true, true));
}

function psetexCommand(c: Client): void {
  setFor(c, getExpireAtOrReply(c, 2, false, true));
}

/** Sets the key to the third argument until `expireAt`; NaN: the time was refused. */
function setFor(c: Client, expireAt: number): void {
  if (Number.isNaN(expireAt)) return;
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  keyspace.strings.set(c.db, ref, buf, off[1], len[1], buf, off[3], len[3], expireAt);
  keyModified(c, 1);
  notify(c, NOTIFY_STRING, "set", 1);
  notify(c, NOTIFY_GENERIC, "expire", 1);
  c.server.dirty++;
  if (c.server.propagation.isOn) propagateValue(c, 3, expireAt);
  c.reply.addOk();
}

function getsetCommand(c: Client): void {
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  if (!addStringReply(c, ref)) return;
  keyspace.strings.set(c.db, ref, buf, off[1], len[1], buf, off[2], len[2], NO_EXPIRY);
  keyModified(c, 1);
  notify(c, NOTIFY_STRING, "set", 1);
  c.server.dirty++;
  if (c.server.propagation.isOn) c.server.propagation.insteadNamed(c, "SET", 3);
}

function getdelCommand(c: Client): void {
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  if (!addStringReply(c, ref) || ref === 0) return;
  keyspace.remove(c.db, ref);
  keyModified(c, 1);
  notify(c, NOTIFY_GENERIC, "del", 1);
  c.server.dirty++;
  if (c.server.propagation.isOn) c.server.propagation.insteadDel(c, 1, false);
}

function getexCommand(c: Client): void {
  if (!parseStringOptions(c, 2, GETEX_OPTIONS)) return;
  const { keyspace, arena, propagation } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  // A missing key or a wrong type is told before a wrong time.
  if (ref !== 0 && (!isStringOrReply(c, ref) || !getExpiryOrReply(c))) return;
  addStringReply(c, ref);
  if (ref === 0) return;
  const { flags, expireAt } = options;
  if ((flags & (OPT_EXAT | OPT_PXAT)) !== 0 && expireAt <= keyspace.expiryMs) {
    keyspace.remove(c.db, ref);
    keyModified(c, 1);
    notify(c, NOTIFY_GENERIC, "del", 1);
    c.server.dirty++;
    if (propagation.isOn) propagation.insteadDel(c, 1, propagation.lazyExpire);
  } else if ((flags & TIMES) !== 0) {
    keyspace.setExpiry(c.db, ref, expireAt);
    keyModified(c, 1);
    notify(c, NOTIFY_GENERIC, "expire", 1);
    c.server.dirty++;
    if (propagation.isOn) propagation.insteadExpiry(c, expireAt, 3);
  } else if ((flags & OPT_PERSIST) !== 0 && objectExpiry(arena, ref) !== NO_EXPIRY) {
    keyspace.setExpiry(c.db, ref, NO_EXPIRY);
    keyModified(c, 1);
    notify(c, NOTIFY_GENERIC, "persist", 1);
    c.server.dirty++;
    if (propagation.isOn) propagation.insteadNamed(c, "PERSIST", 2);
  }
}

/** The options that give an expiry, as COMMAND DOCS shows them; `last` is the one that gives none. */
function expirationArg(last: ArgSpec, isDated: boolean): ArgSpec {
  const early = isDated ? { since: "2.6.12" } : {};
  const late = isDated ? { since: "6.2.0" } : {};
  return {
    name: "expiration",
    type: "oneof",
    optional: true,
    args: [
      { name: "seconds", type: "integer", token: "EX", ...early },
      { name: "milliseconds", type: "integer", token: "PX", ...early },
      { name: "unix-time-seconds", type: "unix-time", token: "EXAT", ...late },
      { name: "unix-time-milliseconds", type: "unix-time", token: "PXAT", ...late },
      last,
    ],
  };
}

const getCommands: CommandSpec[] = [
  {
    name: "get",
    arity: 2,
    flags: READONLY | FAST,
    categories: ["string"],
    since: "1.0.0",
    group: "string",
    complexity: "O(1)",
    summary: "Returns the string at a key.",
    keys: oneKey(KEY_RO | KEY_ACCESS),
    args: [KEY_ARG],
    handler: getCommand,
  },
  {
    name: "getdel",
    arity: 2,
    flags: WRITE | FAST,
    categories: ["string"],
    since: "6.2.0",
    group: "string",
    complexity: "O(1)",
    summary: "Returns the string at a key and deletes the key.",
    keys: oneKey(KEY_RW | KEY_ACCESS | KEY_DELETE),
    args: [KEY_ARG],
    handler: getdelCommand,
  },
  {
    name: "getex",
    arity: -2,
    flags: WRITE | FAST,
    categories: ["string"],
    since: "6.2.0",
    group: "string",
    complexity: "O(1)",
    summary: "Returns the string at a key and sets or removes the key's expiry.",
    keys: oneKey(KEY_RW | KEY_ACCESS | KEY_UPDATE, "RW and UPDATE because the TTL changes"),
    args: [
      KEY_ARG,
      expirationArg({ name: "persist", type: "pure-token", token: "PERSIST" }, false),
    ],
    handler: getexCommand,
  },
  {
    name: "getset",
    arity: 3,
    flags: WRITE | DENYOOM | FAST,
    categories: ["string"],
    since: "1.0.0",
    group: "string",
    complexity: "O(1)",
    summary: "Stores a string at a key and returns the one that was there.",
    deprecatedSince: "6.2.0",
    replacedBy: "`SET` with the `!GET` argument",
    keys: oneKey(KEY_RW | KEY_ACCESS | KEY_UPDATE),
    args: [KEY_ARG, VALUE_ARG],
    handler: getsetCommand,
  },
];

/** What SET does with its key: with GET it reads it too. Like Redis it takes any `get` for that option. */
function setKeys(argv: Argv, keys: KeyList): void {
  let flags = KEY_OW | KEY_UPDATE;
  for (let i = 3; i < argv.argc; i++) {
    if (tokenEquals(argv.buf, argv.off[i], argv.len[i], GET)) {
      flags = KEY_RW | KEY_ACCESS | KEY_UPDATE;
    }
  }
  keys.add(1, flags);
}

const setCommands: CommandSpec[] = [
  {
    name: "set",
    arity: -3,
    flags: WRITE | DENYOOM,
    categories: ["string"],
    since: "1.0.0",
    group: "string",
    complexity: "O(1)",
    summary: "Stores a string at a key, whatever was there before.",
    history: [
      ["2.6.12", "Takes `EX`, `PX`, `NX` and `XX`."],
      ["6.0.0", "Takes `KEEPTTL`."],
      ["6.2.0", "Takes `GET`, `EXAT` and `PXAT`."],
      ["7.0.0", "Takes `NX` and `GET` together."],
    ],
    keys: oneKey(
      KEY_RW | KEY_ACCESS | KEY_UPDATE | KEY_VARIABLE_FLAGS,
      "RW and ACCESS because of the optional `GET`",
    ),
    findKeys: setKeys,
    args: [
      KEY_ARG,
      VALUE_ARG,
      {
        name: "condition",
        type: "oneof",
        since: "2.6.12",
        optional: true,
        args: [
          { name: "nx", type: "pure-token", token: "NX" },
          { name: "xx", type: "pure-token", token: "XX" },
        ],
      },
      { name: "get", type: "pure-token", token: "GET", since: "6.2.0", optional: true },
      expirationArg(
        { name: "keepttl", type: "pure-token", token: "KEEPTTL", since: "6.0.0" },
        true,
      ),
    ],
    handler: setCommand,
  },
  {
    name: "setnx",
    arity: 3,
    flags: WRITE | DENYOOM | FAST,
    categories: ["string"],
    since: "1.0.0",
    group: "string",
    complexity: "O(1)",
    summary: "Stores a string at a key that doesn't exist.",
    deprecatedSince: "2.6.12",
    replacedBy: "`SET` with the `NX` argument",
    keys: oneKey(KEY_OW | KEY_INSERT),
    args: [KEY_ARG, VALUE_ARG],
    handler: setnxCommand,
  },
  {
    name: "setex",
    arity: 4,
    flags: WRITE | DENYOOM,
    categories: ["string"],
    since: "2.0.0",
    group: "string",
    complexity: "O(1)",
    summary: "Stores a string at a key for a number of seconds.",
    deprecatedSince: "2.6.12",
    replacedBy: "`SET` with the `EX` argument",
    keys: oneKey(KEY_OW | KEY_UPDATE),
    args: [KEY_ARG, { name: "seconds", type: "integer" }, VALUE_ARG],
    handler: setexCommand,
  },
  {
    name: "psetex",
    arity: 4,
    flags: WRITE | DENYOOM,
    categories: ["string"],
    since: "2.6.0",
    group: "string",
    complexity: "O(1)",
    summary: "Stores a string at a key for a number of milliseconds.",
    deprecatedSince: "2.6.12",
    replacedBy: "`SET` with the `PX` argument",
    keys: oneKey(KEY_OW | KEY_UPDATE),
    args: [KEY_ARG, { name: "milliseconds", type: "integer" }, VALUE_ARG],
    handler: psetexCommand,
  },
];

/** The whole group. */
export const stringCommands: CommandSpec[] = [
  ...getCommands,
  ...setCommands,
  ...manyStringCommands,
  ...rangeCommands,
  ...numberCommands,
  ...lcsCommands,
];
