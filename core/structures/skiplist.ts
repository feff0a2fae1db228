/**
 * Skiplist: the members of a large sorted set in order, in the arena.
 *
 * Features: insert, remove and find by score, by member or by rank in O(log n); the rank of an
 * entry without a comparison; a range of any size is taken out with two stores per level; both
 * directions. Order is by score (-0 equals 0), among equal scores by member bytes, a prefix before
 * what it begins.
 *
 *     root, 264 bytes: what the list knows, then the head's links
 *
 *          +--------+--------+--------+--------+--------+--------+--------+--------+-- ... --+
 *          | length | levels | last   | forward| span   | forward| span   | forward|         |
 *          +--------+--------+--------+--------+--------+--------+--------+--------+-- ... --+
 *                            | level 0         | level 1         | level 2         | ... 31  |
 *
 *     head --------------------------> c ------------------------------------> 0      level 1
 *          span 3                        span 2 (two entries are left)
 *     head ----> a ----> b ----> c ----> d ----> e ----> 0                            level 0
 *
 * The links of an entry have the same shape (skiplist_entry.ts); where an entry keeps the ref of
 * the one before, the head keeps the ref of the last. A span counts the level-0 steps of its
 * forward ref; one that leads nowhere counts the entries that are left.
 *
 * A descent begins at the head's highest level in use, goes forward while the next entry is still
 * before the place wanted, then down. There are four, by what is wanted (an entry, a score, a
 * member, a rank); each writes down where it left every level and after how many entries: a path.
 * Everything else is one path, or two, and a few loads or stores:
 *
 *     first of a range     the entry behind the path to its minimum
 *     count of a range     the difference of two ranks
 *     insert               store into each place of the path, as many levels as the entry has
 *     delete a range       each level of the first path now leads to where that of the second leads
 *
 * The rank of a known entry needs no descent: going forward on the highest level of whatever entry
 * is reached climbs to the top and runs off the end, and the spans on the way add up to what is
 * behind the entry. It reads about 3 entries per level and compares none; a descent reads 4 and
 * compares them.
 *
 * Two measures keep a descent's cache misses down. The score stands in the first 16 bytes of a
 * block, and the links right behind the member, so an entry with a short member is looked at and
 * left through one or two lines. An entry that was too far on one level is not looked at again on
 * the next. At a million entries a descent takes 1.5 to 2 us, nearly all of it waiting for memory.
 * Touching entries further ahead while walking along level 0 was tried: 15 % at best, so there is
 * none of it.
 *
 * Why not a tree with wide nodes: an entry must keep its ref, because the dict holds it; the tree
 * would need 6 to 8 bytes per entry beside it, and miss as often on the entries that it compares.
 *
 * Ownership: the list owns its root. Entries belong to the caller, who allocates them before
 * `insert` and frees them after `remove`. Nothing here allocates but `create`.
 * Limits: 2^31 - 1 entries, 32 levels.
 *
 * Credit: William Pugh, "Skip Lists: A Probabilistic Alternative to Balanced Trees" (1990), also
 * for the widths that give ranks ("A Skip List Cookbook") and for not looking twice. The order, the
 * back links and the chance of 1/4 are those of Redis's sorted sets.
 */
import { assert } from "../base/assert.ts";
import { bytesCompare, type ReadonlyBytes } from "../base/bytes.ts";
import type { RefList } from "../base/ref_list.ts";
import { type Arena, type ReadonlyWords, REF_OFFSET_MASK } from "../memory/arena.ts";
import { LEVELS_MASK, LEVELS_SHIFT, MEMBER_OFF, SKIPLIST_LEVELS_MAX } from "./skiplist_entry.ts";
import {
  LEX_EXCLUSIVE,
  LEX_FIRST,
  LEX_INCLUSIVE,
  LEX_LAST,
  type LexRange,
  memberFitsMax,
  memberFitsMin,
  scoreFitsMax,
  scoreFitsMin,
  type ScoreRange,
} from "./zset_range.ts";

// Words of the root.
const ROOT_LENGTH = 0;
const ROOT_LEVELS = 1;
const ROOT_LINKS = 2;
const ROOT_BYTES = (ROOT_LINKS + 2 * SKIPLIST_LEVELS_MAX) * 4;

