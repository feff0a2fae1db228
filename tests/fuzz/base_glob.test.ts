/**
 * Random glob patterns against an oracle that turns the pattern into a list of byte sets and stars
 * first and then fills the table of a textbook dynamic program.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ascii } from "../../core/base/bytes.ts";
import { globMatch } from "../../core/base/glob.ts";
import { Prng } from "../../core/base/prng.ts";
import { seed } from "../support/gen.ts";

const ROUNDS = 40_000;

/** A set of bytes, or null for a star. */
type Element = Set<number> | null;

const signed = (c: number) => (c > 127 ? c - 256 : c);
const lower = (c: number) => (c >= 65 && c <= 90 ? c + 32 : c);
/** C's tolower on a signed char. */
const lowerSigned = (c: number) => (c < -1 ? c + 256 : lower(c));

/** Bytes equal to `c`, regardless of case if `nocase`. */
function addByte(set: Set<number>, c: number, nocase: boolean): void {
  for (let b = 0; b < 256; b++) if (b === c || (nocase && lower(b) === lower(c))) set.add(b);
}

function addRange(set: Set<number>, from: number, to: number, nocase: boolean): void {
  const [low, high] = [signed(from), signed(to)].sort((a, b) => a - b);
  const fold = nocase ? lowerSigned : (c: number) => c;
  for (let b = 0; b < 256; b++) {
    const c = fold(signed(b));
    if (c >= fold(low) && c <= fold(high)) set.add(b);
  }
}

/** Reads the set behind a `[`; `rest` loses what was read. */
function readBracket(rest: number[], nocase: boolean): Set<number> {
  const set = new Set<number>();
  const negated = rest[0] === 0x5e;
  if (negated) rest.shift();
  while (rest.length > 0 && rest[0] !== 0x5d) {
    if (rest[0] === 0x5c && rest.length > 1) {
      set.add(rest[1]);
      rest.splice(0, 2);
    } else if (rest.length > 2 && rest[1] === 0x2d) {
      addRange(set, rest[0], rest[2], nocase);
      rest.splice(0, 3);
    } else {
      addByte(set, rest[0], nocase);
      rest.shift();
    }
  }
  rest.shift();
  if (!negated) return set;
  return new Set(Array.from({ length: 256 }, (_, b) => b).filter((b) => !set.has(b)));
}

function readPattern(pattern: Uint8Array, nocase: boolean): Element[] {
  const rest = [...pattern];
  const out: Element[] = [];
  while (rest.length > 0) {
    let c = rest.shift() as number;
    if (c === 0x2a) {
      out.push(null);
    } else if (c === 0x3f) {
      out.push(new Set(Array.from({ length: 256 }, (_, b) => b)));
    } else if (c === 0x5b) {
      out.push(readBracket(rest, nocase));
    } else {
      if (c === 0x5c && rest.length > 0) c = rest.shift() as number;
      const set = new Set<number>();
      addByte(set, c, nocase);
      out.push(set);
    }
  }
  return out;
}

function oracle(pattern: Uint8Array, str: Uint8Array, nocase: boolean): boolean {
  // Redis matches an empty string with an empty pattern only.
  if (str.length === 0) return pattern.length === 0;
  let reachable = new Array<boolean>(str.length + 1).fill(false);
  reachable[0] = true;
  for (const element of readPattern(pattern, nocase)) {
    const next = new Array<boolean>(str.length + 1).fill(false);
    for (let i = 0; i <= str.length; i++) {
      if (element === null) next[i] = reachable[i] || (i > 0 && next[i - 1]);
      else next[i] = i > 0 && reachable[i - 1] && element.has(str[i - 1]);
    }
    reachable = next;
  }
  return reachable[str.length];
}

test("random patterns match what the oracle matches", () => {
  const n = seed();
  const prng = new Prng(n);
  const special = ascii("aabbcAB@`*?[]^-\\\0\x80\x81\xff");
  let matches = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const pattern = new Uint8Array(prng.nextBelow(14));
    const str = new Uint8Array(prng.nextBelow(10));
    const any = prng.nextBelow(4) === 0;
    const byte = () => any ? prng.nextBelow(256) : special[prng.nextBelow(special.length)];
    for (let i = 0; i < pattern.length; i++) pattern[i] = byte();
    // A string near the pattern gets further into it than a random one.
    for (let i = 0; i < str.length; i++) {
      str[i] = i < pattern.length && prng.nextBelow(2) === 0 ? pattern[i] : byte();
    }
    const nocase = prng.nextBelow(2) === 0;
    const got = globMatch(pattern, 0, pattern.length, str, 0, str.length, nocase);
    const note = `seed ${n}: ${JSON.stringify([[...pattern], [...str], nocase])}`;
    assert.equal(got, oracle(pattern, str, nocase), note);
    if (got) matches++;
  }
  assert.ok(matches > ROUNDS / 100, `seed ${n}: only ${matches} matches, the test is too weak`);
});
