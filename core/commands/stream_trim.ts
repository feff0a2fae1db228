/**
 * XTRIM, and the options that XADD shares with it: MAXLEN, MINID, LIMIT.
 */
import { ascii } from "../base/bytes.ts";
import { ID_INVALID, ID_OK, parseStreamId, StreamId } from "../base/stream_id.ts";
import { argIs, getIntegerOrReply, SYNTAX_ERROR } from "../server/args.ts";
import { keyModified, notify, NOTIFY_STREAM } from "../server/changes.ts";
import type { Client } from "../server/client.ts";
import { type ArgSpec, type CommandSpec, KEY_DELETE, KEY_RW, WRITE } from "../server/command.ts";
import {
  addInvalidId,
  argIsChar,
  getIdOrReply,
  MAX_ID,
  streamOrReply,
  streamsOf,
} from "./stream_args.ts";
import { propagateId } from "./stream_propagate.ts";
import { KEY_ARG, oneKey } from "./string_reply.ts";

const WORD_MAXLEN = ascii("maxlen");
const WORD_MINID = ascii("minid");
const WORD_LIMIT = ascii("limit");
const WORD_NOMKSTREAM = ascii("nomkstream");
const STAR = 0x2a;
const TILDE = 0x7e;
const EQUAL = 0x3d;
/** Nodes that an approximate trimming without LIMIT looks at; and limits for odd sizes of nodes. */
const NODES_MAX = 100;
const LIMIT_UNKNOWN = 10_000;
const LIMIT_MAX = 1_000_000;

export const TRIM_NONE = 0;
export const TRIM_LENGTH = 1;
export const TRIM_ID = 2;

/** What `parseTrimOrReply` found. The id is XADD's: what was given of it, if anything. */
export const trim = {
  strategy: TRIM_NONE,
  /** Argument that says to which length or id. */
  limitIndex: 0,
  maxLength: 0,
  minId: new StreamId(),
  isApprox: false,
  limit: 0,
  noMkstream: false,
  id: new StreamId(),
  isIdGiven: false,
  isSeqGiven: false,
};

const firstId = new StreamId();

function xtrimCommand(c: Client): void {
  if (parseTrimOrReply(c, false) < 0) return;
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (ref === 0) {
    c.reply.addInteger(0);
    return;
  }
  const stream = streamOrReply(c, ref);
  if (stream === 0) return;
  const deleted = trimStream(c, stream);
  if (deleted > 0) {
    notify(c, NOTIFY_STREAM, "xtrim", 1);
    keyModified(c, 1);
    c.server.dirty += deleted;
    const { propagation } = c.server;
    if (propagation.isOn && trim.isApprox) {
      propagation.instead(c, c.argc);
      propagateTrim(c, stream, 0, c.argc);
    }
  }
  c.reply.addInteger(deleted);
}

/** Trims a stream as `trim` says. Returns how many entries were removed. */
export function trimStream(c: Client, stream: number): number {
  const { strategy, maxLength, minId, isApprox, limit } = trim;
  const length = strategy === TRIM_LENGTH ? maxLength : -1;
  return streamsOf(c).trim(stream, length, minId, isApprox, limit);
}

/**
 * Adds the request's arguments from `first` up to `end`. Where it says how to trim approximately, that becomes what was
 * achieved.
 */
export function propagateTrim(c: Client, stream: number, first: number, end: number): void {
  const { propagation } = c.server;
  if (!trim.isApprox) return propagation.args(c, first, end);
  const { limitIndex, strategy } = trim;
  propagation.args(c, first, limitIndex - 1);
  propagation.text("=");
  const streams = streamsOf(c);
  if (strategy === TRIM_LENGTH) propagation.integer(streams.lengthOf(stream));
  else if (streams.lengthOf(stream) === 0) propagateId(c, MAX_ID);
  else {
    streams.firstId(stream, firstId);
    propagateId(c, firstId);
  }
  propagation.args(c, limitIndex + 1, end);
}

/**
 * Reads the options from argument 2 on into `trim`; XADD's end at the id. Returns the index of that, -1 after
 * an error reply.
 */
export function parseTrimOrReply(c: Client, isXadd: boolean): number {
  trim.strategy = TRIM_NONE;
  trim.isApprox = false;
  trim.limit = 0;
  trim.noMkstream = false;
  trim.isIdGiven = false;
  trim.isSeqGiven = false;
  if (isXadd && argIsChar(c, 2, STAR)) return 2;
  let isLimitGiven = false;
  let i = 2;
  for (; i < c.argc; i++) {
    const hasNext = i + 1 < c.argc;
    if (isXadd && argIsChar(c, i, STAR)) break;
    const isLength = argIs(c, i, WORD_MAXLEN);
    if (hasNext && (isLength || argIs(c, i, WORD_MINID))) {
      i = parseStrategyOrReply(c, i, isLength);
      if (i < 0) return -1;
    } else if (hasNext && argIs(c, i, WORD_LIMIT)) {
      if (!parseNotNegativeOrReply(c, ++i, "LIMIT")) return -1;
      isLimitGiven = true;
    } else if (isXadd && argIs(c, i, WORD_NOMKSTREAM)) {
      trim.noMkstream = true;
    } else if (isXadd) {
      if (!parseNewIdOrReply(c, i)) return -1;
      break;
    } else {
      c.reply.addError(SYNTAX_ERROR);
      return -1;
    }
  }
  return checkTrimOrReply(c, isXadd, isLimitGiven) ? i : -1;
}

