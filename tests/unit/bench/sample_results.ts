/**
 * A small result file with known figures: Larder on Deno at 1.5 times redis-server's throughput.
 */

import {
  medianOfRounds,
  type ResultFile,
  type ThroughputRun,
} from "../../../bench/load/results.ts";

/** One run; its CPU cost is its round in user and twice that in system seconds. */
export function sampleRun(
  server: string,
  requestsPerSecond: number,
  round: number,
  test = "set",
): ThroughputRun {
  return {
    server,
    test,
    pipeline: 16,
    keyspace: 2_000_000,
    round,
    requests: 1000,
    requestsPerSecond,
    latency: { p50Ms: 0.1, p95Ms: 0.2, p99Ms: 0.3, p999Ms: 0.4, maxMs: 0.5 },
    cpuPerMillion: { userSeconds: round, systemSeconds: 2 * round },
    rssBytes: 50_000_000,
    usedMemoryBytes: 40_000_000,
    error: null,
  };
}

/** Two servers, two tests, one keyspace and pipeline. */
export function sampleResults(): ResultFile {
  const runs = ["set", "get"].flatMap((test) => [
    sampleRun("deno", 150_000, 1, test),
    sampleRun("redis", 100_000, 1, test),
  ]);
  return {
    schema: 1,
    environment: {
      date: "2025-03-04T05:06:07.000Z",
      commit: "abc1234",
      dirty: false,
      cpuModel: "Example <CPU> & more",
      cores: 2,
      memoryBytes: 2 ** 33,
      kernel: "Linux 6.1.0 x64",
      runtimes: { deno: "deno 2.9.6", bun: null },
      redisBenchmark: "redis-benchmark 7.0.15",
    },
    reference: "redis",
    servers: [
      {
        name: "deno",
        label: "Larder on Deno",
        command: "deno",
        version: "0.1.0",
        runtime: "deno 2.9.6",
      },
      {
        name: "redis",
        label: "redis-server",
        command: "redis-server",
        version: "7.0.15",
        runtime: null,
      },
    ],
    throughput: {
      tests: ["set", "get"],
      pipelines: [16],
      keyspaces: [2_000_000],
      rounds: 1,
      clients: 50,
      valueLen: 16,
      medians: medianOfRounds(runs),
      runs,
    },
    fill: [
      {
        server: "deno",
        keys: 1_000_000,
        keyLen: 16,
        valueLen: 16,
        seconds: 1,
        usedBytesPerKey: 60,
        rssBytesPerKey: 70,
      },
    ],
  };
}
