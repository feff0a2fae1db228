/** core/base/bytes.ts against the language's own strings and arrays, on plain and shared memory. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  ascii,
  bytesCompare,
  bytesEqual,
  copyBytes,
  indexOfByte,
  latin1,
  tokenEquals,
  utf8,
  utf8Encode,
  writeLatin1,
} from "../../../core/base/bytes.ts";
import { Prng } from "../../../core/base/prng.ts";
import { seed } from "../../support/gen.ts";

const LENGTHS = [0, 1, 2, 7, 8, 9, 10, 47, 48, 49, 50, 300, 70_000];

function filled(prng: Prng, len: number, shared: boolean): Uint8Array {
  const bytes = new Uint8Array(shared ? new SharedArrayBuffer(len) : new ArrayBuffer(len));
  prng.fill(bytes);
  return bytes;
}

describe("strings", () => {
  test("latin1 gives back every byte, from plain and from shared memory", () => {
    const n = seed();
    const prng = new Prng(n);
    for (const len of LENGTHS) {
      for (const shared of [false, true]) {
        const bytes = filled(prng, len + 5, shared);
        let want = "";
        for (let i = 0; i < len; i++) want += String.fromCharCode(bytes[i + 3]);
        assert.equal(latin1(bytes, 3, len), want, `seed ${n}, ${len} bytes, shared ${shared}`);
        assert.deepEqual([...ascii(want)], [...bytes.subarray(3, 3 + len)], `seed ${n}`);
      }
    }
  });

  test("writeLatin1 writes every char, whether all are ASCII or the last one isn't", () => {
    for (const len of LENGTHS) {
      for (const last of ["a", "\x7f", "\x80", "\xff"]) {
        const text = ("0123456789".repeat(len / 10 + 1) + last).slice(-len - 1);
        const out = new Uint8Array(text.length + 4).fill(7);
        writeLatin1(out, 2, text);
        assert.deepEqual([...out], [7, 7, ...ascii(text), 7, 7], `${text.length} chars`);
      }
    }
  });

  test("utf8 decodes shared memory, keeps a byte order mark and replaces what is malformed", () => {
    for (const text of ["", "abc", "\ufeffx", "Grüße, 世界 😀".repeat(20)]) {
      const plain = utf8Encode(text);
      const shared = new Uint8Array(new SharedArrayBuffer(plain.length + 2));
      shared.set(plain, 1);
      assert.equal(utf8(plain, 0, plain.length), text);
      assert.equal(utf8(shared, 1, plain.length), text);
    }
    assert.equal(utf8(ascii("a\xffb"), 0, 3), "a\ufffdb");
    assert.deepEqual([...utf8Encode("\ud800")], [0xef, 0xbf, 0xbd]);
  });
});

describe("comparison", () => {
  test("equality and order are those of the byte sequences", () => {
    const n = seed();
    const prng = new Prng(n);
    for (let round = 0; round < 20_000; round++) {
      // Two letters only, one of them above 127, so that ties and long common prefixes happen.
      const a = "a\xff".repeat(8).slice(prng.nextBelow(16)).slice(0, prng.nextBelow(6));
      const b = "a\xff".repeat(8).slice(prng.nextBelow(16)).slice(0, prng.nextBelow(6));
      const x = ascii("?" + a + "?");
      const y = ascii("??" + b + "?");
      const order = bytesCompare(x, 1, a.length, y, 2, b.length);
      assert.equal(Math.sign(order), a === b ? 0 : a < b ? -1 : 1, `seed ${n}`);
      assert.equal(bytesEqual(x, 1, a.length, y, 2, b.length), a === b, `seed ${n}`);
    }
  });

  test("tokens are compared without the case of letters, and of letters only", () => {
    for (let want = 0; want < 256; want++) {
      if (want >= 0x41 && want <= 0x5a) continue; // A token has no capitals.
      for (let got = 0; got < 256; got++) {
        const isCapital = got >= 0x41 && got <= 0x5a;
        const same = got === want || (isCapital && got + 32 === want);
        const token = Uint8Array.of(0x61, want);
        assert.equal(tokenEquals(Uint8Array.of(0, 0x41, got), 1, 2, token), same, `${got} ${want}`);
      }
    }
    assert.equal(tokenEquals(ascii("GET"), 0, 2, ascii("get")), false);
    assert.equal(tokenEquals(ascii("GETX"), 0, 4, ascii("get")), false);
    assert.equal(tokenEquals(ascii(""), 0, 0, ascii("")), true);
  });
});

describe("copy and search", () => {
  test("copyBytes copies the range and nothing else", () => {
    const n = seed();
    const prng = new Prng(n);
    for (const len of LENGTHS) {
      for (const shared of [false, true]) {
        const src = filled(prng, len + 9, shared);
        const dst = new Uint8Array(len + 4).fill(0xee);
        copyBytes(dst, 2, src, 9, len);
        const want = [0xee, 0xee, ...src.subarray(9), 0xee, 0xee];
        assert.deepEqual([...dst], want, `seed ${n}, ${len} bytes`);
      }
    }
  });

  test("indexOfByte looks in its range only", () => {
    const bytes = ascii("abcabc");
    assert.equal(indexOfByte(bytes, 0x61, 0, 6), 0);
    assert.equal(indexOfByte(bytes, 0x61, 1, 6), 3);
    assert.equal(indexOfByte(bytes, 0x61, 1, 3), -1);
    assert.equal(indexOfByte(bytes, 0x63, 2, 2), -1);
  });
});
