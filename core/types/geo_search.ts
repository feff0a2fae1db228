/**
 * GeoSearch: the members of a sorted set that lie in an area.
 *
 * The scores are geohashes (base/geohash.ts), so each cell that covers the area is a range of scores, walked
 * from its lowest. A member whose stripes are not within the area's frame costs no more than that look; the others are
 * measured. In a large set, after a while without any member inside the frame, the walk leaves out what can't be:
 * it goes up to the largest aligned square of stripes that the frame doesn't touch, and searches for what comes
 * behind it. A search takes as long as 20 or 30 steps, so a dense set is read where the area is, and in a
 * sparse one nothing is lost.
 *
 * Results are places (a skiplist entry, or an offset in a listpack) with their distance, if it was asked for. They
 * are good until the set changes, and come in the order found; `sort` puts the nearest or the farthest first,
 * equal ones staying in order.
 *
 * Why it is the same as looking at each member: the frame is certain, leaving out only skips members
 * outside it, and they are passed in the same order.
 */
import {
  cellScore,
  evenBits,
  GEO_STEPS_MAX,
  oddBits,
  stripeLat,
  stripeLon,
} from "../base/geohash.ts";
import { GEO_CELLS, type GeoArea } from "../base/geo_area.ts";
import { leastFirst } from "../base/least_first.ts";
import { ScoreRange } from "../structures/zset_range.ts";
import type { ZSets } from "./t_zset.ts";
import { ZsetCursor } from "./zset_cursor.ts";

/** Members outside the frame that are passed before some are left out. */
const OUTSIDE_MAX = 128;
const HALF_BITS = 13;
const TWO_26 = 2 ** 26;
const STRIPES = 2 ** GEO_STEPS_MAX;
const STRIPE_MASK: number = STRIPES - 1;
/** Scores of positions are below this, but for those at the very end of an axis. */
const GEOHASH_END: number = STRIPES * STRIPES;
/** Results that there is room for while nobody searches: 192 KiB. */
const KEPT_RESULTS_MAX = 1 << 14;
const FIRST_RESULTS = 64;

export class GeoSearch {
  /** How many were found, and each one's place and distance in meters (0 if that wasn't asked for). */
  count = 0;
  places = new Int32Array(FIRST_RESULTS);
  distances = new Float64Array(FIRST_RESULTS);
  /** After `sort`: the indices of the results in order. */
  order = new Int32Array(FIRST_RESULTS);

  private readonly zsets: ZSets;
  private readonly range = new ScoreRange();
  /** The ranges to be walked: how many; each one's scores, the second not included, and first place. */
  private ranges = 0;
  private readonly begins = new Float64Array(GEO_CELLS);
  private readonly ends = new Float64Array(GEO_CELLS);
  private readonly starts = new Int32Array(GEO_CELLS);
  private readonly startNodes = new Int32Array(GEO_CELLS);
  private readonly startSlots = new Int32Array(GEO_CELLS);
  /** Their indices, by where they begin. */
  private readonly ascending = new Int32Array(GEO_CELLS);
  /** Where the walk is; of a set that it shows, `read` at a place gives the member. */
  readonly cursor = new ZsetCursor();

  constructor(zsets: ZSets) {
    this.zsets = zsets;
  }

  /**
   * Finds the members of a set in an area that is covered. `limit` ends the search at so many, 0 doesn't.
   */
  run(ref: number, area: GeoArea, limit: number, withDistance: boolean): void {
    this.count = 0;
    this.setRanges(area);
    this.seekRanges(ref);
    for (let i = 0; i < this.ranges; i++) {
      if (limit !== 0 && this.count >= limit) return;
      this.cursor.at = this.starts[i];
      this.cursor.node = this.startNodes[i];
      this.cursor.slot = this.startSlots[i];
      this.walk(ref, area, this.ends[i], limit, withDistance);
    }
  }

  /** Sets `order` to the indices of the first `wanted` results by distance. */
  sort(wanted: number, isDescending: boolean): void {
    if (this.order.length < this.count) this.order = new Int32Array(this.places.length);
    leastFirst(this.distances, this.count, wanted, isDescending, this.order);
  }

