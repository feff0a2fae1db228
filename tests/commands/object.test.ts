/**
 * OBJECT.
 */
import { bulk, NIL, OK, rawCases } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";

const server = target();

const SHARED = ":2147483647\r\n";
const ONE = ":1\r\n";

rawCases(server, "OBJECT: arguments", [
  ["OBJECT", "-ERR wrong number of arguments for 'object' command\r\n"],
  ["OBJECT nosuch", "-ERR unknown subcommand 'nosuch'. Try OBJECT HELP.\r\n"],
  ["OBJECT nosuch key", "-ERR unknown subcommand 'nosuch'. Try OBJECT HELP.\r\n"],
  ["object ENCODING", "-ERR wrong number of arguments for 'object|encoding' command\r\n"],
  ["OBJECT encoding a b", "-ERR wrong number of arguments for 'object|encoding' command\r\n"],
  ["OBJECT FREQ", "-ERR wrong number of arguments for 'object|freq' command\r\n"],
  ["OBJECT IDLETIME", "-ERR wrong number of arguments for 'object|idletime' command\r\n"],
  ["OBJECT REFCOUNT", "-ERR wrong number of arguments for 'object|refcount' command\r\n"],
  ["OBJECT HELP a", "-ERR wrong number of arguments for 'object|help' command\r\n"],
  ["OBJECT ENCODING a", NIL],
  ["OBJECT FREQ a", NIL],
  ["OBJECT IDLETIME a", NIL],
  ["OBJECT REFCOUNT a", NIL],
], { resp: "both" });

rawCases(server, "OBJECT HELP", [
  ["OBJECT HELP", /^\*\d+\r\n\+OBJECT <subcommand> \[<arg> \[value\] \[opt\] \.\.\.\]\. Sub/],
  ["OBJECT HELP", /\r\n\+ENCODING <key>\r\n\+ {4}[^]*\+FREQ <key>[^]*\+IDLETIME <key>/],
  ["OBJECT HELP", /\r\n\+REFCOUNT <key>\r\n[^]*\r\n\+HELP\r\n\+ {4}Prints? this help\.\r\n$/],
], { resp: "both" });

rawCases(server, "OBJECT ENCODING of strings", [
  ["SET a 1", OK],
  ["OBJECT ENCODING a", bulk("int")],
  ["SET a -9223372036854775808", OK],
  ["OBJECT ENCODING a", bulk("int")],
  ["SET a 9223372036854775808", OK],
  ["OBJECT ENCODING a", bulk("embstr")],
  ["SET a 01", OK],
  ["OBJECT ENCODING a", bulk("embstr")],
  [["SET", "a", ""], OK],
  ["OBJECT ENCODING a", bulk("embstr")],
  [["SET", "a", "x".repeat(44)], OK],
  ["OBJECT ENCODING a", bulk("embstr")],
  [["SET", "a", "x".repeat(45)], OK],
  ["OBJECT ENCODING a", bulk("raw")],
  [["SET", "a", "x".repeat(5000)], OK],
  ["OBJECT ENCODING a", bulk("raw")],
  ["EXPIRE a 100", ONE],
  ["OBJECT ENCODING a", bulk("raw")],
  ["COPY a b", ONE],
  ["OBJECT ENCODING b", bulk("raw")],
  ["SET b v PX 10", OK],
  ["OBJECT ENCODING b", NIL, { waitMs: 40 }],
]);

rawCases(server, "OBJECT REFCOUNT", [
  ["SET a 0", OK],
  ["OBJECT REFCOUNT a", SHARED],
  ["SET a 9999", OK],
  ["OBJECT REFCOUNT a", SHARED],
  ["INCR a", ":10000\r\n"],
  ["OBJECT REFCOUNT a", ONE],
  ["SET a -1", OK],
  ["OBJECT REFCOUNT a", ONE],
  ["SET a 9007199254740993", OK],
  ["OBJECT REFCOUNT a", ONE],
  ["SET a abc", OK],
  ["OBJECT REFCOUNT a", ONE],
]);

// The clock of accesses counts seconds; a case may see the next one begin, or several on a slow machine.
rawCases(server, "OBJECT IDLETIME", [
  [{ raw: "SET a v\r\nOBJECT IDLETIME a\r\n" }, /^\+OK\r\n:[01]\r\n$/, { replies: 2 }],
  ["OBJECT IDLETIME a", /^:([2-9]|1\d)\r\n$/, { waitMs: 2050 }],
  // These look at the key, which is no access.
  ["EXISTS a", ONE],
  ["TTL a", ":-1\r\n"],
  ["TYPE a", "+string\r\n"],
  ["OBJECT ENCODING a", bulk("embstr")],
  ["OBJECT IDLETIME a", /^:([2-9]|1\d)\r\n$/],
  [{ raw: "TOUCH a\r\nOBJECT IDLETIME a\r\n" }, /^:1\r\n:[01]\r\n$/, { replies: 2 }],
]);

const SWITCHING = "Please note that when switching between policies at runtime " +
  "LRU and LFU data will take some time to adjust.\r\n";

rawCases(server, "OBJECT FREQ and IDLETIME follow the policy", [
  ["SET a v", OK],
  [
    "OBJECT FREQ a",
    `-ERR An LFU maxmemory policy is not selected, access frequency not tracked. ${SWITCHING}`,
  ],
  // Without decay, or a minute that begins takes one off.
  ["CONFIG SET maxmemory-policy allkeys-lfu lfu-decay-time 0", OK],
  [
    "OBJECT IDLETIME a",
    `-ERR An LFU maxmemory policy is selected, idle time not tracked. ${SWITCHING}`,
  ],
  ["OBJECT IDLETIME b", "$-1\r\n"],
  ["SET b v", OK],
  ["OBJECT FREQ b", ":5\r\n"],
  ["OBJECT FREQ b", ":5\r\n"],
  ["CONFIG SET lfu-log-factor 0", OK],
  ["GET b", bulk("v")],
  ["TOUCH b b", ":2\r\n"],
  ["OBJECT FREQ b", ":8\r\n"],
  ["EXPIRE b 100", ONE],
  ["OBJECT FREQ b", ":9\r\n"],
  ["COPY b c", ONE],
  ["OBJECT FREQ b", ":10\r\n"],
  ["OBJECT FREQ c", ":5\r\n"],
  ["RENAME b d", OK, { since7: "7.2" }],
  ["OBJECT FREQ d", ":5\r\n", { since7: "7.2" }],
  // Shared integers have no counter of their own, so there are none where it counts.
  ["SET n 1", OK],
  ["OBJECT REFCOUNT n", SHARED],
  ["CONFIG SET maxmemory 1gb", OK],
  ["SET n 1", OK],
  ["OBJECT REFCOUNT n", ONE],
  ["CONFIG SET maxmemory-policy volatile-ttl", OK],
  ["SET n 1", OK],
  ["OBJECT REFCOUNT n", SHARED],
  ["CONFIG SET maxmemory 0", OK],
  ["CONFIG SET maxmemory-policy noeviction lfu-log-factor 10 lfu-decay-time 1", OK],
]);
