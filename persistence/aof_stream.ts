/**
 * AofStreamEncoder: a stream as the commands that make it, read through a BlockReader.
 *
 *     XADD key id field value ...                              each entry; of an empty stream one that is trimmed at once
 *     XSETID key id ENTRIESADDED n MAXDELETEDID id
 *     XGROUP CREATE key group id ENTRIESREAD n                 each group
 *     XCLAIM key group consumer 0 id TIME ms RETRYCOUNT n JUSTID FORCE
 *                                                              each of its pending entries
 *     XGROUP CREATECONSUMER key group consumer                 each consumer that has none
 *
 * When consumers were seen is lost, and so are pending entries that the stream no longer has, as in Redis.
 */
import type { ReadonlyBytes } from "../core/base/bytes.ts";
import { BIG } from "../core/base/numbers.ts";
import { formatStreamId, STREAM_ID_LEN_MAX, StreamId } from "../core/base/stream_id.ts";
import { type BlockReader, readWord } from "../core/memory/block_reader.ts";
import { IdIndexWalk } from "../core/structures/id_index_walk.ts";
import { LP_HEADER_BYTES } from "../core/structures/listpack.ts";
import {
  entryBytes,
  entryInteger,
  int64BigInt,
  int64Value,
  ListpackValue,
  LP_END,
  readEntry,
} from "../core/structures/listpack_entry.ts";
import { NODE_DELETED, NODE_SAME_FIELDS } from "../core/types/stream_cursor.ts";
import {
  CONSUMER_NAME_OFF,
  CONSUMER_PENDING_OFF,
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
  STREAM_ADDED_OFF,
  STREAM_GROUPS_OFF,
  STREAM_INDEX_OFF,
  STREAM_LAST_ID_OFF,
  STREAM_LENGTH_OFF,
  STREAM_MAX_DELETED_OFF,
} from "../core/types/stream_root.ts";
import type { AofCommands } from "./aof_commands.ts";

export class AofStreamEncoder {
  private readonly blocks: BlockReader;
  private readonly commands: AofCommands;
  private readonly nodes: IdIndexWalk;
  private readonly pending: IdIndexWalk;
  private readonly value = new ListpackValue();
  private readonly id = new StreamId();
  private readonly idText = new Uint8Array(STREAM_ID_LEN_MAX);

  constructor(blocks: BlockReader, commands: AofCommands) {
    this.blocks = blocks;
    this.commands = commands;
    this.nodes = new IdIndexWalk(blocks, NODE_WORDS);
    this.pending = new IdIndexWalk(blocks, PENDING_WORDS);
  }

  /** Writes the commands for the stream in a block, whose key the commands know. */
  write(stream: number): void {
    const { blocks, commands, nodes } = this;
    blocks.read(stream, STREAM_LENGTH_OFF, 8);
    if (blocks.f64[blocks.at >> 3] === 0) this.writeEmpty();
    nodes.start(stream, STREAM_INDEX_OFF);
    while (nodes.next()) this.writeNode();
    commands.begin("XSETID", 7);
    commands.keyArg();
    this.idArgOf(stream, STREAM_LAST_ID_OFF);
    commands.text("ENTRIESADDED");
    this.counterArg(stream, STREAM_ADDED_OFF);
    commands.text("MAXDELETEDID");
    this.idArgOf(stream, STREAM_MAX_DELETED_OFF);
    const table = readWord(blocks, stream, STREAM_GROUPS_OFF >> 2);
    const count = readWord(blocks, stream, (STREAM_GROUPS_OFF >> 2) + 1);
    for (let i = 0; i < count; i++) this.writeGroup(readWord(blocks, table, i));
  }

  private writeEmpty(): void {
    const { commands } = this;
    commands.begin("XADD", 7);
    commands.keyArg();
    for (const word of ["MAXLEN", "0", "0-1", "x", "y"]) commands.text(word);
  }

  /** Writes the entries of a node, the form of which is drawn in core/types/stream_cursor.ts. */
  private writeNode(): void {
    const { blocks, nodes } = this;
    const listpack = nodes.word(ID_WORDS);
    blocks.read(listpack, 0, readWord(blocks, listpack, 0));
    const { u8 } = blocks;
    let at = skip(u8, blocks.at + LP_HEADER_BYTES, 2);
    const masterFields = entryInteger(u8, at);
    const firstField = skip(u8, at, 1);
    at = skip(u8, firstField, masterFields + 1);
    while (u8[at] !== LP_END) at = this.writeEntry(u8, at, masterFields, firstField);
  }

