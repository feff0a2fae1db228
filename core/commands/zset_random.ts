/**
 * ZRANDMEMBER; how members are chosen is said in random_reply.ts.
 */
import { ascii } from "../base/bytes.ts";
import { TYPE_ZSET } from "../types/object.ts";
import { ZsetCursor } from "../types/t_zset.ts";
import { isTypeOrReply } from "../server/args.ts";
import type { Client } from "../server/client.ts";
import { type CommandSpec, KEY_ACCESS, KEY_RO, READONLY } from "../server/command.ts";
import { DRAW_FACTOR, getDrawCountOrReply, isReplyLost, REPLY_SLICE } from "./random_reply.ts";
import { KEY_ARG, oneKey } from "./string_reply.ts";
import { addPair, addPairsHead, WITHSCORES_ARG } from "./zset_args.ts";

const WITHSCORES = ascii("withscores");

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
  const count = getDrawCountOrReply(c, WITHSCORES);
  if (Number.isNaN(count)) return;
  const withScores = c.argc > 3;
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

/** So many draws. */
function replyDraws(c: Client, ref: number, count: number, withScores: boolean): void {
  const { zsets } = c.server.keyspace.values;
  addPairsHead(c, count, withScores);
  for (let left = count; left > 0; left--) {
    zsets.seekRandom(ref, cursor);
    addPair(c, cursor, withScores);
    if (left % REPLY_SLICE === 0 && isReplyLost(c)) return;
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
