/**
 * MULTI, EXEC, DISCARD, WATCH and UNWATCH, to the byte.
 */
import { array, bulk, NIL, NIL_ARRAY, OK, rawCases } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";

const server = target();
const QUEUED = "+QUEUED\r\n";
const ABORTED = "-EXECABORT Transaction discarded because of previous errors.\r\n";
const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";

rawCases(server, "MULTI and EXEC", [
  ["MULTI", OK],
  ["SET a 1", QUEUED],
  ["INCR a", QUEUED],
  ["GET nosuch", QUEUED],
  ["EXEC", {
    resp2: array(OK, ":2\r\n", "$-1\r\n"),
    resp3: array(OK, ":2\r\n", "_\r\n"),
  }],
  ["MULTI", OK],
  ["EXEC", "*0\r\n"],
  ["EXEC", "-ERR EXEC without MULTI\r\n"],
  ["DISCARD", "-ERR DISCARD without MULTI\r\n"],
  ["MULTI", OK],
  ["SET a 5", QUEUED],
  ["DISCARD", OK],
  ["GET a", bulk("2")],
  ["MULTI", OK],
  [["SET", "bin", "\0\r\n\xff"], QUEUED],
  [["GET", "bin"], QUEUED],
  [["APPEND", "bin", "x".repeat(5000)], QUEUED],
  ["EXEC", array(OK, bulk("\0\r\n\xff"), ":5004\r\n")],
], { resp: "both" });

rawCases(server, "errors in a transaction", [
  ["MULTI", OK],
  ["NOSUCH", /^-ERR unknown command 'NOSUCH'/],
  ["SET a 1", QUEUED],
  ["EXEC", ABORTED],
  ["EXISTS a", ":0\r\n"],
  ["MULTI", OK],
  ["GET", "-ERR wrong number of arguments for 'get' command\r\n"],
  ["EXEC", ABORTED],
  ["MULTI", OK],
  ["CLIENT NOSUCH", /^-ERR unknown subcommand 'NOSUCH'/],
  ["DISCARD", OK],
  // Errors while it is executed concern their commands alone.
  ["MULTI", OK],
  ["SET a x", QUEUED],
  ["LPUSH a y", QUEUED],
  ["INCR a", QUEUED],
  ["SET b 1", QUEUED],
  ["EXEC", array(OK, WRONG_TYPE, "-ERR value is not an integer or out of range\r\n", OK)],
  // Neither of these is queued, and neither spoils the transaction.
  ["MULTI", OK],
  ["MULTI", "-ERR MULTI calls can not be nested\r\n"],
  ["WATCH a", "-ERR WATCH inside MULTI is not allowed\r\n"],
  ["PING", QUEUED],
  ["EXEC", array("+PONG\r\n")],
  ["MULTI", OK],
  [
    "EXEC x",
    "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' " +
    "command\r\n",
  ],
  ["EXEC", "-ERR EXEC without MULTI\r\n"],
  [
    "EXEC x",
    "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command\r\n",
  ],
  ["MULTI", OK],
  ["QUIT", OK, { closed: true }],
  ["MULTI", OK],
  ["SET a 1", QUEUED],
  ["RESET", "+RESET\r\n"],
  ["EXEC", "-ERR EXEC without MULTI\r\n"],
]);

rawCases(server, "WATCH", [
  ["WATCH a", OK],
  ["MULTI", OK],
  ["SET a 1", QUEUED],
  ["EXEC", array(OK)],
  // Another client changes the key.
  ["WATCH x a y", OK],
  ["SET a 2", OK, { on: "other" }],
  ["MULTI", OK],
  ["SET a 3", QUEUED],
  ["EXEC", NIL_ARRAY],
  ["GET a", bulk("2")],
  // So does the client itself.
  ["WATCH a", OK],
  ["SET a 4", OK],
  ["MULTI", OK],
  ["EXEC", NIL_ARRAY],
  // The failed EXEC has ended it.
  ["SET a 5", OK],
  ["MULTI", OK],
  ["EXEC", "*0\r\n"],
  ["WATCH a", OK],
  ["SET a 6", OK, { on: "other" }],
  ["UNWATCH", OK],
  ["MULTI", OK],
  ["EXEC", "*0\r\n"],
  ["WATCH a", OK],
  ["SET a 7", OK, { on: "other" }],
  ["MULTI", OK],
  ["DISCARD", OK],
  ["MULTI", OK],
  ["EXEC", "*0\r\n"],
  // UNWATCH in a transaction is queued, and comes too late.
  ["WATCH a", OK],
  ["SET a 8", OK, { on: "other" }],
  ["MULTI", OK],
  ["UNWATCH", QUEUED],
  ["EXEC", NIL_ARRAY],
  // The same name in another database is another key.
  ["WATCH a", OK],
  ["SELECT 1", OK, { on: "other" }],
  ["SET a 1", OK, { on: "other" }],
  ["SELECT 0", OK, { on: "other" }],
  ["MULTI", OK],
  ["EXEC", "*0\r\n"],
  // An error when it was queued is told before the change.
  ["WATCH a", OK],
  ["SET a 9", OK, { on: "other" }],
  ["MULTI", OK],
  ["NOSUCH", /^-ERR unknown command/],
  ["EXEC", ABORTED],
  ["WATCH", "-ERR wrong number of arguments for 'watch' command\r\n"],
], { resp: "both" });

