/**
 * Commands on the fields of a hash, to the byte, in both encodings. Numbers are in hash_numbers.test.ts, random
 * fields in hash_random.test.ts, the expiry of fields in hash_expire.test.ts.
 */
import { array, bulk, NIL, OK, type RawCase, rawCases, ttl } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";
import { arrayOf } from "./set_wants.ts";

const server = target();

const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
const NOT_AN_INTEGER = "-ERR value is not an integer or out of range\r\n";
const SYNTAX = "-ERR syntax error\r\n";
const arity = (command: string) => `-ERR wrong number of arguments for '${command}' command\r\n`;
const x = (len: number) => "x".repeat(len);

/** A map as it comes back. */
function map(...texts: string[]) {
  const all = texts.map(bulk).join("");
  return { resp2: `*${texts.length}\r\n${all}`, resp3: `%${texts.length / 2}\r\n${all}` };
}

/** The cases in a listpack, then in a hashtable. */
function hashCases(name: string, cases: readonly RawCase[]): void {
  for (const entries of [128, 0]) {
    rawCases(server, `${name}, up to ${entries} fields in a listpack`, [
      [`CONFIG SET hash-max-listpack-entries ${entries}`, OK],
      ...cases,
      ["CONFIG SET hash-max-listpack-entries 512", OK],
    ], { resp: "both" });
  }
}

hashCases("HSET and those that ask for a field", [
  ["HSET h a 1", ":1\r\n"],
  ["HSET h a 2", ":0\r\n"],
  ["HGET h a", bulk("2")],
  ["HGET h b", NIL],
  ["HGET nosuch a", NIL],
  ["HSET h a 3 b 4 c 5 b 6", ":2\r\n"],
  ["HMGET h a b c d", {
    resp2: array(bulk("3"), bulk("6"), bulk("5"), "$-1\r\n"),
    resp3: array(bulk("3"), bulk("6"), bulk("5"), "_\r\n"),
  }],
  ["HMGET nosuch a b", {
    resp2: array("$-1\r\n", "$-1\r\n"),
    resp3: array("_\r\n", "_\r\n"),
  }],
  ["HLEN h", ":3\r\n"],
  ["HLEN nosuch", ":0\r\n"],
  ["HEXISTS h a", ":1\r\n"],
  ["HEXISTS h A", ":0\r\n"],
  ["HEXISTS nosuch a", ":0\r\n"],
  ["HSTRLEN h a", ":1\r\n"],
  ["HSTRLEN h z", ":0\r\n"],
  ["HSTRLEN nosuch z", ":0\r\n"],
  ["HMSET h a 10 z 20", OK],
  ["HGET h z", bulk("20")],
  ["HSETNX h a 7", ":0\r\n"],
  ["HGET h a", bulk("10")],
  ["HSETNX h new 7", ":1\r\n"],
  ["HGET h new", bulk("7")],
  ["HSETNX created f v", ":1\r\n"],
  ["HGETALL created", map("f", "v")],
  ["TYPE h", "+hash\r\n"],
]);

hashCases("HDEL", [
  ["HDEL nosuch a", ":0\r\n"],
  ["HSET h a 1 b 2 c 3", ":3\r\n"],
  ["HDEL h z", ":0\r\n"],
  ["HDEL h a a z", ":1\r\n"],
  ["HGETALL h", { resp2: arrayOf("b", "2", "c", "3"), resp3: /^%2\r\n/ }],
  ["HDEL h b c a", ":2\r\n"],
  ["EXISTS h", ":0\r\n"],
  ["TYPE h", "+none\r\n"],
]);

hashCases("HGETALL, HKEYS, HVALS", [
  ["HGETALL nosuch", map()],
  ["HKEYS nosuch", "*0\r\n"],
  ["HVALS nosuch", "*0\r\n"],
  ["HSET h one 1", ":1\r\n"],
  ["HGETALL h", map("one", "1")],
  ["HKEYS h", array(bulk("one"))],
  ["HVALS h", array(bulk("1"))],
  ["HSET h two 22 three 333", ":2\r\n"],
  ["HKEYS h", arrayOf("one", "two", "three")],
  ["HVALS h", arrayOf("1", "22", "333")],
  ["HGETALL h", {
    resp2: arrayOf("one", "1", "two", "22", "three", "333"),
    resp3: /^%3\r\n(?=[^]*one\r\n\$1\r\n1\r\n)(?=[^]*two\r\n\$2\r\n22\r\n)/,
  }],
]);

