/**
 * RdbEncoder: values as RDB writes them, read through a BlockReader: from the arena as it is, or as it was.
 *
 * Small values are one string each, their listpack or intset as it lies in memory. Large ones are written element
 * by element:
 *
 *     list     nodes: 1 for a plain one or 2 for a listpack, then a string each; compressed ones go out as they are
 *     set      members
 *     zset     member and score (8 bytes, a double), from the highest to the lowest as in Redis, which loads
 *              them faster in that order
 *     hash     field and value; where fields expire, the earliest time first (8 bytes), and each field's own as a
 *              length, counted from there, plus one, or 0
 *     stream   rdb_stream.ts
 *
 * Version 10 of the format has no small sets but of integers: members are written one by one, and streams as version
 * 2 of theirs.
 */
import { copyBytes } from "../core/base/bytes.ts";
import { BIG, formatBigInt64, formatInteger, INTEGER_TEXT_LEN_MAX } from "../core/base/numbers.ts";
import { type BlockReader, readWord } from "../core/memory/block_reader.ts";
import { DictWalk } from "../core/structures/dict_walk.ts";
import {
  ENTRY_HAS_EXPIRY,
  ENTRY_HEAD_BYTES,
  entryBodyOff,
  entryKeyOff,
} from "../core/structures/entry.ts";
import {
  HEAP_CHUNK_ITEMS,
  HEAP_COUNT,
  HEAP_DIRECTORY,
  HEAP_ITEM_BYTES,
} from "../core/structures/expiry_heap.ts";
import { INTSET_HEADER_BYTES } from "../core/structures/intset.ts";
import { LP_COUNT_UNKNOWN, LP_EMPTY_BYTES, LP_HEADER_BYTES } from "../core/structures/listpack.ts";
import {
  entryBytes,
  int64BigInt,
  int64Value,
  ListpackValue,
  LP_END,
  readEntry,
} from "../core/structures/listpack_entry.ts";
import { QuicklistWalk } from "../core/structures/quicklist_walk.ts";
import { SkiplistWalk } from "../core/structures/skiplist_walk.ts";
import { VALUE_APART, VALUE_LEN_SHIFT } from "../core/types/hash_field.ts";
import {
  COLLECTION_BODY_BYTES,
  ENC_EMBSTR,
  ENC_HASHTABLE,
  ENC_HASHTABLE_EX,
  ENC_INT,
  ENC_INTSET,
  ENC_LISTPACK,
  ENC_LISTPACK_EX,
  ENC_QUICKLIST,
  ENC_RAW,
  ENC_RAW_INLINE,
  ENC_SKIPLIST,
  ENC_STREAM,
  metaEncoding,
  metaType,
  TYPE_HASH,
  TYPE_LIST,
  TYPE_SET,
} from "../core/types/object.ts";
import {
  RDB_ENC_LZF,
  RDB_NODE_PACKED,
  RDB_NODE_PLAIN,
  RDB_TYPE_HASH,
  RDB_TYPE_HASH_LISTPACK,
  RDB_TYPE_HASH_LISTPACK_EX,
  RDB_TYPE_HASH_METADATA,
  RDB_TYPE_LIST_QUICKLIST_2,
  RDB_TYPE_SET,
  RDB_TYPE_SET_INTSET,
  RDB_TYPE_SET_LISTPACK,
  RDB_TYPE_STREAM_LISTPACKS_2,
  RDB_TYPE_STREAM_LISTPACKS_3,
  RDB_TYPE_STRING,
  RDB_TYPE_ZSET_2,
  RDB_TYPE_ZSET_LISTPACK,
  RDB_VERSION,
  type RdbWriter,
} from "./rdb_format.ts";
import { RdbStreamEncoder } from "./rdb_stream.ts";
import { writeRdbString } from "./rdb_string.ts";

const DOUBLE_BYTES = 8;
/** Size up to which the scratch for a node's listpack is kept. */
const SCRATCH_BYTES: number = 16 * 1024;

export class RdbEncoder {
  /** The directive rdbcompression. */
  compress = true;
  /** Whether small hashes whose fields once expired are written as if they never had: they need version 12. */
  forFile = false;
  /** The version of the format: with one below 11, values are written as that has them. */
  version: number = RDB_VERSION;
  private readonly blocks: BlockReader;
  private readonly dict: DictWalk;
  private readonly list: QuicklistWalk;
  private readonly skiplist: SkiplistWalk;
  private readonly stream: RdbStreamEncoder;
  private readonly value = new ListpackValue();
  private readonly digits = new Uint8Array(INTEGER_TEXT_LEN_MAX);
  private readonly doubles = new Float64Array(1);
  private readonly doubleBytes = new Uint8Array(this.doubles.buffer);

