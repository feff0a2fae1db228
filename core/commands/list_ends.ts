/**
 * Commands on the ends of a list: LMPOP, LPOP, LPUSH, LPUSHX, RPOP, RPUSH, RPUSHX.
 */
import { TYPE_LIST } from "../types/object.ts";
import { addArgcError, getRangeOrReply, isTypeOrReply, NOT_POSITIVE } from "../server/args.ts";
import { keyModified, notify, NOTIFY_LIST } from "../server/changes.ts";
import type { Client } from "../server/client.ts";
import {
  type CommandSpec,
  DENYOOM,
  FAST,
  KEY_ACCESS,
  KEY_DELETE,
  KEY_INSERT,
  KEY_RW,
  WRITE,
} from "../server/command.ts";
import { findFirstOrReply, multiPop, parseMultiPopOrReply } from "./first_key.ts";
import {
  ELEMENT_ARG,
  endArg,
  HEAD,
  LEFT,
  popFound,
  popOne,
  popRange,
  RIGHT,
  TAIL,
} from "./list_reply.ts";
import { KEY_ARG, oneKey } from "./string_reply.ts";

function lpushCommand(c: Client): void {
  push(c, true, false);
}

function rpushCommand(c: Client): void {
  push(c, false, false);
}

function lpushxCommand(c: Client): void {
  push(c, true, true);
}

function rpushxCommand(c: Client): void {
  push(c, false, true);
}

/** Adds the arguments from the second on, one by one. `onlyExisting`: a key that isn't there is not created. */
function push(c: Client, atHead: boolean, onlyExisting: boolean): void {
  const { keyspace } = c.server;
  const { lists } = keyspace.values;
  const { buf, off, len } = c.argv;
  const argc = c.argc;
  let ref = keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (!isTypeOrReply(c, ref, TYPE_LIST)) return;
  if (ref === 0) {
    if (onlyExisting) {
      c.reply.addInteger(0);
      return;
    }
    ref = keyspace.create(c.db, buf, off[1], len[1], TYPE_LIST);
  }
  const length = argc === 3
    ? lists.pushOne(ref, atHead, buf, off[2], len[2])
    : pushMany(c, ref, atHead);
  c.server.dirty += argc - 2;
  c.reply.addInteger(length);
  keyModified(c, 1);
  notify(c, NOTIFY_LIST, atHead ? "lpush" : "rpush", 1);
}

/** Returns the new length. */
function pushMany(c: Client, ref: number, atHead: boolean): number {
  const { lists } = c.server.keyspace.values;
  const { buf, off, len } = c.argv;
  const argc = c.argc;
  let bytes = 0;
  for (let i = 2; i < argc; i++) bytes += len[i];
  lists.reserve(ref, bytes, argc - 2);
  for (let i = 2; i < argc; i++) lists.push(ref, atHead, buf, off[i], len[i]);
  lists.fit(ref);
  return lists.length(ref);
}

function lpopCommand(c: Client): void {
  pop(c, HEAD);
}

function rpopCommand(c: Client): void {
  pop(c, TAIL);
}

function pop(c: Client, end: number): void {
  const hasCount = c.argc === 3;
  let count = 1;
  if (c.argc > 3) return addArgcError(c);
  if (hasCount) {
    count = getRangeOrReply(c, 2, 0, Infinity, NOT_POSITIVE);
    if (Number.isNaN(count)) return;
  }
  const { buf, off, len } = c.argv;
  const ref = c.server.keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (ref === 0) {
    if (hasCount) c.reply.addNullArray();
    else c.reply.addNull();
    return;
  }
  if (!isTypeOrReply(c, ref, TYPE_LIST)) return;
  if (!hasCount) popOne(c, 1, ref, end);
  else if (count === 0) c.reply.addArray(0);
  else popRange(c, 1, ref, end, count);
}

function lmpopCommand(c: Client): void {
  if (!parseMultiPopOrReply(c, 1, LEFT, RIGHT)) return;
  const index = findFirstOrReply(c, 2, multiPop.numkeys, TYPE_LIST);
  if (index === 0) c.reply.addNullArray();
  else if (index > 0) popFound(c, index);
}

