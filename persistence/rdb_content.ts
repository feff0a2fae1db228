/**
 * What a file of the whole keyspace is to contain, as it is now: the roots, and how to read them.
 */
import type { Keyspace } from "../core/keyspace/keyspace.ts";
import { RDB_VERSION_MAX } from "./rdb_format.ts";
import type { RdbContent } from "./rdb_writer.ts";

export interface RdbContentOptions {
  readonly aux: readonly (readonly [string, string])[];
  readonly functions: readonly Uint8Array[];
  /** rdbcompression and rdbchecksum. */
  readonly compress: boolean;
  readonly checksum: boolean;
  /** rdb-version: the version to write, unless fields of hashes expire. */
  readonly version: number;
  /** maxmemory-policy */
  readonly policy: string;
  /** rdb-key-save-delay, in microseconds. */
  readonly keyDelayUs?: number;
}

/** The content of the databases that have keys. */
export function contentOf(keyspace: Keyspace, options: RdbContentOptions): RdbContent {
  const { policy, version, keyDelayUs = 0, ...rest } = options;
  const used = keyspace.dbs.filter((db) => db.keys.count > 0);
  return {
    ...rest,
    keyDelayUs,
    databases: used.map(({ id, keys, expires }) => {
      return { id, keys: keys.root, count: keys.count, volatileCount: expires.count };
    }),
    version: used.some((db) => db.fieldExpires.count > 0) ? RDB_VERSION_MAX : version,
    access: policy.endsWith("-lru") ? "lru" : policy.endsWith("-lfu") ? "lfu" : "",
    nowMs: keyspace.nowMs,
    lfuDecayMinutes: keyspace.access.decayMinutes,
  };
}
