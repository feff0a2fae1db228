/**
 * LZF compression, the format of compressed strings in RDB files and of quicklist nodes.
 *
 *     000LLLLL                    literal run: L+1 bytes (1..32) follow as they are
 *     LLLooooo oooooooo           copy L+2 bytes (3..8) from o+1 bytes (1..8192) back
 *     111ooooo LLLLLLLL oooooooo  copy L+9 bytes (9..264) from o+1 bytes back
 *
 * The compressor remembers, by a hash of three bytes, where they occurred last, and takes that
 * occurrence if it really matches. It makes liblzf's choices (hash, which positions are entered,
 * how far a match may run before the end), so that DUMP gives the bytes a Redis user has seen.
 *
 * The table is 256 KiB and would cost more to clear than a short string costs to compress. Its
 * entries therefore hold `tableBase` + position, and `tableBase` grows by the input length after
 * each call: entries of earlier calls are below it and count as empty.
 *
 * The decompressor trusts nothing: it checks every read and every write against the ranges given. It copies words:
 * a listpack of ten elements in 100 ns instead of 159.
 *
 * Credit: the format and the parse are Marc Alexander Lehmann's liblzf.
 */

import type { ReadonlyBytes } from "./bytes.ts";
import { copyWords, LastView } from "./readonly_view.ts";

const TABLE_SIZE = 1 << 16;
const LITERALS_MAX = 32;
const DISTANCE_MAX = 1 << 13;
const MATCH_LEN_MAX = 264;
const TABLE_BASE_MAX = 0x7fffffff;

const WORD_BYTES = 4;

const sources = new LastView();
const targets = new LastView();
const table = new Int32Array(TABLE_SIZE);
let tableBase = 0;

/**
 * Compresses the range into `dst` from `dstOff` up to `dstEnd`. Returns the compressed length, or 0
 * if it does not fit; pass a `dst` smaller than the input to be told when nothing would be gained.
 */
export function lzfCompress(
  src: ReadonlyBytes,
  off: number,
  len: number,
  dst: Uint8Array,
  dstOff = 0,
  dstEnd = dst.length,
): number {
  if (len <= 0 || dstEnd - dstOff <= 0) return 0;
  const base = reserveTable(len) - off;
  const end = off + len;
  let ip = off;
  let op = dstOff + 1; // The first literal run's length byte is filled in when the run ends.
  let literals = 0;
  while (ip < end - 2) {
    const slot = tableSlot(src, ip);
    const ref = table[slot] - base;
    table[slot] = ip + base;
    // The first byte of the input is never a match, since its entry reads like an empty one.
    if (ref <= off || ip - ref > DISTANCE_MAX || !sameThree(src, ref, ip)) {
      if (op >= dstEnd) return 0;
      dst[op++] = src[ip++];
      if (++literals === LITERALS_MAX) {
        dst[op - LITERALS_MAX - 1] = LITERALS_MAX - 1;
        literals = 0;
        op++;
      }
      continue;
    }
    // An empty run gives its length byte back.
    if (literals === 0) op--;
    else dst[op - literals - 1] = literals - 1;
    if (op + 4 >= dstEnd) return 0;
    const matchLen = matchLength(src, ref, ip, end);
    const back = ip - ref - 1;
    if (matchLen < 9) {
      dst[op++] = (back >> 8) + ((matchLen - 2) << 5);
    } else {
      dst[op++] = (back >> 8) + 0xe0;
      dst[op++] = matchLen - 9;
    }
    dst[op++] = back;
    literals = 0;
    op++;
    ip += matchLen;
    if (ip >= end - 2) break;
    // Of the matched positions only the last two are entered: cheap, and they are the freshest.
    table[tableSlot(src, ip - 2)] = ip - 2 + base;
    table[tableSlot(src, ip - 1)] = ip - 1 + base;
  }
  return finishRun(src, ip, end, dst, op, literals, dstOff, dstEnd);
}

