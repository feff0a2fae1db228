/**
 * HashWalk: the fields of a hash one after the other, for HGETALL and its like, HSCAN and HRANDFIELD.
 *
 * `start` and `beginScan` say of which hash, `next` moves on, `field` and `value` are what is there. A walk leaves
 * fields out whose time is over. The bytes are where they were found, or an integer's text in a scratch, so
 * they are good until the next step; and nothing may change the hash until the walk is through.
 *
 * The fields of a large hash are taken up in batches, whose blocks are touched before any is read, so that the
 * processor waits for many at once.
 */
import { RefList } from "../base/ref_list.ts";
import { type Arena, REF_OFFSET_MASK, refOffset } from "../memory/arena.ts";
import type { Reply } from "../protocol/reply.ts";
import { lpCount, lpFirst, lpGet, lpInteger, lpNext, lpRandom } from "../structures/listpack.ts";
import { ListpackValue } from "../structures/listpack_entry.ts";
import { addEntryBulks } from "./entry_bulks.ts";
import { fieldName, fieldValue } from "./hash_field.ts";
import { PAIR, TRIPLE } from "./hash_listpack.ts";
import type { HashTables } from "./hash_table.ts";
import {
  bodyWord,
  ENC_HASHTABLE,
  ENC_HASHTABLE_EX,
  ENC_LISTPACK,
  NO_EXPIRY,
  objectEncoding,
} from "./object.ts";
import { type ScanSource, scanTable } from "./scan_source.ts";
import { ByteRange } from "./t_string.ts";
import type { TypeContext } from "./type_context.ts";

/** Fields of a large hash that a walk takes up at once, at least. */
const BATCH_FIELDS = 64;
/** Fields up to which the list of a batch is kept for the next one. */
const KEPT_FIELDS_MAX = 1 << 14;

export class HashWalk implements ScanSource {
  readonly field = new ByteRange();
  readonly value = new ByteRange();
  /** When the field expires, in unix ms, or NO_EXPIRY. */
  expiry = NO_EXPIRY;
  /** Where the field is, as a number that no other field of the hash has. */
  place = 0;
  /** What the touching of blocks reads: stored so that it isn't optimised away. */
  touched = 0;

  private readonly context: TypeContext;
  private readonly arena: Arena;
  private readonly tables: HashTables;
  private readonly fieldElement = new ListpackValue();
  private readonly valueElement = new ListpackValue();
  // A small hash: its listpack, entries per field, the next field.
  private lp = 0;
  private stride = PAIR;
  private at = 0;
  // A large hash (word 0 of its body, else 0): the batch, the next field in it, where the next batch begins.
  private word = 0;
  private expires = false;
  /** Fields that expire before this, in unix ms, are passed over. */
  private expiredBefore = 0.5;
  private refs = new RefList();
  private index = 0;
  private cursor = 0;
  /** Whether another batch follows. */
  private more = false;

  constructor(context: TypeContext, tables: HashTables) {
    this.context = context;
    this.arena = context.arena;
    this.tables = tables;
  }

  get scanned(): ByteRange {
    return this.field;
  }

  get scannedPair(): ByteRange {
    return this.value;
  }

  /** Begins before the first field. With `isWhole`, expired fields that are still stored are met, too. */
  start(ref: number, isWhole = false): void {
    this.open(ref);
    if (isWhole) this.expiredBefore = -Infinity;
    this.cursor = 0;
    this.more = this.word !== 0;
  }

  beginScan(ref: number, cursor: number, count: number): number {
    this.open(ref);
    this.more = false;
    if (this.word === 0) return 0;
    cursor = scanTable(this.tables.dict, cursor, count, this.refs);
    this.touch();
    return cursor;
  }

  rewindScan(): void {
    this.index = 0;
    this.at = this.word === 0 && this.lp !== 0 ? lpFirst(this.arena, this.lp) : 0;
  }

  nextScanned(): boolean {
    return this.next();
  }

  /** Moves to the next field that isn't expired, or is to be met all the same; false when there is none. */
  next(): boolean {
    return this.word === 0 ? this.nextInListpack() : this.nextInTable();
  }

