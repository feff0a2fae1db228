/**
 * What the commands that address bits share: reading an offset, and making the string long enough.
 */
import { BIG, parseBigInt64, parseInteger } from "../base/numbers.ts";
import { stringLen } from "../types/t_string.ts";
import type { Client } from "../server/client.ts";

const BAD_OFFSET = "ERR bit offset is not an integer or out of range";

/**
 * The offset of a bit in argument `index`. With `fieldBits` other than 0 it may be the number of a field of so
 * many bits, written `#n`. NaN after an error reply.
 */
export function getBitOffsetOrReply(c: Client, index: number, fieldBits: number): number {
  const { buf } = c.argv;
  let off = c.argv.off[index];
  let len = c.argv.len[index];
  const isNumbered = fieldBits > 0 && len > 0 && buf[off] === 0x23; // '#'
  if (isNumbered) {
    off++;
    len--;
  }
  let offset = parseInteger(buf, off, len);
  if (isNumbered) offset *= fieldBits;
  if (isNumbered && !Number.isSafeInteger(offset) && !Number.isNaN(offset)) {
    // The product has 64 bits in Redis and may wrap to something small.
    offset = Number(BigInt.asIntN(64, parseBigInt64(buf, off, len) * BigInt(fieldBits)));
  }
  if (offset >= 0 && offset !== BIG && Math.floor(offset / 8) < c.server.protoMaxBulkLen) {
    return offset;
  }
  c.reply.addError(BAD_OFFSET);
  return NaN;
}

/**
 * Makes the current key, `ref` or 0 when there is none, a raw string of at least `len` bytes whose bytes can
 * be written. Returns its entry.
 */
export function growForBits(c: Client, ref: number, len: number): number {
  const { keyspace, arena } = c.server;
  const { strings } = keyspace;
  const { buf, off, len: lens } = c.argv;
  if (ref === 0) return strings.addZeros(c.db, buf, off[1], lens[1], len);
  return strings.grow(c.db, ref, Math.max(len, stringLen(arena, ref)));
}
