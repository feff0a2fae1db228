/** SHA-1 against the runtime's own. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { ascii } from "../../../core/base/bytes.ts";
import { SHA1_BYTES, sha1Hex, sha1Into } from "../../../core/base/sha1.ts";

test("texts of all lengths around a block's, and a long one", () => {
  const text = "a\xff\0b\x80".repeat(50_000);
  const lengths = [...Array(200).keys(), 1000, text.length];
  for (const length of lengths) {
    const part = text.slice(0, length);
    const expected = createHash("sha1").update(part, "latin1").digest("hex");
    assert.equal(sha1Hex(part), expected, `length ${length}`);
    // The bytes lie in the middle of others.
    const out = new Uint8Array(SHA1_BYTES + 1).fill(1);
    sha1Into(out, ascii(`before${part}behind`), "before".length, length);
    assert.equal(Buffer.from(out).toString("hex"), `${expected}01`, `length ${length}, bytes`);
  }
});

test("the hash of a hash, in its place, from shared memory", () => {
  const shared = new Uint8Array(new SharedArrayBuffer(SHA1_BYTES));
  sha1Into(shared, shared, 0, SHA1_BYTES);
  const expected = createHash("sha1").update(new Uint8Array(SHA1_BYTES)).digest("hex");
  assert.equal(Buffer.from(shared).toString("hex"), expected);
});
