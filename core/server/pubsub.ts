/**
 * Pub/sub: channels, patterns, and who is subscribed to them.
 *
 *     name -> Topic           one table each for channels, patterns and shard channels
 *     topic.head(resp)        how its messages begin, ready to be copied
 *     topic.clients           an array; a client knows its index in it, so it leaves in O(1)
 *     client.subscriptions    topic -> that index, in order of subscription
 *
 * A message is written once per protocol version among its receivers (shared_chunk.ts), and each of them gets the
 * same bytes. The sockets are written to at the end of the turn, each once; whoever doesn't read keeps what waits
 * for it in its own queue, up to `client-output-buffer-limit`, and holds up nobody. A small message to one client is
 * no less work to share than to write: it goes right to the client's replies, if there is a chunk for them.
 *
 * Receivers are walked from the last to the first: one that is closed on the way, for its limit, leaves its place to
 * one that has been served already.
 */
import { ascii, copyBytes, type ReadonlyBytes } from "../base/bytes.ts";
import { BytesTable, Named } from "../base/bytes_table.ts";
import { globMatch } from "../base/glob.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import { Prepared } from "../protocol/reply.ts";
import { type SharedChunk, SharedLog } from "../protocol/shared_chunk.ts";
import { GATE_PUBSUB } from "./call.ts";
import { type Client, CLIENT_PUBSUB } from "./client.ts";
import { deliver, mayAddNow } from "./deliver.ts";

/** A channel or a pattern that has subscribers. */
export class Topic extends Named {
  readonly clients: Client[] = [];
  private readonly kind: TopicKind;
  /** Made for the first message: most topics of many have none. */
  private head2: Prepared | null = null;
  private head3: Prepared | null = null;

  constructor(hash: number, bytes: Uint8Array, kind: TopicKind) {
    super(hash, bytes, null);
    this.kind = kind;
  }

  /** How a message to its clients begins, up to and including the topic's name, by the version of the protocol. */
  head(resp: number): Prepared {
    return resp === 2 ? this.head2 ??= this.makeHead("*") : this.head3 ??= this.makeHead(">");
  }

  private makeHead(type: string): Prepared {
    const { parts, word } = MESSAGES[this.kind];
    const { bytes } = this;
    const begin = ascii(`${type}${parts}\r\n$${word.length}\r\n${word}\r\n$${bytes.length}\r\n`);
    const head = new Uint8Array(begin.length + bytes.length + 2);
    head.set(begin);
    head.set(bytes, begin.length);
    head.set(CRLF, head.length - 2);
    return new Prepared(head);
  }
}

/** Topics of a client, each with the client's index among the topic's. */
type Places = Map<Topic, number>;

/** What a client is subscribed to. */
export class Subscriptions {
  readonly channels: Places = new Map();
  readonly patterns: Places = new Map();
  readonly shardChannels: Places = new Map();
}

/** The three kinds of topics, named as the fields they lie in. */
export type TopicKind = keyof Subscriptions;

/** What a message to topics of each kind is called, and of how many parts it is. */
const MESSAGES: Readonly<Record<TopicKind, { readonly parts: number; readonly word: string }>> = {
  channels: { parts: 3, word: "message" },
  patterns: { parts: 4, word: "pmessage" },
  shardChannels: { parts: 3, word: "smessage" },
};

/** What a message has besides its texts, at most, and the most bytes of one that isn't shared. */
const HEADS_BYTES = 128;
const SMALL_BYTES = 1024;
const CRLF = ascii("\r\n");

export class PubSub {
  /** Clients that are subscribed to anything. */
  clients = 0;
  readonly channels = new BytesTable<Topic>();
  readonly patterns = new BytesTable<Topic>();
  readonly shardChannels = new BytesTable<Topic>();
  private readonly keyspace: Keyspace;
  private readonly patternList = new Set<Topic>();
  private readonly log = new SharedLog();

  constructor(keyspace: Keyspace) {
    this.keyspace = keyspace;
  }

  /** Whether a message could have receivers at all. */
  get hasListeners(): boolean {
    return this.channels.count !== 0 || this.patterns.count !== 0;
  }

  // Subscribing.

  /** Subscribes a client, which may be already. */
  subscribe(c: Client, kind: TopicKind, buf: ReadonlyBytes, off: number, len: number): void {
    const hash = this.keyspace.hashKey(buf, off, len);
    let topic = this[kind].find(hash, buf, off, len);
    const places = (c.subscriptions ??= new Subscriptions())[kind];
    if (topic === null) {
      const bytes = new Uint8Array(len);
      copyBytes(bytes, 0, buf, off, len);
      topic = new Topic(hash, bytes, kind);
      this[kind].insert(topic);
      if (kind === "patterns") this.patternList.add(topic);
    } else if (places.has(topic)) return;
    places.set(topic, topic.clients.length);
    topic.clients.push(c);
    if ((c.flags & CLIENT_PUBSUB) !== 0) return;
    c.flags |= CLIENT_PUBSUB;
    c.gates |= GATE_PUBSUB;
    this.clients++;
  }

