/**
 * Cron: what happens by the clock rather than by request.
 *
 *     serverCron    `hz` times a second: time and LRU clock, samples for INFO, the expire cycle, some of the
 *                   clients, lines for a talkative log; it starts the two below when there is work
 *     expire        again every EXPIRE_AGAIN_MS while the expire cycle says that much is left to do
 *     free          again every FREE_AGAIN_MS while emptied databases wait to be freed
 *
 * The two short timers exist only while they are needed, so an idle server wakes up `hz` times a second
 * and no more. Each run of any of the three is a turn (turn.ts) and so counts for the longest turn; each has a
 * budget, watched by the clock: a millisecond for expiry, three quarters of one for freeing.
 *
 * Freeing looks at the clock once per FREE_BUCKETS buckets. Measured with ten million keys, where every block
 * freed is a cache miss: a bucket takes 2 us, so the clock costs next to nothing and 99 of 100 runs end
 * within 40 us of their budget. Timers take their turn with sockets in both runtimes, so freeing goes on under
 * full load: three million keys take 2 s beside redis-benchmark on Deno and 6 s on Bun. On a quiet server a chain
 * of setImmediate would be quicker, but Deno looks at its sockets only once per 61 of them when it never comes
 * to rest: 33 ms in which nobody is served.
 *
 * Clients are visited a few per round, each about once a second, like Redis's clientsCron. Who has to look
 * after them (core/net) registers in `onClient` and needs no timer of its own.
 */
import type { Client } from "./client.ts";
import type { Server } from "./server.ts";
import { Rate } from "./stats.ts";

/** Microseconds for one run of the expire cycle, and milliseconds to the next while there is work. */
const EXPIRE_BUDGET_US = 1000;
const EXPIRE_AGAIN_MS = 3;
/** The same for freeing, and the buckets between two looks at the clock. */
const FREE_BUDGET_US = 750;
const FREE_AGAIN_MS = 1;
const FREE_BUCKETS = 16;
/** Fewest clients visited in a round, and most per round before the rounds become more frequent. */
const CLIENTS_MIN = 5;
const CLIENTS_MAX = 200;
const HZ_MAX = 500;
/** How late timers may be: while one of the short ones is set, and otherwise, with `hz` 1, in ms. */
const SHORT_PATIENCE_MS = 1;
const PATIENCE_MS = 100;
const PATIENCE_MAX_MS = 10;
const SAMPLE_EVERY_MS = 100;
const LOG_EVERY_MS = 5000;

/** The expire cycle, as cron sees it. */
export interface ActiveExpiry {
  /** Removes dead keys for about that many microseconds. Returns whether many more must be there. */
  run(budgetUs: number): boolean;
}

type Timer = ReturnType<typeof setTimeout>;

export class Cron {
  /** Rounds per second at present: `hz`, and more with very many clients. */
  hz = 10;
  /** DEBUG PAUSE-CRON. */
  paused = false;
  /** Time spent in rounds, in microseconds. */
  totalUs = 0;
  /** Turns per second and their time, for INFO. */
  readonly turnRate = new Rate();
  readonly turnTimeRate = new Rate();
  /** Called for each client about once a second, with the unix time in ms. */
  readonly onClient: ((c: Client, nowMs: number) => void)[] = [];

  private readonly server: Server;
  private readonly expiry: ActiveExpiry;
  private cronTimer: Timer | null = null;
  private expireTimer: Timer | null = null;
  private freeTimer: Timer | null = null;
  private visiting: Iterator<Client> | null = null;
  private sampledMs = 0;
  private loggedMs = 0;

  constructor(server: Server, expiry: ActiveExpiry) {
    this.server = server;
    this.expiry = expiry;
  }

  /** Begins to work, `hz` times a second. */
  start(): void {
    this.server.stats.sample(this.server.keyspace.nowMs);
    this.scheduleRound();
  }

  /** Stops all timers. */
  stop(): void {
    for (const timer of [this.cronTimer, this.expireTimer, this.freeTimer]) {
      if (timer !== null) clearTimeout(timer);
    }
    this.cronTimer = null;
    this.expireTimer = null;
    this.freeTimer = null;
    this.server.blocking.stop();
    this.server.memoryLimit.stop();
    this.server.pause.stop();
  }

  /** Whether timers may be set: between `start` and `stop`. */
  get isRunning(): boolean {
    return this.cronTimer !== null;
  }

  /** Frees what waits without waiting for the next round. No-op before `start`. */
  freeSoon(): void {
    if (this.cronTimer !== null) this.scheduleFree();
  }

