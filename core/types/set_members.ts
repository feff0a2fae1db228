/**
 * SetMembers: a walk through a set, up to 64 members at a time.
 *
 *     members.start(ref);
 *     while (members.fill()) {
 *       members.toText();
 *       for (let i = 0; i < members.count; i++) use(members.bufs[i], members.offs[i], members.lens[i]);
 *     }
 *
 * Batches, because a large set is as many cache misses as it has members, and its neighbour in the walk lies
 * anywhere. What a batch is about to need is touched first, all at once, so that the misses overlap
 * (structures/dict.ts); whoever looks the batch up in another set does the same with its table.
 *
 * A member is bytes, or an integer that became none yet: `toText` makes its text. `place` says where it lies:
 * an index of an intset, an offset in a listpack, the ref of an entry in a dict.
 *
 * The set must not change between `start` and the last use of a batch; bytes are where they were found.
 */
import type { ReadonlyBytes } from "../base/bytes.ts";
import { hashBytes } from "../base/hash.ts";
import { LastView } from "../base/readonly_view.ts";
import {
  BIG,
  formatBigInt64,
  formatInteger,
  INTEGER_TEXT_LEN_MAX,
  parseBigInt64,
  parseInteger,
} from "../base/numbers.ts";
import { RefList } from "../base/ref_list.ts";
import { type Arena, REF_OFFSET_MASK } from "../memory/arena.ts";
import { Dict, TOUCH_MAX } from "../structures/dict.ts";
import { ENTRY_HEAD_BYTES } from "../structures/entry.ts";
import { intsetCount, intsetGet } from "../structures/intset.ts";
import { lpFirst, lpGet, lpNext } from "../structures/listpack.ts";
import {
  highWord,
  highWordOfBig,
  int64BigInt,
  int64Value,
  ListpackValue,
  lowWordOfBig,
} from "../structures/listpack_entry.ts";
import { bodyWord, ENC_HASHTABLE, ENC_INTSET, objectEncoding } from "./object.ts";
import type { TypeContext } from "./type_context.ts";

/** Most members of a batch. */
export const BATCH_MAX: number = TOUCH_MAX;

const views = new LastView();
const NO_BYTES: ReadonlyBytes = new Uint8Array(0);

export class SetMembers {
  /** Members of this batch. */
  count = 0;
  readonly places = new Int32Array(BATCH_MAX);
  /** The bytes of each member; of an integer after `toText`. */
  readonly bufs: ReadonlyBytes[] = new Array<ReadonlyBytes>(BATCH_MAX).fill(NO_BYTES);
  readonly offs = new Int32Array(BATCH_MAX);
  readonly lens = new Int32Array(BATCH_MAX);
  /** Whether a member was found as an integer, and its high and low words. */
  readonly isInteger = new Uint8Array(BATCH_MAX);
  readonly his = new Int32Array(BATCH_MAX);
  readonly los = new Int32Array(BATCH_MAX);
  /** After `hashAll`. */
  readonly hashes = new Int32Array(BATCH_MAX);

  private readonly arena: Arena;
  private readonly k0: number;
  private readonly k1: number;
  private readonly dict: Dict;
  private readonly value = new ListpackValue();
  private readonly digits = new Uint8Array(BATCH_MAX * INTEGER_TEXT_LEN_MAX);
  private encoding = ENC_INTSET;
  /** Intset or listpack; 0 when there is none. */
  private block = 0;
  /** Index, offset or cursor of what comes next. */
  private next = 0;
  private atEnd = true;
  private hasText = true;
  private hasHashes = false;
  /** Entries that `dict.scan` found, and how many of them were in batches. */
  private readonly refs = new RefList(2 * BATCH_MAX);
  private taken = 0;
  /** What the touches read: stored so that the reads are not optimised away. */
  touched = 0;

  constructor(context: TypeContext) {
    this.arena = context.arena;
    this.k0 = context.k0;
    this.k1 = context.k1;
    this.dict = Dict.attach(context.arena, context.k0, context.k1);
  }

  /** Begins with the first member of the set in this entry. */
  start(ref: number): void {
    const { arena } = this;
    this.count = 0;
    this.encoding = objectEncoding(arena, ref);
    this.block = bodyWord(arena, ref, 0);
    this.atEnd = this.block === 0;
    this.next = 0;
    if (this.atEnd) return;
    if (this.encoding === ENC_HASHTABLE) {
      this.dict.at(this.block);
      this.refs.clear();
      this.taken = 0;
    } else if (this.encoding !== ENC_INTSET) {
      this.next = lpFirst(arena, this.block);
      this.atEnd = this.next === 0;
    }
  }

  /** Whether the members come in ascending order: those of an intset. */
  get isAscending(): boolean {
    return this.encoding === ENC_INTSET;
  }

  /** Takes the next members. False when there are none. */
  fill(): boolean {
    this.count = 0;
    this.hasHashes = false;
    if (this.encoding === ENC_HASHTABLE) return this.fillFromDict();
    if (this.atEnd) return false;
    this.hasText = false;
    return this.encoding === ENC_INTSET ? this.fillFromIntset() : this.fillFromListpack();
  }

