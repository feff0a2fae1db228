/**
 * Sorted sets against a sorted array: random operations under limits so small that sets convert all the time,
 * with equal scores, infinities, zeros and members that begin alike; copies; memory that runs out at any
 * allocation; a poisoned arena, and everything given back in the end.
 */
import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { bytesCompare } from "../../core/base/bytes.ts";
import { Prng } from "../../core/base/prng.ts";
import { ARENA_FULL } from "../../core/memory/arena.ts";
import { makeMeta, TYPE_ZSET } from "../../core/types/object.ts";
import {
  ADD_ADDED,
  ADD_GT,
  ADD_INCR,
  ADD_LT,
  ADD_NAN,
  ADD_NX,
  ADD_REFUSED,
  ADD_SAME,
  ADD_UPDATED,
  ADD_XX,
  LEX_EXCLUSIVE,
  LEX_FIRST,
  LEX_INCLUSIVE,
  LEX_LAST,
  LexRange,
  ScoreRange,
  ZsetCursor,
  ZSets,
} from "../../core/types/t_zset.ts";
import { TypeContext } from "../../core/types/type_context.ts";
import { oneIn, pick, randomBytes, randomInt, seed } from "../support/gen.ts";
import { latin1, toBytes } from "../support/resp_reply.ts";
import { FailingArena } from "../unit/structures/entries.ts";

const ENTRY_BYTES = 24;
/** Bytes a dict may have in hand for buckets to come. */
const CHUNK_ROOM_MAX = 2048;
const EDGE_SCORES = [0, Infinity, -Infinity, 2 ** 53, -(2 ** 60), 2 ** 62, 1e300, 5e-324, 0.1];

interface Pair {
  member: string;
  score: number;
}

function compareMembers(a: string, b: string): number {
  return bytesCompare(toBytes(a), 0, a.length, toBytes(b), 0, b.length);
}

function comparePairs(a: Pair, b: Pair): number {
  return a.score !== b.score ? (a.score < b.score ? -1 : 1) : compareMembers(a.member, b.member);
}

/** A sorted set and its oracle. */
class Model {
  readonly arena: FailingArena;
  readonly prng: Prng;
  readonly context: TypeContext;
  readonly zsets: ZSets;
  readonly cursor = new ZsetCursor();
  readonly range = new ScoreRange();
  readonly lex = new LexRange();
  readonly baseline: number;
  readonly sameScore: boolean;
  readonly pool: number;
  ref = 0;
  pairs: Pair[] = [];
  conversions = 0;
  private wasSmall = true;

  constructor(n: number, arena: FailingArena, limit: number, pool: number, sameScore: boolean) {
    this.arena = arena;
    this.prng = new Prng(n);
    this.pool = pool;
    this.sameScore = sameScore;
    this.context = new TypeContext(arena, this.prng, 1, 2);
    this.context.limits.zsetMaxListpackEntries = limit;
    this.context.limits.zsetMaxListpackValue = 20;
    this.zsets = new ZSets(this.context);
    this.baseline = arena.usedBytes;
    this.renew();
  }

  /** The entry of a value that is not made yet. */
  fresh(): number {
    const ref = this.arena.alloc(ENTRY_BYTES);
    this.arena.fill(ref, 0, ENTRY_BYTES, 0);
    this.arena.storeI32(ref, 0, makeMeta(TYPE_ZSET, 0, 0));
    this.arena.storeI32(ref, 4, 3);
    return ref;
  }

  /** Begins anew with an empty set. */
  renew(): void {
    const { zsets } = this;
    if (this.ref !== 0) {
      let steps = 0;
      while (zsets.freeSome(this.ref, randomInt(this.prng, 1, 8))) steps++;
      assert.ok(steps <= this.pairs.length + 64, "freeing gets on");
      this.arena.free(this.ref);
      assert.equal(this.arena.usedBytes, this.baseline, "everything is given back");
    }
    this.ref = this.fresh();
    zsets.init(this.ref);
    this.pairs = [];
    this.wasSmall = true;
  }

