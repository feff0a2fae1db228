import { test } from "node:test";
import assert from "node:assert/strict";
import process from "node:process";
import { Prng } from "../../../core/base/prng.ts";
import * as gen from "../../support/gen.ts";
import { latin1 } from "../../support/resp_reply.ts";

test("a seed comes from the environment, or is fresh", () => {
  const before = process.env.SEED;
  process.env.SEED = "42";
  assert.equal(gen.seed(), 42);
  process.env.SEED = "x";
  assert.throws(() => gen.seed(), /no number/);
  delete process.env.SEED;
  const fresh = gen.seed();
  assert.ok(Number.isInteger(fresh) && fresh >= 0 && fresh <= 0xffffffff);
  if (before !== undefined) process.env.SEED = before;
});

test("one seed gives one sequence", () => {
  const draw = (n: number) => {
    const prng = new Prng(n);
    return Array.from({ length: 200 }, () => [
      latin1(gen.randomKey(prng)),
      latin1(gen.randomValue(prng)),
      gen.randomIntText(prng),
      gen.randomCuts(prng, 50),
      gen.shuffle(prng, [1, 2, 3, 4]),
    ]);
  };
  assert.deepEqual(draw(7), draw(7));
  assert.notDeepEqual(draw(7), draw(8));
});

test("what is drawn stays inside its limits", () => {
  const n = gen.seed();
  const prng = new Prng(n);
  const keys = new Set<string>();
  for (let i = 0; i < 5000; i++) {
    const key = gen.randomKey(prng, 40);
    keys.add(latin1(key));
    const max = gen.pick(prng, [0, 1, 2, 63, 64, 65, 1000]);
    assert.ok(gen.randomValue(prng, max).length <= max, `seed ${n}`);
    const len = gen.randomLen(prng, max);
    assert.ok(Number.isInteger(len) && len >= 0 && len <= max, `seed ${n}: ${len} of ${max}`);
    const int = gen.randomInt(prng, -3, 3);
    assert.ok(int >= -3 && int <= 3, `seed ${n}`);
    const cuts = gen.randomCuts(prng, max);
    assert.ok(cuts.every((cut, j) => cut > (cuts[j - 1] ?? 0) && cut < max), `seed ${n}`);
    assert.equal(gen.randomBytes(prng, max).length, max);
  }
  assert.equal(keys.size, 40, `seed ${n}`);
});

test("edge integers hold the limits of 64 bits", () => {
  for (const text of ["0", "-1", "9223372036854775807", "-9223372036854775808", "65536"]) {
    assert.ok(gen.EDGE_INTEGERS.includes(text), text);
  }
});
