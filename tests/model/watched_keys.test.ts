/**
 * WATCH against a naive model: a few clients watch and change a few keys of two databases, and the model knows
 * which keys a client watches and whether a command has changed one of them.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import { Prng } from "../../core/base/prng.ts";
import { allCommands } from "../../core/commands/index.ts";
import { pick, seed } from "../support/gen.ts";
import { InProcess, InProcessClient } from "../support/in_process.ts";

const KEYS = ["a", "b", "c", "d"];
const STEPS = 30_000;

/** A client, and what the model knows of it. */
interface Watcher {
  client: InProcessClient;
  db: number;
  watched: Set<string>;
  failed: boolean;
}

class Model {
  /** Keys that exist, "db:key". */
  readonly keys = new Set<string>();
  readonly watchers: Watcher[] = [];
  private readonly prng: Prng;

  constructor(prng: Prng) {
    this.prng = prng;
  }

  /** A change of keys: who watches one of them will fail. */
  touch(...ids: string[]): void {
    for (const watcher of this.watchers) {
      if (!ids.some((id) => watcher.watched.has(id))) continue;
      watcher.failed = true;
      watcher.watched.clear();
    }
  }

  /** A random command that may change keys, and its effect in the model. */
  change(who: Watcher): string[] {
    const [from, to] = [pick(this.prng, KEYS), pick(this.prng, KEYS)];
    const [fromId, toId] = [`${who.db}:${from}`, `${who.db}:${to}`];
    const exists = this.keys.has(fromId);
    switch (this.prng.nextBelow(12)) {
      case 0:
      case 1:
        this.keys.add(fromId);
        this.touch(fromId);
        return ["SET", from, "v"];
      case 2:
        for (const id of [fromId, toId]) if (this.keys.delete(id)) this.touch(id);
        return ["DEL", from, to];
      case 3:
        this.keys.add(fromId).add(toId);
        this.touch(fromId, toId);
        return ["MSET", from, "v", to, "v"];
      case 4:
        if (exists && from !== to) {
          this.keys.delete(fromId);
          this.keys.add(toId);
          this.touch(fromId, toId);
        }
        return ["RENAME", from, to];
      case 5:
        if (exists && from !== to) {
          this.keys.add(toId);
          this.touch(toId);
        }
        return ["COPY", from, to, "REPLACE"];
      case 6: {
        const there = `${1 - who.db}:${from}`;
        if (exists && !this.keys.has(there)) {
          this.keys.delete(fromId);
          this.keys.add(there);
          this.touch(fromId, there);
        }
        return ["MOVE", from, String(1 - who.db)];
      }
      case 7:
        if (this.keys.delete(fromId)) this.touch(fromId);
        return ["EXPIRE", from, "-1"];
      case 8:
        if (exists) this.touch(fromId);
        return ["EXPIRE", from, "1000"];
      case 9:
        return this.prng.nextBelow(5) === 0 ? this.flush(who) : ["GET", from];
      case 10:
        return this.prng.nextBelow(5) === 0 ? this.swap() : ["EXISTS", from];
      default:
        return ["SETNX", from, "v", "x"];
    }
  }

  private flush(who: Watcher): string[] {
    const all = this.prng.nextBelow(2) === 0;
    for (const id of [...this.keys]) {
      if (!all && !id.startsWith(`${who.db}:`)) continue;
      this.touch(id);
      this.keys.delete(id);
    }
    return [all ? "FLUSHALL" : "FLUSHDB"];
  }

  private swap(): string[] {
    const before = [...this.keys];
    const swapped = before.map((id) => `${1 - Number(id[0])}${id.slice(1)}`);
    this.touch(...before, ...swapped);
    this.keys.clear();
    for (const id of swapped) this.keys.add(id);
    return ["SWAPDB", "0", "1"];
  }
}

test("EXEC fails just when a watched key was changed", () => {
  const n = seed();
  const prng = new Prng(n);
  const model = new Model(prng);
  const process = new InProcess({ commands: [...allCommands] });
  const { server } = process;
  const join = (): Watcher => ({
    client: new InProcessClient(server),
    db: 0,
    watched: new Set(),
    failed: false,
  });
  for (let i = 0; i < 4; i++) model.watchers.push(join());
  for (let step = 0; step < STEPS; step++) {
    const index = prng.nextBelow(model.watchers.length);
    const who = model.watchers[index];
    const note = `seed ${n}, step ${step}`;
    switch (prng.nextBelow(10)) {
      case 0:
      case 1: {
        const keys = [pick(prng, KEYS), pick(prng, KEYS)];
        assert.equal(who.client.run("WATCH", ...keys), "+OK\r\n", note);
        if (!who.failed) { for (const key of keys) who.watched.add(`${who.db}:${key}`); }
        break;
      }
      case 2:
        who.client.run("MULTI");
        assert.equal(who.client.run("EXEC"), who.failed ? "*-1\r\n" : "*0\r\n", note);
        who.failed = false;
        who.watched.clear();
        break;
      case 3:
        who.client.run(...pick(prng, [["UNWATCH"], ["RESET"]]));
        // RESET goes back to the first database.
        who.client.run("SELECT", String(who.db));
        who.failed = false;
        who.watched.clear();
        break;
      case 4:
        who.db = 1 - who.db;
        who.client.run("SELECT", String(who.db));
        break;
      case 5:
        if (prng.nextBelow(10) !== 0) break;
        who.client.close();
        model.watchers[index] = join();
        break;
      default:
        who.client.run(...model.change(who));
    }
    const keys = new Set(model.watchers.flatMap(({ watched }) => [...watched]));
    assert.equal(server.changes.watched.count, keys.size, note);
    const clients = model.watchers.filter(({ watched }) => watched.size > 0).length;
    assert.equal(server.changes.watched.clients, clients, note);
    assert.equal(server.keyspace.observer === null, keys.size === 0, note);
  }
});
