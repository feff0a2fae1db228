/**
 * Local clients: clients without a connection, that the server itself has commands executed for. They are in no list,
 * and their replies go to whoever made them.
 */
import { Client, type ClientPort } from "./client.ts";
import type { Server } from "./server.ts";

/** A port that leads nowhere. */
class NoPort implements ClientPort {
  readonly addr = "";
  readonly laddr = "";
  readonly fd = -1;
  readonly queryBytes = 0;
  readonly queryFreeBytes = 0;
  readonly unsentBytes = 0;
  readonly unsentChunks = 0;
  readonly isSending = false;
  readonly replyPeakBytes = 0;

  close(): void {}

  replied(): void {}

  resume(): void {}

  tick(_nowMs: number): void {}
}

const LOCAL_ID = -1;

/** Whether the client has no connection. */
export function isLocal(c: Client): boolean {
  return c.id === LOCAL_ID;
}

/** A client that may do everything and has no id. */
export function createLocalClient(server: Server): Client {
  return new Client(server, LOCAL_ID, new NoPort());
}
