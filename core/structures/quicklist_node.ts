/**
 * Quicklist nodes: stretches of a list's elements.
 *
 *     word   0      1      2      3      4        5
 *          +------+------+------+------+--------+---------------+
 *          | prev | next | data | len  | start  | count << 2 | f |        f: 1 plain, 2 compressed
 *          +------+------+------+------+--------+---------------+
 *
 *     packed        data holds `len` bytes of listpack entries (listpack_entry.ts) from `start` on
 *     plain         data holds one large element of `len` bytes, from 0 on
 *     compressed    data holds `start` bytes of LZF, from 0 on: the whole listpack, with its header and its
 *                   end byte, or the plain element. `len` is what it was before.
 *
 * A packed node is a listpack without header and end byte, so its entries may lie anywhere in their block:
 * with room in front of them, pushing at the head of the list is a copy of the new entry, and popping there
 * moves `start`. In a listpack both would move all that follows, and V8 moves shared memory byte by byte
 * unless both places are equally aligned: measured on Deno, 600 ns for 4 KB, where the whole LPUSH must
 * not take that long. (Bun needs 40 ns.) Sizes are still told as a listpack's, 7 bytes more, so that lists
 * break into the same nodes as in Redis.
 *
 * Everything that changes a node allocates first: when it throws ArenaFull, list and node are as they were,
 * except that a compressed node may stay open. Compressing, joining and fitting are done as far as memory
 * allows, and leave things as they are when it doesn't.
 *
 * Ownership: a node owns its data block, a quicklist its nodes.
 */
import { assert } from "../base/assert.ts";
import { copyBytes, type ReadonlyBytes } from "../base/bytes.ts";
import { lzfCompress, lzfDecompress } from "../base/lzf.ts";
import { type Arena, ARENA_FULL, REF_OFFSET_MASK } from "../memory/arena.ts";
import { LP_EMPTY_BYTES, LP_HEADER_BYTES, shrinkBlock } from "./listpack.ts";
import { entryBefore, entryBytes, LP_END } from "./listpack_entry.ts";

/** The element has the node to itself. */
export const NODE_PLAIN = 1;
/** The data is compressed. */
export const NODE_COMPRESSED = 2;

export const NODE_BYTES = 24;
const NODE_PREV = 0;
export const NODE_NEXT = 1;
export const NODE_DATA = 2;
export const NODE_LEN = 3;
export const NODE_START = 4;
export const NODE_COUNT = 5;
/** Flags below the count. */
export const FLAG_BITS = 2;

/** What is shorter isn't worth compressing; nor is what shrinks by less than COMPRESS_GAIN_MIN. */
const COMPRESS_BYTES_MIN = 48;
const COMPRESS_GAIN_MIN = 8;
/** Longest scratch that is kept. */
export const SCRATCH_KEPT_MAX: number = 1 << 20;

const EMPTY = new Uint8Array(0);
// Where listpacks are put together and compressed to, kept between uses.
let listpackScratch = EMPTY;
let lzfScratch = EMPTY;

// Fields.

export function nodePrev(arena: Arena, node: number): number {
  return word(arena, node, NODE_PREV);
}

export function nodeNext(arena: Arena, node: number): number {
  return word(arena, node, NODE_NEXT);
}

/** Ref of the data block. */
export function nodeData(arena: Arena, node: number): number {
  return word(arena, node, NODE_DATA);
}

/** Bytes of the entries, or of the plain element. */
export function nodeLen(arena: Arena, node: number): number {
  return word(arena, node, NODE_LEN);
}

/** Offset of the first entry in the data block, unless the node is plain or compressed. */
export function nodeStart(arena: Arena, node: number): number {
  return isOpen(arena, node) ? word(arena, node, NODE_START) : 0;
}

/** Bytes of LZF in the data block of a compressed node, otherwise 0. */
export function nodeLzfLen(arena: Arena, node: number): number {
  return isOpen(arena, node) ? 0 : word(arena, node, NODE_START);
}

/** Number of elements. */
export function nodeCount(arena: Arena, node: number): number {
  return word(arena, node, NODE_COUNT) >>> FLAG_BITS;
}

