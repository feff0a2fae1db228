/**
 * HyperLogLog: how many different elements were seen, to 0.81 %, in 12 KiB at most. The value is a string, and
 * the same as Redis's to the byte.
 *
 *     0      4          5        8              16
 *     +------+----------+--------+--------------+---------------- ... ----+
 *     | HYLL | encoding | unused | cardinality  | registers               |
 *     +------+----------+--------+--------------+---------------- ... ----+
 *
 * The cardinality is the last estimate, little endian; its highest bit says that it is out of date. An element's
 * hash chooses one of 16384 registers by its low 14 bits; the register keeps the longest run of zeros, plus
 * one, that began the remaining 50 bits of any element's hash.
 *
 *     dense    6 bits per register, low bits first: register 1 is in bits 6 and 7 of byte 0 and bits 0 to 3 of byte 1
 *     sparse   runs of equal registers: hll_sparse.ts
 *
 * The functions here read the value where it lies and change copies of it; storing is up to the command.
 *
 * Limits: registers above 51 can't come from elements but may be in a hostile string; they are read and merged,
 * and count as nothing.
 *
 * Credit: Philippe Flajolet and others invented it ("HyperLogLog: the analysis of a near-optimal cardinality
 * estimation algorithm", 2007); the estimator is Otmar Ertl's ("New cardinality estimation algorithms for HyperLogLog
 * sketches", 2017); the representations are Salvatore Sanfilippo's.
 */
import type { ReadonlyBytes } from "../base/bytes.ts";
import { murmur64, murmurHigh } from "../base/murmur.ts";

export const HLL_REGISTERS = 16384;
export const HLL_HEADER_BYTES = 16;
export const HLL_DENSE_BYTES: number = HLL_HEADER_BYTES + HLL_REGISTERS * 6 / 8;
/** Values of the encoding's byte. */
export const HLL_DENSE = 0;
export const HLL_SPARSE = 1;
/** Where the encoding, the cardinality, and its byte with the mark "out of date" are. */
export const HLL_ENCODING_OFF = 4;
export const HLL_CARDINALITY_OFF = 8;
export const HLL_STALE_OFF = 15;
export const HLL_STALE_BIT = 0x80;

/** Bits of the hash that choose the register, and those that are left. */
const INDEX_BITS = 14;
const RUN_BITS: number = 64 - INDEX_BITS;
const INDEX_MASK: number = HLL_REGISTERS - 1;
const SEED = 0xadc83b19 | 0;
/** Half the reciprocal of ln 2. */
const ALPHA = 0.721347520444481703680;

/** How many registers there are of each value. */
export const histogram = new Int32Array(64);

/** Whether a string is a HyperLogLog as far as its header and length tell. */
export function isHll(bytes: ReadonlyBytes, off: number, len: number): boolean {
  if (len < HLL_HEADER_BYTES) return false;
  const isMagic = bytes[off] === 0x48 && bytes[off + 1] === 0x59 && bytes[off + 2] === 0x4c &&
    bytes[off + 3] === 0x4c;
  if (!isMagic) return false;
  const encoding = bytes[off + HLL_ENCODING_OFF];
  return encoding === HLL_SPARSE || encoding === HLL_DENSE && len === HLL_DENSE_BYTES;
}

/** Where an element counts: its register times 64, plus the value that the register must have at least. */
export function hllPlace(buf: ReadonlyBytes, off: number, len: number): number {
  const lo = murmur64(buf, off, len, SEED);
  const hi = murmurHigh();
  // The rest of the hash, with a bit set behind it that ends every run.
  const low = (lo >>> INDEX_BITS) | (hi << (32 - INDEX_BITS));
  const high = (hi >>> INDEX_BITS) | (1 << (RUN_BITS - 32));
  const zeros = low !== 0 ? 31 - Math.clz32(low & -low) : 63 - Math.clz32(high & -high);
  return (lo & INDEX_MASK) << 6 | (zeros + 1);
}

// The dense representation. `off` is where the string begins.

/** The value of a register. */
export function denseRegister(bytes: ReadonlyBytes, off: number, index: number): number {
  const at = off + denseByte(index);
  const shift = (index & 3) * 6 & 7;
  if (shift <= 2) return (bytes[at] >> shift) & 63;
  return ((bytes[at] >> shift) | (bytes[at + 1] << (8 - shift))) & 63;
}

