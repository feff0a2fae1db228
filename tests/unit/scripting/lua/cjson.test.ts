/**
 * cjson: random values there and back, the quick decoder beside the one with tokens, the encoder beside
 * a plain one.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Prng } from "../../../../core/base/prng.ts";
import { decodeJson } from "../../../../core/scripting/lua/cjson_decode.ts";
import { encodeJson, type JsonConfig } from "../../../../core/scripting/lua/cjson_encode.ts";
import { decodeFast, GIVEN_UP } from "../../../../core/scripting/lua/cjson_fast.ts";
import { formatGeneral } from "../../../../core/scripting/lua/numbers.ts";
import { LuaTable } from "../../../../core/scripting/lua/table.ts";
import { LuaError, type LuaValue, NULL_POINTER } from "../../../../core/scripting/lua/value.ts";

const SEED = Number(process.env.SEED ?? "1");

const CONFIG: JsonConfig = {
  sparseConvert: false,
  sparseRatio: 2,
  sparseSafe: 10,
  encodeDepthMax: 1000,
  decodeDepthMax: 20,
  encodeInvalid: 0,
  decodeInvalid: true,
  precision: 14,
  keepBuffer: true,
};

const NUMBERS =
  "0 1 -1 10 123456789 -0 1.5 -2.25 0.1 0.001 33.333333333333 -0.00012 1e5 1E-7 12e+3 123456789012345 1234567890123456 0.30000000000000004 12345678901234567890 1e400 0.1234567890123456 5e-324 2147483648 4503599627370497.5"
    .split(" ");
const ODD_NUMBERS = "01 -01 1. .5 +1 - 1e 0x10 nan -inf infinity 1.5.5 --1 1e+ 00".split(" ");
const STRINGS = [
  "",
  "a",
  "name",
  "user1",
  "x".repeat(70),
  `${"y".repeat(70)}\\n${"z".repeat(70)}`,
  '\\"',
  "a\\\\b",
  "\\/",
  "\\b\\f\\n\\r\\t",
  "\\u0041",
  "\\u00e9",
  "\\u20ac",
  "\\u0000",
  "\\ud83d\\ude00",
  "\x80\xff",
  "\x01",
  "a\\\\n",
  "a\\n",
  '\\"}',
];
const ODD_STRINGS = ["\\x", "\\u12", "\\ud83d", "\\udc00x", "a\0b", "\\"];
const KEYS = [
  "id",
  "name",
  "a",
  "b",
  "c\\n",
  "c\\\\n",
  "",
  "é".normalize("NFC"),
  "\\u0041",
  "A",
  "k1",
  "k2",
];

/** Random JSON, with mistakes in it if asked for. */
class Generator {
  private readonly prng: Prng;
  private readonly mistakes: boolean;

  constructor(seed: number, mistakes: boolean) {
    this.prng = new Prng(seed);
    this.mistakes = mistakes;
  }

  below(n: number): number {
    return this.prng.nextBelow(n);
  }

  text(): string {
    const text = this.space() + this.value(0) + this.space();
    if (!this.mistakes || this.below(2) === 0) return text;
    const at = this.below(text.length + 1);
    const cut = this.below(3);
    const put = ["", "", ",", "}", "]", '"', "\\", "\0", "x", ":", "0"][this.below(11)];
    return text.slice(0, at) + put + text.slice(at + cut);
  }

  private pick(list: string[], odd: string[]): string {
    if (this.mistakes && this.below(40) === 0) return odd[this.below(odd.length)];
    return list[this.below(list.length)];
  }

  private space(): string {
    return this.below(5) === 0 ? [" ", "\n", "\t", "\r", "  "][this.below(5)] : "";
  }

