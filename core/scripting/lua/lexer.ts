/**
 * Lexer: the bytes of a chunk to tokens.
 *
 * A token's kind is a string: an operator or a reserved word stands for itself, and there are
 * `<name>`, `<string>`, `<number>` and `<eof>`. The parser sees one token and, where a table
 * constructor needs it, one more. Errors name the token they stumbled over as Lua 5.1 does.
 *
 * The source has one char per byte; letters are those of ASCII.
 */

import { isSpace, parseNumber } from "./numbers.ts";
import { LuaError } from "./value.ts";

const RESERVED: ReadonlySet<string> = new Set(
  ("and break do else elseif end false for function if in local nil not or repeat return then " +
    "true until while").split(" "),
);

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ["a", "\x07"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["v", "\v"],
]);

const NEWLINE = 10;
const RETURN = 13;

/** The token that was read last. */
export class Lexer {
  /** Kind of the current token. */
  kind = "";
  /** The name, or the string's bytes. */
  text = "";
  /** The number. */
  number = 0;
  /** Line of the current token's end. */
  line = 1;
  /** Line of the token before it. */
  lastLine = 1;

  private readonly source: string;
  private readonly name: string;
  private pos = 0;
  private lineAhead = 1;
  private hasAhead = false;
  private aheadKind = "";
  private aheadText = "";
  private aheadNumber = 0;
  /** The current token as it stands in the source, for errors. */
  private raw = "";

  /** `name` is the chunk's, as errors show it. */
  constructor(source: string, name: string) {
    this.source = source;
    this.name = name;
  }

  /** Goes to the next token. */
  next(): void {
    this.lastLine = this.line;
    if (this.hasAhead) {
      this.hasAhead = false;
      this.kind = this.aheadKind;
      this.text = this.aheadText;
      this.number = this.aheadNumber;
      this.line = this.lineAhead;
      return;
    }
    this.read();
    this.line = this.lineAhead;
  }

  /** The kind of the token after the current one. */
  peek(): string {
    if (!this.hasAhead) {
      const { kind, text, number } = this;
      this.read();
      this.aheadKind = this.kind;
      this.aheadText = this.text;
      this.aheadNumber = this.number;
      this.hasAhead = true;
      this.kind = kind;
      this.text = text;
      this.number = number;
    }
    return this.aheadKind;
  }

  /** An error near the current token. */
  errorNear(message: string): LuaError {
    return this.error(`${message} near '${this.shown()}'`, this.line);
  }

  /** An error of the chunk at a line. */
  error(message: string, line: number): LuaError {
    return new LuaError(`${this.name}:${line}: ${message}`);
  }

  /** The current token as errors show it. */
  private shown(): string {
    const { kind } = this;
    if (kind === "<name>" || kind === "<string>" || kind === "<number>") return cString(this.raw);
    if (kind.length === 1 && kind.charCodeAt(0) < 32) return `char(${kind.charCodeAt(0)})`;
    if (kind === "\x7f") return "char(127)";
    return kind;
  }

  private errorAt(message: string, near: string): LuaError {
    return this.error(`${message} near '${cString(near)}'`, this.lineAhead);
  }

  private read(): void {
    const { source } = this;
    for (;;) {
      if (this.pos >= source.length) {
        this.kind = "<eof>";
        return;
      }
      const c = source.charCodeAt(this.pos);
      if (c === NEWLINE || c === RETURN) this.skipNewline();
      else if (isSpace(c)) this.pos++;
      else if (c === 45 && source.charCodeAt(this.pos + 1) === 45) this.skipComment();
      else break;
    }
    const c = source.charCodeAt(this.pos);
    if (isLetter(c)) this.readName();
    else if (isDigit(c)) this.readNumber(this.pos);
    else if (c === 34 || c === 39) this.readString(c);
    else this.readOperator(source[this.pos]);
  }

  private readName(): void {
    const start = this.pos;
    while (isLetter(this.source.charCodeAt(this.pos)) || isDigit(this.codeHere())) this.pos++;
    const text = this.source.slice(start, this.pos);
    this.text = text;
    this.raw = text;
    this.kind = RESERVED.has(text) ? text : "<name>";
  }

  private readNumber(start: number): void {
    while (isDigit(this.codeHere()) || this.codeHere() === 46) this.pos++;
    if ((this.codeHere() | 32) === 101) {
      this.pos++;
      if (this.codeHere() === 43 || this.codeHere() === 45) this.pos++;
    }
    while (isLetter(this.codeHere()) || isDigit(this.codeHere())) this.pos++;
    const text = this.source.slice(start, this.pos);
    const v = parseNumber(text);
    if (v === undefined) throw this.errorAt("malformed number", text);
    this.kind = "<number>";
    this.raw = text;
    this.number = v;
  }

