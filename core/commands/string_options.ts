/**
 * The options that SET and GETEX share: conditions, and the many ways to give an expiry.
 */
import { ascii } from "../base/bytes.ts";
import { NO_EXPIRY } from "../types/object.ts";
import { argIs, getIntegerOrReply, SYNTAX_ERROR } from "../server/args.ts";
import type { Client } from "../server/client.ts";

export const OPT_NX: number = 1 << 0;
export const OPT_XX: number = 1 << 1;
export const OPT_EX: number = 1 << 2;
export const OPT_PX: number = 1 << 3;
export const OPT_EXAT: number = 1 << 4;
export const OPT_PXAT: number = 1 << 5;
export const OPT_KEEPTTL: number = 1 << 6;
export const OPT_GET: number = 1 << 7;
export const OPT_PERSIST: number = 1 << 8;

const EXPIRES = OPT_EX | OPT_PX | OPT_EXAT | OPT_PXAT;
const LIFETIMES = EXPIRES | OPT_KEEPTTL | OPT_PERSIST;
const LLONG_MAX = 2 ** 63;

/** A word, the bit it sets, and the bits it can't stand beside. */
interface OptionWord {
  readonly word: Uint8Array;
  readonly bit: number;
  readonly excludes: number;
}

const WORDS: readonly OptionWord[] = [
  { word: ascii("nx"), bit: OPT_NX, excludes: OPT_XX },
  { word: ascii("xx"), bit: OPT_XX, excludes: OPT_NX },
  { word: ascii("get"), bit: OPT_GET, excludes: 0 },
  { word: ascii("keepttl"), bit: OPT_KEEPTTL, excludes: LIFETIMES & ~OPT_KEEPTTL },
  { word: ascii("persist"), bit: OPT_PERSIST, excludes: LIFETIMES & ~OPT_PERSIST },
  { word: ascii("ex"), bit: OPT_EX, excludes: LIFETIMES },
  { word: ascii("px"), bit: OPT_PX, excludes: LIFETIMES },
  { word: ascii("exat"), bit: OPT_EXAT, excludes: LIFETIMES },
  { word: ascii("pxat"), bit: OPT_PXAT, excludes: LIFETIMES },
];

/** What `parseStringOptions` found, valid until its next call. */
export const options = { flags: 0, expireAt: NO_EXPIRY };

/**
 * Parses the options from argument `first` on, of which `allowed` may occur, into `options`.
 * Returns false after an error reply.
 */
export function parseStringOptions(c: Client, first: number, allowed: number): boolean {
  options.flags = 0;
  options.expireAt = NO_EXPIRY;
  let timeIndex = 0;
  for (let i = first; i < c.argc; i++) {
    const option = findOption(c, i, allowed & ~excludedBy(options.flags));
    if (option === null || (option.bit & EXPIRES) !== 0 && i + 1 >= c.argc) {
      c.reply.addError(SYNTAX_ERROR);
      return false;
    }
    options.flags |= option.bit;
    if ((option.bit & EXPIRES) !== 0) timeIndex = ++i;
  }
  if (timeIndex === 0) return true;
  const inSeconds = (options.flags & (OPT_EX | OPT_EXAT)) !== 0;
  const isRelative = (options.flags & (OPT_EX | OPT_PX)) !== 0;
  options.expireAt = getExpireAtOrReply(c, timeIndex, inSeconds, isRelative);
  return !Number.isNaN(options.expireAt);
}

/**
 * An expiry argument as unix time in ms. It must be positive, and its time within 64 bits.
 * NaN after an error reply.
 */
export function getExpireAtOrReply(
  c: Client,
  index: number,
  inSeconds: boolean,
  isRelative: boolean,
): number {
  const value = getIntegerOrReply(c, index);
  if (Number.isNaN(value)) return NaN;
  const ms = inSeconds ? value * 1000 : value;
  const at = isRelative ? ms + c.server.keyspace.nowMs : ms;
  if (value > 0 && at < LLONG_MAX) return at;
  c.reply.addError(`ERR invalid expire time in '${c.lastCommand!.fullName}' command`);
  return NaN;
}

function findOption(c: Client, index: number, allowed: number): OptionWord | null {
  for (const option of WORDS) {
    if ((option.bit & allowed) !== 0 && argIs(c, index, option.word)) return option;
  }
  return null;
}

/** The options that those in `flags` leave no room for. */
function excludedBy(flags: number): number {
  let excluded = 0;
  for (const option of WORDS) {
    if ((option.bit & flags) !== 0) excluded |= option.excludes;
  }
  return excluded;
}
