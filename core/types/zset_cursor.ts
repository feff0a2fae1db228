/**
 * ZsetCursor: a place in a sorted set, and the pair that was read there.
 *
 * ZSets moves it (`seek...`, `next`, `prev`) and reads what is there (`read`). Owners keep one and reuse it.
 * It is good until the set changes, and so are the bytes of the member; those of an integer in a small set lie
 * in the cursor itself.
 */
import type { ReadonlyBytes } from "../base/bytes.ts";
import { ListpackValue } from "../structures/listpack_entry.ts";

const NO_BYTES: ReadonlyBytes = new Uint8Array(0);

export class ZsetCursor {
  /** Where it is; 0 is nowhere: before the first or after the last pair, or no pair was found. */
  at = 0;
  /** Whether the set is small, and its listpack or skiplist. */
  isSmall = true;
  block = 0;
  /** In a large set, where the skiplist has the entry, if the cursor was moved to it and not only set. */
  node = 0;
  slot = 0;
  /** The pair that was read last. */
  buf: ReadonlyBytes = NO_BYTES;
  off = 0;
  len = 0;
  score = NaN;
  readonly value = new ListpackValue();

  /** Goes where another cursor is. */
  goTo(other: ZsetCursor): void {
    this.at = other.at;
    this.isSmall = other.isSmall;
    this.block = other.block;
    this.node = other.node;
    this.slot = other.slot;
  }
}
