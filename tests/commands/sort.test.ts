/**
 * SORT and SORT_RO, to the byte.
 */
import { array, bulk, NIL, OK, type RawCase, rawCases, type Want } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";

const server = target();

const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
const SYNTAX = "-ERR syntax error\r\n";
const NOT_AN_INTEGER = "-ERR value is not an integer or out of range\r\n";
const NO_NUMBERS = "-ERR One or more scores can't be converted into double\r\n";
const list = (...elements: string[]) => array(...elements.map(bulk));

/** A list whose empty places are nulls. */
function withNulls(...elements: (string | null)[]): Want {
  const shown = (nil: string) => array(...elements.map((e) => (e === null ? nil : bulk(e))));
  return { resp2: shown("$-1\r\n"), resp3: shown("_\r\n") };
}

/** Elements that are added one by one, as many as a request of a test should have at most. */
function range(from: number, to: number, prefix = ""): string[] {
  return Array.from({ length: to - from }, (_, i) => prefix + (from + i));
}

rawCases(server, "lists as numbers", [
  ["RPUSH l 3 1 2 10 -5 0.5", ":6\r\n"],
  ["SORT l", list("-5", "0.5", "1", "2", "3", "10")],
  ["SORT l ASC", list("-5", "0.5", "1", "2", "3", "10")],
  ["SORT l desc", list("10", "3", "2", "1", "0.5", "-5")],
  ["SORT l DESC ASC", list("-5", "0.5", "1", "2", "3", "10")],
  ["SORT_RO l DESC", list("10", "3", "2", "1", "0.5", "-5")],
  ["SORT l ALPHA", list("-5", "0.5", "1", "10", "2", "3")],
  ["SORT l ALPHA DESC", list("3", "2", "10", "1", "0.5", "-5")],
  ["SORT l LIMIT 0 2", list("-5", "0.5")],
  ["SORT l LIMIT 1 2 DESC", list("3", "2")],
  ["SORT l LIMIT 4 100", list("3", "10")],
  ["SORT l LIMIT 6 1", list()],
  ["SORT l LIMIT 100 1", list()],
  ["SORT l LIMIT 2 0", list()],
  ["SORT l LIMIT 2 -1", list("1", "2", "3", "10")],
  ["SORT l LIMIT 2 -7", list("1", "2", "3", "10")],
  ["SORT l LIMIT -3 2", list("-5", "0.5")],
  ["SORT l LIMIT 9223372036854775807 9223372036854775807", list()],
  ["SORT l LIMIT 0 1 LIMIT 1 1", list("0.5")],
  ["SORT nosuch", list()],
  ["SORT nosuch BY w* GET # LIMIT 0 1", list()],
  ["SORT_RO nosuch", list()],
], { resp: "both" });

rawCases(server, "what is a number", [
  ["RPUSH l 1e3 0x10 .5 5. 1e-3 -0 +7", ":7\r\n"],
  ["SORT l", list("-0", "1e-3", ".5", "5.", "+7", "0x10", "1e3")],
  [["RPUSH", "m", "2", "inf", "-Infinity", " 1", "", "1e308", "-1e308", "4\0x"], ":8\r\n"],
  ["SORT m", list("-Infinity", "-1e308", "", " 1", "2", "4\0x", "1e308", "inf")],
  ["RPUSH n 9007199254740993 9007199254740992 9223372036854775807 -9223372036854775808", ":4\r\n"],
  [
    "SORT n",
    list("-9223372036854775808", "9007199254740992", "9007199254740993", "9223372036854775807"),
  ],
  ["RPUSH same 1.0 1 +1 1 01 0x1 1e0", ":7\r\n"],
  ["SORT same", list("+1", "01", "0x1", "1", "1", "1.0", "1e0")],
  ["SORT same DESC", list("1e0", "1.0", "1", "1", "0x1", "01", "+1")],
  ...["x", "1x", "nan", "1e400", "1 ", "-", "1e-400"].flatMap((bad): RawCase[] => [
    [["RPUSH", "bad", "1", bad, "2"], ":3\r\n"],
    ["SORT bad", NO_NUMBERS],
    ["SORT bad STORE to", NO_NUMBERS],
    ["EXISTS to", ":0\r\n"],
    ["SORT bad ALPHA", /^\*3\r\n/],
    ["DEL bad", ":1\r\n"],
  ]),
], { resp: "both" });

