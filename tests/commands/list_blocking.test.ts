/**
 * BLPOP, BRPOP, BLMPOP, BLMOVE and BRPOPLPUSH, to the byte: with something there, waiting for it, too late.
 */
import { array, bulk, NIL_ARRAY, OK, type RawCase, rawCases } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";

const server = target();

const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
const SYNTAX = "-ERR syntax error\r\n";
const NOT_A_FLOAT = "-ERR timeout is not a float or out of range\r\n";
const NEGATIVE = "-ERR timeout is negative\r\n";
const arity = (command: string) => `-ERR wrong number of arguments for '${command}' command\r\n`;
const elements = (...texts: string[]) => array(...texts.map(bulk));

/** A request that blocks the client `on`, and another one that comes after it. */
function blocks(command: string, on: string, next: RawCase, blocked = 1): RawCase[] {
  return [[command, "", { on }], [next[0], next[1], { ...next[2], blocked }]];
}

/** What the blocked client gets. */
function gets(on: string, want: RawCase[1]): RawCase {
  return ["", want, { on, replies: 1 }];
}

rawCases(server, "with something there", [
  ["RPUSH k a b c d e f g h", ":8\r\n"],
  ["BLPOP k 0", elements("k", "a")],
  ["BRPOP nosuch k 1.5", elements("k", "h")],
  ["BLMPOP 0 1 k LEFT", array(bulk("k"), elements("b"))],
  ["BLMPOP 0 2 nosuch k RIGHT COUNT 2", array(bulk("k"), elements("g", "f"))],
  ["BLMOVE k k2 LEFT RIGHT 0", bulk("c")],
  ["BRPOPLPUSH k k2 0", bulk("e")],
  ["BLMOVE k2 k2 LEFT RIGHT 0", bulk("e")],
  ["LRANGE k2 0 -1", elements("c", "e")],
  ["BLPOP k k2 0", elements("k", "d")],
  ["BLPOP k k2 0", elements("k2", "c")],
  ["EXISTS k", ":0\r\n"],
], { resp: "both" });

rawCases(server, "errors", [
  ["SET s v", OK],
  ["BLPOP s 0", WRONG_TYPE],
  ["BLPOP nosuch s 0", WRONG_TYPE],
  ["BLPOP s x", NOT_A_FLOAT],
  ["BLPOP k -1", NEGATIVE],
  ["BRPOP k ''", NOT_A_FLOAT],
  ["BLPOP k 1e400", /^-ERR timeout is/],
  ["BLPOP k", arity("blpop")],
  ["BRPOP k", arity("brpop")],
  ["BLMPOP x 1 s LEFT", NOT_A_FLOAT],
  ["BLMPOP x 1 s UP", SYNTAX],
  ["BLMPOP 0 1 s LEFT", WRONG_TYPE],
  ["BLMPOP 0 0 s LEFT", "-ERR numkeys should be greater than 0\r\n"],
  ["BLMPOP 0 1 s LEFT COUNT 0", "-ERR count should be greater than 0\r\n"],
  ["BLMPOP 0 1 s", arity("blmpop")],
  ["BLMPOP 0 2 s LEFT", SYNTAX],
  ["BLMOVE s k LEFT LEFT x", NOT_A_FLOAT],
  ["BLMOVE s k LEFT LEFT -1", NEGATIVE],
  ["BLMOVE s k LEFT LEFT 0", WRONG_TYPE],
  ["BLMOVE s k UP LEFT x", SYNTAX],
  ["BLMOVE s k LEFT UP x", SYNTAX],
  ["RPUSH k a", ":1\r\n"],
  ["BLMOVE k s LEFT LEFT 0", WRONG_TYPE],
  ["BRPOPLPUSH s k 0", WRONG_TYPE],
  ["BRPOPLPUSH s k x", NOT_A_FLOAT],
  ["BRPOPLPUSH k s 0", WRONG_TYPE],
  ["BRPOPLPUSH k s", arity("brpoplpush")],
  ["LRANGE k 0 -1", elements("a")],
  ["COMMAND GETKEYS BLPOP a b c 0", elements("a", "b", "c")],
  ["COMMAND GETKEYS BLMPOP 0 2 a b LEFT", elements("a", "b")],
], { resp: "both" });

