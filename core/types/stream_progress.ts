/**
 * How far groups have read: the counter `entries-read`, and the lag that follows from it.
 *
 * An entry's number, counted from the first that was ever added, is known only at the two ends of a stream:
 * that of the last is the number of entries ever added, and that of the first follows from the length, unless
 * entries were deleted further back (those trimmed away from the front don't matter). From there on a group that
 * reads counts along, and stops knowing where it is as soon as a deleted entry lies ahead of it.
 *
 * These are Redis's rules, down to what they don't know, because clients see the numbers.
 */
import { BIG } from "../base/numbers.ts";
import { compareIds, StreamId } from "../base/stream_id.ts";
import { type Arena, refOffset } from "../memory/arena.ts";
import {
  GROUP_LAST_ID_OFF,
  GROUP_READ_OFF,
  incrementCounter,
  READ_UNKNOWN,
  readBigCounter,
  readCounter,
  readId,
  storeCounter,
  storeId,
  STREAM_ADDED_OFF,
  STREAM_FIRST_ID_OFF,
  STREAM_LAST_ID_OFF,
  STREAM_LENGTH_OFF,
  STREAM_MAX_DELETED_OFF,
} from "./stream_root.ts";

const own = new StreamId();
const other = new StreamId();
const first = new StreamId();

/** A group gets the entry with this id. Returns whether it is the furthest it got, which is then noted. */
export function advanceGroup(arena: Arena, stream: number, group: number, id: StreamId): boolean {
  readId(arena, group, GROUP_LAST_ID_OFF, own);
  if (compareIds(id, own) <= 0) return false;
  if (
    readCounter(arena, group, GROUP_READ_OFF) !== READ_UNKNOWN &&
    !hasDeletedFrom(arena, stream, id)
  ) incrementCounter(arena, group, GROUP_READ_OFF);
  else if (readCounter(arena, stream, STREAM_ADDED_OFF) !== 0) {
    storeCounter(arena, group, GROUP_READ_OFF, numberOf(arena, stream, id));
  }
  storeId(arena, group, GROUP_LAST_ID_OFF, id);
  return true;
}

/** Entries that a group has read, null when that is unknown. */
export function entriesRead(arena: Arena, group: number): number | bigint | null {
  const value = counterAt(arena, group, GROUP_READ_OFF);
  return value === READ_UNKNOWN ? null : value;
}

/** Entries that are still to be delivered to a group, null when that is unknown. */
export function lagOf(arena: Arena, stream: number, group: number): number | bigint | null {
  const added = entriesAdded(arena, stream);
  if (added === 0) return 0;
  readId(arena, group, GROUP_LAST_ID_OFF, own);
  let read = entriesRead(arena, group);
  if (read === null || hasDeletedFrom(arena, stream, own)) {
    read = numberOf(arena, stream, own);
    if (read === READ_UNKNOWN) return null;
  }
  return difference(added, read);
}

/** Entries that were ever added to a stream. */
export function entriesAdded(arena: Arena, stream: number): number | bigint {
  return counterAt(arena, stream, STREAM_ADDED_OFF);
}

/** Whether the last entry that was deleted is the one with this id or lies behind it. */
function hasDeletedFrom(arena: Arena, stream: number, id: StreamId): boolean {
  if (lengthOf(arena, stream) === 0) return false;
  readId(arena, stream, STREAM_MAX_DELETED_OFF, other);
  if (other.isMin() || compareIds(id, other) > 0) return false;
  return !isFirstAbove(arena, stream);
}

/** Whether the first entry is above the id in `other`. */
function isFirstAbove(arena: Arena, stream: number): boolean {
  readId(arena, stream, STREAM_FIRST_ID_OFF, first);
  return compareIds(first, other) > 0;
}

/** The number of the entry with this id among all that were ever added, READ_UNKNOWN when there is no telling. */
export function numberOf(arena: Arena, stream: number, id: StreamId): number | bigint {
  const added = entriesAdded(arena, stream);
  if (added === 0) return 0;
  const length = lengthOf(arena, stream);
  readId(arena, stream, STREAM_LAST_ID_OFF, other);
  const order = compareIds(id, other);
  if (order === 0 || length === 0 && order < 0) return added;
  if (order > 0) return READ_UNKNOWN;
  readId(arena, stream, STREAM_MAX_DELETED_OFF, other);
  const isWhole = other.isMin() || isFirstAbove(arena, stream);
  if (!isWhole) return READ_UNKNOWN;
  readId(arena, stream, STREAM_FIRST_ID_OFF, first);
  const place = compareIds(id, first);
  if (place > 0) return READ_UNKNOWN;
  return difference(added, place < 0 ? length : length - 1);
}

function lengthOf(arena: Arena, stream: number): number {
  return arena.f64[stream >>> 27][(refOffset(stream) + STREAM_LENGTH_OFF) >> 3];
}

function counterAt(arena: Arena, ref: number, off: number): number | bigint {
  const value = readCounter(arena, ref, off);
  return value === BIG ? readBigCounter(arena, ref, off) : value;
}

/** The difference of two counters in 64 bits. */
function difference(a: number | bigint, b: number | bigint): number | bigint {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return BigInt.asIntN(64, BigInt(a) - BigInt(b));
}
