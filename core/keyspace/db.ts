/**
 * Db: one of the numbered databases.
 *
 * Two dicts over the same entries: all keys, and those that have an expiry. The second is what makes
 * the active expiry cycle, the count of volatile keys and the choice of a volatile key cheap; it costs
 * a volatile key 8 bytes. Both hash with the same seed, so a key is hashed once. A heap of the hashes
 * whose fields expire says which is next (field_expiry.ts); it is made when the first one comes.
 */
import type { Arena } from "../memory/arena.ts";
import { Dict } from "../structures/dict.ts";
import { ExpiryHeap, PLACE_IN_BODY } from "../structures/expiry_heap.ts";

export class Db {
  readonly id: number;
  keys: Dict;
  expires: Dict;
  fieldExpires: ExpiryHeap;
  /** Running average of the time to live of volatile keys, in ms, kept by the expiry cycle. */
  avgTtlMs = 0;
  /** Where the expiry cycle goes on in `expires`. */
  expireCursor = 0;

  constructor(arena: Arena, id: number, k0: number, k1: number) {
    this.id = id;
    this.keys = new Dict(arena, k0, k1);
    this.expires = new Dict(arena, k0, k1);
    this.fieldExpires = new ExpiryHeap(arena, PLACE_IN_BODY);
  }
}
