/**
 * Streams: entries of fields and values, in the order of their ids.
 *
 *     body      ref of the stream's block (stream_root.ts), 0
 *     block     an index from the id of a node (id_index.ts) to its listpack; counters and ids; the groups
 *     node      up to stream-node-max-entries entries, in Redis's own form (stream_cursor.ts)
 *
 * A stream exists without entries: what it has given out, deleted and delivered is part of it.
 *
 * Only the last node grows. Its block doubles until it has the size of a usual node, and is cut to what it
 * needs when the next one begins, which gets as much room at once: a stream of one entry takes 200 bytes, where
 * Redis takes 4 KiB.
 *
 * Methods take the block, which `root` finds, rather than the entry; groups are in stream_groups.ts.
 */
import type { ReadonlyBytes } from "../base/bytes.ts";
import { compareIds, StreamId } from "../base/stream_id.ts";
import { type Arena, ARENA_FULL, refOffset } from "../memory/arena.ts";
import { IdIndex } from "../structures/id_index.ts";
import {
  LP_EMPTY_BYTES,
  LP_HEADER_BYTES,
  lpAppendEntries,
  lpBytes,
  lpCreate,
  lpDup,
  lpInteger,
  lpNext,
  lpReplaceInteger,
  lpReserve,
  lpShrinkToFit,
} from "../structures/listpack.ts";
import { entryBytes, entryEquals, entryInteger } from "../structures/listpack_entry.ts";
import { ListpackWriter } from "../structures/listpack_writer.ts";
import { bodyWord, ENC_STREAM, setBodyWord, setEncoding } from "./object.ts";
import { NODE_DELETED, NODE_SAME_FIELDS, StreamCursor } from "./stream_cursor.ts";
import { StreamGroups } from "./stream_groups.ts";
import {
  incrementCounter,
  NODE_WORDS,
  readId,
  storeCounter,
  storeId,
  STREAM_ADDED_OFF,
  STREAM_BYTES,
  STREAM_FIRST_ID_OFF,
  STREAM_INDEX_OFF,
  STREAM_LAST_ID_OFF,
  STREAM_LENGTH_OFF,
  STREAM_MAX_DELETED_OFF,
} from "./stream_root.ts";
import { checkStream } from "./stream_check.ts";
import type { TypeContext } from "./type_context.ts";
import type { CollectionType } from "./values.ts";

/** Most bytes of a node, whatever the configuration says. */
export const NODE_BYTES_MAX: number = 1 << 30;
/** Size up to which a node's block is doubled. */
const NODE_DOUBLED_MAX = 4096;
/** Bytes by which the two counts of a node may become longer in one change. */
const COUNT_SLACK = 16;
/** Largest count that takes one byte. */
const SHORT_COUNT_MAX = 127;

export class Streams implements CollectionType {
  readonly groups: StreamGroups;
  /** For walks; what it shows is good until the next walk or change. */
  readonly cursor: StreamCursor;

  private readonly context: TypeContext;
  private readonly arena: Arena;
  private readonly nodes: IdIndex;
  private readonly writer = new ListpackWriter();
  /** What the head of the node that is appended to says: counts, and where in its segment the fields begin. */
  private headCount = 0;
  private headDeleted = 0;
  private headFields = 0;
  private headFieldsAt = 0;
  /** For what happens inside one method. */
  private readonly edge: StreamCursor;
  private readonly master = new StreamId();
  private readonly id = new StreamId();
  private readonly min = new StreamId();
  private readonly max = new StreamId();

  constructor(context: TypeContext) {
    const { arena } = context;
    this.context = context;
    this.arena = arena;
    this.nodes = new IdIndex(arena, NODE_WORDS);
    this.groups = new StreamGroups(arena);
    this.cursor = new StreamCursor(arena);
    this.edge = new StreamCursor(arena);
    this.max.setMax();
  }

  // As a collection.

  init(ref: number): void {
    const { arena } = this;
    const stream = arena.alloc(STREAM_BYTES);
    arena.fill(stream, 0, STREAM_BYTES, 0);
    setBodyWord(arena, ref, 0, stream);
    setEncoding(arena, ref, ENC_STREAM);
  }

  free(ref: number): void {
    while (this.freeSome(ref, 1 << 20));
  }

