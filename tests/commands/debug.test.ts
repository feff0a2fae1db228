/**
 * DEBUG. The digests and lengths are a real server's.
 */
import { createHash } from "node:crypto";
import assert from "node:assert/strict";
import { test } from "node:test";
import { array, bulk, NIL, OK, rawCases } from "../support/raw_cases.ts";
import { ReplyError } from "../support/resp_reply.ts";
import { startLarder, target } from "../support/server.ts";

const server = target();

const NOT_POSITIVE = "-ERR value is out of range, must be positive\r\n";
const NOT_INTEGER = "-ERR value is not an integer or out of range\r\n";

function unknown(sub: string): string {
  return `-ERR unknown subcommand or wrong number of arguments for '${sub}'. Try DEBUG HELP.\r\n`;
}

rawCases(server, "DEBUG's subcommands", [
  ["DEBUG", "-ERR wrong number of arguments for 'debug' command\r\n"],
  ["DEBUG nosuch", unknown("nosuch")],
  ["DEBUG object", unknown("object")],
  ["DEBUG OBJECT a b", unknown("OBJECT")],
  ["DEBUG SLEEP", unknown("SLEEP")],
  ["DEBUG set-active-expire", unknown("set-active-expire")],
  ["DEBUG DIGEST x", unknown("DIGEST")],
  [["DEBUG", "n".repeat(200)], unknown("n".repeat(128))],
  ["DEBUG HELP", /^\*\d+\r\n\+DEBUG <subcommand> \[<arg> \[value\] \[opt\] \.\.\.\]\. Subcommands/],
  ["DEBUG SLEEP 0.01", OK],
  ["DEBUG SLEEP x", OK],
  ["DEBUG LOG hello", OK],
  ["DEBUG CHANGE-REPL-ID", OK],
  ["DEBUG PAUSE-CRON 1", OK],
  ["DEBUG PAUSE-CRON 0", OK],
  ["DEBUG REPLYBUFFER x 1", unknown("REPLYBUFFER")],
  ["DEBUG REPLYBUFFER resizing x", OK],
  ["DEBUG REPLYBUFFER resizing 1", OK],
  ["DEBUG REPLYBUFFER peak-reset-time never", OK],
  ["DEBUG REPLYBUFFER peak-reset-time 100", OK],
  [
    "DEBUG REPLYBUFFER peak-reset-time x",
    "-ERR value is not an integer or out of range\r\n",
  ],
  ["DEBUG REPLYBUFFER PEAK-RESET-TIME Reset", OK],
]);

rawCases(server, "DEBUG ERROR", [
  ["CONFIG RESETSTAT", OK],
  ["DEBUG ERROR 'MYERR something'", "-MYERR something\r\n"],
  [["DEBUG", "ERROR", "a\r\nb"], "-a  b\r\n"],
  ["INFO errorstats", bulk("# Errorstats\r\n")],
]);

/** DEBUG OBJECT's line for a value, without what changes from run to run. */
function objectLine(encoding: string, serialized: number): RegExp {
  return new RegExp(
    `^\\+Value at:0x[0-9a-f]+ refcount:1 encoding:${encoding} serializedlength:${serialized} ` +
      "lru:\\d+ lru_seconds_idle:[01]\\r\\n$",
  );
}

rawCases(server, "DEBUG OBJECT", [
  ["DEBUG OBJECT nosuch", "-ERR no such key\r\n"],
  ["SET int8 111000", OK],
  ["DEBUG OBJECT int8", objectLine("int", 5)],
  ["SET int8 -129", OK],
  ["DEBUG OBJECT int8", objectLine("int", 3)],
  ["INCR int8", ":-128\r\n"],
  ["DEBUG OBJECT int8", objectLine("int", 2)],
  ["SET int64 9223372036854775807", OK],
  ["DEBUG OBJECT int64", objectLine("int", 20)],
  ["SET word hello", OK],
  ["DEBUG OBJECT word", objectLine("embstr", 6)],
  ["APPEND word _world", ":11\r\n"],
  ["DEBUG OBJECT word", objectLine("raw", 12)],
  [["SET", "same", "a".repeat(200)], OK],
  ["DEBUG OBJECT same", objectLine("raw", 13)],
  ["CONFIG SET rdbcompression no", OK],
  ["DEBUG OBJECT same", objectLine("raw", 202)],
  ["CONFIG SET rdbcompression yes", OK],
  ["DEBUG SET-ACTIVE-EXPIRE 0", OK],
  ["SET dead v PX 1", OK],
  // A key whose time is over is still there until somebody asks for it.
  ["DEBUG OBJECT dead", objectLine("embstr", 2), { waitMs: 20 }],
  ["GET dead", NIL],
  ["DEBUG OBJECT dead", "-ERR no such key\r\n"],
  ["DEBUG SET-ACTIVE-EXPIRE 1", OK],
]);

const ZEROS = `+${"0".repeat(40)}\r\n`;

