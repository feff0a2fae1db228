// Runs Valkey's or Redis's own Tcl test suite, in external mode against a running server, or with Larder
// in the place of the suite's own; see README.md for the options.
//
// Every unit gets a fresh server and a `runtest` process of its own, so that a configuration one
// unit leaves behind can't decide the next one, and a crash costs one unit only. The tests named in
// `skip/` are left out; everything else has to pass. Status: 0 all passed, 1 something failed,
// 2 wrong usage.

import { rmSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { commandOf, type Server, startServer } from "./server.ts";
import { loadSkipLists, namesOn, type SkipEntry } from "./skip_list.ts";
import { hasUnit, makeCertificates, openSuite, type Result, runUnit, type Suite } from "./suite.ts";

/** Units that run when none is named: those whose commands Larder has. */
const UNITS = ["type/string", "type/incr", "keyspace", "expire", "scan", "protocol", "querybuf"];
UNITS.push("quit", "info-command");
UNITS.push("bitops", "bitfield", "hyperloglog", "geo");
UNITS.push("type/list", "type/list-2", "type/list-3", "type/set", "type/zset", "sort");
UNITS.push("type/stream", "type/stream-cgroups");
UNITS.push("type/hash", "type/hash-field-expire");
UNITS.push("multi", "pubsub", "pubsubshard");
UNITS.push("maxmemory", "client-eviction", "pause", "slowlog", "latency-monitor");
UNITS.push("introspection", "introspection-2", "tracking");
UNITS.push("scripting", "functions");
UNITS.push("acl", "acl-v2", "auth");

/** How much is shown of what a test says about its failure. */
const DETAIL_CHARS = 500;

const USAGE = `usage: run.ts --suite <checkout of valkey or redis> [options] [-- runtest options]
  --unit <unit>        run this unit, such as unit/type/string (may be repeated)
  --runtime <name>     deno (default), bun, redis for redis-server from PATH, or a server's path
  --in-place           let the suite start its servers, with this one in the place of its own
  --server host:port   use a server that is running already
  --listed             run each listed test alone instead, and name those that pass
  --tls                in place: everything goes through TLS (needs openssl and Tcl's tls)
  --keep               leave the directory of the run, with the servers' logs, and name it
  --verbose            show what runtest prints`;

const OPTIONS = {
  suite: { type: "string", default: "" },
  unit: { type: "string", multiple: true, default: UNITS.map((name) => `unit/${name}`) },
  runtime: { type: "string", default: "deno" },
  server: { type: "string", default: "" },
  "in-place": { type: "boolean", default: false },
  tls: { type: "boolean", default: false },
  keep: { type: "boolean", default: false },
  listed: { type: "boolean", default: false },
  verbose: { type: "boolean", default: false },
} as const;

type Options = ReturnType<typeof parseOptions>;

async function main(): Promise<number> {
  let options: Options;
  let suite: Suite;
  try {
    options = parseOptions();
    suite = openSuite(options.suite, options["in-place"] ? commandOf(options.runtime) : null);
    if (options.tls) makeCertificates(suite);
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    return 2;
  }
  const lists = loadSkipLists().filter((e) =>
    (e.suite === "" || e.suite === suite.kind) && counts(e.list, options)
  );
  let ok = true;
  try {
    for (const unit of options.unit) {
      if (options.unit.length > 1 && !hasUnit(suite, unit)) continue; // The other suite's.
      const entries = lists.filter((e) => e.unit === unit);
      const run = options.listed ? runListed : runOthers;
      ok = await run(suite, unit, entries, options) && ok;
    }
  } finally {
    if (options.keep) console.log(`left behind: ${suite.workDir}`);
    else rmSync(suite.workDir, { recursive: true, force: true });
  }
  console.log(ok ? "ok" : "FAILED");
  return ok ? 0 : 1;
}

/** Whether a list is in force in this kind of run. */
function counts(list: SkipEntry["list"], options: Options): boolean {
  if (list === "oracle") return options.runtime === "redis";
  if (list === "external") return !options["in-place"];
  if (list === "in_place") return options["in-place"];
  return true;
}

/** Runs the tests of a unit that are on no list. */
async function runOthers(
  suite: Suite,
  unit: string,
  entries: SkipEntry[],
  options: Options,
): Promise<boolean> {
  const result = await run(suite, unit, { skip: entries.map((e) => e.name), only: [] }, options);
  const met = new Set(result.skipped);
  const expected = (error: string) => entries.some((e) => e.name === `outside of tests: ${error}`);
  for (const error of result.errors.filter(expected)) met.add(`outside of tests: ${error}`);
  const errors = result.errors.filter((error) => !expected(error));
  const unknown = entries.filter((e) => !met.has(e.name));
  const { passed, failed, skipped, ignored, seconds } = result;
  console.log(
    `${unit}: ${passed.length} passed, ${failed.length} failed, ${skipped.length} listed, ` +
      `${ignored} left out by tags (${seconds.toFixed(0)} s)`,
  );
  for (const { name, detail } of failed) {
    console.log(`  failed: ${name}\n    ${detail.slice(0, DETAIL_CHARS)}`);
  }
  for (const error of errors) console.log(`  outside of tests: ${error.slice(0, DETAIL_CHARS)}`);
  for (const { name } of result.broken ? [] : unknown) {
    console.log(`  listed, but not in this suite: ${name}`);
  }
  if (result.broken !== "") console.log(`  broken: ${result.broken}`);
  return failed.length === 0 && errors.length === 0 && result.broken === "";
}

/** Runs each listed test of a unit alone, on a fresh server: one that passes must leave the list. */
async function runListed(
  suite: Suite,
  unit: string,
  entries: SkipEntry[],
  options: Options,
): Promise<boolean> {
  const names = namesOn(entries, ["later", "differs", "in_place"]);
  const stale: string[] = [];
  for (const name of names) {
    const result = await run(suite, unit, { skip: [], only: [name] }, options);
    // An error in a server within a test is reported as one outside, and the test as passed.
    const errors = result.failed.length + result.errors.length;
    if (result.broken === "" && errors === 0 && result.passed.length > 0) stale.push(name);
  }
  console.log(`${unit}: ${names.length} listed, ${stale.length} of them pass`);
  for (const name of stale) console.log(`  listed, but passes: ${name}`);
  return stale.length === 0;
}

/** One run of runtest on a server of its own; a server that ended breaks the result. */
async function run(
  suite: Suite,
  unit: string,
  choice: { skip: string[]; only: string[] },
  options: Options,
): Promise<Result> {
  if (suite.inPlace) return await runUnit(suite, unit, null, choice, options);
  const server: Server = await startServer(options.runtime, options.server, suite);
  try {
    const result = await runUnit(suite, unit, server, choice, options);
    if (!server.isAlive()) result.broken ||= "the server ended";
    if (result.broken !== "") result.broken += `\n  server log:\n${server.logTail()}`;
    return result;
  } finally {
    await server.stop();
  }
}

/** Throws an Error whose message says what is wrong with the command line. */
function parseOptions() {
  const { values, positionals } = parseArgs({
    args: process.argv.slice(2),
    options: OPTIONS,
    allowPositionals: true,
  });
  if (values.suite === "") throw new Error("--suite is missing");
  if (!["deno", "bun", "redis"].includes(values.runtime) && !values.runtime.includes("/")) {
    throw new Error("no such runtime");
  }
  return { ...values, rest: positionals };
}

process.exitCode = await main().catch((error: Error) => {
  console.error(error.message);
  return 1;
});
