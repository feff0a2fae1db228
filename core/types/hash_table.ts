/**
 * HashTables: the large form of a hash, a dict of fields.
 *
 *     hashtable                root of a dict, whose entries are fields (hash_field.ts)
 *     hashtable, expiring      block of two words: root of the dict, root of a heap (structures/expiry_heap.ts)
 *                              of the fields that expire
 *
 * One object serves all hashes: `bind` says which is at hand. A field that no longer expires keeps its slot, with
 * place 0, so that taking an expiry away needs no memory.
 */
import type { ReadonlyBytes } from "../base/bytes.ts";
import { RefList } from "../base/ref_list.ts";
import { type Arena, REF_OFFSET_MASK } from "../memory/arena.ts";
import { Dict } from "../structures/dict.ts";
import { ExpiryHeap, PLACE_IN_SLOT } from "../structures/expiry_heap.ts";
import type { HashHint } from "../structures/hash_hint.ts";
import { assert } from "../base/assert.ts";
import {
  fieldAddSlot,
  fieldBytes,
  fieldClearPlace,
  fieldCreate,
  fieldFree,
  fieldHasSlot,
  fieldName,
  fieldPlace,
  fieldSetValue,
  fieldValue,
  type FieldVisitor,
} from "./hash_field.ts";
import { NO_EXPIRY } from "./object.ts";
import { ByteRange } from "./t_string.ts";
import type { TypeContext } from "./type_context.ts";

/** Bytes of the block of an expiring one. */
const PAIR_BYTES = 8;

export class HashTables {
  /** The dict at hand. */
  readonly dict: Dict;
  /** The heap at hand, if `expires`. */
  readonly heap: ExpiryHeap;
  /** Whether the hash at hand has a heap. */
  expires = false;
  /** Hash of the field that `find` looked for. */
  hash = 0;

  private readonly arena: Arena;
  private readonly hint: HashHint;
  /** For the copy of a dict while `dict` is at the original. */
  private readonly copyDict: Dict;
  private readonly copyHeap: ExpiryHeap;
  private readonly refs = new RefList();
  private readonly name = new ByteRange();
  private readonly value = new ByteRange();

  constructor(context: TypeContext) {
    this.arena = context.arena;
    this.hint = context.hint;
    this.dict = Dict.attach(context.arena, context.k0, context.k1);
    this.copyDict = Dict.attach(context.arena, context.k0, context.k1);
    this.heap = new ExpiryHeap(context.arena, PLACE_IN_SLOT);
    this.copyHeap = new ExpiryHeap(context.arena, PLACE_IN_SLOT);
  }

  // The whole.

  /** The hash at hand is the one with this word in its body. */
  bind(word: number, expires: boolean): void {
    this.expires = expires;
    if (!expires) {
      this.dict.at(word);
      return;
    }
    const words = this.arena.i32[word >>> 27];
    const at = (word & REF_OFFSET_MASK) << 1;
    this.dict.at(words[at]);
    this.heap.at(words[at + 1]);
  }

  /** Makes an empty one, binds it and returns its word. Throws ArenaFull. */
  create(): number {
    this.expires = false;
    return this.dict.create();
  }

  /** Gives the one at hand, whose fields don't expire, a heap. Returns its new word. Throws ArenaFull. */
  addHeap(): number {
    const { heap } = this;
    heap.create();
    try {
      const word = this.pairOf(this.dict.root, heap.root);
      this.expires = true;
      return word;
    } catch (error) {
      heap.free();
      throw error;
    }
  }

  /** Frees the one at hand with its fields. */
  free(word: number): void {
    while (this.freeSome(word, this.dict.count + 1));
  }

