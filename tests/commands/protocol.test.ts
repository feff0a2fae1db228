/**
 * What the server makes of bytes: requests of both kinds, protocol errors with their texts and the end of the
 * connection, and the bytes at which it only waits.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Prng } from "../../core/base/prng.ts";
import {
  oneIn,
  pick,
  randomCuts,
  randomInt,
  randomKey,
  randomValue,
  seed,
} from "../support/gen.ts";
import { array, bulk, NIL, OK, type RawCase, rawCases } from "../support/raw_cases.ts";
import { type Arg, encodeCommand, type RespClient } from "../support/resp_client.ts";
import { latin1 } from "../support/resp_reply.ts";
import { target } from "../support/server.ts";

const PONG = "+PONG\r\n";
const PING = "*1\r\n$4\r\nPING\r\n";
const INLINE_LEN_MAX = 64 * 1024;

const server = target();

/** A protocol error and the end of the connection. What comes after it is not executed. */
function fault(raw: string, error: string): RawCase {
  return [{ raw: `${raw}${PING}` }, `-ERR Protocol error: ${error}\r\n`, { closed: true }];
}

rawCases(server, "requests as arrays", [
  [{ raw: PING }, PONG],
  [{ raw: PING.repeat(100) }, PONG.repeat(100)],
  [{ raw: `*0\r\n${PING}*-1\r\n*-9223372036854775808\r\n${PING}` }, PONG + PONG],
  [{ raw: "*1\rx$4\rxPINGxx" }, PONG],
  [{ raw: "*2\r\n$4\r\nECHO\r\n$4\r\n\r\n\0\xff\r\n" }, bulk("\r\n\0\xff")],
  [{ raw: "*2\r\n$4\r\nECHO\r\n$0\r\n\r\n" }, bulk("")],
  [{ raw: "*3\r\n$3\r\nSET\r\n$2\r\n\r\n\r\n$2\r\n$1\r\n" }, OK],
  [["GET", "\r\n"], bulk("$1")],
  [["GET", "\n\r"], NIL],
], { resp: "both" });

rawCases(server, "requests as lines", [
  [{ raw: "PING\r\nPING\nping\r\r\n" }, PONG.repeat(3)],
  [{ raw: "\r\n\n   \r\n\t\r\nPING\r\n" }, PONG],
  [{ raw: " \v\f PING \t\r\n" }, PONG],
  [{ raw: "ECHO \"a b\"\r\necho 'a\\'b'\r\n" }, bulk("a b") + bulk("a'b")],
  [{ raw: 'ECHO "\\x00\\xff\\n\\"\\q"\r\n' }, bulk('\0\xff\n"q')],
  [{ raw: 'ECHO ""\r\nECHO "a"\tx\r\n' }, /^\$0\r\n\r\n-ERR wrong number of arguments/, {
    replies: 2,
  }],
  [{ raw: "ECHO\ra\r\n" }, bulk("a")],
  [{ raw: "ECHO a\vb\r\n" }, bulk("a\vb")],
  [{ raw: `SET k "v"\r\n${PING}GET k\n${PING}` }, OK + PONG + bulk("v") + PONG],
  [
    { raw: "nosuch 'a b' c\r\n" },
    /^-ERR unknown command 'nosuch', with args beginning with: 'a b' 'c' \r\n$/,
  ],
]);

rawCases(server, "protocol errors of counts", [
  ...["", "a", "1x", " 1", "+1", "01", "-0", "2147483648", "20000000000000000000"].map((count) =>
    fault(`*${count}\r\n`, "invalid multibulk length")
  ),
  fault("*-9223372036854775809\r\n", "invalid multibulk length"),
  fault("*1\n$4\r\n", "invalid multibulk length"),
]);

rawCases(server, "protocol errors of lengths", [
  ...["", "a", "-1", "04", "+4", "4 ", "536870913", "99999999999999999999"].map((len) =>
    fault(`*2\r\n$4\r\nECHO\r\n$${len}\r\n`, "invalid bulk length")
  ),
  fault("*1\r\nPING\r\n", "expected '$', got 'P'"),
  fault("*2\r\n$3\r\nGET\r\n:1\r\n", "expected '$', got ':'"),
  fault("*1\r\n\r\n", "expected '$', got ' '"),
  fault("*1\r\n\nabc\r\n", "expected '$', got ' '"),
  fault("*1\r\n\xff\r\n", "expected '$', got '\xff'"),
]);

rawCases(server, "protocol errors of lines", [
  fault('ECHO "a\r\n', "unbalanced quotes in request"),
  fault("ECHO 'a\r\n", "unbalanced quotes in request"),
  fault('ECHO "a"b\r\n', "unbalanced quotes in request"),
  fault("'\r\n", "unbalanced quotes in request"),
  [
    { raw: "A".repeat(INLINE_LEN_MAX + 1) },
    "-ERR Protocol error: too big inline request\r\n",
    { closed: true },
  ],
  [
    { raw: `*${"1".repeat(INLINE_LEN_MAX)}` },
    "-ERR Protocol error: too big mbulk count string\r\n",
    { closed: true },
  ],
  [
    { raw: `*1\r\n$${"1".repeat(INLINE_LEN_MAX)}` },
    "-ERR Protocol error: too big bulk count string\r\n",
    { closed: true },
  ],
]);

