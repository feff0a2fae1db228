/**
 * Adopted listpacks against the long way: whatever is adopted must be, byte for byte, what adding its elements one by
 * one makes, each of them new; and what a value of this server was written as is adopted.
 */
import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { parseDouble } from "../../core/base/numbers.ts";
import { Prng } from "../../core/base/prng.ts";
import { refOffset } from "../../core/memory/arena.ts";
import {
  lpAppend,
  lpBytes,
  lpCreate,
  lpValidateIntegrity,
} from "../../core/structures/listpack.ts";
import { adoptHash, adoptList, adoptSet, adoptZset } from "../../core/types/listpack_adopt.ts";
import {
  bodyWord,
  COLLECTION_BODY_BYTES,
  ENC_LISTPACK,
  makeMeta,
  newEntry,
  NO_EXPIRY,
  objectEncoding,
  TYPE_HASH,
  TYPE_LIST,
  TYPE_SET,
  TYPE_ZSET,
} from "../../core/types/object.ts";
import { ADD_ADDED } from "../../core/types/t_zset.ts";
import { TypeContext } from "../../core/types/type_context.ts";
import { type CollectionType, Values } from "../../core/types/values.ts";
import { PACKED_LISTPACK, PackedReader } from "../../persistence/packed_reader.ts";
import { oneIn, pick, randomInt, randomValue, seed } from "../support/gen.ts";
import { FailingArena } from "../unit/structures/entries.ts";

const ROUNDS = 6000;
const SCORES = ["0", "1", "-1", "1.5", "0.1", "inf", "-inf", "3", "1e+300", "-0", "1.50", "nan"];
const NO_KEY = new Uint8Array(0);

/** One type: how it adopts, and how a value is made of elements. */
interface Kind {
  type: number;
  stride: number;
  of(values: Values): CollectionType;
  adopt: typeof adoptHash;
  /** Adds the elements to an empty value. False if one was there or is wrong. */
  add(values: Values, ref: number, elements: Uint8Array[]): boolean;
}

const KINDS: Record<string, Kind> = {
  list: {
    type: TYPE_LIST,
    of: (values) => values.lists,
    stride: 1,
    adopt: adoptList,
    add: ({ lists }, ref, elements) => {
      for (const bytes of elements) lists.pushOne(ref, false, bytes, 0, bytes.length);
      return true;
    },
  },
  hash: {
    type: TYPE_HASH,
    of: (values) => values.hashes,
    stride: 2,
    adopt: adoptHash,
    add: ({ hashes }, ref, elements) =>
      eachPair(elements, (a, b) => hashes.set(ref, a, 0, a.length, b, 0, b.length)),
  },
  set: {
    type: TYPE_SET,
    of: (values) => values.sets,
    stride: 1,
    adopt: adoptSet,
    add: ({ sets }, ref, elements) => {
      sets.toListpackIfEmpty(ref);
      return elements.every((bytes) => sets.add(ref, bytes, 0, bytes.length));
    },
  },
  zset: {
    type: TYPE_ZSET,
    of: (values) => values.zsets,
    stride: 2,
    adopt: adoptZset,
    add: ({ zsets }, ref, elements) =>
      eachPair(elements, (member, text) => {
        const score = parseDouble(text, 0, text.length);
        if (Number.isNaN(score)) return false;
        return zsets.add(ref, score, member, 0, member.length, 0) === ADD_ADDED;
      }),
  },
};

function eachPair(
  elements: Uint8Array[],
  add: (first: Uint8Array, second: Uint8Array) => boolean,
): boolean {
  for (let i = 0; i + 1 < elements.length; i += 2) {
    if (!add(elements[i], elements[i + 1])) return false;
  }
  return true;
}

class Model {
  readonly arena = new FailingArena();
  readonly values: Values;
  readonly prng: Prng;
  private readonly packed = new PackedReader();

  constructor(n: number) {
    this.prng = new Prng(n);
    this.values = new Values(new TypeContext(this.arena, this.prng, 1, 2));
  }

  empty(kind: Kind): number {
    const { arena, values } = this;
    const bytes = COLLECTION_BODY_BYTES;
    const ref = newEntry(arena, NO_KEY, 0, 0, bytes, makeMeta(kind.type, 0, 0), NO_EXPIRY);
    arena.fill(ref, 8, bytes, 0);
    values.init(ref);
    return ref;
  }

  free(ref: number): void {
    this.values.free(ref);
    this.arena.free(ref);
  }

  length(kind: Kind, ref: number): number {
    return kind.of(this.values).length(ref);
  }

