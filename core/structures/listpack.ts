/**
 * Listpack: a sequence of strings and integers in one block, byte for byte as Redis keeps and dumps it.
 *
 *     +-------------------+------------+---------+---------+-----+------+
 *     | total bytes (u32) | count(u16) |  entry  |  entry  | ... | 0xff |        all little-endian
 *     +-------------------+------------+---------+---------+-----+------+
 *     0                   4            6
 *
 *     entry    first byte, the rest of the element, its length again (listpack_entry.ts)
 *     count    65,535 when there are that many or more: then counting means walking
 *
 * It is the compact form of lists, hashes, sets and sorted sets, and a node of the large ones. Two bytes of
 * overhead per short element and no pointers; in return everything is a walk, and a change in the middle
 * moves what follows. That pays up to a few kilobytes.
 *
 * An entry is named by its offset in the block, 6 or more; 0 means none, or the end. A change leaves the
 * offsets before it as they were and all others undefined, so an inserted or replaced entry is found where
 * the caller said, and after a deletion `lpEntryAt` of the same offset is the next entry.
 *
 * Functions that change the listpack return its ref, which may be a new one, and allocate before they
 * change: when they throw ArenaFull it is as it was. `lpReserve` makes several insertions one step.
 *
 * The block. Up to 64 KiB it has exactly the size class that the listpack needs, since the values that are
 * meant to be small decide what a million of them take; above, a sixteenth is added, for moving a megabyte
 * at every insertion would be too dear. Deleting gives memory back when more than an eighth of the block
 * would be unused: a queue's length goes up and down and must not move at every step.
 *
 * Ownership: a listpack is its block; whoever holds the ref gives it back with `arena.free`. Bytes that are
 * inserted must not lie in the listpack itself, which moves before they are copied.
 * Limits: 1 GiB. What comes from outside is passed through `lpValidate` first; everything else trusts it.
 */
import { assert } from "../base/assert.ts";
import type { ReadonlyBytes } from "../base/bytes.ts";
import { parseInteger } from "../base/numbers.ts";
import type { Prng } from "../base/prng.ts";
import { type Arena, ARENA_FULL, REF_OFFSET_MASK, SEGMENT_BYTES_MAX } from "../memory/arena.ts";
import { SMALL_MAX_BYTES } from "../memory/size_classes.ts";
import {
  checkedEntryEnd,
  encodeInt64,
  encodeInteger,
  encodeText,
  entryBefore,
  entryBytes,
  entryInteger,
  entryMatches,
  type ListpackValue,
  LP_END,
  readEntry,
  sameBytes,
  storeEncoded,
} from "./listpack_entry.ts";

/** Offset of the first entry. */
export const LP_HEADER_BYTES = 6;
/** Bytes of an empty listpack. */
export const LP_EMPTY_BYTES: number = LP_HEADER_BYTES + 1;
/** Longest listpack. */
export const LP_BYTES_MAX: number = SEGMENT_BYTES_MAX;

/** What the header says of so many entries or more. */
export const LP_COUNT_UNKNOWN = 0xffff;
/** Up to this size a growing block is as long as need be, beyond a sixteenth longer. */
const EXACT_BYTES_MAX = 64 * 1024;
/** Unused bytes that are never worth a move. */
const SLACK_MIN_BYTES = 16;

const NOTHING = new Uint8Array(0);

// The whole.

/** An empty listpack in a block for `capacity` bytes of listpack. Throws ArenaFull. */
export function lpCreate(arena: Arena, capacity: number = LP_EMPTY_BYTES): number {
  const ref = arena.alloc(capacity > LP_EMPTY_BYTES ? capacity : LP_EMPTY_BYTES);
  arena.storeI32(ref, 0, LP_EMPTY_BYTES);
  arena.storeI32(ref, 4, LP_END << 16);
  return ref;
}

/** A listpack with these bytes, which are one. Throws ArenaFull. */
export function lpFromBytes(arena: Arena, buf: ReadonlyBytes, off: number, len: number): number {
  const ref = arena.alloc(len);
  arena.copyIn(ref, 0, buf, off, len);
  return ref;
}

/** A copy. Throws ArenaFull. */
export function lpDup(arena: Arena, ref: number): number {
  const len = lpBytes(arena, ref);
  const copy = arena.alloc(len);
  arena.copyBlock(copy, 0, ref, 0, len);
  return copy;
}

/**
 * A new listpack of the `count` entries in the bytes from `from` up to `to`, both offsets of entries or of
 * the end, with room for `room` more bytes. Throws ArenaFull.
 */
