/**
 * Shutdown: how the server ends, by the command or by a signal.
 *
 *     SHUTDOWN, SIGTERM, SIGINT
 *       -> run(flags)      may refuse, and then the server goes on
 *            steps         what the parts do in the end: pid file, sockets; registered by the start-up
 *            exit(0)       ends the process; set by main.ts
 *
 * A signal is handled a moment later, so that nothing that runs is cut short. A second SIGINT before that
 * is taken for impatience and ends the process at once with status 1, as in Redis.
 *
 * Nothing is kept on disk by this version. A shutdown that demands a save therefore fails unless it is forced;
 * one that would only save because of the save points of the configuration goes on with a warning.
 */
import type { Server } from "./server.ts";

export const SHUTDOWN_SAVE: number = 1 << 0;
export const SHUTDOWN_NOSAVE: number = 1 << 1;
/** Don't wait for anybody. */
export const SHUTDOWN_NOW: number = 1 << 2;
/** Ignore errors. */
export const SHUTDOWN_FORCE: number = 1 << 3;

const FLAGS_BY_NAME: Readonly<Record<string, number>> = {
  save: SHUTDOWN_SAVE,
  nosave: SHUTDOWN_NOSAVE,
  now: SHUTDOWN_NOW,
  force: SHUTDOWN_FORCE,
};

export type ShutdownSignal = "SIGTERM" | "SIGINT";

export class Shutdown {
  /** What is done in the end, in this order. */
  readonly steps: (() => void)[] = [];
  /** Ends the process with that status. */
  exit: ((status: number) => void) | null = null;

  private readonly server: Server;
  /** A signal has asked for the end, which has yet to begin. */
  private scheduled = false;

  constructor(server: Server) {
    this.server = server;
  }

  /** Ends the server. Returns why it can't, as an error reply; on success it returns null, if at all. */
  run(flags: number): string | null {
    const { log } = this.server;
    this.scheduled = false;
    log.notice("User requested shutdown...");
    if (!this.mayLoseData(flags)) {
      log.warning("Errors trying to shut down the server. Check the logs for more information.");
      return "ERR Errors trying to SHUTDOWN. Check logs.";
    }
    for (const step of this.steps) {
      try {
        step();
      } catch (error) {
        this.server.logBug("a step of the shutdown", error);
      }
    }
    log.warning("Redis is now ready to exit, bye bye...");
    this.exit?.(0);
    return null;
  }

  /** A signal came. */
  signal(name: ShutdownSignal): void {
    const { log, config } = this.server;
    if (this.scheduled && name === "SIGINT") {
      log.warning("You insist... exiting now.");
      this.exit?.(1);
      return;
    }
    log.warning(`Received ${name} scheduling shutdown...`);
    this.scheduled = true;
    setTimeout(() => {
      if (!this.scheduled) return;
      let flags = 0;
      for (const flag of config.list(`shutdown-on-${name.toLowerCase()}`)) {
        flags |= FLAGS_BY_NAME[flag];
      }
      this.run(flags);
    }, 0);
  }

  /** SHUTDOWN ABORT: takes a signal's request back. False when there is none. */
  abort(): boolean {
    if (!this.scheduled) return false;
    this.scheduled = false;
    this.server.log.notice("Shutdown manually aborted.");
    return true;
  }

  /** Whether the server may end without a save. */
  private mayLoseData(flags: number): boolean {
    const { log, config, keyspace } = this.server;
    const wantsSave = (flags & SHUTDOWN_SAVE) !== 0;
    const wouldSave = (flags & SHUTDOWN_NOSAVE) === 0 && config.savePoints().length > 0;
    if (!wantsSave && !wouldSave) return true;
    const keys = keyspace.dbs.reduce((sum, db) => sum + db.keys.count, 0);
    const reason = `${keys} keys are not saved: this version keeps nothing on disk.`;
    if (!wantsSave) {
      if (keys > 0) log.warning(reason);
      return true;
    }
    log.warning(reason);
    const isForced = (flags & SHUTDOWN_FORCE) !== 0;
    log.warning(`Error trying to save the DB${isForced ? ". Exit anyway." : ", can't exit."}`);
    return isForced;
  }
}
