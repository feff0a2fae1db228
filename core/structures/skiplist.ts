/**
 * Skiplist: the members of a large sorted set in order, in the arena.
 *
 * Features: insert, remove and find by score, by member or by rank in O(log n); ranks; ranges; both directions;
 * what is taken off the ends moves nothing. Order is by score (-0 equals 0), among equal scores by member bytes, a
 * prefix before what it begins.
 *
 * It is an unrolled skiplist: a level is cut into nodes of up to 32 places (skiplist_node.ts), and on the level
 * above there is one place for each node instead of one in four by chance. So a descent looks at three or four
 * nodes, reads scores that stand side by side, and leaves the entries alone.
 *
 *     level 2   [ a:66 . . . . . . . . . . . . . . . . . . . . . . . h:70 ]
 *                 |                                                  |
 *     level 1   [ a:21  c:24  f:21 ]                               [ h:20  k:27  m:23 ]
 *                 |     |     |                                      |     |     |
 *     level 0   [a b][c d e][f g] <-----------------------------> [h i j][k l][m n o p]
 *
 *     a:21   the node below begins with entry a, and 21 entries are under it (its span)
 *
 *     root   word 0 length   1 levels   2 node of the highest level   3 first and 4 last node of level 0
 *                 5 nodes on level 0   6 nodes above
 *
 * Level 0 is linked in both directions. The highest level is always a single node, and so is level 0 of an empty
 * list. A place above level 0 has the score and the entry that the node below begins with, exactly, but for the
 * first place of a node, which nobody reads.
 *
 * A descent writes down where it left every level: a path. Everything else is a path, or two:
 *
 *     rank                 the spans passed on the path's levels
 *     count of a range     the difference of two ranks
 *     insert, remove       change level 0 where the path ends, and a span on each level above
 *     delete a range       the same, with as many entries as the node has of it, until all are gone
 *
 * A node that is full is split: in the middle, but at its very end when that is where the list grows, so that
 * members that come in order fill their nodes. What has fewer than 8 places is joined with a neighbour if both
 * have 24 at most. In random order nodes are 70 % full: 19.4 bytes per entry; in order 13.6.
 *
 * Why not one entry per node and the links in the entries, as Redis has it and as it was here: a descent then waits
 * for some 30 entries one after the other, this one for 2 nodes. With a million members a ZADD that changes a score
 * takes 2.0 us instead of 4.5, and with 100,000 1.15 instead of 1.85 (Deno, in process, the request included). Nodes
 * of 16, 24 or 48 places are no quicker than those of 32.
 *
 * Ownership: the list owns root and nodes. Entries belong to the caller, who makes them before `insert` and frees
 * them after `remove`. `insert` and `updateScore` may throw ArenaFull, before anything changed.
 * Limits: 2^31 - 1 entries, 16 levels.
 *
 * Credit: William Pugh, "Skip Lists: A Probabilistic Alternative to Balanced Trees" (1990), also for the widths
 * that give ranks ("A Skip List Cookbook"). Levels without chance: J. Ian Munro, Thomas Papadakis and Robert
 * Sedgewick, "Deterministic Skip Lists" (1992). Nodes of many places on every level: Daniel Golovin, "The
 * B-Skip-List" (2010).
 */
import { assert } from "../base/assert.ts";
import { bytesCompare, type ReadonlyBytes } from "../base/bytes.ts";
import type { RefList } from "../base/ref_list.ts";
import { type Arena, REF_OFFSET_MASK } from "../memory/arena.ts";
import { entryKeyLen } from "./entry.ts";
import { SkiplistCheck } from "./skiplist_check.ts";
import { entryScore, memberAt, setEntryScore } from "./skiplist_entry.ts";
import {
  LEVELS_MAX,
  NODE_PLACES,
  nodeBytes,
  SkiplistNodes,
  SkiplistPath,
  SkiplistTarget,
} from "./skiplist_node.ts";
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

