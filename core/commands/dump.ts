/**
 * DUMP and RESTORE: values as bytes that another server understands, and back.
 *
 * The bytes are RDB's (persistence/). RESTORE takes them from anyone, so nothing in them is trusted: what
 * can't be read whole is "Bad data format", and nothing has been changed by then.
 */
import { ascii } from "../base/bytes.ts";
import { BIG, INT64_MAX } from "../base/numbers.ts";
import { argBigInt, argInteger, argIs, NOT_AN_INTEGER, SYNTAX_ERROR } from "../server/args.ts";
import type { Client } from "../server/client.ts";
import {
  ASKING,
  type CommandSpec,
  DENYOOM,
  KEY_ACCESS,
  KEY_OW,
  KEY_RO,
  KEY_UPDATE,
  READONLY,
  WRITE,
} from "../server/command.ts";
import { LiveBlocks } from "../memory/block_reader.ts";
import { keyModified, notify, NOTIFY_GENERIC } from "../server/changes.ts";
import type { Server } from "../server/server.ts";
import { NO_EXPIRY, setObjectAccess, TYPE_STRING } from "../types/object.ts";
import { ByteRange } from "../types/t_string.ts";
import { hasFooter, writeFooter } from "../../persistence/dump_payload.ts";
import { RdbDecoder, rdbTypeName, typeOfRdb } from "../../persistence/rdb_decode.ts";
import { RdbEncoder } from "../../persistence/rdb_encode.ts";
import { RdbReader, RdbWriter } from "../../persistence/rdb_format.ts";
import { readRdbString } from "../../persistence/rdb_string.ts";

const BUSY_KEY = "BUSYKEY Target key name already exists.";
export const BAD_FOOTER = "ERR DUMP payload version or checksum are wrong";
const BAD_DATA = "ERR Bad data format";
const WORD_REPLACE = ascii("replace");
const WORD_ABSTTL = ascii("absttl");
const WORD_IDLETIME = ascii("idletime");
const WORD_FREQ = ascii("freq");
const FREQ_MAX = 255;
const EMPTY = new Uint8Array(0);

const value = new ByteRange();
const writer = new RdbWriter();
const reader = new RdbReader();

/** What turns a server's values into bytes and back. */
interface Codec {
  readonly encoder: RdbEncoder;
  readonly decoder: RdbDecoder;
}

const codecs = new WeakMap<Server, Codec>();

function codecOf(server: Server): Codec {
  let codec = codecs.get(server);
  if (codec === undefined) {
    codec = {
      encoder: new RdbEncoder(new LiveBlocks(server.arena)),
      decoder: new RdbDecoder(server.keyspace.values),
    };
    codecs.set(server, codec);
  }
  return codec;
}

/** What `parseRestoreOptions` found, valid until its next call. -1: not given. */
const options = { replace: false, absttl: false, idleSeconds: -1, freq: -1 };

function dumpCommand(c: Client): void {
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  if (ref === 0) {
    c.reply.addNull();
    return;
  }
  writeDump(c.server, ref);
  c.reply.addBulk(writer.buf, 0, writer.pos);
  writer.clear(); // It may have become large.
}

/** What DUMP returns of an entry. */
export function dumpOf(server: Server, ref: number): Uint8Array {
  writeDump(server, ref);
  const bytes = writer.buf.slice(0, writer.pos);
  writer.clear();
  return bytes;
}

function writeDump(server: Server, ref: number): void {
  const { encoder } = codecOf(server);
  encoder.compress = server.config.bool("rdbcompression");
  writer.clear();
  writeFooter(writer, encoder.writeTypeAndValue(writer, ref));
}

