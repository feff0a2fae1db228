/**
 * Key commands: those that act on keys whatever they hold. What is about time is in expire.ts, what walks
 * the keys in scan.ts, what shows a value's inside in object.ts.
 */
import { ascii, bytesEqual } from "../base/bytes.ts";
import type { Db } from "../keyspace/db.ts";
import { objectType, TYPE_NAMES } from "../types/object.ts";
import { ByteRange } from "../types/t_string.ts";
import { argIs, getIntegerOrReply, NO_SUCH_KEY, SYNTAX_ERROR } from "../server/args.ts";
import { keyModified, keyModifiedIn, notify, NOTIFY_GENERIC, notifyIn } from "../server/changes.ts";
import { type Client, CLIENT_NO_TOUCH } from "../server/client.ts";
import {
  type ArgSpec,
  type CommandSpec,
  DENYOOM,
  FAST,
  KEY_ACCESS,
  KEY_DELETE,
  KEY_INSERT,
  KEY_OW,
  KEY_RM,
  KEY_RO,
  KEY_RW,
  KEY_UPDATE,
  READONLY,
  TOUCHES_ARBITRARY_KEYS,
  WRITE,
} from "../server/command.ts";
import { expireCommands } from "./expire.ts";
import { objectCommands } from "./object.ts";
import { scanCommands } from "./scan.ts";

const SAME_OBJECT = "ERR source and destination objects are the same";
const INT_MAX = 2 ** 31 - 1;
const INT_MIN = -(2 ** 31);
const NOT_AN_INT = `ERR value is out of range, value must between ${INT_MIN} and ${INT_MAX}`;
const WORD_DB = ascii("db");
const WORD_REPLACE = ascii("replace");

const key = new ByteRange();

/** DEL and UNLINK: both give the memory of large values back in slices. */
function delCommand(c: Client): void {
  const { keyspace } = c.server;
  const { buf, off, len, argc } = c.argv;
  let count = 0;
  for (let i = 1; i < argc; i++) {
    const ref = keyspace.lookupKey(c.db, buf, off[i], len[i]);
    if (ref === 0) continue;
    keyspace.remove(c.db, ref);
    keyModified(c, i);
    notify(c, NOTIFY_GENERIC, "del", i);
    count++;
  }
  c.server.dirty += count;
  c.reply.addInteger(count);
}

function existsCommand(c: Client): void {
  const { keyspace } = c.server;
  const { buf, off, len, argc } = c.argv;
  let count = 0;
  for (let i = 1; i < argc; i++) {
    if (keyspace.lookupKeyPeek(c.db, buf, off[i], len[i]) !== 0) count++;
  }
  c.reply.addInteger(count);
}

function touchCommand(c: Client): void {
  const { keyspace } = c.server;
  const { buf, off, len, argc } = c.argv;
  // CLIENT NO-TOUCH is about access by the way; this is what the command is for.
  const insist = (c.flags & CLIENT_NO_TOUCH) !== 0;
  let count = 0;
  for (let i = 1; i < argc; i++) {
    const ref = keyspace.lookupKeyRead(c.db, buf, off[i], len[i]);
    if (ref === 0) continue;
    if (insist) keyspace.touch(ref);
    count++;
  }
  c.reply.addInteger(count);
}

function typeCommand(c: Client): void {
  const { keyspace, arena } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyPeek(c.db, buf, off[1], len[1]);
  c.reply.addStatus(ref === 0 ? "none" : TYPE_NAMES[objectType(arena, ref)]);
}

function randomkeyCommand(c: Client): void {
  const { keyspace } = c.server;
  const ref = keyspace.randomKey(c.db);
  if (ref === 0) {
    c.reply.addNull();
    return;
  }
  keyspace.readKey(ref, key);
  c.reply.addBulk(key.buf, key.off, key.len);
}

function renameCommand(c: Client): void {
  if (renameOrReply(c, false)) c.reply.addOk();
}

function renamenxCommand(c: Client): void {
  if (renameOrReply(c, true)) c.reply.addInteger(1);
}