// Words of the root, for skiplist_walk.ts too.
export const ROOT_LENGTH = 0;
const ROOT_LEVELS = 1;
const ROOT_TOP = 2;
const ROOT_FIRST = 3;
export const ROOT_LAST = 4;
const ROOT_LEAVES = 5;
const ROOT_UPPERS = 6;
const ROOT_BYTES = 32;

/** A node with fewer places is joined with a neighbour, if both together have no more than that. */
const PLACES_MIN = 8;
const JOINED_MAX = 24;

// One operation at a time is under way, so all lists share these. Most use the first path only.
const path = new SkiplistPath();
const endPath = new SkiplistPath();
const target = new SkiplistTarget();
/** Nodes for a split, by level. */
const spares = new Int32Array(LEVELS_MAX + 1);

/** All skiplists of one arena. A list is named by its root. */
export class Skiplist {
  /** The place of the entry that was found last; good until the list changes. */
  foundNode = 0;
  foundSlot = 0;
  private readonly arena: Arena;
  private readonly nodes: SkiplistNodes;

  constructor(arena: Arena) {
    this.arena = arena;
    this.nodes = new SkiplistNodes(arena);
  }

  /** Root of a new, empty list. Throws ArenaFull. */
  create(): number {
    const { arena } = this;
    const root = arena.alloc(ROOT_BYTES);
    let leaf = 0;
    try {
      leaf = this.nodes.create(0);
    } catch (error) {
      arena.free(root);
      throw error;
    }
    arena.fill(root, 0, ROOT_BYTES, 0);
    this.setWord(root, ROOT_LEVELS, 1);
    this.setWord(root, ROOT_TOP, leaf);
    this.setWord(root, ROOT_FIRST, leaf);
    this.setWord(root, ROOT_LAST, leaf);
    this.setWord(root, ROOT_LEAVES, 1);
    return root;
  }

  /** Frees root and nodes. The entries are the caller's. */
  free(root: number): void {
    while (this.freeSome(root, 1 << 30));
  }

  /** Frees about `budget` nodes, from the last one on, and in the end the root. Returns whether there are more. */
  freeSome(root: number, budget: number): boolean {
    const { arena } = this;
    while (this.word(root, ROOT_LEVELS) > 1) {
      if (budget-- <= 0) return true;
      this.descendToRank(root, this.length(root), path);
      this.addToSpans(root, path, -this.nodes.count(path.nodes[0]));
      this.dropNode(root, path);
    }
    arena.free(this.word(root, ROOT_TOP));
    arena.free(root);
    return false;
  }

  /** Number of entries. */
  length(root: number): number {
    return this.word(root, ROOT_LENGTH);
  }

  /** Bytes of root and nodes. */
  bytes(root: number): number {
    return ROOT_BYTES + this.word(root, ROOT_LEAVES) * nodeBytes(0) +
      this.word(root, ROOT_UPPERS) * nodeBytes(1);
  }

  // Places. What returns an entry, or 0 for none, leaves its place in `foundNode` and `foundSlot`.

  /** The first entry. */
  first(root: number): number {
    const leaf = this.word(root, ROOT_FIRST);
    return this.found(leaf, this.nodes.start(leaf));
  }

  /** The last entry. */
  last(root: number): number {
    const leaf = this.word(root, ROOT_LAST);
    return this.foundBefore(leaf, this.nodes.end(leaf));
  }

  /** The entry after that at a place. */
  next(node: number, slot: number): number {
    return this.found(node, slot + 1);
  }

  /** The entry before that at a place. */
  prev(node: number, slot: number): number {
    return this.foundBefore(node, slot);
  }

