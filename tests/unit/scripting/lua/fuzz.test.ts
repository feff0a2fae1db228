/**
 * Random programs and garbage. Whatever the source, compiling and running it ends in values or in a
 * LuaError. With a redis-server 7.4 at hand (`redis-server-7.4` in the path), random programs are also
 * run there, and both must give the same results and errors.
 */

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { test } from "node:test";
import { Prng } from "../../../../core/base/prng.ts";
import { openState } from "../../../../core/scripting/lua/open.ts";
import { LuaAbort, LuaError } from "../../../../core/scripting/lua/value.ts";
import { RespClient } from "../../../support/resp_client.ts";
import { ProgramGenerator } from "./program_generator.ts";
import { LuaRunner, runOnServer } from "./redis_like.ts";

const SEED = Number(process.env.SEED ?? "1");
const PROGRAMS = Number(process.env.LUA_PROGRAMS ?? "150");
const PORT = 7640;

const PIECES =
  ("and break do else elseif end false for function if in local nil not or repeat return then " +
    "true until while a b c t f x y self ... .. == ~= <= >= < > = ( ) { } [ ] ; : , . + - * / % ^ # 1 2.5 " +
    "0x10 1e3 'str' \"q\" [[long]] [==[ ]==] -- --[[ ]] \n \\ \0 \xff @ $ ! ~ ' \" [= 3x 1e .5 pcall(error) " +
    "string.rep coroutine.yield setfenv(1,{}) goto").split(" ");

test("garbage through lexer, parser and generator", () => {
  const prng = new Prng(SEED);
  for (let i = 0; i < 5_000; i++) {
    let source = "";
    const n = 1 + prng.nextBelow(25);
    for (let j = 0; j < n; j++) {
      source += prng.nextBelow(20) === 0
        ? String.fromCharCode(prng.nextBelow(256))
        : PIECES[prng.nextBelow(PIECES.length)];
      if (prng.nextBelow(4) > 0) source += " ";
    }
    const state = openState();
    let ticks = 0;
    state.onTick = () => {
      if (++ticks > 3) throw new LuaAbort("long enough");
    };
    try {
      state.run(state.compile(source, "@garbage"));
    } catch (e) {
      const isFine = e instanceof LuaError || e instanceof LuaAbort;
      assert.ok(isFine, `seed ${SEED}, ${JSON.stringify(source)}: ${e}`);
    }
  }
});

test("random programs end in values or errors, plain and resumable alike", () => {
  for (let i = 0; i < PROGRAMS; i++) {
    const program = new ProgramGenerator(SEED * 1_000_003 + i).program();
    const plain = new LuaRunner().run(program);
    const resumable = new LuaRunner().run(`local coroutine; ${program}`);
    assert.equal(resumable, plain, `seed ${SEED}, program ${i}: ${program}`);
  }
});

const found = spawnSync("redis-server-7.4", ["--version"]).status === 0;
const skip = found ? false : "no redis-server-7.4 here to compare with";

test("random programs give what a real server gives", { skip }, async () => {
  const args = ["--port", `${PORT}`, "--bind", "127.0.0.1", "--save", "", "--loglevel", "warning"];
  const server = spawn("redis-server-7.4", args, { stdio: "ignore" });
  try {
    const client = await connect();
    for (let i = 0; i < PROGRAMS; i++) {
      const program = new ProgramGenerator(SEED * 1_000_003 + i).program();
      const expected = await runOnServer(client, program);
      // Strings have one metatable for all programs, which this one may have written to.
      if (program.includes("getmetatable(")) await client.command("SCRIPT", "FLUSH", "SYNC");
      const got = new LuaRunner().run(program);
      assert.equal(got, expected, `seed ${SEED}, program ${i}: ${program}`);
    }
    client.close();
  } finally {
    server.kill();
  }
});

async function connect(): Promise<RespClient> {
  for (let i = 0;; i++) {
    try {
      return await RespClient.connect({ host: "127.0.0.1", port: PORT });
    } catch (e) {
      if (i === 50) throw e;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
