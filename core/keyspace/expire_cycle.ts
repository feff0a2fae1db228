/**
 * ExpireCycle: removes dead keys that nobody asks for.
 *
 * A lookup removes a key past its time, so what is left to do here is bounding the memory of dead keys. The
 * cycle walks the `expires` dict of one database after the other, bucket by bucket, a few keys per step. It
 * stays with a database while a step finds more than an acceptable share of its keys dead, and otherwise
 * goes on to the next: with few dead keys it costs next to nothing, with many it works as long as it may.
 * The rules and figures are Redis's (activeExpireCycle); how time is cut up is not.
 *
 * Contract. Redis grants a cycle 25 ms of each 100 in one piece. Here `run(budgetUs)` works for that long at
 * most, plus a step of some 20 keys, and says whether the cycle isn't through. Whoever owns the timers calls
 * run(1000) `hz` times a second, and again every 3 to 4 ms as long as it returns true, having moved the
 * keyspace's time before each call. So it takes the same quarter of the time, in slices of a millisecond.
 *
 *     cycle   from the first run to one that returns false, or until it has taken what Redis would grant
 *             (25 ms; "expired_time_cap_reached_count" counts those). The share of dead keys among the
 *             sampled ones enters `expiredStalePercent` with a weight of 5 % at the end of each.
 *     visit   steps in one database without a break. A slice that ends within a visit is followed by
 *             one that begins with the next database, so a large one can't keep the others waiting.
 *
 * The walk is the dict's scan, so a key that stays is met once per round however the table changes.
 * Removing in that order leaves both tables too large (structures/dict.ts), so each database's are brought
 * back to size when its keys are in order.
 * `avgTtlMs` of a database is the running average of the time to live of keys met, with 2 % for each
 * step.
 *
 * Fields of hashes come before the keys and may take half of the time. They are found in the order in which they
 * expire (field_expiry.ts), so there is nothing to sample: the cycle removes what is due, and is not through before.
 */
import type { Clock } from "../base/clock.ts";
import { RefList } from "../base/ref_list.ts";
import { objectExpiry } from "../types/object.ts";
import type { Db } from "./db.ts";
import type { Keyspace } from "./keyspace.ts";

/** Keys per step, and how many more for each degree of effort. */
const STEP_KEYS = 20;
const STEP_KEYS_PER_EFFORT = 5;
/** Percentage of dead keys below which a database is left in peace, less one per degree of effort. */
const ACCEPTABLE_STALE_PERCENT = 10;
/** Time of a cycle in microseconds, and how much more for each degree of effort. */
const CYCLE_US = 25_000;
const CYCLE_US_PER_EFFORT = 2_000;
/** Fields of hashes removed between two looks at the clock. */
const FIELDS_PER_STEP = 64;
/** Buckets merged between two looks at the clock: some 30 us. */
const SHRINK_BUCKETS = 64;
/** Databases with volatile keys visited in a cycle, unless the one before took too long. */
const DBS_PER_CYCLE = 16;
/** Weight of a cycle in the stale percentage, and of the old average in a database's time to live. */
const STALE_WEIGHT = 0.05;
const TTL_KEEP = 0.98;

export class ExpireCycle {
  /** active-expire-effort, 1 to 10. */
  effort = 1;

  private readonly keyspace: Keyspace;
  private readonly clock: Clock;
  private readonly refs = new RefList();
  /** The database to visit next. */
  private nextDb = 0;
  /** The database whose fields come first in the next run. */
  private nextFieldDb = 0;
  // The cycle under way: databases in a row that are in order, volatile ones among them, time, keys.
  private quietDbs = 0;
  private visitedDbs = 0;
  private cycleUs = 0;
  private cycleSampled = 0;
  private cycleExpired = 0;
  /** Whether the cycle before took too long: then all databases are visited in this one. */
  private wasCapped = false;
  // The visit under way: keys alive, their time to live, steps that met any.
  private ttlSum = 0;
  private ttlCount = 0;
  private ttlSteps = 0;

  constructor(keyspace: Keyspace, clock: Clock) {
    this.keyspace = keyspace;
    this.clock = clock;
  }

  /** Removes dead keys for about `budgetUs` microseconds. Returns whether more are likely to be there. */
  run(budgetUs: number): boolean {
    const { keyspace, clock } = this;
    if (!keyspace.activeExpire || keyspace.isImmortal) return false;
    const startUs = clock.monotonicUs();
    const fieldsAreThrough = this.expireFields(startUs + budgetUs / 2);
    const isThrough = this.visitDbs(startUs + budgetUs);
    const tookUs = clock.monotonicUs() - startUs;
    keyspace.expireCycleCpuUs += tookUs;
    this.cycleUs += tookUs;
    if (isThrough) this.endCycle(false);
    else if (this.cycleUs >= CYCLE_US + CYCLE_US_PER_EFFORT * (this.effort - 1)) {
      keyspace.expiredTimeCapReached++;
      this.endCycle(true);
    }
    return !isThrough || !fieldsAreThrough;
  }

