import { test } from "node:test";
import assert from "node:assert/strict";
import { BIG } from "../../../core/base/numbers.ts";
import { Prng } from "../../../core/base/prng.ts";
import { Arena, ARENA_FULL, refOffset } from "../../../core/memory/arena.ts";
import { ListpackValue } from "../../../core/structures/listpack_entry.ts";
import {
  LP_EMPTY_BYTES,
  LP_HEADER_BYTES,
  lpAppend,
  lpAppendInt64,
  lpAppendInteger,
  lpBytes,
  lpCopyRange,
  lpCount,
  lpCreate,
  lpDelete,
  lpDeleteAt,
  lpDeleteRange,
  lpDup,
  lpEntryAt,
  lpEntryBytes,
  lpFind,
  lpFirst,
  lpFromBytes,
  lpGet,
  lpInsertAfter,
  lpInsertBefore,
  lpInsertInteger,
  lpInteger,
  lpLast,
  lpNext,
  lpPrev,
  lpRandom,
  lpReplace,
  lpReplaceInteger,
  lpReserve,
  lpSafeToAdd,
  lpSeek,
  lpShrinkToFit,
  lpValidate,
  lpValidateIntegrity,
} from "../../../core/structures/listpack.ts";
import { latin1, toBytes } from "../../support/resp_reply.ts";
import { FailingArena } from "./entries.ts";

const value = new ListpackValue();

/** A listpack of these texts. */
function packed(arena: Arena, ...texts: string[]): number {
  let ref = lpCreate(arena);
  for (const text of texts) ref = append(arena, ref, text);
  return ref;
}

function append(arena: Arena, ref: number, text: string): number {
  const bytes = toBytes(text);
  return lpAppend(arena, ref, bytes, 0, bytes.length);
}

/** The element at `off` as text. */
function textAt(arena: Arena, ref: number, off: number): string {
  lpGet(arena, ref, off, value);
  value.toText();
  return latin1((value.buf as Uint8Array).subarray(value.off, value.off + value.len));
}

/** All elements, walked forwards. */
function texts(arena: Arena, ref: number): string[] {
  const all: string[] = [];
  for (let off = lpFirst(arena, ref); off !== 0; off = lpNext(arena, ref, off)) {
    all.push(textAt(arena, ref, off));
  }
  return all;
}

/** The bytes of the listpack. */
function bytesOf(arena: Arena, ref: number): Uint8Array {
  const at = refOffset(ref);
  return (arena.u8[ref >>> 27] as Uint8Array).slice(at, at + lpBytes(arena, ref));
}

/** Bytes of an arena's listpack as hex, without header and end. */
function hexOf(arena: Arena, ref: number): string {
  const bytes = bytesOf(arena, ref);
  return [...bytes.subarray(6, bytes.length - 1)].map((b) => b.toString(16).padStart(2, "0"))
    .join("");
}

function find(arena: Arena, ref: number, off: number, text: string, skip = 0): number {
  const bytes = toBytes(text);
  return lpFind(arena, ref, off, bytes, 0, bytes.length, skip);
}

function validate(bytes: ArrayLike<number>, deep = true): boolean {
  const guarded = new Uint8Array(bytes.length + 20).fill(0xff);
  guarded.set(bytes, 10);
  return lpValidate(guarded, 10, bytes.length, deep);
}

/** A listpack of these entry bytes, with the header that belongs to them. */
function rawListpack(count: number, ...entries: number[]): number[] {
  const total = entries.length + LP_EMPTY_BYTES;
  return [total & 255, total >> 8 & 255, total >> 16, 0, count & 255, count >> 8, ...entries, 255];
}

test("an empty listpack", () => {
  const arena = new FailingArena();
  const ref = lpCreate(arena);
  assert.deepEqual([...bytesOf(arena, ref)], [7, 0, 0, 0, 0, 0, 255]);
  assert.equal(lpCount(arena, ref), 0);
  assert.equal(lpFirst(arena, ref), 0);
  assert.equal(lpLast(arena, ref), 0);
  assert.equal(lpSeek(arena, ref, 0), 0);
  assert.equal(lpSeek(arena, ref, -1), 0);
  assert.equal(find(arena, ref, 0, "x"), 0);
  assert.equal(lpRandom(arena, ref, new Prng(1), 1), 0);
  assert.equal(lpDeleteRange(arena, ref, 0, 5), ref);
  assert.equal(arena.usable(ref), 8);
  lpValidateIntegrity(arena, ref);
  arena.free(ref);
  assert.equal(arena.usedBytes, 0);
});

