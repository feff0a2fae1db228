/**
 * SkiplistCheck: whether a skiplist is as skiplist.ts and skiplist_node.ts say. For tests, and for those who
 * check whole values.
 */
import { assert } from "../base/assert.ts";
import type { Arena } from "../memory/arena.ts";
import { entryScore } from "./skiplist_entry.ts";
import { NODE_PLACES, SkiplistNodes, SkiplistTarget } from "./skiplist_node.ts";

/** Walks down from a node and counts what it finds. */
export class SkiplistCheck {
  /** Nodes on level 0, and above. */
  leaves = 0;
  uppers = 0;
  /** The last node of level 0 and the last entry so far. */
  leaf = 0;
  entry = 0;
  private readonly arena: Arena;
  private readonly nodes: SkiplistNodes;
  private readonly target = new SkiplistTarget();

  constructor(arena: Arena) {
    this.arena = arena;
    this.nodes = new SkiplistNodes(arena);
  }

  /** Throws unless all under a node is in order, told and counted. Returns the number of entries under it. */
  count(node: number, level: number, mayBeEmpty: boolean): number {
    const { nodes } = this;
    const places = nodes.count(node);
    const start = nodes.start(node);
    assert(mayBeEmpty || places > 0, "a node has places");
    assert(start >= 0 && start + places <= NODE_PLACES, "the places are within the node");
    if (level === 0) return this.countLeaf(node);
    this.uppers++;
    assert(start === 0, "above level 0 the places begin at the first slot");
    let sum = 0;
    for (let slot = 0; slot < places; slot++) {
      const before = this.entry;
      const below = nodes.down(node, slot);
      const count = this.count(below, level - 1, false);
      assert(nodes.span(node, slot) === count, "a span counts the entries below");
      sum += count;
      if (slot === 0) continue;
      const first = this.firstUnder(below, level - 1);
      assert(nodes.entry(node, slot) === first, "a place tells the first entry below");
      assert(nodes.score(node, slot) === entryScore(this.arena, first), "and its score");
      assert(before !== 0, "something is before it");
    }
    return sum;
  }

  private countLeaf(leaf: number): number {
    const { arena, nodes, target } = this;
    this.leaves++;
    assert(nodes.backward(leaf) === this.leaf, "a node knows the one before");
    if (this.leaf !== 0) assert(nodes.forward(this.leaf) === leaf, "a node knows the next");
    const end = nodes.end(leaf);
    for (let slot = nodes.start(leaf); slot < end; slot++) {
      const entry = nodes.entry(leaf, slot);
      const score = nodes.score(leaf, slot);
      assert(score === score, "a score is a number");
      assert(Object.is(score, entryScore(arena, entry)), "node and entry have the same score");
      if (this.entry !== 0) {
        target.setEntry(arena, entryScore(arena, this.entry), this.entry, true);
        assert(nodes.search(leaf, slot, slot + 1, target) === slot, "entries are in order");
      }
      this.entry = entry;
    }
    this.leaf = leaf;
    return nodes.count(leaf);
  }

  private firstUnder(node: number, level: number): number {
    const { nodes } = this;
    for (; level > 0; level--) node = nodes.down(node, 0);
    return nodes.entry(node, nodes.start(node));
  }
}
