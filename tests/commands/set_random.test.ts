/**
 * SPOP and SRANDMEMBER: what can be told of random members, and that all are equally likely.
 */
import { describe, test } from "node:test";
import assert from "node:assert/strict";
import process from "node:process";
import { bulk, NIL, OK, type RawCase, rawCases, ttl } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";
import { arrayFrom, arrayOf, setFrom, setOf } from "./set_wants.ts";

const server = target();

const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
const SYNTAX = "-ERR syntax error\r\n";
const NOT_AN_INTEGER = "-ERR value is not an integer or out of range\r\n";
const NOT_POSITIVE = "-ERR value is out of range, must be positive\r\n";
const SIGNED =
  "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807\r\n";
const INT64_MAX = "9223372036854775807";
const arity = (command: string) => `-ERR wrong number of arguments for '${command}' command\r\n`;

function range(count: number, prefix: string): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}${i}`);
}

/** Sets of each encoding: intset, listpack, hashtable. */
const SETS: [string, string[]][] = [
  ["an intset", range(200, "")],
  ["a listpack", range(60, "m")],
  ["a hashtable", range(700, "m")],
];

for (const [name, members] of SETS) {
  const size = members.length;
  const add: RawCase = [["SADD", "s", ...members], `:${size}\r\n`];
  const left = (count: number): RawCase => ["SCARD s", `:${count}\r\n`];
  rawCases(server, `SPOP from ${name}`, [
    add,
    ["SPOP s", new RegExp(`^(?:${members.map((m) => bulk(m).replaceAll("$", "\\$")).join("|")})$`)],
    left(size - 1),
    ["SPOP s 0", setOf()],
    ["SPOP s 1", setFrom(1, members)],
    ["SPOP s 9", setFrom(9, members)],
    left(size - 11),
    [`SPOP s ${Math.floor(size / 2)}`, setFrom(Math.floor(size / 2), members)],
    left(Math.ceil(size / 2) - 11),
    // Five sixths and more, so that what stays is chosen.
    [`SPOP s ${Math.ceil(size / 2) - 14}`, setFrom(Math.ceil(size / 2) - 14, members)],
    left(3),
    ["SPOP s 4", setFrom(3, members)],
    ["EXISTS s", ":0\r\n"],
    add,
    [`SPOP s ${size}`, setOf(...members)],
    ["EXISTS s", ":0\r\n"],
    add,
    [`SPOP s ${INT64_MAX}`, setOf(...members)],
    ["EXISTS s", ":0\r\n"],
    add,
    ["EXPIRE s 1000", ":1\r\n"],
    [`SPOP s ${size - 2}`, setFrom(size - 2, members)],
    ["SMEMBERS s", setFrom(2, members)],
    ["TTL s", ttl(1000)],
    ["SPOP s 1", setFrom(1, members)],
    ["SPOP s", /^\$/],
    ["EXISTS s", ":0\r\n"],
  ], { resp: "both" });

  rawCases(server, `SRANDMEMBER of ${name}`, [
    add,
    ["SRANDMEMBER s", /^\$\d+\r\n.*\r\n$/],
    ["SRANDMEMBER s 0", "*0\r\n"],
    ["SRANDMEMBER s 1", arrayFrom(1, members)],
    ["SRANDMEMBER s 7", arrayFrom(7, members)],
    [`SRANDMEMBER s ${size - 5}`, arrayFrom(size - 5, members)],
    [`SRANDMEMBER s ${size}`, arrayOf(...members)],
    [`SRANDMEMBER s ${INT64_MAX}`, arrayOf(...members)],
    ["SRANDMEMBER s -1", arrayFrom(1, members)],
    ["SRANDMEMBER s -7", arrayFrom(7, members)],
    ["SRANDMEMBER s -2000", arrayFrom(2000, members)],
    left(size),
  ], { resp: "both" });

  // Real servers favour some: that is theirs to know.
  describe(`chances in ${name}`, { skip: process.env.ORACLE !== undefined }, () => {
    // Below the bound with a probability of 0.99999 and more whatever the degrees of freedom.
    const bound = (df: number) => df + 5.5 * Math.sqrt(2 * df) + 15;

    async function counts(command: string[], rounds: number): Promise<Map<string, number>> {
      const client = await server.connect();
      await client.command("FLUSHALL");
      await client.command("SADD", "s", ...members);
      const times = new Map<string, number>();
      for (let i = 0; i < rounds; i++) {
        const reply = await client.command(...command);
        const found = Array.isArray(reply) ? reply.map(String) : [String(reply)];
        for (const member of found) times.set(member, (times.get(member) ?? 0) + 1);
      }
      client.close();
      return times;
    }

    function check(times: Map<string, number>): void {
      let total = 0;
      for (const count of times.values()) total += count;
      const mean = total / size;
      let sum = 0;
      for (const member of members) sum += ((times.get(member) ?? 0) - mean) ** 2 / mean;
      assert.ok(sum < bound(size - 1), `chi-square ${sum} with ${size - 1} degrees of freedom`);
    }

    test("the same members more than once", async () => {
      check(await counts(["SRANDMEMBER", "s", "-2000"], 10));
    });
    test("a few different members", async () => {
      check(await counts(["SRANDMEMBER", "s", "10"], 1500));
    });
    test("half of the members", async () => {
      check(await counts(["SRANDMEMBER", "s", String(size / 2)], 100));
    });
    test("one", async () => {
      check(await counts(["SRANDMEMBER", "s"], 5000));
    });
  });
}

rawCases(server, "encodings of what SPOP leaves", [
  [["SADD", "s", ...range(1000, "m")], ":1000\r\n"],
  ["SPOP s 500", setFrom(500, range(1000, "m"))],
  ["OBJECT ENCODING s", bulk("hashtable")],
  ["SPOP s 480", setFrom(480, range(1000, "m"))],
  ["OBJECT ENCODING s", bulk("listpack"), { since7: "7.2" }],
  ["SCARD s", ":20\r\n"],
  ["DEL s", ":1\r\n"],
  [["SADD", "s", ...range(1000, "")], ":1000\r\n"],
  ["SPOP s 990", setFrom(990, range(1000, ""))],
  ["OBJECT ENCODING s", bulk("listpack"), { since7: "7.2" }],
  ["DEL s", ":1\r\n"],
  [["SADD", "s", ...range(500, "")], ":500\r\n"],
  ["SPOP s 490", setFrom(490, range(500, ""))],
  ["OBJECT ENCODING s", bulk("intset")],
  ["SCARD s", ":10\r\n"],
]);

rawCases(server, "SPOP and SRANDMEMBER refuse", [
  ["SADD s a", ":1\r\n"],
  ["SET k v", OK],
  ["SPOP nosuch", NIL],
  ["SPOP nosuch 3", setOf()],
  ["SPOP nosuch 0", setOf()],
  ["SPOP k", WRONG_TYPE],
  ["SPOP k 1", WRONG_TYPE],
  ["SPOP k 0", WRONG_TYPE],
  ["SPOP s -1", NOT_POSITIVE],
  ["SPOP s x", NOT_POSITIVE],
  ["SPOP s 9223372036854775808", NOT_POSITIVE],
  ["SPOP k x", NOT_POSITIVE],
  ["SPOP s 1 2", SYNTAX],
  ["SPOP", arity("spop")],
  ["SRANDMEMBER nosuch", NIL],
  ["SRANDMEMBER nosuch 3", "*0\r\n"],
  ["SRANDMEMBER nosuch -3", "*0\r\n"],
  ["SRANDMEMBER k", WRONG_TYPE],
  ["SRANDMEMBER k 1", WRONG_TYPE],
  ["SRANDMEMBER s x", NOT_AN_INTEGER],
  ["SRANDMEMBER s -9223372036854775808", SIGNED],
  ["SRANDMEMBER s 9223372036854775808", NOT_AN_INTEGER],
  ["SRANDMEMBER s 1 2", SYNTAX],
  ["SRANDMEMBER", arity("srandmember")],
  ["SCARD s", ":1\r\n"],
], { resp: "both" });
