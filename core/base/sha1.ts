/**
 * SHA-1, which names scripts (EVALSHA, SCRIPT LOAD, redis.sha1hex) and adds up data (DEBUG DIGEST).
 *
 * It is a name here and protects nothing, so that collisions can be made today doesn't matter. It is written out
 * because the runtimes' own make a hash object per call (3 to 5 us for a short text, this takes 1 us per block) and
 * take no shared memory.
 *
 * Texts are strings with one char per byte. The work is done on one block of sixteen words that is
 * used again and again.
 *
 * Source: FIPS 180-4.
 */

import type { ReadonlyBytes } from "./bytes.ts";

/** Length of a hash. */
export const SHA1_BYTES = 20;

const BLOCK_BYTES = 64;
/** The length, in bits, takes the last eight bytes of the last block. */
const LENGTH_BYTES = 8;
const words = new Int32Array(80);
const state = new Int32Array(5);

/** The SHA-1 of a text, as forty hexadecimal digits in lower case. */
export function sha1Hex(text: string): string {
  begin();
  const len = text.length;
  let at = 0;
  for (; at + BLOCK_BYTES <= len; at += BLOCK_BYTES) {
    for (let i = 0, j = at; i < 16; i++, j += 4) {
      words[i] = text.charCodeAt(j) << 24 | text.charCodeAt(j + 1) << 16 |
        text.charCodeAt(j + 2) << 8 | text.charCodeAt(j + 3);
    }
    mix();
  }
  words.fill(0, 0, 16);
  const rest = len - at;
  for (let i = 0; i < rest; i++) words[i >> 2] |= text.charCodeAt(at + i) << 24 - (i & 3) * 8;
  finish(rest, len);
  let hex = "";
  for (let i = 0; i < 5; i++) hex += (state[i] >>> 0).toString(16).padStart(8, "0");
  return hex;
}

/** Puts the SHA-1 of len bytes at off, which may be shared memory, into the first SHA1_BYTES of `out`. */
export function sha1Into(out: Uint8Array, buf: ReadonlyBytes, off: number, len: number): void {
  begin();
  const end = off + len;
  let at = off;
  for (; at + BLOCK_BYTES <= end; at += BLOCK_BYTES) {
    for (let i = 0, j = at; i < 16; i++, j += 4) {
      words[i] = buf[j] << 24 | buf[j + 1] << 16 | buf[j + 2] << 8 | buf[j + 3];
    }
    mix();
  }
  words.fill(0, 0, 16);
  const rest = end - at;
  for (let i = 0; i < rest; i++) words[i >> 2] |= buf[at + i] << 24 - (i & 3) * 8;
  finish(rest, len);
  for (let i = 0; i < SHA1_BYTES; i++) out[i] = state[i >> 2] >> 24 - (i & 3) * 8;
}

function begin(): void {
  state[0] = 0x67452301;
  state[1] = 0xefcdab89 | 0;
  state[2] = 0x98badcfe | 0;
  state[3] = 0x10325476;
  state[4] = 0xc3d2e1f0 | 0;
}

/** Ends a text of `len` bytes, the last `rest` of which are in `words`, and zeros behind them. */
function finish(rest: number, len: number): void {
  words[rest >> 2] |= 0x80 << 24 - (rest & 3) * 8;
  if (rest >= BLOCK_BYTES - LENGTH_BYTES) {
    mix();
    words.fill(0, 0, 16);
  }
  words[14] = Math.floor(len / 2 ** 29);
  words[15] = len << 3;
  mix();
}

/** Takes in the block in `words`. */
function mix(): void {
  const w = words;
  for (let i = 16; i < 80; i++) {
    const x = w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16];
    w[i] = x << 1 | x >>> 31;
  }
  let a = state[0];
  let b = state[1];
  let c = state[2];
  let d = state[3];
  let e = state[4];
  for (let i = 0; i < 80; i++) {
    const f = i < 20
      ? (b & c | ~b & d) + 0x5a827999
      : i < 40
      ? (b ^ c ^ d) + 0x6ed9eba1
      : i < 60
      ? (b & c | b & d | c & d) + (0x8f1bbcdc | 0)
      : (b ^ c ^ d) + (0xca62c1d6 | 0);
    const t = (a << 5 | a >>> 27) + f + e + w[i] | 0;
    e = d;
    d = c;
    c = b << 30 | b >>> 2;
    b = a;
    a = t;
  }
  state[0] = state[0] + a | 0;
  state[1] = state[1] + b | 0;
  state[2] = state[2] + c | 0;
  state[3] = state[3] + d | 0;
  state[4] = state[4] + e | 0;
}
