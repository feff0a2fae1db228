/**
 * CLIENT TRACKING, to the byte: which keys are tracked, who is told that they have changed, and when.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import { array, bulk, OK, type RawCase, rawCases, type Want } from "../support/raw_cases.ts";
import type { RespClient } from "../support/resp_client.ts";
import { target } from "../support/server.ts";
import { until } from "../support/until.ts";

const server = target({ args: ["--enable-debug-command", "yes"] });
const QUEUED = "+QUEUED\r\n";
const PONG = "+PONG\r\n";
const ALL = `>2\r\n${bulk("invalidate")}_\r\n`;

/** The push that says that keys have changed. */
function changed(...keys: string[]): string {
  return `>2\r\n${bulk("invalidate")}${array(...keys.map(bulk))}`;
}

/** The same as a message of the channel, for RESP2. */
function message(...keys: string[]): string {
  return array(bulk("message"), bulk("__redis__:invalidate"), array(...keys.map(bulk)));
}

/** What CLIENT TRACKINGINFO answers. */
function info(flags: string[], redirect: number, prefixes: string[] = []): Want {
  const items = flags.map(bulk).join("");
  const rest = `${bulk("redirect")}:${redirect}\r\n${bulk("prefixes")}` +
    array(...prefixes.map(bulk));
  return {
    resp2: `*6\r\n${bulk("flags")}*${flags.length}\r\n${items}${rest}`,
    resp3: `%3\r\n${bulk("flags")}~${flags.length}\r\n${items}${rest}`,
  };
}

/** A case on another connection. */
function other(command: string, want: Want): RawCase {
  return [command, want, { on: "other" }];
}

rawCases(server, "CLIENT TRACKING: options", [
  ["CLIENT TRACKING", /^-ERR wrong number of arguments for 'client\|tracking' command\r\n$/],
  ["CLIENT TRACKING maybe", "-ERR syntax error\r\n"],
  ["CLIENT TRACKING ON what", "-ERR syntax error\r\n"],
  ["CLIENT TRACKING ON REDIRECT", "-ERR syntax error\r\n"],
  ["CLIENT TRACKING ON PREFIX", "-ERR syntax error\r\n"],
  ["CLIENT TRACKING ON REDIRECT x", "-ERR value is not an integer or out of range\r\n"],
  ["CLIENT TRACKING ON REDIRECT 0", /^-ERR The client ID you want redirect to does not exist\r\n/],
  ["CLIENT TRACKING ON REDIRECT -1", /^-ERR The client ID you want redirect to does not exist/],
  ["CLIENT TRACKING OFF REDIRECT 99999999", /^-ERR The client ID you want redirect to does not/],
  ["CLIENT TRACKING ON PREFIX a", "-ERR PREFIX option requires BCAST mode to be enabled\r\n"],
  ["CLIENT TRACKING ON BCAST OPTIN", "-ERR OPTIN and OPTOUT are not compatible with BCAST\r\n"],
  ["CLIENT TRACKING ON BCAST OPTOUT", "-ERR OPTIN and OPTOUT are not compatible with BCAST\r\n"],
  [
    "CLIENT TRACKING ON OPTIN OPTOUT",
    "-ERR You can't specify both OPTIN mode and OPTOUT mode\r\n",
  ],
  ["CLIENT TRACKINGINFO", info(["off"], -1)],
  ["CLIENT TRACKING ON OPTIN", OK],
  [
    "CLIENT TRACKING ON BCAST",
    "-ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then " +
    "re-enabling it with a different mode.\r\n",
  ],
  [
    "CLIENT TRACKING ON OPTOUT",
    "-ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then " +
    "re-enabling it with a different mode.\r\n",
  ],
  ["CLIENT TRACKING ON OPTIN NOLOOP", OK],
  ["CLIENT TRACKINGINFO", info(["on", "optin", "noloop"], 0)],
  ["CLIENT TRACKING ON", OK],
  ["CLIENT TRACKINGINFO", info(["on"], 0)],
  ["CLIENT TRACKING ON OPTOUT", OK],
  ["CLIENT GETREDIR", ":0\r\n"],
  ["CLIENT TRACKING OFF BCAST", OK],
  ["CLIENT GETREDIR", ":-1\r\n"],
  ["client tracking on bcast prefix b: prefix a: noloop", OK],
  ["CLIENT TRACKINGINFO", info(["on", "bcast", "noloop"], 0, ["a:", "b:"])],
  ["RESET", "+RESET\r\n"],
  ["CLIENT TRACKINGINFO", info(["off"], -1), { resp: 2 }],
], { resp: "both" });

