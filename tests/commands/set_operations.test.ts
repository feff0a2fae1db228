/**
 * SDIFF, SINTER, SUNION, their STORE forms and SINTERCARD, to the byte, in every encoding.
 */
import { bulk, OK, type RawCase, rawCases } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";
import { setOf } from "./set_wants.ts";

const server = target();

const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
const SYNTAX = "-ERR syntax error\r\n";
const NUMKEYS_TOO_SMALL = "-ERR numkeys should be greater than 0\r\n";
const NUMKEYS_TOO_LARGE = "-ERR Number of keys can't be greater than number of args\r\n";
const LIMIT_NEGATIVE = "-ERR LIMIT can't be negative\r\n";
const arity = (command: string) => `-ERR wrong number of arguments for '${command}' command\r\n`;

/** set-max-intset-entries and set-max-listpack-entries: sets are small, in between, or large. */
const SHAPES = [[512, 128], [3, 5], [0, 0]] as const;

function range(from: number, to: number, prefix = ""): string[] {
  return Array.from({ length: to - from }, (_, i) => prefix + (from + i));
}

for (const [intset, listpack] of SHAPES) {
  rawCases(server, `up to ${intset} integers and ${listpack} members`, [
    [`CONFIG SET set-max-intset-entries ${intset}`, OK],
    [`CONFIG SET set-max-listpack-entries ${listpack}`, OK, { since7: "7.2" }],
    ["SADD i 1 2 3 4 5", ":5\r\n"],
    ["SADD j 3 4 5 6", ":4\r\n"],
    ["SADD m a b c 1 2 3", ":6\r\n"],
    ["SADD n c d 3", ":3\r\n"],
    [["SADD", "big", ...range(0, 1000), "c"], ":1001\r\n"],
    [["SADD", "text", ...range(0, 1000, "t"), "c", "3"], ":1002\r\n"],
    ...readCases(),
    ...storeCases(),
    ["CONFIG SET set-max-intset-entries 512", OK],
    ["CONFIG SET set-max-listpack-entries 128", OK, { since7: "7.2" }],
  ], { resp: "both" });
}

function readCases(): RawCase[] {
  return [
    ["SINTER i", setOf("1", "2", "3", "4", "5")],
    ["SINTER i j", setOf("3", "4", "5")],
    ["SINTER j i", setOf("3", "4", "5")],
    ["SINTER i m", setOf("1", "2", "3")],
    ["SINTER m n", setOf("c", "3")],
    ["SINTER i j m n big text", setOf("3")],
    ["SINTER big text", setOf("3", "c")],
    ["SINTER text big n", setOf("3", "c")],
    ["SINTER i i", setOf("1", "2", "3", "4", "5")],
    ["SINTER i nosuch", setOf()],
    ["SINTER nosuch", setOf()],
    ["SINTERCARD 2 i j", ":3\r\n"],
    ["SINTERCARD 2 big text", ":2\r\n"],
    ["SINTERCARD 2 i j LIMIT 0", ":3\r\n"],
    ["SINTERCARD 2 i j LIMIT 2", ":2\r\n"],
    ["SINTERCARD 2 i j limit 10", ":3\r\n"],
    ["SINTERCARD 2 i j LIMIT 1 LIMIT 2", ":2\r\n"],
    ["SINTERCARD 2 i nosuch", ":0\r\n"],
    ["SINTERCARD 1 big LIMIT 9223372036854775807", ":1001\r\n"],
    ["SDIFF i", setOf("1", "2", "3", "4", "5")],
    ["SDIFF i j", setOf("1", "2")],
    ["SDIFF i nosuch j", setOf("1", "2")],
    ["SDIFF m n i", setOf("a", "b")],
    ["SDIFF i i", setOf()],
    ["SDIFF i j i", setOf()],
    ["SDIFF nosuch i", setOf()],
    ["SDIFF n big text", setOf("d")],
    [["SDIFF", "big", "i", "j", "m"], setOf("0", ...range(7, 1000))],
    ["SDIFF big big", setOf()],
    [["SDIFF", "text", "big"], setOf(...range(0, 1000, "t"))],
    ["SUNION i", setOf("1", "2", "3", "4", "5")],
    ["SUNION i j", setOf("1", "2", "3", "4", "5", "6")],
    ["SUNION m nosuch n", setOf("a", "b", "c", "1", "2", "3", "d")],
    ["SUNION nosuch other", setOf()],
    ["SUNION i i i", setOf("1", "2", "3", "4", "5")],
    [["SUNION", "m", "big", "n"], setOf(...range(0, 1000), "a", "b", "c", "d")],
    [
      ["SUNION", "i", "j", "m", "n", "nosuch", "big", "i", "j"],
      setOf(...range(0, 1000), "a", "b", "c", "d"),
    ],
    [["SUNION", "text", "big"], setOf(...range(0, 1000), ...range(0, 1000, "t"), "c")],
  ];
}

