/**
 * Programs with the results that a real server (7.4.1) gave for them: language and libraries.
 *
 * In the files of `programs/` a program is a line and its results, as HARNESS of redis_like.ts writes
 * them, the next one, as a JSON string after `-->`. The files are UTF-8 of one char per byte.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { LuaRunner } from "./redis_like.ts";

for (const name of ["language", "library"]) {
  describe(`Lua programs: ${name}`, () => {
    const text = readFileSync(new URL(`./programs/${name}.txt`, import.meta.url), "utf8");
    const lines = text.split("\n");
    for (let i = 0; i + 1 < lines.length; i += 2) {
      test(lines[i], () => {
        const expected = JSON.parse(lines[i + 1].slice("--> ".length));
        assert.equal(new LuaRunner().run(lines[i]), expected);
      });
    }
  });
}
