/**
 * INFO about the process and its surroundings: server, clients, persistence, replication, CPU, modules,
 * cluster, keyspace.
 *
 * Every field that Redis 7.4 prints is here, because monitoring reads some and prints others. What the
 * server doesn't have (replicas, modules, a cluster) is reported as the nothing it is.
 */
import { machine, release, type } from "node:os";
import process from "node:process";
import { bytesOf } from "./config_file.ts";
import type { Server } from "./server.ts";
import { LARDER_VERSION, REDIS_VERSION } from "./version.ts";

const SECONDS_PER_DAY = 24 * 3600;

/** "deno 2.9.6" or "bun 1.4.5". */
export function runtimeVersion(): string {
  const { deno, bun, node } = process.versions;
  if (deno !== undefined) return `deno ${deno}`;
  return bun !== undefined ? `bun ${bun}` : `node ${node}`;
}

/** Who the server is and where it runs. */
export function infoServer(server: Server): string {
  const { config, clock, keyspace, cron, access } = server;
  const uptime = Math.max(0, Math.floor((keyspace.nowMs - server.startMs) / 1000));
  return `# Server\r\n` +
    `redis_version:${REDIS_VERSION}\r\n` +
    `redis_git_sha1:00000000\r\n` +
    `redis_git_dirty:0\r\n` +
    `redis_build_id:0000000000000000\r\n` +
    `redis_mode:standalone\r\n` +
    `os:${operatingSystem()}\r\n` +
    `arch_bits:64\r\n` +
    `monotonic_clock:performance.now\r\n` +
    `multiplexing_api:${type() === "Linux" ? "epoll" : "kqueue"}\r\n` +
    `atomicvar_api:js-atomics\r\n` +
    `gcc_version:0.0.0\r\n` +
    `process_id:${process.pid}\r\n` +
    `process_supervised:no\r\n` +
    `run_id:${server.runId}\r\n` +
    `tcp_port:${config.num("port") || config.num("tls-port")}\r\n` +
    `server_time_usec:${clock.nowUs()}\r\n` +
    `uptime_in_seconds:${uptime}\r\n` +
    `uptime_in_days:${Math.floor(uptime / SECONDS_PER_DAY)}\r\n` +
    `hz:${cron.hz}\r\n` +
    `configured_hz:${config.num("hz")}\r\n` +
    `lru_clock:${access.clock}\r\n` +
    `executable:${bytesOf(process.execPath)}\r\n` +
    `config_file:${config.configFile === null ? "" : bytesOf(config.configFile)}\r\n` +
    `io_threads_active:0\r\n` +
    listeners(server) +
    `larder_version:${LARDER_VERSION}\r\n` +
    `larder_runtime:${runtimeVersion()}\r\n`;
}

/** Who is connected. */
export function infoClients(server: Server): string {
  const { blocking, pubsub, changes, tracking } = server;
  server.memory.refreshClients();
  return `# Clients\r\n` +
    `connected_clients:${server.clients.count}\r\n` +
    `cluster_connections:0\r\n` +
    `maxclients:${server.maxClients}\r\n` +
    `client_recent_max_input_buffer:${server.memory.clientInputMax}\r\n` +
    `client_recent_max_output_buffer:${server.memory.clientOutputMax}\r\n` +
    `blocked_clients:${blocking.count}\r\n` +
    `tracking_clients:${tracking.count}\r\n` +
    `pubsub_clients:${pubsub.clients}\r\n` +
    `watching_clients:${changes.watched.clients}\r\n` +
    `clients_in_timeout_table:${blocking.deadlines.count}\r\n` +
    `total_watched_keys:${changes.watched.count}\r\n` +
    `total_blocking_keys:${blocking.keys.count}\r\n` +
    `total_blocking_keys_on_nokey:${blocking.keys.countOnNoKey}\r\n`;
}