const NUMBERS = range(-40, 100).map((text, i) => (i % 3 === 0 ? `${text}.25` : text));
const byValue = [...NUMBERS].sort((a, b) => Number(a) - Number(b));
const WORDS = range(0, 90, "w").concat(range(0, 60, "common-prefix:"), ["", "a", "ab", "z"]);
const inOrder = [...WORDS].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));

rawCases(server, "many elements, of lists and sets", [
  [["RPUSH", "l", ...NUMBERS], `:${NUMBERS.length}\r\n`],
  [["SADD", "s", ...NUMBERS], `:${NUMBERS.length}\r\n`],
  ["SORT l", list(...byValue)],
  ["SORT s", list(...byValue)],
  ["SORT s DESC", list(...[...byValue].reverse())],
  ["SORT s LIMIT 7 5", list(...byValue.slice(7, 12))],
  [["RPUSH", "words", ...WORDS], `:${WORDS.length}\r\n`],
  [["SADD", "set", ...WORDS], `:${WORDS.length}\r\n`],
  ["SORT words ALPHA", list(...inOrder)],
  ["SORT words ALPHA DESC LIMIT 3 50", list(...[...inOrder].reverse().slice(3, 53))],
  ["SORT set ALPHA", list(...inOrder)],
  ["SADD small b 1 a", ":3\r\n"],
  ["SORT small ALPHA", list("1", "a", "b")],
  ["SADD ints 5 3 4", ":3\r\n"],
  ["SORT ints DESC", list("5", "4", "3")],
]);

// More than a node of a list holds, of every width, some more than once.
const INTEGERS = Array.from({ length: 3000 }, (_, i) => {
  const digits = String(i * 7919 % 2500).repeat(1 + i % 4);
  return String((i % 3 === 0 ? -1 : 1) * Number(digits));
});
const rising = [...INTEGERS].sort((a, b) => Number(a) - Number(b));
const falling = [...rising].reverse();
const LARGEST = ["9007199254740991", "-9007199254740991"];

rawCases(server, "lists of integers", [
  [["RPUSH", "l", ...INTEGERS, ...LARGEST], ":3002\r\n"],
  ["SORT l", list(LARGEST[1], ...rising, LARGEST[0])],
  ["SORT l DESC", list(LARGEST[0], ...falling, LARGEST[1])],
  ["SORT l LIMIT 0 10", list(LARGEST[1], ...rising.slice(0, 9))],
  ["SORT l LIMIT 300 200 DESC", list(...falling.slice(299, 499))],
  ["SORT l LIMIT 1000 5", list(...rising.slice(999, 1004))],
  ["SORT l LIMIT 2999 100", list(...rising.slice(2998), LARGEST[0])],
  ["SORT l LIMIT 3002 1", list()],
  ["SORT l LIMIT 0 0", list()],
  ["SORT l LIMIT 2 3 STORE to", ":3\r\n"],
  ["LRANGE to 0 -1", list(...rising.slice(1, 4))],
  ["SORT l STORE to DESC", ":3002\r\n"],
  ["LRANGE to 0 -1", list(LARGEST[0], ...falling, LARGEST[1])],
  [["SET", `w${rising[4]}`, "weight"], OK],
  ["SORT l LIMIT 5 1 GET # GET w* STORE to", ":2\r\n"],
  ["LRANGE to 0 -1", list(rising[4], "weight")],
  // With one that isn't, it is a list of texts.
  ["RPUSH l 0.5", ":3003\r\n"],
  ["SORT l LIMIT 0 5", list(LARGEST[1], ...rising.slice(0, 4))],
  ["RPUSH l x", ":3004\r\n"],
  ["SORT l LIMIT 0 5", NO_NUMBERS],
  ["SORT l LIMIT 0 1 DESC ALPHA", list("x")],
]);

rawCases(server, "sorted sets", [
  ["ZADD z 1 30 2 10 3 20", ":3\r\n"],
  ["SORT z", list("10", "20", "30")],
  ["SORT z DESC", list("30", "20", "10")],
  ["SORT z ALPHA LIMIT 1 1", list("20")],
  ["SORT z BY nosort", list("30", "10", "20")],
  ["SORT z BY nosort DESC", list("20", "10", "30")],
  ["SORT z BY nosort LIMIT 1 1", list("10")],
  ["SORT z BY nosort DESC LIMIT 0 2", list("20", "10")],
  ["SORT z BY nosort LIMIT -10 100", list("30", "10", "20")],
  ["SORT z BY nosort LIMIT 5 10", list()],
  ["SORT z BY nosort STORE to", ":3\r\n"],
  ["LRANGE to 0 -1", list("30", "10", "20")],
], { resp: "both" });

