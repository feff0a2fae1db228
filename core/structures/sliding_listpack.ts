/**
 * Sliding listpack: a listpack whose entries don't begin right behind its header, so that both ends are cheap.
 *
 *     +--------+------+---------+-----+---------+------+------+
 *     | header | room |  entry  | ... |  entry  | 0xff | room |
 *     +--------+------+---------+-----+---------+------+------+
 *     0        6      start                            capacity
 *
 * In a listpack, adding or removing at the head moves everything behind it, which V8 does byte by byte in
 * shared memory unless the distance is a multiple of its word: 600 ns for 4 KB on Deno. Small lists are queues
 * as often as not, so here the entries may lie anywhere in the block: an end moves into the room beside it, and
 * everything moves only when that is used up, so far that it doesn't soon again.
 *
 * The header says what it says in a listpack: bytes (without the room) and count. With `start` at
 * LP_HEADER_BYTES it is a listpack, for all functions of listpack.ts; `slNormalize` makes it one.
 *
 * From 128 bytes on a block that must grow gets an eighth more than it needs; below that moving is cheap.
 * Where a listpack gives memory back, this does.
 *
 * Ownership as for a listpack. The owner keeps `start` beside the ref; functions that change them leave both
 * in `slid`. They throw ArenaFull before anything changed. Limit: 65,534 entries.
 */
import { assert } from "../base/assert.ts";
import type { ReadonlyBytes } from "../base/bytes.ts";
import { type Arena, ARENA_FULL, REF_OFFSET_MASK } from "../memory/arena.ts";
import {
  LP_EMPTY_BYTES,
  LP_HEADER_BYTES,
  lpAddCount,
  lpBytes,
  lpCopyRange,
  lpCount,
  lpValidateIntegrity,
  lpWastes,
} from "./listpack.ts";
import { encodeText, entryBefore, entryBytes, LP_END, storeEncoded } from "./listpack_entry.ts";

/** From this size on blocks that grow get more than they need: one part in 1 << SPARE_SHIFT. */
const SPARE_BYTES_MIN = 128;
const SPARE_SHIFT = 3;
/** Entries are moved within their block when at least this part of them is free besides what is needed. */
const SPREAD_SHIFT = 4;

/** The listpack after a change, and where its entries begin. */
export const slid = { ref: 0, start: 0 };

/** Adds an entry at the head or the tail. Throws ArenaFull. */
export function slPush(
  arena: Arena,
  ref: number,
  start: number,
  atHead: boolean,
  buf: ReadonlyBytes,
  off: number,
  len: number,
): void {
  const total = lpBytes(arena, ref);
  const bytes = encodeText(buf, off, len);
  slid.ref = ref;
  slid.start = start;
  const room = atHead
    ? start - LP_HEADER_BYTES
    : arena.usable(ref) - start - (total - LP_HEADER_BYTES);
  if (room < bytes) makeRoom(arena, ref, start, total, bytes, atHead);
  ref = slid.ref;
  if (atHead) {
    slid.start -= bytes;
    storeEncoded(arena, ref, slid.start, buf, off);
  } else {
    const end = slid.start + total - LP_EMPTY_BYTES;
    storeEncoded(arena, ref, end, buf, off);
    arena.storeU8(ref, end + bytes, LP_END);
  }
  arena.storeI32(ref, 0, total + bytes);
  lpAddCount(arena, ref, 1);
}

/** Removes `count` entries that are there from the head or the tail. */
export function slCut(
  arena: Arena,
  ref: number,
  start: number,
  atHead: boolean,
  count: number,
): void {
  const total = lpBytes(arena, ref);
  const u8 = arena.u8[ref >>> 27];
  const from = ((ref & REF_OFFSET_MASK) << 3) + start;
  const to = from + total - LP_EMPTY_BYTES;
  let at = atHead ? from : to;
  for (let i = 0; i < count; i++) at = atHead ? at + entryBytes(u8, at) : entryBefore(u8, at);
  const bytes = atHead ? at - from : to - at;
  slid.ref = ref;
  slid.start = start;
  if (atHead) slid.start += bytes;
  else arena.storeU8(ref, start + at - from, LP_END);
  arena.storeI32(ref, 0, total - bytes);
  lpAddCount(arena, ref, -count);
  if (lpWastes(arena, ref, total - bytes)) refit(arena, total - bytes);
}

