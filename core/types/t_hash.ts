/**
 * Hashes: fields with values, some of which may expire on their own.
 *
 *     encoding      body word 0                   for
 *     listpack      ref of a listpack             up to hash-max-listpack-entries fields, no text longer than
 *                                                 hash-max-listpack-value
 *     listpackex    ref of a listpack             the same, some of whose fields expire
 *     hashtable     root of a dict                all others; its entries are fields (hash_field.ts)
 *     hashtable,    ref of two words: roots of    all others, some of whose fields expire; to clients a
 *       expiring    a dict and a heap             hashtable as any other
 *
 * Word 1 belongs to the keyspace: the place of an expiring hash among those of its database (0: none). An empty
 * hash that was just made has no listpack yet (0): the first field is about to come.
 *
 * A hash never goes back to a smaller encoding, nor from an expiring one to the plain: so does Redis, and OBJECT
 * ENCODING shows it. hash_listpack.ts is the small form, hash_table.ts the large.
 *
 * Expired fields. A field whose time is over is there until someone removes it: the command that asks for it, or
 * the active cycle. `find` tells the difference; walks leave such fields out; `length` counts them, as HLEN does.
 *
 * Current field. `find` leaves where it found the field; `readFound`, `foundExpiry`, `deleteFound` and others
 * rely on that, so they are called with no other change or search between.
 *
 * Memory. What adds or changes a field throws ArenaFull and leaves the hash as it was.
 */
import { assert } from "../base/assert.ts";
import type { ReadonlyBytes } from "../base/bytes.ts";
import { parseBigInt64, parseInteger } from "../base/numbers.ts";
import type { Arena } from "../memory/arena.ts";
import type { Dict } from "../structures/dict.ts";
import {
  lpDup,
  lpFirst,
  lpGet,
  lpInteger,
  lpNext,
  lpSafeToAdd,
  lpValidateIntegrity,
} from "../structures/listpack.ts";
import { ListpackValue } from "../structures/listpack_entry.ts";
import { fieldValue, type FieldVisitor } from "./hash_field.ts";
import {
  hlpAppend,
  hlpCount,
  hlpCreate,
  hlpDelete,
  hlpDeleteFirst,
  hlpExpiredCount,
  hlpExpiry,
  hlpFind,
  hlpNextExpiry,
  hlpSetExpiry,
  hlpSetValue,
  hlpTriples,
  hlpVisitFirst,
  PAIR,
  TRIPLE,
} from "./hash_listpack.ts";
import { HashTables } from "./hash_table.ts";
import { HashWalk } from "./hash_walk.ts";
import {
  bodyWord,
  ENC_HASHTABLE,
  ENC_HASHTABLE_EX,
  ENC_LISTPACK,
  ENC_LISTPACK_EX,
  NO_EXPIRY,
  objectEncoding,
  setBodyWord,
  setEncoding,
} from "./object.ts";
import { ByteRange } from "./t_string.ts";
import type { TypeContext } from "./type_context.ts";
import type { CollectionType } from "./values.ts";

// What `find` answers.
export const FIELD_NONE = 0;
export const FIELD_LIVE = 1;
/** It is there, but its time is over. */
export const FIELD_EXPIRED = 2;

export class Hashes implements CollectionType {
  /** The value that `readFound` read, good until the next change. */
  readonly value = new ByteRange();
  readonly walk: HashWalk;

  private readonly context: TypeContext;
  private readonly arena: Arena;
  private readonly tables: HashTables;
  private readonly element = new ListpackValue();
  /** Where `find` found the field: offset in the listpack or ref of the dict's entry. */
  private found = 0;

  constructor(context: TypeContext) {
    this.context = context;
    this.arena = context.arena;
    this.tables = new HashTables(context);
    this.walk = new HashWalk(context, this.tables);
  }

  // The whole.

  init(ref: number): void {
    setEncoding(this.arena, ref, ENC_LISTPACK);
  }

  free(ref: number): void {
    const word = bodyWord(this.arena, ref, 0);
    if (word === 0) return;
    if (!this.bindTable(ref)) this.arena.free(word);
    else this.tables.free(word);
  }