rawCases(server, "lists in their own order", [
  ["RPUSH l 5 3 4 1 2", ":5\r\n"],
  ["SORT l BY nosort", list("5", "3", "4", "1", "2")],
  ["SORT l BY nosort DESC", list("2", "1", "4", "3", "5")],
  ["SORT l BY nosort LIMIT 1 2", list("3", "4")],
  ["SORT l BY nosort DESC LIMIT 1 2", list("1", "4")],
  ["SORT l BY nosort LIMIT 5 2", list()],
  ["SORT l BY # GET #", list("5", "3", "4", "1", "2")],
  [["RPUSH", "long", ...range(0, 300, "e")], ":300\r\n"],
  ["SORT long BY x LIMIT 100 60", list(...range(100, 160, "e"))],
  ["SORT long BY x LIMIT 290 60 DESC", list(...range(0, 10, "e").reverse())],
  ["SORT long BY x DESC LIMIT 0 60", list(...range(240, 300, "e").reverse())],
  ["SORT long BY x", list(...range(0, 300, "e"))],
  ["SORT nosuch BY x DESC", list()],
], { resp: "both" });

rawCases(server, "BY and GET", [
  ["RPUSH l 1 2 3", ":3\r\n"],
  ["MSET w1 30 w2 10 w3 20 name1 one name3 three", OK],
  ["SORT l BY w*", list("2", "3", "1")],
  ["SORT l BY w* DESC", list("1", "3", "2")],
  ["SORT l BY w* LIMIT 1 1", list("3")],
  ["SORT l BY w* GET name*", withNulls(null, "three", "one")],
  [
    "SORT l BY w* GET # GET name* GET w*",
    withNulls("2", null, "10", "3", "three", "20", "1", "one", "30"),
  ],
  ["SORT_RO l BY w* GET #", list("2", "3", "1")],
  ["SORT l GET nosuch", withNulls(null, null, null)],
  ["SORT l GET #", list("1", "2", "3")],
  ["SORT l BY name* ALPHA", list("2", "1", "3")],
  ["SORT l BY name* ALPHA DESC", list("3", "1", "2")],
  ["SORT l BY name*", NO_NUMBERS],
  ["SORT l BY nosuch*", list("1", "2", "3")],
  ["SORT l BY nosuch* DESC", list("3", "2", "1")],
  ["SORT l BY nosuch* ALPHA", list("1", "2", "3")],
  ["SORT l BY nosuch* ALPHA DESC", list("1", "2", "3")],
  ["HSET o1 price 5 name eins", ":2\r\n"],
  ["HSET o2 price 7", ":1\r\n"],
  ["HSET o3 price 6 name drei", ":2\r\n"],
  ["SORT l BY o*->price", list("1", "3", "2")],
  [
    "SORT l BY o*->price GET o*->name GET o*->nosuch",
    withNulls("eins", null, "drei", null, null, null),
  ],
  ["SORT l BY nosuch*->price", list("1", "2", "3")],
  ["SORT l BY w*->price", list("1", "2", "3")],
  ["SORT l BY o* GET o*", withNulls(null, null, null)],
  ["SET x1-> arrow", OK],
  ["SORT l GET x*->", withNulls("arrow", null, null)],
  ["SET a1b1*c star", OK],
  ["SORT l GET a*b1*c", withNulls("star", null, null)],
  ["HSET h->1b->f f v", ":1\r\n"],
  ["SORT l GET h->*b->f", withNulls(null, null, null)],
  ["HSET h->1b f->g v f u", ":2\r\n"],
  ["SORT l GET h->*b->f->g", withNulls("v", null, null)],
  ["SORT l GET h->*b->f", withNulls("u", null, null)],
  ["SORT l GET ## GET *", withNulls(null, null, null, null, null, null)],
  ["SET 2 itself", OK],
  ["SORT l GET *", withNulls(null, "itself", null)],
  ["RPUSH list1 a", ":1\r\n"],
  ["SORT l GET list* BY list*", withNulls(null, null, null)],
], { resp: "both" });

