/**
 * Random commands of every type against one server in process: none fails in a way that isn't an error reply, and all
 * values, dicts, heaps and the arena are sound all the time. What the commands answer is compared with a real
 * server elsewhere (tests/differential), by the same templates.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../core/base/clock.ts";
import { Prng } from "../../core/base/prng.ts";
import { allCommands } from "../../core/commands/index.ts";
import { ExpireCycle } from "../../core/keyspace/expire_cycle.ts";
import { randomCommand } from "../differential/grammar.ts";
import { LIMITS } from "../differential/limits.ts";
import { FIELD_TTL_TEMPLATES, TEMPLATE_GROUPS } from "../differential/templates.ts";
import { pick, seed } from "../support/gen.ts";
import { InProcess } from "../support/in_process.ts";

const COMMANDS = 12_000;
const ROUND = 3000;
const CHECK_EVERY = 40;
const NOW_MS = 1_790_000_000_000;

test("random commands leave everything sound", () => {
  const n = seed();
  const prng = new Prng(n);
  const clock = new ManualClock(NOW_MS);
  const server = new InProcess({ commands: allCommands, clock });
  const { keyspace } = server.server;
  const cycle = new ExpireCycle(keyspace, clock);
  const groups = [...Object.values(TEMPLATE_GROUPS), FIELD_TTL_TEMPLATES];
  for (let i = 0; i < COMMANDS; i++) {
    if (i % ROUND === 0) {
      server.run("FLUSHALL");
      for (const [name, values] of LIMITS) server.run("CONFIG", "SET", name, pick(prng, values));
    }
    const words = randomCommand(prng, pick(prng, groups));
    const note = `seed ${n}, command ${i}: ${JSON.stringify(words).slice(0, 300)}`;
    let reply = "";
    try {
      reply = server.run(...words);
      if (i % CHECK_EVERY === 0) server.validateIntegrity();
    } catch (error) {
      throw new Error(note, { cause: error });
    }
    assert.doesNotMatch(reply, /internal error/, note);
    if (prng.nextBelow(100) > 0) continue;
    clock.advance(prng.nextBelow(3000));
    cycle.run(1000);
    keyspace.lazyFree.step(3);
  }
  server.empty();
  server.validateIntegrity();
});
