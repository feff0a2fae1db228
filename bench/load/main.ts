/**
 * The load benchmark: `deno task bench:load [options]`; `--help` lists the options.
 *
 * Throughput runs with all servers up and taking turns; the memory and stall measurements start each
 * server afresh and have it to themselves. Progress goes to standard error, tables to standard output,
 * and everything measured to a dated JSON file from which the chart is drawn.
 */

import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { drawChart } from "./chart.ts";
import { chartModel } from "./chart_model.ts";
import { measureElements } from "./elements.ts";
import { measureFill } from "./fill.ts";
import { measureHitRate } from "./hitrate.ts";
import { measureIdle } from "./idle.ts";
import { type LoadOptions, parseOptions, type Part, USAGE, UsageError } from "./options.ts";
import { formatReport } from "./report.ts";
import {
  type ElementsResult,
  type FillResult,
  type HitRateResult,
  type IdleResult,
  readEnvironment,
  readResults,
  type ResultFile,
  type SaveResult,
  saveResults,
  type ServerFacts,
  type StallResult,
} from "./results.ts";
import {
  expectingSaves,
  referenceName,
  ROOT,
  type RunningServer,
  selectServers,
  type ServerSpec,
  startServer,
} from "./servers.ts";
import { measureBigStall, measureStall } from "./stall.ts";
import { measureSaves } from "./saves.ts";
import { measureThroughput } from "./throughput.ts";

const CHART_NAME = "latest.svg";

async function main(argv: string[]): Promise<void> {
  const options = parseOptions(argv);
  if (options.help) {
    console.log(USAGE);
    return;
  }
  if (options.redraw !== null) {
    const file = readResults(options.redraw);
    console.log(formatReport(file));
    saveChart(options.outDir ?? dirname(options.redraw), file);
    return;
  }
  const specs = selectServers(options, note);
  const found: ResultFile = {
    schema: 1,
    environment: readEnvironment(ROOT),
    reference: referenceName(specs, options.reference),
    servers: [],
  };
  const dir = resultsDir(options);
  let failures = 0;
  for (const part of options.parts) {
    failures += await PARTS[part](specs, options, found);
    // After each part, so that a long run that is broken off keeps what it has found.
    save(dir, found);
  }
  console.log(formatReport(found));
  note(`results: ${dir}`);
  if (failures > 0) throw new Error(`${failures} measurements failed, see above`);
}

/** Each part adds its section to the results and returns how many measurements failed. */
const PARTS: Record<
  Part,
  (specs: ServerSpec[], options: LoadOptions, found: ResultFile) => Promise<number>
> = {
  throughput: throughputPart,
  fill: (specs, options, found) => {
    const results = found.fill = [] as FillResult[];
    return eachAlone("memory per key", specs, options, found, async (server) => {
      results.push(await measureFill(server, options));
    });
  },
  elements: (specs, options, found) => {
    const results = found.elements = [] as ElementsResult[];
    return eachAlone("memory per element", specs, options, found, async (server) => {
      await measureElements(server, options, (result) => results.push(result));
    });
  },
  idle: (specs, options, found) => {
    const results = found.idle = [] as IdleResult[];
    return eachAlone("memory per idle connection", specs, options, found, async (server) => {
      results.push(await measureIdle(server, options));
    });
  },
  stall: (specs, options, found) => {
    const results = found.stall = [] as StallResult[];
    return eachAlone("longest stall", specs, options, found, async (server) => {
      await measureStall(server, options, (result) => results.push(result), note);
    });
  },
  bigstall: (specs, options, found) => {
    const results = found.bigstall = [] as StallResult[];
    return eachAlone("longest stall, large values", specs, options, found, async (server) => {
      await measureBigStall(server, (result) => results.push(result), note);
    });
  },
  hitrate: (specs, options, found) => {
    const results = found.hitrate = [] as HitRateResult[];
    return eachAlone("hit rate", specs, options, found, async (server) => {
      await measureHitRate(server, options.quick, (result) => results.push(result), note);
    });
  },
  saves: (specs, options, found) => {
    const results = found.saves = [] as SaveResult[];
    return eachAlone(
      "saving and loading",
      specs.map(expectingSaves),
      options,
      found,
      async (server) => {
        await measureSaves(server, options, (result) => results.push(result), note);
      },
    );
  },
};

async function throughputPart(
  specs: ServerSpec[],
  options: LoadOptions,
  found: ResultFile,
): Promise<number> {
  const servers: RunningServer[] = [];
  try {
    for (const spec of specs) {
      const server = await startServer(spec, options);
      servers.push(server);
      addFacts(found, await server.facts());
    }
    found.throughput = await measureThroughput(servers, options, note);
    return found.throughput.runs.filter((run) => run.error !== null).length;
  } finally {
    for (const server of servers) await server.stop();
  }
}

/** Starts one server at a time and measures it while no other runs; a failure spares the others. */
async function eachAlone(
  title: string,
  specs: ServerSpec[],
  options: LoadOptions,
  found: ResultFile,
  measure: (server: RunningServer) => Promise<void>,
): Promise<number> {
  let failures = 0;
  for (const spec of specs) {
    note(`${title}: ${spec.name}`);
    let server: RunningServer | null = null;
    try {
      server = await startServer(spec, options);
      addFacts(found, await server.facts());
      await measure(server);
    } catch (error) {
      failures++;
      note(`${title}, ${spec.name}: failed: ${error instanceof Error ? error.message : error}`);
    } finally {
      await server?.stop();
    }
  }
  return failures;
}

function addFacts(found: ResultFile, facts: ServerFacts): void {
  if (!found.servers.some((server) => server.name === facts.name)) found.servers.push(facts);
}

/** Quick runs prove that the machinery works; their figures must not pass for results. */
function resultsDir(options: LoadOptions): string {
  if (options.outDir !== null) return options.outDir;
  if (options.quick) return mkdtempSync(join(tmpdir(), "larder-bench-quick-"));
  return join(ROOT, "bench", "results");
}

function save(dir: string, found: ResultFile): void {
  saveChart(dir, saveResults(dir, found).file);
}

function saveChart(dir: string, file: ResultFile): void {
  const model = chartModel(file);
  if (model !== null) writeFileSync(join(dir, CHART_NAME), drawChart(model));
}

function note(text: string): void {
  console.error(text);
}

process.on("SIGINT", () => process.exit(130));

try {
  await main(process.argv.slice(2));
  process.exit(0);
} catch (error) {
  if (error instanceof UsageError) {
    console.error(`${error.message}\n\n${USAGE}`);
    process.exit(2);
  }
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
