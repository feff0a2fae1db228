/**
 * KeyStrings: the changes to keys that hold strings.
 *
 * They follow the keyspace's rules (keyspace.ts): called right after the lookup of the same key, memory first,
 * changes afterwards, and they return the entry's ref, which may have moved.
 */
import type { ReadonlyBytes } from "../base/bytes.ts";
import { Arena, ARENA_FULL, refOffset } from "../memory/arena.ts";
import { ENTRY_HAS_EXPIRY, entryKeyLen, entryMeta } from "../structures/entry.ts";
import {
  bodyOff,
  bodyOffFor,
  bodyWord,
  ENC_EMBSTR,
  ENC_INT,
  ENC_RAW,
  ENC_RAW_INLINE,
  makeMeta,
  META_ACCESS_SHIFT,
  newEntry,
  NO_EXPIRY,
  objectEncoding,
  objectExpiry,
  setBodyWord,
  TYPE_STRING,
  withEncoding,
} from "../types/object.ts";
import {
  ByteRange,
  INLINE_LEN_MAX,
  readString,
  storeBigIntBody,
  storeIntBody,
  storeStringBody,
  STRING_LEN_MAX,
  stringBodyBytes,
  stringEncodingFor,
  textEncodingFor,
} from "../types/t_string.ts";
import type { Db } from "./db.ts";
import type { Keyspace } from "./keyspace.ts";

/** Growth of a raw string's block is doubled up to this much, then this much is added (as sds). */
const PREALLOC_MAX_BYTES = 1 << 20;

export class KeyStrings {
  private readonly keyspace: Keyspace;
  private readonly arena: Arena;
  private readonly range = new ByteRange();

  constructor(keyspace: Keyspace) {
    this.keyspace = keyspace;
    this.arena = keyspace.arena;
  }

  /**
   * Makes the current key hold a string. `ref` is its entry or 0; `expireAt` is in unix ms or NO_EXPIRY.
   */
  set(
    db: Db,
    ref: number,
    key: ReadonlyBytes,
    keyOff: number,
    keyLen: number,
    val: ReadonlyBytes,
    valOff: number,
    valLen: number,
    expireAt: number,
  ): number {
    const encoding = stringEncodingFor(val, valOff, valLen);
    if (ref !== 0 && expireAt === NO_EXPIRY && this.overwrite(ref, encoding, val, valOff, valLen)) {
      return ref;
    }
    return this.store(db, ref, key, keyOff, keyLen, val, valOff, valLen, expireAt, encoding);
  }

  /** An entry with a string that no dict knows yet: for the keyspace's `publish` or `discard`. */
  detachedString(
    key: ReadonlyBytes,
    keyOff: number,
    keyLen: number,
    val: ReadonlyBytes,
    valOff: number,
    valLen: number,
    expireAt: number,
  ): number {
    const { arena } = this;
    const encoding = stringEncodingFor(val, valOff, valLen);
    const block = encoding === ENC_RAW ? arena.alloc(valLen) : 0;
    const made = this.newString(key, keyOff, keyLen, encoding, valLen, block, expireAt);
    const at = bodyOff(arena, made);
    storeStringBody(arena, made, at, encoding, block, val, valOff, valLen);
    return made;
  }

  /** Makes the current key hold a string that is no integer even if it looks like one. Keeps the expiry. */
  setText(
    db: Db,
    ref: number,
    key: ReadonlyBytes,
    keyOff: number,
    keyLen: number,
    val: ReadonlyBytes,
    valOff: number,
    valLen: number,
  ): number {
    const expireAt = ref === 0 ? NO_EXPIRY : objectExpiry(this.arena, ref);
    const encoding = textEncodingFor(valLen);
    return this.store(db, ref, key, keyOff, keyLen, val, valOff, valLen, expireAt, encoding);
  }

  /** Makes the current key, which doesn't exist, hold `len` zeros, to be changed through `write`. */
  addZeros(db: Db, key: ReadonlyBytes, keyOff: number, keyLen: number, len: number): number {
    const { arena } = this;
    const made = this.detached(key, keyOff, keyLen, len);
    if (objectEncoding(arena, made) === ENC_RAW) arena.fill(bodyWord(arena, made, 0), 0, len, 0);
    else arena.fill(made, bodyOff(arena, made) + 4, len, 0);
    this.keyspace.publish(db, 0, made);
    return made;
  }

