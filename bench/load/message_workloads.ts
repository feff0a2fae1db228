/**
 * Tests of messages and transactions: `--tests pubsub` is PUBLISH to 1, 100 and 1,000 subscribers, `--tests
 * transactions` is MULTI and EXEC around ten commands, and WATCH of keys that others change too.
 *
 * With a pipeline the steps of `watch` become one: nobody else can then come in between, which is what it costs to
 * watch; unpipelined, most transactions fail.
 */
import type { ExchangeStep } from "./exchange.ts";
import type { Workload } from "./workload.ts";

export const CHANNEL = "bench:channel";
const COMMANDS = 10;
/** Keys that all connections share in `watch`: the last digit of a connection's number. */
const WATCHED = "bench:watched";

const NOTHING = { key: null, element: null, elementCount: 0, setup: [] };

function publish(subscribers: number): Workload {
  return {
    ...NOTHING,
    name: `publish_${subscribers}`,
    args: ["publish", CHANNEL, "message:__rand_int__"],
    scale: Math.min(1, 10 / subscribers),
    subscribers,
  };
}

function transaction(name: string, scale: number, steps: readonly ExchangeStep[]): Workload {
  return { ...NOTHING, name, args: [], scale, steps };
}

export const PUBSUB_WORKLOADS: readonly Workload[] = [1, 100, 1000].map(publish);

export const TRANSACTION_WORKLOADS: readonly Workload[] = [
  transaction("multi_exec", 0.2, [[
    ["MULTI"],
    ...Array.from({ length: COMMANDS }, (_, i) => ["INCR", `bench:counter:%c:${i}`]),
    ["EXEC"],
  ]]),
  transaction("watch", 0.2, [
    [["WATCH", WATCHED], ["GET", WATCHED]],
    [["MULTI"], ["SET", WATCHED, "value:%c"], ["EXEC"]],
  ]),
];
