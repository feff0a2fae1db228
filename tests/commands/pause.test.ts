/**
 * CLIENT PAUSE and UNPAUSE.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RespClient } from "../support/resp_client.ts";
import { bulk, NIL, OK, rawCases } from "../support/raw_cases.ts";
import { sleep, target } from "../support/server.ts";
import { untilBlocked } from "../support/until.ts";

const server = target();

const TIMEOUT_ERROR = "-ERR timeout is not an integer or out of range\r\n";
const MODE_ERROR = "-ERR CLIENT PAUSE mode must be WRITE or ALL\r\n";

rawCases(server, "CLIENT PAUSE and UNPAUSE", [
  ["CLIENT PAUSE", "-ERR wrong number of arguments for 'client|pause' command\r\n"],
  ["CLIENT PAUSE x", TIMEOUT_ERROR],
  ["CLIENT PAUSE -1", "-ERR timeout is negative\r\n"],
  ["CLIENT PAUSE 9223372036854775807", "-ERR timeout is out of range\r\n", { since7: "7.2" }],
  ["CLIENT PAUSE 99999999999999999999", TIMEOUT_ERROR],
  ["CLIENT PAUSE 10 x", MODE_ERROR],
  ["CLIENT PAUSE x y", MODE_ERROR],
  [
    "CLIENT PAUSE 10 WRITE x",
    "-ERR unknown subcommand or wrong number of arguments for 'PAUSE'. Try CLIENT HELP.\r\n",
  ],
  ["CLIENT UNPAUSE x", "-ERR wrong number of arguments for 'client|unpause' command\r\n"],
  ["CLIENT UNPAUSE", OK],
  ["CLIENT PAUSE 0", OK],
  ["SET k v", OK],
  ["CLIENT PAUSE 60000 write", OK],
  ["GET k", bulk("v")],
  ["MULTI", OK],
  ["GET k", "+QUEUED\r\n"],
  ["EXEC", `*1\r\n${bulk("v")}`],
  ["SET k", "-ERR wrong number of arguments for 'set' command\r\n"],
  ["CLIENT UNPAUSE", OK],
  ["SET k w", OK],
], { resp: "both" });

rawCases(server, "keys that expire in a pause are gone, and there all the same", [
  // Only so that the key is still there when the pause begins.
  ["DEBUG SET-ACTIVE-EXPIRE 0", OK],
  ["SET k v PX 30", OK],
  ["CLIENT PAUSE 60000 WRITE", OK],
  ["DEBUG SET-ACTIVE-EXPIRE 1", OK],
  ["GET k", NIL, { waitMs: 60 }],
  ["EXISTS k", ":0\r\n"],
  ["DBSIZE", ":1\r\n"],
  ["CLIENT UNPAUSE", OK],
  ["RANDOMKEY", NIL],
  ["DBSIZE", ":0\r\n"],
]);

const own = {
  skip: server.isOracle ? "Redis 7.4.1 looks for a live key for ever" : false,
} as const;

rawCases(server, "RANDOMKEY finds an end among keys that have expired", [
  ["DEBUG SET-ACTIVE-EXPIRE 0", OK],
  ["SET k v PX 30", OK],
  ["CLIENT PAUSE 60000 WRITE", OK],
  ["DEBUG SET-ACTIVE-EXPIRE 1", OK],
  ["RANDOMKEY", bulk("k"), { waitMs: 60 }],
  ["CLIENT UNPAUSE", OK],
  ["RANDOMKEY", NIL],
], own);

rawCases(server, "what a transaction writes in a pause of its own", [
  ["SET k v PX 30", OK],
  ["MULTI", OK, { waitMs: 60 }],
  ["CLIENT PAUSE 60000 WRITE", "+QUEUED\r\n"],
  ["SET k w", "+QUEUED\r\n"],
  ["EXEC", `*2\r\n${OK}${OK}`],
  ["GET k", bulk("w")],
  ["DBSIZE", ":1\r\n"],
  ["CLIENT UNPAUSE", OK],
], own);

test("requests wait, in order, with all that was sent behind them", async () => {
  const admin = await server.connect();
  const others = [await server.connect(), await server.connect(), await server.connect()];
  await admin.command("FLUSHALL");
  await admin.command("CLIENT", "PAUSE", "60000", "WRITE");
  const large = "x".repeat(300_000);
  others.forEach((other, i) => {
    other.send(["GET", "k"]);
    other.send(["RPUSH", "list", `${i}`]);
    other.send(["SET", `large:${i}`, large]);
    other.send(["STRLEN", `large:${i}`]);
    other.send(["PING"]);
  });
  await untilBlocked(admin, 3);
  assert.equal(await admin.command("EXISTS", "list"), 0);
  const list = String(await admin.command("CLIENT", "LIST"));
  assert.equal(list.match(/flags=b/g)?.length, 3);
  const blocked = /id=(\d+) .*flags=b/.exec(list)![1];
  // Redis 7.4.1 ends with this.
  if (!server.isOracle) assert.equal(await admin.command("CLIENT", "UNBLOCK", blocked), 0);
  others[2].close();
  await untilBlocked(admin, 2);
  await admin.command("CLIENT", "UNPAUSE");
  await untilBlocked(admin, 0);
  for (const [i, other] of others.slice(0, 2).entries()) {
    const want = ["$-1\r\n", `:${i + 1}\r\n`, OK, ":300000\r\n", "+PONG\r\n"];
    for (const reply of want) assert.equal(await other.readRaw(), reply);
    other.close();
  }
  assert.deepEqual(await admin.command("LRANGE", "list", "0", "-1"), ["0", "1"]);
  admin.close();
});

test("a pause of everything ends by itself, and not before its time", async () => {
  const client = await server.connect();
  const since = performance.now();
  await client.command("CLIENT", "PAUSE", "300", "ALL");
  assert.equal(await client.command("CLIENT", "PAUSE", "20", "WRITE"), "OK");
  assert.ok(performance.now() - since >= 290);
  client.close();
});

test("a transaction that writes waits before its EXEC", async () => {
  const admin = await server.connect();
  const client = await server.connect();
  await client.command("MULTI");
  await client.command("SET", "k", "v");
  await admin.command("CLIENT", "PAUSE", "60000", "WRITE");
  client.send(["EXEC"]);
  await untilBlocked(admin, 1);
  await admin.command("CLIENT", "UNPAUSE");
  assert.equal(await client.readRaw(), `*1\r\n${OK}`);
  client.close();
  admin.close();
});

test("keys whose time is over stay during a pause that somebody monitors", async () => {
  const admin = await server.connect();
  const monitor = await server.connect();
  await admin.command("FLUSHALL");
  assert.equal(await monitor.command("MONITOR"), "OK");
  await admin.command("DEBUG", "SET-ACTIVE-EXPIRE", "0");
  await admin.command("SET", "k", "v", "PX", "30");
  await admin.command("CLIENT", "PAUSE", "60000", "WRITE");
  await admin.command("DEBUG", "SET-ACTIVE-EXPIRE", "1");
  await sleep(250);
  assert.equal(await admin.command("GET", "k"), null);
  assert.equal(await admin.command("DBSIZE"), 1);
  await admin.command("CLIENT", "UNPAUSE");
  monitor.close();
  assert.equal(await admin.command("GET", "k"), null);
  assert.equal(await admin.command("DBSIZE"), 0);
  admin.close();
});

/** A transaction in which a pause begins and something is done all the same. */
async function pauseAnd(admin: RespClient, mode: string, ...requests: string[][]): Promise<void> {
  const { length } = requests;
  await admin.command("MULTI");
  await admin.command("CLIENT", "PAUSE", "60000", mode);
  for (const request of requests) await admin.command(...request);
  const replies = await admin.command("EXEC") as unknown[];
  assert.equal(replies.length, length + 1);
}

