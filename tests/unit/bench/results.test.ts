import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { formatReport } from "../../../bench/load/report.ts";
import {
  medianOfRounds,
  mergeResults,
  resultFileName,
  type ThroughputRun,
} from "../../../bench/load/results.ts";
import { median, medianOrNull, quantileOfSorted, ratio } from "../../../bench/load/stats.ts";
import { fixed, formatTable, times, whole } from "../../../bench/load/table.ts";
import { sampleResults, sampleRun } from "./sample_results.ts";

describe("statistics", () => {
  test("median", () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 3, 2]), 2.5);
    assert.ok(Number.isNaN(median([])));
    assert.equal(medianOrNull([null, 5, null, 7]), 6);
    assert.equal(medianOrNull([null]), null);
  });

  test("ratio", () => {
    assert.equal(ratio(3, 2), 1.5);
    for (const [a, b] of [[null, 1], [1, null], [1, 0]] as const) assert.equal(ratio(a, b), null);
  });

  test("quantile by nearest rank", () => {
    const sorted = Float64Array.from({ length: 100 }, (_, i) => i + 1);
    assert.equal(quantileOfSorted(sorted, 0.99), 99);
    assert.equal(quantileOfSorted(sorted, 1), 100);
    assert.equal(quantileOfSorted(sorted, 0), 1);
    assert.equal(quantileOfSorted(new Float64Array(0), 0.5), 0);
  });
});

describe("medians of rounds", () => {
  test("each cell for itself, failed runs left out", () => {
    const failed: ThroughputRun = {
      ...sampleRun("deno", 1, 4),
      requestsPerSecond: null,
      latency: null,
      cpuPerMillion: null,
      error: "refused",
    };
    const medians = medianOfRounds([
      sampleRun("deno", 100, 1),
      sampleRun("redis", 50, 1),
      sampleRun("deno", 300, 2),
      sampleRun("redis", 60, 2),
      sampleRun("deno", 200, 3),
      failed,
    ]);
    assert.deepEqual(medians.map((cell) => [cell.server, cell.requestsPerSecond, cell.rounds]), [
      ["deno", 200, 3],
      ["redis", 55, 2],
    ]);
    assert.deepEqual(medians[0].cpuPerMillion, { userSeconds: 2, systemSeconds: 4 });
    assert.equal(medians[0].cpuSecondsPerMillion, 6);
  });

  test("a cell with failures only has no figures", () => {
    const cell = medianOfRounds([{
      ...sampleRun("deno", 1, 1),
      requestsPerSecond: null,
      latency: null,
      cpuPerMillion: null,
      error: "refused",
    }])[0];
    assert.equal(cell.rounds, 0);
    assert.equal(cell.requestsPerSecond, null);
    assert.equal(cell.latency, null);
  });
});

test("a later run adds its sections and keeps the others", () => {
  const earlier = sampleResults();
  const { throughput: _, fill: __, ...rest } = sampleResults();
  const later = { ...rest, servers: rest.servers.slice(0, 1), stall: [] };
  const merged = mergeResults(earlier, later);
  assert.deepEqual(merged.throughput, earlier.throughput);
  assert.deepEqual(merged.fill, earlier.fill);
  assert.deepEqual(merged.stall, []);
  const names = (servers: { name: string }[]) => servers.map((server) => server.name).sort();
  assert.deepEqual(names(merged.servers), names(earlier.servers));
});

test("file name", () => {
  assert.equal(resultFileName(sampleResults().environment), "2025-03-04-abc1234.json");
});

describe("tables", () => {
  test("columns line up", () => {
    assert.equal(
      formatTable(["name", "n"], [["a", "1"], ["bcdef", "1,234"]], 1),
      "name       n\n-----  -----\na          1\nbcdef  1,234",
    );
  });

  test("figures", () => {
    assert.equal(whole(1234567.4), "1,234,567");
    assert.equal(whole(999), "999");
    assert.equal(whole(null), "-");
    assert.equal(fixed(1.005, 1), "1.0");
    assert.equal(fixed(Infinity, 1), "-");
    assert.equal(times(1.256), "1.26x");
    assert.equal(times(null), "-");
  });

  test("a report names every server with its ratio", () => {
    const report = formatReport(sampleResults());
    const line = report.split("\n").find((row) => /^set +deno/.test(row));
    assert.ok(line !== undefined && line.includes("1.50x"), report);
    assert.match(report, /Memory per key: 16 byte keys, 16 byte values/);
    assert.match(report, /2,000,000 random keys, pipeline 16/);
  });
});
