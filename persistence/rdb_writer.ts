/**
 * RdbFileWriter: a whole data set as an RDB file, read through a BlockReader, written to a sink.
 *
 *     "REDIS0011" | aux fields | functions | databases | 0xff | CRC-64 of all before, 8 bytes (0: none)
 *     database     0xfe number | 0xfb count of keys, count of volatile keys | keys
 *     key          [0xfc expiry] [0xf8 idle seconds or 0xf9 frequency] type, key, value
 *
 * Idle time or frequency is written when the maxmemory policy goes by it, as in Redis. The version is 11, which
 * Redis 7.2 reads too, or if that is wanted 10, which 7.0 reads, unless fields of hashes expire: those need 12.
 */
import { ascii, type ReadonlyBytes } from "../core/base/bytes.ts";
import { Crc64 } from "../core/base/crc64.ts";
import { Prng } from "../core/base/prng.ts";
import { AccessPolicy } from "../core/keyspace/access.ts";
import type { BlockReader } from "../core/memory/block_reader.ts";
import { DictWalk } from "../core/structures/dict_walk.ts";
import { ENTRY_HAS_EXPIRY, ENTRY_HEAD_BYTES, entryKeyOff } from "../core/structures/entry.ts";
import { META_ACCESS_SHIFT } from "../core/types/object.ts";
import { RdbEncoder } from "./rdb_encode.ts";
import {
  RDB_OPCODE_AUX,
  RDB_OPCODE_EOF,
  RDB_OPCODE_EXPIRETIME_MS,
  RDB_OPCODE_FREQ,
  RDB_OPCODE_FUNCTION2,
  RDB_OPCODE_IDLE,
  RDB_OPCODE_RESIZEDB,
  RDB_OPCODE_SELECTDB,
  type RdbSink,
  RdbWriter,
} from "./rdb_format.ts";
import { writeRdbString } from "./rdb_string.ts";

/** Bytes that are collected before the sink gets them. */
const BUFFER_BYTES: number = 256 * 1024;
const CRC_BYTES = 8;
/** Keys between two reports of progress. */
const PROGRESS_KEYS = 256;

/** A database: the root of its dict, and how many of its keys expire. */
export interface RdbDatabase {
  readonly id: number;
  readonly keys: number;
  readonly count: number;
  readonly volatileCount: number;
}

/** What is to be written besides what lies in memory. All of it can be sent to a worker. */
export interface RdbContent {
  readonly databases: readonly RdbDatabase[];
  /** Names and values that stand at the beginning. */
  readonly aux: readonly (readonly [string, string])[];
  /** Libraries of functions, as their text. */
  readonly functions: readonly Uint8Array[];
  /** The version of the file: 10, 11, or 12. Fields of hashes that expire need 12. */
  readonly version: number;
  /** rdbcompression and rdbchecksum. */
  readonly compress: boolean;
  readonly checksum: boolean;
  /** What access times mean: which are written, "" for none, and the time and the decay they are seen by. */
  readonly access: "" | "lru" | "lfu";
  readonly nowMs: number;
  readonly lfuDecayMinutes: number;
  /** Microseconds to wait after each key, or if negative after as many keys a microsecond. For tests. */
  readonly keyDelayUs: number;
}

/** Told how many keys have been written; may throw to end it. */
export interface RdbProgress {
  keysWritten(count: number): void;
  /** Waits, until there is reason to end at the latest. */
  delay?(ms: number): void;
}

export class RdbFileWriter implements RdbSink {
  /** Keys and bytes written so far. */
  keys = 0;
  bytes = 0;
  private readonly blocks: BlockReader;
  private readonly sink: RdbSink;
  private readonly progress: RdbProgress | null;
  private readonly out: RdbWriter;
  private readonly crc = new Crc64();
  private readonly encoder: RdbEncoder;
  private readonly access: AccessPolicy;
  private checksum = false;

  constructor(blocks: BlockReader, sink: RdbSink, progress: RdbProgress | null) {
    this.blocks = blocks;
    this.sink = sink;
    this.progress = progress;
    this.out = new RdbWriter(this, BUFFER_BYTES);
    this.encoder = new RdbEncoder(blocks);
    this.encoder.forFile = true;
    this.access = new AccessPolicy(new Prng(0));
  }

