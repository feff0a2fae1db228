/**
 * The directives about more than one server: replication and the cluster. Names, limits and
 * defaults are those of Redis 7.4, the old names with "slave" being aliases.
 */

import {
  bool,
  choice,
  type ConfigSpec,
  int,
  INT_MAX,
  LONG_MAX,
  memory,
  numeric,
  optional,
  special,
  text,
  ULONG_MAX,
} from "./config_types.ts";

const unused = { unused: true } as const;
const fixedUnused = { immutable: true, unused: true } as const;

const replication: ConfigSpec[] = [
  special("replicaof", "replicaof", "no one", {
    alias: "slaveof",
    immutable: true,
    multiArg: true,
  }),
  special("masterauth", "bytes", "", { emptyIsUnset: true, sensitive: true }),
  optional("masteruser", { sensitive: true }),
  bool("replica-serve-stale-data", "yes", { alias: "slave-serve-stale-data" }),
  bool("replica-read-only", "yes", { alias: "slave-read-only" }),
  bool("replica-lazy-flush", "no", { alias: "slave-lazy-flush" }),
  bool("replica-ignore-maxmemory", "yes", { alias: "slave-ignore-maxmemory" }),
  bool("replica-ignore-disk-write-errors", "no"),
  bool("replica-announced", "yes"),
  optional("replica-announce-ip", { alias: "slave-announce-ip" }),
  int("replica-announce-port", 0, 65535, "0", { alias: "slave-announce-port" }),
  int("replica-priority", 0, INT_MAX, "100", { alias: "slave-priority" }),
  bool("repl-disable-tcp-nodelay", "no"),
  bool("repl-diskless-sync", "yes"),
  int("repl-diskless-sync-delay", 0, INT_MAX, "5"),
  int("repl-diskless-sync-max-replicas", 0, INT_MAX, "0"),
  choice("repl-diskless-load", ["disabled", "on-empty-db", "swapdb"], "disabled", {
    denyLoading: true,
  }),
  int("repl-timeout", 1, INT_MAX, "60"),
  int("repl-ping-replica-period", 1, INT_MAX, "10", { alias: "repl-ping-slave-period" }),
  memory("i64", "repl-backlog-size", 1, LONG_MAX, "1mb", { clamp: [16384n, LONG_MAX] }),
  numeric("i64", "repl-backlog-ttl", 0, LONG_MAX, "3600"),
  int("min-replicas-to-write", 0, INT_MAX, "0", { alias: "min-slaves-to-write" }),
  int("min-replicas-max-lag", 0, INT_MAX, "10", { alias: "min-slaves-max-lag" }),
  choice("propagation-error-behavior", ["ignore", "panic", "panic-on-replicas"], "ignore"),
];

const cluster: ConfigSpec[] = [
  bool("cluster-enabled", "no", fixedUnused),
  text("cluster-config-file", "nodes.conf", fixedUnused),
  numeric("i64", "cluster-node-timeout", 0, LONG_MAX, "15000", unused),
  numeric("i64", "cluster-ping-interval", 0, LONG_MAX, "0", { hidden: true, ...unused }),
  int("cluster-port", 0, 65535, "0", fixedUnused),
  optional("cluster-announce-ip", unused),
  int("cluster-announce-port", 0, 65535, "0", unused),
  int("cluster-announce-tls-port", 0, 65535, "0", unused),
  int("cluster-announce-bus-port", 0, 65535, "0", unused),
  optional("cluster-announce-hostname", { check: checkHostname, ...unused }),
  optional("cluster-announce-human-nodename", { check: checkNodeName, ...unused }),
  choice("cluster-preferred-endpoint-type", ["ip", "hostname", "unknown-endpoint"], "ip", unused),
  bool("cluster-require-full-coverage", "yes", unused),
  bool("cluster-replica-no-failover", "no", { alias: "cluster-slave-no-failover", ...unused }),
  int("cluster-replica-validity-factor", 0, INT_MAX, "10", {
    alias: "cluster-slave-validity-factor",
    ...unused,
  }),
  int("cluster-migration-barrier", 0, INT_MAX, "1", unused),
  bool("cluster-allow-replica-migration", "yes", unused),
  bool("cluster-allow-reads-when-down", "no", unused),
  bool("cluster-allow-pubsubshard-when-down", "yes", unused),
  memory("u64", "cluster-link-sendbuf-limit", 0, ULONG_MAX, "0", unused),
];

/** Directives about replicas and cluster nodes. */
export const clusterDirectives: readonly ConfigSpec[] = [...replication, ...cluster];

function checkHostname(name: string): string | null {
  if (name.length >= 256) return "Hostnames must be less than 256 characters";
  return /^[A-Za-z0-9.-]*$/.test(name)
    ? null
    : "Hostnames may only contain alphanumeric characters, hyphens or dots";
}

function checkNodeName(name: string): string | null {
  return /[!#$%&()*+:;<>?@[\]^{|}~]/.test(name)
    ? "Announced human node name contained invalid character"
    : null;
}
