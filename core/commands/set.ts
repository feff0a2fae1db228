/**
 * Set commands: those that look at members or change them one by one. The others of the group have files of
 * their own and are gathered here.
 *
 *     set.ts              SADD SCARD SISMEMBER SMEMBERS SMISMEMBER SMOVE SREM SSCAN
 *     set_operations.ts   SDIFF SDIFFSTORE SINTER SINTERCARD SINTERSTORE SUNION SUNIONSTORE
 *     set_random.ts       SPOP SRANDMEMBER
 */
import { TYPE_SET } from "../types/object.ts";
import { isTypeOrReply } from "../server/args.ts";
import { keyModified, notify, NOTIFY_GENERIC, NOTIFY_SET } from "../server/changes.ts";
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
  READONLY,
  WRITE,
} from "../server/command.ts";
import { scanArgs, scanCollection } from "./scan_collection.ts";
import { setOperationCommands } from "./set_operations.ts";
import { setRandomCommands } from "./set_random.ts";
import { addMembers, MEMBER_ARG, MEMBERS_ARG } from "./set_reply.ts";
import { KEY_ARG, oneKey } from "./string_reply.ts";

function saddCommand(c: Client): void {
  const { keyspace } = c.server;
  const { sets } = keyspace.values;
  const { buf, off, len, argc } = c.argv;
  let ref = keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (!isTypeOrReply(c, ref, TYPE_SET)) return;
  if (ref === 0) {
    ref = keyspace.create(c.db, buf, off[1], len[1], TYPE_SET);
    sets.prepare(ref, buf, off[2], len[2], argc - 2);
  } else sets.maybeConvert(ref, argc - 2);
  let added = 0;
  for (let i = 2; i < argc; i++) {
    if (sets.add(ref, buf, off[i], len[i])) added++;
  }
  if (added > 0) {
    keyModified(c, 1);
    notify(c, NOTIFY_SET, "sadd", 1);
    c.server.dirty += added;
  }
  c.reply.addInteger(added);
}

function sremCommand(c: Client): void {
  const { keyspace } = c.server;
  const { sets } = keyspace.values;
  const { buf, off, len, argc } = c.argv;
  const ref = keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (!isTypeOrReply(c, ref, TYPE_SET)) return;
  let removed = 0;
  let isEmpty = false;
  for (let i = 2; i < argc && ref !== 0 && !isEmpty; i++) {
    if (!sets.remove(ref, buf, off[i], len[i])) continue;
    removed++;
    isEmpty = sets.length(ref) === 0;
  }
  if (isEmpty) keyspace.remove(c.db, ref);
  if (removed > 0) {
    keyModified(c, 1);
    notify(c, NOTIFY_SET, "srem", 1);
    if (isEmpty) notify(c, NOTIFY_GENERIC, "del", 1);
    c.server.dirty += removed;
  }
  c.reply.addInteger(removed);
}

function smoveCommand(c: Client): void {
  const { keyspace } = c.server;
  const { sets } = keyspace.values;
  const { buf, off, len } = c.argv;
  const from = keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  const to = keyspace.lookupKeyWrite(c.db, buf, off[2], len[2]);
  if (from === 0) {
    c.reply.addInteger(0);
    return;
  }
  if (!isTypeOrReply(c, from, TYPE_SET) || !isTypeOrReply(c, to, TYPE_SET)) return;
  const isIn = sets.has(from, buf, off[3], len[3]);
  if (!isIn || from === to) {
    c.reply.addInteger(isIn ? 1 : 0);
    return;
  }
  // Added before it is removed, since adding may find memory short.
  const added = to === 0 ? createWith(c, 2, 3) : sets.add(to, buf, off[3], len[3]);
  sets.remove(from, buf, off[3], len[3]);
  notify(c, NOTIFY_SET, "srem", 1);
  if (sets.length(from) === 0) {
    keyspace.removeEntry(c.db, from);
    notify(c, NOTIFY_GENERIC, "del", 1);
  }
  keyModified(c, 1);
  c.server.dirty++;
  if (added) {
    c.server.dirty++;
    keyModified(c, 2);
    notify(c, NOTIFY_SET, "sadd", 2);
  }
  c.reply.addInteger(1);
}

/** Makes the key in one argument, which was looked up last and is missing, a set of the member in another. */
function createWith(c: Client, keyIndex: number, index: number): boolean {
  const { keyspace } = c.server;
  const { sets } = keyspace.values;
  const { buf, off, len } = c.argv;
  const made = keyspace.detached(buf, off[keyIndex], len[keyIndex], TYPE_SET);
  try {
    sets.prepare(made, buf, off[index], len[index], 1);
    sets.add(made, buf, off[index], len[index]);
  } catch (error) {
    keyspace.discard(made);
    throw error;
  }
  keyspace.publish(c.db, 0, made);
  return true;
}

function scardCommand(c: Client): void {
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  if (!isTypeOrReply(c, ref, TYPE_SET)) return;
  c.reply.addInteger(ref === 0 ? 0 : keyspace.values.sets.length(ref));
}

