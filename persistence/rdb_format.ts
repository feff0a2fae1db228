/**
 * The RDB format's smallest parts: numbers that name things, bytes, and lengths.
 *
 * A length takes one to nine bytes; the two top bits of the first tell which:
 *
 *     00LLLLLL                      6 bits
 *     01LLLLLL LLLLLLLL             14 bits
 *     10000000 + 4 bytes            32 bits, big-endian
 *     10000001 + 8 bytes            64 bits, big-endian
 *     11EEEEEE                      no length: a string in special encoding E follows
 *
 * `RdbWriter` collects bytes in a buffer that grows. `RdbReader` takes a stretch of bytes apart and trusts
 * none of them: at the end it answers NaN or -1, and whoever reads checks that before going on. A
 * length is only a number; it is the caller who compares it with `left` before doing anything with it.
 *
 * The format is described in Redis's sources (rdb.h and rdb.c).
 */
import { copyBytes, type ReadonlyBytes } from "../core/base/bytes.ts";

/** The version that is written, unless one below is asked for: 10, Redis 7.0's, lacks two types of values. */
export const RDB_VERSION = 11;
/** The newest version that is read, 7.4's. It adds hashes whose fields expire, and is written only for those. */
export const RDB_VERSION_MAX = 12;

// Types of values.
export const RDB_TYPE_STRING = 0;
export const RDB_TYPE_LIST = 1;
export const RDB_TYPE_SET = 2;
export const RDB_TYPE_ZSET = 3;
export const RDB_TYPE_HASH = 4;
export const RDB_TYPE_ZSET_2 = 5;
export const RDB_TYPE_MODULE = 6;
export const RDB_TYPE_MODULE_2 = 7;
export const RDB_TYPE_HASH_ZIPMAP = 9;
export const RDB_TYPE_LIST_ZIPLIST = 10;
export const RDB_TYPE_SET_INTSET = 11;
export const RDB_TYPE_ZSET_ZIPLIST = 12;
export const RDB_TYPE_HASH_ZIPLIST = 13;
export const RDB_TYPE_LIST_QUICKLIST = 14;
export const RDB_TYPE_STREAM_LISTPACKS = 15;
export const RDB_TYPE_HASH_LISTPACK = 16;
export const RDB_TYPE_ZSET_LISTPACK = 17;
export const RDB_TYPE_LIST_QUICKLIST_2 = 18;
export const RDB_TYPE_STREAM_LISTPACKS_2 = 19;
export const RDB_TYPE_SET_LISTPACK = 20;
export const RDB_TYPE_STREAM_LISTPACKS_3 = 21;
export const RDB_TYPE_HASH_METADATA = 24;
export const RDB_TYPE_HASH_LISTPACK_EX = 25;

/** The version that a value of an RDB type needs. */
export function rdbVersionOf(rdbType: number): number {
  return rdbType >= RDB_TYPE_HASH_METADATA ? RDB_VERSION_MAX : RDB_VERSION;
}

// What stands in a file between values.
export const RDB_OPCODE_SLOT_INFO = 244;
export const RDB_OPCODE_FUNCTION2 = 245;
export const RDB_OPCODE_FUNCTION_PRE_GA = 246;
export const RDB_OPCODE_MODULE_AUX = 247;
export const RDB_OPCODE_IDLE = 248;
export const RDB_OPCODE_FREQ = 249;
export const RDB_OPCODE_AUX = 250;
export const RDB_OPCODE_RESIZEDB = 251;
export const RDB_OPCODE_EXPIRETIME_MS = 252;
export const RDB_OPCODE_EXPIRETIME = 253;
export const RDB_OPCODE_SELECTDB = 254;
export const RDB_OPCODE_EOF = 255;

// Special encodings of strings.
export const RDB_ENC_INT8 = 0;
export const RDB_ENC_INT16 = 1;
export const RDB_ENC_INT32 = 2;
export const RDB_ENC_LZF = 3;

/** How a node of a list is kept: one element as a string, or a listpack. */
export const RDB_NODE_PLAIN = 1;
export const RDB_NODE_PACKED = 2;

/** Most bytes a length takes. */
export const LENGTH_BYTES_MAX = 9;

const LENGTH_14 = 0x40;
const LENGTH_32 = 0x80;
const LENGTH_64 = 0x81;
const ENCODED = 0xc0;
const LOW_SIX = 0x3f;