// Words of an entry.
const MEMBER_LEN = 1;
const MEMBER_WORD = MEMBER_OFF / 4;

// Words of links, from their first one on. Those of level l are 2 * l words further.
const BACKWARD = 0;
const SPAN = 0;
const FORWARD = 1;

/** Where a descent left each level. */
class Path {
  /** The entry, or the root where the level was left at its head. */
  readonly refs = new Int32Array(SKIPLIST_LEVELS_MAX);
  /** Its first word of links. */
  readonly links = new Int32Array(SKIPLIST_LEVELS_MAX);
  /** Number of entries up to it, itself included; 0 at the head. */
  readonly ranks = new Int32Array(SKIPLIST_LEVELS_MAX);
}

// One operation at a time is under way, so all lists share the paths. Most use the first one only.
const path = new Path();
const endPath = new Path();

/** All skiplists of one arena. A list is named by its root. */
export class Skiplist {
  private readonly arena: Arena;
  private readonly u8: readonly ReadonlyBytes[];
  private readonly i32: readonly ReadonlyWords[];
  private readonly f64: readonly ReadonlyWords[];

  constructor(arena: Arena) {
    this.arena = arena;
    this.u8 = arena.u8;
    this.i32 = arena.i32;
    this.f64 = arena.f64;
  }

  /** Root of a new, empty list. Throws ArenaFull. */
  create(): number {
    const root = this.arena.alloc(ROOT_BYTES);
    this.arena.fill(root, 0, ROOT_BYTES, 0);
    this.arena.storeI32(root, ROOT_LEVELS << 2, 1);
    return root;
  }

  /** Frees the root. The entries are the caller's. */
  free(root: number): void {
    this.arena.free(root);
  }

  /** Number of entries. */
  length(root: number): number {
    return this.word(root, ROOT_LENGTH);
  }

  /** The first entry, or 0. */
  first(root: number): number {
    return this.word(root, ROOT_LINKS + FORWARD);
  }

  /** The last entry, or 0. */
  last(root: number): number {
    return this.word(root, ROOT_LINKS + BACKWARD);
  }

  /** The entry after another, or 0. */
  next(ref: number): number {
    return this.word(ref, this.linksOf(ref) + FORWARD);
  }

  /** The entry before another, or 0. */
  prev(ref: number): number {
    return this.word(ref, this.linksOf(ref) + BACKWARD);
  }

  /** Score of an entry. */
  score(ref: number): number {
    return this.f64[ref >>> 27][(ref & REF_OFFSET_MASK) + 1];
  }

  /** Adds an entry whose member is not here yet. Its block is filled but for the links. */
  insert(root: number, ref: number): void {
    assert(this.score(ref) === this.score(ref), "a score is a number");
    const { arena } = this;
    const levels = this.levelsOf(ref);
    const links = this.linksOf(ref);
    const length = this.length(root);
    const top = this.word(root, ROOT_LEVELS);
    this.descendToEntry(root, ref);
    for (let l = top; l < levels; l++) {
      setPathToHead(root, l);
      arena.storeI32(root, (ROOT_LINKS + 2 * l + SPAN) << 2, length);
    }
    if (levels > top) arena.storeI32(root, ROOT_LEVELS << 2, levels);
    for (let l = 0; l < levels; l++) {
      const before = path.refs[l];
      const at = path.links[l] + 2 * l;
      arena.storeI32(ref, (links + 2 * l + FORWARD) << 2, this.word(before, at + FORWARD));
      arena.storeI32(before, (at + FORWARD) << 2, ref);
      if (l === 0) continue;
      const passed = path.ranks[0] - path.ranks[l];
      arena.storeI32(ref, (links + 2 * l + SPAN) << 2, this.word(before, at + SPAN) - passed);
      arena.storeI32(before, (at + SPAN) << 2, passed + 1);
    }
    for (let l = levels; l < top; l++) this.addToSpan(l, 1);
    const before = path.refs[0];
    arena.storeI32(ref, (links + BACKWARD) << 2, before === root ? 0 : before);
    this.setBackward(root, this.word(ref, links + FORWARD), ref);
    arena.storeI32(root, ROOT_LENGTH << 2, length + 1);
  }

