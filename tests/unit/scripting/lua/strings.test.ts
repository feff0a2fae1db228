/**
 * Strings and numbers: the quick ways of the library beside its general ones, and patterns beside the
 * engine's regular expressions.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Prng } from "../../../../core/base/prng.ts";
import { formatGeneral, formatNumber } from "../../../../core/scripting/lua/numbers.ts";
import { openState } from "../../../../core/scripting/lua/open.ts";
import { Match, Pattern } from "../../../../core/scripting/lua/pattern.ts";
import { formatString } from "../../../../core/scripting/lua/string_format.ts";
import { LuaError, type LuaValue } from "../../../../core/scripting/lua/value.ts";

const SEED = Number(process.env.SEED ?? "1");

function run(source: string): LuaValue[] {
  const state = openState();
  return state.run(state.compile(source, "@test"));
}

test("numbers print as %.14g has them", () => {
  const prng = new Prng(SEED);
  const random = () => prng.nextBelow(2 ** 26) * 2 ** 27 + prng.nextBelow(2 ** 27);
  const check = (v: number) => {
    assert.equal(formatNumber(v), formatGeneral(v, 14, false), `seed ${SEED}: ${v}`);
  };
  for (let i = 0; i < 10_000; i++) {
    const v = random() * 10 ** (prng.nextBelow(36) - 28) * (i % 2 === 0 ? 1 : -1);
    check(v);
    check(Number(v.toPrecision(1 + prng.nextBelow(17))));
    // Ties, and what is next to them.
    const tie = (prng.nextBelow(1e9) * 1e5 + prng.nextBelow(1e5)) * 10 + 5;
    check(tie / 10 ** prng.nextBelow(18));
    check(random() / 2 ** prng.nextBelow(70));
    check(10 ** (prng.nextBelow(20) - 5) * (1 - prng.nextBelow(1000) * 1e-16));
    check(i / 3);
  }
});

test("string.format: bare conversions give what those with a width give", () => {
  const values: LuaValue[] = [
    0,
    -0,
    1,
    -1,
    2147483647,
    -2147483648,
    2147483648,
    1.9,
    -1.9,
    "12",
    "0x10",
  ];
  for (const v of [...values, 2 ** 53, 1e300, NaN]) {
    assert.equal(formatString("%d", [v]), formatString("%1d", [v]), `%d of ${String(v)}`);
    assert.equal(formatString("<%d:%s>", [v, v]), `<${formatString("%1d:%1s>", [v, v])}`);
    assert.equal(formatString("%s%%%s%s", [v, v, v]), formatString("%1s%%%1s%1s", [v, v, v]));
  }
  assert.equal(formatString("%s|%s", ["a\0b", `${"x".repeat(100)}\0y`]), `a|${"x".repeat(100)}\0y`);
  assert.equal(formatString("%d%%", [5]), "5%");
  assert.equal(formatString("", []), "");
});

test("string.format: errors come in the order of the format, the second time too", () => {
  const cases: [string, LuaValue[], string][] = [
    ["%d %", [], "no value"],
    ["%d %", ["x"], "number expected, got string"],
    ["%d %", [1], "no value"],
    ["%d %", [1, 2], "invalid option '%' to 'format'"],
    ["%s %123d", ["a"], "no value"],
    ["%s %123d", ["a", 1], "invalid format (width or precision too long)"],
    ["%s %------d", ["a", 1], "invalid format (repeated flags)"],
    ["%d:%s", [1], "no value"],
    ["%d:%s", [], "no value"],
    ["%y", [1], "invalid option '%y' to 'format'"],
  ];
  for (const [format, args, message] of [...cases, ...cases]) {
    try {
      formatString(format, args);
      assert.fail(`${format} has no error`);
    } catch (e) {
      assert.ok(e instanceof LuaError, `${e}`);
      assert.equal(e.value, message, format);
    }
  }
});

test("string.format: numbers that fit no integer come out as a processor converts them", () => {
  const cases: [string, LuaValue, string][] = [
    ["%c", 65.9, "A"],
    ["%c", 256 + 65, "A"],
    ["%c", -191, "A"],
    ["%cx", 123456789012345, "x"],
    ["%cx", NaN, "x"],
    ["%u", 2 ** 63, "9223372036854775808"],
    ["%u", 2 ** 64, "0"],
    ["%u", 1e300, "0"],
    ["%u", -1, "18446744073709551615"],
    ["%u", -1e300, "9223372036854775808"],
    ["%u", NaN, "9223372036854775808"],
    ["%d", 1e300, "-9223372036854775808"],
  ];
  for (const [format, v, expected] of cases) {
    assert.equal(
      formatString(format, [v]).replace("\0", ""),
      expected,
      `${format} of ${String(v)}`,
    );
  }
});

test("constants are computed before the chunk has a zero", () => {
  assert.deepEqual(run("return 10^0, cjson.encode(-0)"), [1, "-0"]);
  assert.deepEqual(run("return 7 % 4, -7 % 4, 2^10, 5 % 0 ~= 5 % 0, 10^400"), [
    3,
    1,
    1024,
    true,
    Infinity,
  ]);
});

/** Items of a pattern, and the same for the engine. */
const ITEMS: [string, string][] = [
  ["a", "a"],
  ["b", "b"],
  [".", "[^]"],
  ["%a", "[a-zA-Z]"],
  ["%d", "[0-9]"],
  ["%s", "[ \\t-\\r]"],
  ["%W", "[^a-zA-Z0-9]"],
  ["%.", "\\."],
  ["[ab]", "[ab]"],
  ["[^a,]", "[^a,]"],
  ["[a-c1]", "[a-c1]"],
  ["[%d%.]", "[0-9.]"],
  ["[^%s]", "[^ \\t-\\r]"],
  ["[]]", "[\\]]"],
  ["[%a_][%w_]", "[a-zA-Z_][a-zA-Z0-9_]"],
];
const REPEATS: [string, string][] = [["", ""], ["", ""], ["*", "*"], ["+", "+"], ["-", "*?"], [
  "?",
  "?",
]];

