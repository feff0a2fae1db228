/**
 * ZADD and the other commands that name members of sorted sets, to the byte, in both encodings.
 */
import { array, bulk, NIL, NIL_ARRAY, OK, rawCases } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";
import { bothEncodings, members, pairs, score, scores } from "./zset_replies.ts";

const server = target();

const SYNTAX = "-ERR syntax error\r\n";
const NOT_A_FLOAT = "-ERR value is not a valid float\r\n";
const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
const arity = (command: string) => `-ERR wrong number of arguments for '${command}' command\r\n`;

bothEncodings(server, "ZADD", [
  ["ZADD z 1 a", ":1\r\n"],
  ["ZADD z 2 b 3 c 1 a", ":2\r\n"],
  ["ZADD z 1 a 2 b", ":0\r\n"],
  ["ZADD z 5 a", ":0\r\n"],
  ["ZADD z CH 6 a 7 new", ":2\r\n"],
  ["ZADD z ch 6 a", ":0\r\n"],
  ["ZRANGE z 0 -1 WITHSCORES", pairs("b 2", "c 3", "a 6", "new 7")],
  ["ZADD z NX 9 a 9 nx", ":1\r\n"],
  ["ZADD z nX cH 9 a 9 nx 8 ny", ":1\r\n"],
  ["ZSCORE z a", score("6")],
  ["ZADD z XX 9 a 9 xx", ":0\r\n"],
  ["ZADD z XX CH 10 a 9 xx", ":1\r\n"],
  ["ZSCORE z a", score("10")],
  ["ZSCORE z xx", NIL],
  ["ZADD z GT CH 9 a 11 b 1 gt", ":2\r\n"],
  ["ZADD z LT CH 9 a 12 b 1 lt", ":2\r\n"],
  ["ZADD z XX GT CH 10 a 5 nogt", ":1\r\n"],
  ["ZADD z XX LT CH 10 a 5 nolt", ":0\r\n"],
  [
    "ZRANGE z 0 -1 WITHSCORES",
    pairs("gt 1", "lt 1", "c 3", "new 7", "ny 8", "nx 9", "a 10", "b 11"),
  ],
  ["ZADD z 1 m 2 m 3 m", ":1\r\n"],
  ["ZSCORE z m", score("3")],
  ["ZADD none XX 1 a", ":0\r\n"],
  ["ZADD none XX CH 1 a 2 b", ":0\r\n"],
  ["EXISTS none", ":0\r\n"],
  ['ZADD z 1 ""', ":1\r\n"],
  ['ZSCORE z ""', score("1")],
  [["ZADD", "bin\0", "1", "\0\r\n\xff"], ":1\r\n"],
  [["ZRANGE", "bin\0", "0", "-1"], members("\0\r\n\xff")],
  [["ZADD", "long", "1", "m".repeat(5000), "2", "n".repeat(70_000)], ":2\r\n"],
  ["ZRANGE long 0 -1", members("m".repeat(5000), "n".repeat(70_000))],
]);

bothEncodings(server, "ZADD INCR and ZINCRBY", [
  ["ZADD z INCR 5 a", score("5")],
  ["ZADD z INCR 5 a", score("10")],
  ["ZADD z INCR -2.5 a", score("7.5")],
  ["ZADD z incr nx 5 a", NIL],
  ["ZADD z INCR NX 5 b", score("5")],
  ["ZADD z INCR XX 5 c", NIL],
  ["ZADD z INCR XX 5 b", score("10")],
  ["ZADD z INCR GT -1 b", NIL],
  ["ZADD z INCR GT 1 b", score("11")],
  ["ZADD z INCR LT 1 b", NIL],
  ["ZADD z INCR LT -1 b", score("10")],
  ["ZADD z INCR CH 0 b", score("10")],
  ["ZADD nokey XX INCR 1 a", NIL],
  ["ZINCRBY z 1 b", score("11")],
  ["ZINCRBY z 0.1 b", score("11.1")],
  ["ZINCRBY new -3 x", score("-3")],
  ["ZINCRBY z inf a", score("inf")],
  ["ZINCRBY z 5 a", score("inf")],
  ["ZINCRBY z -inf a", "-ERR resulting score is not a number (NaN)\r\n"],
  ["ZADD z INCR -inf a", "-ERR resulting score is not a number (NaN)\r\n"],
  ["ZSCORE z a", score("inf")],
  ["ZINCRBY z abc a", NOT_A_FLOAT],
  ["ZINCRBY z nx a", SYNTAX],
  ["ZINCRBY z incr 5", SYNTAX],
  ["ZINCRBY z 1 a b", arity("zincrby")],
  ["ZINCRBY z 1", arity("zincrby")],
]);

