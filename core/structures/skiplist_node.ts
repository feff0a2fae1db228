/**
 * SkiplistNode: a stretch of one level of a skiplist, up to 32 places side by side.
 *
 *     word 0   count       places in use
 *          1   start       slot of the first of them; 0 but on level 0
 *          2   forward     the next node, 0 in the last         on level 0
 *          3   backward    the node before, 0 in the first      on level 0
 *          4   scores      32 doubles
 *         68   entries     32 refs                              400 bytes so far
 *        100   downs       32 refs of nodes one level below     above level 0
 *        132   spans       32 numbers of entries below          656 bytes
 *
 * A place of level 0 is an entry: its score and its ref. A place above is a node of the level below: the score and
 * the ref of the first entry under it, the ref of the node, and how many entries are under it. The first place of a
 * node above level 0 has no valid score and entry: a descent that has come to the node knows that nothing before
 * it is wanted.
 *
 * On level 0 the places may begin anywhere, so what is taken off either end moves nothing, and what is put in the
 * middle moves the shorter half.
 *
 * Search: every eighth score, then one by one. That guesses wrong twice, where halving does so three or four
 * times, and the cache lines that it may need are all asked for at once. Scores that are equal are the one
 * case in which entries are looked at, for their members; those are halved, as each costs a cache miss.
 */
import { bytesCompare, type ReadonlyBytes } from "../base/bytes.ts";
import { type Arena, type ReadonlyWords, REF_OFFSET_MASK } from "../memory/arena.ts";
import { memberAt } from "./skiplist_entry.ts";

/** Places of a node. */
export const NODE_PLACES = 32;

// The layout, for skiplist_walk.ts too.
export const COUNT = 0;
export const START = 1;
const FORWARD = 2;
export const BACKWARD = 3;
/** In doubles; the others in words. */
const SCORES = 2;
export const ENTRIES: number = 4 + 2 * NODE_PLACES;
const DOWNS = ENTRIES + NODE_PLACES;
const SPANS = DOWNS + NODE_PLACES;
export const LEAF_BYTES: number = DOWNS * 4;
const UPPER_BYTES = (SPANS + NODE_PLACES) * 4;

/** Most levels of a list. */
export const LEVELS_MAX = 16;

const HEAD_BYTES = 16;
const STRIDE = 8;
const MEMBER_LEN = 1;
const NO_BYTES: ReadonlyBytes = new Uint8Array(0);

/** What a search is for: the first place that is not below it. */
export class SkiplistTarget {
  score = 0;
  /** Whether what equals the target is below it. */
  orEqual = false;
  /** Whether scores count, and whether members do: among equal scores, or alone. */
  hasScore = false;
  hasMember = false;
  member: ReadonlyBytes = NO_BYTES;
  off = 0;
  len = 0;
  /** The entry whose member it is, or 0. */
  entry = 0;

  setScore(score: number, orEqual: boolean): void {
    this.score = score;
    this.orEqual = orEqual;
    this.hasScore = true;
    this.hasMember = false;
  }

  setMember(member: ReadonlyBytes, off: number, len: number, orEqual: boolean): void {
    this.orEqual = orEqual;
    this.hasScore = false;
    this.hasMember = true;
    this.member = member;
    this.off = off;
    this.len = len;
    this.entry = 0;
  }

  /** The member of an entry, with a score. */
  setEntry(arena: Arena, score: number, ref: number, orEqual: boolean): void {
    const len = arena.i32[ref >>> 27][((ref & REF_OFFSET_MASK) << 1) + MEMBER_LEN];
    this.setMember(arena.u8[ref >>> 27], memberAt(ref), len, orEqual);
    this.score = score;
    this.hasScore = true;
    this.entry = ref;
  }
}

/** Where a descent left each level. */
export class SkiplistPath {
  readonly nodes = new Int32Array(LEVELS_MAX);
  readonly slots = new Int32Array(LEVELS_MAX);
}

/** The nodes of one arena. `level` says which of the two kinds a node is. */
export class SkiplistNodes {
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

  /** A node without places and links. Throws ArenaFull. */
  create(level: number): number {
    const node = this.arena.alloc(nodeBytes(level));
    this.arena.fill(node, 0, HEAD_BYTES, 0);
    return node;
  }