rawCases(server, "CLIENT TRACKING: prefixes that overlap", [
  ["CLIENT TRACKING ON BCAST PREFIX foo", OK],
  [
    "CLIENT TRACKING ON BCAST PREFIX foobar",
    "-ERR Prefix 'foobar' overlaps with an existing prefix 'foo'. Prefixes for a single client " +
    "must not overlap.\r\n",
  ],
  ["CLIENT TRACKING ON BCAST PREFIX foo", /^-ERR Prefix 'foo' overlaps with an existing/],
  ["CLIENT TRACKING ON BCAST PREFIX f", /^-ERR Prefix 'f' overlaps with an existing prefix 'foo'/],
  [
    "CLIENT TRACKING ON BCAST PREFIX bar PREFIX ba",
    "-ERR Prefix 'bar' overlaps with another provided prefix 'ba'. Prefixes for a single client " +
    "must not overlap.\r\n",
  ],
  ["CLIENT TRACKING ON BCAST PREFIX '' PREFIX x", /^-ERR Prefix '' overlaps with an existing/],
  ["CLIENT TRACKING ON BCAST PREFIX bar", OK],
  ["CLIENT TRACKINGINFO", info(["on", "bcast"], 0, ["bar", "foo"])],
  ["CLIENT TRACKING OFF", OK],
  ["CLIENT TRACKING ON BCAST", OK],
  ["CLIENT TRACKINGINFO", info(["on", "bcast"], 0, [""])],
], { resp: "both" });

rawCases(server, "CLIENT CACHING", [
  ["CLIENT CACHING", /^-ERR wrong number of arguments for 'client\|caching'/],
  [
    "CLIENT CACHING YES",
    "-ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or " +
    "OPTOUT mode enabled\r\n",
  ],
  ["CLIENT TRACKING ON", OK],
  ["CLIENT CACHING maybe", "-ERR syntax error\r\n"],
  [
    "CLIENT CACHING YES",
    "-ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.\r\n",
  ],
  [
    "CLIENT CACHING NO",
    "-ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.\r\n",
  ],
  ["CLIENT TRACKING ON OPTIN", OK],
  ["CLIENT CACHING NO", /^-ERR CLIENT CACHING NO is only valid/],
  ["CLIENT CACHING yes", OK],
  ["CLIENT TRACKINGINFO", info(["on", "optin", "caching-yes"], 0)],
  ["CLIENT SETNAME x", OK],
  ["CLIENT TRACKINGINFO", info(["on", "optin", "caching-yes"], 0)],
  ["PING", PONG],
  ["CLIENT TRACKINGINFO", info(["on", "optin"], 0)],
  ["CLIENT CACHING YES", OK],
  ["nosuch", /^-ERR unknown/],
  ["CLIENT TRACKINGINFO", info(["on", "optin"], 0)],
  ["CLIENT CACHING YES", OK],
  ["CLIENT TRACKING OFF", OK],
  ["CLIENT TRACKING ON OPTOUT", OK],
  ["CLIENT TRACKINGINFO", info(["on", "optout"], 0)],
  ["CLIENT CACHING NO", OK],
  ["CLIENT TRACKINGINFO", info(["on", "optout", "caching-no"], 0)],
  ["GET k", /^(_|\$-1)\r\n$/],
  ["CLIENT TRACKINGINFO", info(["on", "optout"], 0)],
], { resp: "both" });

rawCases(server, "CLIENT TRACKING: keys that were read", [
  ["CLIENT TRACKING ON", OK],
  other("SET a 1", OK),
  ["GET a", bulk("1")],
  ["MGET b c b", "*3\r\n_\r\n_\r\n_\r\n"],
  other("SET a 2", OK),
  other("SET a 3", OK),
  ["", changed("a")],
  other("MSET b 1 c 1", OK),
  ["", changed("b") + changed("c")],
  ["PING", PONG],
  // What is written is not tracked, nor what is asked about without a key, nor a channel.
  ["SET d 1", OK],
  ["SPUBLISH d x", ":0\r\n"],
  ["WATCH d", OK],
  ["KEYS *", /^\*4/, { replies: 1 }],
  other("DEL d", ":1\r\n"),
  ["UNWATCH", OK],
  // What was read in vain is, and what was read with an error.
  ["EXISTS d", ":0\r\n"],
  ["LLEN a", /^-WRONGTYPE/],
  ["TTL b", ":-1\r\n"],
  ["SORT_RO c", /^-WRONGTYPE/],
  ["OBJECT ENCODING e", "_\r\n"],
  other("RPUSH e 1", ":1\r\n"),
  ["", changed("e")],
  other("APPEND a x", ":2\r\n"),
  ["", changed("a")],
  other("EXPIRE b 100", ":1\r\n"),
  ["", changed("b")],
  other("RENAME c f", OK),
  ["", changed("c")],
  other("LPUSH d x", ":1\r\n"),
  ["", changed("d")],
  // Any database counts.
  ["GET a", bulk("3x")],
  other("SELECT 1", OK),
  other("SET a x", OK),
  ["", changed("a")],
  other("SELECT 0", OK),
  // It is told of what it changes itself, after the reply.
  ["GET a", bulk("3x")],
  ["SET a 1", OK + changed("a"), { replies: 2 }],
  ["GET a", bulk("1")],
  ["CLIENT TRACKING OFF", OK],
  other("SET a 2", OK),
  ["PING", PONG],
], { resp: 3 });

