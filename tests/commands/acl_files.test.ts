/**
 * Users in redis.conf and in ACL files: starts that are refused, ACL LOAD and SAVE, CONFIG REWRITE, and passwords that
 * must not be seen.
 */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { RespClient } from "../support/resp_client.ts";
import { ReplyError } from "../support/resp_reply.ts";
import { currentRuntime, findRuntime } from "../support/runtimes.ts";
import { freePort, startLarder, startProgram, type TestServer } from "../support/server.ts";

const ONE = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed";
const DEFAULT = "user default on nopass sanitize-payload ~* &* +@all";
const runtime = currentRuntime();
const main = fileURLToPath(new URL("../../main.ts", import.meta.url));
const first = runtime === "deno" ? ["run", "--quiet", "-A", main] : [main];

const dir = mkdtempSync(join(tmpdir(), "larder-acl-files-"));
after(() => rmSync(dir, { recursive: true, force: true }));
const conf = join(dir, "redis.conf");
const aclFile = join(dir, "users.acl");

/** What is printed by a start that is refused with these lines in redis.conf. */
async function refusedStart(lines: readonly string[]): Promise<string> {
  writeFileSync(conf, lines.map((line) => `${line}\n`).join(""));
  const args = [...first, conf, "--port", String(await freePort()), "--dir", dir];
  const { status, stdout, stderr } = spawnSync(findRuntime(runtime)!, args, {
    encoding: "utf8",
    timeout: 110_000,
  });
  assert.equal(status, 1, `${stdout}${stderr}`);
  return `${stdout}${stderr}`;
}

/** Starts a server with these lines, hands it and a client over, and ends it. */
async function started(
  lines: readonly string[],
  use: (client: RespClient, server: TestServer) => Promise<void>,
): Promise<void> {
  writeFileSync(conf, lines.map((line) => `${line}\n`).join(""));
  const server = await startLarder({ args: ["--include", conf] });
  try {
    const client = await server.connect();
    await use(client, server);
    client.close();
  } finally {
    await server.stop();
  }
}

/** The text of an error reply. */
async function errorOf(reply: Promise<unknown>): Promise<string> {
  const error = await reply;
  assert.ok(error instanceof ReplyError, String(error));
  return error.message;
}

