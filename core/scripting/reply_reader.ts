/**
 * ReplyReader: a reply's bytes as a Lua value.
 *
 *     integer          number                       RESP3:  null       nil
 *     bulk string      string                               boolean    boolean
 *     status           { ok = text }                        double     { double = number }
 *     error            { err = text, ... }                  map        { map = { key = value, ... } }
 *     array            table                                set        { set = { member = true, ... } }
 *     null of RESP2    false                                big number { big_number = digits }
 *                                                           verbatim   { verbatim_string = { string, format } }
 *                                                           attribute  left out
 *
 * The bytes come from the server itself, so they are not doubted.
 */
import { latin1 } from "../base/bytes.ts";
import { BIG, parseInteger } from "../base/numbers.ts";
import { LuaTable } from "./lua/table.ts";
import type { LuaValue } from "./lua/value.ts";
import { replyErrorTable } from "./script_error.ts";

const CR = 0x0d;
const MINUS = 0x2d;

export class ReplyReader {
  /** Behind what was read last. */
  pos = 0;
  private buf: Uint8Array = new Uint8Array(0);

  /** Reads the reply at `pos`. */
  read(buf: Uint8Array, pos: number): LuaValue {
    this.buf = buf;
    this.pos = pos;
    return this.value();
  }

  private value(): LuaValue {
    switch (this.buf[this.pos++]) {
      case 0x3a: // ':'
        return this.integer();
      case 0x24: // '$'
        return this.bulk();
      case 0x2b: // '+'
        return single("ok", this.line());
      case 0x2d: // '-'
        return replyErrorTable(this.line());
      case 0x2a: // '*'
        return this.array();
      default:
        this.pos--;
        return this.valueOfResp3();
    }
  }

  private valueOfResp3(): LuaValue {
    switch (this.buf[this.pos++]) {
      case 0x5f: // '_'
        this.pos += 2;
        return undefined;
      case 0x23: // '#'
        this.pos += 3;
        return this.buf[this.pos - 3] === 0x74;
      case 0x2c: // ','
        return single("double", doubleOf(this.line()));
      case 0x25: // '%'
        return this.map();
      case 0x7e: // '~'
        return this.set();
      case 0x28: // '('
        return single("big_number", this.line());
      case 0x3d: // '='
        return this.verbatim();
      case 0x7c: // '|'
        for (let n = this.integer() * 2; n > 0; n--) this.value();
        return this.value();
      default:
        throw new Error(`a reply has the unknown type ${this.buf[this.pos - 1]}`);
    }
  }

  private integer(): number {
    const { buf } = this;
    let at = this.pos;
    let n = 0;
    // Up to nine digits, which are nearly all.
    for (let digit = buf[at] - 0x30; digit >= 0 && digit <= 9; digit = buf[at] - 0x30) {
      n = n * 10 + digit | 0;
      at++;
    }
    if (buf[at] === CR && at - this.pos <= 9) {
      this.pos = at + 2;
      return n;
    }
    return this.longInteger();
  }

  private longInteger(): number {
    const { buf, pos } = this;
    let end = pos;
    while (buf[end] !== CR) end++;
    this.pos = end + 2;
    const n = parseInteger(buf, pos, end - pos);
    return n === BIG ? Number(latin1(buf, pos, end - pos)) : n;
  }

  private bulk(): LuaValue {
    if (this.buf[this.pos] === MINUS) return this.none();
    const len = this.integer();
    const text = latin1(this.buf, this.pos, len);
    this.pos += len + 2;
    return text;
  }

  /** The "-1" of a null. */
  private none(): false {
    this.pos += 4;
    return false;
  }

  private line(): string {
    const { buf, pos } = this;
    let end = pos;
    while (buf[end] !== CR) end++;
    this.pos = end + 2;
    return latin1(buf, pos, end - pos);
  }

  private array(): LuaValue {
    if (this.buf[this.pos] === MINUS) return this.none();
    const count = this.integer();
    const values: LuaValue[] = [undefined];
    let hasNil = false;
    for (let i = 0; i < count; i++) {
      const value = this.value();
      if (value === undefined) hasNil = true;
      values.push(value);
    }
    if (!hasNil) return LuaTable.ofArray(values);
    // One by one, as Redis does it: what `#` says of the result depends on it.
    const table = new LuaTable();
    for (let i = 1; i <= count; i++) table.setNumber(i, values[i]);
    return table;
  }

  private map(): LuaTable {
    const table = new LuaTable();
    for (let n = this.integer(); n > 0; n--) {
      const key = this.value();
      const value = this.value();
      if (key !== undefined) table.set(key, value);
    }
    return single("map", table);
  }

  private set(): LuaTable {
    const table = new LuaTable();
    for (let n = this.integer(); n > 0; n--) {
      const member = this.value();
      if (member !== undefined) table.set(member, true);
    }
    return single("set", table);
  }

  private verbatim(): LuaTable {
    const len = this.integer();
    const format = latin1(this.buf, this.pos, 3);
    const text = latin1(this.buf, this.pos + 4, len - 4);
    this.pos += len + 2;
    const table = new LuaTable();
    table.setString("string", text);
    table.setString("format", format);
    return single("verbatim_string", table);
  }
}

/** A table of one field. */
function single(name: string, value: LuaValue): LuaTable {
  const table = new LuaTable();
  table.setString(name, value);
  return table;
}

function doubleOf(text: string): number {
  return text === "inf" ? Infinity : text === "-inf" ? -Infinity : Number(text);
}
