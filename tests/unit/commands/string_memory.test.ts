/**
 * Running out of memory: the reply is -OOM, and nothing has changed or leaked.
 *
 * First an arena that refuses the n-th block, for every n, so that every allocation of a command fails
 * once. Then small real arenas, whose free pages are few or lie in pieces.
 */

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { stringCommands } from "../../../core/commands/string.ts";
import { Arena, ARENA_FULL } from "../../../core/memory/arena.ts";
import { objectEncoding, objectExpiry } from "../../../core/types/object.ts";
import { InProcess } from "../../support/in_process.ts";
import { encodeCommand } from "../../support/resp_client.ts";
import { toBytes } from "../../support/resp_reply.ts";

const OOM = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
const OK = "+OK\r\n";
const x = (len: number) => "x".repeat(len);

/** Refuses one block. */
class FaultyArena extends Arena {
  /** The block to refuse, counted from now; 0 and below: none. */
  failIn = 0;

  override alloc(size: number): number {
    if (--this.failIn === 0) throw ARENA_FULL;
    return super.alloc(size);
  }
}

type Args = readonly (string | number)[];

interface Scenario {
  readonly before: readonly Args[];
  readonly command: Args;
  readonly reply: string;
}

const KEYS = ["k", "l", "long key ".repeat(20)];

const SCENARIOS: readonly Scenario[] = [
  { before: [], command: ["SET", "k", "v"], reply: OK },
  { before: [], command: ["SET", "k", x(5000), "EX", 100], reply: OK },
  { before: [["SET", "k", "v"]], command: ["SET", "k", x(900), "EX", 100], reply: OK },
  { before: [["SET", "k", x(900), "EX", 10]], command: ["SET", "k", x(90)], reply: OK },
  { before: [["SET", "k", x(2000)]], command: ["SET", "k", x(70_000), "KEEPTTL"], reply: OK },
  { before: [["SET", "k", "1"]], command: ["GETSET", "k", x(2000)], reply: "$1\r\n1\r\n" },
  { before: [["SET", "k", "1"]], command: ["GETEX", "k", "EX", 10], reply: "$1\r\n1\r\n" },
  { before: [["SETEX", "k", 9, "1"]], command: ["GETEX", "k", "PERSIST"], reply: "$1\r\n1\r\n" },
  { before: [], command: ["APPEND", "k", x(2000)], reply: ":2000\r\n" },
  { before: [["SET", "k", "12"]], command: ["APPEND", "k", x(50)], reply: ":52\r\n" },
  { before: [["SETEX", "k", 9, x(30)]], command: ["APPEND", "k", x(50)], reply: ":80\r\n" },
  { before: [["SETEX", "k", 9, x(30)]], command: ["APPEND", "k", x(5000)], reply: ":5030\r\n" },
  { before: [["SET", "k", x(896)]], command: ["APPEND", "k", "y"], reply: ":897\r\n" },
  { before: [["SET", "k", x(2000)]], command: ["APPEND", "k", x(5000)], reply: ":7000\r\n" },
  { before: [["SET", "k", x(20_000)]], command: ["APPEND", "k", x(90_000)], reply: ":110000\r\n" },
  { before: [], command: ["SETRANGE", "k", 50, "z"], reply: ":51\r\n" },
  { before: [], command: ["SETRANGE", "k", 5000, "z"], reply: ":5001\r\n" },
  { before: [["SET", "k", "12"]], command: ["SETRANGE", "k", 5000, "z"], reply: ":5001\r\n" },
  { before: [["SET", "k", x(20)]], command: ["SETRANGE", "k", 5, "z"], reply: ":20\r\n" },
  {
    before: [["SET", "k", x(9000)]],
    command: ["SETRANGE", "k", 99_999, "z"],
    reply: ":100000\r\n",
  },
  { before: [], command: ["INCR", "k"], reply: ":1\r\n" },
  {
    before: [["SET", "k", "x"], ["SETRANGE", "k", 0, "9"]],
    command: ["INCR", "k"],
    reply: ":10\r\n",
  },
  { before: [["SETEX", "k", 9, "1.5"]], command: ["INCRBYFLOAT", "k", 1], reply: "$3\r\n2.5\r\n" },
  { before: [], command: ["INCRBYFLOAT", "k", 1], reply: "$1\r\n1\r\n" },
  { before: [["SET", "k", "v"]], command: ["MSET", KEYS[2], "w"], reply: OK },
];