export function isPlain(arena: Arena, node: number): boolean {
  return (word(arena, node, NODE_COUNT) & NODE_PLAIN) !== 0;
}

/** Whether the node is not compressed. */
export function isOpen(arena: Arena, node: number): boolean {
  return (word(arena, node, NODE_COUNT) & NODE_COMPRESSED) === 0;
}

/** Bytes of the node's listpack, or of its plain element: what Redis calls the node's size. */
export function nodeBytes(arena: Arena, node: number): number {
  const len = word(arena, node, NODE_LEN);
  return isPlain(arena, node) ? len : len + LP_EMPTY_BYTES;
}

/** What `skipNodes` had left to skip in the node where it stopped. */
export const skipped = { left: 0 };

/**
 * The node, from one on in either direction, in which the element after `skip` others is; it is there. The segment
 * is looked up only when it changes: the walk is one dependent load per node, 3 ns instead of 6.
 */
export function skipNodes(arena: Arena, node: number, skip: number, forward: boolean): number {
  const { i32 } = arena;
  const link = forward ? NODE_NEXT : NODE_PREV;
  let segment = node >>> 27;
  let words = i32[segment];
  for (;;) {
    const at = (node & REF_OFFSET_MASK) << 1;
    const count = words[at + NODE_COUNT] >>> FLAG_BITS;
    if (skip < count) break;
    skip -= count;
    node = words[at + link];
    if (node >>> 27 !== segment) {
      segment = node >>> 27;
      words = i32[segment];
    }
  }
  skipped.left = skip;
  return node;
}

/** Links two nodes that become neighbours; 0 is the end of the list. */
export function joinLinks(arena: Arena, before: number, after: number): void {
  if (before !== 0) arena.storeI32(before, NODE_NEXT << 2, after);
  if (after !== 0) arena.storeI32(after, NODE_PREV << 2, before);
}

export function setNodeCount(arena: Arena, node: number, count: number): void {
  const flags = word(arena, node, NODE_COUNT) & (NODE_PLAIN | NODE_COMPRESSED);
  arena.storeI32(node, NODE_COUNT << 2, count << FLAG_BITS | flags);
}

// Nodes.

/** A node for this data, linked to nothing yet. Throws ArenaFull; the data stays the caller's then. */
export function allocNode(
  arena: Arena,
  data: number,
  start: number,
  len: number,
  count: number,
  flags: number,
): number {
  const node = arena.alloc(NODE_BYTES);
  arena.storeI32(node, NODE_PREV << 2, 0);
  arena.storeI32(node, NODE_NEXT << 2, 0);
  arena.storeI32(node, NODE_COUNT << 2, count << FLAG_BITS | flags);
  setData(arena, node, data, start, len);
  return node;
}

/** A plain node with these bytes. Throws ArenaFull. */
export function allocPlainNode(
  arena: Arena,
  buf: ReadonlyBytes,
  off: number,
  len: number,
): number {
  const data = arena.alloc(len);
  arena.copyIn(data, 0, buf, off, len);
  return allocNodeOrFree(arena, data, 0, len, 1, NODE_PLAIN);
}

/**
 * A packed node with a copy of the `len` bytes of entries at `from` (counted from the first entry) of an open
 * node, and with `front` undefined bytes before and `back` behind them, which are its entries too.
 * Throws ArenaFull.
 */
export function allocPart(
  arena: Arena,
  node: number,
  from: number,
  len: number,
  count: number,
  front: number,
  back: number,
): number {
  const total = front + len + back;
  const data = arena.alloc(total);
  arena.copyBlock(data, front, nodeData(arena, node), word(arena, node, NODE_START) + from, len);
  return allocNodeOrFree(arena, data, 0, total, count, 0);
}

/**
 * A packed node for one entry of `len` bytes, which the caller stores at `nodeStart`; in a block for
 * `capacity` bytes, with the room in front of it or behind. Throws ArenaFull.
 */
export function allocPackedNode(
  arena: Arena,
  len: number,
  capacity: number,
  atFront: boolean,
): number {
  const data = arena.alloc(capacity > len ? capacity : len);
  const start = atFront ? arena.usable(data) - len : 0;
  return allocNodeOrFree(arena, data, start, len, 1, 0);
}

