/**
 * HINCRBY and HINCRBYFLOAT: fields that are numbers. A field keeps its expiry.
 *
 * Arithmetic as in string_numbers.ts: doubles within 2^53, otherwise BigInt; long doubles in software.
 */
import { isFiniteLongDouble, type LongDouble, parseLongDouble } from "../base/long_double.ts";
import { BIG, formatBigInt64, formatInteger, INTEGER_TEXT_LEN_MAX } from "../base/numbers.ts";
import { NO_EXPIRY, TYPE_HASH } from "../types/object.ts";
import {
  argBigInt,
  argInteger,
  isTypeOrReply,
  NOT_A_FLOAT,
  NOT_AN_INTEGER,
} from "../server/args.ts";
import { keyModified, notify, NOTIFY_HASH } from "../server/changes.ts";
import type { Client } from "../server/client.ts";
import {
  type CommandSpec,
  DENYOOM,
  FAST,
  KEY_ACCESS,
  KEY_RW,
  KEY_UPDATE,
  WRITE,
} from "../server/command.ts";
import { FIELD_ARG, FIELD_LIVE, findField, HASH_GONE } from "./hash_reply.ts";
import { isInt64OrReply, sumTextOrReply, ZERO } from "./increments.ts";
import { KEY_ARG, oneKey } from "./string_reply.ts";

const digits = new Uint8Array(INTEGER_TEXT_LEN_MAX);

function hincrbyCommand(c: Client): void {
  const delta = argInteger(c, 3);
  if (Number.isNaN(delta)) {
    c.reply.addError(NOT_AN_INTEGER);
    return;
  }
  const { keyspace } = c.server;
  const { hashes } = keyspace.values;
  const { buf, off, len } = c.argv;
  let ref = keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (!isTypeOrReply(c, ref, TYPE_HASH)) return;
  const found = ref === 0 ? HASH_GONE : findField(c, ref, 2);
  if (found === HASH_GONE) ref = 0;
  const old = found === FIELD_LIVE ? hashes.foundInteger(ref) : 0;
  if (Number.isNaN(old)) {
    c.reply.addError("ERR hash value is not an integer");
    return;
  }
  const sum = old + delta; // Infinite when either is BIG.
  if (Number.isSafeInteger(sum)) {
    storeText(c, ref, digits, formatInteger(digits, 0, sum), "hincrby");
    c.reply.addInteger(sum);
    return;
  }
  const oldBig = found === FIELD_LIVE ? hashes.foundBigInt(ref) : 0n;
  const bigSum = oldBig + (delta === BIG ? argBigInt(c, 3) : BigInt(delta));
  if (!isInt64OrReply(c, bigSum)) return;
  storeText(c, ref, digits, formatBigInt64(digits, 0, bigSum), "hincrby");
  c.reply.addBigInteger(bigSum);
}

function hincrbyfloatCommand(c: Client): void {
  const { keyspace } = c.server;
  const { hashes } = keyspace.values;
  const { buf, off, len } = c.argv;
  const delta = parseLongDouble(buf, off[3], len[3]);
  if (delta === null || !isFiniteLongDouble(delta)) {
    c.reply.addError(delta === null ? NOT_A_FLOAT : "ERR value is NaN or Infinity");
    return;
  }
  let ref = keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (!isTypeOrReply(c, ref, TYPE_HASH)) return;
  const found = ref === 0 ? HASH_GONE : findField(c, ref, 2);
  if (found === HASH_GONE) ref = 0;
  let old: LongDouble | null = ZERO;
  if (found === FIELD_LIVE) {
    hashes.readFound(ref);
    const { value } = hashes;
    old = parseLongDouble(value.buf, value.off, value.len);
  }
  if (old === null) {
    c.reply.addError("ERR hash value is not a float");
    return;
  }
  const text = sumTextOrReply(c, old, delta);
  if (text === null) return;
  const expireAt = found === FIELD_LIVE ? hashes.foundExpiry(ref) : NO_EXPIRY;
  storeText(c, ref, text, text.length, "hincrbyfloat");
  if (c.server.propagation.isOn) propagateText(c, text, expireAt);
  c.reply.addBulk(text, 0, text.length);
}

/** The field in argument 2 is that text. HSET takes its expiry away, so it is given back (Redis forgets that). */
function propagateText(c: Client, text: Uint8Array, expireAt: number): void {
  const { propagation } = c.server;
  propagation.instead(c, 4);
  propagation.text("HSET");
  propagation.args(c, 1, 3);
  propagation.bytes(text, 0, text.length);
  if (expireAt === NO_EXPIRY) return;
  propagation.begin(c.db, 6);
  propagation.text("HPEXPIREAT");
  propagation.arg(c, 1);
  propagation.integer(expireAt);
  propagation.text("FIELDS");
  propagation.text("1");
  propagation.arg(c, 2);
}

/** Makes the field in argument 2 a text, in a new hash if there is none (0), and tells of it. */
function storeText(c: Client, ref: number, text: Uint8Array, textLen: number, event: string): void {
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  if (ref === 0) ref = keyspace.create(c.db, buf, off[1], len[1], TYPE_HASH);
  keyspace.values.hashes.setKeepingExpiry(ref, buf, off[2], len[2], text, 0, textLen);
  keyModified(c, 1);
  notify(c, NOTIFY_HASH, event, 1);
  c.server.dirty++;
}

const KEYS = oneKey(KEY_RW | KEY_ACCESS | KEY_UPDATE);

export const hashNumberCommands: CommandSpec[] = [
  {
    name: "hincrby",
    arity: 4,
    flags: WRITE | DENYOOM | FAST,
    categories: ["hash"],
    since: "2.0.0",
    group: "hash",
    complexity: "O(1)",
    summary: "Adds to the integer in a field of a hash, which counts as 0 when there is none.",
    keys: KEYS,
    args: [KEY_ARG, FIELD_ARG, { name: "increment", type: "integer" }],
    memberArg: 2,
    handler: hincrbyCommand,
  },
  {
    name: "hincrbyfloat",
    arity: 4,
    flags: WRITE | DENYOOM | FAST,
    categories: ["hash"],
    since: "2.6.0",
    group: "hash",
    complexity: "O(1)",
    summary:
      "Adds to the decimal number in a field of a hash, which counts as 0 when there is none.",
    keys: KEYS,
    args: [KEY_ARG, FIELD_ARG, { name: "increment", type: "double" }],
    memberArg: 2,
    handler: hincrbyfloatCommand,
  },
];
