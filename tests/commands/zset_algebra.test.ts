/**
 * Union, intersection and difference of sorted sets and sets, to the byte, in both encodings.
 */
import { bulk, OK } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";
import { bothEncodings, members, pairs } from "./zset_replies.ts";

const server = target();

const SYNTAX = "-ERR syntax error\r\n";
const NOT_AN_INTEGER = "-ERR value is not an integer or out of range\r\n";
const WEIGHT_NOT_A_FLOAT = "-ERR weight value is not a float\r\n";
const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
const EMPTY = "*0\r\n";
const arity = (command: string) => `-ERR wrong number of arguments for '${command}' command\r\n`;
const noKeys = (command: string) =>
  `-ERR at least 1 input key is needed for '${command}' command\r\n`;

const A = ["ZADD a 1 x 2 y 3 z", ":3\r\n"] as const;
const B = ["ZADD b 10 y 20 z 30 w", ":3\r\n"] as const;

bothEncodings(server, "ZUNION and ZUNIONSTORE", [
  A,
  B,
  ["ZUNION 2 a b", members("x", "y", "z", "w")],
  ["ZUNION 2 a b WITHSCORES", pairs("x 1", "y 12", "z 23", "w 30")],
  ["ZUNION 1 a WITHSCORES", pairs("x 1", "y 2", "z 3")],
  ["ZUNION 2 a none WITHSCORES", pairs("x 1", "y 2", "z 3")],
  ["ZUNION 2 a a WITHSCORES", pairs("x 2", "y 4", "z 6")],
  ["ZUNION 2 none nobody", EMPTY],
  ["ZUNION 2 a b WEIGHTS 2 0.5 WITHSCORES", pairs("x 2", "y 9", "w 15", "z 16")],
  ["ZUNION 2 a b AGGREGATE MIN WITHSCORES", pairs("x 1", "y 2", "z 3", "w 30")],
  ["ZUNION 2 a b aggregate max withscores", pairs("x 1", "y 10", "z 20", "w 30")],
  [
    "ZUNION 2 a b WITHSCORES AGGREGATE MAX WEIGHTS -1 1 AGGREGATE SUM",
    pairs("x -1", "y 8", "z 17", "w 30"),
  ],
  ["ZUNIONSTORE d 2 a b", ":4\r\n"],
  ["ZRANGE d 0 -1 WITHSCORES", pairs("x 1", "y 12", "z 23", "w 30")],
  ["ZUNIONSTORE a 2 a b WEIGHTS 1 0", ":4\r\n"],
  ["ZRANGE a 0 -1 WITHSCORES", pairs("w 0", "x 1", "y 2", "z 3")],
  ["ZUNIONSTORE d 1 none", ":0\r\n"],
  ["EXISTS d", ":0\r\n"],
  ["SET d v", OK],
  ["ZUNIONSTORE d 1 a", ":4\r\n"],
  ["TYPE d", "+zset\r\n"],
  ["ZADD p inf m", ":1\r\n"],
  ["ZADD n -inf m", ":1\r\n"],
  ["ZUNION 2 p n WITHSCORES", pairs("m 0")],
  ["ZUNION 2 p n WEIGHTS 0 0 WITHSCORES", pairs("m 0")],
  ["ZUNION 2 p n AGGREGATE MIN WITHSCORES", pairs("m -inf")],
  ["ZUNION 2 p n WEIGHTS -1 2 WITHSCORES", pairs("m -inf")],
  ["ZUNION 1 p WEIGHTS inf WITHSCORES", pairs("m inf")],
]);

