/**
 * GEOADD, GEODIST, GEOHASH and GEOPOS, to the byte.
 */
import { array, bulk, NIL, OK, rawCases } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";

const server = target();

const BAD_UNIT = "-ERR unsupported unit provided. please use M, KM, FT, MI\r\n";
const NOT_A_FLOAT = "-ERR value is not a valid float\r\n";
const SYNTAX_ERROR = "-ERR syntax error\r\n";
const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
const arity = (command: string) => `-ERR wrong number of arguments for '${command}' command\r\n`;

rawCases(server, "GEOADD", [
  ["GEOADD Sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania", ":2\r\n"],
  ["GEOADD Sicily 13.361389 38.115556 Palermo", ":0\r\n"],
  ["ZCARD Sicily", ":2\r\n"],
  ["TYPE Sicily", "+zset\r\n"],
  ["OBJECT ENCODING Sicily", bulk("listpack")],
  ["ZSCORE Sicily Palermo", bulk("3479099956230698")],
  ["ZSCORE Sicily Catania", bulk("3479447370796909")],
  ["GEOADD Sicily CH 13 38 Palermo", ":1\r\n"],
  ["GEOADD Sicily ch 13 38 Palermo", ":0\r\n"],
  ["GEOADD Sicily XX 14 38 Palermo 1 1 nobody", ":0\r\n"],
  ["ZCARD Sicily", ":2\r\n"],
  ["GEOADD Sicily NX 15 38 Palermo 1 1 Nobody", ":1\r\n"],
  ["ZCARD Sicily", ":3\r\n"],
  ["GEOADD Sicily NX CH 2 2 Nobody 3 3 other", ":1\r\n"],
  ["GEOADD Sicily XX CH 2 2 Nobody 3 3 other", ":1\r\n"],
  ["GEOADD k XX 1 1 a", ":0\r\n"],
  ["EXISTS k", ":0\r\n"],
  ["GEOADD k 1 1 a 2 2 a", ":1\r\n"],
  ["ZSCORE k a", bulk("3378191666521995")],
  ["GEOADD k 180 85.05112878 ne -180 -85.05112878 sw 180 -85.05112878 se 0 0 o", ":4\r\n"],
  [
    "ZRANGE k 0 -1 WITHSCORES",
    array(
      bulk("sw"),
      bulk("0"),
      bulk("o"),
      bulk("3377699720527872"),
      bulk("a"),
      bulk("3378191666521995"),
      bulk("se"),
      bulk("9007199254740992"),
      bulk("ne"),
      bulk("13510798882111488"),
    ),
  ],
  ["GEOADD k +1.5 -1e1 b", ":1\r\n"],
  ["GEOADD k NX XX 1 1 a", SYNTAX_ERROR],
  ["GEOADD k 1 1", arity("geoadd")],
  ["GEOADD k 1 1 a 2", SYNTAX_ERROR],
  ["GEOADD k NX CH XX", SYNTAX_ERROR],
  ["GEOADD k NX", arity("geoadd")],
  ["GEOADD k x 1 a", NOT_A_FLOAT],
  ["GEOADD k 1 x a", NOT_A_FLOAT],
  ['GEOADD k "" 1 a', NOT_A_FLOAT],
  ["GEOADD k nan 1 a", NOT_A_FLOAT],
  ["GEOADD k inf 1 a", "-ERR invalid longitude,latitude pair inf,1.000000\r\n"],
  ["GEOADD k 180.1 1 a", "-ERR invalid longitude,latitude pair 180.100000,1.000000\r\n"],
  ["GEOADD k 1 85.06 a", "-ERR invalid longitude,latitude pair 1.000000,85.060000\r\n"],
  ["GEOADD k -181 -90 a", "-ERR invalid longitude,latitude pair -181.000000,-90.000000\r\n"],
  [
    "GEOADD k 1e20 1 a",
    "-ERR invalid longitude,latitude pair 100000000000000000000.000000,1.000000\r\n",
  ],
  ["GEOADD k 180.0078125 1 a", "-ERR invalid longitude,latitude pair 180.007812,1.000000\r\n"],
  [
    "GEOADD k 2 2 first 200 200 second",
    "-ERR invalid longitude,latitude pair 200.000000,200.000000\r\n",
  ],
  ["ZSCORE k first", NIL],
  ["SET s x", OK],
  ["GEOADD s 1 1 a", WRONG_TYPE],
  ["GEOADD s 200 1 a", "-ERR invalid longitude,latitude pair 200.000000,1.000000\r\n"],
  ["GEOADD s XX 1 1 a", WRONG_TYPE],
  ["GEOADD", arity("geoadd")],
  ["GEOADD k 1", arity("geoadd")],
]);

