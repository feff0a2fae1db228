/**
 * The request parser: bytes in, offsets out.
 *
 * A request is an array of bulk strings, or an inline line (split_args.ts has its quoting rules):
 *
 *     *2\r\n$3\r\nGET\r\n$4\r\nname\r\n                 GET name\r\n
 *
 * The parser copies nothing and makes no strings. It leaves `argc` and, per argument, an offset and a length
 * in the buffer it was given; these are valid until the buffer's owner reuses it, which is after the
 * handler returns. Feeding goes on until a request is whole:
 *
 *     status = parser.parse(buf, pos, end)
 *       REQUEST      argc, argvOff, argvLen describe a request (argc may be 0: nothing to do);
 *                    parser.pos is behind it
 *       MORE         the bytes up to `end` are understood as far as they go; call again with the same
 *                    bytes (moved, if need be, see `rebase`) and more behind them
 *       BROKEN       `error` is the text of a protocol error; the connection is of no more use
 *
 * It can stop at any byte: what is known of an unfinished request stays in the parser, so nothing is
 * parsed twice however small the reads are. A parser with an unfinished request belongs to one
 * connection; between requests it is stateless and connections share one.
 *
 * `wanted` says how many bytes an unfinished large argument still needs, so that the owner of the buffer
 * can make room for exactly that and have the socket fill it: 512 MB arrive without being moved.
 *
 * Limits and error texts are Redis's, and so is what ends a line: the LF of an inline request, the CR of a
 * count or a length whatever follows it, and neither behind a zero byte, where Redis stops looking.
 * Inline requests come from people and from redis-benchmark's PING_INLINE; lines without quotes are
 * split in place, others are copied.
 */
import type { ReadonlyBytes } from "../base/bytes.ts";
import { latin1 } from "../base/bytes.ts";
import { BIG, parseInteger } from "../base/numbers.ts";
import { splitArgs } from "./split_args.ts";

/** What `parse` returns. */
export const REQUEST = 1;
export const MORE = 0;
export const BROKEN = -1;

/** Longest inline request, and longest line that gives a count or a length, in bytes. */
export const INLINE_LEN_MAX: number = 64 * 1024;
/** Most arguments of a request. */
const MULTIBULK_MAX = 2 ** 31 - 1;
/** Offsets are int32. */
const END_MAX = 2 ** 31 - 1;
/** Arguments for which room is kept from one request to the next. */
const ARGS_KEPT = 1024;
/** Limits for a client that has yet to authenticate. */
const UNAUTHENTICATED_MULTIBULK_MAX = 10;
const UNAUTHENTICATED_BULK_LEN_MAX = 16384;

const NUL = 0x00;
const CR = 0x0d;
const LF = 0x0a;
const STAR = 0x2a;
const DOLLAR = 0x24;
const ZERO = 0x30;
const MINUS = 0x2d;
const DOUBLE_QUOTE = 0x22;
const SINGLE_QUOTE = 0x27;

const EMPTY = new Uint8Array(0);

/** The arguments of a request: offsets into `buf`. */
export interface Argv {
  readonly buf: ReadonlyBytes;
  readonly argc: number;
  readonly off: Int32Array;
  readonly len: Int32Array;
}

export class RespParser implements Argv {
  buf: ReadonlyBytes = EMPTY;
  argc = 0;
  off = new Int32Array(16);
  len = new Int32Array(16);
  /** Behind the last byte understood; where the line begins that is not whole. */
  pos = 0;
  /** Text of the protocol error, after BROKEN. */
  error = "";
  /** proto-max-bulk-len */
  bulkLenMax: number = 512 * 1024 * 1024;
  /** Whether the limits for clients that have not authenticated apply. */
  unauthenticated = false;

  /** Arguments still to come; 0 between requests. */
  private left = 0;
  /** Length of the argument being read, or -1 before it is known. */
  private bulkLen = -1;
  /** Where the search for the end of the current line goes on. */
  private searched = 0;
  /** Whether a line has begun whose end has not arrived. */
  private openLine = false;

  /** Whether a request is unfinished. */
  get partial(): boolean {
    return this.left > 0 || this.openLine;
  }

  /** Bytes that the argument being read needs from `pos` on, with its CRLF; 0 when unknown. */
  get wanted(): number {
    return this.bulkLen >= 0 ? this.bulkLen + 2 : 0;
  }

  /** See the design comment. */
  parse(buf: ReadonlyBytes, pos: number, end: number): number {
    this.buf = buf;
    if (this.left === 0) {
      if (this.openLine) pos = this.pos;
      if (pos >= end) return MORE;
      if (this.searched < pos) this.searched = pos;
      if (buf[pos] !== STAR) return this.parseInline(buf, pos, end);
      const status = this.parseCount(buf, pos, end);
      if (status !== MORE || this.left === 0) return status;
      pos = this.pos;
    } else pos = this.pos;
    return this.parseBulks(buf, pos, end);
  }

