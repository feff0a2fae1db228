// The Tcl suite: a working copy in which it can run, one unit's run, and what its output says.
//
// The suite wants to be started in its checkout, writes to tests/tmp there, and looks for the
// client programs (valkey-cli, redis-benchmark, ...) in src/, where only a build puts them. So the
// run happens in a temporary directory of symbolic links to the checkout: tests/tmp and src/ are
// its own, src/ gets the programs found on PATH, and the checkout is never written to.
//
// In place of the suite's own server, src/ gets a script of that name which starts Larder: the suite
// then starts, kills and restarts servers as it likes and reads their logs.
//
// What a test wants to know from the replication stream it gets from the append-only file, in which the same commands
// are.
//
// Directives that Valkey added after Redis 7.4 leave the configuration file that its servers get.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, join, resolve } from "node:path";
import process from "node:process";
import { reservePorts } from "./ports.ts";

/** Seconds without a finished test after which runtest gives up. */
const TIMEOUT_S = 300;

/** Units that run in external mode against their tags; nested servers are left out all the same. */
const LIFTED = ["unit/type/hash-field-expire", "unit/maxmemory", "unit/client-eviction"];
/** The tag, where it stands on the outermost level of a file. */
const SKIP_TAG = /^((?:start_server|tags) .*?)(?: "external:skip"|\bexternal:skip ?)/gm;

const TOOLS = ["cli", "benchmark", "check-rdb", "check-aof"];

/** Larder is no cluster, has no replicas and loads no modules. */
const DENIED_TAGS = "-cluster -repl -modules";
/** Units in which the tag for replicas stands for a second server. */
const TWO_SERVERS = ["unit/dump"];

/** Lines of tests/assets/default.conf that Redis 7.4 would refuse as well, and a file outside of the run. */
const UNWANTED_DIRECTIVES = /^(hide-user-data-from-log|enable-debug-assert|pidfile) .*\n/gm;
/** Defaults of Valkey 8 that Redis 7.4 doesn't share: what the server itself deletes shows as UNLINK. */
const VALKEY_DEFAULTS = "\nlazyfree-lazy-expire yes\nlazyfree-lazy-eviction yes\n";

/** The names of the programs a build of either checkout puts into src/. */
const SERVERS = ["valkey-server", "redis-server"];
/** How much is shown of what a server said that didn't start. */
const START_LINES = 12;
const SERVER_SCRIPT = "tests/support/server.tcl";
const MAIN_SCRIPT = "tests/test_helper.tcl";

/** In place of SYNC: what is appended from now on. The file of that begins when the file is switched on. */
const READ_APPENDED = `
    set client [srv $conn client]
    $client config set appendonly no
    $client config set appendonly yes
    wait_for_condition 200 50 {
        [status $client aof_rewrite_in_progress] == 0 && [status $client aof_rewrite_scheduled] == 0
    } else {
        fail "the append-only file was not begun"
    }
    set dir [lindex [$client config get dir] 1]/[lindex [$client config get appenddirname] 1]
    set s [open [lindex [lsort -dictionary [glob $dir/*.incr.aof]] end]]
    fconfigure $s -translation binary
    return $s
`;

/** A checkout, ready to run. */
export interface Suite {
  kind: "valkey" | "redis";
  /** Temporary directory; the caller removes it. */
  workDir: string;
  /** Inside workDir: where runtest is started. */
  runDir: string;
  /** The suite starts its servers itself, with ours in the place of its own. */
  inPlace: boolean;
}

/** What happened to the tests of one unit. */
export interface Result {
  passed: string[];
  /** `detail` is the first line of the suite's message. */
  failed: { name: string; detail: string }[];
  skipped: string[];
  /** Errors outside of tests: what follows in the same block was not run. */
  errors: string[];
  /** Number of tests and groups of tests that are left out by their tags. */
  ignored: number;
  /** Why the run did not get to its end, or "". */
  broken: string;
  seconds: number;
}

/**
 * Prepares a run of the checkout at `path`, with `serverCommand` in the place of its server if that is
 * not null. Throws if it holds neither suite.
 */