/** A random pattern and the regular expression that does the same. */
function randomPattern(prng: Prng): [string, RegExp] {
  let lua = "";
  let js = "";
  const isAnchored = prng.nextBelow(5) === 0;
  let open = 0;
  for (let n = 1 + prng.nextBelow(4); n > 0; n--) {
    if (prng.nextBelow(4) === 0) {
      lua += "(";
      js += "(";
      open++;
    }
    const item = ITEMS[prng.nextBelow(ITEMS.length)];
    const repeat = REPEATS[prng.nextBelow(REPEATS.length)];
    lua += item[0] + repeat[0];
    js += item[1] + repeat[1];
    if (open > 0 && prng.nextBelow(2) === 0) {
      lua += ")";
      js += ")";
      open--;
    }
  }
  lua += ")".repeat(open);
  js += ")".repeat(open);
  if (prng.nextBelow(6) === 0) {
    lua += "$";
    js += "$";
  }
  return isAnchored ? [`^${lua}`, new RegExp(`^${js}`)] : [lua, new RegExp(js)];
}

test("patterns find what regular expressions find", () => {
  const prng = new Prng(SEED);
  const letters = "aab1. ,]_Z\n\xff\0";
  for (let i = 0; i < 4_000; i++) {
    const [lua, js] = randomPattern(prng);
    const pattern = Pattern.of(lua);
    for (let j = 0; j < 3; j++) {
      const length = prng.nextBelow(12);
      let subject = "";
      while (subject.length < length) subject += letters[prng.nextBelow(letters.length)];
      const expected = js.exec(subject);
      const match = new Match(subject, pattern);
      let got: LuaValue[] | null = null;
      const last = pattern.isAnchored ? 0 : subject.length;
      for (let at = 0; at <= last && got === null; at++) {
        const end = match.at(at, pattern.isAnchored ? 1 : 0);
        if (end >= 0) got = [subject.slice(at, end), ...match.captures(at, end, false)];
      }
      const note = `seed ${SEED}, ${lua} in ${JSON.stringify(subject)}`;
      assert.deepEqual(got, expected === null ? null : [...expected], note);
    }
  }
});

test("patterns that nobody has seen are as good as the known ones", () => {
  for (let i = 0; i < 1_000; i++) {
    assert.deepEqual(run(`return ('k${i}=v${i}'):match('^(%w+)=([^;]*)${i}$')`), [`k${i}`, "v"]);
  }
  const long = `${"a?".repeat(80)}b`;
  assert.deepEqual(run(`return ('aab'):find('${long}')`), [1, 3]);
  assert.deepEqual(run("return ('a\\0b'):find('a\\0c')"), [undefined]);
  assert.deepEqual(run("return ('a\\0b'):match('.\\0c')"), ["a"]);
});

test("gmatch and match give one value or several", () => {
  const loop =
    "local out = '' for a, b in ('k=v, x=y'):gmatch('(%w)=(%w)') do out = out .. a .. b end";
  assert.deepEqual(run(`${loop} return out`), ["kvxy"]);
  assert.deepEqual(run("return select('#', ('abc'):gmatch('b')())"), [1]);
  assert.deepEqual(run("return ('abc'):gmatch('()b')()"), [2]);
  assert.deepEqual(run("local f = ('a'):gmatch('a') f() return select('#', f())"), [0]);
  assert.deepEqual(run("local n = 0 for w in ('ab'):gmatch('x*') do n = n + 1 end return n"), [3]);
});

test("table.concat: strings only, with numbers among them, and parts", () => {
  const cases: [string, LuaValue][] = [
    ["{}, ','", ""],
    ["{'a'}, ','", "a"],
    ["{'a', 'b', 'c'}, ', '", "a, b, c"],
    ["{'a', 1, 'c'}, ','", "a,1,c"],
    ["{'a', 'b', 'c'}, ',', 2", "b,c"],
    ["{'a', 'b', 'c'}, ',', 1, 2", "a,b"],
    ["{'a', 'b'}, 5", "a5b"],
    ["{'', ''}", ""],
  ];
  for (const [args, expected] of cases) {
    assert.deepEqual(run(`return table.concat(${args})`), [expected], args);
  }
  const bad = "invalid value (nil) at index 2 in table for 'concat'";
  const [, message] = run("return pcall(table.concat, {'a', nil, 'c'})");
  assert.equal(message, bad);
});

test("methods of strings follow the metatable", () => {
  assert.deepEqual(run("return ('x'):rep(3), ('x').nothing"), ["xxx", undefined]);
  const program = `
    getmetatable('').__index = function(s, k) return k .. s end
    local a = ('x').rep
    getmetatable('').__index = {rep = function() return 'mine' end}
    local b = ('x'):rep(3)
    getmetatable('').__index = nil
    return a, b, pcall(function() return ('x').rep end)`;
  assert.deepEqual(run(program), [
    "repx",
    "mine",
    false,
    "test:7: attempt to index a string value",
  ]);
});