  /**
   * Copies the entry at a place, and those of its node that follow it or, in reverse, come before it, up to `max`.
   * Returns how many. `out` has room for NODE_PLACES.
   */
  neighbours(node: number, slot: number, max: number, isReverse: boolean, out: Int32Array): number {
    const { nodes } = this;
    const all = isReverse ? slot + 1 - nodes.start(node) : nodes.end(node) - slot;
    const count = all < max ? all : max;
    const step = isReverse ? -1 : 1;
    for (let i = 0; i < count; i++) out[i] = nodes.entry(node, slot + i * step);
    return count;
  }

  /** Score of the entry at a place. */
  scoreAt(node: number, slot: number): number {
    return this.nodes.score(node, slot);
  }

  /** Number of entries before this one. */
  rank(root: number, ref: number): number {
    this.descendOnto(root, entryScore(this.arena, ref), ref, path);
    return this.rankOf(root, path);
  }

  /** The entry with so many before it. */
  byRank(root: number, rank: number): number {
    if (rank < 0 || rank >= this.length(root)) return 0;
    this.descendToRank(root, rank, path);
    return this.found(path.nodes[0], path.slots[0]);
  }

  /** The first entry in a range of scores. */
  firstInScoreRange(root: number, range: ScoreRange): number {
    target.setScore(range.min, range.minExclusive);
    this.descend(root, path);
    return this.foundUpTo(range);
  }

  /**
   * `firstInScoreRange` for a range that begins no earlier than that of the call just before, of this function or
   * of that one; no other operation is in between. Quick where both begin in the same node.
   */
  nextInScoreRange(root: number, range: ScoreRange): number {
    target.setScore(range.min, range.minExclusive);
    const { nodes } = this;
    const leaf = path.nodes[0];
    const end = nodes.end(leaf);
    const slot = nodes.search(leaf, path.slots[0], end, target);
    if (slot < end || nodes.forward(leaf) === 0) path.slots[0] = slot;
    else this.descend(root, path);
    return this.foundUpTo(range);
  }

  /** The last entry in a range of scores. */
  lastInScoreRange(root: number, range: ScoreRange): number {
    target.setScore(range.max, !range.maxExclusive);
    this.descend(root, path);
    const ref = this.foundBefore(path.nodes[0], path.slots[0]);
    return ref !== 0 && scoreFitsMin(range, entryScore(this.arena, ref)) ? ref : 0;
  }

  /** Number of entries in a range of scores. */
  countInScoreRange(root: number, range: ScoreRange): number {
    const first = this.descendToScoreRange(root, range);
    return Math.max(0, this.rankOf(root, endPath) - first);
  }

  /** The first entry in a range of members. All scores are equal. */
  firstInLexRange(root: number, range: LexRange): number {
    this.descendToLexMin(root, range, path);
    const ref = this.found(path.nodes[0], path.slots[0]);
    return ref !== 0 && this.fitsLexMax(range, ref) ? ref : 0;
  }

  /** The last entry in a range of members. All scores are equal. */
  lastInLexRange(root: number, range: LexRange): number {
    this.descendToLexMax(root, range, path);
    const ref = this.foundBefore(path.nodes[0], path.slots[0]);
    return ref !== 0 && this.fitsLexMin(range, ref) ? ref : 0;
  }

  /** Number of entries in a range of members. All scores are equal. */
  countInLexRange(root: number, range: LexRange): number {
    const first = this.descendToLexRange(root, range);
    return Math.max(0, this.rankOf(root, endPath) - first);
  }

  /** Whether an entry's member is not above a range. */
  fitsLexMax(range: LexRange, ref: number): boolean {
    const { arena } = this;
    return memberFitsMax(range, arena.u8[ref >>> 27], memberAt(ref), entryKeyLen(arena, ref));
  }

  /** Whether an entry's member is not below a range. */
  fitsLexMin(range: LexRange, ref: number): boolean {
    const { arena } = this;
    return memberFitsMin(range, arena.u8[ref >>> 27], memberAt(ref), entryKeyLen(arena, ref));
  }

  // Changes.

