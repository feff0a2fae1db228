/**
 * ExpiryHeap: which of many entries expires next.
 *
 * A heap with four children per node, ordered by time. Each entry notes its place in the heap, so one that is
 * changed or removed is found without a search, and whatever expires is found in the order of time without a
 * look at what doesn't. A dict that is swept, as the databases have for keys, does with eight bytes per entry
 * instead of 24, but meets the expired ones only by chance; HLEN counts fields until they are removed, so for
 * fields that would show.
 *
 *     root   word 0 count   1 directory ref   2 its capacity   3 unused
 *     item   expiry (double, unix ms), ref of the entry, unused word              16 bytes
 *
 * Items lie in chunks of 256 (4 KiB) behind a directory of refs, so that a heap of millions grows without
 * a pause; the first chunk grows by doubling, so that a small one is small. Places count from one: 0 says that
 * an entry is in no heap. The children of place p are 4p - 2 to 4p + 1. Four instead of two halve the depth,
 * and each level costs a store into an entry that is likely not cached.
 *
 * Where an entry notes its place depends on whose it is: PLACE_IN_SLOT is the word at byte 8, before the key
 * (entry.ts), PLACE_IN_BODY the second word behind the key.
 *
 * Adding at the end costs O(1) where later entries expire later, as is usual; otherwise and for removal it is
 * O(log4 n). An object is an accessor, bound to a root by `at` or `create`, as a Dict.
 * Ownership: the heap owns root, directory and chunks, never the entries.
 */
import { assert } from "../base/assert.ts";
import { type Arena, ARENA_FULL, REF_OFFSET_MASK } from "../memory/arena.ts";
import { ENTRY_HEAD_BYTES, entryBodyOff, entryKeyLen, entryKeyOff, entryMeta } from "./entry.ts";

export const PLACE_IN_SLOT = 0;
export const PLACE_IN_BODY = 1;

// Parts of the layout that readers of snapshots need too.
export const HEAP_ITEM_BYTES = 16;
export const HEAP_CHUNK_ITEMS = 256;
export const HEAP_COUNT = 0;
export const HEAP_DIRECTORY = 1;
const CHUNK_BYTES: number = HEAP_CHUNK_ITEMS * HEAP_ITEM_BYTES;
const REF_WORD = 2;

const ROOT_BYTES = 16;
const ROOT_DIRECTORY_CAP = 2;
const DIRECTORY_CAP_MIN = 2;

export class ExpiryHeap {
  /** Ref of the root block, 0 when there is none. */
  root = 0;
  private directory = 0;
  private readonly arena: Arena;
  private readonly placeKind: number;

  /** An accessor that is yet to be bound. `placeKind` is PLACE_IN_SLOT or PLACE_IN_BODY. */
  constructor(arena: Arena, placeKind: number) {
    this.arena = arena;
    this.placeKind = placeKind;
  }

  /** Binds this object to a root. */
  at(root: number): this {
    this.root = root;
    this.directory = this.word(root, HEAP_DIRECTORY);
    return this;
  }

  /** Makes an empty heap, binds this object to it and returns its root. Throws ArenaFull. */
  create(): number {
    const { arena } = this;
    const directory = arena.alloc(DIRECTORY_CAP_MIN * 4);
    let root: number;
    try {
      root = arena.alloc(ROOT_BYTES);
    } catch (error) {
      arena.free(directory);
      throw error;
    }
    arena.fill(directory, 0, DIRECTORY_CAP_MIN * 4, 0);
    arena.fill(root, 0, ROOT_BYTES, 0);
    arena.storeI32(root, HEAP_DIRECTORY << 2, directory);
    arena.storeI32(root, ROOT_DIRECTORY_CAP << 2, DIRECTORY_CAP_MIN);
    this.at(root);
    return root;
  }

  /** Number of entries. */
  get count(): number {
    return this.word(this.root, HEAP_COUNT);
  }