  /**
   * The same for a request that begins like `other`, a whole one that was sent as an array `by` bytes before it in the
   * same buffer: up to the end of argument `shared - 1` they have the same bytes, and `end` is behind these.
   */
  parseLike(other: RespParser, by: number, shared: number, end: number): number {
    const { off, len } = this;
    for (let i = 0; i < shared; i++) {
      off[i] = other.off[i] + by;
      len[i] = other.len[i];
    }
    this.buf = other.buf;
    this.argc = shared;
    this.left = other.argc - shared;
    return this.parseBulks(other.buf, off[shared - 1] + len[shared - 1] + 2, end);
  }

  /** The owner moved the unfinished request `by` bytes towards the front of the buffer. */
  rebase(by: number): void {
    this.pos -= by;
    this.searched -= by;
    for (let i = 0; i < this.argc; i++) this.off[i] -= by;
  }

  /** Forgets an unfinished request. */
  reset(): void {
    this.argc = 0;
    this.left = 0;
    this.bulkLen = -1;
    this.searched = 0;
    this.openLine = false;
    this.error = "";
  }

  /** The arguments from `first` on, as strings of one char per byte; for cold code. */
  argStrings(first: number): string[] {
    const out: string[] = [];
    for (let i = first; i < this.argc; i++) out.push(latin1(this.buf, this.off[i], this.len[i]));
    return out;
  }

  /** Reads `*<count>\r\n`. MORE with `left` > 0: go on with the arguments. */
  private parseCount(buf: ReadonlyBytes, pos: number, end: number): number {
    const digit = end - pos >= 4 && buf[pos + 2] === CR ? buf[pos + 1] - ZERO : 0;
    if (digit >= 1 && digit <= 9) {
      this.openLine = false;
      this.pos = pos + 4;
      this.searched = 0;
      this.argc = 0;
      this.left = digit;
      this.bulkLen = -1;
      if (this.off.length > ARGS_KEPT) this.shrink(digit);
      return MORE;
    }
    const cr = this.findLineEnd(buf, pos, end);
    if (cr < 0) {
      this.openLine = true; // Not a whole line yet: the request begins again at `pos`.
      this.pos = pos;
      return this.isTooLong(buf, pos, end) ? this.fail("too big mbulk count string") : MORE;
    }
    this.openLine = false;
    const count = lineInteger(buf, pos + 1, cr);
    if (!(count <= MULTIBULK_MAX)) return this.fail("invalid multibulk length");
    if (this.unauthenticated && count > UNAUTHENTICATED_MULTIBULK_MAX) {
      return this.fail("unauthenticated multibulk length");
    }
    this.pos = cr + 2;
    this.searched = 0;
    this.argc = 0;
    if (count <= 0) return REQUEST;
    this.left = count;
    this.bulkLen = -1;
    if (this.off.length > ARGS_KEPT) this.shrink(count);
    return MORE;
  }

  private parseBulks(buf: ReadonlyBytes, pos: number, end: number): number {
    let left = this.left;
    let bulkLen = this.bulkLen;
    let argc = this.argc;
    while (left > 0) {
      if (bulkLen < 0 && end - pos >= 5 && buf[pos] === DOLLAR) {
        // One or two digits, nearly every argument: no limit can matter.
        const first = buf[pos + 1] - ZERO;
        const second = buf[pos + 2] - ZERO;
        if (first >= 0 && first <= 9 && buf[pos + 2] === CR) {
          bulkLen = first;
          pos += 4;
        } else if (isTwoDigits(first, second) && buf[pos + 3] === CR) {
          bulkLen = first * 10 + second;
          pos += 5;
        }
      }
      if (bulkLen < 0) {
        const head = this.parseBulkLen(buf, pos, end);
        if (head < 0) {
          this.save(pos, left, -1, argc);
          return this.error === "" ? MORE : BROKEN;
        }
        bulkLen = this.bulkLen;
        pos = head;
      }
      if (end - pos < bulkLen + 2) {
        this.save(pos, left, bulkLen, argc);
        return pos + bulkLen + 2 > END_MAX ? this.fail("invalid bulk length") : MORE;
      }
      if (argc === this.off.length) this.grow();
      this.off[argc] = pos;
      this.len[argc++] = bulkLen;
      pos += bulkLen + 2;
      bulkLen = -1;
      left--;
    }
    this.save(pos, 0, -1, argc);
    this.searched = 0;
    return REQUEST;
  }

  /** Reads `$<length>\r\n` into `bulkLen`. Returns the offset behind it, or -1: see `error`. */
  private parseBulkLen(buf: ReadonlyBytes, pos: number, end: number): number {
    // The common case: one to nine digits and a whole line.
    if (end - pos >= 4 && buf[pos] === DOLLAR) {
      let at = pos + 1;
      let value = 0;
      let digit = buf[at] - ZERO;
      while (digit >= 0 && digit <= 9 && at < end - 2 && at - pos < 10) {
        value = value * 10 + digit;
        digit = buf[++at] - ZERO;
      }
      const canonical = at > pos + 1 && (buf[pos + 1] !== ZERO || at === pos + 2);
      if (canonical && buf[at] === CR && value <= this.bulkLenMax && !this.unauthenticated) {
        this.bulkLen = value;
        return at + 2;
      }
    }
    return this.parseBulkLenSlowly(buf, pos, end);
  }