  freeSome(ref: number, budget: number): boolean {
    const word = bodyWord(this.arena, ref, 0);
    if (word === 0) return false;
    if (!this.bindTable(ref)) this.arena.free(word);
    else if (this.tables.freeSome(word, budget)) return true;
    setBodyWord(this.arena, ref, 0, 0);
    return false;
  }

  copy(from: number, to: number): void {
    const { arena } = this;
    const word = bodyWord(arena, from, 0);
    let copied = 0;
    if (this.bindTable(from)) copied = this.tables.copy();
    else if (word !== 0) copied = lpDup(arena, word);
    setBodyWord(arena, to, 0, copied);
    setEncoding(arena, to, objectEncoding(arena, from));
  }

  /** Number of fields, those included whose time is over and which nobody has removed yet. */
  length(ref: number): number {
    if (this.bindTable(ref)) return this.tables.dict.count;
    return hlpCount(this.arena, bodyWord(this.arena, ref, 0), strideOf(this.arena, ref));
  }

  bytes(ref: number, samples: number): number {
    const word = bodyWord(this.arena, ref, 0);
    if (this.bindTable(ref)) return this.tables.bytes(samples);
    return word === 0 ? 0 : this.arena.usable(word);
  }

  validateIntegrity(ref: number): void {
    if (this.bindTable(ref)) {
      this.tables.validateIntegrity();
      return;
    }
    const { arena, element } = this;
    const lp = bodyWord(arena, ref, 0);
    if (lp === 0) return;
    lpValidateIntegrity(arena, lp);
    const stride = strideOf(arena, ref);
    assert(Number.isInteger(hlpCount(arena, lp, stride)), "every field has a value");
    let last = 0;
    for (let at = lpFirst(arena, lp); at !== 0;) {
      lpGet(arena, lp, at, element);
      element.toText();
      const first = hlpFind(arena, lp, stride, element.buf, element.off, element.len);
      assert(first === at, "a field is there once");
      at = lpNext(arena, lp, lpNext(arena, lp, at));
      if (stride === PAIR) continue;
      const expireAt = lpInteger(arena, lp, at);
      assert(
        expireAt === 0 || expireAt >= last && last < Infinity,
        "who expires sooner stands before",
      );
      last = expireAt === 0 ? Infinity : expireAt;
      at = lpNext(arena, lp, at);
    }
  }

  /** The dict of a hash that is a hashtable, good until another hash is looked at; otherwise null. */
  tableOf(ref: number): Dict | null {
    return this.bindTable(ref) ? this.tables.dict : null;
  }

  // Fields.

  /** Looks for a field: FIELD_NONE, FIELD_LIVE or FIELD_EXPIRED. */
  find(ref: number, buf: ReadonlyBytes, off: number, len: number): number {
    const { arena } = this;
    const encoding = objectEncoding(arena, ref);
    if (encoding === ENC_LISTPACK) {
      this.found = hlpFind(arena, bodyWord(arena, ref, 0), PAIR, buf, off, len);
      return this.found === 0 ? FIELD_NONE : FIELD_LIVE;
    }
    if (encoding === ENC_LISTPACK_EX) {
      this.found = hlpFind(arena, bodyWord(arena, ref, 0), TRIPLE, buf, off, len);
    } else {
      this.tables.bind(bodyWord(arena, ref, 0), encoding === ENC_HASHTABLE_EX);
      this.found = this.tables.find(buf, off, len);
      if (encoding === ENC_HASHTABLE) return this.found === 0 ? FIELD_NONE : FIELD_LIVE;
    }
    if (this.found === 0) return FIELD_NONE;
    const expireAt = this.foundExpiry(ref);
    return expireAt === NO_EXPIRY || expireAt >= this.context.expiryMs ? FIELD_LIVE : FIELD_EXPIRED;
  }

  /** Reads the found field's value into `value`. */
  readFound(ref: number): void {
    const { arena, element, value } = this;
    if (isTable(objectEncoding(arena, ref))) {
      fieldValue(arena, this.found, value);
      return;
    }
    const lp = bodyWord(arena, ref, 0);
    lpGet(arena, lp, lpNext(arena, lp, this.found), element);
    element.toText();
    value.set(element.buf, element.off, element.len);
  }

