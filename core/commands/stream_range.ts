/**
 * Stream commands that read a range of entries: XLEN XRANGE XREVRANGE.
 */
import { ascii } from "../base/bytes.ts";
import { argIs, getIntegerOrReply, SYNTAX_ERROR } from "../server/args.ts";
import type { Client } from "../server/client.ts";
import { type CommandSpec, FAST, KEY_RO, READONLY } from "../server/command.ts";
import {
  addEntries,
  COUNT_ARG,
  getRangeEndsOrReply,
  range,
  readingOneKey,
  streamOrReply,
  streamsOf,
} from "./stream_args.ts";
import { KEY_ARG, oneKey } from "./string_reply.ts";

const WORD_COUNT = ascii("count");

function xlenCommand(c: Client): void {
  const { buf, off, len } = c.argv;
  const ref = c.server.keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  if (ref === 0) {
    c.reply.addInteger(0);
    return;
  }
  const stream = streamOrReply(c, ref);
  if (stream !== 0) c.reply.addInteger(streamsOf(c).lengthOf(stream));
}

function xrangeCommand(c: Client): void {
  addRange(c, 2, 3, false);
}

function xrevrangeCommand(c: Client): void {
  addRange(c, 3, 2, true);
}

function addRange(c: Client, startIndex: number, endIndex: number, isReverse: boolean): void {
  if (!getRangeEndsOrReply(c, startIndex, endIndex)) return;
  // Infinity: no COUNT given.
  let count = Infinity;
  for (let i = 4; i < c.argc; i += 2) {
    if (i + 1 === c.argc || !argIs(c, i, WORD_COUNT)) {
      c.reply.addError(SYNTAX_ERROR);
      return;
    }
    count = getIntegerOrReply(c, i + 1);
    if (Number.isNaN(count)) return;
  }
  const { buf, off, len } = c.argv;
  const ref = c.server.keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  if (ref === 0) {
    c.reply.addArray(0);
    return;
  }
  const stream = streamOrReply(c, ref);
  if (stream === 0) return;
  if (count <= 0) c.reply.addNullArray();
  else addEntries(c.reply, streamsOf(c), stream, range.start, range.end, count, isReverse);
}

export const streamRangeCommands: CommandSpec[] = [
  {
    ...readingOneKey({
      name: "xlen",
      arity: 2,
      flags: READONLY | FAST,
      since: "5.0.0",
      complexity: "O(1)",
      summary: "Tells how many entries a stream has.",
      args: [KEY_ARG],
      handler: xlenCommand,
    }),
    keys: oneKey(KEY_RO),
  },
  readingOneKey({
    name: "xrange",
    arity: -4,
    flags: READONLY,
    since: "5.0.0",
    complexity:
      "O(N), where N is the number of entries returned; with a constant COUNT that is O(1)",
    summary: "Returns the entries of a stream within a range of IDs.",
    history: [["6.2.0", "Ranges may leave their ends out."]],
    args: [
      KEY_ARG,
      { name: "start", type: "string" },
      { name: "end", type: "string" },
      COUNT_ARG,
    ],
    handler: xrangeCommand,
  }),
  readingOneKey({
    name: "xrevrange",
    arity: -4,
    flags: READONLY,
    since: "5.0.0",
    complexity:
      "O(N), where N is the number of entries returned; with a constant COUNT that is O(1)",
    summary: "Returns the entries of a stream within a range of IDs, the last one first.",
    history: [["6.2.0", "Ranges may leave their ends out."]],
    args: [
      KEY_ARG,
      { name: "end", type: "string" },
      { name: "start", type: "string" },
      COUNT_ARG,
    ],
    handler: xrevrangeCommand,
  }),
];
