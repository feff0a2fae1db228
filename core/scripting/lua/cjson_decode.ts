/**
 * cjson.decode: JSON text to a Lua value.
 *
 * A reader of tokens and a descent over them, as the original has it, because its errors name the
 * token that was found and where. The text ends at its first zero byte, unless that is in a string,
 * where it is an error. Numbers are what strtod takes.
 */

import type { JsonConfig } from "./cjson_encode.ts";
import { decodeFast, GIVEN_UP, hex, utf8 } from "./cjson_fast.ts";
import { parseNumber } from "./numbers.ts";
import { countStep } from "./runtime.ts";
import { LuaTable } from "./table.ts";
import { type LuaError, luaError, type LuaValue, NULL_POINTER } from "./value.ts";

const NUMBER =
  /[+-]?(?:0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)(?:[pP][+-]?\d+)?|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf(?:inity)?|nan)/iy;

/** Numbers that aren't JSON's: a plus sign, a leading zero, hexadecimals, inf and nan. */
const INVALID_NUMBER = /\+|-?(?:0[xX0-9]|inf|nan)/iy;

/** What stands in a string up to its end or an escape. */
const PLAIN = /[^"\\\0]*/y;

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ["\\", "\\"],
  ["/", "/"],
  ["b", "\b"],
  ["t", "\t"],
  ["n", "\n"],
  ["f", "\f"],
  ["r", "\r"],
]);

const SINGLE: ReadonlyMap<string, string> = new Map([
  ["{", "T_OBJ_BEGIN"],
  ["}", "T_OBJ_END"],
  ["[", "T_ARR_BEGIN"],
  ["]", "T_ARR_END"],
  [",", "T_COMMA"],
  [":", "T_COLON"],
]);

/** The value of a JSON text. Throws a LuaError. */
export function decodeJson(config: JsonConfig, text: string): LuaValue {
  if (text.length >= 2 && (text[0] === "\0" || text[1] === "\0")) {
    throw luaError("JSON parser does not support UTF-16 or UTF-32");
  }
  const v = decodeFast(text, config.decodeDepthMax);
  return v === GIVEN_UP ? new Decoder(config, text).document() : v as LuaValue;
}

class Decoder {
  private readonly config: JsonConfig;
  private readonly text: string;
  private pos = 0;
  private depth = 0;
  /** The token read last: a name of the original's, or an error's text. */
  private token = "";
  /** Where the token starts. */
  private at = 0;
  private value: LuaValue = undefined;

  constructor(config: JsonConfig, text: string) {
    this.config = config;
    this.text = text;
  }

  document(): LuaValue {
    this.next();
    const v = this.any();
    this.next();
    if (this.token !== "T_END") throw this.expected("the end");
    return v;
  }

  private expected(what: string): LuaError {
    return luaError(`Expected ${what} but found ${this.token} at character ${this.at + 1}`);
  }

  private fail(message: string): void {
    this.token = message;
    this.at = this.pos;
  }

  private any(): LuaValue {
    switch (this.token) {
      case "T_STRING":
      case "T_NUMBER":
      case "T_BOOLEAN":
        return this.value;
      case "T_NULL":
        return NULL_POINTER;
      case "T_OBJ_BEGIN":
        return this.object();
      case "T_ARR_BEGIN":
        return this.array();
      default:
        throw this.expected("value");
    }
  }

  private descend(): void {
    this.depth++;
    if (this.depth <= this.config.decodeDepthMax) return;
    throw luaError(
      `Found too many nested data structures (${this.depth}) at character ${this.pos}`,
    );
  }

  private object(): LuaTable {
    this.descend();
    const table = new LuaTable();
    this.next();
    if (this.token !== "T_OBJ_END") {
      for (;;) {
        countStep();
        if (this.token !== "T_STRING") throw this.expected("object key string");
        const key = this.value as string;
        this.next();
        if (!this.isAt("T_COLON")) throw this.expected("colon");
        this.next();
        table.setString(key, this.any());
        this.next();
        if (this.isAt("T_OBJ_END")) break;
        if (!this.isAt("T_COMMA")) throw this.expected("comma or object end");
        this.next();
      }
    }
    this.depth--;
    return table;
  }

