/**
 * Moving an element from one list to another, or from one end of a list to the other: LMOVE, RPOPLPUSH.
 */
import { bytesEqual } from "../base/bytes.ts";
import { ARENA_FULL } from "../memory/arena.ts";
import { TYPE_LIST } from "../types/object.ts";
import { isTypeOrReply } from "../server/args.ts";
import { keyModified, notify, NOTIFY_GENERIC, NOTIFY_LIST } from "../server/changes.ts";
import type { Client } from "../server/client.ts";
import {
  type CommandSpec,
  DENYOOM,
  KEY_ACCESS,
  KEY_DELETE,
  KEY_INSERT,
  KEY_RW,
  type KeySpec,
  WRITE,
} from "../server/command.ts";
import { endArg, getEndOrReply, HEAD, NO_END, TAIL } from "./list_reply.ts";

/** Memory that moving an element within a list may take besides the element: nodes, their blocks. */
const ROTATE_SLACK_BYTES = 1 << 20;
const SHORT_LEN_MAX = 1 << 16;

function lmoveCommand(c: Client): void {
  const from = getEndOrReply(c, 3);
  if (from === NO_END) return;
  const to = getEndOrReply(c, 4);
  if (to !== NO_END) move(c, from, to);
}

function rpoplpushCommand(c: Client): void {
  move(c, TAIL, HEAD);
}

/**
 * Moves an element from the list at argument 1 to that at argument 2, which may be the same, and replies it. False if
 * there was none, or after an error reply.
 */
export function move(c: Client, from: number, to: number): boolean {
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  const source = keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (source === 0) {
    c.reply.addNull();
    return false;
  }
  if (!isTypeOrReply(c, source, TYPE_LIST)) return false;
  const isSame = bytesEqual(buf, off[1], len[1], buf, off[2], len[2]);
  const target = isSame ? source : keyspace.lookupKeyWrite(c.db, buf, off[2], len[2]);
  if (!isTypeOrReply(c, target, TYPE_LIST)) return false;
  if (target === source) rotate(c, source, from === HEAD, to === HEAD);
  else moveAcross(c, source, target, from === HEAD, to === HEAD);
  c.server.dirty++;
  return true;
}

function rotate(c: Client, ref: number, fromHead: boolean, toHead: boolean): void {
  const { lists } = c.server.keyspace.values;
  lists.peek(ref, fromHead);
  // The memory gate has seen to what a short one may take.
  const { len } = lists.value;
  if (len > SHORT_LEN_MAX && !c.server.hasRoom(2 * len + ROTATE_SLACK_BYTES)) throw ARENA_FULL;
  lists.rotate(ref, fromHead, toHead);
  told(c, toHead);
  c.reply.addBulk(lists.value.buf, lists.value.off, lists.value.len);
  notify(c, NOTIFY_LIST, fromHead ? "lpop" : "rpop", 1);
  keyModified(c, 1);
}

function moveAcross(
  c: Client,
  source: number,
  target: number,
  fromHead: boolean,
  toHead: boolean,
): void {
  const { keyspace } = c.server;
  const { lists } = keyspace.values;
  const { value } = lists;
  lists.peek(source, fromHead);
  addTo(c, target, toHead, lists.addedBytes(source));
  told(c, toHead);
  c.reply.addBulk(value.buf, value.off, value.len);
  const isLast = lists.length(source) === 1;
  if (!isLast) {
    lists.drop(source, fromHead);
    lists.shrink(source);
  }
  notify(c, NOTIFY_LIST, fromHead ? "lpop" : "rpop", 1);
  if (isLast) {
    keyspace.removeEntry(c.db, source);
    notify(c, NOTIFY_GENERIC, "del", 1);
  }
  keyModified(c, 1);
}

/** Adds the element at hand to the list at argument 2, whose key was looked up last, or to a new one. */
function addTo(c: Client, target: number, atHead: boolean, countedBytes: number): void {
  const { keyspace } = c.server;
  const { lists } = keyspace.values;
  const { value } = lists;
  const { buf, off, len } = c.argv;
  const ref = target !== 0 ? target : keyspace.create(c.db, buf, off[2], len[2], TYPE_LIST);
  try {
    lists.reserve(ref, countedBytes, 1);
    lists.push(ref, atHead, value.buf, value.off, value.len);
  } catch (error) {
    // The element may be far longer than the arguments, for which there was room.
    if (target === 0) keyspace.removeEntry(c.db, ref);
    throw error;
  }
}

function told(c: Client, atHead: boolean): void {
  keyModified(c, 2);
  notify(c, NOTIFY_LIST, atHead ? "lpush" : "rpush", 2);
}

const SOURCE = { name: "source", type: "key", keySpec: 0 } as const;
const DESTINATION = { name: "destination", type: "key", keySpec: 1 } as const;

/** The keys of commands that move an element. */
export const MOVE_KEYS: KeySpec[] = [
  { flags: KEY_RW | KEY_ACCESS | KEY_DELETE, begin: 1, last: 0, step: 1 },
  { flags: KEY_RW | KEY_INSERT, begin: 2, last: 0, step: 1 },
];
/** The arguments of LMOVE and RPOPLPUSH. */
export const MOVE_ARGS: CommandSpec["args"] & object = [
  SOURCE,
  DESTINATION,
  endArg("wherefrom"),
  endArg("whereto"),
];
export const ROTATE_ARGS: CommandSpec["args"] & object = [SOURCE, DESTINATION];

export const moveCommands: CommandSpec[] = [
  {
    name: "lmove",
    arity: 5,
    flags: WRITE | DENYOOM,
    categories: ["list"],
    since: "6.2.0",
    group: "list",
    complexity: "O(1)",
    summary:
      "Moves an element from an end of a list to an end of another one or of the same, and returns it.",
    keys: MOVE_KEYS,
    args: MOVE_ARGS,
    handler: lmoveCommand,
  },
  {
    name: "rpoplpush",
    arity: 3,
    flags: WRITE | DENYOOM,
    categories: ["list"],
    since: "1.2.0",
    group: "list",
    complexity: "O(1)",
    summary: "Moves the last element of a list to the head of another one, and returns it.",
    deprecatedSince: "6.2.0",
    replacedBy: "`LMOVE` with the `RIGHT` and `LEFT` arguments",
    keys: MOVE_KEYS,
    args: ROTATE_ARGS,
    handler: rpoplpushCommand,
  },
];
