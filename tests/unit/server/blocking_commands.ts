/**
 * Blocking commands for the tests of core/server/blocking.ts. They need nothing but strings, so that what is tested
 * is blocking and not a type:
 *
 *     TAKE key [key ...] timeout         the first of these keys that exists: its name and value; it is deleted
 *     TAKEMOVE from to timeout           renames a key, and tells its value
 *     AWAIT key timeout                  "alive" as long as the key is a string, but only when it has been changed
 *                                        or deleted: replies "gone" when there is none
 *     LATER key id timeout               replies the value once it is larger than `id`; `$` is what it is now
 *     BLOWUP key timeout                 throws when it is executed again
 */
import { argIs, argString, isTypeOrReply } from "../../../core/server/args.ts";
import {
  blockOnKeys,
  canBlock,
  getTimeoutOrReply,
  rewriteBlockedArg,
} from "../../../core/server/blocking.ts";
import type { Client } from "../../../core/server/client.ts";
import {
  BLOCKING,
  type CommandSpec,
  FAST,
  type Handler,
  WRITE,
} from "../../../core/server/command.ts";
import { ascii, latin1 } from "../../../core/base/bytes.ts";
import { ByteRange, readString } from "../../../core/types/t_string.ts";
import { NO_EXPIRY, TYPE_STRING } from "../../../core/types/object.ts";

const NEWEST = ascii("$");
const range = new ByteRange();

function takeCommand(c: Client): void {
  const timeoutMs = getTimeoutOrReply(c, c.argc - 1, false);
  if (Number.isNaN(timeoutMs)) return;
  const { buf, off, len } = c.argv;
  const { keyspace } = c.server;
  for (let i = 1; i < c.argc - 1; i++) {
    const ref = keyspace.lookupKeyWrite(c.db, buf, off[i], len[i]);
    if (!isTypeOrReply(c, ref, TYPE_STRING)) return;
    if (ref === 0) continue;
    c.reply.addArray(2);
    c.reply.addBulk(buf, off[i], len[i]);
    c.reply.addBulkString(valueOf(c, ref));
    keyspace.remove(c.db, ref);
    c.server.dirty++;
    return;
  }
  if (canBlock(c)) blockOnKeys(c, 1, c.argc - 2, timeoutMs, TYPE_STRING);
  else c.reply.addNullArray();
}

function takeMoveCommand(c: Client): void {
  const timeoutMs = getTimeoutOrReply(c, 3, false);
  if (Number.isNaN(timeoutMs)) return;
  const { buf, off, len } = c.argv;
  const { keyspace } = c.server;
  const ref = keyspace.lookupKeyWrite(c.db, buf, off[1], len[1]);
  if (ref === 0) return blockOnKeys(c, 1, 1, timeoutMs, TYPE_STRING);
  const value = valueOf(c, ref);
  keyspace.remove(c.db, ref);
  const old = keyspace.lookupKeyWrite(c.db, buf, off[2], len[2]);
  const bytes = ascii(value);
  keyspace.strings.set(c.db, old, buf, off[2], len[2], bytes, 0, bytes.length, NO_EXPIRY);
  c.reply.addBulkString(value);
}

function awaitCommand(c: Client): void {
  const timeoutMs = getTimeoutOrReply(c, 2, false);
  if (Number.isNaN(timeoutMs)) return;
  const { buf, off, len } = c.argv;
  const ref = c.server.keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  if (ref === 0) c.reply.addStatus("gone");
  else if (c.wait?.isRetrying !== true) blockOnKeys(c, 1, 1, timeoutMs, TYPE_STRING, true);
  else c.reply.addStatus("alive");
}

function laterCommand(c: Client): void {
  const timeoutMs = getTimeoutOrReply(c, 3, true);
  if (Number.isNaN(timeoutMs)) return;
  const { buf, off, len } = c.argv;
  const ref = c.server.keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  const value = ref === 0 ? "0" : valueOf(c, ref);
  const isNewest = argIs(c, 2, NEWEST);
  if (!isNewest && Number(value) > Number(argString(c, 2))) {
    c.reply.addBulkString(value);
    return;
  }
  blockOnKeys(c, 1, 1, timeoutMs, TYPE_STRING);
  if (isNewest) rewriteBlockedArg(c, 2, value);
}

function blowUpCommand(c: Client): void {
  if (c.wait?.isRetrying === true) {
    c.reply.addBulkString("half a reply");
    throw new Error("boom");
  }
  blockOnKeys(c, 1, 1, 0, TYPE_STRING);
}

function valueOf(c: Client, ref: number): string {
  readString(c.server.arena, ref, range);
  return latin1(range.buf, range.off, range.len);
}

function spec(name: string, arity: number, handler: Handler): CommandSpec {
  return {
    name,
    arity,
    // Like BZPOPMIN's flags: a command that is fast and blocks.
    flags: WRITE | FAST | BLOCKING,
    since: "1.0.0",
    group: "server",
    summary: "",
    keys: [{ flags: 0, begin: 1, last: 0, step: 1 }],
    handler,
  };
}

export const blockingTestCommands: CommandSpec[] = [
  spec("take", -3, takeCommand),
  spec("takemove", 4, takeMoveCommand),
  spec("await", 3, awaitCommand),
  spec("later", 4, laterCommand),
  spec("blowup", 3, blowUpCommand),
];
