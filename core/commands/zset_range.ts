/**
 * Ranges of a sorted set, by rank, score or member: ZRANGE, ZRANGESTORE, and the six older commands that each
 * do a part of what ZRANGE does now.
 *
 * A reply begins with the number of its pairs. For ranks that is known. For the others a short range is walked
 * first, which brings its entries into the cache; once it turns out long, its pairs are counted by their ranks.
 */
import { ascii } from "../base/bytes.ts";
import { TYPE_ZSET } from "../types/object.ts";
import { ZsetCursor } from "../types/t_zset.ts";
import {
  argIs,
  firstIndex,
  getIntegerOrReply,
  isTypeOrReply,
  lastIndex,
  SYNTAX_ERROR,
} from "../server/args.ts";
import { notify, NOTIFY_ZSET } from "../server/changes.ts";
import type { Client } from "../server/client.ts";
import {
  type ArgSpec,
  type CommandSpec,
  DENYOOM,
  KEY_ACCESS,
  KEY_OW,
  KEY_RO,
  KEY_UPDATE,
  READONLY,
  WRITE,
} from "../server/command.ts";
import { deleteDestination, publishResult } from "./store_result.ts";
import { KEY_ARG, oneKey } from "./string_reply.ts";
import {
  addPair,
  addPairsHead,
  getLexRangeOrReply,
  getScoreRangeOrReply,
  lexRange,
  LIMIT_ARG,
  scoreRange,
  WITHSCORES_ARG,
} from "./zset_args.ts";

// What a range is of.
const BY_ANY = 0;
const BY_RANK = 1;
const BY_SCORE = 2;
const BY_LEX = 3;

// Which way it goes.
const ANY_WAY = 0;
const FORWARD = 1;
const REVERSE = 2;

const WITHSCORES = ascii("withscores");
const LIMIT = ascii("limit");
const REV = ascii("rev");
const BYLEX = ascii("bylex");
const BYSCORE = ascii("byscore");

const LIMIT_BY_RANK =
  "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX";
const SCORES_BY_LEX = "ERR syntax error, WITHSCORES not supported in combination with BYLEX";

/** How many pairs are walked to count them. */
const WALK_MAX = 256;

/** What `parseRangeOrReply` found, and the ranges in zset_args.ts; valid until its next call. */
const range = {
  by: BY_RANK,
  isReverse: false,
  withScores: false,
  start: 0,
  stop: 0,
  offset: 0,
  /** Negative: no limit. */
  limit: -1,
};

/** At the first pair of the range, after `selectPairs`. */
const cursor = new ZsetCursor();
const probe = new ZsetCursor();

function zrangeCommand(c: Client): void {
  replyRange(c, BY_ANY, ANY_WAY);
}

function zrevrangeCommand(c: Client): void {
  replyRange(c, BY_RANK, REVERSE);
}

function zrangebyscoreCommand(c: Client): void {
  replyRange(c, BY_SCORE, FORWARD);
}

function zrevrangebyscoreCommand(c: Client): void {
  replyRange(c, BY_SCORE, REVERSE);
}

function zrangebylexCommand(c: Client): void {
  replyRange(c, BY_LEX, FORWARD);
}

function zrevrangebylexCommand(c: Client): void {
  replyRange(c, BY_LEX, REVERSE);
}

function zrangestoreCommand(c: Client): void {
  if (!parseRangeOrReply(c, 2, BY_ANY, ANY_WAY, true)) return;
  const { keyspace } = c.server;
  const { zsets } = keyspace.values;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyRead(c.db, buf, off[2], len[2]);
  if (!isTypeOrReply(c, ref, TYPE_ZSET)) return;
  const count = ref === 0 ? 0 : selectPairs(c, ref);
  if (count === 0) {
    deleteDestination(c, 1);
    c.reply.addInteger(0);
    return;
  }
  const made = keyspace.detached(buf, off[1], len[1], TYPE_ZSET);
  try {
    zsets.reserve(made, count, 0);
    for (let i = 0; i < count; i++) {
      zsets.read(cursor);
      zsets.add(made, cursor.score, cursor.buf, cursor.off, cursor.len, 0);
      zsets.move(cursor, range.isReverse);
    }
  } catch (error) {
    keyspace.discard(made);
    throw error;
  }
  publishResult(c, 1, made);
  notify(c, NOTIFY_ZSET, "zrangestore", 1);
  c.server.dirty++;
  c.reply.addInteger(count);
}

