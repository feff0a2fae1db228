/**
 * SDIFF, SINTER, SUNION, the same with STORE, and SINTERCARD.
 *
 * Replies begin with their length, so what will be replied is found out first, as places in the sets; nothing is
 * copied. Where the result may be a small set its order is one that clients know from Redis: the one in which the
 * members would be added to a new set. Then, and for what is stored, that set is made in a detached entry.
 */
import { ascii } from "../base/bytes.ts";
import { RefList } from "../base/ref_list.ts";
import { TYPE_SET } from "../types/object.ts";
import {
  argIs,
  getRangeOrReply,
  NEGATIVE_LIMIT,
  NUMKEYS_TOO_SMALL,
  SYNTAX_ERROR,
} from "../server/args.ts";
import { notify, NOTIFY_SET } from "../server/changes.ts";
import type { Client } from "../server/client.ts";
import {
  type ArgSpec,
  type CommandSpec,
  DENYOOM,
  KEY_ACCESS,
  KEY_OW,
  KEY_RO,
  KEY_UPDATE,
  type KeySpec,
  READONLY,
  WRITE,
} from "../server/command.ts";
import { addMembers, addMembersAt, lookupSetsOrReply } from "./set_reply.ts";
import { deleteDestination, publishResult } from "./store_result.ts";
import { KEY_ARG } from "./string_reply.ts";

const LIMIT = ascii("limit");
const NUMKEYS_TOO_LARGE = "ERR Number of keys can't be greater than number of args";

/** Sets up to which a union asks each set about the members of those behind it. */
const ASKED_SETS_MAX = 4;
/** Places for which lists are kept from one command to the next: 256 KiB. */
const KEPT_PLACES_MAX = 1 << 16;

const DIFF = 0;
const INTER = 1;
const UNION = 2;

/** The sets that the command names. */
const sources = new RefList();
const ends = new RefList();
let places = new RefList();

function sinterCommand(c: Client): void {
  const { sets } = c.server.keyspace.values;
  if (!lookupSetsOrReply(c, 1, c.argc, sources)) return;
  if (hasMissing()) {
    c.reply.addSet(0);
    return;
  }
  places.clear();
  sets.algebra.intersect(sources, 0, places);
  c.reply.addSet(places.length);
  addMembersAt(c, sources.refs[0], places, 0, places.length);
  dropLargeList();
}

function sintercardCommand(c: Client): void {
  const numkeys = getRangeOrReply(c, 1, 1, Infinity, NUMKEYS_TOO_SMALL);
  if (Number.isNaN(numkeys)) return;
  if (numkeys > c.argc - 2) {
    c.reply.addError(NUMKEYS_TOO_LARGE);
    return;
  }
  let limit = 0;
  for (let i = 2 + numkeys; i < c.argc; i += 2) {
    if (i + 1 >= c.argc || !argIs(c, i, LIMIT)) {
      c.reply.addError(SYNTAX_ERROR);
      return;
    }
    limit = getRangeOrReply(c, i + 1, 0, Infinity, NEGATIVE_LIMIT);
    if (Number.isNaN(limit)) return;
  }
  if (!lookupSetsOrReply(c, 2, 2 + numkeys, sources)) return;
  const { algebra } = c.server.keyspace.values.sets;
  c.reply.addInteger(hasMissing() ? 0 : algebra.intersect(sources, limit, null));
}

function sdiffCommand(c: Client): void {
  const { algebra } = c.server.keyspace.values.sets;
  if (!lookupSetsOrReply(c, 1, c.argc, sources)) return;
  if (algebra.isEmptyDiff(sources)) {
    c.reply.addSet(0);
    return;
  }
  if (algebra.sizeOf(sources.refs[0]) <= smallMax(c)) {
    replyBuilt(c, DIFF);
    return;
  }
  places.clear();
  algebra.diff(sources, places);
  c.reply.addSet(places.length);
  addMembersAt(c, sources.refs[0], places, 0, places.length);
  dropLargeList();
}

