/**
 * Commands on lists, to the byte, for lists that are kept in different ways: small, in nodes of few elements,
 * compressed, an element to a node. The ends are in list_ends.test.ts, LMOVE is in list_move.test.ts.
 */
import { array, bulk, NIL, OK, type RawCase, rawCases } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";

const server = target();

const NOT_AN_INTEGER = "-ERR value is not an integer or out of range\r\n";
const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
const SYNTAX = "-ERR syntax error\r\n";
const OUT_OF_RANGE = "-ERR index out of range\r\n";
const NO_KEY = "-ERR no such key\r\n";
const INT64_MIN = "-9223372036854775808";
const INT64_MAX = "9223372036854775807";
const SIGNED =
  "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807\r\n";
const EMPTY = "*0\r\n";
const arity = (command: string) => `-ERR wrong number of arguments for '${command}' command\r\n`;
const elements = (...texts: string[]) => array(...texts.map(bulk));
const x = (len: number) => "x".repeat(len);

/** list-max-listpack-size and list-compress-depth. */
const SHAPES = [[-2, 0], [4, 0], [4, 1], [1, 0], [1, 1]] as const;

/** The same cases for lists of every shape. */
function listCases(name: string, cases: readonly RawCase[]): void {
  for (const [size, depth] of SHAPES) {
    rawCases(server, `${name}, list-max-listpack-size ${size}, compress depth ${depth}`, [
      [`CONFIG SET list-max-listpack-size ${size} list-compress-depth ${depth}`, OK],
      ...cases,
      ["CONFIG SET list-max-listpack-size -2 list-compress-depth 0", OK],
    ], { resp: "both" });
  }
}

/** Elements of every kind: short and long strings, integers of every length, the empty one, bytes. */
const KINDS = [
  "",
  "a",
  "0",
  "9",
  "10",
  "99",
  "100",
  "127",
  "128",
  "-1",
  "-4096",
  "4095",
  "4096",
  "32767",
  "-32769",
  "8388607",
  "8388608",
  "2147483647",
  "-2147483649",
  "9007199254740993",
  INT64_MAX,
  INT64_MIN,
  "9223372036854775808",
  "007",
  "-0",
  "1.5",
  " 1",
  "\0\xff\r\n",
  x(47),
  x(48),
  x(49),
  x(63),
  x(64),
  x(99),
  x(4095),
  x(4096),
  x(20_000),
];

listCases("lists of all kinds of elements", [
  [["RPUSH", "k", ...KINDS], `:${KINDS.length}\r\n`],
  ["LRANGE k 0 -1", elements(...KINDS)],
  ...KINDS.map((text, i): RawCase => [`LINDEX k ${i}`, bulk(text)]),
  ...KINDS.map((text, i): RawCase => [["LPOS", "k", text], `:${i}\r\n`]),
  ...KINDS.map((text, i): RawCase => [["LPOS", "k", text, "RANK", "-1"], `:${i}\r\n`]),
  ...KINDS.map((text): RawCase => [["LINSERT", "k", "AFTER", text, text], /^:\d+\r\n$/]),
  ["LRANGE k 0 -1", elements(...KINDS.flatMap((text) => [text, text]))],
  ...KINDS.map((text): RawCase => [["LREM", "k", "-1", text], ":1\r\n"]),
  ["LRANGE k 0 -1", elements(...KINDS)],
  ...KINDS.map((text, i): RawCase => [["LSET", "k", String(-1 - i), text], OK]),
  ["LRANGE k 0 -1", elements(...[...KINDS].reverse())],
  [`RPOP k ${KINDS.length}`, elements(...KINDS)],
  ["EXISTS k", ":0\r\n"],
]);