/** All that a client can see of the keys. */
function visible(server: InProcess): string {
  const { keyspace } = server.server;
  const db = keyspace.dbs[0];
  const lines = [`${db.keys.count} keys, ${db.expires.count} expire`];
  for (const key of [...KEYS, ...fillers(0)]) {
    const bytes = toBytes(key);
    const ref = keyspace.lookupKey(db, bytes, 0, bytes.length);
    if (ref === 0) continue;
    const encoding = objectEncoding(server.arena, ref);
    lines.push(`${key} ${encoding} ${objectExpiry(server.arena, ref)} ${server.run("GET", key)}`);
  }
  return lines.join("\n");
}

/** Keys that fill a bucket, or all of them (0): where an insertion must split or add a child. */
function fillers(count: number): string[] {
  return Array.from({ length: count === 0 ? 60 : count }, (_, i) => `filler:${i}`);
}

/** Runs the scenario with the n-th block refused. Returns whether that happened. */
function runWithFault(scenario: Scenario, keys: number, n: number): boolean {
  const arena = new FaultyArena({ poison: true, segmentBytes: 4 << 20 });
  const server = new InProcess({ commands: stringCommands, arena });
  server.empty();
  const { usedBytes, liveBlocks } = arena;
  for (const key of fillers(keys)) server.run("SETEX", key, 100, "v");
  for (const command of scenario.before) server.run(...command);
  const before = visible(server);
  const { dirty } = server.server;
  arena.failIn = n;
  const reply = server.run(...scenario.command);
  const failed = arena.failIn <= 0;
  arena.failIn = 0;
  const hint = `${scenario.command[0]} with block ${n} refused and ${keys} other keys`;
  if (reply === OOM) {
    assert.equal(visible(server), before, hint);
    assert.equal(server.server.dirty, dirty, hint);
    assert.equal(server.run(...scenario.command), scenario.reply, `${hint}, then again`);
  } else assert.equal(reply, scenario.reply, hint);
  assert.notEqual(visible(server), before, hint);
  server.validateIntegrity();
  server.empty();
  assert.equal(arena.usedBytes, usedBytes, hint);
  assert.equal(arena.liveBlocks, liveBlocks, hint);
  return failed;
}

describe("a block is refused", () => {
  for (const scenario of SCENARIOS) {
    const shown = [...scenario.before, scenario.command]
      .map((args) => args.map((arg) => String(arg).slice(0, 10)).join(" ")).join("; ");
    test(shown, () => {
      for (const keys of [1, 8, 9, 17, 18, 60]) {
        for (let n = 1; runWithFault(scenario, keys, n); n++);
      }
    });
  }
});

const SEGMENT_BYTES = 4 << 20;

function smallServer(): InProcess {
  const arena = new Arena({ poison: true, segmentBytes: SEGMENT_BYTES, segmentsMax: 1 });
  return new InProcess({ commands: stringCommands, arena });
}

/** Sets keys of `len` bytes until memory is short. Returns how many. */
function fill(server: InProcess, len: number): number {
  for (let i = 0;; i++) if (server.run("SET", `fill:${i}`, x(len)) === OOM) return i;
}

