/**
 * SPOP and SRANDMEMBER: members chosen at random.
 *
 * SPOP with a count that leaves little behind chooses what stays instead, and makes it a new set, as Redis does:
 * a hashtable of which a few members remain is a listpack afterwards.
 */
import type { ReadonlyBytes } from "../base/bytes.ts";
import { RefList } from "../base/ref_list.ts";
import {
  ENC_HASHTABLE,
  ENC_LISTPACK,
  objectEncoding,
  objectExpiry,
  TYPE_SET,
} from "../types/object.ts";
import { ByteRange } from "../types/t_string.ts";
import {
  getRangeOrReply,
  getSignedCountOrReply,
  isTypeOrReply,
  NOT_POSITIVE,
  SYNTAX_ERROR,
} from "../server/args.ts";
import { keyModified, notify, NOTIFY_GENERIC, NOTIFY_SET } from "../server/changes.ts";
import type { Client } from "../server/client.ts";
import {
  type CommandSpec,
  FAST,
  KEY_ACCESS,
  KEY_DELETE,
  KEY_RO,
  KEY_RW,
  READONLY,
  WRITE,
} from "../server/command.ts";
import { isReplyLost, REPLY_SLICE } from "./random_reply.ts";
import { addMemberAt, addMembers, addMembersAt } from "./set_reply.ts";
import { KEY_ARG, oneKey } from "./string_reply.ts";

/** What stays is chosen when so many times more are popped. */
const POP_MOST_FACTOR = 5;
/** Places for which the list is kept from one command to the next: 256 KiB. */
const KEPT_PLACES_MAX = 1 << 16;

/** Most members in an SREM that stands for an SPOP. */
const PROPAGATED_MAX = 1024;

let places = new RefList();
const member = new ByteRange();
/** Popped members yet to be propagated, and how many of them the SREM that was begun still expects. */
let popsLeft = 0;
let batchLeft = 0;

function spopCommand(c: Client): void {
  if (c.argc > 3) {
    c.reply.addError(SYNTAX_ERROR);
    return;
  }
  if (c.argc === 3) return spopCount(c);
  const { keyspace } = c.server;
  const { sets } = keyspace.values;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (ref === 0) {
    c.reply.addNull();
    return;
  }
  if (!isTypeOrReply(c, ref, TYPE_SET)) return;
  popsLeft = 1;
  popOne(c, ref);
  notify(c, NOTIFY_SET, "spop", 1);
  if (sets.length(ref) === 0) {
    keyspace.remove(c.db, ref);
    notify(c, NOTIFY_GENERIC, "del", 1);
  }
  keyModified(c, 1);
  c.server.dirty++;
}

function popOne(c: Client, ref: number): void {
  const { sets } = c.server.keyspace.values;
  const place = sets.randomPlace(ref);
  addMemberAt(c, ref, place);
  if (c.server.propagation.isOn) propagatePlace(c, ref, place);
  sets.removePlace(ref, place);
}

function propagatePlace(c: Client, ref: number, place: number): void {
  c.server.keyspace.values.sets.readPlace(ref, place, member);
  propagatePop(c, member.buf, member.off, member.len);
}

/** One of `popsLeft` members was popped: they are propagated as SREM, many at a time. */
function propagatePop(c: Client, buf: ReadonlyBytes, off: number, len: number): void {
  const { propagation } = c.server;
  if (batchLeft === 0) {
    batchLeft = Math.min(popsLeft, PROPAGATED_MAX);
    popsLeft -= batchLeft;
    propagation.instead(c, 2 + batchLeft);
    propagation.text("SREM");
    propagation.arg(c, 1);
  }
  propagation.bytes(buf, off, len);
  batchLeft--;
}

function spopCount(c: Client): void {
  const count = getRangeOrReply(c, 2, 0, Infinity, NOT_POSITIVE);
  if (Number.isNaN(count)) return;
  const { keyspace, arena, propagation } = c.server;
  const { sets } = keyspace.values;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (!isTypeOrReply(c, ref, TYPE_SET)) return;
  if (ref === 0 || count === 0) {
    c.reply.addSet(0);
    return;
  }
  const size = sets.length(ref);
  const popped = count < size ? count : size;
  c.reply.addSet(popped);
  const encoding = objectEncoding(arena, ref);
  popsLeft = popped;
  if (popped === size) {
    addMembers(c, ref);
    keyspace.remove(c.db, ref);
    if (propagation.isOn) propagation.insteadDel(c, 1, propagation.lazyServerDel);
  } else if (encoding === ENC_LISTPACK) popFromListpack(c, ref, popped);
  else if (encoding === ENC_HASHTABLE && (size - popped) * POP_MOST_FACTOR <= popped) {
    popMost(c, ref, size - popped);
  } else {
    for (let i = 0; i < popped; i++) popOne(c, ref);
  }
  notify(c, NOTIFY_SET, "spop", 1);
  if (popped === size) notify(c, NOTIFY_GENERIC, "del", 1);
  keyModified(c, 1);
  c.server.dirty += popped;
}

