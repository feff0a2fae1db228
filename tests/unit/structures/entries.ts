/**
 * What the tests of dict and keyspace share: entries by hand, and an arena that fails when told to.
 */
import { Arena, ARENA_FULL, type ArenaOptions, refOffset } from "../../../core/memory/arena.ts";
import {
  ENTRY_HAS_EXPIRY,
  entryKeyLen,
  entryKeyOff,
  entryMeta,
} from "../../../core/structures/entry.ts";
import { latin1 } from "../../support/resp_reply.ts";

/** An arena whose `alloc` throws once, at the call that `failIn` counts down to. */
export class FailingArena extends Arena {
  /** Allocations that still succeed before one fails; negative: none fails. */
  failIn = -1;
  /** Failures so far. */
  failures = 0;

  constructor(options: ArenaOptions = {}) {
    super({ poison: true, segmentBytes: 1 << 20, ...options });
  }

  override alloc(size: number): number {
    if (this.failIn >= 0 && this.failIn-- === 0) {
      this.failures++;
      throw ARENA_FULL;
    }
    return super.alloc(size);
  }
}

/** A block with a head and a key; with `expireAt` an expiry too. Throws ArenaFull. */
export function makeEntry(arena: Arena, key: Uint8Array, expireAt = -1): number {
  const has = expireAt >= 0;
  const ref = arena.alloc(8 + (has ? 8 : 0) + Math.max(1, key.length));
  arena.storeI32(ref, 0, has ? ENTRY_HAS_EXPIRY : 0);
  arena.storeI32(ref, 4, key.length);
  if (has) arena.storeF64(ref, 8, expireAt);
  arena.copyIn(ref, has ? 16 : 8, key, 0, key.length);
  return ref;
}

/** The key of an entry, a char per byte. */
export function keyOf(arena: Arena, ref: number): string {
  const off = refOffset(ref) + entryKeyOff(entryMeta(arena, ref));
  return latin1((arena.u8[ref >>> 27] as Uint8Array).subarray(off, off + entryKeyLen(arena, ref)));
}
