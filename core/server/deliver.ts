/**
 * Delivering: what a client gets without having asked for it just now, such as messages of channels.
 *
 * It goes to the end of the client's replies, and out at the end of the turn. Only the client whose command is
 * being executed must not get it in the middle of an answer: for that one it waits in `pushes` until the command,
 * which may be a whole transaction, is over. Whoever executes commands for a client says so in `server.executing`
 * and calls `addPushes` after each while GATE_PUSHES is shut.
 */
import type { SharedChunk } from "../protocol/shared_chunk.ts";
import { GATE_PUSHES, GATE_REPLY } from "./call.ts";
import {
  type Client,
  CLIENT_CLOSE_AFTER_REPLY,
  CLIENT_CLOSED,
  CLIENT_DENY_BLOCKING,
} from "./client.ts";
import type { Server } from "./server.ts";

/** Sends bytes, which others may get too, to a client. One that is to be closed gets nothing more. */
export function deliver(to: Client, chunk: SharedChunk): void {
  if ((to.flags & (CLIENT_CLOSE_AFTER_REPLY | CLIENT_CLOSED)) !== 0) return;
  if (to === to.server.executing) {
    (to.pushes ??= []).push(chunk);
    to.gates |= GATE_PUSHES;
    return;
  }
  to.reply.addShared(chunk);
  to.port.replied();
}

/** Whether what the client is to get may be added to its replies right now; `port.replied` must follow. */
export function mayAddNow(to: Client): boolean {
  const isClosing = (to.flags & (CLIENT_CLOSE_AFTER_REPLY | CLIENT_CLOSED)) !== 0;
  return !isClosing && to !== to.server.executing;
}

/** Adds what came while the client's command was executed. */
export function addPushes(c: Client): void {
  c.gates &= ~GATE_PUSHES;
  const { pushes } = c;
  if (pushes !== null) {
    c.pushes = null;
    for (const chunk of pushes) c.reply.addShared(chunk);
  }
  if (c.tracking !== null) c.server.tracking.sendPending(c);
}

/**
 * What follows comes before the command that is about to be executed and is no part of it: its client gets messages
 * before the reply, if nothing of the reply is there yet and the reply is not to be dropped with all before it.
 * Returns what to put back into `server.executing`.
 */
export function standAside(server: Server): Client | null {
  const { executing } = server;
  if (executing === null || (executing.gates & GATE_REPLY) !== 0) return executing;
  if ((executing.flags & CLIENT_DENY_BLOCKING) === 0) server.executing = null;
  return executing;
}
