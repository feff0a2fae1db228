/**
 * Blocking over real connections: the commands' replies to the byte, the errors of timeouts, CLIENT UNBLOCK, WAIT
 * and WAITAOF.
 */

import { test } from "node:test";
import assert from "node:assert/strict";
import { array, bulk, NIL_ARRAY, OK, type RawCase, rawCases } from "../support/raw_cases.ts";
import type { RespClient } from "../support/resp_client.ts";
import { sleep, target } from "../support/server.ts";
import { untilBlocked } from "../support/until.ts";

const server = target();

const NOT_A_FLOAT = "-ERR timeout is not a float or out of range\r\n";
const NOT_AN_INTEGER = "-ERR timeout is not an integer or out of range\r\n";
const NEGATIVE = "-ERR timeout is negative\r\n";
const OUT_OF_RANGE = "-ERR timeout is out of range\r\n";
const VALUE_ERROR = "-ERR value is not an integer or out of range\r\n";

/** Texts of timeouts in seconds that are refused. */
const SECONDS: readonly (readonly [string, string])[] = [
  ["", NOT_A_FLOAT],
  [" 1", NOT_A_FLOAT],
  ["1 ", NOT_A_FLOAT],
  ["x", NOT_A_FLOAT],
  ["1x", NOT_A_FLOAT],
  ["nan", NOT_A_FLOAT],
  ["--1", NOT_A_FLOAT],
  ["0x", NOT_A_FLOAT],
  ["-1", NEGATIVE],
  ["-0.002", NEGATIVE],
  ["-0.9999", NEGATIVE],
  ["-1e10", NEGATIVE],
  ["-inf", NEGATIVE],
  ["inf", OUT_OF_RANGE],
  ["1e16", OUT_OF_RANGE],
  ["1e100", OUT_OF_RANGE],
  ["1e400", OUT_OF_RANGE],
  ["9223372036854775807", OUT_OF_RANGE],
  ["9223372036854775", OUT_OF_RANGE],
  ["0xFFFFFFFFFFFFFF", OUT_OF_RANGE],
];

rawCases(
  server,
  "timeouts in seconds",
  SECONDS.flatMap(([text, error]): RawCase[] => {
    // Older servers let large numbers overflow.
    const options = error === OUT_OF_RANGE ? { since7: "7.2" } : {};
    return [
      [["BLPOP", "k", text], error, options],
      [["BLMOVE", "k", "l", "left", "right", text], error, options],
    ];
  }),
);

rawCases(server, "timeouts that end", [
  ["BLPOP k 0.001", NIL_ARRAY],
  ["BLPOP k l 1e-3", NIL_ARRAY],
  ["BRPOP k +0.001", NIL_ARRAY],
  ["BLPOP k 1e-30", NIL_ARRAY],
  ["BLPOP k 0x0.1p-4", NIL_ARRAY],
  ["BLMPOP 0.001 2 k l LEFT", NIL_ARRAY],
  ["BLMOVE k l LEFT RIGHT 0.001", NIL_ARRAY],
  ["BRPOPLPUSH k l 0.001", NIL_ARRAY],
  ["WAIT 1 1", ":0\r\n"],
  ["WAIT 1000000 1", ":0\r\n"],
  ["WAITAOF 0 1 1", array(":0\r\n", ":0\r\n"), { since7: "7.2" }],
], { resp: "both" });

rawCases(server, "WAIT", [
  ["WAIT 0 0", ":0\r\n"],
  ["WAIT -1 0", ":0\r\n"],
  ["WAIT 0 9223372036854775", ":0\r\n"],
  ["WAIT x 0", VALUE_ERROR],
  ["WAIT 99999999999999999999 0", VALUE_ERROR],
  ["WAIT x x", VALUE_ERROR],
  ["WAIT 1 x", NOT_AN_INTEGER],
  ["WAIT 0 x", NOT_AN_INTEGER],
  ["WAIT 0 0.5", NOT_AN_INTEGER],
  ["WAIT 0 99999999999999999999", NOT_AN_INTEGER],
  ["WAIT 0 -1", NEGATIVE],
  ["WAIT 0 9223372036854775807", OUT_OF_RANGE, { since7: "7.2" }],
  ["WAIT 0", "-ERR wrong number of arguments for 'wait' command\r\n"],
  ["WAIT 0 0 0", "-ERR wrong number of arguments for 'wait' command\r\n"],
], { resp: "both" });

const ZERO_TO_ONE = "-ERR value is out of range, value must between 0 and 1\r\n";
const POSITIVE = "-ERR value is out of range, must be positive\r\n";
const NO_FILE = "-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.\r\n";

