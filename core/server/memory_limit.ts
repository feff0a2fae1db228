/**
 * Memory limit: staying below `maxmemory`.
 *
 * Before a command that may need memory runs, `makeRoom` is called if more is in use than allowed: what waits to be
 * freed is freed first, then keys are evicted (core/keyspace/eviction.ts). In steady state a SET evicts the
 * one or two keys whose room it takes, 1 to 2 us each.
 *
 * Nobody pauses for long. When there is much to free at once (the limit was lowered, a large value was stored),
 * it is done in slices of 50 us times `maxmemory-eviction-tenacity` (more above 10, without end at 100, as in
 * Redis), one per turn, and a timer goes on with it until it is done. Meanwhile commands run although there is too
 * much memory in use, but each first frees as much as was added since the slice, so that the amount only falls.
 * The clock is read once per CLOCK_EVERY steps, which in steady state means never.
 *
 * The limit is on what INFO calls used_memory: the arena and what clients take (client_memory.ts). Before a command
 * the arena's use alone is compared with what clients leave of the limit, `arenaLimit`. What clients cause is seen to
 * by the timer.
 */
import { standAside } from "./deliver.ts";
import type { Memory } from "./info_memory.ts";
import type { Server } from "./server.ts";

/** Evictions, or steps of freeing, between two looks at the clock. */
const CLOCK_EVERY = 16;
/** Buckets of emptied databases, or as much of large values, freed in a step. */
const FREE_BUCKETS = 8;
const SLICE_AGAIN_MS = 1;
const TENACITY_MAX = 100;
/** Up to here the time grows linearly, and then by that factor. */
const TENACITY_LINEAR_MAX = 10;
const TENACITY_US = 50;
const TENACITY_GROWTH = 1.15;

// What came of a slice.
const DONE = 0;
const MORE = 1;
const NOTHING_LEFT = 2;

export class MemoryLimit {
  /** What the arena may use, in bytes; Infinity without `maxmemory`. */
  arenaLimit = Infinity;

  private readonly server: Server;
  private sliceUs = 0;
  /** The turn in which a slice was used up, and the use of the arena that it reached. */
  private slicedTurn = -1;
  private reached = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;
  /** Since when the limit has been exceeded, in monotonic us; 0: it isn't. And for how long it was before. */
  private exceededSinceUs = 0;
  private exceededUs = 0;

  constructor(server: Server) {
    this.server = server;
  }

  /** Time during which more was in use than allowed, in ms: altogether, and now (0: it isn't). */
  get exceededMs(): [total: number, current: number] {
    const { exceededSinceUs, exceededUs } = this;
    const currentUs = exceededSinceUs === 0 ? 0 : this.server.turn.nowUs - exceededSinceUs;
    return [Math.floor((exceededUs + currentUs) / 1000), Math.floor(currentUs / 1000)];
  }

  /** Follows maxmemory, maxmemory-eviction-tenacity and what clients' buffers take. */
  refresh(): void {
    const { maxmemoryBytes, memory, config } = this.server;
    this.arenaLimit = maxmemoryBytes === 0
      ? Infinity
      : Math.max(0, maxmemoryBytes - memory.clientBytes);
    this.sliceUs = sliceMicroseconds(config.num("maxmemory-eviction-tenacity"));
  }

  /** Clients take so many bytes more, or with a negative number less, than was reckoned with. */
  clientsGrew(memory: Memory, bytes: number): void {
    memory.clientBytes += bytes;
    if (this.arenaLimit === Infinity) return;
    const { arena, maxmemoryBytes } = this.server;
    this.arenaLimit = Math.max(0, maxmemoryBytes - memory.clientBytes);
    if (arena.usedBytes > this.arenaLimit) this.schedule();
  }

  /** The limit may be exceeded: begins to free without waiting for a command. No-op when it isn't. */
  freeSoon(): void {
    if (this.server.arena.usedBytes > this.arenaLimit) this.schedule();
    else this.noteExceeded(false);
  }

