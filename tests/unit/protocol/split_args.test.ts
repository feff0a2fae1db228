import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { ascii, latin1 } from "../../../core/base/bytes.ts";
import { splitArgs } from "../../../core/protocol/split_args.ts";

function split(line: string): string[] | null {
  const buf = ascii(line);
  const args = splitArgs(buf, 0, buf.length);
  return args === null ? null : args.map((arg) => latin1(arg, 0, arg.length));
}

describe("splitArgs", () => {
  test("separates at blanks of every kind", () => {
    assert.deepEqual(split("set a b"), ["set", "a", "b"]);
    assert.deepEqual(split("  \t set\r\n a\n"), ["set", "a"]);
    assert.deepEqual(split("a \v\f b"), ["a", "b"]);
    assert.deepEqual(split("a\vb"), ["a\vb"], "a vertical tab does not end an argument");
  });

  test("gives an empty list for nothing", () => {
    assert.deepEqual(split(""), []);
    assert.deepEqual(split(" \r\n"), []);
  });

  test("reads escapes inside double quotes", () => {
    assert.deepEqual(split(String.raw`"\x41\xff\n\r\t\b\a\q\"\\"`), ['A\xff\n\r\t\b\x07q"\\']);
    assert.deepEqual(split(String.raw`"\x4"`), ["x4"]);
    assert.deepEqual(split(String.raw`"\xZZ"`), ["xZZ"]);
    assert.deepEqual(split(String.raw`"\X41"`), ["X41"]);
    assert.deepEqual(split(`"a'b"`), ["a'b"]);
  });

  test("knows one escape inside single quotes", () => {
    assert.deepEqual(split(String.raw`'it\'s'`), ["it's"]);
    assert.deepEqual(split(String.raw`'\n\x41\\ '`), [String.raw`\n\x41\\ `]);
  });

  test("takes no escapes outside quotes", () => {
    assert.deepEqual(split(String.raw`a\nb \x41`), [String.raw`a\nb`, String.raw`\x41`]);
  });

  test("lets quotes open in the middle and be empty", () => {
    assert.deepEqual(split(`a"b c" d`), ["ab c", "d"]);
    assert.deepEqual(split(`save ""`), ["save", ""]);
    assert.deepEqual(split(`'' ""`), ["", ""]);
  });

  test("refuses what is not balanced", () => {
    for (const line of [`"`, `'`, `"a`, `'a`, `"a\\`, `"a\\"`, `'a\\'`, `"a"b`, `'a'b`, `""''`]) {
      assert.equal(split(line), null, line);
    }
  });

  test("ends at a zero byte", () => {
    assert.deepEqual(split("a b\0 c"), ["a", "b"]);
    assert.deepEqual(split("\0a"), []);
    assert.equal(split(`"a\0"`), null);
    assert.deepEqual(split(`"a"\0b`), ["a"]);
  });

  test("looks only at its range", () => {
    const buf = ascii(`xx"set" k"yy`);
    const args = splitArgs(buf, 2, 7);
    assert.deepEqual(args?.map((arg) => latin1(arg, 0, arg.length)), ["set", "k"]);
    const cut = ascii(String.raw`"a\x41"`);
    assert.equal(splitArgs(cut, 0, 5), null, "an escape must not be read past the range");
  });

  test("hands out bytes that don't change with the source", () => {
    const buf = ascii("get key");
    const args = splitArgs(buf, 0, buf.length);
    buf.fill(0x2e);
    assert.equal(args && latin1(args[1], 0, 3), "key");
  });
});
