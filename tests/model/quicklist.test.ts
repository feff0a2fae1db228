/**
 * The quicklist against an array: random operations under every kind of fill and several depths of
 * compression, with elements of every size; memory that runs out at any allocation; a poisoned arena, and
 * everything given back in the end.
 */
import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { Prng } from "../../core/base/prng.ts";
import { ARENA_FULL } from "../../core/memory/arena.ts";
import {
  LP_HEADER_BYTES,
  lpAppend,
  lpCreate,
  lpFirst,
  lpGet,
  lpNext,
  lpValidateIntegrity,
} from "../../core/structures/listpack.ts";
import { ListpackValue } from "../../core/structures/listpack_entry.ts";
import {
  qlAppendListpack,
  qlCount,
  qlCreate,
  qlDelete,
  qlDeleteRange,
  qlDrop,
  qlDup,
  qlFree,
  qlFreeSome,
  qlGet,
  qlHead,
  qlInsertAfter,
  qlInsertBefore,
  qlNext,
  qlNodes,
  qlPeek,
  qlPrev,
  qlPush,
  qlRelease,
  qlReplace,
  qlSeek,
  qlTail,
  qlTakeListpack,
  qlValidateIntegrity,
  QuicklistCursor,
} from "../../core/structures/quicklist.ts";
import {
  isOpen,
  isPlain,
  nodeBytes,
  nodeCount,
  nodeNext,
  nodePrev,
} from "../../core/structures/quicklist_node.ts";
import { oneIn, pick, randomInt, randomValue, seeded } from "../support/gen.ts";
import { latin1, toBytes } from "../support/resp_reply.ts";
import { FailingArena } from "../unit/structures/entries.ts";

/** An element that may be compressible, an integer, or large. */
function randomElement(prng: Prng, large: number): Uint8Array {
  switch (prng.nextBelow(12)) {
    case 0:
      return new Uint8Array(prng.nextBelow(large)).fill(97 + prng.nextBelow(3));
    case 1:
      return toBytes("compressible ".repeat(prng.nextBelow(30)));
    case 2:
    case 3:
      return toBytes(`item:${prng.nextBelow(50)}`);
    default:
      return randomValue(prng, 100);
  }
}

/** A quicklist and its oracle. */
class Model {
  readonly arena: FailingArena;
  readonly prng: Prng;
  readonly large: number;
  readonly fill: number;
  readonly depth: number;
  readonly cursor = new QuicklistCursor();
  readonly value = new ListpackValue();
  root: number;
  texts: string[] = [];
  /** Nodes that were seen to be compressed. */
  compressed = 0;

  constructor(n: number, arena: FailingArena, fill: number, depth: number, large: number) {
    this.arena = arena;
    this.prng = new Prng(n);
    this.fill = fill;
    this.depth = depth;
    this.large = large;
    this.root = qlCreate(arena, fill, depth);
  }

  /** The element the cursor stands on. */
  here(): string {
    const { value, cursor } = this;
    qlGet(cursor, value);
    return this.read();
  }

  /** The element that was read. */
  read(): string {
    const { value } = this;
    value.toText();
    return latin1((value.buf as Uint8Array).slice(value.off, value.off + value.len));
  }

  /** Compares everything. `settled`: memory never ran out, so what should be compressed is. */
  check(settled: boolean): void {
    const { arena, root, cursor, texts } = this;
    qlValidateIntegrity(arena, root);
    assert.equal(qlCount(arena, root), texts.length);
    assert.equal(arena.liveBlocks, 1 + 2 * qlNodes(arena, root));
    let at = 0;
    for (let ok = qlSeek(arena, root, cursor, 0); ok; ok = qlNext(arena, cursor)) {
      assert.equal(this.here(), texts[at++]);
    }
    assert.equal(at, texts.length);
    for (let ok = qlSeek(arena, root, cursor, -1); ok; ok = qlPrev(arena, cursor)) {
      assert.equal(this.here(), texts[--at]);
    }
    assert.equal(at, 0);
    this.checkEnds(settled);
  }

