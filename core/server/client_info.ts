/**
 * Client info: a client as one line of text, the way CLIENT LIST and CLIENT INFO show it and the log names it.
 *
 * The fields, their order and their meaning are Redis 7.4's.
 */
import { CHUNK_BYTES } from "../protocol/chunk_pool.ts";
import {
  type Client,
  CLIENT_BLOCKED,
  CLIENT_CLOSE_AFTER_REPLY,
  CLIENT_CLOSED,
  CLIENT_DENY_BLOCKING,
  CLIENT_DIRTY_CAS,
  CLIENT_MONITOR,
  CLIENT_MULTI,
  CLIENT_NO_EVICT,
  CLIENT_NO_TOUCH,
  CLIENT_PUBSUB,
  CLIENT_TRACKING,
  CLIENT_TRACKING_BCAST,
  CLIENT_TRACKING_BROKEN,
  CLIENT_UNBLOCKED,
  CLIENT_UNIX_SOCKET,
} from "./client.ts";
import { countOf, shardCountOf } from "./pubsub.ts";

/** What Larder keeps of an idle connection besides its buffers; the runtime's socket is not counted. */
export const CLIENT_BYTES = 1200;
/** An entry of the list of chunks. */
const CHUNK_ENTRY_BYTES = 64;
/** A subscription, a watched key or a prefix, on both sides. */
const PLACE_BYTES = 80;

/** Letters of the flags, in Redis's order. */
const FLAG_LETTERS: readonly (readonly [flag: number, letter: string])[] = [
  [CLIENT_MONITOR, "O"],
  [CLIENT_PUBSUB, "P"],
  [CLIENT_MULTI, "x"],
  [CLIENT_BLOCKED, "b"],
  [CLIENT_TRACKING, "t"],
  [CLIENT_TRACKING_BROKEN, "R"],
  [CLIENT_TRACKING_BCAST, "B"],
  [CLIENT_DIRTY_CAS, "d"],
  [CLIENT_CLOSE_AFTER_REPLY, "c"],
  [CLIENT_UNBLOCKED, "u"],
  [CLIENT_CLOSED, "A"],
  [CLIENT_UNIX_SOCKET, "U"],
  [CLIENT_NO_EVICT, "e"],
  [CLIENT_NO_TOUCH, "T"],
];

/** The line, without a line feed. */
export function clientInfo(c: Client): string {
  const { port, reply, server } = c;
  const nowSeconds = Math.floor(server.keyspace.nowMs / 1000);
  const queued = outputBytes(c);
  const fields: [string, string | number][] = [
    ["id", c.id],
    ["addr", port.addr],
    ["laddr", port.laddr],
    ["fd", port.fd],
    ["name", upToNul(c.name)],
    ["age", nowSeconds - Math.floor(c.createdMs / 1000)],
    ["idle", nowSeconds - Math.floor(c.lastInteractionMs / 1000)],
    ["flags", flagLetters(c)],
    ["db", c.db.id],
    ["sub", c.subscriptions?.channels.size ?? 0],
    ["psub", c.subscriptions?.patterns.size ?? 0],
    ["ssub", c.subscriptions?.shardChannels.size ?? 0],
    ["multi", (c.flags & CLIENT_MULTI) === 0 ? -1 : c.transaction!.count],
    ["watch", c.watches?.length ?? 0],
    ["qbuf", port.queryBytes],
    ["qbuf-free", port.queryFreeBytes],
    ["argv-mem", argvBytes(c)],
    ["multi-mem", c.transaction?.memoryBytes ?? 0],
    ["rbs", reply.buf.length],
    ["rbp", port.replyPeakBytes],
    ["obl", reply.pos],
    ["oll", port.unsentChunks],
    ["omem", queued],
    ["tot-mem", memoryBytes(c)],
    ["events", port.isSending ? "rw" : "r"],
    ["cmd", inExec(c) ? "exec" : c.lastCommand?.fullName ?? "NULL"],
    ["user", c.user.name],
    ["redir", redirectOf(c)],
    ["resp", reply.resp],
    ["lib-name", upToNul(c.libName)],
    ["lib-ver", upToNul(c.libVer)],
  ];
  return fields.map(([name, value]) => `${name}=${value}`).join(" ");
}

/** Bytes of replies that wait for the socket; those that fit into one standard chunk don't count. */
export function outputBytes(c: Client): number {
  const { port, reply } = c;
  const current = reply.fullBytes > 0 || reply.buf.length > CHUNK_BYTES ? reply.pos : 0;
  return reply.fullBytes + current + port.unsentBytes + port.unsentChunks * CHUNK_ENTRY_BYTES;
}

/** About all the memory a client takes. */
export function memoryBytes(c: Client): number {
  const chunk = c.reply.buf.length;
  return CLIENT_BYTES + heldBytes(c) + (chunk <= CHUNK_BYTES ? chunk : 0);
}

/** What it takes of that for what it has sent, is to get, or has asked to be remembered. */
export function heldBytes(c: Client): number {
  const { port, reply } = c;
  const query = port.queryBytes + port.queryFreeBytes;
  const spare = reply.buf.length > CHUNK_BYTES ? reply.buf.length - reply.pos : 0;
  // The arguments of a blocked client's request are a copy; anybody else's lie in the query buffer.
  const copied = (c.flags & CLIENT_BLOCKED) === 0 ? 0 : argvBytes(c);
  return query + outputBytes(c) + spare + copied + stateBytes(c);
}

/** Id of the client that gets the messages about keys which this one tracks, 0: itself, -1: it doesn't track. */
export function redirectOf(c: Client): number {
  return (c.flags & CLIENT_TRACKING) === 0 ? -1 : c.tracking!.redirect;
}

/** What a transaction, watched keys, subscriptions and prefixes take. */
function stateBytes(c: Client): number {
  const { transaction, watches, subscriptions, tracking } = c;
  const queued = transaction === null ? 0 : transaction.memoryBytes + transaction.spareBytes;
  const places = subscriptions === null ? 0 : countOf(c) + shardCountOf(c);
  const prefixes = tracking === null ? 0 : tracking.prefixes.size;
  return queued + (places + prefixes + (watches?.length ?? 0)) * PLACE_BYTES;
}

/** Bytes of the arguments of the request that is being executed. */
function argvBytes(c: Client): number {
  const { argc, len } = c.argv;
  let bytes = 0;
  for (let i = 0; i < argc; i++) bytes += len[i];
  return bytes;
}

/** Whether the client's queued commands are being executed; EXEC is then what it has sent. */
function inExec(c: Client): boolean {
  return (c.flags & CLIENT_MULTI) !== 0 && (c.flags & CLIENT_DENY_BLOCKING) !== 0;
}

function flagLetters(c: Client): string {
  let letters = "";
  for (const [flag, letter] of FLAG_LETTERS) if ((c.flags & flag) !== 0) letters += letter;
  return letters === "" ? "N" : letters;
}

/** Redis prints these as C strings. */
function upToNul(text: string): string {
  const nul = text.indexOf("\0");
  return nul < 0 ? text : text.slice(0, nul);
}
