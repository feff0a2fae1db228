/**
 * Clients: everyone who is connected, in order of arrival.
 */
import {
  Client,
  CLIENT_BLOCKED,
  CLIENT_MONITOR,
  CLIENT_PUBSUB,
  type ClientPort,
} from "./client.ts";
import type { Server } from "./server.ts";
import { discardTransaction } from "./transaction.ts";

export class Clients {
  /** By id; iteration is in order of id. */
  readonly byId = new Map<number, Client>();
  /** When the log may next warn of HTTP requests (call.ts), in unix ms. */
  nextHttpWarningMs = 0;
  private nextId = 1;

  get count(): number {
    return this.byId.size;
  }

  /** A client for a new connection. */
  add(server: Server, port: ClientPort): Client {
    const client = new Client(server, this.nextId++, port);
    server.acl.admit(client);
    this.byId.set(client.id, client);
    return client;
  }

  /** Forgets a client that is gone, with all that others know of it. */
  remove(client: Client): void {
    this.byId.delete(client.id);
    const { monitors, pubsub, tracking } = client.server;
    pubsub.forget(client);
    tracking.forget(client);
    monitors.remove(client);
    if (client.transaction === null || !client.transaction.isExecuting) discardTransaction(client);
  }
}

/**
 * What time does to a client: `timeout` closes it when it is idle, not blocked, not subscribed and no monitor, and its
 * connection looks after its limits and buffers. The listener registers this with the cron (`Cron.onClient`), which
 * calls it once a second.
 */
export function closeIdle(c: Client, nowMs: number): void {
  const { config, log, stats } = c.server;
  const isWaiting = (c.flags & (CLIENT_BLOCKED | CLIENT_MONITOR | CLIENT_PUBSUB)) !== 0;
  const timeoutSeconds = isWaiting ? 0 : config.num("timeout");
  const idleSeconds = Math.floor(nowMs / 1000) - Math.floor(c.lastInteractionMs / 1000);
  if (timeoutSeconds === 0 || idleSeconds <= timeoutSeconds) return c.port.tick(nowMs);
  log.verbose("Closing idle client");
  stats.timedOutClients++;
  c.port.close();
}
