/**
 * SkiplistWalk: the entries of a skiplist from the last to the first, through a BlockReader
 * (memory/block_reader.ts). The layouts are those of skiplist.ts and skiplist_entry.ts.
 */
import type { BlockReader } from "../memory/block_reader.ts";
import { MEMBER_OFF } from "./skiplist_entry.ts";

const ROOT_HEAD_BYTES = 12;
const ROOT_LENGTH = 0;
const ROOT_LAST = 2;
const MEMBER_LEN = 1;

export class SkiplistWalk {
  /** Number of entries in the list. */
  length = 0;
  /** The current entry: its score, and its member in the reader's bytes until that reads again. */
  score = 0;
  memberAt = 0;
  memberLen = 0;
  private readonly blocks: BlockReader;
  private ref = 0;

  constructor(blocks: BlockReader) {
    this.blocks = blocks;
  }

  /** Begins behind the last entry of the list with this root. */
  start(root: number): void {
    const { blocks } = this;
    blocks.read(root, 0, ROOT_HEAD_BYTES);
    const at = blocks.at >> 2;
    this.length = blocks.i32[at + ROOT_LENGTH];
    this.ref = blocks.i32[at + ROOT_LAST];
  }

  /** Goes to the entry before. False before the first. */
  prev(): boolean {
    if (this.ref === 0) return false;
    const { blocks } = this;
    blocks.read(this.ref, 0, MEMBER_OFF);
    const len = blocks.i32[(blocks.at >> 2) + MEMBER_LEN];
    const links = MEMBER_OFF + ((len + 3) & ~3);
    blocks.read(this.ref, 0, links + 4);
    this.score = blocks.f64[(blocks.at >> 3) + 1];
    this.memberAt = blocks.at + MEMBER_OFF;
    this.memberLen = len;
    this.ref = blocks.i32[(blocks.at + links) >> 2];
    return true;
  }
}