bothEncodings(server, "ZADD refuses", [
  ["SET s v", OK],
  ["ZADD s 1 a", WRONG_TYPE],
  ["ZADD s x a", NOT_A_FLOAT],
  ["ZINCRBY s 1 a", WRONG_TYPE],
  ["ZADD s XX 1 a", WRONG_TYPE],
  ["ZADD", arity("zadd")],
  ["ZADD z 1", arity("zadd")],
  ["ZADD z 1 a 2", SYNTAX],
  ["ZADD z NX 1", SYNTAX],
  ["ZADD z NX XX", SYNTAX],
  ["ZADD z CH INCR", SYNTAX],
  ["ZADD z NX XX 1 a", "-ERR XX and NX options at the same time are not compatible\r\n"],
  ["ZADD z NX XX GT 1 a", "-ERR XX and NX options at the same time are not compatible\r\n"],
  ["ZADD z GT NX 1 a", "-ERR GT, LT, and/or NX options at the same time are not compatible\r\n"],
  ["ZADD z LT NX 1 a", "-ERR GT, LT, and/or NX options at the same time are not compatible\r\n"],
  ["ZADD z GT LT 1 a", "-ERR GT, LT, and/or NX options at the same time are not compatible\r\n"],
  ["ZADD z INCR 1 a 2 b", "-ERR INCR option supports a single increment-element pair\r\n"],
  ["ZADD z nan a", NOT_A_FLOAT],
  ['ZADD z "" a', NOT_A_FLOAT],
  ['ZADD z " 1" a', NOT_A_FLOAT],
  ['ZADD z "1 " a', NOT_A_FLOAT],
  ["ZADD z 1e999 a", NOT_A_FLOAT],
  ["ZADD z 1 a x b", NOT_A_FLOAT],
  ["ZADD z 1 a 2 b foo c", NOT_A_FLOAT],
  ["EXISTS z", ":0\r\n"],
]);

bothEncodings(server, "scores", [
  ["ZADD z 1.5 a 1e3 b 0x10 c -inf d +inf e Infinity f 1e21 g 0.1 h -0.25 i", ":9\r\n"],
  ["ZMSCORE z a b c d e f", scores("1.5", "1000", "16", "-inf", "inf", "inf")],
  ["ZMSCORE z h i", scores("0.1", "-0.25"), { since7: "7.2" }],
  ["ZADD z 3.0 a 1e-7 b 123456789012 c 9007199254740993 d", ":0\r\n"],
  ["ZMSCORE z a c d", scores("3", "123456789012", "9007199254740992")],
  ["ZSCORE z b", score("1e-7"), { since7: "7.2" }],
  ["ZSCORE z g", score("1e+21"), { since7: "7.2" }],
  ["ZADD z 0.30000000000000004 a 1e300 b 5e-324 c", ":0\r\n"],
  ["ZMSCORE z a b c", scores("0.30000000000000004", "1e+300", "5e-324"), { since7: "7.2" }],
  ["ZADD z 1152921504606846976 a -4611686018427387904 b 18446744073709551616 c", ":0\r\n"],
  [
    "ZMSCORE z a b c",
    scores("1152921504606846976", "-4611686018427387904", "18446744073709552000"),
    { since7: "7.2" },
  ],
]);

rawCases(server, "minus zero", [
  ["ZADD small -0 a", ":1\r\n"],
  ["ZSCORE small a", score("0"), { since7: "7.2" }],
  ["CONFIG SET zset-max-listpack-entries 0", OK],
  ["ZADD large -0 a", ":1\r\n"],
  ["ZSCORE large a", score("-0")],
  ["CONFIG SET zset-max-listpack-entries 128", OK],
], { resp: "both" });

