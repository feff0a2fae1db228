/**
 * ACL file: where users are kept, either in a file of their own (`aclfile`), which ACL LOAD reads
 * and ACL SAVE writes, or in `user` lines of redis.conf, which CONFIG REWRITE writes.
 *
 *     user alice on #2bd806c9... ~cache:* &* +@read +@write
 *
 * A file takes effect as a whole: if there is anything wrong with it, everything stays as it was and all its errors are
 * told at once. It is replaced as a whole too, so a crash leaves either file. Comments are errors, since saving would
 * lose them.
 *
 * In redis.conf rules are checked when they are read, as far as that needs no commands, so that the error can name the
 * line; users are made when the server is.
 */
import { ascii, latin1 } from "../base/bytes.ts";
import { DEFAULT_USER } from "./acl.ts";
import { type AclWorld, hasBlanks, quoteWords, UNKNOWN_COMMAND, upToNul } from "./acl_selector.ts";
import { joinSelectors, User } from "./acl_user.ts";
import { trimLine } from "./config_file.ts";
import { processHost } from "./config_host.ts";
import type { Server } from "./server.ts";

const DUPLICATE = "Duplicate user found. A user can only be defined once in config files";
const TWO_PLACES =
  "Configuring Redis with users defined in redis.conf and at the same setting an " +
  "ACL file path is invalid. This setup is very likely to lead to configuration errors and " +
  "security holes, please define either an ACL file or declare users directly in your " +
  "redis.conf, but not both.";
const NOTHING_CHANGED = "WARNING: ACL errors detected, no change to the previously active ACL " +
  "rules was performed";

/** The users of redis.conf, from when their lines are read until the server is made. */
export class ConfiguredUsers {
  private readonly makeWorld: () => AclWorld;
  private world: AclWorld | null = null;
  private readonly rules = new Map<string, readonly string[]>();

  /** `makeWorld` is called if there are such lines. */
  constructor(makeWorld: () => AclWorld) {
    this.makeWorld = makeWorld;
  }

  /** Takes the arguments of a `user` line. Returns why it can't, or null. */
  add(args: readonly string[]): string | null {
    const [name, ...rest] = args;
    const fault = (what: string, error: string) => {
      return `Error in user declaration '${upToNul(what)}': ${error}`;
    };
    if (this.rules.has(name)) return fault(name, DUPLICATE);
    const rules = joinSelectors(rest);
    if (typeof rules === "number") return fault(rest[rules], "Unmatched parenthesis");
    const user = new User(this.world ??= this.makeWorld(), name);
    for (const rule of rules) {
      const error = user.apply(rule);
      if (error !== null && error !== UNKNOWN_COMMAND) return fault(rule, error);
    }
    this.rules.set(name, rules);
    return null;
  }

  /** Makes the users, or those of the ACL file. Returns why the server can't start, or null. */
  load(server: Server): string | null {
    const hasFile = server.config.str("aclfile") !== "";
    if (hasFile && this.rules.size > 0) return TWO_PLACES;
    if (hasFile) {
      const errors = loadAclFile(server);
      return errors === null ? null : `Aborting Redis startup because of ACL errors: ${errors}`;
    }
    const error = this.rules.size === 0 ? null : this.make(server);
    if (error === null) return null;
    server.log.warning(error);
    return "Critical error while loading ACLs. Exiting.";
  }

  private make({ acl, log }: Server): string | null {
    const users = new Map<string, User>();
    for (const [name, rules] of this.rules) {
      if (hasBlanks(name)) return "Spaces not allowed in ACL usernames";
      const user = new User(acl.world, name);
      const refused = user.applyAll(rules);
      if (refused !== null) {
        return `Error loading ACL rule '${upToNul(refused.rule)}' for the user named '${name}': ` +
          refused.error;
      }
      if (!user.isOn) {
        log.notice(
          `The user '${name}' is disabled (there is no 'on' modifier in the user description). ` +
            "Make sure this is not a configuration error.",
        );
      }
      users.set(name, user);
    }
    if (!users.has(DEFAULT_USER)) users.set(DEFAULT_USER, acl.defaultUser);
    acl.replaceUsers(users);
    return null;
  }
}

/** Takes the users of the ACL file for those there are. Returns what is wrong with it, or null. */
export function loadAclFile(server: Server): string | null {
  const { acl, config } = server;
  const name = config.str("aclfile");
  const content = processHost.read(config.path("aclfile"));
  if (typeof content === "string") {
    return `Error loading ACLs, opening file '${name}': ${content}`;
  }
  const users = new Map<string, User>();
  let errors = "";
  upToNul(latin1(content, 0, content.length)).split("\n").forEach((line, i) => {
    errors += readLine(acl.world, trimLine(line), `${name}:${i + 1}`, users);
  });
  if (errors !== "") return errors + NOTHING_CHANGED;
  acl.replaceUsers(users);
  return null;
}

/** Reads a line into `users`. Returns its errors, "" if there are none. */
function readLine(
  world: AclWorld,
  line: string,
  place: string,
  users: Map<string, User>,
): string {
  if (line === "") return "";
  const [word, name, ...args] = line.split(" ");
  if (word !== "user" || name === undefined) {
    return `${place} should start with user keyword followed by the username. `;
  }
  if (hasBlanks(name)) return `'${place}: username '${name}' contains invalid characters. `;
  if (users.has(name)) {
    return `WARNING: Duplicate user '${name}' found on line ${place.split(":").at(-1)}. `;
  }
  const rules = joinSelectors(args);
  if (typeof rules === "number") return `${place}: Unmatched parenthesis in selector definition.`;
  const user = new User(world, name);
  users.set(name, user);
  let errors = "";
  let hasSyntaxError = false;
  for (const rule of rules.map((text) => text.replace(/^[\t\r\n]+|[\t\r\n]+$/g, ""))) {
    const error = user.apply(rule);
    if (error === null) continue;
    // Unknown names are told all; of the others, which may show a password, only the first and not what it is about.
    if (error === UNKNOWN_COMMAND) {
      errors += `${place}: Error in applying operation '${rule}': ${error}. `;
    } else if (!hasSyntaxError) {
      errors += `${place}: ${error}. `;
      hasSyntaxError = true;
    }
  }
  return errors;
}

/** Writes all users to the ACL file. Returns whether it could; the log tells why not. */
export function saveAclFile({ acl, config, log }: Server): boolean {
  const lines = acl.users().map((user) => `user ${user.name} ${user.describe(true)}\n`);
  const error = processHost.replace(config.path("aclfile"), ascii(lines.join("")));
  if (error !== null) log.warning(`Writing ACL file for ACL SAVE: ${error}`);
  return error === null;
}

/** The users as CONFIG REWRITE is to write them; null when they are kept in an ACL file. */
export function usersForRewrite({ acl, config }: Server): string[] | null {
  if (config.str("aclfile") !== "") return null;
  return acl.users().map((user) => quoteWords(`${user.name} ${user.describe(true)}`));
}
