/**
 * Sets: members without order, each at most once.
 *
 *     encoding     word 0 of the body         holds
 *     intset       an intset                  integers, up to set-max-intset-entries
 *     listpack     a listpack                 up to set-max-listpack-entries members, none longer
 *                                             than set-max-listpack-value
 *     hashtable    the root of a dict         anything
 *
 * Word 0 is 0 while the set is empty and small, so a fresh set takes no block before its first member says
 * which encoding it wants. Word 1 is not used. A member in a dict is an entry (structures/entry.ts) that ends
 * with its key: head and bytes, 8 more than the member has.
 *
 * The rules by which a set changes its encoding are Redis's (7.2 and later), as OBJECT ENCODING shows it: from
 * intset to listpack or hashtable, from listpack to hashtable, never back by itself.
 *
 * Places. Who picks members (SPOP, SRANDMEMBER, SINTER) names them by their places: an index of an intset, an
 * offset in a listpack, the ref of an entry. They are good until the set changes.
 *
 * All sets share one dict accessor, and all members one hash with the keys. The rest is beside this file:
 * set_members.ts (walks), set_algebra.ts (union, intersection, difference), set_random.ts (choosing members).
 */
import { assert } from "../base/assert.ts";
import type { ReadonlyBytes } from "../base/bytes.ts";
import { BIG, integerDigits, parseBigInt64, parseInteger } from "../base/numbers.ts";
import { RefList } from "../base/ref_list.ts";
import { type Arena, refOffset } from "../memory/arena.ts";
import { Dict } from "../structures/dict.ts";
import { ENTRY_HEAD_BYTES, entryKeyLen } from "../structures/entry.ts";
import {
  intsetAdd,
  intsetAt,
  intsetCount,
  intsetCreate,
  intsetDup,
  intsetEncoding,
  intsetFind,
  intsetGet,
  intsetIndex,
  intsetRemove,
  intsetRemoveAt,
  intsetValidateIntegrity,
} from "../structures/intset.ts";
import {
  LP_BYTES_MAX,
  LP_EMPTY_BYTES,
  lpAppend,
  lpAppendInt64,
  lpCount,
  lpCreate,
  lpDelete,
  lpDup,
  lpFind,
  lpFirst,
  lpGet,
  lpNext,
  lpRandom,
  lpReserve,
  lpSafeToAdd,
  lpShrinkToFit,
  lpValidateIntegrity,
} from "../structures/listpack.ts";
import {
  highWord,
  highWordOfBig,
  int64BigInt,
  ListpackValue,
  lowWordOfBig,
} from "../structures/listpack_entry.ts";
import {
  bodyWord,
  ENC_HASHTABLE,
  ENC_INTSET,
  ENC_LISTPACK,
  objectEncoding,
  setBodyWord,
  setEncoding,
} from "./object.ts";
import { SetAlgebra } from "./set_algebra.ts";
import { SetRandom } from "./set_random.ts";
import { SetScan } from "./set_scan.ts";
import { SetMembers } from "./set_members.ts";
import type { ByteRange } from "./t_string.ts";
import type { TypeContext } from "./type_context.ts";
import type { CollectionType } from "./values.ts";

/** Most integers of an intset, whatever the limit says. */
const INTSET_COUNT_MAX = 2 ** 30;
/** Bytes an integer takes in a listpack at most, by the bytes it takes in an intset. */
const LP_INT16_BYTES = 5;
const LP_INT32_BYTES = 6;
const LP_INT64_BYTES = 10;
/** Longest member whose entry in a listpack is two bytes longer than it. */
const SHORT_LEN_MAX = 63;

/**
 * Merges of a table that is much too large for what is left, as when a client removes members in the order of
 * SSCAN, at each removal and before each draw of a random member, which would take long in it: 4 us at most.
 */
const CATCH_UP_MERGES = 64;

/** Most room that is made in a listpack for members at once. */
const RESERVE_MAX = 64 * 1024;

/** The integer that `parseMember` found. */
let memberHi = 0;
let memberLo = 0;

export class Sets implements CollectionType {
  /** Where `findPlace` found its member. */
  foundPlace = 0;
  readonly algebra: SetAlgebra;
  readonly random: SetRandom;
  readonly scan: SetScan;

