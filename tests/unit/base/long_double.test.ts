/**
 * core/base/long_double.ts: its results are checked against the definition (no representable value
 * is nearer) with exact fractions, and against a redis-server where one is installed.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ascii } from "../../../core/base/bytes.ts";
import {
  addLongDouble,
  formatLongDouble,
  isFiniteLongDouble,
  type LongDouble,
  parseLongDouble,
} from "../../../core/base/long_double.ts";
import { Prng } from "../../../core/base/prng.ts";
import { pick, seed } from "../../support/gen.ts";
import { encodeCommand } from "../../support/resp_client.ts";
import { ReplyError } from "../../support/resp_reply.ts";
import { redisMissing, startRedis } from "../../support/server.ts";

const WORDS = ["0", "-0", "inf", "-Infinity", "nan", "", ".", "1e", "0x", "1 ", " 1", "1\0", "+5"];
WORDS.push("1e4932", "1.2e4932", "-1e5000", "2e-4951", "1.8e-4951", "0x1p16383", "0x1p-16445");
WORDS.push("0x1p-16447", "0e-99999", "1".repeat(5119), "1".repeat(5120), "0".repeat(5119));

function parse(text: string): LongDouble | null {
  return parseLongDouble(ascii(text), 0, text.length);
}

function mustParse(text: string): LongDouble {
  const v = parse(text);
  assert.ok(v !== null, text);
  return v;
}

function addTexts(a: string, b: string): string {
  return formatLongDouble(addLongDouble(mustParse(a), mustParse(b)));
}

/** The decimal text of a float, without exponent beyond what `text` has, as a fraction. */
function fraction(text: string): { num: bigint; den: bigint } {
  const m = /^(-?)(\d*)\.?(\d*)(?:e(-?\d+))?$/.exec(text);
  assert.ok(m !== null, text);
  const exponent = Number(m[4] ?? "0") - m[3].length;
  const digits = BigInt(m[1] + (m[2] + m[3]));
  return exponent < 0
    ? { num: digits, den: 10n ** BigInt(-exponent) }
    : { num: digits * 10n ** BigInt(exponent), den: 1n };
}

/** Asserts that v is num/den rounded to the nearest long double, ties to even. */
function assertNearest(v: LongDouble, num: bigint, den: bigint, note: string): void {
  const size = num < 0n ? -num : num;
  assert.equal(v.negative, num < 0n, note);
  assert.ok(v.mantissa < 1n << 64n && v.exponent >= -16445 && v.exponent <= 16320, note);
  // Bring the mantissa to full width, as far as the format allows, so that its unit is the last bit.
  let m = v.mantissa;
  let e = v.exponent;
  while (m !== 0n && m < 1n << 63n && e > -16445) {
    m <<= 1n;
    e--;
  }
  // Compare size with m * 2^e in units of 2^e / 2: |2 * size / (den * 2^e) - 2m| <= 1.
  const left = e < 0 ? size << BigInt(-e) : size;
  const unit = e < 0 ? den : den << BigInt(e);
  const error = 2n * left - 2n * m * unit;
  const bound = unit;
  const offBy = error < 0n ? -error : error;
  // Below a power of two the neighbours are twice as near.
  const limit = error < 0n && m === 1n << 63n && e > -16445 ? bound / 2n : bound;
  assert.ok((m & 1n) === 1n ? offBy < limit : offBy <= limit, note);
}

function randomDigits(prng: Prng, max: number): string {
  let s = "";
  for (let i = 1 + prng.nextBelow(max); i > 0; i--) s += String(prng.nextBelow(10));
  return s;
}

function randomFloat(prng: Prng): string {
  const sign = pick(prng, ["", "-", ""]);
  const fractionText = prng.nextBelow(4) === 0 ? "" : "." + randomDigits(prng, 25);
  const exponents = ["", "", "", `e${prng.nextBelow(40) - 20}`, `e${prng.nextBelow(9900) - 4950}`];
  return sign + randomDigits(prng, 22) + fractionText + pick(prng, exponents);
}

