/**
 * RdbDecoder: collections from their RDB encodings, those of every version since 2.6.
 *
 * The bytes may come from anyone. They are taken apart element by element and added to an empty value as commands
 * would, so whatever they claim, the value is a sound one of this server: in the encoding that its limits ask for, in
 * order, without duplicates. What a sound value could not have been written as is refused: an element twice, a field
 * without value, a score that is no number, an empty collection, a length that the bytes don't bear out.
 *
 * Strings are values of another kind (types/t_string.ts); rdb_string.ts reads them. Streams are rdb_stream.ts's.
 */
import { copyBytes, type ReadonlyBytes } from "../core/base/bytes.ts";
import { parseDouble } from "../core/base/numbers.ts";
import { INTSET_HEADER_BYTES, intsetValidate } from "../core/structures/intset.ts";
import { ListpackValue } from "../core/structures/listpack_entry.ts";
import {
  NO_EXPIRY,
  TYPE_HASH,
  TYPE_LIST,
  TYPE_SET,
  TYPE_STREAM,
  TYPE_STRING,
  TYPE_ZSET,
} from "../core/types/object.ts";
import { ByteRange } from "../core/types/t_string.ts";
import { adoptHash, adoptList, adoptSet, adoptZset } from "../core/types/listpack_adopt.ts";
import { ADD_ADDED } from "../core/types/t_zset.ts";
import type { Values } from "../core/types/values.ts";
import {
  PACKED_LISTPACK,
  PACKED_ZIPLIST,
  PACKED_ZIPMAP,
  PackedReader,
  readUnsigned,
} from "./packed_reader.ts";
import {
  RDB_NODE_PACKED,
  RDB_NODE_PLAIN,
  RDB_TYPE_HASH,
  RDB_TYPE_HASH_LISTPACK,
  RDB_TYPE_HASH_LISTPACK_EX,
  RDB_TYPE_HASH_METADATA,
  RDB_TYPE_HASH_ZIPLIST,
  RDB_TYPE_HASH_ZIPMAP,
  RDB_TYPE_LIST,
  RDB_TYPE_LIST_QUICKLIST,
  RDB_TYPE_LIST_QUICKLIST_2,
  RDB_TYPE_LIST_ZIPLIST,
  RDB_TYPE_SET,
  RDB_TYPE_SET_INTSET,
  RDB_TYPE_SET_LISTPACK,
  RDB_TYPE_STREAM_LISTPACKS,
  RDB_TYPE_STREAM_LISTPACKS_2,
  RDB_TYPE_STREAM_LISTPACKS_3,
  RDB_TYPE_STRING,
  RDB_TYPE_ZSET,
  RDB_TYPE_ZSET_2,
  RDB_TYPE_ZSET_LISTPACK,
  RDB_TYPE_ZSET_ZIPLIST,
  type RdbReader,
} from "./rdb_format.ts";
import { RdbStreamDecoder } from "./rdb_stream.ts";
import { readRdbString } from "./rdb_string.ts";

/** Latest time at which a field may expire, in unix ms. */
const FIELD_EXPIRY_MAX: number = 2 ** 48 - 1;
/** Lengths that stand for special scores in the old format. */
const SCORE_NAN = 253;
const SCORE_INF = 254;
const SCORE_MINUS_INF = 255;

/** The type (types/object.ts) of a value of an RDB type, or -1 when there is none that is read here. */
export function typeOfRdb(rdbType: number): number {
  return TYPES.get(rdbType) ?? -1;
}

/** What a value of an RDB type is kept as, for messages. */
export function rdbTypeName(rdbType: number): string {
  switch (rdbType) {
    case RDB_TYPE_HASH_ZIPMAP:
      return "Zipmap";
    case RDB_TYPE_LIST_ZIPLIST:
    case RDB_TYPE_ZSET_ZIPLIST:
    case RDB_TYPE_HASH_ZIPLIST:
    case RDB_TYPE_LIST_QUICKLIST:
      return "Ziplist";
    case RDB_TYPE_SET_INTSET:
      return "Intset";
    case RDB_TYPE_SET_LISTPACK:
    case RDB_TYPE_ZSET_LISTPACK:
    case RDB_TYPE_HASH_LISTPACK:
    case RDB_TYPE_HASH_LISTPACK_EX:
    case RDB_TYPE_LIST_QUICKLIST_2:
      return "Listpack";
    default:
      return `value of type ${rdbType}`;
  }
}

