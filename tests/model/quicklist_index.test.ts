/**
 * The index of a long quicklist's nodes: whatever happens between two searches, they find what an array has, with the
 * index, without it, and while another list is searched too.
 */
import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { Prng } from "../../core/base/prng.ts";
import { Arena } from "../../core/memory/arena.ts";
import { ListpackValue } from "../../core/structures/listpack_entry.ts";
import {
  qlCreate,
  qlDelete,
  qlDeleteRange,
  qlDrop,
  qlFree,
  qlGet,
  qlInsertAfter,
  qlInsertBefore,
  qlPush,
  qlRelease,
  qlReplace,
  qlSeek,
  qlValidateIntegrity,
  QuicklistCursor,
} from "../../core/structures/quicklist.ts";
import { isIndexed } from "../../core/structures/quicklist_index.ts";
import { oneIn, seed } from "../support/gen.ts";
import { latin1, toBytes } from "../support/resp_reply.ts";

const cursor = new QuicklistCursor();
const value = new ListpackValue();

class Model {
  readonly arena: Arena;
  readonly prng: Prng;
  readonly root: number;
  readonly texts: string[] = [];

  constructor(arena: Arena, prng: Prng) {
    this.arena = arena;
    this.prng = prng;
    this.root = qlCreate(arena, 1 + prng.nextBelow(3), prng.nextBelow(3));
    for (let i = 0; i < 400; i++) this.push(false);
  }

  /** Looks for elements all over the list. */
  search(times: number): void {
    const { arena, prng, root, texts } = this;
    for (let i = 0; i < times; i++) {
      const index = prng.nextBelow(texts.length);
      assert.ok(qlSeek(arena, root, cursor, oneIn(prng, 2) ? index : index - texts.length));
      qlGet(cursor, value);
      value.toText();
      const { buf, off, len } = value;
      assert.equal(latin1((buf as Uint8Array).slice(off, off + len)), texts[index]);
    }
    qlValidateIntegrity(arena, root);
  }

  change(): void {
    const { arena, prng, root, texts } = this;
    const index = prng.nextBelow(texts.length);
    const bytes = this.element();
    switch (prng.nextBelow(7)) {
      case 0:
        return this.push(oneIn(prng, 2));
      case 1: {
        const atHead = oneIn(prng, 2);
        qlDrop(arena, root, atHead);
        if (atHead) texts.shift();
        else texts.pop();
        return;
      }
      case 2: {
        const count = prng.nextBelow(8);
        texts.splice(index, qlDeleteRange(arena, root, index, count));
        return;
      }
    }
    qlSeek(arena, root, cursor, index);
    if (oneIn(prng, 4)) {
      qlDelete(arena, cursor, true);
      texts.splice(index, 1);
      qlRelease(arena, cursor);
    } else if (oneIn(prng, 3)) {
      qlReplace(arena, cursor, bytes, 0, bytes.length);
      texts[index] = latin1(bytes);
    } else if (oneIn(prng, 2)) {
      qlInsertBefore(arena, cursor, bytes, 0, bytes.length);
      texts.splice(index, 0, latin1(bytes));
    } else {
      qlInsertAfter(arena, cursor, bytes, 0, bytes.length);
      texts.splice(index + 1, 0, latin1(bytes));
    }
  }

  private push(atHead: boolean): void {
    const bytes = this.element();
    qlPush(this.arena, this.root, atHead, bytes, 0, bytes.length);
    if (atHead) this.texts.unshift(latin1(bytes));
    else this.texts.push(latin1(bytes));
  }

  private element(): Uint8Array {
    const len = oneIn(this.prng, 40) ? 9000 : 20;
    return toBytes(`element:${this.prng.nextU32()}`.padEnd(len, "x"));
  }
}

describe("an index of nodes", () => {
  const first = seed();
  for (let n = first; n < first + 6; n++) {
    test(`finds what an array has (seed ${n})`, () => {
      const prng = new Prng(n);
      const arena = new Arena({ poison: true, segmentBytes: 1 << 24 });
      const one = new Model(arena, prng);
      const two = new Model(arena, prng);
      let indexed = 0;
      for (let i = 0; i < 300; i++) {
        const model = oneIn(prng, 4) ? two : one;
        if (model.texts.length < 300) break;
        for (let c = prng.nextBelow(3); c > 0; c--) model.change();
        model.search(prng.nextBelow(60));
        if (isIndexed(arena, model.root)) indexed++;
      }
      assert.ok(indexed > 0, `seed ${n}: there was an index`);
      qlFree(arena, one.root);
      qlFree(arena, two.root);
      assert.equal(arena.liveBlocks, 0, `seed ${n}`);
    });
  }

  test("is not that of a list of another arena", () => {
    const prng = new Prng(5);
    const one = new Model(new Arena(), prng);
    const two = new Model(new Arena(), prng);
    assert.equal(one.root, two.root);
    one.search(100);
    assert.ok(isIndexed(one.arena, one.root));
    two.search(5);
    assert.ok(!isIndexed(one.arena, one.root));
    one.search(5);
  });
});