bothEncodings(server, "ZINTER, ZINTERSTORE, ZINTERCARD", [
  A,
  B,
  ["ZINTER 2 a b", members("y", "z")],
  ["ZINTER 2 a b WITHSCORES", pairs("y 12", "z 23")],
  ["ZINTER 1 a WITHSCORES", pairs("x 1", "y 2", "z 3")],
  ["ZINTER 2 a a WITHSCORES", pairs("x 2", "y 4", "z 6")],
  ["ZINTER 2 a none", EMPTY],
  ["ZINTER 2 a b WEIGHTS 2 3 WITHSCORES", pairs("y 34", "z 66")],
  ["ZINTER 2 a b WEIGHTS 2 3 AGGREGATE MIN WITHSCORES", pairs("y 4", "z 6")],
  ["ZINTER 2 a b AGGREGATE MAX WITHSCORES", pairs("y 10", "z 20")],
  ["ZINTERSTORE d 2 a b", ":2\r\n"],
  ["ZRANGE d 0 -1 WITHSCORES", pairs("y 12", "z 23")],
  ["ZINTERSTORE d 2 a none", ":0\r\n"],
  ["EXISTS d", ":0\r\n"],
  ["ZINTERSTORE b 2 a b", ":2\r\n"],
  ["ZRANGE b 0 -1 WITHSCORES", pairs("y 12", "z 23")],
  ["ZINTERCARD 2 a b", ":2\r\n"],
  ["ZINTERCARD 2 a b LIMIT 1", ":1\r\n"],
  ["ZINTERCARD 2 a b LIMIT 0", ":2\r\n"],
  ["ZINTERCARD 2 a b LIMIT 10", ":2\r\n"],
  ["ZINTERCARD 2 a none", ":0\r\n"],
  ["ZINTERCARD 1 a", ":3\r\n"],
  ["ZINTERCARD 2 a b LIMIT -1", "-ERR LIMIT can't be negative\r\n"],
  ["ZINTERCARD 2 a b LIMIT x", "-ERR LIMIT can't be negative\r\n"],
  ["ZINTERCARD 2 a b LIMIT", SYNTAX],
  ["ZINTERCARD 2 a b WITHSCORES", SYNTAX],
  ["ZINTERCARD 2 a b WEIGHTS 1 2", SYNTAX],
  ["ZADD p inf m", ":1\r\n"],
  ["ZADD n -inf m", ":1\r\n"],
  ["ZINTER 2 p n WITHSCORES", pairs("m 0")],
  ["ZINTER 2 p n WEIGHTS 0 1 WITHSCORES", pairs("m -inf")],
  ["ZINTER 2 p n AGGREGATE MAX WITHSCORES", pairs("m inf")],
]);

bothEncodings(server, "ZDIFF and ZDIFFSTORE", [
  A,
  B,
  ["ZDIFF 2 a b", members("x")],
  ["ZDIFF 2 b a WITHSCORES", pairs("w 30")],
  ["ZDIFF 1 a WITHSCORES", pairs("x 1", "y 2", "z 3")],
  ["ZDIFF 2 a none WITHSCORES", pairs("x 1", "y 2", "z 3")],
  ["ZDIFF 2 none a", EMPTY],
  ["ZDIFF 2 a a", EMPTY],
  ["ZDIFF 3 a none b", members("x")],
  ["ZADD c 1 x", ":1\r\n"],
  ["ZDIFF 3 a b c", EMPTY],
  ["ZDIFF 5 a c c none c", members("y", "z")],
  ["ZDIFFSTORE d 2 a b", ":1\r\n"],
  ["ZRANGE d 0 -1 WITHSCORES", pairs("x 1")],
  ["ZDIFFSTORE a 2 a c", ":2\r\n"],
  ["ZRANGE a 0 -1 WITHSCORES", pairs("y 2", "z 3")],
  ["ZDIFFSTORE d 2 a a", ":0\r\n"],
  ["EXISTS d", ":0\r\n"],
  ["ZDIFF 2 a b WEIGHTS 1 2", SYNTAX],
  ["ZDIFF 2 a b AGGREGATE MIN", SYNTAX],
  ["ZDIFFSTORE d 2 a b WITHSCORES", SYNTAX],
]);