  /** Takes an entry out. */
  remove(root: number, ref: number): void {
    const { arena } = this;
    const links = this.linksOf(ref);
    const next = this.word(ref, links + FORWARD);
    const before = this.word(ref, links + BACKWARD);
    const length = this.length(root);
    if (before === 0) this.descendToRank(root, 0, path);
    else if (next === 0) this.descendToRank(root, length - 1, path);
    else this.descendToEntry(root, ref);
    assert(this.word(path.refs[0], path.links[0] + FORWARD) === ref, "the entry is in this list");
    const levels = this.levelsOf(ref);
    const top = this.word(root, ROOT_LEVELS);
    arena.storeI32(path.refs[0], (path.links[0] + FORWARD) << 2, next);
    for (let l = 1; l < levels; l++) {
      const own = links + 2 * l;
      this.addToSpan(l, this.word(ref, own + SPAN) - 1);
      const off = (path.links[l] + 2 * l + FORWARD) << 2;
      arena.storeI32(path.refs[l], off, this.word(ref, own + FORWARD));
    }
    for (let l = levels; l < top; l++) this.addToSpan(l, -1);
    this.setBackward(root, next, before);
    arena.storeI32(root, ROOT_LENGTH << 2, length - 1);
    this.dropEmptyLevels(root);
  }

  /** Gives an entry another score, in place where its neighbours stay the same. */
  updateScore(root: number, ref: number, score: number): void {
    assert(score === score, "a score is a number");
    const links = this.linksOf(ref);
    const before = this.word(ref, links + BACKWARD);
    const next = this.word(ref, links + FORWARD);
    const stays = (before === 0 || this.isBelow(before, score, ref)) &&
      (next === 0 || !this.isBelow(next, score, ref));
    if (!stays) this.remove(root, ref);
    this.arena.storeF64(ref, 8, score);
    if (!stays) this.insert(root, ref);
  }

  /** Number of entries before this one. See the design comment for how. */
  rank(root: number, ref: number): number {
    const { i32 } = this;
    let behind = 0;
    do {
      const words = i32[ref >>> 27];
      const base = (ref & REF_OFFSET_MASK) << 1;
      const level = ((words[base] >>> LEVELS_SHIFT) & LEVELS_MASK) - 1;
      const at = base + MEMBER_WORD + ((words[base + MEMBER_LEN] + 3) >> 2) + 2 * level;
      ref = words[at + FORWARD];
      if (level > 0) behind += words[at + SPAN];
      else if (ref !== 0) behind++;
    } while (ref !== 0);
    return this.length(root) - 1 - behind;
  }

  /** The entry with so many before it, or 0. */
  byRank(root: number, rank: number): number {
    if (rank < 0 || rank >= this.length(root)) return 0;
    this.descendToRank(root, rank, path);
    return this.word(path.refs[0], path.links[0] + FORWARD);
  }

  /** The first entry in a range of scores, or 0. */
  firstInScoreRange(root: number, range: ScoreRange): number {
    this.descendToScore(root, range.min, range.minExclusive, path);
    const ref = this.word(path.refs[0], path.links[0] + FORWARD);
    return ref !== 0 && scoreFitsMax(range, this.score(ref)) ? ref : 0;
  }

  /**
   * `firstInScoreRange` for a range that begins no earlier than that of the call just before, of this function or of
   * that one; no other operation is in between. Continues where that search ended: the nearer, the quicker.
   */
  nextInScoreRange(root: number, range: ScoreRange): number {
    this.continueToScore(root, range.min, range.minExclusive);
    const ref = this.word(path.refs[0], path.links[0] + FORWARD);
    return ref !== 0 && scoreFitsMax(range, this.score(ref)) ? ref : 0;
  }

  /** The last entry in a range of scores, or 0. */
  lastInScoreRange(root: number, range: ScoreRange): number {
    this.descendToScore(root, range.max, !range.maxExclusive, path);
    const ref = path.refs[0];
    return ref !== root && scoreFitsMin(range, this.score(ref)) ? ref : 0;
  }