rawCases(server, "CLIENT TRACKING: NOLOOP", [
  ["CLIENT TRACKING ON NOLOOP", OK],
  ["MGET a b", "*2\r\n_\r\n_\r\n"],
  ["SET a 1", OK],
  other("SET a 2", OK),
  other("SET b 2", OK),
  ["", changed("b")],
  ["GET a", bulk("2")],
  ["FLUSHALL ASYNC", OK + ALL, { replies: 2 }],
  other("SET a 3", OK),
  ["PING", PONG],
], { resp: 3 });

rawCases(server, "CLIENT TRACKING: OPTIN and OPTOUT", [
  ["CLIENT TRACKING ON OPTIN", OK],
  ["GET a", "_\r\n"],
  ["CLIENT CACHING YES", OK],
  ["GET b", "_\r\n"],
  ["GET c", "_\r\n"],
  other("MSET a 1 b 1 c 1", OK),
  ["", changed("b")],
  ["CLIENT CACHING YES", OK],
  ["MULTI", OK],
  ["GET a", QUEUED],
  ["GET b", QUEUED],
  ["EXEC", array(bulk("1"), bulk("1"))],
  ["GET c", bulk("1")],
  other("MSET a 2 b 2 c 2", OK),
  ["", changed("a") + changed("b")],
  ["MULTI", OK],
  ["GET a", QUEUED],
  ["CLIENT CACHING YES", QUEUED],
  ["GET b", QUEUED],
  ["EXEC", array(bulk("2"), OK, bulk("2"))],
  other("MSET a 3 b 3", OK),
  ["", changed("b")],
  ["CLIENT TRACKING OFF", OK],
  ["CLIENT TRACKING ON OPTOUT", OK],
  ["GET a", bulk("3")],
  ["CLIENT CACHING NO", OK],
  ["GET b", bulk("3")],
  other("MSET a 4 b 4", OK),
  ["", changed("a")],
  ["PING", PONG],
], { resp: 3 });

rawCases(server, "CLIENT TRACKING: transactions and what comes besides", [
  ["CLIENT TRACKING ON", OK],
  ["GET a", "_\r\n"],
  ["MULTI", OK],
  ["SET a 1", QUEUED],
  ["GET a", QUEUED],
  ["SET a 2", QUEUED],
  ["FLUSHDB", QUEUED],
  ["EXEC", array(OK, bulk("1"), OK, OK) + changed("a") + changed("a") + ALL, { replies: 4 }],
  // What another client does in one transaction.
  ["MGET a b", "*2\r\n_\r\n_\r\n"],
  other("MULTI", OK),
  other("SET a 1", QUEUED),
  other("SET b 1", QUEUED),
  other("EXEC", array(OK, OK)),
  ["", changed("a") + changed("b")],
  // Messages of channels come before.
  ["SUBSCRIBE ch", `>3\r\n${bulk("subscribe")}${bulk("ch")}:1\r\n`],
  ["GET a", bulk("1")],
  ["MULTI", OK],
  ["SET a 2", QUEUED],
  ["PUBLISH ch x", QUEUED],
  [
    "EXEC",
    `${array(OK, ":1\r\n")}>3\r\n${bulk("message")}${bulk("ch")}${bulk("x")}${changed("a")}`,
    { replies: 3 },
  ],
  ["UNSUBSCRIBE", `>3\r\n${bulk("unsubscribe")}${bulk("ch")}:0\r\n`],
  // A client without replies still gets pushes.
  ["GET a", bulk("2")],
  ["CLIENT REPLY OFF", ""],
  other("SET a 3", OK),
  ["", changed("a")],
  ["GET a", ""],
  ["SET a 4", changed("a")],
  ["CLIENT REPLY ON", OK],
  // Empty databases are emptied all the same.
  other("FLUSHALL", OK),
  ["", ALL],
  other("FLUSHDB", OK),
  ["", ALL],
  other("SWAPDB 0 1", OK),
  ["PING", PONG],
], { resp: 3 });