rawCases(server, "GEOPOS", [
  ["GEOPOS k a", { resp2: array("*-1\r\n"), resp3: "*1\r\n_\r\n" }],
  ["GEOADD Sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania", ":2\r\n"],
  ["GEOPOS Sicily Palermo", {
    resp2: array(array(bulk("13.36138933897018433"), bulk("38.11555639549629859"))),
    resp3: "*1\r\n*2\r\n,13.36138933897018433\r\n,38.11555639549629859\r\n",
  }],
  ["GEOPOS Sicily Palermo nobody Catania", {
    resp2: array(
      array(bulk("13.36138933897018433"), bulk("38.11555639549629859")),
      "*-1\r\n",
      array(bulk("15.08726745843887329"), bulk("37.50266842333162032")),
    ),
    resp3:
      "*3\r\n*2\r\n,13.36138933897018433\r\n,38.11555639549629859\r\n_\r\n*2\r\n,15.08726745843887329\r\n,37.50266842333162032\r\n",
  }],
  ["GEOPOS Sicily", array()],
  ["GEOPOS k", array()],
  ["GEOADD k 0 0 zero 180 85.05112878 ne -180 -85.05112878 sw -0.000001 0.000001 near", ":4\r\n"],
  ["GEOPOS k zero ne sw near", {
    resp2: array(
      array(bulk("0.00000268220901489"), bulk("0.00000126736058093")),
      array(bulk("180"), bulk("85.0511287799999991")),
      array(bulk("-179.99999731779098511"), bulk("-85.05112751263942528")),
      array(bulk("-0.00000268220901489"), bulk("0.00000126736058093")),
    ),
    resp3:
      "*4\r\n*2\r\n,0.00000268220901489\r\n,0.00000126736058093\r\n*2\r\n,180\r\n,85.0511287799999991\r\n*2\r\n,-179.99999731779098511\r\n,-85.05112751263942528\r\n*2\r\n,-0.00000268220901489\r\n,0.00000126736058093\r\n",
  }],
  ["ZADD k 1.5 half -5 negative 4503599627370495 last", ":3\r\n"],
  ["GEOPOS k half negative last", {
    resp2: array(
      array(bulk("-179.99999731779098511"), bulk("-85.05112497791824921")),
      array(bulk("180"), bulk("85.0511287799999991")),
      array(bulk("179.99999731779098511"), bulk("85.05112751263942528")),
    ),
    resp3:
      "*3\r\n*2\r\n,-179.99999731779098511\r\n,-85.05112497791824921\r\n*2\r\n,180\r\n,85.0511287799999991\r\n*2\r\n,179.99999731779098511\r\n,85.05112751263942528\r\n",
  }],
  ["SET s x", OK],
  ["GEOPOS s a", WRONG_TYPE],
  ["GEOPOS", arity("geopos")],
], { resp: "both" });

rawCases(server, "GEOHASH", [
  ["GEOHASH k a", { resp2: array("$-1\r\n"), resp3: "*1\r\n_\r\n" }],
  ["GEOADD Sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania", ":2\r\n"],
  ["GEOHASH Sicily Palermo Catania", array(bulk("sqc8b49rny0"), bulk("sqdtr74hyu0"))],
  ["GEOHASH Sicily Palermo nobody", {
    resp2: array(bulk("sqc8b49rny0"), "$-1\r\n"),
    resp3: "*2\r\n$11\r\nsqc8b49rny0\r\n_\r\n",
  }],
  ["GEOHASH Sicily", array()],
  ["GEOADD k -5.6 42.6 test 0 0 zero 180 85.05112878 ne -180 -85.05112878 sw 180 0 e", ":5\r\n"],
  [
    "GEOHASH k test zero ne sw e",
    array(
      bulk("ezs42e44yx0"),
      bulk("s0000000000"),
      bulk("bp05b5048p0"),
      bulk("00bh0hbj200"),
      bulk("80000000000"),
    ),
  ],
  ["SET s x", OK],
  ["GEOHASH s a", WRONG_TYPE],
  ["GEOHASH", arity("geohash")],
], { resp: "both" });

rawCases(server, "GEODIST", [
  ["GEODIST Sicily Palermo Catania", NIL],
  ["GEOADD Sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania", ":2\r\n"],
  ["GEODIST Sicily Palermo Catania", bulk("166274.1516")],
  ["GEODIST Sicily Palermo Catania m", bulk("166274.1516")],
  ["GEODIST Sicily Palermo Catania km", bulk("166.2742")],
  ["GEODIST Sicily Palermo Catania KM", bulk("166.2742")],
  ["GEODIST Sicily Palermo Catania mi", bulk("103.3182")],
  ["GEODIST Sicily Palermo Catania ft", bulk("545518.8700")],
  ["GEODIST Sicily Palermo Palermo", bulk("0.0000")],
  ["GEODIST Sicily Palermo nobody", NIL],
  ["GEODIST Sicily nobody Palermo", NIL],
  ["GEODIST Sicily Palermo Catania yards", BAD_UNIT],
  ["GEODIST nosuch a b yards", BAD_UNIT],
  ["GEODIST Sicily Palermo Catania km x", SYNTAX_ERROR],
  ["GEODIST nosuch a b km x", SYNTAX_ERROR],
  ["GEOADD k 0 0 a 180 0 b 0 10 c 0 20 d 179.9 0 e -179.9 0 f", ":6\r\n"],
  ["GEODIST k c d", bulk("1112262.9623")],
  ["GEODIST k a b km", bulk("20020.7336")],
  ["GEODIST k e f km", bulk("22.2454")],
  ["GEODIST k a c mi", bulk("691.1299")],
  ["SET s x", OK],
  ["GEODIST s a b", WRONG_TYPE],
  ["GEODIST s a b yards", BAD_UNIT],
  ["GEODIST s a", arity("geodist")],
  ["GEODIST", arity("geodist")],
], { resp: "both" });
