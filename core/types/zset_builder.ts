/**
 * ZsetBuilder: pairs on their way to become a sorted set.
 *
 * Results of ZUNION and the like come in no order, and a member's score may change while they do. So they are
 * collected in a dict of skiplist entries that no skiplist knows yet, and put in order once, at the end. Then
 * they are told to the client, or become a value: of a large one they are the entries already.
 *
 *     begin()   put() aggregate() drop() ...   finish()   refs, moveInto()   clear()
 *
 * In order, the entries of a large result are linked each behind the last, whose links are in the cache;
 * inserting them as they come takes a search each. Differences, and intersections of sets whose scores agree, come
 * in order by themselves.
 *
 * Ownership: the builder owns what it has collected until `moveInto` has given it away; `clear` frees it.
 */
import { bytesCompare, type ReadonlyBytes } from "../base/bytes.ts";
import { RefList } from "../base/ref_list.ts";
import { type Arena, REF_OFFSET_MASK } from "../memory/arena.ts";
import { Dict } from "../structures/dict.ts";
import { entryKeyLen } from "../structures/entry.ts";
import { lpReserve, lpShrinkToFit } from "../structures/listpack.ts";
import { Skiplist } from "../structures/skiplist.ts";
import { createEntry, entryScore, memberAt, setEntryScore } from "../structures/skiplist_entry.ts";
import { bodyWord, ENC_SKIPLIST, setBodyWord, setEncoding } from "./object.ts";
import type { TypeContext } from "./type_context.ts";
import { zlAppend } from "./zset_listpack.ts";

/** What becomes of two scores of a member. */
export const AGGREGATE_SUM = 0;
export const AGGREGATE_MIN = 1;
export const AGGREGATE_MAX = 2;

/** Bytes of a pair in a listpack besides its member, but for rare scores of many digits. */
const PAIR_BYTES = 12;
/** Refs the list may have room for while nobody uses it: 256 KiB. */
const KEPT_REFS_MAX = 1 << 16;

/** The arena of the entries being sorted; a comparison takes no third argument. */
let sorted: Arena | null = null;

export class ZsetBuilder {
  /** The entries in order, after `finish`; as they came before. */
  refs = new RefList();

  private readonly context: TypeContext;
  private readonly arena: Arena;
  private readonly dict: Dict;
  private readonly skiplist: Skiplist;
  /** Of the dict; 0 between builds. */
  private root = 0;
  /** Whether `refs` is in order so far, and whether it has nothing but what is in the dict. */
  private isOrdered = true;
  private isExact = true;

  constructor(context: TypeContext) {
    this.context = context;
    this.arena = context.arena;
    this.dict = Dict.attach(context.arena, context.k0, context.k1);
    this.skiplist = new Skiplist(context.arena);
  }

  /** Number of pairs. */
  get count(): number {
    return this.dict.count;
  }

  /** Begins with no pairs. Throws ArenaFull. */
  begin(): void {
    this.clear();
    this.isOrdered = true;
    this.isExact = true;
    this.root = this.dict.create();
  }

  /** Adds a pair whose member is not here. Throws ArenaFull. */
  put(score: number, buf: ReadonlyBytes, off: number, len: number): void {
    this.insert(this.dict.hash(buf, off, len), score, buf, off, len);
  }

  /** Adds a pair, or brings the score of its member together with this one. Throws ArenaFull. */
  aggregate(
    score: number,
    buf: ReadonlyBytes,
    off: number,
    len: number,
    aggregate: number,
  ): void {
    const { arena, dict } = this;
    const hash = dict.hash(buf, off, len);
    const entry = dict.find(hash, buf, off, len);
    if (entry === 0) {
      this.insert(hash, score, buf, off, len);
      return;
    }
    setEntryScore(arena, entry, aggregated(entryScore(arena, entry), score, aggregate));
    this.isOrdered = false;
  }

  /** Takes a member's pair out again, if it is here. */
  drop(buf: ReadonlyBytes, off: number, len: number): void {
    const { dict } = this;
    const hash = dict.hash(buf, off, len);
    const entry = dict.find(hash, buf, off, len);
    if (entry === 0) return;
    dict.removeFound(hash);
    this.arena.free(entry);
    this.isExact = false;
    this.isOrdered = false;
  }

