/**
 * Shutdown: how the server ends, by the command or by a signal.
 *
 *     SHUTDOWN, SIGTERM, SIGINT
 *       -> run(flags)      may refuse, and then the server goes on
 *            steps         what the parts do in the end: pid file, sockets; registered by the start-up
 *            exit(0)       ends the process; set by the start-up
 *
 * A signal is handled a moment later, so that nothing that runs is cut short. A second SIGINT before that
 * is taken for impatience and ends the process at once with status 1, as in Redis. A script that holds up others is
 * waited for, since saving would save half of what it does; who can't wait says SHUTDOWN NOSAVE.
 *
 * The append-only file is written and synced to its end. The data set is saved if that is demanded,
 * or if there are save points and nobody said NOSAVE. When it can't be, the server goes on, unless
 * that doesn't matter (FORCE). While a file is being loaded nothing is saved: it would be half a
 * data set.
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

/** How often it is looked whether the cron goes on and a slow script has ended, in ms. */
const RETRY_MS = 20;

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
    if (!this.saves(flags)) {
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
    const { log } = this.server;
    if (this.scheduled && name === "SIGINT") {
      log.warning("You insist... exiting now.");
      this.exit?.(1);
      return;
    }
    log.warning(`Received ${name} scheduling shutdown...`);
    this.scheduled = true;
    this.runSoon(name);
  }

  private runSoon(name: ShutdownSignal): void {
    const { config, cron, scripting } = this.server;
    // As in Redis, where the cron does it.
    const mustWait = () => cron.paused || scripting.isBusy;
    setTimeout(() => {
      if (!this.scheduled) return;
      if (mustWait()) return this.runSoon(name);
      let flags = 0;
      for (const flag of config.list(`shutdown-on-${name.toLowerCase()}`)) {
        flags |= FLAGS_BY_NAME[flag];
      }
      this.run(flags);
    }, mustWait() ? RETRY_MS : 0);
  }

  /** SHUTDOWN ABORT: takes a signal's request back. False when there is none. */
  abort(): boolean {
    if (!this.scheduled) return false;
    this.scheduled = false;
    this.server.log.notice("Shutdown manually aborted.");
    return true;
  }

  /** Saves if that is wanted. Returns whether the server may end. */
  private saves(flags: number): boolean {
    const { log, config, saving } = this.server;
    const isForced = (flags & SHUTDOWN_FORCE) !== 0;
    if (saving.inBackground) {
      log.warning("There is a worker saving an .rdb. Stopping it!");
      saving.stop();
    }
    if (saving.loading !== null) return true;
    if (!this.appends(isForced)) return false;
    const isWanted = (flags & SHUTDOWN_SAVE) !== 0 ||
      (flags & SHUTDOWN_NOSAVE) === 0 && config.savePoints().length > 0 && saving.port !== null;
    if (!isWanted) return true;
    log.notice("Saving the final RDB snapshot before exiting.");
    if (saving.save()) return true;
    log.warning(`Error trying to save the DB${isForced ? ". Exit anyway." : ", can't exit."}`);
    return isForced;
  }

  /** Ends the append-only file in order. Returns whether the server may end. */
  private appends(isForced: boolean): boolean {
    const { log, appending } = this.server;
    if (appending.isRewriting) {
      if (appending.state === "waiting") {
        log.warning(`Writing initial AOF${isForced ? ". Exit anyway." : ", can't exit."}`);
        if (!isForced) return false;
      }
      log.warning("There is a worker rewriting the AOF. Stopping it!");
      appending.stopRewrite();
    }
    if (appending.drain() || isForced) return true;
    log.warning("Error trying to write the append-only file, can't exit.");
    return false;
  }
}