  /** The found field's value as `parseInteger` reads it: NaN when it is no integer, BIG beyond 2^53. */
  foundInteger(ref: number): number {
    const { arena, value } = this;
    if (!isTable(objectEncoding(arena, ref))) {
      const lp = bodyWord(arena, ref, 0);
      const integer = lpInteger(arena, lp, lpNext(arena, lp, this.found));
      if (!Number.isNaN(integer)) return integer;
    }
    this.readFound(ref);
    return parseInteger(value.buf, value.off, value.len);
  }

  /** The found field's value as a 64-bit integer, for when `foundInteger` said BIG. */
  foundBigInt(ref: number): bigint {
    this.readFound(ref);
    return parseBigInt64(this.value.buf, this.value.off, this.value.len);
  }

  /** When the found field expires, in unix ms, or NO_EXPIRY. */
  foundExpiry(ref: number): number {
    const { arena } = this;
    switch (objectEncoding(arena, ref)) {
      case ENC_LISTPACK_EX: {
        const expireAt = hlpExpiry(arena, bodyWord(arena, ref, 0), this.found);
        return expireAt === 0 ? NO_EXPIRY : expireAt;
      }
      case ENC_HASHTABLE_EX:
        return this.tables.expiry(this.found);
      default:
        return NO_EXPIRY;
    }
  }

  /**
   * Gets ready for the fields and values at places [from, to) of the arrays, by turns: what can't remain small is
   * converted before the first of them comes, and a hash that is new gets a block for them all. Throws ArenaFull.
   */
  prepare(
    ref: number,
    buf: ReadonlyBytes,
    offs: Int32Array,
    lens: Int32Array,
    from: number,
    to: number,
  ): void {
    const { arena } = this;
    const { hashMaxListpackEntries, hashMaxListpackValue } = this.context.limits;
    if (isTable(objectEncoding(arena, ref))) return;
    let fits = (to - from) >> 1 <= hashMaxListpackEntries;
    let sum = 0;
    for (let i = from; fits && i < to; i++) {
      fits = lens[i] <= hashMaxListpackValue;
      sum += lens[i];
    }
    if (!fits || !isSafeToAdd(arena, ref, sum)) this.convert(ref);
    else if (bodyWord(arena, ref, 0) === 0) {
      setBodyWord(arena, ref, 0, hlpCreate(arena, buf, offs, lens, from, to));
    }
  }

  /** Gets ready for so many fields: what can't remain small is converted. Throws ArenaFull. */
  prepareCount(ref: number, count: number): void {
    if (isTable(objectEncoding(this.arena, ref))) return;
    if (count > this.context.limits.hashMaxListpackEntries) this.convert(ref);
  }

  /** Gives a field a value; it then doesn't expire. Returns whether it is new. Throws ArenaFull. */
  set(
    ref: number,
    buf: ReadonlyBytes,
    off: number,
    len: number,
    val: ReadonlyBytes,
    valOff: number,
    valLen: number,
  ): boolean {
    return this.put(ref, buf, off, len, val, valOff, valLen, false);
  }

  /** The same, but a field that is there expires as before. */
  setKeepingExpiry(
    ref: number,
    buf: ReadonlyBytes,
    off: number,
    len: number,
    val: ReadonlyBytes,
    valOff: number,
    valLen: number,
  ): boolean {
    return this.put(ref, buf, off, len, val, valOff, valLen, true);
  }

  /** Removes the found field. */
  deleteFound(ref: number): void {
    const { arena, found } = this;
    if (isTable(objectEncoding(arena, ref))) this.tables.removeFound(found);
    else {
      const lp = bodyWord(arena, ref, 0);
      setBodyWord(arena, ref, 0, hlpDelete(arena, lp, strideOf(arena, ref), found));
    }
  }

  // Expiry.

