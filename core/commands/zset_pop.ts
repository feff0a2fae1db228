/**
 * Commands that take the members of lowest or highest score: ZPOPMIN, ZPOPMAX, ZMPOP, and the three that wait
 * where there are none: BZPOPMIN, BZPOPMAX, BZMPOP.
 *
 * When a key that a client waits for becomes a sorted set, its command is executed again from the start
 * (core/server/blocking.ts).
 */
import { TYPE_ZSET } from "../types/object.ts";
import { ZsetCursor } from "../types/t_zset.ts";
import { getRangeOrReply, isTypeOrReply, NOT_POSITIVE, SYNTAX_ERROR } from "../server/args.ts";
import { keyModified, notify, NOTIFY_GENERIC, NOTIFY_ZSET } from "../server/changes.ts";
import type { Client } from "../server/client.ts";
import {
  BLOCKING,
  type CommandSpec,
  FAST,
  KEY_ACCESS,
  KEY_DELETE,
  KEY_RW,
  WRITE,
} from "../server/command.ts";
import {
  findFirstOrReply,
  findFirstOrWait,
  found,
  multiPop,
  parseMultiPopOrReply,
} from "./first_key.ts";
import { KEY_ARG, oneKey } from "./string_reply.ts";
import { addPair, countedKeys, HIGHEST, LOWEST, MAX, MIN, SIDE_ARG } from "./zset_args.ts";

const cursor = new ZsetCursor();

function zpopminCommand(c: Client): void {
  pop(c, LOWEST);
}

function zpopmaxCommand(c: Client): void {
  pop(c, HIGHEST);
}

function pop(c: Client, side: number): void {
  if (c.argc > 3) {
    c.reply.addError(SYNTAX_ERROR);
    return;
  }
  const hasCount = c.argc === 3;
  let count = hasCount ? getRangeOrReply(c, 2, 0, Infinity, NOT_POSITIVE) : 1;
  if (Number.isNaN(count)) return;
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (!isTypeOrReply(c, ref, TYPE_ZSET)) return;
  if (ref === 0 || count === 0) {
    c.reply.addArray(0);
    return;
  }
  const length = keyspace.values.zsets.length(ref);
  if (count > length) count = length;
  const isNested = hasCount && c.reply.resp > 2;
  c.reply.addArray(isNested ? count : 2 * count);
  popPairs(c, 1, ref, length, side, count, isNested);
}

function zmpopCommand(c: Client): void {
  if (!parseMultiPopOrReply(c, 1, MIN, MAX)) return;
  const index = findFirstOrReply(c, 2, multiPop.numkeys, TYPE_ZSET);
  if (index === 0) c.reply.addNullArray();
  else if (index > 0) popFound(c, index);
}

function bzmpopCommand(c: Client): void {
  if (!parseMultiPopOrReply(c, 2, MIN, MAX)) return;
  const index = findFirstOrWait(c, 1, 3, multiPop.numkeys, TYPE_ZSET);
  if (index > 0) popFound(c, index);
}

function bzpopminCommand(c: Client): void {
  blockingPop(c, LOWEST);
}

function bzpopmaxCommand(c: Client): void {
  blockingPop(c, HIGHEST);
}

function blockingPop(c: Client, side: number): void {
  const index = findFirstOrWait(c, c.argc - 1, 1, c.argc - 2, TYPE_ZSET);
  if (index === 0) return;
  const length = c.server.keyspace.values.zsets.length(found.ref);
  c.reply.addArray(3);
  c.reply.addBulk(c.argv.buf, c.argv.off[index], c.argv.len[index]);
  popPairs(c, index, found.ref, length, side, 1, false);
  propagatePop(c, index, side, -1);
}

/** ZMPOP's reply from the set that was found. */
function popFound(c: Client, index: number): void {
  const { buf, off, len } = c.argv;
  const { ref } = found;
  const side = multiPop.atStart ? LOWEST : HIGHEST;
  const length = c.server.keyspace.values.zsets.length(ref);
  const count = Math.min(multiPop.count, length);
  c.reply.addArray(2);
  c.reply.addBulk(buf, off[index], len[index]);
  c.reply.addArray(count);
  popPairs(c, index, ref, length, side, count, true);
  propagatePop(c, index, side, count);
}

/** Pairs were popped from the set at argument `index`, one with a `count` of -1: ZPOPMIN or ZPOPMAX says so. */
function propagatePop(c: Client, index: number, side: number, count: number): void {
  const { propagation } = c.server;
  if (!propagation.isOn) return;
  propagation.insteadPop(c, side === HIGHEST ? "ZPOPMAX" : "ZPOPMIN", index, count);
}

