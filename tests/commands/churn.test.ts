/**
 * Connections that open and close, thousands of them, each leaving in the middle of something else: a transaction, a
 * blocking call, a subscription, cached keys, a reply that it doesn't read. Nothing is left of them, in no counter and
 * not in memory, and a client that stays is served all the time.
 *
 * CHURN_SECONDS=60 goes on for that long.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { Prng } from "../../core/base/prng.ts";
import { pick, seed } from "../support/gen.ts";
import type { RespClient } from "../support/resp_client.ts";
import { target } from "../support/server.ts";
import { until } from "../support/until.ts";

const SECONDS = Number(process.env.CHURN_SECONDS ?? 0);
const CONNECTIONS = 10_000;
/** Connections that exist at a time. */
const AT_ONCE = 100;
const MIB = 1024 * 1024;
/** Resident memory that garbage not yet collected, and what the allocators keep, may take. */
const GARBAGE_BYTES: number = 300 * MIB;

const server = target();
const skip = server.isOracle ? "it is Larder whose memory is looked at" : false;

/** What a connection does before it is gone; several of them, one after the other. */
const STEPS: readonly (readonly string[])[] = [
  ["PING"],
  ["SET", "k", "v"],
  ["GET", "big"],
  ["MULTI"],
  ["EXEC"],
  ["WATCH", "a", "b"],
  ["BLPOP", "nosuch", "other", "0"],
  ["BLPOP", "nosuch", "0.01"],
  ["XREAD", "BLOCK", "0", "STREAMS", "s", "$"],
  ["WAIT", "1", "5000"],
  ["SUBSCRIBE", "a", "b"],
  ["PSUBSCRIBE", "a*"],
  ["SSUBSCRIBE", "a"],
  ["MONITOR"],
  ["HELLO", "3"],
  ["CLIENT", "SETNAME", "gone"],
  ["CLIENT", "TRACKING", "ON"],
  ["CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "k"],
  ["MGET", "a", "b", "k"],
  ["CLIENT", "REPLY", "OFF"],
  ["nosuch"],
];
/** Bytes that no request ends with. */
const UNFINISHED = ["*2\r\n$3\r\nGET\r\n$100\r\nabc", "*100\r\n", "$"];

/** Figures that have to be what they were. */
const COUNTERS: readonly string[] = [
  "connected_clients",
  "blocked_clients",
  "pubsub_clients",
  "watching_clients",
  "tracking_clients",
  "clients_in_timeout_table",
  "total_watched_keys",
  "total_blocking_keys",
  "pubsub_channels",
  "pubsub_patterns",
  "pubsubshard_channels",
  "tracking_total_keys",
  "tracking_total_items",
  "tracking_total_prefixes",
];

async function counters(client: RespClient): Promise<Record<string, number>> {
  const info = String(await client.command("INFO"));
  const values = COUNTERS.map((name) => {
    const match = new RegExp(`^${name}:(\\d+)`, "m").exec(info);
    assert.ok(match !== null, `INFO has ${name}`);
    return [name, Number(match[1])];
  });
  return Object.fromEntries(values);
}

async function usedBytes(client: RespClient): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(String(await client.command("INFO", "memory")))?.[1]);
}

/** Resident memory and open files of the server; zeros where the system doesn't tell. */
function processFigures(): [residentBytes: number, files: number] {
  const dir = `/proc/${server.server?.pid}`;
  try {
    const status = readFileSync(`${dir}/status`, "utf8");
    const kilobytes = Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0);
    return [kilobytes * 1024, readdirSync(`${dir}/fd`).length];
  } catch {
    return [0, 0];
  }
}

/** One connection: it does a few things and is gone, in order or not. */
async function visit(prng: Prng): Promise<void> {
  const client = await server.connect();
  for (let i = prng.nextBelow(6); i > 0; i--) client.send(pick(prng, STEPS));
  if (prng.nextBelow(8) === 0) client.raw(pick(prng, UNFINISHED));
  const end = prng.nextBelow(4);
  if (end === 0) client.socket.resetAndDestroy();
  else {
    if (end !== 1) await client.flushed();
    if (end === 2) client.socket.end();
    client.close();
  }
}

/** Lets connections come and go until there were `count`, and it lasted for `seconds`. */
async function churn(prng: Prng, count: number, seconds: number): Promise<void> {
  const until = Date.now() + seconds * 1000;
  let opened = 0;
  const visitor = async () => {
    while (opened < count || Date.now() < until) {
      opened++;
      await visit(prng);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, visitor));
}

test("thousands of connections leave nothing behind", { skip }, async () => {
  const n = seed();
  const prng = new Prng(n);
  const client = await server.connect();
  await client.command("FLUSHALL");
  await client.command("SET", "big", "x".repeat(200_000));
  await client.command("SET", "k", "v");
  // What is made once and kept: buffers, tables, compiled code.
  await churn(prng, 1000, 0);
  const nobody = async () => (await counters(client)).connected_clients === 1;
  await until("the first are gone", nobody);
  const before = await counters(client);
  const [residentBefore, filesBefore] = processFigures();
  const usedBefore = await usedBytes(client);

  let isOver = false;
  let served = 0;
  const steady = (async () => {
    const other = await server.connect();
    while (!isOver) assert.equal(await other.command("INCRBY", "steady", "1"), ++served);
    other.close();
  })();
  await churn(prng, CONNECTIONS, SECONDS);
  isOver = true;
  await steady;
  assert.ok(served > 0);
  await client.command("DEL", "steady");

  await until(`seed ${n}: they are gone`, nobody);
  assert.deepEqual(await counters(client), before, `seed ${n}`);
  await until("what they took is free", async () => await usedBytes(client) <= usedBefore);
  await until(`seed ${n}: as few files as before`, () => processFigures()[1] <= filesBefore);
  const [residentAfter] = processFigures();
  const grownMib = Math.round((residentAfter - residentBefore) / MIB);
  assert.ok(residentAfter - residentBefore < GARBAGE_BYTES, `seed ${n}: grew by ${grownMib} MiB`);
  assert.ok(!/Bug in/.test(server.server!.output), `seed ${n}: ${server.server!.output}`);
  console.log(`${served} replies meanwhile; resident memory has grown by ${grownMib} MiB`);
  client.close();
});
