/**
 * PlaceSet: places of members (t_set.ts) that were met already, while a command picks some.
 *
 * A table of int32 with open addressing, at most half full. It lives on the heap for the time of a command; a
 * small one is kept for the next. The place -1 can't be in it: an index and an offset never are that, and a
 * ref would be the very last 8 bytes of 32 GiB.
 */

const NONE = -1;
/** Places for which the table is kept. */
const KEPT_COUNT = 1 << 12;

export class PlaceSet {
  private table = new Int32Array(2 * KEPT_COUNT).fill(NONE);
  private mask = 2 * KEPT_COUNT - 1;
  private used = 0;

  /** Empties it and makes room for so many places. */
  reset(count: number): void {
    let size = 2 * KEPT_COUNT;
    while (size < 2 * count) size *= 2;
    if (size !== this.table.length) this.table = new Int32Array(size).fill(NONE);
    else if (this.used > 0) this.table.fill(NONE);
    this.mask = size - 1;
    this.used = 0;
  }

  /** Adds a place; false when it is here already. There must be room for it. */
  add(place: number): boolean {
    const { table, mask } = this;
    let at = mix(place) & mask;
    for (; table[at] !== NONE; at = (at + 1) & mask) {
      if (table[at] === place) return false;
    }
    table[at] = place;
    this.used++;
    return true;
  }

  has(place: number): boolean {
    const { table, mask } = this;
    let at = mix(place) & mask;
    for (; table[at] !== NONE; at = (at + 1) & mask) {
      if (table[at] === place) return true;
    }
    return false;
  }
}

/** Neighbouring places, as most are, far from each other. The constant is 2^32 over the golden ratio. */
function mix(place: number): number {
  const product = Math.imul(place, 0x9e3779b9);
  return product ^ product >>> 15;
}
