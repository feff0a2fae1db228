/**
 * Tracked keys against a map of sets, with clients that come and go and a table that is emptied.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import { ascii, latin1 } from "../../core/base/bytes.ts";
import { Prng } from "../../core/base/prng.ts";
import { AccessPolicy } from "../../core/keyspace/access.ts";
import { Keyspace } from "../../core/keyspace/keyspace.ts";
import { Arena } from "../../core/memory/arena.ts";
import { TrackedKeys } from "../../core/server/tracked_keys.ts";
import { ByteRange } from "../../core/types/t_string.ts";
import { seed } from "../support/gen.ts";

const SEED = seed();
const STEPS = 20_000;

/** The table and the oracle side by side. */
class Pair {
  readonly table: TrackedKeys<string>;
  readonly keyspace: Keyspace;
  readonly readers = new Map<string, Set<string>>();
  readonly numbers = new Map<string, number>();
  private named = 0;

  constructor(prng: Prng) {
    this.keyspace = new Keyspace(new Arena({ poison: true }), 1, new AccessPolicy(prng), prng);
    this.table = new TrackedKeys(this.keyspace);
  }

  join(): void {
    const client = `c${this.named++}`;
    this.numbers.set(client, this.table.join(client));
  }

  leave(client: string): void {
    this.table.leave(this.numbers.get(client)!);
    this.numbers.delete(client);
    if (this.numbers.size === 0) this.readers.clear();
  }

  add(key: string, client: string): void {
    this.table.add(ascii(key), 0, key.length, this.numbers.get(client)!);
    const readers = this.readers.get(key) ?? new Set();
    this.readers.set(key, readers.add(client));
  }

  /** Takes a key from both; the clients that are still there must be the same. */
  take(key: string, where: string): void {
    const padded = ascii(`..${key}.`);
    const count = this.table.take(padded, 2, key.length);
    const got: string[] = [];
    for (let i = 0; i < count; i++) {
      const client = this.table.clientOf(this.table.taken.refs[i]);
      if (client !== null && client !== undefined) got.push(client);
    }
    const want = [...this.readers.get(key) ?? []].filter((client) => this.numbers.has(client));
    this.readers.delete(key);
    assert.deepEqual(got.sort(), want.sort(), `${where}: ${key}`);
  }

  check(where: string): void {
    this.table.validateIntegrity();
    assert.equal(this.table.count, this.readers.size, where);
    if (this.readers.size === 0) return;
    const key = new ByteRange();
    this.table.chooseKey(key);
    const text = latin1(key.buf, key.off, key.len);
    assert.ok(this.readers.has(text), `${where}: chose ${JSON.stringify(text)}`);
  }
}

test("tracked keys, against a map of sets", () => {
  const prng = new Prng(SEED);
  const pair = new Pair(prng);
  const emptyBytes = pair.keyspace.arena.usedBytes;
  const pick = <T>(list: readonly T[]): T => list[prng.nextU32() % list.length];
  for (let step = 0; step < STEPS; step++) {
    const where = `SEED=${SEED} step ${step}`;
    const clients = [...pair.numbers.keys()];
    const dice = prng.nextU32() % 1000;
    // A few keys that everybody reads, and many that hardly anybody does.
    const key = dice % 3 === 0 ? `hot${dice % 4}` : `key:${prng.nextU32() % 3000}`;
    if (clients.length === 0 || dice < 20 && clients.length < 200) pair.join();
    else if (dice < 35) pair.leave(pick(clients));
    else if (dice < 38) {
      pair.table.clear();
      pair.readers.clear();
    } else if (dice < 300) pair.take(key, where);
    else pair.add(key, pick(clients));
    if (step % 97 === 0) pair.check(where);
  }
  for (const client of [...pair.numbers.keys()]) pair.leave(client);
  assert.equal(pair.table.count + pair.table.items + pair.table.clients, 0, `SEED=${SEED}`);
  pair.keyspace.lazyFree.drain();
  assert.equal(pair.keyspace.arena.usedBytes, emptyBytes, `SEED=${SEED}: all memory is back`);
});
