/**
 * LATENCY DOCTOR: what took long, in words, and what may help against it.
 *
 * The lines about events have Redis's form, which tools read; the advice is Larder's own, as other things take
 * long here: there is no fork, and large values are freed in slices.
 */
import type { LatencySeries } from "../server/latency_monitor.ts";
import type { Server } from "../server/server.ts";

const OFF =
  "The latency monitor of this server is off and has noted nothing. Switch it on with CONFIG SET " +
  "latency-monitor-threshold <milliseconds>.\n";
const QUIET = "Nothing has taken longer than the threshold. There is nothing to worry about.\n";
const HEAD = "Some things took longer than they should in this server:\n\n";
const NO_ADVICE = "\nThere is no easy advice for these.\n";

/** What may help, by the event it is about. */
const ADVICE: readonly (readonly [event: RegExp, advice: (server: Server) => string | null])[] = [
  [/^command$/, adviseSlowlog],
  [
    /^fast-command$/,
    () =>
      "Commands that are quick by nature were slow, so the process was kept waiting: for the processor by " +
      "other programs or other virtual machines, or for memory that was swapped out. See how busy the machine " +
      "is, and try redis-cli --intrinsic-latency 100 on it.",
  ],
  [
    /^fork$/,
    () =>
      "The beginning of a snapshot stops everything for a moment that grows with the memory in use. " +
      "Save less often, or spread the data over several servers.",
  ],
  [
    /^aof-(write|fsync)/,
    () =>
      "The disk was slow to take the append-only file. Use a local SSD that other programs leave alone; " +
      "appendfsync everysec waits less than always.",
  ],
  [
    /^expire-cycle$/,
    () =>
      "Many keys expired at once. Give keys that are made together times to live that differ a little.",
  ],
  [
    /^eviction-cycle$/,
    () =>
      "Much memory had to be freed at once, as after maxmemory was lowered or a large value stored. " +
      "A lower maxmemory-eviction-tenacity frees it in smaller slices.",
  ],
  [
    /^eviction-del$/,
    () => "Choosing and removing one key took long, which takes a process that was kept waiting.",
  ],
];

/** The report. */
export function latencyReport(server: Server): string {
  const { latency } = server;
  if (latency.events.size === 0) return latency.isOn ? QUIET : OFF;
  let text = HEAD;
  let number = 0;
  for (const [event, series] of latency.events) {
    text += `${++number}. ${eventLine(event, series, latency.nowSeconds)}\n`;
  }
  const advice = adviceFor(server);
  if (advice.length === 0) return text + NO_ADVICE;
  return `${text}\nWhat may help:\n\n${advice.map((line) => `- ${line}\n`).join("")}`;
}

function eventLine(event: string, series: LatencySeries, nowSeconds: number): string {
  const { samples, average, meanDeviation, period } = series.figures(nowSeconds);
  return `${event}: ${samples} latency spikes (average ${average}ms, mean deviation ` +
    `${meanDeviation}ms, period ${(period / samples).toFixed(2)} sec). ` +
    `Worst all time event ${series.max}ms.`;
}

function adviceFor(server: Server): string[] {
  const advice: string[] = [];
  for (const event of server.latency.events.keys()) {
    for (const [pattern, advise] of ADVICE) {
      const text = pattern.test(event) ? advise(server) : null;
      if (text !== null) advice.push(text);
    }
  }
  return advice;
}

function adviseSlowlog({ slowLog, latency }: Server): string {
  const us = latency.thresholdMs * 1000;
  if (!slowLog.isOn || slowLog.thresholdUs > us) {
    return "Let the slow log show which commands these are: CONFIG SET slowlog-log-slower-than " +
      `${us}, and slowlog-max-len above 0.`;
  }
  return "SLOWLOG GET shows which commands these are. Those that look at all keys or at all of a large " +
    "value at once can often be replaced by SCAN and its like.";
}
