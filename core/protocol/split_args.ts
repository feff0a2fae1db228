/**
 * Splitting a line into arguments, with quotes.
 *
 * What: the one rule by which inline commands, redis.conf lines and command line options become
 * arguments. Arguments are separated by blanks. Inside double quotes `\xHH` is a byte, `\n \r \t \b
 * \a` are control bytes, and a backslash before anything else stands for that byte. Inside single
 * quotes only `\'` is an escape. A quote may open in the middle of an argument (`a"b c"` is one
 * argument of four bytes), but whatever closes one must be followed by a blank or the line's end.
 *
 * How: one pass over the line. An argument is never longer than its source, so all of them are
 * written into one buffer of the line's length and handed out as views of it.
 *
 * Limits: a zero byte ends the line, as it does for Redis, whose lines are C strings. Vertical tab
 * and form feed are skipped between arguments but don't end one: also Redis's rule.
 */

import type { ReadonlyBytes } from "../base/bytes.ts";

const NUL = 0x00;
const TAB = 0x09;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const DOUBLE_QUOTE = 0x22;
const SINGLE_QUOTE = 0x27;
const BACKSLASH = 0x5c;
const LOWER_X = 0x78;

/**
 * Splits the line at [off, off + len) into its arguments.
 *
 * @returns fresh arrays that share one buffer (an empty list for a blank line), or null where a
 * quote is never closed or what closes it is not followed by a blank.
 */
export function splitArgs(buf: ReadonlyBytes, off: number, len: number): Uint8Array[] | null {
  const out = new Uint8Array(len);
  const args: Uint8Array[] = [];
  const end = off + len;
  let at = off;
  let outLen = 0;
  for (;;) {
    while (at < end && isBlank(buf[at])) at++;
    if (at >= end || buf[at] === NUL) return args;
    const start = outLen;
    let quote = 0;
    for (;;) {
      const byte = at < end ? buf[at] : NUL;
      if (byte === NUL) {
        if (quote !== 0) return null;
        break;
      }
      if (quote === 0) {
        if (byte === SPACE || byte === NEWLINE || byte === RETURN || byte === TAB) break;
        if (byte === DOUBLE_QUOTE || byte === SINGLE_QUOTE) quote = byte;
        else out[outLen++] = byte;
        at++;
      } else if (byte === quote) {
        at++;
        if (at < end && buf[at] !== NUL && !isBlank(buf[at])) return null;
        break;
      } else if (byte === BACKSLASH && quote === SINGLE_QUOTE) {
        // Only the quote itself can be escaped here; any other backslash is a plain byte.
        if (at + 1 < end && buf[at + 1] === SINGLE_QUOTE) at++;
        out[outLen++] = buf[at++];
      } else if (byte === BACKSLASH && at + 1 < end && buf[at + 1] !== NUL) {
        const hex = hexByteAt(buf, at + 1, end);
        out[outLen++] = hex >= 0 ? hex : unescape(buf[at + 1]);
        at += hex >= 0 ? 4 : 2;
      } else {
        out[outLen++] = byte;
        at++;
      }
    }
    args.push(out.subarray(start, outLen));
  }
}

/** What C's isspace calls a space. */
function isBlank(byte: number): boolean {
  return byte === SPACE || (byte >= TAB && byte <= RETURN);
}

/** The byte that an escape letter stands for; any other byte stands for itself. */
function unescape(byte: number): number {
  switch (byte) {
    case 0x6e: // n
      return 0x0a;
    case 0x72: // r
      return 0x0d;
    case 0x74: // t
      return 0x09;
    case 0x62: // b
      return 0x08;
    case 0x61: // a
      return 0x07;
    default:
      return byte;
  }
}

/** The value of `xHH` at `at`, or -1 where there is none before `end`. */
function hexByteAt(buf: ReadonlyBytes, at: number, end: number): number {
  if (at + 2 >= end || buf[at] !== LOWER_X) return -1;
  const high = hexDigit(buf[at + 1]);
  const low = hexDigit(buf[at + 2]);
  return high < 0 || low < 0 ? -1 : high << 4 | low;
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1;
}
