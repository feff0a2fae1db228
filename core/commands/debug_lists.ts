/**
 * The subcommands of DEBUG about listpacks and quicklists: LISTPACK, QUICKLIST, QUICKLIST-PACKED-THRESHOLD.
 *
 * What is asked for goes to the server's standard output, as in Redis.
 */
import process from "node:process";
import { ENC_LISTPACK, ENC_LISTPACK_EX, ENC_QUICKLIST, objectEncoding } from "../types/object.ts";
import { argString, NO_SUCH_KEY } from "../server/args.ts";
import type { Client } from "../server/client.ts";
import { parseMemory } from "../server/config_values.ts";

const THRESHOLD_MAX: bigint = 2n ** 32n - 2n ** 20n;

/** DEBUG LISTPACK key */
export function debugListpack(c: Client): void {
  const ref = findKeyOrReply(c);
  if (ref === 0) return;
  const encoding = objectEncoding(c.server.arena, ref);
  if (encoding !== ENC_LISTPACK && encoding !== ENC_LISTPACK_EX) {
    c.reply.addError("ERR Not a listpack encoded object.");
    return;
  }
  process.stdout.write(c.server.keyspace.values.lists.describe(ref, false));
  c.reply.addStatus("Listpack structure printed on stdout");
}

/** DEBUG QUICKLIST key [full] */
export function debugQuicklist(c: Client): void {
  const ref = findKeyOrReply(c);
  if (ref === 0) return;
  if (objectEncoding(c.server.arena, ref) !== ENC_QUICKLIST) {
    c.reply.addError("ERR Not a quicklist encoded object.");
    return;
  }
  const full = c.argc === 4 && Number.parseInt(argString(c, 3)) > 0;
  process.stdout.write(c.server.keyspace.values.lists.describe(ref, full));
  c.reply.addStatus("Quicklist structure printed on stdout");
}

/** DEBUG QUICKLIST-PACKED-THRESHOLD size */
export function debugPackedThreshold(c: Client): void {
  const bytes = parseMemory(argString(c, 2));
  if (bytes === null || bytes > THRESHOLD_MAX) {
    c.reply.addError("ERR argument must be a memory value bigger than 1 and smaller than 4gb");
    return;
  }
  c.server.keyspace.values.lists.setPackedThreshold(Number(bytes));
  c.reply.addOk();
}

function findKeyOrReply(c: Client): number {
  const { buf, off, len } = c.argv;
  const ref = c.server.keyspace.lookupKeySilently(c.db, buf, off[2], len[2]);
  if (ref === 0) c.reply.addError(NO_SUCH_KEY);
  return ref;
}