function replyRange(c: Client, by: number, way: number): void {
  if (!parseRangeOrReply(c, 1, by, way, false)) return;
  const { keyspace } = c.server;
  const { zsets } = keyspace.values;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  if (!isTypeOrReply(c, ref, TYPE_ZSET)) return;
  const count = ref === 0 ? 0 : selectPairs(c, ref);
  const { withScores, isReverse } = range;
  addPairsHead(c, count, withScores);
  for (let i = 0, fetched = 0; i < count; i++) {
    if (i === fetched) fetched += zsets.fetch(cursor, count - i, isReverse);
    addPair(c, cursor, withScores);
    zsets.move(cursor, isReverse);
  }
}

/**
 * Parses `key start stop [options]` from argument `first` on. What `by` and `way` leave open, options may say.
 * False after an error reply.
 */
function parseRangeOrReply(
  c: Client,
  first: number,
  by: number,
  way: number,
  isStore: boolean,
): boolean {
  range.withScores = false;
  range.offset = 0;
  range.limit = -1;
  const { argc } = c;
  for (let i = first + 3; i < argc; i++) {
    if (!isStore && argIs(c, i, WITHSCORES)) range.withScores = true;
    else if (argIs(c, i, LIMIT) && argc - i > 2) {
      range.offset = getIntegerOrReply(c, i + 1);
      if (Number.isNaN(range.offset)) return false;
      range.limit = getIntegerOrReply(c, i + 2);
      if (Number.isNaN(range.limit)) return false;
      i += 2;
    } else if (way === ANY_WAY && argIs(c, i, REV)) way = REVERSE;
    else if (by === BY_ANY && argIs(c, i, BYLEX)) by = BY_LEX;
    else if (by === BY_ANY && argIs(c, i, BYSCORE)) by = BY_SCORE;
    else {
      c.reply.addError(SYNTAX_ERROR);
      return false;
    }
  }
  range.by = by === BY_ANY ? BY_RANK : by;
  range.isReverse = way === REVERSE;
  return checkRangeOrReply(c) && getBoundsOrReply(c, first + 1);
}

/** Whether the options go together. False after an error reply. */
function checkRangeOrReply(c: Client): boolean {
  const limitByRank = range.limit !== -1 && range.by === BY_RANK;
  if (!limitByRank && !(range.withScores && range.by === BY_LEX)) return true;
  c.reply.addError(limitByRank ? LIMIT_BY_RANK : SCORES_BY_LEX);
  return false;
}

/** Reads the two bounds, of which a reverse range of scores or members gives the higher one first. */
function getBoundsOrReply(c: Client, first: number): boolean {
  if (range.by === BY_RANK) {
    range.start = getIntegerOrReply(c, first);
    if (Number.isNaN(range.start)) return false;
    range.stop = getIntegerOrReply(c, first + 1);
    return !Number.isNaN(range.stop);
  }
  const min = range.isReverse ? first + 1 : first;
  const max = range.isReverse ? first : first + 1;
  return range.by === BY_SCORE
    ? getScoreRangeOrReply(c, min, max)
    : getLexRangeOrReply(c, min, max);
}

/** Moves `cursor` to the first pair of the range and returns how many there are. */
function selectPairs(c: Client, ref: number): number {
  const { zsets } = c.server.keyspace.values;
  if (range.by === BY_RANK) return selectRanks(c, ref);
  const { offset, isReverse } = range;
  if (range.by === BY_SCORE) {
    if (offset > 0 && offset >= zsets.length(ref)) return 0;
    if (offset >= 0 && zsets.isSmall(ref)) {
      const count = zsets.seekInSmall(ref, scoreRange, offset, isReverse, cursor);
      return range.limit < 0 ? count : Math.min(count, range.limit);
    }
  }
  if (offset < 0) seekBefore(c, ref, -offset);
  else {
    seekStart(c, ref, isReverse);
    zsets.skip(cursor, offset, isReverse);
  }
  return cursor.at === 0 ? 0 : countPairs(c, ref);
}