/** What is on disk, and on its way there or back. */
export function infoPersistence(server: Server): string {
  const { saving, appending, keyspace } = server;
  const { port, inBackground } = saving;
  const nowSeconds = Math.floor(keyspace.nowMs / 1000);
  const isWriting = (inBackground || appending.isRewriting) && port !== null;
  const copied = isWriting ? port.copiedBytes : 0;
  const saved = isWriting ? port.keysSaved : 0;
  const total = isWriting ? port.keysTotal : 0;
  const since = inBackground ? nowSeconds - saving.backgroundSince : -1;
  return `# Persistence\r\n` +
    `loading:${saving.loading === null ? 0 : 1}\r\n` +
    `async_loading:0\r\n` +
    `current_cow_peak:${copied}\r\n` +
    `current_cow_size:${copied}\r\n` +
    `current_cow_size_age:0\r\n` +
    `current_fork_perc:${(total === 0 ? 0 : saved * 100 / total).toFixed(2)}\r\n` +
    `current_save_keys_processed:${saved}\r\n` +
    `current_save_keys_total:${total}\r\n` +
    `rdb_changes_since_last_save:${server.dirty}\r\n` +
    `rdb_bgsave_in_progress:${inBackground ? 1 : 0}\r\n` +
    `rdb_last_save_time:${saving.lastSave}\r\n` +
    `rdb_last_bgsave_status:${saving.lastBackgroundOk ? "ok" : "err"}\r\n` +
    `rdb_last_bgsave_time_sec:${saving.lastBackgroundSeconds}\r\n` +
    `rdb_current_bgsave_time_sec:${since}\r\n` +
    `rdb_saves:${saving.saves}\r\n` +
    `rdb_last_cow_size:${saving.lastCopiedBytes}\r\n` +
    `rdb_last_load_keys_expired:${saving.keysExpired}\r\n` +
    `rdb_last_load_keys_loaded:${saving.keysLoaded}\r\n` +
    infoAppending(server, nowSeconds) +
    infoLoading(server);
}

/** The append-only file. */
function infoAppending({ appending, config }: Server, nowSeconds: number): string {
  const { figures, isRewriting } = appending;
  const since = isRewriting ? nowSeconds - appending.rewriteSince : -1;
  const scheduled = appending.isScheduled ? 1 : 0;
  // Also while it is being loaded.
  const isWanted = figures !== null && config.bool("appendonly");
  const always = `aof_enabled:${appending.isOn || isWanted ? 1 : 0}\r\n` +
    `aof_rewrite_in_progress:${isRewriting ? 1 : 0}\r\n` +
    `aof_rewrite_scheduled:${scheduled}\r\n` +
    `aof_last_rewrite_time_sec:${appending.lastSeconds}\r\n` +
    `aof_current_rewrite_time_sec:${since}\r\n` +
    `aof_last_bgrewrite_status:${appending.lastOk ? "ok" : "err"}\r\n` +
    `aof_rewrites:${appending.rewrites}\r\n` +
    `aof_rewrites_consecutive_failures:${appending.failures}\r\n` +
    `aof_last_write_status:${appending.error === null ? "ok" : "err"}\r\n` +
    `aof_last_cow_size:${appending.lastCopiedBytes}\r\n` +
    `module_fork_in_progress:0\r\n` +
    `module_fork_last_cow_size:0\r\n`;
  return !isWanted ? always : always +
    `aof_current_size:${figures.currentSize}\r\n` +
    `aof_base_size:${figures.baseSize}\r\n` +
    `aof_pending_rewrite:${scheduled}\r\n` +
    `aof_buffer_length:${figures.bufferedBytes}\r\n` +
    `aof_pending_bio_fsync:${figures.pendingSyncs}\r\n` +
    `aof_delayed_fsync:${figures.delayedSyncs}\r\n`;
}

