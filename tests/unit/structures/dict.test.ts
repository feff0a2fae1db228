import { test } from "node:test";
import assert from "node:assert/strict";
import { Prng } from "../../../core/base/prng.ts";
import { RefList } from "../../../core/base/ref_list.ts";
import { ARENA_FULL } from "../../../core/memory/arena.ts";
import { Dict, TOUCH_MAX } from "../../../core/structures/dict.ts";
import { seed } from "../../support/gen.ts";
import { toBytes } from "../../support/resp_reply.ts";
import { FailingArena, keyOf, makeEntry } from "./entries.ts";

/** A dict with entries "key:0" and so on. */
function filled(arena: FailingArena, count: number, prefix = "key:"): Dict {
  const dict = new Dict(arena, 1, 2);
  for (let i = 0; i < count; i++) add(arena, dict, prefix + i);
  return dict;
}

function add(arena: FailingArena, dict: Dict, name: string): number {
  const key = toBytes(name);
  const ref = makeEntry(arena, key);
  dict.insert(dict.hash(key, 0, key.length), ref);
  return ref;
}

function find(dict: Dict, name: string): number {
  const key = toBytes(name);
  return dict.find(dict.hash(key, 0, key.length), key, 0, key.length);
}

function remove(arena: FailingArena, dict: Dict, name: string): void {
  const key = toBytes(name);
  const hash = dict.hash(key, 0, key.length);
  const ref = dict.find(hash, key, 0, key.length);
  assert.notEqual(ref, 0, name);
  dict.removeFound(hash);
  arena.free(ref);
}

function empty(arena: FailingArena, dict: Dict): void {
  const refs = new RefList();
  while (dict.count > 0) dict.popBucket(refs);
  for (let i = 0; i < refs.length; i++) arena.free(refs.refs[i]);
  dict.free();
}

/** Names whose hashes agree in the low `bits` bits: they share a bucket in any table of that size. */
function colliding(dict: Dict, bits: number, count: number): string[] {
  const names: string[] = [];
  for (let i = 0; names.length < count; i++) {
    const key = toBytes(`c${i}`);
    if ((dict.hash(key, 0, key.length) & (2 ** bits - 1)) === 0) names.push(`c${i}`);
  }
  return names;
}

test("a table is made for so many entries at once, and splits nothing until they are there", () => {
  for (const count of [1, 9, 10, 63 * 9, 64 * 9 + 1, 5000]) {
    const arena = new FailingArena();
    const dict = new Dict(arena, 1, 2);
    dict.reserve(count);
    const { buckets } = dict;
    dict.validateIntegrity();
    for (let i = 0; i < count; i++) add(arena, dict, "key:" + i);
    assert.equal(dict.buckets, buckets, `${count} entries`);
    dict.validateIntegrity();
    for (let i = 0; i < count; i++) assert.notEqual(find(dict, "key:" + i), 0);
    while (dict.count > 0) remove(arena, dict, "key:" + (dict.count - 1));
    while (dict.shrink(64));
    assert.equal(dict.buckets, 1);
    dict.free();
    assert.equal(arena.usedBytes, 0);
  }
});

test("without memory a table is made as large as it can be", () => {
  const arena = new FailingArena();
  const dict = new Dict(arena, 1, 2);
  arena.failIn = 3;
  dict.reserve(100_000);
  dict.validateIntegrity();
  for (let i = 0; i < 100; i++) add(arena, dict, "key:" + i);
  dict.validateIntegrity();
  empty(arena, dict);
  assert.equal(arena.usedBytes, 0);
});

test("an empty dict", () => {
  const arena = new FailingArena();
  const dict = new Dict(arena, 1, 2);
  assert.equal(dict.count, 0);
  assert.equal(dict.buckets, 1);
  assert.equal(find(dict, "a"), 0);
  assert.equal(find(dict, ""), 0);
  assert.equal(dict.random(new Prng(1)), 0);
  const refs = new RefList();
  for (const cursor of [0, 1, 0x80000000, 0xffffffff]) assert.equal(dict.scan(cursor, refs), 0);
  dict.popBucket(refs);
  assert.equal(refs.length, 0);
  dict.validateIntegrity();
  dict.free();
  assert.equal(arena.usedBytes, 0);
});

test("the table has three to nine entries per bucket, and small ones are small", () => {
  const arena = new FailingArena();
  const dict = filled(arena, 9);
  assert.equal(dict.buckets, 1);
  assert.ok(dict.tableBytes <= 100);
  for (let i = 9; i < 20_000; i++) {
    add(arena, dict, `key:${i}`);
    assert.ok(dict.count <= dict.buckets * 9, `${dict.count} in ${dict.buckets}`);
  }
  assert.equal(dict.buckets, Math.ceil(20_000 / 9));
  assert.ok(dict.children < dict.buckets / 4, `${dict.children} children`);
  dict.validateIntegrity();
  for (let i = 0; i < 20_000; i++) {
    remove(arena, dict, `key:${i}`);
    assert.ok(dict.buckets === 1 || dict.count >= dict.buckets * 3 - 1);
  }
  assert.equal(dict.buckets, 1);
  dict.free();
  assert.equal(arena.usedBytes, 0);
  arena.validateIntegrity();
});

