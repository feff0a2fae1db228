/**
 * Every directive with right and wrong values, to Larder and to a redis-server 7.4: the same replies, the same
 * values afterwards, and the same file after CONFIG REWRITE.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { RespClient } from "../support/resp_client.ts";
import { currentRuntime, findRuntime } from "../support/runtimes.ts";
import { startProgram, type TestServer } from "../support/server.ts";

const PROGRAM = ["redis-server-7.4", "redis-server"].find((name) => {
  const { stdout } = spawnSync(name, ["--version"], { encoding: "utf8" });
  return /v=(7\.4|8)\./.test(stdout ?? "");
});
const skip = PROGRAM === undefined ? "redis-server 7.4 is missing: nothing to compare with" : false;
if (skip !== false) console.log(skip);

/** Left out: what would end the conversation, depends on the process, or asks for what Larder refuses. */
const LEFT_OUT = new Set([
  ..."bind port tls-port dir logfile pidfile requirepass daemonize maxclients unixsocket".split(
    " ",
  ),
  ..."maxmemory maxmemory-clients appendonly replicaof slaveof timeout proto-max-bulk-len".split(
    " ",
  ),
  ..."client-query-buffer-limit client-output-buffer-limit tls-cluster tls-replication".split(" "),
  // Of these Redis asks the system or how it was built.
  ..."locale-collate activedefrag cluster-announce-human-nodename".split(" "),
]);

/** What Redis hasn't. */
const OURS = new Set(["rdb-version"]);

const VALUES: readonly string[] = [
  ..."0 1 -1 3 16 100 1000 32768 65536 2147483648 4294967296 9223372036854775807".split(" "),
  ..."-9223372036854775808 99999999999999999999 1.5 +5 0x10 0777 888 10mb 1gb 1kk 5% -5% 101%"
    .split(" "),
  ..."yes no YES maybe default everysec allkeys-lru volatile-ttl notice debug K KEA zzz".split(" "),
  ..."{title} 127.0.0.1 abc".split(" "),
  ...[
    "",
    " 5",
    "5 ",
    "a b",
    "0 0",
    '"x',
    "save nosave",
    "normal 0 0 0",
    "900 1",
    "900",
    "a 1",
    "-1 5",
  ],
  ...["50 99 100.5", "1 2 3", "-2000 0 2000", "{title} {x}", "* -::*", "x".repeat(300)],
];

type Pair = readonly [ours: RespClient, redis: RespClient];

/** Runs both, each with its configuration file if there are files, and hands over a client of each. */
async function onBoth(
  use: (clients: Pair, servers: readonly TestServer[]) => Promise<void>,
  files: readonly string[] = [],
): Promise<void> {
  const runtime = currentRuntime();
  const larder = [...runtime === "deno" ? ["run", "--quiet", "-A"] : [], "main.ts"];
  const args = ["--enable-protected-configs", "yes"];
  const servers = [
    await startProgram(findRuntime(runtime) as string, [...larder, ...files.slice(0, 1)], args),
    await startProgram(PROGRAM as string, files.slice(1), args),
  ];
  try {
    const clients: Pair = [await servers[0].connect(), await servers[1].connect()];
    await use(clients, servers);
    for (const client of clients) client.close();
  } finally {
    for (const server of servers) await server.stop();
  }
}

async function values(client: RespClient): Promise<Map<string, string>> {
  const list = await client.command("CONFIG", "GET", "*") as string[];
  const pairs: [string, string][] = [];
  for (let i = 0; i < list.length; i += 2) pairs.push([list[i], list[i + 1]]);
  return new Map(pairs);
}

test("every directive, with values that fit and values that don't", { skip }, async () => {
  await onBoth(async ([ours, redis]) => {
    const [had, wanted] = [await values(ours), await values(redis)];
    const shared = [...had.keys()].filter((name) => !OURS.has(name));
    assert.deepEqual(shared.sort(), [...wanted.keys()].sort());
    for (const [name, text] of wanted) {
      if (LEFT_OUT.has(name)) continue;
      assert.equal(had.get(name), text, `the default of ${name}`);
      for (const value of VALUES) {
        const what = `CONFIG SET ${name} ${JSON.stringify(value)}`;
        const set = ["CONFIG", "SET", name, value];
        assert.deepEqual(await ours.command(...set), await redis.command(...set), what);
        const get = ["CONFIG", "GET", name];
        assert.deepEqual(await ours.command(...get), await redis.command(...get), what);
      }
      for (const client of [ours, redis]) await client.command("CONFIG", "SET", name, text);
    }
  });
});

test("several at once: all or none", { skip }, async () => {
  await onBoth(async ([ours, redis]) => {
    const cases = [
      ["maxmemory-samples", "7", "hash-max-listpack-entries", "x"],
      ["maxmemory-samples", "7", "hz", "x", "save", "900 1"],
      ["maxmemory-samples", "7", "maxmemory-samples", "8"],
      ["maxmemory-samples", "7", "nonsense", "8"],
      ["databases", "7", "maxmemory-samples", "8"],
      ["hash-max-ziplist-entries", "7", "hash-max-listpack-entries", "8"],
      ["maxmemory-samples", "9", "save", "60 5 10 1", "appendfsync", "no"],
    ];
    for (const pairs of cases) {
      const set = ["CONFIG", "SET", ...pairs];
      assert.deepEqual(await ours.command(...set), await redis.command(...set), pairs.join(" "));
      const names = pairs.filter((_, i) => i % 2 === 0);
      for (const name of names) {
        const [a, b] = [ours, redis].map((client) => client.command("CONFIG", "GET", name));
        assert.deepEqual(await a, await b, pairs.join(" "));
      }
    }
  });
});

test("CONFIG REWRITE makes the same of the same file", { skip }, async () => {
  const dir = mkdtempSync(join(tmpdir(), "larder-rewrite-"));
  const files = [join(dir, "ours.conf"), join(dir, "redis.conf")];
  const text = [
    "# About this file",
    "",
    "maxmemory 100mb",
    "# The policy",
    "maxmemory-policy   allkeys-lru",
    "",
    "",
    'notify-keyspace-events "KEA"',
    "hash-max-ziplist-entries 12",
    "save 900 1",
    "save 300 10",
    "slowlog-max-len 12",
    "slowlog-max-len 13",
    "# The end",
    "",
  ].join("\n");
  for (const file of files) writeFileSync(file, text);
  try {
    await onBoth(async (clients, servers) => {
      for (const [i, client] of clients.entries()) {
        const set = [
          "maxmemory",
          "200mb",
          "save",
          "60 1",
          "timeout",
          "17",
          "appendfsync",
          "always",
        ];
        assert.equal(await client.command("CONFIG", "SET", ...set), "OK");
        assert.equal(await client.command("CONFIG", "SET", "latency-tracking", "no"), "OK");
        assert.equal(await client.command("CONFIG", "REWRITE"), "OK", servers[i].output);
      }
      // The two were started on different ports; what is added comes in the order of their tables.
      const [ours, redis] = files.map((file) => {
        const lines = readFileSync(file, "utf8").split("\n");
        const added = lines.splice(lines.indexOf("# Generated by CONFIG REWRITE"));
        return [lines, added.filter((line) => !/^(port|dir) /.test(line)).sort()];
      });
      assert.deepEqual(ours, redis);
    }, files);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
