/**
 * DictWalk: the entries of a dict one after the other, through a BlockReader.
 *
 * The order is that of the buckets. Nothing may change in what the reader shows while the walk is under way: a
 * snapshot's memory doesn't, and live memory doesn't within one command. Each bucket is copied before its entries are
 * handed out, so the caller may read other blocks in between.
 */
import type { BlockReader } from "../memory/block_reader.ts";
import { readWord } from "../memory/block_reader.ts";
import {
  BUCKET_BYTES,
  CHILD_WORD,
  CHUNK_BUCKETS,
  REFS_WORD,
  ROOT_BUCKETS,
  ROOT_BYTES,
  ROOT_COUNT,
  ROOT_DIRECTORY,
  SLOTS,
} from "./dict.ts";

export class DictWalk {
  /** Number of entries in the dict. */
  count = 0;
  private readonly blocks: BlockReader;
  private readonly refs = new Int32Array(SLOTS);
  private refCount = 0;
  private refAt = 0;
  private child = 0;
  private buckets = 0;
  private bucket = 0;
  private directory = 0;
  private chunk = 0;

  constructor(blocks: BlockReader) {
    this.blocks = blocks;
  }

  /** Begins at the first entry of the dict with this root. */
  start(root: number): void {
    const { blocks } = this;
    blocks.read(root, 0, ROOT_BYTES);
    const words = blocks.i32;
    const at = blocks.at >> 2;
    this.count = words[at + ROOT_COUNT];
    this.buckets = words[at + ROOT_BUCKETS];
    this.directory = words[at + ROOT_DIRECTORY];
    this.bucket = 0;
    this.child = 0;
    this.refCount = 0;
    this.refAt = 0;
  }

  /** The next entry, or 0 after the last. */
  next(): number {
    while (this.refAt === this.refCount) {
      if (this.child !== 0) this.readBucket(this.child);
      else if (this.bucket < this.buckets) this.readHome(this.bucket++);
      else return 0;
    }
    return this.refs[this.refAt++];
  }

  private readHome(index: number): void {
    const inChunk = index & (CHUNK_BUCKETS - 1);
    if (inChunk === 0) this.chunk = readWord(this.blocks, this.directory, index >>> 6);
    this.readBucket(this.chunk + (inChunk << 3));
  }

  private readBucket(ref: number): void {
    const { blocks, refs } = this;
    blocks.read(ref, 0, BUCKET_BYTES);
    const words = blocks.i32;
    const at = blocks.at >> 2;
    this.child = words[at + CHILD_WORD];
    let count = 0;
    for (let slot = 0; slot < SLOTS; slot++) {
      const entry = words[at + REFS_WORD + slot];
      if (entry !== 0) refs[count++] = entry;
    }
    this.refCount = count;
    this.refAt = 0;
  }
}