rawCases(
  server,
  "WAITAOF",
  ([
    ["WAITAOF 0 0 0", array(":0\r\n", ":0\r\n")],
    ["WAITAOF x 0 0", VALUE_ERROR],
    ["WAITAOF 2 0 0", ZERO_TO_ONE],
    ["WAITAOF -1 0 0", ZERO_TO_ONE],
    ["WAITAOF 0 x 0", POSITIVE],
    ["WAITAOF 0 -1 0", POSITIVE],
    ["WAITAOF 0 0 x", NOT_AN_INTEGER],
    ["WAITAOF 0 0 -1", NEGATIVE],
    ["WAITAOF 0 0 9223372036854775807", OUT_OF_RANGE],
    ["WAITAOF 1 0 0", NO_FILE],
    ["WAITAOF 1 0 -1", NEGATIVE],
    ["WAITAOF 0 0", "-ERR wrong number of arguments for 'waitaof' command\r\n"],
  ] as const).map(([command, want]): RawCase => [command, want, { since7: "7.2" }]),
  { resp: "both" },
);

rawCases(server, "CLIENT UNBLOCK", [
  ["CLIENT UNBLOCK 1000000", ":0\r\n"],
  ["CLIENT UNBLOCK -1", ":0\r\n"],
  ["CLIENT UNBLOCK 1000000 TIMEOUT", ":0\r\n"],
  ["CLIENT UNBLOCK 1000000 error", ":0\r\n"],
  ["CLIENT UNBLOCK 1000000 x", "-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR\r\n"],
  ["CLIENT UNBLOCK x x", "-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR\r\n"],
  ["CLIENT UNBLOCK x", VALUE_ERROR],
  ["CLIENT UNBLOCK 9223372036854775808", VALUE_ERROR],
  ["CLIENT UNBLOCK", "-ERR wrong number of arguments for 'client|unblock' command\r\n"],
  [
    "CLIENT uNBLOCK 1 ERROR x",
    "-ERR unknown subcommand or wrong number of arguments for 'uNBLOCK'. Try CLIENT HELP.\r\n",
  ],
], { resp: "both" });

rawCases(server, "a pipeline behind a command that blocks", [
  [
    { raw: "BLPOP k 0.01\r\nPING\r\nBLPOP l 0.01\r\nPING\r\n" },
    { resp2: "*-1\r\n+PONG\r\n*-1\r\n+PONG\r\n", resp3: "_\r\n+PONG\r\n_\r\n+PONG\r\n" },
  ],
  [{ raw: "CLIENT REPLY SKIP\r\nBLPOP l 0.01\r\nPING\r\n" }, "+PONG\r\n"],
], { resp: "both" });

/** Runs `run` with connections of its own to an empty server, and closes them. */
async function withClients(
  count: number,
  run: (asker: RespClient, clients: RespClient[]) => Promise<void>,
): Promise<void> {
  const clients: RespClient[] = [];
  for (let i = 0; i <= count; i++) clients.push(await server.connect());
  try {
    await clients[0].command("FLUSHALL");
    await run(clients[0], clients.slice(1));
    await untilBlocked(clients[0], 0);
  } finally {
    for (const client of clients) client.close();
  }
}

test("clients are served in the order in which they came", async () => {
  await withClients(3, async (asker, clients) => {
    for (const [i, client] of clients.entries()) {
      client.send(["BLPOP", "k", 0]);
      await untilBlocked(asker, i + 1);
    }
    assert.equal(await asker.command("RPUSH", "k", "a", "b", "c", "d"), 4);
    for (const [i, client] of clients.entries()) {
      assert.equal(await client.readRaw(), array(bulk("k"), bulk("abc"[i])));
    }
    assert.equal(await asker.command("LLEN", "k"), 1);
  });
});

test("a chain of moves, and a destination of the wrong type", async () => {
  await withClients(3, async (asker, [first, second, third]) => {
    first.send(["BLMOVE", "a", "b", "LEFT", "LEFT", 0]);
    await untilBlocked(asker, 1);
    second.send(["BLMOVE", "b", "c", "LEFT", "LEFT", 0]);
    await untilBlocked(asker, 2);
    third.send(["BLMOVE", "c", "string", "LEFT", "LEFT", 0]);
    await untilBlocked(asker, 3);
    await asker.command("SET", "string", "x");
    await asker.command("RPUSH", "a", "v");
    assert.equal(await first.readRaw(), bulk("v"));
    assert.equal(await second.readRaw(), bulk("v"));
    assert.match(await third.readRaw(), /^-WRONGTYPE /);
    assert.equal(await asker.command("LLEN", "c"), 1);
  });
});