  private checkEnds(settled: boolean): void {
    const { arena, root } = this;
    let front = qlHead(arena, root);
    let back = qlTail(arena, root);
    for (let i = 0; i < this.depth && front !== 0; i++) {
      if (settled) assert.ok(isOpen(arena, front) && isOpen(arena, back), "the ends are open");
      front = nodeNext(arena, front);
      back = nodePrev(arena, back);
    }
    for (let node = qlHead(arena, root); node !== 0; node = nodeNext(arena, node)) {
      if (isOpen(arena, node)) continue;
      assert.ok(this.depth > 0);
      this.compressed++;
    }
  }
}

/** Changes at an end. Throws ArenaFull. */
function changeEnd(model: Model, grow: boolean): void {
  const { arena, prng, root, texts } = model;
  const atHead = oneIn(prng, 2);
  if (grow) {
    const bytes = randomElement(prng, model.large);
    qlPush(arena, root, atHead, bytes, 0, bytes.length);
    if (atHead) texts.unshift(latin1(bytes));
    else texts.push(latin1(bytes));
    return;
  }
  const there = qlPeek(arena, root, atHead, model.cursor, model.value);
  assert.equal(there, texts.length > 0);
  if (!there) return;
  assert.equal(model.read(), atHead ? texts[0] : texts[texts.length - 1]);
  qlDrop(arena, root, atHead);
  if (atHead) texts.shift();
  else texts.pop();
}

/** Changes one element in the middle. Throws ArenaFull. */
function changeAt(model: Model, grow: boolean): void {
  const { arena, prng, root, texts, cursor } = model;
  const at = prng.nextBelow(texts.length + 1);
  const there = qlSeek(arena, root, cursor, oneIn(prng, 2) ? at : at - texts.length);
  // From the end, the index after the last is 0: the first.
  if (!there || at === texts.length) return;
  assert.equal(model.here(), texts[at]);
  const bytes = randomElement(prng, model.large);
  if (!grow && oneIn(prng, 2)) {
    const forward = oneIn(prng, 2);
    const more = qlDelete(arena, cursor, forward);
    texts.splice(at, 1);
    const next = forward ? at : at - 1;
    assert.equal(more, next >= 0 && next < texts.length);
    if (more) assert.equal(model.here(), texts[next]);
    qlRelease(arena, cursor);
  } else if (!grow) {
    qlReplace(arena, cursor, bytes, 0, bytes.length);
    texts[at] = latin1(bytes);
  } else if (oneIn(prng, 2)) {
    qlInsertBefore(arena, cursor, bytes, 0, bytes.length);
    texts.splice(at, 0, latin1(bytes));
  } else {
    qlInsertAfter(arena, cursor, bytes, 0, bytes.length);
    texts.splice(at + 1, 0, latin1(bytes));
  }
}

/** Removes every occurrence of a text, as LREM does. Throws ArenaFull half-way, with the oracle up to date. */
function removeAll(model: Model): void {
  const { arena, prng, root, texts, cursor } = model;
  if (texts.length === 0) return;
  const text = oneIn(prng, 2) ? pick(prng, texts) : `item:${prng.nextBelow(50)}`;
  const forward = oneIn(prng, 2);
  let left = randomInt(prng, 1, 20);
  let at = forward ? 0 : texts.length - 1;
  let ok = qlSeek(arena, root, cursor, forward ? 0 : -1);
  try {
    while (ok && left > 0) {
      if (model.here() === text) {
        assert.equal(texts[at], text);
        ok = qlDelete(arena, cursor, forward);
        texts.splice(at, 1);
        if (!forward) at--;
        left--;
      } else {
        assert.notEqual(texts[at], text);
        ok = forward ? qlNext(arena, cursor) : qlPrev(arena, cursor);
        at += forward ? 1 : -1;
      }
    }
  } finally {
    qlRelease(arena, cursor);
  }
}

