/**
 * Hash commands: those that read, set and remove fields. The others of the group have files of their own and are
 * gathered here.
 *
 *     hash.ts           HDEL HEXISTS HGET HGETALL HKEYS HLEN HMGET HMSET HSCAN HSET HSETNX HSTRLEN HVALS
 *     hash_numbers.ts   HINCRBY HINCRBYFLOAT
 *     hash_random.ts    HRANDFIELD
 *     hash_expire.ts    HEXPIRE HEXPIREAT HEXPIRETIME HPERSIST HPEXPIRE HPEXPIREAT HPEXPIRETIME HPTTL HTTL
 *
 * A field whose time is over is removed by the command that asks for it by name. Commands that go through a hash
 * leave such fields out and in place. HSET and HDEL don't look at the time: to them an expired field that nobody
 * has removed is a field, as in Redis.
 */
import { TYPE_HASH } from "../types/object.ts";
import { addArgcError, isTypeOrReply } from "../server/args.ts";
import { keyModified, notify, NOTIFY_GENERIC, NOTIFY_HASH } from "../server/changes.ts";
import type { Client } from "../server/client.ts";
import {
  type CommandSpec,
  DENYOOM,
  FAST,
  KEY_ACCESS,
  KEY_DELETE,
  KEY_INSERT,
  KEY_RO,
  KEY_RW,
  KEY_UPDATE,
  READONLY,
  WRITE,
} from "../server/command.ts";
import { hashExpireCommands } from "./hash_expire.ts";
import { hashNumberCommands } from "./hash_numbers.ts";
import { hashRandomCommands } from "./hash_random.ts";
import {
  addFoundValue,
  DATA_ARG,
  FIELD_ARG,
  FIELD_EXPIRED,
  FIELD_LIVE,
  FIELD_NONE,
  FIELDS_ARG,
  findField,
  HASH_GONE,
  lookupHashOrReply,
} from "./hash_reply.ts";
import { scanArgs, scanCollection } from "./scan_collection.ts";
import { KEY_ARG, oneKey } from "./string_reply.ts";

// Setting and removing.

function hsetCommand(c: Client): void {
  const created = setFields(c);
  if (created >= 0) c.reply.addInteger(created);
}

function hmsetCommand(c: Client): void {
  if (setFields(c) >= 0) c.reply.addOk();
}

/** Sets all fields of the request. Returns how many are new, -1 after an error reply. */
function setFields(c: Client): number {
  const { argc } = c;
  if ((argc & 1) !== 0) {
    addArgcError(c);
    return -1;
  }
  const { keyspace } = c.server;
  const { hashes } = keyspace.values;
  const { buf, off, len } = c.argv;
  let ref = keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (!isTypeOrReply(c, ref, TYPE_HASH)) return -1;
  if (ref === 0) ref = keyspace.create(c.db, buf, off[1], len[1], TYPE_HASH);
  if (argc > 4) hashes.prepare(ref, buf, off, len, 2, argc);
  let created = 0;
  for (let i = 2; i < argc; i += 2) {
    if (hashes.set(ref, buf, off[i], len[i], buf, off[i + 1], len[i + 1])) created++;
  }
  keyModified(c, 1);
  notify(c, NOTIFY_HASH, "hset", 1);
  c.server.dirty += (argc - 2) >> 1;
  return created;
}

function hsetnxCommand(c: Client): void {
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  let ref = keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (!isTypeOrReply(c, ref, TYPE_HASH)) return;
  if (ref !== 0) {
    const found = findField(c, ref, 2);
    if (found === FIELD_LIVE) {
      c.reply.addInteger(0);
      return;
    }
    if (found === HASH_GONE) ref = 0;
  }
  if (ref === 0) ref = keyspace.create(c.db, buf, off[1], len[1], TYPE_HASH);
  keyspace.values.hashes.set(ref, buf, off[2], len[2], buf, off[3], len[3]);
  c.reply.addInteger(1);
  keyModified(c, 1);
  notify(c, NOTIFY_HASH, "hset", 1);
  c.server.dirty++;
}

function hdelCommand(c: Client): void {
  const { keyspace } = c.server;
  const { hashes } = keyspace.values;
  const { argc } = c;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (ref === 0) {
    c.reply.addInteger(0);
    return;
  }
  if (!isTypeOrReply(c, ref, TYPE_HASH)) return;
  let deleted = 0;
  let isEmpty = false;
  for (let i = 2; i < argc && !isEmpty; i++) {
    if (hashes.find(ref, buf, off[i], len[i]) === FIELD_NONE) continue;
    hashes.deleteFound(ref);
    deleted++;
    isEmpty = hashes.length(ref) === 0;
  }
  if (isEmpty) keyspace.remove(c.db, ref);
  if (deleted > 0) {
    keyModified(c, 1);
    notify(c, NOTIFY_HASH, "hdel", 1);
    if (isEmpty) notify(c, NOTIFY_GENERIC, "del", 1);
    c.server.dirty += deleted;
  }
  c.reply.addInteger(deleted);
}

