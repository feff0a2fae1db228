/**
 * GEOSEARCH, GEOSEARCHSTORE and the forms of GEORADIUS, to the byte.
 */
import { array, bulk, OK, rawCases } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";

const server = target();

const ANY_WITHOUT_COUNT = "-ERR the ANY argument requires COUNT argument\r\n";
const BAD_COUNT = "-ERR COUNT must be > 0\r\n";
const BAD_HEIGHT = "-ERR need numeric height\r\n";
const BAD_RADIUS = "-ERR need numeric radius\r\n";
const BAD_UNIT = "-ERR unsupported unit provided. please use M, KM, FT, MI\r\n";
const BAD_WIDTH = "-ERR need numeric width\r\n";
const NEGATIVE_BOX = "-ERR height or width cannot be negative\r\n";
const NEGATIVE_RADIUS = "-ERR radius cannot be negative\r\n";
const NOT_AN_INTEGER = "-ERR value is not an integer or out of range\r\n";
const NOT_A_FLOAT = "-ERR value is not a valid float\r\n";
const NOT_WITH_SEARCH_STORE =
  "-ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options\r\n";
const NOT_WITH_STORE =
  "-ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options\r\n";
const NO_MEMBER = "-ERR could not decode requested zset member\r\n";
const SYNTAX_ERROR = "-ERR syntax error\r\n";
const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
const arity = (command: string) => `-ERR wrong number of arguments for '${command}' command\r\n`;

