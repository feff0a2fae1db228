/**
 * Commands that count or remove a range of a sorted set whole: ZCOUNT, ZLEXCOUNT, ZREMRANGEBYLEX,
 * ZREMRANGEBYRANK, ZREMRANGEBYSCORE.
 *
 * Where the range is the whole set, its key is removed, and a large set is then freed in slices.
 */
import { TYPE_ZSET } from "../types/object.ts";
import { firstIndex, getIntegerOrReply, isTypeOrReply, lastIndex } from "../server/args.ts";
import { keyModified, notify, NOTIFY_GENERIC, NOTIFY_ZSET } from "../server/changes.ts";
import type { Client } from "../server/client.ts";
import {
  type ArgSpec,
  type CommandSpec,
  FAST,
  KEY_ACCESS,
  KEY_DELETE,
  KEY_RO,
  KEY_RW,
  READONLY,
  WRITE,
} from "../server/command.ts";
import { KEY_ARG, oneKey } from "./string_reply.ts";
import { getLexRangeOrReply, getScoreRangeOrReply, lexRange, scoreRange } from "./zset_args.ts";

function zcountCommand(c: Client): void {
  if (!getScoreRangeOrReply(c, 2, 3)) return;
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  if (!isTypeOrReply(c, ref, TYPE_ZSET)) return;
  c.reply.addInteger(ref === 0 ? 0 : keyspace.values.zsets.countInScores(ref, scoreRange));
}

function zlexcountCommand(c: Client): void {
  if (!getLexRangeOrReply(c, 2, 3)) return;
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  if (!isTypeOrReply(c, ref, TYPE_ZSET)) return;
  c.reply.addInteger(ref === 0 ? 0 : keyspace.values.zsets.countInLex(ref, lexRange));
}

function zremrangebyrankCommand(c: Client): void {
  let start = getIntegerOrReply(c, 2);
  if (Number.isNaN(start)) return;
  let stop = getIntegerOrReply(c, 3);
  if (Number.isNaN(stop)) return;
  const ref = lookupToChange(c);
  if (ref === 0) return;
  const { zsets } = c.server.keyspace.values;
  const length = zsets.length(ref);
  start = firstIndex(start, length);
  stop = lastIndex(stop, length);
  const count = start > stop ? 0 : stop - start + 1;
  if (count > 0 && count < length) zsets.removeRanks(ref, start, stop);
  finishRemoval(c, ref, count, length, "zremrangebyrank");
}

function zremrangebyscoreCommand(c: Client): void {
  if (getScoreRangeOrReply(c, 2, 3)) removeSpan(c, false, "zremrangebyscore");
}

function zremrangebylexCommand(c: Client): void {
  if (getLexRangeOrReply(c, 2, 3)) removeSpan(c, true, "zremrangebylex");
}

/** Removes what is in `lexRange` or in `scoreRange`. */
function removeSpan(c: Client, byLex: boolean, event: string): void {
  const ref = lookupToChange(c);
  if (ref === 0) return;
  const { zsets } = c.server.keyspace.values;
  const length = zsets.length(ref);
  const count = byLex ? zsets.countInLex(ref, lexRange) : zsets.countInScores(ref, scoreRange);
  if (count > 0 && count < length) {
    if (byLex) zsets.removeLex(ref, lexRange);
    else zsets.removeScores(ref, scoreRange);
  }
  finishRemoval(c, ref, count, length, event);
}

/** The sorted set at argument 1; 0 after a reply: there is none, or the key holds something else. */
function lookupToChange(c: Client): number {
  const { buf, off, len } = c.argv;
  const ref = c.server.keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (!isTypeOrReply(c, ref, TYPE_ZSET)) return 0;
  if (ref === 0) c.reply.addInteger(0);
  return ref;
}

/** `count` of `length` members were removed; when that is all of them they still are there. */
function finishRemoval(
  c: Client,
  ref: number,
  count: number,
  length: number,
  event: string,
): void {
  if (count === length) c.server.keyspace.remove(c.db, ref);
  if (count > 0) {
    keyModified(c, 1);
    notify(c, NOTIFY_ZSET, event, 1);
    if (count === length) notify(c, NOTIFY_GENERIC, "del", 1);
    c.server.dirty += count;
  }
  c.reply.addInteger(count);
}

// Declarations.

const SCORES: ArgSpec[] = [{ name: "min", type: "double" }, { name: "max", type: "double" }];
const MEMBERS: ArgSpec[] = [{ name: "min", type: "string" }, { name: "max", type: "string" }];
const RANKS: ArgSpec[] = [{ name: "start", type: "integer" }, { name: "stop", type: "integer" }];

function countSpec(
  name: string,
  since: string,
  summary: string,
  bounds: ArgSpec[],
  handler: (c: Client) => void,
): CommandSpec {
  return {
    name,
    arity: 4,
    flags: READONLY | FAST,
    categories: ["sortedset"],
    since,
    group: "sorted-set",
    complexity: "O(log(N)), N being the size of the set",
    summary,
    keys: oneKey(KEY_RO | KEY_ACCESS),
    args: [KEY_ARG, ...bounds],
    handler,
  };
}

function removeSpec(
  name: string,
  since: string,
  summary: string,
  bounds: ArgSpec[],
  handler: (c: Client) => void,
): CommandSpec {
  return {
    name,
    arity: 4,
    flags: WRITE,
    categories: ["sortedset"],
    since,
    group: "sorted-set",
    complexity: "O(log(N)+M), N being the size of the set and M the number of members removed",
    summary,
    keys: oneKey(KEY_RW | KEY_DELETE),
    args: [KEY_ARG, ...bounds],
    handler,
  };
}

export const zsetSpanCommands: CommandSpec[] = [
  countSpec("zcount", "2.0.0", "Counts the members with scores in a range.", SCORES, zcountCommand),
  countSpec(
    "zlexcount",
    "2.8.9",
    "Counts the members in a range of bytes, where all scores are equal.",
    MEMBERS,
    zlexcountCommand,
  ),
  removeSpec(
    "zremrangebylex",
    "2.8.9",
    "Removes the members in a range of bytes, where all scores are equal.",
    MEMBERS,
    zremrangebylexCommand,
  ),
  removeSpec(
    "zremrangebyrank",
    "2.0.0",
    "Removes the members between two ranks.",
    RANKS,
    zremrangebyrankCommand,
  ),
  removeSpec(
    "zremrangebyscore",
    "1.2.0",
    "Removes the members with scores in a range.",
    SCORES,
    zremrangebyscoreCommand,
  ),
];
