/**
 * Saving: when the data set is saved and loaded, and what clients are told of it. How is the business of the
 * SnapshotPort, which main.ts plugs in; without one nothing is kept on disk.
 *
 *     save          SAVE, a shutdown, DEBUG RELOAD: at once, while everybody waits
 *     background    BGSAVE, or a save point of `save` is reached: see `round`, which the cron calls
 *     stop          FLUSHALL, a shutdown: what is being saved in the background is no longer wanted
 *     load          the start, in slices, while clients get -LOADING; `reload` at once
 *
 * After a background save that failed, writes are refused with -MISCONF (a gate, call.ts) as long as save points are
 * set and `stop-writes-on-bgsave-error` wants it, until a save succeeds. Rules and texts are Redis's.
 */
import { GATE_DISK, GATE_LOADING } from "./call.ts";
import type { Server } from "./server.ts";

/** Seconds after a failed background save before the next is tried. */
const RETRY_SECONDS = 5;
/** Time for one slice of loading, in microseconds, and between two lines about how far it is. */
const LOAD_SLICE_US = 15_000;
const LOAD_REPORT_US = 5_000_000;

/** A file that is being loaded. */
export interface LoadPort {
  readonly totalBytes: number;
  readonly loadedBytes: number;
  readonly keysLoaded: number;
  readonly keysExpired: number;
  readonly keysEmpty: number;
  /** Loads for about so many microseconds. Returns whether there is more, or why it can't go on, for the log. */
  step(budgetUs: number): boolean | readonly string[];
  /** What to log when all is loaded, after so many seconds. */
  summary(seconds: number): string[];
}

/** What saves and loads: declared here, implemented in persistence/. */
export interface SnapshotPort {
  /** Whether a background save is under way, one that was told to stop included. */
  readonly isSaving: boolean;
  readonly keysSaved: number;
  readonly keysTotal: number;
  /** Bytes copied because they changed during the background save. */
  readonly copiedBytes: number;
  /** Microseconds that the beginning of the last background save took. */
  cutUs: number;
  /** How many images were begun, for append-only files too. */
  cuts: number;
  /** Has everything ready for a background save: soon, if saves are to be expected. */
  prepare(expectsSaves: boolean): void;
  /** Takes the file for this server. Returns null, or a line that says that somebody else writes it. */
  claim(): string | null;
  /** Saves. Returns null, or why it failed, for the log. */
  saveNow(): string | null;
  /** Begins a background save. Returns why it can't. `done` gets null, why it failed, or "" if it was stopped. */
  startSave(done: (error: string | null) => void): string | null;
  /** Has it stop. From then on its file takes nobody's place. */
  stopSave(): void;
  /** Begins to load the file; null when there is none. Throws an error with `lines` for the log. */
  startLoad(replaces: boolean): LoadPort | null;
}

export class Saving {
  /** What saves and loads, null: nothing is kept on disk. */
  port: SnapshotPort | null = null;
  /** Unix time in seconds of the last save that succeeded, at first of the start. */
  lastSave: number;
  /** Saves so far. */
  saves = 0;
  /** Whether the last background save succeeded. */
  lastBackgroundOk = true;
  /** How long the last one took, in seconds; -1: there was none. */
  lastBackgroundSeconds = -1;
  lastCopiedBytes = 0;
  /** Unix time in seconds at which the one under way began, -1 without one. */
  backgroundSince = -1;
  /** BGSAVE SCHEDULE waits for something else to end. */
  isScheduled = false;
  /** What is being loaded, and since when in unix seconds. */
  loading: LoadPort | null = null;
  loadingSince = 0;
  /** Of the last load. */
  keysLoaded = 0;
  keysExpired = 0;

  private readonly server: Server;
  /** Whether checksums of files and of DUMP payloads are not looked at (DEBUG SET-SKIP-CHECKSUM-VALIDATION). */
  skipsChecksums = false;
  private lastTry = 0;
  private dirtyBefore = 0;
  /** Whether a background save begins as soon as a save or a rewrite that is no longer wanted has stopped. */
  private isNext = false;