/** A copy of a node, linked to nothing yet. Throws ArenaFull. */
export function dupNode(arena: Arena, node: number): number {
  const lzfLen = nodeLzfLen(arena, node);
  const len = nodeLen(arena, node);
  const used = lzfLen !== 0 ? lzfLen : len;
  const data = arena.alloc(used);
  arena.copyBlock(data, 0, nodeData(arena, node), nodeStart(arena, node), used);
  const flags = word(arena, node, NODE_COUNT) & (NODE_PLAIN | NODE_COMPRESSED);
  return allocNodeOrFree(arena, data, lzfLen, len, nodeCount(arena, node), flags);
}

/** Frees a node and its data. */
export function freeNode(arena: Arena, node: number): void {
  arena.free(nodeData(arena, node));
  arena.free(node);
}

/** Another element for a plain node. Throws ArenaFull. */
export function replacePlain(
  arena: Arena,
  node: number,
  buf: ReadonlyBytes,
  off: number,
  len: number,
): void {
  const data = arena.alloc(len);
  arena.copyIn(data, 0, buf, off, len);
  arena.free(nodeData(arena, node));
  arena.storeI32(node, NODE_COUNT << 2, 1 << FLAG_BITS | NODE_PLAIN);
  setData(arena, node, data, 0, len);
}

// Entries of an open, packed node. Offsets count from its first entry.

/** Offset of the entry at `index`, or of the end when `index` is the count. */
export function entryOffset(arena: Arena, node: number, index: number): number {
  const data = nodeData(arena, node);
  const base = ((data & REF_OFFSET_MASK) << 3) + word(arena, node, NODE_START);
  const len = nodeLen(arena, node);
  return walkEntries(arena.u8[data >>> 27], base, base + len, nodeCount(arena, node), index) - base;
}

/** Where the entry at `index` is, among `count` of them from `from` up to `end`; from the nearer side. */
export function walkEntries(
  u8: ReadonlyBytes,
  from: number,
  end: number,
  count: number,
  index: number,
): number {
  if (index <= count >> 1) {
    let at = from;
    for (let i = 0; i < index; i++) at += entryBytes(u8, at);
    return at;
  }
  let at = end;
  for (let i = count; i > index; i--) at = entryBefore(u8, at);
  return at;
}

/**
 * Makes the `oldLen` bytes at `off` into `newLen` bytes of any content, moving what is less, before or
 * behind. When the block is too short, a new one for `capacity` bytes takes its place, with the room on the
 * side that grows. Returns the offset of the stretch in the data block. Throws ArenaFull before anything
 * changed.
 */
export function resizeEntry(
  arena: Arena,
  node: number,
  off: number,
  oldLen: number,
  newLen: number,
  capacity: number,
): number {
  const data = nodeData(arena, node);
  const start = word(arena, node, NODE_START);
  const len = nodeLen(arena, node);
  const delta = newLen - oldLen;
  if (delta === 0) return start + off;
  const tail = len - off - oldLen;
  const roomBehind = arena.usable(data) - start - len;
  let moveFront = off < tail;
  if (delta > 0) {
    if (delta > start + roomBehind) {
      return relocate(arena, node, off, oldLen, newLen, capacity);
    }
    const fits = moveFront ? start >= delta : roomBehind >= delta;
    if (!fits) {
      // At an end everything moves one way or the other, so it moves far enough for the next ones too.
      if (oldLen === 0 && (off === 0 || tail === 0)) {
        return spread(arena, node, off, newLen, start + roomBehind);
      }
      if (delta > (moveFront ? roomBehind : start)) {
        return relocate(arena, node, off, oldLen, newLen, capacity);
      }
      moveFront = !moveFront;
    }
  }
  if (moveFront) {
    if (off > 0) arena.move(data, start - delta, start, off);
    setData(arena, node, data, start - delta, len + delta);
    return start - delta + off;
  }
  if (tail > 0) arena.move(data, start + off + newLen, start + off + oldLen, tail);
  arena.storeI32(node, NODE_LEN << 2, len + delta);
  return start + off;
}

