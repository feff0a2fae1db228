/**
 * The chain of a quicklist's nodes: its root, where it breaks into nodes, and the changes that concern more
 * than one of them. quicklist.ts has the design and the interface; this is for it alone.
 */
import type { ReadonlyBytes } from "../base/bytes.ts";
import { type Arena, ARENA_FULL, REF_OFFSET_MASK } from "../memory/arena.ts";
import { LP_EMPTY_BYTES } from "./listpack.ts";
import { encodeText, storeEncoded } from "./listpack_entry.ts";
import {
  forgetIndex,
  INDEX_NODES_MIN,
  indexedNode,
  indexedRoot,
  isIndexed,
  notePassed,
} from "./quicklist_index.ts";
import {
  allocPackedNode,
  allocPart,
  allocPlainNode,
  compressNode,
  entryOffset,
  fitNode,
  freeNode,
  isPlain,
  joinEntries,
  joinLinks,
  keepPart,
  nodeBytes,
  nodeCount,
  nodeData,
  nodeLen,
  nodeNext,
  nodePrev,
  nodeStart,
  openNode,
  resizeEntry,
  setNodeCount,
  skipNodes,
  skipped,
  tryOpenNode,
} from "./quicklist_node.ts";

const ROOT_BYTES = 24;
// Words of the root.
export const ROOT_HEAD = 0;
export const ROOT_TAIL = 1;
export const ROOT_COUNT = 2;
export const ROOT_NODES = 3;
export const ROOT_FILL = 4;
const DEPTH = 5;

const FILL_MAX = 32767;
const FILL_MIN = -5;
const DEPTH_MAX = 65535;
/** Sizes of nodes by negative fill. */
const SIZE_LIMITS = [4096, 8192, 16384, 32768, 65536];
/** Size of a node whose elements are counted. */
const COUNTED_SIZE_MAX = 8192;
/** What an element is reckoned to take besides its bytes, when a node's size is foreseen. */
export const OVERHEAD_BYTES = 8;
/** First block of a node that is being filled. */
const CAPACITY_MIN = 1024;
/** From so many nodes on one more at an end is made as long as its neighbour, and needn't grow. */
const NODES_MANY = 4;
/** One part in so many of a block may stay unused: in nodes that are full, and in those that lose elements. */
const FIT_DONE = 16;
export const FIT_LAZY = 4;

/** Elements of this size are plain when it isn't 0, whatever the fill: for tests by DEBUG. */
let packedThreshold = 0;

/** Where `locate` found an element. */
export const located = { node: 0, index: 0 };

// Limits.

/** Bytes that a node may have under this fill; Infinity when its elements are counted. */
export function qlSizeLimit(fill: number): number {
  return fill < 0 ? SIZE_LIMITS[fill < FILL_MIN ? 4 : -fill - 1] : Infinity;
}

/** Elements that a node may have under this fill; Infinity when its bytes are counted. */
export function qlCountLimit(fill: number): number {
  return fill < 0 ? Infinity : fill === 0 ? 1 : fill;
}

/** Whether a listpack of so many bytes and elements is more than one node may be. */
export function qlExceedsLimit(fill: number, bytes: number, count: number): boolean {
  if (fill < 0) return bytes > qlSizeLimit(fill);
  return bytes > COUNTED_SIZE_MAX || count > qlCountLimit(fill);
}

/** Makes elements of `bytes` and more plain, whatever the fill; 0 ends that. */
export function qlSetPackedThreshold(bytes: number): void {
  packedThreshold = bytes;
}

export function isLarge(len: number, fill: number): boolean {
  if (packedThreshold !== 0) return len >= packedThreshold;
  return len > (fill < 0 ? qlSizeLimit(fill) : COUNTED_SIZE_MAX);
}

/** Whether an element of `len` bytes may be added to the node, which may be 0. */
export function allowsInsert(arena: Arena, node: number, fill: number, len: number): boolean {
  if (node === 0 || isPlain(arena, node) || isLarge(len, fill)) return false;
  const bytes = nodeBytes(arena, node) + len + OVERHEAD_BYTES;
  return !qlExceedsLimit(fill, bytes, nodeCount(arena, node) + 1);
}

// The root.

/** An empty root. Throws ArenaFull. */
export function allocRoot(arena: Arena, fill: number, depth: number): number {
  const root = arena.alloc(ROOT_BYTES);
  arena.fill(root, 0, ROOT_BYTES, 0);
  setRootWord(arena, root, ROOT_FILL, Math.min(FILL_MAX, Math.max(FILL_MIN, fill)));
  setRootWord(arena, root, DEPTH, Math.min(DEPTH_MAX, Math.max(0, depth)));
  return root;
}