rawCases(server, "GEOSEARCH", [
  ["GEOADD Sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania", ":2\r\n"],
  ["GEOADD Sicily 12.758489 38.788135 edge1 17.241510 38.788135 edge2", ":2\r\n"],
  [
    "GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 200 km ASC",
    array(bulk("Catania"), bulk("Palermo")),
  ],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYBOX 400 400 km ASC WITHCOORD WITHDIST", {
    resp2: array(
      array(
        bulk("Catania"),
        bulk("56.4413"),
        array(bulk("15.08726745843887329"), bulk("37.50266842333162032")),
      ),
      array(
        bulk("Palermo"),
        bulk("190.4424"),
        array(bulk("13.36138933897018433"), bulk("38.11555639549629859")),
      ),
      array(
        bulk("edge2"),
        bulk("279.7403"),
        array(bulk("17.24151045083999634"), bulk("38.78813451624225195")),
      ),
      array(
        bulk("edge1"),
        bulk("279.7405"),
        array(bulk("12.7584877610206604"), bulk("38.78813451624225195")),
      ),
    ),
    resp3:
      "*4\r\n*3\r\n$7\r\nCatania\r\n$7\r\n56.4413\r\n*2\r\n,15.08726745843887329\r\n,37.50266842333162032\r\n*3\r\n$7\r\nPalermo\r\n$8\r\n190.4424\r\n*2\r\n,13.36138933897018433\r\n,38.11555639549629859\r\n*3\r\n$5\r\nedge2\r\n$8\r\n279.7403\r\n*2\r\n,17.24151045083999634\r\n,38.78813451624225195\r\n*3\r\n$5\r\nedge1\r\n$8\r\n279.7405\r\n*2\r\n,12.7584877610206604\r\n,38.78813451624225195\r\n",
  }],
  [
    "GEOSEARCH Sicily FROMLONLAT 15 37 BYBOX 400 400 km DESC",
    array(bulk("edge1"), bulk("edge2"), bulk("Palermo"), bulk("Catania")),
  ],
  [
    "GEOSEARCH Sicily FROMMEMBER Palermo BYRADIUS 200 km ASC WITHDIST",
    array(
      array(bulk("Palermo"), bulk("0.0000")),
      array(bulk("edge1"), bulk("91.4007")),
      array(bulk("Catania"), bulk("166.2742")),
    ),
  ],
  ["GEOSEARCH Sicily FROMMEMBER Palermo BYRADIUS 0 m", array(bulk("Palermo"))],
  [
    "GEOSEARCH Sicily bybox 100 400 km fromlonlat 15 37 withhash",
    array(array(bulk("Catania"), ":3479447370796909\r\n")),
  ],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 200 km ASC COUNT 1", array(bulk("Catania"))],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 200 km COUNT 1", array(bulk("Catania"))],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 200 km DESC COUNT 1", array(bulk("Palermo"))],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 200 km COUNT 1 ANY", array(bulk("Palermo"))],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 200 km ANY COUNT 100 WITHDIST WITHHASH WITHCOORD", {
    resp2: array(
      array(
        bulk("Palermo"),
        bulk("190.4424"),
        ":3479099956230698\r\n",
        array(bulk("13.36138933897018433"), bulk("38.11555639549629859")),
      ),
      array(
        bulk("Catania"),
        bulk("56.4413"),
        ":3479447370796909\r\n",
        array(bulk("15.08726745843887329"), bulk("37.50266842333162032")),
      ),
    ),
    resp3:
      "*2\r\n*4\r\n$7\r\nPalermo\r\n$8\r\n190.4424\r\n:3479099956230698\r\n*2\r\n,13.36138933897018433\r\n,38.11555639549629859\r\n*4\r\n$7\r\nCatania\r\n$7\r\n56.4413\r\n:3479447370796909\r\n*2\r\n,15.08726745843887329\r\n,37.50266842333162032\r\n",
  }],
  [
    "GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 200000 m ASC WITHDIST",
    array(array(bulk("Catania"), bulk("56441.2579")), array(bulk("Palermo"), bulk("190442.4298"))),
  ],
  [
    "GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 656167.98 ft ASC WITHDIST",
    array(array(bulk("Catania"), bulk("185174.7305")), array(bulk("Palermo"), bulk("624811.1215"))),
  ],
  [
    "GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 124.274 mi ASC WITHDIST",
    array(array(bulk("Catania"), bulk("35.0711")), array(bulk("Palermo"), bulk("118.3357"))),
  ],
  [
    "GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS inf km ASC",
    array(bulk("Catania"), bulk("Palermo"), bulk("edge2"), bulk("edge1")),
  ],
  [
    "GEOSEARCH Sicily FROMLONLAT -165 -37 BYRADIUS 20000 km ASC",
    array(bulk("edge1"), bulk("edge2"), bulk("Palermo"), bulk("Catania")),
  ],
  ["GEOSEARCH Sicily FROMLONLAT 0 0 BYRADIUS 1 km", array()],
  ["GEOSEARCH nosuch FROMLONLAT 0 0 BYRADIUS 1 km", array()],
  ["GEOSEARCH nosuch FROMMEMBER x BYRADIUS 1 km", array()],
  ["GEOSEARCH nosuch FROMMEMBER x BYBOX 1 1 km COUNT 3 ANY", array()],
], { resp: "both" });

rawCases(server, "GEOSEARCH at the date line", [
  ["GEOADD k 179.9 0 east -179.9 0 west 180 0 line 179.9 85 high -179.9 -85 low", ":5\r\n"],
  ["GEOSEARCH k FROMLONLAT 180 0 BYRADIUS 50 km ASC", array(bulk("line"), bulk("east"))],
  ["GEOSEARCH k FROMLONLAT -180 0 BYRADIUS 50 km ASC", array(bulk("east"), bulk("west"))],
  [
    "GEOSEARCH k FROMLONLAT 179.95 0 BYBOX 100 10 km ASC WITHDIST",
    array(array(bulk("east"), bulk("5.5614")), array(bulk("west"), bulk("16.6840"))),
  ],
  ["GEOSEARCH k FROMLONLAT 0 85 BYRADIUS 1500 km", array(bulk("high"))],
  [
    "GEOSEARCH k FROMMEMBER line BYRADIUS 30000 km ASC",
    array(bulk("line"), bulk("east"), bulk("high")),
  ],
]);

