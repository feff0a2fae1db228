/**
 * ListpackWriter: encodes entries one after another outside the arena, to be appended to a listpack in one step.
 *
 * What consists of several entries, such as an entry of a stream, would otherwise resize the listpack and
 * count it anew for each. The bytes are copied twice for that, which is cheap next to it.
 *
 * Owners keep a writer and reuse it. A buffer that became large is dropped at the next `clear`.
 */
import { copyBytes, type ReadonlyBytes } from "../base/bytes.ts";
import { encodeInt64, encodeInteger, encodeText, putEncoded } from "./listpack_entry.ts";

const KEPT_MAX = 64 * 1024;
/** Longest string whose length is in its first byte. */
const SHORT_LEN_MAX = 63;
/** A text that is a number begins with a digit or a minus, none of which is above this. */
const NINE = 0x39;
const NOTHING = new Uint8Array(0);

export class ListpackWriter {
  /** The entries, up to `pos`. */
  buf: Uint8Array = new Uint8Array(256);
  pos = 0;
  count = 0;

  clear(): void {
    this.pos = 0;
    this.count = 0;
    if (this.buf.length > KEPT_MAX) this.buf = new Uint8Array(256);
  }

  /** Text, as an integer where it is one's canonical form. */
  text(buf: ReadonlyBytes, off: number, len: number): void {
    // Short text that is no number is written here, where it goes.
    if (len > SHORT_LEN_MAX || len === 0 || buf[off] <= NINE) {
      this.put(encodeText(buf, off, len), buf, off);
      return;
    }
    if (this.pos + len + 2 > this.buf.length) this.grow(len + 2);
    const { buf: out, pos } = this;
    out[pos] = 0x80 | len;
    copyBytes(out, pos + 1, buf, off, len);
    out[pos + len + 1] = len + 1;
    this.pos = pos + len + 2;
    this.count++;
  }

  /** A safe integer. */
  integer(value: number): void {
    if (value < 0 || value > 4095) {
      this.put(encodeInteger(value), NOTHING, 0);
      return;
    }
    if (this.pos + 3 > this.buf.length) this.grow(3);
    const { buf, pos } = this;
    if (value < 128) {
      buf[pos] = value;
      buf[pos + 1] = 1;
      this.pos = pos + 2;
    } else {
      buf[pos] = 0xc0 | value >> 8;
      buf[pos + 1] = value;
      buf[pos + 2] = 2;
      this.pos = pos + 3;
    }
    this.count++;
  }

  /** A 64-bit integer. */
  int64(hi: number, lo: number): void {
    if (hi === 0 && lo >= 0) this.integer(lo);
    else this.put(encodeInt64(hi, lo), NOTHING, 0);
  }

  /** Takes over the entry that was prepared, of so many bytes. */
  private put(bytes: number, buf: ReadonlyBytes, off: number): void {
    if (this.pos + bytes > this.buf.length) this.grow(bytes);
    this.pos = putEncoded(this.buf, this.pos, buf, off);
    this.count++;
  }

  private grow(bytes: number): void {
    const grown = new Uint8Array(Math.max(this.buf.length * 2, this.pos + bytes));
    grown.set(this.buf.subarray(0, this.pos));
    this.buf = grown;
  }
}
