/**
 * SortVector: the elements that SORT orders, and what it orders them by.
 *
 * Elements are copied out of their list, set or sorted set, one behind the other, because the keys that BY and
 * GET look up may be removed on the way and because elements of a compressed list are only there for a moment.
 * The same goes for the strings that ALPHA with BY compares. Everything else is typed arrays with a place for each
 * element; the order is an array of element numbers.
 *
 *     weights     by which it is ordered                              of the same weight
 *     numbers     doubles, made keys that compare as integers do      by their elements
 *     strings     the elements, or other strings                      as they came
 *
 * See core/base/radix_sort.ts for how. An element without a weight has the number 0, or is before all strings.
 */
import { copyBytes, indexOfByte, type ReadonlyBytes } from "../base/bytes.ts";
import { parseDouble } from "../base/numbers.ts";
import { runEnd, sortByBytes, sortByKeys, type SortStrings } from "../base/radix_sort.ts";
import { ARENA_FULL } from "../memory/arena.ts";

/** Elements, and bytes of strings, for which there is room between commands. */
const KEPT_COUNT = 4096;
const KEPT_BYTES = 1 << 16;
/** Most bytes of strings: offsets are int32. */
const BYTES_MAX = 2 ** 31 - 1;
/** Smallest double that has all its digits; C's strtod reports smaller ones as out of range. */
const NORMAL_MIN = 2 ** -1022;
/** Marks an element without a string. */
const NO_STRING = -1;

/** Strings one behind the other. */
class Strings implements SortStrings {
  bytes = new Uint8Array(KEPT_BYTES);
  offs = new Int32Array(KEPT_COUNT);
  lens = new Int32Array(KEPT_COUNT);
  hi = new Int32Array(0);
  lo = new Int32Array(0);
  count = 0;
  private used = 0;

  reset(): void {
    this.count = 0;
    this.used = 0;
    if (this.bytes.length > KEPT_BYTES) this.bytes = new Uint8Array(KEPT_BYTES);
    if (this.offs.length > KEPT_COUNT) {
      this.offs = new Int32Array(KEPT_COUNT);
      this.lens = new Int32Array(KEPT_COUNT);
    }
  }

  add(buf: ReadonlyBytes, off: number, len: number): void {
    if (this.used + len > this.bytes.length) this.growBytes(this.used + len);
    if (this.count === this.offs.length) this.growPlaces();
    this.offs[this.count] = this.used;
    this.lens[this.count++] = len;
    copyBytes(this.bytes, this.used, buf, off, len);
    this.used += len;
  }

  /** The next element has no string. */
  addNone(): void {
    if (this.count === this.offs.length) this.growPlaces();
    this.offs[this.count] = NO_STRING;
    this.lens[this.count++] = 0;
  }

  private growBytes(size: number): void {
    if (size > BYTES_MAX) throw ARENA_FULL;
    const grown = new Uint8Array(Math.min(BYTES_MAX, Math.max(size, 2 * this.bytes.length)));
    copyBytes(grown, 0, this.bytes, 0, this.used);
    this.bytes = grown;
  }

  private growPlaces(): void {
    const offs = new Int32Array(2 * this.count);
    const lens = new Int32Array(2 * this.count);
    offs.set(this.offs);
    lens.set(this.lens);
    this.offs = offs;
    this.lens = lens;
  }
}

export class SortVector {
  readonly elements = new Strings();
  /** The numbers of the elements, in order, after one of the sorts. */
  order = new Int32Array(KEPT_COUNT);
  /** Whether something that should be a number was none. */
  isBroken = false;

  private readonly weights = new Strings();
  private spare = new Int32Array(KEPT_COUNT);
  // Keys: of doubles, or of eight bytes of strings.
  private hi = new Int32Array(KEPT_COUNT);
  private lo = new Int32Array(KEPT_COUNT);
  private weighed = 0;
  private readonly double = new Float64Array(1);
  private readonly words = new Int32Array(this.double.buffer);

  get count(): number {
    return this.elements.count;
  }