  private parseBulkLenSlowly(buf: ReadonlyBytes, pos: number, end: number): number {
    if (this.searched < pos) this.searched = pos;
    const cr = this.findLineEnd(buf, pos, end);
    if (cr < 0) {
      if (this.isTooLong(buf, pos, end)) this.fail("too big bulk count string");
      return -1;
    }
    if (buf[pos] !== DOLLAR) {
      this.fail(`expected '$', got '${String.fromCharCode(buf[pos])}'`);
      return -1;
    }
    const len = lineInteger(buf, pos + 1, cr);
    if (!(len >= 0 && len <= this.bulkLenMax)) {
      this.fail("invalid bulk length");
      return -1;
    }
    if (this.unauthenticated && len > UNAUTHENTICATED_BULK_LEN_MAX) {
      this.fail("unauthenticated bulk length");
      return -1;
    }
    this.bulkLen = len;
    this.searched = 0;
    return cr + 2;
  }

  private parseInline(buf: ReadonlyBytes, pos: number, end: number): number {
    let lf = this.searched;
    while (lf < end && buf[lf] !== LF && buf[lf] !== NUL) lf++;
    if (lf === end || buf[lf] === NUL) {
      this.searched = lf;
      this.openLine = true;
      this.pos = pos;
      return end - pos > INLINE_LEN_MAX ? this.fail("too big inline request") : MORE;
    }
    const lineEnd = lf > pos && buf[lf - 1] === CR ? lf - 1 : lf;
    // However much of it came in one read.
    if (lineEnd - pos > INLINE_LEN_MAX) return this.fail("too big inline request");
    this.openLine = false;
    this.searched = 0;
    this.pos = lf + 1;
    return this.splitInline(buf, pos, lineEnd);
  }

  private splitInline(buf: ReadonlyBytes, pos: number, end: number): number {
    this.argc = 0;
    for (let at = pos; at < end;) {
      while (at < end && isSpace(buf[at])) at++;
      if (at === end) break;
      const start = at; // Quotes, NUL and the odd blanks below are the slow path's business.
      while (at < end && !isSpace(buf[at])) {
        const byte = buf[at++];
        if (byte === DOUBLE_QUOTE || byte === SINGLE_QUOTE || byte < 0x0d) {
          return this.splitQuoted(buf, pos, end);
        }
      }
      if (this.argc === this.off.length) this.grow();
      this.off[this.argc] = start;
      this.len[this.argc++] = at - start;
    }
    return REQUEST;
  }

  /** A line with quotes: its arguments are unquoted into a buffer of their own. */
  private splitQuoted(buf: ReadonlyBytes, pos: number, end: number): number {
    const args = splitArgs(buf, pos, end - pos);
    if (args === null) return this.fail("unbalanced quotes in request");
    let total = 0;
    for (const arg of args) total += arg.length;
    const joined = new Uint8Array(total);
    this.argc = 0;
    let at = 0;
    for (const arg of args) {
      joined.set(arg, at);
      if (this.argc === this.off.length) this.grow();
      this.off[this.argc] = at;
      this.len[this.argc++] = arg.length;
      at += arg.length;
    }
    this.buf = joined;
    return REQUEST;
  }

  /** Offset of the CR of a line, when the byte behind it has arrived too, or -1. */
  private findLineEnd(buf: ReadonlyBytes, pos: number, end: number): number {
    let at = this.searched > pos ? this.searched : pos;
    while (at < end && buf[at] !== CR && buf[at] !== NUL) at++;
    this.searched = at;
    return at < end - 1 && buf[at] === CR ? at : -1;
  }

  /** Whether a line for which `findLineEnd` found no end is too long: a CR at the very end is one. */
  private isTooLong(buf: ReadonlyBytes, pos: number, end: number): boolean {
    return end - pos > INLINE_LEN_MAX && (this.searched === end || buf[this.searched] !== CR);
  }

  private save(pos: number, left: number, bulkLen: number, argc: number): void {
    this.pos = pos;
    this.left = left;
    this.bulkLen = bulkLen;
    this.argc = argc;
  }

  private fail(text: string): number {
    this.error = `Protocol error: ${text}`;
    return BROKEN;
  }

  /** Gives up the room of an earlier request with many arguments, unless this one has many too. */
  private shrink(count: number): void {
    if (count > ARGS_KEPT) return;
    this.off = new Int32Array(ARGS_KEPT);
    this.len = new Int32Array(ARGS_KEPT);
  }

  private grow(): void {
    const off = new Int32Array(this.off.length * 2);
    const len = new Int32Array(this.len.length * 2);
    off.set(this.off);
    len.set(this.len);
    this.off = off;
    this.len = len;
  }
}

/** The integer between two offsets; NaN when it is none, and beyond 2^53 an infinity. */
function lineInteger(buf: ReadonlyBytes, from: number, to: number): number {
  const value = parseInteger(buf, from, to - from);
  return value === BIG && buf[from] === MINUS ? -BIG : value;
}

function isTwoDigits(first: number, second: number): boolean {
  return first >= 1 && first <= 9 && second >= 0 && second <= 9;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d;
}
