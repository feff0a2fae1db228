/**
 * QuicklistWalk: the nodes of a quicklist from head to tail, through a BlockReader (memory/block_reader.ts).
 *
 * The layouts are those of quicklist_chain.ts (root: head, tail, count, nodes) and quicklist_node.ts.
 */
import type { BlockReader } from "../memory/block_reader.ts";
import { ROOT_HEAD, ROOT_NODES } from "./quicklist_chain.ts";
import {
  FLAG_BITS,
  NODE_BYTES,
  NODE_COMPRESSED,
  NODE_COUNT,
  NODE_DATA,
  NODE_LEN,
  NODE_NEXT,
  NODE_PLAIN,
  NODE_START,
} from "./quicklist_node.ts";

/** What of the root is read: up to the number of nodes. */
const ROOT_HEAD_BYTES: number = (ROOT_NODES + 1) * 4;

export class QuicklistWalk {
  /** Number of nodes in the list. */
  nodes = 0;
  /** The current node: its block of data, its length in bytes and where it begins, as quicklist_node.ts says. */
  data = 0;
  len = 0;
  start = 0;
  /** Its elements. */
  count = 0;
  plain = false;
  compressed = false;
  private readonly blocks: BlockReader;
  private node = 0;

  constructor(blocks: BlockReader) {
    this.blocks = blocks;
  }

  /** Begins before the first node of the list with this root. */
  begin(root: number): void {
    const { blocks } = this;
    blocks.read(root, 0, ROOT_HEAD_BYTES);
    const at = blocks.at >> 2;
    this.node = blocks.i32[at + ROOT_HEAD];
    this.nodes = blocks.i32[at + ROOT_NODES];
  }

  /** Goes to the next node. False after the last. */
  next(): boolean {
    if (this.node === 0) return false;
    const { blocks } = this;
    blocks.read(this.node, 0, NODE_BYTES);
    const words = blocks.i32;
    const at = blocks.at >> 2;
    const flags = words[at + NODE_COUNT];
    this.node = words[at + NODE_NEXT];
    this.data = words[at + NODE_DATA];
    this.len = words[at + NODE_LEN];
    this.start = words[at + NODE_START];
    this.count = flags >>> FLAG_BITS;
    this.plain = (flags & NODE_PLAIN) !== 0;
    this.compressed = (flags & NODE_COMPRESSED) !== 0;
    return true;
  }
}
