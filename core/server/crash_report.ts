/**
 * The crash report: what the log gets to know before the server dies, or when it survives something it should not
 * have met. In Redis's frame, which tools look for: what happened, the stack, INFO, the clients, and the command
 * that was being executed.
 *
 * Passwords are left out as in all logs. `crash-log-enabled no` leaves out the report.
 *
 * What can't be reported from here: a signal comes between two turns of the event loop, never in the middle of a
 * command; and when the runtime itself dies, of a bug or for want of memory, nothing of ours runs any more.
 */
import process from "node:process";
import { argString } from "./args.ts";
import type { Client } from "./client.ts";
import { clientInfo } from "./client_info.ts";
import { infoText } from "./info.ts";
import { isRedacted } from "./redaction.ts";
import type { Server } from "./server.ts";
import { LARDER_VERSION } from "./version.ts";

/** Signals that end the process and are reported before. */
export type FatalSignal = "SIGABRT" | "SIGBUS" | "SIGFPE" | "SIGILL" | "SIGSEGV";

/** The most that is shown of an argument. */
const ARG_CHARS = 128;
const ARGS_MAX = 32;

/** Writes a report to the log. `headlines` say what happened, `stack` where. */
export function reportCrash(server: Server, headlines: readonly string[], stack: string): void {
  const { config, log } = server;
  if (!config.bool("crash-log-enabled")) return;
  log.raw(
    "warning",
    "\n\n=== REDIS BUG REPORT START: Cut & paste starting from here ===\n",
  );
  for (const line of headlines) log.warning(line);
  const section = (title: string, text: string) => {
    log.raw("warning", `\n------ ${title} ------\n${text.replaceAll("\r", "").trimEnd()}\n`);
  };
  section("STACK TRACE", `${stack}\n------ STACK TRACE DONE ------`);
  section("INFO OUTPUT", guarded(() => infoText(server, ["everything"])));
  section("CLIENT LIST OUTPUT", guarded(() => clientList(server)));
  const { executing } = server;
  if (executing !== null) section("CURRENT CLIENT INFO", guarded(() => request(executing)));
  log.raw(
    "warning",
    "\n=== REDIS BUG REPORT END. Make sure to include from START to END. ===\n\n" +
      "       This is Larder, not Redis: please report the crash to its maintainers.\n\n",
  );
}

/** Reports, and ends the process as the signal would have ended it. */
export function crash(server: Server, signal: FatalSignal, details: readonly string[] = []): void {
  const stack = new Error(`the end by ${signal}`).stack ?? "";
  const headline = `Larder ${LARDER_VERSION} crashed by signal: ${signal}`;
  reportCrash(server, [...details, headline], stack);
  if (server.config.bool("use-exit-on-panic")) process.exit(1);
  // A runtime may have handlers of its own, which survive the signal.
  for (const way of [signal, "SIGABRT", "SIGKILL"]) {
    process.removeAllListeners(way);
    process.kill(process.pid, way);
  }
}

function clientList(server: Server): string {
  return [...server.clients.byId.values()].map(clientInfo).join("\n");
}

/** A client and the request it sent last. */
function request(c: Client): string {
  const lines = [clientInfo(c), `argc: '${c.argc}'`];
  const command = c.lastCommand;
  for (let i = 0; i < Math.min(c.argc, ARGS_MAX); i++) {
    const isHidden = i > 0 && (command === null || isRedacted(c, command, i));
    const text = isHidden ? "*redacted*" : JSON.stringify(argString(c, i).slice(0, ARG_CHARS));
    lines.push(`argv[${i}]: ${text}`);
  }
  return lines.join("\n");
}

/** A section that can't be written must not cost the others. */
function guarded(text: () => string): string {
  try {
    return text();
  } catch (error) {
    return `(${String(error)})`;
  }
}