function selectRanks(c: Client, ref: number): number {
  const { zsets } = c.server.keyspace.values;
  const length = zsets.length(ref);
  const start = firstIndex(range.start, length);
  const stop = lastIndex(range.stop, length);
  if (start > stop) return 0;
  if (range.isReverse) {
    if (start === 0) zsets.seekLast(ref, cursor);
    else zsets.seekRank(ref, length - 1 - start, cursor);
  } else if (start === 0) zsets.seekFirst(ref, cursor);
  else zsets.seekRank(ref, start, cursor);
  return stop - start + 1;
}

/** To the range's first pair, in reverse to its last. */
function seekStart(c: Client, ref: number, isReverse: boolean): void {
  const { zsets } = c.server.keyspace.values;
  if (range.by === BY_SCORE) {
    if (isReverse) zsets.seekLastInScores(ref, scoreRange, cursor);
    else zsets.seekFirstInScores(ref, scoreRange, cursor);
  } else if (isReverse) zsets.seekLastInLex(ref, lexRange, cursor);
  else zsets.seekFirstInLex(ref, lexRange, cursor);
}

/**
 * What Redis makes of a negative offset: nothing in a small set; in a large one it counts from the other end of
 * the range.
 */
function seekBefore(c: Client, ref: number, count: number): void {
  const { zsets } = c.server.keyspace.values;
  cursor.at = 0;
  if (zsets.isSmall(ref)) return;
  seekStart(c, ref, !range.isReverse);
  zsets.skip(cursor, count - 1, !range.isReverse);
  if (cursor.at !== 0 && !isInside(c, cursor, !range.isReverse)) cursor.at = 0;
}

/** Whether the pair at a cursor that came into the range from one end has not left it at the other. */
function isInside(c: Client, at: ZsetCursor, isReverse: boolean): boolean {
  const { zsets } = c.server.keyspace.values;
  if (range.by === BY_SCORE) return zsets.inScores(at, scoreRange, isReverse);
  return zsets.inLex(at, lexRange, isReverse);
}

/** Number of pairs from the cursor's to the end of the range, or up to the limit. */
function countPairs(c: Client, ref: number): number {
  const { zsets } = c.server.keyspace.values;
  const { isReverse, offset } = range;
  const limit = range.limit < 0 ? Infinity : range.limit;
  const isLarge = !zsets.isSmall(ref);
  probe.goTo(cursor);
  let count = 0;
  while (count < limit && probe.at !== 0 && isInside(c, probe, isReverse)) {
    count++;
    if (count === WALK_MAX && isLarge && offset >= 0) {
      const all = range.by === BY_SCORE
        ? zsets.countInScores(ref, scoreRange)
        : zsets.countInLex(ref, lexRange);
      return Math.min(limit, Math.max(count, all - offset));
    }
    zsets.move(probe, isReverse);
  }
  return count;
}

// Declarations.

const BY_RANGE_COMPLEXITY = "O(log(N)+M), N being the size of the set and M that of the reply";

const zrangeOptions: ArgSpec[] = [
  {
    name: "sortby",
    type: "oneof",
    since: "6.2.0",
    optional: true,
    args: [
      { name: "byscore", type: "pure-token", token: "BYSCORE" },
      { name: "bylex", type: "pure-token", token: "BYLEX" },
    ],
  },
  { name: "rev", type: "pure-token", token: "REV", since: "6.2.0", optional: true },
  { ...LIMIT_ARG, since: "6.2.0" },
];

/** `zrangeOptions` as ZRANGESTORE has them, which is no older than they. */
const storeOptions: ArgSpec[] = zrangeOptions.map((arg) => {
  const { since: _, ...rest } = arg;
  return rest;
});

