/**
 * Union, intersection and difference of sorted sets and sets: ZDIFF, ZDIFFSTORE, ZINTER, ZINTERCARD,
 * ZINTERSTORE, ZUNION, ZUNIONSTORE.
 */
import { ascii } from "../base/bytes.ts";
import { objectType, TYPE_SET, TYPE_ZSET } from "../types/object.ts";
import { ZsetCursor } from "../types/t_zset.ts";
import { AGGREGATE_MAX, AGGREGATE_MIN, AGGREGATE_SUM } from "../types/zset_builder.ts";
import {
  argIs,
  getIntegerOrReply,
  getRangeOrReply,
  NEGATIVE_LIMIT,
  SYNTAX_ERROR,
  WRONG_TYPE,
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
import { deleteDestination, detachedZset, publishResult } from "./store_result.ts";
import { KEY_ARG } from "./string_reply.ts";
import {
  addPair,
  addPairsHead,
  countedKeys,
  getDoubleOrReply,
  MAX,
  MIN,
  WITHSCORES_ARG,
} from "./zset_args.ts";

const WEIGHTS = ascii("weights");
const AGGREGATE = ascii("aggregate");
const SUM = ascii("sum");
const WITHSCORES = ascii("withscores");
const LIMIT = ascii("limit");

const WEIGHT_NOT_A_FLOAT = "ERR weight value is not a float";

// Operations.
const UNION = 0;
const INTER = 1;
const DIFF = 2;
const INTER_CARD = 3;

/** What the options say, after `parseOptionsOrReply`. */
const options = { aggregate: AGGREGATE_SUM, withScores: false, limit: 0 };

const cursor = new ZsetCursor();

function zunionCommand(c: Client): void {
  replyResult(c, UNION);
}

function zinterCommand(c: Client): void {
  replyResult(c, INTER);
}

function zdiffCommand(c: Client): void {
  replyResult(c, DIFF);
}

function zunionstoreCommand(c: Client): void {
  storeResult(c, UNION, "zunionstore");
}

function zinterstoreCommand(c: Client): void {
  storeResult(c, INTER, "zinterstore");
}

function zdiffstoreCommand(c: Client): void {
  storeResult(c, DIFF, "zdiffstore");
}

function zintercardCommand(c: Client): void {
  if (!parseOrReply(c, 1, INTER_CARD, false)) return;
  c.reply.addInteger(c.server.keyspace.values.zsetAlgebra.interCount(options.limit));
}

function replyResult(c: Client, operation: number): void {
  if (!parseOrReply(c, 1, operation, false)) return;
  const { zsetAlgebra } = c.server.keyspace.values;
  const { builder } = zsetAlgebra;
  const { withScores } = options;
  try {
    compute(c, operation);
    const { refs, length } = builder.refs;
    addPairsHead(c, length, withScores);
    cursor.isSmall = false;
    for (let i = 0; i < length; i++) {
      cursor.at = refs[i];
      addPair(c, cursor, withScores);
    }
  } finally {
    builder.clear();
  }
}

function storeResult(c: Client, operation: number, event: string): void {
  if (!parseOrReply(c, 2, operation, true)) return;
  const { builder } = c.server.keyspace.values.zsetAlgebra;
  let made = 0;
  let count = 0;
  try {
    compute(c, operation);
    count = builder.refs.length;
    if (count > 0) made = detachedZset(c, 1);
  } finally {
    builder.clear();
  }
  if (count > 0) {
    publishResult(c, 1, made);
    notify(c, NOTIFY_ZSET, event, 1);
    c.server.dirty++;
  } else deleteDestination(c, 1);
  c.reply.addInteger(count);
}

function compute(c: Client, operation: number): void {
  const { zsetAlgebra } = c.server.keyspace.values;
  if (operation === UNION) zsetAlgebra.union(options.aggregate);
  else if (operation === INTER) zsetAlgebra.inter(options.aggregate);
  else zsetAlgebra.diff();
}

/** Parses `numkeys key [key ...] [options]` from argument `first` on. False after an error reply. */
function parseOrReply(c: Client, first: number, operation: number, isStore: boolean): boolean {
  const count = getIntegerOrReply(c, first);
  if (Number.isNaN(count)) return false;
  if (count < 1) {
    const name = c.lastCommand!.fullName;
    c.reply.addError(`ERR at least 1 input key is needed for '${name}' command`);
    return false;
  }
  if (count > c.argc - first - 1) {
    c.reply.addError(SYNTAX_ERROR);
    return false;
  }
  return addSourcesOrReply(c, first + 1, count) &&
    parseOptionsOrReply(c, first + 1 + count, count, operation, isStore);
}

/** Looks the sources up. False after an error reply. */
function addSourcesOrReply(c: Client, first: number, count: number): boolean {
  const { keyspace, arena } = c.server;
  const { zsetAlgebra } = keyspace.values;
  const { buf, off, len } = c.argv;
  zsetAlgebra.clear();
  for (let i = first; i < first + count; i++) {
    const ref = keyspace.lookupKeyRead(c.db, buf, off[i], len[i]);
    const type = ref === 0 ? TYPE_ZSET : objectType(arena, ref);
    if (type !== TYPE_ZSET && type !== TYPE_SET) {
      c.reply.addError(WRONG_TYPE);
      return false;
    }
    zsetAlgebra.add(ref, type === TYPE_SET);
  }
  return true;
}

function parseOptionsOrReply(
  c: Client,
  first: number,
  keys: number,
  operation: number,
  isStore: boolean,
): boolean {
  options.aggregate = AGGREGATE_SUM;
  options.withScores = false;
  options.limit = 0;
  const isWeighted = operation === UNION || operation === INTER;
  const isCard = operation === INTER_CARD;
  for (let i = first; i < c.argc;) {
    const left = c.argc - i;
    if (isWeighted && left > keys && argIs(c, i, WEIGHTS)) {
      if (!getWeightsOrReply(c, i + 1, keys)) return false;
      i += 1 + keys;
    } else if (isWeighted && left >= 2 && argIs(c, i, AGGREGATE)) {
      if (!getAggregateOrReply(c, i + 1)) return false;
      i += 2;
    } else if (!isStore && !isCard && argIs(c, i, WITHSCORES)) {
      options.withScores = true;
      i++;
    } else if (isCard && left >= 2 && argIs(c, i, LIMIT)) {
      options.limit = getRangeOrReply(c, i + 1, 0, Infinity, NEGATIVE_LIMIT);
      if (Number.isNaN(options.limit)) return false;
      i += 2;
    } else {
      c.reply.addError(SYNTAX_ERROR);
      return false;
    }
  }
  return true;
}

function getWeightsOrReply(c: Client, first: number, count: number): boolean {
  const { weights } = c.server.keyspace.values.zsetAlgebra;
  for (let i = 0; i < count; i++) {
    weights[i] = getDoubleOrReply(c, first + i, WEIGHT_NOT_A_FLOAT);
    if (Number.isNaN(weights[i])) return false;
  }
  return true;
}

function getAggregateOrReply(c: Client, index: number): boolean {
  if (argIs(c, index, MIN)) options.aggregate = AGGREGATE_MIN;
  else if (argIs(c, index, MAX)) options.aggregate = AGGREGATE_MAX;
  else if (argIs(c, index, SUM)) options.aggregate = AGGREGATE_SUM;
  else {
    c.reply.addError(SYNTAX_ERROR);
    return false;
  }
  return true;
}

// Declarations.

const UNION_COMPLEXITY =
  "O(N)+O(M*log(M)), N being the sum of the sizes of the sources and M that of the result";
const INTER_COMPLEXITY =
  "O(N*K)+O(M*log(M)) at worst, K sources, the smallest of size N, and a result of size M";
const DIFF_COMPLEXITY =
  "O(L + (N-K)log(N)) at worst, L being the sum of all sizes, N the first one and K the result's";

const NUMKEYS_ARG: ArgSpec = { name: "numkeys", type: "integer" };
const KEYS_ARG: ArgSpec = { ...KEY_ARG, multiple: true };
const STORE_ARGS: ArgSpec[] = [
  { name: "destination", type: "key", keySpec: 0 },
  NUMKEYS_ARG,
  { ...KEYS_ARG, keySpec: 1 },
];
const WEIGHT_ARGS: ArgSpec[] = [
  { name: "weight", type: "integer", token: "WEIGHTS", optional: true, multiple: true },
  {
    name: "aggregate",
    type: "oneof",
    token: "AGGREGATE",
    optional: true,
    args: [
      { name: "sum", type: "pure-token", token: "SUM" },
      { name: "min", type: "pure-token", token: "MIN" },
      { name: "max", type: "pure-token", token: "MAX" },
    ],
  },
];

function readSpec(
  name: string,
  since: string,
  complexity: string,
  summary: string,
  args: ArgSpec[],
  handler: (c: Client) => void,
): CommandSpec {
  return {
    name,
    arity: -3,
    flags: READONLY,
    categories: ["sortedset"],
    since,
    group: "sorted-set",
    complexity,
    summary,
    keys: [countedKeys(1, KEY_RO | KEY_ACCESS)],
    args: [NUMKEYS_ARG, KEYS_ARG, ...args],
    handler,
  };
}

function storeSpec(
  name: string,
  since: string,
  complexity: string,
  summary: string,
  args: ArgSpec[],
  handler: (c: Client) => void,
): CommandSpec {
  return {
    name,
    arity: -4,
    flags: WRITE | DENYOOM,
    categories: ["sortedset"],
    since,
    group: "sorted-set",
    complexity,
    summary,
    keys: [
      { flags: KEY_OW | KEY_UPDATE, begin: 1, last: 0, step: 1 },
      countedKeys(2, KEY_RO | KEY_ACCESS),
    ],
    args: [...STORE_ARGS, ...args],
    handler,
  };
}

export const zsetAlgebraCommands: CommandSpec[] = [
  readSpec(
    "zdiff",
    "6.2.0",
    DIFF_COMPLEXITY,
    "Returns the members of the first sorted set that are in none of the others.",
    [WITHSCORES_ARG],
    zdiffCommand,
  ),
  storeSpec(
    "zdiffstore",
    "6.2.0",
    DIFF_COMPLEXITY,
    "Stores the members of the first sorted set that are in none of the others.",
    [],
    zdiffstoreCommand,
  ),
  readSpec(
    "zinter",
    "6.2.0",
    INTER_COMPLEXITY,
    "Returns the members that all of several sorted sets have.",
    [...WEIGHT_ARGS, WITHSCORES_ARG],
    zinterCommand,
  ),
  readSpec(
    "zintercard",
    "7.0.0",
    "O(N*K) at worst, K sources, the smallest of size N",
    "Counts the members that all of several sorted sets have.",
    [{ name: "limit", type: "integer", token: "LIMIT", optional: true }],
    zintercardCommand,
  ),
  storeSpec(
    "zinterstore",
    "2.0.0",
    INTER_COMPLEXITY,
    "Stores the members that all of several sorted sets have.",
    WEIGHT_ARGS,
    zinterstoreCommand,
  ),
  readSpec(
    "zunion",
    "6.2.0",
    UNION_COMPLEXITY,
    "Returns the members of several sorted sets together.",
    [...WEIGHT_ARGS, WITHSCORES_ARG],
    zunionCommand,
  ),
  storeSpec(
    "zunionstore",
    "2.0.0",
    UNION_COMPLEXITY,
    "Stores the members of several sorted sets together.",
    WEIGHT_ARGS,
    zunionstoreCommand,
  ),
];
