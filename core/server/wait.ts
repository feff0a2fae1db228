/**
 * Wait: what is known of a blocked client. Made when a client blocks for the first time, and used again.
 */
import { ArgvCopy } from "./argv_copy.ts";
import type { Place } from "./blocked_keys.ts";
import type { Client } from "./client.ts";
import type { Command } from "./command.ts";
import type { Timed } from "./deadlines.ts";

export class Wait implements Timed {
  readonly client: Client;
  /** Whether the client waits; true also while its request is executed again. */
  isActive = false;
  /** Whether its request is being executed again. */
  isRetrying = false;
  /** The request. */
  command: Command | null = null;
  readonly argv = new ArgvCopy();
  argvBytes = 0;
  /** The type of value it waits for (TYPE_...), -1 when it waits for no keys. */
  type = -1;
  /** Whether it also wants to know when a key is gone or replaced. */
  onNoKey = false;
  /** Its places among those who wait for its keys; none while it is postponed (pause.ts). */
  readonly places: Place[] = [];
  /** Infinity: it has none. */
  deadlineUs = Infinity;
  heapIndex = -1;
  /** Replies when the time is over. */
  onTimeout: (c: Client) => void = addNullArray;
  /** Time that its executions took, in microseconds, until they are accounted together. */
  usedUs = 0;

  constructor(client: Client) {
    this.client = client;
  }
}

/** What all who wait for keys get when nothing came. */
export function addNullArray(c: Client): void {
  c.reply.addNullArray();
}