  /** Makes a hash one whose fields may expire. Throws ArenaFull. */
  makeExpiring(ref: number): void {
    const { arena } = this;
    const word = bodyWord(arena, ref, 0);
    const encoding = objectEncoding(arena, ref);
    if (encoding === ENC_LISTPACK) {
      setBodyWord(arena, ref, 0, hlpTriples(arena, word));
      if (word !== 0) arena.free(word);
      setEncoding(arena, ref, ENC_LISTPACK_EX);
    } else if (encoding === ENC_HASHTABLE) {
      this.tables.bind(word, false);
      setBodyWord(arena, ref, 0, this.tables.addHeap());
      setEncoding(arena, ref, ENC_HASHTABLE_EX);
    }
  }

  /** Makes the found field of an expiring hash expire at a unix time in ms, or with NO_EXPIRY never. */
  setFoundExpiry(ref: number, expireAt: number): void {
    const { arena, found } = this;
    if (objectEncoding(arena, ref) === ENC_LISTPACK_EX) {
      const lp = bodyWord(arena, ref, 0);
      const stored = expireAt === NO_EXPIRY ? 0 : expireAt;
      setBodyWord(arena, ref, 0, hlpSetExpiry(arena, lp, found, stored));
    } else if (expireAt === NO_EXPIRY) this.tables.clearExpiry(found);
    else this.tables.setFoundExpiry(found, expireAt);
  }

  /** When the next field expires, or the first of those whose time is over has; Infinity when none does. */
  nextExpiry(ref: number): number {
    const { arena } = this;
    const encoding = objectEncoding(arena, ref);
    if (encoding === ENC_LISTPACK_EX) return hlpNextExpiry(arena, bodyWord(arena, ref, 0));
    if (encoding !== ENC_HASHTABLE_EX) return Infinity;
    this.tables.bind(bodyWord(arena, ref, 0), true);
    return this.tables.heap.nextExpiry();
  }

  /** Number of fields whose time isn't over. */
  liveLength(ref: number): number {
    const { arena } = this;
    const { expiryMs } = this.context;
    const length = this.length(ref);
    const encoding = objectEncoding(arena, ref);
    if (encoding === ENC_LISTPACK_EX) {
      return length - hlpExpiredCount(arena, bodyWord(arena, ref, 0), expiryMs);
    }
    return encoding === ENC_HASHTABLE_EX ? length - this.tables.heap.countBefore(expiryMs) : length;
  }

  /** Removes up to `max` fields whose time is over, having shown them to `visitor`. Returns how many. */
  removeExpired(ref: number, max: number, visitor: FieldVisitor | null = null): number {
    const { arena } = this;
    const { expiryMs } = this.context;
    const word = bodyWord(arena, ref, 0);
    const encoding = objectEncoding(arena, ref);
    if (encoding === ENC_LISTPACK_EX) {
      const count = Math.min(max, hlpExpiredCount(arena, word, expiryMs));
      if (visitor !== null) hlpVisitFirst(arena, word, count, visitor);
      if (count > 0) setBodyWord(arena, ref, 0, hlpDeleteFirst(arena, word, count));
      return count;
    }
    if (encoding !== ENC_HASHTABLE_EX) return 0;
    this.tables.bind(word, true);
    return this.tables.removeExpired(expiryMs, max, visitor);
  }

  /** Binds the tables to the hash if it is a large one. */
  private bindTable(ref: number): boolean {
    const encoding = objectEncoding(this.arena, ref);
    if (!isTable(encoding)) return false;
    this.tables.bind(bodyWord(this.arena, ref, 0), encoding === ENC_HASHTABLE_EX);
    return true;
  }

  private put(
    ref: number,
    buf: ReadonlyBytes,
    off: number,
    len: number,
    val: ReadonlyBytes,
    valOff: number,
    valLen: number,
    keepExpiry: boolean,
  ): boolean {
    const { arena, tables } = this;
    const encoding = objectEncoding(arena, ref);
    if (isTable(encoding)) {
      tables.bind(bodyWord(arena, ref, 0), encoding === ENC_HASHTABLE_EX);
    } else {
      const { hashMaxListpackValue } = this.context.limits;
      if (
        len <= hashMaxListpackValue && valLen <= hashMaxListpackValue &&
        isSafeToAdd(arena, ref, len + valLen)
      ) {
        return this.putInListpack(ref, encoding, buf, off, len, val, valOff, valLen, keepExpiry);
      }
      this.convert(ref);
    }
    const entry = tables.find(buf, off, len);
    if (entry === 0) {
      tables.insert(buf, off, len, val, valOff, valLen);
      return true;
    }
    const moved = tables.setFoundValue(entry, val, valOff, valLen);
    if (!keepExpiry) tables.clearExpiry(moved);
    return false;
  }