  /** Puts the pairs in order, into `refs`. No more are added then. */
  finish(): void {
    const { refs, dict } = this;
    if (!this.isExact) {
      refs.clear();
      let cursor = 0;
      do {
        cursor = dict.scan(cursor, refs);
      } while (cursor !== 0);
    }
    if (!this.isOrdered) refs.refs.subarray(0, refs.length).sort(compareEntries);
  }

  /**
   * Makes a fresh, empty value of all pairs, in the form that suits them. When it throws ArenaFull the value is
   * to be freed.
   */
  moveInto(ref: number): void {
    const { arena, refs } = this;
    const { limits } = this.context;
    let lenMax = 0;
    let lenSum = 0;
    for (let i = 0; i < refs.length; i++) {
      const len = entryKeyLen(arena, refs.refs[i]);
      lenSum += len;
      if (len > lenMax) lenMax = len;
    }
    const isSmall = refs.length <= limits.zsetMaxListpackEntries &&
      lenMax <= limits.zsetMaxListpackValue;
    if (isSmall) this.appendTo(ref, lenSum);
    else this.linkInto(ref);
  }

  /** Frees what was collected. */
  clear(): void {
    const { arena, dict, refs } = this;
    if (this.root !== 0) {
      while (dict.count > 0) {
        refs.clear();
        dict.popBucket(refs);
        for (let i = 0; i < refs.length; i++) arena.free(refs.refs[i]);
      }
      dict.free();
      this.root = 0;
    }
    refs.clear();
    if (refs.refs.length > KEPT_REFS_MAX) this.refs = new RefList();
  }

  private insert(
    hash: number,
    score: number,
    buf: ReadonlyBytes,
    off: number,
    len: number,
  ): void {
    const { arena } = this;
    const entry = createEntry(arena, score, buf, off, len);
    try {
      this.dict.insert(hash, entry);
    } catch (error) {
      arena.free(entry);
      throw error;
    }
    const { refs } = this;
    sorted = arena;
    const last = refs.length - 1;
    if (this.isOrdered && last >= 0 && compareEntries(refs.refs[last], entry) > 0) {
      this.isOrdered = false;
    }
    refs.push(entry);
  }

  private appendTo(ref: number, lenSum: number): void {
    const { arena, refs } = this;
    const room = lenSum + refs.length * PAIR_BYTES;
    setBodyWord(arena, ref, 0, lpReserve(arena, bodyWord(arena, ref, 0), room));
    for (let i = 0; i < refs.length; i++) {
      const entry = refs.refs[i];
      const lp = bodyWord(arena, ref, 0);
      const len = entryKeyLen(arena, entry);
      const bytes = arena.u8[entry >>> 27];
      const grown = zlAppend(arena, lp, entryScore(arena, entry), bytes, memberAt(entry), len);
      setBodyWord(arena, ref, 0, grown);
    }
    setBodyWord(arena, ref, 0, lpShrinkToFit(arena, bodyWord(arena, ref, 0)));
  }

  private linkInto(ref: number): void {
    const { arena, refs, skiplist } = this;
    const list = skiplist.create();
    try {
      for (let i = 0; i < refs.length; i++) skiplist.insert(list, refs.refs[i]);
    } catch (error) {
      skiplist.free(list);
      throw error;
    }
    arena.free(bodyWord(arena, ref, 0));
    setBodyWord(arena, ref, 0, this.root);
    setBodyWord(arena, ref, 1, list);
    setEncoding(arena, ref, ENC_SKIPLIST);
    this.root = 0;
  }
}

/** Two scores of a member together. Infinities that cancel each other make 0. */
export function aggregated(a: number, b: number, aggregate: number): number {
  if (aggregate === AGGREGATE_MIN) return b < a ? b : a;
  if (aggregate === AGGREGATE_MAX) return b > a ? b : a;
  const sum = a + b;
  return sum === sum ? sum : 0;
}

function compareEntries(a: number, b: number): number {
  const { f64, u8 } = sorted!;
  const scoreA = f64[a >>> 27][(a & REF_OFFSET_MASK) + 1];
  const scoreB = f64[b >>> 27][(b & REF_OFFSET_MASK) + 1];
  if (scoreA !== scoreB) return scoreA < scoreB ? -1 : 1;
  const lenA = entryKeyLen(sorted!, a);
  const lenB = entryKeyLen(sorted!, b);
  return bytesCompare(u8[a >>> 27], memberAt(a), lenA, u8[b >>> 27], memberAt(b), lenB);
}
