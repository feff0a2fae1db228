/**
 * Byte-range primitives shared by every layer.
 *
 * What: conversions between strings and bytes, comparisons, copies and searches over a range given
 * as (buf, off, len). None of them allocates unless it returns a string or a new array.
 *
 * `ReadonlyBytes` is how everybody but core/memory sees arena memory: it is a Uint8Array without
 * its stores, so that the compiler refuses a write that would slip past the snapshot's page guard.
 * At run time a ReadonlyBytes is always a Uint8Array, which the primitives called below rely on.
 *
 * Arena bytes live in SharedArrayBuffers, which TextDecoder refuses. `latin1` therefore goes
 * through the slice primitive of `node:buffer`, which takes shared memory in both runtimes;
 * `utf8` copies first.
 *
 * Limits: offsets and lengths must lie inside the array; this is the caller's duty, as checking
 * here would be paid once per key lookup.
 */

import { Buffer } from "node:buffer";

/** A Uint8Array that can't be written to; any Uint8Array is assignable to it. */
export interface ReadonlyBytes {
  readonly length: number;
  readonly [index: number]: number;
  subarray(begin?: number, end?: number): ReadonlyBytes;
}

/** A copy up to this many bytes is a loop; see `copyBytes` for the measurement. */
const COPY_LOOP_LEN_MAX = 48;

/** Chars up to this many are written by a loop; see `writeLatin1`. */
const WRITE_LOOP_LEN_MAX = 64;

/** A string up to this many bytes is built by a loop; see `latin1`. */
const LATIN1_LOOP_LEN_MAX = 8;

const encoder = new TextEncoder();
// `ignoreBOM` keeps a leading U+FEFF: stored bytes must not vanish when they are shown.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

// The typings leave this method of every Buffer out. It works on any Uint8Array.
const latin1Slice: (this: ReadonlyBytes, begin: number, end: number) => string = Reflect.get(
  Buffer.prototype,
  "latin1Slice",
);

/** The bytes of `s`, one per UTF-16 unit, each cut to its low eight bits (latin1). */
export function ascii(s: string): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(s.length);
  writeLatin1(out, 0, s);
  return out;
}

/**
 * The range as a string with one char per byte; `ascii` is its inverse.
 *
 * Measured for 64 bytes of shared memory: slice primitive 50 ns (Deno) and 41 ns (Bun), a
 * `fromCharCode.apply` over a subarray 194 and 237 ns, a loop 430 and 540 ns. The loop only wins
 * below about ten bytes on Deno, which is where most command names and options are.
 */
export function latin1(buf: ReadonlyBytes, off: number, len: number): string {
  if (len <= LATIN1_LOOP_LEN_MAX) {
    let s = "";
    for (let i = 0; i < len; i++) s += String.fromCharCode(buf[off + i]);
    return s;
  }
  return latin1Slice.call(buf, off, off + len);
}

/**
 * Writes the chars of `text`, one byte each, to `dst` from `off` on, where there must be room. Returns the offset
 * after them.
 *
 * ASCII, which is nearly everything, looks the same in UTF-8. Measured on Deno for 32 and 200 chars: a loop 34
 * and 211 ns, `encodeInto` 75 and 66, a Buffer's `latin1Write` 294 and 777 (Bun: 20 and 105, 18 and 18, 14 and 14).
 */
export function writeLatin1(dst: Uint8Array, off: number, text: string): number {
  const { length } = text;
  if (length > WRITE_LOOP_LEN_MAX) {
    const { read, written } = encoder.encodeInto(text, dst.subarray(off, off + length));
    if (read === length && written === length) return off + length;
  }
  for (let i = 0; i < length; i++) dst[off + i] = text.charCodeAt(i);
  return off + length;
}

/** The UTF-8 bytes of `s`; lone surrogates become U+FFFD. */
export function utf8Encode(s: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(s);
}

/** The range decoded as UTF-8; malformed sequences become U+FFFD. Copies, so keep it off hot paths. */
export function utf8(buf: ReadonlyBytes, off: number, len: number): string {
  const copy = new Uint8Array(len);
  copyBytes(copy, 0, buf, off, len);
  return decoder.decode(copy);
}

/** Whether the two ranges hold the same bytes. */
export function bytesEqual(
  a: ReadonlyBytes,
  aOff: number,
  aLen: number,
  b: ReadonlyBytes,
  bOff: number,
  bLen: number,
): boolean {
  if (aLen !== bLen) return false;
  for (let i = 0; i < aLen; i++) {
    if (a[aOff + i] !== b[bOff + i]) return false;
  }
  return true;
}

/**
 * Orders two ranges as unsigned bytes, a prefix before what it is a prefix of.
 * Returns a number below, equal to or above zero.
 */
export function bytesCompare(
  a: ReadonlyBytes,
  aOff: number,
  aLen: number,
  b: ReadonlyBytes,
  bOff: number,
  bLen: number,
): number {
  const len = aLen < bLen ? aLen : bLen;
  for (let i = 0; i < len; i++) {
    const d = a[aOff + i] - b[bOff + i];
    if (d !== 0) return d;
  }
  return aLen - bLen;
}

/**
 * Whether the range is the token `lower` regardless of the case of its ASCII letters.
 * `lower` must hold no capital letters. Only letters are folded: `@` must not equal a backquote.
 */
export function tokenEquals(
  buf: ReadonlyBytes,
  off: number,
  len: number,
  lower: Uint8Array,
): boolean {
  if (len !== lower.length) return false;
  for (let i = 0; i < len; i++) {
    const want = lower[i];
    const got = buf[off + i];
    if (got === want) continue;
    // Inequality with a fold is only forgiven where the wanted byte is a letter.
    if ((got | 0x20) !== want || want < 0x61 || want > 0x7a) return false;
  }
  return true;
}

/**
 * Copies `len` bytes from `src` to `dst`; the ranges must not overlap in the same buffer.
 *
 * Short copies are a loop and the rest `set` of a subarray. Measured with a shared source and a
 * plain destination, loop against set: 32 bytes 30/32 ns, 48 bytes 33/35 ns, 64 bytes 43/36 ns on
 * Deno; 64 bytes 33/41 ns, 96 bytes 49/43 ns on Bun. The loop also leaves no garbage behind. Four bytes
 * to a round of the loop win alone (16 bytes 12 ns instead of 17), but not where it is inlined: SET 269 ns instead
 * of 251, LRANGE of 600 6,900 instead of 6,400.
 */
export function copyBytes(
  dst: Uint8Array,
  dstOff: number,
  src: ReadonlyBytes,
  srcOff: number,
  len: number,
): void {
  if (len <= COPY_LOOP_LEN_MAX) {
    for (let i = 0; i < len; i++) dst[dstOff + i] = src[srcOff + i];
    return;
  }
  dst.set(src.subarray(srcOff, srcOff + len), dstOff);
}

/** The first index in [from, to) that holds `byte`, or -1. */
export function indexOfByte(buf: ReadonlyBytes, byte: number, from: number, to: number): number {
  for (let i = from; i < to; i++) {
    if (buf[i] === byte) return i;
  }
  return -1;
}
