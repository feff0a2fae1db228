import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { Prng } from "../../../core/base/prng.ts";
import { Arena, refOffset } from "../../../core/memory/arena.ts";
import {
  LP_EMPTY_BYTES,
  lpAppend,
  lpAppendEntries,
  lpAppendInt64,
  lpAppendInteger,
  lpBytes,
  lpCount,
  lpCreate,
  lpReserve,
  lpValidateIntegrity,
} from "../../../core/structures/listpack.ts";
import { ListpackWriter } from "../../../core/structures/listpack_writer.ts";
import { oneIn, pick, randomValue, seed } from "../../support/gen.ts";
import { toBytes } from "../../support/resp_reply.ts";

const INTEGERS = [0, 1, 127, 128, 4095, 4096, 32767, 2 ** 31, 2 ** 53 - 1, -1, -4096, -(2 ** 40)];
const WORDS = [[0, 5], [0, -1], [-1, -1], [0x7fffffff, -1], [-0x80000000, 0], [1, 0]];
const TEXTS = [
  "",
  "a",
  "9",
  "-",
  "-5",
  "007",
  ":x",
  "x".repeat(63),
  "x".repeat(64),
  "y".repeat(5000),
];

function bytesOf(arena: Arena, ref: number): Uint8Array {
  const at = refOffset(ref);
  return (arena.u8[ref >>> 27] as Uint8Array).slice(at, at + lpBytes(arena, ref));
}

describe("ListpackWriter", () => {
  test("writes what appending one by one gives", () => {
    const n = seed();
    const prng = new Prng(n);
    const arena = new Arena({ poison: true, segmentBytes: 1 << 20 });
    const writer = new ListpackWriter();
    for (let round = 0; round < 200; round++) {
      let one = lpCreate(arena);
      let other = lpCreate(arena);
      for (let step = 0; step < 4; step++) {
        writer.clear();
        for (let i = prng.nextBelow(8); i > 0; i--) {
          if (oneIn(prng, 3)) {
            const value = pick(prng, INTEGERS);
            writer.integer(value);
            one = lpAppendInteger(arena, one, value);
          } else if (oneIn(prng, 2)) {
            const [hi, lo] = pick(prng, WORDS);
            writer.int64(hi, lo);
            one = lpAppendInt64(arena, one, hi, lo);
          } else {
            const text = oneIn(prng, 2) ? toBytes(pick(prng, TEXTS)) : randomValue(prng, 300);
            writer.text(text, 0, text.length);
            one = lpAppend(arena, one, text, 0, text.length);
          }
        }
        other = lpReserve(arena, other, writer.pos);
        lpAppendEntries(arena, other, writer.buf, 0, writer.pos, writer.count);
      }
      lpValidateIntegrity(arena, other);
      assert.deepEqual(bytesOf(arena, other), bytesOf(arena, one), `seed ${n}`);
      arena.free(one);
      arena.free(other);
    }
    assert.equal(arena.usedBytes, 0);
  });

  test("counts on beyond what the header can say", () => {
    const arena = new Arena({ poison: true, segmentBytes: 1 << 20 });
    const writer = new ListpackWriter();
    for (let i = 0; i < 40_000; i++) writer.integer(1);
    let ref = lpCreate(arena, LP_EMPTY_BYTES + writer.pos);
    for (let i = 1; i < 3; i++) {
      ref = lpReserve(arena, ref, writer.pos);
      lpAppendEntries(arena, ref, writer.buf, 0, writer.pos, writer.count);
      assert.equal(lpCount(arena, ref), i * 40_000);
    }
    lpValidateIntegrity(arena, ref);
  });
});
