/**
 * Reply: what goes back to one client, as RESP2 or RESP3 bytes.
 *
 * Replies are appended to chunks taken from a pool; a chunk that has no room for the next piece is set aside and
 * another one taken, so nothing written is ever moved. The first is of CHUNK_BYTES, the second twice, the others four
 * times as large: each is a call to send it. A piece larger than a chunk gets a chunk of its own size. The
 * connection takes the chunks, sends them in order, and returns the standard ones to the pool; a client with
 * nothing to send holds none.
 *
 * The methods are Redis's addReply family. The types that RESP2 lacks have the RESP2 form that Redis gives
 * them (a map is an array of twice the length, a double is a bulk string, and so on). Texts are strings with
 * one char per byte.
 *
 * Errors are counted here, so that `call` can tell whether a command failed without looking at bytes.
 *
 * A reply may become longer than its client may have waiting, and a request of a few bytes may ask for more than there
 * is memory. So whoever sends the chunks is asked each time one is set aside, and can have the rest dropped: it is
 * written all the same, over and over into the same chunk, and never sent.
 */
import { assert } from "../base/assert.ts";
import { ascii, copyBytes, type ReadonlyBytes, writeLatin1 } from "../base/bytes.ts";
import {
  DOUBLE_TEXT_LEN_MAX,
  formatBigInt64,
  formatInteger,
  writeDouble,
} from "../base/numbers.ts";
import { copyWords, isShortCopy, LastView } from "../base/readonly_view.ts";
import {
  CHUNK_BYTES,
  copyOf,
  DOUBLINGS,
  isChunkAtHand,
  NO_CHUNK,
  OwnChunk,
  releaseChunk,
  takeChunk,
} from "./chunk_pool.ts";
import { type Chunk, ChunkQueue } from "./chunk_queue.ts";
import { SharedChunk } from "./shared_chunk.ts";

/** Room for a type byte, the longest integer and CRLF. */
const HEADER_BYTES = 32;
/** Room for a header that comes later: a count has up to ten digits. */
const DEFERRED_BYTES = 16;
/** Shared bytes up to this many are copied where that saves a chunk. */
const COPY_MAX = 4096;
/** Longest bulk string that may come later. */
const DEFERRED_BULK_MAX = 48;
/** The head of a bulk string whose length has two digits. */
const BULK_HEADER_BYTES = 5;

const CR = 0x0d;
const LF = 0x0a;
const NULL_BULK = ascii("$-1\r\n");
const NULL_ARRAY = ascii("*-1\r\n");
const NULL_3 = ascii("_\r\n");
const ZERO = 0x30;

/** What is put where room was left. */
const deferred = new Uint8Array(DEFERRED_BYTES + DEFERRED_BULK_MAX);
const sources = new LastView();

/** Bytes that are a reply, or a part of one, the same to read words, and how many. */
export class Prepared {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly length: number;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.length = bytes.length;
  }
}

/** Who sends the chunks. */
export interface ReplyOwner {
  /** More chunks wait than before: whether they are too many. What follows is dropped then, and nothing may be sent. */
  isOverOutputLimit(): boolean;
}

export class Reply {
  /** Null: everything is kept. */
  owner: ReplyOwner | null = null;
  /** What is added is dropped. */
  isDropping = false;
  /** Protocol version, 2 or 3. */
  resp = 2;
  /** The bytes of the chunk being written, the same to write words, and how far. */
  buf: Uint8Array = NO_CHUNK.buf;
  view: DataView = NO_CHUNK.view;
  pos = 0;
  /** Chunks set aside before it, oldest first. */
  readonly full = new ChunkQueue();
  /** Bytes in `full`. */
  fullBytes = 0;
  private chunk = NO_CHUNK;
  /** Error replies so far, and the text of the last one without its dash. */
  errors = 0;
  lastError = "";

  /** Bytes waiting to be sent. */
  get bytes(): number {
    return this.fullBytes + this.pos;
  }

  // Simple types.

  /** `+OK`, the most frequent reply. */
  addOk(): void {
    this.reserve(5);
    const { buf, pos } = this;
    buf[pos] = 0x2b;
    buf[pos + 1] = 0x4f;
    buf[pos + 2] = 0x4b;
    buf[pos + 3] = CR;
    buf[pos + 4] = LF;
    this.pos = pos + 5;
  }

  /** `+QUEUED`: one for each command of each transaction. */
  addQueued(): void {
    this.reserve(9);
    const { buf, pos } = this;
    buf[pos] = 0x2b;
    buf[pos + 1] = 0x51;
    buf[pos + 2] = 0x55;
    buf[pos + 3] = 0x45;
    buf[pos + 4] = 0x55;
    buf[pos + 5] = 0x45;
    buf[pos + 6] = 0x44;
    buf[pos + 7] = CR;
    buf[pos + 8] = LF;
    this.pos = pos + 9;
  }