  /** Adds an entry whose member is not here yet. Throws ArenaFull before anything changed. */
  insert(root: number, ref: number): void {
    const score = entryScore(this.arena, ref);
    assert(score === score, "a score is a number");
    target.setEntry(this.arena, score, ref, false);
    this.descend(root, path);
    this.insertAt(root, score, ref);
  }

  /** Takes an entry out. */
  remove(root: number, ref: number): void {
    this.descendOnto(root, entryScore(this.arena, ref), ref, path);
    this.removeAt(root, path, 1);
  }

  /** Gives an entry another score, in place where its neighbours allow it. Throws ArenaFull as `insert`. */
  updateScore(root: number, ref: number, score: number): void {
    assert(score === score, "a score is a number");
    const { arena, nodes } = this;
    const old = entryScore(arena, ref);
    this.descendOnto(root, old, ref, endPath);
    if (score === old || this.staysInOrder(score, ref)) {
      nodes.setScore(endPath.nodes[0], endPath.slots[0], score);
      setEntryScore(arena, ref, score);
      return;
    }
    // In first and out afterwards: what may fail comes before what may not.
    target.setEntry(arena, score, ref, false);
    this.descend(root, path);
    const wasSplit = this.insertAt(root, score, ref);
    // What has moved in the node has moved the old place too.
    if (wasSplit || path.nodes[0] === endPath.nodes[0]) this.descendOnto(root, old, ref, endPath);
    setEntryScore(arena, ref, score);
    this.removeAt(root, endPath, 1);
  }

  /**
   * Takes out the entries from one rank to another, both included, and appends them to `out` in order. Ranks
   * beyond the ends are cut off. Returns how many.
   */
  deleteRangeByRank(root: number, first: number, last: number, out: RefList): number {
    const length = this.length(root);
    if (first < 0) first = 0;
    if (last >= length) last = length - 1;
    return this.cut(root, first, last - first + 1, out);
  }

  /** Takes out the entries in a range of scores and appends them to `out` in order. Returns how many. */
  deleteRangeByScore(root: number, range: ScoreRange, out: RefList): number {
    const first = this.descendToScoreRange(root, range);
    return this.cut(root, first, this.rankOf(root, endPath) - first, out);
  }

  /** Takes out the entries in a range of members and appends them to `out` in order. Returns how many. */
  deleteRangeByLex(root: number, range: LexRange, out: RefList): number {
    const first = this.descendToLexRange(root, range);
    return this.cut(root, first, this.rankOf(root, endPath) - first, out);
  }

  /** Throws unless the order, the links, all levels, all spans and the counts agree. */
  validateIntegrity(root: number): void {
    const levels = this.word(root, ROOT_LEVELS);
    const top = this.word(root, ROOT_TOP);
    assert(levels >= 1 && levels <= LEVELS_MAX, "a list has 1 to 16 levels");
    assert(levels === 1 || this.nodes.count(top) > 1, "the highest level leads to several nodes");
    const check = new SkiplistCheck(this.arena);
    assert(check.count(top, levels - 1, true) === this.length(root), "the entries are counted");
    assert(this.nodes.forward(check.leaf) === 0, "nothing is behind the last node");
    assert(check.leaf === this.word(root, ROOT_LAST), "the last node is known");
    assert(this.nodes.backward(this.word(root, ROOT_FIRST)) === 0, "the first node is known");
    assert(check.leaves === this.word(root, ROOT_LEAVES), "the nodes of level 0 are counted");
    assert(check.uppers === this.word(root, ROOT_UPPERS), "the nodes above are counted");
  }

  // Descents. Each leaves the path's level 0 at the first entry wanted, or behind the last of the node before it.

  /** To the first entry that is not below `target`. */
  private descend(root: number, out: SkiplistPath): void {
    const { nodes } = this;
    const leaf = this.descendToLeaf(root, out);
    out.slots[0] = nodes.search(leaf, nodes.start(leaf), nodes.end(leaf), target);
  }