/** Texts of every kind, as fields and as values. */
const KINDS = [
  "",
  "a",
  "0",
  "-1",
  "127",
  "128",
  "-4097",
  "32768",
  "8388608",
  "2147483648",
  "9007199254740993",
  "9223372036854775807",
  "-9223372036854775808",
  "9223372036854775808",
  "007",
  "-0",
  "+1",
  "1.5",
  "\0\r\n\xff",
  x(63),
  x(64),
];

hashCases("fields and values of every kind", [
  ...KINDS.flatMap((text, i): RawCase[] => [
    [["HSET", "h", text, `v${i}`], ":1\r\n"],
    [["HSET", "h", `f${i}`, text], ":1\r\n"],
    [["HGET", "h", text], bulk(`v${i}`)],
    [["HGET", "h", `f${i}`], bulk(text)],
    [["HSTRLEN", "h", `f${i}`], `:${text.length}\r\n`],
  ]),
  ["HLEN h", `:${2 * KINDS.length}\r\n`],
  ...KINDS.flatMap((text, i): RawCase[] => [
    [["HSET", "h", text, `changed${i}`], ":0\r\n"],
    [["HMGET", "h", text, `f${i}`], array(bulk(`changed${i}`), bulk(text))],
    [["HDEL", "h", text], ":1\r\n"],
    [["HEXISTS", "h", text], ":0\r\n"],
  ]),
  ["HLEN h", `:${KINDS.length}\r\n`],
]);

rawCases(server, "values that grow and shrink", [
  ...[0, 1, 7, 8, 9, 64, 65, 100, 1024, 1025, 2000, 70000, 20000, 1024, 500, 3, 0].flatMap((
    len,
  ): RawCase[] => [
    [["HSET", "h", "field", x(len)], len === 0 ? /^:[01]\r\n$/ : ":0\r\n"],
    ["HSTRLEN h field", `:${len}\r\n`],
    ["HGET h field", bulk(x(len))],
    [["HSET", "h", "other", String(len)], /^:[01]\r\n$/],
    ["HGET h other", bulk(String(len))],
  ]),
  ["HLEN h", ":2\r\n"],
]);

rawCases(server, "encodings", [
  ["CONFIG SET hash-max-listpack-entries 3", OK],
  ["CONFIG SET hash-max-listpack-value 10", OK],
  ["HSET h a 1 b 2 c 3", ":3\r\n"],
  ["OBJECT ENCODING h", bulk("listpack")],
  ["HSET h a 9 b 8 c 7", ":0\r\n"],
  ["OBJECT ENCODING h", bulk("listpack")],
  ["HSET h d 1", ":1\r\n"],
  ["OBJECT ENCODING h", bulk("hashtable")],
  ["HDEL h b c d", ":3\r\n"],
  ["OBJECT ENCODING h", bulk("hashtable")],
  ["HGETALL h", map("a", "9")],
  // More pairs than may be small make a large one, though they are one field's.
  ["HSET pairs a 1 a 2 a 3 a 4", ":1\r\n"],
  ["OBJECT ENCODING pairs", bulk("hashtable"), { since7: "7.2" }],
  [["HSET", "value", "f", x(10)], ":1\r\n"],
  ["OBJECT ENCODING value", bulk("listpack")],
  [["HSET", "value", "f", x(11)], ":0\r\n"],
  ["OBJECT ENCODING value", bulk("hashtable")],
  [["HSETNX", "field", x(11), "v"], ":1\r\n"],
  ["OBJECT ENCODING field", bulk("hashtable")],
  ["HSET incr f 1", ":1\r\n"],
  ["HINCRBY incr f 1000000000", ":1000000001\r\n"],
  ["OBJECT ENCODING incr", bulk("listpack")],
  ["HINCRBY incr f 10000000000", ":11000000001\r\n"],
  ["OBJECT ENCODING incr", bulk("hashtable")],
  ["CONFIG SET hash-max-listpack-entries 512", OK],
  ["CONFIG SET hash-max-listpack-value 64", OK],
]);

