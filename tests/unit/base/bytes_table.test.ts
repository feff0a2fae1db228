import process from "node:process";
import { test } from "node:test";
import assert from "node:assert/strict";
import { ascii } from "../../../core/base/bytes.ts";
import { BytesTable, Named } from "../../../core/base/bytes_table.ts";
import { Prng } from "../../../core/base/prng.ts";

test("entries come and go, chains and scopes included", () => {
  const seed = Number(process.env.SEED ?? Date.now() % 1e6);
  const prng = new Prng(seed);
  const table = new BytesTable<Named>();
  const scopes = [{}, {}, null];
  const model = new Map<string, Named>();
  for (let i = 0; i < 20_000; i++) {
    const target = i % 4000 < 2000 ? 300 : 5;
    const name = `n${prng.nextU32() % 400}`;
    const scope = prng.nextU32() % 3;
    const id = `${name} ${scope}`;
    const bytes = ascii(name);
    // Few hashes, so that there are chains of the same.
    const hash = (bytes[1] * 31 + bytes.length) | 0;
    const found = table.find(hash, bytes, 0, bytes.length, scopes[scope]);
    assert.equal(found, model.get(id) ?? null, `seed ${seed}`);
    if (found === null && model.size < target) {
      const entry = new Named(hash, bytes, scopes[scope]);
      table.insert(entry);
      model.set(id, entry);
    } else if (found !== null && model.size > target / 2) {
      table.remove(found);
      model.delete(id);
    }
    assert.equal(table.count, model.size);
    if (i % 500 === 0) assert.deepEqual(new Set(table.all()), new Set(model.values()));
  }
});
