/**
 * What saving and loading cost.
 *
 *     idle      BGSAVE of the stall measurement's keys while nobody wants anything: how long the beginning stops the
 *               server (the cut, or the fork), and how long the save takes
 *     load      the same under SETs of random keys, one connection, as fast as they are answered: throughput and
 *               PINGs without a save, then while one runs, and the memory it takes beyond that
 *     strings   SAVE of half as many keys, and loading the file again into the empty server
 *     mixed     the same for small values of all types
 *
 * A save is over when INFO says so, which is asked every few milliseconds. Loading is DEBUG RELOAD
 * without the save and the flush. The memory of a save is what the server says it copied, and the
 * most its resident set grew meanwhile (which with fork it doesn't: there the copies are the
 * child's).
 */
import { sleep } from "../../tests/support/server.ts";
import { load, Loader, type LoadPlan, scatterStride } from "./loader.ts";
import type { LoadOptions } from "./options.ts";
import { Probe } from "./probe.ts";
import { readRssBytes } from "./proc.ts";
import { RequestTemplate } from "./request_template.ts";
import type { SaveResult } from "./results.ts";
import type { RunningServer } from "./servers.ts";
import { median } from "./stats.ts";
import { fixed } from "./table.ts";

const FILL_BATCH = 512;
/** Requests per write of the load, and per look at how the save is. */
const LOAD_BATCH = 64;
const LOAD_SLICE = 6400;
const QUIET_SECONDS = 5;
const POLL_MS = 5;
const IDLE_SAVES = 3;
/** Small values of the mixed data: a type each, as many elements as most have. */
const MIXED_PART = 20;
const MIXED: readonly string[][] = [
  ["RPUSH", "list:%d", ...words(10, (i) => [`element:${i}:%d`])],
  ["HSET", "hash:%d", ...words(10, (i) => [`field:${i}`, `value:${i}:%d`])],
  ["SADD", "set:%d", ...words(10, (i) => [`member:${i}:%d`])],
  ["ZADD", "zset:%d", ...words(10, (i) => [`1${i}`, `member:${i}:%d`])],
  ["XADD", "stream:%d", "1-1", "name", "%d", "text", "a message of some length"],
  ["SET", "text:%d", "a compressible text, compressible text, that is compressible: %d"],
  ["SETEX", "session:%d", "86400", "user:%d"],
];

/** Takes `server`, which must be freshly started, through all of them. */
export async function measureSaves(
  server: RunningServer,
  options: LoadOptions,
  found: (result: SaveResult) => void,
  note: (text: string) => void,
): Promise<void> {
  const tell: Tell = (figure, unit, measured) => {
    const value = Number.isNaN(measured) ? null : measured;
    found({ server: server.spec.name, figure, unit, value });
    note(`${server.spec.name}, ${figure}: ${fixed(value, 2)} ${unit}`);
  };
  const keys = options.stallKeys;
  await fill(server, ["SET", "key:%d", "x".repeat(options.valueLen)], keys);
  const cuts: number[] = [];
  const seconds: number[] = [];
  for (let i = 0; i < IDLE_SAVES; i++) {
    seconds.push(await save(server));
    cuts.push(await forkMicroseconds(server));
  }
  tell("idle: cut", "us", median(cuts));
  tell("idle: longest cut", "us", Math.max(...cuts));
  tell("idle: BGSAVE", "s", median(seconds));
  await underLoad(server, keys, options.valueLen, tell);
  // With save points FLUSHALL would leave an empty file.
  await server.command("CONFIG", "SET", "save", "");
  await server.flush();
  await fill(server, ["SET", "key:%d", "x".repeat(options.valueLen)], Math.ceil(keys / 2));
  await saveAndLoad(server, "strings", tell);
  await server.flush();
  for (const request of MIXED) await fill(server, request, Math.ceil(keys / MIXED_PART));
  await saveAndLoad(server, "mixed", tell);
}

/** Gets a figure; NaN: it couldn't be had. */
type Tell = (figure: string, unit: string, value: number) => void;

