/** core/base/doubles.ts: reading against exact arithmetic, printing against fpconv's results. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ascii, latin1 } from "../../../core/base/bytes.ts";
import {
  DOUBLE_TEXT_LEN_MAX,
  formatDouble,
  formatShortestDouble,
  parseDouble,
  writeDouble,
} from "../../../core/base/numbers.ts";
import { Prng } from "../../../core/base/prng.ts";
import { seed } from "../../support/gen.ts";

/** What Redis 7.4's C code prints for these; some are longer than the shortest text. */
const PRINTED: readonly (readonly [number, string])[] = [
  [0, "0"],
  [-0, "-0"],
  [17, "17"],
  [-9007199254740993, "-9007199254740992"],
  [1e18, "1000000000000000000"],
  [2 ** 60 + 256, "1152921504606847232"],
  [2 ** 62, "4611686018427387904"],
  [-(2 ** 62), "-4611686018427387904"],
  [2 ** 62 + 1024, "4611686018427389000"],
  [Infinity, "inf"],
  [-Infinity, "-inf"],
  [NaN, "nan"],
  [0.1, "0.1"],
  [-0.1, "-0.1"],
  [1.5, "1.5"],
  [3.14159265358979, "3.14159265358979"],
  [0.30000000000000004, "0.30000000000000004"],
  [12345.678, "12345.678"],
  [0.000001, "0.000001"],
  [0.001953125, "0.001953125"],
  [-99.95, "-99.95"],
  [1700000000.123, "1700000000.123"],
  [100000000.000001, "100000000.000001"],
  [795413133.367284, "7.954131333672841e+8"],
  [34035553461.9382, "34035553461.938202"],
  [1e19, "1e+19"],
  [5e18, "5e+18"],
  [1.2345678901234567e19, "12345678901234567000"],
  [9.2233720368547758e18, "9223372036854776000"],
  [1e23, "99999999999999990000000"],
  [1e25, "1e+25"],
  [12e30, "1.2e+31"],
  [6.02214076e23, "6.02214076e+23"],
  [0.001, "0.001"],
  [1e-5, "0.00001"],
  [1e-6, "0.000001"],
  [5e-6, "0.000005"],
  [1e-7, "1e-7"],
  [1.5e-7, "1.5e-7"],
  [0.000001234, "1.234e-6"],
  [0.00012345678901234567, "1.2345678901234567e-4"],
  [1.5e-10, "1.5e-10"],
  [1e99, "1e+99"],
  [1.2e100, "1.2e+100"],
  [1.7976931348623157e308, "1.7976931348623157e+308"],
  [2.2250738585072014e-308, "2.2250738585072014e-308"],
  [2.225073858507201e-308, "2.225073858507201e-308"],
  [5e-324, "5e-324"],
  [-1e-300, "-1e-300"],
  [22639339.93434106, "2.2639339934341062e+7"],
  [4978.931605266725, "4978.9316052667245"],
  [5.53677039320594, "5.5367703932059404"],
  [0.03838076996339242, "0.038380769963392417"],
  [54.66218347519359, "54.662183475193594"],
  [37.12253405969469, "37.122534059694686"],
  [40930798.70544542, "4.0930798705445424e+7"],
  [65535.24933523656, "6.5535249335236556e+4"],
];

function parse(text: string): number {
  const buf = ascii("1" + text + "1");
  return parseDouble(buf, 1, text.length);
}

/** A double with any bit pattern. */
function randomDouble(prng: Prng): number {
  const words = Uint32Array.of(prng.nextU32(), prng.nextU32());
  return new Float64Array(words.buffer)[0];
}

/** Half the distances to the neighbours of a positive double, times 2^1076, and v times 2^1076. */
function exactBounds(v: number): { value: bigint; below: bigint; above: bigint; odd: boolean } {
  const bits = new BigUint64Array(Float64Array.of(v).buffer)[0];
  const at = (b: bigint): bigint => {
    const exponent = b >> 52n;
    const fraction = b & ((1n << 52n) - 1n);
    return exponent === 0n ? fraction << 2n : (fraction | (1n << 52n)) << (exponent + 1n);
  };
  const value = at(bits);
  const below = bits === 0n ? 0n : value - at(bits - 1n);
  return { value, below: below / 2n, above: (at(bits + 1n) - value) / 2n, odd: (bits & 1n) === 1n };
}

