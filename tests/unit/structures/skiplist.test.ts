import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { Prng } from "../../../core/base/prng.ts";
import { RefList } from "../../../core/base/ref_list.ts";
import { ARENA_FULL } from "../../../core/memory/arena.ts";
import { Dict } from "../../../core/structures/dict.ts";
import { Skiplist } from "../../../core/structures/skiplist.ts";
import { createEntry, entryScore } from "../../../core/structures/skiplist_entry.ts";
import {
  LEX_EXCLUSIVE,
  LEX_FIRST,
  LEX_INCLUSIVE,
  LEX_LAST,
  LexRange,
  ScoreRange,
} from "../../../core/structures/zset_range.ts";
import { seed } from "../../support/gen.ts";
import { toBytes } from "../../support/resp_reply.ts";
import { FailingArena, keyOf } from "./entries.ts";

/** A list, and its entries by name. */
class Fixture {
  readonly arena = new FailingArena();
  readonly list = new Skiplist(this.arena);
  readonly root = this.list.create();
  readonly refs = new Map<string, number>();

  add(name: string, score: number): number {
    const ref = makeMember(this.arena, name, score);
    this.list.insert(this.root, ref);
    this.refs.set(name, ref);
    return ref;
  }

  ref(name: string): number {
    const ref = this.refs.get(name);
    assert.ok(ref !== undefined, name);
    return ref;
  }

  /** Name of an entry, "" for the null ref. */
  name(ref: number): string {
    return ref === 0 ? "" : keyOf(this.arena, ref);
  }

  remove(name: string): void {
    this.list.remove(this.root, this.ref(name));
    this.forget(name);
  }

  /** Names in order, seen from both ends. */
  names(): string[] {
    this.list.validateIntegrity(this.root);
    const forth: string[] = [];
    const back: string[] = [];
    const { list, root } = this;
    for (let ref = list.first(root); ref !== 0; ref = list.next(list.foundNode, list.foundSlot)) {
      forth.push(this.name(ref));
    }
    for (let ref = list.last(root); ref !== 0; ref = list.prev(list.foundNode, list.foundSlot)) {
      back.push(this.name(ref));
    }
    assert.deepEqual(back.reverse(), forth);
    assert.equal(list.length(root), forth.length);
    return forth;
  }

  /** Names of entries that were taken out; frees them. */
  taken(out: RefList): string[] {
    const names = [...out.refs.subarray(0, out.length)].map((ref) => this.name(ref));
    for (const name of names) this.forget(name);
    return names;
  }

  dispose(): void {
    for (const ref of this.refs.values()) this.arena.free(ref);
    this.list.free(this.root);
    assert.equal(this.arena.usedBytes, 0);
    assert.equal(this.arena.liveBlocks, 0);
  }

  private forget(name: string): void {
    this.arena.free(this.ref(name));
    this.refs.delete(name);
  }
}

function makeMember(arena: FailingArena, name: string, score: number): number {
  const member = toBytes(name);
  return createEntry(arena, score, member, 0, member.length);
}

/** a to e with scores 1 to 5. */
function letters(): Fixture {
  const f = new Fixture();
  f.add("c", 3);
  f.add("a", 1);
  f.add("e", 5);
  f.add("b", 2);
  f.add("d", 4);
  return f;
}

/** A bound as Redis writes it: - + [x (x. */
function lex(min: string, max: string): LexRange {
  const kinds: Record<string, number> = {
    "-": LEX_FIRST,
    "+": LEX_LAST,
    "[": LEX_INCLUSIVE,
    "(": LEX_EXCLUSIVE,
  };
  const range = new LexRange();
  // The bytes lie somewhere inside a buffer, as arguments do.
  const minBytes = toBytes(`..${min}`);
  const maxBytes = toBytes(`...${max}..`);
  range.setMin(kinds[min[0]], minBytes, 3, min.length - 1);
  range.setMax(kinds[max[0]], maxBytes, 4, max.length - 1);
  return range;
}

describe("skiplist entry", () => {
  test("a member of ten bytes takes a block of 32 bytes", () => {
    const arena = new FailingArena();
    arena.free(makeMember(arena, "0123456789", 1));
    assert.equal(arena.peakBytes, 32);
  });

  test("the head of the block says all of it, and a dict finds it", () => {
    const arena = new FailingArena();
    const dict = new Dict(arena, 1, 2);
    for (const name of ["", "a", "member:1234", "x".repeat(300)]) {
      const member = toBytes(name);
      const ref = makeMember(arena, name, -2.5);
      assert.equal(entryScore(arena, ref), -2.5);
      assert.equal(keyOf(arena, ref), name);
      const hash = dict.hash(member, 0, member.length);
      dict.insert(hash, ref);
      assert.equal(dict.find(hash, member, 0, member.length), ref);
    }
    dict.validateIntegrity();
  });
});

