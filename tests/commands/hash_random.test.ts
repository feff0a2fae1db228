/**
 * HRANDFIELD, to the byte, in both encodings.
 */
import { array, bulk, NIL, OK, type RawCase, rawCases } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";
import { arrayFrom, arrayOf } from "./set_wants.ts";

const server = target();

const NOT_IN_RANGE =
  "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807\r\n";
const FIELDS = ["a", "b", "c", "d", "e"];

for (const entries of [128, 0]) {
  const cases: readonly RawCase[] = [
    [`CONFIG SET hash-max-listpack-entries ${entries}`, OK],
    ["HRANDFIELD nosuch", NIL],
    ["HRANDFIELD nosuch 5", "*0\r\n"],
    ["HRANDFIELD nosuch -5 WITHVALUES", "*0\r\n"],
    ["HSET one f v", ":1\r\n"],
    ["HRANDFIELD one", bulk("f")],
    ["HRANDFIELD one 0", "*0\r\n"],
    ["HRANDFIELD one 1", array(bulk("f"))],
    ["HRANDFIELD one 9", array(bulk("f"))],
    ["HRANDFIELD one -3", array(bulk("f"), bulk("f"), bulk("f"))],
    ["HRANDFIELD one 4 WITHVALUES", {
      resp2: array(bulk("f"), bulk("v")),
      resp3: array(array(bulk("f"), bulk("v"))),
    }],
    ["HRANDFIELD one -2 withvalues", {
      resp2: array(bulk("f"), bulk("v"), bulk("f"), bulk("v")),
      resp3: array(array(bulk("f"), bulk("v")), array(bulk("f"), bulk("v"))),
    }],
    ["HSET h a 1 b 2 c 3 d 4 e 5", ":5\r\n"],
    ["HRANDFIELD h", new RegExp(`^\\$1\r\n[a-e]\r\n$`)],
    ["HRANDFIELD h 5", arrayOf(...FIELDS)],
    ["HRANDFIELD h 100", arrayOf(...FIELDS)],
    ["HRANDFIELD h 3", arrayFrom(3, FIELDS)],
    ["HRANDFIELD h 1", arrayFrom(1, FIELDS)],
    ["HRANDFIELD h -20", arrayFrom(20, FIELDS)],
    ["HRANDFIELD h 4 WITHVALUES", {
      resp2: arrayFrom(8, [...FIELDS, "1", "2", "3", "4", "5"]),
      resp3: /^\*4\r\n(?:\*2\r\n\$1\r\n[a-e]\r\n\$1\r\n[1-5]\r\n){4}$/,
    }],
    ["HRANDFIELD h x", "-ERR value is not an integer or out of range\r\n"],
    ["HRANDFIELD h 1 what", "-ERR syntax error\r\n"],
    ["HRANDFIELD h 1 WITHVALUES more", "-ERR syntax error\r\n"],
    ["HRANDFIELD h -9223372036854775808", NOT_IN_RANGE],
    ["HRANDFIELD h -9223372036854775807 WITHVALUES", "-ERR value is out of range\r\n"],
    ["HRANDFIELD h 4611686018427387904 WITHVALUES", "-ERR value is out of range\r\n"],
    ["HRANDFIELD h 9223372036854775807", arrayOf(...FIELDS)],
    ["CONFIG SET hash-max-listpack-entries 512", OK],
  ];
  rawCases(server, `HRANDFIELD, up to ${entries} fields in a listpack`, cases, { resp: "both" });
}

const MANY = Array.from({ length: 600 }, (_, i) => `f${i}`);

rawCases(server, "HRANDFIELD of a large hash", [
  [["HSET", "h", ...MANY.flatMap((field) => [field, "v"])], ":600\r\n"],
  ["OBJECT ENCODING h", bulk("hashtable")],
  ["HRANDFIELD h 600", arrayOf(...MANY)],
  ["HRANDFIELD h 500", arrayFrom(500, MANY)],
  ["HRANDFIELD h 20", arrayFrom(20, MANY)],
  ["HRANDFIELD h -700", arrayFrom(700, MANY)],
]);
