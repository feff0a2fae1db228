/**
 * Tracking: telling clients that keep copies of keys when these are no longer right (client-side caching).
 *
 *     a command that reads       `remember`: its keys are noted for the client (tracked_keys.ts)
 *     a key changes              `modified`: the clients that have read it get a message, and are forgotten
 *     BCAST                      no key is noted; what begins with a prefix is told at the turn's end (broadcast)
 *     a database is emptied      one message without a key: nothing is right any more
 *
 * The message. A client of RESP3 gets a push. One of RESP2 can't, so it names another connection (REDIRECT), which
 * gets a push as well or, if it is subscribed to something, a message of the channel __redis__:invalidate. If that
 * connection is gone a client of RESP3 is told so with each message it would have got.
 *
 * Order. A client must have the reply to its command before it hears that the command changed a key it knows, and
 * nothing may stand within the replies of EXEC. So what a client causes itself is kept in `pending` until its command
 * is over, behind what else came meanwhile. But keys that the server removes before it begins to execute a command
 * (eviction, a full table) are told before its reply, which may be of a newer value (`standAside`).
 *
 * Cost. While nobody tracks nothing is noted and nothing looked up: commands of clients that track have a gate
 * (call.ts), and the keyspace tells of changes only while `isOn` (key_changes.ts).
 *
 * The table has up to `tracking-table-max-keys` keys. What is too much is forgotten at random before the next command
 * and by the cron, at first a hundred keys at a time; those who have read them are told as if they had changed.
 */
import { ascii, copyBytes, type ReadonlyBytes } from "../base/bytes.ts";
import { formatInteger } from "../base/numbers.ts";
import { ARENA_FULL } from "../memory/arena.ts";
import { type SharedChunk, SharedLog } from "../protocol/shared_chunk.ts";
import { ByteRange } from "../types/t_string.ts";
import { GATE_PUSHES, GATE_TRACKED_KEYS, GATE_TRACKING } from "./call.ts";
import {
  type Client,
  CLIENT_MULTI,
  CLIENT_PUBSUB,
  CLIENT_TRACKING,
  CLIENT_TRACKING_BCAST,
  CLIENT_TRACKING_BROKEN,
  CLIENT_TRACKING_CACHING,
  CLIENT_TRACKING_NOLOOP,
  CLIENT_TRACKING_OPTIN,
  CLIENT_TRACKING_OPTOUT,
} from "./client.ts";
import { type Command, READONLY } from "./command.ts";
import { deliver, standAside } from "./deliver.ts";
import { KeyList, keysOf } from "./keys_of.ts";
import type { Server } from "./server.ts";
import { TrackedKeys } from "./tracked_keys.ts";
import { Broadcast } from "./tracking_broadcast.ts";

/** How a client tracks. */
const MODE: number = CLIENT_TRACKING_BCAST | CLIENT_TRACKING_OPTIN | CLIENT_TRACKING_OPTOUT |
  CLIENT_TRACKING_NOLOOP;
const ALL_FLAGS: number = MODE | CLIENT_TRACKING | CLIENT_TRACKING_BROKEN | CLIENT_TRACKING_CACHING;
/** Keys forgotten at once when there are too many; as many more each time that it was not enough. */
const FORGET_AT_ONCE = 100;
/** Room for the head of a bulk string and the ends of lines. */
const BULK_BYTES = 32;

const PUSH = ascii(">2\r\n$10\r\ninvalidate\r\n");
const MESSAGE = ascii("*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n");
const NULL_2 = ascii("$-1\r\n");
const NULL_3 = ascii("_\r\n");
const ONE_BULK = ascii("*1\r\n$");

/** What is known of a client that has ever tracked. */
export class TrackingState {
  /** Its number among the tracked keys. */
  readonly number: number;
  /** Id of the client that gets its messages; 0: it gets them itself. */
  redirect = 0;
  /** What it broadcasts. */
  readonly prefixes = new Set<string>();
  /** What it has caused itself and is yet to be told. */
  readonly pending: Invalidation[] = [];

  constructor(number: number) {
    this.number = number;
  }
}

/** A message, written once per protocol. */
class Invalidation {
  private readonly log: SharedLog;
  /** The array of keys as it is sent; null stands for all keys. */
  private readonly keys: Uint8Array | null;
  private chunk2: SharedChunk | null = null;
  private chunk3: SharedChunk | null = null;

  constructor(log: SharedLog, keys: Uint8Array | null) {
    this.log = log;
    this.keys = keys;
  }

  chunk(resp: number): SharedChunk {
    return resp === 2
      ? this.chunk2 ??= this.write(MESSAGE, this.keys ?? NULL_2)
      : this.chunk3 ??= this.write(PUSH, this.keys ?? NULL_3);
  }

  private write(head: Uint8Array, keys: Uint8Array): SharedChunk {
    this.log.begin(head.length + keys.length, 0);
    this.log.addRaw(head);
    this.log.addRaw(keys);
    return this.log.end();
  }
}

