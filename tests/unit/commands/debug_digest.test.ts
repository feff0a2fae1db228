/**
 * DEBUG DIGEST, where it depends on the clock: what raw-byte tests can't hold still.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../../core/base/clock.ts";
import { allCommands } from "../../../core/commands/index.ts";
import { InProcess } from "../../support/in_process.ts";

for (const entries of ["0", "512"]) {
  test(`what has expired counts until it is removed, hash-max-listpack-entries ${entries}`, () => {
    const clock = new ManualClock();
    const config = { "enable-debug-command": "yes", "hash-max-listpack-entries": entries };
    const server = new InProcess({ commands: allCommands, clock, config });
    server.run("HSET", "hash", "going", "1", "staying", "2");
    server.run("HPEXPIRE", "hash", "5", "FIELDS", "1", "going");
    server.run("SET", "key", "value", "PX", "5");
    const digest = server.run("DEBUG", "DIGEST");
    clock.advance(10);
    assert.equal(server.run("HKEYS", "hash"), "*1\r\n$7\r\nstaying\r\n");
    assert.equal(server.run("DEBUG", "DIGEST"), digest);
    server.empty();
  });
}
