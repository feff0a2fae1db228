/**
 * List commands: those that look at a list or change it somewhere inside. The others of the group have files
 * of their own and are gathered here.
 *
 *     list.ts            LINDEX LINSERT LLEN LRANGE LREM LSET LTRIM
 *     list_ends.ts       LMPOP LPOP LPUSH LPUSHX RPOP RPUSH RPUSHX
 *     list_move.ts       LMOVE RPOPLPUSH
 *     list_pos.ts        LPOS
 *     list_blocking.ts   BLMOVE BLMPOP BLPOP BRPOP BRPOPLPUSH
 */
import { ascii } from "../base/bytes.ts";
import { TYPE_LIST } from "../types/object.ts";
import {
  argIs,
  firstIndex,
  getIntegerOrReply,
  getSignedCountOrReply,
  isTypeOrReply,
  lastIndex,
  NO_SUCH_KEY,
  SYNTAX_ERROR,
} from "../server/args.ts";
import { keyModified, notify, NOTIFY_GENERIC, NOTIFY_LIST } from "../server/changes.ts";
import type { Client } from "../server/client.ts";
import {
  type CommandSpec,
  DENYOOM,
  FAST,
  KEY_ACCESS,
  KEY_DELETE,
  KEY_INSERT,
  KEY_RO,
  KEY_RW,
  KEY_UPDATE,
  READONLY,
  WRITE,
} from "../server/command.ts";
import { listBlockingCommands } from "./list_blocking.ts";
import { endCommands } from "./list_ends.ts";
import { moveCommands } from "./list_move.ts";
import { posCommands } from "./list_pos.ts";
import { ELEMENT_ARG } from "./list_reply.ts";
import { KEY_ARG, oneKey } from "./string_reply.ts";

const AFTER = ascii("after");
const BEFORE = ascii("before");
const INDEX_OUT_OF_RANGE = "ERR index out of range";

function llenCommand(c: Client): void {
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  if (!isTypeOrReply(c, ref, TYPE_LIST)) return;
  c.reply.addInteger(ref === 0 ? 0 : keyspace.values.lists.length(ref));
}

function lindexCommand(c: Client): void {
  const { keyspace } = c.server;
  const { lists } = keyspace.values;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  if (ref === 0) {
    c.reply.addNull();
    return;
  }
  if (!isTypeOrReply(c, ref, TYPE_LIST)) return;
  const index = getIntegerOrReply(c, 2);
  if (Number.isNaN(index)) return;
  if (lists.get(ref, index)) c.reply.addBulk(lists.value.buf, lists.value.off, lists.value.len);
  else c.reply.addNull();
}

function lsetCommand(c: Client): void {
  const { keyspace } = c.server;
  const { lists } = keyspace.values;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (ref === 0) {
    c.reply.addError(NO_SUCH_KEY);
    return;
  }
  if (!isTypeOrReply(c, ref, TYPE_LIST)) return;
  const index = getIntegerOrReply(c, 2);
  if (Number.isNaN(index)) return;
  lists.reserve(ref, len[3], 1);
  if (!lists.set(ref, index, buf, off[3], len[3])) {
    c.reply.addError(INDEX_OUT_OF_RANGE);
    return;
  }
  lists.shrink(ref);
  c.reply.addOk();
  keyModified(c, 1);
  notify(c, NOTIFY_LIST, "lset", 1);
  c.server.dirty++;
}

function linsertCommand(c: Client): void {
  const after = argIs(c, 2, AFTER);
  if (!after && !argIs(c, 2, BEFORE)) {
    c.reply.addError(SYNTAX_ERROR);
    return;
  }
  const { keyspace } = c.server;
  const { lists } = keyspace.values;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (ref === 0) {
    c.reply.addInteger(0);
    return;
  }
  if (!isTypeOrReply(c, ref, TYPE_LIST)) return;
  lists.reserve(ref, len[4], 1);
  if (!lists.insert(ref, after, buf, off[3], len[3], off[4], len[4])) {
    c.reply.addInteger(-1);
    return;
  }
  keyModified(c, 1);
  notify(c, NOTIFY_LIST, "linsert", 1);
  c.server.dirty++;
  c.reply.addInteger(lists.length(ref));
}

function lrangeCommand(c: Client): void {
  let start = getIntegerOrReply(c, 2);
  if (Number.isNaN(start)) return;
  let end = getIntegerOrReply(c, 3);
  if (Number.isNaN(end)) return;
  const { keyspace } = c.server;
  const { lists } = keyspace.values;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  if (!isTypeOrReply(c, ref, TYPE_LIST)) return;
  const total = ref === 0 ? 0 : lists.length(ref);
  start = firstIndex(start, total);
  end = lastIndex(end, total);
  if (start > end) {
    c.reply.addArray(0);
    return;
  }
  const count = end - start + 1;
  c.reply.addArray(count);
  lists.addRange(c.reply, ref, start, count);
}

