/**
 * INFO: which sections come, and that what is counted is counted.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type RawCase, rawCases } from "../support/raw_cases.ts";
import type { RespClient } from "../support/resp_client.ts";
import { sleep, target } from "../support/server.ts";
import { until } from "../support/until.ts";

const server = target();

rawCases(server, "INFO is a text", [
  ["INFO server", { resp2: /^\$\d+\r\n# Server\r\n/, resp3: /^=\d+\r\ntxt:# Server\r\n/ }],
  ["INFO nosuch", { resp2: "$0\r\n\r\n", resp3: "=4\r\ntxt:\r\n" }],
  ["INFO Cluster", {
    resp2: "$30\r\n# Cluster\r\ncluster_enabled:0\r\n\r\n",
    resp3: "=34\r\ntxt:# Cluster\r\ncluster_enabled:0\r\n\r\n",
  }],
], { resp: "both" });

const DEFAULT = [
  "Server",
  "Clients",
  "Memory",
  "Persistence",
  "Stats",
  "Replication",
  "CPU",
  "Modules",
  "Errorstats",
  "Cluster",
  "Keyspace",
];
const ALL = DEFAULT.flatMap((name) =>
  name === "Errorstats" ? ["Commandstats", name, "Latencystats"] : [name]
);

/** The heads of these sections in this order, and no others. */
function heads(names: readonly string[]): RegExp {
  return new RegExp(`^\\$\\d+\\r\\n${names.map((name) => `# ${name}\\r\\n[^#]*`).join("")}$`);
}

const sectionCases: [string, readonly string[]][] = [
  ["INFO", DEFAULT],
  ["INFO default", DEFAULT],
  ["INFO all", ALL],
  ["INFO everything", ALL],
  ["INFO cpu default", DEFAULT],
  ["INFO cpu all all", ALL],
  [
    "INFO commandstats default",
    DEFAULT.flatMap((name) => name === "Errorstats" ? ["Commandstats", name] : [name]),
  ],
  ["INFO keyspace server CPU keyspace nosuch", ["Server", "CPU", "Keyspace"]],
  ["INFO latencystats", ["Latencystats"]],
  ["INFO commandSTATS errorstats", ["Commandstats", "Errorstats"]],
];

rawCases(
  server,
  "INFO's sections",
  sectionCases.map(([command, names]): RawCase => [command, heads(names)]),
);

/** The fields of some sections. */
async function info(client: RespClient, ...sections: string[]): Promise<Map<string, string>> {
  const text = String(await client.command("INFO", ...sections));
  const fields = text.split("\r\n").filter((line) => line.includes(":"));
  return new Map(fields.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1)];
  }));
}

test("what monitoring reads is there, and numbers are numbers", async () => {
  const client = await server.connect();
  const fields = await info(client);
  const numbers = "uptime_in_seconds connected_clients maxclients blocked_clients used_memory " +
    "used_memory_rss used_memory_peak mem_fragmentation_ratio maxmemory total_system_memory " +
    "rdb_changes_since_last_save rdb_last_save_time aof_enabled total_connections_received " +
    "total_commands_processed instantaneous_ops_per_sec total_net_input_bytes evicted_keys " +
    "instantaneous_input_kbps rejected_connections expired_keys keyspace_hits pubsub_channels " +
    "latest_fork_usec total_reads_processed total_writes_processed connected_slaves master_repl_offset used_cpu_sys used_cpu_user " +
    "cluster_enabled allocator_frag_ratio lazyfree_pending_objects tcp_port process_id";
  for (const name of numbers.split(" ")) {
    assert.match(fields.get(name) ?? "missing", /^-?\d+(\.\d+)?$/, name);
  }
  assert.match(fields.get("redis_version") ?? "", /^\d+\.\d+\.\d+$/);
  assert.match(fields.get("run_id") ?? "", /^[0-9a-f]{40}$/);
  assert.match(fields.get("master_replid") ?? "", /^[0-9a-f]{40}$/);
  assert.equal(fields.get("role"), "master");
  assert.equal(fields.get("redis_mode"), "standalone");
  assert.ok(Number(fields.get("used_memory_rss")) >= Number(fields.get("used_memory")));
  assert.ok(Number(fields.get("used_memory_peak")) >= Number(fields.get("used_memory")));
  client.close();
});

