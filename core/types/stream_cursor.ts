/**
 * StreamCursor: walks over the entries of a stream within a range of ids, in either direction.
 *
 * A node of a stream is a listpack in the form that Redis keeps and dumps. It begins with a master entry, which
 * tells the fields of the entry it was made for:
 *
 *     +-------+---------+------------+---------+-----+---------+---+
 *     | count | deleted | num-fields | field 1 | ... | field N | 0 |        count: those not deleted
 *     +-------+---------+------------+---------+-----+---------+---+
 *
 * Then come entries, in the order of ids. Their ids are given as the difference to the node's id, which is the
 * key in the index. Entries with the master's fields leave the fields out:
 *
 *     +-------+---------+----------+------------+---------+---------+-----+----------+
 *     | flags | ms diff | seq diff | num-fields | field 1 | value 1 | ... | lp-count |
 *     +-------+---------+----------+------------+---------+---------+-----+----------+
 *     +-------+---------+----------+---------+-----+---------+----------+
 *     | flags | ms diff | seq diff | value 1 | ... | value N | lp-count |       NODE_SAME_FIELDS
 *     +-------+---------+----------+---------+-----+---------+----------+
 *
 * lp-count is the number of elements before it that belong to the entry; the 0 of the master entry stands in
 * its place there, so that who walks backwards notices. A deleted entry stays, flagged, until its node has no
 * other.
 *
 * The cursor and what it read are good until the stream changes. It works on the bytes of the listpack rather
 * than through its functions: a walk reads five elements per entry and more.
 */
import type { ReadonlyBytes } from "../base/bytes.ts";
import { compareIds, StreamId } from "../base/stream_id.ts";
import { type Arena, refOffset } from "../memory/arena.ts";
import { IdIndex } from "../structures/id_index.ts";
import { LP_HEADER_BYTES, lpBytes } from "../structures/listpack.ts";
import {
  entryBefore,
  entryBytes,
  entryInteger,
  ListpackValue,
  LP_END,
  readEntry,
} from "../structures/listpack_entry.ts";
import { NODE_WORDS, STREAM_INDEX_OFF } from "./stream_root.ts";

/** Flags of an entry. */
export const NODE_DELETED = 1;
export const NODE_SAME_FIELDS = 2;

const NOTHING = new Uint8Array(0);

export class StreamCursor {
  /** The entry at hand: its id, flags and number of fields. */
  readonly id = new StreamId();
  flags = 0;
  numFields = 0;
  /** What `nextField` read. */
  readonly field = new ListpackValue();
  readonly value = new ListpackValue();
  /** The listpack of the node at hand, and where in it the entry begins. */
  node = 0;
  entryOff = 0;
  /** Whether deleted entries are passed over. */
  skipsDeleted = true;

  private readonly arena: Arena;
  private readonly nodes: IdIndex;
  private readonly start = new StreamId();
  private readonly end = new StreamId();
  private readonly master = new StreamId();
  private readonly scratch = new ListpackValue();
  private isReverse = false;
  /** Whether the first node is yet to be opened. */
  private isFresh = false;
  private bytes: ReadonlyBytes = NOTHING;
  // Places in `bytes`: the listpack, its first field and its entries; the entry at hand and its next value.
  private base = 0;
  private masterFields = 0;
  private masterCount = 0;
  private entryAt = 0;
  private valueAt = 0;
  private fieldAt = 0;
  /** Fields of the entry that weren't read yet. */
  private left = 0;

  constructor(arena: Arena) {
    this.arena = arena;
    this.nodes = new IdIndex(arena, NODE_WORDS);
  }

  /** Begins a walk over the entries of a stream from `start` to `end`, both included. */
  begin(stream: number, start: StreamId, end: StreamId, isReverse: boolean): void {
    this.nodes.at(stream, STREAM_INDEX_OFF);
    this.start.copy(start);
    this.end.copy(end);
    this.isReverse = isReverse;
    this.isFresh = true;
    this.skipsDeleted = true;
    this.node = 0;
  }

  /** Goes to the next entry. Returns false at the end, after which this must not be called again. */
  next(): boolean {
    return this.isReverse ? this.nextBackward() : this.nextForward();
  }

  /** Reads the next field of the entry and its value; there are `numFields`. */
  nextField(): void {
    const { bytes } = this;
    let at = this.valueAt;
    if ((this.flags & NODE_SAME_FIELDS) !== 0) {
      readEntry(bytes, this.fieldAt, this.field);
      this.fieldAt += entryBytes(bytes, this.fieldAt);
    } else {
      readEntry(bytes, at, this.field);
      at += entryBytes(bytes, at);
    }
    readEntry(bytes, at, this.value);
    this.valueAt = at + entryBytes(bytes, at);
    this.left--;
  }

