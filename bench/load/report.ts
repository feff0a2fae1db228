/**
 * The results as tables for the terminal. Every ratio is to the reference server's median.
 */

import type {
  ElementsResult,
  FillResult,
  HitRateResult,
  IdleResult,
  ResultFile,
  SaveResult,
  StallResult,
  ThroughputMedian,
  ThroughputSection,
} from "./results.ts";
import { ratio } from "./stats.ts";
import { fixed, formatTable, times, whole } from "./table.ts";

/** All sections of a result file, one table after the other. */
export function formatReport(file: ResultFile): string {
  const parts: string[] = [];
  if (file.throughput) parts.push(formatThroughput(file.throughput, file.reference));
  if (file.fill) parts.push(formatFill(file.fill));
  if (file.elements) parts.push(formatElements(file.elements, file.reference));
  if (file.idle) parts.push(formatIdle(file.idle));
  if (file.stall) parts.push(formatStall(file.stall));
  if (file.bigstall) parts.push(formatStall(file.bigstall));
  if (file.hitrate) parts.push(formatHitRate(file.hitrate, file.reference));
  if (file.saves) parts.push(formatSaves(file.saves, file.reference));
  return parts.join("\n\n");
}

/** One table for each keyspace and pipeline depth. */
function formatThroughput(section: ThroughputSection, reference: string): string {
  const tables: string[] = [];
  for (const keyspace of section.keyspaces) {
    for (const pipeline of section.pipelines) {
      const cells = section.medians.filter((cell) =>
        cell.keyspace === keyspace && cell.pipeline === pipeline
      );
      if (cells.length === 0) continue;
      const rows = cells.map((cell) => {
        const base = cells.find((other) => other.test === cell.test && other.server === reference);
        return throughputRow(cell, base ?? null);
      });
      tables.push(
        `${whole(keyspace)} random keys, pipeline ${pipeline} (ratios to ${reference})\n` +
          formatTable(THROUGHPUT_HEAD, rows, 2),
      );
    }
  }
  return tables.join("\n\n");
}

const THROUGHPUT_HEAD = [
  "test",
  "server",
  "requests/s",
  "ratio",
  "CPU s/M",
  "user",
  "sys",
  "ratio",
  "p50 ms",
  "ratio",
  "p99 ms",
  "ratio",
  "p99.9 ms",
  "ratio",
  "RSS MB",
];

function throughputRow(cell: ThroughputMedian, base: ThroughputMedian | null): string[] {
  const latency = cell.latency;
  const baseLatency = base?.latency ?? null;
  const percentiles = (["p50Ms", "p99Ms", "p999Ms"] as const).flatMap((name) => [
    fixed(latency?.[name] ?? null, 3),
    times(ratio(latency?.[name] ?? null, baseLatency?.[name] ?? null)),
  ]);
  return [
    cell.test,
    cell.server,
    cell.rounds === 0 ? "failed" : whole(cell.requestsPerSecond),
    times(ratio(cell.requestsPerSecond, base?.requestsPerSecond ?? null)),
    fixed(cell.cpuSecondsPerMillion, 2),
    fixed(cell.cpuPerMillion?.userSeconds ?? null, 2),
    fixed(cell.cpuPerMillion?.systemSeconds ?? null, 2),
    times(ratio(cell.cpuSecondsPerMillion, base?.cpuSecondsPerMillion ?? null)),
    ...percentiles,
    megabytes(cell.rssBytes),
  ];
}

/** Bytes per key. */
function formatFill(results: FillResult[]): string {
  const head = ["server", "keys", "load s", "used_memory B/key", "RSS B/key"];
  const rows = results.map((result) => [
    result.server,
    whole(result.keys),
    fixed(result.seconds, 2),
    fixed(result.usedBytesPerKey, 1),
    fixed(result.rssBytesPerKey, 1),
  ]);
  const { keyLen, valueLen } = results[0] ?? { keyLen: 0, valueLen: 0 };
  return `Memory per key: ${keyLen} byte keys, ${valueLen} byte values\n` +
    formatTable(head, rows, 1);
}

