/**
 * The first line of a script or of a library, which says what it is:
 *
 *     #!lua flags=no-writes,allow-stale          a script for EVAL; without such a line it is of the old kind
 *     #!lua name=mylib                           a library for FUNCTION LOAD, which needs one
 *
 * What follows keeps the line's end, so that line numbers are those of the whole text.
 */
import { ascii, latin1 } from "../base/bytes.ts";
import { splitArgs } from "../protocol/split_args.ts";

// What a script or a function declares of itself.
export const NO_WRITES = 1 << 0;
export const ALLOW_OOM = 1 << 1;
export const ALLOW_STALE = 1 << 2;
// Bits 3 and 4 are those of the last two names below, which mean something to a cluster only.
/** A script without a first line of that kind: it may do what EVAL always could. */
export const COMPATIBLE = 1 << 5;

/** Names of the flags, by bit. */
export const FLAG_NAMES: readonly string[] = [
  "no-writes",
  "allow-oom",
  "allow-stale",
  "no-cluster",
  "allow-cross-slot-keys",
];

/** What a first line says. `error` is empty if it is good. */
interface Shebang {
  error: string;
  flags: number;
  /** Of a library. */
  name: string;
  engine: string;
  /** Where the code begins, which is at the line's end. */
  start: number;
}

/** Reads the first line of a script. */
export function scriptShebang(text: string): Shebang {
  const shebang: Shebang = { error: "", flags: COMPATIBLE, name: "", engine: "", start: 0 };
  if (!text.startsWith("#!")) return shebang;
  shebang.flags = 0;
  const end = lineEnd(text);
  if (end < 0) return failed(shebang, "Invalid script shebang");
  shebang.start = end;
  const parts = partsOf(text.slice(0, end));
  if (parts === null) return failed(shebang, "Invalid engine in script shebang");
  if (parts[0] !== "#!lua") {
    return failed(shebang, `Unexpected engine in script shebang: ${parts[0]}`);
  }
  for (const part of parts.slice(1)) {
    if (!part.startsWith("flags=")) {
      return failed(shebang, `Unknown lua shebang option: ${part}`);
    }
    const names = part.slice(6);
    for (const name of names === "" ? [] : names.split(",")) {
      const bit = FLAG_NAMES.indexOf(name);
      if (bit < 0) return failed(shebang, `Unexpected flag in script shebang: ${name}`);
      shebang.flags |= 1 << bit;
    }
  }
  return shebang;
}

/** Reads the first line of a library. */
export function libraryShebang(text: string): Shebang {
  const shebang: Shebang = { error: "", flags: 0, name: "", engine: "", start: 0 };
  if (!text.startsWith("#!")) return failed(shebang, "Missing library metadata");
  const end = lineEnd(text);
  const parts = end < 0 ? null : partsOf(text.slice(0, end));
  if (parts === null) return failed(shebang, "Invalid library metadata");
  shebang.start = end;
  shebang.engine = parts[0].slice(2);
  let hasName = false;
  for (const part of parts.slice(1)) {
    if (!/^name=/i.test(part)) return failed(shebang, `Invalid metadata value given: ${part}`);
    if (hasName) {
      return failed(shebang, "Invalid metadata value, name argument was given multiple times");
    }
    hasName = true;
    shebang.name = part.slice(5);
  }
  return hasName ? shebang : failed(shebang, "Library name was not given");
}

function failed(shebang: Shebang, error: string): Shebang {
  shebang.error = error;
  return shebang;
}

/** The first line's end; C's functions see nothing behind a zero byte. */
function lineEnd(text: string): number {
  const end = text.indexOf("\n");
  const nul = text.indexOf("\0");
  return nul >= 0 && nul < end ? -1 : end;
}

/** The words of a line, or null if it has none or its quotes don't match. */
function partsOf(line: string): string[] | null {
  const bytes = ascii(line);
  const parts = splitArgs(bytes, 0, bytes.length);
  if (parts === null || parts.length === 0) return null;
  return parts.map((part) => latin1(part, 0, part.length));
}
