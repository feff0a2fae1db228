/**
 * A command as COMMAND DOCS shows it: what clients make hints and checks of. redis-cli asks when it starts.
 */
import type { Reply } from "../protocol/reply.ts";
import type { ArgSpec, Command } from "../server/command.ts";

/** The documentation of one command, a map. */
export function addCommandDocs(reply: Reply, command: Command): void {
  const { spec, subcommands } = command;
  const { complexity, deprecatedSince, replacedBy, history, args } = spec;
  const docFlags: string[] = [];
  if (deprecatedSince !== undefined) docFlags.push("deprecated");
  if (spec.syscmd === true) docFlags.push("syscmd");
  const optional = [complexity, deprecatedSince, replacedBy, history, args];
  let count = 3 + optional.filter((field) => field !== undefined).length;
  if (docFlags.length > 0) count++;
  if (subcommands.length > 0) count++;
  reply.addMap(count);
  addText(reply, "summary", spec.summary);
  addText(reply, "since", spec.since);
  addText(reply, "group", spec.group);
  addText(reply, "complexity", complexity);
  if (docFlags.length > 0) addWords(reply, "doc_flags", docFlags);
  addText(reply, "deprecated_since", deprecatedSince);
  addText(reply, "replaced_by", replacedBy);
  if (history !== undefined) addHistory(reply, history);
  if (args !== undefined) addArgs(reply, args);
  if (subcommands.length > 0) addSubcommands(reply, subcommands);
}

function addSubcommands(reply: Reply, subcommands: readonly Command[]): void {
  reply.addBulkString("subcommands");
  reply.addMap(subcommands.length);
  for (const subcommand of subcommands) {
    reply.addBulkString(subcommand.fullName);
    addCommandDocs(reply, subcommand);
  }
}

function addHistory(reply: Reply, history: readonly [version: string, change: string][]): void {
  reply.addBulkString("history");
  reply.addSet(history.length);
  for (const [version, change] of history) {
    reply.addArray(2);
    reply.addBulkString(version);
    reply.addBulkString(change);
  }
}

function addArgs(reply: Reply, args: readonly ArgSpec[]): void {
  reply.addBulkString("arguments");
  reply.addArray(args.length);
  for (const arg of args) addArg(reply, arg);
}

function addArg(reply: Reply, arg: ArgSpec): void {
  const flags: string[] = [];
  if (arg.optional === true) flags.push("optional");
  if (arg.multiple === true) flags.push("multiple");
  if (arg.multipleToken === true) flags.push("multiple_token");
  const { keySpec, token, summary, since, deprecatedSince } = arg;
  const optional = [keySpec, token, summary, since, deprecatedSince];
  const isGroup = arg.type === "oneof" || arg.type === "block";
  // The display text or the arguments are the third fact, flags are one more.
  const count = 3 + optional.filter((field) => field !== undefined).length;
  reply.addMap(flags.length > 0 ? count + 1 : count);
  // Redis prints names in lower case and tokens in upper case, however they are declared.
  addText(reply, "name", arg.name.toLowerCase());
  addText(reply, "type", arg.type);
  if (!isGroup) addText(reply, "display_text", arg.display ?? arg.name.toLowerCase());
  if (keySpec !== undefined) {
    reply.addBulkString("key_spec_index");
    reply.addInteger(keySpec);
  }
  addText(reply, "token", token?.toUpperCase());
  addText(reply, "summary", summary);
  addText(reply, "since", since);
  addText(reply, "deprecated_since", deprecatedSince);
  if (flags.length > 0) addWords(reply, "flags", flags);
  if (isGroup) addArgs(reply, arg.args ?? []);
}

/** A field with a text; nothing when there is none. */
function addText(reply: Reply, name: string, text: string | undefined): void {
  if (text === undefined) return;
  reply.addBulkString(name);
  reply.addBulkString(text);
}

function addWords(reply: Reply, name: string, words: readonly string[]): void {
  reply.addBulkString(name);
  reply.addSet(words.length);
  for (const word of words) reply.addStatus(word);
}