describe("a start that is refused", () => {
  const cases: [lines: string[], said: RegExp][] = [
    [
      ["user a on", "user a off"],
      /Error in user declaration 'a': Duplicate user found\. A user can only be defined once in config files\n/,
    ],
    [["user a ~x ~* ~y"], /Error in user declaration '~y': Adding a pattern after the \* pattern/],
    [["user a (on"], /Error in user declaration '\(on': /],
    [
      ["user a on +nosuch"],
      /# Error loading ACL rule '\+nosuch' for the user named 'a': Unknown command or category name in ACL\n.*# Critical error while loading ACLs\. Exiting\.\n/,
    ],
    [['user "a b" on'], /# Spaces not allowed in ACL usernames\n/],
    [
      ["user a on", `aclfile ${aclFile}`],
      /# Configuring Redis with users defined in redis\.conf and at the same/,
    ],
    [
      ["aclfile nosuch.acl"],
      /# Aborting Redis startup because of ACL errors: Error loading ACLs, opening file 'nosuch\.acl': No such file or directory\n/,
    ],
  ];
  for (const [lines, said] of cases) {
    test(lines.join(", "), async () => assert.match(await refusedStart(lines), said));
  }

  test("with all that is wrong with an ACL file", async () => {
    writeFileSync(
      aclFile,
      "user a on +nosuch +@bad %X~a ~* ~b\n\n# comment\nuser b on\nuser b off\nuser\nuser e (+get\n" +
        'user "c d" on\nuser\ttab on\n',
    );
    const output = await refusedStart(["aclfile users.acl"]);
    const unknown = "Unknown command or category name in ACL. ";
    const keyword = "should start with user keyword followed by the username. ";
    assert.ok(
      output.includes(
        `users.acl:1: Error in applying operation '+nosuch': ${unknown}` +
          `users.acl:1: Error in applying operation '+@bad': ${unknown}users.acl:1: Syntax error. ` +
          `users.acl:3 ${keyword}WARNING: Duplicate user 'b' found on line 5. users.acl:6 ${keyword}` +
          "users.acl:7: Unmatched parenthesis in selector definition." +
          `users.acl:8: Syntax error. users.acl:9 ${keyword}` +
          "WARNING: ACL errors detected, no change to the previously active ACL rules was performed\n",
      ),
      output,
    );
  });
});

describe("users in redis.conf", () => {
  test("are there, and the default user is as it says", async () => {
    const lines = ["requirepass one", "user alice on >one ~a* (%R~b +get)", "user bob"];
    await started(lines, async (client, server) => {
      assert.match(await errorOf(client.command("PING")), /^NOAUTH/);
      assert.equal(await client.command("AUTH", "one"), "OK");
      assert.deepEqual(await client.command("ACL", "LIST"), [
        `user alice on sanitize-payload #${ONE} ~a* resetchannels -@all ` +
        "(%R~b resetchannels -@all +get)",
        "user bob off sanitize-payload resetchannels -@all",
        `user default on sanitize-payload #${ONE} ~* &* +@all`,
      ]);
      await server.said(/The user 'bob' is disabled \(there is no 'on' modifier/);
    });
    await started(["requirepass one", "user default on nopass +ping"], async (client) => {
      assert.equal(await client.command("PING"), "PONG");
      assert.match(await errorOf(client.command("GET", "k")), /^NOPERM/);
    });
  });

  test("are written by CONFIG REWRITE and read again", async () => {
    writeFileSync(conf, "# first\nuser bob on\n# last\n");
    const program = findRuntime(runtime)!;
    let list: unknown = null;
    for (let round = 0; round < 2; round++) {
      const server = await startProgram(program, [...first, conf], ["--dir", dir]);
      try {
        const client = await server.connect();
        if (round === 0) {
          await client.command(
            "ACL",
            "SETUSER",
            "alice",
            "on",
            ">one",
            '~"a',
            "(%W~'b +set)",
            "+get",
          );
          await client.command("ACL", "DELUSER", "bob");
          await client.command("ACL", "SETUSER", "default", "-debug");
          list = await client.command("ACL", "LIST");
          assert.equal(await client.command("CONFIG", "REWRITE"), "OK");
        } else assert.deepEqual(await client.command("ACL", "LIST"), list);
        client.close();
      } finally {
        await server.stop();
      }
    }
    const text = readFileSync(conf, "latin1");
    assert.match(text, /^# first\nuser alice on /);
    assert.match(text, /^user default on nopass sanitize-payload ~\* &\* \+@all -debug$/m);
    assert.ok(!/bob/.test(text), text);
  });

  test("rules are about a command's own name, whatever it is called now", async () => {
    const lines = [
      "rename-command GET fetch",
      'rename-command SET ""',
      "user a on nopass +get -set ~*",
    ];
    await started(lines, async (client) => {
      await client.command("SETRANGE", "k", "0", "v");
      await client.command("AUTH", "a", "x");
      assert.equal(await client.command("FETCH", "k"), "v");
      assert.match(await errorOf(client.command("SET", "k", "v")), /^ERR unknown command/);
      assert.match(await errorOf(client.command("STRLEN", "k")), /^NOPERM .* 'strlen' command$/);
    });
  });
});

describe("an ACL file", () => {
  test("is read, written and read again", async () => {
    writeFileSync(
      aclFile,
      `user alice on #${ONE} ~* &* +@all\n\nuser bob on nopass -@all +get ~b\n`,
    );
    await started([`aclfile ${aclFile}`], async (client) => {
      assert.deepEqual(await client.command("ACL", "USERS"), ["alice", "bob", "default"]);
      await client.command("ACL", "SETUSER", "carol", "on", "(+get ~x)");
      assert.equal(await client.command("ACL", "SAVE"), "OK");
      assert.equal(
        readFileSync(aclFile, "latin1"),
        `user alice on sanitize-payload #${ONE} ~* &* +@all\n` +
          "user bob on nopass sanitize-payload ~b resetchannels -@all +get\n" +
          "user carol on sanitize-payload resetchannels -@all (~x resetchannels -@all +get)\n" +
          `${DEFAULT}\n`,
      );
      assert.deepEqual(readdirSync(dir).filter((name) => /tmp/.test(name)), []);
      await client.command("ACL", "DELUSER", "carol");
      assert.equal(await client.command("ACL", "LOAD"), "OK");
      assert.deepEqual(await client.command("ACL", "USERS"), ["alice", "bob", "carol", "default"]);
    });
  });

  test("that is wrong changes nothing", async () => {
    writeFileSync(aclFile, "user alice on nopass ~* &* +@all\n");
    await started([`aclfile ${aclFile}`], async (client) => {
      const before = await client.command("ACL", "LIST");
      writeFileSync(aclFile, "user alice off\nuser new on\nuser bad nosuch\n");
      const error = await errorOf(client.command("ACL", "LOAD"));
      assert.equal(
        error,
        `ERR ${aclFile}:3: Syntax error. WARNING: ACL errors detected, no change to the previously ` +
          "active ACL rules was performed",
      );
      assert.deepEqual(await client.command("ACL", "LIST"), before);
      rmSync(aclFile);
      assert.match(await errorOf(client.command("ACL", "LOAD")), /opening file .*: No such file/);
      assert.deepEqual(await client.command("ACL", "LIST"), before);
    });
  });

  test("closes the clients of users that are gone, and keeps the others", async () => {
    const alice = "user alice on nopass ~* &* +@all\n";
    writeFileSync(
      aclFile,
      `${alice}user bob on nopass &a* +@all\nuser carol on nopass &a* +@all\n`,
    );
    await started([`aclfile ${aclFile}`], async (client, server) => {
      const [alices, bobs, carols] = await Promise.all(
        ["alice", "bob", "carol"].map(async (name) => {
          const other = await server.connect();
          await other.command("HELLO", "3", "AUTH", name, "x");
          await other.command("SUBSCRIBE", "a1");
          return other;
        }),
      );
      writeFileSync(aclFile, `${alice}user carol on nopass &b* +@all\n`);
      assert.equal(await client.command("ACL", "LOAD"), "OK");
      await Promise.all([bobs.closed, carols.closed]);
      assert.equal(await alices.command("ACL", "WHOAMI"), "alice");
      alices.close();
    });
  });

  test("that can't be written is an error, and the log tells why", async () => {
    writeFileSync(aclFile, "");
    const lines = [`aclfile ${aclFile}`];
    await started(lines, async (client, server) => {
      rmSync(aclFile);
      spawnSync("mkdir", [aclFile]);
      assert.equal(
        await errorOf(client.command("ACL", "SAVE")),
        "ERR There was an error trying to save the ACLs. Please check the server logs for more " +
          "information",
      );
      await server.said(/# Writing ACL file for ACL SAVE: /);
    });
    rmSync(aclFile, { recursive: true, force: true });
  });
});

test("no password is seen in the log, the slow log or by MONITOR", async () => {
  const secret = "53cr3t";
  const lines = ["loglevel debug", "slowlog-log-slower-than 0", "enable-debug-command yes"];
  await started(lines, async (client, server) => {
    const monitor = await server.connect();
    await monitor.command("MONITOR");
    const commands = [
      ["ACL", "SETUSER", "u", "on", `>${secret}`, `<${secret}2`],
      ["ACL", "SETUSER", "u", "on", `>${secret}`, "+@all", "~*"],
      ["ACL", "GETUSER", secret],
      ["ACL", "DELUSER", secret],
      ["AUTH", secret],
      ["AUTH", "u", secret],
      ["AUTH", "u", secret, secret],
      ["HELLO", "3", "AUTH", "u", secret],
      ["HELLO", "3", "AUTH", "u", `${secret}3`],
      ["CONFIG", "SET", "masterauth", secret],
      ["CONFIG", "SET", "requirepass", secret],
      ["CONFIG", "SET", "requirepass", ""],
    ];
    for (const command of commands) await client.command(...command);
    // Requests that break the protocol are shown in the log, others that are too large too.
    for (
      const request of [`AUTH "${secret}\r\n`, `*3\r\n$4\r\nAUTH\r\n$6\r\n${secret}\r\n$x\r\n`]
    ) {
      const broken = await server.connect();
      broken.raw(new TextEncoder().encode(request));
      await broken.closed;
    }
    await server.said(/query buffer begins with \(redacted\)/);
    await client.command("PING");
    const slow = JSON.stringify(await client.command("SLOWLOG", "GET", "100"));
    assert.match(slow, /"ACL","SETUSER","\(redacted\)"/);
    assert.ok(!slow.includes(secret), slow);
    let seen = "";
    while (!seen.includes('"PING"')) seen += await monitor.readRaw();
    assert.match(seen, /"AUTH" "\(redacted\)"/);
    assert.ok(!seen.includes(secret), seen);
    assert.ok(!server.output.includes(secret), server.output);
    monitor.close();
  });
});
