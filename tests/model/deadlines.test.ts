/** Deadlines against a plain list: the nearest is always at hand, whoever comes and goes. */

import { test } from "node:test";
import assert from "node:assert/strict";
import { Prng } from "../../core/base/prng.ts";
import { Deadlines, type Timed } from "../../core/server/deadlines.ts";
import { oneIn, pick, randomInt, seed } from "../support/gen.ts";

test("random deadlines", () => {
  const used = seed();
  const prng = new Prng(used);
  for (let round = 0; round < 20; round++) {
    const deadlines = new Deadlines<Timed>();
    const all: Timed[] = [];
    for (let step = 0; step < 500; step++) {
      const message = `SEED=${used} round ${round} step ${step}`;
      if (all.length === 0 || randomInt(prng, 0, 99) < 55) {
        const item = { deadlineUs: randomInt(prng, 0, 200), heapIndex: -1 };
        all.push(item);
        deadlines.add(item);
      } else {
        const item = oneIn(prng, 2) ? deadlines.first! : pick(prng, all);
        all.splice(all.indexOf(item), 1);
        deadlines.remove(item);
        assert.equal(item.heapIndex, -1, message);
        deadlines.remove(item);
      }
      deadlines.validateIntegrity();
      assert.equal(deadlines.count, all.length, message);
      const nearest = Math.min(...all.map((item) => item.deadlineUs));
      assert.equal(deadlines.first?.deadlineUs ?? Infinity, nearest, message);
    }
  }
});
