/**
 * INCR, DECR, INCRBY, DECRBY and INCRBYFLOAT, to the byte.
 */
import { bulk, OK, rawCases, ttl } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";

const server = target();

const NOT_AN_INTEGER = "-ERR value is not an integer or out of range\r\n";
const NOT_A_FLOAT = "-ERR value is not a valid float\r\n";
const OVERFLOW = "-ERR increment or decrement would overflow\r\n";
const NAN_OR_INFINITY = "-ERR increment would produce NaN or Infinity\r\n";
const MAX = "9223372036854775807";
const MIN = "-9223372036854775808";
const arity = (command: string) => `-ERR wrong number of arguments for '${command}' command\r\n`;

rawCases(server, "INCR and DECR", [
  ["INCR k", ":1\r\n"],
  ["INCR k", ":2\r\n"],
  ["OBJECT ENCODING k", bulk("int")],
  ["DECR k", ":1\r\n"],
  ["DECR k", ":0\r\n"],
  ["DECR k", ":-1\r\n"],
  ["GET k", bulk("-1")],
  ["DECR n", ":-1\r\n"],
  ["SET k 10 EX 100", OK],
  ["INCR k", ":11\r\n"],
  ["TTL k", ttl(100)],
  ["INCR", arity("incr")],
  ["INCR k 2", arity("incr")],
  ["DECR", arity("decr")],
]);

rawCases(server, "INCRBY and DECRBY", [
  ["INCRBY k 5", ":5\r\n"],
  ["INCRBY k -7", ":-2\r\n"],
  ["DECRBY k 3", ":-5\r\n"],
  ["DECRBY k -10", ":5\r\n"],
  ["INCRBY k 0", ":5\r\n"],
  ["DECRBY z 0", ":0\r\n"],
  ["GET z", bulk("0")],
  ["INCRBY k 17179869184", ":17179869189\r\n"],
  ["INCRBY k x", NOT_AN_INTEGER],
  ["INCRBY k 1.0", NOT_AN_INTEGER],
  ["INCRBY k +1", NOT_AN_INTEGER],
  ['INCRBY k ""', NOT_AN_INTEGER],
  ["INCRBY k 9223372036854775808", NOT_AN_INTEGER],
  ["DECRBY k x", NOT_AN_INTEGER],
  ["DECRBY k -9223372036854775809", NOT_AN_INTEGER],
  ["GET k", bulk("17179869189")],
  ["INCRBY k", arity("incrby")],
  ["DECRBY k", arity("decrby")],
]);

rawCases(server, "integers beyond 2^53", [
  ["SET k 9007199254740990", OK],
  ["INCR k", ":9007199254740991\r\n"],
  ["INCR k", ":9007199254740992\r\n"],
  ["INCR k", ":9007199254740993\r\n"],
  ["GET k", bulk("9007199254740993")],
  ["OBJECT ENCODING k", bulk("int")],
  ["DECRBY k 2", ":9007199254740991\r\n"],
  ["DECR k", ":9007199254740990\r\n"],
  ["SET k -9007199254740991", OK],
  ["DECR k", ":-9007199254740992\r\n"],
  ["DECR k", ":-9007199254740993\r\n"],
  ["INCRBY k 3", ":-9007199254740990\r\n"],
  ["INCRBY b 9007199254740993", ":9007199254740993\r\n"],
  ["DECRBY b 9007199254740993", ":0\r\n"],
  ["DECRBY b 9007199254740993", ":-9007199254740993\r\n"],
]);

rawCases(server, "the ends of 64 bits", [
  [`SET k ${MAX}`, OK],
  ["INCR k", OVERFLOW],
  ["INCRBY k 1", OVERFLOW],
  ["DECRBY k -1", OVERFLOW],
  [`INCRBY k ${MAX}`, OVERFLOW],
  [`DECRBY k -${MAX}`, OVERFLOW],
  ["GET k", bulk(MAX)],
  [`INCRBY k ${MIN}`, ":-1\r\n"],
  [`INCRBY k ${MIN}`, OVERFLOW],
  [`INCRBY k -${MAX}`, `:${MIN}\r\n`],
  ["DECR k", OVERFLOW],
  ["INCRBY k -1", OVERFLOW],
  [`DECRBY k ${MAX}`, OVERFLOW],
  ["GET k", bulk(MIN)],
  [`INCRBY k ${MAX}`, ":-1\r\n"],
  [`DECRBY k ${MIN}`, "-ERR decrement would overflow\r\n"],
  [`DECRBY k ${MAX}`, `:${MIN}\r\n`],
  [`DECRBY nosuch ${MIN}`, "-ERR decrement would overflow\r\n"],
  [`INCRBY n ${MIN}`, `:${MIN}\r\n`],
  [`INCRBY m ${MAX}`, `:${MAX}\r\n`],
]);

