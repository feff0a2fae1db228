/**
 * AppendOnlyFiles: the append-only file as the server sees it. It is several files in a directory of their own, which a
 * manifest names (aof_manifest.ts).
 *
 *     startLoad     what is there is loaded; a single file from before there were manifests moves in first
 *     begin         at the start of the server, behind loading: the last incremental file is written to
 *     append, flush, end
 *                   what changes goes there (aof_writer.ts)
 *     startRewrite  a new incremental file begins, and the data set of this moment becomes the new base, in the background
 *       it is done      the new base and that file replace all others
 *       it has failed   nothing is lost: the manifest goes on naming the old base, the old files and the new one
 *
 * When the append-only file is switched on while the server runs there is nothing yet that the new file could follow.
 * So it has a temporary name and no place in the manifest until the first base is done (`isFirst`).
 *
 * At every step a crash leaves a manifest whose files are all there: files are complete and safe before the
 * manifest names them, and deleted after it has stopped to. What stays behind then is named by nobody, and the next
 * rewrite takes its name.
 */
import type { Clock } from "../core/base/clock.ts";
import { AofLoad, type AofReplay } from "./aof_load.ts";
import { AofManifest, loadManifest, ManifestFailed, storeManifest } from "./aof_manifest.ts";
import { AofWriter, type AofWriterSettings } from "./aof_writer.ts";
import { type Disk, DiskError, diskErrorText, type DiskFile, ensureDir } from "./disk.ts";
import { removeQuietly } from "./rdb_save.ts";
import type { Ownership, Snapshots } from "./snapshots.ts";

/** Directives, as they are now. */
export interface AppendSettings extends AofWriterSettings {
  /** aof-use-rdb-preamble */
  useRdb: boolean;
  /** aof-rewrite-incremental-fsync */
  syncsOnTheWay: boolean;
  /** aof-load-truncated */
  loadTruncated: boolean;
  /** aof-disable-auto-gc */
  keepsHistory: boolean;
  /** key-load-delay, in microseconds. */
  loadDelayUs: number;
}

/** Where the files are. */
export interface AppendPlace {
  /** The working directory: for temporary files, and where old single files are. */
  readonly root: string;
  /** appenddirname */
  readonly dirName: string;
  /** appendfilename */
  readonly fileName: string;
}

export interface AppendParts {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly pid: number;
  readonly snapshots: Snapshots;
  /** Without it nobody else is expected to write the same files. */
  readonly ownership?: Ownership;
  readonly settings: AppendSettings;
  readonly place: () => AppendPlace;
  readonly debug: (line: string) => void;
  readonly notice: (line: string) => void;
  readonly warning: (line: string) => void;
  readonly latency: (event: string, us: number) => void;
}

/** How a rewrite ended: null, or why there is no new base; "" when it was stopped. */
export type RewriteDone = (error: string | null) => void;

/** Of a rewrite. */
interface Rewrite {
  readonly isFirst: boolean;
  readonly asRdb: boolean;
  readonly done: RewriteDone;
  /** It is no longer wanted, even if it succeeds. */
  isStopped: boolean;
}

export class AppendOnlyFiles {
  /** Told that `error` has changed, that `safe` has grown, and that only a rewrite makes the file sound. */
  onState: () => void = () => {};
  onSafe: () => void = () => {};
  onUnsound: () => void = () => {};
  /** Bytes of the base and what follows it, and what they were after the last rewrite. */
  baseSize = 0;

  private readonly parts: AppendParts;
  private readonly writer: AofWriter;
  private manifest = new AofManifest();
  private place: AppendPlace;
  /** Bytes of all files but the one that is written to. */
  private otherBytes = 0;
  private rewrite: Rewrite | null = null;
  private load: AofLoad | null = null;

  constructor(parts: AppendParts) {
    this.parts = parts;
    this.place = parts.place();
    this.writer = new AofWriter({
      clock: parts.clock,
      settings: parts.settings,
      isBusy: () => parts.snapshots.isSaving,
      notice: parts.notice,
      warning: parts.warning,
      latency: parts.latency,
      onState: () => this.onState(),
      onSafe: () => this.onSafe(),
      onRecovered: () => this.onUnsound(),
    });
  }

  // Figures.

  get isRewriting(): boolean {
    return this.rewrite !== null;
  }

  get error(): string | null {
    return this.writer.error;
  }

  get currentSize(): number {
    return this.otherBytes + this.writer.size;
  }

