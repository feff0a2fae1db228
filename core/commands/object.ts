/**
 * OBJECT: a look at how a key's value is kept.
 */
import { ascii } from "../base/bytes.ts";
import {
  ENC_INT,
  ENCODING_NAMES,
  objectAccess,
  objectEncoding,
  objectType,
  TYPE_STRING,
} from "../types/object.ts";
import { stringInteger } from "../types/t_string.ts";
import type { Client } from "../server/client.ts";
import {
  type CommandSpec,
  type Handler,
  KEY_RO,
  LOADING,
  READONLY,
  STALE,
} from "../server/command.ts";

/** Redis keeps one object for each of the integers below this, and tells a reference count for them. */
const SHARED_INTEGERS = 10000;
const SHARED_REFCOUNT = 2147483647;

const SWITCHING = "Please note that when switching between policies at runtime " +
  "LRU and LFU data will take some time to adjust.";

const HELP = [
  "OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
  "ENCODING <key>",
  "    Show how the value of the key is represented in memory.",
  "FREQ <key>",
  "    Show the key's access counter. It grows with the logarithm of the number of",
  "    accesses and falls with time; kept under an LFU maxmemory-policy only.",
  "IDLETIME <key>",
  "    Show for about how many seconds the key was not accessed; not kept under an",
  "    LFU maxmemory-policy.",
  "REFCOUNT <key>",
  "    Show how many references there are to the value of the key.",
  "HELP",
  "    Print this help.",
].map((line) => ascii(`+${line}\r\n`));

/** The entry of the key in argument 2, or 0 after a null reply. */
function lookupOrReply(c: Client): number {
  const { buf, off, len } = c.argv;
  const ref = c.server.keyspace.lookupKeySilently(c.db, buf, off[2], len[2]);
  if (ref === 0) c.reply.addNull();
  return ref;
}

function encodingCommand(c: Client): void {
  const ref = lookupOrReply(c);
  if (ref !== 0) c.reply.addBulkString(ENCODING_NAMES[objectEncoding(c.server.arena, ref)]);
}

function freqCommand(c: Client): void {
  const ref = lookupOrReply(c);
  if (ref === 0) return;
  const { access, arena } = c.server;
  if (access.lfu) c.reply.addInteger(access.decayed(objectAccess(arena, ref)));
  else {
    c.reply.addError(
      "ERR An LFU maxmemory policy is not selected, access frequency not tracked. " + SWITCHING,
    );
  }
}

function idletimeCommand(c: Client): void {
  const ref = lookupOrReply(c);
  if (ref === 0) return;
  const { access, arena } = c.server;
  if (!access.lfu) c.reply.addInteger(access.idleSeconds(objectAccess(arena, ref)));
  else {
    c.reply.addError(
      "ERR An LFU maxmemory policy is selected, idle time not tracked. " + SWITCHING,
    );
  }
}

/** Nothing is shared here, but Redis's small integers are, unless eviction needs each one's access time. */
function refcountCommand(c: Client): void {
  const ref = lookupOrReply(c);
  if (ref === 0) return;
  const { config, maxmemoryBytes } = c.server;
  const shares = maxmemoryBytes === 0 || !/lru|lfu/.test(config.str("maxmemory-policy"));
  c.reply.addInteger(shares && isSmallInteger(c, ref) ? SHARED_REFCOUNT : 1);
}

function isSmallInteger(c: Client, ref: number): boolean {
  const { arena } = c.server;
  if (objectType(arena, ref) !== TYPE_STRING || objectEncoding(arena, ref) !== ENC_INT) {
    return false;
  }
  const value = stringInteger(arena, ref);
  return value >= 0 && value < SHARED_INTEGERS;
}

function helpCommand(c: Client): void {
  c.reply.addArray(HELP.length);
  for (const line of HELP) c.reply.addRaw(line);
}

/** A subcommand about one key. */
function aboutKey(name: string, since: string, summary: string, handler: Handler): CommandSpec {
  return {
    name,
    arity: 3,
    flags: READONLY,
    categories: ["keyspace"],
    since,
    group: "generic",
    complexity: "O(1)",
    summary,
    keys: [{ flags: KEY_RO, begin: 2, last: 0, step: 1 }],
    args: [{ name: "key", type: "key", keySpec: 0 }],
    tips: ["nondeterministic_output"],
    handler,
  };
}

export const objectCommands: CommandSpec[] = [
  {
    name: "object",
    arity: -2,
    flags: 0,
    since: "2.2.3",
    group: "generic",
    complexity: "Depends on the subcommand",
    summary: "Holds the commands that show how a value is kept.",
    subcommands: [
      aboutKey("encoding", "2.2.3", "Names the representation of a value.", encodingCommand),
      aboutKey("freq", "4.0.0", "Tells how often a key is accessed.", freqCommand),
      aboutKey("idletime", "2.2.3", "Tells how long a key was not accessed.", idletimeCommand),
      aboutKey("refcount", "2.2.3", "Tells how often a value is referred to.", refcountCommand),
      {
        name: "help",
        arity: 2,
        flags: LOADING | STALE,
        categories: ["keyspace"],
        since: "6.2.0",
        group: "generic",
        complexity: "O(1)",
        summary: "Lists the subcommands.",
        handler: helpCommand,
      },
    ],
  },
];
