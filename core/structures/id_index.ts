/**
 * IdIndex: records in the order of their 128-bit ids. The nodes of a stream lie in one, and so do the entries
 * that a consumer group or a consumer has pending.
 *
 * A B+-tree. Its nodes are blocks of 1 KiB:
 *
 *     word   0                       1      2      3 ..
 *          +-----------------------+------+------+--------+--------+-----+
 *          | level | first | count | prev | next | record | record | ... |
 *          +-----------------------+------+------+--------+--------+-----+
 *     leaf record     id (4 words, high before low), then the value: as many words as the owner wants
 *     inner record    id (4 words), ref of a node one level below
 *
 * Leaves (level 0) are linked both ways. Their records begin at place `first`, so that removing at
 * the front, which is what acknowledging and trimming do, moves nothing; inner nodes begin at 0.
 * The id of an inner record is at most the smallest below it and above all that lie before it; that
 * of the first record is never looked at and may be anything.
 *
 *     handle          root, number of records, last leaf: three words in a block of the owner, zeros at first
 *
 * Streams grow at their end and shrink at their beginning, and so do pending lists, most of the time. An id above
 * all others goes straight to the last leaf, and a full leaf at the end is left full: a tree that was filled in
 * order wastes nothing. Elsewhere a full node is split in halves. A removal merges a node that is less than a
 * quarter full with a neighbour under the same parent when both fit into three quarters of one. A root is
 * only as large as it needs to be, so that a tree of one record is a block of 32 bytes or so.
 *
 * Why not a radix tree, as in Redis: ids differ in their last bytes, so nearly every record would be a node
 * and a block of its own, 40 to 60 bytes of it; here a record is its 16 bytes and the value. Why not a skiplist:
 * the same, and no memory locality in a walk.
 *
 * Accessor: one object serves any number of trees with the same size of values; `at` binds it to a handle. It is
 * also a cursor: `find`, `insert` and the `seek...` functions leave it on a record, `next` and `previous` move
 * it, any change but to values makes it undefined.
 *
 * Ownership: the tree owns its nodes; what values refer to is the caller's.
 * Complexity: O(log n); three levels hold 77,000 pending entries, four 3.9 million. Limits: 2^31 - 1 records.
 */
import { assert } from "../base/assert.ts";
import type { StreamId } from "../base/stream_id.ts";
import type { Arena } from "../memory/arena.ts";
import {
  COUNT_MASK,
  FIRST_SHIFT,
  HEAD_BYTES,
  HEAD_WORDS,
  KEY_WORDS,
  keyAbove,
  keyBelow,
  LEVEL_SHIFT,
  NODE_BYTES,
  nodeBytes,
  recordsIn,
  wordOf,
} from "./id_index_node.ts";
import { shrinkBlock } from "./listpack.ts";

/** Bytes of a handle. */
export const ID_INDEX_HANDLE_BYTES = 12;

const INNER_STRIDE = KEY_WORDS + 1;
const INNER_MAX = recordsIn(NODE_BYTES, INNER_STRIDE);
/** What is added to a node's first word to remove its first record: one more before it, one less in it. */
const DROP_FIRST: number = (1 << FIRST_SHIFT) - 1;
/** More levels than 2^31 records can fill. */
const DEPTH_MAX = 16;

// Words of a handle.
const ROOT = 0;
const COUNT = 1;
const TAIL = 2;

// The way from the root to the leaf that `descend` found, without the leaf: nodes, and which record was taken.
// One tree is changed at a time, so all share it.
const pathNode = new Int32Array(DEPTH_MAX);
const pathAt = new Int32Array(DEPTH_MAX);
let depth = 0;
/** Blocks for the nodes that a split makes, the leaf first. */
const spares = new Int32Array(DEPTH_MAX);
/** The id that goes into the parent with a new node. */
const separator = new Int32Array(KEY_WORDS);

export class IdIndex {
  /** The cursor: a leaf and the place of a record in it. */
  leaf = 0;
  pos = 0;

  private readonly arena: Arena;
  private readonly stride: number;
  private readonly leafMax: number;
  private owner = 0;
  /** First word of the handle in the owner's block. */
  private handle = 0;

  /** An accessor for trees whose values have so many words. */
  constructor(arena: Arena, valueWords: number) {
    this.arena = arena;
    this.stride = KEY_WORDS + valueWords;
    this.leafMax = recordsIn(NODE_BYTES, this.stride);
  }

