/**
 * Quicklist: a list of any length, as a chain of nodes that hold a few kilobytes of elements each.
 *
 *     word   0      1      2       3       4      5
 *          +------+------+-------+-------+------+-------+
 *     root | head | tail | count | nodes | fill | depth |
 *          +------+------+-------+-------+------+-------+
 *             |
 *           node <-> node <-> node <-> ... <-> node          quicklist_node.ts
 *
 *     fill    how much goes into a node: 1 and more is a number of elements, -1 to -5 a size of 4, 8, 16, 32
 *             or 64 KiB (Redis's list-max-listpack-size)
 *     depth   how many nodes at either end stay open while those between them are compressed; 0: all stay
 *             open (list-compress-depth)
 *
 * Pushing and popping are O(1), finding an element by its index walks nodes from the nearer end or, in long lists
 * that are read again and again, uses an index (quicklist_index.ts), and an insertion in the middle moves the bytes of
 * one node. An element too large for the fill gets a plain node
 * of its own. When a full node is split, small neighbours are joined. Where lists break into nodes follows
 * Redis's rules to the byte, so that DUMP gives what a Redis user has seen.
 *
 * Reading never changes anything: a compressed node is read into the cursor's own memory. What is changed is
 * opened first, and compressed again when the change is done, or when the cursor leaves.
 *
 * A cursor stands on an element. Any change of the list but `qlDelete` through this cursor makes it
 * invalid. After deletions, `qlRelease` ends its use. For who has to do with small lists too, a cursor can also
 * walk a listpack, but not change it.
 *
 * ArenaFull is thrown before anything changed, except that compressed nodes may stay open. Freeing needs no
 * memory; taking an element out of a compressed node needs room to open it.
 *
 * Ownership: the quicklist owns its root, its nodes and their data. Bytes to insert must not lie in the list
 * itself, nor in the memory of a cursor that stands on it.
 * Limits: 2^31 - 1 elements; an element of up to 1 GiB.
 */
import { assert } from "../base/assert.ts";
import { bytesEqual, type ReadonlyBytes } from "../base/bytes.ts";
import { parseInteger } from "../base/numbers.ts";
import { type Arena, REF_OFFSET_MASK } from "../memory/arena.ts";
import { findBackward, findForward, found } from "./entry_search.ts";
import {
  LP_EMPTY_BYTES,
  LP_HEADER_BYTES,
  lpBytes,
  lpCopyRange,
  lpCount,
  lpValidate,
} from "./listpack.ts";
import {
  checkedEntryEnd,
  encodeText,
  entryBefore,
  entryBytes,
  type ListpackValue,
  readEntry,
  storeEncoded,
} from "./listpack_entry.ts";
import {
  addEntry,
  addToCount,
  allocRoot,
  allocSingle,
  allowsInsert,
  cutEntries,
  cutRange,
  FIT_LAZY,
  insertNode,
  isLarge,
  link,
  locate,
  located,
  qlCount,
  qlDepth,
  qlFill,
  qlHead,
  qlNodes,
  qlTail,
  replaceByPlain,
  settle,
  splitAndAdd,
  splitAndAddPlain,
  unlink,
} from "./quicklist_chain.ts";
import { peekOpen } from "./quicklist_ends.ts";
import { validateIndex } from "./quicklist_index.ts";
import {
  allocNode,
  allocPlainNode,
  dupNode,
  fitNode,
  isOpen,
  isPlain,
  nodeBytes,
  nodeCount,
  nodeData,
  nodeLen,
  nodeNext,
  nodePrev,
  nodeStart,
  openNode,
  readCompressed,
  replacePlain,
  resizeEntry,
  SCRATCH_KEPT_MAX,
  walkEntries,
} from "./quicklist_node.ts";

