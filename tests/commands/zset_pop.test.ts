/**
 * Taking members out of sorted sets, at once or when there are some, and members at random, to the byte.
 */
import { array, bulk, NIL, NIL_ARRAY, OK, rawCases } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";
import { bothEncodings, flatPairs, members, pairs, popped } from "./zset_replies.ts";

const server = target();

const SYNTAX = "-ERR syntax error\r\n";
const NOT_AN_INTEGER = "-ERR value is not an integer or out of range\r\n";
const NOT_POSITIVE = "-ERR value is out of range, must be positive\r\n";
const NUMKEYS = "-ERR numkeys should be greater than 0\r\n";
const COUNT = "-ERR count should be greater than 0\r\n";
const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
const EMPTY = "*0\r\n";
const arity = (command: string) => `-ERR wrong number of arguments for '${command}' command\r\n`;

bothEncodings(server, "ZPOPMIN and ZPOPMAX", [
  ["ZADD z 1 a 2 b 3 c 4 d 5.5 e 6 f", ":6\r\n"],
  ["ZPOPMIN z", flatPairs("a 1")],
  ["ZPOPMAX z", flatPairs("f 6")],
  ["ZPOPMIN z 1", pairs("b 2")],
  ["ZPOPMAX z 2", pairs("e 5.5", "d 4")],
  ["ZPOPMIN z 0", EMPTY],
  ["ZPOPMIN z 10", pairs("c 3")],
  ["EXISTS z", ":0\r\n"],
  ["ZPOPMIN z", EMPTY],
  ["ZPOPMAX z 5", EMPTY],
  ["ZPOPMIN z 0", EMPTY],
  ["ZADD z 1 a", ":1\r\n"],
  ["ZPOPMAX z", flatPairs("a 1")],
  ["EXISTS z", ":0\r\n"],
  ["ZPOPMIN z -1", NOT_POSITIVE],
  ["ZPOPMIN z x", NOT_POSITIVE],
  ["ZPOPMIN z 1 2", SYNTAX],
  ["SET s v", OK],
  ["ZPOPMIN s", WRONG_TYPE],
  ["ZPOPMAX s 0", WRONG_TYPE],
  ["ZPOPMAX s x", NOT_POSITIVE],
  ["ZPOPMIN", arity("zpopmin")],
]);

bothEncodings(server, "ZMPOP", [
  ["ZADD z 1 a 2 b 3 c", ":3\r\n"],
  ["ZMPOP 1 z MIN", popped("z", "a 1")],
  ["ZMPOP 2 none z max", popped("z", "c 3")],
  ["ZADD y 5 q 6 r", ":2\r\n"],
  ["ZMPOP 2 z y MIN COUNT 10", popped("z", "b 2")],
  ["ZMPOP 2 z y MAX count 2", popped("y", "r 6", "q 5")],
  ["ZMPOP 2 z y MAX", NIL_ARRAY],
  ["ZMPOP 0 z MIN", NUMKEYS],
  ["ZMPOP -1 z MIN", NUMKEYS],
  ["ZMPOP x z MIN", NUMKEYS],
  ["ZMPOP 1 z", arity("zmpop")],
  ["ZMPOP 2 z MIN", SYNTAX],
  ["ZMPOP 1 z NOSUCH", SYNTAX],
  ["ZMPOP 99999999999 z MIN", SYNTAX],
  ["ZMPOP 1 z MIN COUNT", SYNTAX],
  ["ZMPOP 1 z MIN COUNT 0", COUNT],
  ["ZMPOP 1 z MIN COUNT x", COUNT],
  ["ZMPOP 1 z MIN COUNT -1", COUNT],
  ["ZMPOP 1 z MIN COUNT 1 COUNT 2", SYNTAX],
  ["ZMPOP 1 z MIN MAX", SYNTAX],
  ["SET s v", OK],
  ["ZMPOP 1 s MIN", WRONG_TYPE],
  ["ZMPOP 2 none s MIN", WRONG_TYPE],
  ["ZADD z 1 a", ":1\r\n"],
  ["ZMPOP 2 z s MIN", popped("z", "a 1")],
]);

bothEncodings(server, "BZPOPMIN, BZPOPMAX, BZMPOP without waiting", [
  ["ZADD z 1 a 2 b 3 c 4 d 5 e", ":5\r\n"],
  ["BZPOPMIN z 0", popped3("z", "a", "1")],
  ["BZPOPMAX none z 0", popped3("z", "e", "5")],
  ["BZMPOP 0 2 none z MIN", popped("z", "b 2")],
  ["BZMPOP 0 1 z MAX COUNT 5", popped("z", "d 4", "c 3")],
  ["EXISTS z", ":0\r\n"],
  ["BZPOPMIN z 0.01", NIL_ARRAY],
  ["BZPOPMAX z y 0.01", NIL_ARRAY],
  ["BZMPOP 0.01 2 z y MIN COUNT 3", NIL_ARRAY],
  ["BZPOPMIN z -1", "-ERR timeout is negative\r\n"],
  ["BZPOPMIN z x", "-ERR timeout is not a float or out of range\r\n"],
  ["BZMPOP x 1 z MIN", "-ERR timeout is not a float or out of range\r\n"],
  ["BZMPOP 1 0 z MIN", NUMKEYS],
  ["BZMPOP 1 1 z NOSUCH", SYNTAX],
  ["BZMPOP 1 1 z MIN COUNT 0", COUNT],
  ["BZMPOP 1 1 z", arity("bzmpop")],
  ["BZPOPMIN z", arity("bzpopmin")],
  ["SET s v", OK],
  ["BZPOPMIN s 0", WRONG_TYPE],
  ["BZPOPMAX none s 0", WRONG_TYPE],
  ["BZMPOP 0 1 s MIN", WRONG_TYPE],
]);

