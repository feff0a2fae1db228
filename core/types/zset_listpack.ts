/**
 * ZsetListpack: a small sorted set, one listpack of pairs in order.
 *
 *     member, score, member, score, ...      by score, among equal scores by member bytes
 *
 * A score that is an integer of 64 bits is an integer entry, any other the text that Redis prints, so DUMP
 * gives Redis's own bytes. Minus zero becomes zero on the way.
 *
 * An operation names a pair by the offset of its member; 0 is none. Searching for a member is one walk that
 * compares bytes. Searching for a score would have to read them all, and scores that are text are dear to
 * read, so a walk notes where the pairs are (2 ns each) and then halves: 128 pairs take 7 readings.
 * Bounds on members are searched from the front: comparing is cheap, and where scores differ, so that such a
 * range means nothing, the answer is at least the one that Redis gives.
 *
 * Functions that change the listpack return its ref. They allocate first: when they throw ArenaFull it is as
 * it was. What comes from RESTORE may hold scores that are no numbers, or pairs out of order; nothing here
 * then fails, but only what is in order is found.
 */
import { bytesCompare, copyBytes, latin1, type ReadonlyBytes } from "../base/bytes.ts";
import { DOUBLE_TEXT_LEN_MAX, parseDouble, writeDouble } from "../base/numbers.ts";
import { type Arena, REF_OFFSET_MASK } from "../memory/arena.ts";
import {
  LP_HEADER_BYTES,
  lpBytes,
  lpEntryBytes,
  lpFind,
  lpInsertBefore,
  lpInsertInteger,
  lpLast,
  lpPrev,
  lpReplace,
  lpReplaceInteger,
  lpReserve,
} from "../structures/listpack.ts";
import {
  encodeInteger,
  encodeText,
  entryBytes,
  ListpackValue,
  LP_END,
  readEntry,
} from "../structures/listpack_entry.ts";
import {
  LEX_LAST,
  type LexRange,
  memberFitsMax,
  memberFitsMin,
  scoreFitsMax,
  scoreFitsMin,
  type ScoreRange,
} from "../structures/zset_range.ts";

/** Texts up to this long are read without making a string of them. */
const SHORT_TEXT_LEN_MAX = 16;

/** A pair at hand. One operation at a time is under way, so all share it. */
const entry = new ListpackValue();
const scoreText = new Uint8Array(DOUBLE_TEXT_LEN_MAX);
/** Offsets of all members, after `notePairs`. */
let pairs = new Int32Array(256);
/** The pair that `movePair` moves. */
let moved = new Uint8Array(256);

/** What `zlSeekInScores` found: number of pairs, meaningless when it found none. */
export const span = { count: 0 };

// Reading.

/** The pair of a member, or 0. */
export function zlFind(
  arena: Arena,
  lp: number,
  buf: ReadonlyBytes,
  off: number,
  len: number,
): number {
  return lpFind(arena, lp, 0, buf, off, len, 1);
}

/** Score of the pair at `at`. */
export function zlScore(arena: Arena, lp: number, at: number): number {
  const u8 = arena.u8[lp >>> 27];
  const place = ((lp & REF_OFFSET_MASK) << 3) + at;
  return readScore(u8, place + entryBytes(u8, place));
}

/** Reads the score of the pair at `at` as it is kept: an integer, or the text it is told as. */
export function zlReadScore(arena: Arena, lp: number, at: number, out: ListpackValue): void {
  const u8 = arena.u8[lp >>> 27];
  const place = ((lp & REF_OFFSET_MASK) << 3) + at;
  readEntry(u8, place + entryBytes(u8, place), out);
}

/** Reads the member of the pair at `at`, as text. */
export function zlMember(arena: Arena, lp: number, at: number, out: ListpackValue): void {
  readEntry(arena.u8[lp >>> 27], ((lp & REF_OFFSET_MASK) << 3) + at, out);
  out.toText();
}

/** The pair after one, or 0. */
export function zlNext(arena: Arena, lp: number, at: number): number {
  const u8 = arena.u8[lp >>> 27];
  const base = (lp & REF_OFFSET_MASK) << 3;
  let place = base + at;
  place += entryBytes(u8, place);
  place += entryBytes(u8, place);
  return u8[place] === LP_END ? 0 : place - base;
}

