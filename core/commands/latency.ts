/**
 * LATENCY: what took long (core/server/latency_monitor.ts), and how long commands take (latency_histogram.ts).
 */
import { argString } from "../server/args.ts";
import type { Client } from "../server/client.ts";
import {
  ADMIN,
  type ArgSpec,
  type Command,
  type CommandSpec,
  type Handler,
  LOADING,
  NOSCRIPT,
  STALE,
} from "../server/command.ts";
import { argPrefix } from "../server/command_table.ts";
import { addHelp } from "../server/help.ts";
import { latencyReport } from "./latency_doctor.ts";
import { latencyGraph } from "./latency_graph.ts";

const HELP: readonly string[] = [
  "DOCTOR",
  "    Says in words what took long, and what may help.",
  "GRAPH <event>",
  "    Draws how long <event> took.",
  "HISTORY <event>",
  "    Shows when <event> took long, and how long.",
  "LATEST",
  "    Shows the last time of each event that took long.",
  "RESET [<event> ...]",
  "    Forgets what was noted of events, of all if none is named.",
  "HISTOGRAM [COMMAND ...]",
  "    Shows how many calls took up to how many microseconds, of all commands or of those",
  "    named.",
];

function latestCommand(c: Client): void {
  const { events } = c.server.latency;
  c.reply.addArray(events.size);
  for (const [name, { times, latencies, max }] of events) {
    c.reply.addArray(4);
    c.reply.addBulkString(name);
    c.reply.addInteger(times[times.length - 1]);
    c.reply.addInteger(latencies[latencies.length - 1]);
    c.reply.addInteger(max);
  }
}

function historyCommand(c: Client): void {
  const series = c.server.latency.events.get(argString(c, 2));
  const count = series?.times.length ?? 0;
  c.reply.addArray(count);
  for (let i = 0; i < count; i++) {
    c.reply.addArray(2);
    c.reply.addInteger(series!.times[i]);
    c.reply.addInteger(series!.latencies[i]);
  }
}

function resetCommand(c: Client): void {
  const { latency } = c.server;
  let count = 0;
  if (c.argc === 2) count = latency.reset(null);
  for (let i = 2; i < c.argc; i++) count += latency.reset(argString(c, i));
  c.reply.addInteger(count);
}

function graphCommand(c: Client): void {
  const name = argString(c, 2);
  const series = c.server.latency.events.get(name);
  if (series === undefined) {
    c.reply.addError(`ERR No samples available for event '${argPrefix(c.argv, 2)}'`);
    return;
  }
  c.reply.addVerbatim(latencyGraph(name, series, c.server.latency.nowSeconds), "txt");
}

function doctorCommand(c: Client): void {
  c.reply.addVerbatim(latencyReport(c.server), "txt");
}

function histogramCommand(c: Client): void {
  const wanted: Command[] = [];
  if (c.argc === 2) wanted.push(...c.server.commands.all());
  for (let i = 2; i < c.argc; i++) {
    const command = c.server.commands.byName(argString(c, i));
    if (command !== null) wanted.push(command, ...command.subcommands);
  }
  const shown = wanted.filter(({ latency }) => latency !== null);
  c.reply.addMap(shown.length);
  for (const command of shown) {
    const { latency } = command;
    c.reply.addBulkString(command.fullName);
    c.reply.addMap(2);
    c.reply.addBulkString("calls");
    c.reply.addInteger(latency!.total);
    c.reply.addBulkString("histogram_usec");
    const steps = latency!.cumulative();
    c.reply.addMap(steps.length);
    for (const [us, count] of steps) {
      c.reply.addInteger(us);
      c.reply.addInteger(count);
    }
  }
}

function helpCommand(c: Client): void {
  addHelp(c, HELP);
}

function subcommand(
  name: string,
  arity: number,
  summary: string,
  handler: Handler,
  more: Partial<CommandSpec> = {},
): CommandSpec {
  return {
    name,
    arity,
    flags: ADMIN | NOSCRIPT | LOADING | STALE,
    since: "2.8.13",
    group: "server",
    complexity: "O(1)",
    summary,
    tips: ["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
    handler,
    ...more,
  };
}

const event: ArgSpec = { name: "event", type: "string" };

export const latencyCommands: CommandSpec[] = [{
  name: "latency",
  arity: -2,
  flags: 0,
  since: "2.8.13",
  group: "server",
  complexity: "Depends on subcommand.",
  summary: "Everything about what took long.",
  subcommands: [
    subcommand("doctor", 2, "Says in words what took long.", doctorCommand),
    subcommand("graph", 3, "Draws how long an event took.", graphCommand, { args: [event] }),
    subcommand("help", 2, "Explains the subcommands.", helpCommand, {
      flags: LOADING | STALE,
      tips: undefined,
    }),
    subcommand("histogram", -2, "Shows how long the calls of commands took.", histogramCommand, {
      since: "7.0.0",
      complexity:
        "O(N) where N is the number of commands with latency information being retrieved.",
      args: [{ name: "COMMAND", type: "string", optional: true, multiple: true }],
    }),
    subcommand("history", 3, "Shows when an event took long.", historyCommand, { args: [event] }),
    subcommand("latest", 2, "Shows the last time of each event.", latestCommand),
    subcommand("reset", -2, "Forgets what was noted of events.", resetCommand, {
      tips: ["request_policy:all_nodes", "response_policy:agg_sum"],
      args: [{ ...event, optional: true, multiple: true }],
    }),
  ],
}];
