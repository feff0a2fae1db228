/**
 * Bitmap: a string seen as bits, the first of them the highest of byte 0.
 *
 * A `Bitmap` is a view that commands fill and reuse. Where the string lies in the arena, long stretches are
 * read as 32-bit words; the text of an integer, which is the only string that doesn't, has 20 bytes at most.
 *
 * Counting adds the bits of eight words in a tree of carry-save adders and counts the outcome once, which
 * takes half the instructions of counting each word. Searching looks at eight words at a time.
 *
 * Combining (BITOP) goes through a chunk that stays in the processor's first cache: each source is applied
 * to it in turn, then it is stored. So a result of any size needs no second copy of itself, and a
 * source may be the destination.
 *
 * Credit: counting with carry-save adders is Robert Harley's and David Seal's, as told in Henry Warren's
 * "Hacker's Delight".
 */
import { copyBytes, type ReadonlyBytes } from "../base/bytes.ts";
import type { Arena, ReadonlyWords } from "../memory/arena.ts";
import { bodyWord, ENC_INT, ENC_RAW, objectEncoding } from "./object.ts";
import { ByteRange, readString } from "./t_string.ts";

export const BITOP_AND = 0;
export const BITOP_OR = 1;
export const BITOP_XOR = 2;
export const BITOP_NOT = 3;

/** Bytes combined at a time. */
export const CHUNK_BYTES: number = 16 * 1024;

const NO_BYTES: ReadonlyBytes = new Uint8Array(0);
/** Bits set in each byte. */
const BITS_IN_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => popcount(byte));

const range = new ByteRange();

export class Bitmap {
  bytes: ReadonlyBytes = NO_BYTES;
  /** The same memory as words, or null. */
  words: ReadonlyWords | null = null;
  /** Where the string begins, in bytes. */
  off = 0;
  len = 0;

  /** Shows the string of an entry, or with 0 an empty one. Valid until the next change. */
  read(arena: Arena, ref: number): void {
    this.words = null;
    if (ref === 0) {
      this.len = 0;
      return;
    }
    readString(arena, ref, range);
    this.bytes = range.buf;
    this.off = range.off;
    this.len = range.len;
    const encoding = objectEncoding(arena, ref);
    if (encoding === ENC_INT) return;
    this.words = arena.i32[(encoding === ENC_RAW ? bodyWord(arena, ref, 0) : ref) >>> 27];
  }

  /** Bit `at`, 0 beyond the end. */
  bit(at: number): number {
    const byte = Math.floor(at / 8);
    return byte < this.len ? this.bytes[this.off + byte] >> (7 - at % 8) & 1 : 0;
  }

  /** How many of the bits from one to another, both included and within the string, are set. */
  count(first: number, last: number): number {
    const from = Math.floor(first / 8);
    const to = Math.floor(last / 8);
    const before = this.bytes[this.off + from] & ~(0xff >> first % 8);
    const after = this.bytes[this.off + to] & (0x7f >> last % 8);
    const outside = BITS_IN_BYTE[before & 0xff] + BITS_IN_BYTE[after];
    return countBytes(this.bytes, this.words, this.off + from, to - from + 1) - outside;
  }

  /** The first bit with the value `bit` from one to another, both included and within the string, or -1. */
  find(bit: number, first: number, last: number): number {
    const flip = bit === 1 ? 0 : 0xff;
    const from = Math.floor(first / 8);
    const to = Math.floor(last / 8);
    const head = (this.bytes[this.off + from] ^ flip) & (0xff >> first % 8);
    let at = from;
    let found = head;
    if (found === 0) {
      at = this.skip(flip, from + 1, to + 1);
      if (at > to) return -1;
      found = this.bytes[this.off + at] ^ flip;
    }
    const pos = at * 8 + Math.clz32(found) - 24;
    return pos <= last ? pos : -1;
  }

  /** The first byte in [from, to) that isn't `skipped` (0 or 255), or `to`. */
  private skip(skipped: number, from: number, to: number): number {
    const { bytes, words, off } = this;
    const end = off + to;
    let i = off + from;
    if (words !== null && end - i >= 32) {
      while ((i & 3) !== 0 && bytes[i] === skipped) i++;
      if ((i & 3) !== 0) return i - off;
      i =
        (skipped === 0 ? skipZeros(words, i >> 2, end >> 2) : skipOnes(words, i >> 2, end >> 2)) <<
        2;
    }
    while (i < end && bytes[i] === skipped) i++;
    return i - off;
  }
}

// Combining.

const chunk = new Uint8Array(CHUNK_BYTES);
const chunkWords = new Int32Array(chunk.buffer);

/** Where the chunk lies. */
export function combinedBytes(): Uint8Array {
  return chunk;
}

/** Begins a chunk of `n` bytes with the first source's from `at` on. */
export function beginCombining(source: Bitmap, at: number, n: number): void {
  const there = Math.max(0, Math.min(n, source.len - at));
  copyBytes(chunk, 0, source.bytes, source.off + at, there);
  chunk.fill(0, there, n);
}

