/**
 * The subcommands of DEBUG that show how something is kept: OBJECT, HTSTATS, HTSTATS-KEY.
 *
 * HTSTATS describes Larder's table (core/structures/dict.ts) under Redis's headings: what a bucket is differs.
 */
import { ascii } from "../base/bytes.ts";
import { RefList } from "../base/ref_list.ts";
import { LiveBlocks } from "../memory/block_reader.ts";
import { ENCODING_NAMES, objectAccess, objectEncoding } from "../types/object.ts";
import type { Db } from "../keyspace/db.ts";
import { argIs, getIntegerOrReply, NO_SUCH_KEY } from "../server/args.ts";
import type { Client } from "../server/client.ts";
import { RdbEncoder } from "../../persistence/rdb_encode.ts";
import { RdbWriter } from "../../persistence/rdb_format.ts";
import { findAnyKey } from "./debug_lookup.ts";

const FULL = ascii("full");

/** Where values are written to be measured. */
const written = new RdbWriter();

/** DEBUG OBJECT key */
export function debugObject(c: Client): void {
  const ref = findAnyKey(c, 2);
  if (ref === 0) {
    c.reply.addError(NO_SUCH_KEY);
    return;
  }
  const { arena, access, config, keyspace } = c.server;
  const encoder = new RdbEncoder(new LiveBlocks(arena));
  encoder.compress = config.bool("rdbcompression");
  written.clear();
  encoder.writeValue(written, ref);
  const bits = objectAccess(arena, ref);
  // The address: the ref, which is a number of 8 bytes.
  const address = ((ref >>> 0) * 8).toString(16);
  c.reply.addStatus(
    `Value at:0x${address} refcount:1 encoding:${ENCODING_NAMES[objectEncoding(arena, ref)]} ` +
      `serializedlength:${written.pos} lru:${bits} lru_seconds_idle:${access.idleSeconds(bits)}` +
      keyspace.values.lists.debugFields(ref),
  );
}

/** DEBUG HTSTATS dbid [full] */
export function debugHtstats(c: Client): void {
  const id = getIntegerOrReply(c, 2);
  if (Number.isNaN(id)) return;
  const { dbs } = c.server.keyspace;
  if (id < 0 || id >= dbs.length) {
    c.reply.addError("ERR Out of range database");
    return;
  }
  const full = c.argc >= 4 && argIs(c, 3, FULL);
  const { keys, expires } = dbs[id];
  c.reply.addVerbatim(
    `[Dictionary HT]\n${tableStats(keys, full)}[Expires HT]\n${tableStats(expires, full)}`,
    "txt",
  );
}

/** DEBUG HTSTATS-KEY key [full]; no type of value has a table yet. */
export function debugHtstatsKey(c: Client): void {
  const { buf, off, len } = c.argv;
  const ref = c.server.keyspace.lookupKey(c.db, buf, off[2], len[2]);
  c.reply.addError(
    ref === 0
      ? NO_SUCH_KEY
      : "ERR The value stored at the specified key is not represented using an hash table",
  );
}

function tableStats(table: Db["keys"], full: boolean): string {
  const { count, buckets, children } = table;
  if (count === 0) return "No stats available for empty dictionaries\n";
  let text = `Hash table 0 stats (main hash table):\n` +
    ` table size: ${buckets}\n` +
    ` number of elements: ${count}\n` +
    ` child buckets: ${children}\n` +
    ` bytes: ${table.tableBytes}\n` +
    ` elements per bucket: ${(count / buckets).toFixed(2)}\n`;
  if (!full) return text;
  text += ` Elements per bucket, distribution:\n`;
  for (const [size, times] of distribution(table)) {
    text += `   ${size}: ${times} (${(times * 100 / buckets).toFixed(2)}%)\n`;
  }
  return text;
}

/** How many buckets have how many elements, in order of the latter. */
function distribution(table: Db["keys"]): [size: number, times: number][] {
  const times = new Map<number, number>();
  const refs = new RefList();
  let cursor = 0;
  do {
    refs.clear();
    cursor = table.scan(cursor, refs);
    times.set(refs.length, (times.get(refs.length) ?? 0) + 1);
  } while (cursor !== 0);
  return [...times].sort(([a], [b]) => a - b);
}
