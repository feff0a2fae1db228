/**
 * DUMP and RESTORE. Payloads made here have RDB version 10, which redis-server 7.0 takes too; what Larder
 * dumps has version 11, which it refuses, so its version and checksum are rewritten for it.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ascii, latin1 } from "../../core/base/bytes.ts";
import { Crc64 } from "../../core/base/crc64.ts";
import { Prng } from "../../core/base/prng.ts";
import { EDGE_INTEGERS, randomValue, seed } from "../support/gen.ts";
import { bulk, NIL, OK, rawCases } from "../support/raw_cases.ts";
import type { RespClient } from "../support/resp_client.ts";
import { redisMissing, redisTarget, target } from "../support/server.ts";

const OLD_VERSION = "\x0a\0";
const FOOTER_BYTES = 10;
const BAD_FOOTER = "-ERR DUMP payload version or checksum are wrong\r\n";
const BAD_DATA = "-ERR Bad data format\r\n";
const SYNTAX = "-ERR syntax error\r\n";
const NOT_INTEGER = "-ERR value is not an integer or out of range\r\n";
const BUSY = "-BUSYKEY Target key name already exists.\r\n";

const server = target();

/** A value with a footer that is right. */
function payload(value: string, version = OLD_VERSION): string {
  const bytes = ascii(value + version);
  const crc = new Crc64();
  crc.update(bytes, 0, bytes.length);
  const sum = new Uint8Array(8);
  crc.writeTo(sum, 0);
  return value + version + latin1(sum, 0, 8);
}

/** The value without its footer. */
function valueOf(dumped: string): string {
  return dumped.slice(0, -FOOTER_BYTES);
}

function restore(value: string, ...more: string[]): string[] {
  return ["RESTORE", "k", "0", payload(value), ...more];
}

const hello = payload("\0\x05hello");

rawCases(server, "RESTORE: arguments, in the order in which they are checked", [
  ["DUMP", "-ERR wrong number of arguments for 'dump' command\r\n"],
  ["DUMP a b", "-ERR wrong number of arguments for 'dump' command\r\n"],
  ["RESTORE a 0", "-ERR wrong number of arguments for 'restore' command\r\n"],
  ["SET k v", OK],
  ["RESTORE k -1 x nosuch", SYNTAX],
  ["RESTORE k -1 x IDLETIME", SYNTAX],
  ["RESTORE k -1 x IDLETIME x", NOT_INTEGER],
  ["RESTORE k -1 x IDLETIME -1", "-ERR Invalid IDLETIME value, must be >= 0\r\n"],
  ["RESTORE k -1 x FREQ", SYNTAX],
  ["RESTORE k -1 x FREQ -1", "-ERR Invalid FREQ value, must be >= 0 and <= 255\r\n"],
  ["RESTORE k -1 x FREQ 256", "-ERR Invalid FREQ value, must be >= 0 and <= 255\r\n"],
  [
    "RESTORE k -1 x FREQ 9223372036854775807",
    "-ERR Invalid FREQ value, must be >= 0 and <= 255\r\n",
  ],
  ["RESTORE k -1 x FREQ 9223372036854775808", NOT_INTEGER],
  ["RESTORE k -1 x FREQ 1 IDLETIME 1", SYNTAX],
  ["RESTORE k -1 x IDLETIME 1 FREQ 1", SYNTAX],
  ["RESTORE k -1 x IDLETIME 9223372036854775807 IDLETIME 2 absttl ABSTTL", BUSY],
  ["RESTORE k -1 x", BUSY],
  ["RESTORE k x x REPLACE", NOT_INTEGER],
  ["RESTORE k -1 x Replace", "-ERR Invalid TTL value, must be >= 0\r\n"],
  ["RESTORE k -9223372036854775808 x REPLACE", "-ERR Invalid TTL value, must be >= 0\r\n"],
  ["RESTORE k 0 x REPLACE", BAD_FOOTER],
  ["GET k", bulk("v")],
  ["DUMP nosuch", NIL],
], { resp: "both" });