rawCases(server, "a thousand fields", [
  [
    ["HSET", "h", ...Array.from({ length: 1000 }, (_, i) => [`field:${i}`, `value:${i}`]).flat()],
    ":1000\r\n",
  ],
  ["OBJECT ENCODING h", bulk("hashtable")],
  ["HLEN h", ":1000\r\n"],
  ["HGET h field:999", bulk("value:999")],
  [["HDEL", "h", ...Array.from({ length: 999 }, (_, i) => `field:${i}`)], ":999\r\n"],
  ["HGETALL h", map("field:999", "value:999")],
]);

hashCases("HSCAN", [
  ["HSCAN nosuch 0", array(bulk("0"), "*0\r\n")],
  // Options are read only if there is a hash.
  ["HSCAN nosuch 0 what", array(bulk("0"), "*0\r\n")],
  ["HSCAN nosuch what", "-ERR invalid cursor\r\n"],
  ["HSET h a 1", ":1\r\n"],
  ["HSCAN h 0", array(bulk("0"), array(bulk("a"), bulk("1")))],
  ["HSCAN h 0 MATCH b*", array(bulk("0"), array())],
  ["HSCAN h 0 MATCH a COUNT 100", array(bulk("0"), array(bulk("a"), bulk("1")))],
  ["HSCAN h 0 NOVALUES", array(bulk("0"), array(bulk("a"))), { since7: "7.4" }],
  ["HSCAN h 0 NoValues MATCH *", array(bulk("0"), array(bulk("a"))), { since7: "7.4" }],
  ["HSCAN h 0 MATCH", SYNTAX],
  ["HSCAN h 0 COUNT 0", SYNTAX],
  ["HSCAN h 0 COUNT x", NOT_AN_INTEGER],
  ["HSCAN h 0 TYPE hash", SYNTAX],
  ["HSCAN h 0 what", SYNTAX],
  ["SADD s a", ":1\r\n"],
  ["SSCAN s 0 NOVALUES", "-ERR NOVALUES option can only be used in HSCAN\r\n", { since7: "7.4" }],
]);

const ALL = [
  "HSET k f v",
  "HSETNX k f v",
  "HMSET k f v",
  "HGET k f",
  "HMGET k f g",
  "HDEL k f",
  "HLEN k",
  "HSTRLEN k f",
  "HEXISTS k f",
  "HGETALL k",
  "HKEYS k",
  "HVALS k",
  "HSCAN k 0",
  "HINCRBY k f 1",
  "HINCRBYFLOAT k f 1",
  "HRANDFIELD k",
  "HRANDFIELD k 2",
];

rawCases(server, "keys of another type", [
  ["SET k string", OK],
  ...ALL.map((command): RawCase => [command, WRONG_TYPE]),
  ["GET k", bulk("string")],
  ["HSET h f v", ":1\r\n"],
  ["GET h", WRONG_TYPE],
  ["LPUSH h a", WRONG_TYPE],
  ["SET h now-a-string", OK],
  ["TYPE h", "+string\r\n"],
], { resp: "both" });

rawCases(server, "wrong numbers of arguments", [
  ["HSET h f", arity("hset")],
  ["HSET h f v g", arity("hset")],
  ["hMsEt h f v g", arity("hmset")],
  ["HMSET h f", arity("hmset")],
  ["HSETNX h f", arity("hsetnx")],
  ["HGET h", arity("hget")],
  ["HGET h f g", arity("hget")],
  ["HMGET h", arity("hmget")],
  ["HDEL h", arity("hdel")],
  ["HLEN h g", arity("hlen")],
  ["HGETALL h g", arity("hgetall")],
  ["HINCRBY h f", arity("hincrby")],
  ["EXISTS h", ":0\r\n"],
]);

hashCases("COPY, RENAME, MOVE of a hash", [
  ["HSET h a 1 b 2", ":2\r\n"],
  ["COPY h copy", ":1\r\n"],
  ["HSET h a 3", ":0\r\n"],
  ["HMGET copy a b", array(bulk("1"), bulk("2"))],
  ["RENAME copy renamed", OK],
  ["HGET renamed b", bulk("2")],
  ["MOVE renamed 9", ":1\r\n"],
  ["SELECT 9", OK],
  ["HGET renamed a", bulk("1")],
  ["DEL renamed", ":1\r\n"],
  ["SELECT 0", OK],
  ["HGET h a", bulk("3")],
  ["EXPIRE h 100", ":1\r\n"],
  ["HSET h c 5", ":1\r\n"],
  ["TTL h", ttl(100)],
  ["HGET h c", bulk("5")],
]);
