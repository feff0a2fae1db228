/**
 * AofCommands: commands as an append-only file has them, requests in RESP, written to an RdbWriter.
 *
 *     begin(name, argc)      a command; then its arguments
 *     batches(name, width, items), item()
 *                            a command for the key at hand with all of its items, of `width` arguments each, or several
 *                            commands of ITEMS_MAX items: a huge value doesn't become one huge command
 */
import { copyBytes, type ReadonlyBytes } from "../core/base/bytes.ts";
import { formatBigInt64, formatInteger, INTEGER_TEXT_LEN_MAX } from "../core/base/numbers.ts";
import type { RdbWriter } from "./rdb_format.ts";

/** Most items in one command, as in Redis. */
const ITEMS_MAX = 64;
const HEADER_BYTES: number = INTEGER_TEXT_LEN_MAX + 3;
const STAR = 0x2a;
const DOLLAR = 0x24;
const CR = 0x0d;
const LF = 0x0a;

export class AofCommands {
  readonly out: RdbWriter;
  private key = new Uint8Array(256);
  private keyLen = 0;
  private readonly digits = new Uint8Array(INTEGER_TEXT_LEN_MAX);
  // The batches under way.
  private name = "";
  private width = 0;
  private left = 0;
  private inBatch = 0;

  constructor(out: RdbWriter) {
    this.out = out;
  }

  /** The key that `keyArg` writes. */
  setKey(buf: ReadonlyBytes, off: number, len: number): void {
    if (this.key.length < len) this.key = new Uint8Array(len * 2);
    copyBytes(this.key, 0, buf, off, len);
    this.keyLen = len;
  }

  /** Begins a command of `argc` arguments, its name included. */
  begin(name: string, argc: number): void {
    this.header(STAR, argc);
    this.text(name);
  }

  /** The key at hand as an argument. */
  keyArg(): void {
    this.bytes(this.key, 0, this.keyLen);
  }

  /** An argument with one char per byte. */
  text(s: string): void {
    const { out } = this;
    this.header(DOLLAR, s.length);
    out.reserve(s.length + 2);
    for (let i = 0; i < s.length; i++) out.buf[out.pos++] = s.charCodeAt(i);
    this.end();
  }

  bytes(buf: ReadonlyBytes, off: number, len: number): void {
    this.header(DOLLAR, len);
    this.out.writeBytes(buf, off, len);
    this.end();
  }

  /** A safe integer as an argument. */
  integer(value: number): void {
    this.bytes(this.digits, 0, formatInteger(this.digits, 0, value));
  }

  /** An integer of 64 bits as an argument. */
  bigInt(value: bigint): void {
    this.bytes(this.digits, 0, formatBigInt64(this.digits, 0, value));
  }

  /** Begins commands for the key at hand with `items` items of `width` arguments. */
  batches(name: string, width: number, items: number): void {
    this.name = name;
    this.width = width;
    this.left = items;
    this.inBatch = 0;
  }

  /** The arguments of the next item follow. */
  item(): void {
    if (this.inBatch === 0) {
      this.inBatch = Math.min(this.left, ITEMS_MAX);
      this.begin(this.name, 2 + this.inBatch * this.width);
      this.keyArg();
    }
    this.inBatch--;
    this.left--;
  }

  private header(type: number, n: number): void {
    const { out } = this;
    out.reserve(HEADER_BYTES);
    out.buf[out.pos] = type;
    out.pos = formatInteger(out.buf, out.pos + 1, n);
    this.end();
  }

  private end(): void {
    const { out } = this;
    out.reserve(2);
    out.buf[out.pos++] = CR;
    out.buf[out.pos++] = LF;
  }
}
