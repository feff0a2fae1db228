/**
 * HashField: a field of a large hash with its value, in one block.
 *
 * It is an entry (structures/entry.ts), so that a dict finds it by the field.
 *
 *     byte 0    meta     bits 8 to 31: length of an inline value; bit 7: the slot is there; bit 0: the value
 *                        has a block of its own
 *     byte 4    length of the field
 *     byte 8    slot     word 0: place in the hash's heap of expiring fields (structures/expiry_heap.ts), which
 *                        knows the time, or 0; word 1 unused
 *     then      field bytes
 *     then      value bytes; or, from the next multiple of 4 on, ref and length of the value's block
 *
 * The inline value needs no alignment, so a field of 10 bytes with a value of 10 takes 32 bytes. A
 * value that fits the old one's block is stored in place; otherwise the entry moves, and whoever knows its ref
 * must be told.
 */
import type { ReadonlyBytes } from "../base/bytes.ts";
import { Arena, refOffset } from "../memory/arena.ts";
import {
  ENTRY_HAS_EXPIRY,
  ENTRY_HEAD_BYTES,
  entryBodyOff,
  entryKeyLen,
  entryKeyOff,
  entryMeta,
} from "../structures/entry.ts";
import type { ByteRange } from "./t_string.ts";

/** Who is shown fields. Their bytes are only valid during the call, in which nothing may change. */
export interface FieldVisitor {
  visit(field: ReadonlyBytes, off: number, len: number): void;
}

/** Longest value that lies in its field's block. */
const FIELD_INLINE_LEN_MAX = 1024;

// The meta word.
export const VALUE_APART = 1;
export const VALUE_LEN_SHIFT = 8;
const SLOT_BYTES = 8;
const APART_BYTES = 8;

/** A new block with a field and its value; `withSlot` if it is to expire. Throws ArenaFull. */
export function fieldCreate(
  arena: Arena,
  buf: ReadonlyBytes,
  off: number,
  len: number,
  val: ReadonlyBytes,
  valOff: number,
  valLen: number,
  withSlot: boolean,
): number {
  const keyOff = ENTRY_HEAD_BYTES + (withSlot ? SLOT_BYTES : 0);
  const slotBit = withSlot ? ENTRY_HAS_EXPIRY : 0;
  let ref: number;
  if (valLen <= FIELD_INLINE_LEN_MAX) {
    ref = arena.alloc(keyOff + len + valLen);
    arena.storeI32(ref, 0, valLen << VALUE_LEN_SHIFT | slotBit);
    arena.copyIn(ref, keyOff + len, val, valOff, valLen);
  } else {
    const at = entryBodyOff(keyOff, len);
    ref = arena.alloc(at + APART_BYTES);
    let block: number;
    try {
      block = arena.alloc(valLen);
    } catch (error) {
      arena.free(ref);
      throw error;
    }
    arena.storeI32(ref, 0, VALUE_APART | slotBit);
    arena.storeI32(ref, at, block);
    arena.storeI32(ref, at + 4, valLen);
    arena.copyIn(block, 0, val, valOff, valLen);
  }
  arena.storeI32(ref, 4, len);
  arena.copyIn(ref, keyOff, buf, off, len);
  if (withSlot) arena.fill(ref, ENTRY_HEAD_BYTES, SLOT_BYTES, 0);
  return ref;
}

/** Frees a field and its value. */
export function fieldFree(arena: Arena, ref: number): void {
  const meta = entryMeta(arena, ref);
  if ((meta & VALUE_APART) !== 0) arena.free(apartWord(arena, ref, meta, 0));
  arena.free(ref);
}

/** The field's name. The bytes are the arena's own, valid until the next change. */
export function fieldName(arena: Arena, ref: number, out: ByteRange): void {
  const keyOff = entryKeyOff(entryMeta(arena, ref));
  out.set(arena.u8[ref >>> 27], refOffset(ref) + keyOff, entryKeyLen(arena, ref));
}

/** The field's value. The bytes are the arena's own, valid until the next change. */
export function fieldValue(arena: Arena, ref: number, out: ByteRange): void {
  const meta = entryMeta(arena, ref);
  if ((meta & VALUE_APART) === 0) {
    const off = refOffset(ref) + entryKeyOff(meta) + entryKeyLen(arena, ref);
    out.set(arena.u8[ref >>> 27], off, meta >>> VALUE_LEN_SHIFT);
  } else {
    const block = apartWord(arena, ref, meta, 0);
    out.set(arena.u8[block >>> 27], refOffset(block), apartWord(arena, ref, meta, 1));
  }
}

/** Whether the field has a slot. */
export function fieldHasSlot(arena: Arena, ref: number): boolean {
  return (entryMeta(arena, ref) & ENTRY_HAS_EXPIRY) !== 0;
}

/** Bytes of the field's block and its value's. */
export function fieldBytes(arena: Arena, ref: number): number {
  const meta = entryMeta(arena, ref);
  const bytes = arena.usable(ref);
  if ((meta & VALUE_APART) === 0) return bytes;
  return bytes + arena.usable(apartWord(arena, ref, meta, 0));
}