function sunionCommand(c: Client): void {
  const { algebra } = c.server.keyspace.values.sets;
  if (!lookupSetsOrReply(c, 1, c.argc, sources)) return;
  let total = 0;
  let present = 0;
  for (let i = 0; i < sources.length; i++) {
    const ref = sources.refs[i];
    if (ref !== 0) sources.refs[present++] = ref;
    total += algebra.sizeOf(ref);
  }
  sources.length = present;
  if (present === 0) c.reply.addSet(0);
  else if (total <= smallMax(c) || present > ASKED_SETS_MAX) replyBuilt(c, UNION);
  else replyUnion(c);
}

/** Replies the union of the sources: the largest whole, and of the others what isn't in those before. */
function replyUnion(c: Client): void {
  const { sets } = c.server.keyspace.values;
  places.clear();
  ends.clear();
  sets.algebra.union(sources, places, ends);
  const { refs } = sources;
  c.reply.addSet(sets.length(refs[0]) + places.length);
  addMembers(c, refs[0]);
  for (let i = 1; i < sources.length; i++) {
    addMembersAt(c, refs[i], places, ends.refs[i - 1], ends.refs[i]);
  }
  dropLargeList();
}

function sdiffstoreCommand(c: Client): void {
  if (lookupSetsOrReply(c, 2, c.argc, sources)) store(c, DIFF, "sdiffstore");
}

function sinterstoreCommand(c: Client): void {
  if (lookupSetsOrReply(c, 2, c.argc, sources)) store(c, INTER, "sinterstore");
}

function sunionstoreCommand(c: Client): void {
  if (lookupSetsOrReply(c, 2, c.argc, sources)) store(c, UNION, "sunionstore");
}

function store(c: Client, operation: number, event: string): void {
  const { keyspace } = c.server;
  const { sets } = keyspace.values;
  const made = build(c, operation);
  const count = sets.length(made);
  if (count === 0) {
    keyspace.discard(made);
    deleteDestination(c, 1);
  } else {
    publishResult(c, 1, made);
    notify(c, NOTIFY_SET, event, 1);
    c.server.dirty++;
  }
  c.reply.addInteger(count);
}

/** A detached set, under the name in argument 1, of what the operation makes of the sources. */
function build(c: Client, operation: number): number {
  const { keyspace } = c.server;
  const { algebra } = keyspace.values.sets;
  const { buf, off, len } = c.argv;
  const made = keyspace.detached(buf, off[1], len[1], TYPE_SET);
  try {
    if (operation === DIFF) algebra.diffInto(made, sources);
    else if (operation === UNION) algebra.unionInto(made, sources);
    else if (!hasMissing()) algebra.intersectInto(made, sources);
  } catch (error) {
    keyspace.discard(made);
    throw error;
  }
  return made;
}

function replyBuilt(c: Client, operation: number): void {
  const { keyspace } = c.server;
  const made = build(c, operation);
  c.reply.addSet(keyspace.values.sets.length(made));
  addMembers(c, made);
  keyspace.discard(made);
}

/** Whether one of the sources doesn't exist. */
function hasMissing(): boolean {
  for (let i = 0; i < sources.length; i++) {
    if (sources.refs[i] === 0) return true;
  }
  return false;
}

/** Most members of a set that may be an intset or a listpack. */
function smallMax(c: Client): number {
  const { limits } = c.server.keyspace.values.context;
  return Math.max(limits.setMaxIntsetEntries, limits.setMaxListpackEntries);
}

function dropLargeList(): void {
  if (places.refs.length > KEPT_PLACES_MAX) places = new RefList();
}

