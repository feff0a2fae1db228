/**
 * EXPIRE, PEXPIRE, EXPIREAT, PEXPIREAT, TTL, PTTL, EXPIRETIME, PEXPIRETIME, PERSIST.
 */
import { bulk, NIL, OK, type RawCase, rawCases, ttl } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";

const server = target();

const NOT_INTEGER = "-ERR value is not an integer or out of range\r\n";
const ONE = ":1\r\n";
const ZERO = ":0\r\n";
const LLONG_MAX = "9223372036854775807";
const LLONG_MIN = "-9223372036854775808";

const SETTERS = ["EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT"] as const;

/** An argument with which the key is gone in `seconds` seconds or, for 0 and less, at once. */
function inSeconds(setter: (typeof SETTERS)[number], seconds: number): string {
  const base = setter.endsWith("AT") ? Math.floor(Date.now() / 1000) : 0;
  return String((base + seconds) * (setter.startsWith("P") ? 1000 : 1));
}

rawCases(server, "EXPIRE and kin: arguments", [
  ...SETTERS.flatMap((name): RawCase[] => {
    const lower = name.toLowerCase();
    return [
      [`${name}`, `-ERR wrong number of arguments for '${lower}' command\r\n`],
      [`${name} k`, `-ERR wrong number of arguments for '${lower}' command\r\n`],
      ["SET k v", OK],
      [`${name} k ""`, NOT_INTEGER],
      [`${name} k abc`, NOT_INTEGER],
      [`${name} k 1.0`, NOT_INTEGER],
      [`${name} k " 1"`, NOT_INTEGER],
      [`${name} k 01`, NOT_INTEGER],
      [`${name} k 9223372036854775808`, NOT_INTEGER],
      [`${name} k -9223372036854775809`, NOT_INTEGER],
      ["TTL k", ":-1\r\n"],
      // The options are looked at before the time, and the time before the key.
      [`${name} nokey abc XX`, NOT_INTEGER],
      [`${name} nokey abc AB`, "-ERR Unsupported option AB\r\n"],
      [`${name} nokey 1 AB`, "-ERR Unsupported option AB\r\n"],
      [`${name} nokey 1 xx AB NX`, "-ERR Unsupported option AB\r\n"],
      [[name, "nokey", "1", ""], "-ERR Unsupported option \r\n"],
      [[name, "nokey", "1", "a\r\nb\0c"], "-ERR Unsupported option a  b\r\n"],
      [[name, "nokey", "1", "ab\r\n"], "-ERR Unsupported option ab\r\n"],
      ...["NX XX", "NX GT", "lt nx", "GT LT NX", "XX GT LT NX"].map((options): RawCase => [
        `${name} nokey abc ${options}`,
        "-ERR NX and XX, GT or LT options at the same time are not compatible\r\n",
      ]),
      ...["GT LT", "lt gt", "XX GT LT"].map((options): RawCase => [
        `${name} nokey abc ${options}`,
        "-ERR GT and LT options at the same time are not compatible\r\n",
      ]),
      [`${name} nokey 1`, ZERO],
      [`${name} nokey 1 XX gt`, ZERO],
      [`${name} nokey 1 nX Nx`, ZERO],
    ];
  }),
]);

rawCases(server, "EXPIRE and kin: out of range", [
  ["SET k v", OK],
  ...["EXPIRE", "EXPIREAT"].flatMap((name): RawCase[] =>
    [LLONG_MAX, LLONG_MIN, "9223372036854776", "-9223372036854776"].map((time): RawCase => [
      `${name} k ${time}`,
      `-ERR invalid expire time in '${name.toLowerCase()}' command\r\n`,
    ])
  ),
  ["EXPIRE k 9223372036854775", "-ERR invalid expire time in 'expire' command\r\n"],
  [`PEXPIRE k ${LLONG_MAX}`, "-ERR invalid expire time in 'pexpire' command\r\n"],
  ["PEXPIRE k 9223372036854770000", "-ERR invalid expire time in 'pexpire' command\r\n"],
  ["PEXPIRE nokey 9223372036854770000", "-ERR invalid expire time in 'pexpire' command\r\n"],
  ["TTL k", ":-1\r\n"],
  // The largest that fit.
  ["EXPIREAT k 9007199254740", ONE],
  ["EXPIRETIME k", ":9007199254740\r\n"],
  ["PEXPIRETIME k", ":9007199254740000\r\n"],
  [`PEXPIREAT k ${LLONG_MAX}`, ONE],
  ["PEXPIRETIME k", `:${LLONG_MAX}\r\n`],
  ["EXPIREAT k 9223372036854775", ONE],
  // Beyond 2^53 an expiry is a double; this one is even.
  ["PEXPIREAT k 9007199254740994", ONE],
  ["PEXPIRETIME k", ":9007199254740994\r\n"],
  ["PTTL k", /^:900\d{13}\r\n$/],
  [`PEXPIREAT k ${LLONG_MIN}`, ONE],
  ["EXISTS k", ZERO],
  ["SET k v", OK],
  [`PEXPIRE k ${LLONG_MIN}`, ONE],
  ["EXISTS k", ZERO],
  ["SET k v", OK],
  ["EXPIRE k -9223372036854775", ONE],
  ["EXISTS k", ZERO],
]);