  /** Sets `order` to the results as they were found. */
  keepOrder(): void {
    if (this.order.length < this.count) this.order = new Int32Array(this.places.length);
    for (let i = 0; i < this.count; i++) this.order[i] = i;
  }

  /** Reads result `index` into `cursor`. */
  read(index: number): void {
    this.cursor.at = this.places[index];
    this.zsets.read(this.cursor);
  }

  /** Gives up the room that a large search took. */
  clear(): void {
    this.count = 0;
    if (this.places.length <= KEPT_RESULTS_MAX) return;
    this.places = new Int32Array(FIRST_RESULTS);
    this.distances = new Float64Array(FIRST_RESULTS);
    this.order = new Int32Array(FIRST_RESULTS);
  }

  /** Notes the ranges of scores to be walked, in order. */
  private setRanges(area: GeoArea): void {
    const { range, starts, begins, ends } = this;
    let count = 0;
    let last = 0;
    for (let i = 0; i < GEO_CELLS; i++) {
      if (area.cellUsed[i] === 0) continue;
      const x = area.cellX[i];
      const y = area.cellY[i];
      // In large areas neighbours may be one cell. As in Redis the first is not compared with.
      if (last !== 0 && x === area.cellX[last] && y === area.cellY[last]) continue;
      last = i;
      if (!this.setRange(area, x, y)) continue;
      begins[count] = range.min;
      ends[count] = range.max;
      starts[count] = 0;
      count++;
    }
    this.ranges = count;
  }

  /** Finds where each range starts. */
  private seekRanges(ref: number): void {
    const { zsets, cursor, range, starts, begins, ends, ascending } = this;
    const count = this.ranges;
    zsets.seekFirst(ref, cursor);
    if (cursor.isSmall) {
      for (let i = 0; i < count; i++) {
        range.set(begins[i], false, ends[i], true);
        zsets.seekFirstInScores(ref, range, cursor);
        starts[i] = cursor.at;
      }
      return;
    }
    for (let i = 0; i < count; i++) {
      let at = i;
      for (; at > 0 && begins[ascending[at - 1]] > begins[i]; at--) {
        ascending[at] = ascending[at - 1];
      }
      ascending[at] = i;
    }
    this.seekAscending(ref);
  }

  /**
   * In a large set, from the lowest range to the highest. They are near each other, so most are a
   * few steps from the one before; and where there are few members, the first one from a range on
   * often tells that the next ranges are empty, too, or is the first one of theirs.
   */
  private seekAscending(ref: number): void {
    const { zsets, cursor, range, starts, begins, ends, ascending } = this;
    let score = -Infinity;
    for (let i = 0; i < this.ranges; i++) {
      const index = ascending[i];
      if (score < begins[index]) {
        range.set(begins[index], false, Infinity, false);
        if (i === 0) zsets.seekFirstInScores(ref, range, cursor);
        else zsets.seekNextInScores(range, cursor);
        score = cursor.at === 0 ? Infinity : zsets.scoreAt(cursor);
      }
      starts[index] = score < ends[index] ? cursor.at : 0;
      this.startNodes[index] = cursor.node;
      this.startSlots[index] = cursor.slot;
    }
  }

  /** Walks a range from where the cursor is. */
  private walk(
    ref: number,
    area: GeoArea,
    end: number,
    limit: number,
    withDistance: boolean,
  ): void {
    const { zsets, cursor, range } = this;
    const maySkip = !cursor.isSmall && end <= GEOHASH_END;
    let outside = 0;
    while (cursor.at !== 0) {
      const score = zsets.scoreAt(cursor);
      if (score >= end) return;
      const high = Math.floor(score / TWO_26);
      const low = Math.floor(score - high * TWO_26);
      const x = oddBits(high) << HALF_BITS | oddBits(low);
      const y = evenBits(high) << HALF_BITS | evenBits(low);
      if (area.inFrame(x, y)) {
        outside = 0;
        const lon = stripeLon(x);
        const lat = stripeLat(y);
        if (withDistance ? area.contains(lon, lat) : area.touches(lon, lat)) {
          this.add(cursor.at, withDistance ? area.distanceM : 0);
          if (limit !== 0 && this.count >= limit) return;
        }
      } else if (++outside === OUTSIDE_MAX && maySkip) {
        outside = 0;
        range.set(nextScore(area, x, y), false, end, true);
        if (range.min >= end) return;
        zsets.seekFirstInScores(ref, range, cursor);
        continue;
      }
      zsets.next(cursor);
    }
  }

