/**
 * Debian's prometheus-redis-exporter, on Larder and on redis-server side by side: whatever it shows of one it must show
 * of the other, so that no panel of a dashboard stays empty.
 *
 * REDIS_SERVER names another redis-server to compare with.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import process from "node:process";
import { after, before, test } from "node:test";
import { freePort, startLarder, startProgram, type TestServer } from "../support/server.ts";
import { until } from "../support/until.ts";
import { isInstalled } from "../support/runtimes.ts";

const EXPORTER = "prometheus-redis-exporter";
const REDIS = process.env.REDIS_SERVER ?? "redis-server";
const missing = [EXPORTER, REDIS].filter((program) => !isInstalled(program));
const skip = missing.length > 0 ? `not installed: ${missing.join(", ")}` : false;
if (skip !== false) console.log(`skipped: ${skip}`);

const OPTIONS = [
  ["-check-keys", "e*"],
  ["-check-single-keys", "a,l,h,s,z"],
  ["-count-keys", "*"],
  ["-check-streams", "st"],
  ["-include-system-metrics"],
  ["-include-config-metrics"],
  ["-export-client-list"],
  ["-ping-on-connect"],
].flat();

/** Something of everything that has a metric. */
const FILL = [
  "SET a 1",
  "GET a",
  "GET nosuch",
  "LPUSH l 1 2 3",
  "HSET h f v",
  "SADD s a b",
  "ZADD z 1 a 2 b",
  "XADD st 1-1 f v",
  "XGROUP CREATE st g 0",
  "XREADGROUP GROUP g c STREAMS st >",
  "SETEX e 1000 x",
  "CONFIG SET slowlog-log-slower-than 0",
  "CONFIG SET latency-monitor-threshold 1",
  "DEBUG SLEEP 0.01",
  "INCR h",
  "GET",
  "SUBSCRIBE ch",
];

/** Metrics that the exporter shows of a server, with the names of their labels. */
async function metricsOf(server: TestServer): Promise<Map<string, string>> {
  const client = await server.connect();
  for (const line of FILL) {
    client.send(line.split(" "));
    await client.readRaw();
  }
  const asker = await server.connect();
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const child = spawn(
    EXPORTER,
    [...OPTIONS, "-redis.addr", `redis://127.0.0.1:${server.port}`, "-web.listen-address", address],
    { stdio: "ignore" },
  );
  const gone = new Promise((resolve) => child.on("exit", resolve));
  try {
    let text = "";
    // What concerns the exporter itself is there from its second answer on.
    for (let i = 0; i < 2; i++) {
      await until("an answer of the exporter", async () => {
        const response = await fetch(`http://${address}/metrics`).catch(() => null);
        text = await response?.text() ?? "";
        return text.includes("redis_up 1");
      });
      await until("its connection is gone, and counts no more", async () => {
        return String(await asker.command("CLIENT", "LIST")).trim().split("\n").length === 2;
      });
    }
    return parse(text);
  } finally {
    child.kill();
    await gone;
    client.close();
    asker.close();
  }
}

/** Samples by what identifies them: the metric and its labels' names. */
function parse(text: string): Map<string, string> {
  const samples = new Map<string, string>();
  for (const line of text.split("\n")) {
    const match = /^(redis_\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (match === null) continue;
    const labels = [...(match[2] ?? "").matchAll(/(\w+)="/g)].map(([, label]) => label);
    samples.set(`${match[1]}{${labels.sort().join()}}`, match[3]);
  }
  return samples;
}

let larder: TestServer;
let redis: TestServer;
before(async () => {
  if (skip !== false) return;
  larder = await startLarder();
  redis = await startProgram(REDIS, [], []);
});
after(async () => {
  if (skip !== false) return;
  await larder.stop();
  await redis.stop();
});

test("the exporter shows the same metrics", { skip }, async () => {
  const ours = await metricsOf(larder);
  const theirs = await metricsOf(redis);
  assert.ok(theirs.size > 130, `only ${theirs.size} metrics of redis-server`);
  assert.deepEqual([...theirs.keys()].filter((name) => !ours.has(name)), []);
  for (const [name, value] of ours) {
    assert.ok(Number.isFinite(Number(value)) || value === "+Inf", `${name} ${value}`);
  }
  // Figures that say the same of both.
  const same = [
    "redis_connected_clients",
    "redis_db_keys",
    "redis_db_keys_expiring",
    "redis_errors_total",
    "redis_key_size",
    "redis_keyspace_hits_total",
    "redis_keyspace_misses_total",
    "redis_latency_spike_last",
    "redis_pubsub_channels",
    "redis_stream_length",
    "redis_stream_group_messages_pending",
  ];
  for (const metric of same) {
    const shown = [...theirs].filter(([name]) => name.startsWith(`${metric}{`));
    assert.ok(shown.length > 0, metric);
    if (metric === "redis_latency_spike_last") continue;
    for (const [name, value] of shown) assert.equal(ours.get(name), value, name);
  }
});