  /** Forgets all, and gives up the room that a large sort took. */
  reset(): void {
    this.elements.reset();
    this.weights.reset();
    this.weighed = 0;
    this.isBroken = false;
    if (this.order.length > KEPT_COUNT) this.makeRoom(KEPT_COUNT);
  }

  /** To be called when all elements are there, before any weight. Their order is the one they came in. */
  prepare(): void {
    const { count } = this;
    if (count > this.order.length) this.makeRoom(count);
    for (let i = 0; i < count; i++) this.order[i] = i;
  }

  /** The opposite order. */
  reverse(): void {
    this.order.subarray(0, this.count).reverse();
  }

  // Weights, one for each element, in the order of the elements.

  addNumber(value: number): void {
    this.double[0] = value + 0; // Minus zero is zero.
    const low = this.words[0];
    const high = this.words[1];
    // As an integer: the sign on top, and below zero the larger the absolute value the less.
    const flip = high >> 31;
    this.hi[this.weighed] = high ^ (flip | -(2 ** 31));
    this.lo[this.weighed++] = low ^ flip;
  }

  /** The number that this text is, as C's strtod reads it. */
  addNumberText(buf: ReadonlyBytes, off: number, len: number): void {
    let value = parseDouble(buf, off, len);
    if (Number.isNaN(value)) value = parseLoosely(buf, off, len);
    if (Number.isNaN(value) || value !== 0 && Math.abs(value) < NORMAL_MIN) {
      this.isBroken = true;
      value = 0;
    }
    this.addNumber(value);
  }

  addString(buf: ReadonlyBytes, off: number, len: number): void {
    this.weights.add(buf, off, len);
  }

  /** The element has no weight. */
  addNoString(): void {
    this.weights.addNone();
  }

  // Sorts. `flip` is 0 for ascending, -1 for descending.

  /** By the numbers, and elements with the same number by their bytes. */
  sortByNumbers(flip: number): void {
    const { count, order, spare, hi, lo } = this;
    if (flip !== 0) {
      for (let i = 0; i < count; i++) {
        hi[i] = ~hi[i];
        lo[i] = ~lo[i];
      }
    }
    sortByKeys(order, spare, 0, count, hi, lo);
    const strings = this.withKeys(this.elements);
    for (let at = 0; at < count;) {
      const end = runEnd(order, at, count, hi, lo);
      if (end - at > 1) sortByBytes(order, spare, at, end, strings, 0, flip);
      at = end;
    }
  }

  /** By the elements. */
  sortByElements(flip: number): void {
    const strings = this.withKeys(this.elements);
    sortByBytes(this.order, this.spare, 0, this.count, strings, 0, flip);
  }

  /** By the strings. Elements of the same string stay in the order they came in. */
  sortByStrings(flip: number): void {
    const { count, order, spare } = this;
    const strings = this.withKeys(this.weights);
    // Those without a string at one end, in their order.
    let without = 0;
    for (let i = 0; i < count; i++) {
      if (strings.offs[i] === NO_STRING) without++;
    }
    const first = flip === 0 ? without : 0;
    let atNone = flip === 0 ? 0 : count - without;
    let at = first;
    for (let i = 0; i < count; i++) {
      if (strings.offs[i] === NO_STRING) order[atNone++] = i;
      else order[at++] = i;
    }
    sortByBytes(order, spare, first, first + count - without, strings, 0, flip);
  }

  private withKeys(strings: Strings): Strings {
    strings.hi = this.hi;
    strings.lo = this.lo;
    return strings;
  }

  private makeRoom(count: number): void {
    this.order = new Int32Array(count);
    this.spare = new Int32Array(count);
    this.hi = new Int32Array(count);
    this.lo = new Int32Array(count);
  }
}

/** What strtod takes and `parseDouble` doesn't: blanks in front, an end at a zero byte, nothing at all. */
function parseLoosely(buf: ReadonlyBytes, off: number, len: number): number {
  const zero = indexOfByte(buf, 0, off, off + len);
  let end = off + len;
  if (zero >= 0) end = zero;
  if (off === end) return 0;
  let at = off;
  while (at < end && isBlank(buf[at])) at++;
  return at === off && zero < 0 ? NaN : parseDouble(buf, at, end - at);
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte >= 0x09 && byte <= 0x0d;
}