describe("skiplist", () => {
  test("an empty list", () => {
    const f = new Fixture();
    const { list, root } = f;
    const out = new RefList();
    assert.deepEqual(f.names(), []);
    assert.equal(list.first(root), 0);
    assert.equal(list.last(root), 0);
    assert.equal(list.byRank(root, 0), 0);
    assert.equal(list.byRank(root, -1), 0);
    assert.equal(list.firstInScoreRange(root, new ScoreRange()), 0);
    assert.equal(list.lastInScoreRange(root, new ScoreRange()), 0);
    assert.equal(list.countInScoreRange(root, new ScoreRange()), 0);
    assert.equal(list.firstInLexRange(root, lex("-", "+")), 0);
    assert.equal(list.lastInLexRange(root, lex("-", "+")), 0);
    assert.equal(list.countInLexRange(root, lex("-", "+")), 0);
    assert.equal(list.deleteRangeByRank(root, 0, 10, out), 0);
    assert.equal(list.deleteRangeByScore(root, new ScoreRange(), out), 0);
    assert.equal(list.deleteRangeByLex(root, lex("-", "+"), out), 0);
    assert.equal(out.length, 0);
    f.dispose();
  });

  test("create throws before it takes anything", () => {
    const arena = new FailingArena();
    arena.failIn = 0;
    assert.throws(() => new Skiplist(arena).create(), (error) => error === ARENA_FULL);
    assert.equal(arena.usedBytes, 0);
  });

  test("order, ranks, neighbours", () => {
    const f = letters();
    assert.deepEqual(f.names(), ["a", "b", "c", "d", "e"]);
    ["a", "b", "c", "d", "e"].forEach((name, rank) => {
      assert.equal(f.list.rank(f.root, f.ref(name)), rank);
      assert.equal(f.name(f.list.byRank(f.root, rank)), name);
      assert.equal(entryScore(f.arena, f.ref(name)), rank + 1);
    });
    assert.equal(f.list.byRank(f.root, 5), 0);
    for (const name of ["c", "a", "e", "d", "b"]) {
      f.remove(name);
      f.names();
    }
    f.dispose();
  });

  test("equal scores are ordered by member: unsigned bytes, the shorter first", () => {
    const f = new Fixture();
    const members = ["", "\0", "\0\0", "A", "a", "aa", "ab", "b", "\x7f", "\x80", "\xff", "\xff\0"];
    for (const at of [5, 0, 11, 3, 7, 1, 9, 10, 2, 4, 8, 6]) f.add(members[at], 7);
    assert.deepEqual(f.names(), members);
    f.dispose();
  });

  test("minus zero equals zero and stays minus zero", () => {
    const f = new Fixture();
    f.add("b", 0);
    f.add("a", -0);
    f.add("c", -0);
    assert.deepEqual(f.names(), ["a", "b", "c"]);
    assert.ok(Object.is(entryScore(f.arena, f.ref("a")), -0));
    for (const zero of [0, -0]) {
      assert.equal(
        f.list.countInScoreRange(f.root, new ScoreRange().set(zero, false, 0, false)),
        3,
      );
      assert.equal(f.list.countInScoreRange(f.root, new ScoreRange().set(zero, true, 1, false)), 0);
    }
    f.list.updateScore(f.root, f.ref("b"), -0);
    assert.deepEqual(f.names(), ["a", "b", "c"]);
    f.dispose();
  });

  test("NaN is refused before anything changes", () => {
    const f = letters();
    const nan = makeMember(f.arena, "n", NaN);
    assert.throws(() => f.list.insert(f.root, nan), /a score is a number/);
    assert.throws(() => f.list.updateScore(f.root, f.ref("c"), NaN), /a score is a number/);
    f.arena.free(nan);
    assert.deepEqual(f.names(), ["a", "b", "c", "d", "e"]);
    f.dispose();
  });

  test("an entry of another list is not removed", () => {
    const f = letters();
    const other = f.list.create();
    const x = makeMember(f.arena, "x", 3);
    f.list.insert(other, x);
    assert.throws(() => f.list.remove(f.root, x), /the entry is in this list/);
    f.list.remove(other, x);
    f.arena.free(x);
    f.list.free(other);
    assert.deepEqual(f.names(), ["a", "b", "c", "d", "e"]);
    f.dispose();
  });

  test("updateScore: in place, past a neighbour, to the ends, among equals", () => {
    const f = letters();
    const steps: [string, number, string][] = [
      ["c", 3.5, "abcde"],
      ["c", 4, "abcde"],
      ["c", 2, "abcde"],
      ["b", 2.5, "acbde"],
      ["a", 2, "acbde"],
      ["d", 2, "acdbe"],
      ["e", -Infinity, "eacdb"],
      ["e", Infinity, "acdbe"],
      ["a", 1e308, "cdbae"],
      ["e", 1e308, "cdbae"],
      ["a", Infinity, "cdbea"],
    ];
    for (const [name, score, want] of steps) {
      f.list.updateScore(f.root, f.ref(name), score);
      assert.equal(f.names().join(""), want, `${name} to ${score}`);
      assert.equal(entryScore(f.arena, f.ref(name)), score);
    }
    f.dispose();
  });

  test("levels come into use and go out of it", () => {
    for (const order of [1, -1, 7]) {
      const f = new Fixture();
      const count = 5000;
      const at = (i: number) => order < 0 ? count - 1 - i : i * order % count;
      for (let i = 0; i < count; i++) f.add(String(at(i)), at(i));
      assert.equal(f.names().join(), Array.from({ length: count }, (_, i) => i).join());
      assert.equal(f.name(f.list.byRank(f.root, 1234)), "1234");
      assert.equal(f.list.rank(f.root, f.ref("4321")), 4321);
      for (let i = 0; i < count; i += 100) {
        for (let j = i; j < i + 100; j++) f.remove(String(at(at(j))));
        f.list.validateIntegrity(f.root);
      }
      assert.deepEqual(f.names(), []);
      f.dispose();
    }
  });

  test("in order nodes are filled, at either end", () => {
    for (const sign of [1, -1]) {
      const f = new Fixture();
      for (let i = 0; i < 3200; i++) f.add(String(i), sign * i);
      assert.ok(f.list.bytes(f.root) < 3200 * 14.5, `${f.list.bytes(f.root)} bytes`);
      f.dispose();
    }
  });

  test("what fails for want of memory changes nothing", () => {
    const f = new Fixture();
    for (let i = 0; i < 1024; i++) f.add(String(i), i);
    const before = f.names();
    let failures = 0;
    for (let i = 0; i < 1024; i++) {
      const used = f.arena.usedBytes;
      const ref = makeMember(f.arena, "new", i + 0.5);
      for (let allocations = 0; allocations < 4; allocations++) {
        f.arena.failIn = allocations;
        try {
          f.list.insert(f.root, ref);
          f.list.remove(f.root, ref);
          break;
        } catch (error) {
          assert.equal(error, ARENA_FULL);
          failures++;
        }
      }
      f.arena.failIn = -1;
      f.arena.free(ref);
      if (f.arena.usedBytes === used && i % 64 !== 0) continue;
      assert.deepEqual(f.names(), before);
    }
    assert.ok(failures > 0);
    f.dispose();
  });

  test("a list is freed in slices", () => {
    const f = new Fixture();
    for (let i = 0; i < 2000; i++) f.add(String(i), i * 7 % 2000);
    const { list, root } = f;
    let slices = 1;
    for (; list.freeSome(root, 10); slices++) list.validateIntegrity(root);
    assert.ok(slices > 5, `${slices} slices`);
    for (const ref of f.refs.values()) f.arena.free(ref);
    assert.equal(f.arena.liveBlocks, 0);
  });
});

