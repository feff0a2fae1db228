/**
 * HINCRBY and HINCRBYFLOAT, to the byte, in both encodings.
 */
import { bulk, OK, type RawCase, rawCases } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";

const server = target();

const NOT_AN_INTEGER = "-ERR value is not an integer or out of range\r\n";
const OVERFLOW = "-ERR increment or decrement would overflow\r\n";
const NOT_A_FLOAT = "-ERR value is not a valid float\r\n";

function hashCases(name: string, cases: readonly RawCase[]): void {
  for (const entries of [128, 0]) {
    rawCases(server, `${name}, up to ${entries} fields in a listpack`, [
      [`CONFIG SET hash-max-listpack-entries ${entries}`, OK],
      ...cases,
      ["CONFIG SET hash-max-listpack-entries 512", OK],
    ], { resp: "both" });
  }
}

hashCases("HINCRBY", [
  ["HINCRBY h f 5", ":5\r\n"],
  ["HINCRBY h f -7", ":-2\r\n"],
  ["HINCRBY h g 1", ":1\r\n"],
  ["HGETALL h", /^[*%]/],
  ["HGET h f", bulk("-2")],
  ["HINCRBY h f 0", ":-2\r\n"],
  ["HSET h big 17179869184", ":1\r\n"],
  ["HINCRBY h big 1", ":17179869185\r\n"],
  ["HINCRBY h big 9007199254740992", ":9007216434610177\r\n"],
  ["HINCRBY h big 9007199254740992", ":18014415689351169\r\n"],
  ["HSET h max 9223372036854775807", ":1\r\n"],
  ["HINCRBY h max 1", OVERFLOW],
  ["HGET h max", bulk("9223372036854775807")],
  ["HINCRBY h max -1", ":9223372036854775806\r\n"],
  ["HINCRBY h max -9223372036854775807", ":-1\r\n"],
  ["HINCRBY h max -9223372036854775808", OVERFLOW],
  ["HINCRBY h max -9223372036854775807", ":-9223372036854775808\r\n"],
  ["HINCRBY h fresh 9223372036854775807", ":9223372036854775807\r\n"],
  ["HSET h text abc spaced ' 11' tail '11 ' empty '' float 1.5 wide 9223372036854775808", ":6\r\n"],
  ...["text", "spaced", "tail", "empty", "float", "wide"].map((field): RawCase => [
    `HINCRBY h ${field} 1`,
    "-ERR hash value is not an integer\r\n",
  ]),
  ["HINCRBY h f x", NOT_AN_INTEGER],
  ["HINCRBY h f 1.5", NOT_AN_INTEGER],
  ["HINCRBY h f ''", NOT_AN_INTEGER],
  ["HINCRBY h f 9223372036854775808", NOT_AN_INTEGER],
  ["HINCRBY nosuch f x", NOT_AN_INTEGER],
  ["EXISTS nosuch", ":0\r\n"],
]);

hashCases("HINCRBYFLOAT", [
  ["HINCRBYFLOAT h f 1.5", bulk("1.5")],
  ["HINCRBYFLOAT h f 1.5", bulk("3")],
  ["HGET h f", bulk("3")],
  ["HINCRBYFLOAT h f 0.1", bulk("3.1")],
  ["HSET h tenth 0.1", ":1\r\n"],
  ["HINCRBYFLOAT h tenth 0.2", bulk("0.3")],
  ["HSET h long 3.0e3", ":1\r\n"],
  ["HINCRBYFLOAT h long 200", bulk("3200")],
  ["HINCRBYFLOAT h int 10", bulk("10")],
  ["HINCRBY h int 1", ":11\r\n"],
  ["HINCRBYFLOAT h int -11", bulk("0")],
  ["HINCRBYFLOAT h negative -1.23", bulk("-1.23")],
  ["HINCRBYFLOAT h wide 9223372036854775808", bulk("9223372036854775808")],
  ["HSET h text abc spaced ' 11' tail '11 ' empty ''", ":4\r\n"],
  ...["text", "spaced", "tail", "empty"].map((field): RawCase => [
    `HINCRBYFLOAT h ${field} 1`,
    "-ERR hash value is not a float\r\n",
  ]),
  ["HINCRBYFLOAT h f x", NOT_A_FLOAT],
  ["HINCRBYFLOAT h f ''", NOT_A_FLOAT],
  ["HINCRBYFLOAT h f nan", NOT_A_FLOAT],
  ["HINCRBYFLOAT h f inf", "-ERR value is NaN or Infinity\r\n"],
  ["HINCRBYFLOAT h f -Infinity", "-ERR value is NaN or Infinity\r\n"],
  ["HSET h inf inf", ":1\r\n"],
  ["HINCRBYFLOAT h inf 1", "-ERR increment would produce NaN or Infinity\r\n"],
  ["HINCRBYFLOAT nosuch f inf", "-ERR value is NaN or Infinity\r\n"],
  ["EXISTS nosuch", ":0\r\n"],
]);