test("every element has the bytes the format says", () => {
  const cases: [string, string][] = [
    ["0", "0001"],
    ["127", "7f01"],
    ["128", "c08002"],
    ["-1", "dfff02"],
    ["4095", "cfff02"],
    ["-4096", "d00002"],
    ["4096", "f1001003"],
    ["-4097", "f1ffef03"],
    ["32767", "f1ff7f03"],
    ["-32768", "f1008003"],
    ["32768", "f200800004"],
    ["-32769", "f2ff7fff04"],
    ["8388607", "f2ffff7f04"],
    ["-8388608", "f200008004"],
    ["8388608", "f30000800005"],
    ["2147483647", "f3ffffff7f05"],
    ["-2147483648", "f30000008005"],
    ["2147483648", "f4000000800000000009"],
    ["-2147483649", "f4ffffff7fffffffff09"],
    ["9007199254740993", "f4010000000000200009"],
    ["9223372036854775807", "f4ffffffffffffff7f09"],
    ["-9223372036854775808", "f4000000000000008009"],
    ["9223372036854775808", "93" + hexText("9223372036854775808") + "14"],
    ["", "8001"],
    ["a", "816102"],
    ["-0", "822d3003"],
    ["01", "82303103"],
    ["x".repeat(63), "bf" + "78".repeat(63) + "40"],
    ["x".repeat(64), "e040" + "78".repeat(64) + "42"],
    ["x".repeat(125), "e07d" + "78".repeat(125) + "7f"],
    ["x".repeat(126), "e07e" + "78".repeat(126) + "0180"],
    ["x".repeat(4095), "efff" + "78".repeat(4095) + "2081"],
    ["x".repeat(4096), "f000100000" + "78".repeat(4096) + "2085"],
    ["x".repeat(16377), "f0f93f0000" + "78".repeat(16377) + "7ffe"],
    ["x".repeat(16378), "f0fa3f0000" + "78".repeat(16378) + "00ffff"],
  ];
  for (const [text, hex] of cases) {
    const arena = new FailingArena();
    const ref = packed(arena, text);
    assert.equal(hexOf(arena, ref), hex, text.slice(0, 30));
    assert.deepEqual(texts(arena, ref), [text]);
    assert.equal(lpEntryBytes(arena, ref, 6), hex.length / 2);
    assert.equal(lpLast(arena, ref), 6);
    lpValidateIntegrity(arena, ref);
  }
});

test("integers are read without text", () => {
  const arena = new FailingArena();
  const numbers = ["7", "-3000", "30000", "-8000000", "2000000000", "9007199254740991"];
  const big = ["9007199254740992", "-9223372036854775808"];
  const ref = packed(arena, ...numbers, ...big, "text");
  let off = lpFirst(arena, ref);
  for (const text of numbers) {
    assert.equal(lpInteger(arena, ref, off), Number(text));
    lpGet(arena, ref, off, value);
    assert.ok(value.isInteger);
    assert.equal(value.value, Number(text));
    assert.equal(String(value.bigInt()), text);
    off = lpNext(arena, ref, off);
  }
  for (const text of big) {
    assert.equal(lpInteger(arena, ref, off), BIG);
    lpGet(arena, ref, off, value);
    assert.equal(value.value, BIG);
    assert.equal(value.bigInt(), BigInt(text));
    off = lpNext(arena, ref, off);
  }
  assert.ok(Number.isNaN(lpInteger(arena, ref, off)));
  lpGet(arena, ref, off, value);
  assert.equal(value.isInteger, false);
  assert.ok(Number.isNaN(value.value));
});

test("integers are stored without text", () => {
  const arena = new FailingArena();
  let ref = lpCreate(arena);
  ref = lpAppendInteger(arena, ref, 5);
  ref = lpAppendInteger(arena, ref, -9007199254740991);
  ref = lpAppendInt64(arena, ref, 0x7fffffff, -1);
  ref = lpAppendInt64(arena, ref, -1, -70000);
  ref = lpInsertInteger(arena, ref, LP_HEADER_BYTES, 300);
  const same = packed(
    arena,
    ...["300", "5", "-9007199254740991", "9223372036854775807", "-70000"],
  );
  assert.equal(hexOf(arena, ref), hexOf(arena, same));
  ref = lpReplaceInteger(arena, ref, 6, 1);
  ref = lpAppendInt64(arena, ref, -(2 ** 31), 0);
  assert.equal(
    texts(arena, ref).join(),
    "1,5,-9007199254740991,9223372036854775807,-70000,-9223372036854775808",
  );
  lpValidateIntegrity(arena, ref);
});

