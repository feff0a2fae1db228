/**
 * Sorted sets: members with a score each, in order of score and, where that is equal, of member bytes.
 *
 *     encoding    word 0       word 1
 *     listpack    listpack     0               up to zset-max-listpack-entries pairs of short members
 *     skiplist    dict         skiplist        both over the same entries (structures/skiplist_entry.ts)
 *
 * A set becomes large when a member or a pair too many is added, and never small again; only results of
 * ZUNIONSTORE and its like are made small when they can be.
 *
 * Members are named by bytes; places by a ZsetCursor. Functions that find or change one member leave its score
 * in `score`. An ArenaFull leaves the set as it was.
 *
 * Why a dict beside the skiplist: a score by member in one look-up instead of a search. It costs 5 to 7 bytes
 * per member, as the entries are shared.
 */
import { bytesCompare, type ReadonlyBytes } from "../base/bytes.ts";
import { assert } from "../base/assert.ts";
import { RefList } from "../base/ref_list.ts";
import type { Arena } from "../memory/arena.ts";
import type { Reply } from "../protocol/reply.ts";
import { Dict } from "../structures/dict.ts";
import { entryKeyLen } from "../structures/entry.ts";
import {
  lpCount,
  lpCreate,
  lpDeleteAt,
  lpDeleteRange,
  lpDup,
  lpSafeToAdd,
  lpSeek,
  lpValidateIntegrity,
} from "../structures/listpack.ts";
import { ListpackValue } from "../structures/listpack_entry.ts";
import { Skiplist } from "../structures/skiplist.ts";
import { createEntry, entryScore, memberAt, touchEntries } from "../structures/skiplist_entry.ts";
import { NODE_PLACES } from "../structures/skiplist_node.ts";
import {
  type LexRange,
  scoreFitsMax,
  scoreFitsMin,
  type ScoreRange,
} from "../structures/zset_range.ts";
import {
  bodyWord,
  ENC_LISTPACK,
  ENC_SKIPLIST,
  objectEncoding,
  setBodyWord,
  setEncoding,
} from "./object.ts";
import type { TypeContext } from "./type_context.ts";
import type { CollectionType } from "./values.ts";
import { ZsetCursor } from "./zset_cursor.ts";
import { ZsetLeavers } from "./zset_leavers.ts";
import {
  span,
  zlCountInLexRange,
  zlCountInScoreRange,
  zlFind,
  zlFirstInLexRange,
  zlFirstInScoreRange,
  zlFitsLexMax,
  zlFitsLexMin,
  zlInsert,
  zlLast,
  zlLastInLexRange,
  zlLastInScoreRange,
  zlMember,
  zlNext,
  zlPrev,
  zlRank,
  zlReadScore,
  zlScore,
  zlSeekInScores,
  zlUpdate,
} from "./zset_listpack.ts";
import { ZsetScan } from "./zset_scan.ts";

export {
  LEX_EXCLUSIVE,
  LEX_FIRST,
  LEX_INCLUSIVE,
  LEX_LAST,
  LexRange,
  ScoreRange,
} from "../structures/zset_range.ts";
export { ZsetCursor } from "./zset_cursor.ts";

// What `add` is asked for.
/** The score is added to the one there is. */
export const ADD_INCR: number = 1 << 0;
/** Only new members. */
export const ADD_NX: number = 1 << 1;
/** Only members that are there. */
export const ADD_XX: number = 1 << 2;
/** A member that is there gets higher scores only. */
export const ADD_GT: number = 1 << 3;
/** A member that is there gets lower scores only. */
export const ADD_LT: number = 1 << 4;

// What `add` answers.
/** The member has the score already. */
export const ADD_SAME = 0;
export const ADD_ADDED = 1;
export const ADD_UPDATED = 2;
/** The conditions don't hold. */
export const ADD_REFUSED = 3;
/** The sum is not a number. */
export const ADD_NAN = 4;

/** How far an offset into a range is walked; beyond, ranks are quicker. */
const WALK_MAX = 16;

const scoreValue = new ListpackValue();

export class ZSets implements CollectionType {
  readonly scan: ZsetScan;
  /** The score of the member found or changed last. */
  score = NaN;

