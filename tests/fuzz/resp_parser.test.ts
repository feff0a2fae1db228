/**
 * The request parser under hostile bytes: it never throws, never looks or points outside the bytes it was
 * given, and what it makes of them does not depend on how they were cut or where they were moved.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { latin1, type ReadonlyBytes } from "../../core/base/bytes.ts";
import { Prng } from "../../core/base/prng.ts";
import { BROKEN, MORE, REQUEST, RespParser } from "../../core/protocol/resp_parser.ts";
import {
  oneIn,
  pick,
  randomBytes,
  randomCuts,
  randomInt,
  randomValue,
  seed,
} from "../support/gen.ts";
import { encodeCommand } from "../support/resp_client.ts";
import { toBytes } from "../support/resp_reply.ts";

const ROUNDS = 3000;
/** Behind the bytes given there are others, as in a query buffer that is used again. */
const GARBAGE = '1\r\n$3\r\nabc\n"x"\r\n*2\r\n';

/** What came of some bytes: the requests, then "more" or the error. */
interface Outcome {
  readonly requests: string[];
  readonly end: string;
}

function describe(parser: RespParser, buf: ReadonlyBytes, note: string): string {
  const args: string[] = [];
  for (let i = 0; i < parser.argc; i++) {
    const [off, len] = [parser.off[i], parser.len[i]];
    assert.ok(off >= 0 && len >= 0 && off + len <= parser.buf.length, `${note}: argument ${i}`);
    if (parser.buf === buf) assert.ok(off + len <= parser.pos, `${note}: argument ${i}`);
    args.push(latin1(parser.buf, off, len));
  }
  return JSON.stringify(args);
}

/** Feeds the bytes in one piece. */
function parseWhole(bytes: Uint8Array, note: string): Outcome {
  const buf = new Uint8Array(bytes.length + GARBAGE.length);
  buf.set(bytes);
  buf.set(toBytes(GARBAGE), bytes.length);
  const parser = new RespParser();
  const requests: string[] = [];
  for (let pos = 0;;) {
    const status = parser.parse(buf, pos, bytes.length);
    if (status === MORE) return { requests, end: "more" };
    if (status === BROKEN) return { requests, end: parser.error };
    assert.equal(status, REQUEST, note);
    assert.ok(parser.pos > pos && parser.pos <= bytes.length, `${note}: position`);
    assert.equal(parser.partial, false, note);
    pos = parser.pos;
    requests.push(describe(parser, buf, note));
  }
}

/** Feeds the bytes in parts, moving what is unfinished to the front of a new buffer now and then. */
function parseParts(bytes: Uint8Array, cuts: readonly number[], prng: Prng, note: string): Outcome {
  const parser = new RespParser();
  const requests: string[] = [];
  let buf = randomBytes(prng, bytes.length + 8);
  let shift = randomInt(prng, 0, 8);
  let start = 0;
  let fed = 0;
  for (const cut of [...cuts, bytes.length]) {
    buf.set(bytes.subarray(fed, cut), shift + fed);
    fed = cut;
    for (;;) {
      const status = parser.parse(buf, shift + start, shift + fed);
      if (status === BROKEN) return { requests, end: parser.error };
      if (status === MORE) break;
      assert.ok(parser.pos - shift > start && parser.pos - shift <= fed, `${note}: position`);
      start = parser.pos - shift;
      requests.push(describe(parser, buf, note));
    }
    if (parser.partial) {
      const pos = parser.pos - shift;
      assert.ok(pos >= start && pos <= fed, `${note}: position of an unfinished request`);
    }
    if (shift + start > 0 && oneIn(prng, 3)) {
      // The owner keeps the bytes from `start` on, at the front of another buffer.
      const by = shift + start;
      const moved = randomBytes(prng, bytes.length + 8);
      moved.set(buf.subarray(by, shift + fed));
      if (parser.partial) parser.rebase(by);
      buf = moved;
      shift -= by;
    }
  }
  return { requests, end: "more" };
}

function checkSplits(bytes: Uint8Array, prng: Prng, note: string): Outcome {
  const whole = parseWhole(bytes, note);
  const want = JSON.stringify(whole);
  const one = Array.from({ length: Math.max(0, bytes.length - 1) }, (_, i) => i + 1);
  for (const cuts of [one, randomCuts(prng, bytes.length), randomCuts(prng, bytes.length)]) {
    const got = JSON.stringify(parseParts(bytes, cuts, prng, note));
    if (got !== want) {
      const text = JSON.stringify(latin1(bytes, 0, Math.min(bytes.length, 2000)));
      assert.fail(`${note}: cut at ${cuts.slice(0, 50)}\n${text}\nwhole ${want}\nparts ${got}`);
    }
  }
  return whole;
}