  /** Replies all fields with their values, if the hash is small and none of them can expire; else false. */
  addAllPairs(reply: Reply, ref: number): boolean {
    const { arena } = this;
    if (objectEncoding(arena, ref) !== ENC_LISTPACK) return false;
    const lp = bodyWord(arena, ref, 0);
    const first = refOffset(lp) + lpFirst(arena, lp);
    addEntryBulks(reply, arena.u8[lp >>> 27], first, lpCount(arena, lp));
    return true;
  }

  /** Moves to a field chosen at random, expired or not; false when there is none. */
  random(ref: number): boolean {
    this.open(ref);
    const { arena, context } = this;
    if (this.word === 0) {
      if (this.lp === 0) return false;
      this.at = lpRandom(arena, this.lp, context.prng, this.stride);
      if (this.at === 0) return false;
      this.readListpack();
    } else {
      const entry = this.tables.dict.random(context.prng);
      if (entry === 0) return false;
      this.readEntry(entry);
    }
    return true;
  }

  private open(ref: number): void {
    const { arena } = this;
    const encoding = objectEncoding(arena, ref);
    const word = bodyWord(arena, ref, 0);
    this.expiredBefore = this.context.expiryMs;
    this.refs.clear();
    if (this.refs.refs.length > KEPT_FIELDS_MAX) this.refs = new RefList();
    this.index = 0;
    if (encoding === ENC_HASHTABLE || encoding === ENC_HASHTABLE_EX) {
      this.word = word;
      this.expires = encoding === ENC_HASHTABLE_EX;
      this.tables.bind(word, this.expires);
      return;
    }
    this.word = 0;
    this.lp = word;
    this.stride = encoding === ENC_LISTPACK ? PAIR : TRIPLE;
    this.at = word === 0 ? 0 : lpFirst(arena, word);
  }

  private nextInListpack(): boolean {
    while (this.at !== 0) {
      this.readListpack();
      if (this.expiry === NO_EXPIRY || this.expiry >= this.expiredBefore) return true;
    }
    return false;
  }

  /** Reads the field at `at` and moves behind it. */
  private readListpack(): void {
    const { arena, lp, fieldElement, valueElement } = this;
    let { at } = this;
    this.place = at;
    lpGet(arena, lp, at, fieldElement);
    fieldElement.toText();
    this.field.set(fieldElement.buf, fieldElement.off, fieldElement.len);
    at = lpNext(arena, lp, at);
    lpGet(arena, lp, at, valueElement);
    valueElement.toText();
    this.value.set(valueElement.buf, valueElement.off, valueElement.len);
    this.expiry = NO_EXPIRY;
    at = lpNext(arena, lp, at);
    if (this.stride === TRIPLE) {
      const expireAt = lpInteger(arena, lp, at);
      if (expireAt !== 0) this.expiry = expireAt;
      at = lpNext(arena, lp, at);
    }
    this.at = at;
  }

  private nextInTable(): boolean {
    for (;;) {
      while (this.index < this.refs.length) {
        this.readEntry(this.refs.refs[this.index++]);
        if (this.expiry === NO_EXPIRY || this.expiry >= this.expiredBefore) return true;
      }
      if (!this.more) return false;
      this.takeBatch();
    }
  }

  private readEntry(entry: number): void {
    this.place = entry;
    fieldName(this.arena, entry, this.field);
    fieldValue(this.arena, entry, this.value);
    this.expiry = this.expires ? this.tables.expiry(entry) : NO_EXPIRY;
  }

  private takeBatch(): void {
    const { refs, tables } = this;
    refs.clear();
    this.index = 0;
    tables.bind(this.word, this.expires);
    do {
      this.cursor = tables.dict.scan(this.cursor, refs);
    } while (this.cursor !== 0 && refs.length < BATCH_FIELDS);
    this.more = this.cursor !== 0;
    this.touch();
  }

  /** Reads a word of each block of the batch. */
  private touch(): void {
    const { refs, length } = this.refs;
    const { i32 } = this.arena;
    let sum = 0;
    for (let i = 0; i < length; i++) {
      sum ^= i32[refs[i] >>> 27][(refs[i] & REF_OFFSET_MASK) << 1];
    }
    this.touched = sum;
  }
}
