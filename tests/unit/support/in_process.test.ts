import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { ManualClock } from "../../../core/base/clock.ts";
import { stringCommands } from "../../../core/commands/string.ts";
import { InProcess } from "../../support/in_process.ts";

describe("InProcess", () => {
  test("answers commands", () => {
    const server = new InProcess({ commands: stringCommands });
    assert.equal(server.run("SET", "k", "\0\r\n\xff"), "+OK\r\n");
    assert.equal(server.run("get", "k"), "$4\r\n\0\r\n\xff\r\n");
    assert.equal(server.run("INCR", "n"), ":1\r\n");
    assert.match(server.run("GET"), /^-ERR wrong number of arguments for 'get'/);
    assert.match(server.run("NOSUCH"), /^-ERR unknown command 'NOSUCH'/);
    server.validateIntegrity();
  });

  test("gives back replies larger than a chunk", () => {
    const server = new InProcess({ commands: stringCommands });
    const value = "x".repeat(100_000);
    server.run("SET", "k", value);
    assert.equal(server.run("GET", "k"), `$100000\r\n${value}\r\n`);
  });

  test("follows the clock", () => {
    const clock = new ManualClock(5000);
    const server = new InProcess({ commands: stringCommands, clock });
    server.run("SET", "k", "v", "PX", 100);
    clock.advance(100);
    assert.equal(server.run("GET", "k"), "$1\r\nv\r\n");
    clock.advance(1);
    assert.equal(server.run("GET", "k"), "$-1\r\n");
  });

  test("has clients of their own state over one data set", () => {
    const server = new InProcess({ commands: stringCommands });
    const other = server.connect();
    other.client.reply.resp = 3;
    server.run("SET", "k", "v");
    assert.equal(other.run("GET", "k"), "$1\r\nv\r\n");
    assert.equal(other.run("GET", "none"), "_\r\n");
    other.close();
  });

  test("takes directives", () => {
    const config = { "proto-max-bulk-len": "2mb", databases: "3" };
    const server = new InProcess({ commands: stringCommands, config });
    assert.equal(server.server.protoMaxBulkLen, 2 * 1024 * 1024);
    assert.equal(server.server.keyspace.dbs.length, 3);
  });

  test("empties to its baseline", () => {
    const server = new InProcess({ commands: stringCommands });
    server.empty();
    const { usedBytes, liveBlocks } = server.arena;
    for (let i = 0; i < 3000; i++) server.run("SET", `key:${i}`, "v".repeat(i), "EX", 10);
    assert.ok(server.arena.usedBytes > usedBytes);
    server.empty();
    assert.equal(server.arena.usedBytes, usedBytes);
    assert.equal(server.arena.liveBlocks, liveBlocks);
    server.validateIntegrity();
  });
});