/** Keeps only the `len` bytes of `count` entries at `off`. */
export function keepPart(
  arena: Arena,
  node: number,
  off: number,
  len: number,
  count: number,
): void {
  setData(arena, node, nodeData(arena, node), word(arena, node, NODE_START) + off, len);
  setNodeCount(arena, node, count);
}

/** Gives back unused room of an open node's block, when it is more than one `part`-th of it. */
export function fitNode(arena: Arena, node: number, part: number): void {
  if (!isOpen(arena, node)) return;
  const data = nodeData(arena, node);
  const len = nodeLen(arena, node);
  const have = arena.usable(data);
  if (have - len <= have / part || have <= Math.ceil(len / 8) * 8) return;
  const start = word(arena, node, NODE_START);
  if (start > 0) arena.move(data, 0, start, len);
  setData(arena, node, shrinkBlock(arena, data, len, 0), 0, len);
}

/**
 * Appends the entries of `other` to those of `node`, both open and packed; `other` is left to be freed.
 * Returns whether there was memory for it.
 */
export function joinEntries(arena: Arena, node: number, other: number): boolean {
  const len = nodeLen(arena, node);
  const otherLen = nodeLen(arena, other);
  let data: number;
  try {
    data = arena.alloc(len + otherLen);
  } catch (error) {
    if (error !== ARENA_FULL) throw error;
    return false;
  }
  const old = nodeData(arena, node);
  arena.copyBlock(data, 0, old, word(arena, node, NODE_START), len);
  arena.copyBlock(data, len, nodeData(arena, other), word(arena, other, NODE_START), otherLen);
  arena.free(old);
  setData(arena, node, data, 0, len + otherLen);
  setNodeCount(arena, node, nodeCount(arena, node) + nodeCount(arena, other));
  return true;
}

// Compression.

/** Opens a compressed node. Returns whether it was one. Throws ArenaFull. */
export function openNode(arena: Arena, node: number): boolean {
  if (isOpen(arena, node)) return false;
  const plain = isPlain(arena, node);
  const len = nodeLen(arena, node);
  const data = arena.alloc(len);
  const listpack = readCompressed(arena, node, null);
  arena.copyIn(data, 0, listpack, plain ? 0 : LP_HEADER_BYTES, len);
  arena.free(nodeData(arena, node));
  arena.storeI32(node, NODE_COUNT << 2, word(arena, node, NODE_COUNT) & ~NODE_COMPRESSED);
  setData(arena, node, data, 0, len);
  return true;
}

/** Opens a node if there is memory for it. */
export function tryOpenNode(arena: Arena, node: number): void {
  try {
    openNode(arena, node);
  } catch (error) {
    if (error !== ARENA_FULL) throw error;
  }
}

/** Compresses a node, if it isn't and if that is worth it. */
export function compressNode(arena: Arena, node: number): void {
  const bytes = nodeBytes(arena, node);
  if (!isOpen(arena, node) || bytes < COMPRESS_BYTES_MIN) return;
  const plain = isPlain(arena, node);
  const old = nodeData(arena, node);
  lzfScratch = scratch(lzfScratch, bytes);
  const packedLen = plain
    ? lzfCompress(arena.u8[old >>> 27], (old & REF_OFFSET_MASK) << 3, bytes, lzfScratch, 0, bytes)
    : lzfCompress(listpackOf(arena, node), 0, bytes, lzfScratch, 0, bytes);
  if (packedLen > 0 && packedLen + COMPRESS_GAIN_MIN < bytes) {
    storeCompressed(arena, node, packedLen);
  }
  if (bytes > SCRATCH_KEPT_MAX) listpackScratch = lzfScratch = EMPTY;
}

/**
 * What a compressed node holds: the whole listpack or the plain element, in `into`, or in a longer array
 * when that is too short. Null means an array of this file, good until the next call.
 */
export function readCompressed(
  arena: Arena,
  node: number,
  into: Uint8Array<ArrayBuffer> | null,
): Uint8Array<ArrayBuffer> {
  const bytes = nodeBytes(arena, node);
  const out = scratch(into ?? listpackScratch, bytes);
  if (into === null && bytes <= SCRATCH_KEPT_MAX) listpackScratch = out;
  const data = nodeData(arena, node);
  const at = (data & REF_OFFSET_MASK) << 3;
  const ok = lzfDecompress(arena.u8[data >>> 27], at, word(arena, node, NODE_START), out, 0, bytes);
  assert(ok, "a compressed node decompresses");
  return out;
}

