/**
 * AofWriter: what is appended goes to a file, and to the disk when `appendfsync` says so.
 *
 *     append     bytes are collected
 *     flush      at the end of each turn, before anybody gets a reply: one write for all of them
 *       always     then fdatasync; who waits for replies waits for it, and it serves all of the turn
 *       everysec   once a second fdatasync in the background. While one is under way nothing is written, as the
 *                  write would wait for it in the system; after two seconds of that it is written all the same
 *       no         the system decides
 *
 * What fails. A write that fails is taken back by cutting the file to what it was; the bytes stay here and are tried
 * again once a second. So does, with `always`, what couldn't be synced: those bytes are written anew, because after a
 * failed sync the system may hold them for clean though they never reached the disk. What `everysec` couldn't
 * sync is no longer here; once syncing works again `onRecovered` says that only a rewrite makes the file sound.
 * `error` says why not all is well, for MISCONF. With `always`, `flush` returns false when replies of this turn must not
 * be sent: they would acknowledge what isn't safe. (Redis exits then.)
 *
 * Offsets, for WAITAOF: `appended` counts bytes since the start, `safe` how many of them outlast a crash.
 *
 * Syncs in the background are done one after the other, so that what is safe of a new file is so of the old one too.
 */
import { ascii } from "../core/base/bytes.ts";
import type { Clock } from "../core/base/clock.ts";
import { DiskError, type DiskFile } from "./disk.ts";

const BUFFER_BYTES: number = 64 * 1024;
/** A buffer that became larger is given up once it is written. */
const BUFFER_KEPT_BYTES: number = 1 << 20;
const SYNC_EVERY_US = 1_000_000;
const POSTPONE_MAX_US = 2_000_000;
const RETRY_US = 1_000_000;
/** Least time between two lines in the log about writes that fail. */
const LOG_EVERY_US = 30_000_000;

export type FsyncPolicy = "always" | "everysec" | "no";

/** Directives, as they are now. */
export interface AofWriterSettings {
  policy: FsyncPolicy;
  /** no-appendfsync-on-rewrite */
  noSyncOnRewrite: boolean;
  /** aof-timestamp-enabled */
  timestamps: boolean;
  /** DEBUG AOF-FLUSH-SLEEP, in microseconds. */
  flushSleepUs: number;
}

export interface AofWriterParts {
  readonly clock: Clock;
  readonly settings: AofWriterSettings;
  /** Whether something else is writing to the disk in the background. */
  readonly isBusy: () => boolean;
  readonly notice: (line: string) => void;
  readonly warning: (line: string) => void;
  /** Told how long parts took, in microseconds, by their names among latency events. */
  readonly latency: (event: string, us: number) => void;
  /** `error` has changed. */
  readonly onState: () => void;
  /** `safe` has grown. */
  readonly onSafe: () => void;
  /** Syncing works again, but what was written meanwhile may be lost. */
  readonly onRecovered: () => void;
}

/** A sync in the background: up to which offset it makes everything safe, if it succeeds. */
interface SyncJob {
  readonly file: DiskFile;
  readonly safe: number;
  readonly closes: boolean;
}

export class AofWriter {
  /** Bytes of the file that is written to. */
  size = 0;
  appended = 0;
  safe = 0;
  /** Writes that didn't wait for a sync because it took too long. */
  delayed = 0;

  private readonly parts: AofWriterParts;
  private file: DiskFile | null = null;
  private buf = new Uint8Array(BUFFER_BYTES);
  private used = 0;
  /** Offset up to which a sync was asked for. */
  private askedFor = 0;
  private lastSyncUs = 0;
  private postponedSinceUs = -1;
  private readonly jobs: SyncJob[] = [];
  private writeError: string | null = null;
  private syncError: string | null = null;
  private triedUs = 0;
  private loggedUs = -LOG_EVERY_US;
  private timestamp = 0;
  private mustRewrite = false;

  constructor(parts: AofWriterParts) {
    this.parts = parts;
  }

  get isOpen(): boolean {
    return this.file !== null;
  }

  get bufferedBytes(): number {
    return this.used;
  }

  get pendingSyncs(): number {
    return this.jobs.reduce((count, job) => count + (job.closes ? 0 : 1), 0);
  }

  /** Why what is appended doesn't get to the disk, or null. */
  get error(): string | null {
    return this.writeError ?? (this.parts.settings.policy === "no" ? null : this.syncError);
  }

  /** Writes to a file from now on, which has so many bytes. The one before is synced and closed in the background. */
  open(file: DiskFile, size: number): void {
    if (this.file !== null) {
      this.askedFor = this.appended - this.used;
      this.addJob(this.file, true);
    }
    this.file = file;
    this.size = size;
    this.timestamp = 0;
    this.lastSyncUs = this.parts.clock.monotonicUs();
  }

