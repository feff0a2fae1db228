/**
 * Sorted set commands: those that name members. The others of the group have files of their own and are
 * gathered here.
 *
 *     zset.ts            ZADD ZCARD ZINCRBY ZMSCORE ZRANK ZREM ZREVRANK ZSCAN ZSCORE
 *     zset_range.ts      ZRANGE ZRANGEBYLEX ZRANGEBYSCORE ZRANGESTORE ZREVRANGE ZREVRANGEBYLEX ZREVRANGEBYSCORE
 *     zset_span.ts       ZCOUNT ZLEXCOUNT ZREMRANGEBYLEX ZREMRANGEBYRANK ZREMRANGEBYSCORE
 *     zset_pop.ts        BZMPOP BZPOPMAX BZPOPMIN ZMPOP ZPOPMAX ZPOPMIN
 *     zset_algebra.ts    ZDIFF ZDIFFSTORE ZINTER ZINTERCARD ZINTERSTORE ZUNION ZUNIONSTORE
 *     zset_random.ts     ZRANDMEMBER
 */
import { ascii } from "../base/bytes.ts";
import { TYPE_ZSET } from "../types/object.ts";
import {
  ADD_ADDED,
  ADD_GT,
  ADD_INCR,
  ADD_LT,
  ADD_NAN,
  ADD_NX,
  ADD_REFUSED,
  ADD_UPDATED,
  ADD_XX,
} from "../types/t_zset.ts";
import { addArgcError, argIs, isTypeOrReply, SYNTAX_ERROR } from "../server/args.ts";
import { keyModified, notify, NOTIFY_GENERIC, NOTIFY_ZSET } from "../server/changes.ts";
import type { Client } from "../server/client.ts";
import {
  type CommandSpec,
  DENYOOM,
  FAST,
  KEY_ACCESS,
  KEY_DELETE,
  KEY_RO,
  KEY_RW,
  KEY_UPDATE,
  READONLY,
  WRITE,
} from "../server/command.ts";
import { scanArgs, scanCollection } from "./scan_collection.ts";
import { KEY_ARG, oneKey } from "./string_reply.ts";
import { zsetAlgebraCommands } from "./zset_algebra.ts";
import { getDoubleOrReply, MEMBER_ARG } from "./zset_args.ts";
import { zsetPopCommands } from "./zset_pop.ts";
import { zsetRandomCommands } from "./zset_random.ts";
import { zsetRangeCommands } from "./zset_range.ts";
import { zsetSpanCommands } from "./zset_span.ts";

const NX = ascii("nx");
const XX = ascii("xx");
const CH = ascii("ch");
const INCR = ascii("incr");
const GT = ascii("gt");
const LT = ascii("lt");
const WITHSCORE = ascii("withscore");

/** Beside the ADD_ flags: changed members count too. */
export const COUNT_CHANGED = 1 << 8;

const NX_AND_XX = "ERR XX and NX options at the same time are not compatible";
const GT_LT_NX = "ERR GT, LT, and/or NX options at the same time are not compatible";
const ONE_INCREMENT = "ERR INCR option supports a single increment-element pair";
const SCORE_IS_NAN = "ERR resulting score is not a number (NaN)";

/** The scores of a request: all are read before the first one is used. */
let scores = new Float64Array(64);

function zaddCommand(c: Client): void {
  addPairs(c, 0);
}

function zincrbyCommand(c: Client): void {
  addPairs(c, ADD_INCR);
}

/** ZADD, and ZINCRBY, which is ZADD with INCR in all respects. */
function addPairs(c: Client, flags: number): void {
  const { argc } = c;
  let first = 2;
  for (let option = -1; first < argc && (option = addOption(c, first)) !== 0; first++) {
    flags |= option;
  }
  const count = (argc - first) >> 1;
  if (!checkAddOrReply(c, flags, argc - first) || !getScoresOrReply(c, first, count)) return;
  addMembers(c, flags, scores, first + 1, 2, count);
}

/**
 * Adds `count` members, at the arguments from `first` on in steps of `stride`, with these scores, and replies:
 * the end of ZADD, and of GEOADD.
 */