  private readonly context: TypeContext;
  private readonly arena: Arena;
  private readonly dict: Dict;
  /** Walks a set that is converted or copied. */
  private readonly own: SetMembers;
  private readonly value = new ListpackValue();
  private readonly refs = new RefList();

  constructor(context: TypeContext) {
    this.context = context;
    this.arena = context.arena;
    this.dict = Dict.attach(context.arena, context.k0, context.k1);
    this.own = new SetMembers(context);
    this.algebra = new SetAlgebra(context, this);
    this.random = new SetRandom(context, this);
    this.scan = new SetScan(this);
  }

  // Values as such: see CollectionType.

  init(ref: number): void {
    setEncoding(this.arena, ref, ENC_INTSET);
  }

  free(ref: number): void {
    const block = bodyWord(this.arena, ref, 0);
    if (block === 0) return;
    if (objectEncoding(this.arena, ref) === ENC_HASHTABLE) this.freeDict(block);
    else this.arena.free(block);
  }

  freeSome(ref: number, budget: number): boolean {
    const { arena, dict } = this;
    const block = bodyWord(arena, ref, 0);
    if (block !== 0 && objectEncoding(arena, ref) === ENC_HASHTABLE) {
      dict.at(block);
      for (let left = budget; left > 0 && dict.count > 0;) left -= this.freeBucket();
      if (dict.count > 0) return true;
    }
    this.free(ref);
    setBodyWord(arena, ref, 0, 0);
    return false;
  }

  copy(from: number, to: number): void {
    const { arena } = this;
    const block = bodyWord(arena, from, 0);
    if (block === 0) return;
    const encoding = objectEncoding(arena, from);
    const copy = encoding === ENC_HASHTABLE
      ? this.dictOf(from)
      : encoding === ENC_INTSET
      ? intsetDup(arena, block)
      : lpDup(arena, block);
    setBodyWord(arena, to, 0, copy);
  }

  length(ref: number): number {
    const { arena } = this;
    const block = bodyWord(arena, ref, 0);
    if (block === 0) return 0;
    const encoding = objectEncoding(arena, ref);
    if (encoding === ENC_HASHTABLE) return this.dict.at(block).count;
    return encoding === ENC_INTSET ? intsetCount(arena, block) : lpCount(arena, block);
  }

  bytes(ref: number, samples: number): number {
    const { arena, dict, refs } = this;
    const block = bodyWord(arena, ref, 0);
    if (block === 0) return 0;
    if (objectEncoding(arena, ref) !== ENC_HASHTABLE) return arena.usable(block);
    dict.at(block);
    let sum = 0;
    let seen = 0;
    let cursor = 0;
    do {
      refs.clear();
      cursor = dict.scan(cursor, refs);
      for (let i = 0; i < refs.length && (samples === 0 || seen < samples); i++) {
        sum += arena.usable(refs.refs[i]);
        seen++;
      }
    } while (cursor !== 0 && (samples === 0 || seen < samples));
    return dict.tableBytes + (seen === 0 ? 0 : Math.round(sum * (dict.count / seen)));
  }

  validateIntegrity(ref: number): void {
    const { arena, dict } = this;
    const block = bodyWord(arena, ref, 0);
    const encoding = objectEncoding(arena, ref);
    assert(bodyWord(arena, ref, 1) === 0, "a set's second word is not used");
    if (encoding === ENC_HASHTABLE) {
      dict.at(block).validateIntegrity();
      return;
    }
    assert(encoding === ENC_INTSET || encoding === ENC_LISTPACK, "a set has one of its encodings");
    if (block === 0) return;
    if (encoding === ENC_INTSET) intsetValidateIntegrity(arena, block);
    else lpValidateIntegrity(arena, block);
  }

  /** The dict of a set that is a hashtable, good until another set is looked at; otherwise null. */
  tableOf(ref: number): Dict | null {
    const { arena } = this;
    if (objectEncoding(arena, ref) !== ENC_HASHTABLE) return null;
    return this.dict.at(bodyWord(arena, ref, 0));
  }

