/**
 * Reading redis.conf.
 *
 * What: takes a file, standard input and the text made of command line options, one after the
 * other, and hands each line to a sink as a name and arguments. A line is a comment, blank, a
 * setting, or a statement; `include` is carried out here, with the wildcards of the shell.
 *
 * How: the first line that can't be accepted ends the reading, and the result is the text to print:
 * Redis's "FATAL CONFIG FILE ERROR" block, to which the last line adds where the text came from.
 * Lines are counted over the file, standard input and options together, as Redis counts them; an
 * included file counts by itself. Between the command line's options and what comes before them
 * there is one blank line, which is counted too.
 *
 * Limits: includes nest to INCLUDE_DEPTH_MAX, so that a file that includes itself is an error and
 * not a crash. A wildcard without a match includes nothing; a plain name that can't be read is an
 * error.
 */

import { ascii, latin1, utf8, utf8Encode } from "../base/bytes.ts";
import { splitArgs } from "../protocol/split_args.ts";
import type { ConfigHost } from "./config_host.ts";
import { REDIS_VERSION } from "./version.ts";

/** Who is told what the file says. Arguments are byte strings. */
export interface ConfigSink {
  /**
   * One line other than `include`: its name in lower case and its arguments.
   * @returns an error text, or null when the line was carried out.
   */
  line(name: string, args: string[], place: ConfigPlace): string | null;
}

/** Where a line stands. `file` is "" for standard input and the command line. */
export interface ConfigPlace {
  readonly file: string;
  readonly line: number;
}

/** What to read, in this order; later lines win over earlier ones. */
export interface ConfigSources {
  /** A path, in which wildcards are honoured. */
  readonly path?: string | null;
  /** What was read from standard input. */
  readonly stdin?: Uint8Array | null;
  /** Lines made of command line options, as a byte string. */
  readonly overrides?: string;
}

/** How deep includes may nest. */
export const INCLUDE_DEPTH_MAX = 16;

/** The error of a line that is neither a setting nor a statement. */
export const BAD_DIRECTIVE = "Bad directive or wrong number of arguments";

/** The error of a line whose quotes are not closed. */
export const UNBALANCED_QUOTES = "Unbalanced quotes in configuration line";

/** Reads everything; returns null, or the text to print before giving up. */
export function readConfig(
  host: ConfigHost,
  sink: ConfigSink,
  sources: ConfigSources,
): string | null {
  const reader = new ConfigReader(host, sink);
  const pieces: Piece[] = [];
  if (sources.path) {
    const error = reader.filePieces(sources.path, pieces);
    if (error !== null) return error;
  }
  if (sources.stdin) {
    pieces.push({ text: latin1(sources.stdin, 0, sources.stdin.length), origin: "standard input" });
  }
  if (sources.overrides) {
    pieces.push({ text: "\n" + sources.overrides, origin: "the command line" });
  }
  return reader.readPieces(pieces, 0);
}

/** The fatal block; without a place it is about the configuration as a whole. */
export function fatalConfigError(
  error: string,
  place: { line: number; text: string; origin: string } | null,
): string {
  let block = `\n*** FATAL CONFIG FILE ERROR (Redis ${REDIS_VERSION}) ***\n`;
  if (place !== null) {
    block += `Reading the configuration file, at line ${place.line}\n>>> '${place.text}'\n`;
  }
  block += `${error}\n`;
  if (place !== null) block += `The line is from ${place.origin}.\n`;
  const bytes = ascii(block);
  return utf8(bytes, 0, bytes.length);
}

/** The arguments of a line as byte strings; null where its quotes are not balanced. */
export function splitLine(line: string): string[] | null {
  const args = splitArgs(ascii(line), 0, line.length);
  return args === null ? null : args.map((arg) => latin1(arg, 0, arg.length));
}

/** A line without the blanks around it. */
export function trimLine(line: string): string {
  return line.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "");
}

/** A path as it is given to the file system: the byte string decoded. */
export function pathOf(bytes: string): string {
  return utf8(ascii(bytes), 0, bytes.length);
}

/** The byte string of a path or of a command line argument. */
export function bytesOf(path: string): string {
  const bytes = utf8Encode(path);
  return latin1(bytes, 0, bytes.length);
}

/** A text and where it is from, both byte strings. */
interface Piece {
  readonly text: string;
  readonly origin: string;
  readonly file?: string;
}

class ConfigReader {
  readonly #host: ConfigHost;
  readonly #sink: ConfigSink;

  constructor(host: ConfigHost, sink: ConfigSink) {
    this.#host = host;
    this.#sink = sink;
  }

  /** Adds the files that `path` stands for; returns the text of the error, if any. */
  filePieces(path: string, pieces: Piece[]): string | null {
    for (const file of /[*?[]/.test(path) ? this.#host.glob(path) : [path]) {
      const content = this.#host.read(file);
      if (typeof content === "string") {
        return `Fatal error, can't open config file '${file}': ${content}\n`;
      }
      const name = bytesOf(file);
      const text = latin1(content, 0, content.length);
      pieces.push({ text, origin: `file '${name}'`, file: name });
    }
    return null;
  }

  readPieces(pieces: readonly Piece[], depth: number): string | null {
    let line = 0;
    for (const piece of pieces) {
      const lines = piece.text.split("\n");
      if (lines[lines.length - 1] === "") lines.pop();
      for (const raw of lines) {
        line++;
        const error = this.#readLine(trimLine(raw), { file: piece.file ?? "", line }, depth);
        if (error === null) continue;
        // An error inside an included file comes as a block already.
        if (typeof error !== "string") return error.block;
        return fatalConfigError(error, { line, text: trimLine(raw), origin: piece.origin });
      }
    }
    return null;
  }

  #readLine(line: string, place: ConfigPlace, depth: number): string | { block: string } | null {
    if (line === "" || line[0] === "#" || line[0] === "\0") return null;
    const args = splitLine(line);
    if (args === null) return UNBALANCED_QUOTES;
    if (args.length === 0) return null;
    const name = lowerCase(args.shift() as string);
    if (name !== "include") return this.#sink.line(name, args, place);
    if (args.length !== 1) return BAD_DIRECTIVE;
    if (depth === INCLUDE_DEPTH_MAX) return `Includes are nested deeper than ${INCLUDE_DEPTH_MAX}`;
    const pieces: Piece[] = [];
    const error = this.filePieces(pathOf(args[0]), pieces) ?? this.readPieces(pieces, depth + 1);
    return error === null ? null : { block: error };
  }
}

/** Only ASCII letters change: the string may hold any bytes. */
function lowerCase(bytes: string): string {
  return bytes.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