export function addMembers(
  c: Client,
  flags: number,
  scores: Float64Array,
  first: number,
  stride: number,
  count: number,
): void {
  const { keyspace } = c.server;
  const { zsets } = keyspace.values;
  const { buf, off, len } = c.argv;
  let ref = keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (!isTypeOrReply(c, ref, TYPE_ZSET)) return;
  if (ref !== 0) zsets.reserve(ref, count, 0);
  else if ((flags & ADD_XX) !== 0) {
    replyAdded(c, flags, 0, 0, ADD_REFUSED);
    return;
  } else {
    ref = keyspace.create(c.db, buf, off[1], len[1], TYPE_ZSET);
    zsets.reserve(ref, count, len[first]);
  }
  let added = 0;
  let updated = 0;
  let result = 0;
  for (let i = 0; i < count; i++) {
    const at = first + stride * i;
    result = zsets.add(ref, scores[i], buf, off[at], len[at], flags);
    if (result === ADD_ADDED) added++;
    else if (result === ADD_UPDATED) updated++;
  }
  replyAdded(c, flags, added, updated, result);
  if (added + updated === 0) return;
  c.server.dirty += added + updated;
  keyModified(c, 1);
  notify(c, NOTIFY_ZSET, (flags & ADD_INCR) !== 0 ? "zincr" : "zadd", 1);
}

/** `result` is that of the last pair, the only one of an increment. */
function replyAdded(
  c: Client,
  flags: number,
  added: number,
  updated: number,
  result: number,
): void {
  if ((flags & ADD_INCR) === 0) {
    c.reply.addInteger((flags & COUNT_CHANGED) !== 0 ? added + updated : added);
  } else if (result === ADD_NAN) c.reply.addError(SCORE_IS_NAN);
  else if (result === ADD_REFUSED) c.reply.addNull();
  else c.reply.addDouble(c.server.keyspace.values.zsets.score);
}

/** The flag of the option in an argument; 0 when it is none. */
function addOption(c: Client, index: number): number {
  const { buf, off, len } = c.argv;
  // Nothing that begins like a number is one; nor is a word of another length.
  if (len[index] === 0 || buf[off[index]] < 0x41) return 0;
  if (argIs(c, index, NX)) return ADD_NX;
  if (argIs(c, index, XX)) return ADD_XX;
  if (argIs(c, index, CH)) return COUNT_CHANGED;
  if (argIs(c, index, INCR)) return ADD_INCR;
  if (argIs(c, index, GT)) return ADD_GT;
  return argIs(c, index, LT) ? ADD_LT : 0;
}

/** Whether options and number of arguments behind them go together. False after an error reply. */
function checkAddOrReply(c: Client, flags: number, args: number): boolean {
  const conditions = flags & (ADD_NX | ADD_GT | ADD_LT);
  let error = "";
  if (args % 2 !== 0 || args === 0) error = SYNTAX_ERROR;
  else if ((flags & ADD_NX) !== 0 && (flags & ADD_XX) !== 0) error = NX_AND_XX;
  else if ((conditions & (conditions - 1)) !== 0) error = GT_LT_NX;
  else if ((flags & ADD_INCR) !== 0 && args > 2) error = ONE_INCREMENT;
  if (error === "") return true;
  c.reply.addError(error);
  return false;
}

/** Reads the scores of `count` pairs from argument `first` on. False after an error reply. */
function getScoresOrReply(c: Client, first: number, count: number): boolean {
  if (count > scores.length) scores = new Float64Array(2 * count);
  for (let i = 0; i < count; i++) {
    const score = getDoubleOrReply(c, first + 2 * i);
    if (score !== score) return false;
    scores[i] = score;
  }
  return true;
}

function zremCommand(c: Client): void {
  const { keyspace } = c.server;
  const { zsets } = keyspace.values;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (!isTypeOrReply(c, ref, TYPE_ZSET)) return;
  let left = ref === 0 ? 0 : zsets.length(ref);
  let removed = 0;
  for (let i = 2; i < c.argc && left > 0; i++) {
    if (!zsets.remove(ref, buf, off[i], len[i])) continue;
    removed++;
    left--;
  }
  if (removed > 0) {
    notify(c, NOTIFY_ZSET, "zrem", 1);
    if (left === 0) {
      keyspace.remove(c.db, ref);
      notify(c, NOTIFY_GENERIC, "del", 1);
    }
    keyModified(c, 1);
    c.server.dirty += removed;
  }
  c.reply.addInteger(removed);
}

