/**
 * DBSIZE, FLUSHALL, FLUSHDB, SWAPDB, TIME, LOLWUT, and the arguments of SHUTDOWN.
 */
import { array, bulk, NIL, OK, rawCases, ttl } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";

const server = target();

const SYNTAX_ERROR = "-ERR syntax error\r\n";
const NOT_INTEGER = "-ERR value is not an integer or out of range\r\n";

rawCases(server, "DBSIZE", [
  ["DBSIZE x", "-ERR wrong number of arguments for 'dbsize' command\r\n"],
  ["DBSIZE", ":0\r\n"],
  ["MSET a 1 b 2 c 3", OK],
  ["DBSIZE", ":3\r\n"],
  ["SELECT 1", OK],
  ["DBSIZE", ":0\r\n"],
]);

for (const name of ["FLUSHALL", "FLUSHDB"]) {
  rawCases(server, name, [
    [`${name} x`, SYNTAX_ERROR],
    [`${name} SYNC ASYNC`, SYNTAX_ERROR],
    [`${name} SYNC SYNC`, SYNTAX_ERROR],
    ...["", " SYNC", " async"].flatMap((option) =>
      [
        ["MSET a 1 b 2", OK],
        ["SET c v EX 100", OK],
        [["SET", "long", "x".repeat(5000)], OK],
        [`${name}${option}`, OK],
        ["DBSIZE", ":0\r\n"],
        ["GET a", NIL],
        ["TTL c", ":-2\r\n"],
        ["INFO keyspace", { resp2: bulk("# Keyspace\r\n"), resp3: /Keyspace/ }],
      ] as const
    ),
    [name, OK],
  ]);
}

rawCases(server, "FLUSHDB empties one database, FLUSHALL all", [
  ["SET a 0", OK],
  ["SELECT 1", OK],
  ["SET a 1", OK],
  ["FLUSHDB", OK],
  ["SELECT 0", OK],
  ["GET a", bulk("0")],
  ["SELECT 1", OK],
  ["SET a 1", OK],
  ["FLUSHALL", OK],
  ["DBSIZE", ":0\r\n"],
  ["SELECT 0", OK],
  ["DBSIZE", ":0\r\n"],
]);

rawCases(server, "SWAPDB", [
  ["SWAPDB 0", "-ERR wrong number of arguments for 'swapdb' command\r\n"],
  ["SWAPDB 44 55", "-ERR DB index is out of range\r\n"],
  ["SWAPDB 0 16", "-ERR DB index is out of range\r\n"],
  ["SWAPDB -1 0", "-ERR DB index is out of range\r\n"],
  ["SWAPDB a 55", "-ERR invalid first DB index\r\n"],
  ["SWAPDB a b", "-ERR invalid first DB index\r\n"],
  ["SWAPDB 44 a", "-ERR invalid second DB index\r\n"],
  ["SWAPDB 2147483648 0", "-ERR invalid first DB index\r\n"],
  ["SET k zero", OK],
  ["SET t zero EX 100", OK],
  ["SWAPDB 0 0", OK],
  ["GET k", bulk("zero")],
  ["SELECT 2", OK],
  ["SET k two", OK],
  ["SWAPDB 0 2", OK],
  ["GET k", bulk("zero")],
  ["TTL t", ttl(100)],
  ["GET k", bulk("two"), { on: "another" }],
  ["TTL t", ":-2\r\n", { on: "another" }],
  ["SWAPDB 2 0", OK],
  ["GET k", bulk("two")],
]);

rawCases(server, "TIME", [
  ["TIME", /^\*2\r\n\$10\r\n\d{10}\r\n\$[1-6]\r\n\d{1,6}\r\n$/],
  ["TIME x", "-ERR wrong number of arguments for 'time' command\r\n"],
], { resp: "both" });

rawCases(server, "LOLWUT", [
  ["LOLWUT", /Redis ver\. \d+\.\d+\.\d+\n\r\n$/],
  ["LOLWUT VERSION 5", /Redis ver\. \d+\.\d+\.\d+\n\r\n$/],
  ["LOLWUT version 6", /Redis ver\. \d+\.\d+\.\d+\n\r\n$/],
  ["LOLWUT VERSION 5 10 2 3", /Redis ver\. \d+\.\d+\.\d+\n\r\n$/],
  ["LOLWUT VERSION 5 x", NOT_INTEGER],
  ["LOLWUT VERSION x", NOT_INTEGER],
], { resp: "both" });

rawCases(server, "SHUTDOWN's arguments", [
  ["SHUTDOWN SAVE NOSAVE", SYNTAX_ERROR],
  ["SHUTDOWN x", SYNTAX_ERROR],
  ["SHUTDOWN NOSAVE x", SYNTAX_ERROR],
  ["SHUTDOWN ABORT NOSAVE", SYNTAX_ERROR],
  ["SHUTDOWN NOW ABORT", SYNTAX_ERROR],
  ["SHUTDOWN ABORT", "-ERR No shutdown in progress.\r\n"],
  ["ECHO alive", bulk("alive")],
]);

rawCases(server, "several databases in INFO keyspace", [
  ["MSET a 1 b 2", OK],
  ["SET c 3 EX 1000", OK],
  ["SELECT 9", OK],
  ["SET d 4", OK],
  [
    "INFO keyspace",
    /# Keyspace\r\ndb0:keys=3,expires=1,avg_ttl=\d+(,subexpiry=0)?\r\ndb9:keys=1,expires=0,avg_ttl=0(,subexpiry=0)?\r\n\r\n$/,
  ],
  ["TYPE nothing", "+none\r\n"],
  [["MGET", "d", "a"], array(bulk("4"), "$-1\r\n")],
]);