rawCases(server, "protocol errors after replies", [
  [
    { raw: `${PING}SET k v\r\n*x\r\n${PING}` },
    `${PONG}${OK}-ERR Protocol error: invalid multibulk length\r\n`,
    { closed: true },
  ],
  ["GET k", bulk("v")],
], { resp: "both" });

rawCases(server, "limits before authentication", [
  ["CONFIG SET requirepass secret", OK],
  [{ raw: PING }, "-NOAUTH Authentication required.\r\n", { on: "a" }],
  [{ raw: "*11\r\n" }, "-ERR Protocol error: unauthenticated multibulk length\r\n", {
    on: "a",
    closed: true,
  }],
  [
    { raw: "*2\r\n$4\r\nAUTH\r\n$16385\r\n" },
    "-ERR Protocol error: unauthenticated bulk length\r\n",
    {
      on: "b",
      closed: true,
    },
  ],
  [
    { raw: `*2\r\n$4\r\nAUTH\r\n$16384\r\n${"x".repeat(16384)}\r\n` },
    "-WRONGPASS invalid username-password pair or user is disabled.\r\n",
    { on: "c" },
  ],
  [
    { raw: `AUTH secret\r\n*12\r\n$3\r\nDEL\r\n${"$1\r\nx\r\n".repeat(11)}` },
    `${OK}:0\r\n`,
    { on: "c" },
  ],
  [{ raw: `*2\r\n$4\r\nECHO\r\n$20000\r\n${"x".repeat(20000)}\r\n` }, bulk("x".repeat(20000)), {
    on: "c",
  }],
  [["CONFIG", "SET", "requirepass", ""], OK],
  [{ raw: PING }, PONG, { on: "d" }],
]);

rawCases(server, "proto-max-bulk-len", [
  ["CONFIG SET proto-max-bulk-len 1mb", OK],
  [{ raw: "*2\r\n$4\r\nECHO\r\n$1048577\r\n" }, "-ERR Protocol error: invalid bulk length\r\n", {
    on: "a",
    closed: true,
  }],
  [["STRLEN", "x".repeat(1_048_576)], ":0\r\n", { on: "b" }],
  ["CONFIG SET proto-max-bulk-len 512mb", OK],
]);

describe("the server waits", () => {
  const waits: [string, string, string][] = [
    ["for the LF of a line", "PING\r", "\n"],
    ["for the LF of a count", "*1\r", "\n$4\r\nPING\r\n"],
    ["for the LF of a length", "*1\r\n$4\r", "\nPING\r\n"],
    ["for the CRLF of an argument", "*1\r\n$4\r\nPING", "\r\n"],
    ["for the LF of an argument", "*1\r\n$4\r\nPING\r", "\n"],
    ["for arguments", "*2\r\n$4\r\nPING\r\n", "$0\r\n\r\nPING\r\n"],
    ["for a line of 64 KiB", `PING ${" ".repeat(INLINE_LEN_MAX - 5)}`, "\r\n"],
  ];
  for (const [name, first, rest] of waits) {
    test(name, async () => {
      const client = await server.connect();
      const other = await server.connect();
      client.raw(first);
      await client.flushed();
      // The other client's answer comes after these bytes were looked at, and then there is none.
      for (let i = 0; i < 3; i++) assert.equal(await other.command("PING"), "PONG");
      assert.equal(client.pending(), "");
      client.raw(rest + PING);
      const got = await client.readRaw();
      assert.equal(got, rest.startsWith("$0") ? bulk("") : PONG);
      assert.equal(await client.readRaw(), PONG);
      client.close();
      other.close();
    });
  }

  // Redis looks for the end of a line as C looks through a string.
  for (
    const [name, text, error] of [
      ["lines", "ECHO a\0b\r\nPING\r\n", "too big inline request"],
      ["counts", "*1\0\r\nPING\r\n", "too big mbulk count string"],
      ["lengths", "*1\r\n$4\0\r\nPING\r\n", "too big bulk count string"],
    ]
  ) {
    test(`for the end of ${name} with a zero byte, until they are too long`, async () => {
      const client = await server.connect();
      const other = await server.connect();
      client.raw(text);
      await client.flushed();
      for (let i = 0; i < 3; i++) assert.equal(await other.command("PING"), "PONG");
      assert.equal(client.pending(), "");
      client.raw("A".repeat(INLINE_LEN_MAX + 1));
      assert.equal(await client.readUntilClosed(), `-ERR Protocol error: ${error}\r\n`);
      other.close();
    });
  }
});