function zcardCommand(c: Client): void {
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  if (!isTypeOrReply(c, ref, TYPE_ZSET)) return;
  c.reply.addInteger(ref === 0 ? 0 : keyspace.values.zsets.length(ref));
}

function zscoreCommand(c: Client): void {
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  if (isTypeOrReply(c, ref, TYPE_ZSET)) addScoreReply(c, ref, 2);
}

function zmscoreCommand(c: Client): void {
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  if (!isTypeOrReply(c, ref, TYPE_ZSET)) return;
  c.reply.addArray(c.argc - 2);
  for (let i = 2; i < c.argc; i++) addScoreReply(c, ref, i);
}

/** Replies the score of the member in argument `index`, null when there is none. */
function addScoreReply(c: Client, ref: number, index: number): void {
  const { zsets } = c.server.keyspace.values;
  const { buf, off, len } = c.argv;
  if (ref !== 0 && zsets.find(ref, buf, off[index], len[index])) c.reply.addDouble(zsets.score);
  else c.reply.addNull();
}

function zrankCommand(c: Client): void {
  replyRank(c, false);
}

function zrevrankCommand(c: Client): void {
  replyRank(c, true);
}

function replyRank(c: Client, isReverse: boolean): void {
  if (c.argc > 4) return addArgcError(c);
  const withScore = c.argc > 3;
  if (withScore && !argIs(c, 3, WITHSCORE)) {
    c.reply.addError(SYNTAX_ERROR);
    return;
  }
  const { keyspace } = c.server;
  const { zsets } = keyspace.values;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  if (!isTypeOrReply(c, ref, TYPE_ZSET)) return;
  const rank = ref === 0 ? -1 : zsets.rank(ref, buf, off[2], len[2]);
  if (rank < 0) {
    if (withScore) c.reply.addNullArray();
    else c.reply.addNull();
    return;
  }
  if (withScore) c.reply.addArray(2);
  c.reply.addInteger(isReverse ? zsets.length(ref) - 1 - rank : rank);
  if (withScore) c.reply.addDouble(zsets.score);
}

function zscanCommand(c: Client): void {
  scanCollection(c, TYPE_ZSET, c.server.keyspace.values.zsets.scan, true);
}

// Declarations.

const addCommands: CommandSpec[] = [
  {
    name: "zadd",
    arity: -4,
    flags: WRITE | DENYOOM | FAST,
    categories: ["sortedset"],
    since: "1.2.0",
    group: "sorted-set",
    complexity: "O(log(N)) per member, N being the size of the set",
    summary: "Adds members to a sorted set or changes their scores.",
    history: [
      ["2.4.0", "Takes several members."],
      ["3.0.2", "Takes `XX`, `NX`, `CH` and `INCR`."],
      ["6.2.0", "Takes `GT` and `LT`."],
    ],
    keys: oneKey(KEY_RW | KEY_UPDATE),
    args: [
      KEY_ARG,
      {
        name: "condition",
        type: "oneof",
        since: "3.0.2",
        optional: true,
        args: [
          { name: "nx", type: "pure-token", token: "NX" },
          { name: "xx", type: "pure-token", token: "XX" },
        ],
      },
      {
        name: "comparison",
        type: "oneof",
        since: "6.2.0",
        optional: true,
        args: [
          { name: "gt", type: "pure-token", token: "GT" },
          { name: "lt", type: "pure-token", token: "LT" },
        ],
      },
      { name: "change", type: "pure-token", token: "CH", since: "3.0.2", optional: true },
      { name: "increment", type: "pure-token", token: "INCR", since: "3.0.2", optional: true },
      {
        name: "data",
        type: "block",
        multiple: true,
        args: [{ name: "score", type: "double" }, MEMBER_ARG],
      },
    ],
    memberArg: 3,
    handler: zaddCommand,
  },
  {
    name: "zincrby",
    arity: 4,
    flags: WRITE | DENYOOM | FAST,
    categories: ["sortedset"],
    since: "1.2.0",
    group: "sorted-set",
    complexity: "O(log(N)), N being the size of the set",
    summary: "Adds to the score of a member.",
    keys: oneKey(KEY_RW | KEY_ACCESS | KEY_UPDATE),
    args: [KEY_ARG, { name: "increment", type: "integer" }, MEMBER_ARG],
    memberArg: 3,
    handler: zincrbyCommand,
  },
  {
    name: "zrem",
    arity: -3,
    flags: WRITE | FAST,
    categories: ["sortedset"],
    since: "1.2.0",
    group: "sorted-set",
    complexity: "O(M*log(N)), N being the size of the set and M the number of members to remove",
    summary: "Removes members from a sorted set.",
    history: [["2.4.0", "Takes several members."]],
    keys: oneKey(KEY_RW | KEY_DELETE),
    args: [KEY_ARG, { ...MEMBER_ARG, multiple: true }],
    memberArg: 2,
    handler: zremCommand,
  },
];

