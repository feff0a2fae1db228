/**
 * Texts to values and back: the syntax of every type of directive.
 *
 * What: `parseConfigValue` turns arguments into a state (value and canonical text) or an error
 * text, `rewriteLines` says what redis.conf should hold for a state. Both are pure: nothing here
 * knows of files, clients or the rest of the configuration.
 *
 * How: the text of a state is exactly what CONFIG GET prints. It also carries what a double can't,
 * a 64-bit integer's last digits, so comparing and rewriting go by the text and only callers use
 * the value.
 *
 * The accepted syntax is that of the C functions Redis calls, where it is looser than one would
 * expect: an empty text is the number 0 of bytes, `900 ` in `save` is a rule of zero changes. The
 * error texts are Redis's.
 */

import { ascii } from "../base/bytes.ts";
import { parseDouble } from "../base/numbers.ts";
import {
  type ConfigSpec,
  type ConfigState,
  LONG_MAX,
  type OutputBufferLimit,
  type OutputBufferLimits,
  type SavePoint,
} from "./config_types.ts";

/** A parsed state, or the text of the error. */
export type ParseResult = ConfigState | string;

/**
 * Parses the arguments of one directive.
 *
 * @param args the arguments as byte strings
 * @param current the state so far; `save` adds to it where the caller passes one, and the limits of
 * client classes that are not mentioned stay as they are
 */
export function parseConfigValue(
  spec: ConfigSpec,
  args: readonly string[],
  current: ConfigState | null,
): ParseResult {
  switch (spec.type) {
    case "bool":
      return parseBool(args[0]);
    case "i32":
    case "u32":
    case "i64":
    case "u64":
      return parseNumber(spec, args[0]);
    case "string":
      return parseString(spec, cString(args[0]));
    case "bytes":
      return { value: args[0], text: args[0] };
    case "enum":
      return parseEnum(spec, args);
    case "flags":
      return parseFlags(spec, args);
    case "save":
      return parseSave(args, current);
    case "limits":
      return parseLimits(args, current);
    case "oom":
      return parseOomValues(args);
    case "events":
      return parseEvents(args);
    case "bind":
      return parseBind(args);
    case "dir":
      return args.length === 1 ? parseString(spec, cString(args[0])) : wrongArgumentCount;
    case "replicaof":
      return parseReplicaOf(args);
    case "percentiles":
      return parsePercentiles(args);
  }
}

/** One line for CONFIG REWRITE to write; with `force` also where the file has none to replace. */
export interface RewrittenLine {
  readonly line: string;
  readonly force: boolean;
}

/** The lines that stand for a state; an empty list means that the directive must not be there. */
export function rewriteLines(
  spec: ConfigSpec,
  state: ConfigState,
  initial: ConfigState,
): RewrittenLine[] {
  const force = state.text !== initial.text;
  const name = spec.name;
  switch (spec.type) {
    case "string":
    case "bytes":
      if (spec.emptyIsUnset && state.text === "") return [];
      return [{ line: `${name} ${quote(state.text)}`, force }];
    case "events":
      return [{ line: `${name} ${quote(state.text)}`, force }];
    case "dir":
      return [{ line: `${name} ${quote(state.text)}`, force: true }];
    case "save":
      return (state.value as readonly SavePoint[]).length === 0
        ? [{ line: `${name} ""`, force: true }]
        : inGroups(state.text, 2).map((rule) => ({ line: `${name} ${rule}`, force: true }));
    case "limits":
      return rewriteLimits(name, state.text, initial.text);
    case "percentiles":
      return [{ line: `${name} ${state.text || '""'}`, force: true }];
    case "bind":
      return [{ line: `${name} ${state.text || '""'}`, force }];
    case "replicaof":
      return state.value === null ? [] : [{ line: `${name} ${state.text}`, force: true }];
    case "i64":
    case "u64":
      if (spec.unit === "memory") return [{ line: `${name} ${memoryText(state.text)}`, force }];
      if (spec.unit === "percent" && !state.text.endsWith("%")) {
        return [{ line: `${name} ${memoryText(state.text)}`, force }];
      }
      return [{ line: `${name} ${state.text}`, force }];
    default:
      return [{ line: `${name} ${state.text}`, force }];
  }
}

/** The string in double quotes, as `splitArgs` reads it back. */
export function quote(bytes: string): string {
  let out = '"';
  for (let i = 0; i < bytes.length; i++) {
    const code = bytes.charCodeAt(i);
    const escape = '\\"\n\r\t\x07\b'.indexOf(bytes[i]);
    if (escape >= 0) out += "\\" + '\\"nrtab'[escape];
    else if (code >= 0x20 && code < 0x7f) out += bytes[i];
    else out += "\\x" + code.toString(16).padStart(2, "0");
  }
  return out + '"';
}