  // Encodings.

  /**
   * Gives an empty set the encoding for about `count` members, of which these bytes are the first. Throws
   * ArenaFull.
   */
  prepare(ref: number, buf: ReadonlyBytes, off: number, len: number, count: number): void {
    const { limits } = this.context;
    if (count <= limits.setMaxIntsetEntries && !Number.isNaN(parseInteger(buf, off, len))) return;
    if (count <= limits.setMaxListpackEntries) setEncoding(this.arena, ref, ENC_LISTPACK);
    else this.toDict(ref);
  }

  /** Makes a set that is about to get `count` members a hashtable when a small one couldn't hold them. */
  maybeConvert(ref: number, count: number): void {
    const { limits } = this.context;
    const encoding = objectEncoding(this.arena, ref);
    if (encoding === ENC_HASHTABLE) return;
    const max = encoding === ENC_INTSET ? limits.setMaxIntsetEntries : limits.setMaxListpackEntries;
    if (count > max) this.toDict(ref);
  }

  /** Gives an empty small set the listpack encoding, whatever comes first. */
  toListpackIfEmpty(ref: number): void {
    if (bodyWord(this.arena, ref, 0) === 0) setEncoding(this.arena, ref, ENC_LISTPACK);
  }

  /** Makes a set whose members are all integers an intset if there are not too many. Throws ArenaFull. */
  maybeToIntset(ref: number): void {
    const { arena, own } = this;
    if (objectEncoding(arena, ref) === ENC_INTSET || this.length(ref) > this.intsetMax()) return;
    let made = intsetCreate(arena);
    own.start(ref);
    while (own.fill()) {
      for (let i = 0; i < own.count; i++) {
        if (!own.findInteger(i)) {
          arena.free(made);
          return;
        }
        made = this.addToIntset(made, own.his[i], own.los[i]);
      }
    }
    this.free(ref);
    this.become(ref, ENC_INTSET, made);
  }

  /** Gives a listpack's unused bytes back. */
  shrinkToFit(ref: number): void {
    const { arena } = this;
    const block = bodyWord(arena, ref, 0);
    if (block === 0 || objectEncoding(arena, ref) !== ENC_LISTPACK) return;
    this.setBlock(ref, block, lpShrinkToFit(arena, block));
  }

  // Members by their bytes.

  has(ref: number, buf: ReadonlyBytes, off: number, len: number): boolean {
    const { arena, dict } = this;
    const block = bodyWord(arena, ref, 0);
    if (block === 0) return false;
    const encoding = objectEncoding(arena, ref);
    if (encoding === ENC_HASHTABLE) {
      dict.at(block);
      return dict.find(this.context.hint.hash(buf, off, len), buf, off, len) !== 0;
    }
    if (encoding === ENC_LISTPACK) return lpFind(arena, block, 0, buf, off, len, 0) !== 0;
    return parseMember(buf, off, len) && intsetFind(arena, block, memberHi, memberLo);
  }

  /** Adds a member. False when it is one already. Throws ArenaFull. */
  add(ref: number, buf: ReadonlyBytes, off: number, len: number): boolean {
    const { arena, dict } = this;
    const encoding = objectEncoding(arena, ref);
    if (encoding === ENC_HASHTABLE) {
      dict.at(bodyWord(arena, ref, 0));
      return this.addEntry(this.context.hint.hash(buf, off, len), buf, off, len);
    }
    if (encoding === ENC_LISTPACK) return this.addToListpack(ref, buf, off, len);
    if (parseMember(buf, off, len)) return this.addInteger(ref, memberHi, memberLo);
    this.addTextToIntset(ref, buf, off, len);
    return true;
  }

