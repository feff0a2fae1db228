/**
 * A server without sockets: commands are given as arguments and their raw replies come back at once.
 *
 *     const clock = new ManualClock();
 *     const server = new InProcess({ commands: stringCommands, clock });
 *     server.run("SET", "k", "v");          // "+OK\r\n"
 *     clock.advance(1000);
 *
 * It is the real Server with the real parser, gates and handlers; only the event loop is missing. So there
 * is no cron and nothing happens between two commands, the clock is read before every one of them, and what
 * is lazily freed waits for `drain`. Everything is decided by the arguments, the clock and the seed.
 *
 * Arguments and replies are binary strings, a character per byte. A handler's exception is thrown in
 * the test's face instead of becoming the error reply that clients get; a full arena is an error
 * reply, as it is for clients.
 */

import { type Clock, ManualClock } from "../../core/base/clock.ts";
import { RefList } from "../../core/base/ref_list.ts";
import { Log } from "../../core/base/log.ts";
import { Arena, ARENA_FULL } from "../../core/memory/arena.ts";
import { releaseChunk } from "../../core/protocol/chunk_pool.ts";
import { REQUEST, RespParser } from "../../core/protocol/resp_parser.ts";
import { answerThrown, processCommand } from "../../core/server/call.ts";
import type { Client, ClientPort } from "../../core/server/client.ts";
import type { CommandSpec } from "../../core/server/command.ts";
import { Config } from "../../core/server/config.ts";
import { Server } from "../../core/server/server.ts";
import { type Arg, encodeCommand } from "./resp_client.ts";
import { latin1 } from "./resp_reply.ts";

export interface InProcessOptions {
  /** The commands it knows, `allCommands` or a group's. */
  readonly commands: readonly CommandSpec[];
  /** A ManualClock of its own unless given. */
  readonly clock?: Clock;
  /** Poisoned and with 4 MiB segments unless given. */
  readonly arena?: Arena;
  /** Seed of everything random; 1 unless given. */
  readonly seed?: number;
  /** Directives and their values, as in redis.conf. */
  readonly config?: Readonly<Record<string, string>>;
}

const SEGMENT_BYTES = 4 * 1024 * 1024;

/** A port that leads nowhere. */
class NoPort implements ClientPort {
  readonly addr = "127.0.0.1:0";
  readonly laddr = "127.0.0.1:0";
  readonly fd = -1;
  readonly queryBytes = 0;
  readonly queryFreeBytes = 0;
  readonly unsentBytes = 0;
  readonly unsentChunks = 0;
  readonly isSending = false;
  readonly replyPeakBytes = 0;
  closed = false;

  close(): void {
    this.closed = true;
  }

  replied(): void {}

  resume(): void {}

  tick(_nowMs: number): void {}
}

/** One client of an `InProcess`. */
export class InProcessClient {
  readonly client: Client;
  private readonly server: Server;
  private readonly parser = new RespParser();

  constructor(server: Server) {
    this.server = server;
    this.client = server.clients.add(server, new NoPort());
  }

  /** Executes a command. Returns its reply, "" when there is none. */
  run(...args: Arg[]): string {
    this.execute(encodeCommand(args));
    return this.takeReply();
  }

  /** Executes one request given as bytes, without looking at the reply. */
  execute(request: Uint8Array): void {
    const { client, parser, server } = this;
    parser.bulkLenMax = server.protoMaxBulkLen;
    const status = parser.parse(request, 0, request.length);
    if (status !== REQUEST) throw new Error(`not one whole request: ${parser.error}`);
    server.turn.closeGroup();
    client.lastInteractionMs = server.keyspace.nowMs;
    client.argvBytes = request.length;
    client.argv = parser;
    const mark = client.reply.bytes;
    try {
      processCommand(client);
    } catch (error) {
      if (error !== ARENA_FULL) throw error;
      answerThrown(client, error, mark);
    } finally {
      client.resetArgv();
    }
  }

  /** What has been replied since the last call. */
  takeReply(): string {
    const { reply } = this.client;
    let text = "";
    for (let chunk = reply.takeChunk(); chunk !== null; chunk = reply.takeChunk()) {
      text += latin1(chunk.buf.subarray(0, chunk.len));
      releaseChunk(chunk);
    }
    return text;
  }

  /** Disconnects. */
  close(): void {
    this.server.clients.remove(this.client);
  }
}

/** A server and a first client. */
export class InProcess {
  readonly server: Server;
  readonly arena: Arena;
  readonly first: InProcessClient;

  constructor(options: InProcessOptions) {
    const clock = options.clock ?? new ManualClock();
    const config = new Config();
    const overrides = Object.entries(options.config ?? {})
      .map(([name, value]) => `${name} ${value === "" ? '""' : value}\n`).join("");
    const error = config.load({ overrides });
    if (error !== null) throw new Error(error);
    this.arena = options.arena ?? new Arena({ poison: true, segmentBytes: SEGMENT_BYTES });
    this.server = new Server({
      clock,
      config,
      log: new Log(clock, { level: "nothing" }),
      commands: options.commands,
      arena: this.arena,
      seed: options.seed ?? 1,
    });
    this.first = this.connect();
  }

  /** Another client. */
  connect(): InProcessClient {
    return new InProcessClient(this.server);
  }

  /** Executes a command on the first client. Returns its raw reply. */
  run(...args: Arg[]): string {
    return this.first.run(...args);
  }

  /** Empties every database and frees what they held; what the arena then holds is its baseline. */
  empty(): void {
    const { keyspace } = this.server;
    for (const db of keyspace.dbs) keyspace.empty(db);
    keyspace.lazyFree.drain();
  }

  /** Throws unless allocator, dicts and values agree with themselves. */
  validateIntegrity(): void {
    this.arena.validateIntegrity();
    const { dbs, values } = this.server.keyspace;
    const refs = new RefList();
    for (const db of dbs) {
      db.keys.validateIntegrity();
      db.expires.validateIntegrity();
      if (db.fieldExpires.root !== 0) db.fieldExpires.validateIntegrity();
      refs.clear();
      let cursor = 0;
      do {
        cursor = db.keys.scan(cursor, refs);
      } while (cursor !== 0);
      for (let i = 0; i < refs.length; i++) values.validateIntegrity(refs.refs[i]);
    }
  }
}
