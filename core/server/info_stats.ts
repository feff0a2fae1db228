/**
 * INFO about what has happened: statistics in general, per command, per kind of error.
 *
 * CONFIG RESETSTAT sets all of it back, see `resetStats`.
 */
import { DENIED_AUTH } from "./acl_log.ts";
import { DENIED_CHANNEL, DENIED_COMMAND, DENIED_KEY } from "./acl_selector.ts";
import type { Command } from "./command.ts";
import type { Server } from "./server.ts";

/** The statistics section. */
export function infoStats(server: Server): string {
  const { stats, keyspace, pubsub, tracking } = server;
  const [exceededMs, exceedingMs] = server.memoryLimit.exceededMs;
  return `# Stats\r\n` +
    `total_connections_received:${stats.connectionsReceived}\r\n` +
    `total_commands_processed:${stats.commandsProcessed}\r\n` +
    `instantaneous_ops_per_sec:${Math.round(stats.opsRate.perSecond())}\r\n` +
    `total_net_input_bytes:${stats.netInputBytes}\r\n` +
    `total_net_output_bytes:${stats.netOutputBytes}\r\n` +
    `total_net_repl_input_bytes:0\r\n` +
    `total_net_repl_output_bytes:0\r\n` +
    `instantaneous_input_kbps:${(stats.inputRate.perSecond() / 1024).toFixed(2)}\r\n` +
    `instantaneous_output_kbps:${(stats.outputRate.perSecond() / 1024).toFixed(2)}\r\n` +
    `instantaneous_input_repl_kbps:0.00\r\n` +
    `instantaneous_output_repl_kbps:0.00\r\n` +
    `rejected_connections:${stats.rejectedConnections}\r\n` +
    `sync_full:0\r\n` +
    `sync_partial_ok:0\r\n` +
    `sync_partial_err:0\r\n` +
    `expired_subkeys:${keyspace.fields.expired}\r\n` +
    `expired_keys:${keyspace.expiredKeys}\r\n` +
    `expired_stale_perc:${keyspace.expiredStalePercent.toFixed(2)}\r\n` +
    `expired_time_cap_reached_count:${keyspace.expiredTimeCapReached}\r\n` +
    `expire_cycle_cpu_milliseconds:${Math.floor(keyspace.expireCycleCpuUs / 1000)}\r\n` +
    `evicted_keys:${keyspace.evictedKeys}\r\n` +
    `evicted_clients:${server.clientMemory.evicted}\r\n` +
    `evicted_scripts:${server.scripting.evicted}\r\n` +
    `total_eviction_exceeded_time:${exceededMs}\r\n` +
    `current_eviction_exceeded_time:${exceedingMs}\r\n` +
    `keyspace_hits:${keyspace.hits}\r\n` +
    `keyspace_misses:${keyspace.misses}\r\n` +
    `pubsub_channels:${pubsub.channels.count}\r\n` +
    `pubsub_patterns:${pubsub.patterns.count}\r\n` +
    `pubsubshard_channels:${pubsub.shardChannels.count}\r\n` +
    `latest_fork_usec:${server.saving.port?.cutUs ?? 0}\r\n` +
    `total_forks:${server.saving.port?.cuts ?? 0}\r\n` +
    `migrate_cached_sockets:0\r\n` +
    `slave_expires_tracked_keys:0\r\n` +
    `active_defrag_hits:0\r\n` +
    `active_defrag_misses:0\r\n` +
    `active_defrag_key_hits:0\r\n` +
    `active_defrag_key_misses:0\r\n` +
    `total_active_defrag_time:0\r\n` +
    `current_active_defrag_time:0\r\n` +
    `tracking_total_keys:${tracking.keys.count}\r\n` +
    `tracking_total_items:${tracking.keys.items}\r\n` +
    `tracking_total_prefixes:${tracking.broadcast.count}\r\n` +
    traffic(server);
}