/** The pair before one, or 0. */
export function zlPrev(arena: Arena, lp: number, at: number): number {
  const score = lpPrev(arena, lp, at);
  return score === 0 ? 0 : lpPrev(arena, lp, score);
}

/** The last pair, or 0. */
export function zlLast(arena: Arena, lp: number): number {
  const score = lpLast(arena, lp);
  return score === 0 ? 0 : lpPrev(arena, lp, score);
}

/** Number of pairs before the one at `at`. */
export function zlRank(arena: Arena, lp: number, at: number): number {
  const u8 = arena.u8[lp >>> 27];
  let place = ((lp & REF_OFFSET_MASK) << 3) + LP_HEADER_BYTES;
  const end = place - LP_HEADER_BYTES + at;
  let rank = 0;
  for (; place < end; rank++) {
    place += entryBytes(u8, place);
    place += entryBytes(u8, place);
  }
  return rank;
}

// Ranges.

/** Number of pairs in a range of scores. */
export function zlCountInScoreRange(arena: Arena, lp: number, range: ScoreRange): number {
  const count = notePairs(arena, lp);
  const from = countBelowScore(arena, lp, count, range.min, range.minExclusive);
  const to = countBelowScore(arena, lp, count, range.max, !range.maxExclusive);
  return to > from ? to - from : 0;
}

/**
 * The pair that has `offset` others before it in a range of scores, counted from the range's end when
 * `isReverse`; 0 when there is none. Leaves in `span` how many there are from it to the other end.
 */
export function zlSeekInScores(
  arena: Arena,
  lp: number,
  range: ScoreRange,
  offset: number,
  isReverse: boolean,
): number {
  const count = notePairs(arena, lp);
  const from = countBelowScore(arena, lp, count, range.min, range.minExclusive);
  const to = countBelowScore(arena, lp, count, range.max, !range.maxExclusive);
  span.count = to - from - offset;
  if (span.count <= 0) return 0;
  return pairs[isReverse ? to - 1 - offset : from + offset];
}

/** The first pair in a range of scores, or 0. */
export function zlFirstInScoreRange(arena: Arena, lp: number, range: ScoreRange): number {
  const count = notePairs(arena, lp);
  const from = countBelowScore(arena, lp, count, range.min, range.minExclusive);
  return from < count && scoreFitsMax(range, zlScore(arena, lp, pairs[from])) ? pairs[from] : 0;
}

/** The last pair in a range of scores, or 0. */
export function zlLastInScoreRange(arena: Arena, lp: number, range: ScoreRange): number {
  const count = notePairs(arena, lp);
  const to = countBelowScore(arena, lp, count, range.max, !range.maxExclusive);
  return to > 0 && scoreFitsMin(range, zlScore(arena, lp, pairs[to - 1])) ? pairs[to - 1] : 0;
}

/** The first pair in a range of members, or 0. */
export function zlFirstInLexRange(arena: Arena, lp: number, range: LexRange): number {
  if (!mayHaveLexRange(arena, lp, range)) return 0;
  let at = LP_HEADER_BYTES;
  while (at !== 0 && !zlFitsLexMin(arena, lp, at, range)) at = zlNext(arena, lp, at);
  return at !== 0 && zlFitsLexMax(arena, lp, at, range) ? at : 0;
}

/** The last pair in a range of members, or 0. */
export function zlLastInLexRange(arena: Arena, lp: number, range: LexRange): number {
  if (!mayHaveLexRange(arena, lp, range)) return 0;
  let at = zlLast(arena, lp);
  while (at !== 0 && !zlFitsLexMax(arena, lp, at, range)) at = zlPrev(arena, lp, at);
  return at !== 0 && zlFitsLexMin(arena, lp, at, range) ? at : 0;
}

/** Number of pairs in a range of members. */
export function zlCountInLexRange(arena: Arena, lp: number, range: LexRange): number {
  let count = 0;
  let at = zlFirstInLexRange(arena, lp, range);
  for (; at !== 0 && zlFitsLexMax(arena, lp, at, range); count++) at = zlNext(arena, lp, at);
  return count;
}

