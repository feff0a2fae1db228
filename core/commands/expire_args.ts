/**
 * What the commands that set the expiry of keys and of hash fields share: the conditions, and an error.
 *
 * NX: only if there is no expiry; XX: only if there is one; GT and LT: only if the new one is later or earlier,
 * where no expiry is later than any.
 */
import { ascii } from "../base/bytes.ts";
import { NO_EXPIRY } from "../types/object.ts";
import { argIs } from "../server/args.ts";
import type { Client } from "../server/client.ts";
import type { ArgSpec } from "../server/command.ts";

export const COND_NONE = 0;
export const COND_NX: number = 1 << 0;
export const COND_XX: number = 1 << 1;
export const COND_GT: number = 1 << 2;
export const COND_LT: number = 1 << 3;

const NX = ascii("nx");
const XX = ascii("xx");
const GT = ascii("gt");
const LT = ascii("lt");

/** The condition that an argument names, COND_NONE if it names none. */
export function conditionAt(c: Client, index: number): number {
  if (argIs(c, index, NX)) return COND_NX;
  if (argIs(c, index, XX)) return COND_XX;
  if (argIs(c, index, GT)) return COND_GT;
  return argIs(c, index, LT) ? COND_LT : COND_NONE;
}

/** Whether what expires at `current`, or never, may be made to expire at `at`. */
export function conditionsHold(conditions: number, current: number, at: number): boolean {
  if (current === NO_EXPIRY) return (conditions & (COND_XX | COND_GT)) === 0;
  if ((conditions & COND_NX) !== 0) return false;
  if ((conditions & COND_GT) !== 0) return at > current;
  return (conditions & COND_LT) === 0 || at < current;
}

/** The reply to a time that can't be an expiry. Returns NaN, for functions that return a time. */
export function refuseTime(c: Client): number {
  c.reply.addError(`ERR invalid expire time in '${c.lastCommand!.fullName}' command`);
  return NaN;
}

/** The conditions in a declaration. */
export const CONDITION_ARG: ArgSpec = {
  name: "condition",
  type: "oneof",
  optional: true,
  args: ["nx", "xx", "gt", "lt"].map((name) => ({
    name,
    type: "pure-token",
    token: name.toUpperCase(),
  })),
};
