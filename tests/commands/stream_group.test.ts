/**
 * Consumer groups, to the byte: XGROUP and XINFO.
 */
import { array, bulk, OK, rawCases } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";
import { both, entry } from "./stream_replies.ts";

const server = target();

rawCases(server, "XGROUP", [
  [
    "XGROUP CREATE s g $",
    "-ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.\r\n",
  ],
  ["XGROUP CREATE s g 0 MKSTREAM", OK],
  ["XLEN s", ":0\r\n"],
  ["XGROUP CREATE s g 0", "-BUSYGROUP Consumer Group name already exists\r\n"],
  ["XGROUP CREATE s h 5-5", OK],
  [
    "XINFO GROUPS s",
    both((r) => array(r.group("g", 0, 0, "0-0", null, 0), r.group("h", 0, 0, "5-5", null, 0))),
  ],
  ["XADD s 1-0 f v1-0", bulk("1-0")],
  ["XADD s 2-0 f v2-0", bulk("2-0")],
  ["XADD s 3-0 f v3-0", bulk("3-0")],
  ["XGROUP CREATE s i $", OK],
  ["XGROUP CREATE s j 2 ENTRIESREAD 2", OK],
  ["XGROUP CREATE s k 0 MKSTREAM ENTRIESREAD 7", OK],
  [
    "XINFO GROUPS s",
    both((r) =>
      array(
        r.group("g", 0, 0, "0-0", null, 3),
        r.group("h", 0, 0, "5-5", null, null),
        r.group("i", 0, 0, "3-0", null, 0),
        r.group("j", 0, 0, "2-0", 2, 1),
        r.group("k", 0, 0, "0-0", 7, -4),
      )
    ),
  ],
  ["XGROUP CREATE s aa - ", "-ERR Invalid stream ID specified as stream command argument\r\n"],
  ["XGROUP CREATE s aa +", "-ERR Invalid stream ID specified as stream command argument\r\n"],
  ["XGROUP CREATE s aa x", "-ERR Invalid stream ID specified as stream command argument\r\n"],
  ["XGROUP CREATE s aa (1", "-ERR Invalid stream ID specified as stream command argument\r\n"],
  [
    "XGROUP CREATE new aa x MKSTREAM",
    "-ERR Invalid stream ID specified as stream command argument\r\n",
  ],
  ["EXISTS new", ":0\r\n"],
  [
    "XGROUP CREATE s aa 0 ENTRIESREAD",
    "-ERR unknown subcommand or wrong number of arguments for 'CREATE'. Try XGROUP HELP.\r\n",
  ],
  ["XGROUP CREATE s aa 0 ENTRIESREAD x", "-ERR value is not an integer or out of range\r\n"],
  ["XGROUP CREATE s aa 0 ENTRIESREAD -2", "-ERR value for ENTRIESREAD must be positive or -1\r\n"],
  ["XGROUP CREATE s aa 0 ENTRIESREAD -1", OK],
  [
    "XGROUP CREATE s ab 0 FOO",
    "-ERR unknown subcommand or wrong number of arguments for 'CREATE'. Try XGROUP HELP.\r\n",
  ],
  [
    "XGROUP CREATE nosuch ab 0 FOO",
    "-ERR unknown subcommand or wrong number of arguments for 'CREATE'. Try XGROUP HELP.\r\n",
  ],
  [
    "XGROUP CREATE s ab 0 MKSTREAM MKSTREAM MKSTREAM MKSTREAM",
    "-ERR unknown subcommand or wrong number of arguments for 'CREATE'. Try XGROUP HELP.\r\n",
  ],
  [
    "XGROUP CREATE nosuch ab 0 ENTRIESREAD 1 ENTRIESREAD 1",
    "-ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.\r\n",
  ],
  [
    "XGROUP CREATE s ab 0 ENTRIESREAD 9223372036854775808",
    "-ERR value is not an integer or out of range\r\n",
  ],
  ["XGROUP CREATE s ab 1 ENTRIESREAD 9223372036854775807", OK],
  [
    "XINFO GROUPS s",
    both((r) =>
      array(
        r.group("aa", 0, 0, "0-0", null, 3),
        r.group("ab", 0, 0, "1-0", "9223372036854775807", "-9223372036854775804"),
        r.group("g", 0, 0, "0-0", null, 3),
        r.group("h", 0, 0, "5-5", null, null),
        r.group("i", 0, 0, "3-0", null, 0),
        r.group("j", 0, 0, "2-0", 2, 1),
        r.group("k", 0, 0, "0-0", 7, -4),
      )
    ),
  ],
  ["XGROUP SETID s g 2", OK],
  ["XGROUP SETID s g 2 ENTRIESREAD 2", OK],
  [
    "XINFO GROUPS s",
    both((r) =>
      array(
        r.group("aa", 0, 0, "0-0", null, 3),
        r.group("ab", 0, 0, "1-0", "9223372036854775807", "-9223372036854775804"),
        r.group("g", 0, 0, "2-0", 2, 1),
        r.group("h", 0, 0, "5-5", null, null),
        r.group("i", 0, 0, "3-0", null, 0),
        r.group("j", 0, 0, "2-0", 2, 1),
        r.group("k", 0, 0, "0-0", 7, -4),
      )
    ),
  ],
  ["XGROUP SETID s g $", OK],
  ["XGROUP SETID s g +", OK],
  ["XGROUP SETID s g -", OK],
  ["XGROUP SETID s g x", "-ERR Invalid stream ID specified as stream command argument\r\n"],
  ["XGROUP SETID s nosuch 0", "-NOGROUP No such consumer group 'nosuch' for key name 's'\r\n"],
  [
    "XGROUP SETID nosuch g 0",
    "-ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.\r\n",
  ],
  [
    "XGROUP SETID s g 0 MKSTREAM",
    "-ERR unknown subcommand or wrong number of arguments for 'SETID'. Try XGROUP HELP.\r\n",
  ],
  [
    "XGROUP SETID s g 0 ENTRIESREAD 1 ENTRIESREAD 2",
    "-ERR unknown subcommand or wrong number of arguments for 'SETID'. Try XGROUP HELP.\r\n",
  ],
  ["XGROUP SETID s g 0 ENTRIESREAD x", "-ERR value is not an integer or out of range\r\n"],
  ["XGROUP DESTROY s nosuch", ":0\r\n"],
  [
    "XGROUP DESTROY nosuch g",
    "-ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.\r\n",
  ],
  ["XGROUP DESTROY s ab", ":1\r\n"],
  ["XGROUP DESTROY s ab", ":0\r\n"],
  ["XGROUP DESTROY s aa", ":1\r\n"],
  ["XGROUP DESTROY s k", ":1\r\n"],
  ["XGROUP CREATECONSUMER s g c", ":1\r\n"],
  ["XGROUP CREATECONSUMER s g c", ":0\r\n"],
  ["XGROUP CREATECONSUMER s g b", ":1\r\n"],
  ['XGROUP CREATECONSUMER s g ""', ":1\r\n"],
  [
    "XGROUP CREATECONSUMER s nosuch c",
    "-NOGROUP No such consumer group 'nosuch' for key name 's'\r\n",
  ],
  [
    "XGROUP CREATECONSUMER nosuch g c",
    "-ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.\r\n",
  ],
  ["XGROUP DELCONSUMER s g nobody", ":0\r\n"],
  [
    "XGROUP DELCONSUMER s nosuch c",
    "-NOGROUP No such consumer group 'nosuch' for key name 's'\r\n",
  ],
  [
    "XGROUP DELCONSUMER nosuch g c",
    "-ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.\r\n",
  ],
  ["XGROUP SETID s g 0", OK],
  [
    "XREADGROUP GROUP g c COUNT 2 STREAMS s >",
    both((r) => r.reads(bulk("s"), array(entry("1-0", "f", "v1-0"), entry("2-0", "f", "v2-0")))),
  ],
  ["XGROUP DELCONSUMER s g c", ":2\r\n"],
  ["XPENDING s g", both((r) => array(":0\r\n", r.nil, r.nil, r.nilArray))],
  ["XGROUP DELCONSUMER s g c", ":0\r\n"],
  [
    "XINFO GROUPS s",
    both((r) =>
      array(
        r.group("g", 2, 0, "2-0", 2, 1),
        r.group("h", 0, 0, "5-5", null, null),
        r.group("i", 0, 0, "3-0", null, 0),
        r.group("j", 0, 0, "2-0", 2, 1),
      )
    ),
  ],
  ["SET str x", OK],
  [
    "XGROUP CREATE str g 0",
    "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
  ],
  [
    "XGROUP CREATE str g 0 MKSTREAM",
    "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
  ],
  [
    "XGROUP CREATE str g x FOO",
    "-ERR unknown subcommand or wrong number of arguments for 'CREATE'. Try XGROUP HELP.\r\n",
  ],
  [
    "XGROUP SETID str g 0",
    "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
  ],
  [
    "XGROUP DESTROY str g",
    "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
  ],
  [
    "XGROUP CREATECONSUMER str g c",
    "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
  ],
  [
    "XGROUP DELCONSUMER str g c",
    "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
  ],
  ["XGROUP", "-ERR wrong number of arguments for 'xgroup' command\r\n"],
  ["XGROUP CREATE s g", "-ERR wrong number of arguments for 'xgroup|create' command\r\n"],
  ["XGROUP SETID s g", "-ERR wrong number of arguments for 'xgroup|setid' command\r\n"],
  ["XGROUP DESTROY s", "-ERR wrong number of arguments for 'xgroup|destroy' command\r\n"],
  ["XGROUP DESTROY s g x", "-ERR wrong number of arguments for 'xgroup|destroy' command\r\n"],
  [
    "XGROUP CREATECONSUMER s g",
    "-ERR wrong number of arguments for 'xgroup|createconsumer' command\r\n",
  ],
  [
    "XGROUP DELCONSUMER s g c d",
    "-ERR wrong number of arguments for 'xgroup|delconsumer' command\r\n",
  ],
  ["XGROUP FOO", "-ERR unknown subcommand 'FOO'. Try XGROUP HELP.\r\n"],
  ["XGROUP HELP x", "-ERR wrong number of arguments for 'xgroup|help' command\r\n"],
  ["xgroup setid s g", "-ERR wrong number of arguments for 'xgroup|setid' command\r\n"],
], { resp: "both" });

