/**
 * Streams against arrays: random additions, removals and trimming under limits so small that there are many
 * nodes, walks in both directions, consumer groups with all that is pending, copies; memory that runs out at
 * any allocation; a poisoned arena, and everything given back in the end.
 */
import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { Prng } from "../../core/base/prng.ts";
import { compareIds, StreamId } from "../../core/base/stream_id.ts";
import { ARENA_FULL } from "../../core/memory/arena.ts";
import type { ListpackValue } from "../../core/structures/listpack_entry.ts";
import { makeMeta, TYPE_STREAM } from "../../core/types/object.ts";
import { Streams } from "../../core/types/t_stream.ts";
import { ByteRange } from "../../core/types/t_string.ts";
import { TypeContext } from "../../core/types/type_context.ts";
import { oneIn, pick, randomValue, seed } from "../support/gen.ts";
import { latin1, toBytes } from "../support/resp_reply.ts";
import { FailingArena } from "../unit/structures/entries.ts";

const ENTRY_BYTES = 24;
const MAX = (1n << 128n) - 1n;
const NOW_MS = 1_700_000_000_000;

interface Entry {
  id: bigint;
  fields: string[];
}

interface Pending {
  id: bigint;
  consumer: string;
  ms: number;
  count: number;
}

/** A stream and its oracle. */
class Model {
  readonly arena: FailingArena;
  readonly prng: Prng;
  readonly context: TypeContext;
  readonly streams: Streams;
  readonly baseline: number;
  ref: number;
  entries: Entry[] = [];
  last = 0n;
  maxDeleted = 0n;
  groups = new Map<string, { consumers: Set<string>; pending: Map<bigint, Pending> }>();

  constructor(n: number, maxEntries: number, maxBytes: number) {
    this.arena = new FailingArena({ segmentBytes: 1 << 23 });
    this.prng = new Prng(n);
    this.context = new TypeContext(this.arena, this.prng, 1, 2);
    this.context.limits.streamNodeMaxEntries = maxEntries;
    this.context.limits.streamNodeMaxBytes = maxBytes;
    this.streams = new Streams(this.context);
    this.baseline = this.arena.usedBytes;
    this.ref = this.fresh();
    this.streams.init(this.ref);
  }

  get root(): number {
    return this.streams.root(this.ref);
  }

  /** The entry of a stream that is not made yet. */
  fresh(): number {
    const ref = this.arena.alloc(ENTRY_BYTES);
    this.arena.fill(ref, 0, ENTRY_BYTES, 0);
    this.arena.storeI32(ref, 0, makeMeta(TYPE_STREAM, 0, 0));
    this.arena.storeI32(ref, 4, 3);
    return ref;
  }

  /** Throws ArenaFull. */
  append(): void {
    const { prng } = this;
    const steps = [1n, 1n, 3n, 200n, 1n << 40n, 1n << 64n, 5n << 64n, (1n << 64n) - 7n];
    const id = this.last + pick(prng, steps);
    const fields: string[] = [];
    const count = oneIn(prng, 3) ? 1 + prng.nextBelow(4) : 2;
    for (let i = 0; i < count; i++) {
      fields.push(oneIn(prng, 8) ? latin1(randomValue(prng, 40)) : `field${i}`);
      fields.push(latin1(randomValue(prng, oneIn(prng, 30) ? 5000 : 30)));
    }
    const text = toBytes(`key${fields.join("")}`);
    const offs = new Int32Array(fields.length + 1);
    const lens = new Int32Array(fields.length + 1);
    let at = 3;
    fields.forEach((part, i) => {
      offs[i + 1] = at;
      lens[i + 1] = part.length;
      at += part.length;
    });
    this.streams.append(this.root, idOf(id), text, offs, lens, 1, count, at - 3);
    this.entries.push({ id, fields });
    this.last = id;
  }

  remove(): void {
    const { prng, entries, streams, root } = this;
    const isKnown = entries.length > 0 && !oneIn(prng, 5);
    const id = isKnown ? pick(prng, entries).id : this.last - BigInt(prng.nextBelow(5));
    const at = entries.findIndex((entry) => entry.id === id);
    if (id < 0n) return;
    assert.equal(streams.hasEntry(root, idOf(id)), at >= 0);
    assert.equal(streams.remove(root, idOf(id)), at >= 0, `remove ${id}`);
    if (at < 0) return;
    entries.splice(at, 1);
    if (id > this.maxDeleted) this.maxDeleted = id;
    if (at === 0) streams.findFirstId(root);
  }

