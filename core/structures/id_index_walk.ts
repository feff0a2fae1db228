/**
 * IdIndexWalk: the records of an IdIndex in the order of their ids, through a BlockReader
 * (memory/block_reader.ts). The layout is drawn in id_index.ts.
 *
 * Each leaf is copied before its records are shown, so the caller may read other blocks in between.
 */
import { type BlockReader, readWord } from "../memory/block_reader.ts";
import {
  COUNT_MASK,
  FIRST_SHIFT,
  HEAD_BYTES,
  HEAD_WORDS,
  KEY_WORDS,
  LEVEL_SHIFT,
  NODE_BYTES,
} from "./id_index_node.ts";

const NEXT_WORD = 2;

export class IdIndexWalk {
  /** Number of records. */
  count = 0;
  private readonly blocks: BlockReader;
  private readonly stride: number;
  private readonly words = new Int32Array(NODE_BYTES / 4);
  private at = 0;
  private left = 0;
  private nextLeaf = 0;

  /** A walk over indexes whose values have so many words. */
  constructor(blocks: BlockReader, valueWords: number) {
    this.blocks = blocks;
    this.stride = KEY_WORDS + valueWords;
  }

  /** Begins before the first record of the index whose handle is at `off` of a block. */
  start(owner: number, off: number): void {
    const { blocks } = this;
    let node = readWord(blocks, owner, off >> 2);
    this.count = readWord(blocks, owner, (off >> 2) + 1);
    while (node !== 0 && readWord(blocks, node, 0) >>> LEVEL_SHIFT > 0) {
      node = readWord(blocks, node, HEAD_WORDS + KEY_WORDS);
    }
    this.nextLeaf = node;
    this.left = 0;
  }

  /** Goes to the next record. False after the last. */
  next(): boolean {
    if (this.left === 0) {
      if (this.nextLeaf === 0) return false;
      this.readLeaf(this.nextLeaf);
    } else this.at += this.stride;
    this.left--;
    return true;
  }

  /** A word of the record at hand: 0 to 3 are its id, the value's follow. */
  word(index: number): number {
    return this.words[this.at + index];
  }

  private readLeaf(leaf: number): void {
    const { blocks, words } = this;
    const head = readWord(blocks, leaf, 0);
    const count = head & COUNT_MASK;
    const length = count * this.stride;
    const before = (head >>> FIRST_SHIFT & COUNT_MASK) * this.stride;
    blocks.read(leaf, 0, HEAD_BYTES + (before + length) * 4);
    const from = blocks.at >> 2;
    this.nextLeaf = blocks.i32[from + NEXT_WORD];
    const first = from + HEAD_WORDS + before;
    for (let i = 0; i < length; i++) words[i] = blocks.i32[first + i];
    this.left = count;
    this.at = 0;
  }
}
