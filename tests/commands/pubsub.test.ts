/**
 * Publishing and subscribing, to the byte.
 */
import { array, bulk, OK, rawCases, type Want } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";

const server = target();
const PONG = "+PONG\r\n";

/** What is a push in RESP3 and an array in RESP2. */
function push(...replies: string[]): Want {
  const items = replies.map((reply) => reply.endsWith("\r\n") ? reply : bulk(reply));
  const resp2 = array(...items);
  return { resp2, resp3: `>${resp2.slice(1)}` };
}

/** Several of them. */
function pushes(...wants: Want[]): Want {
  const join = (key: "resp2" | "resp3") =>
    wants.map((want) => typeof want === "string" ? want : (want as Record<string, string>)[key])
      .join("");
  return { resp2: join("resp2"), resp3: join("resp3") };
}

const NOBODY: Want = { resp2: "$-1\r\n", resp3: "_\r\n" };

/** The answer of an UNSUBSCRIBE that had nothing to end. */
function none(word: string, left: number): Want {
  const rest = (nil: string) => `3\r\n${bulk(word)}${nil}:${left}\r\n`;
  return { resp2: `*${rest("$-1\r\n")}`, resp3: `>${rest("_\r\n")}` };
}

rawCases(server, "SUBSCRIBE, PUBLISH, UNSUBSCRIBE", [
  ["PUBLISH a x", ":0\r\n"],
  [
    "SUBSCRIBE a b a",
    pushes(
      push("subscribe", "a", ":1\r\n"),
      push("subscribe", "b", ":2\r\n"),
      push("subscribe", "a", ":2\r\n"),
    ),
    { on: "sub", replies: 3 },
  ],
  ["PUBLISH a hello", ":1\r\n"],
  ["PUBLISH A hello", ":0\r\n"],
  [["PUBLISH", "b", "\0\r\n\xff"], ":1\r\n"],
  ["PUBLISH b ''", ":1\r\n"],
  [
    "UNSUBSCRIBE b",
    pushes(
      push("message", "a", "hello"),
      push("message", "b", bulk("\0\r\n\xff")),
      push("message", "b", ""),
      push("unsubscribe", "b", ":1\r\n"),
    ),
    { on: "sub", replies: 4 },
  ],
  ["PUBLISH b lost", ":0\r\n"],
  ["UNSUBSCRIBE nosuch", push("unsubscribe", "nosuch", ":1\r\n"), { on: "sub" }],
  ["UNSUBSCRIBE", push("unsubscribe", "a", ":0\r\n"), { on: "sub" }],
  ["UNSUBSCRIBE", none("unsubscribe", 0), { on: "sub" }],
  ["PUNSUBSCRIBE", none("punsubscribe", 0), { on: "sub" }],
  ["SUNSUBSCRIBE", none("sunsubscribe", 0), { on: "sub" }],
  ["PING", PONG, { on: "sub" }],
  ["SUBSCRIBE", "-ERR wrong number of arguments for 'subscribe' command\r\n"],
  ["PUBLISH a", "-ERR wrong number of arguments for 'publish' command\r\n"],
], { resp: "both" });

rawCases(server, "PSUBSCRIBE", [
  [
    "PSUBSCRIBE news.* n?ws.a nothing",
    pushes(
      push("psubscribe", "news.*", ":1\r\n"),
      push("psubscribe", "n?ws.a", ":2\r\n"),
      push("psubscribe", "nothing", ":3\r\n"),
    ),
    { on: "sub", replies: 3 },
  ],
  ["SUBSCRIBE news.b", push("subscribe", "news.b", ":4\r\n"), { on: "sub" }],
  ["PUBLISH news.b 1", ":2\r\n"],
  [
    "PUNSUBSCRIBE news.*",
    pushes(
      push("message", "news.b", "1"),
      push("pmessage", "news.*", "news.b", "1"),
      push("punsubscribe", "news.*", ":3\r\n"),
    ),
    { on: "sub", replies: 3 },
  ],
  ["PUBLISH news.a 2", ":1\r\n"],
  [
    "PUNSUBSCRIBE nosuch",
    pushes(push("pmessage", "n?ws.a", "news.a", "2"), push("punsubscribe", "nosuch", ":3\r\n")),
    { on: "sub", replies: 2 },
  ],
  ["PUBSUB NUMPAT", ":2\r\n"],
  ["RESET", "+RESET\r\n", { on: "sub" }],
  ["PUBSUB NUMPAT", ":0\r\n"],
  ["PUBSUB CHANNELS", "*0\r\n"],
], { resp: "both" });

