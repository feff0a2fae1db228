/**
 * Appending: the append-only file, as far as the server decides about it. Where the bytes go is the business of the
 * AppendPort, which main.ts plugs in.
 *
 *     off        nothing is appended
 *     waiting    it was switched on (CONFIG SET appendonly yes) and the first base is being made; what changes is appended
 *                to a file that counts only when that is done
 *     on         what changes is appended, and is there when the server starts again
 *
 * The end of each turn writes what the turn's commands changed, before anybody gets a reply. When a disk fails
 * writes are refused with -MISCONF (a gate, call.ts) until it works again; reads go on. With `appendfsync always` the
 * clients whose replies would acknowledge what isn't on the disk are disconnected instead: nobody knows what became
 * of their writes. (Redis exits.)
 *
 * A rewrite is begun by BGREWRITEAOF, by growth, by switching on, and by a disk that works again; one that can't begin
 * now because a background save is under way is scheduled, and so is one within a transaction or a script, because
 * a unit of changes must not be half in the new base. When rewrites keep failing the server waits longer and longer
 * before it tries again by itself. Rules and texts are Redis's.
 */
import type { Client } from "./client.ts";
import { Replay } from "./replay.ts";
import type { LoadPort } from "./saving.ts";
import type { Server } from "./server.ts";

/** So many failures in a row before the server waits, and for how long at most. */
const FAILURES_MAX = 3;
const WAIT_MAX_MINUTES = 60;

/** What writes and loads the append-only file: declared here, implemented in persistence/. */
export interface AppendPort {
  /** Told that `error` has changed, that `safe` has grown, and that only a rewrite makes the file sound. */
  onState: () => void;
  onSafe: () => void;
  onUnsound: () => void;
  readonly isRewriting: boolean;
  /** Why what is appended doesn't get to the disk, or null. */
  readonly error: string | null;
  /** Bytes of all files, and what they were after the last rewrite. */
  readonly currentSize: number;
  readonly baseSize: number;
  readonly bufferedBytes: number;
  /** Syncs under way, and writes that couldn't wait for one. */
  readonly pendingSyncs: number;
  delayedSyncs: number;
  /** Bytes appended since the start, and how many of them outlast a crash. */
  readonly appended: number;
  readonly safe: number;
  /** Begins to load; null when there is nothing. Throws an error with `lines` for the log, as all that follow. */
  startLoad(replay: () => Replay): LoadPort | null;
  /** Opens what is written to, behind loading. */
  begin(): void;
  /** What is written to was loaded again. */
  reopen(): void;
  append(bytes: Uint8Array, len: number): void;
  /** Writes and syncs as far as it is time to. Returns whether what was appended may be acknowledged. */
  flush(force: boolean): boolean;
  /** Writes and syncs all; `end` closes, too. Returns why it couldn't, or null. */
  drain(): string | null;
  end(): string | null;
  forgetErrors(): void;
  /** Begins a rewrite, the first one or another. `done` gets null, why it failed, or "" if it was stopped. */
  startRewrite(isFirst: boolean, done: (error: string | null) => void): void;
  stopRewrite(): void;
  removeHistory(): void;
}

/** Directives that whoever writes goes by, kept up to date here. */
export interface AppendingSettings {
  policy: FsyncPolicy;
  noSyncOnRewrite: boolean;
  timestamps: boolean;
  /** DEBUG AOF-FLUSH-SLEEP, in microseconds. */
  flushSleepUs: number;
  useRdb: boolean;
  syncsOnTheWay: boolean;
  loadTruncated: boolean;
  keepsHistory: boolean;
  loadDelayUs: number;
}

/** appendfsync */
export type FsyncPolicy = "always" | "everysec" | "no";

type State = "off" | "waiting" | "on";

/** WAITAOF wants what there can't be without the file. */
export const NO_FILE_ERROR =
  "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.";

/** A client in WAITAOF, and what must be safe for it; Infinity if that is not all it waits for. */
interface Waiter {
  readonly client: Client;
  readonly offset: number;
}

export class Appending {
  readonly settings: AppendingSettings = {
    policy: "everysec",
    noSyncOnRewrite: false,
    timestamps: false,
    flushSleepUs: 0,
    useRdb: true,
    syncsOnTheWay: true,
    loadTruncated: true,
    keepsHistory: false,
    loadDelayUs: 0,
  };
  state: State = "off";
  /** A rewrite begins as soon as it can. */
  isScheduled = false;
  /** Rewrites so far, failures in a row, and whether the last one succeeded. */
  rewrites = 0;
  failures = 0;
  lastOk = true;
  /** How long the last one took, in seconds; -1: there was none. */
  lastSeconds = -1;
  lastCopiedBytes = 0;
  /** Unix time in seconds at which the one under way began, -1 without one. */
  rewriteSince = -1;
  /** Time that writing took at the ends of turns, in microseconds. */
  totalUs = 0;

