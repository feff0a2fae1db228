/**
 * Latency histogram: how long the calls of one command took.
 *
 * Log-linear buckets over nanoseconds: each power of two is cut into 8 parts, so a value is known to
 * an eighth, from 1 ns to 2.1 s, in 232 counters (2 KB, made at a command's first call). What takes
 * longer is counted in the last bucket. The idea of such buckets is Gil Tene's HdrHistogram.
 *
 * Cost. A call that is timed on its own pays one more increment. Fast commands are timed in groups
 * (turn.ts), and the bucket of their common share is worked out once per group; each of them then
 * pays an increment of a counter that lies in the cache, 1 to 2 ns of its few hundred. So the
 * percentiles of a fast command are those of means over up to 64 calls in a row: a single slow one
 * among them is levelled out. Where single calls matter, SLOWLOG and the longest turn tell more.
 */

/** Parts of each power of two. */
const PARTS_BITS = 3;
const PARTS: number = 1 << PARTS_BITS;
const NS_MAX: number = 2 ** 31 - 1;
/** Powers of two of nanoseconds that LATENCY HISTOGRAM shows, and the bits of Redis's precision there. */
const SHOWN_POWER_MIN = 10;
const SHOWN_POWER_MAX = 30;
const SHOWN_PRECISION = 7;
const BUCKETS: number = (31 - PARTS_BITS + 1) * PARTS;

/** Bucket of a duration in microseconds. */
export function latencyBucket(us: number): number {
  const ns = us * 1000 < NS_MAX ? us * 1000 | 0 : NS_MAX;
  if (ns < PARTS) return ns > 0 ? ns : 0;
  const exponent = 31 - Math.clz32(ns);
  return ((exponent - PARTS_BITS + 1) << PARTS_BITS) + ((ns >>> (exponent - PARTS_BITS)) - PARTS);
}

/** The longest duration that belongs to a bucket, in microseconds. */
export function latencyBucketMaxUs(bucket: number): number {
  if (bucket < PARTS) return bucket / 1000;
  const shift = (bucket >>> PARTS_BITS) - 1;
  return (((bucket & (PARTS - 1)) + PARTS + 1) * 2 ** shift - 1) / 1000;
}

/** Counts by bucket. */
export class LatencyHistogram {
  /** Doubles, because a busy command passes 2^32 calls within hours. */
  readonly counts = new Float64Array(BUCKETS);

  /** Calls that were recorded. */
  get total(): number {
    let sum = 0;
    for (const count of this.counts) sum += count;
    return sum;
  }

  /**
   * For LATENCY HISTOGRAM: how many calls took up to so many microseconds, for each power of two of nanoseconds from
   * 1024 on at which the number is another one than before. The microseconds are those that Redis shows for it.
   */
  cumulative(): [us: number, count: number][] {
    const steps: [number, number][] = [];
    let bucket = 0;
    let seen = 0;
    let shown = 0;
    for (let power = SHOWN_POWER_MIN; power <= SHOWN_POWER_MAX; power++) {
      const end = power === SHOWN_POWER_MAX ? BUCKETS : latencyBucket(2 ** power / 1000);
      for (; bucket < end; bucket++) seen += this.counts[bucket];
      if (seen === shown) continue;
      shown = seen;
      steps.push([Math.floor((2 ** power + 2 ** (power - SHOWN_PRECISION) - 1) / 1000), seen]);
    }
    return steps;
  }

  /** The duration, in microseconds, that `percentile` % of the calls did not exceed; 0 without calls. */
  percentileUs(percentile: number): number {
    const wanted = Math.max(1, Math.floor(percentile / 100 * this.total + 0.5));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.counts[bucket];
      if (seen >= wanted) return latencyBucketMaxUs(bucket);
    }
    return 0;
  }
}
