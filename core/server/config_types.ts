/**
 * What a configuration directive is: the vocabulary of the table.
 *
 * What: the spec of one directive (name, type, limits, flags), the values it can have, and short
 * builders so that the table reads as one line per directive.
 *
 * How: a default is written as the text that redis.conf would hold and goes through the same parser
 * as a user's text. So a default can't be of a form that nobody could write, and there is only one
 * way by which a value comes into being.
 *
 * Strings are byte strings: one char per byte (latin1). A password, a key pattern or a path may
 * hold any bytes, and they come back from CONFIG GET as they came in.
 *
 * The model (a table of typed entries with flags) is that of Redis's config.c.
 */

/** One rule of `save`: a snapshot after `seconds` if at least `changes` keys changed. */
export interface SavePoint {
  readonly seconds: number;
  readonly changes: number;
}

/** When a client that doesn't read its replies is cut off. 0 means no limit. */
export interface OutputBufferLimit {
  /** Above this many bytes at once. */
  readonly hardBytes: number;
  /** Above this many bytes for longer than `softSeconds`. */
  readonly softBytes: number;
  readonly softSeconds: number;
}

/** `client-output-buffer-limit`, by class of client. */
export interface OutputBufferLimits {
  readonly normal: OutputBufferLimit;
  readonly replica: OutputBufferLimit;
  readonly pubsub: OutputBufferLimit;
}

/** Whom `replicaof` names. */
export interface PrimaryAddress {
  readonly host: string;
  readonly port: number;
}

/** Any directive's value; which of them it is follows from the directive's type. */
export type ConfigValue =
  | boolean
  | number
  | string
  | readonly string[]
  | readonly number[]
  | readonly SavePoint[]
  | OutputBufferLimits
  | PrimaryAddress
  | null;

/**
 * The type of a directive, and of its value.
 *
 * - `bool`: boolean. `i32 u32 i64 u64`: number (`unit` says how it is written).
 * - `string`: string, ends at a zero byte. `bytes`: string of any bytes.
 * - `enum`: one of `names`. `flags`: some of `names`, as a list, `default` being none of them.
 * - `save`: SavePoint[]. `limits`: OutputBufferLimits. `events`: number, a set of NOTIFY bits.
 * - `oom` and `percentiles`: number[]. `bind`: string[]. `dir`: string. `replicaof`: PrimaryAddress
 *   or null.
 */
export type ConfigType =
  | "bool"
  | "i32"
  | "u32"
  | "i64"
  | "u64"
  | "string"
  | "bytes"
  | "enum"
  | "flags"
  | "save"
  | "limits"
  | "oom"
  | "events"
  | "bind"
  | "dir"
  | "replicaof"
  | "percentiles";

/** How a number is written: plainly, with k/kb/m/mb/g/gb, those or a percentage, or in octal. */
export type ConfigUnit = "plain" | "memory" | "percent" | "octal";

/** Everything there is to say about one directive. */
export interface ConfigSpec {
  readonly name: string;
  readonly type: ConfigType;
  /** The default, as it would be written in redis.conf. */
  readonly initial: string;
  /** A second name under which it is known to the file, to GET and to SET. */
  readonly alias: string;
  /** Inclusive limits of a number. A negative `min` of unit `percent` is the largest percentage. */
  readonly min: bigint;
  readonly max: bigint;
  readonly unit: ConfigUnit;
  /** A number outside of these is accepted and moved to the nearer one; null for most. */
  readonly clamp: readonly [bigint, bigint] | null;
  /** The names of an `enum` or of `flags`, in the order in which Redis lists them. */
  readonly names: readonly string[];
  /** Another spelling of one of `names`: [spelling, name]. */
  readonly synonym: readonly [string, string] | null;
  /** An empty string means "not set", and CONFIG REWRITE leaves the directive out. */
  readonly emptyIsUnset: boolean;
  /** Can be set at start only. */
  readonly immutable: boolean;
  /** Takes any number of arguments. */
  readonly multiArg: boolean;
  /** Shown by CONFIG GET to an exact name only. */
  readonly hidden: boolean;
  /** Its value must not appear in logs, SLOWLOG or MONITOR. */
  readonly sensitive: boolean;
  /** CONFIG SET is subject to enable-protected-configs. */
  readonly guarded: boolean;
  /** CONFIG SET is refused while a dataset is loading. */
  readonly denyLoading: boolean;
  /** Names a file: setting the same name again is a change, as the file may be another one. */
  readonly volatile: boolean;
  /** Accepted for compatibility; nothing in Larder depends on it. */
  readonly unused: boolean;
  /** A last check of a string or of the names of `flags`; returns an error text or null. */
  readonly check: ((text: string) => string | null) | null;
}

