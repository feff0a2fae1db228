/**
 * Connection: between a socket and a client.
 *
 * Reading. The bytes of one read are parsed where they lie and all their commands executed; what is left, the
 * beginning of a request, waits in the query buffer (query_buffer.ts). One read is at most READ_MAX bytes, but
 * for a large argument, so however much a client pipelines, the others have their turn.
 *
 * Blocked clients. Nothing of such a client is parsed: what it sends waits in the query buffer, up to
 * `client-query-buffer-limit`, the requests that came with the one that blocks included. `resume` goes on.
 *
 * Writing. At the end of the turn (core/server/turn.ts) the client's reply chunks are written in order. When the
 * socket is full the rest waits here, and `client-output-buffer-limit` applies to what waits. Reading goes on
 * meanwhile, as in Redis: a client may send for as long as it likes before it reads.
 *
 * Closing. A client that is to be closed after its reply executes nothing more, and the socket is ended once the
 * reply is out: the peer gets everything and then the end. `close` is for those who get nothing more. A closed
 * connection leaves nothing behind.
 *
 * Bugs. A handler's exception is answered with an error and the next request is served. An exception from
 * anywhere else would leave buffers in doubt: it is logged and costs the connection, and nobody else.
 */
import type { Client, ClientPort } from "../server/client.ts";
import {
  CLIENT_BLOCKED,
  CLIENT_CLOSE_AFTER_REPLY,
  CLIENT_CLOSED,
  CLIENT_PENDING,
  CLIENT_POSTPONED,
  CLIENT_PUBSUB,
  CLIENT_UNIX_SOCKET,
} from "../server/client.ts";
import { clientInfo, outputBytes } from "../server/client_info.ts";
import {
  answerThrown,
  dispatch,
  dropsReply,
  GATE_MULTI,
  GATE_PUSHES,
  GATE_REPLY,
  GATE_TRACKING,
} from "../server/call.ts";
import { addPushes } from "../server/deliver.ts";
import { BATCH_MAX } from "../server/batch.ts";
import type { Server } from "../server/server.ts";
import { endCaching } from "../server/tracking.ts";
import type { Flushable } from "../server/turn.ts";
import { latin1 } from "../base/bytes.ts";
import { CHUNK_BYTES, releaseChunk } from "../protocol/chunk_pool.ts";
import type { Chunk } from "../protocol/chunk_queue.ts";
import type { ReplyOwner } from "../protocol/reply.ts";
import { BROKEN, MORE, REQUEST, type RespParser } from "../protocol/resp_parser.ts";
import { QUERY_BYTES_MAX, QueryBuffer } from "./query_buffer.ts";
import type { Socket, SocketOwner } from "./transport.ts";

const CLOSING: number = CLIENT_CLOSE_AFTER_REPLY | CLIENT_CLOSED;
/** Gates that ask for something behind a command. */
const GATES_AFTER: number = GATE_REPLY | GATE_PUSHES | GATE_TRACKING;
/** Its input waits. */
const WAITING: number = CLIENT_BLOCKED | CLIENT_PENDING;
const STOPPED: number = CLOSING | CLIENT_BLOCKED;
/** Most bytes of an unfinished request of a client that has yet to authenticate. */
const UNAUTHENTICATED_QUERY_MAX: number = 1024 * 1024;
/** How long a client is silent before its buffer is trimmed, in ms. */
const IDLE_MS = 2000;
/** How long a client that is to be closed may leave its last replies unread, in ms. */
const LAST_REPLY_MS = 10_000;
/** After how long the peak of replies is forgotten, in ms. */
const PEAK_MS = 5000;
/** Output below this many bytes is not checked before the end of the turn. */
const LIMIT_CHECK_BYTES: number = 1024 * 1024;
/** Bytes of a query shown in the log. */
const SAMPLE_BYTES = 64;
/** Requests that may hold passwords. */
const SECRETIVE = /auth|hello|acl|config|migrate/i;

