/**
 * Client memory: what clients take together, reckoned as it changes, for two limits.
 *
 *     maxmemory-clients    the clients that take the most are closed until it is kept ("client eviction")
 *     maxmemory            what clients take is taken from what data may take (memory_limit.ts)
 *
 * A connection says when it has read or written (`note`), and the cron visits everybody once a second. So the sum
 * is a little old for those that others write to, and right for those that grow by themselves. Without either
 * limit, as a server is unless configured, nothing is reckoned.
 *
 * Clients with NO-EVICT count, but are not closed; monitors are left out. A limit in percent is of `maxmemory`, and
 * limits below LIMIT_MIN_BYTES, with which nobody could work, count as that: Redis's rules.
 */
import { type Client, CLIENT_CLOSED, CLIENT_MONITOR, CLIENT_NO_EVICT } from "./client.ts";
import { CLIENT_BYTES, clientInfo, heldBytes } from "./client_info.ts";
import type { Server } from "./server.ts";

const LIMIT_MIN_BYTES: number = 128 * 1024;
const SPARED: number = CLIENT_NO_EVICT | CLIENT_MONITOR | CLIENT_CLOSED;

export class ClientMemory {
  /** Whether there is a limit. */
  isOn = false;
  /** Clients closed so far because they took too much. */
  evicted = 0;
  /** Bytes that clients may take together. */
  private limitBytes = Infinity;
  /** What they take, as far as noted. */
  private totalBytes = 0;
  private readonly server: Server;

  constructor(server: Server) {
    this.server = server;
  }

  /** Follows maxmemory-clients and maxmemory. Clients are closed when somebody is noted next. */
  refresh(): void {
    const { config, maxmemoryBytes, clients } = this.server;
    const setting = config.num("maxmemory-clients");
    const bytes = setting < 0 ? Math.floor(maxmemoryBytes * -setting / 100) : setting;
    this.limitBytes = bytes === 0 ? Infinity : Math.max(bytes, LIMIT_MIN_BYTES);
    const wasOn = this.isOn;
    this.isOn = bytes !== 0 || maxmemoryBytes !== 0;
    if (!this.isOn) return;
    if (!wasOn) {
      this.totalBytes = 0;
      for (const client of clients.byId.values()) client.notedBytes = 0;
    }
    for (const client of clients.byId.values()) this.sync(client);
  }

  /** A client may take more or less than before. It may be closed now, like any other. */
  note(c: Client): void {
    this.changed(this.sync(c));
    this.evictIfOver();
  }

  /** Notes what a client takes. Returns how much more it holds than before, in bytes. */
  sync(c: Client): number {
    const isLeftOut = (c.flags & (CLIENT_CLOSED | CLIENT_MONITOR)) !== 0;
    const bytes = isLeftOut ? 0 : CLIENT_BYTES + heldBytes(c);
    const before = c.notedBytes;
    c.notedBytes = bytes;
    this.totalBytes += bytes - before;
    return Math.max(0, bytes - CLIENT_BYTES) - Math.max(0, before - CLIENT_BYTES);
  }

  /** A client is gone. */
  forget(c: Client): void {
    if (this.isOn) this.changed(this.sync(c));
  }

  /** Clients take so many bytes more. */
  private changed(more: number): void {
    const { memory, memoryLimit } = this.server;
    if (more !== 0) memoryLimit.clientsGrew(memory, more);
  }

  private evictIfOver(): void {
    if (this.totalBytes <= this.limitBytes) return;
    const { clients, log } = this.server;
    const candidates = [...clients.byId.values()].filter(({ flags }) => (flags & SPARED) === 0)
      .sort((a, b) => b.notedBytes - a.notedBytes);
    for (const client of candidates) {
      if (this.totalBytes <= this.limitBytes) return;
      if ((client.flags & CLIENT_CLOSED) !== 0) continue;
      log.notice(`Evicting client: ${clientInfo(client)}`);
      this.evicted++;
      client.port.close();
    }
  }
}