/**
 * Decompresses the range into `dst` at `dstOff`. Returns whether it was well formed and gave exactly
 * `dstLen` bytes; if not, the bytes of [dstOff, dstOff + dstLen) are undefined. Nothing outside the
 * two ranges is ever read or written.
 */
export function lzfDecompress(
  src: ReadonlyBytes,
  off: number,
  len: number,
  dst: Uint8Array,
  dstOff: number,
  dstLen: number,
): boolean {
  const end = off + len;
  const dstEnd = dstOff + dstLen;
  let ip = off;
  let op = dstOff;
  if (off < 0 || end > src.length || dstOff < 0 || dstEnd > dst.length) return false;
  const from = sources.of(src);
  const to = targets.of(dst);
  while (ip < end) {
    const control = src[ip++];
    if (control < LITERALS_MAX) {
      const run = control + 1;
      if (run > end - ip || run > dstEnd - op) return false;
      if (run >= WORD_BYTES) copyWords(to, op, from, ip, run);
      else {
        for (let i = 0; i < run; i++) dst[op + i] = src[ip + i];
      }
      ip += run;
      op += run;
      continue;
    }
    let matchLen = (control >> 5) + 2;
    if (matchLen === 9) {
      if (ip >= end) return false;
      matchLen += src[ip++];
    }
    if (ip >= end) return false;
    const back = ((control & 0x1f) << 8) + src[ip++] + 1;
    const ref = op - back;
    if (ref < dstOff || matchLen > dstEnd - op) return false;
    // A match may overlap what it produces, which repeats a pattern: no more at once than it goes back.
    if (back >= WORD_BYTES && matchLen >= WORD_BYTES) copyWords(to, op, to, ref, matchLen);
    else {
      for (let i = 0; i < matchLen; i++) dst[op + i] = dst[ref + i];
    }
    op += matchLen;
  }
  return op === dstEnd;
}

/** Copies the bytes no match can start at, ends the last run and returns the compressed length. */
function finishRun(
  src: ReadonlyBytes,
  ip: number,
  end: number,
  dst: Uint8Array,
  op: number,
  literals: number,
  dstOff: number,
  dstEnd: number,
): number {
  // Two bytes can be left, and a run may fill up between them and start another.
  if (op + 3 > dstEnd) return 0;
  while (ip < end) {
    dst[op++] = src[ip++];
    if (++literals === LITERALS_MAX) {
      dst[op - LITERALS_MAX - 1] = LITERALS_MAX - 1;
      literals = 0;
      op++;
    }
  }
  if (literals === 0) op--;
  else dst[op - literals - 1] = literals - 1;
  return op - dstOff;
}

/**
 * How many bytes from `ref` and `ip` on agree, as far as a match may run: to two bytes before the
 * end. liblzf's unrolled comparison looks at nineteen bytes before it looks at the limit, so there
 * the limits 17 and 18 count as 19; those bytes still lie inside the input.
 */
function matchLength(src: ReadonlyBytes, ref: number, ip: number, end: number): number {
  let max = end - ip - 2;
  if (max > MATCH_LEN_MAX) max = MATCH_LEN_MAX;
  else if (max === 17 || max === 18) max = 19;
  let len = 3;
  while (len < max && src[ref + len] === src[ip + len]) len++;
  return len;
}

function sameThree(src: ReadonlyBytes, a: number, b: number): boolean {
  return src[a] === src[b] && src[a + 1] === src[b + 1] && src[a + 2] === src[b + 2];
}

/** liblzf's hash of three bytes; the format does not depend on it, but equal output does. */
function tableSlot(src: ReadonlyBytes, i: number): number {
  const h = (src[i] << 16) | (src[i + 1] << 8) | src[i + 2];
  return ((h >> 8) - h * 5) & (TABLE_SIZE - 1);
}

/** The value that stands for position 0 of the next `len` bytes of input. */
function reserveTable(len: number): number {
  if (tableBase > TABLE_BASE_MAX - len) {
    table.fill(0);
    tableBase = 0;
  }
  const base = tableBase;
  tableBase += len;
  return base;
}