  trim(): void {
    const { prng, entries, streams, root } = this;
    const isApprox = oneIn(prng, 2);
    const limit = isApprox && oneIn(prng, 2) ? prng.nextBelow(40) : 0;
    const byLength = oneIn(prng, 2);
    const keep = Math.max(0, entries.length - prng.nextBelow(20));
    const min = keep < entries.length ? entries[keep].id : this.last + 1n;
    const exact = byLength
      ? entries.length - keep
      : entries.filter((entry) => entry.id < min).length;
    const got = streams.trim(root, byLength ? keep : -1, idOf(min), isApprox, limit);
    if (isApprox) assert.ok(got <= exact, `trimmed ${got} of ${exact}`);
    else assert.equal(got, exact);
    if (limit > 0) assert.ok(got <= limit);
    entries.splice(0, got);
  }

  // Groups.

  group(): { name: string; ref: number } | null {
    if (this.groups.size === 0) return null;
    const name = pick(this.prng, [...this.groups.keys()]);
    const bytes = toBytes(name);
    return { name, ref: this.streams.groups.find(this.root, bytes, 0, bytes.length) };
  }

  createGroup(): void {
    const { prng, streams, root } = this;
    const name = `group${prng.nextBelow(6)}`;
    const bytes = toBytes(name);
    const made = streams.groups.create(root, bytes, 0, bytes.length, idOf(this.last), -1);
    assert.equal(made === 0, this.groups.has(name));
    if (made !== 0) this.groups.set(name, { consumers: new Set(), pending: new Map() });
  }

  destroyGroup(): void {
    const found = this.group();
    if (found === null) return;
    this.streams.groups.destroy(this.root, found.ref);
    this.groups.delete(found.name);
  }

  /** A consumer of the group, made if need be. */
  consumer(group: number, name: string): { name: string; ref: number } {
    const { groups } = this.streams;
    const known = this.groups.get(name)!.consumers;
    const consumer = pick(this.prng, ["a", "b", "consumer-with-a-long-name", ""]);
    const bytes = toBytes(consumer);
    let ref = groups.findConsumer(group, bytes, 0, bytes.length);
    assert.equal(ref !== 0, known.has(consumer));
    if (ref === 0) ref = groups.createConsumer(group, bytes, 0, bytes.length, NOW_MS);
    known.add(consumer);
    return { name: consumer, ref };
  }

  /** Throws ArenaFull. */
  deliver(): void {
    const found = this.group();
    if (found === null || this.entries.length === 0) return;
    const { pending } = this.groups.get(found.name)!;
    const consumer = this.consumer(found.ref, found.name);
    const { id } = pick(this.prng, this.entries);
    const ms = NOW_MS + this.prng.nextBelow(1000);
    this.streams.groups.deliver(found.ref, consumer.ref, idOf(id), ms);
    pending.set(id, { id, consumer: consumer.name, ms, count: 1 });
  }

  claim(): void {
    const found = this.group();
    if (found === null) return;
    const { groups } = this.streams;
    const { pending } = this.groups.get(found.name)!;
    if (pending.size === 0) return;
    const consumer = this.consumer(found.ref, found.name);
    const entry = pick(this.prng, [...pending.values()]);
    assert.ok(groups.findPending(found.ref, idOf(entry.id)));
    assert.equal(groups.deliveryMs, entry.ms);
    assert.equal(groups.deliveryCount, entry.count);
    entry.ms = pick(this.prng, [0, 1, NOW_MS, 2 ** 44 - 1]);
    entry.count = pick(this.prng, [0, 7, 2 ** 32, 2 ** 52 - 1]);
    groups.assign(consumer.ref, idOf(entry.id));
    groups.setDelivery(entry.ms, entry.count);
    entry.consumer = consumer.name;
  }

  acknowledge(): void {
    const found = this.group();
    if (found === null) return;
    const { pending } = this.groups.get(found.name)!;
    const isKnown = pending.size > 0 && !oneIn(this.prng, 5);
    const id = isKnown ? pick(this.prng, [...pending.keys()]) : this.last + 1n;
    const got = this.streams.groups.acknowledge(found.ref, idOf(id));
    assert.equal(got, pending.delete(id), `acknowledge ${id}`);
  }

  deleteConsumer(): void {
    const found = this.group();
    if (found === null) return;
    const { consumers, pending } = this.groups.get(found.name)!;
    const consumer = this.consumer(found.ref, found.name);
    const want = [...pending.values()].filter((entry) => entry.consumer === consumer.name);
    assert.equal(this.streams.groups.deleteConsumer(found.ref, consumer.ref), want.length);
    consumers.delete(consumer.name);
    for (const entry of want) pending.delete(entry.id);
  }

  // Comparing.