  /** Makes the text of the integers in the batch. */
  toText(): void {
    if (this.hasText) return;
    this.hasText = true;
    const { count, isInteger, bufs, offs, lens, his, los, digits } = this;
    for (let i = 0; i < count; i++) {
      if (isInteger[i] === 0) continue;
      const off = i * INTEGER_TEXT_LEN_MAX;
      const value = int64Value(his[i], los[i]);
      bufs[i] = digits;
      offs[i] = off;
      lens[i] = (value === BIG
        ? formatBigInt64(digits, off, int64BigInt(his[i], los[i]))
        : formatInteger(digits, off, value)) - off;
    }
  }

  /** Whether a member is an integer, also one that was found as text; then its two words say which. */
  findInteger(i: number): boolean {
    if (this.isInteger[i] !== 0) return true;
    // What a listpack keeps as text is no integer.
    if (this.encoding !== ENC_HASHTABLE) return false;
    const { bufs, offs, lens } = this;
    const value = parseInteger(bufs[i], offs[i], lens[i]);
    if (Number.isNaN(value)) return false;
    if (value === BIG) {
      const big = parseBigInt64(bufs[i], offs[i], lens[i]);
      this.his[i] = highWordOfBig(big);
      this.los[i] = lowWordOfBig(big);
    } else {
      this.his[i] = highWord(value);
      this.los[i] = value | 0;
    }
    return true;
  }

  /** Computes the hashes of the batch. */
  hashAll(): void {
    if (this.hasHashes) return;
    this.toText();
    this.hasHashes = true;
    const { count, bufs, offs, lens, hashes, k0, k1 } = this;
    for (let i = 0; i < count; i++) {
      hashes[i] = hashBytes(views.of(bufs[i]), offs[i], lens[i], k0, k1);
    }
  }

  /** Moves a member to an earlier place of the batch: what filters do, who then lower `count`. */
  move(from: number, to: number): void {
    if (from === to) return;
    this.places[to] = this.places[from];
    this.bufs[to] = this.bufs[from];
    this.offs[to] = this.offs[from];
    this.lens[to] = this.lens[from];
    this.isInteger[to] = this.isInteger[from];
    this.his[to] = this.his[from];
    this.los[to] = this.los[from];
    this.hashes[to] = this.hashes[from];
  }

  /** Drops the first `count` members of the batch. */
  drop(count: number): void {
    for (let i = count; i < this.count; i++) this.move(i, i - count);
    this.count -= count;
  }

  private fillFromIntset(): boolean {
    const { arena, block, value } = this;
    const left = intsetCount(arena, block) - this.next;
    const count = left < BATCH_MAX ? left : BATCH_MAX;
    for (let i = 0; i < count; i++) {
      intsetGet(arena, block, this.next, value);
      this.places[i] = this.next++;
      this.isInteger[i] = 1;
      this.his[i] = value.hi;
      this.los[i] = value.lo;
    }
    this.count = count;
    return count > 0;
  }

  private fillFromListpack(): boolean {
    const { arena, block, value } = this;
    let off = this.next;
    let count = 0;
    for (; count < BATCH_MAX && off !== 0; count++) {
      lpGet(arena, block, off, value);
      this.places[count] = off;
      if (value.isInteger) {
        this.isInteger[count] = 1;
        this.his[count] = value.hi;
        this.los[count] = value.lo;
      } else this.setBytes(count, value.buf, value.off, value.len);
      off = lpNext(arena, block, off);
    }
    this.next = off;
    this.atEnd = off === 0;
    this.count = count;
    return true;
  }

  private fillFromDict(): boolean {
    const { refs } = this;
    if (this.taken === refs.length) {
      if (this.atEnd) return false;
      refs.clear();
      this.taken = 0;
      do this.next = this.dict.scan(this.next, refs); while (
        this.next !== 0 && refs.length < BATCH_MAX / 2
      );
      this.atEnd = this.next === 0;
    }
    const from = this.taken;
    const left = refs.length - from;
    const count = left < BATCH_MAX ? left : BATCH_MAX;
    this.taken = from + count;
    this.readEntries(refs.refs, from, count);
    this.hasText = true;
    this.count = count;
    return count > 0;
  }

  /** Puts entries into the batch. Two loops: the misses of the first overlap. */
  private readEntries(refs: Int32Array, from: number, count: number): void {
    const { i32, u8 } = this.arena;
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const ref = refs[from + i];
      sum ^= i32[ref >>> 27][(ref & REF_OFFSET_MASK) << 1];
    }
    this.touched = sum;
    for (let i = 0; i < count; i++) {
      const ref = refs[from + i];
      const base = (ref & REF_OFFSET_MASK) << 3;
      this.places[i] = ref;
      const len = i32[ref >>> 27][(base >> 2) + 1];
      this.setBytes(i, u8[ref >>> 27], base + ENTRY_HEAD_BYTES, len);
    }
  }

  private setBytes(i: number, buf: ReadonlyBytes, off: number, len: number): void {
    this.isInteger[i] = 0;
    this.bufs[i] = buf;
    this.offs[i] = off;
    this.lens[i] = len;
  }
}
