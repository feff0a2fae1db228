/**
 * Keyspace: the databases, and the only way commands reach keys.
 *
 * Current key. A lookup leaves the key's hash in `hash` and its place in the database's dict. The functions
 * that change an entry (`strings.set`, `setExpiry`, `remove`, ...) take the ref that the lookup returned and
 * rely on both, so each is called right after the lookup of the same key, with no other lookup between.
 * They return the entry's ref, which may have moved.
 *
 * Order of changes. What needs memory is allocated first; then the old state is replaced. An ArenaFull
 * thrown on the way leaves the key as it was.
 *
 * Collections. `create` makes the current key an empty one, to be filled at once. A value that is made of other
 * keys is built in an entry that no dict knows (`detached`), and takes its place when it is whole (`publish`),
 * so a command that fails half-way has changed nothing.
 *
 * Expiry. A key past its time is dead to every lookup, which removes it on the way (lazy expiry); the
 * active cycle in expire_cycle.ts finds those nobody asks for.
 */
import { hashBytes } from "../base/hash.ts";
import { LastView } from "../base/readonly_view.ts";
import { RefList } from "../base/ref_list.ts";
import type { Prng } from "../base/prng.ts";
import { copyBytes, type ReadonlyBytes } from "../base/bytes.ts";
import { Arena, ARENA_FULL, refOffset } from "../memory/arena.ts";
import {
  ENTRY_HAS_EXPIRY,
  entryKeyHash,
  entryKeyLen,
  entryKeyOff,
  entryMeta,
} from "../structures/entry.ts";
import { Dict } from "../structures/dict.ts";
import {
  bodyOff,
  bodyOffFor,
  COLLECTION_BODY_BYTES,
  makeMeta,
  META_ACCESS_SHIFT,
  newEntry,
  NO_EXPIRY,
  objectAccess,
  objectEncoding,
  objectExpiry,
  objectType,
  setBodyWord,
} from "../types/object.ts";
import { ByteRange } from "../types/t_string.ts";
import { TypeContext } from "../types/type_context.ts";
import { Values } from "../types/values.ts";
import type { AccessPolicy } from "./access.ts";
import { Db } from "./db.ts";
import { Eviction } from "./eviction.ts";
import { FieldExpiry } from "./field_expiry.ts";
import {
  type KeyObserver,
  type KeyRemovals,
  type KeyWaiters,
  NOTIFY_EVICTED,
  NOTIFY_EXPIRED,
  NOTIFY_KEY_MISS,
  NOTIFY_NEW,
} from "./key_events.ts";
import { KeyStrings } from "./key_strings.ts";
import { LazyFree } from "./lazy_free.ts";

const NO_BYTES = new Uint8Array(0);
/** How often a live key is looked for while dead ones are kept. */
const RANDOM_TRIES = 100;
const keys = new LastView();
const NO_HINTS = new Int32Array(0);

export class Keyspace {
  readonly arena: Arena;
  readonly dbs: Db[];
  readonly access: AccessPolicy;
  readonly prng: Prng;
  readonly values: Values;
  readonly strings: KeyStrings;
  readonly lazyFree: LazyFree;
  readonly fields: FieldExpiry;
  readonly eviction: Eviction;
  /** Who is told what happens to keys. */
  observer: KeyObserver | null = null;
  /** Who waits for keys, or null: nobody does. */
  waiters: KeyWaiters | null = null;
  /** Who repeats what is removed because of time or memory, or null. */
  removals: KeyRemovals | null = null;
  /** Unix time in ms that this batch of commands sees. */
  nowMs = 0;
  /** The same for whoever asks what has expired: what was due before it has. See `setImmortal`. */
  expiryMs = 0;
  /** Hash of the key looked up last. */
  hash = 0;
  /** Whether reads leave access times alone: set for a client with NO-TOUCH and while a snapshot runs. */
  noTouch = false;
  /** Unset by DEBUG, which switches the active cycle off: keys then expire lazily only. */
  activeExpire = true;
  /** Set while nothing may change: dead keys are then not there, but not removed either. */
  keepsExpired = false;
  hits = 0;
  misses = 0;
  expiredKeys = 0;
  evictedKeys = 0;
  expiredStalePercent = 0;
  expiredTimeCapReached = 0;
  expireCycleCpuUs = 0;