  freeSome(ref: number, budget: number): boolean {
    const { arena } = this;
    const stream = this.root(ref);
    if (stream === 0) return false;
    const nodes = this.nodes.at(stream, STREAM_INDEX_OFF);
    while (nodes.count > 0) {
      if (budget <= 0) return true;
      let left = nodes.firstLeafCount;
      budget -= left;
      nodes.seekFirst();
      for (; left > 0; left--, nodes.next()) arena.free(nodes.value(0));
      nodes.dropFirstLeaf();
    }
    if (this.groups.freeSome(stream, budget)) return true;
    arena.free(stream);
    setBodyWord(arena, ref, 0, 0);
    return false;
  }

  copy(from: number, to: number): void {
    const { arena } = this;
    const source = this.root(from);
    this.init(to);
    const stream = this.root(to);
    try {
      const sourceNodes = new IdIndex(arena, NODE_WORDS).at(source, STREAM_INDEX_OFF);
      for (let more = sourceNodes.seekFirst(); more; more = sourceNodes.next()) {
        sourceNodes.idTo(this.id);
        this.addNode(stream, this.id, lpDup(arena, sourceNodes.value(0)));
      }
      const end = STREAM_BYTES - STREAM_LENGTH_OFF;
      arena.copyBlock(stream, STREAM_LENGTH_OFF, source, STREAM_LENGTH_OFF, end);
      this.groups.copy(source, stream);
    } catch (error) {
      this.free(to);
      throw error;
    }
  }

  length(ref: number): number {
    const stream = this.root(ref);
    return stream === 0 ? 0 : this.lengthOf(stream);
  }

  bytes(ref: number, samples: number): number {
    const { arena } = this;
    const stream = this.root(ref);
    const nodes = this.nodes.at(stream, STREAM_INDEX_OFF);
    const wanted = samples === 0 ? nodes.count : Math.min(samples, nodes.count);
    let sum = 0;
    let seen = 0;
    for (let more = nodes.seekFirst(); more && seen < wanted; more = nodes.next(), seen++) {
      sum += arena.usable(nodes.value(0));
    }
    if (seen > 0) sum = Math.round(sum / seen * nodes.count);
    return arena.usable(stream) + nodes.bytes() + sum + this.groups.bytes(stream);
  }

  validateIntegrity(ref: number): void {
    checkStream(this.arena, this.root(ref), this.edge);
    this.groups.validateIntegrity(this.root(ref));
  }

  // What a stream knows of itself.

  /** The block of the stream in an entry. */
  root(ref: number): number {
    return bodyWord(this.arena, ref, 0);
  }

  lengthOf(stream: number): number {
    return this.arena.f64[stream >>> 27][(refOffset(stream) + STREAM_LENGTH_OFF) >> 3];
  }

  lastId(stream: number, out: StreamId): void {
    readId(this.arena, stream, STREAM_LAST_ID_OFF, out);
  }

  maxDeletedId(stream: number, out: StreamId): void {
    readId(this.arena, stream, STREAM_MAX_DELETED_OFF, out);
  }

  /** The id of the first entry that isn't deleted, 0-0 when there is none. */
  firstId(stream: number, out: StreamId): void {
    readId(this.arena, stream, STREAM_FIRST_ID_OFF, out);
  }

  setLastId(stream: number, id: StreamId): void {
    storeId(this.arena, stream, STREAM_LAST_ID_OFF, id);
  }

  setMaxDeletedId(stream: number, id: StreamId): void {
    storeId(this.arena, stream, STREAM_MAX_DELETED_OFF, id);
  }

  setFirstId(stream: number, id: StreamId): void {
    storeId(this.arena, stream, STREAM_FIRST_ID_OFF, id);
  }

  setEntriesAdded(stream: number, count: number | bigint): void {
    storeCounter(this.arena, stream, STREAM_ADDED_OFF, count);
  }

  setLength(stream: number, length: number): void {
    this.arena.storeF64(stream, STREAM_LENGTH_OFF, length);
  }

  /** The id of the last entry that isn't deleted. False when there is none. */
  lastEntryId(stream: number, out: StreamId): boolean {
    if (this.lengthOf(stream) === 0) return false;
    const { edge } = this;
    edge.begin(stream, this.min, this.max, true);
    if (!edge.next()) return false;
    out.copy(edge.id);
    return true;
  }

  /** Whether there is an entry with an id greater than this one. */
  hasAfter(stream: number, id: StreamId): boolean {
    return this.lastEntryId(stream, this.id) && compareIds(this.id, id) > 0;
  }