export class Connection implements SocketOwner, ClientPort, Flushable, ReplyOwner {
  readonly addr: string;
  readonly laddr: string;
  readonly fd: number;
  readonly client: Client;
  replyPeakBytes = 0;

  private readonly server: Server;
  private readonly socket: Socket;
  private readonly query = new QueryBuffer();
  /** The parser of an unfinished request. */
  private parser: RespParser | null = null;
  /** Bytes being executed that are not in the query buffer. */
  private foreignBytes = 0;
  /** The chunk being sent, and how much of it is gone. */
  private chunk: Chunk | null = null;
  private chunkSent = 0;
  /** The socket has yet to say `onSent`. */
  private sending = false;
  private flushScheduled = false;
  /** Since when the soft limit of the output buffer has been exceeded, in unix ms; 0: it isn't. */
  private softLimitSinceMs = 0;
  private peakSinceMs = 0;

  constructor(server: Server, socket: Socket, isUnix: boolean) {
    this.server = server;
    this.socket = socket;
    this.addr = socket.addr;
    this.laddr = socket.laddr;
    this.fd = socket.fd;
    this.client = server.clients.add(server, this);
    this.client.reply.owner = this;
    if (isUnix) this.client.flags |= CLIENT_UNIX_SOCKET;
  }

  // Figures for CLIENT LIST.

  get queryBytes(): number {
    return this.query.used + this.foreignBytes;
  }

  get queryFreeBytes(): number {
    const { query } = this;
    return Math.max(query.buf.length - query.used, query.missing(this.parser));
  }

  get unsentBytes(): number {
    return this.chunk === null ? 0 : this.chunk.len - this.chunkSent;
  }

  get unsentChunks(): number {
    return this.client.reply.full.length + (this.chunk === null ? 0 : 1);
  }

  get isSending(): boolean {
    return this.sending;
  }

  // Reading.

  readTarget(): Uint8Array {
    return this.query.readTarget(this.parser);
  }

  restTarget(): Uint8Array | null {
    return this.query.used === 0 ? null : this.query.restTarget(this.parser);
  }

  onRead(len: number): void {
    try {
      this.countInput(len);
      this.query.filled(len);
      this.noteMemory();
      if (this.exceedsQueryLimit()) return;
      this.executeQuery();
      this.noteMemory();
    } catch (error) {
      this.onFault(error);
    }
  }

  onBytes(bytes: Uint8Array, len: number): void {
    const { query, client } = this;
    try {
      this.countInput(len);
      for (let at = 0; at < len && (client.flags & CLOSING) === 0;) {
        if (query.used === 0 && (client.flags & WAITING) === 0) {
          at = this.executeForeign(bytes, at, len);
          if ((client.flags & CLOSING) !== 0) return;
          if (at < len) at += query.append(this.parser, bytes, at, len);
        } else {
          at += query.append(this.parser, bytes, at, len);
          if (this.exceedsQueryLimit()) return;
          this.executeQuery();
        }
      }
      this.noteMemory();
    } catch (error) {
      this.onFault(error);
    }
  }

  /** Whoever has sent all its requests still gets all its replies, as far as it reads them. */
  onEnd(): void {
    const { client, server } = this;
    // Nobody will read what it waits for.
    server.blocking.forget(client);
    server.pause.forget(client);
    if (this.chunk === null && client.reply.bytes === 0) return this.close();
    client.flags |= CLIENT_CLOSE_AFTER_REPLY;
    server.turn.begin();
    this.scheduleFlush();
  }

  onFault(error: unknown): void {
    this.server.logBug(`the connection of ${this.addr}`, error);
    // The shared parsers may have stopped anywhere.
    for (const request of this.server.batch.requests) request.reset();
    this.server.executing = null;
    this.server.batch.end();
    this.close();
  }

  private countInput(bytes: number): void {
    const { client, server } = this;
    server.turn.begin();
    client.lastInteractionMs = server.keyspace.nowMs;
    client.netInputBytes += bytes;
    server.stats.netInputBytes += bytes;
    server.stats.reads++;
  }