const TYPES: ReadonlyMap<number, number> = new Map([
  [RDB_TYPE_STRING, TYPE_STRING],
  [RDB_TYPE_LIST, TYPE_LIST],
  [RDB_TYPE_LIST_ZIPLIST, TYPE_LIST],
  [RDB_TYPE_LIST_QUICKLIST, TYPE_LIST],
  [RDB_TYPE_LIST_QUICKLIST_2, TYPE_LIST],
  [RDB_TYPE_SET, TYPE_SET],
  [RDB_TYPE_SET_INTSET, TYPE_SET],
  [RDB_TYPE_SET_LISTPACK, TYPE_SET],
  [RDB_TYPE_ZSET, TYPE_ZSET],
  [RDB_TYPE_ZSET_2, TYPE_ZSET],
  [RDB_TYPE_ZSET_ZIPLIST, TYPE_ZSET],
  [RDB_TYPE_ZSET_LISTPACK, TYPE_ZSET],
  [RDB_TYPE_HASH, TYPE_HASH],
  [RDB_TYPE_HASH_ZIPMAP, TYPE_HASH],
  [RDB_TYPE_HASH_ZIPLIST, TYPE_HASH],
  [RDB_TYPE_HASH_LISTPACK, TYPE_HASH],
  [RDB_TYPE_HASH_METADATA, TYPE_HASH],
  [RDB_TYPE_HASH_LISTPACK_EX, TYPE_HASH],
  [RDB_TYPE_STREAM_LISTPACKS, TYPE_STREAM],
  [RDB_TYPE_STREAM_LISTPACKS_2, TYPE_STREAM],
  [RDB_TYPE_STREAM_LISTPACKS_3, TYPE_STREAM],
]);

type Adopt = typeof adoptList;

export class RdbDecoder {
  /** Whether what `read` refused was in order but for having no elements. */
  isEmpty = false;
  private readonly values: Values;
  private readonly string = new ByteRange();
  private readonly packed = new PackedReader();
  private readonly stream: RdbStreamDecoder;
  private readonly integer = new ListpackValue();
  private readonly kept = [new Uint8Array(256), new Uint8Array(256)];
  private readonly doubles = new Float64Array(1);
  private readonly doubleBytes = new Uint8Array(this.doubles.buffer);

  constructor(values: Values) {
    this.values = values;
    this.stream = new RdbStreamDecoder(values);
  }