listCases("LINDEX and LLEN", [
  ["LLEN k", ":0\r\n"],
  ["LINDEX k 0", NIL],
  ["LINDEX k x", NIL],
  ["RPUSH k a b c d e f g h i j", ":10\r\n"],
  ["LLEN k", ":10\r\n"],
  ["LINDEX k 0", bulk("a")],
  ["LINDEX k 4", bulk("e")],
  ["LINDEX k 9", bulk("j")],
  ["LINDEX k 10", NIL],
  ["LINDEX k -1", bulk("j")],
  ["LINDEX k -10", bulk("a")],
  ["LINDEX k -11", NIL],
  [`LINDEX k ${INT64_MAX}`, NIL],
  [`LINDEX k ${INT64_MIN}`, NIL],
  ["LINDEX k x", NOT_AN_INTEGER],
  ["LINDEX k 1.0", NOT_AN_INTEGER],
  ["LINDEX k 9223372036854775808", NOT_AN_INTEGER],
  ["SET s v", OK],
  ["LINDEX s x", WRONG_TYPE],
  ["LINDEX s 0", WRONG_TYPE],
  ["LLEN s", WRONG_TYPE],
  ["LINDEX k", arity("lindex")],
  ["LLEN k k", arity("llen")],
]);

listCases("LRANGE", [
  ["LRANGE k 0 -1", EMPTY],
  ["LRANGE k 0 x", NOT_AN_INTEGER],
  ["LRANGE k x 0", NOT_AN_INTEGER],
  ["RPUSH k a b c d e f g h i j", ":10\r\n"],
  ["LRANGE k 0 -1", elements(..."abcdefghij")],
  ["LRANGE k 0 0", elements("a")],
  ["LRANGE k -1 -1", elements("j")],
  ["LRANGE k 2 5", elements(..."cdef")],
  ["LRANGE k -4 -2", elements(..."ghi")],
  ["LRANGE k -100 2", elements(..."abc")],
  ["LRANGE k 8 100", elements(..."ij")],
  ["LRANGE k 5 4", EMPTY],
  ["LRANGE k 10 20", EMPTY],
  ["LRANGE k 0 -11", EMPTY],
  [`LRANGE k ${INT64_MIN} ${INT64_MAX}`, elements(..."abcdefghij")],
  [`LRANGE k ${INT64_MAX} ${INT64_MIN}`, EMPTY],
  [`LRANGE k ${INT64_MIN} ${INT64_MIN}`, EMPTY],
  ["SET s v", OK],
  ["LRANGE s 0 -1", WRONG_TYPE],
  ["LRANGE s x -1", NOT_AN_INTEGER],
  ["LRANGE k 0", arity("lrange")],
]);

const THOUSAND = Array.from({ length: 1000 }, (_, i) => i % 3 === 0 ? String(i) : `element:${i}`);

listCases("LRANGE of more than a chunk of the reply", [
  [["RPUSH", "k", ...THOUSAND], ":1000\r\n"],
  ["LRANGE k 0 -1", elements(...THOUSAND)],
  ["LRANGE k 300 899", elements(...THOUSAND.slice(300, 900))],
  [`RPOP k 600`, elements(...THOUSAND.slice(400).reverse())],
  ["LRANGE k 0 -1", elements(...THOUSAND.slice(0, 400))],
]);

listCases("LINSERT", [
  ["LINSERT k BEFORE a x", ":0\r\n"],
  ["LINSERT k BETWEEN a x", SYNTAX],
  ["RPUSH k a b a c 12", ":5\r\n"],
  ["LINSERT k before a x", ":6\r\n"],
  ["LINSERT k AFTER a y", ":7\r\n"],
  ["LRANGE k 0 -1", elements("x", "a", "y", "b", "a", "c", "12")],
  ["LINSERT k After 12 13", ":8\r\n"],
  ["LINSERT k BEFORE 12 11", ":9\r\n"],
  ["LINSERT k BEFORE 012 11", ":-1\r\n"],
  ["LINSERT k BEFORE nosuch z", ":-1\r\n"],
  ["LRANGE k 0 -1", elements("x", "a", "y", "b", "a", "c", "11", "12", "13")],
  ["LINSERT k AFTER 13 end", ":10\r\n"],
  ["LINSERT k BEFORE x begin", ":11\r\n"],
  ["LRANGE k 0 -1", elements("begin", "x", "a", "y", "b", "a", "c", "11", "12", "13", "end")],
  [["LINSERT", "k", "AFTER", "b", x(9000)], ":12\r\n"],
  [["LINSERT", "k", "BEFORE", x(9000), "p"], ":13\r\n"],
  [["LINSERT", "k", "AFTER", x(9000), ""], ":14\r\n"],
  ["LRANGE k 3 9", elements("y", "b", "p", x(9000), "", "a", "c")],
  ["SET s v", OK],
  ["LINSERT s AFTER v w", WRONG_TYPE],
  ["LINSERT s BESIDE v w", SYNTAX],
  ["LINSERT k AFTER a", arity("linsert")],
  ["LINSERT k AFTER a b c", arity("linsert")],
]);

