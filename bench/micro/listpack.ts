/**
 * core/structures/listpack.ts and quicklist.ts: what small hashes, sets, sorted sets and all lists do all day.
 *
 * A hash of n fields is 2n entries, of which a look-up compares every second one. Many listpacks take turns,
 * so that the branch predictor can't learn where the field is.
 */

import { bench, do_not_optimize, group } from "mitata";
import { Prng } from "../../core/base/prng.ts";
import { Arena } from "../../core/memory/arena.ts";
import {
  LP_HEADER_BYTES,
  lpAppend,
  lpBytes,
  lpCreate,
  lpDelete,
  lpFind,
  lpFirst,
  lpGet,
  lpInsertBefore,
  lpLast,
  lpNext,
  lpReplace,
} from "../../core/structures/listpack.ts";
import {
  qlCreate,
  qlDrop,
  qlGet,
  qlNext,
  qlPeek,
  qlPush,
  qlSeek,
  QuicklistCursor,
} from "../../core/structures/quicklist.ts";
import { ListpackValue } from "../../core/structures/listpack_entry.ts";

const PACKS = 64;
const FIELD_BYTES = 8;

const arena = new Arena();
const prng = new Prng(1);
const value = new ListpackValue();

/** Fields "field000", "field001", ... */
const fields = new TextEncoder().encode(
  Array.from({ length: 128 }, (_, i) => `field${String(i).padStart(3, "0")}`).join(""),
);
const payload = new TextEncoder().encode("value:0123456789");

/** Listpacks of so many pairs of a field and a value. */
function hashes(pairs: number): Int32Array {
  return Int32Array.from({ length: PACKS }, () => {
    let ref = lpCreate(arena);
    for (let i = 0; i < pairs; i++) {
      ref = lpAppend(arena, ref, fields, i * FIELD_BYTES, FIELD_BYTES);
      ref = lpAppend(arena, ref, payload, 0, i % 3 === 0 ? 1 : 16);
    }
    return ref;
  });
}

for (const pairs of [4, 16, 128]) {
  const refs = hashes(pairs);
  let turn = 0;
  group(() => {
    bench(`find a field among ${pairs}`, () => {
      const ref = refs[turn++ & (PACKS - 1)];
      const off = prng.nextBelow(pairs) * FIELD_BYTES;
      return do_not_optimize(lpFind(arena, ref, 0, fields, off, FIELD_BYTES, 1));
    });
    bench(`replace the value of a field among ${pairs}`, () => {
      const slot = turn++ & (PACKS - 1);
      const off = prng.nextBelow(pairs) * FIELD_BYTES;
      const field = lpFind(arena, refs[slot], 0, fields, off, FIELD_BYTES, 1);
      const at = lpNext(arena, refs[slot], field);
      refs[slot] = lpReplace(arena, refs[slot], at, payload, 0, 10 + (turn & 3));
    });
    bench(`read all of ${pairs} pairs`, () => {
      const ref = refs[turn++ & (PACKS - 1)];
      let sum = 0;
      for (let at = lpFirst(arena, ref); at !== 0; at = lpNext(arena, ref, at)) {
        lpGet(arena, ref, at, value);
        sum += value.len;
      }
      return do_not_optimize(sum);
    });
  });
}

for (const bytes of [100, 1000, 8000]) {
  let ref = lpCreate(arena);
  while (lpBytes(arena, ref) < bytes) ref = lpAppend(arena, ref, payload, 0, 16);
  group(() => {
    bench(`append and delete the last, ${bytes} bytes`, () => {
      ref = lpAppend(arena, ref, payload, 0, 16);
      ref = lpDelete(arena, ref, lpLast(arena, ref));
    });
    bench(`prepend and delete the first, ${bytes} bytes`, () => {
      ref = lpInsertBefore(arena, ref, LP_HEADER_BYTES, payload, 0, 16);
      ref = lpDelete(arena, ref, lpFirst(arena, ref));
    });
    bench(`prepend and delete the last, ${bytes} bytes`, () => {
      ref = lpInsertBefore(arena, ref, LP_HEADER_BYTES, payload, 0, 16);
      ref = lpDelete(arena, ref, lpLast(arena, ref));
    });
  });
}

group(() => {
  bench("append until there are 100 elements", () => {
    let ref = lpCreate(arena);
    for (let i = 0; i < 100; i++) ref = lpAppend(arena, ref, payload, 0, 1 + (i & 15));
    arena.free(ref);
  });
});

/** A list of 100,000 elements, which pushing and dropping keep at that. */
const list = qlCreate(arena, -2, 0);
const cursor = new QuicklistCursor();
for (let i = 0; i < 100_000; i++) qlPush(arena, list, false, payload, 0, 16);

group(() => {
  for (const atHead of [true, false]) {
    bench(`push at the ${atHead ? "head" : "tail"}, pop at the other end`, () => {
      qlPush(arena, list, atHead, payload, 0, 16);
      qlPeek(arena, list, !atHead, cursor, value);
      qlDrop(arena, list, !atHead);
    });
  }
  let index = 0;
  bench("seek among 100,000", () => {
    index = (index + 7919) % 100_000;
    qlSeek(arena, list, cursor, index);
    qlGet(cursor, value);
  });
  bench("read 100 elements", () => {
    index = (index + 7919) % 99_000;
    let left = 100;
    for (let ok = qlSeek(arena, list, cursor, index); ok && left > 0; left--) {
      qlGet(cursor, value);
      ok = qlNext(arena, cursor);
    }
  });
});