  /**
   * Frees about `budget` fields of the one at hand, whose heap is then no longer right. Returns whether there are
   * more; otherwise everything is freed.
   */
  freeSome(word: number, budget: number): boolean {
    const { arena, dict, refs } = this;
    while (budget > 0 && dict.count > 0) {
      refs.clear();
      dict.popBucket(refs);
      for (let i = 0; i < refs.length; i++) fieldFree(arena, refs.refs[i]);
      budget -= refs.length + 1;
    }
    if (dict.count > 0) return true;
    dict.free();
    if (this.expires) {
      this.heap.free();
      arena.free(word);
    }
    return false;
  }

  /** A copy of the one at hand, which stays so. Returns the copy's word. All or ArenaFull. */
  copy(): number {
    const { dict, copyDict, copyHeap, refs } = this;
    copyDict.create();
    if (this.expires) copyHeap.root = 0;
    try {
      if (this.expires) copyHeap.create();
      let cursor = 0;
      do {
        refs.clear();
        cursor = dict.scan(cursor, refs);
        for (let i = 0; i < refs.length; i++) this.copyField(refs.refs[i]);
      } while (cursor !== 0);
      return this.expires ? this.pairOf(copyDict.root, copyHeap.root) : copyDict.root;
    } catch (error) {
      this.dropCopy();
      throw error;
    }
  }

  /** Bytes of the one at hand, extrapolated from `samples` fields; 0: from all. */
  bytes(samples: number): number {
    const { arena, dict, refs } = this;
    const { count } = dict;
    let bytes = dict.tableBytes;
    if (this.expires) bytes += PAIR_BYTES + this.heap.bytes;
    let seen = 0;
    let sum = 0;
    let cursor = 0;
    do {
      refs.clear();
      cursor = dict.scan(cursor, refs);
      for (let i = 0; i < refs.length && (samples === 0 || seen < samples); i++, seen++) {
        sum += fieldBytes(arena, refs.refs[i]);
      }
    } while (cursor !== 0 && (samples === 0 || seen < samples));
    return seen === 0 ? bytes : bytes + Math.round(sum / seen * count);
  }

  /** Throws unless dict and heap are right, and know the same fields. */
  validateIntegrity(): void {
    const { arena, dict, refs } = this;
    dict.validateIntegrity();
    let expiring = 0;
    let cursor = 0;
    do {
      refs.clear();
      cursor = dict.scan(cursor, refs);
      for (let i = 0; i < refs.length; i++) {
        const place = fieldPlace(arena, refs.refs[i]);
        if (place === 0) continue;
        assert(this.expires, "only where there is a heap fields expire");
        assert(this.heap.refAt(place) === refs.refs[i], "the heap knows the field");
        expiring++;
      }
    } while (cursor !== 0);
    if (!this.expires) return;
    this.heap.validateIntegrity();
    assert(this.heap.count === expiring, "all entries of the heap are fields of the hash");
  }

  // Fields.

  /** The field with this name, or 0. */
  find(buf: ReadonlyBytes, off: number, len: number): number {
    const { dict } = this;
    this.hash = this.hint.hash(buf, off, len);
    return dict.find(this.hash, buf, off, len);
  }

  /** Adds the field that `find` looked for in vain. Throws ArenaFull before anything changed. */
  insert(
    buf: ReadonlyBytes,
    off: number,
    len: number,
    val: ReadonlyBytes,
    valOff: number,
    valLen: number,
  ): number {
    const { arena } = this;
    const ref = fieldCreate(arena, buf, off, len, val, valOff, valLen, false);
    try {
      this.dict.insert(this.hash, ref);
    } catch (error) {
      fieldFree(arena, ref);
      throw error;
    }
    return ref;
  }

  /** Gives the field that `find` found another value. Returns its ref. Throws ArenaFull before anything changed. */
  setFoundValue(ref: number, val: ReadonlyBytes, valOff: number, valLen: number): number {
    const { arena } = this;
    const moved = fieldSetValue(arena, ref, val, valOff, valLen);
    if (moved === ref) return ref;
    this.dict.replaceFound(moved);
    const place = this.expires ? fieldPlace(arena, moved) : 0;
    if (place !== 0) this.heap.moved(place, moved);
    return moved;
  }

