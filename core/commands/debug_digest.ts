/**
 * DEBUG DIGEST: a fingerprint of a value or of all data, the same as Redis's for the same data.
 *
 * Two operations build it, over SHA-1. `xor` adds something whose order doesn't matter:
 * digest ^= sha1(data). `mix` adds something whose order does: after the same, digest = sha1(digest).
 *
 *     value    mix(type as a big-endian word), what it holds, then xor("!!expire!!") if it expires
 *     string   mix(it)
 *     list     for each element mix(it)
 *     set      for each member xor(it)
 *     zset     for each member xor of a digest of mix(it), mix(score as text)
 *     hash     for each field xor of a digest of mix(it), mix(its value), and xor("!!hexpire!!") if it expires
 *     stream   for each entry mix(its id, the numbers with a dot between), and for each of its fields mix(it),
 *              mix(its value)
 *     data     for each database with keys mix(its number), and for each key xor(mix(key) and its value)
 *
 * Keys and fields whose time is over but which are still there count, as in Redis.
 */
import { ascii, type ReadonlyBytes } from "../base/bytes.ts";
import { formatShortestDouble } from "../base/numbers.ts";
import { RefList } from "../base/ref_list.ts";
import { SHA1_BYTES, sha1Into } from "../base/sha1.ts";
import { formatStreamId, STREAM_ID_LEN_MAX, StreamId } from "../base/stream_id.ts";
import {
  NO_EXPIRY,
  objectExpiry,
  objectType,
  TYPE_HASH,
  TYPE_LIST,
  TYPE_SET,
  TYPE_STREAM,
  TYPE_STRING,
  TYPE_ZSET,
} from "../types/object.ts";
import type { Hashes } from "../types/t_hash.ts";
import type { Lists } from "../types/t_list.ts";
import type { Sets } from "../types/t_set.ts";
import type { Streams } from "../types/t_stream.ts";
import { ByteRange, readString } from "../types/t_string.ts";
import { ZsetCursor, type ZSets } from "../types/t_zset.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";

const EXPIRES = ascii("!!expire!!");
const FIELD_EXPIRES = ascii("!!hexpire!!");
/** Members of a set taken up at once. */
const SCAN_COUNT = 64;

const range = new ByteRange();
const hash = new Uint8Array(SHA1_BYTES);

/** A digest under way. */
class Digest {
  readonly bytes = new Uint8Array(SHA1_BYTES);

  xor(buf: ReadonlyBytes, off: number, len: number): void {
    sha1Into(hash, buf, off, len);
    for (let i = 0; i < SHA1_BYTES; i++) this.bytes[i] ^= hash[i];
  }

  mix(buf: ReadonlyBytes, off: number, len: number): void {
    this.xor(buf, off, len);
    sha1Into(this.bytes, this.bytes, 0, SHA1_BYTES);
  }

  /** Mixes a number as a big-endian word. */
  mixWord(value: number): void {
    this.mix(Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value), 0, 4);
  }

  toHex(): string {
    return Array.from(this.bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }
}

/** The digest of one entry's value, as hex; of no entry (0), zeros. */
export function digestOfValue(keyspace: Keyspace, ref: number): string {
  const digest = new Digest();
  if (ref !== 0) addValue(digest, keyspace, ref);
  return digest.toHex();
}

/** The digest of all databases, as hex. */
export function digestOfAll(keyspace: Keyspace): string {
  const sum = new Digest();
  const refs = new RefList();
  for (const db of keyspace.dbs) {
    if (db.keys.count === 0) continue;
    sum.mixWord(db.id);
    let cursor = 0;
    do {
      refs.clear();
      cursor = db.keys.scan(cursor, refs);
      for (let i = 0; i < refs.length; i++) {
        const digest = new Digest();
        keyspace.readKey(refs.refs[i], range);
        digest.mix(range.buf, range.off, range.len);
        addValue(digest, keyspace, refs.refs[i]);
        sum.xor(digest.bytes, 0, SHA1_BYTES);
      }
    } while (cursor !== 0);
  }
  return sum.toHex();
}

function addValue(digest: Digest, keyspace: Keyspace, ref: number): void {
  const { arena } = keyspace;
  const type = objectType(arena, ref);
  digest.mixWord(type);
  if (type === TYPE_STRING) {
    readString(arena, ref, range);
    digest.mix(range.buf, range.off, range.len);
  } else if (type === TYPE_LIST) addList(digest, keyspace.values.lists, ref);
  else if (type === TYPE_SET) addSet(digest, keyspace.values.sets, ref);
  else if (type === TYPE_ZSET) addZset(digest, keyspace.values.zsets, ref);
  else if (type === TYPE_HASH) addHash(digest, keyspace.values.hashes, ref);
  else if (type === TYPE_STREAM) addStream(digest, keyspace.values.streams, ref);
  if (objectExpiry(arena, ref) !== NO_EXPIRY) digest.xor(EXPIRES, 0, EXPIRES.length);
}

function addList(digest: Digest, lists: Lists, ref: number): void {
  for (lists.begin(ref); lists.next();) {
    digest.mix(lists.value.buf, lists.value.off, lists.value.len);
  }
}

function addSet(digest: Digest, sets: Sets, ref: number): void {
  const { scan } = sets;
  const { scanned } = scan;
  let cursor = 0;
  do {
    cursor = scan.beginScan(ref, cursor, SCAN_COUNT);
    while (scan.nextScanned()) digest.xor(scanned.buf, scanned.off, scanned.len);
  } while (cursor !== 0);
}

function addZset(digest: Digest, zsets: ZSets, ref: number): void {
  const cursor = new ZsetCursor();
  for (zsets.seekFirst(ref, cursor); cursor.at !== 0; zsets.next(cursor)) {
    zsets.read(cursor);
    const pair = new Digest();
    pair.mix(cursor.buf, cursor.off, cursor.len);
    const score = ascii(formatShortestDouble(cursor.score));
    pair.mix(score, 0, score.length);
    digest.xor(pair.bytes, 0, SHA1_BYTES);
  }
}

function addHash(digest: Digest, hashes: Hashes, ref: number): void {
  const { walk } = hashes;
  walk.start(ref, true);
  while (walk.next()) {
    const pair = new Digest();
    pair.mix(walk.field.buf, walk.field.off, walk.field.len);
    pair.mix(walk.value.buf, walk.value.off, walk.value.len);
    if (walk.expiry !== NO_EXPIRY) pair.xor(FIELD_EXPIRES, 0, FIELD_EXPIRES.length);
    digest.xor(pair.bytes, 0, SHA1_BYTES);
  }
}

function addStream(digest: Digest, streams: Streams, ref: number): void {
  const { cursor } = streams;
  const end = new StreamId();
  end.setMax();
  const text = new Uint8Array(STREAM_ID_LEN_MAX);
  cursor.begin(streams.root(ref), new StreamId(), end, false);
  while (cursor.next()) {
    const len = formatStreamId(text, 0, cursor.id);
    text[text.indexOf(0x2d)] = 0x2e; // A dot in place of the dash.
    digest.mix(text, 0, len);
    for (let i = cursor.numFields; i > 0; i--) {
      cursor.nextField();
      cursor.field.toText();
      cursor.value.toText();
      digest.mix(cursor.field.buf, cursor.field.off, cursor.field.len);
      digest.mix(cursor.value.buf, cursor.value.off, cursor.value.len);
    }
  }
}