  /** Removes a member. False when it is none. */
  remove(ref: number, buf: ReadonlyBytes, off: number, len: number): boolean {
    const { arena, dict } = this;
    const block = bodyWord(arena, ref, 0);
    if (block === 0) return false;
    const encoding = objectEncoding(arena, ref);
    if (encoding === ENC_HASHTABLE) {
      const hash = this.context.hint.hash(buf, off, len);
      const entry = dict.at(block).find(hash, buf, off, len);
      if (entry === 0) return false;
      dict.removeFound(hash);
      arena.free(entry);
      if (dict.count < dict.buckets) dict.shrink(CATCH_UP_MERGES);
      return true;
    }
    if (encoding === ENC_LISTPACK) {
      const at = lpFind(arena, block, 0, buf, off, len, 0);
      if (at === 0) return false;
      this.setBlock(ref, block, lpDelete(arena, block, at));
      return true;
    }
    if (!parseMember(buf, off, len)) return false;
    return this.removeInteger(ref, block, memberHi, memberLo);
  }

  /**
   * Adds the members of a batch, from which those are dropped that are members already. Returns how many are
   * left. Throws ArenaFull.
   */
  addBatch(ref: number, batch: SetMembers): number {
    const { arena } = this;
    let added = 0;
    for (let i = 0; i < batch.count; i++) {
      const encoding = objectEncoding(arena, ref);
      if (encoding === ENC_HASHTABLE) return added + this.addBatchToDict(ref, batch, i);
      if (encoding === ENC_LISTPACK) {
        batch.drop(i);
        return added + this.addBatchToListpack(ref, batch);
      }
      const { isInteger, his, los } = batch;
      if (encoding === ENC_INTSET && isInteger[i] !== 0) {
        if (this.addInteger(ref, his[i], los[i])) added++;
        continue;
      }
      batch.toText();
      if (this.add(ref, batch.bufs[i], batch.offs[i], batch.lens[i])) added++;
    }
    return added;
  }

  /** Removes the members of a batch. Returns how many there were. */
  removeBatch(ref: number, batch: SetMembers): number {
    let removed = 0;
    batch.toText();
    for (let i = 0; i < batch.count; i++) {
      if (this.remove(ref, batch.bufs[i], batch.offs[i], batch.lens[i])) removed++;
    }
    return removed;
  }

  // Members by their places.

  /** The place of a member chosen at random. The set is not empty. */
  randomPlace(ref: number): number {
    const { arena, dict, context } = this;
    const block = bodyWord(arena, ref, 0);
    const encoding = objectEncoding(arena, ref);
    if (encoding === ENC_HASHTABLE) {
      dict.at(block);
      if (dict.count < dict.buckets) dict.shrink(CATCH_UP_MERGES);
      return dict.random(context.prng);
    }
    if (encoding === ENC_INTSET) return context.prng.nextBelow(intsetCount(arena, block));
    return lpRandom(arena, block, context.prng, 1);
  }

  /** Appends the places of all members to `out`. */
  places(ref: number, out: RefList): void {
    const { arena, dict } = this;
    const block = bodyWord(arena, ref, 0);
    if (block === 0) return;
    const encoding = objectEncoding(arena, ref);
    if (encoding === ENC_HASHTABLE) {
      dict.at(block);
      let cursor = 0;
      do cursor = dict.scan(cursor, out); while (cursor !== 0);
    } else if (encoding === ENC_INTSET) {
      const count = intsetCount(arena, block);
      for (let i = 0; i < count; i++) out.push(i);
    } else {
      for (let at = lpFirst(arena, block); at !== 0; at = lpNext(arena, block, at)) out.push(at);
    }
  }

  /** The bytes of the member at a place, valid until the next change, of an integer until the next call. */
  readPlace(ref: number, place: number, out: ByteRange): void {
    const { arena, value } = this;
    const encoding = objectEncoding(arena, ref);
    if (encoding === ENC_HASHTABLE) {
      readEntryMember(arena, place, out);
      return;
    }
    const block = bodyWord(arena, ref, 0);
    if (encoding === ENC_INTSET) intsetGet(arena, block, place, value);
    else lpGet(arena, block, place, value);
    value.toText();
    out.set(value.buf, value.off, value.len);
  }

