/**
 * Damaged RDB files: whatever happened to one, loading ends soon with one clear message or with a sound data set,
 * and with the checksum in place never with a wrong one.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Crc64 } from "../../core/base/crc64.ts";
import { Prng } from "../../core/base/prng.ts";
import { allCommands } from "../../core/commands/index.ts";
import { MemoryDisk } from "../../persistence/memory_disk.ts";
import { RdbDamaged, RdbLoader } from "../../persistence/rdb_load.ts";
import { dataSet } from "../support/data_set.ts";
import { oneIn, pick, randomInt, seed } from "../support/gen.ts";
import { InProcess } from "../support/in_process.ts";
import { plugSnapshots } from "../support/snapshots.ts";

const ROUNDS = 2000;
const FILES = 40;
const CONFIG = { "enable-debug-command": "yes", "stream-node-max-entries": "5" };

function saved(prng: Prng, keys: number): { bytes: Uint8Array; digest: string } {
  const server = new InProcess({ commands: allCommands, config: CONFIG });
  const disk = new MemoryDisk();
  plugSnapshots(server, { disk });
  for (const request of dataSet(prng, keys)) server.run(...request);
  assert.equal(server.run("SAVE"), "+OK\r\n");
  return { bytes: disk.get("dump.rdb") as Uint8Array, digest: server.run("DEBUG", "DIGEST") };
}

/** Loads a file into a server that is emptied first. Returns why not, or "". */
function load(server: InProcess, bytes: Uint8Array, checksum: boolean): string {
  server.empty();
  const disk = new MemoryDisk();
  disk.put("dump.rdb", bytes);
  const options = { clock: server.server.clock, checksum };
  const file = disk.openRead("dump.rdb");
  try {
    const loader = new RdbLoader(server.server.keyspace, file, bytes.length, options);
    while (loader.step(Infinity));
    return "";
  } catch (error) {
    assert.ok(error instanceof RdbDamaged, String((error as Error).stack));
    assert.ok(error.lines.length <= 2 && error.lines.every((line) => line.length > 10));
    return error.message;
  }
}

test("every bit flipped, and every length cut, is noticed", () => {
  const n = seed();
  const { bytes, digest } = saved(new Prng(n), 12);
  const server = new InProcess({ commands: allCommands, config: CONFIG });
  assert.equal(load(server, bytes, true), "");
  assert.equal(server.run("DEBUG", "DIGEST"), digest);
  const step = Math.max(1, Math.floor(bytes.length / 700));
  for (let at = 0; at < bytes.length; at += step) {
    const note = `seed ${n}, byte ${at} of ${bytes.length}`;
    const damaged = bytes.slice();
    damaged[at] ^= 1 << at % 8;
    assert.notEqual(load(server, damaged, true), "", note);
    assert.match(load(server, bytes.slice(0, at), true), /Short read|Wrong|damaged|offset/, note);
  }
  server.empty();
  server.validateIntegrity();
});

test("files that someone has changed, checksum and all, do no harm", () => {
  const n = seed();
  const prng = new Prng(n);
  const server = new InProcess({ commands: allCommands, config: CONFIG });
  load(server, saved(prng, 60).bytes, true);
  server.empty();
  const baseline = server.arena.usedBytes;
  const files = Array.from({ length: FILES }, () => saved(prng, randomInt(prng, 1, 8)).bytes);
  let refused = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const note = `seed ${n}, round ${round}`;
    const bytes = damage(pick(prng, files).slice(), prng);
    const isSummed = oneIn(prng, 2);
    if (load(server, isSummed ? summed(bytes) : bytes, isSummed) !== "") refused++;
    try {
      server.validateIntegrity();
      server.empty();
      assert.ok(server.arena.usedBytes <= baseline * 1.1 + 4096, `memory is left`);
    } catch (error) {
      throw new Error(note, { cause: error });
    }
  }
  assert.ok(refused > ROUNDS / 4 && refused < ROUNDS, `seed ${n}: ${refused} refused`);
});

function damage(bytes: Uint8Array, prng: Prng): Uint8Array {
  for (let i = randomInt(prng, 1, 4); i > 0; i--) {
    const at = randomInt(prng, 9, bytes.length - 1);
    bytes[at] = oneIn(prng, 2) ? bytes[at] ^ 1 << prng.nextBelow(8) : prng.nextBelow(256);
  }
  if (oneIn(prng, 4)) return bytes.slice(0, randomInt(prng, 9, bytes.length));
  if (!oneIn(prng, 4)) return bytes;
  const at = randomInt(prng, 9, bytes.length);
  const more = Uint8Array.from({ length: randomInt(prng, 1, 20) }, () => prng.nextBelow(256));
  return Uint8Array.of(...bytes.slice(0, at), ...more, ...bytes.slice(at));
}

/** With the right checksum in the last eight bytes. */
function summed(bytes: Uint8Array): Uint8Array {
  const crc = new Crc64();
  crc.update(bytes, 0, bytes.length - 8);
  crc.writeTo(bytes, bytes.length - 8);
  return bytes;
}
