/**
 * What a command is. This is the file to read before adding one.
 *
 * A command is declared once, next to its handler in core/commands, as a CommandSpec. Everything else is
 * derived from the declaration: look-up and dispatch, the arity error, the gates it must pass, ACL
 * categories, COMMAND INFO, DOCS, LIST and GETKEYS. To add a command, add a spec to its group's list.
 *
 *     {
 *       name: "strlen", arity: 2, flags: READONLY | FAST, categories: ["string"],
 *       since: "2.2.0", group: "string", complexity: "O(1)",
 *       summary: "Tells how long a string is.",
 *       keys: [{ flags: KEY_RO, begin: 1, last: 0, step: 1 }],
 *       args: [{ name: "key", type: "key", keySpec: 0 }],
 *       handler: strlenCommand,
 *     }
 *
 * A handler is synchronous, takes the client, reads `c.argv`, and writes one reply to `c.reply`. Expected errors
 * are replies. What it changed it adds to `server.dirty`, and tells in changes.ts; the request is then written to the
 * append-only file, unless the handler gives something else to write (propagation.ts): executed again, later and by an
 * empty server, it must do the same. What it throws is a bug, except ArenaFull, which `call` turns into the -OOM reply.
 */
import type { Argv } from "../protocol/resp_parser.ts";
import type { Client } from "./client.ts";
import type { KeyList } from "./keys_of.ts";
import { LatencyHistogram } from "./latency_histogram.ts";

export type Handler = (c: Client) => void;
/** Adds the keys of a request to a list. */
export type KeyFinder = (argv: Argv, keys: KeyList) => void;

// Flags, as COMMAND INFO names them.
export const WRITE: number = 1 << 0;
export const READONLY: number = 1 << 1;
/** Refused when memory is short. */
export const DENYOOM: number = 1 << 2;
export const ADMIN: number = 1 << 3;
export const PUBSUB: number = 1 << 4;
export const NOSCRIPT: number = 1 << 5;
export const BLOCKING: number = 1 << 6;
/** Allowed while the data set is loading. */
export const LOADING: number = 1 << 7;
export const STALE: number = 1 << 8;
export const SKIP_MONITOR: number = 1 << 9;
export const SKIP_SLOWLOG: number = 1 << 10;
/** O(1) or O(log n): never pauses the server. */
export const FAST: number = 1 << 11;
/** Allowed before authentication. */
export const NO_AUTH: number = 1 << 12;
export const MAY_REPLICATE: number = 1 << 13;
export const NO_MANDATORY_KEYS: number = 1 << 14;
/** Refused unless enabled by a directive (DEBUG, MODULE). */
export const PROTECTED: number = 1 << 15;
/** Derived, never declared: the range of COMMAND INFO does not tell all keys. */
export const MOVABLE_KEYS: number = 1 << 16;
export const ALLOW_BUSY: number = 1 << 17;
export const NO_MULTI: number = 1 << 18;
export const TOUCHES_ARBITRARY_KEYS: number = 1 << 19;
export const NO_ASYNC_LOADING: number = 1 << 20;
/** Executed at once even between MULTI and EXEC. */
export const NOT_QUEUED: number = 1 << 21;
/** Allowed to a subscribed client of RESP2. */
export const FOR_SUBSCRIBERS: number = 1 << 22;
/** Its answer is a push, which CLIENT REPLY doesn't suppress. */
export const ANSWERS_PUSH: number = 1 << 23;

/** It runs a script, which may declare flags of its own (CommandSpec.flagsOf). */
export const RUNS_SCRIPT: number = 1 << 24;
/** A script may make it return before it has answered, with its client blocked (scripting.ts). */
export const MAY_PAUSE: number = 1 << 25;
/** In a cluster it may use a slot that is about to come to its node. */
export const ASKING: number = 1 << 26;

/** The flags that COMMAND INFO prints, in its order; Redis keeps the others to itself. */
export const SHOWN_FLAGS: readonly (readonly [flag: number, name: string])[] = [
  [WRITE, "write"],
  [READONLY, "readonly"],
  [DENYOOM, "denyoom"],
  [ADMIN, "admin"],
  [PUBSUB, "pubsub"],
  [NOSCRIPT, "noscript"],
  [BLOCKING, "blocking"],
  [LOADING, "loading"],
  [STALE, "stale"],
  [SKIP_MONITOR, "skip_monitor"],
  [SKIP_SLOWLOG, "skip_slowlog"],
  [ASKING, "asking"],
  [FAST, "fast"],
  [NO_AUTH, "no_auth"],
  [NO_MANDATORY_KEYS, "no_mandatory_keys"],
  [NO_ASYNC_LOADING, "no_async_loading"],
  [NO_MULTI, "no_multi"],
  [MOVABLE_KEYS, "movablekeys"],
  [ALLOW_BUSY, "allow_busy"],
];