  /** To an entry that is here, with this score. */
  private descendOnto(root: number, score: number, ref: number, out: SkiplistPath): void {
    // What is not above it ends with it, in the very node that has it.
    target.setEntry(this.arena, score, ref, true);
    const slot = this.nodes.slotOf(this.descendToLeaf(root, out), score, ref);
    assert(slot >= 0, "the entry is in this list");
    out.slots[0] = slot;
  }

  private descendToLeaf(root: number, out: SkiplistPath): number {
    const top = this.word(root, ROOT_TOP);
    return this.nodes.descend(top, this.word(root, ROOT_LEVELS) - 1, target, out);
  }

  /** To the entry with so many before it; behind the last one if there are no more. */
  private descendToRank(root: number, rank: number, out: SkiplistPath): void {
    const { nodes } = this;
    let node = this.word(root, ROOT_TOP);
    for (let l = this.word(root, ROOT_LEVELS) - 1; l > 0; l--) {
      const last = nodes.count(node) - 1;
      let slot = 0;
      for (; slot < last && rank >= nodes.span(node, slot); slot++) rank -= nodes.span(node, slot);
      out.nodes[l] = node;
      out.slots[l] = slot;
      node = nodes.down(node, slot);
    }
    out.nodes[0] = node;
    out.slots[0] = nodes.start(node) + rank;
  }

  /** To both ends of a range of scores. Returns the rank of the first. */
  private descendToScoreRange(root: number, range: ScoreRange): number {
    target.setScore(range.min, range.minExclusive);
    this.descend(root, path);
    target.setScore(range.max, !range.maxExclusive);
    this.descend(root, endPath);
    return this.rankOf(root, path);
  }

  /** To both ends of a range of members. Returns the rank of the first. */
  private descendToLexRange(root: number, range: LexRange): number {
    this.descendToLexMin(root, range, path);
    this.descendToLexMax(root, range, endPath);
    return this.rankOf(root, path);
  }

  private descendToLexMin(root: number, range: LexRange, out: SkiplistPath): void {
    const orEqual = range.minKind === LEX_EXCLUSIVE;
    this.descendToMember(root, range.minKind, range.min, range.minOff, range.minLen, orEqual, out);
  }

  private descendToLexMax(root: number, range: LexRange, out: SkiplistPath): void {
    const orEqual = range.maxKind === LEX_INCLUSIVE;
    this.descendToMember(root, range.maxKind, range.max, range.maxOff, range.maxLen, orEqual, out);
  }

  private descendToMember(
    root: number,
    kind: number,
    member: ReadonlyBytes,
    off: number,
    len: number,
    orEqual: boolean,
    out: SkiplistPath,
  ): void {
    if (kind === LEX_FIRST) this.descendToRank(root, 0, out);
    else if (kind === LEX_LAST) this.descendToRank(root, this.length(root), out);
    else {
      target.setMember(member, off, len, orEqual);
      this.descend(root, out);
    }
  }

  /** Number of entries before the place that a path leads to. */
  private rankOf(root: number, from: SkiplistPath): number {
    const { nodes } = this;
    let rank = from.slots[0] - nodes.start(from.nodes[0]);
    for (let l = this.word(root, ROOT_LEVELS) - 1; l > 0; l--) {
      rank += nodes.spanOf(from.nodes[l], 0, from.slots[l]);
    }
    return rank;
  }

  // Places.

  /** The entry at a slot, which may be that behind the last one. */
  private found(node: number, slot: number): number {
    const { nodes } = this;
    if (slot === nodes.end(node)) {
      node = nodes.forward(node);
      if (node === 0) return 0;
      slot = nodes.start(node);
    }
    this.foundNode = node;
    this.foundSlot = slot;
    return nodes.entry(node, slot);
  }

  /** The entry before a slot. */
  private foundBefore(node: number, slot: number): number {
    const { nodes } = this;
    if (slot === nodes.start(node)) {
      node = nodes.backward(node);
      if (node === 0) return 0;
      slot = nodes.end(node);
    }
    this.foundNode = node;
    this.foundSlot = slot - 1;
    return nodes.entry(node, slot - 1);
  }

