/**
 * The tests by name: what redis-benchmark is told, and what must be in the database first.
 *
 * Each test is run by a redis-benchmark of its own, so that the CPU time read before and after
 * belongs to that test alone. Two consequences: `ping` stands for two tests, and tests that pop or
 * read collections find none unless it is put there before, outside the measurement. For the LRANGE
 * tests redis-benchmark would fill the list itself, inside the measured time; they are therefore
 * given as plain commands. Tests on large values are in large_workloads.ts, those of scripts in script_workloads.ts,
 * those of messages and transactions in message_workloads.ts, those of job queues in queue_workloads.ts.
 */
import type { ExchangeStep } from "./exchange.ts";
import { LARGE_WORKLOADS } from "./large_workloads.ts";
import { PUBSUB_WORKLOADS, TRANSACTION_WORKLOADS } from "./message_workloads.ts";
import { QUEUE_WORKLOADS } from "./queue_workloads.ts";
import type { Latency } from "./results.ts";
import { COMPUTING_WORKLOADS, SCRIPT_WORKLOADS } from "./script_workloads.ts";

/** Something that a test needs in the database. */
export interface Setup {
  key: string;
  /** Request that adds one element, as RequestTemplate takes it, and how many there are to be. */
  words: string[];
  count: number;
  /** Made anew before each run, or only if the key isn't there. */
  always: boolean;
  /** Sent instead of the elements, each in words. Error replies don't matter. */
  commands?: readonly (readonly string[])[];
}

/** Where a test that makes its load itself is to send it, and how much. */
export interface LoadPlace {
  readonly host: string;
  readonly port: number;
  readonly requests: number;
}

/** What came of it. */
export interface DrivenLoad {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly latency: Latency | null;
}

/** One test of a run. */
export interface Workload {
  /** As given to --tests, with groups resolved: `ping_inline`, `set`, ... */
  name: string;
  /** Arguments of redis-benchmark that choose it. */
  args: string[];
  /** Requests relative to SET's, because a request of this test is as many times as long. */
  scale: number;
  /** Fewest requests of a run, if it isn't a thousand. */
  requestsMin?: number;
  /** Key to be removed first, or null. */
  key: string | null;
  /** Command that puts one element (%d is its index) under `key`, or null. */
  element: string[] | null;
  /** Elements wanted; 0 means as many as there will be requests. */
  elementCount: number;
  /** What is put in place besides. */
  setup: Setup[];
  /** Clients that are subscribed to the channel published to. */
  subscribers?: number;
  /** What is sent instead of what redis-benchmark would send. */
  steps?: readonly ExchangeStep[];
  /** Makes the load instead of redis-benchmark. It knows nothing of pipelines, so it is run at the first depth only. */
  drive?: (place: LoadPlace) => Promise<DrivenLoad>;
}

const GROUPS: Record<string, string[]> = {
  ping: ["ping_inline", "ping_mbulk"],
  lrange: ["lrange_100", "lrange_300", "lrange_500", "lrange_600"],
  types: [
    ...["lpush", "rpush", "lpop", "rpop", "sadd", "hset", "spop", "zadd", "zpopmin"],
    ...["lrange_100", "lrange_300", "lrange_500", "lrange_600", "mset", "xadd"],
  ],
  large: LARGE_WORKLOADS.map((workload) => workload.name),
  pubsub: PUBSUB_WORKLOADS.map((workload) => workload.name),
  transactions: TRANSACTION_WORKLOADS.map((workload) => workload.name),
  queues: QUEUE_WORKLOADS.map((workload) => workload.name),
  scripts: SCRIPT_WORKLOADS.map((workload) => workload.name),
  computing: COMPUTING_WORKLOADS.map((workload) => workload.name),
};
const SPECIAL: readonly Workload[] = [
  ...LARGE_WORKLOADS,
  ...PUBSUB_WORKLOADS,
  ...TRANSACTION_WORKLOADS,
  ...QUEUE_WORKLOADS,
  ...SCRIPT_WORKLOADS,
  ...COMPUTING_WORKLOADS,
];

/** Fewer are over before the clock of the CPU time has moved. */
const RANGE_REQUESTS_MIN = 20_000;
const SCALES: Record<string, number> = { mset: 0.25, spop: 0.5, zpopmin: 0.5 };
/** What redis-benchmark of Redis 7.0 doesn't know by name is given as newer ones do it. */
const COMMANDS: Record<string, string[]> = {
  xadd: ["xadd", "mystream", "*", "myfield", "xxx"],
};
const GROWING: Record<string, string> = {
  lpush: "mylist",
  rpush: "mylist",
  xadd: "mystream",
};
const POPPED: Record<string, string[]> = {
  lpop: ["RPUSH", "mylist", "element:%d"],
  rpop: ["RPUSH", "mylist", "element:%d"],
  spop: ["SADD", "myset", "element:%d"],
  zpopmin: ["ZADD", "myzset", "0", "element:%d"],
};

/** Resolves group names and looks up what each test needs; keeps the order given. */
export function resolveWorkloads(names: string[]): Workload[] {
  return names.flatMap((name) => GROUPS[name] ?? [name]).map(resolveOne);
}

function resolveOne(name: string): Workload {
  const special = SPECIAL.find((workload) => workload.name === name);
  if (special !== undefined) return special;
  const range = /^lrange_(\d+)$/.exec(name);
  if (range !== null) {
    const length = Number(range[1]);
    return {
      name,
      args: ["lrange", "mylist", "0", String(length - 1)],
      scale: 8 / length,
      requestsMin: RANGE_REQUESTS_MIN,
      key: "mylist",
      element: ["RPUSH", "mylist", "element:%d"],
      elementCount: length,
      setup: [],
    };
  }
  const element = POPPED[name] ?? null;
  return {
    name,
    args: COMMANDS[name] ?? ["-t", name],
    scale: SCALES[name] ?? 1,
    key: element === null ? GROWING[name] ?? null : element[1],
    element,
    elementCount: 0,
    setup: [],
  };
}
