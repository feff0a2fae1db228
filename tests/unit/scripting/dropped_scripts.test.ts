import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { currentRuntime } from "../../support/runtimes.ts";

const SCRIPTS = 5_000;
/** 8 MB were left of so many when the engine had its cache. */
const BYTES_MAX = 3_000_000;
const STATE = new URL("../../../core/scripting/lua/state.ts", import.meta.url);
const DENO_JSON = new URL("../../../deno.json", import.meta.url);

/** Compiles scripts of which no two are alike, and prints how many bytes are left of them. */
const PROGRAM = `
import { LuaState } from ${JSON.stringify(STATE.href)};
const state = new LuaState();
const compile = (from) => {
  for (let i = from; i < from + ${SCRIPTS}; i++) state.run(state.compile("return " + i, "=script"));
  gc();
  gc();
  return Deno.memoryUsage().heapUsed;
};
const before = compile(0);
console.log(compile(${SCRIPTS}) - before);
`;

test("as deno task start is told, nothing is left of scripts that were dropped", {
  skip: currentRuntime() === "bun" ? "Bun's engine is not V8" : false,
}, () => {
  const { tasks } = JSON.parse(readFileSync(DENO_JSON, "utf8"));
  const flags = /--v8-flags=\S+/.exec(tasks.start.command)?.[0];
  const args = ["run", `${flags},--expose-gc`, "--no-check", "-A", "--ext=ts", "-"];
  const child = spawnSync(process.execPath, args, { input: PROGRAM, encoding: "utf8" });
  assert.equal(child.status, 0, child.stderr);
  assert.ok(Number(child.stdout) < BYTES_MAX, `${child.stdout.trim()} bytes are left`);
});
