/**
 * The runner without a server: a host that counts, and scripts that are interrupted at any time. However often a
 * script is started again, what it does happens once.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { latin1 } from "../../../core/base/bytes.ts";
import type { Argv } from "../../../core/protocol/resp_parser.ts";
import { Reply } from "../../../core/protocol/reply.ts";
import { EvalScripts } from "../../../core/scripting/eval_scripts.ts";
import type { LuaTable } from "../../../core/scripting/lua/table.ts";
import type { ScriptHost } from "../../../core/scripting/port.ts";
import { ScriptRunner } from "../../../core/scripting/script_runner.ts";

const NO_ARGS: Argv = {
  buf: new Uint8Array(0),
  argc: 0,
  off: new Int32Array(0),
  len: new Int32Array(0),
};

/** Replies each command's arguments, as many times as its last one says; time passes as it is looked at. */
class Host implements ScriptHost {
  readonly version = "7.4.0";
  readonly reply = new Reply();
  readonly hasWritten = false;
  readonly executed: string[] = [];
  readonly lines: string[] = [];
  private us = 0;

  nowUs(): number {
    return this.us += 1000;
  }

  execute({ buf, argc, off, len }: Argv): void {
    const args = Array.from({ length: argc }, (_, i) => latin1(buf, off[i], len[i]));
    this.executed.push(args.join(" "));
    if (args[0] === "fail") return this.reply.addError("ERR failed");
    const times = Number(args[argc - 1]) || 1;
    this.reply.addArray(times * argc);
    for (let i = 0; i < times; i++) for (const arg of args) this.reply.addBulkString(arg);
  }

  setResp(resp: number): void {
    this.reply.resp = resp;
  }

  setRepl(): void {}

  mayExecute(): boolean {
    return true;
  }

  log(_level: number, text: string): void {
    this.lines.push(text);
  }
}

/** Runs a script; it is interrupted after `limitUs`. */
function run(text: string, limitUs: number): { host: Host; runner: ScriptRunner; steps: number } {
  const host = new Host();
  const runner = new ScriptRunner(host);
  const scripts = new EvalScripts(runner);
  const script = scripts.add(text, true);
  if (typeof script === "string") throw new Error(script);
  scripts.args.set(NO_ARGS, 0, 0);
  let steps = 0;
  if (!runner.start(script, 0, limitUs)) { for (steps = 1; !runner.step(); steps++); }
  return { host, runner, steps };
}

const SCRIPT = `
  local sum = 0
  for i = 1, 100 do
    local reply = redis.call('cmd', i, i % 7 == 0 and 2000 or 1)
    sum = sum + #reply
    local ok = pcall(redis.call, 'fail', i)
    if ok then error('it failed not') end
    if i % 10 == 0 then redis.log(redis.LOG_WARNING, 'at', i, math.random(100)) end
    for j = 1, 10000 do sum = sum + j % 3 end
  end
  return {sum, math.random(1000000), os.clock() > 0 and 1 or 0}`;

test("interrupted at any time, a script does everything once and comes to the same end", () => {
  const whole = run(SCRIPT, Infinity);
  assert.equal(whole.runner.failure, null);
  const result = whole.runner.result as LuaTable;
  for (let limitUs = 1000; limitUs < 60_000; limitUs += 3000) {
    const { host, runner, steps } = run(SCRIPT, limitUs);
    assert.equal(runner.failure, null, `limit ${limitUs}: ${runner.failure?.text}`);
    assert.ok(steps > 0, `limit ${limitUs}`);
    assert.deepEqual(host.executed, whole.host.executed, `limit ${limitUs}`);
    assert.deepEqual(host.lines, whole.host.lines, `limit ${limitUs}`);
    const got = runner.result as LuaTable;
    for (let i = 1; i <= 3; i++) {
      assert.equal(got.get(i), result.get(i), `limit ${limitUs}, value ${i}`);
    }
    assert.equal(host.reply.bytes, 0);
  }
});

test("a script that takes another course when it is started again ends with an error", () => {
  // The addresses that tostring makes up are the one thing that is new each time.
  const script = "for i = 1, 40 do local address = tonumber(tostring({}):sub(10), 16) " +
    "redis.call('cmd', string.rep('x', address / 32 % 50)) end while true do end";
  const { runner } = run(script, 5000);
  assert.match(runner.failure!.text, /took another course/);
});

test("killed in the second run", () => {
  const host = new Host();
  const runner = new ScriptRunner(host);
  const scripts = new EvalScripts(runner);
  const script = scripts.add("\n\nwhile true do redis.pcall('fail') end", true);
  assert.ok(typeof script !== "string");
  scripts.args.set(NO_ARGS, 0, 0);
  assert.equal(runner.start(script, 0, 2000), false);
  assert.equal(runner.step(), false);
  runner.kill();
  assert.equal(runner.step(), true);
  assert.match(
    runner.failure!.text,
    /^ERR Script killed by user with SCRIPT KILL\.\.\. script: [0-9a-f]{40}, on @user_script:3\.$/,
  );
});
