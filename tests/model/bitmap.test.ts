/**
 * The bitmap commands against strings of zeros and ones: random operations on a whole server in this process,
 * on strings of every encoding and length, in an arena that notices stores to freed memory.
 */

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { Prng } from "../../core/base/prng.ts";
import { bitmapCommands } from "../../core/commands/bitmap.ts";
import { stringCommands } from "../../core/commands/string.ts";
import { Arena } from "../../core/memory/arena.ts";
import { oneIn, pick, randomInt, seed } from "../support/gen.ts";
import { InProcess } from "../support/in_process.ts";
import { escapeBytes } from "../support/resp_reply.ts";

const KEYS = ["a", "b", "c", "d"];
const LENGTHS = [0, 1, 3, 4, 7, 20, 44, 45, 100, 896, 897, 1000, 5000, 16384, 16385, 40_000];
const NO_ROOM = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";

/** The bits of a string, a character each. */
function toBits(text: string): string {
  let bits = "";
  for (const char of text) bits += char.charCodeAt(0).toString(2).padStart(8, "0");
  return bits;
}

function fromBits(bits: string): string {
  let text = "";
  for (let i = 0; i < bits.length; i += 8) {
    text += String.fromCharCode(parseInt(bits.slice(i, i + 8), 2));
  }
  return text;
}

function integer(n: number | bigint): string {
  return `:${n}\r\n`;
}

function bulk(text: string | undefined): string {
  return text === undefined ? "$-1\r\n" : `$${text.length}\r\n${text}\r\n`;
}

/** What Redis replies and stores, done slowly. */
class Oracle {
  readonly data = new Map<string, string>();

  bits(key: string): string {
    return toBits(this.data.get(key) ?? "");
  }

  run(name: string, args: string[]): string {
    const [key, ...rest] = args;
    switch (name) {
      case "SET":
        this.data.set(key, rest[0]);
        return "+OK\r\n";
      case "GETDEL": {
        const value = this.data.get(key);
        this.data.delete(key);
        return bulk(value);
      }
      case "GETBIT":
        return integer(Number(this.bits(key)[Number(rest[0])] ?? 0));
      case "SETBIT":
        return this.setBit(key, Number(rest[0]), rest[1]);
      case "BITCOUNT":
        return this.count(key, rest);
      case "BITPOS":
        return this.find(key, rest);
      case "BITOP":
        return this.combine(key.toLowerCase(), rest[0], rest.slice(1));
      default:
        return this.field(key, rest);
    }
  }

  private setBit(key: string, at: number, value: string): string {
    const bits = this.grown(key, at + 1);
    this.data.set(key, fromBits(bits.slice(0, at) + value + bits.slice(at + 1)));
    return integer(Number(bits[at]));
  }

  /** The bits of a key, long enough to hold so many. */
  private grown(key: string, count: number): string {
    return this.bits(key).padEnd(Math.ceil(count / 8) * 8, "0");
  }

  /** First and last bit of a range of arguments. */
  private range(bits: string, start: string, end: string, unit: string): [number, number] {
    const isBit = unit.toLowerCase() === "bit";
    const total = isBit ? bits.length : bits.length / 8;
    const place = (text: string) => {
      const n = Number(text);
      return n < 0 ? Math.max(0, total + n) : n;
    };
    const first = place(start);
    const last = Math.min(place(end), total - 1);
    if (first > last) return [0, -1];
    return isBit ? [first, last] : [first * 8, last * 8 + 7];
  }

  private count(key: string, args: string[]): string {
    const bits = this.bits(key);
    let range: [number, number] = [0, bits.length - 1];
    if (args.length > 0) {
      const [start, end] = args.map(Number);
      if (start < 0 && end < 0 && start > end) return integer(0);
      range = this.range(bits, args[0], args[1], args[2] ?? "byte");
    }
    return integer(bits.slice(range[0], range[1] + 1).replaceAll("0", "").length);
  }

  private find(key: string, args: string[]): string {
    const [bit, start = "0", end = "-1", unit = "byte"] = args;
    if (!this.data.has(key)) return integer(bit === "1" ? -1 : 0);
    const bits = this.bits(key);
    const [first, last] = this.range(bits, start, end, unit);
    if (first > last) return integer(-1);
    const at = bits.slice(first, last + 1).indexOf(bit);
    if (at >= 0) return integer(first + at);
    return integer(bit === "0" && args.length < 3 ? bits.length : -1);
  }

