/**
 * LATENCY GRAPH: the samples of an event as columns of characters, with their age written below, from top to
 * bottom. Its shape is Redis's.
 *
 *     command - high 500 ms, low 300 ms (all time high 500 ms)
 *     --------------------------------------------------------------------------------
 *       #
 *      o|
 *     _||
 *
 *     321
 *     sss
 */
import type { LatencySeries } from "../server/latency_monitor.ts";

const COLUMNS = 80;
const ROWS = 4;
/** A row has three heights. */
const HEIGHTS = "_o#";
const BELOW_TOP = "|";

/** The text. `nowSeconds` is the unix time that ages are reckoned from. */
export function latencyGraph(event: string, series: LatencySeries, nowSeconds: number): string {
  const { latencies, times, max } = series;
  const low = Math.min(...latencies);
  const high = Math.max(...latencies);
  const lines = [
    `${event} - high ${high} ms, low ${low} ms (all time high ${max} ms)`,
    "-".repeat(COLUMNS),
  ];
  const steps = HEIGHTS.length * ROWS;
  const heights = latencies.map((ms) =>
    Math.min(steps - 1, Math.floor((ms - low) * steps / Math.max(1, high - low)))
  );
  const labels = times.map((seconds) => age(nowSeconds - seconds));
  for (let from = 0; from < heights.length; from += COLUMNS) {
    if (from > 0) lines.push("");
    lines.push(...columns(heights.slice(from, from + COLUMNS)));
    lines.push(...below(labels.slice(from, from + COLUMNS)));
  }
  return `${lines.join("\n")}\n`;
}

function columns(heights: readonly number[]): string[] {
  const rows: string[] = [];
  for (let row = ROWS - 1; row >= 0; row--) {
    const base = row * HEIGHTS.length;
    rows.push(
      heights.map((height) => height < base ? " " : HEIGHTS[height - base] ?? BELOW_TOP).join(""),
    );
  }
  return rows;
}

/** An empty row, and the labels from top to bottom. */
function below(labels: readonly string[]): string[] {
  const rows = [" ".repeat(labels.length)];
  const longest = Math.max(...labels.map((label) => label.length));
  for (let i = 0; i < longest; i++) rows.push(labels.map((label) => label[i] ?? " ").join(""));
  return rows;
}

function age(seconds: number): string {
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86400)}d`;
}