const PUSH_COMPLEXITY = "O(N) where N is the number of elements added";
const PUSH_ARGS: CommandSpec["args"] = [KEY_ARG, { ...ELEMENT_ARG, multiple: true }];
const POP_COMPLEXITY = "O(N) where N is the number of elements returned";
const POP_ARGS: CommandSpec["args"] = [
  KEY_ARG,
  { name: "count", type: "integer", since: "6.2.0", optional: true },
];
const POP_KEYS = oneKey(KEY_RW | KEY_ACCESS | KEY_DELETE);

const pushCommands: CommandSpec[] = [
  {
    name: "lpush",
    arity: -3,
    flags: WRITE | DENYOOM | FAST,
    categories: ["list"],
    since: "1.0.0",
    group: "list",
    complexity: PUSH_COMPLEXITY,
    summary: "Adds elements at the head of a list, one after the other, creating it if need be.",
    history: [["2.4.0", "Takes several elements."]],
    keys: oneKey(KEY_RW | KEY_INSERT),
    args: PUSH_ARGS,
    handler: lpushCommand,
  },
  {
    name: "lpushx",
    arity: -3,
    flags: WRITE | DENYOOM | FAST,
    categories: ["list"],
    since: "2.2.0",
    group: "list",
    complexity: PUSH_COMPLEXITY,
    summary: "Adds elements at the head of a list that exists.",
    history: [["4.0.0", "Takes several elements."]],
    keys: oneKey(KEY_RW | KEY_INSERT),
    args: PUSH_ARGS,
    handler: lpushxCommand,
  },
  {
    name: "rpush",
    arity: -3,
    flags: WRITE | DENYOOM | FAST,
    categories: ["list"],
    since: "1.0.0",
    group: "list",
    complexity: PUSH_COMPLEXITY,
    summary: "Adds elements at the tail of a list, creating it if need be.",
    history: [["2.4.0", "Takes several elements."]],
    keys: oneKey(KEY_RW | KEY_INSERT),
    args: PUSH_ARGS,
    handler: rpushCommand,
  },
  {
    name: "rpushx",
    arity: -3,
    flags: WRITE | DENYOOM | FAST,
    categories: ["list"],
    since: "2.2.0",
    group: "list",
    complexity: PUSH_COMPLEXITY,
    summary: "Adds elements at the tail of a list that exists.",
    history: [["4.0.0", "Takes several elements."]],
    keys: oneKey(KEY_RW | KEY_INSERT),
    args: PUSH_ARGS,
    handler: rpushxCommand,
  },
];

const popCommands: CommandSpec[] = [
  {
    name: "lpop",
    arity: -2,
    flags: WRITE | FAST,
    categories: ["list"],
    since: "1.0.0",
    group: "list",
    complexity: POP_COMPLEXITY,
    summary: "Removes elements from the head of a list and returns them. An empty list is deleted.",
    history: [["6.2.0", "Takes `count`."]],
    keys: POP_KEYS,
    args: POP_ARGS,
    handler: lpopCommand,
  },
  {
    name: "rpop",
    arity: -2,
    flags: WRITE | FAST,
    categories: ["list"],
    since: "1.0.0",
    group: "list",
    complexity: POP_COMPLEXITY,
    summary: "Removes elements from the tail of a list and returns them. An empty list is deleted.",
    history: [["6.2.0", "Takes `count`."]],
    keys: POP_KEYS,
    args: POP_ARGS,
    handler: rpopCommand,
  },
  {
    name: "lmpop",
    arity: -4,
    flags: WRITE,
    categories: ["list"],
    since: "7.0.0",
    group: "list",
    complexity: "O(N+M) where N is the number of keys, and M the number of elements returned",
    summary: "Removes elements from an end of the first list that isn't empty and returns them.",
    keys: [{
      flags: KEY_RW | KEY_ACCESS | KEY_DELETE,
      begin: 1,
      keynum: { index: 0, first: 1, step: 1 },
    }],
    args: [
      { name: "numkeys", type: "integer" },
      { ...KEY_ARG, multiple: true },
      endArg("where"),
      { name: "count", type: "integer", token: "COUNT", optional: true },
    ],
    handler: lmpopCommand,
  },
];

export const endCommands: CommandSpec[] = [...pushCommands, ...popCommands];
