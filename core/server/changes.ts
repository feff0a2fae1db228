/**
 * What a command says about its changes, besides `server.dirty`: which keys are different now (WATCH and
 * client-side caches want to know) and what was done to them (keyspace notifications).
 *
 * That `server.dirty` has grown also makes the request one of the append-only file's. A handler whose request doesn't
 * say by itself what was done (a time relative to now, a choice made by chance, a client that waited) says what is
 * to be written instead: see propagation.ts.
 */
import type { Db } from "../keyspace/db.ts";
import type { Client } from "./client.ts";

export {
  NOTIFY_EVICTED,
  NOTIFY_EXPIRED,
  NOTIFY_GENERIC,
  NOTIFY_HASH,
  NOTIFY_KEY_MISS,
  NOTIFY_LIST,
  NOTIFY_NEW,
  NOTIFY_SET,
  NOTIFY_STREAM,
  NOTIFY_STRING,
  NOTIFY_ZSET,
} from "../keyspace/key_events.ts";

/** The key in argument `index`, in the client's database, is different now. */
export function keyModified(c: Client, index: number): void {
  const { observer } = c.server.keyspace;
  if (observer === null) return;
  const { buf, off, len } = c.argv;
  observer.modified(c.db, buf, off[index], len[index]);
}

/** An event of class `cls` (NOTIFY_...) happened to the key in argument `index`. */
export function notify(c: Client, cls: number, name: string, index: number): void {
  const { observer } = c.server.keyspace;
  if (observer === null) return;
  const { buf, off, len } = c.argv;
  observer.event(cls, name, c.db, buf, off[index], len[index]);
}

/** `keyModified` for a key of any database. */
export function keyModifiedIn(c: Client, db: Db, index: number): void {
  const { observer } = c.server.keyspace;
  if (observer === null) return;
  const { buf, off, len } = c.argv;
  observer.modified(db, buf, off[index], len[index]);
}

/** `notify` for a key of any database. */
export function notifyIn(c: Client, cls: number, name: string, db: Db, index: number): void {
  const { observer } = c.server.keyspace;
  if (observer === null) return;
  const { buf, off, len } = c.argv;
  observer.event(cls, name, db, buf, off[index], len[index]);
}