  randomScore(): number {
    const { prng } = this;
    if (this.sameScore) return 7;
    switch (prng.nextBelow(6)) {
      case 0:
        return pick(prng, EDGE_SCORES);
      case 1:
        return randomInt(prng, -3, 3);
      case 2:
        return this.pairs.length > 0 ? pick(prng, this.pairs).score : 0;
      case 3:
        return prng.nextFloat() * 100;
      default:
        return randomInt(prng, -this.pool, this.pool);
    }
  }

  randomMember(): string {
    const { prng } = this;
    switch (prng.nextBelow(5)) {
      case 0:
        return "ab".repeat(prng.nextBelow(6)) + String(prng.nextBelow(this.pool));
      case 1:
        return latin1(randomBytes(prng, prng.nextBelow(3)));
      case 2:
        return String(prng.nextBelow(this.pool) * 1_000_003);
      case 3:
        return oneIn(prng, 30) ? "l".repeat(20 + prng.nextBelow(3)) : "l";
      default:
        return `m${prng.nextBelow(this.pool)}`;
    }
  }

  place(pair: Pair): void {
    this.pairs.push(pair);
    this.pairs.sort(comparePairs);
  }

  /** What `add` must answer, having done it to the oracle. */
  expectedAdd(member: string, score: number, flags: number): number {
    const pair = this.pairs.find((p) => p.member === member);
    if (pair === undefined) {
      if ((flags & ADD_XX) !== 0) return ADD_REFUSED;
      this.place({ member, score });
      return ADD_ADDED;
    }
    if ((flags & ADD_NX) !== 0) return ADD_REFUSED;
    if ((flags & ADD_INCR) !== 0) score += pair.score;
    if (Number.isNaN(score)) return ADD_NAN;
    if ((flags & ADD_LT) !== 0 && score >= pair.score) return ADD_REFUSED;
    if ((flags & ADD_GT) !== 0 && score <= pair.score) return ADD_REFUSED;
    if (score === pair.score) return ADD_SAME;
    pair.score = score;
    this.pairs.sort(comparePairs);
    return ADD_UPDATED;
  }

  add(): void {
    const { prng, zsets } = this;
    const member = this.randomMember();
    const score = this.randomScore();
    const flags = this.sameScore
      ? 0
      : pick(prng, [0, 0, 0, ADD_INCR, ADD_NX, ADD_XX, ADD_GT, ADD_LT, ADD_XX | ADD_INCR]);
    const bytes = toBytes(member);
    const got = zsets.add(this.ref, score, bytes, 0, bytes.length, flags);
    assert.equal(got, this.expectedAdd(member, score, flags), `add ${member} ${score} ${flags}`);
    const pair = this.pairs.find((p) => p.member === member);
    if (got !== ADD_REFUSED && got !== ADD_NAN) assert.equal(zsets.score, pair!.score);
  }

  remove(): void {
    const { prng, zsets } = this;
    const known = this.pairs.length > 0 && !oneIn(prng, 4);
    const member = known ? pick(prng, this.pairs).member : this.randomMember();
    const bytes = toBytes(member);
    const index = this.pairs.findIndex((p) => p.member === member);
    assert.equal(zsets.remove(this.ref, bytes, 0, bytes.length), index >= 0);
    if (index >= 0) this.pairs.splice(index, 1);
  }

  lookUp(): void {
    const { prng, zsets } = this;
    const known = this.pairs.length > 0 && !oneIn(prng, 4);
    const member = known ? pick(prng, this.pairs).member : this.randomMember();
    const bytes = toBytes(member);
    const index = this.pairs.findIndex((p) => p.member === member);
    assert.equal(zsets.find(this.ref, bytes, 0, bytes.length), index >= 0);
    if (index >= 0) assert.equal(zsets.score, this.pairs[index].score);
    assert.equal(zsets.rank(this.ref, bytes, 0, bytes.length), index, `rank of ${member}`);
    if (index >= 0) assert.equal(zsets.score, this.pairs[index].score);
  }

