/**
 * MONITOR: every command is shown to whoever asks for it. How is in core/server/monitors.ts.
 */
import { type Client, CLIENT_DENY_BLOCKING, CLIENT_MONITOR } from "../server/client.ts";
import { ADMIN, type CommandSpec, LOADING, NOSCRIPT, STALE } from "../server/command.ts";

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
];
