/**
 * ZsetAlgebra: union, intersection and difference of sorted sets, and of sets, whose members all score 1.
 *
 *     clear()   add(ref, isSet) ...   weights[i] = ...   union() inter() diff() or interCount()
 *
 * The result is in `builder`. Sources may be 0 (no key: empty) and the same one may come several times. They
 * stay as they are. Sums are made in the order of size, smallest source first, as Redis makes them: with
 * doubles the order shows.
 */
import type { ReadonlyBytes } from "../base/bytes.ts";
import { SetMembers } from "./set_members.ts";
import type { Sets } from "./t_set.ts";
import type { ZSets } from "./t_zset.ts";
import type { TypeContext } from "./type_context.ts";
import { aggregated, ZsetBuilder } from "./zset_builder.ts";
import { ZsetCursor } from "./zset_cursor.ts";

const NO_BYTES: ReadonlyBytes = new Uint8Array(0);

export class ZsetAlgebra {
  readonly builder: ZsetBuilder;
  /** Factors of the sources' scores, 1 unless changed. */
  readonly weights: number[] = [];

  private readonly zsets: ZSets;
  private readonly sets: Sets;
  private readonly walk: Walk;
  private readonly refs: number[] = [];
  private readonly isSet: boolean[] = [];

  constructor(context: TypeContext, zsets: ZSets, sets: Sets) {
    this.builder = new ZsetBuilder(context);
    this.zsets = zsets;
    this.sets = sets;
    this.walk = new Walk(context, zsets);
  }

  /** Forgets the sources. */
  clear(): void {
    this.refs.length = 0;
    this.isSet.length = 0;
    this.weights.length = 0;
  }

  /** Adds a source. */
  add(ref: number, isSet: boolean): void {
    this.refs.push(ref);
    this.isSet.push(isSet);
    this.weights.push(1);
  }

  /** All members of all sources. Throws ArenaFull, as the others do. */
  union(aggregate: number): void {
    const { builder, walk } = this;
    builder.begin();
    for (const source of this.bySize()) {
      const weight = this.weights[source];
      walk.start(this.refs[source], this.isSet[source]);
      while (walk.next()) {
        const score = weighted(walk.score, weight);
        builder.aggregate(score, walk.buf, walk.off, walk.len, aggregate);
      }
    }
    builder.finish();
  }

  /** The members that all sources have. */
  inter(aggregate: number): void {
    const { builder, walk } = this;
    const order = this.bySize();
    builder.begin();
    walk.start(this.refs[order[0]], this.isSet[order[0]]);
    while (walk.next()) {
      let score = weighted(walk.score, this.weights[order[0]]);
      let i = 1;
      for (; i < order.length; i++) {
        const other = this.scoreIn(order[i], walk.buf, walk.off, walk.len);
        if (other !== other) break;
        score = aggregated(score, other * this.weights[order[i]], aggregate);
      }
      if (i === order.length) builder.put(score, walk.buf, walk.off, walk.len);
    }
    builder.finish();
  }

  /** How many members all sources have; counted up to `limit` only, unless that is 0. */
  interCount(limit: number): number {
    const { walk } = this;
    const order = this.bySize();
    let count = 0;
    walk.start(this.refs[order[0]], this.isSet[order[0]]);
    while (walk.next()) {
      let i = 1;
      while (i < order.length && this.has(order[i], walk.buf, walk.off, walk.len)) i++;
      if (i === order.length && ++count === limit) break;
    }
    return count;
  }

  /** The members of the first source that no other has. */
  diff(): void {
    const { builder, refs } = this;
    builder.begin();
    if (this.lengthOf(0) > 0 && refs.indexOf(refs[0], 1) < 0) {
      if (this.isWalkingAllWorse()) this.diffByLookups();
      else this.diffByWalks();
    }
    builder.finish();
  }

  /** Whether looking every member of the first source up is less work than walking all others. */
  private isWalkingAllWorse(): boolean {
    let walked = 0;
    for (let i = 0; i < this.refs.length; i++) walked += this.lengthOf(i);
    // A look-up that finds its member ends the search, so they get a head start.
    return Math.floor(this.lengthOf(0) * this.refs.length / 2) <= walked;
  }

