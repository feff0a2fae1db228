import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../../core/base/clock.ts";
import { allCommands } from "../../../core/commands/index.ts";
import { type ActiveExpiry, Cron } from "../../../core/server/cron.ts";
import { InProcess } from "../../support/in_process.ts";
import { sleep } from "../../support/server.ts";
import { until } from "../../support/until.ts";

function started(clock = new ManualClock(), config: Record<string, string> = {}) {
  const process = new InProcess({ commands: allCommands, clock, config });
  return { process, clock, server: process.server };
}

test("a round moves the time and is a turn", async () => {
  const { clock, server } = started();
  const { turn, keyspace, access } = server;
  const seconds = access.clock;
  clock.advance(5000);
  server.cron.round();
  assert.equal(keyspace.nowMs, clock.nowMs());
  assert.equal(access.clock, seconds + 5);
  await Promise.resolve();
  assert.equal(turn.count, 1);
});

test("a round expires keys, unless switched off or paused", () => {
  const { process, clock, server } = started(undefined, { "enable-debug-command": "yes" });
  for (let i = 0; i < 100; i++) process.run("SET", `k${i}`, "v", "PX", "10");
  clock.advance(100);
  server.cron.paused = true;
  server.cron.round();
  assert.equal(process.run("DBSIZE"), ":100\r\n");
  server.cron.paused = false;
  process.run("DEBUG", "SET-ACTIVE-EXPIRE", "0");
  server.cron.round();
  assert.equal(process.run("DBSIZE"), ":100\r\n");
  process.run("DEBUG", "SET-ACTIVE-EXPIRE", "1");
  for (let i = 0; i < 50; i++) server.cron.round();
  assert.equal(process.run("DBSIZE"), ":0\r\n");
  process.validateIntegrity();
});

test("rates are sampled, and there are more rounds with more clients", () => {
  const { process, clock, server } = started();
  for (let i = 0; i < 40; i++) {
    for (let j = 0; j < 50; j++) process.run("PING");
    clock.advance(100);
    server.cron.round();
  }
  // Fifty in a tenth of a second.
  assert.equal(Math.round(server.stats.opsRate.perSecond()), 500);
  process.run("CONFIG", "RESETSTAT");
  clock.advance(100);
  server.cron.round();
  assert.equal(server.stats.opsRate.perSecond(), 0, "what was counted before is no rate");
  assert.equal(server.cron.turnRate.perSecond(), 0);
  const others = Array.from({ length: 5000 }, () => process.connect());
  server.cron.adaptHz();
  assert.equal(server.cron.hz, 40);
  process.run("CONFIG", "SET", "dynamic-hz", "no");
  server.cron.adaptHz();
  assert.equal(server.cron.hz, 10);
  for (const other of others) other.close();
});

test("a change of hz is known at once, and counts from the next round on", () => {
  const { process, server } = started(undefined, { hz: "20" });
  const { cron } = server;
  const { setTimeout } = globalThis;
  const delays: number[] = [];
  let fire: () => void = () => {};
  globalThis.setTimeout = ((run: () => void, ms: number) => {
    delays.push(ms);
    fire = run;
    return 0;
  }) as unknown as typeof setTimeout;
  try {
    cron.start();
    process.run("CONFIG", "SET", "hz", "50");
    assert.match(process.run("INFO", "server"), /\r\nhz:50\r\nconfigured_hz:50\r\n/);
    fire();
    process.run("CONFIG", "SET", "hz", "1");
    fire();
  } finally {
    globalThis.setTimeout = setTimeout;
    cron.stop();
  }
  assert.deepEqual(delays, [50, 20, 1000]);
});

test("each client is visited once a second, and who comes and goes disturbs nothing", async () => {
  const { process, clock, server } = started();
  const visits = new Map<number, number>();
  server.cron.onClient.push((c, nowMs) => {
    assert.equal(nowMs, clock.nowMs());
    visits.set(c.id, (visits.get(c.id) ?? 0) + 1);
  });
  const clients = Array.from({ length: 500 }, () => process.connect());
  for (let i = 0; i < 40; i++) {
    clock.advance(100);
    server.cron.round();
    await Promise.resolve(); // The turn ends.
    if (i === 10) clients.splice(0, 100).forEach((client) => client.close());
    if (i === 20) process.connect();
  }
  for (const { client } of clients) {
    const count = visits.get(client.id) ?? 0;
    assert.ok(count >= 3 && count <= 5, `client ${client.id} was visited ${count} times in 4 s`);
  }
});

test("the timers run by themselves and stop", async () => {
  const { process, server } = started(undefined, { hz: "100" });
  process.run("DEBUG", "POPULATE", "1000");
  let runs = 0;
  const expiry: ActiveExpiry = { run: () => ++runs % 10 !== 0 };
  const cron = new Cron(server, expiry);
  cron.start();
  await until("expiry runs", () => runs > 30);
  cron.stop();
  const seen = runs;
  await sleep(50);
  assert.equal(runs, seen);
});

test("emptied databases are freed in the background", async () => {
  const { process, server } = started(undefined, { "enable-debug-command": "yes" });
  const before = server.arena.usedBytes;
  process.run("DEBUG", "POPULATE", "20000", "key", "100");
  server.cron.start();
  process.run("FLUSHALL", "ASYNC");
  const { lazyFree } = server.keyspace;
  assert.ok(lazyFree.pending === 20_000);
  await until("nothing is pending", () => lazyFree.pending === 0);
  server.cron.stop();
  assert.equal(server.arena.usedBytes, before);
  process.validateIntegrity();
});

test("a bug in a round is logged and the timers go on", async () => {
  const { server } = started(undefined, { hz: "100" });
  let runs = 0;
  const cron = new Cron(server, {
    run: () => {
      runs++;
      throw new Error("a bug");
    },
  });
  cron.start();
  await until("it runs again", () => runs > 3);
  cron.stop();
});