  private readonly server: Server;
  private port: AppendPort | null = null;
  /** A rewrite was told to stop and has yet to answer. */
  private isStopping = false;
  private waitMinutes = 0;
  private waitUntil = 0;
  private waiters: Waiter[] = [];
  private readonly onTurn = () => this.endOfTurn();

  constructor(server: Server) {
    this.server = server;
    this.readSettings();
    for (const name of SETTINGS) {
      server.config.onChange(name, () => {
        this.readSettings();
        this.updateTurn();
        return null;
      });
    }
    server.config.onChange("appendonly", () => this.switched());
    server.config.onChange("aof-disable-auto-gc", () => {
      if (this.port !== null) this.port.removeHistory();
      return null;
    });
  }

  /** Plugs in what writes. Without it there is no append-only file. */
  plug(port: AppendPort): void {
    this.port = port;
    port.onState = () => this.server.saving.updateGate();
    port.onSafe = () => this.wake();
    port.onUnsound = () => {
      this.server.log.notice("Scheduling an AOF rewrite, because a part of the file may be lost.");
      this.isScheduled = true;
    };
  }

  /** Whether there is an append-only file, or is about to be. */
  get isOn(): boolean {
    return this.state !== "off";
  }

  get isRewriting(): boolean {
    return this.rewriteSince >= 0;
  }

  /** Why writes are refused, or null. */
  get error(): string | null {
    return this.isOn && this.port !== null ? this.port.error : null;
  }

  /** The figures of what writes, null without it. */
  get figures(): AppendPort | null {
    return this.port;
  }

  // The start and the end.

  /** Loads the files, in slices. `done` gets whether the server may go on. */
  load(done: (ok: boolean) => void): void {
    const { saving } = this.server;
    saving.load((ok) => done(ok && this.begin()), this.loader);
  }

  /** Writes all, calls `empty`, and loads the files while everybody waits. Returns whether they are in order. */
  reload(empty: () => void): boolean {
    const { port } = this;
    if (port === null) return false;
    if (this.isOn) {
      this.flush(true);
      this.server.propagation.detach();
    }
    empty();
    const ok = this.server.saving.reload(false, this.loader);
    if (this.isOn) {
      port.reopen();
      this.server.propagation.attach(port);
    }
    return ok;
  }

  private readonly loader = (): LoadPort | null => {
    return this.port?.startLoad(() => new Replay(this.server)) ?? null;
  };

  /** Appends from now on: behind loading. Returns whether it can; the log says why not. */
  private begin(): boolean {
    const { port } = this;
    if (port === null) return true;
    if (!this.attempt(() => port.begin())) return false;
    this.state = "on";
    this.attach(port);
    port.removeHistory();
    return true;
  }

  /** Writes and syncs all, before the server ends. Returns whether all is safe. */
  drain(): boolean {
    const { port, server } = this;
    if (!this.isOn || port === null) return true;
    server.log.notice("Calling fsync() on the AOF file.");
    server.propagation.handOver();
    const error = port.drain();
    if (error !== null) server.log.warning(`Fail to fsync the AOF file: ${error}.`);
    return error === null;
  }

  // Switching.

  /** CONFIG SET appendonly. Returns why it can't be done. */
  private switched(): string | null {
    const wanted = this.server.config.bool("appendonly");
    if (wanted === this.isOn || this.port === null) return null;
    if (wanted) return this.switchOn(this.port);
    this.switchOff(this.port);
    return null;
  }

  private switchOn(port: AppendPort): string | null {
    const { log } = this.server;
    const scheduled = "An AOF background was scheduled to start when possible.";
    this.state = "waiting";
    this.failures = 0;
    port.forgetErrors();
    if (this.isRewriting || this.isStopping) {
      log.notice(
        "AOF was enabled but there is already an AOF rewriting in background. Stopping background AOF " +
          "and starting a rewrite now.",
      );
      this.stop(port);
      this.beNext();
    } else if (this.isBusy) {
      this.isScheduled = true;
      log.notice(`AOF was enabled but there is already another background operation. ${scheduled}`);
    } else if (this.server.isInUnit) {
      this.isScheduled = true;
      log.notice(`AOF was enabled during a transaction. ${scheduled}`);
    } else if (!this.rewrite()) {
      this.state = "off";
      log.warning(
        "Redis needs to enable the AOF but can't trigger a background AOF rewrite operation. Check the " +
          "above logs for more info about the error.",
      );
      return "Unable to turn on AOF. Check server logs.";
    }
    return null;
  }

