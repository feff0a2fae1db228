/**
 * Load that redis-benchmark can't make: exchanges of several commands, such as a transaction.
 *
 * An exchange is one or more steps; each is sent in one write and answered by a known number of replies before the next
 * one goes out. Every connection does one exchange after the other; with a pipeline depth of n it sends each step n
 * times at once. What is measured is the time from the first byte sent to the last reply of an exchange (of n of them).
 */
import { connect, type Socket } from "node:net";
import { ReplyCounter } from "./reply_counter.ts";
import { quantileOfSorted } from "./stats.ts";
import type { Latency } from "./results.ts";

/** What is sent at once: commands in words. `%c` stands for the number of the connection. */
export type ExchangeStep = readonly (readonly string[])[];

/** A run of exchanges. */
export interface ExchangePlan {
  readonly host: string;
  readonly port: number;
  readonly steps: readonly ExchangeStep[];
  readonly connections: number;
  readonly pipeline: number;
  /** Exchanges altogether. */
  readonly count: number;
}

/** What came of it. */
export interface ExchangeReport {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly latency: Latency;
}

/** The rest of a run: exchanges that nobody has begun. */
interface Rest {
  left: number;
  readonly samplesMs: number[];
}

/** Runs exchanges. Throws when a reply is an error. */
export async function runExchanges(plan: ExchangePlan): Promise<ExchangeReport> {
  const sockets: Socket[] = [];
  try {
    for (let i = 0; i < plan.connections; i++) sockets.push(await open(plan.host, plan.port));
    const rest: Rest = { left: plan.count, samplesMs: [] };
    const started = performance.now();
    await Promise.all(sockets.map((socket, i) => exchange(socket, bytesOf(plan, i), plan, rest)));
    const seconds = (performance.now() - started) / 1000;
    const done = plan.count - rest.left;
    const sorted = Float64Array.from(rest.samplesMs).sort();
    const at = (quantile: number) => quantileOfSorted(sorted, quantile);
    const latency = {
      p50Ms: at(0.5),
      p95Ms: at(0.95),
      p99Ms: at(0.99),
      p999Ms: at(0.999),
      maxMs: sorted[sorted.length - 1],
    };
    return { requests: done, requestsPerSecond: done / seconds, latency };
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

function open(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host, () => resolve(socket));
    socket.setNoDelay(true);
    socket.once("error", reject);
  });
}

/** The steps of connection `index` as they are sent. */
function bytesOf(plan: ExchangePlan, index: number): Uint8Array[] {
  return plan.steps.map((step) => {
    const text = step.map((words) => {
      const bulks = words.map((word) => word.replaceAll("%c", String(index)))
        .map((word) => `$${word.length}\r\n${word}\r\n`);
      return `*${words.length}\r\n${bulks.join("")}`;
    }).join("");
    return new TextEncoder().encode(text.repeat(plan.pipeline));
  });
}

/** Goes on with exchanges on one connection until there are none left. */
function exchange(
  socket: Socket,
  bytes: readonly Uint8Array[],
  { steps, pipeline }: ExchangePlan,
  rest: Rest,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let replies = new ReplyCounter();
    let step = 0;
    let sentMs = 0;
    const send = () => {
      replies = new ReplyCounter();
      if (step === 0) {
        rest.left -= pipeline;
        sentMs = performance.now();
      }
      socket.write(bytes[step]);
    };
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("the server closed a connection")));
    socket.on("data", (chunk) => {
      replies.feed(chunk as Uint8Array);
      if (replies.errors > 0) return reject(new Error(`error reply: ${replies.firstError}`));
      if (replies.replies < steps[step].length * pipeline) return;
      step = (step + 1) % steps.length;
      if (step === 0) rest.samplesMs.push(performance.now() - sentMs);
      if (step === 0 && rest.left <= 0) resolve();
      else send();
    });
    if (rest.left > 0) send();
    else resolve();
  });
}
