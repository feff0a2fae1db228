/**
 * Eviction: which key goes when memory is short.
 *
 *     policy            among          goes first
 *     allkeys-lru       all keys       the one that has not been used for the longest time
 *     allkeys-lfu       all keys       the one that is used least often
 *     allkeys-random    all keys       any
 *     volatile-…        keys with an expiry, otherwise the same
 *     volatile-ttl      keys with an expiry, the one with the least time to live
 *     noeviction        none
 *
 * LRU, LFU and TTL are approximated. Each round takes `samples` keys of every database and keeps the best candidates
 * in a pool (eviction_pool.ts); the best of all that is still what it was goes. A round with five
 * samples reads about eight cache lines, which don't wait for each other.
 *
 * One difference from Redis: a candidate that was used since it came into the pool is not evicted but dropped.
 */
import { RefList } from "../base/ref_list.ts";
import type { Dict } from "../structures/dict.ts";
import { objectAccess, objectExpiry } from "../types/object.ts";
import type { Db } from "./db.ts";
import { EvictionPool } from "./eviction_pool.ts";
import type { Keyspace } from "./keyspace.ts";

export type EvictionPolicy =
  | "noeviction"
  | "allkeys-lru"
  | "allkeys-lfu"
  | "allkeys-random"
  | "volatile-lru"
  | "volatile-lfu"
  | "volatile-random"
  | "volatile-ttl";

// What makes a key go first.
const BY_IDLE_TIME = 0;
const BY_FREQUENCY = 1;
const BY_EXPIRY = 2;
const BY_CHANCE = 3;
const NEVER = 4;

const FREQUENCY_MAX = 255;

export class Eviction {
  /** maxmemory-samples */
  samples = 5;
  readonly pool = new EvictionPool();

  private readonly keyspace: Keyspace;
  private readonly sampled = new RefList();
  private order = NEVER;
  private onlyVolatile = false;
  /** The database whose turn it is when keys are chosen by chance. */
  private nextDb = 0;

  constructor(keyspace: Keyspace) {
    this.keyspace = keyspace;
  }

  /** Whether the policy ever evicts. */
  get isAllowed(): boolean {
    return this.order !== NEVER;
  }

  /** Sets the policy. What was sampled under another one is forgotten. */
  setPolicy(policy: EvictionPolicy): void {
    this.order = policy.endsWith("lru")
      ? BY_IDLE_TIME
      : policy.endsWith("lfu")
      ? BY_FREQUENCY
      : policy.endsWith("ttl")
      ? BY_EXPIRY
      : policy.endsWith("random")
      ? BY_CHANCE
      : NEVER;
    this.onlyVolatile = policy.startsWith("volatile");
    this.pool.clear();
  }

  /** Evicts a key. False when the policy finds none. A large value is freed later, in slices (lazy_free.ts). */
  evictOne(): boolean {
    if (this.order === NEVER) return false;
    return this.order === BY_CHANCE ? this.evictAny() : this.evictBest();
  }

  private evictAny(): boolean {
    const { dbs, prng } = this.keyspace;
    for (let i = 0; i < dbs.length; i++) {
      const db = dbs[this.nextDb];
      this.nextDb = (this.nextDb + 1) % dbs.length;
      const ref = this.candidatesOf(db).random(prng);
      if (ref === 0) continue;
      this.keyspace.evictEntry(db, ref);
      return true;
    }
    return false;
  }

  private evictBest(): boolean {
    const { pool } = this;
    for (;;) {
      if (!this.fillPool()) return false;
      // There is one that is fresh at least, unless all of them lost to older ones, which then are out of date.
      while (pool.count > 0) {
        const at = pool.count - 1;
        const ref = pool.refs[at];
        const db = this.keyspace.dbs[pool.dbs[at]];
        const isValid = this.isStill(db, ref, pool.hashes[at], pool.stamps[at]);
        pool.removeAt(at);
        if (!isValid) continue;
        this.keyspace.evictEntry(db, ref);
        return true;
      }
    }
  }

  /** Takes samples of all databases. Returns whether there were any keys. */
  private fillPool(): boolean {
    const { dbs } = this.keyspace;
    let found = false;
    for (let i = 0; i < dbs.length; i++) {
      const dict = this.candidatesOf(dbs[i]);
      if (dict.count === 0) continue;
      this.sampleDb(dbs[i], dict);
      found = true;
    }
    return found;
  }

  private sampleDb(db: Db, dict: Dict): void {
    const { keyspace, pool, sampled } = this;
    sampled.clear();
    dict.sample(keyspace.prng, this.samples, sampled);
    // A table that is nearly empty may have shown only free slots.
    if (sampled.length === 0) sampled.push(dict.random(keyspace.prng));
    for (let i = 0; i < sampled.length; i++) {
      const ref = sampled.refs[i];
      const stamp = this.stampOf(ref);
      const score = this.scoreOf(stamp);
      if (!pool.accepts(score)) continue;
      const known = pool.indexOf(ref, db.id);
      if (known >= 0) {
        if (pool.stamps[known] === stamp) continue;
        pool.removeAt(known);
      }
      pool.add(ref, keyspace.hashOf(ref), db.id, stamp, score);
    }
  }

  private candidatesOf(db: Db): Dict {
    return this.onlyVolatile ? db.expires : db.keys;
  }

  /** Whether a ref is still the entry that was sampled, and as it was then. */
  private isStill(db: Db, ref: number, hash: number, stamp: number): boolean {
    return this.candidatesOf(db).findRef(hash, ref) && this.stampOf(ref) === stamp;
  }

  /** What the policy looks at. */
  private stampOf(ref: number): number {
    const { arena } = this.keyspace;
    return this.order === BY_EXPIRY ? objectExpiry(arena, ref) : objectAccess(arena, ref);
  }

  /** The higher the sooner it goes. */
  private scoreOf(stamp: number): number {
    if (this.order === BY_EXPIRY) return -stamp;
    const { access, nowMs } = this.keyspace;
    if (this.order === BY_FREQUENCY) return FREQUENCY_MAX - access.decayed(stamp);
    return access.idleSeconds(stamp) - Math.floor(nowMs / 1000);
  }
}