  private readonly context: TypeContext;
  private readonly arena: Arena;
  private readonly dict: Dict;
  private readonly skiplist: Skiplist;
  private readonly taken = new RefList();
  private readonly leavers: ZsetLeavers;
  private readonly places = new Int32Array(NODE_PLACES);
  private readonly cursor = new ZsetCursor();

  constructor(context: TypeContext) {
    this.context = context;
    this.arena = context.arena;
    this.dict = Dict.attach(context.arena, context.k0, context.k1);
    this.skiplist = new Skiplist(context.arena);
    this.leavers = new ZsetLeavers(context.arena, this.dict, this.skiplist);
    this.scan = new ZsetScan(context.arena, this);
  }

  // The whole value.

  init(ref: number): void {
    setBodyWord(this.arena, ref, 0, lpCreate(this.arena));
    setEncoding(this.arena, ref, ENC_LISTPACK);
  }

  free(ref: number): void {
    while (this.freeSome(ref, 1 << 30));
  }

  freeSome(ref: number, budget: number): boolean {
    const { arena, dict, taken } = this;
    const root = bodyWord(arena, ref, 0);
    if (root === 0) return false;
    if (objectEncoding(arena, ref) === ENC_LISTPACK) {
      arena.free(root);
      setBodyWord(arena, ref, 0, 0);
      return false;
    }
    const list = bodyWord(arena, ref, 1);
    if (list !== 0) {
      if (this.skiplist.freeSome(list, budget)) return true;
      setBodyWord(arena, ref, 1, 0);
    }
    dict.at(root);
    for (let freed = 0; freed < budget && (dict.count > 0 || dict.buckets > 1); freed++) {
      taken.clear();
      dict.popBucket(taken);
      for (let i = 0; i < taken.length; i++) arena.free(taken.refs[i]);
      freed += taken.length;
    }
    if (dict.count > 0 || dict.buckets > 1) return true;
    dict.free();
    setBodyWord(arena, ref, 0, 0);
    return false;
  }

  copy(from: number, to: number): void {
    const { arena, cursor } = this;
    if (objectEncoding(arena, from) === ENC_LISTPACK) {
      setBodyWord(arena, to, 0, lpDup(arena, bodyWord(arena, from, 0)));
      setEncoding(arena, to, ENC_LISTPACK);
      return;
    }
    this.initLarge(to);
    try {
      // In order: each new entry is then the last.
      this.seekFirst(from, cursor);
      for (; cursor.at !== 0; this.next(cursor)) {
        this.read(cursor);
        this.insertLarge(to, cursor.score, cursor.buf, cursor.off, cursor.len);
      }
    } catch (error) {
      this.free(to);
      throw error;
    }
  }

  length(ref: number): number {
    const { arena } = this;
    const block = bodyWord(arena, ref, 0);
    if (block === 0) return 0;
    if (objectEncoding(arena, ref) === ENC_LISTPACK) return lpCount(arena, block) >>> 1;
    // The dict, not the skiplist: while the value is freed that is already gone.
    return this.dict.at(block).count;
  }

  bytes(ref: number, samples: number): number {
    const { arena, skiplist, cursor } = this;
    const block = bodyWord(arena, ref, 0);
    if (objectEncoding(arena, ref) === ENC_LISTPACK) return arena.usable(block);
    const list = bodyWord(arena, ref, 1);
    const count = skiplist.length(list);
    const sampled = samples > 0 && samples < count ? samples : count;
    let bytes = 0;
    this.seekFirst(ref, cursor);
    for (let i = 0; i < sampled; i++) {
      bytes += arena.usable(cursor.at);
      this.next(cursor);
    }
    const all = sampled === count ? bytes : Math.round(bytes / sampled * count);
    return this.dict.at(block).tableBytes + skiplist.bytes(list) + all;
  }