const entry = array(array(bulk("1-1"), array(bulk("f"), bulk("v"))));

rawCases(server, "CLIENT TRACKING: blocked clients", [
  ["CLIENT TRACKING ON", OK],
  ["LRANGE dst 0 -1", "*0\r\n"],
  ["BLMOVE src dst LEFT LEFT 0", ""],
  ["RPUSH src x", ":1\r\n", { on: "other", blocked: 1 }],
  ["", bulk("x") + changed("dst"), { replies: 2 }],
  ["XREAD BLOCK 0 STREAMS s $", ""],
  ["XADD s 1-1 f v", bulk("1-1"), { on: "other", blocked: 1 }],
  ["", changed("s") + `%1\r\n${bulk("s")}${entry}`, { replies: 2 }],
  other("XADD s 1-2 f v", bulk("1-2")),
  ["", changed("s")],
], { resp: 3 });

rawCases(server, "CLIENT TRACKING: BCAST", [
  ["CLIENT TRACKING ON BCAST PREFIX b: PREFIX a:", OK],
  other("MSET a:2 1 a:1 1 b:1 1 c:1 1 a: 1 a 1", OK),
  ["", changed("a:", "a:1", "a:2") + changed("b:1")],
  // What was read doesn't matter.
  ["GET c:1", bulk("1")],
  other("SET c:1 2", OK),
  other("MULTI", OK),
  other("SET a:1 2", QUEUED),
  other("INCR a:1", QUEUED),
  other("DEL a:1 a:2", QUEUED),
  other("EXEC", array(OK, ":3\r\n", ":2\r\n")),
  ["", changed("a:1", "a:2")],
  ["SET a:3 1", OK + changed("a:3"), { replies: 2 }],
  other("FLUSHALL", OK),
  ["", ALL],
  ["CLIENT TRACKING OFF", OK],
  ["CLIENT TRACKING ON BCAST NOLOOP", OK],
  ["SET x 1", OK],
  other("SET y 1", OK),
  ["", changed("y")],
  ["CLIENT TRACKING OFF", OK],
  other("SET y 2", OK),
  ["PING", PONG],
], { resp: 3 });

/** Opens connections, the first of them with RESP3. */
async function connect(count: number): Promise<RespClient[]> {
  const clients: RespClient[] = [];
  for (let i = 0; i < count; i++) clients.push(await server.connect());
  await clients[0].command("HELLO", "3");
  await clients[0].command("FLUSHALL");
  return clients;
}

async function ask(client: RespClient, line: string): Promise<string> {
  client.send(line.split(" "));
  return await client.readRaw();
}

/** A connection's id. */
async function idOf(client: RespClient): Promise<number> {
  return Number(await client.command("CLIENT", "ID"));
}

/** Waits until the server has noticed that a client is gone. */
async function untilGone(asker: RespClient, id: number): Promise<void> {
  await until("it is gone", async () => await ask(asker, `CLIENT LIST ID ${id}`) === "$0\r\n\r\n");
}

test("CLIENT TRACKING: REDIRECT to a subscriber of RESP2", async () => {
  const [, tracking, listener, writer] = await connect(4);
  const id = await idOf(listener);
  assert.equal(await ask(tracking, `CLIENT TRACKING ON REDIRECT ${id}`), OK);
  assert.equal(await ask(tracking, "CLIENT GETREDIR"), `:${id}\r\n`);
  assert.match(await ask(tracking, "CLIENT INFO"), new RegExp(` flags=t .* redir=${id} `));
  // As long as it isn't subscribed there is no way to tell it.
  await ask(tracking, "GET a");
  await ask(writer, "SET a 1");
  await ask(listener, "SUBSCRIBE __redis__:invalidate");
  await ask(tracking, "GET a");
  await ask(writer, "SET a 2");
  assert.equal(await listener.readRaw(), message("a"));
  await ask(tracking, "GET a");
  assert.equal(await ask(tracking, "SET a 3"), OK);
  assert.equal(await listener.readRaw(), message("a"));
  // Once it is gone, a client of RESP2 isn't told so, but can see it.
  listener.close();
  await ask(tracking, "GET a");
  await untilGone(writer, id);
  await ask(writer, "SET a 4");
  assert.match(await ask(tracking, "CLIENT TRACKINGINFO"), /\r\nbroken_redirect\r\n/);
  assert.match(await ask(tracking, "CLIENT INFO"), / flags=tR /);
  assert.equal(await ask(tracking, "PING"), PONG);
  for (const client of [tracking, writer]) client.close();
});

