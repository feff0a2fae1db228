/**
 * SetAlgebra: union, intersection and difference of sets.
 *
 * The sets are entries in a RefList, 0 for a key that doesn't exist. Each operation comes in two forms: one
 * that says by their places (t_set.ts) which members of the first set remain, for a reply, and one that adds
 * what results to another set, for the commands that store it.
 *
 * Members are taken in batches of 64 (set_members.ts), hashed once, since all dicts share the seeds, and
 * looked up in one set after the other: a batch first touches the buckets and then the entries it is about to
 * look at, so that 64 cache misses overlap instead of queueing. The rest of a batch after each set is what the
 * next one is asked about.
 *
 * What is stored must have the encoding that Redis gives it, which follows from the order of its additions
 * and removals; so the forms that store go through the members as Redis does.
 */
import type { RefList } from "../base/ref_list.ts";
import type { Arena } from "../memory/arena.ts";
import { Dict } from "../structures/dict.ts";
import { intsetCount, intsetFind, intsetGet, intsetIndex } from "../structures/intset.ts";
import { lpFind } from "../structures/listpack.ts";
import { ListpackValue, sameBytes } from "../structures/listpack_entry.ts";
import { bodyWord, ENC_HASHTABLE, ENC_INTSET, objectEncoding } from "./object.ts";
import { PlaceSet } from "./place_set.ts";
import { BATCH_MAX, SetMembers } from "./set_members.ts";
import type { Sets } from "./t_set.ts";
import type { TypeContext } from "./type_context.ts";

/** Sets up to which sorting moves them one by one. */
const INSERTION_MAX = 16;
/** Members of a batch above which it is worth a table. */
const TABLE_MIN = 4;
/** Four slots of the table to a member. */
const TABLE_MASK = 4 * BATCH_MAX - 1;
/** How many times larger than a batch an intset may be to be walked with it rather than searched. */
const MERGE_FACTOR = 8;

export class SetAlgebra {
  /** The walk of all operations, and of whoever replies a whole set. */
  readonly members: SetMembers;

  private readonly arena: Arena;
  private readonly sets: Sets;
  private readonly dict: Dict;
  private readonly removed = new PlaceSet();
  /** Walks a listpack that a batch is compared with. */
  private readonly other: SetMembers;
  /** Which members of a batch a filter found in its set. */
  private readonly isIn = new Uint8Array(BATCH_MAX);
  /** Numbers of a batch's members, from 1, by their hashes. */
  private readonly table = new Uint8Array(TABLE_MASK + 1);
  private readonly value = new ListpackValue();

  constructor(context: TypeContext, sets: Sets) {
    this.arena = context.arena;
    this.sets = sets;
    this.dict = Dict.attach(context.arena, context.k0, context.k1);
    this.members = new SetMembers(context);
    this.other = new SetMembers(context);
  }

  // Intersection. No set is missing.

  /**
   * Appends the places of those members of the smallest set that are in all others to `out`, if there is one.
   * Returns how many there are, `limit` at most unless that is 0. Orders `refs`, so that the smallest is first.
   */
  intersect(refs: RefList, limit: number, out: RefList | null): number {
    const { members } = this;
    this.sortBySize(refs, 0, 1);
    let count = 0;
    members.start(refs.refs[0]);
    while (members.fill()) {
      this.keepCommon(refs);
      if (out !== null) appendPlaces(members, out);
      count += members.count;
      if (limit > 0 && count >= limit) return limit;
    }
    return count;
  }

  /** Adds what is in all sets to the empty set `to`. Throws ArenaFull. */
  intersectInto(to: number, refs: RefList): void {
    const { members, sets, arena } = this;
    this.sortBySize(refs, 0, 1);
    const first = refs.refs[0];
    if (objectEncoding(arena, first) !== ENC_INTSET) sets.toListpackIfEmpty(to);
    members.start(first);
    while (members.fill()) {
      this.keepCommon(refs);
      sets.addBatch(to, members);
    }
    sets.maybeToIntset(to);
    sets.shrinkToFit(to);
  }

  // Difference: the first set's members that are in no other.

  /** Whether the difference is empty because the first set is subtracted from itself, or is none. */
  isEmptyDiff(refs: RefList): boolean {
    const list = refs.refs;
    if (list[0] === 0) return true;
    for (let i = 1; i < refs.length; i++) {
      if (list[i] === list[0]) return true;
    }
    return false;
  }

  /** Appends the places of what remains of the first set to `out`. Orders the others. */
  diff(refs: RefList, out: RefList): void {
    if (this.isEmptyDiff(refs)) return;
    const { members } = this;
    let others = 0;
    for (let i = 1; i < refs.length; i++) others += this.sizeOf(refs.refs[i]);
    if (others < this.sizeOf(refs.refs[0])) return this.diffFromOthers(refs, others, out);
    this.sortBySize(refs, 1, -1);
    members.start(refs.refs[0]);
    while (members.fill()) {
      this.dropCommon(refs);
      appendPlaces(members, out);
    }
  }

