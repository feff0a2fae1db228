import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { reservePorts } from "./ports.ts";
import { loadSkipLists, parseSkipList } from "./skip_list.ts";
import { parseOutput } from "./suite.ts";

describe("skip lists", () => {
  test("a name has its section and its reason, over several lines", () => {
    const text =
      "# About.\n\n[unit/a redis]\n# One\n# two.\nx y\nz\n\n[unit/b]\n# Three.\n{s} #4\n";
    assert.deepEqual(parseSkipList("later", text), [
      { list: "later", unit: "unit/a", suite: "redis", name: "x y", reason: "One two." },
      { list: "later", unit: "unit/a", suite: "redis", name: "z", reason: "One two." },
      { list: "later", unit: "unit/b", suite: "", name: "{s} #4", reason: "Three." },
    ]);
  });

  test("a name without a section or a reason is refused", () => {
    assert.throws(() => parseSkipList("later", "# One.\nx\n"), /later\.txt:2: .*: x/);
    assert.throws(() => parseSkipList("later", "[unit/a]\nx\n"), /later\.txt:2: .*: x/);
    assert.throws(
      () => parseSkipList("later", "[unit/a]\n# One.\nx\n\ny\n"),
      /later\.txt:5: .*: y/,
    );
  });

  test("the lists of the project can be read, without a name listed twice", () => {
    for (const suite of ["valkey", "redis"]) {
      const entries = loadSkipLists().filter((e) => e.suite !== suite && e.list !== "oracle");
      const names = entries.map((e) => `${e.unit} ${e.name}`);
      assert.equal(new Set(names).size, names.length);
    }
  });
});

describe("runtest's output", () => {
  test("each test is sorted by its status", () => {
    const result = parseOutput([
      "[ok]: SET (2) and GET (17 ms)",
      "[err]: INCR in tests/unit/type/incr.tcl",
      "Expected '1' to be equal to '2'",
      "[err]: HSCAN in tests/unit/scan.tcl",
      " error",
      "ERR syntax error",
      "[skip]: LPUSH: a list",
      "[ignore]: Not supported on external server",
      "                   The End",
      "*** [err]: INCR in tests/unit/type/incr.tcl",
    ].join("\n"));
    assert.deepEqual(result, {
      passed: ["SET (2) and GET"],
      failed: [
        { name: "INCR", detail: "Expected '1' to be equal to '2'" },
        { name: "HSCAN", detail: "ERR syntax error" },
      ],
      skipped: ["LPUSH: a list"],
      errors: [],
      ignored: 1,
      broken: "",
      seconds: 0,
    });
  });

  test("errors outside of tests, and what a server says that doesn't start", () => {
    const output = [
      "[err]: own command 'x'",
      "ERR unknown command 'x'",
      "[err]: Can't start it",
      "CONFIGURATION:",
      "port 1",
      "ERROR:",
      "### Starting server",
      "no",
      " The End",
    ].join("\n");
    assert.deepEqual(parseOutput(output).errors.map((text) => text.slice(0, 23)), [
      "ERR unknown command 'x'",
      "Can't start it: no /  T",
    ]);
  });

  test("an exception and an early end break the run", () => {
    assert.match(parseOutput("[exception]: refused\n").broken, /^exception: refused/);
    assert.match(parseOutput("[ok]: a (1 ms)\nkilled\n").broken, /stopped early: killed/);
  });
});

test("runs at the same time have ports of their own", async () => {
  const held = [];
  try {
    for (let i = 0; i < 5; i++) held.push(await reservePorts());
    const bases = held.map((ports) => ports.base).sort((a, b) => a - b);
    for (let i = 1; i < bases.length; i++) {
      assert.ok(bases[i] > bases[i - 1] + held[0].count, `the bases are ${bases}`);
    }
  } finally {
    for (const ports of held) await ports.release();
  }
});
