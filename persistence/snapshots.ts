/**
 * Snapshots: the data set in one file, saved in the foreground or by a worker, and loaded.
 *
 *     saveNow      this thread writes what is in memory
 *     startSave    the arena is frozen (core/memory/copy_on_write.ts), a worker writes the image, this thread goes
 *                  on; when the worker has answered, the arena is thawed
 *     startLoad    the file is read in slices
 *
 * The moment of a background save, the cut, takes well below a millisecond, and the worker needs no other attention.
 * It is started for the first save and stays, because starting one stops this thread for 10 to 15 ms on Deno;
 * `prepare` has it started when nobody minds.
 *
 * The base of an append-only file is made in the same way, as RDB or as commands: `saveBaseNow`, `startBase`.
 */
import type { Clock } from "../core/base/clock.ts";
import type { Keyspace } from "../core/keyspace/keyspace.ts";
import { LiveBlocks } from "../core/memory/block_reader.ts";
import type { FrozenImage } from "../core/memory/copy_on_write.ts";
import {
  dirOf,
  type Disk,
  DiskError,
  diskErrorText,
  type DiskFile,
  isMissing,
  nameOf,
} from "./disk.ts";
import { contentOf } from "./rdb_content.ts";
import { RdbDamaged, RdbLoader } from "./rdb_load.ts";
import { removeQuietly, SaveFailed, saveRdb, type SaveTarget } from "./rdb_save.ts";
import { RDB_VERSION, type RdbReader } from "./rdb_format.ts";
import type { RdbContent } from "./rdb_writer.ts";
import {
  CONTROL_BYTES,
  CONTROL_KEYS,
  CONTROL_STOP,
  NO_ORDER,
  SAVE_DONE,
  SAVE_FAILED,
  type SaveAnswer,
  type SaveOrder,
} from "./snapshot_order.ts";

/** The directives that matter, as they are now, and facts that files mention. */
export interface SnapshotSettings {
  /** dbfilename, where it is now: `dir` may change while a file is written. */
  readonly path: string;
  /** dir, for messages. */
  readonly dir: string;
  readonly compress: boolean;
  readonly checksum: boolean;
  /** Whether the checksum of a file that is loaded may be wrong. */
  readonly skipsChecksum?: boolean;
  /** rdb-version */
  readonly rdbVersion: number;
  /** rdb-save-incremental-fsync */
  readonly syncsOnTheWay: boolean;
  /** maxmemory-policy */
  readonly policy: string;
  /** rdb-key-save-delay, in microseconds. */
  readonly keyDelayUs: number;
  /** key-load-delay, in microseconds. */
  readonly loadDelayUs: number;
  /** The version of Redis that this server stands for. */
  readonly version: string;
  readonly usedBytes: number;
}

/** Where the base of an append-only file goes. */
export interface BaseTarget {
  readonly tempPath: string;
  readonly path: string;
  readonly syncsOnTheWay: boolean;
  /** Whether it is written as commands rather than RDB. */
  readonly asCommands: boolean;
  /** Unix time in seconds that stands at the beginning of commands, 0 for none. */
  readonly timestamp: number;
}

/** How a background save ended: null, or why there is no new file; "" when it was stopped. */
export type SaveDone = (error: string | null) => void;

/** Whose file it is: file_lock.ts. */
export interface Ownership {
  /** Takes a file for this server. Returns null, or whose it is. */
  take(path: string): string | null;
}

/** Where libraries of functions are; a file has their texts. */
export interface FunctionStore {
  texts(): readonly Uint8Array[];
  /** Loads one, in place of one of the same name if it `replaces`. Returns why it can't be loaded, or null. */
  load(text: Uint8Array, replaces: boolean): string | null;
}

export interface SnapshotParts {
  /** Without it there are no functions, and those of files are ignored. */
  readonly functions?: FunctionStore;
  /** Without it nobody else is expected to write the same file. */
  readonly ownership?: Ownership;
  readonly keyspace: Keyspace;
  readonly clock: Clock;
  readonly disk: Disk;
  readonly pid: number;
  readonly settings: () => SnapshotSettings;
  /** Makes the worker. */
  readonly worker: () => Worker;
  /** Told how many microseconds each cut took. */
  readonly cut?: (us: number) => void;
  readonly notice: (line: string) => void;
  /** Tells how the worker fares with all that is unexpected. */
  readonly warning: (line: string) => void;
}