  private combine(op: string, target: string, keys: string[]): string {
    const sources = keys.map((key) => this.bits(key));
    const total = Math.max(...sources.map((bits) => bits.length));
    let result = sources[0].padEnd(total, "0");
    if (op === "not") result = [...result].map((bit) => bit === "0" ? "1" : "0").join("");
    for (const source of sources.slice(1)) {
      const other = source.padEnd(total, "0");
      result = [...result].map((bit, i) => apply(op, bit, other[i])).join("");
    }
    if (total > 0) this.data.set(target, fromBits(result));
    else this.data.delete(target);
    return integer(total / 8);
  }

  private field(key: string, args: string[]): string {
    const replies: string[] = [];
    let overflow = "wrap";
    for (let i = 0; i < args.length;) {
      const op = args[i].toLowerCase();
      if (op === "overflow") {
        overflow = args[i + 1].toLowerCase();
        i += 2;
        continue;
      }
      const [type, offset] = [args[i + 1], args[i + 2]];
      const operand = op === "get" ? 0n : BigInt(args[i + 3]);
      replies.push(this.fieldOperation(key, op, type, offset, operand, overflow));
      i += op === "get" ? 3 : 4;
    }
    return `*${replies.length}\r\n${replies.join("")}`;
  }

  private fieldOperation(
    key: string,
    op: string,
    type: string,
    offset: string,
    operand: bigint,
    overflow: string,
  ): string {
    const width = Number(type.slice(1));
    const isSigned = type[0] === "i";
    const at = offset[0] === "#" ? Number(offset.slice(1)) * width : Number(offset);
    const bits = op === "get"
      ? this.bits(key).padEnd(at + width, "0")
      : this.grown(key, at + width);
    const raw = BigInt(`0b${bits.slice(at, at + width)}`);
    const old = isSigned ? BigInt.asIntN(width, raw) : raw;
    if (op === "get") return integer(old);
    // The string grows even if nothing is stored then.
    this.data.set(key, fromBits(bits));
    const wanted = op === "set" ? operand : old + operand;
    const value = fitted(wanted, width, isSigned, overflow);
    if (value === null) return "$-1\r\n";
    const stored = BigInt.asUintN(width, value).toString(2).padStart(width, "0");
    this.data.set(key, fromBits(bits.slice(0, at) + stored + bits.slice(at + width)));
    return integer(op === "set" ? old : value);
  }
}

function apply(op: string, a: string, b: string): string {
  if (op === "and") return a === "1" && b === "1" ? "1" : "0";
  if (op === "or") return a === "1" || b === "1" ? "1" : "0";
  return a === b ? "0" : "1";
}

function fitted(value: bigint, width: number, isSigned: boolean, overflow: string): bigint | null {
  const size = 1n << BigInt(width);
  const [min, max] = isSigned ? [-size / 2n, size / 2n - 1n] : [0n, size - 1n];
  if (value >= min && value <= max) return value;
  if (overflow === "fail") return null;
  if (overflow === "sat") return value > max ? max : min;
  return isSigned ? BigInt.asIntN(width, value) : BigInt.asUintN(width, value);
}

/** Makes commands that are right; what is refused is in tests/commands/bitmap.test.ts. */
class Commands {
  readonly prng: Prng;
  readonly lenMax: number;

  constructor(prng: Prng, lenMax: number) {
    this.prng = prng;
    this.lenMax = lenMax;
  }

  next(): string[] {
    const { prng } = this;
    const key = pick(prng, KEYS);
    switch (prng.nextBelow(10)) {
      case 0:
        return ["SET", key, this.value()];
      case 1:
        return ["SETBIT", key, this.offset(), pick(prng, ["0", "1"])];
      case 2:
        return ["GETBIT", key, this.offset()];
      case 3:
      case 4:
        return ["BITCOUNT", key, ...this.range(2)];
      case 5:
      case 6:
        return ["BITPOS", key, pick(prng, ["0", "1"]), ...this.range(1)];
      case 7:
        return this.bitop();
      case 8:
        return oneIn(prng, 3)
          ? ["GETDEL", key]
          : ["BITFIELD_RO", key, ...this.get(), ...this.get()];
      default:
        return ["BITFIELD", key, ...this.fields()];
    }
  }

  private value(): string {
    const { prng } = this;
    if (oneIn(prng, 6)) return String(randomInt(prng, -1_000_000, 1_000_000));
    const len = pick(prng, LENGTHS.filter((n) => n <= this.lenMax));
    const kind = prng.nextBelow(3);
    let text = "";
    for (let i = 0; i < len; i++) {
      text += String.fromCharCode(kind === 0 ? 0 : kind === 1 ? 255 : prng.nextBelow(256));
    }
    if (len === 0 || kind === 2) return text;
    const at = prng.nextBelow(len);
    return text.slice(0, at) + String.fromCharCode(prng.nextBelow(256)) + text.slice(at + 1);
  }

