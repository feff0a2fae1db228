import assert from "node:assert/strict";
import { test } from "node:test";
import { ascii, latin1 } from "../../../core/base/bytes.ts";
import { FOOTER_BYTES, hasFooter, writeFooter } from "../../../persistence/dump_payload.ts";
import { RDB_TYPE_STRING, RdbWriter } from "../../../persistence/rdb_format.ts";

function payload(body: string): Uint8Array<ArrayBuffer> {
  const out = new RdbWriter();
  out.writeBytes(ascii(body), 0, body.length);
  writeFooter(out, RDB_TYPE_STRING);
  return out.buf.slice(0, out.pos);
}

test("the footer is the version and a checksum of everything before", () => {
  const bytes = payload("\0\x05hello");
  assert.equal(latin1(bytes, 0, bytes.length), "\0\x05hello\x0b\0\x0a\xad\x62\x05\x98\xab\xc9\x83");
  assert.equal(bytes.length, 7 + FOOTER_BYTES);
});

test("a footer is accepted as it was written, and with no bit changed", () => {
  const bytes = payload("\0\x05hello");
  assert.ok(hasFooter(bytes, 0, bytes.length));
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    bytes[bit >> 3] ^= 1 << (bit & 7);
    assert.ok(!hasFooter(bytes, 0, bytes.length), `bit ${bit}`);
    bytes[bit >> 3] ^= 1 << (bit & 7);
  }
  for (let len = 0; len < bytes.length; len++) assert.ok(!hasFooter(bytes, 0, len));
  const shifted = new Uint8Array(bytes.length + 5);
  shifted.set(bytes, 2);
  assert.ok(hasFooter(shifted, 2, bytes.length));
  assert.ok(hasFooter(payload(""), 0, FOOTER_BYTES), "the value is another matter");
});
