/**
 * CRC-64 with the Jones polynomial, reflected, as in RDB files and DUMP payloads:
 * polynomial ad93d23594c935a9, no initial value, no final inversion;
 * the checksum of "123456789" is e9c6d914c4b8d9ca.
 *
 * The 64-bit register is two int32 halves. Eight bytes are taken per step through eight tables of
 * 256 entries per half (slicing-by-8): table k holds the effect of a byte that is followed by k
 * zero bytes, so that eight look-ups replace eight dependent steps. The tables, 16 KiB, are built
 * at start-up.
 *
 * Credit: the polynomial is David T. Jones's; slicing-by-8 is Michael Kounavis and Frank Berry's
 * (Intel, 2005).
 */

import type { ReadonlyBytes } from "./bytes.ts";
import { LastView } from "./readonly_view.ts";

/** The polynomial's bits in reflected order: the lowest bit of the high half is x^31 and so on. */
const POLY_HI = 0x95ac9329;
const POLY_LO = 0xac4bc9b5;

const TABLE_COUNT = 8;
const tableHi = new Int32Array(TABLE_COUNT * 256);
const tableLo = new Int32Array(TABLE_COUNT * 256);
fillTables();
const views = new LastView();

/** A running checksum. */
export class Crc64 {
  /** Upper 32 bits, as an int32. */
  hi: number;
  /** Lower 32 bits, as an int32. */
  lo: number;

  constructor() {
    this.hi = 0;
    this.lo = 0;
  }

  /** Back to the checksum of nothing. */
  reset(): void {
    this.hi = 0;
    this.lo = 0;
  }

  /** Takes the range into the checksum. */
  update(buf: ReadonlyBytes, off: number, len: number): void {
    let hi = this.hi;
    let lo = this.lo;
    const view = views.of(buf);
    let i = off;
    const end = off + len;
    const stepsEnd = off + (len - (len & 7));
    const th = tableHi;
    const tl = tableLo;
    while (i < stepsEnd) {
      lo ^= view.getInt32(i, true);
      hi ^= view.getInt32(i + 4, true);
      i += 8;
      // The first byte has seven behind it, so it uses table 7; the last uses table 0.
      const a = 1792 + (lo & 0xff);
      const b = 1536 + ((lo >>> 8) & 0xff);
      const c = 1280 + ((lo >>> 16) & 0xff);
      const d = 1024 + (lo >>> 24);
      const e = 768 + (hi & 0xff);
      const f = 512 + ((hi >>> 8) & 0xff);
      const g = 256 + ((hi >>> 16) & 0xff);
      const h = hi >>> 24;
      hi = th[a] ^ th[b] ^ th[c] ^ th[d] ^ th[e] ^ th[f] ^ th[g] ^ th[h];
      lo = tl[a] ^ tl[b] ^ tl[c] ^ tl[d] ^ tl[e] ^ tl[f] ^ tl[g] ^ tl[h];
    }
    while (i < end) {
      const k = (lo ^ buf[i++]) & 0xff;
      lo = ((lo >>> 8) | (hi << 24)) ^ tl[k];
      hi = (hi >>> 8) ^ th[k];
    }
    this.hi = hi;
    this.lo = lo;
  }

  /** Writes the checksum as eight little-endian bytes, the order files have it in. */
  writeTo(dst: Uint8Array, off: number): void {
    for (let i = 0; i < 4; i++) {
      dst[off + i] = this.lo >>> (8 * i);
      dst[off + 4 + i] = this.hi >>> (8 * i);
    }
  }

  /** Whether the eight bytes at `off`, in file order, are this checksum. */
  equals(buf: ReadonlyBytes, off: number): boolean {
    for (let i = 0; i < 4; i++) {
      if (buf[off + i] !== ((this.lo >>> (8 * i)) & 0xff)) return false;
      if (buf[off + 4 + i] !== ((this.hi >>> (8 * i)) & 0xff)) return false;
    }
    return true;
  }

  /** The checksum as sixteen hex digits, most significant first. */
  toHex(): string {
    return half(this.hi) + half(this.lo);
  }
}

function half(v: number): string {
  return (v >>> 0).toString(16).padStart(8, "0");
}

function fillTables(): void {
  for (let byte = 0; byte < 256; byte++) {
    let hi = 0;
    let lo = byte;
    for (let bit = 0; bit < 8; bit++) {
      const odd = lo & 1;
      lo = (lo >>> 1) | (hi << 31);
      hi = hi >>> 1;
      if (odd !== 0) {
        hi ^= POLY_HI;
        lo ^= POLY_LO;
      }
    }
    tableHi[byte] = hi;
    tableLo[byte] = lo;
  }
  for (let i = 256; i < TABLE_COUNT * 256; i++) {
    const hi = tableHi[i - 256];
    const lo = tableLo[i - 256];
    tableLo[i] = ((lo >>> 8) | (hi << 24)) ^ tableLo[lo & 0xff];
    tableHi[i] = (hi >>> 8) ^ tableHi[lo & 0xff];
  }
}
