/**
 * Hashes whose fields expire in a whole keyspace: random commands that create, move, copy, overwrite and remove
 * keys while a clock runs, against maps; and the index of such hashes against what the hashes themselves say.
 */
import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { ManualClock } from "../../core/base/clock.ts";
import { Prng } from "../../core/base/prng.ts";
import { RefList } from "../../core/base/ref_list.ts";
import { allCommands } from "../../core/commands/index.ts";
import { ExpireCycle } from "../../core/keyspace/expire_cycle.ts";
import { bodyWord, objectType, TYPE_HASH } from "../../core/types/object.ts";
import { oneIn, pick, randomInt, seed } from "../support/gen.ts";
import { InProcess } from "../support/in_process.ts";

/** Fields of a hash with the times at which they expire, Infinity for never; null: a string. */
type Value = Map<string, number> | null;

const DBS = 3;

class World {
  readonly clock = new ManualClock();
  readonly prng: Prng;
  readonly process: InProcess;
  readonly cycle: ExpireCycle;
  readonly dbs: Map<string, Value>[] = [];
  expired = 0;

  constructor(n: number) {
    this.prng = new Prng(n);
    this.process = new InProcess({
      commands: allCommands,
      clock: this.clock,
      config: { "hash-max-listpack-entries": "6" },
    });
    this.cycle = new ExpireCycle(this.process.server.keyspace, this.clock);
    for (let i = 0; i < DBS; i++) this.dbs.push(new Map());
  }

  get nowMs(): number {
    return this.clock.nowMs();
  }

  key(): string {
    return `k${this.prng.nextBelow(12)}`;
  }

  fieldNames(): string[] {
    return Array.from({ length: randomInt(this.prng, 1, 6) }, () => `f${this.prng.nextBelow(20)}`);
  }

  /** A command on a key of a database, in both worlds. */
  step(): void {
    const id = this.prng.nextBelow(DBS);
    this.process.run("SELECT", String(id));
    const db = this.dbs[id];
    const key = this.key();
    const value = db.get(key);
    switch (this.prng.nextBelow(14)) {
      case 0:
      case 1:
      case 2:
        if (value !== null) this.hset(db, key, value ?? new Map());
        return;
      case 3:
      case 4:
      case 5:
        if (value) this.hexpire(db, key, value);
        return;
      case 6:
        if (value) this.hdel(db, key, value);
        return;
      case 7:
        return this.replace(db, key, value);
      case 8:
      case 9:
        return this.carry(id, key, value);
      case 10:
        this.process.run(pick(this.prng, ["PEXPIRE", "PERSIST"]), key, "100000000");
        return;
      case 11:
        return this.exchange(id);
      case 12:
        return this.runCycle();
      default:
        this.clock.advance(this.prng.nextBelow(10));
    }
  }

  hset(db: Map<string, Value>, key: string, value: Map<string, number>): void {
    const names = this.fieldNames();
    this.process.run("HSET", key, ...names.flatMap((name) => [name, "value"]));
    for (const name of names) value.set(name, Infinity);
    db.set(key, value);
  }

  hexpire(db: Map<string, Value>, key: string, value: Map<string, number>): void {
    const names = [...new Set(this.fieldNames())];
    if (oneIn(this.prng, 5)) {
      this.process.run("HPERSIST", key, "FIELDS", String(names.length), ...names);
      for (const name of names) {
        if (value.get(name)! >= this.nowMs) value.set(name, Infinity);
      }
      return;
    }
    const ttl = randomInt(this.prng, 0, 30);
    this.process.run("HPEXPIRE", key, String(ttl), "FIELDS", String(names.length), ...names);
    for (const name of names) {
      if (!value.has(name)) continue;
      if (ttl === 0) value.delete(name);
      else value.set(name, this.nowMs + ttl);
    }
    if (value.size === 0) db.delete(key);
  }

  hdel(db: Map<string, Value>, key: string, value: Map<string, number>): void {
    const names = this.fieldNames();
    this.process.run("HDEL", key, ...names);
    for (const name of names) value.delete(name);
    if (value.size === 0) db.delete(key);
  }

  /** Another value at the key, or none. */
  replace(db: Map<string, Value>, key: string, value: Value | undefined): void {
    if (oneIn(this.prng, 2)) {
      this.process.run("DEL", key);
      db.delete(key);
    } else if (value !== undefined) {
      this.process.run("SET", key, "x".repeat(this.prng.nextBelow(20)));
      db.set(key, null);
    }
  }