  /** The bytes of a value's listpack. */
  bytesOf(ref: number): Uint8Array {
    const { arena } = this;
    const lp = bodyWord(arena, ref, 0);
    lpValidateIntegrity(arena, lp);
    const off = refOffset(lp);
    return Uint8Array.from(arena.u8[lp >>> 27].subarray(off, off + lpBytes(arena, lp)));
  }

  /** The elements of a listpack, null when it is none. */
  elementsOf(bytes: Uint8Array): Uint8Array[] | null {
    const { packed } = this;
    if (!packed.reset(PACKED_LISTPACK, bytes, 0, bytes.length)) return null;
    const elements: Uint8Array[] = [];
    while (packed.next()) {
      const { buf, off, len } = packed.value;
      elements.push(Uint8Array.from(buf.subarray(off, off + len)));
    }
    return elements;
  }

  /** A listpack of random elements, some of them twice, scores in no order. */
  random(kind: Kind): Uint8Array {
    const { arena, prng } = this;
    let lp = lpCreate(arena);
    const count = randomInt(prng, 0, oneIn(prng, 20) ? 140 : 6) * kind.stride;
    for (let i = 0; i < count; i++) {
      const isScore = kind.type === TYPE_ZSET && i % 2 === 1;
      const bytes = isScore ? new TextEncoder().encode(pick(prng, SCORES)) : randomValue(prng);
      lp = lpAppend(arena, lp, bytes, 0, Math.min(bytes.length, 100));
    }
    const off = refOffset(lp);
    const bytes = Uint8Array.from(arena.u8[lp >>> 27].subarray(off, off + lpBytes(arena, lp)));
    arena.free(lp);
    return bytes;
  }

  /** A listpack as this server keeps it, null if the random elements don't make one. */
  own(kind: Kind): Uint8Array | null {
    const elements = this.elementsOf(this.random(kind))!;
    const ref = this.empty(kind);
    const isMade = elements.length > 0 && kind.add(this.values, ref, elements);
    const isSmall = isMade && this.length(kind, ref) * kind.stride === elements.length &&
      bodyWord(this.arena, ref, 0) !== 0 && this.isListpack(ref);
    const bytes = isSmall ? this.bytesOf(ref) : null;
    this.free(ref);
    return bytes;
  }

  isListpack(ref: number): boolean {
    return objectEncoding(this.arena, ref) === ENC_LISTPACK;
  }

  /** Whether the bytes are adopted; if so they must be what the long way makes. */
  check(kind: Kind, bytes: Uint8Array, why: string): boolean {
    const { arena, prng, values } = this;
    const off = prng.nextBelow(4);
    const framed = new Uint8Array(bytes.length + 8).fill(0xaa);
    framed.set(bytes, off);
    const ref = this.empty(kind);
    const adopted = kind.adopt(values.context, ref, framed, off, bytes.length);
    if (adopted) {
      values.validateIntegrity(ref);
      assert.deepEqual(this.bytesOf(ref), bytes, why);
      const elements = this.elementsOf(bytes);
      assert.ok(elements !== null && elements.length % kind.stride === 0, why);
      const other = this.empty(kind);
      assert.ok(kind.add(values, other, elements), `${why}: an element is wrong`);
      assert.ok(this.isListpack(other), `${why}: it is large`);
      assert.deepEqual(this.bytesOf(other), bytes, `${why}: made otherwise`);
      this.free(other);
    } else assert.equal(this.length(kind, ref), 0, why);
    this.free(ref);
    assert.equal(arena.usedBytes, 0, why);
    return adopted;
  }
}

function mutated(prng: Prng, bytes: Uint8Array): Uint8Array {
  const changed = Uint8Array.from(bytes);
  for (let i = randomInt(prng, 1, 3); i > 0; i--) {
    const at = prng.nextBelow(changed.length);
    changed[at] = oneIn(prng, 2) ? changed[at] ^ 1 << prng.nextBelow(8) : prng.nextBelow(256);
  }
  return changed;
}

describe("adopted listpacks", () => {
  for (const [name, kind] of Object.entries(KINDS)) {
    test(name, () => {
      const n = seed();
      const model = new Model(n);
      let adopted = 0;
      let hostile = 0;
      for (let round = 0; round < ROUNDS; round++) {
        const why = `seed ${n}, round ${round}`;
        model.check(kind, model.random(kind), why);
        const own = model.own(kind);
        if (own === null) continue;
        assert.ok(model.check(kind, own, why), `${why}: not adopted`);
        adopted++;
        if (model.check(kind, mutated(model.prng, own), why)) hostile++;
      }
      assert.ok(adopted > ROUNDS / 4, `seed ${n}: only ${adopted} are this server's own`);
      assert.ok(hostile > 0, `seed ${n}: no changed one is in order`);
    });
  }
});