// Key flags: what a command does with a key and with its value.
export const KEY_RO: number = 1 << 0;
export const KEY_RW: number = 1 << 1;
export const KEY_OW: number = 1 << 2;
export const KEY_RM: number = 1 << 3;
export const KEY_ACCESS: number = 1 << 4;
export const KEY_UPDATE: number = 1 << 5;
export const KEY_INSERT: number = 1 << 6;
export const KEY_DELETE: number = 1 << 7;
export const KEY_NOT_KEY: number = 1 << 8;
export const KEY_INCOMPLETE: number = 1 << 9;
export const KEY_VARIABLE_FLAGS: number = 1 << 10;

/** Names of the key flags by bit. */
export const KEY_FLAG_NAMES: readonly string[] = [
  "RO",
  "RW",
  "OW",
  "RM",
  "access",
  "update",
  "insert",
  "delete",
  "not_key",
  "incomplete",
  "variable_flags",
];

/** ACL categories in the order in which Redis lists them. */
export const CATEGORIES: readonly string[] = [
  "keyspace",
  "read",
  "write",
  "set",
  "sortedset",
  "list",
  "hash",
  "string",
  "bitmap",
  "hyperloglog",
  "geo",
  "stream",
  "pubsub",
  "admin",
  "fast",
  "slow",
  "blocking",
  "dangerous",
  "connection",
  "transaction",
  "scripting",
];

/** Where the keys of a command are. */
export interface KeySpec {
  flags: number;
  /**
   * Index of the first key, or the keyword it follows and where the search for it starts (negative: from
   * the end, backwards), or null when no rule tells.
   */
  begin: number | { keyword: string; startFrom: number } | null;
  /** A range: last key relative to the first (negative: from the end of argv), step, limit. */
  last?: number;
  step?: number;
  limit?: number;
  /** Or a count: index of the argument that gives it, and of the first key, relative to `begin`. */
  keynum?: { index: number; first: number; step: number };
  notes?: string;
}

export type ArgType =
  | "string"
  | "integer"
  | "double"
  | "key"
  | "pattern"
  | "unix-time"
  | "pure-token"
  | "oneof"
  | "block";

/** An argument as COMMAND DOCS describes it; clients make hints and checks of it. */
export interface ArgSpec {
  name: string;
  type: ArgType;
  /** Text shown for it; the name unless given. */
  display?: string;
  keySpec?: number;
  token?: string;
  summary?: string;
  since?: string;
  deprecatedSince?: string;
  optional?: boolean;
  multiple?: boolean;
  multipleToken?: boolean;
  args?: ArgSpec[];
}

/** The declaration of a command. */
export interface CommandSpec {
  name: string;
  /** Number of arguments with the name; negative: at least that many. */
  arity: number;
  flags: number;
  /** ACL categories beyond those that follow from the flags. */
  categories?: string[];
  since: string;
  group: string;
  complexity?: string;
  summary: string;
  keys?: KeySpec[];
  args?: ArgSpec[];
  handler?: Handler;
  /** Index of the first argument that names a member or a field of the value at its key (batch.ts). */
  memberArg?: number;
  /** Finds the keys where the key specs can't, or their flags depend on the arguments. */
  findKeys?: KeyFinder;
  /** With RUNS_SCRIPT: the flags that hold for the client's request. */
  flagsOf?: (c: Client, command: Command) => number;
  /** Which arguments are channels that ACL guards: the first, all, or all and each a pattern. */
  channels?: "first" | "all" | "patterns";
  subcommands?: CommandSpec[];
  tips?: string[];
  history?: [version: string, change: string][];
  deprecatedSince?: string;
  replacedBy?: string;
  /** Servers talk to servers with it; people don't. */
  syscmd?: boolean;
}

/** Where the first key of a script is, behind its name and the number of keys. */
const SCRIPT_KEY = 3;

/** A command at run time: its declaration, and what is counted of it. */
export class Command {
  readonly spec: CommandSpec;
  /** Lower-case, with its container before a bar: "client|kill". */
  readonly fullName: string;
  readonly arity: number;
  readonly flags: number;
  readonly handler: Handler;
  readonly parent: Command | null;
  /** Index in CommandTable.known. */
  id = 0;
  /** Bit set over CATEGORIES. */
  readonly categories: number;
  /** The keys that batch.ts prefetches: index of the first (0: none), last as in KeySpec, step. */
  readonly firstKey: number;
  readonly lastKey: number;
  readonly keyStep: number;
  /** So many arguments are likely to be those of the request before: the name, and what names a script. */
  readonly prefixArgs: number;
  /** See CommandSpec; 0: none. */
  readonly memberArg: number;
  /** Its keys as one range, the way Redis told them before there were key specs. */
  readonly range: KeyRange;
  /**
   * Whether its time is accounted in groups (turn.ts): it is FAST, or O(1) though Redis doesn't flag it, and never
   * blocks.
   */
  readonly timedInGroup: boolean;
  subcommands: Command[] = [];
  calls = 0;
  usec = 0;
  rejectedCalls = 0;
  failedCalls = 0;
  /** How long its calls took; null until it is called. */
  latency: LatencyHistogram | null = null;

