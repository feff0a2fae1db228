/**
 * LuaTable: Lua's table, with an array part and a hash part.
 *
 *     arr    [ unused, t[1], t[2], ... ]        values of the array part, as far as they are filled,
 *                                               and of whole keys of the hash part that lie dense
 *     cap    how many keys the array part stands for; keys above cap belong to the hash part
 *     keys   [ k0, k1, k2 ... ]                 the hash part, in the order of insertion
 *     vals   [ v0, v1, v2 ... ]                 undefined: a key that was set to nil
 *     slots  key -> position in keys            only from SCAN_MAX keys on; below, keys is searched
 *     hcap   how many keys the hash part takes before it is rearranged
 *
 * When keys move between the two parts decides what `#` says of a table with holes, and users rely on
 * it. So the sizes follow Lua 5.1: a new key that finds the hash part full makes a rearrangement
 * (`rehash`) that counts the whole numbers among all keys and gives the array part the largest power
 * of two of which more than half is in use; `#` searches as Lua searches (`length`). The order of
 * `next` is the array part, then the order of insertion (Lua's own depends on addresses).
 *
 * Whole keys of the hash part are in `arr` too, above `cap`, as long as a quarter of it is in use:
 * then they cost what an element costs and not what an entry of a Map does, but `#` and the sizes take
 * them for what they are. A sieve fills 4, 6, 8, ..., which are never more than half of an array part:
 * 200,000 keys took 25 ms of CPU time when they went through the Map, and take 5 ms now (Lua: 11.6).
 * Only keys below all whole ones among `keys` (`lowest`) go there, so a key is in one place or the other.
 *
 * A key set to nil stays until the next rearrangement, so that a traversal may clear what it meets.
 *
 * Generated code remembers, per place, at which position it last found a constant key, and looks
 * there first (`keys[hint] === key`): measured 1 to 3 ns in place of 10 to 15 ns for the Map.
 *
 * There is no property of a JavaScript object whose name comes from a script. `arr` is indexed by
 * numbers that were tested to be in its range, and by nothing else.
 *
 * Credit: the sizing and the border search are those of Lua 5.1 (Roberto Ierusalimschy and others).
 */

import { LuaError, luaError, type LuaValue } from "./value.ts";

/** Up to this many keys a search through `keys` beats a Map, and saves its memory. */
const SCAN_MAX = 8;

/** Keys above this never go to the array part. */
const ARRAY_MAX = 2 ** 26;

/** A hash part doesn't grow beyond this: below the Map's own limit of 2^24 entries. */
const HASH_MAX = 2 ** 24 - 1;

// Shared by all tables that have no such part yet. They are read only: a first key replaces them.
const NO_ARRAY: LuaValue[] = [undefined];
const NO_SLOTS: LuaValue[] = [];

/** How many whole-number keys lie in (2^(i-1), 2^i]; used during one rehash. */
const bins = new Int32Array(27);

export class LuaTable {
  arr: LuaValue[];
  cap: number;
  /** Whether a nil may lie inside `arr`. */
  holes: boolean;
  keys: LuaValue[];
  vals: LuaValue[];
  slots: Map<LuaValue, number> | null;
  hcap: number;
  /** How many keys of the hash part lie in `arr`, above `cap`. */
  beyond: number;
  /** Those of them that were set to nil. */
  dead: Set<number> | null;
  /** The least whole number above zero among `keys`; `arr` doesn't grow over it. */
  lowest: number;
  meta: LuaTable | null;
  /** A table that scripts may not change. */
  readonly: boolean;

  constructor() {
    this.arr = NO_ARRAY;
    this.cap = 0;
    this.holes = false;
    this.keys = NO_SLOTS;
    this.vals = NO_SLOTS;
    this.slots = null;
    this.hcap = 0;
    this.beyond = 0;
    this.dead = null;
    this.lowest = Infinity;
    this.meta = null;
    this.readonly = false;
  }

  /** A table of the list's values at 1, 2, ...; the list becomes the table's own. */
  static fromList(list: LuaValue[]): LuaTable {
    const table = new LuaTable();
    table.setList(list);
    return table;
  }

  /** A table of values at 1, 2, ... without nils; `arr` begins with an undefined and becomes the table's own. */
  static ofArray(arr: LuaValue[]): LuaTable {
    const table = new LuaTable();
    if (arr.length > 1) {
      table.arr = arr;
      table.cap = arr.length - 1;
    }
    return table;
  }

  /** Fills an empty table's array part; the list becomes the table's own. */
  setList(list: LuaValue[]): void {
    const n = list.length;
    if (n === 0) return;
    for (let i = 0; i < n; i++) {
      if (list[i] === undefined) {
        this.holes = true;
        break;
      }
    }
    list.unshift(undefined);
    this.arr = list;
    this.cap = n;
    if (this.holes) this.trim();
  }

