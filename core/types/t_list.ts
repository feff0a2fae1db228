/**
 * Lists: sequences of elements, cheap to change at both ends.
 *
 *     encoding     body                                          for
 *     listpack     ref of a listpack, where its entries begin    what fits into one node of a quicklist
 *     quicklist    ref of a quicklist's root, 0                  all others
 *
 * The listpack is a sliding one (structures/sliding_listpack.ts), so that small queues don't move at every step;
 * what changes it elsewhere than at its ends moves its entries back behind the header first. 0 for where they
 * begin means there. An empty list that was just made has no listpack yet: the first element is about to come,
 * and its size decides about the block.
 *
 * Conversions. Before elements are added, `reserve` is told how many and how long they are, and makes a listpack
 * that would become too large a quicklist. After elements were removed, `shrink` makes a quicklist a
 * listpack, when all is in one node and fills at most half of what a listpack may have: so a list whose
 * length goes up and down around the limit isn't converted at every step. Both as Redis does, because OBJECT
 * ENCODING and DUMP show it.
 *
 * Elements come out through `value`, whose bytes are where they were found: good until the next change.
 *
 * Memory. Adding throws ArenaFull and leaves the elements as they were. Removing needs memory only where nodes
 * are compressed, and asks for it first.
 */
import type { ReadonlyBytes } from "../base/bytes.ts";
import { type Arena, ARENA_FULL, REF_OFFSET_MASK } from "../memory/arena.ts";
import type { Reply } from "../protocol/reply.ts";
import {
  LP_EMPTY_BYTES,
  LP_HEADER_BYTES,
  lpBytes,
  lpCount,
  lpCreate,
  lpDelete,
  lpDeleteRange,
  lpEntryAt,
  lpGet,
  lpInsertAfter,
  lpInsertBefore,
  lpPrev,
  lpReplace,
  lpReserve,
  lpSeek,
  lpShrinkToFit,
  lpWastes,
} from "../structures/listpack.ts";
import { entryIntegers, ListpackValue } from "../structures/listpack_entry.ts";
import {
  qlAppendListpack,
  qlCount,
  qlCountLimit,
  qlCreate,
  qlDelete,
  qlDeleteRange,
  qlDepth,
  qlDrop,
  qlDup,
  qlExceedsLimit,
  qlFill,
  qlFind,
  qlFree,
  qlFreeSome,
  qlGet,
  qlInsertAfter,
  qlInsertBefore,
  qlNext,
  qlNodes,
  qlPeek,
  qlPrev,
  qlPush,
  qlRelease,
  qlReplace,
  qlSeek,
  qlSeekInListpack,
  qlSetPackedThreshold,
  qlSingleBytes,
  qlSizeLimit,
  qlSkipNode,
  qlTakeListpack,
  qlTotalBytes,
  qlValidateIntegrity,
  QuicklistCursor,
} from "../structures/quicklist.ts";
import {
  slCut,
  slDup,
  slEnd,
  slid,
  slNormalize,
  slPush,
  slValidateIntegrity,
} from "../structures/sliding_listpack.ts";
import { addEntryBulks, addEntryBulksBackwards } from "./entry_bulks.ts";
import { listpackText, quicklistOpenBytes, quicklistText } from "./list_text.ts";
import {
  bodyWord,
  ENC_LISTPACK,
  ENC_QUICKLIST,
  objectEncoding,
  objectType,
  setBodyWord,
  setEncoding,
  TYPE_LIST,
} from "./object.ts";
import type { TypeContext } from "./type_context.ts";
import type { CollectionType } from "./values.ts";

/** Elements that stand for a node when a list is freed in slices. */
const ELEMENTS_PER_NODE = 128;
/** What an entry takes besides the bytes of a short string. */
const ENTRY_OVERHEAD_BYTES = 2;
/** Memory that taking an element out of a compressed node may need: the largest node, twice. */
const OPEN_NODE_BYTES = 128 * 1024;
/** Longest element that is kept in the scratch of `rotate` between uses. */
const SCRATCH_KEPT_MAX = 4096;

