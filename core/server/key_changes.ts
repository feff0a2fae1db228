/**
 * Key changes: what becomes of the news that a key has changed.
 *
 *     modified   clients that watch the key are marked (watched_keys.ts), those that keep a copy are told (tracking.ts)
 *     event      a message to those who asked for keyspace notifications:
 *                    channel __keyspace@<db>__:<key>      message <event>      class K
 *                    channel __keyevent@<db>__:<event>    message <key>        class E
 *
 * The keyspace and the commands tell only while somebody may listen: `observer` is null as long as
 * no key is watched, nobody tracks keys and no class of events is switched on. With classes on and
 * nobody subscribed an event costs two comparisons.
 */
import { ascii, copyBytes, type ReadonlyBytes } from "../base/bytes.ts";
import type { Db } from "../keyspace/db.ts";
import { type KeyObserver, NOTIFY_EVICTED, NOTIFY_EXPIRED } from "../keyspace/key_events.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { PubSub } from "./pubsub.ts";
import type { Tracking } from "./tracking.ts";
import { WatchedKeys } from "./watched_keys.ts";

// The two ways to tell of an event, among the bits of its classes.
const NOTIFY_KEYSPACE = 1 << 0;
const NOTIFY_KEYEVENT = 1 << 1;
const NAME_BYTES = 256;
/** Events of keys that no command has removed. */
const BY_SERVER: number = NOTIFY_EXPIRED | NOTIFY_EVICTED;

export class KeyChanges implements KeyObserver {
  readonly watched: WatchedKeys;
  private readonly keyspace: Keyspace;
  private readonly pubsub: PubSub;
  private readonly tracking: Tracking;
  /** Bits of notify-keyspace-events. */
  private classes = 0;
  /** The key that is about to be told as modified was removed by the server. */
  private isRemoved = false;
  private readonly names = new Map<string, Uint8Array>();
  private readonly prefixes = new Map<Db, [keyspace: Uint8Array, keyevent: Uint8Array]>();
  /** The channel being published to. */
  private channel = new Uint8Array(NAME_BYTES);

  constructor(keyspace: Keyspace, pubsub: PubSub, tracking: Tracking) {
    this.keyspace = keyspace;
    this.pubsub = pubsub;
    this.tracking = tracking;
    this.watched = new WatchedKeys(keyspace, () => this.observe());
  }

  /** Sets the classes of events that are told, bits of notify-keyspace-events. */
  setClasses(bits: number): void {
    this.classes = bits;
    this.observe();
  }

  modified(db: Db, key: ReadonlyBytes, off: number, len: number): void {
    if (this.watched.count !== 0) this.watched.modified(db, key, off, len);
    if (this.tracking.isOn) this.tracking.modified(key, off, len, this.isRemoved);
    this.isRemoved = false;
  }

  event(cls: number, name: string, db: Db, key: ReadonlyBytes, off: number, len: number): void {
    // `modified` follows at once.
    if ((cls & BY_SERVER) !== 0) this.isRemoved = true;
    if ((this.classes & cls) === 0 || !this.pubsub.hasListeners) return;
    const event = this.nameBytes(name);
    const prefixes = this.prefixesOf(db);
    if ((this.classes & NOTIFY_KEYSPACE) !== 0) {
      const end = this.setChannel(prefixes[0], key, off, len);
      this.pubsub.publish(this.channel, 0, end, event, 0, event.length);
    }
    if ((this.classes & NOTIFY_KEYEVENT) !== 0) {
      const end = this.setChannel(prefixes[1], event, 0, event.length);
      this.pubsub.publish(this.channel, 0, end, key, off, len);
    }
  }

  emptying(db: Db): void {
    if (this.watched.count !== 0) this.watched.replacing(db, null);
  }

  swapping(a: Db, b: Db): void {
    if (this.watched.count === 0) return;
    this.watched.replacing(a, b);
    this.watched.replacing(b, a);
  }

  /** Looks whether anybody wants to know. To be called when somebody begins or ends to. */
  observe(): void {
    const isOn = this.watched.count !== 0 || this.classes !== 0 || this.tracking.isOn;
    this.keyspace.observer = isOn ? this : null;
  }

  /** Writes the channel's name and returns its length. */
  private setChannel(prefix: Uint8Array, rest: ReadonlyBytes, off: number, len: number): number {
    const end = prefix.length + len;
    if (end > this.channel.length || this.channel.length > NAME_BYTES && end <= NAME_BYTES) {
      this.channel = new Uint8Array(Math.max(end, NAME_BYTES));
    }
    copyBytes(this.channel, 0, prefix, 0, prefix.length);
    copyBytes(this.channel, prefix.length, rest, off, len);
    return end;
  }

  private nameBytes(name: string): Uint8Array {
    let bytes = this.names.get(name);
    if (bytes === undefined) this.names.set(name, bytes = ascii(name));
    return bytes;
  }

  private prefixesOf(db: Db): [Uint8Array, Uint8Array] {
    let prefixes = this.prefixes.get(db);
    if (prefixes === undefined) {
      prefixes = [ascii(`__keyspace@${db.id}__:`), ascii(`__keyevent@${db.id}__:`)];
      this.prefixes.set(db, prefixes);
    }
    return prefixes;
  }
}
