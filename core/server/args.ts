/**
 * Reading arguments. The `...OrReply` functions write Redis's error and return NaN when the argument is not
 * what it should be; the handler then returns.
 */
import { latin1, tokenEquals } from "../base/bytes.ts";
import { BIG, INT64_MIN, parseBigInt64, parseInteger } from "../base/numbers.ts";
import { objectType } from "../types/object.ts";
import type { Client } from "./client.ts";

export const NOT_AN_INTEGER = "ERR value is not an integer or out of range";
export const NOT_A_FLOAT = "ERR value is not a valid float";
export const SYNTAX_ERROR = "ERR syntax error";
export const WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value";
export const NO_SUCH_KEY = "ERR no such key";
export const NUMKEYS_TOO_SMALL = "ERR numkeys should be greater than 0";
export const NEGATIVE_LIMIT = "ERR LIMIT can't be negative";
export const NOT_POSITIVE = "ERR value is out of range, must be positive";
const NOT_IN_SIGNED_RANGE =
  "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807";

/** Whether argument `index` is this word, given in lower case, in any case. */
export function argIs(c: Client, index: number, lower: Uint8Array): boolean {
  return tokenEquals(c.argv.buf, c.argv.off[index], c.argv.len[index], lower);
}

/** The argument as a string of one char per byte; for cold code. */
export function argString(c: Client, index: number): string {
  return latin1(c.argv.buf, c.argv.off[index], c.argv.len[index]);
}

/** The argument as `parseInteger` reads it: NaN when it is no integer, BIG beyond 2^53. */
export function argInteger(c: Client, index: number): number {
  return parseInteger(c.argv.buf, c.argv.off[index], c.argv.len[index]);
}

/** The argument as a 64-bit integer, for when `argInteger` said BIG. */
export function argBigInt(c: Client, index: number): bigint {
  return parseBigInt64(c.argv.buf, c.argv.off[index], c.argv.len[index]);
}

/** An integer argument; beyond 2^53 it is the nearest double. NaN after an error reply. */
export function getIntegerOrReply(c: Client, index: number, error = NOT_AN_INTEGER): number {
  const value = argInteger(c, index);
  if (value === BIG) return Number(argBigInt(c, index));
  if (Number.isNaN(value)) c.reply.addError(error);
  return value;
}

/** An integer argument within [min, max]. NaN after an error reply. */
export function getRangeOrReply(
  c: Client,
  index: number,
  min: number,
  max: number,
  error = NOT_AN_INTEGER,
): number {
  const value = getIntegerOrReply(c, index, error);
  if (Number.isNaN(value) || value >= min && value <= max) return value;
  c.reply.addError(error);
  return NaN;
}

/** An integer argument whose negative is one too. NaN after an error reply. */
export function getSignedCountOrReply(c: Client, index: number): number {
  const value = getIntegerOrReply(c, index);
  if (value === -(2 ** 63) && argBigInt(c, index) === INT64_MIN) {
    c.reply.addError(NOT_IN_SIGNED_RANGE);
    return NaN;
  }
  return value;
}

/** Where a range begins that an argument says, among `total` elements: an index below 0 counts from the end. */
export function firstIndex(index: number, total: number): number {
  return index < 0 ? Math.max(0, total + index) : index;
}

/** Where it ends, the element there included: before the first one if an index below 0 leads there. */
export function lastIndex(index: number, total: number): number {
  return index < 0 ? total + index : Math.min(index, total - 1);
}

/** The error for a number of arguments that the command's arity allows but the command doesn't. */
export function addArgcError(c: Client): void {
  c.reply.addError(`ERR wrong number of arguments for '${c.lastCommand!.fullName}' command`);
}

/** Whether an entry, or no entry (0), may be used as a value of a type. False after an error reply. */
export function isTypeOrReply(c: Client, ref: number, type: number): boolean {
  if (ref === 0 || objectType(c.server.arena, ref) === type) return true;
  c.reply.addError(WRONG_TYPE);
  return false;
}
