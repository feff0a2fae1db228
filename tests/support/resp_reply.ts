/**
 * RESP replies as a client sees them: where one ends, and what it says.
 *
 * Written without a look at core/protocol, so that one mistake is not made on both sides. Strings
 * here are binary strings, one character per byte (latin1): what a server sent is kept to the byte
 * and can be written in a test as an ordinary literal.
 *
 *     line       + simple   - error   : integer   , double   # boolean   ( big number   _ null
 *     counted    $ bulk     ! bulk error   = verbatim            then that many bytes and CR LF
 *     aggregate  * array    ~ set     > push   % map (pairs)     then that many replies
 *     attribute  | pairs, in front of the reply they belong to
 *
 * A count of -1 is RESP2's null. Streamed strings and aggregates (`$?`) are refused: Redis sends none.
 */

import { Buffer } from "node:buffer";

const CR = 0x0d;
const LF = 0x0a;

/** An error reply; a value, not an exception, because tests mostly expect it. */
export class ReplyError {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

/** An out-of-band message of RESP3. */
export class Push {
  readonly items: Reply[];
  constructor(items: Reply[]) {
    this.items = items;
  }
}

/** A reply's value. Integers above 2^53 and big numbers are bigints; verbatim strings lose `txt:`. */
export type Reply =
  | string
  | number
  | bigint
  | boolean
  | null
  | ReplyError
  | Push
  | Reply[]
  | Set<Reply>
  | Map<Reply, Reply>;

/**
 * Finds the end of a reply that arrives in pieces. It remembers how far it got, so every byte is
 * looked at about once however small the pieces are.
 */
export class ReplyScanner {
  #at = 0;
  #missing = 1;

  /** Forgets the reply before; the next `scan` starts a new one. */
  reset(): void {
    this.#at = 0;
    this.#missing = 1;
  }

  /**
   * Length in bytes of the reply that starts at `off`, or -1 while it is incomplete.
   *
   * @param buf what has arrived, nothing behind it
   * @param off start of the reply; the same reply at every call until `reset`
   */
  scan(buf: Uint8Array, off: number): number {
    while (this.#missing > 0) {
      const next = this.#element(buf, off + this.#at);
      if (next < 0) return -1;
      this.#at = next - off;
    }
    return this.#at;
  }

  /** Counts the element at `at` off; returns where the next one starts, or -1 if it is not whole. */
  #element(buf: Uint8Array, at: number): number {
    const eol = endOfLine(buf, at);
    if (eol < 0) return -1;
    const type = String.fromCharCode(buf[at]);
    let next = eol + 2;
    if ("+-:,#(_".includes(type)) {
      this.#missing--;
      return next;
    }
    const count = parseCount(buf, at, eol);
    const items = Math.max(0, count);
    if ("$!=".includes(type)) {
      if (count >= 0) next += count + 2;
      if (next > buf.length) return -1;
      this.#missing--;
    } else if ("*~>".includes(type)) this.#missing += items - 1;
    else if (type === "%") this.#missing += items * 2 - 1;
    else if (type === "|") this.#missing += items * 2;
    else throw notReply(buf, at, eol);
    return next;
  }
}

/** How many whole replies a binary string holds. Throws when something is left over. */
export function countReplies(text: string): number {
  const bytes = toBytes(text);
  const scanner = new ReplyScanner();
  let count = 0;
  for (let off = 0; off < bytes.length; count++) {
    scanner.reset();
    const len = scanner.scan(bytes, off);
    if (len < 0) throw new Error(`not a whole reply: ${escapeBytes(text)}`);
    off += len;
  }
  return count;
}

/** The value of one whole reply. */
export function decodeReply(bytes: Uint8Array): Reply {
  return new Decoder(bytes).next();
}

/** A binary string of some bytes. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}

/** The bytes of a binary string. Throws at a character that is no byte; see `utf8`. */
export function toBytes(text: string): Uint8Array {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0xff) {
      throw new Error(`character ${i} of ${JSON.stringify(text)} is not a byte; wrap it in utf8()`);
    }
  }
  return Buffer.from(text, "latin1");
}

/** The binary string with the UTF-8 bytes of a text. */
export function utf8(text: string): string {
  return latin1(new TextEncoder().encode(text));
}

/** A binary string as it would be typed: printable ASCII as it is, the rest as escapes. */
export function escapeBytes(text: string): string {
  let out = "";
  for (const char of text) {
    const code = char.charCodeAt(0);
    if (char === "\r") out += "\\r";
    else if (char === "\n") out += "\\n";
    else if (char === '"' || char === "\\") out += `\\${char}`;
    else if (code < 0x20 || code > 0x7e) out += `\\x${code.toString(16).padStart(2, "0")}`;
    else out += char;
  }
  return `"${out}"`;
}

class Decoder {
  #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  next(): Reply {
    const start = this.#at;
    const eol = endOfLine(this.#bytes, start);
    if (eol < 0) throw new Error("the reply is not whole");
    this.#at = eol + 2;
    const type = String.fromCharCode(this.#bytes[start]);
    const line = latin1(this.#bytes.subarray(start + 1, eol));
    switch (type) {
      case "+":
        return line;
      case "-":
        return new ReplyError(line);
      case ":":
      case "(":
        return integer(line);
      case ",":
        return double(line);
      case "#":
        return line === "t";
      case "_":
        return null;
      default:
        return this.#counted(type, parseCount(this.#bytes, start, eol));
    }
  }

  #counted(type: string, count: number): Reply {
    if (count < 0) return null;
    switch (type) {
      case "$":
        return this.#text(count);
      case "!":
        return new ReplyError(this.#text(count));
      case "=":
        return this.#text(count).slice(4);
      case "*":
        return this.#items(count);
      case "~":
        return new Set(this.#items(count));
      case ">":
        return new Push(this.#items(count));
      case "%":
        return this.#pairs(count);
      case "|":
        this.#pairs(count);
        return this.next();
      default:
        throw new Error(`not a RESP type: ${escapeBytes(type)}`);
    }
  }

  #text(len: number): string {
    const text = latin1(this.#bytes.subarray(this.#at, this.#at + len));
    this.#at += len + 2;
    return text;
  }

  #items(count: number): Reply[] {
    const items: Reply[] = [];
    for (let i = 0; i < count; i++) items.push(this.next());
    return items;
  }

  #pairs(count: number): Map<Reply, Reply> {
    const pairs = new Map<Reply, Reply>();
    for (let i = 0; i < count; i++) {
      const key = this.next();
      pairs.set(key, this.next());
    }
    return pairs;
  }
}

function integer(text: string): number | bigint {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : BigInt(text);
}

function double(text: string): number {
  if (text === "inf") return Infinity;
  if (text === "-inf") return -Infinity;
  return Number(text);
}

function parseCount(buf: Uint8Array, at: number, eol: number): number {
  const text = latin1(buf.subarray(at + 1, eol));
  if (!/^(?:-1|\d+)$/.test(text)) throw notReply(buf, at, eol);
  return Number(text);
}

function notReply(buf: Uint8Array, at: number, eol: number): Error {
  return new Error(`not a RESP reply: ${escapeBytes(latin1(buf.subarray(at, eol)))}`);
}

/** Where the CR of the line's end is, or -1 when it has not arrived. */
function endOfLine(buf: Uint8Array, at: number): number {
  for (let eol = buf.indexOf(CR, at); eol >= 0; eol = buf.indexOf(CR, eol + 1)) {
    if (buf[eol + 1] === LF) return eol;
  }
  return -1;
}
