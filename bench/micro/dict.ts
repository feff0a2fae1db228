/**
 * core/structures/dict.ts: finding, inserting and removing keys, in tables that fit the caches and in one
 * that doesn't.
 *
 * Keys are looked up in random order: in the order of insertion their entries would be neighbours. With a
 * million keys a hit is two misses of the cache, and that is what the figure shows.
 */

import { bench, do_not_optimize, group } from "mitata";
import { Prng } from "../../core/base/prng.ts";
import { RefList } from "../../core/base/ref_list.ts";
import { Arena } from "../../core/memory/arena.ts";
import { Dict } from "../../core/structures/dict.ts";
import { ENTRY_HEAD_BYTES } from "../../core/structures/entry.ts";

const KEY_BYTES = 16;
/** Keys in a table of random keys, so that making one up costs nothing while it is measured. */
const ORDER = 1 << 16;

/** A dict, and the bytes of the keys that may be in it: KEY_BYTES each. */
interface Table {
  readonly arena: Arena;
  readonly dict: Dict;
  readonly keys: Uint8Array;
  /** Offsets of keys in `keys`, in random order. */
  readonly order: Int32Array;
}

/** A dict of `count` keys and as many keys that are not in it behind them. */
function build(count: number): Table {
  const arena = new Arena();
  const prng = new Prng(2);
  const dict = new Dict(arena, prng.nextU32(), prng.nextU32());
  const keys = new Uint8Array(new SharedArrayBuffer(2 * count * KEY_BYTES));
  const view = new DataView(keys.buffer);
  for (let i = 0; i < 2 * count; i++) {
    view.setUint32(i * KEY_BYTES, i);
    view.setUint32(i * KEY_BYTES + 4, prng.nextU32());
  }
  const table = { arena, dict, keys, order: new Int32Array(ORDER) };
  for (let i = 0; i < count; i++) insert(table, i * KEY_BYTES);
  for (let i = 0; i < ORDER; i++) table.order[i] = prng.nextBelow(count) * KEY_BYTES;
  return table;
}

function insert({ arena, dict, keys }: Table, off: number): number {
  const ref = arena.alloc(ENTRY_HEAD_BYTES + KEY_BYTES);
  arena.storeI32(ref, 0, 0);
  arena.storeI32(ref, 4, KEY_BYTES);
  arena.copyIn(ref, ENTRY_HEAD_BYTES, keys, off, KEY_BYTES);
  dict.insert(dict.hash(keys, off, KEY_BYTES), ref);
  return ref;
}

for (
  const [count, name] of [[1000, "1 K keys"], [100_000, "100 K keys"], [
    1_000_000,
    "1 M keys",
  ]] as const
) {
  const table = build(count);
  const { arena, dict, keys, order } = table;
  let at = 0;
  group(() => {
    bench(`hash and find, ${name}`, () => {
      const off = order[at++ & (ORDER - 1)];
      return do_not_optimize(dict.find(dict.hash(keys, off, KEY_BYTES), keys, off, KEY_BYTES));
    });
    bench(`hash and miss, ${name}`, () => {
      const off = order[at++ & (ORDER - 1)] + count * KEY_BYTES;
      return do_not_optimize(dict.find(dict.hash(keys, off, KEY_BYTES), keys, off, KEY_BYTES));
    });
    bench(`remove and insert, ${name}`, () => {
      const off = order[at++ & (ORDER - 1)];
      const hash = dict.hash(keys, off, KEY_BYTES);
      const ref = dict.find(hash, keys, off, KEY_BYTES);
      dict.removeFound(hash);
      dict.insert(hash, ref);
      return do_not_optimize(ref);
    });
    const prng = new Prng(3);
    bench(`random entry, ${name}`, () => do_not_optimize(dict.random(prng)));
    const refs = new RefList();
    let cursor = 0;
    bench(`scan a bucket, ${name}`, () => {
      refs.clear();
      cursor = dict.scan(cursor, refs);
      return do_not_optimize(refs.length);
    });
  });
  group(() => {
    const made: number[] = [];
    bench(`grow by an entry and shrink again, ${name}`, () => {
      const off = (count + made.length) * KEY_BYTES;
      if (made.length < 1000) {
        made.push(insert(table, off));
        return;
      }
      for (let i = 0; i < made.length; i++) {
        const hash = dict.hash(keys, (count + i) * KEY_BYTES, KEY_BYTES);
        dict.findRef(hash, made[i]);
        dict.removeFound(hash);
        arena.free(made[i]);
      }
      made.length = 0;
    });
  });
}