  /**
   * An entry that nobody knows, for a key whose string is raw and `len` bytes long, its bytes undefined. They are
   * set through `write`; then the keyspace publishes or discards the entry.
   */
  detached(key: ReadonlyBytes, keyOff: number, keyLen: number, len: number): number {
    const { arena } = this;
    const encoding = len <= INLINE_LEN_MAX ? ENC_RAW_INLINE : ENC_RAW;
    const block = encoding === ENC_RAW ? arena.alloc(len) : 0;
    const made = this.newString(key, keyOff, keyLen, encoding, len, block, NO_EXPIRY);
    const at = bodyOff(arena, made);
    if (block === 0) arena.storeI32(made, at, len);
    else {
      arena.storeI32(made, at, block);
      arena.storeI32(made, at + 4, len);
    }
    return made;
  }

  /** Makes the current key hold an integer (a safe one, or any 64-bit one as BigInt), keeping its expiry. */
  setInteger(
    db: Db,
    ref: number,
    key: ReadonlyBytes,
    keyOff: number,
    keyLen: number,
    value: number | bigint,
  ): number {
    const arena = this.arena;
    let target = ref;
    if (ref === 0 || objectEncoding(arena, ref) !== ENC_INT) {
      const expireAt = ref === 0 ? NO_EXPIRY : objectExpiry(arena, ref);
      const access = this.keyspace.accessFor(ref);
      target = this.keyspace.place(db, ref, key, keyOff, keyLen, 8, expireAt, 0);
      const meta = makeMeta(TYPE_STRING, ENC_INT, access);
      arena.storeI32(target, 0, meta | (expireAt === NO_EXPIRY ? 0 : ENTRY_HAS_EXPIRY));
    }
    const at = bodyOff(arena, target);
    if (typeof value === "number") storeIntBody(arena, target, at, value);
    else storeBigIntBody(arena, target, at, value);
    return target;
  }

  /**
   * Makes the current key's string raw and `len` bytes long, no less than it is: what it had in front,
   * zeros behind, and with room to grow further: if it moves to a block of its own, that is for `room` bytes. The
   * bytes are then changed through `write`.
   */
  grow(db: Db, ref: number, len: number, room = grownBytes(len)): number {
    const arena = this.arena;
    const encoding = objectEncoding(arena, ref);
    readString(arena, ref, this.range);
    const old = this.range.len;
    if (encoding === ENC_RAW) {
      this.growRawBlock(ref, old, len, room);
      return ref;
    }
    const at = bodyOff(arena, ref);
    if (len > INLINE_LEN_MAX) {
      const block = this.allocToGrow(len, room);
      arena.copyIn(block, 0, this.range.buf, this.range.off, old);
      arena.fill(block, old, len - old, 0);
      const target = this.shrinkToRef(db, ref, at, block);
      arena.storeI32(target, at, block);
      arena.storeI32(target, at + 4, len);
      arena.storeI32(target, 0, withEncoding(entryMeta(arena, target), ENC_RAW));
      return target;
    }
    const bytes = at + 4 + len;
    const keep = encoding === ENC_INT ? at : at + 4 + old;
    const target = bytes <= arena.usable(ref) ? ref : this.keyspace.moveEntry(db, ref, keep, bytes);
    if (encoding === ENC_INT) arena.copyIn(target, at + 4, this.range.buf, this.range.off, old);
    if (len > old) arena.fill(target, at + 4 + old, len - old, 0);
    arena.storeI32(target, at, len);
    arena.storeI32(target, 0, withEncoding(entryMeta(arena, target), ENC_RAW_INLINE));
    return target;
  }

  /** Writes into the string of an entry that `grow` prepared. */
  write(ref: number, at: number, buf: ReadonlyBytes, off: number, len: number): void {
    const arena = this.arena;
    if (objectEncoding(arena, ref) === ENC_RAW) {
      arena.copyIn(bodyWord(arena, ref, 0), at, buf, off, len);
    } else {
      arena.copyIn(ref, bodyOff(arena, ref) + 4 + at, buf, off, len);
    }
  }

  /** Cuts the string of an entry that `grow` prepared. The room stays. */
  truncate(ref: number, len: number): void {
    const { arena } = this;
    setBodyWord(arena, ref, objectEncoding(arena, ref) === ENC_RAW ? 1 : 0, len);
  }