  private readonly k0: number;
  private readonly k1: number;
  private readonly key = new ByteRange();
  private hintBuf: ReadonlyBytes = NO_BYTES;
  private hintOff: Int32Array = NO_HINTS;
  private hintHash: Int32Array = NO_HINTS;
  private hintAt = 0;
  private hintEnd = 0;
  /** The key about to be looked up is the one before it. */
  private hintRepeats = false;
  /** What the last key of the hints led to, 0 when that may have changed; and in which database. */
  private lastRef = 0;
  private lastDb: Db | null = null;

  /** `count` empty databases. The seeds make the hash unpredictable. */
  constructor(arena: Arena, count: number, access: AccessPolicy, prng: Prng) {
    this.arena = arena;
    this.access = access;
    this.prng = prng;
    this.k0 = prng.nextU32();
    this.k1 = prng.nextU32();
    this.values = new Values(new TypeContext(arena, prng, this.k0, this.k1));
    this.strings = new KeyStrings(this);
    this.lazyFree = new LazyFree(arena, this.values);
    this.fields = new FieldExpiry(this);
    this.eviction = new Eviction(this);
    this.dbs = [];
    for (let id = 0; id < count; id++) this.dbs.push(new Db(arena, id, this.k0, this.k1));
  }

  /** Moves the time that expiry and access see. */
  setTime(nowMs: number): void {
    this.nowMs = nowMs;
    if (!this.isImmortal) this.setExpiryTime(nowMs);
    this.access.setTime(nowMs);
  }

  /**
   * While it is on, nothing expires, and a key or field may be given a time that is past: for whoever repeats what was
   * propagated, where each thing that expired is deleted by a command of its own.
   */
  setImmortal(isOn: boolean): void {
    this.setExpiryTime(isOn ? -Infinity : this.nowMs);
  }

  get isImmortal(): boolean {
    return this.expiryMs === -Infinity;
  }

  private setExpiryTime(ms: number): void {
    this.expiryMs = ms;
    this.values.context.expiryMs = ms;
  }

  // Lookups.

  /** Hash of a key, the same in every database. */
  hashKey(key: ReadonlyBytes, off: number, len: number): number {
    return hashBytes(keys.of(key), off, len, this.k0, this.k1);
  }

  /**
   * The hashes of keys about to be looked up, in order, by their offsets in `buf`: places [at, end)
   * of the two arrays. A lookup of another key computes its own. `repeats`: there is one, and it is
   * the key of the hints before, of which there was one too.
   */
  hintKeys(
    buf: ReadonlyBytes,
    offs: Int32Array,
    hashes: Int32Array,
    at: number,
    end: number,
    repeats = false,
  ): void {
    this.hintRepeats = repeats;
    if (!repeats) this.lastRef = 0;
    this.hintBuf = buf;
    this.hintOff = offs;
    this.hintHash = hashes;
    this.hintAt = at;
    this.hintEnd = end;
  }

  /** Hash of a key that will be looked up later: as hinted, if it is the next one. */
  hashAhead(key: ReadonlyBytes, off: number, len: number): number {
    const at = this.hintAt;
    const isHinted = at < this.hintEnd && this.hintOff[at] === off && this.hintBuf === key;
    return isHinted ? this.hintHash[at] : this.hashKey(key, off, len);
  }

  /** Forgets the hints: their buffer is about to be reused. */
  clearHints(): void {
    this.hintAt = 0;
    this.hintEnd = 0;
    this.lastRef = 0;
    this.values.context.hint.clear();
  }

  /** The live entry of a key, or 0: for commands that read. Counts a hit or a miss. */
  lookupKeyRead(db: Db, key: ReadonlyBytes, off: number, len: number): number {
    const ref = this.lookupKey(db, key, off, len);
    if (ref === 0) {
      this.missed(db, key, off, len);
      return 0;
    }
    this.hits++;
    if (!this.noTouch) this.touch(ref);
    return ref;
  }

  /** The live entry of a key, or 0: for commands that look at it without using it. Counts, but doesn't touch. */
  lookupKeyPeek(db: Db, key: ReadonlyBytes, off: number, len: number): number {
    const ref = this.lookupKey(db, key, off, len);
    if (ref === 0) this.missed(db, key, off, len);
    else this.hits++;
    return ref;
  }

  /** The same for commands that look at the entry: nobody is told that there is none. */
  lookupKeySilently(db: Db, key: ReadonlyBytes, off: number, len: number): number {
    const ref = this.lookupKey(db, key, off, len);
    if (ref === 0) this.misses++;
    else this.hits++;
    return ref;
  }

