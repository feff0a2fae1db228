/**
 * From results to what the chart shows, without any geometry: which bars, in which panel, and the
 * tiles with figures below them. The reference server has no bars of its own in the ratio panels, since
 * all of them would be 1; it is the line.
 */

import type { ResultFile, ThroughputMedian } from "./results.ts";
import { ratio } from "./stats.ts";
import { whole } from "./table.ts";

/** One server's colour and name. */
export interface ChartSeries {
  name: string;
  label: string;
  color: string;
}

/** Ratios of one test, one for each series; null where it wasn't measured. */
export interface ChartTest {
  /** Two short lines; the second may be empty. */
  label: [string, string];
  throughput: (number | null)[];
  cpu: (number | null)[];
}

/** One keyspace at one pipeline depth. */
export interface ChartPanel {
  heading: string;
  detail: string;
  tests: ChartTest[];
}

/** A small bar list: one figure for every server, the reference included. */
export interface ChartTile {
  heading: string;
  bars: { label: string; color: string; value: number; text: string }[];
}

/** Everything on the chart. `rows` are pipeline depths, their panels are keyspaces. */
export interface ChartModel {
  title: string;
  subtitle: string;
  footnote: string;
  reference: string;
  series: ChartSeries[];
  rows: ChartPanel[][];
  tiles: ChartTile[];
}

const REFERENCE_COLOR = "#8b919c";
const COLORS: Record<string, string> = { deno: "#1f7a68", bun: "#e0952f" };
const OTHER_COLORS = ["#5b78b5", "#a8577e", "#7b6bb3", "#96703f"];

const TEST_LABELS: Record<string, [string, string]> = {
  ping_inline: ["PING", "inline"],
  ping_mbulk: ["PING", ""],
  mset: ["MSET", "10 keys"],
};

/** Builds the model; null when the file has no throughput to show. */
export function chartModel(file: ResultFile): ChartModel | null {
  const section = file.throughput;
  if (section === undefined) return null;
  const measured = file.servers.filter((server) =>
    section.medians.some((cell) => cell.server === server.name)
  );
  const series = measured.filter((server) => server.name !== file.reference)
    .map((server, i) => ({
      name: server.name,
      label: server.label,
      color: colorOf(server.name, i),
    }));
  const reference = file.servers.find((server) => server.name === file.reference);
  const referenceLabel = reference?.label ?? file.reference;
  const { date, commit, cpuModel, cores } = file.environment;
  return {
    title: `Throughput relative to ${referenceLabel}`,
    subtitle: `redis-benchmark on the same machine, ${section.clients} connections, ` +
      `${section.valueLen} byte values, median of ${plural(section.rounds, "interleaved round")}`,
    footnote: `${date.slice(0, 10)}, commit ${commit}, ${cpuModel}, ${plural(cores, "core")}; ` +
      measured.map(describeVersion).join(", "),
    reference: referenceLabel,
    series,
    rows: section.pipelines.map((pipeline) =>
      section.keyspaces.map((keyspace) => ({
        heading: `pipeline ${pipeline}`,
        detail: `${whole(keyspace)} random keys`,
        tests: section.tests.map((test) => {
          const cells = section.medians.filter((cell) =>
            cell.test === test && cell.pipeline === pipeline && cell.keyspace === keyspace
          );
          return chartTest(test, cells, series, file.reference);
        }),
      }))
    ),
    tiles: tilesOf(file, series),
  };
}

function chartTest(
  test: string,
  cells: ThroughputMedian[],
  series: ChartSeries[],
  reference: string,
): ChartTest {
  const base = cells.find((cell) => cell.server === reference);
  const own = series.map(({ name }) => cells.find((cell) => cell.server === name));
  return {
    label: testLabel(test),
    throughput: own.map((cell) =>
      ratio(cell?.requestsPerSecond ?? null, base?.requestsPerSecond ?? null)
    ),
    cpu: own.map((cell) =>
      ratio(cell?.cpuSecondsPerMillion ?? null, base?.cpuSecondsPerMillion ?? null)
    ),
  };
}

/** Memory, and what saves and loads cost, as far as they were measured. */
function tilesOf(file: ResultFile, series: ChartSeries[]): ChartTile[] {
  const tiles: ChartTile[] = [];
  const add = (
    heading: string,
    figures: { server: string; value: number | null }[],
    text: (value: number) => string,
  ) => {
    const bars = figures.flatMap(({ server, value }) => {
      if (value === null) return [];
      const label = file.servers.find((s) => s.name === server)?.label ?? server;
      const color = series.find((s) => s.name === server)?.color ?? REFERENCE_COLOR;
      return [{ label, color, value: Math.max(0, value), text: text(value) }];
    });
    if (bars.length > 0) tiles.push({ heading, bars });
  };
  const fill = file.fill ?? [];
  const bytes = (value: number) => `${value.toFixed(0)} B`;
  const keys = fill.length > 0 ? `${whole(fill[0].keys)} keys` : "";
  add(
    `used_memory per key, ${keys}`,
    fill.map(({ server, usedBytesPerKey }) => ({ server, value: usedBytesPerKey })),
    bytes,
  );
  add(
    `RSS per key, ${keys}`,
    fill.map(({ server, rssBytesPerKey }) => ({ server, value: rssBytesPerKey })),
    bytes,
  );
  const idle = file.idle ?? [];
  add(
    "RSS per idle connection",
    idle.map(({ server, rssBytesPerConnection }) => ({ server, value: rssBytesPerConnection })),
    (value) => `${(value / 1000).toFixed(1)} kB`,
  );
  const saves = (figure: string) => (file.saves ?? []).filter((one) => one.figure === figure);
  add("stop at the start of a BGSAVE", saves("idle: cut"), (us) => `${(us / 1000).toFixed(1)} ms`);
  add(
    "p99.9 of PING during it, under load",
    saves("load: PING p99.9 during"),
    (ms) => `${ms.toFixed(1)} ms`,
  );
  add("loading small values of all types", saves("mixed: load"), (s) => `${s.toFixed(1)} s`);
  return tiles;
}

function testLabel(test: string): [string, string] {
  const known = TEST_LABELS[test];
  if (known !== undefined) return known;
  const [first, ...rest] = test.split("_");
  return [first.toUpperCase(), rest.join(" ")];
}

function colorOf(name: string, index: number): string {
  return COLORS[name] ?? OTHER_COLORS[index % OTHER_COLORS.length];
}

function describeVersion(server: { label: string; version: string; runtime: string | null }) {
  return `${server.label} ${server.version}${
    server.runtime === null ? "" : ` (${server.runtime})`
  }`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