listCases("LSET", [
  ["LSET k 0 a", NO_KEY],
  ["LSET k x a", NO_KEY],
  ["RPUSH k a b c d e f", ":6\r\n"],
  ["LSET k 0 A", OK],
  ["LSET k -1 6", OK],
  [["LSET", "k", "2", x(70)], OK],
  [["LSET", "k", "3", x(9000)], OK],
  ["LRANGE k 0 -1", elements("A", "b", x(70), x(9000), "e", "6")],
  ["LSET k 3 d", OK],
  ["LSET k 2 c", OK],
  ["LRANGE k 0 -1", elements("A", "b", "c", "d", "e", "6")],
  ["LSET k 6 x", OUT_OF_RANGE],
  ["LSET k -7 x", OUT_OF_RANGE],
  [`LSET k ${INT64_MAX} x`, OUT_OF_RANGE],
  ["LSET k x x", NOT_AN_INTEGER],
  ["SET s v", OK],
  ["LSET s x v", WRONG_TYPE],
  ["LSET k 0", arity("lset")],
]);

listCases("LTRIM", [
  ["LTRIM k 0 1", OK],
  ["LTRIM k x 1", NOT_AN_INTEGER],
  ["LTRIM k 0 x", NOT_AN_INTEGER],
  ["RPUSH k a b c d e f g h i j", ":10\r\n"],
  ["LTRIM k 0 -1", OK],
  ["LRANGE k 0 -1", elements(..."abcdefghij")],
  ["LTRIM k 1 -2", OK],
  ["LRANGE k 0 -1", elements(..."bcdefghi")],
  ["LTRIM k -6 100", OK],
  ["LRANGE k 0 -1", elements(..."defghi")],
  ["LTRIM k -100 3", OK],
  ["LRANGE k 0 -1", elements(..."defg")],
  ["LTRIM k 2 2", OK],
  ["LRANGE k 0 -1", elements("f")],
  ["LTRIM k 1 5", OK],
  ["EXISTS k", ":0\r\n"],
  ["RPUSH k a b c", ":3\r\n"],
  ["LTRIM k 2 1", OK],
  ["EXISTS k", ":0\r\n"],
  ["RPUSH k a b c", ":3\r\n"],
  [`LTRIM k ${INT64_MIN} ${INT64_MAX}`, OK],
  ["LLEN k", ":3\r\n"],
  ["LTRIM k 0 -4", OK],
  ["EXISTS k", ":0\r\n"],
  ["SET s v", OK],
  ["LTRIM s 0 1", WRONG_TYPE],
  ["LTRIM s x 1", NOT_AN_INTEGER],
  ["LTRIM k 0", arity("ltrim")],
]);

listCases("LREM", [
  ["LREM k 0 a", ":0\r\n"],
  ["LREM k x a", NOT_AN_INTEGER],
  ["RPUSH k a b a 1 a c a 1 b a", ":10\r\n"],
  ["LREM k 2 a", ":2\r\n"],
  ["LRANGE k 0 -1", elements("b", "1", "a", "c", "a", "1", "b", "a")],
  ["LREM k -2 a", ":2\r\n"],
  ["LRANGE k 0 -1", elements("b", "1", "a", "c", "1", "b")],
  ["LREM k 0 1", ":2\r\n"],
  ["LREM k 100 nosuch", ":0\r\n"],
  ["LREM k -100 b", ":2\r\n"],
  ["LRANGE k 0 -1", elements("a", "c")],
  [`LREM k ${INT64_MAX} a`, ":1\r\n"],
  ["LREM k -9223372036854775807 c", ":1\r\n"],
  ["EXISTS k", ":0\r\n"],
  [`LREM k ${INT64_MIN} a`, SIGNED, { since7: "7.2" }],
  ["LREM k 9223372036854775808 a", NOT_AN_INTEGER],
  [["RPUSH", "k", x(9000), "a", x(9000), "b", x(9000)], ":5\r\n"],
  [["LREM", "k", "-1", x(9000)], ":1\r\n"],
  ["LRANGE k 0 -1", elements(x(9000), "a", x(9000), "b")],
  [["LREM", "k", "0", x(9000)], ":2\r\n"],
  ["LRANGE k 0 -1", elements("a", "b")],
  ["SET s v", OK],
  ["LREM s 0 a", WRONG_TYPE],
  ["LREM s x a", NOT_AN_INTEGER],
  ["LREM k 0", arity("lrem")],
]);