rawCases(server, "RESTORE: payloads", [
  [["RESTORE", "k", "0", ""], BAD_FOOTER],
  [["RESTORE", "k", "0", hello.slice(0, -1)], BAD_FOOTER],
  [["RESTORE", "k", "0", hello.slice(2)], BAD_FOOTER],
  [["RESTORE", "k", "0", `x${hello}`], BAD_FOOTER],
  [["RESTORE", "k", "0", payload("\0\x05hello", "\xff\xff")], BAD_FOOTER],
  [["RESTORE", "k", "0", payload("\0\x05hello", "\x0d\0")], BAD_FOOTER],
  [["RESTORE", "k", "0", payload("\0\x05hello", "\x0c\0")], OK, { since7: "7.4" }],
  [["RESTORE", "k", "0", payload("\0\x05hello", "\x01\0"), "REPLACE"], OK],
  ["GET k", bulk("hello")],
  ["DEL k", ":1\r\n"],
  [restore(""), BAD_DATA],
  [restore("\0"), BAD_DATA],
  [restore("\x08\0"), BAD_DATA],
  [restore("\x1a\0"), BAD_DATA],
  [restore("\xff"), BAD_DATA],
  [restore("\0\x7f\xffhello"), BAD_DATA],
  [restore("\0\x81\x7f\xff\xff\xff\xff\xff\xff\xffhello"), BAD_DATA],
  [restore("\0\x82hello"), BAD_DATA],
  [restore("\0\xc4\0"), BAD_DATA],
  [restore("\0\xc3\x06\x16\x01aa\xe0\x0a\0"), BAD_DATA],
  [restore("\0\xc3\x81\x7f\xff\xff\xff\xff\xff\xff\xff\x15\x01aa\xe0\x0a\0"), BAD_DATA],
  [restore("\0\xc3\x06\x81\0\0\x10\0\0\0\0\0\x01aa\xe0\x0a\0"), BAD_DATA],
  ["EXISTS k", ":0\r\n"],
  [restore("\0\0"), OK],
  ["GET k", bulk("")],
  [restore("\0\x05hello and more", "REPLACE"), OK],
  ["GET k", bulk("hello")],
  ["OBJECT ENCODING k", bulk("embstr")],
  [restore("\0\x80\0\0\0\x05hello", "REPLACE"), OK],
  ["GET k", bulk("hello")],
  [restore("\0\x81\0\0\0\0\0\0\0\x05hello", "REPLACE"), OK],
  ["GET k", bulk("hello")],
  [restore("\0\xc0\xff", "REPLACE"), OK],
  ["GET k", bulk("-1")],
  ["OBJECT ENCODING k", bulk("int")],
  [restore("\0\xc1\0\x80", "REPLACE"), OK],
  ["GET k", bulk("-32768")],
  [restore("\0\xc2\0\0\0\x80", "REPLACE"), OK],
  ["INCR k", ":-2147483647\r\n"],
  [restore("\0\x0212", "REPLACE"), OK],
  ["OBJECT ENCODING k", bulk("int")],
  [restore("\0\xc3\x06\x15\x01aa\xe0\x0a\0", "REPLACE"), OK],
  ["GET k", bulk("a".repeat(21))],
], { resp: "both" });

rawCases(server, "RESTORE: time to live", [
  [["RESTORE", "k", "100000", hello], OK],
  ["PTTL k", /^:(100000|9\d{4})\r\n$/],
  [["RESTORE", "k", "0", hello, "REPLACE"], OK],
  ["PTTL k", ":-1\r\n"],
  [["RESTORE", "k", "0", hello, "REPLACE", "ABSTTL"], OK],
  ["PTTL k", ":-1\r\n"],
  [["RESTORE", "k", "4102444800000", hello, "ABSTTL", "REPLACE"], OK],
  ["PEXPIRETIME k", ":4102444800000\r\n"],
  [["RESTORE", "k", "1000000000000", hello, "ABSTTL"], BUSY],
  [["RESTORE", "k", "1000000000000", hello, "ABSTTL", "REPLACE"], OK],
  ["EXISTS k", ":0\r\n"],
  [["RESTORE", "k", "1", hello, "ABSTTL"], OK],
  ["EXISTS k", ":0\r\n"],
  // Beyond 64 bits the time wraps around to the past.
  ["SET k v", OK],
  [["RESTORE", "k", "9223372036854775807", hello, "REPLACE"], OK],
  ["EXISTS k", ":0\r\n"],
  [["RESTORE", "k", "9223372036854775807", hello, "ABSTTL"], OK],
  ["EXISTS k", ":1\r\n"],
  [["RESTORE", "k", "1", hello, "REPLACE"], OK],
  ["EXISTS k", ":0\r\n", { waitMs: 20 }],
]);

