/**
 * INFO: the server about itself. Its sections are core/server/info*.ts.
 */
import { argString } from "../server/args.ts";
import type { Client } from "../server/client.ts";
import { type CommandSpec, LOADING, STALE } from "../server/command.ts";
import { infoText } from "../server/info.ts";

function infoCommand(c: Client): void {
  const sections: string[] = [];
  for (let i = 1; i < c.argc; i++) sections.push(argString(c, i));
  c.reply.addVerbatim(infoText(c.server, sections), "txt");
}

export const infoCommands: CommandSpec[] = [
  {
    name: "info",
    arity: -1,
    flags: LOADING | STALE,
    categories: ["dangerous"],
    since: "1.0.0",
    group: "server",
    complexity: "O(1)",
    summary: "Tells about the server: its state, settings and statistics.",
    args: [{ name: "section", type: "string", multiple: true, optional: true }],
    tips: ["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
    history: [["7.0.0", "Takes several sections at once."]],
    handler: infoCommand,
  },
];
