/**
 * The pool of candidates against a sorted array.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import { Prng } from "../../../core/base/prng.ts";
import { EvictionPool, POOL_SIZE } from "../../../core/keyspace/eviction_pool.ts";
import { seed } from "../../support/gen.ts";

interface Candidate {
  ref: number;
  hash: number;
  db: number;
  stamp: number;
  score: number;
}

function contents(pool: EvictionPool): Candidate[] {
  return Array.from({ length: pool.count }, (_, i) => ({
    ref: pool.refs[i],
    hash: pool.hashes[i],
    db: pool.dbs[i],
    stamp: pool.stamps[i],
    score: pool.scores[i],
  }));
}

test("the pool keeps the best candidates, sorted", () => {
  const n = seed();
  const prng = new Prng(n);
  const pool = new EvictionPool();
  let oracle: Candidate[] = [];
  for (let ref = 1; ref < 5000; ref++) {
    if (pool.count > 0 && prng.nextBelow(4) === 0) {
      const at = prng.nextBelow(pool.count);
      pool.removeAt(at);
      oracle.splice(at, 1);
    }
    const score = prng.nextBelow(200) - 100;
    const isGood = oracle.length < POOL_SIZE || score > oracle[0].score;
    assert.equal(pool.accepts(score), isGood, `seed ${n}`);
    if (isGood) {
      const made = { ref, hash: ref * 7, db: ref % 16, stamp: ref / 2, score };
      pool.add(made.ref, made.hash, made.db, made.stamp, made.score);
      if (oracle.length === POOL_SIZE) oracle.shift();
      const at = oracle.findIndex((other) => other.score >= score);
      oracle = at < 0 ? [...oracle, made] : [...oracle.slice(0, at), made, ...oracle.slice(at)];
    }
    assert.deepEqual(contents(pool), oracle, `seed ${n}`);
    for (const [i, { ref, db }] of oracle.entries()) {
      assert.equal(pool.indexOf(ref, db), i);
      assert.equal(pool.indexOf(ref, db + 1), -1);
    }
  }
  pool.clear();
  assert.equal(pool.count, 0);
});