  /**
   * Reads a value of an RDB type into an empty collection of the type that `typeOfRdb` says. False when the bytes
   * are none; the entry then holds whatever was read, for the caller to free. Throws ArenaFull, likewise.
   */
  read(reader: RdbReader, rdbType: number, ref: number): boolean {
    this.isEmpty = false;
    switch (rdbType) {
      case RDB_TYPE_LIST:
        return this.readList(reader, ref);
      case RDB_TYPE_LIST_ZIPLIST:
        return this.readString(reader) && this.addPackedList(PACKED_ZIPLIST, ref) &&
          this.settleList(ref);
      case RDB_TYPE_LIST_QUICKLIST:
      case RDB_TYPE_LIST_QUICKLIST_2:
        return this.readNodes(reader, rdbType === RDB_TYPE_LIST_QUICKLIST_2, ref);
      case RDB_TYPE_SET:
        return this.readSet(reader, ref);
      case RDB_TYPE_SET_INTSET:
        return this.readString(reader) && this.addIntset(ref);
      case RDB_TYPE_SET_LISTPACK:
        return this.readString(reader) && (this.isAdopted(adoptSet, ref) || this.addPackedSet(ref));
      case RDB_TYPE_ZSET:
      case RDB_TYPE_ZSET_2:
        return this.readZset(reader, rdbType === RDB_TYPE_ZSET_2, ref);
      case RDB_TYPE_ZSET_ZIPLIST:
        return this.readString(reader) && this.addPackedZset(PACKED_ZIPLIST, ref);
      case RDB_TYPE_ZSET_LISTPACK:
        return this.readString(reader) &&
          (this.isAdopted(adoptZset, ref) || this.addPackedZset(PACKED_LISTPACK, ref));
      case RDB_TYPE_HASH:
        return this.readHash(reader, ref);
      case RDB_TYPE_HASH_METADATA:
        return this.readExpiringHash(reader, ref);
      case RDB_TYPE_HASH_LISTPACK_EX:
        reader.readMillis();
        return this.readString(reader) && this.addPackedHash(PACKED_LISTPACK, ref, true);
      case RDB_TYPE_HASH_LISTPACK:
        return this.readString(reader) &&
          (this.isAdopted(adoptHash, ref) || this.addPackedHash(PACKED_LISTPACK, ref, false));
      case RDB_TYPE_HASH_ZIPLIST:
        return this.readString(reader) && this.addPackedHash(PACKED_ZIPLIST, ref, false);
      case RDB_TYPE_HASH_ZIPMAP:
        return this.readString(reader) && this.addPackedHash(PACKED_ZIPMAP, ref, false);
      case RDB_TYPE_STREAM_LISTPACKS:
      case RDB_TYPE_STREAM_LISTPACKS_2:
      case RDB_TYPE_STREAM_LISTPACKS_3:
        return this.stream.read(reader, rdbType, ref);
      default:
        return false;
    }
  }

  /** Whether the string just read has become the value as it is, see listpack_adopt.ts. */
  private isAdopted(adopt: Adopt, ref: number): boolean {
    const { buf, off, len } = this.string;
    return adopt(this.values.context, ref, buf, off, len);
  }

  // Lists.

  private readList(reader: RdbReader, ref: number): boolean {
    const count = this.readCount(reader);
    for (let i = 0; i < count; i++) {
      if (!this.readString(reader)) return false;
      this.push(ref, this.string.buf, this.string.off, this.string.len);
    }
    return this.isSome(count) && this.settleList(ref);
  }

  private readNodes(reader: RdbReader, hasKinds: boolean, ref: number): boolean {
    const count = this.readCount(reader);
    for (let i = 0; i < count; i++) {
      const kind = hasKinds ? reader.readLength() : RDB_NODE_PACKED;
      if (kind !== RDB_NODE_PACKED && kind !== RDB_NODE_PLAIN || !this.readString(reader)) {
        return false;
      }
      if (this.string.len === 0) return false;
      if (kind === RDB_NODE_PACKED && hasKinds && count === 1 && this.isAdopted(adoptList, ref)) {
        break;
      }
      if (kind === RDB_NODE_PLAIN) {
        this.push(ref, this.string.buf, this.string.off, this.string.len);
      } else if (!this.addPackedList(hasKinds ? PACKED_LISTPACK : PACKED_ZIPLIST, ref)) {
        return false;
      }
    }
    return count >= 0 && this.settleList(ref);
  }

  private addPackedList(format: number, ref: number): boolean {
    const { packed, string } = this;
    if (!packed.reset(format, string.buf, string.off, string.len)) return false;
    this.values.lists.reserve(ref, string.len, packed.count);
    while (packed.next()) {
      const { buf, off, len } = packed.value;
      this.push(ref, buf, off, len);
    }
    return true;
  }

  private push(ref: number, buf: ReadonlyBytes, off: number, len: number): void {
    const { lists } = this.values;
    lists.reserve(ref, len, 1);
    lists.push(ref, false, buf, off, len);
  }

  private settleList(ref: number): boolean {
    const { lists } = this.values;
    if (!this.isSome(lists.length(ref))) return false;
    lists.settle(ref);
    return true;
  }

  // Sets.