/** Mostly well-formed requests of both kinds. */
function validBytes(prng: Prng): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let i = randomInt(prng, 1, 6); i > 0; i--) {
    switch (prng.nextBelow(6)) {
      case 0:
        parts.push(
          toBytes(pick(prng, ["PING\r\n", "\r\n", 'SET k "a\\x00b"\n', "*0\r\n", "*-1\r\n"])),
        );
        break;
      default: {
        const args: Uint8Array[] = [];
        for (let j = randomInt(prng, 1, oneIn(prng, 8) ? 40 : 4); j > 0; j--) {
          args.push(randomValue(prng, oneIn(prng, 4) ? 300 : 12));
        }
        parts.push(encodeCommand(args));
      }
    }
  }
  return concat(parts);
}

/** The bytes, of which only those of [from, to) may be looked at. */
function guard(bytes: Uint8Array, from: number, to: number, note: string): ReadonlyBytes {
  return new Proxy(bytes, {
    get(target, key) {
      const index = typeof key === "string" ? Number(key) : NaN;
      if (!Number.isNaN(index) && (index < from || index >= to)) {
        assert.fail(`${note}: byte ${index} of [${from}, ${to}) was read`);
      }
      return Reflect.get(target, key, target);
    },
  });
}

/** Bytes out of which requests are made, in any order. */
function grammarBytes(prng: Prng): Uint8Array {
  const tokens = [
    "*",
    "$",
    "\r\n",
    "\r",
    "\n",
    "\0",
    "1",
    "2",
    "0",
    "-1",
    "3",
    "16384",
    "abc",
    " ",
  ];
  tokens.push('"', "'", "\\x4", "*1\r\n", "$1\r\n", "a\r\n", "*2147483647\r\n", "$536870912\r\n");
  let text = "";
  for (let i = randomInt(prng, 1, 30); i > 0; i--) text += pick(prng, tokens);
  return toBytes(text);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

test("well-formed requests are the same however they are cut", () => {
  const n = seed();
  const prng = new Prng(n);
  for (let round = 0; round < ROUNDS; round++) {
    const { end } = checkSplits(validBytes(prng), prng, `seed ${n}, round ${round}`);
    assert.equal(end, "more", `seed ${n}, round ${round}`);
  }
});

test("damaged requests are the same however they are cut", () => {
  const n = seed();
  const prng = new Prng(n);
  let broken = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const bytes = validBytes(prng);
    for (let i = randomInt(prng, 1, 3); i > 0; i--) {
      bytes[prng.nextBelow(bytes.length)] = oneIn(prng, 2) ? prng.nextBelow(256) : 0x0d;
    }
    const { end } = checkSplits(bytes, prng, `seed ${n}, round ${round}`);
    if (end !== "more") broken++;
  }
  assert.ok(broken > ROUNDS / 20, `seed ${n}: only ${broken} were broken, the test is too weak`);
});

test("random bytes never surprise the parser", () => {
  const n = seed();
  const prng = new Prng(n);
  for (let round = 0; round < ROUNDS; round++) {
    const bytes = oneIn(prng, 2) ? grammarBytes(prng) : randomBytes(prng, prng.nextBelow(200));
    checkSplits(bytes, prng, `seed ${n}, round ${round}`);
  }
});

test("nothing is read beyond the bytes that were given", () => {
  const n = seed();
  const prng = new Prng(n);
  for (let round = 0; round < ROUNDS / 3; round++) {
    const bytes = oneIn(prng, 2) ? grammarBytes(prng) : validBytes(prng);
    const parser = new RespParser();
    let pos = 0;
    for (const end of [...randomCuts(prng, bytes.length), bytes.length]) {
      const guarded = guard(bytes, pos, end, `seed ${n}, round ${round}`);
      let status = parser.parse(guarded, pos, end);
      while (status === REQUEST) {
        pos = parser.pos;
        status = parser.parse(guarded, pos, end);
      }
      if (status === BROKEN) break;
    }
  }
});

test("lines that never end are refused at 64 KiB, however they are cut", () => {
  const n = seed();
  const prng = new Prng(n);
  for (const head of ["A", "*", "*1\r\n$", "\0\n", "*1\0\r\n", "*2\r\n$1\r\na\r\n$\0\r\n"]) {
    const bytes = toBytes(head + "1".repeat(65_600));
    const cuts = randomCuts(prng, bytes.length).filter((_, i) => i % 50 === 0);
    const got = parseParts(bytes, cuts, prng, `seed ${n}`);
    assert.match(got.end, /^Protocol error: too big/, `seed ${n}`);
    assert.deepEqual(got, parseWhole(bytes, `seed ${n}`), `seed ${n}`);
  }
});
