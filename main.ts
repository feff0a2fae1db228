/**
 * Larder: the composition root. The only file that knows everyone.
 */
import { writeSync } from "node:fs";
import process from "node:process";
import { allCommands } from "./core/commands/index.ts";
import { Listener } from "./core/net/listener.ts";
import { runtimeTransport } from "./core/net/runtime.ts";
import { prepare, serve, startFailure } from "./core/server/startup.ts";

try {
  const server = prepare(process.argv.slice(2), allCommands);
  if (server !== null) serve(server, new Listener(server, runtimeTransport()));
} catch (error) {
  const text = startFailure(error);
  if (text !== "") writeSync(2, `${text}\n`);
  process.exit(1);
}
