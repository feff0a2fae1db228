/**
 * Streams in RDB encodings.
 *
 *     nodes        count; for each its id (a string of 16 bytes, big-endian) and its listpack as a string
 *     state        length, last id, [2: first id, largest deleted id, entries ever added]
 *     groups       count; for each
 *       group        name, last id, [2: entries read]
 *       pending      count; for each its id (16 bytes), delivery time (8 bytes), delivery count
 *       consumers    count; for each
 *         consumer     name, seen time (8 bytes), [3: active time (8 bytes)]
 *         pending      count; for each its id, which is one of the group's
 *
 * Version 1 is type 15 (Redis 5), 2 is 19 (7.0), 3 is 21 (7.2). Ids outside of strings are two lengths; counters are
 * lengths of 64 bits, -1 among them.
 *
 * What is read is not trusted: ids ascend, nodes are well formed and hold as many entries as they say, every
 * pending entry has exactly one consumer. What a group has pending need not be in the stream.
 */
import { copyBytes, type ReadonlyBytes } from "../core/base/bytes.ts";
import { StreamId } from "../core/base/stream_id.ts";
import type { Arena } from "../core/memory/arena.ts";
import { type BlockReader, readWord } from "../core/memory/block_reader.ts";
import { IdIndexWalk } from "../core/structures/id_index_walk.ts";
import { lpFromBytes } from "../core/structures/listpack.ts";
import { hasAscendingIds, streamNodeEntries } from "../core/types/stream_check.ts";
import { DELIVERY_COUNT_MAX, DELIVERY_TIME_MAX } from "../core/types/stream_groups.ts";
import { numberOf } from "../core/types/stream_progress.ts";
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
  ID_BYTES,
  ID_WORDS,
  NODE_WORDS,
  PENDING_WORDS,
  storeCounter,
  STREAM_ADDED_OFF,
  STREAM_FIRST_ID_OFF,
  STREAM_GROUPS_OFF,
  STREAM_INDEX_OFF,
  STREAM_LAST_ID_OFF,
  STREAM_LENGTH_OFF,
  STREAM_MAX_DELETED_OFF,
} from "../core/types/stream_root.ts";
import { ByteRange } from "../core/types/t_string.ts";
import type { Values } from "../core/types/values.ts";
import {
  RDB_TYPE_STREAM_LISTPACKS,
  RDB_TYPE_STREAM_LISTPACKS_3,
  type RdbReader,
  type RdbWriter,
} from "./rdb_format.ts";
import { readRdbString, writeRdbString } from "./rdb_string.ts";

export class RdbStreamEncoder {
  private readonly blocks: BlockReader;
  private readonly nodes: IdIndexWalk;
  private readonly pending: IdIndexWalk;
  private readonly own: IdIndexWalk;
  private withActive = true;

  constructor(blocks: BlockReader) {
    this.blocks = blocks;
    this.nodes = new IdIndexWalk(blocks, NODE_WORDS);
    this.pending = new IdIndexWalk(blocks, PENDING_WORDS);
    this.own = new IdIndexWalk(blocks, 0);
  }

  /** Writes the stream in a block, as version 3, or 2 without active times. */
  write(out: RdbWriter, stream: number, compress: boolean, withActive: boolean): void {
    const { blocks, nodes } = this;
    this.withActive = withActive;
    nodes.start(stream, STREAM_INDEX_OFF);
    out.writeLength(nodes.count);
    while (nodes.next()) {
      out.writeLength(ID_BYTES);
      this.writeRecordId(out, nodes);
      const listpack = nodes.word(ID_WORDS);
      const len = readWord(blocks, listpack, 0);
      blocks.read(listpack, 0, len);
      writeRdbString(out, blocks.u8, blocks.at, len, compress);
    }
    blocks.read(stream, STREAM_LENGTH_OFF, 8);
    out.writeLength(blocks.f64[blocks.at >> 3]);
    this.writeId(out, stream, STREAM_LAST_ID_OFF);
    this.writeId(out, stream, STREAM_FIRST_ID_OFF);
    this.writeId(out, stream, STREAM_MAX_DELETED_OFF);
    this.writeCounter(out, stream, STREAM_ADDED_OFF);
    const table = readWord(blocks, stream, STREAM_GROUPS_OFF >> 2);
    const count = readWord(blocks, stream, (STREAM_GROUPS_OFF >> 2) + 1);
    out.writeLength(count);
    for (let i = 0; i < count; i++) this.writeGroup(out, readWord(blocks, table, i), compress);
  }