/** The second half of the statistics: errors, reads and writes, the event loop, ACL. */
function traffic(server: Server): string {
  const { acl, stats, turn, cron } = server;
  const cycles = cron.turnRate.perSecond();
  const cycleUs = cycles === 0 ? 0 : cron.turnTimeRate.perSecond() / cycles;
  return `unexpected_error_replies:0\r\n` +
    `total_error_replies:${stats.totalErrorReplies}\r\n` +
    `dump_payload_sanitizations:0\r\n` +
    `total_reads_processed:${stats.reads}\r\n` +
    `total_writes_processed:${stats.writes}\r\n` +
    `io_threaded_reads_processed:0\r\n` +
    `io_threaded_writes_processed:0\r\n` +
    `client_query_buffer_limit_disconnections:${stats.queryBufferLimitDisconnections}\r\n` +
    `client_output_buffer_limit_disconnections:${stats.outputBufferLimitDisconnections}\r\n` +
    `reply_buffer_shrinks:0\r\n` +
    `reply_buffer_expands:0\r\n` +
    `eventloop_cycles:${turn.count}\r\n` +
    `eventloop_duration_sum:${Math.round(turn.totalUs)}\r\n` +
    `eventloop_duration_cmd_sum:${Math.round(turn.commandUs - turn.commandUsBefore)}\r\n` +
    `instantaneous_eventloop_cycles_per_sec:${Math.round(cycles)}\r\n` +
    `instantaneous_eventloop_duration_usec:${Math.round(cycleUs)}\r\n` +
    `acl_access_denied_auth:${acl.log.count(DENIED_AUTH)}\r\n` +
    `acl_access_denied_cmd:${acl.log.count(DENIED_COMMAND)}\r\n` +
    `acl_access_denied_key:${acl.log.count(DENIED_KEY)}\r\n` +
    `acl_access_denied_channel:${acl.log.count(DENIED_CHANNEL)}\r\n` +
    `larder_longest_turn_usec:${Math.round(turn.longestUs)}\r\n`;
}

/** Calls and time of each command that was called or refused. */
export function infoCommandstats(server: Server): string {
  let text = `# Commandstats\r\n`;
  for (const command of server.commands.all()) {
    const { calls, usec, rejectedCalls, failedCalls } = command;
    if (calls === 0 && rejectedCalls === 0 && failedCalls === 0) continue;
    const perCall = calls === 0 ? 0 : usec / calls;
    text += `cmdstat_${fieldName(command)}:calls=${calls},usec=${Math.round(usec)},` +
      `usec_per_call=${perCall.toFixed(2)},rejected_calls=${rejectedCalls},` +
      `failed_calls=${failedCalls}\r\n`;
  }
  return text;
}

/** Error replies by their first word, in order of the words. */
export function infoErrorstats(server: Server): string {
  let text = `# Errorstats\r\n`;
  const kinds = [...server.stats.errors].sort(([a], [b]) => a < b ? -1 : 1);
  for (const [kind, count] of kinds) text += `errorstat_${safe(kind)}:count=${count}\r\n`;
  return text;
}

/** How long the calls of each command took, in microseconds, at the percentiles of the configuration. */
export function infoLatencystats(server: Server): string {
  let text = `# Latencystats\r\n`;
  const { config } = server;
  if (!config.bool("latency-tracking")) return text;
  const names = config.text("latency-tracking-info-percentiles").split(" ");
  const percentiles = config.numbers("latency-tracking-info-percentiles");
  for (const command of server.commands.all()) {
    const { latency } = command;
    if (latency === null) continue;
    const parts = percentiles.map((percentile, i) =>
      `p${names[i]}=${latency.percentileUs(percentile).toFixed(3)}`
    );
    text += `latency_percentiles_usec_${fieldName(command)}:${parts.join(",")}\r\n`;
  }
  return text;
}

/** What only `INFO debug` shows. */
export function infoDebug(server: Server): string {
  const { turn, cron, appending } = server;
  return `# Debug\r\n` +
    `eventloop_duration_aof_sum:${Math.floor(appending.totalUs)}\r\n` +
    `eventloop_duration_cron_sum:${Math.round(cron.totalUs)}\r\n` +
    `eventloop_duration_max:${Math.round(turn.longestUs)}\r\n` +
    `eventloop_cmd_per_cycle_max:${turn.mostCommands}\r\n`;
}

/** CONFIG RESETSTAT: everything that is counted begins anew. */
export function resetStats(server: Server): void {
  const { stats, keyspace, turn, cron } = server;
  stats.reset();
  keyspace.hits = 0;
  keyspace.misses = 0;
  keyspace.expiredKeys = 0;
  keyspace.evictedKeys = 0;
  server.memoryLimit.resetStats();
  server.scripting.resetStats();
  server.saving.resetStats();
  server.appending.resetStats();
  server.clientMemory.evicted = 0;
  keyspace.fields.expired = 0;
  keyspace.expiredStalePercent = 0;
  keyspace.expiredTimeCapReached = 0;
  keyspace.expireCycleCpuUs = 0;
  keyspace.lazyFree.freed = 0;
  turn.longestUs = 0;
  turn.count = 0;
  turn.totalUs = 0;
  turn.commandUsBefore = turn.commandUs;
  turn.mostCommands = 0;
  cron.resetStats();
  for (const command of server.commands.all()) command.resetStats();
}

function fieldName(command: Command): string {
  return safe(command.fullName);
}

/** What would break the syntax of a field becomes an underscore, as in Redis. */
function safe(name: string): string {
  return name.replace(/[#:\n\r]/g, "_");
}
