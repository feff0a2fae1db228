/**
 * The skiplist, and the dict that shares its entries, against a sorted array: random operations on
 * lists of all sizes, with equal scores, infinities, zeros of both signs and members that begin
 * alike.
 */
import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { Prng } from "../../core/base/prng.ts";
import { bytesCompare } from "../../core/base/bytes.ts";
import { RefList } from "../../core/base/ref_list.ts";
import { Dict } from "../../core/structures/dict.ts";
import { Skiplist } from "../../core/structures/skiplist.ts";
import { createEntry, entryScore } from "../../core/structures/skiplist_entry.ts";
import {
  LEX_EXCLUSIVE,
  LEX_FIRST,
  LEX_INCLUSIVE,
  LEX_LAST,
  LexRange,
  memberFitsMax,
  memberFitsMin,
  scoreFitsMax,
  scoreFitsMin,
  ScoreRange,
} from "../../core/structures/zset_range.ts";
import { oneIn, pick, randomBytes, randomInt, randomKey, seeded } from "../support/gen.ts";
import { latin1, toBytes } from "../support/resp_reply.ts";
import { FailingArena } from "../unit/structures/entries.ts";

interface Item {
  readonly member: Uint8Array;
  readonly ref: number;
  score: number;
}

const EDGE_SCORES = [0, -0, Infinity, -Infinity, 1, -1, 5e-324, 1.7976931348623157e308, 2 ** 53];

function compareItems(a: Item, b: Item): number {
  if (a.score !== b.score) return a.score < b.score ? -1 : 1;
  return compareMembers(a.member, b.member);
}

function compareMembers(a: Uint8Array, b: Uint8Array): number {
  return bytesCompare(a, 0, a.length, b, 0, b.length);
}

/** A sorted set in both forms. */
class Model {
  readonly prng: Prng;
  readonly list: Skiplist;
  readonly root: number;
  readonly dict: Dict;
  readonly dictRoot: number;
  /** In the order of the list. */
  readonly items: Item[] = [];
  readonly scoreRange = new ScoreRange();
  readonly lexRange = new LexRange();
  private readonly out = new RefList(1);
  private readonly arena: FailingArena;
  private readonly sameScore: boolean;
  private readonly pool: number;

  /** With `sameScore` all scores are equal, so that ranges of members mean something. */
  constructor(arena: FailingArena, prng: Prng, pool: number, sameScore: boolean) {
    this.arena = arena;
    this.prng = prng;
    this.pool = pool;
    this.sameScore = sameScore;
    this.list = new Skiplist(arena);
    this.root = this.list.create();
    this.dict = Dict.attach(arena, 1, 2);
    this.dictRoot = this.dict.create();
  }

  randomScore(): number {
    const { prng } = this;
    switch (prng.nextBelow(this.sameScore ? 1 : 6)) {
      case 0:
        return this.sameScore ? pick(prng, [0, -0]) : pick(prng, EDGE_SCORES);
      case 1:
        return randomInt(prng, -3, 3);
      case 2:
        return this.items.length > 0 ? pick(prng, this.items).score : 0;
      case 3:
        return prng.nextU32() / 2 ** 20;
      default:
        return randomInt(prng, -this.pool, this.pool);
    }
  }

  randomMember(): Uint8Array {
    const { prng } = this;
    switch (prng.nextBelow(4)) {
      case 0:
        return toBytes("ab".repeat(prng.nextBelow(8)) + String(prng.nextBelow(this.pool)));
      case 1:
        return randomBytes(prng, prng.nextBelow(4));
      default:
        return randomKey(prng, this.pool);
    }
  }

  /** Adds a random member, or gives it another score. */
  put(): void {
    const member = this.randomMember();
    const score = this.randomScore();
    const hash = this.dict.hash(member, 0, member.length);
    const found = this.dict.at(this.dictRoot).find(hash, member, 0, member.length);
    if (found !== 0) {
      this.update(this.items.findIndex((item) => item.ref === found), score);
      return;
    }
    const ref = createEntry(this.arena, score, member, 0, member.length);
    this.dict.insert(hash, ref);
    this.list.insert(this.root, ref);
    this.place({ member, ref, score });
  }

