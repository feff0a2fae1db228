/**
 * ACL: the users, who is whose client, and what is done about a request that a user may not make.
 *
 *     user "default"    there always; every connection is its client until it authenticates, and may do what it may if it
 *                       needs no password. `requirepass` is its password, put in another way
 *     GATE_AUTH         on clients that have yet to authenticate
 *     GATE_ACL          on clients whose user is forbidden anything, so that nobody else's requests are checked
 *
 * Users change as a whole: rules are applied to a copy, and if all were accepted it takes over. Then the gates of the
 * user's clients are set anew, and those of them are closed that are subscribed to what they no longer may be.
 *
 * Who checks what:
 *     call.ts       `refusal` for a request that comes, `refusalInExec` for a queued one, as rules may have changed
 *     a script      `refusalInScript` for each of its commands, with its own client's `user` set to the caller's; that
 *                   client needs no GATE_ACL. `allows` is what redis.acl_check_cmd asks
 *     SORT          `allowsAllKeys`, since its patterns may lead to any key
 *
 * A client without any of these gates may do everything: the loader of the append-only file is one.
 */
import type { Argv } from "../protocol/resp_parser.ts";
import { argString } from "./args.ts";
import { type AclContext, AclLog, DENIED_AUTH } from "./acl_log.ts";
import {
  ACL_OK,
  type AclWorld,
  allowsChannel,
  DENIED_CHANNEL,
  DENIED_COMMAND,
  DENIED_KEY,
  type Pattern,
  upToNul,
} from "./acl_selector.ts";
import { hashPassword, joinSelectors, User } from "./acl_user.ts";
import { GATE_ACL, GATE_AUTH } from "./call.ts";
import { type Client, CLIENT_CLOSE_AFTER_REPLY, CLIENT_PUBSUB } from "./client.ts";
import type { Command } from "./command.ts";
import type { Server } from "./server.ts";

export const DEFAULT_USER = "default";

const REFUSED_IN_EXEC = "NOPERM ACLs rules changed between the moment the transaction was " +
  "accumulated and the EXEC call. This command is no longer allowed for the following reason: ";

export class Acl {
  readonly log: AclLog;
  readonly world: AclWorld;
  readonly defaultUser: User;
  /** Whether a client has to authenticate before it may do anything. */
  authRequired = false;
  private readonly server: Server;
  private readonly byName = new Map<string, User>();

  constructor(server: Server) {
    this.server = server;
    const { config, log } = server;
    this.log = new AclLog(config);
    this.world = {
      commands: server.commands,
      allowsChannels: () => config.str("acl-pubsub-default") === "allchannels",
      warn: (line) => log.warning(line),
    };
    this.defaultUser = this.newDefaultUser();
    this.byName.set(DEFAULT_USER, this.defaultUser);
    const applyPassword = () => {
      this.setDefaultPassword(config.str("requirepass"));
      return null;
    };
    if (config.str("requirepass") !== "") applyPassword();
    config.onChange("requirepass", applyPassword);
  }

  // Users.

  /** The user of this name, or null. */
  user(name: string): User | null {
    return this.byName.get(name) ?? null;
  }

  /** All users, in the order of their names' bytes. */
  users(): User[] {
    return [...this.byName.values()].sort((a, b) => a.name < b.name ? -1 : 1);
  }

  /** The default user as it is before anything is said about it. */
  newDefaultUser(): User {
    const user = new User(this.world, DEFAULT_USER);
    user.applyAll(["+@all", "~*", "&*", "on", "nopass"]);
    return user;
  }

  /** ACL SETUSER: all rules or none. Returns why not, or null. */
  setUser(name: string, args: readonly string[]): string | null {
    const rules = joinSelectors(args);
    if (typeof rules === "number") {
      return `Unmatched parenthesis in acl selector starting at '${upToNul(args[rules])}'.`;
    }
    const user = this.user(name);
    const staged = user === null ? new User(this.world, name) : user.clone();
    const refused = staged.applyAll(rules);
    if (refused !== null) {
      return `Error in ACL SETUSER modifier '${upToNul(refused.rule)}': ${refused.error}`;
    }
    this.put(staged);
    return null;
  }

  /** ACL DELUSER: whether there was such a user. Its clients are closed. */
  deleteUser(name: string): boolean {
    const user = this.user(name);
    if (user === null) return false;
    this.byName.delete(name);
    for (const client of this.clientsOf(user)) this.expel(client);
    return true;
  }

  /** Takes these users for those there were; a default user that isn't among them is as in the beginning. */
  replaceUsers(users: ReadonlyMap<string, User>): void {
    for (const name of [...this.byName.keys()]) {
      if (name === DEFAULT_USER) this.put(users.get(name) ?? this.newDefaultUser());
      else if (!users.has(name)) this.deleteUser(name);
    }
    for (const user of users.values()) if (user.name !== DEFAULT_USER) this.put(user);
  }

  /** What becomes of `requirepass`. */
  private setDefaultPassword(password: string): void {
    const staged = this.defaultUser.clone();
    staged.applyAll(["resetpass", password === "" ? "nopass" : `>${password}`]);
    this.put(staged);
  }

  /** Makes the user of that name what `staged` is, and its clients what such a user's clients are. */
  private put(staged: User): void {
    const user = this.user(staged.name);
    if (user === null) {
      this.byName.set(staged.name, staged);
      return;
    }
    this.expelSubscribers(user, staged);
    user.become(staged);
    if (user === this.defaultUser) this.authRequired = !user.noPass || !user.isOn;
    for (const client of this.clientsOf(user)) setGates(client);
  }