  /**
   * Sets `range` to the scores of a cell, from the lower left corner of its part within the frame to the upper
   * right one: stripes in between have scores in between. False when there is no such part.
   */
  private setRange(area: GeoArea, cellX: number, cellY: number): boolean {
    const { range } = this;
    const { steps, frameX, frameSpan } = area;
    const cells = 1 << steps;
    if (cellX >= cells || cellY >= cells) {
      // A cell beyond the last one holds only what is at the very end of an axis.
      const end = cellScore(cellX, cellY, steps, true);
      range.set(cellScore(cellX, cellY, steps, false), false, end, true);
      return true;
    }
    const size = STRIPES / cells;
    const bottom = Math.max(cellY * size, area.frameBottom);
    const top = Math.min(cellY * size + size - 1, area.frameTop);
    let left = cellX * size;
    let right = left + size - 1;
    const beforeFrame = (frameX - left) & STRIPE_MASK;
    const insideFrame = (left - frameX) & STRIPE_MASK;
    if (beforeFrame < size) {
      // The frame begins in this cell, and may go round the globe and end in it too.
      if (insideFrame > frameSpan) {
        left += beforeFrame;
        right = Math.min(right, left + frameSpan);
      }
    } else if (insideFrame <= frameSpan) right = Math.min(right, left + frameSpan - insideFrame);
    else return false;
    if (bottom > top) return false;
    const min = cellScore(left, bottom, GEO_STEPS_MAX, false);
    range.set(min, false, cellScore(right, top, GEO_STEPS_MAX, true), true);
    return true;
  }

  private add(place: number, distance: number): void {
    const { count } = this;
    if (count === this.places.length) {
      const places = new Int32Array(2 * count);
      const distances = new Float64Array(2 * count);
      places.set(this.places);
      distances.set(this.distances);
      this.places = places;
      this.distances = distances;
    }
    this.places[count] = place;
    this.distances[count] = distance;
    this.count = count + 1;
  }
}

/** The lowest score above that of stripes outside the frame which may be within it. */
function nextScore(area: GeoArea, x: number, y: number): number {
  for (;;) {
    // The largest aligned square here that the frame doesn't touch. One stripe is such a square.
    let bits = 0;
    while (bits < GEO_STEPS_MAX && !touchesFrame(area, x, y, bits + 1)) bits++;
    if (bits === GEO_STEPS_MAX) return Infinity;
    // Behind it: the next square of its size in the order of scores.
    const score = cellScore(x >> bits, y >> bits, GEO_STEPS_MAX - bits, true);
    if (score >= GEOHASH_END) return Infinity;
    const high = Math.floor(score / TWO_26);
    const low = score - high * TWO_26;
    x = oddBits(high) << HALF_BITS | oddBits(low);
    y = evenBits(high) << HALF_BITS | evenBits(low);
    if (area.inFrame(x, y)) return score;
  }
}

/** Whether the aligned square of 2^bits stripes around some may have any within the frame. */
function touchesFrame(area: GeoArea, x: number, y: number, bits: number): boolean {
  const size = 1 << bits;
  const left = (x >> bits) * size;
  const bottom = (y >> bits) * size;
  if (bottom > area.frameTop || bottom + size - 1 < area.frameBottom) return false;
  // The frame begins within the square, or the square within the frame.
  const toFrame = (area.frameX - left) & STRIPE_MASK;
  const toSquare = (left - area.frameX) & STRIPE_MASK;
  return toFrame < size || toSquare <= area.frameSpan;
}
