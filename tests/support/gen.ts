/**
 * Random input for tests, all of it from one seed.
 *
 *     const n = seed();
 *     const prng = new Prng(n);
 *     ... assert.equal(got, want, `seed ${n}`)
 *
 * The generators favour what breaks programs: the empty, the shortest, the longest, the limits of
 * integer types and their neighbours, bytes that mean something to a parser. Keys come from a small
 * pool, because operations that never meet the same key test nothing.
 */

import process from "node:process";
import type { Prng } from "../../core/base/prng.ts";
import { toBytes } from "./resp_reply.ts";

/** Integers at which encodings and overflow checks change over, as decimal text. */
export const EDGE_INTEGERS: readonly string[] = edgeIntegers();

const NEAR_INTEGERS: readonly string[] = [
  "",
  "-",
  "+1",
  "-0",
  "00",
  "01",
  " 1",
  "1 ",
  "1.0",
  "1e3",
  "0x10",
  "1\0",
  "9".repeat(40),
  "nan",
  "inf",
];

const PARSER_BYTES: Uint8Array = toBytes("\r\n\0\"'\\ $*:+-[]?^{}\xff\x80");

/**
 * The seed of this run: the environment's SEED, or a fresh one. It is printed, and
 * `SEED=<n> deno task test ...` gives the same run again.
 */
export function seed(): number {
  const given = process.env.SEED;
  if (given !== undefined && !/^\d+$/.test(given)) throw new Error(`SEED=${given} is no number`);
  const value = given === undefined ? Math.floor(Math.random() * 0x1_0000_0000) : Number(given);
  console.log(`seed ${value} (SEED=${value} repeats it)`);
  return value;
}

/** Runs a test with the seed of this run, which is then part of whatever goes wrong. */
export function seeded(run: (n: number) => void): void {
  const n = seed();
  try {
    run(n);
  } catch (error) {
    throw new Error(`seed ${n}`, { cause: error });
  }
}

/** A uniform integer in [min, max], both included. */
export function randomInt(prng: Prng, min: number, max: number): number {
  return min + prng.nextBelow(max - min + 1);
}

/** True once in `n` times on average. */
export function oneIn(prng: Prng, n: number): boolean {
  return prng.nextBelow(n) === 0;
}

/** One element of a list that is not empty. */
export function pick<T>(prng: Prng, list: ArrayLike<T>): T {
  return list[prng.nextBelow(list.length)];
}

/** Reorders a list in place, every order equally likely. */
export function shuffle<T>(prng: Prng, list: T[]): T[] {
  for (let i = list.length - 1; i > 0; i--) {
    const j = prng.nextBelow(i + 1);
    const moved = list[i];
    list[i] = list[j];
    list[j] = moved;
  }
  return list;
}

/** Exactly `len` bytes of any value. */
export function randomBytes(prng: Prng, len: number): Uint8Array {
  const bytes = new Uint8Array(len);
  for (let i = 0; i < len; i++) bytes[i] = prng.nextU32() >>> 24;
  return bytes;
}

/** A length of at most `max`: mostly short, sometimes at a power of two or its neighbour. */
export function randomLen(prng: Prng, max: number): number {
  const kind = prng.nextBelow(10);
  if (kind === 0) return Math.min(max, prng.nextBelow(2));
  if (kind <= 5) return prng.nextBelow(Math.min(max, 64) + 1);
  if (kind === 6) return prng.nextBelow(max + 1);
  const power = 2 ** prng.nextBelow(Math.floor(Math.log2(max + 1)) + 1);
  return Math.max(0, Math.min(max, power + randomInt(prng, -1, 1)));
}

/** A key out of a pool of about `pool`: most are `key:N`, some are empty, long or binary. */
export function randomKey(prng: Prng, pool = 64): Uint8Array {
  const n = prng.nextBelow(pool);
  // The kind follows from the number, so that the pool holds `pool` different keys and no more.
  switch (n % 16) {
    case 13:
      return toBytes("k".repeat(n));
    case 14:
      return Uint8Array.of(0, 13, 10, n & 0xff, n >>> 8, 0xff);
    case 15:
      return toBytes(String(n * 1_000_003));
    default:
      return toBytes(`key:${n}`);
  }
}

/** A value of at most `max` bytes: integers, text, runs of one byte, parser food, any bytes. */
export function randomValue(prng: Prng, max = 512): Uint8Array {
  switch (prng.nextBelow(6)) {
    case 0:
    case 1:
      return toBytes(randomIntText(prng).slice(0, max));
    case 2:
      return new Uint8Array(randomLen(prng, max)).fill(prng.nextU32() >>> 24);
    case 3:
      return fromAlphabet(prng, randomLen(prng, max), PARSER_BYTES);
    case 4:
      return fromAlphabet(prng, randomLen(prng, max), toBytes("abcdefgh 0123456789"));
    default:
      return randomBytes(prng, randomLen(prng, max));
  }
}

/** An integer as text: small, at a limit, of any size; once in ten times it is not quite one. */
export function randomIntText(prng: Prng): string {
  switch (prng.nextBelow(10)) {
    case 0:
      return pick(prng, NEAR_INTEGERS);
    case 1:
    case 2:
    case 3:
      return pick(prng, EDGE_INTEGERS);
    case 4: {
      const digits = randomInt(prng, 1, 20);
      let text = oneIn(prng, 2) ? "-" : "";
      text += String(randomInt(prng, 1, 9));
      for (let i = 1; i < digits; i++) text += String(prng.nextBelow(10));
      return text;
    }
    default:
      return String(randomInt(prng, -100, 1000));
  }
}

/**
 * Offsets at which a message of `len` bytes is cut: ascending, inside (0, len), from none at all to
 * one after every byte.
 */
export function randomCuts(prng: Prng, len: number): number[] {
  const every = pick(prng, [1, 2, 3, 8, 64, 1024, len + 1]);
  const cuts: number[] = [];
  for (let at = 1; at < len; at++) if (oneIn(prng, every)) cuts.push(at);
  return cuts;
}

function fromAlphabet(prng: Prng, len: number, alphabet: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(len);
  for (let i = 0; i < len; i++) bytes[i] = pick(prng, alphabet);
  return bytes;
}

/** Zero, and the powers of two where integer encodings end, with both neighbours and both signs. */
function edgeIntegers(): string[] {
  const edges = new Set<string>(["0"]);
  for (const bits of [0n, 4n, 7n, 8n, 12n, 13n, 15n, 16n, 23n, 24n, 31n, 32n, 53n, 63n, 64n]) {
    for (const step of [-1n, 0n, 1n]) {
      const value = (1n << bits) + step;
      edges.add(String(value));
      edges.add(String(-value));
    }
  }
  return [...edges];
}
