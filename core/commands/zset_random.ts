/**
 * ZRANDMEMBER.
 *
 * A negative count asks for so many draws, which may repeat themselves. A positive one asks for that many
 * different members: of a set that is not much larger, a walk decides for each whether it is taken, so that
 * every choice is equally likely; of a larger one members are drawn, and drawn again when they came up before.
 */
import { ascii } from "../base/bytes.ts";
import { TYPE_ZSET } from "../types/object.ts";
import { ZsetCursor } from "../types/t_zset.ts";
import { argBigInt, argIs, isTypeOrReply, SYNTAX_ERROR } from "../server/args.ts";
import type { Client } from "../server/client.ts";
import { type CommandSpec, KEY_ACCESS, KEY_RO, READONLY } from "../server/command.ts";
import { getSignedCountOrReply } from "./list_reply.ts";
import { isOverLimit, REPLY_SLICE } from "./set_random.ts";
import { KEY_ARG, oneKey } from "./string_reply.ts";
import { addPair, addPairsHead, WITHSCORES_ARG } from "./zset_args.ts";

const WITHSCORES = ascii("withscores");
const OUT_OF_RANGE = "ERR value is out of range";
/** Twice the count is the length of a reply and must be a 64-bit integer. */
const PAIRS_MAX = 2n ** 62n - 1n;
/** How many times larger than the count a set must be for members to be drawn. */
const DRAW_FACTOR = 3;

const cursor = new ZsetCursor();
/** Places that came up, while members are drawn. */
const drawn = new Set<number>();

function zrandmemberCommand(c: Client): void {
  if (c.argc > 2) {
    replySeveral(c);
    return;
  }
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  if (ref === 0) {
    c.reply.addNull();
    return;
  }
  if (!isTypeOrReply(c, ref, TYPE_ZSET)) return;
  keyspace.values.zsets.seekRandom(ref, cursor);
  addPair(c, cursor, false);
}

function replySeveral(c: Client): void {
  const count = getSignedCountOrReply(c, 2);
  if (Number.isNaN(count)) return;
  const withScores = c.argc > 3;
  if (c.argc > 4 || withScores && !argIs(c, 3, WITHSCORES)) {
    c.reply.addError(SYNTAX_ERROR);
    return;
  }
  if (withScores && isTooManyPairs(c, count)) {
    c.reply.addError(OUT_OF_RANGE);
    return;
  }
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  if (!isTypeOrReply(c, ref, TYPE_ZSET)) return;
  if (ref === 0 || count === 0) {
    c.reply.addArray(0);
    return;
  }
  const length = keyspace.values.zsets.length(ref);
  if (count < 0) replyDraws(c, ref, -count, withScores);
  else if (count >= length) replyChoice(c, ref, length, length, withScores);
  else if (count * DRAW_FACTOR > length) replyChoice(c, ref, count, length, withScores);
  else replyDifferent(c, ref, count, withScores);
}

/** Whether so many pairs, the count in argument 2, are more than a reply can have. */
export function isTooManyPairs(c: Client, count: number): boolean {
  if (Math.abs(count) < 2 ** 62) return false;
  const exact = argBigInt(c, 2);
  return exact > PAIRS_MAX || exact < -PAIRS_MAX;
}

/** So many draws. */
function replyDraws(c: Client, ref: number, count: number, withScores: boolean): void {
  const { zsets } = c.server.keyspace.values;
  addPairsHead(c, count, withScores);
  for (let left = count; left > 0; left--) {
    zsets.seekRandom(ref, cursor);
    addPair(c, cursor, withScores);
    if (left % REPLY_SLICE === 0 && isOverLimit(c)) return;
  }
}

/** `count` of the `length` members, in order. */
function replyChoice(
  c: Client,
  ref: number,
  count: number,
  length: number,
  withScores: boolean,
): void {
  const { prng } = c.server;
  const { zsets } = c.server.keyspace.values;
  addPairsHead(c, count, withScores);
  let wanted = count;
  zsets.seekFirst(ref, cursor);
  for (let left = length; wanted > 0; left--) {
    if (wanted === left || prng.nextBelow(left) < wanted) {
      addPair(c, cursor, withScores);
      wanted--;
    }
    zsets.next(cursor);
  }
}

/** `count` different members, far fewer than there are. */
function replyDifferent(c: Client, ref: number, count: number, withScores: boolean): void {
  const { zsets } = c.server.keyspace.values;
  addPairsHead(c, count, withScores);
  drawn.clear();
  while (drawn.size < count) {
    zsets.seekRandom(ref, cursor);
    if (drawn.has(cursor.at)) continue;
    drawn.add(cursor.at);
    addPair(c, cursor, withScores);
  }
  drawn.clear();
}

export const zsetRandomCommands: CommandSpec[] = [
  {
    name: "zrandmember",
    arity: -2,
    flags: READONLY,
    categories: ["sortedset"],
    since: "6.2.0",
    group: "sorted-set",
    complexity: "O(N), N being the number of members returned",
    summary: "Returns members of a sorted set chosen at random.",
    keys: oneKey(KEY_RO | KEY_ACCESS),
    args: [
      KEY_ARG,
      {
        name: "options",
        type: "block",
        optional: true,
        args: [{ name: "count", type: "integer" }, WITHSCORES_ARG],
      },
    ],
    tips: ["nondeterministic_output"],
    handler: zrandmemberCommand,
  },
];