// Reading by name.

function hgetCommand(c: Client): void {
  const ref = lookupHashOrReply(c);
  if (ref < 0) return;
  if (ref !== 0 && findField(c, ref, 2) === FIELD_LIVE) addFoundValue(c, ref);
  else c.reply.addNull();
}

function hmgetCommand(c: Client): void {
  let ref = lookupHashOrReply(c);
  if (ref < 0) return;
  const { argc } = c;
  let expired = 0;
  let isGone = false;
  c.reply.addArray(argc - 2);
  for (let i = 2; i < argc; i++) {
    const found = ref === 0 ? FIELD_NONE : findField(c, ref, i, false);
    if (found === FIELD_LIVE) {
      addFoundValue(c, ref);
      continue;
    }
    c.reply.addNull();
    if (found === FIELD_EXPIRED) expired++;
    if (found === HASH_GONE) {
      isGone = true;
      ref = 0;
    }
  }
  // One event for all. Redis tells of the hash only if more than its last field expired.
  if (expired === 0) return;
  notify(c, NOTIFY_HASH, "hexpired", 1);
  if (isGone) notify(c, NOTIFY_GENERIC, "del", 1);
}

function hexistsCommand(c: Client): void {
  const ref = lookupHashOrReply(c);
  if (ref < 0) return;
  c.reply.addInteger(ref !== 0 && findField(c, ref, 2) === FIELD_LIVE ? 1 : 0);
}

function hstrlenCommand(c: Client): void {
  const ref = lookupHashOrReply(c);
  if (ref < 0) return;
  if (ref === 0 || findField(c, ref, 2) !== FIELD_LIVE) {
    c.reply.addInteger(0);
    return;
  }
  const { hashes } = c.server.keyspace.values;
  hashes.readFound(ref);
  c.reply.addInteger(hashes.value.len);
}

// Reading all.

function hlenCommand(c: Client): void {
  const ref = lookupHashOrReply(c);
  if (ref >= 0) c.reply.addInteger(ref === 0 ? 0 : c.server.keyspace.values.hashes.length(ref));
}

function hgetallCommand(c: Client): void {
  const ref = lookupHashOrReply(c);
  if (ref < 0) return;
  const { hashes } = c.server.keyspace.values;
  c.reply.addMap(ref === 0 ? 0 : hashes.liveLength(ref));
  if (ref === 0 || hashes.walk.addAllPairs(c.reply, ref)) return;
  const { walk } = hashes;
  const { field, value } = walk;
  walk.start(ref);
  while (walk.next()) {
    c.reply.addBulk(field.buf, field.off, field.len);
    c.reply.addBulk(value.buf, value.off, value.len);
  }
}

function hkeysCommand(c: Client): void {
  addAll(c, true);
}

function hvalsCommand(c: Client): void {
  addAll(c, false);
}

/** Replies an array of all fields or all values. */
function addAll(c: Client, fields: boolean): void {
  const ref = lookupHashOrReply(c);
  if (ref < 0) return;
  if (ref === 0) {
    c.reply.addArray(0);
    return;
  }
  const { hashes } = c.server.keyspace.values;
  const { walk } = hashes;
  const text = fields ? walk.field : walk.value;
  c.reply.addArray(hashes.liveLength(ref));
  walk.start(ref);
  while (walk.next()) c.reply.addBulk(text.buf, text.off, text.len);
}

function hscanCommand(c: Client): void {
  scanCollection(c, TYPE_HASH, c.server.keyspace.values.hashes.walk, true);
}

// Declarations.

const ALL_TIPS = ["nondeterministic_output_order"];

const writing: CommandSpec[] = [
  {
    name: "hset",
    arity: -4,
    flags: WRITE | DENYOOM | FAST,
    categories: ["hash"],
    since: "2.0.0",
    group: "hash",
    complexity: "O(1) per field, so O(N) for N fields",
    summary: "Sets fields of a hash to values.",
    history: [["4.0.0", "Takes any number of fields and values."]],
    keys: oneKey(KEY_RW | KEY_UPDATE),
    args: [KEY_ARG, DATA_ARG],
    memberArg: 2,
    handler: hsetCommand,
  },
  {
    name: "hmset",
    arity: -4,
    flags: WRITE | DENYOOM | FAST,
    categories: ["hash"],
    since: "2.0.0",
    group: "hash",
    complexity: "O(N), N being the number of fields set",
    summary: "Sets fields of a hash to values.",
    keys: oneKey(KEY_RW | KEY_UPDATE),
    args: [KEY_ARG, DATA_ARG],
    deprecatedSince: "4.0.0",
    replacedBy: "`HSET` with multiple field-value pairs",
    memberArg: 2,
    handler: hmsetCommand,
  },
  {
    name: "hsetnx",
    arity: 4,
    flags: WRITE | DENYOOM | FAST,
    categories: ["hash"],
    since: "2.0.0",
    group: "hash",
    complexity: "O(1)",
    summary: "Sets a field of a hash unless it is there already.",
    keys: oneKey(KEY_RW | KEY_INSERT),
    args: [KEY_ARG, FIELD_ARG, { name: "value", type: "string" }],
    memberArg: 2,
    handler: hsetnxCommand,
  },
  {
    name: "hdel",
    arity: -3,
    flags: WRITE | FAST,
    categories: ["hash"],
    since: "2.0.0",
    group: "hash",
    complexity: "O(N), N being the number of fields to remove",
    summary: "Removes fields from a hash, and the hash with its last field.",
    history: [["2.4.0", "Takes any number of fields."]],
    keys: oneKey(KEY_RW | KEY_DELETE),
    args: [KEY_ARG, FIELDS_ARG],
    memberArg: 2,
    handler: hdelCommand,
  },
];

