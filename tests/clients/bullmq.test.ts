/** BullMQ, which is a hundred Lua scripts: queues with all that their jobs can be. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import process from "node:process";
import { FlowProducer, type Job, Queue, QueueEvents, UnrecoverableError, Worker } from "bullmq";
import { target } from "../support/server.ts";

const server = target();
/** Jobs that go through one queue at once: 10,000 in the long run. */
const JOBS = Number(process.env.LONG_RUN === undefined ? 1_000 : 10_000);

/** What is to be closed, the last first. */
const open: { close(): Promise<unknown> }[] = [];
function connection() {
  const { host, port } = server.address;
  return { host, port, maxRetriesPerRequest: null };
}

function queueOf(name: string): Queue {
  const queue = new Queue(name, { connection: connection() });
  open.push(queue);
  return queue;
}

function workerOf(
  name: string,
  work: (job: Job) => Promise<unknown>,
  options: { concurrency?: number; limiter?: { max: number; duration: number } } = {},
): Worker {
  const worker = new Worker(name, work, { connection: connection(), ...options });
  worker.on("error", (error) => console.error(error));
  open.push(worker);
  return worker;
}

/** Waits until so many jobs of a queue are through. */
async function untilDone(queue: Queue, count: number): Promise<void> {
  while (await queue.getCompletedCount() < count) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe("BullMQ", () => {
  before(async () => {
    const control = await server.connect();
    await control.command("FLUSHALL");
    control.close();
  });
  after(async () => {
    for (const one of open.reverse()) await one.close();
  });

  test("jobs go through, each once, and their results are told", async () => {
    const queue = queueOf("many");
    const events = new QueueEvents("many", { connection: connection() });
    open.push(events);
    await events.waitUntilReady();
    let told = 0;
    events.on("completed", () => told++);
    const seen = new Set<number>();
    workerOf("many", (job) => {
      assert.ok(!seen.has(job.data.n), `job ${job.data.n} twice`);
      seen.add(job.data.n);
      return Promise.resolve(job.data.n * 2);
    }, { concurrency: 50 });
    const jobs = Array.from({ length: JOBS }, (_, n) => ({ name: "double", data: { n } }));
    for (let i = 0; i < JOBS; i += 500) await queue.addBulk(jobs.slice(i, i + 500));
    const last = await queue.add("double", { n: JOBS });
    assert.equal(await last.waitUntilFinished(events), JOBS * 2);
    await untilDone(queue, JOBS + 1);
    assert.equal(seen.size, JOBS + 1);
    assert.deepEqual(await queue.getJobCounts("waiting", "active", "failed", "delayed"), {
      waiting: 0,
      active: 0,
      failed: 0,
      delayed: 0,
    });
    while (told <= JOBS) await new Promise((resolve) => setTimeout(resolve, 10));
  });

  test("delayed and prioritised jobs come when it is their turn", async () => {
    const queue = queueOf("order");
    await queue.add("late", {}, { delay: 1500 });
    await queue.add("low", {}, { priority: 10 });
    await queue.add("high", {}, { priority: 1 });
    await queue.add("middle", {}, { priority: 5 });
    await queue.add("plain", {});
    await queue.add("first", {}, { lifo: true });
    const order: string[] = [];
    workerOf("order", (job) => Promise.resolve(order.push(job.name)));
    await untilDone(queue, 6);
    assert.deepEqual(order, ["first", "plain", "high", "middle", "low", "late"]);
  });

  test("failed jobs are tried again, and some are not", async () => {
    const queue = queueOf("retries");
    const options = { attempts: 3, backoff: { type: "fixed", delay: 20 } };
    const tries: Record<string, number> = {};
    workerOf("retries", (job) => {
      tries[job.name] = (tries[job.name] ?? 0) + 1;
      if (job.name === "never") throw new UnrecoverableError("no");
      if (tries[job.name] < 3) throw new Error("not yet");
      return Promise.resolve("at last");
    });
    const job = await queue.add("third", {}, options);
    const never = await queue.add("never", {}, options);
    await untilDone(queue, 1);
    while (await queue.getFailedCount() < 1) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.deepEqual(tries, { third: 3, never: 1 });
    assert.equal((await queue.getJob(job.id!))!.returnvalue, "at last");
    assert.equal((await queue.getJob(never.id!))!.failedReason, "no");
    await (await queue.getJob(never.id!))!.retry();
    while (tries.never < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  });

  test("repeated jobs come again and again", async () => {
    const queue = queueOf("repeated");
    let times = 0;
    workerOf("repeated", () => Promise.resolve(++times));
    await queue.upsertJobScheduler("tick", { every: 100 }, { name: "tick" });
    await untilDone(queue, 3);
    assert.ok(times >= 3);
    assert.equal((await queue.getJobSchedulers()).length, 1);
    assert.equal(await queue.removeJobScheduler("tick"), true);
    assert.equal((await queue.getJobSchedulers()).length, 0);
  });

  test("a limited queue goes no faster than it may", async () => {
    const queue = queueOf("limited");
    const started: number[] = [];
    workerOf("limited", () => Promise.resolve(started.push(Date.now())), {
      concurrency: 10,
      limiter: { max: 2, duration: 200 },
    });
    const begun = Date.now();
    for (let i = 0; i < 6; i++) await queue.add("call", {});
    await untilDone(queue, 6);
    // Two at once, then two more in each period: the last pair waits for two periods.
    assert.ok(started[5] - begun >= 350, `${started[5] - begun} ms`);
  });

  test("a flow's parent waits for its children", async () => {
    const queue = queueOf("flow");
    const flow = new FlowProducer({ connection: connection() });
    open.push(flow);
    const order: string[] = [];
    workerOf("flow", async (job) => {
      order.push(job.name);
      if (job.name !== "sum") return job.data.n;
      const values = Object.values(await job.getChildrenValues()) as number[];
      return values.reduce((sum, n) => sum + n, 0);
    });
    const children = [1, 2, 3].map((n) => ({ name: `part${n}`, queueName: "flow", data: { n } }));
    const { job } = await flow.add({ name: "sum", queueName: "flow", children });
    await untilDone(queue, 4);
    assert.equal(order[3], "sum");
    assert.equal((await queue.getJob(job.id!))!.returnvalue, 6);
  });

  test("a queue is paused, counted, drained and obliterated", async () => {
    const queue = queueOf("ends");
    await queue.pause();
    await queue.addBulk(Array.from({ length: 20 }, (_, n) => ({ name: "job", data: { n } })));
    await queue.add("job", {}, { jobId: "twice" });
    await queue.add("job", {}, { jobId: "twice" });
    assert.equal(await queue.getWaitingCount(), 21);
    assert.equal(await queue.isPaused(), true);
    const job = (await queue.getJob("twice"))!;
    await job.updateProgress(50);
    await job.updateData({ changed: true });
    assert.deepEqual((await queue.getJob("twice"))!.data, { changed: true });
    await job.remove();
    await queue.drain();
    assert.equal(await queue.getWaitingCount(), 0);
    await queue.obliterate({ force: true });
    const control = await server.connect();
    assert.deepEqual(await control.command("KEYS", "bull:ends:*"), []);
    control.close();
  });
});
