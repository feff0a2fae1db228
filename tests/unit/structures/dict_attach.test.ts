/**
 * One Dict object for many roots: each operation binds it to another one first.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import { Prng } from "../../../core/base/prng.ts";
import { RefList } from "../../../core/base/ref_list.ts";
import { ARENA_FULL } from "../../../core/memory/arena.ts";
import { Dict } from "../../../core/structures/dict.ts";
import { seed } from "../../support/gen.ts";
import { latin1, toBytes } from "../../support/resp_reply.ts";
import { FailingArena, keyOf, makeEntry } from "./entries.ts";

test("an object without a root takes no memory", () => {
  const arena = new FailingArena();
  const dict = Dict.attach(arena, 1, 2);
  assert.equal(dict.root, 0);
  assert.equal(arena.liveBlocks, 0);
  const root = dict.create();
  assert.equal(dict.root, root);
  assert.equal(dict.count, 0);
  assert.equal(dict.at(root), dict);
  dict.free();
  assert.equal(arena.usedBytes, 0);
});

test("create leaves nothing behind, and the object where it was, when memory runs out", () => {
  const arena = new FailingArena();
  const dict = Dict.attach(arena, 1, 2);
  const root = dict.create();
  const used = arena.usedBytes;
  for (let failIn = 0; failIn < 3; failIn++) {
    arena.failIn = failIn;
    assert.throws(() => dict.create(), (error) => error === ARENA_FULL);
    assert.equal(arena.usedBytes, used);
    assert.equal(dict.root, root);
    dict.validateIntegrity();
  }
  dict.free();
});

test("a dict of a database is seen through another object", () => {
  const arena = new FailingArena();
  const owner = new Dict(arena, 5, 6);
  for (let i = 0; i < 1000; i++) {
    const key = toBytes(`key:${i}`);
    owner.insert(owner.hash(key, 0, key.length), makeEntry(arena, key));
  }
  const other = Dict.attach(arena, 5, 6).at(owner.root);
  assert.equal(other.buckets, owner.buckets);
  assert.equal(other.tableBytes, owner.tableBytes);
  other.validateIntegrity();
  const refs = new RefList();
  while (other.count > 0) other.popBucket(refs);
  for (let i = 0; i < refs.length; i++) arena.free(refs.refs[i]);
  other.free();
  assert.equal(arena.usedBytes, 0);
});

test("many roots through one object, against as many maps", () => {
  const n = seed();
  const prng = new Prng(n);
  const arena = new FailingArena();
  const dict = Dict.attach(arena, prng.nextU32(), prng.nextU32());
  const roots: number[] = [];
  const oracles: Map<string, number>[] = [];
  for (let i = 0; i < 40; i++) {
    roots.push(dict.create());
    oracles.push(new Map());
  }
  for (let i = 0; i < 60_000; i++) {
    // A few roots become large, so that splits and merges of one happen between uses of another.
    const which = prng.nextBelow(2) === 0 ? prng.nextBelow(3) : prng.nextBelow(40);
    const oracle = oracles[which];
    const key = toBytes(`k${prng.nextBelow(which < 3 ? 5000 : 60)}`);
    const name = latin1(key);
    const hash = dict.hash(key, 0, key.length);
    const ref = dict.at(roots[which]).find(hash, key, 0, key.length);
    assert.equal(ref, oracle.get(name) ?? 0, `seed ${n}`);
    const adds = prng.nextBelow(10) < (i < 30_000 ? 7 : 3);
    if (ref === 0 && adds) {
      const entry = makeEntry(arena, key);
      dict.insert(hash, entry);
      oracle.set(name, entry);
    } else if (ref !== 0 && !adds) {
      dict.removeFound(hash);
      arena.free(ref);
      oracle.delete(name);
    }
  }
  const refs = new RefList();
  for (let i = 0; i < 40; i++) {
    dict.at(roots[i]).validateIntegrity();
    assert.equal(dict.count, oracles[i].size, `seed ${n}`);
    refs.clear();
    while (dict.count > 0) dict.popBucket(refs);
    for (const ref of refs.refs.subarray(0, refs.length)) {
      assert.equal(oracles[i].get(keyOf(arena, ref)), ref, `seed ${n}`);
      arena.free(ref);
    }
    dict.free();
  }
  assert.equal(arena.usedBytes, 0, `seed ${n}`);
});
