/**
 * How many nodes a radix tree of a stream's nodes would have: a number in XINFO STREAM's reply.
 *
 * Redis keeps the nodes of a stream in one, whose shape follows from the ids alone. A stretch of bytes that all
 * ids below share is one node, a byte in which they differ is one, and so is each end. An id has 16
 * bytes, the times of neighbours begin alike, so what counts is how long each id agrees with the next.
 */
import { StreamId } from "../base/stream_id.ts";
import type { Arena } from "../memory/arena.ts";
import { IdIndex } from "../structures/id_index.ts";
import { ID_BYTES, NODE_WORDS, STREAM_INDEX_OFF } from "./stream_root.ts";

/** Nodes of the tree. Takes a step per node of the stream. */
export function radixNodes(arena: Arena, stream: number): number {
  const index = new IdIndex(arena, NODE_WORDS).at(stream, STREAM_INDEX_OFF);
  if (!index.seekFirst()) return 1;
  const id = new StreamId();
  const next = new StreamId();
  index.idTo(id);
  // How deep the ids branch on the way to the one at hand.
  const open: number[] = [];
  let nodes = 0;
  let before = -1;
  for (;;) {
    const more = index.next();
    if (more) index.idTo(next);
    const shared = more ? sharedBytes(id, next) : -1;
    nodes += withStretch(Math.max(before, shared), ID_BYTES);
    while (open.length > 0 && open[open.length - 1] > shared) {
      const depth = open.pop()!;
      const above = open.length > 0 ? open[open.length - 1] : -1;
      nodes += withStretch(Math.max(above, shared), depth);
    }
    if (!more) return nodes;
    if (open.length === 0 || open[open.length - 1] < shared) open.push(shared);
    id.copy(next);
    before = shared;
  }
}

/** Nodes for one at `depth`, with the stretch of bytes between it and the branch above (-1: none), if any. */
function withStretch(above: number, depth: number): number {
  return depth > above + 1 ? 2 : 1;
}

/** Bytes at the beginning of two ids that are the same. */
function sharedBytes(a: StreamId, b: StreamId): number {
  if (a.msHi !== b.msHi) return Math.clz32(a.msHi ^ b.msHi) >> 3;
  if (a.msLo !== b.msLo) return 4 + (Math.clz32(a.msLo ^ b.msLo) >> 3);
  if (a.seqHi !== b.seqHi) return 8 + (Math.clz32(a.seqHi ^ b.seqHi) >> 3);
  return 12 + (Math.clz32(a.seqLo ^ b.seqLo) >> 3);
}
