/**
 * Blocked keys: the keys that clients wait for, who waits for each, and which of them are ready.
 *
 *     hash -> BlockedKey -> BlockedKey           keys of all databases; those of one hash are a chain
 *               head -> Place <-> Place          the clients, in order of arrival
 *     ready:  BlockedKey, BlockedKey, ...        keys to which something has happened, once each
 *
 * The keyspace tells when a key is added, removed or replaced (KeyWaiters); while nobody waits it tells
 * nobody, and a key for which nobody waits costs one look-up by its hash, without a string being made.
 * Nothing is served here: a command only queues what it has made ready, and blocking.ts sees to it when
 * the command is over.
 *
 * A client has one place per key, a node of the key's list, so it leaves in O(1) per key wherever it stands.
 * `next` walks a list in which clients leave and arrive meanwhile: the key keeps the cursor, and places are
 * numbered so that the walk ends with those who were there when it began.
 */
import { bytesEqual, copyBytes, type ReadonlyBytes } from "../base/bytes.ts";
import type { Db } from "../keyspace/db.ts";
import type { KeyWaiters } from "../keyspace/key_events.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import { ByteRange } from "../types/t_string.ts";
import type { Wait } from "./wait.ts";

/** A client's place among those who wait for a key. */
export class Place {
  readonly key: BlockedKey;
  readonly wait: Wait;
  /** Later places have higher numbers. */
  readonly number: number;
  prev: Place | null = null;
  next: Place | null = null;

  constructor(key: BlockedKey, wait: Wait, number: number) {
    this.key = key;
    this.wait = wait;
    this.number = number;
  }
}

export class BlockedKey {
  readonly db: Db;
  readonly hash: number;
  readonly bytes: Uint8Array;
  head: Place | null = null;
  tail: Place | null = null;
  /** Bits of the types that somebody has waited for since there is this object: 1 << TYPE_... */
  types = 0;
  /** How many also want to know when the key is gone or replaced. */
  onNoKey = 0;
  /** Whether it is in the queue of ready keys. */
  isReady = false;
  /** The next place that a walk comes to. */
  cursor: Place | null = null;
  sameHash: BlockedKey | null = null;

  constructor(db: Db, hash: number, bytes: Uint8Array) {
    this.db = db;
    this.hash = hash;
    this.bytes = bytes;
  }
}

export class BlockedKeys implements KeyWaiters {
  /** Keys somebody waits for, and those of them with `onNoKey`. */
  count = 0;
  countOnNoKey = 0;

  private readonly keyspace: Keyspace;
  private readonly byHash = new Map<number, BlockedKey>();
  private readonly ready: BlockedKey[] = [];
  /** Those before it in `ready` are served. */
  private readyAt = 0;
  private nextNumber = 1;
  private readonly range = new ByteRange();

  constructor(keyspace: Keyspace) {
    this.keyspace = keyspace;
  }

  /** Whether keys are ready to be looked at. */
  get hasReady(): boolean {
    return this.ready.length !== 0;
  }

  /** The number of the next place: a walk ends before it. */
  get endNumber(): number {
    return this.nextNumber;
  }

  // Waiting.

  /** A client begins to wait for a key, behind all others; a key it waits for already is left out. */
  add(wait: Wait, db: Db, buf: ReadonlyBytes, off: number, len: number): void {
    const hash = this.keyspace.hashKey(buf, off, len);
    let key = this.find(db, hash, buf, off, len);
    if (key === null) {
      const bytes = new Uint8Array(len);
      copyBytes(bytes, 0, buf, off, len);
      key = new BlockedKey(db, hash, bytes);
      this.insert(key);
    } else if (key.tail!.wait === wait) return;
    const place = new Place(key, wait, this.nextNumber++);
    place.prev = key.tail;
    if (key.tail === null) key.head = place;
    else key.tail.next = place;
    key.tail = place;
    key.types |= 1 << wait.type;
    if (wait.onNoKey && key.onNoKey++ === 0) this.countOnNoKey++;
    wait.places.push(place);
  }

  /** A client waits no more. */
  removeAll(wait: Wait): void {
    const { places } = wait;
    for (let i = 0; i < places.length; i++) this.leave(places[i]);
    places.length = 0;
  }

  // What happens to keys.

  added(db: Db, hash: number, ref: number): void {
    const key = this.findEntry(db, hash, ref);
    if (key !== null) this.queue(key);
  }

  removed(db: Db, hash: number, ref: number): void {
    const key = this.findEntry(db, hash, ref);
    if (key !== null && key.onNoKey > 0) this.queue(key);
  }

  emptied(db: Db): void {
    for (const first of this.byHash.values()) {
      for (let key: BlockedKey | null = first; key !== null; key = key.sameHash) {
        if (key.db === db && key.onNoKey > 0) this.queue(key);
      }
    }
  }

  swapped(a: Db, b: Db): void {
    for (const first of this.byHash.values()) {
      for (let key: BlockedKey | null = first; key !== null; key = key.sameHash) {
        if (key.db === a || key.db === b) this.queue(key);
      }
    }
  }

  /** Something was added to a value that was there already. */
  signal(db: Db, buf: ReadonlyBytes, off: number, len: number): void {
    if (this.count === 0) return;
    const key = this.find(db, this.keyspace.hashKey(buf, off, len), buf, off, len);
    if (key !== null) this.queue(key);
  }

  // Serving.

  /** The next key that is ready, or null. It may become ready again at once. */
  takeReady(): BlockedKey | null {
    const { ready } = this;
    if (this.readyAt === ready.length) {
      ready.length = 0;
      this.readyAt = 0;
      return null;
    }
    const key = ready[this.readyAt++];
    key.isReady = false;
    return key;
  }

  private queue(key: BlockedKey): void {
    if (key.isReady) return;
    key.isReady = true;
    this.ready.push(key);
  }

  private leave(place: Place): void {
    const { key, prev, next } = place;
    if (prev === null) key.head = next;
    else prev.next = next;
    if (next === null) key.tail = prev;
    else next.prev = prev;
    if (key.cursor === place) key.cursor = next;
    if (place.wait.onNoKey && --key.onNoKey === 0) this.countOnNoKey--;
    if (key.head === null) this.drop(key);
  }

  private insert(key: BlockedKey): void {
    key.sameHash = this.byHash.get(key.hash) ?? null;
    this.byHash.set(key.hash, key);
    if (this.count++ === 0) this.keyspace.waiters = this;
  }

  private drop(key: BlockedKey): void {
    const first = this.byHash.get(key.hash)!;
    if (first !== key) {
      let before = first;
      while (before.sameHash !== key) before = before.sameHash!;
      before.sameHash = key.sameHash;
    } else if (key.sameHash === null) this.byHash.delete(key.hash);
    else this.byHash.set(key.hash, key.sameHash);
    if (--this.count === 0) this.keyspace.waiters = null;
  }

  private findEntry(db: Db, hash: number, ref: number): BlockedKey | null {
    if (!this.byHash.has(hash)) return null;
    const { range } = this;
    this.keyspace.readKey(ref, range);
    return this.find(db, hash, range.buf, range.off, range.len);
  }

  private find(
    db: Db,
    hash: number,
    buf: ReadonlyBytes,
    off: number,
    len: number,
  ): BlockedKey | null {
    for (let key = this.byHash.get(hash) ?? null; key !== null; key = key.sameHash) {
      const { bytes } = key;
      if (key.db === db && bytesEqual(bytes, 0, bytes.length, buf, off, len)) return key;
    }
    return null;
  }
}