  /** Whether there is an entry with this id. */
  hasEntry(stream: number, id: StreamId): boolean {
    const { edge } = this;
    edge.begin(stream, id, id, false);
    return edge.next();
  }

  // Nodes, for those who read or write them whole.

  /** Number of nodes. */
  nodeCount(stream: number): number {
    return this.nodes.at(stream, STREAM_INDEX_OFF).count;
  }

  /** Adds a node, which takes over the listpack. Frees it when that fails, or the id is taken: then false. */
  addNode(stream: number, id: StreamId, listpack: number): boolean {
    const nodes = this.nodes.at(stream, STREAM_INDEX_OFF);
    try {
      if (nodes.insert(id)) {
        nodes.setValue(0, listpack);
        return true;
      }
    } catch (error) {
      this.arena.free(listpack);
      throw error;
    }
    this.arena.free(listpack);
    return false;
  }

  // Adding.

  /**
   * Adds an entry of `count` fields, which is greater than the last id: arguments from `first` on, field and
   * value in turn, given by their offsets and lengths in `buf`; they are `len` bytes together.
   */
  append(
    stream: number,
    id: StreamId,
    buf: ReadonlyBytes,
    offs: Int32Array,
    lens: Int32Array,
    first: number,
    count: number,
    len: number,
  ): void {
    const { arena, writer } = this;
    writer.clear();
    const nodes = this.nodes.at(stream, STREAM_INDEX_OFF);
    let node = nodes.seekLast() ? nodes.value(0) : 0;
    let room = 0;
    if (node !== 0) this.readHead(node);
    if (node !== 0 && this.isFull(node, len)) {
      // The next node will most likely be like this one.
      room = Math.min(lpBytes(arena, node), NODE_DOUBLED_MAX);
      nodes.setValue(0, lpShrinkToFit(arena, node));
      node = 0;
    }
    if (node === 0) {
      this.writeMaster(buf, offs, lens, first, count);
      this.writeEntry(id, id, NODE_SAME_FIELDS, buf, offs, lens, first, count);
      node = this.createNode(LP_EMPTY_BYTES + writer.pos, room);
      lpAppendEntries(arena, node, writer.buf, 0, writer.pos, writer.count);
      this.addNode(stream, id, node);
    } else {
      nodes.idTo(this.master);
      const flags = this.sameFields(node, buf, offs, lens, first, count) ? NODE_SAME_FIELDS : 0;
      this.writeEntry(id, this.master, flags, buf, offs, lens, first, count);
      const grown = this.appendWritten(node);
      if (grown !== node) nodes.setValue(0, grown);
    }
    const length = this.lengthOf(stream) + 1;
    this.setLength(stream, length);
    incrementCounter(arena, stream, STREAM_ADDED_OFF);
    this.setLastId(stream, id);
    if (length === 1) this.setFirstId(stream, id);
  }

  // Removing.

  /** Deletes an entry. False when there is none with this id. If it was the first, `findFirstId`. */
  remove(stream: number, id: StreamId): boolean {
    const { edge } = this;
    edge.begin(stream, id, id, false);
    if (!edge.next()) return false;
    this.markDeleted(stream, edge);
    this.maxDeletedId(stream, this.id);
    if (compareIds(id, this.id) > 0) this.setMaxDeletedId(stream, id);
    return true;
  }

  /** Looks up what the first entry is after some were removed. */
  findFirstId(stream: number): void {
    const { edge } = this;
    this.id.setMin();
    if (this.lengthOf(stream) > 0) {
      edge.begin(stream, this.min, this.max, false);
      if (edge.next()) this.id.copy(edge.id);
    }
    this.setFirstId(stream, this.id);
  }