  /** Writes an entry unless it is deleted. Returns where the next one is. */
  private writeEntry(u8: ReadonlyBytes, at: number, masterFields: number, master: number): number {
    const { commands } = this;
    const flags = entryInteger(u8, at);
    const difference = skip(u8, at, 1);
    const isSame = (flags & NODE_SAME_FIELDS) !== 0;
    at = skip(u8, difference, 2);
    const fields = isSame ? masterFields : entryInteger(u8, at);
    if (!isSame) at = skip(u8, at, 1);
    if ((flags & NODE_DELETED) !== 0) return skip(u8, at, (isSame ? fields : fields * 2) + 1);
    commands.begin("XADD", 3 + fields * 2);
    commands.keyArg();
    this.entryId(u8, difference);
    for (let i = 0; i < fields; i++) {
      if (isSame) master = this.element(u8, master);
      else at = this.element(u8, at);
      at = this.element(u8, at);
    }
    return skip(u8, at, 1);
  }

  /** The id of an entry: that of the node plus two differences. */
  private entryId(u8: ReadonlyBytes, at: number): void {
    const { nodes, value } = this;
    readEntry(u8, at, value);
    const ms = add64(nodes.word(0), nodes.word(1), value.hi, value.lo);
    readEntry(u8, skip(u8, at, 1), value);
    const seq = add64(nodes.word(2), nodes.word(3), value.hi, value.lo);
    this.id.set(ms.hi, ms.lo, seq.hi, seq.lo);
    this.idArg();
  }

  private writeGroup(group: number): void {
    const { blocks, commands, pending } = this;
    commands.begin("XGROUP", 7);
    commands.text("CREATE");
    commands.keyArg();
    this.nameArg(group, GROUP_NAME_OFF);
    this.idArgOf(group, GROUP_LAST_ID_OFF);
    commands.text("ENTRIESREAD");
    this.counterArg(group, GROUP_READ_OFF);
    pending.start(group, GROUP_PENDING_OFF);
    while (pending.next()) this.writePending(group);
    const table = readWord(blocks, group, GROUP_CONSUMERS_OFF >> 2);
    const count = readWord(blocks, group, (GROUP_CONSUMERS_OFF >> 2) + 1);
    for (let i = 0; i < count; i++) {
      const consumer = readWord(blocks, table, i);
      if (readWord(blocks, consumer, (CONSUMER_PENDING_OFF >> 2) + 1) > 0) continue;
      commands.begin("XGROUP", 5);
      commands.text("CREATECONSUMER");
      commands.keyArg();
      this.nameArg(group, GROUP_NAME_OFF);
      this.nameArg(consumer, CONSUMER_NAME_OFF);
    }
  }

  private writePending(group: number): void {
    const { commands, pending, id } = this;
    const packed = pending.word(ID_WORDS + 2);
    commands.begin("XCLAIM", 12);
    commands.keyArg();
    this.nameArg(group, GROUP_NAME_OFF);
    this.nameArg(pending.word(ID_WORDS), CONSUMER_NAME_OFF);
    commands.text("0");
    id.set(pending.word(0), pending.word(1), pending.word(2), pending.word(3));
    this.idArg();
    commands.text("TIME");
    commands.integer(deliveryMsOf(pending.word(ID_WORDS + 1), packed));
    commands.text("RETRYCOUNT");
    commands.integer(deliveryCountOf(packed, pending.word(ID_WORDS + 3)));
    commands.text("JUSTID");
    commands.text("FORCE");
  }

  // Arguments.

  private element(u8: ReadonlyBytes, at: number): number {
    const { value } = this;
    readEntry(u8, at, value);
    value.toText();
    this.commands.bytes(value.buf, value.off, value.len);
    return skip(u8, at, 1);
  }

  private nameArg(ref: number, off: number): void {
    const { blocks } = this;
    const len = readWord(blocks, ref, 0);
    blocks.read(ref, off, len);
    this.commands.bytes(blocks.u8, blocks.at, len);
  }

  private idArgOf(ref: number, off: number): void {
    const { blocks } = this;
    blocks.read(ref, off, ID_BYTES);
    const at = blocks.at >> 2;
    const { i32 } = blocks;
    this.id.set(i32[at], i32[at + 1], i32[at + 2], i32[at + 3]);
    this.idArg();
  }

  private idArg(): void {
    this.commands.bytes(this.idText, 0, formatStreamId(this.idText, 0, this.id));
  }

  private counterArg(ref: number, off: number): void {
    const { blocks, commands } = this;
    blocks.read(ref, off, 8);
    const lo = blocks.i32[blocks.at >> 2];
    const hi = blocks.i32[(blocks.at >> 2) + 1];
    const value = int64Value(hi, lo);
    if (value === BIG) commands.bigInt(int64BigInt(hi, lo));
    else commands.integer(value);
  }
}

/** Where the entry is that comes `count` entries later. */
function skip(u8: ReadonlyBytes, at: number, count: number): number {
  for (let i = 0; i < count; i++) at += entryBytes(u8, at);
  return at;
}

/** The sum of two integers of 64 bits, cut to as many. */
function add64(aHi: number, aLo: number, bHi: number, bLo: number): { hi: number; lo: number } {
  const low = (aLo >>> 0) + (bLo >>> 0);
  return { hi: (aHi + bHi + (low >= 2 ** 32 ? 1 : 0)) | 0, lo: low | 0 };
}