rawCases(server, "when the time is over", [
  ["BLPOP k 0.01", NIL_ARRAY],
  ["BRPOP k k2 0.01", NIL_ARRAY],
  ["BLMPOP 0.01 1 k LEFT", NIL_ARRAY],
  ["BLMOVE k k2 LEFT LEFT 0.01", NIL_ARRAY],
  ["BRPOPLPUSH k k2 0.01", NIL_ARRAY],
  ["EXISTS k k2", ":0\r\n"],
], { resp: "both" });

rawCases(server, "waiting", [
  ...blocks("BLPOP k 0", "a", ["RPUSH k x y", ":2\r\n"]),
  gets("a", elements("k", "x")),
  ["LRANGE k 0 -1", elements("y")],
  ["DEL k", ":1\r\n"],
  ...blocks("BRPOP k k2 0", "a", ["RPUSH k2 x y", ":2\r\n"]),
  gets("a", elements("k2", "y")),
  ["DEL k2", ":1\r\n"],
  ...blocks("BLMPOP 0 2 k k2 RIGHT COUNT 2", "a", ["RPUSH k2 x y z", ":3\r\n"]),
  gets("a", array(bulk("k2"), elements("z", "y"))),
  ["LRANGE k2 0 -1", elements("x")],
  ...blocks("BLMOVE k k2 RIGHT LEFT 0", "a", ["RPUSH k v w", ":2\r\n"]),
  gets("a", bulk("w")),
  ["LRANGE k 0 -1", elements("v")],
  ["LRANGE k2 0 -1", elements("w", "x")],
  ["DEL k k2", ":2\r\n"],
  ...blocks("BRPOPLPUSH k k2 0", "a", ["LPUSH k v", ":1\r\n"]),
  gets("a", bulk("v")),
  ["EXISTS k", ":0\r\n"],
  ["LRANGE k2 0 -1", elements("v")],
], { resp: "both" });

rawCases(server, "first come, first served", [
  ["BLPOP k 0", "", { on: "a" }],
  ["BRPOP k 0", "", { on: "b", blocked: 1 }],
  ["BLPOP k 0", "", { on: "c", blocked: 2 }],
  ["RPUSH k 1 2", ":2\r\n", { blocked: 3 }],
  gets("a", elements("k", "1")),
  gets("b", elements("k", "2")),
  ["EXISTS k", ":0\r\n"],
  ["RPUSH k 3", ":1\r\n"],
  gets("c", elements("k", "3")),
], { resp: "both" });

rawCases(server, "a chain of lists", [
  ["BLMOVE k1 k2 LEFT RIGHT 0", "", { on: "a" }],
  ["BRPOPLPUSH k2 k3 0", "", { on: "b", blocked: 1 }],
  ["BLPOP k3 0", "", { on: "c", blocked: 2 }],
  ["RPUSH k1 x", ":1\r\n", { blocked: 3 }],
  gets("a", bulk("x")),
  gets("b", bulk("x")),
  gets("c", elements("k3", "x")),
  ["EXISTS k1 k2 k3", ":0\r\n"],
], { resp: "both" });

rawCases(server, "woken by other commands", [
  ["RPUSH other x", ":1\r\n"],
  ...blocks("BLPOP k 0", "a", ["RENAME other k", OK]),
  gets("a", elements("k", "x")),
  ["RPUSH other y", ":1\r\n"],
  ...blocks("BLPOP k 0", "a", ["COPY other k", ":1\r\n"]),
  gets("a", elements("k", "y")),
  ...blocks("BLPOP k 0", "a", ["LMOVE other k LEFT LEFT", bulk("y")]),
  gets("a", elements("k", "y")),
  // Other types don't wake it, nor does what is gone again.
  ...blocks("BLPOP k 0", "a", ["SET k v", OK]),
  ["DEL k", ":1\r\n"],
  ["RPUSH k z", ":1\r\n"],
  gets("a", elements("k", "z")),
  ["SET s v", OK],
  ...blocks("BLMOVE k s LEFT LEFT 0", "a", ["RPUSH k z", ":1\r\n"]),
  gets("a", WRONG_TYPE),
  ["LRANGE k 0 -1", elements("z")],
], { resp: "both" });