function removeRange(model: Model): void {
  const { arena, prng, root, texts } = model;
  const start = randomInt(prng, -1, texts.length + 1);
  const count = oneIn(prng, 5) ? prng.nextBelow(texts.length + 2) : prng.nextBelow(8);
  const want = start < 0 ? 0 : Math.max(0, Math.min(count, texts.length - start));
  assert.equal(qlDeleteRange(arena, root, start, count), want);
  if (want > 0) texts.splice(start, want);
}

/** What is done to the whole. Throws ArenaFull. */
function reshape(model: Model): void {
  const { arena, prng, root } = model;
  const kind = prng.nextBelow(3);
  if (kind === 0) {
    const copy = qlDup(arena, root);
    model.root = oneIn(prng, 2) ? copy : root;
    const other = model.root === copy ? root : copy;
    if (oneIn(prng, 2)) qlFree(arena, other);
    else while (!qlFreeSome(arena, other, 1 + prng.nextBelow(3)));
  } else if (kind === 1) {
    appendListpack(model);
  } else if (qlNodes(arena, root) === 1 && !isPlain(arena, qlHead(arena, root))) {
    throughListpack(model);
  }
}

function appendListpack(model: Model): void {
  const { arena, prng, root } = model;
  let ref = lpCreate(arena);
  const added: string[] = [];
  try {
    for (let i = randomInt(prng, 1, 5); i > 0; i--) {
      const bytes = randomElement(prng, 100);
      ref = lpAppend(arena, ref, bytes, 0, bytes.length);
      added.push(latin1(bytes));
    }
    qlAppendListpack(arena, root, ref, LP_HEADER_BYTES);
    model.texts.push(...added);
  } catch (error) {
    arena.free(ref);
    throw error;
  }
}

/** Makes the list a listpack and a list again. */
function throughListpack(model: Model): void {
  const { arena, texts, value } = model;
  const fresh = qlCreate(arena, model.fill, model.depth);
  let ref: number;
  try {
    ref = qlTakeListpack(arena, model.root);
  } catch (error) {
    qlFree(arena, fresh);
    throw error;
  }
  arena.failIn = -1;
  model.root = fresh;
  lpValidateIntegrity(arena, ref);
  let at = 0;
  for (let off = lpFirst(arena, ref); off !== 0; off = lpNext(arena, ref, off)) {
    lpGet(arena, ref, off, value);
    value.toText();
    const text = latin1((value.buf as Uint8Array).slice(value.off, value.off + value.len));
    assert.equal(text, texts[at++]);
  }
  assert.equal(at, texts.length);
  qlAppendListpack(arena, fresh, ref, LP_HEADER_BYTES);
}

/** One operation. Throws ArenaFull. */
function step(model: Model, grow: number): void {
  const { prng } = model;
  const grows = prng.nextBelow(100) < grow;
  const kind = prng.nextBelow(100);
  if (kind < 3) reshape(model);
  else if (kind < 6) removeAll(model);
  else if (kind < 10 && !grows) removeRange(model);
  else if (kind < 55) changeEnd(model, grows);
  else changeAt(model, grows);
}

function run(model: Model, steps: number): void {
  for (let i = 0; i < steps; i++) {
    step(model, model.texts.length > 300 ? 20 : [75, 30][Math.floor(i / 400) % 2]);
    if (i % 10 === 0) model.check(true);
  }
}

function dispose(model: Model): void {
  model.arena.validateIntegrity();
  qlFree(model.arena, model.root);
  assert.equal(model.arena.usedBytes, 0, "everything is given back");
  assert.equal(model.arena.liveBlocks, 0);
}