  private writeGroup(out: RdbWriter, group: number, compress: boolean): void {
    const { blocks, pending } = this;
    this.writeName(out, group, GROUP_NAME_OFF, compress);
    this.writeId(out, group, GROUP_LAST_ID_OFF);
    this.writeCounter(out, group, GROUP_READ_OFF);
    pending.start(group, GROUP_PENDING_OFF);
    out.writeLength(pending.count);
    while (pending.next()) {
      this.writeRecordId(out, pending);
      const packed = pending.word(ID_WORDS + 2);
      out.writeMillis(deliveryMsOf(pending.word(ID_WORDS + 1), packed));
      out.writeLength(deliveryCountOf(packed, pending.word(ID_WORDS + 3)));
    }
    const table = readWord(blocks, group, GROUP_CONSUMERS_OFF >> 2);
    const count = readWord(blocks, group, (GROUP_CONSUMERS_OFF >> 2) + 1);
    out.writeLength(count);
    for (let i = 0; i < count; i++) this.writeConsumer(out, readWord(blocks, table, i), compress);
  }

  private writeConsumer(out: RdbWriter, consumer: number, compress: boolean): void {
    const { own } = this;
    this.writeName(out, consumer, CONSUMER_NAME_OFF, compress);
    this.writeTime(out, consumer, CONSUMER_SEEN_OFF);
    if (this.withActive) this.writeTime(out, consumer, CONSUMER_ACTIVE_OFF);
    own.start(consumer, CONSUMER_PENDING_OFF);
    out.writeLength(own.count);
    while (own.next()) this.writeRecordId(out, own);
  }

  private writeName(out: RdbWriter, ref: number, off: number, compress: boolean): void {
    const { blocks } = this;
    const len = readWord(blocks, ref, 0);
    blocks.read(ref, off, len);
    writeRdbString(out, blocks.u8, blocks.at, len, compress);
  }

  private writeTime(out: RdbWriter, ref: number, off: number): void {
    const { blocks } = this;
    blocks.read(ref, off, 8);
    out.writeMillis(blocks.f64[blocks.at >> 3]);
  }

  /** The id of the record at hand as 16 bytes. */
  private writeRecordId(out: RdbWriter, index: IdIndexWalk): void {
    out.writeBigEndian64(index.word(0), index.word(1));
    out.writeBigEndian64(index.word(2), index.word(3));
  }

  /** An id of a block as two lengths. */
  private writeId(out: RdbWriter, ref: number, off: number): void {
    const { blocks } = this;
    blocks.read(ref, off, ID_BYTES);
    const { i32 } = blocks;
    const at = blocks.at >> 2;
    out.writeLength64(i32[at], i32[at + 1]);
    out.writeLength64(i32[at + 2], i32[at + 3]);
  }

  private writeCounter(out: RdbWriter, ref: number, off: number): void {
    const { blocks } = this;
    blocks.read(ref, off, 8);
    out.writeLength64(blocks.i32[(blocks.at >> 2) + 1], blocks.i32[blocks.at >> 2]);
  }
}

export class RdbStreamDecoder {
  private readonly values: Values;
  private readonly arena: Arena;
  private readonly string = new ByteRange();
  private readonly id = new StreamId();
  private readonly first = new StreamId();
  private name = new Uint8Array(64);

  constructor(values: Values) {
    this.values = values;
    this.arena = values.context.arena;
  }

  /**
   * Reads a stream into an empty one. False when the bytes are none; it then holds whatever was read. Throws
   * ArenaFull, likewise.
   */
  read(reader: RdbReader, rdbType: number, ref: number): boolean {
    const { streams } = this.values;
    const stream = streams.root(ref);
    const entries = this.readNodes(reader, stream);
    if (entries < 0 || reader.readLength() !== entries || reader.encoding >= 0) return false;
    streams.setLength(stream, entries);
    if (!this.readId(reader)) return false;
    streams.setLastId(stream, this.id);
    if (!hasAscendingIds(this.arena, stream, streams.cursor, this.first)) return false;
    streams.setFirstId(stream, this.first);
    if (rdbType === RDB_TYPE_STREAM_LISTPACKS) {
      storeCounter(this.arena, stream, STREAM_ADDED_OFF, entries);
    } else {
      // The first id is known by now.
      if (!this.readId(reader) || !this.readId(reader)) return false;
      streams.setMaxDeletedId(stream, this.id);
      if (!this.readCounter(reader, stream, STREAM_ADDED_OFF) || reader.hi < 0) return false;
    }
    const groups = this.readCount(reader, 1);
    for (let i = 0; i < groups; i++) {
      if (!this.readGroup(reader, rdbType, stream)) return false;
    }
    return groups >= 0;
  }

  /** Reads the nodes. Returns the number of entries in them, or -1. */
  private readNodes(reader: RdbReader, stream: number): number {
    const { string, id } = this;
    const count = this.readCount(reader, ID_BYTES);
    let entries = 0;
    for (let i = 0; i < count; i++) {
      if (!readRdbString(reader, string) || string.len !== ID_BYTES) return -1;
      id.set(
        bigEndian(string.buf, string.off),
        bigEndian(string.buf, string.off + 4),
        bigEndian(string.buf, string.off + 8),
        bigEndian(string.buf, string.off + 12),
      );
      if (!readRdbString(reader, string)) return -1;
      const { buf, off, len } = string;
      const live = streamNodeEntries(buf, off, len);
      if (live < 0) return -1;
      const listpack = lpFromBytes(this.arena, buf, off, len);
      if (!this.values.streams.addNode(stream, id, listpack)) return -1;
      entries += live;
    }
    return count >= 0 ? entries : -1;
  }

