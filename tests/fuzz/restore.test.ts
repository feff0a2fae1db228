/**
 * RESTORE under hostile payloads whose checksum is right: whatever they say, the reply is OK or one of three
 * errors, a refused payload changes nothing, and the arena holds afterwards what it held before.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ascii, latin1 } from "../../core/base/bytes.ts";
import { Crc64 } from "../../core/base/crc64.ts";
import { Prng } from "../../core/base/prng.ts";
import { allCommands } from "../../core/commands/index.ts";
import {
  oneIn,
  pick,
  randomBytes,
  randomInt,
  randomLen,
  randomValue,
  seed,
} from "../support/gen.ts";
import { InProcess } from "../support/in_process.ts";
import type { Arg } from "../support/resp_client.ts";

const ROUNDS = 20_000;
const FOOTER_BYTES = 10;
const REPLIES: ReadonlySet<string> = new Set([
  "+OK\r\n",
  "-ERR Bad data format\r\n",
  "-ERR DUMP payload version or checksum are wrong\r\n",
]);
/** First bytes of lengths, of encodings, and lengths at which something changes. */
const PARTS = [
  "\0",
  "\xc0",
  "\xc1",
  "\xc2",
  "\xc3",
  "\xc4",
  "\xff",
  "\x40",
  "\x7f\xff",
  "\x80",
  "\x81",
];
PARTS.push("\x80\x7f\xff\xff\xff", "\x80\xff\xff\xff\xff", "\x81\x7f\xff\xff\xff\xff\xff\xff\xff");
PARTS.push("\x81\xff\xff\xff\xff\xff\xff\xff\xff", "\xe0\xff\0", "\x20\0", "\x1fabc", "\x05hello");

/** The value, a version that is mostly right, and the checksum. */
function payload(prng: Prng, value: string): string {
  const version = oneIn(prng, 50) ? prng.nextBelow(0x10000) : randomInt(prng, 1, 12);
  const bytes = ascii(value + String.fromCharCode(version & 255, version >> 8));
  const crc = new Crc64();
  crc.update(bytes, 0, bytes.length);
  const sum = new Uint8Array(8);
  crc.writeTo(sum, 0);
  return latin1(bytes, 0, bytes.length) + latin1(sum, 0, 8);
}

/** Requests that make a value of each type at "source"; small limits make half of them large ones. */
const MAKERS: readonly ((prng: Prng) => Arg[][])[] = [
  (prng) => [["SET", "source", randomValue(prng, oneIn(prng, 20) ? 100_000 : 300)]],
  (prng) => [["RPUSH", "source", ...values(prng, 1)]],
  (prng) => [["SADD", "source", ...values(prng, 1)]],
  (prng) => [["SADD", "source", ...integers(prng)]],
  (prng) => [["HSET", "source", ...values(prng, 2)]],
  (prng) => {
    const fields = values(prng, 2);
    const named = fields.filter((_, i) => i % 4 === 0);
    const expire = ["HPEXPIRE", "source", randomInt(prng, 1, 1e9), "FIELDS", named.length];
    return [["HSET", "source", ...fields], [...expire, ...named]];
  },
  (prng) => [["ZADD", "source", ...values(prng, 1).flatMap((value) => [prng.nextBelow(9), value])]],
  stream,
];

/** A stream with groups, consumers, pending and deleted entries. */
function stream(prng: Prng): Arg[][] {
  const requests: Arg[][] = [["XGROUP", "CREATE", "source", "first", "$", "MKSTREAM"]];
  const count = randomInt(prng, 0, oneIn(prng, 5) ? 40 : 6);
  for (let i = 1; i <= count; i++) {
    const fields = oneIn(prng, 3) ? values(prng, 2) : ["field", prng.nextBelow(1000)];
    requests.push(["XADD", "source", `${i * 1000}-${prng.nextBelow(3)}`, ...fields]);
  }
  for (let group = prng.nextBelow(3); group > 0; group--) {
    requests.push(["XGROUP", "CREATE", "source", `group ${group}`, 0]);
    for (let consumer = prng.nextBelow(3); consumer > 0; consumer--) {
      const read = ["XREADGROUP", "GROUP", `group ${group}`, `consumer ${consumer}`, "COUNT"];
      requests.push([...read, randomInt(prng, 1, 5), "STREAMS", "source", ">"]);
    }
  }
  for (let i = prng.nextBelow(3); i > 0; i--) {
    requests.push(["XDEL", "source", ...[0, 1, 2].map((seq) => `${i * 1000}-${seq}`)]);
  }
  return requests;
}

function values(prng: Prng, each: number): Arg[] {
  const count = each * randomInt(prng, 1, oneIn(prng, 5) ? 60 : 8);
  return Array.from({ length: count }, () => randomValue(prng, 100));
}