/** Whether the member of a pair is not below a range. */
export function zlFitsLexMin(arena: Arena, lp: number, at: number, range: LexRange): boolean {
  zlMember(arena, lp, at, entry);
  return memberFitsMin(range, entry.buf, entry.off, entry.len);
}

/** Whether the member of a pair is not above a range. */
export function zlFitsLexMax(arena: Arena, lp: number, at: number, range: LexRange): boolean {
  zlMember(arena, lp, at, entry);
  return memberFitsMax(range, entry.buf, entry.off, entry.len);
}

// Changing. All return the ref of the listpack and throw ArenaFull.

/** Adds a pair whose member is not here. The bytes don't lie in the listpack. */
export function zlInsert(
  arena: Arena,
  lp: number,
  score: number,
  buf: ReadonlyBytes,
  off: number,
  len: number,
): number {
  const last = zlLast(arena, lp);
  const end = lpBytes(arena, lp) - 1;
  if (last === 0 || pairOrder(arena, lp, last, score, buf, off, len) < 0) {
    return insertPair(arena, lp, end, score, buf, off, len);
  }
  const place = countBelowPair(arena, lp, notePairs(arena, lp), score, buf, off, len);
  return insertPair(arena, lp, pairs[place], score, buf, off, len);
}

/** Gives the pair at `at`, whose member these bytes are, another score. */
export function zlUpdate(
  arena: Arena,
  lp: number,
  at: number,
  score: number,
  buf: ReadonlyBytes,
  off: number,
  len: number,
): number {
  const count = notePairs(arena, lp);
  const place = countBelowPair(arena, lp, count, score, buf, off, len);
  const before = lpBytes(arena, lp);
  const target = place < count ? pairs[place] : before - 1;
  const next = at + pairBytes(arena, lp, at);
  lp = replaceScore(arena, lp, at + lpEntryBytes(arena, lp, at), score);
  // Nothing is allocated from here on.
  const grown = lpBytes(arena, lp) - before;
  if (target < at) movePair(arena, lp, at, next + grown, target);
  else if (target > next) movePair(arena, lp, at, next + grown, target + grown);
  return lp;
}

/** Adds a pair at the end, where it belongs. The bytes don't lie in the listpack. */
export function zlAppend(
  arena: Arena,
  lp: number,
  score: number,
  buf: ReadonlyBytes,
  off: number,
  len: number,
): number {
  return insertPair(arena, lp, lpBytes(arena, lp) - 1, score, buf, off, len);
}

// Helpers.

/** Notes the offsets of all members in `pairs`. Returns how many. */
function notePairs(arena: Arena, lp: number): number {
  const u8 = arena.u8[lp >>> 27];
  const base = (lp & REF_OFFSET_MASK) << 3;
  let count = 0;
  for (let at = base + LP_HEADER_BYTES; u8[at] !== LP_END; count++) {
    if (count === pairs.length) {
      const more = new Int32Array(2 * count);
      more.set(pairs);
      pairs = more;
    }
    pairs[count] = at - base;
    at += entryBytes(u8, at);
    at += entryBytes(u8, at);
  }
  return count;
}