/** Number of elements. */
export function qlCount(arena: Arena, root: number): number {
  return rootWord(arena, root, ROOT_COUNT);
}

/** Number of nodes. */
export function qlNodes(arena: Arena, root: number): number {
  return rootWord(arena, root, ROOT_NODES);
}

export function qlFill(arena: Arena, root: number): number {
  return rootWord(arena, root, ROOT_FILL);
}

export function qlDepth(arena: Arena, root: number): number {
  return rootWord(arena, root, DEPTH);
}

/** The first node, 0 when there is none; quicklist_node.ts says what is in it. */
export function qlHead(arena: Arena, root: number): number {
  return rootWord(arena, root, ROOT_HEAD);
}

/** The last node. */
export function qlTail(arena: Arena, root: number): number {
  return rootWord(arena, root, ROOT_TAIL);
}

function rootWord(arena: Arena, root: number, index: number): number {
  return arena.i32[root >>> 27][((root & REF_OFFSET_MASK) << 1) + index];
}

function setRootWord(arena: Arena, root: number, index: number, value: number): void {
  arena.storeI32(root, index << 2, value);
}

export function addToCount(arena: Arena, root: number, add: number): void {
  if (root === indexedRoot) forgetIndex();
  setRootWord(arena, root, ROOT_COUNT, qlCount(arena, root) + add);
}

/** Links a node beside another one, which is 0 when the list is empty. The count stays. */
export function link(arena: Arena, root: number, old: number, node: number, after: boolean): void {
  if (root === indexedRoot) forgetIndex();
  const before = after || old === 0 ? old : nodePrev(arena, old);
  const behind = !after || old === 0 ? old : nodeNext(arena, old);
  joinLinks(arena, before, node);
  joinLinks(arena, node, behind);
  if (before === 0) setRootWord(arena, root, ROOT_HEAD, node);
  if (behind === 0) setRootWord(arena, root, ROOT_TAIL, node);
  setRootWord(arena, root, ROOT_NODES, qlNodes(arena, root) + 1);
}

/** Takes a node with its elements out of the list and frees it. */
export function unlink(arena: Arena, root: number, node: number): void {
  const before = nodePrev(arena, node);
  const behind = nodeNext(arena, node);
  joinLinks(arena, before, behind);
  if (before === 0) setRootWord(arena, root, ROOT_HEAD, behind);
  if (behind === 0) setRootWord(arena, root, ROOT_TAIL, before);
  setRootWord(arena, root, ROOT_NODES, qlNodes(arena, root) - 1);
  addToCount(arena, root, -nodeCount(arena, node));
  freeNode(arena, node);
}

/** Adds a node with new elements. The old one is done growing on that side. */
export function insertNode(
  arena: Arena,
  root: number,
  old: number,
  node: number,
  after: boolean,
): void {
  link(arena, root, old, node, after);
  addToCount(arena, root, nodeCount(arena, node));
  if (old !== 0) {
    fitNode(arena, old, FIT_DONE);
    settle(arena, root, old);
  }
  settle(arena, root, node);
}

/**
 * Sees to it that `depth` nodes at both ends are open, and that the two beyond them and `node` are compressed
 * (0: no other).
 */
export function settle(arena: Arena, root: number, node: number): void {
  const depth = qlDepth(arena, root);
  if (depth === 0 || qlNodes(arena, root) === 0) return;
  let front = qlHead(arena, root);
  let back = qlTail(arena, root);
  let isOuter = node === 0;
  for (let i = 0; i < depth; i++) {
    tryOpenNode(arena, front);
    tryOpenNode(arena, back);
    if (front === node || back === node) isOuter = true;
    if (front === back || nodeNext(arena, front) === back) return;
    front = nodeNext(arena, front);
    back = nodePrev(arena, back);
  }
  if (!isOuter) compressNode(arena, node);
  compressNode(arena, front);
  compressNode(arena, back);
}

