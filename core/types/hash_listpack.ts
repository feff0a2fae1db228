/**
 * HashListpack: the small form of a hash, one listpack.
 *
 *     listpack      field, value, field, value, ...                            in order of insertion
 *     listpackex    field, value, expiry, field, value, expiry, ...            the next to expire first
 *
 * The expiry is in unix ms, 0 for a field that has none; those come last. So what has expired stands in front,
 * and looking whether anything has is a look at the first expiry. Both are byte for byte what Redis keeps.
 * `stride`, 2 or 3, says which of the two forms a listpack has.
 *
 * The functions return the ref of the listpack, which may move, and throw ArenaFull before anything changed. An
 * empty hash may have no listpack yet (ref 0).
 */
import { copyBytes, type ReadonlyBytes } from "../base/bytes.ts";
import type { Arena } from "../memory/arena.ts";
import {
  LP_EMPTY_BYTES,
  lpAppend,
  lpAppendInteger,
  lpBytes,
  lpCount,
  lpCreate,
  lpDeleteAt,
  lpFind,
  lpFirst,
  lpGet,
  lpInsertBefore,
  lpInsertInteger,
  lpInteger,
  lpNext,
  lpReplace,
  lpReserve,
  lpShrinkToFit,
} from "../structures/listpack.ts";
import { encodeInteger, encodeText, ListpackValue } from "../structures/listpack_entry.ts";
import type { FieldVisitor } from "./hash_field.ts";

/** Entries of a field without an expiry, and with one. */
export const PAIR = 2;
export const TRIPLE = 3;
/** The expiry of a field that has none. */
const NEVER = 0;
/** Bytes of the entry that says so. */
const NEVER_BYTES = 2;

const value = new ListpackValue();
let fieldText = new Uint8Array(128);
let valueText = new Uint8Array(128);
let fieldLen = 0;
let valueLen = 0;

/** Number of fields. */
export function hlpCount(arena: Arena, lp: number, stride: number): number {
  return lp === 0 ? 0 : lpCount(arena, lp) / stride;
}

/** Offset of a field, 0 when it is not there. */
export function hlpFind(
  arena: Arena,
  lp: number,
  stride: number,
  buf: ReadonlyBytes,
  off: number,
  len: number,
): number {
  return lp === 0 ? 0 : lpFind(arena, lp, 0, buf, off, len, stride - 1);
}

/** An empty listpack in a block for the texts at places [from, to) of the arrays. */
export function hlpCreate(
  arena: Arena,
  buf: ReadonlyBytes,
  offs: Int32Array,
  lens: Int32Array,
  from: number,
  to: number,
): number {
  let bytes = LP_EMPTY_BYTES;
  for (let i = from; i < to; i++) bytes += encodeText(buf, offs[i], lens[i]);
  return lpCreate(arena, bytes);
}

/** Adds a field that is not there and doesn't expire. */
export function hlpAppend(
  arena: Arena,
  lp: number,
  stride: number,
  buf: ReadonlyBytes,
  off: number,
  len: number,
  val: ReadonlyBytes,
  valOff: number,
  valLen: number,
): number {
  const needed = encodeText(buf, off, len) + encodeText(val, valOff, valLen) +
    (stride - PAIR) * NEVER_BYTES;
  lp = lp === 0 ? lpCreate(arena, LP_EMPTY_BYTES + needed) : lpReserve(arena, lp, needed);
  lp = lpAppend(arena, lp, buf, off, len);
  lp = lpAppend(arena, lp, val, valOff, valLen);
  return stride === TRIPLE ? lpAppendInteger(arena, lp, NEVER) : lp;
}

/** Gives the field at `at` another value. */
export function hlpSetValue(
  arena: Arena,
  lp: number,
  at: number,
  val: ReadonlyBytes,
  valOff: number,
  valLen: number,
): number {
  return lpReplace(arena, lp, lpNext(arena, lp, at), val, valOff, valLen);
}

/** Removes the field at `at`; the one behind it is there afterwards. */
export function hlpDelete(arena: Arena, lp: number, stride: number, at: number): number {
  return lpDeleteAt(arena, lp, at, stride);
}

/** When the field at `at` of triples expires; 0: never. */
export function hlpExpiry(arena: Arena, lp: number, at: number): number {
  return lpInteger(arena, lp, lpNext(arena, lp, lpNext(arena, lp, at)));
}

