/**
 * SLOWLOG, and what gets into it.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bulk, OK, rawCases } from "../support/raw_cases.ts";
import type { RespClient } from "../support/resp_client.ts";
import { target } from "../support/server.ts";
import { untilBlocked } from "../support/until.ts";

const server = target();

const COUNT_ERROR = "-ERR count should be greater than or equal to -1\r\n";

/** An entry with these arguments. */
function entry(...args: string[]): string {
  return `\\*6\\r\\n:\\d+\\r\\n:\\d{10}\\r\\n:\\d+\\r\\n\\*${args.length}\\r\\n` +
    args.map((arg) => bulk(arg).replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join("") +
    "\\$\\d+\\r\\n127\\.0\\.0\\.1:\\d+\\r\\n\\$\\d+\\r\\n\\w*\\r\\n";
}

/** A reply of such entries, newest first. */
function entries(...requests: string[][]): RegExp {
  return new RegExp(`^\\*${requests.length}\\r\\n${requests.map((r) => entry(...r)).join("")}$`);
}

rawCases(server, "SLOWLOG", [
  ["CONFIG SET slowlog-log-slower-than 1000000 slowlog-max-len 128", OK],
  ["SLOWLOG", "-ERR wrong number of arguments for 'slowlog' command\r\n"],
  ["SLOWLOG nosuch", "-ERR unknown subcommand 'nosuch'. Try SLOWLOG HELP.\r\n"],
  ["SLOWLOG HELP", /^\*1\d\r\n\+SLOWLOG <subcommand> \[<arg> \[value\] \[opt\] \.\.\.\]\. Sub/],
  ["SLOWLOG RESET", OK],
  ["SLOWLOG LEN", ":0\r\n"],
  ["SLOWLOG GET", "*0\r\n"],
  ["SLOWLOG GET -1", "*0\r\n"],
  ["SLOWLOG GET -2", COUNT_ERROR],
  ["SLOWLOG GET x", COUNT_ERROR],
  ["SLOWLOG GET 99999999999999999999", COUNT_ERROR],
  [
    "SLOWLOG GET 1 2",
    "-ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP.\r\n",
  ],
  ["SLOWLOG LEN 1", "-ERR wrong number of arguments for 'slowlog|len' command\r\n"],
], { resp: "both" });

rawCases(server, "what the slow log keeps", [
  ["CLIENT SETNAME me", OK],
  ["CONFIG SET slowlog-log-slower-than 0 slowlog-max-len 128", OK],
  ["SLOWLOG RESET", OK],
  ["SET k v", OK],
  ["GET k", bulk("v")],
  ["GET k v", /^-ERR wrong number/],
  ["nosuch", /^-ERR unknown command/],
  ["LPUSH k 1", /^-WRONGTYPE/],
  [
    "SLOWLOG GET",
    entries(["LPUSH", "k", "1"], ["GET", "k"], ["SET", "k", "v"], [
      "SLOWLOG",
      "RESET",
    ]),
  ],
  ["SLOWLOG GET 1", entries(["SLOWLOG", "GET"])],
  ["SLOWLOG LEN", ":6\r\n"],
  ["SLOWLOG RESET", OK],
  [["SET", "k", "v".repeat(129)], OK],
  [["SET", "k", "v".repeat(128)], OK],
  [["DEL", ..."a".repeat(32).split("")], ":0\r\n"],
  [["DEL", ..."a".repeat(31).split("")], ":0\r\n"],
  [
    "SLOWLOG GET",
    entries(
      ["DEL", ..."a".repeat(31).split("")],
      ["DEL", ..."a".repeat(30).split(""), "... (2 more arguments)"],
      ["SET", "k", "v".repeat(128)],
      ["SET", "k", `${"v".repeat(128)}... (1 more bytes)`],
      ["SLOWLOG", "RESET"],
    ),
  ],
]);

rawCases(server, "what the slow log hides", [
  ["CONFIG SET slowlog-log-slower-than 0 slowlog-max-len 128", OK],
  ["SLOWLOG RESET", OK],
  ["AUTH x", /^-ERR/],
  ["CONFIG SET requirepass '' hz 10 MasterAuth ''", OK],
  ["HELLO 2 AUTH default x SETNAME me", /./],
  [
    "SLOWLOG GET",
    entries(
      ["HELLO", "2", "AUTH", "(redacted)", "(redacted)", "SETNAME", "me"],
      ["CONFIG", "SET", "requirepass", "(redacted)", "hz", "10", "MasterAuth", "(redacted)"],
      ["AUTH", "(redacted)"],
      ["SLOWLOG", "RESET"],
    ),
  ],
]);

rawCases(server, "the slow log and transactions", [
  ["CONFIG SET slowlog-log-slower-than 0 slowlog-max-len 128", OK],
  ["SLOWLOG RESET", OK],
  ["MULTI", OK],
  ["SET k v", "+QUEUED\r\n"],
  ["GET k", "+QUEUED\r\n"],
  ["EXEC", `*2\r\n${OK}${bulk("v")}`],
  ["SLOWLOG GET", entries(["GET", "k"], ["SET", "k", "v"], ["MULTI"], ["SLOWLOG", "RESET"])],
]);

rawCases(server, "how long the slow log is", [
  ["CONFIG SET slowlog-log-slower-than 0 slowlog-max-len 3", OK],
  ["SLOWLOG RESET", OK],
  ["PING", "+PONG\r\n"],
  ["PING", "+PONG\r\n"],
  ["PING", "+PONG\r\n"],
  ["PING", "+PONG\r\n"],
  ["SLOWLOG LEN", ":3\r\n"],
  ["CONFIG SET slowlog-max-len 1", OK],
  ["SLOWLOG GET -1", entries(["CONFIG", "SET", "slowlog-max-len", "1"])],
  ["SLOWLOG RESET", OK],
  ["CONFIG SET slowlog-log-slower-than -1", OK],
  ["PING", "+PONG\r\n"],
  ["SLOWLOG LEN", /^:[01]\r\n$/],
  ["CONFIG SET slowlog-max-len 0 slowlog-log-slower-than 0", OK],
  ["SLOWLOG RESET", OK],
  ["PING", "+PONG\r\n"],
  ["SLOWLOG LEN", ":0\r\n"],
  ["CONFIG SET slowlog-max-len 128 slowlog-log-slower-than 10000", OK],
]);

async function logged(client: RespClient): Promise<string[][]> {
  const log = await client.command("SLOWLOG", "GET", "-1") as [number, number, number, string[]][];
  return log.map(([, , , args]) => args);
}

test("a command that blocks is logged when it is answered", async () => {
  const client = await server.connect();
  const other = await server.connect();
  await client.command("FLUSHALL");
  await client.command("CONFIG", "SET", "slowlog-log-slower-than", "0");
  await client.command("SLOWLOG", "RESET");
  other.send(["BLPOP", "list", "0"]);
  await untilBlocked(client, 1);
  const before = await logged(client);
  assert.ok(!before.some(([name]) => name === "BLPOP"));
  await client.command("RPUSH", "list", "x");
  await other.readRaw();
  other.send(["BLPOP", "list", "0.01"]);
  await other.readRaw();
  const after = (await logged(client)).filter(([name]) => name === "BLPOP");
  assert.deepEqual(after.at(-1), ["BLPOP", "list", "0"]);
  // Redis 7.0 doesn't log those whose time was over.
  const version = String(await client.command("INFO", "server"));
  if (!/redis_version:7\.0/.test(version)) assert.deepEqual(after[0], ["BLPOP", "list", "0.01"]);
  await client.command("CONFIG", "SET", "slowlog-log-slower-than", "10000");
  client.close();
  other.close();
});

test("with the usual threshold a slow one is logged and fast ones are not", async () => {
  const client = await server.connect();
  await client.command("CONFIG", "SET", "slowlog-log-slower-than", "200000");
  await client.command("SLOWLOG", "RESET");
  for (let i = 0; i < 200; i++) client.send(["PING"]);
  client.send(["DEBUG", "SLEEP", "0.25"]);
  for (let i = 0; i < 201; i++) await client.readRaw();
  // The machine itself may be slow in the middle of one.
  const [slowest, ...others] = await logged(client);
  assert.deepEqual(slowest, ["DEBUG", "SLEEP", "0.25"]);
  assert.ok(others.length <= 2, `${others.length} fast ones`);
  await client.command("CONFIG", "SET", "slowlog-log-slower-than", "10000");
  client.close();
});
