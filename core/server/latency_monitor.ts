/**
 * Latency monitor: when something took longer than `latency-monitor-threshold`, and how long.
 *
 * Events have names, and each the samples of the last SAMPLES_MAX seconds in which it happened; several in one
 * second are one sample, the longest. The default threshold of 0 switches the monitor off. Names, sizes and this
 * rule are Redis's.
 *
 *     command, fast-command    a command, by whether it is flagged FAST; a blocked one each time it is executed
 *     command-unblocking       what a blocked client waited for while the server worked on it: FLUSHALL SYNC
 *     expire-cycle             a run of the active expiry
 *     eviction-cycle           freeing memory to get below maxmemory
 *     eviction-del             removing one key in it
 *     aof-write, aof-fsync-…   writing to the append-only file, and waiting for the disk
 *     fork                     the cut of a snapshot, which is what Redis needs a fork for
 *
 * Whoever measures asks `isOn` before reading the clock, so a server without the monitor doesn't pay for it.
 */
import type { Keyspace } from "../keyspace/keyspace.ts";

/** Samples of an event. */
export const SAMPLES_MAX = 160;

/** Figures about an event; times in ms, the period in seconds. */
export interface LatencyFigures {
  readonly samples: number;
  readonly min: number;
  readonly max: number;
  readonly average: number;
  readonly meanDeviation: number;
  readonly period: number;
}

/** The samples of an event, oldest first. */
export class LatencySeries {
  /** Unix times in seconds, and durations in ms. */
  readonly times: number[] = [];
  readonly latencies: number[] = [];
  /** The longest ever. */
  max = 0;

  add(seconds: number, ms: number): void {
    const { times, latencies } = this;
    if (ms > this.max) this.max = ms;
    const last = times.length - 1;
    if (last >= 0 && times[last] === seconds) {
      if (ms > latencies[last]) latencies[last] = ms;
      return;
    }
    times.push(seconds);
    latencies.push(ms);
    if (times.length <= SAMPLES_MAX) return;
    times.shift();
    latencies.shift();
  }

  /** What the samples amount to at a unix time in seconds. */
  figures(nowSeconds: number): LatencyFigures {
    const { times, latencies } = this;
    const samples = times.length;
    const mean = (values: readonly number[]) =>
      Math.floor(values.reduce((sum, value) => sum + value, 0) / samples);
    const average = mean(latencies);
    return {
      samples,
      min: Math.min(...latencies),
      max: Math.max(...latencies),
      average,
      meanDeviation: mean(latencies.map((ms) => Math.abs(average - ms))),
      period: Math.max(1, nowSeconds - times[0]),
    };
  }
}

export class LatencyMonitor {
  /** latency-monitor-threshold, in ms. */
  thresholdMs = 0;
  readonly events = new Map<string, LatencySeries>();
  private readonly keyspace: Keyspace;

  constructor(keyspace: Keyspace) {
    this.keyspace = keyspace;
  }

  get isOn(): boolean {
    return this.thresholdMs !== 0;
  }

  /** Unix time in seconds. */
  get nowSeconds(): number {
    return Math.floor(this.keyspace.nowMs / 1000);
  }

  /** Something took so many microseconds; it is noted if that is long enough. */
  add(event: string, us: number): void {
    const ms = Math.floor(us / 1000);
    if (this.thresholdMs === 0 || ms < this.thresholdMs) return;
    let series = this.events.get(event);
    if (series === undefined) this.events.set(event, series = new LatencySeries());
    series.add(this.nowSeconds, ms);
  }

  /** Forgets an event, in any case, or all of them. Returns how many there were. */
  reset(event: string | null): number {
    let count = 0;
    for (const name of [...this.events.keys()]) {
      if (event !== null && name !== event.toLowerCase()) continue;
      this.events.delete(name);
      count++;
    }
    return count;
  }
}