/** Asserts that no double is nearer than v to digits * 2^power, v and digits being positive. */
function assertNearest(v: number, digits: bigint, power: number, note: string): void {
  const { value, below, above, odd } = exactBounds(v);
  const shift = BigInt(Math.abs(power + 1076));
  const up = power + 1076 >= 0;
  const exact = up ? digits << shift : digits;
  const scale = up ? 1n : 1n << shift;
  const d = exact - value * scale;
  const limit = (d < 0n ? below : above) * scale;
  const size = d < 0n ? -d : d;
  assert.ok(odd ? size < limit : size <= limit, note);
}

describe("parseDouble", () => {
  test("reads what strtod reads and nothing else", () => {
    const good: [string, number][] = [["0", 0], ["-0", -0], ["+1", 1], ["1.", 1], [".5", 0.5]];
    good.push(["007", 7], ["1e5", 1e5], ["1E+5", 1e5], ["-1.5e-3", -0.0015], ["5e-324", 5e-324]);
    good.push(["inf", Infinity], ["+INF", Infinity], ["-Infinity", -Infinity], ["0x10", 16]);
    good.push(["0X1.8P3", 12], ["-0x.8", -0.5], ["0x1p-1074", 5e-324], ["0x0", 0], ["0e-9999", 0]);
    good.push(["0e99999999999999999999", 0], ["1.7976931348623157e308", Number.MAX_VALUE]);
    good.push(["0x1.fffffffffffff7ffp1023", Number.MAX_VALUE], ["9007199254740993", 2 ** 53]);
    good.push(["123456789012345678901234567890", 123456789012345678901234567890]);
    for (const [text, want] of good) assert.ok(Object.is(parse(text), want), text);
    const bad = [
      "",
      " ",
      "1 ",
      " 1",
      "\t1",
      "1\0",
      "+",
      "-",
      ".",
      "e5",
      "1e",
      "1e+",
      "1.5.5",
      "--1",
    ];
    bad.push(
      "nan",
      "-nan",
      "nan(1)",
      "infinit",
      "infinityx",
      "in",
      "0x",
      "0x.",
      "0xg",
      "0x1p",
      "x1",
    );
    bad.push("1e309", "-1e309", "1e-400", "0x1p1024", "0x1p-1076", "1e99999999999999999999", "1_0");
    bad.push("0x1.fffffffffffff8p1023", "0x1p-99999999999999999999", "1,5", "1d", "0b1", "0o7");
    for (const text of bad) assert.ok(Number.isNaN(parse(text)), text);
  });

  test("rounds decimals as the language does, on the fast path and on the slow one", () => {
    const n = seed();
    const prng = new Prng(n);
    for (let i = 0; i < 30_000; i++) {
      const whole = String(prng.nextBelow(10 ** (1 + prng.nextBelow(15))));
      const fraction = String(prng.nextBelow(10 ** (1 + prng.nextBelow(15))));
      const exponent = prng.nextBelow(2) === 0 ? "" : `e${prng.nextBelow(500) - 250}`;
      const text = `${whole}.${fraction}${exponent}`;
      assert.equal(parse(text), Number(text), `seed ${n}: ${text}`);
    }
  });

  test("reads whole numbers and decimals around 2^53", () => {
    for (let i = -50; i <= 50; i++) {
      const digits = String(2n ** 53n + BigInt(i));
      assert.equal(parse(digits), Number(digits), digits);
      for (let point = 0; point <= digits.length; point++) {
        const text = `-${digits.slice(0, point)}.${digits.slice(point)}`;
        assert.equal(parse(text), Number(text), text);
      }
    }
    assert.equal(parse("1763888888123456"), 1763888888123456);
  });

  test("rounds hexadecimal digits to the nearest double, ties to even", () => {
    const n = seed();
    const prng = new Prng(n);
    for (let i = 0; i < 5000; i++) {
      let digits = String(1 + prng.nextBelow(9));
      const count = 1 + prng.nextBelow(22);
      // Mostly zeros, so that exact ties occur.
      for (let j = 0; j < count; j++) digits += "000000000008"[prng.nextBelow(12)];
      const power = prng.nextBelow(2) === 0
        ? prng.nextBelow(100) - 50
        : -1000 - prng.nextBelow(160);
      const text = `0x${digits}p${power}`;
      const v = parse(text);
      if (Number.isNaN(v)) {
        const magnitude = BigInt("0x" + digits).toString(2).length + power;
        assert.ok(magnitude <= -1074, `seed ${n}: ${text} does not vanish`);
        continue;
      }
      assertNearest(v, BigInt("0x" + digits), power, `seed ${n}: ${text}`);
    }
  });

  test("takes texts of any length", () => {
    const zeros = "0".repeat(3_000_000);
    assert.equal(parse(`0.${zeros}1`), NaN);
    assert.equal(parse(`0.${zeros}1e3000001`), 1);
    assert.equal(parse(`1${zeros}e-3000000`), 1);
    assert.equal(parse(`0x1${zeros}p-12000000`), 1);
    // Half way between two doubles but for a digit far behind, where digits are no longer kept.
    assert.equal(parse(`9007199254740993.${zeros}`), 2 ** 53);
    assert.equal(parse(`9007199254740993.${zeros}1`), 2 ** 53 + 2);
    assert.equal(parse(`0x20000000000001.${zeros}1`), 2 ** 53 + 2);
    assert.equal(parse(zeros), 0);
    assert.ok(Number.isNaN(parse(`${zeros}x`)));
  });
});

