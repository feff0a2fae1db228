import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { describe, test } from "node:test";

import { Config } from "../../../core/server/config.ts";
import { configTable, retiredNames, statementNames } from "../../../core/server/config_table.ts";
import { LARDER_VERSION } from "../../../core/server/version.ts";

/** What Redis 7.4 has and 7.0, the server that may be at hand, has not. */
const sinceRedis70 = [
  "aof-rewrite-cpulist",
  "bgsave-cpulist",
  "bio-cpulist",
  "cluster-announce-human-nodename",
  "hide-user-data-from-log",
  "locale-collate",
  "max-new-connections-per-cycle",
  "max-new-tls-connections-per-cycle",
  "server-cpulist",
  "set-max-listpack-entries",
  "set-max-listpack-value",
];

/** Where the default is not that of Redis 7.0: set by this test, or another in 7.4 and here. */
const differingDefaults = ["bind", "dir", "logfile", "port"];

/** Hidden since 7.2. */
const hiddenSince = ["aof-disable-auto-gc"];

describe("the table of directives", () => {
  test("has unique names in lower case", () => {
    const names = configTable.flatMap(({ name, alias }) => alias === "" ? [name] : [name, alias]);
    names.push(...statementNames, ...retiredNames);
    assert.equal(new Set(names).size, names.length);
    for (const name of names) assert.match(name, /^[a-z][a-z0-9_-]*$/);
  });

  test("has the directives that are new since Redis 7.0", () => {
    const config = new Config();
    for (const name of sinceRedis70) assert.ok(config.has(name), name);
  });

  test("starts on the loopback interface only", () => {
    assert.deepEqual(new Config().list("bind"), ["127.0.0.1", "-::1"]);
  });

  test("gives the version of deno.json", () => {
    const text = readFileSync(new URL("../../../deno.json", import.meta.url), "utf8");
    assert.equal(JSON.parse(text).version, LARDER_VERSION);
  });
});

/** CONFIG GET * of a redis-server that is started for it, or null where there is none. */
function realConfig(): Map<string, string> | null {
  const found = spawnSync("redis-server", ["--version"], { encoding: "utf8" });
  if (found.status !== 0 || !/v=7\.0\./.test(found.stdout)) return null;
  const port = `${20000 + Math.floor(process.pid % 10000)}`;
  const script = `
    redis-server --port ${port} --bind 127.0.0.1 --logfile /dev/null --appendonly no &
    server=$!
    for i in 1 2 3 4 5 6 7 8 9 10; do
      redis-cli -p ${port} ping >/dev/null 2>&1 && break
      sleep 0.2
    done
    redis-cli -p ${port} config get '*'
    redis-cli -p ${port} shutdown nosave >/dev/null 2>&1 || kill $server
    wait $server`;
  const answer = spawnSync("sh", ["-c", script], { encoding: "utf8", cwd: "/tmp" });
  const lines = answer.stdout.split("\n");
  const entries = new Map<string, string>();
  for (let i = 0; i + 1 < lines.length; i += 2) entries.set(lines[i], lines[i + 1]);
  return entries;
}

const real = realConfig();
const testAgainstReal = real === null ? test.skip : test;

testAgainstReal("knows all that redis-server 7.0 shows, with its defaults", () => {
  const mine = new Map(new Config().match(["*"]));
  assert.ok(real !== null && real.size > 150, "redis-server answered");
  for (const [name, text] of real) {
    if (hiddenSince.includes(name)) continue;
    assert.ok(mine.has(name), `${name} is known`);
    if (!differingDefaults.includes(name)) assert.equal(mine.get(name), text, name);
  }
});