export class Tracking {
  readonly keys: TrackedKeys<Client>;
  readonly broadcast = new Broadcast();
  private readonly server: Server;
  /** Clients that track at present. */
  private readonly clients = new Set<Client>();
  private readonly log = new SharedLog();
  private readonly list = new KeyList();
  private readonly chosen = new ByteRange();
  private keysMax = 0;
  /** How often in a row forgetting was not enough. */
  private tries = 0;
  private readonly onEndOfTurn = () => this.sendBroadcast();

  constructor(server: Server) {
    this.server = server;
    this.keys = new TrackedKeys(server.keyspace);
  }

  /** Whether changes of keys matter: somebody tracks, or did and may do so again. */
  get isOn(): boolean {
    return this.keys.clients !== 0;
  }

  /** Clients that track at present. */
  get count(): number {
    return this.clients.size;
  }

  /** Follows tracking-table-max-keys; 0: there may be any number. */
  setKeysMax(count: number): void {
    this.keysMax = count;
    this.noteCount();
  }

  // Clients.

  /** The client tracks from now on, or goes on with another mode, of CLIENT_TRACKING_ flags. */
  enable(c: Client, mode: number, redirect: number, prefixes: readonly string[]): void {
    if (c.tracking === null) {
      c.tracking = new TrackingState(this.keys.join(c));
      this.server.changes.observe();
    }
    this.clients.add(c);
    c.flags = c.flags & ~(MODE | CLIENT_TRACKING_BROKEN) | mode | CLIENT_TRACKING;
    c.tracking.redirect = redirect;
    if ((mode & CLIENT_TRACKING_BCAST) === 0) {
      c.gates |= GATE_TRACKING;
      return;
    }
    c.gates &= ~GATE_TRACKING;
    for (const prefix of prefixes.length === 0 ? [""] : prefixes) {
      this.broadcast.add(c, prefix);
      c.tracking.prefixes.add(prefix);
    }
  }

  /** The client doesn't track any more. What it has read stays noted, in case that it begins again. */
  disable(c: Client): void {
    if ((c.flags & CLIENT_TRACKING) === 0) return;
    const { prefixes } = c.tracking!;
    for (const prefix of prefixes) this.broadcast.remove(c, prefix);
    prefixes.clear();
    c.flags &= ~ALL_FLAGS;
    c.gates &= ~GATE_TRACKING;
    this.clients.delete(c);
  }

  /** Forgets a client that is gone. */
  forget(c: Client): void {
    if (c.tracking === null) return;
    this.disable(c);
    this.keys.leave(c.tracking.number);
    c.tracking = null;
    this.noteCount();
    this.server.changes.observe();
  }

  // Reading.

  /** Notes the keys of a request that was just executed, for the client whose request it is or is a part of. */
  remember(executed: Client, command: Command): void {
    if ((command.flags & READONLY) === 0 || command.spec.group === "scripting") return;
    const c = this.server.executing ?? executed;
    const caching = (c.flags & CLIENT_TRACKING_CACHING) !== 0;
    const { flags } = c;
    if ((flags & (CLIENT_TRACKING | CLIENT_TRACKING_BCAST)) !== CLIENT_TRACKING) return;
    if (caching ? (flags & CLIENT_TRACKING_OPTOUT) !== 0 : (flags & CLIENT_TRACKING_OPTIN) !== 0) {
      return;
    }
    const { argv } = executed;
    const { first, last, step, isWhole } = command.range;
    if (isWhole && first > 0) {
      const end = last < 0 ? argv.argc + last : last;
      for (let i = first; i <= end; i += step) this.note(c, argv.buf, argv.off[i], argv.len[i]);
    } else {
      const { list } = this;
      keysOf(command, argv, list);
      for (let i = 0; i < list.count; i++) {
        const at = list.index[i];
        this.note(c, argv.buf, argv.off[at], argv.len[at]);
      }
    }
    this.noteCount();
  }

  /** Notes a key that the client has read. If there is no memory for it the client must not keep the key either. */
  private note(c: Client, key: ReadonlyBytes, off: number, len: number): void {
    try {
      this.keys.add(key, off, len, c.tracking!.number);
    } catch (error) {
      if (error !== ARENA_FULL) throw error;
      this.tell(c, this.about(key, off, len));
    }
  }

  // Changes.

  /** A key was changed, if `byServer` not by a command but because its time was over or memory was short. */
  modified(key: ReadonlyBytes, off: number, len: number, byServer: boolean): void {
    if (this.broadcast.count > 0) {
      const by = byServer ? null : this.server.executing;
      if (this.broadcast.note(key, off, len, by)) this.server.turn.broadcast = this.onEndOfTurn;
    }
    this.invalidate(key, off, len);
  }

  /** One or all databases were emptied. */
  flushed(): void {
    if (!this.isOn) return;
    const all = new Invalidation(this.log, null);
    for (const client of [...this.clients]) this.tell(client, all);
    this.keys.clear();
    this.noteCount();
  }

  /** Removes and forgets what is too much, so that the client is told before the reply to the command that follows. */
  beforeCommand(c: Client): void {
    if (c !== this.server.executing) return;
    this.server.isWithinLimit();
    this.limit();
  }

