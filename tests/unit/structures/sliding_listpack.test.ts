import { test } from "node:test";
import assert from "node:assert/strict";
import { Prng } from "../../../core/base/prng.ts";
import { ARENA_FULL } from "../../../core/memory/arena.ts";
import {
  LP_HEADER_BYTES,
  lpBytes,
  lpCount,
  lpCreate,
  lpGet,
  lpValidateIntegrity,
} from "../../../core/structures/listpack.ts";
import { ListpackValue } from "../../../core/structures/listpack_entry.ts";
import {
  slCut,
  slDup,
  slEnd,
  slid,
  slNormalize,
  slPush,
  slValidateIntegrity,
} from "../../../core/structures/sliding_listpack.ts";
import { oneIn, randomInt, randomValue, seed } from "../../support/gen.ts";
import { latin1 } from "../../support/resp_reply.ts";
import { FailingArena } from "./entries.ts";

/** A sliding listpack and the texts it should hold. */
class Model {
  readonly arena: FailingArena;
  readonly texts: string[] = [];
  ref: number;
  start: number = LP_HEADER_BYTES;
  private readonly value = new ListpackValue();

  constructor(arena: FailingArena) {
    this.arena = arena;
    this.ref = lpCreate(arena);
  }

  push(atHead: boolean, bytes: Uint8Array): void {
    slPush(this.arena, this.ref, this.start, atHead, bytes, 0, bytes.length);
    this.keep();
    if (atHead) this.texts.unshift(latin1(bytes));
    else this.texts.push(latin1(bytes));
  }

  cut(atHead: boolean, count: number): void {
    slCut(this.arena, this.ref, this.start, atHead, count);
    this.keep();
    this.texts.splice(atHead ? 0 : this.texts.length - count, count);
  }

  end(atHead: boolean): string {
    const { arena, ref, value } = this;
    lpGet(arena, ref, slEnd(arena, ref, this.start, atHead), value);
    value.toText();
    return latin1((value.buf as Uint8Array).slice(value.off, value.off + value.len));
  }

  check(): void {
    const { arena, ref, texts } = this;
    slValidateIntegrity(arena, ref, this.start);
    assert.equal(lpCount(arena, ref), texts.length);
    assert.equal(arena.liveBlocks, 1);
    if (texts.length === 0) return;
    assert.equal(this.end(true), texts[0]);
    assert.equal(this.end(false), texts[texts.length - 1]);
  }

  private keep(): void {
    this.ref = slid.ref;
    this.start = slid.start;
  }
}

test("both ends grow and shrink, and memory may run out", () => {
  const n = seed();
  const prng = new Prng(n);
  const arena = new FailingArena();
  const model = new Model(arena);
  let refused = 0;
  for (let i = 0; i < 6000; i++) {
    const growing = Math.floor(i / 300) % 2 === 0;
    arena.failIn = oneIn(prng, 4) ? 0 : -1;
    try {
      if (prng.nextBelow(10) < (growing ? 7 : 3)) model.push(oneIn(prng, 2), randomValue(prng, 90));
      else if (model.texts.length > 0) {
        model.cut(oneIn(prng, 2), randomInt(prng, 1, Math.min(4, model.texts.length)));
      }
    } catch (error) {
      if (error !== ARENA_FULL) throw error;
      refused++;
    }
    arena.failIn = -1;
    if (i % 5 === 0) model.check();
    if (oneIn(prng, 100)) {
      slNormalize(arena, model.ref, model.start);
      model.start = LP_HEADER_BYTES;
      lpValidateIntegrity(arena, model.ref);
    }
  }
  assert.ok(refused > 5, `${refused}, seed ${n}`);
  model.check();
  const copy = slDup(arena, model.ref, model.start);
  lpValidateIntegrity(arena, copy);
  assert.equal(lpCount(arena, copy), model.texts.length);
  arena.free(copy);
  arena.free(model.ref);
  assert.equal(arena.liveBlocks, 0);
});

test("a queue of steady length takes no more than an eighth above what it needs", () => {
  const arena = new FailingArena();
  const model = new Model(arena);
  const element = new Uint8Array(20).fill(120);
  for (let i = 0; i < 100; i++) model.push(true, element);
  for (let i = 0; i < 2000; i++) {
    model.push(true, element);
    model.cut(false, 1);
    const need = lpBytes(arena, model.ref);
    assert.ok(arena.usable(model.ref) <= need * 1.25, `${arena.usable(model.ref)} for ${need}`);
  }
  arena.free(model.ref);
});