export {
  qlCount,
  qlCountLimit,
  qlDepth,
  qlExceedsLimit,
  qlFill,
  qlHead,
  qlNodes,
  qlSetPackedThreshold,
  qlSizeLimit,
  qlTail,
} from "./quicklist_chain.ts";
export { qlDrop, qlPush } from "./quicklist_ends.ts";

const EMPTY = new Uint8Array(0);

/** Stands on an element of a quicklist. Owners keep one and reuse it. */
export class QuicklistCursor {
  /** 0 when it walks a listpack. */
  root = 0;
  /** The node of the element, 0 when the cursor stands nowhere. */
  node = 0;
  /** Index of the element in its node. */
  index = 0;
  /** Elements in the node. */
  count = 0;
  plain = false;
  /** Where the node's entries begin and end, and the element's own. */
  buf: ReadonlyBytes = EMPTY;
  from = 0;
  end = 0;
  at = 0;
  /** The node that was opened by a deletion and is compressed when the cursor leaves it. */
  opened = 0;
  /** What compressed nodes are read into. */
  scratch: Uint8Array<ArrayBuffer> = EMPTY;
}

// The whole.

/** An empty quicklist; `fill` and `depth` as in the design comment, cut to their ranges. Throws ArenaFull. */
export function qlCreate(arena: Arena, fill: number, depth: number): number {
  return allocRoot(arena, fill, depth);
}

/** A copy. Throws ArenaFull. */
export function qlDup(arena: Arena, root: number): number {
  const copy = qlCreate(arena, qlFill(arena, root), qlDepth(arena, root));
  try {
    for (let node = qlHead(arena, root); node !== 0; node = nodeNext(arena, node)) {
      link(arena, copy, qlTail(arena, copy), dupNode(arena, node), true);
      addToCount(arena, copy, nodeCount(arena, node));
    }
  } catch (error) {
    qlFree(arena, copy);
    throw error;
  }
  return copy;
}

/** Frees up to `nodes` nodes from the head, and the root after the last. Returns whether all is freed. */
export function qlFreeSome(arena: Arena, root: number, nodes: number): boolean {
  for (let node = qlHead(arena, root); node !== 0; node = qlHead(arena, root)) {
    if (nodes-- <= 0) return false;
    unlink(arena, root, node);
  }
  arena.free(root);
  return true;
}

/** Frees everything. */
export function qlFree(arena: Arena, root: number): void {
  qlFreeSome(arena, root, Infinity);
}

/**
 * Appends a listpack that isn't empty as a node, and takes its block over; its entries begin at `start`
 * (sliding_listpack.ts). Throws ArenaFull.
 */
export function qlAppendListpack(
  arena: Arena,
  root: number,
  listpack: number,
  start: number,
): void {
  const count = lpCount(arena, listpack);
  assert(count > 0, "a node has elements");
  const len = lpBytes(arena, listpack) - LP_EMPTY_BYTES;
  const node = allocNode(arena, listpack, start, len, count, 0);
  insertNode(arena, root, qlTail(arena, root), node, true);
}

/** Bytes that a list of a single packed node would have as a listpack; 0 for any other list. */
export function qlSingleBytes(arena: Arena, root: number): number {
  const node = qlHead(arena, root);
  return qlNodes(arena, root) !== 1 || isPlain(arena, node) ? 0 : nodeBytes(arena, node);
}

/** Makes a list of a single packed node a listpack: frees the list, returns the ref. Throws ArenaFull. */
export function qlTakeListpack(arena: Arena, root: number): number {
  const node = qlHead(arena, root);
  assert(qlNodes(arena, root) === 1 && !isPlain(arena, node), "one packed node is a listpack");
  openNode(arena, node);
  const start = nodeStart(arena, node);
  const end = start + nodeLen(arena, node);
  const ref = lpCopyRange(arena, nodeData(arena, node), start, end, nodeCount(arena, node), 0);
  qlFree(arena, root);
  return ref;
}

// The ends.

