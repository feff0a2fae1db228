/**
 * Background saves by a real worker while everything changes: the file shows the moment at which it began.
 */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ManualClock } from "../../../core/base/clock.ts";
import { Prng } from "../../../core/base/prng.ts";
import { allCommands } from "../../../core/commands/index.ts";
import { Arena } from "../../../core/memory/arena.ts";
import { RdbLoader } from "../../../persistence/rdb_load.ts";
import { realDisk } from "../../../persistence/real_disk.ts";
import { CowAudit } from "../../support/cow_audit.ts";
import { dataSet } from "../../support/data_set.ts";
import { oneIn, pick, randomInt, seed } from "../../support/gen.ts";
import { InProcess } from "../../support/in_process.ts";
import type { Arg } from "../../support/resp_client.ts";
import { sleep } from "../../support/server.ts";
import { endWorkers, plugSnapshots } from "../../support/snapshots.ts";

const dir = mkdtempSync(join(tmpdir(), "larder-snapshots-"));
const path = join(dir, "dump.rdb");
after(() => {
  endWorkers();
  rmSync(dir, { recursive: true });
});

const SMALL = {
  "enable-debug-command": "yes",
  "list-max-listpack-size": "8",
  "hash-max-listpack-entries": "8",
  "set-max-listpack-entries": "8",
  "zset-max-listpack-entries": "8",
  "stream-node-max-entries": "8",
};

function start(prng: Prng, poison = false): InProcess {
  return new InProcess({
    commands: allCommands,
    clock: new ManualClock(),
    config: oneIn(prng, 2) ? SMALL : { "enable-debug-command": "yes" },
    arena: new Arena({ segmentBytes: 8 << 20, poison }),
  });
}

function fill(server: InProcess, prng: Prng, keys: number): void {
  for (const request of dataSet(prng, keys)) server.run(...request);
}

/** A request that changes one of the keys that `dataSet` makes, or all of them. */
function change(prng: Prng, keys: number): Arg[] {
  const i = prng.nextBelow(keys);
  const key = `${i}`;
  const value = `value ${prng.nextU32()}`;
  return pick<Arg[]>(prng, [
    ["SET", key, value],
    ["SET", `new ${prng.nextU32()}`, value.repeat(randomInt(prng, 1, 50))],
    ["APPEND", key, value],
    ["RPUSH", key, value, value],
    ["LPOP", key],
    ["SADD", key, value],
    ["SPOP", key],
    ["HSET", key, value, value],
    ["HEXPIRE", key, 1, "FIELDS", 1, "field 0"],
    ["ZADD", key, i, value],
    ["ZPOPMIN", key],
    ["XADD", key, "*", "field", value],
    ["XTRIM", key, "MAXLEN", 3],
    ["XREADGROUP", "GROUP", "idle", "me", "STREAMS", key, ">"],
    ["DEL", key],
    ["RENAME", key, `other ${i}`],
    ["PEXPIRE", key, 5],
    ["PERSIST", key],
    ["GET", key],
    ["COPY", key, `copy ${i}`],
    ["SELECT", prng.nextBelow(3)],
  ]);
}

function loaded(prng: Prng): InProcess {
  const server = start(prng);
  const file = realDisk.openRead(path);
  const options = { clock: server.server.clock, checksum: true };
  const loader = new RdbLoader(server.server.keyspace, file, file.size(), options);
  while (loader.step(Infinity));
  file.close();
  return server;
}

test("a file shows the moment at which it began, whatever happens meanwhile", async () => {
  const n = seed();
  const prng = new Prng(n);
  for (let round = 0; round < 4; round++) {
    const note = `seed ${n}, round ${round}`;
    const server = start(prng, round === 3);
    const { keyspace, clock } = server.server;
    const keys = randomInt(prng, 1, 1000);
    fill(server, prng, keys);
    const snapshots = plugSnapshots(server, { disk: realDisk, path, keyDelayUs: -5 });
    for (let save = 0; save < 2; save++) {
      const digest = server.run("DEBUG", "DIGEST");
      const flushAt = prng.nextBelow(4000);
      let error: string | null | undefined;
      const freeze = keyspace.arena.freeze.bind(keyspace.arena);
      let audit: CowAudit | null = null;
      keyspace.arena.freeze = () => {
        const image = freeze();
        audit = new CowAudit(image);
        return image;
      };
      const thaw = keyspace.arena.thaw.bind(keyspace.arena);
      keyspace.arena.thaw = () => {
        audit?.check(note);
        thaw();
      };
      assert.equal(snapshots.startSave((why) => error = why), null, note);
      for (let i = 0; error === undefined; i++) {
        server.run(...change(prng, keys));
        if (i === flushAt && save === 1) server.run("FLUSHDB");
        if (i % 50 !== 0) continue;
        (clock as ManualClock).advance(1);
        keyspace.lazyFree.step(20);
        await sleep(0);
      }
      assert.equal(error, null, note);
      assert.ok(audit !== null && (audit as CowAudit).changed > 0, note);
      server.validateIntegrity();
      const again = loaded(prng);
      again.validateIntegrity();
      assert.equal(again.run("DEBUG", "DIGEST"), digest, note);
    }
    server.empty();
    endWorkers();
  }
  assert.deepEqual(readdirSync(dir), ["dump.rdb"]);
});