const readCommands: CommandSpec[] = [
  {
    name: "zcard",
    arity: 2,
    flags: READONLY | FAST,
    categories: ["sortedset"],
    since: "1.2.0",
    group: "sorted-set",
    complexity: "O(1)",
    summary: "Tells how many members a sorted set has.",
    keys: oneKey(KEY_RO),
    args: [KEY_ARG],
    handler: zcardCommand,
  },
  {
    name: "zscore",
    arity: 3,
    flags: READONLY | FAST,
    categories: ["sortedset"],
    since: "1.2.0",
    group: "sorted-set",
    complexity: "O(1)",
    summary: "Returns the score of a member.",
    keys: oneKey(KEY_RO | KEY_ACCESS),
    args: [KEY_ARG, MEMBER_ARG],
    memberArg: 2,
    handler: zscoreCommand,
  },
  {
    name: "zmscore",
    arity: -3,
    flags: READONLY | FAST,
    categories: ["sortedset"],
    since: "6.2.0",
    group: "sorted-set",
    complexity: "O(N), N being the number of members asked for",
    summary: "Returns the scores of several members.",
    keys: oneKey(KEY_RO | KEY_ACCESS),
    args: [KEY_ARG, { ...MEMBER_ARG, multiple: true }],
    memberArg: 2,
    handler: zmscoreCommand,
  },
  rankSpec("zrank", "Tells how many members come before this one.", zrankCommand),
  rankSpec("zrevrank", "Tells how many members come behind this one.", zrevrankCommand),
  {
    name: "zscan",
    arity: -3,
    flags: READONLY,
    categories: ["sortedset"],
    since: "2.8.0",
    group: "sorted-set",
    complexity: "O(1) per call; O(N) from cursor 0 to cursor 0, N being the size of the set",
    summary: "Walks the members and scores of a sorted set a few at a time.",
    keys: oneKey(KEY_RO | KEY_ACCESS),
    args: scanArgs(TYPE_ZSET),
    tips: ["nondeterministic_output"],
    handler: zscanCommand,
  },
];

function rankSpec(name: string, summary: string, handler: (c: Client) => void): CommandSpec {
  return {
    name,
    arity: -3,
    flags: READONLY | FAST,
    categories: ["sortedset"],
    since: "2.0.0",
    group: "sorted-set",
    complexity: "O(log(N))",
    summary,
    history: [["7.2.0", "Takes `WITHSCORE`."]],
    keys: oneKey(KEY_RO | KEY_ACCESS),
    args: [
      KEY_ARG,
      MEMBER_ARG,
      { name: "withscore", type: "pure-token", token: "WITHSCORE", optional: true },
    ],
    memberArg: 2,
    handler,
  };
}

/** The whole group. */
export const zsetCommands: CommandSpec[] = [
  ...addCommands,
  ...readCommands,
  ...zsetRangeCommands,
  ...zsetSpanCommands,
  ...zsetPopCommands,
  ...zsetAlgebraCommands,
  ...zsetRandomCommands,
];