describe("a small arena is full", () => {
  test("what fits is stored, what doesn't changes nothing", () => {
    const server = smallServer();
    server.run("SET", "k", "v");
    const count = fill(server, 10_000);
    assert.ok(count > 200, `${count} keys fit`);
    const before = visible(server);
    for (
      const command of [
        ["SET", "k", x(2_000_000)],
        ["SET", "new", x(2_000_000), "EX", "100"],
        ["APPEND", "k", x(2_000_000)],
        ["APPEND", "new", x(2_000_000)],
        ["SETRANGE", "k", "2000000", "z"],
        ["SETRANGE", "new", "2000000", "z"],
        ["SETRANGE", "k", "536870911", "z"],
        ["GETSET", "k", x(2_000_000)],
        ["MSET", "k", "w", "new", x(2_000_000)],
        ["MSETNX", "new", "w", "newer", x(2_000_000)],
      ]
    ) {
      assert.equal(server.run(...command), OOM, command[0]);
      assert.equal(visible(server), before, command[0]);
      server.validateIntegrity();
    }
    assert.equal(server.run("GET", "new"), "$-1\r\n");
    assert.equal(server.run("GETDEL", "fill:0"), `$10000\r\n${x(10_000)}\r\n`);
  });

  test("strings grow as far as there is room, without room to spare", () => {
    const server = smallServer();
    let len = 0;
    const step = 50_000;
    for (; server.run("APPEND", "k", x(step)) !== OOM; len += step);
    assert.equal(server.run("STRLEN", "k"), `:${len}\r\n`);
    assert.ok(len > 2_000_000, `${len} bytes fit`);
    assert.equal(server.run("GETRANGE", "k", -2, -1), "$2\r\nxx\r\n");
    server.validateIntegrity();
  });

  test("MSET changes all or nothing when the room lies in pieces", () => {
    const server = smallServer();
    const count = fill(server, 61_000);
    for (let i = 0; i < count; i += 2) server.run("GETDEL", `fill:${i}`);
    // More than a megabyte is free now, in pieces of 64 KB.
    assert.ok(server.arena.headroomBytes > 2 << 20);
    server.run("MSET", "k", "old", "l", "old");
    const before = visible(server);
    for (const command of ["MSET", "MSETNX"]) {
      for (let pairs = 2; pairs < 12; pairs++) {
        const args = command === "MSET" ? ["k", "new", "l", "new"] : ["m", "new"];
        for (let i = 1; i < pairs; i++) args.push(`big:${i}`, x(150_000));
        const reply = server.run(command, ...args);
        const hint = `${command} of ${pairs} pairs`;
        if (reply === OOM) {
          assert.equal(visible(server), before, hint);
          assert.equal(server.run("GET", "big:1"), "$-1\r\n", hint);
          assert.equal(server.run("GET", "m"), "$-1\r\n", hint);
        } else {
          assert.match(reply, /^(\+OK|:1)/, hint);
          for (let i = 1; i < pairs; i++) server.run("GETDEL", `big:${i}`);
          server.run("GETDEL", "m");
          server.run("MSET", "k", "old", "l", "old");
        }
        server.validateIntegrity();
      }
    }
  });

  test("MSET of many small keys needs more than its own bytes", () => {
    const server = smallServer();
    const args: string[] = [];
    for (let i = 0; i < 12_000; i++) args.push(i.toString(36), "");
    fill(server, 20_000);
    const request = encodeCommand(["MSET", ...args]);
    const mset = () => {
      server.first.execute(request);
      return server.first.takeReply();
    };
    let refused = 0;
    for (let i = 0; mset() === OOM; i++, refused++) {
      assert.ok(i < 20, "it fits into what is freed");
      assert.equal(server.run("GET", "0"), "$-1\r\n");
      assert.equal(server.run("GET", "a"), "$-1\r\n");
      for (let k = 0; k < 10; k++) server.run("GETDEL", `fill:${i * 10 + k}`);
    }
    assert.ok(refused > 0);
    assert.equal(server.run("GET", "0"), "$0\r\n\r\n");
    server.validateIntegrity();
  });
});
