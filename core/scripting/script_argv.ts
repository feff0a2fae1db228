/**
 * ScriptArgv: the arguments of redis.call as a request, in buffers that are used again and again.
 *
 * What the last call had in the same place is not copied again: for that each of the first arguments has a place of
 * its own. Whole numbers are printed as integers, others in the shortest form that reads back as the same number, as
 * Redis prints them there (and not with the 14 digits of `tostring`). A NaN is what x86 makes of 0/0.
 */
import { writeLatin1 } from "../base/bytes.ts";
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
/** The first arguments have places of their own, if they are short; the others are behind. */
const PLACES = 16;
const PLACE_BITS = 6;
const PLACE_BYTES: number = 1 << PLACE_BITS;
const PLACES_BYTES: number = PLACES << PLACE_BITS;
/** Half of the largest 64-bit integer: beyond it Redis doesn't take a number for an integer. */
const INTEGER_MAX = 2 ** 62;

export class ScriptArgv implements Argv {
  buf = new Uint8Array(BYTES_MIN);
  argc = 0;
  off = new Int32Array(PLACES);
  len = new Int32Array(PLACES);
  /** Bytes of all arguments. */
  bytes = 0;
  /** The first argument as the script gave it, if that was a string. */
  name = "";
  /** What is in the places, and how many of them may hold something. */
  private readonly held: LuaValue[] = new Array(PLACES).fill(undefined);
  private placed = 0;
  /** How far the room behind the places is used. */
  private used = PLACES_BYTES;

  /** Takes over the arguments of a call. Returns the text of the error if they can't be one, or "". */
  set(args: readonly LuaValue[]): string {
    const { length } = args;
    if (length === 0) return "Please specify at least one argument for this redis lib call";
    if (length > this.off.length) this.growArgs(length);
    this.used = PLACES_BYTES;
    const { held, off, len } = this;
    let bytes = 0;
    for (let i = 0; i < length; i++) {
      const value = args[i];
      // KEYS[1] mostly comes again and again.
      if (i >= PLACES || value !== held[i] || value === undefined) {
        if (typeof value === "string") this.addString(i, value);
        else if (typeof value === "number") this.addNumber(i, value);
        else return "Lua redis lib command arguments must be strings or integers";
      } else off[i] = i << PLACE_BITS;
      bytes += len[i];
    }
    this.bytes = bytes;
    this.argc = length;
    const name = args[0];
    this.name = typeof name === "string" ? name : "";
    return "";
  }

  /** The script is over: gives back the room of large requests, and lets go of its strings. */
  trim(): void {
    for (let i = 0; i < this.placed; i++) this.held[i] = undefined;
    this.placed = 0;
    this.argc = 0;
    this.name = "";
    if (this.buf.length > BYTES_KEPT) this.buf = new Uint8Array(BYTES_MIN);
    if (this.off.length > ARGS_KEPT) {
      this.off = new Int32Array(PLACES);
      this.len = new Int32Array(PLACES);
    }
  }

  private addString(i: number, text: string): void {
    const { length } = text;
    const start = this.place(i, length, text);
    writeLatin1(this.buf, start, text);
    this.len[i] = length;
    if (start >= PLACES_BYTES) this.used += length;
  }

  private addNumber(i: number, value: number): void {
    if (value !== value) return this.addString(i, "-nan");
    const start = this.place(i, DOUBLE_TEXT_LEN_MAX, value);
    const { buf } = this;
    // Adding zero makes no negative one.
    const end = Number.isSafeInteger(value)
      ? formatInteger(buf, start, value + 0)
      : Number.isInteger(value) && Math.abs(value) <= INTEGER_MAX
      ? formatBigInt64(buf, start, BigInt(value))
      : writeDouble(buf, start, value);
    this.len[i] = end - start;
    if (start >= PLACES_BYTES) this.used = end;
  }

  /** Where an argument of up to so many bytes goes, which is noted. */
  private place(i: number, bytes: number, value: LuaValue): number {
    let start = i << PLACE_BITS;
    if (i >= PLACES || bytes > PLACE_BYTES) {
      this.reserve(bytes);
      start = this.used;
      if (i < PLACES) this.held[i] = undefined;
    } else {
      this.held[i] = value;
      if (i >= this.placed) this.placed = i + 1;
    }
    this.off[i] = start;
    return start;
  }

  private reserve(bytes: number): void {
    const needed = this.used + bytes;
    if (needed <= this.buf.length) return;
    const grown = new Uint8Array(Math.max(needed, this.buf.length * 2));
    grown.set(this.buf.subarray(0, this.used));
    this.buf = grown;
  }

  private growArgs(count: number): void {
    const off = new Int32Array(Math.max(count, this.off.length * 2));
    const len = new Int32Array(off.length);
    len.set(this.len);
    this.off = off;
    this.len = len;
  }
}
