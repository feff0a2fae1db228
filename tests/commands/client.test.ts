/** CLIENT and its subcommands, to the byte, and what they do to other connections. */

import { test } from "node:test";
import assert from "node:assert/strict";
import { bulk, NIL, OK, rawCases } from "../support/raw_cases.ts";
import type { RespClient } from "../support/resp_client.ts";
import { ReplyError } from "../support/resp_reply.ts";
import { target } from "../support/server.ts";
import { until } from "../support/until.ts";

const server = target();

const SYNTAX_ERROR = "-ERR syntax error\r\n";
const NAME_ERROR = "-ERR Client names cannot contain spaces, newlines or special characters.\r\n";
const ID_ERROR = "-ERR client-id should be greater than 0\r\n";

function arityError(name: string): string {
  return `-ERR wrong number of arguments for '${name}' command\r\n`;
}

/** The fields of one line of CLIENT LIST. */
function fieldsOf(line: string): Map<string, string> {
  return new Map(
    line.trim().split(" ").map((field) => {
      const at = field.indexOf("=");
      return [field.slice(0, at), field.slice(at + 1)];
    }),
  );
}

async function idOf(client: RespClient): Promise<number> {
  return Number(await client.command("CLIENT", "ID"));
}

/** Whether the server lists a connection. */
async function isListed(asker: RespClient, id: number): Promise<boolean> {
  return String(await asker.command("CLIENT", "LIST", "ID", id)) !== "";
}

rawCases(server, "CLIENT SETNAME and GETNAME", [
  ["CLIENT GETNAME", NIL],
  ["CLIENT SETNAME me", OK],
  ["CLIENT GETNAME", bulk("me")],
  [["CLIENT", "SETNAME", "a b"], NAME_ERROR],
  [["CLIENT", "SETNAME", "a\n"], NAME_ERROR],
  [["CLIENT", "SETNAME", "\x7f"], NAME_ERROR],
  [["CLIENT", "SETNAME", "\xe9"], NAME_ERROR],
  ["CLIENT GETNAME", bulk("me")],
  ["CLIENT SETNAME !~", OK],
  ["CLIENT GETNAME", bulk("!~")],
  [["CLIENT", "SETNAME", ""], OK],
  ["CLIENT GETNAME", NIL],
  ["CLIENT SETNAME", arityError("client|setname")],
  ["CLIENT GETNAME x", arityError("client|getname")],
], { resp: "both" });

rawCases(server, "CLIENT SETINFO", [
  ["CLIENT SETINFO lib-name lib", OK, { since7: "7.2" }],
  ["CLIENT SETINFO LIB-VER 1.2.3", OK, { since7: "7.2" }],
  ["CLIENT INFO", / lib-name=lib lib-ver=1\.2\.3\n/, { since7: "7.2" }],
  ["RESET", "+RESET\r\n"],
  ["CLIENT INFO", / lib-name=lib lib-ver=1\.2\.3\n/, { since7: "7.2" }],
  [["CLIENT", "SETINFO", "lib-name", ""], OK, { since7: "7.2" }],
  ["CLIENT INFO", / lib-name= lib-ver=1\.2\.3\n/, { since7: "7.2" }],
  [
    ["CLIENT", "SETINFO", "Lib-Name", "a b"],
    "-ERR Lib-Name cannot contain spaces, newlines or special characters.\r\n",
    { since7: "7.2" },
  ],
  [
    ["CLIENT", "SETINFO", "lib-ver", "a\n"],
    "-ERR lib-ver cannot contain spaces, newlines or special characters.\r\n",
    { since7: "7.2" },
  ],
  ["CLIENT SETINFO foo bar", "-ERR Unrecognized option 'foo'\r\n", { since7: "7.2" }],
  ["CLIENT SETINFO lib-name", arityError("client|setinfo"), { since7: "7.2" }],
]);

