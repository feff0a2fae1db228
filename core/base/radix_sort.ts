/**
 * Radix sort: puts numbers of items in the order of the items' keys, without comparing pairs and without a
 * callback.
 *
 * `sortByKeys` orders by unsigned keys of 64 bits, given as two words per item: one pass over the items for each
 * of the eight bytes in which keys differ, from the lowest on, through a table of 256 counts. 100,000 items with
 * keys of three bytes take 1 ms on the machine this was written on, against 20 for a sort with a comparison
 * function. It is stable.
 *
 * `sortByBytes` orders by strings: eight bytes at a time become keys, and those that have the same eight bytes are
 * sorted among themselves by the next eight. The largest such group is the next round of the same loop, only
 * smaller ones are recursions, so these nest log2(n) deep at most, however long the strings are.
 *
 * With `flip` -1 the order is the opposite one, and still stable; with 0 it is ascending. Strings compare as
 * unsigned bytes, a prefix before what it is a prefix of.
 *
 * Limits: keys, `order` and `spare` are the caller's, of the same length; 2^31 - 1 items.
 */
import type { ReadonlyBytes } from "./bytes.ts";

/** Items that are sorted by insertion. */
const INSERTION_MAX = 24;
const DIGITS = 256;
const KEY_BYTES = 8;

const counts = new Int32Array(KEY_BYTES * DIGITS);

/** What `sortByBytes` works on. Its arrays are indexed by the number of an item. */
export interface SortStrings {
  readonly bytes: ReadonlyBytes;
  readonly offs: Int32Array;
  readonly lens: Int32Array;
  /** For the keys. */
  readonly hi: Int32Array;
  readonly lo: Int32Array;
}

/** Sorts the numbers in [from, to) of `order` by their keys, as unsigned 64-bit integers. */
export function sortByKeys(
  order: Int32Array,
  spare: Int32Array,
  from: number,
  to: number,
  hi: Int32Array,
  lo: Int32Array,
): void {
  if (to - from <= INSERTION_MAX) return insertByKeys(order, from, to, hi, lo);
  count(order, from, to, hi, lo);
  let source = order;
  let target = spare;
  for (let digit = 0; digit < KEY_BYTES; digit++) {
    const words = digit < 4 ? lo : hi;
    const shift = (digit & 3) << 3;
    const base = digit * DIGITS;
    // All items may have the same byte here.
    if (counts[base + (words[order[from]] >>> shift & 255)] === to - from) continue;
    let sum = from;
    for (let i = base; i < base + DIGITS; i++) {
      const n = counts[i];
      counts[i] = sum;
      sum += n;
    }
    for (let i = from; i < to; i++) {
      const item = source[i];
      target[counts[base + (words[item] >>> shift & 255)]++] = item;
    }
    const swapped = source;
    source = target;
    target = swapped;
  }
  if (source === order) return;
  for (let i = from; i < to; i++) order[i] = spare[i];
}

/**
 * Sorts the numbers in [from, to) of `order` by their strings, of which the first `depth` bytes are known to be
 * the same.
 */
export function sortByBytes(
  order: Int32Array,
  spare: Int32Array,
  from: number,
  to: number,
  strings: SortStrings,
  depth: number,
  flip: number,
): void {
  for (;;) {
    if (to - from <= INSERTION_MAX) return insertByBytes(order, from, to, strings, depth, flip);
    const { hi, lo } = strings;
    const goesOn = fillKeys(order, from, to, strings, depth, flip);
    sortByKeys(order, spare, from, to, hi, lo);
    if (!goesOn) return;
    depth += KEY_BYTES;
    let largestFrom = from;
    let largestTo = from;
    for (let at = from; at < to;) {
      const end = runEnd(order, at, to, hi, lo);
      if (end - at > largestTo - largestFrom) {
        // The largest so far is no longer the one to be left for the next round.
        const doneFrom = largestFrom;
        const doneTo = largestTo;
        largestFrom = at;
        largestTo = end;
        if (doneTo - doneFrom > 1) {
          sortByBytes(order, spare, doneFrom, doneTo, strings, depth, flip);
        }
      } else if (end - at > 1) sortByBytes(order, spare, at, end, strings, depth, flip);
      at = end;
    }
    from = largestFrom;
    to = largestTo;
    if (to - from <= 1) return;
  }
}

