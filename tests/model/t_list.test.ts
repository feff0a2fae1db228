/**
 * Lists against an array: random operations under limits so small that lists change their encoding all the
 * time, with compression and without; copies; memory that runs out at any allocation; a poisoned arena, and
 * everything given back in the end.
 */
import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { Prng } from "../../core/base/prng.ts";
import { ARENA_FULL } from "../../core/memory/arena.ts";
import { Reply } from "../../core/protocol/reply.ts";
import { makeMeta, TYPE_LIST } from "../../core/types/object.ts";
import { Lists } from "../../core/types/t_list.ts";
import { TypeContext } from "../../core/types/type_context.ts";
import { oneIn, pick, randomInt, randomValue, seed } from "../support/gen.ts";
import { latin1, toBytes } from "../support/resp_reply.ts";
import { FailingArena } from "../unit/structures/entries.ts";

const ENTRY_BYTES = 24;

/** A list and its oracle. */
class Model {
  readonly arena: FailingArena;
  readonly prng: Prng;
  readonly lists: Lists;
  readonly context: TypeContext;
  readonly baseline: number;
  readonly large: number;
  ref = 0;
  texts: string[] = [];
  conversions = 0;
  private wasSmall = true;

  constructor(n: number, arena: FailingArena, fill: number, depth: number, large: number) {
    this.arena = arena;
    this.prng = new Prng(n);
    this.large = large;
    this.context = new TypeContext(arena, this.prng, 1, 2);
    this.context.limits.listMaxListpackSize = fill;
    this.context.limits.listCompressDepth = depth;
    this.lists = new Lists(this.context);
    this.baseline = arena.usedBytes;
    this.ref = this.fresh();
    this.lists.init(this.ref);
  }

  /** The entry of a list that is not made yet. */
  fresh(): number {
    const ref = this.arena.alloc(ENTRY_BYTES);
    this.arena.fill(ref, 0, ENTRY_BYTES, 0);
    this.arena.storeI32(ref, 0, makeMeta(TYPE_LIST, 0, 0));
    this.arena.storeI32(ref, 4, 3);
    return ref;
  }

  element(): Uint8Array {
    const { prng } = this;
    if (oneIn(prng, 20)) return new Uint8Array(prng.nextBelow(this.large)).fill(120);
    return oneIn(prng, 2) ? toBytes(`item:${prng.nextBelow(20)}`) : randomValue(prng, 80);
  }

  /** The element that was read. */
  read(): string {
    const { buf, off, len } = this.lists.value;
    return latin1((buf as Uint8Array).slice(off, off + len));
  }

  check(): void {
    const { lists, ref, texts } = this;
    lists.validateIntegrity(ref);
    assert.equal(lists.length(ref), texts.length);
    if (lists.isSmall(ref) !== this.wasSmall) this.conversions++;
    this.wasSmall = lists.isSmall(ref);
    if (texts.length === 0) return;
    assert.deepEqual(this.range(0, texts.length), texts);
    const fill = this.context.limits.listMaxListpackSize;
    if (!lists.isSmall(ref)) return;
    if (fill > 0) assert.ok(texts.length <= fill, `${texts.length} elements in a listpack`);
    else assert.ok(texts.reduce((sum, text) => sum + text.length, 0) <= 4096);
  }

  /** Elements by `addRange`. */
  range(start: number, count: number): string[] {
    const reply = new Reply();
    this.lists.addRange(reply, this.ref, start, count);
    return bulksOf(reply);
  }

  dispose(): void {
    const { lists, arena } = this;
    let steps = 0;
    while (lists.freeSome(this.ref, 1)) steps++;
    assert.ok(steps <= this.texts.length);
    arena.free(this.ref);
    assert.equal(arena.usedBytes, this.baseline, "everything is given back");
    arena.validateIntegrity();
  }
}

/** The bulk strings of a reply. */
function bulksOf(reply: Reply): string[] {
  let text = "";
  for (let chunk = reply.takeChunk(); chunk !== null; chunk = reply.takeChunk()) {
    text += latin1(chunk.buf.slice(0, chunk.len));
  }
  const found: string[] = [];
  for (let at = 0; at < text.length;) {
    const end = text.indexOf("\r\n", at);
    const len = Number(text.slice(at + 1, end));
    assert.equal(text[at], "$");
    found.push(text.slice(end + 2, end + 2 + len));
    assert.equal(text.slice(end + 2 + len, end + 4 + len), "\r\n");
    at = end + 4 + len;
  }
  return found;
}

