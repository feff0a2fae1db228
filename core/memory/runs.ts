/**
 * Runs: 64 KiB stretches of pages cut into blocks of one size class.
 *
 * A run keeps its own list of free blocks and its own count of used ones, so a run that empties
 * goes back to the page allocator whole and may serve another class (the idea is mimalloc's, Leijen
 * et al. 2019). Blocks are taken from the list first and from the untouched end (`bump`) after it; the
 * list's links are stored in the free blocks themselves. Runs with room form a list per class, and
 * allocation takes from its head: no search.
 *
 * The books are typed arrays by run number; number 0 means none. `runOfPage` answers `free(ref)`, which
 * is given no size. Everything here is O(1) but opening a run.
 */
import { assert } from "../base/assert.ts";
import { PAGE_BYTES } from "./extents.ts";
import { CLASS_BYTES, CLASS_COUNT, RUN_BYTES } from "./size_classes.ts";

const RUN_PAGES = RUN_BYTES / PAGE_BYTES;
/** log2 of the words in a page: a ref's offset counts 8-byte words. */
const PAGE_SHIFT = 12;

/** Where runs get their pages and store their links: the arena. */
export interface PageSource {
  allocPages(pages: number): number;
  freePages(ref: number): void;
  storeI32(ref: number, off: number, value: number): void;
}

export class Runs {
  /** Runs in use. */
  count = 0;
  private readonly words: readonly Int32Array[];
  private readonly source: PageSource;
  private readonly runOfPage: Int32Array[] = [];
  /** First run with room, by class. */
  private readonly heads = new Int32Array(CLASS_COUNT);
  private start = new Int32Array(64);
  private cls = new Uint8Array(64);
  private used = new Uint16Array(64);
  private bump = new Uint16Array(64);
  private freeRef = new Int32Array(64);
  private next = new Int32Array(64);
  private prev = new Int32Array(64);
  /** Unused run numbers below `numbers`, linked through `next`. */
  private spare = 0;
  private numbers = 1;

  constructor(words: readonly Int32Array[], source: PageSource) {
    this.words = words;
    this.source = source;
  }

  /** A segment of `pages` pages was opened. */
  addSegment(pages: number): void {
    this.runOfPage.push(new Int32Array(pages));
  }

  /** The run that holds this byte, or 0 where there is a large block. */
  runAt(segment: number, offset: number): number {
    return this.runOfPage[segment][offset >>> PAGE_SHIFT];
  }

  /** Bytes of a block of this run. */
  blockBytes(run: number): number {
    return CLASS_BYTES[this.cls[run]];
  }

  /** A block of class `cls`. Throws ArenaFull. */
  alloc(cls: number): number {
    let run = this.heads[cls];
    if (run === 0) run = this.open(cls);
    const blockWords = CLASS_BYTES[cls] >>> 3;
    let ref = this.freeRef[run];
    if (ref !== 0) {
      this.freeRef[run] = this.words[ref >>> 27][(ref & 0x7ffffff) << 1];
    } else {
      ref = this.start[run] + this.bump[run] * blockWords;
      this.bump[run]++;
    }
    const used = ++this.used[run];
    if (used === runBlocks(cls)) this.unlink(run, cls);
    return ref;
  }

  /** Takes a block of `run` back. */
  free(run: number, ref: number): void {
    const cls = this.cls[run];
    const used = --this.used[run];
    if (used === runBlocks(cls) - 1) this.link(run, cls);
    if (used === 0) {
      this.rewind(run, cls);
      return;
    }
    this.source.storeI32(ref, 0, this.freeRef[run]);
    this.freeRef[run] = ref;
  }

  /** Closes the runs that were kept though they are empty. Returns whether there were any. */
  closeEmpty(): boolean {
    const before = this.count;
    for (let run = 1; run < this.numbers; run++) {
      if (this.cls[run] !== 0 && this.used[run] === 0) this.close(run);
    }
    return this.count < before;
  }