  /** Executes the whole requests in the query buffer. */
  private executeQuery(): void {
    const { query } = this;
    if ((this.client.flags & WAITING) !== 0) return;
    const done = this.execute(query.buf, query.start, query.end);
    if ((this.client.flags & CLIENT_CLOSED) === 0) query.consumed(done);
  }

  /** Executes the whole requests of a buffer that is the transport's. Returns where they end. */
  private executeForeign(bytes: Uint8Array, from: number, end: number): number {
    this.foreignBytes = end - from;
    const done = this.execute(bytes, from, end);
    this.foreignBytes = 0;
    this.parser?.rebase(done);
    return done;
  }

  /** Executes the whole requests in [start, end). Returns where the unfinished one begins. */
  private execute(buf: Uint8Array, start: number, end: number): number {
    const { client, server } = this;
    if ((client.flags & CLOSING) !== 0) return end;
    const done = this.executeAll(buf, start, end);
    server.keyspace.clearHints();
    // A blocked client has a copy of its request.
    if ((client.flags & CLIENT_BLOCKED) === 0) client.resetArgv();
    this.scheduleFlush();
    return done;
  }

  /** Executes batch after batch, and keeps the parser of the unfinished request. */
  private executeAll(buf: Uint8Array, start: number, end: number): number {
    const { client, server } = this;
    const { batch } = server;
    for (let status = REQUEST; status === REQUEST;) {
      if (this.parser !== null) {
        this.parser.bulkLenMax = server.protoMaxBulkLen;
        batch.requests[0] = this.parser;
        this.parser = null;
      }
      // Before it authenticates a client has other limits, and AUTH may be the next request.
      const mustAuthenticate = server.acl.isAuthRequiredOf(client);
      batch.requests[0].unauthenticated = mustAuthenticate;
      status = batch.parse(buf, start, end, mustAuthenticate ? 1 : BATCH_MAX);
      const { count } = batch;
      let error = "";
      if (status === MORE && batch.requests[count].partial) this.parser = batch.takeUnfinished();
      else if (status === BROKEN) {
        error = batch.requests[count].error;
        batch.requests[count].reset();
      }
      const executed = count > 0 ? this.executeBatch(start) : start;
      if ((client.flags & STOPPED) !== 0) {
        // What follows a request that blocks is parsed again when it is over.
        this.parser = null;
        return (client.flags & CLOSING) !== 0 ? end : executed;
      }
      start = batch.pos;
      if (error !== "") {
        this.protocolError(error, buf, start, end);
        return end;
      }
    }
    return start;
  }

  /** Executes the requests of the batch; the first begins at `start`. Returns where the last executed one ends. */
  private executeBatch(start: number): number {
    const { batch, propagation } = this.server;
    if (!propagation.isOn) return this.executeRequests(start);
    propagation.beginBatch(batch.requests[0].buf);
    try {
      return this.executeRequests(start);
    } finally {
      propagation.endBatch();
    }
  }

  private executeRequests(start: number): number {
    const { client } = this;
    const { reply } = client;
    const { batch } = this.server;
    const { count } = batch;
    if (count > 1) batch.prefetch(client.db);
    this.server.executing = client;
    for (let i = 0; i < count; i++) {
      const request = batch.requests[i];
      const begin = start;
      client.argv = request;
      client.argvBytes = request.pos - start;
      start = request.pos;
      if (count > 1) batch.begin(i, (client.gates & GATE_MULTI) !== 0);
      const mark = reply.bytes;
      try {
        dispatch(client, batch.commands[i]);
      } catch (error) {
        answerThrown(client, error, mark);
      }
      if ((client.gates & GATES_AFTER) !== 0) this.afterCommand(mark);
      if ((client.flags & CLIENT_BLOCKED) !== 0) {
        // A request that is postponed is read again.
        if ((client.flags & CLIENT_POSTPONED) !== 0) start = begin;
        break;
      }
      if (reply.fullBytes !== 0) {
        this.checkOutputLimit();
        this.noteMemory();
      }
      if ((client.flags & CLOSING) !== 0) break;
    }
    this.server.executing = null;
    batch.end();
    if ((client.gates & GATE_MULTI) !== 0) client.transaction!.keep(this.server.keyspace);
    return start;
  }