  /** Gives the item at `index` another score. */
  update(index: number, score: number): void {
    const [item] = this.items.splice(index, 1);
    this.list.updateScore(this.root, item.ref, score);
    item.score = score;
    this.place(item);
    assert.ok(Object.is(entryScore(this.arena, item.ref), score));
  }

  remove(index: number): void {
    const [item] = this.items.splice(index, 1);
    this.list.remove(this.root, item.ref);
    this.forget(item);
  }

  /** The range [from, to) of indexes that a predicate on each side leaves. */
  expected(fitsMin: (item: Item) => boolean, fitsMax: (item: Item) => boolean): [number, number] {
    const from = this.items.findIndex(fitsMin);
    const past = this.items.findIndex((item) => !fitsMax(item));
    const to = past < 0 ? this.items.length : past;
    return from < 0 || from >= to ? [0, 0] : [from, to];
  }

  setScoreRange(): [number, number] {
    const { prng, scoreRange: range } = this;
    let min = this.randomScore();
    let max = this.randomScore();
    if (min > max && !oneIn(prng, 4)) [min, max] = [max, min];
    range.set(min, oneIn(prng, 2), max, oneIn(prng, 2));
    return this.expected(
      (item) => scoreFitsMin(range, item.score),
      (item) => scoreFitsMax(range, item.score),
    );
  }

  setLexRange(): [number, number] {
    const { prng, lexRange: range } = this;
    let min = this.randomBound();
    let max = this.randomBound();
    if (compareMembers(min, max) > 0 && !oneIn(prng, 4)) [min, max] = [max, min];
    range.setMin(this.randomKind(LEX_FIRST), min, 0, min.length);
    range.setMax(this.randomKind(LEX_LAST), max, 0, max.length);
    return this.expected(
      (item) => memberFitsMin(range, item.member, 0, item.member.length),
      (item) => memberFitsMax(range, item.member, 0, item.member.length),
    );
  }

  /** Asks everything about one rank, one range of scores and one of members. */
  query(): void {
    const { list, root, items } = this;
    const rank = randomInt(this.prng, -1, items.length);
    assert.equal(list.byRank(root, rank), items[rank]?.ref ?? 0);
    assert.equal(list.length(root), items.length);
    assert.equal(list.first(root), items[0]?.ref ?? 0);
    assert.equal(list.last(root), items.at(-1)?.ref ?? 0);
    if (items[rank] !== undefined) {
      const { ref } = items[rank];
      assert.equal(list.rank(root, ref), rank);
      const [node, slot] = this.placeOf(rank);
      assert.equal(list.next(node, slot), items[rank + 1]?.ref ?? 0);
      assert.equal(list.prev(node, slot), items[rank - 1]?.ref ?? 0);
    }
    const [from, to] = this.setScoreRange();
    assert.equal(list.countInScoreRange(root, this.scoreRange), to - from);
    assert.equal(list.firstInScoreRange(root, this.scoreRange), to > from ? items[from].ref : 0);
    assert.equal(list.lastInScoreRange(root, this.scoreRange), to > from ? items[to - 1].ref : 0);
    if (oneIn(this.prng, 8)) this.queryOnwards();
    if (!this.sameScore) return;
    const [lexFrom, lexTo] = this.setLexRange();
    const some = lexTo > lexFrom;
    assert.equal(list.countInLexRange(root, this.lexRange), lexTo - lexFrom);
    assert.equal(list.firstInLexRange(root, this.lexRange), some ? items[lexFrom].ref : 0);
    assert.equal(list.lastInLexRange(root, this.lexRange), some ? items[lexTo - 1].ref : 0);
  }

  /** Where the entry of a rank is. */
  private placeOf(rank: number): [node: number, slot: number] {
    const { list, root } = this;
    list.byRank(root, rank);
    return [list.foundNode, list.foundSlot];
  }

