/** core/base/clock.ts: the system's clock is consistent, the manual one moves as told. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, SystemClock } from "../../../core/base/clock.ts";

test("the system clock gives integers, microseconds that fit its milliseconds, and no step back", () => {
  const clock = new SystemClock();
  let lastMonotonic = clock.monotonicUs();
  for (let i = 0; i < 20_000; i++) {
    const before = clock.nowMs();
    const us = clock.nowUs();
    const after = clock.nowMs();
    const monotonic = clock.monotonicUs();
    assert.ok(Number.isSafeInteger(us) && Number.isSafeInteger(before));
    assert.ok(Number.isSafeInteger(monotonic) && monotonic >= lastMonotonic);
    const ms = Math.floor(us / 1000);
    // If the system clock was set in between, before and after are in disorder and say nothing.
    if (before <= after) assert.ok(ms >= before && ms <= after, `${before} ${us} ${after}`);
    lastMonotonic = monotonic;
  }
});

test("the manual clock stands still until it is moved", () => {
  const clock = new ManualClock(1_000_000);
  assert.equal(clock.nowMs(), 1_000_000);
  assert.equal(clock.nowUs(), 1_000_000_000);
  assert.equal(clock.monotonicUs(), 0);
  clock.advance(1.5);
  assert.equal(clock.nowMs(), 1_000_001);
  assert.equal(clock.nowUs(), 1_000_001_500);
  assert.equal(clock.monotonicUs(), 1500);
});

test("setting the manual clock moves unix time alone, and durations never run back", () => {
  const clock = new ManualClock();
  clock.advance(10);
  clock.set(5000);
  assert.equal(clock.nowMs(), 5000);
  assert.equal(clock.monotonicUs(), 10_000);
  assert.throws(() => clock.advance(-1), RangeError);
  assert.throws(() => clock.advance(NaN), RangeError);
});