  /** One round: Redis's serverCron. */
  round(): void {
    const { server } = this;
    server.turn.begin();
    // A script that takes long is one command still: what belongs between commands waits for its end.
    if (this.paused || server.scripting.isBusy) return;
    const startUs = server.clock.monotonicUs();
    const { nowMs } = server.keyspace;
    // A timer may come a little early.
    if (nowMs - this.sampledMs >= SAMPLE_EVERY_MS - 2) this.sample(nowMs);
    server.memory.sample();
    this.visitClients(nowMs);
    if (server.maxmemoryBytes !== 0) server.memory.refreshClients();
    server.memoryLimit.freeSoon();
    if (nowMs - this.loggedMs >= LOG_EVERY_MS) this.logState(nowMs);
    server.blocking.tidy();
    server.tracking.limit();
    server.appending.round();
    server.saving.round();
    if (this.expireTimer === null) this.expireRun();
    if (server.keyspace.lazyFree.pending > 0 || server.flushes.isAnyWaiting) this.scheduleFree();
    if (this.expireTimer === null && this.freeTimer === null) {
      server.turn.patienceMs = Math.min(PATIENCE_MS / this.hz, PATIENCE_MAX_MS);
    }
    this.totalUs += server.clock.monotonicUs() - startUs;
  }

  /** Runs the expire cycle once. */
  private expireRun(): void {
    const { clock, keyspace, latency, saving, scripting } = this.server;
    if (keyspace.keepsExpired || scripting.isBusy || saving.loading !== null) return;
    const startUs = latency.isOn ? clock.monotonicUs() : 0;
    const isMore = this.expiry.run(EXPIRE_BUDGET_US);
    if (latency.isOn) latency.add("expire-cycle", clock.monotonicUs() - startUs);
    if (!isMore || this.cronTimer === null) return;
    this.server.turn.patienceMs = SHORT_PATIENCE_MS;
    this.expireTimer = setTimeout(() => {
      this.expireTimer = null;
      if (this.paused) return;
      this.guarded(() => {
        this.server.turn.begin();
        this.expireRun();
      });
    }, EXPIRE_AGAIN_MS);
  }

  /** Frees for one budget. Returns whether there is more to do. */
  freeRun(): boolean {
    const { clock, flushes, keyspace, turn } = this.server;
    turn.begin();
    const untilUs = clock.monotonicUs() + FREE_BUDGET_US;
    let isMore = keyspace.lazyFree.step(FREE_BUCKETS);
    while (isMore && clock.monotonicUs() < untilUs) isMore = keyspace.lazyFree.step(FREE_BUCKETS);
    if (flushes.isAnyWaiting) flushes.answer();
    return isMore;
  }

  private scheduleFree(): void {
    if (this.freeTimer !== null) return;
    this.server.turn.patienceMs = SHORT_PATIENCE_MS;
    this.freeTimer = setTimeout(() => {
      this.freeTimer = null;
      this.guarded(() => {
        if (this.freeRun()) this.scheduleFree();
      });
    }, FREE_AGAIN_MS);
  }

  private scheduleRound(): void {
    this.cronTimer = setTimeout(() => {
      // What the next round waits for is decided now; waiting for this one's end would make each of them late.
      this.adaptHz();
      this.scheduleRound();
      this.guarded(() => this.round());
    }, 1000 / this.hz);
  }

  /** A bug in here must not end the timers: it is logged, and they go on. */
  private guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.server.logBug("the cron", error);
    }
  }

  /** With `dynamic-hz`, as many rounds as it takes to visit every client once a second. */
  adaptHz(): void {
    const { config, clients } = this.server;
    this.hz = config.num("hz");
    if (!config.bool("dynamic-hz")) return;
    while (clients.count / this.hz > CLIENTS_MAX && this.hz < HZ_MAX) {
      this.hz = Math.min(this.hz * 2, HZ_MAX);
    }
  }

  /** CONFIG RESETSTAT. */
  resetStats(): void {
    this.totalUs = 0;
    this.turnRate.reset();
    this.turnTimeRate.reset();
  }

  private sample(nowMs: number): void {
    const { stats, turn } = this.server;
    stats.sample(nowMs);
    this.turnRate.sample(turn.count, nowMs);
    this.turnTimeRate.sample(turn.totalUs, nowMs);
    this.sampledMs = nowMs;
  }

  /** Visits the next clients. A Map's iterator minds nobody who comes or goes meanwhile. */
  private visitClients(nowMs: number): void {
    const { clientMemory, clients, memory } = this.server;
    const count = Math.max(CLIENTS_MIN, Math.ceil(clients.count / this.hz));
    for (let i = 0; i < count; i++) {
      this.visiting ??= clients.byId.values();
      const next = this.visiting.next();
      if (next.done === true) {
        this.visiting = null;
        memory.endOfClients();
        return;
      }
      memory.addClient(next.value);
      if (clientMemory.isOn) clientMemory.note(next.value);
      for (const visit of this.onClient) visit(next.value, nowMs);
    }
  }

  private logState(nowMs: number): void {
    this.loggedMs = nowMs;
    const { log, keyspace, clients, memory } = this.server;
    if (!log.enabled("verbose")) return;
    for (const { id, keys, expires } of keyspace.dbs) {
      if (keys.count === 0) continue;
      log.verbose(
        `DB ${id}: ${keys.count} keys (${expires.count} volatile) in ${keys.buckets} buckets HT.`,
      );
    }
    log.debug(
      `${clients.count} clients connected (0 replicas), ${memory.usedBytes} bytes in use`,
    );
  }
}
