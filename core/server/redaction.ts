/**
 * Redaction: which arguments must not be seen by whoever reads a log, because they are passwords or tell of users.
 */
import { ascii } from "../base/bytes.ts";
import { argIs, argString } from "./args.ts";
import type { Client } from "./client.ts";
import type { Command } from "./command.ts";
import { isSecret } from "./monitors.ts";

/** Subcommands of ACL all of whose arguments are hidden. */
const ACL_SECRET = new Set(["acl|setuser", "acl|getuser", "acl|deluser", "acl|dryrun"]);
const AUTH = ascii("auth");
const AUTH2 = ascii("auth2");
/** Where the options of MIGRATE begin. */
const MIGRATE_OPTIONS = 6;

/** Whether argument `index` of the client's request, which is `command`, is to be hidden. */
export function isRedacted(c: Client, command: Command, index: number): boolean {
  const name = command.fullName;
  if (name === "config|set") {
    return index > 2 && index % 2 === 1 && c.server.config.isSensitive(argString(c, index - 1));
  }
  if (ACL_SECRET.has(name)) return index > 1;
  if (name === "migrate") {
    if (index <= MIGRATE_OPTIONS) return false;
    return argIs(c, index - 1, AUTH) || argIs(c, index - 1, AUTH2) ||
      index > MIGRATE_OPTIONS + 1 && argIs(c, index - 2, AUTH2);
  }
  return isSecret(c, command, index);
}
