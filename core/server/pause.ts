/**
 * Pause: CLIENT PAUSE, for a time during which commands wait, all of them or those that write.
 *
 * A request that must wait is left in its connection's buffer as if it had not been read, and its client is blocked;
 * when the pause is over it is read again, and may have to wait again. Nothing expires and nothing is evicted
 * meanwhile: the data set stands still, which is what a pause is for. A gate (call.ts) sees to it that without a
 * pause nobody asks.
 *
 * Commands in a transaction that has begun to be executed are not held up. If one of them gives a blocked client what it
 * waits for, that client's request is: it is executed when the pause is over, if it writes or all must wait, and then
 * somebody else may have been quicker. Its time, if it has one, is not up before that, and counts again when it blocks
 * again. (Redis 7.4 forgets the time of every blocking request that it postpones.)
 */
import { GATE_PAUSE } from "./call.ts";
import {
  type Client,
  CLIENT_BLOCKED,
  CLIENT_MONITOR,
  CLIENT_MULTI,
  CLIENT_POSTPONED,
  CLIENT_UNBLOCKED,
} from "./client.ts";
import { type Command, MAY_REPLICATE, WRITE } from "./command.ts";
import type { Server } from "./server.ts";

/** The longest time that a timer can be set to, in ms. */
const TIMER_MAX_MS = 2 ** 31 - 1;

export class Pause {
  private readonly server: Server;
  /** When it ends, in unix ms; 0: there is none. */
  private endMs = 0;
  private holdsAll = false;
  private readonly postponed = new Set<Client>();
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(server: Server) {
    this.server = server;
  }

  get isOn(): boolean {
    return this.endMs !== 0;
  }

  /** Begins a pause. One under way neither ends sooner nor holds up less than before. */
  begin(endMs: number, all: boolean): void {
    const { server } = this;
    const latestMs = Math.max(this.endMs, endMs);
    if (latestMs <= server.keyspace.nowMs) return;
    this.endMs = latestMs;
    this.holdsAll ||= all;
    server.gates |= GATE_PAUSE;
    server.keyspace.keepsExpired = true;
    this.setTimer();
  }

  /** Ends the pause. */
  end(): void {
    const { server } = this;
    this.stop();
    this.endMs = 0;
    this.holdsAll = false;
    server.gates &= ~GATE_PAUSE;
    server.keyspace.keepsExpired = false;
    const { blocking } = server;
    for (const client of this.postponed) {
      this.release(client);
      if (client.wait !== null && client.wait.isActive) blocking.retryLater(client.wait);
      else blocking.resumeLater(client);
    }
    this.postponed.clear();
  }

  /** Stops the timer. */
  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  /** Whether the client's request, to which these flags apply, must wait. */
  holds(c: Client, command: Command, flags: number): boolean {
    if ((c.flags & CLIENT_MONITOR) !== 0) return false;
    if (this.holdsAll) return true;
    const isExec = command.spec.name === "exec" && (c.flags & CLIENT_MULTI) !== 0;
    if (isExec) flags |= c.transaction!.flags;
    return (flags & (WRITE | MAY_REPLICATE)) !== 0;
  }

  /** Has the client wait with its request, which is read again afterwards unless it is a blocked client's. */
  postpone(c: Client): void {
    const { blocking } = this.server;
    c.flags |= CLIENT_BLOCKED | CLIENT_POSTPONED;
    this.postponed.add(c);
    if (c.wait !== null && c.wait.isActive) {
      blocking.postpone(c.wait);
      return;
    }
    c.resetArgv();
    blocking.count++;
  }

  /** Forgets a client that is going. No-op unless it waits. */
  forget(c: Client): void {
    const isPostponed = this.postponed.delete(c) && (c.flags & CLIENT_POSTPONED) !== 0;
    if (isPostponed) this.release(c);
  }

  private release(c: Client): void {
    c.flags &= ~(CLIENT_BLOCKED | CLIENT_POSTPONED | CLIENT_UNBLOCKED);
    this.server.blocking.count--;
  }

  private setTimer(): void {
    this.stop();
    const ms = Math.max(0, this.endMs - this.server.clock.nowMs());
    this.timer = setTimeout(() => {
      this.timer = null;
      const { turn, clock } = this.server;
      turn.begin();
      if (this.endMs > clock.nowMs()) this.setTimer();
      else this.end();
    }, Math.min(ms, TIMER_MAX_MS));
  }
}