/** The arguments of MAXLEN or MINID, which is at `i`. Returns the index of the last, -1 after an error reply. */
function parseStrategyOrReply(c: Client, i: number, isLength: boolean): number {
  if (trim.strategy !== TRIM_NONE) {
    c.reply.addError(
      "ERR syntax error, MAXLEN and MINID options at the same time are not compatible",
    );
    return -1;
  }
  trim.isApprox = false;
  i++;
  if (i + 1 < c.argc) {
    if (argIsChar(c, i, TILDE)) {
      trim.isApprox = true;
      i++;
    } else if (argIsChar(c, i, EQUAL)) i++;
  }
  if (isLength) {
    if (!parseNotNegativeOrReply(c, i, "MAXLEN")) return -1;
  } else if (!getIdOrReply(c, i, trim.minId)) return -1;
  trim.strategy = isLength ? TRIM_LENGTH : TRIM_ID;
  trim.limitIndex = i;
  return i;
}

/** The number after MAXLEN or LIMIT. */
function parseNotNegativeOrReply(c: Client, index: number, option: "MAXLEN" | "LIMIT"): boolean {
  const value = getIntegerOrReply(c, index);
  if (Number.isNaN(value)) return false;
  if (value < 0) {
    c.reply.addError(`ERR The ${option} argument must be >= 0.`);
    return false;
  }
  if (option === "LIMIT") trim.limit = value;
  else trim.maxLength = value;
  return true;
}

function parseNewIdOrReply(c: Client, index: number): boolean {
  const { buf, off, len } = c.argv;
  const result = parseStreamId(buf, off[index], len[index], false, true, true, trim.id);
  if (result === ID_INVALID) {
    addInvalidId(c);
    return false;
  }
  trim.isIdGiven = true;
  trim.isSeqGiven = result === ID_OK;
  return true;
}

/** Whether the options fit together. Without LIMIT an approximate trimming gets one. */
function checkTrimOrReply(c: Client, isXadd: boolean, isLimitGiven: boolean): boolean {
  // What was propagated has been limited already: the option is still there, but says nothing any more.
  const { isImmortal } = c.server.keyspace;
  if (isImmortal) trim.limit = 0;
  const isNone = trim.strategy === TRIM_NONE;
  const problem = trim.limit !== 0 && isNone
    ? "LIMIT cannot be used without specifying a trimming strategy"
    : !isXadd && isNone
    ? "XTRIM must be called with a trimming strategy"
    : isLimitGiven && !trim.isApprox && !isImmortal
    ? "LIMIT cannot be used without the special ~ option"
    : "";
  if (problem !== "") {
    c.reply.addError(`ERR syntax error, ${problem}`);
    return false;
  }
  if (trim.isApprox && !isLimitGiven && !isImmortal) {
    const { limits } = c.server.keyspace.values.context;
    const limit = limits.streamNodeMaxEntries * NODES_MAX;
    trim.limit = limit <= 0 ? LIMIT_UNKNOWN : Math.min(limit, LIMIT_MAX);
  }
  return true;
}

/** The options as COMMAND DOCS shows them. */
export function trimArg(isOptional: boolean): ArgSpec {
  const arg: ArgSpec = {
    name: "trim",
    type: "block",
    args: [
      {
        name: "strategy",
        type: "oneof",
        args: [
          { name: "maxlen", type: "pure-token", token: "MAXLEN" },
          { name: "minid", type: "pure-token", token: "MINID", since: "6.2.0" },
        ],
      },
      {
        name: "operator",
        type: "oneof",
        optional: true,
        args: [
          { name: "equal", type: "pure-token", token: "=" },
          { name: "approximately", type: "pure-token", token: "~" },
        ],
      },
      { name: "threshold", type: "string" },
      { name: "count", type: "integer", token: "LIMIT", since: "6.2.0", optional: true },
    ],
  };
  if (isOptional) arg.optional = true;
  return arg;
}

export const trimCommands: CommandSpec[] = [
  {
    name: "xtrim",
    arity: -4,
    flags: WRITE,
    categories: ["stream"],
    since: "5.0.0",
    group: "stream",
    complexity:
      "O(N), where N is the number of entries removed; whole nodes of entries go at once, so the constant is small",
    summary: "Removes entries from the beginning of a stream.",
    history: [["6.2.0", "Takes `MINID` and `LIMIT`."]],
    keys: oneKey(KEY_RW | KEY_DELETE),
    args: [KEY_ARG, trimArg(false)],
    tips: ["nondeterministic_output"],
    handler: xtrimCommand,
  },
];
