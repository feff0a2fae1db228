import assert from "node:assert/strict";
import { test } from "node:test";
import {
  latencyBucket,
  latencyBucketMaxUs,
  LatencyHistogram,
} from "../../../core/server/latency_histogram.ts";

test("a bucket holds what is at most an eighth apart", () => {
  let before = -1;
  for (let ns = 0; ns < 100_000; ns++) {
    const bucket = latencyBucket(ns / 1000);
    assert.ok(bucket === before || bucket === before + 1, `bucket ${bucket} of ${ns} ns`);
    const max = latencyBucketMaxUs(bucket) * 1000;
    assert.ok(max >= ns - 0.5 && max <= ns * 1.125 + 1, `up to ${max} ns with ${ns} ns`);
    before = bucket;
  }
});

test("every duration has a bucket", () => {
  const histogram = new LatencyHistogram();
  for (const us of [0, 0.0001, 1, 1e3, 1e6, 2_147_483, 1e9, Infinity, -1]) {
    const bucket = latencyBucket(us);
    assert.ok(bucket >= 0 && bucket < histogram.counts.length, `${us} us`);
    histogram.counts[bucket]++;
  }
  assert.equal(histogram.total, 9);
  assert.equal(latencyBucket(1e9), histogram.counts.length - 1);
});

test("percentiles are those of the values, to an eighth", () => {
  const histogram = new LatencyHistogram();
  assert.equal(histogram.percentileUs(50), 0);
  for (let us = 1; us <= 1000; us++) histogram.counts[latencyBucket(us)]++;
  for (const percentile of [0, 1, 50, 90, 99, 99.9, 100]) {
    const exact = Math.max(1, percentile * 10);
    const found = histogram.percentileUs(percentile);
    assert.ok(found >= exact && found <= exact * 1.125, `p${percentile} is ${found}`);
  }
});

test("the shown steps are Redis's powers of two, and count all calls up to them", () => {
  const histogram = new LatencyHistogram();
  assert.deepEqual(histogram.cumulative(), []);
  for (const us of [1, 1, 3, 30, 5000]) histogram.counts[latencyBucket(us)]++;
  assert.deepEqual(histogram.cumulative(), [[1, 2], [4, 3], [33, 4], [8454, 5]]);
  histogram.counts[latencyBucket(1e9)]++;
  assert.equal(histogram.cumulative().at(-1)![1], 6);
});