  /** Bytes of the heap: root, directory and chunks. */
  get bytes(): number {
    const { arena, directory } = this;
    const chunks = this.chunkCount();
    let bytes = arena.usable(this.root) + arena.usable(directory);
    for (let i = 0; i < chunks; i++) bytes += arena.usable(this.word(directory, i));
    return bytes;
  }

  /** When the first entry expires, in unix ms; Infinity when there is none. */
  nextExpiry(): number {
    return this.count === 0 ? Infinity : this.expiryAt(1);
  }

  /** The entry that expires first. There must be one. */
  nextRef(): number {
    return this.refAt(1);
  }

  /** When the entry at a place expires, in unix ms. */
  expiryAt(place: number): number {
    const item = this.item(place);
    return this.arena.f64[item >>> 27][item & REF_OFFSET_MASK];
  }

  /** The entry at a place. */
  refAt(place: number): number {
    return this.word(this.item(place), REF_WORD);
  }

  /** Number of entries that expire before a time: a look at them and their children. */
  countBefore(timeMs: number): number {
    return this.countFrom(1, timeMs);
  }

  /** Adds an entry, which then knows its place. Throws ArenaFull before anything changed. */
  insert(ref: number, expireAt: number): void {
    const count = this.count;
    this.makeRoom(count);
    this.arena.storeI32(this.root, HEAP_COUNT << 2, count + 1);
    this.siftUp(count + 1, ref, expireAt);
  }

  /** The entry at `place` expires at another time. */
  update(place: number, expireAt: number): void {
    const ref = this.refAt(place);
    if (expireAt < this.expiryAt(place)) this.siftUp(place, ref, expireAt);
    else this.siftDown(place, ref, expireAt);
  }

  /** Removes the entry at `place`; what it notes as its place is meaningless afterwards. */
  remove(place: number): void {
    const last = this.count;
    const ref = this.refAt(last);
    const expireAt = this.expiryAt(last);
    this.arena.storeI32(this.root, HEAP_COUNT << 2, last - 1);
    if (place !== last) {
      // The last one takes the place, from where it may have to go either way.
      if (expireAt < this.expiryAt(place)) this.siftUp(place, ref, expireAt);
      else this.siftDown(place, ref, expireAt);
    }
    this.dropRoom(last - 1);
  }

  /** The entry at `place` is another block now. */
  moved(place: number, ref: number): void {
    this.arena.storeI32(this.item(place), REF_WORD << 2, ref);
  }

  /** The place that an entry notes. */
  placeOf(ref: number): number {
    return this.arena.i32[ref >>> 27][((ref & REF_OFFSET_MASK) << 1) + (this.placeOff(ref) >> 2)];
  }

  /** Frees the heap. The entries are the caller's. */
  free(): void {
    const { arena, directory } = this;
    for (let i = this.chunkCount() - 1; i >= 0; i--) arena.free(this.word(directory, i));
    arena.free(directory);
    arena.free(this.root);
  }

  /** Throws unless the order is right and every entry knows its place. */
  validateIntegrity(): void {
    const { count } = this;
    for (let place = 1; place <= count; place++) {
      assert(this.placeOf(this.refAt(place)) === place, "an entry knows its place");
      if (place === 1) continue;
      const parent = (place + 2) >>> 2;
      assert(this.expiryAt(parent) <= this.expiryAt(place), "a parent expires no later");
    }
    assert(
      this.chunkCount() <= this.word(this.root, ROOT_DIRECTORY_CAP),
      "the directory has room for the chunks",
    );
  }

  private countFrom(place: number, timeMs: number): number {
    if (place > this.count || this.expiryAt(place) >= timeMs) return 0;
    let count = 1;
    for (let child = 4 * place - 2; child <= 4 * place + 1; child++) {
      count += this.countFrom(child, timeMs);
    }
    return count;
  }

  /** Puts an entry at a place, or above where it expires before those on the way. */
  private siftUp(place: number, ref: number, expireAt: number): void {
    while (place > 1) {
      const parent = (place + 2) >>> 2;
      const at = this.expiryAt(parent);
      if (at <= expireAt) break;
      this.store(place, this.refAt(parent), at);
      place = parent;
    }
    this.store(place, ref, expireAt);
  }

