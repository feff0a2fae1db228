/**
 * What a server without replicas and modules answers: ROLE, REPLICAOF, SLAVEOF, FAILOVER, SYNC,
 * MODULE.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { OK, rawCases } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";

const server = target();

const NOT_INTEGER = "-ERR value is not an integer or out of range\r\n";
const NO_REPLICAS = "-ERR FAILOVER requires connected replicas.\r\n";
const SYNTAX_ERROR = "-ERR syntax error\r\n";

rawCases(server, "ROLE, REPLICAOF and SLAVEOF", [
  ["ROLE", "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n"],
  ["ROLE x", "-ERR wrong number of arguments for 'role' command\r\n"],
  ["REPLICAOF NO ONE", OK],
  ["slaveof no one", OK],
  ["REPLICAOF NO", "-ERR wrong number of arguments for 'replicaof' command\r\n"],
  ["REPLICAOF localhost x", "-ERR Invalid master port\r\n"],
  ["SLAVEOF localhost 65536", "-ERR Invalid master port\r\n"],
], { resp: "both" });

rawCases(server, "what replicas send is known to rules of users, and refused", [
  ["ACL SETUSER replica on >pw +psync +replconf +ping", OK],
  ["ACL DRYRUN replica psync ? -1", OK],
  ["ACL DRYRUN replica sync", /no permissions to run the 'sync' command/],
  ["ACL DELUSER replica", ":1\r\n"],
  ["PSYNC ?", "-ERR wrong number of arguments for 'psync' command\r\n"],
  ["SYNC now", "-ERR wrong number of arguments for 'sync' command\r\n"],
  ["MULTI", OK],
  ["SYNC", "-ERR Command not allowed inside a transaction\r\n"],
  ["DISCARD", OK],
]);

rawCases(server, "RESTORE-ASKING is RESTORE", [
  ["RESTORE-ASKING k 0 x", "-ERR DUMP payload version or checksum are wrong\r\n"],
  ["COMMAND GETKEYS RESTORE-ASKING k 0 x", "*1\r\n$1\r\nk\r\n"],
]);

test("SYNC, PSYNC and REPLCONF say that there are no replicas", async () => {
  if (server.isOracle) return;
  const client = await server.connect();
  for (const request of ["SYNC", "PSYNC ? -1", "REPLCONF listening-port 1"]) {
    const reply = await client.command(...request.split(" "));
    assert.match(JSON.stringify(reply, ["message"]), /This server can't have replicas/, request);
  }
  client.close();
});

rawCases(server, "FAILOVER", [
  ["FAILOVER", NO_REPLICAS],
  ["FAILOVER ABORT", "-ERR No failover in progress.\r\n"],
  ["FAILOVER x", SYNTAX_ERROR],
  ["FAILOVER ABORT x", SYNTAX_ERROR],
  ["FAILOVER TO localhost", SYNTAX_ERROR],
  ["FAILOVER TO localhost x", NOT_INTEGER],
  ["FAILOVER TO localhost 6379", NO_REPLICAS],
  ["FAILOVER TO localhost 6379 FORCE TIMEOUT 10", NO_REPLICAS],
  ["FAILOVER TO a 1 TO b 2", SYNTAX_ERROR],
  ["FAILOVER FORCE FORCE", SYNTAX_ERROR],
  ["FAILOVER TIMEOUT", SYNTAX_ERROR],
  ["FAILOVER TIMEOUT x", NOT_INTEGER],
  ["FAILOVER TIMEOUT 0", "-ERR FAILOVER timeout must be greater than 0\r\n"],
  ["FAILOVER TIMEOUT 5 TIMEOUT 5", SYNTAX_ERROR],
]);

rawCases(server, "MODULE", [
  ["MODULE", "-ERR wrong number of arguments for 'module' command\r\n"],
  ["MODULE LIST", "*0\r\n"],
  ["MODULE nosuch", "-ERR unknown subcommand 'nosuch'. Try MODULE HELP.\r\n"],
  ["MODULE HELP", /^\*\d+\r\n\+MODULE <subcommand> \[<arg> \[value\] \[opt\] \.\.\.\]\. Sub/],
  ["MODULE LOAD", "-ERR wrong number of arguments for 'module|load' command\r\n"],
  ["MODULE LOAD /nosuch.so", /^-ERR (MODULE command not allowed|Error loading the extension)/],
  ["MODULE UNLOAD nosuch", /^-ERR (MODULE command not allowed|Error unloading module: no such)/],
], { resp: "both" });
