/**
 * CLIENT: what a connection can learn and change about itself and the others.
 */
import { ascii } from "../base/bytes.ts";
import { argIs, argString, getIntegerOrReply, SYNTAX_ERROR } from "../server/args.ts";
import { getTimeoutOrReply } from "../server/blocking.ts";
import { GATE_NO_TOUCH, GATE_REPLY } from "../server/call.ts";
import {
  type Client,
  CLIENT_BLOCKED,
  CLIENT_CLOSE_AFTER_REPLY,
  CLIENT_NO_EVICT,
  CLIENT_NO_TOUCH,
  CLIENT_POSTPONED,
  CLIENT_REPLY_OFF,
  CLIENT_REPLY_SKIP,
  CLIENT_REPLY_SKIP_NEXT,
} from "../server/client.ts";
import { clientInfo } from "../server/client_info.ts";
import { argPrefix } from "../server/command_table.ts";
import { addHelp, addUsageError } from "../server/help.ts";
import { isPrintable, NAME_ERROR } from "./client_attributes.ts";
import {
  type ClientFilter,
  getFilterOrReply,
  getTypeOrReply,
  matchingClients,
  newFilter,
} from "./client_filters.ts";

const ON = ascii("on");
const OFF = ascii("off");
const SKIP = ascii("skip");
const ID = ascii("id");
const TYPE = ascii("type");
const TIMEOUT = ascii("timeout");
const ERROR = ascii("error");
const ALL = ascii("all");
const WRITE = ascii("write");
const LIB_NAME = ascii("lib-name");
const LIB_VER = ascii("lib-ver");

const HELP: readonly string[] = [
  "CACHING (YES|NO)",
  "    Says whether the keys of the next command are tracked, in OPTIN or OPTOUT mode.",
  "GETREDIR",
  "    Tells which connection hears of changes to the tracked keys.",
  "GETNAME",
  "    Tells the connection's name.",
  "ID",
  "    Tells the connection's id.",
  "INFO",
  "    Describes the connection in one line.",
  "KILL <ip:port>",
  "    Closes the connection that comes from <ip:port>.",
  "KILL <option> <value> [<option> <value> [...]]",
  "    Closes the connections that meet all conditions:",
  "    * ADDR (<ip:port>|<unixsocket>:0)",
  "      They come from this address.",
  "    * LADDR (<ip:port>|<unixsocket>:0)",
  "      They go to this address of the server.",
  "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
  "      They are of this type.",
  "    * USER <username>",
  "      They have authenticated as this user.",
  "    * SKIPME (YES|NO)",
  "      YES, unless given, spares the connection that asks.",
  "    * ID <client-id>",
  "      It is the one with this id.",
  "    * MAXAGE <maxage>",
  "      They have been open for this many seconds at least.",
  "LIST [options ...]",
  "    Describes connections, one per line. Options:",
  "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
  "      Only those of this type.",
  "    * ID <client-id> [<client-id> [...]]",
  "      Only these.",
  "PAUSE <timeout> [WRITE|ALL]",
  "    Holds up commands, all of them or those that write, for <timeout> milliseconds.",
  "UNPAUSE",
  "    Ends that.",
  "UNBLOCK <client-id> [TIMEOUT|ERROR]",
  "    Ends what a blocked connection waits for, as if its time was over or with an error.",
  "REPLY (ON|OFF|SKIP)",
  "    Says whether commands are answered: all, none, or all but the next.",
  "SETNAME <name>",
  "    Gives the connection a name.",
  "SETINFO <option> <value>",
  "    Tells the server about the client. Options:",
  "    * LIB-NAME: the name of the library it uses.",
  "    * LIB-VER: that library's version.",
  "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]",
  "         [OPTIN] [OPTOUT] [NOLOOP]",
  "    Lets it be told when keys change that it has read, or that begin with a prefix.",
  "TRACKINGINFO",
  "    Tells how the connection tracks keys.",
  "NO-EVICT (ON|OFF)",
  "    Spares the connection when clients take too much memory.",
  "NO-TOUCH (ON|OFF)",
  "    Lets its commands leave the keys' access times as they are.",
];

export function clientHelpCommand(c: Client): void {
  addHelp(c, HELP);
}

export function clientIdCommand(c: Client): void {
  c.reply.addInteger(c.id);
}

export function clientInfoCommand(c: Client): void {
  c.reply.addVerbatim(`${clientInfo(c)}\n`, "txt");
}

export function clientListCommand(c: Client): void {
  let clients: Client[];
  if (c.argc === 2) {
    clients = [...c.server.clients.byId.values()];
  } else if (c.argc === 4 && argIs(c, 2, TYPE)) {
    const type = getTypeOrReply(c, 3);
    if (type === null) return;
    clients = matchingClients(c, { ...newFilter(), type, skipMe: false });
  } else if (c.argc > 3 && argIs(c, 2, ID)) {
    const listed = getListedOrReply(c);
    if (listed === null) return;
    clients = listed;
  } else {
    c.reply.addError(SYNTAX_ERROR);
    return;
  }
  let text = "";
  for (const client of clients) text += `${clientInfo(client)}\n`;
  c.reply.addVerbatim(text, "txt");
}