rawCases(server, "shard channels", [
  ["SSUBSCRIBE a", push("ssubscribe", "a", ":1\r\n"), { on: "sub" }],
  ["SUBSCRIBE a", push("subscribe", "a", ":1\r\n"), { on: "sub" }],
  ["SSUBSCRIBE b", push("ssubscribe", "b", ":2\r\n"), { on: "sub" }],
  ["PSUBSCRIBE *", push("psubscribe", "*", ":2\r\n"), { on: "sub" }],
  ["SPUBLISH a x", ":1\r\n"],
  ["SPUBLISH nosuch x", ":0\r\n"],
  [
    "SUNSUBSCRIBE a",
    pushes(push("smessage", "a", "x"), push("sunsubscribe", "a", ":1\r\n")),
    { on: "sub", replies: 2 },
  ],
  ["PUBSUB SHARDCHANNELS", array(bulk("b"))],
  ["PUBSUB SHARDCHANNELS x*", "*0\r\n"],
  ["PUBSUB SHARDNUMSUB b a", array(bulk("b"), ":1\r\n", bulk("a"), ":0\r\n")],
  ["PUBSUB SHARDNUMSUB", "*0\r\n"],
  ["SUNSUBSCRIBE", push("sunsubscribe", "b", ":0\r\n"), { on: "sub" }],
], { resp: "both" });

rawCases(server, "PUBSUB", [
  ["SUBSCRIBE ab", push("subscribe", "ab", ":1\r\n"), { on: "one" }],
  ["SUBSCRIBE ab", push("subscribe", "ab", ":1\r\n"), { on: "two" }],
  ["PSUBSCRIBE a*", push("psubscribe", "a*", ":2\r\n"), { on: "two" }],
  ["PUBSUB CHANNELS", array(bulk("ab"))],
  ["PUBSUB CHANNELS a?", array(bulk("ab"))],
  ["PUBSUB CHANNELS b*", "*0\r\n"],
  ["PUBSUB NUMSUB", "*0\r\n"],
  ["PUBSUB NUMSUB ab x ab", array(bulk("ab"), ":2\r\n", bulk("x"), ":0\r\n", bulk("ab"), ":2\r\n")],
  ["PUBSUB NUMPAT", ":1\r\n"],
  ["PUBLISH ab x", ":3\r\n"],
  ["PUBSUB CHANNELS a b", /^-ERR unknown subcommand or wrong number of arguments for 'CHANNELS'/],
  ["PUBSUB NUMPAT x", "-ERR wrong number of arguments for 'pubsub|numpat' command\r\n"],
  ["PUBSUB NOSUCH", "-ERR unknown subcommand 'NOSUCH'. Try PUBSUB HELP.\r\n"],
  ["PUBSUB", "-ERR wrong number of arguments for 'pubsub' command\r\n"],
  ["PUBSUB HELP", /^\*\d+\r\n\+PUBSUB <subcommand>/],
  ["INFO stats", /pubsub_channels:1\r\npubsub_patterns:1\r\npubsubshard_channels:0\r\n/],
  ["INFO clients", /pubsub_clients:2\r\n/, { since7: "7.4" }],
  [
    "CLIENT LIST TYPE pubsub",
    / flags=P .* sub=1 psub=0 ssub=0 .* flags=P .* sub=1 psub=1 ssub=0 /s,
  ],
  ["CLIENT KILL TYPE pubsub", ":2\r\n"],
  ["PUBLISH ab x", ":0\r\n"],
], { resp: "both" });

