/**
 * Listpack entries: how one element is laid out, on plain bytes.
 *
 *     first byte   what follows                       element
 *     0xxxxxxx                                        integer 0 .. 127
 *     10xxxxxx     the bytes                          string of up to 63 bytes
 *     110xxxxx     1 byte                             integer of 13 bits
 *     1110xxxx     1 byte, the bytes                  string of up to 4,095 bytes
 *     11110000     4 bytes, the bytes                 longer string; its length, little-endian
 *     11110001 ..  2, 3, 4 or 8 bytes                 integer of 16, 24, 32 or 64 bits, little-endian
 *     11111111                                        the end of the listpack
 *
 * The five bits of the first byte are the high ones of the 13, its four bits the high ones of the 12. Behind
 * the element stands its length once more (`backlen`), so that one can walk backwards: seven bits to a byte,
 * the high ones first, each byte but the first with bit 7 set. Read from its end, it says itself where it
 * begins.
 *
 * An integer takes the shortest form it fits, and text that is the canonical form of an integer becomes one.
 * A listpack from elsewhere may hold longer forms, so comparing looks at values.
 *
 * Writing goes in two steps, for the place can be made only when the length is known: `encode...` prepares
 * an entry in this file's scratch bytes and returns its length, `storeEncoded` puts it into a block.
 *
 * Credit: the format is Salvatore Sanfilippo's, from his specification of the listpack.
 */
import { copyBytes, type ReadonlyBytes } from "../base/bytes.ts";
import {
  BIG,
  formatBigInt64,
  formatInteger,
  INTEGER_TEXT_LEN_MAX,
  parseBigInt64,
  parseInteger,
} from "../base/numbers.ts";
import type { Arena } from "../memory/arena.ts";

/** First byte of what ends a listpack. */
export const LP_END = 0xff;

/** First byte of a short string, without its length: below it is an integer of seven bits. */
export const STRING6 = 0x80;
const INT13 = 0xc0;
const STRING12 = 0xe0;
const STRING32 = 0xf0;
const INT16 = 0xf1;
const INT24 = 0xf2;
const INT32 = 0xf3;
const INT64 = 0xf4;
export const STRING6_LEN_MAX = 63;
const STRING12_LEN_MAX = 4095;
/** A string up to this length is prepared with its bytes, so that storing it is a single short copy. */
const WHOLE_LEN_MAX = 46;
/** Longest element whose backlen takes one byte; the other limits lie one below the powers of two. */
const BACKLEN1_MAX = 127;

/** A text that is a number begins with a digit or a minus, none of which is above this. */
const NINE = 0x39;

const EMPTY = new Uint8Array(0);

// The entry that `encode...` prepared: what stands before a string's bytes, and what behind them. An integer
// or a short string is all head.
const head = new Uint8Array(WHOLE_LEN_MAX + 2);
const tail = new Uint8Array(8);
let headLen = 0;
let tailLen = 0;
let textLen = 0;

/**
 * An element as it was read: an integer or a stretch of bytes. Owners keep one and reuse it. The bytes are
 * where they were found, so they are good until the next change.
 */
export class ListpackValue {
  isInteger = false;
  /** The integer; BIG when it is beyond 2^53 - 1; NaN for a string. */
  value = NaN;
  /** The integer's high and low 32 bits. */
  hi = 0;
  lo = 0;
  /** The bytes of a string; of an integer only after `toText`. */
  buf: ReadonlyBytes = EMPTY;
  off = 0;
  len = 0;
  private readonly digits = new Uint8Array(INTEGER_TEXT_LEN_MAX);

  setBytes(buf: ReadonlyBytes, off: number, len: number): void {
    this.isInteger = false;
    this.value = NaN;
    this.buf = buf;
    this.off = off;
    this.len = len;
  }

  setInt32(value: number): void {
    this.isInteger = true;
    this.value = value;
    this.hi = value >> 31;
    this.lo = value;
  }

  setInt64(hi: number, lo: number): void {
    this.isInteger = true;
    this.value = int64Value(hi, lo);
    this.hi = hi;
    this.lo = lo;
  }

  /** The integer when `value` may be BIG. */
  bigInt(): bigint {
    return int64BigInt(this.hi, this.lo);
  }

  /** Makes `buf`, `off` and `len` the element's text also when it is an integer. */
  toText(): void {
    if (!this.isInteger) return;
    this.buf = this.digits;
    this.off = 0;
    this.len = this.value === BIG
      ? formatBigInt64(this.digits, 0, this.bigInt())
      : formatInteger(this.digits, 0, this.value);
  }
}

