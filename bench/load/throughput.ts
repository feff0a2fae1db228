/**
 * Throughput, latency and CPU cost: redis-benchmark against each server in turn.
 *
 * All servers run all the time, but only one is loaded at a time, and they take turns within every
 * test (A B C, A B C, ...), so that a slow minute of the machine hits all of them alike. Before the
 * first round of a keyspace each server gets every key redis-benchmark may draw, so GET always hits
 * and SET always overwrites, whatever ran before.
 */

import { runExchanges } from "./exchange.ts";
import { load } from "./loader.ts";
import { CHANNEL } from "./message_workloads.ts";
import type { LoadOptions } from "./options.ts";
import { readCpuTime } from "./proc.ts";
import { runBenchmark } from "./redis_benchmark.ts";
import { RequestTemplate } from "./request_template.ts";
import { medianOfRounds, type ThroughputRun, type ThroughputSection } from "./results.ts";
import type { RunningServer } from "./servers.ts";
import { Subscribers } from "./subscribers.ts";
import { fixed, whole } from "./table.ts";
import { type DrivenLoad, resolveWorkloads, type Setup, type Workload } from "./workload.ts";

const LOAD_BATCH = 512;
const REQUESTS_MIN = 1000;

/** One run's place in the whole; rounds up to 0 aren't counted. */
interface Slot {
  workload: Workload;
  pipeline: number;
  requests: number;
  keyspace: number;
  round: number;
}

/** Runs every test on every server; `note` is told of each run. */
export async function measureThroughput(
  servers: RunningServer[],
  options: LoadOptions,
  note: (text: string) => void,
): Promise<ThroughputSection> {
  const workloads = resolveWorkloads(options.tests);
  const runs: ThroughputRun[] = [];
  for (const keyspace of options.keyspaces) {
    for (const server of servers) {
      note(`loading ${whole(keyspace)} keys into ${server.spec.name}`);
      await prepareKeyspace(server, keyspace, options.valueLen, workloads);
    }
    for (const slot of slotsOf(workloads, keyspace, options)) {
      for (const server of servers) {
        const run = await runOnce(server, slot, options);
        if (slot.round > 0) runs.push(run);
        note(describe(run, options.rounds));
      }
    }
  }
  return {
    tests: workloads.map((workload) => workload.name),
    pipelines: options.pipelines,
    keyspaces: options.keyspaces,
    rounds: options.rounds,
    warmUp: options.warmUp,
    clients: options.clients,
    valueLen: options.valueLen,
    medians: medianOfRounds(runs),
    runs,
  };
}

function slotsOf(workloads: Workload[], keyspace: number, options: LoadOptions): Slot[] {
  const slots: Slot[] = [];
  for (let round = 1 - options.warmUp; round <= options.rounds; round++) {
    options.pipelines.forEach((pipeline, i) => {
      for (const workload of workloads) {
        if (workload.drive !== undefined && i > 0) continue;
        const scaled = Math.round(options.requests[i] * workload.scale);
        const requests = Math.max(workload.requestsMin ?? REQUESTS_MIN, scaled);
        slots.push({ workload, pipeline, requests, keyspace, round });
      }
    });
  }
  return slots;
}

async function prepareKeyspace(
  server: RunningServer,
  keyspace: number,
  valueLen: number,
  workloads: Workload[],
): Promise<void> {
  await server.flush();
  if (workloads.every((workload) => workload.name.startsWith("ping"))) return;
  const template = new RequestTemplate(["SET", "key:%d", "x".repeat(valueLen)]);
  await load(server.spec.host, server.port, { template, count: keyspace, batch: LOAD_BATCH });
}

/** Puts in place what the test reads or pops; this is outside the measured time. */
async function prepareWorkload(server: RunningServer, slot: Slot): Promise<void> {
  const { key, element, elementCount, setup } = slot.workload;
  for (const part of setup) await putInPlace(server, part);
  if (key !== null) await server.command("UNLINK", key);
  if (element === null) return;
  const template = new RequestTemplate(element);
  const count = elementCount === 0 ? slot.requests : elementCount;
  await load(server.spec.host, server.port, { template, count, batch: LOAD_BATCH });
}