  /** A random range of scores, and which pairs are in it. */
  setScores(): [number, number] {
    const { prng, range } = this;
    range.set(this.randomScore(), oneIn(prng, 3), this.randomScore(), oneIn(prng, 3));
    return this.span(
      ({ score }) => score > range.min || score === range.min && !range.minExclusive,
      ({ score }) => score < range.max || score === range.max && !range.maxExclusive,
    );
  }

  setLex(): [number, number] {
    const { prng, lex } = this;
    const min = this.randomMember();
    const max = this.randomMember();
    const kinds = [LEX_INCLUSIVE, LEX_EXCLUSIVE, LEX_INCLUSIVE, LEX_EXCLUSIVE, LEX_FIRST, LEX_LAST];
    lex.setMin(pick(prng, kinds), toBytes(min), 0, min.length);
    lex.setMax(pick(prng, kinds), toBytes(max), 0, max.length);
    const fits = (kind: number, order: number) =>
      kind === LEX_INCLUSIVE ? order >= 0 : kind === LEX_EXCLUSIVE && order > 0;
    return this.span(
      ({ member }) => lex.minKind === LEX_FIRST || fits(lex.minKind, compareMembers(member, min)),
      ({ member }) => lex.maxKind === LEX_LAST || fits(lex.maxKind, compareMembers(max, member)),
    );
  }

  private span(fitsMin: (p: Pair) => boolean, fitsMax: (p: Pair) => boolean): [number, number] {
    const inside = this.pairs.filter((p) => fitsMin(p) && fitsMax(p));
    if (inside.length === 0) return [0, 0];
    const from = this.pairs.indexOf(inside[0]);
    return [from, from + inside.length];
  }

  atCursor(): Pair | null {
    const { cursor, zsets } = this;
    if (cursor.at === 0) return null;
    zsets.read(cursor);
    const { buf, off, len, score } = cursor;
    return { member: latin1((buf as Uint8Array).slice(off, off + len)), score };
  }

  readRange(): void {
    const { zsets, cursor, ref, pairs, prng } = this;
    const isReverse = oneIn(prng, 2);
    const isLex = this.sameScore && oneIn(prng, 2);
    const [from, to] = isLex ? this.setLex() : this.setScores();
    const count = isLex ? zsets.countInLex(ref, this.lex) : zsets.countInScores(ref, this.range);
    assert.equal(count, to - from, "count of a range");
    if (isLex) {
      if (isReverse) zsets.seekLastInLex(ref, this.lex, cursor);
      else zsets.seekFirstInLex(ref, this.lex, cursor);
    } else if (isReverse) zsets.seekLastInScores(ref, this.range, cursor);
    else zsets.seekFirstInScores(ref, this.range, cursor);
    const offset = oneIn(prng, 2) ? prng.nextBelow(2 * (to - from) + 2) : 0;
    zsets.skip(cursor, offset, isReverse);
    if (!isLex && zsets.isSmall(ref)) {
      const { at } = cursor;
      const left = zsets.seekInSmall(ref, this.range, offset, isReverse, cursor);
      assert.equal(left, Math.max(0, to - from - offset));
      if (left > 0) assert.equal(cursor.at, at);
      cursor.at = left > 0 ? at : 0;
    }
    const expected = pairs.slice(from, to);
    if (isReverse) expected.reverse();
    const got: Pair[] = [];
    const isInside = () =>
      isLex
        ? zsets.inLex(cursor, this.lex, isReverse)
        : zsets.inScores(cursor, this.range, isReverse);
    while (cursor.at !== 0 && isInside()) {
      got.push(this.atCursor()!);
      if (isReverse) zsets.prev(cursor);
      else zsets.next(cursor);
    }
    assert.deepEqual(got, expected.slice(offset));
  }

