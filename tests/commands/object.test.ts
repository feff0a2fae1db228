/**
 * OBJECT.
 */
import { bulk, NIL, OK, rawCases } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";

const server = target();

const SHARED = ":2147483647\r\n";
const ONE = ":1\r\n";
const ZERO = ":0\r\n";

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

rawCases(server, "OBJECT IDLETIME", [
  ["SET a v", OK],
  ["OBJECT IDLETIME a", ZERO],
  ["OBJECT IDLETIME a", ":1\r\n", { waitMs: 1300 }],
  // Looking at a key does not count as access; these three do.
  ["EXISTS a", ONE],
  ["TTL a", ":-1\r\n"],
  ["TYPE a", "+string\r\n"],
  ["OBJECT ENCODING a", bulk("embstr")],
  ["OBJECT IDLETIME a", ":1\r\n"],
  ["TOUCH a", ONE],
  ["OBJECT IDLETIME a", ZERO],
]);
