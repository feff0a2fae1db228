/**
 * Watched keys: who is to be told, by the failure of EXEC, that a key is no longer what it was.
 *
 *     (hash, database, name) -> WatchedKey -> Watch <-> Watch     the clients that watch the key
 *     client.watches            Watch, Watch, ...                 the keys that the client watches
 *
 * The first change marks the client (CLIENT_DIRTY_CAS) and with that its watches are over: a client that is bound
 * to fail costs nothing more. A key that nobody watches costs a look-up by its hash, and none at all while nobody
 * watches anything.
 *
 * The same few keys tend to be watched again and again, so a key that nobody watches any more stays in the table for
 * a while: some IDLE_MAX of them are removed together.
 *
 * Expired keys, as Redis 7 sees them. A key that expires after WATCH is a change, whether or not it is removed before
 * EXEC: `isAnyExpired` looks. One that had expired when WATCH came was as good as gone, so its removal is none.
 */
import { BytesTable, Named } from "../base/bytes_table.ts";
import { copyBytes, type ReadonlyBytes } from "../base/bytes.ts";
import type { Db } from "../keyspace/db.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import { type Client, CLIENT_DIRTY_CAS } from "./client.ts";

/** Keys that nobody watches, kept at most. */
const IDLE_MAX = 64;

/** A key and those who watch it. */
export class WatchedKey extends Named {
  readonly db: Db;
  /** The latest of them, and how many there are. */
  first: Watch | null = null;
  count = 0;
  /** Whether it is among those that nobody watched when they were looked at last. */
  isIdle = false;

  constructor(hash: number, bytes: Uint8Array, db: Db) {
    super(hash, bytes, db);
    this.db = db;
  }
}

/** A client watches a key. */
export class Watch {
  readonly client: Client;
  readonly key: WatchedKey;
  prev: Watch | null = null;
  next: Watch | null = null;
  /** The key had expired already when this began, and is still there. */
  wasExpired: boolean;

  constructor(client: Client, key: WatchedKey, wasExpired: boolean) {
    this.client = client;
    this.key = key;
    this.wasExpired = wasExpired;
  }
}

export class WatchedKeys {
  /** Clients that watch anything. */
  clients = 0;
  /** Keys that are watched. */
  count = 0;
  private readonly idle: WatchedKey[] = [];
  private readonly keyspace: Keyspace;
  private readonly table = new BytesTable<WatchedKey>();
  private readonly onCount: () => void;

  /** `onCount` is called when the first key comes and when the last one goes. */
  constructor(keyspace: Keyspace, onCount: () => void) {
    this.keyspace = keyspace;
    this.onCount = onCount;
  }

  /** The client begins to watch a key of its database. */
  add(c: Client, buf: ReadonlyBytes, off: number, len: number): void {
    const { db } = c;
    const hash = this.keyspace.hashAhead(buf, off, len);
    let key = this.table.find(hash, buf, off, len, db);
    const watches = c.watches ??= [];
    if (key === null) {
      const bytes = new Uint8Array(len);
      copyBytes(bytes, 0, buf, off, len);
      key = new WatchedKey(hash, bytes, db);
      this.table.insert(key);
    } else if (doesWatch(c, watches, key)) return;
    if (watches.length === 0) this.clients++;
    const watch = new Watch(c, key, this.isExpired(db, key));
    watch.next = key.first;
    if (key.first !== null) key.first.prev = watch;
    else if (this.count++ === 0) this.onCount();
    key.first = watch;
    key.count++;
    watches.push(watch);
  }

  /** The client watches nothing any more. The mark of a change stays. */
  forget(c: Client): void {
    const { watches } = c;
    if (watches === null || watches.length === 0) return;
    while (watches.length > 0) this.leave(watches.pop()!);
    this.clients--;
  }

  /** Whether a key that the client watches has expired since. */
  isAnyExpired(c: Client): boolean {
    const { watches } = c;
    if (watches === null) return false;
    for (let i = 0; i < watches.length; i++) {
      const { key, wasExpired } = watches[i];
      if (!wasExpired && this.isExpired(key.db, key)) return true;
    }
    return false;
  }

  // Changes.

  /** A key was changed or removed. */
  modified(db: Db, buf: ReadonlyBytes, off: number, len: number): void {
    const key = this.table.find(this.keyspace.hashKey(buf, off, len), buf, off, len, db);
    if (key === null) return;
    for (let watch = key.first; watch !== null;) {
      const { next } = watch;
      if (!watch.wasExpired) {
        watch.client.flags |= CLIENT_DIRTY_CAS;
        this.forget(watch.client);
      } else if (this.find(db, key) === 0) watch.wasExpired = false;
      // Redis looks no further than to one for whom the key had expired and is there again.
      else return;
      watch = next;
    }
  }

  /** All keys of `db` are about to go; with `other`, those of that database come in their place. */
  replacing(db: Db, other: Db | null): void {
    for (const key of this.keysOf(db)) this.replaceKey(db, key, other);
  }

  private replaceKey(db: Db, key: WatchedKey, other: Db | null): void {
    const isHere = this.find(db, key) !== 0;
    const isThere = other !== null && this.find(other, key) !== 0;
    if (!isHere && !isThere) return;
    const isDeadThere = isThere && this.isExpired(other!, key);
    for (let watch = key.first; watch !== null;) {
      const { next } = watch;
      if (watch.wasExpired && !isThere) watch.wasExpired = false;
      else if (!watch.wasExpired && !isHere && isDeadThere) watch.wasExpired = true;
      else if (!(watch.wasExpired && isDeadThere)) {
        watch.client.flags |= CLIENT_DIRTY_CAS;
        this.forget(watch.client);
      }
      watch = next;
    }
  }

  /** The watched keys of a database; a list, for they come and go while it is worked through. */
  private keysOf(db: Db): WatchedKey[] {
    const keys: WatchedKey[] = [];
    for (const key of this.table.all()) if (key.db === db) keys.push(key);
    return keys;
  }

  private leave(watch: Watch): void {
    const { key, prev, next } = watch;
    key.count--;
    if (prev === null) key.first = next;
    else prev.next = next;
    if (next !== null) next.prev = prev;
    if (key.first !== null) return;
    if (!key.isIdle) {
      key.isIdle = true;
      if (this.idle.push(key) > IDLE_MAX) this.removeIdle();
    }
    if (--this.count === 0) this.onCount();
  }

  private removeIdle(): void {
    for (const key of this.idle) {
      key.isIdle = false;
      if (key.first === null) this.table.remove(key);
    }
    this.idle.length = 0;
  }

  /** The entry of a key, dead or alive, or 0. */
  private find(db: Db, key: WatchedKey): number {
    return db.keys.find(key.hash, key.bytes, 0, key.bytes.length);
  }

  private isExpired(db: Db, key: WatchedKey): boolean {
    // Most often no key has an expiry.
    if (db.expires.count === 0) return false;
    const ref = this.find(db, key);
    return ref !== 0 && this.keyspace.isExpired(ref);
  }
}

/** Whether a client watches a key already. Looks through the shorter one of the two lists that would tell. */
function doesWatch(c: Client, watches: Watch[], key: WatchedKey): boolean {
  if (watches.length <= key.count) {
    for (let i = 0; i < watches.length; i++) if (watches[i].key === key) return true;
    return false;
  }
  for (let watch = key.first; watch !== null; watch = watch.next) {
    if (watch.client === c) return true;
  }
  return false;
}