/**
 * Reads the first or the last element; the cursor is for what has to be read from a compressed node. False when
 * the list is empty.
 */
export function qlPeek(
  arena: Arena,
  root: number,
  atHead: boolean,
  cursor: QuicklistCursor,
  out: ListpackValue,
): boolean {
  if (peekOpen(arena, root, atHead, out)) return true;
  const node = atHead ? qlHead(arena, root) : qlTail(arena, root);
  if (node === 0) return false;
  cursor.root = root;
  cursor.opened = 0;
  load(arena, cursor, node, !atHead);
  qlGet(cursor, out);
  return true;
}

// Cursors.

/** Moves to the element at `index`, counted from the end (-1) when negative. False when there is none. */
export function qlSeek(
  arena: Arena,
  root: number,
  cursor: QuicklistCursor,
  index: number,
): boolean {
  const count = qlCount(arena, root);
  if (index < 0) index += count;
  cursor.root = root;
  cursor.opened = 0;
  cursor.node = 0;
  if (index < 0 || index >= count) return false;
  locate(arena, root, index);
  load(arena, cursor, located.node, false);
  moveTo(cursor, located.index);
  return true;
}

/** The same in a listpack whose entries begin at `start`: the cursor then walks that. */
export function qlSeekInListpack(
  arena: Arena,
  listpack: number,
  start: number,
  cursor: QuicklistCursor,
  index: number,
): boolean {
  const count = lpCount(arena, listpack);
  if (index < 0) index += count;
  const base = (listpack & REF_OFFSET_MASK) << 3;
  cursor.root = 0;
  cursor.opened = 0;
  cursor.node = 0;
  if (index < 0 || index >= count) return false;
  cursor.count = count;
  cursor.plain = false;
  cursor.buf = arena.u8[listpack >>> 27];
  cursor.from = base + start;
  cursor.end = cursor.from + lpBytes(arena, listpack) - LP_EMPTY_BYTES;
  moveTo(cursor, index);
  return true;
}

/** Moves to the next element. False when it was the last; then the cursor stands nowhere. */
export function qlNext(arena: Arena, cursor: QuicklistCursor): boolean {
  if (cursor.index + 1 < cursor.count) {
    cursor.at += entryBytes(cursor.buf, cursor.at);
    cursor.index++;
    return true;
  }
  return qlSkipNode(arena, cursor, true);
}

/** Moves to the previous element. False when it was the first; then the cursor stands nowhere. */
export function qlPrev(arena: Arena, cursor: QuicklistCursor): boolean {
  if (cursor.index > 0) {
    cursor.at = entryBefore(cursor.buf, cursor.at);
    cursor.index--;
    return true;
  }
  return qlSkipNode(arena, cursor, false);
}

/** Moves to the first element of the next node, or backwards to the last of the previous one. */
export function qlSkipNode(arena: Arena, cursor: QuicklistCursor, forward: boolean): boolean {
  if (cursor.root === 0) return false;
  const beside = forward ? nodeNext(arena, cursor.node) : nodePrev(arena, cursor.node);
  return leave(arena, cursor, beside, !forward);
}

/**
 * Moves to the first element equal to these bytes, from the one the cursor stands on, in either direction,
 * looking at `limit` elements. Returns how many elements it moved by; -1 when there is none, and then it
 * stands anywhere.
 */
export function qlFind(
  arena: Arena,
  cursor: QuicklistCursor,
  forward: boolean,
  limit: number,
  buf: ReadonlyBytes,
  off: number,
  len: number,
): number {
  const integer = parseInteger(buf, off, len);
  const find = forward ? findForward : findBackward;
  for (let moved = 0; moved < limit;) {
    const here = forward ? cursor.count - cursor.index : cursor.index + 1;
    const count = here < limit - moved ? here : limit - moved;
    const steps = !cursor.plain
      ? find(cursor.buf, cursor.at, count, buf, off, len, integer)
      : bytesEqual(cursor.buf, cursor.from, cursor.end - cursor.from, buf, off, len)
      ? 0
      : -1;
    if (steps >= 0) {
      if (!cursor.plain) cursor.at = found.at;
      cursor.index += forward ? steps : -steps;
      return moved + steps;
    }
    moved += count;
    if (!qlSkipNode(arena, cursor, forward)) break;
  }
  return -1;
}

