/** core/base/readonly_view.ts: views of several buffers by turns, words that are compared and copied at any offset. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Prng } from "../../../core/base/prng.ts";
import { copyWords, LastView, sameWords } from "../../../core/base/readonly_view.ts";
import { seed } from "../../support/gen.ts";

const ROUNDS = 2000;
const KEPT_BYTES_MAX = 1 << 20;

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

describe("LastView", () => {
  test("is asked about several buffers in any order", () => {
    const n = seed();
    const prng = new Prng(n);
    const whole = new Uint8Array(64).map((_, i) => i);
    const buffers = [
      whole.subarray(8, 24),
      whole.subarray(9, 24),
      whole,
      new Uint8Array(new SharedArrayBuffer(16)).fill(200),
      new Uint8Array(KEPT_BYTES_MAX + 1).fill(201),
    ];
    const views = new LastView();
    for (let round = 0; round < ROUNDS; round++) {
      const bytes = buffers[prng.nextBelow(buffers.length)];
      const at = prng.nextBelow(16);
      const view = views.of(bytes);
      assert.equal(view.byteLength, bytes.length, `seed ${n}, round ${round}`);
      assert.equal(view.getUint8(at % bytes.length), bytes[at % bytes.length], `seed ${n}`);
    }
  });

  test("keeps the views of two buffers, unless one is large and not shared", () => {
    const views = new LastView();
    const [a, b, c] = [new Uint8Array(8), new Uint8Array(8), new Uint8Array(8)];
    const [ofA, ofB] = [views.of(a), views.of(b)];
    for (let i = 0; i < 3; i++) {
      assert.equal(views.of(a), ofA);
      assert.equal(views.of(b), ofB);
    }
    views.of(c);
    assert.equal(views.of(b), ofB);
    const large = new Uint8Array(KEPT_BYTES_MAX + 1);
    assert.notEqual(views.of(large), views.of(large));
    assert.equal(views.of(b), ofB);
  });
});

describe("words", () => {
  test("are compared and copied at any offset, and nothing around them is touched", () => {
    const n = seed();
    const prng = new Prng(n);
    for (let round = 0; round < ROUNDS; round++) {
      const [from, to] = [new Uint8Array(128), new Uint8Array(128)];
      prng.fill(from);
      prng.fill(to);
      const len = 4 + prng.nextBelow(60);
      const [fromOff, toOff] = [prng.nextBelow(60), prng.nextBelow(60)];
      const want = to.slice();
      want.set(from.subarray(fromOff, fromOff + len), toOff);
      copyWords(viewOf(to), toOff, viewOf(from), fromOff, len);
      assert.deepEqual(to, want, `seed ${n}, round ${round}`);
      assert.ok(sameWords(viewOf(from), fromOff, viewOf(to), toOff, len));
      to[toOff + prng.nextBelow(len)] ^= 1 << prng.nextBelow(8);
      assert.ok(!sameWords(viewOf(from), fromOff, viewOf(to), toOff, len), `seed ${n}`);
    }
  });
});