rawCases(server, "CLIENT LIST and INFO", [
  ["CLIENT ID", /^:\d+\r\n$/],
  ["CLIENT LIST TYPE normal", { resp2: /^\$\d+\r\nid=\d+ /, resp3: /^=\d+\r\ntxt:id=\d+ / }],
  ["CLIENT LIST type NORMAL", /id=\d+ /],
  ["CLIENT INFO", { resp2: /^\$\d+\r\nid=\d+ /, resp3: /^=\d+\r\ntxt:id=\d+ / }],
  ["CLIENT LIST TYPE pubsub", { resp2: "$0\r\n\r\n", resp3: "=4\r\ntxt:\r\n" }],
  ["CLIENT LIST TYPE master", { resp2: "$0\r\n\r\n", resp3: "=4\r\ntxt:\r\n" }],
  ["CLIENT LIST TYPE replica", { resp2: "$0\r\n\r\n", resp3: "=4\r\ntxt:\r\n" }],
  ["CLIENT LIST TYPE slave", { resp2: "$0\r\n\r\n", resp3: "=4\r\ntxt:\r\n" }],
  ["CLIENT LIST TYPE nosuch", "-ERR Unknown client type 'nosuch'\r\n"],
  ["CLIENT LIST TYPE", SYNTAX_ERROR],
  ["CLIENT LIST TYPE normal x", SYNTAX_ERROR],
  ["CLIENT LIST nosuch", SYNTAX_ERROR],
  ["CLIENT LIST ID", SYNTAX_ERROR],
  ["CLIENT LIST ID a", "-ERR Invalid client ID\r\n"],
  ["CLIENT LIST ID 1 a", "-ERR Invalid client ID\r\n"],
  ["CLIENT LIST ID 999999999", { resp2: "$0\r\n\r\n", resp3: "=4\r\ntxt:\r\n" }],
  ["CLIENT LIST ID 0 -5", { resp2: "$0\r\n\r\n", resp3: "=4\r\ntxt:\r\n" }],
  ["CLIENT INFO x", arityError("client|info")],
  ["CLIENT ID x", arityError("client|id")],
], { resp: "both" });

rawCases(server, "CLIENT KILL's errors", [
  ["CLIENT KILL", arityError("client|kill")],
  ["CLIENT KILL 1.1.1.1:1", "-ERR No such client\r\n"],
  ["CLIENT KILL ID", "-ERR No such client\r\n"],
  ["CLIENT KILL ID a", ID_ERROR],
  ["CLIENT KILL ID 0", ID_ERROR],
  ["CLIENT KILL ID -1", ID_ERROR],
  ["CLIENT KILL ID 99999999999999999999", ID_ERROR],
  ["CLIENT KILL ID 999999999", ":0\r\n"],
  ["CLIENT KILL ID 999999999 ADDR", SYNTAX_ERROR],
  ["CLIENT KILL ADDR 1.1.1.1:1 LADDR 2.2.2.2:2", ":0\r\n"],
  ["CLIENT KILL TYPE nosuch", "-ERR Unknown client type 'nosuch'\r\n"],
  ["CLIENT KILL TYPE pubsub", ":0\r\n"],
  ["CLIENT KILL USER nosuch", "-ERR No such user 'nosuch'\r\n"],
  ["CLIENT KILL SKIPME maybe", SYNTAX_ERROR],
  ["CLIENT KILL nosuch x", SYNTAX_ERROR],
  ["CLIENT KILL MAXAGE a", "-ERR maxage is not an integer or out of range\r\n", {
    since7: "7.4",
  }],
  ["CLIENT KILL MAXAGE 0", "-ERR maxage should be greater than 0\r\n", { since7: "7.4" }],
  ["CLIENT KILL MAXAGE -1", "-ERR maxage should be greater than 0\r\n", { since7: "7.4" }],
  ["CLIENT KILL MAXAGE 1000000", ":0\r\n", { since7: "7.4" }],
  ["PING", "+PONG\r\n"],
]);

rawCases(server, "CLIENT KILL of oneself", [
  [{ raw: "CLIENT KILL TYPE normal SKIPME no USER default\r\nPING\r\n" }, /^:\d+\r\n$/, {
    closed: true,
  }],
  ["PING", "+PONG\r\n"],
]);

