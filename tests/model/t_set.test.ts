/**
 * Sets against a Map of their members: random operations with small limits, so that encodings change all the
 * time, in an arena that notices stores to freed memory, with allocations that fail, and nothing left behind.
 */
import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { Prng } from "../../core/base/prng.ts";
import { RefList } from "../../core/base/ref_list.ts";
import { ARENA_FULL } from "../../core/memory/arena.ts";
import {
  COLLECTION_BODY_BYTES,
  ENC_HASHTABLE,
  ENC_INTSET,
  ENC_LISTPACK,
  makeMeta,
  objectEncoding,
  TYPE_SET,
} from "../../core/types/object.ts";
import { Sets } from "../../core/types/t_set.ts";
import { ByteRange } from "../../core/types/t_string.ts";
import { TypeContext } from "../../core/types/type_context.ts";
import { EDGE_INTEGERS, oneIn, pick, randomInt, seed } from "../support/gen.ts";
import { latin1, toBytes } from "../support/resp_reply.ts";
import { FailingArena } from "../unit/structures/entries.ts";

const ENTRY_BYTES = 8 + COLLECTION_BODY_BYTES;
const INT64 = /^(0|-?[1-9]\d{0,18})$/;

/** A set and the members it should have. */
class Model {
  readonly ref: number;
  readonly members = new Set<string>();
  encoding = ENC_INTSET;
  private readonly world: World;

  constructor(world: World) {
    this.world = world;
    this.ref = world.entry();
  }

  /** The encoding that Redis's rules give when a member is added. */
  noteAdded(member: string): void {
    const { limits } = this.world.context;
    const before = this.members.size;
    const isShort = member.length <= limits.setMaxListpackValue;
    const fits = before < limits.setMaxListpackEntries && isShort;
    if (this.encoding === ENC_LISTPACK && !fits) this.encoding = ENC_HASHTABLE;
    else if (this.encoding === ENC_INTSET && isInteger(member)) {
      if (before + 1 > limits.setMaxIntsetEntries) this.encoding = ENC_HASHTABLE;
    } else if (this.encoding === ENC_INTSET) {
      const longest = Math.max(0, ...edges(this.members).map((m) => m.length));
      this.encoding = fits && longest <= limits.setMaxListpackValue ? ENC_LISTPACK : ENC_HASHTABLE;
    }
    this.members.add(member);
  }

  clear(): void {
    const { sets, arena } = this.world;
    sets.free(this.ref);
    this.members.clear();
    this.encoding = ENC_INTSET;
    this.world.reset(this.ref);
    assert.equal(arena.usable(this.ref) >= ENTRY_BYTES, true);
  }
}

/** Texts of the least and the greatest integer. */
function edges(members: Set<string>): string[] {
  const sorted = [...members].map(BigInt).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return sorted.length === 0 ? [] : [sorted[0], sorted[sorted.length - 1]].map(String);
}

function isInteger(member: string): boolean {
  if (!INT64.test(member)) return false;
  const value = BigInt(member);
  return BigInt.asIntN(64, value) === value;
}

class World {
  readonly arena = new FailingArena({ segmentBytes: 1 << 24 });
  readonly prng: Prng;
  readonly context: TypeContext;
  readonly sets: Sets;
  readonly n: number;
  private readonly range = new ByteRange();

  constructor(n: number) {
    this.n = n;
    this.prng = new Prng(n);
    this.context = new TypeContext(this.arena, this.prng, this.prng.nextU32(), this.prng.nextU32());
    this.sets = new Sets(this.context);
    this.shuffleLimits();
  }

  /** Small limits; sets that exist keep their encoding. */
  shuffleLimits(): void {
    const { prng, context } = this;
    context.limits.setMaxIntsetEntries = randomInt(prng, 0, 40);
    context.limits.setMaxListpackEntries = randomInt(prng, 0, 30);
    context.limits.setMaxListpackValue = pick(prng, [2, 8, 20, 64]);
  }

  entry(): number {
    const ref = this.arena.alloc(ENTRY_BYTES);
    this.reset(ref);
    return ref;
  }

