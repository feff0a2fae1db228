/**
 * CopyOnWrite: the arena as it was at one moment, while stores to it go on. What fork gives a process, without fork.
 *
 *     state of a page          one int32 per page, shared with who reads the image
 *       PAGE_LIVE   0            as it was: read it where it is
 *       PAGE_NEW   -1            was free at the moment: not part of the image, may be changed at will
 *       PAGE_LOST  -2            the image is lost
 *       a ref                    changed since: the copy of what it was is there
 *
 * The writer (this class, as the arena's `preserver`) sees each stretch before it is changed. For every page of
 * it in state PAGE_LIVE it copies the page, then exchanges the state for the copy's ref, and only then lets the
 * store happen. The reader (FrozenBlocks, mostly in another thread) copies the bytes it wants, then adds 0 to the
 * state. Both are read-modify-writes of one word, so they have an order: either the reader's came first,
 * then its bytes were taken before the store, or it sees the copy's ref and takes the bytes from there. Nobody
 * waits for anybody, and what the reader copied in vain is never looked at.
 *
 * Copies lie in free pages of the arena itself, which the reader has at hand; pages are set aside for all that are
 * in use, as they cost nothing until they are touched. If there aren't enough of them, which takes an arena that
 * is more than half full, the image may be lost: stores go on and the reader is told by the states.
 *
 * Cost: with no snapshot a branch per store. With one, 3 to 4 us for the first store to a page, then a call
 * and a look at the state. The first moment: a word per page of the segments, well below a millisecond.
 *
 * The protocol needs nothing but a total order of atomic operations on one word, which JavaScript's memory model has.
 */
import type { Extents } from "./extents.ts";
import { PAGE_BYTES } from "./extents.ts";

export const PAGE_LIVE = 0;
export const PAGE_NEW = -1;
export const PAGE_LOST = -2;
/** log2 of PAGE_BYTES. */
export const PAGE_SHIFT = 12;

/** What a reader of the image needs; all of it can be sent to a worker. */
export interface FrozenImage {
  /** The segments' buffers. */
  readonly segments: SharedArrayBuffer[];
  /** The states of each segment's pages. */
  readonly states: SharedArrayBuffer[];
}

/** Where pages for copies come from, and who is to have the stores shown: the arena. */
export interface CowHost {
  preserver: CopyOnWrite | null | { preserve(segment: number, offset: number, len: number): void };
  lendPages(pages: number): number;
  returnPages(ref: number): void;
}

export class CopyOnWrite {
  /** Whether an image is being kept. */
  isActive = false;
  /** Whether it is lost. */
  isLost = false;
  /** Pages copied for it, or for the last one. */
  copiedPages = 0;

  private readonly bytes: readonly Uint8Array[];
  private readonly extents: readonly Extents[];
  private readonly host: CowHost;
  private readonly states: Int32Array[] = [];
  /** Segments that are part of the image. */
  private segments = 0;
  /** Lent pages: refs of the stretches, and what is left of the one in use. */
  private readonly lent: number[] = [];
  private lentAt = 0;
  private nextCopy = 0;
  private copiesLeft = 0;

  constructor(bytes: readonly Uint8Array[], extents: readonly Extents[], host: CowHost) {
    this.bytes = bytes;
    this.extents = extents;
    this.host = host;
  }

  /** Begins to keep the image of now; `pages` are in use. */
  begin(pages: number): FrozenImage {
    this.borrow(pages);
    const segments = this.bytes.length;
    for (let i = 0; i < segments; i++) {
      if (i === this.states.length) {
        this.states.push(new Int32Array(new SharedArrayBuffer(this.extents[i].pages * 4)));
      }
      this.extents[i].markFree(this.states[i], PAGE_NEW);
    }
    this.segments = segments;
    this.copiedPages = 0;
    this.isLost = false;
    this.isActive = true;
    this.host.preserver = this;
    return {
      segments: this.bytes.map((view) => view.buffer as SharedArrayBuffer),
      states: this.states.slice(0, segments).map((view) => view.buffer as SharedArrayBuffer),
    };
  }

  /** Ends it. */
  end(): void {
    this.isActive = false;
    this.host.preserver = null;
    for (let i = 0; i < this.segments; i++) this.states[i].fill(PAGE_LIVE);
    for (const ref of this.lent) this.host.returnPages(ref);
    this.lent.length = 0;
  }

  /** `len` bytes, one at least, are about to be changed. */
  preserve(segment: number, offset: number, len: number): void {
    if (segment >= this.segments) return;
    const states = this.states[segment];
    const last = (offset + len - 1) >>> PAGE_SHIFT;
    for (let page = offset >>> PAGE_SHIFT; page <= last; page++) {
      if (states[page] === PAGE_LIVE) this.copyPage(segment, page);
    }
  }

  private copyPage(segment: number, page: number): void {
    if (this.copiesLeft === 0 && !this.takeNextStretch()) return this.lose();
    const copy = this.nextCopy;
    this.nextCopy += PAGE_BYTES >> 3;
    this.copiesLeft--;
    this.copiedPages++;
    const from = page << PAGE_SHIFT;
    const source = this.bytes[segment].subarray(from, from + PAGE_BYTES);
    this.bytes[copy >>> 27].set(source, (copy & 0x7ffffff) << 3);
    Atomics.exchange(this.states[segment], page, copy);
  }

  /** Borrows pages for as many copies. */
  private borrow(pages: number): void {
    this.lentAt = 0;
    this.copiesLeft = 0;
    while (pages > 0) {
      const ref = this.host.lendPages(pages);
      if (ref === 0) return;
      this.lent.push(ref);
      pages -= this.pagesAt(ref);
    }
  }

  private takeNextStretch(): boolean {
    if (this.lentAt === this.lent.length) return false;
    const ref = this.lent[this.lentAt++];
    this.nextCopy = ref;
    this.copiesLeft = this.pagesAt(ref);
    return true;
  }

  private pagesAt(ref: number): number {
    return this.extents[ref >>> 27].pagesAt(((ref & 0x7ffffff) << 3) >>> PAGE_SHIFT);
  }

  /** Gives the image up; the reader is told before anything more changes. */
  private lose(): void {
    this.isLost = true;
    this.host.preserver = null;
    for (let i = 0; i < this.segments; i++) {
      this.states[i].fill(PAGE_LOST);
      Atomics.exchange(this.states[i], 0, PAGE_LOST);
    }
  }
}
