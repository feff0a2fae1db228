/**
 * DEL, UNLINK, EXISTS, TOUCH, TYPE, RANDOMKEY, RENAME, RENAMENX, MOVE, COPY.
 */
import { bulk, NIL, OK, type RawCase, rawCases, ttl } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";

const server = target();

const ONE = ":1\r\n";
const ZERO = ":0\r\n";
const NO_SUCH_KEY = "-ERR no such key\r\n";
const SYNTAX_ERROR = "-ERR syntax error\r\n";
const NOT_INTEGER = "-ERR value is not an integer or out of range\r\n";
const NOT_INT = "-ERR value is out of range, value must between -2147483648 and 2147483647\r\n";
const NO_SUCH_DB = "-ERR DB index is out of range\r\n";
const SAME_OBJECT = "-ERR source and destination objects are the same\r\n";

const BIG = "0123456789abcdef".repeat(200);

function wrongArity(...lines: string[]): RawCase[] {
  return lines.map((line) => [
    line,
    `-ERR wrong number of arguments for '${line.split(" ")[0].toLowerCase()}' command\r\n`,
  ]);
}

for (const name of ["DEL", "UNLINK"]) {
  rawCases(server, name, [
    ...wrongArity(name),
    [`${name} a`, ZERO],
    ["SET a 1", OK],
    ["SET b hello", OK],
    ["SET c v EX 100", OK],
    [["SET", "d", BIG], OK],
    [["SET", "", "empty"], OK],
    [["SET", "\0\r\n\xff", BIG], OK],
    ["DBSIZE", ":6\r\n"],
    [`${name} nokey`, ZERO],
    [`${name} a nokey a`, ONE],
    ["EXISTS a", ZERO],
    [[name, "b", "c", "d", "", "\0\r\n\xff"], ":5\r\n"],
    ["DBSIZE", ZERO],
    ["SET a v PX 10", OK],
    [`${name} a`, ZERO, { waitMs: 40 }],
  ]);
}

rawCases(server, "EXISTS and TOUCH", [
  ...wrongArity("EXISTS", "TOUCH"),
  ...["EXISTS", "TOUCH"].flatMap((name): RawCase[] => [
    ["FLUSHALL", OK],
    [`${name} a`, ZERO],
    ["SET a 1", OK],
    [["SET", "", "1"], OK],
    [`${name} a`, ONE],
    [[name, "a", "b", "a", "", "a"], ":4\r\n"],
    ["SET b v PX 10", OK],
    [`${name} a b`, ONE, { waitMs: 40 }],
  ]),
]);

rawCases(server, "TYPE", [
  ...wrongArity("TYPE", "TYPE a b"),
  ["TYPE a", "+none\r\n"],
  ["SET a 1", OK],
  ["TYPE a", "+string\r\n"],
  ["SET a v PX 10", OK],
  ["TYPE a", "+none\r\n", { waitMs: 40 }],
], { resp: "both" });

rawCases(server, "RANDOMKEY", [
  ...wrongArity("RANDOMKEY a"),
  ["RANDOMKEY", NIL],
  ["SET a v PX 10", OK],
  ["RANDOMKEY", NIL, { waitMs: 40 }],
  ["DBSIZE", ZERO],
  ["SET a 1", OK],
  ["SET mortal v PX 10", OK],
  ["RANDOMKEY", bulk("a"), { waitMs: 40 }],
  ["RANDOMKEY", bulk("a")],
  ["DEL a", ONE],
  [["SET", "", "1"], OK],
  ["RANDOMKEY", bulk("")],
], { resp: "both" });

rawCases(server, "RENAME", [
  ...wrongArity("RENAME", "RENAME a", "RENAME a b c"),
  ["RENAME a b", NO_SUCH_KEY],
  ["RENAME a a", NO_SUCH_KEY],
  ["SET a 1", OK],
  ["RENAME a a", OK],
  ["RENAME a b", OK],
  ["EXISTS a", ZERO],
  ["GET b", bulk("1")],
  ["SET long-key-that-exists v EX 100", OK],
  ["RENAME b long-key-that-exists", OK],
  ["GET long-key-that-exists", bulk("1")],
  ["TTL long-key-that-exists", ":-1\r\n"],
  ["DBSIZE", ONE],
  [["SET", "big", BIG, "EX", "100"], OK],
  ["RENAME big x", OK],
  ["TTL x", ttl(100)],
  ["GET x", bulk(BIG)],
  ["RENAME x long-key-that-exists", OK],
  ["GET long-key-that-exists", bulk(BIG)],
  ["TTL long-key-that-exists", ttl(100)],
  ["PERSIST long-key-that-exists", ONE],
  [["RENAME", "long-key-that-exists", ""], OK],
  [["GET", ""], bulk(BIG)],
  ["DBSIZE", ONE],
  ["SET a v PX 10", OK],
  ["RENAME a b", NO_SUCH_KEY, { waitMs: 40 }],
  ["SET a v", OK],
  ["SET b v PX 10", OK],
  ["RENAME a b", OK, { waitMs: 40 }],
  ["TTL b", ":-1\r\n"],
]);