export class Lists implements CollectionType {
  /** The element read last; `toText` was called. */
  readonly value = new ListpackValue();
  private readonly context: TypeContext;
  private readonly arena: Arena;
  private readonly cursor = new QuicklistCursor();
  private scratch = new Uint8Array(SCRATCH_KEPT_MAX);
  // The search in progress.
  private searchForward = true;
  private searchLeft = 0;
  private searchAt = -1;
  // The walk in progress.
  private walkStarted = false;
  private walkLeft = false;

  constructor(context: TypeContext) {
    this.context = context;
    this.arena = context.arena;
  }

  // CollectionType.

  init(ref: number): void {
    setEncoding(this.arena, ref, ENC_LISTPACK);
  }

  free(ref: number): void {
    const { arena } = this;
    const word = bodyWord(arena, ref, 0);
    if (word === 0) return;
    if (this.isSmall(ref)) arena.free(word);
    else qlFree(arena, word);
  }

  freeSome(ref: number, budget: number): boolean {
    const { arena } = this;
    const word = bodyWord(arena, ref, 0);
    if (word === 0 || this.isSmall(ref)) {
      this.free(ref);
      return false;
    }
    return !qlFreeSome(arena, word, Math.ceil(budget / ELEMENTS_PER_NODE));
  }

  copy(from: number, to: number): void {
    const { arena } = this;
    const word = bodyWord(arena, from, 0);
    if (word === 0) return;
    const small = this.isSmall(from);
    const made = small ? slDup(arena, word, this.start(from)) : qlDup(arena, word);
    setBodyWord(arena, to, 0, made);
    setEncoding(arena, to, small ? ENC_LISTPACK : ENC_QUICKLIST);
  }

  length(ref: number): number {
    const word = bodyWord(this.arena, ref, 0);
    if (word === 0) return 0;
    return this.isSmall(ref) ? lpCount(this.arena, word) : qlCount(this.arena, word);
  }

  bytes(ref: number, samples: number): number {
    const word = bodyWord(this.arena, ref, 0);
    if (word === 0) return 0;
    if (this.isSmall(ref)) return this.arena.usable(word);
    return qlTotalBytes(this.arena, word, samples);
  }

  validateIntegrity(ref: number): void {
    const word = bodyWord(this.arena, ref, 0);
    if (word === 0) return;
    if (this.isSmall(ref)) slValidateIntegrity(this.arena, word, this.start(ref));
    else qlValidateIntegrity(this.arena, word);
  }

  /** Whether the list is a listpack, rather than a quicklist. */
  isSmall(ref: number): boolean {
    return objectEncoding(this.arena, ref) === ENC_LISTPACK;
  }

  // Conversions.

  /** To be called before `count` elements of `bytes` bytes in all are added. Throws ArenaFull. */
  reserve(ref: number, bytes: number, count: number): void {
    if (!this.isSmall(ref)) return;
    const { arena } = this;
    const word = bodyWord(arena, ref, 0);
    const oldBytes = word === 0 ? LP_EMPTY_BYTES : lpBytes(arena, word);
    const oldCount = word === 0 ? 0 : lpCount(arena, word);
    const fill = this.context.limits.listMaxListpackSize;
    if (qlExceedsLimit(fill, oldBytes + bytes, oldCount + count)) {
      this.grow(ref, word);
    } else if (word === 0) {
      const capacity = LP_EMPTY_BYTES + bytes + count * ENTRY_OVERHEAD_BYTES;
      setBodyWord(arena, ref, 0, lpCreate(arena, capacity));
    } else if (count > 1) {
      const listpack = lpReserve(arena, word, bytes + count * ENTRY_OVERHEAD_BYTES);
      if (listpack !== word) setBodyWord(arena, ref, 0, listpack);
    }
  }

  /** To be called after elements were removed or replaced. */
  shrink(ref: number): void {
    if (this.isSmall(ref)) return;
    const { arena } = this;
    const root = bodyWord(arena, ref, 0);
    const bytes = qlSingleBytes(arena, root);
    if (bytes > 0) this.toListpack(ref, root, bytes, 2);
  }

  /** To be called after a list was built from elsewhere: gives it the encoding of its size. */
  settle(ref: number): void {
    const { arena } = this;
    const word = bodyWord(arena, ref, 0);
    if (word === 0) return;
    if (this.isSmall(ref)) {
      this.reserve(ref, 0, 0);
      return;
    }
    const bytes = qlSingleBytes(arena, word);
    if (bytes > 0) this.toListpack(ref, word, bytes, 1);
  }