  private missed(db: Db, key: ReadonlyBytes, off: number, len: number): void {
    this.misses++;
    if (this.observer !== null) this.observer.event(NOTIFY_KEY_MISS, "keymiss", db, key, off, len);
  }

  /** The live entry of a key, or 0: for commands that may change it. */
  lookupKeyWrite(db: Db, key: ReadonlyBytes, off: number, len: number): number {
    const ref = this.lookupKey(db, key, off, len);
    if (ref !== 0 && !this.noTouch) this.touch(ref);
    return ref;
  }

  /** The live entry of a key, or 0, leaving access time and statistics alone. */
  lookupKey(db: Db, key: ReadonlyBytes, off: number, len: number): number {
    let hash: number;
    let ref: number;
    if (this.hintAt < this.hintEnd && this.hintOff[this.hintAt] === off && this.hintBuf === key) {
      hash = this.hintHash[this.hintAt++];
      this.hash = hash;
      ref = this.lastRef;
      if (ref === 0 || !this.hintRepeats || db !== this.lastDb || !db.keys.isFound(ref)) {
        ref = db.keys.find(hash, key, off, len);
        this.lastRef = ref;
        this.lastDb = db;
      }
    } else {
      hash = this.hashKey(key, off, len);
      this.hash = hash;
      ref = db.keys.find(hash, key, off, len);
    }
    if (ref === 0 || !this.isExpired(ref)) return ref;
    if (!this.keepsExpired) this.expireFound(db, ref);
    return 0;
  }

  /** Whether an entry's time is over. */
  isExpired(ref: number): boolean {
    if ((entryMeta(this.arena, ref) & ENTRY_HAS_EXPIRY) === 0) return false;
    return objectExpiry(this.arena, ref) < this.expiryMs;
  }

  /** Records an access to an entry. */
  touch(ref: number): void {
    const meta = entryMeta(this.arena, ref);
    const old = meta >>> META_ACCESS_SHIFT;
    const access = this.access.touched(old);
    if (access === old) return;
    this.arena.storeI32(
      ref,
      0,
      meta & ((1 << META_ACCESS_SHIFT) - 1) | access << META_ACCESS_SHIFT,
    );
  }

  // Changes to the current key.

  /** Makes the current key, which doesn't exist, an empty collection. It is to be filled at once. */
  create(db: Db, key: ReadonlyBytes, off: number, len: number, type: number): number {
    const made = this.detached(key, off, len, type);
    this.publish(db, 0, made);
    return made;
  }

  /** An entry with an empty collection that no dict knows yet: for `publish` or `discard`. */
  detached(
    key: ReadonlyBytes,
    off: number,
    len: number,
    type: number,
    expireAt: number = NO_EXPIRY,
  ): number {
    const { arena } = this;
    const meta = makeMeta(type, 0, this.access.initial());
    const made = newEntry(arena, key, off, len, COLLECTION_BODY_BYTES, meta, expireAt);
    setBodyWord(arena, made, 0, 0);
    setBodyWord(arena, made, 1, 0);
    try {
      this.values.init(made);
    } catch (error) {
      arena.free(made);
      throw error;
    }
    return made;
  }

  /**
   * Puts a detached entry at the current key, which is its key, in place of the entry `old` (0: none). If memory
   * runs out it is freed and the key is as it was.
   */
  publish(db: Db, old: number, ref: number): void {
    try {
      this.link(db, old, ref);
    } catch (error) {
      this.discard(ref);
      throw error;
    }
  }

  /** Frees a detached entry with its value. */
  discard(ref: number): void {
    this.lazyFree.freeEntry(ref);
  }