  removeRange(): void {
    const { zsets, ref, pairs, prng } = this;
    const kind = prng.nextBelow(this.sameScore ? 3 : 2);
    if (kind === 0 && pairs.length > 0) {
      const first = prng.nextBelow(pairs.length);
      const last = Math.min(pairs.length - 1, first + prng.nextBelow(4));
      zsets.removeRanks(ref, first, last);
      pairs.splice(first, last - first + 1);
    } else if (kind === 2) {
      const [from, to] = this.setLex();
      assert.equal(zsets.removeLex(ref, this.lex), to - from);
      pairs.splice(from, to - from);
    } else {
      const [from, to] = this.setScores();
      // Not so much that the set never grows.
      if (to - from > 5 && !oneIn(prng, 30)) return;
      assert.equal(zsets.removeScores(ref, this.range), to - from);
      pairs.splice(from, to - from);
    }
  }

  check(): void {
    const { zsets, ref, cursor, pairs } = this;
    zsets.validateIntegrity(ref);
    assert.equal(zsets.length(ref), pairs.length);
    if (zsets.isSmall(ref) !== this.wasSmall) this.conversions++;
    this.wasSmall = zsets.isSmall(ref);
    // The dict's first chunk has room for more buckets than there are.
    const uncounted = this.arena.usedBytes - this.baseline - ENTRY_BYTES - zsets.bytes(ref, 0);
    assert.ok(uncounted >= 0 && uncounted <= (this.wasSmall ? 0 : CHUNK_ROOM_MAX), `${uncounted}`);
    const got: Pair[] = [];
    for (zsets.seekFirst(ref, cursor); cursor.at !== 0; zsets.next(cursor)) {
      got.push(this.atCursor()!);
    }
    assert.deepEqual(got, pairs);
    zsets.seekLast(ref, cursor);
    assert.deepEqual(this.atCursor(), pairs.at(-1) ?? null);
    const rank = this.prng.nextBelow(pairs.length + 1);
    zsets.seekRank(ref, rank, cursor);
    assert.deepEqual(this.atCursor(), pairs[rank] ?? null);
  }

  checkScan(): void {
    const { zsets, ref, prng } = this;
    const seen = new Map<string, string>();
    let scan = 0;
    do {
      scan = zsets.scan.beginScan(ref, scan, randomInt(prng, 1, 5));
      while (zsets.scan.nextScanned()) {
        const { scanned: m, scannedPair: s } = zsets.scan;
        const member = latin1((m.buf as Uint8Array).slice(m.off, m.off + m.len));
        seen.set(member, latin1((s.buf as Uint8Array).slice(s.off, s.off + s.len)));
      }
    } while (scan !== 0);
    assert.equal(seen.size, this.pairs.length);
    for (const { member, score } of this.pairs) {
      const text = seen.get(member)!;
      assert.equal(Number(text.replace("inf", "Infinity")), score, `scan tells ${text}`);
    }
  }

  step(): void {
    const { prng } = this;
    const kind = prng.nextBelow(10);
    if (kind < 5) this.add();
    else if (kind < 6) this.remove();
    else if (kind < 8) this.lookUp();
    else if (kind < 9) this.readRange();
    else this.removeRange();
  }

  dispose(): void {
    const { arena, zsets } = this;
    zsets.free(this.ref);
    arena.free(this.ref);
    assert.equal(arena.usedBytes, this.baseline, "everything is given back");
    arena.validateIntegrity();
  }
}

