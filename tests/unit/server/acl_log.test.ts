/** The ACL log: what becomes one entry, how many are kept, and the counters. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../../core/base/clock.ts";
import { allCommands } from "../../../core/commands/index.ts";
import { DENIED_AUTH } from "../../../core/server/acl_log.ts";
import { DENIED_COMMAND, DENIED_KEY } from "../../../core/server/acl_selector.ts";
import { InProcess } from "../../support/in_process.ts";

function logged(server: InProcess): string[] {
  return server.server.acl.log.entries.map(({ count, object, username, context }) => {
    return `${count} ${object} ${username} ${context}`;
  });
}

test("denials that are alike within a minute are one entry", () => {
  const clock = new ManualClock();
  const server = new InProcess({ commands: allCommands, clock });
  const fail = (name: string) => server.run("AUTH", name, "x");
  fail("a");
  fail("a");
  fail("b");
  fail("a");
  assert.deepEqual(logged(server), ["1 AUTH b toplevel", "3 AUTH a toplevel"]);
  // The minute begins anew with each of them.
  clock.advance(59_000);
  fail("a");
  clock.advance(59_000);
  fail("a");
  assert.deepEqual(logged(server), ["1 AUTH b toplevel", "5 AUTH a toplevel"]);
  clock.advance(60_001);
  fail("a");
  assert.deepEqual(logged(server), [
    "1 AUTH b toplevel",
    "5 AUTH a toplevel",
    "1 AUTH a toplevel",
  ]);
  const [b, first, second] = server.server.acl.log.entries;
  assert.ok(first.id < b.id && b.id < second.id, "numbers are given in order of creation");
  assert.ok(first.updatedMs > first.createdMs);
  assert.equal(second.updatedMs, second.createdMs);
});

test("an entry that is far down is not looked for", () => {
  const server = new InProcess({ commands: allCommands });
  for (let i = 0; i < 11; i++) server.run("AUTH", `u${i}`, "x");
  server.run("AUTH", "u1", "x");
  server.run("AUTH", "u0", "x");
  assert.equal(server.server.acl.log.entries.length, 12);
  assert.equal(logged(server).at(-2), "2 AUTH u1 toplevel");
  assert.equal(logged(server).at(-1), "1 AUTH u0 toplevel");
});

test("acllog-max-len bounds the log when something is added", () => {
  const server = new InProcess({ commands: allCommands, config: { "acllog-max-len": "3" } });
  for (let i = 0; i < 5; i++) server.run("AUTH", `u${i}`, "x");
  assert.deepEqual(logged(server).map((line) => line.split(" ")[2]), ["u2", "u3", "u4"]);
  server.run("CONFIG", "SET", "acllog-max-len", "1");
  assert.equal(server.server.acl.log.entries.length, 3);
  server.run("AUTH", "u5", "x");
  assert.equal(server.server.acl.log.entries.length, 1);
  server.run("CONFIG", "SET", "acllog-max-len", "0");
  server.run("AUTH", "u6", "x");
  assert.equal(server.server.acl.log.entries.length, 0);
  assert.equal(server.server.acl.log.count(DENIED_AUTH), 7);
});

test("what is counted stays counted", () => {
  const server = new InProcess({ commands: allCommands });
  server.run("ACL", "SETUSER", "u", "on", "nopass", "+@all", "-get", "~a");
  const client = server.connect();
  client.run("AUTH", "u", "x");
  client.run("GET", "a");
  client.run("SET", "b", "v");
  client.run("SET", "b", "v");
  server.run("CONFIG", "RESETSTAT");
  const { log } = server.server.acl;
  assert.equal(log.count(DENIED_COMMAND), 1);
  assert.equal(log.count(DENIED_KEY), 2);
  assert.equal(log.count(DENIED_AUTH), 0);
  assert.match(
    server.run("INFO", "stats"),
    /acl_access_denied_auth:0\r\nacl_access_denied_cmd:1\r\nacl_access_denied_key:2\r\nacl_access_denied_channel:0\r\n/,
  );
});
