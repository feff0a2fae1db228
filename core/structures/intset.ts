/**
 * Intset: a sorted set of integers in one block, byte for byte as Redis keeps and dumps it.
 *
 *     +----------------+--------------+---------+---------+-----+
 *     | encoding (u32) | length (u32) | integer | integer | ... |        all little-endian, ascending
 *     +----------------+--------------+---------+---------+-----+
 *     0                4              8
 *
 *     encoding   bytes of every integer: 2, 4 or 8
 *
 * The first integer that doesn't fit widens all; they never become narrow again. Finding is a binary search,
 * adding and removing move what follows. Integers are aligned in their block, so each is one load: half a
 * word, a word, or two.
 *
 * An integer is a pair (hi, lo) of its signed high and its low 32 bits.
 *
 * `intsetAdd` and `intsetRemove` return the ref of the set, which may be a new one, or 0 when there was
 * nothing to do. They allocate before they change: when they throw ArenaFull, the set is as it was.
 *
 * Ownership: an intset is its block; whoever holds the ref gives it back with `arena.free`. The block has the
 * size class the set needs, as a listpack's (listpack.ts).
 * Limits: 1 GiB. What comes from outside is passed through `intsetValidate` first.
 */
import { assert } from "../base/assert.ts";
import type { ReadonlyBytes } from "../base/bytes.ts";
import { type Arena, REF_OFFSET_MASK, SEGMENT_BYTES_MAX } from "../memory/arena.ts";
import { blockRoom, shrinkLazily } from "./listpack.ts";
import { int64Value, type ListpackValue } from "./listpack_entry.ts";

/** Bytes before the first integer. */
export const INTSET_HEADER_BYTES = 8;
/** Longest intset. */
const INTSET_BYTES_MAX: number = SEGMENT_BYTES_MAX;

/** Words before the first integer. */
const HEADER_WORDS = 2;

/** Where `search` found the integer, or where it belongs. */
let place = 0;

/** An empty intset. Throws ArenaFull. */
export function intsetCreate(arena: Arena): number {
  const ref = arena.alloc(INTSET_HEADER_BYTES);
  arena.storeI32(ref, 0, 2);
  arena.storeI32(ref, 4, 0);
  return ref;
}

/** A copy. Throws ArenaFull. */
export function intsetDup(arena: Arena, ref: number): number {
  const len = intsetBytes(arena, ref);
  const copy = arena.alloc(len);
  arena.copyBlock(copy, 0, ref, 0, len);
  return copy;
}

/** Bytes of an integer: 2, 4 or 8. */
export function intsetEncoding(arena: Arena, ref: number): number {
  return arena.i32[ref >>> 27][(ref & REF_OFFSET_MASK) << 1];
}

/** Number of integers. */
export function intsetCount(arena: Arena, ref: number): number {
  return arena.i32[ref >>> 27][((ref & REF_OFFSET_MASK) << 1) + 1];
}

/** Bytes of the intset with its header. */
export function intsetBytes(arena: Arena, ref: number): number {
  return INTSET_HEADER_BYTES + intsetCount(arena, ref) * intsetEncoding(arena, ref);
}

/** The integer at `index`, from 0 and in ascending order; BIG when it is beyond 2^53 - 1. */
export function intsetAt(arena: Arena, ref: number, index: number): number {
  const words = arena.i32[ref >>> 27];
  const at = (ref & REF_OFFSET_MASK) << 1;
  const lo = lowAt(words, at, words[at], index);
  return words[at] === 8 ? int64Value(highAt(words, at, 8, index), lo) : lo;
}

/** Reads the integer at `index`. */
export function intsetGet(arena: Arena, ref: number, index: number, out: ListpackValue): void {
  const words = arena.i32[ref >>> 27];
  const at = (ref & REF_OFFSET_MASK) << 1;
  const lo = lowAt(words, at, words[at], index);
  if (words[at] === 8) out.setInt64(highAt(words, at, 8, index), lo);
  else out.setInt32(lo);
}

/** Whether an integer is a member. */
export function intsetFind(arena: Arena, ref: number, hi: number, lo: number): boolean {
  return search(arena, ref, hi, lo);
}

