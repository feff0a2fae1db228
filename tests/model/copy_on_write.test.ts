/**
 * The arena's snapshots against copies: while an image is kept, random allocations, stores and frees go on, and
 * whatever is read of the image is what was there when it began. Everything in one thread; tests with a second
 * one are in tests/unit/persistence/snapshots.test.ts.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Prng } from "../../core/base/prng.ts";
import { Arena, ARENA_FULL } from "../../core/memory/arena.ts";
import { FrozenBlocks, ImageLost } from "../../core/memory/frozen_blocks.ts";
import { oneIn, randomInt, seed } from "../support/gen.ts";

const SEGMENT_BYTES = 1 << 20;

/** A block, and its bytes when the image began. */
interface Saved {
  readonly ref: number;
  readonly bytes: Uint8Array;
}

function randomSize(prng: Prng): number {
  return oneIn(prng, 20) ? randomInt(prng, 1, 60_000) : randomInt(prng, 8, 300);
}

function addBlock(arena: Arena, prng: Prng, live: number[]): void {
  const size = randomSize(prng);
  try {
    const ref = arena.alloc(size);
    arena.fill(ref, 0, arena.usable(ref), prng.nextBelow(256));
    live.push(ref);
  } catch (error) {
    if (error !== ARENA_FULL) throw error;
  }
}

function change(arena: Arena, prng: Prng, live: number[]): void {
  const kind = prng.nextBelow(8);
  if (kind < 2 || live.length === 0) return addBlock(arena, prng, live);
  const at = prng.nextBelow(live.length);
  const ref = live[at];
  const words = arena.usable(ref) >>> 3;
  const off = prng.nextBelow(words) * 8;
  const rest = arena.usable(ref) - off;
  switch (kind) {
    case 2:
      return arena.storeI32(ref, off, prng.nextU32());
    case 3:
      return arena.storeF64(ref, off, prng.nextFloat());
    case 4:
      return arena.storeU8(ref, off, prng.nextBelow(256));
    case 5:
      return arena.fill(ref, off, randomInt(prng, 1, rest), prng.nextBelow(256));
    case 6:
      return arena.move(ref, 0, off, randomInt(prng, 0, rest));
    default:
      arena.free(ref);
      live[at] = live[live.length - 1];
      live.length--;
  }
}

function save(arena: Arena, live: readonly number[]): Saved[] {
  return live.map((ref) => {
    const at = (ref & 0x7ffffff) << 3;
    const bytes = new Uint8Array(arena.usable(ref));
    for (let i = 0; i < bytes.length; i++) bytes[i] = arena.u8[ref >>> 27][at + i];
    return { ref, bytes };
  });
}

/** Compares some stretch of a block. */
function compare(blocks: FrozenBlocks, prng: Prng, { ref, bytes }: Saved, note: string): void {
  const off = oneIn(prng, 2) ? 0 : prng.nextBelow(bytes.length);
  const len = oneIn(prng, 2) ? bytes.length - off : randomInt(prng, 0, bytes.length - off);
  blocks.read(ref, off, len);
  assert.equal(blocks.at & 7, off & 7, `${note}: alignment`);
  for (let i = 0; i < len; i++) {
    if (blocks.u8[blocks.at + i] !== bytes[off + i]) {
      assert.fail(`${note}: block ${ref}, byte ${off + i} of ${bytes.length}`);
    }
  }
}

test("an image is what it was, whatever changes", () => {
  const n = seed();
  const prng = new Prng(n);
  for (let round = 0; round < 30; round++) {
    const arena = new Arena({ poison: oneIn(prng, 3), segmentBytes: SEGMENT_BYTES });
    const live: number[] = [];
    for (let i = randomInt(prng, 1, 3000); i > 0; i--) change(arena, prng, live);
    for (let image = 0; image < 3; image++) {
      const note = `seed ${n}, round ${round}, image ${image}`;
      const saved = save(arena, live);
      const blocks = new FrozenBlocks(arena.freeze());
      for (let i = randomInt(prng, 1, 3000); i > 0; i--) {
        change(arena, prng, live);
        if (saved.length > 0) compare(blocks, prng, saved[prng.nextBelow(saved.length)], note);
      }
      assert.ok(!arena.isImageLost, note);
      for (const block of saved) compare(blocks, prng, block, note);
      arena.validateIntegrity();
      arena.thaw();
      arena.validateIntegrity();
    }
    for (const ref of live) arena.free(ref);
    arena.validateIntegrity();
    assert.equal(arena.usedBytes, 0, `seed ${n}, round ${round}`);
  }
});

test("without memory for copies the image is lost, and its reader is told", () => {
  const n = seed();
  const prng = new Prng(n);
  const arena = new Arena({ segmentBytes: SEGMENT_BYTES, segmentsMax: 1 });
  const live: number[] = [];
  while (arena.headroomBytes > SEGMENT_BYTES / 8) live.push(arena.alloc(20_000));
  const saved = save(arena, live);
  const blocks = new FrozenBlocks(arena.freeze());
  let lost = false;
  for (const { ref } of saved) arena.fill(ref, 0, 20_000, 1);
  assert.ok(arena.isImageLost);
  for (const block of saved) {
    try {
      compare(blocks, prng, block, `seed ${n}`);
    } catch (error) {
      assert.ok(error instanceof ImageLost, String(error));
      lost = true;
    }
  }
  assert.ok(lost);
  arena.thaw();
  arena.validateIntegrity();
  // The next image is as good as any, if less is in use.
  for (const ref of live.splice(5)) arena.free(ref);
  const again = save(arena, live);
  const fresh = new FrozenBlocks(arena.freeze());
  for (const { ref } of again) arena.storeU8(ref, 0, 2);
  for (const block of again) compare(fresh, prng, block, `seed ${n}`);
  assert.ok(!arena.isImageLost);
  arena.thaw();
});

test("pages that were free need no copies", () => {
  const arena = new Arena({ segmentBytes: SEGMENT_BYTES });
  const before = arena.alloc(100);
  arena.freeze();
  const ref = arena.alloc(500_000);
  arena.fill(ref, 0, 500_000, 7);
  assert.equal(arena.copiedBytes, 0);
  arena.storeU8(before, 0, 1);
  arena.storeU8(before, 1, 1);
  assert.equal(arena.copiedBytes, 4096);
  arena.thaw();
  arena.free(ref);
  arena.free(before);
  arena.validateIntegrity();
});
