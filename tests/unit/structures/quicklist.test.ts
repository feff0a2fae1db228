import { test } from "node:test";
import assert from "node:assert/strict";
import { Arena, ARENA_FULL } from "../../../core/memory/arena.ts";
import {
  LP_HEADER_BYTES,
  lpAppend,
  lpBytes,
  lpCount,
  lpCreate,
  lpSeek,
  lpValidate,
} from "../../../core/structures/listpack.ts";
import { ListpackValue } from "../../../core/structures/listpack_entry.ts";
import {
  qlAppendListpack,
  qlCount,
  qlCountLimit,
  qlCreate,
  qlDelete,
  qlDeleteRange,
  qlDepth,
  qlDrop,
  qlDup,
  qlExceedsLimit,
  qlFill,
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
  qlSetPackedThreshold,
  qlSizeLimit,
  qlTail,
  qlTakeListpack,
  qlValidateIntegrity,
  QuicklistCursor,
} from "../../../core/structures/quicklist.ts";
import {
  isOpen,
  isPlain,
  listpackOf,
  nodeBytes,
  nodeCount,
  nodeData,
  nodeLzfLen,
  nodeNext,
  readCompressed,
} from "../../../core/structures/quicklist_node.ts";
import { latin1, toBytes } from "../../support/resp_reply.ts";
import { FailingArena } from "./entries.ts";

const cursor = new QuicklistCursor();
const value = new ListpackValue();

function pushTail(arena: Arena, root: number, ...texts: string[]): void {
  for (const text of texts) qlPush(arena, root, false, toBytes(text), 0, text.length);
}

function pushHead(arena: Arena, root: number, ...texts: string[]): void {
  for (const text of texts) qlPush(arena, root, true, toBytes(text), 0, text.length);
}

/** A list of these texts. */
function listOf(arena: Arena, fill: number, depth: number, ...texts: string[]): number {
  const root = qlCreate(arena, fill, depth);
  pushTail(arena, root, ...texts);
  return root;
}

function here(): string {
  qlGet(cursor, value);
  return textOf();
}

function textOf(): string {
  value.toText();
  return latin1((value.buf as Uint8Array).slice(value.off, value.off + value.len));
}

function texts(arena: Arena, root: number): string[] {
  const all: string[] = [];
  for (let ok = qlSeek(arena, root, cursor, 0); ok; ok = qlNext(arena, cursor)) all.push(here());
  return all;
}

/** The nodes as their counts: "3 p 2z" is a node of three, a plain one, a compressed one of two. */
function shape(arena: Arena, root: number): string {
  qlValidateIntegrity(arena, root);
  const nodes: string[] = [];
  for (let node = qlHead(arena, root); node !== 0; node = nodeNext(arena, node)) {
    const kind = isPlain(arena, node) ? "p" : String(nodeCount(arena, node));
    nodes.push(kind + (isOpen(arena, node) ? "" : "z"));
  }
  return nodes.join(" ");
}

function seek(arena: Arena, root: number, index: number): void {
  assert.ok(qlSeek(arena, root, cursor, index));
}

function dispose(arena: Arena, root: number): void {
  qlValidateIntegrity(arena, root);
  qlFree(arena, root);
  assert.equal(arena.usedBytes, 0, "everything is given back");
}

test("an empty list", () => {
  const arena = new FailingArena();
  const root = qlCreate(arena, -2, 0);
  assert.equal(qlCount(arena, root), 0);
  assert.equal(qlNodes(arena, root), 0);
  assert.equal(qlHead(arena, root), 0);
  assert.ok(!qlSeek(arena, root, cursor, 0));
  assert.ok(!qlSeek(arena, root, cursor, -1));
  assert.ok(!qlPeek(arena, root, true, cursor, value));
  assert.equal(qlDeleteRange(arena, root, 0, 1), 0);
  dispose(arena, root);
});

test("fill and depth are cut to their ranges", () => {
  const arena = new FailingArena();
  const root = qlCreate(arena, -9, -1);
  assert.equal(qlFill(arena, root), -5);
  assert.equal(qlDepth(arena, root), 0);
  const other = qlCreate(arena, 40_000, 70_000);
  assert.equal(qlFill(arena, other), 32_767);
  assert.equal(qlDepth(arena, other), 65_535);
});

