/**
 * TypeContext: what the types share. One per keyspace.
 */
import type { Prng } from "../base/prng.ts";
import type { Arena } from "../memory/arena.ts";
import { HashHint } from "../structures/hash_hint.ts";
import { TypeLimits } from "./limits.ts";

export class TypeContext {
  readonly arena: Arena;
  readonly prng: Prng;
  readonly limits = new TypeLimits();
  /** Seeds of the hash of keys, fields and members. */
  readonly k0: number;
  readonly k1: number;
  /** The hash of the member or field that is most likely looked for next. */
  readonly hint: HashHint;
  /** Unix time in ms: fields that were due before it have expired. */
  expiryMs = 0;

  constructor(arena: Arena, prng: Prng, k0: number, k1: number) {
    this.arena = arena;
    this.prng = prng;
    this.k0 = k0;
    this.k1 = k1;
    this.hint = new HashHint(k0, k1);
  }
}