  /** Number of entries in a range of scores. */
  countInScoreRange(root: number, range: ScoreRange): number {
    this.descendToScoreRange(root, range);
    return Math.max(0, endPath.ranks[0] - path.ranks[0]);
  }

  /** The first entry in a range of members, or 0. All scores are equal. */
  firstInLexRange(root: number, range: LexRange): number {
    this.descendToLexMin(root, range, path);
    const ref = this.word(path.refs[0], path.links[0] + FORWARD);
    return ref !== 0 && this.fitsLexMax(range, ref) ? ref : 0;
  }

  /** The last entry in a range of members, or 0. All scores are equal. */
  lastInLexRange(root: number, range: LexRange): number {
    this.descendToLexMax(root, range, path);
    const ref = path.refs[0];
    return ref !== root && this.fitsLexMin(range, ref) ? ref : 0;
  }

  /** Number of entries in a range of members. All scores are equal. */
  countInLexRange(root: number, range: LexRange): number {
    this.descendToLexMin(root, range, path);
    this.descendToLexMax(root, range, endPath);
    return Math.max(0, endPath.ranks[0] - path.ranks[0]);
  }

  /** Whether an entry's member is not above a range. */
  fitsLexMax(range: LexRange, ref: number): boolean {
    return memberFitsMax(range, this.u8[ref >>> 27], memberAt(ref), this.word(ref, MEMBER_LEN));
  }

  /** Whether an entry's member is not below a range. */
  fitsLexMin(range: LexRange, ref: number): boolean {
    return memberFitsMin(range, this.u8[ref >>> 27], memberAt(ref), this.word(ref, MEMBER_LEN));
  }

  /**
   * Takes out the entries from one rank to another, both included, and appends them to `out` in
   * order. Ranks beyond the ends are cut off. Returns how many.
   */
  deleteRangeByRank(root: number, first: number, last: number, out: RefList): number {
    const length = this.length(root);
    if (first < 0) first = 0;
    if (last >= length) last = length - 1;
    if (first > last) return 0;
    this.descendToRank(root, first, path);
    this.descendToRank(root, last + 1, endPath);
    return this.cut(root, out);
  }

  /**
   * Takes out the entries in a range of scores and appends them to `out` in order. Returns how
   * many.
   */
  deleteRangeByScore(root: number, range: ScoreRange, out: RefList): number {
    this.descendToScoreRange(root, range);
    return this.cut(root, out);
  }

  /**
   * Takes out the entries in a range of members and appends them to `out` in order. Returns how
   * many.
   */
  deleteRangeByLex(root: number, range: LexRange, out: RefList): number {
    this.descendToLexMin(root, range, path);
    this.descendToLexMax(root, range, endPath);
    return this.cut(root, out);
  }

  /** Throws unless the order, both directions, all levels, all spans and the length agree. */
  validateIntegrity(root: number): void {
    const length = this.length(root);
    const top = this.word(root, ROOT_LEVELS);
    assert(top >= 1 && top <= SKIPLIST_LEVELS_MAX, "a list has 1 to 32 levels");
    // What each level must come to next, and at which rank.
    const refs = new Int32Array(SKIPLIST_LEVELS_MAX);
    const ranks = new Int32Array(SKIPLIST_LEVELS_MAX);
    for (let l = 0; l < SKIPLIST_LEVELS_MAX; l++) {
      refs[l] = this.word(root, ROOT_LINKS + 2 * l + FORWARD);
      ranks[l] = l === 0 ? 1 : this.word(root, ROOT_LINKS + 2 * l + SPAN);
      assert(l === 0 || (refs[l] !== 0) === (l < top), "the levels in use are counted");
    }
    let before = 0;
    let rank = 0;
    for (let ref = refs[0]; ref !== 0; ref = refs[0]) {
      rank++;
      assert(rank <= length, "there are no more entries than the length says");
      assert(this.score(ref) === this.score(ref), "a score is a number");
      assert(this.prev(ref) === before, "an entry knows the one before");
      assert(before === 0 || this.isBelow(before, this.score(ref), ref), "entries are in order");
      const levels = this.levelsOf(ref);
      assert(levels >= 1 && levels <= top, "an entry has no more levels than the list");
      const links = this.linksOf(ref);
      for (let l = 0; l < top; l++) {
        assert((refs[l] === ref) === (l < levels), "an entry is on each of its levels");
        if (l >= levels) continue;
        assert(ranks[l] === rank, "a span counts the entries it passes");
        refs[l] = this.word(ref, links + 2 * l + FORWARD);
        ranks[l] = rank + (l === 0 ? 1 : this.word(ref, links + 2 * l + SPAN));
      }
      before = ref;
    }
    assert(rank === length, "the entries are counted");
    assert(this.last(root) === before, "the last entry is known");
    for (let l = 1; l < top; l++) {
      assert(refs[l] === 0 && ranks[l] === length, "a last span counts what is left");
    }
  }

