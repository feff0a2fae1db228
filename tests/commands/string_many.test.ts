/**
 * MGET, MSET and MSETNX, to the byte.
 */
import { array, bulk, NIL, OK, type RawCase, rawCases } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";

const server = target();

const arity = (command: string) => `-ERR wrong number of arguments for '${command}' command\r\n`;
const mgetMissing = {
  resp2: array(bulk("1"), "$-1\r\n", bulk("3"), bulk("1")),
  resp3: array(bulk("1"), "_\r\n", bulk("3"), bulk("1")),
};

rawCases(server, "MGET", [
  ["SET a 1", OK],
  ["SET c 3", OK],
  ["MGET a", array(bulk("1"))],
  ["MGET a b c a", mgetMissing],
  ["MGET", arity("mget")],
], { resp: "both" });

rawCases(server, "MSET", [
  ["MSET a 1", OK],
  ["MSET a 2 b 3", OK],
  ["MGET a b", array(bulk("2"), bulk("3"))],
  ["MSET a x a y a z", OK],
  ["GET a", bulk("z")],
  ["EXPIRE a 100", ":1\r\n"],
  ["MSET b 1 a 1", OK],
  ["TTL a", ":-1\r\n"],
  [["MSET", "", "", "\0", "\xff"], OK],
  [["MGET", "", "\0"], array(bulk(""), bulk("\xff"))],
  ["MSET a", arity("mset")],
  ["MSET a 1 b", arity("mset")],
  ["MSET", arity("mset")],
  ["MGET a b", array(bulk("1"), bulk("1"))],
]);

rawCases(server, "MSETNX", [
  ["MSETNX a 1 b 2", ":1\r\n"],
  ["MGET a b", array(bulk("1"), bulk("2"))],
  ["MSETNX c 3 a 4", ":0\r\n"],
  ["GET c", NIL],
  ["GET a", bulk("1")],
  ["MSETNX d 1 d 2 d 3", ":1\r\n"],
  ["GET d", bulk("3")],
  ["SET e v PXAT 1", OK],
  ["MSETNX e w f w", ":1\r\n"],
  ["TTL e", ":-1\r\n"],
  ["MSETNX a", arity("msetnx")],
  ["MSETNX a 1 b", arity("msetnx")],
  ["DBSIZE", ":5\r\n"],
], { resp: "both" });

/** Every length around those at which something changes: int, embstr, inline, size classes, pages. */
const LENGTHS = [
  0,
  1,
  19,
  20,
  21,
  43,
  44,
  45,
  895,
  896,
  897,
  1024,
  4096,
  16383,
  16384,
  16385,
  70_000,
];

function manyLengths(): RawCase[] {
  const first = LENGTHS.map((len) => "a".repeat(len));
  const second = LENGTHS.map((_, i) => "b".repeat(LENGTHS[LENGTHS.length - 1 - i]));
  const keys = LENGTHS.map((len) => `key:${len}`);
  const pairs = (values: string[]) => keys.flatMap((key, i) => [key, values[i]]);
  return [
    [["MSET", ...pairs(first)], OK],
    [["MGET", ...keys], array(...first.map(bulk))],
    [["MSET", ...pairs(second)], OK],
    [["MGET", ...keys], array(...second.map(bulk))],
    [["DEL", ...keys], `:${keys.length}\r\n`],
    [["MSETNX", ...pairs(first)], ":1\r\n"],
    [["MSETNX", ...pairs(second)], ":0\r\n"],
    [["MGET", ...keys], array(...first.map(bulk))],
  ];
}

rawCases(server, "MSET and MGET of all lengths", manyLengths());

function tenThousand(): RawCase[] {
  const pairs: string[] = [];
  const keys: string[] = [];
  for (let i = 0; i < 10_000; i++) {
    keys.push(`k${i}`);
    pairs.push(`k${i}`, `v${i}`);
  }
  return [
    [["MSET", ...pairs], OK],
    ["DBSIZE", ":10000\r\n"],
    [["MGET", ...keys], array(...keys.map((key) => bulk(key.replace("k", "v"))))],
    [["MSETNX", ...pairs], ":0\r\n"],
  ];
}

rawCases(server, "MSET of ten thousand keys", tenThousand());
