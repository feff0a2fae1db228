/**
 * Entry: the head of every block that a dict can find.
 *
 *     byte 0   meta    bit 7 says whether an expiry follows; the other bits belong to the owner
 *     byte 4   key length in bytes
 *     byte 8   expiry, a double, unix time in ms               only when bit 7 of meta is set
 *     then     key bytes
 *     then     whatever the owner keeps with the key, from the next multiple of 4 on
 *
 * The dict reads the key length and the key and nothing else. The expiry stands before the key so that
 * its doubles are aligned; a key without one doesn't pay for it.
 */
import { type Arena, REF_OFFSET_MASK } from "../memory/arena.ts";
import type { ReadonlyBytes } from "../base/bytes.ts";
import { hashBytes } from "../base/hash.ts";
import { LastView } from "../base/readonly_view.ts";

/** Bit of the meta word: an expiry precedes the key. */
export const ENTRY_HAS_EXPIRY: number = 1 << 7;
/** Bytes of an entry before its key, without an expiry. */
export const ENTRY_HEAD_BYTES = 8;

const keys = new LastView();

/** The meta word. */
export function entryMeta(arena: Arena, ref: number): number {
  return arena.i32[ref >>> 27][(ref & REF_OFFSET_MASK) << 1];
}

/** Key length in bytes. */
export function entryKeyLen(arena: Arena, ref: number): number {
  return arena.i32[ref >>> 27][((ref & REF_OFFSET_MASK) << 1) + 1];
}

/** Offset of the key in the block: 8, or 16 behind an expiry. */
export function entryKeyOff(meta: number): number {
  return ENTRY_HEAD_BYTES + ((meta & ENTRY_HAS_EXPIRY) >>> 4);
}

/** Offset of what follows the key: the next multiple of 4. */
export function entryBodyOff(keyOff: number, keyLen: number): number {
  return (keyOff + keyLen + 3) & ~3;
}

/** Hash of the entry's key under a seed's two words. */
export function entryKeyHash(arena: Arena, ref: number, k0: number, k1: number): number {
  const off = ((ref & REF_OFFSET_MASK) << 3) + entryKeyOff(entryMeta(arena, ref));
  return hashBytes(arena.views[ref >>> 27], off, entryKeyLen(arena, ref), k0, k1);
}

/** Whether the entry's key is these bytes. Keys begin at whole words: 18 bytes in 5 ns rather than 11. */
export function entryKeyEquals(
  arena: Arena,
  ref: number,
  key: ReadonlyBytes,
  off: number,
  len: number,
): boolean {
  const segment = ref >>> 27;
  const base = (ref & REF_OFFSET_MASK) << 3;
  const words = arena.i32[segment];
  if (words[(base >> 2) + 1] !== len) return false;
  const at = base + entryKeyOff(words[base >> 2]);
  const view = keys.of(key);
  const wordsEnd = len & ~3;
  let i = 0;
  for (; i < wordsEnd; i += 4) {
    if (words[(at + i) >> 2] !== view.getInt32(off + i, true)) return false;
  }
  const bytes = arena.u8[segment];
  for (; i < len; i++) {
    if (bytes[at + i] !== key[off + i]) return false;
  }
  return true;
}