rawCases(server, "CLIENT REPLY", [
  ["CLIENT REPLY ON", OK],
  ["CLIENT REPLY", arityError("client|reply")],
  ["CLIENT REPLY nosuch", SYNTAX_ERROR],
  [{ raw: "CLIENT REPLY OFF\r\nPING\r\nGET\r\nCLIENT REPLY on\r\nPING\r\n" }, `${OK}+PONG\r\n`],
  [{ raw: "CLIENT REPLY SKIP\r\nECHO a\r\nECHO b\r\n" }, bulk("b")],
  [{ raw: "CLIENT REPLY SKIP\r\nnosuch\r\nECHO b\r\n" }, bulk("b")],
  [{ raw: "CLIENT REPLY SKIP\r\nCLIENT REPLY SKIP\r\nECHO a\r\nECHO b\r\n" }, bulk("b")],
  [{ raw: "CLIENT REPLY SKIP\r\nCLIENT REPLY ON\r\nECHO b\r\n" }, `${OK}${bulk("b")}`],
  [{ raw: "CLIENT REPLY OFF\r\nCLIENT REPLY SKIP\r\nECHO a\r\nCLIENT REPLY ON\r\n" }, OK],
  [{ raw: "CLIENT REPLY SKIP\r\nRESET\r\nPING\r\n" }, "+PONG\r\n"],
  [{ raw: "CLIENT REPLY OFF\r\nRESET\r\nPING\r\n" }, "+RESET\r\n+PONG\r\n"],
  // What went unanswered was executed.
  [{ raw: "CLIENT REPLY OFF\r\nSET k v\r\nCLIENT REPLY ON\r\nGET k\r\n" }, `${OK}${bulk("v")}`],
]);

rawCases(server, "CLIENT NO-EVICT and NO-TOUCH", [
  ["CLIENT NO-EVICT on", OK],
  ["CLIENT LIST", / flags=e /],
  ["CLIENT NO-EVICT OFF", OK],
  ["CLIENT LIST", / flags=N /],
  ["CLIENT NO-EVICT maybe", SYNTAX_ERROR],
  ["CLIENT NO-EVICT", arityError("client|no-evict")],
  ["CLIENT NO-TOUCH on", OK, { since7: "7.2" }],
  ["CLIENT LIST", / flags=T /, { since7: "7.2" }],
  ["CLIENT NO-TOUCH OFF", OK, { since7: "7.2" }],
  ["CLIENT LIST", / flags=N /],
  ["CLIENT NO-TOUCH maybe", SYNTAX_ERROR, { since7: "7.2" }],
  ["CLIENT NO-TOUCH", arityError("client|no-touch"), { since7: "7.2" }],
]);

rawCases(server, "CLIENT HELP", [
  [
    "CLIENT HELP",
    /^\*\d+\r\n\+CLIENT <subcommand> \[<arg> \[value\] \[opt\] \.\.\.\]\. Subcommands are:\r\n/,
  ],
  ["CLIENT HELP me", arityError("client|help")],
]);

test("NO-TOUCH leaves the access time alone, TOUCH does not", async () => {
  if (server.isOracle) return;
  const [quiet, loud] = [await server.connect(), await server.connect()];
  const lru = async () => {
    const object = String(await loud.command("DEBUG", "OBJECT", "touched"));
    return Number(/ lru:(\d+)/.exec(object)?.[1]);
  };
  await loud.command("SET", "touched", "v");
  const before = await lru();
  await quiet.command("CLIENT", "NO-TOUCH", "ON");
  await new Promise((resolve) => setTimeout(resolve, 1100));
  assert.equal(await quiet.command("GET", "touched"), "v");
  assert.equal(await lru(), before, "GET under NO-TOUCH");
  assert.equal(await loud.command("GET", "other"), null);
  assert.equal(await lru(), before, "another client's GET of another key");
  assert.equal(await quiet.command("TOUCH", "touched"), 1);
  assert.notEqual(await lru(), before, "TOUCH under NO-TOUCH");
  quiet.close();
  loud.close();
});

test("CLIENT INFO has every field with its figure", async () => {
  const client = await server.connect();
  await client.command("CLIENT", "SETNAME", "somebody");
  await client.command("SELECT", 3);
  const line = String(await client.command("CLIENT", "INFO"));
  const fields = fieldsOf(line);
  const names =
    "id addr laddr fd name age idle flags db sub psub ssub multi watch qbuf qbuf-free " +
    "argv-mem multi-mem rbs rbp obl oll omem tot-mem events cmd user redir resp lib-name lib-ver";
  const missing = server.isOracle ? ["watch", "lib-name", "lib-ver"] : [];
  assert.deepEqual(
    [...fields.keys()],
    names.split(" ").filter((name) => !missing.includes(name)),
  );
  const local = client.socket.localPort;
  assert.equal(fields.get("addr"), `127.0.0.1:${local}`);
  assert.equal(fields.get("laddr"), `127.0.0.1:${server.address.port}`);
  assert.equal(fields.get("id"), String(await idOf(client)));
  for (
    const [name, want] of [
      ["name", "somebody"],
      ["flags", "N"],
      ["db", "3"],
      ["sub", "0"],
      ["multi", "-1"],
      ["argv-mem", "10"],
      ["multi-mem", "0"],
      ["obl", "0"],
      ["oll", "0"],
      ["omem", "0"],
      ["events", "r"],
      ["cmd", "client|info"],
      ["user", "default"],
      ["redir", "-1"],
      ["resp", "2"],
    ]
  ) {
    assert.equal(fields.get(name), want, name);
  }
  assert.ok(Number(fields.get("tot-mem")) > 0);
  assert.equal(Number(fields.get("qbuf")), 26, "the request is in the query buffer");
  assert.ok(Number(fields.get("fd")) > 0, "the descriptor is known");
  client.close();
});