  validateIntegrity(ref: number): void {
    const { arena, dict, skiplist, cursor } = this;
    const block = bodyWord(arena, ref, 0);
    if (objectEncoding(arena, ref) === ENC_LISTPACK) {
      lpValidateIntegrity(arena, block);
      assert(lpCount(arena, block) % 2 === 0, "a listpack of pairs");
      this.validateOrder(ref);
      return;
    }
    const list = bodyWord(arena, ref, 1);
    skiplist.validateIntegrity(list);
    dict.at(block).validateIntegrity();
    assert(dict.count === skiplist.length(list), "dict and skiplist have the same entries");
    for (this.seekFirst(ref, cursor); cursor.at !== 0; this.next(cursor)) {
      this.read(cursor);
      const hash = dict.hash(cursor.buf, cursor.off, cursor.len);
      assert(dict.findRef(hash, cursor.at), "the dict finds every entry of the skiplist");
    }
  }

  /** The dict of a large set, good until another set is looked at; otherwise null. */
  tableOf(ref: number): Dict | null {
    return this.isSmall(ref) ? null : this.dict.at(bodyWord(this.arena, ref, 0));
  }

  /** Whether the set is in its small form. */
  isSmall(ref: number): boolean {
    return objectEncoding(this.arena, ref) === ENC_LISTPACK;
  }

  /**
   * Makes the set large if `count` members, the longest of them of `len` bytes, are more than a small one may
   * have. Throws ArenaFull.
   */
  reserve(ref: number, count: number, len: number): void {
    const { limits } = this.context;
    if (count <= limits.zsetMaxListpackEntries && len <= limits.zsetMaxListpackValue) return;
    if (this.isSmall(ref)) this.makeLarge(ref);
  }

  // One member.

  /**
   * Adds a member or changes its score, by ADD_ flags; returns one of the ADD_ results and leaves the score it
   * has now in `score`. The bytes are not the set's own.
   */
  add(
    ref: number,
    score: number,
    buf: ReadonlyBytes,
    off: number,
    len: number,
    flags: number,
  ): number {
    const { arena } = this;
    if (objectEncoding(arena, ref) === ENC_SKIPLIST) {
      return this.addLarge(ref, score, buf, off, len, flags);
    }
    const lp = bodyWord(arena, ref, 0);
    const at = zlFind(arena, lp, buf, off, len);
    if (at !== 0) {
      const result = this.weigh(zlScore(arena, lp, at), score, flags);
      if (result === ADD_UPDATED) {
        setBodyWord(arena, ref, 0, zlUpdate(arena, lp, at, this.score, buf, off, len));
      }
      return result;
    }
    if ((flags & ADD_XX) !== 0) return ADD_REFUSED;
    const { limits } = this.context;
    if (
      lpCount(arena, lp) >> 1 >= limits.zsetMaxListpackEntries ||
      len > limits.zsetMaxListpackValue || !lpSafeToAdd(arena, lp, len)
    ) {
      this.makeLarge(ref);
      return this.addLarge(ref, score, buf, off, len, flags);
    }
    setBodyWord(arena, ref, 0, zlInsert(arena, lp, score, buf, off, len));
    this.score = score;
    return ADD_ADDED;
  }

  /** Whether the member is there; `score` is then its score. */
  find(ref: number, buf: ReadonlyBytes, off: number, len: number): boolean {
    const { arena } = this;
    const block = bodyWord(arena, ref, 0);
    if (objectEncoding(arena, ref) === ENC_LISTPACK) {
      const at = zlFind(arena, block, buf, off, len);
      if (at === 0) return false;
      this.score = zlScore(arena, block, at);
      return true;
    }
    const dict = this.dict.at(block);
    const entry = dict.find(this.context.hint.hash(buf, off, len), buf, off, len);
    if (entry === 0) return false;
    this.score = entryScore(arena, entry);
    return true;
  }

  /** Number of members before this one, or -1 when it is not there. Its score is in `score`. */
  rank(ref: number, buf: ReadonlyBytes, off: number, len: number): number {
    const { arena } = this;
    const block = bodyWord(arena, ref, 0);
    if (objectEncoding(arena, ref) === ENC_LISTPACK) {
      const at = zlFind(arena, block, buf, off, len);
      if (at === 0) return -1;
      this.score = zlScore(arena, block, at);
      return zlRank(arena, block, at);
    }
    const dict = this.dict.at(block);
    const entry = dict.find(this.context.hint.hash(buf, off, len), buf, off, len);
    if (entry === 0) return -1;
    this.score = entryScore(arena, entry);
    return this.skiplist.rank(bodyWord(arena, ref, 1), entry);
  }