  /** What gates ask for behind a command, whose reply begins at `mark`. */
  private afterCommand(mark: number): void {
    const { client } = this;
    const isAnswered = (client.flags & CLIENT_BLOCKED) === 0;
    if (isAnswered && (client.gates & GATE_REPLY) !== 0 && dropsReply(client)) {
      client.reply.truncate(mark);
    }
    if ((client.gates & GATE_PUSHES) !== 0) addPushes(client);
    if (isAnswered && (client.gates & GATE_TRACKING) !== 0) endCaching(client);
  }

  private protocolError(error: string, buf: Uint8Array, start: number, end: number): void {
    const { client, server } = this;
    if (server.log.enabled("verbose")) {
      const line = `${error} from client: ${clientInfo(client)}`;
      server.log.verbose(`${line}. The query buffer begins with ${sample(buf, start, end)}`);
    }
    const mark = client.reply.bytes;
    client.reply.addError(`ERR ${error}`);
    server.stats.countError(client.reply.lastError);
    if ((client.gates & GATE_REPLY) !== 0 && dropsReply(client)) client.reply.truncate(mark);
    client.flags |= CLIENT_CLOSE_AFTER_REPLY;
  }

  /**
   * client-query-buffer-limit: closes a client that has sent too much which is not executed yet, the request just
   * completed included. Returns whether it did.
   */
  private exceedsQueryLimit(): boolean {
    const { client, server, query } = this;
    // No limit is lower than this one.
    if (query.used <= UNAUTHENTICATED_QUERY_MAX) return false;
    const limit = Math.min(server.queryBufferLimit, QUERY_BYTES_MAX - 1);
    if (query.used <= limit && !server.acl.isAuthRequiredOf(client)) return false;
    const bytes = sample(query.buf, query.start, query.end);
    server.log.warning(
      `Closing client that reached max query buffer length: ${clientInfo(client)} ` +
        `(qbuf initial bytes: ${bytes})`,
    );
    server.stats.queryBufferLimitDisconnections++;
    this.close();
    return true;
  }

  /** The client waits no more: executes what has arrived meanwhile. */
  resume(): void {
    const { query } = this;
    try {
      if (query.used > 0) this.executeQuery();
      if (query.used === 0) query.trim(null);
    } catch (error) {
      this.onFault(error);
    }
  }

  /** maxmemory-clients: tells what the client takes. It may be closed by that. */
  private noteMemory(): void {
    const { clientMemory } = this.server;
    if (clientMemory.isOn) clientMemory.note(this.client);
  }

  // Writing.

  /** Has the replies written at the end of the turn. */
  scheduleFlush(): void {
    if (this.flushScheduled) return;
    this.flushScheduled = true;
    this.server.turn.flushAtEnd(this);
  }

  replied(): void {
    this.scheduleFlush();
    const { reply } = this.client;
    // Many messages may come in one turn.
    if (reply.isDropping || reply.fullBytes > LIMIT_CHECK_BYTES) {
      this.checkOutputLimit();
      this.noteMemory();
    }
  }

  flush(): void {
    this.flushScheduled = false;
    const { client } = this;
    if (client.reply.isDropping) this.checkOutputLimit();
    while (!this.sending && (client.flags & CLIENT_CLOSED) === 0) {
      if (this.chunk === null) {
        const chunk = client.reply.takeChunk();
        if (chunk === null) {
          this.softLimitSinceMs = 0;
          if ((client.flags & CLIENT_CLOSE_AFTER_REPLY) !== 0) this.socket.end();
          else this.noteMemory();
          return;
        }
        this.chunk = chunk;
        this.chunkSent = 0;
        if (chunk.len > this.replyPeakBytes) this.notePeak(chunk.len);
      }
      const left = this.chunk.len - this.chunkSent;
      this.sending = true;
      const sent = this.socket.write(this.chunk.buf, this.chunkSent, left);
      this.server.stats.writes++;
      if (sent === left) this.sending = false;
      this.sent(sent);
    }
    if ((client.flags & CLIENT_CLOSED) === 0) {
      this.checkOutputLimit();
      this.noteMemory();
    }
  }

