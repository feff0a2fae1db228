/**
 * MurmurHash64A, as HyperLogLogs need it: unlike hash.ts it must give the same results everywhere, because
 * they are in what is stored.
 *
 * 64-bit numbers are two 32-bit halves. A product's upper half needs the carries of the lower one, which are had
 * from 16-bit pieces; everything is integer arithmetic, and nothing is allocated.
 *
 * Limits: whoever wants to can find inputs that collide.
 *
 * Credit: MurmurHash is by Austin Appleby, in the public domain.
 */
import type { ReadonlyBytes } from "./bytes.ts";

/** The multiplier, 0xc6a4a7935bd1e995, and the halves of its lower half. */
const M_HIGH = 0xc6a4a793 | 0;
const M_LOW = 0x5bd1e995;
const M_LOW_HIGH = 0x5bd1;
const M_LOW_LOW = 0xe995;

/** The upper half of the hash computed last; `murmur64` returns the lower one. */
let high = 0;

/** The hash of a range under a 32-bit seed: its lower half as an int32. `murmurHigh` is the upper one. */
export function murmur64(buf: ReadonlyBytes, off: number, len: number, seed: number): number {
  let lo = Math.imul(len, M_LOW);
  let hi = (mulHigh(len) + Math.imul(len, M_HIGH)) | 0;
  lo ^= seed;
  let i = off;
  for (const end = off + (len & ~7); i < end; i += 8) {
    let kLo = buf[i] | (buf[i + 1] << 8) | (buf[i + 2] << 16) | (buf[i + 3] << 24);
    let kHi = buf[i + 4] | (buf[i + 5] << 8) | (buf[i + 6] << 16) | (buf[i + 7] << 24);
    kHi = (mulHigh(kLo) + Math.imul(kHi, M_LOW) + Math.imul(kLo, M_HIGH)) | 0;
    kLo = Math.imul(kLo, M_LOW);
    kLo ^= kHi >>> 15;
    kHi = (mulHigh(kLo) + Math.imul(kHi, M_LOW) + Math.imul(kLo, M_HIGH)) | 0;
    kLo = Math.imul(kLo, M_LOW);
    hi ^= kHi;
    lo ^= kLo;
    hi = (mulHigh(lo) + Math.imul(hi, M_LOW) + Math.imul(lo, M_HIGH)) | 0;
    lo = Math.imul(lo, M_LOW);
  }
  const rest = len & 7;
  if (rest !== 0) {
    for (let k = rest - 1; k >= 4; k--) hi ^= buf[i + k] << ((k - 4) * 8);
    for (let k = Math.min(rest, 4) - 1; k >= 0; k--) lo ^= buf[i + k] << (k * 8);
    hi = (mulHigh(lo) + Math.imul(hi, M_LOW) + Math.imul(lo, M_HIGH)) | 0;
    lo = Math.imul(lo, M_LOW);
  }
  lo ^= hi >>> 15;
  hi = (mulHigh(lo) + Math.imul(hi, M_LOW) + Math.imul(lo, M_HIGH)) | 0;
  lo = Math.imul(lo, M_LOW);
  high = hi;
  return lo ^ (hi >>> 15);
}

/** The upper half of the hash that `murmur64` computed last. */
export function murmurHigh(): number {
  return high;
}

/** The upper half of the product of an unsigned 32-bit number and M_LOW. */
function mulHigh(a: number): number {
  const low = a & 0xffff;
  const upper = a >>> 16;
  const first = (Math.imul(upper, M_LOW_LOW) + (Math.imul(low, M_LOW_LOW) >>> 16)) | 0;
  const second = (Math.imul(low, M_LOW_HIGH) + (first & 0xffff)) | 0;
  return (Math.imul(upper, M_LOW_HIGH) + (first >>> 16) + (second >>> 16)) | 0;
}