  /** The entry that `path` leads to, unless it is above the range. */
  private foundUpTo(range: ScoreRange): number {
    const ref = this.found(path.nodes[0], path.slots[0]);
    if (ref === 0) return 0;
    return scoreFitsMax(range, this.nodes.score(this.foundNode, this.foundSlot)) ? ref : 0;
  }

  private word(ref: number, index: number): number {
    return this.arena.i32[ref >>> 27][((ref & REF_OFFSET_MASK) << 1) + index];
  }

  private setWord(ref: number, index: number, value: number): void {
    this.arena.storeI32(ref, index << 2, value);
  }

  // Changes along a path.

  /** Puts an entry where `path` leads. Returns whether nodes were split. Throws ArenaFull before that. */
  private insertAt(root: number, score: number, ref: number): boolean {
    const { nodes } = this;
    const isFull = nodes.count(path.nodes[0]) === NODE_PLACES;
    if (isFull) this.split(root);
    const leaf = path.nodes[0];
    nodes.setEntry(leaf, nodes.open(leaf, 0, path.slots[0]), score, ref);
    this.addToSpans(root, path, 1);
    return isFull;
  }

  /** Takes entries out, from where the path leads on; the node has them all. */
  private removeAt(root: number, from: SkiplistPath, count: number): void {
    const { nodes } = this;
    const leaf = from.nodes[0];
    const slot = from.slots[0];
    const isFirst = slot === nodes.start(leaf);
    nodes.close(leaf, 0, slot, count);
    this.addToSpans(root, from, -count);
    const left = nodes.count(leaf);
    if (left >= PLACES_MIN) {
      if (isFirst) this.tellFirst(root, from, 0);
      return;
    }
    if (this.word(root, ROOT_LEVELS) === 1) return;
    if (left === 0) {
      this.dropNode(root, from);
      return;
    }
    if (isFirst) this.tellFirst(root, from, 0);
    this.join(root, from, 0);
  }

  /** Takes out `count` entries from a rank on, and appends them to `out`. Returns how many, none if that is below 0. */
  private cut(root: number, rank: number, count: number, out: RefList): number {
    const { nodes } = this;
    for (let left = count; left > 0;) {
      this.descendToRank(root, rank, path);
      const leaf = path.nodes[0];
      const slot = path.slots[0];
      const here = Math.min(left, nodes.end(leaf) - slot);
      for (let i = 0; i < here; i++) out.push(nodes.entry(leaf, slot + i));
      this.removeAt(root, path, here);
      left -= here;
    }
    return Math.max(0, count);
  }

  /** Whether an entry may have another score where it is, which is where `endPath` leads. */
  private staysInOrder(score: number, ref: number): boolean {
    const { nodes } = this;
    const leaf = endPath.nodes[0];
    const slot = endPath.slots[0];
    const isFirst = slot === nodes.start(leaf);
    const isLast = slot === nodes.end(leaf) - 1;
    // A neighbour in another node is not looked at.
    if (isFirst ? nodes.backward(leaf) !== 0 : !this.isBelow(leaf, slot - 1, score, ref)) {
      return false;
    }
    return isLast ? nodes.forward(leaf) === 0 : !this.isBelow(leaf, slot + 1, score, ref);
  }

  /** Whether the entry at a place is below a score and the member of `ref`. */
  private isBelow(node: number, slot: number, score: number, ref: number): boolean {
    const own = this.nodes.score(node, slot);
    if (own !== score) return own < score;
    return compareMembers(this.arena, this.nodes.entry(node, slot), ref) < 0;
  }

  private addToSpans(root: number, to: SkiplistPath, count: number): void {
    for (let l = this.word(root, ROOT_LEVELS) - 1; l > 0; l--) {
      this.nodes.addToSpan(to.nodes[l], to.slots[l], count);
    }
    this.setWord(root, ROOT_LENGTH, this.length(root) + count);
  }

