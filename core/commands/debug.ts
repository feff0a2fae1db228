/**
 * DEBUG: what test suites ask a server to do or show. `enable-debug-command` must allow it; the gate is in
 * core/server/call.ts.
 *
 * Subcommands are not commands of their own here, as in Redis: they appear neither in COMMAND nor in
 * statistics. Those about what Larder doesn't have are left out.
 */
import { ascii } from "../base/bytes.ts";
import { formatInteger } from "../base/numbers.ts";
import { randomHex } from "../base/prng.ts";
import { NO_EXPIRY } from "../types/object.ts";
import { usersForRewrite } from "../server/acl_file.ts";
import { argString, getIntegerOrReply, getRangeOrReply, NOT_POSITIVE } from "../server/args.ts";
import type { Client } from "../server/client.ts";
import { ADMIN, type CommandSpec, LOADING, NOSCRIPT, PROTECTED, STALE } from "../server/command.ts";
import { addHelp, addUsageError } from "../server/help.ts";
import { digestOfAll, digestOfValue } from "./debug_digest.ts";
import { debugAssert, debugPanic, debugSegfault } from "./debug_crash.ts";
import { debugListpack, debugPackedThreshold, debugQuicklist } from "./debug_lists.ts";
import { findAnyKey } from "./debug_lookup.ts";
import { debugProtocol } from "./debug_protocol.ts";
import { debugHtstats, debugHtstatsKey, debugObject } from "./debug_show.ts";
import { scriptsOf } from "./scripts.ts";

const SLEEP_MAX_MS: number = 24 * 3600 * 1000;

/** A subcommand: how many arguments it takes, the words DEBUG and its own included. */
interface Subcommand {
  readonly argcMin: number;
  readonly argcMax: number;
  readonly run: (c: Client) => void;
}

const subcommands = new Map<string, Subcommand>([
  ["aof-flush-sleep", exactly(3, debugFlushSleep)],
  ["assert", { argcMin: 2, argcMax: Infinity, run: debugAssert }],
  ["change-repl-id", exactly(2, debugChangeReplId)],
  ["config-rewrite-force-all", exactly(2, debugRewriteConfig)],
  ["digest", exactly(2, debugDigest)],
  ["digest-value", { argcMin: 2, argcMax: Infinity, run: debugDigestValue }],
  ["error", exactly(3, debugError)],
  ["help", exactly(2, debugHelp)],
  ["htstats", { argcMin: 3, argcMax: Infinity, run: debugHtstats }],
  ["htstats-key", { argcMin: 3, argcMax: Infinity, run: debugHtstatsKey }],
  ["listpack", exactly(3, debugListpack)],
  ["loadaof", exactly(2, debugLoadAof)],
  ["log", exactly(3, debugLog)],
  ["object", exactly(3, debugObject)],
  ["panic", { argcMin: 2, argcMax: Infinity, run: debugPanic }],
  ["pause-cron", exactly(3, debugPauseCron)],
  ["populate", { argcMin: 3, argcMax: 5, run: debugPopulate }],
  ["protocol", exactly(3, debugProtocol)],
  ["quicklist", { argcMin: 3, argcMax: 4, run: debugQuicklist }],
  ["quicklist-packed-threshold", exactly(3, debugPackedThreshold)],
  ["reload", { argcMin: 2, argcMax: Infinity, run: debugReload }],
  ["replybuffer", exactly(4, debugReplybuffer)],
  ["segfault", { argcMin: 2, argcMax: Infinity, run: debugSegfault }],
  ["set-active-expire", exactly(3, debugSetActiveExpire)],
  ["set-disable-deny-scripts", exactly(3, debugDenyScripts)],
  ["set-skip-checksum-validation", exactly(3, debugSkipChecksums)],
  ["sleep", exactly(3, debugSleep)],
]);

function debugCommand(c: Client): void {
  const subcommand = subcommands.get(argString(c, 1).toLowerCase());
  if (subcommand === undefined || c.argc < subcommand.argcMin || c.argc > subcommand.argcMax) {
    addUsageError(c);
    return;
  }
  subcommand.run(c);
}

function exactly(argc: number, run: (c: Client) => void): Subcommand {
  return { argcMin: argc, argcMax: argc, run };
}

