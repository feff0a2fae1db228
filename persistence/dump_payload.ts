/**
 * DUMP payloads: a value as in an RDB file, and a footer.
 *
 *     type byte, value | RDB version, 2 bytes little-endian | CRC-64 of all before, 8 bytes
 */
import type { ReadonlyBytes } from "../core/base/bytes.ts";
import { Crc64 } from "../core/base/crc64.ts";
import { RDB_VERSION_MAX, rdbVersionOf, type RdbWriter } from "./rdb_format.ts";

const CRC_BYTES = 8;
/** Bytes of the footer. */
export const FOOTER_BYTES: number = 2 + CRC_BYTES;

const crc = new Crc64();

/** Adds the footer to all that the writer holds: a value of that RDB type. */
export function writeFooter(out: RdbWriter, rdbType: number): void {
  out.writeLittleEndian(rdbVersionOf(rdbType), 2);
  crc.reset();
  crc.update(out.buf, 0, out.pos);
  out.reserve(CRC_BYTES);
  crc.writeTo(out.buf, out.pos);
  out.pos += CRC_BYTES;
}

/**
 * Whether these bytes end in the footer of a version that can be read, with the right checksum unless that doesn't
 * matter.
 */
export function hasFooter(
  buf: ReadonlyBytes,
  off: number,
  len: number,
  skipsChecksum = false,
): boolean {
  if (len < FOOTER_BYTES) return false;
  const footer = off + len - FOOTER_BYTES;
  if ((buf[footer] | buf[footer + 1] << 8) > RDB_VERSION_MAX) return false;
  if (skipsChecksum) return true;
  crc.reset();
  crc.update(buf, off, len - CRC_BYTES);
  return crc.equals(buf, footer + 2);
}
