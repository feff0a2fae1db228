/**
 * LMOVE and RPOPLPUSH, to the byte, for lists of every shape.
 */
import { array, bulk, NIL, OK, rawCases, ttl } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";

const server = target();

const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
const SYNTAX = "-ERR syntax error\r\n";
const arity = (command: string) => `-ERR wrong number of arguments for '${command}' command\r\n`;
const elements = (...texts: string[]) => array(...texts.map(bulk));
const x = (len: number) => "x".repeat(len);

for (const [size, depth] of [[-2, 0], [2, 0], [2, 1], [1, 1]]) {
  const shape = `list-max-listpack-size ${size}, compress depth ${depth}`;
  rawCases(server, `LMOVE, ${shape}`, [
    [`CONFIG SET list-max-listpack-size ${size} list-compress-depth ${depth}`, OK],
    ["LMOVE k k2 LEFT LEFT", NIL],
    ["LMOVE k k LEFT RIGHT", NIL],
    ["RPUSH k a b c 4 5", ":5\r\n"],
    ["LMOVE k k2 LEFT LEFT", bulk("a")],
    ["LMOVE k k2 left RIGHT", bulk("b")],
    ["LMOVE k k2 RIGHT left", bulk("5")],
    ["LMOVE k k2 RIGHT RIGHT", bulk("4")],
    ["LRANGE k 0 -1", elements("c")],
    ["LRANGE k2 0 -1", elements("5", "a", "b", "4")],
    ["LMOVE k k2 RIGHT RIGHT", bulk("c")],
    ["EXISTS k", ":0\r\n"],
    ["LRANGE k2 0 -1", elements("5", "a", "b", "4", "c")],
    ["LMOVE k2 k2 LEFT RIGHT", bulk("5")],
    ["LRANGE k2 0 -1", elements("a", "b", "4", "c", "5")],
    ["LMOVE k2 k2 RIGHT LEFT", bulk("5")],
    ["LMOVE k2 k2 LEFT LEFT", bulk("5")],
    ["LMOVE k2 k2 RIGHT RIGHT", bulk("c")],
    ["LRANGE k2 0 -1", elements("5", "a", "b", "4", "c")],
    ["RPUSH one 1", ":1\r\n"],
    ["LMOVE one one LEFT RIGHT", bulk("1")],
    ["LRANGE one 0 -1", elements("1")],
    [["RPUSH", "long", x(9000), "z", x(70)], ":3\r\n"],
    ["LMOVE long long LEFT RIGHT", bulk(x(9000))],
    ["LMOVE long long2 RIGHT LEFT", bulk(x(9000))],
    ["LMOVE long2 long2 RIGHT LEFT", bulk(x(9000))],
    ["LMOVE long long2 RIGHT LEFT", bulk(x(70))],
    ["LRANGE long 0 -1", elements("z")],
    ["LRANGE long2 0 -1", elements(x(70), x(9000))],
    ["CONFIG SET list-max-listpack-size -2 list-compress-depth 0", OK],
  ], { resp: "both" });
}

rawCases(server, "errors of LMOVE, and RPOPLPUSH", [
  ["SET s v", OK],
  ["LMOVE s k LEFT LEFT", WRONG_TYPE],
  ["LMOVE nosuch s LEFT LEFT", NIL],
  ["RPUSH k a b", ":2\r\n"],
  ["LMOVE k s LEFT LEFT", WRONG_TYPE],
  ["LRANGE k 0 -1", elements("a", "b")],
  ["LMOVE s s LEFT UP", SYNTAX],
  ["LMOVE k k UP LEFT", SYNTAX],
  ["LMOVE k k LEFT", arity("lmove")],
  ["RPOPLPUSH nosuch k", NIL],
  ["RPOPLPUSH k k", bulk("b")],
  ["RPOPLPUSH k d", bulk("a")],
  ["RPOPLPUSH k d", bulk("b")],
  ["EXISTS k", ":0\r\n"],
  ["LRANGE d 0 -1", elements("b", "a")],
  ["RPOPLPUSH s d", WRONG_TYPE],
  ["RPOPLPUSH d s", WRONG_TYPE],
  ["RPOPLPUSH d", arity("rpoplpush")],
  ["EXPIRE d 100", ":1\r\n"],
  ["RPOPLPUSH d d", bulk("a")],
  ["TTL d", ttl(100)],
], { resp: "both" });