/** RESTORE key ttl payload [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency] */
function restoreCommand(c: Client): void {
  if (!parseRestoreOptions(c)) return;
  const { keyspace, propagation } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (ref !== 0 && !options.replace) {
    c.reply.addError(BUSY_KEY);
    return;
  }
  const expireAt = getExpiryOrReply(c);
  if (Number.isNaN(expireAt)) return;
  if (!hasFooter(buf, off[3], len[3], c.server.saving.skipsChecksums)) {
    c.reply.addError(BAD_FOOTER);
    return;
  }
  reader.reset(buf, off[3], len[3]);
  const made = readValueOrReply(c, expireAt);
  if (made === 0) return;
  if (expireAt !== NO_EXPIRY && expireAt <= keyspace.expiryMs) {
    keyspace.discard(made);
    if (ref !== 0) {
      keyspace.remove(c.db, ref);
      keyModified(c, 1);
      notify(c, NOTIFY_GENERIC, "del", 1);
      c.server.dirty++;
      if (propagation.isOn) propagation.insteadDel(c, 1, propagation.lazyServerDel);
    }
    c.reply.addOk();
    return;
  }
  setObjectAccess(c.server.arena, made, accessBits(c));
  keyspace.publish(c.db, ref, made);
  if (ref !== 0) keyspace.tellNew(c.db, made);
  keyModified(c, 1);
  notify(c, NOTIFY_GENERIC, "restore", 1);
  c.server.dirty++;
  if (propagation.isOn && expireAt !== NO_EXPIRY && !options.absttl) {
    propagation.instead(c, c.argc + 1);
    propagation.args(c, 0, 2);
    propagation.integer(expireAt);
    propagation.args(c, 3, c.argc);
    propagation.text("ABSTTL");
  }
  c.reply.addOk();
}

/** The value that the reader is at, in an entry for argument 1 that no dict knows. 0 after an error reply. */
function readValueOrReply(c: Client, expireAt: number): number {
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  const rdbType = reader.readByte();
  const type = typeOfRdb(rdbType);
  let made = 0;
  let ok = false;
  if (type === TYPE_STRING) {
    ok = readRdbString(reader, value);
    if (ok) {
      const { buf: bytes, off: at, len: count } = value;
      made = keyspace.strings.detachedString(buf, off[1], len[1], bytes, at, count, expireAt);
      value.set(EMPTY, 0, 0); // It may hold on to a large buffer.
    }
  } else if (type >= 0) {
    made = keyspace.detached(buf, off[1], len[1], type, expireAt);
    try {
      ok = codecOf(c.server).decoder.read(reader, rdbType, made);
    } finally {
      if (!ok) keyspace.discard(made);
    }
  }
  if (ok) return made;
  c.server.log.verbose(`RESTORE: ${rdbTypeName(rdbType)} integrity check failed`);
  c.reply.addError(BAD_DATA);
  return 0;
}

/** The access bits that the options ask for. */
function accessBits(c: Client): number {
  const { access } = c.server;
  if (access.lfu) {
    if (options.freq >= 0) return access.lfuFromCounter(options.freq);
  } else if (options.idleSeconds >= 0) return access.lruFromIdle(options.idleSeconds);
  return access.initial();
}

/** Argument 2 as unix time in ms or NO_EXPIRY, 0 when it is past. NaN after an error reply. */
function getExpiryOrReply(c: Client): number {
  const ttl = getNotNegativeOrReply(c, 2, "ERR Invalid TTL value, must be >= 0");
  if (Number.isNaN(ttl)) return NaN;
  if (ttl === 0) return NO_EXPIRY;
  if (options.absttl) return ttl;
  // A time beyond 64 bits wraps around to the past, as it does in Redis.
  const { nowMs } = c.server.keyspace;
  if (!Number.isSafeInteger(ttl) && argBigInt(c, 2) + BigInt(nowMs) > INT64_MAX) return 0;
  return ttl + nowMs;
}