/** A command that ZRANGE replaces. */
function olderSpec(
  name: string,
  since: string,
  summary: string,
  replacedBy: string,
  args: ArgSpec[],
  handler: (c: Client) => void,
): CommandSpec {
  return {
    name,
    arity: -4,
    flags: READONLY,
    categories: ["sortedset"],
    since,
    group: "sorted-set",
    complexity: BY_RANGE_COMPLEXITY,
    summary,
    deprecatedSince: "6.2.0",
    replacedBy,
    keys: oneKey(KEY_RO | KEY_ACCESS),
    args: [KEY_ARG, ...args],
    handler,
  };
}

const olderCommands: CommandSpec[] = [
  olderSpec(
    "zrevrange",
    "1.2.0",
    "Returns the members between two ranks, highest score first.",
    "`ZRANGE` with the `REV` argument",
    [{ name: "start", type: "integer" }, { name: "stop", type: "integer" }, WITHSCORES_ARG],
    zrevrangeCommand,
  ),
  {
    ...olderSpec(
      "zrangebyscore",
      "1.0.5",
      "Returns the members with scores in a range.",
      "`ZRANGE` with the `BYSCORE` argument",
      [
        { name: "min", type: "double" },
        { name: "max", type: "double" },
        { ...WITHSCORES_ARG, since: "2.0.0" },
        LIMIT_ARG,
      ],
      zrangebyscoreCommand,
    ),
    history: [["2.0.0", "Takes `WITHSCORES`."]],
  },
  {
    ...olderSpec(
      "zrevrangebyscore",
      "2.2.0",
      "Returns the members with scores in a range, highest score first.",
      "`ZRANGE` with the `REV` and `BYSCORE` arguments",
      [
        { name: "max", type: "double" },
        { name: "min", type: "double" },
        WITHSCORES_ARG,
        LIMIT_ARG,
      ],
      zrevrangebyscoreCommand,
    ),
    history: [["2.1.6", "Both bounds can be exclusive."]],
  },
  olderSpec(
    "zrangebylex",
    "2.8.9",
    "Returns the members in a range of bytes, where all scores are equal.",
    "`ZRANGE` with the `BYLEX` argument",
    [{ name: "min", type: "string" }, { name: "max", type: "string" }, LIMIT_ARG],
    zrangebylexCommand,
  ),
  olderSpec(
    "zrevrangebylex",
    "2.8.9",
    "Returns the members in a range of bytes, the last first, where all scores are equal.",
    "`ZRANGE` with the `REV` and `BYLEX` arguments",
    [{ name: "max", type: "string" }, { name: "min", type: "string" }, LIMIT_ARG],
    zrevrangebylexCommand,
  ),
];

export const zsetRangeCommands: CommandSpec[] = [
  {
    name: "zrange",
    arity: -4,
    flags: READONLY,
    categories: ["sortedset"],
    since: "1.2.0",
    group: "sorted-set",
    complexity: BY_RANGE_COMPLEXITY,
    summary: "Returns the members in a range of ranks, scores or bytes.",
    history: [["6.2.0", "Takes `REV`, `BYSCORE`, `BYLEX` and `LIMIT`."]],
    keys: oneKey(KEY_RO | KEY_ACCESS),
    args: [
      KEY_ARG,
      { name: "start", type: "string" },
      { name: "stop", type: "string" },
      ...zrangeOptions,
      WITHSCORES_ARG,
    ],
    handler: zrangeCommand,
  },
  {
    name: "zrangestore",
    arity: -5,
    flags: WRITE | DENYOOM,
    categories: ["sortedset"],
    since: "6.2.0",
    group: "sorted-set",
    complexity: "O(log(N)+M), N being the size of the set and M that of what is stored",
    summary: "Stores the members in a range of a sorted set at another key.",
    keys: [
      { flags: KEY_OW | KEY_UPDATE, begin: 1, last: 0, step: 1 },
      { flags: KEY_RO | KEY_ACCESS, begin: 2, last: 0, step: 1 },
    ],
    args: [
      { name: "dst", type: "key", keySpec: 0 },
      { name: "src", type: "key", keySpec: 1 },
      { name: "min", type: "string" },
      { name: "max", type: "string" },
      ...storeOptions,
    ],
    handler: zrangestoreCommand,
  },
  ...olderCommands,
];
