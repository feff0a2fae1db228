/**
 * Connection commands: greeting, authentication, the selected database, and taking leave. CLIENT is in client.ts.
 */
import { ascii } from "../base/bytes.ts";
import {
  argIs,
  argString,
  getIntegerOrReply,
  NOT_AN_INTEGER,
  SYNTAX_ERROR,
} from "../server/args.ts";
import { DEFAULT_USER } from "../server/acl.ts";
import { GATE_NO_TOUCH } from "../server/call.ts";
import {
  type Client,
  CLIENT_CLOSE_AFTER_REPLY,
  CLIENT_NO_EVICT,
  CLIENT_NO_TOUCH,
  CLIENT_PUBSUB,
  CLIENT_REPLY_OFF,
  CLIENT_REPLY_SKIP_NEXT,
} from "../server/client.ts";
import {
  ALLOW_BUSY,
  type CommandSpec,
  FAST,
  FOR_SUBSCRIBERS,
  LOADING,
  NO_AUTH,
  NOSCRIPT,
  NOT_QUEUED,
  STALE,
} from "../server/command.ts";
import { argPrefix } from "../server/command_table.ts";
import { discardTransaction } from "../server/transaction.ts";
import { REDIS_VERSION } from "../server/version.ts";
import { isPrintable, NAME_ERROR } from "./client_attributes.ts";

const PONG = ascii("+PONG\r\n");
const AUTH_WORD = ascii("auth");
const SETNAME_WORD = ascii("setname");

const INT32_MAX = 2 ** 31 - 1;
const INT32_MIN = -(2 ** 31);

const WRONG_PASSWORD = "WRONGPASS invalid username-password pair or user is disabled.";
const NO_PASSWORD = "ERR AUTH <password> called without any password configured for the default " +
  "user. Are you sure your configuration is correct?";
const HELLO_NEEDS_AUTH = "NOAUTH HELLO must be called with the client already authenticated, " +
  "otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client " +
  "and select the RESP protocol version at the same time";

function pingCommand(c: Client): void {
  if (c.argc > 2) {
    c.reply.addError("ERR wrong number of arguments for 'ping' command");
    return;
  }
  if ((c.flags & CLIENT_PUBSUB) !== 0 && c.reply.resp === 2) {
    c.reply.addArray(2);
    c.reply.addBulkString("pong");
    if (c.argc === 1) c.reply.addBulkString("");
    else c.reply.addBulk(c.argv.buf, c.argv.off[1], c.argv.len[1]);
  } else if (c.argc === 1) c.reply.addRaw(PONG);
  else c.reply.addBulk(c.argv.buf, c.argv.off[1], c.argv.len[1]);
}

function echoCommand(c: Client): void {
  c.reply.addBulk(c.argv.buf, c.argv.off[1], c.argv.len[1]);
}

/** Lets the client in if name and password are right, otherwise replies the error and returns false. */
function authenticateOrReply(c: Client, name: string, password: string): boolean {
  const isRight = c.server.acl.authenticate(c, name, password);
  if (!isRight) c.reply.addError(WRONG_PASSWORD);
  return isRight;
}

function authCommand(c: Client): void {
  if (c.argc > 3) {
    c.reply.addError(SYNTAX_ERROR);
    return;
  }
  if (c.argc === 2 && c.server.acl.defaultUser.noPass) {
    c.reply.addError(NO_PASSWORD);
    return;
  }
  const name = c.argc === 2 ? DEFAULT_USER : argString(c, 1);
  if (authenticateOrReply(c, name, argString(c, c.argc - 1))) c.reply.addOk();
}

function helloCommand(c: Client): void {
  let version = 0;
  if (c.argc > 1) {
    version = getIntegerOrReply(c, 1, "ERR Protocol version is not an integer or out of range");
    if (Number.isNaN(version)) return;
    if (version < 2 || version > 3) {
      c.reply.addError("NOPROTO unsupported protocol version");
      return;
    }
  }
  let authIndex = 0;
  let name: string | null = null;
  for (let i = 2; i < c.argc; i++) {
    const left = c.argc - 1 - i;
    if (argIs(c, i, AUTH_WORD) && left >= 2) {
      authIndex = i;
      i += 2;
    } else if (argIs(c, i, SETNAME_WORD) && left >= 1) {
      name = argString(c, ++i);
      if (!isPrintable(name)) {
        c.reply.addError(NAME_ERROR);
        return;
      }
    } else {
      c.reply.addError(`ERR Syntax error in HELLO option '${argPrefix(c.argv, i)}'`);
      return;
    }
  }
  if (authIndex !== 0) {
    const user = argString(c, authIndex + 1);
    if (!authenticateOrReply(c, user, argString(c, authIndex + 2))) return;
  }
  if (!c.authenticated) {
    c.reply.addError(HELLO_NEEDS_AUTH);
    return;
  }
  if (name !== null) c.name = name;
  if (version !== 0) c.reply.resp = version;
  addGreeting(c);
}

