/**
 * Client: one connection, as the commands see it.
 *
 * The socket, its buffers and their limits are core/net's business (connection.ts); it hands itself over as a
 * ClientPort. Clients without a socket are in local_client.ts.
 */
import { Reply } from "../protocol/reply.ts";
import type { Argv } from "../protocol/resp_parser.ts";
import type { Db } from "../keyspace/db.ts";
import type { SharedChunk } from "../protocol/shared_chunk.ts";
import type { Command } from "./command.ts";
import type { User } from "./acl_user.ts";
import type { Subscriptions } from "./pubsub.ts";
import type { Server } from "./server.ts";
import type { TrackingState } from "./tracking.ts";
import type { Transaction } from "./transaction.ts";
import type { Wait } from "./wait.ts";
import type { Watch } from "./watched_keys.ts";

// Client flags.
/** Close once the replies are sent; nothing more is executed. */
export const CLIENT_CLOSE_AFTER_REPLY: number = 1 << 0;
/** The socket is gone or going. */
export const CLIENT_CLOSED: number = 1 << 1;
export const CLIENT_NO_EVICT: number = 1 << 2;
export const CLIENT_NO_TOUCH: number = 1 << 3;
/** CLIENT REPLY OFF, SKIP, and SKIP for the command being executed. */
export const CLIENT_REPLY_OFF: number = 1 << 4;
export const CLIENT_REPLY_SKIP_NEXT: number = 1 << 5;
export const CLIENT_REPLY_SKIP: number = 1 << 6;
export const CLIENT_UNIX_SOCKET: number = 1 << 7;
/** It waits, and executes nothing (blocking.ts). */
export const CLIENT_BLOCKED: number = 1 << 8;
/** It was unblocked in this turn; the rest of its input is executed at the end. */
export const CLIENT_UNBLOCKED: number = 1 << 9;
/** Its commands answer at once instead of blocking: a transaction or a script executes them. */
export const CLIENT_DENY_BLOCKING: number = 1 << 10;
/** Between MULTI and the end of EXEC. */
export const CLIENT_MULTI: number = 1 << 11;
/** EXEC fails because a watched key was changed, or because a command could not be queued. */
export const CLIENT_DIRTY_CAS: number = 1 << 12;
export const CLIENT_DIRTY_EXEC: number = 1 << 13;
/** It is subscribed to something. */
export const CLIENT_PUBSUB: number = 1 << 14;
/** It gets every command (MONITOR). */
export const CLIENT_MONITOR: number = 1 << 15;
/** It is blocked because of CLIENT PAUSE, with a request that is yet to be executed (pause.ts). */
export const CLIENT_POSTPONED: number = 1 << 16;
/** CLIENT TRACKING (tracking.ts): it is on, in which modes, whether the redirection's target is gone, and CACHING. */
export const CLIENT_TRACKING: number = 1 << 17;
export const CLIENT_TRACKING_BCAST: number = 1 << 18;
export const CLIENT_TRACKING_OPTIN: number = 1 << 19;
export const CLIENT_TRACKING_OPTOUT: number = 1 << 20;
export const CLIENT_TRACKING_NOLOOP: number = 1 << 21;
export const CLIENT_TRACKING_BROKEN: number = 1 << 22;
export const CLIENT_TRACKING_CACHING: number = 1 << 23;
/** It stands for a script; its commands are the script's. */
export const CLIENT_SCRIPT: number = 1 << 24;
/** The pause is over for it, and the request it was blocked with is executed again at the end of the turn. */
export const CLIENT_PENDING: number = 1 << 25;

/** What a client needs of its connection. */
export interface ClientPort {
  /** "ip:port" of the peer and of this end, "path:0" for a unix socket. */
  readonly addr: string;
  readonly laddr: string;
  /** File descriptor, or -1 when the runtime doesn't tell. */
  readonly fd: number;
  /** Bytes of query buffer in use, and the rest of it. */
  readonly queryBytes: number;
  readonly queryFreeBytes: number;
  /** Bytes of replies taken from the client and not yet sent. */
  readonly unsentBytes: number;
  /** Chunks of replies waiting. */
  readonly unsentChunks: number;
  /** Whether a reply is on its way to the socket. */
  readonly isSending: boolean;
  /** The most bytes of replies that lately left in one turn, a chunk's at most. */
  readonly replyPeakBytes: number;
  /** Closes at once; replies that were not sent are lost. */
  close(): void;
  /** Replies were added while no request of this client was read: they are sent at the end of the turn. */
  replied(): void;
  /** The client is no longer blocked: what it sent meanwhile is executed. */
  resume(): void;
  /** Looks after limits and buffers that time changes; the cron calls it about once a second. */
  tick(nowMs: number): void;
}

const NO_ARGS: Argv = {
  buf: new Uint8Array(0),
  argc: 0,
  off: new Int32Array(0),
  len: new Int32Array(0),
};

export class Client {
  readonly server: Server;
  readonly id: number;
  readonly port: ClientPort;
  readonly reply = new Reply();
  /** The request being executed. Its bytes are only valid until the handler returns. */
  argv: Argv = NO_ARGS;
  db: Db;
  flags = 0;
  /** Bits of GATE_ constants (call.ts) that this client must pass. */
  gates = 0;
  name = "";
  libName = "";
  libVer = "";
  user: User;
  /** Whether it has authenticated, or its user needs no password. */
  authenticated = true;
  createdMs: number;
  lastInteractionMs: number;
  lastCommand: Command | null = null;
  /** What it waits for, or waited for; null if it never did (blocking.ts). */
  wait: Wait | null = null;
  /** Its queued requests; null if there never were any. */
  transaction: Transaction | null = null;
  /** The keys it watches, see WatchedKeys; null if it never did. */
  watches: Watch[] | null = null;
  /** What it is subscribed to; null if it never was. */
  subscriptions: Subscriptions | null = null;
  /** What it keeps copies of; null if it never tracked. */
  tracking: TrackingState | null = null;
  /** Messages that came while a command of its own was executed: they follow the reply (deliver.ts). */
  pushes: SharedChunk[] | null = null;
  /** Bytes of the arguments of the request being executed. */
  argvBytes = 0;
  /** What it took when it was last noted (client_memory.ts). */
  notedBytes = 0;
  netInputBytes = 0;
  netOutputBytes = 0;
  commandsProcessed = 0;

  /** A client of the default user that may do everything; whoever comes from outside is yet to be admitted (acl.ts). */
  constructor(server: Server, id: number, port: ClientPort) {
    this.server = server;
    this.id = id;
    this.port = port;
    this.db = server.keyspace.dbs[0];
    this.user = server.acl.defaultUser;
    this.createdMs = server.keyspace.nowMs;
    this.lastInteractionMs = this.createdMs;
  }

  /** Arguments of the request, the command's name included. */
  get argc(): number {
    return this.argv.argc;
  }

  /** Forgets the request, whose bytes are about to be reused. */
  resetArgv(): void {
    this.argv = NO_ARGS;
  }
}

/** Whether the client sits on this machine, as far as its address tells. */
export function isOnThisMachine(c: Client): boolean {
  return (c.flags & CLIENT_UNIX_SOCKET) !== 0 || /^(127\.0\.0\.1|\[::1\]):/.test(c.port.addr);
}
