/**
 * SCAN and KEYS. Which keys come with which cursor is the table's business, so what a whole walk gives is
 * checked rather than its pieces.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import { array, bulk, OK, rawCases } from "../support/raw_cases.ts";
import type { RespClient } from "../support/resp_client.ts";
import { target } from "../support/server.ts";

const server = target();

const SYNTAX_ERROR = "-ERR syntax error\r\n";
const NOT_INTEGER = "-ERR value is not an integer or out of range\r\n";
const BAD_CURSOR = "-ERR invalid cursor\r\n";
const ONE = ":1\r\n";
const EMPTY = array();
/** The answer of a SCAN that is through. */
const scanned = (...keys: string[]): string => array(bulk("0"), array(...keys.map(bulk)));
const NOTHING = scanned();

rawCases(server, "SCAN: cursors", [
  ["SCAN", "-ERR wrong number of arguments for 'scan' command\r\n"],
  ["SCAN x", BAD_CURSOR],
  ["SCAN 1x", BAD_CURSOR],
  ["SCAN 1.0", BAD_CURSOR],
  ["SCAN 0x10", BAD_CURSOR],
  ["SCAN -", BAD_CURSOR],
  ["SCAN -1", BAD_CURSOR, { since7: "7.2" }],
  [["SCAN", ""], BAD_CURSOR, { since7: "7.2" }],
  ["SCAN 18446744073709551616", BAD_CURSOR],
  ["SCAN 99999999999999999999999", BAD_CURSOR],
  ["SCAN x COUNT", BAD_CURSOR],
  ["SCAN 0", NOTHING],
  ["SCAN 00", NOTHING],
  ["SCAN +0", NOTHING],
  ["SCAN -0", NOTHING],
  ["SCAN 9223372036854775807", NOTHING],
  ["SCAN 9223372036854775808", NOTHING],
  ["SCAN 18446744073709551615", NOTHING],
  [["SCAN", " \t5"], NOTHING, { since7: "7.2" }],
  [["SCAN", "5\0x"], NOTHING],
  ["SET a v", OK],
  ["SCAN 0", scanned("a")],
]);

rawCases(server, "SCAN: options", [
  ["SCAN 0 COUNT", SYNTAX_ERROR],
  ["SCAN 0 MATCH", SYNTAX_ERROR],
  ["SCAN 0 TYPE", SYNTAX_ERROR],
  ["SCAN 0 x", SYNTAX_ERROR],
  ["SCAN 0 x y", SYNTAX_ERROR],
  ["SCAN 0 COUNT x", NOT_INTEGER],
  ["SCAN 0 COUNT 1.5", NOT_INTEGER],
  ["SCAN 0 COUNT 0", SYNTAX_ERROR],
  ["SCAN 0 COUNT -1", SYNTAX_ERROR],
  ["SCAN 0 COUNT 9223372036854775808", NOT_INTEGER],
  ["SCAN 0 COUNT 0 x", SYNTAX_ERROR],
  ["SCAN 0 COUNT 1 COUNT x", NOT_INTEGER],
  ["SCAN 0 NOVALUES", "-ERR NOVALUES option can only be used in HSCAN\r\n", { since7: "7.4" }],
  ["SCAN 0 COUNT 5 novalues", "-ERR NOVALUES option can only be used in HSCAN\r\n", {
    since7: "7.4",
  }],
  ["SET key:1 v", OK],
  ["SCAN 0 count 1 count 20", scanned("key:1")],
  ["SCAN 0 COUNT 9223372036854775807", scanned("key:1")],
  ["SCAN 0 match key:*", scanned("key:1")],
  ["SCAN 0 MATCH key:2", NOTHING],
  ["SCAN 0 MATCH key:2 MATCH *", scanned("key:1")],
  ["SCAN 0 MATCH KEY:*", NOTHING],
  ["SCAN 0 TYPE string", scanned("key:1")],
  ["SCAN 0 type STRING", scanned("key:1")],
  ["SCAN 0 TYPE list", NOTHING],
  ["SCAN 0 TYPE list TYPE string", scanned("key:1")],
  ["SCAN 0 TYPE module", NOTHING],
  ["SCAN 0 TYPE nosuchtype", NOTHING],
  ["SCAN 0 TYPE string MATCH *:1 COUNT 2", scanned("key:1")],
  ["DEL key:1", ONE],
  // As a pattern, a star would not match the empty key; alone it is no filter.
  [["SET", "", "v"], OK],
  ["SCAN 0 MATCH *", scanned("")],
  ["SCAN 0 MATCH **", NOTHING],
  [["SCAN", "0", "MATCH", ""], scanned("")],
], { resp: "both" });

