import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RdbReader, RdbWriter } from "../../../persistence/rdb_format.ts";

/** What is written, in hex. */
function hex(write: (out: RdbWriter) => void): string {
  const out = new RdbWriter();
  write(out);
  return [...out.buf.subarray(0, out.pos)].map((b) => b.toString(16).padStart(2, "0")).join("");
}

function readerOf(text: string): RdbReader {
  const bytes = Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  // There is more behind the end, which must not be seen.
  const buf = new Uint8Array(bytes.length + 20).fill(1);
  buf.set(bytes, 3);
  const reader = new RdbReader();
  reader.reset(buf, 3, bytes.length);
  return reader;
}

const LENGTHS: [number, string][] = [
  [0, "00"],
  [1, "01"],
  [63, "3f"],
  [64, "4040"],
  [16383, "7fff"],
  [16384, "8000004000"],
  [2 ** 32 - 1, "80ffffffff"],
  [2 ** 32, "810000000100000000"],
  [2 ** 53 - 1, "81001fffffffffffff"],
];

describe("lengths", () => {
  test("take as few bytes as they can", () => {
    for (const [len, bytes] of LENGTHS) {
      assert.equal(hex((out) => out.writeLength(len)), bytes, String(len));
      const reader = readerOf(bytes);
      assert.equal(reader.readLength(), len);
      assert.equal(reader.encoding, -1);
      assert.equal(reader.left, 0);
    }
  });

  test("of any form are read", () => {
    assert.equal(readerOf("4000").readLength(), 0);
    assert.equal(readerOf("8000000001").readLength(), 1);
    assert.equal(readerOf("810000000000000001").readLength(), 1);
    assert.equal(readerOf("81ffffffffffffffff").readLength(), 2 ** 64);
  });

  test("that are cut short or unknown are NaN", () => {
    for (const [, bytes] of LENGTHS) {
      for (let cut = 0; cut < bytes.length; cut += 2) {
        assert.ok(Number.isNaN(readerOf(bytes.slice(0, cut)).readLength()), bytes);
      }
    }
    for (let first = 0x82; first < 0xc0; first++) {
      assert.ok(Number.isNaN(readerOf(`${first.toString(16)}0000000000000000`).readLength()));
    }
  });

  test("may be an encoding instead", () => {
    assert.equal(hex((out) => out.writeEncoding(3)), "c3");
    const reader = readerOf("c305");
    assert.equal(reader.readLength(), 3);
    assert.equal(reader.encoding, 3);
    assert.equal(reader.readLength(), 5);
    assert.equal(reader.encoding, -1);
  });
});

test("integers are little-endian and signed", () => {
  assert.equal(hex((out) => out.writeLittleEndian(-2, 1)), "fe");
  assert.equal(hex((out) => out.writeLittleEndian(0x1234, 2)), "3412");
  assert.equal(hex((out) => out.writeLittleEndian(-(2 ** 31), 4)), "00000080");
  assert.equal(readerOf("fe").readSigned(1), -2);
  assert.equal(readerOf("7f").readSigned(1), 127);
  assert.equal(readerOf("0080").readSigned(2), -32768);
  assert.equal(readerOf("00000080").readSigned(4), -(2 ** 31));
  assert.equal(readerOf("ffffff7f").readSigned(4), 2 ** 31 - 1);
  for (const [bytes, count] of [["", 1], ["00", 2], ["000000", 4]] as const) {
    const reader = readerOf(bytes);
    assert.ok(Number.isNaN(reader.readSigned(count)));
    assert.equal(reader.left, bytes.length / 2, "nothing was taken");
  }
});

test("bytes end where the reader was told", () => {
  const reader = readerOf("07ff");
  assert.deepEqual([reader.readByte(), reader.readByte(), reader.readByte()], [7, 255, -1]);
});

test("a writer grows, and forgets that it did", () => {
  const out = new RdbWriter();
  const bytes = new Uint8Array(100_000).fill(0x61);
  for (let i = 0; i < 3; i++) out.writeBytes(bytes, 0, bytes.length);
  out.writeByte(0x62);
  assert.equal(out.pos, 300_001);
  assert.ok(out.buf.subarray(0, 300_000).every((byte) => byte === 0x61));
  assert.equal(out.buf[300_000], 0x62);
  out.clear();
  assert.equal(out.pos, 0);
  assert.ok(out.buf.length < 100_000);
});