test("commands, errors and keys are counted", async () => {
  const client = await server.connect();
  await client.command("FLUSHALL");
  await client.command("CONFIG", "RESETSTAT");
  await client.command("SET", "a", "1");
  await client.command("GET", "a");
  await client.command("GET", "nosuch");
  await client.command("GET");
  await client.command("NOSUCH");
  await client.command("SET", "a", "word");
  await client.command("INCR", "a");
  await client.command("CONFIG", "GET", "port");
  const stats = await info(client, "stats");
  assert.equal(stats.get("keyspace_hits"), "1");
  assert.equal(stats.get("keyspace_misses"), "1");
  assert.equal(stats.get("total_error_replies"), "3");
  const commands = await info(client, "commandstats");
  const counts = (name: string) =>
    commands.get(`cmdstat_${name}`)?.replace(/usec=\d+,usec_per_call=\d+\.\d\d/, "time");
  assert.equal(counts("get"), "calls=2,time,rejected_calls=1,failed_calls=0");
  assert.equal(counts("set"), "calls=2,time,rejected_calls=0,failed_calls=0");
  assert.equal(counts("incr"), "calls=1,time,rejected_calls=0,failed_calls=1");
  assert.equal(counts("config|get"), "calls=1,time,rejected_calls=0,failed_calls=0");
  assert.equal((await info(client, "errorstats")).get("errorstat_ERR"), "count=3");
  const latency = await info(client, "latencystats");
  assert.match(
    latency.get("latency_percentiles_usec_set") ?? "",
    /^p50=\d+\.\d{3},p99=\d+\.\d{3},p99\.9=\d+\.\d{3}$/,
  );
  assert.equal(latency.get("latency_percentiles_usec_append"), undefined);
  client.close();
});

test("latency percentiles follow the configuration", async () => {
  const client = await server.connect();
  const line = async () =>
    (await info(client, "latencystats")).get("latency_percentiles_usec_ping") ?? "";
  await client.command("PING");
  await client.command("CONFIG", "SET", "latency-tracking-info-percentiles", "50 100");
  assert.match(await line(), /^p50=[\d.]+,p100=[\d.]+$/);
  await client.command("CONFIG", "SET", "latency-tracking", "no");
  assert.equal(await line(), "");
  await client.command("CONFIG", "SET", "latency-tracking", "yes");
  await client.command("CONFIG", "SET", "latency-tracking-info-percentiles", "50 99 99.9");
  client.close();
});

test("clients and their buffers are counted", async () => {
  const client = await server.connect();
  const others = await Promise.all([1, 2, 3].map(() => server.connect()));
  for (const other of others) await other.command("PING");
  const connected = async () => (await info(client, "clients")).get("connected_clients");
  await until("the clients of other tests are gone", async () => await connected() === "4");
  for (const other of others) other.close();
  await until("they are gone", async () => await connected() === "1");
  client.close();
});

test("RESETSTAT sets saves and rewrites back, and rates don't become negative", async () => {
  const client = await server.connect();
  const idle = async () => {
    const fields = await info(client, "persistence");
    return fields.get("rdb_bgsave_in_progress") === "0" &&
      fields.get("aof_rewrite_in_progress") === "0";
  };
  for (let i = 0; i < 200; i++) await client.command("PING");
  for (const command of ["SAVE", "BGSAVE", "BGREWRITEAOF"]) {
    await client.command(command);
    await until(`${command} is over`, idle);
  }
  await client.command("CONFIG", "RESETSTAT");
  const saved = await info(client, "persistence");
  for (const name of ["rdb_saves", "aof_rewrites", "aof_rewrites_consecutive_failures"]) {
    assert.equal(saved.get(name), "0", name);
  }
  const stats = await info(client, "stats");
  for (const name of ["total_forks", "latest_fork_usec"]) assert.equal(stats.get(name), "0", name);
  for (let i = 0; i < 5; i++) {
    for (const [name, value] of await info(client, "stats")) {
      if (name.startsWith("instantaneous_")) assert.ok(Number(value) >= 0, `${name}:${value}`);
    }
    await sleep(60);
  }
  client.close();
});

test("FLUSHALL gives the memory back", async () => {
  const client = await server.connect();
  await client.command("FLUSHALL");
  await client.command("CONFIG", "RESETSTAT");
  await client.command("DEBUG", "POPULATE", "20000", "key", "200");
  const full = Number((await info(client, "memory")).get("used_memory"));
  await client.command("FLUSHALL", "ASYNC");
  let fields = new Map<string, string>();
  await until("all is freed", async () => {
    fields = await info(client, "memory");
    return fields.get("lazyfree_pending_objects") === "0";
  });
  const left = Number(fields.get("used_memory"));
  assert.ok(full - left > 20_000 * 200, `${full} bytes became ${left}`);
  if (!server.isOracle) assert.ok(Number(fields.get("lazyfreed_objects")) >= 20_000);
  client.close();
});

const own = { skip: server.isOracle ? "is Larder's own" : false };

test("Larder's own fields", own, async () => {
  const client = await server.connect();
  const fields = await info(client);
  assert.equal(fields.get("redis_version"), "7.4.0");
  assert.match(fields.get("larder_version") ?? "", /^\d+\.\d+\.\d+$/);
  assert.match(fields.get("larder_runtime") ?? "", /^(deno|bun) \d/);
  assert.ok(Number(fields.get("larder_longest_turn_usec")) > 0);
  await client.command("DEBUG", "SLEEP", "0.05");
  const longest = Number((await info(client, "stats")).get("larder_longest_turn_usec"));
  assert.ok(longest >= 50_000, `a turn of 50 ms counts, ${longest} us`);
  // The turn after that may happen to be as long on a busy machine, but not each time.
  await until("RESETSTAT resets it", async () => {
    await client.command("CONFIG", "RESETSTAT");
    return Number((await info(client, "stats")).get("larder_longest_turn_usec")) < longest;
  });
  client.close();
});