  /** Puts an entry at a place, or below where it expires after those on the way. */
  private siftDown(place: number, ref: number, expireAt: number): void {
    const { count } = this;
    for (;;) {
      const first = 4 * place - 2;
      const end = first + 4 <= count + 1 ? first + 4 : count + 1;
      let least = 0;
      let leastAt = expireAt;
      for (let child = first; child < end; child++) {
        const at = this.expiryAt(child);
        if (at < leastAt) {
          least = child;
          leastAt = at;
        }
      }
      if (least === 0) break;
      this.store(place, this.refAt(least), leastAt);
      place = least;
    }
    this.store(place, ref, expireAt);
  }

  private store(place: number, ref: number, expireAt: number): void {
    const { arena } = this;
    const item = this.item(place);
    arena.storeF64(item, 0, expireAt);
    arena.storeI32(item, REF_WORD << 2, ref);
    arena.storeI32(ref, this.placeOff(ref), place);
  }

  private placeOff(ref: number): number {
    if (this.placeKind === PLACE_IN_SLOT) return ENTRY_HEAD_BYTES;
    const keyOff = entryKeyOff(entryMeta(this.arena, ref));
    return entryBodyOff(keyOff, entryKeyLen(this.arena, ref)) + 4;
  }

  /** Ref of an item: chunks are contiguous, an item is two steps of 8 bytes. */
  private item(place: number): number {
    const index = place - 1;
    return this.word(this.directory, index >>> 8) + ((index & (HEAP_CHUNK_ITEMS - 1)) << 1);
  }

  private chunkCount(): number {
    return (this.count + HEAP_CHUNK_ITEMS - 1) >>> 8;
  }

  private word(ref: number, index: number): number {
    return this.arena.i32[ref >>> 27][((ref & REF_OFFSET_MASK) << 1) + index];
  }

  /** Room for an item more than `count`. Throws ArenaFull before anything changed. */
  private makeRoom(count: number): void {
    const { arena } = this;
    if (count < HEAP_CHUNK_ITEMS) {
      if ((count & (count - 1)) !== 0) return; // Its capacity is a power of two no less than the count.
      const chunk = count === 0
        ? arena.alloc(HEAP_ITEM_BYTES)
        : arena.realloc(this.word(this.directory, 0), 2 * count * HEAP_ITEM_BYTES);
      arena.storeI32(this.directory, 0, chunk);
      return;
    }
    if ((count & (HEAP_CHUNK_ITEMS - 1)) !== 0) return;
    const index = count >>> 8;
    const cap = this.word(this.root, ROOT_DIRECTORY_CAP);
    if (index === cap) {
      this.directory = arena.realloc(this.directory, cap * 8);
      arena.storeI32(this.root, HEAP_DIRECTORY << 2, this.directory);
      arena.storeI32(this.root, ROOT_DIRECTORY_CAP << 2, cap * 2);
    }
    arena.storeI32(this.directory, index << 2, arena.alloc(CHUNK_BYTES));
  }

  /** Gives back what `count` items don't need. */
  private dropRoom(count: number): void {
    const { arena, directory } = this;
    if (count >= HEAP_CHUNK_ITEMS) {
      if ((count & (HEAP_CHUNK_ITEMS - 1)) === 0) arena.free(this.word(directory, count >>> 8));
    } else if (count === 0) {
      arena.free(this.word(directory, 0));
    } else if ((count & (count - 1)) === 0) {
      // Room for twice as many remains, so that a heap whose count goes up and down doesn't move each time.
      arena.storeI32(
        directory,
        0,
        shrunk(arena, this.word(directory, 0), 2 * count * HEAP_ITEM_BYTES),
      );
    }
  }
}

/** The block cut to `bytes`, or as it is when no smaller one is to be had. */
function shrunk(arena: Arena, ref: number, bytes: number): number {
  try {
    return arena.realloc(ref, bytes);
  } catch (error) {
    if (error !== ARENA_FULL) throw error;
    return ref;
  }
}
