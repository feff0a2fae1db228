/**
 * SetRandom: different members of a set, chosen at random.
 *
 * Three ways, by what is asked for. From a listpack, which can only be walked, they are taken in its order: a
 * member is taken with the chance of those still wanted among those still there (Knuth's algorithm S). When more
 * than a third is wanted, all places are listed and the first ones exchanged with others at random. Otherwise
 * random places are drawn until enough of them are different.
 */
import type { RefList } from "../base/ref_list.ts";
import type { Prng } from "../base/prng.ts";
import type { Arena } from "../memory/arena.ts";
import { ENC_LISTPACK, objectEncoding } from "./object.ts";
import { PlaceSet } from "./place_set.ts";
import type { Sets } from "./t_set.ts";
import type { TypeContext } from "./type_context.ts";

/** Above the set's size divided by this, drawing until all are different takes too many draws. */
const DRAW_DIVISOR = 3;

export class SetRandom {
  /** What was chosen, if it was drawn: see `draw`. */
  readonly drawn = new PlaceSet();

  private readonly arena: Arena;
  private readonly prng: Prng;
  private readonly sets: Sets;

  constructor(context: TypeContext, sets: Sets) {
    this.arena = context.arena;
    this.prng = context.prng;
    this.sets = sets;
  }

  /** Makes `out` the places of `count` members, which is no more than there are. Those of a listpack ascend. */
  choose(ref: number, count: number, out: RefList): void {
    const size = this.sets.length(ref);
    out.clear();
    if (objectEncoding(this.arena, ref) === ENC_LISTPACK) {
      this.sets.places(ref, out);
      this.select(out, count);
    } else if (count * DRAW_DIVISOR > size) {
      this.sets.places(ref, out);
      this.shuffle(out, count);
    } else this.draw(ref, count, out);
  }

  /** Appends the places of `count` members to `out` and leaves them in `drawn`. Much fewer than there are. */
  draw(ref: number, count: number, out: RefList): void {
    const { drawn, sets } = this;
    drawn.reset(count);
    for (let left = count; left > 0;) {
      const place = sets.randomPlace(ref);
      if (!drawn.add(place)) continue;
      out.push(place);
      left--;
    }
  }

  /** Keeps `count` of the list, in order. */
  private select(list: RefList, count: number): void {
    const { refs, length } = list;
    let kept = 0;
    for (let i = 0; kept < count; i++) {
      if (this.prng.nextU32() * (length - i) < (count - kept) * 2 ** 32) refs[kept++] = refs[i];
    }
    list.length = count;
  }

  /** Keeps `count` of the list, in any order. */
  private shuffle(list: RefList, count: number): void {
    const { refs, length } = list;
    for (let i = 0; i < count; i++) {
      const j = i + this.prng.nextBelow(length - i);
      const moved = refs[i];
      refs[i] = refs[j];
      refs[j] = moved;
    }
    list.length = count;
  }
}