  private putInListpack(
    ref: number,
    encoding: number,
    buf: ReadonlyBytes,
    off: number,
    len: number,
    val: ReadonlyBytes,
    valOff: number,
    valLen: number,
    keepExpiry: boolean,
  ): boolean {
    const { arena } = this;
    const stride = encoding === ENC_LISTPACK ? PAIR : TRIPLE;
    let lp = bodyWord(arena, ref, 0);
    const at = hlpFind(arena, lp, stride, buf, off, len);
    if (at === 0) {
      if (hlpCount(arena, lp, stride) >= this.context.limits.hashMaxListpackEntries) {
        this.convert(ref);
        this.tables.find(buf, off, len);
        this.tables.insert(buf, off, len, val, valOff, valLen);
        return true;
      }
      lp = hlpAppend(arena, lp, stride, buf, off, len, val, valOff, valLen);
      setBodyWord(arena, ref, 0, lp);
      return true;
    }
    const moved = hlpSetValue(arena, lp, at, val, valOff, valLen);
    if (moved !== lp) setBodyWord(arena, ref, 0, moved);
    if (stride === TRIPLE && !keepExpiry && hlpExpiry(arena, moved, at) !== 0) {
      setBodyWord(arena, ref, 0, hlpSetExpiry(arena, moved, at, 0));
    }
    return false;
  }

  /** Makes a small hash a large one, and leaves the tables bound to it. Throws ArenaFull. */
  private convert(ref: number): void {
    const { arena, tables, element } = this;
    const encoding = objectEncoding(arena, ref);
    const stride = strideOf(arena, ref);
    const lp = bodyWord(arena, ref, 0);
    const field = new ListpackValue();
    let word = tables.create();
    try {
      if (encoding === ENC_LISTPACK_EX) word = tables.addHeap();
      for (let at = lp === 0 ? 0 : lpFirst(arena, lp); at !== 0;) {
        lpGet(arena, lp, at, field);
        field.toText();
        const valueAt = lpNext(arena, lp, at);
        lpGet(arena, lp, valueAt, element);
        element.toText();
        tables.find(field.buf, field.off, field.len);
        tables.insert(
          field.buf,
          field.off,
          field.len,
          element.buf,
          element.off,
          element.len,
        );
        at = lpNext(arena, lp, valueAt);
        if (stride === PAIR) continue;
        const expireAt = lpInteger(arena, lp, at);
        if (expireAt !== 0) {
          tables.setFoundExpiry(tables.find(field.buf, field.off, field.len), expireAt);
        }
        at = lpNext(arena, lp, at);
      }
    } catch (error) {
      tables.free(word);
      throw error;
    }
    setBodyWord(arena, ref, 0, word);
    setEncoding(arena, ref, encoding === ENC_LISTPACK ? ENC_HASHTABLE : ENC_HASHTABLE_EX);
    if (lp !== 0) arena.free(lp);
  }
}

function isTable(encoding: number): boolean {
  return encoding === ENC_HASHTABLE || encoding === ENC_HASHTABLE_EX;
}

/** Entries per field of a small hash. */
function strideOf(arena: Arena, ref: number): number {
  return objectEncoding(arena, ref) === ENC_LISTPACK ? PAIR : TRIPLE;
}

/** Whether the listpack of a small hash remains within its limit with so many bytes more. */
function isSafeToAdd(arena: Arena, ref: number, bytes: number): boolean {
  const lp = bodyWord(arena, ref, 0);
  return lp === 0 || lpSafeToAdd(arena, lp, bytes);
}
