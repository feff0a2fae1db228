/**
 * SkiplistEntry: a member of a large sorted set, one block for both of its structures.
 *
 * It is an entry (entry.ts), so a dict finds it by its member; a skiplist keeps its ref in order. The double
 * that is an expiry in other entries is the score here.
 *
 *     byte 0    meta     bit 7 is set; the rest is the owner's
 *     byte 4    length of the member in bytes
 *     byte 8    score, a double, not NaN
 *     byte 16   member bytes
 *
 * The score stands in the skiplist too, where searches read it. Here it is for those who come by the dict: ZSCORE
 * needs no search, and whoever changes a score knows where to search for the old one.
 *
 * A member of 10 bytes takes 32 bytes, beside 13 to 20 of the skiplist's nodes and 8 of the dict's table.
 * Redis allocates a node, a string for the member and an entry of its dict.
 */
import type { ReadonlyBytes } from "../base/bytes.ts";
import { type Arena, REF_OFFSET_MASK } from "../memory/arena.ts";
import { ENTRY_HAS_EXPIRY } from "./entry.ts";

/** Offset of the member in the block. */
export const MEMBER_OFF = 16;
const SCORE_OFF = 8;
/** A word of a small entry that may lie on the next cache line than its head. */
const TAIL_WORD = 8;

/** A new entry. Throws ArenaFull. */
export function createEntry(
  arena: Arena,
  score: number,
  member: ReadonlyBytes,
  off: number,
  len: number,
): number {
  const ref = arena.alloc(MEMBER_OFF + len);
  arena.storeI32(ref, 0, ENTRY_HAS_EXPIRY);
  arena.storeI32(ref, 4, len);
  arena.storeF64(ref, SCORE_OFF, score);
  arena.copyIn(ref, MEMBER_OFF, member, off, len);
  return ref;
}

/** Score of an entry. */
export function entryScore(arena: Arena, ref: number): number {
  return arena.f64[ref >>> 27][(ref & REF_OFFSET_MASK) + 1];
}

/** Stores the score of an entry that no skiplist knows: those that do keep it too. */
export function setEntryScore(arena: Arena, ref: number, score: number): void {
  arena.storeF64(ref, SCORE_OFF, score);
}

/**
 * Reads a word of each of some entries, and of its second cache line: the misses overlap, as in Dict.touchEntries.
 * Returns what is good for nothing, so that the reads are not optimised away.
 */
export function touchEntries(arena: Arena, refs: Int32Array, count: number): number {
  const { i32 } = arena;
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const ref = refs[i];
    const words = i32[ref >>> 27];
    const head = (ref & REF_OFFSET_MASK) << 1;
    const tail = head + TAIL_WORD;
    sum ^= words[head] ^ words[tail < words.length ? tail : head];
  }
  return sum;
}

/** Index of an entry's member in the bytes of its segment. */
export function memberAt(ref: number): number {
  return ((ref & REF_OFFSET_MASK) << 3) + MEMBER_OFF;
}
