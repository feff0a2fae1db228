/**
 * XREAD and XREADGROUP, to the byte; waiting is in stream_blocking.test.ts.
 */
import { array, bulk, NIL_ARRAY, OK, rawCases } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";
import { both, entry } from "./stream_replies.ts";

const server = target();

rawCases(server, "XREAD", [
  ["XADD s 1-0 f v1-0", bulk("1-0")],
  ["XADD s 2-0 f v2-0", bulk("2-0")],
  ["XADD s 3-0 f v3-0", bulk("3-0")],
  ["XADD t 1-5 f v1-5", bulk("1-5")],
  [
    "XREAD STREAMS s 0",
    both((r) =>
      r.reads(
        bulk("s"),
        array(entry("1-0", "f", "v1-0"), entry("2-0", "f", "v2-0"), entry("3-0", "f", "v3-0")),
      )
    ),
  ],
  [
    "XREAD STREAMS s 1",
    both((r) => r.reads(bulk("s"), array(entry("2-0", "f", "v2-0"), entry("3-0", "f", "v3-0")))),
  ],
  [
    "XREAD STREAMS s 1-0",
    both((r) => r.reads(bulk("s"), array(entry("2-0", "f", "v2-0"), entry("3-0", "f", "v3-0")))),
  ],
  [
    "XREAD STREAMS s 2-18446744073709551615",
    both((r) => r.reads(bulk("s"), array(entry("3-0", "f", "v3-0")))),
  ],
  ["XREAD STREAMS s 3-0", NIL_ARRAY],
  ["XREAD STREAMS s 3", NIL_ARRAY],
  ["XREAD STREAMS s $", NIL_ARRAY],
  ["XREAD STREAMS s 18446744073709551615-18446744073709551615", NIL_ARRAY],
  ["XREAD STREAMS nosuch 0", NIL_ARRAY],
  ["XREAD STREAMS nosuch $", NIL_ARRAY],
  ["XREAD COUNT 1 STREAMS s 0", both((r) => r.reads(bulk("s"), array(entry("1-0", "f", "v1-0"))))],
  [
    "XREAD COUNT 0 STREAMS s 0",
    both((r) =>
      r.reads(
        bulk("s"),
        array(entry("1-0", "f", "v1-0"), entry("2-0", "f", "v2-0"), entry("3-0", "f", "v3-0")),
      )
    ),
  ],
  [
    "XREAD COUNT -2 STREAMS s 0",
    both((r) =>
      r.reads(
        bulk("s"),
        array(entry("1-0", "f", "v1-0"), entry("2-0", "f", "v2-0"), entry("3-0", "f", "v3-0")),
      )
    ),
  ],
  [
    "XREAD COUNT 2 STREAMS s t 0 0",
    both((r) =>
      r.reads(
        bulk("s"),
        array(entry("1-0", "f", "v1-0"), entry("2-0", "f", "v2-0")),
        bulk("t"),
        array(entry("1-5", "f", "v1-5")),
      )
    ),
  ],
  [
    "XREAD STREAMS s nosuch t 2 0 1",
    both((r) =>
      r.reads(
        bulk("s"),
        array(entry("3-0", "f", "v3-0")),
        bulk("t"),
        array(entry("1-5", "f", "v1-5")),
      )
    ),
  ],
  [
    "XREAD STREAMS s s 2 1",
    both((r) =>
      r.reads(
        bulk("s"),
        array(entry("3-0", "f", "v3-0")),
        bulk("s"),
        array(entry("2-0", "f", "v2-0"), entry("3-0", "f", "v3-0")),
      )
    ),
  ],
  ["XREAD streams s t $ 0", both((r) => r.reads(bulk("t"), array(entry("1-5", "f", "v1-5"))))],
  ["XREAD COUNT x STREAMS s 0", "-ERR value is not an integer or out of range\r\n"],
  ["XREAD COUNT STREAMS s 0", "-ERR value is not an integer or out of range\r\n"],
  ["XREAD STREAMS s", "-ERR wrong number of arguments for 'xread' command\r\n"],
  [
    "XREAD STREAMS s t 0",
    "-ERR Unbalanced 'xread' list of streams: for each stream key an ID or '$' must be specified.\r\n",
    { since7: "7.4" },
  ],
  ["XREAD STREAMS", "-ERR wrong number of arguments for 'xread' command\r\n"],
  ["XREAD s 0", "-ERR wrong number of arguments for 'xread' command\r\n"],
  ["XREAD s 0 x", "-ERR syntax error\r\n"],
  ["XREAD COUNT 1", "-ERR wrong number of arguments for 'xread' command\r\n"],
  ["XREAD COUNT 1 s 0", "-ERR syntax error\r\n"],
  [
    "XREAD GROUP g c STREAMS s >",
    "-ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.\r\n",
  ],
  [
    "XREAD NOACK STREAMS s 0",
    "-ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.\r\n",
  ],
  [
    "XREAD STREAMS s >",
    "-ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.\r\n",
  ],
  ["XREAD STREAMS s x", "-ERR Invalid stream ID specified as stream command argument\r\n"],
  ["XREAD STREAMS s -", "-ERR Invalid stream ID specified as stream command argument\r\n"],
  ["XREAD STREAMS s (1", "-ERR Invalid stream ID specified as stream command argument\r\n"],
  ["XREAD STREAMS s 1-*", "-ERR Invalid stream ID specified as stream command argument\r\n"],
  ["XREAD COUNT 1 BLOCK -1 STREAMS s $", "-ERR timeout is negative\r\n"],
  ["XREAD BLOCK x STREAMS s $", "-ERR timeout is not an integer or out of range\r\n"],
  ["XREAD BLOCK 1.5 STREAMS s $", "-ERR timeout is not an integer or out of range\r\n"],
  ["XREAD BLOCK", "-ERR wrong number of arguments for 'xread' command\r\n"],
  ["SET str x", OK],
  ["XREAD STREAMS str 0", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"],
  [
    "XREAD STREAMS s str 0 0",
    "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
  ],
  ["XREAD STREAMS s str x 0", "-ERR Invalid stream ID specified as stream command argument\r\n"],
  [
    "XREAD STREAMS str s x 0",
    "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
  ],
  ["XDEL s 3-0", ":1\r\n"],
  ["XREAD STREAMS s 2", NIL_ARRAY],
  ["XREAD STREAMS s 1", both((r) => r.reads(bulk("s"), array(entry("2-0", "f", "v2-0"))))],
  ["XDEL s 1-0 2-0", ":2\r\n"],
  ["XREAD STREAMS s 0", NIL_ARRAY],
  ["XREAD BLOCK 1 STREAMS s 0", NIL_ARRAY],
  ["XREAD COUNT 1 BLOCK 1 STREAMS s nosuch $ $", NIL_ARRAY],
  [
    "XREAD BLOCK 1000 STREAMS t 0",
    both((r) => r.reads(bulk("t"), array(entry("1-5", "f", "v1-5")))),
  ],
], { resp: "both" });

rawCases(server, "XREAD +", [
  ["XREAD STREAMS s +", NIL_ARRAY, { since7: "7.4" }],
  ["XREAD BLOCK 1 STREAMS s +", NIL_ARRAY, { since7: "7.4" }],
  ["XADD s 1-0 f v1-0", bulk("1-0")],
  ["XADD s 1-1 f v1-1", bulk("1-1")],
  ["XADD s 2-0 f v2-0", bulk("2-0")],
  ["XADD t 7-7 f v7-7", bulk("7-7")],
  ["XREAD STREAMS s +", both((r) => r.reads(bulk("s"), array(entry("2-0", "f", "v2-0")))), {
    since7: "7.4",
  }],
  [
    "XREAD COUNT 5 STREAMS s t + +",
    both((r) =>
      r.reads(
        bulk("s"),
        array(entry("2-0", "f", "v2-0")),
        bulk("t"),
        array(entry("7-7", "f", "v7-7")),
      )
    ),
    { since7: "7.4" },
  ],
  [
    "XREAD STREAMS s t 0 +",
    both((r) =>
      r.reads(
        bulk("s"),
        array(entry("1-0", "f", "v1-0"), entry("1-1", "f", "v1-1"), entry("2-0", "f", "v2-0")),
        bulk("t"),
        array(entry("7-7", "f", "v7-7")),
      )
    ),
    { since7: "7.4" },
  ],
  [
    "XREAD BLOCK 1000 STREAMS s +",
    both((r) => r.reads(bulk("s"), array(entry("2-0", "f", "v2-0")))),
    { since7: "7.4" },
  ],
  ["XDEL s 2-0", ":1\r\n"],
  ["XREAD STREAMS s +", NIL_ARRAY, { since7: "7.4" }],
  ["XDEL s 1-0 1-1", ":2\r\n"],
  ["XREAD STREAMS s +", NIL_ARRAY, { since7: "7.4" }],
  ["XGROUP CREATE e g $ MKSTREAM", OK],
  ["XREAD STREAMS e +", "-ERR the stream last element ID is 0-0\r\n", { since7: "7.4" }],
  ["XGROUP CREATE s g 0", OK],
  [
    "XREADGROUP GROUP g c STREAMS s +",
    "-ERR The + ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The + ID would just return an empty result set.\r\n",
    { since7: "7.4" },
  ],
], { resp: "both" });

rawCases(server, "XREADGROUP", [
  ["XADD s 1-0 f v1-0", bulk("1-0")],
  ["XADD s 2-0 f v2-0", bulk("2-0")],
  ["XADD s 3-0 f v3-0", bulk("3-0")],
  ["XADD s 4-0 f v4-0", bulk("4-0")],
  ["XGROUP CREATE s g 0", OK],
  ["XGROUP CREATE s h $", OK],
  ["XGROUP CREATE s i 2", OK],
  [
    "XREADGROUP GROUP g a COUNT 1 STREAMS s >",
    both((r) => r.reads(bulk("s"), array(entry("1-0", "f", "v1-0")))),
  ],
  [
    "XREADGROUP GROUP g b COUNT 2 STREAMS s >",
    both((r) => r.reads(bulk("s"), array(entry("2-0", "f", "v2-0"), entry("3-0", "f", "v3-0")))),
  ],
  [
    "XREADGROUP GROUP g a STREAMS s 0",
    both((r) => r.reads(bulk("s"), array(entry("1-0", "f", "v1-0")))),
  ],
  [
    "XREADGROUP GROUP g b STREAMS s 0",
    both((r) => r.reads(bulk("s"), array(entry("2-0", "f", "v2-0"), entry("3-0", "f", "v3-0")))),
  ],
  [
    "XREADGROUP GROUP g b STREAMS s 2",
    both((r) => r.reads(bulk("s"), array(entry("3-0", "f", "v3-0")))),
  ],
  [
    "XREADGROUP GROUP g b COUNT 1 STREAMS s 0",
    both((r) => r.reads(bulk("s"), array(entry("2-0", "f", "v2-0")))),
  ],
  ["XREADGROUP GROUP g b STREAMS s 5", both((r) => r.reads(bulk("s"), array()))],
  ["XREADGROUP GROUP g nobody STREAMS s 0", both((r) => r.reads(bulk("s"), array()))],
  [
    "XREADGROUP GROUP g a STREAMS s >",
    both((r) => r.reads(bulk("s"), array(entry("4-0", "f", "v4-0")))),
  ],
  ["XREADGROUP GROUP g a STREAMS s >", NIL_ARRAY],
  ["XREADGROUP GROUP h a STREAMS s >", NIL_ARRAY],
  [
    "XREADGROUP GROUP i a STREAMS s >",
    both((r) => r.reads(bulk("s"), array(entry("3-0", "f", "v3-0"), entry("4-0", "f", "v4-0")))),
  ],
  ["XREADGROUP GROUP i a NOACK STREAMS s >", NIL_ARRAY],
  ["XPENDING s g - + 10", /^\*4.*$/s],
  ["XDEL s 2-0", ":1\r\n"],
  [
    "XREADGROUP GROUP g b STREAMS s 0",
    both((r) =>
      r.reads(bulk("s"), array(array(bulk("2-0"), r.nilArray), entry("3-0", "f", "v3-0")))
    ),
  ],
  ["XACK s g 2-0 3-0", ":2\r\n"],
  ["XREADGROUP GROUP g b STREAMS s 0", both((r) => r.reads(bulk("s"), array()))],
  ["XREADGROUP GROUP g b BLOCK 1 STREAMS s 0", both((r) => r.reads(bulk("s"), array()))],
  ["XADD s 5-0 f v5-0", bulk("5-0")],
  ["XADD t 1-1 f v1-1", bulk("1-1")],
  ["XGROUP CREATE t g 0", OK],
  [
    "XREADGROUP GROUP g a NOACK COUNT 5 STREAMS s t > >",
    both((r) =>
      r.reads(
        bulk("s"),
        array(entry("5-0", "f", "v5-0")),
        bulk("t"),
        array(entry("1-1", "f", "v1-1")),
      )
    ),
  ],
  ["XREADGROUP GROUP g a STREAMS t 0", both((r) => r.reads(bulk("t"), array()))],
  ["XREADGROUP GROUP g a STREAMS s t > 0", both((r) => r.reads(bulk("t"), array()))],
  ["XREADGROUP GROUP g a STREAMS s t > >", NIL_ARRAY],
  ["XREADGROUP GROUP g a BLOCK 1 STREAMS s t > >", NIL_ARRAY],
  [
    "XINFO GROUPS s",
    both((r) =>
      array(
        r.group("g", 3, 2, "5-0", 5, 0),
        r.group("h", 1, 0, "4-0", null, null),
        r.group("i", 1, 2, "4-0", 4, 1),
      )
    ),
    { since7: "7.4" },
  ],
  ["XINFO GROUPS t", both((r) => array(r.group("g", 1, 0, "1-1", 1, 0)))],
  ["XGROUP SETID s g 0", OK],
  [
    "XREADGROUP GROUP g b COUNT 2 STREAMS s >",
    both((r) => r.reads(bulk("s"), array(entry("1-0", "f", "v1-0"), entry("3-0", "f", "v3-0")))),
  ],
  ["XPENDING s g - + 10", /^\*\d.*$/s],
  [
    "XREADGROUP GROUP g a STREAMS s 0",
    both((r) => r.reads(bulk("s"), array(entry("4-0", "f", "v4-0")))),
  ],
  [
    "XINFO GROUPS s",
    both((r) =>
      array(
        r.group("g", 3, 3, "3-0", null, null),
        r.group("h", 1, 0, "4-0", null, null),
        r.group("i", 1, 2, "4-0", 4, 1),
      )
    ),
    { since7: "7.4" },
  ],
], { resp: "both" });

rawCases(server, "XREADGROUP: errors", [
  [
    "XREADGROUP GROUP g c STREAMS s >",
    "-NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option\r\n",
  ],
  ["XADD s 1-0 f v1-0", bulk("1-0")],
  [
    "XREADGROUP GROUP g c STREAMS s >",
    "-NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option\r\n",
  ],
  ["XGROUP CREATE s g 0", OK],
  [
    "XREADGROUP GROUP g c STREAMS s t > >",
    "-NOGROUP No such key 't' or consumer group 'g' in XREADGROUP with GROUP option\r\n",
  ],
  [
    "XREADGROUP GROUP x c STREAMS s 0",
    "-NOGROUP No such key 's' or consumer group 'x' in XREADGROUP with GROUP option\r\n",
  ],
  [
    "XREADGROUP GROUP g c STREAMS s $",
    "-ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.\r\n",
  ],
  [
    "XREADGROUP GROUP g c STREAMS s x",
    "-ERR Invalid stream ID specified as stream command argument\r\n",
  ],
  [
    "XREADGROUP GROUP g c STREAMS s -",
    "-ERR Invalid stream ID specified as stream command argument\r\n",
  ],
  ["XREADGROUP COUNT 1 BLOCK 1 STREAMS s >", "-ERR Missing GROUP option for XREADGROUP\r\n"],
  ["XREADGROUP GROUP g STREAMS s >", "-ERR wrong number of arguments for 'xreadgroup' command\r\n"],
  ["XREADGROUP GROUP g c STREAMS s", "-ERR wrong number of arguments for 'xreadgroup' command\r\n"],
  [
    "XREADGROUP GROUP g c STREAMS s t >",
    "-ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be specified.\r\n",
    { since7: "7.4" },
  ],
  ["XREADGROUP GROUP g c COUNT x STREAMS s >", "-ERR value is not an integer or out of range\r\n"],
  ["XREADGROUP GROUP g c BLOCK -1 STREAMS s >", "-ERR timeout is negative\r\n"],
  ["XREADGROUP GROUP g c NOACK FOO STREAMS s >", "-ERR syntax error\r\n"],
  ["XREADGROUP GROUP g c s > x y", "-ERR syntax error\r\n"],
  ["XREADGROUP GROUP g c STREAMS", "-ERR wrong number of arguments for 'xreadgroup' command\r\n"],
  ["SET str x", OK],
  [
    "XREADGROUP GROUP g c STREAMS str >",
    "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
  ],
  [
    "XREADGROUP GROUP g c STREAMS s str > >",
    "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
  ],
  [
    'XREADGROUP GROUP "g\\r\\nh" c STREAMS s >',
    "-NOGROUP No such key 's' or consumer group 'g  h' in XREADGROUP with GROUP option\r\n",
  ],
  [
    'XREADGROUP GROUP "g\\x00h" c STREAMS s >',
    "-NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option\r\n",
  ],
  ["XINFO CONSUMERS s g", array()],
  [
    "XREADGROUP group g c streams s >",
    both((r) => r.reads(bulk("s"), array(entry("1-0", "f", "v1-0")))),
  ],
], { resp: "both" });
