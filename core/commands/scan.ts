/**
 * SCAN and KEYS: the commands that walk a database.
 *
 * A cursor is the dict's, 32 bits (structures/dict.ts says what is guaranteed). Clients may send any
 * unsigned 64-bit number, of which the low 32 bits count, as the low bits do in Redis.
 *
 * Both collect refs of entries and write the reply from them, since the reply begins with their number.
 * The list is kept for the next call unless KEYS of a large database has blown it up.
 */
import { ascii, indexOfByte, latin1, type ReadonlyBytes } from "../base/bytes.ts";
import { globMatch } from "../base/glob.ts";
import { BIG, parseBigInt64, parseInteger } from "../base/numbers.ts";
import { RefList } from "../base/ref_list.ts";
import { objectType, TYPE_HASH, TYPE_NAMES } from "../types/object.ts";
import { scanTable } from "../types/scan_source.ts";
import { ByteRange } from "../types/t_string.ts";
import { argIs, getIntegerOrReply, SYNTAX_ERROR } from "../server/args.ts";
import type { Client } from "../server/client.ts";
import { type CommandSpec, READONLY, TOUCHES_ARBITRARY_KEYS } from "../server/command.ts";

/** Entries a list may have room for while nobody uses it: 256 KiB. */
const KEPT_REFS_MAX = 1 << 16;
const COUNT_DEFAULT = 10;
const UINT64_MAX = 2n ** 64n - 1n;

const WORD_COUNT = ascii("count");
const WORD_MATCH = ascii("match");
const WORD_TYPE = ascii("type");
const WORD_NOVALUES = ascii("novalues");
const TYPE_WORDS = TYPE_NAMES.map((name) => ascii(name));
/** Of no type in particular; as what is scanned, a database. */
const TYPE_ANY = -1;
/** The type nobody has heard of. No key is of it, and Redis answers just that. */
const TYPE_UNKNOWN = -2;

const STAR = 0x2a;

/** What `getScanOptionsOrReply` found, valid until its next call. `match` is the pattern's argument or 0. */
export const scanOptions = { count: COUNT_DEFAULT, match: 0, type: TYPE_ANY, noValues: false };

let found = new RefList();
const key = new ByteRange();

function scanCommand(c: Client): void {
  const start = getCursorOrReply(c, 1);
  if (Number.isNaN(start)) return;
  if (!getScanOptionsOrReply(c, 2, TYPE_ANY)) return;
  found.clear();
  const cursor = scanTable(c.db.keys, start, scanOptions.count, found);
  if (scanOptions.match !== 0) keepMatching(c, scanOptions.match, 0);
  keepLive(c);
  c.reply.addArray(2);
  c.reply.addBulkInteger(cursor);
  addFoundKeys(c);
}

function keysCommand(c: Client): void {
  const { keyspace } = c.server;
  const { keys } = c.db;
  const { buf, off, len } = c.argv;
  const matchesAll = len[1] === 1 && buf[off[1]] === STAR;
  found.clear();
  if (isLiteral(buf, off[1], len[1])) {
    const ref = keys.find(keyspace.hashKey(buf, off[1], len[1]), buf, off[1], len[1]);
    if (ref !== 0) found.push(ref);
  } else {
    let cursor = 0;
    do {
      const from = found.length;
      cursor = keys.scan(cursor, found);
      if (!matchesAll) keepMatching(c, 1, from);
    } while (cursor !== 0);
  }
  let kept = 0;
  for (let i = 0; i < found.length; i++) {
    const ref = found.refs[i];
    if (!keyspace.isExpired(ref)) found.refs[kept++] = ref;
  }
  found.length = kept;
  addFoundKeys(c);
}

/** The cursor in an argument. NaN after an error reply. */
export function getCursorOrReply(c: Client, index: number): number {
  const { buf, off, len } = c.argv;
  const cursor = parseCursor(buf, off[index], len[index]);
  if (Number.isNaN(cursor)) c.reply.addError("ERR invalid cursor");
  return cursor;
}

/**
 * A cursor, of whose 64 bits the low 32 remain; NaN when it is none. Beside plain numbers this takes what
 * C's strtoull does, because Redis does: blanks in front, a sign, leading zeros, the end at a zero byte.
 */
function parseCursor(buf: ReadonlyBytes, off: number, len: number): number {
  const zero = indexOfByte(buf, 0, off, off + len);
  if (zero >= 0) len = zero - off;
  const value = parseInteger(buf, off, len);
  if (value >= 0 && value !== BIG) return value % 2 ** 32;
  if (value === BIG) {
    const big = parseBigInt64(buf, off, len);
    return big < 0n ? NaN : Number(big & 0xffffffffn);
  }
  if (value < 0) return NaN;
  const match = /^[ \t-\r]*([+-]?)(\d+)$/.exec(latin1(buf, off, len));
  if (match === null) return NaN;
  const magnitude = BigInt(match[2]);
  if (magnitude > UINT64_MAX) return NaN;
  return Number(BigInt.asUintN(32, match[1] === "-" ? -magnitude : magnitude));
}

/**
 * The options from argument `first` on, into `scanOptions`: those of SCAN with TYPE_ANY, of the commands that
 * scan a value with its type. False after an error reply.
 */