  /** Removes the field that `find` found. */
  removeFound(ref: number): void {
    const { dict } = this;
    this.clearExpiry(ref);
    dict.removeFound(this.hash);
    // What removal in the order of a scan left behind is made up for one bucket at a time.
    dict.shrink(1);
    fieldFree(this.arena, ref);
  }

  /** Removes a field that is known by its ref. */
  remove(ref: number): void {
    const { dict } = this;
    this.hash = dict.hashOf(ref);
    const isHere = dict.findRef(this.hash, ref);
    assert(isHere, "a field is in its dict");
    this.removeFound(ref);
  }

  /** When a field expires, in unix ms, or NO_EXPIRY. */
  expiry(ref: number): number {
    const place = this.expires ? fieldPlace(this.arena, ref) : 0;
    return place === 0 ? NO_EXPIRY : this.heap.expiryAt(place);
  }

  /** Makes the field that `find` found expire at a time. There is a heap. Throws ArenaFull. */
  setFoundExpiry(ref: number, expireAt: number): void {
    const { arena, heap } = this;
    const place = fieldPlace(arena, ref);
    if (place !== 0) {
      heap.update(place, expireAt);
      return;
    }
    if (!fieldHasSlot(arena, ref)) {
      ref = fieldAddSlot(arena, ref);
      this.dict.replaceFound(ref);
    }
    heap.insert(ref, expireAt);
  }

  /** Makes a field expire no more. */
  clearExpiry(ref: number): void {
    const place = this.expires ? fieldPlace(this.arena, ref) : 0;
    if (place === 0) return;
    this.heap.remove(place);
    fieldClearPlace(this.arena, ref);
  }

  /**
   * Removes up to `max` fields that expire before a time, the first ones first, each after it was shown to `visitor`.
   * Returns how many.
   */
  removeExpired(timeMs: number, max: number, visitor: FieldVisitor | null): number {
    const { arena, heap, name } = this;
    let removed = 0;
    for (; removed < max && heap.nextExpiry() < timeMs; removed++) {
      const ref = heap.nextRef();
      if (visitor !== null) {
        fieldName(arena, ref, name);
        visitor.visit(name.buf, name.off, name.len);
      }
      this.remove(ref);
    }
    return removed;
  }

  /** Adds a copy of a field to the copies at hand. */
  private copyField(ref: number): void {
    const { arena, name, value, copyDict, dict } = this;
    fieldName(arena, ref, name);
    fieldValue(arena, ref, value);
    const expireAt = this.expiry(ref);
    const made = fieldCreate(
      arena,
      name.buf,
      name.off,
      name.len,
      value.buf,
      value.off,
      value.len,
      expireAt !== NO_EXPIRY,
    );
    try {
      copyDict.insert(dict.hash(name.buf, name.off, name.len), made);
    } catch (error) {
      fieldFree(arena, made);
      throw error;
    }
    if (expireAt !== NO_EXPIRY) this.copyHeap.insert(made, expireAt);
  }

  /** Frees a copy that was not finished. */
  private dropCopy(): void {
    const { arena, copyDict, copyHeap, refs } = this;
    while (copyDict.count > 0) {
      refs.clear();
      copyDict.popBucket(refs);
      for (let i = 0; i < refs.length; i++) fieldFree(arena, refs.refs[i]);
    }
    copyDict.free();
    if (this.expires && copyHeap.root !== 0) copyHeap.free();
  }

  /** The block for two roots. Throws ArenaFull. */
  private pairOf(dictRoot: number, heapRoot: number): number {
    const word = this.arena.alloc(PAIR_BYTES);
    this.arena.storeI32(word, 0, dictRoot);
    this.arena.storeI32(word, 4, heapRoot);
    return word;
  }
}
