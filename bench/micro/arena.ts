/**
 * core/memory: what a block costs to get and to give back, and a store with and without a preserver.
 *
 * Blocks are taken and freed in a window of live ones, in another order than they came, because a block
 * that is freed at once is handed out again from a warm cache line, which no server does.
 */

import { bench, do_not_optimize, group } from "mitata";
import { Prng } from "../../core/base/prng.ts";
import { Arena } from "../../core/memory/arena.ts";

const WINDOW = 1 << 16;
const SMALL_WINDOW = 256;

/** An arena with `count` live blocks of `size` bytes, and an order to go through them. */
function fill(count: number, size: number): { arena: Arena; refs: Int32Array; order: Int32Array } {
  const arena = new Arena();
  const prng = new Prng(1);
  const refs = Int32Array.from({ length: count }, () => arena.alloc(size));
  const order = Int32Array.from({ length: count }, () => prng.nextBelow(count));
  return { arena, refs, order };
}

group(() => {
  for (const size of [48, 1024, 16_384]) {
    const { arena, refs, order } = fill(size > 1024 ? SMALL_WINDOW : WINDOW, size);
    let at = 0;
    bench(`free and alloc, ${size} bytes`, () => {
      const i = order[at++ & (order.length - 1)];
      arena.free(refs[i]);
      refs[i] = arena.alloc(size);
      return do_not_optimize(refs[i]);
    });
  }
  const { arena, refs, order } = fill(SMALL_WINDOW, 50_000);
  let at = 0;
  bench("free and alloc, 20 to 80 KB", () => {
    const i = order[at & (order.length - 1)];
    arena.free(refs[i]);
    refs[i] = arena.alloc(20_000 + (at++ * 7919) % 60_000);
    return do_not_optimize(refs[i]);
  });
});

group(() => {
  const { arena, refs, order } = fill(WINDOW, 48);
  let at = 0;
  bench("usable", () => do_not_optimize(arena.usable(refs[order[at++ & (WINDOW - 1)]])));
  bench("storeI32", () => {
    arena.storeI32(refs[order[at & (WINDOW - 1)]], 8, at++);
  });
  bench("storeF64", () => {
    arena.storeF64(refs[order[at & (WINDOW - 1)]], 8, at++);
  });
  const source = new Uint8Array(64).fill(0x61);
  bench("copyIn, 16 bytes", () => {
    arena.copyIn(refs[order[at++ & (WINDOW - 1)]], 8, source, 0, 16);
  });
  bench("storeI32 with a preserver", () => {
    arena.preserver = COUNTER;
    arena.storeI32(refs[order[at & (WINDOW - 1)]], 8, at++);
    arena.preserver = null;
  });
});

/** The cheapest preserver there can be. */
const COUNTER = {
  bytes: 0,
  preserve(_segment: number, _offset: number, len: number): void {
    this.bytes += len;
  },
};