  /** Writes what there is, syncs, and closes. Returns the error, if any. */
  close(): string | null {
    const { file } = this;
    if (file === null) return null;
    let error = this.drain();
    this.file = null;
    this.discard();
    this.clearErrors();
    // A sync that is under way needs the file open.
    if (this.jobs.some((job) => job.file === file)) this.addJob(file, true);
    else error ??= outcome(() => file.close());
    return error;
  }

  /** Writes what there is, and syncs. Returns the error, if any. */
  drain(): string | null {
    const { file } = this;
    if (file === null) return null;
    this.flush(true);
    if (this.used > 0) return this.writeError;
    const error = outcome(() => file.syncData());
    if (error === null) this.synced();
    return error;
  }

  /** Forgets what was appended and not written yet. */
  discard(): void {
    this.used = 0;
    this.postponedSinceUs = -1;
  }

  /** What went wrong with a file that is no longer written to doesn't matter any more. */
  clearErrors(): void {
    this.writeError = null;
    this.syncError = null;
    this.mustRewrite = false;
    this.parts.onState();
  }

  /** Adds the first `len` bytes of an array: whole execution units. */
  append(bytes: Uint8Array, len: number): void {
    if (this.parts.settings.timestamps) this.addTimestamp();
    this.add(bytes, len);
    this.appended += len;
  }

  /**
   * Writes and syncs as far as it is time to.
   *
   * @param force whether it is, in any case, to write
   * @returns whether what was appended may be acknowledged
   */
  flush(force: boolean): boolean {
    const { file, parts } = this;
    if (file === null) return true;
    const { policy } = parts.settings;
    if (this.used === 0 && (this.askedFor === this.appended || policy === "no")) return true;
    const nowUs = parts.clock.monotonicUs();
    if (this.error !== null && !force && nowUs - this.triedUs < RETRY_US) return true;
    if (this.used > 0) {
      if (policy === "everysec" && !force && this.mustPostpone(nowUs)) return true;
      this.triedUs = nowUs;
      const wasWell = this.error === null;
      if (!this.write(file, policy)) return policy !== "always" || !wasWell;
    }
    if (policy === "everysec") this.syncInBackground(file, nowUs);
    else if (policy === "always" && this.askedFor !== this.appended) return this.syncNow(file);
    return true;
  }

  // Writing.

  private mustPostpone(nowUs: number): boolean {
    if (this.pendingSyncs === 0) return false;
    if (this.postponedSinceUs < 0) this.postponedSinceUs = nowUs;
    if (nowUs - this.postponedSinceUs < POSTPONE_MAX_US) return true;
    this.delayed++;
    this.parts.notice(
      "Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer without " +
        "waiting for fsync to complete, this may slow down the server.",
    );
    return false;
  }

  /** Writes what has been collected, with `always` to the disk. Returns whether it could; if not it is kept. */
  private write(file: DiskFile, policy: FsyncPolicy): boolean {
    const { parts, used, size } = this;
    const { clock } = parts;
    if (parts.settings.flushSleepUs > 0) sleep(parts.settings.flushSleepUs);
    const startUs = clock.monotonicUs();
    let error = outcome(() => file.write(this.buf, 0, used));
    this.noteWrite(clock.monotonicUs() - startUs);
    this.postponedSinceUs = -1;
    if (error !== null) return this.writeFailed(file, error);
    this.size += used;
    if (policy === "always" && this.maySync()) {
      const syncUs = clock.monotonicUs();
      error = outcome(() => file.syncData());
      parts.latency("aof-fsync-always", clock.monotonicUs() - syncUs);
      if (error !== null) {
        this.syncFailed(error);
        if (outcome(() => file.truncate(size)) === null) {
          this.size = size;
          return false;
        }
        this.mustRewrite = true;
      } else this.synced();
    }
    this.written();
    return error === null;
  }

  private written(): void {
    this.used = 0;
    if (this.buf.length > BUFFER_KEPT_BYTES) this.buf = new Uint8Array(BUFFER_BYTES);
    if (this.writeError === null) return;
    this.writeError = null;
    this.parts.notice("AOF write error looks solved, writing again.");
    this.parts.onState();
  }

  /** A write failed after some of it perhaps was done: that is undone. Returns false. */
  private writeFailed(file: DiskFile, error: string): false {
    const { parts, size } = this;
    const nowUs = parts.clock.monotonicUs();
    const mayLog = nowUs - this.loggedUs >= LOG_EVERY_US;
    if (mayLog) {
      this.loggedUs = nowUs;
      parts.warning(`Error writing to the AOF file: ${error}`);
    }
    const cutError = outcome(() => {
      if (file.size() !== size) file.truncate(size);
    });
    if (cutError !== null) {
      if (mayLog) {
        parts.warning(
          "Could not remove short write from the append-only file. It may be refused the next time the " +
            `server starts. ftruncate: ${cutError}`,
        );
      }
      this.keepRest(file);
    }
    if (this.writeError !== error) {
      this.writeError = error;
      parts.onState();
    }
    return false;
  }

