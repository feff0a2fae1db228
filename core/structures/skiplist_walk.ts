/**
 * SkiplistWalk: the entries of a skiplist from the last to the first, through a BlockReader
 * (memory/block_reader.ts). The layouts are those of skiplist.ts, skiplist_node.ts and skiplist_entry.ts.
 */
import type { BlockReader } from "../memory/block_reader.ts";
import { ROOT_LAST, ROOT_LENGTH } from "./skiplist.ts";
import { MEMBER_OFF } from "./skiplist_entry.ts";
import { BACKWARD, COUNT, ENTRIES, LEAF_BYTES, NODE_PLACES, START } from "./skiplist_node.ts";

const ROOT_HEAD_BYTES = 20;
const MEMBER_LEN = 1;

export class SkiplistWalk {
  /** Number of entries in the list. */
  length = 0;
  /** The current entry: its score, and its member in the reader's bytes until that reads again. */
  score = 0;
  memberAt = 0;
  memberLen = 0;
  private readonly blocks: BlockReader;
  /** The entries of a node, of which `left` are before the current one, and the node before. */
  private readonly entries = new Int32Array(NODE_PLACES);
  private left = 0;
  private node = 0;

  constructor(blocks: BlockReader) {
    this.blocks = blocks;
  }

  /** Begins behind the last entry of the list with this root. */
  start(root: number): void {
    const { blocks } = this;
    blocks.read(root, 0, ROOT_HEAD_BYTES);
    const at = blocks.at >> 2;
    this.length = blocks.i32[at + ROOT_LENGTH];
    this.node = blocks.i32[at + ROOT_LAST];
    this.left = 0;
  }

  /** Goes to the entry before. False before the first. */
  prev(): boolean {
    const { blocks } = this;
    while (this.left === 0) {
      if (this.node === 0) return false;
      this.readNode();
    }
    const ref = this.entries[--this.left];
    blocks.read(ref, 0, MEMBER_OFF);
    const len = blocks.i32[(blocks.at >> 2) + MEMBER_LEN];
    blocks.read(ref, 0, MEMBER_OFF + len);
    this.score = blocks.f64[(blocks.at >> 3) + 1];
    this.memberAt = blocks.at + MEMBER_OFF;
    this.memberLen = len;
    return true;
  }

  /** Notes the entries of a node: the reader will have something else to read before they are used. */
  private readNode(): void {
    const { blocks, entries } = this;
    blocks.read(this.node, 0, LEAF_BYTES);
    const { i32 } = blocks;
    const at = blocks.at >> 2;
    const from = at + ENTRIES + i32[at + START];
    this.left = i32[at + COUNT];
    for (let i = 0; i < this.left; i++) entries[i] = i32[from + i];
    this.node = i32[at + BACKWARD];
  }
}