  /** Bytes that already are a reply. */
  addRaw(reply: Uint8Array): void {
    this.reserve(reply.length);
    copyBytes(this.buf, this.pos, reply, 0, reply.length);
    this.pos += reply.length;
  }

  /** The same for a reply, or a part of one, that was prepared because it is needed again and again. */
  addPrepared(reply: Prepared): void {
    const { bytes, view, length } = reply;
    this.reserve(length);
    if (isShortCopy(length)) copyWords(this.view, this.pos, view, 0, length);
    else copyBytes(this.buf, this.pos, bytes, 0, length);
    this.pos += length;
  }

  /** Bytes that already are a reply and that others get too. They are not copied, or only together with others. */
  addShared(chunk: SharedChunk): void {
    if (this.isDropping) return;
    if (this.pos > 0) {
      if (chunk.len <= COPY_MAX) return this.addRaw(chunk.buf);
      if (this.pos * 2 > this.buf.length) this.setAside();
      else this.setAsideCopy();
    } else {
      const last = this.full.length === 0 ? null : this.full.get(this.full.length - 1);
      if (last instanceof SharedChunk) {
        const both = last.join(chunk);
        if (both !== null) {
          this.full.set(this.full.length - 1, both);
          this.fullBytes += chunk.len;
          return;
        }
        if (last.len <= COPY_MAX && chunk.len <= COPY_MAX) {
          this.full.pop();
          this.fullBytes -= last.len;
          this.addRaw(last.buf);
          return this.addRaw(chunk.buf);
        }
      }
    }
    this.full.push(chunk);
    this.fullBytes += chunk.len;
  }

  /** `+text` */
  addStatus(text: string): void {
    this.addLine(0x2b, text);
  }

  /** `-text`, for example "ERR syntax error". Line breaks in it become spaces. */
  addError(text: string): void {
    this.errors++;
    this.lastError = text;
    this.addLine(0x2d, text.replace(/[\r\n]/g, " "));
  }

  addInteger(value: number): void {
    this.reserve(HEADER_BYTES);
    if (value >= 0 && value <= 9) {
      const at = this.pos;
      this.buf[at] = 0x3a;
      this.buf[at + 1] = ZERO + value;
      this.buf[at + 2] = CR;
      this.buf[at + 3] = LF;
      this.pos = at + 4;
    } else this.addHeader(0x3a, value);
  }

  /** A 64-bit integer beyond 2^53. */
  addBigInteger(value: bigint): void {
    this.reserve(HEADER_BYTES);
    this.buf[this.pos] = 0x3a;
    this.pos = formatBigInt64(this.buf, this.pos + 1, value);
    this.endLine();
  }

  addNull(): void {
    this.addRaw(this.resp === 2 ? NULL_BULK : NULL_3);
  }

  /** What commands that would have answered an array answer when there is nothing. */
  addNullArray(): void {
    this.addRaw(this.resp === 2 ? NULL_ARRAY : NULL_3);
  }

  addBool(value: boolean): void {
    if (this.resp === 2) this.addInteger(value ? 1 : 0);
    else this.addLine(0x23, value ? "t" : "f");
  }

  addDouble(value: number): void {
    this.reserve(HEADER_BYTES + DOUBLE_TEXT_LEN_MAX);
    const { buf, pos } = this;
    if (this.resp !== 2) {
      buf[pos] = 0x2c;
      this.pos = writeDouble(buf, pos + 1, value);
      this.endLine();
      return;
    }
    // The length comes first, in one digit or in two; the text is written behind two.
    const from = pos + BULK_HEADER_BYTES;
    const len = writeDouble(buf, from, value) - from;
    this.addHeader(0x24, len);
    const at = this.pos;
    if (at !== from) {
      for (let i = 0; i < len; i++) buf[at + i] = buf[from + i];
    }
    this.pos = at + len;
    this.endLine();
  }

  /** A double whose text is at hand, or that wants other digits than those of `addDouble`. */
  addDoubleText(buf: ReadonlyBytes, off: number, len: number): void {
    if (this.resp === 2) {
      this.addBulk(buf, off, len);
      return;
    }
    this.reserve(len + 3);
    this.buf[this.pos++] = 0x2c;
    copyBytes(this.buf, this.pos, buf, off, len);
    this.pos += len;
    this.endLine();
  }

  /** Digits of any length. */
  addBigNumber(digits: string): void {
    if (this.resp === 2) this.addBulkString(digits);
    else this.addLine(0x28, digits);
  }

  // Strings.