  // Descents. Each leaves the path's level 0 at the last entry before the place wanted.

  /**
   * To before the entries that are not below `target`, which is here or is not. Always into `path`.
   */
  private descendToEntry(root: number, target: number): void {
    const { u8, i32, f64 } = this;
    const { refs, links, ranks } = path;
    const score = f64[target >>> 27][(target & REF_OFFSET_MASK) + 1];
    const member = u8[target >>> 27];
    const off = memberAt(target);
    const len = this.word(target, MEMBER_LEN);
    let ref = root;
    let words = i32[root >>> 27];
    let base = (root & REF_OFFSET_MASK) << 1;
    let link = ROOT_LINKS;
    let rank = 0;
    let tooFar = 0;
    for (let l = words[base + ROOT_LEVELS] - 1; l >= 0; l--) {
      for (;;) {
        const at = base + link + 2 * l;
        const next = words[at + FORWARD];
        if (next === tooFar) break;
        const nextWords = i32[next >>> 27];
        const nextBase = (next & REF_OFFSET_MASK) << 1;
        const nextScore = f64[next >>> 27][(nextBase >> 1) + 1];
        const nextLen = nextWords[nextBase + MEMBER_LEN];
        if (nextScore >= score) {
          const isBelow = nextScore === score &&
            bytesCompare(u8[next >>> 27], memberAt(next), nextLen, member, off, len) < 0;
          if (!isBelow) {
            tooFar = next;
            break;
          }
        }
        rank += l === 0 ? 1 : words[at + SPAN];
        ref = next;
        words = nextWords;
        base = nextBase;
        link = MEMBER_WORD + ((nextLen + 3) >> 2);
      }
      refs[l] = ref;
      links[l] = link;
      ranks[l] = rank;
    }
  }

  /** To before the entries that are not below `score`; with `orEqual` to before those above it. */
  private descendToScore(root: number, score: number, orEqual: boolean, out: Path): void {
    const { refs, links, ranks } = out;
    const top = this.word(root, ROOT_LEVELS);
    refs[top - 1] = root;
    links[top - 1] = ROOT_LINKS;
    ranks[top - 1] = 0;
    this.descendFrom(top - 1, score, orEqual, out);
  }

  /** The same, from the path of such a descent to a score that is not above this one. */
  private continueToScore(root: number, score: number, orEqual: boolean): void {
    const { refs, links } = path;
    const top = this.word(root, ROOT_LEVELS);
    // Where the next entry is not before the place wanted, all higher levels stay as they are.
    let levels = 0;
    for (; levels < top; levels++) {
      const next = this.word(refs[levels], links[levels] + 2 * levels + FORWARD);
      if (next === 0) break;
      const nextScore = this.score(next);
      if (!(nextScore < score || (orEqual && nextScore === score))) break;
    }
    if (levels > 0) this.descendFrom(levels - 1, score, orEqual, path);
  }