  abandon(): void {
    this.flushScheduled = false;
    this.close();
  }

  onSent(len: number): void {
    this.sending = false;
    this.sent(len);
    // Replies of a turn that is under way leave at its end, when what they acknowledge is on disk.
    if (!this.flushScheduled) this.flush();
  }

  private sent(len: number): void {
    if (len === 0 || this.chunk === null) return;
    const { client, server } = this;
    this.chunkSent += len;
    client.netOutputBytes += len;
    server.stats.netOutputBytes += len;
    client.lastInteractionMs = server.keyspace.nowMs;
    if (this.chunkSent < this.chunk.len) return;
    releaseChunk(this.chunk);
    this.chunk = null;
  }

  private notePeak(bytes: number): void {
    this.replyPeakBytes = Math.min(bytes, CHUNK_BYTES);
    this.peakSinceMs = this.server.keyspace.nowMs;
  }

  /** client-output-buffer-limit: closes a client that doesn't read its replies. */
  private checkOutputLimit(): void {
    const { client, server } = this;
    if (!client.reply.isDropping && !this.isOverOutputLimit()) return;
    server.stats.outputBufferLimitDisconnections++;
    server.log.warning(
      `Client ${clientInfo(client)} closed for overcoming of output buffer limits.`,
    );
    this.close();
  }

  /** Whether it is over that limit: nothing more of a reply is kept then, and the client closed behind the command. */
  isOverOutputLimit(): boolean {
    const { client, server } = this;
    const isSubscriber = (client.flags & CLIENT_PUBSUB) !== 0;
    const limit = isSubscriber ? server.pubsubOutputLimit : server.outputLimit;
    const { hardBytes, softBytes, softSeconds } = limit;
    if (hardBytes === 0 && softBytes === 0) return false;
    const bytes = outputBytes(client);
    let over = hardBytes > 0 && bytes >= hardBytes;
    if (softBytes > 0 && bytes >= softBytes) {
      const now = server.keyspace.nowMs;
      if (this.softLimitSinceMs === 0) this.softLimitSinceMs = now;
      else if (now - this.softLimitSinceMs > softSeconds * 1000) over = true;
    } else this.softLimitSinceMs = 0;
    return over;
  }

  // Time and closing.

  tick(nowMs: number): void {
    const { client } = this;
    const idleMs = nowMs - client.lastInteractionMs;
    if (this.unsentChunks > 0) this.checkOutputLimit();
    if (idleMs > IDLE_MS) this.query.trim(this.parser);
    else this.query.shrink(this.parser);
    if (idleMs > LAST_REPLY_MS && (client.flags & CLIENT_CLOSE_AFTER_REPLY) !== 0) this.close();
    if (this.replyPeakBytes !== 0 && nowMs - this.peakSinceMs > PEAK_MS) this.notePeak(0);
  }

  close(): void {
    this.server.blocking.forget(this.client);
    this.server.pause.forget(this.client);
    this.socket.close();
  }

  onClosed(): void {
    const { client } = this;
    client.flags |= CLIENT_CLOSED;
    this.server.blocking.forget(client);
    this.server.pause.forget(client);
    this.server.clientMemory.forget(client);
    // The chunk that was being sent is not reused: the runtime may still be reading it.
    this.chunk = null;
    client.reply.clear();
    this.parser = null;
    this.query.release();
    this.server.clients.remove(client);
  }
}

/** The beginning of a query, quoted, for the log, unless there may be a password in it. */
function sample(buf: Uint8Array, start: number, end: number): string {
  const text = latin1(buf, start, Math.min(end - start, SAMPLE_BYTES));
  return SECRETIVE.test(text) ? "(redacted)" : JSON.stringify(text);
}