  /** Removes expired fields of hashes until there are none (true) or it is `untilUs` (false). */
  private expireFields(untilUs: number): boolean {
    const { dbs, fields } = this.keyspace;
    for (let visited = 0; visited < dbs.length; visited++) {
      const db = dbs[this.nextFieldDb];
      this.nextFieldDb = (this.nextFieldDb + 1) % dbs.length;
      while (fields.step(db, FIELDS_PER_STEP)) {
        if (this.clock.monotonicUs() >= untilUs) return false;
      }
    }
    return true;
  }

  /** Visits databases until all are in order (true) or it is `untilUs` (false). */
  private visitDbs(untilUs: number): boolean {
    const { dbs } = this.keyspace;
    const visitsMax = this.wasCapped ? dbs.length : Math.min(dbs.length, DBS_PER_CYCLE);
    while (this.quietDbs < dbs.length && this.visitedDbs < visitsMax) {
      const db = dbs[this.nextDb];
      this.nextDb = (this.nextDb + 1) % dbs.length;
      const isMortal = db.expires.count > 0;
      const inOrder = isMortal ? this.visit(db, untilUs) : true;
      if (isMortal) this.averageTtl(db);
      else db.avgTtlMs = 0;
      if (!inOrder || !this.shrink(db, untilUs)) {
        this.quietDbs = 0;
        return false;
      }
      this.quietDbs++;
      if (!isMortal) continue;
      this.visitedDbs++;
      if (this.clock.monotonicUs() >= untilUs) break;
    }
    return this.quietDbs >= dbs.length || this.visitedDbs >= visitsMax;
  }

  /** Steps through a database until it is in order (true) or it is `untilUs` (false). */
  private visit(db: Db, untilUs: number): boolean {
    this.ttlSum = 0;
    this.ttlCount = 0;
    this.ttlSteps = 0;
    while (this.step(db)) {
      if (this.clock.monotonicUs() >= untilUs) return false;
    }
    return true;
  }

  /** Looks at the next few keys and removes the dead. Returns whether there were so many that more is due. */
  private step(db: Db): boolean {
    const { keyspace, refs } = this;
    const { expiryMs, arena } = keyspace;
    const extra = this.effort - 1;
    const keysMax = Math.min(db.expires.count, STEP_KEYS + STEP_KEYS_PER_EFFORT * extra);
    const ttlCount = this.ttlCount;
    let sampled = 0;
    let expired = 0;
    // Removals shrink the table, so a bucket has three entries on average at the least.
    for (let buckets = 0; sampled < keysMax && buckets < keysMax; buckets++) {
      refs.clear();
      db.expireCursor = db.expires.scan(db.expireCursor, refs);
      for (let i = 0; i < refs.length; i++) {
        const ttlMs = objectExpiry(arena, refs.refs[i]) - expiryMs;
        if (ttlMs < 0) {
          keyspace.expireEntry(db, refs.refs[i]);
          expired++;
        } else if (ttlMs > 0) {
          this.ttlSum += ttlMs;
          this.ttlCount++;
        }
      }
      sampled += refs.length;
      if (db.expireCursor === 0) break;
    }
    if (this.ttlCount > ttlCount) this.ttlSteps++;
    this.cycleSampled += sampled;
    this.cycleExpired += expired;
    if (db.expireCursor === 0) return false;
    return sampled === 0 || expired * 100 / sampled > ACCEPTABLE_STALE_PERCENT - extra;
  }

  /** Brings a database's tables to the size of what is left (true), or it is `untilUs` before (false). */
  private shrink(db: Db, untilUs: number): boolean {
    while (db.expires.shrink(SHRINK_BUCKETS) || db.keys.shrink(SHRINK_BUCKETS)) {
      if (this.clock.monotonicUs() >= untilUs) return false;
    }
    return true;
  }

  /** Brings what the visit saw into the database's average time to live. */
  private averageTtl(db: Db): void {
    if (this.ttlCount === 0) return;
    const seen = this.ttlSum / this.ttlCount;
    if (db.avgTtlMs === 0) db.avgTtlMs = seen;
    else db.avgTtlMs = seen + (db.avgTtlMs - seen) * TTL_KEEP ** this.ttlSteps;
  }

  private endCycle(isCapped: boolean): void {
    const { keyspace } = this;
    const stale = this.cycleSampled === 0 ? 0 : this.cycleExpired * 100 / this.cycleSampled;
    keyspace.expiredStalePercent += (stale - keyspace.expiredStalePercent) * STALE_WEIGHT;
    this.wasCapped = isCapped;
    this.quietDbs = 0;
    this.visitedDbs = 0;
    this.cycleUs = 0;
    this.cycleSampled = 0;
    this.cycleExpired = 0;
  }
}
