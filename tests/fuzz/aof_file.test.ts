/**
 * Damaged append-only files: cut at every length, every byte changed. Each is refused or cut off with a reason in the
 * log, or loads as something that the file may say; nothing ends the process or takes for ever.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ascii } from "../../core/base/bytes.ts";
import { Prng } from "../../core/base/prng.ts";
import { allCommands } from "../../core/commands/index.ts";
import { Arena } from "../../core/memory/arena.ts";
import { MemoryDisk } from "../../persistence/memory_disk.ts";
import { DIR, INCR, MANIFEST, plugAppendOnly } from "../support/append_only.ts";
import { seed } from "../support/gen.ts";
import { InProcess } from "../support/in_process.ts";

const BASE = `${DIR}/appendonly.aof.1.base.rdb`;

function start(disk: MemoryDisk, truncates: boolean) {
  const server = new InProcess({
    commands: allCommands,
    arena: new Arena({ segmentBytes: 1 << 20 }),
    config: {
      "enable-debug-command": "yes",
      appendonly: "yes",
      "aof-load-truncated": truncates ? "yes" : "no",
    },
  });
  return { server, aof: plugAppendOnly(server, disk) };
}

/** A disk with a small append-only file, and the digest of each state that its commands went through. */
function sample(): { disk: MemoryDisk; states: string[] } {
  const disk = new MemoryDisk();
  const { server, aof } = start(disk, true);
  aof.load();
  const states = [server.run("DEBUG", "DIGEST")];
  const requests = [
    ["SET", "a", "1"],
    ["HSET", "h", "f", "v", "g", "w"],
    ["MULTI"],
    ["RPUSH", "l", "x", "y"],
    ["INCR", "a"],
    ["EXEC"],
    ["SELECT", "1"],
    ["ZADD", "z", "1.5", "m"],
  ];
  for (const request of requests) {
    server.run(...request);
    aof.endTurn();
    states.push(server.run("DEBUG", "DIGEST"));
  }
  return { disk, states };
}

function copyOf(disk: MemoryDisk, path: string, content: Uint8Array): MemoryDisk {
  const copy = new MemoryDisk();
  copy.putDir(DIR);
  for (const name of disk.list(DIR)) copy.put(`${DIR}/${name}`, disk.get(`${DIR}/${name}`)!);
  copy.put(path, content);
  return copy;
}

/** Starts on a disk. Returns the digest of what was loaded, null when it was refused with a reason. */
function loaded(disk: MemoryDisk, truncates: boolean, note: string): string | null {
  const { server, aof } = start(disk, truncates);
  if (!aof.load()) {
    const reason = aof.lines.filter((line) => !/^(Loading|RDB|Reading|DB loaded|Done)/.test(line));
    assert.ok(reason.length > 0, `${note}: refused without a reason`);
    return null;
  }
  server.validateIntegrity();
  return server.run("DEBUG", "DIGEST");
}

test("cut at every length: what is left of it, or refused", () => {
  const { disk, states } = sample();
  const whole = disk.get(INCR)!;
  let refused = 0;
  for (let len = 0; len < whole.length; len++) {
    const cut = whole.slice(0, len);
    const note = `cut at ${len}`;
    const found = loaded(copyOf(disk, INCR, cut), true, note);
    assert.ok(found !== null && states.includes(found), note);
    const strict = loaded(copyOf(disk, INCR, cut), false, note);
    if (strict === null) refused++;
    else assert.ok(states.includes(strict), note);
    // The end of the file came to the disk as zeros.
    const torn = whole.slice();
    torn.fill(0, len);
    assert.ok(states.includes(loaded(copyOf(disk, INCR, torn), true, note)!), `torn at ${len}`);
  }
  assert.ok(refused > whole.length / 2);
});

test("every byte of the commands changed", () => {
  const { disk } = sample();
  const prng = new Prng(seed());
  const whole = disk.get(INCR)!;
  for (let i = 0; i < whole.length; i++) {
    for (const value of [whole[i] ^ 1 << prng.nextBelow(8), 0, 0x0d, 0x39, prng.nextBelow(256)]) {
      const damaged = whole.slice();
      damaged[i] = value;
      for (const truncates of [true, false]) {
        loaded(copyOf(disk, INCR, damaged), truncates, `byte ${i} is ${value}`);
      }
    }
  }
});

test("every byte of the base changed, and the base cut at every length", () => {
  const { disk, states } = sample();
  const whole = disk.get(BASE)!;
  for (let i = 0; i < whole.length; i++) {
    const damaged = whole.slice();
    damaged[i] ^= 0x55;
    const found = loaded(copyOf(disk, BASE, damaged), true, `byte ${i}`);
    assert.equal(found, null, `byte ${i}: the checksum tells`);
    if (i > 0) assert.equal(loaded(copyOf(disk, BASE, whole.slice(0, i)), true, `cut ${i}`), null);
  }
  assert.ok(states.length > 0);
});

test("every byte of the manifest changed, and the manifest cut at every length", () => {
  const { disk, states } = sample();
  const whole = disk.get(MANIFEST)!;
  const last = states[states.length - 1];
  for (let i = 0; i < whole.length; i++) {
    for (const value of [0, 0x20, 0x0a, 0x31, whole[i] ^ 4]) {
      const damaged = whole.slice();
      damaged[i] = value;
      const found = loaded(copyOf(disk, MANIFEST, damaged), true, `byte ${i} is ${value}`);
      const isSame = damaged.every((byte, at) => byte === whole[at]);
      if (isSame) assert.equal(found, last);
    }
    loaded(copyOf(disk, MANIFEST, whole.slice(0, i)), true, `cut at ${i}`);
  }
});

test("counts and lengths that no file can have", () => {
  for (
    const text of ["*2147483648\r\n", "*1\r\n$99999999999999999999\r\n", "*-1\r\n", "*1\r\n$-1\r\n"]
  ) {
    const disk = new MemoryDisk();
    disk.putDir(DIR);
    disk.put(INCR, ascii(text));
    disk.put(MANIFEST, ascii("file appendonly.aof.1.incr.aof seq 1 type i\n"));
    assert.equal(loaded(disk, true, text), null, text);
  }
  const disk = new MemoryDisk();
  disk.putDir(DIR);
  disk.put(INCR, ascii("*2147483647\r\n$2147483647\r\nx"));
  disk.put(MANIFEST, ascii("file appendonly.aof.1.incr.aof seq 1 type i\n"));
  assert.notEqual(loaded(disk, true, "a claim"), null);
});