/** Reads the element the cursor stands on. */
export function qlGet(cursor: QuicklistCursor, out: ListpackValue): void {
  if (cursor.plain) out.setBytes(cursor.buf, cursor.from, cursor.end - cursor.from);
  else readEntry(cursor.buf, cursor.at, out);
}

/** Ends the use of a cursor: a node that a deletion opened is compressed again. */
export function qlRelease(arena: Arena, cursor: QuicklistCursor): void {
  const { opened } = cursor;
  cursor.node = 0;
  cursor.opened = 0;
  if (opened !== 0) settle(arena, cursor.root, opened);
}

// Changes in the middle.

/**
 * Deletes the element the cursor stands on and moves to the next one, or to the previous one when not
 * `forward`. False when there is none; then the cursor stands nowhere.
 */
export function qlDelete(arena: Arena, cursor: QuicklistCursor, forward: boolean): boolean {
  const { root, node, index } = cursor;
  if (cursor.count === 1) {
    const beside = forward ? nodeNext(arena, node) : nodePrev(arena, node);
    if (cursor.opened === node) cursor.opened = 0;
    unlink(arena, root, node);
    settle(arena, root, 0);
    return leave(arena, cursor, beside, !forward);
  }
  const off = cursor.at - cursor.from;
  const bytes = entryBytes(cursor.buf, cursor.at);
  if (openNode(arena, node)) cursor.opened = node;
  cutEntries(arena, root, node, off, bytes, 1);
  load(arena, cursor, node, false);
  cursor.at = cursor.from + off;
  cursor.index = index;
  if (forward) {
    if (index < cursor.count) return true;
    return leave(arena, cursor, nodeNext(arena, node), false);
  }
  return qlPrev(arena, cursor);
}

/** Deletes up to `count` elements from the one at `start` on. Returns how many. */
export function qlDeleteRange(arena: Arena, root: number, start: number, count: number): number {
  const total = qlCount(arena, root);
  if (count <= 0 || start < 0 || start >= total) return 0;
  const deleted = Math.min(count, total - start);
  locate(arena, root, start);
  let node = located.node;
  let index = located.index;
  let last = node;
  let rest = index + deleted;
  for (; rest > nodeCount(arena, last); last = nodeNext(arena, last)) {
    rest -= nodeCount(arena, last);
  }
  // The first and the last node may lose but a part. They are opened before anything is lost.
  const firstPart = index > 0 ? node : 0;
  const lastPart = rest < nodeCount(arena, last) ? last : 0;
  if (firstPart !== 0) openNode(arena, firstPart);
  if (lastPart !== 0) openNode(arena, lastPart);
  for (let left = deleted; left > 0; index = 0) {
    const next = nodeNext(arena, node);
    const part = Math.min(left, nodeCount(arena, node) - index);
    cutRange(arena, root, node, index, part);
    left -= part;
    node = next;
  }
  settle(arena, root, firstPart);
  if (lastPart !== firstPart) settle(arena, root, lastPart);
  return deleted;
}

/** Inserts an element before the one the cursor stands on. The cursor is then invalid. Throws ArenaFull. */
export function qlInsertBefore(
  arena: Arena,
  cursor: QuicklistCursor,
  buf: ReadonlyBytes,
  off: number,
  len: number,
): void {
  insertBeside(arena, cursor, false, buf, off, len);
}

/** Inserts an element after the one the cursor stands on. The cursor is then invalid. Throws ArenaFull. */
export function qlInsertAfter(
  arena: Arena,
  cursor: QuicklistCursor,
  buf: ReadonlyBytes,
  off: number,
  len: number,
): void {
  insertBeside(arena, cursor, true, buf, off, len);
}

