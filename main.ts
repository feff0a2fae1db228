/**
 * Larder: the composition root. The only file that knows everyone.
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import { SystemClock } from "./core/base/clock.ts";
import { Log } from "./core/base/log.ts";
import { allCommands } from "./core/commands/index.ts";
import { Listener } from "./core/net/listener.ts";
import { runtimeTransport } from "./core/net/runtime.ts";
import { Config } from "./core/server/config.ts";
import { parseCommandLine } from "./core/server/config_argv.ts";
import { Server } from "./core/server/server.ts";

const clock = new SystemClock();
const log = new Log(clock);
const line = parseCommandLine(process.argv.slice(2), process.cwd());
const config = new Config({ warn: (text) => log.warning(text) });
const error = config.load({
  path: line.configPath,
  stdin: line.configFromStdin ? readFileSync(0) : null,
  overrides: line.overridesText,
});
if (error !== null) {
  console.error(error);
  process.exit(1);
}
const server = new Server({ clock, log, config, commands: allCommands });
const listener = new Listener(server, runtimeTransport());
const refused = listener.listen();
if (refused !== null) {
  log.warning(refused);
  process.exit(1);
}
log.notice("Ready to accept connections tcp");
