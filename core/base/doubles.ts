/**
 * Doubles between bytes and text, as Redis reads and prints scores and RESP3 doubles.
 */

import { latin1, type ReadonlyBytes } from "./bytes.ts";

/** The range as a double; NaN if it is no number in Redis's eyes. */
export function parseDouble(buf: ReadonlyBytes, off: number, len: number): number {
  const text = latin1(buf, off, len);
  return text.trim() === text && text !== "" ? Number(text) : NaN;
}

/** The text of a double in a RESP3 double or a score. */
export function formatDouble(v: number): string {
  return v === Infinity ? "inf" : v === -Infinity ? "-inf" : Number.isNaN(v) ? "nan" : String(v);
}
