/**
 * AofReader: the commands of an append-only file, one after the other.
 *
 *     *3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n      a command
 *     #TS:1700000000\r\n                              an annotation, passed over
 *
 * What is read is not trusted. A command is shown when all of it is there and in order, down to the
 * line end behind each argument: that is what tells a write that was torn from one that wasn't.
 * (Redis doesn't look at it.) Where the bytes make no sense `problem` says what was expected. If
 * from there on the file holds nothing but zeros it was torn by a crash: the file's length had
 * reached the disk before its content did.
 *
 * The bytes of a command are those of the RdbReader, which may stand behind the RDB part of an old file, and are valid
 * until the next one is read.
 */
import type { ReadonlyBytes } from "../core/base/bytes.ts";
import type { Argv } from "../core/protocol/resp_parser.ts";
import type { RdbReader } from "./rdb_format.ts";

/** What `next` returns. */
export const AOF_COMMAND = 1;
export const AOF_END = 0;
/** The file ends within a command, or was torn there. */
export const AOF_SHORT = -1;
/** See `problem`. */
export const AOF_BAD = -2;

/** Longest annotation. */
const ANNOTATION_LEN_MAX = 1024;
const ARGC_MAX = 2 ** 31 - 1;
const ARGS_KEPT = 1024;

const CR = 0x0d;
const LF = 0x0a;
const STAR = 0x2a;
const DOLLAR = 0x24;
const HASH = 0x23;
const ZERO = 0x30;

export class AofReader implements Argv {
  argc = 0;
  off = new Int32Array(16);
  len = new Int32Array(16);
  /** What was expected where, after AOF_BAD. */
  problem = "";

  private readonly reader: RdbReader;
  private readonly size: number;
  /** Bytes of the command at hand. */
  private used = 0;
  /** How far the parsing is, from the reader's position on. */
  private at = 0;
  private expected = "";

  /** Reads what the reader has still to come of a file of `size` bytes. */
  constructor(reader: RdbReader, size: number) {
    this.reader = reader;
    this.size = size;
  }

  get buf(): ReadonlyBytes {
    return this.reader.buf;
  }

  /** Where in the file the command ends that was read last. */
  get offset(): number {
    return this.size - this.reader.left + this.used;
  }

  /** Reads the next command. Returns AOF_COMMAND, AOF_END, AOF_SHORT or AOF_BAD. */
  next(): number {
    const { reader } = this;
    reader.pos += this.used;
    this.used = 0;
    for (;;) {
      this.at = 0;
      if (!this.has(1)) return AOF_END;
      if (reader.buf[reader.pos] !== HASH) break;
      const status = this.skipAnnotation();
      if (status !== AOF_COMMAND) return status === AOF_BAD ? this.torn() : status;
    }
    const status = this.readCommand();
    if (status !== AOF_COMMAND) return status === AOF_BAD ? this.torn() : status;
    const { off, argc } = this;
    for (let i = 0; i < argc; i++) off[i] += reader.pos;
    this.used = this.at;
    return AOF_COMMAND;
  }

  private readCommand(): number {
    const argc = this.readHeader(STAR, "a '*'", "a number of arguments");
    if (argc < 0) return argc;
    if (argc === 0 || argc > ARGC_MAX) return this.bad("a number of arguments");
    if (this.off.length > ARGS_KEPT && argc < ARGS_KEPT) {
      this.off = new Int32Array(ARGS_KEPT);
      this.len = new Int32Array(ARGS_KEPT);
    }
    this.argc = argc;
    for (let i = 0; i < argc; i++) {
      const len = this.readHeader(DOLLAR, "a '$'", "the length of an argument");
      if (len < 0) return len;
      if (i === this.off.length) this.grow();
      this.off[i] = this.at;
      this.len[i] = len;
      this.at += len;
      if (!this.has(this.at + 2)) return AOF_SHORT;
      if (!this.isLineEnd()) return this.bad("the end of a line behind an argument");
      this.at += 2;
    }
    return AOF_COMMAND;
  }

  /** Reads a type byte, a number and a line end. Returns the number, AOF_SHORT or AOF_BAD. */
  private readHeader(type: number, typeName: string, numberName: string): number {
    if (!this.has(this.at + 1)) return AOF_SHORT;
    if (this.byte() !== type) return this.bad(typeName);
    this.at++;
    let value = 0;
    for (let digits = 0;; digits++) {
      if (!this.has(this.at + 1)) return AOF_SHORT;
      const digit = this.byte() - ZERO;
      if (!(digit >= 0 && digit <= 9)) {
        if (digits === 0) return this.bad(numberName);
        break;
      }
      value = value * 10 + digit;
      if (value > Number.MAX_SAFE_INTEGER) return this.bad(numberName);
      this.at++;
    }
    if (!this.has(this.at + 2)) return AOF_SHORT;
    if (!this.isLineEnd()) return this.bad(`the end of a line behind ${numberName}`);
    this.at += 2;
    return value;
  }

  private skipAnnotation(): number {
    const { reader } = this;
    for (let i = 1; i <= ANNOTATION_LEN_MAX; i++) {
      if (!this.has(i + 1)) return AOF_SHORT;
      if (reader.buf[reader.pos + i] !== LF) continue;
      reader.pos += i + 1;
      return AOF_COMMAND;
    }
    return this.bad("the end of an annotation");
  }

  private byte(): number {
    return this.reader.buf[this.reader.pos + this.at];
  }

  private isLineEnd(): boolean {
    const { buf, pos } = this.reader;
    return buf[pos + this.at] === CR && buf[pos + this.at + 1] === LF;
  }

  /**
   * Whether `len` bytes are at hand from the reader's position on. It asks for more and more at a time, since what is
   * at hand is moved each time.
   */
  private has(len: number): boolean {
    const { reader } = this;
    const have = reader.end - reader.pos;
    if (len <= have) return true;
    const { left } = reader;
    return len <= left && reader.has(Math.min(left, Math.max(len, have * 2)));
  }

  private bad(expected: string): number {
    this.expected = expected;
    return AOF_BAD;
  }

  /** What is wrong: torn by a crash, or damaged. */
  private torn(): number {
    const where = this.size - this.reader.left + this.at;
    if (this.isZeroFrom(this.byte() === CR ? this.at + 1 : this.at)) return AOF_SHORT;
    this.problem = `expected ${this.expected} at offset ${where}`;
    return AOF_BAD;
  }

  /** Whether the rest of the file, from so far behind the reader's position on, is zeros. Reads up to the end. */
  private isZeroFrom(at: number): boolean {
    const { reader } = this;
    if (!this.has(at + 1)) return false;
    for (let i = at; this.has(i + 1); i++) {
      if (reader.buf[reader.pos + i] !== 0) return false;
    }
    return true;
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
