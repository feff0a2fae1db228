/**
 * Hashes against a Map of their fields: random operations with small limits and a moving clock, so that
 * encodings change and fields expire all the time, in an arena that notices stores to freed memory, with
 * allocations that fail, and nothing left behind.
 */
import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { Prng } from "../../core/base/prng.ts";
import { ARENA_FULL } from "../../core/memory/arena.ts";
import {
  COLLECTION_BODY_BYTES,
  ENC_HASHTABLE,
  ENC_HASHTABLE_EX,
  ENC_LISTPACK,
  ENC_LISTPACK_EX,
  makeMeta,
  NO_EXPIRY,
  objectEncoding,
  TYPE_HASH,
} from "../../core/types/object.ts";
import { FIELD_EXPIRED, FIELD_LIVE, FIELD_NONE, Hashes } from "../../core/types/t_hash.ts";
import type { ByteRange } from "../../core/types/t_string.ts";
import { TypeContext } from "../../core/types/type_context.ts";
import { EDGE_INTEGERS, oneIn, pick, randomInt, seed } from "../support/gen.ts";
import { latin1, toBytes } from "../support/resp_reply.ts";
import { FailingArena } from "../unit/structures/entries.ts";

const ENTRY_BYTES = 8 + COLLECTION_BODY_BYTES;

interface Field {
  value: string;
  expireAt: number;
}

/** A hash and the fields it should have, expired ones included. */
interface Model {
  ref: number;
  fields: Map<string, Field>;
  encoding: number;
}

function textOf(range: ByteRange): string {
  return latin1((range.buf as Uint8Array).subarray(range.off, range.off + range.len));
}

class World {
  readonly arena = new FailingArena({ segmentBytes: 1 << 24 });
  readonly prng: Prng;
  readonly context: TypeContext;
  readonly hashes: Hashes;
  readonly models: Model[] = [];
  /** Checks by encoding. */
  readonly checked = new Map<number, number>();

  constructor(n: number) {
    this.prng = new Prng(n);
    this.context = new TypeContext(this.arena, this.prng, this.prng.nextU32(), this.prng.nextU32());
    this.context.expiryMs = 1000;
    this.hashes = new Hashes(this.context);
    this.shuffleLimits();
    for (let i = 0; i < 3; i++) this.models.push(this.fresh());
  }

  /** Small limits; hashes that exist keep their encoding. */
  shuffleLimits(): void {
    const { prng, context } = this;
    context.limits.hashMaxListpackEntries = randomInt(prng, 0, 40);
    context.limits.hashMaxListpackValue = pick(prng, [4, 8, 30, 64]);
  }

  /** The entry of an empty hash. */
  entry(): number {
    const ref = this.arena.alloc(ENTRY_BYTES);
    this.arena.fill(ref, 0, ENTRY_BYTES, 0);
    this.arena.storeI32(ref, 0, makeMeta(TYPE_HASH, 0, 0));
    this.hashes.init(ref);
    return ref;
  }

  fresh(): Model {
    return { ref: this.entry(), fields: new Map(), encoding: ENC_LISTPACK };
  }

  drop(model: Model): void {
    if (oneIn(this.prng, 2)) this.hashes.free(model.ref);
    else while (this.hashes.freeSome(model.ref, randomInt(this.prng, 1, 20)));
    this.arena.free(model.ref);
  }

  name(): string {
    const { prng } = this;
    switch (prng.nextBelow(8)) {
      case 0:
        return pick(prng, EDGE_INTEGERS);
      case 1:
        return pick(prng, ["", "a", "-", "01", "\0\r\n\xff", "1.5"]);
      case 2:
        return "x".repeat(randomInt(prng, 0, 70));
      default:
        return `f${prng.nextBelow(60)}`;
    }
  }

  value(): string {
    const { prng } = this;
    if (oneIn(prng, 100)) return "long".repeat(randomInt(prng, 200, 700));
    if (oneIn(prng, 4)) return pick(prng, EDGE_INTEGERS);
    return "v".repeat(randomInt(prng, 0, oneIn(prng, 4) ? 80 : 8));
  }

  /** A field that is there, most of the time. */
  someName(model: Model): string {
    if (model.fields.size === 0 || oneIn(this.prng, 4)) return this.name();
    return pick(this.prng, [...model.fields.keys()]);
  }

  set(model: Model, name: string, value: string, keeps: boolean): void {
    const { hashes, context } = this;
    const f = toBytes(name);
    const v = toBytes(value);
    const old = model.fields.get(name);
    const { hashMaxListpackEntries: entriesMax, hashMaxListpackValue: lenMax } = context.limits;
    const created = keeps
      ? hashes.setKeepingExpiry(model.ref, f, 0, f.length, v, 0, v.length)
      : hashes.set(model.ref, f, 0, f.length, v, 0, v.length);
    assert.equal(created, old === undefined, `created ${name}`);
    model.fields.set(name, { value, expireAt: keeps && old ? old.expireAt : NO_EXPIRY });
    if (f.length > lenMax || v.length > lenMax || created && model.fields.size > entriesMax) {
      if (model.encoding === ENC_LISTPACK) model.encoding = ENC_HASHTABLE;
      if (model.encoding === ENC_LISTPACK_EX) model.encoding = ENC_HASHTABLE_EX;
    }
  }

