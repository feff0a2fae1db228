/**
 * What the commands share that add to a number, in a string or in a field of a hash: the rare and the long sums,
 * with the errors for those that are none.
 */
import { ascii } from "../base/bytes.ts";
import {
  addLongDouble,
  formatLongDouble,
  isFiniteLongDouble,
  type LongDouble,
} from "../base/long_double.ts";
import { INT64_MAX, INT64_MIN } from "../base/numbers.ts";
import type { Client } from "../server/client.ts";

/** What a missing number counts as. */
export const ZERO: LongDouble = { kind: "finite", negative: false, mantissa: 0n, exponent: 0 };

/** Whether a sum has 64 bits. False after an error reply. */
export function isInt64OrReply(c: Client, sum: bigint): boolean {
  if (sum <= INT64_MAX && sum >= INT64_MIN) return true;
  c.reply.addError("ERR increment or decrement would overflow");
  return false;
}

/** The sum as text; null after an error reply. */
export function sumTextOrReply(c: Client, a: LongDouble, b: LongDouble): Uint8Array | null {
  const sum = addLongDouble(a, b);
  if (isFiniteLongDouble(sum)) return ascii(formatLongDouble(sum));
  c.reply.addError("ERR increment would produce NaN or Infinity");
  return null;
}