  private readSet(reader: RdbReader, ref: number): boolean {
    const { string } = this;
    const { sets } = this.values;
    const count = this.readCount(reader);
    for (let i = 0; i < count; i++) {
      if (!this.readString(reader)) return false;
      if (i === 0) sets.prepare(ref, string.buf, string.off, string.len, count);
      if (!sets.add(ref, string.buf, string.off, string.len)) return false;
    }
    return this.isSome(count);
  }

  private addIntset(ref: number): boolean {
    const { buf, off, len } = this.string;
    const { sets } = this.values;
    if (!intsetValidate(buf, off, len, true)) return false;
    const bytes = readUnsigned(buf, off, 4);
    const { integer } = this;
    for (let at = off + INTSET_HEADER_BYTES; at < off + len; at += bytes) {
      const unused = bytes === 2 ? 16 : 0;
      const lo = readUnsigned(buf, at, Math.min(bytes, 4)) << unused >> unused;
      integer.setInt64(bytes === 8 ? readUnsigned(buf, at + 4, 4) | 0 : lo >> 31, lo);
      integer.toText();
      if (at === off + INTSET_HEADER_BYTES) {
        sets.prepare(
          ref,
          integer.buf,
          integer.off,
          integer.len,
          (len - INTSET_HEADER_BYTES) / bytes,
        );
      }
      sets.add(ref, integer.buf, integer.off, integer.len);
    }
    return true;
  }

  private addPackedSet(ref: number): boolean {
    const { packed, string } = this;
    const { sets } = this.values;
    if (!packed.reset(PACKED_LISTPACK, string.buf, string.off, string.len)) return false;
    sets.toListpackIfEmpty(ref);
    sets.maybeConvert(ref, packed.count);
    while (packed.next()) {
      const { buf, off, len } = packed.value;
      if (!sets.add(ref, buf, off, len)) return false;
    }
    return this.isSome(packed.count);
  }

  // Sorted sets.

  private readZset(reader: RdbReader, isBinary: boolean, ref: number): boolean {
    const { string } = this;
    const { zsets } = this.values;
    const count = this.readCount(reader);
    zsets.reserve(ref, count, 0);
    for (let i = 0; i < count; i++) {
      if (!this.readString(reader)) return false;
      const { len } = string;
      const member = this.keep(0, string.buf, string.off, len);
      const score = isBinary ? this.readDouble(reader) : this.readOldScore(reader);
      if (Number.isNaN(score)) return false;
      if (zsets.add(ref, score, member, 0, len, 0) !== ADD_ADDED) return false;
    }
    return this.isSome(count);
  }

  private addPackedZset(format: number, ref: number): boolean {
    const { packed, string } = this;
    const { zsets } = this.values;
    if (!packed.reset(format, string.buf, string.off, string.len)) return false;
    if (!this.isSome(packed.count) || packed.count % 2 !== 0) return false;
    zsets.reserve(ref, packed.count / 2, 0);
    while (packed.next()) {
      const member = this.keep(0, packed.value.buf, packed.value.off, packed.value.len);
      const { len } = packed.value;
      packed.next();
      const score = parseDouble(packed.value.buf, packed.value.off, packed.value.len);
      if (Number.isNaN(score) || zsets.add(ref, score, member, 0, len, 0) !== ADD_ADDED) {
        return false;
      }
    }
    return true;
  }

  // Hashes.

  private readHash(reader: RdbReader, ref: number): boolean {
    const count = this.readCount(reader);
    this.values.hashes.prepareCount(ref, count);
    for (let i = 0; i < count; i++) {
      if (!this.readField(reader, ref, NO_EXPIRY)) return false;
    }
    return this.isSome(count);
  }

  /** Times are counted from the earliest, plus one; 0 is none. */
  private readExpiringHash(reader: RdbReader, ref: number): boolean {
    const first = reader.readMillis();
    const count = this.readCount(reader);
    if (!(first >= 0 && first <= FIELD_EXPIRY_MAX)) return false;
    this.values.hashes.prepareCount(ref, count);
    this.values.hashes.makeExpiring(ref);
    for (let i = 0; i < count; i++) {
      const after = reader.readLength();
      if (reader.encoding >= 0 || !(first + after - 1 <= FIELD_EXPIRY_MAX)) return false;
      const expireAt = after === 0 ? NO_EXPIRY : first + after - 1;
      if (!this.readField(reader, ref, expireAt)) return false;
    }
    return this.isSome(count);
  }

