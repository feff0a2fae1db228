/** core/base/murmur.ts against the same hash with BigInt. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { murmur64, murmurHigh } from "../../../core/base/murmur.ts";
import { Prng } from "../../../core/base/prng.ts";
import { randomInt, seed } from "../../support/gen.ts";

const MASK = (1n << 64n) - 1n;
const M = 0xc6a4a7935bd1e995n;

function naive(bytes: Uint8Array, seed: bigint): bigint {
  let h = seed ^ BigInt(bytes.length) * M & MASK;
  const whole = bytes.length - bytes.length % 8;
  for (let i = 0; i < whole; i += 8) {
    let k = number(bytes.subarray(i, i + 8)) * M & MASK;
    k ^= k >> 47n;
    h = (h ^ k * M & MASK) * M & MASK;
  }
  if (whole < bytes.length) h = (h ^ number(bytes.subarray(whole))) * M & MASK;
  h = (h ^ h >> 47n) * M & MASK;
  return h ^ h >> 47n;
}

/** The bytes as a number, low byte first. */
function number(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => sum << 8n | BigInt(byte), 0n);
}

function hash(buf: Uint8Array, off: number, len: number, hashSeed: number): bigint {
  const low = murmur64(buf, off, len, hashSeed) >>> 0;
  return BigInt(murmurHigh() >>> 0) << 32n | BigInt(low);
}

test("known values", () => {
  // Nothing hashes to the seed, and zero stays zero.
  assert.equal(hash(new Uint8Array(0), 0, 0, 0), 0n);
  const text = new TextEncoder().encode("xxhello worldxx");
  assert.equal(hash(text, 2, 11, 0), naive(text.subarray(2, 13), 0n));
});

test("random bytes of every length, seed and offset", () => {
  const run = seed();
  const prng = new Prng(run);
  const buf = new Uint8Array(80);
  for (let i = 0; i < 20_000; i++) {
    prng.fill(buf);
    // Runs of ones and zeros carry the furthest.
    if (i % 4 === 0) buf.fill(i % 8 === 0 ? 255 : 0, 0, randomInt(prng, 0, 40));
    const off = randomInt(prng, 0, 9);
    const len = randomInt(prng, 0, 60);
    const hashSeed = prng.nextU32();
    const want = naive(buf.subarray(off, off + len), BigInt(hashSeed));
    assert.equal(hash(buf, off, len, hashSeed), want, `seed ${run}, round ${i}, ${len} bytes`);
  }
});