/**
 * Gives a field another value, which must not lie in the field itself. Returns its ref: the same, or that of a
 * new block, the old one then being freed. Throws ArenaFull before anything changed.
 */
export function fieldSetValue(
  arena: Arena,
  ref: number,
  val: ReadonlyBytes,
  valOff: number,
  valLen: number,
): number {
  const meta = entryMeta(arena, ref);
  const isApart = valLen > FIELD_INLINE_LEN_MAX;
  const keyLen = entryKeyLen(arena, ref);
  const keyOff = entryKeyOff(meta);
  const wasApart = (meta & VALUE_APART) !== 0;
  if (isApart && wasApart) {
    setApartValue(arena, ref, entryBodyOff(keyOff, keyLen), val, valOff, valLen);
    return ref;
  }
  if (!isApart && !wasApart) {
    const end = keyOff + keyLen;
    const oldLen = meta >>> VALUE_LEN_SHIFT;
    if (oldLen === valLen || isSameBlock(end + oldLen, end + valLen)) {
      if (oldLen !== valLen) {
        const low = meta & ((1 << VALUE_LEN_SHIFT) - 1);
        arena.storeI32(ref, 0, low | valLen << VALUE_LEN_SHIFT);
      }
      arena.copyIn(ref, end, val, valOff, valLen);
      return ref;
    }
  }
  const hasSlot = (meta & ENTRY_HAS_EXPIRY) !== 0;
  const off = refOffset(ref) + keyOff;
  const bytes = arena.u8[ref >>> 27];
  const moved = fieldCreate(arena, bytes, off, keyLen, val, valOff, valLen, hasSlot);
  if (hasSlot) arena.copyBlock(moved, ENTRY_HEAD_BYTES, ref, ENTRY_HEAD_BYTES, SLOT_BYTES);
  fieldFree(arena, ref);
  return moved;
}

/**
 * A new block for a field that has no slot, with one that is zero; the old block is freed. Throws ArenaFull before
 * anything changed.
 */
export function fieldAddSlot(arena: Arena, ref: number): number {
  const meta = entryMeta(arena, ref);
  const keyLen = entryKeyLen(arena, ref);
  const isApart = (meta & VALUE_APART) !== 0;
  const keyOff = ENTRY_HEAD_BYTES + SLOT_BYTES;
  // A value apart stays where it is: its block changes hands.
  const oldAt = isApart ? entryBodyOff(ENTRY_HEAD_BYTES, keyLen) : ENTRY_HEAD_BYTES + keyLen;
  const at = isApart ? entryBodyOff(keyOff, keyLen) : keyOff + keyLen;
  const valueBytes = isApart ? APART_BYTES : meta >>> VALUE_LEN_SHIFT;
  const moved = arena.alloc(at + valueBytes);
  arena.storeI32(moved, 0, meta | ENTRY_HAS_EXPIRY);
  arena.storeI32(moved, 4, keyLen);
  arena.fill(moved, ENTRY_HEAD_BYTES, SLOT_BYTES, 0);
  arena.copyBlock(moved, keyOff, ref, ENTRY_HEAD_BYTES, keyLen);
  arena.copyBlock(moved, at, ref, oldAt, valueBytes);
  arena.free(ref);
  return moved;
}

/** The field's place in the heap of expiring fields, which is its slot; 0 when it is not there. */
export function fieldPlace(arena: Arena, ref: number): number {
  const words = arena.i32[ref >>> 27];
  const base = refOffset(ref) >> 2;
  return (words[base] & ENTRY_HAS_EXPIRY) === 0 ? 0 : words[base + (ENTRY_HEAD_BYTES >> 2)];
}

/** Notes in its slot that a field is not in the heap. */
export function fieldClearPlace(arena: Arena, ref: number): void {
  arena.storeI32(ref, ENTRY_HEAD_BYTES, 0);
}

/** The value's own block with another value, a new one where the size differs. */
function setApartValue(
  arena: Arena,
  ref: number,
  at: number,
  val: ReadonlyBytes,
  valOff: number,
  valLen: number,
): void {
  const old = arena.i32[ref >>> 27][(refOffset(ref) + at) >> 2];
  let block = old;
  if (Arena.blockBytes(valLen) !== arena.usable(old)) {
    block = arena.alloc(valLen);
    arena.free(old);
    arena.storeI32(ref, at, block);
  }
  arena.storeI32(ref, at + 4, valLen);
  arena.copyIn(block, 0, val, valOff, valLen);
}

/** Whether blocks for so many bytes are of one size. */
function isSameBlock(a: number, b: number): boolean {
  return Arena.blockBytes(a) === Arena.blockBytes(b);
}

/** A word of the body of a field whose value lies apart. */
function apartWord(arena: Arena, ref: number, meta: number, index: number): number {
  const at = entryBodyOff(entryKeyOff(meta), entryKeyLen(arena, ref));
  return arena.i32[ref >>> 27][((refOffset(ref) + at) >> 2) + index];
}
