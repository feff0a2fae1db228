/**
 * AofEncoder: a key and its value as the commands that make them, read through a BlockReader: from the arena as it
 * is, or as it was.
 *
 *     string    SET key value
 *     list      RPUSH key element ...
 *     set       SADD key member ...
 *     zset      ZADD key score member ...
 *     hash      HMSET key field value ...; where fields expire one by one, each with its HPEXPIREAT
 *     stream    aof_stream.ts
 *     expiry    PEXPIREAT key time
 *
 * The commands are those of Redis's rewrite, so that it loads them.
 */
import { lzfDecompress } from "../core/base/lzf.ts";
import { BIG, formatDouble } from "../core/base/numbers.ts";
import { type BlockReader, readWord } from "../core/memory/block_reader.ts";
import type { ReadonlyBytes } from "../core/base/bytes.ts";
import { DictWalk } from "../core/structures/dict_walk.ts";
import {
  ENTRY_HAS_EXPIRY,
  ENTRY_HEAD_BYTES,
  entryBodyOff,
  entryKeyOff,
} from "../core/structures/entry.ts";
import { HEAP_COUNT } from "../core/structures/expiry_heap.ts";
import { INTSET_HEADER_BYTES } from "../core/structures/intset.ts";
import { LP_EMPTY_BYTES, LP_HEADER_BYTES } from "../core/structures/listpack.ts";
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
import type { AofCommands } from "./aof_commands.ts";
import { AofStreamEncoder } from "./aof_stream.ts";
import { fieldExpiryAt } from "./rdb_encode.ts";

export class AofEncoder {
  private readonly blocks: BlockReader;
  private readonly commands: AofCommands;
  private readonly dict: DictWalk;
  private readonly list: QuicklistWalk;
  private readonly skiplist: SkiplistWalk;
  private readonly stream: AofStreamEncoder;
  private readonly value = new ListpackValue();

  constructor(blocks: BlockReader, commands: AofCommands) {
    this.blocks = blocks;
    this.commands = commands;
    this.dict = new DictWalk(blocks);
    this.list = new QuicklistWalk(blocks);
    this.skiplist = new SkiplistWalk(blocks);
    this.stream = new AofStreamEncoder(blocks, commands);
  }

  /** Writes the commands for an entry of a database. */
  writeKey(ref: number): void {
    const { blocks, commands } = this;
    blocks.read(ref, 0, ENTRY_HEAD_BYTES);
    const meta = blocks.i32[blocks.at >> 2];
    const keyLen = blocks.i32[(blocks.at >> 2) + 1];
    const keyOff = entryKeyOff(meta);
    blocks.read(ref, keyOff, keyLen);
    commands.setKey(blocks.u8, blocks.at, keyLen);
    const body = entryBodyOff(keyOff, keyLen);
    blocks.read(ref, body, COLLECTION_BODY_BYTES);
    const word0 = blocks.i32[blocks.at >> 2];
    const word1 = blocks.i32[(blocks.at >> 2) + 1];
    this.writeValue(ref, meta, body, word0, word1);
    if ((meta & ENTRY_HAS_EXPIRY) === 0) return;
    commands.begin("PEXPIREAT", 3);
    commands.keyArg();
    blocks.read(ref, ENTRY_HEAD_BYTES, 8);
    commands.integer(blocks.f64[blocks.at >> 3]);
  }

  private writeValue(ref: number, meta: number, body: number, word0: number, word1: number): void {
    const { blocks } = this;
    const type = metaType(meta);
    switch (metaEncoding(meta)) {
      case ENC_INT:
        return this.writeInteger(word0, word1);
      case ENC_EMBSTR:
      case ENC_RAW_INLINE:
        return this.writeString(ref, body + 4, word0);
      case ENC_RAW:
        return this.writeString(word0, 0, word1);
      case ENC_LISTPACK:
        if (type === TYPE_LIST) return this.writeSmallList(word0, word1);
        if (type === TYPE_SET) return this.writeSmallSet(word0);
        return type === TYPE_HASH ? this.writeSmallHash(word0) : this.writeSmallZset(word0);
      case ENC_LISTPACK_EX:
        return this.writeTriples(word0);
      case ENC_INTSET:
        return this.writeIntset(word0);
      case ENC_QUICKLIST:
        return this.writeQuicklist(word0);
      case ENC_SKIPLIST:
        return this.writeSkiplist(word1);
      case ENC_HASHTABLE:
        return type === TYPE_SET ? this.writeSet(word0) : this.writeHash(word0, 0);
      case ENC_HASHTABLE_EX:
        return this.writeHash(readWord(blocks, word0, 0), readWord(blocks, word0, 1));
      case ENC_STREAM:
        return this.stream.write(word0);
    }
  }

