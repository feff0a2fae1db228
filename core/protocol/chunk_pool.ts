/**
 * Chunks that replies are written into, and the pool of those that nobody writes into at present.
 *
 * There are three standard sizes, CHUNK_BYTES and its doubles. Others are made for what needs them and left to the
 * garbage collector, as are the chunks that several replies share (shared_chunk.ts). The pool is the process's.
 */
import { copyBytes } from "../base/bytes.ts";
import type { Chunk } from "./chunk_queue.ts";

/** Bytes of a first chunk: a pipeline of 64 small replies fits several times over. */
export const CHUNK_BYTES: number = 16 * 1024;
/** How often the size doubles. */
export const DOUBLINGS = 2;
/** Bytes of the largest standard chunk. */
export const CHUNK_BYTES_MAX: number = CHUNK_BYTES << DOUBLINGS;
/** Most bytes that the pool keeps of each size. */
const POOL_BYTES_MAX: number = 4 << 20;
/** The size of chunks that the pool doesn't take. */
const ODD = -1;

/** A chunk with one writer. */
export class OwnChunk implements Chunk {
  readonly buf: Uint8Array;
  /** The same, to write words at any offset. */
  readonly view: DataView;
  len = 0;
  /** How often CHUNK_BYTES is doubled, or ODD. */
  readonly size: number;

  constructor(bytes: number, size: number) {
    this.buf = new Uint8Array(bytes);
    this.view = new DataView(this.buf.buffer);
    this.size = size;
  }
}

/** What a reply without a chunk has. */
export const NO_CHUNK: OwnChunk = new OwnChunk(0, ODD);

/** Chunks of each size, the smallest first. */
const pools: readonly OwnChunk[][] = Array.from({ length: DOUBLINGS + 1 }, () => []);

/** A chunk for `bytes` bytes at least, if it can be of this size. */
export function takeChunk(size: number, bytes: number): OwnChunk {
  const standard = CHUNK_BYTES << size;
  if (bytes > standard) return new OwnChunk(bytes, ODD);
  return pools[size].pop() ?? new OwnChunk(standard, size);
}

/** A chunk of exactly the first `len` bytes. */
export function copyOf(buf: Uint8Array, len: number): OwnChunk {
  const chunk = new OwnChunk(len, ODD);
  copyBytes(chunk.buf, 0, buf, 0, len);
  chunk.len = len;
  return chunk;
}

/** Whether there is a chunk of this size that no memory is to be taken for. */
export function isChunkAtHand(size: number): boolean {
  return pools[size].length > 0;
}

/** Gives a sent chunk back. */
export function releaseChunk(chunk: Chunk): void {
  if (!(chunk instanceof OwnChunk) || chunk.size === ODD) return;
  const pool = pools[chunk.size];
  if (pool.length < POOL_BYTES_MAX / chunk.buf.length) pool.push(chunk);
}