describe("requests in pieces", () => {
  test("of one byte each", async () => {
    const client = await server.connect();
    const requests = `SET "k 1" v\r\n*2\r\n$3\r\nGET\r\n$3\r\nk 1\r\n*0\r\n\r\n${PING}`;
    for (const byte of requests) {
      client.raw(byte);
      await client.flushed();
    }
    const want = OK + bulk("v") + PONG;
    assert.equal(await client.readExactly(want.length), want);
    client.close();
  });

  test("give the same replies however they are cut", async () => {
    const n = seed();
    const prng = new Prng(n);
    for (let round = 0; round < 20; round++) {
      const commands = Array.from({ length: randomInt(prng, 1, 60) }, () => randomCommand(prng));
      const bytes = concat(commands.map((command) => encodeCommand(command)));
      const [whole, parts] = [await server.connect(), await server.connect()];
      const replies = async (client: RespClient): Promise<string[]> => {
        const out: string[] = [];
        for (let i = 0; i < commands.length; i++) out.push(await client.readRaw());
        return out;
      };
      await whole.command("FLUSHALL");
      whole.raw(bytes);
      const want = await replies(whole);
      await whole.command("FLUSHALL");
      let from = 0;
      for (const cut of [...randomCuts(prng, bytes.length), bytes.length]) {
        parts.raw(bytes.subarray(from, cut));
        if (oneIn(prng, 2)) await parts.flushed();
        from = cut;
      }
      assert.deepEqual(await replies(parts), want, `seed ${n}, round ${round}`);
      whole.close();
      parts.close();
    }
  });

  test("may be large", async () => {
    const n = seed();
    const prng = new Prng(n);
    const client = await server.connect();
    for (const len of [1000, 65_535, 65_536, 1_000_000, 20_000_000]) {
      const value = new Uint8Array(len);
      prng.fill(value);
      const bytes = encodeCommand(["SET", "k", value]);
      for (let from = 0; from < bytes.length;) {
        const to = Math.min(
          bytes.length,
          from + randomInt(prng, 1, Math.max(2, bytes.length >> 3)),
        );
        client.raw(bytes.subarray(from, to));
        from = to;
      }
      client.raw(PING);
      assert.equal(await client.readRaw(), OK, `seed ${n}`);
      assert.equal(await client.readRaw(), PONG, `seed ${n}`);
      client.send(["GET", "k"]);
      assert.ok(await client.readRaw() === bulk(latin1(value)), `seed ${n}: ${len} bytes`);
    }
    await client.command("DEL", "k");
    client.close();
  });

  test("may have very many arguments", async () => {
    const client = await server.connect();
    const count = 200_000;
    const keys = Array.from({ length: count }, (_, i) => `k${i}`);
    client.send(["MSET", ...keys.flatMap((key) => [key, "v"])]);
    assert.equal(await client.read(), "OK");
    client.send(["EXISTS", ...keys]);
    assert.equal(await client.read(), count);
    client.send(["DEL", ...keys]);
    assert.equal(await client.read(), count);
    assert.equal(await client.command("PING"), "PONG");
    client.close();
  });
});

describe("empty requests", () => {
  for (const empty of ["\r\n", "\n", "*0\r\n", "*-1\r\n"]) {
    test(`cost nothing, however many: ${JSON.stringify(empty)}`, async () => {
      const client = await server.connect();
      const many = empty.repeat(100_000);
      for (let i = 0; i < 20; i++) {
        client.raw(many);
        await client.flushed();
      }
      client.raw(PING);
      assert.equal(await client.readRaw(), PONG);
      const info = String(await client.command("CLIENT", "INFO"));
      const queryBytes = /\bqbuf=(\d+)/.exec(info);
      assert.ok(queryBytes !== null && Number(queryBytes[1]) < 1000, info);
      client.close();
    });
  }
});

test("a pipeline is answered in order", async () => {
  const client = await server.connect();
  await client.command("DEL", "n");
  const count = 20_000;
  client.raw("*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n".repeat(count));
  for (let i = 1; i <= count; i++) assert.equal(await client.readRaw(), `:${i}\r\n`);
  client.close();
});

rawCases(server, "arrays in replies", [
  [["MSET", "a", "1", "b", "\r\n"], OK],
  [["MGET", "a", "nosuch", "b"], {
    resp2: array(bulk("1"), "$-1\r\n", bulk("\r\n")),
    resp3: array(bulk("1"), "_\r\n", bulk("\r\n")),
  }],
], { resp: "both" });

/** A command on a few keys whose reply depends on nothing but the commands before it. */
function randomCommand(prng: Prng): Arg[] {
  const key = randomKey(prng, 8);
  switch (prng.nextBelow(6)) {
    case 0:
      return ["GET", key];
    case 1:
      return ["SET", key, randomValue(prng, oneIn(prng, 8) ? 70_000 : 100)];
    case 2:
      return ["APPEND", key, randomValue(prng, 20)];
    case 3:
      return ["STRLEN", key];
    case 4:
      return ["ECHO", randomValue(prng, 300)];
    default:
      return [pick(prng, ["PING", "nosuch", "EXISTS", "DEL"]), key];
  }
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