/** Offset in the string of the first byte that has bits of a register. */
export function denseByte(index: number): number {
  return HLL_HEADER_BYTES + (index * 6 >> 3);
}

/** Puts the bytes from `denseByte` on into `out`, with the register being `value`. Returns how many, 1 or 2. */
export function packRegister(
  bytes: ReadonlyBytes,
  off: number,
  index: number,
  value: number,
  out: Uint8Array,
): number {
  const at = off + denseByte(index);
  const shift = (index & 3) * 6 & 7;
  out[0] = bytes[at] & ~(63 << shift) | value << shift;
  if (shift <= 2) return 1;
  out[1] = bytes[at + 1] & ~(63 >> (8 - shift)) | value >> (8 - shift);
  return 2;
}

/** Stores a register of a dense string that is the caller's own, if it is less. Returns whether it was. */
export function raiseDense(dense: Uint8Array, index: number, value: number): boolean {
  if (denseRegister(dense, 0, index) >= value) return false;
  const at = denseByte(index);
  const shift = (index & 3) * 6 & 7;
  dense[at] = dense[at] & ~(63 << shift) | value << shift;
  if (shift > 2) dense[at + 1] = dense[at + 1] & ~(63 >> (8 - shift)) | value >> (8 - shift);
  return true;
}

/** Stores all registers, a byte each, into a dense string. */
export function packDense(registers: Uint8Array, dense: Uint8Array): void {
  let at = HLL_HEADER_BYTES;
  for (let i = 0; i < HLL_REGISTERS; i += 4) {
    const four = registers[i] | registers[i + 1] << 6 | registers[i + 2] << 12 |
      registers[i + 3] << 18;
    dense[at] = four;
    dense[at + 1] = four >> 8;
    dense[at + 2] = four >> 16;
    at += 3;
  }
}

/** Raises the registers, a byte each, to those of a dense string. */
export function mergeDense(registers: Uint8Array, bytes: ReadonlyBytes, off: number): void {
  let at = off + HLL_HEADER_BYTES;
  for (let i = 0; i < HLL_REGISTERS; i += 4) {
    const four = bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16;
    at += 3;
    if (four === 0) continue;
    const a = four & 63;
    const b = (four >> 6) & 63;
    const c = (four >> 12) & 63;
    const d = four >> 18;
    if (a > registers[i]) registers[i] = a;
    if (b > registers[i + 1]) registers[i + 1] = b;
    if (c > registers[i + 2]) registers[i + 2] = c;
    if (d > registers[i + 3]) registers[i + 3] = d;
  }
}

// Estimates.

/** Sets `histogram` from a dense string. */
export function countDense(bytes: ReadonlyBytes, off: number): void {
  histogram.fill(0);
  let at = off + HLL_HEADER_BYTES;
  for (let i = 0; i < HLL_REGISTERS; i += 4) {
    const four = bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16;
    at += 3;
    histogram[four & 63]++;
    histogram[(four >> 6) & 63]++;
    histogram[(four >> 12) & 63]++;
    histogram[four >> 18]++;
  }
}

/** Sets `histogram` from registers of a byte each. */
export function countRegisters(registers: Uint8Array): void {
  histogram.fill(0);
  for (let i = 0; i < HLL_REGISTERS; i++) histogram[registers[i]]++;
}

/** The cardinality that `histogram` tells, an integer; Infinity when all registers are full. */
export function estimate(): number {
  const m = HLL_REGISTERS;
  let z = m * tau((m - histogram[RUN_BITS + 1]) / m);
  for (let i = RUN_BITS; i >= 1; i--) z = (z + histogram[i]) * 0.5;
  z += m * sigma(histogram[0] / m);
  return Math.round(ALPHA * m * m / z);
}

/** Ertl's sigma, for the registers that are still 0. */
function sigma(x: number): number {
  if (x === 1) return Infinity;
  let y = 1;
  let z = x;
  let before: number;
  do {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  } while (before !== z);
  return z;
}

/** Ertl's tau, for the registers that are full. */
function tau(x: number): number {
  if (x === 0 || x === 1) return 0;
  let y = 1;
  let z = 1 - x;
  let before: number;
  do {
    x = Math.sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) ** 2 * y;
  } while (before !== z);
  return z / 3;
}