  word(node: number, index: number): number {
    return this.i32[node >>> 27][((node & REF_OFFSET_MASK) << 1) + index];
  }

  count(node: number): number {
    return this.word(node, COUNT);
  }

  /** Slot of the first place. */
  start(node: number): number {
    return this.word(node, START);
  }

  /** Slot behind the last place. */
  end(node: number): number {
    return this.word(node, START) + this.word(node, COUNT);
  }

  forward(node: number): number {
    return this.word(node, FORWARD);
  }

  backward(node: number): number {
    return this.word(node, BACKWARD);
  }

  score(node: number, slot: number): number {
    return this.f64[node >>> 27][(node & REF_OFFSET_MASK) + SCORES + slot];
  }

  entry(node: number, slot: number): number {
    return this.word(node, ENTRIES + slot);
  }

  down(node: number, slot: number): number {
    return this.word(node, DOWNS + slot);
  }

  span(node: number, slot: number): number {
    return this.word(node, SPANS + slot);
  }

  setForward(node: number, ref: number): void {
    this.arena.storeI32(node, FORWARD << 2, ref);
  }

  setBackward(node: number, ref: number): void {
    this.arena.storeI32(node, BACKWARD << 2, ref);
  }

  setEntry(node: number, slot: number, score: number, ref: number): void {
    this.setScore(node, slot, score);
    this.arena.storeI32(node, (ENTRIES + slot) << 2, ref);
  }

  setScore(node: number, slot: number, score: number): void {
    this.arena.storeF64(node, (SCORES + slot) << 3, score);
  }

  setDown(node: number, slot: number, below: number, span: number): void {
    this.arena.storeI32(node, (DOWNS + slot) << 2, below);
    this.arena.storeI32(node, (SPANS + slot) << 2, span);
  }

  addToSpan(node: number, slot: number, count: number): void {
    this.arena.storeI32(node, (SPANS + slot) << 2, this.span(node, slot) + count);
  }

  /** Entries under the places from one slot to before another. */
  spanOf(node: number, from: number, to: number): number {
    const words = this.i32[node >>> 27];
    const base = ((node & REF_OFFSET_MASK) << 1) + SPANS;
    let sum = 0;
    for (let slot = from; slot < to; slot++) sum += words[base + slot];
    return sum;
  }

  /**
   * Descends from a node to the node on level 0 that has the last entry below the target, or the very first entry.
   * Returns it.
   */
  descend(node: number, level: number, target: SkiplistTarget, out: SkiplistPath): number {
    const { i32 } = this;
    const { nodes, slots } = out;
    for (; level > 0; level--) {
      const words = i32[node >>> 27];
      const base = (node & REF_OFFSET_MASK) << 1;
      const slot = this.search(node, 1, words[base + COUNT], target) - 1;
      nodes[level] = node;
      slots[level] = slot;
      node = words[base + DOWNS + slot];
    }
    nodes[0] = node;
    return node;
  }

  /** Slot of an entry with a score in a node of level 0; -1 when it is not there. */
  slotOf(leaf: number, score: number, entry: number): number {
    const words = this.i32[leaf >>> 27];
    const base = (leaf & REF_OFFSET_MASK) << 1;
    const end = words[base + START] + words[base + COUNT];
    for (let slot = words[base + START]; slot < end; slot++) {
      // An entry whose score is being changed may be there twice.
      if (words[base + ENTRIES + slot] === entry && this.score(leaf, slot) === score) return slot;
    }
    return -1;
  }

  /** The first of the places from one slot to before another that is not below the target; `to` if all are. */
  search(node: number, from: number, to: number, target: SkiplistTarget): number {
    if (!target.hasScore) return this.searchMember(node, from, to, target);
    const { score } = target;
    const doubles = this.f64[node >>> 27];
    const base = (node & REF_OFFSET_MASK) + SCORES;
    while (from + STRIDE < to && doubles[base + from + STRIDE] < score) from += STRIDE;
    while (from < to && doubles[base + from] < score) from++;
    if (from === to || doubles[base + from] !== score) return from;
    if (!target.orEqual && !target.hasMember) return from;
    let end = from + 1;
    while (end + STRIDE < to && doubles[base + end + STRIDE] === score) end += STRIDE;
    while (end < to && doubles[base + end] === score) end++;
    return target.hasMember ? this.searchMember(node, from, end, target) : end;
  }