/** The index of an integer, or that of the first one above it, which may be the count. */
export function intsetIndex(arena: Arena, ref: number, hi: number, lo: number): number {
  search(arena, ref, hi, lo);
  return place;
}

/** Adds an integer; 0 when it is a member. Throws ArenaFull. */
export function intsetAdd(arena: Arena, ref: number, hi: number, lo: number): number {
  const encoding = intsetEncoding(arena, ref);
  if (encodingFor(hi, lo) > encoding) return widen(arena, ref, hi, lo);
  if (search(arena, ref, hi, lo)) return 0;
  const index = place;
  const count = intsetCount(arena, ref);
  ref = withRoom(arena, ref, INTSET_HEADER_BYTES + (count + 1) * encoding);
  const off = INTSET_HEADER_BYTES + index * encoding;
  if (index < count) arena.move(ref, off + encoding, off, (count - index) * encoding);
  storeAt(arena, ref, encoding, index, hi, lo);
  arena.storeI32(ref, 4, count + 1);
  return ref;
}

/** Removes an integer; 0 when it is no member. */
export function intsetRemove(arena: Arena, ref: number, hi: number, lo: number): number {
  return search(arena, ref, hi, lo) ? intsetRemoveAt(arena, ref, place) : 0;
}

/** Removes the integer at `index`. */
export function intsetRemoveAt(arena: Arena, ref: number, index: number): number {
  const encoding = intsetEncoding(arena, ref);
  const count = intsetCount(arena, ref) - 1;
  const off = INTSET_HEADER_BYTES + index * encoding;
  if (index < count) arena.move(ref, off, off + encoding, (count - index) * encoding);
  arena.storeI32(ref, 4, count);
  return shrinkLazily(arena, ref, INTSET_HEADER_BYTES + count * encoding);
}

/**
 * Whether the bytes are an intset, and not an empty one. Only a `deep` look at the order makes those from
 * outside safe to use.
 */
export function intsetValidate(
  buf: ReadonlyBytes,
  off: number,
  len: number,
  deep: boolean,
): boolean {
  if (len < INTSET_HEADER_BYTES || len > INTSET_BYTES_MAX) return false;
  const encoding = wordOf(buf, off);
  const count = wordOf(buf, off + 4) >>> 0;
  if (encoding !== 2 && encoding !== 4 && encoding !== 8) return false;
  if (count === 0 || INTSET_HEADER_BYTES + count * encoding !== len) return false;
  if (!deep) return true;
  let at = off + INTSET_HEADER_BYTES;
  for (const end = off + len - encoding; at < end; at += encoding) {
    const next = at + encoding;
    const hiOrder = highOf(buf, at, encoding) - highOf(buf, next, encoding);
    if (hiOrder > 0) return false;
    if (hiOrder === 0 && lowOf(buf, at, encoding) >= lowOf(buf, next, encoding)) return false;
  }
  return true;
}

/** Throws unless the bytes are in order and lie in the block. An empty set may be on its way out. */
export function intsetValidateIntegrity(arena: Arena, ref: number): void {
  const bytes = intsetBytes(arena, ref);
  assert(bytes <= arena.usable(ref), "an intset lies in its block");
  if (intsetCount(arena, ref) === 0) return;
  const base = (ref & REF_OFFSET_MASK) << 3;
  assert(intsetValidate(arena.u8[ref >>> 27], base, bytes, true), "an intset is well formed");
}

// Integers in the arena; `at` is the index of the header's first word.

/** The low 32 bits of the integer at `index`, which is all of it below 64 bits. */
function lowAt(words: Words, at: number, encoding: number, index: number): number {
  if (encoding === 4) return words[at + HEADER_WORDS + index];
  if (encoding === 8) return words[at + HEADER_WORDS + index * 2];
  const pair = words[at + HEADER_WORDS + (index >> 1)];
  return (index & 1) === 0 ? pair << 16 >> 16 : pair >> 16;
}

function highAt(words: Words, at: number, encoding: number, index: number): number {
  if (encoding === 8) return words[at + HEADER_WORDS + index * 2 + 1];
  return lowAt(words, at, encoding, index) >> 31;
}

interface Words {
  readonly [index: number]: number;
}

