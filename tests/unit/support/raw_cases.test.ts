import { describe, test } from "node:test";
import assert from "node:assert/strict";
import {
  array,
  bulk,
  NIL,
  NIL_ARRAY,
  OK,
  type RawCase,
  rawCases,
  runCases,
  splitLine,
} from "../../support/raw_cases.ts";
import { redisMissing, redisTarget } from "../../support/server.ts";

const skip = redisMissing();

test("lines are split like a shell splits them", () => {
  const cases: ReadonlyArray<readonly [string, string[]]> = [
    ["", []],
    ["  GET   a ", ["GET", "a"]],
    ['SET "a b" \'c "d\'', ["SET", "a b", 'c "d']],
    ['"\\x00\\xfF\\n\\r\\t\\b\\a\\\\\\"\\q" x\\n', ['\0\xff\n\r\t\b\x07\\"q', "x\\n"]],
    ["'it\\'s \\n' \"\" ''", ["it's \\n", "", ""]],
    ["KEYS [^a]*?{b}\\*", ["KEYS", "[^a]*?{b}\\*"]],
  ];
  for (const [line, args] of cases) assert.deepEqual(splitLine(line), args, line);
  for (const line of ['a"b"', '"a', "'a'b", "it's"]) assert.throws(() => splitLine(line), line);
});

test("expected replies can be put together", () => {
  assert.equal(array(bulk("ab"), ":1\r\n"), "*2\r\n$2\r\nab\r\n:1\r\n");
});

describe("raw cases", { skip }, () => {
  const server = redisTarget();

  rawCases(server, "all kinds that pass", [
    ["SET a 1", OK],
    ["GET a", "$1\r\n1\r\n"],
    [["SET", "\0\xff", Uint8Array.of(13, 10)], OK],
    ['GET "\\x00\\xff"', bulk("\r\n")],
    ["GET none", NIL],
    ["BLPOP none 0.01", NIL_ARRAY],
    ["DBSIZE", ":2\r\n"],
    ["NOSUCH", /^-ERR unknown command 'NOSUCH'/],
    ["CONFIG GET port", /^[*%]\d\r\n\$4\r\nport\r\n\$\d+\r\n\d+\r\n$/],
    [{ raw: "PING\r\n*1\r\n$4\r\nPING\r\n" }, "+PONG\r\n+PONG\r\n"],
    ["CONFIG GET maxclients", array(bulk("maxclients"), bulk("10000")), { resp: 2 }],
    ["HELLO 3", /^%7/, { resp: 3 }],
    ["SUBSCRIBE x y", /subscribe[^]*subscribe/, { on: "listener", replies: 2 }],
    ["PUBLISH x hi", ":1\r\n"],
    ["", {
      resp2: array(bulk("message"), bulk("x"), bulk("hi")),
      resp3: `>3\r\n${bulk("message")}${bulk("x")}${bulk("hi")}`,
    }, { on: "listener" }],
    ["CLIENT REPLY OFF", "", { on: "mute" }],
    ["PING", "", { on: "mute" }],
    [{ raw: "*1\r\n:1\r\n" }, "-ERR Protocol error: expected '$', got ':'\r\n", { closed: true }],
    ["PING", "+PONG\r\n"],
    ["SET b 1 PX 20", OK],
    ["GET b", NIL, { waitMs: 60 }],
    ["NOSUCHYET", "+soon\r\n", { since7: "99.0" }],
  ], { resp: "both" });

  test("that fail tell all about it", async () => {
    const cases: RawCase[] = [
      ["SET a 1", OK],
      ["GET a", "$1\r\n2\r\n"],
      ['ECHO "\\x00"', /^\+/],
      ["QUIT", OK, { closed: true }],
      ["GET a", "$1\r\n1\r\n"],
      [{ raw: "PING\r\n" }, "+PONG\r\n+PONG\r\n", { on: "quits", since7: "7.0" }],
      ["NOSUCH", OK, { since7: "7.99" }],
    ];
    const impatient = {
      ...server,
      connect: async () => {
        const client = await server.connect();
        client.readTimeoutMs = 200;
        return client;
      },
    };
    const outcome = await runCases(impatient, cases, 2);
    assert.equal(outcome.skipped, 1);
    assert.deepEqual(outcome.failures, [
      'case 2, RESP2: GET a\n  expected "$1\\r\\n2\\r\\n"\n  got      "$1\\r\\n1\\r\\n"',
      'case 3, RESP2: ECHO "\\x00"\n  expected /^\\+/\n  got      "$1\\r\\n\\x00\\r\\n"',
      'case 6, RESP2: raw "PING\\r\\n"\n  expected "+PONG\\r\\n+PONG\\r\\n"\n' +
      '  got      "+PONG\\r\\n"\n  because  no answer within 200 ms; unread: ""',
    ]);
  });

  test("bytes that nobody asked for are a failure", async () => {
    const outcome = await runCases(server, [[{ raw: "PING\r\nPING\r\n" }, "+PONG\r\n"]], 2);
    assert.equal(outcome.failures.length, 1);
    assert.match(outcome.failures[0], /got {6}"\+PONG\\r\\n\+PONG\\r\\n"/);
  });
});
