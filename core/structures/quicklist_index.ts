/**
 * An index of a quicklist's nodes: every STEP-th node and how many elements are before it, so that an element in the
 * middle of a long list is found by a binary search instead of a walk.
 *
 *     nodes      n0         n16        n32        n48 ...
 *     before     0          5,824      11,648     17,472 ...
 *
 * It belongs to one list at a time, the one that was searched last, lies outside the arena (4 bytes for every 700
 * elements) and is forgotten at the first change of its list's nodes. So it costs a list that is pushed to one
 * comparison, and it is worth making only for lists that are read more than they change: it is made when the walks
 * since the last change have passed MADE_AFTER times as many nodes as the list has.
 *
 * Measured for LINDEX in the middle of a million elements, Deno: 4,100 ns by walking, 650 with the
 * index, nearly all of it inside the node; redis-server takes 2,700.
 *
 * quicklist_chain.ts tells it of changes, and asks it.
 */
import { assert } from "../base/assert.ts";
import type { Arena } from "../memory/arena.ts";
import { nodeCount, nodeNext, skipNodes } from "./quicklist_node.ts";

/** Nodes from one that is noted to the next. */
const STEP = 16;
/** Lists with fewer nodes have no index. */
export const INDEX_NODES_MIN: number = 4 * STEP;
const MADE_AFTER = 2;
/** Notes for which there is room between lists. */
const KEPT_NOTES = 1024;

/** Root of the list that was searched last, 0 when it has changed since. */
export let indexedRoot = 0;
let owner: Arena | null = null;
/** Nodes that walks have passed. */
let passed = 0;
/** The notes; 0 of them: there is no index yet. */
let notes = 0;
let nodes = new Int32Array(KEPT_NOTES);
let before = new Int32Array(KEPT_NOTES);

/** The list with the root `indexedRoot` has changed. */
export function forgetIndex(): void {
  indexedRoot = 0;
  owner = null;
  notes = 0;
  if (nodes.length > KEPT_NOTES) {
    nodes = new Int32Array(KEPT_NOTES);
    before = new Int32Array(KEPT_NOTES);
  }
}

/** Whether there is an index of this list. */
export function isIndexed(arena: Arena, root: number): boolean {
  return root === indexedRoot && notes > 0 && arena === owner;
}

/** The node of the element at `index`, which is there; `skipped.left` is its index in the node. */
export function indexedNode(arena: Arena, index: number): number {
  let low = 0;
  let high = notes;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (before[middle] <= index) low = middle;
    else high = middle;
  }
  return skipNodes(arena, nodes[low], index - before[low], true);
}

/** A walk has passed so many of the list's `total` nodes. Makes the index when it was one walk too many. */
export function notePassed(
  arena: Arena,
  root: number,
  head: number,
  count: number,
  total: number,
): void {
  if (root !== indexedRoot || arena !== owner) {
    forgetIndex();
    indexedRoot = root;
    owner = arena;
    passed = 0;
  }
  passed += count;
  if (passed < MADE_AFTER * total) return;
  const wanted = Math.ceil(total / STEP);
  if (wanted > nodes.length) {
    nodes = new Int32Array(wanted);
    before = new Int32Array(wanted);
  }
  let elements = 0;
  let node = head;
  for (let i = 0; i < total; i++) {
    if (i % STEP === 0) {
      nodes[notes] = node;
      before[notes++] = elements;
    }
    elements += nodeCount(arena, node);
    node = nodeNext(arena, node);
  }
}

/** Throws unless the index, if it is this list's, is right. */
export function validateIndex(arena: Arena, root: number, head: number): void {
  if (!isIndexed(arena, root)) return;
  let elements = 0;
  let at = 0;
  for (let node = head; node !== 0; node = nodeNext(arena, node)) {
    if (at % STEP === 0) {
      assert(nodes[at / STEP] === node, "the index has the list's nodes");
      assert(before[at / STEP] === elements, "the index counts the elements before them");
    }
    elements += nodeCount(arena, node);
    at++;
  }
  assert(notes === Math.ceil(at / STEP), "the index is of the whole list");
}
