/**
 * MONITOR and ROLE: what looks at the server from outside.
 */
import { type Client, CLIENT_DENY_BLOCKING, CLIENT_MONITOR } from "../server/client.ts";
import { ADMIN, type CommandSpec, FAST, LOADING, NOSCRIPT, STALE } from "../server/command.ts";

function monitorCommand(c: Client): void {
  if ((c.flags & CLIENT_DENY_BLOCKING) !== 0) {
    c.reply.addError("ERR MONITOR isn't allowed for DENY BLOCKING client");
    return;
  }
  // Redis doesn't answer whoever is one already.
  if ((c.flags & CLIENT_MONITOR) !== 0) return;
  c.server.monitors.add(c);
  c.reply.addOk();
}

/** Always a master, without replicas. */
function roleCommand(c: Client): void {
  c.reply.addArray(3);
  c.reply.addBulkString("master");
  c.reply.addInteger(0);
  c.reply.addArray(0);
}

export const monitorCommands: CommandSpec[] = [
  {
    name: "monitor",
    arity: 1,
    flags: ADMIN | NOSCRIPT | LOADING | STALE,
    since: "1.0.0",
    group: "server",
    summary: "Shows every command that is executed from now on.",
    handler: monitorCommand,
  },
  {
    name: "role",
    arity: 1,
    flags: NOSCRIPT | LOADING | STALE | FAST,
    categories: ["admin", "dangerous"],
    since: "2.8.12",
    group: "server",
    complexity: "O(1)",
    summary: "Tells whether this is a master or a replica, and of whom.",
    handler: roleCommand,
  },
];