export function lpCopyRange(
  arena: Arena,
  ref: number,
  from: number,
  to: number,
  count: number,
  room: number,
): number {
  const len = to - from;
  const copy = lpCreate(arena, LP_EMPTY_BYTES + len + room);
  arena.copyBlock(copy, LP_HEADER_BYTES, ref, from, len);
  arena.storeU8(copy, LP_HEADER_BYTES + len, LP_END);
  arena.storeI32(copy, 0, LP_EMPTY_BYTES + len);
  lpAddCount(arena, copy, count);
  return copy;
}

/** Bytes of the listpack, from its header to its end byte. */
export function lpBytes(arena: Arena, ref: number): number {
  return arena.i32[ref >>> 27][(ref & REF_OFFSET_MASK) << 1];
}

/** Number of entries. Beyond 65,534 this walks; when it finds fewer it notes them in the header. */
export function lpCount(arena: Arena, ref: number): number {
  const known = headerCount(arena, ref);
  if (known !== LP_COUNT_UNKNOWN) return known;
  const u8 = arena.u8[ref >>> 27];
  let at = ((ref & REF_OFFSET_MASK) << 3) + LP_HEADER_BYTES;
  let count = 0;
  for (; u8[at] !== LP_END; count++) at += entryBytes(u8, at);
  if (count < LP_COUNT_UNKNOWN) setCount(arena, ref, count);
  return count;
}

/** Whether `add` more bytes keep it within the limit. */
export function lpSafeToAdd(arena: Arena, ref: number, add: number): boolean {
  return lpBytes(arena, ref) + add <= LP_BYTES_MAX;
}

/** Makes room for `add` bytes, which later insertions then fill without a move. Throws ArenaFull. */
export function lpReserve(arena: Arena, ref: number, add: number): number {
  const size = lpBytes(arena, ref) + add;
  return size <= arena.usable(ref) ? ref : arena.realloc(ref, size);
}

/** Gives back the room it doesn't use, as far as a smaller block is to be had. */
export function lpShrinkToFit(arena: Arena, ref: number): number {
  return shrinkBlock(arena, ref, lpBytes(arena, ref), 0);
}

// Walking.

/** The first entry, 0 when there is none. */
export function lpFirst(arena: Arena, ref: number): number {
  return lpEntryAt(arena, ref, LP_HEADER_BYTES);
}

/** The last entry, 0 when there is none. */
export function lpLast(arena: Arena, ref: number): number {
  return lpPrev(arena, ref, lpBytes(arena, ref) - 1);
}

/** The offset itself, or 0 when it is the end's: what a deletion at `off` leads to. */
export function lpEntryAt(arena: Arena, ref: number, off: number): number {
  return arena.u8[ref >>> 27][((ref & REF_OFFSET_MASK) << 3) + off] === LP_END ? 0 : off;
}

/** The entry after the one at `off`, 0 when that is the last. */
export function lpNext(arena: Arena, ref: number, off: number): number {
  const u8 = arena.u8[ref >>> 27];
  const base = (ref & REF_OFFSET_MASK) << 3;
  const at = base + off;
  const next = at + entryBytes(u8, at);
  return u8[next] === LP_END ? 0 : next - base;
}

/** The entry before the one at `off`, or before the end at `off`; 0 when there is none. */
export function lpPrev(arena: Arena, ref: number, off: number): number {
  if (off === LP_HEADER_BYTES) return 0;
  const base = (ref & REF_OFFSET_MASK) << 3;
  return entryBefore(arena.u8[ref >>> 27], base + off) - base;
}

/** The entry at `index`, counted from the end (-1) when negative; 0 when there is none. */
export function lpSeek(arena: Arena, ref: number, index: number): number {
  const count = headerCount(arena, ref);
  if (count !== LP_COUNT_UNKNOWN) {
    if (index < 0) index += count;
    if (index < 0 || index >= count) return 0;
    if (index > count >> 1) index -= count;
  }
  if (index >= 0) return lpSkip(arena, ref, LP_HEADER_BYTES, index);
  let off = lpLast(arena, ref);
  for (; index < -1 && off !== 0; index++) off = lpPrev(arena, ref, off);
  return off;
}

/**
 * An entry chosen at random among every `stride`-th one, each equally likely: 2 gives a field of a hash.
 * 0 when there is none.
 */
