/**
 * The commands about the time to live of a hash's fields, to the byte, in both encodings. What happens when the
 * time is over is in tests/model/field_expiry.test.ts, where the clock obeys.
 */
import { array, bulk, OK, type RawCase, rawCases } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";

const server = target();

const SINCE = { since7: "7.4" };
const NOT_AN_INTEGER = "-ERR value is not an integer or out of range\r\n";
const NO_FIELDS = "-ERR Mandatory argument FIELDS is missing or not at the right position\r\n";
const WRONG_COUNT = "-ERR The `numfields` parameter must match the number of arguments\r\n";
const NOT_POSITIVE_COUNT = "-ERR Number of fields must be a positive integer\r\n";
const NUMFIELDS_TOO_SMALL = "-ERR Parameter `numFields` should be greater than 0\r\n";
const NEGATIVE = "-ERR invalid expire time, must be >= 0\r\n";
const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
const invalid = (command: string) => `-ERR invalid expire time in '${command}' command\r\n`;
const numbers = (...values: number[]) => array(...values.map((value) => `:${value}\r\n`));
/** The same of times to live that began a moment ago: a slow machine may have used up nine seconds. */
const seconds = (...values: number[]) => {
  const left = (value: number) => Array.from({ length: value < 0 ? 1 : 10 }, (_, i) => value - i);
  const items = values.map((value) => `:(?:${left(value).join("|")})\\r\\n`);
  return new RegExp(`^\\*${values.length}\\r\\n${items.join("")}$`);
};

/** The cases in a listpack, then in a hashtable. Older servers have none of them. */
function hashCases(name: string, cases: readonly (readonly [string, string | RegExp])[]): void {
  for (const entries of [128, 0]) {
    rawCases(server, `${name}, up to ${entries} fields in a listpack`, [
      [`CONFIG SET hash-max-listpack-entries ${entries}`, OK],
      ...cases.map(([command, want]): RawCase => [command, want, SINCE]),
      ["CONFIG SET hash-max-listpack-entries 512", OK],
    ], { resp: "both" });
  }
}

hashCases("setting and asking", [
  ["HEXPIRE nosuch 10 FIELDS 2 a b", numbers(-2, -2)],
  ["HTTL nosuch FIELDS 2 a b", numbers(-2, -2)],
  ["HPERSIST nosuch FIELDS 1 a", numbers(-2)],
  ["HSET h a 1 b 2 c 3", ":3\r\n"],
  ["HTTL h FIELDS 2 a z", numbers(-1, -2)],
  ["HPERSIST h FIELDS 2 a z", numbers(-1, -2)],
  ["HEXPIRE h 100 FIELDS 2 a z", numbers(1, -2)],
  ["HTTL h FIELDS 3 a b z", seconds(100, -1, -2)],
  ["HPTTL h FIELDS 1 a", /^\*1\r\n:(?:100000|9\d{4})\r\n$/],
  ["HPEXPIRE h 200000 FIELDS 1 a", numbers(1)],
  ["HTTL h FIELDS 1 a", seconds(200)],
  ["HEXPIREAT h 33177117420 FIELDS 1 b", numbers(1)],
  ["HEXPIRETIME h FIELDS 2 b c", numbers(33177117420, -1)],
  ["HPEXPIRETIME h FIELDS 1 b", numbers(33177117420000)],
  ["HPEXPIREAT h 33177117420001 FIELDS 1 b", numbers(1)],
  ["HPEXPIRETIME h FIELDS 1 b", numbers(33177117420001)],
  ["HEXPIRETIME h FIELDS 1 b", numbers(33177117421)],
  ["HPERSIST h FIELDS 3 a b c", numbers(1, 1, -1)],
  ["HTTL h FIELDS 3 a b c", numbers(-1, -1, -1)],
  ["HLEN h", ":3\r\n"],
  // The same field twice.
  ["HEXPIRE h 100 NX FIELDS 2 a a", numbers(1, 0)],
]);

