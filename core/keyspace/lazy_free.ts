/**
 * LazyFree: gives back memory in slices.
 *
 * Emptying a database of ten million keys means ten million frees, a second of work. The dicts are taken
 * out of the database at once and emptied here afterwards, a bucket at a time, within the time the server
 * grants; so FLUSHALL never pauses anyone, whether it says SYNC or ASYNC.
 */
import { RefList } from "../base/ref_list.ts";
import type { Arena } from "../memory/arena.ts";
import type { Dict } from "../structures/dict.ts";
import { bodyWord, ENC_RAW, objectEncoding } from "../types/object.ts";

export class LazyFree {
  /** Entries freed by slices so far. */
  freed = 0;
  private readonly arena: Arena;
  /** Dicts whose entries are to be freed, and dicts of the same entries that have only a table. */
  private readonly queue: Dict[] = [];
  private readonly tables: Dict[] = [];
  private readonly refs = new RefList();

  constructor(arena: Arena) {
    this.arena = arena;
  }

  /** Entries waiting to be freed. */
  get pending(): number {
    let sum = 0;
    for (const dict of this.queue) sum += dict.count;
    return sum;
  }

  /** Takes over a database's dicts. */
  add(keys: Dict, expires: Dict): void {
    this.tables.push(expires);
    this.queue.push(keys);
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
    while (queue.length > 0) {
      const dict = queue[0];
      for (; left > 0 && (dict.buckets > 1 || dict.count > 0); left--) this.freeBucket(dict);
      if (dict.buckets > 1 || dict.count > 0) return true;
      dict.free();
      queue.shift();
    }
    return false;
  }

  /** Frees everything that waits. */
  drain(): void {
    while (this.step(1 << 16));
  }

  /** Frees an entry that no dict knows any more, with its value. */
  freeEntry(ref: number): void {
    this.freeValue(ref);
    this.arena.free(ref);
  }

  /** Frees the blocks an entry's body points to. */
  freeValue(ref: number): void {
    if (objectEncoding(this.arena, ref) === ENC_RAW) this.arena.free(bodyWord(this.arena, ref, 0));
  }

  private freeBucket(dict: Dict): void {
    const { refs } = this;
    refs.clear();
    dict.popBucket(refs);
    for (let i = 0; i < refs.length; i++) this.freeEntry(refs.refs[i]);
    this.freed += refs.length;
  }
}
