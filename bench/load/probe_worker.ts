/**
 * The thread that looks for stalls: it sends PING about every millisecond and times the answer.
 *
 * A thread of its own, because the load generator's work would otherwise delay the clock reading. It
 * has one PING under way at a time, so a stall shows as one long answer, in full length. How late the
 * thread's own timer was is kept beside it: where both are alike, the machine was busy, not the server.
 *
 * A message ends the phase after the PING under way; its figures are posted and start anew. The thread
 * runs until it is terminated.
 */

import { parentPort, workerData } from "node:worker_threads";
import { RespClient } from "../../tests/support/resp_client.ts";
import { quantileOfSorted } from "./stats.ts";

/** Where to ping. */
export interface ProbeTarget {
  host: string;
  port: number;
}

/** Figures of one phase in milliseconds. */
export interface ProbeFigures {
  pings: number;
  longestMs: number;
  p99Ms: number;
  p999Ms: number;
  over1Ms: number;
  over5Ms: number;
  probeLateMs: number;
}

const INTERVAL_MS = 1;
const REPLY_TIMEOUT_MS = 600_000;

let samples: number[] = [];
let lateMs = 0;
let phaseEnds = false;

function takeFigures(): ProbeFigures {
  const sorted = Float64Array.from(samples).sort();
  const figures = {
    pings: sorted.length,
    longestMs: sorted.length === 0 ? 0 : sorted[sorted.length - 1],
    p99Ms: quantileOfSorted(sorted, 0.99),
    p999Ms: quantileOfSorted(sorted, 0.999),
    over1Ms: sorted.filter((ms) => ms > 1).length,
    over5Ms: sorted.filter((ms) => ms > 5).length,
    probeLateMs: lateMs,
  };
  samples = [];
  lateMs = 0;
  return figures;
}

async function probe(target: ProbeTarget): Promise<void> {
  const client = await RespClient.connect(target);
  client.readTimeoutMs = REPLY_TIMEOUT_MS;
  parentPort?.postMessage("ready");
  for (;;) {
    const sent = performance.now();
    await client.command("PING");
    const answered = performance.now();
    samples.push(answered - sent);
    if (phaseEnds) {
      phaseEnds = false;
      parentPort?.postMessage(takeFigures());
    }
    const waited = performance.now();
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
    lateMs = Math.max(lateMs, performance.now() - waited - INTERVAL_MS);
  }
}

parentPort?.on("message", () => {
  phaseEnds = true;
});

probe(workerData as ProbeTarget).catch((error) => {
  parentPort?.postMessage({ failed: String(error) });
});
