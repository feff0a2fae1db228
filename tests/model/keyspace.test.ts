/**
 * The keyspace against plain maps: random sets, growth, expiry, renames, copies, moves, swaps and flushes in
 * three databases, under a clock that is moved by hand, with memory that runs out at any allocation.
 */
import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { ManualClock } from "../../core/base/clock.ts";
import { Prng } from "../../core/base/prng.ts";
import { RefList } from "../../core/base/ref_list.ts";
import { AccessPolicy } from "../../core/keyspace/access.ts";
import type { Db } from "../../core/keyspace/db.ts";
import { ExpireCycle } from "../../core/keyspace/expire_cycle.ts";
import { Keyspace } from "../../core/keyspace/keyspace.ts";
import { ARENA_FULL } from "../../core/memory/arena.ts";
import {
  ENC_RAW,
  NO_EXPIRY,
  objectEncoding,
  objectExpiry,
  objectType,
  TYPE_STRING,
} from "../../core/types/object.ts";
import { ByteRange, readString, stringInteger, stringLen } from "../../core/types/t_string.ts";
import { oneIn, pick, randomInt, randomKey, randomValue, seeded } from "../support/gen.ts";
import { latin1, toBytes } from "../support/resp_reply.ts";
import { FailingArena, keyOf } from "../unit/structures/entries.ts";

interface Value {
  readonly text: string;
  readonly expireAt: number;
}

const DATABASES = 3;
/** Values are longer than what lies in an entry often enough. */
const VALUE_LEN_MAX = 3000;

class Model {
  readonly clock = new ManualClock();
  readonly arena: FailingArena;
  readonly prng: Prng;
  readonly keyspace: Keyspace;
  readonly cycle: ExpireCycle;
  /** What each database holds, dead keys that nobody has asked for included. */
  readonly oracle: Map<string, Value>[] = [];
  private readonly baseline: number;
  private readonly range = new ByteRange();

  constructor(n: number, arena: FailingArena) {
    this.arena = arena;
    this.prng = new Prng(n);
    this.keyspace = new Keyspace(arena, DATABASES, new AccessPolicy(this.prng), this.prng);
    this.cycle = new ExpireCycle(this.keyspace, this.clock);
    this.keyspace.setTime(this.clock.nowMs());
    for (let id = 0; id < DATABASES; id++) this.oracle.push(new Map());
    this.baseline = arena.usedBytes;
  }

  db(id: number): Db {
    return this.keyspace.dbs[id];
  }

  /** What the oracle says of a key that is looked up: a dead one is removed by that. */
  expected(id: number, name: string): Value | undefined {
    const value = this.oracle[id].get(name);
    if (value === undefined || value.expireAt === NO_EXPIRY) return value;
    if (value.expireAt >= this.keyspace.nowMs) return value;
    this.oracle[id].delete(name);
    return undefined;
  }

  /** Looks a key up in one of three ways and compares. */
  lookup(id: number, key: Uint8Array): number {
    const { keyspace } = this;
    const db = this.db(id);
    const kind = this.prng.nextBelow(3);
    const ref = kind === 0
      ? keyspace.lookupKeyRead(db, key, 0, key.length)
      : kind === 1
      ? keyspace.lookupKeyPeek(db, key, 0, key.length)
      : keyspace.lookupKeyWrite(db, key, 0, key.length);
    this.compare(ref, this.expected(id, latin1(key)), latin1(key));
    return ref;
  }

  set(id: number, key: Uint8Array): void {
    const { keyspace, prng } = this;
    const value = randomValue(prng, VALUE_LEN_MAX);
    let expireAt = oneIn(prng, 2) ? NO_EXPIRY : this.time();
    const ref = this.lookup(id, key);
    if (ref !== 0 && oneIn(prng, 4)) expireAt = objectExpiry(this.arena, ref);
    const set = keyspace.strings.set(
      this.db(id),
      ref,
      key,
      0,
      key.length,
      value,
      0,
      value.length,
      expireAt,
    );
    this.note(id, key, set, { text: latin1(value), expireAt });
  }

  increment(id: number, key: Uint8Array): void {
    const { keyspace, arena } = this;
    const ref = this.lookup(id, key);
    const old = ref === 0 ? 0 : stringInteger(arena, ref);
    if (!Number.isSafeInteger(old + 1)) return;
    const expireAt = ref === 0 ? NO_EXPIRY : objectExpiry(arena, ref);
    const set = keyspace.strings.setInteger(this.db(id), ref, key, 0, key.length, old + 1);
    this.note(id, key, set, { text: String(old + 1), expireAt });
  }

