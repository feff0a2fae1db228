/**
 * What a benchmark run found, and the file it is kept in.
 *
 * One JSON file per day and commit, `YYYY-MM-DD-<commit>.json`, holds one section for each part of
 * the benchmark with all raw runs beside the medians, so that a doubt can be settled later. Running
 * another part on the same day and commit adds its section; running the same part again replaces it.
 * Units are in the names; a figure that couldn't be measured is null, never 0.
 */

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { benchmarkVersion } from "./redis_benchmark.ts";
import { median, medianOrNull } from "./stats.ts";

/** Latencies of one test in milliseconds. */
export interface Latency {
  p50Ms: number;
  p95Ms: number;
  p99Ms: number;
  p999Ms: number;
  maxMs: number;
}

/** CPU seconds of the server for a million requests. */
export interface CpuCost {
  userSeconds: number;
  systemSeconds: number;
}

/** Which figure this is: server, test, pipeline depth, number of random keys. */
export interface ThroughputCell {
  server: string;
  test: string;
  pipeline: number;
  keyspace: number;
}

/** One run of redis-benchmark. `error` is set when it failed; the figures are then null. */
export interface ThroughputRun extends ThroughputCell {
  round: number;
  requests: number;
  requestsPerSecond: number | null;
  latency: Latency | null;
  cpuPerMillion: CpuCost | null;
  rssBytes: number | null;
  usedMemoryBytes: number | null;
  error: string | null;
}

/** Medians over the rounds of one cell, each figure for itself. */
export interface ThroughputMedian extends ThroughputCell {
  rounds: number;
  requestsPerSecond: number | null;
  latency: Latency | null;
  cpuPerMillion: CpuCost | null;
  cpuSecondsPerMillion: number | null;
  rssBytes: number | null;
  usedMemoryBytes: number | null;
}

/** Memory taken by many small keys. */
export interface FillResult {
  server: string;
  keys: number;
  keyLen: number;
  valueLen: number;
  seconds: number;
  usedBytesPerKey: number | null;
  rssBytesPerKey: number | null;
}

/** Memory taken by an element of a value, the value's key included. */
export interface ElementsResult {
  server: string;
  type: string;
  /** Elements of each value. */
  size: number;
  usedBytesPerElement: number | null;
}

/** Memory taken by connections that have sent one PING and then nothing. */
export interface IdleResult {
  server: string;
  connections: number;
  usedBytesPerConnection: number | null;
  rssBytesPerConnection: number | null;
}

/** One phase of the stall measurement, seen by a client that sends PING about every millisecond. */
export interface StallResult {
  server: string;
  phase: string;
  keys: number;
  seconds: number;
  pings: number;
  longestMs: number;
  p99Ms: number;
  p999Ms?: number;
  /** PINGs that took longer than 1 and than 5 ms. */
  over1Ms: number;
  over5Ms: number;
  /** How late the pinging thread's own timer was at worst: what the machine adds to `longestMs`. */
  probeLateMs: number;
  /** The server's own figure for its longest event-loop turn, where it has one. */
  serverLongestTurnMs: number | null;
}

/** How many requests to a full cache were hits. */
export interface HitRateResult {
  server: string;
  trace: string;
  policy: string;
  requests: number;
  /** Hits in the warm cache, as a part of 1. */
  hitRate: number;
  /** Keys in the end, and keys that were evicted on the way. */
  kept: number;
  evicted: number;
}

/** A figure about saving and loading; what it is, in words (saves.ts). */
export interface SaveResult {
  server: string;
  figure: string;
  unit: string;
  value: number | null;
}

/** A server as it was measured. */
export interface ServerFacts {
  name: string;
  label: string;
  command: string;
  version: string;
  runtime: string | null;
}

/** The machine and the source the figures belong to. */
export interface Environment {
  date: string;
  commit: string;
  dirty: boolean;
  cpuModel: string;
  cores: number;
  memoryBytes: number;
  kernel: string;
  runtimes: { deno: string | null; bun: string | null };
  redisBenchmark: string | null;
}

/** Throughput with the options it was measured with. */
export interface ThroughputSection {
  tests: string[];
  pipelines: number[];
  keyspaces: number[];
  rounds: number;
  /** Rounds before them that weren't counted; older results had none. */
  warmUp?: number;
  clients: number;
  valueLen: number;
  medians: ThroughputMedian[];
  runs: ThroughputRun[];
}

/** The file. A section is absent until its part was run. */
export interface ResultFile {
  schema: 1;
  environment: Environment;
  reference: string;
  servers: ServerFacts[];
  throughput?: ThroughputSection;
  fill?: FillResult[];
  elements?: ElementsResult[];
  idle?: IdleResult[];
  stall?: StallResult[];
  bigstall?: StallResult[];
  hitrate?: HitRateResult[];
  saves?: SaveResult[];
}

