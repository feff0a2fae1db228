/**
 * Access: the 24 bits of an entry that say how lately, or how often, it was used.
 *
 *     LRU    unix time in seconds, modulo 2^24
 *     LFU    16 bits: unix time in minutes, modulo 2^16, of the last decay; 8 bits: a logarithmic counter
 *
 * The counter follows Morris's approximate counting: an access at value v raises it with probability
 * 1 / ((v - LFU_INIT) * logFactor + 1), and it falls by one per `decayMinutes` without access. Both rules
 * and their constants are Redis's, as OBJECT FREQ and OBJECT IDLETIME show them.
 */
import type { Prng } from "../base/prng.ts";

/** Counter of a new key: not so low that it is evicted at once. */
export const LFU_INIT = 5;
const LFU_MAX = 255;
const ACCESS_MASK = (1 << 24) - 1;

/** How accesses are recorded. One per server; the fields follow the configuration. */
export class AccessPolicy {
  /** Whether the maxmemory policy is one of the LFU ones. */
  lfu = false;
  /** lfu-log-factor */
  logFactor = 10;
  /** lfu-decay-time */
  decayMinutes = 1;
  /** LRU clock: unix seconds modulo 2^24. */
  clock = 0;
  private minutes = 0;
  private readonly prng: Prng;

  constructor(prng: Prng) {
    this.prng = prng;
  }

  /** Moves the clock to a unix time in ms. */
  setTime(nowMs: number): void {
    const seconds = Math.floor(nowMs / 1000);
    this.clock = seconds & ACCESS_MASK;
    this.minutes = Math.floor(seconds / 60) & 0xffff;
  }

  /** Access bits of a new key. */
  initial(): number {
    return this.lfu ? this.minutes << 8 | LFU_INIT : this.clock;
  }

  /** Access bits after an access to a key that had `access`. */
  touched(access: number): number {
    if (!this.lfu) return this.clock;
    const counter = this.decayed(access);
    return this.minutes << 8 | this.incremented(counter);
  }

  /** Seconds since the last access, of LRU bits. */
  idleSeconds(access: number): number {
    return (this.clock - access) & ACCESS_MASK;
  }

  /** The counter of LFU bits, after the decay that is due. */
  decayed(access: number): number {
    const counter = access & 255;
    if (this.decayMinutes === 0) return counter;
    const elapsed = (this.minutes - (access >>> 8)) & 0xffff;
    return Math.max(0, counter - Math.floor(elapsed / this.decayMinutes));
  }

  /** LRU bits of a key last used `seconds` ago. */
  lruFromIdle(seconds: number): number {
    return (this.clock - seconds) & ACCESS_MASK;
  }

  /** LFU bits with this counter, decayed just now. */
  lfuFromCounter(counter: number): number {
    return this.minutes << 8 | counter & 255;
  }

  private incremented(counter: number): number {
    if (counter === LFU_MAX) return counter;
    const above = Math.max(0, counter - LFU_INIT);
    return this.prng.nextFloat() < 1 / (above * this.logFactor + 1) ? counter + 1 : counter;
  }
}
