/**
 * QueryBuffer: what a client has sent and the server has not executed yet.
 *
 *     buf   0      start                    end         length
 *           | done |  unfinished request     |  room    |
 *
 * With a transport that reads into our buffer (Deno) every byte passes through here; with one that brings its
 * own (Bun) only the requests that arrive in parts do, and between them there is no buffer.
 *
 * Size. Reads begin with READ_MIN bytes, so that an idle client costs little; a read that fills its room makes
 * the next ones larger, up to READ_MAX, and reads that leave most of it empty make them smaller again. Runtimes
 * keep the buffer of a read that waits, so a client that falls silent after a burst holds READ_MAX at most.
 *
 * A large argument gets a buffer with exactly the room it needs as soon as its length is known, so its bytes are
 * read to where they are parsed and never moved: 512 MB arrive in one piece, and untouched memory costs nothing
 * until they do. When one request has many large arguments the buffer doubles, which keeps copying linear.
 * What is too large for the next request goes with the first occasion.
 */
import type { RespParser } from "../protocol/resp_parser.ts";

/** First size of a read, and smallest room for an unfinished request. */
export const READ_MIN = 512;
/** Largest size of a read, large arguments aside. */
export const READ_MAX: number = 16 * 1024;
/** Offsets are int32. */
export const QUERY_BYTES_MAX: number = 2 ** 31 - 1;
/** Reads in a row that use under an eighth of the buffer before it is made smaller. */
const SMALL_READS_MAX = 16;
/** How many times as large as needed a buffer may be. */
const SLACK = 4;
/** How many times as large as needed one that is kept for the next request may be. */
const SHRINK = 2;
/** Largest buffer that is kept for the next request. */
const KEEP_MAX: number = 1024 * 1024;

const NO_BYTES = new Uint8Array(0);

export class QueryBuffer {
  buf: Uint8Array = NO_BYTES;
  start = 0;
  end = 0;
  /** Size of the next read. */
  private readBytes = READ_MIN;
  private smallReads = 0;
  /** Room that the read under way was given; -1 when none is. */
  private room = -1;
  /** The client was silent, and got no room since. */
  private isTrimmed = false;
  /** Most bytes in use since the last look at it. */
  private peak = 0;

  /** Bytes of the unfinished request. */
  get used(): number {
    return this.end - this.start;
  }

  /** Bytes of the argument under way that are yet to come; room for them is or will be made, unless it was trimmed. */
  missing(parser: RespParser | null): number {
    return this.isTrimmed ? 0 : Math.max(0, this.argEnd(parser) - this.used);
  }

  /** Where the next read goes. `parser` is that of the unfinished request, if there is one. */
  readTarget(parser: RespParser | null): Uint8Array {
    if (this.end === this.start) {
      this.start = 0;
      this.end = 0;
      if (this.buf.length !== this.readBytes) this.buf = new Uint8Array(this.readBytes);
      this.room = this.readBytes;
      return this.buf;
    }
    this.makeRoom(parser, 0, this.readBytes);
    this.room = this.buf.length - this.end;
    return this.buf.subarray(this.end);
  }

  /** Where the rest of an unfinished request goes. Unlike `readTarget` it leaves the buffer free to be trimmed. */
  restTarget(parser: RespParser | null): Uint8Array {
    this.makeRoom(parser, 0, READ_MAX);
    return this.buf.subarray(this.end);
  }

  /** The read has brought `len` bytes. */
  filled(len: number): void {
    const { room, readBytes } = this;
    this.room = -1;
    this.end += len;
    if (this.end > this.peak) this.peak = this.end;
    if (len === room && readBytes < READ_MAX) {
      this.readBytes = Math.min(readBytes * 4, READ_MAX);
      this.smallReads = 0;
    } else if (len * 8 >= readBytes || readBytes === READ_MIN) {
      this.smallReads = 0;
    } else if (++this.smallReads === SMALL_READS_MAX) {
      this.readBytes = Math.max(readBytes >> 2, READ_MIN);
      this.smallReads = 0;
    }
  }

  /**
   * Copies bytes from `from` on behind what is there. Returns how many: not all of them when they go beyond a
   * large argument, whose buffer is not moved for what follows it.
   */
  append(parser: RespParser | null, bytes: Uint8Array, from: number, to: number): number {
    const left = to - from;
    this.makeRoom(parser, left, READ_MAX);
    const count = Math.min(left, this.buf.length - this.end);
    this.buf.set(bytes.subarray(from, from + count), this.end);
    this.end += count;
    if (this.end > this.peak) this.peak = this.end;
    return count;
  }

  /** Forgets what is executed: everything before `start`. */
  consumed(start: number): void {
    this.start = start;
    if (start < this.end || this.room >= 0) return;
    this.start = 0;
    this.end = 0;
    if (this.buf.length > KEEP_MAX) this.buf = NO_BYTES;
  }

  /** Forgets everything and gives the memory back. */
  release(): void {
    this.buf = NO_BYTES;
    this.start = 0;
    this.end = 0;
  }

  /** Gives back the room of a client that has been silent, unless a read waits for it. */
  trim(parser: RespParser | null): void {
    if (this.room >= 0 || this.buf.length <= this.used + READ_MIN) return;
    this.isTrimmed = true;
    if (this.used === 0) this.release();
    else this.resize(parser, this.used);
  }

  /** Gives back what no request has needed since the last call, unless a read waits for it. */
  shrink(parser: RespParser | null): void {
    const needed = Math.max(this.peak, this.argEnd(parser), READ_MAX);
    this.peak = this.used;
    if (this.room < 0 && this.buf.length > needed * SHRINK) this.resize(parser, needed);
  }

  /**
   * Makes room behind the unfinished request: for the rest of its argument where its length is known, and for
   * `more` bytes unless that argument is a large one. The buffer will have at least `least` bytes.
   */
  private makeRoom(parser: RespParser | null, more: number, least: number): void {
    const { used } = this;
    this.isTrimmed = false;
    const size = this.buf.length;
    const argEnd = this.argEnd(parser);
    let needed = Math.max(argEnd, least);
    if (argEnd <= used) needed = Math.max(needed, used + Math.max(more, READ_MIN >> 1));
    else if (argEnd <= READ_MAX) needed = Math.max(needed, used + more);
    if (needed > size) this.resize(parser, Math.max(needed, Math.min(used * 2, needed * SLACK)));
    else if (size > SLACK * needed) this.resize(parser, needed);
    else this.moveToFront(parser);
  }

  /** Where the argument that is being received ends, counted from `start`; 0 when there is none. */
  private argEnd(parser: RespParser | null): number {
    return parser === null ? 0 : parser.pos - this.start + parser.wanted;
  }

  private moveToFront(parser: RespParser | null): void {
    const { start } = this;
    if (start === 0) return;
    this.buf.copyWithin(0, start, this.end);
    this.rebase(parser);
  }

  private resize(parser: RespParser | null, bytes: number): void {
    const resized = new Uint8Array(Math.min(bytes, QUERY_BYTES_MAX));
    resized.set(this.buf.subarray(this.start, this.end));
    this.buf = resized;
    this.rebase(parser);
  }

  private rebase(parser: RespParser | null): void {
    parser?.rebase(this.start);
    this.end -= this.start;
    this.start = 0;
  }
}
