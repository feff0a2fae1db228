/**
 * LazyFree: gives back memory in slices.
 *
 * Emptying a database of ten million keys means ten million frees, a second of work. The dicts are taken
 * out of the database at once and emptied here afterwards, a bucket at a time, within the time the server
 * grants; so FLUSHALL never pauses anyone, whether it says SYNC or ASYNC. A large value that is deleted or
 * overwritten comes here too, some elements at a time.
 */
import { RefList } from "../base/ref_list.ts";
import type { Arena } from "../memory/arena.ts";
import type { Dict } from "../structures/dict.ts";
import type { Values } from "../types/values.ts";

/** Elements of a large value that are freed where a bucket's entries would be. */
const ELEMENTS_PER_BUCKET = 8;

export class LazyFree {
  /** Entries freed by slices so far. */
  freed = 0;
  /** Dicts that came here so far, and those that are gone. */
  private taken = 0;
  private done = 0;
  private readonly arena: Arena;
  /** Dicts whose entries are to be freed, and dicts of the same entries that have only a table. */
  private readonly queue: Dict[] = [];
  private readonly tables: Dict[] = [];
  /** Entries in no dict whose values are large. */
  private readonly big = new RefList();
  private readonly refs = new RefList();
  private readonly values: Values;

  constructor(arena: Arena, values: Values) {
    this.arena = arena;
    this.values = values;
  }

  /** Entries waiting to be freed. */
  get pending(): number {
    let sum = this.big.length;
    for (const dict of this.queue) sum += dict.count;
    return sum;
  }

  /** Takes over a database's dicts. */
  add(keys: Dict, expires: Dict): void {
    this.tables.push(expires);
    this.addEntries(keys);
  }

  /** Takes over a dict with its entries. */
  addEntries(dict: Dict): void {
    this.queue.push(dict);
    this.taken++;
  }

  /** A mark for `isFreed`: behind all dicts that are here now. */
  get mark(): number {
    return this.taken;
  }

  /** Whether the dicts before the mark are gone with all that was in them. */
  isFreed(mark: number): boolean {
    return this.done >= mark;
  }

  /** Frees the entries of about `buckets` buckets. Returns whether there is more to do. */
  step(buckets: number): boolean {
    const { tables, queue, refs } = this;
    let left = buckets;
    // The tables first: while they wait, so does at least one entry.
    while (tables.length > 0) {
      const dict = tables[0];
      for (; left > 0 && dict.buckets > 1; left--) {
        refs.clear();
        dict.popBucket(refs);
      }
      if (dict.buckets > 1) return true;
      dict.free();
      tables.shift();
    }
    left = this.freeBig(left);
    while (queue.length > 0) {
      const dict = queue[0];
      for (; left > 0 && (dict.buckets > 1 || dict.count > 0); left--) {
        this.freeBucket(dict);
        if (this.big.length > 0) left = this.freeBig(left);
      }
      // The last large values may be its own.
      if (dict.buckets > 1 || dict.count > 0 || this.big.length > 0) return true;
      dict.free();
      queue.shift();
      this.done++;
    }
    return this.big.length > 0;
  }

  /** Frees everything that waits. */
  drain(): void {
    while (this.step(1 << 16));
  }

  /** Frees an entry that no dict knows any more, with its value: a large one in slices, later. */
  freeEntry(ref: number): void {
    if (this.values.isBig(ref)) {
      this.big.push(ref);
      return;
    }
    this.values.free(ref);
    this.arena.free(ref);
  }

  /** Frees large values, as much as `left` buckets stand for. Returns how many of those are left. */
  private freeBig(left: number): number {
    const { big } = this;
    for (; big.length > 0 && left > 0; left--) {
      const ref = big.refs[big.length - 1];
      if (this.values.freeSome(ref, ELEMENTS_PER_BUCKET)) continue;
      this.arena.free(ref);
      big.length--;
      this.freed++;
    }
    return left;
  }

  private freeBucket(dict: Dict): void {
    const { big, refs } = this;
    refs.clear();
    dict.popBucket(refs);
    const bigBefore = big.length;
    for (let i = 0; i < refs.length; i++) this.freeEntry(refs.refs[i]);
    // Large values are counted when they are gone.
    this.freed += refs.length - (big.length - bigBefore);
  }
}