  /**
   * Fills an empty table's array part as if one value were set after the other. `arr` begins with an
   * undefined, has no others, and becomes the table's own.
   */
  adoptList(arr: LuaValue[]): void {
    this.arr = arr;
    this.cap = ceilPowerOfTwo(arr.length - 1);
  }

  /** Fills an empty table's hash part; both arrays become the table's own, keys are distinct. */
  adopt(keys: LuaValue[], vals: LuaValue[]): void {
    this.keys = keys;
    this.vals = vals;
    this.hcap = ceilPowerOfTwo(keys.length);
    if (keys.length > SCAN_MAX) this.slots = slotsOf(keys);
  }

  /** The value at a key, without metamethods. */
  get(key: LuaValue): LuaValue {
    if (typeof key === "number") return this.getNumber(key);
    if (typeof key === "string") return this.getString(key);
    const i = this.find(key);
    return i < 0 ? undefined : this.vals[i];
  }

  /** The value at a number. */
  getNumber(key: number): LuaValue {
    if ((key | 0) === key && key > 0 && key < this.arr.length) return this.arr[key];
    if (this.keys.length === 0) return undefined;
    const i = this.find(key);
    return i < 0 ? undefined : this.vals[i];
  }

  /** The value at a string. */
  getString(key: string): LuaValue {
    const i = this.find(key);
    return i < 0 ? undefined : this.vals[i];
  }

  /** Position of a key in the hash part, or -1. */
  find(key: LuaValue): number {
    if (this.slots !== null) {
      const i = this.slots.get(key);
      return i === undefined ? -1 : i;
    }
    const { keys } = this;
    for (let i = 0; i < keys.length; i++) if (keys[i] === key) return i;
    return -1;
  }

  /** Sets a key, without metamethods. Throws a LuaError for nil and NaN. */
  set(key: LuaValue, value: LuaValue): void {
    if (typeof key === "number") return this.setNumber(key, value);
    const i = this.find(key);
    if (i >= 0) {
      this.vals[i] = value;
      return;
    }
    if (key === undefined) throw luaError("table index is nil");
    if (value !== undefined) this.insert(key, value);
  }

  /** Sets a string key. */
  setString(key: string, value: LuaValue): void {
    const i = this.find(key);
    if (i >= 0) this.vals[i] = value;
    else if (value !== undefined) this.insert(key, value);
  }

  /** Sets a number's value. */
  setNumber(key: number, value: LuaValue): void {
    const { arr } = this;
    if ((key | 0) === key && key > 0) {
      if (key < arr.length) {
        if (key > this.cap) this.setBeyond(key, value);
        else if (value !== undefined) arr[key] = value;
        else this.clear(key);
        return;
      }
      if (key <= this.cap) {
        if (value !== undefined) this.extend(key, value);
        return;
      }
      if (key < this.lowest) {
        if (value === undefined) return;
        if (key <= this.reach()) {
          if (this.isFull()) this.rehashFor(key, value);
          else this.extendBeyond(key, value);
          return;
        }
      }
    }
    const i = this.find(key);
    if (i >= 0) {
      this.vals[i] = value;
      return;
    }
    if (value === undefined) return;
    if (key !== key) throw luaError("table index is NaN");
    this.insert(key, value);
  }

  /** What `#` says: a border, the one Lua would find. */
  length(): number {
    const n = this.arr.length - 1;
    if (!this.holes && n < this.cap) return n;
    let j = this.cap;
    if (j > 0 && (j > n || this.arr[j] === undefined)) {
      let i = 0;
      while (j - i > 1) {
        const m = (i + j) >>> 1;
        if (m > n || this.arr[m] === undefined) j = m;
        else i = m;
      }
      return i;
    }
    if (this.keys.length === 0 && n <= j) return j;
    return this.searchBeyond(j);
  }

  /**
   * The position after `pos` (0: before all) that holds a value, or -1. Positions up to `last` are
   * keys, those above are slots of the hash part.
   */
  nextPosition(pos: number): number {
    const { arr, vals } = this;
    pos++;
    for (; pos < arr.length; pos++) if (arr[pos] !== undefined) return pos;
    const last = this.last();
    for (let i = pos > last ? pos - last - 1 : 0; i < vals.length; i++) {
      if (vals[i] !== undefined) return last + 1 + i;
    }
    return -1;
  }