export function lpRandom(arena: Arena, ref: number, prng: Prng, stride: number): number {
  const count = Math.floor(lpCount(arena, ref) / stride);
  return count === 0 ? 0 : lpSeek(arena, ref, prng.nextBelow(count) * stride);
}

/** Bytes from the entry at `off` to the next one. */
export function lpEntryBytes(arena: Arena, ref: number, off: number): number {
  return entryBytes(arena.u8[ref >>> 27], ((ref & REF_OFFSET_MASK) << 3) + off);
}

// Reading.

/** Reads the entry at `off`. */
export function lpGet(arena: Arena, ref: number, off: number, out: ListpackValue): void {
  readEntry(arena.u8[ref >>> 27], ((ref & REF_OFFSET_MASK) << 3) + off, out);
}

/** The integer at `off`: NaN when it is a string, BIG when it is beyond 2^53 - 1. */
export function lpInteger(arena: Arena, ref: number, off: number): number {
  return entryInteger(arena.u8[ref >>> 27], ((ref & REF_OFFSET_MASK) << 3) + off);
}

/**
 * The first entry equal to these bytes, among the one at `off` (0: the first) and those after it, leaving
 * out `skip` entries after each comparison. 0 when there is none.
 */
export function lpFind(
  arena: Arena,
  ref: number,
  off: number,
  buf: ReadonlyBytes,
  bufOff: number,
  len: number,
  skip: number,
): number {
  const u8 = arena.u8[ref >>> 27];
  const base = (ref & REF_OFFSET_MASK) << 3;
  const integer = parseInteger(buf, bufOff, len);
  let at = base + (off === 0 ? LP_HEADER_BYTES : off);
  // A string of up to 63 bytes is told from others by its first byte, which says its length, and its last.
  const head = len < 0x40 ? 0x80 | len : LP_END;
  const last = len === 0 ? head : buf[bufOff + len - 1];
  for (let first = u8[at]; first !== LP_END; first = u8[at]) {
    // The two commonest forms here, the others out of line.
    if (first < 0x80) {
      if (first === integer) return at - base;
      at += 2;
    } else if (first < 0xc0) {
      if (first === head && u8[at + len] === last && sameBytes(u8, at + 1, buf, bufOff, len)) {
        return at - base;
      }
      at += (first & 0x3f) + 2;
    } else {
      if (entryMatches(u8, at, buf, bufOff, len, integer)) return at - base;
      at += entryBytes(u8, at);
    }
    for (let i = skip; i > 0 && u8[at] !== LP_END; i--) at += entryBytes(u8, at);
  }
  return 0;
}

// Inserting. All throw ArenaFull, and return the ref of the listpack.

/** Inserts before the entry, or the end, at `off`. */
export function lpInsertBefore(
  arena: Arena,
  ref: number,
  off: number,
  buf: ReadonlyBytes,
  bufOff: number,
  len: number,
): number {
  return insertEncoded(arena, ref, off, encodeText(buf, bufOff, len), buf, bufOff);
}

/** Inserts after the entry at `off`. */
export function lpInsertAfter(
  arena: Arena,
  ref: number,
  off: number,
  buf: ReadonlyBytes,
  bufOff: number,
  len: number,
): number {
  return lpInsertBefore(arena, ref, off + lpEntryBytes(arena, ref, off), buf, bufOff, len);
}

/** Inserts at the end. */
export function lpAppend(
  arena: Arena,
  ref: number,
  buf: ReadonlyBytes,
  bufOff: number,
  len: number,
): number {
  return lpInsertBefore(arena, ref, lpBytes(arena, ref) - 1, buf, bufOff, len);
}

/** Inserts a safe integer before the entry, or the end, at `off`. */
export function lpInsertInteger(arena: Arena, ref: number, off: number, value: number): number {
  return insertEncoded(arena, ref, off, encodeInteger(value), NOTHING, 0);
}

/** Inserts a safe integer at the end. */
export function lpAppendInteger(arena: Arena, ref: number, value: number): number {
  return lpInsertInteger(arena, ref, lpBytes(arena, ref) - 1, value);
}

/** Inserts a 64-bit integer at the end. */
export function lpAppendInt64(arena: Arena, ref: number, hi: number, lo: number): number {
  return insertEncoded(arena, ref, lpBytes(arena, ref) - 1, encodeInt64(hi, lo), NOTHING, 0);
}

/**
 * Appends `count` entries that are encoded already (listpack_writer.ts) and for which `lpReserve` or `lpCreate` has
 * made room.
 */