  /**
   * Removes entries from the beginning: until `maxLength` are left, or with -1, those below `minId`. With
   * `isApprox` only whole nodes, and with a `limit` only as many as leave it at that many entries. Returns
   * the number of entries removed.
   */
  trim(
    stream: number,
    maxLength: number,
    minId: StreamId,
    isApprox: boolean,
    limit: number,
  ): number {
    const { arena } = this;
    const nodes = this.nodes.at(stream, STREAM_INDEX_OFF);
    let deleted = 0;
    while (nodes.seekFirst()) {
      const length = this.lengthOf(stream);
      if (maxLength >= 0 && length <= maxLength) break;
      const node = nodes.value(0);
      nodes.idTo(this.master);
      const entries = lpInteger(arena, node, LP_HEADER_BYTES);
      if (limit > 0 && deleted + entries > limit) break;
      const isWhole = maxLength >= 0
        ? length - entries >= maxLength
        : this.isNodeBelow(stream, minId);
      if (isWhole) {
        arena.free(node);
        nodes.remove(this.master);
        this.setLength(stream, length - entries);
        deleted += entries;
        continue;
      }
      if (!isApprox) deleted += this.trimNode(stream, maxLength, minId);
      break;
    }
    if (deleted > 0) this.findFirstId(stream);
    return deleted;
  }

  /** Flags entries of the first node, which stays. Returns how many. */
  private trimNode(stream: number, maxLength: number, minId: StreamId): number {
    const { arena, edge, nodes } = this;
    const length = this.lengthOf(stream);
    let deleted = 0;
    this.reserveForCounts();
    edge.begin(stream, this.min, this.max, false);
    while (edge.next() && edge.node === nodes.value(0)) {
      if (maxLength >= 0 ? length - deleted <= maxLength : compareIds(edge.id, minId) >= 0) break;
      arena.storeU8(edge.node, edge.entryOff, edge.flags | NODE_DELETED);
      deleted++;
    }
    this.setLength(stream, length - deleted);
    this.countDeleted(deleted);
    return deleted;
  }

  /** Whether all of the first node, deleted entries included, is below `id`. */
  private isNodeBelow(stream: number, id: StreamId): boolean {
    const { edge } = this;
    const nodes = this.nodes;
    this.id.setMax();
    if (nodes.next()) {
      nodes.idTo(this.id);
      this.id.decrement();
    }
    nodes.seekFirst();
    edge.begin(stream, this.min, this.id, true);
    edge.skipsDeleted = false;
    return !edge.next() || compareIds(edge.id, id) < 0;
  }

  /** Flags the entry at the cursor as deleted and counts it so, or drops its node when it was the last. */
  private markDeleted(stream: number, cursor: StreamCursor): void {
    const { arena } = this;
    const length = this.lengthOf(stream) - 1;
    const nodes = this.nodes.at(stream, STREAM_INDEX_OFF);
    nodes.find(cursor.nodeId);
    if (lpInteger(arena, cursor.node, LP_HEADER_BYTES) === 1) {
      arena.free(cursor.node);
      nodes.removeFound();
      this.setLength(stream, length);
      return;
    }
    const node = this.reserveForCounts();
    this.setLength(stream, length);
    arena.storeU8(node, cursor.entryOff, cursor.flags | NODE_DELETED);
    this.countDeleted(1);
  }

  /**
   * Sees to it that `countDeleted` needs no memory for the node where the index stands. Returns its ref. Throws
   * ArenaFull.
   */
  private reserveForCounts(): number {
    const { arena, nodes } = this;
    let node = nodes.value(0);
    const count = lpInteger(arena, node, LP_HEADER_BYTES);
    const deleted = lpInteger(arena, node, lpNext(arena, node, LP_HEADER_BYTES));
    if (count + deleted > SHORT_COUNT_MAX) {
      node = lpReserve(arena, node, COUNT_SLACK);
      nodes.setValue(0, node);
    }
    return node;
  }

  /** Counts so many entries more as deleted in the node where the index stands. */
  private countDeleted(more: number): void {
    const { arena, nodes } = this;
    let node = nodes.value(0);
    const count = lpInteger(arena, node, LP_HEADER_BYTES);
    node = lpReplaceInteger(arena, node, LP_HEADER_BYTES, count - more);
    const deletedOff = lpNext(arena, node, LP_HEADER_BYTES);
    const deleted = lpInteger(arena, node, deletedOff);
    nodes.setValue(0, lpReplaceInteger(arena, node, deletedOff, deleted + more));
  }

  // Writing nodes.

  /** Reads the first entries of a node. */
  private readHead(node: number): void {
    const u8 = this.arena.u8[node >>> 27];
    let at = refOffset(node) + LP_HEADER_BYTES;
    this.headCount = entryInteger(u8, at);
    at += entryBytes(u8, at);
    this.headDeleted = entryInteger(u8, at);
    at += entryBytes(u8, at);
    this.headFields = entryInteger(u8, at);
    this.headFieldsAt = at + entryBytes(u8, at);
  }

