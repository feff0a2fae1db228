/**
 * FLUSHALL, FLUSHDB and SWAPDB: whole databases at once.
 *
 * A flushed database is empty for everyone before the reply; its memory is given back in slices afterwards
 * (core/keyspace/lazy_free.ts), for SYNC as well as ASYNC: neither pauses anyone. SYNC holds back that client's reply
 * until the memory is there, as in Redis 7.4; a command that needs it sooner has it freed first.
 */
import { ascii } from "../base/bytes.ts";
import { argIs, getRangeOrReply, SYNTAX_ERROR } from "../server/args.ts";
import type { Client } from "../server/client.ts";
import { type ArgSpec, type CommandSpec, FAST, WRITE } from "../server/command.ts";

const SYNC = ascii("sync");
const ASYNC = ascii("async");
const INT_MAX = 2 ** 31 - 1;

const FLUSH_TYPE: ArgSpec = {
  name: "flush-type",
  type: "oneof",
  optional: true,
  args: [
    { name: "async", type: "pure-token", token: "ASYNC", since: "4.0.0" },
    { name: "sync", type: "pure-token", token: "SYNC", since: "6.2.0" },
  ],
};
const FLUSH_TIPS = ["request_policy:all_shards", "response_policy:all_succeeded"];
const FLUSH_HISTORY: [string, string][] = [
  ["4.0.0", "Has the `ASYNC` modifier."],
  ["6.2.0", "Has the `SYNC` modifier."],
];

function flushallCommand(c: Client): void {
  const type = getFlushTypeOrReply(c);
  if (type === null) return;
  const { keyspace } = c.server;
  for (const db of keyspace.dbs) c.server.dirty += keyspace.empty(db);
  c.server.tracking.flushed();
  c.server.saving.flushed();
  reply(c, type);
}

function flushdbCommand(c: Client): void {
  const type = getFlushTypeOrReply(c);
  if (type === null) return;
  c.server.dirty += c.server.keyspace.empty(c.db);
  c.server.tracking.flushed();
  reply(c, type);
}

function reply(c: Client, type: Uint8Array): void {
  const { cron, flushes, propagation } = c.server;
  propagation.force();
  cron.freeSoon();
  if (type === SYNC) flushes.replyWhenFreed(c);
  else c.reply.addOk();
}

/** SYNC or ASYNC, as the argument or else the configuration says. Null after an error reply. */
function getFlushTypeOrReply(c: Client): Uint8Array | null {
  if (c.argc === 1) return c.server.config.bool("lazyfree-lazy-user-flush") ? ASYNC : SYNC;
  if (c.argc === 2 && argIs(c, 1, SYNC)) return SYNC;
  if (c.argc === 2 && argIs(c, 1, ASYNC)) return ASYNC;
  c.reply.addError(SYNTAX_ERROR);
  return null;
}

function swapdbCommand(c: Client): void {
  const first = getRangeOrReply(c, 1, -INT_MAX - 1, INT_MAX, "ERR invalid first DB index");
  if (Number.isNaN(first)) return;
  const second = getRangeOrReply(c, 2, -INT_MAX - 1, INT_MAX, "ERR invalid second DB index");
  if (Number.isNaN(second)) return;
  const { keyspace } = c.server;
  const { dbs } = keyspace;
  if (first < 0 || first >= dbs.length || second < 0 || second >= dbs.length) {
    c.reply.addError("ERR DB index is out of range");
    return;
  }
  if (first !== second) keyspace.swap(dbs[first], dbs[second]);
  c.server.dirty++;
  c.reply.addOk();
}

export const flushCommands: CommandSpec[] = [
  {
    name: "flushall",
    arity: -1,
    flags: WRITE,
    categories: ["keyspace", "dangerous"],
    since: "1.0.0",
    group: "server",
    complexity: "O(N) where N is the total number of keys in all databases",
    summary: "Deletes every key of every database.",
    args: [FLUSH_TYPE],
    tips: FLUSH_TIPS,
    history: FLUSH_HISTORY,
    handler: flushallCommand,
  },
  {
    name: "flushdb",
    arity: -1,
    flags: WRITE,
    categories: ["keyspace", "dangerous"],
    since: "1.0.0",
    group: "server",
    complexity: "O(N) where N is the number of keys in the selected database",
    summary: "Deletes every key of the selected database.",
    args: [FLUSH_TYPE],
    tips: FLUSH_TIPS,
    history: FLUSH_HISTORY,
    handler: flushdbCommand,
  },
  {
    name: "swapdb",
    arity: 3,
    flags: WRITE | FAST,
    categories: ["keyspace", "dangerous"],
    since: "4.0.0",
    group: "server",
    complexity:
      "O(N) where N is the count of clients watching or blocking on keys from both databases.",
    summary: "Exchanges two databases.",
    args: [{ name: "index1", type: "integer" }, { name: "index2", type: "integer" }],
    handler: swapdbCommand,
  },
];
