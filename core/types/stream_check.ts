/**
 * Whether streams are in order: nodes that come from elsewhere, and whole streams for tests.
 */
import { assert } from "../base/assert.ts";
import type { ReadonlyBytes } from "../base/bytes.ts";
import { compareIds, StreamId } from "../base/stream_id.ts";
import { type Arena, refOffset } from "../memory/arena.ts";
import { IdIndex } from "../structures/id_index.ts";
import {
  LP_HEADER_BYTES,
  lpBytes,
  lpInteger,
  lpValidate,
  lpValidateIntegrity,
} from "../structures/listpack.ts";
import { entryBytes, entryInteger } from "../structures/listpack_entry.ts";
import { NODE_DELETED, NODE_SAME_FIELDS, type StreamCursor } from "./stream_cursor.ts";
import {
  NODE_WORDS,
  readCounter,
  readId,
  STREAM_ADDED_OFF,
  STREAM_FIRST_ID_OFF,
  STREAM_INDEX_OFF,
  STREAM_LAST_ID_OFF,
  STREAM_LENGTH_OFF,
} from "./stream_root.ts";

// What `skipEntry` found besides the end of the entry.
let foundFlags = 0;

/**
 * Number of entries that aren't deleted in a node of a stream, -1 if the bytes are none. Trusts nothing. Flags
 * must be in the one byte that Redis writes them in, since they are changed in place.
 */
export function streamNodeEntries(buf: ReadonlyBytes, off: number, len: number): number {
  if (!lpValidate(buf, off, len, true)) return -1;
  const end = off + len - 1;
  let at = off + LP_HEADER_BYTES;
  const count = integerAt(buf, at, end);
  at = after(buf, at, end);
  const deleted = integerAt(buf, at, end);
  at = after(buf, at, end);
  const fields = integerAt(buf, at, end);
  at = after(buf, at, end);
  if (!(count >= 0 && deleted >= 0 && fields >= 0)) return -1;
  // A short count is changed in place.
  if (count < 0x80 && buf[off + LP_HEADER_BYTES] !== count) return -1;
  for (let i = 0; i < fields && at < end; i++) at = after(buf, at, end);
  if (integerAt(buf, at, end) !== 0) return -1;
  at = after(buf, at, end);
  let live = 0;
  let dead = 0;
  while (at < end) {
    at = skipEntry(buf, at, end, fields);
    if (at < 0) return -1;
    if ((foundFlags & NODE_DELETED) !== 0) dead++;
    else live++;
  }
  return live === count && dead === deleted ? live : -1;
}

/**
 * Whether the ids of a stream's entries ascend and none is above its last id, for a stream that came from elsewhere.
 * Leaves the first one's in `first`, 0-0 when there is none. The nodes are well formed.
 */
export function hasAscendingIds(
  arena: Arena,
  stream: number,
  cursor: StreamCursor,
  first: StreamId,
): boolean {
  const start = new StreamId();
  const end = new StreamId();
  end.setMax();
  const last = new StreamId();
  first.setMin();
  cursor.begin(stream, start, end, false);
  while (cursor.next()) {
    if (compareIds(last, cursor.id) >= 0) return false;
    if (first.isMin()) first.copy(cursor.id);
    last.copy(cursor.id);
  }
  readId(arena, stream, STREAM_LAST_ID_OFF, end);
  return compareIds(last, end) <= 0;
}

/** Throws unless a stream, without its groups, is consistent. */
export function checkStream(arena: Arena, stream: number, cursor: StreamCursor): void {
  const length = arena.f64[stream >>> 27][(refOffset(stream) + STREAM_LENGTH_OFF) >> 3];
  const nodes = new IdIndex(arena, NODE_WORDS).at(stream, STREAM_INDEX_OFF);
  nodes.validateIntegrity();
  let inNodes = 0;
  for (let more = nodes.seekFirst(); more; more = nodes.next()) {
    const node = nodes.value(0);
    lpValidateIntegrity(arena, node);
    const bytes = arena.u8[node >>> 27];
    const live = streamNodeEntries(bytes, refOffset(node), lpBytes(arena, node));
    assert(live >= 0, "a node is well formed");
    assert(live === lpInteger(arena, node, LP_HEADER_BYTES), "a node counts its entries");
    inNodes += live;
  }
  assert(inNodes === length, "the entries are counted");
  checkEntries(arena, stream, length, cursor);
}

/** Checks the ids of all entries. */
function checkEntries(arena: Arena, stream: number, length: number, cursor: StreamCursor): void {
  const start = new StreamId();
  const end = new StreamId();
  end.setMax();
  const last = new StreamId();
  const edge = new StreamId();
  readId(arena, stream, STREAM_FIRST_ID_OFF, edge);
  cursor.begin(stream, start, end, false);
  let walked = 0;
  for (; cursor.next(); walked++) {
    assert(compareIds(last, cursor.id) < 0, "ids ascend");
    assert(walked > 0 || edge.equals(cursor.id), "the first id is known");
    last.copy(cursor.id);
  }
  assert(walked === length, "a walk sees all entries");
  assert(walked > 0 || edge.isMin(), "an empty stream has no first id");
  readId(arena, stream, STREAM_LAST_ID_OFF, edge);
  assert(compareIds(last, edge) <= 0, "no entry is above the last id");
  assert(readCounter(arena, stream, STREAM_ADDED_OFF) >= 0, "entries were added");
}

/** Where the entry at `at` ends, -1 when it is none. Leaves its flags in `foundFlags`. */
function skipEntry(buf: ReadonlyBytes, at: number, end: number, masterFields: number): number {
  foundFlags = buf[at];
  if (foundFlags > 0x7f) return -1;
  at = after(buf, at, end);
  for (let i = 0; i < 2; i++) {
    if (Number.isNaN(integerAt(buf, at, end))) return -1;
    at = after(buf, at, end);
  }
  let values = masterFields;
  let parts = masterFields + 3;
  if ((foundFlags & NODE_SAME_FIELDS) === 0) {
    const fields = integerAt(buf, at, end);
    if (!(fields >= 0)) return -1;
    at = after(buf, at, end);
    values = fields * 2;
    parts = values + 4;
  }
  for (let i = 0; i < values && at < end; i++) at = after(buf, at, end);
  return integerAt(buf, at, end) === parts ? after(buf, at, end) : -1;
}

/** The integer at `at`, NaN when it is none or there is nothing. */
function integerAt(buf: ReadonlyBytes, at: number, end: number): number {
  return at < end ? entryInteger(buf, at) : NaN;
}

function after(buf: ReadonlyBytes, at: number, end: number): number {
  return at < end ? at + entryBytes(buf, at) : at;
}