  constructor(blocks: BlockReader) {
    this.blocks = blocks;
    this.dict = new DictWalk(blocks);
    this.list = new QuicklistWalk(blocks);
    this.skiplist = new SkiplistWalk(blocks);
    this.stream = new RdbStreamEncoder(blocks);
  }

  /** Writes the type of an entry's value and the value. Returns the type. */
  writeTypeAndValue(out: RdbWriter, ref: number): number {
    const type = this.rdbType(ref);
    out.writeByte(type);
    this.writeValue(out, ref);
    return type;
  }

  /** The RDB type of an entry's value. */
  rdbType(ref: number): number {
    const meta = readWord(this.blocks, ref, 0);
    const encoding = metaEncoding(meta);
    if (
      encoding === ENC_LISTPACK_EX && this.forFile && this.firstExpiry(this.bodyWord(ref)) === 0
    ) {
      return RDB_TYPE_HASH;
    }
    if (encoding !== ENC_HASHTABLE_EX) return this.typeInVersion(rdbTypeOf(meta));
    // Fields may expire, but only if one does is that worth a type of its own.
    const heap = readWord(this.blocks, this.bodyWord(ref), 1);
    return readWord(this.blocks, heap, HEAP_COUNT) > 0 ? RDB_TYPE_HASH_METADATA : RDB_TYPE_HASH;
  }

  /** Writes the value of an entry. */
  writeValue(out: RdbWriter, ref: number): void {
    const { blocks } = this;
    blocks.read(ref, 0, ENTRY_HEAD_BYTES);
    const meta = blocks.i32[blocks.at >> 2];
    const body = entryBodyOff(entryKeyOff(meta), blocks.i32[(blocks.at >> 2) + 1]);
    blocks.read(ref, body, COLLECTION_BODY_BYTES);
    const word0 = blocks.i32[blocks.at >> 2];
    const word1 = blocks.i32[(blocks.at >> 2) + 1];
    switch (metaEncoding(meta)) {
      case ENC_INT:
        return this.writeInteger(out, word0, word1);
      case ENC_EMBSTR:
      case ENC_RAW_INLINE:
        blocks.read(ref, body + 4, word0);
        return writeRdbString(out, blocks.u8, blocks.at, word0, this.compress);
      case ENC_RAW:
        return this.writeBlock(out, word0, word1);
      case ENC_LISTPACK:
        if (metaType(meta) === TYPE_LIST) return this.writeSmallList(out, word0, word1);
        if (metaType(meta) === TYPE_SET && this.version < RDB_VERSION) {
          return this.writeEntries(out, word0, false);
        }
        return this.writeBlock(out, word0, readWord(blocks, word0, 0));
      case ENC_INTSET:
        return this.writeIntset(out, word0);
      case ENC_QUICKLIST:
        return this.writeQuicklist(out, word0);
      case ENC_SKIPLIST:
        return this.writeSkiplist(out, word1);
      case ENC_HASHTABLE:
        if (metaType(meta) === TYPE_SET) return this.writeSet(out, word0);
        return this.writeHash(out, word0, 0);
      case ENC_LISTPACK_EX:
        if (this.forFile && this.firstExpiry(word0) === 0) {
          return this.writeEntries(out, word0, true);
        }
        out.writeMillis(this.firstExpiry(word0));
        return this.writeBlock(out, word0, readWord(blocks, word0, 0));
      case ENC_HASHTABLE_EX:
        return this.writeHash(out, readWord(blocks, word0, 0), readWord(blocks, word0, 1));
      case ENC_STREAM:
        return this.stream.write(out, word0, this.compress, this.version >= RDB_VERSION);
    }
  }

  /** The type that the version has for a value of this one. */
  private typeInVersion(type: number): number {
    if (this.version >= RDB_VERSION) return type;
    if (type === RDB_TYPE_SET_LISTPACK) return RDB_TYPE_SET;
    return type === RDB_TYPE_STREAM_LISTPACKS_3 ? RDB_TYPE_STREAM_LISTPACKS_2 : type;
  }

  /** The first word of an entry's body. */
  private bodyWord(ref: number): number {
    const { blocks } = this;
    blocks.read(ref, 0, ENTRY_HEAD_BYTES);
    const meta = blocks.i32[blocks.at >> 2];
    const body = entryBodyOff(entryKeyOff(meta), blocks.i32[(blocks.at >> 2) + 1]);
    return readWord(blocks, ref, body >> 2);
  }

  /** A block as one string. */
  private writeBlock(out: RdbWriter, block: number, len: number): void {
    const { blocks } = this;
    blocks.read(block, 0, len);
    writeRdbString(out, blocks.u8, blocks.at, len, this.compress);
  }