/** The listpack of an open, packed node, in an array of this file. */
export function listpackOf(arena: Arena, node: number): Uint8Array<ArrayBuffer> {
  const bytes = nodeBytes(arena, node);
  const count = Math.min(nodeCount(arena, node), 0xffff);
  const out = listpackScratch = scratch(listpackScratch, bytes);
  out[0] = bytes;
  out[1] = bytes >> 8;
  out[2] = bytes >> 16;
  out[3] = bytes >> 24;
  out[4] = count;
  out[5] = count >> 8;
  const data = nodeData(arena, node);
  const at = ((data & REF_OFFSET_MASK) << 3) + word(arena, node, NODE_START);
  copyBytes(out, LP_HEADER_BYTES, arena.u8[data >>> 27], at, nodeLen(arena, node));
  out[bytes - 1] = LP_END;
  return out;
}

// Helpers.

function word(arena: Arena, ref: number, index: number): number {
  return arena.i32[ref >>> 27][((ref & REF_OFFSET_MASK) << 1) + index];
}

function setData(arena: Arena, node: number, data: number, start: number, len: number): void {
  arena.storeI32(node, NODE_DATA << 2, data);
  arena.storeI32(node, NODE_LEN << 2, len);
  arena.storeI32(node, NODE_START << 2, start);
}

function allocNodeOrFree(
  arena: Arena,
  data: number,
  start: number,
  len: number,
  count: number,
  flags: number,
): number {
  try {
    return allocNode(arena, data, start, len, count, flags);
  } catch (error) {
    arena.free(data);
    throw error;
  }
}

/** `resizeEntry` into a new block. */
function relocate(
  arena: Arena,
  node: number,
  off: number,
  oldLen: number,
  newLen: number,
  capacity: number,
): number {
  const old = nodeData(arena, node);
  const start = word(arena, node, NODE_START);
  const len = nodeLen(arena, node);
  const grown = len + newLen - oldLen;
  const data = arena.alloc(capacity > grown ? capacity : grown);
  const newStart = off === 0 ? arena.usable(data) - grown : 0;
  arena.copyBlock(data, newStart, old, start, off);
  arena.copyBlock(data, newStart + off + newLen, old, start + off + oldLen, len - off - oldLen);
  arena.free(old);
  setData(arena, node, data, newStart, grown);
  return newStart + off;
}

/** `resizeEntry` at an end without room there: most of the `free` bytes on the other side change sides. */
function spread(arena: Arena, node: number, off: number, newLen: number, free: number): number {
  const data = nodeData(arena, node);
  const len = nodeLen(arena, node);
  const rest = free - newLen;
  const newStart = off === 0 ? rest - (rest >> 2) : rest >> 2;
  arena.move(data, off === 0 ? newStart + newLen : newStart, word(arena, node, NODE_START), len);
  setData(arena, node, data, newStart, len + newLen);
  return newStart + off;
}

function storeCompressed(arena: Arena, node: number, packedLen: number): void {
  const len = nodeLen(arena, node);
  const old = nodeData(arena, node);
  let data: number;
  try {
    data = arena.alloc(packedLen);
  } catch (error) {
    if (error !== ARENA_FULL) throw error;
    return;
  }
  arena.copyIn(data, 0, lzfScratch, 0, packedLen);
  arena.free(old);
  arena.storeI32(node, NODE_COUNT << 2, word(arena, node, NODE_COUNT) | NODE_COMPRESSED);
  setData(arena, node, data, packedLen, len);
}

/** `have`, or a longer array when it has fewer than `bytes`. */
function scratch(have: Uint8Array<ArrayBuffer>, bytes: number): Uint8Array<ArrayBuffer> {
  if (have.length >= bytes) return have;
  return new Uint8Array(Math.max(1 << 14, 2 ** Math.ceil(Math.log2(bytes))));
}
