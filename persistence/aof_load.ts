/**
 * AofLoad: the files of a manifest into the data set, in slices.
 *
 *     base     RDB or commands; an old file may begin with an RDB part and go on with commands
 *     incrs    commands
 *
 * Commands are executed by an AofReplay, the server's, a new one for each file. What stands between MULTI and
 * EXEC counts only when EXEC is there too.
 *
 * The last file may end in the middle of a command, because a crash came in between. With aof-load-truncated it is cut
 * behind the last whole one and the server starts; otherwise, and wherever else a file ends too early or makes no
 * sense, loading ends with lines that say so. The lines are Redis's, so that tools find them; one that says where
 * follows.
 */
import type { Clock } from "../core/base/clock.ts";
import type { Argv } from "../core/protocol/resp_parser.ts";
import type { AofFile } from "./aof_manifest.ts";
import { AOF_BAD, AOF_COMMAND, AOF_END, AofReader } from "./aof_reader.ts";
import { type Disk, DiskError, diskErrorText, type DiskFile } from "./disk.ts";
import { RdbReader } from "./rdb_format.ts";
import { RdbDamaged } from "./rdb_load.ts";
import { RdbFileSource } from "./rdb_source.ts";
import { delayAfterKey } from "./rdb_writer.ts";
import type { SnapshotLoad } from "./snapshots.ts";

/** Commands between two looks at the clock. */
const COMMANDS_PER_LOOK = 64;
const SIGNATURE = "REDIS";

/** Who executes what is read. */
export interface AofReplay {
  /** Executes a command, or queues it behind a MULTI. Returns why it can't: the beginning of a line for the log. */
  apply(argv: Argv): string | null;
  /** Whether there was a MULTI whose EXEC has yet to come. */
  readonly isInTransaction: boolean;
  /** The file is through. A transaction without its end is forgotten. */
  end(): void;
}

export interface AofLoadParts {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly dir: string;
  readonly files: readonly AofFile[];
  readonly hasBase: boolean;
  /** Name of a file from before there were manifests, which may hold both RDB and commands. */
  readonly oldName: string;
  /** aof-load-truncated */
  readonly truncates: boolean;
  /** key-load-delay, in microseconds. */
  readonly delayUs: number;
  readonly replay: () => AofReplay;
  readonly loadRdb: (file: DiskFile) => SnapshotLoad;
  readonly notice: (line: string) => void;
  readonly warning: (line: string) => void;
}

/** The file at hand. */
interface Current {
  readonly name: string;
  readonly isBase: boolean;
  readonly isLast: boolean;
  readonly file: DiskFile;
  readonly size: number;
  readonly startUs: number;
  readonly replay: AofReplay;
  /** The RDB part, until it is loaded. */
  rdb: SnapshotLoad | null;
  reader: AofReader;
  /** Where the last whole command ends, and where the one before the open MULTI does. */
  validTo: number;
}

export class AofLoad {
  readonly totalBytes: number;
  /** Bytes of the base, 0 without one. */
  readonly baseBytes: number;
  keysLoaded = 0;
  keysExpired = 0;
  keysEmpty = 0;

  private readonly parts: AofLoadParts;
  private readonly sizes: number[];
  private index = 0;
  private doneBytes = 0;
  private current: Current | null = null;

  /** Throws RdbDamaged when a file isn't there. */
  constructor(parts: AofLoadParts) {
    this.parts = parts;
    this.sizes = parts.files.map(({ name }) => this.sizeOf(name));
    this.totalBytes = this.sizes.reduce((sum, size) => sum + size, 0);
    this.baseBytes = parts.hasBase ? this.sizes[0] : 0;
  }

  get loadedBytes(): number {
    const { current } = this;
    if (current === null) return this.doneBytes;
    return this.doneBytes +
      (current.rdb === null ? current.reader.offset : current.rdb.loadedBytes);
  }

  /** What to log when all is loaded, after so many seconds. */
  summary(seconds: number): string[] {
    return [`DB loaded from append only file: ${seconds.toFixed(3)} seconds`];
  }

  /** Loads for about so long. Returns whether there is more, or why it can't go on: lines for the log. */
  step(budgetUs: number): boolean | readonly string[] {
    const untilUs = this.parts.clock.monotonicUs() + budgetUs;
    try {
      do {
        this.current ??= this.openNext();
        if (this.current === null) return false;
        this.stepFile(this.current, untilUs);
      } while (this.parts.clock.monotonicUs() < untilUs);
      return true;
    } catch (error) {
      this.close();
      if (error instanceof RdbDamaged) return error.lines;
      if (!(error instanceof DiskError)) throw error;
      const name = this.parts.files[Math.min(this.index, this.parts.files.length) - 1]?.name ?? "";
      return [`Unrecoverable error reading the append only file ${name}: ${error.message}`];
    }
  }

  private sizeOf(name: string): number {
    const { disk, dir } = this.parts;
    try {
      return disk.size(`${dir}/${name}`);
    } catch (error) {
      const text = diskErrorText(error);
      throw new RdbDamaged([`Unable to obtain the AOF file ${name} length. stat: ${text}`]);
    }
  }