  /** Writes everything. Throws what the sink, the reader or the progress throws. */
  writeAll(content: RdbContent): void {
    const { out, access } = this;
    this.checksum = content.checksum;
    this.encoder.compress = content.compress;
    access.lfu = content.access === "lfu";
    access.decayMinutes = content.lfuDecayMinutes;
    access.setTime(content.nowMs);
    this.encoder.version = content.version;
    this.writeText(`REDIS${String(content.version).padStart(4, "0")}`);
    for (const [name, value] of content.aux) {
      out.writeByte(RDB_OPCODE_AUX);
      this.writeString(ascii(name));
      this.writeString(ascii(value));
    }
    for (const library of content.functions) {
      out.writeByte(RDB_OPCODE_FUNCTION2);
      this.writeString(library);
    }
    for (const database of content.databases) this.writeDatabase(database, content);
    this.progress?.keysWritten(this.keys);
    out.writeByte(RDB_OPCODE_EOF);
    out.flush();
    if (!content.checksum) this.crc.reset();
    out.reserve(CRC_BYTES);
    this.crc.writeTo(out.buf, 0);
    out.pos = CRC_BYTES;
    out.flush();
  }

  /** Passes bytes on, having taken them into the checksum. */
  write(buf: Uint8Array, off: number, len: number): void {
    if (this.checksum) this.crc.update(buf, off, len);
    this.bytes += len;
    this.sink.write(buf, off, len);
  }

  private writeDatabase(database: RdbDatabase, content: RdbContent): void {
    const { out } = this;
    const { access, keyDelayUs: delayUs } = content;
    if (database.count === 0) return;
    out.writeByte(RDB_OPCODE_SELECTDB);
    out.writeLength(database.id);
    out.writeByte(RDB_OPCODE_RESIZEDB);
    out.writeLength(database.count);
    out.writeLength(database.volatileCount);
    const walk = new DictWalk(this.blocks);
    walk.start(database.keys);
    for (let ref = walk.next(); ref !== 0; ref = walk.next()) {
      this.writeKey(ref, access);
      this.keys++;
      if (delayUs !== 0) delayAfterKey(delayUs, this.progress);
      if (this.keys % PROGRESS_KEYS === 0 || delayUs > 0) this.progress?.keysWritten(this.keys);
    }
  }

  private writeKey(ref: number, access: "" | "lru" | "lfu"): void {
    const { blocks, out, encoder } = this;
    blocks.read(ref, 0, ENTRY_HEAD_BYTES);
    const meta = blocks.i32[blocks.at >> 2];
    const keyLen = blocks.i32[(blocks.at >> 2) + 1];
    const keyOff = entryKeyOff(meta);
    if ((meta & ENTRY_HAS_EXPIRY) !== 0) {
      blocks.read(ref, ENTRY_HEAD_BYTES, 8);
      out.writeByte(RDB_OPCODE_EXPIRETIME_MS);
      out.writeMillis(blocks.f64[blocks.at >> 3]);
    }
    if (access !== "") this.writeAccess(meta >>> META_ACCESS_SHIFT);
    out.writeByte(encoder.rdbType(ref));
    blocks.read(ref, keyOff, keyLen);
    writeRdbString(out, blocks.u8, blocks.at, keyLen, encoder.compress);
    encoder.writeValue(out, ref);
  }

  private writeAccess(bits: number): void {
    const { out, access } = this;
    if (access.lfu) {
      out.writeByte(RDB_OPCODE_FREQ);
      out.writeByte(access.decayed(bits));
    } else {
      out.writeByte(RDB_OPCODE_IDLE);
      out.writeLength(access.idleSeconds(bits));
    }
  }

  private writeText(text: string): void {
    this.out.writeBytes(ascii(text), 0, text.length);
  }

  private writeString(bytes: ReadonlyBytes): void {
    writeRdbString(this.out, bytes, 0, bytes.length, this.encoder.compress);
  }
}

const nobodyWakes = new Int32Array(new SharedArrayBuffer(4));
let undelayedKeys = 0;

/** Waits as rdb-key-save-delay and key-load-delay ask for. */
export function delayAfterKey(delayUs: number, progress: RdbProgress | null = null): void {
  if (delayUs < 0 && ++undelayedKeys < -delayUs) return;
  undelayedKeys = 0;
  const ms = Math.max(delayUs, 1) / 1000;
  if (progress?.delay === undefined) Atomics.wait(nobodyWakes, 0, 0, ms);
  else progress.delay(ms);
}