  reset(ref: number): void {
    this.arena.fill(ref, 0, ENTRY_BYTES, 0);
    this.arena.storeI32(ref, 0, makeMeta(TYPE_SET, 0, 0));
    this.sets.init(ref);
  }

  member(): string {
    const { prng } = this;
    switch (prng.nextBelow(6)) {
      case 0:
        return pick(prng, EDGE_INTEGERS);
      case 1:
        return pick(prng, ["", "a", "-", "01", "\0\r\n\xff", "1.5"]);
      case 2:
        return "x".repeat(randomInt(prng, 0, 100));
      case 3:
        return `m${prng.nextBelow(200)}`;
      default:
        return String(randomInt(prng, -60, 60));
    }
  }

  add(set: Model, member: string): void {
    const bytes = toBytes(member);
    const isNew = this.sets.add(set.ref, bytes, 0, bytes.length);
    assert.equal(isNew, !set.members.has(member), `add ${member}, seed ${this.n}`);
    if (isNew) set.noteAdded(member);
    assert.equal(objectEncoding(this.arena, set.ref), set.encoding, `${member}, seed ${this.n}`);
  }

  remove(set: Model, member: string): void {
    const bytes = toBytes(member);
    const was = this.sets.remove(set.ref, bytes, 0, bytes.length);
    assert.equal(was, set.members.delete(member), `remove ${member}, seed ${this.n}`);
  }

  at(ref: number, place: number): string {
    this.sets.readPlace(ref, place, this.range);
    return latin1(
      (this.range.buf as Uint8Array).slice(this.range.off, this.range.off + this.range.len),
    );
  }

  /** The members as a walk finds them, each once. */
  walk(ref: number): string[] {
    const { members } = this.sets.algebra;
    const found: string[] = [];
    members.start(ref);
    while (members.fill()) {
      members.toText();
      for (let i = 0; i < members.count; i++) {
        const from = members.offs[i];
        const text = latin1((members.bufs[i] as Uint8Array).slice(from, from + members.lens[i]));
        assert.equal(this.at(ref, members.places[i]), text);
        found.push(text);
      }
    }
    return found.sort();
  }

  check(set: Model): void {
    const { sets, n } = this;
    sets.validateIntegrity(set.ref);
    assert.equal(sets.length(set.ref), set.members.size, `length, seed ${n}`);
    assert.deepEqual(this.walk(set.ref), [...set.members].sort(), `members, seed ${n}`);
    const places = new RefList();
    sets.places(set.ref, places);
    assert.equal(places.length, set.members.size);
    for (let i = 0; i < 3; i++) {
      const member = this.member();
      const bytes = toBytes(member);
      const isIn = set.members.has(member);
      assert.equal(sets.has(set.ref, bytes, 0, bytes.length), isIn, `has ${member}, seed ${n}`);
      assert.equal(sets.findPlace(set.ref, bytes, 0, bytes.length), isIn);
      if (isIn) assert.equal(this.at(set.ref, sets.foundPlace), member);
    }
    if (set.members.size === 0) return;
    assert.ok(set.members.has(this.at(set.ref, sets.randomPlace(set.ref))), `random, seed ${n}`);
  }

  popRandom(set: Model): void {
    const place = this.sets.randomPlace(set.ref);
    const member = this.at(set.ref, place);
    this.sets.removePlace(set.ref, place);
    assert.ok(set.members.delete(member), `pop ${member}, seed ${this.n}`);
  }

  copy(set: Model): void {
    const { sets, arena } = this;
    const to = this.entry();
    arena.storeI32(to, 0, makeMeta(TYPE_SET, set.encoding, 0));
    sets.copy(set.ref, to);
    sets.validateIntegrity(to);
    assert.deepEqual(this.walk(to), [...set.members].sort(), `copy, seed ${this.n}`);
    assert.ok(sets.bytes(to, 0) <= sets.bytes(set.ref, 0), `bytes, seed ${this.n}`);
    if (oneIn(this.prng, 2)) sets.free(to);
    else while (sets.freeSome(to, 5));
    arena.free(to);
  }

