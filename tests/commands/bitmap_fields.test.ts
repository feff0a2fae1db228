/**
 * BITFIELD and BITFIELD_RO, to the byte.
 */
import { array, bulk, OK, rawCases, ttl } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";

const server = target();

const BAD_OFFSET = "-ERR bit offset is not an integer or out of range\r\n";
const BAD_TYPE =
  "-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.\r\n";
const NOT_AN_INTEGER = "-ERR value is not an integer or out of range\r\n";
const ONLY_GET = "-ERR BITFIELD_RO only supports the GET subcommand\r\n";
const SYNTAX_ERROR = "-ERR syntax error\r\n";
const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
const arity = (command: string) => `-ERR wrong number of arguments for '${command}' command\r\n`;

rawCases(server, "BITFIELD", [
  ["BITFIELD k", array()],
  ["EXISTS k", ":0\r\n"],
  ["BITFIELD k GET u8 0", array(":0\r\n")],
  ["EXISTS k", ":0\r\n"],
  ["BITFIELD k SET i8 0 -1", array(":0\r\n")],
  ["GET k", bulk("\xff")],
  [
    "BITFIELD k GET i8 0 GET u8 0 GET u4 2 GET i16 0 GET u63 1 GET i64 0",
    array(
      ":-1\r\n",
      ":255\r\n",
      ":15\r\n",
      ":-256\r\n",
      ":9151314442816847872\r\n",
      ":-72057594037927936\r\n",
    ),
  ],
  ["BITFIELD k SET u8 #1 200 GET u8 #1 GET u8 8", array(":0\r\n", ":200\r\n", ":200\r\n")],
  ["BITFIELD k INCRBY u2 100 1 INCRBY i5 100 1 GET u4 0", array(":1\r\n", ":9\r\n", ":15\r\n")],
  ["STRLEN k", ":14\r\n"],
  ["BITFIELD k set U8 0 1", BAD_TYPE],
  ["BITFIELD k SET u8 0 1 get u8 0", array(":255\r\n", ":1\r\n")],
  [
    "BITFIELD n INCRBY i64 0 9223372036854775807 INCRBY i64 0 1",
    array(":9223372036854775807\r\n", ":-9223372036854775808\r\n"),
  ],
  [
    "BITFIELD n SET u63 64 9223372036854775807 GET u63 64 INCRBY u63 64 1",
    array(":0\r\n", ":9223372036854775807\r\n", ":0\r\n"),
  ],
  [
    "BITFIELD n SET i64 #2 -9223372036854775808 INCRBY i64 #2 -1 GET i64 #2",
    array(":0\r\n", ":9223372036854775807\r\n", ":9223372036854775807\r\n"),
  ],
  ["BITFIELD n SET u1 200 1 SET u1 201 1 GET u3 200", array(":0\r\n", ":0\r\n", ":6\r\n")],
  [
    "BITFIELD n SET i1 300 1 GET i1 300 GET u1 300 INCRBY i1 300 1",
    array(":0\r\n", ":-1\r\n", ":1\r\n", ":0\r\n"),
  ],
  ["SET s 12345", OK],
  ["BITFIELD s GET u8 0 INCRBY u8 0 3", array(":49\r\n", ":52\r\n")],
  ["GET s", bulk("42345")],
  ["OBJECT ENCODING s", bulk("raw")],
  ["SET e abc EX 100", OK],
  ["BITFIELD e SET u8 0 65", array(":97\r\n")],
  ["TTL e", ttl(100)],
  ["GET e", bulk("Abc")],
  [
    "BITFIELD e GET u8 16 GET u8 20 GET u8 24 GET i16 20",
    array(":99\r\n", ":48\r\n", ":0\r\n", ":12288\r\n"),
  ],
], { resp: "both" });

