/**
 * Strings: any bytes, up to 512 MB unless proto-max-bulk-len says otherwise, and 1 GiB at most.
 *
 *     encoding      body                                       shown as
 *     int           low word, high word                        int
 *     embstr        length, bytes (up to 44)                    embstr
 *     raw inline    length, bytes (up to INLINE_LEN_MAX)        raw
 *     raw           ref of a block with the bytes, length       raw
 *
 * A text that is the canonical form of a 64-bit integer becomes `int`. 44 is Redis's limit, kept
 * because OBJECT ENCODING shows it. A raw block may be larger than its string: APPEND and SETRANGE
 * leave room to grow, and its capacity is what the arena says its size is.
 *
 * These functions know bodies, not keys: the keyspace makes the entry and calls them to fill it.
 */
import type { ReadonlyBytes } from "../base/bytes.ts";
import {
  BIG,
  formatBigInt64,
  formatInteger,
  parseBigInt64,
  parseInteger,
} from "../base/numbers.ts";
import { type Arena, refOffset, SEGMENT_BYTES_MAX } from "../memory/arena.ts";
import {
  bodyOff,
  bodyWord,
  ENC_EMBSTR,
  ENC_INT,
  ENC_RAW,
  ENC_RAW_INLINE,
  objectEncoding,
} from "./object.ts";

/** Longest string that is embstr. */
const EMBSTR_LEN_MAX = 44;
/** Longest string that lies in its entry. Blocks up to 1 KiB waste 7 bytes at most (size classes). */
export const INLINE_LEN_MAX = 896;
/** Longest string at all: the largest block of the arena. */
export const STRING_LEN_MAX: number = SEGMENT_BYTES_MAX;
/** Longest text of a 64-bit integer. */
const INTEGER_LEN_MAX = 20;

const EMPTY = new Uint8Array(0);
/** Where integers become text. `readString` callers use the range before the next call. */
const digits = new Uint8Array(32);

/** A stretch of bytes, filled by `readString`. Owners keep one and reuse it. */
export class ByteRange {
  buf: ReadonlyBytes = EMPTY;
  off = 0;
  len = 0;

  set(buf: ReadonlyBytes, off: number, len: number): void {
    this.buf = buf;
    this.off = off;
    this.len = len;
  }
}

/** The encoding a fresh string gets. */
export function stringEncodingFor(buf: ReadonlyBytes, off: number, len: number): number {
  if (len <= INTEGER_LEN_MAX && !Number.isNaN(parseInteger(buf, off, len))) {
    return ENC_INT;
  }
  return textEncodingFor(len);
}

/** The encoding of a fresh string that must not become an integer. */
export function textEncodingFor(len: number): number {
  if (len <= EMBSTR_LEN_MAX) return ENC_EMBSTR;
  return len <= INLINE_LEN_MAX ? ENC_RAW_INLINE : ENC_RAW;
}

/** Bytes of the body of a string of `len` bytes. */
export function stringBodyBytes(encoding: number, len: number): number {
  return encoding === ENC_INT || encoding === ENC_RAW ? 8 : 4 + len;
}

/** Length of the string in an entry, in bytes. */
export function stringLen(arena: Arena, ref: number): number {
  const encoding = objectEncoding(arena, ref);
  if (encoding === ENC_RAW) return bodyWord(arena, ref, 1);
  if (encoding === ENC_INT) return formatIntBody(arena, ref);
  return bodyWord(arena, ref, 0);
}

/** The bytes of the string in an entry. An integer's text lies in a scratch buffer until the next call. */
export function readString(arena: Arena, ref: number, out: ByteRange): void {
  const encoding = objectEncoding(arena, ref);
  if (encoding === ENC_INT) {
    out.set(digits, 0, formatIntBody(arena, ref));
  } else if (encoding === ENC_RAW) {
    const block = bodyWord(arena, ref, 0);
    out.set(arena.u8[block >>> 27], refOffset(block), bodyWord(arena, ref, 1));
  } else {
    const at = refOffset(ref) + bodyOff(arena, ref);
    out.set(arena.u8[ref >>> 27], at + 4, arena.i32[ref >>> 27][at >> 2]);
  }
}

/** The string as an integer: as `parseInteger`, NaN when it is none and BIG when it needs a BigInt. */
export function stringInteger(arena: Arena, ref: number): number {
  if (objectEncoding(arena, ref) === ENC_INT) {
    const words = arena.i32[ref >>> 27];
    const at = refOffset(ref) + bodyOff(arena, ref) >> 2;
    const lo = words[at];
    const hi = words[at + 1];
    if (hi === lo >> 31) return lo; // 32 bits, as counters are: no doubles on the way.
    return isSafeHigh(hi) ? hi * 2 ** 32 + (lo >>> 0) : BIG;
  }
  readString(arena, ref, range);
  return parseInteger(range.buf, range.off, range.len);
}

/** The string as a 64-bit integer, for when `stringInteger` said BIG. */
export function stringBigInt(arena: Arena, ref: number): bigint {
  readString(arena, ref, range);
  return parseBigInt64(range.buf, range.off, range.len);
}

/** Stores an integer body: a safe integer. */
export function storeIntBody(arena: Arena, ref: number, off: number, value: number): void {
  if ((value | 0) === value) {
    arena.storeI32(ref, off, value);
    arena.storeI32(ref, off + 4, value >> 31);
    return;
  }
  const hi = Math.floor(value / 2 ** 32);
  arena.storeI32(ref, off, value - hi * 2 ** 32 | 0);
  arena.storeI32(ref, off + 4, hi | 0);
}

/** Stores an integer body: any 64-bit integer. */
export function storeBigIntBody(arena: Arena, ref: number, off: number, value: bigint): void {
  arena.storeI32(ref, off, Number(BigInt.asIntN(32, value)));
  arena.storeI32(ref, off + 4, Number(BigInt.asIntN(32, value >> 32n)));
}

/** Stores the body of a fresh string in its encoding; `block` is where a raw one's bytes go. */
export function storeStringBody(
  arena: Arena,
  ref: number,
  at: number,
  encoding: number,
  block: number,
  buf: ReadonlyBytes,
  off: number,
  len: number,
): void {
  if (encoding === ENC_INT) {
    const value = parseInteger(buf, off, len);
    if (value !== BIG) storeIntBody(arena, ref, at, value);
    else storeBigIntBody(arena, ref, at, parseBigInt64(buf, off, len));
  } else if (encoding === ENC_RAW) {
    arena.copyIn(block, 0, buf, off, len);
    arena.storeI32(ref, at, block);
    arena.storeI32(ref, at + 4, len);
  } else {
    arena.storeI32(ref, at, len);
    arena.copyIn(ref, at + 4, buf, off, len);
  }
}

const range = new ByteRange();

/** Whether hi * 2^32 + lo is within 2^53 - 1 of zero for every lo (but for one value at the edge). */
function isSafeHigh(hi: number): boolean {
  return hi < 0x200000 && hi > -0x200000;
}

/** Writes an integer body's digits into the scratch buffer; returns how many. */
function formatIntBody(arena: Arena, ref: number): number {
  const lo = bodyWord(arena, ref, 0);
  const hi = bodyWord(arena, ref, 1);
  if (isSafeHigh(hi)) return formatInteger(digits, 0, hi * 2 ** 32 + (lo >>> 0));
  return formatBigInt64(digits, 0, BigInt(hi) << 32n | BigInt(lo >>> 0));
}
