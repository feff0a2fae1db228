/**
 * What HRANDFIELD, SRANDMEMBER and ZRANDMEMBER share: their count, and when a long reply ends early. A count may ask for
 * more than there is memory: where the client has a limit for its output, or wants no reply, that is the end of it.
 * (Redis goes on choosing elements for nobody until it has come to the end of the count.)
 *
 * A negative count asks for so many draws, which may repeat themselves. A positive one asks for that many
 * different elements: those of a collection that is not much larger are taken or left by a walk, so that every
 * choice is equally likely; of a larger one elements are drawn, and drawn again when they came up before.
 */
import { argBigInt, argIs, getSignedCountOrReply, SYNTAX_ERROR } from "../server/args.ts";
import { isReplyUnwanted } from "../server/call.ts";
import type { Client } from "../server/client.ts";

/** Elements replied between two looks at whether anybody will get them. */
export const REPLY_SLICE = 1024;
/** How many times larger than the count a hash or sorted set must be for elements to be drawn. */
export const DRAW_FACTOR = 3;

const OUT_OF_RANGE = "ERR value is out of range";
/** Twice the count is the length of a reply and must be a 64-bit integer. */
const PAIRS_MAX = 2n ** 62n - 1n;

/** The count in argument 2; argument 3, which asks for pairs, may only be `pairWord`. NaN after an error reply. */
export function getDrawCountOrReply(c: Client, pairWord: Uint8Array): number {
  const count = getSignedCountOrReply(c, 2);
  if (Number.isNaN(count) || c.argc === 3) return count;
  if (c.argc > 4 || !argIs(c, 3, pairWord)) {
    c.reply.addError(SYNTAX_ERROR);
    return NaN;
  }
  if (!isTooManyPairs(c, count)) return count;
  c.reply.addError(OUT_OF_RANGE);
  return NaN;
}

/** Whether so many pairs, the count in argument 2, are more than a reply can have. */
function isTooManyPairs(c: Client, count: number): boolean {
  if (Math.abs(count) < 2 ** 62) return false;
  const exact = argBigInt(c, 2);
  return exact > PAIRS_MAX || exact < -PAIRS_MAX;
}

/** Whether nothing more of the reply is kept, so that the rest of it can be left out. */
export function isReplyLost(c: Client): boolean {
  return c.reply.isDropping || isReplyUnwanted(c);
}
