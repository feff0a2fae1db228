/** The host's side of Lua: compiling, running, ticks, pauses, limits, and what scripts can't reach. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { openState } from "../../../../core/scripting/lua/open.ts";
import { shownName } from "../../../../core/scripting/lua/state.ts";
import { LuaAbort, LuaError, type LuaValue } from "../../../../core/scripting/lua/value.ts";
import { LuaRunner } from "./redis_like.ts";

function run(program: string): LuaValue[] {
  const state = openState();
  return state.run(state.compile(program, "@user_script"));
}

/** The error of a program, as text. */
function failure(program: string): string {
  try {
    run(program);
  } catch (e) {
    if (e instanceof LuaError) return String(e.value);
    throw e;
  }
  throw new assert.AssertionError({ message: `no error: ${program}` });
}

describe("time", () => {
  const endless = [
    "while true do end",
    "repeat until false",
    "for i = 1, math.huge do end",
    "for k in function() return 1 end do end",
    "local function f() return f() end f()",
    "local function f(n) if n > 0 then f(n - 1) f(n - 1) end end f(500)",
    "while true do pcall(function() while true do end end) end",
    "while true do pcall(error) end",
    "local co = coroutine.wrap(function() while true do coroutine.yield() end end) while true do co() end",
    "coroutine.wrap(function() while true do end end)()",
    "return ('a'):rep(30000):find(('a-'):rep(20) .. 'b')",
    "return ('a'):rep(40):find(('a*'):rep(20) .. 'b')",
    "local t = {} for i = 1, 1000 do t[i] = i end while true do table.concat(t) end",
    "local t = {3, 2, 1} table.sort(t, function() while true do end end)",
    "return setmetatable({}, {__index = function() while true do end end}).x",
  ];
  for (const program of endless) {
    test(`the hook ends ${program}`, () => {
      const state = openState();
      let ticks = 0;
      state.onTick = () => {
        if (++ticks === 5) throw new LuaAbort("killed");
      };
      const f = state.compile(program, "@user_script");
      assert.throws(() => state.run(f), (e) => e instanceof LuaAbort && e.reason === "killed");
      // The state is as good as before.
      state.onTick = null;
      assert.deepEqual(state.run(state.compile("return 1 + 1", "@user_script")), [2]);
    });
  }

  test("a resumable program pauses and goes on", () => {
    const state = openState();
    const program = `local function f(n) if n == 0 then return 0 end return 1 + f(n - 1) end
      local s = 0 for i = 1, 200000 do s = s + i % 7 end
      local co = coroutine.wrap(function() for i = 1, 50000 do s = s + 1 end coroutine.yield(s) end)
      return s, co(), f(100), ...`;
    const f = state.compile(program, "@user_script", { isResumable: true });
    const expected = state.run(f, 7);
    state.onTick = () => state.pause();
    const run = state.start(f, 7);
    let steps = 0;
    while (!run.step()) steps++;
    assert.deepEqual(run.results, expected);
    assert.ok(steps >= 10, `${steps} pauses`);
  });

  test("another program may run during a pause", () => {
    const state = openState();
    state.onTick = () => state.pause();
    const slow = state.compile("local n = 0 for i = 1, 100000 do n = n + 1 end return n", "@a", {
      isResumable: true,
    });
    const one = state.start(slow);
    const two = state.start(slow);
    let isDone = false;
    while (!isDone) {
      isDone = one.step();
      assert.equal(two.step(), isDone);
    }
    assert.deepEqual([one.results, two.results], [[100000], [100000]]);
  });
});