rawCases(server, "BITFIELD OVERFLOW", [
  ["BITFIELD k SET u8 0 250 INCRBY u8 0 10", array(":0\r\n", ":4\r\n")],
  [
    "BITFIELD k SET u8 0 250 OVERFLOW SAT INCRBY u8 0 10 INCRBY u8 0 1",
    array(":4\r\n", ":255\r\n", ":255\r\n"),
  ],
  ["BITFIELD k SET u8 0 250 OVERFLOW FAIL INCRBY u8 0 10 GET u8 0", {
    resp2: array(":255\r\n", "$-1\r\n", ":250\r\n"),
    resp3: "*3\r\n:255\r\n_\r\n:250\r\n",
  }],
  ["BITFIELD k SET u8 0 5 INCRBY u8 0 -10", array(":250\r\n", ":251\r\n")],
  ["BITFIELD k SET u8 0 5 OVERFLOW SAT INCRBY u8 0 -10", array(":251\r\n", ":0\r\n")],
  ["BITFIELD k SET u8 0 5 OVERFLOW FAIL INCRBY u8 0 -10 OVERFLOW WRAP INCRBY u8 0 -10", {
    resp2: array(":0\r\n", "$-1\r\n", ":251\r\n"),
    resp3: "*3\r\n:0\r\n_\r\n:251\r\n",
  }],
  ["BITFIELD k SET i8 0 120 INCRBY i8 0 10", array(":-5\r\n", ":-126\r\n")],
  [
    "BITFIELD k SET i8 0 120 overflow sat INCRBY i8 0 10 INCRBY i8 0 -1000",
    array(":-126\r\n", ":127\r\n", ":-128\r\n"),
  ],
  ["BITFIELD k SET i8 0 -120 OVERFLOW FAIL INCRBY i8 0 -10", {
    resp2: array(":-128\r\n", "$-1\r\n"),
    resp3: "*2\r\n:-128\r\n_\r\n",
  }],
  ["BITFIELD k SET u8 0 256 GET u8 0", array(":136\r\n", ":0\r\n")],
  ["BITFIELD k OVERFLOW SAT SET u8 0 256 GET u8 0", array(":0\r\n", ":255\r\n")],
  ["BITFIELD k OVERFLOW FAIL SET u8 0 256 GET u8 0", {
    resp2: array("$-1\r\n", ":255\r\n"),
    resp3: "*2\r\n_\r\n:255\r\n",
  }],
  ["BITFIELD k SET u8 0 -1 GET u8 0", array(":255\r\n", ":255\r\n")],
  [
    "BITFIELD k SET u8 0 1 OVERFLOW SAT SET u8 0 -1 GET u8 0",
    array(":255\r\n", ":1\r\n", ":255\r\n"),
  ],
  ["BITFIELD k SET u8 0 1 OVERFLOW FAIL SET u8 0 -1 GET u8 0", {
    resp2: array(":255\r\n", "$-1\r\n", ":1\r\n"),
    resp3: "*3\r\n:255\r\n_\r\n:1\r\n",
  }],
  ["BITFIELD k OVERFLOW SAT SET i8 0 -200 GET i8 0", array(":1\r\n", ":-128\r\n")],
  ["BITFIELD k OVERFLOW SAT SET i8 0 200 GET i8 0", array(":-128\r\n", ":127\r\n")],
  [
    "BITFIELD k SET i8 0 0 OVERFLOW SAT SET i8 0 -9223372036854775808 GET i8 0 SET i8 0 -9223372036854775681 GET i8 0 SET i8 0 -9223372036854775680 GET i8 0",
    array(":127\r\n", ":0\r\n", ":127\r\n", ":127\r\n", ":127\r\n", ":127\r\n", ":-128\r\n"),
  ],
  [
    "BITFIELD k SET u63 0 0 OVERFLOW SAT SET u63 0 -1 GET u63 0",
    array(":4611686018427387904\r\n", ":0\r\n", ":9223372036854775807\r\n"),
  ],
  [
    "BITFIELD k SET u8 0 0 INCRBY u8 0 9223372036854775807 INCRBY u8 0 -9223372036854775808",
    array(":255\r\n", ":255\r\n", ":255\r\n"),
  ],
  [
    "BITFIELD k SET u8 0 3 OVERFLOW SAT INCRBY u8 0 9223372036854775807 INCRBY u8 0 -9223372036854775808",
    array(":255\r\n", ":255\r\n", ":0\r\n"),
  ],
  [
    "BITFIELD k SET i64 0 9223372036854775807 OVERFLOW SAT INCRBY i64 0 1 OVERFLOW FAIL INCRBY i64 0 1 OVERFLOW WRAP INCRBY i64 0 1",
    {
      resp2: array(
        ":72057594037927934\r\n",
        ":9223372036854775807\r\n",
        "$-1\r\n",
        ":-9223372036854775808\r\n",
      ),
      resp3: "*4\r\n:72057594037927934\r\n:9223372036854775807\r\n_\r\n:-9223372036854775808\r\n",
    },
  ],
  [
    "BITFIELD k SET u52 0 4503599627370495 INCRBY u52 0 4503599627370496 OVERFLOW SAT INCRBY u52 0 9007199254740991",
    array(":2251799813685248\r\n", ":4503599627370495\r\n", ":4503599627370495\r\n"),
  ],
  [
    "BITFIELD k SET i53 0 4503599627370495 INCRBY i53 0 1 SET i52 0 -2251799813685249",
    array(":-2\r\n", ":-4503599627370496\r\n", ":-2251799813685248\r\n"),
  ],
  ["BITFIELD f OVERFLOW FAIL INCRBY u2 0 9", { resp2: array("$-1\r\n"), resp3: "*1\r\n_\r\n" }],
  ["STRLEN f", ":1\r\n"],
], { resp: "both" });