test("an entry can be found by its ref and change its place", () => {
  const arena = new FailingArena();
  const dict = filled(arena, 100);
  const key = toBytes("key:50");
  const hash = dict.hash(key, 0, key.length);
  const old = find(dict, "key:50");
  assert.ok(dict.findRef(hash, old));
  assert.ok(!dict.findRef(hash, old + 1));
  assert.ok(!dict.findRef(hash + 1, old));
  assert.ok(dict.findRef(hash, old));
  const moved = makeEntry(arena, key);
  dict.replaceFound(moved);
  arena.free(old);
  assert.equal(find(dict, "key:50"), moved);
  dict.validateIntegrity();
  empty(arena, dict);
  assert.equal(arena.usedBytes, 0);
});

test("long chains are taken apart and put together", () => {
  const arena = new FailingArena();
  const dict = new Dict(arena, 1, 2);
  const names = colliding(dict, 5, 200);
  for (const name of names) add(arena, dict, name);
  assert.ok(dict.children >= 200 / 12 - 1, `${dict.children}`);
  dict.validateIntegrity();
  for (const name of names) assert.equal(keyOf(arena, find(dict, name)), name);
  // The others make the table grow until the chain's entries are spread.
  for (let i = 0; i < 3000; i++) add(arena, dict, `key:${i}`);
  dict.validateIntegrity();
  for (const name of names) assert.equal(keyOf(arena, find(dict, name)), name);
  for (let i = 0; i < 3000; i++) remove(arena, dict, `key:${i}`);
  dict.validateIntegrity();
  for (const name of names) remove(arena, dict, name);
  assert.equal(dict.children, 0);
  dict.free();
  assert.equal(arena.usedBytes, 0);
});

test("random gives every entry about the same chance", () => {
  const n = seed();
  const prng = new Prng(n);
  for (const count of [1, 2, 12, 100, 1000]) {
    const arena = new FailingArena();
    const dict = filled(arena, count);
    const draws = count * 400;
    const times = new Map<number, number>();
    for (let i = 0; i < draws; i++) {
      const ref = dict.random(prng);
      times.set(ref, (times.get(ref) ?? 0) + 1);
    }
    const sorted = [...times.values()].sort((a, b) => a - b);
    const about = `seed ${n}: of ${count} ${sorted[0]} to ${sorted[sorted.length - 1]} times`;
    assert.equal(times.size, count, about);
    // 400 each on average with a deviation of 20: the bounds are eight deviations away.
    assert.ok(sorted[0] > 240 && sorted[sorted.length - 1] < 560, about);
    for (const ref of times.keys()) assert.match(keyOf(arena, ref), /^key:\d+$/);
    empty(arena, dict);
  }
});

test("random favours no place in a chain", () => {
  const n = seed();
  const prng = new Prng(n);
  const arena = new FailingArena();
  const dict = new Dict(arena, 1, 2);
  // A chain of several buckets, short ones, and buckets with next to nothing.
  for (const name of colliding(dict, 4, 60)) add(arena, dict, name);
  for (let i = 0; i < 40; i++) add(arena, dict, `other:${i}`);
  const count = dict.count;
  const times = new Map<number, number>();
  for (let i = 0; i < count * 400; i++) {
    const ref = dict.random(prng);
    times.set(ref, (times.get(ref) ?? 0) + 1);
  }
  assert.equal(times.size, count, `seed ${n}`);
  const sorted = [...times.values()].sort((a, b) => a - b);
  // 400 each on average with a deviation of 20: the bounds are eight deviations away.
  assert.ok(sorted[0] > 240 && sorted[sorted.length - 1] < 560, `seed ${n}: ${sorted}`);
  empty(arena, dict);
});

test("random reaches the end of every chain", () => {
  const n = seed();
  const prng = new Prng(n);
  const arena = new FailingArena();
  const dict = new Dict(arena, 1, 2);
  for (const name of colliding(dict, 4, 60)) add(arena, dict, name);
  const reached = new Set<number>();
  for (let i = 0; i < 100_000; i++) reached.add(dict.random(prng));
  assert.equal(reached.size, 60, `seed ${n}`);
  empty(arena, dict);
});

