import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { ascii, latin1 } from "../../../core/base/bytes.ts";
import { Prng } from "../../../core/base/prng.ts";
import {
  compareIds,
  formatStreamId,
  ID_INVALID,
  ID_OK,
  ID_WITHOUT_SEQ,
  parseStreamId,
  STREAM_ID_LEN_MAX,
  StreamId,
} from "../../../core/base/stream_id.ts";
import { pick, seed } from "../../support/gen.ts";

const MAX64 = (1n << 64n) - 1n;

function idOf(ms: bigint, seq: bigint): StreamId {
  const id = new StreamId();
  const word = (value: bigint) => Number(BigInt.asIntN(32, value));
  id.set(word(ms >> 32n), word(ms), word(seq >> 32n), word(seq));
  return id;
}

function textOf(id: StreamId): string {
  const buf = new Uint8Array(STREAM_ID_LEN_MAX + 2);
  const end = formatStreamId(buf, 2, id);
  return latin1(buf, 2, end - 2);
}

/** What parsing gives: the id as text, or the result that isn't ID_OK. */
function parse(text: string, { max = false, strict = true, auto = false } = {}): string | number {
  const id = new StreamId();
  const result = parseStreamId(ascii(`x${text}y`), 1, text.length, max, strict, auto, id);
  return result === ID_OK ? textOf(id) : result;
}

describe("text", () => {
  test("of ids", () => {
    for (const id of ["0-0", "1-0", "0-1", "1700000000000-0", `${MAX64}-${MAX64}`, "5-7", "5-8"]) {
      assert.equal(parse(id), id);
    }
    assert.equal(parse("9007199254740993-9007199254740991"), "9007199254740993-9007199254740991");
    assert.equal(parse("5"), "5-0");
    assert.equal(parse("5", { max: true }), `5-${MAX64}`);
    assert.equal(parse("-", { strict: false }), "0-0");
    assert.equal(parse("+", { strict: false }), `${MAX64}-${MAX64}`);
    assert.equal(parse("5-*", { auto: true }), ID_WITHOUT_SEQ);
  });

  test("that is none", () => {
    const none = ["", "-", "+", "*", "x", "5-", "-5", "5-x", "x-5", "5-5-5", "5-*", "5 ", "5- 5x"];
    none.push(
      `${MAX64 + 1n}`,
      `1-${MAX64 + 1n}`,
      "1--5",
      "9".repeat(128),
      "1".repeat(21),
      "1-+",
      " ",
    );
    for (const text of none) assert.equal(parse(text), ID_INVALID, JSON.stringify(text));
    assert.equal(parse("-*", { auto: true }), ID_INVALID);
    assert.equal(parse("5-**", { auto: true }), ID_INVALID);
  });

  test("as C's strtoull takes it", () => {
    assert.equal(parse(" 5-\t7"), "5-7");
    assert.equal(parse("+5-+7"), "5-7");
    assert.equal(parse("007-000"), "7-0");
    assert.equal(parse("5--07"), `5-${MAX64 - 6n}`);
    assert.equal(parse("5--0"), "5-0");
    assert.equal(parse(`5--${1n << 63n}`), ID_INVALID);
    assert.equal(parse(`5--${(1n << 63n) + 1n}`), `5-${(1n << 63n) - 1n}`);
    assert.equal(parse("5-7\0junk"), "5-7");
    assert.equal(parse("\0"), ID_INVALID);
    assert.equal(parse("+\0x", { strict: false }), `${MAX64}-${MAX64}`);
  });
});

test("order, the next id and the one before", () => {
  const n = seed();
  const prng = new Prng(n);
  const edges = [0n, 1n, 0x7fffffffn, 0x80000000n, 0xffffffffn, 1n << 32n, 1n << 63n, MAX64 - 1n];
  edges.push(MAX64, BigInt(prng.nextU32()));
  for (let i = 0; i < 3000; i++) {
    const [a, b] = [pick(prng, edges), pick(prng, edges)];
    const [c, d] = [pick(prng, edges), pick(prng, edges)];
    const [left, right] = [a << 64n | b, c << 64n | d];
    const id = idOf(a, b);
    const order = Math.sign(compareIds(id, idOf(c, d)));
    assert.equal(order, left < right ? -1 : left > right ? 1 : 0, `seed ${n}`);
    assert.equal(id.equals(idOf(c, d)), left === right);
    assert.equal(textOf(id), `${a}-${b}`);
    assert.equal(id.increment(), left !== (1n << 128n) - 1n, `seed ${n}`);
    const next = BigInt.asUintN(128, left + 1n);
    assert.equal(textOf(id), `${next >> 64n}-${next & MAX64}`);
    assert.equal(id.decrement(), next !== 0n);
    assert.equal(textOf(id), `${a}-${b}`);
    assert.equal(id.isMin(), left === 0n);
    assert.equal(id.isMax(), left === (1n << 128n) - 1n);
  }
});

test("ids by the clock", () => {
  const id = new StreamId();
  for (const ms of [0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 1_700_000_000_000]) {
    id.setTime(ms);
    assert.equal(textOf(id), `${ms}-0`);
  }
});
