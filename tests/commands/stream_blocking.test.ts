/**
 * XREAD and XREADGROUP that wait, to the byte: for an entry, for the end of their time, and for keys and groups
 * that go away meanwhile.
 */
import { array, bulk, NIL_ARRAY, OK, type RawCase, rawCases } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";
import { both, entry } from "./stream_replies.ts";

const server = target();

const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
const noGroup = (key: string, group: string) =>
  `-NOGROUP No such key '${key}' or consumer group '${group}' in XREADGROUP with GROUP option\r\n`;

/** A request that blocks the client `on`, and another one that comes after it. */
function blocks(command: string, on: string, next: RawCase, blocked = 1): RawCase[] {
  return [[command, "", { on }], [next[0], next[1], { ...next[2], blocked }]];
}

/** What the blocked client gets. */
function gets(on: string, want: RawCase[1]): RawCase {
  return ["", want, { on, replies: 1 }];
}

/** Cases that older servers can't pass. */
function since(version: string, cases: RawCase[]): RawCase[] {
  return cases.map(([command, want, options]) => [command, want, { ...options, since7: version }]);
}

/** One entry with the field f, read from a key. */
function read(key: string, id: string, value: string): RawCase[1] {
  return both((r) => r.reads(bulk(key), array(entry(id, "f", value))));
}

rawCases(server, "when the time is over", [
  ["XREAD BLOCK 1 STREAMS s 0", NIL_ARRAY],
  ["XREAD BLOCK 1 COUNT 3 STREAMS s t $ 0", NIL_ARRAY],
  ["XGROUP CREATE s g $ MKSTREAM", OK],
  ["XREADGROUP GROUP g c BLOCK 1 STREAMS s >", NIL_ARRAY],
  ["XREADGROUP GROUP g d NOACK BLOCK 1 STREAMS s >", NIL_ARRAY],
  ["XPENDING s g - + 10", array()],
], { resp: "both" });

rawCases(server, "XREAD waits", [
  ...blocks("XREAD BLOCK 0 STREAMS s $", "a", ["XADD s 1-1 f a", bulk("1-1")]),
  gets("a", read("s", "1-1", "a")),
  ...blocks("XREAD BLOCK 0 STREAMS s $", "a", ["XADD s 1-2 f b", bulk("1-2")]),
  gets("a", read("s", "1-2", "b")),
  ...blocks("XREAD BLOCK 5000 COUNT 1 STREAMS t s $ 1-2", "a", ["XADD t 7-7 f c", bulk("7-7")]),
  gets("a", read("t", "7-7", "c")),
  ...blocks("XREAD BLOCK 0 STREAMS s 5", "a", ["XADD s 2-0 f d", bulk("2-0")]),
  ["XADD s 5-0 f e", bulk("5-0")],
  ["XADD s 5-1 f g", bulk("5-1")],
  gets("a", read("s", "5-1", "g")),
  // Those who wait don't take entries from each other.
  ["XREAD BLOCK 0 STREAMS s $", "", { on: "a" }],
  ...blocks("XREAD BLOCK 0 STREAMS s $", "b", ["XADD s 7-0 f i", bulk("7-0")], 2),
  gets("a", read("s", "7-0", "i")),
  gets("b", read("s", "7-0", "i")),
  // A key of another type wakes nobody.
  ...blocks("XREAD BLOCK 0 STREAMS u $", "a", ["SET u x", OK]),
  ["DEL u", ":1\r\n"],
  ["XADD u 3-3 f j", bulk("3-3")],
  gets("a", read("u", "3-3", "j")),
  ...blocks("XREAD BLOCK 0 STREAMS v 5", "a", ["RENAME u v", OK]),
  ["XADD v 6-6 f k", bulk("6-6")],
  gets("a", read("v", "6-6", "k")),
  ...blocks("XREAD BLOCK 0 STREAMS w 0", "a", ["COPY v w", ":1\r\n"]),
  gets("a", {
    resp2: array(
      array(bulk("w"), array(entry("3-3", "f", "j"), entry("6-6", "f", "k"))),
    ),
    resp3: `%1\r\n${bulk("w")}${array(entry("3-3", "f", "j"), entry("6-6", "f", "k"))}`,
  }),
], { resp: "both" });

rawCases(
  server,
  "XREAD waits for the last entry, or for a key twice",
  since("7.4", [
    ...blocks("XREAD BLOCK 0 STREAMS s +", "a", ["XADD s 1-1 f a", bulk("1-1")]),
    gets("a", read("s", "1-1", "a")),
    ...blocks("XREAD BLOCK 0 STREAMS s s $ $", "a", ["XADD s 6-0 f h", bulk("6-0")]),
    gets("a", {
      resp2: array(
        array(bulk("s"), array(entry("6-0", "f", "h"))),
        array(bulk("s"), array(entry("6-0", "f", "h"))),
      ),
      resp3: `%2\r\n${bulk("s")}${array(entry("6-0", "f", "h"))}${bulk("s")}${
        array(entry("6-0", "f", "h"))
      }`,
    }),
  ]),
  { resp: "both" },
);