/** What INFO clients says. */
async function figure(admin: RespClient, name: string): Promise<number> {
  const info = String(await admin.command("INFO", "clients"));
  return Number(new RegExp(`\r\n${name}:(\\d+)`).exec(info)![1]);
}

const popped = (key: string, value: string) => `*2\r\n${bulk(key)}${bulk(value)}`;

test("a client gets what a paused transaction pushed when the pause is over, in its turn", async () => {
  const admin = await server.connect();
  const [first, second, third] = [1, 2, 3].map(() => server.connect());
  const [a, b, c] = [await first, await second, await third];
  await admin.command("FLUSHALL");
  a.raw("BLPOP l 0\r\nSET k v\r\nGET k\r\n");
  await untilBlocked(admin, 1);
  b.send(["BLMOVE", "l", "moved", "LEFT", "LEFT", "0"]);
  await untilBlocked(admin, 2);
  c.send(["BLPOP", "moved", "l", "0"]);
  await untilBlocked(admin, 3);
  assert.equal(await figure(admin, "total_blocking_keys"), 2);
  await pauseAnd(admin, "WRITE", ["RPUSH", "l", "1", "2"]);
  assert.deepEqual(await admin.command("LRANGE", "l", "0", "-1"), ["1", "2"]);
  assert.equal(await figure(admin, "blocked_clients"), 3);
  assert.equal(await figure(admin, "total_blocking_keys"), 0);
  const list = String(await admin.command("CLIENT", "LIST"));
  assert.equal(list.match(/flags=b .* cmd=bl/g)?.length, 3);
  await admin.command("CLIENT", "UNPAUSE");
  assert.equal(await a.readRaw(), popped("l", "1"));
  assert.equal(await a.readRaw(), OK);
  assert.equal(await a.readRaw(), bulk("v"));
  assert.equal(await b.readRaw(), bulk("2"));
  assert.equal(await c.readRaw(), popped("moved", "2"));
  assert.equal(await figure(admin, "blocked_clients"), 0);
  for (const client of [a, b, c, admin]) client.close();
});

