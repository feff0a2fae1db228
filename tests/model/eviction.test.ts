/**
 * Eviction: which keys each policy takes, what is left is whole, and that memory stays below its limit whatever
 * commands come, with values of all sizes and types.
 */
import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { ManualClock } from "../../core/base/clock.ts";
import { Prng } from "../../core/base/prng.ts";
import { allCommands } from "../../core/commands/index.ts";
import { ByteRange } from "../../core/types/t_string.ts";
import { NOTIFY_EVICTED } from "../../core/keyspace/key_events.ts";
import { seed } from "../support/gen.ts";
import { InProcess } from "../support/in_process.ts";
import { latin1 } from "../support/resp_reply.ts";

const OK = "+OK\r\n";
const OOM = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
const KEYS = 400;

/** A server with KEYS keys, "key:<i>", and a policy; what it evicts from now on is listed. */
class Scene {
  readonly clock = new ManualClock();
  readonly server: InProcess;
  readonly evicted: string[] = [];

  constructor(policy: string, more: Record<string, string> = {}, set?: (i: number) => string[]) {
    const config = { "maxmemory-policy": policy, ...more };
    this.server = new InProcess({ commands: allCommands, clock: this.clock, config });
    for (let i = 0; i < KEYS; i++) {
      assert.equal(this.server.run("SET", `key:${i}`, "x".repeat(100), ...(set?.(i) ?? [])), OK);
    }
    this.server.server.keyspace.observer = {
      modified: () => {},
      event: (cls, name, _db, key, off, len) => {
        if (cls !== NOTIFY_EVICTED) return;
        assert.equal(name, "evicted");
        this.evicted.push(latin1((key as Uint8Array).subarray(off, off + len)));
      },
      emptying: () => {},
      swapping: () => {},
    };
  }

  /** Uses keys, at the present time. */
  read(from: number, to: number, times = 1): void {
    for (let i = from; i < to; i++) {
      for (let n = 0; n < times; n++) this.server.run("GET", `key:${i}`);
    }
  }

  /** Sets the limit so that about `count` keys must go, and has them go. Returns their numbers. */
  evict(count: number): number[] {
    const { arena, server } = this.server;
    const limit = arena.usedBytes + server.memory.clientBytes - count * 136;
    assert.equal(this.server.run("CONFIG", "SET", "maxmemory", String(limit)), OK);
    assert.equal(this.server.run("SET", "another", "1"), OK);
    assert.ok(arena.usedBytes < limit + 1024);
    assert.equal(server.keyspace.evictedKeys, this.evicted.length);
    const gone = this.evicted.filter((key) => this.server.run("EXISTS", key) === ":0\r\n");
    assert.equal(gone.length, this.evicted.length);
    this.server.validateIntegrity();
    return this.evicted.map((key) => Number(key.slice(4)));
  }
}

describe("policies", () => {
  test("allkeys-lru takes what was not used for long", () => {
    const scene = new Scene("allkeys-lru", { "maxmemory-samples": "10" });
    scene.clock.advance(100_000);
    scene.read(200, 400);
    const gone = scene.evict(100);
    assert.ok(gone.length >= 90 && gone.length < 130, `${gone.length}`);
    const recent = gone.filter((i) => i >= 200).length;
    assert.ok(recent <= 2, `${recent} of ${gone.length} were used lately`);
  });

  test("allkeys-lru: a candidate that was used since stays", () => {
    const scene = new Scene("allkeys-lru");
    scene.clock.advance(10_000);
    scene.evict(20);
    const { keyspace } = scene.server.server;
    const { pool } = keyspace.eviction;
    const out = new ByteRange();
    const candidates: string[] = [];
    for (let i = 0; i < pool.count; i++) {
      keyspace.readKey(pool.refs[i], out);
      candidates.push(latin1((out.buf as Uint8Array).subarray(out.off, out.off + out.len)));
    }
    assert.ok(candidates.length > 2);
    for (const key of candidates) scene.server.run("GET", key);
    const before = scene.evicted.length;
    scene.evict(20);
    assert.deepEqual(scene.evicted.slice(before).filter((key) => candidates.includes(key)), []);
  });

  test("allkeys-lfu takes what is used least often", () => {
    const scene = new Scene("allkeys-lfu", { "maxmemory-samples": "10" });
    scene.read(200, 400, 30);
    const gone = scene.evict(100);
    const frequent = gone.filter((i) => i >= 200).length;
    assert.ok(gone.length >= 90 && frequent <= 2, `${frequent} of ${gone.length}`);
  });

  test("allkeys-random takes any", () => {
    const gone = new Scene("allkeys-random").evict(100);
    const late = gone.filter((i) => i >= 200).length;
    assert.ok(late > 25 && late < gone.length - 25, `${late} of ${gone.length}`);
  });

  for (const policy of ["volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"]) {
    test(`${policy} takes only keys that expire`, () => {
      const scene = new Scene(policy, {}, (i) => i % 2 === 0 ? ["EX", "10000"] : []);
      const gone = scene.evict(100);
      assert.ok(gone.length >= 80, `${gone.length}`);
      assert.deepEqual(gone.filter((i) => i % 2 === 1), []);
      assert.equal(scene.server.run("CONFIG", "SET", "maxmemory", "1"), OK);
      assert.equal(scene.server.run("SET", "a", "1"), OOM);
      assert.equal(scene.evicted.length, 200);
      assert.equal(scene.server.run("DBSIZE"), ":201\r\n");
    });
  }

  test("volatile-ttl takes what expires first", () => {
    const expiry = (i: number) => ["EX", String(1000 + i * 10)];
    const gone = new Scene("volatile-ttl", { "maxmemory-samples": "10" }, expiry).evict(100);
    const mean = gone.reduce((sum, i) => sum + i, 0) / gone.length;
    assert.ok(mean < 80, `${mean}`);
  });

  test("noeviction refuses what needs memory, and nothing else", () => {
    const { server } = new Scene("noeviction");
    assert.equal(server.run("CONFIG", "SET", "maxmemory", "1"), OK);
    assert.equal(server.run("SET", "a", "1"), OOM);
    assert.equal(server.run("GET", "key:0"), `$100\r\n${"x".repeat(100)}\r\n`);
    assert.equal(server.run("DEL", "key:0"), ":1\r\n");
    assert.equal(server.run("MULTI"), OK);
    assert.equal(server.run("SET", "a", "1"), OOM);
    assert.match(server.run("EXEC"), /^-EXECABORT/);
    assert.equal(server.run("CONFIG", "SET", "maxmemory", "0"), OK);
    assert.equal(server.run("SET", "a", "1"), OK);
  });

  test("keys of all databases are candidates", () => {
    const scene = new Scene("allkeys-lru");
    scene.server.run("SELECT", "9");
    for (let i = 1000; i < 1100; i++) scene.server.run("SET", `key:${i}`, "x".repeat(100));
    scene.server.run("SELECT", "0");
    scene.clock.advance(100_000);
    scene.read(0, KEYS);
    const gone = scene.evict(80);
    assert.ok(gone.filter((i) => i >= 1000).length > gone.length * 0.9);
  });
});

