/**
 * Ranges of a sorted set: from one score to another, or from one member to another.
 *
 * Whoever parses a command keeps one object of each kind and fills it anew; both forms of a sorted
 * set, and the skiplist, ask the functions below. A range may be empty (its minimum above its
 * maximum); nothing is inside it then.
 *
 * Members are compared as unsigned bytes, a prefix before what it is a prefix of. A range of
 * members only means something where all scores are equal.
 */
import { bytesCompare, type ReadonlyBytes } from "../base/bytes.ts";

/** Bound of a LexRange: below all members, Redis's `-`. */
export const LEX_FIRST = 0;
/** Above all members, Redis's `+`. */
export const LEX_LAST = 1;
/** A member that is inside, Redis's `[`. */
export const LEX_INCLUSIVE = 2;
/** A member that is not, Redis's `(`. */
export const LEX_EXCLUSIVE = 3;

const NO_BYTES: ReadonlyBytes = new Uint8Array(0);

/** Scores between two bounds; neither is NaN. */
export class ScoreRange {
  min = -Infinity;
  max = Infinity;
  minExclusive = false;
  maxExclusive = false;

  set(min: number, minExclusive: boolean, max: number, maxExclusive: boolean): this {
    this.min = min;
    this.max = max;
    this.minExclusive = minExclusive;
    this.maxExclusive = maxExclusive;
    return this;
  }
}

/** Whether a score is not below the range. */
export function scoreFitsMin(range: ScoreRange, score: number): boolean {
  return score > range.min || (score === range.min && !range.minExclusive);
}

/** Whether a score is not above the range. */
export function scoreFitsMax(range: ScoreRange, score: number): boolean {
  return score < range.max || (score === range.max && !range.maxExclusive);
}

/** Members between two bounds. The bytes are the caller's and must outlive the use of the range. */
export class LexRange {
  minKind = LEX_FIRST;
  min: ReadonlyBytes = NO_BYTES;
  minOff = 0;
  minLen = 0;
  maxKind = LEX_LAST;
  max: ReadonlyBytes = NO_BYTES;
  maxOff = 0;
  maxLen = 0;

  /** `kind` is one of the LEX constants; the bytes count only for the last two of them. */
  setMin(kind: number, buf: ReadonlyBytes, off: number, len: number): this {
    this.minKind = kind;
    this.min = buf;
    this.minOff = off;
    this.minLen = len;
    return this;
  }

  setMax(kind: number, buf: ReadonlyBytes, off: number, len: number): this {
    this.maxKind = kind;
    this.max = buf;
    this.maxOff = off;
    this.maxLen = len;
    return this;
  }
}

/** Whether a member is not below the range. */
export function memberFitsMin(
  range: LexRange,
  member: ReadonlyBytes,
  off: number,
  len: number,
): boolean {
  const kind = range.minKind;
  if (kind <= LEX_LAST) return kind === LEX_FIRST;
  const order = bytesCompare(member, off, len, range.min, range.minOff, range.minLen);
  return order > 0 || (order === 0 && kind === LEX_INCLUSIVE);
}

/** Whether a member is not above the range. */
export function memberFitsMax(
  range: LexRange,
  member: ReadonlyBytes,
  off: number,
  len: number,
): boolean {
  const kind = range.maxKind;
  if (kind <= LEX_LAST) return kind === LEX_LAST;
  const order = bytesCompare(member, off, len, range.max, range.maxOff, range.maxLen);
  return order < 0 || (order === 0 && kind === LEX_INCLUSIVE);
}
