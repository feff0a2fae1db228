/**
 * EVAL, EVALSHA and FCALL, and their read-only forms: how clients run scripts. scripts.ts does it.
 */
import { BIG } from "../base/numbers.ts";
import type { Script } from "../scripting/eval_scripts.ts";
import {
  ALLOW_OOM,
  ALLOW_STALE,
  COMPATIBLE,
  NO_WRITES,
  scriptShebang,
} from "../scripting/shebang.ts";
import { argInteger, argString, getIntegerOrReply } from "../server/args.ts";
import { GATE_MONITOR } from "../server/call.ts";
import type { Client } from "../server/client.ts";
import {
  type ArgSpec,
  type Command,
  type CommandSpec,
  DENYOOM,
  KEY_ACCESS,
  KEY_RO,
  KEY_RW,
  KEY_UPDATE,
  MAY_PAUSE,
  MAY_REPLICATE,
  NO_MANDATORY_KEYS,
  NOSCRIPT,
  READONLY,
  RUNS_SCRIPT,
  SKIP_MONITOR,
  STALE,
  WRITE,
} from "../server/command.ts";
import { scriptsOf } from "./scripts.ts";

const SHA_LEN = 40;
/** Index of the first key, behind their number. */
const FIRST_KEY = 3;
const NO_SCRIPT = "NOSCRIPT No matching script. Please use EVAL.";
const TOO_MANY_KEYS = "ERR Number of keys can't be greater than number of args";
const NEGATIVE_KEYS = "ERR Number of keys can't be negative";

function evalCommand(c: Client): void {
  showToMonitors(c);
  runText(c, false);
}

function evalRoCommand(c: Client): void {
  showToMonitors(c);
  runText(c, true);
}

function evalShaCommand(c: Client): void {
  showToMonitors(c);
  runSha(c, false);
}

function evalShaRoCommand(c: Client): void {
  showToMonitors(c);
  runSha(c, true);
}

function fcallCommand(c: Client): void {
  showToMonitors(c);
  runFunction(c, false);
}

function fcallRoCommand(c: Client): void {
  showToMonitors(c);
  runFunction(c, true);
}

/** Before its commands, which are shown on their own. */
function showToMonitors(c: Client): void {
  if ((c.server.gates & GATE_MONITOR) !== 0) c.server.monitors.show(c, c.lastCommand!);
}

function runText(c: Client, isReadOnly: boolean): void {
  const keys = getKeyCountOrReply(c);
  if (Number.isNaN(keys)) return;
  const { evals } = scriptsOf(c.server);
  const text = argString(c, 1);
  const script = evals.findText(text) ?? evals.add(text, true);
  if (typeof script === "string") c.reply.addError(script);
  else runScript(c, script, keys, isReadOnly);
}

function runSha(c: Client, isReadOnly: boolean): void {
  const { argv } = c;
  if (argv.len[1] !== SHA_LEN) return c.reply.addError(NO_SCRIPT);
  const keys = getKeyCountOrReply(c);
  if (Number.isNaN(keys)) return;
  const script = scriptsOf(c.server).evals.find(argv.buf, argv.off[1], SHA_LEN);
  if (script === null) c.reply.addError(NO_SCRIPT);
  else runScript(c, script, keys, isReadOnly);
}

function runScript(c: Client, script: Script, keys: number, isReadOnly: boolean): void {
  const scripts = scriptsOf(c.server);
  const { evals } = scripts;
  evals.args.set(c.argv, FIRST_KEY, keys);
  scripts.run(c, script, script.flags, true, isReadOnly);
  evals.touch(script);
}

function runFunction(c: Client, isReadOnly: boolean): void {
  const scripts = scriptsOf(c.server);
  const f = scripts.libraries.find(argString(c, 1));
  if (f === null) return c.reply.addError("ERR Function not found");
  const keys = argInteger(c, 2);
  if (Number.isNaN(keys)) return c.reply.addError("ERR Bad number of keys provided");
  const error = keyCountError(c, keys);
  if (error !== "") return c.reply.addError(error);
  f.library.states.args.set(c.argv, FIRST_KEY, keys);
  scripts.run(c, f, f.flags, false, isReadOnly);
}

/** The number of keys. NaN after an error reply. */
function getKeyCountOrReply(c: Client): number {
  const keys = getIntegerOrReply(c, 2);
  if (Number.isNaN(keys)) return NaN;
  const error = keyCountError(c, keys);
  if (error === "") return keys;
  c.reply.addError(error);
  return NaN;
}