rawCases(server, "equal distances", [
  ["GEOADD k 1 1 m0", ":1\r\n"],
  ["GEOADD k 1 1 m1", ":1\r\n"],
  ["GEOADD k 1 1 m2", ":1\r\n"],
  ["GEOADD k 1 1 m3", ":1\r\n"],
  ["GEOADD k 1 1 m4", ":1\r\n"],
  ["GEOADD k 1 1 m5", ":1\r\n"],
  ["GEOADD k 1 1 m6", ":1\r\n"],
  ["GEOADD k 1 1 m7", ":1\r\n"],
  ["GEOADD k 1 1 m8", ":1\r\n"],
  ["GEOADD k 1 1 m9", ":1\r\n"],
  ["GEOADD k 1 1 ma", ":1\r\n"],
  ["GEOADD k 1 1 mb", ":1\r\n"],
  [
    "GEOSEARCH k FROMLONLAT 1 1 BYRADIUS 1 km",
    array(
      bulk("m0"),
      bulk("m1"),
      bulk("m2"),
      bulk("m3"),
      bulk("m4"),
      bulk("m5"),
      bulk("m6"),
      bulk("m7"),
      bulk("m8"),
      bulk("m9"),
      bulk("ma"),
      bulk("mb"),
    ),
  ],
  [
    "GEOSEARCH k FROMLONLAT 1 1 BYRADIUS 1 km ASC",
    array(
      bulk("m0"),
      bulk("m1"),
      bulk("m2"),
      bulk("m3"),
      bulk("m4"),
      bulk("m5"),
      bulk("m6"),
      bulk("m7"),
      bulk("m8"),
      bulk("m9"),
      bulk("ma"),
      bulk("mb"),
    ),
  ],
  [
    "GEOSEARCH k FROMLONLAT 1 1 BYRADIUS 1 km DESC",
    array(
      bulk("m0"),
      bulk("m1"),
      bulk("m2"),
      bulk("m3"),
      bulk("m4"),
      bulk("m5"),
      bulk("m6"),
      bulk("m7"),
      bulk("m8"),
      bulk("m9"),
      bulk("ma"),
      bulk("mb"),
    ),
  ],
  [
    "GEOSEARCH k FROMLONLAT 1 1 BYRADIUS 1 km COUNT 5",
    array(bulk("mb"), bulk("m1"), bulk("m2"), bulk("m3"), bulk("m4")),
  ],
  [
    "GEOSEARCH k FROMLONLAT 1 1 BYRADIUS 1 km COUNT 5 ANY",
    array(bulk("m0"), bulk("m1"), bulk("m2"), bulk("m3"), bulk("m4")),
  ],
]);

