/**
 * The arena against a model that keeps a copy of every block, and against a copy of all memory.
 *
 * The first test allocates, writes, resizes and frees at random and compares every block's bytes. The
 * second does the same while a preserver saves each page before its first change, as a snapshot will; in
 * the end the saved pages and the untouched ones must give the memory of the moment it began.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Prng } from "../../core/base/prng.ts";
import { Arena, ARENA_FULL, type Preserver, refOffset } from "../../core/memory/arena.ts";
import { PAGE_BYTES } from "../../core/memory/extents.ts";
import { oneIn, pick, randomBytes, randomInt, seed } from "../support/gen.ts";

const SEGMENT_BYTES = 1 << 20;

class Model {
  readonly arena: Arena;
  readonly prng: Prng;
  readonly refs: number[] = [];
  readonly contents: Uint8Array[] = [];
  refused = 0;

  constructor(arena: Arena, prng: Prng) {
    this.arena = arena;
    this.prng = prng;
  }

  step(note: string): void {
    const kind = this.prng.nextBelow(10);
    if (kind < 3 || this.refs.length === 0) this.alloc();
    else {
      const i = this.prng.nextBelow(this.refs.length);
      if (kind < 5) this.free(i);
      else if (kind === 5) this.realloc(i);
      else this.write(i);
      if (i < this.refs.length) this.compare(i, note);
    }
  }

  compareAll(note: string): void {
    for (let i = 0; i < this.refs.length; i++) this.compare(i, note);
    const sum = this.contents.reduce((total, { length }) => total + Arena.blockBytes(length), 0);
    assert.equal(this.arena.usedBytes, sum, `${note}: used bytes`);
    assert.equal(this.arena.liveBlocks, this.refs.length, `${note}: live blocks`);
    this.arena.validateIntegrity();
  }

  freeAll(): void {
    while (this.refs.length > 0) this.free(this.prng.nextBelow(this.refs.length));
  }

  private compare(i: number, note: string): void {
    const ref = this.refs[i];
    const want = this.contents[i];
    const got = this.arena.u8[ref >>> 27].subarray(
      refOffset(ref),
      refOffset(ref) + want.length,
    );
    for (let at = 0; at < want.length; at++) {
      if (got[at] !== want[at]) assert.fail(`${note}: byte ${at} of a block of ${want.length}`);
    }
  }

  private size(): number {
    const max = pick(this.prng, [8, 64, 64, 64, 1024, 4096, 20_000, 60_000, 300_000]);
    return randomInt(this.prng, 1, max);
  }

  private alloc(): void {
    const bytes = randomBytes(this.prng, this.size());
    try {
      const ref = this.arena.alloc(bytes.length);
      this.arena.copyIn(ref, 0, bytes, 0, bytes.length);
      this.refs.push(ref);
      this.contents.push(bytes);
    } catch (error) {
      if (error !== ARENA_FULL) throw error;
      this.refused++;
    }
  }

  private free(i: number): void {
    this.arena.free(this.refs[i]);
    this.refs[i] = this.refs[this.refs.length - 1];
    this.contents[i] = this.contents[this.contents.length - 1];
    this.refs.pop();
    this.contents.pop();
  }

  private realloc(i: number): void {
    const old = this.contents[i];
    // Every third time just a little: large blocks then grow and shrink where they are.
    const size = oneIn(this.prng, 3)
      ? Math.max(1, old.length + randomInt(this.prng, -9000, 9000))
      : this.size();
    try {
      const ref = this.arena.realloc(this.refs[i], size);
      const bytes = new Uint8Array(size);
      bytes.set(old.subarray(0, size));
      if (size > old.length) this.arena.fill(ref, old.length, size - old.length, 0);
      this.refs[i] = ref;
      this.contents[i] = bytes;
    } catch (error) {
      if (error !== ARENA_FULL) throw error;
      this.refused++;
    }
  }

  private write(i: number): void {
    const { arena, prng } = this;
    const ref = this.refs[i];
    const bytes = this.contents[i];
    const view = new DataView(bytes.buffer);
    const off = prng.nextBelow(bytes.length);
    const len = prng.nextBelow(bytes.length - off + 1);
    const value = prng.nextU32();
    switch (prng.nextBelow(7)) {
      case 0:
        arena.storeU8(ref, off, value);
        bytes[off] = value;
        break;
      case 1:
        if ((off & ~3) + 4 > bytes.length) break;
        arena.storeI32(ref, off & ~3, value);
        view.setInt32(off & ~3, value, true);
        break;
      case 2:
        if ((off & ~7) + 8 > bytes.length) break;
        arena.storeF64(ref, off & ~7, value / 3);
        view.setFloat64(off & ~7, value / 3, true);
        break;
      case 3: {
        const source = randomBytes(prng, len + 3);
        arena.copyIn(ref, off, source, 3, len);
        bytes.set(source.subarray(3), off);
        break;
      }
      case 4: {
        const from = prng.nextBelow(bytes.length - len + 1);
        arena.move(ref, off, from, len);
        bytes.copyWithin(off, from, from + len);
        break;
      }
      case 5:
        arena.fill(ref, off, len, value & 255);
        bytes.fill(value & 255, off, off + len);
        break;
      default: {
        const j = prng.nextBelow(this.refs.length);
        if (i === j) break;
        const count = Math.min(len, this.contents[j].length);
        arena.copyBlock(ref, off, this.refs[j], 0, count);
        bytes.set(this.contents[j].subarray(0, count), off);
      }
    }
  }
}

/** Saves each page before it is changed for the first time. */
class PageSaver implements Preserver {
  readonly saved = new Map<string, Uint8Array>();
  private readonly arena: Arena;