  /** Gives the current key an expiry in unix ms, or with NO_EXPIRY takes it away. */
  setExpiry(db: Db, ref: number, expireAt: number): number {
    const arena = this.arena;
    const meta = entryMeta(arena, ref);
    const had = (meta & ENTRY_HAS_EXPIRY) !== 0;
    const has = expireAt !== NO_EXPIRY;
    if (had && has) {
      arena.storeF64(ref, 8, expireAt);
      return ref;
    }
    if (!had && !has) return ref;
    const keyLen = entryKeyLen(arena, ref);
    const fromOff = entryKeyOff(meta);
    const from = bodyOff(arena, ref);
    const to = bodyOffFor(keyLen, has);
    const bodyBytes = this.values.bodyBytes(ref);
    const moved = arena.alloc(to + bodyBytes);
    arena.storeI32(moved, 0, meta ^ ENTRY_HAS_EXPIRY);
    arena.storeI32(moved, 4, keyLen);
    arena.copyBlock(moved, has ? 16 : 8, ref, fromOff, keyLen);
    arena.copyBlock(moved, to, ref, from, bodyBytes);
    if (has) {
      arena.storeF64(moved, 8, expireAt);
      this.insertOrFree(db.expires, moved);
    } else this.forgetExpiry(db, ref);
    this.lastRef = 0;
    db.keys.replaceFound(moved);
    if (this.fields.concerns(moved)) this.fields.moved(db, moved);
    arena.free(ref);
    return moved;
  }

  /** Removes the current key and frees its value. */
  remove(db: Db, ref: number): void {
    this.unlinkFound(db, ref);
    this.lazyFree.freeEntry(ref);
  }

  /** Removes an entry that other lookups may have followed. */
  removeEntry(db: Db, ref: number): void {
    this.findEntry(db, ref);
    this.remove(db, ref);
  }

  /** Makes the key of an entry the current one. */
  findEntry(db: Db, ref: number): void {
    this.hash = this.hashOf(ref);
    db.keys.findRef(this.hash, ref);
  }

  /**
   * Moves the value of an entry of `db` to the current key, which was looked up in `toDb` and whose entry
   * there is `old` or 0. The new entry keeps value and expiry, and counts as just created.
   */
  moveValue(
    db: Db,
    ref: number,
    toDb: Db,
    old: number,
    key: ReadonlyBytes,
    off: number,
    len: number,
  ): number {
    const arena = this.arena;
    const moved = this.entryLike(ref, key, off, len);
    try {
      this.link(toDb, old, moved);
    } catch (error) {
      arena.free(moved);
      throw error;
    }
    this.findEntry(db, ref);
    this.unlinkFound(db, ref);
    arena.free(ref);
    return moved;
  }

  /** Copies the value of an entry to the current key, as `moveValue`. */
  copyValue(
    ref: number,
    toDb: Db,
    old: number,
    key: ReadonlyBytes,
    off: number,
    len: number,
  ): number {
    const copy = this.entryLike(ref, key, off, len);
    try {
      this.values.copy(ref, copy);
    } catch (error) {
      this.arena.free(copy);
      throw error;
    }
    this.publish(toDb, old, copy);
    return copy;
  }

  // Whole databases.

  /** A live key chosen at random, or 0. Dead ones that come up on the way are removed, or one is returned. */
  randomKey(db: Db): number {
    for (let tries = 1; db.keys.count > 0; tries++) {
      const ref = db.keys.random(this.prng);
      if (!this.isExpired(ref) || this.keepsExpired && tries === RANDOM_TRIES) return ref;
      this.expireEntry(db, ref);
    }
    return 0;
  }

  /** Empties a database. The entries are freed in slices afterwards. Returns how many there were. */
  empty(db: Db): number {
    const count = db.keys.count;
    if (count === 0) return 0;
    if (this.observer !== null) this.observer.emptying(db);
    const keys = this.freshDict();
    const expires = this.freshDict();
    if (keys !== null && expires !== null) {
      this.lazyFree.add(db.keys, db.expires);
      db.keys = keys;
      db.expires = expires;
    } else {
      if (keys !== null) keys.free();
      if (expires !== null) expires.free();
      this.emptyInPlace(db);
    }
    this.fields.clear(db);
    db.avgTtlMs = 0;
    db.expireCursor = 0;
    if (this.waiters !== null) this.waiters.emptied(db);
    return count;
  }

  /** Exchanges the contents of two databases. */
  swap(a: Db, b: Db): void {
    if (this.observer !== null) this.observer.swapping(a, b);
    const { keys, expires, fieldExpires, avgTtlMs, expireCursor } = a;
    a.keys = b.keys;
    a.expires = b.expires;
    a.fieldExpires = b.fieldExpires;
    a.avgTtlMs = b.avgTtlMs;
    a.expireCursor = b.expireCursor;
    b.keys = keys;
    b.expires = expires;
    b.fieldExpires = fieldExpires;
    b.avgTtlMs = avgTtlMs;
    b.expireCursor = expireCursor;
    if (this.waiters !== null) this.waiters.swapped(a, b);
  }