  /** The limit may be lower than it was: begins to free at once, or behind the transaction that is under way. */
  freeNow(): void {
    const { arena, cron, propagation } = this.server;
    if (!cron.isRunning || arena.usedBytes <= this.arenaLimit) return;
    if (this.server.isInUnit) return this.schedule();
    propagation.separate();
    this.makeRoom();
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  /** CONFIG RESETSTAT. */
  resetStats(): void {
    this.exceededUs = 0;
    if (this.exceededSinceUs !== 0) this.exceededSinceUs = this.server.turn.nowUs;
  }

  /**
   * More is in use than `arenaLimit`. Frees what there is to free, within the time of this turn. False if there is
   * nothing left to free.
   */
  makeRoom(): boolean {
    const { arena, turn } = this.server;
    if (!this.mayFree) return true;
    let target = this.arenaLimit;
    const isSpent = this.slicedTurn === turn.count;
    if (isSpent) {
      target = Math.max(target, this.reached);
      if (arena.usedBytes <= target) return true;
    }
    const result = this.slice(target);
    if (result === MORE) this.schedule();
    if (!isSpent || result === NOTHING_LEFT) this.noteExceeded(result !== DONE);
    return result !== NOTHING_LEFT;
  }

  /** Not while loading, during a pause or in the middle of a script: what is too much is evicted afterwards. */
  private get mayFree(): boolean {
    const { pause, saving, scripting } = this.server;
    return saving.loading === null && !pause.isOn && !scripting.isBusy;
  }

  private slice(target: number): number {
    // Who has a copy of an evicted key must know that before a reply that comes after it.
    const executing = standAside(this.server);
    try {
      return this.timedSlice(target);
    } finally {
      this.server.executing = executing;
    }
  }

  private timedSlice(target: number): number {
    const { latency, clock } = this.server;
    if (!latency.isOn) return this.freeDownTo(target);
    const startUs = clock.monotonicUs();
    const result = this.freeDownTo(target);
    latency.add("eviction-cycle", clock.monotonicUs() - startUs);
    return result;
  }

  private freeDownTo(target: number): number {
    const { arena, clock, keyspace, turn } = this.server;
    const { eviction, lazyFree } = keyspace;
    let untilUs = 0;
    for (let steps = 1;; steps++) {
      if (arena.usedBytes <= target) return DONE;
      if (lazyFree.pending > 0) lazyFree.step(FREE_BUCKETS);
      else if (!eviction.isAllowed || !this.evictOne()) return NOTHING_LEFT;
      if (steps % CLOCK_EVERY !== 0) continue;
      const nowUs = clock.monotonicUs();
      if (untilUs === 0) untilUs = nowUs + this.sliceUs;
      else if (nowUs >= untilUs) break;
    }
    this.slicedTurn = turn.count;
    this.reached = arena.usedBytes;
    return MORE;
  }

  private evictOne(): boolean {
    const { keyspace, latency, clock } = this.server;
    if (!latency.isOn) return keyspace.eviction.evictOne();
    const startUs = clock.monotonicUs();
    const evicted = keyspace.eviction.evictOne();
    latency.add("eviction-del", clock.monotonicUs() - startUs);
    return evicted;
  }

  private schedule(): void {
    if (this.timer !== null || !this.server.cron.isRunning) return;
    this.timer = setTimeout(() => {
      this.timer = null;
      try {
        this.server.turn.begin();
        if (this.server.arena.usedBytes > this.arenaLimit) this.makeRoom();
        else this.noteExceeded(false);
      } catch (error) {
        this.server.logBug("the eviction of keys", error);
      }
    }, SLICE_AGAIN_MS);
  }

  private noteExceeded(isExceeded: boolean): void {
    const { nowUs } = this.server.turn;
    if (isExceeded) {
      if (this.exceededSinceUs === 0) this.exceededSinceUs = nowUs;
    } else if (this.exceededSinceUs !== 0) {
      this.exceededUs += nowUs - this.exceededSinceUs;
      this.exceededSinceUs = 0;
    }
  }
}

/** The time that a slice may take, in us. */
function sliceMicroseconds(tenacity: number): number {
  if (tenacity >= TENACITY_MAX) return Infinity;
  if (tenacity <= TENACITY_LINEAR_MAX) return tenacity * TENACITY_US;
  return TENACITY_LINEAR_MAX * TENACITY_US * TENACITY_GROWTH ** (tenacity - TENACITY_LINEAR_MAX);
}
