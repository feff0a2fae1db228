/**
 * MEMORY: what a key takes, and what the server takes. The server's figures are
 * core/server/info_memory.ts.
 *
 * USAGE is exact where Redis estimates: the block of the entry, with key and value or the ref of it; the
 * blocks of the value where it has its own; and the key's share of the tables that find it. Only where counting
 * every element of a large value would take long are some of them taken for all.
 */
import { ascii } from "../base/bytes.ts";
import { NO_EXPIRY, objectExpiry } from "../types/object.ts";
import type { Db } from "../keyspace/db.ts";
import { argIs, getIntegerOrReply, SYNTAX_ERROR } from "../server/args.ts";
import type { Client } from "../server/client.ts";
import { type CommandSpec, KEY_RO, LOADING, READONLY, STALE } from "../server/command.ts";
import { addHelp } from "../server/help.ts";
import { bytesToHuman, type MemoryOverview } from "../server/info_memory.ts";
import type { Server } from "../server/server.ts";
import { findAnyKey } from "./debug_lookup.ts";

const SAMPLES = ascii("samples");
const SAMPLES_DEFAULT = 5;
const MIB = 1 << 20;
/** Below this much in use the doctor has nothing to say. */
const DOCTOR_BYTES_MIN: number = 5 * MIB;
/** Waste below this is not worth a word, whatever its share. */
const DOCTOR_WASTE_MIN: number = 10 * MIB;
const DOCTOR_CLIENT_BYTES_MAX: number = 200 * 1024;

function memoryUsageCommand(c: Client): void {
  let samples = SAMPLES_DEFAULT;
  for (let i = 3; i < c.argc; i += 2) {
    if (!argIs(c, i, SAMPLES) || i + 1 >= c.argc) {
      c.reply.addError(SYNTAX_ERROR);
      return;
    }
    samples = getIntegerOrReply(c, i + 1);
    if (Number.isNaN(samples)) return;
    if (samples < 0) {
      c.reply.addError(SYNTAX_ERROR);
      return;
    }
  }
  const ref = findAnyKey(c, 2);
  if (ref === 0) c.reply.addNull();
  else c.reply.addInteger(keyBytes(c.server, c.db, ref, samples));
}

/** All bytes that exist because of a key, its elements extrapolated from so many of them (0: all). */
function keyBytes(server: Server, db: Db, ref: number, samples: number): number {
  const { arena } = server;
  let bytes = arena.usable(ref) + db.keys.tableBytes / db.keys.count;
  bytes += server.keyspace.values.bytes(ref, samples);
  if (objectExpiry(arena, ref) !== NO_EXPIRY) bytes += db.expires.tableBytes / db.expires.count;
  return Math.round(bytes);
}

function memoryStatsCommand(c: Client): void {
  const { reply, server } = c;
  const m = server.memory.overview();
  const before: [string, number][] = [
    ["peak.allocated", m.peak],
    ["total.allocated", m.used],
    ["startup.allocated", m.startup],
    ["replication.backlog", 0],
    ["clients.slaves", 0],
    ["clients.normal", m.clients],
    ["cluster.links", 0],
    ["aof.buffer", server.appending.figures?.bufferedBytes ?? 0],
    ["lua.caches", 0],
    ["functions.caches", 0],
  ];
  const after: [string, number][] = [
    ["overhead.db.hashtable.lut", m.tableBytes],
    ["overhead.db.hashtable.rehashing", 0],
    ["overhead.total", m.overhead],
    ["db.dict.rehashing.count", 0],
    ["keys.count", m.keys],
    ["keys.bytes-per-key", m.bytesPerKey],
    ["dataset.bytes", m.dataset],
  ];
  const rest = fragmentation(m);
  reply.addMap(before.length + m.dbs.length + after.length + rest.length);
  addIntegers(c, before);
  for (const { id, mainBytes, expiresBytes } of m.dbs) {
    reply.addBulkString(`db.${id}`);
    reply.addMap(2);
    addIntegers(c, [
      ["overhead.hashtable.main", mainBytes],
      ["overhead.hashtable.expires", expiresBytes],
    ]);
  }
  addIntegers(c, after);
  for (const [name, value] of rest) {
    reply.addBulkString(name);
    if (/(ratio|percentage|fragmentation)$/.test(name)) reply.addDouble(value);
    else reply.addInteger(value);
  }
}

/** The last fields of MEMORY STATS, from the percentages on. */
function fragmentation(m: MemoryOverview): [string, number][] {
  return [
    ["dataset.percentage", m.datasetPercent],
    ["peak.percentage", m.peakPercent],
    ["allocator.allocated", m.allocated],
    ["allocator.active", m.active],
    ["allocator.resident", m.resident],
    ["allocator.muzzy", 0],
    ["allocator-fragmentation.ratio", m.active / m.allocated],
    ["allocator-fragmentation.bytes", m.active - m.allocated],
    ["allocator-rss.ratio", m.resident / m.active],
    ["allocator-rss.bytes", m.resident - m.active],
    ["rss-overhead.ratio", m.rss / m.resident],
    ["rss-overhead.bytes", m.rss - m.resident],
    ["fragmentation", m.rss / m.used],
    ["fragmentation.bytes", m.rss - m.used],
  ];
}

function addIntegers(c: Client, fields: readonly [string, number][]): void {
  for (const [name, value] of fields) {
    c.reply.addBulkString(name);
    c.reply.addInteger(value);
  }
}

function memoryDoctorCommand(c: Client): void {
  c.reply.addVerbatim(diagnosis(c.server), "txt");
}

