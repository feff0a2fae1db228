/**
 * BITOP: several strings combined bit by bit into another one.
 *
 * The result is built in an entry that nobody knows yet and then takes the destination's place, because the
 * destination may be among the sources and may be of any type.
 */
import { ascii } from "../base/bytes.ts";
import {
  beginCombining,
  Bitmap,
  BITOP_AND,
  BITOP_NOT,
  CHUNK_BYTES,
  combine,
  combinedBytes,
  invertCombined,
} from "../types/bitmap.ts";
import { argIs, SYNTAX_ERROR } from "../server/args.ts";
import { keyModified, notify, NOTIFY_GENERIC, NOTIFY_STRING } from "../server/changes.ts";
import type { Client } from "../server/client.ts";
import {
  type CommandSpec,
  DENYOOM,
  KEY_ACCESS,
  KEY_OW,
  KEY_RO,
  KEY_UPDATE,
  WRITE,
} from "../server/command.ts";
import { isStringOrReply } from "./string_reply.ts";

const NOT_TAKES_ONE = "ERR BITOP NOT must be called with a single source key.";
/** Index of the first source. */
const FIRST_SOURCE = 3;
/** Words for the operations, by number. */
const OPERATIONS = [ascii("and"), ascii("or"), ascii("xor"), ascii("not")];

const source = new Bitmap();
/** Entries of the sources, 0 for those that don't exist. Grows, and stays as large as it was needed. */
let sources = new Int32Array(16);

function bitopCommand(c: Client): void {
  let op = BITOP_AND;
  while (op <= BITOP_NOT && !argIs(c, 1, OPERATIONS[op])) op++;
  if (op > BITOP_NOT) {
    c.reply.addError(SYNTAX_ERROR);
    return;
  }
  if (op === BITOP_NOT && c.argc !== FIRST_SOURCE + 1) {
    c.reply.addError(NOT_TAKES_ONE);
    return;
  }
  const total = findSourcesOrReply(c);
  if (total < 0) return;
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  if (total > 0) {
    const made = keyspace.strings.detached(buf, off[2], len[2], total);
    fillWithResult(c, made, op, total);
    const old = keyspace.lookupKeyWrite(c.db, buf, off[2], len[2]);
    keyspace.publish(c.db, old, made);
    keyModified(c, 2);
    notify(c, NOTIFY_STRING, "set", 2);
    c.server.dirty++;
  } else {
    const old = keyspace.lookupKeyWrite(c.db, buf, off[2], len[2]);
    if (old !== 0) {
      keyspace.remove(c.db, old);
      keyModified(c, 2);
      notify(c, NOTIFY_GENERIC, "del", 2);
      c.server.dirty++;
    }
  }
  c.reply.addInteger(total);
}

/** Looks the sources up. Returns the length of the longest, or -1 after an error reply. */
function findSourcesOrReply(c: Client): number {
  const { keyspace, arena } = c.server;
  const { buf, off, len } = c.argv;
  const count = c.argc - FIRST_SOURCE;
  if (count > sources.length) sources = new Int32Array(count * 2);
  let total = 0;
  for (let i = 0; i < count; i++) {
    const arg = FIRST_SOURCE + i;
    const ref = keyspace.lookupKeyRead(c.db, buf, off[arg], len[arg]);
    if (!isStringOrReply(c, ref)) return -1;
    source.read(arena, ref);
    if (source.len > total) total = source.len;
    sources[i] = ref;
  }
  return total;
}

/** Writes the result into the entry made for it. */
function fillWithResult(c: Client, made: number, op: number, total: number): void {
  const { keyspace, arena } = c.server;
  const count = c.argc - FIRST_SOURCE;
  for (let at = 0; at < total; at += CHUNK_BYTES) {
    const n = Math.min(CHUNK_BYTES, total - at);
    source.read(arena, sources[0]);
    beginCombining(source, at, n);
    if (op === BITOP_NOT) invertCombined(n);
    for (let i = 1; i < count; i++) {
      source.read(arena, sources[i]);
      combine(op, source, at, n);
    }
    keyspace.strings.write(made, at, combinedBytes(), 0, n);
  }
}

export const combineCommands: CommandSpec[] = [
  {
    name: "bitop",
    arity: -4,
    flags: WRITE | DENYOOM,
    categories: ["bitmap"],
    since: "2.6.0",
    group: "bitmap",
    complexity: "O(N)",
    summary: "Combines strings bit by bit and stores the result.",
    keys: [
      { flags: KEY_OW | KEY_UPDATE, begin: 2, last: 0, step: 1 },
      { flags: KEY_RO | KEY_ACCESS, begin: 3, last: -1, step: 1 },
    ],
    args: [
      {
        name: "operation",
        type: "oneof",
        args: [
          { name: "and", type: "pure-token", token: "AND" },
          { name: "or", type: "pure-token", token: "OR" },
          { name: "xor", type: "pure-token", token: "XOR" },
          { name: "not", type: "pure-token", token: "NOT" },
        ],
      },
      { name: "destkey", type: "key", keySpec: 0 },
      { name: "key", type: "key", keySpec: 1, multiple: true },
    ],
    handler: bitopCommand,
  },
];