  addBulk(buf: ReadonlyBytes, off: number, len: number): void {
    this.reserve(HEADER_BYTES);
    this.addHeader(0x24, len);
    this.reserve(len + 2);
    if (isShortCopy(len)) copyWords(this.view, this.pos, sources.of(buf), off, len);
    else copyBytes(this.buf, this.pos, buf, off, len);
    this.pos += len;
    this.endLine();
  }

  addBulkString(text: string): void {
    const len = text.length;
    this.reserve(HEADER_BYTES);
    this.addHeader(0x24, len);
    this.reserve(len + 2);
    this.writeText(text);
    this.endLine();
  }

  /** An integer as a bulk string. */
  addBulkInteger(value: number): void {
    this.addBulkString(String(value));
  }

  /** Text for people; `format` has three characters, "txt" or "mkd". */
  addVerbatim(text: string, format: string): void {
    if (this.resp === 2) {
      this.addBulkString(text);
      return;
    }
    this.reserve(HEADER_BYTES);
    this.addHeader(0x3d, text.length + 4);
    this.reserve(text.length + 6);
    this.writeText(`${format}:${text}`);
    this.endLine();
  }

  // Aggregates: the header; the elements follow.

  addArray(count: number): void {
    this.reserve(HEADER_BYTES);
    this.addHeader(0x2a, count);
  }

  /** `count` pairs follow, key before value. */
  addMap(count: number): void {
    this.reserve(HEADER_BYTES);
    if (this.resp === 2) this.addHeader(0x2a, count * 2);
    else this.addHeader(0x25, count);
  }

  addSet(count: number): void {
    this.reserve(HEADER_BYTES);
    this.addHeader(this.resp === 2 ? 0x2a : 0x7e, count);
  }

  addPush(count: number): void {
    this.reserve(HEADER_BYTES);
    this.addHeader(this.resp === 2 ? 0x2a : 0x3e, count);
  }

  /** `count` pairs follow that say something about the reply behind them. RESP2 has nothing like it. */
  addAttribute(count: number): void {
    assert(this.resp === 3, "attributes are for RESP3");
    this.reserve(HEADER_BYTES);
    this.addHeader(0x7c, count);
  }

  // Aggregates whose number of elements comes after them.

  /** Leaves room for a header and returns a mark for the function that will write it. They may be nested. */
  beginDeferred(): number {
    return this.leaveRoom(DEFERRED_BYTES);
  }

  /** What was added since `beginDeferred` are the elements of an array. */
  endDeferredArray(mark: number, count: number): void {
    this.fillRoom(mark, DEFERRED_BYTES, headerInto(deferred, 0x2a, count));
  }

  /** What was added since `beginDeferred` are the pairs of a map. */
  endDeferredMap(mark: number, count: number): void {
    if (this.resp === 2) this.endDeferredArray(mark, count * 2);
    else this.fillRoom(mark, DEFERRED_BYTES, headerInto(deferred, 0x25, count));
  }

  /** Leaves room for a bulk string of at most DEFERRED_BULK_MAX bytes, as `beginDeferred` does for a header. */
  beginDeferredBulk(): number {
    return this.leaveRoom(DEFERRED_BYTES + DEFERRED_BULK_MAX);
  }

  endDeferredBulk(mark: number, buf: ReadonlyBytes, off: number, len: number): void {
    const at = headerInto(deferred, 0x24, len);
    copyBytes(deferred, at, buf, off, len);
    deferred[at + len] = CR;
    deferred[at + len + 1] = LF;
    this.fillRoom(mark, DEFERRED_BYTES + DEFERRED_BULK_MAX, at + len + 2);
  }

  private leaveRoom(bytes: number): number {
    this.reserve(bytes);
    const mark = this.bytes;
    this.pos += bytes;
    return mark;
  }

  /** Puts the first `len` bytes of `deferred` where room was left, and what follows in the same chunk behind it. */
  private fillRoom(mark: number, room: number, len: number): void {
    if (mark >= this.fullBytes) {
      if (this.isDropping) return;
      this.pos = moveUp(this.buf, mark - this.fullBytes, room, len, this.pos);
      return;
    }
    const { full } = this;
    let index = full.length;
    let start = this.fullBytes;
    while (start > mark) start -= full.get(--index).len;
    const chunk = full.get(index);
    assert(chunk instanceof OwnChunk, "room is left in chunks that have one writer");
    chunk.len = moveUp(chunk.buf, mark - start, room, len, chunk.len);
    this.fullBytes -= room - len;
  }

  // Chunks.

  /** Whether `len` bytes could be added without memory being taken for them. */
  hasRoomAtHand(len: number): boolean {
    return this.pos + len <= this.buf.length ||
      len <= CHUNK_BYTES && isChunkAtHand(this.nextSize);
  }

