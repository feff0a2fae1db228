/**
 * Shared chunks: bytes that many clients get, written once.
 *
 * A message to ten thousand subscribers must not be copied ten thousand times, nor give each of them a buffer.
 * It is written into a log, a buffer that only ever grows at its end, and every reply gets the same chunk that
 * points there. When the next message follows in the log, a reply whose last chunk ends where it begins gets one
 * chunk of both instead of a second one, and so do all replies in the same state: the chunk of both is made once and
 * remembered. A pipeline of messages to a thousand clients is a thousand writes, not a thousand times their number.
 *
 *     log      ... [ message 1 ][ message 2 ]
 *     reply A        ^--------------------^       got both
 *     reply B                    ^--------^       subscribed to the second channel only
 *
 * A log is never written over: when it is full another one begins, and it lives as long as somebody has yet to read
 * a part of it. A message larger than a log has a buffer of its own.
 */
import { copyBytes, type ReadonlyBytes } from "../base/bytes.ts";
import { formatInteger } from "../base/numbers.ts";
import type { Chunk } from "./chunk_queue.ts";

const LOG_BYTES = 64 * 1024;
/** Room for a type byte, the longest integer and CRLF. */
const HEADER_BYTES = 32;

const CR = 0x0d;
const LF = 0x0a;
const EMPTY = new Uint8Array(0);

/** A part of a log, which several replies hold. Nobody writes into it. */
export class SharedChunk implements Chunk {
  readonly len: number;
  private readonly log: Uint8Array;
  private readonly end: number;
  /** Made when it is asked for: of a chunk that is joined to others it never is. */
  private view: Uint8Array | null = null;
  /** The chunk asked for last that followed this one, and the chunk of both. */
  private next: SharedChunk | null = null;
  private both: SharedChunk | null = null;

  constructor(log: Uint8Array, start: number, end: number) {
    this.len = end - start;
    this.log = log;
    this.end = end;
  }

  get buf(): Uint8Array {
    return this.view ??= this.log.subarray(this.end - this.len, this.end);
  }

  /** One chunk of this and the next one, or null if that doesn't follow it. */
  join(next: SharedChunk): SharedChunk | null {
    if (this.next === next) return this.both;
    if (this.log !== next.log || this.end !== next.end - next.len) return null;
    this.next = next;
    this.both = new SharedChunk(this.log, this.end - this.len, next.end);
    return this.both;
  }
}

/** Writes shared chunks: `begin`, pieces, `end`. */
export class SharedLog {
  private log: Uint8Array = EMPTY;
  private start = 0;
  private pos = 0;

  /** Begins a chunk of a few pieces, with `bytes` bytes of content between them. */
  begin(bytes: number, pieces: number): void {
    const need = bytes + pieces * HEADER_BYTES;
    if (this.pos + need > this.log.length) {
      this.log = new Uint8Array(Math.max(LOG_BYTES, need));
      this.pos = 0;
    }
    this.start = this.pos;
  }

  /** A piece as it is. */
  addRaw(piece: ReadonlyBytes): void {
    copyBytes(this.log, this.pos, piece, 0, piece.length);
    this.pos += piece.length;
  }

  addBulk(buf: ReadonlyBytes, off: number, len: number): void {
    const { log } = this;
    log[this.pos] = 0x24;
    let at = formatInteger(log, this.pos + 1, len);
    log[at++] = CR;
    log[at++] = LF;
    copyBytes(log, at, buf, off, len);
    at += len;
    log[at++] = CR;
    log[at++] = LF;
    this.pos = at;
  }

  /** The chunk. */
  end(): SharedChunk {
    const chunk = new SharedChunk(this.log, this.start, this.pos);
    // A large message's buffer goes when the last client has read it.
    if (this.log.length > LOG_BYTES) this.log = EMPTY;
    return chunk;
  }
}