  /** APPEND or SETRANGE: lengthens a string and writes into it. */
  grow(id: number, key: Uint8Array): void {
    const { keyspace, arena, prng } = this;
    const ref = this.lookup(id, key);
    if (ref === 0) return;
    const len = stringLen(arena, ref);
    const piece = randomValue(prng, 1200);
    const at = oneIn(prng, 2) ? len : prng.nextBelow(len + 50);
    const old = this.expected(id, latin1(key))!;
    const grown = keyspace.strings.grow(this.db(id), ref, Math.max(len, at + piece.length));
    keyspace.strings.write(grown, at, piece, 0, piece.length);
    const text = old.text.padEnd(at, "\0");
    this.note(id, key, grown, {
      text: text.slice(0, at) + latin1(piece) + text.slice(at + piece.length),
      expireAt: old.expireAt,
    });
  }

  expire(id: number, key: Uint8Array): void {
    const ref = this.lookup(id, key);
    if (ref === 0) return;
    const expireAt = oneIn(this.prng, 3) ? NO_EXPIRY : this.time();
    const { text } = this.expected(id, latin1(key))!;
    const set = this.keyspace.setExpiry(this.db(id), ref, expireAt);
    this.note(id, key, set, { text, expireAt });
  }

  remove(id: number, key: Uint8Array): void {
    const ref = this.lookup(id, key);
    if (ref === 0) return;
    this.keyspace.remove(this.db(id), ref);
    this.oracle[id].delete(latin1(key));
  }

  /** RENAME, MOVE or COPY, onto a key that exists or not. */
  transfer(fromId: number, from: Uint8Array, toId: number, to: Uint8Array, copies: boolean): void {
    if (fromId === toId && latin1(from) === latin1(to)) return;
    const { keyspace } = this;
    const ref = this.lookup(fromId, from);
    if (ref === 0) return;
    const value = this.expected(fromId, latin1(from))!;
    const old = this.lookup(toId, to);
    const toDb = this.db(toId);
    if (copies) {
      const copy = keyspace.copyValue(ref, toDb, old, to, 0, to.length);
      this.note(toId, to, copy, value);
      return;
    }
    const moved = keyspace.moveValue(this.db(fromId), ref, toDb, old, to, 0, to.length);
    this.oracle[fromId].delete(latin1(from));
    this.note(toId, to, moved, value);
  }

  swap(a: number, b: number): void {
    this.keyspace.swap(this.db(a), this.db(b));
    const held = this.oracle[a];
    this.oracle[a] = this.oracle[b];
    this.oracle[b] = held;
  }

  flush(id: number): void {
    assert.equal(this.keyspace.empty(this.db(id)), this.oracle[id].size);
    this.oracle[id].clear();
  }

  random(id: number): void {
    const oracle = this.oracle[id];
    const ref = this.keyspace.randomKey(this.db(id));
    if (ref === 0) {
      for (const name of [...oracle.keys()]) assert.equal(this.expected(id, name), undefined);
      return;
    }
    const name = keyOf(this.arena, ref);
    const value = this.expected(id, name);
    assert.notEqual(value, undefined, `random key ${name}`);
    this.compare(ref, value, name);
    this.forgetRemoved(id);
  }

  /** Lets time pass, and the active cycle find what it finds. */
  pass(): void {
    this.clock.advance(randomInt(this.prng, 0, 400));
    this.keyspace.setTime(this.clock.nowMs());
    if (oneIn(this.prng, 3)) {
      this.cycle.run(1000);
      for (let id = 0; id < DATABASES; id++) this.forgetRemoved(id);
    }
  }

  /** Compares all of it. */
  validate(): void {
    const { keyspace, arena } = this;
    arena.validateIntegrity();
    const refs = new RefList();
    let blocks = 0;
    for (let id = 0; id < DATABASES; id++) {
      const { keys, expires } = this.db(id);
      keys.validateIntegrity();
      expires.validateIntegrity();
      blocks += dictBlocks(keys) + dictBlocks(expires) + keys.count;
      assert.equal(keys.count, this.oracle[id].size, `keys of db ${id}`);
      refs.clear();
      let cursor = 0;
      do cursor = keys.scan(cursor, refs); while (cursor !== 0);
      let mortal = 0;
      for (const ref of refs.refs.subarray(0, refs.length)) {
        const name = keyOf(arena, ref);
        this.compare(ref, this.oracle[id].get(name), name);
        if (objectEncoding(arena, ref) === ENC_RAW) blocks++;
        const key = toBytes(name);
        const isMortal = objectExpiry(arena, ref) !== NO_EXPIRY;
        const hash = keyspace.hashKey(key, 0, key.length);
        assert.equal(expires.findRef(hash, ref), isMortal, `${name} among those with an expiry`);
        if (isMortal) mortal++;
      }
      assert.equal(expires.count, mortal, `keys with an expiry of db ${id}`);
    }
    if (keyspace.lazyFree.pending === 0) assert.equal(arena.liveBlocks, blocks, "live blocks");
  }