function ltrimCommand(c: Client): void {
  let start = getIntegerOrReply(c, 2);
  if (Number.isNaN(start)) return;
  let end = getIntegerOrReply(c, 3);
  if (Number.isNaN(end)) return;
  const { keyspace } = c.server;
  const { lists } = keyspace.values;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (ref === 0) {
    c.reply.addOk();
    return;
  }
  if (!isTypeOrReply(c, ref, TYPE_LIST)) return;
  const total = lists.length(ref);
  start = firstIndex(start, total);
  end = lastIndex(end, total);
  const kept = start > end ? 0 : end - start + 1;
  if (kept > 0) {
    lists.removeRange(ref, end + 1, total - end - 1);
    lists.removeRange(ref, 0, start);
  }
  notify(c, NOTIFY_LIST, "ltrim", 1);
  if (kept > 0) lists.shrink(ref);
  else {
    keyspace.remove(c.db, ref);
    notify(c, NOTIFY_GENERIC, "del", 1);
  }
  keyModified(c, 1);
  c.server.dirty += total - kept;
  c.reply.addOk();
}

function lremCommand(c: Client): void {
  const count = getSignedCountOrReply(c, 2);
  if (Number.isNaN(count)) return;
  const { keyspace } = c.server;
  const { lists } = keyspace.values;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (ref === 0) {
    c.reply.addInteger(0);
    return;
  }
  if (!isTypeOrReply(c, ref, TYPE_LIST)) return;
  const max = count === 0 ? Infinity : Math.abs(count);
  const removed = lists.remove(ref, count >= 0, max, buf, off[3], len[3]);
  if (removed > 0) {
    c.server.dirty += removed;
    notify(c, NOTIFY_LIST, "lrem", 1);
    if (lists.length(ref) > 0) lists.shrink(ref);
    else {
      keyspace.remove(c.db, ref);
      notify(c, NOTIFY_GENERIC, "del", 1);
    }
    keyModified(c, 1);
  }
  c.reply.addInteger(removed);
}

const RANGE_ARGS: CommandSpec["args"] = [
  KEY_ARG,
  { name: "start", type: "integer" },
  { name: "stop", type: "integer" },
];

const readCommands: CommandSpec[] = [
  {
    name: "lindex",
    arity: 3,
    flags: READONLY,
    categories: ["list"],
    since: "1.0.0",
    group: "list",
    complexity: "O(N) where N is the distance from the nearer end of the list, in elements",
    summary: "Returns the element of a list at an index.",
    keys: oneKey(KEY_RO | KEY_ACCESS),
    args: [KEY_ARG, { name: "index", type: "integer" }],
    handler: lindexCommand,
  },
  {
    name: "llen",
    arity: 2,
    flags: READONLY | FAST,
    categories: ["list"],
    since: "1.0.0",
    group: "list",
    complexity: "O(1)",
    summary: "Tells how many elements a list has.",
    keys: oneKey(KEY_RO),
    args: [KEY_ARG],
    handler: llenCommand,
  },
  {
    name: "lrange",
    arity: 4,
    flags: READONLY,
    categories: ["list"],
    since: "1.0.0",
    group: "list",
    complexity:
      "O(S+N) where S is the distance of start from the nearer end of the list, and N the number of " +
      "elements returned",
    summary: "Returns the elements of a list between two indexes.",
    keys: oneKey(KEY_RO | KEY_ACCESS),
    args: RANGE_ARGS,
    handler: lrangeCommand,
  },
];

const writeCommands: CommandSpec[] = [
  {
    name: "linsert",
    arity: 5,
    flags: WRITE | DENYOOM,
    categories: ["list"],
    since: "2.2.0",
    group: "list",
    complexity: "O(N) where N is the number of elements before the pivot",
    summary: "Inserts an element before or after another one.",
    keys: oneKey(KEY_RW | KEY_INSERT),
    args: [
      KEY_ARG,
      {
        name: "where",
        type: "oneof",
        args: [
          { name: "before", type: "pure-token", token: "BEFORE" },
          { name: "after", type: "pure-token", token: "AFTER" },
        ],
      },
      { name: "pivot", type: "string" },
      ELEMENT_ARG,
    ],
    handler: linsertCommand,
  },
  {
    name: "lrem",
    arity: 4,
    flags: WRITE,
    categories: ["list"],
    since: "1.0.0",
    group: "list",
    complexity: "O(N+M) where N is the length of the list, and M the number of elements removed",
    summary: "Removes elements that are equal to one. An empty list is deleted.",
    keys: oneKey(KEY_RW | KEY_DELETE),
    args: [KEY_ARG, { name: "count", type: "integer" }, ELEMENT_ARG],
    handler: lremCommand,
  },
  {
    name: "lset",
    arity: 4,
    flags: WRITE | DENYOOM,
    categories: ["list"],
    since: "1.0.0",
    group: "list",
    complexity: "O(N) where N is the distance from the nearer end of the list, in elements",
    summary: "Replaces the element of a list at an index.",
    keys: oneKey(KEY_RW | KEY_UPDATE),
    args: [KEY_ARG, { name: "index", type: "integer" }, ELEMENT_ARG],
    handler: lsetCommand,
  },
  {
    name: "ltrim",
    arity: 4,
    flags: WRITE,
    categories: ["list"],
    since: "1.0.0",
    group: "list",
    complexity: "O(N) where N is the number of elements removed",
    summary: "Removes the elements at both ends of a list that are not between two indexes.",
    keys: oneKey(KEY_RW | KEY_DELETE),
    args: RANGE_ARGS,
    handler: ltrimCommand,
  },
];

/** The whole group. */
export const listCommands: CommandSpec[] = [
  ...readCommands,
  ...writeCommands,
  ...endCommands,
  ...moveCommands,
  ...posCommands,
  ...listBlockingCommands,
];
