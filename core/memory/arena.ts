/**
 * The arena: where everything that outlives a command lives.
 *
 * Keys, values and the tables that find them are bytes in SharedArrayBuffers. The garbage collector
 * never walks them, they cost a fraction of the same data as JavaScript objects, and a snapshot
 * worker can read them while the server goes on.
 *
 *     ref     31      27 26                              0
 *             +---------+---------------------------------+
 *             | segment |        byte offset >>> 3        |      0 is null
 *             +---------+---------------------------------+
 *
 *     segment   up to 1 GiB of address space; the system pays for pages when they are touched
 *       extent    whole 4 KiB pages, one large block or one run          extents.ts
 *         run       64 KiB cut into blocks of one size class             runs.ts, size_classes.ts
 *
 * Thirty-two segments of 1 GiB are the limit. A segment is opened when the others are full, at
 * `segmentBytes` each (small where the arena is embedded in another program), or longer for one
 * block that needs it.
 *
 * Stores. Only this folder writes into segments. Everybody else sees them through `u8`, `i32`, `u32`
 * and `f64`, whose types refuse assignment, and stores through the writers below (`storeI32`,
 * `copyIn`, `move`, ...). Each writer first shows the stretch it is about to change to the
 * `preserver`, if there is one: that is where a running snapshot saves the old page. With none it
 * costs one predictable branch.
 *
 * Ownership. `alloc` gives a block, `free` takes it back; nothing else keeps track. `usedBytes` is
 * exact: the sum of the block sizes handed out. An arena that is full throws the one `ArenaFull`
 * object from `alloc` and `realloc`; whoever changes data allocates first and changes afterwards,
 * so the command that runs into it has changed nothing.
 */
import { assert } from "../base/assert.ts";
import { copyBytes, type ReadonlyBytes } from "../base/bytes.ts";
import { copyWords, isShortCopy, LastView, type ReadonlyView } from "../base/readonly_view.ts";
import { CopyOnWrite, type FrozenImage } from "./copy_on_write.ts";
import { Extents, PAGE_BYTES } from "./extents.ts";
import { Poison, POISON_BYTE } from "./poison.ts";
import { Runs } from "./runs.ts";
import { CLASS_BYTES, classOfSize, RUN_BYTES, SMALL_MAX_BYTES } from "./size_classes.ts";

/** Arena memory as everyone outside core/memory sees it. */
export interface ReadonlyWords {
  readonly length: number;
  readonly [index: number]: number;
}

/** Sees every stretch of bytes, one at least, before it is changed. */
export interface Preserver {
  preserve(segment: number, offset: number, len: number): void;
}

/** Thrown by `alloc` and `realloc` when the arena has no room; always the object `ARENA_FULL`. */
export class ArenaFull extends Error {
  override name = "ArenaFull";
}
export const ARENA_FULL: ArenaFull = new ArenaFull("the arena is full");

export interface ArenaOptions {
  /** Bytes of a segment, a multiple of 64 KiB, at most 1 GiB. */
  segmentBytes?: number;
  /** Most segments that may be opened, 1 to 32. */
  segmentsMax?: number;
  /** Notice stores to freed blocks and double frees (poison.ts). For tests. */
  poison?: boolean;
}

export const SEGMENT_BYTES_MAX: number = 1 << 30;
const SEGMENTS_MAX = 32;
/** Mask of the offset part of a ref. */
export const REF_OFFSET_MASK: number = (1 << 27) - 1;

/** Offset of a ref in its segment, in bytes. */
export function refOffset(ref: number): number {
  return (ref & REF_OFFSET_MASK) << 3;
}

const sources = new LastView();

export class Arena {
  /** The segments, as bytes, words and doubles; the index is `ref >>> 27`. */
  readonly u8: readonly ReadonlyBytes[];
  readonly i32: readonly ReadonlyWords[];
  readonly f64: readonly ReadonlyWords[];
  /** The same for words at any offset. */
  readonly views: readonly ReadonlyView[];
  /** Bytes handed out and not yet freed, at block sizes. */
  usedBytes = 0;
  /** The highest `usedBytes` has been. */
  peakBytes = 0;
  /** Blocks handed out and not yet freed. */
  liveBlocks = 0;
  /** Set while a snapshot runs. */
  preserver: Preserver | null = null;