  delete(model: Model, name: string): void {
    const f = toBytes(name);
    const found = this.hashes.find(model.ref, f, 0, f.length);
    assert.equal(found !== FIELD_NONE, model.fields.delete(name), `delete ${name}`);
    if (found !== FIELD_NONE) this.hashes.deleteFound(model.ref);
  }

  expire(model: Model, name: string, expireAt: number): void {
    const { hashes } = this;
    const f = toBytes(name);
    hashes.makeExpiring(model.ref);
    if (model.encoding === ENC_LISTPACK) model.encoding = ENC_LISTPACK_EX;
    if (model.encoding === ENC_HASHTABLE) model.encoding = ENC_HASHTABLE_EX;
    if (hashes.find(model.ref, f, 0, f.length) === FIELD_NONE) return;
    hashes.setFoundExpiry(model.ref, expireAt);
    model.fields.get(name)!.expireAt = expireAt;
  }

  removeExpired(model: Model): void {
    const max = pick(this.prng, [1, 3, Infinity]);
    const due = [...model.fields].filter(([, field]) => this.isExpired(field))
      .sort(([, a], [, b]) => a.expireAt - b.expireAt);
    const removed = this.hashes.removeExpired(model.ref, max);
    assert.equal(removed, Math.min(max, due.length));
    // Among those of one time any may have gone first.
    for (const [name] of due) {
      const f = toBytes(name);
      if (this.hashes.find(model.ref, f, 0, f.length) === FIELD_NONE) model.fields.delete(name);
    }
    const left = due.filter(([name]) => model.fields.has(name));
    const gone = due.filter(([name]) => !model.fields.has(name));
    assert.equal(gone.length, removed);
    for (const [, a] of gone) for (const [, b] of left) assert.ok(a.expireAt <= b.expireAt);
  }

  copy(model: Model): void {
    const { prng, hashes } = this;
    const index = prng.nextBelow(this.models.length);
    if (this.models[index] === model) return;
    const to = this.entry();
    hashes.copy(model.ref, to);
    this.drop(this.models[index]);
    const fields = new Map([...model.fields].map(([name, field]) => [name, { ...field }]));
    this.models[index] = { ref: to, fields, encoding: model.encoding };
  }

  isExpired(field: Field): boolean {
    return field.expireAt !== NO_EXPIRY && field.expireAt < this.context.expiryMs;
  }

  step(model: Model): void {
    const { prng, context } = this;
    switch (prng.nextBelow(16)) {
      case 0:
      case 1:
      case 2:
        return this.delete(model, this.someName(model));
      case 3:
      case 4:
        return this.expire(model, this.someName(model), context.expiryMs + randomInt(prng, -5, 40));
      case 5:
        return this.expire(model, this.someName(model), NO_EXPIRY);
      case 6:
        return this.removeExpired(model);
      case 7:
        context.expiryMs += prng.nextBelow(4);
        return;
      case 8:
        return this.set(model, this.someName(model), this.value(), true);
      case 9:
        if (oneIn(prng, 8)) this.copy(model);
        return;
      default:
        return this.set(model, this.someName(model), this.value(), false);
    }
  }

  check(model: Model): void {
    const { hashes, arena } = this;
    const { ref, fields } = model;
    hashes.validateIntegrity(ref);
    assert.equal(objectEncoding(arena, ref), model.encoding);
    this.checked.set(model.encoding, (this.checked.get(model.encoding) ?? 0) + 1);
    assert.equal(hashes.length(ref), fields.size);
    const live = [...fields].filter(([, field]) => !this.isExpired(field));
    assert.equal(hashes.liveLength(ref), live.length);
    const times = [...fields.values()].map((field) => field.expireAt).filter((at) => at >= 0);
    assert.equal(hashes.nextExpiry(ref), Math.min(Infinity, ...times));
    for (const [name, field] of fields) this.checkField(ref, name, field);
    this.checkWalks(ref, new Map(live));
    this.checkBytes(model);
  }

  checkField(ref: number, name: string, field: Field): void {
    const { hashes } = this;
    const f = toBytes(name);
    const found = hashes.find(ref, f, 0, f.length);
    assert.equal(found, this.isExpired(field) ? FIELD_EXPIRED : FIELD_LIVE, name);
    assert.equal(hashes.foundExpiry(ref), field.expireAt, name);
    hashes.readFound(ref);
    assert.equal(textOf(hashes.value), field.value, name);
  }

  checkWalks(ref: number, live: Map<string, Field>): void {
    const { walk } = this.hashes;
    const seen = new Set<string>();
    walk.start(ref);
    while (walk.next()) {
      const name = textOf(walk.field);
      assert.ok(!seen.has(name), `${name} comes once`);
      seen.add(name);
      assert.equal(textOf(walk.value), live.get(name)?.value, name);
      assert.equal(walk.expiry, live.get(name)?.expireAt, name);
    }
    assert.equal(seen.size, live.size);
    const scanned = new Set<string>();
    let cursor = 0;
    do {
      cursor = walk.beginScan(ref, cursor, randomInt(this.prng, 1, 20));
      while (walk.nextScanned()) scanned.add(textOf(walk.field));
    } while (cursor !== 0);
    assert.deepEqual(scanned, seen);
  }

