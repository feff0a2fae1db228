/**
 * A crash at every step of a save: what the disk then holds is a file that loads, the old one or the new one. And
 * disks that are full or can't sync: the save fails, says so, and leaves the old file.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Prng } from "../../core/base/prng.ts";
import { allCommands } from "../../core/commands/index.ts";
import { Crash, MemoryDisk } from "../../persistence/memory_disk.ts";
import { dataSet } from "../support/data_set.ts";
import { seed } from "../support/gen.ts";
import { InProcess } from "../support/in_process.ts";
import { plugSnapshots } from "../support/snapshots.ts";

const OUTCOMES_PER_CRASH = 10;

function start(): InProcess {
  return new InProcess({ commands: allCommands, config: { "enable-debug-command": "yes" } });
}

function digest(server: InProcess): string {
  return server.run("DEBUG", "DIGEST");
}

/** The digest of what the file on the disk loads as; fails when it doesn't. */
function loadedDigest(disk: MemoryDisk, note: string): string {
  const server = start();
  plugSnapshots(server, { disk });
  assert.ok(server.server.saving.reload(false), `${note}: the file doesn't load`);
  return digest(server);
}

test("whenever the disk crashes, the old file or the new one is there", () => {
  const n = seed();
  const prng = new Prng(n);
  const server = start();
  const disk = new MemoryDisk();
  plugSnapshots(server, { disk });
  for (const request of dataSet(prng, 60)) server.run(...request);
  assert.equal(server.run("SAVE"), "+OK\r\n");
  const old = digest(server);
  const begun = disk.operations;
  for (const request of dataSet(prng, 60)) server.run(...request);
  const young = digest(server);
  const seen = new Set<string>();
  let crashes = 0;
  for (let crashed = true; crashed; crashes++) {
    const fresh = disk.crash(prng);
    assert.equal(fresh.operations, 0);
    plugSnapshots(server, { disk: fresh });
    fresh.crashAt = crashes;
    try {
      crashed = false;
      assert.equal(server.run("SAVE"), "+OK\r\n");
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      crashed = true;
    }
    for (let i = 0; i < OUTCOMES_PER_CRASH; i++) {
      const note = `seed ${n}, crash at step ${crashes}, outcome ${i}`;
      const found = loadedDigest(fresh.crash(prng), note);
      assert.ok(found === old || found === young, note);
      if (!crashed) assert.equal(found, young, `${note}: what was saved is safe`);
      seen.add(found);
    }
  }
  assert.ok(crashes > 5 && begun > 0, `seed ${n}: ${crashes} steps`);
  assert.deepEqual(seen, new Set([old, young]), `seed ${n}`);
});

test("a full disk or one that can't sync keeps the old file, and recovers", () => {
  const n = seed();
  const prng = new Prng(n);
  const server = start();
  const disk = new MemoryDisk();
  plugSnapshots(server, { disk });
  for (const request of dataSet(prng, 60)) server.run(...request);
  assert.equal(server.run("SAVE"), "+OK\r\n");
  const before = disk.get("dump.rdb");
  for (let free = 0; free < 500; free += 50) {
    disk.freeBytes = free;
    assert.equal(server.run("SAVE"), "-ERR\r\n");
    assert.deepEqual(disk.get("dump.rdb"), before);
    assert.deepEqual(disk.list("."), ["dump.rdb"]);
  }
  disk.freeBytes = Infinity;
  disk.failSync = true;
  assert.equal(server.run("SAVE"), "-ERR\r\n");
  assert.deepEqual(disk.list("."), ["dump.rdb"]);
  disk.failSync = false;
  assert.equal(server.run("SAVE"), "+OK\r\n");
  assert.equal(loadedDigest(disk, `seed ${n}`), digest(server));
});
