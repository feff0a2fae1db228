/**
 * The id index against a sorted array: random insertions and removals with values of several sizes, in order
 * and out of it, up to trees of three levels and back to nothing; memory that runs out at any allocation.
 */
import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { Prng } from "../../core/base/prng.ts";
import { StreamId } from "../../core/base/stream_id.ts";
import { ARENA_FULL } from "../../core/memory/arena.ts";
import { ID_INDEX_HANDLE_BYTES, IdIndex } from "../../core/structures/id_index.ts";
import { oneIn, pick, seed } from "../support/gen.ts";
import { FailingArena } from "../unit/structures/entries.ts";

const HANDLE_OFF = 8;
const MAX = (1n << 128n) - 1n;

/** An index and its oracle: ids and the first word of each value. */
class Model {
  readonly arena: FailingArena;
  readonly prng: Prng;
  readonly words: number;
  readonly owner: number;
  readonly index: IdIndex;
  ids: bigint[] = [];
  readonly values = new Map<bigint, number>();
  private readonly id = new StreamId();

  constructor(n: number, words: number) {
    this.arena = new FailingArena({ segmentBytes: 1 << 23 });
    this.prng = new Prng(n);
    this.words = words;
    this.owner = this.arena.alloc(HANDLE_OFF + ID_INDEX_HANDLE_BYTES);
    this.arena.fill(this.owner, 0, HANDLE_OFF + ID_INDEX_HANDLE_BYTES, 0);
    this.index = new IdIndex(this.arena, words).at(this.owner, HANDLE_OFF);
  }

  /** An id: mostly near others, sometimes at the edges. */
  randomId(): bigint {
    const { prng } = this;
    if (oneIn(prng, 50)) return pick(prng, [0n, 1n, MAX, MAX - 1n, 1n << 64n, (1n << 64n) - 1n]);
    const ms = BigInt(pick(prng, [1, 0x7fffffff, 0x80000000, 0xffffffff, 2 ** 40]));
    return ms + BigInt(prng.nextBelow(2)) << 64n | BigInt(prng.nextBelow(4000)) << 30n;
  }

  insert(id: bigint): void {
    const isNew = !this.values.has(id);
    const { index } = this;
    assert.equal(index.insert(idOf(id, this.id)), isNew, `insert ${id}`);
    assert.equal(this.idAtCursor(), id);
    if (isNew) this.ids.splice(this.place(id), 0, id);
    const value = this.prng.nextU32() | 0;
    for (let i = 0; i < this.words; i++) index.setValue(i, value + i | 0);
    this.values.set(id, value);
  }

  remove(id: bigint): void {
    const had = this.values.delete(id);
    assert.equal(this.index.remove(idOf(id, this.id)), had, `remove ${id}`);
    if (had) this.ids.splice(this.place(id), 1);
  }

  seek(id: bigint): void {
    const { index, ids } = this;
    const sought = idOf(id, new StreamId());
    assert.equal(index.find(sought), this.values.has(id), `find ${id}`);
    if (this.values.has(id)) this.checkValue(id);
    let at = this.place(id);
    assert.equal(index.seekAtLeast(sought), at < ids.length);
    if (at < ids.length) this.walk(at, 1);
    if (ids[at] !== id) at--;
    assert.equal(index.seekAtMost(sought), at >= 0);
    if (at >= 0) this.walk(at, -1);
  }

  dropFirst(): void {
    const count = this.index.firstLeafCount;
    if (count === 0) return;
    this.index.dropFirstLeaf();
    for (const id of this.ids.splice(0, count)) this.values.delete(id);
  }

  /** Compares everything. */
  check(): void {
    const { index, ids } = this;
    index.validateIntegrity();
    assert.equal(index.count, ids.length);
    assert.equal(index.seekFirst(), ids.length > 0);
    if (ids.length > 0) this.walk(0, 1, Infinity);
    assert.equal(index.seekLast(), ids.length > 0);
    if (ids.length > 0) this.walk(ids.length - 1, -1, Infinity);
    const owner = this.arena.usable(this.owner);
    assert.equal(this.arena.usedBytes, owner + index.bytes());
  }