/** Replaces the element the cursor stands on. The cursor is then invalid. Throws ArenaFull. */
export function qlReplace(
  arena: Arena,
  cursor: QuicklistCursor,
  buf: ReadonlyBytes,
  off: number,
  len: number,
): void {
  const { root, node } = cursor;
  const large = isLarge(len, qlFill(arena, root));
  if (cursor.plain) {
    if (large) {
      replacePlain(arena, node, buf, off, len);
      settle(arena, root, node);
    } else {
      insertBeside(arena, cursor, true, buf, off, len);
      unlink(arena, root, node);
      settle(arena, root, 0);
    }
  } else if (large) {
    openNode(arena, node);
    const at = cursor.at - cursor.from;
    const end = at + entryLen(cursor);
    replaceByPlain(arena, root, node, cursor.index, at, end, buf, off, len);
  } else {
    const entryOff = cursor.at - cursor.from;
    const old = entryBytes(cursor.buf, cursor.at);
    openNode(arena, node);
    const bytes = encodeText(buf, off, len);
    const capacity = nodeLen(arena, node) + bytes - old;
    const at = resizeEntry(arena, node, entryOff, old, bytes, capacity);
    storeEncoded(arena, nodeData(arena, node), at, buf, off);
    if (bytes < old) fitNode(arena, node, FIT_LAZY);
    settle(arena, root, node);
  }
  cursor.node = 0;
  cursor.opened = 0;
}

/** Bytes of all blocks, exact with `samples` 0, otherwise extrapolated from so many nodes. */
export function qlTotalBytes(arena: Arena, root: number, samples: number): number {
  let bytes = 0;
  let nodes = 0;
  for (let node = qlHead(arena, root); node !== 0; node = nodeNext(arena, node)) {
    bytes += arena.usable(node) + arena.usable(nodeData(arena, node));
    if (++nodes === samples) break;
  }
  if (nodes > 0) bytes *= qlNodes(arena, root) / nodes;
  return arena.usable(root) + Math.round(bytes);
}

/** Throws unless links, counts and entries are in order. */
export function qlValidateIntegrity(arena: Arena, root: number): void {
  let count = 0;
  let nodes = 0;
  let before = 0;
  for (let node = qlHead(arena, root); node !== 0; node = nodeNext(arena, node)) {
    assert(nodePrev(arena, node) === before, "a node knows the one before it");
    assert(nodeCount(arena, node) > 0, "a node has elements");
    assert(!isPlain(arena, node) || nodeCount(arena, node) === 1, "a plain node has one element");
    validateNode(arena, node);
    count += nodeCount(arena, node);
    nodes++;
    before = node;
  }
  validateIndex(arena, root, qlHead(arena, root));
  assert(before === qlTail(arena, root), "the last node is the tail");
  assert(count === qlCount(arena, root), "the elements are counted");
  assert(nodes === qlNodes(arena, root), "the nodes are counted");
}

// Cursors.

/** Puts the cursor on the first or the last element of a node. */
function load(arena: Arena, cursor: QuicklistCursor, node: number, atLast: boolean): void {
  const count = nodeCount(arena, node);
  const plain = isPlain(arena, node);
  const data = nodeData(arena, node);
  cursor.node = node;
  cursor.count = count;
  cursor.plain = plain;
  if (isOpen(arena, node)) {
    cursor.buf = arena.u8[data >>> 27];
    cursor.from = ((data & REF_OFFSET_MASK) << 3) + nodeStart(arena, node);
  } else {
    const keep = nodeBytes(arena, node) <= SCRATCH_KEPT_MAX;
    const read = readCompressed(arena, node, keep ? cursor.scratch : EMPTY);
    if (keep) cursor.scratch = read;
    cursor.buf = read;
    cursor.from = plain ? 0 : LP_HEADER_BYTES;
  }
  cursor.end = cursor.from + nodeLen(arena, node);
  cursor.at = atLast && !plain ? entryBefore(cursor.buf, cursor.end) : cursor.from;
  cursor.index = atLast ? count - 1 : 0;
}