/** Applies another source's bytes from `at` on to the chunk of `n` bytes. */
export function combine(op: number, source: Bitmap, at: number, n: number): void {
  const there = Math.max(0, Math.min(n, source.len - at));
  const from = source.off + at;
  let done = 0;
  if (source.words !== null && (from & 3) === 0) {
    combineWords(op, source.words, from >> 2, there >> 2);
    done = there & ~3;
  }
  for (let i = done; i < there; i++) {
    const byte = source.bytes[from + i];
    if (op === BITOP_AND) chunk[i] &= byte;
    else if (op === BITOP_OR) chunk[i] |= byte;
    else chunk[i] ^= byte;
  }
  // What is missing counts as zeros.
  if (op === BITOP_AND && there < n) chunk.fill(0, there, n);
}

/** Turns every bit of the chunk of `n` bytes. */
export function invertCombined(n: number): void {
  const count = (n + 3) >> 2;
  for (let i = 0; i < count; i++) chunkWords[i] = ~chunkWords[i];
}

/** Four words in a round: one at a time takes half as long again. */
function combineWords(op: number, words: ReadonlyWords, from: number, count: number): void {
  const out = chunkWords;
  const fours = count & ~3;
  let i = 0;
  if (op === BITOP_AND) {
    for (; i < fours; i += 4) {
      out[i] &= words[from + i];
      out[i + 1] &= words[from + i + 1];
      out[i + 2] &= words[from + i + 2];
      out[i + 3] &= words[from + i + 3];
    }
    for (; i < count; i++) out[i] &= words[from + i];
  } else if (op === BITOP_OR) {
    for (; i < fours; i += 4) {
      out[i] |= words[from + i];
      out[i + 1] |= words[from + i + 1];
      out[i + 2] |= words[from + i + 2];
      out[i + 3] |= words[from + i + 3];
    }
    for (; i < count; i++) out[i] |= words[from + i];
  } else {
    for (; i < fours; i += 4) {
      out[i] ^= words[from + i];
      out[i + 1] ^= words[from + i + 1];
      out[i + 2] ^= words[from + i + 2];
      out[i + 3] ^= words[from + i + 3];
    }
    for (; i < count; i++) out[i] ^= words[from + i];
  }
}

// Counting and skipping.

function countBytes(
  bytes: ReadonlyBytes,
  words: ReadonlyWords | null,
  off: number,
  len: number,
): number {
  const end = off + len;
  let i = off;
  let count = 0;
  if (words !== null && len >= 16) {
    while ((i & 3) !== 0) count += BITS_IN_BYTE[bytes[i++]];
    count += countWords(words, i >> 2, end >> 2);
    i = end & ~3;
  }
  while (i < end) count += BITS_IN_BYTE[bytes[i++]];
  return count;
}

/** Bits set in the words [from, to). `ones`, `twos` and `fours` hold what the adders carry on. */
function countWords(words: ReadonlyWords, from: number, to: number): number {
  let eights = 0;
  let ones = 0;
  let twos = 0;
  let fours = 0;
  let i = from;
  for (; i + 8 <= to; i += 8) {
    let a = words[i];
    let b = words[i + 1];
    let half = ones ^ a;
    const twosA = (ones & a) | (half & b);
    ones = half ^ b;
    a = words[i + 2];
    b = words[i + 3];
    half = ones ^ a;
    const twosB = (ones & a) | (half & b);
    ones = half ^ b;
    half = twos ^ twosA;
    const foursA = (twos & twosA) | (half & twosB);
    twos = half ^ twosB;
    a = words[i + 4];
    b = words[i + 5];
    half = ones ^ a;
    const twosC = (ones & a) | (half & b);
    ones = half ^ b;
    a = words[i + 6];
    b = words[i + 7];
    half = ones ^ a;
    const twosD = (ones & a) | (half & b);
    ones = half ^ b;
    half = twos ^ twosC;
    const foursB = (twos & twosC) | (half & twosD);
    twos = half ^ twosD;
    half = fours ^ foursA;
    eights += popcount((fours & foursA) | (half & foursB));
    fours = half ^ foursB;
  }
  let count = eights * 8 + popcount(fours) * 4 + popcount(twos) * 2 + popcount(ones);
  for (; i < to; i++) count += popcount(words[i]);
  return count;
}

/** Bits set in a word. */
function popcount(word: number): number {
  word -= (word >>> 1) & 0x55555555;
  word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
  return Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** The first word in [from, to) that may have a bit set; the words before it have none. */
function skipZeros(words: ReadonlyWords, from: number, to: number): number {
  let i = from;
  for (; i + 8 <= to; i += 8) {
    const low = words[i] | words[i + 1] | words[i + 2] | words[i + 3];
    if ((low | words[i + 4] | words[i + 5] | words[i + 6] | words[i + 7]) !== 0) break;
  }
  return i;
}

/** The first word in [from, to) that may have a bit clear; the words before it have none. */
function skipOnes(words: ReadonlyWords, from: number, to: number): number {
  let i = from;
  for (; i + 8 <= to; i += 8) {
    const low = words[i] & words[i + 1] & words[i + 2] & words[i + 3];
    if ((low & words[i + 4] & words[i + 5] & words[i + 6] & words[i + 7]) !== -1) break;
  }
  return i;
}