/** Bytes per element, by type and size. */
function formatElements(results: ElementsResult[], reference: string): string {
  const head = ["type", "elements", "server", "used_memory B", "ratio"];
  const kinds = [...new Set(results.map(({ type, size }) => JSON.stringify([type, size])))];
  const rows = kinds.flatMap((kind) => {
    const same = results.filter(({ type, size }) => JSON.stringify([type, size]) === kind);
    const base = same.find((other) => other.server === reference);
    return same.map((result) => [
      result.type,
      whole(result.size),
      result.server,
      fixed(result.usedBytesPerElement, 1),
      times(ratio(result.usedBytesPerElement, base?.usedBytesPerElement ?? null)),
    ]);
  });
  return `Memory per element, keys included\n${formatTable(head, rows, 3)}`;
}

/** Memory per idle connection. */
function formatIdle(results: IdleResult[]): string {
  const head = ["server", "connections", "used_memory B/conn", "RSS B/conn"];
  const rows = results.map((result) => [
    result.server,
    whole(result.connections),
    whole(result.usedBytesPerConnection),
    whole(result.rssBytesPerConnection),
  ]);
  return `Memory per idle connection\n${formatTable(head, rows, 1)}`;
}

/** Longest stall by server and phase. */
function formatStall(results: StallResult[]): string {
  const head = [
    "server",
    "phase",
    "seconds",
    "PINGs",
    "longest ms",
    "p99 ms",
    ">1 ms",
    ">5 ms",
    "own turn ms",
    "probe late ms",
  ];
  const rows = results.map((result) => [
    result.server,
    result.phase,
    fixed(result.seconds, 1),
    whole(result.pings),
    fixed(result.longestMs, 2),
    fixed(result.p99Ms, 2),
    whole(result.over1Ms),
    whole(result.over5Ms),
    fixed(result.serverLongestTurnMs, 2),
    fixed(result.probeLateMs, 2),
  ]);
  const keys = results[0]?.keys ?? 0;
  return `Longest stall with ${whole(keys)} keys, seen by a PING about every millisecond\n` +
    formatTable(head, rows, 2);
}

/** Hit rates by trace and policy. */
function formatHitRate(results: HitRateResult[], reference: string): string {
  const head = ["trace", "policy", "server", "hits %", "ratio", "keys kept", "evicted"];
  const kinds = [...new Set(results.map(({ trace, policy }) => JSON.stringify([trace, policy])))];
  const rows = kinds.flatMap((kind) => {
    const same = results.filter(({ trace, policy }) => JSON.stringify([trace, policy]) === kind);
    const base = same.find((other) => other.server === reference);
    return same.map((result) => [
      result.trace,
      result.policy,
      result.server,
      fixed(result.hitRate * 100, 2),
      fixed(ratio(result.hitRate, base?.hitRate ?? null), 4),
      whole(result.kept),
      whole(result.evicted),
    ]);
  });
  const requests = results[0]?.requests ?? 0;
  return `Hit rate of a full cache, ${whole(requests)} requests\n${formatTable(head, rows, 3)}`;
}

/** What saving and loading cost, a row for each figure and server. */
function formatSaves(results: SaveResult[], reference: string): string {
  const figures = [...new Set(results.map(({ figure }) => figure))];
  const rows = figures.flatMap((figure) => {
    const same = results.filter((result) => result.figure === figure);
    const base = same.find((other) => other.server === reference);
    return same.map((result) => [
      figure,
      result.server,
      fixed(result.value, 2),
      result.unit,
      times(ratio(result.value, base?.value ?? null)),
    ]);
  });
  return `Saving and loading\n${formatTable(["what", "server", "", "", "ratio"], rows, 2)}`;
}

function megabytes(bytes: number | null): string {
  return bytes === null ? "-" : whole(bytes / 1_000_000);
}
