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
  getBigUint64(off: number, isLittleEndian: boolean): bigint;
}

const COPY_WORDS_MIN = 12;
const COPY_WORDS_MAX = 192;
/** Larger buffers are not held on to, but for shared ones, which stay. */
const KEPT_BYTES_MAX: number = 1 << 20;

/** The view made last, of whoever is asked about one buffer again and again. Bytes that can be written to have one that can. */
export class LastView {
  private bytes: ReadonlyBytes | null = null;
  private view: ReadonlyView = new DataView(new ArrayBuffer(0));

  of(bytes: Uint8Array): DataView;
  of(bytes: ReadonlyBytes): ReadonlyView;
  of(bytes: ReadonlyBytes): ReadonlyView {
    return bytes === this.bytes ? this.view : this.make(bytes);
  }

  private make(bytes: ReadonlyBytes): ReadonlyView {
    const { buffer, byteOffset, length } = bytes as Uint8Array;
    const view = new DataView(buffer, byteOffset, length);
    if (length <= KEPT_BYTES_MAX || buffer instanceof SharedArrayBuffer) {
      this.view = view;
      this.bytes = bytes;
    }
    return view;
  }
}

/**
 * Whether so many bytes are best copied in words. Into shared memory, words against `copyBytes`: 16 bytes 7/18 ns, 64 bytes
 * 17/37, 187 bytes 44/53, 512 bytes 109/88 on Deno; a third less of everything on Bun.
 */
export function isShortCopy(len: number): boolean {
  return len >= COPY_WORDS_MIN && len <= COPY_WORDS_MAX;
}

/**
 * Copies `len` bytes, 8 at least, in words of 8; the last one may overlap the one before. The ranges must not overlap. What is
 * a bigint here never becomes one in optimised code; doubles wouldn't do, as engines may change a NaN's bits.
 */
export function copyWords(
  to: DataView,
  toOff: number,
  from: ReadonlyView,
  fromOff: number,
  len: number,
): void {
  const last = len - 8;
  for (let i = 0; i < last; i += 8) {
    to.setBigUint64(toOff + i, from.getBigUint64(fromOff + i, true), true);
  }
  to.setBigUint64(toOff + last, from.getBigUint64(fromOff + last, true), true);
}
