/**
 * What makes streams shorter, to the byte: XTRIM; XSETID; streams as values of keys.
 */
import { array, bulk, OK, rawCases } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";
import { both, entry } from "./stream_replies.ts";

const server = target();

rawCases(server, "XTRIM: arguments", [
  ["XADD s 1-0 f v", bulk("1-0")],
  ["XADD s 2-0 f v", bulk("2-0")],
  ["XADD s 3-0 f v", bulk("3-0")],
  ["XADD s 4-0 f v", bulk("4-0")],
  ["XADD s 5-0 f v", bulk("5-0")],
  ["XTRIM s", "-ERR wrong number of arguments for 'xtrim' command\r\n"],
  ["XTRIM s MAXLEN", "-ERR wrong number of arguments for 'xtrim' command\r\n"],
  ["XTRIM s MAXLEN x", "-ERR value is not an integer or out of range\r\n"],
  ["XTRIM s MAXLEN -1", "-ERR The MAXLEN argument must be >= 0.\r\n"],
  ["XTRIM s MAXLEN ~", "-ERR value is not an integer or out of range\r\n"],
  ["XTRIM s MAXLEN = ~", "-ERR value is not an integer or out of range\r\n"],
  [
    "XTRIM s LIMIT 5",
    "-ERR syntax error, LIMIT cannot be used without specifying a trimming strategy\r\n",
  ],
  ["XTRIM s LIMIT 0", "-ERR syntax error, XTRIM must be called with a trimming strategy\r\n"],
  ["XTRIM s LIMIT 0 MAXLEN", "-ERR syntax error\r\n"],
  [
    "XTRIM s MAXLEN 1 MINID 2",
    "-ERR syntax error, MAXLEN and MINID options at the same time are not compatible\r\n",
  ],
  [
    "XTRIM s MAXLEN 3 LIMIT 2",
    "-ERR syntax error, LIMIT cannot be used without the special ~ option\r\n",
  ],
  [
    "XTRIM s MAXLEN = 3 LIMIT 2",
    "-ERR syntax error, LIMIT cannot be used without the special ~ option\r\n",
  ],
  [
    "XTRIM s MINID 3 LIMIT 1",
    "-ERR syntax error, LIMIT cannot be used without the special ~ option\r\n",
  ],
  ["XTRIM s MAXLEN ~ 3 LIMIT -1", "-ERR The LIMIT argument must be >= 0.\r\n"],
  ["XTRIM s NOMKSTREAM MAXLEN 1", "-ERR syntax error\r\n"],
  ["XTRIM s x 3", "-ERR syntax error\r\n"],
  ["XTRIM s MINID x", "-ERR Invalid stream ID specified as stream command argument\r\n"],
  ["XTRIM s MINID +", "-ERR Invalid stream ID specified as stream command argument\r\n"],
  ["XTRIM s MINID (2", "-ERR Invalid stream ID specified as stream command argument\r\n"],
  ["XTRIM s MAXLEN 3 x", "-ERR syntax error\r\n"],
  ["XTRIM nosuch MAXLEN 0", ":0\r\n"],
  ["XTRIM nosuch MAXLEN x", "-ERR value is not an integer or out of range\r\n"],
  ["SET str x", OK],
  ["XTRIM str MAXLEN 0", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"],
  ["XTRIM str MAXLEN -1", "-ERR The MAXLEN argument must be >= 0.\r\n"],
  ["XTRIM s 5 MAXLEN", "-ERR syntax error\r\n"],
  ["XLEN s", ":5\r\n"],
  ["XTRIM s MAXLEN 10", ":0\r\n"],
  ["XTRIM s MAXLEN 5", ":0\r\n"],
  ["XTRIM s MAXLEN 4", ":1\r\n"],
  ["XTRIM s MAXLEN = 3", ":1\r\n"],
  ["XTRIM s MINID = 3-1", ":1\r\n"],
  ["XTRIM s MINID 4", ":0\r\n"],
  ["XTRIM s MINID 5-1", ":2\r\n"],
  ["XTRIM s MINID 1", ":0\r\n"],
  ["EXISTS s", ":1\r\n"],
  ["XINFO STREAM s", both((r) => r.stream([0, 0, 1, "5-0", "0-0", 5, "0-0", 0], r.nil, r.nil))],
], { resp: "both" });

rawCases(server, "XTRIM: nodes of three entries", [
  ["CONFIG SET stream-node-max-entries 3", OK],
  ["XADD s 1-0 f v", bulk("1-0")],
  ["XADD s 2-0 f v", bulk("2-0")],
  ["XADD s 3-0 f v", bulk("3-0")],
  ["XADD s 4-0 f v", bulk("4-0")],
  ["XADD s 5-0 f v", bulk("5-0")],
  ["XADD s 6-0 f v", bulk("6-0")],
  ["XADD s 7-0 f v", bulk("7-0")],
  ["XADD s 8-0 f v", bulk("8-0")],
  ["XADD s 9-0 f v", bulk("9-0")],
  ["XADD s 10-0 f v", bulk("10-0")],
  ["XADD s 11-0 f v", bulk("11-0")],
  [
    "XINFO STREAM s",
    both((r) =>
      r.stream(
        [11, 4, 10, "11-0", "0-0", 11, "1-0", 0],
        entry("1-0", "f", "v"),
        entry("11-0", "f", "v"),
      )
    ),
  ],
  ["XTRIM s MAXLEN ~ 9", ":0\r\n"],
  ["XTRIM s MAXLEN ~ 8", ":3\r\n"],
  ["XTRIM s MAXLEN ~ 2 LIMIT 2", ":0\r\n"],
  ["XTRIM s MAXLEN ~ 2 LIMIT 4", ":3\r\n"],
  ["XLEN s", ":5\r\n"],
  ["XTRIM s MINID ~ 9", ":0\r\n"],
  ["XTRIM s MINID ~ 10 LIMIT 2", ":0\r\n"],
  ["XTRIM s MINID ~ 10 LIMIT 3", ":3\r\n"],
  ["XRANGE s - +", array(entry("10-0", "f", "v"), entry("11-0", "f", "v"))],
  ["XADD s MAXLEN ~ 1 12-0 f v", bulk("12-0")],
  ["XADD s MAXLEN ~ 1 13-0 f v", bulk("13-0")],
  ["XADD s MAXLEN ~ 1 14-0 f v", bulk("14-0")],
  ["XRANGE s - +", array(entry("13-0", "f", "v"), entry("14-0", "f", "v"))],
  ["XADD s MINID ~ 14 15-0 f v", bulk("15-0")],
  ["XADD s MINID = 14 16-0 f v", bulk("16-0")],
  [
    "XRANGE s - +",
    array(entry("14-0", "f", "v"), entry("15-0", "f", "v"), entry("16-0", "f", "v")),
  ],
  ["XDEL s 15", ":1\r\n"],
  ["XTRIM s MAXLEN 1", ":1\r\n"],
  [
    "XINFO STREAM s",
    both((r) =>
      r.stream(
        [1, 1, 2, "16-0", "15-0", 16, "16-0", 0],
        entry("16-0", "f", "v"),
        entry("16-0", "f", "v"),
      )
    ),
  ],
  ["XREVRANGE s + -", array(entry("16-0", "f", "v"))],
  ["XTRIM s MAXLEN 0", ":1\r\n"],
  ["XINFO STREAM s", both((r) => r.stream([0, 0, 1, "16-0", "15-0", 16, "0-0", 0], r.nil, r.nil))],
  ["XADD s 17-0 f v", bulk("17-0")],
  [
    "XINFO STREAM s",
    both((r) =>
      r.stream(
        [1, 1, 2, "17-0", "15-0", 17, "17-0", 0],
        entry("17-0", "f", "v"),
        entry("17-0", "f", "v"),
      )
    ),
  ],
  ["XADD t 20-0 f v", bulk("20-0")],
  ["XADD t 21-0 f v", bulk("21-0")],
  ["XADD t 22-0 f v", bulk("22-0")],
  ["XADD t 23-0 f v", bulk("23-0")],
  ["XDEL t 22", ":1\r\n"],
  ["XTRIM t MINID 22", ":2\r\n"],
  [
    "XINFO STREAM t",
    both((r) =>
      r.stream(
        [1, 2, 6, "23-0", "22-0", 4, "23-0", 0],
        entry("23-0", "f", "v"),
        entry("23-0", "f", "v"),
      )
    ),
  ],
  ["XTRIM t MINID 23", ":0\r\n"],
  [
    "XINFO STREAM t",
    both((r) =>
      r.stream(
        [1, 1, 2, "23-0", "22-0", 4, "23-0", 0],
        entry("23-0", "f", "v"),
        entry("23-0", "f", "v"),
      )
    ),
  ],
  ["XADD t 24-0 f v", bulk("24-0")],
  ["XADD t 25-0 f v", bulk("25-0")],
  [
    "XINFO STREAM t",
    both((r) =>
      r.stream(
        [3, 1, 2, "25-0", "22-0", 6, "23-0", 0],
        entry("23-0", "f", "v"),
        entry("25-0", "f", "v"),
      )
    ),
  ],
  [
    "XRANGE t - +",
    array(entry("23-0", "f", "v"), entry("24-0", "f", "v"), entry("25-0", "f", "v")),
  ],
  ["CONFIG SET stream-node-max-entries 100", OK],
], { resp: "both" });

rawCases(server, "nodes by bytes, and without limits", [
  ["CONFIG SET stream-node-max-bytes 60", OK],
  ["XADD s 1-0 field value1", bulk("1-0")],
  ["XADD s 2-0 field value2", bulk("2-0")],
  ["XADD s 3-0 field value3", bulk("3-0")],
  ["XADD s 4-0 field value4", bulk("4-0")],
  ["XADD s 5-0 field value5", bulk("5-0")],
  ["XADD s 6-0 field value6", bulk("6-0")],
  [
    "XINFO STREAM s",
    both((r) =>
      r.stream(
        [6, 3, 8, "6-0", "0-0", 6, "1-0", 0],
        entry("1-0", "field", "value1"),
        entry("6-0", "field", "value6"),
      )
    ),
  ],
  ["CONFIG SET stream-node-max-bytes 0", OK],
  ["CONFIG SET stream-node-max-entries 0", OK],
  ["XADD s 7-0 field value7", bulk("7-0")],
  ["XADD s 8-0 field value8", bulk("8-0")],
  ["XADD s 9-0 field value9", bulk("9-0")],
  [
    "XINFO STREAM s",
    both((r) =>
      r.stream(
        [9, 3, 8, "9-0", "0-0", 9, "1-0", 0],
        entry("1-0", "field", "value1"),
        entry("9-0", "field", "value9"),
      )
    ),
  ],
  ["XTRIM s MAXLEN ~ 2", ":4\r\n"],
  ["XTRIM s MAXLEN 2", ":3\r\n"],
  ["XRANGE s - +", array(entry("8-0", "field", "value8"), entry("9-0", "field", "value9"))],
  ["CONFIG SET stream-node-max-bytes 4096", OK],
  ["CONFIG SET stream-node-max-entries 100", OK],
], { resp: "both" });

rawCases(server, "XSETID", [
  ["XSETID s 1-1", "-ERR no such key\r\n"],
  ["XADD s 5-5 f v", bulk("5-5")],
  ["XADD s 6-6 f v", bulk("6-6")],
  ["XSETID s 7-7", OK],
  [
    "XINFO STREAM s",
    both((r) =>
      r.stream([2, 1, 2, "7-7", "0-0", 2, "5-5", 0], entry("5-5", "f", "v"), entry("6-6", "f", "v"))
    ),
  ],
  [
    "XADD s 7-7 f v",
    "-ERR The ID specified in XADD is equal or smaller than the target stream top item\r\n",
  ],
  ["XADD s 7-8 f v", bulk("7-8")],
  [
    "XSETID s 7-7",
    "-ERR The ID specified in XSETID is smaller than the target stream top item\r\n",
  ],
  ["XSETID s 7-8", OK],
  ["XSETID s 1", "-ERR The ID specified in XSETID is smaller than the target stream top item\r\n"],
  ["XSETID s 8 ENTRIESADDED 10", OK],
  [
    "XSETID s 8 ENTRIESADDED 2",
    "-ERR The entries_added specified in XSETID is smaller than the target stream length\r\n",
  ],
  ["XSETID s 8 ENTRIESADDED -1", "-ERR entries_added must be positive\r\n"],
  ["XSETID s 8 ENTRIESADDED x", "-ERR value is not an integer or out of range\r\n"],
  ["XSETID s 8 ENTRIESADDED", "-ERR syntax error\r\n"],
  [
    "XSETID s 8 MAXDELETEDID 9",
    "-ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id\r\n",
  ],
  ["XSETID s 8 MAXDELETEDID 2-2", OK],
  ["XSETID s 8 MAXDELETEDID x", "-ERR Invalid stream ID specified as stream command argument\r\n"],
  ["XSETID s 8 MAXDELETEDID -", "-ERR Invalid stream ID specified as stream command argument\r\n"],
  ["XSETID s 8 x", "-ERR syntax error\r\n"],
  ["XSETID s x", "-ERR Invalid stream ID specified as stream command argument\r\n"],
  ["XSETID s +", "-ERR Invalid stream ID specified as stream command argument\r\n"],
  ["XSETID s $", "-ERR Invalid stream ID specified as stream command argument\r\n"],
  [
    "XINFO STREAM s",
    both((r) =>
      r.stream(
        [3, 1, 2, "8-0", "2-2", 10, "5-5", 0],
        entry("5-5", "f", "v"),
        entry("7-8", "f", "v"),
      )
    ),
  ],
  ["XSETID s 10 ENTRIESADDED 9223372036854775807 MAXDELETEDID 10-0", OK],
  [
    "XINFO STREAM s",
    both((r) =>
      r.stream(
        [3, 1, 2, "10-0", "10-0", "9223372036854775807", "5-5", 0],
        entry("5-5", "f", "v"),
        entry("7-8", "f", "v"),
      )
    ),
  ],
  [
    "XSETID s 9-9",
    "-ERR The ID specified in XSETID is smaller than current max_deleted_entry_id\r\n",
    { since7: "7.4" },
  ],
  ["XADD s 11 f v", bulk("11-0")],
  [
    "XINFO STREAM s",
    both((r) =>
      r.stream(
        [4, 1, 2, "11-0", "10-0", "-9223372036854775808", "5-5", 0],
        entry("5-5", "f", "v"),
        entry("11-0", "f", "v"),
      )
    ),
  ],
  [
    "XSETID s 12 ENTRIESADDED 9223372036854775808",
    "-ERR value is not an integer or out of range\r\n",
  ],
  ["XSETID s 12 ENTRIESADDED 9007199254740993", OK],
  ["XADD s 13 f v", bulk("13-0")],
  [
    "XINFO STREAM s",
    both((r) =>
      r.stream(
        [5, 1, 2, "13-0", "10-0", "9007199254740994", "5-5", 0],
        entry("5-5", "f", "v"),
        entry("13-0", "f", "v"),
      )
    ),
  ],
  ["XSETID s 18446744073709551615-18446744073709551615", OK],
  [
    "XADD s * f v",
    "-ERR The stream has exhausted the last possible ID, unable to add more items\r\n",
  ],
  ["SET str x", OK],
  ["XSETID str 1", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"],
  ["XSETID str x", "-ERR Invalid stream ID specified as stream command argument\r\n"],
  ["XSETID", "-ERR wrong number of arguments for 'xsetid' command\r\n"],
  ["XSETID s", "-ERR wrong number of arguments for 'xsetid' command\r\n"],
], { resp: "both" });

rawCases(server, "streams as values", [
  ["XADD s 1-1 f v g w", bulk("1-1")],
  ["XADD s 1-2 f v", bulk("1-2")],
  ["XGROUP CREATE s g 0", OK],
  ["XGROUP CREATE s h 1-1", OK],
  [
    "XREADGROUP GROUP g c COUNT 1 STREAMS s >",
    both((r) => r.reads(bulk("s"), array(entry("1-1", "f", "v", "g", "w")))),
  ],
  ["XDEL s 1-2", ":1\r\n"],
  ["COPY s t", ":1\r\n"],
  ["XADD s 2-1 f v", bulk("2-1")],
  ["XRANGE t - +", array(entry("1-1", "f", "v", "g", "w"))],
  [
    "XINFO STREAM t",
    both((r) =>
      r.stream(
        [1, 1, 2, "1-2", "1-2", 2, "1-1", 2],
        entry("1-1", "f", "v", "g", "w"),
        entry("1-1", "f", "v", "g", "w"),
      )
    ),
  ],
  [
    "XINFO GROUPS t",
    both((r) => array(r.group("g", 1, 1, "1-1", 1, null), r.group("h", 0, 0, "1-1", null, null))),
  ],
  ["XPENDING t g", array(":1\r\n", bulk("1-1"), bulk("1-1"), array(array(bulk("c"), bulk("1"))))],
  ["XACK t g 1-1", ":1\r\n"],
  ["XPENDING s g", array(":1\r\n", bulk("1-1"), bulk("1-1"), array(array(bulk("c"), bulk("1"))))],
  ["XPENDING t g", both((r) => array(":0\r\n", r.nil, r.nil, r.nilArray))],
  ["RENAME t u", OK],
  [
    "XINFO GROUPS u",
    both((r) => array(r.group("g", 1, 0, "1-1", 1, null), r.group("h", 0, 0, "1-1", null, null))),
  ],
  ["TYPE u", "+stream\r\n"],
  ["OBJECT ENCODING u", bulk("stream")],
  ["DEL u", ":1\r\n"],
  ["UNLINK s", ":1\r\n"],
  ["EXISTS s", ":0\r\n"],
  ["DBSIZE", ":0\r\n"],
], { resp: "both" });