const WRITER_BYTES = 1024;
/** Size up to which a writer keeps its buffer when it is cleared. */
const WRITER_KEPT_BYTES: number = 64 * 1024;

/** Where bytes go that a writer doesn't keep. */
export interface RdbSink {
  write(buf: Uint8Array, off: number, len: number): void;
}

/** Bytes being written: [0, pos) of `buf`. With a sink, those before went there. */
export class RdbWriter {
  buf: Uint8Array;
  pos = 0;
  private readonly sink: RdbSink | null;

  constructor(sink: RdbSink | null = null, bytes: number = WRITER_BYTES) {
    this.sink = sink;
    this.buf = new Uint8Array(bytes);
  }

  /** Gives everything to the sink. */
  flush(): void {
    if (this.pos > 0 && this.sink !== null) this.sink.write(this.buf, 0, this.pos);
    this.pos = 0;
  }

  /** Begins anew; a buffer that became large is left to the garbage collector. */
  clear(): void {
    this.pos = 0;
    if (this.buf.length > WRITER_KEPT_BYTES) this.buf = new Uint8Array(WRITER_BYTES);
  }

  /** Makes room for `len` bytes behind `pos`, which may then be stored to `buf`. */
  reserve(len: number): void {
    if (this.pos + len <= this.buf.length) return;
    if (this.sink !== null) this.flush();
    const needed = this.pos + len;
    if (needed <= this.buf.length) return;
    const grown = new Uint8Array(Math.max(needed, this.buf.length * 2));
    copyBytes(grown, 0, this.buf, 0, this.pos);
    this.buf = grown;
  }

  writeByte(value: number): void {
    this.reserve(1);
    this.buf[this.pos++] = value;
  }

  writeBytes(src: ReadonlyBytes, off: number, len: number): void {
    this.reserve(len);
    copyBytes(this.buf, this.pos, src, off, len);
    this.pos += len;
  }

  /** A length: an integer from 0 to 2^53. */
  writeLength(len: number): void {
    this.reserve(LENGTH_BYTES_MAX);
    const { buf } = this;
    if (len < 1 << 6) {
      buf[this.pos++] = len;
    } else if (len < 1 << 14) {
      buf[this.pos++] = LENGTH_14 | len >> 8;
      buf[this.pos++] = len;
    } else if (len < 2 ** 32) {
      buf[this.pos++] = LENGTH_32;
      this.storeBigEndian(len);
    } else {
      buf[this.pos++] = LENGTH_64;
      this.storeBigEndian(Math.floor(len / 2 ** 32));
      this.storeBigEndian(len % 2 ** 32);
    }
  }

  /** The same for 64 bits in two words. */
  writeLength64(hi: number, lo: number): void {
    if (hi >= 0 && hi < 1 << 20) return this.writeLength(hi * 2 ** 32 + (lo >>> 0));
    this.reserve(LENGTH_BYTES_MAX);
    this.buf[this.pos++] = LENGTH_64;
    this.storeBigEndian(hi);
    this.storeBigEndian(lo);
  }

  /** 64 bits in two words, big-endian: half an id of a stream's entry. */
  writeBigEndian64(hi: number, lo: number): void {
    this.reserve(8);
    this.storeBigEndian(hi);
    this.storeBigEndian(lo);
  }

  /** A unix time in ms, a safe integer: 8 bytes, little-endian. */
  writeMillis(millis: number): void {
    this.writeLittleEndian(millis % 2 ** 32 | 0, 4);
    this.writeLittleEndian(Math.floor(millis / 2 ** 32), 4);
  }

  /** What stands in a string's place for its length when it is encoded specially. */
  writeEncoding(encoding: number): void {
    this.writeByte(ENCODED | encoding);
  }

  /** The low `count` bytes of an integer, little-endian. */
  writeLittleEndian(value: number, count: number): void {
    this.reserve(count);
    for (let i = 0; i < count; i++) this.buf[this.pos++] = value >>> (8 * i);
  }

  private storeBigEndian(value: number): void {
    for (let shift = 24; shift >= 0; shift -= 8) this.buf[this.pos++] = value >>> shift;
  }
}

const EMPTY = new Uint8Array(0);