bothEncodings(server, "waiting for a sorted set", [
  ["BZPOPMIN z y 0", "", { on: "waiting" }],
  ["ZADD y 2 b 1 a", ":2\r\n", { blocked: 1 }],
  ["", popped3("y", "a", "1"), { on: "waiting" }],
  ["ZRANGE y 0 -1", members("b")],
  ["BZPOPMAX z 0", "", { on: "waiting" }],
  ["ZADD z 1 a 2 b", ":2\r\n", { blocked: 1 }],
  ["", popped3("z", "b", "2"), { on: "waiting" }],
  ["DEL z y", ":2\r\n"],
  ["BZMPOP 0 2 z y MIN COUNT 2", "", { on: "waiting" }],
  ["ZADD x 1 a 2 b 3 c", ":3\r\n", { blocked: 1 }],
  ["ZUNIONSTORE y 1 x", ":3\r\n"],
  ["", popped("y", "a 1", "b 2"), { on: "waiting" }],
  ["ZCARD y", ":1\r\n"],
  ["DEL y", ":1\r\n"],
  ["BZPOPMIN y 0", "", { on: "waiting" }],
  ["ZRANGESTORE y x 1 1", ":1\r\n", { blocked: 1 }],
  ["", popped3("y", "b", "2"), { on: "waiting" }],
  ["EXISTS y", ":0\r\n"],
  ["BZPOPMIN y 0", "", { on: "waiting" }],
  ["RENAME x y", OK, { blocked: 1 }],
  ["", popped3("y", "a", "1"), { on: "waiting" }],
]);

bothEncodings(server, "ZRANDMEMBER", [
  ["ZRANDMEMBER none", NIL],
  ["ZRANDMEMBER none 3", EMPTY],
  ["ZRANDMEMBER none -3 WITHSCORES", EMPTY],
  ["ZADD z 1 a", ":1\r\n"],
  ["ZRANDMEMBER z", bulk("a")],
  ["ZRANDMEMBER z 1", members("a")],
  ["ZRANDMEMBER z 5", members("a")],
  ["ZRANDMEMBER z -3", members("a", "a", "a")],
  ["ZRANDMEMBER z 5 WITHSCORES", pairs("a 1")],
  ["ZRANDMEMBER z -2 withscores", pairs("a 1", "a 1")],
  ["ZRANDMEMBER z 0", EMPTY],
  ["ZRANDMEMBER z 1 NOSUCH", SYNTAX],
  ["ZRANDMEMBER z 1 WITHSCORES x", SYNTAX],
  ["ZRANDMEMBER z x", NOT_AN_INTEGER],
  [
    "ZRANDMEMBER z -9223372036854775808",
    "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807\r\n",
  ],
  ["ZRANDMEMBER z -9223372036854775807 WITHSCORES", "-ERR value is out of range\r\n"],
  ["ZRANDMEMBER z 4611686018427387904 WITHSCORES", "-ERR value is out of range\r\n"],
  ["ZRANDMEMBER z 4611686018427387903 WITHSCORES", pairs("a 1")],
  ["ZADD z 2 b", ":1\r\n"],
  ["ZRANDMEMBER z", /^\$1\r\n[ab]\r\n$/],
  ["ZRANDMEMBER z 1", /^\*1\r\n\$1\r\n[ab]\r\n$/],
  ["ZRANDMEMBER z 2", /^\*2\r\n\$1\r\n(a\r\n\$1\r\nb|b\r\n\$1\r\na)\r\n$/],
  ["ZRANDMEMBER z -4", /^\*4\r\n(\$1\r\n[ab]\r\n){4}$/],
  ["SET s v", OK],
  ["ZRANDMEMBER s", WRONG_TYPE],
  ["ZRANDMEMBER s 2", WRONG_TYPE],
]);

rawCases(server, "a large sorted set is popped whole", [
  ["CONFIG SET zset-max-listpack-entries 2", OK],
  ["ZADD z 1 a 2 b 3 c 4 d", ":4\r\n"],
  ["ZPOPMIN z 2", flatPairs("a 1", "b 2")],
  ["OBJECT ENCODING z", bulk("skiplist")],
  ["ZPOPMAX z 9", flatPairs("d 4", "c 3")],
  ["EXISTS z", ":0\r\n"],
  ["CONFIG SET zset-max-listpack-entries 128", OK],
]);

/** A key, a member and its score in one array, as BZPOPMIN replies. */
function popped3(key: string, member: string, score: string) {
  return {
    resp2: array(bulk(key), bulk(member), bulk(score)),
    resp3: array(bulk(key), bulk(member), `,${score}\r\n`),
  };
}
