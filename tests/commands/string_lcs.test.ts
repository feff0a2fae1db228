/**
 * LCS, to the byte.
 */
import { array, bulk, OK, type RawCase, rawCases, type Want } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";

const server = target();

const SYNTAX = "-ERR syntax error\r\n";
const NOT_AN_INTEGER = "-ERR value is not an integer or out of range\r\n";
const TOO_LARGE =
  "-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len\r\n";

/** The reply to IDX: the matches as a0, a1, b0, b1 and with a fifth number their length. */
function idx(matches: number[][], len: number): Want {
  const pair = (from: number, to: number) => array(`:${from}\r\n`, `:${to}\r\n`);
  const shown = matches.map(([a0, a1, b0, b1, ...rest]) =>
    array(pair(a0, a1), pair(b0, b1), ...rest.map((n) => `:${n}\r\n`))
  );
  const body = `${bulk("matches")}${array(...shown)}${bulk("len")}:${len}\r\n`;
  return { resp2: `*4\r\n${body}`, resp3: `%2\r\n${body}` };
}

rawCases(server, "LCS", [
  ["MSET a ohmytext b mynewtext", OK],
  ["LCS a b", bulk("mytext")],
  ["LCS a b LEN", ":6\r\n"],
  ["LCS a b len LEN", ":6\r\n"],
  ["LCS a b IDX", idx([[4, 7, 5, 8], [2, 3, 0, 1]], 6)],
  ["LCS a b IDX WITHMATCHLEN", idx([[4, 7, 5, 8, 4], [2, 3, 0, 1, 2]], 6)],
  ["LCS a b IDX MINMATCHLEN 4", idx([[4, 7, 5, 8]], 6)],
  ["LCS a b idx minmatchlen 3 withmatchlen", idx([[4, 7, 5, 8, 4]], 6)],
  ["LCS a b IDX MINMATCHLEN 5", idx([], 6)],
  ["LCS a b IDX MINMATCHLEN -5", idx([[4, 7, 5, 8], [2, 3, 0, 1]], 6)],
  ["LCS a b IDX MINMATCHLEN 9223372036854775807", idx([], 6)],
  ["LCS a b MINMATCHLEN 100", bulk("mytext")],
  ["LCS a b WITHMATCHLEN", bulk("mytext")],
  ["LCS a b LEN MINMATCHLEN 100 WITHMATCHLEN", ":6\r\n"],
  ["LCS a a IDX", idx([[0, 7, 0, 7]], 8)],
  ["LCS a nosuch", bulk("")],
  ["LCS a nosuch LEN", ":0\r\n"],
  ["LCS nosuch other IDX", idx([], 0)],
  ["MSET i 12345 j 1545", OK],
  ["LCS i j", bulk("145")],
  ["LCS i j IDX", idx([[3, 4, 2, 3], [0, 0, 0, 0]], 3)],
  [["MSET", "p", "\0\xff\r\n", "q", "\xff\n"], OK],
  ["LCS p q", bulk("\xff\n")],
], { resp: "both" });

rawCases(server, "LCS refuses", [
  ["MSET a foo b bar", OK],
  ["LCS a b LEN IDX", "-ERR If you want both the length and indexes, please just use IDX.\r\n"],
  ["LCS a b nonsense", SYNTAX],
  ["LCS a b MINMATCHLEN", SYNTAX],
  ["LCS a b IDX MINMATCHLEN x", NOT_AN_INTEGER],
  ["LCS a b MINMATCHLEN x nonsense", NOT_AN_INTEGER],
  ["LCS a b nonsense MINMATCHLEN x", SYNTAX],
  ["LCS a", "-ERR wrong number of arguments for 'lcs' command\r\n"],
  [["MSET", "a", "x".repeat(1023), "b", "y".repeat(255)], OK],
  ["CONFIG SET proto-max-bulk-len 1mb", OK],
  ["LCS a b LEN", ":0\r\n"],
  ["APPEND b y", ":256\r\n"],
  ["LCS a b LEN", TOO_LARGE],
  ["LCS a b LEN IDX", "-ERR If you want both the length and indexes, please just use IDX.\r\n"],
  ["CONFIG SET proto-max-bulk-len 536870912", OK],
]);

/** Pairs whose longest common subsequence is not unique: the walk decides which one is found. */
const AMBIGUOUS: [string, string, string][] = [
  ["ab", "ba", "b"],
  ["abcbdab", "bdcaba", "bdab"],
  ["xaxbxcx", "cbaxabc", "axbc"],
  ["aaaa", "aa", "aa"],
];

rawCases(
  server,
  "LCS that is not unique",
  AMBIGUOUS.flatMap(([a, b, lcs]): RawCase[] => [
    ["MSET a " + a + " b " + b, OK],
    ["LCS a b", bulk(lcs)],
    ["LCS a b LEN", `:${lcs.length}\r\n`],
  ]),
);