describe("formatShortestDouble", () => {
  test("prints whole numbers by their digits", () => {
    const printed: [number, string][] = [
      [0, "0"],
      [-3, "-3"],
      [1e5, "100000"],
      [1e7, "10000000"],
      [1e8, "1e+8"],
      [1e15, "1e+15"],
      [-1.2345e15, "-1.2345e+15"],
      [2 ** 62, "4611686018427388000"],
      [Infinity, "inf"],
      [0.1, "0.1"],
    ];
    for (const [v, want] of printed) assert.equal(formatShortestDouble(v), want);
  });
});

describe("formatDouble", () => {
  test("prints what Redis's C code prints", () => {
    for (const [v, want] of PRINTED) assert.equal(formatDouble(v), want);
  });

  test("prints decimals of few digits as they are", () => {
    const n = seed();
    const prng = new Prng(n);
    for (let i = 0; i < 20_000; i++) {
      const places = 1 + prng.nextBelow(6);
      const value = prng.nextBelow(10 ** (1 + prng.nextBelow(13))) / 10 ** places;
      const text = formatDouble(value);
      if (text === String(value)) continue;
      // Near the edge of what reads as the number, Redis misses the short text.
      assert.equal(Number(text), value, `seed ${n}`);
      assert.ok(text.length > 16 || value < 1e-6, `seed ${n}: ${value} prints as ${text}`);
    }
  });

  test("prints text that reads back as the same double and fits the promised room", () => {
    const n = seed();
    const prng = new Prng(n);
    const dst = new Uint8Array(DOUBLE_TEXT_LEN_MAX + 2);
    for (let i = 0; i < 50_000; i++) {
      const short = prng.nextBelow(1e9) / 10 ** prng.nextBelow(20);
      const v = i % 2 === 0 ? randomDouble(prng) : short;
      if (Number.isNaN(v)) continue;
      dst.fill(0x2e);
      const end = writeDouble(dst, 1, v);
      assert.ok(end <= 1 + DOUBLE_TEXT_LEN_MAX && dst[0] === 0x2e && dst[end] === 0x2e);
      const text = latin1(dst, 1, end - 1);
      assert.equal(text, formatDouble(v));
      assert.ok(Object.is(parse(text), v), `seed ${n}: ${v} printed as ${text}`);
      const digits = text.replace(/e.*|[-.]/g, "").replace(/^0+|0+$/g, "");
      assert.ok(digits.length <= 17 || Number.isInteger(v), `seed ${n}: ${v} as ${text}`);
    }
  });
});
