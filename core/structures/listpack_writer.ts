/**
 * ListpackWriter: encodes entries one after another outside the arena, to be appended to a listpack in one step.
 *
 * What consists of several entries, such as an entry of a stream, would otherwise resize the listpack and
 * count it anew for each. The bytes are copied twice for that, which is cheap next to it.
 *
 * Owners keep a writer and reuse it. A buffer that became large is dropped at the next `clear`.
 */
import type { ReadonlyBytes } from "../base/bytes.ts";
import { encodeInt64, encodeInteger, encodeText, putEncoded } from "./listpack_entry.ts";

const KEPT_MAX = 64 * 1024;
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
    this.put(encodeText(buf, off, len), buf, off);
  }

  /** A safe integer. */
  integer(value: number): void {
    if (value >= 0 && value <= 127) {
      if (this.pos + 2 > this.buf.length) this.grow(2);
      this.buf[this.pos] = value;
      this.buf[this.pos + 1] = 1;
      this.pos += 2;
      this.count++;
    } else this.put(encodeInteger(value), NOTHING, 0);
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