/**
 * Replies `count` pairs from an end of the set `ref`, which has `length` and was looked up last, and removes them.
 * `isNested`: each is an array.
 */
function popPairs(
  c: Client,
  keyIndex: number,
  ref: number,
  length: number,
  side: number,
  count: number,
  isNested: boolean,
): void {
  const { keyspace } = c.server;
  const { zsets } = keyspace.values;
  const isHighest = side === HIGHEST;
  if (isHighest) zsets.seekLast(ref, cursor);
  else zsets.seekFirst(ref, cursor);
  for (let i = 0; i < count; i++) {
    if (isNested) c.reply.addArray(2);
    addPair(c, cursor, false);
    zsets.addScore(c.reply, cursor);
    if (i + 1 < count) zsets.move(cursor, isHighest);
  }
  notify(c, NOTIFY_ZSET, isHighest ? "zpopmax" : "zpopmin", keyIndex);
  if (count === length) {
    keyspace.remove(c.db, ref);
    notify(c, NOTIFY_GENERIC, "del", keyIndex);
  } else if (isHighest) zsets.removeRanks(ref, length - count, length - 1);
  else zsets.removeRanks(ref, 0, count - 1);
  keyModified(c, keyIndex);
  c.server.dirty += count;
}

// Declarations.

const POP_KEYS = KEY_RW | KEY_ACCESS | KEY_DELETE;
const MULTI_POP_COMPLEXITY =
  "O(K) + O(M*log(N)), K being the number of keys, M that of pairs taken, N the size of the set";

const MULTI_POP_ARGS = [
  { name: "numkeys", type: "integer" as const },
  { ...KEY_ARG, multiple: true },
  SIDE_ARG,
  { name: "count", type: "integer" as const, token: "COUNT", optional: true },
];

function popSpec(name: string, summary: string, handler: (c: Client) => void): CommandSpec {
  return {
    name,
    arity: -2,
    flags: WRITE | FAST,
    categories: ["sortedset"],
    since: "5.0.0",
    group: "sorted-set",
    complexity: "O(log(N)*M), N being the size of the set and M the number of pairs taken",
    summary,
    keys: oneKey(POP_KEYS),
    args: [KEY_ARG, { name: "count", type: "integer", optional: true }],
    handler,
  };
}

function blockingPopSpec(name: string, summary: string, handler: (c: Client) => void): CommandSpec {
  return {
    name,
    arity: -3,
    flags: WRITE | FAST | BLOCKING,
    categories: ["sortedset"],
    since: "5.0.0",
    group: "sorted-set",
    complexity: "O(log(N)), N being the size of the set",
    summary,
    history: [["6.0.0", "The timeout may have a fraction."]],
    keys: [{ flags: POP_KEYS, begin: 1, last: -2, step: 1 }],
    args: [{ ...KEY_ARG, multiple: true }, { name: "timeout", type: "double" }],
    handler,
  };
}

export const zsetPopCommands: CommandSpec[] = [
  popSpec("zpopmax", "Takes the members of highest score out of a sorted set.", zpopmaxCommand),
  popSpec("zpopmin", "Takes the members of lowest score out of a sorted set.", zpopminCommand),
  {
    name: "zmpop",
    arity: -4,
    flags: WRITE,
    categories: ["sortedset"],
    since: "7.0.0",
    group: "sorted-set",
    complexity: MULTI_POP_COMPLEXITY,
    summary: "Takes members of lowest or highest score out of the first sorted set that exists.",
    keys: [countedKeys(1, POP_KEYS)],
    args: MULTI_POP_ARGS,
    handler: zmpopCommand,
  },
  blockingPopSpec(
    "bzpopmax",
    "Takes the member of highest score out of the first sorted set that exists, or waits for one.",
    bzpopmaxCommand,
  ),
  blockingPopSpec(
    "bzpopmin",
    "Takes the member of lowest score out of the first sorted set that exists, or waits for one.",
    bzpopminCommand,
  ),
  {
    name: "bzmpop",
    arity: -5,
    flags: WRITE | BLOCKING,
    categories: ["sortedset"],
    since: "7.0.0",
    group: "sorted-set",
    complexity: MULTI_POP_COMPLEXITY,
    summary: "Takes members out of the first sorted set that exists, or waits for one.",
    keys: [countedKeys(2, POP_KEYS)],
    args: [{ name: "timeout", type: "double" }, ...MULTI_POP_ARGS],
    handler: bzmpopCommand,
  },
];