bothEncodings(server, "ZREM", [
  ["ZADD z 1 a 2 b 3 c", ":3\r\n"],
  ["ZREM z a nosuch", ":1\r\n"],
  ["ZREM z nosuch", ":0\r\n"],
  ["ZREM z b b", ":1\r\n"],
  ["ZREM z c d e", ":1\r\n"],
  ["EXISTS z", ":0\r\n"],
  ["ZREM z a", ":0\r\n"],
  ["SET s v", OK],
  ["ZREM s a", WRONG_TYPE],
  ["ZREM z", arity("zrem")],
]);

bothEncodings(server, "ZCARD, ZSCORE, ZMSCORE", [
  ["ZADD z 1 a 2 b", ":2\r\n"],
  ["ZCARD z", ":2\r\n"],
  ["ZCARD none", ":0\r\n"],
  ["ZSCORE z b", score("2")],
  ["ZSCORE z c", NIL],
  ["ZSCORE none c", NIL],
  ["ZMSCORE z a c b a", {
    resp2: array(bulk("1"), "$-1\r\n", bulk("2"), bulk("1")),
    resp3: array(",1\r\n", "_\r\n", ",2\r\n", ",1\r\n"),
  }],
  ["ZMSCORE none a b", { resp2: "*2\r\n$-1\r\n$-1\r\n", resp3: "*2\r\n_\r\n_\r\n" }],
  ["SET s v", OK],
  ["ZCARD s", WRONG_TYPE],
  ["ZSCORE s a", WRONG_TYPE],
  ["ZMSCORE s a", WRONG_TYPE],
  ["ZMSCORE z", arity("zmscore")],
  ["ZSCORE z", arity("zscore")],
  ["ZCARD z z", arity("zcard")],
]);

bothEncodings(server, "ZRANK and ZREVRANK", [
  ["ZADD z 1 a 2 b 3.5 c 3.5 d", ":4\r\n"],
  ["ZRANK z a", ":0\r\n"],
  ["ZRANK z d", ":3\r\n"],
  ["ZREVRANK z d", ":0\r\n"],
  ["ZREVRANK z a", ":3\r\n"],
  ["ZRANK z e", NIL],
  ["ZRANK none e", NIL],
  ["ZREVRANK none e", NIL],
  ["ZRANK z c WITHSCORE", {
    resp2: array(":2\r\n", bulk("3.5")),
    resp3: array(":2\r\n", ",3.5\r\n"),
  }, { since7: "7.2" }],
  ["ZREVRANK z c withscore", {
    resp2: array(":1\r\n", bulk("3.5")),
    resp3: array(":1\r\n", ",3.5\r\n"),
  }, { since7: "7.2" }],
  ["ZRANK z e WITHSCORE", NIL_ARRAY, { since7: "7.2" }],
  ["ZREVRANK none e WITHSCORE", NIL_ARRAY, { since7: "7.2" }],
  ["ZRANK z a WITHSCORES", SYNTAX, { since7: "7.2" }],
  ["ZRANK z a WITHSCORE x", arity("zrank")],
  ["ZREVRANK z a WITHSCORE x", arity("zrevrank")],
  ["SET s v", OK],
  ["ZRANK s a", WRONG_TYPE],
  ["ZREVRANK s a", WRONG_TYPE],
  ["ZRANK z", arity("zrank")],
]);

bothEncodings(server, "ZSCAN", [
  ["ZADD z 1 a", ":1\r\n"],
  ["ZSCAN z 0", scanned("a", "1")],
  ["ZSCAN z 0 COUNT 100 MATCH a*", scanned("a", "1")],
  ["ZSCAN z 0 MATCH b", scanned()],
  ["ZSCAN none 0", scanned()],
  ["ZADD z 0.25 a", ":0\r\n"],
  ["ZSCAN z 0", scanned("a", "0.25")],
  ["ZADD z -inf a", ":0\r\n"],
  ["ZSCAN z 0", scanned("a", "-inf")],
  ["ZSCAN z x", "-ERR invalid cursor\r\n"],
  ["ZSCAN z 0 COUNT 0", SYNTAX],
  ["ZSCAN z 0 COUNT", SYNTAX],
  ["ZSCAN z 0 NOSUCH 1", SYNTAX],
  ["SET s v", OK],
  ["ZSCAN s 0", WRONG_TYPE],
  ["ZSCAN z", arity("zscan")],
]);

