/**
 * Runs redis-benchmark once and reads its report.
 *
 * The full report is used rather than `--csv`, whose columns end at p99: the report lists the latency
 * distribution at ever finer percentiles (50, 75, 87.5, ... up to 100), and p99.9 is interpolated
 * between the two lines around it. A report looks like this (progress lines end in a bare CR):
 *
 *     ====== SET ======
 *       20000 requests completed in 0.05 seconds
 *     Latency by percentile distribution:
 *     99.805% <= 1.503 milliseconds (cumulative count 19964)
 *     99.902% <= 1.559 milliseconds (cumulative count 19984)
 *     Summary:
 *       throughput summary: 363636.38 requests per second
 *       latency summary (msec):
 *               avg       min       p50       p95       p99       max
 *             0.326     0.072     0.271     0.687     0.983     1.607
 */

import { execFileSync, spawn } from "node:child_process";

/** One test's figures. Latencies are milliseconds. */
export interface BenchmarkReport {
  title: string;
  requests: number;
  requestsPerSecond: number;
  avgMs: number;
  minMs: number;
  p50Ms: number;
  p95Ms: number;
  p99Ms: number;
  p999Ms: number;
  maxMs: number;
}

/** What one run of redis-benchmark is to do. */
export interface BenchmarkRequest {
  host: string;
  port: number;
  requests: number;
  clients: number;
  pipeline: number;
  valueLen: number;
  keyspace: number;
  /** `-t name`, or a command given word by word; see workload.ts. */
  workload: string[];
}

/** Runs redis-benchmark and returns its last test's report. Throws with its output on any failure. */
export async function runBenchmark(request: BenchmarkRequest): Promise<BenchmarkReport> {
  const output = await capture("redis-benchmark", benchmarkArguments(request));
  const reports = parseReports(output.text);
  if (output.status !== 0 || reports.length === 0) {
    // A test name it doesn't know makes it end in silence, with status 0.
    const said = lastLines(output.text) || "nothing";
    const asked = request.workload.join(" ");
    throw new Error(`redis-benchmark ${asked}: status ${output.status}, it said: ${said}`);
  }
  return reports[reports.length - 1];
}

/** `redis-benchmark --version` as it prints it, or null when it isn't installed. */
export function benchmarkVersion(): string | null {
  try {
    return execFileSync("redis-benchmark", ["--version"], { encoding: "utf8" }).trim();
  } catch {
    return null;
  }
}

/** The command line of one run. */
export function benchmarkArguments(request: BenchmarkRequest): string[] {
  const fixed: [string, string | number][] = [
    ["-h", request.host],
    ["-p", request.port],
    ["-n", request.requests],
    ["-c", request.clients],
    ["-P", request.pipeline],
    ["-d", request.valueLen],
    ["-r", request.keyspace],
    ["--precision", 3],
  ];
  return [...fixed.flatMap(([flag, value]) => [flag, String(value)]), ...request.workload];
}

/** Reads every test's block out of redis-benchmark's standard output. */
export function parseReports(output: string): BenchmarkReport[] {
  const reports: BenchmarkReport[] = [];
  for (const block of output.replaceAll("\r", "\n").split(/^====== /m).slice(1)) {
    const report = parseBlock(block);
    if (report !== null) reports.push(report);
  }
  return reports;
}

/**
 * Latency at `percent` by linear interpolation in lines of `p% <= t milliseconds`, given ascending.
 * Before the first line it is the first value, after the last the last; NaN without any line.
 */
export function interpolatePercentile(points: [number, number][], percent: number): number {
  let [lowPercent, lowMs] = points.length > 0 ? points[0] : [0, NaN];
  for (const [highPercent, highMs] of points) {
    if (highPercent >= percent) {
      const span = highPercent - lowPercent;
      return span <= 0 ? highMs : lowMs + (highMs - lowMs) * ((percent - lowPercent) / span);
    }
    lowPercent = highPercent;
    lowMs = highMs;
  }
  return lowMs;
}

function parseBlock(block: string): BenchmarkReport | null {
  const title = /^(.*?) ======/.exec(block);
  const requests = /^\s*(\d+) requests completed in/m.exec(block);
  const throughput = /throughput summary:\s+([\d.]+|inf) requests per second/.exec(block);
  const summary = /avg\s+min\s+p50\s+p95\s+p99\s+max\s*\n([\s\d.]+)/.exec(block);
  if (title === null || requests === null || throughput === null || summary === null) return null;
  const [avgMs, minMs, p50Ms, p95Ms, p99Ms, maxMs] = summary[1].trim().split(/\s+/).map(Number);
  const points = distribution(block);
  return {
    title: title[1],
    requests: Number(requests[1]),
    requestsPerSecond: throughput[1] === "inf" ? Infinity : Number(throughput[1]),
    avgMs,
    minMs,
    p50Ms,
    p95Ms,
    p99Ms,
    p999Ms: points.length === 0 ? maxMs : interpolatePercentile(points, 99.9),
    maxMs,
  };
}

/** The percentile lines; the cumulative table after them has coarser steps and is left out. */
function distribution(block: string): [number, number][] {
  const start = block.indexOf("Latency by percentile distribution:");
  if (start < 0) return [];
  const end = block.indexOf("Cumulative distribution", start);
  const section = block.slice(start, end < 0 ? block.length : end);
  const points: [number, number][] = [];
  for (const line of section.matchAll(/^([\d.]+)% <= ([\d.]+) milliseconds/gm)) {
    points.push([Number(line[1]), Number(line[2])]);
  }
  return points;
}

function capture(program: string, args: string[]): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    const take = (chunk: string) => {
      text += chunk;
    };
    child.stdout.setEncoding("utf8").on("data", take);
    child.stderr.setEncoding("utf8").on("data", take);
    child.on("error", (error) => reject(new Error(`can't run ${program}: ${error.message}`)));
    child.on("close", (status) => resolve({ status: status ?? -1, text }));
  });
}

function lastLines(text: string): string {
  const lines = text.replaceAll("\r", "\n").split("\n").map((line) => line.trim());
  return lines.filter((line) => line !== "").slice(-3).join(" | ");
}
