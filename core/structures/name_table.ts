/**
 * NameTable: blocks that have a name, in the order of their names. Consumer groups lie in one, and the
 * consumers of a group in another.
 *
 *     handle     ref of the table, number of entries: two words in a block of the owner, zeros at first
 *     table      a block of refs, by name
 *     entry      word 0 is the length of its name, which begins at an offset that all entries share
 *
 * Look-up is a binary search over the names, insertion moves the refs behind it. A group has a handful of
 * consumers, perhaps hundreds, and their lists are shown in the order of names; for ten thousand an insertion
 * moves 20 KB, a microsecond or two. A hash table would be larger, and have to be sorted to be shown.
 *
 * Accessor: one object serves all tables whose entries have their names at the same offset.
 *
 * Ownership: the table is its own; the entries are the caller's.
 */
import { bytesCompare, type ReadonlyBytes } from "../base/bytes.ts";
import { assert } from "../base/assert.ts";
import { type Arena, REF_OFFSET_MASK, refOffset } from "../memory/arena.ts";
import { shrinkLazily } from "./listpack.ts";

export class NameTable {
  /** Where the name that `find` looked for is, or would be. */
  place = 0;

  private readonly arena: Arena;
  private readonly nameOff: number;
  private owner = 0;
  private handle = 0;

  constructor(arena: Arena, nameOff: number) {
    this.arena = arena;
    this.nameOff = nameOff;
  }

  /** Binds this object to the handle at `off`, a multiple of 4, of a block. */
  at(owner: number, off: number): this {
    this.owner = owner;
    this.handle = off;
    return this;
  }

  get count(): number {
    return this.word(4);
  }

  /** The entry at `index`. */
  entry(index: number): number {
    const table = this.word(0);
    return this.arena.i32[table >>> 27][((table & REF_OFFSET_MASK) << 1) + index];
  }

  /** The entry with this name, or 0. Leaves its place, or where it would be, in `place`. */
  find(buf: ReadonlyBytes, off: number, len: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const entry = this.entry(middle);
      const order = this.compare(entry, buf, off, len);
      if (order === 0) {
        this.place = middle;
        return entry;
      }
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    this.place = low;
    return 0;
  }

  /** Adds an entry, whose name `find` just didn't find. Throws ArenaFull before anything changed. */
  insert(entry: number): void {
    const { arena, place, count } = this;
    let table = this.word(0);
    if (table === 0 || (count + 1) * 4 > arena.usable(table)) {
      const size = (count + 1 + (count >> 2)) * 4;
      table = table === 0 ? arena.alloc(size) : arena.realloc(table, size);
      arena.storeI32(this.owner, this.handle, table);
    }
    arena.move(table, (place + 1) * 4, place * 4, (count - place) * 4);
    arena.storeI32(table, place * 4, entry);
    arena.storeI32(this.owner, this.handle + 4, count + 1);
  }

  /** Takes the entry at `index` out. */
  removeAt(index: number): void {
    const { arena } = this;
    const table = this.word(0);
    const count = this.count - 1;
    arena.move(table, index * 4, (index + 1) * 4, (count - index) * 4);
    arena.storeI32(this.owner, this.handle + 4, count);
    if (count === 0) arena.free(table);
    const left = count === 0 ? 0 : shrinkLazily(arena, table, count * 4);
    arena.storeI32(this.owner, this.handle, left);
  }

  /** Bytes of the table. */
  bytes(): number {
    const table = this.word(0);
    return table === 0 ? 0 : this.arena.usable(table);
  }

  /** Throws unless the names ascend. */
  validateIntegrity(): void {
    const { arena, count } = this;
    assert((this.word(0) === 0) === (count === 0), "an empty table is none");
    for (let i = 1; i < count; i++) {
      const last = this.entry(i - 1);
      const off = refOffset(last) + this.nameOff;
      const len = arena.i32[last >>> 27][refOffset(last) >> 2];
      const order = this.compare(this.entry(i), arena.u8[last >>> 27], off, len);
      assert(order > 0, "names ascend");
    }
  }

  private word(at: number): number {
    const { owner } = this;
    return this.arena.i32[owner >>> 27][((owner & REF_OFFSET_MASK) << 1) + (this.handle + at >> 2)];
  }

  /** Orders the name of an entry and these bytes. */
  private compare(entry: number, buf: ReadonlyBytes, off: number, len: number): number {
    const { arena } = this;
    const at = refOffset(entry);
    const nameLen = arena.i32[entry >>> 27][at >> 2];
    return bytesCompare(arena.u8[entry >>> 27], at + this.nameOff, nameLen, buf, off, len);
  }
}
