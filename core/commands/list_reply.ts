/**
 * What the list commands' files share: arguments, what follows a removal, and pieces of declarations.
 */
import { ascii } from "../base/bytes.ts";
import { argIs, SYNTAX_ERROR } from "../server/args.ts";
import { keyModified, notify, NOTIFY_GENERIC, NOTIFY_LIST } from "../server/changes.ts";
import type { Client } from "../server/client.ts";
import type { ArgSpec } from "../server/command.ts";
import { found, multiPop } from "./first_key.ts";

export const LEFT: Uint8Array = ascii("left");
export const RIGHT: Uint8Array = ascii("right");

/** Which end of a list an argument means. */
export const NO_END = 0;
export const HEAD = 1;
export const TAIL = 2;

/** The element that a command takes. */
export const ELEMENT_ARG: ArgSpec = { name: "element", type: "string" };

/** An argument that is LEFT or RIGHT. */
export function endArg(name: string): ArgSpec {
  return {
    name,
    type: "oneof",
    args: [
      { name: "left", type: "pure-token", token: "LEFT" },
      { name: "right", type: "pure-token", token: "RIGHT" },
    ],
  };
}

/** The end that an argument names: HEAD or TAIL, NO_END after an error reply. */
export function getEndOrReply(c: Client, index: number): number {
  if (argIs(c, index, LEFT)) return HEAD;
  if (argIs(c, index, RIGHT)) return TAIL;
  c.reply.addError(SYNTAX_ERROR);
  return NO_END;
}

/** Tells that `count` elements were removed from an end of the list `ref`, which is deleted if none is `left`. */
function removed(
  c: Client,
  keyIndex: number,
  ref: number,
  end: number,
  count: number,
  left: number,
): void {
  notify(c, NOTIFY_LIST, end === HEAD ? "lpop" : "rpop", keyIndex);
  if (left === 0) {
    c.server.keyspace.remove(c.db, ref);
    notify(c, NOTIFY_GENERIC, "del", keyIndex);
  }
  keyModified(c, keyIndex);
  c.server.dirty += count;
}

/** Replies up to `count` elements from an end of the list `ref`, which was looked up last, and removes them. */
export function popRange(
  c: Client,
  keyIndex: number,
  ref: number,
  end: number,
  count: number,
): void {
  const { lists } = c.server.keyspace.values;
  const total = lists.length(ref);
  if (count > total) count = total;
  c.reply.addArray(count);
  if (end === HEAD) lists.addRange(c.reply, ref, 0, count);
  else lists.addFromTail(c.reply, ref, count);
  const left = total - count;
  if (count === 1) lists.take(ref, end === HEAD);
  else if (left > 0) {
    lists.removeRange(ref, end === HEAD ? 0 : left, count);
    lists.shrink(ref);
  }
  removed(c, keyIndex, ref, end, count, left);
}

/** Replies the element at an end of the list `ref`, which was looked up last, and removes it. */
export function popOne(c: Client, keyIndex: number, ref: number, end: number): void {
  const { lists } = c.server.keyspace.values;
  const atHead = end === HEAD;
  lists.peek(ref, atHead);
  c.reply.addBulk(lists.value.buf, lists.value.off, lists.value.len);
  removed(c, keyIndex, ref, end, 1, lists.take(ref, atHead));
}

/**
 * Elements were popped, or are about to be, from the list at argument `keyIndex`: one with a `count` of -1. A command
 * that doesn't wait nor choose a key says so to whoever repeats it.
 */
export function propagatePop(c: Client, keyIndex: number, end: number, count: number): void {
  const { propagation } = c.server;
  if (propagation.isOn) propagation.insteadPop(c, end === HEAD ? "LPOP" : "RPOP", keyIndex, count);
}

/** The reply of LMPOP and BLMPOP, whose arguments are in `multiPop`, from the list that was found. */
export function popFound(c: Client, keyIndex: number): void {
  const { buf, off, len } = c.argv;
  const { ref } = found;
  const end = multiPop.atStart ? HEAD : TAIL;
  const count = Math.min(multiPop.count, c.server.keyspace.values.lists.length(ref));
  c.reply.addArray(2);
  c.reply.addBulk(buf, off[keyIndex], len[keyIndex]);
  propagatePop(c, keyIndex, end, count);
  popRange(c, keyIndex, ref, end, count);
}