export class Snapshots {
  /** Keys of the background save under way. */
  keysTotal = 0;
  /** Microseconds that the last cut took, with the start of the worker if there was none yet; 0 before the first. */
  cutUs = 0;
  cuts = 0;

  private readonly parts: SnapshotParts;
  private readonly control = new Int32Array(new SharedArrayBuffer(CONTROL_BYTES));
  private worker: Worker | null = null;
  private done: SaveDone | null = null;
  private target: SaveTarget | null = null;
  private wasTouching = false;
  private count = 0;

  constructor(parts: SnapshotParts) {
    this.parts = parts;
  }

  /** Whether a background save is under way, one that was told to stop included. */
  get isSaving(): boolean {
    return this.done !== null;
  }

  /** Keys that the background save has written. */
  get keysSaved(): number {
    return Atomics.load(this.control, CONTROL_KEYS);
  }

  /** Bytes copied because they changed during the save under way, or the last. */
  get copiedBytes(): number {
    return this.parts.keyspace.arena.copiedBytes;
  }

  /**
   * Does what a cut does, for the first time that is done takes 4 to 8 ms (Deno), all others a third of one. Starts the
   * worker, too, if saves are to be expected.
   */
  prepare(expectsSaves: boolean): void {
    if (expectsSaves) this.worker ??= this.startWorker();
    const { arena } = this.parts.keyspace;
    if (arena.isFrozen) return;
    const target = this.targetAt("");
    structuredClone(this.order(arena.freeze(), this.content(target, false), target));
    arena.thaw();
  }

  /** Takes the file for this server. Returns null, or a line for the log: somebody else writes it. */
  claim(): string | null {
    const { path, dir } = this.parts.settings();
    const owner = this.parts.ownership?.take(path) ?? null;
    return owner === null ? null : `${nameOf(path)} in ${dir} is written by ${owner}`;
  }

  /** Saves in this thread. Returns null, or a line for the log that says why there is no new file. */
  saveNow(): string | null {
    const claimed = this.claim();
    if (claimed !== null) return `Not saving: ${claimed}`;
    return this.writeNow(this.targetAt(`temp-${this.parts.pid}.rdb`), false);
  }

  /** The same for the base of an append-only file. */
  saveBaseNow(target: BaseTarget): string | null {
    return this.writeNow({ ...target, dir: this.parts.settings().dir }, true);
  }

  private writeNow(target: SaveTarget, isBase: boolean): string | null {
    const { disk, keyspace } = this.parts;
    try {
      saveRdb(disk, new LiveBlocks(keyspace.arena), this.content(target, isBase), target, null);
      return null;
    } catch (error) {
      if (error instanceof SaveFailed) return error.message;
      throw error;
    }
  }

  /**
   * Begins to save in the background what is there now; `done` is called when it is over. Returns null, or why it
   * can't begin.
   */
  startSave(done: SaveDone): string | null {
    const claimed = this.claim();
    if (claimed !== null) return claimed;
    return this.start(this.targetAt(`temp-${this.parts.pid}.${++this.count}.rdb`), false, done);
  }

  /** The same for the base of an append-only file. */
  startBase(target: BaseTarget, done: SaveDone): string | null {
    return this.start({ ...target, dir: this.parts.settings().dir }, true, done);
  }