  private isAt(token: string): boolean {
    return this.token === token;
  }

  private array(): LuaTable {
    this.descend();
    const table = new LuaTable();
    this.next();
    if (this.token !== "T_ARR_END") {
      for (let i = 1;; i++) {
        countStep();
        table.setNumber(i, this.any());
        this.next();
        if (this.isAt("T_ARR_END")) break;
        if (!this.isAt("T_COMMA")) throw this.expected("comma or array end");
        this.next();
      }
    }
    this.depth--;
    return table;
  }

  private next(): void {
    const { text } = this;
    let c = text.charCodeAt(this.pos);
    while (c === 32 || c === 9 || c === 10 || c === 13) c = text.charCodeAt(++this.pos);
    this.at = this.pos;
    if (this.pos >= text.length || c === 0) {
      this.token = "T_END";
      return;
    }
    if (c === 34) {
      this.string();
      return;
    }
    if (c === 45 || (c >= 48 && c <= 57)) {
      if (!this.config.decodeInvalid && this.isInvalidNumber()) this.fail("invalid number");
      else this.number();
      return;
    }
    const single = SINGLE.get(text[this.pos]);
    if (single !== undefined) {
      this.token = single;
      this.pos++;
      return;
    }
    this.word();
  }

  private word(): void {
    const { text } = this;
    if (text.startsWith("true", this.pos)) this.take("T_BOOLEAN", true, 4);
    else if (text.startsWith("false", this.pos)) this.take("T_BOOLEAN", false, 5);
    else if (text.startsWith("null", this.pos)) this.take("T_NULL", undefined, 4);
    else if (
      /[+iInN]/.test(text[this.pos]) && this.config.decodeInvalid && this.isInvalidNumber()
    ) {
      this.number();
    } else this.fail("invalid token");
  }

  private take(token: string, value: LuaValue, length: number): void {
    this.token = token;
    this.value = value;
    this.pos += length;
  }

  private isInvalidNumber(): boolean {
    INVALID_NUMBER.lastIndex = this.pos;
    return INVALID_NUMBER.test(this.text);
  }

  private number(): void {
    NUMBER.lastIndex = this.pos;
    const match = NUMBER.exec(this.text);
    if (match === null) this.fail("invalid number");
    else this.take("T_NUMBER", parseNumber(match[0]), match[0].length);
  }

  private string(): void {
    const { text } = this;
    let out = "";
    this.pos++;
    const end = text.indexOf('"', this.pos);
    const plain = end < 0 ? "" : text.slice(this.pos, end);
    if (end >= 0 && !plain.includes("\\") && !plain.includes("\0")) {
      this.take("T_STRING", plain, plain.length + 1);
      return;
    }
    for (;;) {
      PLAIN.lastIndex = this.pos;
      PLAIN.test(text);
      out += text.slice(this.pos, PLAIN.lastIndex);
      this.pos = PLAIN.lastIndex;
      const c = text[this.pos];
      if (c === '"') break;
      if (c !== "\\") {
        this.fail("unexpected end of string");
        return;
      }
      const escaped = text[this.pos + 1];
      if (escaped === "u") {
        const code = this.unicode();
        if (code < 0) {
          this.fail("invalid unicode escape code");
          return;
        }
        out += utf8(code);
        continue;
      }
      const known = ESCAPES.get(escaped);
      if (known === undefined) {
        this.fail("invalid escape code");
        return;
      }
      out += known;
      this.pos += 2;
    }
    this.pos++;
    this.token = "T_STRING";
    this.value = out;
  }

  /** Reads `\uXXXX`, or two of them that make a surrogate pair; -1 if it is malformed. */
  private unicode(): number {
    const high = hex(this.text, this.pos + 2);
    if (high < 0) return -1;
    if ((high & 0xf800) !== 0xd800) {
      this.pos += 6;
      return high;
    }
    if ((high & 0x400) !== 0 || !this.text.startsWith("\\u", this.pos + 6)) return -1;
    const low = hex(this.text, this.pos + 8);
    if (low < 0 || (low & 0xfc00) !== 0xdc00) return -1;
    this.pos += 12;
    return ((high & 0x3ff) << 10 | (low & 0x3ff)) + 0x10000;
  }
}
