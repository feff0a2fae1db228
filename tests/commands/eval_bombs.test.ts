/**
 * Scripts that want too much: each ends in an error or a value, and the server goes on serving. The language's own
 * walls are in tests/unit/scripting/lua.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ReplyError } from "../support/resp_reply.ts";
import { target } from "../support/server.ts";

/** What one of them may take, in ms: those that fill the memory take a quarter of a minute on a fast machine. */
const PATIENCE_MS = 240_000;

// It is not about scripts that are interrupted.
const server = target({ args: ["--busy-reply-threshold", String(PATIENCE_MS)] });

/** Scripts and what their errors say, "" where they end well. */
const BOMBS: readonly (readonly [string, string, RegExp | null])[] = [
  ["recursion", "local function f() return 1 + f() end return f()", /stack overflow/],
  ["recursion with commands", "local function f() redis.call('incr', 'k') f() end f()", /overflow/],
  [
    "recursion through pcall",
    "local function f() local ok, e = pcall(f) return e end f() return redis.call('ping').ok",
    null,
  ],
  [
    "pcall of pcall of a command",
    "local t = {} for i = 1, 7000 do t[i] = pcall end t[7001] = redis.call t[7002] = 'incr' " +
    "t[7003] = 'k' pcall(unpack(t)) return 'done'",
    null,
  ],
  [
    "recursion through metatables",
    "local t = setmetatable({}, {}) getmetatable(t).__index = " +
    "function(_, k) return t[k .. 'x'] end return t.a",
    /overflow|too long|memory/,
  ],
  [
    "string.rep",
    "return #string.rep('x', 2^31)",
    /not enough memory|too large|string length overflow/,
  ],
  [
    "doubling a string",
    "local s = 'x' for i = 1, 40 do s = s .. s end return #s",
    /not enough memory/,
  ],
  [
    "endless table of strings",
    "local t = {} for i = 1, 1e9 do t[i] = {i, tostring(i), {}} end",
    /not enough memory|table overflow/,
  ],
  [
    "endless table of long strings",
    "local s = string.rep('x', 1000000) local t = {} for i = 1, 1e9 do t[i] = table.concat({s, i}) end",
    /not enough memory/,
  ],
  ["deep reply", "local t = {} for i = 1, 100000 do t = {t} end return t", null],
  ["deep map", "local t = {map={}} for i = 1, 100000 do t = {map={a=t}} end return t", null],
  ["table in itself", "local t = {} t[1] = t return t", null],
  [
    "many arguments",
    "local t = {} for i = 1, 7990 do t[i] = 'x' end return redis.call('del', unpack(t))",
    null,
  ],
  ["long argument", "return redis.call('set', 'k', string.rep('x', 100000000)).ok", null],
  [
    "JSON of a table in itself",
    "local t = {} t.t = t return cjson.encode(t)",
    /excessive nesting/,
  ],
];

describe("scripts that want too much", () => {
  for (const [name, script, wanted] of BOMBS) {
    test(name, { timeout: PATIENCE_MS }, async () => {
      const client = await server.connect();
      client.readTimeoutMs = PATIENCE_MS;
      try {
        client.send(["EVAL", script, "0"]);
        const reply = await client.readRaw();
        if (wanted !== null) assert.match(reply.slice(0, 300), wanted);
        else assert.ok(!reply.startsWith("-ERR internal"), reply.slice(0, 300));
        assert.equal(await client.command("PING"), "PONG");
        assert.ok(!(await client.command("FLUSHALL") instanceof ReplyError));
      } finally {
        client.close();
      }
    });
  }

  test("nothing of JavaScript is in reach", async () => {
    const client = await server.connect();
    const words = ["constructor", "__proto__", "prototype", "toString", "valueOf", "globalThis"];
    try {
      for (const word of words) {
        for (
          const value of ["redis", "{}", "KEYS", "redis.call", "''", "redis.status_reply('x')"]
        ) {
          const script =
            `local ok, v = pcall(function() local t = ${value} return t['${word}'] end) ` +
            "return {ok, type(v)}";
          const reply = await client.command("EVAL", script, "0") as unknown[];
          assert.ok(reply[1] === "nil" || reply[0] === null, `${value}.${word}: ${reply}`);
        }
        const field = `local t = {} t['${word}'] = 5 return {t['${word}'], #t}`;
        assert.deepEqual(await client.command("EVAL", field, "0"), [5, 0]);
      }
    } finally {
      client.close();
    }
  });

  test("a hundred thousand scripts leave nothing behind", { timeout: PATIENCE_MS }, async () => {
    const client = await server.connect();
    try {
      for (let i = 0; i < 100; i++) {
        for (let j = 0; j < 1000; j++) client.send(["EVAL", `return ${i * 1000 + j}`, "0"]);
        for (let j = 0; j < 1000; j++) assert.equal(await client.read(), i * 1000 + j);
      }
      const info = String(await client.command("INFO", "memory"));
      assert.match(info, /\r\nnumber_of_cached_scripts:500\r\n/);
    } finally {
      client.close();
    }
  });
});