  /** Descends from a level whose place in the path is set, to before a score. */
  private descendFrom(level: number, score: number, orEqual: boolean, out: Path): void {
    const { i32, f64 } = this;
    const { refs, links, ranks } = out;
    let ref = refs[level];
    let words = i32[ref >>> 27];
    let base = (ref & REF_OFFSET_MASK) << 1;
    let link = links[level];
    let rank = ranks[level];
    let tooFar = 0;
    for (let l = level; l >= 0; l--) {
      for (;;) {
        const at = base + link + 2 * l;
        const next = words[at + FORWARD];
        if (next === tooFar) break;
        const nextScore = f64[next >>> 27][(next & REF_OFFSET_MASK) + 1];
        if (!(nextScore < score || (orEqual && nextScore === score))) {
          tooFar = next;
          break;
        }
        rank += l === 0 ? 1 : words[at + SPAN];
        ref = next;
        words = i32[ref >>> 27];
        base = (ref & REF_OFFSET_MASK) << 1;
        link = MEMBER_WORD + ((words[base + MEMBER_LEN] + 3) >> 2);
      }
      refs[l] = ref;
      links[l] = link;
      ranks[l] = rank;
    }
  }

  /**
   * To before the entries whose member is not below the bytes; with `orEqual` to before those above
   * them.
   */
  private descendToMember(
    root: number,
    member: ReadonlyBytes,
    off: number,
    len: number,
    orEqual: boolean,
    out: Path,
  ): void {
    const { u8, i32 } = this;
    const { refs, links, ranks } = out;
    const orderMax = orEqual ? 0 : -1;
    let ref = root;
    let words = i32[root >>> 27];
    let base = (root & REF_OFFSET_MASK) << 1;
    let link = ROOT_LINKS;
    let rank = 0;
    let tooFar = 0;
    for (let l = words[base + ROOT_LEVELS] - 1; l >= 0; l--) {
      for (;;) {
        const at = base + link + 2 * l;
        const next = words[at + FORWARD];
        if (next === tooFar) break;
        const nextWords = i32[next >>> 27];
        const nextBase = (next & REF_OFFSET_MASK) << 1;
        const nextLen = nextWords[nextBase + MEMBER_LEN];
        if (bytesCompare(u8[next >>> 27], memberAt(next), nextLen, member, off, len) > orderMax) {
          tooFar = next;
          break;
        }
        rank += l === 0 ? 1 : words[at + SPAN];
        ref = next;
        words = nextWords;
        base = nextBase;
        link = MEMBER_WORD + ((nextLen + 3) >> 2);
      }
      refs[l] = ref;
      links[l] = link;
      ranks[l] = rank;
    }
  }

  /** To behind the first `count` entries. Reads only those it goes to: how far, the spans say. */
  private descendToRank(root: number, count: number, out: Path): void {
    const { i32 } = this;
    const { refs, links, ranks } = out;
    let ref = root;
    let words = i32[root >>> 27];
    let base = (root & REF_OFFSET_MASK) << 1;
    let link = ROOT_LINKS;
    let rank = 0;
    for (let l = words[base + ROOT_LEVELS] - 1; l >= 0; l--) {
      for (;;) {
        const at = base + link + 2 * l;
        const next = words[at + FORWARD];
        const nextRank = rank + (l === 0 ? 1 : words[at + SPAN]);
        if (nextRank > count || next === 0) break;
        rank = nextRank;
        ref = next;
        words = i32[ref >>> 27];
        base = (ref & REF_OFFSET_MASK) << 1;
        link = MEMBER_WORD + ((words[base + MEMBER_LEN] + 3) >> 2);
      }
      refs[l] = ref;
      links[l] = link;
      ranks[l] = rank;
    }
  }

  /** Both ends of a range of scores. */
  private descendToScoreRange(root: number, range: ScoreRange): void {
    this.descendToScore(root, range.min, range.minExclusive, path);
    this.descendToScore(root, range.max, !range.maxExclusive, endPath);
  }

  private descendToLexMin(root: number, range: LexRange, out: Path): void {
    const kind = range.minKind;
    if (kind === LEX_FIRST) this.descendToRank(root, 0, out);
    else if (kind === LEX_LAST) this.descendToRank(root, this.length(root), out);
    else {
      const orEqual = kind === LEX_EXCLUSIVE;
      this.descendToMember(root, range.min, range.minOff, range.minLen, orEqual, out);
    }
  }

