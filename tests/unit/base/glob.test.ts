/** core/base/glob.ts: the corner cases users can see. Random patterns are in tests/fuzz. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ascii } from "../../../core/base/bytes.ts";
import { globMatch } from "../../../core/base/glob.ts";

function match(pattern: string, str: string, nocase = false): boolean {
  const p = ascii("*" + pattern + "*");
  const s = ascii("?" + str + "?");
  return globMatch(p, 1, pattern.length, s, 1, str.length, nocase);
}

function check(nocase: boolean, pattern: string, yes: string[], no: string[]): void {
  for (const s of yes) assert.equal(match(pattern, s, nocase), true, `${pattern} and ${s}`);
  for (const s of no) assert.equal(match(pattern, s, nocase), false, `${pattern} but not ${s}`);
}

describe("elements", () => {
  test("stars, question marks and plain bytes", () => {
    check(false, "h?llo", ["hello", "hallo", "h?llo"], ["hllo", "heello", "HELLO"]);
    check(false, "h*llo", ["hllo", "heeeello", "hllollo"], ["ello", "hell"]);
    check(false, "*", ["a", "\xff\0"], [""]);
    check(false, "**a**", ["a", "xax"], ["", "b"]);
    check(false, "a*", ["a", "ab"], ["", "ba"]);
    check(false, "*a*b*c", ["abc", "xaxbxc", "abcabc"], ["ab", "acb", "abcx"]);
    check(false, "", [""], ["a"]);
    check(false, "?", ["a", "\n", "\0"], ["", "aa"]);
  });

  test("brackets", () => {
    check(false, "h[ae]llo", ["hello", "hallo"], ["hillo", "hllo"]);
    check(false, "h[^e]llo", ["hallo", "h^llo"], ["hello"]);
    check(false, "h[a-c]llo", ["hallo", "hbllo", "hcllo"], ["hdllo", "h-llo"]);
    check(false, "h[c-a]llo", ["hallo", "hbllo", "hcllo"], ["hdllo"]);
    check(false, "[a-]", ["a", "]", "^"], ["-", "b"]);
    check(false, "[]a]", [], ["]", "a", "]a]"]);
    check(false, "[^]a]", ["xa]"], ["a", "a]"]);
    check(false, "[\\]]", ["]"], ["\\"]);
    check(false, "[\\a-c]", ["a", "-", "c"], ["b", "\\"]);
  });

  test("unterminated brackets end with the pattern", () => {
    check(false, "[ab", ["a", "b"], ["c", "[", ""]);
    check(false, "[", [], ["[", "a", ""]);
    check(false, "[^", ["^", "a"], [""]);
    check(false, "[a-", ["a", "-"], ["b"]);
    check(false, "[\\", ["\\"], ["["]);
    check(false, "a[b*", ["ab", "a*"], ["abc", "a"]);
  });

  test("escapes", () => {
    check(false, "h\\*llo", ["h*llo"], ["hello", "h\\*llo"]);
    check(false, "\\[a]", ["[a]"], ["a"]);
    check(false, "\\a", ["a"], ["\\a"]);
    check(false, "a\\", ["a\\"], ["a"]);
    check(true, "\\A", ["a", "A"], []);
  });

  test("case folding", () => {
    check(true, "HeLLo@*", ["hello@x", "HELLO@X"], ["hello`x"]);
    check(true, "[AB]", ["a", "b", "A"], ["c"]);
    check(true, "[a-c]", ["B", "b"], ["D"]);
    // An escaped byte in a bracket keeps its case.
    check(true, "[\\a]", ["a"], ["A"]);
    // The ends are ordered first and folded then: Z..a becomes z..a, which is empty.
    check(true, "[Z-a]", [], ["Z", "z", "a", "b"]);
    check(false, "[Z-a]", ["Z", "a", "["], ["b"]);
  });

  test("ranges compare signed bytes", () => {
    check(false, "[a-\xff]", ["a", "\xff", "\0", "A"], ["b", "\x80"]);
    check(true, "[\x80-\x90]", ["\x85"], ["\x91", "a"]);
  });
});

describe("many stars", () => {
  test("cost no more than pattern length times string length", () => {
    const str = "a".repeat(50_000);
    assert.equal(match("a*".repeat(900) + "b", str), false);
    assert.equal(match("*a".repeat(900) + "*", str), true);
    assert.equal(match("*?".repeat(500) + "b", str), false);
  });

  test("match nothing if there are more than a thousand before the last", () => {
    const str = "a".repeat(5000);
    assert.equal(match("*a".repeat(1000), str), true);
    assert.equal(match("*a".repeat(1000) + "*", str), true);
    assert.equal(match("*a".repeat(1001), str), false);
    assert.equal(match("*".repeat(5000) + "a", str), true);
  });
});