  check(): void {
    const { streams, ref, root, entries } = this;
    streams.validateIntegrity(ref);
    assert.equal(streams.length(ref), entries.length);
    this.checkRange(0n, MAX);
    const { prng } = this;
    for (let i = 0; i < 3; i++) {
      const from = entries.length > 0 ? pick(prng, entries).id : 5n;
      const to = from + pick(prng, [0n, 1n, 300n, 5n << 64n]);
      this.checkRange(from, to < MAX ? to : MAX);
    }
    const id = new StreamId();
    streams.lastId(root, id);
    assert.equal(bigOf(id), this.last);
    streams.maxDeletedId(root, id);
    assert.equal(bigOf(id), this.maxDeleted);
    assert.equal(streams.lastEntryId(root, id), entries.length > 0);
    if (entries.length > 0) assert.equal(bigOf(id), entries.at(-1)!.id);
    this.checkGroups();
  }

  /** Walks a range in both directions. */
  checkRange(from: bigint, to: bigint): void {
    const { cursor } = this.streams;
    const want = this.entries.filter((entry) => entry.id >= from && entry.id <= to);
    for (const isReverse of [false, true]) {
      const got: Entry[] = [];
      cursor.begin(this.root, idOf(from), idOf(to), isReverse);
      while (cursor.next()) {
        const fields: string[] = [];
        // Not all of the fields are always read.
        const skips = oneIn(this.prng, 4);
        for (let i = skips ? 1 : 0; i < cursor.numFields; i++) {
          cursor.nextField();
          fields.push(textOf(cursor.field), textOf(cursor.value));
        }
        const id = bigOf(cursor.id);
        const entry = want.find((other) => other.id === id);
        got.push({ id, fields: skips && entry !== undefined ? entry.fields : fields });
      }
      assert.deepEqual(got, isReverse ? want.toReversed() : want);
    }
  }

  checkGroups(): void {
    const { groups } = this.streams;
    const names = [...this.groups.keys()].sort();
    assert.equal(groups.count(this.root), names.length);
    const range = new ByteRange();
    const nameOf = () => latin1((range.buf as Uint8Array).slice(range.off, range.off + range.len));
    names.forEach((name, i) => {
      const group = groups.entry(this.root, i);
      groups.groupName(group, range);
      assert.equal(nameOf(), name);
      const { consumers, pending } = this.groups.get(name)!;
      assert.equal(groups.consumerCount(group), consumers.size);
      assert.equal(groups.pendingCount(group), pending.size);
      [...consumers].sort().forEach((consumer, j) => {
        const ref = groups.consumer(group, j);
        groups.consumerName(ref, range);
        assert.equal(nameOf(), consumer);
        const own = [...pending.values()].filter((entry) => entry.consumer === consumer);
        assert.equal(groups.ownCount(ref), own.length);
      });
      const got: Pending[] = [];
      let more = groups.seekPending(group, idOf(0n));
      for (; more; more = groups.pending.next()) {
        const id = new StreamId();
        groups.pending.idTo(id);
        groups.consumerName(groups.pendingConsumer, range);
        const { deliveryMs: ms, deliveryCount: count } = groups;
        got.push({ id: bigOf(id), consumer: nameOf(), ms, count });
      }
      const want = [...pending.values()].sort((a, b) => a.id < b.id ? -1 : 1);
      assert.deepEqual(got, want);
    });
  }

  /** Replaces the stream by a copy of it. Throws ArenaFull. */
  copy(): void {
    const { streams, arena } = this;
    const copy = this.fresh();
    const before = arena.usedBytes;
    try {
      streams.copy(this.ref, copy);
    } catch (error) {
      assert.equal(arena.usedBytes, before, "a copy that fails leaves nothing");
      arena.free(copy);
      throw error;
    }
    const bytes = arena.usedBytes - before;
    assert.equal(bytes, streams.bytes(copy, 0));
    const old = this.ref;
    this.ref = copy;
    this.check();
    streams.free(old);
    arena.free(old);
    assert.equal(arena.usedBytes, this.baseline + arena.usable(copy) + bytes);
  }

  dispose(): void {
    while (this.streams.freeSome(this.ref, 1));
    this.arena.free(this.ref);
    assert.equal(this.arena.usedBytes, this.baseline, "everything is given back");
    this.arena.validateIntegrity();
  }
}

function idOf(value: bigint): StreamId {
  const id = new StreamId();
  const word = (shift: bigint) => Number(BigInt.asIntN(32, value >> shift));
  id.set(word(96n), word(64n), word(32n), word(0n));
  return id;
}

