/**
 * The listpack against an array of texts and a naive encoder: after every operation the bytes must be those
 * that the format has for these elements. The arena is poisoned, and memory runs out at any allocation.
 * Then hostile bytes: what `lpValidate` lets pass can be walked in both directions.
 */
import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { Prng } from "../../core/base/prng.ts";
import { type Arena, ARENA_FULL, refOffset } from "../../core/memory/arena.ts";
import { ListpackValue } from "../../core/structures/listpack_entry.ts";
import {
  LP_HEADER_BYTES,
  lpAppend,
  lpAppendEntries,
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
  lpReplace,
  lpReplaceInteger,
  lpReserve,
  lpSeek,
  lpShrinkToFit,
  lpValidate,
  lpValidateIntegrity,
} from "../../core/structures/listpack.ts";
import {
  oneIn,
  pick,
  randomBytes,
  randomInt,
  randomIntText,
  randomValue,
  seeded,
} from "../support/gen.ts";
import { latin1, toBytes } from "../support/resp_reply.ts";
import { FailingArena } from "../unit/structures/entries.ts";

/** Lengths at which the form of a string or of a backlen changes. */
const EDGE_LENS = [
  0,
  1,
  62,
  63,
  64,
  65,
  125,
  126,
  127,
  4094,
  4095,
  4096,
  4097,
  16377,
  16378,
  16379,
];

const value = new ListpackValue();

function randomElement(prng: Prng, max: number): Uint8Array {
  if (oneIn(prng, 3)) return toBytes(randomIntText(prng).slice(0, max));
  if (oneIn(prng, 6)) return randomBytes(prng, Math.min(max, pick(prng, EDGE_LENS)));
  return randomValue(prng, Math.min(max, 200));
}

function integerOf(text: string): bigint | null {
  if (!/^(0|-?[1-9][0-9]{0,18})$/.test(text)) return null;
  const v = BigInt(text);
  return v >= -(2n ** 63n) && v < 2n ** 63n ? v : null;
}

/** The bytes of one entry, told the slow way. */
function encode(text: string): number[] {
  const v = integerOf(text);
  const body: number[] = [];
  const littleEndian = (x: bigint, bytes: number): void => {
    for (let i = 0; i < bytes; i++) body.push(Number(x >> BigInt(8 * i) & 255n));
  };
  const fits = (bits: bigint): boolean => {
    return v !== null && v >= -(2n ** (bits - 1n)) && v < 2n ** (bits - 1n);
  };
  if (v === null) {
    const n = text.length;
    if (n < 64) body.push(128 + n);
    else if (n < 4096) body.push(224 + Math.floor(n / 256), n % 256);
    else littleEndian(240n + 256n * BigInt(n), 5);
    body.push(...toBytes(text));
  } else if (v >= 0n && v < 128n) body.push(Number(v));
  else if (fits(13n)) {
    const low = Number(v & 8191n);
    body.push(192 + (low >> 8), low & 255);
  } else if (fits(16n)) littleEndian(241n + (v << 8n), 3);
  else if (fits(24n)) littleEndian(242n + (v << 8n), 4);
  else if (fits(32n)) littleEndian(243n + (v << 8n), 5);
  else littleEndian(244n + (v << 8n), 9);
  const n = body.length;
  const backlen = n <= 127 ? 1 : n < 16383 ? 2 : n < 2097151 ? 3 : n < 268435455 ? 4 : 5;
  for (let i = backlen - 1; i >= 0; i--) {
    body.push(Math.floor(n / 128 ** i) % 128 + (i < backlen - 1 ? 128 : 0));
  }
  return body;
}

/** A listpack and its oracle. */
class Model {
  readonly arena: FailingArena;
  readonly prng: Prng;
  ref: number;
  texts: string[] = [];
  private readonly entries = new Map<string, number[]>();
  readonly max: number;

  constructor(n: number, arena: FailingArena, max: number) {
    this.arena = arena;
    this.prng = new Prng(n);
    this.ref = lpCreate(arena);
    this.max = max;
  }

  /** Compares all bytes. */
  check(): void {
    const at = refOffset(this.ref);
    const bytes = this.arena.u8[this.ref >>> 27] as Uint8Array;
    const entries = this.texts.flatMap((text) => this.entry(text));
    const total = entries.length + 7;
    const count = Math.min(65535, this.texts.length);
    const want = Uint8Array.from([
      ...[total & 255, total >> 8 & 255, total >> 16 & 255, total >>> 24],
      ...[count & 255, count >> 8],
    ]);
    assert.equal(lpBytes(this.arena, this.ref), total);
    assert.deepEqual(bytes.slice(at, at + 6), want);
    assert.equal(
      latin1(bytes.slice(at + 6, at + total)),
      latin1(Uint8Array.from([...entries, 255])),
    );
    lpValidateIntegrity(this.arena, this.ref);
  }