test("inserting and replacing leave the entry where it was said", () => {
  const arena = new FailingArena();
  let ref = packed(arena, "b", "d");
  const at = lpLast(arena, ref);
  ref = lpInsertBefore(arena, ref, at, toBytes("xcx"), 1, 1);
  assert.equal(textAt(arena, ref, at), "c");
  ref = lpInsertBefore(arena, ref, LP_HEADER_BYTES, toBytes("a"), 0, 1);
  ref = lpInsertAfter(arena, ref, lpLast(arena, ref), toBytes("e"), 0, 1);
  assert.equal(texts(arena, ref).join(""), "abcde");
  const third = lpSeek(arena, ref, 2);
  ref = lpReplace(arena, ref, third, toBytes("a longer text"), 0, 13);
  assert.equal(textAt(arena, ref, third), "a longer text");
  ref = lpReplace(arena, ref, third, toBytes(""), 0, 0);
  assert.deepEqual(texts(arena, ref), ["a", "b", "", "d", "e"]);
  ref = lpDelete(arena, ref, third);
  assert.equal(textAt(arena, ref, lpEntryAt(arena, ref, third)), "d");
  const last = lpLast(arena, ref);
  ref = lpDelete(arena, ref, last);
  assert.equal(lpEntryAt(arena, ref, last), 0);
  assert.equal(texts(arena, ref).join(""), "abd");
  lpValidateIntegrity(arena, ref);
});

test("seeking and walking back", () => {
  const arena = new FailingArena();
  const names = Array.from({ length: 11 }, (_, i) => "n".repeat(i * 30));
  const ref = packed(arena, ...names);
  for (let i = 0; i < 11; i++) {
    assert.equal(textAt(arena, ref, lpSeek(arena, ref, i)), names[i]);
    assert.equal(lpSeek(arena, ref, i - 11), lpSeek(arena, ref, i));
  }
  assert.equal(lpSeek(arena, ref, 11), 0);
  assert.equal(lpSeek(arena, ref, -12), 0);
  let off = lpLast(arena, ref);
  for (let i = 10; i >= 0; i--, off = lpPrev(arena, ref, off)) {
    assert.equal(textAt(arena, ref, off), names[i]);
  }
  assert.equal(off, 0);
});

test("find compares texts and values, and leaves out what it is told to", () => {
  const arena = new FailingArena();
  const ref = packed(
    arena,
    "f1",
    "10",
    "f2",
    "f1",
    "10",
    "9223372036854775806",
    "",
    "x".repeat(99),
  );
  const at = (i: number): number => lpSeek(arena, ref, i);
  assert.equal(find(arena, ref, 0, "f1"), at(0));
  assert.equal(find(arena, ref, at(1), "f1"), at(3));
  assert.equal(find(arena, ref, 0, "10"), at(1));
  assert.equal(find(arena, ref, 0, "10", 1), at(4));
  assert.equal(find(arena, ref, 0, "f1", 1), at(0));
  assert.equal(find(arena, ref, at(1), "f2", 1), 0);
  assert.equal(find(arena, ref, 0, "9223372036854775806"), at(5));
  assert.equal(find(arena, ref, 0, "9223372036854775807"), 0);
  assert.equal(find(arena, ref, 0, ""), at(6));
  assert.equal(find(arena, ref, 0, "x".repeat(99)), at(7));
  assert.equal(find(arena, ref, 0, "x".repeat(98)), 0);
  assert.equal(find(arena, ref, 0, "f1", 100), at(0));
  assert.equal(find(arena, ref, 0, "f2", 100), 0);
});

test("longer forms than need be are compared by value", () => {
  const arena = new FailingArena();
  // 5 in 64 bits, 5 in 13 bits, "5" as a string, "ab" with a length of 12 and of 32 bits.
  const bytes = rawListpack(
    5,
    ...[0xf4, 5, 0, 0, 0, 0, 0, 0, 0, 9],
    ...[0xc0, 5, 2],
    ...[0x81, 0x35, 2],
    ...[0xe0, 2, 0x61, 0x62, 4],
    ...[0xf0, 2, 0, 0, 0, 0x61, 0x62, 7],
  );
  assert.ok(validate(bytes));
  const ref = lpFromBytes(arena, Uint8Array.from(bytes), 0, bytes.length);
  assert.deepEqual(texts(arena, ref), ["5", "5", "5", "ab", "ab"]);
  assert.equal(find(arena, ref, 0, "5"), 6);
  assert.equal(find(arena, ref, 16, "5"), 16);
  assert.equal(find(arena, ref, 19, "5"), 19);
  assert.equal(find(arena, ref, 0, "ab"), 22);
  assert.equal(find(arena, ref, 27, "ab"), 27);
  assert.equal(lpPrev(arena, ref, 27), 22);
});

