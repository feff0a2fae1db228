/**
 * CONFIG. What values and directives there are is tests/unit/server/config*.test.ts.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { array, bulk, OK, rawCases } from "../support/raw_cases.ts";
import { ReplyError } from "../support/resp_reply.ts";
import { target } from "../support/server.ts";

const server = target();

const FAILED = "-ERR CONFIG SET failed (possibly related to argument";

function wrongArity(sub: string): string {
  return `-ERR wrong number of arguments for 'config|${sub}' command\r\n`;
}

rawCases(server, "CONFIG GET", [
  ["CONFIG", "-ERR wrong number of arguments for 'config' command\r\n"],
  ["CONFIG nosuch", "-ERR unknown subcommand 'nosuch'. Try CONFIG HELP.\r\n"],
  ["CONFIG GET", wrongArity("get")],
  ["CONFIG GET nosuch", { resp2: "*0\r\n", resp3: "%0\r\n" }],
  ["CONFIG GET maxmemory-samples", {
    resp2: array(bulk("maxmemory-samples"), bulk("5")),
    resp3: "%1\r\n" + bulk("maxmemory-samples") + bulk("5"),
  }],
  ["CONFIG GET MaxMemory-Samples", {
    resp2: array(bulk("MaxMemory-Samples"), bulk("5")),
    resp3: "%1\r\n" + bulk("MaxMemory-Samples") + bulk("5"),
  }],
  ["CONFIG GET maxmemory-samples maxmemory-s* nosuch", {
    resp2: array(bulk("maxmemory-samples"), bulk("5")),
    resp3: "%1\r\n" + bulk("maxmemory-samples") + bulk("5"),
  }],
  ["CONFIG GET *", /maxclients.*\r\nlfu-log-factor|lfu-log-factor.*\r\nmaxclients/s],
], { resp: "both" });

rawCases(server, "CONFIG SET", [
  ["CONFIG SET", wrongArity("set")],
  ["CONFIG SET maxmemory-samples", wrongArity("set")],
  ["CONFIG SET maxmemory-samples 4 maxmemory", "-ERR syntax error\r\n"],
  ["CONFIG SET maxmemory-samples 7", OK],
  ["CONFIG GET maxmemory-samples", array(bulk("maxmemory-samples"), bulk("7"))],
  ["CONFIG SET maxmemory-samples 6 lfu-log-factor 3", OK],
  ["CONFIG GET lfu-log-factor", array(bulk("lfu-log-factor"), bulk("3"))],
  [
    "CONFIG SET maxmemory-samples 5 lfu-log-factor x",
    `${FAILED} 'lfu-log-factor') - argument couldn't be parsed into an integer\r\n`,
  ],
  ["CONFIG GET maxmemory-samples", array(bulk("maxmemory-samples"), bulk("6"))],
  [
    "CONFIG SET nosuch 1",
    "-ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'\r\n",
  ],
  ["CONFIG SET databases 20", `${FAILED} 'databases') - can't set immutable config\r\n`],
  ["CONFIG SET dbfilename x.rdb", `${FAILED} 'dbfilename') - can't set protected config\r\n`],
  ["CONFIG SET maxmemory 100mb", OK],
  ["CONFIG GET maxmemory", array(bulk("maxmemory"), bulk("104857600"))],
  ["CONFIG SET maxmemory 0 maxmemory-samples 5 lfu-log-factor 10", OK],
  ['CONFIG SET save ""', OK],
  ["CONFIG GET save", array(bulk("save"), bulk(""))],
]);

rawCases(server, "CONFIG SET loglevel, hz", [
  ["CONFIG SET loglevel debug hz 100", OK],
  ["CONFIG GET loglevel", array(bulk("loglevel"), bulk("debug"))],
  ["INFO server", /\r\nconfigured_hz:100\r\n/],
  ["CONFIG SET loglevel notice hz 10", OK],
]);

rawCases(server, "CONFIG RESETSTAT", [
  ["CONFIG RESETSTAT x", wrongArity("resetstat")],
  ["GET a", "$-1\r\n"],
  ["CONFIG RESETSTAT", OK],
  ["INFO stats", /\r\ntotal_commands_processed:1\r\n.*\r\nkeyspace_misses:0\r\n/s],
  ["INFO commandstats", /^\$\d+\r\n# Commandstats\r\ncmdstat_[^\r]*\r\ncmdstat_[^\r]*\r\n\r\n$/],
  ["INFO errorstats", bulk("# Errorstats\r\n")],
]);

rawCases(server, "CONFIG REWRITE without a file, HELP", [
  ["CONFIG REWRITE", "-ERR The server is running without a config file\r\n"],
  [
    "CONFIG HELP",
    /^\*11\r\n\+CONFIG <subcommand> \[<arg> \[value\] \[opt\] \.\.\.\]\. Subcommands are:\r\n\+GET <pattern>\r\n/,
    { replies: 1 },
  ],
]);

const own = { skip: server.isOracle ? "is about Larder's own process" : false };

test("what can't be done is refused by CONFIG SET", own, async () => {
  const client = await server.connect();
  for (const [name, value] of [["tls-port", "7000"], ["cluster-enabled", "yes"]]) {
    const reply = await client.command("CONFIG", "SET", name, value);
    assert.ok(reply instanceof ReplyError, `${name}: ${reply}`);
    assert.match(reply.message, new RegExp(`^ERR CONFIG SET failed .*'${name}'\\) - `));
  }
  client.close();
});
