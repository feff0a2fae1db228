/**
 * Saving: a file with everything in it takes the place of the one before, all or nothing. An RDB file, or one of
 * commands.
 *
 *     temp-<pid>.rdb     written, synced, closed
 *     rename             to the file's name, then its directory is synced
 *
 * At every moment a crash leaves the old file or the new one. What fails is a SaveFailed, whose message is the
 * line for the log; the temporary file is removed then.
 */
import type { BlockReader } from "../core/memory/block_reader.ts";
import { dirOf, type Disk, DiskError, diskErrorText, type DiskFile, nameOf } from "./disk.ts";
import { AofFileWriter } from "./aof_file_writer.ts";
import { type RdbContent, RdbFileWriter, type RdbProgress } from "./rdb_writer.ts";

/** Bytes after which what was written is sent to the disk, with rdb-save-incremental-fsync. */
const SYNC_EVERY_BYTES: number = 32 << 20;

export class SaveFailed extends Error {
  override name = "SaveFailed";
}

export interface SaveTarget {
  readonly tempPath: string;
  readonly path: string;
  /** The working directory, for messages. */
  readonly dir: string;
  /** rdb-save-incremental-fsync */
  readonly syncsOnTheWay: boolean;
  /** Whether commands are written rather than RDB. */
  readonly asCommands?: boolean;
  /** Unix time in seconds that stands at the beginning of commands, 0 for none. */
  readonly timestamp?: number;
}

/** Saves everything to the target. Throws SaveFailed, or what the reader or the progress throws. */
export function saveRdb(
  disk: Disk,
  blocks: BlockReader,
  content: RdbContent,
  target: SaveTarget,
  progress: RdbProgress | null,
): void {
  const { tempPath, path, dir } = target;
  const tempName = nameOf(tempPath);
  const file = attempt(
    () => disk.create(tempPath),
    (why) =>
      `Failed opening the temp RDB file ${tempName} (in server root dir ${dir}) for saving: ${why}`,
  );
  try {
    writeFile(file, blocks, content, target, progress);
    attempt(() => disk.rename(tempPath, path), (why) => {
      return `Error moving temp DB file ${tempName} on the final destination ${nameOf(path)} ` +
        `(in server root dir ${dir}): ${why}`;
    });
  } catch (error) {
    removeQuietly(disk, tempPath);
    throw error;
  }
  attempt(() => disk.syncDir(dirOf(path)), (why) => {
    return `Failed to fsync directory while saving DB: ${why}`;
  });
}

/** Removes a file that may not be there. */
export function removeQuietly(disk: Disk, path: string): void {
  try {
    disk.remove(path);
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
  }
}

function writeFile(
  file: DiskFile,
  blocks: BlockReader,
  content: RdbContent,
  target: SaveTarget,
  progress: RdbProgress | null,
): void {
  let unsynced = 0;
  const sink = {
    write(buf: Uint8Array, off: number, len: number): void {
      attempt(() => file.write(buf, off, len), writeError("rdbSaveRio"));
      unsynced += len;
      if (!target.syncsOnTheWay || unsynced < SYNC_EVERY_BYTES) return;
      attempt(() => file.sync(), writeError("rdbSaveRio"));
      unsynced = 0;
    },
  };
  try {
    if (target.asCommands === true) {
      new AofFileWriter(blocks, sink, progress).writeAll(content, target.timestamp ?? 0);
    } else new RdbFileWriter(blocks, sink, progress).writeAll(content);
    attempt(() => file.sync(), writeError("fsync"));
  } catch (error) {
    try {
      file.close();
    } catch {
      // The first error is the one that counts.
    }
    throw error;
  }
  attempt(() => file.close(), writeError("fclose"));
}

function writeError(operation: string): (why: string) => string {
  return (why) => `Write error while saving DB to the disk(${operation}): ${why}`;
}

function attempt<T>(action: () => T, message: (why: string) => string): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    throw new SaveFailed(message(diskErrorText(error)));
  }
}
