/**
 * Random numbers: a small seeded generator for sampling and tests, and seeds from the system.
 *
 * `Prng` is xoshiro128**, 128 bits of state filled from a 32-bit seed by splitmix32. The same seed
 * gives the same sequence on every runtime, which is what lets a failed random test be replayed.
 * It is not for secrets: those come from `randomHex`, which asks the operating system.
 *
 * Credit: xoshiro128** is by David Blackman and Sebastiano Vigna; splitmix is by Guy Steele, Doug
 * Lea and Christine Flood, in the 32-bit form with the finalizer constants of MurmurHash3
 * (Austin Appleby).
 */

const TWO_32 = 4294967296;
const TWO_53 = 9007199254740992;

/** A seeded sequence of random numbers. */
export class Prng {
  #s0: number;
  #s1: number;
  #s2: number;
  #s3: number;

  /** Any number is a seed; its low 32 bits count. */
  constructor(seed: number) {
    const base = seed | 0;
    this.#s0 = splitmix32(base, 1);
    this.#s1 = splitmix32(base, 2);
    this.#s2 = splitmix32(base, 3);
    this.#s3 = splitmix32(base, 4);
    // All four words can't be zero: the mixer is a bijection and its four inputs differ.
  }

  /** The next unsigned 32-bit integer. */
  nextU32(): number {
    const product = Math.imul(this.#s1, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9);
    const shifted = this.#s1 << 9;
    this.#s2 ^= this.#s0;
    this.#s3 ^= this.#s1;
    this.#s1 ^= this.#s2;
    this.#s0 ^= this.#s3;
    this.#s2 ^= shifted;
    this.#s3 = (this.#s3 << 11) | (this.#s3 >>> 21);
    return result >>> 0;
  }

  /** A uniform integer in [0, n), for 1 <= n <= 2^53. Draws again rather than favour small results. */
  nextBelow(n: number): number {
    if (!(n >= 1 && n <= TWO_53)) throw new RangeError(`No random integer below ${n}`);
    if (n <= TWO_32) {
      const limit = TWO_32 - (TWO_32 % n);
      let v = this.nextU32();
      while (v >= limit) v = this.nextU32();
      return v % n;
    }
    const limit = TWO_53 - (TWO_53 % n);
    let v = this.#next53();
    while (v >= limit) v = this.#next53();
    return v % n;
  }

  /** A uniform double in [0, 1) with 53 random bits. */
  nextFloat(): number {
    return this.#next53() / TWO_53;
  }

  /** Overwrites all of `bytes` with random bytes. */
  fill(bytes: Uint8Array): void {
    let word = 0;
    for (let i = 0; i < bytes.length; i++) {
      word = (i & 3) === 0 ? this.nextU32() : word >>> 8;
      bytes[i] = word;
    }
  }

  #next53(): number {
    const hi = this.nextU32() >>> 5;
    return hi * 67108864 + (this.nextU32() >>> 6);
  }
}

/** A seed from the operating system: an unsigned 32-bit integer. */
export function randomSeed32(): number {
  const word = new Uint32Array(1);
  crypto.getRandomValues(word);
  return word[0];
}

/** `nBytes` bytes from the operating system as lower-case hex, twice as many chars. */
export function randomHex(nBytes: number): string {
  const bytes = new Uint8Array(nBytes);
  // The system call behind it serves at most 64 KiB at a time.
  for (let off = 0; off < nBytes; off += 65536) {
    crypto.getRandomValues(bytes.subarray(off, Math.min(off + 65536, nBytes)));
  }
  let hex = "";
  for (let i = 0; i < nBytes; i++) hex += (bytes[i] < 16 ? "0" : "") + bytes[i].toString(16);
  return hex;
}

/** The `step`-th output of splitmix32 started at `base`, as an int32. */
function splitmix32(base: number, step: number): number {
  let z = (base + Math.imul(step, 0x9e3779b9)) | 0;
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return z ^ (z >>> 16);
}