  private diffByLookups(): void {
    const { builder, walk } = this;
    // The largest of the others first: it is the likeliest to have a member.
    const others = this.bySize().filter((source) => source !== 0).reverse();
    walk.start(this.refs[0], this.isSet[0]);
    while (walk.next()) {
      let i = 0;
      while (i < others.length && !this.has(others[i], walk.buf, walk.off, walk.len)) i++;
      if (i === others.length) builder.put(walk.score, walk.buf, walk.off, walk.len);
    }
  }

  private diffByWalks(): void {
    const { builder, walk } = this;
    walk.start(this.refs[0], this.isSet[0]);
    while (walk.next()) builder.put(walk.score, walk.buf, walk.off, walk.len);
    for (let i = 1; i < this.refs.length; i++) {
      walk.start(this.refs[i], this.isSet[i]);
      while (builder.count > 0 && walk.next()) builder.drop(walk.buf, walk.off, walk.len);
    }
  }

  /** Indexes of the sources, the smallest first; equal ones as they came. */
  private bySize(): number[] {
    const lengths = this.refs.map((_, i) => this.lengthOf(i));
    return this.refs.map((_, i) => i).sort((a, b) => lengths[a] - lengths[b]);
  }

  private lengthOf(source: number): number {
    const ref = this.refs[source];
    if (ref === 0) return 0;
    return this.isSet[source] ? this.sets.length(ref) : this.zsets.length(ref);
  }

  private has(source: number, buf: ReadonlyBytes, off: number, len: number): boolean {
    const ref = this.refs[source];
    if (ref === 0) return false;
    return this.isSet[source]
      ? this.sets.has(ref, buf, off, len)
      : this.zsets.find(ref, buf, off, len);
  }

  /** Score of a member in a source, NaN when it is not there. */
  private scoreIn(source: number, buf: ReadonlyBytes, off: number, len: number): number {
    if (!this.has(source, buf, off, len)) return NaN;
    return this.isSet[source] ? 1 : this.zsets.score;
  }
}

/** A walk through a source. */
class Walk {
  buf: ReadonlyBytes = NO_BYTES;
  off = 0;
  len = 0;
  score = NaN;
  private readonly zsets: ZSets;
  private readonly cursor = new ZsetCursor();
  private readonly members: SetMembers;
  private isSet = false;
  private isStarted = false;
  /** Place in the batch of `members`. */
  private at = 0;

  constructor(context: TypeContext, zsets: ZSets) {
    this.zsets = zsets;
    this.members = new SetMembers(context);
  }

  /** Begins with the first member of the value in this entry (0: none). */
  start(ref: number, isSet: boolean): void {
    this.isSet = isSet;
    this.isStarted = false;
    this.at = 0;
    if (ref === 0) {
      this.isSet = false;
      this.cursor.at = 0;
    } else if (isSet) {
      this.members.start(ref);
      this.members.count = 0;
      this.score = 1;
    } else this.zsets.seekFirst(ref, this.cursor);
  }

  next(): boolean {
    return this.isSet ? this.nextOfSet() : this.nextOfZset();
  }

  private nextOfZset(): boolean {
    const { zsets, cursor } = this;
    if (cursor.at === 0) return false;
    if (this.isStarted) {
      zsets.next(cursor);
      if (cursor.at === 0) return false;
    }
    this.isStarted = true;
    zsets.read(cursor);
    this.buf = cursor.buf;
    this.off = cursor.off;
    this.len = cursor.len;
    this.score = cursor.score;
    return true;
  }

  private nextOfSet(): boolean {
    const { members } = this;
    if (this.at === members.count) {
      if (!members.fill()) return false;
      members.toText();
      this.at = 0;
    }
    this.buf = members.bufs[this.at];
    this.off = members.offs[this.at];
    this.len = members.lens[this.at];
    this.at++;
    return true;
  }
}

/** A score times its weight; an infinity times 0 makes 0. */
function weighted(score: number, weight: number): number {
  const product = score * weight;
  return product === product ? product : 0;
}