describe("the limit", () => {
  const policies = ["allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-ttl", "volatile-lru"];
  for (const policy of policies) {
    test(`holds under random commands (${policy})`, () => {
      const n = seed();
      const prng = new Prng(n);
      const limit = 1_200_000;
      const server = new InProcess({
        commands: allCommands,
        seed: n,
        config: { maxmemory: String(limit), "maxmemory-policy": policy },
      });
      const { arena } = server;
      let largest = 0;
      for (let i = 0; i < 2500; i++) {
        const key = `key:${prng.nextBelow(2000)}`;
        const before = arena.usedBytes;
        const kind = prng.nextBelow(10);
        const members = Array.from({ length: prng.nextBelow(200) + 1 }, (_, j) => `m${j}`);
        server.run("DEL", key);
        if (kind < 5) server.run("SET", key, "x".repeat(prng.nextBelow(3000)), "EX", "1000");
        else if (kind < 7) server.run("SADD", key, ...members);
        else if (kind < 8) server.run("RPUSH", key, ...members);
        else server.run("HSET", key, ...members, ...members);
        server.run("EXPIRE", key, "1000");
        const grown = Math.max(0, arena.usedBytes - before);
        largest = Math.max(largest, grown);
        assert.ok(arena.usedBytes <= limit + largest, `seed ${n}: ${arena.usedBytes}`);
      }
      const { keyspace } = server.server;
      assert.ok(keyspace.evictedKeys > 100, `seed ${n}: ${keyspace.evictedKeys} were evicted`);
      server.validateIntegrity();
    });
  }

  test("a huge value goes in slices, and commands go on meanwhile", () => {
    const clock = new ManualClock();
    const server = new InProcess({ commands: allCommands, clock });
    // Each look at the clock costs a while, so that slices end.
    const monotonicUs = clock.monotonicUs.bind(clock);
    clock.monotonicUs = () => {
      clock.advance(0.2);
      return monotonicUs();
    };
    for (let i = 0; i < 100_000; i += 100) {
      server.run("SADD", "huge", ...Array.from({ length: 100 }, (_, j) => `member:${i + j}`));
    }
    const { arena } = server;
    const full = arena.usedBytes;
    assert.equal(server.run("CONFIG", "SET", "maxmemory-policy", "allkeys-random"), OK);
    const limit = 1_000_000;
    assert.equal(server.run("CONFIG", "SET", "maxmemory", String(limit)), OK);
    assert.equal(server.run("SET", "a", "1"), OK);
    const first = arena.usedBytes;
    assert.ok(first < full && first > limit, `${full} ${first}`);
    // In the same turn only what is added is paid for.
    for (let i = 0; i < 50; i++) assert.equal(server.run("SET", `b${i}`, "x".repeat(500)), OK);
    assert.ok(arena.usedBytes <= first + 1024, `${first} ${arena.usedBytes}`);
    assert.ok(arena.usedBytes > first / 2);
    // The next turns go on.
    let turns = 0;
    for (; arena.usedBytes > limit; turns++) {
      server.server.turn.count++;
      assert.equal(server.run("SET", "a", "1"), OK);
    }
    assert.ok(turns > 3, `${turns}`);
    server.validateIntegrity();
  });
});