rawCases(server, "XREADGROUP waits", [
  ["XGROUP CREATE s g $ MKSTREAM", OK],
  ["XREADGROUP GROUP g one BLOCK 0 STREAMS s >", "", { on: "a" }],
  ["XREADGROUP GROUP g two BLOCK 0 STREAMS s >", "", { on: "b", blocked: 1 }],
  ["XADD s 1-1 f a", bulk("1-1"), { blocked: 2 }],
  gets("a", read("s", "1-1", "a")),
  ["XADD s 1-2 f b", bulk("1-2")],
  gets("b", read("s", "1-2", "b")),
  ["XPENDING s g - + 9 one", /^\*1\r\n\*4\r\n\$3\r\n1-1/],
  ["XPENDING s g - + 9 two", /^\*1\r\n\*4\r\n\$3\r\n1-2/],
  ...blocks(
    "XREADGROUP GROUP g one NOACK BLOCK 0 STREAMS s >",
    "a",
    ["XADD s 1-3 f c", bulk("1-3")],
  ),
  gets("a", read("s", "1-3", "c")),
  ["XPENDING s g - + 9 one", /^\*1\r\n/],
  // History is there at once, however little of it.
  ["XREADGROUP GROUP g three BLOCK 0 STREAMS s 0", both((r) => r.reads(bulk("s"), array()))],
  ...blocks("XREADGROUP GROUP g one BLOCK 0 STREAMS s >", "a", ["XGROUP SETID s g 1-2", OK]),
  ["XADD s 2-0 f d", bulk("2-0")],
  gets(
    "a",
    both((r) => r.reads(bulk("s"), array(entry("1-3", "f", "c"), entry("2-0", "f", "d")))),
  ),
], { resp: "both" });

rawCases(
  server,
  "what XREADGROUP waits for goes away",
  since("7.2", [
    ["XGROUP CREATE s g $ MKSTREAM", OK],
    ...blocks("XREADGROUP GROUP g c BLOCK 0 STREAMS s >", "a", ["XGROUP DESTROY s g", ":1\r\n"]),
    gets("a", noGroup("s", "g")),
    ["XGROUP CREATE s g $", OK],
    ...blocks("XREADGROUP GROUP g c BLOCK 0 STREAMS s >", "a", ["DEL s", ":1\r\n"]),
    gets("a", noGroup("s", "g")),
    ["XGROUP CREATE s g $ MKSTREAM", OK],
    ...blocks("XREADGROUP GROUP g c BLOCK 0 STREAMS s >", "a", ["SET s x", OK]),
    gets("a", WRONG_TYPE),
    ["DEL s", ":1\r\n"],
    ["XGROUP CREATE s g $ MKSTREAM", OK],
    ...blocks("XREADGROUP GROUP g c BLOCK 0 STREAMS s >", "a", ["RENAME s t", OK]),
    gets("a", noGroup("s", "g")),
    ["XGROUP CREATE s g $ MKSTREAM", OK],
    ["XADD u 1-1 f v", bulk("1-1")],
    ...blocks("XREADGROUP GROUP g c BLOCK 0 STREAMS s >", "a", ["RENAME u s", OK]),
    gets("a", noGroup("s", "g")),
    ["XGROUP CREATE s g $", OK],
    ...blocks("XREADGROUP GROUP g c BLOCK 0 STREAMS s >", "a", ["FLUSHALL", OK]),
    gets("a", noGroup("s", "g")),
  ]),
  { resp: "both" },
);

rawCases(server, "keys of requests", [
  ["COMMAND GETKEYS XREAD STREAMS a b 0 0", array(bulk("a"), bulk("b"))],
  ["COMMAND GETKEYS XREAD COUNT 1 BLOCK 5 STREAMS a 0", array(bulk("a"))],
  [
    "COMMAND GETKEYS XREADGROUP GROUP g c COUNT 1 NOACK STREAMS a b > >",
    array(bulk("a"), bulk("b")),
  ],
  ["COMMAND GETKEYS XADD a * f v", array(bulk("a"))],
  ["COMMAND GETKEYS XGROUP CREATE a g $", array(bulk("a"))],
  ["COMMAND GETKEYS XINFO STREAM a", array(bulk("a"))],
], { resp: "both" });
