/**
 * Stats: what INFO counts, apart from what others count for themselves.
 *
 * The instantaneous figures are the mean of the last SAMPLES differences, taken ten times a second by the
 * cron, as Redis takes them.
 */
const SAMPLES = 16;

/** Rate of something that is counted up. */
export class Rate {
  private readonly samples = new Float64Array(SAMPLES);
  private index = 0;
  private lastCount = 0;
  private lastMs = 0;

  /** `count` is the total at unix time `nowMs`. */
  sample(count: number, nowMs: number): void {
    const elapsed = nowMs - this.lastMs;
    if (this.lastMs !== 0 && elapsed > 0) {
      this.samples[this.index] = (count - this.lastCount) * 1000 / elapsed;
      this.index = (this.index + 1) % SAMPLES;
    }
    this.lastCount = count;
    this.lastMs = nowMs;
  }

  /** Begins anew: what is counted was set back. */
  reset(): void {
    this.samples.fill(0);
    this.lastMs = 0;
  }

  /** Per second. */
  perSecond(): number {
    let sum = 0;
    for (const sample of this.samples) sum += sample;
    return sum / SAMPLES;
  }
}

/** Kinds of errors that ERRORSTATS distinguishes before it gives up, as Redis does at 128. */
const ERROR_KINDS_MAX = 128;
/** A longer first word is no code. */
const CODE_LEN_MAX = 31;

export class Stats {
  connectionsReceived = 0;
  rejectedConnections = 0;
  commandsProcessed = 0;
  netInputBytes = 0;
  netOutputBytes = 0;
  /** Reads from and writes to sockets. */
  reads = 0;
  writes = 0;
  totalErrorReplies = 0;
  queryBufferLimitDisconnections = 0;
  outputBufferLimitDisconnections = 0;
  timedOutClients = 0;
  /** Error replies by their first word. */
  readonly errors = new Map<string, number>();
  readonly opsRate = new Rate();
  readonly inputRate = new Rate();
  readonly outputRate = new Rate();
  /** Told of the kinds of errors there are when there are too many and they are no longer counted. */
  errorsEnded: ((kinds: readonly string[]) => void) | null = null;
  private errorsOverflowed = false;

  /** Counts an error reply, "ERR no such key". */
  countError(text: string): void {
    this.totalErrorReplies++;
    if (this.errorsOverflowed) return;
    const space = text.indexOf(" ");
    // What has no code counts as one without: Redis looks for it in the first bytes.
    const kind = space < 0 || space >= CODE_LEN_MAX ? "ERR" : text.slice(0, space);
    const count = this.errors.get(kind) ?? 0;
    if (count === 0 && this.errors.size >= ERROR_KINDS_MAX) {
      const kinds = [...this.errors.keys()].sort();
      this.errors.clear();
      this.errors.set("ERRORSTATS_DISABLED", 1);
      this.errorsEnded?.(kinds);
      this.errorsOverflowed = true;
      return;
    }
    this.errors.set(kind, count + 1);
  }

  /** Takes the samples of the instantaneous figures. */
  sample(nowMs: number): void {
    this.opsRate.sample(this.commandsProcessed, nowMs);
    this.inputRate.sample(this.netInputBytes, nowMs);
    this.outputRate.sample(this.netOutputBytes, nowMs);
  }

  /** CONFIG RESETSTAT. */
  reset(): void {
    this.connectionsReceived = 0;
    this.rejectedConnections = 0;
    this.commandsProcessed = 0;
    this.netInputBytes = 0;
    this.netOutputBytes = 0;
    this.reads = 0;
    this.writes = 0;
    this.totalErrorReplies = 0;
    this.queryBufferLimitDisconnections = 0;
    this.outputBufferLimitDisconnections = 0;
    this.timedOutClients = 0;
    this.errors.clear();
    this.errorsOverflowed = false;
    for (const rate of [this.opsRate, this.inputRate, this.outputRate]) rate.reset();
  }
}