  /** The value comes to another key or another database. */
  carry(id: number, key: string, value: Value | undefined): void {
    const db = this.dbs[id];
    const otherId = (id + 1) % DBS;
    const other = this.key();
    if (value === undefined || other === key) return;
    switch (this.prng.nextBelow(3)) {
      case 0:
        this.process.run("RENAME", key, other);
        db.delete(key);
        db.set(other, value);
        return;
      case 1:
        this.process.run("COPY", key, other, "DB", String(otherId), "REPLACE");
        this.dbs[otherId].set(other, value === null ? null : new Map(value));
        return;
      default: {
        const moved = this.process.run("MOVE", key, String(otherId)) === ":1\r\n";
        assert.equal(moved, !this.dbs[otherId].has(key), `MOVE ${key}`);
        if (!moved) return;
        db.delete(key);
        this.dbs[otherId].set(key, value);
      }
    }
  }

  exchange(id: number): void {
    if (oneIn(this.prng, 4)) {
      this.process.run("FLUSHDB");
      this.dbs[id].clear();
    } else if (oneIn(this.prng, 2)) {
      const other = (id + 1) % DBS;
      this.process.run("SWAPDB", String(id), String(other));
      [this.dbs[id], this.dbs[other]] = [this.dbs[other], this.dbs[id]];
    }
  }

  runCycle(): void {
    const { keyspace } = this.process.server;
    keyspace.setTime(this.nowMs);
    this.expired -= keyspace.fields.expired;
    while (this.cycle.run(1000));
    this.expired += keyspace.fields.expired;
    for (const db of this.dbs) {
      for (const [key, value] of db) {
        if (value === null) continue;
        for (const [name, at] of value) if (at < this.nowMs) value.delete(name);
        if (value.size === 0) db.delete(key);
      }
    }
  }

  check(): void {
    this.process.validateIntegrity();
    const { keyspace, arena } = this.process.server;
    const refs = new RefList();
    this.dbs.forEach((want, id) => {
      const db = keyspace.dbs[id];
      assert.equal(db.keys.count, want.size);
      refs.clear();
      let cursor = 0;
      do {
        cursor = db.keys.scan(cursor, refs);
      } while (cursor !== 0);
      let indexed = 0;
      for (let i = 0; i < refs.length; i++) {
        const ref = refs.refs[i];
        if (objectType(arena, ref) !== TYPE_HASH || !keyspace.fields.concerns(ref)) continue;
        const next = keyspace.values.hashes.nextExpiry(ref);
        const place = bodyWord(arena, ref, 1);
        if (place !== 0) indexed++;
        // The index may look at a hash too early, never too late.
        const at = place === 0 ? Infinity : db.fieldExpires.expiryAt(place);
        if (place !== 0) assert.equal(db.fieldExpires.refAt(place), ref);
        assert.ok(at <= next, `${at} <= ${next}`);
      }
      assert.equal(db.fieldExpires.count, indexed);
      this.process.run("SELECT", String(id));
      for (const [key, value] of want) this.checkKey(key, value);
    });
  }

  checkKey(key: string, value: Value): void {
    if (value === null) {
      assert.equal(this.process.run("TYPE", key), "+string\r\n");
      return;
    }
    assert.equal(this.process.run("HLEN", key), `:${value.size}\r\n`);
    const live = [...value.values()].filter((at) => at >= this.nowMs).length;
    const header = `*${live}\r\n`;
    assert.equal(this.process.run("HKEYS", key).slice(0, header.length), header);
    for (const [name, at] of value) {
      const want = at === Infinity ? -1 : at < this.nowMs ? -2 : at;
      const got = this.process.run("HPEXPIRETIME", key, "FIELDS", "1", name);
      assert.equal(got, `*1\r\n:${want}\r\n`);
    }
  }
}

describe("field expiry", () => {
  const n = seed();
  test("of hashes that are moved, copied, overwritten and swapped", () => {
    const world = new World(n);
    const { process } = world;
    for (let i = 0; i < 15000; i++) {
      world.step();
      if (oneIn(world.prng, 40)) world.check();
    }
    assert.ok(world.expired > 100, `seed ${n}`);
    process.empty();
    const left = process.arena.usedBytes;
    assert.equal(left, new World(n).process.arena.usedBytes, `seed ${n}`);
  });
});