  /** Gives back what a listpack doesn't use of the room that `reserve` made for several elements. */
  fit(ref: number): void {
    if (!this.isSmall(ref)) return;
    const { arena } = this;
    const word = bodyWord(arena, ref, 0);
    if (!lpWastes(arena, word, lpBytes(arena, word))) return;
    setBodyWord(arena, ref, 0, lpShrinkToFit(arena, this.normal(ref)));
  }

  private grow(ref: number, listpack: number): void {
    const { arena } = this;
    const { listMaxListpackSize, listCompressDepth } = this.context.limits;
    const root = qlCreate(arena, listMaxListpackSize, listCompressDepth);
    if (listpack !== 0) {
      try {
        if (lpCount(arena, listpack) > 0) {
          qlAppendListpack(arena, root, listpack, this.start(ref));
        } else arena.free(listpack);
      } catch (error) {
        arena.free(root);
        throw error;
      }
    }
    setBodyWord(arena, ref, 0, root);
    setBodyWord(arena, ref, 1, 0);
    setEncoding(arena, ref, ENC_QUICKLIST);
  }

  /**
   * Makes a quicklist of one node of `bytes` bytes a listpack, unless it is above the limit divided by
   * `divisor`, or there is no memory for it.
   */
  private toListpack(ref: number, root: number, bytes: number, divisor: number): void {
    const { arena } = this;
    const fill = this.context.limits.listMaxListpackSize;
    if (bytes > Math.floor(qlSizeLimit(fill) / divisor)) return;
    if (qlCount(arena, root) > Math.floor(qlCountLimit(fill) / divisor)) return;
    try {
      setBodyWord(arena, ref, 0, qlTakeListpack(arena, root));
      setEncoding(arena, ref, ENC_LISTPACK);
    } catch (error) {
      if (error !== ARENA_FULL) throw error;
    }
  }

  // The ends.

  /** Adds a single element, `reserve` included. Returns the new length. Throws ArenaFull. */
  pushOne(ref: number, atHead: boolean, buf: ReadonlyBytes, off: number, len: number): number {
    const { arena } = this;
    if (this.isSmall(ref)) {
      this.reserve(ref, len, 1);
      this.push(ref, atHead, buf, off, len);
      return this.length(ref);
    }
    return qlPush(arena, bodyWord(arena, ref, 0), atHead, buf, off, len);
  }

  /** Adds an element, for which `reserve` was called. Throws ArenaFull. */
  push(ref: number, atHead: boolean, buf: ReadonlyBytes, off: number, len: number): void {
    const { arena } = this;
    const word = bodyWord(arena, ref, 0);
    if (!this.isSmall(ref)) qlPush(arena, word, atHead, buf, off, len);
    else {
      const start = this.start(ref);
      slPush(arena, word, start, atHead, buf, off, len);
      this.keep(ref, word, start);
    }
  }

  /** Reads the first or the last element of a list that isn't empty into `value`. */
  peek(ref: number, atHead: boolean): void {
    const { arena, value } = this;
    const word = bodyWord(arena, ref, 0);
    if (!this.isSmall(ref)) qlPeek(arena, word, atHead, this.cursor, value);
    else lpGet(arena, word, slEnd(arena, word, this.start(ref), atHead), value);
    value.toText();
  }

  /** Removes the first or the last element of a list that isn't empty. The caller shrinks. */
  drop(ref: number, atHead: boolean): void {
    const { arena } = this;
    const word = bodyWord(arena, ref, 0);
    if (!this.isSmall(ref)) {
      qlDrop(arena, word, atHead);
      return;
    }
    this.cutSmall(ref, word, atHead, 1);
  }

  /**
   * Removes the first or the last element and shrinks, unless it is the only one. Returns how many are left; with 0
   * nothing has changed.
   */
  take(ref: number, atHead: boolean): number {
    const { arena } = this;
    const word = bodyWord(arena, ref, 0);
    if (this.isSmall(ref)) {
      const left = lpCount(arena, word) - 1;
      if (left > 0) this.cutSmall(ref, word, atHead, 1);
      return left;
    }
    const left = qlCount(arena, word) - 1;
    if (left === 0) return 0;
    qlDrop(arena, word, atHead);
    if (qlNodes(arena, word) === 1) this.shrink(ref);
    return left;
  }

