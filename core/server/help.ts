/**
 * What the HELP subcommands reply: one status per line, between the head and the foot that all of them share.
 * And the error that points to them.
 */
import type { Client } from "./client.ts";
import { argPrefix } from "./command_table.ts";

/** Replies to `<container> HELP`: usage lines, and below each, indented by four, what it does. */
export function addHelp(c: Client, lines: readonly string[]): void {
  const { reply } = c;
  const container = c.lastCommand?.parent ?? c.lastCommand;
  const name = container?.spec.name.toUpperCase() ?? "";
  reply.addArray(lines.length + 3);
  reply.addStatus(`${name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`);
  for (const line of lines) reply.addStatus(line);
  reply.addStatus("HELP");
  reply.addStatus("    Shows this text.");
}

/** The error for a subcommand that doesn't exist or was given wrong arguments. */
export function addUsageError(c: Client): void {
  const name = argPrefix(c.argv, 0).toUpperCase();
  const sub = argPrefix(c.argv, 1, 128);
  c.reply.addError(
    `ERR unknown subcommand or wrong number of arguments for '${sub}'. Try ${name} HELP.`,
  );
}
