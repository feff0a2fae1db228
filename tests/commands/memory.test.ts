/**
 * MEMORY.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { NIL, OK, rawCases } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";
import { until } from "../support/until.ts";

const server = target();

const SYNTAX_ERROR = "-ERR syntax error\r\n";

rawCases(server, "MEMORY", [
  ["MEMORY", "-ERR wrong number of arguments for 'memory' command\r\n"],
  ["MEMORY nosuch", "-ERR unknown subcommand 'nosuch'. Try MEMORY HELP.\r\n"],
  ["MEMORY HELP", /^\*14\r\n\+MEMORY <subcommand> \[<arg> \[value\] \[opt\] \.\.\.\]\. Sub/],
  ["MEMORY PURGE", OK],
  ["MEMORY DOCTOR", { resp2: /^\$\d+\r\n.*\n\r\n$/s, resp3: /^=\d+\r\ntxt:.*\n\r\n$/s }],
  ["MEMORY MALLOC-STATS", { resp2: /^\$\d+\r\n/, resp3: /^=\d+\r\ntxt:/ }],
  ["MEMORY PURGE x", "-ERR wrong number of arguments for 'memory|purge' command\r\n"],
], { resp: "both" });

rawCases(server, "MEMORY USAGE", [
  ["MEMORY USAGE", "-ERR wrong number of arguments for 'memory|usage' command\r\n"],
  ["MEMORY USAGE nosuch", NIL],
  ["SET a 1", OK],
  ["MEMORY USAGE a", /^:\d\d\d?\r\n$/],
  ["MEMORY USAGE a SAMPLES 0", /^:\d\d\d?\r\n$/],
  ["MEMORY USAGE a SAMPLES 5 samples 4", /^:\d\d\d?\r\n$/],
  ["MEMORY USAGE a SAMPLES", SYNTAX_ERROR],
  ["MEMORY USAGE a x 1", SYNTAX_ERROR],
  ["MEMORY USAGE a SAMPLES -1", SYNTAX_ERROR],
  ["MEMORY USAGE a SAMPLES x", "-ERR value is not an integer or out of range\r\n"],
  ["MEMORY USAGE nosuch x", SYNTAX_ERROR],
], { resp: "both" });

rawCases(server, "MEMORY STATS", [
  ["MEMORY STATS x", "-ERR wrong number of arguments for 'memory|stats' command\r\n"],
  ["SET a 1", OK],
  ["SELECT 5", OK],
  ["SET b 1 EX 100", OK],
  [
    "MEMORY STATS",
    /peak\.allocated\r\n:\d+.*clients\.normal\r\n:\d+.*db\.0\r\n.*db\.5\r\n.*keys\.count\r\n:2\r\n/s,
  ],
], { resp: "both" });

const own = { skip: server.isOracle ? "Redis's estimates differ" : false };

test("MEMORY STATS has Redis 7.4's fields, databases in the middle", own, async () => {
  const client = await server.connect();
  await client.command("FLUSHALL");
  const empty = await client.command("MEMORY", "STATS") as unknown[];
  assert.equal(empty.length, 62);
  await client.command("SET", "a", "1");
  const stats = await client.command("MEMORY", "STATS") as unknown[];
  assert.equal(stats.length, 64);
  assert.equal(stats[20], "db.0");
  client.close();
});

test("MEMORY USAGE grows with key and value and agrees with used_memory", own, async () => {
  const client = await server.connect();
  const used = async () => {
    const info = String(await client.command("INFO", "memory"));
    return Number(/allocator_allocated:(\d+)/.exec(info)?.[1]);
  };
  const usage = async (key: string) => Number(await client.command("MEMORY", "USAGE", key));
  await client.command("FLUSHALL");
  await until("all is freed", async () => {
    return /pending_objects:0\r/.test(String(await client.command("INFO", "memory")));
  });
  const before = await used();
  let sum = 0;
  for (const len of [1, 10, 100, 1000, 10_000, 100_000]) {
    await client.command("SET", `key:${len}`, "x".repeat(len));
    await client.command("PEXPIRE", `key:${len}`, "1000000");
  }
  let last = 0;
  for (const len of [1, 10, 100, 1000, 10_000, 100_000]) {
    const bytes = await usage(`key:${len}`);
    assert.ok(bytes > len && bytes >= last, `${len} bytes take ${bytes}`);
    assert.ok(bytes < len * 1.2 + 200, `${len} bytes take ${bytes}`);
    last = bytes;
    sum += bytes;
  }
  const grown = await used() - before;
  // The tables' first buckets were there before.
  assert.ok(Math.abs(grown - sum) < 500, `the keys take ${sum}, the arena grew by ${grown}`);
  client.close();
});
