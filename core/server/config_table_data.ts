/**
 * The directives about data: memory and eviction, encodings, expiry and freeing, snapshots and the
 * append-only file. Names, limits and defaults are those of Redis 7.4, but for `rdb-version`, which
 * it hasn't: the version that RDB files are written in, for servers that can't read the newest.
 */

import {
  bool,
  choice,
  type ConfigSpec,
  int,
  INT_MAX,
  INT_MIN,
  LONG_MAX,
  memory,
  numeric,
  special,
  text,
  ULONG_MAX,
} from "./config_types.ts";

const fixed = { immutable: true } as const;
const unused = { unused: true } as const;
const hidden = { hidden: true } as const;

const evictionPolicies = [
  "volatile-lru",
  "volatile-lfu",
  "volatile-random",
  "volatile-ttl",
  "allkeys-lru",
  "allkeys-lfu",
  "allkeys-random",
  "noeviction",
];

const memoryUse: ConfigSpec[] = [
  memory("u64", "maxmemory", 0, ULONG_MAX, "0"),
  choice("maxmemory-policy", evictionPolicies, "noeviction"),
  int("maxmemory-samples", 1, 64, "5"),
  int("maxmemory-eviction-tenacity", 0, 100, "10"),
  int("lfu-log-factor", 0, INT_MAX, "10"),
  int("lfu-decay-time", 0, INT_MAX, "1"),
  bool("activerehashing", "yes"),
  bool("jemalloc-bg-thread", "yes", unused),
  bool("activedefrag", "no", unused),
  memory("u64", "active-defrag-ignore-bytes", 1, LONG_MAX, "100mb", unused),
  int("active-defrag-threshold-lower", 0, 1000, "10", unused),
  int("active-defrag-threshold-upper", 0, 1000, "100", unused),
  int("active-defrag-cycle-min", 1, 99, "1", unused),
  int("active-defrag-cycle-max", 1, 99, "25", unused),
  numeric("i64", "active-defrag-max-scan-fields", 1, LONG_MAX, "1000", unused),
];

const encodings: ConfigSpec[] = [
  size("hash-max-listpack-entries", "512", "hash-max-ziplist-entries"),
  sizeBytes("hash-max-listpack-value", "64", "hash-max-ziplist-value"),
  int("list-max-listpack-size", INT_MIN, INT_MAX, "-2", { alias: "list-max-ziplist-size" }),
  int("list-compress-depth", 0, INT_MAX, "0"),
  size("set-max-intset-entries", "512"),
  size("set-max-listpack-entries", "128"),
  size("set-max-listpack-value", "64"),
  size("zset-max-listpack-entries", "128", "zset-max-ziplist-entries"),
  sizeBytes("zset-max-listpack-value", "64", "zset-max-ziplist-value"),
  sizeBytes("hll-sparse-max-bytes", "3000"),
  sizeBytes("stream-node-max-bytes", "4096"),
  numeric("i64", "stream-node-max-entries", 0, LONG_MAX, "100"),
];

const freeing: ConfigSpec[] = [
  int("active-expire-effort", 1, 10, "1"),
  bool("lazyfree-lazy-eviction", "no"),
  bool("lazyfree-lazy-expire", "no"),
  bool("lazyfree-lazy-server-del", "no"),
  bool("lazyfree-lazy-user-del", "no"),
  bool("lazyfree-lazy-user-flush", "no"),
];

const snapshot: ConfigSpec[] = [
  special("dir", "dir", "", { guarded: true, denyLoading: true }),
  text("dbfilename", "dump.rdb", { guarded: true, check: checkDbFilename }),
  special("save", "save", "3600 1 300 100 60 10000", { multiArg: true }),
  bool("stop-writes-on-bgsave-error", "yes"),
  bool("rdbcompression", "yes"),
  bool("rdbchecksum", "yes", fixed),
  int("rdb-version", 10, 11, "11"),
  bool("rdb-del-sync-files", "no"),
  bool("rdb-save-incremental-fsync", "yes"),
  int("rdb-key-save-delay", INT_MIN, INT_MAX, "0", hidden),
  int("key-load-delay", INT_MIN, INT_MAX, "0", hidden),
  numeric("i64", "loading-process-events-interval-bytes", 1024, INT_MAX, "2097152", hidden),
];

const appendOnlyFile: ConfigSpec[] = [
  bool("appendonly", "no", { denyLoading: true }),
  text("appendfilename", "appendonly.aof", { ...fixed, check: checkAppendFilename }),
  text("appenddirname", "appendonlydir", { ...fixed, check: checkAppendDirname }),
  choice("appendfsync", ["everysec", "always", "no"], "everysec"),
  bool("no-appendfsync-on-rewrite", "no"),
  int("auto-aof-rewrite-percentage", 0, INT_MAX, "100"),
  memory("i64", "auto-aof-rewrite-min-size", 0, LONG_MAX, "64mb"),
  bool("aof-load-truncated", "yes"),
  bool("aof-use-rdb-preamble", "yes"),
  bool("aof-timestamp-enabled", "no"),
  bool("aof-rewrite-incremental-fsync", "yes"),
  bool("aof-disable-auto-gc", "no", hidden),
];

/** Directives about what is stored, how, and for how long. */
export const dataDirectives: readonly ConfigSpec[] = [
  ...memoryUse,
  ...encodings,
  ...freeing,
  ...snapshot,
  ...appendOnlyFile,
];

/** A count without an upper limit of its own. */
function size(name: string, initial: string, alias = ""): ConfigSpec {
  return numeric("u64", name, 0, LONG_MAX, initial, { alias });
}

/** A number of bytes without an upper limit of its own. */
function sizeBytes(name: string, initial: string, alias = ""): ConfigSpec {
  return memory("u64", name, 0, LONG_MAX, initial, { alias });
}

function checkDbFilename(name: string): string | null {
  return isBaseName(name) ? null : "dbfilename can't be a path, just a filename";
}

function checkAppendFilename(name: string): string | null {
  if (name === "") return "appendfilename can't be empty";
  return isBaseName(name) ? null : "appendfilename can't be a path, just a filename";
}

function checkAppendDirname(name: string): string | null {
  if (name === "") return "appenddirname can't be empty";
  return isBaseName(name) ? null : "appenddirname can't be a path, just a dirname";
}

function isBaseName(name: string): boolean {
  return !name.includes("/") && !name.includes("\\");
}