  /** Whether an entry with `len` bytes of fields and values belongs into the next node. */
  private isFull(node: number, len: number): boolean {
    const { streamNodeMaxBytes, streamNodeMaxEntries } = this.context.limits;
    const { arena } = this;
    const max = streamNodeMaxBytes === 0 || streamNodeMaxBytes > NODE_BYTES_MAX
      ? NODE_BYTES_MAX
      : streamNodeMaxBytes;
    if (lpBytes(arena, node) + len >= max) return true;
    if (streamNodeMaxEntries === 0) return false;
    return this.headCount + this.headDeleted >= streamNodeMaxEntries;
  }

  /** Whether the entry's fields are those of the node's master entry. */
  private sameFields(
    node: number,
    buf: ReadonlyBytes,
    offs: Int32Array,
    lens: Int32Array,
    first: number,
    count: number,
  ): boolean {
    if (this.headFields !== count) return false;
    const u8 = this.arena.u8[node >>> 27];
    let at = this.headFieldsAt;
    for (let i = first; i < first + count * 2; i += 2) {
      if (!entryEquals(u8, at, buf, offs[i], lens[i])) return false;
      at += entryBytes(u8, at);
    }
    return true;
  }

  private writeMaster(
    buf: ReadonlyBytes,
    offs: Int32Array,
    lens: Int32Array,
    first: number,
    count: number,
  ): void {
    const { writer } = this;
    writer.integer(1);
    writer.integer(0);
    writer.integer(count);
    for (let i = first; i < first + count * 2; i += 2) writer.text(buf, offs[i], lens[i]);
    writer.integer(0);
  }

  private writeEntry(
    id: StreamId,
    master: StreamId,
    flags: number,
    buf: ReadonlyBytes,
    offs: Int32Array,
    lens: Int32Array,
    first: number,
    count: number,
  ): void {
    const { writer } = this;
    const isSame = (flags & NODE_SAME_FIELDS) !== 0;
    const msLo = (id.msLo - master.msLo) | 0;
    const seqLo = (id.seqLo - master.seqLo) | 0;
    const msBorrow = id.msLo >>> 0 < master.msLo >>> 0 ? 1 : 0;
    const seqBorrow = id.seqLo >>> 0 < master.seqLo >>> 0 ? 1 : 0;
    writer.integer(flags);
    writer.int64((id.msHi - master.msHi - msBorrow) | 0, msLo);
    writer.int64((id.seqHi - master.seqHi - seqBorrow) | 0, seqLo);
    if (!isSame) writer.integer(count);
    for (let i = first; i < first + count * 2; i += 2) {
      if (!isSame) writer.text(buf, offs[i], lens[i]);
      writer.text(buf, offs[i + 1], lens[i + 1]);
    }
    writer.integer(isSame ? count + 3 : count * 2 + 4);
  }

  /** Appends the entry that was written to a node, and counts it. Returns the node's ref. */
  private appendWritten(node: number): number {
    const { arena, writer } = this;
    const size = lpBytes(arena, node) + writer.pos + COUNT_SLACK;
    if (size > arena.usable(node)) {
      const room = size > NODE_DOUBLED_MAX ? size >>> 2 : Math.min(size, NODE_DOUBLED_MAX - size);
      node = this.reserve(node, writer.pos + COUNT_SLACK, room);
    }
    lpAppendEntries(arena, node, writer.buf, 0, writer.pos, writer.count);
    const count = this.headCount;
    if (count >= SHORT_COUNT_MAX) return lpReplaceInteger(arena, node, LP_HEADER_BYTES, count + 1);
    arena.storeU8(node, LP_HEADER_BYTES, count + 1);
    return node;
  }

  /** An empty listpack with room for `size` bytes and, unless memory is short, for `more`. */
  private createNode(size: number, more: number): number {
    if (more > size) {
      try {
        return lpCreate(this.arena, more);
      } catch (error) {
        if (error !== ARENA_FULL) throw error;
      }
    }
    return lpCreate(this.arena, size);
  }

  /** Makes room for `add` bytes and, unless memory is short, for `more`. */
  private reserve(node: number, add: number, more: number): number {
    try {
      return lpReserve(this.arena, node, add + more);
    } catch (error) {
      if (error !== ARENA_FULL) throw error;
      return lpReserve(this.arena, node, add);
    }
  }
}