  /**
   * The place of the member with these bytes. Only in `foundPlace` is it told, as every number may be a place;
   * false when it is no member.
   */
  findPlace(ref: number, buf: ReadonlyBytes, off: number, len: number): boolean {
    const { arena, dict } = this;
    const block = bodyWord(arena, ref, 0);
    if (block === 0) return false;
    const encoding = objectEncoding(arena, ref);
    if (encoding === ENC_HASHTABLE) {
      dict.at(block);
      this.foundPlace = dict.find(dict.hash(buf, off, len), buf, off, len);
      return this.foundPlace !== 0;
    }
    if (encoding === ENC_LISTPACK) {
      this.foundPlace = lpFind(arena, block, 0, buf, off, len, 0);
      return this.foundPlace !== 0;
    }
    if (!parseMember(buf, off, len)) return false;
    if (!intsetFind(arena, block, memberHi, memberLo)) return false;
    this.foundPlace = intsetIndex(arena, block, memberHi, memberLo);
    return true;
  }

  /** Removes the member at a place. */
  removePlace(ref: number, place: number): void {
    const { arena } = this;
    const block = bodyWord(arena, ref, 0);
    const encoding = objectEncoding(arena, ref);
    if (encoding === ENC_HASHTABLE) {
      this.takeEntry(block, place);
      arena.free(place);
    } else if (encoding === ENC_INTSET) {
      this.setBlock(ref, block, intsetRemoveAt(arena, block, place));
    } else this.setBlock(ref, block, lpDelete(arena, block, place));
  }

  // Intsets.

  /** Most integers a set keeps in an intset. */
  private intsetMax(): number {
    const max = this.context.limits.setMaxIntsetEntries;
    return max < INTSET_COUNT_MAX ? max : INTSET_COUNT_MAX;
  }

  /** Adds an integer to an intset. */
  private addInteger(ref: number, hi: number, lo: number): boolean {
    const { arena } = this;
    let block = bodyWord(arena, ref, 0);
    if (block === 0) {
      block = intsetCreate(arena);
      setBodyWord(arena, ref, 0, block);
    }
    const grown = intsetAdd(arena, block, hi, lo);
    if (grown === 0) return false;
    this.setBlock(ref, block, grown);
    if (intsetCount(arena, grown) > this.intsetMax()) this.toDict(ref);
    return true;
  }

  /** The intset with an integer more. If memory runs out it is freed. */
  private addToIntset(block: number, hi: number, lo: number): number {
    try {
      const grown = intsetAdd(this.arena, block, hi, lo);
      return grown === 0 ? block : grown;
    } catch (error) {
      this.arena.free(block);
      throw error;
    }
  }

  private removeInteger(ref: number, block: number, hi: number, lo: number): boolean {
    const shrunk = intsetRemove(this.arena, block, hi, lo);
    if (shrunk === 0) return false;
    this.setBlock(ref, block, shrunk);
    return true;
  }

  /** Adds bytes that are no integer to an intset, which becomes something else. */
  private addTextToIntset(ref: number, buf: ReadonlyBytes, off: number, len: number): void {
    const { arena, dict } = this;
    const { setMaxListpackEntries, setMaxListpackValue } = this.context.limits;
    const block = bodyWord(arena, ref, 0);
    const count = block === 0 ? 0 : intsetCount(arena, block);
    const fits = count < setMaxListpackEntries && len <= setMaxListpackValue &&
      (count === 0 || this.longestText(block, count) <= setMaxListpackValue) &&
      count * LP_INT64_BYTES + len <= LP_BYTES_MAX;
    if (fits) {
      this.toListpack(ref, block, len);
      this.appendToListpack(ref, buf, off, len);
      this.shrinkToFit(ref);
      return;
    }
    this.toDict(ref);
    dict.at(bodyWord(arena, ref, 0));
    this.addEntry(dict.hash(buf, off, len), buf, off, len);
  }

  /** Digits of the longest integer of an intset, which is its first or its last. */
  private longestText(block: number, count: number): number {
    const first = this.textLen(block, 0);
    const last = this.textLen(block, count - 1);
    return first > last ? first : last;
  }

  private textLen(block: number, index: number): number {
    const { arena, value } = this;
    const safe = intsetAt(arena, block, index);
    if (safe !== BIG) return integerDigits(safe);
    intsetGet(arena, block, index, value);
    return String(int64BigInt(value.hi, value.lo)).length;
  }

  // Listpacks.