  /** Removes an entry whose time is over, found by other means than a lookup. */
  expireEntry(db: Db, ref: number): void {
    this.hash = this.hashOf(ref);
    if (!this.keepsExpired && db.keys.findRef(this.hash, ref)) this.expireFound(db, ref);
  }

  /** Removes an entry because memory is short. */
  evictEntry(db: Db, ref: number): void {
    this.evictedKeys++;
    if (this.removals !== null) this.removals.evicted(db, ref);
    this.findEntry(db, ref);
    this.removeFound(db, ref, NOTIFY_EVICTED, "evicted");
  }

  /** The key of an entry. The bytes are the arena's own, valid until the next change. */
  readKey(ref: number, out: ByteRange): void {
    const arena = this.arena;
    const off = refOffset(ref) + entryKeyOff(entryMeta(arena, ref));
    out.set(arena.u8[ref >>> 27], off, entryKeyLen(arena, ref));
  }

  private expireFound(db: Db, ref: number): void {
    this.expiredKeys++;
    if (this.removals !== null) this.removals.expired(db, ref);
    this.removeFound(db, ref, NOTIFY_EXPIRED, "expired");
  }

  /** Removes the current key for reasons of the server's own, and tells of it. */
  private removeFound(db: Db, ref: number, cls: number, event: string): void {
    const { observer, key } = this;
    if (observer === null) return this.remove(db, ref);
    // A copy: the observer is told afterwards, when the entry's bytes are no longer the key's.
    this.readKey(ref, key);
    const bytes = new Uint8Array(key.len);
    copyBytes(bytes, 0, key.buf, key.off, key.len);
    this.remove(db, ref);
    observer.event(cls, event, db, bytes, 0, bytes.length);
    observer.modified(db, bytes, 0, bytes.length);
  }

  /** Takes the current key out of both dicts. */
  private unlinkFound(db: Db, ref: number): void {
    if (this.fields.concerns(ref)) this.fields.forget(db, ref);
    if (this.waiters !== null) this.waiters.removed(db, this.hash, ref);
    if ((entryMeta(this.arena, ref) & ENTRY_HAS_EXPIRY) !== 0) this.forgetExpiry(db, ref);
    this.lastRef = 0;
    db.keys.removeFound(this.hash);
  }

  private forgetExpiry(db: Db, ref: number): void {
    if (db.expires.findRef(this.hash, ref)) db.expires.removeFound(this.hash);
  }

  /**
   * An entry with a body of `bodyBytes` for the current key's new state, with head and key written, known to both
   * dicts, and the old value freed: `ref` itself where its size fits. `block` is freed if memory runs out. For
   * key_strings.ts.
   */
  place(
    db: Db,
    ref: number,
    key: ReadonlyBytes,
    keyOff: number,
    keyLen: number,
    bodyBytes: number,
    expireAt: number,
    block: number,
  ): number {
    const arena = this.arena;
    const has = expireAt !== NO_EXPIRY;
    const bytes = bodyOffFor(keyLen, has) + bodyBytes;
    if (ref !== 0 && Arena.blockBytes(bytes) === arena.usable(ref)) {
      const had = (entryMeta(arena, ref) & ENTRY_HAS_EXPIRY) !== 0;
      if (had === has && !this.values.isBig(ref)) {
        if (this.fields.concerns(ref)) this.fields.forget(db, ref);
        this.values.free(ref);
        if (has) arena.storeF64(ref, 8, expireAt);
        if (this.waiters !== null) this.waiters.added(db, this.hash, ref);
        return ref;
      }
    }
    let target = 0;
    try {
      target = newEntry(arena, key, keyOff, keyLen, bodyBytes, 0, expireAt);
      if (has) db.expires.insert(this.hash, target);
      if (ref === 0) this.insertKey(db, target, has);
    } catch (error) {
      if (target !== 0) arena.free(target);
      if (block !== 0) arena.free(block);
      throw error;
    }
    if (ref !== 0) {
      if (this.fields.concerns(ref)) this.fields.forget(db, ref);
      if ((entryMeta(arena, ref) & ENTRY_HAS_EXPIRY) !== 0) this.forgetExpiry(db, ref);
      this.lastRef = 0;
      db.keys.replaceFound(target);
      if (this.waiters !== null) this.waiters.added(db, this.hash, target);
      this.lazyFree.freeEntry(ref);
    }
    return target;
  }