  private switchOff(port: AppendPort): void {
    const { server } = this;
    this.isScheduled = false;
    this.detach();
    const error = port.end();
    if (error !== null) server.log.warning(`Fail to fsync the AOF file: ${error}`);
    this.state = "off";
    if (this.isRewriting) {
      server.log.notice("Killing running AOF rewrite child: a worker");
      this.stop(port);
    }
    server.saving.updateGate();
    this.wake();
  }

  private attach(port: AppendPort): void {
    const { propagation, turn } = this.server;
    if (!propagation.isOn) propagation.attach(port);
    turn.beforeWrite = this.onTurn;
    this.updateTurn();
  }

  /** A turn whose end waits for the disk should serve as many clients as are ready. */
  private updateTurn(): void {
    const { turn } = this.server;
    turn.gathers = turn.beforeWrite !== null && this.settings.policy === "always";
  }

  private detach(): void {
    const { propagation, turn } = this.server;
    if (propagation.isOn) propagation.detach();
    turn.beforeWrite = null;
    this.updateTurn();
  }

  // Writing.

  /** The end of a turn. Returns whether its replies may be sent. */
  private endOfTurn(): boolean {
    const { server, port } = this;
    try {
      server.propagation.handOver();
      if (port!.bufferedBytes === 0) return port!.flush(false);
      const startUs = server.clock.monotonicUs();
      const isSafe = port!.flush(false);
      this.totalUs += server.clock.monotonicUs() - startUs;
      if (!isSafe) {
        server.log.warning(
          "What was written is not safe on disk: the clients that wait for replies are disconnected.",
        );
      }
      return isSafe;
    } catch (error) {
      server.logBug("the append-only file", error);
      return false;
    }
  }

  private flush(force: boolean): void {
    this.server.propagation.handOver();
    this.port!.flush(force);
  }

  // Rewriting.

  /** BGREWRITEAOF. Returns what to reply; an error begins with "ERR". */
  askForRewrite(): string {
    if (this.port === null) return "ERR this server writes no files";
    if (this.isRewriting) return "ERR Background append only file rewriting already in progress";
    if (this.isStopping && !this.server.isInUnit) {
      this.beNext();
      return "Background append only file rewriting started";
    }
    if (this.isBusy || this.server.isInUnit) {
      this.isScheduled = true;
      this.failures = 0;
      return "Background append only file rewriting scheduled";
    }
    if (this.rewrite()) return "Background append only file rewriting started";
    return "ERR Can't execute an AOF background rewriting. Please check the server logs for more information.";
  }

  /** The cron comes by: rewrites if that was scheduled, or if the file has grown enough. */
  round(): void {
    const { port, server } = this;
    if (port === null || this.isBusy || server.saving.loading !== null) return;
    if (this.isScheduled) {
      if (!this.mustWait()) this.rewrite();
      return;
    }
    const { config, log } = server;
    const percent = config.num("auto-aof-rewrite-percentage");
    if (this.state !== "on" || percent === 0) return;
    const { currentSize, baseSize } = port;
    if (currentSize <= config.num("auto-aof-rewrite-min-size")) return;
    const growth = Math.floor(currentSize * 100 / Math.max(1, baseSize)) - 100;
    if (growth < percent || this.mustWait()) return;
    log.notice(`Starting automatic rewriting of AOF on ${growth}% growth`);
    this.rewrite();
  }

  /** Has the rewrite under way stop, because the server ends. */
  stopRewrite(): void {
    if (this.port !== null) this.stop(this.port);
  }

  /** The rewrite under way is no longer wanted. */
  private stop(port: AppendPort): void {
    if (this.isRewriting && !this.isStopping) {
      this.isStopping = true;
      port.stopRewrite();
    }
    this.rewriteSince = -1;
  }

  /** A rewrite begins as soon as the one has stopped that is no longer wanted, which is no more than a moment. */
  private beNext(): void {
    this.isScheduled = true;
    this.rewriteSince = this.nowSeconds();
  }

  /** Whether something else is being written in the background. */
  private get isBusy(): boolean {
    return this.server.saving.port?.isSaving === true;
  }

  /** Begins a rewrite. Returns whether it could; the log says why not. */
  private rewrite(): boolean {
    const { server, port } = this;
    const isFirst = this.state === "waiting";
    server.propagation.handOver();
    server.propagation.forgetDb();
    if (!this.attempt(() => port!.startRewrite(isFirst, (error) => this.ended(error)))) {
      this.lastOk = false;
      this.failures++;
      this.rewriteSince = -1;
      return false;
    }
    if (isFirst) this.attach(port!);
    this.rewrites++;
    this.isScheduled = false;
    this.rewriteSince = this.nowSeconds();
    server.log.notice("Background append only file rewriting started by a worker");
    return true;
  }

