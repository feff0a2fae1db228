/**
 * The dict against a Map: random operations, scans across growth and shrinking, memory that runs out at any
 * allocation. The arena is poisoned, so a use after free shows as wrong data or as a failed assert.
 */
import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { Prng } from "../../core/base/prng.ts";
import { RefList } from "../../core/base/ref_list.ts";
import { ARENA_FULL } from "../../core/memory/arena.ts";
import { Dict } from "../../core/structures/dict.ts";
import { oneIn, pick, randomInt, randomKey, seeded } from "../support/gen.ts";
import { latin1, toBytes } from "../support/resp_reply.ts";
import { FailingArena, keyOf, makeEntry } from "../unit/structures/entries.ts";

/** A scan under way: what it owes, and what it has brought. */
interface Walk {
  cursor: number;
  /** Keys that have been there since it began. */
  readonly owed: Set<string>;
  readonly seen: Set<string>;
}

/** A dict, its oracle, and the scans under way. */
class Model {
  readonly arena: FailingArena;
  readonly prng: Prng;
  readonly dict: Dict;
  /** Refs by key. */
  readonly oracle = new Map<string, number>();
  /** The keys of the oracle, so that one can be picked. */
  readonly names: string[] = [];
  readonly walks: Walk[] = [];
  walksDone = 0;
  private readonly refs = new RefList(1);

  constructor(n: number, arena: FailingArena) {
    this.arena = arena;
    this.prng = new Prng(n);
    this.dict = new Dict(arena, this.prng.nextU32(), this.prng.nextU32());
  }

  hash(key: Uint8Array): number {
    return this.dict.hash(key, 0, key.length);
  }

  find(key: Uint8Array): number {
    const ref = this.dict.find(this.hash(key), key, 0, key.length);
    assert.equal(ref, this.oracle.get(latin1(key)) ?? 0, `find ${latin1(key)}`);
    return ref;
  }

  /** Adds the key, or gives it another block when it is there. Throws ArenaFull. */
  put(key: Uint8Array): void {
    const name = latin1(key);
    const ref = makeEntry(this.arena, key);
    const old = this.find(key);
    if (old === 0) {
      try {
        this.dict.insert(this.hash(key), ref);
      } catch (error) {
        this.arena.free(ref);
        throw error;
      }
      this.names.push(name);
    } else {
      this.dict.replaceFound(ref);
      this.arena.free(old);
    }
    this.oracle.set(name, ref);
  }

  /** Removes the key if it is there. */
  remove(key: Uint8Array): void {
    const ref = this.find(key);
    if (ref === 0) return;
    if (oneIn(this.prng, 2)) assert.ok(this.dict.findRef(this.hash(key), ref));
    this.dict.removeFound(this.hash(key));
    this.arena.free(ref);
    this.forget(latin1(key));
  }

  pop(): void {
    this.refs.clear();
    this.dict.popBucket(this.refs);
    for (const ref of this.refs.refs.subarray(0, this.refs.length)) {
      const name = keyOf(this.arena, ref);
      assert.equal(this.oracle.get(name), ref);
      this.arena.free(ref);
      this.forget(name);
    }
  }

  random(): void {
    const ref = this.dict.random(this.prng);
    if (this.oracle.size === 0) assert.equal(ref, 0);
    else assert.equal(this.oracle.get(keyOf(this.arena, ref)), ref);
  }

  sample(): void {
    const out = new RefList(1);
    const count = this.prng.nextBelow(30);
    const before = this.prng.nextBelow(3);
    for (let i = 0; i < before; i++) out.push(-1);
    this.dict.sample(this.prng, count, out);
    const refs = [...out.refs.subarray(before, out.length)];
    assert.equal(new Set(refs).size, refs.length, "no entry is sampled twice");
    for (const ref of refs) assert.equal(this.oracle.get(keyOf(this.arena, ref)), ref);
    const want = Math.min(count, this.oracle.size);
    const isCrowded = this.dict.count >= this.dict.buckets * 3 || this.dict.buckets <= 64;
    if (isCrowded) assert.equal(refs.length, want, "a table that is not nearly empty has enough");
    else assert.ok(refs.length <= want);
  }

  startWalk(): void {
    this.walks.push({ cursor: 0, owed: new Set(this.oracle.keys()), seen: new Set() });
  }

  /** Takes one of the walks a bucket further. */
  stepWalk(): void {
    const index = this.prng.nextBelow(this.walks.length);
    const walk = this.walks[index];
    this.refs.clear();
    const cursor = this.dict.scan(walk.cursor, this.refs);
    assert.ok(cursor >= 0 && cursor < 2 ** 32, `cursor ${cursor}`);
    for (const ref of this.refs.refs.subarray(0, this.refs.length)) {
      const name = keyOf(this.arena, ref);
      assert.equal(this.oracle.get(name), ref, `scan brought ${name}`);
      walk.seen.add(name);
    }
    walk.cursor = cursor;
    if (cursor !== 0) return;
    for (const name of walk.owed) assert.ok(walk.seen.has(name), `scan did not bring ${name}`);
    this.walks.splice(index, 1);
    this.walksDone++;
  }

  /** Compares all of it. */
  validate(): void {
    this.dict.validateIntegrity();
    this.arena.validateIntegrity();
    assert.equal(this.dict.count, this.oracle.size);
    for (const name of this.oracle.keys()) this.find(toBytes(name));
    // Chunk, directory and root, and one block each for what hangs on them and for entries.
    const chunks = Math.ceil(this.dict.buckets / 64);
    assert.equal(this.arena.liveBlocks, 2 + chunks + this.dict.children + this.oracle.size);
  }

