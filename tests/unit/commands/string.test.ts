/**
 * String commands on what a client can't make yet or only with effort: values of another type, access
 * bits, figures, very long strings.
 */

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { ManualClock } from "../../../core/base/clock.ts";
import { stringCommands } from "../../../core/commands/string.ts";
import { Arena } from "../../../core/memory/arena.ts";
import { makeMeta, objectAccess, TYPE_LIST } from "../../../core/types/object.ts";
import { InProcess } from "../../support/in_process.ts";
import { encodeCommand } from "../../support/resp_client.ts";
import { toBytes } from "../../support/resp_reply.ts";

const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";

function entryOf(server: InProcess, key: string): number {
  const { keyspace } = server.server;
  const bytes = toBytes(key);
  return keyspace.lookupKey(keyspace.dbs[0], bytes, 0, bytes.length);
}

describe("a key of another type", () => {
  const server = new InProcess({ commands: stringCommands });
  // An entry that says it is a list is all these commands look at.
  server.run("SET", "list", "v");
  const ref = entryOf(server, "list");
  server.arena.storeI32(ref, 0, makeMeta(TYPE_LIST, 2, 0));
  for (
    const command of [
      "GET list",
      "GETDEL list",
      "GETEX list",
      "GETEX list EX abc",
      "GETEX list EX 0",
      "GETSET list v",
      "SET list v GET",
      "SET list v NX GET",
      "APPEND list v",
      "SETRANGE list 0 v",
      "SETRANGE list 0 ",
      "SETRANGE list 9223372036854775807 v",
      "GETRANGE list 0 -1",
      "SUBSTR list 0 -1",
      "STRLEN list",
      "INCR list",
      "DECR list",
      "INCRBY list 1",
      "DECRBY list 1",
      "INCRBYFLOAT list 1",
      "INCRBYFLOAT list abc",
    ]
  ) {
    test(command, () => {
      assert.equal(server.run(...command.split(" ")), WRONG_TYPE);
      assert.equal(entryOf(server, "list"), ref);
    });
  }
  test("LCS has a text of its own", () => {
    const error = "-ERR The specified keys must contain string values\r\n";
    assert.equal(server.run("LCS", "list", "other"), error);
    assert.equal(server.run("LCS", "other", "list", "nonsense"), error);
  });
  test("MGET answers null", () => {
    assert.equal(server.run("MGET", "list", "none"), "*2\r\n$-1\r\n$-1\r\n");
  });
  test("arguments are looked at before the key, or not", () => {
    assert.match(server.run("INCRBY", "list", "abc"), /^-ERR value is not an integer/);
    assert.match(server.run("SETRANGE", "list", -1, "v"), /^-ERR offset is out of range/);
    assert.match(server.run("SET", "list", "v", "GET", "EX", 0), /^-ERR invalid expire time/);
  });
});

describe("figures", () => {
  test("dirty counts changes as Redis does", () => {
    const server = new InProcess({ commands: stringCommands });
    const cases: [string, number][] = [
      ["SET k v", 1],
      ["SET k v NX", 0],
      ["SET k v XX GET", 1],
      ["SETNX k v", 0],
      ["SETEX k 10 v", 1],
      ["GETEX k", 0],
      ["GETEX k PERSIST", 1],
      ["GETEX k PERSIST", 0],
      ["GETEX k EX 10", 1],
      ["GETEX k EXAT 1", 1],
      ["GETDEL k", 0],
      ["GETSET k v", 1],
      ["APPEND k v", 1],
      ["APPEND k ", 1],
      ["SETRANGE k 0 v", 1],
      ["SETRANGE k 0 ", 0],
      ["INCR k", 0],
      ["INCR n", 1],
      ["INCRBYFLOAT n 0", 1],
      ["MSET a 1 b 2 a 3", 3],
      ["MSETNX a 1 c 2", 0],
      ["MSETNX d 1 e 2", 2],
      ["GETDEL k", 1],
      ["LCS a b", 0],
    ];
    for (const [command, changes] of cases) {
      const { dirty } = server.server;
      server.run(...command.split(" "));
      assert.equal(server.server.dirty - dirty, changes, command);
    }
  });

  test("hits and misses are counted for what is read", () => {
    const server = new InProcess({ commands: stringCommands });
    const { keyspace } = server.server;
    server.run("SET", "k", "1");
    server.run("INCR", "k");
    server.run("APPEND", "k", "1");
    assert.deepEqual([keyspace.hits, keyspace.misses], [0, 0]);
    server.run("GET", "k");
    server.run("GET", "none");
    server.run("MGET", "k", "none", "k");
    server.run("SET", "none", "1", "XX", "GET");
    server.run("GETDEL", "none");
    server.run("GETRANGE", "k", 0, 0);
    assert.deepEqual([keyspace.hits, keyspace.misses], [4, 4]);
  });

  test("a new value keeps the access bits of the old one", () => {
    const clock = new ManualClock();
    const config = { "maxmemory-policy": "allkeys-lfu" };
    const server = new InProcess({ commands: stringCommands, clock, config });
    server.run("SET", "k", "v");
    for (let i = 0; i < 500; i++) server.run("GET", "k");
    const counter = objectAccess(server.arena, entryOf(server, "k")) & 255;
    assert.ok(counter > 10, `counter ${counter}`);
    for (const command of ["SET k w", "SET k 100", "INCR k", "APPEND k 5", "GETSET k xyz"]) {
      server.run(...command.split(" "));
      const now = objectAccess(server.arena, entryOf(server, "k")) & 255;
      assert.ok(now >= counter, `${command}: ${now}, was ${counter}`);
    }
  });
});

describe("long strings", () => {
  const LEN = 100 * 1024 * 1024;

  test("a hundred megabytes go in and out", () => {
    const server = new InProcess({ commands: stringCommands, arena: new Arena() });
    const value = new Uint8Array(LEN);
    for (let i = 0; i < LEN; i += 4093) value[i] = i;
    server.first.execute(encodeCommand(["SET", "k", value]));
    assert.equal(server.first.takeReply(), "+OK\r\n");
    assert.equal(server.run("STRLEN", "k"), `:${LEN}\r\n`);
    assert.equal(server.run("APPEND", "k", "end"), `:${LEN + 3}\r\n`);
    assert.equal(server.run("SETRANGE", "k", LEN + 1, "N"), `:${LEN + 3}\r\n`);
    assert.equal(server.run("GETRANGE", "k", -3, -1), "$3\r\neNd\r\n");
    server.first.execute(encodeCommand(["GET", "k"]));
    const { reply } = server.first.client;
    assert.equal(reply.bytes, LEN + 3 + `$${LEN + 3}\r\n`.length + 2);
    let at = 0;
    for (let chunk = reply.takeChunk(); chunk !== null; chunk = reply.takeChunk()) {
      if (chunk.len < LEN) continue;
      for (at = 0; at < LEN; at += 4093) {
        if (chunk.buf[at] !== value[at]) assert.fail(`byte ${at} is another`);
      }
    }
    assert.ok(at >= LEN);
    assert.equal(server.run("SET", "k", ""), "+OK\r\n");
    server.validateIntegrity();
  });

  test("a string is not longer than its block", () => {
    const config = { "proto-max-bulk-len": "9gb" };
    const server = new InProcess({ commands: stringCommands, arena: new Arena(), config });
    const error = "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n";
    assert.equal(server.run("SETRANGE", "k", 1024 ** 3, "v"), error);
    assert.equal(server.run("SETRANGE", "k", 8 * 1024 ** 3, "v"), error);
    assert.equal(server.run("GET", "k"), "$-1\r\n");
  });
});