  private ended(error: string | null): void {
    const { server } = this;
    const { log } = server;
    if (this.isStopping) {
      this.isStopping = false;
      this.rewriteSince = -1;
      if (this.isScheduled || this.state === "waiting") this.rewrite();
      return;
    }
    this.lastSeconds = this.nowSeconds() - this.rewriteSince;
    this.rewriteSince = -1;
    this.lastCopiedBytes = server.saving.port?.copiedBytes ?? 0;
    if (error === null) {
      this.lastOk = true;
      this.failures = 0;
      if (this.state === "waiting") this.state = "on";
      log.notice(`AOF rewrite CoW: ${Math.round(this.lastCopiedBytes / 2 ** 20)} MB`);
      log.notice("Background AOF rewrite finished successfully");
      this.wake();
    } else {
      this.lastOk = false;
      this.failures++;
      log.warning(error);
      log.warning("Background AOF rewrite terminated with error");
    }
    if (this.state === "waiting") {
      this.detach();
      this.isScheduled = true;
    }
  }

  /** CONFIG RESETSTAT. */
  resetStats(): void {
    this.rewrites = 0;
    this.failures = 0;
    if (this.port !== null) this.port.delayedSyncs = 0;
  }

  /** Whether rewrites have failed so often that the next one has to wait. */
  private mustWait(): boolean {
    if (this.failures < FAILURES_MAX) {
      this.waitMinutes = 0;
      this.waitUntil = 0;
      return false;
    }
    if (this.waitUntil !== 0) {
      if (this.nowSeconds() < this.waitUntil) return true;
      this.waitUntil = 0;
      return false;
    }
    this.waitMinutes = Math.min(Math.max(1, this.waitMinutes * 2), WAIT_MAX_MINUTES);
    this.waitUntil = this.nowSeconds() + this.waitMinutes * 60;
    this.server.log.warning(
      "Background AOF rewrite has repeatedly failed and triggered the limit, will retry in " +
        `${this.waitMinutes} minutes`,
    );
    return true;
  }

  // WAITAOF.

  /** What has to be safe for a client that waits for all that has happened so far. */
  get offset(): number {
    this.server.propagation.handOver();
    return this.port === null ? 0 : this.port.appended;
  }

  /** Whether this much is safe on disk. */
  isSafe(offset: number): boolean {
    return this.state === "on" && this.port !== null && this.port.safe >= offset;
  }

  /**
   * Has a client that is blocked answered as soon as this much is safe, and with an error when the file is switched
   * off. Infinity: with the error only, as it waits for something else too.
   */
  waitFor(client: Client, offset: number): void {
    this.waiters.push({ client, offset });
  }

  /** Answers those for whom enough is safe, in a turn of its own: this one may be at its end. */
  private wake(): void {
    if (this.waiters.length > 0) queueMicrotask(() => this.answer());
  }

  private answer(): void {
    const { blocking } = this.server;
    const left: Waiter[] = [];
    for (const waiter of this.waiters) {
      const { wait } = waiter.client;
      // Its time may have been over, and it may wait for something else by now.
      if (wait === null || !wait.isActive || wait.command?.spec.name !== "waitaof") continue;
      if (!this.isOn) blocking.unblockOnError(waiter.client, NO_FILE_ERROR);
      else if (this.isSafe(waiter.offset)) blocking.unblockOnTimeout(waiter.client);
      else left.push(waiter);
    }
    this.waiters = left;
  }

  // Parts.

  private readSettings(): void {
    const { config } = this.server;
    const { settings } = this;
    settings.policy = config.str("appendfsync") as FsyncPolicy;
    settings.noSyncOnRewrite = config.bool("no-appendfsync-on-rewrite");
    settings.timestamps = config.bool("aof-timestamp-enabled");
    settings.useRdb = config.bool("aof-use-rdb-preamble");
    settings.syncsOnTheWay = config.bool("aof-rewrite-incremental-fsync");
    settings.loadTruncated = config.bool("aof-load-truncated");
    settings.keepsHistory = config.bool("aof-disable-auto-gc");
    settings.loadDelayUs = config.num("key-load-delay");
  }

  /** Does something that may fail with lines for the log. Returns whether it succeeded. */
  private attempt(action: () => void): boolean {
    try {
      action();
      return true;
    } catch (error) {
      const { lines } = error as { lines?: readonly string[] };
      if (lines === undefined) throw error;
      for (const line of lines) this.server.log.warning(line);
      return false;
    }
  }

  private nowSeconds(): number {
    return Math.floor(this.server.keyspace.nowMs / 1000);
  }
}

const SETTINGS = [
  "appendfsync",
  "no-appendfsync-on-rewrite",
  "aof-timestamp-enabled",
  "aof-use-rdb-preamble",
  "aof-rewrite-incremental-fsync",
  "aof-load-truncated",
  "aof-disable-auto-gc",
  "key-load-delay",
];