  /** Adds what remains of the first set to the empty set `to`, in the steps in which Redis does it. */
  diffInto(to: number, refs: RefList): void {
    if (this.isEmptyDiff(refs)) return;
    const { members, sets } = this;
    const list = refs.refs;
    if (this.removesFromCopy(refs)) this.diffFromCopy(to, refs);
    else {
      this.sortBySize(refs, 1, -1);
      members.start(list[0]);
      while (members.fill()) {
        this.dropCommon(refs);
        sets.addBatch(to, members);
      }
    }
    sets.shrinkToFit(to);
  }

  // Union. A missing set is an empty one.

  /**
   * Appends to `out` the places of each set's members that are in none of the sets before it, but for the first
   * set, all of which belong to the union. `ends` gets the length of `out` after each set. Orders `refs`, so that
   * the largest is first.
   */
  union(refs: RefList, out: RefList, ends: RefList): void {
    const { members } = this;
    const list = refs.refs;
    this.sortBySize(refs, 0, -1);
    ends.push(0);
    for (let i = 1; i < refs.length; i++) {
      if (list[i] !== 0) {
        members.start(list[i]);
        while (members.fill()) {
          for (let j = 0; j < i && members.count > 0; j++) this.filter(list[j], members, false);
          appendPlaces(members, out);
        }
      }
      ends.push(out.length);
    }
  }

  /** Adds the members of all sets to the empty set `to`, in order. Throws ArenaFull. */
  unionInto(to: number, refs: RefList): void {
    const { members, sets } = this;
    for (let i = 0; i < refs.length; i++) {
      if (refs.refs[i] === 0) continue;
      members.start(refs.refs[i]);
      while (members.fill()) sets.addBatch(to, members);
    }
    sets.shrinkToFit(to);
  }

  /** Members of a set; 0 when there is none. */
  sizeOf(ref: number): number {
    return ref === 0 ? 0 : this.sets.length(ref);
  }

  /** Orders sets, from number `from` on: `sign` 1 for the smallest first, -1 for the largest. */
  private sortBySize(refs: RefList, from: number, sign: number): void {
    const list = refs.refs;
    if (refs.length - from > INSERTION_MAX) {
      const sorted = Array.from(list.subarray(from, refs.length))
        .map((ref) => ({ ref, size: this.sizeOf(ref) * sign }))
        .sort((a, b) => a.size - b.size);
      for (let i = 0; i < sorted.length; i++) list[from + i] = sorted[i].ref;
      return;
    }
    for (let i = from + 1; i < refs.length; i++) {
      const ref = list[i];
      const size = this.sizeOf(ref) * sign;
      let at = i;
      for (; at > from && this.sizeOf(list[at - 1]) * sign > size; at--) list[at] = list[at - 1];
      list[at] = ref;
    }
  }

  // Difference by the other sets' members.

  /** `diff` for a first set with more members than all others: those are looked up in it. */
  private diffFromOthers(refs: RefList, others: number, out: RefList): void {
    const { members, sets, removed } = this;
    const list = refs.refs;
    removed.reset(others);
    for (let i = 1; i < refs.length; i++) {
      if (list[i] === 0) continue;
      members.start(list[i]);
      while (members.fill()) {
        members.toText();
        for (let m = 0; m < members.count; m++) {
          const isIn = sets.findPlace(list[0], members.bufs[m], members.offs[m], members.lens[m]);
          if (isIn) removed.add(sets.foundPlace);
        }
      }
    }
    members.start(list[0]);
    while (members.fill()) {
      const { count, places } = members;
      for (let m = 0; m < count; m++) {
        if (!removed.has(places[m])) out.push(places[m]);
      }
    }
  }

  /** Redis's choice between two ways to subtract: looking up the first set's members, or removing the others'. */
  private removesFromCopy(refs: RefList): boolean {
    const first = this.sizeOf(refs.refs[0]);
    let lookups = 0;
    let removals = 0;
    for (let i = 0; i < refs.length; i++) {
      if (refs.refs[i] === 0) continue;
      lookups += first;
      removals += this.sizeOf(refs.refs[i]);
    }
    return Math.floor(lookups / 2) > removals;
  }

  private diffFromCopy(to: number, refs: RefList): void {
    const { members, sets } = this;
    for (let i = 0; i < refs.length; i++) {
      if (refs.refs[i] === 0) continue;
      members.start(refs.refs[i]);
      while (members.fill()) {
        if (i === 0) sets.addBatch(to, members);
        else sets.removeBatch(to, members);
      }
      if (sets.length(to) === 0) return;
    }
  }

  // Filters.

  /** Keeps the members of the batch, taken from the first set, that are in all sets. */
  private keepCommon(refs: RefList): void {
    const { members } = this;
    const list = refs.refs;
    for (let i = 1; i < refs.length && members.count > 0; i++) {
      if (list[i] !== list[0]) this.filter(list[i], members, true);
    }
  }

  /** Keeps the members of the batch that are in none but the first set. */
  private dropCommon(refs: RefList): void {
    const { members } = this;
    const list = refs.refs;
    for (let i = 1; i < refs.length && members.count > 0; i++) {
      if (list[i] !== 0) this.filter(list[i], members, false);
    }
  }