rawCases(server, "RESTORE: access", [
  [["RESTORE", "k", "0", hello, "IDLETIME", "1000"], OK],
  ["OBJECT IDLETIME k", /^:100\d\r\n$/],
  [["RESTORE", "k", "0", hello, "FREQ", "100", "REPLACE"], OK],
  ["OBJECT IDLETIME k", /^:\d\r\n$/],
  ["CONFIG SET maxmemory-policy allkeys-lfu lfu-decay-time 0", OK],
  [["RESTORE", "k", "0", hello, "FREQ", "100", "REPLACE"], OK],
  ["OBJECT FREQ k", ":100\r\n"],
  [["RESTORE", "k", "0", hello, "REPLACE", "IDLETIME", "1000"], OK],
  ["OBJECT FREQ k", ":5\r\n"],
  ["CONFIG SET maxmemory-policy noeviction lfu-decay-time 1", OK],
]);

describe("DUMP", () => {
  async function dump(client: RespClient, value: string): Promise<string> {
    await client.command("SET", "k", value);
    const dumped = await client.command("DUMP", "k");
    assert.ok(typeof dumped === "string");
    return dumped;
  }

  test("has the version and the checksum at its end", async () => {
    const client = await server.connect();
    const dumped = await dump(client, "hello");
    assert.equal(valueOf(dumped), "\0\x05hello");
    assert.equal(dumped, payload("\0\x05hello", dumped.slice(-FOOTER_BYTES, -8)));
    if (!server.isOracle) assert.equal(dumped.slice(-FOOTER_BYTES, -8), "\x0b\0");
    client.close();
  });

  test("compresses unless rdbcompression is off", async () => {
    const client = await server.connect();
    const text = "ab".repeat(5000);
    assert.ok((await dump(client, text)).length < 300);
    await client.command("CONFIG", "SET", "rdbcompression", "no");
    assert.equal(valueOf(await dump(client, text)), `\0\x67\x10${text}`);
    await client.command("CONFIG", "SET", "rdbcompression", "yes");
    client.close();
  });

  test("is restored to the same value", async () => {
    const n = seed();
    const prng = new Prng(n);
    const client = await server.connect();
    const values = [...EDGE_INTEGERS, "", "x".repeat(1_000_000)];
    for (let i = 0; i < 300; i++) {
      const bytes = randomValue(prng, 40_000);
      values.push(latin1(bytes, 0, bytes.length));
    }
    for (const value of values) {
      const dumped = await dump(client, value);
      assert.equal(
        await client.command("RESTORE", "copy", 0, dumped, "REPLACE"),
        "OK",
        `seed ${n}`,
      );
      assert.ok(await client.command("GET", "copy") === value, `seed ${n}: ${value.slice(0, 100)}`);
      // What APPEND and SETRANGE leave behind is the same string in another encoding.
      await client.command("SETRANGE", "k", 0, value.slice(0, 1));
      assert.equal(
        valueOf(String(await client.command("DUMP", "k"))),
        valueOf(dumped),
        `seed ${n}`,
      );
    }
    client.close();
  });
});