  private addToListpack(ref: number, buf: ReadonlyBytes, off: number, len: number): boolean {
    const block = bodyWord(this.arena, ref, 0);
    if (block !== 0 && lpFind(this.arena, block, 0, buf, off, len, 0) !== 0) return false;
    this.addNewToListpack(ref, buf, off, len);
    return true;
  }

  /** Adds a member that is none yet to a listpack, which may become a hashtable. */
  private addNewToListpack(ref: number, buf: ReadonlyBytes, off: number, len: number): void {
    const { arena, dict } = this;
    const { setMaxListpackEntries, setMaxListpackValue } = this.context.limits;
    const block = bodyWord(arena, ref, 0);
    const count = block === 0 ? 0 : lpCount(arena, block);
    if (
      count < setMaxListpackEntries && len <= setMaxListpackValue &&
      (block === 0 || lpSafeToAdd(arena, block, len))
    ) {
      this.appendToListpack(ref, buf, off, len);
      return;
    }
    this.toDict(ref);
    dict.at(bodyWord(arena, ref, 0));
    this.insertNew(dict.hash(buf, off, len), buf, off, len);
  }

  /** Adds the members of a batch to a listpack, which is searched once for all of them. */
  private addBatchToListpack(ref: number, batch: SetMembers): number {
    this.algebra.filter(ref, batch, false);
    batch.toText();
    this.reserve(ref, batch);
    const { count, bufs, offs, lens } = batch;
    for (let i = 0; i < count; i++) {
      if (objectEncoding(this.arena, ref) === ENC_HASHTABLE) {
        this.addBatchToDict(ref, batch, i);
        break;
      }
      this.addNewToListpack(ref, bufs[i], offs[i], lens[i]);
    }
    return count;
  }

  /** Makes room in a listpack for a batch, so that it doesn't move for each member. */
  private reserve(ref: number, batch: SetMembers): void {
    const { arena } = this;
    let bytes = 0;
    for (let i = 0; i < batch.count; i++) bytes += batch.lens[i] + 2;
    if (bytes > RESERVE_MAX) return;
    const block = bodyWord(arena, ref, 0);
    if (block === 0) setBodyWord(arena, ref, 0, lpCreate(arena, LP_EMPTY_BYTES + bytes));
    else this.setBlock(ref, block, lpReserve(arena, block, bytes));
  }

  /** Adds a member that is none yet. */
  private appendToListpack(ref: number, buf: ReadonlyBytes, off: number, len: number): void {
    const { arena } = this;
    let block = bodyWord(arena, ref, 0);
    if (block === 0) {
      // Just the block that it will need, unless the member turns out to be an integer.
      block = lpCreate(arena, LP_EMPTY_BYTES + (len <= SHORT_LEN_MAX ? len + 2 : 0));
      setBodyWord(arena, ref, 0, block);
    }
    this.setBlock(ref, block, lpAppend(arena, block, buf, off, len));
  }

  /** Makes an intset (0: an empty one) a listpack with room for a member of `len` bytes. */
  private toListpack(ref: number, block: number, len: number): void {
    const { arena, value } = this;
    setEncoding(arena, ref, ENC_LISTPACK);
    if (block === 0) return;
    const count = intsetCount(arena, block);
    let made: number;
    try {
      made = lpCreate(arena, LP_EMPTY_BYTES + len + count * listpackBytes(arena, block));
    } catch (error) {
      setEncoding(arena, ref, ENC_INTSET);
      throw error;
    }
    for (let i = 0; i < count; i++) {
      intsetGet(arena, block, i, value);
      made = lpAppendInt64(arena, made, value.hi, value.lo);
    }
    arena.free(block);
    setBodyWord(arena, ref, 0, made);
  }

  // Dicts.

  /** Makes a small set a hashtable. Throws ArenaFull. */
  private toDict(ref: number): void {
    const root = this.dictOf(ref);
    this.free(ref);
    this.become(ref, ENC_HASHTABLE, root);
  }