rawCases(server, "SCAN removes dead keys", [
  ["SET a v PX 10", OK],
  ["SET b v PX 10", OK],
  ["SET c v EX 100", OK],
  ["SCAN 0", scanned("c"), { waitMs: 40 }],
  ["DBSIZE", ONE],
  ["SET a v PX 10", OK],
  ["SCAN 0 TYPE string", scanned("c"), { waitMs: 40 }],
  ["SCAN 0 TYPE zset", NOTHING],
  ["DBSIZE", ONE],
]);

rawCases(server, "KEYS", [
  ["KEYS", "-ERR wrong number of arguments for 'keys' command\r\n"],
  ["KEYS a b", "-ERR wrong number of arguments for 'keys' command\r\n"],
  ["KEYS *", EMPTY],
  ["FLUSHALL", OK],
  [["SET", "", "v"], OK],
  ["KEYS *", array(bulk(""))],
  ["KEYS **", EMPTY],
  [["KEYS", ""], array(bulk(""))],
  ["DEL nosuch", ":0\r\n"],
  [["SET", "\0\r\n\xff", "v"], OK],
  [["KEYS", "\0*"], array(bulk("\0\r\n\xff"))],
  [["KEYS", "\0\r\n\xff"], array(bulk("\0\r\n\xff"))],
  ["FLUSHALL", OK],
  ["SET a v PX 10", OK],
  ["SET b v EX 100", OK],
  ["KEYS *", array(bulk("b")), { waitMs: 40 }],
  ["KEYS a", EMPTY],
  ["KEYS b", array(bulk("b"))],
], { resp: "both" });

test("KEYS finds what matches and nothing else", async () => {
  const client = await server.connect();
  try {
    await client.command("FLUSHALL");
    const keys = ["hel", "hello", "hallo", "hbllo", "h*llo"];
    for (const key of keys) await client.command("SET", key, "v");
    const cases: [pattern: string, matching: string[]][] = [
      ["hello", ["hello"]],
      ["h?llo", ["h*llo", "hallo", "hbllo", "hello"]],
      ["h[ae]llo", ["hallo", "hello"]],
      ["h[^e]llo", ["h*llo", "hallo", "hbllo"]],
      ["h[a-b]llo", ["hallo", "hbllo"]],
      ["h*l", ["hel"]],
      ["*o", ["h*llo", "hallo", "hbllo", "hello"]],
      ["h\\*llo", ["h*llo"]],
      ["h\\allo", ["hallo"]],
      ["*", ["h*llo", "hallo", "hbllo", "hel", "hello"]],
      ["nothing", []],
      ["nothing*", []],
    ];
    for (const [pattern, matching] of cases) {
      const got = await client.command("KEYS", pattern) as string[];
      assert.deepEqual(got.sort(), matching, pattern);
    }
  } finally {
    client.close();
  }
});

/** Walks the database. Returns all keys that came, and the number of calls. */
async function walk(client: RespClient, ...options: string[]): Promise<[string[], number]> {
  const keys: string[] = [];
  let cursor = "0";
  let calls = 0;
  do {
    const [next, some] = await client.command("SCAN", cursor, ...options) as [string, string[]];
    keys.push(...some);
    cursor = next;
    assert.ok(++calls < 10_000, "the walk ends");
  } while (cursor !== "0");
  return [keys, calls];
}

test("SCAN returns every key that is there from start to end, while the table grows and shrinks", async () => {
  const client = await server.connect();
  try {
    await client.command("FLUSHALL");
    for (let i = 0; i < 1000; i++) client.send(["SET", `key:${i}`, "v"]);
    for (let i = 0; i < 1000; i++) await client.read();
    const [all, calls] = await walk(client);
    assert.equal(new Set(all).size, 1000);
    assert.ok(calls > 20 && calls <= 101, `${calls} calls at about ten keys each`);
    assert.equal(new Set((await walk(client, "COUNT", "1"))[0]).size, 1000);
    assert.deepEqual((await walk(client, "COUNT", "2000"))[1], 1);
    assert.equal(new Set((await walk(client, "MATCH", "key:1??"))[0]).size, 100);
    for (const grow of [true, false]) {
      const seen = new Set<string>();
      let cursor = "0";
      let i = 0;
      do {
        const [next, some] = await client.command("SCAN", cursor) as [string, string[]];
        for (const key of some) seen.add(key);
        cursor = next;
        const more: string[] = [];
        for (let n = 0; n < 60; n++) more.push(`more:${i++}`, "v");
        if (grow) await client.command("MSET", ...more);
        else await client.command("DEL", ...more);
      } while (cursor !== "0");
      for (let n = 0; n < 1000; n++) assert.ok(seen.has(`key:${n}`), `key:${n} came, ${grow}`);
    }
  } finally {
    client.close();
  }
});
