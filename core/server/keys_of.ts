/**
 * Keys of: which arguments of a request are keys, and what the command does with each.
 *
 * The key specs of the declaration tell, in two steps as in Redis: where a run of keys begins (an index, or
 * behind a keyword) and how far it goes (a range, or a count that is an argument itself). A command whose key
 * flags depend on its arguments, or whose keys no rule finds, has a `findKeys` of its own; it is asked when
 * the specs are not enough.
 */
import { ascii, tokenEquals } from "../base/bytes.ts";
import { parseInteger } from "../base/numbers.ts";
import type { Argv } from "../protocol/resp_parser.ts";
import {
  type Command,
  KEY_INCOMPLETE,
  KEY_NOT_KEY,
  KEY_VARIABLE_FLAGS,
  type KeySpec,
} from "./command.ts";

/** A list of keys, to be used again and again: argument indexes and KEY_ flags. */
export class KeyList {
  count = 0;
  index = new Int32Array(16);
  flags = new Int32Array(16);

  add(index: number, flags: number): void {
    if (this.count === this.index.length) this.grow();
    this.index[this.count] = index;
    this.flags[this.count++] = flags;
  }

  clear(): void {
    this.count = 0;
  }

  private grow(): void {
    const index = new Int32Array(this.count * 2);
    const flags = new Int32Array(this.count * 2);
    index.set(this.index);
    flags.set(this.flags);
    this.index = index;
    this.flags = flags;
  }
}

/** Whether requests of this command can have keys. */
export function hasKeys(command: Command): boolean {
  const { spec } = command;
  return spec.findKeys !== undefined || (spec.keys ?? []).some((key) => !isFake(key));
}

/** Fills `keys` with the keys of a request; with none when its arguments make no sense. */
export function keysOf(command: Command, argv: Argv, keys: KeyList): void {
  keys.clear();
  const specs = command.spec.keys ?? [];
  const areFlagsKnown = specs.every((spec) => (spec.flags & KEY_VARIABLE_FLAGS) === 0);
  if (areFlagsKnown && specs.some((spec) => !isFake(spec))) {
    if (specs.every((spec) => isFake(spec) || addKeysOfSpec(spec, argv, keys))) return;
    keys.clear();
  }
  command.spec.findKeys?.(argv, keys);
}

/** A spec for clients that route by slot: what it finds is treated like a key and is none. */
function isFake(spec: KeySpec): boolean {
  return (spec.flags & KEY_NOT_KEY) !== 0;
}

/** Adds the keys one spec finds. Returns false when the request does not fit it or it can't find all. */
function addKeysOfSpec(spec: KeySpec, argv: Argv, keys: KeyList): boolean {
  const { argc } = argv;
  if (spec.begin === null) return false;
  let first = typeof spec.begin === "number" ? spec.begin : behindKeyword(spec.begin, argv);
  if (first === 0) return true;
  let last: number;
  let step: number;
  if (spec.keynum !== undefined) {
    const at = first + spec.keynum.index;
    if (at >= argc) return false;
    const count = parseInteger(argv.buf, argv.off[at], argv.len[at]);
    if (!(count >= 0 && count < argc)) return false;
    step = spec.keynum.step;
    first += spec.keynum.first;
    last = first + count - 1;
  } else {
    step = spec.step ?? 1;
    last = lastOfRange(spec, first, argc);
  }
  if (first >= argc || last >= argc || last < first) return false;
  for (let i = first; i <= last; i += step) keys.add(i, spec.flags);
  return (spec.flags & KEY_INCOMPLETE) === 0;
}

function lastOfRange(spec: KeySpec, first: number, argc: number): number {
  const { last = 0, limit = 0 } = spec;
  if (last >= 0) return first + last;
  return limit === 0 ? argc + last : first + Math.floor((argc - first) / limit) + last;
}

/** Index of the argument behind a keyword, or 0 when it isn't there. */
function behindKeyword(begin: { keyword: string; startFrom: number }, argv: Argv): number {
  const { argc } = argv;
  const word = ascii(begin.keyword.toLowerCase());
  const isForward = begin.startFrom > 0;
  const from = isForward ? begin.startFrom : argc + begin.startFrom;
  // As in Redis, the argument at which the search ends is not looked at.
  const to = isForward ? argc - 1 : 1;
  const step = from <= to ? 1 : -1;
  for (let i = from; i !== to && i >= 1 && i < argc; i += step) {
    if (tokenEquals(argv.buf, argv.off[i], argv.len[i], word)) return i + 1;
  }
  return 0;
}