  private readonly bytes: Uint8Array[] = [];
  private readonly words: Int32Array[] = [];
  private readonly doubles: Float64Array[] = [];
  private readonly anywhere: DataView[] = [];
  private readonly extents: Extents[] = [];
  private readonly runs: Runs;
  private readonly segmentBytes: number;
  /** Pages of the segments that are open, and of as many as may be opened yet. */
  private pagesMax = 0;
  private committedPages = 0;
  /** Pages lent to a snapshot. */
  private lentPages = 0;
  private readonly cow: CopyOnWrite;
  private readonly segmentsMax: number;
  private readonly poison: Poison | null;

  constructor(options: ArenaOptions = {}) {
    this.segmentBytes = options.segmentBytes ?? SEGMENT_BYTES_MAX;
    this.segmentsMax = options.segmentsMax ?? SEGMENTS_MAX;
    this.poison = options.poison ? new Poison(this.bytes) : null;
    assert(this.segmentBytes % (1 << 16) === 0, "a segment is a multiple of 64 KiB");
    assert(this.segmentBytes <= SEGMENT_BYTES_MAX, "a segment is at most 1 GiB");
    assert(this.segmentsMax >= 1 && this.segmentsMax <= SEGMENTS_MAX, "1 to 32 segments");
    this.u8 = this.bytes;
    this.i32 = this.words;
    this.f64 = this.doubles;
    this.views = this.anywhere;
    this.runs = new Runs(this.words, this);
    this.cow = new CopyOnWrite(this.bytes, this.extents, this);
    this.pagesMax = this.segmentsMax * (this.segmentBytes / PAGE_BYTES);
    this.openSegment(this.segmentBytes);
    // Page 0 of segment 0 is never handed out: its offset is the null ref.
    this.extents[0].alloc(1);
    this.committedPages = 1;
  }

  /** Number of segments opened so far. */
  get segmentCount(): number {
    return this.bytes.length;
  }

  /** In poison mode the refs of all live blocks, to find what leaked; otherwise null. */
  get liveRefs(): ReadonlySet<number> | null {
    return this.poison === null ? null : this.poison.live;
  }

  /** The shared buffers, for a worker that reads them. */
  get buffers(): SharedArrayBuffer[] {
    return this.bytes.map((view) => view.buffer as SharedArrayBuffer);
  }

  /** Bytes of pages in use: blocks, and the unused rest of their runs. */
  get committedBytes(): number {
    return this.committedPages * PAGE_BYTES;
  }

  /** Bytes that can still be committed, as if no stretch of pages were broken up. */
  get headroomBytes(): number {
    return (this.pagesMax - this.committedPages - this.lentPages) * PAGE_BYTES;
  }

  /** Bytes a block of `size` bytes really takes. */
  static blockBytes(size: number): number {
    if (size <= SMALL_MAX_BYTES) return CLASS_BYTES[classOfSize(size)];
    return Math.ceil(size / PAGE_BYTES) * PAGE_BYTES;
  }

  /**
   * A block of at least `size` bytes, 8-byte aligned, contents undefined. Throws ArenaFull when there is
   * no room for it, which is always so above 1 GiB.
   */
  alloc(size: number): number {
    assert(size > 0, "a block has a size");
    let ref: number;
    let got: number;
    if (size <= SMALL_MAX_BYTES) {
      const cls = classOfSize(size);
      ref = this.runs.alloc(cls);
      got = CLASS_BYTES[cls];
    } else {
      ref = this.allocPages(Math.ceil(size / PAGE_BYTES));
      got = Math.ceil(size / PAGE_BYTES) * PAGE_BYTES;
    }
    this.usedBytes += got;
    this.liveBlocks++;
    if (this.usedBytes > this.peakBytes) this.peakBytes = this.usedBytes;
    if (this.poison !== null) this.poison.blockTaken(ref, ref >>> 27, refOffset(ref), got);
    return ref;
  }

