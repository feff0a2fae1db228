/** core/base/integers.ts against BigInt and String, around every limit and at random. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ascii, latin1 } from "../../../core/base/bytes.ts";
import {
  BIG,
  formatBigInt64,
  formatInteger,
  INTEGER_TEXT_LEN_MAX,
  integerDigits,
  parseBigInt64,
  parseInteger,
} from "../../../core/base/numbers.ts";
import { Prng } from "../../../core/base/prng.ts";
import { randomIntText, seed } from "../../support/gen.ts";

/** What `parseInteger` must answer, by way of BigInt and back to text. */
function oracle(text: string): number {
  if (!/^-?[0-9]+$/.test(text)) return NaN;
  const v = BigInt(text);
  if (v.toString() !== text || v !== BigInt.asIntN(64, v)) return NaN;
  return Number.isSafeInteger(Number(v)) ? Number(v) : BIG;
}

function checkParse(text: string, note = ""): void {
  const buf = ascii("7" + text + "7");
  const want = oracle(text);
  const shown = `${JSON.stringify(text)} ${note}`;
  assert.ok(Object.is(parseInteger(buf, 1, text.length), want), shown);
  if (Number.isNaN(want)) {
    assert.throws(() => parseBigInt64(buf, 1, text.length), RangeError, shown);
  } else assert.equal(parseBigInt64(buf, 1, text.length), BigInt(text), shown);
}

function checkFormat(v: number): void {
  const dst = new Uint8Array(30).fill(0x2e);
  const end = formatInteger(dst, 3, v);
  const text = String(v);
  assert.equal(latin1(dst, 0, 30), "..." + text + ".".repeat(27 - text.length));
  assert.equal(end, 3 + text.length);
  assert.equal(integerDigits(v), text.length);
}

/** Powers of two and ten and their neighbours, of both signs. */
function edges(): bigint[] {
  const out: bigint[] = [];
  for (let i = 0n; i <= 70n; i++) {
    for (const base of [2n ** i, 10n ** (i % 25n)]) {
      for (let d = -2n; d <= 2n; d++) out.push(base + d, -base + d);
    }
  }
  return out;
}

describe("parseInteger", () => {
  test("answers exact doubles, BIG or NaN around every limit", () => {
    for (const v of edges()) checkParse(v.toString());
  });

  test("refuses every other spelling", () => {
    const bad = [
      "",
      "-",
      "+1",
      "-0",
      "00",
      "01",
      "-01",
      " 1",
      "1 ",
      "1.",
      "1e3",
      "0x1",
      "--1",
      "1-",
    ];
    bad.push("1\0", "\0", "9".repeat(20), "9".repeat(21), "1".repeat(40), "-" + "9".repeat(20));
    for (const text of bad) checkParse(text);
    for (let c = 0; c < 256; c++) {
      for (const text of ["1", "123456789", "123456789012", "1234567890123456789"]) {
        checkParse(text.slice(0, -1) + String.fromCharCode(c));
        checkParse(String.fromCharCode(c) + text.slice(1));
      }
    }
  });

  test("agrees with BigInt on random texts", () => {
    const n = seed();
    const prng = new Prng(n);
    for (let i = 0; i < 30_000; i++) checkParse(randomIntText(prng), `seed ${n}`);
  });
});

describe("formatInteger", () => {
  test("writes what String writes, at the edges and at random", () => {
    for (const v of edges()) if (Number.isSafeInteger(Number(v))) checkFormat(Number(v));
    const n = seed();
    const prng = new Prng(n);
    for (let i = 0; i < 30_000; i++) {
      const v = Math.floor(prng.nextBelow(2 ** 53) / 2 ** prng.nextBelow(53));
      checkFormat(v);
      checkFormat(v === 0 ? 0 : -v);
    }
  });

  test("keeps exact where eight digits are split off", () => {
    for (let k = 1; k <= 90_071_992; k = k * 3 + 1) {
      for (const d of [-1, 0, 1]) checkFormat(k * 100_000_000 + d);
    }
  });
});

test("formatBigInt64 writes every 64-bit integer and refuses others", () => {
  for (const v of edges()) {
    const dst = new Uint8Array(INTEGER_TEXT_LEN_MAX + 1);
    if (v !== BigInt.asIntN(64, v)) {
      assert.throws(() => formatBigInt64(dst, 1, v), RangeError);
      continue;
    }
    const end = formatBigInt64(dst, 1, v);
    assert.equal(latin1(dst, 1, end - 1), v.toString());
  }
});