  /** Searches for ranges that begin no earlier than the one before, each from where that search ended. */
  private queryOnwards(): void {
    const { list, root, items, scoreRange: range } = this;
    let min = Infinity;
    let minExclusive = true;
    for (let i = 0; i < 6; i++) {
      const [from, to] = this.setScoreRange();
      const isLater: boolean = range.min > min ||
        range.min === min && (range.minExclusive || !minExclusive);
      const got: number = isLater
        ? list.nextInScoreRange(root, range)
        : list.firstInScoreRange(root, range);
      assert.equal(got, to > from ? items[from].ref : 0);
      ({ min, minExclusive } = range);
    }
  }

  /** Takes out a random range of a random kind, if it is no longer than `max`. */
  deleteRange(max: number): void {
    const { prng, list, root, out } = this;
    out.clear();
    const kind = prng.nextBelow(this.sameScore ? 3 : 2);
    if (kind === 0) {
      const first = randomInt(prng, -2, this.items.length);
      const last = first + randomInt(prng, -1, max - 1);
      const from = Math.max(0, first);
      const to = Math.max(from, Math.min(this.items.length, last + 1));
      this.taken(list.deleteRangeByRank(root, first, last, out), from, to);
      return;
    }
    const [from, to] = kind === 1 ? this.setScoreRange() : this.setLexRange();
    if (to - from > max) return;
    const count = kind === 1
      ? list.deleteRangeByScore(root, this.scoreRange, out)
      : list.deleteRangeByLex(root, this.lexRange, out);
    this.taken(count, from, to);
  }

  validate(): void {
    const { list, root, items } = this;
    list.validateIntegrity(root);
    this.dict.at(this.dictRoot).validateIntegrity();
    assert.equal(this.dict.count, items.length);
    let ref = list.first(root);
    items.forEach((item, rank) => {
      assert.equal(ref, item.ref);
      const { foundNode: node, foundSlot: slot } = list;
      assert.ok(Object.is(list.scoreAt(node, slot), item.score));
      assert.equal(list.rank(root, ref), rank);
      ref = list.next(node, slot);
    });
    assert.equal(ref, 0);
  }

  /** Frees all of it. */
  dispose(): void {
    this.validate();
    if (oneIn(this.prng, 2)) {
      while (this.items.length > 0) this.remove(this.prng.nextBelow(this.items.length));
    }
    this.out.clear();
    this.taken(
      this.list.deleteRangeByRank(this.root, 0, this.items.length, this.out),
      0,
      this.items.length,
    );
    this.list.validateIntegrity(this.root);
    this.list.free(this.root);
    this.dict.at(this.dictRoot).free();
  }

  /** `out` must hold the items in [from, to), which are then gone. */
  private taken(count: number, from: number, to: number): void {
    const gone = this.items.splice(from, to - from);
    assert.equal(count, gone.length);
    assert.equal(this.out.length, count);
    gone.forEach((item, i) => {
      assert.equal(this.out.refs[i], item.ref);
      this.forget(item);
    });
  }

  private randomBound(): Uint8Array {
    if (this.items.length > 0 && oneIn(this.prng, 2)) return pick(this.prng, this.items).member;
    return this.randomMember();
  }

  private randomKind(open: number): number {
    return oneIn(this.prng, 8) ? pick(this.prng, [LEX_FIRST, LEX_LAST]) : pick(this.prng, [
      LEX_INCLUSIVE,
      LEX_INCLUSIVE,
      LEX_EXCLUSIVE,
      LEX_EXCLUSIVE,
      open,
    ]);
  }

  private place(item: Item): void {
    let low = 0;
    let high = this.items.length;
    while (low < high) {
      const mid = (low + high) >> 1;
      if (compareItems(this.items[mid], item) < 0) low = mid + 1;
      else high = mid;
    }
    this.items.splice(low, 0, item);
  }

  private forget(item: Item): void {
    const { member } = item;
    const hash = this.dict.hash(member, 0, member.length);
    const found = this.dict.at(this.dictRoot).find(hash, member, 0, member.length);
    assert.equal(found, item.ref, latin1(member));
    this.dict.removeFound(hash);
    this.arena.free(item.ref);
  }
}

