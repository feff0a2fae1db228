/**
 * Runs Bun with the arguments given here: the installed one, or the pinned one through npx.
 *
 * Tasks go through this file so that they work on a machine that has only Node and npm.
 */

import process from "node:process";
import { spawnSync } from "node:child_process";
import { findRuntime } from "../tests/support/runtimes.ts";

const bun = findRuntime("bun");
if (bun === null) {
  console.error("Bun is neither installed nor to be had from npm: see https://bun.sh");
  process.exit(1);
}
const result = spawnSync(bun, process.argv.slice(2), { stdio: "inherit" });
process.exit(result.status ?? 1);