  /** Removes a member. False when it is not there. The set may be empty then. */
  remove(ref: number, buf: ReadonlyBytes, off: number, len: number): boolean {
    const { arena } = this;
    const block = bodyWord(arena, ref, 0);
    if (objectEncoding(arena, ref) === ENC_LISTPACK) {
      const at = zlFind(arena, block, buf, off, len);
      if (at === 0) return false;
      setBodyWord(arena, ref, 0, lpDeleteAt(arena, block, at, 2));
      return true;
    }
    const dict = this.dict.at(block);
    const hash = this.context.hint.hash(buf, off, len);
    const entry = dict.find(hash, buf, off, len);
    if (entry === 0) return false;
    dict.removeFound(hash);
    this.skiplist.remove(bodyWord(arena, ref, 1), entry);
    arena.free(entry);
    return true;
  }

  // Places. All leave `out.at` 0 when there is no such pair.

  seekFirst(ref: number, out: ZsetCursor): void {
    const { arena } = this;
    this.bind(ref, out);
    if (out.isSmall) out.at = lpSeek(arena, out.block, 0);
    else this.moveTo(out, this.skiplist.first(out.block));
  }

  seekLast(ref: number, out: ZsetCursor): void {
    this.bind(ref, out);
    if (out.isSmall) out.at = zlLast(this.arena, out.block);
    else this.moveTo(out, this.skiplist.last(out.block));
  }

  /** To the pair with so many before it. */
  seekRank(ref: number, rank: number, out: ZsetCursor): void {
    this.bind(ref, out);
    if (out.isSmall) out.at = lpSeek(this.arena, out.block, 2 * rank);
    else this.moveTo(out, this.skiplist.byRank(out.block, rank));
  }

  /** To the first pair in a range of scores. */
  seekFirstInScores(ref: number, range: ScoreRange, out: ZsetCursor): void {
    this.bind(ref, out);
    if (out.isSmall) out.at = zlFirstInScoreRange(this.arena, out.block, range);
    else this.moveTo(out, this.skiplist.firstInScoreRange(out.block, range));
  }

  /** The same in the large set that the cursor is bound to; see Skiplist.nextInScoreRange. */
  seekNextInScores(range: ScoreRange, out: ZsetCursor): void {
    this.moveTo(out, this.skiplist.nextInScoreRange(out.block, range));
  }

  /** To the last pair in a range of scores. */
  seekLastInScores(ref: number, range: ScoreRange, out: ZsetCursor): void {
    this.bind(ref, out);
    if (out.isSmall) out.at = zlLastInScoreRange(this.arena, out.block, range);
    else this.moveTo(out, this.skiplist.lastInScoreRange(out.block, range));
  }

  /**
   * In a small set, to the pair that has `offset` others before it in a range of scores, or behind it when
   * `isReverse`. Returns how many there are from it on; 0 when there is none.
   */
  seekInSmall(
    ref: number,
    range: ScoreRange,
    offset: number,
    isReverse: boolean,
    out: ZsetCursor,
  ): number {
    this.bind(ref, out);
    out.at = zlSeekInScores(this.arena, out.block, range, offset, isReverse);
    return out.at === 0 ? 0 : span.count;
  }

  /** To the first pair in a range of members. */
  seekFirstInLex(ref: number, range: LexRange, out: ZsetCursor): void {
    this.bind(ref, out);
    if (out.isSmall) out.at = zlFirstInLexRange(this.arena, out.block, range);
    else this.moveTo(out, this.skiplist.firstInLexRange(out.block, range));
  }

  /** To the last pair in a range of members. */
  seekLastInLex(ref: number, range: LexRange, out: ZsetCursor): void {
    this.bind(ref, out);
    if (out.isSmall) out.at = zlLastInLexRange(this.arena, out.block, range);
    else this.moveTo(out, this.skiplist.lastInLexRange(out.block, range));
  }

