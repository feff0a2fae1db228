/**
 * ACL: users and what they may do, as commands. What is behind it is core/server/acl.ts; how the commands are
 * declared is in acl_specs.ts.
 */
import { ascii } from "../base/bytes.ts";
import { randomHex } from "../base/prng.ts";
import type { Argv } from "../protocol/resp_parser.ts";
import { DEFAULT_USER, deniedText } from "../server/acl.ts";
import { loadAclFile, saveAclFile } from "../server/acl_file.ts";
import { type AclLogEntry, reasonName } from "../server/acl_log.ts";
import { ACL_OK, hasBlanks, type Selector, upToNul } from "../server/acl_selector.ts";
import { argIs, argString, getIntegerOrReply } from "../server/args.ts";
import type { Client } from "../server/client.ts";
import { CATEGORIES } from "../server/command.ts";
import { argPrefix } from "../server/command_table.ts";
import { addHelp, addUsageError } from "../server/help.ts";

const RESET = ascii("reset");
/** Entries that ACL LOG shows unless told otherwise. */
const LOG_ENTRIES = 10;
const PASSWORD_BITS = 256;
const PASSWORD_BITS_MAX = 4096;
const NO_FILE = "ERR This Redis instance is not configured to use an ACL file. You may want to " +
  "specify users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a " +
  "Redis configuration file set) in order to store users in the Redis configuration.";
const NOT_SAVED = "ERR There was an error trying to save the ACLs. Please check the server logs " +
  "for more information";

const HELP: readonly string[] = [
  "CAT [<category>]",
  "    Names the categories of commands, or the commands of one.",
  "DELUSER <username> [<username> ...]",
  "    Removes users and closes their connections.",
  "DRYRUN <username> <command> [<arg> ...]",
  "    Says whether the user may run the command, without running it.",
  "GETUSER <username>",
  "    Shows what is known of a user.",
  "GENPASS [<bits>]",
  "    Makes up a password of 256 bits, or of <bits>.",
  "LIST",
  "    Shows all users as lines of a configuration file.",
  "LOAD",
  "    Reads all users from the ACL file.",
  "LOG [<count> | RESET]",
  "    Shows what was denied lately, or forgets it.",
  "SAVE",
  "    Writes all users to the ACL file.",
  "SETUSER <username> <rule> [<rule> ...]",
  "    Makes or changes a user: all rules take effect, or none.",
  "USERS",
  "    Names all users.",
  "WHOAMI",
  "    Names the user of this connection.",
];

export function aclSetuserCommand(c: Client): void {
  const name = argString(c, 2);
  if (hasBlanks(name)) {
    c.reply.addError("ERR Usernames can't contain spaces or null characters");
    return;
  }
  const error = c.server.acl.setUser(name, argStrings(c, 3));
  if (error === null) c.reply.addOk();
  else c.reply.addError(`ERR ${error}`);
}

export function aclDeluserCommand(c: Client): void {
  const names = argStrings(c, 2);
  if (names.some((name) => upToNul(name) === DEFAULT_USER)) {
    c.reply.addError("ERR The 'default' user cannot be removed");
    return;
  }
  c.reply.addInteger(names.filter((name) => c.server.acl.deleteUser(name)).length);
}

export function aclGetuserCommand(c: Client): void {
  const { reply } = c;
  const user = c.server.acl.user(argString(c, 2));
  if (user === null) {
    reply.addNull();
    return;
  }
  reply.addMap(6);
  reply.addBulkString("flags");
  reply.addSet(user.flags.length);
  for (const flag of user.flags) reply.addBulkString(flag);
  reply.addBulkString("passwords");
  reply.addArray(user.passwords.length);
  for (const hash of user.passwords) reply.addBulkString(hash);
  addSelector(c, user.root);
  const [, ...more] = user.selectors;
  reply.addBulkString("selectors");
  reply.addArray(more.length);
  for (const selector of more) {
    reply.addMap(3);
    addSelector(c, selector);
  }
}

/** Three fields of a map. */
function addSelector({ reply }: Client, selector: Selector): void {
  reply.addBulkString("commands");
  reply.addBulkString(selector.commandRules());
  reply.addBulkString("keys");
  reply.addBulkString(selector.keyRules());
  reply.addBulkString("channels");
  reply.addBulkString(selector.channelRules());
}

export function aclListCommand(c: Client): void {
  const users = c.server.acl.users();
  c.reply.addArray(users.length);
  for (const user of users) c.reply.addBulkString(`user ${user.name} ${user.describe()}`);
}

export function aclUsersCommand(c: Client): void {
  const users = c.server.acl.users();
  c.reply.addArray(users.length);
  for (const { name } of users) c.reply.addBulkString(name);
}

export function aclWhoamiCommand(c: Client): void {
  c.reply.addBulkString(c.user.name);
}

