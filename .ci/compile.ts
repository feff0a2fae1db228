/**
 * Makes one executable of the server with Deno inside: dist/larder.
 *
 * `deno compile` puts the program behind a base binary that it fetches from Deno's own site. Some
 * networks don't serve it; then there is one line to say so. Arguments are passed on, such as
 * `--target x86_64-pc-windows-msvc`.
 */

import { readFileSync } from "node:fs";
import process from "node:process";
import { spawnSync } from "node:child_process";

const OUTPUT = "dist/larder";
/** Modules that are loaded by their address and so aren't found by following imports. */
const WORKER = "persistence/snapshot_worker.ts";

/** The same flags for V8 that `deno task start` has. */
const { tasks } = JSON.parse(readFileSync(new URL("../deno.json", import.meta.url), "utf8"));
const v8Flags = tasks.start.command.match(/--v8-flags=\S+/)[0];

const args = ["compile", "-A", v8Flags, "--include", WORKER, "--output", OUTPUT];
args.push(...process.argv.slice(2), "main.ts");
const result = spawnSync(process.execPath, args, {
  stdio: ["inherit", "inherit", "pipe"],
  encoding: "utf8",
});
if (result.status === 0) {
  process.stderr.write(result.stderr);
  console.log(`Made ${OUTPUT}.`);
} else if (result.stderr.includes("base binary")) {
  console.error(
    "deno compile could not fetch its base binary from dl.deno.land, so there is no " +
      `${OUTPUT}; deno task compile:bun needs no download.`,
  );
  process.exit(1);
} else {
  process.stderr.write(result.stderr);
  process.exit(result.status ?? 1);
}