  get bufferedBytes(): number {
    return this.writer.bufferedBytes;
  }

  get pendingSyncs(): number {
    return this.writer.pendingSyncs;
  }

  get delayedSyncs(): number {
    return this.writer.delayed;
  }

  set delayedSyncs(count: number) {
    this.writer.delayed = count;
  }

  get appended(): number {
    return this.writer.appended;
  }

  get safe(): number {
    return this.writer.safe;
  }

  // Loading.

  /** Begins to load; null when there is nothing. Throws an error with `lines` for the log. */
  startLoad(replay: () => AofReplay): AofLoad | null {
    const { disk, clock, settings, snapshots, notice, warning } = this.parts;
    // What is written to is loaded again where it is: `dir` may have changed.
    if (!this.writer.isOpen) this.goToPlace();
    const { manifest } = this;
    if (this.mustUpgrade()) this.upgrade();
    if (manifest.isEmpty) return null;
    this.load = new AofLoad({
      disk,
      clock,
      dir: this.dir,
      files: manifest.files,
      hasBase: manifest.base !== null,
      oldName: this.place.fileName,
      truncates: settings.loadTruncated,
      delayUs: settings.loadDelayUs,
      replay,
      loadRdb: (file) => snapshots.startBaseLoad(file),
      notice,
      warning,
    });
    return this.load;
  }

  /** Goes where the files are, unless somebody else writes them. */
  private goToPlace(): void {
    this.place = this.parts.place();
    const { root, dirName, fileName } = this.place;
    const owner = this.parts.ownership?.take(`${root}/${dirName}.${fileName}`) ?? null;
    if (owner !== null) {
      throw new ManifestFailed([
        `The append-only file ${dirName}/${fileName} in ${root} is written by ${owner}. Every server needs a ` +
        "directory (dir) or an appenddirname of its own.",
      ]);
    }
    this.readManifest();
  }

  private get dir(): string {
    return `${this.place.root}/${this.place.dirName}`;
  }

  private pathOf(name: string): string {
    return `${this.dir}/${name}`;
  }

  private readManifest(): void {
    const { disk, debug } = this.parts;
    const { dirName, fileName } = this.place;
    const found = disk.exists(this.dir) ? loadManifest(disk, this.dir, fileName) : null;
    if (found === null) {
      debug(
        disk.exists(this.dir)
          ? `The AOF manifest file ${fileName}.manifest doesn't exist`
          : `The AOF directory ${dirName} doesn't exist`,
      );
    }
    this.manifest = found ?? new AofManifest();
  }

  /** Whether there is a single file of an old version that nothing has replaced. */
  private mustUpgrade(): boolean {
    const { disk } = this.parts;
    const { manifest } = this;
    const { root, fileName } = this.place;
    if (!disk.exists(`${root}/${fileName}`)) return false;
    if (!disk.exists(this.dir) || manifest.isEmpty) return true;
    // The manifest was written, and then there was a crash.
    return manifest.incrs.length === 0 && manifest.base?.name === fileName &&
      !disk.exists(this.pathOf(fileName));
  }

  private upgrade(): void {
    const { disk, notice } = this.parts;
    const { root, dirName, fileName } = this.place;
    this.makeDir();
    const { manifest } = this;
    manifest.base = { name: fileName, seq: 1 };
    manifest.baseSeq = 1;
    storeManifest(disk, this.dir, fileName, manifest);
    try {
      disk.rename(`${root}/${fileName}`, this.pathOf(fileName));
      disk.syncDir(this.dir);
      disk.syncDir(root);
    } catch (error) {
      throw new ManifestFailed([
        `Error trying to move the old AOF file ${fileName} into dir ${dirName}: ${
          diskErrorText(error)
        }`,
      ]);
    }
    notice(
      `Successfully migrated an old-style AOF file (${fileName}) into the AOF directory (${dirName}).`,
    );
  }

  private makeDir(): void {
    try {
      ensureDir(this.parts.disk, this.dir);
    } catch (error) {
      throw new ManifestFailed([
        `Can't open or create append-only dir ${this.place.dirName}: ${diskErrorText(error)}`,
      ]);
    }
  }

  // Writing.

