/**
 * BytesTable: things by a name of bytes, without a string being made to look one up.
 *
 * A Map by the hash of the name, whose entries chain those of one hash. The hash is the caller's, of 32 bits and
 * with a seed that nobody outside can know, so that nobody can send names that all chain up. The names need not
 * be distinct: `find` takes a scope, and a name may occur once per scope (a key in several databases).
 */
import { bytesEqual, type ReadonlyBytes } from "./bytes.ts";

/** What a table holds: classes extend it. */
export class Named {
  readonly hash: number;
  readonly bytes: Uint8Array;
  /** Names are unique within a scope, compared by identity. */
  readonly scope: object | null;
  /** The next one of the same hash; the table's own. */
  sameHash: Named | null = null;

  constructor(hash: number, bytes: Uint8Array, scope: object | null) {
    this.hash = hash;
    this.bytes = bytes;
    this.scope = scope;
  }
}

export class BytesTable<T extends Named> {
  /** Entries in the table. */
  count = 0;
  private readonly byHash = new Map<number, T>();

  /** The entry of that name and scope, or null. */
  find(
    hash: number,
    buf: ReadonlyBytes,
    off: number,
    len: number,
    scope: object | null = null,
  ): T | null {
    let entry: Named | null = this.byHash.get(hash) ?? null;
    for (; entry !== null; entry = entry.sameHash) {
      const { bytes } = entry;
      if (entry.scope === scope && bytesEqual(bytes, 0, bytes.length, buf, off, len)) break;
    }
    return entry as T | null;
  }

  /** Adds an entry that `find` doesn't find. */
  insert(entry: T): void {
    entry.sameHash = this.byHash.get(entry.hash) ?? null;
    this.byHash.set(entry.hash, entry);
    this.count++;
  }

  /** Takes an entry out. */
  remove(entry: T): void {
    const first = this.byHash.get(entry.hash)!;
    if (first !== entry) {
      let before: Named = first;
      while (before.sameHash !== entry) before = before.sameHash!;
      before.sameHash = entry.sameHash;
    } else if (entry.sameHash === null) this.byHash.delete(entry.hash);
    else this.byHash.set(entry.hash, entry.sameHash as T);
    entry.sameHash = null;
    this.count--;
  }

  /** All entries; the table must not change meanwhile. */
  *all(): Generator<T> {
    for (const first of this.byHash.values()) {
      for (let entry: Named | null = first; entry !== null; entry = entry.sameHash) {
        yield entry as T;
      }
    }
  }
}
