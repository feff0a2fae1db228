/** PING, ECHO, HELLO, AUTH, SELECT, QUIT and RESET, to the byte. */

import { test } from "node:test";
import assert from "node:assert/strict";
import { array, bulk, NIL, OK, type RawCase, rawCases } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";

const server = target({ args: ["--databases", "16"] });

const NOT_INT = "-ERR value is not an integer or out of range\r\n";
const NOT_INT32 = "-ERR value is out of range, value must between -2147483648 and 2147483647\r\n";
const WRONG_PASSWORD = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
const NO_AUTH = "-NOAUTH Authentication required.\r\n";
const NO_PASSWORD = "-ERR AUTH <password> called without any password configured for the " +
  "default user. Are you sure your configuration is correct?\r\n";
const HELLO_NEEDS_AUTH = "-NOAUTH HELLO must be called with the client already authenticated, " +
  "otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client " +
  "and select the RESP protocol version at the same time\r\n";

function arityError(name: string): string {
  return `-ERR wrong number of arguments for '${name}' command\r\n`;
}

/** What HELLO answers. */
function greeting(head: string, proto: number): RegExp {
  return new RegExp(
    `^\\${head}\\r\\n\\$6\\r\\nserver\\r\\n\\$5\\r\\nredis\\r\\n\\$7\\r\\nversion\\r\\n` +
      `\\$\\d+\\r\\n[\\d.]+\\r\\n\\$5\\r\\nproto\\r\\n:${proto}\\r\\n\\$2\\r\\nid\\r\\n:\\d+\\r\\n` +
      `\\$4\\r\\nmode\\r\\n\\$10\\r\\nstandalone\\r\\n\\$4\\r\\nrole\\r\\n\\$6\\r\\nmaster\\r\\n` +
      `\\$7\\r\\nmodules\\r\\n\\*0\\r\\n$`,
  );
}

const GREETING_2 = greeting("*14", 2);
const GREETING_3 = greeting("%7", 3);

rawCases(server, "PING and ECHO", [
  ["PING", "+PONG\r\n"],
  ["ping", "+PONG\r\n"],
  ["PING hello", bulk("hello")],
  [["PING", "\0\r\n\xff"], bulk("\0\r\n\xff")],
  [["PING", ""], bulk("")],
  ["PING a b", arityError("ping")],
  ["ECHO hello", bulk("hello")],
  [["ECHO", "a\r\nb\0"], bulk("a\r\nb\0")],
  [["ECHO", ""], bulk("")],
  ["ECHO", arityError("echo")],
  ["ECHO a b", arityError("echo")],
], { resp: "both" });

rawCases(server, "HELLO", [
  ["HELLO", GREETING_2],
  ["HELLO 2", GREETING_2],
  ["HELLO 3", GREETING_3],
  ["HELLO", GREETING_3],
  ["GET nosuch", "_\r\n"],
  ["HELLO 2", GREETING_2],
  ["GET nosuch", "$-1\r\n"],
  ["HELLO 1", "-NOPROTO unsupported protocol version\r\n"],
  ["HELLO 4", "-NOPROTO unsupported protocol version\r\n"],
  ["HELLO -1", "-NOPROTO unsupported protocol version\r\n"],
  ["HELLO x", "-ERR Protocol version is not an integer or out of range\r\n"],
  ["HELLO 3.0", "-ERR Protocol version is not an integer or out of range\r\n"],
  [
    "HELLO 99999999999999999999",
    "-ERR Protocol version is not an integer or out of range\r\n",
  ],
  ["HELLO 3 FOO", "-ERR Syntax error in HELLO option 'FOO'\r\n"],
  [["HELLO", "3", "a\r\nb"], "-ERR Syntax error in HELLO option 'a  b'\r\n"],
  ["HELLO 3 AUTH", "-ERR Syntax error in HELLO option 'AUTH'\r\n"],
  ["HELLO 3 auth a", "-ERR Syntax error in HELLO option 'auth'\r\n"],
  ["HELLO 3 SETNAME", "-ERR Syntax error in HELLO option 'SETNAME'\r\n"],
  ["HELLO 3 AUTH a b", WRONG_PASSWORD],
  ["HELLO 3 AUTH default b FOO", "-ERR Syntax error in HELLO option 'FOO'\r\n", {
    since7: "7.2",
  }],
  ["GET nosuch", "$-1\r\n"],
  ["HELLO 2 SETNAME me", GREETING_2],
  ["CLIENT GETNAME", bulk("me")],
  [
    ["HELLO", "2", "SETNAME", "a b"],
    "-ERR Client names cannot contain spaces, newlines or special characters.\r\n",
  ],
  ["CLIENT GETNAME", bulk("me")],
  ["HELLO 3 AUTH a b SETNAME other", WRONG_PASSWORD],
  ["CLIENT GETNAME", bulk("me")],
  ["HELLO 3 AUTH default any SETNAME you", GREETING_3],
  ["CLIENT GETNAME", bulk("you")],
  [["HELLO", "3", "SETNAME", ""], GREETING_3],
  ["CLIENT GETNAME", "_\r\n"],
]);