function debugHelp(c: Client): void {
  addHelp(c, [
    "AOF-FLUSH-SLEEP <microseconds>",
    "    Waits so long before each write to the append-only file.",
    "ASSERT, PANIC, SEGFAULT",
    "    Crashes the server, with a report in the log.",
    "CHANGE-REPL-ID",
    "    Makes up a new id for the history of the data. For tests of replication only.",
    "CONFIG-REWRITE-FORCE-ALL",
    "    As CONFIG REWRITE, with a line for every directive.",
    "DIGEST",
    "    Computes a fingerprint of all data.",
    "DIGEST-VALUE <key> [<key> ...]",
    "    Computes a fingerprint of the value at each key.",
    "ERROR <string>",
    "    Replies with <string> as an error.",
    "HTSTATS <dbid> [full]",
    "    Describes the tables of a database.",
    "HTSTATS-KEY <key> [full]",
    "    Describes the table of the value at a key.",
    "LISTPACK <key>",
    "    Prints the entries of a value that is a listpack.",
    "LOADAOF",
    "    Writes the append-only file to its end, empties the data set and loads it from there.",
    "LOG <message>",
    "    Writes a line to the log.",
    "OBJECT <key>",
    "    Tells how a key's value is kept.",
    "PAUSE-CRON <0|1>",
    "    Stops what is done by the clock, or lets it go on.",
    "POPULATE <count> [<prefix>] [<size>]",
    "    Makes <count> strings called key:<number>, or <prefix>:<number>.",
    "PROTOCOL <type>",
    "    Replies with a value of the type: string, integer, double, bignum, null, array,",
    "    set, map, attrib, push, verbatim, true or false.",
    "QUICKLIST <key> [<0|1>]",
    "    Prints the nodes of a list; with 1 also where they lie.",
    "QUICKLIST-PACKED-THRESHOLD <size>",
    "    Gives elements of <size> and more nodes of their own; 0 ends that.",
    "RELOAD [MERGE] [NOFLUSH] [NOSAVE]",
    "    Saves the data set and loads it again. NOSAVE loads what is on disk; NOFLUSH keeps what is in",
    "    memory; with MERGE keys on disk replace those in memory.",
    "REPLYBUFFER RESIZING <0|1> | PEAK-RESET-TIME <ms>|NEVER|RESET",
    "    Accepted, and of no effect: reply buffers are never resized.",
    "SET-ACTIVE-EXPIRE <0|1>",
    "    With 0, keys whose time is over go when they are asked for and no sooner.",
    "SET-DISABLE-DENY-SCRIPTS <0|1>",
    "    Lets scripts execute commands that scripts may not execute, or refuses these again.",
    "SET-SKIP-CHECKSUM-VALIDATION <0|1>",
    "    With 1, checksums of RDB files and of payloads for RESTORE may be wrong.",
    "SLEEP <seconds>",
    "    Stops the server for so long; fractions are allowed.",
  ]);
}

function debugChangeReplId(c: Client): void {
  c.server.log.notice("Changing replication IDs after receiving DEBUG change-repl-id");
  c.server.replId = randomHex(20);
  c.reply.addOk();
}

function debugDigest(c: Client): void {
  c.reply.addStatus(digestOfAll(c.server.keyspace));
}

function debugDigestValue(c: Client): void {
  c.reply.addArray(c.argc - 2);
  for (let i = 2; i < c.argc; i++) {
    c.reply.addStatus(digestOfValue(c.server.keyspace, findAnyKey(c, i)));
  }
}

function debugRewriteConfig(c: Client): void {
  const error = c.server.config.rewriteFile(usersForRewrite(c.server), true);
  if (error === null) c.reply.addOk();
  else c.reply.addError(`ERR CONFIG-REWRITE-FORCE-ALL failed: ${error.replace(/^ERR /, "")}`);
}

/** The text is the whole error, and is not counted as one. */
function debugError(c: Client): void {
  const text = argString(c, 2).replace(/[\r\n]/g, " ");
  c.reply.addRaw(ascii(`-${text}\r\n`));
}

function debugLog(c: Client): void {
  c.server.log.warning(`DEBUG LOG: ${argString(c, 2)}`);
  c.reply.addOk();
}

function debugPauseCron(c: Client): void {
  c.server.cron.paused = switchedOn(c, 2);
  c.reply.addOk();
}

/** Reply buffers are never resized here, so there is nothing to switch off, and "on" changes nothing. */
function debugReplybuffer(c: Client): void {
  const isTime = /^peak-reset-time$/i.test(argString(c, 2));
  if (!isTime && !/^resizing$/i.test(argString(c, 2))) return addUsageError(c);
  const isWord = /^(never|reset)$/i.test(argString(c, 3));
  if (isTime && !isWord && Number.isNaN(getIntegerOrReply(c, 3))) return;
  c.reply.addOk();
}