function storeAt(
  arena: Arena,
  ref: number,
  encoding: number,
  index: number,
  hi: number,
  lo: number,
): void {
  const off = INTSET_HEADER_BYTES + index * encoding;
  if (encoding === 2) {
    arena.storeU8(ref, off, lo);
    arena.storeU8(ref, off + 1, lo >> 8);
    return;
  }
  arena.storeI32(ref, off, lo);
  if (encoding === 8) arena.storeI32(ref, off + 4, hi);
}

/** Bytes that the integer needs. */
function encodingFor(hi: number, lo: number): number {
  if (hi !== lo >> 31) return 8;
  return lo === lo << 16 >> 16 ? 2 : 4;
}

/** Sets `place`; returns whether the integer is there. */
function search(arena: Arena, ref: number, hi: number, lo: number): boolean {
  const words = arena.i32[ref >>> 27];
  const at = (ref & REF_OFFSET_MASK) << 1;
  const encoding = words[at];
  if (encoding === 8) return searchPairs(words, at, hi, lo);
  const count = words[at + 1];
  if (hi !== lo >> 31) {
    place = hi < 0 ? 0 : count;
    return false;
  }
  // Integers often come in ascending order: look behind the last first.
  if (count === 0 || lo > lowAt(words, at, encoding, count - 1)) {
    place = count;
    return false;
  }
  let from = 0;
  let to = count - 1;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (lowAt(words, at, encoding, middle) < lo) from = middle + 1;
    else to = middle;
  }
  place = from;
  return lowAt(words, at, encoding, from) === lo;
}

/** `search` among integers of 64 bits. */
function searchPairs(words: Words, at: number, hi: number, lo: number): boolean {
  const count = words[at + 1];
  const low = lo >>> 0;
  let from = 0;
  let to = count;
  while (from < to) {
    const middle = (from + to) >>> 1;
    const slot = at + HEADER_WORDS + middle * 2;
    const high = words[slot + 1];
    if (high < hi || (high === hi && words[slot] >>> 0 < low)) from = middle + 1;
    else to = middle;
  }
  place = from;
  const slot = at + HEADER_WORDS + from * 2;
  return from < count && words[slot] === (lo | 0) && words[slot + 1] === hi;
}

/** Makes the integers as wide as a new one needs, which is the least or the greatest then. */
function widen(arena: Arena, ref: number, hi: number, lo: number): number {
  const encoding = encodingFor(hi, lo);
  const count = intsetCount(arena, ref);
  const old = intsetEncoding(arena, ref);
  ref = withRoom(arena, ref, INTSET_HEADER_BYTES + (count + 1) * encoding);
  const words = arena.i32[ref >>> 27];
  const at = (ref & REF_OFFSET_MASK) << 1;
  const shift = hi < 0 ? 1 : 0;
  // From the last on, so that nothing is overwritten before it was read.
  for (let index = count - 1; index >= 0; index--) {
    const value = lowAt(words, at, old, index);
    storeAt(arena, ref, encoding, index + shift, value >> 31, value);
  }
  storeAt(arena, ref, encoding, shift === 1 ? 0 : count, hi, lo);
  arena.storeI32(ref, 0, encoding);
  arena.storeI32(ref, 4, count + 1);
  return ref;
}

/** The set in a block of at least `size` bytes. Throws ArenaFull. */
function withRoom(arena: Arena, ref: number, size: number): number {
  return size <= arena.usable(ref) ? ref : arena.realloc(ref, blockRoom(size));
}

// Integers in plain bytes, at any alignment.

function wordOf(buf: ReadonlyBytes, at: number): number {
  return buf[at] | buf[at + 1] << 8 | buf[at + 2] << 16 | buf[at + 3] << 24;
}

/** The high 32 bits of an integer of 64 bits, 0 for a shorter one, whose low ones have the sign. */
function highOf(buf: ReadonlyBytes, at: number, encoding: number): number {
  return encoding === 8 ? wordOf(buf, at + 4) : 0;
}

/** The low 32 bits: unsigned below a high word, otherwise signed. */
function lowOf(buf: ReadonlyBytes, at: number, encoding: number): number {
  if (encoding === 8) return wordOf(buf, at) >>> 0;
  return encoding === 4 ? wordOf(buf, at) : (buf[at] | buf[at + 1] << 8) << 16 >> 16;
}