  private descendToLexMax(root: number, range: LexRange, out: Path): void {
    const kind = range.maxKind;
    if (kind === LEX_FIRST) this.descendToRank(root, 0, out);
    else if (kind === LEX_LAST) this.descendToRank(root, this.length(root), out);
    else {
      const orEqual = kind === LEX_INCLUSIVE;
      this.descendToMember(root, range.max, range.maxOff, range.maxLen, orEqual, out);
    }
  }

  // Places.

  private word(ref: number, index: number): number {
    return this.i32[ref >>> 27][((ref & REF_OFFSET_MASK) << 1) + index];
  }

  private levelsOf(ref: number): number {
    return (this.word(ref, 0) >>> LEVELS_SHIFT) & LEVELS_MASK;
  }

  /** The first word of an entry's links. */
  private linksOf(ref: number): number {
    return MEMBER_WORD + ((this.word(ref, MEMBER_LEN) + 3) >> 2);
  }

  /** Whether an entry is below a score and the member of `target`. */
  private isBelow(ref: number, score: number, target: number): boolean {
    const own = this.score(ref);
    if (own !== score) return own < score;
    const bytes = this.u8[ref >>> 27];
    const member = this.u8[target >>> 27];
    const len = this.word(ref, MEMBER_LEN);
    const targetLen = this.word(target, MEMBER_LEN);
    return bytesCompare(bytes, memberAt(ref), len, member, memberAt(target), targetLen) < 0;
  }

  // Changes along `path`.

  /**
   * Takes out what is between `path` and `endPath` and appends it to `out`. Returns how many
   * entries that were: none when the paths have crossed, as those to an empty range do.
   */
  private cut(root: number, out: RefList): number {
    const count = endPath.ranks[0] - path.ranks[0];
    if (count <= 0) return 0;
    const { arena } = this;
    const before = path.refs[0];
    let ref = this.word(before, path.links[0] + FORWARD);
    for (let i = 0; i < count; i++) {
      out.push(ref);
      ref = this.next(ref);
    }
    for (let l = this.word(root, ROOT_LEVELS) - 1; l >= 0; l--) {
      const at = path.links[l] + 2 * l;
      const end = endPath.refs[l];
      const endAt = endPath.links[l] + 2 * l;
      arena.storeI32(path.refs[l], (at + FORWARD) << 2, this.word(end, endAt + FORWARD));
      if (l === 0) continue;
      // The rank of what the level leads to now, less those taken out, less the rank of where it
      // starts.
      const target = endPath.ranks[l] + this.word(end, endAt + SPAN) - count;
      arena.storeI32(path.refs[l], (at + SPAN) << 2, target - path.ranks[l]);
    }
    this.setBackward(root, ref, before === root ? 0 : before);
    arena.storeI32(root, ROOT_LENGTH << 2, this.length(root) - count);
    this.dropEmptyLevels(root);
    return count;
  }

  private addToSpan(level: number, count: number): void {
    const ref = path.refs[level];
    const at = path.links[level] + 2 * level + SPAN;
    this.arena.storeI32(ref, at << 2, this.word(ref, at) + count);
  }

  /** What comes before `ref`, or before the end when `ref` is 0. */
  private setBackward(root: number, ref: number, before: number): void {
    if (ref === 0) this.arena.storeI32(root, (ROOT_LINKS + BACKWARD) << 2, before);
    else this.arena.storeI32(ref, (this.linksOf(ref) + BACKWARD) << 2, before);
  }

  private dropEmptyLevels(root: number): void {
    let top = this.word(root, ROOT_LEVELS);
    const had = top;
    while (top > 1 && this.word(root, ROOT_LINKS + 2 * (top - 1) + FORWARD) === 0) top--;
    if (top !== had) this.arena.storeI32(root, ROOT_LEVELS << 2, top);
  }
}

function setPathToHead(root: number, level: number): void {
  path.refs[level] = root;
  path.links[level] = ROOT_LINKS;
  path.ranks[level] = 0;
}

/** Index of an entry's member in the bytes of its segment. */
function memberAt(ref: number): number {
  return ((ref & REF_OFFSET_MASK) << 3) + MEMBER_OFF;
}
