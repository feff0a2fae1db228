/**
 * Random data of every type and encoding, as requests that make it.
 */
import type { Prng } from "../../core/base/prng.ts";
import { oneIn, pick, randomInt, randomValue } from "./gen.ts";
import type { Arg } from "./resp_client.ts";

/** Far enough away for any test. */
const FAR_MS = 4_000_000_000_000;

/** Requests that make the value of a key. Sizes go beyond the default limits of small encodings now and then. */
type Maker = (key: string, prng: Prng) => Arg[][];

const expiringFields: Maker = (key, prng) => {
  const fields = Array.from({ length: size(prng, 600) }, (_, i) => `field ${i}`);
  const some = fields.filter((_, i) => i === 0 || oneIn(prng, 3));
  const time = FAR_MS + prng.nextBelow(1000);
  return [
    ["HSET", key, ...fields.flatMap((field) => [field, randomValue(prng, 30)])],
    ["HPEXPIREAT", key, time, "FIELDS", some.length, ...some],
    ...(oneIn(prng, 4) ? [["HPERSIST", key, "FIELDS", some.length, ...some]] : []),
  ];
};

const sortedSet = (prng: Prng, key: string, score: () => number): Arg[][] => {
  const scores = () => pick(prng, ["inf", "-inf", "0", "1.5", String(score())]);
  return [["ZADD", key, ...values(prng, 200).flatMap((value) => [scores(), value])]];
};
const sortedSets: Maker = (key, prng) => sortedSet(prng, key, () => prng.nextFloat() * 1e6);
const sortedSetsShort: Maker = (key, prng) => sortedSet(prng, key, () => prng.nextBelow(1e6) / 8);

const MAKERS: readonly Maker[] = [
  (key, prng) => [["SET", key, randomValue(prng, oneIn(prng, 20) ? 50_000 : 100)]],
  (key, prng) => [["SET", key, prng.nextU32() - 2 ** 31]],
  (key, prng) => [["RPUSH", key, ...values(prng, 300)]],
  (key, prng) => [["SADD", key, ...integers(prng)]],
  (key, prng) => [["SADD", key, ...values(prng, 200)]],
  (key, prng) => [["HSET", key, ...values(prng, 600, 2)]],
  makeStream,
];

/** What data may have besides. */
export interface DataLimits {
  /** Hashes whose fields expire, which Redis 7.4 is the first to have. */
  readonly fieldsExpire?: boolean;
  /** Scores are all said exactly by few digits. */
  readonly shortScores?: boolean;
}

/**
 * Requests that make `count` keys in the first `dbs` databases. Larder and Redis 7.4 answer none with an error, nor
 * does 7.0 without fields that expire.
 */
export function dataSet(prng: Prng, count: number, dbs = 3, limits: DataLimits = {}): Arg[][] {
  const { fieldsExpire = true, shortScores = false } = limits;
  const makers = [...MAKERS, shortScores ? sortedSetsShort : sortedSets];
  if (fieldsExpire) makers.push(expiringFields);
  const requests: Arg[][] = [];
  for (let i = 0; i < count; i++) {
    if (i % 50 === 0) requests.push(["SELECT", prng.nextBelow(dbs)]);
    const key = oneIn(prng, 10) ? `${i}` : `key ${i} ${"k".repeat(prng.nextBelow(30))}`;
    requests.push(...pick(prng, makers)(key, prng));
    if (oneIn(prng, 4)) requests.push(["PEXPIREAT", key, FAR_MS + i]);
  }
  requests.push(["SELECT", 0]);
  return requests;
}

function makeStream(key: string, prng: Prng): Arg[][] {
  const requests: Arg[][] = [["XGROUP", "CREATE", key, "idle", "$", "MKSTREAM"]];
  const count = size(prng, 250);
  for (let i = 1; i <= count; i++) {
    const fields = oneIn(prng, 3) ? values(prng, 5, 2) : ["field", prng.nextBelow(1000)];
    requests.push(["XADD", key, `${i * 1000}-1`, ...fields]);
  }
  for (let group = prng.nextBelow(3); group > 0; group--) {
    requests.push(["XGROUP", "CREATE", key, `group ${group}`, 0]);
    for (let consumer = prng.nextBelow(3); consumer > 0; consumer--) {
      const read = ["XREADGROUP", "GROUP", `group ${group}`, `consumer ${consumer}`, "COUNT"];
      requests.push([...read, randomInt(prng, 1, 100), "STREAMS", key, ">"]);
    }
  }
  for (let i = prng.nextBelow(5); i > 0; i--) requests.push(["XDEL", key, `${i * 1000}-1`]);
  return requests;
}

/** Mostly few, sometimes many. */
function size(prng: Prng, max: number): number {
  return oneIn(prng, 6) ? randomInt(prng, 1, max) : randomInt(prng, 1, 8);
}

function values(prng: Prng, max: number, each = 1): Arg[] {
  const found = new Set<string>();
  const count = size(prng, max) * each;
  for (let i = 0; i < count; i++) found.add(`${i} ${"v".repeat(prng.nextBelow(20))}`);
  return [...found].map((value) => oneIn(prng, 3) ? value.split(" ")[0] : value);
}

function integers(prng: Prng): Arg[] {
  const max = pick(prng, [100, 1e6, 1e12]);
  return Array.from({ length: size(prng, 800) }, () => prng.nextBelow(max) - max / 4);
}