rawCases(server, "GEOSEARCH refuses", [
  ["GEOADD Sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania", ":2\r\n"],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 200", SYNTAX_ERROR],
  ["GEOSEARCH Sicily FROMLONLAT 15 BYRADIUS 200 km", NOT_A_FLOAT],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 200 km BYBOX 1 1 km", SYNTAX_ERROR],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYBOX 1 1 km BYRADIUS 200 km", SYNTAX_ERROR],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 FROMMEMBER Palermo BYRADIUS 200 km", SYNTAX_ERROR],
  ["GEOSEARCH Sicily FROMMEMBER Palermo FROMLONLAT 15 37 BYRADIUS 200 km", SYNTAX_ERROR],
  [
    "GEOSEARCH Sicily BYRADIUS 200 km ASC COUNT 1",
    "-ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for GEOSEARCH\r\n",
  ],
  [
    "geosearch Sicily FROMLONLAT 15 37 ASC COUNT 1",
    "-ERR exactly one of BYRADIUS and BYBOX can be specified for geosearch\r\n",
  ],
  [
    "GEOSEARCH nosuch BYRADIUS 200 km ASC COUNT 1",
    "-ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for GEOSEARCH\r\n",
  ],
  ["GEOSEARCH Sicily FROMMEMBER nobody BYRADIUS 200 km", NO_MEMBER],
  ["GEOSEARCH Sicily FROMLONLAT 15 x BYRADIUS 200 km", NOT_A_FLOAT],
  [
    "GEOSEARCH Sicily FROMLONLAT 15 90 BYRADIUS 200 km",
    "-ERR invalid longitude,latitude pair 15.000000,90.000000\r\n",
  ],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS x km", BAD_RADIUS],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS -1 km", NEGATIVE_RADIUS],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 1 parsec", BAD_UNIT],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYBOX x 1 km", BAD_WIDTH],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYBOX 1 x km", BAD_HEIGHT],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYBOX -1 1 km", NEGATIVE_BOX],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYBOX 1 1 parsec", BAD_UNIT],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYBOX 1 km ASC", BAD_HEIGHT],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 1 km COUNT 0", BAD_COUNT],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 1 km COUNT -1", BAD_COUNT],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 1 km COUNT x", NOT_AN_INTEGER],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 1 km COUNT", SYNTAX_ERROR],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 1 km ANY", ANY_WITHOUT_COUNT],
  ["GEOSEARCH nosuch FROMLONLAT 15 37 BYRADIUS 1 km ANY", ANY_WITHOUT_COUNT],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 1 km STORE d", SYNTAX_ERROR],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 1 km STOREDIST", SYNTAX_ERROR],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 1 km FOO", SYNTAX_ERROR],
  ["SET s x", OK],
  ["GEOSEARCH s FROMLONLAT 15 37 BYRADIUS 1 km", WRONG_TYPE],
  ["GEOSEARCH s FOO 15 37 BYRADIUS 1 km", WRONG_TYPE],
  ["GEOSEARCH s", arity("geosearch")],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 1", SYNTAX_ERROR],
]);

