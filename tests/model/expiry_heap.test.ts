/**
 * The heap of expiring entries against a Map of their times: random insertions, changes and removals from the
 * middle and the top, entries that move, allocations that fail; both places where entries note their own.
 */
import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { Prng } from "../../core/base/prng.ts";
import { ARENA_FULL } from "../../core/memory/arena.ts";
import { ENTRY_HAS_EXPIRY } from "../../core/structures/entry.ts";
import { ExpiryHeap, PLACE_IN_BODY, PLACE_IN_SLOT } from "../../core/structures/expiry_heap.ts";
import { oneIn, pick, randomInt, seed } from "../support/gen.ts";
import { FailingArena } from "../unit/structures/entries.ts";

const KEY = new TextEncoder().encode("a key");

class Model {
  readonly arena = new FailingArena();
  readonly prng: Prng;
  readonly heap: ExpiryHeap;
  /** Times by ref, and the refs as a list. */
  readonly times = new Map<number, number>();
  readonly refs: number[] = [];
  private readonly kind: number;

  constructor(n: number, kind: number) {
    this.prng = new Prng(n);
    this.kind = kind;
    this.heap = new ExpiryHeap(this.arena, kind);
    this.heap.create();
  }

  /** An entry with a slot before the key, or with two words behind it. */
  entry(): number {
    const { arena } = this;
    const inSlot = this.kind === PLACE_IN_SLOT;
    const keyOff = inSlot ? 16 : 8;
    const ref = arena.alloc(keyOff + 8 + 8);
    arena.storeI32(ref, 0, inSlot ? ENTRY_HAS_EXPIRY : 0);
    arena.storeI32(ref, 4, KEY.length);
    arena.copyIn(ref, keyOff, KEY, 0, KEY.length);
    return ref;
  }

  time(): number {
    return oneIn(this.prng, 3) ? randomInt(this.prng, 0, 50) : randomInt(this.prng, 0, 2 ** 46);
  }

  insert(): void {
    const { heap, arena } = this;
    const ref = this.entry();
    const at = this.time();
    const before = heap.count;
    if (oneIn(this.prng, 2)) arena.failIn = 0;
    try {
      heap.insert(ref, at);
      arena.failIn = -1;
    } catch (error) {
      assert.equal(error, ARENA_FULL);
      assert.equal(heap.count, before);
      arena.free(ref);
      return;
    }
    this.times.set(ref, at);
    this.refs.push(ref);
  }

  update(): void {
    const ref = pick(this.prng, this.refs);
    const at = this.time();
    this.heap.update(this.heap.placeOf(ref), at);
    this.times.set(ref, at);
  }

  move(): void {
    const { arena, heap } = this;
    const index = this.prng.nextBelow(this.refs.length);
    const ref = this.refs[index];
    const place = heap.placeOf(ref);
    const moved = this.entry();
    arena.copyBlock(moved, 0, ref, 0, arena.usable(ref));
    heap.moved(place, moved);
    arena.free(ref);
    this.times.set(moved, this.times.get(ref)!);
    this.times.delete(ref);
    this.refs[index] = moved;
  }

  remove(ref: number): void {
    this.heap.remove(this.heap.placeOf(ref));
    this.times.delete(ref);
    this.refs.splice(this.refs.indexOf(ref), 1);
    this.arena.free(ref);
  }

  /** Removes the entry whose time is first. */
  pop(): void {
    const ref = this.heap.nextRef();
    assert.equal(this.times.get(ref), this.heap.nextExpiry());
    this.remove(ref);
  }

  change(): void {
    switch (this.prng.nextBelow(4)) {
      case 0:
        return this.update();
      case 1:
        return this.move();
      case 2:
        return this.pop();
      default:
        return this.remove(pick(this.prng, this.refs));
    }
  }

  check(): void {
    const { heap, times } = this;
    heap.validateIntegrity();
    assert.equal(heap.count, times.size);
    assert.equal(heap.nextExpiry(), Math.min(Infinity, ...times.values()));
    const bound = this.time();
    let before = 0;
    for (const [ref, at] of times) {
      assert.equal(heap.expiryAt(heap.placeOf(ref)), at);
      if (at < bound) before++;
    }
    assert.equal(heap.countBefore(bound), before);
  }
}

function run(n: number, kind: number): void {
  const model = new Model(n, kind);
  const { prng, heap, arena } = model;
  for (let phase = 0; phase < 12; phase++) {
    // Phases that grow, also beyond a chunk, and phases that shrink.
    const growth = pick(prng, [2, 5, 8]);
    for (let step = 0; step < 600; step++) {
      if (model.refs.length === 0 || prng.nextBelow(10) < growth) model.insert();
      else model.change();
    }
    model.check();
  }
  assert.ok(arena.failures > 0);
  while (model.refs.length > 0) model.pop();
  heap.free();
  assert.equal(arena.usedBytes, 0);
}

describe("the heap of expiring entries", () => {
  const n = seed();
  test("of entries that note their place before the key", () => run(n, PLACE_IN_SLOT));
  test("of entries that note their place behind the key", () => run(n, PLACE_IN_BODY));
});