  /** Root of a new dict with the members of a set. Throws ArenaFull. */
  private dictOf(ref: number): number {
    const { dict, own } = this;
    const root = dict.create();
    try {
      own.start(ref);
      while (own.fill()) {
        own.hashAll();
        for (let i = 0; i < own.count; i++) {
          this.insertNew(own.hashes[i], own.bufs[i], own.offs[i], own.lens[i]);
        }
      }
    } catch (error) {
      this.freeDict(root);
      throw error;
    }
    return root;
  }

  /** Adds the members of a batch from number `from` on to a hashtable, whose buckets are touched first. */
  private addBatchToDict(ref: number, batch: SetMembers, from: number): number {
    const { dict } = this;
    dict.at(bodyWord(this.arena, ref, 0));
    batch.hashAll();
    const { count, hashes, bufs, offs, lens } = batch;
    dict.touchBuckets(hashes, count);
    let added = 0;
    for (let i = from; i < count; i++) {
      if (this.addEntry(hashes[i], bufs[i], offs[i], lens[i])) added++;
    }
    return added;
  }

  /** Adds a member to the bound dict. */
  private addEntry(hash: number, buf: ReadonlyBytes, off: number, len: number): boolean {
    if (this.dict.find(hash, buf, off, len) !== 0) return false;
    this.insertNew(hash, buf, off, len);
    return true;
  }

  /** Adds to the bound dict what is no member yet. Throws ArenaFull and has added nothing. */
  private insertNew(hash: number, buf: ReadonlyBytes, off: number, len: number): void {
    const { arena, dict } = this;
    const entry = arena.alloc(ENTRY_HEAD_BYTES + len);
    arena.storeI32(entry, 0, 0);
    arena.storeI32(entry, 4, len);
    arena.copyIn(entry, ENTRY_HEAD_BYTES, buf, off, len);
    try {
      dict.insert(hash, entry);
    } catch (error) {
      arena.free(entry);
      throw error;
    }
  }

  /** Takes an entry out of a dict. */
  private takeEntry(root: number, entry: number): void {
    const { dict } = this;
    dict.at(root);
    const hash = dict.hashOf(entry);
    const isHere = dict.findRef(hash, entry);
    assert(isHere, "a place is one of this set");
    dict.removeFound(hash);
    if (dict.count < dict.buckets) dict.shrink(CATCH_UP_MERGES);
  }

  private freeDict(root: number): void {
    const { dict } = this;
    dict.at(root);
    while (dict.count > 0) this.freeBucket();
    dict.free();
  }

  /** Frees the last bucket of the bound dict. Returns the number of its members, 1 at the least. */
  private freeBucket(): number {
    const { arena, refs } = this;
    refs.clear();
    this.dict.popBucket(refs);
    for (let i = 0; i < refs.length; i++) arena.free(refs.refs[i]);
    return refs.length > 0 ? refs.length : 1;
  }

  // The body.

  private setBlock(ref: number, old: number, block: number): void {
    if (block !== old) setBodyWord(this.arena, ref, 0, block);
  }

  private become(ref: number, encoding: number, block: number): void {
    setBodyWord(this.arena, ref, 0, block);
    setEncoding(this.arena, ref, encoding);
  }
}

/** The member of an entry. */
function readEntryMember(arena: Arena, entry: number, out: ByteRange): void {
  out.set(arena.u8[entry >>> 27], refOffset(entry) + ENTRY_HEAD_BYTES, entryKeyLen(arena, entry));
}

/** Whether bytes are an integer's text; then it is in `memberHi` and `memberLo`. */
function parseMember(buf: ReadonlyBytes, off: number, len: number): boolean {
  const value = parseInteger(buf, off, len);
  if (Number.isNaN(value)) return false;
  if (value === BIG) {
    const big = parseBigInt64(buf, off, len);
    memberHi = highWordOfBig(big);
    memberLo = lowWordOfBig(big);
  } else {
    memberLo = value | 0;
    memberHi = memberLo === value ? memberLo >> 31 : highWord(value);
  }
  return true;
}

/** Bytes that an integer of this intset takes in a listpack at most. */
function listpackBytes(arena: Arena, intset: number): number {
  const width = intsetEncoding(arena, intset);
  return width === 2 ? LP_INT16_BYTES : width === 4 ? LP_INT32_BYTES : LP_INT64_BYTES;
}