  /** The id of the node at hand. */
  get nodeId(): StreamId {
    return this.master;
  }

  private nextForward(): boolean {
    let at = this.node === 0 ? 0 : this.entryEnd();
    for (;;) {
      if (this.node === 0) {
        if (!this.openNode()) return false;
        at = skip(this.bytes, this.masterFields, this.masterCount + 1);
      }
      const { bytes } = this;
      while (bytes[at] !== LP_END) {
        this.readHead(at);
        const isWanted = !this.skipsDeleted || (this.flags & NODE_DELETED) === 0;
        if (isWanted && compareIds(this.id, this.start) >= 0) {
          return compareIds(this.id, this.end) <= 0;
        }
        at = this.entryEnd();
      }
      this.node = 0;
    }
  }

  private nextBackward(): boolean {
    let at = this.node === 0 ? 0 : this.entryAt;
    for (;;) {
      if (this.node === 0) {
        if (!this.openNode()) return false;
        at = this.base + lpBytes(this.arena, this.node) - 1;
      }
      const { bytes } = this;
      for (;;) {
        at = entryBefore(bytes, at);
        let count = entryInteger(bytes, at);
        if (count === 0) break;
        for (; count > 0; count--) at = entryBefore(bytes, at);
        this.readHead(at);
        const isWanted = !this.skipsDeleted || (this.flags & NODE_DELETED) === 0;
        if (isWanted && compareIds(this.id, this.end) <= 0) {
          return compareIds(this.id, this.start) >= 0;
        }
      }
      this.node = 0;
    }
  }

  /** Opens the first or the next node. */
  private openNode(): boolean {
    const { nodes } = this;
    if (!this.isFresh) {
      if (!(this.isReverse ? nodes.previous() : nodes.next())) return false;
    } else {
      this.isFresh = false;
      const isThere = this.isReverse
        ? nodes.seekAtMost(this.end)
        : nodes.seekAtMost(this.start) || nodes.seekFirst();
      if (!isThere) return false;
    }
    const node = nodes.value(0);
    nodes.idTo(this.master);
    this.node = node;
    const bytes = this.arena.u8[node >>> 27];
    this.bytes = bytes;
    this.base = refOffset(node);
    const at = skip(bytes, this.base + LP_HEADER_BYTES, 2);
    this.masterCount = entryInteger(bytes, at);
    this.masterFields = at + entryBytes(bytes, at);
    return true;
  }

  /** Reads flags, id and number of fields of the entry at `at`. */
  private readHead(at: number): void {
    const { bytes, id, master } = this;
    this.entryAt = at;
    this.entryOff = at - this.base;
    this.flags = entryInteger(bytes, at);
    at += entryBytes(bytes, at);
    id.copy(master);
    let diff = bytes[at];
    if (diff < 0x80) {
      if (diff > 0) this.addToMs(0, diff);
      at += 2;
    } else {
      readEntry(bytes, at, this.scratch);
      this.addToMs(this.scratch.hi, this.scratch.lo);
      at += entryBytes(bytes, at);
    }
    diff = bytes[at];
    if (diff < 0x80) {
      if (diff > 0) this.addToSeq(0, diff);
      at += 2;
    } else {
      readEntry(bytes, at, this.scratch);
      this.addToSeq(this.scratch.hi, this.scratch.lo);
      at += entryBytes(bytes, at);
    }
    if ((this.flags & NODE_SAME_FIELDS) !== 0) {
      this.numFields = this.masterCount;
      this.fieldAt = this.masterFields;
    } else {
      this.numFields = entryInteger(bytes, at);
      at += entryBytes(bytes, at);
    }
    this.left = this.numFields;
    this.valueAt = at;
  }

  private addToMs(hi: number, lo: number): void {
    const { id } = this;
    const sum = (id.msLo + lo) | 0;
    id.msHi = (id.msHi + hi + (sum >>> 0 < lo >>> 0 ? 1 : 0)) | 0;
    id.msLo = sum;
  }

  private addToSeq(hi: number, lo: number): void {
    const { id } = this;
    const sum = (id.seqLo + lo) | 0;
    id.seqHi = (id.seqHi + hi + (sum >>> 0 < lo >>> 0 ? 1 : 0)) | 0;
    id.seqLo = sum;
  }

  /** Where the entry after the one at hand begins. */
  private entryEnd(): number {
    const values = (this.flags & NODE_SAME_FIELDS) !== 0 ? this.left : this.left * 2;
    return skip(this.bytes, this.valueAt, values + 1);
  }
}

/** Where the element `count` elements after the one at `at` begins. */
function skip(bytes: ReadonlyBytes, at: number, count: number): number {
  for (; count > 0; count--) at += entryBytes(bytes, at);
  return at;
}
