/**
 * The end of commands that store what they computed (SINTERSTORE, SORT with STORE): the value was built in a
 * detached entry (core/keyspace/keyspace.ts) and now replaces whatever its key holds. An empty result means
 * that the key is deleted.
 */
import { TYPE_ZSET } from "../types/object.ts";
import { keyModified, notify, NOTIFY_GENERIC } from "../server/changes.ts";
import type { Client } from "../server/client.ts";

/** The sorted set that the builder of `zsetAlgebra` has, in a detached entry for the key in argument `index`. */
export function detachedZset(c: Client, index: number): number {
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  const made = keyspace.detached(buf, off[index], len[index], TYPE_ZSET);
  try {
    keyspace.values.zsetAlgebra.builder.moveInto(made);
  } catch (error) {
    keyspace.discard(made);
    throw error;
  }
  return made;
}

/** Puts a detached entry at the key in argument `index` and tells so; the rest of its story is the caller's. */
export function publishResult(c: Client, index: number, made: number): void {
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  const old = keyspace.lookupKeyWrite(c.db, buf, off[index], len[index]);
  keyspace.publish(c.db, old, made);
  keyModified(c, index);
}

/** Deletes the key in argument `index`, if it exists, because there is nothing to store. */
export function deleteDestination(c: Client, index: number): void {
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  const old = keyspace.lookupKeyWrite(c.db, buf, off[index], len[index]);
  if (old === 0) return;
  keyspace.remove(c.db, old);
  keyModified(c, index);
  notify(c, NOTIFY_GENERIC, "del", index);
  c.server.dirty++;
}