rawCases(server, "ZSCAN tells 17 digits of large sets", [
  ["CONFIG SET zset-max-listpack-entries 0", OK],
  ["ZADD z 0.1 a", ":1\r\n"],
  ["ZSCAN z 0", scanned("a", "0.10000000000000001")],
  ["ZADD z 1e20 a", ":0\r\n"],
  ["ZSCAN z 0", scanned("a", "1e+20")],
  ["ZADD z 123456789.125 a", ":0\r\n"],
  ["ZSCAN z 0", scanned("a", "123456789.125")],
  ["ZADD z 2.98023223876953125e-08 a", ":0\r\n"],
  ["ZSCAN z 0", scanned("a", "2.9802322387695312e-08")],
  ["ZADD z -1e-5 a", ":0\r\n"],
  ["ZSCAN z 0", scanned("a", "-1.0000000000000001e-05")],
  ["ZADD z 0.0001 a", ":0\r\n"],
  ["ZSCAN z 0", scanned("a", "0.0001")],
  ["ZADD z 123456789012345678 a", ":0\r\n"],
  ["ZSCAN z 0", scanned("a", "1.2345678901234568e+17")],
  ["CONFIG SET zset-max-listpack-entries 128", OK],
], { resp: "both" });

rawCases(server, "encodings", [
  ["CONFIG SET zset-max-listpack-entries 3", OK],
  ["CONFIG SET zset-max-listpack-value 8", OK],
  ["ZADD z 1 a 2 b 3 c", ":3\r\n"],
  ["OBJECT ENCODING z", bulk("listpack")],
  ["ZADD z 4 a", ":0\r\n"],
  ["OBJECT ENCODING z", bulk("listpack")],
  ["ZADD z 4 d", ":1\r\n"],
  ["OBJECT ENCODING z", bulk("skiplist")],
  ["ZREM z d c", ":2\r\n"],
  ["OBJECT ENCODING z", bulk("skiplist")],
  ["ZADD y 1 12345678", ":1\r\n"],
  ["OBJECT ENCODING y", bulk("listpack")],
  ["ZADD y 1 123456789", ":1\r\n"],
  ["OBJECT ENCODING y", bulk("skiplist")],
  ["ZADD x 1 123456789", ":1\r\n"],
  ["OBJECT ENCODING x", bulk("skiplist")],
  ["ZADD w 1 a 1 b 1 c 1 a", ":3\r\n"],
  ["OBJECT ENCODING w", bulk("skiplist"), { since7: "7.2" }],
  ["ZADD v 1 a", ":1\r\n"],
  ["ZADD v XX 1 a 1 b 1 c 1 a", ":0\r\n"],
  ["OBJECT ENCODING v", bulk("skiplist"), { since7: "7.4" }],
  ["ZUNIONSTORE u 1 z", ":2\r\n"],
  ["OBJECT ENCODING u", bulk("listpack")],
  ["ZUNIONSTORE u 1 y", ":2\r\n"],
  ["OBJECT ENCODING u", bulk("skiplist")],
  ["ZRANGESTORE r z 0 -1", ":2\r\n"],
  ["OBJECT ENCODING r", bulk("listpack")],
  ["ZADD q 1 a 2 b 3 c 4 d 5 e", ":5\r\n"],
  ["ZRANGESTORE r q 0 -1", ":5\r\n"],
  ["OBJECT ENCODING r", bulk("skiplist")],
  ["ZRANGE r 0 -1", members("a", "b", "c", "d", "e")],
  ["CONFIG SET zset-max-listpack-entries 128 zset-max-listpack-value 64", OK],
]);

/** ZSCAN's reply at the end of a walk. */
function scanned(...texts: string[]): string {
  return array(bulk("0"), array(...texts.map(bulk)));
}
