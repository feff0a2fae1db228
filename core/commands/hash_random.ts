/**
 * HRANDFIELD; how fields are chosen is said in random_reply.ts. A listpack is always walked. Expired fields are
 * removed first, so that none can be drawn.
 */
import { ascii } from "../base/bytes.ts";
import { ENC_HASHTABLE, ENC_HASHTABLE_EX, objectEncoding } from "../types/object.ts";
import { PlaceSet } from "../types/place_set.ts";
import type { Client } from "../server/client.ts";
import { type CommandSpec, KEY_ACCESS, KEY_RO, READONLY } from "../server/command.ts";
import { lookupHashOrReply } from "./hash_reply.ts";
import { DRAW_FACTOR, getDrawCountOrReply, isReplyLost, REPLY_SLICE } from "./random_reply.ts";
import { KEY_ARG, oneKey } from "./string_reply.ts";
import { addPairsHead } from "./zset_args.ts";

const WITHVALUES = ascii("withvalues");

/** Places that came up, while fields are drawn. */
const drawn = new PlaceSet();

function hrandfieldCommand(c: Client): void {
  if (c.argc > 2) {
    replySeveral(c);
    return;
  }
  const ref = lookupHashOrReply(c);
  if (ref < 0) return;
  const { keyspace } = c.server;
  const { walk } = keyspace.values.hashes;
  if (ref === 0 || keyspace.fields.expireAll(c.db, ref)) c.reply.addNull();
  else {
    walk.random(ref);
    c.reply.addBulk(walk.field.buf, walk.field.off, walk.field.len);
  }
}

function replySeveral(c: Client): void {
  const count = getDrawCountOrReply(c, WITHVALUES);
  if (Number.isNaN(count)) return;
  const withValues = c.argc > 3;
  const ref = lookupHashOrReply(c);
  if (ref < 0) return;
  const { keyspace, arena } = c.server;
  if (ref === 0 || keyspace.fields.expireAll(c.db, ref) || count === 0) {
    c.reply.addArray(0);
    return;
  }
  const length = keyspace.values.hashes.length(ref);
  const encoding = objectEncoding(arena, ref);
  const isTable = encoding === ENC_HASHTABLE || encoding === ENC_HASHTABLE_EX;
  if (count < 0) replyDraws(c, ref, -count, withValues);
  else if (count >= length) replyChoice(c, ref, length, length, withValues);
  else if (isTable && count * DRAW_FACTOR <= length) replyDifferent(c, ref, count, withValues);
  else replyChoice(c, ref, count, length, withValues);
}

/** So many draws. */
function replyDraws(c: Client, ref: number, count: number, withValues: boolean): void {
  const { walk } = c.server.keyspace.values.hashes;
  addPairsHead(c, count, withValues);
  for (let left = count; left > 0; left--) {
    walk.random(ref);
    addField(c, withValues);
    if (left % REPLY_SLICE === 0 && isReplyLost(c)) return;
  }
}

/** `count` of the `length` fields, in order. */
function replyChoice(
  c: Client,
  ref: number,
  count: number,
  length: number,
  withValues: boolean,
): void {
  const { prng } = c.server;
  const { walk } = c.server.keyspace.values.hashes;
  addPairsHead(c, count, withValues);
  let wanted = count;
  walk.start(ref);
  for (let left = length; wanted > 0 && walk.next(); left--) {
    if (wanted < left && prng.nextBelow(left) >= wanted) continue;
    addField(c, withValues);
    wanted--;
  }
}

/** `count` different fields, far fewer than there are. */
function replyDifferent(c: Client, ref: number, count: number, withValues: boolean): void {
  const { walk } = c.server.keyspace.values.hashes;
  addPairsHead(c, count, withValues);
  drawn.reset(count);
  for (let left = count; left > 0;) {
    walk.random(ref);
    if (!drawn.add(walk.place)) continue;
    addField(c, withValues);
    left--;
  }
}

/** The field that the walk is at, with its value if asked for: in RESP3 as a pair. */
function addField(c: Client, withValue: boolean): void {
  const { field, value } = c.server.keyspace.values.hashes.walk;
  if (withValue && c.reply.resp > 2) c.reply.addArray(2);
  c.reply.addBulk(field.buf, field.off, field.len);
  if (withValue) c.reply.addBulk(value.buf, value.off, value.len);
}

export const hashRandomCommands: CommandSpec[] = [
  {
    name: "hrandfield",
    arity: -2,
    flags: READONLY,
    categories: ["hash"],
    since: "6.2.0",
    group: "hash",
    complexity: "O(N), N being the number of fields returned",
    summary: "Returns fields of a hash chosen at random.",
    keys: oneKey(KEY_RO | KEY_ACCESS),
    args: [
      KEY_ARG,
      {
        name: "options",
        type: "block",
        optional: true,
        args: [
          { name: "count", type: "integer" },
          { name: "withvalues", type: "pure-token", token: "WITHVALUES", optional: true },
        ],
      },
    ],
    tips: ["nondeterministic_output"],
    handler: hrandfieldCommand,
  },
];