  private insertKey(db: Db, ref: number, has: boolean): void {
    try {
      this.lastRef = 0;
      db.keys.insert(this.hash, ref);
    } catch (error) {
      if (has) this.forgetExpiry(db, ref);
      throw error;
    }
    if (this.waiters !== null) this.waiters.added(db, this.hash, ref);
    if (this.observer !== null) this.tellNew(db, ref);
  }

  /** Tells that the key of an entry is new. For commands that put it in the place of a key they count as deleted. */
  tellNew(db: Db, ref: number): void {
    if (this.observer === null) return;
    const { key } = this;
    this.readKey(ref, key);
    this.observer.event(NOTIFY_NEW, "new", db, key.buf, key.off, key.len);
  }

  private insertOrFree(dict: Dict, ref: number): void {
    try {
      dict.insert(this.hash, ref);
    } catch (error) {
      this.arena.free(ref);
      throw error;
    }
  }

  /** A new entry with another key and otherwise the same as `ref`, blocks its body points to included. */
  private entryLike(ref: number, key: ReadonlyBytes, off: number, len: number): number {
    const arena = this.arena;
    const bytes = this.values.bodyBytes(ref);
    const meta = makeMeta(
      objectType(arena, ref),
      objectEncoding(arena, ref),
      this.access.initial(),
    );
    const made = newEntry(arena, key, off, len, bytes, meta, objectExpiry(arena, ref));
    arena.copyBlock(made, bodyOff(arena, made), ref, bodyOff(arena, ref), bytes);
    return made;
  }

  /** Puts a finished entry at the current key, in place of `old` (0: none), or throws and changes nothing. */
  private link(db: Db, old: number, ref: number): void {
    const { fields } = this;
    if (!fields.concerns(ref)) return this.linkKey(db, old, ref);
    fields.adopt(db, ref);
    try {
      this.linkKey(db, old, ref);
    } catch (error) {
      fields.forget(db, ref);
      throw error;
    }
  }

  private linkKey(db: Db, old: number, ref: number): void {
    const has = (entryMeta(this.arena, ref) & ENTRY_HAS_EXPIRY) !== 0;
    if (has) db.expires.insert(this.hash, ref);
    if (old === 0) return this.insertKey(db, ref, has);
    if ((entryMeta(this.arena, old) & ENTRY_HAS_EXPIRY) !== 0) this.forgetExpiry(db, old);
    if (this.fields.concerns(old)) this.fields.forget(db, old);
    this.lastRef = 0;
    db.keys.replaceFound(ref);
    if (this.waiters !== null) this.waiters.added(db, this.hash, ref);
    this.lazyFree.freeEntry(old);
  }

  /** Hash of the key of an entry. */
  hashOf(ref: number): number {
    return entryKeyHash(this.arena, ref, this.k0, this.k1);
  }

  /** An empty dict, or null when memory is short. */
  private freshDict(): Dict | null {
    try {
      return new Dict(this.arena, this.k0, this.k1);
    } catch (error) {
      if (error !== ARENA_FULL) throw error;
      return null;
    }
  }

  /** Empties a database at once and without taking memory. */
  private emptyInPlace(db: Db): void {
    const refs = new RefList();
    while (db.expires.count > 0) {
      refs.clear();
      db.expires.popBucket(refs);
    }
    while (db.keys.count > 0) {
      refs.clear();
      this.lastRef = 0;
      db.keys.popBucket(refs);
      for (let i = 0; i < refs.length; i++) this.lazyFree.freeEntry(refs.refs[i]);
    }
  }

  /** Moves the current key's entry to a block of `bytes`, keeping its first `keep` bytes. For key_strings.ts. */
  moveEntry(db: Db, ref: number, keep: number, bytes: number): number {
    const arena = this.arena;
    const moved = arena.alloc(bytes);
    arena.copyBlock(moved, 0, ref, 0, keep);
    if ((entryMeta(arena, ref) & ENTRY_HAS_EXPIRY) !== 0 && db.expires.findRef(this.hash, ref)) {
      db.expires.replaceFound(moved);
    }
    this.lastRef = 0;
    db.keys.replaceFound(moved);
    arena.free(ref);
    return moved;
  }

  /** Access bits of an entry's next value: a value that is replaced hands its own on. For key_strings.ts. */
  accessFor(ref: number): number {
    return ref === 0 ? this.access.initial() : objectAccess(this.arena, ref);
  }
}
