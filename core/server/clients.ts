/**
 * Clients: everyone who is connected, in order of arrival.
 */
import { Client, type ClientPort } from "./client.ts";
import type { Server } from "./server.ts";

export class Clients {
  /** By id; iteration is in order of id. */
  readonly byId = new Map<number, Client>();
  private nextId = 1;

  get count(): number {
    return this.byId.size;
  }

  /** A client for a new connection. */
  add(server: Server, port: ClientPort, authenticated: boolean): Client {
    const client = new Client(server, this.nextId++, port, authenticated);
    this.byId.set(client.id, client);
    return client;
  }

  remove(client: Client): void {
    this.byId.delete(client.id);
  }
}
