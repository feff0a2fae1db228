/**
 * Commands about replication, as a server answers that is alone: a master without replicas.
 */
import { ascii } from "../base/bytes.ts";
import { argIs, getIntegerOrReply, getRangeOrReply, SYNTAX_ERROR } from "../server/args.ts";
import type { Client } from "../server/client.ts";
import {
  ADMIN,
  ALLOW_BUSY,
  type ArgSpec,
  type CommandSpec,
  FAST,
  LOADING,
  NO_ASYNC_LOADING,
  NO_MULTI,
  NOSCRIPT,
  STALE,
} from "../server/command.ts";

const NO = ascii("no");
const ONE = ascii("one");
const ABORT = ascii("abort");
const TIMEOUT = ascii("timeout");
const TO = ascii("to");
const FORCE = ascii("force");
const PORT_MAX = 65535;

function roleCommand(c: Client): void {
  c.reply.addArray(3);
  c.reply.addBulkString("master");
  c.reply.addInteger(0);
  c.reply.addArray(0);
}

function replicaofCommand(c: Client): void {
  if (argIs(c, 1, NO) && argIs(c, 2, ONE)) {
    c.reply.addOk();
    return;
  }
  const port = getRangeOrReply(c, 2, 0, PORT_MAX, "ERR Invalid master port");
  if (Number.isNaN(port)) return;
  c.reply.addError("ERR This server can't be a replica: replication is not offered");
}

/**
 * What a replica would send. The commands are there for rules of users and for rename-command, which
 * name them in the files of those who run Redis with replicas.
 */
function replicaCommand(c: Client): void {
  c.reply.addError("ERR This server can't have replicas: replication is not offered");
}

/** Arguments are checked as ever; then it turns out that there is nobody to hand over to. */
function failoverCommand(c: Client): void {
  if (c.argc === 2 && argIs(c, 1, ABORT)) {
    c.reply.addError("ERR No failover in progress.");
    return;
  }
  let hasTimeout = false;
  let hasTarget = false;
  let hasForce = false;
  for (let i = 1; i < c.argc; i++) {
    if (argIs(c, i, TIMEOUT) && i + 1 < c.argc && !hasTimeout) {
      const ms = getIntegerOrReply(c, ++i);
      if (Number.isNaN(ms)) return;
      if (ms <= 0) {
        c.reply.addError("ERR FAILOVER timeout must be greater than 0");
        return;
      }
      hasTimeout = true;
    } else if (argIs(c, i, TO) && i + 2 < c.argc && !hasTarget) {
      i += 2;
      if (Number.isNaN(getIntegerOrReply(c, i))) return;
      hasTarget = true;
    } else if (argIs(c, i, FORCE) && !hasForce) {
      hasForce = true;
    } else {
      c.reply.addError(SYNTAX_ERROR);
      return;
    }
  }
  c.reply.addError("ERR FAILOVER requires connected replicas.");
}

const masterArgs: ArgSpec[] = [{
  name: "args",
  type: "oneof",
  args: [
    {
      name: "host-port",
      type: "block",
      args: [{ name: "host", type: "string" }, { name: "port", type: "integer" }],
    },
    {
      name: "no-one",
      type: "block",
      args: [
        { name: "no", type: "pure-token", token: "NO" },
        { name: "one", type: "pure-token", token: "ONE" },
      ],
    },
  ],
}];

const failoverArgs: ArgSpec[] = [
  {
    name: "target",
    token: "TO",
    type: "block",
    optional: true,
    args: [
      { name: "host", type: "string" },
      { name: "port", type: "integer" },
      { name: "force", type: "pure-token", token: "FORCE", optional: true },
    ],
  },
  { name: "abort", type: "pure-token", token: "ABORT", optional: true },
  { name: "milliseconds", type: "integer", token: "TIMEOUT", optional: true },
];

export const replicationCommands: CommandSpec[] = [
  {
    name: "role",
    arity: 1,
    flags: NOSCRIPT | LOADING | STALE | FAST,
    categories: ["admin", "dangerous"],
    since: "2.8.12",
    group: "server",
    complexity: "O(1)",
    summary: "Tells the server's part in replication.",
    handler: roleCommand,
  },
  {
    name: "replicaof",
    arity: 3,
    flags: NO_ASYNC_LOADING | ADMIN | NOSCRIPT | STALE,
    since: "5.0.0",
    group: "server",
    complexity: "O(1)",
    summary: "Makes the server a replica, or a master again.",
    args: masterArgs,
    handler: replicaofCommand,
  },
  {
    name: "slaveof",
    arity: 3,
    flags: NO_ASYNC_LOADING | ADMIN | NOSCRIPT | STALE,
    since: "1.0.0",
    group: "server",
    complexity: "O(1)",
    summary: "The old name of REPLICAOF.",
    deprecatedSince: "5.0.0",
    replacedBy: "`REPLICAOF`",
    args: masterArgs,
    handler: replicaofCommand,
  },
  {
    name: "failover",
    arity: -1,
    flags: ADMIN | NOSCRIPT | STALE,
    since: "6.2.0",
    group: "server",
    complexity: "O(1)",
    summary: "Hands the part of the master over to a replica.",
    args: failoverArgs,
    handler: failoverCommand,
  },
  {
    name: "sync",
    arity: 1,
    flags: NO_ASYNC_LOADING | ADMIN | NO_MULTI | NOSCRIPT,
    since: "1.0.0",
    group: "server",
    summary: "Makes the connection that of a replica.",
    handler: replicaCommand,
  },
  {
    name: "psync",
    arity: -3,
    flags: NO_ASYNC_LOADING | ADMIN | NO_MULTI | NOSCRIPT,
    since: "2.8.0",
    group: "server",
    summary: "Makes the connection that of a replica, which may know the data up to an offset.",
    args: [{ name: "replicationid", type: "string" }, { name: "offset", type: "integer" }],
    handler: replicaCommand,
  },
  {
    name: "replconf",
    arity: -1,
    flags: ADMIN | NOSCRIPT | LOADING | STALE | ALLOW_BUSY,
    since: "3.0.0",
    group: "server",
    complexity: "O(1)",
    syscmd: true,
    summary: "Tells the server about a replica.",
    handler: replicaCommand,
  },
];