/** Where the items end that have the same key as the one at `at`. */
export function runEnd(
  order: Int32Array,
  at: number,
  to: number,
  hi: Int32Array,
  lo: Int32Array,
): number {
  const first = order[at];
  let end = at + 1;
  while (end < to && hi[order[end]] === hi[first] && lo[order[end]] === lo[first]) end++;
  return end;
}

/** Counts the items by each byte of their keys. */
function count(
  order: Int32Array,
  from: number,
  to: number,
  hi: Int32Array,
  lo: Int32Array,
): void {
  counts.fill(0);
  for (let i = from; i < to; i++) {
    const low = lo[order[i]];
    const high = hi[order[i]];
    counts[low & 255]++;
    counts[256 + (low >>> 8 & 255)]++;
    counts[512 + (low >>> 16 & 255)]++;
    counts[768 + (low >>> 24)]++;
    counts[1024 + (high & 255)]++;
    counts[1280 + (high >>> 8 & 255)]++;
    counts[1536 + (high >>> 16 & 255)]++;
    counts[1792 + (high >>> 24)]++;
  }
}

function insertByKeys(
  order: Int32Array,
  from: number,
  to: number,
  hi: Int32Array,
  lo: Int32Array,
): void {
  for (let i = from + 1; i < to; i++) {
    const item = order[i];
    const high = hi[item] >>> 0;
    const low = lo[item] >>> 0;
    let at = i;
    for (; at > from; at--) {
      const before = order[at - 1];
      const beforeHigh = hi[before] >>> 0;
      if (beforeHigh < high || beforeHigh === high && lo[before] >>> 0 <= low) break;
      order[at] = before;
    }
    order[at] = item;
  }
}

/**
 * Makes keys of the eight bytes at `depth`, zeros behind the end of a string. When all strings end before, their
 * lengths, all that is left to tell them apart, become keys; then it returns false.
 */
function fillKeys(
  order: Int32Array,
  from: number,
  to: number,
  strings: SortStrings,
  depth: number,
  flip: number,
): boolean {
  const { bytes, offs, lens, hi, lo } = strings;
  let goesOn = false;
  for (let i = from; i < to; i++) {
    const item = order[i];
    const rest = lens[item] - depth;
    const at = offs[item] + depth;
    if (rest > 0) goesOn = true;
    if (rest >= KEY_BYTES) {
      hi[item] = flip ^
        (bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3]);
      lo[item] = flip ^
        (bytes[at + 4] << 24 | bytes[at + 5] << 16 | bytes[at + 6] << 8 | bytes[at + 7]);
    } else {
      hi[item] = flip ^ wordAt(bytes, at, rest);
      lo[item] = flip ^ wordAt(bytes, at + 4, rest - 4);
    }
  }
  if (goesOn) return true;
  for (let i = from; i < to; i++) {
    hi[order[i]] = 0;
    lo[order[i]] = flip ^ lens[order[i]];
  }
  return false;
}

/** Up to four bytes, the first one highest; `len` may be negative. */
function wordAt(bytes: ReadonlyBytes, at: number, len: number): number {
  let word = 0;
  for (let i = 0; i < 4 && i < len; i++) word |= bytes[at + i] << (24 - (i << 3));
  return word;
}

function insertByBytes(
  order: Int32Array,
  from: number,
  to: number,
  strings: SortStrings,
  depth: number,
  flip: number,
): void {
  for (let i = from + 1; i < to; i++) {
    const item = order[i];
    let at = i;
    for (; at > from; at--) {
      const before = order[at - 1];
      const difference = compareStrings(strings, before, item, depth);
      if (flip === 0 ? difference <= 0 : difference >= 0) break;
      order[at] = before;
    }
    order[at] = item;
  }
}

function compareStrings(strings: SortStrings, a: number, b: number, depth: number): number {
  const { bytes, offs, lens } = strings;
  const aOff = offs[a];
  const bOff = offs[b];
  const len = lens[a] < lens[b] ? lens[a] : lens[b];
  for (let i = depth; i < len; i++) {
    const difference = bytes[aOff + i] - bytes[bOff + i];
    if (difference !== 0) return difference;
  }
  return lens[a] - lens[b];
}
