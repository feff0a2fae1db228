/**
 * ScriptArgv: the arguments of redis.call as a request, in buffers that are used again and again.
 *
 * Strings are copied byte by byte where that is quicker than a call of the runtime; whole numbers are printed
 * as integers, others in the shortest form that reads back as the same number, as Redis prints them there
 * (and not with the 14 digits of `tostring`). A NaN is what x86 makes of 0/0.
 */
import { Buffer } from "node:buffer";
import {
  DOUBLE_TEXT_LEN_MAX,
  formatBigInt64,
  formatInteger,
  writeDouble,
} from "../base/numbers.ts";
import type { Argv } from "../protocol/resp_parser.ts";
import type { LuaValue } from "./lua/value.ts";

const BYTES_MIN = 4096;
/** Room kept from one request to the next. */
const BYTES_KEPT: number = 1 << 20;
const ARGS_KEPT = 1024;
/** A longer string is copied by the runtime. */
const COPY_LOOP_MAX = 24;
/** Half of the largest 64-bit integer: beyond it Redis doesn't take a number for an integer. */
const INTEGER_MAX = 2 ** 62;

export class ScriptArgv implements Argv {
  buf: Buffer = Buffer.alloc(BYTES_MIN);
  argc = 0;
  off = new Int32Array(16);
  len = new Int32Array(16);
  /** Bytes in use. */
  used = 0;

  /** Takes over the arguments of a call. Returns the text of the error if they can't be one, or "". */
  set(args: readonly LuaValue[]): string {
    const { length } = args;
    if (length === 0) return "Please specify at least one argument for this redis lib call";
    if (length > this.off.length) this.growArgs(length);
    this.used = 0;
    for (let i = 0; i < length; i++) {
      const value = args[i];
      const start = this.used;
      if (typeof value === "string") this.addString(value);
      else if (typeof value === "number") this.addNumber(value);
      else return "Lua redis lib command arguments must be strings or integers";
      this.off[i] = start;
      this.len[i] = this.used - start;
    }
    this.argc = length;
    return "";
  }

  /** Gives back the room of large requests. */
  trim(): void {
    this.argc = 0;
    if (this.buf.length > BYTES_KEPT) this.buf = Buffer.alloc(BYTES_MIN);
    if (this.off.length > ARGS_KEPT) {
      this.off = new Int32Array(16);
      this.len = new Int32Array(16);
    }
  }

  private addString(text: string): void {
    const { length } = text;
    this.reserve(length);
    const { buf, used } = this;
    if (length <= COPY_LOOP_MAX) {
      for (let i = 0; i < length; i++) buf[used + i] = text.charCodeAt(i);
    } else buf.write(text, used, length, "latin1");
    this.used = used + length;
  }

  private addNumber(value: number): void {
    this.reserve(DOUBLE_TEXT_LEN_MAX);
    const { buf, used } = this;
    // Adding zero makes no negative one.
    if (Number.isSafeInteger(value)) this.used = formatInteger(buf, used, value + 0);
    else if (Number.isInteger(value) && Math.abs(value) <= INTEGER_MAX) {
      this.used = formatBigInt64(buf, used, BigInt(value));
    } else if (value !== value) this.addString("-nan");
    else this.used = writeDouble(buf, used, value);
  }

  private reserve(bytes: number): void {
    const needed = this.used + bytes;
    if (needed <= this.buf.length) return;
    const grown = Buffer.alloc(Math.max(needed, this.buf.length * 2));
    grown.set(this.buf.subarray(0, this.used));
    this.buf = grown;
  }

  private growArgs(count: number): void {
    const off = new Int32Array(Math.max(count, this.off.length * 2));
    const len = new Int32Array(off.length);
    this.off = off;
    this.len = len;
  }
}
