/**
 * Consumer groups: who has read a stream how far, and which entries were handed to whom and not acknowledged yet.
 *
 *     group      how far it has read, its consumers by name, and its pending entries by id
 *     consumer   when it was seen, and the ids of the pending entries that are its
 *
 * Blocks are laid out in stream_root.ts. A pending entry is a record of the group's index: 32 bytes where Redis
 * takes some 90. The consumer's index has the id alone, 16 bytes, and whoever walks it looks the rest up.
 *
 *     id (4 words) | consumer | time of delivery, low word | time, 12 bits; count, 20 | count, low word
 *
 * So a delivery time goes up to the year 2527 and a delivery count to 2^52: larger ones are cut to that.
 *
 * `pending` and `own` are cursors over the pending entries of a group and of one consumer; any change of these
 * makes them undefined.
 */
import { assert } from "../base/assert.ts";
import type { ReadonlyBytes } from "../base/bytes.ts";
import { compareIds, StreamId } from "../base/stream_id.ts";
import { type Arena, REF_OFFSET_MASK, refOffset } from "../memory/arena.ts";
import { IdIndex } from "../structures/id_index.ts";
import { NameTable } from "../structures/name_table.ts";
import {
  CONSUMER_ACTIVE_OFF,
  CONSUMER_NAME_OFF,
  CONSUMER_PENDING_OFF,
  CONSUMER_SEEN_OFF,
  deliveryCountOf,
  deliveryMsOf,
  GROUP_CONSUMERS_OFF,
  GROUP_LAST_ID_OFF,
  GROUP_NAME_OFF,
  GROUP_PENDING_OFF,
  GROUP_READ_OFF,
  PENDING_WORDS,
  readId,
  storeCounter,
  storeId,
  STREAM_GROUPS_OFF,
} from "./stream_root.ts";
import type { ByteRange } from "./t_string.ts";

/** Active time of a consumer that never got an entry. */
export const NEVER_ACTIVE = -1;
/** Latest delivery time and largest delivery count. */
export const DELIVERY_TIME_MAX: number = 2 ** 44 - 1;
export const DELIVERY_COUNT_MAX: number = 2 ** 52 - 1;

export class StreamGroups {
  /** The pending entries of a group. */
  readonly pending: IdIndex;
  /** The pending entries of a consumer. */
  readonly own: IdIndex;

  private readonly arena: Arena;
  private readonly byName: NameTable;
  private readonly consumersByName: NameTable;
  private readonly id = new StreamId();

  constructor(arena: Arena) {
    this.arena = arena;
    this.pending = new IdIndex(arena, PENDING_WORDS);
    this.own = new IdIndex(arena, 0);
    this.byName = new NameTable(arena, GROUP_NAME_OFF);
    this.consumersByName = new NameTable(arena, CONSUMER_NAME_OFF);
  }

  // Groups.

  count(stream: number): number {
    return this.byName.at(stream, STREAM_GROUPS_OFF).count;
  }

  /** The group at `index`, in the order of names. */
  entry(stream: number, index: number): number {
    return this.byName.at(stream, STREAM_GROUPS_OFF).entry(index);
  }

  /** The group with this name, or 0. */
  find(stream: number, buf: ReadonlyBytes, off: number, len: number): number {
    return this.byName.at(stream, STREAM_GROUPS_OFF).find(buf, off, len);
  }

  /** Makes a group; 0 when the name is taken. Throws ArenaFull. */
  create(
    stream: number,
    buf: ReadonlyBytes,
    off: number,
    len: number,
    lastId: StreamId,
    entriesRead: number | bigint,
  ): number {
    const { arena } = this;
    const table = this.byName.at(stream, STREAM_GROUPS_OFF);
    if (table.find(buf, off, len) !== 0) return 0;
    const group = this.namedBlock(GROUP_NAME_OFF, buf, off, len);
    storeId(arena, group, GROUP_LAST_ID_OFF, lastId);
    storeCounter(arena, group, GROUP_READ_OFF, entriesRead);
    insertOrFree(arena, table, group);
    return group;
  }

  /** Destroys a group and all that it knows. */
  destroy(stream: number, group: number): void {
    while (this.freeGroupSome(group, 1 << 20));
    const table = this.byName.at(stream, STREAM_GROUPS_OFF);
    this.findEntry(table, group, GROUP_NAME_OFF);
    table.removeAt(table.place);
    this.arena.free(group);
  }

  lastId(group: number, out: StreamId): void {
    readId(this.arena, group, GROUP_LAST_ID_OFF, out);
  }