  private value(depth: number): string {
    const kind = this.below(depth > 4 ? 6 : 10);
    if (kind === 0) return this.pick(["true", "false", "null"], ["tru", "nul", "True"]);
    if (kind < 3) return this.pick(NUMBERS, ODD_NUMBERS);
    if (kind < 6) return `"${this.pick(STRINGS, ODD_STRINGS)}"`;
    const n = this.below(5);
    const items: string[] = [];
    if (kind === 6) {
      for (let i = 0; i < n; i++) items.push(this.space() + this.value(depth + 1) + this.space());
      return `[${items.join(",")}]`;
    }
    if (kind === 7) return this.sameShape(n, depth);
    for (let i = 0; i < n + this.below(3) * this.below(20); i++) {
      const key = this.below(2) === 0 ? KEYS[this.below(KEYS.length)] : `key${this.below(50)}`;
      items.push(`${this.space()}"${key}"${this.space()}:${this.space()}${this.value(depth + 1)}`);
    }
    return `{${items.join(",")}}`;
  }

  /** A list of objects with about the same keys. */
  private sameShape(n: number, depth: number): string {
    const keys = Array.from({ length: 1 + this.below(6) }, () => KEYS[this.below(KEYS.length)]);
    const items: string[] = [];
    for (let i = 0; i < n + 2; i++) {
      const some = keys.filter(() => this.below(10) > 0);
      if (this.below(5) === 0) some.push(KEYS[this.below(KEYS.length)]);
      items.push(`{${some.map((key) => `"${key}":${this.value(depth + 2)}`).join(",")}}`);
    }
    return `[${items.join(",")}]`;
  }
}

/** A value with everything that a script could see of it: keys in order, sizes. */
function shown(v: LuaValue): unknown {
  if (v === NULL_POINTER) return "null";
  if (Object.is(v, -0)) return "-0";
  if (!(v instanceof LuaTable)) return v;
  const entries: unknown[] = [v.length(), v.cap, v.hcap];
  for (let pos = v.nextPosition(0); pos > 0; pos = v.nextPosition(pos)) {
    entries.push([v.keyAt(pos), shown(v.valueAt(pos))]);
  }
  return entries;
}

/** What decoding gives, or its error; by the slow way if asked for. */
function decoded(text: string): unknown {
  try {
    return shown(decodeJson(CONFIG, text));
  } catch (e) {
    if (!(e instanceof LuaError)) throw e;
    return "error";
  }
}

/** By way of tokens: the quick decoder stops at a nan. */
function decodedSlowly(text: string): unknown {
  try {
    const list = decodeJson(
      { ...CONFIG, decodeDepthMax: CONFIG.decodeDepthMax + 1 },
      `[nan,${text}]`,
    );
    // The text could end the list itself.
    const isOne = (list as LuaTable).length() === 2;
    return isOne ? shown((list as LuaTable).getNumber(2)) : "error";
  } catch (e) {
    if (!(e instanceof LuaError)) throw e;
    return "error";
  }
}

describe("both decoders give the same", () => {
  test("for random texts", () => {
    let quick = 0;
    for (let i = 0; i < 3_000; i++) {
      const text = new Generator(SEED * 7919 + i, false).text();
      if (decodeFast(text, 20) !== GIVEN_UP) quick++;
      assert.deepEqual(decoded(text), decodedSlowly(text), `seed ${SEED}, ${JSON.stringify(text)}`);
    }
    assert.ok(quick > 1_000, `${quick} the quick way`);
  });

  test("for texts with mistakes", () => {
    for (let i = 0; i < 6_000; i++) {
      const text = new Generator(SEED * 104_729 + i, true).text();
      if (text.includes("\0")) continue;
      const slow = decodedSlowly(text);
      assert.deepEqual(decoded(text), slow, `seed ${SEED}, ${JSON.stringify(text)}`);
    }
  });

  test("for zero bytes, where a text ends", () => {
    assert.deepEqual(decoded("false \0x"), false);
    assert.deepEqual(decoded('"a" \0'), "a");
    for (const text of ['"a\0b"', "[1\0]", '{"a\0":1}', '"\\n\0"', `"${"x".repeat(100)}\0"`]) {
      assert.deepEqual(decoded(text), "error", JSON.stringify(text));
    }
  });

  test("for a key that looks like the escape of another", () => {
    const text = '[{"a\\\\n":1},{"a\\n":2},{"a\\\\n":3},{"q\\"":1},{"q\\"":2}]';
    assert.deepEqual(decoded(text), decodedSlowly(text));
  });

  test("for a short text after a long one", () => {
    decodeJson(CONFIG, `[${"1,".repeat(200)}"abc"]`);
    for (const text of ['["', '{"a', '{"a":', "[1", "12", "tr", '"abc', "[1,"]) {
      assert.deepEqual(decoded(text), decodedSlowly(text), text);
    }
  });
});