  private writeInteger(out: RdbWriter, lo: number, hi: number): void {
    const value = int64Value(hi, lo);
    const len = value === BIG
      ? formatBigInt64(this.digits, 0, int64BigInt(hi, lo))
      : formatInteger(this.digits, 0, value);
    writeRdbString(out, this.digits, 0, len, this.compress);
  }

  private writeIntset(out: RdbWriter, block: number): void {
    const { blocks } = this;
    blocks.read(block, 0, INTSET_HEADER_BYTES);
    const at = blocks.at >> 2;
    this.writeBlock(out, block, INTSET_HEADER_BYTES + blocks.i32[at] * blocks.i32[at + 1]);
  }

  /** A list of one node: a listpack whose entries begin at `start`, 0 for right behind the header. */
  private writeSmallList(out: RdbWriter, listpack: number, start: number): void {
    const { blocks } = this;
    const bytes = readWord(blocks, listpack, 0);
    out.writeLength(1);
    out.writeLength(RDB_NODE_PACKED);
    if (start === 0 || start === LP_HEADER_BYTES) return this.writeBlock(out, listpack, bytes);
    const count = readWord(blocks, listpack, 1) & LP_COUNT_UNKNOWN;
    this.writePacked(out, listpack, start, bytes - LP_EMPTY_BYTES, count);
  }

  private writeQuicklist(out: RdbWriter, root: number): void {
    const { list, blocks } = this;
    list.begin(root);
    out.writeLength(list.nodes);
    while (list.next()) {
      out.writeLength(list.plain ? RDB_NODE_PLAIN : RDB_NODE_PACKED);
      if (list.compressed) {
        out.writeEncoding(RDB_ENC_LZF);
        out.writeLength(list.start);
        out.writeLength(list.plain ? list.len : list.len + LP_EMPTY_BYTES);
        blocks.read(list.data, 0, list.start);
        out.writeBytes(blocks.u8, blocks.at, list.start);
      } else if (list.plain) this.writeBlock(out, list.data, list.len);
      else this.writePacked(out, list.data, list.start, list.len, list.count);
    }
  }

  /** Entries as a listpack, whose header and end they lack. */
  private writePacked(
    out: RdbWriter,
    data: number,
    start: number,
    entriesLen: number,
    count: number,
  ): void {
    const { blocks } = this;
    const len = entriesLen + LP_EMPTY_BYTES;
    const bytes = len <= SCRATCH_BYTES ? scratch : new Uint8Array(len);
    for (let i = 0; i < 4; i++) bytes[i] = len >>> (8 * i);
    bytes[4] = Math.min(count, LP_COUNT_UNKNOWN);
    bytes[5] = Math.min(count, LP_COUNT_UNKNOWN) >>> 8;
    blocks.read(data, start, entriesLen);
    copyBytes(bytes, LP_HEADER_BYTES, blocks.u8, blocks.at, entriesLen);
    bytes[len - 1] = LP_END;
    writeRdbString(out, bytes, 0, len, this.compress);
  }

  private writeSet(out: RdbWriter, root: number): void {
    const { dict, blocks } = this;
    dict.start(root);
    out.writeLength(dict.count);
    for (let ref = dict.next(); ref !== 0; ref = dict.next()) {
      const len = readWord(blocks, ref, 1);
      blocks.read(ref, ENTRY_HEAD_BYTES, len);
      writeRdbString(out, blocks.u8, blocks.at, len, this.compress);
    }
  }

  /** A large hash; `heap` is the root of its expiring fields' heap (structures/expiry_heap.ts), 0 without one. */
  private writeHash(out: RdbWriter, root: number, heap: number): void {
    const { dict, blocks } = this;
    const withTimes = heap !== 0 && readWord(blocks, heap, HEAP_COUNT) > 0;
    const first = withTimes ? fieldExpiryAt(blocks, heap, 1) : 0;
    if (withTimes) out.writeMillis(first);
    dict.start(root);
    out.writeLength(dict.count);
    for (let ref = dict.next(); ref !== 0; ref = dict.next()) {
      if (withTimes) {
        const hasSlot = (readWord(blocks, ref, 0) & ENTRY_HAS_EXPIRY) !== 0;
        const place = hasSlot ? readWord(blocks, ref, ENTRY_HEAD_BYTES >> 2) : 0;
        out.writeLength(place === 0 ? 0 : fieldExpiryAt(blocks, heap, place) - first + 1);
      }
      this.writeField(out, ref);
    }
  }