export function getScanOptionsOrReply(c: Client, first: number, scanned: number): boolean {
  const options = scanOptions;
  options.count = COUNT_DEFAULT;
  options.match = 0;
  options.type = TYPE_ANY;
  options.noValues = false;
  for (let i = first; i < c.argc; i += 2) {
    const hasValue = i + 1 < c.argc;
    if (hasValue && argIs(c, i, WORD_COUNT)) {
      options.count = getIntegerOrReply(c, i + 1);
      if (Number.isNaN(options.count)) return false;
      if (options.count < 1) {
        c.reply.addError(SYNTAX_ERROR);
        return false;
      }
    } else if (hasValue && argIs(c, i, WORD_MATCH)) {
      const { buf, off, len } = c.argv;
      // A lone star is no filter: as a pattern it would leave the empty key out.
      options.match = len[i + 1] === 1 && buf[off[i + 1]] === STAR ? 0 : i + 1;
    } else if (hasValue && scanned === TYPE_ANY && argIs(c, i, WORD_TYPE)) {
      options.type = typeByName(c, i + 1);
    } else if (scanned === TYPE_HASH && argIs(c, i, WORD_NOVALUES)) {
      options.noValues = true;
      i--; // This one has no value behind it.
    } else {
      c.reply.addError(
        argIs(c, i, WORD_NOVALUES) ? "ERR NOVALUES option can only be used in HSCAN" : SYNTAX_ERROR,
      );
      return false;
    }
  }
  return true;
}

function typeByName(c: Client, index: number): number {
  for (let type = 0; type < TYPE_WORDS.length; type++) {
    if (TYPE_NAMES[type] !== "module" && argIs(c, index, TYPE_WORDS[type])) return type;
  }
  return TYPE_UNKNOWN;
}

/** Drops from `found`, from place `from` on, what doesn't match the pattern in argument `index`. */
function keepMatching(c: Client, index: number, from: number): void {
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  let kept = from;
  for (let i = from; i < found.length; i++) {
    const ref = found.refs[i];
    keyspace.readKey(ref, key);
    if (globMatch(buf, off[index], len[index], key.buf, key.off, key.len, false)) {
      found.refs[kept++] = ref;
    }
  }
  found.length = kept;
}

/**
 * Drops dead keys from `found`, which removes them, and keys of another type than asked for. Looking at the
 * type counts as a hit or a miss, in Redis as here.
 */
function keepLive(c: Client): void {
  const { keyspace, arena } = c.server;
  const { type } = scanOptions;
  let kept = 0;
  for (let i = 0; i < found.length; i++) {
    const ref = found.refs[i];
    if (keyspace.isExpired(ref)) {
      keyspace.expireEntry(c.db, ref);
      if (type !== TYPE_ANY) keyspace.misses++;
      continue;
    }
    if (type !== TYPE_ANY) {
      keyspace.hits++;
      if (objectType(arena, ref) !== type) continue;
    }
    found.refs[kept++] = ref;
  }
  found.length = kept;
}

/** Replies an array of the keys in `found`. */
function addFoundKeys(c: Client): void {
  const { keyspace } = c.server;
  const { length, refs } = found;
  c.reply.addArray(length);
  for (let i = 0; i < length; i++) {
    keyspace.readKey(refs[i], key);
    c.reply.addBulk(key.buf, key.off, key.len);
  }
  if (refs.length > KEPT_REFS_MAX) found = new RefList();
}

/** Whether a pattern matches just itself. */
function isLiteral(buf: ReadonlyBytes, off: number, len: number): boolean {
  for (let i = off; i < off + len; i++) {
    const byte = buf[i];
    // * ? [ \
    if (byte === STAR || byte === 0x3f || byte === 0x5b || byte === 0x5c) return false;
  }
  return true;
}

export const scanCommands: CommandSpec[] = [
  {
    name: "scan",
    arity: -2,
    flags: READONLY | TOUCHES_ARBITRARY_KEYS,
    categories: ["keyspace"],
    since: "2.8.0",
    group: "generic",
    complexity: "O(1) per call; O(N) from cursor 0 to cursor 0, N being the number of keys",
    summary: "Walks the keys of the database a few at a time.",
    history: [["6.0.0", "The option TYPE."]],
    args: [
      { name: "cursor", type: "integer" },
      { name: "pattern", type: "pattern", token: "MATCH", optional: true },
      { name: "count", type: "integer", token: "COUNT", optional: true },
      { name: "type", type: "string", token: "TYPE", since: "6.0.0", optional: true },
    ],
    tips: ["nondeterministic_output", "request_policy:special", "response_policy:special"],
    handler: scanCommand,
  },
  {
    name: "keys",
    arity: 2,
    flags: READONLY,
    categories: ["keyspace", "dangerous"],
    since: "1.0.0",
    group: "generic",
    complexity: "O(N), N being the number of keys in the database",
    summary: "Lists all keys that match a pattern.",
    args: [{ name: "pattern", type: "pattern" }],
    tips: ["request_policy:all_shards", "nondeterministic_output_order"],
    handler: keysCommand,
  },
];