  private readField(reader: RdbReader, ref: number, expireAt: number): boolean {
    const { string } = this;
    if (!this.readString(reader)) return false;
    const { len } = string;
    const field = this.keep(0, string.buf, string.off, len);
    if (!this.readString(reader)) return false;
    return this.addField(ref, field, len, string.buf, string.off, string.len, expireAt);
  }

  private addPackedHash(format: number, ref: number, hasTimes: boolean): boolean {
    const { packed, string } = this;
    if (!packed.reset(format, string.buf, string.off, string.len)) return false;
    const stride = hasTimes ? 3 : 2;
    if (!this.isSome(packed.count) || packed.count % stride !== 0) return false;
    this.values.hashes.prepareCount(ref, packed.count / stride);
    if (hasTimes) this.values.hashes.makeExpiring(ref);
    const { value } = packed;
    while (packed.next()) {
      const { len } = value;
      const field = this.keep(0, value.buf, value.off, len);
      packed.next();
      const valueLen = value.len;
      const kept = this.keep(1, value.buf, value.off, valueLen);
      let expireAt = NO_EXPIRY;
      if (hasTimes) {
        packed.next();
        if (!(value.value >= 0 && value.value <= FIELD_EXPIRY_MAX)) return false;
        if (value.value > 0) expireAt = value.value;
      }
      if (!this.addField(ref, field, len, kept, 0, valueLen, expireAt)) return false;
    }
    return true;
  }

  /** Adds a field. False when it is there already. */
  private addField(
    ref: number,
    field: ReadonlyBytes,
    len: number,
    value: ReadonlyBytes,
    valueOff: number,
    valueLen: number,
    expireAt: number,
  ): boolean {
    const { hashes } = this.values;
    if (!hashes.set(ref, field, 0, len, value, valueOff, valueLen)) return false;
    if (expireAt !== NO_EXPIRY) {
      hashes.find(ref, field, 0, len);
      hashes.setFoundExpiry(ref, expireAt);
    }
    return true;
  }

  private readDouble(reader: RdbReader): number {
    const { doubleBytes } = this;
    if (!reader.has(doubleBytes.length)) return NaN;
    for (let i = 0; i < doubleBytes.length; i++) doubleBytes[i] = reader.buf[reader.pos++];
    return this.doubles[0];
  }

  /** A score as text with its length in front. */
  private readOldScore(reader: RdbReader): number {
    const len = reader.readByte();
    if (len === SCORE_INF) return Infinity;
    if (len === SCORE_MINUS_INF) return -Infinity;
    if (len < 0 || len === SCORE_NAN || !reader.has(len)) return NaN;
    const score = parseDouble(reader.buf, reader.pos, len);
    reader.pos += len;
    return score;
  }

  // Parts.

  /** Whether a value has elements, and notes when the lack of them is all that is wrong. */
  private isSome(count: number): boolean {
    if (count === 0) this.isEmpty = true;
    return count > 0;
  }

  /** A number of elements, each of which takes a byte at least; NaN when there can't be so many. */
  private readCount(reader: RdbReader): number {
    const count = reader.readLength();
    return reader.encoding < 0 && count <= reader.left ? count : NaN;
  }

  /** Reads a string into `string`. */
  private readString(reader: RdbReader): boolean {
    return readRdbString(reader, this.string);
  }

  /** The bytes at the beginning of one of two buffers that keep them while more is read. */
  private keep(which: number, buf: ReadonlyBytes, off: number, len: number): Uint8Array {
    let kept = this.kept[which];
    if (kept.length < len) kept = this.kept[which] = new Uint8Array(len * 2);
    copyBytes(kept, 0, buf, off, len);
    return kept;
  }
}
