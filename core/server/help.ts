/**
 * What the HELP subcommands reply: one status per line, between the head and the foot that all of them share.
 */
import type { Client } from "./client.ts";

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