function storeCases(): RawCase[] {
  return [
    ["SINTERSTORE to i j", ":3\r\n"],
    ["SMEMBERS to", setOf("3", "4", "5")],
    ["SINTERSTORE to big text", ":2\r\n"],
    ["SMEMBERS to", setOf("c", "3")],
    ["EXPIRE to 100", ":1\r\n"],
    ["SDIFFSTORE to m i", ":3\r\n"],
    ["SMEMBERS to", setOf("a", "b", "c")],
    ["TTL to", ":-1\r\n"],
    ["SUNIONSTORE to n m", ":7\r\n"],
    ["SMEMBERS to", setOf("a", "b", "c", "1", "2", "3", "d")],
    ["SUNIONSTORE to to to j", ":10\r\n"],
    ["SCARD to", ":10\r\n"],
    ["SINTERSTORE to to j", ":4\r\n"],
    ["SMEMBERS to", setOf("3", "4", "5", "6")],
    ["SDIFFSTORE to to to", ":0\r\n"],
    ["EXISTS to", ":0\r\n"],
    ["SET to text", OK],
    ["SUNIONSTORE to big text", ":2001\r\n"],
    ["SINTERCARD 3 to big text", ":2\r\n"],
    ["SDIFFSTORE to big text", ":999\r\n"],
    ["SCARD to", ":999\r\n"],
    ["SINTERSTORE to i nosuch", ":0\r\n"],
    ["EXISTS to", ":0\r\n"],
    ["SINTERSTORE to nosuch i", ":0\r\n"],
    ["SUNIONSTORE to nosuch other", ":0\r\n"],
    ["SADD to x", ":1\r\n"],
    ["SUNIONSTORE to nosuch other", ":0\r\n"],
    ["EXISTS to", ":0\r\n"],
    ["SADD to x", ":1\r\n"],
    ["SDIFFSTORE to nosuch i", ":0\r\n"],
    ["EXISTS to", ":0\r\n"],
    ["SET str text", OK],
    ["SINTERSTORE str i j", ":3\r\n"],
    ["TYPE str", "+set\r\n"],
  ];
}

const encoding = (want: string): RawCase => ["OBJECT ENCODING to", bulk(want), { since7: "7.2" }];

rawCases(server, "encodings of what is stored", [
  ["SADD ints 1 2 3 4 5", ":5\r\n"],
  ["SADD mixed 1 2 a", ":3\r\n"],
  ["SADD mixed2 1 2 b", ":3\r\n"],
  [["SADD", "large", ...range(0, 600)], ":600\r\n"],
  [["SADD", "text", ...range(0, 200, "t"), "1", "2"], ":202\r\n"],
  ["SUNIONSTORE to ints", ":5\r\n"],
  encoding("intset"),
  ["SUNIONSTORE to ints mixed", ":6\r\n"],
  encoding("listpack"),
  ["SUNIONSTORE to ints text", ":205\r\n"],
  encoding("hashtable"),
  ["SUNIONSTORE to large", ":600\r\n"],
  encoding("hashtable"),
  ["SINTERSTORE to ints large", ":5\r\n"],
  encoding("intset"),
  ["SINTERSTORE to mixed mixed2", ":2\r\n"],
  encoding("intset"),
  ["SINTERSTORE to mixed text", ":2\r\n"],
  encoding("intset"),
  ["SINTERSTORE to mixed", ":3\r\n"],
  encoding("listpack"),
  ["SINTERSTORE to text large", ":2\r\n"],
  encoding("intset"),
  ["SINTERSTORE to text", ":202\r\n"],
  encoding("hashtable"),
  ["SDIFFSTORE to ints mixed", ":3\r\n"],
  encoding("intset"),
  ["SDIFFSTORE to mixed ints", ":1\r\n"],
  encoding("listpack"),
  [["SADD", "most", ...range(5, 600)], ":595\r\n"],
  ["SDIFFSTORE to large most", ":5\r\n"],
  encoding("intset"),
  // So many small sets that Redis removes their members from a copy, which stays as large as it was.
  ["SDIFFSTORE to large ints mixed ints mixed", ":595\r\n"],
  encoding("hashtable"),
  [["SADD", "copied", ...range(0, 100), "x"], ":101\r\n"],
  ["SDIFFSTORE to copied nosuch text text", ":99\r\n"],
  encoding("listpack"),
]);

