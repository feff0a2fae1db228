/**
 * Object: what an entry says about the value it holds.
 *
 * Every key of a database is one entry (structures/entry.ts): head, key, body. The meta word of its head:
 *
 *     31                          8  7  6     3  2   0
 *     +----------------------------+---+-------+------+
 *     |  access: LRU or LFU        | x |  enc  | type |     x: an expiry precedes the key
 *     +----------------------------+---+-------+------+
 *
 * The body of a string holds the value itself while it is small, otherwise a ref to its block and its length.
 * That of a collection is two words, refs of what its type keeps, so an entry stays where it is while its value
 * changes. Some encodings come in more forms than OBJECT ENCODING shows, because where a value lies is
 * Larder's own business: an inline raw string is still "raw" to a client.
 */
import type { ReadonlyBytes } from "../base/bytes.ts";
import { type Arena, REF_OFFSET_MASK } from "../memory/arena.ts";
import {
  ENTRY_HAS_EXPIRY,
  ENTRY_HEAD_BYTES,
  entryBodyOff,
  entryKeyLen,
  entryKeyOff,
  entryMeta,
} from "../structures/entry.ts";

/** Types, numbered as in Redis. */
export const TYPE_STRING = 0;
export const TYPE_LIST = 1;
export const TYPE_SET = 2;
export const TYPE_ZSET = 3;
export const TYPE_HASH = 4;
export const TYPE_STREAM = 6;

/** Names of the types as TYPE prints them, by number. */
export const TYPE_NAMES: readonly string[] = [
  "string",
  "list",
  "set",
  "zset",
  "hash",
  "module",
  "stream",
];

/** A string in a block of its own: the body is its ref and its length. */
export const ENC_RAW = 0;
/** An integer: the body is its low and its high word. */
export const ENC_INT = 1;
/** A short string: the body is its length and its bytes. */
export const ENC_EMBSTR = 2;
/** A string that was changed in place or is too long for embstr, yet short enough to lie inline. */
export const ENC_RAW_INLINE = 3;
/** A small list, hash, set or sorted set. */
export const ENC_LISTPACK = 4;
/** A set of integers. */
export const ENC_INTSET = 5;
export const ENC_QUICKLIST = 6;
/** A large hash or set: a dict. */
export const ENC_HASHTABLE = 7;
/** A large sorted set: a skiplist, and a dict over the same entries. */
export const ENC_SKIPLIST = 8;
export const ENC_STREAM = 9;
/** A small hash some of whose fields expire. */
export const ENC_LISTPACK_EX = 10;
/** A large hash some of whose fields expire; to clients a hashtable as any other. */
export const ENC_HASHTABLE_EX = 11;

/** Names of the encodings as OBJECT ENCODING prints them, by number. */
export const ENCODING_NAMES: readonly string[] = [
  "raw",
  "int",
  "embstr",
  "raw",
  "listpack",
  "intset",
  "quicklist",
  "hashtable",
  "skiplist",
  "stream",
  "listpackex",
  "hashtable",
];

/** Bytes of the body of anything but a string: two words, whose meaning is the type's business. */
export const COLLECTION_BODY_BYTES = 8;

const META_TYPE_MASK = 7;
const META_ENC_SHIFT = 3;
const META_ENC_MASK = 15;
/** Shift of the 24 access bits. */
export const META_ACCESS_SHIFT = 8;
/** No expiry, where a function takes or returns one. */
export const NO_EXPIRY = -1;

/** A meta word without an expiry bit. `access` has 24 bits. */
export function makeMeta(type: number, encoding: number, access: number): number {
  return type | encoding << META_ENC_SHIFT | access << META_ACCESS_SHIFT;
}

/**
 * An entry that no dict knows: head and key, and a body of `bodyBytes` whose bytes are undefined. `expireAt` is in unix
 * ms or NO_EXPIRY, `meta` as `makeMeta` makes it. Throws ARENA_FULL.
 */
export function newEntry(
  arena: Arena,
  key: ReadonlyBytes,
  off: number,
  len: number,
  bodyBytes: number,
  meta: number,
  expireAt: number,
): number {
  const has = expireAt !== NO_EXPIRY;
  const made = arena.alloc(bodyOffFor(len, has) + bodyBytes);
  arena.storeI32(made, 0, has ? meta | ENTRY_HAS_EXPIRY : meta);
  arena.storeI32(made, 4, len);
  if (has) arena.storeF64(made, 8, expireAt);
  arena.copyIn(made, has ? ENTRY_HEAD_BYTES + 8 : ENTRY_HEAD_BYTES, key, off, len);
  return made;
}

/** Type of an entry's value. */
export function objectType(arena: Arena, ref: number): number {
  return entryMeta(arena, ref) & META_TYPE_MASK;
}

/** Encoding of an entry's value. */
export function objectEncoding(arena: Arena, ref: number): number {
  return metaEncoding(entryMeta(arena, ref));
}

/** Type in a meta word. */
export function metaType(meta: number): number {
  return meta & META_TYPE_MASK;
}

/** Encoding in a meta word. */
export function metaEncoding(meta: number): number {
  return (meta >>> META_ENC_SHIFT) & META_ENC_MASK;
}

/** The meta word with another encoding. */
export function withEncoding(meta: number, encoding: number): number {
  return meta & ~(META_ENC_MASK << META_ENC_SHIFT) | encoding << META_ENC_SHIFT;
}

/** Stores the encoding of an entry's value. */
export function setEncoding(arena: Arena, ref: number, encoding: number): void {
  arena.storeI32(ref, 0, withEncoding(entryMeta(arena, ref), encoding));
}

/** The 24 access bits. */
export function objectAccess(arena: Arena, ref: number): number {
  return entryMeta(arena, ref) >>> META_ACCESS_SHIFT;
}

/** Stores the 24 access bits. */
export function setObjectAccess(arena: Arena, ref: number, access: number): void {
  const low = entryMeta(arena, ref) & ((1 << META_ACCESS_SHIFT) - 1);
  arena.storeI32(ref, 0, low | access << META_ACCESS_SHIFT);
}

/** Expiry in unix ms, or NO_EXPIRY. */
export function objectExpiry(arena: Arena, ref: number): number {
  if ((entryMeta(arena, ref) & ENTRY_HAS_EXPIRY) === 0) return NO_EXPIRY;
  return arena.f64[ref >>> 27][(ref & REF_OFFSET_MASK) + 1];
}

/** Offset of the body in the entry's block. */
export function bodyOff(arena: Arena, ref: number): number {
  return entryBodyOff(entryKeyOff(entryMeta(arena, ref)), entryKeyLen(arena, ref));
}

/** Offset the body will have behind a key of `keyLen` bytes, with or without an expiry. */
export function bodyOffFor(keyLen: number, hasExpiry: boolean): number {
  return entryBodyOff(ENTRY_HEAD_BYTES + (hasExpiry ? 8 : 0), keyLen);
}

/** A word of the body. */
export function bodyWord(arena: Arena, ref: number, index: number): number {
  const base = (ref & REF_OFFSET_MASK) << 1;
  return arena.i32[ref >>> 27][base + (bodyOff(arena, ref) >> 2) + index];
}

/** Stores a word of the body. */
export function setBodyWord(arena: Arena, ref: number, index: number, value: number): void {
  arena.storeI32(ref, bodyOff(arena, ref) + (index << 2), value);
}