  /**
   * Moves the element at one end, which was just peeked at, to the other end, or to the same, and leaves it in
   * `value`. Throws ArenaFull, and the element may then be lost, so the caller has made sure that there is
   * room for it.
   */
  rotate(ref: number, fromHead: boolean, toHead: boolean): void {
    const { value } = this;
    const { len } = value;
    if (len > this.scratch.length) this.scratch = new Uint8Array(len);
    const { scratch } = this;
    for (let i = 0; i < len; i++) scratch[i] = value.buf[value.off + i];
    const counted = this.addedBytes(ref);
    this.drop(ref, fromHead);
    this.reserve(ref, counted, 1);
    this.push(ref, toHead, scratch, 0, len);
    this.shrink(ref);
    value.setBytes(scratch, 0, len);
    if (len > SCRATCH_KEPT_MAX) this.scratch = new Uint8Array(SCRATCH_KEPT_MAX);
  }

  /**
   * Bytes that `value`, which came out of the list `ref`, is reckoned with when it is added to another one.
   * Redis doesn't count an integer from a quicklist.
   */
  addedBytes(ref: number): number {
    return this.value.isInteger && !this.isSmall(ref) ? 0 : this.value.len;
  }

  // By index, which is counted from the end (-1) when negative.

  /** Reads the element at `index` into `value`. False when there is none. */
  get(ref: number, index: number): boolean {
    if (!this.seek(ref, index)) return false;
    qlGet(this.cursor, this.value);
    this.value.toText();
    return true;
  }

  /** Replaces the element at `index`; `reserve` was called. False when there is none. Throws ArenaFull. */
  set(ref: number, index: number, buf: ReadonlyBytes, off: number, len: number): boolean {
    const { arena, cursor } = this;
    if (this.isSmall(ref)) {
      const word = this.normal(ref);
      const at = lpSeek(arena, word, index);
      if (at === 0) return false;
      setBodyWord(arena, ref, 0, lpReplace(arena, word, at, buf, off, len));
      return true;
    }
    if (!qlSeek(arena, bodyWord(arena, ref, 0), cursor, index)) return false;
    qlReplace(arena, cursor, buf, off, len);
    return true;
  }

  /** Removes `count` elements from the one at `start`, not negative, on; the caller shrinks. */
  removeRange(ref: number, start: number, count: number): void {
    if (count === 0) return;
    const { arena } = this;
    const word = bodyWord(arena, ref, 0);
    if (!this.isSmall(ref)) qlDeleteRange(arena, word, start, count);
    else if (start === 0) this.cutSmall(ref, word, true, count);
    else if (start + count === lpCount(arena, word)) this.cutSmall(ref, word, false, count);
    else setBodyWord(arena, ref, 0, lpDeleteRange(arena, this.normal(ref), start, count));
  }

  /** Replies `count` elements that are there as bulk strings, from the one at `start` on. */
  addRange(reply: Reply, ref: number, start: number, count: number): void {
    const { arena, cursor } = this;
    this.seek(ref, start);
    while (count > 0) {
      const here = Math.min(count, cursor.count - cursor.index);
      if (cursor.plain) reply.addBulk(cursor.buf, cursor.from, cursor.end - cursor.from);
      else addEntryBulks(reply, cursor.buf, cursor.at, here);
      count -= here;
      if (count > 0) qlSkipNode(arena, cursor, true);
    }
  }

  /** Replies the last `count` elements as bulk strings, the last one first. */
  addFromTail(reply: Reply, ref: number, count: number): void {
    const { arena, cursor } = this;
    this.seek(ref, -1);
    while (count > 0) {
      const here = Math.min(count, cursor.count);
      if (cursor.plain) reply.addBulk(cursor.buf, cursor.from, cursor.end - cursor.from);
      else addEntryBulksBackwards(reply, cursor.buf, cursor.end, here);
      count -= here;
      if (count > 0) qlSkipNode(arena, cursor, false);
    }
  }

