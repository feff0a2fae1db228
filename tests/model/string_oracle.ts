/**
 * The string commands, written as naively as possible: a Map of binary strings, BigInt arithmetic, and replies
 * put together from text. No code of the product but the long doubles, which have tests of their own.
 */

import { addLongDouble, formatLongDouble, parseLongDouble } from "../../core/base/long_double.ts";
import { toBytes } from "../support/resp_reply.ts";

export type Encoding = "int" | "embstr" | "raw";

export interface Value {
  text: string;
  encoding: Encoding;
  /** Unix time in ms; null: it lives for ever. */
  expireAt: bigint | null;
}

const NIL = "$-1\r\n";
const OK = "+OK\r\n";
const SYNTAX = "-ERR syntax error\r\n";
const NOT_AN_INTEGER = "-ERR value is not an integer or out of range\r\n";
const NOT_A_FLOAT = "-ERR value is not a valid float\r\n";
const OVERFLOW = "-ERR increment or decrement would overflow\r\n";
const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

export class StringOracle {
  readonly data = new Map<string, Value>();
  nowMs: bigint;
  readonly maxLen: number;

  constructor(nowMs: number, maxLen: number) {
    this.nowMs = BigInt(nowMs);
    this.maxLen = maxLen;
  }

  /** What a command must answer. */
  run(name: string, args: string[]): string {
    for (const [key, value] of this.data) {
      if (value.expireAt !== null && value.expireAt < this.nowMs) this.data.delete(key);
    }
    const [a, b = "", c = ""] = args;
    switch (name) {
      case "GET":
        return this.reply(a);
      case "SET":
        return this.set(a, b, args.slice(2));
      case "SETNX":
        return this.data.has(a) ? ":0\r\n" : (this.put(a, b), ":1\r\n");
      case "SETEX":
        return this.setFor("setex", a, b, c, 1000n);
      case "PSETEX":
        return this.setFor("psetex", a, b, c, 1n);
      case "GETSET":
        return [this.reply(a), this.put(a, b)][0] as string;
      case "GETDEL":
        return [this.reply(a), this.data.delete(a)][0] as string;
      case "GETEX":
        return this.getex(a, args.slice(1));
      case "MGET":
        return `*${args.length}\r\n${args.map((key) => this.reply(key)).join("")}`;
      case "MSET":
      case "MSETNX":
        return this.mset(name === "MSETNX", args);
      case "APPEND":
        return this.append(a, b);
      case "SETRANGE":
        return this.setrange(a, b, c);
      case "GETRANGE":
      case "SUBSTR":
        return this.getrange(a, b, c);
      case "STRLEN":
        return `:${this.text(a).length}\r\n`;
      case "INCR":
        return this.incr(a, 1n);
      case "DECR":
        return this.incr(a, -1n);
      case "INCRBY":
      case "DECRBY":
        return this.incrby(name, a, b);
      case "INCRBYFLOAT":
        return this.incrbyfloat(a, b);
      case "LCS":
        return lcs(this.text(a), this.text(b), c);
      default:
        throw new Error(`the oracle doesn't know ${name}`);
    }
  }

  private text(key: string): string {
    return this.data.get(key)?.text ?? "";
  }

  private reply(key: string): string {
    const value = this.data.get(key);
    return value === undefined ? NIL : bulk(value.text);
  }

  private put(key: string, text: string, expireAt: bigint | null = null): void {
    this.data.set(key, { text, encoding: freshEncoding(text), expireAt });
  }

  private set(key: string, text: string, words: string[]): string {
    const options = parseOptions(words, ["NX", "XX", "GET", "KEEPTTL"]);
    if (options === null) return SYNTAX;
    const expireAt = this.expiry("set", options);
    if (typeof expireAt === "string") return expireAt;
    const old = this.data.get(key);
    const previous = this.reply(key);
    const refused = options.has("NX") && old !== undefined ||
      options.has("XX") && old === undefined;
    if (refused) return options.has("GET") ? previous : NIL;
    this.put(key, text, options.has("KEEPTTL") ? old?.expireAt ?? null : expireAt);
    return options.has("GET") ? previous : OK;
  }

  private setFor(name: string, key: string, time: string, text: string, unit: bigint): string {
    const options = new Map([[unit === 1n ? "PX" : "EX", time]]);
    const expireAt = this.expiry(name, options);
    if (typeof expireAt === "string") return expireAt;
    this.put(key, text, expireAt);
    return OK;
  }

  private getex(key: string, words: string[]): string {
    const options = parseOptions(words, ["PERSIST"]);
    if (options === null) return SYNTAX;
    const value = this.data.get(key);
    if (value === undefined) return NIL;
    const expireAt = this.expiry("getex", options);
    if (typeof expireAt === "string") return expireAt;
    const isAbsolute = options.has("EXAT") || options.has("PXAT");
    if (isAbsolute && expireAt !== null && expireAt <= this.nowMs) this.data.delete(key);
    else if (expireAt !== null) value.expireAt = expireAt;
    else if (options.has("PERSIST")) value.expireAt = null;
    return bulk(value.text);
  }

  /** The time among the options, or null, or an error reply. */
  private expiry(name: string, options: Map<string, string>): bigint | null | string {
    for (
      const [word, unit, base] of [
        ["EX", 1000n, this.nowMs],
        ["PX", 1n, this.nowMs],
        ["EXAT", 1000n, 0n],
        ["PXAT", 1n, 0n],
      ] as const
    ) {
      const text = options.get(word);
      if (text === undefined) continue;
      const value = integer(text);
      if (value === null) return NOT_AN_INTEGER;
      const at = value * unit + base;
      if (value > 0n && at <= INT64_MAX) return at;
      return `-ERR invalid expire time in '${name}' command\r\n`;
    }
    return null;
  }