  /** The position of a key, 0 for nil, or -1 where there is no such key. */
  positionOf(key: LuaValue): number {
    if (key === undefined) return 0;
    const last = this.last();
    if (typeof key === "number" && (key | 0) === key && key > 0 && key <= last) {
      return key <= this.cap || this.arr[key] !== undefined || this.dead?.has(key) ? key : -1;
    }
    const i = this.find(key);
    return i < 0 ? -1 : last + 1 + i;
  }

  keyAt(pos: number): LuaValue {
    const last = this.last();
    return pos <= last ? pos : this.keys[pos - last - 1];
  }

  valueAt(pos: number): LuaValue {
    const last = this.last();
    return pos <= last ? this.arr[pos] : this.vals[pos - last - 1];
  }

  /** Room for so many elements and keys, as a constructor reserves it. */
  reserve(arrayCount: number, hashCount: number): void {
    const cap = Math.max(arrayCount, this.cap);
    const hcap = hashCount > this.hcap ? ceilPowerOfTwo(hashCount) : this.hcap;
    if (cap > this.cap || hcap > this.hcap) this.resize(cap, hcap);
  }

  /** The last key that `arr` may hold without changing how positions are counted. */
  private last(): number {
    const n = this.arr.length - 1;
    return n > this.cap ? n : this.cap;
  }

  /** Up to which key `arr` may grow: it stays at least a quarter full. */
  private reach(): number {
    const n = 4 * this.beyond + 2 * this.cap + 8;
    return n < ARRAY_MAX ? n : ARRAY_MAX;
  }

  /** Whether there is no room for another key of the hash part. */
  private isFull(): boolean {
    return this.keys.length + this.beyond >= this.hcap;
  }

  /** Sets a key above `cap` that `arr` reaches: one of the hash part. */
  private setBeyond(key: number, value: LuaValue): void {
    const { arr } = this;
    if (arr[key] !== undefined) {
      arr[key] = value;
      if (value !== undefined) return;
      this.holes = true;
      (this.dead ??= new Set()).add(key);
    } else if (value !== undefined) {
      if (this.dead !== null && this.dead.delete(key)) arr[key] = value;
      else if (this.isFull()) this.rehashFor(key, value);
      else {
        arr[key] = value;
        this.beyond++;
      }
    }
  }

  private clear(key: number): void {
    const { arr } = this;
    if (key === arr.length - 1) {
      arr.length = key;
      if (this.holes) this.trim();
    } else {
      arr[key] = undefined;
      this.holes = true;
    }
  }

  /** Takes nils off the end of `arr`. */
  private trim(): void {
    const { arr } = this;
    let n = arr.length;
    while (n > 1 && arr[n - 1] === undefined) n--;
    arr.length = n;
  }

  /** Stores at a key that `arr` doesn't reach yet. */
  private extend(key: number, value: LuaValue): void {
    if (this.arr === NO_ARRAY) this.arr = [undefined];
    const { arr } = this;
    if (key > arr.length) {
      this.holes = true;
      while (arr.length < key) arr.push(undefined);
    }
    arr.push(value);
  }

  /** Stores at a key above `cap` that `arr` doesn't reach yet, and lets it reach further. */
  private extendBeyond(key: number, value: LuaValue): void {
    if (this.arr === NO_ARRAY) this.arr = [undefined];
    const { arr } = this;
    const reach = Math.min(this.reach(), this.lowest - 1, 2 * key);
    const n = arr.length;
    arr.length = reach + 1;
    arr.fill(undefined, n);
    arr[key] = value;
    this.holes = true;
    this.beyond++;
  }

  /** Adds a key that the table doesn't have. */
  private insert(key: LuaValue, value: LuaValue): void {
    if (this.isFull()) {
      this.rehashFor(key, value);
      return;
    }
    if (typeof key === "number" && (key | 0) === key && key > 0 && key < this.lowest) {
      this.lowest = key;
    }
    if (this.keys === NO_SLOTS) {
      this.keys = [key];
      this.vals = [value];
    } else {
      this.keys.push(key);
      this.vals.push(value);
    }
    if (this.slots !== null) this.slots.set(key, this.keys.length - 1);
    else if (this.keys.length > SCAN_MAX) this.slots = slotsOf(this.keys);
  }

  private rehashFor(key: LuaValue, value: LuaValue): void {
    this.rehash(key);
    this.set(key, value);
  }

  /** Chooses new sizes for both parts, with room for `extra`, and moves the keys. */
  private rehash(extra: LuaValue): void {
    const { keys, vals } = this;
    let live = 1;
    let numbers = this.beyond + (typeof extra === "number" ? 1 : 0);
    for (let i = 0; i < keys.length; i++) {
      if (vals[i] === undefined) continue;
      live++;
      if (typeof keys[i] === "number") numbers++;
    }
    if (live > HASH_MAX && numbers === 0) throw new LuaError("table overflow");
    // Without numbers only the room changes, and without dead keys none has to move.
    if (this.cap === 0 && numbers === 0 && live > keys.length) this.hcap = ceilPowerOfTwo(live);
    else this.rearrange(extra, live);
  }

