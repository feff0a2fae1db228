/**
 * Command line of the load benchmark.
 *
 * Every option has a default that makes one sensible full run; `--quick` shrinks all of them so that
 * the machinery itself can be tried in seconds. Nothing here touches the machine: parsing is pure,
 * so it is unit-tested.
 */

import { parseArgs } from "node:util";

/** The independent measurements a run may consist of. */
export type Part =
  | "throughput"
  | "fill"
  | "elements"
  | "idle"
  | "stall"
  | "bigstall"
  | "hitrate"
  | "saves";

/** A server named with `--server`: either a command to start or an address that already listens. */
export interface NamedServer {
  name: string;
  /** Words of the command with `{port}` and `{dir}` still in them; null for an address. */
  command: string[] | null;
  host: string;
  /** 0 for a command: a free port is chosen when it starts. */
  port: number;
}

/** Parsed and checked options; counts are plain numbers, lengths are bytes, times are seconds. */
export interface LoadOptions {
  help: boolean;
  parts: Part[];
  tests: string[];
  pipelines: number[];
  keyspaces: number[];
  /** Requests of one run, one figure per entry of `pipelines`. */
  requests: number[];
  rounds: number;
  /** Rounds before those, which aren't counted: compilers have seen all tests by then. */
  warmUp: number;
  clients: number;
  valueLen: number;
  outDir: string | null;
  only: string[];
  servers: NamedServer[];
  reference: string | null;
  /** Policies of the append-only file: a server is started once for each; "off" is without the file. */
  append: string[];
  allowFlush: boolean;
  fillKeys: number;
  elements: number;
  idleConnections: number;
  stallKeys: number;
  expirySpreadSeconds: number;
  quick: boolean;
  /** A result file to print and draw again instead of measuring. */
  redraw: string | null;
}

/** Thrown for a command line that can't be understood; the message is for the person typing. */
export class UsageError extends Error {}

export const USAGE = `Usage: deno task bench:load [options]

Runs redis-benchmark against several servers in interleaved rounds, and measures memory per key,
memory per idle connection and, on request, the longest stall. Writes a dated JSON file and a chart.

  --parts LIST        throughput,fill,elements,idle,stall,bigstall,hitrate,saves
                                                      (default throughput,fill,elements,idle)
  --stall             the same as --parts stall
  --tests LIST        redis-benchmark test names      (default ping,set,get,incr,mset); "types" stands
                      for those on collections, "large" for tests on values of a million elements,
                      "scripts" and "computing" for Lua, "pubsub" for PUBLISH to subscribers,
                      "transactions" for MULTI and WATCH, "queues" for BullMQ
  --pipeline LIST     pipeline depths                 (default 1,16,64)
  --keyspace LIST     numbers of random keys          (default 100000,2000000)
  --requests LIST     one number: requests of a run at pipeline 1, scaled up for deeper pipelines;
                      several: one for each pipeline  (default 300000)
  --rounds N          rounds; medians are reported    (default 5)
  --warm-up N         rounds before those, not counted  (default 1)
  --clients N         connections of redis-benchmark  (default 50)
  --data N            value size in bytes             (default 16)
  --server NAME=WHAT  another server: a command with {port} (and {dir}) in it, or host:port
  --only LIST         take only these servers         (built in: deno, bun, redis)
  --append LIST       each server once for each policy: off,everysec,always,no (default off)
  --reference NAME    the server at ratio 1.0         (default redis, otherwise the last one)
  --allow-flush       let a host:port server that holds keys be flushed
  --fill-keys N       keys of the memory measurement  (default 1000000)
  --elements N        elements of the memory measurement by type (default 1000000)
  --idle N            idle connections                (default 10000)
  --keys N            keys of the stall and the saves measurement (default 10000000)
  --expiry-spread S   seconds over which they expire  (default 10)
  --out DIR           where the results go            (default bench/results)
  --redraw FILE       print and draw an earlier result file, measure nothing
  --quick             tiny figures, one round, results in a temporary directory
  --help              this text
`;

const PARTS: readonly Part[] = [
  "throughput",
  "fill",
  "elements",
  "idle",
  "stall",
  "bigstall",
  "hitrate",
  "saves",
];