  /** A part of what has been collected is in the file for good: the rest is to follow it. */
  private keepRest(file: DiskFile): void {
    let done = 0;
    if (outcome(() => done = file.size() - this.size) !== null || !(done > 0)) return;
    done = Math.min(done, this.used);
    this.buf.copyWithin(0, done, this.used);
    this.used -= done;
    this.size += done;
  }

  private noteWrite(us: number): void {
    const { latency, isBusy } = this.parts;
    const what = this.pendingSyncs > 0 ? "pending-fsync" : isBusy() ? "active-child" : "alone";
    latency(`aof-write-${what}`, us);
    latency("aof-write", us);
  }

  /** An annotation of the time, in seconds, unless it is the same as that of the one before. */
  private addTimestamp(): void {
    const seconds = Math.floor(this.parts.clock.nowUs() / 1e6);
    if (seconds === this.timestamp) return;
    this.timestamp = seconds;
    const line = ascii(`#TS:${seconds}\r\n`);
    this.add(line, line.length);
  }

  private add(bytes: Uint8Array, len: number): void {
    const needed = this.used + len;
    if (needed > this.buf.length) {
      const grown = new Uint8Array(Math.max(needed, this.buf.length * 2));
      grown.set(this.buf.subarray(0, this.used));
      this.buf = grown;
    }
    this.buf.set(len === bytes.length ? bytes : bytes.subarray(0, len), this.used);
    this.used = needed;
  }

  // Syncing.

  /** Whether syncing is allowed now: no-appendfsync-on-rewrite. */
  private maySync(): boolean {
    return !this.parts.settings.noSyncOnRewrite || !this.parts.isBusy();
  }

  /** Syncs what was written under another policy. Returns whether it could. */
  private syncNow(file: DiskFile): boolean {
    if (!this.maySync()) return true;
    const error = outcome(() => file.syncData());
    if (error !== null) {
      this.triedUs = this.parts.clock.monotonicUs();
      this.mustRewrite = true;
      this.syncFailed(error);
      return false;
    }
    this.synced();
    return true;
  }

  private synced(): void {
    this.askedFor = this.appended;
    this.lastSyncUs = this.parts.clock.monotonicUs();
    this.syncWorks();
    this.becameSafe(this.appended);
  }

  private syncInBackground(file: DiskFile, nowUs: number): void {
    if (nowUs - this.lastSyncUs < SYNC_EVERY_US || !this.maySync()) return;
    if (this.pendingSyncs > 0) return;
    this.lastSyncUs = nowUs;
    this.askedFor = this.appended - this.used;
    this.addJob(file, false);
  }

  private addJob(file: DiskFile, closes: boolean): void {
    this.jobs.push({ file, safe: this.appended - this.used, closes });
    if (this.jobs.length === 1) this.runJob();
  }

  private runJob(): void {
    const job = this.jobs[0];
    job.file.syncLater((failure) => {
      this.jobs.shift();
      if (job.closes) outcome(() => job.file.close());
      if (failure === null) {
        this.syncWorks();
        this.becameSafe(job.safe);
      } else this.backgroundFailed(job, failure);
      if (this.jobs.length > 0) this.runJob();
    });
  }

  private backgroundFailed(job: SyncJob, failure: DiskError): void {
    const { parts } = this;
    // Nobody needs what was switched off, or was safe before.
    if (this.file === null || job.safe <= this.safe) return;
    this.askedFor = this.safe;
    this.triedUs = parts.clock.monotonicUs();
    this.mustRewrite = true;
    this.syncFailed(failure.message);
  }

  private syncFailed(error: string): void {
    const { parts } = this;
    if (this.syncError === null) parts.warning(`Fail to fsync the AOF file: ${error}`);
    if (this.syncError === error) return;
    this.syncError = error;
    parts.onState();
  }

  private syncWorks(): void {
    if (this.syncError === null) return;
    this.syncError = null;
    this.parts.notice("Syncing the AOF file works again.");
    this.parts.onState();
    if (!this.mustRewrite) return;
    this.mustRewrite = false;
    this.parts.onRecovered();
  }

  private becameSafe(offset: number): void {
    if (offset <= this.safe) return;
    this.safe = offset;
    this.parts.onSafe();
  }
}

/** Does something to a file. Returns what the disk says against it, or null. */
function outcome(action: () => void): string | null {
  try {
    action();
    return null;
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    return error.message;
  }
}

function sleep(us: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, us / 1000);
}