async function putInPlace(server: RunningServer, setup: Setup): Promise<void> {
  for (const command of setup.commands ?? []) await server.control.command(...command);
  if (setup.count === 0) return;
  if (setup.always) await server.command("UNLINK", setup.key);
  else if (Number(await server.command("EXISTS", setup.key)) > 0) return;
  const template = new RequestTemplate(setup.words);
  const plan = { template, count: setup.count, batch: LOAD_BATCH };
  await load(server.spec.host, server.port, plan);
}

async function runOnce(
  server: RunningServer,
  slot: Slot,
  options: LoadOptions,
): Promise<ThroughputRun> {
  const run: ThroughputRun = {
    server: server.spec.name,
    test: slot.workload.name,
    pipeline: slot.pipeline,
    keyspace: slot.keyspace,
    round: slot.round,
    requests: slot.requests,
    requestsPerSecond: null,
    latency: null,
    cpuPerMillion: null,
    rssBytes: null,
    usedMemoryBytes: null,
    error: null,
  };
  let subscribers: Subscribers | null = null;
  try {
    await prepareWorkload(server, slot);
    subscribers = await subscribe(server, slot.workload);
    const before = server.pid === null ? null : readCpuTime(server.pid);
    const report = await runLoad(server, slot, options);
    // What they get is a part of the work.
    await subscribers?.got(report.requests * slot.workload.subscribers! * messageBytes(slot));
    const after = server.pid === null ? null : readCpuTime(server.pid);
    const memory = await server.memory();
    run.requestsPerSecond = report.requestsPerSecond;
    run.latency = report.latency;
    if (before !== null && after !== null) {
      const perMillion = 1e6 / report.requests;
      run.cpuPerMillion = {
        userSeconds: (after.userSeconds - before.userSeconds) * perMillion,
        systemSeconds: (after.systemSeconds - before.systemSeconds) * perMillion,
      };
    }
    run.rssBytes = memory.rssBytes;
    run.usedMemoryBytes = memory.usedBytes;
  } catch (error) {
    run.error = error instanceof Error ? error.message : String(error);
  } finally {
    await subscribers?.stop();
  }
  return run;
}

async function runLoad(
  server: RunningServer,
  { workload, requests, pipeline, keyspace }: Slot,
  { clients, valueLen }: LoadOptions,
): Promise<DrivenLoad> {
  const { host } = server.spec;
  const { port } = server;
  if (workload.drive !== undefined) return await workload.drive({ host, port, requests });
  if (workload.steps !== undefined) {
    const steps = pipeline === 1 ? workload.steps : [workload.steps.flat()];
    const count = Math.max(requests, clients * pipeline);
    return await runExchanges({ host, port, steps, connections: clients, pipeline, count });
  }
  const plan = { host, port, requests, clients, pipeline, valueLen, keyspace };
  const report = await runBenchmark({ ...plan, workload: workload.args });
  const { p50Ms, p95Ms, p99Ms, p999Ms, maxMs } = report;
  return { ...report, latency: { p50Ms, p95Ms, p99Ms, p999Ms, maxMs } };
}

async function subscribe(server: RunningServer, workload: Workload): Promise<Subscribers | null> {
  if (workload.subscribers === undefined) return null;
  const { spec: { host }, port } = server;
  return await Subscribers.start({ host, port, count: workload.subscribers, channel: CHANNEL });
}

/** Bytes of a message that the test publishes, as a subscriber of RESP2 gets it. */
function messageBytes({ workload }: Slot): number {
  // redis-benchmark puts 12 digits for its mark, which has as many characters.
  const words = ["message", CHANNEL, workload.args[2]];
  return words.reduce((sum, { length }) => sum + `$${length}\r\n\r\n`.length + length, 4);
}

function describe(run: ThroughputRun, rounds: number): string {
  const round = run.round > 0 ? `round ${run.round}/${rounds}` : "warm-up";
  const place = `${round}, ${whole(run.keyspace)} keys, ` +
    `pipeline ${run.pipeline}, ${run.test}, ${run.server}: `;
  if (run.error !== null) return `${place}failed: ${run.error}`;
  const cost = run.cpuPerMillion;
  const cpu = cost === null ? null : cost.userSeconds + cost.systemSeconds;
  return `${place}${whole(run.requestsPerSecond)}/s, CPU ${fixed(cpu, 2)} s/M, ` +
    `p99 ${fixed(run.latency?.p99Ms ?? null, 3)} ms`;
}
