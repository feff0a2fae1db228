/** QueryBuffer: sizes of reads, room for arguments, against a plain list of bytes. */

import { test } from "node:test";
import assert from "node:assert/strict";
import { Prng } from "../../../core/base/prng.ts";
import { QueryBuffer, READ_MAX, READ_MIN } from "../../../core/net/query_buffer.ts";
import { randomInt, seed } from "../../support/gen.ts";

/** Fills a read of the buffer with bytes that count up from `first`. */
function read(query: QueryBuffer, len: number, first = 0): void {
  const target = query.readTarget(null);
  assert.ok(len <= target.length, `there is room for ${len}`);
  for (let i = 0; i < len; i++) target[i] = first + i;
  query.filled(len);
}

test("a read that fills its room makes the next larger, up to a limit", () => {
  const query = new QueryBuffer();
  const sizes: number[] = [];
  for (let i = 0; i < 5; i++) {
    const { length } = query.readTarget(null);
    sizes.push(length);
    query.filled(length);
    query.consumed(query.end);
  }
  assert.deepEqual(sizes, [READ_MIN, READ_MIN * 4, READ_MIN * 16, READ_MAX, READ_MAX]);
});

test("reads that leave most of it empty make it smaller, one full one does not", () => {
  const query = new QueryBuffer();
  for (let i = 0; i < 4; i++) {
    query.filled(query.readTarget(null).length);
    query.consumed(query.end);
  }
  const sizes = new Set<number>();
  for (let i = 0; i < 60; i++) {
    sizes.add(query.readTarget(null).length);
    query.filled(10);
    query.consumed(query.end);
  }
  assert.deepEqual([...sizes], [READ_MAX, READ_MAX / 4, READ_MAX / 16, READ_MIN]);
});

test("an unfinished request that fills the buffer makes it grow", () => {
  const query = new QueryBuffer();
  for (let i = 0; i < 6; i++) query.filled(query.readTarget(null).length);
  assert.ok(query.buf.length >= query.used);
  assert.ok(query.used >= READ_MAX * 3);
});

test("release and trim give memory back, but not under a read that waits", () => {
  const query = new QueryBuffer();
  read(query, 100);
  query.consumed(40);
  query.readTarget(null);
  query.trim(null);
  assert.ok(query.buf.length >= READ_MIN, "the read has its buffer");
  query.filled(0);
  assert.equal(query.used, 60);
  assert.equal(query.buf[query.start], 40);
  query.release();
  assert.equal(query.buf.length, 0);
  assert.equal(query.used, 0);
});

test("a buffer that is shared gets only the rest of a request, and is kept for a while", () => {
  const query = new QueryBuffer();
  const bytes = new Uint8Array(300);
  assert.equal(query.append(null, bytes, 100, 200), 100);
  assert.equal(query.buf.length, READ_MAX);
  const target = query.restTarget(null);
  assert.equal(target.length, READ_MAX - 100);
  query.filled(target.length);
  for (let i = 0; i < 3; i++) {
    const { length } = query.restTarget(null);
    assert.ok(length > 0, "there is always room");
    query.filled(length);
  }
  query.consumed(query.end);
  assert.equal(query.used, 0);
  const { length } = query.buf;
  assert.ok(length > READ_MAX * 2);
  query.shrink(null);
  assert.equal(query.buf.length, length, "it was needed a moment ago");
  query.shrink(null);
  assert.equal(query.buf.length, READ_MAX);
  query.trim(null);
  assert.equal(query.buf.length, 0);
});

test("a very large buffer goes with its request", () => {
  const query = new QueryBuffer();
  const bytes = new Uint8Array(3 * 1024 * 1024);
  query.append(null, bytes, 0, bytes.length);
  query.consumed(query.end);
  assert.equal(query.buf.length, 0);
});

test("a read that waits keeps its place when what came before it is executed", () => {
  const query = new QueryBuffer();
  read(query, 100);
  const target = query.readTarget(null);
  query.consumed(query.end);
  target[0] = 77;
  query.filled(1);
  assert.equal(query.used, 1);
  assert.equal(query.buf[query.start], 77);
});

test("no byte is lost or moved out of order, whatever is read, appended and consumed", () => {
  const n = seed();
  const prng = new Prng(n);
  for (let round = 0; round < 30; round++) {
    const query = new QueryBuffer();
    let expected: number[] = [];
    let next = 0;
    for (let step = 0; step < 60; step++) {
      if (randomInt(prng, 0, 1) === 0) {
        const target = randomInt(prng, 0, 1) === 0
          ? query.readTarget(null)
          : query.restTarget(null);
        const len = randomInt(prng, 0, target.length);
        for (let i = 0; i < len; i++) expected.push(target[i] = next++ & 255);
        query.filled(len);
      } else {
        const bytes = Uint8Array.from({ length: randomInt(prng, 1, 3000) }, () => next++ & 255);
        for (let at = 0; at < bytes.length;) {
          const count = query.append(null, bytes, at, bytes.length);
          assert.ok(count > 0, `seed ${n}`);
          expected.push(...bytes.subarray(at, at + count));
          at += count;
        }
      }
      const done = randomInt(prng, 0, 2) === 0 ? query.used : randomInt(prng, 0, query.used);
      query.consumed(query.start + done);
      expected = expected.slice(done);
      if (randomInt(prng, 0, 9) === 0) query.trim(null);
      if (randomInt(prng, 0, 9) === 0) query.shrink(null);
      const held = [...query.buf.subarray(query.start, query.end)];
      assert.deepEqual(held, expected, `seed ${n}`);
    }
  }
});
