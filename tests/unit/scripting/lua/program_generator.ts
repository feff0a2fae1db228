/**
 * Random Lua programs that end by themselves and whose results don't depend on addresses, on the order
 * of pairs, or on chance. Every statement may fail; parts are wrapped in pcall so that most of a program
 * runs.
 */

import { Prng } from "../../../../core/base/prng.ts";

/** What a program begins with: what would show addresses or the order of keys shows neither. */
const PROLOGUE = `
local tostring = function(v)
  local t = type(v)
  if t == 'table' or t == 'function' then return t end
  return (tostring(v))
end
local cjson = {decode = cjson.decode, encode = function(v)
  local text = cjson.encode(v)
  if not text:find('{', 1, true) then return text end
  local bytes = {text:byte(1, -1)}
  table.sort(bytes)
  return (string.char(unpack(bytes)))
end}
`.replaceAll("\n", " ").trimStart();

const NAMES = ["a", "b", "c", "d", "t", "s"];

const LITERALS = [
  "0",
  "1",
  "2",
  "-1",
  "3.5",
  "0.1",
  "1e10",
  "-7",
  "100",
  "2^53",
  "nil",
  "true",
  "false",
  "'x'",
  "''",
  "'10'",
  "'abc'",
  "'0x10'",
  "' 5 '",
  "'a,b'",
  "{}",
  "{1, 2, 3}",
  "{x = 1, y = 'z'}",
  "{1, nil, 3}",
  "{n = {1}}",
  "'\\0\\255'",
];

const BINARY = ["+", "-", "*", "/", "%", "^", "..", "==", "~=", "<", "<=", ">", ">=", "and", "or"];

const CALLS = [
  "tostring($n)",
  "tonumber($)",
  "tonumber($s, 16)",
  "type($)",
  "#$",
  "select('#', $, $)",
  "select(2, $, $, $)",
  "string.sub($, $n, $n)",
  "string.rep($s, 3)",
  "string.byte($, 1, 3)",
  "string.format('%d|%s|%g', $n, $s, $n)",
  "string.format('%5.2f %x', $n, $n)",
  "string.find($s, $s, 1, true)",
  "string.gsub($s, '%w', '%0%0')",
  "string.match($s, '(%a*)(%d*)')",
  "string.upper($)",
  "string.len($)",
  "math.floor($)",
  "math.max($, $n)",
  "math.fmod($n, $n)",
  "table.concat($t, ',')",
  "unpack($t)",
  "rawget($t, $)",
  "next({$})",
  "cjson.encode({$, $})",
  "cjson.encode($s)",
  "cjson.decode($s)",
  "cmsgpack.unpack(cmsgpack.pack($, $))",
  "bit.band($n, $n)",
  "bit.tohex($n)",
  "pcall(function() return $ + $ end)",
  "pcall(error, $)",
  "($)($)",
  "$.x",
  "$[$]",
  "($s):rep(2)",
  "(function(...) return select('#', ...), ... end)($, $)",
  "struct.pack('<i4', $n)",
  "setmetatable({}, {__index = function(_, k) return k end})[$s]",
  "assert($, 'no')",
  "rawequal($, $)",
  "table.remove($t)",
  "math.abs($)",
  "string.reverse($)",
  "tostring($s) .. $",
  "($t)[$n]",
  "getmetatable($n)",
];

export class ProgramGenerator {
  private readonly prng: Prng;
  private depth = 0;

  constructor(seed: number) {
    this.prng = new Prng(seed);
  }

  /** A program that returns what its variables have come to. */
  program(): string {
    let out = PROLOGUE;
    for (const name of NAMES) out += `local ${name} = ${this.literal()} `;
    const n = 2 + this.below(6);
    for (let i = 0; i < n; i++) out += this.statement();
    return `${out}return ${NAMES.join(", ")}`;
  }

  private below(n: number): number {
    return this.prng.nextBelow(n);
  }

  private pick(list: string[]): string {
    return list[this.below(list.length)];
  }

  private name(): string {
    return this.pick(NAMES);
  }

  private literal(): string {
    return this.pick(LITERALS);
  }

  private statement(): string {
    if (this.depth > 3) return `${this.name()} = ${this.expression()} `;
    this.depth++;
    const out = this.anyStatement();
    this.depth--;
    return out;
  }

  private block(): string {
    let out = "";
    for (let n = 1 + this.below(3); n > 0; n--) out += this.statement();
    return out;
  }

  private anyStatement(): string {
    const e = () => this.expression();
    switch (this.below(16)) {
      case 0:
        return `local ${this.name()} = ${e()} `;
      case 1:
        return `${this.name()}, ${this.name()} = ${e()}, ${e()} `;
      case 2:
        return `${this.name()}[${e()}] = ${e()} `;
      case 3:
        return `if ${e()} then ${this.block()}else ${this.block()}end `;
      case 4:
        return `for i = ${this.below(4)}, ${this.below(8)}, ${
          1 + this.below(3)
        } do ${this.name()} = i ${this.block()}end `;
      case 5:
        return `for i, v in ipairs({${e()}, ${e()}}) do ${this.name()} = v ${this.block()}end `;
      case 6:
        return `for k, v in pairs({${e()}}) do ${this.name()}, ${this.name()} = k, v end `;
      case 7:
        return `do local n = 0 while n < ${this.below(5)} do n = n + 1 ${this.block()}end end `;
      case 8:
        return `do local n = 0 repeat n = n + 1 ${this.block()}until n > ${this.below(3)} end `;
      case 9:
        return `local function f(x, y) ${this.block()}return x, ${e()} end ${this.name()}, ${this.name()} = pcall(f, ${e()}, ${e()}) `;
      case 10:
      case 11:
      case 12:
        return `${this.name()}, ${this.name()} = pcall(function() ${this.block()}return ${e()} end) `;
      case 13:
        return `do local up = ${e()} ${this.name()}, ${this.name()} = pcall(function(...) up = ... return up, ${e()} end, ${e()}) end `;
      case 14:
        return `for _, x in ipairs({3, 1, 2}) do if x == ${
          this.below(4)
        } then break end ${this.name()} = x end `;
      default:
        return `${this.name()} = ${e()} `;
    }
  }

  private expression(): string {
    if (this.depth > 5) return this.below(2) === 0 ? this.name() : this.literal();
    this.depth++;
    let out: string;
    switch (this.below(7)) {
      case 0:
        out = this.literal();
        break;
      case 1:
      case 2:
        out = this.name();
        break;
      case 3:
        out = `(${this.expression()} ${this.pick(BINARY)} ${this.expression()})`;
        break;
      case 4:
        out = `(${this.pick(["not ", "-", "#"])}${this.name()})`;
        break;
      default:
        out = this.call();
    }
    this.depth--;
    return out;
  }

  /** `$` stands for any value, `$n`, `$s` and `$t` mostly for a number, a string, a table. */
  private call(): string {
    return this.pick(CALLS).replace(/\$([nst])?/g, (_, kind) => {
      if (kind === undefined || this.below(6) === 0) return `(${this.expression()})`;
      if (kind === "n") return this.pick(["1", "2", "-1", "0", "5.5", "10", "'3'"]);
      if (kind === "s") return this.pick(["'abc'", "'a1'", "'10'", "''", "'[1,2]'", "' x '"]);
      return this.pick(["{1, 2, 3}", "{}", "{'a', 'b'}", "t"]);
    });
  }
}