test("CLIENT LIST describes others as they are", async () => {
  const [asker, other] = [await server.connect(), await server.connect()];
  await other.command("HELLO", 3);
  await other.command("SELECT", 7);
  const id = await idOf(other);
  other.raw("*2\r\n$3\r\nGET\r\n$10\r\nabc");
  await other.flushed();
  let fields = new Map<string, string>();
  await until("the unfinished request", async () => {
    fields = fieldsOf(String(await asker.command("CLIENT", "LIST", "ID", id)));
    // The oracle lets no more than it needs of it stay in the buffer.
    return server.isOracle ? Number(fields.get("qbuf")) > 0 : fields.get("qbuf") === "21";
  });
  assert.equal(fields.get("cmd"), "client|id");
  assert.equal(fields.get("db"), "7");
  assert.equal(fields.get("resp"), "3");
  assert.ok(Number(fields.get("qbuf")) > 0);
  const [ownId, list] = [
    await idOf(asker),
    String(await asker.command("CLIENT", "LIST", "ID", id, 999_999_999, id)),
  ];
  assert.deepEqual(list.trim().split("\n").map((line) => fieldsOf(line).get("id")), [
    String(id),
    String(id),
  ]);
  const all = String(await asker.command("CLIENT", "LIST")).trim().split("\n");
  const ids = all.map((line) => Number(fieldsOf(line).get("id")));
  assert.ok(ids.includes(id) && ids.includes(ownId));
  assert.deepEqual(ids, [...ids].sort((a, b) => a - b), "in order of arrival");
  other.close();
  asker.close();
});

test("CLIENT KILL closes those that meet the conditions", async () => {
  const killer = await server.connect();
  const own = await idOf(killer);
  const kill = (...args: (string | number)[]) => killer.command("CLIENT", "KILL", ...args);
  const victims: RespClient[] = [];
  const victim = async () => {
    const client = await server.connect();
    victims.push(client);
    return { client, id: await idOf(client), addr: `127.0.0.1:${client.socket.localPort}` };
  };

  const first = await victim();
  assert.equal(await kill(first.addr), "OK");
  await first.client.closed;
  assert.equal(await isListed(killer, first.id), false);
  assert.ok(await kill(first.addr) instanceof ReplyError);

  const second = await victim();
  assert.equal(await kill("ID", second.id, "ADDR", "1.1.1.1:1"), 0);
  assert.equal(await kill("ID", second.id, "TYPE", "pubsub"), 0);
  assert.equal(await second.client.command("PING"), "PONG");
  assert.equal(await kill("ID", second.id, "TYPE", "normal", "USER", "default"), 1);
  await second.client.closed;

  const third = await victim();
  const laddr = `127.0.0.1:${server.address.port}`;
  assert.equal(await kill("LADDR", laddr, "ID", third.id), 1);
  await third.client.closed;
  assert.equal(await kill("ID", own), 0, "SKIPME is yes by default");
  assert.equal(await kill("ID", own, "SKIPME", "yes"), 0);
  assert.equal(await kill("ID", own, "SKIPME", "no"), 1);
  await killer.closed;
  for (const client of victims) client.close();
});

test("a client that is killed while replies wait for it loses them and nobody else does", async () => {
  const [killer, slow] = [await server.connect(), await server.connect()];
  await killer.command("SET", "big", "x".repeat(1_000_000));
  const slowId = await idOf(slow);
  slow.socket.pause();
  for (let i = 0; i < 50; i++) slow.send(["GET", "big"]);
  await until("replies wait", async () => {
    const line = String(await killer.command("CLIENT", "LIST", "ID", slowId));
    return Number(fieldsOf(line).get("tot-mem")) > 1_000_000;
  });
  assert.equal(await killer.command("CLIENT", "KILL", "ID", slowId), 1);
  assert.equal(await isListed(killer, slowId), false);
  assert.equal(await killer.command("GET", "nosuch"), null);
  slow.close();
  killer.close();
});