  /** Ends: nothing may be left in the arena. */
  dispose(): void {
    this.validate();
    while (this.oracle.size > 0) this.pop();
    this.dict.free();
    assert.equal(this.arena.usedBytes, 0, "everything is given back");
    assert.equal(this.arena.liveBlocks, 0);
    this.arena.validateIntegrity();
  }

  private forget(name: string): void {
    this.oracle.delete(name);
    for (const walk of this.walks) walk.owed.delete(name);
    const at = this.names.lastIndexOf(name);
    this.names[at] = this.names[this.names.length - 1];
    this.names.pop();
  }
}

/** One operation, of those that `grow` percent of the time add. */
function step(model: Model, grow: number, pool: number): void {
  const { prng } = model;
  const kind = prng.nextBelow(100);
  if (kind < 10 && model.walks.length > 0) model.stepWalk();
  else if (kind < 12) model.random();
  else if (kind < 13) model.sample();
  else if (kind < 14) model.find(randomKey(prng, pool));
  else if (kind < 15 && model.walks.length < 4) model.startWalk();
  else if (prng.nextBelow(100) < grow) model.put(randomKey(prng, pool));
  else if (model.names.length > 0) model.remove(toBytes(pick(prng, model.names)));
}

describe("dict against a map", () => {
  test("random operations, growing and shrinking, with scans under way", () => {
    seeded((n) => {
      const model = new Model(n, new FailingArena());
      for (let phase = 0; phase < 12; phase++) {
        const grow = [90, 50, 5, 95, 10, 50][phase % 6];
        const pool = [4000, 200, 4000, 20, 20000, 1000][phase % 6];
        for (let i = 0; i < 4000; i++) step(model, grow, pool);
        model.validate();
      }
      assert.ok(model.walksDone > 20, `${model.walksDone} scans ended`);
      model.dispose();
    });
  });

  test("a scan brings what stays, through any sequence of inserts and removals", () => {
    seeded((n) => {
      for (let round = 0; round < 60; round++) {
        const model = new Model(n + round, new FailingArena());
        const { prng } = model;
        const first = prng.nextBelow(1000);
        for (let i = 0; i < first; i++) model.put(toBytes(`stay:${i}`));
        for (let i = 0; i < first; i++) {
          if (oneIn(prng, 3)) model.put(toBytes(`go:${i}`));
        }
        model.startWalk();
        // Now and then the table halves or doubles between two steps.
        while (model.walks.length > 0) {
          model.stepWalk();
          const burst = oneIn(prng, 8) ? prng.nextBelow(first + 10) : prng.nextBelow(20);
          const adds = oneIn(prng, 2);
          for (let i = 0; i < burst; i++) {
            const key = toBytes(`go:${prng.nextBelow(2000)}`);
            if (adds) model.put(key);
            else model.remove(key);
          }
        }
        assert.equal(model.walksDone, 1);
        model.dispose();
      }
    });
  });

  test("popBucket between other operations", () => {
    seeded((n) => {
      const model = new Model(n, new FailingArena());
      for (let i = 0; i < 6000; i++) {
        if (oneIn(model.prng, 12)) model.pop();
        else step(model, 95, 5000);
        if (i % 1000 === 0) model.validate();
      }
      model.dispose();
    });
  });
});

describe("dict when memory runs out", () => {
  test("at any allocation: an insertion changes nothing or succeeds", () => {
    seeded((n) => {
      const model = new Model(n, new FailingArena());
      const { arena, prng } = model;
      let refused = 0;
      for (let i = 0; i < 12_000; i++) {
        const grow = Math.floor(i / 3000) % 2 === 0 ? 90 : 10;
        arena.failIn = oneIn(prng, 2) ? randomInt(prng, 0, 3) : -1;
        try {
          step(model, grow, 4000);
        } catch (error) {
          if (error !== ARENA_FULL) throw error;
          refused++;
          arena.failIn = -1;
          if (oneIn(prng, 20)) model.validate();
        }
        if (i % 1000 === 0) model.validate();
      }
      arena.failIn = -1;
      assert.ok(refused > 500 && arena.failures > refused, `${refused} of ${arena.failures}`);
      // What could not be done when memory was short is made up for later.
      for (let i = 0; i < 3000; i++) model.put(toBytes(`more:${i}`));
      assert.ok(model.dict.count <= model.dict.buckets * 9 + 9);
      for (const name of [...model.names]) model.remove(toBytes(name));
      model.dispose();
    });
  });

  test("in an arena of one small segment, filled to the brim again and again", () => {
    seeded((n) => {
      for (const segmentBytes of [1 << 20, 9 << 16]) {
        const arena = new FailingArena({ segmentBytes, segmentsMax: 1 });
        const model = new Model(n, arena);
        const { prng } = model;
        for (let round = 0; round < 6; round++) {
          let refused = 0;
          while (refused < 50) {
            try {
              model.put(randomKey(prng, 50_000));
            } catch (error) {
              if (error !== ARENA_FULL) throw error;
              refused++;
            }
          }
          model.validate();
          // How many fit depends on how many size classes the keys need; the pages are in use anyhow.
          assert.ok(model.dict.count > 0 && arena.committedBytes > segmentBytes / 2);
          const keep = prng.nextBelow(400);
          while (model.names.length > keep) model.remove(toBytes(pick(prng, model.names)));
          model.validate();
        }
        model.dispose();
      }
    });
  });
});