test("deleting ranges", () => {
  const digits = "0123456789";
  for (let index = -12; index <= 12; index++) {
    for (let count = 0; count <= 12; count++) {
      const arena = new FailingArena();
      let ref = packed(arena, ...digits);
      ref = lpDeleteRange(arena, ref, index, count);
      const want = [...digits];
      if (index >= -10) want.splice(index, count);
      assert.deepEqual(texts(arena, ref), want, `${index} ${count}`);
      assert.equal(lpCount(arena, ref), want.length);
      lpValidateIntegrity(arena, ref);
    }
  }
  const arena = new FailingArena();
  let ref = packed(arena, ...digits);
  ref = lpDeleteAt(arena, ref, lpSeek(arena, ref, 2), 2);
  assert.equal(texts(arena, ref).join(""), "01456789");
  ref = lpDeleteAt(arena, ref, lpSeek(arena, ref, 5), 99);
  assert.equal(texts(arena, ref).join(""), "01456");
  assert.equal(lpDeleteAt(arena, ref, 6, 0), ref);
});

test("more entries than the header can count", () => {
  const arena = new Arena({ segmentBytes: 4 << 20 });
  let ref = lpCreate(arena);
  for (let i = 0; i < 65534; i++) ref = lpAppendInteger(arena, ref, i & 127);
  assert.equal(lpCount(arena, ref), 65534);
  ref = lpAppendInteger(arena, ref, 1);
  ref = lpAppendInteger(arena, ref, 2);
  assert.deepEqual([...bytesOf(arena, ref).subarray(4, 6)], [255, 255]);
  assert.equal(lpCount(arena, ref), 65536);
  assert.equal(lpInteger(arena, ref, lpSeek(arena, ref, -1)), 2);
  assert.equal(lpInteger(arena, ref, lpSeek(arena, ref, 65534)), 1);
  assert.equal(lpSeek(arena, ref, 65536), 0);
  assert.equal(lpSeek(arena, ref, -65537), 0);
  // Fewer again: the header says so only once somebody has counted.
  ref = lpDeleteRange(arena, ref, -30000, 30000);
  assert.deepEqual([...bytesOf(arena, ref).subarray(4, 6)], [255, 255]);
  assert.equal(lpCount(arena, ref), 35536);
  assert.deepEqual([...bytesOf(arena, ref).subarray(4, 6)], [208, 138]);
  lpValidateIntegrity(arena, ref);
  arena.free(ref);
  assert.equal(arena.usedBytes, 0);
});

test("copies and parts", () => {
  const arena = new FailingArena();
  const ref = packed(arena, "a", "1", "c", "500", "e");
  const copy = lpDup(arena, ref);
  assert.deepEqual(bytesOf(arena, copy), bytesOf(arena, ref));
  const from = lpSeek(arena, ref, 1);
  const to = lpSeek(arena, ref, 4);
  let part = lpCopyRange(arena, ref, from, to, 3, 40);
  assert.deepEqual(texts(arena, part), ["1", "c", "500"]);
  assert.equal(lpCount(arena, part), 3);
  assert.ok(arena.usable(part) >= lpBytes(arena, part) + 40);
  part = lpShrinkToFit(arena, part);
  assert.equal(arena.usable(part), Arena.blockBytes(lpBytes(arena, part)));
  lpValidateIntegrity(arena, part);
});

test("a small listpack has exactly its size class, a long one some room", () => {
  const arena = new FailingArena();
  let ref = lpCreate(arena);
  for (let i = 0; i < 100; i++) {
    ref = append(arena, ref, "value");
    assert.equal(arena.usable(ref), Arena.blockBytes(lpBytes(arena, ref)));
  }
  let moves = 0;
  while (lpBytes(arena, ref) < 300_000) {
    const before = arena.usable(ref);
    ref = append(arena, ref, "v".repeat(100));
    if (arena.usable(ref) !== before) moves++;
  }
  assert.ok(moves < 100, `${moves}`);
  assert.ok(arena.usable(ref) < lpBytes(arena, ref) * 1.1);
  // Not every deletion moves, but the block shrinks with what it holds.
  while (lpCount(arena, ref) > 0) {
    ref = lpDelete(arena, ref, lpFirst(arena, ref));
    const size = lpBytes(arena, ref);
    assert.ok(arena.usable(ref) <= Math.max(size + 16, Arena.blockBytes(Math.ceil(size * 8 / 7))));
  }
  arena.free(ref);
  assert.equal(arena.usedBytes, 0);
});