rawCases(server, "ties", [
  ["RPUSH l b a c d", ":4\r\n"],
  ["MSET wa 1 wb 1 wc 0", OK],
  ["SORT l BY w*", list("c", "d", "a", "b")],
  ["SORT l BY w* DESC", list("b", "a", "d", "c")],
  ["MSET ta same tb same tc other", OK],
  ["SORT l BY t* ALPHA", list("d", "c", "b", "a")],
  ["SORT l BY t* ALPHA DESC", list("b", "a", "c", "d")],
  ["SET td x", OK],
  [["SET", "tc", ""], OK],
  ["SORT l BY t* ALPHA", list("c", "b", "a", "d")],
  ["DEL tc", ":1\r\n"],
  [["SET", "td", ""], OK],
  ["SORT l BY t* ALPHA", list("c", "d", "b", "a")],
]);

rawCases(server, "STORE", [
  ["RPUSH l 3 1 2", ":3\r\n"],
  ["SORT l STORE to", ":3\r\n"],
  ["TYPE to", "+list\r\n"],
  ["LRANGE to 0 -1", list("1", "2", "3")],
  ["OBJECT ENCODING to", bulk("listpack"), { since7: "7.2" }],
  ["EXPIRE to 100", ":1\r\n"],
  ["SORT l DESC LIMIT 0 2 STORE to", ":2\r\n"],
  ["LRANGE to 0 -1", list("3", "2")],
  ["TTL to", ":-1\r\n"],
  ["MSET n1 one n3 three", OK],
  ["SORT l GET # GET n* STORE to", ":6\r\n"],
  ["LRANGE to 0 -1", list("1", "one", "2", "", "3", "three")],
  ["SORT l STORE l", ":3\r\n"],
  ["LRANGE l 0 -1", list("1", "2", "3")],
  ["SORT l LIMIT 5 1 STORE to", ":0\r\n"],
  ["EXISTS to", ":0\r\n"],
  ["SORT nosuch STORE l", ":0\r\n"],
  ["EXISTS l", ":0\r\n"],
  ["SORT nosuch STORE l", ":0\r\n"],
  ["SADD s c a b", ":3\r\n"],
  ["SORT s BY nosort STORE to", ":3\r\n"],
  ["LRANGE to 0 -1", list("a", "b", "c")],
  ["SORT s BY nosort DESC STORE to", ":3\r\n"],
  ["LRANGE to 0 -1", list("c", "b", "a")],
  ["SORT s ALPHA STORE one STORE two", ":3\r\n"],
  ["EXISTS one", ":0\r\n"],
  ["LRANGE two 0 -1", list("a", "b", "c")],
  [["SADD", "big", ...range(0, 600)], ":600\r\n"],
  ["SET to text", OK],
  ["SORT big DESC STORE to", ":600\r\n"],
  ["LRANGE to 0 -1", list(...range(0, 600).reverse())],
], { resp: "both" });

rawCases(server, "arguments and types", [
  ["RPUSH l 1 2", ":2\r\n"],
  ["SET k v", OK],
  ["HSET h f v", ":1\r\n"],
  ["SORT k", WRONG_TYPE],
  ["SORT h", WRONG_TYPE],
  ["SORT_RO k", WRONG_TYPE],
  ["SORT k STORE to", WRONG_TYPE],
  ["SORT k nonsense", SYNTAX],
  ["SORT l nonsense", SYNTAX],
  ["SORT l LIMIT", SYNTAX],
  ["SORT l LIMIT 1", SYNTAX],
  ["SORT l LIMIT x 1", NOT_AN_INTEGER],
  ["SORT l LIMIT 1 x", NOT_AN_INTEGER],
  ["SORT l LIMIT 1 x nonsense", NOT_AN_INTEGER],
  ["SORT l LIMIT 9223372036854775808 1", NOT_AN_INTEGER],
  ["SORT l BY", SYNTAX],
  ["SORT l GET", SYNTAX],
  ["SORT l STORE", SYNTAX],
  ["SORT_RO l STORE to", SYNTAX],
  ["SORT", "-ERR wrong number of arguments for 'sort' command\r\n"],
  ["SORT_RO", "-ERR wrong number of arguments for 'sort_ro' command\r\n"],
  ["COMMAND GETKEYS SORT abc STORE def", list("abc", "def")],
  ["COMMAND GETKEYS SORT abc STORE invalid STORE stillbad STORE def", list("abc", "def")],
  ["COMMAND GETKEYS SORT abc BY STORE GET STORE LIMIT STORE 1", list("abc")],
  ["COMMAND GETKEYS SORT_RO abc BY w*", list("abc")],
  ["GET nosuch", NIL],
], { resp: "both" });
