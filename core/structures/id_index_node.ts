/**
 * The nodes of an id index: their layout (drawn in id_index.ts), and how ids compare.
 */
import { type ReadonlyWords, REF_OFFSET_MASK } from "../memory/arena.ts";

export const NODE_BYTES = 1024;
export const HEAD_BYTES = 12;
export const HEAD_WORDS = 3;
export const KEY_WORDS = 4;
export const LEVEL_SHIFT = 24;
export const FIRST_SHIFT = 12;
export const COUNT_MASK = 0xfff;

/** Records of `stride` words that fit into a node of so many bytes. */
export function recordsIn(bytes: number, stride: number): number {
  return Math.floor(((bytes < NODE_BYTES ? bytes : NODE_BYTES) - HEAD_BYTES) / (stride * 4));
}

/** Bytes of a node with room for so many records. */
export function nodeBytes(records: number, stride: number): number {
  return HEAD_BYTES + records * stride * 4;
}

/** Index of a block's first word in its segment. */
export function wordOf(ref: number): number {
  return (ref & REF_OFFSET_MASK) << 1;
}

/** Whether the id at `at` is smaller than the one given. */
export function keyBelow(
  words: ReadonlyWords,
  at: number,
  a: number,
  b: number,
  c: number,
  d: number,
): boolean {
  let word = words[at];
  if (word !== a) return word >>> 0 < a >>> 0;
  word = words[at + 1];
  if (word !== b) return word >>> 0 < b >>> 0;
  word = words[at + 2];
  if (word !== c) return word >>> 0 < c >>> 0;
  return words[at + 3] >>> 0 < d >>> 0;
}

/** Whether the id at `at` is greater than the one given. */
export function keyAbove(
  words: ReadonlyWords,
  at: number,
  a: number,
  b: number,
  c: number,
  d: number,
): boolean {
  let word = words[at];
  if (word !== a) return word >>> 0 > a >>> 0;
  word = words[at + 1];
  if (word !== b) return word >>> 0 > b >>> 0;
  word = words[at + 2];
  if (word !== c) return word >>> 0 > c >>> 0;
  return words[at + 3] >>> 0 > d >>> 0;
}