  /** Forgets keys if there are more than there may be. */
  limit(): void {
    const { server, keys, keysMax, chosen } = this;
    if (keysMax === 0 || keys.count <= keysMax) {
      this.tries = 0;
      return;
    }
    const executing = standAside(server);
    for (let left = FORGET_AT_ONCE * (this.tries + 1); left > 0 && keys.count > keysMax; left--) {
      keys.chooseKey(chosen);
      const key = new Uint8Array(chosen.len);
      copyBytes(key, 0, chosen.buf, chosen.off, chosen.len);
      this.invalidate(key, 0, key.length);
    }
    server.executing = executing;
    this.tries = this.noteCount() ? this.tries + 1 : 0;
  }

  /** Tells those who have read a key that it is not what it was. */
  private invalidate(key: ReadonlyBytes, off: number, len: number): void {
    const { keys, server } = this;
    const count = keys.take(key, off, len);
    if (count === 0) return;
    const { refs: numbers } = keys.taken;
    let message: Invalidation | null = null;
    for (let i = 0; i < count; i++) {
      const client = keys.clientOf(numbers[i]);
      if (client === null || client === undefined) continue;
      const { flags } = client;
      if ((flags & (CLIENT_TRACKING | CLIENT_TRACKING_BCAST)) !== CLIENT_TRACKING) continue;
      if ((flags & CLIENT_TRACKING_NOLOOP) !== 0 && client === server.executing) continue;
      this.tell(client, message ??= this.about(key, off, len));
    }
    this.noteCount();
  }

  // Messages.

  /** Sends what the client's last command caused and was kept until it was over. */
  sendPending(c: Client): void {
    const { pending } = c.tracking!;
    if (pending.length === 0) return;
    const { server } = this;
    const { executing } = server;
    server.executing = null;
    for (const message of pending) this.send(c, message);
    pending.length = 0;
    server.executing = executing;
  }

  private sendBroadcast(): void {
    const { server } = this;
    server.turn.broadcast = null;
    try {
      let last: Uint8Array | null = null;
      let message: Invalidation | null = null;
      this.broadcast.take((client, keys) => {
        if (keys !== last) message = new Invalidation(this.log, keys);
        last = keys;
        this.send(client, message!);
      });
    } catch (error) {
      server.logBug("the broadcast of changed keys", error);
    }
  }

  /** A message about one key. */
  private about(key: ReadonlyBytes, off: number, len: number): Invalidation {
    const keys = new Uint8Array(ONE_BULK.length + BULK_BYTES + len);
    keys.set(ONE_BULK);
    let at = formatInteger(keys, ONE_BULK.length, len);
    at = endLine(keys, at);
    copyBytes(keys, at, key, off, len);
    return new Invalidation(this.log, keys.subarray(0, endLine(keys, at + len)));
  }

  /** Sends a client a message, after the reply if it is the one whose command is being executed. */
  private tell(c: Client, message: Invalidation): void {
    if (c !== this.server.executing) return this.send(c, message);
    c.tracking!.pending.push(message);
    c.gates |= GATE_PUSHES;
  }

  /** Sends a client's message to itself, or to whom it has redirected it. */
  private send(c: Client, message: Invalidation): void {
    const { redirect } = c.tracking!;
    if (redirect === 0) {
      if (c.reply.resp > 2) deliver(c, message.chunk(3));
      return;
    }
    const to = this.server.clients.byId.get(redirect);
    if (to === undefined) this.sendBroken(c, redirect);
    else if (to.reply.resp > 2 || (to.flags & CLIENT_PUBSUB) !== 0) {
      deliver(to, message.chunk(to.reply.resp));
    }
  }

  /** The client that was to get the message is gone. */
  private sendBroken(c: Client, redirect: number): void {
    c.flags |= CLIENT_TRACKING_BROKEN;
    if (c.reply.resp === 2) return;
    const bytes = ascii(`>2\r\n$21\r\ntracking-redir-broken\r\n:${redirect}\r\n`);
    this.log.begin(bytes.length, 0);
    this.log.addRaw(bytes);
    deliver(c, this.log.end());
  }

  /** Has `limit` called before the next command if there are too many keys. Returns whether there are. */
  private noteCount(): boolean {
    const { server, keysMax } = this;
    const isOver = keysMax > 0 && this.keys.count > keysMax;
    if (isOver) server.gates |= GATE_TRACKED_KEYS;
    else server.gates &= ~GATE_TRACKED_KEYS;
    return isOver;
  }
}

/** CLIENT CACHING is for the next command only, or for a transaction as a whole. Called after each command. */
export function endCaching(c: Client): void {
  if ((c.flags & (CLIENT_TRACKING_CACHING | CLIENT_MULTI)) !== CLIENT_TRACKING_CACHING) return;
  const name = c.lastCommand?.fullName ?? "";
  if (!name.startsWith("client|") || name === "client|setinfo") c.flags &= ~CLIENT_TRACKING_CACHING;
}

/** Writes a line end and returns where it ends. */
function endLine(bytes: Uint8Array, at: number): number {
  bytes[at] = 0x0d;
  bytes[at + 1] = 0x0a;
  return at + 2;
}
