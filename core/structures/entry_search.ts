/**
 * Searching a stretch of listpack entries for one element, forwards or backwards, counting the entries on the
 * way: LPOS tells indexes, and lists are searched from both ends.
 */
import type { ReadonlyBytes } from "../base/bytes.ts";
import { entryBefore, entryBytes, entryMatches, sameBytes } from "./listpack_entry.ts";

/** Where the last search found its entry. */
export const found = { at: 0 };

/**
 * How many entries lie between the one at `at` and the first one equal to these bytes, among `count` entries
 * with that at `at` the first; -1 when there is none. `integer` is what `parseInteger` makes of the bytes.
 */
export function findForward(
  u8: ReadonlyBytes,
  at: number,
  count: number,
  buf: ReadonlyBytes,
  off: number,
  len: number,
  integer: number,
): number {
  for (let i = 0; i < count; i++) {
    // The two commonest forms here, the others out of line.
    const first = u8[at];
    if (first < 0x80) {
      if (first === integer) return foundAt(at, i);
      at += 2;
    } else if (first < 0xc0) {
      const n = first & 0x3f;
      if (n === len && sameBytes(u8, at + 1, buf, off, len)) return foundAt(at, i);
      at += n + 2;
    } else {
      if (entryMatches(u8, at, buf, off, len, integer)) return foundAt(at, i);
      at += entryBytes(u8, at);
    }
  }
  return -1;
}

/** `findForward` towards the beginning. */
export function findBackward(
  u8: ReadonlyBytes,
  at: number,
  count: number,
  buf: ReadonlyBytes,
  off: number,
  len: number,
  integer: number,
): number {
  for (let i = 0; i < count; i++) {
    if (entryMatches(u8, at, buf, off, len, integer)) return foundAt(at, i);
    if (i + 1 < count) at = entryBefore(u8, at);
  }
  return -1;
}

function foundAt(at: number, steps: number): number {
  found.at = at;
  return steps;
}