const SOURCES: KeySpec = { flags: KEY_RO | KEY_ACCESS, begin: 1, last: -1, step: 1 };
const STORE_KEYS: KeySpec[] = [
  { flags: KEY_OW | KEY_UPDATE, begin: 1, last: 0, step: 1 },
  { flags: KEY_RO | KEY_ACCESS, begin: 2, last: -1, step: 1 },
];
const KEYS_ARG: ArgSpec = { ...KEY_ARG, multiple: true };
const STORE_ARGS: ArgSpec[] = [
  { name: "destination", type: "key", keySpec: 0 },
  { name: "key", type: "key", keySpec: 1, multiple: true },
];
const COMPLEXITY_ALL = "O(N) where N is the number of members of all sets together";
const COMPLEXITY_INTER =
  "O(N*M) at worst, where N is the number of members of the smallest set and M the number of sets";
const ANY_ORDER = ["nondeterministic_output_order"];

const readCommands: CommandSpec[] = [
  {
    name: "sdiff",
    arity: -2,
    flags: READONLY,
    categories: ["set"],
    since: "1.0.0",
    group: "set",
    complexity: COMPLEXITY_ALL,
    summary: "Returns the members of the first set that are in none of the others.",
    keys: [SOURCES],
    args: [KEYS_ARG],
    tips: ANY_ORDER,
    handler: sdiffCommand,
  },
  {
    name: "sinter",
    arity: -2,
    flags: READONLY,
    categories: ["set"],
    since: "1.0.0",
    group: "set",
    complexity: COMPLEXITY_INTER,
    summary: "Returns the members that all sets have.",
    keys: [SOURCES],
    args: [KEYS_ARG],
    tips: ANY_ORDER,
    handler: sinterCommand,
  },
  {
    name: "sintercard",
    arity: -3,
    flags: READONLY,
    categories: ["set"],
    since: "7.0.0",
    group: "set",
    complexity: COMPLEXITY_INTER,
    summary: "Tells how many members all sets have in common.",
    keys: [{ flags: KEY_RO | KEY_ACCESS, begin: 1, keynum: { index: 0, first: 1, step: 1 } }],
    args: [
      { name: "numkeys", type: "integer" },
      KEYS_ARG,
      { name: "limit", type: "integer", token: "LIMIT", optional: true },
    ],
    handler: sintercardCommand,
  },
  {
    name: "sunion",
    arity: -2,
    flags: READONLY,
    categories: ["set"],
    since: "1.0.0",
    group: "set",
    complexity: COMPLEXITY_ALL,
    summary: "Returns the members that any of the sets has.",
    keys: [SOURCES],
    args: [KEYS_ARG],
    tips: ANY_ORDER,
    handler: sunionCommand,
  },
];

const storeCommands: CommandSpec[] = [
  {
    name: "sdiffstore",
    arity: -3,
    flags: WRITE | DENYOOM,
    categories: ["set"],
    since: "1.0.0",
    group: "set",
    complexity: COMPLEXITY_ALL,
    summary: "Stores what SDIFF would return as a set at a key.",
    keys: STORE_KEYS,
    args: STORE_ARGS,
    handler: sdiffstoreCommand,
  },
  {
    name: "sinterstore",
    arity: -3,
    flags: WRITE | DENYOOM,
    categories: ["set"],
    since: "1.0.0",
    group: "set",
    complexity: COMPLEXITY_INTER,
    summary: "Stores what SINTER would return as a set at a key.",
    keys: STORE_KEYS,
    args: STORE_ARGS,
    handler: sinterstoreCommand,
  },
  {
    name: "sunionstore",
    arity: -3,
    flags: WRITE | DENYOOM,
    categories: ["set"],
    since: "1.0.0",
    group: "set",
    complexity: COMPLEXITY_ALL,
    summary: "Stores what SUNION would return as a set at a key.",
    keys: STORE_KEYS,
    args: STORE_ARGS,
    handler: sunionstoreCommand,
  },
];

export const setOperationCommands: CommandSpec[] = [...readCommands, ...storeCommands];