/** Renames. False after a reply that says why not. */
function renameOrReply(c: Client, onlyIfNew: boolean): boolean {
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (ref === 0) {
    c.reply.addError(NO_SUCH_KEY);
    return false;
  }
  if (bytesEqual(buf, off[1], len[1], buf, off[2], len[2])) {
    if (!onlyIfNew) return true;
    c.reply.addInteger(0);
    return false;
  }
  const old = keyspace.lookupKeyWrite(c.db, buf, off[2], len[2]);
  if (old !== 0 && onlyIfNew) {
    c.reply.addInteger(0);
    return false;
  }
  const moved = keyspace.moveValue(c.db, ref, c.db, old, buf, off[2], len[2]);
  // The key in its way counts as deleted.
  if (old !== 0) keyspace.tellNew(c.db, moved);
  keyModified(c, 1);
  keyModified(c, 2);
  notify(c, NOTIFY_GENERIC, "rename_from", 1);
  notify(c, NOTIFY_GENERIC, "rename_to", 2);
  c.server.dirty++;
  return true;
}

function moveCommand(c: Client): void {
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  const toDb = getDbOrReply(c, 2);
  if (toDb === null) return;
  if (toDb === c.db) {
    c.reply.addError(SAME_OBJECT);
    return;
  }
  const ref = keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (ref === 0 || keyspace.lookupKeyWrite(toDb, buf, off[1], len[1]) !== 0) {
    c.reply.addInteger(0);
    return;
  }
  keyspace.moveValue(c.db, ref, toDb, 0, buf, off[1], len[1]);
  keyModified(c, 1);
  keyModifiedIn(c, toDb, 1);
  notify(c, NOTIFY_GENERIC, "move_from", 1);
  notifyIn(c, NOTIFY_GENERIC, "move_to", toDb, 1);
  c.server.dirty++;
  c.reply.addInteger(1);
}

function copyCommand(c: Client): void {
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  let toDb = c.db;
  let replace = false;
  for (let i = 3; i < c.argc; i++) {
    if (argIs(c, i, WORD_REPLACE)) replace = true;
    else if (argIs(c, i, WORD_DB) && i + 1 < c.argc) {
      const db = getDbOrReply(c, ++i);
      if (db === null) return;
      toDb = db;
    } else {
      c.reply.addError(SYNTAX_ERROR);
      return;
    }
  }
  if (toDb === c.db && bytesEqual(buf, off[1], len[1], buf, off[2], len[2])) {
    c.reply.addError(SAME_OBJECT);
    return;
  }
  const ref = keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  if (ref === 0) {
    c.reply.addInteger(0);
    return;
  }
  const old = keyspace.lookupKeyWrite(toDb, buf, off[2], len[2]);
  if (old !== 0 && !replace) {
    c.reply.addInteger(0);
    return;
  }
  const copy = keyspace.copyValue(ref, toDb, old, buf, off[2], len[2]);
  if (old !== 0) keyspace.tellNew(toDb, copy);
  keyModifiedIn(c, toDb, 2);
  notifyIn(c, NOTIFY_GENERIC, "copy_to", toDb, 2);
  c.server.dirty++;
  c.reply.addInteger(1);
}

/** The database whose number is argument `index`, or null after an error reply. */
function getDbOrReply(c: Client, index: number): Db | null {
  const id = getIntegerOrReply(c, index);
  if (Number.isNaN(id)) return null;
  const { dbs } = c.server.keyspace;
  if (id >= 0 && id < dbs.length) return dbs[id];
  c.reply.addError(id < INT_MIN || id > INT_MAX ? NOT_AN_INT : "ERR DB index is out of range");
  return null;
}

const KEY: ArgSpec = { name: "key", type: "key", keySpec: 0 };
const KEYS: ArgSpec = { name: "key", type: "key", keySpec: 0, multiple: true };
const SUM_OF_SHARDS = ["request_policy:multi_shard", "response_policy:agg_sum"];