rawCases(server, "GEOSEARCHSTORE", [
  ["GEOADD Sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania", ":2\r\n"],
  ["GEOADD Sicily 12.758489 38.788135 edge1 17.241510 38.788135 edge2", ":2\r\n"],
  ["GEOSEARCHSTORE d Sicily FROMLONLAT 15 37 BYBOX 400 400 km ASC COUNT 3", ":3\r\n"],
  [
    "GEOSEARCH d FROMLONLAT 15 37 BYBOX 400 400 km ASC WITHHASH",
    array(
      array(bulk("Catania"), ":3479447370796909\r\n"),
      array(bulk("Palermo"), ":3479099956230698\r\n"),
      array(bulk("edge2"), ":3481342659049484\r\n"),
    ),
  ],
  ["TYPE d", "+zset\r\n"],
  ["OBJECT ENCODING d", bulk("listpack")],
  ["GEOSEARCHSTORE d Sicily FROMLONLAT 15 37 BYRADIUS 200 km STOREDIST", ":2\r\n"],
  ["ZRANGE d 0 -1", array(bulk("Catania"), bulk("Palermo"))],
  ["ZRANGE d 0 -1 WITHSCORES", {
    resp2: array(
      bulk("Catania"),
      bulk("56.4412578701582"),
      bulk("Palermo"),
      bulk("190.44242984775784"),
    ),
    resp3:
      "*2\r\n*2\r\n$7\r\nCatania\r\n,56.4412578701582\r\n*2\r\n$7\r\nPalermo\r\n,190.44242984775784\r\n",
  }, { since7: "7.2" }],
  ["GEOSEARCHSTORE d Sicily FROMLONLAT 15 37 BYRADIUS 200 km STOREDIST COUNT 1", ":1\r\n"],
  ["ZRANGE d 0 -1", array(bulk("Catania"))],
  ["EXPIRE d 100", ":1\r\n"],
  ["GEOSEARCHSTORE d Sicily FROMMEMBER Palermo BYRADIUS 1 m", ":1\r\n"],
  ["TTL d", ":-1\r\n"],
  ["ZCARD d", ":1\r\n"],
  ["GEOSEARCHSTORE Sicily Sicily FROMMEMBER Palermo BYRADIUS 1 m", ":1\r\n"],
  ["ZRANGE Sicily 0 -1", array(bulk("Palermo"))],
  ["GEOSEARCHSTORE d Sicily FROMLONLAT 0 0 BYRADIUS 1 m", ":0\r\n"],
  ["EXISTS d", ":0\r\n"],
  ["SET s x", OK],
  ["GEOSEARCHSTORE s Sicily FROMMEMBER Palermo BYRADIUS 1 m", ":1\r\n"],
  ["TYPE s", "+zset\r\n"],
  ["GEOSEARCHSTORE s nosuch FROMMEMBER Palermo BYRADIUS 1 m", ":0\r\n"],
  ["EXISTS s", ":0\r\n"],
  ["GEOSEARCHSTORE d nosuch FROMMEMBER Palermo BYRADIUS 1 m", ":0\r\n"],
  ["SET s x", OK],
  ["GEOSEARCHSTORE d s FROMMEMBER Palermo BYRADIUS 1 m", WRONG_TYPE],
  ["GEOSEARCHSTORE d Sicily FROMMEMBER Palermo BYRADIUS 1 m WITHDIST", NOT_WITH_SEARCH_STORE],
  ["GEOSEARCHSTORE d Sicily FROMMEMBER Palermo BYRADIUS 1 m WITHHASH", NOT_WITH_SEARCH_STORE],
  ["GEOSEARCHSTORE d Sicily FROMMEMBER Palermo BYRADIUS 1 m WITHCOORD", NOT_WITH_SEARCH_STORE],
  ["GEOSEARCHSTORE d Sicily FROMMEMBER Palermo BYRADIUS 1 m STORE x", SYNTAX_ERROR],
  ["GEOSEARCHSTORE d Sicily FROMMEMBER nobody BYRADIUS 1 m", NO_MEMBER],
  ["GEOSEARCHSTORE d Sicily FROMMEMBER Palermo BYRADIUS 1 m COUNT 0", BAD_COUNT],
  [
    "GEOSEARCHSTORE d Sicily BYRADIUS 1 m ASC COUNT 1",
    "-ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for GEOSEARCHSTORE\r\n",
  ],
  [
    "GEOSEARCHSTORE d Sicily FROMMEMBER Palermo ASC COUNT 1 ANY",
    "-ERR exactly one of BYRADIUS and BYBOX can be specified for GEOSEARCHSTORE\r\n",
  ],
  ["EXISTS d", ":0\r\n"],
  ["GEOSEARCHSTORE d Sicily FROMMEMBER Palermo BYRADIUS 1", arity("geosearchstore")],
], { resp: "both" });