  private readGroup(reader: RdbReader, rdbType: number, stream: number): boolean {
    const { string, id, arena } = this;
    const { groups } = this.values.streams;
    if (!readRdbString(reader, string)) return false;
    const { len } = string;
    const name = this.keepName();
    if (!this.readId(reader)) return false;
    const group = groups.create(stream, name, 0, len, id, 0);
    if (group === 0) return false;
    if (rdbType === RDB_TYPE_STREAM_LISTPACKS) {
      storeCounter(arena, group, GROUP_READ_OFF, numberOf(arena, stream, id));
    } else if (!this.readCounter(reader, group, GROUP_READ_OFF)) return false;
    if (!this.readPending(reader, group)) return false;
    const consumers = this.readCount(reader, 1);
    let owned = 0;
    for (let i = 0; i < consumers; i++) {
      const count = this.readConsumer(reader, rdbType, group);
      if (count < 0) return false;
      owned += count;
    }
    return consumers >= 0 && owned === groups.pendingCount(group);
  }

  private readPending(reader: RdbReader, group: number): boolean {
    const { groups } = this.values.streams;
    const count = this.readCount(reader, ID_BYTES);
    for (let i = 0; i < count; i++) {
      if (!this.readRawId(reader)) return false;
      const time = reader.readMillis();
      const times = reader.readLength();
      if (reader.encoding >= 0 || !(time >= 0 && times >= 0)) return false;
      const ms = Math.min(time, DELIVERY_TIME_MAX);
      if (!groups.addPending(group, this.id, ms, Math.min(times, DELIVERY_COUNT_MAX))) return false;
    }
    return count >= 0;
  }

  /** Reads a consumer. Returns how many entries it has pending, or -1. */
  private readConsumer(reader: RdbReader, rdbType: number, group: number): number {
    const { string, id } = this;
    const { groups } = this.values.streams;
    if (!readRdbString(reader, string)) return -1;
    const { len } = string;
    const name = this.keepName();
    const seen = reader.readSignedMillis();
    const active = rdbType === RDB_TYPE_STREAM_LISTPACKS_3 ? reader.readSignedMillis() : seen;
    if (!Number.isSafeInteger(seen) || !Number.isSafeInteger(active)) return -1;
    const consumer = groups.createConsumer(group, name, 0, len, seen);
    if (consumer === 0) return -1;
    groups.setActiveMs(consumer, active);
    const count = this.readCount(reader, ID_BYTES);
    for (let i = 0; i < count; i++) {
      if (!this.readRawId(reader) || !groups.findPending(group, id)) return -1;
      if (groups.pendingConsumer !== 0) return -1;
      groups.assign(consumer, id);
    }
    return count >= 0 ? count : -1;
  }

  /** Reads an id of two lengths into `id`. */
  private readId(reader: RdbReader): boolean {
    if (!reader.readLength64()) return false;
    const { hi, lo } = reader;
    if (!reader.readLength64()) return false;
    this.id.set(hi, lo, reader.hi, reader.lo);
    return true;
  }

  /** Reads an id of 16 bytes into `id`. */
  private readRawId(reader: RdbReader): boolean {
    if (!reader.readBigEndian64()) return false;
    const { hi, lo } = reader;
    if (!reader.readBigEndian64()) return false;
    this.id.set(hi, lo, reader.hi, reader.lo);
    return true;
  }

  private readCounter(reader: RdbReader, ref: number, off: number): boolean {
    if (!reader.readLength64()) return false;
    this.arena.storeI32(ref, off, reader.lo);
    this.arena.storeI32(ref, off + 4, reader.hi);
    return true;
  }

  /** A number of things, each of which takes so many bytes at least; NaN when there can't be so many. */
  private readCount(reader: RdbReader, bytes: number): number {
    const count = reader.readLength();
    return reader.encoding < 0 && count * bytes <= reader.left ? count : NaN;
  }

  /** A copy of the string that was just read, at the beginning of a buffer, while more is read. */
  private keepName(): Uint8Array {
    const { buf, off, len } = this.string;
    if (this.name.length < len) this.name = new Uint8Array(len * 2);
    copyBytes(this.name, 0, buf, off, len);
    return this.name;
  }
}

function bigEndian(buf: ReadonlyBytes, at: number): number {
  return buf[at] << 24 | buf[at + 1] << 16 | buf[at + 2] << 8 | buf[at + 3];
}