  /** Opens the next file that has something in it; null when there is none. */
  private openNext(): Current | null {
    const { disk, dir, files, clock, hasBase } = this.parts;
    while (this.index < files.length && this.sizes[this.index] === 0) this.index++;
    if (this.index === files.length) return null;
    const index = this.index++;
    const { name } = files[index];
    let file: DiskFile;
    try {
      file = disk.openRead(`${dir}/${name}`);
    } catch (error) {
      const text = diskErrorText(error);
      throw new RdbDamaged([
        `Fatal error: can't open the append log file ${name} for reading: ${text}`,
      ]);
    }
    const size = file.size();
    const current = {
      name,
      isBase: hasBase && index === 0,
      isLast: index === files.length - 1,
      file,
      size,
      startUs: clock.monotonicUs(),
      replay: this.parts.replay(),
      rdb: null as SnapshotLoad | null,
      reader: NO_READER,
      validTo: 0,
    };
    if (this.beginsWithRdb(`${dir}/${name}`)) {
      const what = name === this.parts.oldName
        ? "Reading RDB preamble from AOF file..."
        : "Reading RDB base file on AOF loading...";
      this.parts.notice(what);
      current.rdb = this.parts.loadRdb(file);
    } else {
      const reader = new RdbReader();
      new RdbFileSource(file, reader, size).checksum = false;
      current.reader = new AofReader(reader, size);
    }
    return current;
  }

  private beginsWithRdb(path: string): boolean {
    const file = this.parts.disk.openRead(path);
    try {
      const bytes = new Uint8Array(SIGNATURE.length);
      return file.read(bytes, 0, bytes.length) === bytes.length &&
        String.fromCharCode(...bytes) === SIGNATURE;
    } finally {
      file.close();
    }
  }

  private stepFile(current: Current, untilUs: number): void {
    if (current.rdb !== null) this.stepRdb(current, current.rdb, untilUs);
    else this.stepCommands(current, untilUs);
  }

  private stepRdb(current: Current, rdb: SnapshotLoad, untilUs: number): void {
    const { clock, notice, oldName } = this.parts;
    const isOld = current.name === oldName;
    const result = rdb.stepPart(Math.max(0, untilUs - clock.monotonicUs()));
    if (result === true) return;
    this.keysLoaded += rdb.keysLoaded;
    this.keysExpired += rdb.keysExpired;
    this.keysEmpty += rdb.keysEmpty;
    if (result !== false) {
      const what = isOld ? "RDB preamble of the AOF file" : "RDB base file";
      throw new RdbDamaged([
        ...result,
        `Error reading the ${what} ${current.name}, AOF loading aborted`,
      ]);
    }
    notice(rdb.doneLine);
    if (isOld) notice("Reading the remaining AOF tail...");
    current.reader = new AofReader(rdb.tail, current.size);
    current.validTo = current.reader.offset;
    current.rdb = null;
  }

  private stepCommands(current: Current, untilUs: number): void {
    const { clock, delayUs } = this.parts;
    const { reader, replay } = current;
    for (let count = 1;; count++) {
      const status = reader.next();
      if (status !== AOF_COMMAND) return this.commandsEnded(current, status);
      const reason = replay.apply(reader);
      if (reason !== null) {
        throw new RdbDamaged([
          `${reason} reading the append only file ${current.name}`,
          `The command ends at offset ${reader.offset}.`,
        ]);
      }
      if (!replay.isInTransaction) current.validTo = reader.offset;
      if (delayUs !== 0) delayAfterKey(delayUs);
      if (count % COMMANDS_PER_LOOK === 0 && clock.monotonicUs() >= untilUs) return;
    }
  }

  private commandsEnded(current: Current, status: number): void {
    const { name, replay } = current;
    if (status === AOF_BAD) {
      throw new RdbDamaged([
        `Bad file format reading the append only file ${name}: make a backup of your AOF file, then use ` +
        "./redis-check-aof --fix <filename.manifest>",
        `What is wrong: ${current.reader.problem}.`,
      ]);
    }
    const isOpen = replay.isInTransaction;
    if (isOpen && status === AOF_END) {
      this.parts.warning(`Revert incomplete MULTI/EXEC transaction in AOF file ${name}`);
    }
    if (isOpen || status !== AOF_END) this.truncate(current);
    this.fileEnded(current);
  }

  /** The file ends too early: cuts it, if that is allowed. */
  private truncate({ name, isLast, validTo, size }: Current): void {
    const { warning, truncates, disk, dir } = this.parts;
    const where = `It has ${size} bytes, and its last whole command ends at offset ${validTo}.`;
    if (!truncates) {
      throw new RdbDamaged([
        `Unexpected end of file reading the append only file ${name}. You can: 1) Make a backup of your ` +
        "AOF file, then use ./redis-check-aof --fix <filename.manifest>. 2) Alternatively you can set the " +
        "'aof-load-truncated' configuration option to yes and restart the server.",
        where,
      ]);
    }
    warning(`!!! Warning: short read while loading the AOF file ${name}!!!`);
    if (!isLast) {
      throw new RdbDamaged(["Fatal error: the truncated file is not the last file", where]);
    }
    warning(`!!! Truncating the AOF ${name} at offset ${validTo} !!!`);
    try {
      const file = disk.openAppend(`${dir}/${name}`);
      try {
        file.truncate(validTo);
        file.sync();
      } finally {
        file.close();
      }
    } catch (error) {
      const text = diskErrorText(error);
      throw new RdbDamaged([`Error truncating the AOF file ${name}: ${text}`, where]);
    }
    warning(`AOF ${name} loaded anyway because aof-load-truncated is enabled`);
  }

  private fileEnded({ name, isBase, size, startUs }: Current): void {
    const { clock, notice } = this.parts;
    this.close();
    this.doneBytes += size;
    const seconds = ((clock.monotonicUs() - startUs) / 1e6).toFixed(3);
    notice(`DB loaded from ${isBase ? "base" : "incr"} file ${name}: ${seconds} seconds`);
  }

  private close(): void {
    const { current } = this;
    if (current === null) return;
    this.current = null;
    current.replay.end();
    current.file.close();
  }
}

const NO_READER = new AofReader(new RdbReader(), 0);
