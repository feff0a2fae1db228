/**
 * What the hash commands' files share: looking a field up, replies, and pieces of declarations.
 */
import { TYPE_HASH } from "../types/object.ts";
import { FIELD_EXPIRED, FIELD_LIVE, FIELD_NONE } from "../types/t_hash.ts";
import { isTypeOrReply } from "../server/args.ts";
import type { Client } from "../server/client.ts";
import type { ArgSpec } from "../server/command.ts";

/** What `findField` answers beside FIELD_NONE, FIELD_LIVE and FIELD_EXPIRED: there is no hash any more. */
export const HASH_GONE = 3;

export { FIELD_EXPIRED, FIELD_LIVE, FIELD_NONE };

export const FIELD_ARG: ArgSpec = { name: "field", type: "string" };
export const FIELDS_ARG: ArgSpec = { name: "field", type: "string", multiple: true };
/** Field and value, any number of times. */
export const DATA_ARG: ArgSpec = {
  name: "data",
  type: "block",
  multiple: true,
  args: [FIELD_ARG, { name: "value", type: "string" }],
};

/**
 * Looks for the field in argument `index` in the current key's hash. An expired one is removed (FIELD_EXPIRED), and
 * the hash with its last (HASH_GONE); observers hear of it if `tells`.
 */
export function findField(c: Client, ref: number, index: number, tells = true): number {
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  const found = keyspace.values.hashes.find(ref, buf, off[index], len[index]);
  if (found !== FIELD_EXPIRED) return found;
  const isGone = keyspace.fields.expireFound(c.db, ref, buf, off[index], len[index], tells);
  return isGone ? HASH_GONE : FIELD_EXPIRED;
}

/** Replies the value of the field that was found. */
export function addFoundValue(c: Client, ref: number): void {
  const { hashes } = c.server.keyspace.values;
  hashes.readFound(ref);
  const { value } = hashes;
  c.reply.addBulk(value.buf, value.off, value.len);
}

/** The hash at the key in argument 1 for reading; 0 for none, -1 after an error reply. */
export function lookupHashOrReply(c: Client): number {
  const { buf, off, len } = c.argv;
  const ref = c.server.keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  return isTypeOrReply(c, ref, TYPE_HASH) ? ref : -1;
}