/** Number of noted pairs whose score is below `score`; with `orEqual`, not above it. */
function countBelowScore(
  arena: Arena,
  lp: number,
  count: number,
  score: number,
  orEqual: boolean,
): number {
  if (score === (orEqual ? Infinity : -Infinity)) return orEqual ? count : 0;
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const own = zlScore(arena, lp, pairs[middle]);
    if (own < score || orEqual && own === score) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Number of noted pairs below a score and a member. */
function countBelowPair(
  arena: Arena,
  lp: number,
  count: number,
  score: number,
  buf: ReadonlyBytes,
  off: number,
  len: number,
): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (pairOrder(arena, lp, pairs[middle], score, buf, off, len) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Below zero where the pair at `at` comes before a score and a member, above where it comes after. */
function pairOrder(
  arena: Arena,
  lp: number,
  at: number,
  score: number,
  buf: ReadonlyBytes,
  off: number,
  len: number,
): number {
  const own = zlScore(arena, lp, at);
  if (own !== score) return own < score ? -1 : 1;
  zlMember(arena, lp, at, entry);
  return bytesCompare(entry.buf, entry.off, entry.len, buf, off, len);
}

/** Whether a range has a minimum below its maximum, and the ends of the set reach into it. */
function mayHaveLexRange(arena: Arena, lp: number, range: LexRange): boolean {
  const last = zlLast(arena, lp);
  if (last === 0 || !zlFitsLexMin(arena, lp, last, range)) return false;
  if (!zlFitsLexMax(arena, lp, LP_HEADER_BYTES, range)) return false;
  return range.minKind <= LEX_LAST || range.maxKind <= LEX_LAST ||
    bytesCompare(range.min, range.minOff, range.minLen, range.max, range.maxOff, range.maxLen) <= 0;
}

/** The score at `at`: an entry of a listpack. */
function readScore(u8: ReadonlyBytes, at: number): number {
  const first = u8[at];
  if (first < 0x80) return first;
  readEntry(u8, at, entry);
  if (!entry.isInteger) return textScore(entry.buf, entry.off, entry.len);
  return entry.value === Infinity ? Number(entry.bigInt()) : entry.value;
}

function textScore(buf: ReadonlyBytes, off: number, len: number): number {
  if (len <= SHORT_TEXT_LEN_MAX) {
    const score = parseDouble(buf, off, len);
    if (score === score) return score;
  }
  const score = Number(latin1(buf, off, len));
  return score === score ? score : damagedScore(buf, off, len);
}

/** The number that a text begins with, as C's strtod would have it; 0 when there is none. */
function damagedScore(buf: ReadonlyBytes, off: number, len: number): number {
  const score = parseFloat(latin1(buf, off, len));
  return Number.isNaN(score) ? 0 : score;
}

/** Inserts a pair before the one, or the end, at `at`. Allocates once and at first. */
function insertPair(
  arena: Arena,
  lp: number,
  at: number,
  score: number,
  buf: ReadonlyBytes,
  off: number,
  len: number,
): number {
  const memberBytes = encodeText(buf, off, len);
  if (Number.isSafeInteger(score)) {
    lp = lpReserve(arena, lp, memberBytes + encodeInteger(score));
    lp = lpInsertBefore(arena, lp, at, buf, off, len);
    return lpInsertInteger(arena, lp, at + memberBytes, score);
  }
  const textLen = writeDouble(scoreText, 0, score);
  lp = lpReserve(arena, lp, memberBytes + encodeText(scoreText, 0, textLen));
  lp = lpInsertBefore(arena, lp, at, buf, off, len);
  return lpInsertBefore(arena, lp, at + memberBytes, scoreText, 0, textLen);
}

/** Moves the pair from `at` up to `next` to where the pair, or the end, at `target` is. */
function movePair(arena: Arena, lp: number, at: number, next: number, target: number): void {
  const bytes = next - at;
  if (bytes > moved.length) moved = new Uint8Array(2 * bytes);
  copyBytes(moved, 0, arena.u8[lp >>> 27], ((lp & REF_OFFSET_MASK) << 3) + at, bytes);
  if (target < at) {
    arena.move(lp, target + bytes, target, at - target);
    arena.copyIn(lp, target, moved, 0, bytes);
  } else {
    arena.move(lp, at, next, target - next);
    arena.copyIn(lp, target - bytes, moved, 0, bytes);
  }
}

/** Bytes of the pair at `at`. */
function pairBytes(arena: Arena, lp: number, at: number): number {
  const u8 = arena.u8[lp >>> 27];
  const place = ((lp & REF_OFFSET_MASK) << 3) + at;
  const score = place + entryBytes(u8, place);
  return score + entryBytes(u8, score) - place;
}

function replaceScore(arena: Arena, lp: number, at: number, score: number): number {
  if (Number.isSafeInteger(score)) return lpReplaceInteger(arena, lp, at, score);
  return lpReplace(arena, lp, at, scoreText, 0, writeDouble(scoreText, 0, score));
}