test("whoever reads gets it at once, unless everything waits", async () => {
  const admin = await server.connect();
  const reader = await server.connect();
  await admin.command("FLUSHALL");
  const read = ["XREAD", "BLOCK", "0", "STREAMS", "s", "$"];
  const entry = (id: string) =>
    `*1\r\n*2\r\n${bulk("s")}*1\r\n*2\r\n${bulk(id)}*2\r\n${bulk("f")}${bulk("v")}`;
  reader.send(read);
  await untilBlocked(admin, 1);
  await pauseAnd(admin, "WRITE", ["XADD", "s", "1-1", "f", "v"]);
  assert.equal(await reader.readRaw(), entry("1-1"));
  await admin.command("CLIENT", "UNPAUSE");
  reader.send(read);
  await untilBlocked(admin, 1);
  const since = performance.now();
  await admin.command("MULTI");
  await admin.command("CLIENT", "PAUSE", "300", "ALL");
  await admin.command("XADD", "s", "1-2", "f", "v");
  await admin.command("EXEC");
  assert.equal(await reader.readRaw(), entry("1-2"));
  assert.ok(performance.now() - since >= 290);
  reader.close();
  admin.close();
});

test("who finds nothing when the pause is over waits again, behind the others", async () => {
  const admin = await server.connect();
  const early = await server.connect();
  const late = await server.connect();
  await admin.command("FLUSHALL");
  early.send(["BLPOP", "l", "0"]);
  await untilBlocked(admin, 1);
  await pauseAnd(admin, "WRITE", ["RPUSH", "l", "x"]);
  // All of this is one read, so nobody is served in between.
  const unpause = [["CLIENT", "UNPAUSE"], ["LPOP", "l"], ["INFO", "clients"], ["CLIENT", "LIST"]];
  admin.raw(unpause.map((request) => request.join(" ") + "\r\n").join(""));
  assert.equal(await admin.readRaw(), OK);
  assert.equal(await admin.readRaw(), bulk("x"));
  assert.match(await admin.readRaw(), /\r\nblocked_clients:0\r\n/);
  assert.match(await admin.readRaw(), / flags=u .* cmd=blpop /);
  await untilBlocked(admin, 1);
  late.send(["BLPOP", "l", "0"]);
  await untilBlocked(admin, 2);
  await admin.command("RPUSH", "l", "y");
  assert.equal(await early.readRaw(), popped("l", "y"));
  await admin.command("RPUSH", "l", "z");
  assert.equal(await late.readRaw(), popped("l", "z"));
  for (const client of [early, late, admin]) client.close();
});