  scan(set: Model): void {
    const { sets } = this;
    const seen = new Set<string>();
    let cursor = 0;
    do {
      cursor = sets.scan.beginScan(set.ref, cursor, 3);
      for (let twice = 0; twice < 2; twice++) {
        sets.scan.rewindScan();
        while (sets.scan.nextScanned()) {
          const { buf, off, len } = sets.scan.scanned;
          seen.add(latin1((buf as Uint8Array).slice(off, off + len)));
        }
      }
    } while (cursor !== 0);
    assert.deepEqual([...seen].sort(), [...set.members].sort(), `scan, seed ${this.n}`);
  }

  done(models: Model[]): void {
    for (const set of models) {
      this.sets.free(set.ref);
      this.arena.free(set.ref);
    }
    this.arena.validateIntegrity();
    assert.equal(this.arena.usedBytes, 0, `nothing is left, seed ${this.n}`);
  }
}

describe("sets against a naive oracle", () => {
  test("members, in every encoding", () => {
    const world = new World(seed());
    const models = [new Model(world), new Model(world), new Model(world)];
    for (let step = 0; step < 12_000; step++) {
      const set = pick(world.prng, models);
      const what = world.prng.nextBelow(100);
      if (what < 60) world.add(set, world.member());
      else if (what < 85) world.remove(set, world.member());
      else if (what < 90 && set.members.size > 0) world.popRandom(set);
      else if (what < 95) world.check(set);
      else if (what < 96) world.copy(set);
      else if (what < 97) world.scan(set);
      else if (what < 98) world.shuffleLimits();
      else if (oneIn(world.prng, 2)) set.clear();
    }
    for (const set of models) world.check(set);
    world.done(models);
  });

  test("a large one grows and is emptied", () => {
    const world = new World(seed());
    const set = new Model(world);
    for (let i = 0; i < 3000; i++) world.add(set, `member:${i}`);
    world.check(set);
    world.copy(set);
    while (set.members.size > 0) {
      world.popRandom(set);
      if (set.members.size % 500 === 0) world.check(set);
    }
    world.done([set]);
  });

  test("bytes from a sample", () => {
    const world = new World(seed());
    const set = new Model(world);
    for (let i = 0; i < 2000; i++) world.add(set, `member:${i}`);
    const all = world.sets.bytes(set.ref, 0);
    const some = world.sets.bytes(set.ref, 5);
    assert.ok(Math.abs(all - some) < all * 0.2, `${some} of ${all}, seed ${world.n}`);
    world.done([set]);
  });
});

/** What an operation should give. */
function expected(op: string, sets: (Model | null)[]): string[] {
  const lists = sets.map((set) => (set === null ? new Set<string>() : set.members));
  if (op === "union") return [...new Set(lists.flatMap((list) => [...list]))].sort();
  const rest = lists.slice(1);
  return [...lists[0]]
    .filter((m) => (op === "inter" ? rest.every((r) => r.has(m)) : !rest.some((r) => r.has(m))))
    .sort();
}