const wrongArgumentCount = "wrong number of arguments";

function parseBool(arg: string): ParseResult {
  const lower = arg.toLowerCase();
  if (lower === "yes") return { value: true, text: "yes" };
  if (lower === "no") return { value: false, text: "no" };
  return "argument must be 'yes' or 'no'";
}

function parseString(spec: ConfigSpec, arg: string): ParseResult {
  const error = spec.check === null ? null : spec.check(arg);
  return error === null ? { value: arg, text: arg } : error;
}

// Numbers ----------------------------------------------------------------------------------------

function parseNumber(spec: ConfigSpec, arg: string): ParseResult {
  const parsed = parseInteger(spec, arg);
  if (typeof parsed === "string") return parsed;
  const unsigned = spec.type === "u32" || spec.type === "u64";
  let exact = unsigned ? BigInt.asUintN(64, parsed) : BigInt.asIntN(64, parsed);
  const error = outOfBounds(spec, exact);
  if (error !== null) return error;
  if (spec.clamp !== null) exact = clamped(exact, spec.clamp);
  if (spec.unit === "percent" && exact < 0n) return { value: Number(exact), text: `${-exact}%` };
  return { value: Number(exact), text: exact.toString(spec.unit === "octal" ? 8 : 10) };
}

/** A percentage comes back negative, as its value is kept. */
function parseInteger(spec: ConfigSpec, arg: string): bigint | string {
  const isMemory = spec.unit === "memory" || spec.unit === "percent";
  if (isMemory) {
    const bytes = parseMemory(cString(arg));
    if (bytes !== null) return bytes;
  }
  if (spec.unit === "percent") {
    const percent = arg.length > 1 && arg.endsWith("%") ? parseLong(arg.slice(0, -1)) : null;
    if (percent !== null && percent >= 0n) return -percent;
    return "argument must be a memory or percent value";
  }
  if (isMemory) return "argument must be a memory value";
  if (spec.unit === "octal") {
    return parseOctal(cString(arg)) ?? "argument couldn't be parsed as an octal number";
  }
  return parseLong(arg) ?? "argument couldn't be parsed into an integer";
}

function outOfBounds(spec: ConfigSpec, exact: bigint): string | null {
  if (spec.unit === "percent" && exact < 0n) {
    if (exact >= spec.min) return null;
    return `percentage argument must be less or equal to ${-spec.min}`;
  }
  if (exact >= spec.min && exact <= spec.max) return null;
  const radix = spec.unit === "octal" ? 8 : 10;
  return `argument must be between ${spec.min.toString(radix)} and ` +
    `${spec.max.toString(radix)} inclusive`;
}

function clamped(exact: bigint, [low, high]: readonly [bigint, bigint]): bigint {
  if (exact < low) return low;
  return exact > high ? high : exact;
}

const memoryUnits: Readonly<Record<string, bigint>> = {
  "": 1n,
  b: 1n,
  k: 1000n,
  kb: 1024n,
  m: 1000n ** 2n,
  mb: 1024n ** 2n,
  g: 1000n ** 3n,
  gb: 1024n ** 3n,
};

/**
 * Digits and a unit. No digits at all are 0, too many digits are the largest number, and the
 * product wraps at 64 bits: all three as in Redis.
 */
export function parseMemory(arg: string): bigint | null {
  const match = /^([0-9]{0,127})([a-z]{0,2})$/.exec(arg.toLowerCase());
  if (match === null) return null;
  const unit = Object.hasOwn(memoryUnits, match[2]) ? memoryUnits[match[2]] : null;
  if (unit === null) return null;
  const digits = BigInt(match[1] || "0");
  const bytes = digits > 2n ** 64n - 1n ? 2n ** 64n - 1n : digits;
  return BigInt.asUintN(64, bytes * unit);
}

/** The number of bytes in the largest unit that divides it. */
function memoryText(digits: string): string {
  const bytes = BigInt(digits);
  if (bytes === 0n) return digits;
  for (const unit of ["gb", "mb", "kb"]) {
    if (bytes % memoryUnits[unit] === 0n) return `${bytes / memoryUnits[unit]}${unit}`;
  }
  return digits;
}

/** A 64-bit integer in its only spelling: no sign but a minus, no leading zero, no blank. */
function parseLong(arg: string): bigint | null {
  if (arg.length > 20 || !/^(?:0|-?[1-9][0-9]*)$/.test(arg)) return null;
  const value = BigInt(arg);
  return value > LONG_MAX || value < -LONG_MAX - 1n ? null : value;
}