/** The 64-bit integer as a double, or BIG when it is beyond 2^53 - 1. */
export function int64Value(hi: number, lo: number): number {
  const value = hi * 2 ** 32 + (lo >>> 0);
  return value <= Number.MAX_SAFE_INTEGER && value >= -Number.MAX_SAFE_INTEGER ? value : BIG;
}

/** The 64-bit integer as a BigInt. */
export function int64BigInt(hi: number, lo: number): bigint {
  return BigInt(hi) << 32n | BigInt(lo >>> 0);
}

/** High 32 bits of a safe integer; the low ones are `value | 0`. */
export function highWord(value: number): number {
  return Math.floor(value / 2 ** 32);
}

/** High 32 bits of a BigInt; the low ones are `lowWordOfBig`. */
export function highWordOfBig(value: bigint): number {
  return Number(BigInt.asIntN(32, value >> 32n));
}

/** Low 32 bits of a BigInt, signed. */
export function lowWordOfBig(value: bigint): number {
  return Number(BigInt.asIntN(32, value));
}

// Reading.

/** Bytes of the backlen of an element that takes `len` bytes. */
export function backlenBytes(len: number): number {
  if (len <= BACKLEN1_MAX) return 1;
  if (len < 16383) return 2;
  if (len < 2097151) return 3;
  return len < 268435455 ? 4 : 5;
}

/** Bytes of the entry at `at`, its backlen included. */
export function entryBytes(u8: ReadonlyBytes, at: number): number {
  const first = u8[at];
  if (first < 0x80) return 2;
  if (first < INT13) return (first & 0x3f) + 2;
  if (first < STRING12) return 3;
  if (first < STRING32) {
    const len = ((first & 0x0f) << 8 | u8[at + 1]) + 2;
    return len + (len <= BACKLEN1_MAX ? 1 : 2);
  }
  if (first === STRING32) {
    const len = readWord(u8, at + 1) + 5;
    return len + backlenBytes(len);
  }
  if (first === INT64) return 10;
  return first - INT16 + 4;
}

/** Where the entry before the one at `at` begins. */
export function entryBefore(u8: ReadonlyBytes, at: number): number {
  const last = u8[at - 1];
  if (last <= BACKLEN1_MAX) return at - 1 - last;
  const len = readBacklen(u8, at - 1);
  return at - backlenBytes(len) - len;
}

/** Reads the entry at `at`. */
export function readEntry(u8: ReadonlyBytes, at: number, out: ListpackValue): void {
  const first = u8[at];
  if (first < 0x80) out.setInt32(first);
  else if (first < INT13) out.setBytes(u8, at + 1, first & 0x3f);
  else if (first < STRING12 || (first > STRING32 && first < INT64)) {
    out.setInt32(readInt32(u8, at, first));
  } else if (first < STRING32) out.setBytes(u8, at + 2, (first & 0x0f) << 8 | u8[at + 1]);
  else if (first === STRING32) out.setBytes(u8, at + 5, readWord(u8, at + 1));
  else out.setInt64(readWord(u8, at + 5), readWord(u8, at + 1));
}

/** The integer at `at`: NaN when it is a string, BIG when it is beyond 2^53 - 1. */
export function entryInteger(u8: ReadonlyBytes, at: number): number {
  const first = u8[at];
  if (first < 0x80) return first;
  if (first < INT13) return NaN;
  if (first < STRING12) return readInt32(u8, at, first);
  if (first <= STRING32) return NaN;
  if (first < INT64) return readInt32(u8, at, first);
  return int64Value(readWord(u8, at + 5), readWord(u8, at + 1));
}

/**
 * Puts the `count` integers from the entry at `at` on into `out`, from `from` on. False when one of them is a string or
 * beyond 2^53 - 1.
 */
export function entryIntegers(
  u8: ReadonlyBytes,
  at: number,
  count: number,
  out: Float64Array,
  from: number,
): boolean {
  for (let i = from; i < from + count; i++) {
    const value = entryInteger(u8, at);
    if (!(value < BIG)) return false;
    out[i] = value;
    at += entryBytes(u8, at);
  }
  return true;
}