/** How far loading is, while it is under way. */
function infoLoading(server: Server): string {
  const { loading, loadingSince } = server.saving;
  if (loading === null) return "";
  const { totalBytes, loadedBytes } = loading;
  const perSecond = loadedBytes / Math.max(1, server.keyspace.nowMs / 1000 - loadingSince);
  const eta = loadedBytes === 0 ? 1 : Math.floor((totalBytes - loadedBytes) / perSecond);
  return `loading_start_time:${loadingSince}\r\n` +
    `loading_total_bytes:${totalBytes}\r\n` +
    `loading_rdb_used_mem:0\r\n` +
    `loading_loaded_bytes:${loadedBytes}\r\n` +
    `loading_loaded_perc:${(loadedBytes * 100 / Math.max(1, totalBytes)).toFixed(2)}\r\n` +
    `loading_eta_seconds:${eta}\r\n`;
}

/** A master without replicas. */
export function infoReplication(server: Server): string {
  return `# Replication\r\n` +
    `role:master\r\n` +
    `connected_slaves:0\r\n` +
    `master_failover_state:no-failover\r\n` +
    `master_replid:${server.replId}\r\n` +
    `master_replid2:${"0".repeat(40)}\r\n` +
    `master_repl_offset:0\r\n` +
    `second_repl_offset:-1\r\n` +
    `repl_backlog_active:0\r\n` +
    `repl_backlog_size:${server.config.num("repl-backlog-size")}\r\n` +
    `repl_backlog_first_byte_offset:0\r\n` +
    `repl_backlog_histlen:0\r\n`;
}

/** Seconds of processor time. */
export function infoCpu(): string {
  const { system, user } = process.cpuUsage();
  return `# CPU\r\n` +
    `used_cpu_sys:${cpuSeconds(system)}\r\n` +
    `used_cpu_user:${cpuSeconds(user)}\r\n` +
    `used_cpu_sys_children:0.000000\r\n` +
    `used_cpu_user_children:0.000000\r\n` +
    mainThreadCpu();
}

/** There are no modules. */
export function infoModules(): string {
  return `# Modules\r\n`;
}

export function infoCluster(): string {
  return `# Cluster\r\ncluster_enabled:0\r\n`;
}

/** Databases that have keys. */
export function infoKeyspace(server: Server): string {
  let text = `# Keyspace\r\n`;
  for (const { id, keys, expires, fieldExpires, avgTtlMs } of server.keyspace.dbs) {
    if (keys.count === 0) continue;
    text += `db${id}:keys=${keys.count},expires=${expires.count},` +
      `avg_ttl=${Math.floor(avgTtlMs)},subexpiry=${fieldExpires.count}\r\n`;
  }
  return text;
}

/** What is listened on, a line for each kind of socket. */
function listeners(server: Server): string {
  const { config } = server;
  const lines: string[] = [];
  const addresses = config.list("bind").map((address) => `,bind=${address}`).join("");
  const bind = addresses || ",bind=*,bind=-::*";
  const port = config.num("port");
  if (port !== 0) lines.push(`name=tcp${bind},port=${port}`);
  const path = config.str("unixsocket");
  if (path !== "") lines.push(`name=unix,bind=${path}`);
  const tlsPort = config.num("tls-port");
  if (tlsPort !== 0) lines.push(`name=tls${bind},port=${tlsPort}`);
  return lines.map((line, i) => `listener${i}:${line}\r\n`).join("");
}

/** As `uname -srm` says it. */
function operatingSystem(): string {
  try {
    return `${type()} ${release()} ${machine()}`;
  } catch {
    return type(); // The runtime was not permitted to say more.
  }
}

function cpuSeconds(us: number): string {
  return (us / 1e6).toFixed(6);
}

/** Left out where the system doesn't tell, as in Redis. */
function mainThreadCpu(): string {
  try {
    const { system, user } = process.threadCpuUsage();
    return `used_cpu_sys_main_thread:${cpuSeconds(system)}\r\n` +
      `used_cpu_user_main_thread:${cpuSeconds(user)}\r\n`;
  } catch {
    return "";
  }
}