/** Offset of the first or the last entry; there is one. */
export function slEnd(arena: Arena, ref: number, start: number, atHead: boolean): number {
  if (atHead) return start;
  const base = (ref & REF_OFFSET_MASK) << 3;
  const end = base + start + lpBytes(arena, ref) - LP_EMPTY_BYTES;
  return entryBefore(arena.u8[ref >>> 27], end) - base;
}

/** Moves the entries behind the header. */
export function slNormalize(arena: Arena, ref: number, start: number): void {
  if (start === LP_HEADER_BYTES) return;
  arena.move(ref, LP_HEADER_BYTES, start, lpBytes(arena, ref) - LP_HEADER_BYTES);
}

/** A copy that is a listpack. Throws ArenaFull. */
export function slDup(arena: Arena, ref: number, start: number): number {
  const end = start + lpBytes(arena, ref) - LP_EMPTY_BYTES;
  return lpCopyRange(arena, ref, start, end, lpCount(arena, ref), 0);
}

/** Throws unless the entries are in order and lie in the block. */
export function slValidateIntegrity(arena: Arena, ref: number, start: number): void {
  const end = start + lpBytes(arena, ref) - LP_HEADER_BYTES;
  assert(start >= LP_HEADER_BYTES && end <= arena.usable(ref), "the entries lie in the block");
  assert(
    arena.u8[ref >>> 27][((ref & REF_OFFSET_MASK) << 3) + end - 1] === LP_END,
    "the end is marked",
  );
  const copy = slDup(arena, ref, start);
  lpValidateIntegrity(arena, copy);
  arena.free(copy);
}

/** Makes room for `bytes` at an end: within the block if that has enough for a while, otherwise in a new one. */
function makeRoom(
  arena: Arena,
  ref: number,
  start: number,
  total: number,
  bytes: number,
  atHead: boolean,
): void {
  const rest = arena.usable(ref) - total - bytes;
  const spare = total < SPARE_BYTES_MIN ? 0 : total >> SPREAD_SHIFT;
  const len = total - LP_HEADER_BYTES;
  if (rest >= spare) {
    // Most of what is free goes to the end that grows.
    const front = atHead ? bytes + rest - (rest >> 2) : rest >> 2;
    arena.move(ref, LP_HEADER_BYTES + front, start, len);
    slid.start = LP_HEADER_BYTES + front;
    return;
  }
  const more = total < SPARE_BYTES_MIN ? 0 : total >> SPARE_SHIFT;
  const grown = arena.alloc(total + bytes + more);
  const front = atHead ? arena.usable(grown) - total : 0;
  arena.copyBlock(grown, 0, ref, 0, LP_HEADER_BYTES);
  arena.copyBlock(grown, LP_HEADER_BYTES + front, ref, start, len);
  arena.free(ref);
  slid.ref = grown;
  slid.start = LP_HEADER_BYTES + front;
}

/** Moves what `slid` says into a block of its size, if one is to be had. */
function refit(arena: Arena, total: number): void {
  const { ref, start } = slid;
  let fitting: number;
  try {
    fitting = arena.alloc(total);
  } catch (error) {
    if (error !== ARENA_FULL) throw error;
    return;
  }
  arena.copyBlock(fitting, 0, ref, 0, LP_HEADER_BYTES);
  arena.copyBlock(fitting, LP_HEADER_BYTES, ref, start, total - LP_HEADER_BYTES);
  arena.free(ref);
  slid.ref = fitting;
  slid.start = LP_HEADER_BYTES;
}
