/**
 * The manifest: which files the append-only file consists of, in which order.
 *
 *     file appendonly.aof.2.base.rdb seq 2 type b      the data set at one moment, at most one
 *     file appendonly.aof.1.incr.aof seq 1 type h      history: no longer needed, to be deleted
 *     file appendonly.aof.3.incr.aof seq 3 type i      what changed since, in this order; the last one is written to
 *
 * A manifest is changed by making another one and writing that to disk, which takes the place of the old one as
 * a whole (temporary file, fsync, rename, fsync of the directory). Only then is it in force.
 *
 * Names with blanks and the like are quoted, as in redis.conf. Pairs of words that nobody knows are
 * passed over, so that later versions can add some. The format and its limits are those of Redis 7.
 */
import { ascii, latin1 } from "../core/base/bytes.ts";
import { splitArgs } from "../core/protocol/split_args.ts";
import { type Disk, DiskError, diskErrorText, isMissing } from "./disk.ts";

/** A file that the manifest names. */
export interface AofFile {
  readonly name: string;
  readonly seq: number;
}

/** The manifest can't be read or written; `lines` are for the log. */
export class ManifestFailed extends Error {
  override name = "ManifestFailed";
  readonly lines: readonly string[];

  constructor(lines: readonly string[]) {
    super(lines.join(" "));
    this.lines = lines;
  }
}

/** Longest line, its end included. */
const LINE_LEN_MAX = 1024;
const INVALID = "Invalid AOF manifest file format";
const NEEDS_QUOTES = /[^\x21-\x7e]|["\\]/;
const ESCAPES: Readonly<Record<string, string>> = {
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\x07": "\\a",
  "\b": "\\b",
  '"': '\\"',
  "\\": "\\\\",
};

export class AofManifest {
  base: AofFile | null = null;
  history: AofFile[] = [];
  incrs: AofFile[] = [];
  /** The highest numbers so far. */
  baseSeq = 0;
  incrSeq = 0;

  copy(): AofManifest {
    const copy = new AofManifest();
    copy.base = this.base;
    copy.history = this.history.slice();
    copy.incrs = this.incrs.slice();
    copy.baseSeq = this.baseSeq;
    copy.incrSeq = this.incrSeq;
    return copy;
  }

  /** Whether it names nothing that is to be loaded. */
  get isEmpty(): boolean {
    return this.base === null && this.incrs.length === 0;
  }

  /** What is to be loaded, in order. */
  get files(): AofFile[] {
    return this.base === null ? this.incrs.slice() : [this.base, ...this.incrs];
  }

  /** Adds a file for what changes from now on. Returns its name. */
  addIncr(fileName: string): string {
    const name = `${fileName}.${++this.incrSeq}.incr.aof`;
    this.incrs.push({ name, seq: this.incrSeq });
    return name;
  }

  /** Puts a new base in the place of the old one, which becomes history. Returns its name. */
  replaceBase(fileName: string, isRdb: boolean): string {
    if (this.base !== null) this.history.unshift(this.base);
    const name = `${fileName}.${++this.baseSeq}.base.${isRdb ? "rdb" : "aof"}`;
    this.base = { name, seq: this.baseSeq };
    return name;
  }

  /** All incremental files but the last `kept` become history. */
  retireIncrs(kept: number): void {
    const retired = this.incrs.splice(0, this.incrs.length - kept);
    this.history.unshift(...retired.reverse());
  }

  format(): string {
    const base = this.base === null ? [] : [lineOf(this.base, "b")];
    const history = this.history.map((file) => lineOf(file, "h"));
    return [...base, ...history, ...this.incrs.map((file) => lineOf(file, "i"))].join("");
  }

  /** Reads one. Throws ManifestFailed. */
  static parse(text: string): AofManifest {
    const manifest = new AofManifest();
    if (text === "") throw unreadable(0, "", "Found an empty AOF manifest");
    let number = 0;
    for (let at = 0; at < text.length;) {
      number++;
      const lf = text.indexOf("\n", at);
      const end = Math.min(lf < 0 ? text.length : lf + 1, at + LINE_LEN_MAX);
      const line = text.slice(at, end);
      at = end;
      if (line.startsWith("#")) continue;
      if (!line.endsWith("\n")) {
        throw unreadable(0, "", "The AOF manifest file contains too long line");
      }
      const trimmed = line.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "");
      const error = manifest.addLine(trimmed);
      if (error !== null) throw unreadable(number, trimmed, error);
    }
    return manifest;
  }

  /** Adds what a line says. Returns what is wrong with it. */
  private addLine(line: string): string | null {
    const words = splitArgs(ascii(line), 0, line.length)?.map((word) => {
      return latin1(word, 0, word.length);
    });
    if (words === undefined || words.length < 6 || words.length % 2 !== 0) return INVALID;
    let name = "";
    let seq = 0;
    let type = "";
    for (let i = 0; i < words.length; i += 2) {
      const value = words[i + 1];
      const key = words[i].toLowerCase();
      if (key === "file") {
        name = value;
        if (/[/\\]/.test(name)) return "File can't be a path, just a filename";
      } else if (key === "seq") seq = Number.parseInt(value, 10) || 0;
      else if (key === "type") type = value.slice(0, 1);
    }
    if (name === "" || seq === 0 || type === "") return INVALID;
    return this.add({ name, seq }, type);
  }

  private add(file: AofFile, type: string): string | null {
    if (type === "h") this.history.push(file);
    else if (type === "b") {
      if (this.base !== null) return "Found duplicate base file information";
      this.base = file;
      this.baseSeq = file.seq;
    } else if (type === "i") {
      if (file.seq <= this.incrSeq) return "Found a non-monotonic sequence number";
      this.incrs.push(file);
      this.incrSeq = file.seq;
    } else return "Unknown AOF file type";
    return null;
  }
}