/** Whether the element at `at` is these bytes, or the integer whose text they are. */
export function entryEquals(
  u8: ReadonlyBytes,
  at: number,
  buf: ReadonlyBytes,
  off: number,
  len: number,
): boolean {
  const first = u8[at];
  if (first >= 0x80 && first < INT13) {
    return (first & 0x3f) === len && sameBytes(u8, at + 1, buf, off, len);
  }
  return entryMatches(u8, at, buf, off, len, parseInteger(buf, off, len));
}

/** `entryEquals` for who has parsed the bytes already: `integer` is what `parseInteger` made of them. */
export function entryMatches(
  u8: ReadonlyBytes,
  at: number,
  buf: ReadonlyBytes,
  off: number,
  len: number,
  integer: number,
): boolean {
  const first = u8[at];
  if (first < 0x80) return first === integer;
  if (first < INT13) return (first & 0x3f) === len && sameBytes(u8, at + 1, buf, off, len);
  if (first >= STRING12 && first < STRING32) {
    return ((first & 0x0f) << 8 | u8[at + 1]) === len && sameBytes(u8, at + 2, buf, off, len);
  }
  if (first === STRING32) {
    return readWord(u8, at + 1) === len && sameBytes(u8, at + 5, buf, off, len);
  }
  const value = entryInteger(u8, at);
  if (value !== BIG || integer !== BIG) return value === integer;
  return int64BigInt(readWord(u8, at + 5), readWord(u8, at + 1)) === parseBigInt64(buf, off, len);
}

/** Whether the two stretches are the same. From their ends: fields like to differ in their last bytes. */
export function sameBytes(
  a: ReadonlyBytes,
  aOff: number,
  b: ReadonlyBytes,
  bOff: number,
  len: number,
): boolean {
  for (let i = len - 1; i >= 0; i--) {
    if (a[aOff + i] !== b[bOff + i]) return false;
  }
  return true;
}

/**
 * Where the entry at `at` ends, trusting nothing: -1 when it is no entry, or reaches to `end` or beyond.
 * `at` lies below `end`, where the end byte is expected; the header before the first entry is readable.
 */
export function checkedEntryEnd(u8: ReadonlyBytes, at: number, end: number): number {
  const first = u8[at];
  if (first > INT64) return -1;
  const isString12 = first >= STRING12 && first < STRING32;
  if (at + (isString12 ? 2 : first === STRING32 ? 5 : 1) > end) return -1;
  let len: number;
  if (isString12) len = ((first & 0x0f) << 8 | u8[at + 1]) + 2;
  else if (first === STRING32) len = (readWord(u8, at + 1) >>> 0) + 5;
  else len = entryBytes(u8, at) - 1;
  const next = at + len + backlenBytes(len);
  return next <= end && readBacklen(u8, next - 1) === len ? next : -1;
}

/** Whether a string of `len` bytes has no shorter form than the one whose first byte is given. */
export function isShortestString(first: number, len: number): boolean {
  return first < STRING12 || (first < STRING32 ? len > STRING6_LEN_MAX : len > STRING12_LEN_MAX);
}

// Writing.

/** Prepares the text, as an integer when it is one's canonical form. Returns the bytes of the entry. */
export function encodeText(buf: ReadonlyBytes, off: number, len: number): number {
  const value = parseInteger(buf, off, len);
  if (Number.isNaN(value)) return encodeString(buf, off, len);
  if (value !== BIG) return encodeInteger(value);
  const big = parseBigInt64(buf, off, len);
  return encodeInt64(highWordOfBig(big), lowWordOfBig(big));
}

/** Prepares a safe integer. Returns the bytes of the entry. */
export function encodeInteger(value: number): number {
  const low = value | 0;
  return low === value ? encodeInt32(low) : encodeInt64(highWord(value), low);
}

/** Prepares a 64-bit integer. Returns the bytes of the entry. */
export function encodeInt64(hi: number, lo: number): number {
  if (hi === lo >> 31) return encodeInt32(lo);
  head[0] = INT64;
  writeWord(1, lo);
  writeWord(5, hi);
  return endInteger(9);
}

/**
 * Bytes of the entry for a text that is short and at first sight no integer, for `storeShortText`;
 * 0 for any other, which may be one nevertheless.
 */
export function shortTextBytes(buf: ReadonlyBytes, off: number, len: number): number {
  return len > 0 && len <= STRING6_LEN_MAX && buf[off] > NINE ? len + 2 : 0;
}

