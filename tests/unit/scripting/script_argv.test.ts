/**
 * ScriptArgv: whatever the calls before left in its places, a request has the bytes of the arguments it was given.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { latin1 } from "../../../core/base/bytes.ts";
import { Prng, randomSeed32 } from "../../../core/base/prng.ts";
import { ScriptArgv } from "../../../core/scripting/script_argv.ts";

const ROUNDS = 20_000;
const TEXTS = [
  "",
  "GET",
  "get",
  "key:1",
  "key:2",
  "\xff\x00",
  "-nan",
  "17",
  "x".repeat(64),
  "y".repeat(65),
];
const NUMBERS = new Map<number, string>([
  [0, "0"],
  [-0, "0"],
  [17, "17"],
  [-1, "-1"],
  [1.5, "1.5"],
  [1795424845858782, "1795424845858782"],
  [2 ** 53, "9007199254740992"],
  [-(2 ** 62), "-4611686018427387904"],
  [1e300, "1e+300"],
  [Infinity, "inf"],
  [NaN, "-nan"],
]);
const LONG = "z".repeat(5000);

function argument(prng: Prng): [string | number, string] {
  const roll = prng.nextBelow(100);
  if (roll === 0) return [LONG, LONG];
  if (roll < 60) {
    const text = TEXTS[prng.nextBelow(TEXTS.length)];
    return [text, text];
  }
  const all = [...NUMBERS];
  return all[prng.nextBelow(all.length)];
}

test("a request has the bytes of its arguments, whatever was there before", () => {
  const seed = Number(process.env.SEED ?? randomSeed32());
  const prng = new Prng(seed);
  const argv = new ScriptArgv();
  for (let round = 0; round < ROUNDS; round++) {
    const count = 1 + (prng.nextBelow(50) === 0 ? prng.nextBelow(2000) : prng.nextBelow(20));
    const given = Array.from({ length: count }, () => argument(prng));
    const at = `SEED=${seed}, round ${round}`;
    const isBad = prng.nextBelow(20) === 0;
    const args = given.map(([value]) => value as string | number | boolean | undefined);
    if (isBad) args[prng.nextBelow(count)] = prng.nextBelow(2) === 0 ? undefined : true;
    const error = argv.set(args);
    assert.equal(error !== "", isBad, at);
    if (!isBad) {
      const { buf, off, len } = argv;
      const got = Array.from({ length: argv.argc }, (_, i) => latin1(buf, off[i], len[i]));
      assert.deepEqual(got, given.map(([, text]) => text), at);
      assert.equal(argv.bytes, got.join("").length, at);
      assert.equal(argv.name, typeof args[0] === "string" ? args[0] : "", at);
    }
    if (prng.nextBelow(3) === 0) argv.trim();
  }
});