export function aclLoadCommand(c: Client): void {
  if (c.server.config.str("aclfile") === "") {
    c.reply.addError(NO_FILE);
    return;
  }
  const error = loadAclFile(c.server);
  if (error === null) c.reply.addOk();
  else c.reply.addError(`ERR ${error}`);
}

export function aclSaveCommand(c: Client): void {
  if (c.server.config.str("aclfile") === "") c.reply.addError(NO_FILE);
  else if (saveAclFile(c.server)) c.reply.addOk();
  else c.reply.addError(NOT_SAVED);
}

export function aclCatCommand(c: Client): void {
  if (c.argc > 3) return addUsageError(c);
  const bit = c.argc === 2 ? -1 : CATEGORIES.indexOf(argString(c, 2).toLowerCase());
  if (c.argc === 3 && bit < 0) {
    c.reply.addError(`ERR Unknown category '${argPrefix(c.argv, 2, 128)}'`);
    return;
  }
  const { known } = c.server.commands;
  const names = c.argc === 2
    ? CATEGORIES
    : known.filter(({ categories }) => (categories & 1 << bit) !== 0).map((it) => it.fullName);
  c.reply.addArray(names.length);
  for (const name of names) c.reply.addBulkString(name);
}

export function aclGenpassCommand(c: Client): void {
  if (c.argc > 3) return addUsageError(c);
  const bits = c.argc === 2 ? PASSWORD_BITS : getIntegerOrReply(c, 2);
  if (Number.isNaN(bits)) return;
  if (bits <= 0 || bits > PASSWORD_BITS_MAX) {
    c.reply.addError(
      "ERR ACL GENPASS argument must be the number of bits for the output password, a positive " +
        `number up to ${PASSWORD_BITS_MAX}`,
    );
    return;
  }
  const chars = Math.ceil(bits / 4);
  c.reply.addBulkString(randomHex(Math.ceil(chars / 2)).slice(0, chars));
}

export function aclLogCommand(c: Client): void {
  if (c.argc > 3) return addUsageError(c);
  const { entries } = c.server.acl.log;
  if (c.argc === 3 && argIs(c, 2, RESET)) {
    entries.length = 0;
    c.reply.addOk();
    return;
  }
  const wanted = c.argc === 2 ? LOG_ENTRIES : getIntegerOrReply(c, 2);
  if (Number.isNaN(wanted)) return;
  const count = Math.min(Math.max(wanted, 0), entries.length);
  c.reply.addArray(count);
  for (let i = 1; i <= count; i++) addLogEntry(c, entries[entries.length - i]);
}

function addLogEntry({ reply, server }: Client, entry: AclLogEntry): void {
  reply.addMap(10);
  reply.addBulkString("count");
  reply.addInteger(entry.count);
  reply.addBulkString("reason");
  reply.addBulkString(reasonName(entry.reason));
  reply.addBulkString("context");
  reply.addBulkString(entry.context);
  reply.addBulkString("object");
  reply.addBulkString(entry.object);
  reply.addBulkString("username");
  reply.addBulkString(entry.username);
  reply.addBulkString("age-seconds");
  reply.addDouble((server.keyspace.nowMs - entry.updatedMs) / 1000);
  reply.addBulkString("client-info");
  reply.addBulkString(entry.clientInfo);
  reply.addBulkString("entry-id");
  reply.addInteger(entry.id);
  reply.addBulkString("timestamp-created");
  reply.addInteger(entry.createdMs);
  reply.addBulkString("timestamp-last-updated");
  reply.addInteger(entry.updatedMs);
}

export function aclDryrunCommand(c: Client): void {
  const user = c.server.acl.user(argString(c, 2));
  if (user === null) {
    c.reply.addError(`ERR User '${argPrefix(c.argv, 2)}' not found`);
    return;
  }
  const argv = requestFrom(c.argv, 3);
  const command = c.server.commands.lookup(argv);
  if (command === null) {
    c.reply.addError(`ERR Command '${argPrefix(c.argv, 3)}' not found`);
    return;
  }
  if (!command.acceptsCount(argv.argc)) {
    c.reply.addError(`ERR wrong number of arguments for '${command.fullName}' command`);
    return;
  }
  const reason = user.check(command, argv);
  if (reason === ACL_OK) c.reply.addOk();
  else {
    const what = argString(c, user.deniedIndex + 3);
    c.reply.addBulkString(deniedText(user, command, reason, what));
  }
}

/** The request that the arguments from `first` on are. */
function requestFrom({ buf, argc, off, len }: Argv, first: number): Argv {
  return {
    buf,
    argc: argc - first,
    off: off.subarray(first, argc),
    len: len.subarray(first, argc),
  };
}

export function aclHelpCommand(c: Client): void {
  addHelp(c, HELP);
}

/** The arguments from `first` on. */
function argStrings(c: Client, first: number): string[] {
  const args: string[] = [];
  for (let i = first; i < c.argc; i++) args.push(argString(c, i));
  return args;
}
