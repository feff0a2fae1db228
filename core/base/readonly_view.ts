/**
 * ReadonlyView: words at any offset of bytes that can't be written to; a DataView without its stores.
 *
 * Where a loop looks at every byte, words are a third quicker. Making a view takes 50 ns, so it is kept.
 */
import type { ReadonlyBytes } from "./bytes.ts";

export interface ReadonlyView {
  getUint8(off: number): number;
  getInt32(off: number, isLittleEndian: boolean): number;
  getUint32(off: number, isLittleEndian: boolean): number;
}

const COPY_WORDS_MIN = 12;
const COPY_WORDS_MAX = 96;
/** Larger buffers are not held on to, but for shared ones, which stay. */
const KEPT_BYTES_MAX: number = 1 << 20;
const NO_VIEW = new DataView(new ArrayBuffer(0));

/**
 * The two views made last, of whoever is asked about the same buffers again and again, often by turns: the channel and the text
 * of a message. Bytes that can be written to have a view that can.
 */
export class LastView {
  private bytes: ReadonlyBytes | null = null;
  private view: ReadonlyView = NO_VIEW;
  private bytesBefore: ReadonlyBytes | null = null;
  private viewBefore: ReadonlyView = NO_VIEW;

  of(bytes: Uint8Array): DataView;
  of(bytes: ReadonlyBytes): ReadonlyView;
  of(bytes: ReadonlyBytes): ReadonlyView {
    return bytes === this.bytes ? this.view : this.another(bytes);
  }

  private another(bytes: ReadonlyBytes): ReadonlyView {
    if (bytes === this.bytesBefore) return this.remember(bytes, this.viewBefore);
    const { buffer, byteOffset, length } = bytes as Uint8Array;
    const view = new DataView(buffer, byteOffset, length);
    const isKept = length <= KEPT_BYTES_MAX || buffer instanceof SharedArrayBuffer;
    return isKept ? this.remember(bytes, view) : view;
  }

  private remember(bytes: ReadonlyBytes, view: ReadonlyView): ReadonlyView {
    this.bytesBefore = this.bytes;
    this.viewBefore = this.view;
    this.bytes = bytes;
    this.view = view;
    return view;
  }
}

/**
 * Whether so many bytes are best copied in words. To and from shared memory, words against `copyBytes`: 16 bytes 11/18 ns, 64
 * bytes 30/37, 100 bytes 45/42 on Deno; 11/20, 14/35, 21/40 on Bun.
 */
export function isShortCopy(len: number): boolean {
  return len >= COPY_WORDS_MIN && len <= COPY_WORDS_MAX;
}

/** Whether `len` bytes, 4 at least, are the same in both; the last word may overlap the one before. */
export function sameWords(
  a: ReadonlyView,
  aOff: number,
  b: ReadonlyView,
  bOff: number,
  len: number,
): boolean {
  const last = len - 4;
  let i = 0;
  while (i < last && a.getInt32(aOff + i, true) === b.getInt32(bOff + i, true)) i += 4;
  return i >= last && a.getInt32(aOff + last, true) === b.getInt32(bOff + last, true);
}

/**
 * Copies `len` bytes, 4 at least; the last word may overlap the one before. Where the ranges overlap, `from` is the earlier
 * one by 4 bytes or more, and what is copied repeats itself. Words of eight bytes would have to be bigints, which are a fifth
 * quicker on Deno and slower on Bun.
 */
export function copyWords(
  to: DataView,
  toOff: number,
  from: ReadonlyView,
  fromOff: number,
  len: number,
): void {
  const last = len - 4;
  for (let i = 0; i < last; i += 4) {
    to.setUint32(toOff + i, from.getUint32(fromOff + i, true), true);
  }
  to.setUint32(toOff + last, from.getUint32(fromOff + last, true), true);
}
