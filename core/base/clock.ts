/**
 * Time, injected everywhere so that tests replay.
 *
 * `SystemClock` reads the operating system; `ManualClock` stands still until a test moves it.
 *
 * Measured per call: `Date.now` 54 ns on Deno and 34 ns on Bun, `performance.now` 91 and 36 ns.
 * A command costs a few hundred nanoseconds, so the server reads the clock once per batch of
 * commands and hands the cached value down, as Redis does with its cached time.
 */

/** A source of time. All values are integers held in doubles. */
export interface Clock {
  /** Unix time in milliseconds. It may step when the system clock is set. */
  nowMs(): number;
  /** Unix time in microseconds, in the same millisecond as `nowMs` reports. */
  nowUs(): number;
  /** Microseconds since an arbitrary start; never goes back. For durations. */
  monotonicUs(): number;
}

/** The operating system's clocks. */
export class SystemClock implements Clock {
  /** Microseconds to add to the monotonic clock to get unix time. */
  #offsetUs: number;

  constructor() {
    this.#offsetUs = Date.now() * 1000 - Math.floor(performance.now() * 1000);
  }

  nowMs(): number {
    return Date.now();
  }

  /**
   * `Date.now` has no microseconds and `performance.timeOrigin` does not follow a system clock that
   * is set or slewed. So the millisecond comes from the first, the position in it from the second,
   * and the offset between them is corrected whenever the two disagree.
   */
  nowUs(): number {
    const startUs = Date.now() * 1000;
    const monotonicUs = Math.floor(performance.now() * 1000);
    let us = monotonicUs + this.#offsetUs;
    if (us < startUs) us = startUs;
    else if (us > startUs + 999) us = startUs + 999;
    else return us;
    this.#offsetUs = us - monotonicUs;
    return us;
  }

  monotonicUs(): number {
    return Math.floor(performance.now() * 1000);
  }
}

/** A clock for tests: it moves only when told to. */
export class ManualClock implements Clock {
  #unixUs: number;
  #monotonicUs: number;

  /** Starts at unix time `startMs`, in milliseconds. */
  constructor(startMs = 1_700_000_000_000) {
    this.#unixUs = startMs * 1000;
    this.#monotonicUs = 0;
  }

  nowMs(): number {
    return Math.floor(this.#unixUs / 1000);
  }

  nowUs(): number {
    return this.#unixUs;
  }

  monotonicUs(): number {
    return this.#monotonicUs;
  }

  /** Lets `ms` milliseconds pass on both clocks; fractions count down to a microsecond. */
  advance(ms: number): void {
    if (!(ms >= 0)) throw new RangeError(`Cannot advance a clock by ${ms} ms: time runs forward`);
    const us = Math.round(ms * 1000);
    this.#unixUs += us;
    this.#monotonicUs += us;
  }

  /** Sets the unix time, forwards or back, as an administrator would; durations don't notice. */
  set(unixMs: number): void {
    this.#unixUs = Math.round(unixMs * 1000);
  }
}