  /**
   * Opens what is written to, behind loading. Makes a first base if there is nothing yet. Throws an error with `lines`
   * for the log.
   */
  begin(): void {
    const { disk, notice } = this.parts;
    const { manifest } = this;
    const { fileName } = this.place;
    this.makeDir();
    let isChanged = false;
    if (manifest.isEmpty) {
      const { useRdb } = this.parts.settings;
      const name = manifest.replaceBase(fileName, useRdb);
      const target = this.baseTarget(this.pathOf(name), useRdb);
      const error = this.parts.snapshots.saveBaseNow(target);
      if (error !== null) throw new ManifestFailed([error]);
      notice(`Creating AOF base file ${name} on server start`);
      isChanged = true;
    }
    const isNew = manifest.incrs.length === 0;
    const name = isNew
      ? manifest.addIncr(fileName)
      : manifest.incrs[manifest.incrs.length - 1].name;
    const file = this.openIncr(name, isNew);
    if (isNew || isChanged) storeManifest(disk, this.dir, fileName, manifest);
    const size = file.size();
    this.writer.open(file, size);
    this.otherBytes = (this.load?.totalBytes ?? this.sizeOfBase()) - (isNew ? 0 : size);
    this.baseSize = this.load?.baseBytes ?? 0;
    this.load = null;
    notice(`${isNew ? "Creating" : "Opening"} AOF incr file ${name} on server start`);
  }

  /** After the files were loaded again while they are written to: the last one may have been cut. */
  reopen(): void {
    const { manifest } = this;
    this.load = null;
    const last = manifest.incrs[manifest.incrs.length - 1];
    if (last !== undefined) this.writer.size = this.parts.disk.size(this.pathOf(last.name));
  }

  append(bytes: Uint8Array, len: number): void {
    this.writer.append(bytes, len);
  }

  /** Writes and syncs as far as it is time to. Returns whether what was appended may be acknowledged. */
  flush(force: boolean): boolean {
    return this.writer.flush(force);
  }

  /** Writes all and syncs. Returns why it couldn't, or null. */
  drain(): string | null {
    return this.writer.drain();
  }

  /** Ends writing: all is written and synced. Returns why it couldn't, or null. */
  end(): string | null {
    const error = this.writer.close();
    this.otherBytes = 0;
    return error;
  }

  /** Forgets errors of the past: a file begins anew. */
  forgetErrors(): void {
    this.writer.clearErrors();
  }

  private openIncr(name: string, isNew: boolean): DiskFile {
    try {
      const file = this.parts.disk.openAppend(this.pathOf(name));
      if (isNew && file.size() > 0) file.truncate(0);
      return file;
    } catch (error) {
      throw new ManifestFailed([
        `Can't open the append-only file ${name}: ${diskErrorText(error)}`,
      ]);
    }
  }

  private sizeOfBase(): number {
    const { manifest } = this;
    try {
      return manifest.base === null ? 0 : this.parts.disk.size(this.pathOf(manifest.base.name));
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      return 0;
    }
  }

  // Rewriting.

  /**
   * Begins to make a new base of what is there now. If the file is written to, or is to be from now
   * on (`isFirst`), a new incremental file begins at that moment. `done` is called when it is over.
   * Throws an error with `lines` for the log.
   */
  startRewrite(isFirst: boolean, done: RewriteDone): void {
    const { snapshots, settings } = this.parts;
    if (snapshots.isSaving) throw new ManifestFailed(["A background save is under way"]);
    if (!this.writer.isOpen) this.goToPlace();
    this.makeDir();
    if (isFirst) this.openFirst();
    else if (this.writer.isOpen) this.openNext();
    const asRdb = settings.useRdb;
    const error = snapshots.startBase(
      this.baseTarget(this.tempBase, asRdb),
      (why) => this.rewriteEnded(why),
    );
    if (error !== null) {
      throw new ManifestFailed([`Can't rewrite append only file in background: ${error}`]);
    }
    this.rewrite = { isFirst, asRdb, done, isStopped: false };
  }

  /** Has the rewrite stop; it is over when its `done` is called. */
  stopRewrite(): void {
    if (this.rewrite === null) return;
    this.rewrite.isStopped = true;
    this.parts.snapshots.stopSave();
    removeQuietly(this.parts.disk, this.tempBase);
  }

  /** Deletes the files that are no longer needed. */
  removeHistory(): void {
    const { disk, notice, warning, settings } = this.parts;
    const { manifest } = this;
    if (settings.keepsHistory || manifest.history.length === 0) return;
    for (const { name } of manifest.history) {
      notice(`Removing the history file ${name} in the background`);
      disk.removeLater(this.pathOf(name));
    }
    manifest.history = [];
    try {
      storeManifest(disk, this.dir, this.place.fileName, manifest);
    } catch (error) {
      // It names files that aren't there any more and that nobody needs.
      if (!(error instanceof ManifestFailed)) throw error;
      for (const line of error.lines) warning(line);
    }
  }