const readingByName: CommandSpec[] = [
  {
    name: "hget",
    arity: 3,
    flags: READONLY | FAST,
    categories: ["hash"],
    since: "2.0.0",
    group: "hash",
    complexity: "O(1)",
    summary: "Gets the value of a field of a hash.",
    keys: oneKey(KEY_RO | KEY_ACCESS),
    args: [KEY_ARG, FIELD_ARG],
    memberArg: 2,
    handler: hgetCommand,
  },
  {
    name: "hmget",
    arity: -3,
    flags: READONLY | FAST,
    categories: ["hash"],
    since: "2.0.0",
    group: "hash",
    complexity: "O(N), N being the number of fields asked for",
    summary: "Gets the values of several fields of a hash.",
    keys: oneKey(KEY_RO | KEY_ACCESS),
    args: [KEY_ARG, FIELDS_ARG],
    memberArg: 2,
    handler: hmgetCommand,
  },
  {
    name: "hexists",
    arity: 3,
    flags: READONLY | FAST,
    categories: ["hash"],
    since: "2.0.0",
    group: "hash",
    complexity: "O(1)",
    summary: "Tells whether a hash has a field.",
    keys: oneKey(KEY_RO),
    args: [KEY_ARG, FIELD_ARG],
    memberArg: 2,
    handler: hexistsCommand,
  },
  {
    name: "hstrlen",
    arity: 3,
    flags: READONLY | FAST,
    categories: ["hash"],
    since: "3.2.0",
    group: "hash",
    complexity: "O(1)",
    summary: "Tells how long the value of a field is.",
    keys: oneKey(KEY_RO),
    args: [KEY_ARG, FIELD_ARG],
    memberArg: 2,
    handler: hstrlenCommand,
  },
];

const readingAll: CommandSpec[] = [
  {
    name: "hlen",
    arity: 2,
    flags: READONLY | FAST,
    categories: ["hash"],
    since: "2.0.0",
    group: "hash",
    complexity: "O(1)",
    summary: "Tells how many fields a hash has.",
    keys: oneKey(KEY_RO),
    args: [KEY_ARG],
    handler: hlenCommand,
  },
  {
    name: "hgetall",
    arity: 2,
    flags: READONLY,
    categories: ["hash"],
    since: "2.0.0",
    group: "hash",
    complexity: "O(N), N being the size of the hash",
    summary: "Gets all fields of a hash with their values.",
    keys: oneKey(KEY_RO | KEY_ACCESS),
    args: [KEY_ARG],
    tips: ALL_TIPS,
    handler: hgetallCommand,
  },
  {
    name: "hkeys",
    arity: 2,
    flags: READONLY,
    categories: ["hash"],
    since: "2.0.0",
    group: "hash",
    complexity: "O(N), N being the size of the hash",
    summary: "Lists the fields of a hash.",
    keys: oneKey(KEY_RO | KEY_ACCESS),
    args: [KEY_ARG],
    tips: ALL_TIPS,
    handler: hkeysCommand,
  },
  {
    name: "hvals",
    arity: 2,
    flags: READONLY,
    categories: ["hash"],
    since: "2.0.0",
    group: "hash",
    complexity: "O(N), N being the size of the hash",
    summary: "Lists the values of a hash.",
    keys: oneKey(KEY_RO | KEY_ACCESS),
    args: [KEY_ARG],
    tips: ALL_TIPS,
    handler: hvalsCommand,
  },
  {
    name: "hscan",
    arity: -3,
    flags: READONLY,
    categories: ["hash"],
    since: "2.8.0",
    group: "hash",
    complexity: "O(1) per call; O(N) from cursor 0 to cursor 0, N being the size of the hash",
    summary: "Walks the fields of a hash a few at a time.",
    keys: oneKey(KEY_RO | KEY_ACCESS),
    args: scanArgs(TYPE_HASH),
    tips: ["nondeterministic_output"],
    handler: hscanCommand,
  },
];

export const hashCommands: CommandSpec[] = [
  ...writing,
  ...readingByName,
  ...readingAll,
  ...hashNumberCommands,
  ...hashRandomCommands,
  ...hashExpireCommands,
];
