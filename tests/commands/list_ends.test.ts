/**
 * LPUSH, RPUSH, LPUSHX, RPUSHX, LPOP, RPOP and LMPOP, to the byte; and the encodings of lists, which the ends
 * change.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import { array, bulk, NIL, NIL_ARRAY, OK, rawCases, ttl } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";

const server = target();

const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
const SYNTAX = "-ERR syntax error\r\n";
const NOT_POSITIVE = "-ERR value is out of range, must be positive\r\n";
const NUMKEYS = "-ERR numkeys should be greater than 0\r\n";
const COUNT = "-ERR count should be greater than 0\r\n";
const EMPTY = "*0\r\n";
const LISTPACK = bulk("listpack");
const QUICKLIST = bulk("quicklist");
const SINCE = { since7: "7.2" };
const arity = (command: string) => `-ERR wrong number of arguments for '${command}' command\r\n`;
const elements = (...texts: string[]) => array(...texts.map(bulk));
const x = (len: number) => "x".repeat(len);

rawCases(server, "LPUSH, RPUSH, LPUSHX, RPUSHX", [
  ["LPUSHX k a", ":0\r\n"],
  ["RPUSHX k a b", ":0\r\n"],
  ["EXISTS k", ":0\r\n"],
  ["LPUSH k a", ":1\r\n"],
  ["LPUSH k b c", ":3\r\n"],
  ["RPUSH k 1 2", ":5\r\n"],
  ["LPUSHX k d e", ":7\r\n"],
  ["RPUSHX k 3", ":8\r\n"],
  ["LRANGE k 0 -1", elements("e", "d", "c", "b", "a", "1", "2", "3")],
  ["TYPE k", "+list\r\n"],
  ["EXPIRE k 100", ":1\r\n"],
  ["LPUSH k x", ":9\r\n"],
  ["TTL k", ttl(100)],
  ["SET s v", OK],
  ["LPUSH s a", WRONG_TYPE],
  ["RPUSH s a", WRONG_TYPE],
  ["LPUSHX s a", WRONG_TYPE],
  ["RPUSHX s a", WRONG_TYPE],
  ["LPUSH k", arity("lpush")],
  ["RPUSH k", arity("rpush")],
  ["LPUSHX k", arity("lpushx")],
  ["RPUSHX k", arity("rpushx")],
  ["GET k", WRONG_TYPE],
], { resp: "both" });

rawCases(server, "LPOP and RPOP", [
  ["LPOP k", NIL],
  ["RPOP k", NIL],
  ["LPOP k 1", NIL_ARRAY],
  ["RPOP k 0", NIL_ARRAY],
  ["RPUSH k a b c d 5 6 g", ":7\r\n"],
  ["LPOP k", bulk("a")],
  ["RPOP k", bulk("g")],
  ["RPOP k", bulk("6")],
  ["LPOP k 0", EMPTY],
  ["LPOP k 1", elements("b")],
  ["RPOP k 2", elements("5", "d")],
  ["LPOP k 100", elements("c")],
  ["EXISTS k", ":0\r\n"],
  ["RPUSH k a b c", ":3\r\n"],
  ["RPOP k 9223372036854775807", elements("c", "b", "a")],
  ["EXISTS k", ":0\r\n"],
  ["RPUSH k a b c", ":3\r\n"],
  ["LPOP k 3", elements("a", "b", "c")],
  ["EXISTS k", ":0\r\n"],
  ["RPUSH k a", ":1\r\n"],
  ["LPOP k", bulk("a")],
  ["EXISTS k", ":0\r\n"],
  ["LPOP k -1", NOT_POSITIVE],
  ["RPOP k x", NOT_POSITIVE],
  ["LPOP k 9223372036854775808", NOT_POSITIVE],
  ["SET s v", OK],
  ["LPOP s", WRONG_TYPE],
  ["RPOP s 0", WRONG_TYPE],
  ["RPOP s -1", NOT_POSITIVE],
  ["LPOP k 1 2", arity("lpop")],
  ["RPOP k x 2", arity("rpop")],
  ["LPOP", arity("lpop")],
], { resp: "both" });

rawCases(server, "LMPOP", [
  ["LMPOP 1 k LEFT", NIL_ARRAY],
  ["LMPOP 2 k k2 right COUNT 5", NIL_ARRAY],
  ["RPUSH k2 a b c d e", ":5\r\n"],
  ["LMPOP 2 k k2 LEFT", array(bulk("k2"), elements("a"))],
  ["LMPOP 2 k k2 RIGHT COUNT 2", array(bulk("k2"), elements("e", "d"))],
  ["RPUSH k 1 2", ":2\r\n"],
  ["LMPOP 2 k k2 LEFT count 10", array(bulk("k"), elements("1", "2"))],
  ["EXISTS k", ":0\r\n"],
  ["LMPOP 1 k2 RIGHT COUNT 9223372036854775807", array(bulk("k2"), elements("c", "b"))],
  ["EXISTS k2", ":0\r\n"],
  ["SET s v", OK],
  ["RPUSH k a", ":1\r\n"],
  ["LMPOP 2 s k LEFT", WRONG_TYPE],
  ["LMPOP 2 nosuch s LEFT", WRONG_TYPE],
  ["LMPOP 2 k s LEFT", array(bulk("k"), elements("a"))],
  ["LMPOP 0 k LEFT", NUMKEYS],
  ["LMPOP -1 k LEFT", NUMKEYS],
  ["LMPOP x k LEFT", NUMKEYS],
  ["LMPOP 1 k", arity("lmpop")],
  ["LMPOP 2 k LEFT", SYNTAX],
  ["LMPOP 1 k UP", SYNTAX],
  ["LMPOP 1 k LEFT COUNT", SYNTAX],
  ["LMPOP 1 k LEFT COUNTS 1", SYNTAX],
  ["LMPOP 1 k LEFT COUNT 0", COUNT],
  ["LMPOP 1 k LEFT COUNT -1", COUNT],
  ["LMPOP 1 k LEFT COUNT x", COUNT],
  ["LMPOP 1 k LEFT COUNT 1 COUNT 1", SYNTAX],
  ["LMPOP 1 k LEFT COUNT 0 COUNT 1", COUNT],
  ["LMPOP 1 k LEFT 1", SYNTAX],
  ["COMMAND GETKEYS LMPOP 2 a b LEFT", elements("a", "b")],
], { resp: "both" });

rawCases(server, "encodings by the number of elements", [
  ["CONFIG SET list-max-listpack-size 4", OK],
  ["RPUSH k a b c d", ":4\r\n"],
  ["OBJECT ENCODING k", LISTPACK, SINCE],
  ["RPUSH k e", ":5\r\n"],
  ["OBJECT ENCODING k", QUICKLIST],
  ["RPOP k", bulk("e")],
  ["OBJECT ENCODING k", QUICKLIST],
  ["RPOP k", bulk("d")],
  ["OBJECT ENCODING k", QUICKLIST],
  ["RPOP k", bulk("c")],
  ["OBJECT ENCODING k", LISTPACK, SINCE],
  ["LRANGE k 0 -1", elements("a", "b")],
  ["LINSERT k AFTER a a", ":3\r\n"],
  ["LINSERT k AFTER a a", ":4\r\n"],
  ["LINSERT k AFTER nosuch a", ":-1\r\n"],
  ["OBJECT ENCODING k", QUICKLIST],
  ["LREM k 1 a", ":1\r\n"],
  ["OBJECT ENCODING k", QUICKLIST],
  ["LREM k 1 a", ":1\r\n"],
  ["OBJECT ENCODING k", LISTPACK, SINCE],
  ["RPUSH k 1 2 3 4", ":6\r\n"],
  ["LTRIM k 0 1", OK],
  ["OBJECT ENCODING k", LISTPACK, SINCE],
  ["RPUSH k 1 2 3 4", ":6\r\n"],
  ["LPOP k 4", elements("a", "b", "1", "2")],
  ["OBJECT ENCODING k", LISTPACK, SINCE],
  ["RPUSH big 1 2 3 4", ":4\r\n"],
  ["LSET big 0 x", OK],
  ["OBJECT ENCODING big", QUICKLIST],
  ["CONFIG SET list-max-listpack-size -2", OK],
]);

rawCases(server, "encodings by the number of bytes", [
  ["CONFIG SET list-max-listpack-size -1", OK],
  [["RPUSH", "k", x(2000), x(2000)], ":2\r\n"],
  ["OBJECT ENCODING k", LISTPACK, SINCE],
  [["RPUSH", "k", x(70)], ":3\r\n"],
  ["OBJECT ENCODING k", LISTPACK, SINCE],
  ["RPUSH k 0123456789", ":4\r\n"],
  ["OBJECT ENCODING k", QUICKLIST],
  ["RPOP k 2", elements("0123456789", x(70))],
  ["OBJECT ENCODING k", QUICKLIST],
  ["LSET k 0 a", OK],
  ["OBJECT ENCODING k", LISTPACK, SINCE],
  [["LSET", "k", "0", x(2090)], OK],
  ["OBJECT ENCODING k", QUICKLIST],
  ["LSET k 0 a", OK],
  ["OBJECT ENCODING k", LISTPACK, SINCE],
  [["RPUSH", "one", x(5000)], ":1\r\n"],
  ["OBJECT ENCODING one", QUICKLIST],
  ["RPUSH one a", ":2\r\n"],
  ["LPOP one", bulk(x(5000))],
  ["OBJECT ENCODING one", LISTPACK, SINCE],
  ["CONFIG SET list-max-listpack-size -2", OK],
]);

rawCases(server, "large elements have nodes of their own", [
  [["RPUSH", "k", "a", x(10_000), "b"], ":3\r\n"],
  [["LPUSH", "k", x(9_000)], ":4\r\n"],
  ["LRANGE k 0 -1", elements(x(9_000), "a", x(10_000), "b")],
  ["LPOS k b", ":3\r\n"],
  [["LPOS", "k", x(10_000)], ":2\r\n"],
  ["LPOP k 2", elements(x(9_000), "a")],
  ["RPOP k 2", elements("b", x(10_000))],
  ["EXISTS k", ":0\r\n"],
  ["CONFIG SET list-max-listpack-size 4", OK],
  [["RPUSH", "k", "a", x(10_000), "b"], ":3\r\n"],
  ["RPOP k", bulk("b")],
  ["RPOP k", bulk(x(10_000))],
  ["LRANGE k 0 -1", elements("a")],
  ["CONFIG SET list-max-listpack-size -2", OK],
]);

test("DUMP doesn't show which end of a list was changed", async () => {
  const client = await server.connect();
  const elements = Array.from({ length: 60 }, (_, i) => `element ${i}`);
  await client.command("DEL", "k", "plain", "copy");
  await client.command("RPUSH", "plain", ...elements);
  await client.command("RPUSH", "k", ...elements.slice(20));
  for (const element of elements.slice(0, 20).reverse()) {
    await client.command("LPUSH", "k", element);
  }
  await client.command("LPUSH", "k", "x");
  await client.command("LPOP", "k");
  const dumped = await client.command("DUMP", "k");
  assert.equal(dumped, await client.command("DUMP", "plain"));
  assert.equal(await client.command("RESTORE", "copy", 0, String(dumped)), "OK");
  assert.deepEqual(await client.command("LRANGE", "copy", "0", "-1"), elements);
  assert.equal(await client.command("COPY", "k", "copy", "REPLACE"), 1);
  assert.deepEqual(await client.command("LRANGE", "copy", "0", "-1"), elements);
  client.close();
});
