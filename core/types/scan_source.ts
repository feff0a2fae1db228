/**
 * ScanSource: what HSCAN, SSCAN and ZSCAN walk, whatever the type.
 *
 * A scan takes up a batch of elements, which can then be told more than once (the reply begins with their
 * number, so they are counted first). Nothing may change the value in between.
 */
import type { RefList } from "../base/ref_list.ts";
import type { Dict } from "../structures/dict.ts";
import type { ByteRange } from "./t_string.ts";

export interface ScanSource {
  /** The element that `nextScanned` moved to: field or member. */
  readonly scanned: ByteRange;
  /** What belongs to it: a value, or a score's text. */
  readonly scannedPair: ByteRange;
  /**
   * Takes up the elements at `cursor`: of a small value all, of a large one those of `scanTable`. Returns the
   * next cursor, 0 at the end.
   */
  beginScan(ref: number, cursor: number, count: number): number;
  /** Goes back to the first element of the batch. */
  rewindScan(): void;
  /** Moves to the next element of the batch; false when there is none. */
  nextScanned(): boolean;
}

/**
 * Appends the entries of a dict from `cursor` on to `out`, until that has `count`. Returns the next cursor, 0 at the
 * end. A table that is nearly empty, as after mass deletion, is not walked in one go: ten times as many buckets are
 * enough.
 */
export function scanTable(dict: Dict, cursor: number, count: number, out: RefList): number {
  let bucketsMax = count * 10;
  do {
    cursor = dict.scan(cursor, out);
  } while (cursor !== 0 && bucketsMax-- > 0 && out.length < count);
  return cursor;
}
