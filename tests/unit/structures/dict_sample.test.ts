/**
 * Dict.sample: that all entries have about the same chance, at every load of the table.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import { Prng } from "../../../core/base/prng.ts";
import { RefList } from "../../../core/base/ref_list.ts";
import { Dict } from "../../../core/structures/dict.ts";
import { toBytes } from "../../support/resp_reply.ts";
import { FailingArena, makeEntry } from "./entries.ts";

const TIMES_EACH = 200;

test("a sample favours nobody, wherever the table is in its growth", () => {
  for (const entries of [1, 5, 12, 40, 300, 700, 1100]) {
    const arena = new FailingArena();
    const dict = new Dict(arena, 1, 2);
    const prng = new Prng(entries);
    const times = new Map<number, number>();
    for (let i = 0; i < entries; i++) {
      const key = toBytes(`key:${i}`);
      const ref = makeEntry(arena, key);
      dict.insert(dict.hash(key, 0, key.length), ref);
      times.set(ref, 0);
    }
    const out = new RefList();
    for (let drawn = 0; drawn < entries * TIMES_EACH; drawn += out.length) {
      out.clear();
      dict.sample(prng, 5, out);
      assert.equal(out.length, Math.min(5, entries));
      for (let i = 0; i < out.length; i++) times.set(out.refs[i], times.get(out.refs[i])! + 1);
    }
    const counts = [...times.values()];
    assert.ok(Math.min(...counts) > TIMES_EACH * 0.4, `${entries}: ${Math.min(...counts)}`);
    assert.ok(Math.max(...counts) < TIMES_EACH * 2, `${entries}: ${Math.max(...counts)}`);
  }
});

test("an empty dict has no sample", () => {
  const arena = new FailingArena();
  const dict = new Dict(arena, 1, 2);
  const prng = new Prng(1);
  const out = new RefList();
  dict.sample(prng, 5, out);
  assert.equal(out.length, 0);
});
