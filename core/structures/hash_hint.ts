/**
 * HashHint: the hash of an element, known before the command runs that looks for it.
 *
 * Whoever fetches what the requests of a pipeline will need (core/server/batch.ts) computes the hashes of their
 * members and fields, and leaves the one of the next request here, so that the type needn't compute it again. A
 * hint says: the bytes at this offset of this buffer have that hash. It is good as long as the buffer is not
 * reused, whatever the element is looked for in, since all dicts of a keyspace have the same seed.
 */
import type { ReadonlyBytes } from "../base/bytes.ts";
import { hashBytes } from "../base/hash.ts";
import { LastView } from "../base/readonly_view.ts";

export class HashHint {
  private readonly k0: number;
  private readonly k1: number;
  private readonly views = new LastView();
  private buf: ReadonlyBytes | null = null;
  private off = 0;
  private len = 0;
  private known = 0;

  /** The seed's two words. */
  constructor(k0: number, k1: number) {
    this.k0 = k0 | 0;
    this.k1 = k1 | 0;
  }

  /** The bytes there have this hash. */
  set(buf: ReadonlyBytes, off: number, len: number, hash: number): void {
    this.buf = buf;
    this.off = off;
    this.len = len;
    this.known = hash;
  }

  /** Forgets the hint: its buffer is about to be reused. */
  clear(): void {
    this.buf = null;
  }

  /** Hash of these bytes, as Dict.hash. */
  hash(buf: ReadonlyBytes, off: number, len: number): number {
    if (off === this.off && buf === this.buf && len === this.len) return this.known;
    return hashBytes(this.views.of(buf), off, len, this.k0, this.k1);
  }
}
