/**
 * Details of the keyspace that the model test does not look at: statistics, access bits, hints.
 */
import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { Prng } from "../../../core/base/prng.ts";
import { AccessPolicy, LFU_INIT } from "../../../core/keyspace/access.ts";
import { Keyspace } from "../../../core/keyspace/keyspace.ts";
import { NO_EXPIRY, objectAccess, objectExpiry } from "../../../core/types/object.ts";
import { ByteRange } from "../../../core/types/t_string.ts";
import { latin1, toBytes } from "../../support/resp_reply.ts";
import { FailingArena } from "../structures/entries.ts";

const NOW_MS = 1_700_000_000_000;

class Setup {
  readonly arena = new FailingArena();
  readonly keyspace: Keyspace;

  constructor() {
    const prng = new Prng(1);
    this.keyspace = new Keyspace(this.arena, 2, new AccessPolicy(prng), prng);
    this.keyspace.setTime(NOW_MS);
  }

  set(name: string, expireAt = NO_EXPIRY, id = 0): number {
    const key = toBytes(name);
    const value = toBytes(`value of ${name}`);
    const db = this.keyspace.dbs[id];
    const ref = this.keyspace.lookupKeyWrite(db, key, 0, key.length);
    return this.keyspace
      .strings.set(db, ref, key, 0, key.length, value, 0, value.length, expireAt);
  }

  lookup(how: "lookupKeyRead" | "lookupKeyPeek" | "lookupKeyWrite" | "lookupKey", name: string) {
    const key = toBytes(name);
    return this.keyspace[how](this.keyspace.dbs[0], key, 0, key.length);
  }
}

describe("lookups", () => {
  test("count hits and misses if they read, and touch if they use", () => {
    const setup = new Setup();
    const { keyspace, arena } = setup;
    const ref = setup.set("a");
    const start = objectAccess(arena, ref);
    const cases = [
      ["lookupKeyRead", 1, true],
      ["lookupKeyPeek", 1, false],
      ["lookupKeyWrite", 0, true],
      ["lookupKey", 0, false],
    ] as const;
    let seconds = 0;
    let touched = start;
    for (const [how, counts, touches] of cases) {
      const { hits, misses } = keyspace;
      seconds += 10;
      keyspace.setTime(NOW_MS + seconds * 1000);
      assert.equal(setup.lookup(how, "a"), ref);
      assert.equal(setup.lookup(how, "b"), 0);
      assert.equal(keyspace.hits - hits, counts, how);
      assert.equal(keyspace.misses - misses, counts, how);
      if (touches) touched = start + seconds;
      assert.equal(objectAccess(arena, ref), touched, how);
    }
    keyspace.noTouch = true;
    keyspace.setTime(NOW_MS + 1_000_000);
    setup.lookup("lookupKeyRead", "a");
    setup.lookup("lookupKeyWrite", "a");
    assert.equal(objectAccess(arena, ref), touched);
  });

  test("find a key in its last millisecond and remove it in the next", () => {
    const setup = new Setup();
    const { keyspace } = setup;
    setup.set("a", NOW_MS + 100);
    keyspace.setTime(NOW_MS + 100);
    assert.notEqual(setup.lookup("lookupKeyRead", "a"), 0);
    keyspace.setTime(NOW_MS + 101);
    assert.equal(keyspace.dbs[0].keys.count, 1);
    assert.equal(setup.lookup("lookupKey", "a"), 0);
    assert.equal(keyspace.dbs[0].keys.count, 0);
    assert.equal(keyspace.dbs[0].expires.count, 0);
    assert.equal(keyspace.expiredKeys, 1);
  });

  test("take the hash of a key from hints, in whatever order keys come", () => {
    const setup = new Setup();
    const { keyspace } = setup;
    const [db] = keyspace.dbs;
    const names = ["a", "b", "c"];
    const refs = names.map((name) => setup.set(name));
    const buf = toBytes("abc");
    const offs = Int32Array.of(0, 1, 2);
    const hashes = Int32Array.from(offs, (off) => keyspace.hashKey(buf, off, 1));
    keyspace.hintKeys(buf, offs, hashes, 0, 3);
    for (const off of [0, 0, 1, 0, 2, 2, 1]) {
      assert.equal(keyspace.lookupKey(db, buf, off, 1), refs[off]);
    }
    // The same place in another buffer is another key.
    keyspace.hintKeys(buf, offs, hashes, 0, 3);
    assert.equal(keyspace.lookupKey(db, toBytes("c"), 0, 1), refs[2]);
    keyspace.clearHints();
    assert.equal(keyspace.lookupKey(db, buf, 0, 1), refs[0]);
  });
});

describe("moves and copies", () => {
  test("make entries that count as just created", () => {
    const setup = new Setup();
    const { keyspace, arena } = setup;
    const { access, dbs } = keyspace;
    access.lfu = true;
    access.logFactor = 0;
    const [from, to, copy] = ["from", "to", "copy"].map(toBytes);
    setup.set("from", NOW_MS + 1000);
    for (let i = 0; i < 10; i++) setup.lookup("lookupKeyRead", "from");
    const ref = setup.lookup("lookupKey", "from");
    assert.equal(access.decayed(objectAccess(arena, ref)), LFU_INIT + 10);
    keyspace.lookupKey(dbs[1], copy, 0, copy.length);
    const copied = keyspace.copyValue(ref, dbs[1], 0, copy, 0, copy.length);
    keyspace.lookupKey(dbs[0], to, 0, to.length);
    const moved = keyspace.moveValue(dbs[0], ref, dbs[0], 0, to, 0, to.length);
    for (const made of [copied, moved]) {
      assert.equal(access.decayed(objectAccess(arena, made)), LFU_INIT);
      assert.equal(objectExpiry(arena, made), NOW_MS + 1000);
    }
    assert.equal(keyspace.lookupKey(dbs[0], from, 0, from.length), 0);
    const range = new ByteRange();
    keyspace.readKey(moved, range);
    assert.equal(
      latin1((range.buf as Uint8Array).subarray(range.off, range.off + range.len)),
      "to",
    );
  });
});

describe("randomKey", () => {
  test("removes the dead it meets and returns the living", () => {
    const setup = new Setup();
    const { keyspace } = setup;
    const [db] = keyspace.dbs;
    for (let i = 0; i < 500; i++) setup.set(`dead:${i}`, NOW_MS);
    const alive = setup.set("alive", NOW_MS + 10);
    keyspace.setTime(NOW_MS + 1);
    for (let i = 0; i < 20; i++) assert.equal(keyspace.randomKey(db), alive);
    keyspace.setTime(NOW_MS + 11);
    assert.equal(keyspace.randomKey(db), 0);
    assert.equal(db.keys.count, 0);
    assert.equal(keyspace.expiredKeys, 501);
  });
});

describe("empty", () => {
  test("works when there is no memory for new tables", () => {
    const setup = new Setup();
    const { keyspace, arena } = setup;
    const baseline = arena.usedBytes;
    for (let failIn = 0; failIn < 6; failIn++) {
      for (let i = 0; i < 300; i++) setup.set(`key:${i}`, i % 2 === 0 ? NO_EXPIRY : NOW_MS + 1);
      arena.failIn = failIn;
      assert.equal(keyspace.empty(keyspace.dbs[0]), 300);
      assert.equal(keyspace.lazyFree.pending, 0);
      assert.equal(arena.usedBytes, baseline);
      arena.failIn = -1;
    }
    setup.set("after");
    assert.notEqual(setup.lookup("lookupKey", "after"), 0);
  });
});