  next(cursor: ZsetCursor): void {
    if (cursor.isSmall) cursor.at = zlNext(this.arena, cursor.block, cursor.at);
    else this.moveTo(cursor, this.skiplist.next(cursor.node, cursor.slot));
  }

  prev(cursor: ZsetCursor): void {
    if (cursor.isSmall) cursor.at = zlPrev(this.arena, cursor.block, cursor.at);
    else this.moveTo(cursor, this.skiplist.prev(cursor.node, cursor.slot));
  }

  /** Moves on by one pair, or back. */
  move(cursor: ZsetCursor, isReverse: boolean): void {
    return isReverse ? this.prev(cursor) : this.next(cursor);
  }

  /** Moves on, or back, by so many pairs. */
  skip(cursor: ZsetCursor, count: number, isReverse: boolean): void {
    if (!cursor.isSmall && count > WALK_MAX && cursor.at !== 0) {
      const { block } = cursor;
      const rank = this.skiplist.rank(block, cursor.at);
      const to = isReverse ? rank - count : rank + count;
      this.moveTo(cursor, this.skiplist.byRank(block, to));
      return;
    }
    for (; count > 0 && cursor.at !== 0; count--) this.move(cursor, isReverse);
  }

  /**
   * Fetches the pair the cursor is at and some of those that follow it, or come before it, `max` at
   * most, into the cache. Returns how many. Ten members of a million that came in no order are told
   * in 2.35 us with it, in 4.0 without.
   */
  fetch(cursor: ZsetCursor, max: number, isReverse: boolean): number {
    if (cursor.isSmall) return max;
    const { skiplist, places } = this;
    const count = skiplist.neighbours(cursor.node, cursor.slot, max, isReverse, places);
    this.dict.touched = touchEntries(this.arena, places, count);
    return count;
  }

  /** Reads member and score of the pair the cursor is at. */
  read(cursor: ZsetCursor): void {
    this.readMember(cursor);
    const { arena } = this;
    const { at } = cursor;
    if (cursor.isSmall) cursor.score = zlScore(arena, cursor.block, at);
    else cursor.score = entryScore(arena, at);
  }

  /** Reads the member of the pair the cursor is at. */
  readMember(cursor: ZsetCursor): void {
    const { arena } = this;
    const { at } = cursor;
    if (cursor.isSmall) {
      const { value } = cursor;
      zlMember(arena, cursor.block, at, value);
      cursor.buf = value.buf;
      cursor.off = value.off;
      cursor.len = value.len;
    } else {
      cursor.buf = arena.u8[at >>> 27];
      cursor.off = memberAt(at);
      cursor.len = entryKeyLen(arena, at);
    }
  }

  /** Replies the score of the pair the cursor is at. What a small set keeps as text needs no printing. */
  addScore(reply: Reply, cursor: ZsetCursor): void {
    const { arena } = this;
    const { at } = cursor;
    if (!cursor.isSmall) {
      reply.addDouble(entryScore(arena, at));
      return;
    }
    zlReadScore(arena, cursor.block, at, scoreValue);
    const { value } = scoreValue;
    if (!scoreValue.isInteger) {
      reply.addDoubleText(scoreValue.buf, scoreValue.off, scoreValue.len);
    } else reply.addDouble(value === Infinity ? Number(scoreValue.bigInt()) : value);
  }

  /** Score of the pair the cursor was moved to. In a large set the pair itself isn't looked at. */
  scoreAt({ isSmall, block, at, node, slot }: ZsetCursor): number {
    return isSmall ? zlScore(this.arena, block, at) : this.skiplist.scoreAt(node, slot);
  }

  /** Whether the pair the cursor is at is not above a range of scores; below it when going back. */
  inScores(cursor: ZsetCursor, range: ScoreRange, isReverse: boolean): boolean {
    const score = this.scoreAt(cursor);
    return isReverse ? scoreFitsMin(range, score) : scoreFitsMax(range, score);
  }

  /** The same for a range of members. */
  inLex(cursor: ZsetCursor, range: LexRange, isReverse: boolean): boolean {
    const { arena, skiplist } = this;
    const { at, block } = cursor;
    if (cursor.isSmall) {
      return isReverse
        ? zlFitsLexMin(arena, block, at, range)
        : zlFitsLexMax(arena, block, at, range);
    }
    return isReverse ? skiplist.fitsLexMin(range, at) : skiplist.fitsLexMax(range, at);
  }