test("the limits of a node", () => {
  assert.deepEqual([-1, -2, -3, -4, -5].map(qlSizeLimit), [4096, 8192, 16384, 32768, 65536]);
  assert.equal(qlSizeLimit(5), Infinity);
  assert.deepEqual([-1, 0, 1, 7].map(qlCountLimit), [Infinity, 1, 1, 7]);
  assert.ok(!qlExceedsLimit(-1, 4096, 10_000) && qlExceedsLimit(-1, 4097, 1));
  assert.ok(!qlExceedsLimit(3, 8192, 3) && qlExceedsLimit(3, 10, 4) && qlExceedsLimit(3, 8193, 1));
});

test("pushing and dropping at both ends", () => {
  const arena = new FailingArena();
  const root = qlCreate(arena, 2, 0);
  pushTail(arena, root, "3", "four", "5");
  pushHead(arena, root, "2", "1");
  assert.equal(texts(arena, root).join(), "1,2,3,four,5");
  assert.equal(shape(arena, root), "2 2 1");
  assert.ok(qlPeek(arena, root, true, cursor, value));
  assert.equal(value.value, 1);
  assert.ok(qlPeek(arena, root, false, cursor, value));
  assert.equal(value.value, 5);
  qlDrop(arena, root, false);
  qlDrop(arena, root, true);
  qlDrop(arena, root, false);
  assert.equal(texts(arena, root).join(), "2,3");
  assert.equal(shape(arena, root), "1 1");
  qlDrop(arena, root, true);
  qlDrop(arena, root, true);
  assert.equal(qlCount(arena, root), 0);
  assert.equal(qlTail(arena, root), 0);
  dispose(arena, root);
});

test("nodes are filled to their size, blocks to theirs", () => {
  const arena = new Arena({ segmentBytes: 16 << 20 });
  for (const atHead of [false, true]) {
    const root = qlCreate(arena, -2, 0);
    const bytes = toBytes("0123456789abcdef");
    for (let i = 0; i < 100_000; i++) qlPush(arena, root, atHead, bytes, 0, 16);
    // 18 bytes each and 7 more; an element is reckoned at 24.
    assert.equal(nodeCount(arena, nodeNext(arena, qlHead(arena, root))), 454);
    const perElement = arena.usedBytes / 100_000;
    assert.ok(perElement < 18.25, `${perElement}`);
    qlValidateIntegrity(arena, root);
    qlFree(arena, root);
    assert.equal(arena.usedBytes, 0);
  }
});

test("pushing moves nothing but now and then", () => {
  // The block of the end node has room on the side that grows, so it changes a few times until it is full.
  const arena = new Arena({ segmentBytes: 4 << 20 });
  for (const atHead of [false, true]) {
    const root = qlCreate(arena, -2, 0);
    for (let i = 0; i < 1000; i++) qlPush(arena, root, atHead, toBytes("0123456789abcdef"), 0, 16);
    let moves = 0;
    let data = 0;
    for (let i = 0; i < 454; i++) {
      qlPush(arena, root, atHead, toBytes("0123456789abcdef"), 0, 16);
      const node = atHead ? qlHead(arena, root) : qlTail(arena, root);
      if (nodeData(arena, node) !== data) moves++;
      data = nodeData(arena, node);
    }
    assert.ok(moves <= 8, `${moves}`);
    qlFree(arena, root);
  }
});

test("seeking and walking from any element", () => {
  const arena = new FailingArena();
  const all = Array.from({ length: 23 }, (_, i) => `e${i}`);
  const root = listOf(arena, 5, 0, ...all);
  for (let i = 0; i < 23; i++) {
    seek(arena, root, i);
    assert.equal(here(), all[i]);
    assert.equal(qlNext(arena, cursor), i < 22);
    if (i < 22) assert.equal(here(), all[i + 1]);
    seek(arena, root, i - 23);
    assert.equal(here(), all[i]);
    assert.equal(qlPrev(arena, cursor), i > 0);
    if (i > 0) assert.equal(here(), all[i - 1]);
  }
  assert.ok(!qlSeek(arena, root, cursor, 23));
  assert.ok(!qlSeek(arena, root, cursor, -24));
  dispose(arena, root);
});