  /** Keeps those members of a batch that are in a set, or with `wanted` false those that are not. */
  filter(ref: number, batch: SetMembers, wanted: boolean): void {
    const { arena } = this;
    const block = bodyWord(arena, ref, 0);
    const encoding = objectEncoding(arena, ref);
    if (block === 0) batch.count = wanted ? 0 : batch.count;
    else if (encoding === ENC_HASHTABLE) this.filterByDict(block, batch, wanted);
    else if (encoding === ENC_INTSET) this.filterByIntset(block, batch, wanted);
    else this.filterByListpack(ref, batch, wanted);
  }

  private filterByDict(root: number, batch: SetMembers, wanted: boolean): void {
    const { dict } = this;
    dict.at(root);
    batch.hashAll();
    const { count, hashes, bufs, offs, lens } = batch;
    if (dict.buckets > 1) {
      dict.touchBuckets(hashes, count);
      dict.touchEntries(hashes, count);
    }
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const isIn = dict.find(hashes[i], bufs[i], offs[i], lens[i]) !== 0;
      if (isIn === wanted) batch.move(i, kept++);
    }
    batch.count = kept;
  }

  private filterByIntset(block: number, batch: SetMembers, wanted: boolean): void {
    const { arena, isIn } = this;
    const { count, his, los } = batch;
    if (batch.isAscending && count * MERGE_FACTOR > intsetCount(arena, block)) {
      this.markByMerge(block, batch);
    } else {
      for (let i = 0; i < count; i++) {
        const found = batch.findInteger(i) && intsetFind(arena, block, his[i], los[i]);
        isIn[i] = found ? 1 : 0;
      }
    }
    this.keepMarked(batch, wanted);
  }

  /** Marks the members of a batch from an intset that are in another: both ascend. */
  private markByMerge(block: number, batch: SetMembers): void {
    const { arena, isIn, value } = this;
    const { count, his, los } = batch;
    const size = intsetCount(arena, block);
    let index = intsetIndex(arena, block, his[0], los[0]);
    for (let i = 0; i < count; i++) {
      const hi = his[i];
      const lo = los[i] >>> 0;
      isIn[i] = 0;
      for (; index < size; index++) {
        intsetGet(arena, block, index, value);
        if (value.hi > hi || value.hi === hi && value.lo >>> 0 >= lo) {
          if (value.hi === hi && value.lo >>> 0 === lo) isIn[i] = 1;
          break;
        }
      }
    }
  }

  /**
   * A listpack can only be walked. For a few members it is, once for each; otherwise the batch becomes a table
   * and the listpack is walked once.
   */
  private filterByListpack(ref: number, batch: SetMembers, wanted: boolean): void {
    const { arena, isIn } = this;
    batch.toText();
    const { count, bufs, offs, lens } = batch;
    if (count >= TABLE_MIN) this.markByTable(ref, batch);
    else {
      const block = bodyWord(arena, ref, 0);
      for (let i = 0; i < count; i++) {
        isIn[i] = lpFind(arena, block, 0, bufs[i], offs[i], lens[i], 0) === 0 ? 0 : 1;
      }
    }
    this.keepMarked(batch, wanted);
  }

  /** Marks the members of a batch that are in a set by a walk through the set. */
  private markByTable(ref: number, batch: SetMembers): void {
    const { table, isIn, other } = this;
    batch.hashAll();
    table.fill(0);
    for (let i = 0; i < batch.count; i++) {
      let slot = batch.hashes[i] & TABLE_MASK;
      while (table[slot] !== 0) slot = slot + 1 & TABLE_MASK;
      table[slot] = i + 1;
      isIn[i] = 0;
    }
    other.start(ref);
    while (other.fill()) {
      other.hashAll();
      for (let i = 0; i < other.count; i++) {
        const place = this.findInTable(batch, other, i);
        if (place > 0) isIn[place - 1] = 1;
      }
    }
  }

  /** Number in the batch, from 1, of member `i` of the other one; 0 when it isn't there. */
  private findInTable(batch: SetMembers, other: SetMembers, i: number): number {
    const { table } = this;
    const hash = other.hashes[i];
    for (let slot = hash & TABLE_MASK; table[slot] !== 0; slot = slot + 1 & TABLE_MASK) {
      const at = table[slot] - 1;
      if (batch.hashes[at] !== hash || batch.lens[at] !== other.lens[i]) continue;
      const { bufs, offs, lens } = batch;
      if (sameBytes(bufs[at], offs[at], other.bufs[i], other.offs[i], lens[at])) return at + 1;
    }
    return 0;
  }

  /** Keeps those of the batch that are marked, or with `wanted` false those that are not. */
  private keepMarked(batch: SetMembers, wanted: boolean): void {
    const { isIn } = this;
    const mark = wanted ? 1 : 0;
    let kept = 0;
    for (let i = 0; i < batch.count; i++) {
      if (isIn[i] === mark) batch.move(i, kept++);
    }
    batch.count = kept;
  }
}

function appendPlaces(batch: SetMembers, out: RefList): void {
  for (let i = 0; i < batch.count; i++) out.push(batch.places[i]);
}
