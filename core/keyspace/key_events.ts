/**
 * Key events: who wants to know what happens to keys.
 *
 * Two kinds. `modified` says that a key is no longer what it was; whoever watches it or caches it depends
 * on it. `event` names what was done, in one of Redis's classes of keyspace notifications. Nobody is
 * told while `observer` of the keyspace is null, which costs a command one comparison. Apart from that the
 * keyspace itself tells `waiters` of every key that appears or disappears, whatever the reason, and `removals` of what
 * no command asks it to remove.
 */
import type { ReadonlyBytes } from "../base/bytes.ts";
import type { Db } from "./db.ts";

// Classes of events, as in notify-keyspace-events.
export const NOTIFY_GENERIC: number = 1 << 2;
export const NOTIFY_STRING: number = 1 << 3;
export const NOTIFY_LIST: number = 1 << 4;
export const NOTIFY_SET: number = 1 << 5;
export const NOTIFY_HASH: number = 1 << 6;
export const NOTIFY_ZSET: number = 1 << 7;
export const NOTIFY_EXPIRED: number = 1 << 8;
export const NOTIFY_EVICTED: number = 1 << 9;
export const NOTIFY_STREAM: number = 1 << 10;
export const NOTIFY_KEY_MISS: number = 1 << 11;
export const NOTIFY_NEW: number = 1 << 14;

/** The bytes of the key are only valid during the call. */
export interface KeyObserver {
  modified(db: Db, key: ReadonlyBytes, off: number, len: number): void;
  event(cls: number, name: string, db: Db, key: ReadonlyBytes, off: number, len: number): void;
  /** All keys of a database are about to be removed. */
  emptying(db: Db): void;
  /** Two databases are about to exchange their keys. */
  swapping(a: Db, b: Db): void;
}

/** Who repeats what the keyspace removes of its own accord. It is told before, while all is still there. */
export interface KeyRemovals {
  /** The key of an entry, because its time is over. */
  expired(db: Db, ref: number): void;
  /** The key of an entry, because memory is short. */
  evicted(db: Db, ref: number): void;
  /** A field of the hash in an entry, because its time is over. The key goes with its last field. */
  fieldExpired(db: Db, ref: number, field: ReadonlyBytes, off: number, len: number): void;
}

/**
 * Who must know when keys come and go because somebody waits for them. `ref` is the key's entry and `hash` the hash
 * of the key.
 */
export interface KeyWaiters {
  /** A key was added, or another value has taken the place of the old one. */
  added(db: Db, hash: number, ref: number): void;
  /** A key is about to be removed. */
  removed(db: Db, hash: number, ref: number): void;
  /** All keys of a database were removed. */
  emptied(db: Db): void;
  /** Two databases have exchanged their keys. */
  swapped(a: Db, b: Db): void;
}
