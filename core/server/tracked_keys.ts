/**
 * Tracked keys: which clients may have which keys in a cache of their own.
 *
 *     dict      key -> entry, in the arena                 (structures/dict.ts)
 *     entry     meta | key length | key | number, number, ...      ascending, of the clients that have read the key
 *     numbers   number -> client
 *
 * A key takes one block however many clients have read it, and nothing on the JavaScript heap: with a name of 16
 * bytes and one client that is a block of 32 bytes and 8 of the table, where Redis, whose ids are a radix tree per
 * key, takes 108. The number of clients stands where a key of a database keeps its access time, and
 * the entry claims to be a short string: so lazy_free.ts can free a table of a million keys in slices.
 *
 * Numbers. A client's id is too large for four bytes, so each client gets a number. When it goes its numbers stay in
 * the entries, as looking for them would take too long; the number is given to another client only when the last of
 * them is gone, which is counted. An entry that is full drops the numbers of those who are gone before it grows.
 *
 * Complexity: O(1) to find a key, O(log n) to find a client among the n of a key, and moving n * 4 bytes to add one.
 * Limits: 2^24 clients per key.
 */
import { assert } from "../base/assert.ts";
import type { ReadonlyBytes } from "../base/bytes.ts";
import { RefList } from "../base/ref_list.ts";
import { type Arena, REF_OFFSET_MASK } from "../memory/arena.ts";
import { Dict } from "../structures/dict.ts";
import { entryBodyOff, entryKeyLen, entryKeyOff, entryMeta } from "../structures/entry.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import {
  ENC_EMBSTR,
  makeMeta,
  META_ACCESS_SHIFT,
  newEntry,
  NO_EXPIRY,
  TYPE_STRING,
} from "../types/object.ts";
import type { ByteRange } from "../types/t_string.ts";

/** Bytes of a client's number. */
const NUMBER_BYTES = 4;
const NUMBERS_ROOM = 16;

export class TrackedKeys<Client> {
  /** Pairs of a key and a client who has read it. */
  items = 0;
  /** Clients that have a number. */
  clients = 0;
  /** The numbers that `take` found. */
  readonly taken = new RefList();

  private readonly keyspace: Keyspace;
  private readonly arena: Arena;
  private dict: Dict | null = null;
  /** By number: the client, null when it is gone, and how many entries have the number. */
  private readonly holders: (Client | null)[] = [];
  private counts = new Int32Array(NUMBERS_ROOM);
  private readonly freeNumbers: number[] = [];

  constructor(keyspace: Keyspace) {
    this.keyspace = keyspace;
    this.arena = keyspace.arena;
  }

  /** Keys in the table. */
  get count(): number {
    return this.dict === null ? 0 : this.dict.count;
  }

  // Clients.

  /** A number for a client. */
  join(client: Client): number {
    this.clients++;
    const free = this.freeNumbers.pop();
    if (free !== undefined) {
      this.holders[free] = client;
      return free;
    }
    const number = this.holders.push(client) - 1;
    if (number === this.counts.length) {
      const grown = new Int32Array(number * 2);
      grown.set(this.counts);
      this.counts = grown;
    }
    return number;
  }

  /** The client with that number is gone. With the last one goes the whole table. */
  leave(number: number): void {
    this.holders[number] = null;
    if (this.counts[number] === 0) this.freeNumbers.push(number);
    if (--this.clients > 0) return;
    this.clear();
    this.holders.length = 0;
    this.freeNumbers.length = 0;
  }

  /** The client with that number; null when it is gone. */
  clientOf(number: number): Client | null {
    return this.holders[number];
  }

  // Keys.

  /** Notes that the client with that number has read a key. Throws ARENA_FULL before anything changed. */
  add(key: ReadonlyBytes, off: number, len: number, number: number): void {
    const { arena, keyspace } = this;
    const { k0, k1 } = keyspace.values.context;
    const dict = this.dict ??= new Dict(arena, k0, k1);
    const hash = keyspace.hashKey(key, off, len);
    const found = dict.find(hash, key, off, len);
    if (found !== 0) {
      if (!this.addNumber(dict, found, number)) return;
    } else {
      const meta = makeMeta(TYPE_STRING, ENC_EMBSTR, 1);
      const made = newEntry(arena, key, off, len, NUMBER_BYTES, meta, NO_EXPIRY);
      arena.storeI32(made, entryBodyOff(entryKeyOff(meta), len), number);
      try {
        dict.insert(hash, made);
      } catch (error) {
        arena.free(made);
        throw error;
      }
    }
    this.items++;
    this.counts[number]++;
  }

  /** Takes a key out of the table and leaves the numbers of its clients in `taken`. Returns how many. */
  take(key: ReadonlyBytes, off: number, len: number): number {
    const { arena, dict, taken } = this;
    taken.clear();
    if (dict === null || dict.count === 0) return 0;
    const hash = this.keyspace.hashKey(key, off, len);
    const ref = dict.find(hash, key, off, len);
    if (ref === 0) return 0;
    const count = numbersOf(arena, ref);
    for (let i = 0; i < count; i++) taken.push(this.numberAt(ref, i));
    dict.removeFound(hash);
    arena.free(ref);
    for (let i = 0; i < count; i++) this.drop(taken.refs[i]);
    return count;
  }