/** Sets `located` for an element that is there: from the nearer end, or by the index where that is far away. */
export function locate(arena: Arena, root: number, index: number): void {
  const total = qlCount(arena, root);
  const fromHead = index < total / 2;
  const skip = fromHead ? index : total - 1 - index;
  const nodes = qlNodes(arena, root);
  if (nodes >= INDEX_NODES_MIN && skip * INDEX_NODES_MIN > total) {
    if (isIndexed(arena, root)) {
      located.node = indexedNode(arena, index);
      located.index = skipped.left;
      return;
    }
    notePassed(arena, root, qlHead(arena, root), Math.ceil(skip / total * nodes), nodes);
  }
  const node = skipNodes(
    arena,
    fromHead ? qlHead(arena, root) : qlTail(arena, root),
    skip,
    fromHead,
  );
  located.node = node;
  located.index = fromHead ? skipped.left : nodeCount(arena, node) - 1 - skipped.left;
}

/** Joins small neighbours around a node that was just split or filled, as far as memory allows. */
function joinAround(arena: Arena, root: number, node: number): void {
  const before = nodePrev(arena, node);
  if (before !== 0) join(arena, root, nodePrev(arena, before), before);
  const behind = nodeNext(arena, node);
  if (behind !== 0) join(arena, root, behind, nodeNext(arena, behind));
  const beside = nodePrev(arena, node);
  const center = join(arena, root, beside, node) ? beside : node;
  join(arena, root, center, nodeNext(arena, center));
}

/** Makes two neighbours, either of which may be 0, one node in the place of the first if they fit into one. */
function join(arena: Arena, root: number, first: number, second: number): boolean {
  if (first === 0 || second === 0 || isPlain(arena, first) || isPlain(arena, second)) return false;
  const bytes = nodeBytes(arena, first) + nodeBytes(arena, second) - LP_EMPTY_BYTES;
  const count = nodeCount(arena, first) + nodeCount(arena, second);
  if (qlExceedsLimit(qlFill(arena, root), bytes, count)) return false;
  try {
    openNode(arena, first);
    openNode(arena, second);
  } catch (error) {
    if (error !== ARENA_FULL) throw error;
    return false;
  }
  if (!joinEntries(arena, first, second)) return false;
  setNodeCount(arena, second, 0);
  unlink(arena, root, second);
  settle(arena, root, first);
  return true;
}

// Splitting. `at` is where the node is cut, in bytes of its entries, and `left` the number of entries before;
// `after` says that the part behind goes to a node of its own, otherwise the part before. The node is open.

/** Adds an element at the cut, to the part that goes. Throws ArenaFull. */
export function splitAndAdd(
  arena: Arena,
  root: number,
  node: number,
  at: number,
  left: number,
  after: boolean,
  buf: ReadonlyBytes,
  off: number,
  len: number,
): void {
  const bytes = encodeText(buf, off, len);
  const part = allocSide(arena, node, at, left, after, bytes);
  storeEncoded(arena, nodeData(arena, part), after ? 0 : at, buf, off);
  keepSide(arena, node, at, left, after);
  link(arena, root, node, part, after);
  addToCount(arena, root, 1);
  settle(arena, root, node);
  settle(arena, root, part);
  joinAround(arena, root, node);
}

/** Puts a plain node with a new element into the cut. Throws ArenaFull. */
export function splitAndAddPlain(
  arena: Arena,
  root: number,
  node: number,
  at: number,
  left: number,
  after: boolean,
  buf: ReadonlyBytes,
  off: number,
  len: number,
): void {
  const plain = allocPlainNode(arena, buf, off, len);
  let part: number;
  try {
    part = allocSide(arena, node, at, left, after, 0);
  } catch (error) {
    freeNode(arena, plain);
    throw error;
  }
  keepSide(arena, node, at, left, after);
  addToCount(arena, root, 1);
  // After each node that comes in, as each moves another one out of the open ends.
  link(arena, root, node, plain, after);
  settle(arena, root, node);
  settle(arena, root, plain);
  link(arena, root, plain, part, after);
  settle(arena, root, part);
}

/**
 * Puts a plain node in the place of the entry at `index`, which lies from `at` up to `end`.
 * Throws ArenaFull.
 */
export function replaceByPlain(
  arena: Arena,
  root: number,
  node: number,
  index: number,
  at: number,
  end: number,
  buf: ReadonlyBytes,
  off: number,
  len: number,
): void {
  const plain = allocPlainNode(arena, buf, off, len);
  const behind = nodeCount(arena, node) - index - 1;
  let part = 0;
  try {
    if (behind > 0) part = allocPart(arena, node, end, nodeLen(arena, node) - end, behind, 0, 0);
  } catch (error) {
    freeNode(arena, plain);
    throw error;
  }
  if (index === 0) {
    setNodeCount(arena, node, 0);
  } else {
    keepPart(arena, node, 0, at, index);
    fitNode(arena, node, FIT_LAZY);
  }
  link(arena, root, node, plain, true);
  settle(arena, root, plain);
  if (part !== 0) {
    link(arena, root, plain, part, true);
    settle(arena, root, part);
  }
  if (index === 0) unlink(arena, root, node);
  else joinAround(arena, root, plain);
  settle(arena, root, plain);
  const before = nodePrev(arena, plain);
  if (before !== 0) settle(arena, root, before);
  const next = nodeNext(arena, plain);
  if (next !== 0) settle(arena, root, next);
}

