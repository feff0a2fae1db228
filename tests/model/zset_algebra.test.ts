/**
 * Union, intersection and difference against maps: random sources of both types in all encodings, results that
 * become values, memory that runs out at any allocation, and everything given back in the end.
 */
import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { Prng } from "../../core/base/prng.ts";
import { ARENA_FULL } from "../../core/memory/arena.ts";
import { makeMeta, TYPE_SET, TYPE_ZSET } from "../../core/types/object.ts";
import { Sets } from "../../core/types/t_set.ts";
import { ZsetCursor, ZSets } from "../../core/types/t_zset.ts";
import { TypeContext } from "../../core/types/type_context.ts";
import { ZsetAlgebra } from "../../core/types/zset_algebra.ts";
import { AGGREGATE_MAX, AGGREGATE_MIN, AGGREGATE_SUM } from "../../core/types/zset_builder.ts";
import { oneIn, pick, randomInt, seed } from "../support/gen.ts";
import { latin1, toBytes } from "../support/resp_reply.ts";
import { FailingArena } from "../unit/structures/entries.ts";

const ENTRY_BYTES = 24;

interface Source {
  readonly ref: number;
  readonly isSet: boolean;
  readonly pairs: Map<string, number>;
  readonly weight: number;
}

class Model {
  readonly arena = new FailingArena();
  readonly prng: Prng;
  readonly zsets: ZSets;
  readonly sets: Sets;
  readonly algebra: ZsetAlgebra;
  readonly baseline: number;
  sources: Source[] = [];
  private readonly cursor = new ZsetCursor();

  constructor(n: number) {
    this.prng = new Prng(n);
    const context = new TypeContext(this.arena, this.prng, 1, 2);
    Object.assign(context.limits, {
      zsetMaxListpackEntries: 8,
      setMaxListpackEntries: 8,
      setMaxIntsetEntries: 4,
    });
    this.zsets = new ZSets(context);
    this.sets = new Sets(context);
    this.algebra = new ZsetAlgebra(context, this.zsets, this.sets);
    this.baseline = this.arena.usedBytes;
  }

  fresh(type: number): number {
    const ref = this.arena.alloc(ENTRY_BYTES);
    this.arena.fill(ref, 0, ENTRY_BYTES, 0);
    this.arena.storeI32(ref, 0, makeMeta(type, 0, 0));
    this.arena.storeI32(ref, 4, 3);
    return ref;
  }

  /** One to four sources, some of them the same one or none at all. */
  chooseSources(): void {
    const { prng } = this;
    const count = randomInt(prng, 1, 4);
    for (let i = 0; i < count; i++) {
      const weight = pick(prng, [1, 1, 1, 2, -0.5, 0, Infinity]);
      if (oneIn(prng, 8)) this.sources.push({ ref: 0, isSet: false, pairs: new Map(), weight });
      else if (i > 0 && oneIn(prng, 6)) this.sources.push({ ...pick(prng, this.sources), weight });
      else this.sources.push(this.makeSource(weight));
    }
  }

  private makeSource(weight: number): Source {
    const { prng, zsets, sets } = this;
    const isSet = oneIn(prng, 3);
    const pairs = new Map<string, number>();
    const ref = this.fresh(isSet ? TYPE_SET : TYPE_ZSET);
    if (isSet) sets.init(ref);
    else zsets.init(ref);
    const isNumeric = oneIn(prng, 3);
    for (let i = randomInt(prng, 1, pick(prng, [3, 8, 40])); i > 0; i--) {
      const member = isNumeric || oneIn(prng, 3)
        ? String(prng.nextBelow(30))
        : `m${prng.nextBelow(30)}`;
      const score = isSet ? 1 : pick(prng, [0, 1, -3, 7.25, Infinity, -Infinity, i]);
      const bytes = toBytes(member);
      if (isSet) sets.add(ref, bytes, 0, bytes.length);
      else zsets.add(ref, score, bytes, 0, bytes.length, 0);
      pairs.set(member, score);
    }
    return { ref, isSet, pairs, weight };
  }

  /** Hands the sources over. */
  load(): void {
    this.algebra.clear();
    this.sources.forEach(({ ref, isSet, weight }, i) => {
      this.algebra.add(ref, isSet);
      this.algebra.weights[i] = weight;
    });
  }

  /** Compares the builder's result, then makes a value of it and compares that. */
  checkResult(expected: Map<string, number>, what: string): void {
    const { arena, algebra, zsets, cursor } = this;
    const { refs } = algebra.builder;
    assert.equal(refs.length, expected.size, what);
    const made = this.fresh(TYPE_ZSET);
    zsets.init(made);
    try {
      if (refs.length > 0) algebra.builder.moveInto(made);
      zsets.validateIntegrity(made);
      assert.equal(zsets.isSmall(made), expected.size <= 8, what);
      const got = new Map<string, number>();
      for (zsets.seekFirst(made, cursor); cursor.at !== 0; zsets.next(cursor)) {
        zsets.read(cursor);
        const { buf, off, len } = cursor;
        got.set(latin1((buf as Uint8Array).slice(off, off + len)), cursor.score + 0);
      }
      assert.deepEqual([...got].sort(), [...expected].sort(), what);
    } finally {
      zsets.free(made);
      arena.free(made);
      algebra.builder.clear();
    }
  }