  private searchMember(node: number, from: number, to: number, target: SkiplistTarget): number {
    const { member, off, len } = target;
    const orderMax = target.orEqual ? 0 : -1;
    while (from < to) {
      const mid = (from + to) >>> 1;
      const entry = this.word(node, ENTRIES + mid);
      const order = entry === target.entry ? 0 : this.compare(entry, member, off, len);
      if (order <= orderMax) from = mid + 1;
      else to = mid;
    }
    return from;
  }

  private compare(entry: number, member: ReadonlyBytes, off: number, len: number): number {
    const entryLen = this.word(entry, MEMBER_LEN);
    return bytesCompare(this.u8[entry >>> 27], memberAt(entry), entryLen, member, off, len);
  }

  /** Makes room for a place before the one at `slot`, in a node that is not full. Returns its slot. */
  open(node: number, level: number, slot: number): number {
    const count = this.count(node);
    const start = this.start(node);
    const end = start + count;
    this.arena.storeI32(node, COUNT << 2, count + 1);
    if (end < NODE_PLACES && (start === 0 || slot - start > end - slot)) {
      this.shift(node, level, slot, end, 1);
      return slot;
    }
    this.shift(node, level, start, slot, -1);
    this.arena.storeI32(node, START << 2, start - 1);
    return slot - 1;
  }

  /** Takes places out, from `slot` on. */
  close(node: number, level: number, slot: number, places: number): void {
    const count = this.count(node) - places;
    const start = this.start(node);
    this.arena.storeI32(node, COUNT << 2, count);
    if (level === 0 && slot - start < start + count - slot) {
      this.shift(node, level, start, slot, places);
      this.arena.storeI32(node, START << 2, start + places);
    } else this.shift(node, level, slot + places, start + count + places, -places);
  }

  /** Moves the places from `slot` on to an empty node. */
  moveTo(node: number, level: number, slot: number, empty: number): void {
    const places = this.end(node) - slot;
    this.copyPlaces(empty, 0, node, level, slot, places);
    this.arena.storeI32(empty, COUNT << 2, places);
    this.arena.storeI32(node, COUNT << 2, this.count(node) - places);
  }

  /** Appends the places of the node behind it to a node; together they are no more than one has. */
  append(node: number, level: number, other: number): void {
    const count = this.count(node);
    const places = this.count(other);
    const start = this.start(node);
    if (start + count + places > NODE_PLACES) {
      this.shift(node, level, start, start + count, -start);
      this.arena.storeI32(node, START << 2, 0);
    }
    this.copyPlaces(node, this.end(node), other, level, this.start(other), places);
    this.arena.storeI32(node, COUNT << 2, count + places);
  }

  /** Moves the places from one slot to before another within their node. */
  private shift(node: number, level: number, from: number, to: number, by: number): void {
    const count = to - from;
    if (count === 0) return;
    const { arena } = this;
    arena.moveDoubles(node, (SCORES + from + by) << 3, (SCORES + from) << 3, count);
    arena.moveWords(node, (ENTRIES + from + by) << 2, (ENTRIES + from) << 2, count);
    if (level === 0) return;
    arena.moveWords(node, (DOWNS + from + by) << 2, (DOWNS + from) << 2, count);
    arena.moveWords(node, (SPANS + from + by) << 2, (SPANS + from) << 2, count);
  }

  private copyPlaces(
    to: number,
    slot: number,
    from: number,
    level: number,
    fromSlot: number,
    count: number,
  ): void {
    const { arena } = this;
    arena.copyBlock(to, (SCORES + slot) << 3, from, (SCORES + fromSlot) << 3, count << 3);
    const arrays = level === 0 ? DOWNS : SPANS + NODE_PLACES;
    for (let at = ENTRIES; at < arrays; at += NODE_PLACES) {
      arena.copyBlock(to, (at + slot) << 2, from, (at + fromSlot) << 2, count << 2);
    }
  }
}

/** Bytes of a node of a level. */
export function nodeBytes(level: number): number {
  return level === 0 ? LEAF_BYTES : UPPER_BYTES;
}
