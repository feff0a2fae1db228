import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ascii, latin1 } from "../../../core/base/bytes.ts";
import { Prng } from "../../../core/base/prng.ts";
import { ByteRange } from "../../../core/types/t_string.ts";
import { RdbReader, RdbWriter } from "../../../persistence/rdb_format.ts";
import { readRdbString, writeRdbString } from "../../../persistence/rdb_string.ts";
import { EDGE_INTEGERS, randomValue, seed } from "../../support/gen.ts";

function written(text: string, compress = true): string {
  const out = new RdbWriter();
  const buf = ascii(`<${text}>`);
  writeRdbString(out, buf, 1, text.length, compress);
  return latin1(out.buf, 0, out.pos);
}

/** The string that the bytes encode, or null; everything must have been read. */
function read(bytes: string): string | null {
  const buf = ascii(`${bytes}........`);
  const reader = new RdbReader();
  reader.reset(buf, 0, bytes.length);
  const out = new ByteRange();
  if (!readRdbString(reader, out)) return null;
  assert.equal(reader.left, 0);
  return latin1(out.buf, out.off, out.len);
}

describe("integers", () => {
  const encoded: [string, string][] = [
    ["0", "\xc0\0"],
    ["-1", "\xc0\xff"],
    ["127", "\xc0\x7f"],
    ["-128", "\xc0\x80"],
    ["128", "\xc1\x80\0"],
    ["-129", "\xc1\x7f\xff"],
    ["32767", "\xc1\xff\x7f"],
    ["32768", "\xc2\0\x80\0\0"],
    ["2147483647", "\xc2\xff\xff\xff\x7f"],
    ["-2147483648", "\xc2\0\0\0\x80"],
  ];
  test("of up to 32 bits are written as such", () => {
    for (const [text, bytes] of encoded) {
      assert.equal(written(text), bytes, text);
      assert.equal(read(bytes), text);
    }
  });

  test("that are longer, or not canonical, are text", () => {
    for (
      const text of ["2147483648", "-2147483649", "9223372036854775807", "01", "-0", "+1", "1.0"]
    ) {
      assert.equal(written(text), String.fromCharCode(text.length) + text);
    }
  });
});

describe("compression", () => {
  test("is tried above 20 bytes and used when it saves four", () => {
    assert.equal(written("a".repeat(20)), `\x14${"a".repeat(20)}`);
    assert.equal(written("a".repeat(21)), "\xc3\x06\x15\x01aa\xe0\x0a\0");
    assert.equal(written("abcdefghijklmnopqrstuvwxyz"), "\x1aabcdefghijklmnopqrstuvwxyz");
    assert.equal(written("a".repeat(21), false), `\x15${"a".repeat(21)}`);
  });

  test("gives back what it was given", () => {
    for (const len of [21, 63, 64, 65, 263, 264, 265, 8191, 8192, 8193, 16383, 16385, 100_000]) {
      for (
        const text of [
          "x".repeat(len),
          "0123456789abcdef".repeat(2 + len / 16),
          ".".repeat(len - 3) + "end",
        ]
      ) {
        const bytes = written(text);
        assert.ok(bytes.length < text.length && bytes[0] === "\xc3");
        assert.equal(read(bytes), text);
      }
    }
  });
});

describe("damaged strings", () => {
  const whole = [
    "\x05hello",
    "\xc0\x01",
    "\xc1\x01\x02",
    "\xc2\x01\x02\x03\x04",
    written("a".repeat(300)),
  ];
  test("that are cut short are refused", () => {
    for (const bytes of whole) {
      assert.notEqual(read(bytes), null);
      for (let cut = 0; cut < bytes.length; cut++) assert.equal(read(bytes.slice(0, cut)), null);
    }
  });

  test("with lengths that can't be are refused before anything is allocated", () => {
    const huge = [
      "\x81\x7f\xff\xff\xff\xff\xff\xff\xff",
      "\x81\0\0\0\x40\0\0\0\0",
      "\x80\xff\xff\xff\xff",
    ];
    for (const len of huge) {
      assert.equal(read(`${len}abc`), null, "plain");
      assert.equal(read(`\xc3${len}${len}abc`), null, "both lengths");
      assert.equal(read(`\xc3\x03${len}\xe0\xff\0`), null, "length");
      assert.equal(read(`\xc3${len}\x20abc`), null, "compressed length");
    }
    assert.equal(read("\xc3\x06\x80\x20\0\0\0\x01aa\xe0\xff\0"), null, "512 MB out of 6 bytes");
  });

  test("of other encodings are refused", () => {
    for (let encoding = 4; encoding < 64; encoding++) {
      assert.equal(read(String.fromCharCode(0xc0 | encoding) + "\0\0\0\0\0\0"), null);
    }
  });

  test("that decompress to another length are refused", () => {
    const bytes = written("a".repeat(21));
    for (const len of [0, 1, 20, 22, 63]) {
      assert.equal(read(bytes.slice(0, 2) + String.fromCharCode(len) + bytes.slice(3)), null);
    }
    assert.equal(read("\xc3\0\0"), null);
  });
});

test("random strings are read as they were written", () => {
  const n = seed();
  const prng = new Prng(n);
  const texts = [...EDGE_INTEGERS];
  for (let i = 0; i < 3000; i++) {
    const value = randomValue(prng, 5000);
    texts.push(latin1(value, 0, value.length));
  }
  for (const text of texts) {
    for (const compress of [false, true]) {
      assert.equal(read(written(text, compress)), text, `seed ${n}`);
    }
  }
});