/** Leaves the node for another one, or for nowhere. Returns whether the cursor stands on an element. */
function leave(arena: Arena, cursor: QuicklistCursor, node: number, atLast: boolean): boolean {
  const { opened } = cursor;
  cursor.opened = 0;
  if (opened !== 0) settle(arena, cursor.root, opened);
  if (node === 0) cursor.node = 0;
  else load(arena, cursor, node, atLast);
  return node !== 0;
}

/** Steps over `index` entries of the node it was just put on. */
function moveTo(cursor: QuicklistCursor, index: number): void {
  cursor.index = index;
  if (!cursor.plain) {
    cursor.at = walkEntries(cursor.buf, cursor.from, cursor.end, cursor.count, index);
  }
}

/** Bytes of the entry the cursor stands on. */
function entryLen(cursor: QuicklistCursor): number {
  return cursor.plain ? cursor.end - cursor.from : entryBytes(cursor.buf, cursor.at);
}

function insertBeside(
  arena: Arena,
  cursor: QuicklistCursor,
  after: boolean,
  buf: ReadonlyBytes,
  off: number,
  len: number,
): void {
  const { root, node, index } = cursor;
  const fill = qlFill(arena, root);
  const isEdge = index === (after ? cursor.count - 1 : 0);
  const at = cursor.at - cursor.from + (after ? entryLen(cursor) : 0);
  const left = after ? index + 1 : index;
  cursor.node = 0;
  cursor.opened = 0;
  if (allowsInsert(arena, node, fill, len)) {
    openNode(arena, node);
    addEntry(arena, root, node, at, buf, off, len);
    settle(arena, root, node);
  } else if (!isEdge) {
    openNode(arena, node);
    const split = isLarge(len, fill) ? splitAndAddPlain : splitAndAdd;
    split(arena, root, node, at, left, after, buf, off, len);
  } else if (isLarge(len, fill)) {
    insertNode(arena, root, node, allocPlainNode(arena, buf, off, len), after);
  } else {
    const beside = after ? nodeNext(arena, node) : nodePrev(arena, node);
    if (allowsInsert(arena, beside, fill, len)) {
      openNode(arena, beside);
      addEntry(arena, root, beside, after ? 0 : nodeLen(arena, beside), buf, off, len);
      settle(arena, root, beside);
    } else {
      insertNode(arena, root, node, allocSingle(arena, root, node, after, buf, off, len), after);
    }
  }
}

// Checking.

function validateNode(arena: Arena, node: number): void {
  const count = nodeCount(arena, node);
  const len = nodeLen(arena, node);
  if (!isOpen(arena, node)) {
    const bytes = nodeBytes(arena, node);
    const read = readCompressed(arena, node, null);
    if (isPlain(arena, node)) return;
    assert(lpValidate(read, 0, bytes, true), "a compressed node holds a listpack");
    assert((read[4] | read[5] << 8) === Math.min(count, 0xffff), "it says its count");
    return;
  }
  const data = nodeData(arena, node);
  const start = nodeStart(arena, node);
  assert(start >= 0 && start + len <= arena.usable(data), "a node's elements lie in its block");
  if (isPlain(arena, node)) return;
  const end = ((data & REF_OFFSET_MASK) << 3) + start + len;
  let at = end - len;
  for (let i = 0; i < count; i++) {
    assert(at < end, "a node has as many entries as it says");
    at = checkedEntryEnd(arena.u8[data >>> 27], at, end);
    assert(at >= 0, "the entries are well formed");
  }
  assert(at === end, "the entries fill the node");
}