  /** What is first in the path's node on a level has changed: tells the place that has to know. */
  private tellFirst(root: number, at: SkiplistPath, level: number): void {
    const { nodes } = this;
    const node = at.nodes[level];
    const levels = this.word(root, ROOT_LEVELS);
    for (let l = level + 1; l < levels; l++) {
      if (at.slots[l] === 0) continue;
      const slot = nodes.start(node);
      nodes.setEntry(at.nodes[l], at.slots[l], nodes.score(node, slot), nodes.entry(node, slot));
      return;
    }
  }

  // Nodes come and go.

  /** Splits the nodes of `path` that are full, from level 0 on, so that it leads to room for one more entry. */
  private split(root: number): void {
    const { nodes } = this;
    const levels = this.word(root, ROOT_LEVELS);
    let full = 1;
    while (full < levels && nodes.count(path.nodes[full]) === NODE_PLACES) full++;
    this.takeSpares(full === levels ? full + 1 : full);
    const leaf = path.nodes[0];
    const slot = path.slots[0];
    // A list that grows at an end leaves full nodes behind.
    let places = NODE_PLACES / 2;
    if (slot === NODE_PLACES && nodes.forward(leaf) === 0) places = NODE_PLACES - 1;
    else if (slot === 0 && nodes.backward(leaf) === 0) places = 1;
    if (full === levels) this.addLevel(root);
    for (let l = full - 1; l >= 0; l--) this.splitNode(root, l, places);
  }

  /** Splits the path's node behind some places. The node above has room. */
  private splitNode(root: number, level: number, places: number): void {
    const { nodes } = this;
    const node = path.nodes[level];
    const added = spares[level];
    this.countNodes(root, level, 1);
    nodes.moveTo(node, level, places, added);
    const count = nodes.count(added);
    const span = level === 0 ? count : nodes.spanOf(added, 0, count);
    const above = path.nodes[level + 1];
    const slot = path.slots[level + 1] + 1;
    nodes.open(above, level + 1, slot);
    nodes.setEntry(above, slot, nodes.score(added, 0), nodes.entry(added, 0));
    nodes.setDown(above, slot, added, span);
    nodes.addToSpan(above, slot - 1, -span);
    if (level === 0) this.link(root, node, added);
    // An entry between the halves goes to the end of the first: the other begins as it is told above.
    const last = level === 0 ? places : places - 1;
    if (path.slots[level] > last) {
      path.nodes[level] = added;
      path.slots[level] -= places;
      path.slots[level + 1] = slot;
    }
  }

  /** A level with one place. */
  private addLevel(root: number): void {
    const levels = this.word(root, ROOT_LEVELS);
    assert(levels < LEVELS_MAX, "a list has no more than 16 levels");
    const top = spares[levels];
    this.countNodes(root, levels, 1);
    this.nodes.open(top, levels, 0);
    this.nodes.setDown(top, 0, this.word(root, ROOT_TOP), this.length(root));
    path.nodes[levels] = top;
    path.slots[levels] = 0;
    this.setWord(root, ROOT_TOP, top);
    this.setWord(root, ROOT_LEVELS, levels + 1);
  }

  /** Drops the path's node on level 0, which has no entries any more, and those above it that have no other place. */
  private dropNode(root: number, at: SkiplistPath): void {
    const { nodes } = this;
    this.unlink(root, at.nodes[0]);
    let level = 0;
    do {
      this.freeNode(root, at.nodes[level], level);
      level++;
      nodes.close(at.nodes[level], level, at.slots[level], 1);
    } while (nodes.count(at.nodes[level]) === 0);
    if (at.slots[level] === 0) this.tellFirst(root, at, level);
    this.join(root, at, level);
  }

