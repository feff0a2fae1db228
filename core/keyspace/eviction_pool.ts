/**
 * Eviction pool: the best candidates for eviction that samples have brought up so far.
 *
 * A few keys chosen at random are a poor approximation of the least recently used key of all. So the good ones
 * among those that were not needed are kept, and compete with the next sample: the idea of Redis's
 * evictionPoolEntry (Salvatore Sanfilippo, Redis 3.0).
 *
 * A candidate is the ref of an entry, and the entry may be gone, moved or used again before its turn comes. The
 * hash finds out whether the ref is still a key's entry; `stamp`, which is what the score was made of, whether it
 * was used meanwhile. Scores don't depend on when they were taken (the time of the last access, not the time
 * since), so those of different samples compare.
 *
 * The places are sorted by score, lowest first. No more than POOL_SIZE are kept.
 */

/** Candidates that are kept. */
export const POOL_SIZE = 16;

export class EvictionPool {
  count = 0;
  readonly refs = new Int32Array(POOL_SIZE);
  readonly hashes = new Int32Array(POOL_SIZE);
  /** Ids of databases. */
  readonly dbs = new Int32Array(POOL_SIZE);
  readonly stamps = new Float64Array(POOL_SIZE);
  readonly scores = new Float64Array(POOL_SIZE);

  /** Whether a candidate with that score has a place, if need be in exchange for the worst one. */
  accepts(score: number): boolean {
    return this.count < POOL_SIZE || score > this.scores[0];
  }

  /** The place of an entry, or -1. */
  indexOf(ref: number, db: number): number {
    for (let i = 0; i < this.count; i++) {
      if (this.refs[i] === ref && this.dbs[i] === db) return i;
    }
    return -1;
  }

  /** Adds a candidate that `accepts` has let in and that is not here yet. */
  add(ref: number, hash: number, db: number, stamp: number, score: number): void {
    const { scores } = this;
    let at = 0;
    while (at < this.count && scores[at] < score) at++;
    if (this.count < POOL_SIZE) {
      for (let i = this.count; i > at; i--) this.move(i - 1, i);
      this.count++;
    } else {
      at--;
      for (let i = 0; i < at; i++) this.move(i + 1, i);
    }
    this.refs[at] = ref;
    this.hashes[at] = hash;
    this.dbs[at] = db;
    this.stamps[at] = stamp;
    scores[at] = score;
  }

  /** Takes a candidate out. */
  removeAt(at: number): void {
    this.count--;
    for (let i = at; i < this.count; i++) this.move(i + 1, i);
  }

  clear(): void {
    this.count = 0;
  }

  private move(from: number, to: number): void {
    this.refs[to] = this.refs[from];
    this.hashes[to] = this.hashes[from];
    this.dbs[to] = this.dbs[from];
    this.stamps[to] = this.stamps[from];
    this.scores[to] = this.scores[from];
  }
}