function sismemberCommand(c: Client): void {
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  if (!isTypeOrReply(c, ref, TYPE_SET)) return;
  const isIn = ref !== 0 && keyspace.values.sets.has(ref, buf, off[2], len[2]);
  c.reply.addInteger(isIn ? 1 : 0);
}

function smismemberCommand(c: Client): void {
  const { keyspace } = c.server;
  const { sets } = keyspace.values;
  const { buf, off, len, argc } = c.argv;
  const ref = keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  if (!isTypeOrReply(c, ref, TYPE_SET)) return;
  c.reply.addArray(argc - 2);
  for (let i = 2; i < argc; i++) {
    c.reply.addInteger(ref !== 0 && sets.has(ref, buf, off[i], len[i]) ? 1 : 0);
  }
}

function smembersCommand(c: Client): void {
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  if (!isTypeOrReply(c, ref, TYPE_SET)) return;
  c.reply.addSet(ref === 0 ? 0 : keyspace.values.sets.length(ref));
  if (ref !== 0) addMembers(c, ref);
}

function sscanCommand(c: Client): void {
  scanCollection(c, TYPE_SET, c.server.keyspace.values.sets.scan, false);
}

const writeCommands: CommandSpec[] = [
  {
    name: "sadd",
    arity: -3,
    flags: WRITE | DENYOOM | FAST,
    categories: ["set"],
    since: "1.0.0",
    group: "set",
    complexity: "O(1) for one member, O(N) for N members",
    summary: "Adds members to a set, which is created when there is none.",
    history: [["2.4.0", "Takes several members."]],
    keys: oneKey(KEY_RW | KEY_INSERT),
    args: [KEY_ARG, MEMBERS_ARG],
    memberArg: 2,
    handler: saddCommand,
  },
  {
    name: "smove",
    arity: 4,
    flags: WRITE | FAST,
    categories: ["set"],
    since: "1.0.0",
    group: "set",
    complexity: "O(1)",
    summary: "Takes a member out of one set and adds it to another.",
    keys: [
      { flags: KEY_RW | KEY_ACCESS | KEY_DELETE, begin: 1, last: 0, step: 1 },
      { flags: KEY_RW | KEY_INSERT, begin: 2, last: 0, step: 1 },
    ],
    args: [
      { name: "source", type: "key", keySpec: 0 },
      { name: "destination", type: "key", keySpec: 1 },
      MEMBER_ARG,
    ],
    handler: smoveCommand,
  },
  {
    name: "srem",
    arity: -3,
    flags: WRITE | FAST,
    categories: ["set"],
    since: "1.0.0",
    group: "set",
    complexity: "O(N) where N is the number of members given",
    summary: "Removes members from a set. An empty set is deleted.",
    history: [["2.4.0", "Takes several members."]],
    keys: oneKey(KEY_RW | KEY_DELETE),
    args: [KEY_ARG, MEMBERS_ARG],
    memberArg: 2,
    handler: sremCommand,
  },
];

const readCommands: CommandSpec[] = [
  {
    name: "scard",
    arity: 2,
    flags: READONLY | FAST,
    categories: ["set"],
    since: "1.0.0",
    group: "set",
    complexity: "O(1)",
    summary: "Tells how many members a set has.",
    keys: oneKey(KEY_RO),
    args: [KEY_ARG],
    handler: scardCommand,
  },
  {
    name: "sismember",
    arity: 3,
    flags: READONLY | FAST,
    categories: ["set"],
    since: "1.0.0",
    group: "set",
    complexity: "O(1)",
    summary: "Tells whether something is a member of a set.",
    keys: oneKey(KEY_RO),
    args: [KEY_ARG, MEMBER_ARG],
    memberArg: 2,
    handler: sismemberCommand,
  },
  {
    name: "smembers",
    arity: 2,
    flags: READONLY,
    categories: ["set"],
    since: "1.0.0",
    group: "set",
    complexity: "O(N) where N is the number of members",
    summary: "Returns all members of a set.",
    keys: oneKey(KEY_RO | KEY_ACCESS),
    args: [KEY_ARG],
    tips: ["nondeterministic_output_order"],
    handler: smembersCommand,
  },
  {
    name: "smismember",
    arity: -3,
    flags: READONLY | FAST,
    categories: ["set"],
    since: "6.2.0",
    group: "set",
    complexity: "O(N) where N is the number of members given",
    summary: "Tells of several members whether a set has them.",
    keys: oneKey(KEY_RO | KEY_ACCESS),
    args: [KEY_ARG, MEMBERS_ARG],
    memberArg: 2,
    handler: smismemberCommand,
  },
  {
    name: "sscan",
    arity: -3,
    flags: READONLY,
    categories: ["set"],
    since: "2.8.0",
    group: "set",
    complexity: "O(1) per call; O(N) from cursor 0 to cursor 0, N being the number of members",
    summary: "Walks the members of a set a few at a time.",
    keys: oneKey(KEY_RO | KEY_ACCESS),
    args: scanArgs(TYPE_SET),
    tips: ["nondeterministic_output"],
    handler: sscanCommand,
  },
];

/** The whole group. */
export const setCommands: CommandSpec[] = [
  ...writeCommands,
  ...readCommands,
  ...setOperationCommands,
  ...setRandomCommands,
];