function popFromListpack(c: Client, ref: number, count: number): void {
  const { sets } = c.server.keyspace.values;
  sets.random.choose(ref, count, places);
  addMembersAt(c, ref, places, 0, count);
  if (c.server.propagation.isOn) {
    for (let i = 0; i < count; i++) propagatePlace(c, ref, places.refs[i]);
  }
  // From the last on, so that the offsets before it stay what they are.
  for (let i = count - 1; i >= 0; i--) sets.removePlace(ref, places.refs[i]);
}

/** Pops all members of a large set but `remaining` random ones, which become a new set at the key. */
function popMost(c: Client, ref: number, remaining: number): void {
  const { keyspace, arena, propagation } = c.server;
  const { sets } = keyspace.values;
  const { buf, off, len } = c.argv;
  places.clear();
  sets.random.draw(ref, remaining, places);
  const made = keyspace.detached(buf, off[1], len[1], TYPE_SET, objectExpiry(arena, ref));
  try {
    sets.toListpackIfEmpty(made);
    for (let i = 0; i < remaining; i++) {
      sets.readPlace(ref, places.refs[i], member);
      sets.add(made, member.buf, member.off, member.len);
    }
  } catch (error) {
    keyspace.discard(made);
    throw error;
  }
  const { members } = sets.algebra;
  members.start(ref);
  while (members.fill()) {
    const { count, bufs, offs, lens } = members;
    for (let i = 0; i < count; i++) {
      if (sets.random.drawn.has(members.places[i])) continue;
      c.reply.addBulk(bufs[i], offs[i], lens[i]);
      if (propagation.isOn) propagatePop(c, bufs[i], offs[i], lens[i]);
    }
  }
  keyspace.publish(c.db, ref, made);
  dropLargeList();
}

function srandmemberCommand(c: Client): void {
  if (c.argc > 3) {
    c.reply.addError(SYNTAX_ERROR);
    return;
  }
  const count = c.argc === 3 ? getSignedCountOrReply(c, 2) : 1;
  if (Number.isNaN(count)) return;
  const { keyspace } = c.server;
  const { sets } = keyspace.values;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  if (!isTypeOrReply(c, ref, TYPE_SET)) return;
  if (c.argc === 2) {
    if (ref === 0) c.reply.addNull();
    else addMemberAt(c, ref, sets.randomPlace(ref));
  } else if (ref === 0 || count === 0) c.reply.addArray(0);
  else if (count < 0) addRandomMembers(c, ref, -count);
  else addDifferentMembers(c, ref, count);
}

/** Replies `count` members, each chosen among all. */
function addRandomMembers(c: Client, ref: number, count: number): void {
  const { keyspace, arena, prng } = c.server;
  const { sets } = keyspace.values;
  c.reply.addArray(count);
  const isListpack = objectEncoding(arena, ref) === ENC_LISTPACK;
  places.clear();
  // A listpack can only be walked, so where its members are is noted once.
  if (isListpack) sets.places(ref, places);
  for (let left = count; left > 0; left--) {
    const place = isListpack ? places.refs[prng.nextBelow(places.length)] : sets.randomPlace(ref);
    addMemberAt(c, ref, place);
    if (left % REPLY_SLICE === 0 && isReplyLost(c)) return;
  }
}

/** Replies `count` different members, or all if there are fewer. */
function addDifferentMembers(c: Client, ref: number, count: number): void {
  const { sets } = c.server.keyspace.values;
  const size = sets.length(ref);
  if (count >= size) {
    c.reply.addArray(size);
    addMembers(c, ref);
    return;
  }
  sets.random.choose(ref, count, places);
  c.reply.addArray(count);
  addMembersAt(c, ref, places, 0, count);
  dropLargeList();
}

function dropLargeList(): void {
  if (places.refs.length > KEPT_PLACES_MAX) places = new RefList();
}

export const setRandomCommands: CommandSpec[] = [
  {
    name: "spop",
    arity: -2,
    flags: WRITE | FAST,
    categories: ["set"],
    since: "1.0.0",
    group: "set",
    complexity: "O(1) without a count, otherwise O(N) where N is the count",
    summary: "Removes random members from a set and returns them. An empty set is deleted.",
    history: [["3.2.0", "Takes a count."]],
    keys: oneKey(KEY_RW | KEY_ACCESS | KEY_DELETE),
    args: [KEY_ARG, { name: "count", type: "integer", since: "3.2.0", optional: true }],
    tips: ["nondeterministic_output"],
    handler: spopCommand,
  },
  {
    name: "srandmember",
    arity: -2,
    flags: READONLY,
    categories: ["set"],
    since: "1.0.0",
    group: "set",
    complexity: "O(1) without a count, otherwise O(N) where N is the absolute value of the count",
    summary: "Returns random members of a set.",
    history: [["2.6.0", "Takes a count."]],
    keys: oneKey(KEY_RO | KEY_ACCESS),
    args: [KEY_ARG, { name: "count", type: "integer", since: "2.6.0", optional: true }],
    tips: ["nondeterministic_output"],
    handler: srandmemberCommand,
  },
];