rawCases(server, "GEORADIUS", [
  ["GEOADD Sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania", ":2\r\n"],
  ["GEOADD Sicily 12.758489 38.788135 edge1 17.241510 38.788135 edge2", ":2\r\n"],
  ["GEORADIUS Sicily 15 37 200 km", array(bulk("Palermo"), bulk("Catania"))],
  ["GEORADIUS Sicily 15 37 200 km WITHDIST WITHCOORD WITHHASH DESC", {
    resp2: array(
      array(
        bulk("Palermo"),
        bulk("190.4424"),
        ":3479099956230698\r\n",
        array(bulk("13.36138933897018433"), bulk("38.11555639549629859")),
      ),
      array(
        bulk("Catania"),
        bulk("56.4413"),
        ":3479447370796909\r\n",
        array(bulk("15.08726745843887329"), bulk("37.50266842333162032")),
      ),
    ),
    resp3:
      "*2\r\n*4\r\n$7\r\nPalermo\r\n$8\r\n190.4424\r\n:3479099956230698\r\n*2\r\n,13.36138933897018433\r\n,38.11555639549629859\r\n*4\r\n$7\r\nCatania\r\n$7\r\n56.4413\r\n:3479447370796909\r\n*2\r\n,15.08726745843887329\r\n,37.50266842333162032\r\n",
  }],
  ["GEORADIUS Sicily 15 37 200 km ASC COUNT 1", array(bulk("Catania"))],
  ["GEORADIUS Sicily 15 37 1000 km COUNT 2 ANY", array(bulk("Palermo"), bulk("edge1"))],
  ["GEORADIUS Sicily 15 37 200 km STORE d", ":2\r\n"],
  ["ZRANGE d 0 -1", array(bulk("Palermo"), bulk("Catania"))],
  ["GEORADIUS Sicily 15 37 200 km STOREDIST d", ":2\r\n"],
  ["ZRANGE d 0 -1 WITHSCORES", {
    resp2: array(
      bulk("Catania"),
      bulk("56.4412578701582"),
      bulk("Palermo"),
      bulk("190.44242984775784"),
    ),
    resp3:
      "*2\r\n*2\r\n$7\r\nCatania\r\n,56.4412578701582\r\n*2\r\n$7\r\nPalermo\r\n,190.44242984775784\r\n",
  }, { since7: "7.2" }],
  ["GEORADIUS Sicily 15 37 200 km STORE d STOREDIST e COUNT 1", ":1\r\n"],
  ["EXISTS e", ":1\r\n"],
  ["ZRANGE e 0 -1", array(bulk("Catania"))],
  ["GEORADIUS Sicily 0 0 1 m STORE d", ":0\r\n"],
  ["EXISTS d", ":0\r\n"],
  ["GEORADIUS nosuch 0 0 1 m", array()],
  ["GEORADIUS nosuch 0 0 1 m STORE e", ":0\r\n"],
  ["EXISTS e", ":0\r\n"],
  ["GEORADIUS Sicily 15 37 200 km WITHDIST STORE d", NOT_WITH_STORE],
  ["GEORADIUS Sicily 15 37 200 km STORE", SYNTAX_ERROR],
  ["GEORADIUS Sicily 15 37 200 km STOREDIST", SYNTAX_ERROR],
  ["GEORADIUS Sicily 15 37 200 km COUNT 0", BAD_COUNT],
  ["GEORADIUS Sicily 15 37 200 km ANY", ANY_WITHOUT_COUNT],
  ["GEORADIUS Sicily 15 37 200 parsec", BAD_UNIT],
  ["GEORADIUS Sicily 15 37 x km", BAD_RADIUS],
  ["GEORADIUS Sicily 15 37 -1 km", NEGATIVE_RADIUS],
  ["GEORADIUS Sicily 15 100 1 km", "-ERR invalid longitude,latitude pair 15.000000,100.000000\r\n"],
  ["GEORADIUS Sicily x 37 1 km", NOT_A_FLOAT],
  ["GEORADIUS Sicily 15 37 200 km FROMMEMBER Palermo", SYNTAX_ERROR],
  ["GEORADIUS nosuch 15 37 x km", BAD_RADIUS],
  ["SET s x", OK],
  ["GEORADIUS s 15 37 x km", WRONG_TYPE],
  ["GEORADIUS Sicily 15 37 200", arity("georadius")],
  ["GEORADIUS", arity("georadius")],
], { resp: "both" });

rawCases(server, "GEORADIUS_RO", [
  ["GEOADD Sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania", ":2\r\n"],
  [
    "GEORADIUS_RO Sicily 15 37 200 km ASC WITHDIST",
    array(array(bulk("Catania"), bulk("56.4413")), array(bulk("Palermo"), bulk("190.4424"))),
  ],
  ["GEORADIUS_RO Sicily 15 37 200 km STORE d", SYNTAX_ERROR],
  ["GEORADIUS_RO Sicily 15 37 200 km STOREDIST d", SYNTAX_ERROR],
  ["GEORADIUS_RO nosuch 15 37 200 km", array()],
  ["SET s x", OK],
  ["GEORADIUS_RO s 15 37 200 km", WRONG_TYPE],
  ["GEORADIUS_RO Sicily 15 37 200", arity("georadius_ro")],
]);