test("popBucket empties a dict, and what is left stays whole", () => {
  const arena = new FailingArena();
  const dict = filled(arena, 2000);
  const all = new Set<string>();
  const refs = new RefList();
  let count = 2000;
  while (dict.count > 0) {
    refs.clear();
    dict.popBucket(refs);
    for (let i = 0; i < refs.length; i++) {
      all.add(keyOf(arena, refs.refs[i]));
      arena.free(refs.refs[i]);
    }
    count -= refs.length;
    assert.equal(dict.count, count);
    if (dict.buckets % 16 === 0) dict.validateIntegrity();
  }
  assert.equal(all.size, 2000);
  assert.equal(dict.buckets, 1);
  add(arena, dict, "again");
  assert.notEqual(find(dict, "again"), 0);
  empty(arena, dict);
  assert.equal(arena.usedBytes, 0);
});

test("removing in the order of a scan makes no long chains, and shrink makes up for the lag", () => {
  const arena = new FailingArena({ segmentBytes: 8 << 20 });
  for (const stayEvery of [0, 1000]) {
    const dict = filled(arena, 100_000);
    const refs = new RefList();
    let cursor = 0;
    let longest = 0;
    let met = 0;
    do {
      refs.clear();
      cursor = dict.scan(cursor, refs);
      longest = Math.max(longest, refs.length);
      for (let i = 0; i < refs.length; i++) {
        if (stayEvery > 0 && met++ % stayEvery === 0) continue;
        remove(arena, dict, keyOf(arena, refs.refs[i]));
      }
    } while (cursor !== 0);
    assert.ok(longest <= 48, `${longest} in one bucket`);
    assert.ok(dict.count < 300);
    while (dict.shrink(100)) assert.ok(dict.buckets > 1);
    assert.ok(dict.buckets <= Math.max(1, dict.count / 3 + 1), `${dict.count} in ${dict.buckets}`);
    dict.validateIntegrity();
    empty(arena, dict);
    assert.equal(arena.usedBytes, 0);
  }
});

test("shrink does no more than it is told to, and nothing where nothing is to do", () => {
  const arena = new FailingArena({ segmentBytes: 8 << 20 });
  const dict = filled(arena, 30_000);
  const { buckets } = dict;
  assert.equal(dict.shrink(10), false);
  assert.equal(dict.buckets, buckets);
  const refs = new RefList();
  let cursor = 0;
  do cursor = dict.scan(cursor, refs); while (cursor !== 0);
  for (let i = 0; i < refs.length; i++) remove(arena, dict, keyOf(arena, refs.refs[i]));
  const left = dict.buckets;
  assert.ok(left > 20, `${left}`);
  assert.equal(dict.shrink(0), true);
  assert.equal(dict.buckets, left);
  assert.equal(dict.shrink(10), true);
  assert.equal(dict.buckets, left - 10);
  assert.equal(dict.shrink(left), false);
  assert.equal(dict.buckets, 1);
  empty(arena, dict);
  assert.equal(arena.usedBytes, 0);
});

test("a dict can be freed while it has entries, which are the caller's", () => {
  const arena = new FailingArena();
  const dict = new Dict(arena, 1, 2);
  const refs: number[] = [];
  for (const name of colliding(dict, 3, 300)) refs.push(add(arena, dict, name));
  for (let i = 0; i < 1000; i++) refs.push(add(arena, dict, `key:${i}`));
  dict.free();
  assert.equal(arena.liveBlocks, 1300);
  for (const ref of refs) arena.free(ref);
  assert.equal(arena.usedBytes, 0);
});

test("touching changes nothing", () => {
  const arena = new FailingArena();
  for (const count of [0, 1, 5000]) {
    const dict = filled(arena, count);
    const hashes = new Int32Array(TOUCH_MAX);
    for (let i = 0; i < TOUCH_MAX; i++) {
      const key = toBytes(`key:${i * 7}`);
      hashes[i] = dict.hash(key, 0, key.length);
    }
    for (const some of [0, 1, TOUCH_MAX]) {
      dict.touchBuckets(hashes, some);
      dict.touchEntries(hashes, some);
    }
    dict.validateIntegrity();
    assert.equal(dict.count, count);
    empty(arena, dict);
  }
  assert.equal(arena.usedBytes, 0);
});

test("a dict that can't be made leaves nothing behind", () => {
  const arena = new FailingArena();
  for (let failIn = 0;; failIn++) {
    arena.failIn = failIn;
    try {
      const dict = new Dict(arena, 1, 2);
      assert.ok(failIn > 0);
      arena.failIn = -1;
      dict.free();
      break;
    } catch (error) {
      assert.equal(error, ARENA_FULL);
      assert.equal(arena.usedBytes, 0, `allocation ${failIn} failed`);
    }
  }
});

test("different seeds place keys differently", () => {
  const arena = new FailingArena();
  const a = new Dict(arena, 1, 2);
  const b = new Dict(arena, 1, 3);
  const c = new Dict(arena, 1, 2);
  const key = toBytes("some key");
  assert.notEqual(a.hash(key, 0, key.length), b.hash(key, 0, key.length));
  assert.equal(a.hash(key, 0, key.length), c.hash(key, 0, key.length));
});