  /** Compares a few records from the cursor on, where number `at` should be. */
  private walk(at: number, step: number, count = 3): void {
    const { index, ids } = this;
    for (; count > 0; count--) {
      assert.equal(this.idAtCursor(), ids[at]);
      this.checkValue(ids[at]);
      at += step;
      const more = step > 0 ? index.next() : index.previous();
      assert.equal(more, at >= 0 && at < ids.length);
      if (!more) return;
    }
  }

  private checkValue(id: bigint): void {
    const value = this.values.get(id)!;
    for (let i = 0; i < this.words; i++) assert.equal(this.index.value(i), value + i | 0);
  }

  private idAtCursor(): bigint {
    const { id } = this;
    this.index.idTo(id);
    const word = (n: number) => BigInt(n >>> 0);
    return word(id.msHi) << 96n | word(id.msLo) << 64n | word(id.seqHi) << 32n | word(id.seqLo);
  }

  /** Number of ids below this one. */
  private place(id: bigint): number {
    let low = 0;
    let high = this.ids.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.ids[middle] < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function idOf(value: bigint, out: StreamId): StreamId {
  const word = (shift: bigint) => Number(BigInt.asIntN(32, value >> shift));
  out.set(word(96n), word(64n), word(32n), word(0n));
  return out;
}

describe("IdIndex", () => {
  for (const words of [0, 1, 4]) {
    test(`random operations, values of ${words} words`, () => {
      const n = seed();
      const model = new Model(n, words);
      const { prng } = model;
      try {
        for (let phase = 0; phase < 6; phase++) {
          const growth = [9, 5, 1, 8, 2, 0][phase];
          for (let i = 0; i < 3000; i++) {
            if (prng.nextBelow(10) < growth) model.insert(model.randomId());
            else if (oneIn(prng, 3)) model.seek(model.randomId());
            else if (model.ids.length === 0 || oneIn(prng, 20)) model.remove(model.randomId());
            else model.remove(pick(prng, model.ids));
            if (oneIn(prng, 300)) model.check();
          }
        }
        while (model.ids.length > 0) model.remove(pick(prng, model.ids));
        model.check();
      } catch (error) {
        throw new Error(`seed ${n}`, { cause: error });
      }
    });
  }

  test("a queue: appended in order, removed from the front or acknowledged at random", () => {
    const n = seed();
    const model = new Model(n, 4);
    const { prng } = model;
    let next = 1n << 64n;
    for (let round = 0; round < 4; round++) {
      for (let i = 0; i < 4000; i++) model.insert(next += BigInt(1 + prng.nextBelow(3)));
      model.check();
      const records = Math.ceil(model.ids.length / 31);
      assert.ok(round > 0 || model.index.bytes() < records * 1024 * 1.05, `seed ${n}: full leaves`);
      const left = prng.nextBelow(500);
      while (model.ids.length > left) {
        if (round === 1) model.remove(pick(prng, model.ids));
        else if (round === 2) model.dropFirst();
        else model.remove(model.ids[0]);
      }
      model.check();
    }
    model.index.clear();
    assert.equal(model.index.count, 0);
    assert.equal(model.arena.usedBytes, model.arena.usable(model.owner));
  });

  test("memory that runs out changes nothing", () => {
    const n = seed();
    const model = new Model(n, 4);
    const { arena, prng } = model;
    for (let i = 0; i < 6000; i++) {
      const id = model.randomId();
      const before = model.ids.length;
      arena.failIn = prng.nextBelow(3);
      try {
        model.insert(id);
      } catch (error) {
        if (error !== ARENA_FULL) throw error;
        assert.equal(model.index.count, before, `seed ${n}`);
        assert.equal(model.ids.length, before, `seed ${n}`);
        if (oneIn(prng, 4)) model.check();
      }
      arena.failIn = -1;
      if (oneIn(prng, 8) && model.ids.length > 0) {
        arena.failIn = 0;
        model.remove(pick(prng, model.ids));
        arena.failIn = -1;
      }
    }
    assert.ok(arena.failures > 0);
    model.check();
  });
});