  /** Reads everything, in both directions. */
  read(): void {
    const { arena, ref, texts } = this;
    assert.equal(lpCount(arena, ref), texts.length);
    let forward = lpFirst(arena, ref);
    for (const text of texts) {
      this.readAt(forward, text);
      forward = lpNext(arena, ref, forward);
    }
    assert.equal(forward, 0);
    let backward = lpLast(arena, ref);
    for (let i = texts.length - 1; i >= 0; i--) {
      this.readAt(backward, texts[i]);
      backward = lpPrev(arena, ref, backward);
    }
    assert.equal(backward, 0);
  }

  find(): void {
    const { arena, ref, texts, prng } = this;
    const wanted = texts.length > 0 && oneIn(prng, 2)
      ? pick(prng, texts)
      : latin1(randomElement(prng, this.max));
    const skip = prng.nextBelow(3);
    const from = prng.nextBelow(texts.length + 1);
    const off = from === 0 ? 0 : lpSeek(arena, ref, from);
    if (from > 0 && off === 0) return;
    let want = -1;
    for (let i = from; i < texts.length && want < 0; i += skip + 1) {
      if (texts[i] === wanted) want = i;
    }
    const bytes = toBytes(`..${wanted}`);
    const got = lpFind(arena, ref, off, bytes, 2, wanted.length, skip);
    assert.equal(got, want < 0 ? 0 : lpSeek(arena, ref, want), `find ${wanted}`);
  }

  private readAt(off: number, text: string): void {
    const { arena, ref } = this;
    lpGet(arena, ref, off, value);
    const want = integerOf(text);
    assert.equal(value.isInteger, want !== null);
    if (want !== null) assert.equal(value.bigInt(), want);
    assert.equal(Number.isNaN(lpInteger(arena, ref, off)), want === null);
    value.toText();
    const got = (value.buf as Uint8Array).slice(value.off, value.off + value.len);
    assert.equal(latin1(got), text);
    assert.equal(lpFind(arena, ref, off, got, 0, got.length, 0), off);
  }

  private entry(text: string): number[] {
    let entry = this.entries.get(text);
    if (entry === undefined) this.entries.set(text, entry = encode(text));
    return entry;
  }
}

/** A change; the oracle follows only after it succeeded. Throws ArenaFull. */
function change(model: Model, grow: number): void {
  const { arena, prng, texts } = model;
  const bytes = randomElement(prng, model.max);
  const text = latin1(bytes);
  const index = prng.nextBelow(texts.length + 1);
  if (prng.nextBelow(100) < grow) {
    switch (prng.nextBelow(5)) {
      case 0:
        model.ref = lpInsertBefore(arena, model.ref, LP_HEADER_BYTES, bytes, 0, bytes.length);
        texts.unshift(text);
        return;
      case 1: {
        if (index === texts.length) return;
        const off = lpSeek(arena, model.ref, index);
        model.ref = lpInsertAfter(arena, model.ref, off, bytes, 0, bytes.length);
        texts.splice(index + 1, 0, text);
        return;
      }
      case 2: {
        const off = lpSeek(arena, model.ref, index) || lpBytes(arena, model.ref) - 1;
        model.ref = lpInsertBefore(arena, model.ref, off, bytes, 0, bytes.length);
        texts.splice(index, 0, text);
        return;
      }
      case 3:
        insertInteger(model, index);
        return;
      default:
        model.ref = lpAppend(arena, model.ref, bytes, 0, bytes.length);
        texts.push(text);
        return;
    }
  }
  if (oneIn(prng, 20)) {
    const start = randomInt(prng, -texts.length - 2, texts.length + 2);
    const count = oneIn(prng, 4) ? prng.nextBelow(texts.length + 3) : prng.nextBelow(4);
    model.ref = lpDeleteRange(arena, model.ref, start, count);
    if (start >= -texts.length) texts.splice(start, count);
    return;
  }
  const off = lpSeek(arena, model.ref, index);
  assert.equal(off !== 0, index < texts.length);
  if (off === 0) return;
  if (oneIn(prng, 2)) {
    replaceAt(model, index, off, bytes);
  } else if (oneIn(prng, 3)) {
    model.ref = lpDeleteAt(arena, model.ref, off, 2);
    texts.splice(index, 2);
  } else {
    model.ref = lpDelete(arena, model.ref, off);
    texts.splice(index, 1);
    assert.equal(lpEntryAt(arena, model.ref, off), lpSeek(arena, model.ref, index));
  }
}