  /** Chooses a key of a table that isn't empty at random. Its bytes are valid until the next change. */
  chooseKey(out: ByteRange): void {
    this.keyspace.readKey(this.dict!.random(this.keyspace.prng), out);
  }

  /** Forgets all keys. Their memory is given back in slices. */
  clear(): void {
    if (this.dict === null) return;
    this.keyspace.lazyFree.addEntries(this.dict);
    this.dict = null;
    this.items = 0;
    const { counts, holders } = this;
    for (let number = 0; number < holders.length; number++) {
      if (counts[number] > 0 && holders[number] === null) this.freeNumbers.push(number);
      counts[number] = 0;
    }
  }

  /** Throws unless table and counts agree. */
  validateIntegrity(): void {
    const { arena, dict, holders } = this;
    const counts = new Int32Array(this.counts.length);
    const refs = new RefList();
    for (let cursor = dict === null ? 0 : dict.scan(0, refs); cursor !== 0;) {
      cursor = dict!.scan(cursor, refs);
    }
    let items = 0;
    for (let i = 0; i < refs.length; i++) {
      const ref = refs.refs[i];
      let before = -1;
      for (let k = 0; k < numbersOf(arena, ref); k++, items++) {
        const number = this.numberAt(ref, k);
        assert(number > before && number < holders.length, "numbers ascend");
        counts[number]++;
        before = number;
      }
    }
    assert(items === this.items && refs.length === this.count, "items are counted");
    assert(this.counts.every((count, number) => count === counts[number]), "numbers are counted");
    const free = new Set(this.freeNumbers);
    assert(free.size === this.freeNumbers.length, "a number is free once");
    holders.forEach((holder, number) => {
      assert(free.has(number) === (holder === null && counts[number] === 0), "unused are free");
    });
    if (dict !== null) dict.validateIntegrity();
  }

  /** Adds a number to the entry that was found. False if it is there already. */
  private addNumber(dict: Dict, found: number, number: number): boolean {
    const { arena } = this;
    let ref = found;
    let place = this.placeOf(ref, number);
    if (place < 0) return false;
    let count = numbersOf(arena, ref);
    const body = bodyOf(arena, ref);
    if (body + (count + 1) * NUMBER_BYTES > arena.usable(ref)) {
      count = this.dropGone(ref);
      place = this.placeOf(ref, number);
    }
    if (body + (count + 1) * NUMBER_BYTES > arena.usable(ref)) {
      ref = arena.realloc(ref, body + (count + 1 + (count >> 2)) * NUMBER_BYTES);
      if (ref !== found) dict.replaceFound(ref);
    }
    const at = body + place * NUMBER_BYTES;
    arena.move(ref, at + NUMBER_BYTES, at, (count - place) * NUMBER_BYTES);
    arena.storeI32(ref, at, number);
    this.setNumbers(ref, count + 1);
    return true;
  }

  /** Where a number belongs in an entry; -1 when it is there. */
  private placeOf(ref: number, number: number): number {
    let low = 0;
    let high = numbersOf(this.arena, ref);
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.numberAt(ref, middle);
      if (other === number) return -1;
      if (other < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Drops the numbers of clients that are gone from an entry. Returns how many are left. */
  private dropGone(ref: number): number {
    const { arena } = this;
    const count = numbersOf(arena, ref);
    const body = bodyOf(arena, ref);
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const number = this.numberAt(ref, i);
      if (this.holders[number] === null) this.drop(number);
      else arena.storeI32(ref, body + kept++ * NUMBER_BYTES, number);
    }
    this.setNumbers(ref, kept);
    return kept;
  }

  /** An entry has a number no more. */
  private drop(number: number): void {
    this.items--;
    if (--this.counts[number] === 0 && this.holders[number] === null) this.freeNumbers.push(number);
  }

  private numberAt(ref: number, index: number): number {
    const words = this.arena.i32[ref >>> 27];
    const at = (ref & REF_OFFSET_MASK) << 1;
    return words[at + (bodyOf(this.arena, ref) >> 2) + index];
  }

  private setNumbers(ref: number, count: number): void {
    this.arena.storeI32(ref, 0, makeMeta(TYPE_STRING, ENC_EMBSTR, count));
  }
}

/** How many clients an entry has. */
function numbersOf(arena: Arena, ref: number): number {
  return entryMeta(arena, ref) >>> META_ACCESS_SHIFT;
}

/** Offset of an entry's first number. */
function bodyOf(arena: Arena, ref: number): number {
  return entryBodyOff(entryKeyOff(entryMeta(arena, ref)), entryKeyLen(arena, ref));
}