rawCases(server, "WATCH and whole databases", [
  ["SET a 1", OK],
  ["WATCH a", OK],
  ["FLUSHDB", OK, { on: "other" }],
  ["MULTI", OK],
  ["EXEC", NIL_ARRAY],
  ["WATCH a", OK],
  ["FLUSHALL", OK, { on: "other" }],
  ["MULTI", OK],
  ["EXEC", "*0\r\n"],
  ["SET b 1", OK],
  ["WATCH a b", OK],
  ["SWAPDB 0 1", OK, { on: "other" }],
  ["MULTI", OK],
  ["EXEC", NIL_ARRAY],
  ["WATCH a", OK],
  ["SWAPDB 0 1", OK, { on: "other" }],
  ["MULTI", OK],
  ["EXEC", "*0\r\n"],
  ["WATCH b", OK],
  ["RENAME b c", OK, { on: "other" }],
  ["MULTI", OK],
  ["EXEC", NIL_ARRAY],
  ["WATCH c", OK],
  ["MOVE c 2", ":1\r\n", { on: "other" }],
  ["MULTI", OK],
  ["EXEC", NIL_ARRAY],
]);

rawCases(server, "WATCH and expired keys", [
  // It expires after WATCH, whether or not somebody removes it.
  ["SET a 1 PX 1", OK],
  ["SET b 1 PX 30", OK],
  ["WATCH b", OK],
  ["MULTI", OK, { waitMs: 60 }],
  ["EXEC", NIL_ARRAY],
  // It had expired before.
  ["DEBUG SET-ACTIVE-EXPIRE 0", OK],
  ["SET a 1 PX 1", OK],
  ["WATCH a", OK, { waitMs: 20 }],
  ["GET a", NIL, { on: "other" }],
  ["MULTI", OK],
  ["EXEC", "*0\r\n"],
  ["SET a 1 PX 1", OK],
  ["WATCH a", OK, { waitMs: 20 }],
  ["FLUSHALL", OK, { on: "other" }],
  ["MULTI", OK],
  ["EXEC", "*0\r\n"],
  ["SET a 1 PX 1", OK],
  ["WATCH a", OK, { waitMs: 20 }],
  ["SET a 2", OK, { on: "other" }],
  ["MULTI", OK],
  ["EXEC", NIL_ARRAY],
  ["DEBUG SET-ACTIVE-EXPIRE 1", OK],
]);

rawCases(server, "nothing blocks in a transaction", [
  ["MULTI", OK],
  ["BLPOP nosuch 0", QUEUED],
  ["BLMOVE nosuch b LEFT RIGHT 0", QUEUED],
  ["BZPOPMIN nosuch 0", QUEUED],
  ["XREAD BLOCK 0 STREAMS nosuch $", QUEUED],
  ["WAIT 1 0", QUEUED],
  ["EXEC", {
    resp2: array("*-1\r\n", "$-1\r\n", "*-1\r\n", "*-1\r\n", ":0\r\n"),
    resp3: array("_\r\n", "_\r\n", "_\r\n", "_\r\n", ":0\r\n"),
  }],
  // Who waits is served when all is done.
  ["BLPOP l 0", "", { on: "waits" }],
  ["MULTI", OK],
  ["RPUSH l a", QUEUED],
  ["DEL l", QUEUED],
  ["RPUSH l b c", QUEUED],
  ["EXEC", array(":1\r\n", ":1\r\n", ":2\r\n")],
  ["PING", array(bulk("l"), bulk("b")) + "+PONG\r\n", { on: "waits", replies: 2 }],
], { resp: "both" });

rawCases(server, "what a client shows of its transaction", [
  ["WATCH a b", OK],
  ["CLIENT INFO", / flags=N .* multi=-1 watch=2 /, { since7: "7.4" }],
  ["MULTI", OK],
  ["SET k v", QUEUED],
  ["CLIENT LIST", / flags=x .* multi=1 watch=2 /, { on: "other", since7: "7.4" }],
  ["SET a 1", OK, { on: "other" }],
  ["CLIENT LIST", / flags=xd .* multi=1 watch=0 /, { on: "other", since7: "7.4" }],
  ["INFO clients", /watching_clients:0\r\n.*total_watched_keys:0\r\n/s, {
    on: "other",
    since7: "7.4",
  }],
  ["EXEC", NIL_ARRAY],
  ["MULTI", OK],
  ["CLIENT INFO", QUEUED],
  ["EXEC", / flags=x .* multi=1 .* cmd=exec /s],
]);