  /** Takes the block at `ref` back. */
  free(ref: number): void {
    if (this.poison !== null) this.poison.blockFreed(ref);
    const size = this.usable(ref);
    this.usedBytes -= size;
    this.liveBlocks--;
    assert(this.usedBytes >= 0, "no block is freed twice");
    const segment = ref >>> 27;
    const offset = refOffset(ref);
    const run = this.runs.runAt(segment, offset);
    if (run === 0) {
      this.freePages(ref);
      return;
    }
    if (this.poison !== null) {
      this.fill(ref, 0, size, POISON_BYTE);
      this.poison.blockFilled(ref, segment, offset);
    }
    this.runs.free(run, ref);
  }

  /** Bytes that may be used in the block at `ref`. */
  usable(ref: number): number {
    const segment = ref >>> 27;
    const offset = refOffset(ref);
    const run = this.runs.runAt(segment, offset);
    if (run !== 0) return this.runs.blockBytes(run);
    assert(offset % PAGE_BYTES === 0, "a large block begins at a page");
    return this.extents[segment].pagesAt(offset / PAGE_BYTES) * PAGE_BYTES;
  }

  /**
   * The block at `ref` with room for `size` bytes: the same one where it fits its class or can
   * grow or shrink in place, otherwise a new one with the old contents, the old one freed.
   */
  realloc(ref: number, size: number): number {
    const have = this.usable(ref);
    if (Arena.blockBytes(size) === have) return ref;
    if (have > SMALL_MAX_BYTES && size > SMALL_MAX_BYTES && this.resizeLarge(ref, size)) return ref;
    const moved = this.alloc(size);
    this.copyBlock(moved, 0, ref, 0, Math.min(have, size));
    this.free(ref);
    return moved;
  }

  /** Stores a byte `off` bytes into the block. */
  storeU8(ref: number, off: number, value: number): void {
    const segment = ref >>> 27;
    const at = ((ref & REF_OFFSET_MASK) << 3) + off;
    if (this.preserver !== null) this.preserver.preserve(segment, at, 1);
    this.bytes[segment][at] = value;
  }

  /** Stores 32 bits `off` bytes into the block; `off` is a multiple of 4. */
  storeI32(ref: number, off: number, value: number): void {
    const segment = ref >>> 27;
    const at = ((ref & REF_OFFSET_MASK) << 3) + off;
    if (this.preserver !== null) this.preserver.preserve(segment, at, 4);
    this.words[segment][at >> 2] = value;
  }

  /** Stores three times 32 bits, one behind the other. */
  storeThree(ref: number, off: number, first: number, second: number, third: number): void {
    const segment = ref >>> 27;
    const at = ((ref & REF_OFFSET_MASK) << 3) + off;
    if (this.preserver !== null) this.preserver.preserve(segment, at, 12);
    const words = this.words[segment];
    words[at >> 2] = first;
    words[(at >> 2) + 1] = second;
    words[(at >> 2) + 2] = third;
  }

  /** Stores a double `off` bytes into the block; `off` is a multiple of 8. */
  storeF64(ref: number, off: number, value: number): void {
    const segment = ref >>> 27;
    const at = ((ref & REF_OFFSET_MASK) << 3) + off;
    if (this.preserver !== null) this.preserver.preserve(segment, at, 8);
    this.doubles[segment][at >> 3] = value;
  }

  /** Copies `len` bytes of `src`, from `srcOff` on, to `off` in the block. */
  copyIn(ref: number, off: number, src: ReadonlyBytes, srcOff: number, len: number): void {
    const segment = ref >>> 27;
    const at = ((ref & REF_OFFSET_MASK) << 3) + off;
    if (this.preserver !== null && len > 0) this.preserver.preserve(segment, at, len);
    if (isShortCopy(len)) copyWords(this.anywhere[segment], at, sources.of(src), srcOff, len);
    else copyBytes(this.bytes[segment], at, src, srcOff, len);
  }

  /** Stores a byte, `len` bytes of `src` from `srcOff` on, and another byte, to `off` in the block. */
  copyFramed(
    ref: number,
    off: number,
    first: number,
    src: ReadonlyBytes,
    srcOff: number,
    len: number,
    last: number,
  ): void {
    const segment = ref >>> 27;
    const at = ((ref & REF_OFFSET_MASK) << 3) + off;
    if (this.preserver !== null) this.preserver.preserve(segment, at, len + 2);
    const bytes = this.bytes[segment];
    bytes[at] = first;
    copyBytes(bytes, at + 1, src, srcOff, len);
    bytes[at + len + 1] = last;
  }

