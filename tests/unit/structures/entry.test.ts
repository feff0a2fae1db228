import { test } from "node:test";
import assert from "node:assert/strict";
import { Arena, refOffset } from "../../../core/memory/arena.ts";
import {
  ENTRY_HAS_EXPIRY,
  entryBodyOff,
  entryKeyEquals,
  entryKeyLen,
  entryKeyOff,
  entryMeta,
} from "../../../core/structures/entry.ts";
import { toBytes } from "../../support/resp_reply.ts";
import { keyOf, makeEntry } from "./entries.ts";

test("the key stands behind the head, and behind an expiry where there is one", () => {
  assert.equal(entryKeyOff(0), 8);
  assert.equal(entryKeyOff(ENTRY_HAS_EXPIRY), 16);
  assert.equal(entryKeyOff(~ENTRY_HAS_EXPIRY), 8);
  assert.equal(entryKeyOff(-1), 16);
});

test("the body begins at the next multiple of four", () => {
  const offsets = [0, 1, 2, 3, 4, 5].map((len) => entryBodyOff(8, len));
  assert.deepEqual(offsets, [8, 12, 12, 12, 12, 16]);
});

test("keys are compared by length and bytes", () => {
  const arena = new Arena({ segmentBytes: 1 << 20 });
  const bytes = toBytes("..key\0\xff..");
  for (const expireAt of [-1, 1e15]) {
    const key = bytes.subarray(2, 7);
    const ref = makeEntry(arena, key, expireAt);
    assert.equal(entryKeyLen(arena, ref), 5);
    assert.equal(keyOf(arena, ref), "key\0\xff");
    assert.ok(entryKeyEquals(arena, ref, key, 0, 5));
    assert.ok(entryKeyEquals(arena, ref, bytes, 2, 5));
    assert.ok(!entryKeyEquals(arena, ref, bytes, 1, 5));
    assert.ok(!entryKeyEquals(arena, ref, bytes, 2, 4));
    assert.ok(!entryKeyEquals(arena, ref, bytes, 2, 6));
    assert.ok(!entryKeyEquals(arena, ref, bytes, 2, 0));
    assert.equal((entryMeta(arena, ref) & ENTRY_HAS_EXPIRY) !== 0, expireAt > 0);
    if (expireAt > 0) assert.equal(arena.f64[ref >>> 27][(refOffset(ref) >> 3) + 1], expireAt);
    arena.free(ref);
  }
  const empty = makeEntry(arena, new Uint8Array(0));
  assert.ok(entryKeyEquals(arena, empty, bytes, 3, 0));
});