/** Adds one or several elements at an end. Throws ArenaFull, having added some of them or none. */
function add(model: Model): void {
  const { lists, ref, prng, texts } = model;
  const atHead = oneIn(prng, 2);
  const elements: Uint8Array[] = [];
  for (let i = oneIn(prng, 4) ? randomInt(prng, 2, 8) : 1; i > 0; i--) {
    elements.push(model.element());
  }
  lists.reserve(ref, elements.reduce((sum, e) => sum + e.length, 0), elements.length);
  for (const element of elements) {
    lists.push(ref, atHead, element, 0, element.length);
    if (atHead) texts.unshift(latin1(element));
    else texts.push(latin1(element));
  }
  if (elements.length > 1) lists.fit(ref);
}

function removeAtEnd(model: Model): void {
  const { lists, ref, prng, texts } = model;
  const atHead = oneIn(prng, 2);
  if (texts.length === 0) return;
  lists.peek(ref, atHead);
  assert.equal(model.read(), texts[atHead ? 0 : texts.length - 1]);
  lists.drop(ref, atHead);
  if (atHead) texts.shift();
  else texts.pop();
  lists.shrink(ref);
}

function removeRange(model: Model): void {
  const { lists, ref, prng, texts } = model;
  if (texts.length === 0) return;
  const start = prng.nextBelow(texts.length);
  const count = prng.nextBelow(Math.min(texts.length - start, 12) + 1);
  lists.removeRange(ref, start, count);
  texts.splice(start, count);
  lists.shrink(ref);
}

function rotate(model: Model): void {
  const { lists, ref, prng, texts } = model;
  if (texts.length === 0) return;
  const fromHead = oneIn(prng, 2);
  const toHead = oneIn(prng, 2);
  model.arena.failIn = -1; // It relies on memory being there.
  lists.peek(ref, fromHead);
  lists.rotate(ref, fromHead, toHead);
  const text = fromHead ? texts.shift()! : texts.pop()!;
  assert.equal(model.read(), text);
  if (toHead) texts.unshift(text);
  else texts.push(text);
}

function insert(model: Model): void {
  const { lists, ref, prng, texts } = model;
  const element = model.element();
  const pivot = texts.length > 0 && !oneIn(prng, 5) ? pick(prng, texts) : "nowhere";
  const after = oneIn(prng, 2);
  const buf = toBytes(pivot + latin1(element));
  lists.reserve(ref, element.length, 1);
  if (texts.length === 0) return;
  const done = lists.insert(ref, after, buf, 0, pivot.length, pivot.length, element.length);
  const at = texts.indexOf(pivot);
  assert.equal(done, at >= 0);
  if (done) texts.splice(after ? at + 1 : at, 0, latin1(element));
}

function replace(model: Model): void {
  const { lists, ref, prng, texts } = model;
  const element = model.element();
  const index = randomInt(prng, -texts.length - 1, texts.length);
  lists.reserve(ref, element.length, 1);
  if (texts.length === 0) return;
  const done = lists.set(ref, index, element, 0, element.length);
  const at = index < 0 ? index + texts.length : index;
  assert.equal(done, at >= 0 && at < texts.length);
  if (done) texts[at] = latin1(element);
  lists.shrink(ref);
}

function removeEqual(model: Model): void {
  const { lists, ref, prng } = model;
  if (model.texts.length === 0) return;
  const text = oneIn(prng, 6) ? "nowhere" : pick(prng, model.texts);
  const max = oneIn(prng, 2) ? Infinity : randomInt(prng, 1, 3);
  const fromHead = oneIn(prng, 2);
  const buf = toBytes(text);
  // What it needs it asks for first; behind that it relies on it.
  if (model.arena.failIn > 0) model.arena.failIn = -1;
  const removed = lists.remove(ref, fromHead, max, buf, 0, buf.length);
  let left = max;
  const keep = (t: string) => t !== text || left-- <= 0;
  const before = model.texts.length;
  model.texts = fromHead ? model.texts.filter(keep) : model.texts.reverse().filter(keep).reverse();
  assert.equal(removed, before - model.texts.length);
  lists.shrink(ref);
}