const OPTION_TYPES = {
  parts: { type: "string" },
  stall: { type: "boolean" },
  tests: { type: "string" },
  pipeline: { type: "string" },
  keyspace: { type: "string" },
  requests: { type: "string" },
  rounds: { type: "string" },
  "warm-up": { type: "string" },
  clients: { type: "string" },
  data: { type: "string" },
  server: { type: "string", multiple: true },
  only: { type: "string" },
  reference: { type: "string" },
  append: { type: "string" },
  "allow-flush": { type: "boolean" },
  "fill-keys": { type: "string" },
  elements: { type: "string" },
  idle: { type: "string" },
  keys: { type: "string" },
  "expiry-spread": { type: "string" },
  out: { type: "string" },
  redraw: { type: "string" },
  quick: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

/** Parses `argv` (without the program's own words). Throws UsageError. */
export function parseOptions(argv: string[]): LoadOptions {
  const values = readFlags(argv);
  const quick = values.quick === true;
  const pipelines = counts("pipeline", values.pipeline ?? (quick ? "1,16" : "1,16,64"));
  const requests = counts("requests", values.requests ?? (quick ? "10000" : "300000"));
  if (requests.length !== 1 && requests.length !== pipelines.length) {
    throw new UsageError("--requests takes one number, or one for each --pipeline");
  }
  return {
    help: values.help === true,
    parts: values.stall ? ["stall"] : parseParts(values.parts ?? "throughput,fill,elements,idle"),
    tests: words("tests", values.tests ?? "ping,set,get,incr,mset"),
    pipelines,
    keyspaces: counts("keyspace", values.keyspace ?? (quick ? "10000" : "100000,2000000")),
    requests: pipelines.map((depth, i) =>
      requests.length === 1 ? scaleRequests(requests[0], depth) : requests[i]
    ),
    rounds: count("rounds", values.rounds ?? (quick ? "1" : "5")),
    warmUp: countOrNone("warm-up", values["warm-up"] ?? (quick ? "0" : "1")),
    clients: count("clients", values.clients ?? "50"),
    valueLen: count("data", values.data ?? "16"),
    outDir: values.out ?? null,
    only: values.only === undefined ? [] : words("only", values.only),
    servers: (values.server ?? []).map(parseServer),
    reference: values.reference ?? null,
    append: words("append", values.append ?? "off"),
    allowFlush: values["allow-flush"] === true,
    fillKeys: count("fill-keys", values["fill-keys"] ?? (quick ? "50000" : "1000000")),
    elements: count("elements", values.elements ?? (quick ? "20000" : "1000000")),
    idleConnections: count("idle", values.idle ?? (quick ? "200" : "10000")),
    stallKeys: count("keys", values.keys ?? (quick ? "50000" : "10000000")),
    expirySpreadSeconds: count("expiry-spread", values["expiry-spread"] ?? (quick ? "1" : "10")),
    quick,
    redraw: values.redraw ?? null,
  };
}

/**
 * Requests that make a run at `depth` take about as long as `base` requests at depth 1. Throughput
 * grows roughly with the square root of the depth once the kernel's share per request fades.
 */
export function scaleRequests(base: number, depth: number): number {
  return Math.round(base * (depth <= 4 ? depth : 2 * Math.sqrt(depth)));
}

/** Splits a command into words; single and double quotes group, nothing else is special. */
export function splitCommand(text: string): string[] {
  const found: string[] = [];
  let word = "";
  let quote = "";
  let open = false;
  for (const ch of text) {
    if (quote !== "") {
      if (ch === quote) quote = "";
      else word += ch;
    } else if (ch === "'" || ch === '"') {
      quote = ch;
      open = true;
    } else if (ch === " " || ch === "\t") {
      if (open) found.push(word);
      word = "";
      open = false;
    } else {
      word += ch;
      open = true;
    }
  }
  if (quote !== "") throw new UsageError(`unbalanced quote in: ${text}`);
  if (open) found.push(word);
  return found;
}

function readFlags(argv: string[]) {
  try {
    return parseArgs({ args: argv, options: OPTION_TYPES, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function parseParts(text: string): Part[] {
  const wanted = words("parts", text);
  for (const name of wanted) {
    if (!PARTS.some((part) => part === name)) throw new UsageError(`no such part: ${name}`);
  }
  return PARTS.filter((part) => wanted.includes(part));
}

function parseServer(text: string): NamedServer {
  const eq = text.indexOf("=");
  const name = text.slice(0, eq);
  const what = text.slice(eq + 1).trim();
  if (eq < 1 || !/^[\w.-]+$/.test(name) || what === "") {
    throw new UsageError(`--server wants name=command or name=host:port, got: ${text}`);
  }
  const address = /^([\w.-]+):(\d+)$/.exec(what);
  if (address !== null) {
    return { name, command: null, host: address[1], port: Number(address[2]) };
  }
  if (!what.includes("{port}")) {
    throw new UsageError(`no {port} in the command of ${name}: ${what}`);
  }
  return { name, command: splitCommand(what), host: "127.0.0.1", port: 0 };
}

function words(option: string, text: string): string[] {
  const list = text.split(",").map((word) => word.trim()).filter((word) => word !== "");
  if (list.length === 0) throw new UsageError(`--${option} is empty`);
  return list;
}

function counts(option: string, text: string): number[] {
  return words(option, text).map((word) => count(option, word));
}

function countOrNone(option: string, text: string): number {
  return text === "0" ? 0 : count(option, text);
}

function count(option: string, text: string): number {
  const value = /^[0-9]+$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new UsageError(`--${option} wants a positive whole number, got: ${text}`);
  }
  return value;
}