rawCases(server, "INCR on what is no integer", [
  ["SET k abc", OK],
  ["INCR k", NOT_AN_INTEGER],
  ['SET k ""', OK],
  ["INCR k", NOT_AN_INTEGER],
  ['SET k " 11"', OK],
  ["INCR k", NOT_AN_INTEGER],
  ['SET k "11 "', OK],
  ["DECR k", NOT_AN_INTEGER],
  ["SET k 1.5", OK],
  ["INCRBY k 1", NOT_AN_INTEGER],
  ["SET k 9223372036854775808", OK],
  ["INCR k", NOT_AN_INTEGER],
  ["SET k -0", OK],
  ["INCR k", NOT_AN_INTEGER],
  ["SET k 007", OK],
  ["INCR k", NOT_AN_INTEGER],
  [["SET", "k", "1".repeat(2000)], OK],
  ["INCR k", NOT_AN_INTEGER],
  ["STRLEN k", ":2000\r\n"],
]);

rawCases(server, "INCR makes an integer of text", [
  ["SET k 1", OK],
  ["APPEND k 0", ":2\r\n"],
  ["OBJECT ENCODING k", bulk("raw")],
  ["INCR k", ":11\r\n"],
  ["OBJECT ENCODING k", bulk("int")],
  ["INCRBYFLOAT k 1", bulk("12")],
  ["OBJECT ENCODING k", bulk("embstr")],
  ["INCR k", ":13\r\n"],
  ["OBJECT ENCODING k", bulk("int")],
  ["EXPIRE k 100", ":1\r\n"],
  ["APPEND k 5", ":3\r\n"],
  ["DECR k", ":134\r\n"],
  ["TTL k", ttl(100)],
]);

rawCases(server, "INCRBYFLOAT", [
  ["INCRBYFLOAT k 1", bulk("1")],
  ["OBJECT ENCODING k", bulk("embstr")],
  ["INCRBYFLOAT k 0.25", bulk("1.25")],
  ["INCRBYFLOAT k -1.25", bulk("0")],
  ["SET k 3.0e3", OK],
  ["INCRBYFLOAT k 200", bulk("3200")],
  ["SET k 10.50", OK],
  ["INCRBYFLOAT k 0.1", bulk("10.6")],
  ["INCRBYFLOAT k 5.0e3", bulk("5010.60000000000000009")],
  ["SET k 0.1", OK],
  ["INCRBYFLOAT k 0.2", bulk("0.3")],
  ["SET k 100 EX 100", OK],
  ["OBJECT ENCODING k", bulk("int")],
  ["INCRBYFLOAT k -0.5", bulk("99.5")],
  ["TTL k", ttl(100)],
  ["SET k 9223372036854775807", OK],
  ["INCRBYFLOAT k 1", bulk("9223372036854775808")],
  ["INCRBYFLOAT z 0", bulk("0")],
  ["INCRBYFLOAT z -0", bulk("0")],
  ["INCRBYFLOAT z 0x10", bulk("16")],
  ["INCRBYFLOAT z 1e-17", /^\$\d+\r\n16\.00000000000000001\r\n$/],
  ["INCRBYFLOAT t 1.23456789012345678901", bulk("1.23456789012345679")],
  ["SET r 1", OK],
  ["INCRBYFLOAT r 1e60", bulk("999999999999999999999373423426722168652130621984886772203520")],
  ["OBJECT ENCODING r", bulk("raw")],
], { resp: "both" });

rawCases(server, "INCRBYFLOAT refuses", [
  ["SET k abc", OK],
  ["INCRBYFLOAT k 1", NOT_A_FLOAT],
  ['SET k ""', OK],
  ["INCRBYFLOAT k 1", NOT_A_FLOAT],
  ['SET k " 1"', OK],
  ["INCRBYFLOAT k 1", NOT_A_FLOAT],
  ["SET k 1", OK],
  ["INCRBYFLOAT k abc", NOT_A_FLOAT],
  ['INCRBYFLOAT k ""', NOT_A_FLOAT],
  ['INCRBYFLOAT k "1 "', NOT_A_FLOAT],
  ["INCRBYFLOAT k nan", NOT_A_FLOAT],
  ["INCRBYFLOAT k 1e5000", NOT_A_FLOAT],
  ["INCRBYFLOAT k inf", NAN_OR_INFINITY],
  ["INCRBYFLOAT k -inf", NAN_OR_INFINITY],
  ["INCRBYFLOAT nosuch inf", NAN_OR_INFINITY],
  ["EXISTS nosuch", ":0\r\n"],
  ["GET k", bulk("1")],
  ["OBJECT ENCODING k", bulk("int")],
  ["SET k 1e4932", OK],
  ["INCRBYFLOAT k 1e4932", NAN_OR_INFINITY],
  ["GET k", bulk("1e4932")],
  ["INCRBYFLOAT k", arity("incrbyfloat")],
]);