  // Ranges.

  /** Number of pairs in a range of scores. */
  countInScores(ref: number, range: ScoreRange): number {
    const { arena } = this;
    if (this.isSmall(ref)) return zlCountInScoreRange(arena, bodyWord(arena, ref, 0), range);
    return this.skiplist.countInScoreRange(bodyWord(arena, ref, 1), range);
  }

  /** Number of pairs in a range of members. */
  countInLex(ref: number, range: LexRange): number {
    const { arena } = this;
    if (this.isSmall(ref)) return zlCountInLexRange(arena, bodyWord(arena, ref, 0), range);
    return this.skiplist.countInLexRange(bodyWord(arena, ref, 1), range);
  }

  /** Removes the pairs from one rank to another, both included and there. */
  removeRanks(ref: number, first: number, last: number): void {
    const { arena, taken } = this;
    if (this.isSmall(ref)) {
      const lp = bodyWord(arena, ref, 0);
      const count = 2 * (last - first + 1);
      setBodyWord(arena, ref, 0, lpDeleteRange(arena, lp, 2 * first, count));
      return;
    }
    const list = bodyWord(arena, ref, 1);
    taken.clear();
    this.skiplist.deleteRangeByRank(list, first, last, taken);
    this.freeTaken(ref);
    if (taken.length === 1) this.leavers.popped(list, taken.refs[0], first > 0);
  }

  /** Removes the pairs in a range of scores. Returns how many. */
  removeScores(ref: number, range: ScoreRange): number {
    const { arena, taken, cursor } = this;
    if (this.isSmall(ref)) {
      const count = this.countInScores(ref, range);
      if (count === 0) return 0;
      this.seekFirstInScores(ref, range, cursor);
      return this.removeSmall(ref, cursor.at, count);
    }
    taken.clear();
    this.skiplist.deleteRangeByScore(bodyWord(arena, ref, 1), range, taken);
    return this.freeTaken(ref);
  }

  /** Removes the pairs in a range of members. Returns how many. */
  removeLex(ref: number, range: LexRange): number {
    const { arena, taken, cursor } = this;
    if (this.isSmall(ref)) {
      const count = this.countInLex(ref, range);
      if (count === 0) return 0;
      this.seekFirstInLex(ref, range, cursor);
      return this.removeSmall(ref, cursor.at, count);
    }
    taken.clear();
    this.skiplist.deleteRangeByLex(bodyWord(arena, ref, 1), range, taken);
    return this.freeTaken(ref);
  }

  // Chance.

  /** To a pair chosen at random, each with about the same chance. */
  seekRandom(ref: number, out: ZsetCursor): void {
    const { arena } = this;
    const { prng } = this.context;
    this.bind(ref, out);
    if (!out.isSmall) out.at = this.dict.at(bodyWord(arena, ref, 0)).random(prng);
    else out.at = lpSeek(arena, out.block, 2 * prng.nextBelow(lpCount(arena, out.block) >>> 1));
  }

  // Helpers.

  /** Sets a cursor to the entry that the skiplist found last, or to none. */
  private moveTo(cursor: ZsetCursor, entry: number): void {
    cursor.at = entry;
    cursor.node = this.skiplist.foundNode;
    cursor.slot = this.skiplist.foundSlot;
  }

  private bind(ref: number, cursor: ZsetCursor): void {
    const { arena } = this;
    cursor.isSmall = objectEncoding(arena, ref) === ENC_LISTPACK;
    cursor.block = bodyWord(arena, ref, cursor.isSmall ? 0 : 1);
  }

  /** What becomes of a member that is there with the score `old`. `score` is set. */
  private weigh(old: number, score: number, flags: number): number {
    this.score = old;
    if ((flags & ADD_NX) !== 0) return ADD_REFUSED;
    if ((flags & ADD_INCR) !== 0) {
      score += old;
      if (score !== score) return ADD_NAN;
    }
    if ((flags & ADD_LT) !== 0 && score >= old) return ADD_REFUSED;
    if ((flags & ADD_GT) !== 0 && score <= old) return ADD_REFUSED;
    this.score = score;
    return score === old ? ADD_SAME : ADD_UPDATED;
  }