describe("quicklist against an array", () => {
  test("nodes of so many elements", () => {
    seeded((n) => {
      for (const fill of [0, 1, 2, 3, 7, 100]) {
        const model = new Model(n, new FailingArena({ segmentBytes: 4 << 20 }), fill, 0, 10_000);
        run(model, 1000);
        dispose(model);
      }
    });
  });

  test("nodes of so many bytes", () => {
    seeded((n) => {
      for (const fill of [-1, -2, -5]) {
        const model = new Model(n, new FailingArena({ segmentBytes: 16 << 20 }), fill, 0, 10_000);
        run(model, 1000);
        dispose(model);
      }
    });
  });

  test("compressed between the ends", () => {
    seeded((n) => {
      for (const [fill, depth] of [[1, 1], [4, 1], [5, 2], [2, 5], [-1, 1]]) {
        const model = new Model(n, new FailingArena({ segmentBytes: 4 << 20 }), fill, depth, 6000);
        run(model, 1000);
        assert.ok(model.compressed > 0, `${fill} ${depth}`);
        dispose(model);
      }
    });
  });

  test("nodes stay as full as they should through insertions anywhere", () => {
    seeded((n) => {
      const model = new Model(n, new FailingArena({ segmentBytes: 4 << 20 }), -1, 0, 200);
      const { arena, prng, cursor, texts } = model;
      for (let i = 0; i < 2000; i++) {
        const bytes = randomElement(prng, 200);
        const at = prng.nextBelow(texts.length + 1);
        if (qlSeek(arena, model.root, cursor, at)) {
          qlInsertBefore(arena, cursor, bytes, 0, bytes.length);
        } else qlPush(arena, model.root, false, bytes, 0, bytes.length);
        texts.splice(at, 0, latin1(bytes));
      }
      model.check(true);
      let nodes = 0;
      for (let node = qlHead(arena, model.root); node !== 0; node = nodeNext(arena, node)) {
        // A part that was split off takes the new element whatever its size, as in Redis.
        assert.ok(nodeBytes(arena, node) <= 4096 + 210);
        nodes++;
      }
      const bytes = texts.reduce((sum, text) => sum + text.length + 2, 0);
      assert.ok(nodes <= bytes / 1500, `${nodes} nodes for ${bytes} bytes`);
      dispose(model);
    });
  });
});

describe("quicklist when memory runs out", () => {
  test("at any allocation: nothing has changed", () => {
    seeded((n) => {
      for (const [fill, depth] of [[4, 0], [3, 1], [-1, 0], [-1, 1]]) {
        const model = new Model(n, new FailingArena({ segmentBytes: 4 << 20 }), fill, depth, 6000);
        const { arena, prng } = model;
        let refused = 0;
        for (let i = 0; i < 2500; i++) {
          arena.failIn = oneIn(prng, 2) ? randomInt(prng, 0, 4) : -1;
          try {
            step(model, model.texts.length > 200 ? 20 : [80, 30][Math.floor(i / 400) % 2]);
          } catch (error) {
            if (error !== ARENA_FULL) throw error;
            refused++;
          }
          arena.failIn = -1;
          if (i % 8 === 0) model.check(false);
        }
        assert.ok(refused > 40, `${refused}`);
        dispose(model);
      }
    });
  });

  test("in an arena of one small segment, filled to the brim", () => {
    seeded((n) => {
      const arena = new FailingArena({ segmentBytes: 1 << 19, segmentsMax: 1 });
      const model = new Model(n, arena, -1, 1, 5000);
      for (let round = 0; round < 5; round++) {
        let refused = 0;
        while (refused < 30) {
          try {
            if (oneIn(model.prng, 3)) changeAt(model, true);
            else changeEnd(model, true);
          } catch (error) {
            if (error !== ARENA_FULL) throw error;
            refused++;
          }
        }
        model.check(false);
        const keep = model.prng.nextBelow(100);
        while (model.texts.length > keep) {
          try {
            changeEnd(model, false);
          } catch (error) {
            if (error !== ARENA_FULL) throw error;
            // There is no room to open the node; it can always go as a whole.
            const count = nodeCount(arena, qlHead(arena, model.root));
            qlDeleteRange(arena, model.root, 0, count);
            model.texts.splice(0, count);
          }
        }
        model.check(false);
      }
      dispose(model);
    });
  });
});