  /** Binds this object to the handle at `off`, a multiple of 4, of a block. */
  at(owner: number, off: number): this {
    this.owner = owner;
    this.handle = off >> 2;
    this.leaf = 0;
    return this;
  }

  /** Number of records. */
  get count(): number {
    return this.handleWord(COUNT);
  }

  // The record at the cursor.

  /** Reads its id. */
  idTo(out: StreamId): void {
    const words = this.arena.i32[this.leaf >>> 27];
    const at = wordOf(this.leaf) + HEAD_WORDS + this.pos * this.stride;
    out.set(words[at], words[at + 1], words[at + 2], words[at + 3]);
  }

  /** A word of its value. */
  value(index: number): number {
    const at = wordOf(this.leaf) + HEAD_WORDS + this.pos * this.stride + KEY_WORDS + index;
    return this.arena.i32[this.leaf >>> 27][at];
  }

  setValue(index: number, value: number): void {
    const at = HEAD_WORDS + this.pos * this.stride + KEY_WORDS + index;
    this.arena.storeI32(this.leaf, at << 2, value);
  }

  // Moving the cursor. All return whether it stands on a record.

  /** To the record with this id. */
  find(id: StreamId): boolean {
    return this.seekAtLeast(id) && this.isAt(id);
  }

  /** To the first record whose id is this one or greater. */
  seekAtLeast(id: StreamId): boolean {
    const leaf = this.descend(id);
    this.leaf = leaf;
    if (leaf === 0) return false;
    this.pos = this.lowerBound(leaf, id);
    if (this.pos < this.endOf(leaf)) return true;
    this.pos--;
    return this.next();
  }

  /** To the last record whose id is this one or smaller. */
  seekAtMost(id: StreamId): boolean {
    const leaf = this.descend(id);
    this.leaf = leaf;
    if (leaf === 0) return false;
    this.pos = this.lowerBound(leaf, id);
    return this.pos < this.endOf(leaf) && this.isAt(id) || this.previous();
  }

  seekFirst(): boolean {
    const leaf = this.firstLeaf();
    this.leaf = leaf;
    if (leaf === 0) return false;
    this.pos = this.firstOf(leaf);
    return true;
  }

  seekLast(): boolean {
    const leaf = this.handleWord(TAIL);
    this.leaf = leaf;
    if (leaf === 0) return false;
    this.pos = this.endOf(leaf) - 1;
    return true;
  }

  next(): boolean {
    if (++this.pos < this.endOf(this.leaf)) return true;
    const leaf = this.nodeWord(this.leaf, 2);
    this.leaf = leaf;
    if (leaf === 0) return false;
    this.pos = this.firstOf(leaf);
    return true;
  }

  previous(): boolean {
    if (--this.pos >= this.firstOf(this.leaf)) return true;
    const leaf = this.nodeWord(this.leaf, 1);
    this.leaf = leaf;
    if (leaf === 0) return false;
    this.pos = this.endOf(leaf) - 1;
    return true;
  }

  // Changes.

  /**
   * Adds a record and stands on it; its value is undefined. False when the id is there: then the cursor stands
   * on that record. Throws ArenaFull before anything changed.
   */
  insert(id: StreamId): boolean {
    const tail = this.handleWord(TAIL);
    if (tail === 0) {
      this.startWith(id);
      return true;
    }
    let leaf = tail;
    let pos = this.endOf(leaf);
    if (!this.isBelow(leaf, pos - 1, id)) {
      leaf = this.descend(id);
      pos = this.lowerBound(leaf, id);
      this.leaf = leaf;
      this.pos = pos;
      if (pos < this.endOf(leaf) && this.isAt(id)) return false;
    } else if (this.countOf(leaf) === this.leafMax) this.descend(id);
    const first = this.firstOf(leaf);
    if (this.countOf(leaf) === this.leafMax) {
      this.splitLeaf(leaf, pos, id);
      leaf = this.leaf;
      pos = this.pos;
    } else if (first > 0) {
      if (this.endOf(leaf) === recordsIn(this.arena.usable(leaf), this.stride)) {
        this.moveToFront(leaf);
        pos -= first;
      }
    } else if (leaf === this.handleWord(ROOT)) leaf = this.growRoot(leaf, this.stride);
    this.openGap(leaf, pos, this.stride);
    this.storeKey(leaf, pos, this.stride, id.msHi, id.msLo, id.seqHi, id.seqLo);
    this.setHandleWord(COUNT, this.handleWord(COUNT) + 1);
    this.leaf = leaf;
    this.pos = pos;
    return true;
  }

