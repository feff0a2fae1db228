/**
 * Disk: all that persistence asks of a file system, so that tests can give it one that crashes.
 *
 * Nearly everything is synchronous: who saves in the background does so in a worker. What may take long and needn't be
 * waited for is the exception: `syncLater`, `removeLater`. A function that fails throws a DiskError, whose message is
 * strerror's text, because logs and replies show just that. What a crash may undo is what any file system may: bytes
 * since the last sync of the file, and changes of names since the last `syncDir`.
 */

export class DiskError extends Error {
  override name = "DiskError";
  /** "ENOENT" and the like. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export interface DiskFile {
  /** Bytes of the file now. */
  size(): number;
  /** Reads up to `len` bytes at the file's position into `buf` at `off`. Returns how many, 0 at the end. */
  read(buf: Uint8Array, off: number, len: number): number;
  /** Writes all of the bytes at the file's position, or throws having written some. */
  write(buf: Uint8Array, off: number, len: number): void;
  /** Makes what was written outlast a crash. */
  sync(): void;
  /** The same without times and the like: fdatasync. */
  syncData(): void;
  /** `syncData` in the background. The file must stay open until `done` is called, with the error if there is one. */
  syncLater(done: (error: DiskError | null) => void): void;
  /** Cuts the file to `size` bytes; the position then is the end. */
  truncate(size: number): void;
  close(): void;
}

export interface Disk {
  /** Opens an existing file at its beginning. */
  openRead(path: string): DiskFile;
  /** Makes an empty file, in place of one that is there. */
  create(path: string): DiskFile;
  /** Opens a file at its end, made if need be. */
  openAppend(path: string): DiskFile;
  /** Gives a file another name, in place of what has it. */
  rename(from: string, to: string): void;
  remove(path: string): void;
  /** Removes a file, if it is there and can be removed, without making anybody wait. */
  removeLater(path: string): void;
  /** Bytes of a file. */
  size(path: string): number;
  /** Whether there is a file or a directory of that name. */
  exists(path: string): boolean;
  /** The names in a directory. */
  list(dir: string): string[];
  makeDir(dir: string): void;
  /** Makes the names in a directory outlast a crash. */
  syncDir(dir: string): void;
}

/** Whether it is a DiskError that says that there is no such file. */
export function isMissing(error: unknown): boolean {
  return error instanceof DiskError && error.code === "ENOENT";
}

/** Makes a directory that may be there already. */
export function ensureDir(disk: Disk, dir: string): void {
  if (disk.exists(dir)) return;
  try {
    disk.makeDir(dir);
  } catch (error) {
    if (!(error instanceof DiskError) || error.code !== "EEXIST") throw error;
  }
  disk.syncDir(dirOf(dir));
}

/** The text of what was thrown. */
export function diskErrorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The directory of a path, as `syncDir` takes it. */
export function dirOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "." : path.slice(0, slash) || "/";
}

/** The name of the file of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