  /** Joins the path's nodes that have few places with a neighbour each, from a level on. */
  private join(root: number, at: SkiplistPath, level: number): void {
    const { nodes } = this;
    for (const levels = this.word(root, ROOT_LEVELS); level + 1 < levels; level++) {
      const above = at.nodes[level + 1];
      const count = nodes.count(at.nodes[level]);
      if (count >= PLACES_MIN) return;
      const max = JOINED_MAX - count;
      const slot = at.slots[level + 1];
      const isLast = slot + 1 === nodes.count(above);
      if (!isLast && nodes.count(nodes.down(above, slot + 1)) <= max) {
        this.joinNext(root, above, slot, level);
      } else if (slot > 0 && nodes.count(nodes.down(above, slot - 1)) <= max) {
        this.joinNext(root, above, slot - 1, level);
      } else return;
    }
    this.dropLevels(root);
  }

  /** Appends the node under one place to that under the place before it. */
  private joinNext(root: number, above: number, slot: number, level: number): void {
    const { nodes } = this;
    const node = nodes.down(above, slot);
    const next = nodes.down(above, slot + 1);
    // The first place of a node has no score. Now it is one of the others.
    if (level > 0) {
      nodes.setEntry(next, 0, nodes.score(above, slot + 1), nodes.entry(above, slot + 1));
    }
    nodes.append(node, level, next);
    nodes.addToSpan(above, slot, nodes.span(above, slot + 1));
    nodes.close(above, level + 1, slot + 1, 1);
    if (level === 0) this.unlink(root, next);
    this.freeNode(root, next, level);
  }

  /** Drops the highest levels while they lead to one node only. */
  private dropLevels(root: number): void {
    const { nodes } = this;
    for (let levels = this.word(root, ROOT_LEVELS); levels > 1; levels--) {
      const top = this.word(root, ROOT_TOP);
      if (nodes.count(top) > 1) return;
      this.setWord(root, ROOT_TOP, nodes.down(top, 0));
      this.setWord(root, ROOT_LEVELS, levels - 1);
      this.freeNode(root, top, levels - 1);
    }
  }

  /** Makes a node for each of so many levels. Throws ArenaFull and makes none. */
  private takeSpares(levels: number): void {
    const { nodes } = this;
    let level = 0;
    try {
      for (; level < levels; level++) spares[level] = nodes.create(level);
    } catch (error) {
      while (level > 0) this.arena.free(spares[--level]);
      throw error;
    }
  }

  private freeNode(root: number, node: number, level: number): void {
    this.countNodes(root, level, -1);
    this.arena.free(node);
  }

  private countNodes(root: number, level: number, count: number): void {
    const index = level === 0 ? ROOT_LEAVES : ROOT_UPPERS;
    this.setWord(root, index, this.word(root, index) + count);
  }

  /** Puts a node of level 0 behind another one. */
  private link(root: number, before: number, node: number): void {
    const { nodes } = this;
    const after = nodes.forward(before);
    nodes.setBackward(node, before);
    nodes.setForward(node, after);
    nodes.setForward(before, node);
    if (after !== 0) nodes.setBackward(after, node);
    else this.setWord(root, ROOT_LAST, node);
  }

  /** Takes a node of level 0 out of the links. */
  private unlink(root: number, node: number): void {
    const { nodes } = this;
    const before = nodes.backward(node);
    const after = nodes.forward(node);
    if (before !== 0) nodes.setForward(before, after);
    else this.setWord(root, ROOT_FIRST, after);
    if (after !== 0) nodes.setBackward(after, before);
    else this.setWord(root, ROOT_LAST, before);
  }
}

/** Order of two entries by their members. */
function compareMembers(arena: Arena, a: number, b: number): number {
  const lenA = entryKeyLen(arena, a);
  const lenB = entryKeyLen(arena, b);
  return bytesCompare(arena.u8[a >>> 27], memberAt(a), lenA, arena.u8[b >>> 27], memberAt(b), lenB);
}