function parseOctal(arg: string): bigint | null {
  if (arg === "") return 0n;
  const match = /^[ \t-\r]*([+-]?)([0-7]{1,40})$/.exec(arg);
  if (match === null) return null;
  const magnitude = BigInt(`0o${match[2]}`);
  if (magnitude > LONG_MAX) return null;
  return match[1] === "-" ? -magnitude : magnitude;
}

/** An integer as strtoll reads it: after blanks, with any sign, cut to 64 bits; or null. */
function parseLooseLong(arg: string): bigint | null {
  const digits = cString(arg);
  if (digits === "") return 0n;
  const match = /^[ \t-\r]*([+-]?)0*([0-9]*)$/.exec(digits);
  if (match === null || !/[0-9]$/.test(digits)) return null;
  // Twenty digits are past the end of the range already.
  const magnitude = BigInt(match[2].slice(0, 20) || "0");
  if (match[1] === "-") return magnitude > LONG_MAX ? -LONG_MAX - 1n : -magnitude;
  return magnitude > LONG_MAX ? LONG_MAX : magnitude;
}

// Names ------------------------------------------------------------------------------------------

function parseEnum(spec: ConfigSpec, args: readonly string[]): ParseResult {
  const name = args.length === 1 ? knownName(spec, args[0]) : null;
  return name === null ? namesError(spec) : { value: name, text: name };
}

/** The first name is the empty set, so naming it along with others changes nothing. */
function parseFlags(spec: ConfigSpec, args: readonly string[]): ParseResult {
  if (args.length === 0) return namesError(spec);
  const given = new Set<string>();
  for (const arg of args) {
    const name = knownName(spec, arg);
    if (name === null) return namesError(spec);
    given.add(name);
  }
  const value = spec.names.slice(1).filter((name) => given.has(name));
  const shown = value.length === 0 ? spec.names[0] : value.join(" ");
  const error = spec.check === null ? null : spec.check(shown);
  return error === null ? { value, text: shown } : error;
}

function knownName(spec: ConfigSpec, arg: string): string | null {
  const lower = cString(arg).toLowerCase();
  if (!spec.names.includes(lower)) return null;
  return spec.synonym !== null && spec.synonym[0] === lower ? spec.synonym[1] : lower;
}

function namesError(spec: ConfigSpec): string {
  return `argument(s) must be one of the following: ${spec.names.join(", ")}`;
}

// Directives with a syntax of their own ----------------------------------------------------------

/** Pairs of seconds and changes. One empty argument stands for none, and forgets `current`. */
function parseSave(args: readonly string[], current: ConfigState | null): ParseResult {
  const error = "Invalid save parameters";
  const none = args.length === 1 && args[0] === "";
  const rules = none ? [] : args;
  if (rules.length % 2 !== 0) return error;
  const points: SavePoint[] = none || current === null
    ? []
    : [...current.value as readonly SavePoint[]];
  for (let i = 0; i < rules.length; i += 2) {
    const seconds = parseLooseLong(rules[i]);
    const changes = parseLooseLong(rules[i + 1]);
    if (seconds === null || changes === null || seconds < 1n || changes < 0n) return error;
    points.push({ seconds: Number(seconds), changes: Number(BigInt.asIntN(32, changes)) });
  }
  return { value: points, text: points.map((p) => `${p.seconds} ${p.changes}`).join(" ") };
}

/** The classes of clients in the order in which they are shown, by their old and new name. */
const clientClasses = ["normal", "slave", "pubsub"];

/** Groups of class, hard limit, soft limit and seconds; the text always holds all three classes. */
function parseLimits(args: readonly string[], current: ConfigState | null): ParseResult {
  if (args.length % 4 !== 0) return "Wrong number of arguments in buffer limit configuration.";
  const shown = current === null
    ? clientClasses.flatMap((name) => [name, "0", "0", "0"])
    : current.text.split(" ");
  for (let i = 0; i < args.length; i += 4) {
    const lower = cString(args[i]).toLowerCase();
    const at = clientClasses.indexOf(lower === "replica" ? "slave" : lower);
    if (at < 0) return "Invalid client class specified in buffer limit configuration.";
    const hard = parseMemory(cString(args[i + 1]));
    const soft = parseMemory(cString(args[i + 2]));
    const long = parseLooseLong(args[i + 3]);
    const seconds = long === null ? -1n : BigInt.asIntN(32, long);
    if (hard === null || soft === null || seconds < 0n) {
      return "Error in hard, soft or soft_seconds setting in buffer limit configuration.";
    }
    shown.splice(at * 4 + 1, 3, `${hard}`, `${soft}`, `${seconds}`);
  }
  const value: OutputBufferLimits = {
    normal: limitAt(shown, 0),
    replica: limitAt(shown, 4),
    pubsub: limitAt(shown, 8),
  };
  return { value, text: shown.join(" ") };
}