/** What the builders leave to be said per directive. */
export type ConfigTraits = Partial<Omit<ConfigSpec, "name" | "type" | "initial">>;

/** A value with the text under which CONFIG GET shows it. Never changed, only replaced. */
export interface ConfigState {
  readonly value: ConfigValue;
  readonly text: string;
}

/** Limits of the C types that the directives have in Redis; they appear in error texts. */
export const INT_MIN = -(2n ** 31n);
export const INT_MAX = 2n ** 31n - 1n;
export const UINT_MAX = 2n ** 32n - 1n;
export const LONG_MAX = 2n ** 63n - 1n;
export const ULONG_MAX = 2n ** 64n - 1n;

const plainSpec: Omit<ConfigSpec, "name" | "type" | "initial"> = {
  alias: "",
  min: 0n,
  max: 0n,
  unit: "plain",
  clamp: null,
  names: [],
  synonym: null,
  emptyIsUnset: false,
  immutable: false,
  multiArg: false,
  hidden: false,
  sensitive: false,
  guarded: false,
  denyLoading: false,
  volatile: false,
  unused: false,
  check: null,
};

/** A directive that is yes or no. */
export function bool(name: string, initial: "yes" | "no", traits: ConfigTraits = {}): ConfigSpec {
  return { ...plainSpec, name, type: "bool", initial, ...traits };
}

/** A 32-bit integer between `min` and `max`. */
export function int(
  name: string,
  min: number | bigint,
  max: number | bigint,
  initial: string,
  traits: ConfigTraits = {},
): ConfigSpec {
  return numeric("i32", name, min, max, initial, traits);
}

/** An integer of the given type between `min` and `max`. */
export function numeric(
  type: "i32" | "u32" | "i64" | "u64",
  name: string,
  min: number | bigint,
  max: number | bigint,
  initial: string,
  traits: ConfigTraits = {},
): ConfigSpec {
  return { ...plainSpec, name, type, initial, min: BigInt(min), max: BigInt(max), ...traits };
}

/** A number of bytes between `min` and `max`, written with or without a unit. */
export function memory(
  type: "i64" | "u64",
  name: string,
  min: number | bigint,
  max: number | bigint,
  initial: string,
  traits: ConfigTraits = {},
): ConfigSpec {
  return numeric(type, name, min, max, initial, { unit: "memory", ...traits });
}

/** A string for which the empty string is a value like any other. */
export function text(name: string, initial: string, traits: ConfigTraits = {}): ConfigSpec {
  return { ...plainSpec, name, type: "string", initial, ...traits };
}

/** A string that is not set by default; setting it to the empty string unsets it. */
export function optional(name: string, traits: ConfigTraits = {}): ConfigSpec {
  return { ...plainSpec, name, type: "string", initial: "", emptyIsUnset: true, ...traits };
}

/** One of `names`. */
export function choice(
  name: string,
  names: readonly string[],
  initial: string,
  traits: ConfigTraits = {},
): ConfigSpec {
  return { ...plainSpec, name, type: "enum", initial, names, ...traits };
}

/** A directive with a syntax of its own. */
export function special(
  name: string,
  type: ConfigType,
  initial: string,
  traits: ConfigTraits = {},
): ConfigSpec {
  return { ...plainSpec, name, type, initial, ...traits };
}