function addGreeting(c: Client): void {
  const { reply } = c;
  reply.addMap(7);
  reply.addBulkString("server");
  reply.addBulkString("redis");
  reply.addBulkString("version");
  reply.addBulkString(REDIS_VERSION);
  reply.addBulkString("proto");
  reply.addInteger(reply.resp);
  reply.addBulkString("id");
  reply.addInteger(c.id);
  reply.addBulkString("mode");
  reply.addBulkString("standalone");
  reply.addBulkString("role");
  reply.addBulkString("master");
  reply.addBulkString("modules");
  reply.addArray(0);
}

function selectCommand(c: Client): void {
  const index = getIntegerOrReply(c, 1, NOT_AN_INTEGER);
  if (Number.isNaN(index)) return;
  if (index < INT32_MIN || index > INT32_MAX) {
    c.reply.addError(
      `ERR value is out of range, value must between ${INT32_MIN} and ${INT32_MAX}`,
    );
    return;
  }
  const { dbs } = c.server.keyspace;
  if (index < 0 || index >= dbs.length) {
    c.reply.addError("ERR DB index is out of range");
    return;
  }
  c.db = dbs[index];
  c.reply.addOk();
}

function quitCommand(c: Client): void {
  c.reply.addOk();
  c.flags |= CLIENT_CLOSE_AFTER_REPLY;
}

/** Makes the client what it was when it connected; only the library's name and version stay. */
function resetCommand(c: Client): void {
  c.server.monitors.remove(c);
  c.server.tracking.disable(c);
  discardTransaction(c);
  c.server.pubsub.forget(c);
  c.db = c.server.keyspace.dbs[0];
  c.reply.resp = 2;
  c.server.acl.admit(c);
  c.name = "";
  c.flags &= ~(CLIENT_REPLY_OFF | CLIENT_REPLY_SKIP_NEXT | CLIENT_NO_TOUCH | CLIENT_NO_EVICT);
  c.gates &= ~GATE_NO_TOUCH;
  c.reply.addStatus("RESET");
}

export const connectionCommands: CommandSpec[] = [
  {
    name: "ping",
    arity: -1,
    flags: FAST | FOR_SUBSCRIBERS,
    categories: ["connection"],
    since: "1.0.0",
    group: "connection",
    complexity: "O(1)",
    summary: "Answers PONG, or the message it was given.",
    args: [{ name: "message", type: "string", optional: true }],
    tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
    handler: pingCommand,
  },
  {
    name: "echo",
    arity: 2,
    flags: LOADING | STALE | FAST,
    categories: ["connection"],
    since: "1.0.0",
    group: "connection",
    complexity: "O(1)",
    summary: "Answers the message it was given.",
    args: [{ name: "message", type: "string" }],
    handler: echoCommand,
  },
  {
    name: "auth",
    arity: -2,
    flags: NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY,
    categories: ["connection"],
    since: "1.0.0",
    group: "connection",
    complexity: "O(N) where N is the number of passwords that the user has",
    summary: "Lets a client in that knows the password.",
    history: [["6.0.0", "Takes a user's name before the password."]],
    args: [
      { name: "username", type: "string", optional: true, since: "6.0.0" },
      { name: "password", type: "string" },
    ],
    handler: authCommand,
  },
  {
    name: "hello",
    arity: -1,
    flags: NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY,
    categories: ["connection"],
    since: "6.0.0",
    group: "connection",
    complexity: "O(1)",
    summary: "Greets the server: protocol version, authentication and name in one go.",
    history: [["6.2.0", "Without arguments it tells about the connection as it is."]],
    args: [{
      name: "arguments",
      type: "block",
      optional: true,
      args: [
        { name: "protover", type: "integer" },
        {
          name: "auth",
          type: "block",
          token: "AUTH",
          optional: true,
          args: [{ name: "username", type: "string" }, { name: "password", type: "string" }],
        },
        { name: "clientname", type: "string", token: "SETNAME", optional: true },
      ],
    }],
    handler: helloCommand,
  },
  {
    name: "select",
    arity: 2,
    flags: LOADING | STALE | FAST,
    categories: ["connection"],
    since: "1.0.0",
    group: "connection",
    complexity: "O(1)",
    summary: "Goes to another database.",
    args: [{ name: "index", type: "integer" }],
    handler: selectCommand,
  },
  {
    name: "quit",
    arity: -1,
    flags: NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY | NOT_QUEUED | FOR_SUBSCRIBERS,
    categories: ["connection"],
    since: "1.0.0",
    group: "connection",
    complexity: "O(1)",
    summary: "Ends the connection.",
    deprecatedSince: "7.2.0",
    replacedBy: "closing the connection",
    handler: quitCommand,
  },
  {
    name: "reset",
    arity: 1,
    flags: NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY | NOT_QUEUED | FOR_SUBSCRIBERS,
    categories: ["connection"],
    since: "6.2.0",
    group: "connection",
    complexity: "O(1)",
    summary: "Makes the connection as good as new.",
    handler: resetCommand,
  },
];