/** Parses the options from argument 4 on into `options`. Returns false after an error reply. */
function parseRestoreOptions(c: Client): boolean {
  options.replace = false;
  options.absttl = false;
  options.idleSeconds = -1;
  options.freq = -1;
  for (let i = 4; i < c.argc; i++) {
    const hasNext = i + 1 < c.argc;
    if (argIs(c, i, WORD_REPLACE)) options.replace = true;
    else if (argIs(c, i, WORD_ABSTTL)) options.absttl = true;
    else if (argIs(c, i, WORD_IDLETIME) && hasNext && options.freq < 0) {
      const error = "ERR Invalid IDLETIME value, must be >= 0";
      options.idleSeconds = getNotNegativeOrReply(c, ++i, error);
      if (Number.isNaN(options.idleSeconds)) return false;
    } else if (argIs(c, i, WORD_FREQ) && hasNext && options.idleSeconds < 0) {
      const error = `ERR Invalid FREQ value, must be >= 0 and <= ${FREQ_MAX}`;
      options.freq = getNotNegativeOrReply(c, ++i, error, FREQ_MAX);
      if (Number.isNaN(options.freq)) return false;
    } else {
      c.reply.addError(SYNTAX_ERROR);
      return false;
    }
  }
  return true;
}

/** An integer from 0 to `max`; beyond 2^53 the nearest double. NaN after an error reply. */
function getNotNegativeOrReply(c: Client, index: number, error: string, max = Infinity): number {
  const integer = argInteger(c, index);
  const nearest = integer === BIG ? Number(argBigInt(c, index)) : integer;
  if (nearest >= 0 && nearest <= max) return nearest;
  c.reply.addError(Number.isNaN(nearest) ? NOT_AN_INTEGER : error);
  return NaN;
}

const restoreSpec: CommandSpec = {
  name: "restore",
  arity: -4,
  flags: WRITE | DENYOOM,
  categories: ["keyspace", "dangerous"],
  since: "2.6.0",
  group: "generic",
  complexity:
    "O(1) to create the key and O(N*M) to read its value, where N is the number of its elements and M their mean size; O(1) for small strings; O(N*M*log(N)) for sorted sets",
  summary: "Makes a key of what DUMP returned.",
  keys: [{ flags: KEY_OW | KEY_UPDATE, begin: 1, last: 0, step: 1 }],
  args: [
    { name: "key", type: "key", keySpec: 0 },
    { name: "ttl", type: "integer" },
    { name: "serialized-value", type: "string" },
    {
      name: "replace",
      type: "pure-token",
      token: "REPLACE",
      optional: true,
      since: "3.0.0",
    },
    { name: "absttl", type: "pure-token", token: "ABSTTL", optional: true, since: "5.0.0" },
    { name: "seconds", type: "integer", token: "IDLETIME", optional: true, since: "5.0.0" },
    { name: "frequency", type: "integer", token: "FREQ", optional: true, since: "5.0.0" },
  ],
  history: [
    ["3.0.0", "`REPLACE` was added."],
    ["5.0.0", "`ABSTTL` was added."],
    ["5.0.0", "`IDLETIME` and `FREQ` were added."],
  ],
  handler: restoreCommand,
};

export const dumpCommands: CommandSpec[] = [
  {
    name: "dump",
    arity: 2,
    flags: READONLY,
    categories: ["keyspace"],
    since: "2.6.0",
    group: "generic",
    complexity:
      "O(1) to find the key and O(N*M) to write its value, where N is the number of its elements and M their mean size; O(1) for small strings",
    summary: "Returns a key's value as bytes that RESTORE understands.",
    keys: [{ flags: KEY_RO | KEY_ACCESS, begin: 1, last: 0, step: 1 }],
    args: [{ name: "key", type: "key", keySpec: 0 }],
    tips: ["nondeterministic_output"],
    handler: dumpCommand,
  },
  restoreSpec,
  {
    ...restoreSpec,
    name: "restore-asking",
    flags: WRITE | DENYOOM | ASKING,
    since: "3.0.0",
    group: "server",
    syscmd: true,
    summary: "RESTORE, as the nodes of a cluster send it to each other.",
  },
];