  private growRawBlock(ref: number, old: number, len: number, room: number): void {
    const arena = this.arena;
    let block = bodyWord(arena, ref, 0);
    const at = bodyOff(arena, ref);
    if (len > arena.usable(block)) {
      block = this.reallocToGrow(block, len, room);
      arena.storeI32(ref, at, block);
    }
    if (len > old) {
      arena.fill(block, old, len - old, 0);
      arena.storeI32(ref, at + 4, len);
    }
  }

  /** An entry for a string of `len` bytes, its body undefined. `block` is freed if memory runs out. */
  private newString(
    key: ReadonlyBytes,
    keyOff: number,
    keyLen: number,
    encoding: number,
    len: number,
    block: number,
    expireAt: number,
  ): number {
    const meta = makeMeta(TYPE_STRING, encoding, this.keyspace.access.initial());
    const bytes = stringBodyBytes(encoding, len);
    try {
      return newEntry(this.arena, key, keyOff, keyLen, bytes, meta, expireAt);
    } catch (error) {
      if (block !== 0) this.arena.free(block);
      throw error;
    }
  }

  /** A block of `len` bytes with room to grow, or without when memory is short. */
  private allocToGrow(len: number, room: number): number {
    try {
      return this.arena.alloc(room);
    } catch (error) {
      if (error !== ARENA_FULL) throw error;
      return this.arena.alloc(len);
    }
  }

  private reallocToGrow(block: number, len: number, room: number): number {
    try {
      return this.arena.realloc(block, room);
    } catch (error) {
      if (error !== ARENA_FULL) throw error;
      return this.arena.realloc(block, len);
    }
  }

  /** Cuts the current key's entry to a body of 8 bytes. `block` is freed if memory runs out. */
  private shrinkToRef(db: Db, ref: number, at: number, block: number): number {
    const arena = this.arena;
    if (Arena.blockBytes(at + 8) === arena.usable(ref)) return ref;
    try {
      return this.keyspace.moveEntry(db, ref, at, at + 8);
    } catch (error) {
      arena.free(block);
      throw error;
    }
  }

  /**
   * The common case of storing over a string: same encoding, same length, no expiry before or after. Only
   * the bytes change. Returns false, having done nothing, in every other case.
   */
  private overwrite(
    ref: number,
    encoding: number,
    val: ReadonlyBytes,
    valOff: number,
    valLen: number,
  ): boolean {
    const arena = this.arena;
    const kind = entryMeta(arena, ref) & ((1 << META_ACCESS_SHIFT) - 1);
    if (kind !== makeMeta(TYPE_STRING, encoding, 0)) return false;
    if (encoding !== ENC_EMBSTR && encoding !== ENC_RAW_INLINE) return false;
    const at = bodyOffFor(entryKeyLen(arena, ref), false);
    if (arena.i32[ref >>> 27][refOffset(ref) + at >> 2] !== valLen) return false;
    arena.copyIn(ref, at + 4, val, valOff, valLen);
    return true;
  }

  /** Stores the current key's string in a given encoding. */
  private store(
    db: Db,
    ref: number,
    key: ReadonlyBytes,
    keyOff: number,
    keyLen: number,
    val: ReadonlyBytes,
    valOff: number,
    valLen: number,
    expireAt: number,
    encoding: number,
  ): number {
    const arena = this.arena;
    const access = this.keyspace.accessFor(ref);
    const at = bodyOffFor(keyLen, expireAt !== NO_EXPIRY);
    const bytes = stringBodyBytes(encoding, valLen);
    const block = encoding === ENC_RAW ? arena.alloc(valLen) : 0;
    const target = this.keyspace.place(db, ref, key, keyOff, keyLen, bytes, expireAt, block);
    const meta = makeMeta(TYPE_STRING, encoding, access);
    arena.storeI32(target, 0, meta | (expireAt === NO_EXPIRY ? 0 : ENTRY_HAS_EXPIRY));
    storeStringBody(arena, target, at, encoding, block, val, valOff, valLen);
    return target;
  }
}

/** Bytes to allocate for a string of `len` bytes that is likely to grow. */
function grownBytes(len: number): number {
  return Math.min(len + Math.min(len, PREALLOC_MAX_BYTES), STRING_LEN_MAX);
}
