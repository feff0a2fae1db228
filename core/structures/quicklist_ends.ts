/**
 * The ends of a quicklist: pushing and dropping, where queues and stacks live. quicklist.ts has the design.
 *
 * Nearly always the node at the end is open and packed and has room on that side, or an entry to spare. These
 * cases read each word once and change four, and text that is short and no integer is written where it goes.
 * Measured on Deno for three bytes, a push this way takes 45 ns, through the functions of quicklist_node.ts, which
 * are for any case, 140.
 */
import type { ReadonlyBytes } from "../base/bytes.ts";
import { type Arena, REF_OFFSET_MASK } from "../memory/arena.ts";
import { LP_EMPTY_BYTES } from "./listpack.ts";
import {
  encodeText,
  entryBefore,
  entryBytes,
  type ListpackValue,
  readEntry,
  shortTextBytes,
  storeEncoded,
  storeShortText,
} from "./listpack_entry.ts";
import {
  addEntry,
  addToCount,
  allocSingle,
  allowsInsert,
  insertNode,
  isLarge,
  OVERHEAD_BYTES,
  qlCount,
  qlExceedsLimit,
  qlFill,
  qlHead,
  qlTail,
  ROOT_COUNT,
  ROOT_FILL,
  ROOT_HEAD,
  ROOT_TAIL,
  settle,
  unlink,
} from "./quicklist_chain.ts";
import { forgetIndex, indexedRoot } from "./quicklist_index.ts";
import {
  allocPlainNode,
  FLAG_BITS,
  keepPart,
  NODE_COMPRESSED,
  NODE_COUNT,
  NODE_DATA,
  NODE_LEN,
  NODE_PLAIN,
  NODE_START,
  nodeCount,
  nodeData,
  nodeLen,
  nodeStart,
  openNode,
} from "./quicklist_node.ts";

/** One element in the word that holds a node's count and flags. */
const COUNT_ONE: number = 1 << FLAG_BITS;

/** Adds an element at the head or the tail. Returns how many there are now. Throws ArenaFull. */
export function qlPush(
  arena: Arena,
  root: number,
  atHead: boolean,
  buf: ReadonlyBytes,
  off: number,
  len: number,
): number {
  const rootAt = (root & REF_OFFSET_MASK) << 1;
  const rootWords = arena.i32[root >>> 27];
  const fill = rootWords[rootAt + ROOT_FILL];
  const node = rootWords[rootAt + (atHead ? ROOT_HEAD : ROOT_TAIL)];
  if (node === 0 || isLarge(len, fill)) return pushSlowly(arena, root, atHead, buf, off, len);
  const words = arena.i32[node >>> 27];
  const at = (node & REF_OFFSET_MASK) << 1;
  const count = words[at + NODE_COUNT];
  const have = words[at + NODE_LEN];
  if (
    (count & (NODE_PLAIN | NODE_COMPRESSED)) !== 0 ||
    qlExceedsLimit(fill, have + len + (LP_EMPTY_BYTES + OVERHEAD_BYTES), (count >>> FLAG_BITS) + 1)
  ) return pushSlowly(arena, root, atHead, buf, off, len);
  const data = words[at + NODE_DATA];
  const start = words[at + NODE_START];
  const shortBytes = shortTextBytes(buf, off, len);
  const bytes = shortBytes !== 0 ? shortBytes : encodeText(buf, off, len);
  if (bytes > (atHead ? start : arena.usable(data) - start - have)) {
    return pushSlowly(arena, root, atHead, buf, off, len);
  }
  if (root === indexedRoot) forgetIndex();
  const newStart = atHead ? start - bytes : start;
  const place = atHead ? newStart : start + have;
  if (shortBytes !== 0) storeShortText(arena, data, place, buf, off, len);
  else storeEncoded(arena, data, place, buf, off);
  arena.storeThree(node, NODE_LEN << 2, have + bytes, newStart, count + COUNT_ONE);
  const total = rootWords[rootAt + ROOT_COUNT] + 1;
  arena.storeI32(root, ROOT_COUNT << 2, total);
  return total;
}