  private addLarge(
    ref: number,
    score: number,
    buf: ReadonlyBytes,
    off: number,
    len: number,
    flags: number,
  ): number {
    const { arena } = this;
    const dict = this.dict.at(bodyWord(arena, ref, 0));
    const hash = this.context.hint.hash(buf, off, len);
    const entry = dict.find(hash, buf, off, len);
    if (entry !== 0) {
      const result = this.weigh(entryScore(arena, entry), score, flags);
      if (result === ADD_UPDATED) {
        this.skiplist.updateScore(bodyWord(arena, ref, 1), entry, this.score);
      }
      return result;
    }
    if ((flags & ADD_XX) !== 0) return ADD_REFUSED;
    this.link(bodyWord(arena, ref, 1), hash, createEntry(arena, score, buf, off, len));
    this.score = score;
    return ADD_ADDED;
  }

  /** Adds a member that is not there to a large set. */
  private insertLarge(
    ref: number,
    score: number,
    buf: ReadonlyBytes,
    off: number,
    len: number,
  ): void {
    const { arena } = this;
    const hash = this.dict.at(bodyWord(arena, ref, 0)).hash(buf, off, len);
    this.link(bodyWord(arena, ref, 1), hash, createEntry(arena, score, buf, off, len));
  }

  /** Puts a new entry into a skiplist and the dict that is bound, or frees it and throws. */
  private link(list: number, hash: number, entry: number): void {
    let isLinked = false;
    try {
      this.skiplist.insert(list, entry);
      isLinked = true;
      this.dict.insert(hash, entry);
    } catch (error) {
      if (isLinked) this.skiplist.remove(list, entry);
      this.arena.free(entry);
      throw error;
    }
  }

  /** Makes zeros, as the body, an empty large set. */
  private initLarge(ref: number): void {
    const { arena } = this;
    const list = this.skiplist.create();
    try {
      setBodyWord(arena, ref, 0, this.dict.create());
    } catch (error) {
      this.skiplist.free(list);
      throw error;
    }
    setBodyWord(arena, ref, 1, list);
    setEncoding(arena, ref, ENC_SKIPLIST);
  }

  private makeLarge(ref: number): void {
    const { arena, cursor } = this;
    this.seekFirst(ref, cursor);
    const lp = cursor.block;
    setBodyWord(arena, ref, 0, 0);
    try {
      this.initLarge(ref);
      for (; cursor.at !== 0; this.next(cursor)) {
        this.read(cursor);
        this.insertLarge(ref, cursor.score, cursor.buf, cursor.off, cursor.len);
      }
    } catch (error) {
      this.free(ref);
      setBodyWord(arena, ref, 0, lp);
      setEncoding(arena, ref, ENC_LISTPACK);
      throw error;
    }
    arena.free(lp);
  }

  private removeSmall(ref: number, at: number, count: number): number {
    const { arena } = this;
    const lp = bodyWord(arena, ref, 0);
    setBodyWord(arena, ref, 0, lpDeleteAt(arena, lp, at, 2 * count));
    return count;
  }

  /** Takes the entries in `taken`, which the skiplist knows no more, out of the dict and frees them. */
  private freeTaken(ref: number): number {
    const { taken } = this;
    this.dict.at(bodyWord(this.arena, ref, 0));
    this.leavers.leave(taken);
    return taken.length;
  }

  private validateOrder(ref: number): void {
    const { cursor } = this;
    const before = new ZsetCursor();
    for (this.seekFirst(ref, cursor); cursor.at !== 0; this.next(cursor)) {
      this.read(cursor);
      if (before.at !== 0) {
        const order = before.score !== cursor.score
          ? before.score - cursor.score
          : bytesCompare(before.buf, before.off, before.len, cursor.buf, cursor.off, cursor.len);
        assert(order < 0, "pairs are in order");
      }
      before.at = cursor.at;
      before.isSmall = true;
      before.block = cursor.block;
      this.read(before);
    }
  }
}