describe("known results", () => {
  test("are those of INCRBYFLOAT's documentation and of x87", () => {
    assert.equal(addTexts("10.50", "0.1"), "10.6");
    assert.equal(addTexts("5.0e3", "2.0e2"), "5200");
    assert.equal(addTexts("0.1", "0.2"), "0.3");
    assert.equal(addTexts("1.1", "-1.1"), "0");
    assert.equal(addTexts("-0", "-0"), "0");
    assert.equal(addTexts("-1e-30", "0"), "0");
    assert.equal(addTexts("3", "1.0000000000000005"), "4.0000000000000005");
    assert.equal(addTexts("9223372036854775807", "1"), "9223372036854775808");
    assert.equal(addTexts("18446744073709551616", "1"), "18446744073709551616");
    assert.equal(addTexts("18446744073709551616", "3"), "18446744073709551620");
    assert.equal(addTexts("1e20", "0.5"), "100000000000000000000");
    assert.equal(addTexts("0x1.8p1", "0x10"), "19");
  });

  test("accept and refuse what strtold does in Redis", () => {
    for (const text of ["inf", "-INF", "+infinity", "1e4932", "2e-4951", "0e-99999", ".5", "5."]) {
      assert.ok(parse(text) !== null, text);
    }
    for (const text of ["nan", "1.2e4932", "1.8e-4951", "", "1 ", " 1", "1\0", "1e", "0x", "1,5"]) {
      assert.equal(parse(text), null, text);
    }
    assert.ok(parse("1".repeat(4933)) !== null && parse("1".repeat(4934)) === null);
    assert.ok(parse("0".repeat(5119)) !== null && parse("0".repeat(5120)) === null);
  });

  test("cover infinities and nan", () => {
    const inf = mustParse("inf");
    const minusInf = mustParse("-inf");
    const one = mustParse("1");
    assert.equal(formatLongDouble(addLongDouble(inf, one)), "inf");
    assert.equal(formatLongDouble(addLongDouble(one, minusInf)), "-inf");
    const nan = addLongDouble(inf, minusInf);
    assert.equal(formatLongDouble(nan), "nan");
    assert.equal(formatLongDouble(addLongDouble(nan, one)), "nan");
    assert.equal(formatLongDouble(addLongDouble(one, nan)), "nan");
    assert.equal(isFiniteLongDouble(nan) || isFiniteLongDouble(inf), false);
    const largest = mustParse("0x1.fffffffffffffffep16383");
    assert.equal(isFiniteLongDouble(largest), true);
    assert.equal(isFiniteLongDouble(addLongDouble(largest, mustParse("0x1p16318"))), true);
    assert.equal(isFiniteLongDouble(addLongDouble(largest, mustParse("0x1p16319"))), false);
  });
});

describe("random values", () => {
  test("are read to the nearest long double", () => {
    const n = seed();
    const prng = new Prng(n);
    for (let i = 0; i < 1500; i++) {
      const text = randomFloat(prng);
      const v = parse(text);
      const { num, den } = fraction(text);
      if (v === null) {
        const tooSmall = num * 2n ** 16446n <= den && -num * 2n ** 16446n <= den;
        assert.ok(num !== 0n && (tooSmall || den === 1n || num / den !== 0n), `seed ${n}: ${text}`);
      } else if (num !== 0n) {
        assertNearest(v, num, den, `seed ${n}: ${text}`);
      }
    }
  });

  test("are added to the nearest long double and printed to seventeen digits", () => {
    const n = seed();
    const prng = new Prng(n);
    for (let i = 0; i < 1500; i++) {
      const a = mustParse(`${prng.nextBelow(2) ? "-" : ""}${randomDigits(prng, 12)}.${i}`);
      const b = mustParse(`${prng.nextBelow(2) ? "-" : ""}0.${randomDigits(prng, 30)}`);
      const sum = addLongDouble(a, b);
      // All exponents here are above -200, so everything is an integer in units of 2^-200.
      const units = (v: LongDouble) =>
        (v.negative ? -1n : 1n) * (v.mantissa << BigInt(v.exponent + 200));
      const exact = units(a) + units(b);
      if (exact !== 0n) assertNearest(sum, exact, 1n << 200n, `seed ${n}, round ${i}`);
      const text = formatLongDouble(sum);
      assert.match(text, /^(-?(0|[1-9]\d*)(\.\d{0,16}[1-9])?)$/);
      const printed = fraction(text);
      const scale = 10n ** 17n / printed.den;
      const error = 2n * (units(sum) * 10n ** 17n - printed.num * scale * (1n << 200n));
      const odd = ((printed.num * scale) & 1n) === 1n;
      const size = error < 0n ? -error : error;
      assert.ok(odd ? size < 1n << 200n : size <= 1n << 200n, `seed ${n}: ${text}`);
    }
  });

  test("give redis-server's INCRBYFLOAT replies", { skip: redisMissing() }, async () => {
    const n = seed();
    const prng = new Prng(n);
    const server = await startRedis();
    assert.ok(server !== null);
    const client = await server.connect();
    try {
      for (let i = 0; i < 3000; i++) {
        const a = prng.nextBelow(8) === 0 ? pick(prng, WORDS) : randomFloat(prng);
        const b = prng.nextBelow(8) === 0 ? pick(prng, WORDS) : randomFloat(prng);
        client.send(encodeCommand(["SET", "k", ascii(a)]));
        client.send(encodeCommand(["INCRBYFLOAT", "k", ascii(b)]));
        await client.read();
        const reply = await client.read();
        const note = `seed ${n}: ${JSON.stringify(a)} + ${JSON.stringify(b)}`;
        const x = parse(a);
        const y = parse(b);
        const sum = x !== null && y !== null ? addLongDouble(x, y) : null;
        if (sum === null) {
          assert.ok(reply instanceof ReplyError && /not a valid float/.test(reply.message), note);
        } else if (!isFiniteLongDouble(sum)) {
          assert.ok(reply instanceof ReplyError && /NaN or Infinity/.test(reply.message), note);
        } else {
          assert.equal(reply, formatLongDouble(sum), note);
        }
      }
    } finally {
      client.close();
      await server.stop();
    }
  });
});
