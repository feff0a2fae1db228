/** MIGRATE: between two Larders, and with servers that refuse, hang or aren't there. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { array, bulk, rawCases } from "../support/raw_cases.ts";
import type { RespClient } from "../support/resp_client.ts";
import { ReplyError } from "../support/resp_reply.ts";
import { freePort, startLarder, target, type TestServer } from "../support/server.ts";
import { untilBlocked } from "../support/until.ts";

const server = target();
const skip = server.isOracle ? "is about two servers that are started here" : false;

let other: TestServer;
let here: RespClient;
let there: RespClient;
before(async () => {
  other = await startLarder();
  here = await server.connect();
  there = await other.connect();
});
after(async () => {
  here.close();
  there.close();
  await other.stop();
});

const migrate = (...args: (string | number)[]) =>
  here.command("MIGRATE", other.host, other.port, ...args);

rawCases(server, "MIGRATE, the arguments", [
  ["MIGRATE a 1 k 0 100 COPI", "-ERR syntax error\r\n"],
  ["MIGRATE a 1 k 0 100 AUTH", "-ERR syntax error\r\n"],
  ["MIGRATE a 1 k 0 100 AUTH2 u", "-ERR syntax error\r\n"],
  [
    "MIGRATE a 1 k 0 100 KEYS a b",
    "-ERR When using MIGRATE KEYS option, the key argument must be set to the empty string\r\n",
  ],
  ["MIGRATE a 1 k 0 x", "-ERR value is not an integer or out of range\r\n"],
  ["MIGRATE a 1 k y 100", "-ERR value is not an integer or out of range\r\n"],
  ["MIGRATE a 1 nothing 0 100", "+NOKEY\r\n"],
  ['MIGRATE a 1 "" 0 100 COPY REPLACE KEYS nothing none', "+NOKEY\r\n"],
  [
    'COMMAND GETKEYS MIGRATE a 1 "" 0 100 COPY AUTH keys KEYS a b',
    array(bulk("a"), bulk("b")),
  ],
  ["COMMAND GETKEYS MIGRATE a 1 k 0 100", array(bulk("k"))],
]);

test("keys of every type move, with their time to live", { skip }, async () => {
  await here.command("SET", "s", "value", "PX", 100_000);
  await here.command("RPUSH", "l", 1, 2, 3);
  await here.command("HSET", "h", "f", "v");
  await here.command("ZADD", "z", 1, "a", 2, "b");
  assert.equal(await migrate("s", 1, 5000), "OK");
  assert.equal(await here.command("EXISTS", "s"), 0);
  assert.equal(await migrate("", 1, 5000, "KEYS", "l", "missing", "h", "z"), "OK");
  assert.equal(await here.command("EXISTS", "l", "h", "z"), 0);
  await there.command("SELECT", 1);
  assert.equal(await there.command("GET", "s"), "value");
  assert.ok(Number(await there.command("PTTL", "s")) > 90_000);
  assert.deepEqual(await there.command("LRANGE", "l", 0, -1), ["1", "2", "3"]);
  assert.deepEqual(await there.command("HGETALL", "h"), ["f", "v"]);
  assert.deepEqual(await there.command("ZRANGE", "z", 0, -1), ["a", "b"]);
  await there.command("SELECT", 0);
});

test("COPY and REPLACE, and what the other server refuses", { skip }, async () => {
  await here.command("MSET", "a", 1, "b", 2);
  assert.equal(await migrate("a", 0, 5000, "COPY"), "OK");
  assert.equal(await here.command("GET", "a"), "1");
  const refused = await migrate("", 0, 5000, "KEYS", "a", "b");
  assert.ok(refused instanceof ReplyError);
  assert.match(refused.message, /^ERR Target instance replied with error: BUSYKEY/);
  assert.deepEqual(await here.command("MGET", "a", "b"), ["1", null]);
  await here.command("SET", "a", 3);
  assert.equal(await migrate("a", 0, 5000, "REPLACE"), "OK");
  assert.deepEqual(await there.command("MGET", "a", "b"), ["3", "2"]);
  await here.command("SET", "a", 3);
  const stranger = await migrate("a", 0, 5000, "AUTH2", "nobody", "secret");
  assert.match((stranger as ReplyError).message, /Target instance replied with error: WRONGPASS/);
  assert.equal(await here.command("GET", "a"), "3");
});

test("a server that isn't there, or says nothing", { skip }, async () => {
  await here.command("SET", "k", "v");
  const nobody = await here.command("MIGRATE", "127.0.0.1", await freePort(), "k", 0, 500);
  assert.deepEqual(nobody, new ReplyError("IOERR error or timeout writing to target instance"));
  const bad = await here.command("MIGRATE", "127.0.0.1", 99999, "k", 0, 500);
  assert.match((bad as ReplyError).message, /^IOERR /);
  const held: Socket[] = [];
  const silent = createServer((socket) => held.push(socket)).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;
  const timeout = await here.command("MIGRATE", "127.0.0.1", port, "k", 0, 1000);
  assert.deepEqual(timeout, new ReplyError("IOERR error or timeout reading from target instance"));
  assert.equal(await here.command("GET", "k"), "v");
  for (const socket of held) socket.destroy();
  silent.close();
});

test("a key that changes on the way is kept", { skip }, async () => {
  await here.command("SET", "k", "old");
  const slow = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", async () => {
      const second = await server.connect();
      await second.command("SET", "k", "new");
      second.close();
      socket.write("+OK\r\n+OK\r\n");
    });
  }).listen(0, "127.0.0.1");
  await once(slow, "listening");
  const { port } = slow.address() as AddressInfo;
  const reply = await here.command("MIGRATE", "127.0.0.1", port, "k", 0, 5000);
  assert.match((reply as ReplyError).message, /^ERR 1 of the keys changed during the transfer/);
  assert.equal(await here.command("GET", "k"), "new");
  slow.close();
});

test("in a transaction it is refused; a client that goes leaves nothing", { skip }, async () => {
  await here.command("SET", "k", "v");
  await here.command("MULTI");
  await migrate("k", 0, 1000);
  const [reply] = await here.command("EXEC") as unknown[];
  assert.ok(reply instanceof ReplyError);
  const held: Socket[] = [];
  const silent = createServer((socket) => held.push(socket)).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const going = await server.connect();
  const { port } = silent.address() as AddressInfo;
  going.send(["MIGRATE", "127.0.0.1", port, "k", 0, 60_000]);
  await untilBlocked(here, 1);
  going.close();
  await untilBlocked(here, 0);
  assert.equal(await here.command("GET", "k"), "v");
  for (const socket of held) socket.destroy();
  silent.close();
});

test("a command counts once, and one that failed as failed", async () => {
  const client = await server.connect();
  const port = String(await freePort());
  await client.command("CONFIG", "SET", "slowlog-log-slower-than", "0");
  await client.command("SET", "k", "v");
  await client.command("CONFIG", "RESETSTAT");
  await client.command("SLOWLOG", "RESET");
  assert.equal(await client.command("MIGRATE", "127.0.0.1", port, "nothing", "0", "100"), "NOKEY");
  const failed = await client.command("MIGRATE", "127.0.0.1", port, "k", "0", "100");
  assert.match((failed as ReplyError).message, /^IOERR /);
  const stats = String(await client.command("INFO", "commandstats"));
  assert.match(stats, /cmdstat_migrate:calls=2,.*rejected_calls=0,failed_calls=1/);
  assert.match(String(await client.command("INFO", "errorstats")), /errorstat_IOERR:count=1/);
  const slow = await client.command("SLOWLOG", "GET", "-1") as unknown[][];
  assert.equal(slow.filter((entry) => (entry[3] as string[])[0] === "MIGRATE").length, 2);
  await client.command("CONFIG", "SET", "slowlog-log-slower-than", "10000");
  client.close();
});
