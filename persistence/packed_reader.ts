/**
 * PackedReader: the elements of a small value as RDB has it, one string of bytes that nobody has checked yet.
 *
 *     listpack    Redis 7      structures/listpack.ts
 *     ziplist     2.6 to 6     zlbytes (u32), offset of the last entry (u32), count (u16), entries, 0xff
 *     zipmap      before 2.6   count, then field and value by turns, 0xff
 *
 *     ziplist entry    length of the entry before (1 byte, or 0xfe and 4), encoding, bytes. Encodings:
 *                      00LLLLLL  01LLLLLL 1 byte  10000000 4 bytes (big-endian)         strings
 *                      0xc0 16 bits, 0xd0 32, 0xe0 64, 0xf0 24, 0xfe 8, 0xf1 to 0xfd: 0 to 12   integers
 *     zipmap item      length (1 byte, or 0xfe and 4); a value has a byte more, the number of unused bytes
 *                      behind it
 *
 * A length is believed only as far as the bytes reach. Whether the elements make a value is the caller's question.
 * The old formats are described in Redis's sources (ziplist.c, zipmap.c).
 */
import type { ReadonlyBytes } from "../core/base/bytes.ts";
import { LP_HEADER_BYTES, lpValidate } from "../core/structures/listpack.ts";
import { checkedEntryEnd, ListpackValue, readEntry } from "../core/structures/listpack_entry.ts";

export const PACKED_LISTPACK = 0;
export const PACKED_ZIPLIST = 1;
export const PACKED_ZIPMAP = 2;

const END = 0xff;
const LONG_LENGTH = 0xfe;
const ZIPLIST_HEADER_BYTES = 10;
const ZIPLIST_COUNT_UNKNOWN = 0xffff;
const NO_BYTES: ReadonlyBytes = new Uint8Array(0);

export class PackedReader {
  /** The element that `next` read, as text too. */
  readonly value = new ListpackValue();
  /** Number of elements. */
  count = 0;
  private format = PACKED_LISTPACK;
  private buf: ReadonlyBytes = NO_BYTES;
  private first = 0;
  private at = 0;
  /** Where the end byte stands. */
  private end = 0;
  private previousLen = 0;
  private isValue = false;

  /** Begins to read the bytes. False when they are not of that format from beginning to end. */
  reset(format: number, buf: ReadonlyBytes, off: number, len: number): boolean {
    this.format = format;
    this.buf = buf;
    this.end = off + len - 1;
    this.count = 0;
    if (format === PACKED_LISTPACK) {
      if (!lpValidate(buf, off, len, true)) return false;
      this.first = off + LP_HEADER_BYTES;
    } else if (format === PACKED_ZIPLIST) {
      if (len <= ZIPLIST_HEADER_BYTES || readUnsigned(buf, off, 4) !== len) return false;
      this.first = off + ZIPLIST_HEADER_BYTES;
    } else {
      if (len < 2) return false;
      this.first = off + 1;
    }
    if (buf[this.end] !== END) return false;
    this.rewind();
    let count = 0;
    while (this.at < this.end) {
      if (!this.step()) return false;
      count++;
    }
    this.count = count;
    if (!this.headIsRight(off)) return false;
    this.rewind();
    return true;
  }

  /** Whether what an old format says of its elements in its first bytes is so. */
  private headIsRight(off: number): boolean {
    const { buf, count } = this;
    if (this.format === PACKED_ZIPMAP) {
      return count % 2 === 0 && (buf[off] === LONG_LENGTH || buf[off] === count / 2);
    }
    if (this.format === PACKED_LISTPACK) return true;
    const said = readUnsigned(buf, off + 8, 2);
    const tail = readUnsigned(buf, off + 4, 4);
    return (said === ZIPLIST_COUNT_UNKNOWN || said === count) &&
      tail === this.end - off - this.previousLen;
  }

  /** Goes back to before the first element. */
  rewind(): void {
    this.at = this.first;
    this.previousLen = 0;
    this.isValue = false;
  }

  /** Reads the next element into `value`. False after the last. */
  next(): boolean {
    if (this.at >= this.end) return false;
    this.step();
    this.value.toText();
    return true;
  }

  /** Reads the element at `at` and goes behind it. False when it is none. */
  private step(): boolean {
    if (this.format === PACKED_LISTPACK) {
      const at = this.at;
      const next = checkedEntryEnd(this.buf, at, this.end);
      if (next < 0) return false;
      readEntry(this.buf, at, this.value);
      this.at = next;
      return true;
    }
    return this.format === PACKED_ZIPLIST ? this.stepZiplist() : this.stepZipmap();
  }

  private stepZiplist(): boolean {
    const { buf, end } = this;
    const start = this.at;
    let at = start + (buf[start] === LONG_LENGTH ? 5 : 1);
    if (at >= end || buf[start] === END) return false;
    const previousLen = at === start + 1 ? buf[start] : readUnsigned(buf, start + 1, 4);
    if (previousLen !== this.previousLen) return false;
    const first = buf[at++];
    if (first >= 0xc0) at = this.readZiplistInteger(first, at);
    else {
      const more = first < 0x40 ? 0 : first < 0x80 ? 1 : 4;
      if (at + more > end) return false;
      let len = first & 0x3f;
      if (more === 1) len = len << 8 | buf[at];
      if (more === 4) {
        len = buf[at] * 2 ** 24 + (buf[at + 1] << 16 | buf[at + 2] << 8 | buf[at + 3]);
      }
      at += more;
      if (len > end - at) return false;
      this.value.setBytes(buf, at, len);
      at += len;
    }
    if (at < 0 || at > end) return false;
    this.previousLen = at - start;
    this.at = at;
    return true;
  }

  /** Reads an integer whose encoding is `first`. Returns where it ends, or -1. */
  private readZiplistInteger(first: number, at: number): number {
    const { buf, end, value } = this;
    if (first > 0xf0 && first < 0xfe) {
      value.setInt32((first & 0x0f) - 1);
      return at;
    }
    const bytes = ZIPLIST_INTEGER_BYTES.get(first) ?? 0;
    if (bytes === 0 || at + bytes > end) return -1;
    if (bytes === 8) value.setInt64(readUnsigned(buf, at + 4, 4) | 0, readUnsigned(buf, at, 4) | 0);
    else value.setInt32(readUnsigned(buf, at, bytes) << (32 - 8 * bytes) >> (32 - 8 * bytes));
    return at + bytes;
  }

  private stepZipmap(): boolean {
    const { buf, end } = this;
    let at = this.at;
    let len = buf[at++];
    if (len === END) return false;
    if (len === LONG_LENGTH) {
      if (at + 4 > end) return false;
      len = readUnsigned(buf, at, 4);
      at += 4;
    }
    let unused = 0;
    if (this.isValue) {
      if (at >= end) return false;
      unused = buf[at++];
    }
    if (len + unused > end - at) return false;
    this.value.setBytes(buf, at, len);
    this.at = at + len + unused;
    this.isValue = !this.isValue;
    return true;
  }
}

/** Bytes of the integers in a ziplist, by their encoding. */
const ZIPLIST_INTEGER_BYTES: ReadonlyMap<number, number> = new Map([
  [0xc0, 2],
  [0xd0, 4],
  [0xe0, 8],
  [0xf0, 3],
  [0xfe, 1],
]);

/** An unsigned little-endian integer of up to four bytes. */
export function readUnsigned(buf: ReadonlyBytes, at: number, count: number): number {
  let value = 0;
  for (let i = count - 1; i >= 0; i--) value = value * 256 + buf[at + i];
  return value;
}