  /** Copies between two blocks that don't overlap. */
  copyBlock(ref: number, off: number, srcRef: number, srcOff: number, len: number): void {
    this.copyIn(ref, off, this.bytes[srcRef >>> 27], refOffset(srcRef) + srcOff, len);
  }

  /** Moves `len` bytes within a block; the stretches may overlap. */
  move(ref: number, off: number, fromOff: number, len: number): void {
    const segment = ref >>> 27;
    const base = refOffset(ref);
    if (this.preserver !== null && len > 0) this.preserver.preserve(segment, base + off, len);
    this.bytes[segment].copyWithin(base + off, base + fromOff, base + fromOff + len);
  }

  /** Moves `count` words within a block, as `move` would; for a few dozen it takes a third of the time. */
  moveWords(ref: number, off: number, fromOff: number, count: number): void {
    const segment = ref >>> 27;
    const base = refOffset(ref);
    if (this.preserver !== null && count > 0) {
      this.preserver.preserve(segment, base + off, count << 2);
    }
    const words = this.words[segment];
    const to = (base + off) >> 2;
    const from = (base + fromOff) >> 2;
    if (to < from) { for (let i = 0; i < count; i++) words[to + i] = words[from + i]; }
    else for (let i = count - 1; i >= 0; i--) words[to + i] = words[from + i];
  }

  /** The same for doubles. */
  moveDoubles(ref: number, off: number, fromOff: number, count: number): void {
    const segment = ref >>> 27;
    const base = refOffset(ref);
    if (this.preserver !== null && count > 0) {
      this.preserver.preserve(segment, base + off, count << 3);
    }
    const doubles = this.doubles[segment];
    const to = (base + off) >> 3;
    const from = (base + fromOff) >> 3;
    if (to < from) { for (let i = 0; i < count; i++) doubles[to + i] = doubles[from + i]; }
    else for (let i = count - 1; i >= 0; i--) doubles[to + i] = doubles[from + i];
  }

  /** Fills `len` bytes with one value. */
  fill(ref: number, off: number, len: number, value: number): void {
    const segment = ref >>> 27;
    const at = refOffset(ref) + off;
    if (this.preserver !== null && len > 0) this.preserver.preserve(segment, at, len);
    this.bytes[segment].fill(value, at, at + len);
  }

  /**
   * Pages for a run or a large block. When no segment has them, another one is opened; when that can't
   * be, the runs that were kept though they are empty give theirs up.
   */
  allocPages(pages: number): number {
    if (pages > SEGMENT_BYTES_MAX / PAGE_BYTES) throw ARENA_FULL;
    for (let segment = 0; segment < this.extents.length; segment++) {
      const page = this.extents[segment].alloc(pages);
      if (page < 0) continue;
      this.committedPages += pages;
      if (this.poison !== null) this.poison.pagesTaken(segment, page, pages);
      return segment << 27 | page * (PAGE_BYTES / 8);
    }
    const bytes = Math.max(this.segmentBytes, Math.ceil(pages * PAGE_BYTES / 65536) * 65536);
    if (this.bytes.length < this.segmentsMax) this.openSegment(bytes);
    else if (!this.runs.closeEmpty()) throw ARENA_FULL;
    return this.allocPages(pages);
  }

  /** Gives back what `allocPages` gave. */
  freePages(ref: number): void {
    const extents = this.extents[ref >>> 27];
    const page = refOffset(ref) / PAGE_BYTES;
    const pages = extents.pagesAt(page);
    if (this.poison !== null) this.poisonPages(this.poison, ref, 0, pages);
    this.committedPages -= pages;
    extents.free(page);
  }

  // Snapshots.

  /** Whether a snapshot is being taken. */
  get isFrozen(): boolean {
    return this.cow.isActive;
  }

  /** Bytes that were copied because they changed while a snapshot was taken: the one under way, or the last. */
  get copiedBytes(): number {
    return this.cow.copiedPages * PAGE_BYTES;
  }

  /** Whether the snapshot under way is lost because there was no memory for copies. */
  get isImageLost(): boolean {
    return this.cow.isLost;
  }