export function openSuite(path: string, serverCommand: string[] | null = null): Suite {
  const root = resolve(path);
  const kind = fs.existsSync(join(root, "tests/support/valkey.tcl")) ? "valkey" : "redis";
  if (!fs.existsSync(join(root, `tests/support/${kind}.tcl`))) {
    throw new Error(`${root} is no checkout of valkey or redis: tests/support is missing`);
  }
  const workDir = fs.mkdtempSync(join(tmpdir(), "larder-compat-"));
  const runDir = join(workDir, "suite");
  linkAll(root, runDir, ["tests", "src", ".git"]);
  const own = ["support", "tmp", "unit", "assets", basename(MAIN_SCRIPT)];
  linkAll(join(root, "tests"), join(runDir, "tests"), own);
  linkUnits(join(root, "tests/unit"), join(runDir, "tests/unit"), ["type"]);
  linkUnits(join(root, "tests/unit/type"), join(runDir, "tests/unit/type"));
  const changed = serverCommand === null ? [] : [basename(SERVER_SCRIPT)];
  linkAll(join(root, "tests/support"), join(runDir, "tests/support"), changed);
  linkAll(join(root, "tests/assets"), join(runDir, "tests/assets"), ["default.conf"]);
  linkAll(join(root, "src"), join(runDir, "src"), SERVERS);
  fs.mkdirSync(join(runDir, "tests/tmp"));
  readAppended(root, runDir);
  const defaults = "tests/assets/default.conf";
  const directives = fs.readFileSync(join(root, defaults), "utf8");
  const ours = directives.replace(UNWANTED_DIRECTIVES, "");
  fs.writeFileSync(join(runDir, defaults), kind === "valkey" ? ours + VALKEY_DEFAULTS : ours);
  if (serverCommand !== null) {
    noticeEndedServers(root, runDir);
    for (const name of SERVERS) writeServer(join(runDir, "src", name), serverCommand);
  }
  for (const tool of TOOLS) {
    const program = findProgram(`valkey-${tool}`) ?? findProgram(`redis-${tool}-7.4`) ??
      findProgram(`redis-${tool}`);
    const script = join(runDir, "src", `${kind}-${tool}`);
    if (program === null || fs.existsSync(script)) continue;
    // Not a link: a check tool may be the server's program, which goes by its own name.
    fs.writeFileSync(script, `#!/bin/sh\nexec '${program}' "$@"\n`, { mode: 0o755 });
  }
  return { kind, workDir, runDir, inPlace: serverCommand !== null };
}

/** Makes the certificates that the suite's own script makes, for a run with TLS. Needs openssl. */
export function makeCertificates({ runDir }: Suite): void {
  const script = join(runDir, "utils/gen-test-certs.sh");
  const { status, stderr } = spawnSync("bash", [script], { cwd: runDir, encoding: "utf8" });
  if (status !== 0) throw new Error(`no certificates could be made: ${stderr}`);
}

/** Whether the suite has this unit. */
export function hasUnit(suite: Suite, unit: string): boolean {
  return fs.existsSync(join(suite.runDir, "tests", `${unit}.tcl`));
}

/**
 * Runs one unit, or with `only` some of its tests, against the server at host and port, or with server
 * null against those the suite starts.
 */
export async function runUnit(
  suite: Suite,
  unit: string,
  server: { host: string; port: number } | null,
  choice: { skip: string[]; only: string[] },
  options: { verbose: boolean; tls: boolean; rest: string[] },
): Promise<Result> {
  const skipFile = join(suite.workDir, "skip.txt");
  fs.writeFileSync(skipFile, choice.skip.join("\n"));
  // --durable reports an unexpected error as that test's failure instead of ending the unit.
  const args = [
    "--tags",
    TWO_SERVERS.includes(unit) ? DENIED_TAGS.replace(" -repl", "") : DENIED_TAGS,
    "--single",
    unit,
    "--skipfile",
    skipFile,
    "--durable",
    "--dont-clean",
  ];
  const ports = await reservePorts();
  args.push("--timeout", `${TIMEOUT_S}`, "--baseport", `${ports.base}`);
  if (server !== null) args.push("--host", server.host, "--port", `${server.port}`);
  else if (options.tls) args.push("--tls");
  if (server === null) args.push("--clients", "1", "--portcount", `${ports.count}`);
  for (const name of choice.only) args.push("--only", name);
  const start = performance.now();
  // TERM=dumb keeps colour codes out of the output.
  const child = spawn("./runtest", [...args, ...options.rest], {
    cwd: suite.runDir,
    env: { ...process.env, TERM: "dumb", LC_ALL: "C.UTF-8" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      output += text;
      if (options.verbose) process.stdout.write(text);
    });
  }
  await once(child, "close");
  await ports.release();
  const result = parseOutput(output);
  result.seconds = (performance.now() - start) / 1000;
  return result;
}