/** Where a reader gets more bytes from. */
export interface RdbSource {
  /** Bytes that are still to come. */
  readonly remaining: number;
  /**
   * Sees to it that the reader has `needed` bytes from `pos` on, moving what it has if need be. Returns whether
   * there are so many.
   */
  fill(reader: RdbReader, needed: number): boolean;
}

/** Bytes being read: those of [pos, end) are at hand, and with a source there may be more to come. */
export class RdbReader {
  buf: ReadonlyBytes = EMPTY;
  pos = 0;
  end = 0;
  /** The special encoding that `readLength` found instead of a length, or -1. */
  encoding = -1;
  /** Where more comes from. Then any read may move the bytes, and a range of them is good until the next one. */
  source: RdbSource | null = null;
  /** The words of what `readLength64` or `readBigEndian64` read. */
  hi = 0;
  lo = 0;

  /** Begins to read `len` bytes at `off`. */
  reset(buf: ReadonlyBytes, off: number, len: number): void {
    this.buf = buf;
    this.pos = off;
    this.end = off + len;
    this.encoding = -1;
  }

  /** Bytes that are still to come. */
  get left(): number {
    return this.end - this.pos + (this.source === null ? 0 : this.source.remaining);
  }

  /** Whether the next `len` bytes are at hand, having got them from the source if need be. */
  has(len: number): boolean {
    return this.pos + len <= this.end || this.source !== null && this.source.fill(this, len);
  }

  /** The next byte, or -1 at the end. */
  readByte(): number {
    return this.pos < this.end || this.has(1) ? this.buf[this.pos++] : -1;
  }

  /**
   * The next length. Beyond 2^53 it is the nearest double. NaN when the bytes are no length or end
   * before it does. When a special encoding stands there, that is what `encoding` and the result are.
   */
  readLength(): number {
    this.encoding = -1;
    const first = this.readByte();
    if (first < 0) return NaN;
    const low = first & LOW_SIX;
    switch (first & ENCODED) {
      case 0:
        return low;
      case LENGTH_14: {
        const second = this.readByte();
        return second < 0 ? NaN : low << 8 | second;
      }
      case ENCODED:
        this.encoding = low;
        return low;
      default:
        if (first === LENGTH_32) return this.readBigEndian(4);
        return first === LENGTH_64 ? this.readBigEndian(8) : NaN;
    }
  }

  /** A signed little-endian integer of 1, 2 or 4 bytes, or NaN at the end. */
  readSigned(count: number): number {
    if (!this.has(count)) return NaN;
    let value = 0;
    for (let i = 0; i < count; i++) value |= this.buf[this.pos++] << (8 * i);
    const unused = 32 - 8 * count;
    return value << unused >> unused;
  }

  /** A unix time in ms, 8 bytes little-endian; beyond 2^53 the nearest double, NaN at the end. */
  readMillis(): number {
    if (!this.has(8)) return NaN;
    let value = 0;
    for (let i = 7; i >= 0; i--) value = value * 256 + this.buf[this.pos + i];
    this.pos += 8;
    return value;
  }

  /** The same for a time that may be negative. */
  readSignedMillis(): number {
    if (!this.has(8)) return NaN;
    let lo = 0;
    let hi = 0;
    for (let i = 3; i >= 0; i--) {
      lo = lo << 8 | this.buf[this.pos + i];
      hi = hi << 8 | this.buf[this.pos + 4 + i];
    }
    this.pos += 8;
    return hi * 2 ** 32 + (lo >>> 0);
  }

  /** The next length, exactly, into `hi` and `lo`. False when there is none. */
  readLength64(): boolean {
    if (!this.has(LENGTH_BYTES_MAX) || this.buf[this.pos] !== LENGTH_64) {
      const len = this.readLength();
      if (this.encoding >= 0 || Number.isNaN(len)) return false;
      this.hi = Math.floor(len / 2 ** 32);
      this.lo = len | 0;
      return true;
    }
    this.pos++;
    return this.readBigEndian64();
  }

  /** Eight bytes, big-endian, into `hi` and `lo`. False at the end. */
  readBigEndian64(): boolean {
    if (!this.has(8)) return false;
    this.hi = this.readBigEndian(4) | 0;
    this.lo = this.readBigEndian(4) | 0;
    return true;
  }

  private readBigEndian(count: number): number {
    if (!this.has(count)) return NaN;
    let value = 0;
    for (let i = 0; i < count; i++) value = value * 256 + this.buf[this.pos++];
    return value;
  }
}
