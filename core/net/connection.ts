/**
 * Connection: between a socket and a client.
 *
 * Reading. The bytes of one read are parsed where they lie and all their commands executed; what is left, the
 * beginning of a request, waits in the query buffer. With a transport that reads into our buffer (Deno) the
 * query buffer is that buffer; with one that brings its own (Bun) there is none until a request arrives in
 * parts.
 *
 *     query buffer   0      start                    end         length
 *                    | done |  unfinished request     |  room    |
 *
 * The buffer starts at READ_MIN bytes, so that an idle client costs little, is made larger while reads fill it,
 * and smaller again when they don't. An unfinished large argument gets a buffer with exactly the room it
 * needs, so its bytes are read to where they are parsed, and the buffer goes when the command is done.
 *
 * Writing. At the end of the turn (core/server/turn.ts) the client's reply chunks are written in order. When the
 * socket is full the rest waits here, and `client-output-buffer-limit` applies to what waits.
 *
 * Closing. A client that is to be closed after its reply executes nothing more, and goes once the reply is
 * out. A closed connection leaves nothing behind.
 */
import type { Client, ClientPort } from "../server/client.ts";
import { CLIENT_CLOSE_AFTER_REPLY, CLIENT_CLOSED, CLIENT_UNIX_SOCKET } from "../server/client.ts";
import { answerThrown, dispatch, dropsReply, GATE_REPLY } from "../server/call.ts";
import { BATCH_MAX } from "../server/batch.ts";
import type { Server } from "../server/server.ts";
import type { Flushable } from "../server/turn.ts";
import { type Chunk, releaseChunk } from "../protocol/reply.ts";
import { BROKEN, MORE, REQUEST, type RespParser } from "../protocol/resp_parser.ts";
import type { Socket, SocketOwner } from "./transport.ts";

/** Query buffer of a client that sends little. */
const READ_MIN = 1024;
/** Query buffer of a client that sends much, large arguments aside. */
const READ_MAX: number = 64 * 1024;
/** Reads in a row that use under an eighth of the buffer before it is made smaller. */
const SMALL_READS_MAX = 16;

const NO_BYTES = new Uint8Array(0);
const CLOSING: number = CLIENT_CLOSE_AFTER_REPLY | CLIENT_CLOSED;

export class Connection implements SocketOwner, ClientPort, Flushable {
  readonly addr: string;
  readonly laddr: string;
  readonly fd: number;
  readonly client: Client;

  private readonly server: Server;
  private readonly socket: Socket;
  /** The parser of an unfinished request. */
  private parser: RespParser | null = null;
  private query: Uint8Array = NO_BYTES;
  private start = 0;
  private end = 0;
  private readBytes = READ_MIN;
  private smallReads = 0;
  /** The chunk being sent, and how much of it is gone. */
  private chunk: Chunk | null = null;
  private chunkSent = 0;
  /** The socket has yet to say `onSent`. */
  private sending = false;
  private flushScheduled = false;
  /** Since when the soft limit of the output buffer has been exceeded, in unix ms; 0: it isn't. */
  private softLimitSinceMs = 0;

  constructor(server: Server, socket: Socket, isUnix: boolean) {
    this.server = server;
    this.socket = socket;
    this.addr = socket.addr;
    this.laddr = socket.laddr;
    this.fd = socket.fd;
    const authenticated = server.config.str("requirepass") === "";
    this.client = server.clients.add(server, this, authenticated);
    server.setAuthenticated(this.client, authenticated);
    if (isUnix) this.client.flags |= CLIENT_UNIX_SOCKET;
  }

  // Figures for CLIENT LIST.

  get queryBytes(): number {
    return this.end - this.start;
  }

  get queryFreeBytes(): number {
    return this.query.length - this.end;
  }

  get unsentBytes(): number {
    return this.chunk === null ? 0 : this.chunk.len - this.chunkSent;
  }

  get unsentChunks(): number {
    return this.client.reply.full.length + (this.chunk === null ? 0 : 1);
  }

  // Reading.

  readTarget(): Uint8Array {
    if (this.end === this.start) {
      this.start = 0;
      this.end = 0;
      if (this.query.length !== this.readBytes) this.query = new Uint8Array(this.readBytes);
      return this.query;
    }
    this.makeRoom();
    return this.query.subarray(this.end);
  }