hashCases("conditions", [
  ["HSET h a 1 b 2", ":2\r\n"],
  ["HPEXPIREAT h 40000000000000 XX FIELDS 2 a b", numbers(0, 0)],
  ["HPEXPIREAT h 40000000000000 GT FIELDS 1 a", numbers(0)],
  ["HPEXPIREAT h 40000000000000 LT FIELDS 1 a", numbers(1)],
  ["HPEXPIREAT h 40000000000001 nx FIELDS 2 a b", numbers(0, 1)],
  ["HPEXPIREAT h 40000000000000 GT FIELDS 2 a b", numbers(0, 0)],
  ["HPEXPIREAT h 40000000000001 GT FIELDS 2 a b", numbers(1, 0)],
  ["HPEXPIREAT h 40000000000001 LT FIELDS 2 a b", numbers(0, 0)],
  ["HPEXPIREAT h 40000000000000 lt FIELDS 2 a b", numbers(1, 1)],
  ["HPEXPIREAT h 30000000000000 Xx FIELDS 2 a z", numbers(1, -2)],
  ["HPEXPIRETIME h FIELDS 2 a b", numbers(30000000000000, 40000000000000)],
]);

hashCases("a time that is over", [
  ["HSET h a 1 b 2 c 3", ":3\r\n"],
  ["HEXPIREAT h 1 FIELDS 2 a z", numbers(2, -2)],
  ["HGET h a", /^(?:\$-1|_)\r\n$/],
  ["HEXPIRE h 0 FIELDS 1 b", numbers(2)],
  ["HLEN h", ":1\r\n"],
  ["HPEXPIRE h 0 NX FIELDS 3 b c c", numbers(-2, 2, -2)],
  ["EXISTS h", ":0\r\n"],
]);

hashCases("what keeps an expiry and what takes it away", [
  ["HSET h a 1 b 2.5 c 3", ":3\r\n"],
  ["HEXPIRE h 100 FIELDS 3 a b c", numbers(1, 1, 1)],
  ["HINCRBY h a 1", ":2\r\n"],
  ["HINCRBYFLOAT h b 1", bulk("3.5")],
  ["HSETNX h c 4", ":0\r\n"],
  ["HTTL h FIELDS 3 a b c", seconds(100, 100, 100)],
  ["HSET h a 5", ":0\r\n"],
  ["HMSET h b 6", OK],
  ["HTTL h FIELDS 3 a b c", seconds(-1, -1, 100)],
  ["HDEL h c", ":1\r\n"],
  ["HSET h c 1", ":1\r\n"],
  ["HTTL h FIELDS 1 c", numbers(-1)],
  ["HEXPIRE h 100 FIELDS 1 c", numbers(1)],
  ["COPY h copy", ":1\r\n"],
  ["RENAME h renamed", OK],
  ["HTTL copy FIELDS 2 a c", seconds(-1, 100)],
  ["HTTL renamed FIELDS 2 a c", seconds(-1, 100)],
  ["EXPIRE renamed 1000", ":1\r\n"],
  ["HTTL renamed FIELDS 2 a c", seconds(-1, 100)],
  ["PERSIST renamed", ":1\r\n"],
  ["HTTL renamed FIELDS 2 a c", seconds(-1, 100)],
]);