/** When the first field of triples expires; Infinity when none does. */
export function hlpNextExpiry(arena: Arena, lp: number): number {
  const first = lp === 0 ? 0 : lpFirst(arena, lp);
  const expireAt = first === 0 ? NEVER : hlpExpiry(arena, lp, first);
  return expireAt === NEVER ? Infinity : expireAt;
}

/** Gives the field at `at` of triples another expiry, 0 for none, and the place that goes with it. */
export function hlpSetExpiry(arena: Arena, lp: number, at: number, expireAt: number): number {
  keepTexts(arena, lp, at);
  const needed = encodeText(fieldText, 0, fieldLen) + encodeText(valueText, 0, valueLen) +
    encodeInteger(expireAt);
  lp = lpReserve(arena, lp, needed);
  const to = placeFor(arena, lp, expireAt);
  lp = lpInsertInteger(arena, lp, to, expireAt);
  lp = lpInsertBefore(arena, lp, to, valueText, 0, valueLen);
  lp = lpInsertBefore(arena, lp, to, fieldText, 0, fieldLen);
  lp = lpDeleteAt(arena, lp, to <= at ? at + needed : at, TRIPLE);
  return lpShrinkToFit(arena, lp);
}

/** Removes the first `count` fields of triples. */
export function hlpDeleteFirst(arena: Arena, lp: number, count: number): number {
  return lpDeleteAt(arena, lp, lpFirst(arena, lp), count * TRIPLE);
}

/** Shows the first `count` fields of triples to a visitor. */
export function hlpVisitFirst(
  arena: Arena,
  lp: number,
  count: number,
  visitor: FieldVisitor,
): void {
  for (let at = lp === 0 ? 0 : lpFirst(arena, lp); count > 0; count--) {
    lpGet(arena, lp, at, value);
    value.toText();
    visitor.visit(value.buf, value.off, value.len);
    at = lpNext(arena, lp, lpNext(arena, lp, lpNext(arena, lp, at)));
  }
}

/** Number of fields of triples whose expiry is before `nowMs`. */
export function hlpExpiredCount(arena: Arena, lp: number, nowMs: number): number {
  let count = 0;
  let at = lp === 0 ? 0 : lpFirst(arena, lp);
  while (at !== 0) {
    const expiryAt = lpNext(arena, lp, lpNext(arena, lp, at));
    const expireAt = lpInteger(arena, lp, expiryAt);
    if (expireAt === NEVER || expireAt >= nowMs) break;
    count++;
    at = lpNext(arena, lp, expiryAt);
  }
  return count;
}

/** A listpack of triples, none of which expires, with the fields of one of pairs, which stays as it is. */
export function hlpTriples(arena: Arena, lp: number): number {
  if (lp === 0) return 0;
  let triples = lpCreate(arena, lpBytes(arena, lp) + lpCount(arena, lp));
  for (let at = lpFirst(arena, lp); at !== 0;) {
    keepTexts(arena, lp, at);
    // These don't move: the block is long enough for them all.
    triples = lpAppend(arena, triples, fieldText, 0, fieldLen);
    triples = lpAppend(arena, triples, valueText, 0, valueLen);
    triples = lpAppendInteger(arena, triples, NEVER);
    at = lpNext(arena, lp, lpNext(arena, lp, at));
  }
  return triples;
}

/** Where among triples a field with this expiry belongs: an entry, or the end. */
function placeFor(arena: Arena, lp: number, expireAt: number): number {
  const end = lpBytes(arena, lp) - 1;
  if (expireAt === NEVER) return end;
  let at = lpFirst(arena, lp);
  while (at !== 0) {
    const expiryAt = lpNext(arena, lp, lpNext(arena, lp, at));
    const other = lpInteger(arena, lp, expiryAt);
    if (other === NEVER || other >= expireAt) return at;
    at = lpNext(arena, lp, expiryAt);
  }
  return end;
}

/** Copies the texts of the field at `at` and of its value, since the listpack is about to move. */
function keepTexts(arena: Arena, lp: number, at: number): void {
  lpGet(arena, lp, at, value);
  value.toText();
  fieldLen = value.len;
  if (fieldText.length < fieldLen) fieldText = new Uint8Array(2 * fieldLen);
  copyBytes(fieldText, 0, value.buf, value.off, fieldLen);
  lpGet(arena, lp, lpNext(arena, lp, at), value);
  value.toText();
  valueLen = value.len;
  if (valueText.length < valueLen) valueText = new Uint8Array(2 * valueLen);
  copyBytes(valueText, 0, value.buf, value.off, valueLen);
}
