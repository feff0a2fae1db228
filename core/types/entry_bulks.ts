/**
 * Listpack entries as bulk strings of a reply, in one loop for a whole stretch of them.
 *
 * LRANGE spends nearly all its time here. An element takes a few nanoseconds as long as nothing is called
 * for it, so the commonest forms (strings of up to 63 bytes, small integers) are written in the loop, behind
 * one test for room, and the reply is told of the progress only when the loop leaves it.
 */
import { copyBytes, type ReadonlyBytes } from "../base/bytes.ts";
import { formatInteger, integerDigits } from "../base/numbers.ts";
import type { Reply } from "../protocol/reply.ts";
import { entryBefore, entryBytes, ListpackValue, readEntry } from "../structures/listpack_entry.ts";

/** Room for the bulk string of what is written in the loop: its length, 63 bytes, two CRLF. */
const SHORT_BULK_BYTES = 72;
/** As in `copyBytes`: a loop up to this length. */
const COPY_LOOP_LEN_MAX = 48;

const DOLLAR = 0x24;
const CR = 0x0d;
const LF = 0x0a;
const ZERO = 0x30;

const value = new ListpackValue();

/** Replies the `count` entries from the one at `at` on. */
export function addEntryBulks(reply: Reply, u8: ReadonlyBytes, at: number, count: number): void {
  let buf = reply.buf;
  let pos = reply.pos;
  for (; count > 0; count--) {
    if (pos + SHORT_BULK_BYTES > buf.length) {
      reply.pos = pos;
      reply.reserve(SHORT_BULK_BYTES);
      buf = reply.buf;
      pos = reply.pos;
    }
    const first = u8[at];
    if (first < 0x80) {
      pos = writeSmallInteger(buf, pos, first);
      at += 2;
    } else if (first < 0xc0) {
      const len = first & 0x3f;
      pos = writeShortString(buf, pos, u8, at + 1, len);
      at += len + 2;
    } else {
      reply.pos = pos;
      addEntryBulk(reply, u8, at);
      buf = reply.buf;
      pos = reply.pos;
      at += entryBytes(u8, at);
    }
  }
  reply.pos = pos;
}

/** Replies the `count` entries that end at `end`, the last one first. */
export function addEntryBulksBackwards(
  reply: Reply,
  u8: ReadonlyBytes,
  end: number,
  count: number,
): void {
  for (; count > 0; count--) {
    end = entryBefore(u8, end);
    addEntryBulk(reply, u8, end);
  }
}

/** Replies the entry at `at`. */
function addEntryBulk(reply: Reply, u8: ReadonlyBytes, at: number): void {
  readEntry(u8, at, value);
  if (value.isInteger && Number.isSafeInteger(value.value)) {
    reply.reserve(SHORT_BULK_BYTES);
    reply.pos = writeInteger(reply.buf, reply.pos, value.value);
    return;
  }
  value.toText();
  reply.addBulk(value.buf, value.off, value.len);
}

function writeSmallInteger(buf: Uint8Array, pos: number, n: number): number {
  if (n > 99) return writeInteger(buf, pos, n);
  buf[pos] = DOLLAR;
  buf[pos + 2] = CR;
  buf[pos + 3] = LF;
  if (n < 10) {
    buf[pos + 1] = ZERO + 1;
    buf[pos + 4] = ZERO + n;
    pos += 5;
  } else {
    const tens = (n * 103) >> 10; // n / 10 for n up to 178.
    buf[pos + 1] = ZERO + 2;
    buf[pos + 4] = ZERO + tens;
    buf[pos + 5] = ZERO + n - tens * 10;
    pos += 6;
  }
  buf[pos] = CR;
  buf[pos + 1] = LF;
  return pos + 2;
}

function writeInteger(buf: Uint8Array, pos: number, n: number): number {
  buf[pos] = DOLLAR;
  pos = formatInteger(buf, pos + 1, integerDigits(n));
  buf[pos] = CR;
  buf[pos + 1] = LF;
  pos = formatInteger(buf, pos + 2, n);
  buf[pos] = CR;
  buf[pos + 1] = LF;
  return pos + 2;
}

/** A string of up to 99 bytes. */
function writeShortString(
  buf: Uint8Array,
  pos: number,
  u8: ReadonlyBytes,
  off: number,
  len: number,
): number {
  buf[pos] = DOLLAR;
  if (len < 10) {
    buf[pos + 1] = ZERO + len;
    pos += 2;
  } else {
    const tens = (len * 103) >> 10;
    buf[pos + 1] = ZERO + tens;
    buf[pos + 2] = ZERO + len - tens * 10;
    pos += 3;
  }
  buf[pos] = CR;
  buf[pos + 1] = LF;
  pos += 2;
  if (len <= COPY_LOOP_LEN_MAX) {
    for (let i = 0; i < len; i++) buf[pos + i] = u8[off + i];
  } else copyBytes(buf, pos, u8, off, len);
  pos += len;
  buf[pos] = CR;
  buf[pos + 1] = LF;
  return pos + 2;
}