  setLastId(group: number, id: StreamId): void {
    storeId(this.arena, group, GROUP_LAST_ID_OFF, id);
  }

  groupName(group: number, out: ByteRange): void {
    this.name(group, GROUP_NAME_OFF, out);
  }

  /** Number of the group's pending entries. */
  pendingCount(group: number): number {
    return this.pending.at(group, GROUP_PENDING_OFF).count;
  }

  // Consumers.

  consumerCount(group: number): number {
    return this.consumersByName.at(group, GROUP_CONSUMERS_OFF).count;
  }

  /** The consumer at `index`, in the order of names. */
  consumer(group: number, index: number): number {
    return this.consumersByName.at(group, GROUP_CONSUMERS_OFF).entry(index);
  }

  /** The consumer with this name, or 0. */
  findConsumer(group: number, buf: ReadonlyBytes, off: number, len: number): number {
    return this.consumersByName.at(group, GROUP_CONSUMERS_OFF).find(buf, off, len);
  }

  /** Makes a consumer; 0 when the name is taken. Throws ArenaFull. */
  createConsumer(
    group: number,
    buf: ReadonlyBytes,
    off: number,
    len: number,
    nowMs: number,
  ): number {
    const { arena } = this;
    const table = this.consumersByName.at(group, GROUP_CONSUMERS_OFF);
    if (table.find(buf, off, len) !== 0) return 0;
    const consumer = this.namedBlock(CONSUMER_NAME_OFF, buf, off, len);
    arena.storeF64(consumer, CONSUMER_SEEN_OFF, nowMs);
    arena.storeF64(consumer, CONSUMER_ACTIVE_OFF, NEVER_ACTIVE);
    insertOrFree(arena, table, consumer);
    return consumer;
  }

  /** Deletes a consumer. What it had pending is forgotten; returns how many that were. */
  deleteConsumer(group: number, consumer: number): number {
    const { own, id } = this;
    const pending = this.pending.at(group, GROUP_PENDING_OFF);
    own.at(consumer, CONSUMER_PENDING_OFF);
    const { count } = own;
    for (let more = own.seekFirst(); more; more = own.next()) {
      own.idTo(id);
      pending.remove(id);
    }
    own.clear();
    const table = this.consumersByName.at(group, GROUP_CONSUMERS_OFF);
    this.findEntry(table, consumer, CONSUMER_NAME_OFF);
    table.removeAt(table.place);
    this.arena.free(consumer);
    return count;
  }

  consumerName(consumer: number, out: ByteRange): void {
    this.name(consumer, CONSUMER_NAME_OFF, out);
  }

  /** Number of the consumer's pending entries. */
  ownCount(consumer: number): number {
    return this.own.at(consumer, CONSUMER_PENDING_OFF).count;
  }

  /** When the consumer was last heard of, in unix ms. */
  seenMs(consumer: number): number {
    return this.time(consumer, CONSUMER_SEEN_OFF);
  }

  setSeenMs(consumer: number, ms: number): void {
    this.arena.storeF64(consumer, CONSUMER_SEEN_OFF, ms);
  }

  /** When the consumer last got an entry, or NEVER_ACTIVE. */
  activeMs(consumer: number): number {
    return this.time(consumer, CONSUMER_ACTIVE_OFF);
  }

  setActiveMs(consumer: number, ms: number): void {
    this.arena.storeF64(consumer, CONSUMER_ACTIVE_OFF, ms);
  }

  // Pending entries.

  /** Puts the cursor over a group's pending entries on the first from `id` on. */
  seekPending(group: number, id: StreamId): boolean {
    return this.pending.at(group, GROUP_PENDING_OFF).seekAtLeast(id);
  }

  /** The same for a consumer's. */
  seekOwn(consumer: number, id: StreamId): boolean {
    return this.own.at(consumer, CONSUMER_PENDING_OFF).seekAtLeast(id);
  }

  /** Puts the cursor over a group's pending entries on this one. */
  findPending(group: number, id: StreamId): boolean {
    return this.pending.at(group, GROUP_PENDING_OFF).find(id);
  }

  // The pending entry at the cursor.

  /** Its consumer, 0 while it has none. */
  get pendingConsumer(): number {
    return this.pending.value(0);
  }

  get deliveryMs(): number {
    return deliveryMsOf(this.pending.value(1), this.pending.value(2));
  }

  get deliveryCount(): number {
    return deliveryCountOf(this.pending.value(2), this.pending.value(3));
  }