describe("ranges of a skiplist", () => {
  test("scores", () => {
    const f = letters();
    const range = new ScoreRange();
    const cases: [number, boolean, number, boolean, string][] = [
      [-Infinity, false, Infinity, false, "abcde"],
      [-Infinity, true, Infinity, true, "abcde"],
      [2, false, 4, false, "bcd"],
      [2, true, 4, true, "c"],
      [2, true, 4, false, "cd"],
      [2.5, false, 2.9, false, ""],
      [3, false, 3, false, "c"],
      [3, true, 3, false, ""],
      [3, false, 3, true, ""],
      [4, false, 2, false, ""],
      [6, false, 9, false, ""],
      [-9, false, 0, false, ""],
      [5, false, Infinity, false, "e"],
      [Infinity, false, -Infinity, false, ""],
    ];
    for (const [min, minExclusive, max, maxExclusive, want] of cases) {
      range.set(min, minExclusive, max, maxExclusive);
      const what = `${minExclusive ? "(" : ""}${min} ${maxExclusive ? "(" : ""}${max}`;
      assert.equal(f.name(f.list.firstInScoreRange(f.root, range)), want.slice(0, 1), what);
      assert.equal(f.name(f.list.lastInScoreRange(f.root, range)), want.slice(-1), what);
      assert.equal(f.list.countInScoreRange(f.root, range), want.length, what);
    }
    f.dispose();
  });

  test("infinities as scores", () => {
    const f = new Fixture();
    f.add("low", -Infinity);
    f.add("high", Infinity);
    f.add("mid", 0);
    const range = new ScoreRange();
    assert.equal(f.list.countInScoreRange(f.root, range), 3);
    assert.equal(f.list.countInScoreRange(f.root, range.set(-Infinity, true, Infinity, true)), 1);
    assert.equal(f.list.countInScoreRange(f.root, range.set(Infinity, false, Infinity, false)), 1);
    f.dispose();
  });

  test("members", () => {
    const f = new Fixture();
    for (const name of ["alpha", "bar", "cool", "down", "elephant"]) f.add(name, 0);
    const cases: [string, string, string[]][] = [
      ["-", "+", ["alpha", "bar", "cool", "down", "elephant"]],
      ["-", "[cool", ["alpha", "bar", "cool"]],
      ["-", "(cool", ["alpha", "bar"]],
      ["[bar", "[down", ["bar", "cool", "down"]],
      ["(bar", "(down", ["cool"]],
      ["(bar", "[baz", []],
      ["[b", "(c", ["bar"]],
      ["[cool", "[cool", ["cool"]],
      ["(cool", "[cool", []],
      ["[cool", "(cool", []],
      ["[", "+", ["alpha", "bar", "cool", "down", "elephant"]],
      ["-", "[", []],
      ["+", "-", []],
      ["-", "-", []],
      ["+", "+", []],
      ["+", "[cool", []],
      ["[cool", "-", []],
      ["[elephant\0", "+", []],
      ["[f", "[a", []],
    ];
    for (const [min, max, want] of cases) {
      const range = lex(min, max);
      const what = `${min} ${max}`;
      assert.equal(f.name(f.list.firstInLexRange(f.root, range)), want[0] ?? "", what);
      assert.equal(f.name(f.list.lastInLexRange(f.root, range)), want.at(-1) ?? "", what);
      assert.equal(f.list.countInLexRange(f.root, range), want.length, what);
    }
    f.dispose();
  });

  test("deletion by rank, by score and by member", () => {
    const out = new RefList(1);
    const ranges: [number, number, string][] = [
      [0, -1, ""],
      [1, 3, "bcd"],
      [0, 0, "a"],
      [4, 4, "e"],
      [0, 4, "abcde"],
      [-3, 1, "ab"],
      [3, 99, "de"],
      [5, 9, ""],
      [3, 2, ""],
    ];
    for (const [first, last, want] of ranges) {
      const run = (remove: (f: Fixture) => number) => {
        const f = letters();
        out.clear();
        assert.equal(remove(f), want.length);
        assert.equal(f.taken(out).join(""), want);
        assert.equal(f.names().join(""), "abcde".replace(want, ""));
        f.add("c2", 3);
        f.names();
        f.dispose();
      };
      run((f) => f.list.deleteRangeByRank(f.root, first, last, out));
      const scores = new ScoreRange().set(first + 1, false, last + 1, false);
      run((f) => f.list.deleteRangeByScore(f.root, scores, out));
      const members = lex(
        `(${"`abcde"[Math.max(first, 0)]}`,
        last < 0 ? "-" : `[${"abcdez"[Math.min(last, 5)]}`,
      );
      run((f) => f.list.deleteRangeByLex(f.root, members, out));
    }
  });

  test("a range of members where scores differ means nothing but breaks nothing", () => {
    const n = seed();
    const prng = new Prng(n);
    const out = new RefList();
    for (let round = 0; round < 200; round++) {
      const f = new Fixture();
      for (let i = 0; i < 60; i++) f.add(`${prng.nextBelow(1000)}.${i}`, i);
      out.clear();
      const min = prng.nextBelow(1000);
      const max = prng.nextBelow(1000);
      const count = f.list.deleteRangeByLex(f.root, lex(`[${min}`, `(${max}`), out);
      assert.equal(out.length, count, `seed ${n}`);
      f.taken(out);
      assert.equal(f.names().length, f.refs.size, `seed ${n}`);
      f.dispose();
    }
  });
});
