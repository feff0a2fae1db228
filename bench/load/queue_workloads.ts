/**
 * Tests of a job queue: `--tests queues` is BullMQ, whose every step is a script. Jobs are added by 50 callers at once
 * while a worker with a concurrency of 50 takes them; a run is over when the last one is completed.
 *
 * Nearly all of the time is BullMQ's own, which the CPU time of the server leaves out.
 */
import type { DrivenLoad, LoadPlace, Workload } from "./workload.ts";

const CONCURRENCY = 50;
/** Jobs for each request of a SET test, and the fewest of a run. */
const SCALE = 0.02;
const JOBS_MIN = 2000;

let queues = 0;

async function throughBullmq({ host, port, requests }: LoadPlace): Promise<DrivenLoad> {
  // Only here: the names of the tests are wanted where BullMQ isn't installed.
  const { Queue, Worker } = await import("bullmq");
  const options = { connection: { host, port, maxRetriesPerRequest: null } };
  const name = `bench-${++queues}`;
  const queue = new Queue(name, options);
  const worker = new Worker(name, (job) => Promise.resolve(job.data.n), {
    ...options,
    concurrency: CONCURRENCY,
  });
  try {
    await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]);
    let completed = 0;
    const done = new Promise<void>((resolve, reject) => {
      worker.on("completed", () => {
        if (++completed === requests) resolve();
      });
      worker.on("failed", (_, error) => reject(error));
      worker.on("error", reject);
    });
    const started = performance.now();
    let next = 0;
    const add = async () => {
      while (next < requests) await queue.add("job", { n: next++ });
    };
    await Promise.all([...Array.from({ length: CONCURRENCY }, add), done]);
    const seconds = (performance.now() - started) / 1000;
    return { requests, requestsPerSecond: requests / seconds, latency: null };
  } finally {
    await worker.close();
    await queue.obliterate({ force: true });
    await queue.close();
  }
}

export const QUEUE_WORKLOADS: readonly Workload[] = [{
  name: "bullmq",
  args: [],
  scale: SCALE,
  requestsMin: JOBS_MIN,
  key: null,
  element: null,
  elementCount: 0,
  setup: [],
  drive: throughBullmq,
}];