rawCases(server, "SELECT", [
  ["SET k zero", OK],
  ["SELECT 15", OK],
  ["GET k", NIL],
  ["SET k fifteen", OK],
  ["SELECT 0", OK],
  ["GET k", bulk("zero")],
  ["SELECT 16", "-ERR DB index is out of range\r\n"],
  ["SELECT -1", "-ERR DB index is out of range\r\n"],
  ["SELECT 2147483647", "-ERR DB index is out of range\r\n"],
  ["SELECT 2147483648", NOT_INT32],
  ["SELECT -2147483649", NOT_INT32],
  ["SELECT 9223372036854775807", NOT_INT32],
  ["SELECT 9223372036854775808", NOT_INT],
  ["SELECT a", NOT_INT],
  ["SELECT 1.0", NOT_INT],
  [["SELECT", ""], NOT_INT],
  [["SELECT", " 1"], NOT_INT],
  ["SELECT", arityError("select")],
  ["SELECT 1 2", arityError("select")],
  ["GET k", bulk("zero")],
], { resp: "both" });

rawCases(server, "QUIT", [
  ["QUIT", OK, { closed: true }],
  ["QUIT now", OK, { closed: true }],
  [{ raw: "PING\r\nQUIT\r\nPING\r\n" }, "+PONG\r\n+OK\r\n", { closed: true }],
  [{ raw: "*1\r\n$4\r\nQUIT\r\n*2\r\n$3\r\nGET\r\n$1" }, OK, { closed: true }],
  [{ raw: "PING\r\nGET nosuch\r\n" }, "+PONG\r\n$-1\r\n"],
]);

rawCases(server, "RESET", [
  ["HELLO 3 SETNAME me", GREETING_3],
  ["SELECT 3", OK],
  ["CLIENT NO-EVICT ON", OK],
  ["RESET", "+RESET\r\n"],
  ["GET nosuch", "$-1\r\n"],
  ["CLIENT GETNAME", "$-1\r\n"],
  ["CLIENT LIST", / flags=N db=0 .* resp=2/, { since7: "7.2" }],
  ["RESET now", arityError("reset")],
  [{ raw: "CLIENT REPLY OFF\r\nPING\r\nRESET\r\nPING\r\n" }, "+RESET\r\n+PONG\r\n"],
]);

rawCases(server, "AUTH without a password", [
  ["AUTH", arityError("auth")],
  ["AUTH foo", NO_PASSWORD],
  ["AUTH default foo", OK],
  ["AUTH nobody foo", WRONG_PASSWORD],
  ["AUTH Default foo", WRONG_PASSWORD],
  ["AUTH a b c", "-ERR syntax error\r\n"],
]);