/** Looks that change nothing. */
function look(model: Model): void {
  const { lists, ref, prng, texts } = model;
  if (texts.length === 0) return;
  const index = randomInt(prng, -texts.length - 2, texts.length + 1);
  const text = texts[index < 0 ? index + texts.length : index];
  assert.equal(lists.get(ref, index), text !== undefined);
  if (text !== undefined) assert.equal(model.read(), text);
  const start = prng.nextBelow(texts.length);
  const count = randomInt(prng, 1, texts.length - start);
  assert.deepEqual(model.range(start, count), texts.slice(start, start + count));
  const reply = new Reply();
  lists.addFromTail(reply, ref, count);
  assert.deepEqual(bulksOf(reply), texts.slice(texts.length - count).reverse());
  lists.begin(ref);
  for (const text of texts) {
    assert.ok(lists.next());
    assert.equal(model.read(), text);
  }
  assert.ok(!lists.next() && !lists.next());
  const sought = pick(prng, texts);
  const fromHead = oneIn(prng, 2);
  const limit = oneIn(prng, 2) ? Infinity : randomInt(prng, 1, texts.length + 1);
  lists.beginSearch(ref, fromHead, limit);
  const seen = fromHead ? texts : [...texts].reverse();
  const bytes = toBytes(sought);
  for (let i = 0; i < seen.length && i < limit; i++) {
    if (seen[i] === sought) assert.equal(lists.nextFound(bytes, 0, bytes.length), i);
  }
  assert.equal(lists.nextFound(bytes, 0, bytes.length), -1);
  assert.equal(lists.nextFound(bytes, 0, bytes.length), -1);
}

/** Goes on with a copy. Throws ArenaFull. */
function copy(model: Model): void {
  const { lists, arena } = model;
  const to = model.fresh();
  try {
    lists.copy(model.ref, to);
  } catch (error) {
    arena.free(to);
    throw error;
  }
  assert.ok(lists.bytes(to, 0) <= lists.bytes(model.ref, 0) * 2 + 64);
  lists.free(model.ref);
  arena.free(model.ref);
  model.ref = to;
}

const CHANGES = [removeAtEnd, removeRange, rotate, insert, replace, removeEqual, look];

/** One operation; more elements are added than removed while `growing`. Throws ArenaFull. */
function step(model: Model, growing: boolean): void {
  const { prng, lists } = model;
  if (prng.nextBelow(100) < (growing ? 60 : 10)) add(model);
  else if (oneIn(prng, 40)) copy(model);
  else if (!growing && oneIn(prng, 2)) removeRange(model);
  else pick(prng, CHANGES)(model);
  if (model.texts.length > 0) return;
  // Keys of empty lists are deleted.
  lists.free(model.ref);
  model.arena.fill(model.ref, 8, ENTRY_BYTES - 8, 0);
  lists.init(model.ref);
}

const SETTINGS = [[4, 0], [16, 1], [1, 0], [-1, 0], [-1, 1], [128, 2]] as const;

describe("lists", () => {
  const n = seed();
  for (const [fill, depth] of SETTINGS) {
    test(`do what an array does: list-max-listpack-size ${fill}, compress depth ${depth}`, () => {
      const model = new Model(n, new FailingArena({ segmentBytes: 16 << 20 }), fill, depth, 9000);
      try {
        for (let i = 0; i < 4000; i++) {
          step(model, Math.floor(i / 150) % 2 === 0 && model.texts.length < 400);
          model.check();
        }
        assert.ok(model.conversions > 3, `${model.conversions} conversions`);
        model.dispose();
      } catch (error) {
        throw new Error(`seed ${n}`, { cause: error });
      }
    });
  }

  test("are as they were when memory runs out", () => {
    for (const [fill, depth] of SETTINGS) {
      const arena = new FailingArena({ segmentBytes: 16 << 20 });
      const model = new Model(n, arena, fill, depth, 9000);
      let refused = 0;
      try {
        for (let i = 0; i < 3000; i++) {
          arena.failIn = oneIn(model.prng, 2) ? randomInt(model.prng, 0, 4) : -1;
          try {
            step(model, Math.floor(i / 150) % 2 === 0 && model.texts.length < 200);
          } catch (error) {
            if (error !== ARENA_FULL) throw error;
            refused++;
          }
          arena.failIn = -1;
          model.check();
        }
        assert.ok(refused > 40, `${refused}`);
        model.dispose();
      } catch (error) {
        throw new Error(`seed ${n}, ${fill} ${depth}`, { cause: error });
      }
    }
  });

  test("that go up and down around the limit keep their encoding", () => {
    const model = new Model(n, new FailingArena(), 10, 0, 100);
    const { lists, ref } = model;
    const x = toBytes("x");
    for (let i = 0; i < 11; i++) {
      lists.reserve(ref, 1, 1);
      lists.push(ref, false, x, 0, 1);
      model.texts.push("x");
      assert.equal(lists.isSmall(ref), i < 10);
    }
    for (let count = 11; count > 6; count--) {
      lists.drop(ref, false);
      lists.shrink(ref);
      model.texts.pop();
      assert.ok(!lists.isSmall(ref));
    }
    lists.drop(ref, false);
    lists.shrink(ref);
    model.texts.pop();
    assert.ok(lists.isSmall(ref));
    model.check();
    model.dispose();
  });
});