rawCases(server, "XINFO", [
  ["XINFO STREAM s", "-ERR no such key\r\n"],
  ["XINFO GROUPS s", "-ERR no such key\r\n"],
  ["XINFO CONSUMERS s g", "-ERR no such key\r\n"],
  ["XGROUP CREATE s g $ MKSTREAM", OK],
  ["XINFO STREAM s", both((r) => r.stream([0, 0, 1, "0-0", "0-0", 0, "0-0", 1], r.nil, r.nil))],
  [
    "XINFO STREAM s FULL",
    both((r) =>
      r.map(
        bulk("length"),
        ":0\r\n",
        bulk("radix-tree-keys"),
        ":0\r\n",
        bulk("radix-tree-nodes"),
        ":1\r\n",
        bulk("last-generated-id"),
        bulk("0-0"),
        bulk("max-deleted-entry-id"),
        bulk("0-0"),
        bulk("entries-added"),
        ":0\r\n",
        bulk("recorded-first-entry-id"),
        bulk("0-0"),
        bulk("entries"),
        array(),
        bulk("groups"),
        array(
          r.map(
            bulk("name"),
            bulk("g"),
            bulk("last-delivered-id"),
            bulk("0-0"),
            bulk("entries-read"),
            r.nil,
            bulk("lag"),
            ":0\r\n",
            bulk("pel-count"),
            ":0\r\n",
            bulk("pending"),
            array(),
            bulk("consumers"),
            array(),
          ),
        ),
      )
    ),
  ],
  ["XINFO GROUPS s", both((r) => array(r.group("g", 0, 0, "0-0", null, 0)))],
  ["XINFO CONSUMERS s g", array()],
  ["XADD s 1-0 f v1-0", bulk("1-0")],
  ["XADD s 2-0 f v2-0", bulk("2-0")],
  ["XADD s 3-0 f v3-0", bulk("3-0")],
  [
    "XINFO STREAM s",
    both((r) =>
      r.stream(
        [3, 1, 2, "3-0", "0-0", 3, "1-0", 1],
        entry("1-0", "f", "v1-0"),
        entry("3-0", "f", "v3-0"),
      )
    ),
  ],
  [
    "XREADGROUP GROUP g a COUNT 2 STREAMS s >",
    both((r) => r.reads(bulk("s"), array(entry("1-0", "f", "v1-0"), entry("2-0", "f", "v2-0")))),
  ],
  ["XINFO GROUPS s", both((r) => array(r.group("g", 1, 2, "2-0", 2, 1)))],
  ["XINFO CONSUMERS s g", /^\*1\r\n.8|^\*1\r\n.4/s, { since7: "7.4" }],
  [
    "XINFO STREAM s FULL",
    /entries-read\r\n:2\r\n\$3\r\nlag\r\n:1\r\n\$9\r\npel-count\r\n:2\r\n.*active-time/s,
    { since7: "7.4" },
  ],
  ["XINFO STREAM s FULL COUNT 1", /entries\r\n\*1\r\n.*pending\r\n\*1\r\n\*4/s],
  ["XINFO STREAM s full count 0", /entries\r\n\*3\r\n.*pending\r\n\*2\r\n\*4/s],
  ["XINFO STREAM s FULL COUNT -3", /entries\r\n\*3/s],
  ["XGROUP DESTROY s g", ":1\r\n"],
  [
    "XINFO STREAM s FULL COUNT 2",
    both((r) =>
      r.map(
        bulk("length"),
        ":3\r\n",
        bulk("radix-tree-keys"),
        ":1\r\n",
        bulk("radix-tree-nodes"),
        ":2\r\n",
        bulk("last-generated-id"),
        bulk("3-0"),
        bulk("max-deleted-entry-id"),
        bulk("0-0"),
        bulk("entries-added"),
        ":3\r\n",
        bulk("recorded-first-entry-id"),
        bulk("1-0"),
        bulk("entries"),
        array(entry("1-0", "f", "v1-0"), entry("2-0", "f", "v2-0")),
        bulk("groups"),
        array(),
      )
    ),
  ],
  ["XINFO CONSUMERS s nosuch", "-NOGROUP No such consumer group 'nosuch' for key name 's'\r\n"],
  [
    "XINFO STREAM s FOO",
    "-ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP.\r\n",
  ],
  [
    "XINFO STREAM s FULL COUNT",
    "-ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP.\r\n",
  ],
  ["XINFO STREAM s FULL COUNT x", "-ERR value is not an integer or out of range\r\n"],
  [
    "XINFO STREAM s FULL FOO 1",
    "-ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP.\r\n",
  ],
  [
    "XINFO STREAM s FULL COUNT 1 x",
    "-ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP.\r\n",
  ],
  ["XINFO STREAM nosuch FOO", "-ERR no such key\r\n"],
  ["SET str x", OK],
  ["XINFO STREAM str", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"],
  ["XINFO GROUPS str", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"],
  [
    "XINFO CONSUMERS str g",
    "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
  ],
  ["XINFO", "-ERR wrong number of arguments for 'xinfo' command\r\n"],
  ["XINFO STREAM", "-ERR wrong number of arguments for 'xinfo|stream' command\r\n"],
  ["XINFO GROUPS s x", "-ERR wrong number of arguments for 'xinfo|groups' command\r\n"],
  ["XINFO CONSUMERS s", "-ERR wrong number of arguments for 'xinfo|consumers' command\r\n"],
  ["XINFO FOO s", "-ERR unknown subcommand 'FOO'. Try XINFO HELP.\r\n"],
  ["XINFO HELP x", "-ERR wrong number of arguments for 'xinfo|help' command\r\n"],
], { resp: "both" });

rawCases(server, "entries read and lag", [
  ["XGROUP CREATE s g $ MKSTREAM", OK],
  ["XINFO GROUPS s", both((r) => array(r.group("g", 0, 0, "0-0", null, 0)))],
  ["XADD s 1-0 f v1-0", bulk("1-0")],
  ["XADD s 2-0 f v2-0", bulk("2-0")],
  ["XADD s 3-0 f v3-0", bulk("3-0")],
  ["XADD s 4-0 f v4-0", bulk("4-0")],
  ["XADD s 5-0 f v5-0", bulk("5-0")],
  ["XGROUP CREATE s a 0", OK],
  ["XGROUP CREATE s b 3", OK],
  ["XGROUP CREATE s c $", OK],
  ["XGROUP CREATE s d 9", OK],
  [
    "XINFO GROUPS s",
    both((r) =>
      array(
        r.group("a", 0, 0, "0-0", null, 5),
        r.group("b", 0, 0, "3-0", null, null),
        r.group("c", 0, 0, "5-0", null, 0),
        r.group("d", 0, 0, "9-0", null, null),
        r.group("g", 0, 0, "0-0", null, 5),
      )
    ),
  ],
  [
    "XREADGROUP GROUP a x COUNT 1 STREAMS s >",
    both((r) => r.reads(bulk("s"), array(entry("1-0", "f", "v1-0")))),
  ],
  [
    "XREADGROUP GROUP b x COUNT 1 STREAMS s >",
    both((r) => r.reads(bulk("s"), array(entry("4-0", "f", "v4-0")))),
  ],
  [
    "XREADGROUP GROUP g x COUNT 1 STREAMS s >",
    both((r) => r.reads(bulk("s"), array(entry("1-0", "f", "v1-0")))),
  ],
  [
    "XINFO GROUPS s",
    both((r) =>
      array(
        r.group("a", 1, 1, "1-0", 1, 4),
        r.group("b", 1, 1, "4-0", null, null),
        r.group("c", 0, 0, "5-0", null, 0),
        r.group("d", 0, 0, "9-0", null, null),
        r.group("g", 1, 1, "1-0", 1, 4),
      )
    ),
  ],
  ["XDEL s 3", ":1\r\n"],
  [
    "XINFO GROUPS s",
    both((r) =>
      array(
        r.group("a", 1, 1, "1-0", 1, null),
        r.group("b", 1, 1, "4-0", null, null),
        r.group("c", 0, 0, "5-0", null, 0),
        r.group("d", 0, 0, "9-0", null, null),
        r.group("g", 1, 1, "1-0", 1, null),
      )
    ),
  ],
  [
    "XREADGROUP GROUP a x COUNT 1 STREAMS s >",
    both((r) => r.reads(bulk("s"), array(entry("2-0", "f", "v2-0")))),
  ],
  [
    "XINFO GROUPS s",
    both((r) =>
      array(
        r.group("a", 1, 2, "2-0", null, null),
        r.group("b", 1, 1, "4-0", null, null),
        r.group("c", 0, 0, "5-0", null, 0),
        r.group("d", 0, 0, "9-0", null, null),
        r.group("g", 1, 1, "1-0", 1, null),
      )
    ),
  ],
  [
    "XREADGROUP GROUP a x COUNT 1 STREAMS s >",
    both((r) => r.reads(bulk("s"), array(entry("4-0", "f", "v4-0")))),
  ],
  [
    "XINFO GROUPS s",
    both((r) =>
      array(
        r.group("a", 1, 3, "4-0", null, null),
        r.group("b", 1, 1, "4-0", null, null),
        r.group("c", 0, 0, "5-0", null, 0),
        r.group("d", 0, 0, "9-0", null, null),
        r.group("g", 1, 1, "1-0", 1, null),
      )
    ),
  ],
  [
    "XREADGROUP GROUP a x STREAMS s >",
    both((r) => r.reads(bulk("s"), array(entry("5-0", "f", "v5-0")))),
  ],
  [
    "XINFO GROUPS s",
    both((r) =>
      array(
        r.group("a", 1, 4, "5-0", 5, 0),
        r.group("b", 1, 1, "4-0", null, null),
        r.group("c", 0, 0, "5-0", null, 0),
        r.group("d", 0, 0, "9-0", null, null),
        r.group("g", 1, 1, "1-0", 1, null),
      )
    ),
  ],
  ["XADD s 6-0 f v6-0", bulk("6-0")],
  [
    "XINFO GROUPS s",
    both((r) =>
      array(
        r.group("a", 1, 4, "5-0", 5, 1),
        r.group("b", 1, 1, "4-0", null, null),
        r.group("c", 0, 0, "5-0", null, null),
        r.group("d", 0, 0, "9-0", null, null),
        r.group("g", 1, 1, "1-0", 1, null),
      )
    ),
  ],
  ["XTRIM s MAXLEN 2", ":3\r\n"],
  [
    "XINFO GROUPS s",
    both((r) =>
      array(
        r.group("a", 1, 4, "5-0", 5, 1),
        r.group("b", 1, 1, "4-0", null, 2),
        r.group("c", 0, 0, "5-0", null, 1),
        r.group("d", 0, 0, "9-0", null, null),
        r.group("g", 1, 1, "1-0", 1, 5),
      )
    ),
  ],
  [
    "XREADGROUP GROUP g x STREAMS s >",
    both((r) => r.reads(bulk("s"), array(entry("5-0", "f", "v5-0"), entry("6-0", "f", "v6-0")))),
  ],
  ["XDEL s 6-0", ":1\r\n"],
  [
    "XINFO GROUPS s",
    both((r) =>
      array(
        r.group("a", 1, 4, "5-0", 5, null),
        r.group("b", 1, 1, "4-0", null, null),
        r.group("c", 0, 0, "5-0", null, null),
        r.group("d", 0, 0, "9-0", null, null),
        r.group("g", 1, 3, "6-0", 3, 0),
      )
    ),
  ],
  ["XTRIM s MAXLEN 0", ":1\r\n"],
  [
    "XINFO GROUPS s",
    both((r) =>
      array(
        r.group("a", 1, 4, "5-0", 5, 1),
        r.group("b", 1, 1, "4-0", null, 0),
        r.group("c", 0, 0, "5-0", null, 0),
        r.group("d", 0, 0, "9-0", null, null),
        r.group("g", 1, 3, "6-0", 3, 3),
      )
    ),
  ],
  ["XADD s 7-0 f v7-0", bulk("7-0")],
  [
    "XINFO GROUPS s",
    both((r) =>
      array(
        r.group("a", 1, 4, "5-0", 5, 2),
        r.group("b", 1, 1, "4-0", null, 1),
        r.group("c", 0, 0, "5-0", null, 1),
        r.group("d", 0, 0, "9-0", null, null),
        r.group("g", 1, 3, "6-0", 3, 4),
      )
    ),
  ],
  ["XSETID s 7 ENTRIESADDED 100", OK],
  [
    "XINFO GROUPS s",
    both((r) =>
      array(
        r.group("a", 1, 4, "5-0", 5, 95),
        r.group("b", 1, 1, "4-0", null, 1),
        r.group("c", 0, 0, "5-0", null, 1),
        r.group("d", 0, 0, "9-0", null, null),
        r.group("g", 1, 3, "6-0", 3, 97),
      )
    ),
  ],
  ["XGROUP SETID s c 7 ENTRIESREAD 50", OK],
  [
    "XINFO GROUPS s",
    both((r) =>
      array(
        r.group("a", 1, 4, "5-0", 5, 95),
        r.group("b", 1, 1, "4-0", null, 1),
        r.group("c", 0, 0, "7-0", 50, 50),
        r.group("d", 0, 0, "9-0", null, null),
        r.group("g", 1, 3, "6-0", 3, 97),
      )
    ),
  ],
], { resp: "both" });