/** Reduces the runs of every cell to medians; the cells keep the order of their first run. */
export function medianOfRounds(runs: ThroughputRun[]): ThroughputMedian[] {
  const cells = new Map<string, ThroughputRun[]>();
  for (const run of runs) {
    const key = JSON.stringify([run.keyspace, run.pipeline, run.test, run.server]);
    const cell = cells.get(key);
    if (cell === undefined) cells.set(key, [run]);
    else cell.push(run);
  }
  return [...cells.values()].map(medianOfCell);
}

/** Looks at the machine, the working tree and the runtimes. `root` is the repository. */
export function readEnvironment(root: string): Environment {
  return {
    date: new Date().toISOString(),
    commit: run("git", ["-C", root, "rev-parse", "--short", "HEAD"]) ?? "uncommitted",
    dirty: (run("git", ["-C", root, "status", "--porcelain"]) ?? "") !== "",
    cpuModel: os.cpus()[0]?.model.trim() ?? "unknown",
    cores: os.cpus().length,
    memoryBytes: os.totalmem(),
    kernel: `${os.type()} ${os.release()} ${os.arch()}`,
    runtimes: {
      deno: run("deno", ["--version"])?.split("\n")[0] ?? null,
      bun: run("bun", ["--version"]),
    },
    redisBenchmark: benchmarkVersion(),
  };
}

/** `YYYY-MM-DD-<commit>.json`. */
export function resultFileName(environment: Environment): string {
  return `${environment.date.slice(0, 10)}-${environment.commit}.json`;
}

/**
 * Writes `found` into its file below `dir`, keeping the sections of an earlier run that this one
 * didn't measure. Returns the path and what the file now holds.
 */
export function saveResults(dir: string, found: ResultFile): { path: string; file: ResultFile } {
  mkdirSync(dir, { recursive: true });
  const path = join(dir, resultFileName(found.environment));
  const file = existsSync(path) ? mergeResults(readResults(path), found) : found;
  writeFileSync(path, JSON.stringify(file, null, 1) + "\n");
  return { path, file };
}

/** Sections and servers of `found` replace those of `earlier`; the rest of `earlier` stays. */
export function mergeResults(earlier: ResultFile, found: ResultFile): ResultFile {
  const kept = earlier.servers.filter((old) => !found.servers.some((s) => s.name === old.name));
  return { ...earlier, ...found, servers: [...kept, ...found.servers] };
}

/** Reads a result file. Throws when it isn't one. */
export function readResults(path: string): ResultFile {
  const file = JSON.parse(readFileSync(path, "utf8")) as ResultFile;
  if (file.schema !== 1) throw new Error(`${path} is not a result file of this benchmark`);
  return file;
}

function medianOfCell(runs: ThroughputRun[]): ThroughputMedian {
  const { server, test, pipeline, keyspace } = runs[0];
  const costs = runs.map((run) => run.cpuPerMillion);
  const user = medianOrNull(costs.map((cost) => cost?.userSeconds ?? null));
  const system = medianOrNull(costs.map((cost) => cost?.systemSeconds ?? null));
  return {
    server,
    test,
    pipeline,
    keyspace,
    rounds: runs.filter((run) => run.error === null).length,
    requestsPerSecond: medianOrNull(runs.map((run) => run.requestsPerSecond)),
    latency: medianLatency(runs),
    cpuPerMillion: user === null || system === null
      ? null
      : { userSeconds: user, systemSeconds: system },
    cpuSecondsPerMillion: medianOrNull(
      costs.map((cost) => cost === null ? null : cost.userSeconds + cost.systemSeconds),
    ),
    rssBytes: medianOrNull(runs.map((run) => run.rssBytes)),
    usedMemoryBytes: medianOrNull(runs.map((run) => run.usedMemoryBytes)),
  };
}

function medianLatency(runs: ThroughputRun[]): Latency | null {
  const known = runs.map((run) => run.latency).filter((latency) => latency !== null);
  if (known.length === 0) return null;
  return {
    p50Ms: median(known.map((latency) => latency.p50Ms)),
    p95Ms: median(known.map((latency) => latency.p95Ms)),
    p99Ms: median(known.map((latency) => latency.p99Ms)),
    p999Ms: median(known.map((latency) => latency.p999Ms)),
    maxMs: median(known.map((latency) => latency.maxMs)),
  };
}

function run(program: string, args: string[]): string | null {
  try {
    const stdio: ["ignore", "pipe", "ignore"] = ["ignore", "pipe", "ignore"];
    return execFileSync(program, args, { encoding: "utf8", stdio }).trim();
  } catch {
    return null;
  }
}