test("an element too large for the fill has a node to itself", () => {
  const arena = new FailingArena();
  const large = "x".repeat(4097);
  const root = listOf(arena, -1, 0, "a", "b", large, "c");
  assert.equal(shape(arena, root), "2 p 1");
  pushHead(arena, root, large);
  assert.equal(shape(arena, root), "p 2 p 1");
  assert.ok(qlPeek(arena, root, true, cursor, value));
  assert.equal(textOf(), large);
  seek(arena, root, 3);
  assert.equal(here(), large);
  // Into the middle of a node: it is split around the new one.
  seek(arena, root, 1);
  qlInsertAfter(arena, cursor, toBytes(large), 0, 4097);
  assert.equal(shape(arena, root), "p 1 p 1 p 1");
  assert.deepEqual(texts(arena, root), [large, "a", large, "b", large, "c"]);
  dispose(arena, root);
});

test("inserting where there is room, beside, and by splitting", () => {
  const arena = new FailingArena();
  const root = listOf(arena, 4, 0, ..."01234567");
  assert.equal(shape(arena, root), "4 4");
  // A full node is split where the new element goes, which joins the part that leaves.
  seek(arena, root, 1);
  qlInsertAfter(arena, cursor, toBytes("a"), 0, 1);
  assert.equal(shape(arena, root), "2 3 4");
  seek(arena, root, 6);
  assert.equal(here(), "5");
  qlInsertBefore(arena, cursor, toBytes("b"), 0, 1);
  assert.equal(texts(arena, root).join(""), "01a234b567");
  assert.equal(shape(arena, root), "2 3 2 3");
  // At the edge of a full node the neighbour takes it, if it has room.
  pushTail(arena, root, "8");
  seek(arena, root, 7);
  qlInsertBefore(arena, cursor, toBytes("c"), 0, 1);
  assert.equal(shape(arena, root), "2 3 3 4");
  // A plain node's neighbour has no room: a node for one element.
  seek(arena, root, -1);
  qlInsertAfter(arena, cursor, toBytes("9"), 0, 1);
  assert.equal(shape(arena, root), "2 3 3 4 1");
  assert.equal(texts(arena, root).join(""), "01a234bc56789");
  dispose(arena, root);
});

test("small neighbours are joined when a node is split", () => {
  const arena = new FailingArena();
  const root = qlCreate(arena, 6, 0);
  for (const part of ["ab", "cd", "efghij", "kl", "mn"]) {
    let ref = lpCreate(arena);
    for (const text of part) ref = lpAppend(arena, ref, toBytes(text), 0, 1);
    qlAppendListpack(arena, root, ref, LP_HEADER_BYTES);
  }
  assert.equal(shape(arena, root), "2 2 6 2 2");
  seek(arena, root, 6);
  qlInsertAfter(arena, cursor, toBytes("X"), 0, 1);
  assert.equal(texts(arena, root).join(""), "abcdefgXhijklmn");
  assert.equal(shape(arena, root), "4 3 6 2");
  dispose(arena, root);
});

test("replacing", () => {
  const arena = new FailingArena();
  const large = "L".repeat(9000);
  const root = listOf(arena, 3, 0, ..."abcdef");
  const replace = (index: number, text: string): void => {
    seek(arena, root, index);
    qlReplace(arena, cursor, toBytes(text), 0, text.length);
  };
  replace(0, "12345");
  replace(-1, "a longer text than before");
  assert.equal(texts(arena, root).join(), "12345,b,c,d,e,a longer text than before");
  replace(1, large);
  assert.equal(shape(arena, root), "1 p 1 3");
  replace(1, large.slice(0, 8500));
  assert.equal(shape(arena, root), "1 p 1 3");
  replace(1, "b");
  // The element after a plain node goes where there is room.
  assert.equal(shape(arena, root), "1 2 3");
  assert.equal(texts(arena, root).join(), "12345,b,c,d,e,a longer text than before");
  replace(0, large);
  assert.equal(shape(arena, root), "p 2 3");
  replace(-1, large);
  assert.equal(shape(arena, root), "p 2 2 p");
  dispose(arena, root);
});