describe("sorted sets", () => {
  const cases = [
    { limit: 128, pool: 60, sameScore: false },
    { limit: 128, pool: 60, sameScore: true },
    { limit: 12, pool: 40, sameScore: false },
    { limit: 12, pool: 40, sameScore: true },
    { limit: 0, pool: 300, sameScore: false },
    { limit: 0, pool: 300, sameScore: true },
  ];
  for (const { limit, pool, sameScore } of cases) {
    test(`limit ${limit}, ${pool} members, equal scores ${sameScore}`, () => {
      const n = seed();
      const model = new Model(n, new FailingArena(), limit, pool, sameScore);
      try {
        for (let i = 0; i < 3000; i++) {
          model.step();
          if (i % 10 === 0) model.check();
          if (i % 100 === 0) model.checkScan();
          if (i % 500 === 499) model.renew();
        }
        assert.ok(limit === 128 || model.conversions > 0, "sets became large");
      } catch (error) {
        throw new Error(`seed ${n}`, { cause: error });
      }
      model.dispose();
    });
  }

  test("copies", () => {
    const n = seed();
    for (const limit of [0, 128]) {
      const model = new Model(n, new FailingArena(), limit, 50, false);
      for (let i = 0; i < 200; i++) model.add();
      const { arena, zsets } = model;
      const copy = model.fresh();
      const used = arena.usedBytes;
      for (let failIn = 0;; failIn++) {
        arena.failIn = failIn;
        try {
          zsets.copy(model.ref, copy);
          arena.failIn = -1;
          break;
        } catch (error) {
          assert.equal(error, ARENA_FULL, `seed ${n}`);
          assert.equal(arena.usedBytes, used, `seed ${n}: a failed copy leaves nothing behind`);
        }
      }
      const original = model.ref;
      model.remove();
      model.ref = copy;
      zsets.validateIntegrity(copy);
      zsets.free(original);
      arena.free(original);
      zsets.free(copy);
      arena.free(copy);
      assert.equal(arena.usedBytes, model.baseline, `seed ${n}`);
    }
  });

  test("memory that runs out", () => {
    const n = seed();
    for (const limit of [0, 8, 128]) {
      const model = new Model(n, new FailingArena(), limit, 40, false);
      for (let i = 0; i < 1500; i++) {
        const before = model.pairs.map((pair) => ({ ...pair }));
        model.arena.failIn = model.prng.nextBelow(4);
        try {
          model.add();
        } catch (error) {
          assert.equal(error, ARENA_FULL, `seed ${n}: ${String(error)}`);
          model.pairs = before;
        }
        model.arena.failIn = -1;
        model.check();
        if (oneIn(model.prng, 20)) model.removeRange();
        if (oneIn(model.prng, 200)) model.renew();
      }
      assert.ok(model.arena.failures > 100, `seed ${n}`);
      model.dispose();
    }
  });

  test("pops in a row, from both ends, with changes in between", () => {
    const n = seed();
    for (const sameScore of [false, true]) {
      const model = new Model(n, new FailingArena(), 0, 400, sameScore);
      const { zsets, prng } = model;
      for (let round = 0; round < 120; round++) {
        for (let i = 0; i < 40; i++) model.add();
        const isLast = oneIn(prng, 2);
        // New members take the blocks, and sometimes the places, of those that were popped.
        for (let pops = prng.nextBelow(60); pops > 0 && model.pairs.length > 1; pops--) {
          const rank = isLast ? model.pairs.length - 1 : 0;
          zsets.removeRanks(model.ref, rank, rank);
          model.pairs.splice(rank, 1);
          if (oneIn(prng, 6)) model.add();
          if (oneIn(prng, 9)) model.remove();
        }
        if (round % 8 === 0) model.check();
      }
      model.dispose();
    }
  });

  test("random pairs", () => {
    const n = seed();
    for (const limit of [0, 128]) {
      const model = new Model(n, new FailingArena(), limit, 30, false);
      for (let i = 0; i < 60; i++) model.add();
      const seen = new Set<string>();
      for (let i = 0; i < 3000; i++) {
        model.zsets.seekRandom(model.ref, model.cursor);
        seen.add(model.atCursor()!.member);
      }
      assert.equal(seen.size, model.pairs.length, `seed ${n}: every pair comes up`);
      model.dispose();
    }
  });
});
