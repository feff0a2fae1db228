/**
 * Finding keys the way DEBUG and MEMORY do: dead ones too, without an access, a hit or a miss.
 */
import type { Client } from "../server/client.ts";

/** The entry of the key in argument `index`, its time over or not, or 0. */
export function findAnyKey(c: Client, index: number): number {
  const { buf, off, len } = c.argv;
  const hash = c.server.keyspace.hashKey(buf, off[index], len[index]);
  return c.db.keys.find(hash, buf, off[index], len[index]);
}