  constructor(server: Server) {
    this.server = server;
    this.lastSave = Math.floor(server.startMs / 1000);
    const update = () => {
      this.updateGate();
      return null;
    };
    server.config.onChange("save", update);
    server.config.onChange("stop-writes-on-bgsave-error", update);
  }

  /** Whether a background save is under way that is still wanted. */
  get inBackground(): boolean {
    return this.backgroundSince >= 0;
  }

  // Saving.

  /** CONFIG RESETSTAT. */
  resetStats(): void {
    this.saves = 0;
    if (this.port === null) return;
    this.port.cutUs = 0;
    this.port.cuts = 0;
  }

  /** Saves while everybody waits. Returns whether it succeeded; the log says why not. */
  save(): boolean {
    const { log } = this.server;
    if (this.port === null) return false;
    const error = this.port.saveNow();
    if (error !== null) {
      log.warning(error);
      return false;
    }
    log.notice("DB saved on disk");
    this.server.dirty = 0;
    this.lastSave = this.nowSeconds();
    this.lastBackgroundOk = true;
    this.updateGate();
    return true;
  }

  /** Begins to save in the background. Returns whether it could; the log says why not. */
  background(): boolean {
    const { log } = this.server;
    const { port } = this;
    if (port === null) return false;
    this.lastTry = this.nowSeconds();
    this.isNext = port.isSaving;
    if (this.isNext) {
      this.backgroundSince = this.lastTry;
      return true;
    }
    this.saves++;
    this.dirtyBefore = this.server.dirty;
    const error = port.startSave((why) => this.ended(why));
    if (error !== null) {
      this.lastBackgroundOk = false;
      this.updateGate();
      log.warning(`Can't save in background: ${error}`);
      return false;
    }
    log.notice("Background saving started by a worker");
    this.backgroundSince = this.lastTry;
    return true;
  }

  /** What is being saved in the background is no longer wanted. */
  stop(): void {
    if (!this.inBackground) return;
    // What one that has yet to begin waits for was told to stop before, unless it is a new rewrite, which is wanted.
    if (!this.isNext) this.port?.stopSave();
    this.isNext = false;
    this.backgroundSince = -1;
  }

  /** The cron comes by: saves if enough has changed for long enough. */
  round(): void {
    const { port, server } = this;
    if (port === null || port.isSaving || this.loading !== null) return;
    // It waited for a rewrite; saves call `ended`.
    if (this.isNext) return this.beginNext();
    const now = this.nowSeconds();
    const mayTry = this.lastBackgroundOk || now - this.lastTry > RETRY_SECONDS;
    if (!mayTry) return;
    if (this.isScheduled) {
      if (this.background()) this.isScheduled = false;
      return;
    }
    if (server.dirty === 0) return;
    for (const { seconds, changes } of server.config.savePoints()) {
      if (server.dirty < changes || now - this.lastSave <= seconds) continue;
      server.log.notice(`${changes} changes in ${seconds} seconds. Saving...`);
      this.background();
      return;
    }
  }

  /**
   * Everything was flushed: the file is to say so too, if the data set is saved by itself at all. Not while an
   * append-only file is repeated: if that turns out to be damaged, the file of the last save is what is left.
   */
  flushed(): void {
    if (this.port === null || this.loading !== null) return;
    this.stop();
    if (this.server.config.savePoints().length > 0) this.save();
  }

  private beginNext(): void {
    this.backgroundSince = -1;
    this.background();
  }

  private ended(error: string | null): void {
    const { log } = this.server;
    const { port } = this;
    if (this.isNext) return this.beginNext();
    const wasWanted = this.inBackground;
    if (wasWanted) this.lastBackgroundSeconds = this.nowSeconds() - this.backgroundSince;
    this.backgroundSince = -1;
    this.lastCopiedBytes = port === null ? 0 : port.copiedBytes;
    if (!wasWanted || error === "") return;
    if (error === null) {
      log.notice("DB saved on disk");
      log.notice(`Snapshot CoW for RDB: ${Math.round(this.lastCopiedBytes / 2 ** 20)} MB`);
      log.notice("Background saving terminated with success");
      // DEBUG may have set it to zero meanwhile. Below zero, what sets it to zero again would pass for a change.
      this.server.dirty = Math.max(0, this.server.dirty - this.dirtyBefore);
      this.lastSave = this.nowSeconds();
      this.lastBackgroundOk = true;
    } else {
      log.warning(error);
      log.warning("Background saving error");
      this.lastBackgroundOk = false;
    }
    this.updateGate();
  }

