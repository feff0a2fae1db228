/**
 * Patterns of SORT's BY and GET: where the weight, or what is shown, of an element lies.
 *
 *     #                the element itself
 *     weight_*         the string at the key whose name has the element in place of the star
 *     object_*->price  the field of the hash at such a key
 *
 * The first star counts, and the first arrow behind it unless nothing follows it. A pattern without a star finds
 * nothing. Like Redis, which looks with C's functions, this looks for both only up to a zero byte.
 */
import { ascii, copyBytes, indexOfByte, type ReadonlyBytes } from "../base/bytes.ts";
import { objectType, TYPE_HASH, TYPE_STRING } from "../types/object.ts";
import { FIELD_LIVE } from "../types/t_hash.ts";
import { ByteRange, readString } from "../types/t_string.ts";
import type { Client } from "../server/client.ts";

const STAR = 0x2a;
const HASH_SIGN = 0x23;
const ARROW = ascii("->");
/** Longest name of a key for which the buffer is kept. */
const NAME_KEPT_MAX = 4096;

/** What `lookupByPattern` found, valid until the next lookup or change. */
export const found = new ByteRange();

let name = new Uint8Array(NAME_KEPT_MAX);

/** A pattern in an argument, taken apart. All offsets are in the request. */
export class SortPattern {
  isElement = false;
  hasStar = false;
  prefixOff = 0;
  prefixLen = 0;
  /** Between the star and the arrow, or the end. */
  suffixOff = 0;
  suffixLen = 0;
  /** The field, when it is not empty. */
  fieldOff = 0;
  fieldLen = 0;

  parse(buf: ReadonlyBytes, off: number, len: number): void {
    const end = off + len;
    const zero = indexOfByte(buf, 0, off, end);
    const visibleEnd = zero < 0 ? end : zero;
    const star = indexOfByte(buf, STAR, off, visibleEnd);
    this.isElement = visibleEnd - off === 1 && buf[off] === HASH_SIGN;
    this.hasStar = star >= 0;
    if (!this.hasStar) return;
    const arrow = findArrow(buf, star + 1, visibleEnd);
    const hasField = arrow >= 0 && arrow + 2 < visibleEnd;
    this.prefixOff = off;
    this.prefixLen = star - off;
    this.suffixOff = star + 1;
    this.suffixLen = (hasField ? arrow : end) - (star + 1);
    this.fieldOff = arrow + 2;
    this.fieldLen = hasField ? end - (arrow + 2) : 0;
  }
}

/** Offset of the first arrow, or -1. */
function findArrow(buf: ReadonlyBytes, from: number, to: number): number {
  for (let i = from; i + 1 < to; i++) {
    if (buf[i] === ARROW[0] && buf[i + 1] === ARROW[1]) return i;
  }
  return -1;
}

/** Makes `found` what a pattern of this request leads to for an element. False when there is nothing. */
export function lookupByPattern(
  c: Client,
  pattern: SortPattern,
  element: ReadonlyBytes,
  off: number,
  len: number,
): boolean {
  if (pattern.isElement) {
    found.set(element, off, len);
    return true;
  }
  if (!pattern.hasStar) return false;
  const { keyspace, arena } = c.server;
  const nameLen = makeName(c.argv.buf, pattern, element, off, len);
  const ref = keyspace.lookupKeyRead(c.db, name, 0, nameLen);
  if (ref === 0) return false;
  const type = objectType(arena, ref);
  if (pattern.fieldLen === 0) {
    if (type !== TYPE_STRING) return false;
    readString(arena, ref, found);
    return true;
  }
  if (type !== TYPE_HASH) return false;
  const { hashes } = keyspace.values;
  if (hashes.find(ref, c.argv.buf, pattern.fieldOff, pattern.fieldLen) !== FIELD_LIVE) return false;
  hashes.readFound(ref);
  found.set(hashes.value.buf, hashes.value.off, hashes.value.len);
  return true;
}

/** Puts the name of the key into `name`; returns its length. */
function makeName(
  buf: ReadonlyBytes,
  pattern: SortPattern,
  element: ReadonlyBytes,
  off: number,
  len: number,
): number {
  const { prefixLen, suffixLen } = pattern;
  const total = prefixLen + len + suffixLen;
  if (total > name.length) name = new Uint8Array(total);
  else if (name.length > NAME_KEPT_MAX && total <= NAME_KEPT_MAX) {
    name = new Uint8Array(NAME_KEPT_MAX);
  }
  copyBytes(name, 0, buf, pattern.prefixOff, prefixLen);
  copyBytes(name, prefixLen, element, off, len);
  copyBytes(name, prefixLen + len, buf, pattern.suffixOff, suffixLen);
  return total;
}