  setDelivery(ms: number, count: number): void {
    const { pending } = this;
    const time = Math.min(Math.max(ms, 0), DELIVERY_TIME_MAX);
    const times = Math.min(Math.max(count, 0), DELIVERY_COUNT_MAX);
    pending.setValue(1, time | 0);
    pending.setValue(2, Math.floor(time / 2 ** 32) << 20 | Math.floor(times / 2 ** 32));
    pending.setValue(3, times | 0);
  }

  /** Hands the entry, whose id is given, to a consumer. The cursor stays where it is. Throws ArenaFull. */
  assign(consumer: number, id: StreamId): void {
    const { pending, own } = this;
    const old = pending.value(0);
    if (old === consumer) return;
    own.at(consumer, CONSUMER_PENDING_OFF).insert(id);
    if (old !== 0) own.at(old, CONSUMER_PENDING_OFF).remove(id);
    pending.setValue(0, consumer);
  }

  /** Adds a pending entry that no consumer has yet, and stands on it. False when it is there already. */
  addPending(group: number, id: StreamId, ms: number, count: number): boolean {
    const { pending } = this;
    if (!pending.at(group, GROUP_PENDING_OFF).insert(id)) return false;
    pending.setValue(0, 0);
    this.setDelivery(ms, count);
    return true;
  }

  /** An entry was read by a consumer for the first time, or, if it was pending, once more. Throws ArenaFull. */
  deliver(group: number, consumer: number, id: StreamId, nowMs: number): void {
    const isNew = this.addPending(group, id, nowMs, 1);
    if (!isNew) this.setDelivery(nowMs, 1);
    try {
      this.assign(consumer, id);
    } catch (error) {
      if (isNew) this.pending.remove(id);
      throw error;
    }
    this.setActiveMs(consumer, nowMs);
  }

  /** Takes an entry from the pending ones. False when it isn't one. */
  acknowledge(group: number, id: StreamId): boolean {
    if (!this.findPending(group, id)) return false;
    const consumer = this.pending.value(0);
    this.pending.removeFound();
    if (consumer !== 0) this.own.at(consumer, CONSUMER_PENDING_OFF).remove(id);
    return true;
  }

  // All groups of a stream.

  /** Frees about `budget` pending entries or other parts. Returns whether there are more. */
  freeSome(stream: number, budget: number): boolean {
    const { arena, byName } = this;
    byName.at(stream, STREAM_GROUPS_OFF);
    for (let count = byName.count; count > 0; count--) {
      const group = byName.entry(count - 1);
      if (this.freeGroupSome(group, budget)) return true;
      byName.removeAt(count - 1);
      arena.free(group);
      budget--;
    }
    return false;
  }

  /** Copies all groups to a stream that has none. Throws ArenaFull, leaving those that were copied. */
  copy(from: number, to: number): void {
    const { arena } = this;
    const count = this.count(from);
    for (let i = 0; i < count; i++) {
      const group = this.entry(from, i);
      const at = refOffset(group);
      const len = arena.i32[group >>> 27][at >> 2];
      this.lastId(group, this.id);
      const bytes = arena.u8[group >>> 27];
      const copy = this.create(to, bytes, at + GROUP_NAME_OFF, len, this.id, 0);
      arena.copyBlock(copy, GROUP_READ_OFF, group, GROUP_READ_OFF, 8);
      this.copyGroup(group, copy);
    }
  }

  /** Bytes of all groups. */
  bytes(stream: number): number {
    const { arena } = this;
    const count = this.count(stream);
    let sum = this.byName.bytes();
    for (let i = 0; i < count; i++) {
      const group = this.entry(stream, i);
      sum += arena.usable(group) + this.pending.at(group, GROUP_PENDING_OFF).bytes();
      const consumers = this.consumerCount(group);
      sum += this.consumersByName.bytes();
      for (let j = 0; j < consumers; j++) {
        const consumer = this.consumer(group, j);
        sum += arena.usable(consumer) + this.own.at(consumer, CONSUMER_PENDING_OFF).bytes();
      }
    }
    return sum;
  }

  /** Throws unless everything is consistent. */
  validateIntegrity(stream: number): void {
    this.byName.at(stream, STREAM_GROUPS_OFF).validateIntegrity();
    const count = this.count(stream);
    for (let i = 0; i < count; i++) {
      const group = this.entry(stream, i);
      this.pending.at(group, GROUP_PENDING_OFF).validateIntegrity();
      this.consumersByName.at(group, GROUP_CONSUMERS_OFF).validateIntegrity();
      const consumers = this.consumerCount(group);
      let owned = 0;
      for (let j = 0; j < consumers; j++) owned += this.checkOwn(group, this.consumer(group, j));
      assert(owned === this.pendingCount(group), "every pending entry has a consumer");
    }
  }