rawCases(server, "the order of small results", [
  ["SADD a 2 x 1", ":3\r\n"],
  ["SADD b 3 x y", ":3\r\n"],
  ["SUNION a b", ordered("2", "x", "1", "3", "y"), { since7: "7.2" }],
  ["SDIFF a nosuch", ordered("2", "x", "1"), { since7: "7.2" }],
  ["SADD i 9 8 7", ":3\r\n"],
  ["SADD j 5 6 7", ":3\r\n"],
  ["SUNION i j", ordered("5", "6", "7", "8", "9")],
  ["SDIFF i j", ordered("8", "9")],
  ["SINTER i j", ordered("7")],
]);

function ordered(...members: string[]): string {
  return `*${members.length}\r\n${members.map(bulk).join("")}`;
}

rawCases(server, "arguments and types", [
  ["SADD s a", ":1\r\n"],
  ["SET k v", OK],
  ["SINTER s k", WRONG_TYPE],
  ["SINTER nosuch k", WRONG_TYPE],
  ["SINTER k nosuch", WRONG_TYPE],
  ["SDIFF s k", WRONG_TYPE],
  ["SDIFF nosuch k", WRONG_TYPE],
  ["SUNION s k", WRONG_TYPE],
  ["SINTERSTORE to s k", WRONG_TYPE],
  ["SINTERSTORE to nosuch k", WRONG_TYPE],
  ["SDIFFSTORE to s k", WRONG_TYPE],
  ["SUNIONSTORE to k s", WRONG_TYPE],
  ["EXISTS to", ":0\r\n"],
  ["SINTERCARD 2 s k", WRONG_TYPE],
  ["SINTERCARD 2 nosuch k", WRONG_TYPE],
  ["SINTERCARD 0 s", NUMKEYS_TOO_SMALL],
  ["SINTERCARD -1 s", NUMKEYS_TOO_SMALL],
  ["SINTERCARD x s", NUMKEYS_TOO_SMALL],
  ["SINTERCARD 9223372036854775808 s", NUMKEYS_TOO_SMALL],
  ["SINTERCARD 9223372036854775807 s", NUMKEYS_TOO_LARGE],
  ["SINTERCARD 2 s", NUMKEYS_TOO_LARGE],
  ["SINTERCARD 1 s t", SYNTAX],
  ["SINTERCARD 1 s LIMIT", SYNTAX],
  ["SINTERCARD 1 s LIMIT -1", LIMIT_NEGATIVE],
  ["SINTERCARD 1 s LIMIT x", LIMIT_NEGATIVE],
  ["SINTERCARD 1 s LIMIT 1 x", SYNTAX],
  ["SINTERCARD 1 k LIMIT x", LIMIT_NEGATIVE],
  ["SINTER", arity("sinter")],
  ["SDIFF", arity("sdiff")],
  ["SUNION", arity("sunion")],
  ["SINTERSTORE to", arity("sinterstore")],
  ["SDIFFSTORE to", arity("sdiffstore")],
  ["SUNIONSTORE to", arity("sunionstore")],
  ["SINTERCARD 1", arity("sintercard")],
], { resp: "both" });