function keyCountError(c: Client, keys: number): string {
  if (keys === BIG || keys > c.argc - FIRST_KEY) return TOO_MANY_KEYS;
  return keys < 0 ? NEGATIVE_KEYS : "";
}

// Flags that a script declares.

function flagsOfText(c: Client, command: Command): number {
  const text = argString(c, 1);
  const known = scriptsOf(c.server).evals.findText(text);
  if (known !== null) return withDeclared(command.flags, known.flags);
  const shebang = scriptShebang(text);
  return shebang.error === "" ? withDeclared(command.flags, shebang.flags) : command.flags;
}

function flagsOfSha(c: Client, command: Command): number {
  const { buf, off, len } = c.argv;
  const script = scriptsOf(c.server).evals.find(buf, off[1], len[1]);
  return script === null ? command.flags : withDeclared(command.flags, script.flags);
}

function flagsOfFunction(c: Client, command: Command): number {
  const f = scriptsOf(c.server).libraries.find(argString(c, 1));
  return f === null ? command.flags : withDeclared(command.flags, f.flags);
}

/** The command's flags with those of the script in place of what is assumed of one that declares nothing. */
function withDeclared(flags: number, declared: number): number {
  if ((declared & COMPATIBLE) !== 0) return flags;
  flags &= ~(STALE | DENYOOM | WRITE | MAY_REPLICATE);
  if ((declared & (ALLOW_OOM | NO_WRITES)) === 0) flags |= DENYOOM;
  if ((declared & NO_WRITES) === 0) flags |= WRITE;
  if ((declared & ALLOW_STALE) !== 0) flags |= STALE;
  return flags;
}

const RUNNING = NOSCRIPT | SKIP_MONITOR | NO_MANDATORY_KEYS | STALE | RUNS_SCRIPT | MAY_PAUSE;

/** What the six have in common; `first` is what names the script. */
function spec(
  name: string,
  first: string,
  isReadOnly: boolean,
  rest: Pick<CommandSpec, "since" | "summary" | "handler" | "flagsOf">,
): CommandSpec {
  const notes = isReadOnly
    ? "Nobody knows what the script does with its keys; it is taken to read them all."
    : "Nobody knows what the script does with its keys; it is taken to change them all.";
  // As in Redis, where not all of them carry the note.
  const hasNotes = name !== "evalsha" && name !== "evalsha_ro";
  return {
    name,
    arity: -3,
    flags: RUNNING | (isReadOnly ? READONLY : MAY_REPLICATE),
    categories: ["scripting"],
    group: "scripting",
    complexity: "That of the script",
    keys: [{
      flags: isReadOnly ? KEY_RO | KEY_ACCESS : KEY_RW | KEY_ACCESS | KEY_UPDATE,
      begin: 2,
      keynum: { index: 0, first: 1, step: 1 },
      ...(hasNotes ? { notes } : {}),
    }],
    args: [
      { name: first, type: "string" },
      { name: "numkeys", type: "integer" },
      { name: "key", type: "key", keySpec: 0, optional: true, multiple: true },
      { name: "arg", type: "string", optional: true, multiple: true },
    ] as ArgSpec[],
    ...rest,
  };
}

export const evalCommands: CommandSpec[] = [
  spec("eval", "script", false, {
    since: "2.6.0",
    summary: "Runs a Lua script.",
    handler: evalCommand,
    flagsOf: flagsOfText,
  }),
  spec("eval_ro", "script", true, {
    since: "7.0.0",
    summary: "Runs a Lua script that may not write.",
    handler: evalRoCommand,
    flagsOf: flagsOfText,
  }),
  spec("evalsha", "sha1", false, {
    since: "2.6.0",
    summary: "Runs a Lua script that the server has already, named by its SHA-1.",
    handler: evalShaCommand,
    flagsOf: flagsOfSha,
  }),
  spec("evalsha_ro", "sha1", true, {
    since: "7.0.0",
    summary: "Runs a Lua script that the server has already and that may not write.",
    handler: evalShaRoCommand,
    flagsOf: flagsOfSha,
  }),
  spec("fcall", "function", false, {
    since: "7.0.0",
    summary: "Calls a function of a library.",
    handler: fcallCommand,
    flagsOf: flagsOfFunction,
  }),
  spec("fcall_ro", "function", true, {
    since: "7.0.0",
    summary: "Calls a function of a library, which may not write.",
    handler: fcallRoCommand,
    flagsOf: flagsOfFunction,
  }),
];
