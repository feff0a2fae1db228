/**
 * Redaction: which arguments must not be seen by whoever reads a log, because they are passwords or tell of users.
 */
import { argString } from "./args.ts";
import type { Client } from "./client.ts";
import type { Command } from "./command.ts";
import { isSecret } from "./monitors.ts";

/** Subcommands of ACL all of whose arguments are hidden. */
const ACL_SECRET = new Set(["acl|setuser", "acl|getuser", "acl|deluser", "acl|dryrun"]);

/** Whether argument `index` of the client's request, which is `command`, is to be hidden. */
export function isRedacted(c: Client, command: Command, index: number): boolean {
  const name = command.fullName;
  if (name === "config|set") {
    return index > 2 && index % 2 === 1 && c.server.config.isSensitive(argString(c, index - 1));
  }
  if (ACL_SECRET.has(name)) return index > 1;
  return isSecret(c, command, index);
}
