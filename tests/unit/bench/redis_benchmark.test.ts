import { describe, test } from "node:test";
import assert from "node:assert/strict";
import {
  benchmarkArguments,
  interpolatePercentile,
  parseReports,
} from "../../../bench/load/redis_benchmark.ts";

/** The shape of what redis-benchmark 7.0 prints, progress lines and their carriage returns included. */
const OUTPUT = [
  "SET: rps=0.0 (overall: 0.0) avg_msec=-nan (overall: -nan)\r",
  "                                                          \r====== SET ======",
  "  20000 requests completed in 0.05 seconds",
  "  50 parallel clients",
  "  16 bytes payload",
  "",
  "Latency by percentile distribution:",
  "0.000% <= 0.079 milliseconds (cumulative count 4)",
  "50.000% <= 0.271 milliseconds (cumulative count 11092)",
  "99.805% <= 1.500 milliseconds (cumulative count 19964)",
  "99.902% <= 1.597 milliseconds (cumulative count 19984)",
  "100.000% <= 1.607 milliseconds (cumulative count 20000)",
  "",
  "Cumulative distribution of latencies:",
  "0.100% <= 0.103 milliseconds (cumulative count 20)",
  "100.000% <= 1.607 milliseconds (cumulative count 20000)",
  "",
  "Summary:",
  "  throughput summary: 363636.38 requests per second",
  "  latency summary (msec):",
  "          avg       min       p50       p95       p99       max",
  "        0.326     0.072     0.271     0.687     0.983     1.607",
  "",
].join("\n");

describe("report of redis-benchmark", () => {
  test("every figure of a block", () => {
    const reports = parseReports(OUTPUT);
    assert.equal(reports.length, 1);
    const { p999Ms, ...rest } = reports[0];
    assert.deepEqual(rest, {
      title: "SET",
      requests: 20000,
      requestsPerSecond: 363636.38,
      avgMs: 0.326,
      minMs: 0.072,
      p50Ms: 0.271,
      p95Ms: 0.687,
      p99Ms: 0.983,
      maxMs: 1.607,
    });
    // 95 of the 97 thousandths between the two lines around 99.9.
    assert.ok(Math.abs(p999Ms - 1.595) < 1e-9, String(p999Ms));
  });

  test("several blocks, titles with anything in them", () => {
    const second = OUTPUT.replace("SET ======", "MSET (10 keys) ======");
    assert.deepEqual(parseReports(OUTPUT + second).map((report) => report.title), [
      "SET",
      "MSET (10 keys)",
    ]);
  });

  test("a run too short to be timed", () => {
    const reports = parseReports(OUTPUT.replace("363636.38", "inf"));
    assert.equal(reports[0].requestsPerSecond, Infinity);
  });

  test("nothing and half a block give no report", () => {
    assert.deepEqual(parseReports(""), []);
    assert.deepEqual(parseReports(OUTPUT.slice(0, OUTPUT.indexOf("Summary"))), []);
  });

  test("without a distribution p99.9 is the maximum, never less than the truth", () => {
    const start = OUTPUT.indexOf("Latency by");
    const report =
      parseReports(OUTPUT.slice(0, start) + OUTPUT.slice(OUTPUT.indexOf("Summary")))[0];
    assert.equal(report.p999Ms, 1.607);
  });
});

test("percentiles between, before and after the lines", () => {
  const points: [number, number][] = [[10, 1], [50, 2], [100, 4]];
  assert.equal(interpolatePercentile(points, 75), 3);
  assert.equal(interpolatePercentile(points, 50), 2);
  assert.equal(interpolatePercentile(points, 5), 1);
  assert.equal(interpolatePercentile([[0, 1], [50, 2]], 99.9), 2);
  assert.ok(Number.isNaN(interpolatePercentile([], 50)));
});

test("command line of a run", () => {
  const args = benchmarkArguments({
    host: "127.0.0.1",
    port: 20001,
    requests: 1000,
    clients: 50,
    pipeline: 16,
    valueLen: 16,
    keyspace: 2000000,
    workload: ["-t", "set"],
  });
  assert.equal(
    args.join(" "),
    "-h 127.0.0.1 -p 20001 -n 1000 -c 50 -P 16 -d 16 -r 2000000 --precision 3 -t set",
  );
});
