/**
 * Where things are in the blocks of a stream, its groups and their consumers; and the two kinds of values in
 * them that are no words: ids and counters.
 *
 *     stream     index of nodes (12 bytes), table of groups (8), length (f64), entries ever added,
 *                last id, largest id that was deleted, id of the first entry
 *     group      length of the name, table of consumers (8), pending entries (12), last id delivered,
 *                entries read, name
 *     consumer   length of the name, pending entries (12), seen time (f64), active time (f64), name
 *
 * A counter is a signed 64-bit integer, because XSETID and XGROUP take any; the low word is first.
 */
import { BIG } from "../base/numbers.ts";
import type { StreamId } from "../base/stream_id.ts";
import { type Arena, REF_OFFSET_MASK } from "../memory/arena.ts";

export const STREAM_INDEX_OFF = 0;
export const STREAM_GROUPS_OFF = 12;
export const STREAM_LENGTH_OFF = 24;
export const STREAM_ADDED_OFF = 32;
export const STREAM_LAST_ID_OFF = 40;
export const STREAM_MAX_DELETED_OFF = 56;
export const STREAM_FIRST_ID_OFF = 72;
export const STREAM_BYTES = 88;

export const GROUP_CONSUMERS_OFF = 4;
export const GROUP_PENDING_OFF = 12;
export const GROUP_LAST_ID_OFF = 24;
export const GROUP_READ_OFF = 40;
export const GROUP_NAME_OFF = 48;

export const CONSUMER_PENDING_OFF = 4;
export const CONSUMER_SEEN_OFF = 16;
export const CONSUMER_ACTIVE_OFF = 24;
export const CONSUMER_NAME_OFF = 32;

export const ID_BYTES = 16;
/** Words of a record of an index before its value, of the value of a node, and of that of a pending entry. */
export const ID_WORDS = 4;
export const NODE_WORDS = 1;
export const PENDING_WORDS = 4;

/** Entries read by a group when that is unknown. */
export const READ_UNKNOWN = -1;

/** When a pending entry was delivered, unix ms, from the second and the third word of its value. */
export function deliveryMsOf(low: number, packed: number): number {
  return (packed >>> 20) * 2 ** 32 + (low >>> 0);
}

/** How often it was delivered, from the third and the fourth. */
export function deliveryCountOf(packed: number, low: number): number {
  return (packed & 0xfffff) * 2 ** 32 + (low >>> 0);
}

/** Reads the id at `off` of a block. */
export function readId(arena: Arena, ref: number, off: number, out: StreamId): void {
  const words = arena.i32[ref >>> 27];
  const at = ((ref & REF_OFFSET_MASK) << 1) + (off >> 2);
  out.set(words[at], words[at + 1], words[at + 2], words[at + 3]);
}

/** Stores an id at `off` of a block. */
export function storeId(arena: Arena, ref: number, off: number, id: StreamId): void {
  const words = arena.i32[ref >>> 27];
  const at = ((ref & REF_OFFSET_MASK) << 1) + (off >> 2);
  // An id is like the one before it in most of its words, and a look is cheaper than a store.
  if (words[at] !== id.msHi) arena.storeI32(ref, off, id.msHi);
  if (words[at + 1] !== id.msLo) arena.storeI32(ref, off + 4, id.msLo);
  if (words[at + 2] !== id.seqHi) arena.storeI32(ref, off + 8, id.seqHi);
  if (words[at + 3] !== id.seqLo) arena.storeI32(ref, off + 12, id.seqLo);
}

/** The counter at `off` of a block, BIG when it is beyond 2^53. */
export function readCounter(arena: Arena, ref: number, off: number): number {
  const words = arena.i32[ref >>> 27];
  const at = ((ref & REF_OFFSET_MASK) << 1) + (off >> 2);
  const hi = words[at + 1];
  return hi >= -0x200000 && hi < 0x200000 ? hi * 2 ** 32 + (words[at] >>> 0) : BIG;
}

/** The counter for when `readCounter` said BIG. */
export function readBigCounter(arena: Arena, ref: number, off: number): bigint {
  const words = arena.i32[ref >>> 27];
  const at = ((ref & REF_OFFSET_MASK) << 1) + (off >> 2);
  return BigInt(words[at + 1]) << 32n | BigInt(words[at] >>> 0);
}

/** Stores a counter: a safe integer, or any of 64 bits as a BigInt. */
export function storeCounter(arena: Arena, ref: number, off: number, value: number | bigint): void {
  if (typeof value === "number") {
    arena.storeI32(ref, off, value | 0);
    arena.storeI32(ref, off + 4, Math.floor(value / 2 ** 32) | 0);
    return;
  }
  arena.storeI32(ref, off, Number(BigInt.asIntN(32, value)));
  arena.storeI32(ref, off + 4, Number(BigInt.asIntN(32, value >> 32n)));
}

/** Adds 1 to a counter. */
export function incrementCounter(arena: Arena, ref: number, off: number): void {
  const words = arena.i32[ref >>> 27];
  const at = ((ref & REF_OFFSET_MASK) << 1) + (off >> 2);
  const lo = (words[at] + 1) | 0;
  arena.storeI32(ref, off, lo);
  if (lo === 0) arena.storeI32(ref, off + 4, (words[at + 1] + 1) | 0);
}