/** Sorts what runtest printed for one unit. */
export function parseOutput(output: string): Result {
  const result: Result = {
    passed: [],
    failed: [],
    skipped: [],
    errors: [],
    ignored: 0,
    broken: "",
    seconds: 0,
  };
  const lines = output.split("\n");
  const detailAt = (index: number) => wholeOf(lines[index] ?? "", lines[index + 1] ?? "");
  lines.forEach((line, index) => {
    const match = /^\[(ok|err|skip|ignore|exception|TIMEOUT)\]: (.*)$/.exec(line);
    if (match === null) return;
    const [, status, text] = match;
    const at = text.lastIndexOf(" in tests/");
    if (status === "ok") result.passed.push(text.replace(/ \(\d+ ms\)$/, ""));
    else if (status === "skip") result.skipped.push(text);
    else if (status === "ignore") result.ignored++;
    else if (status === "err" && at >= 0) {
      result.failed.push({ name: text.slice(0, at), detail: detailAt(index + 1) });
    } else if (status === "err") result.errors.push(errorAt(lines, index));
    else result.broken ||= `${status}: ${text}`;
  });
  if (!output.includes("The End")) result.broken ||= `runtest stopped early: ${lines.at(-2) ?? ""}`;
  return result;
}

/** Of an unexpected error the suite prints the message without its start, then all of it. */
function wholeOf(short: string, long: string): string {
  return long.endsWith(short) ? long : short;
}

/** The message of an error outside of a test; of a server that didn't start, what it said. */
function errorAt(lines: string[], index: number): string {
  const text = wholeOf(lines[index].replace(/^\[err\]: /, ""), lines[index + 1] ?? "");
  if (lines[index + 1] !== "CONFIGURATION:") return text;
  const said = lines.indexOf("ERROR:", index) + 1;
  const reason = lines.slice(said, said + START_LINES).filter((line) => !line.startsWith("###"));
  return `${text}: ${reason.join(" / ")}`;
}

/**
 * A copy in which a server that has ended is not waited for, two minutes long, to get ready, and in which a block
 * that has failed, and ended its server, does not go on to end the server around it.
 */
function noticeEndedServers(root: string, runDir: string): void {
  const text = fs.readFileSync(join(root, SERVER_SCRIPT), "utf8");
  const step = "after $checkperiod";
  const check = "if {![is_alive $pid] && $maxiter > 2} {set maxiter 2}";
  const [before, after] = splitOnce(text, "Kill the server without checking for leaks");
  const told = /(send_data_packet \$::test_server_fd err \[join \$details "\\n"\])/;
  const leave = "set ::tags [lrange $::tags 0 end-[llength $tags]]; return";
  fs.writeFileSync(
    join(runDir, SERVER_SCRIPT),
    before.replace(step, `${check}\n        ${step}`) + after.replace(told, `$1; ${leave}`),
  );
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at)];
}

/** A copy of the script of the suite in which tests that read what a replica would get read the append-only file. */
function readAppended(root: string, runDir: string): void {
  const text = fs.readFileSync(join(root, MAIN_SCRIPT), "utf8");
  fs.writeFileSync(
    join(runDir, MAIN_SCRIPT),
    text.replace(/^proc attach_to_replication_stream_on_connection .*$/m, (line) => {
      return line + READ_APPENDED;
    }).replace(/^proc close_replication_stream .*$/m, "$&\n    r config set appendonly no"),
  );
}

/** A program that becomes the server: the suite knows it by the process it has started. */
function writeServer(path: string, command: string[]): void {
  const words = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  fs.writeFileSync(path, `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
}

function linkAll(from: string, to: string, except: string[]): void {
  fs.mkdirSync(to, { recursive: true });
  for (const name of fs.readdirSync(from)) {
    if (!except.includes(name)) fs.symlinkSync(join(from, name), join(to, name));
  }
}

/** Links the files of units, but copies those of LIFTED without the mark. */
function linkUnits(from: string, to: string, except: string[] = []): void {
  const lifted = LIFTED.map((unit) => `${basename(unit)}.tcl`);
  linkAll(from, to, [...lifted, ...except]);
  for (const name of lifted) {
    if (!fs.existsSync(join(from, name))) continue;
    const text = fs.readFileSync(join(from, name), "utf8");
    fs.writeFileSync(join(to, name), text.replace(SKIP_TAG, "$1"));
  }
}

function findProgram(name: string): string | null {
  const dirs = (process.env.PATH ?? "").split(delimiter);
  return dirs.map((dir) => join(dir, name)).find((path) => fs.existsSync(path)) ?? null;
}
