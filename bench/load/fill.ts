/**
 * Memory per key: a fresh server gets many keys of 16 bytes, and what it grew by is divided by them.
 *
 * The keys are "key:" and 12 digits. Before the first reading the server has answered 20,000 SETs of
 * a single key, so that compiled code, buffers and a warm heap are not counted as data.
 */

import { load } from "./loader.ts";
import type { LoadOptions } from "./options.ts";
import { RequestTemplate } from "./request_template.ts";
import type { FillResult } from "./results.ts";
import type { RunningServer } from "./servers.ts";

const KEY = "key:%d";
const KEY_LEN = 16;
const BATCH = 512;
const WARM_REQUESTS = 20_000;
const SETTLE_MS = 1500;

/** Fills `server`, which must be freshly started, and reports its growth per key. */
export async function measureFill(
  server: RunningServer,
  options: LoadOptions,
): Promise<FillResult> {
  const { host } = server.spec;
  const value = "x".repeat(options.valueLen);
  const warm = new RequestTemplate(["SET", "warm", value]);
  await load(host, server.port, { template: warm, count: WARM_REQUESTS, batch: BATCH });
  await server.command("DEL", "warm");
  await server.settle(SETTLE_MS);
  const before = await server.memory();
  const template = new RequestTemplate(["SET", KEY, value]);
  const plan = { template, count: options.fillKeys, batch: BATCH };
  const { seconds } = await load(host, server.port, plan);
  await server.settle(SETTLE_MS);
  const after = await server.memory();
  const keys = Number(await server.command("DBSIZE"));
  if (keys !== options.fillKeys) throw new Error(`${server.spec.name} holds ${keys} keys`);
  return {
    server: server.spec.name,
    keys,
    keyLen: KEY_LEN,
    valueLen: options.valueLen,
    seconds,
    usedBytesPerKey: growth(before.usedBytes, after.usedBytes, keys),
    rssBytesPerKey: growth(before.rssBytes, after.rssBytes, keys),
  };
}

/** `(after - before) / count`, or null when a reading is missing. */
export function growth(before: number | null, after: number | null, count: number): number | null {
  return before === null || after === null ? null : (after - before) / count;
}
