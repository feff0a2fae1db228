/**
 * FieldExpiry: what the expiry of hash fields means for keys.
 *
 * Each database has a heap (structures/expiry_heap.ts) of its hashes whose fields may expire, ordered by the time of
 * the next field; word 1 of a hash's body is its place there. So the active cycle looks at no hash that has nothing
 * to remove. Who makes a field expire sooner calls `follow`; that a field was persisted, overwritten or
 * removed need not be told, as the cycle then finds the hash too early, once, and brings it to its right place.
 *
 * The keyspace calls `follow`, `forget` and `moved` wherever an entry comes into a database, leaves it or moves.
 */
import { copyBytes, type ReadonlyBytes } from "../base/bytes.ts";
import {
  bodyWord,
  ENC_HASHTABLE_EX,
  ENC_LISTPACK_EX,
  objectEncoding,
  setBodyWord,
} from "../types/object.ts";
import type { FieldVisitor } from "../types/hash_field.ts";
import { ByteRange } from "../types/t_string.ts";
import type { Db } from "./db.ts";
import { NOTIFY_GENERIC, NOTIFY_HASH } from "./key_events.ts";
import type { Keyspace } from "./keyspace.ts";

/** Word of the body that is the place in the heap. */
const PLACE_WORD = 1;

export class FieldExpiry implements FieldVisitor {
  /** Fields removed because their time was over. */
  expired = 0;
  private readonly keyspace: Keyspace;
  private readonly key = new ByteRange();
  private keyBytes = new Uint8Array(64);
  private keyLen = 0;
  /** The hash of which `visit` is told. */
  private visitedDb: Db | null = null;
  private visitedRef = 0;

  constructor(keyspace: Keyspace) {
    this.keyspace = keyspace;
  }

  /** Whether an entry is a hash whose fields may expire. */
  concerns(ref: number): boolean {
    const encoding = objectEncoding(this.keyspace.arena, ref);
    return encoding === ENC_LISTPACK_EX || encoding === ENC_HASHTABLE_EX;
  }

  /** Brings a hash of the database to its place in the heap, or in or out. Throws ArenaFull. */
  follow(db: Db, ref: number): void {
    const { arena, values } = this.keyspace;
    const heap = db.fieldExpires;
    const expireAt = values.hashes.nextExpiry(ref);
    const place = bodyWord(arena, ref, PLACE_WORD);
    if (expireAt === Infinity) this.forget(db, ref);
    else if (place === 0) {
      if (heap.root === 0) heap.create();
      heap.insert(ref, expireAt);
    } else if (heap.expiryAt(place) !== expireAt) heap.update(place, expireAt);
  }

  /** A hash has come into the database, with whatever place it had before. Throws ArenaFull. */
  adopt(db: Db, ref: number): void {
    setBodyWord(this.keyspace.arena, ref, PLACE_WORD, 0);
    this.follow(db, ref);
  }

  /** A hash leaves the database. */
  forget(db: Db, ref: number): void {
    const { arena } = this.keyspace;
    const place = bodyWord(arena, ref, PLACE_WORD);
    if (place === 0) return;
    db.fieldExpires.remove(place);
    setBodyWord(arena, ref, PLACE_WORD, 0);
    if (db.fieldExpires.count === 0) this.clear(db);
  }

  /** A hash of the database is another block now. */
  moved(db: Db, ref: number): void {
    const place = bodyWord(this.keyspace.arena, ref, PLACE_WORD);
    if (place !== 0) db.fieldExpires.moved(place, ref);
  }

  /** Forgets all hashes of a database. */
  clear(db: Db): void {
    const heap = db.fieldExpires;
    if (heap.root === 0) return;
    heap.free();
    heap.root = 0;
  }

  /**
   * Removes the field of the current key's hash that was found to be expired, and the hash if it was the last.
   * Returns whether the hash is gone. With `tells` observers hear of it.
   */
  expireFound(
    db: Db,
    ref: number,
    field: ReadonlyBytes,
    off: number,
    len: number,
    tells: boolean,
  ): boolean {
    const { keyspace } = this;
    const { hashes } = keyspace.values;
    if (keyspace.removals !== null) keyspace.removals.fieldExpired(db, ref, field, off, len);
    hashes.deleteFound(ref);
    this.expired++;
    const isEmpty = hashes.length(ref) === 0;
    this.keepKey(ref);
    if (tells) this.tell(db, NOTIFY_HASH, "hexpired");
    if (isEmpty) {
      keyspace.remove(db, ref);
      if (tells) this.tell(db, NOTIFY_GENERIC, "del");
    }
    this.tellModified(db);
    return isEmpty;
  }

  /**
   * Removes all expired fields of the current key's hash, and the hash if none is left. Returns whether it is
   * gone.
   */
  expireAll(db: Db, ref: number): boolean {
    const removed = this.removeFrom(db, ref, Infinity);
    return removed > 0 && this.settle(db, ref, removed);
  }

  /**
   * Removes up to about `max` expired fields of the database, those of the hash whose turn is first. Returns
   * whether there are more.
   */
  step(db: Db, max: number): boolean {
    const { keyspace } = this;
    const heap = db.fieldExpires;
    let left = max;
    while (heap.count > 0 && heap.nextExpiry() < keyspace.expiryMs) {
      if (left <= 0) return true;
      const ref = heap.nextRef();
      const removed = this.removeFrom(db, ref, left);
      left -= removed + 1;
      if (removed === 0) this.follow(db, ref);
      else {
        keyspace.findEntry(db, ref);
        this.settle(db, ref, removed);
      }
    }
    return false;
  }

  /** A field is about to be removed by `removeFrom`. */
  visit(field: ReadonlyBytes, off: number, len: number): void {
    this.keyspace.removals!.fieldExpired(this.visitedDb!, this.visitedRef, field, off, len);
  }

  /** Removes up to `max` expired fields of a hash, however many are left then. Returns how many. */
  private removeFrom(db: Db, ref: number, max: number): number {
    const { removals, values } = this.keyspace;
    if (removals === null) return values.hashes.removeExpired(ref, max);
    this.visitedDb = db;
    this.visitedRef = ref;
    return values.hashes.removeExpired(ref, max, this);
  }

  /** Fields of the current key's hash were removed: tells so, and removes the hash if it is empty (true). */
  private settle(db: Db, ref: number, removed: number): boolean {
    const { keyspace } = this;
    const isEmpty = keyspace.values.hashes.length(ref) === 0;
    this.expired += removed;
    this.keepKey(ref);
    this.tell(db, NOTIFY_HASH, "hexpired");
    if (isEmpty) {
      keyspace.remove(db, ref);
      this.tell(db, NOTIFY_GENERIC, "del");
    } else this.follow(db, ref);
    this.tellModified(db);
    return isEmpty;
  }

  /** Copies the key of an entry, for observers who hear of it when the entry is gone. */
  private keepKey(ref: number): void {
    const { keyspace, key } = this;
    if (keyspace.observer === null) return;
    keyspace.readKey(ref, key);
    this.keyLen = key.len;
    if (this.keyBytes.length < key.len) this.keyBytes = new Uint8Array(key.len);
    copyBytes(this.keyBytes, 0, key.buf, key.off, key.len);
  }

  private tell(db: Db, cls: number, name: string): void {
    const { observer } = this.keyspace;
    if (observer !== null) observer.event(cls, name, db, this.keyBytes, 0, this.keyLen);
  }

  private tellModified(db: Db): void {
    const { observer } = this.keyspace;
    if (observer !== null) observer.modified(db, this.keyBytes, 0, this.keyLen);
  }
}