rawCases(server, "GEORADIUSBYMEMBER", [
  ["GEOADD Sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania", ":2\r\n"],
  ["GEOADD Sicily 12.758489 38.788135 edge1 17.241510 38.788135 edge2", ":2\r\n"],
  [
    "GEORADIUSBYMEMBER Sicily Palermo 200 km ASC",
    array(bulk("Palermo"), bulk("edge1"), bulk("Catania")),
  ],
  [
    "GEORADIUSBYMEMBER Sicily Palermo 200 km DESC WITHDIST COUNT 1",
    array(array(bulk("Catania"), bulk("166.2742"))),
  ],
  ["GEORADIUSBYMEMBER Sicily Palermo 200 km STORE d", ":3\r\n"],
  ["ZRANGE d 0 -1", array(bulk("Palermo"), bulk("edge1"), bulk("Catania"))],
  ["GEORADIUSBYMEMBER nosuch Palermo 200 km", array()],
  ["GEORADIUSBYMEMBER nosuch Palermo x parsec", array()],
  ["GEORADIUSBYMEMBER nosuch Palermo x parsec STORE d", ":0\r\n"],
  ["EXISTS d", ":0\r\n"],
  ["GEORADIUSBYMEMBER nosuch Palermo x parsec FOO", SYNTAX_ERROR],
  ["GEORADIUSBYMEMBER Sicily nobody x parsec", NO_MEMBER],
  ["GEORADIUSBYMEMBER Sicily Palermo x parsec", BAD_RADIUS],
  ["GEORADIUSBYMEMBER Sicily Palermo 1 parsec", BAD_UNIT],
  ["SET s x", OK],
  ["GEORADIUSBYMEMBER s x 1 m", WRONG_TYPE],
  ["GEORADIUSBYMEMBER Sicily Palermo 1", arity("georadiusbymember")],
  [
    "GEORADIUSBYMEMBER_RO Sicily Palermo 200 km ASC",
    array(bulk("Palermo"), bulk("edge1"), bulk("Catania")),
  ],
  ["GEORADIUSBYMEMBER_RO Sicily Palermo 200 km STORE d", SYNTAX_ERROR],
  ["GEORADIUSBYMEMBER_RO nosuch Palermo 200 km", array()],
  ["GEORADIUSBYMEMBER_RO s x 1 m", WRONG_TYPE],
  ["GEORADIUSBYMEMBER_RO Sicily Palermo 1", arity("georadiusbymember_ro")],
]);

rawCases(server, "keys of searches", [
  [
    "COMMAND GETKEYS GEORADIUS k 15 37 200 km STORE a STOREDIST b",
    array(bulk("k"), bulk("a"), bulk("b")),
  ],
  ["COMMAND GETKEYS GEORADIUS k 15 37 200 km ASC", array(bulk("k"))],
  ["COMMAND GETKEYS GEORADIUSBYMEMBER k m 200 km STOREDIST d", array(bulk("k"), bulk("d"))],
  ["COMMAND GETKEYS GEOSEARCHSTORE d s FROMMEMBER m BYRADIUS 1 m", array(bulk("d"), bulk("s"))],
  ["COMMAND GETKEYS GEOSEARCH s FROMMEMBER m BYRADIUS 1 m ASC", array(bulk("s"))],
  [
    "COMMAND GETKEYSANDFLAGS GEORADIUS k 15 37 200 km STORE a",
    array(
      array(bulk("k"), array("+RO\r\n", "+access\r\n")),
      array(bulk("a"), array("+OW\r\n", "+update\r\n")),
    ),
  ],
]);