  /** `live`: how many keys `keys` and `extra` are. */
  private rearrange(extra: LuaValue, live: number): void {
    bins.fill(0);
    const inArray = this.countArray();
    let numbers = inArray + countKey(extra);
    for (let i = 0; i < this.keys.length; i++) {
      if (this.vals[i] !== undefined) numbers += countKey(this.keys[i]);
    }
    chooseArraySize(numbers);
    const hashCount = inArray + live - chosen.count;
    if (hashCount > HASH_MAX || chosen.size > ARRAY_MAX) throw new LuaError("table overflow");
    this.resize(chosen.size, hashCount === 0 ? 0 : ceilPowerOfTwo(hashCount));
  }

  /** Counts the keys in `arr` into the bins. */
  private countArray(): number {
    const { arr } = this;
    const n = arr.length - 1;
    let total = 0;
    let from = 1;
    for (let bin = 0, end = 1; from <= n; bin++, end *= 2) {
      const to = end < n ? end : n;
      let used = 0;
      if (!this.holes) used = to - from + 1;
      else for (let i = from; i <= to; i++) if (arr[i] !== undefined) used++;
      bins[bin] += used;
      total += used;
      from = to + 1;
    }
    return total;
  }

  private resize(cap: number, hcap: number): void {
    const { arr, keys, vals } = this;
    this.cap = cap;
    this.hcap = hcap;
    this.keys = NO_SLOTS;
    this.vals = NO_SLOTS;
    this.slots = null;
    this.lowest = Infinity;
    this.beyond = 0;
    this.dead = null;
    if (arr.length - 1 > cap) this.leaveBeyond();
    for (let i = 0; i < keys.length; i++) {
      const value = vals[i];
      if (value === undefined) continue;
      const key = keys[i];
      if (typeof key === "number") this.setNumber(key, value);
      else this.insert(key, value);
    }
  }

  /** Counts what `arr` holds above a new `cap`, and takes it out if it is too sparse to stay. */
  private leaveBeyond(): void {
    const { arr, cap } = this;
    this.trim();
    for (let i = cap + 1; i < arr.length; i++) if (arr[i] !== undefined) this.beyond++;
    if (arr.length - 1 <= this.reach()) return;
    this.beyond = 0;
    const moved: number[] = [];
    for (let i = cap + 1; i < arr.length; i++) if (arr[i] !== undefined) moved.push(i);
    const values = moved.map((i) => arr[i]);
    arr.length = cap + 1;
    this.trim();
    for (let i = 0; i < moved.length; i++) this.setNumber(moved[i], values[i]);
  }

  /** The array part is full to `j`: goes on in the hash part, doubling, then halving. */
  private searchBeyond(j: number): number {
    let i = j;
    j++;
    while (this.getNumber(j) !== undefined) {
      i = j;
      j *= 2;
      if (j > 2 ** 31 - 3) {
        i = 1;
        while (this.getNumber(i) !== undefined) i++;
        return i - 1;
      }
    }
    while (j - i > 1) {
      const m = Math.floor((i + j) / 2);
      if (this.getNumber(m) === undefined) j = m;
      else i = m;
    }
    return i;
  }
}

function slotsOf(keys: LuaValue[]): Map<LuaValue, number> {
  const slots = new Map<LuaValue, number>();
  for (let i = 0; i < keys.length; i++) slots.set(keys[i], i);
  return slots;
}

/** Counts a key that could go to the array part into its bin; 1 if so. */
function countKey(key: LuaValue): number {
  if (typeof key !== "number" || (key | 0) !== key || key < 1 || key > ARRAY_MAX) return 0;
  bins[key === 1 ? 0 : 32 - Math.clz32(key - 1)]++;
  return 1;
}

/** What `chooseArraySize` found: a size for the array part and how many keys go there. */
const chosen = { size: 0, count: 0 };

/** Chooses the largest power of two of which more than half would be in use. */
function chooseArraySize(numbers: number): void {
  let seen = 0;
  chosen.size = 0;
  chosen.count = 0;
  for (let bin = 0, power = 1; power / 2 < numbers && bin < bins.length; bin++, power *= 2) {
    if (bins[bin] === 0) continue;
    seen += bins[bin];
    if (seen > power / 2) {
      chosen.size = power;
      chosen.count = seen;
    }
    if (seen === numbers) break;
  }
}

function ceilPowerOfTwo(n: number): number {
  return n <= 1 ? 1 : 1 << (32 - Math.clz32(n - 1));
}