  /** Ends a subscription, which there may not be. */
  unsubscribe(c: Client, kind: TopicKind, buf: ReadonlyBytes, off: number, len: number): void {
    if (c.subscriptions === null) return;
    const topic = this[kind].find(this.keyspace.hashKey(buf, off, len), buf, off, len);
    if (topic !== null) this.leave(c, kind, topic);
  }

  /** Ends a client's subscription to a topic, which there may not be. */
  leave(c: Client, kind: TopicKind, topic: Topic): void {
    const places = c.subscriptions![kind];
    const place = places.get(topic);
    if (place === undefined) return;
    places.delete(topic);
    const last = topic.clients.pop()!;
    if (last !== c) {
      topic.clients[place] = last;
      last.subscriptions![kind].set(topic, place);
    }
    if (topic.clients.length > 0) return;
    this[kind].remove(topic);
    if (kind === "patterns") this.patternList.delete(topic);
  }

  /** A client without subscriptions left is a normal one again. */
  unmarkIfNone(c: Client): void {
    if ((c.flags & CLIENT_PUBSUB) === 0 || countOf(c) + shardCountOf(c) > 0) return;
    c.flags &= ~CLIENT_PUBSUB;
    c.gates &= ~GATE_PUBSUB;
    this.clients--;
  }

  /** Ends all subscriptions of a client. */
  forget(c: Client): void {
    const { subscriptions } = c;
    if (subscriptions === null) return;
    for (const kind of ["channels", "patterns", "shardChannels"] as const) {
      for (const topic of subscriptions[kind].keys()) this.leave(c, kind, topic);
    }
    this.unmarkIfNone(c);
    c.subscriptions = null;
  }

  // Publishing.

  /** Sends a message to the subscribers of a channel and of patterns that match it. Returns how many. */
  publish(
    channel: ReadonlyBytes,
    channelOff: number,
    channelLen: number,
    message: ReadonlyBytes,
    off: number,
    len: number,
  ): number {
    let receivers = 0;
    if (this.channels.count !== 0) {
      const hash = this.keyspace.hashKey(channel, channelOff, channelLen);
      const topic = this.channels.find(hash, channel, channelOff, channelLen);
      if (topic !== null) {
        receivers = topic.clients.length;
        this.send(topic, channel, channelOff, -1, message, off, len);
      }
    }
    if (this.patterns.count === 0) return receivers;
    for (const topic of this.patternList) {
      const { bytes } = topic;
      if (!globMatch(bytes, 0, bytes.length, channel, channelOff, channelLen, false)) continue;
      receivers += topic.clients.length;
      this.send(topic, channel, channelOff, channelLen, message, off, len);
    }
    return receivers;
  }

  /** Sends a message to the subscribers of a shard channel. Returns how many. */
  publishShard(
    channel: ReadonlyBytes,
    channelOff: number,
    channelLen: number,
    message: ReadonlyBytes,
    off: number,
    len: number,
  ): number {
    const hash = this.keyspace.hashKey(channel, channelOff, channelLen);
    const topic = this.shardChannels.find(hash, channel, channelOff, channelLen);
    if (topic === null) return 0;
    const receivers = topic.clients.length;
    this.send(topic, channel, channelOff, -1, message, off, len);
    return receivers;
  }

  /** @param channelLen -1 for a message that the topic's head says the channel of */
  private send(
    topic: Topic,
    channel: ReadonlyBytes,
    channelOff: number,
    channelLen: number,
    message: ReadonlyBytes,
    off: number,
    len: number,
  ): void {
    const { clients } = topic;
    const bytes = topic.bytes.length + (channelLen < 0 ? 0 : channelLen) + len;
    if (clients.length === 1 && bytes <= SMALL_BYTES && mayAddNow(clients[0])) {
      const { port, reply } = clients[0];
      if (reply.hasRoomAtHand(bytes + HEADS_BYTES)) {
        reply.addPrepared(topic.head(reply.resp));
        if (channelLen >= 0) reply.addBulk(channel, channelOff, channelLen);
        reply.addBulk(message, off, len);
        return port.replied();
      }
    }
    let chunk2: SharedChunk | null = null;
    let chunk3: SharedChunk | null = null;
    const { log } = this;
    for (let i = clients.length - 1; i >= 0; i--) {
      const to = clients[i];
      const isOld = to.reply.resp === 2;
      let chunk: SharedChunk | null = isOld ? chunk2 : chunk3;
      if (chunk === null) {
        log.begin(bytes + HEADS_BYTES, 2);
        log.addRaw(topic.head(to.reply.resp).bytes);
        if (channelLen >= 0) log.addBulk(channel, channelOff, channelLen);
        log.addBulk(message, off, len);
        chunk = log.end();
        if (isOld) chunk2 = chunk;
        else chunk3 = chunk;
      }
      deliver(to, chunk);
    }
  }
}

/** Channels and patterns that a client is subscribed to. */
export function countOf(c: Client): number {
  const { subscriptions } = c;
  return subscriptions === null ? 0 : subscriptions.channels.size + subscriptions.patterns.size;
}

/** Shard channels that a client is subscribed to. */
export function shardCountOf(c: Client): number {
  return c.subscriptions === null ? 0 : c.subscriptions.shardChannels.size;
}
