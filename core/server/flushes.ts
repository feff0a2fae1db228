/**
 * Flushes: clients that wait for the memory of what they have flushed.
 *
 * FLUSHALL and FLUSHDB empty databases at once, and the memory is given back in slices (core/keyspace/lazy_free.ts).
 * With SYNC the client gets its reply when that is done, and nobody else waits, as in Redis 7.4. What little is freed
 * within one slice is freed right away. Where a client can't block, and before the timers run, the reply doesn't wait.
 */
import { blockUntil, canBlock } from "./blocking.ts";
import type { Client } from "./client.ts";
import type { Server } from "./server.ts";

/** A client that waits. */
interface Flush {
  readonly client: Client;
  /** Behind what it waits for, see LazyFree. */
  readonly mark: number;
  /** Since when, in monotonic microseconds. */
  readonly sinceUs: number;
  /** Replies; tells this flush from others that the client may have begun since. */
  readonly reply: (c: Client) => void;
}

export class Flushes {
  private readonly server: Server;
  /** In order of their marks. */
  private readonly waiting: Flush[] = [];

  constructor(server: Server) {
    this.server = server;
  }

  get isAnyWaiting(): boolean {
    return this.waiting.length > 0;
  }

  /** Replies OK, now or when all that was flushed until now is freed. */
  replyWhenFreed(c: Client): void {
    const { cron, keyspace, turn } = this.server;
    const { mark } = keyspace.lazyFree;
    if (canBlock(c) && cron.isRunning) {
      cron.freeRun();
      if (!keyspace.lazyFree.isFreed(mark)) {
        const reply = (client: Client) => client.reply.addOk();
        blockUntil(c, 0, reply);
        this.waiting.push({ client: c, mark, sinceUs: turn.nowUs, reply });
        return;
      }
    }
    c.reply.addOk();
  }

  /** Answers those whose memory is freed. */
  answer(): void {
    const { waiting, server } = this;
    const { lazyFree } = server.keyspace;
    while (waiting.length > 0 && lazyFree.isFreed(waiting[0].mark)) {
      const { client, sinceUs, reply } = waiting.shift()!;
      const { wait } = client;
      // It may have been unblocked, or have gone.
      if (wait === null || !wait.isActive || wait.onTimeout !== reply) continue;
      server.turn.readClock();
      server.blocking.unblockWhenDone(client, server.turn.nowUs - sinceUs);
    }
  }
}
