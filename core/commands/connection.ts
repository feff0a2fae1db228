/**
 * Connection commands.
 */
import { ascii } from "../base/bytes.ts";
import type { Client } from "../server/client.ts";
import { type CommandSpec, FAST } from "../server/command.ts";

const PONG = ascii("+PONG\r\n");

function pingCommand(c: Client): void {
  if (c.argc > 2) {
    c.reply.addError("ERR wrong number of arguments for 'ping' command");
    return;
  }
  if (c.argc === 1) c.reply.addRaw(PONG);
  else c.reply.addBulk(c.argv.buf, c.argv.off[1], c.argv.len[1]);
}

export const connectionCommands: CommandSpec[] = [
  {
    name: "ping",
    arity: -1,
    flags: FAST,
    categories: ["connection"],
    since: "1.0.0",
    group: "connection",
    complexity: "O(1)",
    summary: "Answers PONG, or the message it was given.",
    args: [{ name: "message", type: "string", optional: true }],
    tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
    handler: pingCommand,
  },
];