/** What is wrong with the server's memory, by Redis's criteria as far as they apply here. */
function diagnosis(server: Server): string {
  const m = server.memory.overview();
  if (m.used < DOCTOR_BYTES_MIN) {
    return `Only ${bytesToHuman(m.used)} are in use: too little to tell anything from.\n`;
  }
  const findings: string[] = [];
  if (m.peak > m.used * 1.5) {
    findings.push(
      `Peak: ${bytesToHuman(m.peak)} were in use once, ${
        bytesToHuman(m.used)
      } are now. The process ` +
        "keeps the difference and will use it again; only a restart gives it back to the system.",
    );
  }
  const waste = m.active - m.allocated;
  if (waste > DOCTOR_WASTE_MIN && m.active > m.allocated * 1.1) {
    findings.push(
      `Fragmentation: ${bytesToHuman(waste)} of the arena's pages are free in pieces, as after ` +
        "deleting many keys of one size. New keys of that size will fill them.",
    );
  }
  const extra = m.rss - m.resident;
  if (extra > DOCTOR_WASTE_MIN && m.rss > m.resident * 1.4) {
    findings.push(
      `Runtime: the process takes ${
        bytesToHuman(extra)
      } besides the data. Buffers of many clients ` +
        `and the runtime's heap (${bytesToHuman(m.heap)} in use) are in there.`,
    );
  }
  const count = Math.max(1, server.clients.count);
  if (m.clients / count > DOCTOR_CLIENT_BYTES_MAX) {
    findings.push(
      `Clients: their buffers take ${
        bytesToHuman(m.clients / count)
      } each on average. CLIENT LIST ` +
        "shows who doesn't read replies or sends very large requests.",
    );
  }
  if (findings.length === 0) return "There is nothing wrong with the memory of this server.\n";
  return findings.map((finding) => ` * ${finding}\n`).join("\n");
}

/** Freed blocks are reused, but their pages can't be given back; what waits to be freed is hurried up. */
function memoryPurgeCommand(c: Client): void {
  c.server.cron.freeSoon();
  c.reply.addOk();
}

function memoryMallocStatsCommand(c: Client): void {
  const { arena, keyspace } = c.server;
  const lines: [string, number][] = [
    ["segments", arena.segmentCount],
    ["bytes in use", arena.usedBytes],
    ["bytes in use at peak", arena.peakBytes],
    ["bytes of pages in use", arena.committedBytes],
    ["bytes that can still be had", arena.headroomBytes],
    ["blocks in use", arena.liveBlocks],
    ["entries waiting to be freed", keyspace.lazyFree.pending],
  ];
  const text = lines.map(([what, value]) => `${what}: ${value}\n`).join("");
  c.reply.addVerbatim(`Larder arena\n${text}`, "txt");
}

function memoryHelpCommand(c: Client): void {
  addHelp(c, [
    "DOCTOR",
    "    Tells what looks wrong with the server's memory.",
    "MALLOC-STATS",
    "    Shows the books of the allocator.",
    "PURGE",
    "    Has memory that waits to be freed freed now.",
    "STATS",
    "    Shows what takes how much memory.",
    "USAGE <key> [SAMPLES <count>]",
    "    Counts the bytes that a key takes, its value included. Of nested values",
    "    <count> are looked at (5 unless given, 0 for all).",
  ]);
}

const NONDETERMINISTIC = [
  "nondeterministic_output",
  "request_policy:all_shards",
  "response_policy:special",
];

const memorySubcommands: CommandSpec[] = [
  {
    name: "doctor",
    arity: 2,
    flags: 0,
    since: "4.0.0",
    group: "server",
    complexity: "O(1)",
    summary: "Looks for problems with memory.",
    tips: NONDETERMINISTIC,
    handler: memoryDoctorCommand,
  },
  {
    name: "help",
    arity: 2,
    flags: LOADING | STALE,
    since: "4.0.0",
    group: "server",
    complexity: "O(1)",
    summary: "Tells about the subcommands.",
    handler: memoryHelpCommand,
  },
  {
    name: "malloc-stats",
    arity: 2,
    flags: 0,
    since: "4.0.0",
    group: "server",
    complexity: "Depends on how much memory is allocated, could be slow",
    summary: "Shows the books of the allocator.",
    tips: NONDETERMINISTIC,
    handler: memoryMallocStatsCommand,
  },
  {
    name: "purge",
    arity: 2,
    flags: 0,
    since: "4.0.0",
    group: "server",
    complexity: "Depends on how much memory is allocated, could be slow",
    summary: "Gives back memory that is not needed.",
    tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
    handler: memoryPurgeCommand,
  },
  {
    name: "stats",
    arity: 2,
    flags: 0,
    since: "4.0.0",
    group: "server",
    complexity: "O(1)",
    summary: "Tells what the server's memory is used for.",
    tips: NONDETERMINISTIC,
    handler: memoryStatsCommand,
  },
  {
    name: "usage",
    arity: -3,
    flags: READONLY,
    since: "4.0.0",
    group: "server",
    complexity: "O(N) where N is the number of samples.",
    summary: "Counts the bytes that a key takes.",
    keys: [{ flags: KEY_RO, begin: 2, last: 0, step: 1 }],
    args: [
      { name: "key", type: "key", keySpec: 0 },
      { name: "count", type: "integer", token: "SAMPLES", optional: true },
    ],
    handler: memoryUsageCommand,
  },
];

export const memoryCommands: CommandSpec[] = [
  {
    name: "memory",
    arity: -2,
    flags: 0,
    since: "4.0.0",
    group: "server",
    complexity: "Depends on subcommand.",
    summary: "Tells what takes memory.",
    subcommands: memorySubcommands,
  },
];