  // Strings.

  private writeString(block: number, off: number, len: number): void {
    const { blocks, commands } = this;
    commands.begin("SET", 3);
    commands.keyArg();
    blocks.read(block, off, len);
    commands.bytes(blocks.u8, blocks.at, len);
  }

  private writeInteger(lo: number, hi: number): void {
    const { commands } = this;
    commands.begin("SET", 3);
    commands.keyArg();
    this.integer(hi, lo);
  }

  private integer(hi: number, lo: number): void {
    const value = int64Value(hi, lo);
    if (value === BIG) this.commands.bigInt(int64BigInt(hi, lo));
    else this.commands.integer(value);
  }

  // Listpacks.

  /** Makes a listpack readable. Returns where its first entry is in the reader's bytes. */
  private readListpack(listpack: number): number {
    const { blocks } = this;
    blocks.read(listpack, 0, readWord(blocks, listpack, 0));
    return blocks.at + LP_HEADER_BYTES;
  }

  /** Writes an element as an argument. Returns where the next one is. */
  private element(bytes: ReadonlyBytes, at: number): number {
    const { value } = this;
    readEntry(bytes, at, value);
    value.toText();
    this.commands.bytes(value.buf, value.off, value.len);
    return at + entryBytes(bytes, at);
  }

  private writeSmallList(listpack: number, start: number): void {
    const { blocks } = this;
    const len = readWord(blocks, listpack, 0);
    const first = start === 0 ? LP_HEADER_BYTES : start;
    // What lies in front of a later start is not part of the length.
    blocks.read(listpack, first, len - LP_EMPTY_BYTES);
    const end = blocks.at + len - LP_EMPTY_BYTES;
    this.commands.batches("RPUSH", 1, countEntries(blocks.u8, blocks.at, end));
    this.writeElements(blocks.u8, blocks.at, end);
  }

  private writeElements(bytes: ReadonlyBytes, at: number, end: number): void {
    while (at < end) {
      this.commands.item();
      at = this.element(bytes, at);
    }
  }

  private writeSmallSet(listpack: number): void {
    let at = this.readListpack(listpack);
    const { u8 } = this.blocks;
    this.commands.batches("SADD", 1, countEntries(u8, at, Infinity));
    while (u8[at] !== LP_END) {
      this.commands.item();
      at = this.element(u8, at);
    }
  }

  private writeSmallHash(listpack: number): void {
    let at = this.readListpack(listpack);
    const { u8 } = this.blocks;
    this.commands.batches("HMSET", 2, countEntries(u8, at, Infinity) / 2);
    while (u8[at] !== LP_END) {
      this.commands.item();
      at = this.element(u8, at);
      at = this.element(u8, at);
    }
  }

  private writeSmallZset(listpack: number): void {
    let at = this.readListpack(listpack);
    const { u8 } = this.blocks;
    this.commands.batches("ZADD", 2, countEntries(u8, at, Infinity) / 2);
    while (u8[at] !== LP_END) {
      const score = at + entryBytes(u8, at);
      this.commands.item();
      const next = this.element(u8, score);
      this.element(u8, at);
      at = next;
    }
  }

  /** A small hash whose fields may expire: field, value, time or 0. */
  private writeTriples(listpack: number): void {
    const { commands, value } = this;
    let at = this.readListpack(listpack);
    const { u8 } = this.blocks;
    while (u8[at] !== LP_END) {
      const field = at;
      commands.begin("HMSET", 4);
      commands.keyArg();
      at = this.element(u8, at);
      at = this.element(u8, at);
      readEntry(u8, at, value);
      const time = value.value;
      at += entryBytes(u8, at);
      if (time === 0) continue;
      this.beginFieldExpiry(time);
      this.element(u8, field);
    }
  }

  /** A command that gives one field its time; the field follows. */
  private beginFieldExpiry(time: number): void {
    const { commands } = this;
    commands.begin("HPEXPIREAT", 6);
    commands.keyArg();
    commands.integer(time);
    commands.text("FIELDS");
    commands.text("1");
  }

  // Large values.

  private writeIntset(block: number): void {
    const { blocks, commands } = this;
    blocks.read(block, 0, INTSET_HEADER_BYTES);
    const width = blocks.i32[blocks.at >> 2];
    const count = blocks.i32[(blocks.at >> 2) + 1];
    blocks.read(block, INTSET_HEADER_BYTES, width * count);
    const { u8, at } = blocks;
    commands.batches("SADD", 1, count);
    for (let i = 0; i < count; i++) {
      const from = at + i * width;
      commands.item();
      if (width === 2) commands.integer((u8[from] | u8[from + 1] << 8) << 16 >> 16);
      else if (width === 4) commands.integer(word(u8, from));
      else this.integer(word(u8, from + 4), word(u8, from));
    }
  }

