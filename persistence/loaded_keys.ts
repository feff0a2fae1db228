/**
 * LoadedKeys: entries that were read from a file and are about to be put into their database, a batch at a time.
 *
 * Putting a key in means looking for it, and with millions of keys that is a wait for memory: 100 ns and more, one key
 * after the other. A batch has all its buckets fetched at once, as the requests of a pipeline have (server/batch.ts).
 * CPU time of a load of 600,000 small collections: 950 to 840 ms, and 700 with a table that has its size from the start
 * (`Dict.reserve`).
 */
import type { Db } from "../core/keyspace/db.ts";
import type { Keyspace } from "../core/keyspace/keyspace.ts";
import { TOUCH_MAX } from "../core/structures/dict.ts";
import { ByteRange } from "../core/types/t_string.ts";

export class LoadedKeys {
  private readonly keyspace: Keyspace;
  private readonly refs = new Int32Array(TOUCH_MAX);
  private readonly hashes = new Int32Array(TOUCH_MAX);
  private readonly offs = new Int32Array(TOUCH_MAX);
  private readonly key = new ByteRange();
  private count = 0;

  constructor(keyspace: Keyspace) {
    this.keyspace = keyspace;
  }

  /** Whether another one has to wait for `publish`. */
  get isFull(): boolean {
    return this.count === TOUCH_MAX;
  }

  /** Takes an entry that no dict knows. */
  add(ref: number): void {
    this.refs[this.count] = ref;
    this.hashes[this.count++] = this.keyspace.hashOf(ref);
  }

  /**
   * Puts all entries into `db`. Where a key is there already, and `replaces` is false, that entry and those after it
   * remain here, and the key is returned. Throws ArenaFull.
   */
  publish(db: Db, replaces: boolean): ByteRange | null {
    const { keyspace, key, refs, hashes, offs } = this;
    const { count } = this;
    db.keys.touchBuckets(hashes, count);
    let done = 0;
    try {
      for (; done < count; done++) {
        keyspace.readKey(refs[done], key);
        offs[done] = key.off;
        keyspace.hintKeys(key.buf, offs, hashes, done, done + 1);
        const old = keyspace.lookupKey(db, key.buf, key.off, key.len);
        if (old !== 0 && !replaces) return key;
        const ref = refs[done];
        refs[done] = 0;
        keyspace.publish(db, old, ref);
      }
      return null;
    } finally {
      keyspace.clearHints();
      this.count = 0;
      for (let i = done; i < count; i++) if (refs[i] !== 0) refs[this.count++] = refs[i];
    }
  }

  /** Frees all entries. */
  discard(): void {
    while (this.count > 0) this.keyspace.discard(this.refs[--this.count]);
  }
}