describe("limits", () => {
  const cases: [string, RegExp][] = [
    ["local function f() return 1 + f() end return f()", /^user_script:1: stack overflow$/],
    [
      "local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) return t[k] end return t.x",
      /stack overflow/,
    ],
    ["return ('x'):rep(1e9)", /not enough memory/],
    ["local s = 'x' while true do s = s .. s end", /not enough memory/],
    ["local s = ('x'):rep(1e8) return table.concat({s, s, s, s, s, s})", /not enough memory/],
    ["return (('x'):rep(1e6)):gsub('x', ('y'):rep(1e4))", /not enough memory/],
    ["return unpack({}, 1, 1e7)", /too many results to unpack/],
    ["return string.char(unpack({}, 1, 8000))", /too many results/],
  ];
  for (const [program, expected] of cases) {
    test(program.slice(0, 80), () => assert.match(failure(program), expected));
  }

  test("a stack overflow is caught by pcall and leaves the state whole", () => {
    const program = `local function f() return 1 + f() end
      local n = 0 for i = 1, 10 do if not pcall(f) then n = n + 1 end end return n`;
    assert.deepEqual(run(program), [10]);
  });

  test("deep and long sources end in an error or a function", () => {
    const sources = [
      "return " + "(".repeat(150) + "1" + ")".repeat(150),
      "return " + "(".repeat(100000),
      "return " + "{".repeat(100000),
      "return " + "-".repeat(1).concat(" -").repeat(50000) + "1",
      "return " + "1+".repeat(50000) + "x",
      "return " + "'a'..".repeat(50000) + "'a'",
      "local x = 1 " + "if x then ".repeat(300),
      "if x then " + "elseif x then ".repeat(20000) + "end",
      "return " + "not ".repeat(100000) + "1",
      "x" + ".y".repeat(50000) + " = 1",
      "return " + "function() return ".repeat(250),
      "return {" + "1,".repeat(200000) + "}",
    ];
    for (const source of sources) {
      const state = openState();
      try {
        state.compile(source, "@user_script");
      } catch (e) {
        assert.ok(e instanceof LuaError, `${source.slice(0, 40)}: ${e}`);
      }
    }
  });
});

describe("nothing of JavaScript is reachable", () => {
  const keys = ["constructor", "__proto__", "prototype", "toString", "length", "call", "caller"];
  const values = ["{}", "{1, 2}", "'text'", "_G", "string", "pairs({})"];
  for (const key of keys) {
    test(key, () => {
      for (const v of values) {
        const isFunction = v === "pairs({})";
        const program = isFunction
          ? `return pcall(function() return (pairs).${key} end)`
          : `return (${v})["${key}"]`;
        const result = run(program);
        if (isFunction) assert.equal(result[0], false);
        else assert.equal(result[0], undefined, program);
      }
      assert.deepEqual(run(`local t = {} t.${key} = 5 return t.${key}, ({}).${key}`), [
        5,
        undefined,
      ]);
      assert.deepEqual(run(`local ${key} = 1 local t = {${key} = 2} return ${key} + t.${key}`), [
        3,
      ]);
    });
  }

  test("names and strings of a script don't leak into the generated code", () => {
    const hostile = [
      'return "\\"+process.exit(1)+\\""',
      "return [[`${process.exit(1)}`]]",
      "local process, globalThis, S, V, t1, undefined, arguments, eval, this = 1 return process",
      'local t = {["\\"];process.exit(1);[\\""] = 1} for k in pairs(t) do return k end',
      "return '\\226\\128\\168\\u2028'",
      "local let, const, var, new, class, await, yield = 1, 2, 3, 4, 5, 6, 7 return yield",
      "-- */ process.exit(1)\nreturn 1",
    ];
    for (const program of hostile) run(program);
  });

  test("an abort passes pcall, xpcall, coroutines and metamethods", () => {
    const wraps = [
      "pcall(stop)",
      "xpcall(stop, stop)",
      "coroutine.resume(coroutine.create(function() stop() end))",
      "pcall(setmetatable({}, {__call = stop}))",
      "load(stop)",
    ];
    for (const program of wraps) {
      const state = openState();
      state.globals.setString("stop", () => {
        throw new LuaAbort("enough");
      });
      const f = state.compile(program, "@user_script");
      assert.throws(() => state.run(f), LuaAbort, program);
    }
  });
});

describe("names and texts", () => {
  test("chunk names", () => {
    assert.equal(shownName("@user_script"), "user_script");
    assert.equal(shownName("=text"), "text");
    assert.equal(shownName("return 1"), '[string "return 1"]');
    assert.equal(shownName("a\nb"), '[string "a..."]');
  });

  test("errors of several lines", () => {
    const runner = new LuaRunner();
    const cases: [string, string][] = [
      ["local x\n\nx.y = 1", "user_script:3: attempt to index local 'x' (a nil value)"],
      ["local function f()\n error('a')\nend\nf()", "user_script:2: a"],
      ["local function f()\n error('a', 2)\nend\n\nf()", "user_script:5: a"],
      ["return\n1 +\n{}", "user_script:3: attempt to perform arithmetic on a table value"],
      [
        "local t = {\n  a = 1,\n  b = nil + 1,\n}",
        "user_script:3: attempt to perform arithmetic on a nil value",
      ],
      ["f(\n\n1)", "user_script:1: Script attempted to access nonexistent global variable 'f'"],
    ];
    for (const [program, expected] of cases) {
      assert.equal(runner.run(program), `false "${expected}"`, program);
    }
  });
});
