/**
 * What the configuration needs of the machine: files and the working directory.
 *
 * What: an interface, so that tests and embedders can give the configuration a world of their own,
 * and its real implementation. Errors are texts as strerror gives them, since they end up in
 * replies (`CONFIG SET dir`) where Redis shows just that.
 *
 * Paths are ordinary strings here, not byte strings.
 */

import * as fs from "node:fs";
import process from "node:process";
import { globMatch } from "../base/glob.ts";

/** The world around a configuration. Errors are texts; null means success. */
export interface ConfigHost {
  /** The working directory. */
  cwd(): string;
  /** Changes the working directory. */
  chdir(path: string): string | null;
  /** The content of a file, or the text of the error. */
  read(path: string): Uint8Array | string;
  /** The paths that match a pattern, in order; none is not an error. */
  glob(pattern: string): string[];
  /** Whether a file can be appended to; it is created if need be. */
  checkAppendable(path: string): string | null;
  /** Puts a file with this content in the place of what is at `path`, all or nothing. */
  replace(path: string, content: Uint8Array): string | null;
}

/** The error text of a file that doesn't exist. */
export const NO_SUCH_FILE = "No such file or directory";

/** The process's own file system and working directory. */
export const processHost: ConfigHost = {
  cwd: () => process.cwd(),
  chdir: (path) => {
    // Neither runtime passes an empty path on to the system, which would refuse it like this.
    if (path === "") return NO_SUCH_FILE;
    return attempt(() => process.chdir(path));
  },
  read: (path) => {
    try {
      return fs.readFileSync(path);
    } catch (error) {
      return errorText(error);
    }
  },
  glob: globPaths,
  checkAppendable: (path) => attempt(() => fs.closeSync(fs.openSync(path, "a"))),
  replace: (path, content) => attempt(() => replaceFile(path, content)),
};

/** What strerror says about the error of a system call. */
export function errorText(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  return errorTexts[code ?? ""] ?? message ?? String(error);
}

const errorTexts: Readonly<Record<string, string>> = {
  EACCES: "Permission denied",
  EBUSY: "Device or resource busy",
  EEXIST: "File exists",
  EINVAL: "Invalid argument",
  EIO: "Input/output error",
  EISDIR: "Is a directory",
  ELOOP: "Too many levels of symbolic links",
  EMFILE: "Too many open files",
  ENAMETOOLONG: "File name too long",
  ENFILE: "Too many open files in system",
  ENOENT: NO_SUCH_FILE,
  ENOSPC: "No space left on device",
  ENOTDIR: "Not a directory",
  EPERM: "Operation not permitted",
  EROFS: "Read-only file system",
  ETXTBSY: "Text file busy",
};

function attempt(action: () => void): string | null {
  try {
    action();
    return null;
  } catch (error) {
    return errorText(error);
  }
}

/** A reader sees either file whole; after a power cut too, hence the two syncs. */
function replaceFile(path: string, content: Uint8Array): void {
  const temporary = `${path}.${process.pid}.tmp`;
  // In a container the id is always the same, so a crash may have left one behind.
  fs.rmSync(temporary, { force: true });
  const fd = fs.openSync(temporary, "wx", 0o644);
  try {
    try {
      for (let at = 0; at < content.length;) at += fs.writeSync(fd, content, at);
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
    fs.renameSync(temporary, path);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
  const slash = path.lastIndexOf("/");
  const dir = fs.openSync(slash < 0 ? "." : path.slice(0, slash) || "/", "r");
  try {
    fs.fsyncSync(dir);
  } finally {
    fs.closeSync(dir);
  }
}

/**
 * Paths that match, as the shell would list them: `*` and `?` don't match a slash, and a leading
 * dot has to be written out.
 */
function globPaths(pattern: string): string[] {
  const absolute = pattern.startsWith("/");
  let found = [absolute ? "/" : ""];
  for (const segment of pattern.split("/").filter((part) => part !== "")) {
    const next: string[] = [];
    for (const parent of found) {
      for (const name of /[*?[]/.test(segment) ? namesIn(parent, segment) : [segment]) {
        const path = parent === "" || parent.endsWith("/") ? parent + name : `${parent}/${name}`;
        if (fs.existsSync(path)) next.push(path);
      }
    }
    found = next;
  }
  return found.filter((path) => path !== "");
}

/** The entries of a directory that match one segment, in the order of their bytes. */
function namesIn(parent: string, segment: string): string[] {
  // The shell negates a class with an exclamation mark, globMatch with a caret.
  const pattern = new TextEncoder().encode(segment.replaceAll("[!", "[^"));
  let names: string[];
  try {
    names = fs.readdirSync(parent === "" ? "." : parent);
  } catch {
    return [];
  }
  return names.filter((name) => {
    if (name.startsWith(".") && !segment.startsWith(".")) return false;
    const bytes = new TextEncoder().encode(name);
    return globMatch(pattern, 0, pattern.length, bytes, 0, bytes.length, false);
  }).sort();
}