listCases("LPOS", [
  ["LPOS k a", NIL],
  ["LPOS k a COUNT 0", EMPTY],
  ["RPUSH k a b c 1 2 3 c c", ":8\r\n"],
  ["LPOS k a", ":0\r\n"],
  ["LPOS k c", ":2\r\n"],
  ["LPOS k 3", ":5\r\n"],
  ["LPOS k nosuch", NIL],
  ["LPOS k nosuch COUNT 5", EMPTY],
  ["LPOS k c RANK 1", ":2\r\n"],
  ["LPOS k c RANK 2", ":6\r\n"],
  ["LPOS k c RANK 4", NIL],
  ["LPOS k c RANK -1", ":7\r\n"],
  ["LPOS k c RANK -2", ":6\r\n"],
  ["LPOS k c RANK -4", NIL],
  ["LPOS k c COUNT 0", "*3\r\n:2\r\n:6\r\n:7\r\n"],
  ["LPOS k c COUNT 1", "*1\r\n:2\r\n"],
  ["LPOS k c COUNT 2", "*2\r\n:2\r\n:6\r\n"],
  ["LPOS k c COUNT 100", "*3\r\n:2\r\n:6\r\n:7\r\n"],
  ["LPOS k c COUNT 0 RANK 2", "*2\r\n:6\r\n:7\r\n"],
  ["LPOS k c count 2 rank -1", "*2\r\n:7\r\n:6\r\n"],
  ["LPOS k c COUNT 0 RANK -2", "*2\r\n:6\r\n:2\r\n"],
  ["LPOS k a COUNT 0 MAXLEN 1", "*1\r\n:0\r\n"],
  ["LPOS k c COUNT 0 MAXLEN 2", EMPTY],
  ["LPOS k c COUNT 0 MAXLEN 3", "*1\r\n:2\r\n"],
  ["LPOS k c COUNT 0 MAXLEN 3 RANK -1", "*2\r\n:7\r\n:6\r\n"],
  ["LPOS k c COUNT 0 MAXLEN 7 RANK 2", "*1\r\n:6\r\n"],
  ["LPOS k c MAXLEN 0", ":2\r\n"],
  ["LPOS k c MAXLEN 2", NIL],
  ["LPOS k c RANK 1 RANK 2", ":6\r\n"],
  [`LPOS k c RANK ${INT64_MAX}`, NIL],
  ["LPOS k c RANK -9223372036854775807", NIL],
  [`LPOS k c RANK ${INT64_MIN}`, SIGNED, { since7: "7.2" }],
  [`LPOS k c COUNT ${INT64_MAX} MAXLEN ${INT64_MAX}`, "*3\r\n:2\r\n:6\r\n:7\r\n"],
]);

rawCases(server, "errors of LPOS", [
  [
    "LPOS k a RANK 0",
    "-ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use " +
    "negative to start from the end of the list\r\n",
    { since7: "7.2" },
  ],
  ["LPOS k a RANK x", NOT_AN_INTEGER],
  ["LPOS k a RANK", SYNTAX],
  ["LPOS k a COUNT -1", "-ERR COUNT can't be negative\r\n"],
  ["LPOS k a COUNT x", "-ERR COUNT can't be negative\r\n"],
  ["LPOS k a COUNT", SYNTAX],
  ["LPOS k a MAXLEN -1", "-ERR MAXLEN can't be negative\r\n"],
  ["LPOS k a MAXLEN x", "-ERR MAXLEN can't be negative\r\n"],
  ["LPOS k a RANKS 1", SYNTAX],
  ["LPOS k a COUNT -1 RANKS 1", "-ERR COUNT can't be negative\r\n"],
  ["SET s v", OK],
  ["LPOS s a", WRONG_TYPE],
  ["LPOS s a RANK x", NOT_AN_INTEGER],
  ["LPOS s a COUNT 1", WRONG_TYPE],
  ["LPOS k", arity("lpos")],
], { resp: "both" });
