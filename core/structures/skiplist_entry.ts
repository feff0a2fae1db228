/**
 * SkiplistEntry: a member of a large sorted set, one block for both of its structures.
 *
 * It is an entry (entry.ts), so a dict finds it by its member, and a node, so a skiplist keeps it
 * in order. The double that is an expiry in other entries is the score here.
 *
 *     byte 0    meta     bit 7 is set; bits 8 to 13 are the number of levels, 1 to 32; the rest is
 *                        the owner's
 *     byte 4    length of the member in bytes
 *     byte 8    score, a double, not NaN
 *     byte 16   member bytes
 *     then      links, from the next multiple of 4 on: two words per level
 *
 *                 word 0   backward   ref of the entry before, 0 in the first
 *                      1   forward    ref of the next entry
 *                      2   span       entries from this one to the next on level 1
 *                      3   forward    ref of the next entry on level 1, 0 in the last
 *                     2l   span       likewise on level l
 *                   2l+1   forward
 *
 * The span of level 0 is always one, so it is not stored: the ref of the entry before takes its
 * place. A member of 10 bytes takes 40 bytes in three cases of four and 42.7 on average, beside 5
 * to 7 bytes of the dict's table. Redis allocates a node, a string for the member and an entry of
 * its dict.
 *
 * Levels: an entry has one level more than another with a chance of 1/4, as in Redis. That is 1.33
 * levels per entry; the usual 1/2 would take 2, for a search as long.
 */
import type { ReadonlyBytes } from "../base/bytes.ts";
import type { Prng } from "../base/prng.ts";
import { type Arena, REF_OFFSET_MASK } from "../memory/arena.ts";
import { ENTRY_HAS_EXPIRY } from "./entry.ts";

/** Most levels of an entry, and of a skiplist. */
export const SKIPLIST_LEVELS_MAX = 32;
/** Offset of the member in the block. */
export const MEMBER_OFF = 16;
/** Place and width of the number of levels in the meta word. */
export const LEVELS_SHIFT = 8;
export const LEVELS_MASK = 63;
const LEVEL_BYTES = 8;

/** A number of levels for a new entry: n with a chance of 3/4 of 1/4^(n - 1). */
export function randomLevel(prng: Prng): number {
  // Each pair of leading zero bits, a chance of 1/4, is one more level.
  const high = prng.nextU32();
  if (high !== 0) return 1 + (Math.clz32(high) >> 1);
  return Math.min(SKIPLIST_LEVELS_MAX, 17 + (Math.clz32(prng.nextU32()) >> 1));
}

/** Bytes of the block of an entry. */
export function entryBytes(memberLen: number, levels: number): number {
  return MEMBER_OFF + ((memberLen + 3) & ~3) + levels * LEVEL_BYTES;
}

/** Fills a new block of `entryBytes`, but for the links: `insert` stores them. */
export function initEntry(
  arena: Arena,
  ref: number,
  levels: number,
  score: number,
  member: ReadonlyBytes,
  off: number,
  len: number,
): void {
  arena.storeI32(ref, 0, ENTRY_HAS_EXPIRY | levels << LEVELS_SHIFT);
  arena.storeI32(ref, 4, len);
  arena.storeF64(ref, 8, score);
  arena.copyIn(ref, MEMBER_OFF, member, off, len);
}

/** Score of an entry. */
export function entryScore(arena: Arena, ref: number): number {
  return arena.f64[ref >>> 27][(ref & REF_OFFSET_MASK) + 1];
}

/** Number of levels of an entry. */
export function entryLevels(arena: Arena, ref: number): number {
  return (arena.i32[ref >>> 27][(ref & REF_OFFSET_MASK) << 1] >>> LEVELS_SHIFT) & LEVELS_MASK;
}