test("CLIENT UNBLOCK ends a wait", async () => {
  await withClients(1, async (asker, [client]) => {
    const id = await client.command("CLIENT", "ID") as number;
    for (const how of [[], ["TIMEOUT"], ["ERROR"]]) {
      client.send(["BLMPOP", 0, 1, "k", "LEFT"]);
      client.send(["PING"]);
      await untilBlocked(asker, 1);
      assert.match(
        String(await asker.command("CLIENT", "LIST")),
        new RegExp(`id=${id} .* flags=b `),
      );
      assert.equal(await asker.command("CLIENT", "UNBLOCK", id, ...how), 1);
      const error = "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n";
      assert.equal(await client.readRaw(), how[0] === "ERROR" ? error : "*-1\r\n");
      assert.equal(await client.readRaw(), "+PONG\r\n");
      assert.equal(await asker.command("CLIENT", "UNBLOCK", id), 0);
    }
  });
});

test("a key whose time is over serves nobody, and stays until it is used", async () => {
  await withClients(1, async (asker, [client]) => {
    await asker.command("DEBUG", "SET-ACTIVE-EXPIRE", 0);
    await client.command("SELECT", 9);
    client.send(["BRPOP", "k", 0]);
    await untilBlocked(asker, 1);
    await asker.command("RPUSH", "k", "v");
    await asker.command("PEXPIRE", "k", 20);
    await sleep(40);
    await asker.command("SWAPDB", 0, 9);
    await asker.command("SELECT", 9);
    assert.equal(await asker.command("DBSIZE"), 1);
    await untilBlocked(asker, 1);
    assert.equal(await asker.command("EXISTS", "k"), 0);
    assert.equal(await asker.command("DBSIZE"), 0);
    await asker.command("RPUSH", "k", "w");
    assert.equal(await client.readRaw(), array(bulk("k"), bulk("w")));
    await asker.command("DEBUG", "SET-ACTIVE-EXPIRE", 1);
  });
});

test("a client that leaves takes nothing", async () => {
  for (const leave of ["close", "end", "kill"] as const) {
    await withClients(2, async (asker, [leaver, second]) => {
      const id = await leaver.command("CLIENT", "ID") as number;
      leaver.send(["BLPOP", "k", 0]);
      await untilBlocked(asker, 1);
      second.send(["BLPOP", "k", 0]);
      await untilBlocked(asker, 2);
      if (leave === "close") leaver.close();
      else if (leave === "end") leaver.socket.end();
      else assert.equal(await asker.command("CLIENT", "KILL", "ID", id), 1);
      await untilBlocked(asker, 1);
      await asker.command("RPUSH", "k", "v");
      assert.equal(await second.readRaw(), array(bulk("k"), bulk("v")));
    });
  }
});

test("a large request waits behind one that blocks", async () => {
  await withClients(1, async (asker, [client]) => {
    const large = "x".repeat(3_000_000);
    client.send(["BLPOP", "k", 0]);
    client.send(["SET", "l", large]);
    client.send(["STRLEN", "l"]);
    await untilBlocked(asker, 1);
    assert.equal(await asker.command("EXISTS", "l"), 0);
    await asker.command("RPUSH", "k", "v");
    assert.equal(await client.readRaw(), array(bulk("k"), bulk("v")));
    assert.equal(await client.readRaw(), OK);
    assert.equal(await client.readRaw(), `:${large.length}\r\n`);
  });
});

test("many clients, many turns", async () => {
  await withClients(50, async (asker, clients) => {
    const rounds = 20;
    for (const client of clients) {
      for (let i = 0; i < rounds; i++) client.send(["BLPOP", "k", 0]);
    }
    await untilBlocked(asker, clients.length);
    const values: string[] = [];
    for (let i = 0; i < rounds * clients.length; i++) values.push(String(i));
    for (let i = 0; i < values.length; i += 10) {
      asker.send(["RPUSH", "k", ...values.slice(i, i + 10)]);
    }
    for (let i = 0; i < values.length; i += 10) await asker.readRaw();
    const got: string[] = [];
    for (const client of clients) {
      for (let i = 0; i < rounds; i++) got.push((await client.read() as string[])[1]);
    }
    got.sort((a, b) => Number(a) - Number(b));
    assert.deepEqual(got, values);
    assert.equal(await asker.command("EXISTS", "k"), 0);
  });
});