rawCases(server, "RENAMENX", [
  ...wrongArity("RENAMENX", "RENAMENX a", "RENAMENX a b c"),
  ["RENAMENX a b", NO_SUCH_KEY],
  ["RENAMENX a a", NO_SUCH_KEY],
  ["SET a 1", OK],
  ["RENAMENX a a", ZERO],
  ["SET b 2", OK],
  ["RENAMENX a b", ZERO],
  ["GET b", bulk("2")],
  ["GET a", bulk("1")],
  ["RENAMENX a c", ONE],
  ["GET a", NIL],
  ["GET c", bulk("1")],
  ["SET b v PX 10", OK],
  ["RENAMENX c b", ONE, { waitMs: 40 }],
  ["GET b", bulk("1")],
  ["TTL b", ":-1\r\n"],
  ["DBSIZE", ONE],
]);

rawCases(server, "MOVE", [
  ...wrongArity("MOVE", "MOVE a", "MOVE a 1 2"),
  ["MOVE a abc", NOT_INTEGER],
  ["MOVE a 1.0", NOT_INTEGER],
  ["MOVE a 2147483648", NOT_INT],
  ["MOVE a -2147483649", NOT_INT],
  ["MOVE a 9223372036854775807", NOT_INT],
  ["MOVE a 9223372036854775808", NOT_INTEGER],
  ["MOVE a 2147483647", NO_SUCH_DB],
  ["MOVE a 16", NO_SUCH_DB],
  ["MOVE a -1", NO_SUCH_DB],
  ["MOVE a 0", SAME_OBJECT],
  ["MOVE a 9", ZERO],
  ["SET a v EX 100", OK],
  ["MOVE a 0", SAME_OBJECT],
  ["MOVE a 9", ONE],
  ["EXISTS a", ZERO],
  ["DBSIZE", ZERO],
  ["SET a w", OK],
  ["MOVE a 9", ZERO],
  ["GET a", bulk("w")],
  ["SELECT 9", OK],
  ["GET a", bulk("v")],
  ["TTL a", ttl(100)],
  ["DBSIZE", ONE],
  ["SET a v PX 10", OK],
  ["SELECT 0", OK],
  // What is there is past its time, and so not in the way.
  ["MOVE a 9", ONE, { waitMs: 40 }],
  ["SELECT 9", OK],
  ["GET a", bulk("w")],
  ["TTL a", ":-1\r\n"],
  [["SET", "big", BIG], OK],
  ["MOVE big 0", ONE],
  ["GET big", NIL],
  ["SELECT 0", OK],
  ["GET big", bulk(BIG)],
]);

rawCases(server, "COPY: arguments", [
  ...wrongArity("COPY", "COPY a"),
  ["COPY a b c", SYNTAX_ERROR],
  ["COPY a b DB", SYNTAX_ERROR],
  ["COPY a b REPLACE DB", SYNTAX_ERROR],
  ["COPY a b DB x", NOT_INTEGER],
  ["COPY a b DB x c", NOT_INTEGER],
  ["COPY a b DB 99999999999", NOT_INT],
  ["COPY a b DB 16", NO_SUCH_DB],
  ["COPY a b DB -1", NO_SUCH_DB],
  ["COPY a b DB 1 DB", SYNTAX_ERROR],
  ["COPY a a", SAME_OBJECT],
  ["COPY a a REPLACE", SAME_OBJECT],
  ["COPY a a DB 0", SAME_OBJECT],
  ["COPY a a DB 1", ZERO],
  ["COPY a a DB 1 DB 0", SAME_OBJECT],
  ["COPY a a DB 0 db 1 replace REPLACE", ZERO],
  ["COPY a b", ZERO],
]);

rawCases(server, "COPY", [
  ["SET a 1 EX 100", OK],
  ["COPY a b", ONE],
  ["GET b", bulk("1")],
  ["TTL b", ttl(100)],
  ["INCR a", ":2\r\n"],
  ["GET b", bulk("1")],
  ["COPY a b", ZERO],
  ["GET b", bulk("1")],
  ["COPY a b REPLACE", ONE],
  ["GET b", bulk("2")],
  ["PERSIST a", ONE],
  ["COPY a b replace", ONE],
  ["TTL b", ":-1\r\n"],
  [["SET", "big", BIG], OK],
  ["COPY big b REPLACE DB 0", ONE],
  ["GET b", bulk(BIG)],
  ["DEL big", ONE],
  ["GET b", bulk(BIG)],
  ["COPY b b DB 9", ONE],
  ["COPY b b DB 9", ZERO],
  ["COPY a b DB 9 REPLACE", ONE],
  ["GET b", bulk(BIG)],
  ["SELECT 9", OK],
  ["GET b", bulk("2")],
  ["DBSIZE", ONE],
  ["SET b v PX 10", OK],
  ["SELECT 0", OK],
  ["COPY b b DB 9", ONE, { waitMs: 40 }],
  ["SET a v PX 10", OK],
  ["COPY a c", ZERO, { waitMs: 40 }],
  ["COPY a b REPLACE", ZERO],
  ["GET b", bulk(BIG)],
]);
