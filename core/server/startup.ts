/**
 * Start-up: from a command line to a server that accepts connections, in Redis's order and with the lines of
 * its log that tools wait for.
 *
 *     prepare    command line, configuration, log; the Server; what must be refused
 *     serve      listen, signals, cron, "Server initialized"; what is on disk is loaded, while clients are told so;
 *                "Ready to accept connections tcp"
 *
 * Whatever keeps the server from starting is one StartRefused, whose message main.ts prints; whether it goes to
 * the log or to standard error is decided here too. main.ts plugs in the layers this one must not know:
 * the commands and the network.
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import { SystemClock } from "../base/clock.ts";
import { Log, type LogLevel } from "../base/log.ts";
import type { CommandSpec } from "./command.ts";
import { ConfiguredUsers } from "./acl_file.ts";
import { CommandRenames } from "./command_renames.ts";
import { CommandTable } from "./command_table.ts";
import { Config } from "./config.ts";
import { type CommandLine, helpText, parseCommandLine, versionText } from "./config_argv.ts";
import { runtimeVersion } from "./info_server.ts";
import { controlProcess } from "./process_control.ts";
import { type NetPort, Server } from "./server.ts";
import {
  checkMachine,
  refusal,
  refuseChanges,
  refuseStatements,
  warnOfConfig,
} from "./startup_checks.ts";
import { LARDER_VERSION, REDIS_VERSION } from "./version.ts";

/** The server can't start; the message says why, on one line or as Redis's block about a configuration. */
export class StartRefused extends Error {
  override name = "StartRefused";
}

/** The network, as the start sees it. */
export interface Network extends NetPort {
  /** Opens what the configuration names. Returns null, or one line that says what went wrong. */
  listen(): string | null;
  /** Calls `then` when clients get in everywhere, which may be at once. */
  whenOpen(then: () => void): void;
}

/**
 * Does everything up to listening. Returns null when the command line only asked for a text, which is printed.
 * Throws StartRefused.
 */
export function prepare(args: readonly string[], commands: readonly CommandSpec[]): Server | null {
  const line = parseCommandLine(args, process.cwd());
  if (line.action === "refuse") throw new StartRefused(line.message);
  if (line.action !== "run") {
    process.stdout.write(line.action === "version" ? versionText() : helpText());
    return null;
  }
  const clock = new SystemClock();
  const log = new Log(clock);
  const config = new Config({ warn: (text) => log.warning(text) });
  const renames = new CommandRenames(commands);
  config.onStatement("rename-command", ([from, to]) => renames.rename(from, to));
  refuseStatements(config);
  const users = new ConfiguredUsers(() => ({
    commands: new CommandTable(commands),
    allowsChannels: () => config.str("acl-pubsub-default") === "allchannels",
    warn: () => {},
  }));
  config.onStatement("user", (args) => users.add(args));
  loadConfig(config, line);
  log.level = config.str("loglevel") as LogLevel;
  log.setFile(config.path("logfile"));
  announce(log, args.length === 0);
  const refused = refusal(config);
  if (refused !== null) throw refuse(log, refused);
  const server = new Server({ clock, log, config, commands, commandNames: renames.names() });
  const impossible = checkMachine(server);
  if (impossible !== null) throw refuse(log, impossible);
  const badUsers = users.load(server);
  if (badUsers !== null) throw refuse(log, badUsers);
  refuseChanges(server);
  warnOfConfig(server);
  return server;
}

/** Begins to serve. Throws StartRefused when it can't listen. */
export function serve(server: Server, network: Network): void {
  const { config, log, shutdown, cron, saving } = server;
  showBanner(server);
  const refused = network.listen();
  if (refused !== null) throw refuse(log, refused);
  controlProcess(server);
  shutdown.steps.push(() => {
    network.close();
  });
  shutdown.exit = (status) => process.exit(status);
  cron.start();
  log.notice("Server initialized");
  const claimed = config.savePoints().length > 0 ? saving.port?.claim() ?? null : null;
  if (claimed !== null) {
    throw refuse(
      log,
      `${claimed}. Every server needs a directory (dir) or a dbfilename of its own, or no save points (save "").`,
    );
  }
  const appends = config.bool("appendonly");
  saving.port?.prepare(appends || config.savePoints().length > 0);
  const done = (ok: boolean) => {
    if (ok) return network.whenOpen(() => announceReady(server));
    if (!appends) log.warning("Terminating server after rdb file reading failure.");
    log.warning("Fatal error loading the DB, check server logs. Exiting.");
    process.exit(1);
  };
  if (appends) server.appending.load(done);
  else saving.load(done);
}

function announceReady({ config, log }: Server): void {
  if (config.num("port") !== 0) log.notice("Ready to accept connections tcp");
  if (config.str("unixsocket") !== "") log.notice("Ready to accept connections unix");
  if (config.num("tls-port") !== 0) log.notice("Ready to accept connections tls");
}

/** What to print about an error that ended the start, "" when the log has said it. */
export function startFailure(error: unknown): string {
  if (error instanceof StartRefused) return error.message;
  if (!(error instanceof Error)) return String(error);
  const { name, message, stack } = error;
  const isDenied = name === "NotCapable" || /^E(ACCES|PERM)$/.test(codeOf(error));
  return isDenied ? `Larder lacks a permission: ${message}` : stack ?? message;
}

function codeOf(error: Error): string {
  return (error as { code?: string }).code ?? "";
}

function loadConfig(config: Config, line: CommandLine): void {
  const error = config.load({
    path: line.configPath,
    stdin: line.configFromStdin ? readFileSync(0) : null,
    overrides: line.overridesText,
  });
  if (error !== null) throw new StartRefused(error);
}

/** A line in the log; the error then has nothing more to say unless the log goes to a file. */
function refuse(log: Log, reason: string): StartRefused {
  log.warning(reason);
  return new StartRefused(log.file === "" && log.enabled("warning") ? "" : reason);
}

function announce(log: Log, isBare: boolean): void {
  log.notice("oO0OoO0OoO0Oo Larder is starting oO0OoO0OoO0Oo");
  log.notice(
    `Redis version=${REDIS_VERSION}, bits=64, commit=00000000, modified=0, pid=${process.pid}, ` +
      "just started",
  );
  log.notice(`Larder version=${LARDER_VERSION}, runtime=${runtimeVersion().replace(" ", "/")}`);
  if (!isBare) {
    log.notice("Configuration loaded");
    return;
  }
  log.warning(
    "Warning: no config file specified, using the default config. In order to specify a config " +
      "file use larder /path/to/redis.conf",
  );
}

/** A picture for people at a terminal, a line for everyone else. */
function showBanner(server: Server): void {
  const { config, log } = server;
  const port = config.num("port");
  const isTerminal = log.file === "" && process.stdout.isTTY === true;
  if (!isTerminal && !config.bool("always-show-logo")) {
    log.notice(`Running mode=standalone, port=${port}.`);
    return;
  }
  log.raw(
    "notice",
    `
     ___   ___   ___
    (___) (___) (___)    Larder ${LARDER_VERSION}, compatible with Redis ${REDIS_VERSION}
    |   | |:::| |   |    ${runtimeVersion()}, PID: ${process.pid}
    | k | |:v:| | s |    port ${port}
   ===================

`,
  );
}