  release(): void {
    const refs = new Set(this.sources.map(({ ref }) => ref));
    for (const { ref, isSet } of this.sources) {
      if (!refs.delete(ref) || ref === 0) continue;
      if (isSet) this.sets.free(ref);
      else this.zsets.free(ref);
      this.arena.free(ref);
    }
    this.sources = [];
  }
}

function weighted({ pairs, weight }: Source, member: string): number {
  const score = pairs.get(member)! * weight;
  return Number.isNaN(score) ? 0 : score;
}

function combine(a: number, b: number, aggregate: number): number {
  if (aggregate === AGGREGATE_MIN) return Math.min(a, b);
  if (aggregate === AGGREGATE_MAX) return Math.max(a, b);
  return Number.isNaN(a + b) ? 0 : a + b;
}

/** The sources by size: the order in which scores are summed up. */
function bySize(sources: readonly Source[]): Source[] {
  return [...sources].sort((a, b) => a.pairs.size - b.pairs.size);
}

function union(sources: readonly Source[], aggregate: number): Map<string, number> {
  const result = new Map<string, number>();
  for (const source of bySize(sources)) {
    for (const member of source.pairs.keys()) {
      const score = weighted(source, member);
      const known = result.get(member);
      result.set(member, known === undefined ? score : combine(known, score, aggregate));
    }
  }
  return result;
}

function intersection(sources: readonly Source[]): string[] {
  return [...sources[0].pairs.keys()].filter((member) =>
    sources.every(({ pairs }) => pairs.has(member))
  );
}

function inter(sources: readonly Source[], aggregate: number): Map<string, number> {
  const result = new Map<string, number>();
  for (const member of intersection(sources)) {
    const [first, ...others] = bySize(sources);
    let score = weighted(first, member);
    for (const { pairs, weight } of others) {
      const other = pairs.get(member)! * weight;
      // Only a sum that is no number becomes 0; a product that is none loses every comparison.
      if (aggregate !== AGGREGATE_SUM && Number.isNaN(other)) continue;
      score = combine(score, other, aggregate);
    }
    result.set(member, score);
  }
  return result;
}

function diff(sources: readonly Source[]): Map<string, number> {
  const [first, ...others] = sources;
  return new Map(
    [...first.pairs].filter(([member]) => others.every(({ pairs }) => !pairs.has(member))),
  );
}

/** Minus zero is zero here: small sets keep no sign of it, large ones do. */
function unsigned(result: Map<string, number>): Map<string, number> {
  return new Map([...result].map(([member, score]) => [member, score + 0]));
}

describe("zset algebra", () => {
  test("random sources", () => {
    const n = seed();
    const model = new Model(n);
    for (let i = 0; i < 1500; i++) {
      const aggregate = pick(model.prng, [AGGREGATE_SUM, AGGREGATE_MIN, AGGREGATE_MAX]);
      model.chooseSources();
      const { sources, algebra } = model;
      const what = `seed ${n}, round ${i}`;
      model.load();
      algebra.union(aggregate);
      model.checkResult(unsigned(union(sources, aggregate)), `${what}: union`);
      model.load();
      algebra.inter(aggregate);
      model.checkResult(unsigned(inter(sources, aggregate)), `${what}: inter`);
      model.load();
      algebra.diff();
      model.checkResult(diff(sources), `${what}: diff`);
      model.load();
      const count = intersection(sources).length;
      assert.equal(algebra.interCount(0), count, what);
      assert.equal(algebra.interCount(2), Math.min(2, count), what);
      for (const { ref, isSet } of sources) {
        if (ref !== 0) (isSet ? model.sets : model.zsets).validateIntegrity(ref);
      }
      model.release();
      assert.equal(model.arena.usedBytes, model.baseline, `${what}: everything is given back`);
    }
  });

  test("memory that runs out", () => {
    const n = seed();
    const model = new Model(n);
    for (let i = 0; i < 600; i++) {
      model.chooseSources();
      const { arena, algebra, sources } = model;
      model.load();
      const before = arena.usedBytes;
      arena.failIn = model.prng.nextBelow(30);
      try {
        algebra.union(AGGREGATE_SUM);
        arena.failIn = -1;
        model.checkResult(unsigned(union(sources, AGGREGATE_SUM)), `seed ${n}`);
      } catch (error) {
        arena.failIn = -1;
        assert.equal(error, ARENA_FULL, `seed ${n}: ${String(error)}`);
        algebra.builder.clear();
      }
      assert.equal(arena.usedBytes, before, `seed ${n}`);
      model.release();
    }
    assert.ok(model.arena.failures > 50, `seed ${n}`);
  });
});