  /**
   * What is in a listpack, one by one: the members of a small set, or the fields and values of a small hash, without
   * their times: none of them expire any more.
   */
  private writeEntries(out: RdbWriter, listpack: number, withTimes: boolean): void {
    const { blocks, value } = this;
    const len = readWord(blocks, listpack, 0);
    blocks.read(listpack, 0, len);
    const bytes = blocks.u8;
    const first = blocks.at + LP_HEADER_BYTES;
    let count = 0;
    for (let at = first; bytes[at] !== LP_END; at += entryBytes(bytes, at)) count++;
    out.writeLength(withTimes ? count / 3 : count);
    let at = first;
    for (let i = 0; i < count; i++) {
      if (!withTimes || i % 3 !== 2) {
        readEntry(bytes, at, value);
        value.toText();
        writeRdbString(out, value.buf, value.off, value.len, this.compress);
      }
      at += entryBytes(bytes, at);
    }
  }

  /** When the first field of a small hash expires: the third entry of its listpack. */
  private firstExpiry(listpack: number): number {
    const { blocks, value } = this;
    blocks.read(listpack, 0, readWord(blocks, listpack, 0));
    let at = blocks.at + LP_HEADER_BYTES;
    for (let i = 0; i < 2; i++) at += entryBytes(blocks.u8, at);
    readEntry(blocks.u8, at, value);
    return value.value;
  }

  /** A field and its value (types/hash_field.ts). */
  private writeField(out: RdbWriter, ref: number): void {
    const { blocks, compress } = this;
    blocks.read(ref, 0, ENTRY_HEAD_BYTES);
    const meta = blocks.i32[blocks.at >> 2];
    const len = blocks.i32[(blocks.at >> 2) + 1];
    const name = entryKeyOff(meta);
    if ((meta & VALUE_APART) === 0) {
      const valueLen = meta >>> VALUE_LEN_SHIFT;
      blocks.read(ref, name, len + valueLen);
      writeRdbString(out, blocks.u8, blocks.at, len, compress);
      writeRdbString(out, blocks.u8, blocks.at + len, valueLen, compress);
      return;
    }
    blocks.read(ref, name, len);
    writeRdbString(out, blocks.u8, blocks.at, len, compress);
    blocks.read(ref, entryBodyOff(name, len), COLLECTION_BODY_BYTES);
    this.writeBlock(out, blocks.i32[blocks.at >> 2], blocks.i32[(blocks.at >> 2) + 1]);
  }

  private writeSkiplist(out: RdbWriter, root: number): void {
    const { skiplist, blocks } = this;
    skiplist.start(root);
    out.writeLength(skiplist.length);
    while (skiplist.prev()) {
      writeRdbString(out, blocks.u8, skiplist.memberAt, skiplist.memberLen, this.compress);
      this.doubles[0] = skiplist.score;
      out.writeBytes(this.doubleBytes, 0, DOUBLE_BYTES);
    }
  }
}

/** When the field at a place of a hash's heap of expiring fields expires, whose root `heap` is. */
export function fieldExpiryAt(blocks: BlockReader, heap: number, place: number): number {
  const index = place - 1;
  const directory = readWord(blocks, heap, HEAP_DIRECTORY);
  const chunk = readWord(blocks, directory, Math.floor(index / HEAP_CHUNK_ITEMS));
  blocks.read(chunk, index % HEAP_CHUNK_ITEMS * HEAP_ITEM_BYTES, DOUBLE_BYTES);
  return blocks.f64[blocks.at >> 3];
}

/** The RDB type of a value with this meta word. */
function rdbTypeOf(meta: number): number {
  const type = metaType(meta);
  switch (metaEncoding(meta)) {
    case ENC_LISTPACK:
      if (type === TYPE_LIST) return RDB_TYPE_LIST_QUICKLIST_2;
      if (type === TYPE_HASH) return RDB_TYPE_HASH_LISTPACK;
      return type === TYPE_SET ? RDB_TYPE_SET_LISTPACK : RDB_TYPE_ZSET_LISTPACK;
    case ENC_INTSET:
      return RDB_TYPE_SET_INTSET;
    case ENC_QUICKLIST:
      return RDB_TYPE_LIST_QUICKLIST_2;
    case ENC_SKIPLIST:
      return RDB_TYPE_ZSET_2;
    case ENC_HASHTABLE:
      return type === TYPE_SET ? RDB_TYPE_SET : RDB_TYPE_HASH;
    case ENC_LISTPACK_EX:
      return RDB_TYPE_HASH_LISTPACK_EX;
    case ENC_STREAM:
      return RDB_TYPE_STREAM_LISTPACKS_3;
    default:
      return RDB_TYPE_STRING;
  }
}

const scratch = new Uint8Array(SCRATCH_BYTES);