/** Reads the manifest of the files called `fileName`; null when there is none. Throws ManifestFailed. */
export function loadManifest(disk: Disk, dir: string, fileName: string): AofManifest | null {
  const path = `${dir}/${fileName}.manifest`;
  let text = "";
  try {
    const file = disk.openRead(path);
    try {
      const bytes = new Uint8Array(file.size());
      const len = file.read(bytes, 0, bytes.length);
      text = latin1(bytes, 0, len);
    } finally {
      file.close();
    }
  } catch (error) {
    if (isMissing(error)) return null;
    throw new ManifestFailed([
      `Fatal error: can't open the AOF manifest file ${path} for reading: ${diskErrorText(error)}`,
    ]);
  }
  return AofManifest.parse(text);
}

/** Puts a manifest in force. Throws ManifestFailed; the old one is in force then, or perhaps the new one. */
export function storeManifest(
  disk: Disk,
  dir: string,
  fileName: string,
  manifest: AofManifest,
): void {
  const name = `${fileName}.manifest`;
  const temp = `temp-${name}`;
  const bytes = ascii(manifest.format());
  attempt(`Can't open the AOF manifest file ${temp}: `, () => {
    const file = disk.create(`${dir}/${temp}`);
    try {
      attempt(`Error trying to write the temporary AOF manifest file ${temp}: `, () => {
        file.write(bytes, 0, bytes.length);
      });
      attempt(`Fail to fsync the temp AOF file ${temp}: `, () => file.sync());
    } finally {
      file.close();
    }
  });
  attempt(`Error trying to rename the temporary AOF manifest file ${temp} into ${name}: `, () => {
    disk.rename(`${dir}/${temp}`, `${dir}/${name}`);
  });
  attempt(`Fail to fsync AOF directory ${dir}: `, () => disk.syncDir(dir));
}

function attempt(text: string, action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    throw new ManifestFailed([text + error.message]);
  }
}

function unreadable(number: number, line: string, error: string): ManifestFailed {
  const where = number === 0
    ? []
    : [`Reading the manifest file, at line ${number}`, `>>> '${line}'`];
  return new ManifestFailed(["*** FATAL AOF MANIFEST FILE ERROR ***", ...where, error]);
}

function lineOf({ name, seq }: AofFile, type: string): string {
  return `file ${NEEDS_QUOTES.test(name) ? quoted(name) : name} seq ${seq} type ${type}\n`;
}

function quoted(name: string): string {
  const escaped = name.replace(/[^\x20-\x7e]|["\\]/g, (char) => {
    return ESCAPES[char] ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
  return `"${escaped}"`;
}
