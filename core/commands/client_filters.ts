/**
 * Which clients CLIENT LIST and CLIENT KILL are about.
 */
import { ascii } from "../base/bytes.ts";
import { argIs, argString, getIntegerOrReply, SYNTAX_ERROR } from "../server/args.ts";
import { type Client, CLIENT_PUBSUB } from "../server/client.ts";
import { argPrefix } from "../server/command_table.ts";

/** Kinds of clients. Those of replication never connect here. */
export type ClientType = "normal" | "master" | "replica" | "pubsub";

const TYPES: readonly (readonly [word: Uint8Array, type: ClientType])[] = [
  [ascii("normal"), "normal"],
  [ascii("slave"), "replica"],
  [ascii("replica"), "replica"],
  [ascii("pubsub"), "pubsub"],
  [ascii("master"), "master"],
];

/** Conditions that a client must all meet. */
export interface ClientFilter {
  id: number | null;
  addr: string | null;
  laddr: string | null;
  user: string | null;
  type: ClientType | null;
  /** In seconds. */
  minAge: number;
  skipMe: boolean;
}

/** The filter words of CLIENT KILL, each with what reads its argument; false after an error reply. */
const FILTERS: readonly (readonly [
  word: Uint8Array,
  read: (c: Client, index: number, filter: ClientFilter) => boolean,
])[] = [
  [ascii("id"), readId],
  [ascii("maxage"), readMaxAge],
  [ascii("type"), (c, i, filter) => (filter.type = getTypeOrReply(c, i)) !== null],
  [ascii("addr"), (c, i, filter) => (filter.addr = argPrefix(c.argv, i)) !== null],
  [ascii("laddr"), (c, i, filter) => (filter.laddr = argPrefix(c.argv, i)) !== null],
  [ascii("user"), readUser],
  [ascii("skipme"), readSkipMe],
];
const YES = ascii("yes");
const NO = ascii("no");

/** A filter that lets everybody through but the client itself. */
export function newFilter(): ClientFilter {
  return { id: null, addr: null, laddr: null, user: null, type: null, minAge: 0, skipMe: true };
}

/** Reads the filters from argument 2 on; null after an error reply. */
export function getFilterOrReply(c: Client): ClientFilter | null {
  const filter = newFilter();
  for (let i = 2; i < c.argc; i += 2) {
    const found = FILTERS.find(([word]) => argIs(c, i, word));
    if (found === undefined || i + 1 >= c.argc) {
      c.reply.addError(SYNTAX_ERROR);
      return null;
    }
    if (!found[1](c, i + 1, filter)) return null;
  }
  return filter;
}

/** The clients that meet the conditions, in order of arrival. */
export function matchingClients(c: Client, filter: ClientFilter): Client[] {
  const nowSeconds = Math.floor(c.server.keyspace.nowMs / 1000);
  const matches: Client[] = [];
  for (const client of c.server.clients.byId.values()) {
    if (filter.addr !== null && client.port.addr !== filter.addr) continue;
    if (filter.laddr !== null && client.port.laddr !== filter.laddr) continue;
    if (filter.type !== null && filter.type !== typeOf(client)) continue;
    if (filter.id !== null && client.id !== filter.id) continue;
    if (filter.user !== null && client.user.name !== filter.user) continue;
    if (filter.skipMe && client === c) continue;
    if (nowSeconds - Math.floor(client.createdMs / 1000) < filter.minAge) continue;
    matches.push(client);
  }
  return matches;
}

function typeOf(client: Client): ClientType {
  return (client.flags & CLIENT_PUBSUB) !== 0 ? "pubsub" : "normal";
}

/** A type of clients by its name; null after an error reply. */
export function getTypeOrReply(c: Client, index: number): ClientType | null {
  const found = TYPES.find(([word]) => argIs(c, index, word));
  if (found !== undefined) return found[1];
  c.reply.addError(`ERR Unknown client type '${argPrefix(c.argv, index)}'`);
  return null;
}

function readId(c: Client, index: number, filter: ClientFilter): boolean {
  const error = "ERR client-id should be greater than 0";
  const id = getIntegerOrReply(c, index, error);
  if (Number.isNaN(id)) return false;
  filter.id = id;
  if (id > 0) return true;
  c.reply.addError(error);
  return false;
}

function readMaxAge(c: Client, index: number, filter: ClientFilter): boolean {
  const age = getIntegerOrReply(c, index, "ERR maxage is not an integer or out of range");
  if (Number.isNaN(age)) return false;
  filter.minAge = age;
  if (age > 0) return true;
  c.reply.addError("ERR maxage should be greater than 0");
  return false;
}

function readUser(c: Client, index: number, filter: ClientFilter): boolean {
  filter.user = argString(c, index);
  if (c.server.acl.user(filter.user) !== null) return true;
  c.reply.addError(`ERR No such user '${argPrefix(c.argv, index)}'`);
  return false;
}

function readSkipMe(c: Client, index: number, filter: ClientFilter): boolean {
  filter.skipMe = argIs(c, index, YES);
  if (filter.skipMe || argIs(c, index, NO)) return true;
  c.reply.addError(SYNTAX_ERROR);
  return false;
}