  private writeQuicklist(root: number): void {
    const { list, blocks, commands } = this;
    let items = 0;
    for (list.begin(root); list.next();) items += list.plain ? 1 : list.count;
    commands.batches("RPUSH", 1, items);
    for (list.begin(root); list.next();) {
      const { len } = list;
      if (list.compressed) {
        const whole = new Uint8Array(list.plain ? len : len + LP_EMPTY_BYTES);
        blocks.read(list.data, 0, list.start);
        if (!lzfDecompress(blocks.u8, blocks.at, list.start, whole, 0, whole.length)) {
          throw new Error("a compressed node doesn't decompress");
        }
        if (list.plain) this.plainElement(whole, 0, len);
        else this.writeElements(whole, LP_HEADER_BYTES, whole.length - 1);
      } else if (list.plain) {
        blocks.read(list.data, 0, len);
        this.plainElement(blocks.u8, blocks.at, len);
      } else {
        blocks.read(list.data, list.start, len);
        this.writeElements(blocks.u8, blocks.at, blocks.at + len);
      }
    }
  }

  private plainElement(bytes: ReadonlyBytes, off: number, len: number): void {
    this.commands.item();
    this.commands.bytes(bytes, off, len);
  }

  private writeSet(root: number): void {
    const { dict, blocks, commands } = this;
    dict.start(root);
    commands.batches("SADD", 1, dict.count);
    for (let ref = dict.next(); ref !== 0; ref = dict.next()) {
      const len = readWord(blocks, ref, 1);
      blocks.read(ref, ENTRY_HEAD_BYTES, len);
      commands.item();
      commands.bytes(blocks.u8, blocks.at, len);
    }
  }

  private writeSkiplist(root: number): void {
    const { skiplist, blocks, commands } = this;
    skiplist.start(root);
    commands.batches("ZADD", 2, skiplist.length);
    while (skiplist.prev()) {
      commands.item();
      commands.text(formatDouble(skiplist.score));
      commands.bytes(blocks.u8, skiplist.memberAt, skiplist.memberLen);
    }
  }

  /** A large hash; `heap` is the root of its expiring fields' heap, 0 without one. */
  private writeHash(root: number, heap: number): void {
    const { dict, blocks, commands } = this;
    const withTimes = heap !== 0 && readWord(blocks, heap, HEAP_COUNT) > 0;
    dict.start(root);
    commands.batches("HMSET", 2, dict.count);
    for (let ref = dict.next(); ref !== 0; ref = dict.next()) {
      if (!withTimes) {
        commands.item();
        this.writeField(ref, true);
        continue;
      }
      commands.begin("HMSET", 4);
      commands.keyArg();
      this.writeField(ref, true);
      const hasSlot = (readWord(blocks, ref, 0) & ENTRY_HAS_EXPIRY) !== 0;
      const place = hasSlot ? readWord(blocks, ref, ENTRY_HEAD_BYTES >> 2) : 0;
      if (place === 0) continue;
      this.beginFieldExpiry(fieldExpiryAt(blocks, heap, place));
      this.writeField(ref, false);
    }
  }

  /** A field (types/hash_field.ts) and perhaps its value as arguments. */
  private writeField(ref: number, withValue: boolean): void {
    const { blocks, commands } = this;
    blocks.read(ref, 0, ENTRY_HEAD_BYTES);
    const meta = blocks.i32[blocks.at >> 2];
    const len = blocks.i32[(blocks.at >> 2) + 1];
    const name = entryKeyOff(meta);
    const isApart = (meta & VALUE_APART) !== 0;
    const inlineLen = isApart ? 0 : meta >>> VALUE_LEN_SHIFT;
    blocks.read(ref, name, len + inlineLen);
    commands.bytes(blocks.u8, blocks.at, len);
    if (!withValue) return;
    if (!isApart) return commands.bytes(blocks.u8, blocks.at + len, inlineLen);
    blocks.read(ref, entryBodyOff(name, len), COLLECTION_BODY_BYTES);
    const block = blocks.i32[blocks.at >> 2];
    const valueLen = blocks.i32[(blocks.at >> 2) + 1];
    blocks.read(block, 0, valueLen);
    commands.bytes(blocks.u8, blocks.at, valueLen);
  }
}

/** Number of listpack entries up to `end`, or up to the end byte. */
function countEntries(bytes: ReadonlyBytes, at: number, end: number): number {
  let count = 0;
  for (; at < end && bytes[at] !== LP_END; at += entryBytes(bytes, at)) count++;
  return count;
}

function word(bytes: ReadonlyBytes, at: number): number {
  return bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 | bytes[at + 3] << 24;
}