test("a save can be stopped, and another one begun", async () => {
  const n = seed();
  const prng = new Prng(n);
  const server = start(prng);
  fill(server, prng, 500);
  server.run("SET", "last", "1");
  const snapshots = plugSnapshots(server, { disk: realDisk, path, keyDelayUs: 2000 });
  const { arena } = server;
  rmSync(path, { force: true });
  const ends: unknown[] = [];
  assert.equal(snapshots.startSave((why) => ends.push(why)), null);
  assert.ok(snapshots.isSaving && arena.isFrozen);
  assert.equal(snapshots.startSave(() => {}), "another save is under way");
  while (snapshots.keysSaved === 0) await sleep(1);
  snapshots.stopSave();
  while (ends.length === 0) await sleep(1);
  assert.deepEqual([...ends], [""]);
  assert.ok(!snapshots.isSaving && !arena.isFrozen && !existsSync(path));
  plugSnapshots(server, { disk: realDisk, path }).startSave((why) => {
    ends.push(why);
  });
  while (ends.length === 1) await sleep(1);
  assert.deepEqual([...ends], ["", null]);
  assert.deepEqual(readdirSync(dir), ["dump.rdb"]);
});

test("a save that is stopped before its worker is there makes no file", async () => {
  const path = join(dir, "stopped.rdb");
  const temp = join(dir, "temp-1.1.rdb");
  const snapshots = plugSnapshots(start(new Prng(1)), { disk: realDisk, path });
  let end: string | null | undefined;
  snapshots.startSave((why) => end = why);
  snapshots.stopSave();
  // Where a directory stands, making the file would fail.
  mkdirSync(temp);
  while (end === undefined) await sleep(1);
  assert.equal(end, "");
  rmSync(temp, { recursive: true, force: true });
});

test("a save that fails says why and leaves nothing behind", async () => {
  const prng = new Prng(1);
  const server = start(prng);
  server.run("SET", "k", "v");
  const taken = join(dir, "taken");
  mkdirSync(taken);
  const cases: [string, RegExp][] = [
    [join(dir, "missing", "dump.rdb"), /Failed opening the temp RDB file temp-1.*: No such file/],
    [taken, /Error moving temp DB file temp-1.* on the final destination taken .*: Is a directory/],
  ];
  for (const [where, error] of cases) {
    const snapshots = plugSnapshots(server, { disk: realDisk, path: where });
    let end: string | null | undefined;
    snapshots.startSave((why) => end = why);
    while (end === undefined) await sleep(1);
    assert.match(String(end), error);
    assert.ok(!server.arena.isFrozen);
    assert.match(String(snapshots.saveNow()), error);
  }
  rmSync(taken, { recursive: true });
  assert.deepEqual(readdirSync(dir), ["dump.rdb"]);
});

test("a save without memory for copies fails, and the data is unharmed", async () => {
  const prng = new Prng(1);
  const server = new InProcess({
    commands: allCommands,
    arena: new Arena({ segmentBytes: 16 << 20, segmentsMax: 1 }),
  });
  for (let i = 0; i < 3500; i++) server.run("SET", `key ${i}`, "v".repeat(3000));
  const snapshots = plugSnapshots(server, { disk: realDisk, path, keyDelayUs: 200 });
  let end: string | null | undefined;
  snapshots.startSave((why) => end = why);
  for (let i = 0; end === undefined; i++) {
    server.run("SETRANGE", `key ${i % 3500}`, prng.nextBelow(3000), "w");
    if (i % 20 === 0) await sleep(0);
  }
  assert.match(String(end), /no memory left to keep the data as it was/);
  server.validateIntegrity();
  assert.equal(server.run("DBSIZE"), ":3500\r\n");
});
