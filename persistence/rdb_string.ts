/**
 * Strings in RDB encodings, of values and of everything inside them.
 *
 *     integer      the text of an integer of 8, 16 or 32 bits as that integer, up to 11 bytes of text
 *     compressed   encoding 3, compressed length, length, bytes (lzf.ts), if that saves 4 bytes or more
 *     plain        length, bytes
 *
 * They are tried in this order, as Redis does, so the bytes are the same as its.
 *
 * Reading never copies a plain string; the range is good until the next read. It refuses a
 * compressed one whose length its bytes can't give before allocating anything: a match of three
 * bytes yields 264 at most.
 */
import type { ReadonlyBytes } from "../core/base/bytes.ts";
import { lzfCompress, lzfDecompress } from "../core/base/lzf.ts";
import { formatInteger, INTEGER_TEXT_LEN_MAX, parseInteger } from "../core/base/numbers.ts";
import type { ByteRange } from "../core/types/t_string.ts";
import {
  LENGTH_BYTES_MAX,
  RDB_ENC_INT16,
  RDB_ENC_INT32,
  RDB_ENC_INT8,
  RDB_ENC_LZF,
  type RdbReader,
  type RdbWriter,
} from "./rdb_format.ts";

/** Longest text that is tried as an integer: the least one of 32 bits has 11. */
const INTEGER_LEN_MAX = 11;
/** Up to this length nothing is saved by compression. */
const PLAIN_LEN_MAX = 20;
/** Bytes that compression must save. */
const SAVED_MIN = 4;
/** Most bytes that one compressed byte can stand for: 264 for 3. */
const EXPANSION_MAX = 88;
/** Longest string there can be, in bytes. */
const STRING_LEN_MAX: number = 512 * 1024 * 1024;
/** Size up to which the buffer of decompressed strings is kept. */
const SCRATCH_BYTES: number = 16 * 1024;

const digits = new Uint8Array(INTEGER_TEXT_LEN_MAX);
const scratch = new Uint8Array(SCRATCH_BYTES);

/** Writes the string; `compress` is the directive rdbcompression. */
export function writeRdbString(
  out: RdbWriter,
  buf: ReadonlyBytes,
  off: number,
  len: number,
  compress: boolean,
): void {
  if (len <= INTEGER_LEN_MAX && writeInteger(out, parseInteger(buf, off, len))) return;
  if (compress && len > PLAIN_LEN_MAX && writeCompressed(out, buf, off, len)) return;
  out.writeLength(len);
  out.writeBytes(buf, off, len);
}

/**
 * Reads a string of any encoding. False when the bytes are none. `out` then is a range of the reader's
 * bytes, or of a buffer of this module that the next call overwrites.
 */
export function readRdbString(reader: RdbReader, out: ByteRange): boolean {
  const len = reader.readLength();
  switch (reader.encoding) {
    case -1:
      if (!(len <= reader.left) || !reader.has(len)) return false;
      out.set(reader.buf, reader.pos, len);
      reader.pos += len;
      return true;
    case RDB_ENC_INT8:
      return readInteger(reader, 1, out);
    case RDB_ENC_INT16:
      return readInteger(reader, 2, out);
    case RDB_ENC_INT32:
      return readInteger(reader, 4, out);
    case RDB_ENC_LZF:
      return readCompressed(reader, out);
    default:
      return false;
  }
}

/** Writes an integer that fits 32 bits; false for any other number, NaN among them. */
function writeInteger(out: RdbWriter, value: number): boolean {
  if (value !== (value | 0)) return false;
  if (value === value << 24 >> 24) {
    out.writeEncoding(RDB_ENC_INT8);
    out.writeLittleEndian(value, 1);
  } else if (value === value << 16 >> 16) {
    out.writeEncoding(RDB_ENC_INT16);
    out.writeLittleEndian(value, 2);
  } else {
    out.writeEncoding(RDB_ENC_INT32);
    out.writeLittleEndian(value, 4);
  }
  return true;
}

function readInteger(reader: RdbReader, bytes: number, out: ByteRange): boolean {
  const value = reader.readSigned(bytes);
  if (Number.isNaN(value)) return false;
  out.set(digits, 0, formatInteger(digits, 0, value));
  return true;
}

function writeCompressed(
  out: RdbWriter,
  buf: ReadonlyBytes,
  off: number,
  len: number,
): boolean {
  // The compressed length precedes the bytes and has 1 to 9 of its own, so they are moved afterwards.
  const before = 1 + 2 * LENGTH_BYTES_MAX;
  out.reserve(before + len);
  const from = out.pos + before;
  const compressed = lzfCompress(buf, off, len, out.buf, from, from + len - SAVED_MIN);
  if (compressed === 0) return false;
  out.writeEncoding(RDB_ENC_LZF);
  out.writeLength(compressed);
  out.writeLength(len);
  out.buf.copyWithin(out.pos, from, from + compressed);
  out.pos += compressed;
  return true;
}

function readCompressed(reader: RdbReader, out: ByteRange): boolean {
  const compressed = reader.readLength();
  const len = reader.readLength();
  if (!(compressed <= reader.left && len > 0 && len <= STRING_LEN_MAX)) return false;
  if (len > compressed * EXPANSION_MAX || !reader.has(compressed)) return false;
  const target = len <= SCRATCH_BYTES ? scratch : new Uint8Array(len);
  if (!lzfDecompress(reader.buf, reader.pos, compressed, target, 0, len)) return false;
  reader.pos += compressed;
  out.set(target, 0, len);
  return true;
}