test("reserved room is filled without a move", () => {
  const arena = new FailingArena();
  let ref = packed(arena, "a");
  ref = lpReserve(arena, ref, 50);
  arena.failIn = 0;
  let filled = ref;
  for (let i = 0; i < 16; i++) filled = append(arena, filled, "x");
  assert.equal(filled, ref);
  assert.ok(lpSafeToAdd(arena, ref, 1000));
  assert.ok(!lpSafeToAdd(arena, ref, 1 << 30));
});

test("when memory runs out nothing has changed", () => {
  const arena = new FailingArena();
  const ref = packed(arena, "abcdefgh", "12345678", "x");
  const before = bytesOf(arena, ref);
  const long = new Uint8Array(200);
  const tries = [
    () => lpAppend(arena, ref, long, 0, 200),
    () => lpInsertBefore(arena, ref, LP_HEADER_BYTES, long, 0, 200),
    () => lpReplace(arena, ref, 6, long, 0, 200),
    () => lpReserve(arena, ref, 200),
    () => lpDup(arena, ref),
    () => lpCopyRange(arena, ref, 6, lpLast(arena, ref), 2, 0),
  ];
  for (const attempt of tries) {
    arena.failIn = 0;
    assert.throws(attempt, (error) => error === ARENA_FULL);
    assert.deepEqual(bytesOf(arena, ref), before);
  }
  // A deletion succeeds all the same, in a block that stays as it is.
  arena.failIn = 0;
  assert.equal(lpDeleteRange(arena, ref, 0, 2), ref);
  assert.deepEqual(texts(arena, ref), ["x"]);
  assert.equal(arena.liveBlocks, 1);
});

test("random entries, by stride", () => {
  const arena = new FailingArena();
  const ref = packed(arena, "f1", "v1", "f2", "v2", "f3", "v3");
  const prng = new Prng(1);
  const seen = new Map<string, number>();
  for (let i = 0; i < 3000; i++) {
    const text = textAt(arena, ref, lpRandom(arena, ref, prng, 2));
    seen.set(text, (seen.get(text) ?? 0) + 1);
  }
  assert.deepEqual([...seen.keys()].sort(), ["f1", "f2", "f3"]);
  for (const times of seen.values()) assert.ok(times > 800, `${times}`);
});

test("validate refuses what is no listpack", () => {
  const good = rawListpack(2, 0x81, 0x61, 2, 5, 1);
  assert.ok(validate(good));
  assert.ok(validate(rawListpack(0)));
  assert.ok(validate(rawListpack(65535, 5, 1)));
  const bad: [string, number[]][] = [
    ["nothing", []],
    ["no end byte", [6, 0, 0, 0, 0, 0]],
    ["a length that is too large", [8, ...good.slice(1)]],
    ["a count that is wrong", rawListpack(3, 0x81, 0x61, 2, 5, 1)],
    ["an end byte too early", rawListpack(1, 5, 1, 255, 5, 1)],
    ["a byte that begins nothing", rawListpack(1, 0xf5, 1)],
    ["a backlen that is wrong", rawListpack(1, 5, 2)],
    ["a string beyond the end", rawListpack(1, 0xbf, 0x61, 2)],
    ["a string whose length is cut off", rawListpack(1, 0xf0, 1)],
    ["a string of 4 GiB", rawListpack(1, 0xf0, 255, 255, 255, 255, 4)],
    ["a backlen without end", rawListpack(1, 0xe0, 0x7e, ...Array(126).fill(0x80), 0x81, 0x80)],
    ["an entry without backlen", rawListpack(1, 5)],
  ];
  for (const [what, bytes] of bad) assert.ok(!validate(bytes), what);
  assert.ok(validate(rawListpack(1, 5, 2), false));
  assert.ok(!validate(bad[1][1], false));
  assert.ok(!validate([...good.slice(0, -1), 0], false));
});

function hexText(text: string): string {
  return [...toBytes(text)].map((b) => b.toString(16).padStart(2, "0")).join("");
}