  /** Removes the record that `find` found. */
  removeFound(): void {
    const { leaf } = this;
    this.removeAt(leaf, this.pos);
    this.setHandleWord(COUNT, this.handleWord(COUNT) - 1);
    const count = this.countOf(leaf);
    if (count === 0) this.dropLeaf(leaf);
    else if (depth === 0) this.shrinkRoot(leaf, count);
    else if (count < this.leafMax >> 2) this.mergeLeaf(leaf);
  }

  /** Removes the record with this id. False when there is none. */
  remove(id: StreamId): boolean {
    if (!this.find(id)) return false;
    this.removeFound();
    return true;
  }

  /** Removes the first leaf with all its records; there is one. */
  dropFirstLeaf(): void {
    const leaf = this.firstLeaf();
    this.setHandleWord(COUNT, this.handleWord(COUNT) - this.countOf(leaf));
    this.dropLeaf(leaf);
  }

  /** Number of records in the first leaf. */
  get firstLeafCount(): number {
    const leaf = this.firstLeaf();
    return leaf === 0 ? 0 : this.countOf(leaf);
  }

  /** Removes all records and frees all nodes. */
  clear(): void {
    while (this.handleWord(ROOT) !== 0) this.dropFirstLeaf();
  }

  /** Bytes of all nodes. */
  bytes(): number {
    const root = this.handleWord(ROOT);
    return root === 0 ? 0 : this.arena.usable(root) + this.bytesBelow(root);
  }

  /** Throws unless everything is in order. */
  validateIntegrity(): void {
    const root = this.handleWord(ROOT);
    let last = 0;
    let count = 0;
    for (let leaf = this.firstLeaf(); leaf !== 0; leaf = this.nodeWord(leaf, 2)) {
      assert(this.nodeWord(leaf, 1) === last, "leaves are linked both ways");
      assert(this.countOf(leaf) > 0, "no leaf is empty");
      count += this.countOf(leaf);
      last = leaf;
    }
    assert(this.handleWord(TAIL) === last, "the last leaf is known");
    assert(count === this.count, "the records are counted");
    if (root === 0) return;
    assert(this.levelOf(root) === 0 || this.countOf(root) > 1, "a root has two children");
    const walked = this.validateNode(root, null, null);
    assert(walked === count, "all leaves hang in the tree");
  }

  // Words.

  private handleWord(index: number): number {
    return this.arena.i32[this.owner >>> 27][wordOf(this.owner) + this.handle + index];
  }

  private setHandleWord(index: number, value: number): void {
    this.arena.storeI32(this.owner, (this.handle + index) << 2, value);
  }

  private nodeWord(node: number, index: number): number {
    return this.arena.i32[node >>> 27][wordOf(node) + index];
  }

  private countOf(node: number): number {
    return this.nodeWord(node, 0) & COUNT_MASK;
  }

  /** Place of the first record, and the one behind the last. */
  private firstOf(node: number): number {
    return this.nodeWord(node, 0) >>> FIRST_SHIFT & COUNT_MASK;
  }

  private endOf(node: number): number {
    const head = this.nodeWord(node, 0);
    return (head >>> FIRST_SHIFT & COUNT_MASK) + (head & COUNT_MASK);
  }

  private levelOf(node: number): number {
    return this.nodeWord(node, 0) >>> LEVEL_SHIFT;
  }

  private childAt(node: number, pos: number): number {
    return this.nodeWord(node, HEAD_WORDS + pos * INNER_STRIDE + KEY_WORDS);
  }

  private setHead(node: number, level: number, count: number): void {
    this.arena.storeI32(node, 0, level << LEVEL_SHIFT | count);
  }

  private storeKey(
    node: number,
    pos: number,
    stride: number,
    a: number,
    b: number,
    c: number,
    d: number,
  ): void {
    const { arena } = this;
    const off = HEAD_BYTES + pos * stride * 4;
    arena.storeI32(node, off, a);
    arena.storeI32(node, off + 4, b);
    arena.storeI32(node, off + 8, c);
    arena.storeI32(node, off + 12, d);
  }

  // Searching.