/** The clients whose ids are the arguments, as often as they are; null after an error reply. */
function getListedOrReply(c: Client): Client[] | null {
  const listed: Client[] = [];
  for (let i = 3; i < c.argc; i++) {
    const id = getIntegerOrReply(c, i, "ERR Invalid client ID");
    if (Number.isNaN(id)) return null;
    const client = c.server.clients.byId.get(id);
    if (client !== undefined) listed.push(client);
  }
  return listed;
}

export function clientKillCommand(c: Client): void {
  const isOldForm = c.argc === 3;
  const filter: ClientFilter | null = isOldForm
    ? { ...newFilter(), addr: argPrefix(c.argv, 2), skipMe: false }
    : getFilterOrReply(c);
  if (filter === null) return;
  const victims = matchingClients(c, filter);
  for (const victim of victims) {
    if (victim !== c) victim.port.close();
  }
  if (!isOldForm) c.reply.addInteger(victims.length);
  else if (victims.length === 0) c.reply.addError("ERR No such client");
  else c.reply.addOk();
  // Itself a client only kills once it has got the answer.
  if (victims.includes(c)) c.flags |= CLIENT_CLOSE_AFTER_REPLY;
}

export function clientUnblockCommand(c: Client): void {
  if (c.argc > 4) return addUsageError(c);
  const withError = c.argc === 4 && argIs(c, 3, ERROR);
  if (c.argc === 4 && !withError && !argIs(c, 3, TIMEOUT)) {
    c.reply.addError("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
    return;
  }
  const id = getIntegerOrReply(c, 2);
  if (Number.isNaN(id)) return;
  const { blocking, clients } = c.server;
  const blocked = clients.byId.get(id);
  const mayUnblock = blocked !== undefined &&
    (blocked.flags & (CLIENT_BLOCKED | CLIENT_POSTPONED)) === CLIENT_BLOCKED;
  if (!mayUnblock) {
    c.reply.addInteger(0);
    return;
  }
  if (withError) {
    blocking.unblockOnError(blocked, "UNBLOCKED client unblocked via CLIENT UNBLOCK");
  } else blocking.unblockOnTimeout(blocked);
  c.reply.addInteger(1);
}

export function clientReplyCommand(c: Client): void {
  if (argIs(c, 2, ON)) {
    c.flags &= ~(CLIENT_REPLY_SKIP | CLIENT_REPLY_OFF);
    c.reply.addOk();
  } else if (argIs(c, 2, OFF)) {
    c.flags |= CLIENT_REPLY_OFF;
    c.gates |= GATE_REPLY;
  } else if (!argIs(c, 2, SKIP)) {
    c.reply.addError(SYNTAX_ERROR);
  } else if ((c.flags & CLIENT_REPLY_OFF) === 0) {
    c.flags |= CLIENT_REPLY_SKIP_NEXT;
    c.gates |= GATE_REPLY;
  }
}

export function clientPauseCommand(c: Client): void {
  if (c.argc > 4) return addUsageError(c);
  const all = c.argc === 3 || argIs(c, 3, ALL);
  if (!all && !argIs(c, 3, WRITE)) {
    c.reply.addError("ERR CLIENT PAUSE mode must be WRITE or ALL");
    return;
  }
  const ms = getTimeoutOrReply(c, 2, true);
  if (Number.isNaN(ms)) return;
  const { keyspace, pause } = c.server;
  // A time of 0 begins no pause, but one under way may become one of everything.
  pause.begin(ms === 0 ? 0 : keyspace.nowMs + ms, all);
  c.reply.addOk();
}

export function clientUnpauseCommand(c: Client): void {
  c.server.pause.end();
  c.reply.addOk();
}

export function clientSetNameCommand(c: Client): void {
  const name = argString(c, 2);
  if (!isPrintable(name)) {
    c.reply.addError(NAME_ERROR);
    return;
  }
  c.name = name;
  c.reply.addOk();
}

export function clientGetNameCommand(c: Client): void {
  if (c.name === "") c.reply.addNull();
  else c.reply.addBulkString(c.name);
}

export function clientSetInfoCommand(c: Client): void {
  const isName = argIs(c, 2, LIB_NAME);
  if (!isName && !argIs(c, 2, LIB_VER)) {
    c.reply.addError(`ERR Unrecognized option '${argPrefix(c.argv, 2)}'`);
    return;
  }
  const value = argString(c, 3);
  if (!isPrintable(value)) {
    const attribute = argPrefix(c.argv, 2);
    c.reply.addError(`ERR ${attribute} cannot contain spaces, newlines or special characters.`);
    return;
  }
  if (isName) c.libName = value;
  else c.libVer = value;
  c.reply.addOk();
}

export function clientNoEvictCommand(c: Client): void {
  switchFlag(c, CLIENT_NO_EVICT);
}

export function clientNoTouchCommand(c: Client): void {
  if (!switchFlag(c, CLIENT_NO_TOUCH)) return;
  if ((c.flags & CLIENT_NO_TOUCH) !== 0) c.gates |= GATE_NO_TOUCH;
  else c.gates &= ~GATE_NO_TOUCH;
}

/** Sets or clears a flag of the client as its third argument says; false after an error reply. */
function switchFlag(c: Client, flag: number): boolean {
  if (argIs(c, 2, ON)) c.flags |= flag;
  else if (argIs(c, 2, OFF)) c.flags &= ~flag;
  else {
    c.reply.addError(SYNTAX_ERROR);
    return false;
  }
  c.reply.addOk();
  return true;
}