  private checkOwn(group: number, consumer: number): number {
    const { own, id } = this;
    const last = new StreamId();
    own.at(consumer, CONSUMER_PENDING_OFF).validateIntegrity();
    for (let more = own.seekFirst(); more; more = own.next()) {
      own.idTo(id);
      assert(this.findPending(group, id), "what a consumer has pending, its group has");
      assert(this.pendingConsumer === consumer, "a pending entry has one consumer");
      assert(last.isMin() || compareIds(last, id) < 0, "pending ids ascend");
      last.copy(id);
    }
    return own.count;
  }

  private copyGroup(from: number, to: number): void {
    const { arena } = this;
    const source = new IdIndex(arena, PENDING_WORDS).at(from, GROUP_PENDING_OFF);
    const id = new StreamId();
    const target = this.pending.at(to, GROUP_PENDING_OFF);
    for (let more = source.seekFirst(); more; more = source.next()) {
      source.idTo(id);
      target.insert(id);
      target.setValue(0, 0);
      for (let i = 1; i < PENDING_WORDS; i++) target.setValue(i, source.value(i));
    }
    const count = this.consumerCount(from);
    const ids = new IdIndex(arena, 0);
    for (let i = 0; i < count; i++) {
      const consumer = this.consumer(from, i);
      const at = refOffset(consumer);
      const len = arena.i32[consumer >>> 27][at >> 2];
      const bytes = arena.u8[consumer >>> 27];
      const seen = this.seenMs(consumer);
      const copy = this.createConsumer(to, bytes, at + CONSUMER_NAME_OFF, len, seen);
      this.setActiveMs(copy, this.activeMs(consumer));
      ids.at(consumer, CONSUMER_PENDING_OFF);
      for (let more = ids.seekFirst(); more; more = ids.next()) {
        ids.idTo(id);
        if (this.findPending(to, id)) this.assign(copy, id);
      }
    }
  }

  /** Frees what a group has, its own block excepted. Returns whether there is more. */
  private freeGroupSome(group: number, budget: number): boolean {
    const { arena } = this;
    if (clearSome(this.pending.at(group, GROUP_PENDING_OFF), budget)) return true;
    const table = this.consumersByName.at(group, GROUP_CONSUMERS_OFF);
    for (let count = table.count; count > 0; count--) {
      if (budget <= 0) return true;
      const consumer = table.entry(count - 1);
      if (clearSome(this.own.at(consumer, CONSUMER_PENDING_OFF), budget)) return true;
      table.removeAt(count - 1);
      arena.free(consumer);
      budget--;
    }
    return false;
  }

  /** A block of zeros with a name behind them. */
  private namedBlock(nameOff: number, buf: ReadonlyBytes, off: number, len: number): number {
    const { arena } = this;
    const ref = arena.alloc(nameOff + len);
    arena.fill(ref, 0, nameOff, 0);
    arena.storeI32(ref, 0, len);
    arena.copyIn(ref, nameOff, buf, off, len);
    return ref;
  }

  private name(ref: number, nameOff: number, out: ByteRange): void {
    const at = refOffset(ref);
    out.set(this.arena.u8[ref >>> 27], at + nameOff, this.arena.i32[ref >>> 27][at >> 2]);
  }

  /** Finds an entry's place in its table. */
  private findEntry(table: NameTable, ref: number, nameOff: number): void {
    const at = refOffset(ref);
    const found = table.find(
      this.arena.u8[ref >>> 27],
      at + nameOff,
      this.arena.i32[ref >>> 27][at >> 2],
    );
    assert(found === ref, "an entry is in its table");
  }

  private time(consumer: number, off: number): number {
    return this.arena.f64[consumer >>> 27][(consumer & REF_OFFSET_MASK) + (off >> 3)];
  }
}

/** Adds a new block to its table; when there is no room, frees it before throwing. */
function insertOrFree(arena: Arena, table: NameTable, ref: number): void {
  try {
    table.insert(ref);
  } catch (error) {
    arena.free(ref);
    throw error;
  }
}

/** Drops leaves of about `budget` records. Returns whether there are more. */
function clearSome(index: IdIndex, budget: number): boolean {
  while (index.count > 0) {
    if (budget <= 0) return true;
    budget -= index.firstLeafCount;
    index.dropFirstLeaf();
  }
  return false;
}
