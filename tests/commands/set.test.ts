/**
 * Commands on the members of a set, to the byte, in every encoding. Unions and the like are in
 * set_operations.test.ts, random members in set_random.test.ts.
 */
import { array, bulk, NIL, OK, type RawCase, rawCases, ttl } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";
import { setOf } from "./set_wants.ts";

const server = target();

const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
const NOT_AN_INTEGER = "-ERR value is not an integer or out of range\r\n";
const SYNTAX = "-ERR syntax error\r\n";
const arity = (command: string) => `-ERR wrong number of arguments for '${command}' command\r\n`;
const x = (len: number) => "x".repeat(len);

/** set-max-intset-entries and set-max-listpack-entries: sets are small, in between, or large. */
const SHAPES = [[512, 128], [2, 3], [0, 0]] as const;

function setCases(name: string, cases: readonly RawCase[]): void {
  for (const [intset, listpack] of SHAPES) {
    rawCases(server, `${name}, up to ${intset} integers and ${listpack} members`, [
      [`CONFIG SET set-max-intset-entries ${intset}`, OK],
      [`CONFIG SET set-max-listpack-entries ${listpack}`, OK, { since7: "7.2" }],
      ...cases,
      ["CONFIG SET set-max-intset-entries 512", OK],
      ["CONFIG SET set-max-listpack-entries 128", OK, { since7: "7.2" }],
    ], { resp: "both" });
  }
}

setCases("SADD, SREM and questions", [
  ["SADD s a", ":1\r\n"],
  ["SADD s a", ":0\r\n"],
  ["SADD s a b c b", ":2\r\n"],
  ["SCARD s", ":3\r\n"],
  ["SCARD nosuch", ":0\r\n"],
  ["SISMEMBER s a", ":1\r\n"],
  ["SISMEMBER s A", ":0\r\n"],
  ["SISMEMBER nosuch a", ":0\r\n"],
  ["SMISMEMBER s a z b a", array(":1\r\n", ":0\r\n", ":1\r\n", ":1\r\n")],
  ["SMISMEMBER nosuch a b", array(":0\r\n", ":0\r\n")],
  ["SMEMBERS s", setOf("a", "b", "c")],
  ["SMEMBERS nosuch", setOf()],
  ["SREM s z", ":0\r\n"],
  ["SREM s a a z", ":1\r\n"],
  ["SREM nosuch a", ":0\r\n"],
  ["SMEMBERS s", setOf("b", "c")],
  ["SREM s c b a", ":2\r\n"],
  ["EXISTS s", ":0\r\n"],
  ["TYPE s", "+none\r\n"],
]);

/** Members of every kind. */
const KINDS = [
  "",
  "a",
  "0",
  "-1",
  "127",
  "128",
  "32767",
  "-32769",
  "2147483648",
  "9007199254740993",
  "9223372036854775807",
  "-9223372036854775808",
  "9223372036854775808",
  "007",
  "-0",
  "+1",
  "1.5",
  "\0\xff\r\n",
  x(63),
  x(64),
  x(65),
  x(5000),
];

setCases("members of all kinds", [
  [["SADD", "s", ...KINDS], `:${KINDS.length}\r\n`],
  [["SADD", "s", ...KINDS], ":0\r\n"],
  ["SCARD s", `:${KINDS.length}\r\n`],
  ["SMEMBERS s", setOf(...KINDS)],
  [["SMISMEMBER", "s", ...KINDS], array(...KINDS.map(() => ":1\r\n"))],
  [
    ["SMISMEMBER", "s", "00", "1", x(66), "-", "9007199254740992"],
    array(...x(5).split("").map(() => ":0\r\n")),
  ],
  ...KINDS.map((member): RawCase => [["SREM", "s", member], ":1\r\n"]),
  ["EXISTS s", ":0\r\n"],
  ...KINDS.flatMap((member): RawCase[] => [
    [["SADD", "one", member], ":1\r\n"],
    ["SMEMBERS one", setOf(member)],
    ["SPOP one", bulk(member)],
    ["EXISTS one", ":0\r\n"],
  ]),
]);

