/**
 * Time of scripts and of the commands in them that aren't fast ones: they share it while all are quick, and who takes
 * long has it accounted alone and is found in the slow log.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../../core/base/clock.ts";
import { allCommands } from "../../../core/commands/index.ts";
import { type CommandSpec, READONLY } from "../../../core/server/command.ts";
import { InProcess } from "../../support/in_process.ts";

const GROUP = 64;

/** A server with a command, not a fast one, that takes as many milliseconds as its argument says. */
function start(): InProcess {
  const clock = new ManualClock();
  const rest: CommandSpec = {
    name: "rest",
    arity: 2,
    flags: READONLY,
    categories: ["read"],
    group: "generic",
    since: "1.0.0",
    summary: "Lets time pass.",
    complexity: "O(N)",
    handler(c) {
      const { buf, off, len } = c.argv;
      clock.advance(
        Number(new TextDecoder().decode(buf.subarray(off[1], off[1] + len[1]) as Uint8Array)),
      );
      c.reply.addOk();
    },
  };
  return new InProcess({ commands: [...allCommands, rest], clock });
}

function usecOf(p: InProcess, name: string): number {
  p.server.turn.closeGroup();
  return p.server.commands.known.find(({ fullName }) => fullName === name)!.usec;
}

function slow(p: InProcess): string[] {
  const log = p.run("SLOWLOG", "GET", "100").toLowerCase();
  return ["rest", "eval"].filter((name) => log.includes(`\r\n${name}\r\n`));
}

test("quick ones share the time of their group, which is all accounted", () => {
  const p = start();
  const script = "redis.call('get', 'k') redis.call('rest', '0.004') return redis.call('get', 'k')";
  for (let i = 0; i < GROUP; i++) p.run("EVAL", script, "0");
  const [get, rest, all] = [usecOf(p, "get"), usecOf(p, "rest"), usecOf(p, "eval")];
  assert.ok(get > 0 && rest > 0, `${get}, ${rest}`);
  // The script's own time has its commands' in it.
  assert.ok(Math.abs(all - 4 * GROUP) < 0.01, String(all));
  assert.deepEqual(slow(p), []);
});

test("one that takes long has it for itself, and is in the slow log with its script", () => {
  const p = start();
  p.run("EVAL", "redis.call('get', 'k') redis.call('rest', '20') redis.call('get', 'k')", "0");
  assert.ok(usecOf(p, "rest") > 19_990);
  assert.ok(usecOf(p, "get") < 10);
  assert.ok(usecOf(p, "eval") >= 20_000);
  assert.deepEqual(slow(p), ["rest", "eval"]);
});

test("one that takes a while is accounted alone, too", () => {
  const p = start();
  p.run("EVAL", "redis.call('get', 'k') redis.call('rest', '1') redis.call('get', 'k')", "0");
  assert.ok(usecOf(p, "rest") > 990);
  assert.deepEqual(slow(p), []);
});

test("the time of all commands has that of a part once, in a script and in a transaction", () => {
  const p = start();
  const spent = () => {
    p.server.turn.closeGroup();
    return Math.round(p.server.turn.commandUs - p.server.turn.commandUsBefore);
  };
  p.run("EVAL", "redis.call('rest', '20') redis.call('get', 'k') redis.call('rest', '30')", "0");
  assert.equal(spent(), 50_000);
  for (let i = 0; i < GROUP; i++) p.run("EVAL", "redis.call('rest', '0.004')", "0");
  assert.equal(spent(), 50_000 + 4 * GROUP);
  p.run("MULTI");
  p.run("REST", "5");
  p.run("EVAL", "redis.call('rest', '7')", "0");
  p.run("EXEC");
  assert.equal(spent(), 62_000 + 4 * GROUP);
  p.run("CONFIG", "RESETSTAT");
  assert.equal(spent(), 0);
  p.run("REST", "3");
  assert.match(p.run("INFO", "stats"), /\r\neventloop_duration_cmd_sum:3000\r\n/);
});
