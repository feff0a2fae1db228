import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CLASS_BYTES,
  CLASS_COUNT,
  classOfSize,
  EXACT_MAX_BYTES,
  RUN_BYTES,
  SMALL_MAX_BYTES,
} from "../../../core/memory/size_classes.ts";

test("every size gets the smallest class that holds it", () => {
  for (let size = 1; size <= SMALL_MAX_BYTES; size++) {
    const cls = classOfSize(size);
    assert.ok(cls >= 1 && cls < CLASS_COUNT, `size ${size}`);
    assert.ok(CLASS_BYTES[cls] >= size, `size ${size} fits its class`);
    assert.ok(CLASS_BYTES[cls - 1] < size, `size ${size} fits no smaller class`);
  }
});

test("blocks are multiples of 8 bytes, ascending, up to a quarter of a run", () => {
  for (let cls = 1; cls < CLASS_COUNT; cls++) {
    assert.equal(CLASS_BYTES[cls] % 8, 0);
    assert.ok(CLASS_BYTES[cls] > CLASS_BYTES[cls - 1]);
  }
  assert.equal(CLASS_BYTES[CLASS_COUNT - 1], SMALL_MAX_BYTES);
  assert.equal(SMALL_MAX_BYTES, RUN_BYTES / 4);
});

test("a block wastes 7 bytes up to 1 KiB, and a fifth of itself at most above", () => {
  for (let size = 1; size <= EXACT_MAX_BYTES; size++) {
    assert.ok(CLASS_BYTES[classOfSize(size)] - size <= 7, `size ${size}`);
  }
  let worst = 0;
  for (let size = EXACT_MAX_BYTES + 1; size <= SMALL_MAX_BYTES; size++) {
    const bytes = CLASS_BYTES[classOfSize(size)];
    worst = Math.max(worst, (bytes - size) / bytes);
  }
  assert.ok(worst < 0.2002, `a block wastes ${worst} of itself`);
});

test("a run wastes 800 bytes at most", () => {
  let worst = 0;
  for (let cls = 1; cls < CLASS_COUNT; cls++) {
    worst = Math.max(worst, RUN_BYTES % CLASS_BYTES[cls]);
  }
  assert.equal(worst, 800);
});