/** Puts the entry for such a text at `off` of a block, in one step. */
export function storeShortText(
  arena: Arena,
  ref: number,
  off: number,
  buf: ReadonlyBytes,
  bufOff: number,
  len: number,
): void {
  arena.copyFramed(ref, off, 0x80 | len, buf, bufOff, len, len + 1);
}

/** Puts the prepared entry at `off` of a block; `buf` and `bufOff` are where a string's bytes are. */
export function storeEncoded(
  arena: Arena,
  ref: number,
  off: number,
  buf: ReadonlyBytes,
  bufOff: number,
): void {
  arena.copyIn(ref, off, head, 0, headLen);
  if (tailLen === 0) return;
  arena.copyIn(ref, off + headLen, buf, bufOff, textLen);
  arena.copyIn(ref, off + headLen + textLen, tail, 0, tailLen);
}

/** `storeEncoded` into plain bytes, which have room. Returns the offset after the entry. */
export function putEncoded(
  dst: Uint8Array,
  at: number,
  buf: ReadonlyBytes,
  bufOff: number,
): number {
  copyBytes(dst, at, head, 0, headLen);
  at += headLen;
  if (tailLen === 0) return at;
  copyBytes(dst, at, buf, bufOff, textLen);
  at += textLen;
  copyBytes(dst, at, tail, 0, tailLen);
  return at + tailLen;
}

function encodeString(buf: ReadonlyBytes, off: number, len: number): number {
  if (len <= WHOLE_LEN_MAX) {
    head[0] = 0x80 | len;
    for (let i = 0; i < len; i++) head[i + 1] = buf[off + i];
    head[len + 1] = len + 1;
    headLen = len + 2;
    tailLen = 0;
    return headLen;
  }
  textLen = len;
  if (len <= STRING6_LEN_MAX) {
    head[0] = 0x80 | len;
    headLen = 1;
  } else if (len <= STRING12_LEN_MAX) {
    head[0] = STRING12 | len >> 8;
    head[1] = len;
    headLen = 2;
  } else {
    head[0] = STRING32;
    writeWord(1, len);
    headLen = 5;
  }
  const element = headLen + len;
  tailLen = backlenBytes(element);
  let rest = element;
  for (let i = tailLen - 1; i > 0; i--) {
    tail[i] = rest & 127 | 128;
    rest >>>= 7;
  }
  tail[0] = rest;
  return element + tailLen;
}

function encodeInt32(value: number): number {
  if (value >= 0 && value <= 127) {
    head[0] = value;
    return endInteger(1);
  }
  if (value >= -4096 && value <= 4095) {
    head[0] = INT13 | value >> 8 & 0x1f;
    head[1] = value;
    return endInteger(2);
  }
  head[1] = value;
  head[2] = value >> 8;
  if (value >= -32768 && value <= 32767) {
    head[0] = INT16;
    return endInteger(3);
  }
  head[3] = value >> 16;
  if (value >= -8388608 && value <= 8388607) {
    head[0] = INT24;
    return endInteger(4);
  }
  head[0] = INT32;
  head[4] = value >> 24;
  return endInteger(5);
}

function endInteger(len: number): number {
  head[len] = len;
  headLen = len + 1;
  tailLen = 0;
  return headLen;
}

function writeWord(at: number, value: number): void {
  head[at] = value;
  head[at + 1] = value >> 8;
  head[at + 2] = value >> 16;
  head[at + 3] = value >> 24;
}

/** Integer of up to 32 bits at `at`, whose first byte is given. */
function readInt32(u8: ReadonlyBytes, at: number, first: number): number {
  if (first < STRING12) return ((first & 0x1f) << 8 | u8[at + 1]) << 19 >> 19;
  const low = u8[at + 1] | u8[at + 2] << 8;
  if (first === INT16) return low << 16 >> 16;
  const middle = low | u8[at + 3] << 16;
  return first === INT24 ? middle << 8 >> 8 : middle | u8[at + 4] << 24;
}

function readWord(u8: ReadonlyBytes, at: number): number {
  return u8[at] | u8[at + 1] << 8 | u8[at + 2] << 16 | u8[at + 3] << 24;
}

/** The backlen that ends at `at`, -1 when it has more than five bytes. */
function readBacklen(u8: ReadonlyBytes, at: number): number {
  let len = 0;
  for (let scale = 1; scale <= 2 ** 28; scale *= 128) {
    const byte = u8[at--];
    len += (byte & 127) * scale;
    if (byte < 128) return len;
  }
  return -1;
}
