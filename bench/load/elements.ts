/**
 * Memory per element: what `used_memory` grows by when a server gets many small values, or one large one.
 *
 * Small values have ten elements each, which is what hashes, sets, lists and sorted sets mostly are; their keys count
 * too, a tenth for each element. Large ones have a million under one key.
 */
import { BIG_COUNT, BIG_VALUES } from "./big_values.ts";
import { growth } from "./fill.ts";
import { load } from "./loader.ts";
import type { LoadOptions } from "./options.ts";
import { RequestTemplate } from "./request_template.ts";
import type { ElementsResult } from "./results.ts";
import type { RunningServer } from "./servers.ts";

const SMALL_ELEMENTS = 10;
const BATCH = 512;
const SETTLE_MS = 500;

/** Requests that make one small value; %d is the number of its key. */
const SMALL_VALUES: readonly { type: string; words: string[] }[] = [
  { type: "list", words: ["RPUSH", "list:%d", ...each((i) => [`element:${i}`])] },
  { type: "hash", words: ["HSET", "hash:%d", ...each((i) => [`field:${i}`, `value:${i}`])] },
  { type: "set", words: ["SADD", "set:%d", ...each((i) => [`member:${i}`])] },
  { type: "set of integers", words: ["SADD", "set:%d", ...each((i) => [String(1000 + i)])] },
  { type: "zset", words: ["ZADD", "zset:%d", ...each((i) => [String(1000 + i), `member:${i}`])] },
];

/** Measures all kinds on one server; `found` gets each figure as it is known. */
export async function measureElements(
  server: RunningServer,
  options: LoadOptions,
  found: (result: ElementsResult) => void,
): Promise<void> {
  const small = Math.max(1, Math.floor(options.elements / SMALL_ELEMENTS));
  const large = Math.min(options.elements, BIG_COUNT);
  for (const { type, words } of SMALL_VALUES) {
    const bytes = await measureGrowth(server, words, small, small * SMALL_ELEMENTS);
    found({ server: server.spec.name, type, size: SMALL_ELEMENTS, usedBytesPerElement: bytes });
  }
  for (const { type, words } of BIG_VALUES) {
    const bytes = await measureGrowth(server, words, large, large);
    found({ server: server.spec.name, type, size: large, usedBytesPerElement: bytes });
  }
}

async function measureGrowth(
  server: RunningServer,
  words: string[],
  requests: number,
  elements: number,
): Promise<number | null> {
  const template = new RequestTemplate(words);
  // Once before, so that what the server keeps for itself is there already.
  await load(server.spec.host, server.port, {
    template,
    count: Math.min(requests, BATCH),
    batch: BATCH,
  });
  await server.flush();
  await server.settle(SETTLE_MS);
  const before = (await server.memory()).usedBytes;
  await load(server.spec.host, server.port, { template, count: requests, batch: BATCH });
  await server.settle(SETTLE_MS);
  const after = (await server.memory()).usedBytes;
  await server.flush();
  return growth(before, after, elements);
}

function each(words: (i: number) => string[]): string[] {
  return Array.from({ length: SMALL_ELEMENTS }, (_, i) => words(i)).flat();
}