  // Clients.

  /** Makes a client what it is when it has just come, or after RESET. */
  admit(c: Client): void {
    this.assign(c, this.defaultUser, !this.authRequired);
  }

  /** Whether a client still has to authenticate before it may do anything else. */
  isAuthRequiredOf(c: Client): boolean {
    return !c.authenticated && this.authRequired;
  }

  /** Lets the client in as that user if name and password are right. */
  authenticate(c: Client, name: string, password: string): boolean {
    const user = this.user(name);
    // Even without a user, so that the time doesn't tell which names there are.
    const hash = hashPassword(password);
    if (user === null || !user.accepts(hash)) {
      this.log.add(c, DENIED_AUTH, argString(c, 0), name);
      return false;
    }
    this.assign(c, user, true);
    return true;
  }

  private assign(c: Client, user: User, authenticated: boolean): void {
    c.user = user;
    c.authenticated = authenticated;
    setGates(c);
  }

  private clientsOf(user: User): Client[] {
    return [...this.server.clients.byId.values()].filter((client) => client.user === user);
  }

  /** Closes a client that may not stay; one whose request is being executed once it has the reply. */
  private expel(c: Client): void {
    this.assign(c, this.defaultUser, false);
    if (c === this.server.executing) c.flags |= CLIENT_CLOSE_AFTER_REPLY;
    else c.port.close();
  }

  /** Closes those of a user's clients that are subscribed to what they may no longer be. */
  private expelSubscribers(before: User, after: User): void {
    if (this.server.pubsub.clients === 0 || !losesChannels(before, after)) return;
    const patterns = after.selectors.flatMap(({ channels }) => channels);
    for (const client of this.clientsOf(before)) {
      if (isSubscribedBeyond(client, patterns)) this.expel(client);
    }
  }

  // Checks.

  /** Why the client's user may not make its request, as the error to reply; or null. It is logged. */
  refusal(c: Client, command: Command): string | null {
    const reason = this.denial(c, command);
    return reason === ACL_OK ? null : `NOPERM ${deniedText(c.user, command, reason, null)}`;
  }

  /** The same for a request queued by MULTI. */
  refusalInExec(c: Client, command: Command): string | null {
    const reason = this.denial(c, command, "multi");
    return reason === ACL_OK
      ? null
      : REFUSED_IN_EXEC + (reason === DENIED_COMMAND
        ? "no permission to execute the command or subcommand"
        : reason === DENIED_KEY
        ? "no permission to touch the specified keys"
        : "no permission to access one of the channels used as arguments");
  }

  /** The same for a command of a script, whose client `c` is; without a code, for the script's own error. */
  refusalInScript(c: Client, command: Command): string | null {
    const reason = this.denial(c, command, "lua");
    return reason === ACL_OK ? null : deniedText(c.user, command, reason, null);
  }

  /** Whether a user may make a request; nothing is logged. */
  allows(user: User, command: Command, argv: Argv): boolean {
    return user.check(command, argv) === ACL_OK;
  }

  /** Whether the client may make its request even if that touches any key as the KEY_ flags say. */
  allowsAllKeys(c: Client, command: Command, flags: number): boolean {
    return c.user.isUnrestricted || c.user.allowsAllKeys(command, c.argv, flags);
  }

  private denial(c: Client, command: Command, context?: AclContext): number {
    const { user } = c;
    const reason = user.check(command, c.argv);
    if (reason === ACL_OK) return reason;
    const isCommand = reason === DENIED_COMMAND;
    const object = isCommand ? command.fullName : argString(c, user.deniedIndex);
    this.log.add(c, reason, object, user.name, context);
    return reason;
  }
}

/** What a user is told; `what`, the key or channel, only in answer to ACL DRYRUN. */
export function deniedText(
  user: User,
  command: Command,
  reason: number,
  what: string | null,
): string {
  if (reason === DENIED_COMMAND) {
    return `User ${user.name} has no permissions to run the '${command.fullName}' command`;
  }
  const kind = reason === DENIED_CHANNEL ? "channel" : "key";
  return what === null
    ? `No permissions to access a ${kind}`
    : `User ${user.name} has no permissions to access the '${what}' ${kind}`;
}

function setGates(c: Client): void {
  c.gates &= ~(GATE_AUTH | GATE_ACL);
  if (!c.authenticated) c.gates |= GATE_AUTH;
  if (!c.user.isUnrestricted) c.gates |= GATE_ACL;
}

/** Whether there can be channels that a user was allowed by `before` and isn't by `after`. */
function losesChannels(before: User, after: User): boolean {
  if (after.selectors.some(({ allChannels }) => allChannels)) return false;
  const kept = new Set(after.selectors.flatMap(({ channels }) => channels.map(({ text }) => text)));
  return before.selectors.some(({ allChannels, channels }) => {
    return allChannels || channels.some(({ text }) => !kept.has(text));
  });
}

/** Whether a client is subscribed to anything that these patterns don't allow. */
function isSubscribedBeyond(c: Client, patterns: readonly Pattern[]): boolean {
  if ((c.flags & CLIENT_PUBSUB) === 0 || c.subscriptions === null) return false;
  for (const kind of ["channels", "shardChannels", "patterns"] as const) {
    for (const { bytes } of c.subscriptions[kind].keys()) {
      if (!allowsChannel(patterns, bytes, 0, bytes.length, kind === "patterns")) return true;
    }
  }
  return false;
}