  /** Sum of the blocks in use. */
  usedBytes(): number {
    let sum = 0;
    for (let run = 1; run < this.numbers; run++) sum += this.used[run] * CLASS_BYTES[this.cls[run]];
    return sum;
  }

  /** Throws unless counts, free lists and class lists agree. */
  validateIntegrity(): void {
    let open = 0;
    for (let run = 1; run < this.numbers; run++) {
      if (this.cls[run] === 0) continue;
      open++;
      let free = 0;
      for (let ref = this.freeRef[run]; ref !== 0;) {
        const page = ((ref & 0x7ffffff) << 3) >>> PAGE_SHIFT;
        assert(this.runOfPage[ref >>> 27][page] === run, "a free block lies in its run");
        free++;
        assert(free <= this.bump[run], "a free list has no loop");
        ref = this.words[ref >>> 27][(ref & 0x7ffffff) << 1];
      }
      assert(free + this.used[run] === this.bump[run], "used and free blocks were all handed out");
    }
    assert(open === this.count, "the open runs are counted");
    for (let cls = 1; cls < CLASS_COUNT; cls++) {
      for (let run = this.heads[cls]; run !== 0; run = this.next[run]) {
        assert(this.cls[run] === cls, "a run is in the list of its class");
        assert(this.used[run] < runBlocks(cls), "a listed run has room");
      }
    }
  }

  private open(cls: number): number {
    const start = this.source.allocPages(RUN_PAGES);
    const run = this.takeNumber();
    this.start[run] = start;
    this.cls[run] = cls;
    this.used[run] = 0;
    this.bump[run] = 0;
    this.freeRef[run] = 0;
    this.markPages(start, run);
    this.link(run, cls);
    this.count++;
    return run;
  }

  /**
   * A run that emptied starts anew. Its pages go back unless it is the only run of its class with
   * room: a block that comes and goes must not open and close a run each time.
   */
  private rewind(run: number, cls: number): void {
    this.bump[run] = 0;
    this.freeRef[run] = 0;
    if (this.heads[cls] !== run || this.next[run] !== 0) this.close(run);
  }

  private close(run: number): void {
    this.unlink(run, this.cls[run]);
    this.cls[run] = 0;
    this.markPages(this.start[run], 0);
    this.source.freePages(this.start[run]);
    this.next[run] = this.spare;
    this.spare = run;
    this.count--;
  }

  private markPages(start: number, run: number): void {
    const page = ((start & 0x7ffffff) << 3) >>> PAGE_SHIFT;
    this.runOfPage[start >>> 27].fill(run, page, page + RUN_PAGES);
  }

  private link(run: number, cls: number): void {
    const head = this.heads[cls];
    this.next[run] = head;
    this.prev[run] = 0;
    if (head !== 0) this.prev[head] = run;
    this.heads[cls] = run;
  }

  private unlink(run: number, cls: number): void {
    const next = this.next[run];
    const prev = this.prev[run];
    if (next !== 0) this.prev[next] = prev;
    if (prev !== 0) this.next[prev] = next;
    else this.heads[cls] = next;
  }

  private takeNumber(): number {
    if (this.spare !== 0) {
      const run = this.spare;
      this.spare = this.next[run];
      return run;
    }
    if (this.numbers === this.start.length) this.grow();
    return this.numbers++;
  }

  private grow(): void {
    const size = this.start.length * 2;
    this.start = grown(this.start, new Int32Array(size));
    this.cls = grown(this.cls, new Uint8Array(size));
    this.used = grown(this.used, new Uint16Array(size));
    this.bump = grown(this.bump, new Uint16Array(size));
    this.freeRef = grown(this.freeRef, new Int32Array(size));
    this.next = grown(this.next, new Int32Array(size));
    this.prev = grown(this.prev, new Int32Array(size));
  }
}

/** Blocks in a run of class `cls`. */
function runBlocks(cls: number): number {
  return RUN_BYTES / CLASS_BYTES[cls] | 0;
}

function grown<T extends { set(from: T): void }>(from: T, to: T): T {
  to.set(from);
  return to;
}