function debugSetActiveExpire(c: Client): void {
  c.server.keyspace.activeExpire = switchedOn(c, 2);
  c.reply.addOk();
}

function debugReload(c: Client): void {
  const { saving, log } = c.server;
  const words = Array.from({ length: c.argc - 2 }, (_, i) => argString(c, i + 2).toLowerCase());
  if (words.some((word) => !/^(merge|noflush|nosave)$/.test(word))) {
    c.reply.addError("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.");
    return;
  }
  if (!words.includes("nosave") && !saving.save()) {
    c.reply.addError("ERR");
    return;
  }
  if (!words.includes("noflush")) emptyAll(c);
  if (!saving.reload(words.includes("merge"))) {
    c.reply.addError("ERR Error trying to load the RDB dump, check server logs.");
    return;
  }
  log.warning("DB reloaded by DEBUG RELOAD");
  c.reply.addOk();
}

function debugLoadAof(c: Client): void {
  const { appending, log, propagation } = c.server;
  const ok = appending.reload(() => emptyAll(c));
  // What was repeated are no changes of this request, which must not become one of the file's, be it in order or not.
  // A FLUSHALL among it wants to be written whatever has changed.
  c.server.dirty = 0;
  propagation.skip();
  if (!ok) {
    c.reply.addError("ERR Error trying to load the AOF files, check server logs.");
    return;
  }
  log.notice("Append Only File loaded by DEBUG LOADAOF");
  c.reply.addOk();
}

function emptyAll(c: Client): void {
  const { keyspace, tracking } = c.server;
  for (const db of keyspace.dbs) keyspace.empty(db);
  tracking.flushed();
  keyspace.lazyFree.drain();
  scriptsOf(c.server).flushFunctions(false);
}

function debugFlushSleep(c: Client): void {
  c.server.appending.settings.flushSleepUs = Number.parseInt(argString(c, 2), 10) || 0;
  c.reply.addOk();
}

function debugSkipChecksums(c: Client): void {
  c.server.saving.skipsChecksums = switchedOn(c, 2);
  c.reply.addOk();
}

function debugDenyScripts(c: Client): void {
  c.server.scripting.allowsDenied = switchedOn(c, 2);
  c.reply.addOk();
}

/** As C's atoi reads it: what doesn't begin with a number is 0. */
function switchedOn(c: Client, index: number): boolean {
  return Math.trunc(Number.parseFloat(argString(c, index)) || 0) !== 0;
}

function debugSleep(c: Client): void {
  const ms = (Number.parseFloat(argString(c, 2)) || 0) * 1000;
  if (ms > 0) {
    const nobodyWakes = new Int32Array(new SharedArrayBuffer(4));
    Atomics.wait(nobodyWakes, 0, 0, Math.min(ms, SLEEP_MAX_MS));
  }
  c.reply.addOk();
}

/** Makes keys that don't exist yet; a value is "value:<number>", cut or filled up with zeros to the size. */
function debugPopulate(c: Client): void {
  const count = getRangeOrReply(c, 2, 0, Number.MAX_SAFE_INTEGER, NOT_POSITIVE);
  if (Number.isNaN(count)) return;
  const size = c.argc === 5 ? getRangeOrReply(c, 4, 0, c.server.protoMaxBulkLen, NOT_POSITIVE) : 0;
  if (Number.isNaN(size)) return;
  const { keyspace } = c.server;
  const prefix = c.argc === 3 ? "key:" : `${argString(c, 3)}:`;
  const key = ascii(`${prefix}${"0".repeat(20)}`);
  const value = new Uint8Array(Math.max(32, size));
  value.set(ascii("value:"));
  for (let i = 0; i < count; i++) {
    const keyLen = formatInteger(key, prefix.length, i);
    if (keyspace.lookupKeyWrite(c.db, key, 0, keyLen) !== 0) continue;
    const end = formatInteger(value, 6, i);
    value.fill(0, end, 32);
    const valueLen = size === 0 ? end : size;
    keyspace.strings.set(c.db, 0, key, 0, keyLen, value, 0, valueLen, NO_EXPIRY);
  }
  c.reply.addOk();
}

export const debugCommands: CommandSpec[] = [
  {
    name: "debug",
    arity: -2,
    flags: ADMIN | NOSCRIPT | LOADING | STALE | PROTECTED,
    since: "1.0.0",
    group: "server",
    complexity: "Depends on subcommand.",
    summary: "Helps to test the server.",
    syscmd: true,
    handler: debugCommand,
  },
];