hashCases("errors", [
  ["HSET h a 1", ":1\r\n"],
  ["HEXPIRE h x FIELDS 1 a", NOT_AN_INTEGER],
  ["HEXPIRE h -1 FIELDS 1 a", NEGATIVE],
  ["HPEXPIRE h -9223372036854775808 FIELDS 1 a", NEGATIVE],
  ["HEXPIRE h 9223372036854775807 FIELDS 1 a", invalid("hexpire")],
  ["HEXPIRE h 70368744178 FIELDS 1 a", invalid("hexpire")],
  ["HEXPIRE h 70368744177 FIELDS 1 a", invalid("hexpire")],
  ["HEXPIREAT h 70368744178 FIELDS 1 a", invalid("hexpireat")],
  ["HEXPIREAT h 70368744177 FIELDS 1 a", numbers(1)],
  ["HPEXPIRE h 70368744177663 FIELDS 1 a", invalid("hpexpire")],
  ["HPEXPIREAT h 70368744177664 FIELDS 1 a", invalid("hpexpireat")],
  ["HPEXPIREAT h 70368744177663 FIELDS 1 a", numbers(1)],
  ["HEXPIRE h 10 FIELD 1 a", NO_FIELDS],
  ["HEXPIRE h 10 1 FIELDS a", NO_FIELDS],
  ["HEXPIRE h 10 NX XX FIELDS 1 a", NO_FIELDS],
  ["HEXPIRE h 10 FIELDS x a", NUMFIELDS_TOO_SMALL],
  ["HEXPIRE h 10 FIELDS 0 a", NUMFIELDS_TOO_SMALL],
  ["HEXPIRE h 10 NX FIELDS 0", NUMFIELDS_TOO_SMALL],
  ["HEXPIRE h 10 FIELDS 2 a", WRONG_COUNT],
  ["HEXPIRE h 10 FIELDS 1 a b", WRONG_COUNT],
  ["HEXPIRE nosuch 10 FIELDS 1 a b", WRONG_COUNT],
  ["HTTL h FIELD 1 a", NO_FIELDS],
  ["HTTL h FIELDS 0 a", NOT_POSITIVE_COUNT],
  ["HTTL h FIELDS x a", NOT_POSITIVE_COUNT],
  ["HPTTL h FIELDS 2 a", WRONG_COUNT],
  ["HEXPIRETIME h FIELDS 1 a b", WRONG_COUNT],
  ["HPERSIST h FIELDS -1 a", NOT_POSITIVE_COUNT],
  ["HPERSIST h FIELDS 3 a b", WRONG_COUNT],
  ["HPERSIST h 1 FIELDS a", NO_FIELDS],
  ["HEXPIRE h 10 FIELDS 1", "-ERR wrong number of arguments for 'hexpire' command\r\n"],
  ["HTTL h FIELDS 1", "-ERR wrong number of arguments for 'httl' command\r\n"],
  ["HPERSIST h FIELDS 1", "-ERR wrong number of arguments for 'hpersist' command\r\n"],
  ["SET s v", OK],
  ["HEXPIRE s x FIELDS 1 a", WRONG_TYPE],
  ["HTTL s what 1 a", WRONG_TYPE],
  ["HPERSIST s what 1 a", WRONG_TYPE],
  ["HPEXPIRETIME h FIELDS 1 a", numbers(70368744177663)],
]);

rawCases(server, "encodings of hashes whose fields expire", [
  ["HSET h a 1", ":1\r\n"],
  ["HEXPIRE h 100 FIELDS 1 nosuch", numbers(-2), SINCE],
  ["OBJECT ENCODING h", bulk("listpackex"), SINCE],
  ["HGETALL h", { resp2: array(bulk("a"), bulk("1")), resp3: /^%1/ }, SINCE],
  ["HEXPIRE h 100 FIELDS 1 a", numbers(1), SINCE],
  ["HPERSIST h FIELDS 1 a", numbers(1), SINCE],
  ["OBJECT ENCODING h", bulk("listpackex"), SINCE],
  ["HSET h b 1 c 1", ":2\r\n", SINCE],
  ["HEXPIRE h 30 FIELDS 1 b", numbers(1), SINCE],
  ["HEXPIRE h 20 FIELDS 1 c", numbers(1), SINCE],
  // The fields of a small one are in the order in which they expire.
  ["HKEYS h", array(bulk("c"), bulk("b"), bulk("a")), SINCE],
  ["HSET h c 2", ":0\r\n", SINCE],
  ["HKEYS h", array(bulk("b"), bulk("a"), bulk("c")), SINCE],
  ["HSCAN h 0 NOVALUES", array(bulk("0"), array(bulk("b"), bulk("a"), bulk("c"))), SINCE],
  ["CONFIG SET hash-max-listpack-entries 3", OK],
  ["HSET h d 1", ":1\r\n", SINCE],
  ["OBJECT ENCODING h", bulk("hashtable"), SINCE],
  ["HTTL h FIELDS 4 a b c d", seconds(-1, 30, -1, -1), SINCE],
  ["CONFIG SET hash-max-listpack-entries 512", OK],
]);