  /** Whether writes are refused because the last background save failed. */
  get refusesWrites(): boolean {
    const { config } = this.server;
    return !this.lastBackgroundOk && config.savePoints().length > 0 &&
      config.bool("stop-writes-on-bgsave-error");
  }

  /** Sees to it that writes are refused while the disk fails, this part or the append-only file. */
  updateGate(): void {
    const { server } = this;
    if (this.refusesWrites || server.appending.error !== null) server.gates |= GATE_DISK;
    else server.gates &= ~GATE_DISK;
  }

  // Loading.

  /**
   * Loads the file, if there is one, in slices. `done` gets whether the server may go on.
   *
   * @param start begins to load something else
   */
  load(done: (ok: boolean) => void, start?: () => LoadPort | null): void {
    const { clock, turn } = this.server;
    const startUs = clock.monotonicUs();
    if (!this.beginLoad(false, start)) return done(false);
    const { loading } = this;
    if (loading === null) return done(true);
    let reportUs = startUs + LOAD_REPORT_US;
    const slice = () => {
      turn.begin();
      const result = loading.step(LOAD_SLICE_US);
      if (result === true) {
        if (clock.monotonicUs() >= reportUs) {
          reportUs += LOAD_REPORT_US;
          this.reportLoad(loading);
        }
        setTimeout(slice, 0);
        return;
      }
      done(this.endLoad(loading, result, startUs));
    };
    slice();
  }

  /** Loads the file while everybody waits. Returns whether there was one that is in order. */
  reload(replaces: boolean, start?: () => LoadPort | null): boolean {
    const startUs = this.server.clock.monotonicUs();
    if (!this.beginLoad(replaces, start) || this.loading === null) return false;
    const { loading } = this;
    let result: boolean | readonly string[] = true;
    while (result === true) result = loading.step(Infinity);
    return this.endLoad(loading, result, startUs);
  }

  /** Opens the file. Returns whether it can be loaded or isn't there. */
  private beginLoad(replaces: boolean, start: (() => LoadPort | null) | undefined): boolean {
    const { server } = this;
    try {
      this.loading = start === undefined ? this.port?.startLoad(replaces) ?? null : start();
    } catch (error) {
      const { lines } = error as { lines?: readonly string[] };
      if (lines === undefined) throw error;
      this.logAll(lines);
      return false;
    }
    if (this.loading === null) return true;
    this.loadingSince = this.nowSeconds();
    server.gates |= GATE_LOADING;
    // Commands are repeated: what expired has been deleted by commands of its own.
    if (start !== undefined) server.keyspace.setImmortal(true);
    return true;
  }

  private endLoad(
    loading: LoadPort,
    result: boolean | readonly string[],
    startUs: number,
  ): boolean {
    const { log, clock, keyspace } = this.server;
    this.loading = null;
    this.server.gates &= ~GATE_LOADING;
    keyspace.setImmortal(false);
    this.keysLoaded = loading.keysLoaded;
    this.keysExpired = loading.keysExpired;
    if (typeof result !== "boolean") {
      this.logAll(result);
      return false;
    }
    const seconds = (clock.monotonicUs() - startUs) / 1e6;
    for (const line of loading.summary(seconds)) log.notice(line);
    return true;
  }

  private reportLoad(loading: LoadPort): void {
    const percent = Math.floor(loading.loadedBytes / loading.totalBytes * 100);
    this.server.log.notice(
      `Loading the data set: ${percent} % of ${loading.totalBytes} bytes, ` +
        `${loading.keysLoaded} keys so far`,
    );
  }

  private logAll(lines: readonly string[]): void {
    for (const line of lines) this.server.log.warning(line);
  }

  private nowSeconds(): number {
    return Math.floor(this.server.keyspace.nowMs / 1000);
  }
}