function replaceAt(model: Model, index: number, off: number, bytes: Uint8Array): void {
  const { arena, prng, texts } = model;
  const v = randomInt64(prng);
  if (oneIn(prng, 2)) {
    model.ref = lpReplaceInteger(arena, model.ref, off, Number(BigInt.asIntN(50, v)));
    texts[index] = String(BigInt.asIntN(50, v));
  } else {
    model.ref = lpReplace(arena, model.ref, off, bytes, 0, bytes.length);
    texts[index] = latin1(bytes);
  }
}

function insertInteger(model: Model, index: number): void {
  const { arena, prng, texts } = model;
  const v = randomInt64(prng);
  const safe = BigInt.asIntN(prng.nextBelow(53) + 1, v);
  switch (prng.nextBelow(3)) {
    case 0:
      model.ref = lpAppendInteger(arena, model.ref, Number(safe));
      texts.push(String(safe));
      return;
    case 1:
      model.ref = lpAppendInt64(arena, model.ref, hi(v), lo(v));
      texts.push(String(v));
      return;
    default: {
      const off = lpSeek(arena, model.ref, index) || lpBytes(arena, model.ref) - 1;
      model.ref = lpInsertInteger(arena, model.ref, off, Number(safe));
      texts.splice(index, 0, String(safe));
    }
  }
}

/** What is done to the whole. Throws ArenaFull. */
function reshape(model: Model): void {
  const { arena, prng, texts } = model;
  const from = prng.nextBelow(texts.length + 1);
  const to = randomInt(prng, from, texts.length);
  const offOf = (index: number): number => {
    return lpSeek(arena, model.ref, index) || lpBytes(arena, model.ref) - 1;
  };
  const other = lpCopyRange(
    arena,
    model.ref,
    offOf(from),
    offOf(to),
    to - from,
    prng.nextBelow(50),
  );
  try {
    if (oneIn(prng, 3)) model.ref = lpReserve(arena, model.ref, prng.nextBelow(500));
    if (oneIn(prng, 3)) model.ref = lpShrinkToFit(arena, model.ref);
    const moved = texts.slice(from, to);
    if (texts.length > 60 || lpBytes(arena, model.ref) > 10_000) {
      // The part is all that stays.
      const copy = lpDup(arena, other);
      arena.free(model.ref);
      model.ref = copy;
      model.texts = moved;
    } else {
      const entries = entriesOf(arena, other);
      model.ref = lpReserve(arena, model.ref, entries.length);
      lpAppendEntries(arena, model.ref, entries, 0, entries.length, moved.length);
      texts.push(...moved);
    }
  } finally {
    arena.free(other);
  }
}

/** A listpack's entries, encoded. */
function entriesOf(arena: Arena, ref: number): Uint8Array {
  const at = refOffset(ref);
  return arena.u8[ref >>> 27].subarray(
    at + LP_HEADER_BYTES,
    at + lpBytes(arena, ref) - 1,
  ) as Uint8Array;
}

function randomInt64(prng: Prng): bigint {
  const v = BigInt(prng.nextU32()) << 32n | BigInt(prng.nextU32());
  return BigInt.asIntN(64, v) >> BigInt(prng.nextBelow(64));
}

function hi(v: bigint): number {
  return Number(BigInt.asIntN(32, v >> 32n));
}

function lo(v: bigint): number {
  return Number(BigInt.asIntN(32, v));
}

function run(model: Model, steps: number, failures: boolean): number {
  const { arena, prng } = model;
  let refused = 0;
  for (let i = 0; i < steps; i++) {
    const grow = Math.floor(i / 300) % 2 === 0 ? 70 : 30;
    if (failures) arena.failIn = oneIn(prng, 2) ? randomInt(prng, 0, 2) : -1;
    try {
      if (oneIn(prng, 30)) reshape(model);
      else change(model, model.texts.length > 200 ? 20 : grow);
    } catch (error) {
      if (error !== ARENA_FULL) throw error;
      refused++;
    }
    arena.failIn = -1;
    model.check();
    if (oneIn(prng, 20)) model.read();
    if (oneIn(prng, 4)) model.find();
  }
  return refused;
}

function dispose(model: Model): void {
  model.arena.validateIntegrity();
  assert.equal(model.arena.liveBlocks, 1);
  model.arena.free(model.ref);
  assert.equal(model.arena.usedBytes, 0, "everything is given back");
}