  private mset(onlyNew: boolean, args: string[]): string {
    const keys = args.filter((_, i) => i % 2 === 0);
    if (onlyNew && keys.some((key) => this.data.has(key))) return ":0\r\n";
    for (let i = 0; i < args.length; i += 2) this.put(args[i], args[i + 1]);
    return onlyNew ? ":1\r\n" : OK;
  }

  private append(key: string, tail: string): string {
    const value = this.data.get(key);
    if (value === undefined) this.put(key, tail);
    else {
      if (value.text.length + tail.length > this.maxLen) return tooLong();
      value.text += tail;
      value.encoding = "raw";
    }
    return `:${this.text(key).length}\r\n`;
  }

  private setrange(key: string, offsetText: string, part: string): string {
    const offset = integer(offsetText);
    if (offset === null) return NOT_AN_INTEGER;
    if (offset < 0n) return "-ERR offset is out of range\r\n";
    const old = this.data.get(key);
    if (part === "") return `:${this.text(key).length}\r\n`;
    if (offset + BigInt(part.length) > BigInt(this.maxLen)) return tooLong();
    const at = Number(offset);
    const padded = this.text(key).padEnd(at, "\0");
    const text = padded.slice(0, at) + part + padded.slice(at + part.length);
    this.data.set(key, { text, encoding: "raw", expireAt: old?.expireAt ?? null });
    return `:${text.length}\r\n`;
  }

  private getrange(key: string, from: string, to: string): string {
    let start = integer(from);
    let end = integer(to);
    if (start === null || end === null) return NOT_AN_INTEGER;
    const text = this.text(key);
    const len = BigInt(text.length);
    if (start < 0n && end < 0n && start > end) return bulk("");
    if (start < 0n) start = start + len < 0n ? 0n : start + len;
    if (end < 0n) end = end + len < 0n ? 0n : end + len;
    if (start > len) start = len;
    if (end > len) end = len;
    return bulk(text.slice(Number(start), Number(end) + 1));
  }

  private incr(key: string, delta: bigint): string {
    const value = this.data.get(key);
    const old = value === undefined ? 0n : integer(value.text);
    if (old === null) return NOT_AN_INTEGER;
    const sum = old + delta;
    if (sum > INT64_MAX || sum < INT64_MIN) return OVERFLOW;
    this.put(key, String(sum), value?.expireAt ?? null);
    return `:${sum}\r\n`;
  }

  private incrby(name: string, key: string, text: string): string {
    const delta = integer(text);
    if (delta === null) return NOT_AN_INTEGER;
    if (name === "INCRBY") return this.incr(key, delta);
    return delta === INT64_MIN ? "-ERR decrement would overflow\r\n" : this.incr(key, -delta);
  }

  private incrbyfloat(key: string, text: string): string {
    const value = this.data.get(key);
    const old = parseText(value === undefined ? "0" : value.text);
    const delta = parseText(text);
    if (old === null || delta === null) return NOT_A_FLOAT;
    const sum = addLongDouble(old, delta);
    if (sum.kind !== "finite") return "-ERR increment would produce NaN or Infinity\r\n";
    const result = formatLongDouble(sum);
    const encoding = result.length <= 44 ? "embstr" : "raw";
    this.data.set(key, { text: result, encoding, expireAt: value?.expireAt ?? null });
    return bulk(result);
  }
}

/** The integer that a text is the only right way to write, if it has 64 bits. */
function integer(text: string): bigint | null {
  if (!/^(0|-?[1-9]\d{0,18})$/.test(text)) return null;
  const value = BigInt(text);
  return value > INT64_MAX || value < INT64_MIN ? null : value;
}

function freshEncoding(text: string): Encoding {
  if (integer(text) !== null) return "int";
  return text.length <= 44 ? "embstr" : "raw";
}

/** The options by name, with their times; null for a syntax error. */
function parseOptions(words: string[], plain: string[]): Map<string, string> | null {
  const times = ["EX", "PX", "EXAT", "PXAT"];
  const lifetimes = [...times, "KEEPTTL", "PERSIST"];
  const options = new Map<string, string>();
  for (let i = 0; i < words.length; i++) {
    const word = words[i].toUpperCase();
    if (times.includes(word)) {
      if (i + 1 === words.length) return null;
      options.set(word, words[++i]);
    } else if (plain.includes(word)) options.set(word, "");
    else return null;
    if (lifetimes.filter((each) => options.has(each)).length > 1) return null;
    if (options.has("NX") && options.has("XX")) return null;
  }
  return options;
}

function parseText(text: string) {
  return parseLongDouble(toBytes(text), 0, text.length);
}

/** LCS with LEN or without options. */
function lcs(a: string, b: string, option: string): string {
  const table = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      table[i][j] = a[i - 1] === b[j - 1]
        ? table[i - 1][j - 1] + 1
        : Math.max(table[i - 1][j], table[i][j - 1]);
    }
  }
  if (option === "LEN") return `:${table[a.length][b.length]}\r\n`;
  let found = "";
  for (let i = a.length, j = b.length; i > 0 && j > 0;) {
    if (a[i - 1] === b[j - 1]) {
      found = a[i - 1] + found;
      i--;
      j--;
    } else if (table[i - 1][j] > table[i][j - 1]) i--;
    else j--;
  }
  return bulk(found);
}

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

function tooLong(): string {
  return "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n";
}