rawCases(server, "a subscriber of RESP2 may do only a few things", [
  ["SUBSCRIBE a", push("subscribe", "a", ":1\r\n")],
  ["PING", array(bulk("pong"), bulk(""))],
  ["PING hi", array(bulk("pong"), bulk("hi"))],
  [
    "GET a",
    "-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are " +
    "allowed in this context\r\n",
  ],
  ["CLIENT ID", /^-ERR Can't execute 'client\|id': only \(P\|S\)SUBSCRIBE/],
  ["HELLO 3", /^-ERR Can't execute 'hello'/],
  ["NOSUCH", /^-ERR unknown command/],
  ["UNSUBSCRIBE", push("unsubscribe", "a", ":0\r\n")],
  ["GET a", NOBODY],
  ["SUBSCRIBE a", push("subscribe", "a", ":1\r\n")],
  ["QUIT", OK, { closed: true }],
]);

rawCases(server, "a subscriber of RESP3 may do everything", [
  ["SUBSCRIBE a", push("subscribe", "a", ":1\r\n")],
  ["PING", PONG],
  ["SET k v", OK],
  // What it sends itself follows the reply, and the whole of a transaction's.
  ["PUBLISH a x", pushes(":1\r\n", push("message", "a", "x")), { replies: 2, since7: "7.2" }],
  ["MULTI", OK, { since7: "7.2" }],
  ["PUBLISH a 1", "+QUEUED\r\n", { since7: "7.2" }],
  ["GET k", "+QUEUED\r\n", { since7: "7.2" }],
  ["PUBLISH a 2", "+QUEUED\r\n", { since7: "7.2" }],
  [
    "EXEC",
    pushes(
      array(":1\r\n", bulk("v"), ":1\r\n"),
      push("message", "a", "1"),
      push("message", "a", "2"),
    ),
    { replies: 3, since7: "7.2" },
  ],
  ["CLIENT REPLY OFF", "", { since7: "7.2" }],
  ["PUBLISH a off", push("message", "a", "off"), { since7: "7.2" }],
  ["SUBSCRIBE b", push("subscribe", "b", ":2\r\n"), { since7: "7.2" }],
  ["CLIENT REPLY ON", OK, { since7: "7.2" }],
  ["HELLO 2", /^\*14/],
  ["GET k", /^-ERR Can't execute 'get'/],
], { resp: 3 });

rawCases(server, "subscribing in a transaction", [
  ["MULTI", OK],
  ["SUBSCRIBE a", "+QUEUED\r\n"],
  ["GET k", "+QUEUED\r\n"],
  ["SSUBSCRIBE a", "+QUEUED\r\n"],
  ["UNSUBSCRIBE a", "+QUEUED\r\n"],
  [
    "EXEC",
    "*4\r\n" + array(bulk("subscribe"), bulk("a"), ":1\r\n") + "$-1\r\n" +
    "-ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client\r\n" +
    array(bulk("unsubscribe"), bulk("a"), ":0\r\n"),
  ],
  ["PING", PONG],
]);

const NO_KEYS = "-ERR Replica can't interact with the keyspace\r\n";

rawCases(server, "what monitors may do", [
  ["SET k v", OK],
  ["MONITOR", OK, { on: "monitor" }],
  ["GET k", NO_KEYS, { on: "monitor" }],
  ["SET k w", NO_KEYS, { on: "monitor" }],
  ["PUBLISH channel x", NO_KEYS, { on: "monitor" }],
  ["EVAL 'return 1' 0", NO_KEYS, { on: "monitor" }],
  ["BLPOP k 0", NO_KEYS, { on: "monitor" }],
  ["GET", /^-ERR wrong number/, { on: "monitor" }],
  ["RANDOMKEY", NO_KEYS, { on: "monitor" }],
  ["MULTI", /^\+OK\r\n\+.* "MULTI"\r\n/, { on: "monitor", replies: 2 }],
  ["GET k", NO_KEYS, { on: "monitor" }],
  ["EXEC", /^-EXECABORT .*\r\n\+.* "EXEC"\r\n/, { on: "monitor", replies: 2 }],
  // A pause isn't for them.
  ["CLIENT PAUSE 60000 ALL", OK, { on: "monitor" }],
  ["ECHO x", /^\$1\r\nx\r\n\+.* "ECHO" "x"\r\n/, { on: "monitor", replies: 2 }],
  ["CLIENT UNPAUSE", OK, { on: "monitor" }],
  ["RESET", "+RESET\r\n", { on: "monitor" }],
  ["GET k", bulk("v"), { on: "monitor" }],
]);

rawCases(server, "MONITOR", [
  ["MONITOR", OK, { on: "monitor" }],
  ["SET k v", OK],
  [["SET", 'q"\\', "\r\n\t\x07\b\x01\xff"], OK],
  ["CONFIG GET port", /^\*2/],
  ["NOSUCH", /^-ERR/],
  ["AUTH secret word", /^-WRONGPASS/],
  ["SELECT 3", OK],
  ["MULTI", OK],
  ["PING", "+QUEUED\r\n"],
  ["EXEC", array(PONG)],
  [
    "PING",
    /^\+\d+\.\d{6} \[0 127\.0\.0\.1:\d+\] "SET" "k" "v"\r\n\+[^[]*\[0 \S+\] "SET" "q\\"\\\\" "\\r\\n\\t\\a\\b\\x01\\xff"\r\n\+[^[]*\[0 \S+\] "AUTH" "\(redacted\)" "\(redacted\)"\r\n\+[^[]*\[3 \S+\] "SELECT" "3"\r\n\+[^[]*\[3 \S+\] "MULTI"\r\n\+[^[]*\[3 \S+\] "PING"\r\n\+[^[]*\[3 \S+\] "EXEC"\r\n\+PONG\r\n/,
    { on: "monitor", replies: 8 },
  ],
  ["CLIENT LIST", / flags=O /],
  ["RESET", "+RESET\r\n", { on: "monitor" }],
  ["SET k v", OK],
  ["PING", PONG, { on: "monitor" }],
  ["ROLE", array(bulk("master"), ":0\r\n", "*0\r\n")],
]);
