/**
 * What a crash leaves in the log, and that no log shows a password.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { startLarder } from "../support/server.ts";

const PASSWORD = "a-secret-of-the-tests";
const START = "=== REDIS BUG REPORT START: Cut & paste starting from here ===";
const END = "=== REDIS BUG REPORT END. Make sure to include from START to END. ===";

describe("a crash", () => {
  for (
    const [word, headline] of [["SEGFAULT", "SIGSEGV"], ["PANIC", "Guru"], ["ASSERT", "1 == 2"]]
  ) {
    test(`DEBUG ${word} leaves a report with the last command and no password`, async () => {
      const server = await startLarder({ args: ["--requirepass", PASSWORD] });
      const client = await server.connect();
      await client.command("AUTH", PASSWORD);
      await client.command("CONFIG", "SET", "requirepass", PASSWORD);
      client.send(["DEBUG", word]);
      const { code } = await server.exited;
      assert.notEqual(code, 0);
      const { output } = server;
      for (const part of [START, END, headline, "crashed by signal", "redis_version:", "STACK"]) {
        assert.ok(output.includes(part), part);
      }
      assert.match(output, /CURRENT CLIENT INFO ------\nid=\d+ .* cmd=debug /);
      assert.match(output, new RegExp(`argv\\[1\\]: "${word}"`));
      assert.ok(!output.includes(PASSWORD));
      client.close();
      await server.stop();
    });
  }

  test("crash-log-enabled no leaves it out", async () => {
    const server = await startLarder({ args: ["--crash-log-enabled", "no"] });
    const client = await server.connect();
    client.send(["DEBUG", "SEGFAULT"]);
    await server.exited;
    assert.ok(!server.output.includes(START));
    client.close();
    await server.stop();
  });

  test("a signal from outside: SIGABRT ends the server, SIGALRM and SIGXFSZ don't", async () => {
    const server = await startLarder();
    process.kill(server.pid, "SIGXFSZ");
    process.kill(server.pid, "SIGALRM");
    await server.said(/Received SIGALRM[^]*BUG REPORT END/);
    const client = await server.connect();
    assert.equal(await client.command("PING"), "PONG");
    process.kill(server.pid, "SIGABRT");
    await server.exited;
    await server.said(/crashed by signal: SIGABRT/);
    client.close();
    await server.stop();
  });
});

describe("passwords", () => {
  test("are in no log, whatever is done with them", async () => {
    const server = await startLarder({
      args: ["--requirepass", PASSWORD, "--loglevel", "debug", "--slowlog-log-slower-than", "0"],
    });
    const client = await server.connect();
    const commands = [
      ["AUTH", "wrong"],
      ["AUTH", PASSWORD],
      ["HELLO", "3", "AUTH", "default", PASSWORD],
      ["HELLO", "2"],
      ["CONFIG", "SET", "requirepass", PASSWORD, "masterauth", PASSWORD],
      ["CONFIG", "SET", "tls-key-file-pass", PASSWORD],
      ["CONFIG", "SET", "requirepass", PASSWORD, "port", "x"],
      ["ACL", "SETUSER", "somebody", "on", `>${PASSWORD}`],
      ["AUTH", "somebody", PASSWORD],
    ];
    for (const command of commands) await client.command(...command);
    const watcher = await server.connect();
    await watcher.command("AUTH", PASSWORD);
    const slow = JSON.stringify(await watcher.command("SLOWLOG", "GET", "100"));
    assert.ok(!slow.includes(PASSWORD), slow);
    // Protocol errors quote what came, but not of somebody who may be sending a password.
    const stranger = await server.connect();
    stranger.raw(`AUTH ${PASSWORD} "unbalanced\r\n`);
    await stranger.readUntilClosed();
    await watcher.command("CONFIG", "SET", "logfile", "");
    watcher.close();
    client.close();
    await server.stop();
    assert.ok(!server.output.includes(PASSWORD), server.output);
  });

  test("a log file gets the same lines", async () => {
    const server = await startLarder({
      args: ["--logfile", "larder.log", "--syslog-enabled", "yes"],
    });
    const client = await server.connect();
    await client.command("DEBUG", "LOG", "a line of the test");
    client.close();
    const log = readFileSync(join(server.dir, "larder.log"), "utf8");
    await server.stop();
    assert.match(
      log,
      /^\d+:M \d\d \w{3} \d{4} \d\d:\d\d:\d\d\.\d{3} # DEBUG LOG: a line of the test$/m,
    );
    assert.match(log, /No effect in this version: syslog-enabled/);
    assert.match(log, /Ready to accept connections tcp/);
  });
});
