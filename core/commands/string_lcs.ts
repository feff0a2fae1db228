/**
 * LCS: the longest common subsequence of two strings.
 *
 * The textbook way (Wagner and Fischer, 1974): a table of the lengths for all pairs of prefixes, filled row by
 * row, then walked back from its end to find one such sequence. Which of several is found, and how it is cut
 * into matches, depends on the walk, so it goes as Redis's does: on a tie it shortens the second string.
 *
 * The table has 4 bytes for each pair of prefixes and lives until the reply is written; its size is
 * limited by proto-max-bulk-len. Time and space are the product of the lengths.
 */
import { ascii, copyBytes } from "../base/bytes.ts";
import { objectType, TYPE_STRING } from "../types/object.ts";
import { ByteRange, readString, stringLen } from "../types/t_string.ts";
import { argIs, getIntegerOrReply, SYNTAX_ERROR } from "../server/args.ts";
import type { Client } from "../server/client.ts";
import { type CommandSpec, KEY_ACCESS, KEY_RO, READONLY } from "../server/command.ts";
import { KEY_ARG } from "./string_reply.ts";

const NOT_STRINGS = "ERR The specified keys must contain string values";
const LEN_AND_IDX = "ERR If you want both the length and indexes, please just use IDX.";
const TABLE_TOO_LARGE =
  "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len";
const NO_MEMORY = "ERR Insufficient memory, failed allocating transient memory for LCS";
const IDX = ascii("idx");
const LEN = ascii("len");
const MINMATCHLEN = ascii("minmatchlen");
const WITHMATCHLEN = ascii("withmatchlen");
const CELL_BYTES = 4;

interface LcsOptions {
  lengthOnly: boolean;
  indexes: boolean;
  withMatchLen: boolean;
  /** Shorter matches are left out; 0: none is. */
  matchLenMin: number;
}

/** A stretch that both strings have: where it begins in each, and its length. */
interface Match {
  readonly aStart: number;
  readonly bStart: number;
  readonly len: number;
}

function lcsCommand(c: Client): void {
  const { keyspace, arena } = c.server;
  const { buf, off, len } = c.argv;
  const aRef = keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  const bRef = keyspace.lookupKeyRead(c.db, buf, off[2], len[2]);
  for (const ref of [aRef, bRef]) {
    if (ref === 0 || objectType(arena, ref) === TYPE_STRING) continue;
    c.reply.addError(NOT_STRINGS);
    return;
  }
  const options = parseOptionsOrReply(c);
  if (options === null) return;
  const aLen = aRef === 0 ? 0 : stringLen(arena, aRef);
  const bLen = bRef === 0 ? 0 : stringLen(arena, bRef);
  const table = allocTableOrReply(c, (aLen + 1) * (bLen + 1));
  if (table === null) return;
  const a = copyString(c, aRef, aLen);
  const b = copyString(c, bRef, bLen);
  fillTable(table, a, b);
  const length = table[table.length - 1];
  if (options.lengthOnly) c.reply.addInteger(length);
  else if (options.indexes) addMatches(c, findMatches(table, a, b, null), length, options);
  else {
    const sequence = new Uint8Array(length);
    findMatches(table, a, b, sequence);
    c.reply.addBulk(sequence, 0, length);
  }
}

function parseOptionsOrReply(c: Client): LcsOptions | null {
  const options = { lengthOnly: false, indexes: false, withMatchLen: false, matchLenMin: 0 };
  for (let i = 3; i < c.argc; i++) {
    if (argIs(c, i, IDX)) options.indexes = true;
    else if (argIs(c, i, LEN)) options.lengthOnly = true;
    else if (argIs(c, i, WITHMATCHLEN)) options.withMatchLen = true;
    else if (argIs(c, i, MINMATCHLEN) && i + 1 < c.argc) {
      options.matchLenMin = getIntegerOrReply(c, ++i);
      if (Number.isNaN(options.matchLenMin)) return null;
    } else {
      c.reply.addError(SYNTAX_ERROR);
      return null;
    }
  }
  if (options.lengthOnly && options.indexes) {
    c.reply.addError(LEN_AND_IDX);
    return null;
  }
  return options;
}

