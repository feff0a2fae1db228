/**
 * The bit library (LuaBitOp): operations on the low 32 bits of numbers, results signed.
 *
 * A number gets its bits by adding 2^52 + 2^51, whose last place is 1: that rounds it to a whole
 * number, and the sum's low word has the bits. Beyond 2^51 the result is whatever that leaves, as in
 * the original.
 */

import { library, typeExpected } from "./arguments.ts";
import { toNumber } from "./runtime.ts";
import type { LuaState } from "./state.ts";
import type { LuaFunction, LuaValue } from "./value.ts";

const MAGIC = 6755399441055744;
const double = new Float64Array(1);
const words = new Int32Array(double.buffer);

/** Sets `bit`. */
export function openBit(state: LuaState): void {
  state.globals.setString("bit", library(BIT));
}

function bits(v: LuaValue, n: number, count: number): number {
  const x = toNumber(v);
  if (x === undefined) throw typeExpected("number", v, n, count);
  if ((x | 0) === x) return x;
  double[0] = x + MAGIC;
  return words[0];
}

function fold(compute: (a: number, b: number) => number): LuaFunction {
  return (...args) => {
    let result = bits(args[0], 1, args.length);
    for (let i = args.length - 1; i > 0; i--) {
      result = compute(result, bits(args[i], i + 1, args.length));
    }
    return result | 0;
  };
}

function shift(compute: (a: number, n: number) => number): LuaFunction {
  return function (a, n) {
    const count = arguments.length;
    return compute(bits(a, 1, count), bits(n, 2, count) & 31) | 0;
  };
}

const BIT: Record<string, LuaFunction> = {
  tobit(a) {
    return bits(a, 1, arguments.length) | 0;
  },
  bnot(a) {
    return ~bits(a, 1, arguments.length);
  },
  band: fold((a, b) => a & b),
  bor: fold((a, b) => a | b),
  bxor: fold((a, b) => a ^ b),
  lshift: shift((a, n) => a << n),
  rshift: shift((a, n) => a >>> n),
  arshift: shift((a, n) => a >> n),
  rol: shift((a, n) => (a << n) | (a >>> (32 - n))),
  ror: shift((a, n) => (a << (32 - n)) | (a >>> n)),
  bswap(a) {
    const b = bits(a, 1, arguments.length);
    return (b >>> 24) | ((b >>> 8) & 0xff00) | ((b & 0xff00) << 8) | (b << 24);
  },
  tohex(a, n) {
    const count = arguments.length;
    const b = bits(a, 1, count) >>> 0;
    let digits = count < 2 ? 8 : bits(n, 2, count);
    const isUpper = digits < 0;
    digits = Math.min(8, Math.abs(digits));
    const text = b.toString(16).padStart(8, "0").slice(8 - digits);
    return isUpper ? text.toUpperCase() : text;
  },
};