describe("listpack against an array", () => {
  test("random operations on short elements", () => {
    seeded((n) => {
      const model = new Model(n, new FailingArena(), 100);
      run(model, 3000, false);
      dispose(model);
    });
  });

  test("random operations on elements of every length", () => {
    seeded((n) => {
      const model = new Model(n, new FailingArena({ segmentBytes: 16 << 20 }), 20_000);
      run(model, 600, false);
      dispose(model);
    });
  });

  test("memory runs out at any allocation: nothing has changed", () => {
    seeded((n) => {
      const model = new Model(n, new FailingArena(), 100);
      assert.ok(run(model, 3000, true) > 50);
      dispose(model);
    });
  });

  test("in an arena of one small segment", () => {
    seeded((n) => {
      const model = new Model(
        n,
        new FailingArena({ segmentBytes: 1 << 18, segmentsMax: 1 }),
        20_000,
      );
      const { arena, prng } = model;
      let refused = 0;
      while (refused < 40) {
        const bytes = randomElement(prng, model.max);
        try {
          model.ref = lpAppend(arena, model.ref, bytes, 0, bytes.length);
          model.texts.push(latin1(bytes));
        } catch (error) {
          if (error !== ARENA_FULL) throw error;
          refused++;
          model.check();
          model.ref = lpDeleteRange(arena, model.ref, 0, 3);
          model.texts.splice(0, 3);
        }
      }
      model.read();
      dispose(model);
    });
  });
});

/** Walks what was found to be valid; throws or returns wrong counts when it was not. */
function walk(arena: Arena, bytes: Uint8Array): void {
  const ref = lpFromBytes(arena, bytes, 0, bytes.length);
  const base = refOffset(ref);
  const offs: number[] = [];
  for (let off = lpFirst(arena, ref); off !== 0; off = lpNext(arena, ref, off)) {
    assert.ok(off < bytes.length && offs.length <= bytes.length);
    offs.push(off);
    lpGet(arena, ref, off, value);
    if (!value.isInteger) assert.ok(value.len >= 0 && value.off + value.len <= base + bytes.length);
  }
  for (let off = lpLast(arena, ref); off !== 0; off = lpPrev(arena, ref, off)) {
    assert.equal(off, offs.pop());
  }
  assert.equal(offs.length, 0);
  lpValidateIntegrity(arena, ref);
  arena.free(ref);
}

describe("hostile bytes", () => {
  test("random and damaged listpacks are refused or can be walked", () => {
    seeded((n) => {
      const prng = new Prng(n);
      const arena = new FailingArena();
      let passed = 0;
      for (let round = 0; round < 30_000; round++) {
        const bytes = oneIn(prng, 4) ? noise(prng) : damaged(prng);
        const off = prng.nextBelow(3);
        const framed = new Uint8Array(bytes.length + 3).fill(0xff);
        framed.set(bytes, off);
        if (!lpValidate(framed, off, bytes.length, true)) continue;
        passed++;
        walk(arena, bytes);
      }
      assert.ok(passed > 500, `${passed}`);
      assert.equal(arena.usedBytes, 0);
    });
  });
});

/** Random bytes with a header that fits. */
function noise(prng: Prng): Uint8Array {
  const bytes = randomBytes(prng, randomInt(prng, 7, 24));
  for (let i = 6; i < bytes.length; i++) if (oneIn(prng, 2)) bytes[i] = prng.nextBelow(12);
  bytes.set([bytes.length, 0, 0, 0, oneIn(prng, 3) ? 255 : prng.nextBelow(5), 0]);
  if (bytes[4] === 255) bytes[5] = 255;
  bytes[bytes.length - 1] = 255;
  return bytes;
}

/** A listpack with a few bytes changed, or cut off. */
function damaged(prng: Prng): Uint8Array {
  const entries: number[] = [];
  const count = prng.nextBelow(6);
  for (let i = 0; i < count; i++) entries.push(...encode(latin1(randomElement(prng, 300))));
  const total = entries.length + 7;
  let bytes = Uint8Array.from([total & 255, total >> 8, 0, 0, count, 0, ...entries, 255]);
  for (let hits = prng.nextBelow(3); hits > 0; hits--) {
    bytes[prng.nextBelow(bytes.length)] ^= 1 << prng.nextBelow(8);
  }
  if (oneIn(prng, 8)) bytes = bytes.slice(0, prng.nextBelow(bytes.length));
  return bytes;
}
