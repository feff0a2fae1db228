/** core/base/hash.ts against HalfSipHash written out plainly with BigInt. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ascii } from "../../../core/base/bytes.ts";
import { hashBytes } from "../../../core/base/hash.ts";
import { Prng } from "../../../core/base/prng.ts";
import { seed } from "../../support/gen.ts";

const MASK = 0xffffffffn;

function rotate(v: bigint, by: bigint): bigint {
  return ((v << by) | (v >> (32n - by))) & MASK;
}

function sipRound(v: bigint[]): void {
  v[0] = (v[0] + v[1]) & MASK;
  v[1] = rotate(v[1], 5n) ^ v[0];
  v[0] = rotate(v[0], 16n);
  v[2] = (v[2] + v[3]) & MASK;
  v[3] = rotate(v[3], 8n) ^ v[2];
  v[0] = (v[0] + v[3]) & MASK;
  v[3] = rotate(v[3], 7n) ^ v[0];
  v[2] = (v[2] + v[1]) & MASK;
  v[1] = rotate(v[1], 13n) ^ v[2];
  v[2] = rotate(v[2], 16n);
}

/** HalfSipHash-c-d with a 32-bit result, as an unsigned integer. */
function reference(bytes: Uint8Array, k0: number, k1: number, c: number, d: number): bigint {
  const a = BigInt(k0 >>> 0);
  const b = BigInt(k1 >>> 0);
  const v = [a, b, 0x6c796765n ^ a, 0x74656462n ^ b];
  const padded = [...bytes];
  while (padded.length % 4 !== 3) padded.push(0);
  padded.push(bytes.length & 0xff);
  for (let i = 0; i < padded.length; i += 4) {
    let m = 0n;
    for (let j = 3; j >= 0; j--) m = (m << 8n) | BigInt(padded[i + j]);
    v[3] ^= m;
    for (let r = 0; r < c; r++) sipRound(v);
    v[0] ^= m;
  }
  v[2] ^= 0xffn;
  for (let r = 0; r < d; r++) sipRound(v);
  return v[1] ^ v[3];
}

describe("hashBytes", () => {
  test("the reference itself gives HalfSipHash-2-4's published results", () => {
    const key = [0x03020100, 0x07060504];
    const first = [0x5b9f35a9, 0xb85a4727, 0x03a662fa];
    for (let len = 0; len < first.length; len++) {
      const input = Uint8Array.from({ length: len }, (_, i) => i);
      assert.equal(reference(input, key[0], key[1], 2, 4), BigInt(first[len]));
    }
  });

  test("is HalfSipHash-1-3 for every length of the tail and random keys", () => {
    const n = seed();
    const prng = new Prng(n);
    for (let i = 0; i < 2000; i++) {
      const len = i % 70 === 69 ? 300 : i % 70;
      const off = prng.nextBelow(9);
      const buf = new Uint8Array(new SharedArrayBuffer(off + len + 4));
      prng.fill(buf);
      const k0 = prng.nextU32();
      const k1 = prng.nextU32();
      const view = new DataView(buf.buffer);
      const got = hashBytes(view, off, len, k0 | 0, k1 | 0);
      const want = reference(buf.subarray(off, off + len), k0, k1, 1, 3);
      assert.equal(BigInt(got >>> 0), want, `seed ${n}, ${len} bytes`);
      assert.equal(got, got | 0, "the result is an int32");
      assert.equal(hashBytes(view, off, len, k0, k1), got, "the key's sign does not matter");
    }
  });

  test("spreads numbered keys over low and high bits", () => {
    const low = new Uint32Array(64);
    const high = new Uint32Array(64);
    for (let i = 0; i < 64_000; i++) {
      const key = ascii(`key:${String(i).padStart(12, "0")}`);
      const h = hashBytes(new DataView(key.buffer), 0, key.length, 0x12345678, 0x0abcdef0);
      low[h & 63]++;
      high[h >>> 26]++;
    }
    // A thousand each on average with a deviation of 32: five deviations to either side.
    for (const count of [...low, ...high]) assert.ok(count > 840 && count < 1160, `${count}`);
  });
});