test("deleting through a cursor, both ways", () => {
  const arena = new FailingArena();
  const root = listOf(arena, 3, 0, ..."abcabcabc");
  seek(arena, root, 0);
  const seen: string[] = [];
  for (let ok = true; ok;) {
    seen.push(here());
    ok = here() === "b" ? qlDelete(arena, cursor, true) : qlNext(arena, cursor);
  }
  qlRelease(arena, cursor);
  assert.equal(seen.join(""), "abcabcabc");
  assert.equal(texts(arena, root).join(""), "acacac");
  seek(arena, root, -1);
  for (let ok = true; ok;) {
    ok = here() === "c" ? qlDelete(arena, cursor, false) : qlPrev(arena, cursor);
  }
  assert.equal(texts(arena, root).join(""), "aaa");
  assert.equal(shape(arena, root), "1 1 1");
  seek(arena, root, 1);
  assert.ok(qlDelete(arena, cursor, true));
  assert.ok(!qlDelete(arena, cursor, true));
  assert.equal(cursor.node, 0);
  seek(arena, root, 0);
  assert.ok(!qlDelete(arena, cursor, false));
  dispose(arena, root);
});

test("deleting ranges", () => {
  const all = "0123456789abc";
  for (let start = 0; start <= 14; start++) {
    for (let count = 0; count <= 14; count++) {
      const arena = new FailingArena();
      const root = listOf(arena, 4, start % 2, ...all);
      const left = [...all];
      const want = left.splice(start, count).length;
      assert.equal(qlDeleteRange(arena, root, start, count), want, `${start} ${count}`);
      assert.deepEqual(texts(arena, root), left);
      dispose(arena, root);
    }
  }
});

test("nodes between the ends are compressed", () => {
  const arena = new FailingArena();
  const text = (i: number): string => `${i} ${"compress me ".repeat(8)}`;
  const all = Array.from({ length: 12 }, (_, i) => text(i));
  const root = listOf(arena, 2, 1, ...all);
  assert.equal(shape(arena, root), "2 2z 2z 2z 2z 2");
  assert.deepEqual(texts(arena, root), all);
  assert.equal(shape(arena, root), "2 2z 2z 2z 2z 2");
  // What is dropped at the ends moves them inwards.
  for (let i = 0; i < 2; i++) qlDrop(arena, root, true);
  assert.equal(shape(arena, root), "2 2z 2z 2z 2");
  qlDrop(arena, root, false);
  pushTail(arena, root, text(20), text(21));
  assert.equal(shape(arena, root), "2 2z 2z 2z 2z 1");
  // A change opens a node and compresses it again.
  seek(arena, root, 5);
  qlReplace(arena, cursor, toBytes(text(30)), 0, text(30).length);
  assert.equal(shape(arena, root), "2 2z 2z 2z 2z 1");
  seek(arena, root, 4);
  assert.ok(qlDelete(arena, cursor, true));
  assert.equal(shape(arena, root), "2 2z 1 2z 2z 1");
  qlRelease(arena, cursor);
  assert.equal(shape(arena, root), "2 2z 1z 2z 2z 1");
  seek(arena, root, 2);
  qlInsertAfter(arena, cursor, toBytes(text(40)), 0, text(40).length);
  assert.equal(shape(arena, root), "2 1z 2z 1z 2z 2z 1");
  assert.equal(qlDeleteRange(arena, root, 0, 8), 8);
  assert.equal(shape(arena, root), "2 1");
  dispose(arena, root);
});

test("what is short, or can't be compressed, isn't", () => {
  const arena = new FailingArena();
  const noise = Array.from({ length: 60 }, (_, i) => String.fromCharCode(i * 97 % 251)).join("");
  const root = listOf(arena, 1, 1, "a", "b", noise, "=".repeat(60), "c");
  assert.equal(shape(arena, root), "1 1 1 1z 1");
  dispose(arena, root);
});

test("compressed nodes hold a whole listpack", () => {
  const arena = new FailingArena();
  const text = "the same text again and again";
  const root = listOf(arena, 3, 1, ...Array(9).fill(text));
  const node = nodeNext(arena, qlHead(arena, root));
  assert.ok(nodeLzfLen(arena, node) > 0 && nodeLzfLen(arena, node) < nodeBytes(arena, node));
  const packed = readCompressed(arena, node, null).slice(0, nodeBytes(arena, node));
  assert.ok(lpValidate(packed, 0, packed.length, true));
  const open = qlHead(arena, root);
  assert.deepEqual(listpackOf(arena, open).slice(0, nodeBytes(arena, open)), packed);
  dispose(arena, root);
});

