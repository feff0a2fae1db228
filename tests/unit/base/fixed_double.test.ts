/** core/base/fixed_double.ts against exact arithmetic with BigInt. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  FIXED_TEXT_LEN_MAX,
  fixedText,
  writeExact17,
  writeTenThousandths,
} from "../../../core/base/fixed_double.ts";
import { Prng } from "../../../core/base/prng.ts";
import { seed } from "../../support/gen.ts";

const buf = new Uint8Array(FIXED_TEXT_LEN_MAX + 3);

function exact17(v: number): string {
  const end = writeExact17(buf, 3, v);
  return String.fromCharCode(...buf.subarray(3, end));
}

function tenThousandths(v: number): string {
  return String.fromCharCode(...buf.subarray(0, writeTenThousandths(buf, 0, v)));
}

/** C's "%.<digits>f": the exact value, ties to even. */
function naive(v: number, digits: number): string {
  let mantissa = Math.abs(v);
  let shift = 0n;
  for (; !Number.isInteger(mantissa); mantissa *= 2) shift++;
  const scaled = BigInt(mantissa) * 10n ** BigInt(digits);
  const floor = scaled >> shift;
  const rest = (scaled - (floor << shift)) * 2n;
  const one = 1n << shift;
  const rounded = rest > one || rest === one && floor % 2n === 1n ? floor + 1n : floor;
  const text = rounded.toString().padStart(digits + 1, "0");
  return `${v < 0 ? "-" : ""}${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

function trimmed(text: string): string {
  const short = text.replace(/\.?0+$/, "");
  return short === "-0" ? "0" : short;
}

test("coordinates as Redis prints them", () => {
  assert.equal(exact17(13.361389338970184), "13.36138933897018433");
  assert.equal(exact17(0), "0");
  assert.equal(exact17(-180), "-180");
  assert.equal(exact17(0.5), "0.5");
  assert.equal(exact17(-1e-18), "0");
  assert.equal(exact17(1 - 2 ** -53), "0.99999999999999989");
  assert.equal(exact17(2 ** -18), "0.00000381469726562");
});

test("any number: all digits are right", () => {
  const run = seed();
  const prng = new Prng(run);
  for (let i = 0; i < 20_000; i++) {
    const sign = i % 2 === 0 ? 1 : -1;
    const numbers = [
      prng.nextFloat() * 360 - 180,
      sign * prng.nextFloat() * 10 ** -(prng.nextFloat() * 25),
      sign * prng.nextBelow(1e6) / 2 ** prng.nextBelow(80),
      sign * prng.nextFloat() * 2 ** 50,
    ];
    for (const v of numbers) {
      assert.equal(exact17(v), trimmed(naive(v, 17)), `seed ${run}: ${v}`);
      assert.equal(fixedText(v, 6), naive(v, 6), `seed ${run}: ${v}`);
    }
  }
});

test("distances: four digits, rounded after multiplying", () => {
  assert.equal(tenThousandths(0), "0.0000");
  assert.equal(tenThousandths(166274.15156960033), "166274.1516");
  assert.equal(tenThousandths(0.00005), "0.0000");
  assert.equal(tenThousandths(0.00025), "0.0002");
  assert.equal(tenThousandths(0.00035), "0.0004");
  assert.equal(tenThousandths(-3.5), "-3.5000");
  assert.equal(tenThousandths(900719925474), "900719925474.0000");
  assert.equal(tenThousandths(9e14), "900000000000000.0000");
  assert.equal(tenThousandths(NaN), "-922337203685477.5808");
  assert.equal(tenThousandths(Infinity), "-922337203685477.5808");
});

test("numbers in error messages", () => {
  assert.equal(fixedText(200, 6), "200.000000");
  assert.equal(fixedText(180.0078125, 6), "180.007812");
  assert.equal(fixedText(-0, 6), "-0.000000");
  assert.equal(fixedText(Infinity, 6), "inf");
  assert.equal(fixedText(-Infinity, 6), "-inf");
  assert.equal(fixedText(1e22, 6), "10000000000000000000000.000000");
});