  /** Whether the id at the cursor is this one. */
  private isAt(id: StreamId): boolean {
    const words = this.arena.i32[this.leaf >>> 27];
    const at = wordOf(this.leaf) + HEAD_WORDS + this.pos * this.stride;
    return words[at + 3] === id.seqLo && words[at + 1] === id.msLo &&
      words[at] === id.msHi && words[at + 2] === id.seqHi;
  }

  /** Whether the id of a leaf's record is smaller than this one. */
  private isBelow(leaf: number, pos: number, id: StreamId): boolean {
    const at = wordOf(leaf) + HEAD_WORDS + pos * this.stride;
    return keyBelow(this.arena.i32[leaf >>> 27], at, id.msHi, id.msLo, id.seqHi, id.seqLo);
  }

  /** The place of the first record in a leaf whose id isn't smaller than this one. */
  private lowerBound(leaf: number, id: StreamId): number {
    const words = this.arena.i32[leaf >>> 27];
    const base = wordOf(leaf) + HEAD_WORDS;
    const { msHi, msLo, seqHi, seqLo } = id;
    const { stride } = this;
    let low = this.firstOf(leaf);
    let high = this.endOf(leaf);
    if (!keyBelow(words, base + low * stride, msHi, msLo, seqHi, seqLo)) return low;
    low++;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (keyBelow(words, base + middle * stride, msHi, msLo, seqHi, seqLo)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The leaf where an id is or would be, 0 in an empty tree. Leaves the way to it in the path. */
  private descend(id: StreamId): number {
    const { i32 } = this.arena;
    const { msHi, msLo, seqHi, seqLo } = id;
    let node = this.handleWord(ROOT);
    depth = 0;
    if (node === 0) return 0;
    for (;;) {
      const words = i32[node >>> 27];
      const at = wordOf(node);
      const head = words[at];
      if (head >>> LEVEL_SHIFT === 0) return node;
      // The last record whose id is not above this one. Often it is the first: the oldest goes first.
      const base = at + HEAD_WORDS;
      let low = 1;
      let high = head & COUNT_MASK;
      if (keyAbove(words, base + INNER_STRIDE, msHi, msLo, seqHi, seqLo)) high = 1;
      while (low < high) {
        const middle = (low + high) >>> 1;
        const key = base + middle * INNER_STRIDE;
        if (keyAbove(words, key, msHi, msLo, seqHi, seqLo)) high = middle;
        else low = middle + 1;
      }
      pathNode[depth] = node;
      pathAt[depth++] = low - 1;
      node = words[base + (low - 1) * INNER_STRIDE + KEY_WORDS];
    }
  }

  /** The first leaf, 0 in an empty tree. Leaves the way to it in the path. */
  private firstLeaf(): number {
    let node = this.handleWord(ROOT);
    depth = 0;
    while (node !== 0 && this.levelOf(node) > 0) {
      pathNode[depth] = node;
      pathAt[depth++] = 0;
      node = this.childAt(node, 0);
    }
    return node;
  }

  // Growing.

  /** Makes a tree of one record. */
  private startWith(id: StreamId): void {
    const leaf = this.arena.alloc(nodeBytes(1, this.stride));
    this.setHead(leaf, 0, 1);
    this.setLinks(leaf, 0, 0);
    this.storeKey(leaf, 0, this.stride, id.msHi, id.msLo, id.seqHi, id.seqLo);
    this.setHandleWord(ROOT, leaf);
    this.setHandleWord(TAIL, leaf);
    this.setHandleWord(COUNT, 1);
    this.leaf = leaf;
    this.pos = 0;
  }

  private setLinks(leaf: number, previous: number, next: number): void {
    this.arena.storeI32(leaf, 4, previous);
    this.arena.storeI32(leaf, 8, next);
  }

  /** Makes room for one more record in the root, which is below its limit. Returns its ref. */
  private growRoot(root: number, stride: number): number {
    const count = this.countOf(root);
    const { arena } = this;
    if (count < recordsIn(arena.usable(root), stride)) return root;
    const room = Math.min(count + 1 + (count >> 1), recordsIn(NODE_BYTES, stride));
    const grown = arena.realloc(root, nodeBytes(room, stride));
    this.setHandleWord(ROOT, grown);
    if (this.levelOf(grown) === 0) this.setHandleWord(TAIL, grown);
    else pathNode[0] = grown;
    return grown;
  }

  /** Moves the records from `pos` on to make room for one more, which then counts. */
  private openGap(node: number, pos: number, stride: number): void {
    const rest = this.endOf(node) - pos;
    const off = HEAD_BYTES + pos * stride * 4;
    if (rest > 0) this.arena.move(node, off + stride * 4, off, rest * stride * 4);
    this.arena.storeI32(node, 0, this.nodeWord(node, 0) + 1);
  }

  /** Moves the records of a leaf to place 0. */
  private moveToFront(leaf: number): void {
    const first = this.firstOf(leaf);
    const count = this.countOf(leaf);
    const bytes = this.stride * 4;
    if (first > 0) this.arena.move(leaf, HEAD_BYTES, HEAD_BYTES + first * bytes, count * bytes);
    this.setHead(leaf, 0, count);
  }

  /**
   * Splits the full leaf at the end of the path so that there is room for `id`, which belongs before record
   * `pos`, and puts the cursor where it goes. Throws ArenaFull before anything changed.
   */
  private splitLeaf(leaf: number, pos: number, id: StreamId): void {
    this.takeSpares();
    const { arena, stride } = this;
    const right = spares[0];
    const next = this.nodeWord(leaf, 2);
    const count = this.leafMax;
    const isAppend = pos === count && next === 0;
    const kept = isAppend ? count : count >> 1;
    arena.copyBlock(
      right,
      HEAD_BYTES,
      leaf,
      HEAD_BYTES + kept * stride * 4,
      (count - kept) * stride * 4,
    );
    this.setHead(leaf, 0, kept);
    this.setHead(right, 0, count - kept);
    this.setLinks(right, leaf, next);
    arena.storeI32(leaf, 8, right);
    if (next === 0) this.setHandleWord(TAIL, right);
    else arena.storeI32(next, 4, right);
    if (isAppend) setSeparator(id.msHi, id.msLo, id.seqHi, id.seqLo);
    else this.separateAt(right, 0, stride);
    // Between the halves, the new record goes to the left, whose ids the separator is above.
    this.leaf = pos <= kept && !isAppend ? leaf : right;
    this.pos = this.leaf === leaf ? pos : pos - kept;
    this.addToParents(leaf, right);
  }

  private separateAt(node: number, pos: number, stride: number): void {
    const at = HEAD_WORDS + pos * stride;
    for (let i = 0; i < KEY_WORDS; i++) separator[i] = this.nodeWord(node, at + i);
  }

  /** Allocates what splitting the leaf at the end of the path takes: a leaf, inner nodes, perhaps a root. */
  private takeSpares(): void {
    const { arena } = this;
    let taken = 0;
    try {
      spares[0] = arena.alloc(nodeBytes(this.leafMax, this.stride));
      taken = 1;
      let d = depth - 1;
      for (; d >= 0 && this.countOf(pathNode[d]) === INNER_MAX; d--) {
        spares[taken] = arena.alloc(nodeBytes(INNER_MAX, INNER_STRIDE));
        taken++;
      }
      if (d < 0) spares[taken] = arena.alloc(nodeBytes(2, INNER_STRIDE));
      else if (d === 0) this.growRoot(pathNode[0], INNER_STRIDE);
    } catch (error) {
      for (let i = 0; i < taken; i++) arena.free(spares[i]);
      throw error;
    }
  }

  /** Makes `right`, whose ids begin at the separator, known beside `left`, the node at the end of the path. */
  private addToParents(left: number, right: number): void {
    let spare = 1;
    for (let d = depth - 1; d >= 0; d--) {
      let node = pathNode[d];
      let pos = pathAt[d] + 1;
      const count = this.countOf(node);
      if (count < INNER_MAX) {
        this.addChild(node, pos, right);
        return;
      }
      const half = spares[spare++];
      const kept = pos === count ? count : count >> 1;
      const key0 = separator[0];
      const key1 = separator[1];
      const key2 = separator[2];
      const key3 = separator[3];
      this.arena.copyBlock(
        half,
        HEAD_BYTES,
        node,
        HEAD_BYTES + kept * INNER_STRIDE * 4,
        (count - kept) * INNER_STRIDE * 4,
      );
      this.setHead(node, this.levelOf(node), kept);
      this.setHead(half, this.levelOf(node), count - kept);
      this.setLinks(half, 0, 0);
      left = node;
      if (pos > kept || kept === count) {
        node = half;
        pos -= kept;
      }
      this.addChild(node, pos, right);
      if (kept < count) this.separateAt(half, 0, INNER_STRIDE);
      else setSeparator(key0, key1, key2, key3);
      right = half;
    }
    this.addRoot(spares[spare], left, right);
  }

  private addChild(node: number, pos: number, child: number): void {
    this.openGap(node, pos, INNER_STRIDE);
    this.storeChild(node, pos, child);
  }

  private storeChild(node: number, pos: number, child: number): void {
    const off = HEAD_BYTES + pos * INNER_STRIDE * 4 + KEY_WORDS * 4;
    this.storeKey(
      node,
      pos,
      INNER_STRIDE,
      separator[0],
      separator[1],
      separator[2],
      separator[3],
    );
    this.arena.storeI32(node, off, child);
  }

  private addRoot(root: number, left: number, right: number): void {
    this.setHead(root, this.levelOf(left) + 1, 2);
    this.setLinks(root, 0, 0);
    this.storeChild(root, 0, left);
    this.storeChild(root, 1, right);
    this.setHandleWord(ROOT, root);
  }

  // Shrinking. Nothing here takes memory that it can't do without.

  /** Takes a record out of a leaf, moving those before it or those behind it, whichever are fewer. */
  private removeAt(leaf: number, pos: number): void {
    const first = this.firstOf(leaf);
    const before = pos - first;
    if (before >= this.endOf(leaf) - pos) {
      this.closeGap(leaf, pos, this.stride);
      return;
    }
    const bytes = this.stride * 4;
    const off = HEAD_BYTES + first * bytes;
    if (before > 0) this.arena.move(leaf, off + bytes, off, before * bytes);
    this.arena.storeI32(leaf, 0, this.nodeWord(leaf, 0) + DROP_FIRST);
  }

  private closeGap(node: number, pos: number, stride: number): void {
    const rest = this.endOf(node) - pos - 1;
    const off = HEAD_BYTES + pos * stride * 4;
    if (rest > 0) this.arena.move(node, off, off + stride * 4, rest * stride * 4);
    this.arena.storeI32(node, 0, this.nodeWord(node, 0) - 1);
  }

  /** Gives back the larger part of a root leaf that is hardly used. */
  private shrinkRoot(leaf: number, count: number): void {
    if (count * 4 > recordsIn(this.arena.usable(leaf), this.stride)) return;
    this.moveToFront(leaf);
    const shrunk = shrinkBlock(this.arena, leaf, nodeBytes(count * 2, this.stride), 0);
    this.setHandleWord(ROOT, shrunk);
    this.setHandleWord(TAIL, shrunk);
  }

  /** Frees the leaf at the end of the path. */
  private dropLeaf(leaf: number): void {
    const previous = this.nodeWord(leaf, 1);
    const next = this.nodeWord(leaf, 2);
    if (previous !== 0) this.arena.storeI32(previous, 8, next);
    if (next !== 0) this.arena.storeI32(next, 4, previous);
    else this.setHandleWord(TAIL, previous);
    this.arena.free(leaf);
    this.dropChild(depth - 1);
  }

  /** Takes the record that the path took out of its node at depth `d`; the child is gone. */
  private dropChild(d: number): void {
    for (; d >= 0; d--) {
      const node = pathNode[d];
      this.closeGap(node, pathAt[d], INNER_STRIDE);
      const count = this.countOf(node);
      if (count > 0) {
        if (d === 0) this.lowerRoot();
        else if (count < INNER_MAX >> 2) this.mergeInner(d);
        return;
      }
      this.arena.free(node);
    }
    this.setHandleWord(ROOT, 0);
  }

  /** While the root has a single child, that becomes the root. */
  private lowerRoot(): void {
    let root = this.handleWord(ROOT);
    while (this.levelOf(root) > 0 && this.countOf(root) === 1) {
      const child = this.childAt(root, 0);
      this.arena.free(root);
      root = child;
    }
    this.setHandleWord(ROOT, root);
  }

  /** Merges the leaf at the end of the path with a neighbour, where they fit. */
  private mergeLeaf(leaf: number): void {
    const parent = pathNode[depth - 1];
    const pos = this.neighbour(parent, pathAt[depth - 1], leaf, (this.leafMax * 3) >> 2);
    if (pos < 0) return;
    const left = this.childAt(parent, pos - 1);
    const right = this.childAt(parent, pos);
    this.appendRecords(left, right, this.stride);
    pathAt[depth - 1] = pos;
    this.dropLeaf(right);
  }

  /** The same for the inner node at depth `d` of the path. */
  private mergeInner(d: number): void {
    const parent = pathNode[d - 1];
    const pos = this.neighbour(parent, pathAt[d - 1], pathNode[d], (INNER_MAX * 3) >> 2);
    if (pos < 0) return;
    const left = this.childAt(parent, pos - 1);
    const right = this.childAt(parent, pos);
    // The first record's id was never looked at; from now on it will be, and the parent knows it.
    this.separateAt(parent, pos, INNER_STRIDE);
    this.storeKey(
      right,
      0,
      INNER_STRIDE,
      separator[0],
      separator[1],
      separator[2],
      separator[3],
    );
    this.appendRecords(left, right, INNER_STRIDE);
    this.arena.free(right);
    pathAt[d - 1] = pos;
    this.dropChild(d - 1);
  }

  /** Number of the right one of two children that can be merged, one of them `node` at `pos`; or -1. */
  private neighbour(parent: number, pos: number, node: number, max: number): number {
    const count = this.countOf(node);
    if (pos + 1 < this.countOf(parent)) {
      if (count + this.countOf(this.childAt(parent, pos + 1)) <= max) return pos + 1;
    }
    return pos > 0 && count + this.countOf(this.childAt(parent, pos - 1)) <= max ? pos : -1;
  }

  private appendRecords(left: number, right: number, stride: number): void {
    if (this.firstOf(left) > 0) this.moveToFront(left);
    const count = this.countOf(left);
    const more = this.countOf(right);
    const off = HEAD_BYTES + count * stride * 4;
    const from = HEAD_BYTES + this.firstOf(right) * stride * 4;
    this.arena.copyBlock(left, off, right, from, more * stride * 4);
    this.setHead(left, this.levelOf(left), count + more);
  }

  // The whole.

  /** Bytes of all nodes below this one. Leaves are of one size unless one is the root. */
  private bytesBelow(node: number): number {
    const level = this.levelOf(node);
    const count = this.countOf(node);
    if (level === 0) return 0;
    if (level === 1) return count * this.arena.usable(this.childAt(node, 0));
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const child = this.childAt(node, i);
      sum += this.arena.usable(child) + this.bytesBelow(child);
    }
    return sum;
  }

  /** Checks a node against the ids it must lie between, `from` included. Returns its number of records. */
  private validateNode(node: number, from: Int32Array | null, to: Int32Array | null): number {
    const level = this.levelOf(node);
    const stride = level === 0 ? this.stride : INNER_STRIDE;
    const count = this.countOf(node);
    const start = this.firstOf(node);
    const places = recordsIn(this.arena.usable(node), stride);
    assert(start + count <= places, "the records lie in the block");
    assert(count > 0, "no node is empty");
    assert(level === 0 || start === 0, "the children are at the front");
    let sum = 0;
    let last = from;
    for (let i = 0; i < count; i++) {
      const key = this.keyAt(node, start + i, stride);
      if (level === 0 || i > 0) {
        const order = last === null ? 1 : compareKeys(key, last);
        assert(order > 0 || order === 0 && i === 0, "ids ascend");
        assert(to === null || compareKeys(key, to) < 0, "ids are below the next separator");
      }
      if (level === 0) {
        last = key;
        continue;
      }
      const child = this.childAt(node, i);
      assert(this.levelOf(child) === level - 1, "children lie one level below");
      const first = i === 0 ? from : key;
      const end = i + 1 < count ? this.keyAt(node, i + 1, stride) : to;
      sum += this.validateNode(child, first, end);
      last = first;
    }
    return level === 0 ? count : sum;
  }

  private keyAt(node: number, pos: number, stride: number): Int32Array {
    const key = new Int32Array(KEY_WORDS);
    for (let i = 0; i < KEY_WORDS; i++) key[i] = this.nodeWord(node, HEAD_WORDS + pos * stride + i);
    return key;
  }
}

function setSeparator(a: number, b: number, c: number, d: number): void {
  separator[0] = a;
  separator[1] = b;
  separator[2] = c;
  separator[3] = d;
}

function compareKeys(a: Int32Array, b: Int32Array): number {
  for (let i = 0; i < KEY_WORDS; i++) {
    if (a[i] !== b[i]) return a[i] >>> 0 < b[i] >>> 0 ? -1 : 1;
  }
  return 0;
}
