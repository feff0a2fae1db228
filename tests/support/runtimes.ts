/**
 * The two runtimes and the programs around them: which one runs this, where the other one is.
 *
 * Each runtime is started by the path of its own executable, never through npx or a wrapper script:
 * a signal sent to a wrapper does not reach what it wraps. Where a runtime is not on PATH, npx
 * fetches the pinned version once and is asked for that path.
 */

import process from "node:process";
import { spawnSync } from "node:child_process";

export type Runtime = "deno" | "bun";

/** The versions that are used where none is installed; `.ci/run` names the same ones. */
const PINNED: Readonly<Record<Runtime, string>> = { deno: "2.9.6", bun: "1.4.5" };

const PRINT_PATH: Readonly<Record<Runtime, readonly string[]>> = {
  deno: ["eval", "console.log(Deno.execPath())"],
  bun: ["--eval", "console.log(process.execPath)"],
};

const found = new Map<Runtime, string | null>();

/** The runtime that runs this code. */
export function currentRuntime(): Runtime {
  return process.versions.bun === undefined ? "deno" : "bun";
}

/** Path of a runtime's executable, or null when it is neither installed nor to be had. */
export function findRuntime(runtime: Runtime): string | null {
  if (runtime === currentRuntime()) return process.execPath;
  let path = found.get(runtime);
  if (path === undefined) {
    path = askPath(runtime, [runtime]) ??
      askPath(runtime, ["npx", "--yes", `${runtime}@${PINNED[runtime]}`]);
    found.set(runtime, path);
  }
  return path;
}

/** True when a program answers to `--version`. */
export function isInstalled(program: string): boolean {
  const result = spawnSync(program, ["--version"], { stdio: "ignore" });
  return result.error === undefined && result.status === 0;
}

function askPath(runtime: Runtime, command: string[]): string | null {
  const args = [...command.slice(1), ...PRINT_PATH[runtime]];
  const result = spawnSync(command[0], args, { encoding: "utf8" });
  if (result.error !== undefined || result.status !== 0) return null;
  return result.stdout.trim().split("\n").at(-1) ?? null;
}