const ownCommands: CommandSpec[] = [
  {
    name: "del",
    arity: -2,
    flags: WRITE,
    categories: ["keyspace"],
    since: "1.0.0",
    group: "generic",
    complexity: "O(N), N being the number of keys, and of elements in those that are collections",
    summary: "Removes keys.",
    keys: [{ flags: KEY_RM | KEY_DELETE, begin: 1, last: -1, step: 1 }],
    args: [KEYS],
    tips: SUM_OF_SHARDS,
    handler: delCommand,
  },
  {
    name: "unlink",
    arity: -2,
    flags: WRITE | FAST,
    categories: ["keyspace"],
    since: "4.0.0",
    group: "generic",
    complexity: "O(1) per key; what it held is freed afterwards, a slice at a time",
    summary: "Removes keys and frees their memory later.",
    keys: [{ flags: KEY_RM | KEY_DELETE, begin: 1, last: -1, step: 1 }],
    args: [KEYS],
    tips: SUM_OF_SHARDS,
    handler: delCommand,
  },
  {
    name: "exists",
    arity: -2,
    flags: READONLY | FAST,
    categories: ["keyspace"],
    since: "1.0.0",
    group: "generic",
    complexity: "O(N), N being the number of keys",
    summary: "Counts which of the keys exist.",
    history: [["3.0.3", "Several keys may be given."]],
    keys: [{ flags: KEY_RO, begin: 1, last: -1, step: 1 }],
    args: [KEYS],
    tips: SUM_OF_SHARDS,
    handler: existsCommand,
  },
  {
    name: "touch",
    arity: -2,
    flags: READONLY | FAST,
    categories: ["keyspace"],
    since: "3.2.1",
    group: "generic",
    complexity: "O(N), N being the number of keys",
    summary: "Marks keys as just used and counts which of them exist.",
    keys: [{ flags: KEY_RO, begin: 1, last: -1, step: 1 }],
    args: [KEYS],
    tips: SUM_OF_SHARDS,
    handler: touchCommand,
  },
  {
    name: "type",
    arity: 2,
    flags: READONLY | FAST,
    categories: ["keyspace"],
    since: "1.0.0",
    group: "generic",
    complexity: "O(1)",
    summary: "Names the type of the value at a key.",
    keys: [{ flags: KEY_RO, begin: 1, last: 0, step: 1 }],
    args: [KEY],
    handler: typeCommand,
  },
  {
    name: "randomkey",
    arity: 1,
    flags: READONLY | TOUCHES_ARBITRARY_KEYS,
    categories: ["keyspace"],
    since: "1.0.0",
    group: "generic",
    complexity: "O(1)",
    summary: "Picks a key at random.",
    tips: ["request_policy:all_shards", "response_policy:special", "nondeterministic_output"],
    handler: randomkeyCommand,
  },
  {
    name: "rename",
    arity: 3,
    flags: WRITE,
    categories: ["keyspace"],
    since: "1.0.0",
    group: "generic",
    complexity: "O(1)",
    summary: "Gives a key another name, and takes the place of the key that had it.",
    keys: [
      { flags: KEY_RW | KEY_ACCESS | KEY_DELETE, begin: 1, last: 0, step: 1 },
      { flags: KEY_OW | KEY_UPDATE, begin: 2, last: 0, step: 1 },
    ],
    args: [KEY, { name: "newkey", type: "key", keySpec: 1 }],
    handler: renameCommand,
  },
  {
    name: "renamenx",
    arity: 3,
    flags: WRITE | FAST,
    categories: ["keyspace"],
    since: "1.0.0",
    group: "generic",
    complexity: "O(1)",
    summary: "Gives a key another name unless there is a key of that name.",
    history: [["3.2.0", "Equal names are no longer an error."]],
    keys: [
      { flags: KEY_RW | KEY_ACCESS | KEY_DELETE, begin: 1, last: 0, step: 1 },
      { flags: KEY_OW | KEY_INSERT, begin: 2, last: 0, step: 1 },
    ],
    args: [KEY, { name: "newkey", type: "key", keySpec: 1 }],
    handler: renamenxCommand,
  },
  {
    name: "move",
    arity: 3,
    flags: WRITE | FAST,
    categories: ["keyspace"],
    since: "1.0.0",
    group: "generic",
    complexity: "O(1)",
    summary: "Takes a key to another database.",
    keys: [{ flags: KEY_RW | KEY_ACCESS | KEY_UPDATE, begin: 1, last: 0, step: 1 }],
    args: [KEY, { name: "db", type: "integer" }],
    handler: moveCommand,
  },
  {
    name: "copy",
    arity: -3,
    flags: WRITE | DENYOOM,
    categories: ["keyspace"],
    since: "6.2.0",
    group: "generic",
    complexity: "O(1) for a string, otherwise O(N), N being the number of elements",
    summary: "Copies a key's value and expiry to another key.",
    keys: [
      { flags: KEY_RO | KEY_ACCESS, begin: 1, last: 0, step: 1 },
      { flags: KEY_OW | KEY_UPDATE, begin: 2, last: 0, step: 1 },
    ],
    args: [
      { name: "source", type: "key", keySpec: 0 },
      { name: "destination", type: "key", keySpec: 1 },
      { name: "destination-db", type: "integer", token: "DB", optional: true },
      { name: "replace", type: "pure-token", token: "REPLACE", optional: true },
    ],
    handler: copyCommand,
  },
];

/** The group that Redis calls generic. */
export const keyCommands: CommandSpec[] = [
  ...ownCommands,
  ...expireCommands,
  ...scanCommands,
  ...objectCommands,
];