  constructor(spec: CommandSpec, parent: Command | null) {
    this.spec = spec;
    this.parent = parent;
    this.fullName = parent === null ? spec.name : `${parent.spec.name}|${spec.name}`;
    this.arity = spec.arity;
    this.range = keyRangeOf(spec.keys ?? []);
    this.flags = spec.flags | (this.range.isWhole ? 0 : MOVABLE_KEYS);
    this.handler = spec.handler ?? containerHandler;
    this.categories = categoriesOf(spec);
    const keys = spec.keys?.[0];
    const isRange = typeof keys?.begin === "number" && keys.keynum === undefined;
    const isScript = (spec.flags & RUNS_SCRIPT) !== 0;
    // Mostly a script has a key there, and if it has none nothing is lost.
    this.firstKey = isRange ? keys!.begin as number : isScript ? SCRIPT_KEY : 0;
    this.prefixArgs = isScript ? SCRIPT_KEY : 1;
    this.lastKey = keys?.last ?? 0;
    this.keyStep = Math.max(1, keys?.step ?? 1);
    this.memberArg = spec.memberArg ?? 0;
    const isQuick = (spec.flags & FAST) !== 0 || spec.complexity === "O(1)";
    this.timedInGroup = isQuick && (spec.flags & BLOCKING) === 0;
  }

  /** Accounts the time of calls, in microseconds for each of them, which belongs to that bucket of the histogram. */
  addTime(us: number, bucket: number, calls = 1): void {
    this.usec += us * calls;
    if (this.latency === null) this.latency = new LatencyHistogram();
    this.latency.counts[bucket] += calls;
  }

  /** Forgets what was counted. */
  resetStats(): void {
    this.calls = 0;
    this.usec = 0;
    this.rejectedCalls = 0;
    this.failedCalls = 0;
    this.latency = null;
  }

  /** Whether a request of `argc` arguments has the right number of them. */
  acceptsCount(argc: number): boolean {
    return this.arity >= 0 ? argc === this.arity : argc >= -this.arity;
  }
}

/** A container is never called: its arity asks for a subcommand, and look-up for one that exists. */
function containerHandler(c: Client): void {
  throw new Error(`${c.lastCommand?.fullName} has no handler`);
}

/** A range of keys: first, last (negative: from the end) and step are 0 when there is none. */
export interface KeyRange {
  readonly first: number;
  readonly last: number;
  readonly step: number;
  /** Whether these are all the keys there can be. */
  readonly isWhole: boolean;
}

/** The longest run of plain ranges in the key specs, by Redis's rules. */
function keyRangeOf(specs: readonly KeySpec[]): KeyRange {
  let first = 0;
  let last = 0;
  let isWhole = true;
  for (const { begin, keynum, last: relative = 0, step = 1, flags } of specs) {
    const isRange = typeof begin === "number" && keynum === undefined;
    const absolute = isRange && relative >= 0 ? begin + relative : relative;
    if (isRange && specs.length === 1) {
      return { first: begin, last: absolute, step, isWhole: (flags & KEY_INCOMPLETE) === 0 };
    }
    if (!isRange || step !== 1 || last !== 0 && last !== begin - 1) {
      isWhole = false;
      continue;
    }
    if ((flags & KEY_INCOMPLETE) !== 0) isWhole = false;
    if (first === 0 || begin < first) first = begin;
    // As unsigned numbers: counted from the end is further than counted from the start.
    if (absolute >>> 0 > last >>> 0) last = absolute;
  }
  return { first, last, step: first === 0 ? 0 : 1, isWhole };
}

/** Explicit categories and those that Redis derives from flags. */
function categoriesOf(spec: CommandSpec): number {
  let set = 0;
  const add = (name: string) => {
    const bit = CATEGORIES.indexOf(name);
    if (bit < 0) throw new Error(`Command ${spec.name} names no ACL category "${name}"`);
    set |= 1 << bit;
  };
  for (const name of spec.categories ?? []) add(name);
  if (spec.flags & WRITE) add("write");
  if (spec.flags & READONLY && !spec.categories?.includes("scripting")) add("read");
  if (spec.flags & ADMIN) ["admin", "dangerous"].forEach(add);
  if (spec.flags & PUBSUB) add("pubsub");
  if (spec.flags & BLOCKING) add("blocking");
  add(spec.flags & FAST ? "fast" : "slow");
  return set;
}