describe("set algebra against a naive oracle", () => {
  function build(world: World, count: number): Model[] {
    const models: Model[] = [];
    for (let i = 0; i < count; i++) {
      const model = new Model(world);
      if (oneIn(world.prng, 3)) world.shuffleLimits();
      const size = pick(world.prng, [1, 5, 20, 100, 400]);
      const onlyIntegers = oneIn(world.prng, 3);
      for (let j = 0; j < size; j++) {
        world.add(model, onlyIntegers ? String(randomInt(world.prng, -99, 99)) : world.member());
      }
      models.push(model);
    }
    return models;
  }

  function refsOf(models: (Model | null)[]): RefList {
    const refs = new RefList();
    for (const model of models) refs.push(model === null ? 0 : model.ref);
    return refs;
  }

  /** The members that a result of places names. */
  function shown(world: World, op: string, refs: RefList): string[] {
    const { algebra } = world.sets;
    const out = new RefList();
    if (op === "inter") {
      const count = algebra.intersect(refs, 0, out);
      assert.equal(count, out.length);
      assert.equal(algebra.intersect(refs, 2, null), Math.min(2, count));
    } else if (op === "diff") algebra.diff(refs, out);
    const found: string[] = [];
    if (op !== "union") {
      for (let i = 0; i < out.length; i++) found.push(world.at(refs.refs[0], out.refs[i]));
      return found.sort();
    }
    const ends = new RefList();
    algebra.union(refs, out, ends);
    if (refs.refs[0] !== 0) found.push(...world.walk(refs.refs[0]));
    for (let i = 1; i < refs.length; i++) {
      for (let j = ends.refs[i - 1]; j < ends.refs[i]; j++) {
        found.push(world.at(refs.refs[i], out.refs[j]));
      }
    }
    return found.sort();
  }

  function into(world: World, op: string, refs: RefList): string[] {
    const { sets, arena } = world;
    const to = world.entry();
    if (op === "inter") sets.algebra.intersectInto(to, refs);
    else if (op === "diff") sets.algebra.diffInto(to, refs);
    else sets.algebra.unionInto(to, refs);
    sets.validateIntegrity(to);
    const found = world.walk(to);
    if (objectEncoding(arena, to) === ENC_INTSET) assert.ok(found.every(isInteger));
    sets.free(to);
    arena.free(to);
    return found;
  }

  for (const op of ["inter", "diff", "union"]) {
    test(op, () => {
      const n = seed();
      for (let round = 0; round < 60; round++) {
        const world = new World(n + round);
        const models = build(world, randomInt(world.prng, 1, 6));
        for (let i = 0; i < 8; i++) {
          const count = oneIn(world.prng, 12) ? 20 : randomInt(world.prng, 1, 4);
          const chosen: (Model | null)[] = [];
          for (let j = 0; j < count; j++) {
            chosen.push(op !== "inter" && oneIn(world.prng, 6) ? null : pick(world.prng, models));
          }
          const want = expected(op, chosen);
          assert.deepEqual(shown(world, op, refsOf(chosen)), want, `${op}, seed ${world.n}`);
          assert.deepEqual(into(world, op, refsOf(chosen)), want, `${op} into, seed ${world.n}`);
        }
        world.done(models);
      }
    });
  }
});

describe("sets when memory runs out", () => {
  test("an addition or a conversion that fails changes nothing", () => {
    const world = new World(seed());
    const { arena, sets } = world;
    const set = new Model(world);
    for (let step = 0; step < 4000; step++) {
      if (set.members.size > 60 || oneIn(world.prng, 200)) set.clear();
      const member = world.member();
      const bytes = toBytes(member);
      arena.failIn = oneIn(world.prng, 3) ? world.prng.nextBelow(4) : -1;
      try {
        const isNew = sets.add(set.ref, bytes, 0, bytes.length);
        arena.failIn = -1;
        if (isNew) set.members.add(member);
      } catch (error) {
        arena.failIn = -1;
        assert.equal(error, ARENA_FULL, `seed ${world.n}`);
        // An integer that went in before its set failed to become a hashtable stays there.
        if (sets.has(set.ref, bytes, 0, bytes.length)) set.members.add(member);
      }
      world.check(set);
    }
    assert.ok(arena.failures > 100);
    world.done([set]);
  });

  test("a copy that fails leaves nothing", () => {
    const world = new World(seed());
    const { arena, sets } = world;
    const set = new Model(world);
    for (let i = 0; i < 200; i++) world.add(set, `m${i}`);
    for (let failIn = 0; failIn < 60; failIn++) {
      const to = world.entry();
      arena.storeI32(to, 0, makeMeta(TYPE_SET, set.encoding, 0));
      const before = arena.usedBytes;
      arena.failIn = failIn;
      try {
        sets.copy(set.ref, to);
        sets.free(to); // The table does without a bucket that it can't get.
      } catch (error) {
        assert.equal(error, ARENA_FULL);
      }
      arena.failIn = -1;
      assert.equal(arena.usedBytes, before, `failing at ${failIn}, seed ${world.n}`);
      arena.free(to);
    }
    world.done([set]);
  });
});