setCases("SMOVE", [
  ["SADD a 1 2 x", ":3\r\n"],
  ["SADD b 2 y", ":2\r\n"],
  ["SMOVE a b nosuch", ":0\r\n"],
  ["SMOVE nosuch b 1", ":0\r\n"],
  ["SMOVE a b 1", ":1\r\n"],
  ["SMEMBERS a", setOf("2", "x")],
  ["SMEMBERS b", setOf("1", "2", "y")],
  ["SMOVE a b 2", ":1\r\n"],
  ["SMEMBERS b", setOf("1", "2", "y")],
  ["SMOVE a a x", ":1\r\n"],
  ["SMOVE a a z", ":0\r\n"],
  ["SMOVE a c x", ":1\r\n"],
  ["EXISTS a", ":0\r\n"],
  ["SMEMBERS c", setOf("x")],
  ["SET s text", OK],
  ["SMOVE s b 1", WRONG_TYPE],
  ["SMOVE b s 1", WRONG_TYPE],
  ["SMOVE b s nosuch", WRONG_TYPE],
  ["SMOVE nosuch s 1", ":0\r\n"],
  ["SMEMBERS b", setOf("1", "2", "y")],
]);

const encoding = (want: string): RawCase => ["OBJECT ENCODING s", bulk(want), { since7: "7.2" }];

rawCases(server, "encodings follow Redis's rules", [
  ["SADD s 1 2 3", ":3\r\n"],
  ["OBJECT ENCODING s", bulk("intset")],
  ["SADD s a", ":1\r\n"],
  encoding("listpack"),
  ["SREM s a", ":1\r\n"],
  encoding("listpack"),
  [["SADD", "s", x(65)], ":1\r\n"],
  ["OBJECT ENCODING s", bulk("hashtable")],
  [["SREM", "s", x(65)], ":1\r\n"],
  ["OBJECT ENCODING s", bulk("hashtable")],
  ["DEL s", ":1\r\n"],
  [["SADD", "s", ...range(512)], ":512\r\n"],
  ["OBJECT ENCODING s", bulk("intset")],
  ["SADD s 511", ":0\r\n"],
  ["OBJECT ENCODING s", bulk("intset")],
  ["SADD s 512", ":1\r\n"],
  ["OBJECT ENCODING s", bulk("hashtable")],
  ["DEL s", ":1\r\n"],
  [["SADD", "s", ...range(513)], ":513\r\n"],
  ["OBJECT ENCODING s", bulk("hashtable")],
  ["DEL s", ":1\r\n"],
  [["SADD", "s", "a", ...range(127)], ":128\r\n"],
  encoding("listpack"),
  ["SADD s b", ":1\r\n"],
  ["OBJECT ENCODING s", bulk("hashtable")],
  ["DEL s", ":1\r\n"],
  [["SADD", "s", ...range(128)], ":128\r\n"],
  ["SADD s a", ":1\r\n"],
  ["OBJECT ENCODING s", bulk("hashtable")],
  ["DEL s", ":1\r\n"],
  [["SADD", "s", ...range(127)], ":127\r\n"],
  ["SADD s a", ":1\r\n"],
  encoding("listpack"),
  ["DEL s", ":1\r\n"],
  // Many members at once make a set large even if most of them are the same.
  ["SADD s a", ":1\r\n"],
  [["SADD", "s", ...range(129).map(() => "a")], ":0\r\n"],
  ["OBJECT ENCODING s", bulk("hashtable")],
  ["DEL s", ":1\r\n"],
  ["SADD s 1", ":1\r\n"],
  [["SADD", "s", ...range(513).map(() => "1")], ":0\r\n", { since7: "7.2" }],
  encoding("hashtable"),
  ["CONFIG SET set-max-listpack-value 3", OK, { since7: "7.2" }],
  ["DEL s", ":1\r\n"],
  ["SADD s 1000", ":1\r\n"],
  ["SADD s a", ":1\r\n"],
  ["OBJECT ENCODING s", bulk("hashtable")],
  ["CONFIG SET set-max-listpack-value 64", OK, { since7: "7.2" }],
]);

function range(count: number): string[] {
  return Array.from({ length: count }, (_, i) => String(i));
}

