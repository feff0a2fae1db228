/**
 * Poison: how tests find stores to freed memory, double frees and leaks.
 *
 * Whatever is freed is filled with one byte value and must still be filled with it when it is handed out
 * again. Two kinds of freed memory are told apart:
 *
 *   blocks of a run    their first word is the allocator's: it links the run's free blocks
 *   pages              of large blocks, of the end of a block that shrank, and of runs that were closed
 *
 * The refs of all live blocks are kept as well, so a block that is freed twice, or never was one, is noticed
 * before anything happens, and a leak has an address. Only arenas made with `poison` have one of these: it
 * costs a set entry per block and looks at every byte.
 */
import { assert } from "../base/assert.ts";
import { PAGE_BYTES } from "./extents.ts";

/** What freed bytes are filled with. */
export const POISON_BYTE = 0xdb;

/** Bytes of a free block that link it to the next one. */
const LINK_BYTES = 4;
/** Pages of the longest segment. */
const SEGMENT_PAGES_MAX = 1 << 18;

export class Poison {
  /** Refs of the blocks handed out and not yet freed. */
  readonly live = new Set<number>();
  private readonly bytes: readonly Uint8Array[];
  /** Freed blocks of runs, by the page they begin in; see `pageKey`. */
  private readonly blocks = new Map<number, Set<number>>();
  /** Freed pages. */
  private readonly pages = new Set<number>();

  constructor(bytes: readonly Uint8Array[]) {
    this.bytes = bytes;
  }

  /** A block of `size` bytes at `offset` of a segment was handed out. */
  blockTaken(ref: number, segment: number, offset: number, size: number): void {
    assert(!this.live.has(ref), "no block is handed out twice");
    this.live.add(ref);
    if (!this.blocks.get(pageKey(segment, offset / PAGE_BYTES))?.delete(ref)) return;
    this.check(segment, offset + LINK_BYTES, size - LINK_BYTES);
  }

  /** A block is about to be freed. */
  blockFreed(ref: number): void {
    assert(this.live.delete(ref), "only live blocks are freed, and once");
  }

  /** A block of a run was filled and is about to be put on the run's list. */
  blockFilled(ref: number, segment: number, offset: number): void {
    const key = pageKey(segment, offset / PAGE_BYTES);
    const refs = this.blocks.get(key);
    if (refs === undefined) this.blocks.set(key, new Set([ref]));
    else refs.add(ref);
  }

  /** Pages were handed out. */
  pagesTaken(segment: number, page: number, count: number): void {
    for (let i = page; i < page + count; i++) {
      if (this.pages.delete(pageKey(segment, i))) this.check(segment, i * PAGE_BYTES, PAGE_BYTES);
    }
  }

  /** Pages were filled and are about to be freed; blocks in them are no more. */
  pagesFilled(segment: number, page: number, count: number): void {
    for (let i = page; i < page + count; i++) {
      this.pages.add(pageKey(segment, i));
      this.blocks.delete(pageKey(segment, i));
    }
  }

  private check(segment: number, offset: number, len: number): void {
    const view = this.bytes[segment];
    for (let at = offset; at < offset + len; at++) {
      assert(view[at] === POISON_BYTE, "no block is written after it is freed");
    }
  }
}

/** One number for a page of a segment. */
function pageKey(segment: number, page: number): number {
  return segment * SEGMENT_PAGES_MAX + Math.floor(page);
}