  dispose(): void {
    for (let id = 0; id < DATABASES; id++) this.flush(id);
    this.keyspace.lazyFree.drain();
    this.validate();
    assert.equal(this.arena.usedBytes, this.baseline, "everything is given back");
  }

  private note(id: number, key: Uint8Array, ref: number, value: Value): void {
    this.oracle[id].set(latin1(key), value);
    this.compare(ref, value, latin1(key));
    assert.equal(keyOf(this.arena, ref), latin1(key));
    assert.equal(objectType(this.arena, ref), TYPE_STRING);
  }

  private compare(ref: number, value: Value | undefined, name: string): void {
    assert.equal(ref !== 0, value !== undefined, `whether ${name} exists`);
    if (ref === 0 || value === undefined) return;
    assert.equal(objectExpiry(this.arena, ref), value.expireAt, `expiry of ${name}`);
    readString(this.arena, ref, this.range);
    const { buf, off, len } = this.range;
    assert.equal(latin1((buf as Uint8Array).subarray(off, off + len)), value.text, name);
  }

  /** An expiry: soon, much later, or so late that it is no integer any more. */
  private time(): number {
    const { nowMs } = this.keyspace;
    return oneIn(this.prng, 20) ? 2 ** 63 : nowMs + randomInt(this.prng, 0, 3000);
  }

  /** Some dead keys have been removed, nobody knows which. */
  private forgetRemoved(id: number): void {
    const { keyspace } = this;
    for (const name of [...this.oracle[id].keys()]) {
      const key = toBytes(name);
      const { keys } = this.db(id);
      if (keys.find(keyspace.hashKey(key, 0, key.length), key, 0, key.length) === 0) {
        assert.equal(this.expected(id, name), undefined, `${name} was removed`);
      }
    }
  }
}

function dictBlocks(dict: Db["keys"]): number {
  return 2 + Math.ceil(dict.buckets / 64) + dict.children;
}

/** One operation, on keys of a pool of about that size. */
function step(model: Model, pool: number): void {
  const { prng } = model;
  const id = prng.nextBelow(DATABASES);
  const key = randomKey(prng, pool);
  const kind = prng.nextBelow(1000);
  if (kind < 350) model.set(id, key);
  else if (kind < 400) model.increment(id, key);
  else if (kind < 500) model.grow(id, key);
  else if (kind < 600) model.expire(id, key);
  else if (kind < 700) model.remove(id, key);
  else if (kind < 780) model.transfer(id, key, id, randomKey(prng, pool), false);
  else if (kind < 820) model.transfer(id, key, prng.nextBelow(DATABASES), key, false);
  else if (kind < 900) {
    model.transfer(id, key, prng.nextBelow(DATABASES), randomKey(prng, pool), true);
  } else if (kind < 930) model.random(id);
  else if (kind < 980) model.pass();
  else if (kind < 985) model.swap(id, prng.nextBelow(DATABASES));
  else if (kind < 990) model.keyspace.lazyFree.step(1 + prng.nextBelow(5));
  else if (kind === 999) model.flush(id);
  else model.lookup(id, key);
}

describe("keyspace against maps", () => {
  test("random operations in three databases", () => {
    seeded((n) => {
      const model = new Model(n, new FailingArena({ segmentBytes: 8 << 20 }));
      for (let i = 0; i < 30_000; i++) {
        step(model, pick(model.prng, [30, 300, 2000]));
        if (i % 2000 === 0) model.validate();
      }
      model.dispose();
    });
  });

  test("memory that runs out at any allocation: the operation changes nothing or succeeds", () => {
    seeded((n) => {
      const model = new Model(n, new FailingArena({ segmentBytes: 8 << 20 }));
      const { arena, prng } = model;
      let refused = 0;
      for (let i = 0; i < 20_000; i++) {
        arena.failIn = oneIn(prng, 2) ? randomInt(prng, 0, 4) : -1;
        try {
          step(model, 300);
        } catch (error) {
          if (error !== ARENA_FULL) throw error;
          refused++;
          arena.failIn = -1;
          if (oneIn(prng, 30)) model.validate();
        }
        if (i % 2000 === 0) model.validate();
      }
      arena.failIn = -1;
      assert.ok(refused > 500, `${refused} refused`);
      model.dispose();
    });
  });

  test("an arena of one small segment", () => {
    seeded((n) => {
      const model = new Model(n, new FailingArena({ segmentBytes: 18 << 16, segmentsMax: 1 }));
      let refused = 0;
      for (let i = 0; i < 20_000; i++) {
        try {
          step(model, 5000);
        } catch (error) {
          if (error !== ARENA_FULL) throw error;
          refused++;
          model.keyspace.lazyFree.drain();
        }
        if (i % 2000 === 0) model.validate();
      }
      assert.ok(refused > 100, `${refused} refused`);
      model.dispose();
    });
  });
});