async function underLoad(
  server: RunningServer,
  keys: number,
  valueLen: number,
  tell: Tell,
): Promise<void> {
  const { host } = server.spec;
  const probe = await Probe.start(host, server.port);
  const loader = await Loader.open(host, server.port);
  const template = new RequestTemplate(["SET", "key:%d", "y".repeat(valueLen)]);
  const stride = scatterStride(keys);
  let next = 0;
  const slice = async () => {
    const first = next;
    const indexOf = (i: number) => ((first + i) * stride) % keys;
    next += LOAD_SLICE;
    await loader.run({ template, count: LOAD_SLICE, batch: LOAD_BATCH, indexOf } as LoadPlan);
  };
  const runWhile = async (goesOn: () => Promise<boolean>): Promise<number> => {
    const started = performance.now();
    let slices = 0;
    while (await goesOn()) {
      await slice();
      slices++;
    }
    return slices * LOAD_SLICE / ((performance.now() - started) / 1000);
  };
  try {
    const until = performance.now() + QUIET_SECONDS * 1000;
    await probe.takeFigures();
    const without = await runWhile(() => Promise.resolve(performance.now() < until));
    const quiet = await probe.takeFigures();
    const before = residentBytes(server);
    let most = before;
    await server.command("BGSAVE");
    const during = await runWhile(async () => {
      most = Math.max(most, residentBytes(server));
      return await isSaving(server);
    });
    const busy = await probe.takeFigures();
    const copied = Number((await server.info("persistence")).get("rdb_last_cow_size"));
    tell("load: SETs without a save", "/s", without);
    tell("load: SETs during one", "/s", during);
    tell("load: part of the throughput", "", during / without);
    tell("load: PING p99.9 without", "ms", quiet.p999Ms);
    tell("load: PING p99.9 during", "ms", busy.p999Ms);
    tell("load: longest PING during", "ms", busy.longestMs);
    tell("load: copied pages", "MB", copied / 1e6);
    tell("load: growth of the resident set", "MB", (most - before) / 1e6);
  } finally {
    loader.close();
    await probe.stop();
  }
}

async function saveAndLoad(server: RunningServer, what: string, tell: Tell): Promise<void> {
  const saving = performance.now();
  await server.command("SAVE");
  tell(`${what}: SAVE`, "s", (performance.now() - saving) / 1000);
  const keys = await server.command("DBSIZE");
  await server.flush();
  const loading = performance.now();
  await server.command("DEBUG", "RELOAD", "NOSAVE", "NOFLUSH");
  tell(`${what}: load`, "s", (performance.now() - loading) / 1000);
  if (await server.command("DBSIZE") !== keys) throw new Error(`${what}: keys were lost`);
}

/** Saves in the background and waits for it. Returns the seconds. */
async function save(server: RunningServer): Promise<number> {
  const started = performance.now();
  await server.command("BGSAVE");
  while (await isSaving(server)) await sleep(POLL_MS);
  return (performance.now() - started) / 1000;
}

async function isSaving(server: RunningServer): Promise<boolean> {
  const info = await server.info("persistence");
  const isOver = info.get("rdb_bgsave_in_progress") === "0";
  if (isOver && info.get("rdb_last_bgsave_status") !== "ok") throw new Error("the save failed");
  return !isOver;
}

async function forkMicroseconds(server: RunningServer): Promise<number> {
  return Number((await server.info("stats")).get("latest_fork_usec"));
}

async function fill(server: RunningServer, request: string[], count: number): Promise<void> {
  const template = new RequestTemplate(request);
  await load(server.spec.host, server.port, { template, count, batch: FILL_BATCH });
}

/** The resident set in bytes, NaN where it can't be known. */
function residentBytes(server: RunningServer): number {
  return (server.pid === null ? null : readRssBytes(server.pid)) ?? NaN;
}

function words(count: number, of: (i: number) => string[]): string[] {
  return Array.from({ length: count }, (_, i) => of(i)).flat();
}
