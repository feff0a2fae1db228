/**
 * Values: every type behind one set of operations, for those who handle keys whatever they hold.
 *
 * Each collection is a class of its own in t_<type>.ts and implements CollectionType; commands of a type use
 * its class directly. Strings have no state and need less, so they are handled here.
 */
import { assert } from "../base/assert.ts";
import type { Dict } from "../structures/dict.ts";
import {
  bodyWord,
  COLLECTION_BODY_BYTES,
  ENC_EMBSTR,
  ENC_LISTPACK,
  ENC_RAW,
  ENC_RAW_INLINE,
  objectEncoding,
  objectType,
  setBodyWord,
  TYPE_HASH,
  TYPE_LIST,
  TYPE_SET,
  TYPE_STREAM,
  TYPE_STRING,
  TYPE_ZSET,
} from "./object.ts";
import { GeoSearch } from "./geo_search.ts";
import { Hashes } from "./t_hash.ts";
import { Lists } from "./t_list.ts";
import { Sets } from "./t_set.ts";
import { Streams } from "./t_stream.ts";
import { ByteRange, readString, stringBodyBytes } from "./t_string.ts";
import { ZSets } from "./t_zset.ts";
import type { TypeContext } from "./type_context.ts";
import { ZsetAlgebra } from "./zset_algebra.ts";

/** What a type other than strings can do with the entry of a value, named by its ref. */
export interface CollectionType {
  /** Makes the two zero words of a fresh entry's body an empty value. Throws ArenaFull, leaving zeros. */
  init(ref: number): void;
  /** Frees all that the body points to. The entry stays; what its body then says is meaningless. */
  free(ref: number): void;
  /** Frees about `budget` elements. Returns whether there are more. Until it is through the value is used no more. */
  freeSome(ref: number, budget: number): boolean;
  /** Makes the fresh entry `to`, of the same type with zeros as its body, a deep copy. All or ArenaFull. */
  copy(from: number, to: number): void;
  /** Number of elements. */
  length(ref: number): number;
  /** Bytes of the blocks behind the body, extrapolated from so many elements where counting all is slow; 0: all. */
  bytes(ref: number, samples: number): number;
  /** Throws unless the value is consistent. */
  validateIntegrity(ref: number): void;
}

/** Elements up to which a value is freed at once rather than in slices. */
const FREE_AT_ONCE_MAX = 256;

export class Values {
  readonly context: TypeContext;
  readonly hashes: Hashes;
  readonly lists: Lists;
  readonly sets: Sets;
  readonly streams: Streams;
  readonly zsets: ZSets;
  readonly zsetAlgebra: ZsetAlgebra;
  readonly geoSearch: GeoSearch;
  private readonly byType: (CollectionType | null)[];
  private readonly range = new ByteRange();

  constructor(context: TypeContext) {
    this.context = context;
    this.hashes = new Hashes(context);
    this.lists = new Lists(context);
    this.sets = new Sets(context);
    this.streams = new Streams(context);
    this.zsets = new ZSets(context);
    this.zsetAlgebra = new ZsetAlgebra(context, this.zsets, this.sets);
    this.geoSearch = new GeoSearch(this.zsets);
    this.byType = [null, null, null, null, null, null, null];
    this.byType[TYPE_HASH] = this.hashes;
    this.byType[TYPE_LIST] = this.lists;
    this.byType[TYPE_SET] = this.sets;
    this.byType[TYPE_STREAM] = this.streams;
    this.byType[TYPE_ZSET] = this.zsets;
  }

  /** The dict of a large set, hash or sorted set, good until another value is looked at; or null. */
  tableOf(ref: number): Dict | null {
    switch (objectType(this.context.arena, ref)) {
      case TYPE_SET:
        return this.sets.tableOf(ref);
      case TYPE_HASH:
        return this.hashes.tableOf(ref);
      case TYPE_ZSET:
        return this.zsets.tableOf(ref);
      default:
        return null;
    }
  }

  /** Makes a fresh collection entry an empty value. Throws ArenaFull. */
  init(ref: number): void {
    this.typeOf(ref).init(ref);
  }

  /** Frees the blocks that an entry's body points to. */
  free(ref: number): void {
    const { arena } = this.context;
    if (objectType(arena, ref) !== TYPE_STRING) this.typeOf(ref).free(ref);
    else if (objectEncoding(arena, ref) === ENC_RAW) arena.free(bodyWord(arena, ref, 0));
  }

  /** Frees about `budget` elements. Returns whether there are more. */
  freeSome(ref: number, budget: number): boolean {
    if (objectType(this.context.arena, ref) !== TYPE_STRING) {
      return this.typeOf(ref).freeSome(ref, budget);
    }
    this.free(ref);
    return false;
  }

  /** Whether freeing the value takes long enough to do it in slices. */
  isBig(ref: number): boolean {
    const { arena } = this.context;
    // What lies in one block is not looked at, which would cost a cache miss.
    if (objectType(arena, ref) === TYPE_STRING) return false;
    if (objectEncoding(arena, ref) === ENC_LISTPACK) return false;
    return this.typeOf(ref).length(ref) > FREE_AT_ONCE_MAX;
  }

  /**
   * Gives `to` blocks of its own. It has the same type, encoding and body as `from`, words that are refs
   * included. All or ArenaFull, after which `to` has no value to free.
   */
  copy(from: number, to: number): void {
    const { arena } = this.context;
    if (objectType(arena, from) !== TYPE_STRING) {
      setBodyWord(arena, to, 0, 0);
      setBodyWord(arena, to, 1, 0);
      this.typeOf(from).copy(from, to);
    } else if (objectEncoding(arena, from) === ENC_RAW) {
      const { range } = this;
      readString(arena, from, range);
      const block = arena.alloc(range.len);
      arena.copyIn(block, 0, range.buf, range.off, range.len);
      setBodyWord(arena, to, 0, block);
    }
  }

  /** Bytes of the blocks behind the body. */
  bytes(ref: number, samples: number): number {
    const { arena } = this.context;
    if (objectType(arena, ref) !== TYPE_STRING) return this.typeOf(ref).bytes(ref, samples);
    return objectEncoding(arena, ref) === ENC_RAW ? arena.usable(bodyWord(arena, ref, 0)) : 0;
  }

  /** Bytes of the body itself. */
  bodyBytes(ref: number): number {
    const { arena } = this.context;
    if (objectType(arena, ref) !== TYPE_STRING) return COLLECTION_BODY_BYTES;
    const encoding = objectEncoding(arena, ref);
    const isInline = encoding === ENC_EMBSTR || encoding === ENC_RAW_INLINE;
    return stringBodyBytes(encoding, isInline ? bodyWord(arena, ref, 0) : 0);
  }

  /** Throws unless the value is consistent. */
  validateIntegrity(ref: number): void {
    if (objectType(this.context.arena, ref) !== TYPE_STRING) {
      this.typeOf(ref).validateIntegrity(ref);
    }
  }

  private typeOf(ref: number): CollectionType {
    const type = this.byType[objectType(this.context.arena, ref)];
    assert(type !== null, "an entry has a type");
    return type as CollectionType;
  }
}