describe("redis-server and Larder", {
  skip: server.isOracle ? "the oracle is one" : redisMissing(),
}, () => {
  const redis = redisTarget();

  test("dump the same bytes and read each other's", async () => {
    const n = seed();
    const prng = new Prng(n);
    const [ours, theirs] = [await server.connect(), await redis.connect()];
    const values = [...EDGE_INTEGERS, "", "01", "a".repeat(20), "a".repeat(21)];
    for (const len of [63, 64, 16383, 16384, 70_000]) {
      values.push("z".repeat(len), latin1(randomBytesOf(prng, len), 0, len));
    }
    for (let i = 0; i < 500; i++) {
      const bytes = randomValue(prng, 20_000);
      values.push(latin1(bytes, 0, bytes.length));
    }
    for (const value of values) {
      const note = `seed ${n}: ${value.slice(0, 100)}`;
      for (const client of [ours, theirs]) await client.command("SET", "k", value);
      const [mine, its] = [
        String(await ours.command("DUMP", "k")),
        String(await theirs.command("DUMP", "k")),
      ];
      assert.ok(valueOf(mine) === valueOf(its), note);
      const old = payload(valueOf(mine));
      assert.equal(await theirs.command("RESTORE", "copy", 0, old, "REPLACE"), "OK", note);
      assert.equal(await ours.command("RESTORE", "copy", 0, its, "REPLACE"), "OK", note);
      for (const client of [ours, theirs]) {
        assert.ok(await client.command("GET", "copy") === value, note);
      }
      assert.equal(
        await ours.command("OBJECT", "ENCODING", "copy"),
        await theirs.command("OBJECT", "ENCODING", "copy"),
        note,
      );
    }
    ours.close();
    theirs.close();
  });

  test("refuse and accept the same damaged strings", async () => {
    const n = seed();
    const prng = new Prng(n);
    const [ours, theirs] = [await server.connect(), await redis.connect()];
    let refused = 0;
    for (let round = 0; round < 3000; round++) {
      const damaged = damagedString(prng);
      const note = `seed ${n}, round ${round}: ${JSON.stringify(damaged)}`;
      const args = ["RESTORE", "k", 0, payload(damaged), "REPLACE"] as const;
      const [mine, its] = [await ours.command(...args), await theirs.command(...args)];
      assert.equal(String(mine), String(its), note);
      if (mine !== "OK") refused++;
      else assert.ok(await ours.command("GET", "k") === await theirs.command("GET", "k"), note);
    }
    assert.ok(refused > 300 && refused < 2900, `seed ${n}: ${refused} refused`);
    ours.close();
    theirs.close();
  });
});

function randomBytesOf(prng: Prng, len: number): Uint8Array {
  const bytes = new Uint8Array(len);
  prng.fill(bytes);
  return bytes;
}

/** The beginning of a compressed string of no bytes, whose length may be written in several ways. */
const NO_BYTES = /^\0\xc3.(?:\0|\xc0|\x40\0)/s;

/** A string in some encoding with a few of its bytes changed, though not its type. */
function damagedString(prng: Prng): string {
  const forms = ["\x05hello", "\xc0\x01", "\xc1\x01\x02", "\xc2\x01\x02\x03\x04", "\x40\x03abc"];
  forms.push("\xc3\x06\x15\x01aa\xe0\x0a\0", "\xc3\x0a\x1e\x04abcde\xe0\x0c\x04\x01de");
  forms.push("\x80\0\0\0\x03abc", "\x81\0\0\0\0\0\0\0\x03abc");
  const bytes = ascii(`\0${forms[prng.nextBelow(forms.length)]}`);
  for (let i = prng.nextBelow(3); i > 0; i--) {
    const at = 1 + prng.nextBelow(bytes.length - 1);
    bytes[at] = prng.nextBelow(2) === 0 ? prng.nextBelow(256) : bytes[at] + prng.nextBelow(3) - 1;
  }
  const cut = prng.nextBelow(4) === 0 ? 1 + prng.nextBelow(bytes.length) : bytes.length;
  const text = latin1(bytes, 0, cut);
  // A compressed string of no bytes: redis-server takes any damage in it for an empty string.
  return NO_BYTES.test(text) ? "\0\0" : text;
}