  private offset(): string {
    return String(this.prng.nextBelow(oneIn(this.prng, 5) ? this.lenMax * 8 : 400));
  }

  /** Nothing, or a range, which may lack its end if one argument is enough. */
  private range(least: number): string[] {
    const { prng } = this;
    const count = prng.nextBelow(4);
    if (count < least) return [];
    const unit = pick(prng, ["BYTE", "bit"]);
    const span = unit === "bit" && count === 3 ? this.lenMax * 8 : this.lenMax;
    const place = () => String(randomInt(prng, -span, span));
    const near = () => String(randomInt(prng, -30, 30));
    const args = oneIn(prng, 2) ? [near(), near()] : [place(), place()];
    return [...args, unit].slice(0, count);
  }

  private bitop(): string[] {
    const { prng } = this;
    const op = pick(prng, ["AND", "or", "XOR", "NOT"]);
    const count = op === "NOT" ? 1 : randomInt(prng, 1, 4);
    const sources = Array.from({ length: count }, () => pick(prng, [...KEYS, "nosuch"]));
    return ["BITOP", op, pick(prng, KEYS), ...sources];
  }

  private fields(): string[] {
    const { prng } = this;
    const args: string[] = [];
    for (let i = prng.nextBelow(5); i > 0; i--) {
      const kind = prng.nextBelow(6);
      if (kind === 0) args.push("OVERFLOW", pick(prng, ["wrap", "SAT", "fail"]));
      else if (kind === 1) args.push(...this.get());
      else args.push(...this.change(kind % 2 === 0));
    }
    return args;
  }

  private get(): string[] {
    return ["GET", this.type(64), this.fieldOffset()];
  }

  private change(isSet: boolean): string[] {
    const { prng } = this;
    const type = this.type(64);
    // A SET beyond what Redis's own checks tell apart is in the command tests.
    const limit = 2n ** BigInt(Number(type.slice(1)) - 1);
    const operand = pick(prng, [
      BigInt(randomInt(prng, -300, 300)),
      limit,
      limit - 1n,
      -limit,
      BigInt(randomInt(prng, -(2 ** 31), 2 ** 31 - 1)),
      2n ** 53n + 1n,
    ]);
    const isTooSmall = isSet && type[0] === "u" && operand < 0n;
    const value = BigInt.asIntN(64, isTooSmall ? -operand : operand);
    if (isSet && type[0] === "u" && value < 0n) return this.change(isSet);
    return [isSet ? "SET" : "INCRBY", type, this.fieldOffset(), String(value)];
  }

  private type(most: number): string {
    const { prng } = this;
    const width = pick(prng, [1, 8, 16, 32, 33, 52, 53, 63, 64, randomInt(prng, 1, most)]);
    return width === 64 ? "i64" : pick(prng, ["i", "u"]) + width;
  }

  private fieldOffset(): string {
    const { prng } = this;
    return oneIn(prng, 3) ? `#${prng.nextBelow(20)}` : String(prng.nextBelow(500));
  }
}

function runRandom(n: number, lenMax: number, operations: number): void {
  const prng = new Prng(n);
  const arena = new Arena({ poison: true, segmentBytes: 64 * 1024 * 1024, segmentsMax: 1 });
  const commands = [...bitmapCommands, ...stringCommands];
  const server = new InProcess({ commands, arena, seed: n });
  server.empty();
  const { usedBytes, liveBlocks } = arena;
  const oracle = new Oracle();
  const source = new Commands(prng, lenMax);
  for (let i = 0; i < operations; i++) {
    const [name, ...args] = source.next();
    const hint = `operation ${i}, seed ${n}`;
    const shown = `${name} ${args.map((arg) => escapeBytes(arg.slice(0, 100))).join(" ")}`;
    const got = server.run(name, ...args);
    assert.notEqual(got, NO_ROOM, hint);
    assert.ok(got === oracle.run(name, args), `${shown}\n  ${escapeBytes(got)}, ${hint}`);
    const key = name === "BITOP" ? args[1] : args[0];
    const isSame = server.run("GET", key) === bulk(oracle.data.get(key));
    assert.ok(isSame, `the value after ${shown}, ${hint}`);
  }
  server.validateIntegrity();
  server.empty();
  assert.equal(arena.usedBytes, usedBytes, `bytes left, seed ${n}`);
  assert.equal(arena.liveBlocks, liveBlocks, `blocks left, seed ${n}`);
}

describe("bitmap commands against a naive oracle", () => {
  const n = seed();
  test("short strings", () => runRandom(n, 100, 6000));
  test("strings up to a kilobyte", () => runRandom(n + 1, 1000, 2000));
  test("strings of several chunks", () => runRandom(n + 2, 40_000, 200));
});