/** Reads the first or the last element if its node is open and packed. Returns whether it is. */
export function peekOpen(
  arena: Arena,
  root: number,
  atHead: boolean,
  out: ListpackValue,
): boolean {
  const rootAt = (root & REF_OFFSET_MASK) << 1;
  const node = arena.i32[root >>> 27][rootAt + (atHead ? ROOT_HEAD : ROOT_TAIL)];
  if (node === 0) return false;
  const words = arena.i32[node >>> 27];
  const at = (node & REF_OFFSET_MASK) << 1;
  if ((words[at + NODE_COUNT] & (NODE_PLAIN | NODE_COMPRESSED)) !== 0) return false;
  const data = words[at + NODE_DATA];
  const u8 = arena.u8[data >>> 27];
  const from = ((data & REF_OFFSET_MASK) << 3) + words[at + NODE_START];
  readEntry(u8, atHead ? from : entryBefore(u8, from + words[at + NODE_LEN]), out);
  return true;
}

/** Removes the first or the last element; there is one. */
export function qlDrop(arena: Arena, root: number, atHead: boolean): void {
  const rootAt = (root & REF_OFFSET_MASK) << 1;
  const rootWords = arena.i32[root >>> 27];
  const node = rootWords[rootAt + (atHead ? ROOT_HEAD : ROOT_TAIL)];
  const words = arena.i32[node >>> 27];
  const at = (node & REF_OFFSET_MASK) << 1;
  const count = words[at + NODE_COUNT];
  if ((count & (NODE_PLAIN | NODE_COMPRESSED)) !== 0 || count < 2 * COUNT_ONE) {
    return dropSlowly(arena, root, node, atHead);
  }
  const data = words[at + NODE_DATA];
  const start = words[at + NODE_START];
  const have = words[at + NODE_LEN];
  const u8 = arena.u8[data >>> 27];
  const from = ((data & REF_OFFSET_MASK) << 3) + start;
  if (root === indexedRoot) forgetIndex();
  const bytes = atHead ? entryBytes(u8, from) : from + have - entryBefore(u8, from + have);
  const newStart = atHead ? start + bytes : start;
  arena.storeThree(node, NODE_LEN << 2, have - bytes, newStart, count - COUNT_ONE);
  arena.storeI32(root, ROOT_COUNT << 2, rootWords[rootAt + ROOT_COUNT] - 1);
}

function pushSlowly(
  arena: Arena,
  root: number,
  atHead: boolean,
  buf: ReadonlyBytes,
  off: number,
  len: number,
): number {
  const fill = qlFill(arena, root);
  const node = atHead ? qlHead(arena, root) : qlTail(arena, root);
  if (isLarge(len, fill)) {
    insertNode(arena, root, node, allocPlainNode(arena, buf, off, len), !atHead);
  } else if (allowsInsert(arena, node, fill, len)) {
    openNode(arena, node);
    addEntry(arena, root, node, atHead ? 0 : nodeLen(arena, node), buf, off, len);
  } else {
    const fresh = allocSingle(arena, root, node, !atHead, buf, off, len);
    insertNode(arena, root, node, fresh, !atHead);
  }
  return qlCount(arena, root);
}

function dropSlowly(arena: Arena, root: number, node: number, atHead: boolean): void {
  const count = nodeCount(arena, node);
  if (count === 1) {
    unlink(arena, root, node);
    settle(arena, root, 0);
    return;
  }
  openNode(arena, node);
  const len = nodeLen(arena, node);
  const data = nodeData(arena, node);
  const u8 = arena.u8[data >>> 27];
  const base = ((data & REF_OFFSET_MASK) << 3) + nodeStart(arena, node);
  if (atHead) {
    const bytes = entryBytes(u8, base);
    keepPart(arena, node, bytes, len - bytes, count - 1);
  } else {
    keepPart(arena, node, 0, entryBefore(u8, base + len) - base, count - 1);
  }
  addToCount(arena, root, -1);
}