  /** Makes room for `len` bytes in one piece. */
  reserve(len: number): void {
    if (this.pos + len > this.buf.length) this.nextChunk(len);
  }

  /** Takes everything back that was added since `bytes` was `mark`. */
  truncate(mark: number): void {
    if (this.fullBytes > mark) return this.truncateFull(mark);
    this.pos = this.isDropping ? 0 : mark - this.fullBytes;
  }

  private truncateFull(mark: number): void {
    const { full } = this;
    this.isDropping = false;
    releaseChunk(this.chunk);
    this.setChunk(NO_CHUNK);
    this.pos = 0;
    let last = full.pop()!;
    this.fullBytes -= last.len;
    while (this.fullBytes > mark) {
      releaseChunk(last);
      last = full.pop()!;
      this.fullBytes -= last.len;
    }
    const kept = mark - this.fullBytes;
    if (last instanceof OwnChunk) {
      this.setChunk(last);
      this.pos = kept;
    } else if (kept > 0) this.addRaw(last.buf.subarray(0, kept));
  }

  /** The oldest chunk, now the caller's, or null when there is nothing to send. */
  takeChunk(): Chunk | null {
    const oldest = this.full.shift();
    if (oldest !== undefined) {
      this.fullBytes -= oldest.len;
      return oldest;
    }
    const { chunk } = this;
    if (chunk === NO_CHUNK) return null;
    this.setChunk(NO_CHUNK);
    if (this.pos === 0) {
      // One that everything was taken back from.
      releaseChunk(chunk);
      return null;
    }
    chunk.len = this.pos;
    this.pos = 0;
    return chunk;
  }

  /** Drops everything unsent. */
  clear(): void {
    for (let chunk = this.takeChunk(); chunk !== null; chunk = this.takeChunk()) {
      releaseChunk(chunk);
    }
    this.isDropping = false;
  }

  private nextChunk(len: number): void {
    const size = this.nextSize;
    if (this.isDropping) {
      this.pos = 0;
      if (len <= this.buf.length) return;
    }
    if (this.pos > 0) this.setAside();
    else releaseChunk(this.chunk);
    this.setChunk(takeChunk(size, len));
    if (this.fullBytes > 0 && this.owner !== null && this.owner.isOverOutputLimit()) {
      this.isDropping = true;
    }
  }

  /** How often the size of the next chunk is doubled. */
  private get nextSize(): number {
    const before = this.full.length + (this.pos > 0 ? 1 : 0);
    return before < DOUBLINGS ? before : DOUBLINGS;
  }

  /** Puts the chunk being written behind the full ones. */
  private setAside(): void {
    this.chunk.len = this.pos;
    this.pushFull(this.chunk);
  }

  /** The same where there is little in it: for a client that doesn't read, that may be done ten thousand times. */
  private setAsideCopy(): void {
    releaseChunk(this.chunk);
    this.pushFull(copyOf(this.buf, this.pos));
  }

  /** Puts what is in the chunk being written behind the full ones; the next one is yet to be taken. */
  private pushFull(chunk: OwnChunk): void {
    this.full.push(chunk);
    this.fullBytes += this.pos;
    this.setChunk(NO_CHUNK);
    this.pos = 0;
  }

  private setChunk(chunk: OwnChunk): void {
    this.chunk = chunk;
    this.buf = chunk.buf;
    this.view = chunk.view;
  }

  /** A type byte, an integer and CRLF, into room that is there. */
  private addHeader(type: number, value: number): void {
    this.buf[this.pos] = type;
    this.pos = formatInteger(this.buf, this.pos + 1, value);
    this.endLine();
  }

  private addLine(type: number, text: string): void {
    this.reserve(text.length + 3);
    this.buf[this.pos++] = type;
    this.writeText(text);
    this.endLine();
  }

  private writeText(text: string): void {
    this.pos = writeLatin1(this.buf, this.pos, text);
  }

  private endLine(): void {
    this.buf[this.pos] = CR;
    this.buf[this.pos + 1] = LF;
    this.pos += 2;
  }
}

/** Writes a type byte, an integer and CRLF and returns how many bytes that are. */
function headerInto(buf: Uint8Array, type: number, value: number): number {
  buf[0] = type;
  const end = formatInteger(buf, 1, value);
  buf[end] = CR;
  buf[end + 1] = LF;
  return end + 2;
}

/** Puts what was deferred at `at`, and what stands behind its room next to it. Returns the new end. */
function moveUp(buf: Uint8Array, at: number, room: number, len: number, end: number): number {
  buf.copyWithin(at + len, at + room, end);
  copyBytes(buf, at, deferred, 0, len);
  return end - room + len;
}