function bigOf(id: StreamId): bigint {
  const word = (n: number) => BigInt(n >>> 0);
  return word(id.msHi) << 96n | word(id.msLo) << 64n | word(id.seqHi) << 32n | word(id.seqLo);
}

function textOf(value: ListpackValue): string {
  value.toText();
  return latin1((value.buf as Uint8Array).slice(value.off, value.off + value.len));
}

/** One random operation. Throws ArenaFull. */
function step(model: Model, growth: number): void {
  const { prng } = model;
  if (prng.nextBelow(10) < growth) return model.append();
  const operations = [
    () => model.remove(),
    () => model.remove(),
    () => oneIn(prng, 4) && model.trim(),
    () => model.createGroup(),
    () => oneIn(prng, 10) && model.destroyGroup(),
    () => model.deliver(),
    () => model.deliver(),
    () => model.deliver(),
    () => model.claim(),
    () => model.acknowledge(),
    () => oneIn(prng, 4) && model.deleteConsumer(),
    () => oneIn(prng, 40) && model.copy(),
  ];
  pick(prng, operations)();
}

describe("Streams", () => {
  for (const [maxEntries, maxBytes] of [[100, 4096], [3, 4096], [0, 300], [1, 0], [400, 0]]) {
    test(`random operations, nodes of ${maxEntries} entries and ${maxBytes} bytes`, () => {
      const n = seed();
      const model = new Model(n, maxEntries, maxBytes);
      try {
        for (const growth of [8, 5, 2, 6, 1]) {
          for (let i = 0; i < 500; i++) {
            step(model, growth);
            if (oneIn(model.prng, 40)) model.check();
          }
        }
        model.check();
        model.dispose();
      } catch (error) {
        throw new Error(`seed ${n}`, { cause: error });
      }
    });
  }

  test("memory that runs out leaves a consistent stream", () => {
    const n = seed();
    const model = new Model(n, 150, 0);
    const { arena, prng } = model;
    let failures = 0;
    try {
      for (let i = 0; i < 4000; i++) {
        arena.failIn = oneIn(prng, 3) ? prng.nextBelow(8) : -1;
        const before = model.streams.length(model.ref);
        try {
          step(model, 5);
        } catch (error) {
          if (error !== ARENA_FULL) throw error;
          failures++;
          assert.equal(model.streams.length(model.ref), before);
          arena.failIn = -1;
          if (oneIn(prng, 4)) model.streams.validateIntegrity(model.ref);
          // A consumer may have been made before memory ran out.
          resync(model);
        }
        arena.failIn = -1;
        if (oneIn(prng, 100)) model.check();
      }
      assert.ok(failures > 10);
      model.check();
      model.dispose();
    } catch (error) {
      throw new Error(`seed ${n}`, { cause: error });
    }
  });

  test("ids up to the largest", () => {
    const model = new Model(1, 100, 4096);
    const { streams } = model;
    model.last = (1n << 128n) - 4n;
    const text = toBytes("fv");
    const offs = Int32Array.of(0, 1);
    const lens = Int32Array.of(1, 1);
    for (const id of [1n, (1n << 64n) - 1n, 1n << 64n, (1n << 128n) - 2n, (1n << 128n) - 1n]) {
      streams.append(model.root, idOf(id), text, offs, lens, 0, 1, 2);
      model.entries.push({ id, fields: ["f", "v"] });
      model.last = id;
    }
    model.check();
    assert.ok(compareIds(idOf(1n << 127n), idOf(1n)) > 0);
    model.dispose();
  });

  test("a small stream is small", () => {
    const model = new Model(1, 100, 4096);
    model.last = 1n << 64n;
    model.append();
    assert.ok(model.streams.bytes(model.ref, 0) < 300 || model.entries[0].fields[1].length > 100);
    model.dispose();
  });
});

/** Takes delivery times and new consumers over from the stream: what a failure may have changed. */
function resync(model: Model): void {
  const { groups } = model.streams;
  const range = new ByteRange();
  for (let i = 0; i < groups.count(model.root); i++) {
    const group = groups.entry(model.root, i);
    groups.groupName(group, range);
    const name = latin1((range.buf as Uint8Array).slice(range.off, range.off + range.len));
    const known = model.groups.get(name)!;
    for (let j = 0; j < groups.consumerCount(group); j++) {
      groups.consumerName(groups.consumer(group, j), range);
      known.consumers.add(
        latin1((range.buf as Uint8Array).slice(range.off, range.off + range.len)),
      );
    }
    for (const entry of known.pending.values()) {
      assert.ok(groups.findPending(group, idOf(entry.id)));
      entry.ms = groups.deliveryMs;
      entry.count = groups.deliveryCount;
    }
  }
}