export function lpAppendEntries(
  arena: Arena,
  ref: number,
  buf: ReadonlyBytes,
  off: number,
  len: number,
  count: number,
): void {
  const total = lpBytes(arena, ref);
  arena.copyIn(ref, total - 1, buf, off, len);
  arena.storeU8(ref, total + len - 1, LP_END);
  arena.storeI32(ref, 0, total + len);
  lpAddCount(arena, ref, count);
}

// Replacing and deleting.

/** Replaces the element at `off`. Throws ArenaFull. */
export function lpReplace(
  arena: Arena,
  ref: number,
  off: number,
  buf: ReadonlyBytes,
  bufOff: number,
  len: number,
): number {
  const bytes = encodeText(buf, bufOff, len);
  ref = resizeStretch(arena, ref, off, lpEntryBytes(arena, ref, off), bytes);
  storeEncoded(arena, ref, off, buf, bufOff);
  return ref;
}

/** Replaces the element at `off` by a safe integer. Throws ArenaFull. */
export function lpReplaceInteger(arena: Arena, ref: number, off: number, value: number): number {
  const bytes = encodeInteger(value);
  ref = resizeStretch(arena, ref, off, lpEntryBytes(arena, ref, off), bytes);
  storeEncoded(arena, ref, off, NOTHING, 0);
  return ref;
}

/** Deletes the entry at `off`. */
export function lpDelete(arena: Arena, ref: number, off: number): number {
  ref = resizeStretch(arena, ref, off, lpEntryBytes(arena, ref, off), 0);
  lpAddCount(arena, ref, -1);
  return ref;
}

/** Deletes up to `count` entries from the one at `off` on. */
export function lpDeleteAt(arena: Arena, ref: number, off: number, count: number): number {
  const u8 = arena.u8[ref >>> 27];
  const from = ((ref & REF_OFFSET_MASK) << 3) + off;
  let at = from;
  let deleted = 0;
  for (; deleted < count && u8[at] !== LP_END; deleted++) at += entryBytes(u8, at);
  if (deleted === 0) return ref;
  ref = resizeStretch(arena, ref, off, at - from, 0);
  lpAddCount(arena, ref, -deleted);
  return ref;
}

/** Deletes up to `count` entries from the one at `index` on, which is counted as in `lpSeek`. */
export function lpDeleteRange(arena: Arena, ref: number, index: number, count: number): number {
  const off = count > 0 ? lpSeek(arena, ref, index) : 0;
  if (off === 0) return ref;
  const known = headerCount(arena, ref);
  if (known === LP_COUNT_UNKNOWN) return lpDeleteAt(arena, ref, off, count);
  if (index < 0) index += known;
  if (index + count < known) return lpDeleteAt(arena, ref, off, count);
  // All that follows goes, so nobody needs to walk it.
  ref = resizeStretch(arena, ref, off, lpBytes(arena, ref) - 1 - off, 0);
  setCount(arena, ref, index);
  return ref;
}

// Checking.

/**
 * Whether the bytes are a listpack. Only a `deep` look at every entry makes those from outside safe to use.
 */
export function lpValidate(buf: ReadonlyBytes, off: number, len: number, deep: boolean): boolean {
  if (len < LP_EMPTY_BYTES || len > LP_BYTES_MAX) return false;
  const total = buf[off] + buf[off + 1] * 2 ** 8 + buf[off + 2] * 2 ** 16 + buf[off + 3] * 2 ** 24;
  const end = off + len - 1;
  if (total !== len || buf[end] !== LP_END) return false;
  if (!deep) return true;
  let count = 0;
  let at = off + LP_HEADER_BYTES;
  for (; at < end; count++) {
    at = checkedEntryEnd(buf, at, end);
    if (at < 0) return false;
  }
  const claimed = buf[off + 4] | buf[off + 5] << 8;
  return at === end && (claimed === LP_COUNT_UNKNOWN || claimed === count);
}

/** Throws unless the bytes are in order and lie in the block. */
export function lpValidateIntegrity(arena: Arena, ref: number): void {
  const bytes = lpBytes(arena, ref);
  assert(bytes <= arena.usable(ref), "a listpack lies in its block");
  const base = (ref & REF_OFFSET_MASK) << 3;
  assert(lpValidate(arena.u8[ref >>> 27], base, bytes, true), "a listpack is well formed");
}

// Blocks, shared with the intset.

