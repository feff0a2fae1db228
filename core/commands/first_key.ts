/**
 * What the commands share that pop from the first of several keys which has something: LMPOP and ZMPOP, their
 * arguments too, and those that wait (BLPOP, BZPOPMIN, BLMPOP, BZMPOP and so on).
 */
import { ascii } from "../base/bytes.ts";
import {
  argIs,
  getRangeOrReply,
  isTypeOrReply,
  NUMKEYS_TOO_SMALL,
  SYNTAX_ERROR,
} from "../server/args.ts";
import { blockOnKeys, canBlock, getTimeoutOrReply } from "../server/blocking.ts";
import type { Client } from "../server/client.ts";

const COUNT = ascii("count");
const COUNT_TOO_SMALL = "ERR count should be greater than 0";

/** What `parseMultiPopOrReply` found. */
export const multiPop = { numkeys: 0, atStart: false, count: 1 };
/** What `findFirstOrReply` found. */
export const found = { ref: 0 };

/**
 * Parses `numkeys key [key ...] <start | end> [COUNT count]` into `multiPop`, `start` and `end` being the words
 * for the ends of a value. False after an error reply.
 */
export function parseMultiPopOrReply(
  c: Client,
  numkeysIndex: number,
  start: Uint8Array,
  end: Uint8Array,
): boolean {
  const numkeys = getRangeOrReply(c, numkeysIndex, 1, Infinity, NUMKEYS_TOO_SMALL);
  if (Number.isNaN(numkeys)) return false;
  const wordIndex = numkeysIndex + numkeys + 1;
  const atStart = wordIndex < c.argc && argIs(c, wordIndex, start);
  let isValid = atStart || wordIndex < c.argc && argIs(c, wordIndex, end);
  let count = 1;
  if (isValid && wordIndex + 1 < c.argc) {
    isValid = wordIndex + 2 < c.argc && argIs(c, wordIndex + 1, COUNT);
    if (isValid) {
      count = getRangeOrReply(c, wordIndex + 2, 1, Infinity, COUNT_TOO_SMALL);
      if (Number.isNaN(count)) return false;
      isValid = wordIndex + 3 === c.argc;
    }
  }
  multiPop.numkeys = numkeys;
  multiPop.atStart = atStart;
  multiPop.count = count;
  if (!isValid) c.reply.addError(SYNTAX_ERROR);
  return isValid;
}

/**
 * The first argument of `count`, from `first` on, that is the key of a value, which must have this type; its entry
 * is in `found`. 0 when there is none, -1 after an error reply. Its look-up is the last one.
 */
export function findFirstOrReply(c: Client, first: number, count: number, type: number): number {
  const { buf, off, len } = c.argv;
  for (let i = first; i < first + count; i++) {
    found.ref = c.server.keyspace.lookupKeyWrite(c.db, buf, off[i], len[i]);
    if (found.ref === 0) continue;
    return isTypeOrReply(c, found.ref, type) ? i : -1;
  }
  return 0;
}

/**
 * The same for a command that waits when there is none, if its client can, as long as argument `timeoutIndex` says. 0: it has
 * replied or waits.
 */
export function findFirstOrWait(
  c: Client,
  timeoutIndex: number,
  first: number,
  count: number,
  type: number,
): number {
  const timeoutMs = getTimeoutOrReply(c, timeoutIndex, false);
  if (Number.isNaN(timeoutMs)) return 0;
  const index = findFirstOrReply(c, first, count, type);
  if (index > 0) return index;
  if (index === 0) {
    if (canBlock(c)) blockOnKeys(c, first, count, timeoutMs, type);
    else c.reply.addNullArray();
  }
  return 0;
}