  /** Counting all blocks gives exactly what freeing them gives back. */
  checkBytes(model: Model): void {
    const { arena, hashes, prng } = this;
    if (!oneIn(prng, 10)) return;
    const bytes = hashes.bytes(model.ref, 0);
    const before = arena.usedBytes;
    hashes.free(model.ref);
    const table = objectEncoding(arena, model.ref) === ENC_HASHTABLE ||
      objectEncoding(arena, model.ref) === ENC_HASHTABLE_EX;
    // The first chunk of a dict has room for the next power of two.
    if (table) assert.ok(before - arena.usedBytes >= bytes, "no more than there is");
    else assert.equal(before - arena.usedBytes, bytes);
    arena.free(model.ref);
    const index = this.models.indexOf(model);
    this.models[index] = this.fresh();
  }
}

function run(n: number, steps: number): void {
  const world = new World(n);
  const { arena, prng } = world;
  for (let i = 0; i < steps; i++) {
    if (oneIn(prng, 200)) world.shuffleLimits();
    if (oneIn(prng, 400)) {
      const index = prng.nextBelow(world.models.length);
      world.drop(world.models[index]);
      world.models[index] = world.fresh();
    }
    const model = pick(prng, world.models);
    world.step(model);
    if (oneIn(prng, 10)) world.check(model);
  }
  for (const model of world.models) world.check(model);
  for (const encoding of [ENC_LISTPACK, ENC_LISTPACK_EX, ENC_HASHTABLE, ENC_HASHTABLE_EX]) {
    assert.ok(world.checked.has(encoding), `encoding ${encoding} came up`);
  }
  for (const model of world.models) world.drop(model);
  assert.equal(arena.usedBytes, 0);
}

describe("hashes against a map", () => {
  const n = seed();
  test("random operations in every encoding", () => run(n, 20000));

  test("a change that finds no memory leaves the hash as it was", () => {
    const world = new World(n);
    const { arena, prng, hashes } = world;
    for (let i = 0; i < 4000; i++) {
      if (oneIn(prng, 100)) world.shuffleLimits();
      const model = pick(prng, world.models);
      const f = toBytes(world.someName(model));
      const v = toBytes(world.value());
      const encoding = objectEncoding(arena, model.ref);
      const before = describeHash(world, model.ref);
      arena.failIn = prng.nextBelow(6);
      try {
        if (oneIn(prng, 3)) {
          hashes.makeExpiring(model.ref);
          if (hashes.find(model.ref, f, 0, f.length) !== FIELD_NONE) {
            hashes.setFoundExpiry(model.ref, randomInt(prng, 1, 5000));
          }
        } else if (oneIn(prng, 20)) {
          const to = world.entry();
          try {
            hashes.copy(model.ref, to);
            arena.failIn = -1;
            assert.equal(describeHash(world, to), before);
            hashes.free(to);
          } finally {
            arena.free(to);
          }
        } else hashes.setKeepingExpiry(model.ref, f, 0, f.length, v, 0, v.length);
        arena.failIn = -1;
      } catch (error) {
        arena.failIn = -1;
        assert.equal(error, ARENA_FULL);
        hashes.validateIntegrity(model.ref);
        assert.equal(describeHash(world, model.ref), before);
        assert.ok(objectEncoding(arena, model.ref) >= encoding);
      }
    }
    assert.ok(arena.failures > 100);
    for (const model of world.models) world.drop(model);
    assert.equal(arena.usedBytes, 0);
  });

  test("random fields come from the whole hash", () => {
    const world = new World(n);
    const { hashes, context } = world;
    for (const entries of [512, 0]) {
      context.limits.hashMaxListpackEntries = entries;
      const model = world.fresh();
      assert.equal(hashes.walk.random(model.ref), false);
      for (let i = 0; i < 40; i++) world.set(model, `f${i}`, `v${i}`, false);
      const seen = new Set<string>();
      for (let i = 0; i < 2000; i++) {
        assert.ok(hashes.walk.random(model.ref));
        const name = textOf(hashes.walk.field);
        assert.equal(textOf(hashes.walk.value), model.fields.get(name)?.value);
        seen.add(name);
      }
      assert.equal(seen.size, 40, `seed ${n}`);
    }
  });
});

/** All that a hash has, as a text. */
function describeHash(world: World, ref: number): string {
  const { walk } = world.hashes;
  const nowMs = world.context.expiryMs;
  world.context.expiryMs = 0;
  const parts: string[] = [];
  walk.start(ref);
  while (walk.next()) {
    parts.push(JSON.stringify([textOf(walk.field), textOf(walk.value), walk.expiry]));
  }
  world.context.expiryMs = nowMs;
  return parts.sort().join();
}
