/**
 * BlockReader: how those who only read get at blocks, wherever the bytes come from.
 *
 * What writes a value down (persistence/rdb_encode.ts) must work on two kinds of memory: the arena as it is, and
 * the arena as it was when a snapshot began. So it doesn't index segments itself but asks for a stretch of a block
 * and finds it in the views, from byte `at` on, until it asks again.
 */
import type { ReadonlyBytes } from "../base/bytes.ts";
import { type Arena, type ReadonlyWords, REF_OFFSET_MASK } from "./arena.ts";

export interface BlockReader {
  /** Views of the same memory. */
  u8: ReadonlyBytes;
  i32: ReadonlyWords;
  f64: ReadonlyWords;
  /** Where the stretch begins, in bytes: as aligned as `off` was, up to 8. */
  at: number;
  /** Makes bytes [off, off + len) of a block readable. */
  read(ref: number, off: number, len: number): void;
}

const NO_MEMORY = new ArrayBuffer(0);

/** Reads blocks where they lie. */
export class LiveBlocks implements BlockReader {
  u8: ReadonlyBytes = new Uint8Array(NO_MEMORY);
  i32: ReadonlyWords = new Int32Array(NO_MEMORY);
  f64: ReadonlyWords = new Float64Array(NO_MEMORY);
  at = 0;
  private readonly arena: Arena;

  constructor(arena: Arena) {
    this.arena = arena;
  }

  read(ref: number, off: number, _len: number): void {
    const { arena } = this;
    const segment = ref >>> 27;
    this.u8 = arena.u8[segment];
    this.i32 = arena.i32[segment];
    this.f64 = arena.f64[segment];
    this.at = ((ref & REF_OFFSET_MASK) << 3) + off;
  }
}

/** A word of a block. */
export function readWord(blocks: BlockReader, ref: number, index: number): number {
  blocks.read(ref, index << 2, 4);
  return blocks.i32[blocks.at >> 2];
}
