/**
 * The disk of the machine. Relative paths are relative to the working directory, which is the directive `dir`.
 */
import * as fs from "node:fs";
import { type Disk, DiskError, type DiskFile } from "./disk.ts";

const FILE_MODE = 0o644;
const DIR_MODE = 0o755;

/** What strerror says, for the errors that are to be expected of files. */
const TEXTS: Readonly<Record<string, string>> = {
  EACCES: "Permission denied",
  EBADF: "Bad file descriptor",
  EBUSY: "Device or resource busy",
  EDQUOT: "Disk quota exceeded",
  EEXIST: "File exists",
  EFBIG: "File too large",
  EINVAL: "Invalid argument",
  EIO: "Input/output error",
  EISDIR: "Is a directory",
  ELOOP: "Too many levels of symbolic links",
  EMFILE: "Too many open files",
  ENAMETOOLONG: "File name too long",
  ENFILE: "Too many open files in system",
  ENOENT: "No such file or directory",
  ENOSPC: "No space left on device",
  ENOTDIR: "Not a directory",
  ENOTEMPTY: "Directory not empty",
  EPERM: "Operation not permitted",
  EROFS: "Read-only file system",
  EXDEV: "Invalid cross-device link",
};

/** What follows strerror's text where Deno knows no code for an error, EFBIG for one. */
const RUST_SUFFIX = / \(os error \d+\)$/;

class RealFile implements DiskFile {
  private readonly fd: number;

  constructor(fd: number) {
    this.fd = fd;
  }

  size(): number {
    return attempt(() => fs.fstatSync(this.fd).size);
  }

  read(buf: Uint8Array, off: number, len: number): number {
    return attempt(() => fs.readSync(this.fd, buf, off, len, null));
  }

  write(buf: Uint8Array, off: number, len: number): void {
    attempt(() => {
      for (let done = 0; done < len;) {
        const wrote = fs.writeSync(this.fd, buf, off + done, len - done);
        if (wrote === 0) throw new DiskError("EIO", TEXTS.EIO);
        done += wrote;
      }
    });
  }

  sync(): void {
    attempt(() => fs.fsyncSync(this.fd));
  }

  syncData(): void {
    attempt(() => fs.fdatasyncSync(this.fd));
  }

  syncLater(done: (error: DiskError | null) => void): void {
    fs.fdatasync(this.fd, (error) => done(error === null ? null : asDiskError(error)));
  }

  truncate(size: number): void {
    attempt(() => fs.ftruncateSync(this.fd, size));
  }

  close(): void {
    attempt(() => fs.closeSync(this.fd));
  }
}

export const realDisk: Disk = {
  openRead: (path) => open(path, "r"),
  create: (path) => open(path, "w"),
  openAppend: (path) => open(path, "a"),
  rename: (from, to) => attempt(() => fs.renameSync(from, to)),
  remove: (path) => attempt(() => fs.unlinkSync(path)),
  removeLater: (path) => fs.unlink(path, () => {}),
  size: (path) => attempt(() => fs.statSync(path).size),
  exists: (path) => fs.existsSync(path),
  list: (dir) => attempt(() => fs.readdirSync(dir)),
  makeDir: (dir) => attempt(() => fs.mkdirSync(dir, { mode: DIR_MODE })),
  syncDir: (dir) => {
    const file = open(dir, "r");
    try {
      file.sync();
    } catch (error) {
      // Some file systems can't, and need not.
      if (!(error instanceof DiskError) || !/^E(INVAL|BADF|ISDIR|PERM)$/.test(error.code)) {
        throw error;
      }
    } finally {
      file.close();
    }
  },
};

function open(path: string, flags: string): DiskFile {
  return new RealFile(attempt(() => fs.openSync(path, flags, FILE_MODE)));
}

function attempt<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw asDiskError(error);
  }
}

function asDiskError(error: unknown): DiskError {
  if (error instanceof DiskError) return error;
  const { code, message } = error as { code?: string; message?: string };
  const text = TEXTS[code ?? ""] ?? message ?? String(error);
  return new DiskError(code ?? "", text.replace(RUST_SUFFIX, ""));
}
