/**
 * The generator behind math.random: the 48-bit linear congruential one of C's lrand48, which Redis
 * carries along so that scripts see the same numbers everywhere. One sequence goes on through all
 * scripts of a server, until one of them sets the seed.
 *
 * The state is two halves of 24 bits; every product and sum stays below 2^53.
 */

const HALF = 2 ** 24;
/** The multiplier 0x5deece66d in halves. */
const FACTOR_HI = 0x5de;
const FACTOR_LO = 0xece66d;
const INCREMENT = 0xb;
const SEED_LOW = 0x330e;

export class Lrand48 {
  private hi = 0;
  private lo = 0;

  constructor() {
    this.seed(0);
  }

  /** Starts anew; the seed's low 32 bits count. */
  seed(seed: number): void {
    const bits = seed >>> 0;
    this.hi = Math.floor(bits / 256);
    this.lo = (bits % 256) * 65536 + SEED_LOW;
  }

  /** Where the sequence is: 48 bits. */
  get state(): number {
    return this.hi * HALF + this.lo;
  }

  set state(state: number) {
    this.hi = Math.floor(state / HALF);
    this.lo = state % HALF;
  }

  /** The next number of 31 bits. */
  next(): number {
    const low = this.lo * FACTOR_LO + INCREMENT;
    const carry = Math.floor(low / HALF);
    const high = this.hi * FACTOR_LO + this.lo * FACTOR_HI + carry;
    this.lo = low % HALF;
    this.hi = high % HALF;
    return Math.floor((this.hi * HALF + this.lo) / 2 ** 17);
  }
}