  /** Puts all elements into `out`, if they are integers of up to 2^53 - 1. Returns whether they are. */
  copyIntegers(ref: number, out: Float64Array): boolean {
    const { arena, cursor } = this;
    let count = 0;
    for (let more = this.seek(ref, 0); more; more = qlSkipNode(arena, cursor, true)) {
      if (cursor.plain || !entryIntegers(cursor.buf, cursor.at, cursor.count, out, count)) {
        return false;
      }
      count += cursor.count;
    }
    return true;
  }

  // One after the other.

  /** Begins a walk from the head, while which nothing may be changed and nothing else be looked for. */
  begin(ref: number): void {
    this.walkStarted = false;
    this.walkLeft = this.seek(ref, 0);
  }

  /** Reads the next element of the walk into `value`. False when there is none. */
  next(): boolean {
    const { cursor } = this;
    if (this.walkStarted && this.walkLeft) this.walkLeft = qlNext(this.arena, cursor);
    this.walkStarted = true;
    if (!this.walkLeft) return false;
    qlGet(cursor, this.value);
    this.value.toText();
    return true;
  }

  // By value.

  /** Begins a search from either end that looks at up to `limit` elements. */
  beginSearch(ref: number, fromHead: boolean, limit: number): void {
    this.searchForward = fromHead;
    this.searchLeft = limit;
    this.searchAt = -1;
    if (!this.seek(ref, fromHead ? 0 : -1)) this.searchLeft = 0;
  }

  /**
   * The next element that is these bytes: how many lie between it and the end where the search began; -1 when there
   * is none.
   */
  nextFound(buf: ReadonlyBytes, off: number, len: number): number {
    const { arena, cursor, searchForward } = this;
    if (this.searchLeft <= 0) return -1;
    if (this.searchAt >= 0) {
      const moved = searchForward ? qlNext(arena, cursor) : qlPrev(arena, cursor);
      if (!moved) return -1;
    }
    const steps = qlFind(arena, cursor, searchForward, this.searchLeft, buf, off, len);
    if (steps < 0) {
      this.searchLeft = 0;
      return -1;
    }
    this.searchLeft -= steps + 1;
    this.searchAt += steps + 1;
    return this.searchAt;
  }

  /**
   * Inserts an element before or after the first one that is the pivot; `reserve` was called. False when
   * there is none. Throws ArenaFull.
   */
  insert(
    ref: number,
    after: boolean,
    buf: ReadonlyBytes,
    pivotOff: number,
    pivotLen: number,
    off: number,
    len: number,
  ): boolean {
    const { arena, cursor } = this;
    if (this.isSmall(ref)) this.normal(ref);
    this.beginSearch(ref, true, Infinity);
    if (this.nextFound(buf, pivotOff, pivotLen) < 0) return false;
    const word = bodyWord(arena, ref, 0);
    if (!this.isSmall(ref)) {
      if (after) qlInsertAfter(arena, cursor, buf, off, len);
      else qlInsertBefore(arena, cursor, buf, off, len);
      return true;
    }
    const at = this.cursorOff(word);
    const listpack = after
      ? lpInsertAfter(arena, word, at, buf, off, len)
      : lpInsertBefore(arena, word, at, buf, off, len);
    setBodyWord(arena, ref, 0, listpack);
    return true;
  }

  /**
   * Removes up to `max` elements that are these bytes, beginning at either end; the caller shrinks. Returns
   * how many. Throws ArenaFull before anything changed.
   */
  remove(
    ref: number,
    fromHead: boolean,
    max: number,
    buf: ReadonlyBytes,
    off: number,
    len: number,
  ): number {
    const { arena, cursor } = this;
    const small = this.isSmall(ref);
    // A compressed node is opened to take something out. That must not fail at the second one.
    if (small) this.normal(ref);
    else if (qlDepth(arena, bodyWord(arena, ref, 0)) > 0) {
      arena.free(arena.alloc(OPEN_NODE_BYTES));
    }
    let removed = 0;
    for (let more = this.seek(ref, fromHead ? 0 : -1); more && removed < max; removed++) {
      if (qlFind(arena, cursor, fromHead, Infinity, buf, off, len) < 0) break;
      more = small ? this.removeSmall(ref, fromHead) : qlDelete(arena, cursor, fromHead);
    }
    if (!small) qlRelease(arena, cursor);
    return removed;
  }

