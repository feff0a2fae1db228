/**
 * What the sorted set commands' files share: scores and ranges as arguments, replies of pairs, and pieces of
 * declarations.
 */
import { ascii, indexOfByte, type ReadonlyBytes } from "../base/bytes.ts";
import { scanFloat } from "../base/float_text.ts";
import { parseDouble } from "../base/numbers.ts";
import {
  LEX_EXCLUSIVE,
  LEX_FIRST,
  LEX_INCLUSIVE,
  LEX_LAST,
  LexRange,
  ScoreRange,
  type ZsetCursor,
} from "../types/t_zset.ts";
import { NOT_A_FLOAT } from "../server/args.ts";
import type { Client } from "../server/client.ts";
import type { ArgSpec, KeySpec } from "../server/command.ts";

const BAD_SCORE_RANGE = "ERR min or max is not a float";
const BAD_LEX_RANGE = "ERR min or max not valid string range item";

/** The words for the ends of a sorted set, and for numbers of theirs. */
export const MIN: Uint8Array = ascii("min");
export const MAX: Uint8Array = ascii("max");

const PAREN = 0x28;
const BRACKET = 0x5b;
const MINUS = 0x2d;
const PLUS = 0x2b;

/** The ranges that the functions below fill, each valid until its next use. */
export const scoreRange = new ScoreRange();
export const lexRange = new LexRange();

/** An end of a sorted set. */
export const LOWEST = 1;
export const HIGHEST = 2;

/** A score or weight in an argument. NaN after an error reply. */
export function getDoubleOrReply(c: Client, index: number, error = NOT_A_FLOAT): number {
  const value = parseDouble(c.argv.buf, c.argv.off[index], c.argv.len[index]);
  if (value !== value) c.reply.addError(error);
  return value;
}

/** Fills `scoreRange` from two arguments. False after an error reply. */
export function getScoreRangeOrReply(c: Client, minIndex: number, maxIndex: number): boolean {
  const { buf, off, len } = c.argv;
  const minExclusive = len[minIndex] > 0 && buf[off[minIndex]] === PAREN;
  const maxExclusive = len[maxIndex] > 0 && buf[off[maxIndex]] === PAREN;
  const min = boundScore(buf, off[minIndex], len[minIndex], minExclusive);
  const max = boundScore(buf, off[maxIndex], len[maxIndex], maxExclusive);
  if (min !== min || max !== max) {
    c.reply.addError(BAD_SCORE_RANGE);
    return false;
  }
  scoreRange.set(min, minExclusive, max, maxExclusive);
  return true;
}

/** Fills `lexRange` from two arguments. False after an error reply. */
export function getLexRangeOrReply(c: Client, minIndex: number, maxIndex: number): boolean {
  const { buf, off, len } = c.argv;
  const minKind = lexKind(buf, off[minIndex], len[minIndex]);
  const maxKind = lexKind(buf, off[maxIndex], len[maxIndex]);
  if (minKind < 0 || maxKind < 0) {
    c.reply.addError(BAD_LEX_RANGE);
    return false;
  }
  lexRange.setMin(minKind, buf, off[minIndex] + 1, len[minIndex] - 1);
  lexRange.setMax(maxKind, buf, off[maxIndex] + 1, len[maxIndex] - 1);
  return true;
}

/** Replies the pair that a cursor is at, its score only when `withScores` says so. */
export function addPair(c: Client, cursor: ZsetCursor, withScores: boolean): void {
  const { reply } = c;
  const { zsets } = c.server.keyspace.values;
  if (withScores && reply.resp > 2) reply.addArray(2);
  zsets.readMember(cursor);
  reply.addBulk(cursor.buf, cursor.off, cursor.len);
  if (withScores) zsets.addScore(reply, cursor);
}

/** Replies the head of an array of so many members, or pairs: a flat one in RESP2. */
export function addPairsHead(c: Client, count: number, withScores: boolean): void {
  c.reply.addArray(withScores && c.reply.resp === 2 ? 2 * count : count);
}

// Declarations.

export const MEMBER_ARG: ArgSpec = { name: "member", type: "string" };
export const WITHSCORES_ARG: ArgSpec = {
  name: "withscores",
  type: "pure-token",
  token: "WITHSCORES",
  optional: true,
};
export const LIMIT_ARG: ArgSpec = {
  name: "limit",
  type: "block",
  token: "LIMIT",
  optional: true,
  args: [{ name: "offset", type: "integer" }, { name: "count", type: "integer" }],
};
export const SIDE_ARG: ArgSpec = {
  name: "where",
  type: "oneof",
  args: [
    { name: "min", type: "pure-token", token: "MIN" },
    { name: "max", type: "pure-token", token: "MAX" },
  ],
};

/** The key spec of keys that follow their number, which is argument `begin`. */
export function countedKeys(begin: number, flags: number): KeySpec {
  return { flags, begin, keynum: { index: 0, first: 1, step: 1 } };
}

// Helpers.

/** A bound of a range of scores; NaN when it is none. */
function boundScore(
  buf: ReadonlyBytes,
  off: number,
  len: number,
  isExclusive: boolean,
): number {
  if (isExclusive) {
    off++;
    len--;
  }
  const score = parseDouble(buf, off, len);
  return score === score ? score : looseScore(buf, off, len);
}

/**
 * A bound as C's strtod reads it, which Redis uses here without the checks it makes of scores: the text ends
 * at a zero byte, blanks may stand in front, nothing at all is 0, and what is too large or too small for a
 * double is infinite or 0.
 */
function looseScore(buf: ReadonlyBytes, off: number, len: number): number {
  const zero = indexOfByte(buf, 0, off, off + len);
  if (zero >= 0) len = zero - off;
  if (len === 0) return 0;
  while (len > 0 && isBlank(buf[off])) {
    off++;
    len--;
  }
  const score = parseDouble(buf, off, len);
  if (score === score) return score;
  const text = scanFloat(buf, off, len);
  if (text === null) return NaN;
  const size = text.digits.length * (text.base === 2 ? 4 : 1) + text.exponent > 0 ? Infinity : 0;
  return text.negative ? -size : size;
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte >= 0x09 && byte <= 0x0d;
}

/** Which kind of bound of a range of members a text is; -1 when it is none. */
function lexKind(buf: ReadonlyBytes, off: number, len: number): number {
  if (len === 0) return -1;
  const first = buf[off];
  if (first === BRACKET) return LEX_INCLUSIVE;
  if (first === PAREN) return LEX_EXCLUSIVE;
  // Redis looks no further than a zero byte.
  if (len > 1 && buf[off + 1] !== 0) return -1;
  if (first === MINUS) return LEX_FIRST;
  return first === PLUS ? LEX_LAST : -1;
}
