/**
 * BytesTable: things by a name of bytes, without a string being made to look one up.
 *
 * A hash table with chains. The hash is the caller's, of 32 bits and with a seed that nobody outside can know, so
 * that nobody can send names that all chain up. The names need not be distinct: `find` takes a scope, and a name may
 * occur once per scope (a key in several databases).
 *
 * A Map by hash would do, but V8's Map leaves a hole where an entry was and makes itself anew when it has no room
 * left: a small one to which entries come and go does little else.
 */
import { bytesEqual, type ReadonlyBytes } from "./bytes.ts";

const BUCKETS_MIN = 16;
/** Below this part of the buckets in use the table shrinks. */
const SHRINK_BELOW = 1 / 8;

/** What a table holds: classes extend it. */
export class Named {
  readonly hash: number;
  readonly bytes: Uint8Array;
  /** Names are unique within a scope, compared by identity. */
  readonly scope: object | null;
  /** The next one in the same bucket; the table's own. */
  next: Named | null = null;

  constructor(hash: number, bytes: Uint8Array, scope: object | null) {
    this.hash = hash;
    this.bytes = bytes;
    this.scope = scope;
  }
}

export class BytesTable<T extends Named> {
  /** Entries in the table. */
  count = 0;
  private buckets: (Named | null)[] = new Array(BUCKETS_MIN).fill(null);

  /** The entry of that name and scope, or null. */
  find(
    hash: number,
    buf: ReadonlyBytes,
    off: number,
    len: number,
    scope: object | null = null,
  ): T | null {
    const { buckets } = this;
    let entry = buckets[hash & buckets.length - 1];
    for (; entry !== null; entry = entry.next) {
      if (entry.hash !== hash || entry.scope !== scope) continue;
      const { bytes } = entry;
      if (bytesEqual(bytes, 0, bytes.length, buf, off, len)) break;
    }
    return entry as T | null;
  }

  /** Adds an entry that `find` doesn't find. */
  insert(entry: T): void {
    if (this.count === this.buckets.length) this.resize(this.count * 2);
    this.count++;
    this.link(entry);
  }

  /** Takes an entry out. */
  remove(entry: T): void {
    const { buckets } = this;
    const at = entry.hash & buckets.length - 1;
    const first = buckets[at]!;
    if (first === entry) buckets[at] = entry.next;
    else {
      let before = first;
      while (before.next !== entry) before = before.next!;
      before.next = entry.next;
    }
    entry.next = null;
    this.count--;
    const { length } = buckets;
    if (length > BUCKETS_MIN && this.count < length * SHRINK_BELOW) this.resize(length / 2);
  }

  /** All entries; the table must not change meanwhile. */
  *all(): Generator<T> {
    for (const first of this.buckets) {
      for (let entry = first; entry !== null; entry = entry.next) yield entry as T;
    }
  }

  private link(entry: Named): void {
    const { buckets } = this;
    const at = entry.hash & buckets.length - 1;
    entry.next = buckets[at];
    buckets[at] = entry;
  }

  private resize(length: number): void {
    const old = this.buckets;
    this.buckets = new Array(length).fill(null);
    for (const first of old) {
      for (let entry = first; entry !== null;) {
        const { next } = entry;
        this.link(entry);
        entry = next;
      }
    }
  }
}