  constructor(arena: Arena) {
    this.arena = arena;
  }

  preserve(segment: number, offset: number, len: number): void {
    assert.ok(len > 0 && offset >= 0, "a stretch has bytes");
    const last = Math.floor((offset + len - 1) / PAGE_BYTES);
    for (let page = Math.floor(offset / PAGE_BYTES); page <= last; page++) {
      const key = `${segment}:${page}`;
      if (this.saved.has(key)) continue;
      const from = page * PAGE_BYTES;
      this.saved.set(key, copyOf(this.arena, segment).slice(from, from + PAGE_BYTES));
    }
  }
}

/** A segment's bytes, as a view that can be copied from. */
function copyOf(arena: Arena, segment: number): Uint8Array {
  return new Uint8Array(arena.buffers[segment]);
}

test("blocks keep their contents through random operations", () => {
  const n = seed();
  const prng = new Prng(n);
  const arena = new Arena({ segmentBytes: SEGMENT_BYTES, segmentsMax: 4, poison: true });
  const model = new Model(arena, prng);
  for (let step = 0; step < 30_000; step++) {
    model.step(`seed ${n}, step ${step}`);
    if (step % 3000 === 0) model.compareAll(`seed ${n}, step ${step}`);
  }
  model.compareAll(`seed ${n}`);
  assert.ok(model.refused > 0, `seed ${n}: the arena was never full, the test is too weak`);
  assert.ok(arena.segmentCount > 1, `seed ${n}: one segment was enough`);
  model.freeAll();
  assert.equal(arena.usedBytes, 0, `seed ${n}`);
  assert.equal(arena.liveBlocks, 0, `seed ${n}`);
  assert.equal(arena.liveRefs?.size, 0, `seed ${n}`);
  arena.validateIntegrity();
  // One empty run per class may stay, and the page of the null ref.
  assert.ok(arena.committedBytes <= 150 * 65536, `seed ${n}: ${arena.committedBytes} committed`);
});

test("a preserver sees every change before it is made", () => {
  const n = seed();
  const prng = new Prng(n);
  // Without poison too: its fills would touch pages that are otherwise left alone.
  for (const poison of [false, true]) {
    const arena = new Arena({ segmentBytes: SEGMENT_BYTES, segmentsMax: 4, poison });
    const model = new Model(arena, prng);
    for (let step = 0; step < 2000; step++) model.step(`seed ${n}, step ${step}`);
    for (let round = 0; round < 20; round++) {
      const segments = arena.segmentCount;
      const images = Array.from({ length: segments }, (_, i) => copyOf(arena, i).slice());
      const saver = new PageSaver(arena);
      arena.preserver = saver;
      for (let step = 0; step < 200; step++) model.step(`seed ${n}, round ${round}, step ${step}`);
      arena.preserver = null;
      let changed = 0;
      for (let segment = 0; segment < segments; segment++) {
        const now = copyOf(arena, segment);
        for (let page = 0; page < SEGMENT_BYTES / PAGE_BYTES; page++) {
          const from = page * PAGE_BYTES;
          const saved = saver.saved.get(`${segment}:${page}`);
          const got = saved ?? now.subarray(from, from + PAGE_BYTES);
          const note = `seed ${n}, round ${round}, page ${segment}:${page}`;
          assert.ok(got.every((byte, i) => byte === images[segment][from + i]), note);
          if (saved !== undefined) changed++;
        }
      }
      assert.ok(changed > 0, `seed ${n}, round ${round}: nothing was changed`);
    }
    model.compareAll(`seed ${n}`);
  }
});