rawCases(server, "BITFIELD refuses", [
  ["RPUSH l x", ":1\r\n"],
  ["BITFIELD l GET u8 0", WRONG_TYPE],
  ["BITFIELD l SET u8 0 1", WRONG_TYPE],
  ["BITFIELD l SET u8 x 1", BAD_OFFSET],
  ["BITFIELD k GET", SYNTAX_ERROR],
  ["BITFIELD k GET u8", SYNTAX_ERROR],
  ["BITFIELD k SET u8 0", SYNTAX_ERROR],
  ["BITFIELD k INCRBY u8 0", SYNTAX_ERROR],
  ["BITFIELD k OVERFLOW", SYNTAX_ERROR],
  ["BITFIELD k OVERFLOW foo GET u8 0", "-ERR Invalid OVERFLOW type specified\r\n"],
  ["BITFIELD k FOO u8 0", SYNTAX_ERROR],
  ["BITFIELD k GET u64 0", BAD_TYPE],
  ["BITFIELD k GET i65 0", BAD_TYPE],
  ["BITFIELD k GET u0 0", BAD_TYPE],
  ["BITFIELD k GET i0 0", BAD_TYPE],
  ["BITFIELD k GET x8 0", BAD_TYPE],
  ["BITFIELD k GET u 0", BAD_TYPE],
  ['BITFIELD k GET "" 0', BAD_TYPE],
  ["BITFIELD k GET 8 0", BAD_TYPE],
  ["BITFIELD k GET u8x 0", BAD_TYPE],
  ["BITFIELD k GET u-1 0", BAD_TYPE],
  ["BITFIELD k GET u08 0", BAD_TYPE],
  ["BITFIELD k GET u8 -1", BAD_OFFSET],
  ["BITFIELD k GET u8 #-1", BAD_OFFSET],
  ["BITFIELD k GET u8 x", BAD_OFFSET],
  ["BITFIELD k GET u8 #", BAD_OFFSET],
  ["BITFIELD k GET u8 ##1", BAD_OFFSET],
  ["BITFIELD k GET u8 4294967296", BAD_OFFSET],
  ["BITFIELD k GET u8 #536870912", BAD_OFFSET],
  ["BITFIELD k GET u8 #536870911", array(":0\r\n")],
  ["BITFIELD k GET u8 #9223372036854775807", BAD_OFFSET],
  ["BITFIELD k GET u8 #2305843009213693952", array(":0\r\n")],
  ["BITFIELD k SET u8 0 x", NOT_AN_INTEGER],
  ["BITFIELD k SET u8 0 9223372036854775808", NOT_AN_INTEGER],
  ["BITFIELD k INCRBY u8 0 1.5", NOT_AN_INTEGER],
  ['BITFIELD k SET u8 0 ""', NOT_AN_INTEGER],
  ["BITFIELD k SET u8 0 1 GET u8", SYNTAX_ERROR],
  ["EXISTS k", ":0\r\n"],
  ["BITFIELD", arity("bitfield")],
]);

rawCases(server, "BITFIELD_RO", [
  ["BITFIELD_RO k GET u8 0", array(":0\r\n")],
  ["EXISTS k", ":0\r\n"],
  ["SET k abc", OK],
  ["BITFIELD_RO k GET u8 0 GET u8 #1 get i4 4", array(":97\r\n", ":98\r\n", ":1\r\n")],
  ["BITFIELD_RO k", array()],
  ["BITFIELD_RO k OVERFLOW SAT GET u8 0", array(":97\r\n")],
  ["BITFIELD_RO k SET u8 0 1", ONLY_GET],
  ["BITFIELD_RO k GET u8 0 INCRBY u8 0 1", ONLY_GET],
  ["BITFIELD_RO nosuch INCRBY u8 0 1", ONLY_GET],
  ["BITFIELD_RO k SET u8 0 x", NOT_AN_INTEGER],
  ["BITFIELD_RO k GET u64 0", BAD_TYPE],
  ["GET k", bulk("abc")],
  ["OBJECT ENCODING k", bulk("embstr")],
  ["RPUSH l x", ":1\r\n"],
  ["BITFIELD_RO l GET u8 0", WRONG_TYPE],
  ["BITFIELD_RO", arity("bitfield_ro")],
], { resp: "both" });