  /** `qlDelete` in a listpack. */
  private removeSmall(ref: number, forward: boolean): boolean {
    const { arena, cursor } = this;
    const { index } = cursor;
    const word = bodyWord(arena, ref, 0);
    const at = this.cursorOff(word);
    const listpack = lpDelete(arena, word, at);
    setBodyWord(arena, ref, 0, listpack);
    const next = forward ? lpEntryAt(arena, listpack, at) : lpPrev(arena, listpack, at);
    if (next === 0) return false;
    const base = (listpack & REF_OFFSET_MASK) << 3;
    cursor.buf = arena.u8[listpack >>> 27];
    cursor.from = base + LP_HEADER_BYTES;
    cursor.at = base + next;
    cursor.end = base + lpBytes(arena, listpack) - 1;
    cursor.count--;
    cursor.index = forward ? index : index - 1;
    return true;
  }

  // For DEBUG.

  /**
   * What the list looks like in memory, for people; of a small list, and of any value that is a
   * listpack, its entries.
   */
  describe(ref: number, full: boolean): string {
    const { arena } = this;
    if (objectEncoding(arena, ref) === ENC_QUICKLIST) {
      return quicklistText(arena, bodyWord(arena, ref, 0), full);
    }
    const isList = objectType(arena, ref) === TYPE_LIST;
    return listpackText(arena, isList ? this.normal(ref) : bodyWord(arena, ref, 0));
  }

  /** The fields that DEBUG OBJECT adds for a quicklist; nothing for any other value. */
  debugFields(ref: number): string {
    const { arena } = this;
    if (objectEncoding(arena, ref) !== ENC_QUICKLIST) return "";
    const root = bodyWord(arena, ref, 0);
    const nodes = qlNodes(arena, root);
    return ` ql_nodes:${nodes} ql_avg_node:${(qlCount(arena, root) / nodes).toFixed(2)}` +
      ` ql_listpack_max:${qlFill(arena, root)} ql_compressed:${qlDepth(arena, root) > 0 ? 1 : 0}` +
      ` ql_uncompressed_size:${quicklistOpenBytes(arena, root)}`;
  }

  /** Elements of so many bytes and more get nodes of their own, whatever the limits; 0 ends that. For tests. */
  setPackedThreshold(bytes: number): void {
    qlSetPackedThreshold(bytes);
  }

  // Helpers.

  /** Puts the cursor on the element at `index`. False when there is none. */
  private seek(ref: number, index: number): boolean {
    const { arena, cursor } = this;
    const word = bodyWord(arena, ref, 0);
    if (!this.isSmall(ref)) return qlSeek(arena, word, cursor, index);
    return qlSeekInListpack(arena, word, this.start(ref), cursor, index);
  }

  /** Where the entries of a small list begin in its block. */
  private start(ref: number): number {
    const start = bodyWord(this.arena, ref, 1);
    return start === 0 ? LP_HEADER_BYTES : start;
  }

  /** Stores what a change of a small list's end has left. */
  private keep(ref: number, word: number, start: number): void {
    if (slid.ref !== word) setBodyWord(this.arena, ref, 0, slid.ref);
    if (slid.start !== start) setBodyWord(this.arena, ref, 1, slid.start);
  }

  private cutSmall(ref: number, word: number, atHead: boolean, count: number): void {
    const start = this.start(ref);
    slCut(this.arena, word, start, atHead, count);
    this.keep(ref, word, start);
  }

  /** The listpack of a small list with its entries behind the header: what listpack.ts can change. */
  private normal(ref: number): number {
    const { arena } = this;
    const word = bodyWord(arena, ref, 0);
    const start = this.start(ref);
    if (start !== LP_HEADER_BYTES) {
      slNormalize(arena, word, start);
      setBodyWord(arena, ref, 1, LP_HEADER_BYTES);
    }
    return word;
  }

  /** Offset in a listpack of the entry that the cursor stands on. */
  private cursorOff(listpack: number): number {
    return this.cursor.at - ((listpack & REF_OFFSET_MASK) << 3);
  }
}