/** The part that goes, with `room` bytes at the cut that are one more entry unless they are 0. */
function allocSide(
  arena: Arena,
  node: number,
  at: number,
  left: number,
  after: boolean,
  room: number,
): number {
  const more = room === 0 ? 0 : 1;
  if (!after) return allocPart(arena, node, 0, at, left + more, 0, room);
  const right = nodeCount(arena, node) - left;
  return allocPart(arena, node, at, nodeLen(arena, node) - at, right + more, room, 0);
}

/** The part that stays. */
function keepSide(arena: Arena, node: number, at: number, left: number, after: boolean): void {
  if (after) keepPart(arena, node, 0, at, left);
  else keepPart(arena, node, at, nodeLen(arena, node) - at, nodeCount(arena, node) - left);
  fitNode(arena, node, FIT_LAZY);
}

// Entries.

/** Bytes of block for `count` entries of `need` bytes at an end of the list, where more may follow. */
function growingCapacity(fill: number, need: number, count: number): number {
  let capacity = need < CAPACITY_MIN / 2 ? CAPACITY_MIN : need * 2;
  if (fill >= 0) capacity = Math.min(capacity, Math.ceil(need / count * qlCountLimit(fill)));
  const limit = fill < 0 ? qlSizeLimit(fill) : COUNTED_SIZE_MAX;
  return Math.max(need, Math.min(capacity, limit));
}

/** A new packed node for one element, to be linked beside `old`. Throws ArenaFull. */
export function allocSingle(
  arena: Arena,
  root: number,
  old: number,
  after: boolean,
  buf: ReadonlyBytes,
  off: number,
  len: number,
): number {
  const bytes = encodeText(buf, off, len);
  const isEnd = old !== 0 && (after ? nodeNext(arena, old) : nodePrev(arena, old)) === 0;
  let capacity = isEnd ? growingCapacity(qlFill(arena, root), bytes, 1) : bytes;
  if (isEnd && qlNodes(arena, root) >= NODES_MANY && !isPlain(arena, old)) {
    capacity = Math.max(capacity, nodeLen(arena, old));
  }
  const node = allocPackedNode(arena, bytes, capacity, !after);
  storeEncoded(arena, nodeData(arena, node), nodeStart(arena, node), buf, off);
  return node;
}

/** Adds an element to an open node, at `at` of its entries. Throws ArenaFull. */
export function addEntry(
  arena: Arena,
  root: number,
  node: number,
  at: number,
  buf: ReadonlyBytes,
  off: number,
  len: number,
): void {
  const bytes = encodeText(buf, off, len);
  const have = nodeLen(arena, node);
  const count = nodeCount(arena, node) + 1;
  const isEnd = at === 0 ? nodePrev(arena, node) === 0 : at === have && nodeNext(arena, node) === 0;
  const need = have + bytes;
  const capacity = isEnd ? growingCapacity(qlFill(arena, root), need, count) : need;
  const place = resizeEntry(arena, node, at, 0, bytes, capacity);
  storeEncoded(arena, nodeData(arena, node), place, buf, off);
  setNodeCount(arena, node, count);
  addToCount(arena, root, 1);
}

/** Deletes `count` entries of `bytes` bytes at `off`, not all, from an open node. */
export function cutEntries(
  arena: Arena,
  root: number,
  node: number,
  off: number,
  bytes: number,
  count: number,
): void {
  resizeEntry(arena, node, off, bytes, 0, 0);
  setNodeCount(arena, node, nodeCount(arena, node) - count);
  addToCount(arena, root, -count);
  fitNode(arena, node, FIT_LAZY);
}

/** Deletes `count` elements of a node, which is open unless these are all. */
export function cutRange(
  arena: Arena,
  root: number,
  node: number,
  index: number,
  count: number,
): void {
  if (count === nodeCount(arena, node)) {
    unlink(arena, root, node);
    return;
  }
  const from = entryOffset(arena, node, index);
  const to = entryOffset(arena, node, index + count);
  cutEntries(arena, root, node, from, to - from, count);
}