  private start(target: SaveTarget, isBase: boolean, done: SaveDone): string | null {
    const { keyspace, clock } = this.parts;
    if (this.isSaving) return "another save is under way";
    const startUs = clock.monotonicUs();
    let worker: Worker;
    try {
      worker = this.worker ??= this.startWorker();
    } catch (error) {
      return diskErrorText(error);
    }
    const content = this.content(target, isBase);
    const image = keyspace.arena.freeze();
    this.control[CONTROL_STOP] = 0;
    this.control[CONTROL_KEYS] = 0;
    worker.postMessage(this.order(image, content, target));
    this.cutUs = Math.max(1, Math.round(clock.monotonicUs() - startUs));
    this.cuts++;
    this.parts.cut?.(this.cutUs);
    this.keysTotal = content.databases.reduce((sum, db) => sum + db.count, 0);
    this.done = done;
    this.target = target;
    // Access times would make a copy of every page that is read.
    this.wasTouching = !keyspace.noTouch;
    keyspace.noTouch = true;
    return null;
  }

  /**
   * Has the background save stop; it is over when its `done` is called. Its file never takes the place of one that is
   * saved after this: the worker looks whether to stop before it is through, and if it was through by then, it has
   * renamed the temporary file already or finds it gone.
   */
  stopSave(): void {
    Atomics.store(this.control, CONTROL_STOP, 1);
    Atomics.notify(this.control, CONTROL_STOP);
    if (this.target !== null) removeQuietly(this.parts.disk, this.target.tempPath);
  }

  /**
   * Begins to load the file. Returns null when there is none. Throws RdbDamaged, DiskError.
   *
   * @param replaces whether keys that are there already are replaced
   */
  startLoad(replaces: boolean): SnapshotLoad | null {
    const { disk } = this.parts;
    const settings = this.parts.settings();
    let file: DiskFile;
    try {
      file = disk.openRead(settings.path);
    } catch (error) {
      if (isMissing(error)) return null;
      throw new RdbDamaged([
        `Fatal error: can't open the RDB file ${nameOf(settings.path)} for reading: ${
          diskErrorText(error)
        }`,
      ]);
    }
    return this.load(file, replaces, false);
  }

  /** Begins to load the base of an append-only file, or the RDB part that it begins with. Throws RdbDamaged. */
  startBaseLoad(file: DiskFile): SnapshotLoad {
    return this.load(file, false, true);
  }

  private load(file: DiskFile, replaces: boolean, isBase: boolean): SnapshotLoad {
    const { keyspace, clock } = this.parts;
    const settings = this.parts.settings();
    const loader = new RdbLoader(keyspace, file, file.size(), {
      clock,
      checksum: settings.checksum && settings.skipsChecksum !== true,
      replaces,
      keepsExpired: isBase,
      keyDelayUs: settings.loadDelayUs,
      onAux: (name, value) => this.noteAux(name, value),
      onEmpty: (key) => this.parts.notice(`rdbLoadObject skipping empty key: ${key}`),
      onFunction: (library) => this.parts.functions?.load(library, replaces) ?? null,
    });
    return new SnapshotLoad(loader, file);
  }

  private content(target: SaveTarget, isBase: boolean): RdbContent {
    const { keyspace } = this.parts;
    const settings = this.parts.settings();
    const { rdbVersion } = settings;
    const content = contentOf(keyspace, {
      aux: [
        ["redis-ver", settings.version],
        ["redis-bits", "64"],
        ["ctime", String(Math.floor(keyspace.nowMs / 1000))],
        ["used-mem", String(settings.usedBytes)],
        ["aof-base", isBase ? "1" : "0"],
      ],
      functions: this.parts.functions?.texts() ?? [],
      compress: settings.compress,
      checksum: settings.checksum,
      version: rdbVersion,
      policy: settings.policy,
      keyDelayUs: settings.keyDelayUs,
    });
    const { version } = content;
    if (rdbVersion < RDB_VERSION && version !== rdbVersion && target.asCommands !== true) {
      this.parts.warning(
        `Fields of hashes expire, so the RDB file has version ${version}, not ${rdbVersion} as rdb-version says.`,
      );
    }
    return content;
  }

  private order(image: FrozenImage, content: RdbContent, target: SaveTarget): SaveOrder {
    return { image, content, target, control: this.control.buffer as SharedArrayBuffer };
  }

  private targetAt(tempName: string): SaveTarget {
    const { path, dir, syncsOnTheWay } = this.parts.settings();
    return { tempPath: `${dirOf(path)}/${tempName}`, path, dir, syncsOnTheWay };
  }

