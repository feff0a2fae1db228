/** A short differential run; `main.ts` makes long ones. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { seed } from "../support/gen.ts";
import { redisMissing, startLarder, startRedis, type TestServer } from "../support/server.ts";
import { runDifferential } from "./main.ts";

const COMMANDS = 20_000;
const ARGS = ["--enable-debug-command", "yes"];

const skip = redisMissing();
const servers: TestServer[] = [];
before(async () => {
  if (skip !== false) return;
  const redis = await startRedis({ args: ARGS });
  if (redis !== null) servers.push(await startLarder({ args: ARGS }), redis);
});
after(async () => {
  for (const server of servers) await server.stop();
});

test("random commands get the same replies from redis-server", { skip }, async () => {
  const [ours, oracle] = servers.map(({ host, port }) => ({ host, port }));
  const notes: string[] = [];
  const findings = await runDifferential({
    commands: COMMANDS,
    seed: seed(),
    ours,
    oracle,
    note: (text) => notes.push(text),
  });
  assert.equal(findings.unexplained, 0, notes.join("\n"));
});