rawCases(server, "AUTH with a password", [
  ["PING", "+PONG\r\n", { on: "early" }],
  ["CONFIG SET requirepass s3cret", OK],
  // Those who are in stay in.
  ["PING", "+PONG\r\n"],
  ["PING", "+PONG\r\n", { on: "early" }],
  ["PING", NO_AUTH, { on: "late" }],
  ["SET k v", NO_AUTH, { on: "late" }],
  ["SELECT 1", NO_AUTH, { on: "late" }],
  ["CLIENT ID", NO_AUTH, { on: "late" }],
  ["nosuch", /^-ERR unknown command 'nosuch'/, { on: "late" }],
  ["GET", arityError("get"), { on: "late" }],
  ["HELLO", HELLO_NEEDS_AUTH, { on: "late", since7: "7.2" }],
  ["HELLO 3", HELLO_NEEDS_AUTH, { on: "late", since7: "7.2" }],
  ["HELLO 5", "-NOPROTO unsupported protocol version\r\n", { on: "late" }],
  ["HELLO 2 AUTH default wrong", WRONG_PASSWORD, { on: "late" }],
  ["RESET", "+RESET\r\n", { on: "late" }],
  ["AUTH wrong", WRONG_PASSWORD, { on: "late" }],
  ["AUTH s3cre", WRONG_PASSWORD, { on: "late" }],
  ["AUTH s3crett", WRONG_PASSWORD, { on: "late" }],
  ["AUTH s3crets3cret", WRONG_PASSWORD, { on: "late" }],
  [["AUTH", ""], WRONG_PASSWORD, { on: "late" }],
  ["AUTH other s3cret", WRONG_PASSWORD, { on: "late" }],
  ["AUTH default wrong", WRONG_PASSWORD, { on: "late" }],
  ["PING", NO_AUTH, { on: "late" }],
  ["AUTH s3cret", OK, { on: "late" }],
  ["PING", "+PONG\r\n", { on: "late" }],
  // A wrong password does not throw out who is in.
  ["AUTH wrong", WRONG_PASSWORD, { on: "late" }],
  ["PING", "+PONG\r\n", { on: "late" }],
  ["RESET", "+RESET\r\n", { on: "late" }],
  ["PING", NO_AUTH, { on: "late" }],
  ["AUTH default s3cret", OK, { on: "late" }],
  ["QUIT", OK, { on: "quit", closed: true }],
  ["HELLO 3 AUTH default s3cret SETNAME me", GREETING_3, { on: "hello" }],
  ["CLIENT GETNAME", bulk("me"), { on: "hello" }],
  [{ raw: "AUTH s3cret\r\nPING\r\nECHO a\r\n" }, `${OK}+PONG\r\n${bulk("a")}`, {
    on: "pipeline",
  }],
  [
    { raw: "PING\r\nAUTH x\r\nAUTH s3cret\r\nPING\r\n" },
    `${NO_AUTH}${WRONG_PASSWORD}${OK}+PONG\r\n`,
    {
      on: "pipeline 2",
    },
  ],
  // Limits of requests before authentication.
  [
    { raw: "*11\r\n" },
    "-ERR Protocol error: unauthenticated multibulk length\r\n",
    { on: "many", closed: true },
  ],
  [
    { raw: "*2\r\n$4\r\nAUTH\r\n$16385\r\n" },
    "-ERR Protocol error: unauthenticated bulk length\r\n",
    { on: "long", closed: true },
  ],
  [
    { raw: `AUTH s3cret\r\n*2\r\n$4\r\nECHO\r\n$20000\r\n${"x".repeat(20000)}\r\n` },
    `${OK}${bulk("x".repeat(20000))}`,
    { on: "in" },
  ],
  ["PING", NO_AUTH, { on: "waiting" }],
  ["CONFIG SET requirepass other", OK],
  ["AUTH s3cret", WRONG_PASSWORD, { on: "waiting" }],
  [["CONFIG", "SET", "requirepass", ""], OK],
  ["PING", "+PONG\r\n", { on: "waiting" }],
  ["AUTH other", NO_PASSWORD, { on: "waiting" }],
  ["PING", "+PONG\r\n"],
]);

rawCases(server, "Requests that are none", [
  ["nosuch", "-ERR unknown command 'nosuch', with args beginning with: \r\n"],
  ["nosuch a b", "-ERR unknown command 'nosuch', with args beginning with: 'a' 'b' \r\n"],
  [
    ["no\r\nsuch", "a\nb"],
    "-ERR unknown command 'no  such', with args beginning with: 'a b' \r\n",
  ],
  [
    ["n".repeat(200), "a".repeat(100), "b".repeat(100), "c"],
    `-ERR unknown command '${"n".repeat(128)}', with args beginning with: ` +
    `'${"a".repeat(100)}' '${"b".repeat(25)}' \r\n`,
  ],
  ["get|set a", "-ERR unknown command 'get|set', with args beginning with: 'a' \r\n"],
  ["CLIENT nosuch", "-ERR unknown subcommand 'nosuch'. Try CLIENT HELP.\r\n"],
  ["Client nosuch a", "-ERR unknown subcommand 'nosuch'. Try CLIENT HELP.\r\n"],
  ["CLIENT", arityError("client")],
  ["CLIENT ID now", arityError("client|id")],
  [{ raw: "POST / HTTP/1.1\r\nPING\r\n" }, "", { closed: true }],
  [{ raw: "host: 127.0.0.1\r\nPING\r\n" }, "", { closed: true }],
]);

test("a thousand pipelined commands of all kinds are answered in order", async () => {
  const client = await server.connect();
  const cases: RawCase[] = [];
  for (let i = 0; i < 250; i++) {
    cases.push([`ECHO ${i}`, bulk(String(i))], [`SELECT ${i % 16}`, OK]);
    cases.push(["nosuch", /^-ERR unknown command/], ["COMMAND GETKEYS GET k", array(bulk("k"))]);
  }
  client.raw(cases.map(([command]) => `${command}\r\n`).join(""));
  for (const [command, want] of cases) {
    const got = await client.readRaw();
    if (typeof want === "string") assert.equal(got, want, String(command));
    else assert.match(got, /^-ERR unknown command/);
  }
  client.close();
});
