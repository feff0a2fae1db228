/**
 * List commands that wait for an element when there is none: BLMOVE, BLMPOP, BLPOP, BRPOP, BRPOPLPUSH.
 *
 * When a key that a client waits for becomes a list, its command is executed again from the start
 * (core/server/blocking.ts).
 */
import { TYPE_LIST } from "../types/object.ts";
import { isTypeOrReply } from "../server/args.ts";
import { blockOnKeys, canBlock, getTimeoutOrReply } from "../server/blocking.ts";
import type { Client } from "../server/client.ts";
import {
  type ArgSpec,
  BLOCKING,
  type CommandSpec,
  DENYOOM,
  KEY_ACCESS,
  KEY_DELETE,
  KEY_RW,
  type KeySpec,
  WRITE,
} from "../server/command.ts";
import { findFirstOrWait, found, multiPop, parseMultiPopOrReply } from "./first_key.ts";
import { move, MOVE_ARGS, MOVE_KEYS, ROTATE_ARGS } from "./list_move.ts";
import {
  endArg,
  getEndOrReply,
  HEAD,
  LEFT,
  NO_END,
  popFound,
  popOne,
  propagatePop,
  RIGHT,
  TAIL,
} from "./list_reply.ts";
import { KEY_ARG } from "./string_reply.ts";

function blpopCommand(c: Client): void {
  blockingPop(c, HEAD);
}

function brpopCommand(c: Client): void {
  blockingPop(c, TAIL);
}

function blockingPop(c: Client, end: number): void {
  const index = findFirstOrWait(c, c.argc - 1, 1, c.argc - 2, TYPE_LIST);
  if (index === 0) return;
  const { buf, off, len } = c.argv;
  c.reply.addArray(2);
  c.reply.addBulk(buf, off[index], len[index]);
  popOne(c, index, found.ref, end);
  propagatePop(c, index, end, -1);
}

function blmpopCommand(c: Client): void {
  if (!parseMultiPopOrReply(c, 2, LEFT, RIGHT)) return;
  const index = findFirstOrWait(c, 1, 3, multiPop.numkeys, TYPE_LIST);
  if (index > 0) popFound(c, index);
}

function blmoveCommand(c: Client): void {
  const from = getEndOrReply(c, 3);
  if (from === NO_END) return;
  const to = getEndOrReply(c, 4);
  if (to !== NO_END) blockingMove(c, from, to, 5);
}

function brpoplpushCommand(c: Client): void {
  blockingMove(c, TAIL, HEAD, 3);
}

function blockingMove(c: Client, from: number, to: number, timeoutIndex: number): void {
  const timeoutMs = getTimeoutOrReply(c, timeoutIndex, false);
  if (Number.isNaN(timeoutMs)) return;
  const { buf, off, len } = c.argv;
  const ref = c.server.keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (!isTypeOrReply(c, ref, TYPE_LIST)) return;
  if (ref !== 0) propagateMove(c, move(c, from, to), timeoutIndex);
  else if (canBlock(c)) blockOnKeys(c, 1, 1, timeoutMs, TYPE_LIST);
  else c.reply.addNull();
}

/** A move, if it was made, is propagated as that of a command which doesn't wait. */
function propagateMove(c: Client, isMoved: boolean, timeoutIndex: number): void {
  const { propagation } = c.server;
  if (!propagation.isOn || !isMoved) return;
  propagation.insteadNamed(c, timeoutIndex === 5 ? "LMOVE" : "RPOPLPUSH", timeoutIndex);
}

const TIMEOUT_ARG: ArgSpec = { name: "timeout", type: "double" };
const TIMEOUT_HISTORY: [string, string] = ["6.0.0", "`timeout` may have a fraction."];
const POP_KEYS: KeySpec[] = [
  { flags: KEY_RW | KEY_ACCESS | KEY_DELETE, begin: 1, last: -2, step: 1 },
];
const POP_ARGS: ArgSpec[] = [{ ...KEY_ARG, multiple: true }, TIMEOUT_ARG];
const POP_COMPLEXITY = "O(N) where N is the number of keys";

const blockingPopCommands: CommandSpec[] = [
  {
    name: "blmpop",
    arity: -5,
    flags: WRITE | BLOCKING,
    categories: ["list"],
    since: "7.0.0",
    group: "list",
    complexity: "O(N+M) where N is the number of keys, and M the number of elements returned",
    summary: "Removes elements from an end of the first list there is and returns them, or waits.",
    keys: [{
      flags: KEY_RW | KEY_ACCESS | KEY_DELETE,
      begin: 2,
      keynum: { index: 0, first: 1, step: 1 },
    }],
    args: [
      TIMEOUT_ARG,
      { name: "numkeys", type: "integer" },
      { ...KEY_ARG, multiple: true },
      endArg("where"),
      { name: "count", type: "integer", token: "COUNT", optional: true },
    ],
    handler: blmpopCommand,
  },
  {
    name: "blpop",
    arity: -3,
    flags: WRITE | BLOCKING,
    categories: ["list"],
    since: "2.0.0",
    group: "list",
    complexity: POP_COMPLEXITY,
    summary: "Removes the first element of the first list there is and returns it, or waits.",
    history: [TIMEOUT_HISTORY],
    keys: POP_KEYS,
    args: POP_ARGS,
    handler: blpopCommand,
  },
  {
    name: "brpop",
    arity: -3,
    flags: WRITE | BLOCKING,
    categories: ["list"],
    since: "2.0.0",
    group: "list",
    complexity: POP_COMPLEXITY,
    summary: "Removes the last element of the first list there is and returns it, or waits.",
    history: [TIMEOUT_HISTORY],
    keys: POP_KEYS,
    args: POP_ARGS,
    handler: brpopCommand,
  },
];

const blockingMoveCommands: CommandSpec[] = [
  {
    name: "blmove",
    arity: 6,
    flags: WRITE | DENYOOM | BLOCKING,
    categories: ["list"],
    since: "6.2.0",
    group: "list",
    complexity: "O(1)",
    summary: "Moves an element from an end of a list to an end of another one, or waits for one.",
    keys: MOVE_KEYS,
    args: [...MOVE_ARGS, TIMEOUT_ARG],
    handler: blmoveCommand,
  },
  {
    name: "brpoplpush",
    arity: 4,
    flags: WRITE | DENYOOM | BLOCKING,
    categories: ["list"],
    since: "2.2.0",
    group: "list",
    complexity: "O(1)",
    summary: "Moves the last element of a list to the head of another one, or waits for one.",
    deprecatedSince: "6.2.0",
    replacedBy: "`BLMOVE` with the `RIGHT` and `LEFT` arguments",
    history: [TIMEOUT_HISTORY],
    keys: MOVE_KEYS,
    args: [...ROTATE_ARGS, TIMEOUT_ARG],
    handler: brpoplpushCommand,
  },
];

export const listBlockingCommands: CommandSpec[] = [
  ...blockingPopCommands,
  ...blockingMoveCommands,
];
