/**
 * The order of numbers: the indices of the least of them, or of the greatest.
 *
 * When all are wanted, they are sorted by their bits (radix_sort.ts). Equal ones stay in order.
 *
 * When only some are wanted, a quicksort leaves out the parts that hold none of them. Where equal numbers end up then
 * follows from its steps (which pivot, what is exchanged), so these are the steps of Redis: what GEOSEARCH with
 * COUNT finds among members at one place is the same.
 *
 * NaN counts as infinite.
 *
 * Credit: the quicksort is Jon Bentley's and Douglas McIlroy's ("Engineering a Sort Function", 1993).
 */

import { sortByKeys } from "./radix_sort.ts";

const SIGN = 1 << 31;
/** Parts below this are sorted by insertion; above these the pivot is the median of three, of nine. */
const INSERTION_END = 7;
const MEDIAN_OF_THREE_MIN = 8;
const MEDIAN_OF_NINE_MIN = 41;

/** Room for so many numbers stays between calls: 24 KiB of each array. */
const KEPT_MAX = 3 * 1024;

/** Work space, made larger for a call that needs it. */
class Space {
  readonly keys: Float64Array;
  readonly words: Int32Array;
  readonly hi: Int32Array;
  readonly lo: Int32Array;
  readonly spare: Int32Array;

  constructor(size: number) {
    this.keys = new Float64Array(size);
    this.words = new Int32Array(this.keys.buffer);
    this.hi = new Int32Array(size);
    this.lo = new Int32Array(size);
    this.spare = new Int32Array(size);
  }
}

const kept = new Space(KEPT_MAX);

/** Puts the indices of the first `wanted` of `count` numbers into `out`, whose length is `count` at least. */
export function leastFirst(
  numbers: Float64Array,
  count: number,
  wanted: number,
  isDescending: boolean,
  out: Int32Array,
): void {
  const space = count <= KEPT_MAX ? kept : new Space(count);
  const { keys } = space;
  for (let i = 0; i < count; i++) {
    const number = numbers[i];
    const key = number === number ? number : Infinity;
    keys[i] = isDescending ? -key : key;
    out[i] = i;
  }
  if (wanted === count) sortAll(space, out, count);
  else sortFirst(keys, out, 0, count, wanted);
}

/** Sorts the indices by the bits of their numbers. */
function sortAll(space: Space, out: Int32Array, count: number): void {
  const { words, hi, lo } = space;
  for (let i = 0; i < count; i++) {
    // As unsigned integers bits are in order, once the sign is turned, and below zero all the others.
    const word = words[2 * i + 1];
    hi[i] = word < 0 ? ~word : word | SIGN;
    lo[i] = words[2 * i] ^ word >> 31;
  }
  sortByKeys(out, space.spare, 0, count, hi, lo);
}

/** Sorts keys, and indices with them, from `from` on, `n` in number, as far as they are below place `wanted`. */
function sortFirst(
  keys: Float64Array,
  out: Int32Array,
  from: number,
  n: number,
  wanted: number,
): void {
  while (n >= INSERTION_END) {
    swap(keys, out, from, pivotOf(keys, from, n));
    const pivot = keys[from];
    const end = from + n;
    // Equal keys gather at both ends, lower ones behind the left of these, higher ones before the right.
    let leftEqual = from + 1;
    let left = from + 1;
    let right = end - 1;
    let rightEqual = end - 1;
    for (;;) {
      for (; left <= right && keys[left] <= pivot; left++) {
        if (keys[left] === pivot) swap(keys, out, leftEqual++, left);
      }
      for (; left <= right && keys[right] >= pivot; right--) {
        if (keys[right] === pivot) swap(keys, out, right, rightEqual--);
      }
      if (left > right) break;
      swap(keys, out, left++, right--);
    }
    // The equal ones move to the middle.
    const less = left - leftEqual;
    const more = rightEqual - right;
    swapBlocks(keys, out, from, left, Math.min(leftEqual - from, less));
    swapBlocks(keys, out, left, end, Math.min(more, end - rightEqual - 1));
    if (less > 1 && from < wanted) sortFirst(keys, out, from, less, wanted);
    if (more <= 1 || end - more >= wanted) return;
    from = end - more;
    n = more;
  }
  for (let i = from + 1; i < from + n; i++) {
    for (let k = i; k > from && keys[k - 1] > keys[k]; k--) swap(keys, out, k, k - 1);
  }
}

function pivotOf(keys: Float64Array, from: number, n: number): number {
  let middle = from + (n >> 1);
  if (n < MEDIAN_OF_THREE_MIN) return middle;
  let low = from;
  let high = from + n - 1;
  if (n >= MEDIAN_OF_NINE_MIN) {
    const step = n >> 3;
    low = median(keys, low, low + step, low + 2 * step);
    middle = median(keys, middle - step, middle, middle + step);
    high = median(keys, high - 2 * step, high - step, high);
  }
  return median(keys, low, middle, high);
}

/** Which of three places has the middle key. */
function median(keys: Float64Array, a: number, b: number, c: number): number {
  if (keys[a] < keys[b]) {
    if (keys[b] < keys[c]) return b;
    return keys[a] < keys[c] ? c : a;
  }
  if (keys[b] > keys[c]) return b;
  return keys[a] < keys[c] ? a : c;
}

/** Exchanges `n` places from `a` on with the `n` before `bEnd`. */
function swapBlocks(keys: Float64Array, out: Int32Array, a: number, bEnd: number, n: number): void {
  for (let i = 0; i < n; i++) swap(keys, out, a + i, bEnd - n + i);
}

function swap(keys: Float64Array, out: Int32Array, a: number, b: number): void {
  const key = keys[a];
  keys[a] = keys[b];
  keys[b] = key;
  const index = out[a];
  out[a] = out[b];
  out[b] = index;
}
