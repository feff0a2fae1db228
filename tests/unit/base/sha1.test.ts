/** SHA-1 against the runtime's own. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { sha1Hex } from "../../../core/base/sha1.ts";

test("texts of all lengths around a block's, and a long one", () => {
  const text = "a\xff\0b\x80".repeat(50_000);
  const lengths = [...Array(200).keys(), 1000, text.length];
  for (const length of lengths) {
    const part = text.slice(0, length);
    const expected = createHash("sha1").update(part, "latin1").digest("hex");
    assert.equal(sha1Hex(part), expected, `length ${length}`);
  }
});
