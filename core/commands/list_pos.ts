/**
 * LPOS: where in a list an element is.
 */
import { ascii } from "../base/bytes.ts";
import { TYPE_LIST } from "../types/object.ts";
import {
  argIs,
  getRangeOrReply,
  getSignedCountOrReply,
  isTypeOrReply,
  SYNTAX_ERROR,
} from "../server/args.ts";
import type { Client } from "../server/client.ts";
import { type CommandSpec, KEY_ACCESS, KEY_RO, READONLY } from "../server/command.ts";
import { ELEMENT_ARG } from "./list_reply.ts";
import { KEY_ARG, oneKey } from "./string_reply.ts";

const RANK = ascii("rank");
const COUNT = ascii("count");
const MAXLEN = ascii("maxlen");
const RANK_IS_ZERO =
  "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... " +
  "or use negative to start from the end of the list";
const COUNT_NEGATIVE = "ERR COUNT can't be negative";
const MAXLEN_NEGATIVE = "ERR MAXLEN can't be negative";
/** COUNT was not given. */
const NO_COUNT = -1;

const options = { rank: 1, count: NO_COUNT, maxlen: 0 };
/** What was found, as the reply begins with its number. */
const indexes: number[] = [];

function lposCommand(c: Client): void {
  if (!parseOptions(c)) return;
  const { rank, count, maxlen } = options;
  const { keyspace } = c.server;
  const { lists } = keyspace.values;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  if (!isTypeOrReply(c, ref, TYPE_LIST)) return;
  const max = count === NO_COUNT ? 1 : count === 0 ? Infinity : count;
  indexes.length = 0;
  if (ref !== 0) {
    const total = lists.length(ref);
    lists.beginSearch(ref, rank > 0, maxlen === 0 ? Infinity : maxlen);
    for (let skipped = Math.abs(rank) - 1; indexes.length < max;) {
      const at = lists.nextFound(buf, off[2], len[2]);
      if (at < 0) break;
      if (skipped > 0) skipped--;
      else indexes.push(rank > 0 ? at : total - 1 - at);
    }
  }
  if (count !== NO_COUNT) {
    c.reply.addArray(indexes.length);
    for (let i = 0; i < indexes.length; i++) c.reply.addInteger(indexes[i]);
  } else if (indexes.length > 0) c.reply.addInteger(indexes[0]);
  else c.reply.addNull();
}

/** Reads the options into `options`. False after an error reply. */
function parseOptions(c: Client): boolean {
  options.rank = 1;
  options.count = NO_COUNT;
  options.maxlen = 0;
  for (let i = 3; i < c.argc; i += 2) {
    if (i + 1 >= c.argc) return refuse(c, SYNTAX_ERROR);
    if (argIs(c, i, RANK)) {
      options.rank = getSignedCountOrReply(c, i + 1);
      if (Number.isNaN(options.rank)) return false;
      if (options.rank === 0) return refuse(c, RANK_IS_ZERO);
    } else if (argIs(c, i, COUNT)) {
      options.count = getRangeOrReply(c, i + 1, 0, Infinity, COUNT_NEGATIVE);
      if (Number.isNaN(options.count)) return false;
    } else if (argIs(c, i, MAXLEN)) {
      options.maxlen = getRangeOrReply(c, i + 1, 0, Infinity, MAXLEN_NEGATIVE);
      if (Number.isNaN(options.maxlen)) return false;
    } else return refuse(c, SYNTAX_ERROR);
  }
  return true;
}

function refuse(c: Client, error: string): boolean {
  c.reply.addError(error);
  return false;
}

export const posCommands: CommandSpec[] = [
  {
    name: "lpos",
    arity: -3,
    flags: READONLY,
    categories: ["list"],
    since: "6.0.6",
    group: "list",
    complexity:
      "O(N) where N is the number of elements looked at, up to the length of the list or `MAXLEN`",
    summary: "Finds an element in a list and returns its index.",
    keys: oneKey(KEY_RO | KEY_ACCESS),
    args: [
      KEY_ARG,
      ELEMENT_ARG,
      { name: "rank", type: "integer", token: "RANK", optional: true },
      { name: "num-matches", type: "integer", token: "COUNT", optional: true },
      { name: "len", type: "integer", token: "MAXLEN", optional: true },
    ],
    handler: lposCommand,
  },
];