rawCases(server, "DEBUG DIGEST and DIGEST-VALUE", [
  ["DEBUG DIGEST", ZEROS],
  ["DEBUG DIGEST-VALUE", "*0\r\n"],
  ["DEBUG DIGEST-VALUE nosuch", array(ZEROS)],
  ["SET foo 12345", OK],
  ["SET bar hello", OK],
  [["SET", "long", "a".repeat(200)], OK],
  [
    "DEBUG DIGEST-VALUE foo nosuch bar long",
    array(
      "+e1cf90774e995ae03de66e8109dc5cb9d9c2dc83\r\n",
      ZEROS,
      "+36b23a1456b2dce2c3ed252c456761301dba8060\r\n",
      "+cf372667c0de58df2deb56e18c325ed231df682f\r\n",
    ),
  ],
  ["DEBUG DIGEST", "+9f2717b6777196945b0c1303c130cfd5aab764e7\r\n"],
  ["SET ex v EX 1000", OK],
  ["DEBUG DIGEST-VALUE ex", array("+311b17018163335616e089f6b951c82c477335ac\r\n")],
  ["SELECT 3", OK],
  ["SET three 3", OK],
  ["DEBUG DIGEST", "+f083501897fbdb097e320940b8e62528e9390fb7\r\n"],
]);

const SCORES = "1e15 a -1e17 b 4611686018427387904 c 100000 d 1e18 e 3 f -0.5 g inf h 0 i";

rawCases(server, "DEBUG DIGEST-VALUE of large whole scores", [
  ["ZADD y 1e15 a", ":1\r\n"],
  ["DEBUG DIGEST-VALUE y", array("+907f70c1c08fa0cc4323da52d5068a9dcaeb2539\r\n"), {
    since7: "7.2",
  }],
  [`ZADD z ${SCORES} 1234500000000000 j`, ":10\r\n"],
  ["DEBUG DIGEST-VALUE z", array("+f8e48c0ab501503a42b7e1c6ff76d61cb979bb76\r\n"), {
    since7: "7.2",
  }],
]);

const PUSH = ">2\r\n" + bulk("server-cpu-usage") + ":42\r\n";
const PUSH_REPLY = bulk("Some real reply following the push reply");

rawCases(server, "DEBUG PROTOCOL", [
  ["DEBUG PROTOCOL string", bulk("Hello World")],
  ["DEBUG PROTOCOL integer", ":12345\r\n"],
  ["DEBUG PROTOCOL double", { resp2: bulk("3.141"), resp3: ",3.141\r\n" }],
  ["DEBUG PROTOCOL bignum", {
    resp2: bulk("1234567999999999999999999999999999999"),
    resp3: "(1234567999999999999999999999999999999\r\n",
  }],
  ["DEBUG PROTOCOL null", NIL],
  ["DEBUG PROTOCOL array", "*3\r\n:0\r\n:1\r\n:2\r\n"],
  ["DEBUG PROTOCOL SET", { resp2: "*3\r\n:0\r\n:1\r\n:2\r\n", resp3: "~3\r\n:0\r\n:1\r\n:2\r\n" }],
  ["DEBUG PROTOCOL map", {
    resp2: "*6\r\n:0\r\n:0\r\n:1\r\n:1\r\n:2\r\n:0\r\n",
    resp3: "%3\r\n:0\r\n#f\r\n:1\r\n#t\r\n:2\r\n#f\r\n",
  }],
  ["DEBUG PROTOCOL attrib", {
    resp2: bulk("Some real reply following the attribute"),
    resp3: "|1\r\n" + bulk("key-popularity") + "*2\r\n" + bulk("key:123") + ":90\r\n" +
      bulk("Some real reply following the attribute"),
  }],
  ["DEBUG PROTOCOL push", {
    resp2: "-ERR RESP2 is not supported by this command\r\n",
    resp3: PUSH_REPLY + PUSH,
  }, { since7: "7.2" }],
  ["MULTI", OK, { resp: 3, since7: "7.2" }],
  ["DEBUG PROTOCOL push", "+QUEUED\r\n", { resp: 3, since7: "7.2" }],
  ["PING", "+QUEUED\r\n", { resp: 3, since7: "7.2" }],
  ["EXEC", array(PUSH_REPLY, "+PONG\r\n") + PUSH, { resp: 3, since7: "7.2" }],
  ["DEBUG PROTOCOL true", { resp2: ":1\r\n", resp3: "#t\r\n" }],
  ["DEBUG PROTOCOL false", { resp2: ":0\r\n", resp3: "#f\r\n" }],
  ["DEBUG PROTOCOL verbatim", {
    resp2: bulk("This is a verbatim\nstring"),
    resp3: "=29\r\ntxt:This is a verbatim\nstring\r\n",
  }],
  [
    "DEBUG PROTOCOL nosuch",
    "-ERR Wrong protocol type name. Please use one of the following: string|integer|double|bignum|" +
    "null|array|set|map|attrib|push|verbatim|true|false\r\n",
  ],
], { resp: "both" });