bothEncodings(server, "with sets", [
  A,
  ["SADD ints 1 2 3", ":3\r\n"],
  ["SADD texts x y q", ":3\r\n"],
  ["ZADD n 5 1 6 2", ":2\r\n"],
  ["ZUNION 2 a texts WITHSCORES", pairs("q 1", "x 2", "y 3", "z 3")],
  ["ZINTER 2 a texts WITHSCORES", pairs("x 2", "y 3")],
  ["ZINTER 2 texts a WEIGHTS 10 1 WITHSCORES", pairs("x 11", "y 12")],
  ["ZDIFF 2 a texts WITHSCORES", pairs("z 3")],
  ["ZDIFF 2 texts a WITHSCORES", pairs("q 1")],
  ["ZUNION 2 n ints WITHSCORES", pairs("3 1", "1 6", "2 7")],
  ["ZINTERCARD 2 n ints", ":2\r\n"],
  ["ZDIFF 2 ints n", members("3")],
  ["ZUNION 1 ints WITHSCORES", pairs("1 1", "2 1", "3 1")],
  ["CONFIG SET set-max-listpack-entries 0 set-max-intset-entries 0", OK, {
    since7: "7.2",
  }],
  ["SADD large 1 x", ":2\r\n"],
  ["OBJECT ENCODING large", bulk("hashtable")],
  ["ZUNION 2 large n WITHSCORES", pairs("x 1", "1 6", "2 6")],
  ["ZINTER 3 large a texts WITHSCORES", pairs("x 3")],
  ["ZDIFF 2 large n", members("x")],
  ["CONFIG SET set-max-listpack-entries 128 set-max-intset-entries 512", OK, {
    since7: "7.2",
  }],
]);

bothEncodings(server, "what is refused", [
  A,
  ["SET s v", OK],
  ["LPUSH l v", ":1\r\n"],
  ...["ZUNION", "ZINTER", "ZDIFF", "ZINTERCARD"].flatMap((name) => {
    const lower = name.toLowerCase();
    return [
      [`${name} 0 a`, noKeys(lower)],
      [`${name} -1 a`, noKeys(lower)],
      [`${name} x a`, NOT_AN_INTEGER],
      [`${name} 2 a`, SYNTAX],
      [`${name} 99999999999 a`, SYNTAX],
      [`${name} 1 s`, WRONG_TYPE],
      [`${name} 2 a l`, WRONG_TYPE],
      [`${name} 1 s NOSUCH`, WRONG_TYPE],
      [`${name} 1 a NOSUCH`, SYNTAX],
      [`${name} 1`, arity(lower)],
    ] as const;
  }),
  ...["ZUNIONSTORE", "ZINTERSTORE", "ZDIFFSTORE"].flatMap((name) => {
    const lower = name.toLowerCase();
    return [
      [`${name} d 0 a`, noKeys(lower)],
      [`${name} d x a`, NOT_AN_INTEGER],
      [`${name} d 2 a`, SYNTAX],
      [`${name} d 1 s`, WRONG_TYPE],
      [`${name} d 1 a WITHSCORES`, SYNTAX],
      [`${name} d 1`, arity(lower)],
    ] as const;
  }),
  ["ZUNION 1 a WEIGHTS", SYNTAX],
  ["ZUNION 1 a WEIGHTS x", WEIGHT_NOT_A_FLOAT],
  ["ZUNION 1 a WEIGHTS nan", WEIGHT_NOT_A_FLOAT],
  ["ZUNION 2 a a WEIGHTS 1", SYNTAX],
  ["ZUNION 2 a a WEIGHTS 1 2 3", SYNTAX],
  ["ZUNION 1 a AGGREGATE", SYNTAX],
  ["ZUNION 1 a AGGREGATE AVG", SYNTAX],
  ["ZINTERSTORE d 1 a WEIGHTS foo", WEIGHT_NOT_A_FLOAT],
  ["EXISTS d", ":0\r\n"],
]);
