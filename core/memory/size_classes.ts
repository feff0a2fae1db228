/**
 * The sizes in which small blocks are handed out.
 *
 * Up to 1 KiB there is a class for every multiple of 8 bytes, so a block wastes 7 bytes at most:
 * one key is one block, and at ten million keys every byte of rounding is ten megabytes. Above
 * that the classes are the sizes that cut a 64 KiB run into equal parts, from 60 (1,088 bytes) to 4
 * (16 KiB): a block wastes one part in so many at most, 2 to 20 %. With a third as many classes the nodes of a
 * stream of small entries, 1,540 bytes, took 6 % more. What a run can't be cut into is lost: 800 bytes at most
 * (classes of 952 bytes), 1.2 %. Larger blocks are whole 4 KiB pages (see extents.ts).
 */

/** Bytes of a run: the stretch of pages cut into blocks of one class. */
export const RUN_BYTES = 64 * 1024;
/** Largest block that is part of a run; what is larger gets pages of its own. */
export const SMALL_MAX_BYTES = RUN_BYTES / 4;
/** Up to this size a class's index is its size in 8-byte words. */
export const EXACT_MAX_BYTES = 1024;

const EXACT_CLASSES = EXACT_MAX_BYTES / 8;
/** Blocks per run of the classes above EXACT_MAX_BYTES: each number from the first to the second. */
const PARTS_MAX = 60;
const PARTS_MIN = 4;

/** Bytes of a block, by class; class 0 is unused. */
export const CLASS_BYTES: Int32Array = buildClassBytes();
/** Number of classes, with the unused class 0. */
export const CLASS_COUNT: number = CLASS_BYTES.length;

/** Class by size in units of 64 bytes, for the sizes above EXACT_MAX_BYTES. */
const CLASS_BY_64: Uint8Array = buildClassBy64();

/** The smallest class whose blocks hold `size` bytes, 1 <= size <= SMALL_MAX_BYTES. */
export function classOfSize(size: number): number {
  if (size <= EXACT_MAX_BYTES) return (size + 7) >>> 3;
  let cls = CLASS_BY_64[(size - 1) >>> 6];
  while (CLASS_BYTES[cls] < size) cls++;
  return cls;
}

function buildClassBytes(): Int32Array {
  const sizes = [0];
  for (let words = 1; words <= EXACT_CLASSES; words++) sizes.push(words * 8);
  for (let parts = PARTS_MAX; parts >= PARTS_MIN; parts--) {
    sizes.push(Math.floor(RUN_BYTES / parts / 8) * 8);
  }
  return Int32Array.from(sizes);
}

function buildClassBy64(): Uint8Array {
  const table = new Uint8Array(SMALL_MAX_BYTES / 64);
  for (let i = 0; i < table.length; i++) {
    let cls = EXACT_CLASSES;
    while (CLASS_BYTES[cls] < i * 64 + 1) cls++;
    table[i] = cls;
  }
  return table;
}