test("a group that is deleted meanwhile is missed when the pause is over", async () => {
  const admin = await server.connect();
  const reader = await server.connect();
  await admin.command("FLUSHALL");
  await admin.command("XGROUP", "CREATE", "s", "g", "$", "MKSTREAM");
  reader.send(["XREADGROUP", "GROUP", "g", "me", "BLOCK", "0", "STREAMS", "s", ">"]);
  await untilBlocked(admin, 1);
  await pauseAnd(admin, "WRITE", ["DEL", "s"]);
  reader.send(["PING"]);
  await admin.command("CLIENT", "UNPAUSE");
  assert.match(await reader.readRaw(), /^-NOGROUP No such key 's' or consumer group 'g' in XREADG/);
  assert.equal(await reader.readRaw(), "+PONG\r\n");
  reader.close();
  admin.close();
});

test("who goes while its request is postponed is forgotten", async () => {
  const admin = await server.connect();
  await admin.command("FLUSHALL");
  const [killed, gone] = [await server.connect(), await server.connect()];
  const id = String(await killed.command("CLIENT", "ID"));
  killed.send(["BLPOP", "l", "0"]);
  gone.send(["BLPOP", "l", "0"]);
  await untilBlocked(admin, 2);
  await pauseAnd(admin, "WRITE", ["RPUSH", "l", "x"]);
  await admin.command("CLIENT", "KILL", "ID", id);
  await killed.closed;
  await untilBlocked(admin, 1);
  gone.close();
  await untilBlocked(admin, 0);
  await admin.command("CLIENT", "UNPAUSE");
  assert.equal(await admin.command("LLEN", "l"), 1);
  assert.equal(await figure(admin, "blocked_clients"), 0);
  admin.close();
});

test("time that is up in a pause is up when it is over", {
  skip: server.isOracle ? "Redis 7.4 forgets the time, and the client waits for ever" : false,
}, async () => {
  const admin = await server.connect();
  const [first, second] = [await server.connect(), await server.connect()];
  await admin.command("FLUSHALL");
  first.send(["BLPOP", "l", "0.2"]);
  await untilBlocked(admin, 1);
  second.send(["BLPOP", "l", "0.2"]);
  await untilBlocked(admin, 2);
  await pauseAnd(admin, "WRITE", ["RPUSH", "l", "x"]);
  await sleep(300);
  assert.equal(await figure(admin, "blocked_clients"), 2);
  await admin.command("CLIENT", "UNPAUSE");
  assert.equal(await first.readRaw(), popped("l", "x"));
  assert.equal(await second.readRaw(), "*-1\r\n");
  for (const client of [first, second, admin]) client.close();
});

test("a pause of no time makes one that is under way a pause of everything", async () => {
  const client = await server.connect();
  const since = performance.now();
  await client.command("CLIENT", "PAUSE", "300", "WRITE");
  await client.command("CLIENT", "PAUSE", "0", "ALL");
  assert.equal(await client.command("PING"), "PONG");
  assert.ok(performance.now() - since >= 290);
  client.close();
});