  private startWorker(): Worker {
    const worker = this.parts.worker();
    worker.onmessage = ({ data }: { data: SaveAnswer }) => this.finish(data);
    worker.onerror = (event) => {
      event.preventDefault?.();
      this.worker = null;
      worker.terminate();
      if (!this.isSaving) {
        this.parts.warning(`The snapshot worker ended: ${event.message}`);
        return;
      }
      this.finish({ status: SAVE_FAILED, message: `The snapshot worker failed: ${event.message}` });
    };
    // The first message takes 0.4 ms more than others (Deno).
    worker.postMessage(NO_ORDER);
    return worker;
  }

  private finish({ status, message }: SaveAnswer): void {
    const { done } = this;
    if (done === null) return;
    const { keyspace, disk } = this.parts;
    keyspace.arena.thaw();
    if (this.wasTouching) keyspace.noTouch = false;
    if (status !== SAVE_DONE && this.target !== null) removeQuietly(disk, this.target.tempPath);
    this.done = null;
    this.target = null;
    done(status === SAVE_DONE ? null : message);
  }

  /** What Redis logs of the fields at the beginning of a file. */
  private noteAux(name: string, value: string): void {
    const { notice, keyspace } = { ...this.parts };
    if (name === "redis-ver") notice(`Loading RDB produced by version ${value}`);
    else if (name === "ctime") {
      const age = Math.max(
        0,
        Math.floor(keyspace.nowMs / 1000) - (Number.parseInt(value, 10) || 0),
      );
      notice(`RDB age ${age} seconds`);
    } else if (name === "used-mem") {
      const mb = (Number.parseInt(value, 10) || 0) / (1024 * 1024);
      notice(`RDB memory usage when created ${mb.toFixed(2)} Mb`);
    } else if (name === "aof-base") {
      if (Number.parseInt(value, 10) !== 0) notice("RDB is base AOF");
    } else if (name === "aof-preamble") {
      if (Number.parseInt(value, 10) !== 0) notice("RDB has an AOF tail");
    } else if (name.startsWith("%")) notice(`RDB '${name}': ${value}`);
  }
}

/** A file that is being loaded. */
export class SnapshotLoad {
  readonly totalBytes: number;
  readonly file: DiskFile;
  private readonly loader: RdbLoader;

  constructor(loader: RdbLoader, file: DiskFile) {
    this.loader = loader;
    this.file = file;
    this.totalBytes = loader.source.size;
  }

  get loadedBytes(): number {
    return this.loader.offset;
  }

  get keysLoaded(): number {
    return this.loader.keysLoaded;
  }

  get keysExpired(): number {
    return this.loader.keysExpired;
  }

  get keysEmpty(): number {
    return this.loader.keysEmpty;
  }

  /** What stands behind the RDB part. */
  get tail(): RdbReader {
    return this.loader.tail;
  }

  /** What Redis logs when the RDB part is loaded. */
  get doneLine(): string {
    const { keysLoaded, keysExpired, keysEmpty } = this;
    const empty = keysEmpty === 0 ? "" : `, empty keys skipped: ${keysEmpty}`;
    return `Done loading RDB, keys loaded: ${keysLoaded}, keys expired: ${keysExpired}${empty}.`;
  }

  /** What to log when all is loaded, after so many seconds. */
  summary(seconds: number): string[] {
    return [this.doneLine, `DB loaded from disk: ${seconds.toFixed(3)} seconds`];
  }

  /** Loads for about so long. Returns whether there is more, or why it can't go on: lines for the log. */
  step(budgetUs: number): boolean | readonly string[] {
    const result = this.stepPart(budgetUs);
    if (result === false) this.file.close();
    return result;
  }

  /** The same, with the file left open in the end. */
  stepPart(budgetUs: number): boolean | readonly string[] {
    try {
      if (this.loader.step(budgetUs)) return true;
      return false;
    } catch (error) {
      if (error instanceof RdbDamaged) return error.lines;
      if (error instanceof DiskError) return [`Error reading the RDB file: ${error.message}`];
      throw error;
    }
  }
}