  /**
   * Keeps all bytes as they are now, for whoever reads them through a FrozenBlocks, until `thaw`. Stores go
   * on and copy what they change first.
   */
  freeze(): FrozenImage {
    assert(!this.isFrozen, "one snapshot at a time");
    // Copies may take half of what is left, so that the data can grow too.
    const half = Math.floor(this.headroomBytes / PAGE_BYTES / 2);
    return this.cow.begin(Math.min(this.committedPages, half));
  }

  /** Ends the snapshot; nobody reads its image any more. */
  thaw(): void {
    this.cow.end();
  }

  /** Lends out up to `pages` free pages in a row, opening a segment where need be. 0: there are none. */
  lendPages(pages: number): number {
    let segment = this.extents.length - 1;
    let page = this.extents[segment].allocLongest(pages);
    if (page < 0) {
      if (this.bytes.length === this.segmentsMax || !this.triesToOpenSegment()) return 0;
      page = this.extents[++segment].allocLongest(pages);
    }
    const count = this.extents[segment].pagesAt(page);
    this.lentPages += count;
    if (this.poison !== null) this.poison.pagesTaken(segment, page, count);
    return segment << 27 | page * (PAGE_BYTES / 8);
  }

  /** Takes lent pages back. */
  returnPages(ref: number): void {
    const extents = this.extents[ref >>> 27];
    const page = refOffset(ref) / PAGE_BYTES;
    const pages = extents.pagesAt(page);
    if (this.poison !== null) this.poisonPages(this.poison, ref, 0, pages);
    this.lentPages -= pages;
    extents.free(page);
  }

  /** Throws unless the allocator's own books agree with each other. */
  validateIntegrity(): void {
    for (const extents of this.extents) extents.validateIntegrity();
    this.runs.validateIntegrity();
    let pages = 0;
    for (const extents of this.extents) pages += extents.usedPages;
    assert(pages === this.committedPages + this.lentPages, "the pages in use are counted");
    const large = this.committedPages - this.runs.count * (RUN_BYTES / PAGE_BYTES) - 1;
    assert(
      large * PAGE_BYTES + this.runs.usedBytes() === this.usedBytes,
      "the used bytes are the blocks in runs and the large blocks",
    );
  }

  private resizeLarge(ref: number, size: number): boolean {
    const extents = this.extents[ref >>> 27];
    const page = refOffset(ref) / PAGE_BYTES;
    const old = extents.pagesAt(page);
    const pages = Math.ceil(size / PAGE_BYTES);
    if (!extents.resize(page, pages)) return false;
    if (this.poison !== null) {
      if (pages < old) this.poisonPages(this.poison, ref, pages, old - pages);
      else this.poison.pagesTaken(ref >>> 27, page + old, pages - old);
    }
    this.usedBytes += (pages - old) * PAGE_BYTES;
    this.committedPages += pages - old;
    if (this.usedBytes > this.peakBytes) this.peakBytes = this.usedBytes;
    return true;
  }

  private triesToOpenSegment(): boolean {
    try {
      this.openSegment(this.segmentBytes);
      return true;
    } catch (error) {
      if (error !== ARENA_FULL) throw error;
      return false;
    }
  }

  private openSegment(bytes: number): void {
    let buffer: SharedArrayBuffer;
    try {
      buffer = new SharedArrayBuffer(bytes);
    } catch {
      throw ARENA_FULL; // The process may not have that much address space.
    }
    // It takes the place of one of the usual size.
    this.pagesMax += (bytes - this.segmentBytes) / PAGE_BYTES;
    this.bytes.push(new Uint8Array(buffer));
    this.words.push(new Int32Array(buffer));
    this.doubles.push(new Float64Array(buffer));
    this.anywhere.push(new DataView(buffer));
    this.extents.push(new Extents(bytes / PAGE_BYTES));
    this.runs.addSegment(bytes / PAGE_BYTES);
  }

  /** Fills `count` pages of the block at `ref`, from its page `first` on: they are about to be free. */
  private poisonPages(poison: Poison, ref: number, first: number, count: number): void {
    this.fill(ref, first * PAGE_BYTES, count * PAGE_BYTES, POISON_BYTE);
    poison.pagesFilled(ref >>> 27, refOffset(ref) / PAGE_BYTES + first, count);
  }
}