for (const name of SETTERS) {
  const time = (seconds: number) => inSeconds(name, seconds);
  rawCases(server, `${name}: conditions`, [
    ["SET k v", OK],
    [`${name} k ${time(100)} XX`, ZERO],
    [`${name} k ${time(100)} GT`, ZERO],
    [`${name} k ${time(100)} XX GT`, ZERO],
    [`${name} k ${time(100)} XX LT`, ZERO],
    ["TTL k", ":-1\r\n"],
    [`${name} k ${time(100)} NX`, ONE],
    ["TTL k", /^:(100|9\d)\r\n$/],
    [`${name} k ${time(200)} NX`, ZERO],
    [`${name} k ${time(200)} LT`, ZERO],
    [`${name} k ${time(50)} GT`, ZERO],
    ["TTL k", /^:(100|9\d)\r\n$/],
    [`${name} k ${time(200)} GT`, ONE],
    ["TTL k", /^:(200|19\d)\r\n$/],
    [`${name} k ${time(150)} lt xx`, ONE],
    ["TTL k", /^:(150|14\d)\r\n$/],
    [`${name} k ${time(160)} xx`, ONE],
    ["TTL k", /^:(160|15\d)\r\n$/],
    [`${name} k ${time(50)} XX GT`, ZERO],
    ["PERSIST k", ONE],
    [`${name} k ${time(50)} LT`, ONE],
    ["TTL k", /^:(50|4\d)\r\n$/],
    ["GET k", bulk("v")],
    // A time in the past has to pass the conditions too.
    [`${name} k ${time(-10)} GT`, ZERO],
    [`${name} k ${time(-10)} NX`, ZERO],
    ["EXISTS k", ONE],
    [`${name} k ${time(-10)} LT`, ONE],
    ["EXISTS k", ZERO],
    ["SET k v", OK],
    [`${name} k ${time(-10)} LT`, ONE],
    ["EXISTS k", ZERO],
    ["SET k v", OK],
    [`${name} k ${time(0)}`, ONE],
    ["GET k", NIL],
    ["TTL k", ":-2\r\n"],
    ["DBSIZE", ZERO],
  ]);
}

rawCases(server, "TTL and kin", [
  ...["TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME", "PERSIST"].flatMap((name): RawCase[] => {
    const error = `-ERR wrong number of arguments for '${name.toLowerCase()}' command\r\n`;
    return [[name, error], [`${name} a b`, error]];
  }),
  ["TTL k", ":-2\r\n"],
  ["PTTL k", ":-2\r\n"],
  ["EXPIRETIME k", ":-2\r\n"],
  ["PEXPIRETIME k", ":-2\r\n"],
  ["PERSIST k", ZERO],
  ["SET k v", OK],
  ["TTL k", ":-1\r\n"],
  ["PTTL k", ":-1\r\n"],
  ["EXPIRETIME k", ":-1\r\n"],
  ["PEXPIRETIME k", ":-1\r\n"],
  ["PERSIST k", ZERO],
  ["PEXPIREAT k 33177117420499", ONE],
  ["EXPIRETIME k", ":33177117420\r\n"],
  ["PEXPIRETIME k", ":33177117420499\r\n"],
  ["PEXPIREAT k 33177117420500", ONE],
  ["EXPIRETIME k", ":33177117421\r\n"],
  ["PERSIST k", ONE],
  ["PERSIST k", ZERO],
  ["TTL k", ":-1\r\n"],
  ["GET k", bulk("v")],
  // TTL rounds; in one request after the other no time passes.
  [{ raw: "PEXPIRE k 1400\r\nTTL k\r\n" }, ":1\r\n:1\r\n"],
  [{ raw: "PEXPIRE k 100499\r\nTTL k\r\n" }, ":1\r\n:100\r\n"],
  ["PTTL k", /^:(100[0-4]|9\d\d)\d\d\r\n$/],
  ["EXPIRE k 100", ONE],
  ["EXPIRE k 200", ONE],
  ["TTL k", ttl(200)],
  ["DBSIZE", ONE],
], { resp: "both" });

rawCases(
  server,
  "A key past its time is gone",
  [
    ["SET a v PX 20", OK],
    ["SET b v", OK],
    ["PEXPIRE b 20", ONE],
    ["SET c 1 PX 20", OK],
    ["SET d v", OK],
    ["EXISTS a b c d", ONE, { waitMs: 60 }],
    ["INCR c", ONE],
    ["TTL c", ":-1\r\n"],
    ["RENAME a x", "-ERR no such key\r\n"],
    ["PERSIST b", ZERO],
    ["EXPIRE b 100", ZERO],
    ["DEL b", ZERO],
    ["DBSIZE", ":2\r\n"],
  ],
);

rawCases(server, "SET and INCR keep an expiry or take it away", [
  ["SET k v EX 100", OK],
  ["EXPIRE k 50 GT", ZERO],
  ["SET k w KEEPTTL", OK],
  ["TTL k", ttl(100)],
  ["SET k w", OK],
  ["TTL k", ":-1\r\n"],
  ["SET k 1 EX 100", OK],
  ["INCR k", ":2\r\n"],
  ["TTL k", ttl(100)],
]);