function limitAt(shown: readonly string[], at: number): OutputBufferLimit {
  return {
    hardBytes: Number(shown[at + 1]),
    softBytes: Number(shown[at + 2]),
    softSeconds: Number(shown[at + 3]),
  };
}

function rewriteLimits(name: string, shown: string, initial: string): RewrittenLine[] {
  const defaults = inGroups(initial, 4);
  return inGroups(shown, 4).map((group, i) => {
    const [className, hard, soft, seconds] = group.split(" ");
    const newName = className === "slave" ? "replica" : className;
    return {
      line: `${name} ${newName} ${memoryText(hard)} ${memoryText(soft)} ${seconds}`,
      force: group !== defaults[i],
    };
  });
}

function inGroups(shown: string, size: number): string[] {
  const words = shown.split(" ");
  const groups: string[] = [];
  for (let i = 0; i < words.length; i += size) groups.push(words.slice(i, i + size).join(" "));
  return groups;
}

function parseOomValues(args: readonly string[]): ParseResult {
  if (args.length !== 3) return wrongArgumentCount;
  const value: number[] = [];
  for (const arg of args) {
    const adjustment = parseLooseLong(arg);
    if (adjustment === null || adjustment < -2000n || adjustment > 2000n) {
      return "Invalid oom-score-adj-values, elements must be between -2000 and 2000.";
    }
    value.push(Number(adjustment));
  }
  return { value, text: value.join(" ") };
}

/**
 * The letters of notify-keyspace-events, in the order in which they are shown, each with its bit.
 * The bits are Redis's NOTIFY_* ones. `A` stands for all of `allEvents`.
 */
const eventBits: readonly (readonly [string, number])[] = [
  ["g", 1 << 2],
  ["$", 1 << 3],
  ["l", 1 << 4],
  ["s", 1 << 5],
  ["h", 1 << 6],
  ["z", 1 << 7],
  ["x", 1 << 8],
  ["e", 1 << 9],
  ["t", 1 << 10],
  ["d", 1 << 13],
  ["n", 1 << 14],
  ["K", 1 << 0],
  ["E", 1 << 1],
  ["m", 1 << 11],
];
const allEvents = 0b10_0111_1111_1100;

function parseEvents(args: readonly string[]): ParseResult {
  if (args.length !== 1) return wrongArgumentCount;
  let bits = 0;
  for (const letter of cString(args[0])) {
    const known = eventBits.find((pair) => pair[0] === letter);
    if (known === undefined && letter !== "A") {
      return "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.";
    }
    bits |= known === undefined ? allEvents : known[1];
  }
  const all = (bits & allEvents) === allEvents;
  let shown = all ? "A" : "";
  for (const [letter, bit] of eventBits) {
    // Redis stops naming single classes after an A, the one of new keys included.
    const named = all && (bit & allEvents || letter === "n");
    if (bits & bit && !named) shown += letter;
  }
  return { value: bits, text: shown };
}

function parseBind(args: readonly string[]): ParseResult {
  if (args.length > 16) return "Too many bind addresses specified.";
  const none = args.length === 1 && args[0] === "";
  const value = none ? [] : args.map(cString);
  return { value, text: value.join(" ") };
}

function parseReplicaOf(args: readonly string[]): ParseResult {
  if (args.length !== 2) return wrongArgumentCount;
  const host = cString(args[0]);
  if (host.toLowerCase() === "no" && args[1].toLowerCase() === "one") {
    return { value: null, text: "" };
  }
  const long = parseLooseLong(args[1]);
  const port = long === null ? -1 : Number(BigInt.asIntN(32, long));
  if (port < 0 || port > 65535) return "Invalid master port";
  return { value: { host, port }, text: `${host} ${port}` };
}

function parsePercentiles(args: readonly string[]): ParseResult {
  const none = args.length === 1 && args[0] === "";
  const value: number[] = [];
  for (const arg of none ? [] : args) {
    const percentile = parseDouble(ascii(arg), 0, arg.length);
    if (Number.isNaN(percentile)) return "Invalid latency-tracking-info-percentiles parameters";
    if (percentile > 100 || percentile < 0) {
      return "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]";
    }
    value.push(percentile);
  }
  const shown = value.map((p) => {
    const sign = Object.is(p, -0) ? "-" : "";
    return sign + p.toFixed(6).replace(/\.?0+$/, "");
  });
  return { value, text: shown.join(" ") };
}

/** The string up to its first zero byte, where C would end it. */
function cString(bytes: string): string {
  const zero = bytes.indexOf("\0");
  return zero < 0 ? bytes : bytes.slice(0, zero);
}
