/**
 * ACL rules, random ones: applying them never throws, changes a user as a whole or not at all, and what is printed of a
 * user makes the same user again, whether it is read from an ACL file or from redis.conf.
 */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Prng } from "../../core/base/prng.ts";
import { allCommands } from "../../core/commands/index.ts";
import {
  ConfiguredUsers,
  loadAclFile,
  saveAclFile,
  usersForRewrite,
} from "../../core/server/acl_file.ts";
import type { User } from "../../core/server/acl_user.ts";
import { splitLine } from "../../core/server/config_file.ts";
import { randomRequest, randomRule, randomRules } from "../support/acl_rules.ts";
import { pick, seed } from "../support/gen.ts";
import { InProcess } from "../support/in_process.ts";

const ROUNDS = 400;
const NAMES = ["default", "alice", "b'o\"b", "\xff(", "c)"];

/** Lets the test itself go on, whatever has become of its user. */
function letIn(server: InProcess): void {
  server.server.acl.setUser("default", ["on", "allkeys", "allchannels", "nopass", "+@all"]);
}

/** Everything there is to see of all users. */
function describeAll(server: InProcess): string {
  return server.run("ACL", "LIST") +
    NAMES.map((name) => server.run("ACL", "GETUSER", name)).join("");
}

/** Whether the users may make some requests. */
function dryrun(server: InProcess, requests: readonly string[][]): string {
  return NAMES.map((name) => {
    return requests.map((request) => server.run("ACL", "DRYRUN", name, ...request)).join("");
  }).join("");
}

test("rules are applied all or none, and never throw", () => {
  const n = seed();
  const prng = new Prng(n);
  const server = new InProcess({ commands: allCommands });
  for (let i = 0; i < ROUNDS; i++) {
    const note = `seed ${n}, round ${i}`;
    const name = pick(prng, NAMES);
    const rules = randomRules(prng);
    const before = describeAll(server);
    const error = server.server.acl.setUser(name, rules);
    letIn(server);
    if (error !== null) assert.equal(describeAll(server), before, `${note}: ${rules}`);
    if (i % 50 === 49) { for (const name of NAMES.slice(1)) server.run("ACL", "DELUSER", name); }
  }
});

test("what is printed makes the same users again", () => {
  const n = seed();
  const prng = new Prng(n);
  const dir = mkdtempSync(join(tmpdir(), "larder-acl-"));
  try {
    const config = { aclfile: join(dir, "users.acl") };
    const server = new InProcess({ commands: allCommands, config });
    const plain = new InProcess({ commands: allCommands });
    for (let i = 0; i < ROUNDS / 4; i++) {
      const note = `seed ${n}, round ${i}`;
      if (i % 10 === 0) { for (const name of NAMES.slice(1)) server.run("ACL", "DELUSER", name); }
      for (const name of NAMES) {
        // One by one, so that most of them are accepted.
        for (let j = 0; j < 4; j++) server.server.acl.setUser(name, [randomRule(prng)]);
      }
      letIn(server);
      const requests = Array.from({ length: 20 }, () => randomRequest(prng));
      const list = describeAll(server);
      const allowed = dryrun(server, requests);
      assert.equal(saveAclFile(server.server), true, note);
      assert.equal(loadAclFile(server.server), null, note);
      assert.equal(describeAll(server), list, `${note}: the file`);
      assert.equal(dryrun(server, requests), allowed, `${note}: the file`);
      loadLines(plain, usersForRewriteOf(server), note);
      assert.equal(describeAll(plain), list, `${note}: redis.conf`);
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

/** The lines that CONFIG REWRITE writes of the server's users. */
function usersForRewriteOf({ server }: InProcess): string[] {
  const other = new InProcess({ commands: allCommands });
  other.server.acl.replaceUsers(new Map(server.acl.users().map((user: User) => [user.name, user])));
  return usersForRewrite(other.server)!;
}

/** Gives a server the users of `user` lines, as its start does. */
function loadLines({ server }: InProcess, lines: readonly string[], note: string): void {
  const users = new ConfiguredUsers(() => server.acl.world);
  for (const line of lines) {
    const args = splitLine(line);
    assert.ok(args !== null, `${note}: ${line}`);
    assert.equal(users.add(args), null, `${note}: ${line}`);
  }
  assert.equal(users.load(server), null, note);
}