test("CLIENT TRACKING: REDIRECT with RESP3, to itself, and to nobody", async () => {
  const [listener, tracking, writer] = await connect(3);
  await tracking.command("HELLO", "3");
  const id = await idOf(listener);
  await ask(tracking, `CLIENT TRACKING ON REDIRECT ${id}`);
  await ask(tracking, "GET a");
  await ask(writer, "SET a 1");
  assert.equal(await listener.readRaw(), changed("a"));
  await ask(tracking, `CLIENT TRACKING ON REDIRECT ${await idOf(tracking)}`);
  await ask(tracking, "GET a");
  tracking.send(["SET", "a", "2"]);
  assert.equal(await tracking.readRaw() + await tracking.readRaw(), OK + changed("a"));
  await ask(tracking, `CLIENT TRACKING ON REDIRECT ${id}`);
  listener.close();
  await untilGone(writer, id);
  await ask(tracking, "GET a");
  await ask(writer, "SET a 3");
  const broken = `>2\r\n${bulk("tracking-redir-broken")}:${id}\r\n`;
  assert.equal(await tracking.readRaw(), broken);
  await ask(writer, "FLUSHALL");
  assert.equal(await tracking.readRaw(), broken);
  for (const client of [tracking, writer]) client.close();
});

test("CLIENT TRACKING: keys that expire", async () => {
  const [tracking, writer, broadcast] = await connect(3);
  await broadcast.command("HELLO", "3");
  await ask(tracking, "CLIENT TRACKING ON");
  await ask(broadcast, "CLIENT TRACKING ON BCAST NOLOOP PREFIX t");
  // In one piece, so that the key is still there when it is read.
  tracking.raw("SET time 1 PX 30\r\nGET time\r\n");
  assert.equal(await tracking.readRaw() + await tracking.readRaw(), OK + bulk("1"));
  assert.equal(await broadcast.readRaw(), changed("time"));
  assert.equal(await tracking.readRaw(), changed("time"), "by the active cycle");
  assert.equal(await broadcast.readRaw(), changed("time"));
  await ask(broadcast, "SET t:1 1 PX 1");
  assert.equal(await broadcast.readRaw(), changed("t:1"), "though it was its own key");
  for (const client of [tracking, writer, broadcast]) client.close();
});

test("CLIENT TRACKING: tracking-table-max-keys", async () => {
  const [tracking, writer] = await connect(2);
  const total = async (name: string) =>
    Number(new RegExp(`\r\n${name}:(\\d+)`).exec(await ask(writer, "INFO"))?.[1]);
  await ask(tracking, "CLIENT TRACKING ON NOLOOP");
  assert.equal(await total("tracking_clients"), 1);
  const keys = Array.from({ length: 250 }, (_, i) => `k${i}`);
  await tracking.command("MGET", ...keys);
  assert.equal(await total("tracking_total_keys"), 250);
  assert.equal(await total("tracking_total_items"), 250);
  await ask(writer, "CONFIG SET tracking-table-max-keys 10");
  const told = new Set<string>();
  while (told.size < 240) {
    const key = /\*1\r\n\$\d+\r\n(k\d+)\r\n$/.exec(await tracking.readRaw())?.[1];
    assert.ok(key !== undefined && !told.has(key));
    told.add(key);
  }
  assert.equal(await total("tracking_total_keys"), 10);
  await ask(writer, "CONFIG SET tracking-table-max-keys 1000000");
  assert.equal(await ask(tracking, "PING"), PONG);
  // A client that is gone takes its keys along, at the latest with the last one.
  await ask(tracking, "RESET");
  assert.equal(await total("tracking_clients"), 0);
  tracking.close();
  writer.close();
});

test("CLIENT TRACKING: hundreds of clients that read one key", async () => {
  const clients = await connect(60);
  const writer = clients.pop()!;
  for (const client of clients) {
    await client.command("HELLO", "3");
    await ask(client, "CLIENT TRACKING ON");
    assert.equal(await ask(client, "GET hot"), "_\r\n");
  }
  // Half of them are gone by the time that the key changes.
  for (const client of clients.splice(0, 30)) client.close();
  await ask(writer, "SET hot 1");
  for (const client of clients) assert.equal(await client.readRaw(), changed("hot"));
  for (const client of [...clients, writer]) client.close();
});