/** Bytes to ask for when `size` are needed by something that grows. */
export function blockRoom(size: number): number {
  if (size <= EXACT_BYTES_MAX || size > LP_BYTES_MAX) return size;
  return Math.min(size + (size >>> 4), LP_BYTES_MAX);
}

/** The block, a smaller one when more than `slack` of its bytes would be unused and one is to be had. */
export function shrinkBlock(arena: Arena, ref: number, size: number, slack: number): number {
  if (arena.usable(ref) - size <= slack) return ref;
  try {
    return arena.realloc(ref, size);
  } catch (error) {
    if (error !== ARENA_FULL) throw error;
    return ref;
  }
}

/** `shrinkBlock` with the slack of things that may grow again. */
export function shrinkLazily(arena: Arena, ref: number, size: number): number {
  return lpWastes(arena, ref, size) ? shrinkBlock(arena, ref, size, 0) : ref;
}

/** Whether a block of which `size` bytes are needed has so many others that a move is worth it. */
export function lpWastes(arena: Arena, ref: number, size: number): boolean {
  const have = arena.usable(ref);
  const unused = have - size;
  return unused > SLACK_MIN_BYTES && unused > have >>> 3;
}

// Helpers.

/** The entry `count` entries after the one at `off`, 0 when there are fewer. */
function lpSkip(arena: Arena, ref: number, off: number, count: number): number {
  const u8 = arena.u8[ref >>> 27];
  const base = (ref & REF_OFFSET_MASK) << 3;
  let at = base + off;
  for (; count > 0 && u8[at] !== LP_END; count--) at += entryBytes(u8, at);
  return u8[at] === LP_END ? 0 : at - base;
}

/** The count in the header: LP_COUNT_UNKNOWN when it is that or more. */
function headerCount(arena: Arena, ref: number): number {
  return arena.i32[ref >>> 27][((ref & REF_OFFSET_MASK) << 1) + 1] & 0xffff;
}

function setCount(arena: Arena, ref: number, count: number): void {
  const word = arena.i32[ref >>> 27][((ref & REF_OFFSET_MASK) << 1) + 1];
  arena.storeI32(ref, 4, word & ~0xffff | (count < LP_COUNT_UNKNOWN ? count : LP_COUNT_UNKNOWN));
}

/** Adds to the count in the header. An unknown count stays unknown, as in Redis: only walking can tell. */
export function lpAddCount(arena: Arena, ref: number, add: number): void {
  const count = headerCount(arena, ref);
  if (count !== LP_COUNT_UNKNOWN) setCount(arena, ref, count + add);
}

function insertEncoded(
  arena: Arena,
  ref: number,
  off: number,
  bytes: number,
  buf: ReadonlyBytes,
  bufOff: number,
): number {
  ref = resizeStretch(arena, ref, off, 0, bytes);
  storeEncoded(arena, ref, off, buf, bufOff);
  lpAddCount(arena, ref, 1);
  return ref;
}

/**
 * Makes the `oldLen` bytes at `off` into `newLen` bytes of any content, moving what follows, and notes the
 * new total. Throws ArenaFull before anything changed.
 */
function resizeStretch(
  arena: Arena,
  ref: number,
  off: number,
  oldLen: number,
  newLen: number,
): number {
  if (oldLen === newLen) return ref;
  const total = lpBytes(arena, ref);
  const size = total + newLen - oldLen;
  const tailOff = off + oldLen;
  if (size > total && size > arena.usable(ref)) {
    ref = growStretch(arena, ref, off, tailOff, newLen, total);
  } else if (tailOff === total - 1) {
    arena.storeU8(ref, size - 1, LP_END);
  } else {
    arena.move(ref, off + newLen, tailOff, total - tailOff);
  }
  arena.storeI32(ref, 0, size);
  return size < total ? shrinkLazily(arena, ref, size) : ref;
}

/** `resizeStretch` for a block that is too short: what moves, moves once. */
function growStretch(
  arena: Arena,
  ref: number,
  off: number,
  tailOff: number,
  newLen: number,
  total: number,
): number {
  const size = blockRoom(off + newLen + total - tailOff);
  // Blocks of whole pages can often grow where they are.
  if (size > SMALL_MAX_BYTES) {
    ref = arena.realloc(ref, size);
    arena.move(ref, off + newLen, tailOff, total - tailOff);
    return ref;
  }
  const grown = arena.alloc(size);
  arena.copyBlock(grown, 0, ref, 0, off);
  arena.copyBlock(grown, off + newLen, ref, tailOff, total - tailOff);
  arena.free(ref);
  return grown;
}