test("objects with many keys, twice the same key, keys of all kinds of lengths", () => {
  for (const n of [7, 8, 9, 31, 32, 33, 100]) {
    const keys = Array.from({ length: n }, (_, i) => `k${i}`);
    const object = `{${keys.map((k, i) => `"${k}":${i}`).join(",")}}`;
    const twice = `{${[...keys, keys[0], keys[n - 1]].map((k, i) => `"${k}":${i}`).join(",")}}`;
    const text = `[${object},${twice},${object}]`;
    assert.deepEqual(decoded(text), decodedSlowly(text), `${n} keys`);
  }
});

/** The encoder as one would write it down. */
function plain(v: LuaValue): string {
  if (v === NULL_POINTER) return "null";
  if (typeof v === "boolean") return `${v}`;
  if (typeof v === "number") return formatGeneral(v, 14, false);
  if (typeof v === "string") {
    // deno-lint-ignore no-control-regex -- these are what is escaped
    return `"${v.replace(/["\\/\x00-\x1f\x7f]/g, escapeOf)}"`;
  }
  const table = v as LuaTable;
  const parts: string[] = [];
  const n = table.length();
  if (n > 0) {
    for (let i = 1; i <= n; i++) parts.push(plain(table.get(i)));
    return `[${parts.join(",")}]`;
  }
  for (let pos = table.nextPosition(0); pos > 0; pos = table.nextPosition(pos)) {
    parts.push(`${plain(table.keyAt(pos))}:${plain(table.valueAt(pos))}`);
  }
  return `{${parts.join(",")}}`;
}

function escapeOf(c: string): string {
  const at = '"\\/\b\t\n\f\r'.indexOf(c);
  if (at >= 0) return `\\${'"\\/btnfr'[at]}`;
  return `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

describe("the encoder", () => {
  test("writes random values, and they come back", () => {
    for (let i = 0; i < 1_500; i++) {
      const text = new Generator(SEED * 15_485_863 + i, false).text();
      const v = decodeFast(text, 20);
      if (v === GIVEN_UP || text.includes("1e400")) continue;
      const encoded = encodeJson(CONFIG, v as LuaValue);
      const note = `seed ${SEED}, ${JSON.stringify(text)}`;
      assert.equal(encoded, plain(v as LuaValue), note);
      assert.equal(encodeJson(CONFIG, decodeJson(CONFIG, encoded)), encoded, note);
    }
  });

  test("escapes every byte that has to be", () => {
    const all = Array.from({ length: 256 }, (_, c) => String.fromCharCode(c)).join("");
    assert.equal(encodeJson(CONFIG, all), plain(all));
    assert.equal(decodeJson(CONFIG, encodeJson(CONFIG, all)), all);
    const escapes = "\x01".repeat(20_000);
    assert.equal(encodeJson(CONFIG, escapes), plain(escapes));
  });

  test("writes texts longer than its buffer", () => {
    const long = "a/b".repeat(700_000);
    const table = LuaTable.fromList([long, "x", long]);
    assert.equal(encodeJson(CONFIG, table), plain(table));
    assert.equal(encodeJson(CONFIG, "x"), '"x"');
    let deep: LuaValue = 1;
    for (let i = 0; i < 900; i++) deep = LuaTable.fromList([deep]);
    assert.equal(encodeJson(CONFIG, deep), `${"[".repeat(900)}1${"]".repeat(900)}`);
    const empty = LuaTable.fromList(Array.from({ length: 5_000 }, () => new LuaTable()));
    assert.equal(encodeJson(CONFIG, empty), `[${"{},".repeat(4_999)}{}]`);
  });

  test("begins anew after an error", () => {
    assert.throws(() => encodeJson(CONFIG, LuaTable.fromList(["x", () => 1])), LuaError);
    assert.equal(encodeJson(CONFIG, "y"), '"y"');
  });
});