  onRead(len: number): void {
    this.adaptReadSize(len);
    this.end += len;
    this.execute(this.query, this.start, this.end);
  }

  onBytes(bytes: Uint8Array): void {
    if (this.end === this.start) {
      this.query = NO_BYTES;
      const rest = this.executeForeign(bytes);
      if (rest >= bytes.length || (this.client.flags & CLOSING) !== 0) return;
      this.parser?.rebase(rest);
      this.start = 0;
      this.end = 0;
      this.append(bytes, rest);
      return;
    }
    this.append(bytes, 0);
    this.execute(this.query, this.start, this.end);
    if (this.end === this.start) this.query = NO_BYTES;
  }

  /** Executes requests in a buffer that isn't the query buffer. Returns where they end. */
  private executeForeign(bytes: Uint8Array): number {
    this.execute(bytes, 0, bytes.length);
    const rest = this.start;
    this.start = 0;
    this.end = 0;
    return rest;
  }

  private append(bytes: Uint8Array, from: number): void {
    const count = bytes.length - from;
    if (this.query.length - this.end < count) {
      this.makeRoom();
      if (this.query.length - this.end < count) this.resizeQuery((this.end + count) * 2);
    }
    this.query.set(from === 0 ? bytes : bytes.subarray(from), this.end);
    this.end += count;
  }

  /** Makes room behind an unfinished request. */
  private makeRoom(): void {
    const parser = this.parser;
    if (this.start > 0) {
      this.query.copyWithin(0, this.start, this.end);
      parser?.rebase(this.start);
      this.end -= this.start;
      this.start = 0;
    }
    const needed = parser === null ? 0 : parser.pos + parser.wanted;
    if (needed > this.query.length) this.resizeQuery(needed);
    else if (this.end === this.query.length) this.resizeQuery(this.query.length * 2);
  }

  private resizeQuery(bytes: number): void {
    const resized = new Uint8Array(Math.max(bytes, READ_MIN));
    resized.set(this.query.subarray(0, this.end));
    this.query = resized;
  }

  private adaptReadSize(len: number): void {
    if (len === this.query.length && len < READ_MAX) {
      this.readBytes = Math.min(len * 4, READ_MAX);
      this.smallReads = 0;
    } else if (len * 8 >= this.readBytes || this.readBytes === READ_MIN) {
      this.smallReads = 0;
    } else if (++this.smallReads === SMALL_READS_MAX) {
      this.readBytes = Math.max(this.readBytes >> 2, READ_MIN);
      this.smallReads = 0;
    }
  }

  /** Executes the whole requests in [start, end); leaves `this.start` behind them. */
  private execute(buf: Uint8Array, start: number, end: number): void {
    const { client, server } = this;
    server.turn.begin();
    client.lastInteractionMs = server.keyspace.nowMs;
    const inputBytes = end - start;
    client.netInputBytes += inputBytes;
    server.stats.netInputBytes += inputBytes;
    this.start = this.executeAll(buf, start, end);
    this.end = end;
    server.keyspace.clearHints();
    client.resetArgv();
    this.checkQueryLimit();
    this.scheduleFlush();
  }

  /** Executes batch after batch. Returns where the unfinished request begins that stays in `parser`. */
  private executeAll(buf: Uint8Array, start: number, end: number): number {
    const { client, server } = this;
    const { batch } = server;
    for (let status = REQUEST; status === REQUEST;) {
      if (this.parser !== null) {
        batch.requests[0] = this.parser;
        this.parser = null;
      }
      // Before it authenticates a client has other limits, and AUTH may be the next request.
      const max = client.authenticated ? BATCH_MAX : 1;
      batch.requests[0].unauthenticated = !client.authenticated;
      status = batch.parse(buf, start, end, max);
      const { count } = batch;
      const stopped = batch.requests[count];
      if (count > 0) {
        if (count > 1) batch.prefetch(client.db);
        start = this.executeBatch(start);
        if ((client.flags & CLOSING) !== 0) return end;
      }
      if (status === BROKEN) {
        this.protocolError(stopped);
        return end;
      }
      if (status === MORE && stopped.partial) this.parser = batch.takeUnfinished();
    }
    return start;
  }