function allocTableOrReply(c: Client, cells: number): Uint32Array | null {
  if (cells * CELL_BYTES > c.server.protoMaxBulkLen) {
    c.reply.addError(TABLE_TOO_LARGE);
    return null;
  }
  try {
    return new Uint32Array(cells);
  } catch {
    c.reply.addError(NO_MEMORY);
    return null;
  }
}

/** The string in an array of its own, whose elements are read faster than the arena's. */
function copyString(c: Client, ref: number, len: number): Uint8Array {
  const bytes = new Uint8Array(len);
  if (ref !== 0) {
    const range = new ByteRange();
    readString(c.server.arena, ref, range);
    copyBytes(bytes, 0, range.buf, range.off, len);
  }
  return bytes;
}

/** Cell i * (b.length + 1) + j gets the length for the first i bytes of `a` and the first j of `b`. */
function fillTable(table: Uint32Array, a: Uint8Array, b: Uint8Array): void {
  const width = b.length + 1;
  for (let i = 1; i <= a.length; i++) {
    const byte = a[i - 1];
    const row = i * width;
    let left = 0;
    let aboveLeft = 0;
    for (let j = 1; j < width; j++) {
      const above = table[row - width + j];
      if (byte === b[j - 1]) left = aboveLeft + 1;
      else if (above > left) left = above;
      table[row + j] = left;
      aboveLeft = above;
    }
  }
}

/**
 * Walks back through the table. Returns the matches, last one first; the sequence itself is written to
 * `sequence`, unless null, which has its length.
 */
function findMatches(
  table: Uint32Array,
  a: Uint8Array,
  b: Uint8Array,
  sequence: Uint8Array | null,
): Match[] {
  const width = b.length + 1;
  const matches: Match[] = [];
  let i = a.length;
  let j = b.length;
  let at = table[table.length - 1];
  /** Length of the match that ends here: its bytes are those from i in `a` and from j in `b`. */
  let open = 0;
  while (i > 0 && j > 0) {
    if (a[i - 1] === b[j - 1]) {
      i--;
      j--;
      open++;
      if (sequence !== null) sequence[--at] = a[i];
      continue;
    }
    if (open > 0) matches.push({ aStart: i, bStart: j, len: open });
    open = 0;
    if (table[(i - 1) * width + j] > table[i * width + j - 1]) i--;
    else j--;
  }
  if (open > 0) matches.push({ aStart: i, bStart: j, len: open });
  return matches;
}

function addMatches(c: Client, matches: Match[], length: number, options: LcsOptions): void {
  const { reply } = c;
  const shown = matches.filter((match) => match.len >= options.matchLenMin);
  reply.addMap(2);
  reply.addBulkString("matches");
  reply.addArray(shown.length);
  for (const { aStart, bStart, len } of shown) {
    reply.addArray(options.withMatchLen ? 3 : 2);
    for (const start of [aStart, bStart]) {
      reply.addArray(2);
      reply.addInteger(start);
      reply.addInteger(start + len - 1);
    }
    if (options.withMatchLen) reply.addInteger(len);
  }
  reply.addBulkString("len");
  reply.addInteger(length);
}

export const lcsCommands: CommandSpec[] = [
  {
    name: "lcs",
    arity: -3,
    flags: READONLY,
    categories: ["string"],
    since: "7.0.0",
    group: "string",
    complexity: "O(N*M) where N and M are the lengths of the two strings",
    summary: "Finds the longest common subsequence of two strings.",
    keys: [{ flags: KEY_RO | KEY_ACCESS, begin: 1, last: 1, step: 1 }],
    args: [
      { ...KEY_ARG, name: "key1" },
      { ...KEY_ARG, name: "key2" },
      { name: "len", type: "pure-token", token: "LEN", optional: true },
      { name: "idx", type: "pure-token", token: "IDX", optional: true },
      { name: "min-match-len", type: "integer", token: "MINMATCHLEN", optional: true },
      { name: "withmatchlen", type: "pure-token", token: "WITHMATCHLEN", optional: true },
    ],
    handler: lcsCommand,
  },
];