rawCases(server, "a small set keeps the order in which members came", [
  ["SADD s c 1 a", ":3\r\n", { since7: "7.2" }],
  ["SMEMBERS s", {
    resp2: array(...["c", "1", "a"].map(bulk)),
    resp3: `~3\r\n${bulk("c")}${bulk("1")}${bulk("a")}`,
  }, {
    since7: "7.2",
  }],
  ["SADD i 3 -1 2", ":3\r\n"],
  ["SMEMBERS i", {
    resp2: array(...["-1", "2", "3"].map(bulk)),
    resp3: `~3\r\n${bulk("-1")}${bulk("2")}${bulk("3")}`,
  }],
], { resp: "both" });

const scan = (...members: string[]) => array(bulk("0"), array(...members.map(bulk)));

rawCases(server, "SSCAN", [
  ["SSCAN nosuch 0", scan()],
  ["SADD s 3 1 2", ":3\r\n"],
  ["SSCAN s 0", scan("1", "2", "3")],
  ["SSCAN s 0 COUNT 1", scan("1", "2", "3")],
  ["SSCAN s 5", scan("1", "2", "3")],
  ["SSCAN s 0 MATCH [13]", scan("1", "3")],
  ["SSCAN s 0 MATCH * COUNT 100", scan("1", "2", "3")],
  ["SSCAN s 0 match nosuch", scan()],
  ["SADD l b a", ":2\r\n"],
  ["SSCAN l 0", scan("b", "a"), { since7: "7.2" }],
  ["SSCAN l 0 MATCH a", scan("a")],
  ["SSCAN s x", "-ERR invalid cursor\r\n"],
  ["SSCAN nosuch x", "-ERR invalid cursor\r\n"],
  ["SSCAN s 0 COUNT 0", SYNTAX],
  ["SSCAN s 0 COUNT x", NOT_AN_INTEGER],
  ["SSCAN s 0 COUNT", SYNTAX],
  ["SSCAN s 0 nonsense", SYNTAX],
  ["SSCAN nosuch 0 nonsense", scan()],
  ["SSCAN s 0 TYPE set", SYNTAX],
  ["SET k v", OK],
  ["SSCAN k 0", WRONG_TYPE],
  ["SSCAN s", arity("sscan")],
], { resp: "both" });

rawCases(server, "expiry and other commands", [
  ["SADD s a 1", ":2\r\n"],
  ["TYPE s", "+set\r\n"],
  ["EXPIRE s 1000", ":1\r\n"],
  ["SADD s b", ":1\r\n"],
  ["TTL s", ttl(1000)],
  ["RENAME s t", OK],
  ["SMEMBERS t", setOf("a", "b", "1")],
  ["COPY t u", ":1\r\n"],
  ["SREM t a", ":1\r\n"],
  ["SMEMBERS u", setOf("a", "b", "1")],
  ["SET u text", OK],
  ["GET u", bulk("text")],
  ["DEL t", ":1\r\n"],
  ["SADD t z", ":1\r\n"],
  ["TTL t", ":-1\r\n"],
  ["GET nosuch", NIL],
], { resp: "both" });

rawCases(server, "sets are no strings, and the other way round", [
  ["SET k v", OK],
  ["SADD s a", ":1\r\n"],
  ["GET s", WRONG_TYPE],
  ["SADD k a", WRONG_TYPE],
  ["SREM k a", WRONG_TYPE],
  ["SCARD k", WRONG_TYPE],
  ["SISMEMBER k a", WRONG_TYPE],
  ["SMISMEMBER k a", WRONG_TYPE],
  ["SMEMBERS k", WRONG_TYPE],
  ["GET k", bulk("v")],
  ["SADD s", arity("sadd")],
  ["SREM s", arity("srem")],
  ["SCARD", arity("scard")],
  ["SCARD a b", arity("scard")],
  ["SISMEMBER s", arity("sismember")],
  ["SMISMEMBER s", arity("smismember")],
  ["SMEMBERS", arity("smembers")],
  ["SMEMBERS a b", arity("smembers")],
  ["SMOVE a b", arity("smove")],
], { resp: "both" });
