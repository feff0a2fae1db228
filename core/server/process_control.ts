/**
 * The server and its process: signals, the pid file, the title, and what nobody caught.
 *
 * For the server as a program. Embedded in another one it leaves the process alone.
 */
import { unlinkSync, writeFileSync } from "node:fs";
import process from "node:process";
import { errorText } from "./config_host.ts";
import { crash, reportCrash } from "./crash_report.ts";
import type { Server } from "./server.ts";

/** Ties the server to its process. */
export function controlProcess(server: Server): void {
  handleSignals(server);
  catchTheUncaught(server);
  writePidFile(server);
  if (server.config.bool("set-proc-title")) {
    setTitle(server);
    server.config.onChange("proc-title-template", () => {
      setTitle(server);
      return null;
    });
  }
}

function handleSignals(server: Server): void {
  process.on("SIGTERM", () => server.shutdown.signal("SIGTERM"));
  process.on("SIGINT", () => server.shutdown.signal("SIGINT"));
  // A terminal that is closed must not end the server, as for every daemon.
  process.on("SIGHUP", () => {});
  // A file that may not grow (ulimit -f) is dealt with like a full disk, by the error of the write.
  process.on("SIGXFSZ", () => {});
  process.on("SIGABRT", () => crash(server, "SIGABRT"));
  // Somebody wants to know what the server is doing; it goes on.
  process.on("SIGALRM", () => {
    reportCrash(server, ["Received SIGALRM"], new Error("between two turns").stack ?? "");
  });
}

/** A bug in something asynchronous costs a report in the log, then a line each time, not everybody's data. */
function catchTheUncaught(server: Server): void {
  let isFirst = true;
  const caught = (where: string, error: unknown) => {
    server.logBug(where, error);
    if (!isFirst) return;
    isFirst = false;
    const stack = error instanceof Error ? error.stack ?? error.message : String(error);
    reportCrash(server, [`A bug in ${where}; the server goes on`], stack);
  };
  process.on("uncaughtException", (error) => caught("a callback", error));
  process.on("unhandledRejection", (reason) => caught("a promise", reason));
}

/** Writes the pid file, if one is wanted, and has the shutdown remove it. */
function writePidFile(server: Server): void {
  const path = server.config.path("pidfile");
  if (path === "") return;
  try {
    writeFileSync(path, `${process.pid}\n`);
  } catch (error) {
    server.log.warning(`Failed to write PID file: ${errorText(error)}`);
    return;
  }
  server.shutdown.steps.push(() => {
    server.log.notice("Removing the pid file.");
    unlinkSync(path);
  });
}

/** What `ps` shows, by `proc-title-template`; a runtime may not let us. */
function setTitle(server: Server): void {
  const { config } = server;
  const port = config.num("port") || config.num("tls-port");
  const address = config.list("bind")[0]?.replace(/^-/, "") ?? "*";
  const unixSocket = config.str("unixsocket");
  const variables: Readonly<Record<string, string>> = {
    "title": "larder",
    "listen-addr": port !== 0 || unixSocket === "" ? `${address}:${port}` : unixSocket,
    "server-mode": "",
    "port": config.text("port"),
    "tls-port": config.text("tls-port"),
    "unixsocket": unixSocket,
    "config-file": config.configFile ?? "",
  };
  const title = config.str("proc-title-template")
    .replace(
      /\{\{|\{([a-z-]+)\}/g,
      (_, name?: string) => name === undefined ? "{" : variables[name],
    );
  try {
    process.title = title.trimEnd();
  } catch {
    // Only the looks of a list are at stake.
  }
}