  private get tempBase(): string {
    return `${this.place.root}/temp-rewriteaof-bg-${this.parts.pid}.aof`;
  }

  private get tempIncrName(): string {
    return `temp-${this.place.fileName}.incr`;
  }

  private baseTarget(path: string, asRdb: boolean) {
    const { settings, clock, pid } = this.parts;
    return {
      tempPath: `${this.place.root}/temp-rewriteaof-${pid}.aof`,
      path,
      syncsOnTheWay: settings.syncsOnTheWay,
      asCommands: !asRdb,
      timestamp: settings.timestamps ? Math.floor(clock.nowUs() / 1e6) : 0,
    };
  }

  /** What changes goes to a file that has no place in the manifest yet. */
  private openFirst(): void {
    const name = this.tempIncrName;
    this.writer.discard();
    this.writer.open(this.openIncr(name, true), 0);
    this.otherBytes = 0;
    this.parts.notice(`Creating AOF incr file ${name} on background rewrite`);
  }

  /** What changes goes to a new file, behind all others. */
  private openNext(): void {
    const { disk, notice } = this.parts;
    const { fileName } = this.place;
    // Only the last file may end too early, and this one won't be it any more.
    const error = this.writer.drain();
    if (error !== null) throw new ManifestFailed([`Fail to fsync the AOF file: ${error}`]);
    const manifest = this.manifest.copy();
    const name = manifest.addIncr(fileName);
    const file = this.openIncr(name, true);
    try {
      storeManifest(disk, this.dir, fileName, manifest);
    } catch (error) {
      file.close();
      throw error;
    }
    this.manifest = manifest;
    this.otherBytes += this.writer.size;
    this.writer.open(file, 0);
    notice(`Creating AOF incr file ${name} on background rewrite`);
  }

  private rewriteEnded(why: string | null): void {
    const { rewrite } = this;
    if (rewrite === null) return;
    this.rewrite = null;
    const error = rewrite.isStopped ? "" : why ?? this.finishRewrite(rewrite);
    if (error !== null) {
      removeQuietly(this.parts.disk, this.tempBase);
      if (rewrite.isFirst) this.removeFirst();
    }
    rewrite.done(error);
    if (error === null) this.removeHistory();
  }

  /** The first base was not made: what was appended meanwhile belongs to nothing. */
  private removeFirst(): void {
    const { disk, notice } = this.parts;
    notice(`Removing the temp incr aof file ${this.tempIncrName}`);
    this.writer.discard();
    // At once, because the next file may have this name too.
    removeQuietly(disk, this.pathOf(this.tempIncrName));
  }

  /** The new base is there: puts it in force. Returns why it can't, or null. */
  private finishRewrite({ isFirst, asRdb }: Rewrite): string | null {
    const { disk, notice, warning } = this.parts;
    const { fileName } = this.place;
    notice("Background AOF rewrite terminated with success");
    const manifest = this.manifest.copy();
    const base = manifest.replaceBase(fileName, asRdb);
    let what = `temporary AOF base file ${this.tempBase} into ${base}`;
    try {
      disk.rename(this.tempBase, this.pathOf(base));
      notice(`Successfully renamed the ${what}`);
      if (isFirst) {
        const name = manifest.addIncr(fileName);
        what = `temporary AOF incr file ${this.tempIncrName} into ${name}`;
        disk.rename(this.pathOf(this.tempIncrName), this.pathOf(name));
        notice(`Successfully renamed the ${what}`);
      }
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      return `Error trying to rename the ${what}: ${error.message}`;
    }
    manifest.retireIncrs(this.writer.isOpen ? 1 : 0);
    try {
      storeManifest(disk, this.dir, fileName, manifest);
    } catch (error) {
      if (!(error instanceof ManifestFailed)) throw error;
      // Which manifest a crash would find is open. Both name files that are there, so none is removed or written over.
      this.manifest.baseSeq = manifest.baseSeq;
      this.manifest.incrSeq = manifest.incrSeq;
      for (const line of error.lines.slice(1)) warning(line);
      return error.lines[0];
    }
    this.manifest = manifest;
    this.otherBytes = this.sizeOfBase();
    this.baseSize = this.writer.isOpen ? this.currentSize : this.baseSize;
    return null;
  }
}
