/** The math library, os.clock, and the random numbers that Redis gives to scripts. */

import { checkInteger, checkNumber, library, toInt32 } from "./arguments.ts";
import { powNumbers } from "./runtime.ts";
import type { LuaState } from "./state.ts";
import { argumentError, luaError, type LuaFunction } from "./value.ts";

const RANDOM_MAX = 2 ** 31 - 1;
const DEGREE = Math.PI / 180;

/** Sets `math` and `os`. */
export function openMath(state: LuaState): void {
  const table = library({ ...MATH, ...random(state) });
  for (const name of Object.keys(ONE)) {
    const compute = ONE[name];
    const f: LuaFunction = function (x) {
      return compute(checkNumber(x, 1, arguments.length));
    };
    table.setString(name, library({ [name]: f }).getString(name));
  }
  table.setString("mod", table.getString("fmod"));
  table.setString("pi", Math.PI);
  table.setString("huge", Infinity);
  state.globals.setString("math", table);
  const os = library({ clock: () => state.clock() });
  state.globals.setString("os", os);
}

/** Functions of one number. */
const ONE: Record<string, (x: number) => number> = {
  abs: Math.abs,
  acos: Math.acos,
  asin: Math.asin,
  atan: Math.atan,
  ceil: Math.ceil,
  cos: Math.cos,
  cosh: Math.cosh,
  deg: (x) => x / DEGREE,
  exp: Math.exp,
  floor: Math.floor,
  log: Math.log,
  log10: Math.log10,
  rad: (x) => x * DEGREE,
  sin: Math.sin,
  sinh: Math.sinh,
  sqrt: Math.sqrt,
  tan: Math.tan,
  tanh: Math.tanh,
};

// Functions of two numbers check the second one first, as the compiled original does.
const MATH: Record<string, LuaFunction> = {
  atan2(y, x) {
    const n = arguments.length;
    const second = checkNumber(x, 2, n);
    return Math.atan2(checkNumber(y, 1, n), second);
  },
  fmod(a, b) {
    const n = arguments.length;
    const second = checkNumber(b, 2, n);
    return checkNumber(a, 1, n) % second;
  },
  pow(a, b) {
    const n = arguments.length;
    const second = checkNumber(b, 2, n);
    return powNumbers(checkNumber(a, 1, n), second);
  },
  modf(x) {
    const v = checkNumber(x, 1, arguments.length);
    const whole = Math.trunc(v);
    if (!Number.isFinite(v)) return [v, v !== v ? v : v > 0 ? 0 : -0];
    const rest = v - whole;
    return [whole, rest === 0 && (v < 0 || 1 / v < 0) ? -0 : rest];
  },
  frexp(x) {
    return frexp(checkNumber(x, 1, arguments.length));
  },
  ldexp(x, e) {
    const n = arguments.length;
    const second = toInt32(checkInteger(e, 2, n));
    return ldexp(checkNumber(x, 1, n), second);
  },
  max(...args) {
    let max = checkNumber(args[0], 1, args.length);
    for (let i = 1; i < args.length; i++) {
      const v = checkNumber(args[i], i + 1, args.length);
      if (v > max) max = v;
    }
    return max;
  },
  min(...args) {
    let min = checkNumber(args[0], 1, args.length);
    for (let i = 1; i < args.length; i++) {
      const v = checkNumber(args[i], i + 1, args.length);
      if (v < min) min = v;
    }
    return min;
  },
};

function random(state: LuaState): Record<string, LuaFunction> {
  return {
    random(low, high) {
      const count = arguments.length;
      const r = (state.random.next() % RANDOM_MAX) / RANDOM_MAX;
      if (count === 0) return r;
      if (count > 2) throw luaError("wrong number of arguments");
      const first = toInt32(checkInteger(low, 1, count));
      if (count === 1) {
        if (first < 1) throw argumentError(1, "interval is empty");
        return Math.floor(r * first) + 1;
      }
      const last = toInt32(checkInteger(high, 2, count));
      if (first > last) throw argumentError(2, "interval is empty");
      return Math.floor(r * ((last - first + 1) | 0)) + first;
    },
    randomseed(seed) {
      state.random.seed(toInt32(checkInteger(seed, 1, arguments.length)));
      return [];
    },
  };
}

/** A number as a fraction in [0.5, 1) and a power of two. */
function frexp(v: number): number[] {
  if (v === 0 || !Number.isFinite(v)) return [v, 0];
  let exponent = Math.max(-1023, Math.floor(Math.log2(Math.abs(v))) + 1);
  let fraction = v * 2 ** -exponent;
  while (Math.abs(fraction) < 0.5) {
    fraction *= 2;
    exponent--;
  }
  while (Math.abs(fraction) >= 1) {
    fraction /= 2;
    exponent++;
  }
  return [fraction, exponent];
}

/** A number times a power of two, rounded once as far as a second step can help it. */
function ldexp(v: number, exponent: number): number {
  const e = Math.max(-2200, Math.min(2200, exponent));
  const half = Math.trunc(e / 3);
  return v * 2 ** half * 2 ** half * 2 ** (e - 2 * half);
}