test("between listpack and quicklist", () => {
  const arena = new FailingArena();
  let ref = lpCreate(arena);
  for (const text of ["a", "22", "c"]) ref = lpAppend(arena, ref, toBytes(text), 0, text.length);
  const bytes = lpBytes(arena, ref);
  const root = qlCreate(arena, -2, 0);
  qlAppendListpack(arena, root, ref, LP_HEADER_BYTES);
  pushTail(arena, root, "xyz");
  assert.deepEqual(texts(arena, root), ["a", "22", "c", "xyz"]);
  assert.equal(shape(arena, root), "4");
  qlDrop(arena, root, false);
  const back = qlTakeListpack(arena, root);
  assert.equal(lpCount(arena, back), 3);
  assert.equal(lpBytes(arena, back), bytes);
  assert.notEqual(lpSeek(arena, back, 2), 0);
  assert.equal(arena.liveBlocks, 1);
});

test("copies, and freeing in slices", () => {
  const arena = new FailingArena();
  const root = listOf(arena, 2, 1, ...Array.from({ length: 30 }, (_, i) => `${i}`.repeat(40)));
  const before = arena.usedBytes;
  const copy = qlDup(arena, root);
  assert.deepEqual(texts(arena, copy), texts(arena, root));
  assert.equal(shape(arena, copy), shape(arena, root));
  assert.ok(!qlFreeSome(arena, copy, 10));
  qlValidateIntegrity(arena, copy);
  assert.equal(qlNodes(arena, copy), 5);
  assert.ok(!qlFreeSome(arena, copy, 4));
  assert.ok(qlFreeSome(arena, copy, 4));
  assert.equal(arena.usedBytes, before);
  arena.failIn = 20;
  assert.throws(() => qlDup(arena, root), (error) => error === ARENA_FULL);
  arena.failIn = -1;
  assert.equal(arena.usedBytes, before);
  dispose(arena, root);
});

test("the threshold for tests makes small elements plain", () => {
  const arena = new FailingArena();
  qlSetPackedThreshold(3);
  try {
    const root = listOf(arena, -2, 0, "a", "abc", "b", "c", "");
    assert.equal(shape(arena, root), "1 p 3");
    seek(arena, root, 3);
    qlReplace(arena, cursor, toBytes("long"), 0, 4);
    assert.equal(shape(arena, root), "1 p 1 p 1");
    dispose(arena, root);
  } finally {
    qlSetPackedThreshold(0);
  }
});

test("when memory runs out nothing has changed", () => {
  const arena = new FailingArena();
  const large = "x".repeat(9000);
  const root = listOf(arena, 4, 0, ..."abcdefgh");
  const tries: [string, () => void][] = [
    ["push", () => pushHead(arena, root, "x")],
    ["push large", () => pushTail(arena, root, large)],
    ["split", () => (seek(arena, root, 1), qlInsertAfter(arena, cursor, toBytes("x"), 0, 1))],
    ["split around", () => {
      seek(arena, root, 1);
      qlInsertBefore(arena, cursor, toBytes(large), 0, 9000);
    }],
    ["replace", () => (seek(arena, root, 1), qlReplace(arena, cursor, toBytes(large), 0, 9000))],
  ];
  for (const [what, attempt] of tries) {
    const used = arena.usedBytes;
    for (let done = false, failIn = 0; !done; failIn++) {
      arena.failIn = failIn;
      try {
        attempt();
        done = true;
      } catch (error) {
        assert.equal(error, ARENA_FULL, what);
        assert.equal(texts(arena, root).join(""), "abcdefgh", what);
        assert.equal(arena.usedBytes, used, what);
      }
      arena.failIn = -1;
      qlValidateIntegrity(arena, root);
    }
    assert.notEqual(texts(arena, root).join(""), "abcdefgh", what);
    qlDeleteRange(arena, root, 0, 99);
    pushTail(arena, root, ..."abcdefgh");
  }
  dispose(arena, root);
});
