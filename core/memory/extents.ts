/**
 * Extents: which pages of a segment are in use.
 *
 * A segment is a row of 4 KiB pages, split into extents (stretches of pages) that are used or free.
 * Two free neighbours never exist: freeing joins them at once, so after everything is freed one
 * extent spans the segment again.
 *
 *     page     0   1   2   3   4   5   6   7   8   9 ...
 *     length  +1  -3   0  -3  +4   0   0   0  -n   0       ... -n
 *              |   free         used            free
 *
 * `length` is positive at the first page of a used extent and negative at the first and the last page of
 * a free one (boundary tags, Knuth, TAOCP 1, 2.5). It is 0 at every other page, so a page that begins
 * no used extent is recognized as such: freeing it is a bug that must not get further.
 *
 * Free extents hang in lists by the power of two of their length. Every extent of a longer list fits, of
 * the request's own list only some; so a few of those are tried, then the longer lists, and only then the
 * rest of the own one. The untouched end of a segment is the longest extent, hence the last to be
 * used, and the operating system gives it no memory before that.
 *
 * All of this lives outside the arena, in typed arrays that only the allocator sees: 16 bytes per
 * page, untouched (and so unpaid) where the pages are.
 */
import { assert } from "../base/assert.ts";

/** Bytes of a page, the unit of extents and of snapshots. */
export const PAGE_BYTES = 4096;

const LISTS = 20;
/** Extents of the request's own list that are tried before a longer one is split. */
const TRIES_MAX = 8;

export class Extents {
  readonly pages: number;
  /** Pages in use. */
  usedPages = 0;
  private readonly length: Int32Array;
  private readonly next: Int32Array;
  private readonly prev: Int32Array;
  private readonly heads = new Int32Array(LISTS).fill(-1);

  /** A segment of `pages` pages, all free. */
  constructor(pages: number) {
    assert(pages > 0 && pages <= 1 << 19, "a segment has 1 to 524,288 pages");
    this.pages = pages;
    this.length = new Int32Array(pages);
    this.next = new Int32Array(pages);
    this.prev = new Int32Array(pages);
    this.addFree(0, pages);
  }

  /** Takes `count` pages in a row. Returns the first page, or -1 when no free extent is that long. */
  alloc(count: number): number {
    const page = this.findFree(count);
    if (page < 0) return -1;
    const free = -this.length[page];
    this.removeFree(page);
    this.length[page] = count;
    if (free > count) this.addFree(page + count, free - count);
    this.usedPages += count;
    return page;
  }

  /**
   * Takes up to `max` pages in a row, as many as one of the longest free extents has. Returns the first page, whose
   * extent says how many they are, or -1 when all are in use.
   */
  allocLongest(max: number): number {
    for (let list = LISTS - 1; list >= 0; list--) {
      const page = this.heads[list];
      if (page >= 0) return this.alloc(Math.min(max, -this.length[page]));
    }
    return -1;
  }

  /** Stores `value` for each free page into `out`, which has an element per page. */
  markFree(out: Int32Array, value: number): void {
    for (let list = 0; list < LISTS; list++) {
      for (let page = this.heads[list]; page >= 0; page = this.next[page]) {
        out.fill(value, page, page - this.length[page]);
      }
    }
  }

  /** Pages of the used extent that begins at `page`. */
  pagesAt(page: number): number {
    const count = this.length[page];
    assert(count > 0, "the page begins a used extent");
    return count;
  }

  /** Gives back the extent that begins at `page` and joins it with free neighbours. */
  free(page: number): void {
    let first = page;
    let count = this.pagesAt(page);
    this.usedPages -= count;
    this.length[page] = 0;
    const after = page + count;
    if (after < this.pages && this.length[after] < 0) {
      count += -this.length[after];
      this.removeFree(after);
    }
    if (first > 0 && this.length[first - 1] < 0) {
      const before = -this.length[first - 1];
      first -= before;
      count += before;
      this.removeFree(first);
    }
    this.addFree(first, count);
  }

  /** Makes the extent at `page` `count` pages long where it lies. False when the room is taken. */
  resize(page: number, count: number): boolean {
    const old = this.pagesAt(page);
    if (count === old) return true;
    const after = page + old;
    const room = after < this.pages && this.length[after] < 0 ? -this.length[after] : 0;
    if (count > old + room) return false;
    if (room > 0) this.removeFree(after);
    this.length[page] = count;
    if (old + room > count) this.addFree(page + count, old + room - count);
    this.usedPages += count - old;
    return true;
  }

  /** Pages of the longest free extent. */
  longestFree(): number {
    for (let list = LISTS - 1; list >= 0; list--) {
      let longest = 0;
      for (let page = this.heads[list]; page >= 0; page = this.next[page]) {
        longest = Math.max(longest, -this.length[page]);
      }
      if (longest > 0) return longest;
    }
    return 0;
  }

  /** Throws unless the tags, the lists and the count of used pages agree. */
  validateIntegrity(): void {
    let used = 0;
    let freeExtents = 0;
    let lastFree = false;
    for (let page = 0; page < this.pages;) {
      const tag = this.length[page];
      const count = Math.abs(tag);
      assert(count > 0 && page + count <= this.pages, "an extent lies within the segment");
      for (let inner = page + 1; inner < page + count; inner++) {
        const isEnd = tag < 0 && inner === page + count - 1;
        assert(this.length[inner] === (isEnd ? tag : 0), "only the ends of an extent have tags");
      }
      assert(!(lastFree && tag < 0), "free neighbours are joined");
      if (tag > 0) used += count;
      else freeExtents++;
      lastFree = tag < 0;
      page += count;
    }
    assert(used === this.usedPages, "the used pages are counted");
    for (let list = 0; list < LISTS; list++) {
      for (let page = this.heads[list]; page >= 0; page = this.next[page]) {
        assert(listOf(-this.length[page]) === list, "a free extent is in the list of its length");
        freeExtents--;
      }
    }
    assert(freeExtents === 0, "every free extent is in one list");
  }

  /** First page of a free extent of at least `count` pages, or -1. */
  private findFree(count: number): number {
    const own = listOf(count);
    let tries = 0;
    let page = this.heads[own];
    for (; page >= 0 && tries < TRIES_MAX; page = this.next[page], tries++) {
      if (-this.length[page] >= count) return page;
    }
    for (let list = own + 1; list < LISTS; list++) {
      if (this.heads[list] >= 0) return this.heads[list];
    }
    while (page >= 0 && -this.length[page] < count) page = this.next[page];
    return page;
  }

  private addFree(page: number, count: number): void {
    this.length[page] = -count;
    this.length[page + count - 1] = -count;
    const list = listOf(count);
    const head = this.heads[list];
    this.next[page] = head;
    this.prev[page] = -1;
    if (head >= 0) this.prev[head] = page;
    this.heads[list] = page;
  }

  private removeFree(page: number): void {
    const count = -this.length[page];
    const next = this.next[page];
    const prev = this.prev[page];
    if (next >= 0) this.prev[next] = prev;
    if (prev >= 0) this.next[prev] = next;
    else this.heads[listOf(count)] = next;
    this.length[page] = 0;
    this.length[page + count - 1] = 0;
  }
}

/** List of the free extents of `count` pages: the power of two below it. */
function listOf(count: number): number {
  return 31 - Math.clz32(count);
}
