/**
 * A crash at every disk step of appending, rewriting, switching and upgrading: the server starts again on what the disk
 * then holds, and what it had acknowledged is there: with `always` all of it, with `everysec` what was synced.
 *
 * The data set is a counter and a list, which one transaction changes together, so every state it was in has a number.
 * What is loaded must be one of these states, whole.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ascii } from "../../core/base/bytes.ts";
import { ManualClock } from "../../core/base/clock.ts";
import { Prng } from "../../core/base/prng.ts";
import { allCommands } from "../../core/commands/index.ts";
import { Arena } from "../../core/memory/arena.ts";
import { Crash, MemoryDisk } from "../../persistence/memory_disk.ts";
import { plugAppendOnly } from "../support/append_only.ts";
import { seed } from "../support/gen.ts";
import { InProcess } from "../support/in_process.ts";

const OUTCOMES_PER_CRASH = 4;

interface Story {
  readonly config: Readonly<Record<string, string>>;
  /** What happens; `write` writes the next state and waits for its acknowledgement. */
  readonly play: (world: World) => void;
  /** What is on the disk before. */
  readonly prepare?: (disk: MemoryDisk) => void;
}

/** A server, its disk, and what it has promised. */
class World {
  readonly clock = new ManualClock();
  readonly server: InProcess;
  readonly aof: ReturnType<typeof plugAppendOnly>;
  readonly disk: MemoryDisk;
  /** The last state that was written, and the last one that was acknowledged and must last. */
  written = 0;
  promised = 0;

  constructor(disk: MemoryDisk, config: Readonly<Record<string, string>>) {
    this.disk = disk;
    this.server = new InProcess({
      commands: allCommands,
      clock: this.clock,
      arena: new Arena({ segmentBytes: 1 << 20 }),
      config: { appendonly: "yes", ...config },
    });
    this.aof = plugAppendOnly(this.server, disk);
  }

  /** Loads what is there. */
  begin(): void {
    if (this.aof.load()) return;
    if (this.disk.operations >= this.disk.crashAt) throw new Crash();
    assert.fail(this.aof.lines.join(" | "));
  }

  write(count = 1): void {
    for (let i = 0; i < count; i++) {
      const state = this.written + 1;
      this.server.run("MULTI");
      this.server.run("SET", "state", state);
      this.server.run("RPUSH", "list", state);
      this.server.run("EXEC");
      this.written = state;
      const mayReply = this.aof.endTurn();
      const isAlways = this.server.server.config.str("appendfsync") === "always";
      if (mayReply && isAlways && this.isOn) this.promised = state;
    }
  }

  /** A second goes by: everysec syncs. */
  second(): void {
    this.clock.advance(1100);
    const { written } = this;
    this.aof.endTurn();
    this.disk.finishLater();
    if (this.isOn && this.aof.files.safe === this.aof.files.appended) this.promised = written;
  }

  rewrite(): void {
    this.server.run("BGREWRITEAOF");
    this.write(2);
    this.aof.finishSave();
    this.write();
  }

  /** Whether what is acknowledged lasts. */
  private get isOn(): boolean {
    return this.disk.operations < this.disk.crashAt && this.server.server.appending.state === "on";
  }

  /** The state it is in, null when its parts don't fit together. */
  state(): number | null {
    const counter = Number(/\r\n(\d+)\r\n$/.exec(this.server.run("GET", "state"))?.[1] ?? 0);
    const expected = Array.from({ length: counter }, (_, i) => String(i + 1));
    const list = this.server.run("LRANGE", "list", 0, -1).split("\r\n");
    const found = list.slice(1).filter((line) => line !== "" && !line.startsWith("$"));
    return found.join() === expected.join() ? counter : null;
  }
}

/** Plays a story with a crash at each of its disk steps. */
function crashEverywhere(name: string, story: Story): void {
  const n = seed();
  const prng = new Prng(n);
  let crashed = true;
  for (let at = 0; crashed; at++) {
    const disk = new MemoryDisk();
    story.prepare?.(disk);
    disk.crashAt = at;
    const world = new World(disk, story.config);
    try {
      story.play(world);
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    }
    // The end of a turn catches what is thrown in it.
    crashed = disk.operations >= at;
    for (let i = 0; i < OUTCOMES_PER_CRASH; i++) {
      const note = `${name}, seed ${n}, crash at step ${at}, outcome ${i}`;
      const after = disk.crash(prng);
      const next = new World(after, story.config);
      assert.ok(next.aof.load(), `${note}: ${next.aof.lines.join(" | ")}`);
      const state = next.state();
      assert.ok(state !== null, `${note}: half a unit`);
      assert.ok(state >= world.promised, `${note}: ${state} of ${world.promised} promised`);
      assert.ok(state <= world.written + 1, `${note}: ${state} of ${world.written} written`);
      // It goes on from there, and starts again.
      next.written = state;
      next.write(2);
      next.second();
      const last = new World(after.crash(prng), story.config);
      assert.ok(last.aof.load(), `${note}, again: ${last.aof.lines.join(" | ")}`);
      assert.equal(last.state(), state + 2, `${note}, again`);
    }
    assert.ok(at < 1000, "it never ends");
  }
}

const POLICIES = ["always", "everysec"] as const;

for (const policy of POLICIES) {
  test(`appending and rewriting, ${policy}`, () => {
    for (const preamble of ["yes", "no"]) {
      crashEverywhere(`rewrite ${policy} ${preamble}`, {
        config: { appendfsync: policy, "aof-use-rdb-preamble": preamble },
        play: (world) => {
          world.begin();
          world.write(3);
          world.second();
          world.write(2);
          world.rewrite();
          world.second();
          world.rewrite();
          world.second();
        },
      });
    }
  });
}

test("a rewrite that fails in between", () => {
  crashEverywhere("failing rewrite", {
    config: { appendfsync: "always" },
    play: (world) => {
      world.begin();
      world.write(2);
      world.server.run("BGREWRITEAOF");
      world.write();
      world.disk.freeBytes = 10;
      world.aof.finishSave();
      world.disk.freeBytes = Infinity;
      world.write(2);
      world.rewrite();
      world.second();
    },
  });
});

test("switched off and on", () => {
  crashEverywhere("switching", {
    config: { appendfsync: "always" },
    play: (world) => {
      world.begin();
      world.write(2);
      world.server.run("CONFIG", "SET", "appendonly", "no");
      world.write(2);
      world.server.run("CONFIG", "SET", "appendonly", "yes");
      world.write(2);
      world.aof.finishSave();
      world.write(2);
      world.second();
    },
  });
});

test("a single file of an old version moves in", () => {
  const words = ["SET", "state", "1"];
  const push = ["RPUSH", "list", "1"];
  const request = (args: string[]) =>
    `*${args.length}\r\n` + args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join("");
  crashEverywhere("upgrade", {
    config: { appendfsync: "always" },
    prepare: (disk) => {
      disk.put(
        "./appendonly.aof",
        ascii(request(["SELECT", "0"]) + request(words) + request(push)),
      );
    },
    play: (world) => {
      world.promised = 1;
      world.written = 1;
      world.begin();
      world.write(2);
      world.rewrite();
    },
  });
});
