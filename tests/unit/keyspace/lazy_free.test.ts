import { test } from "node:test";
import assert from "node:assert/strict";
import { Prng } from "../../../core/base/prng.ts";
import { allCommands } from "../../../core/commands/index.ts";
import { AccessPolicy } from "../../../core/keyspace/access.ts";
import { Keyspace } from "../../../core/keyspace/keyspace.ts";
import { toBytes } from "../../support/resp_reply.ts";
import { InProcess } from "../../support/in_process.ts";
import { FailingArena } from "../structures/entries.ts";

test("an emptied database is freed in slices, its tables too", () => {
  const arena = new FailingArena({ segmentBytes: 16 << 20 });
  const prng = new Prng(1);
  const keyspace = new Keyspace(arena, 2, new AccessPolicy(prng), prng);
  const { lazyFree } = keyspace;
  const baseline = arena.usedBytes;
  const values = ["12", "short", "x".repeat(2000)].map(toBytes);
  for (const db of keyspace.dbs) {
    for (let i = 0; i < 6000; i++) {
      const key = toBytes(`key:${i}`);
      const ref = keyspace.lookupKeyWrite(db, key, 0, key.length);
      const value = values[i % 3];
      const at = i % 2 === 0 ? -1 : 1e12;
      keyspace.strings.set(db, ref, key, 0, key.length, value, 0, value.length, at);
    }
  }
  assert.equal(keyspace.empty(keyspace.dbs[0]), 6000);
  assert.equal(keyspace.empty(keyspace.dbs[1]), 6000);
  assert.equal(keyspace.empty(keyspace.dbs[1]), 0);
  assert.equal(lazyFree.pending, 12_000);
  assert.equal(keyspace.dbs[0].keys.count, 0);
  let steps = 0;
  for (let more = true; more; steps++) {
    const blocks = arena.liveBlocks;
    const { pending } = lazyFree;
    more = lazyFree.step(10);
    assert.ok(blocks - arena.liveBlocks < 600, "a step is short");
    assert.ok(lazyFree.pending <= pending);
    assert.equal(more, lazyFree.pending > 0, "what waits can be seen");
  }
  // 12,000 entries at nine to a bucket, and the tables of 6,000 more.
  assert.ok(steps > 190, `${steps}`);
  assert.equal(lazyFree.freed, 12_000);
  assert.equal(arena.usedBytes, baseline);
  assert.equal(lazyFree.step(10), false);
  lazyFree.drain();
});

test("a large value counts once, whether its database is emptied or it is deleted", () => {
  const process = new InProcess({ commands: allCommands });
  const { lazyFree } = process.server.keyspace;
  const fill = () => {
    for (let i = 0; i < 500; i++) process.run("SADD", "large", `member:${i}`);
    process.run("SET", "small", "v");
  };
  fill();
  process.run("FLUSHDB", "ASYNC");
  lazyFree.drain();
  assert.equal(lazyFree.freed, 2);
  fill();
  process.run("UNLINK", "large", "small");
  lazyFree.drain();
  assert.equal(lazyFree.freed, 3, "a small value is freed at once");
  process.validateIntegrity();
});