rawCases(server, "DEBUG POPULATE", [
  ["DEBUG POPULATE x", NOT_POSITIVE],
  ["DEBUG POPULATE -1", NOT_POSITIVE],
  ["DEBUG POPULATE 1 p -1", NOT_POSITIVE],
  ["DEBUG POPULATE 1 2 3 4", unknown("POPULATE")],
  ["SET key:1 mine", OK],
  ["DEBUG POPULATE 12", OK],
  ["DBSIZE", ":12\r\n"],
  ["MGET key:0 key:1 key:11", array(bulk("value:0"), bulk("mine"), bulk("value:11"))],
  ["DEBUG POPULATE 11 other", OK],
  ["GET other:10", bulk("value:10")],
  ["DEBUG POPULATE 2 cut 3", OK],
  ["GET cut:1", bulk("val")],
  ["DEBUG POPULATE 11 padded 100", OK],
  ["GET padded:0", bulk("value:0" + "\0".repeat(93))],
  ["GET padded:10", bulk("value:10" + "\0".repeat(92))],
  ["DEBUG POPULATE 0", OK],
]);

rawCases(server, "DEBUG HTSTATS, HTSTATS-KEY", [
  ["DEBUG HTSTATS x", NOT_INTEGER],
  ["DEBUG HTSTATS 16", "-ERR Out of range database\r\n"],
  ["DEBUG HTSTATS -1", "-ERR Out of range database\r\n"],
  ["MSET a 1 b 2", OK],
  ["DEBUG HTSTATS 0", /\[Dictionary HT\]\n.* table size: \d+\n number of elements: 2\n/s],
  ["DEBUG HTSTATS 0 full", /\[Dictionary HT\]\n.* number of elements: 2\n.*\[Expires HT\]\n/s, {
    since7: "7.2",
  }],
  ["DEBUG HTSTATS-KEY nosuch", "-ERR no such key\r\n"],
  [
    "DEBUG HTSTATS-KEY a",
    "-ERR The value stored at the specified key is not represented using an hash table\r\n",
  ],
], { resp: "both" });

rawCases(server, "DEBUG SET-ACTIVE-EXPIRE", [
  ["DEBUG SET-ACTIVE-EXPIRE 0", OK],
  // Loading, during which nothing expires, switches nothing on.
  ["DEBUG RELOAD", OK],
  ["MSET a 1 b 2 c 3", OK],
  ["PEXPIRE a 1", ":1\r\n"],
  ["PEXPIRE b 1", ":1\r\n"],
  ["DBSIZE", ":3\r\n", { waitMs: 300 }],
  ["DEBUG SET-ACTIVE-EXPIRE 1", OK],
  ["DBSIZE", ":1\r\n", { waitMs: 400 }],
]);

test("DEBUG must be enabled", { skip: server.isOracle ? "starts its own" : false }, async () => {
  const closed = await startLarder({ args: ["--enable-debug-command", "no"] });
  const local = await startLarder({ args: ["--enable-debug-command", "local"] });
  try {
    const client = await closed.connect();
    const reply = await client.command("DEBUG", "SLEEP", "0");
    assert.ok(reply instanceof ReplyError);
    assert.equal(
      reply.message,
      'ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you can ' +
        "run it from a local connection, otherwise you need to set this option in the configuration " +
        "file, and then restart the server.",
    );
    const stats = String(await client.command("INFO", "commandstats"));
    assert.match(stats, /cmdstat_debug:calls=0,.*rejected_calls=1,failed_calls=0/);
    client.close();
    const near = await local.connect();
    assert.equal(await near.command("DEBUG", "SLEEP", "0"), "OK");
    near.close();
  } finally {
    await closed.stop();
    await local.stop();
  }
});

test("a digest is what its definition says", async () => {
  const sha1 = (...parts: Uint8Array[]) => {
    const hash = createHash("sha1");
    for (const part of parts) hash.update(part);
    return new Uint8Array(hash.digest());
  };
  const text = (value: string) => new TextEncoder().encode(value);
  const xor = (a: Uint8Array, b: Uint8Array) => a.map((byte, i) => byte ^ b[i]);
  const mix = (digest: Uint8Array, data: Uint8Array) => sha1(xor(digest, sha1(data)));
  const client = await server.connect();
  await client.command("FLUSHALL");
  await client.command("SET", "key", "value");
  let value = mix(new Uint8Array(20), Uint8Array.of(0, 0, 0, 0));
  value = mix(value, text("value"));
  let entry = mix(new Uint8Array(20), text("key"));
  entry = mix(mix(entry, Uint8Array.of(0, 0, 0, 0)), text("value"));
  const all = xor(mix(new Uint8Array(20), Uint8Array.of(0, 0, 0, 0)), sha1(entry));
  const hex = (bytes: Uint8Array) =>
    Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
  assert.deepEqual(await client.command("DEBUG", "DIGEST-VALUE", "key"), [hex(value)]);
  assert.equal(await client.command("DEBUG", "DIGEST"), hex(all));
  client.close();
});
