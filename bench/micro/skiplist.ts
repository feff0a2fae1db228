/**
 * core/structures/skiplist: a list of a million members of ten bytes, scores random and unique for
 * the most part.
 *
 * The list is built when the first benchmark of it runs, outside of what is timed. Every call takes
 * another entry at random: at this size an operation is a dozen cache misses, and an entry used
 * twice would hide them.
 */

import { bench, do_not_optimize, group } from "mitata";
import { Prng } from "../../core/base/prng.ts";
import { RefList } from "../../core/base/ref_list.ts";
import { Arena } from "../../core/memory/arena.ts";
import { Skiplist } from "../../core/structures/skiplist.ts";
import { createEntry, entryScore } from "../../core/structures/skiplist_entry.ts";
import { ScoreRange } from "../../core/structures/zset_range.ts";

const COUNT = 1_000_000;
const MEMBER_LEN = 10;
/** Entries that a range of scores has, on average. */
const RANGE_COUNT = 100;

/** A list of COUNT entries. */
class Fixture {
  readonly prng = new Prng(1);
  readonly arena = new Arena();
  readonly list = new Skiplist(this.arena);
  readonly root = this.list.create();
  readonly refs = new Int32Array(COUNT);
  readonly range = new ScoreRange();
  readonly out = new RefList(1024);

  constructor() {
    const member = new Uint8Array(MEMBER_LEN);
    for (let i = 0; i < COUNT; i++) {
      for (let j = MEMBER_LEN - 1, n = i; j >= 0; j--, n = Math.floor(n / 10)) {
        member[j] = 0x30 + n % 10;
      }
      const ref = createEntry(this.arena, this.score(), member, 0, MEMBER_LEN);
      this.list.insert(this.root, ref);
      this.refs[i] = ref;
    }
  }

  score(): number {
    return this.prng.nextU32() / 2;
  }

  ref(): number {
    return this.refs[this.prng.nextBelow(COUNT)];
  }

  /** A range of about RANGE_COUNT entries. */
  scores(): ScoreRange {
    const min = this.score();
    return this.range.set(min, false, min + 2 ** 31 / COUNT * RANGE_COUNT, true);
  }
}

let shared: Fixture | null = null;

function fixture(): Fixture {
  shared ??= new Fixture();
  return shared;
}

group(() => {
  bench("skiplist of 1 M: remove and insert", function* () {
    const f = fixture();
    yield () => {
      const ref = f.ref();
      f.list.remove(f.root, ref);
      f.list.insert(f.root, ref);
    };
  });

  bench("skiplist of 1 M: updateScore, to anywhere", function* () {
    const f = fixture();
    yield () => f.list.updateScore(f.root, f.ref(), f.score());
  });

  bench("skiplist of 1 M: updateScore, in place", function* () {
    const f = fixture();
    yield () => {
      const ref = f.ref();
      f.list.updateScore(f.root, ref, entryScore(f.arena, ref));
    };
  });

  bench("skiplist of 1 M: take the first out and put it back", function* () {
    const f = fixture();
    yield () => {
      const ref = f.list.first(f.root);
      f.list.remove(f.root, ref);
      f.list.insert(f.root, ref);
    };
  });
});

group(() => {
  bench("skiplist of 1 M: rank", function* () {
    const f = fixture();
    yield () => do_not_optimize(f.list.rank(f.root, f.ref()));
  });

  bench("skiplist of 1 M: byRank", function* () {
    const f = fixture();
    yield () => do_not_optimize(f.list.byRank(f.root, f.prng.nextBelow(COUNT)));
  });

  bench("skiplist of 1 M: firstInScoreRange", function* () {
    const f = fixture();
    yield () => do_not_optimize(f.list.firstInScoreRange(f.root, f.scores()));
  });

  bench("skiplist of 1 M: countInScoreRange", function* () {
    const f = fixture();
    yield () => do_not_optimize(f.list.countInScoreRange(f.root, f.scores()));
  });

  bench("skiplist of 1 M: walk 100 entries of a range", function* () {
    const f = fixture();
    yield () => {
      let ref = f.list.firstInScoreRange(f.root, f.scores());
      for (let i = 1; i < RANGE_COUNT && ref !== 0; i++) {
        ref = f.list.next(f.list.foundNode, f.list.foundSlot);
      }
      return do_not_optimize(ref);
    };
  });

  bench("skiplist of 1 M: take a range of 100 out and put it back", function* () {
    const f = fixture();
    yield () => {
      f.out.clear();
      const count = f.list.deleteRangeByScore(f.root, f.scores(), f.out);
      for (let i = 0; i < count; i++) f.list.insert(f.root, f.out.refs[i]);
    };
  });
});