function integers(prng: Prng): Arg[] {
  const max = pick(prng, [100, 1e6, 1e12]);
  return Array.from({ length: randomInt(prng, 1, 20) }, () => prng.nextBelow(2 ** 31) % max);
}

/** What DUMP makes of a random value, without its footer. */
function dumped(server: InProcess, prng: Prng): string {
  for (const request of pick(prng, MAKERS)(prng)) server.run(...request);
  const reply = server.run("DUMP", "source");
  server.run("DEL", "source");
  return reply.slice(reply.indexOf("\r\n") + 2, -2 - FOOTER_BYTES);
}

function damaged(server: InProcess, prng: Prng): string {
  const bytes = ascii(dumped(server, prng));
  for (let i = randomInt(prng, 1, 4); i > 0; i--) {
    // Nearly all that can go wrong is at the front, where the lengths are.
    const at = oneIn(prng, 3)
      ? prng.nextBelow(bytes.length)
      : prng.nextBelow(Math.min(16, bytes.length));
    bytes[at] = oneIn(prng, 2) ? bytes[at] ^ 1 << prng.nextBelow(8) : prng.nextBelow(256);
  }
  const text = latin1(bytes, 0, bytes.length);
  switch (prng.nextBelow(4)) {
    case 0:
      return text.slice(0, prng.nextBelow(text.length + 1));
    case 1: {
      const at = prng.nextBelow(Math.min(16, text.length) + 1);
      return text.slice(0, at) + pick(prng, PARTS) + text.slice(at);
    }
    default:
      return text;
  }
}

function composed(prng: Prng): string {
  let text = oneIn(prng, 10) ? "" : String.fromCharCode(prng.nextBelow(26));
  for (let i = prng.nextBelow(8); i > 0; i--) text += pick(prng, PARTS);
  return text;
}

function random(prng: Prng): string {
  const bytes = randomBytes(prng, randomLen(prng, 400));
  const type = oneIn(prng, 2) ? String.fromCharCode(prng.nextBelow(26)) : "";
  return type + latin1(bytes, 0, bytes.length);
}

/** So small that values of a few elements are large ones. */
const LIMITS = {
  "list-max-listpack-size": "4",
  "list-compress-depth": "1",
  "hash-max-listpack-entries": "5",
  "set-max-intset-entries": "10",
  "set-max-listpack-entries": "5",
  "zset-max-listpack-entries": "5",
  "stream-node-max-entries": "5",
};

test("a hostile payload is refused or is a sound value, and leaves nothing else behind", () => {
  const n = seed();
  const prng = new Prng(n);
  const server = new InProcess({ commands: allCommands, config: LIMITS });
  server.run("SET", "victim", "before");
  // What the server makes when it first meets each type stays.
  for (let i = 0; i < 100; i++) dumped(server, prng);
  const baseline = server.arena.usedBytes;
  const counts = new Map<string, number>();
  for (let round = 0; round < ROUNDS; round++) {
    const kind = prng.nextBelow(3);
    const value = kind === 0 ? random(prng) : kind === 1 ? composed(prng) : damaged(server, prng);
    const note = `seed ${n}, round ${round}: ${JSON.stringify(value.slice(0, 100))}`;
    const options = oneIn(prng, 3) ? ["REPLACE"] : [];
    const key = options.length > 0 ? "victim" : "other";
    const ttl = oneIn(prng, 4) ? randomInt(prng, 1, 1e9) : 0;
    const reply = server.run("RESTORE", key, ttl, payload(prng, value), ...options);
    assert.ok(REPLIES.has(reply), `${note}: ${reply}`);
    counts.set(reply, (counts.get(reply) ?? 0) + 1);
    if (reply === "+OK\r\n") {
      server.validateIntegrity();
      assert.notEqual(server.run("DUMP", key), "", note);
      server.run("SET", "victim", "before");
    } else if (key === "victim") assert.equal(server.run("GET", key), "$6\r\nbefore\r\n", note);
    server.run("DEL", "other");
    server.server.keyspace.lazyFree.drain();
    assert.equal(server.arena.usedBytes, baseline, `${note}: memory`);
  }
  for (const [reply, count] of counts) {
    assert.ok(count > ROUNDS / 500, `seed ${n}: ${count} times ${reply}`);
  }
  assert.equal(counts.size, REPLIES.size, `seed ${n}`);
  server.validateIntegrity();
});

test("a payload with any byte changed is refused for its checksum", () => {
  const n = seed();
  const prng = new Prng(n);
  const server = new InProcess({ commands: allCommands });
  for (let round = 0; round < 300; round++) {
    const bytes = ascii(payload(new Prng(1), dumped(server, prng)));
    bytes[prng.nextBelow(bytes.length)] ^= randomInt(prng, 1, 255);
    const reply = server.run("RESTORE", "k", 0, bytes);
    assert.equal(
      reply,
      "-ERR DUMP payload version or checksum are wrong\r\n",
      `seed ${n}, round ${round}`,
    );
  }
});