  private readOperator(c: string): void {
    const { source } = this;
    const d = source[this.pos + 1];
    if (c === "[") {
      const sep = this.separator(this.pos);
      if (sep >= 0) {
        this.readLongString(sep, true);
        return;
      }
      if (sep < -1) throw this.errorAt("invalid long string delimiter", "[" + "=".repeat(-sep - 1));
    } else if (c === ".") {
      if (isDigit(source.charCodeAt(this.pos + 1))) {
        this.readNumber(this.pos++);
        return;
      }
      if (d === ".") c = source[this.pos + 2] === "." ? "..." : "..";
    } else if (d === "=" && (c === "=" || c === "<" || c === ">" || c === "~")) {
      c += "=";
    }
    this.pos += c.length;
    this.kind = c;
  }

  private readString(quote: number): void {
    const { source } = this;
    let out = "";
    let start = ++this.pos;
    for (;;) {
      const c = source.charCodeAt(this.pos);
      if (this.pos >= source.length) throw this.errorAt("unfinished string", "<eof>");
      if (c === quote) break;
      if (c === NEWLINE || c === RETURN) {
        const raw = String.fromCharCode(quote) + out + source.slice(start, this.pos);
        throw this.errorAt("unfinished string", raw);
      }
      if (c !== 92) {
        this.pos++;
        continue;
      }
      out += source.slice(start, this.pos);
      this.pos++;
      out += this.readEscape(quote, out);
      start = this.pos;
    }
    out += source.slice(start, this.pos);
    this.pos++;
    this.kind = "<string>";
    this.text = out;
    const q = String.fromCharCode(quote);
    this.raw = q + out + q;
  }

  private readEscape(quote: number, before: string): string {
    const { source } = this;
    if (this.pos >= source.length) return "";
    const c = source[this.pos];
    const known = ESCAPES.get(c);
    if (known !== undefined) {
      this.pos++;
      return known;
    }
    if (c === "\n" || c === "\r") {
      this.skipNewline();
      return "\n";
    }
    if (!isDigit(source.charCodeAt(this.pos))) {
      this.pos++;
      return c;
    }
    let value = 0;
    for (let i = 0; i < 3 && isDigit(this.codeHere()); i++) {
      value = 10 * value + this.codeHere() - 48;
      this.pos++;
    }
    if (value > 255) {
      throw this.errorAt("escape sequence too large", String.fromCharCode(quote) + before);
    }
    return String.fromCharCode(value);
  }

  /** How many `=` a long bracket at `pos` has; -1 minus that where it is none. */
  private separator(pos: number): number {
    const bracket = this.source[pos];
    let count = 0;
    while (this.source[pos + 1 + count] === "=") count++;
    return this.source[pos + 1 + count] === bracket ? count : -count - 1;
  }

  private readLongString(sep: number, isString: boolean): void {
    const { source } = this;
    const open = this.pos;
    this.pos += sep + 2;
    if (this.codeHere() === NEWLINE || this.codeHere() === RETURN) this.skipNewline();
    let out = "";
    let start = this.pos;
    for (;;) {
      const c = this.codeHere();
      if (this.pos >= source.length) {
        throw this.errorAt(`unfinished long ${isString ? "string" : "comment"}`, "<eof>");
      }
      if (c === 93 && this.separator(this.pos) === sep) break;
      if (c === 91 && sep === 0 && this.separator(this.pos) === 0) {
        throw this.errorAt("nesting of [[...]] is deprecated", "[");
      }
      if (c === NEWLINE || c === RETURN) {
        out += source.slice(start, this.pos) + "\n";
        this.skipNewline();
        start = this.pos;
      } else this.pos++;
    }
    out += source.slice(start, this.pos);
    this.pos += sep + 2;
    if (!isString) return;
    this.kind = "<string>";
    this.text = out;
    this.raw = source.slice(open, this.pos);
  }

  private skipComment(): void {
    this.pos += 2;
    if (this.codeHere() === 91) {
      const sep = this.separator(this.pos);
      if (sep >= 0) {
        this.readLongString(sep, false);
        return;
      }
    }
    this.skipLine();
  }

  private skipLine(): void {
    for (; this.pos < this.source.length; this.pos++) {
      const c = this.codeHere();
      if (c === NEWLINE || c === RETURN) return;
    }
  }

  /** Skips \n, \r, \r\n or \n\r: one line each. */
  private skipNewline(): void {
    const first = this.codeHere();
    this.pos++;
    const second = this.codeHere();
    if ((second === NEWLINE || second === RETURN) && second !== first) this.pos++;
    this.lineAhead++;
  }

  private codeHere(): number {
    return this.source.charCodeAt(this.pos);
  }
}

function isLetter(c: number): boolean {
  return (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || c === 95;
}

function isDigit(c: number): boolean {
  return c >= 48 && c <= 57;
}

/** What C prints of a string: up to its first zero byte. */
function cString(s: string): string {
  const at = s.indexOf("\0");
  return at < 0 ? s : s.slice(0, at);
}
