/** core/base/crc64.ts against the polynomial applied bit by bit. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ascii } from "../../../core/base/bytes.ts";
import { Crc64 } from "../../../core/base/crc64.ts";
import { Prng } from "../../../core/base/prng.ts";
import { seed } from "../../support/gen.ts";

/** The polynomial as it is written, most significant bit first, and the definition of reflection. */
function reference(bytes: Uint8Array): bigint {
  let poly = 0n;
  for (let i = 0n; i < 64n; i++) if ((0xad93d23594c935a9n >> i) & 1n) poly |= 1n << (63n - i);
  let crc = 0n;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let i = 0; i < 8; i++) crc = crc & 1n ? (crc >> 1n) ^ poly : crc >> 1n;
  }
  return crc;
}

test("the check value is that of RDB files", () => {
  const crc = new Crc64();
  assert.equal(crc.toHex(), "0000000000000000");
  crc.update(ascii("123456789"), 0, 9);
  assert.equal(crc.toHex(), "e9c6d914c4b8d9ca");
  crc.reset();
  assert.equal(crc.toHex(), "0000000000000000");
});

test("any length, offset and division into pieces gives the bitwise result", () => {
  const n = seed();
  const prng = new Prng(n);
  for (let round = 0; round < 300; round++) {
    const len = prng.nextBelow(80);
    const off = prng.nextBelow(9);
    const buf = new Uint8Array(new SharedArrayBuffer(off + len + 3));
    prng.fill(buf);
    const crc = new Crc64();
    for (let at = 0; at < len;) {
      const step = 1 + prng.nextBelow(len - at);
      crc.update(buf, off + at, step);
      at += step;
    }
    const want = reference(buf.subarray(off, off + len));
    assert.equal(crc.toHex(), want.toString(16).padStart(16, "0"), `seed ${n}`);
  }
});

test("file order is little-endian, and equals notices every changed bit", () => {
  const crc = new Crc64();
  crc.update(ascii("123456789"), 0, 9);
  const file = new Uint8Array(10);
  crc.writeTo(file, 1);
  assert.deepEqual([...file], [0, 0xca, 0xd9, 0xb8, 0xc4, 0x14, 0xd9, 0xc6, 0xe9, 0]);
  assert.equal(crc.equals(file, 1), true);
  for (let bit = 0; bit < 64; bit++) {
    file[1 + (bit >> 3)] ^= 1 << (bit & 7);
    assert.equal(crc.equals(file, 1), false);
    file[1 + (bit >> 3)] ^= 1 << (bit & 7);
  }
});
