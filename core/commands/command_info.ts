/**
 * A command as COMMAND and COMMAND INFO show it. Everything comes from the declaration.
 */
import type { Client } from "../server/client.ts";
import {
  CATEGORIES,
  type Command,
  KEY_FLAG_NAMES,
  type KeySpec,
  SHOWN_FLAGS,
} from "../server/command.ts";

/** One command: an array of ten, or null where there is none. */
export function addCommandInfo(c: Client, command: Command | null): void {
  const { reply } = c;
  if (command === null) {
    reply.addNull();
    return;
  }
  const { spec, range } = command;
  reply.addArray(10);
  reply.addBulkString(command.fullName);
  reply.addInteger(command.arity);
  addStatuses(c, namesOfFlags(command.flags));
  reply.addInteger(range.first);
  reply.addInteger(range.last);
  reply.addInteger(range.step);
  const categories = CATEGORIES.filter((_, bit) => (command.categories & 1 << bit) !== 0);
  addStatuses(c, categories.map((name) => `@${name}`));
  const tips = spec.tips ?? [];
  reply.addSet(tips.length);
  for (const tip of tips) reply.addBulkString(tip);
  const keys = spec.keys ?? [];
  reply.addSet(keys.length);
  for (const key of keys) addKeySpec(c, key);
  const { subcommands } = command;
  if (subcommands.length === 0) reply.addSet(0);
  else reply.addArray(subcommands.length);
  for (const subcommand of subcommands) addCommandInfo(c, subcommand);
}

/** What a command does with a key, as a set of words. */
export function addKeyFlags(c: Client, flags: number): void {
  addStatuses(c, KEY_FLAG_NAMES.filter((_, bit) => (flags & 1 << bit) !== 0));
}

function namesOfFlags(flags: number): string[] {
  return SHOWN_FLAGS.filter(([flag]) => (flags & flag) !== 0).map(([, name]) => name);
}

function addStatuses(c: Client, words: readonly string[]): void {
  c.reply.addSet(words.length);
  for (const word of words) c.reply.addStatus(word);
}

function addKeySpec(c: Client, spec: KeySpec): void {
  const { reply } = c;
  reply.addMap(spec.notes === undefined ? 3 : 4);
  if (spec.notes !== undefined) {
    reply.addBulkString("notes");
    reply.addBulkString(spec.notes);
  }
  reply.addBulkString("flags");
  addKeyFlags(c, spec.flags);
  reply.addBulkString("begin_search");
  if (spec.begin === null) addStep(c, "unknown", []);
  else if (typeof spec.begin === "number") addStep(c, "index", [["index", spec.begin]]);
  else {
    const { keyword, startFrom } = spec.begin;
    addStep(c, "keyword", [["keyword", keyword], ["startfrom", startFrom]]);
  }
  reply.addBulkString("find_keys");
  const { begin, keynum, last = 0, step = 1, limit = 0 } = spec;
  if (keynum !== undefined) {
    const { index, first } = keynum;
    addStep(c, "keynum", [["keynumidx", index], ["firstkey", first], ["keystep", keynum.step]]);
  } else if (begin === null) addStep(c, "unknown", []);
  else addStep(c, "range", [["lastkey", last], ["keystep", step], ["limit", limit]]);
}

/** One of the two steps in which keys are found. */
function addStep(
  c: Client,
  type: string,
  facts: readonly (readonly [name: string, value: string | number])[],
): void {
  const { reply } = c;
  reply.addMap(2);
  reply.addBulkString("type");
  reply.addBulkString(type);
  reply.addBulkString("spec");
  reply.addMap(facts.length);
  for (const [name, value] of facts) {
    reply.addBulkString(name);
    if (typeof value === "number") reply.addInteger(value);
    else reply.addBulkString(value);
  }
}
