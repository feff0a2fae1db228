/**
 * The options that SET and GETEX share: conditions, and the many ways to give an expiry.
 *
 * Parsing and checking the time are apart because GETEX looks at the key in between. The result is in
 * `options`, which the next parse overwrites: no allocation per command.
 */
import { ascii } from "../base/bytes.ts";
import { BIG, INT64_MAX } from "../base/numbers.ts";
import { NO_EXPIRY } from "../types/object.ts";
import { argBigInt, argInteger, argIs, NOT_AN_INTEGER, SYNTAX_ERROR } from "../server/args.ts";
import type { Client } from "../server/client.ts";
import { refuseTime } from "./expire_args.ts";

export const OPT_NX: number = 1 << 0;
export const OPT_XX: number = 1 << 1;
export const OPT_EX: number = 1 << 2;
export const OPT_PX: number = 1 << 3;
export const OPT_EXAT: number = 1 << 4;
export const OPT_PXAT: number = 1 << 5;
export const OPT_KEEPTTL: number = 1 << 6;
export const OPT_GET: number = 1 << 7;
export const OPT_PERSIST: number = 1 << 8;

/** The options that come with a time. */
const TIMES = OPT_EX | OPT_PX | OPT_EXAT | OPT_PXAT;
/** The options that say how long the key lives: one of them at most, but that one any number of times. */
const LIFETIMES = TIMES | OPT_KEEPTTL | OPT_PERSIST;
/** The largest double that is a 64-bit integer: later times are moved to it. */
const EXPIRE_AT_MAX = 2 ** 63 - 1024;

/** A word, the bit it sets, and the bits it can't stand beside. */
interface OptionWord {
  readonly word: Uint8Array;
  readonly bit: number;
  readonly excludes: number;
}

const WORDS: readonly OptionWord[] = [
  { word: ascii("ex"), bit: OPT_EX, excludes: LIFETIMES & ~OPT_EX },
  { word: ascii("px"), bit: OPT_PX, excludes: LIFETIMES & ~OPT_PX },
  { word: ascii("nx"), bit: OPT_NX, excludes: OPT_XX },
  { word: ascii("xx"), bit: OPT_XX, excludes: OPT_NX },
  { word: ascii("get"), bit: OPT_GET, excludes: 0 },
  { word: ascii("exat"), bit: OPT_EXAT, excludes: LIFETIMES & ~OPT_EXAT },
  { word: ascii("pxat"), bit: OPT_PXAT, excludes: LIFETIMES & ~OPT_PXAT },
  { word: ascii("keepttl"), bit: OPT_KEEPTTL, excludes: LIFETIMES & ~OPT_KEEPTTL },
  { word: ascii("persist"), bit: OPT_PERSIST, excludes: LIFETIMES & ~OPT_PERSIST },
];

/** What the functions below found, valid until their next call. */
export const options = {
  /** OPT_ bits. */
  flags: 0,
  /** Argument that gives the time; 0 when there is none. */
  timeIndex: 0,
  /** Expiry in unix ms, or NO_EXPIRY; after `getExpiryOrReply`. */
  expireAt: NO_EXPIRY,
};

/** What a command without options has. */
export function clearStringOptions(): void {
  options.flags = 0;
  options.timeIndex = 0;
  options.expireAt = NO_EXPIRY;
}

/**
 * Parses the options from argument `first` on, of which `allowed` may occur, into `options`.
 * Returns false after an error reply.
 */
export function parseStringOptions(c: Client, first: number, allowed: number): boolean {
  clearStringOptions();
  const argc = c.argc;
  for (let i = first; i < argc; i++) {
    const option = findOption(c, i, allowed);
    if (option === null || (option.bit & TIMES) !== 0 && i + 1 >= argc) {
      c.reply.addError(SYNTAX_ERROR);
      return false;
    }
    options.flags |= option.bit;
    if ((option.bit & TIMES) !== 0) options.timeIndex = ++i;
  }
  return true;
}

/** Reads the time that the parsed options give, if any. Returns false after an error reply. */
export function getExpiryOrReply(c: Client): boolean {
  if (options.timeIndex === 0) return true;
  const inSeconds = (options.flags & (OPT_EX | OPT_EXAT)) !== 0;
  const isRelative = (options.flags & (OPT_EX | OPT_PX)) !== 0;
  options.expireAt = getExpireAtOrReply(c, options.timeIndex, inSeconds, isRelative);
  return !Number.isNaN(options.expireAt);
}

/**
 * A time argument as unix time in ms. It must be positive, and its time within 64 bits.
 * NaN after an error reply.
 */
export function getExpireAtOrReply(
  c: Client,
  index: number,
  inSeconds: boolean,
  isRelative: boolean,
): number {
  const value = argInteger(c, index);
  if (Number.isNaN(value)) {
    c.reply.addError(NOT_AN_INTEGER);
    return NaN;
  }
  if (value === BIG) return getBigExpireAtOrReply(c, index, inSeconds, isRelative);
  if (value <= 0) return refuseTime(c);
  // 2^53 seconds are less than 2^63 ms, so nothing can overflow here.
  const ms = inSeconds ? value * 1000 : value;
  return isRelative ? ms + c.server.keyspace.nowMs : ms;
}

/** The rare case: beyond 2^53, where the limit is. */
function getBigExpireAtOrReply(
  c: Client,
  index: number,
  inSeconds: boolean,
  isRelative: boolean,
): number {
  let at = argBigInt(c, index);
  if (inSeconds) at *= 1000n;
  if (isRelative) at += BigInt(c.server.keyspace.nowMs);
  if (at <= 0n || at > INT64_MAX) return refuseTime(c);
  return Math.min(Number(at), EXPIRE_AT_MAX);
}

/** The option that argument `index` names, if it is allowed and fits those before it. */
function findOption(c: Client, index: number, allowed: number): OptionWord | null {
  for (let i = 0; i < WORDS.length; i++) {
    const option = WORDS[i];
    if (!argIs(c, index, option.word)) continue;
    const fits = (option.bit & allowed) !== 0 && (option.excludes & options.flags) === 0;
    return fits ? option : null;
  }
  return null;
}
