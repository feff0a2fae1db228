/**
 * Glob patterns, as KEYS, SCAN MATCH, PSUBSCRIBE, CONFIG GET and ACL rules use them:
 *
 *     *      any run of bytes, also an empty one       [abc]  one of these bytes
 *     ?      exactly one byte                          [a-c]  a range; [c-a] is the same
 *     \x     x itself                                  [^a]   any byte but these
 *
 * The corner cases are Redis's, because users see them: an unterminated bracket ends with the
 * pattern; in a bracket an escaped byte keeps its case even in a case-insensitive match; range ends
 * are ordered as signed bytes before their case is folded, and folding undoes the sign; a star does
 * not match a string that is empty from the start; a pattern with more than 1000 stars before its
 * last matches nothing.
 *
 * Why no recursion: every element but the star takes exactly one byte. So if what follows a star
 * matches nowhere in the rest of the string, a longer run for an earlier star can't help, and only
 * the last star met is ever retried. The time is at most pattern length times string length,
 * whatever the number of stars. Redis reaches the same by a flag that unwinds its recursion.
 */

import type { ReadonlyBytes } from "./bytes.ts";

/** Stars, runs of them counting once, that may precede the last; Redis's recursion limit. */
const STARS_MAX = 1000;

const STAR = 0x2a;
const QUESTION = 0x3f;
const BRACKET = 0x5b;
const BRACKET_END = 0x5d;
const BACKSLASH = 0x5c;
const CARET = 0x5e;
const DASH = 0x2d;

/** Whether the whole string range matches the pattern range. `nocase` folds ASCII letters. */
export function globMatch(
  pattern: ReadonlyBytes,
  pOff: number,
  pLen: number,
  str: ReadonlyBytes,
  sOff: number,
  sLen: number,
  nocase: boolean,
): boolean {
  const pEnd = pOff + pLen;
  const sEnd = sOff + sLen;
  let p = pOff;
  let s = sOff;
  // Where to go on after a mismatch: behind the last star, one byte further in the string.
  let retryP = -1;
  let retryS = 0;
  let stars = 0;
  if (sLen === 0) return pLen === 0;
  for (;;) {
    if (p < pEnd && pattern[p] === STAR) {
      while (p + 1 < pEnd && pattern[p + 1] === STAR) p++;
      if (++p === pEnd) return true;
      if (++stars > STARS_MAX) return false;
      retryP = p;
      retryS = s;
      continue;
    }
    if (p < pEnd && elementMatches(pattern, p, pEnd, str[s], nocase)) {
      p = elementEnd(pattern, p, pEnd);
      if (++s < sEnd) continue;
      while (p < pEnd && pattern[p] === STAR) p++;
      // Elements are left but no bytes: a retry would have even fewer.
      return p === pEnd;
    }
    if (retryP < 0) return false;
    p = retryP;
    s = ++retryS;
    if (s === sEnd) return false;
  }
}

/** Whether the element at `p`, which is not a star, matches the byte `c`. */
function elementMatches(
  pattern: ReadonlyBytes,
  p: number,
  pEnd: number,
  c: number,
  nocase: boolean,
): boolean {
  let want = pattern[p];
  if (want === QUESTION) return true;
  if (want === BRACKET) return bracketMatches(pattern, p + 1, pEnd, c, nocase);
  if (want === BACKSLASH && p + 1 < pEnd) want = pattern[p + 1];
  return want === c || (nocase && lower(want) === lower(c));
}

/** The offset behind the element at `p`, which is not a star. */
function elementEnd(pattern: ReadonlyBytes, p: number, pEnd: number): number {
  const first = pattern[p];
  if (first === BACKSLASH) return p + 1 < pEnd ? p + 2 : p + 1;
  if (first !== BRACKET) return p + 1;
  p++;
  if (p < pEnd && pattern[p] === CARET) p++;
  while (p < pEnd && pattern[p] !== BRACKET_END) p = itemEnd(pattern, p, pEnd);
  return p < pEnd ? p + 1 : pEnd;
}

/** The offset behind the bracket item at `p`: an escaped byte, a range or a byte. */
function itemEnd(pattern: ReadonlyBytes, p: number, pEnd: number): number {
  if (pattern[p] === BACKSLASH && p + 1 < pEnd) return p + 2;
  return p + 2 < pEnd && pattern[p + 1] === DASH ? p + 3 : p + 1;
}

/** Whether `c` is in the set whose first byte, perhaps a caret, is at `p`. */
function bracketMatches(
  pattern: ReadonlyBytes,
  p: number,
  pEnd: number,
  c: number,
  nocase: boolean,
): boolean {
  const negated = p < pEnd && pattern[p] === CARET;
  if (negated) p++;
  while (p < pEnd && pattern[p] !== BRACKET_END) {
    const next = itemEnd(pattern, p, pEnd);
    const first = pattern[p];
    if (next === p + 3) {
      if (rangeHolds(signed(first), signed(pattern[p + 2]), signed(c), nocase)) return !negated;
    } else if (next === p + 2) {
      if (pattern[p + 1] === c) return !negated;
    } else if (first === c || (nocase && lower(first) === lower(c))) {
      return !negated;
    }
    p = next;
  }
  return negated;
}

/** Whether `c` lies between the ends of a range, whichever is the lower; all are signed bytes. */
function rangeHolds(a: number, b: number, c: number, nocase: boolean): boolean {
  const low = a < b ? a : b;
  const high = a < b ? b : a;
  if (!nocase) return c >= low && c <= high;
  const folded = lowerSigned(c);
  return folded >= lowerSigned(low) && folded <= lowerSigned(high);
}

/** A byte as C's signed char, which is what Redis compares on most machines. */
function signed(c: number): number {
  return (c << 24) >> 24;
}

/** Folds ASCII capitals; other bytes stay. */
function lower(c: number): number {
  return c >= 0x41 && c <= 0x5a ? c | 0x20 : c;
}

/** C's tolower of a signed char: glibc's table gives bytes above 127 back unsigned, but for -1. */
function lowerSigned(c: number): number {
  return c < -1 ? c + 256 : lower(c);
}