  /** Executes the requests of the batch; the first begins at `start`. Returns where the last ends. */
  private executeBatch(start: number): number {
    const { client } = this;
    const { batch } = this.server;
    const { count } = batch;
    for (let i = 0; i < count; i++) {
      const request = batch.requests[i];
      client.argv = request;
      client.argvBytes = request.pos - start;
      start = request.pos;
      if (count > 1) batch.hint(i);
      const mark = client.reply.bytes;
      try {
        dispatch(client, batch.commands[i]);
      } catch (error) {
        answerThrown(client, error, mark);
      }
      if (client.gates !== 0 && (client.gates & GATE_REPLY) !== 0 && dropsReply(client)) {
        client.reply.truncate(mark);
      }
      if ((client.flags & CLOSING) !== 0) break;
    }
    return start;
  }

  private protocolError(parser: RespParser): void {
    const { client, server } = this;
    server.log.verbose(`Protocol error (${parser.error}) from client: ${this.addr}`);
    client.reply.addError(`ERR ${parser.error}`);
    server.stats.countError(client.reply.lastError);
    client.flags |= CLIENT_CLOSE_AFTER_REPLY;
    parser.reset();
    parser.error = "";
  }

  private checkQueryLimit(): void {
    const { client, server } = this;
    if (this.queryBytes <= server.queryBufferLimit) return;
    server.log.warning(`Closing client that reached max query buffer length: ${this.addr}`);
    server.stats.queryBufferLimitDisconnections++;
    client.flags |= CLIENT_CLOSE_AFTER_REPLY;
  }

  // Writing.

  /** Has the replies written at the end of the turn. */
  scheduleFlush(): void {
    if (this.flushScheduled) return;
    this.flushScheduled = true;
    this.server.turn.flushAtEnd(this);
  }

  flush(): void {
    this.flushScheduled = false;
    const { client } = this;
    while (!this.sending && (client.flags & CLIENT_CLOSED) === 0) {
      if (this.chunk === null) {
        this.chunk = client.reply.takeChunk();
        this.chunkSent = 0;
        if (this.chunk === null) {
          if ((client.flags & CLIENT_CLOSE_AFTER_REPLY) !== 0) this.close();
          return;
        }
      }
      const left = this.chunk.len - this.chunkSent;
      this.sending = true;
      const sent = this.socket.write(this.chunk.buf, this.chunkSent, left);
      if (sent === left) this.sending = false;
      this.sent(sent);
    }
    this.checkOutputLimit();
  }

  onSent(len: number): void {
    this.sending = false;
    this.sent(len);
    this.flush();
  }

  private sent(len: number): void {
    if (len === 0 || this.chunk === null) return;
    this.chunkSent += len;
    this.client.netOutputBytes += len;
    this.server.stats.netOutputBytes += len;
    if (this.chunkSent < this.chunk.len) return;
    releaseChunk(this.chunk.buf);
    this.chunk = null;
  }

  /** client-output-buffer-limit: closes a client that doesn't read its replies. */
  private checkOutputLimit(): void {
    const { client, server } = this;
    const bytes = client.reply.bytes + this.unsentBytes;
    const { hardBytes, softBytes, softSeconds } = server.outputLimit;
    let over = hardBytes > 0 && bytes > hardBytes;
    if (softBytes > 0 && bytes > softBytes) {
      const now = server.keyspace.nowMs;
      if (this.softLimitSinceMs === 0) this.softLimitSinceMs = now;
      else if (now - this.softLimitSinceMs > softSeconds * 1000) over = true;
    } else this.softLimitSinceMs = 0;
    if (!over) return;
    server.stats.outputBufferLimitDisconnections++;
    server.log.warning(
      `Client id=${client.id} addr=${this.addr} closed for overcoming of output buffer limits.`,
    );
    this.close();
  }

  // Closing.

  close(): void {
    this.socket.close();
  }

  onClosed(): void {
    const { client } = this;
    client.flags |= CLIENT_CLOSED;
    client.reply.clear();
    this.parser = null;
    this.query = NO_BYTES;
    this.start = 0;
    this.end = 0;
    this.server.clients.remove(client);
  }
}