/** One operation; of the changes, `grow` percent add. */
function step(model: Model, grow: number): void {
  const { prng, items } = model;
  const kind = prng.nextBelow(100);
  if (kind < 25) model.query();
  else if (kind < 27) model.deleteRange(items.length < 100 ? 20 : 4);
  else if (kind < 45 && items.length > 0) {
    model.update(prng.nextBelow(items.length), model.randomScore());
  } else if (prng.nextBelow(100) < grow) model.put();
  else if (items.length > 0) model.remove(oneIn(prng, 8) ? 0 : prng.nextBelow(items.length));
}

function leavesNothing(arena: FailingArena): void {
  assert.equal(arena.usedBytes, 0, "everything is given back");
  assert.equal(arena.liveBlocks, 0);
  arena.validateIntegrity();
}

describe("skiplist against a sorted array", () => {
  for (const sameScore of [false, true]) {
    const what = sameScore ? "equal scores" : "any scores";
    test(`random operations on small lists, ${what}`, () => {
      seeded((n) => {
        const arena = new FailingArena();
        for (let round = 0; round < 60; round++) {
          const model = new Model(
            arena,
            new Prng(n + round),
            pick(new Prng(n + round), [4, 16, 64]),
            sameScore,
          );
          for (let i = 0; i < 300; i++) {
            step(model, i < 150 ? 75 : 40);
            if (i % 10 === 0) model.validate();
          }
          model.dispose();
        }
        leavesNothing(arena);
      });
    });

    test(`random operations on large lists, ${what}`, () => {
      seeded((n) => {
        const arena = new FailingArena();
        const model = new Model(arena, new Prng(n), 20_000, sameScore);
        for (let phase = 0; phase < 6; phase++) {
          for (let i = 0; i < 8000; i++) step(model, [98, 50, 98, 20, 98, 5][phase]);
          model.validate();
          for (let i = 0; i < 4; i++) model.deleteRange(model.items.length >> 1);
          model.validate();
        }
        model.dispose();
        leavesNothing(arena);
      });
    });
  }

  test("many lists in turn share the paths and one dict object", () => {
    seeded((n) => {
      const arena = new FailingArena();
      const models = Array.from(
        { length: 20 },
        (_, i) => new Model(arena, new Prng(n + i), 100, i % 2 === 0),
      );
      const prng = new Prng(n);
      for (let i = 0; i < 10_000; i++) step(pick(prng, models), 70);
      for (const model of models) model.dispose();
      leavesNothing(arena);
    });
  });
});

test("200,000 entries: nodes are well filled, ranks and ranges are right", () => {
  seeded((n) => {
    const count = 200_000;
    const prng = new Prng(n);
    const arena = new FailingArena({ segmentBytes: 1 << 26, poison: false });
    const list = new Skiplist(arena);
    const root = list.create();
    const refs: number[] = [];
    // Scores are 0, 1, 2 ... in random order, four entries each.
    const order = Int32Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = prng.nextBelow(i + 1);
      const moved = order[i];
      order[i] = order[j];
      order[j] = moved;
    }
    for (const i of order) {
      const member = toBytes(`m:${String(i).padStart(8, "0")}`);
      const ref = createEntry(arena, i >> 2, member, 0, member.length);
      list.insert(root, ref);
      refs[i] = ref;
    }
    list.validateIntegrity(root);
    assert.equal(arena.usedBytes, list.bytes(root) + count * 32);
    assert.ok(list.bytes(root) < count * 20, `${list.bytes(root) / count} bytes per entry`);
    const range = new ScoreRange();
    for (let i = 0; i < 2000; i++) {
      const rank = prng.nextBelow(count);
      assert.equal(list.byRank(root, rank), refs[rank]);
      assert.equal(list.rank(root, refs[rank]), rank);
      const min = prng.nextBelow(count >> 2);
      const max = randomInt(prng, min, count >> 2);
      const want = Math.min(count, (max + 1) * 4) - min * 4;
      assert.equal(list.countInScoreRange(root, range.set(min, false, max, false)), want);
    }
    const out = new RefList();
    assert.equal(
      list.deleteRangeByScore(root, range.set(1, false, count / 4 - 2, false), out),
      count - 8,
    );
    list.validateIntegrity(root);
    assert.equal(list.length(root), 8);
  });
});
